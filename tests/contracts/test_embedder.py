"""What every embedder owes, run on each of them. sentence-transformers joins where its extra is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from lsfs.embed.embedder import Embedder
from lsfs.embed.onnx import OnnxEmbedder
from lsfs.embed.remote import RemoteEmbedder
from lsfs.embed.sentence import SentenceTransformersEmbedder

TEXTS = ["a cat sits on the mat", "the quarterly invoice is overdue", "", "flash memory wears out when it is rewritten", "x"]


def onnx() -> Embedder:
    return OnnxEmbedder(threads=2)


def remote() -> Embedder:
    inner = OnnxEmbedder(threads=1)

    def request(texts: Sequence[str]) -> list[list[float]]:
        return [[3.0 * x for x in row] for row in inner.embed(texts).tolist()]

    return RemoteEmbedder("test/minilm", inner.dimension, request, batch=2)


def sentence_transformers() -> Embedder:
    return SentenceTransformersEmbedder("sentence-transformers/all-MiniLM-L6-v2", device="cpu")


EMBEDDERS: list[Callable[[], Embedder]] = [onnx, remote]
if importlib.util.find_spec("sentence_transformers"):
    EMBEDDERS.append(sentence_transformers)


@pytest.fixture(params=EMBEDDERS)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    made: Embedder = request.param()
    return made


def test_vectors_are_unit_rows_of_the_stated_dimension(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_text_has_the_same_vector_whatever_it_is_batched_with(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert float(embedder.embed([text])[0] @ vector) > 0.98
    backwards = embedder.embed(TEXTS[::-1])[::-1]
    assert float((backwards * vectors).sum(axis=1).min()) > 0.98


def test_the_same_batch_gives_the_same_vectors_again(embedder: Embedder) -> None:
    np.testing.assert_array_equal(embedder.embed(TEXTS), embedder.embed(TEXTS))


def test_nothing_in_gives_nothing_out(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_texts_of_like_meaning_are_nearer_than_others(embedder: Embedder) -> None:
    cat, kitten, invoice = embedder.embed(["a cat sleeps", "the kitten is asleep", "the invoice is overdue"])
    assert float(cat @ kitten) > float(cat @ invoice) + 0.2


def test_damaged_text_is_embedded_all_the_same(embedder: Embedder) -> None:
    assert embedder.embed(["half a pair: \ud83d", "\0"]).shape == (2, embedder.dimension)


def test_a_very_long_text_is_cut_and_not_refused(embedder: Embedder) -> None:
    assert embedder.embed(["word " * 5000]).shape == (1, embedder.dimension)
