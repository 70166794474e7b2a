"""The default embedder against sentence-transformers on torch, and its bad ends.

reference_fp32.npy holds what sentence-transformers 5 gives for TEXTS with the published fp32 weights (float16 [8, 384]).
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import numpy as np
import pytest

from lsfs.embed.onnx import DATA, OnnxEmbedder
from lsfs.errors import Unavailable

TEXTS = [
    "a cat sits on the mat",
    "The quarterly invoice from Contoso is overdue since March.",
    "Flash caches reduce the latency of key-value stores; write amplification limits their life time.",
    "def read(path: str) -> bytes:\n    with open(path, 'rb') as f:\n        return f.read()",
    "Rollback restores a file to the version that was current at the given time.",
    "Die Katze sitzt auf der Matte.",
    "Subject: Minutes of the meeting\n\nWe agreed to move the release to May and to test the backup first.",
    "The history of the coffee house begins in the Ottoman Empire. " * 12,
]


def test_vectors_are_those_of_sentence_transformers_to_the_precision_of_int8() -> None:
    reference = np.load(Path(__file__).parent / "reference_fp32.npy").astype(np.float32)
    likeness = (OnnxEmbedder(threads=1).embed(TEXTS) * reference).sum(axis=1)
    assert likeness.min() > 0.985
    assert likeness.mean() > 0.99


def test_the_ranking_of_texts_is_that_of_sentence_transformers() -> None:
    reference = np.load(Path(__file__).parent / "reference_fp32.npy").astype(np.float32)
    ours = OnnxEmbedder(threads=1).embed(TEXTS)
    expected, found = reference @ reference.T, ours @ ours.T
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_the_model_is_the_one_its_id_and_notice_name() -> None:
    digest = hashlib.sha256((DATA / "model.onnx").read_bytes()).hexdigest()
    assert OnnxEmbedder.model_id.endswith(digest[:8])
    assert digest in (DATA / "NOTICE").read_text()


def test_a_vector_does_not_depend_on_the_texts_beside_it() -> None:
    embedder = OnnxEmbedder(threads=2)
    together = embedder.embed(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(embedder.embed([text])[0], vector)


def test_a_missing_model_is_unavailable_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="make models"):
        OnnxEmbedder(tmp_path).embed(["x"])


def test_threads_that_embed_at_once_get_the_same_vectors() -> None:
    embedder = OnnxEmbedder(threads=1)
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(embedder.embed(TEXTS[:3]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found:
        np.testing.assert_array_equal(vectors, found[0])
