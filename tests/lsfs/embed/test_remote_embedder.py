from __future__ import annotations

from collections.abc import Sequence

import pytest

from lsfs.embed.remote import RemoteEmbedder
from lsfs.errors import DimensionMismatch, Unavailable


def test_texts_are_sent_in_batches_and_empty_ones_as_a_blank() -> None:
    sent: list[list[str]] = []

    def request(texts: Sequence[str]) -> list[list[float]]:
        sent.append(list(texts))
        return [[3.0, 4.0] for _ in texts]

    vectors = RemoteEmbedder("m", 2, request, batch=2).embed(["a", "", "c"])
    assert sent == [["a", " "], ["c"]]
    assert vectors.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]] * 3


def test_vectors_of_another_dimension_are_refused() -> None:
    with pytest.raises(DimensionMismatch, match="vectors of 3 numbers instead of 2"):
        RemoteEmbedder("m", 2, lambda texts: [[1.0, 0.0, 0.0] for _ in texts]).embed(["a"])


def test_too_few_vectors_are_refused() -> None:
    with pytest.raises(Unavailable, match="1 vectors for 2 texts"):
        RemoteEmbedder("m", 1, lambda texts: [[1.0]]).embed(["a", "b"])


def test_the_first_answer_tells_how_long_the_vectors_are() -> None:
    embedder = RemoteEmbedder("m", 0, lambda texts: [[1.0, 0.0, 0.0] for _ in texts])
    assert embedder.embed(["a", "b"]).shape == (2, 3)
    assert embedder.dimension == 3
