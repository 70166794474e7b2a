"""Topics: stable clusters with names that say what is in them."""

from __future__ import annotations

import numpy as np

from lsfs_syscalls.run.topics import NAMED_BY, OTHER, Described, clusters, names, sampled


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
    named = names([Described(t) for t in texts], [0, 0, 1, 1, -1], words=2)
    assert set(named[0].split()) == {"cache", "flash"}
    assert set(named[1].split()) == {"bread", "sourdough"}
    assert named[-1] == OTHER


def test_no_two_groups_have_the_same_name() -> None:
    files = [Described("flash cache drive wear", "flash cache")] * 4
    named = names(files, [0, 0, 1, 1], words=2)
    assert named[0] != named[1]


def test_titles_and_file_names_count_more_than_the_text() -> None:
    files = [
        Described("alpha beta gamma", "harbour survey"),
        Described("alpha delta", "survey of the harbour"),
        Described("x", "bread"),
    ]
    assert set(names(files, [0, 0, 1], words=2)[0].split()) == {"harbour", "survey"}


def test_a_large_group_is_named_by_an_even_sample() -> None:
    chosen = sampled([0] * 1000 + [1] * 3)
    assert len([i for i in chosen if i < 1000]) == NAMED_BY
    assert chosen[-3:] == [1000, 1001, 1002]
