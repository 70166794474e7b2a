"""Shingles and sketches: what is alike, and how much."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lsfs_syscalls.run.near import alike
from lsfs_syscalls.run.shingles import shingles, word_hashes


def words(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [f"w{rng.randrange(5000)}" for _ in range(count)]


def test_case_and_punctuation_do_not_matter_and_words_do() -> None:
    assert np.array_equal(shingles("The quick, brown FOX."), shingles("the quick brown fox"))
    assert not np.array_equal(shingles("the quick brown fox"), shingles("the quick brown fax"))


def test_a_text_has_one_hash_a_word_however_it_is_cut() -> None:
    text = " ".join(words(300_000, 1))
    assert len(text) > 1 << 20
    hashes = word_hashes(text.encode())
    assert len(hashes) == 300_000
    again = dict(zip(text.split(), hashes.tolist(), strict=True))
    assert all(again[w] == h for w, h in zip(text.split(), hashes.tolist(), strict=True))
    assert len(set(again.values())) == len(again)


@given(st.text(max_size=200))
def test_shingles_are_sorted_and_distinct_for_any_text(text: str) -> None:
    found = shingles(text)
    assert (np.diff(found.astype(object)) > 0).all() if len(found) > 1 else True


def test_empty_and_wordless_texts_have_no_shingles() -> None:
    assert len(shingles("")) == len(shingles("--- ... !!!")) == 0


def test_scores_are_those_of_the_full_sets() -> None:
    a = words(400, 2)
    b = a[:380] + words(20, 3)
    sets = [shingles(" ".join(a)), shingles(" ".join(b)), shingles(" ".join(words(400, 4)))]
    (pair,) = alike(sets, threshold=0.7)
    x, y = set(sets[0].tolist()), set(sets[1].tolist())
    assert (pair.a, pair.b) == (0, 1)
    assert pair.resemblance == len(x & y) / len(x | y)
    assert pair.a_in_b == len(x & y) / len(x)


def test_a_small_text_is_found_inside_a_large_one() -> None:
    large = words(20_000, 5)
    inner = large[7_000:7_200]
    (pair,) = alike([shingles(" ".join(large)), shingles(" ".join(inner))], threshold=0.9)
    assert pair.b_in_a == 1.0
    assert pair.resemblance < 0.05


def test_every_planted_near_copy_among_many_is_found() -> None:
    texts = [words(200, seed) for seed in range(10, 310)]
    copies = []
    for i in range(0, 300, 3):
        copy = list(texts[i])
        copy[50], copy[120] = "edited", "words"
        copies.append(copy)
    sets = [shingles(" ".join(t)) for t in [*texts, *copies]]
    found = {(p.a, p.b) for p in alike(sets, threshold=0.8)}
    assert found == {(i, 300 + n) for n, i in enumerate(range(0, 300, 3))}


def test_a_crowd_of_like_texts_is_paired_with_its_first_and_does_not_explode() -> None:
    base = words(100, 6)
    sets = [shingles(" ".join([*base, str(i)])) for i in range(600)]
    found = alike(sets, threshold=0.8)
    assert {p.b for p in found if p.a == 0} == set(range(1, 600))
    assert len(found) < 10 * 600


def test_nothing_is_like_nothing() -> None:
    assert alike([], threshold=0.8) == []
    assert alike([shingles("one text alone")], threshold=0.8) == []
    assert alike([shingles(""), shingles("")], threshold=0.8) == []
