"""Topics: stable clusters with names that say what is in them."""

from __future__ import annotations

import numpy as np

from lsfs_syscalls.run.topics import OTHER, clusters, names


def blobs(groups: int, each: int, seed: int = 0, noise: float = 0.1) -> tuple[np.ndarray, list[int]]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, 64))
    x = np.concatenate([centres[g] + noise * rng.normal(size=(each, 64)) for g in range(groups)])
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x.astype(np.float32), [g for g in range(groups) for _ in range(each)]


def test_the_number_of_groups_is_found_where_they_are_plain() -> None:
    x, truth = blobs(5, 12)
    labels = clusters(x)
    assert len(set(labels.tolist())) == 5
    assert len({(a, b) for a, b in zip(truth, labels.tolist(), strict=True)}) == 5


def test_the_same_files_give_the_same_groups_in_every_call() -> None:
    x, _ = blobs(4, 20, noise=0.6)
    assert np.array_equal(clusters(x), clusters(x.copy()))


def test_a_file_that_fits_nowhere_is_in_no_group() -> None:
    x, _ = blobs(3, 20)
    far = -x.mean(axis=0)
    labels = clusters(np.vstack([x, far / np.linalg.norm(far)]).astype(np.float32))
    assert labels[-1] == -1
    assert (labels[:-1] >= 0).all()


def test_as_many_groups_as_asked_for_are_made() -> None:
    x, _ = blobs(6, 10)
    assert len(set(clusters(x, 3).tolist())) == 3


def test_one_file_and_two_files_are_one_group() -> None:
    x, _ = blobs(2, 1)
    assert clusters(x[:1]).tolist() == [0]
    assert clusters(x).tolist() == [0, 0]


def test_a_name_is_made_of_the_words_that_set_a_group_apart() -> None:
    texts = ["flash cache eviction", "flash cache admission", "sourdough bread oven", "bread sourdough starter", "zebra"]
    named = names(texts, [0, 0, 1, 1, -1], words=2)
    assert named[0] == "cache flash"
    assert named[1] == "bread sourdough"
    assert named[-1] == OTHER
