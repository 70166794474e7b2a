from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsfs.ranking import Asked, Weights, fuse, min_max

SCORES = st.dictionaries(st.integers(0, 20), st.floats(0.0, 30.0), max_size=12)

ASKED = Asked(3, 200)


def order(words: dict[int, float], meaning: dict[int, float], coverage: dict[int, float], asked: Asked = ASKED) -> list[int]:
    return [r.did for r in fuse(words, meaning, coverage, Weights(), asked)]


def test_words_decide_where_a_file_has_all_of_them() -> None:
    assert order({1: 9.0, 2: 3.0}, {1: 0.3, 2: 0.35, 3: 0.4}, {1: 1.0, 2: 0.3})[0] == 1


def test_meaning_decides_where_no_file_has_the_words() -> None:
    assert order({1: 3.0}, {1: 0.1, 2: 0.5, 3: 0.3}, {1: 0.1})[0] == 2


def test_nothing_is_found_where_neither_says_enough() -> None:
    assert order({1: 2.0}, {1: 0.2, 2: 0.25}, {1: 0.3}) == []
    assert order({}, {}, {}) == []


def test_the_more_passages_were_compared_the_more_alike_an_answer_has_to_be() -> None:
    likeness = {1: 0.35}
    assert order({}, likeness, {}, Asked(3, 500)) == [1]
    assert order({}, likeness, {}, Asked(3, 30_000)) == []
    assert order({1: 1.0}, likeness, {1: 0.7}, Asked(3, 30_000)) == [1]


def test_two_words_that_a_file_has_are_an_answer_whatever_the_meaning() -> None:
    assert order({1: 9.0}, {1: 0.05}, {1: 1.0}, Asked(2, 10**6)) == [1]
    assert order({1: 9.0}, {1: 0.05}, {1: 1.0}, Asked(4, 10**6)) == []


def test_a_file_whose_vectors_are_not_made_yet_is_found_by_half_of_the_words() -> None:
    assert 1 in order({1: 9.0}, {2: 0.1}, {1: 0.6, 2: 0.0}, Asked(4, 30_000))
    assert order({1: 9.0}, {2: 0.1}, {1: 0.4, 2: 0.0}, Asked(4, 30_000)) == []


def test_a_file_with_the_words_is_found_without_vectors() -> None:
    assert order({1: 2.0, 2: 1.0}, {}, {1: 1.0, 2: 0.5}) == [1, 2]


def test_equal_scores_keep_one_order() -> None:
    assert order({}, {5: 0.4, 3: 0.4, 4: 0.4}, {}) == [3, 4, 5]


def test_scores_are_stretched_between_their_ends() -> None:
    assert min_max({1: 2.0, 2: 4.0, 3: 3.0}) == {1: 0.0, 2: 1.0, 3: 0.5}
    assert min_max({1: 2.0, 2: 4.0}, lowest=0.0) == {1: 0.5, 2: 1.0}
    assert min_max({1: 2.0}) == {1: 1.0}
    assert min_max({}) == {}


@given(words=SCORES, meaning=st.dictionaries(st.integers(0, 20), st.floats(-1.0, 1.0), max_size=12), coverage=SCORES)
def test_scores_lie_between_0_and_1_and_fall(
    words: dict[int, float], meaning: dict[int, float], coverage: dict[int, float]
) -> None:
    shares = {did: min(1.0, c / 30) for did, c in coverage.items() if did in words}
    scores = [r.score for r in fuse(words, meaning, shares, Weights())]
    assert all(-1e-9 <= s <= 1 + 1e-9 for s in scores)
    assert scores == sorted(scores, reverse=True)
