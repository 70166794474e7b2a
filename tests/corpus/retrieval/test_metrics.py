"""The measures, against values worked out by hand and properties that hold for every ranking."""

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus.retrieval.metrics import answers_nothing, dcg, mean, ndcg_at_k, recall_at_k, reciprocal_rank

LABELS = {"a": 3, "b": 1, "c": 2}
PATHS = st.sampled_from("abcdefgh")


def test_the_gain_of_a_grade_is_two_to_its_power_less_one() -> None:
    assert dcg([3, 1]) == pytest.approx(7 + 1 / log2(3))


def test_the_ideal_order_has_ndcg_one() -> None:
    assert ndcg_at_k(["a", "c", "b"], LABELS) == pytest.approx(1.0)


def test_a_worked_example_of_ndcg() -> None:
    gained = 1 / log2(2) + 7 / log2(4)
    ideal = 7 / log2(2) + 3 / log2(3) + 1 / log2(4)
    assert ndcg_at_k(["b", "x", "a"], LABELS) == pytest.approx(gained / ideal)


def test_the_ideal_is_cut_at_k_too() -> None:
    assert ndcg_at_k(["a"], LABELS, k=1) == pytest.approx(1.0)


def test_a_path_that_occurs_twice_counts_once() -> None:
    assert ndcg_at_k(["a", "a", "c", "b"], LABELS) == pytest.approx(1.0)
    assert reciprocal_rank(["x", "x", "a"], LABELS) == 0.5


def test_recall_counts_the_paths_of_the_grade_or_better_within_k() -> None:
    assert recall_at_k(["a", "x", "b"], LABELS, k=3) == pytest.approx(2 / 3)
    assert recall_at_k(["a", "x", "b"], LABELS, k=2, grade=2) == 0.5


def test_reciprocal_rank_is_of_the_first_path_with_the_grade() -> None:
    assert reciprocal_rank(["x", "b", "a"], LABELS) == 0.5
    assert reciprocal_rank(["x", "b", "a"], LABELS, grade=3) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x"], LABELS) == 0.0


def test_only_an_empty_ranking_answers_nothing() -> None:
    assert answers_nothing([]) == 1.0
    assert answers_nothing(["a"]) == 0.0


def test_measures_without_labels_or_values_are_refused() -> None:
    with pytest.raises(ValueError, match="nDCG"):
        ndcg_at_k(["a"], {})
    with pytest.raises(ValueError, match="recall"):
        recall_at_k(["a"], {"a": 1}, grade=2)
    with pytest.raises(ValueError, match="mean"):
        mean([])
    assert mean([0.5, 1.0]) == 0.75


@given(st.lists(PATHS), st.dictionaries(PATHS, st.integers(1, 3), min_size=1), st.integers(1, 12))
def test_every_measure_lies_between_nought_and_one(ranked: list[str], labels: dict[str, int], k: int) -> None:
    for value in (ndcg_at_k(ranked, labels, k), recall_at_k(ranked, labels, k), reciprocal_rank(ranked, labels)):
        assert 0.0 <= value <= 1.0 + 1e-9


@given(st.permutations("abcdefgh"), st.dictionaries(PATHS, st.integers(1, 3), min_size=1))
def test_no_order_beats_the_one_by_grade(ranked: list[str], labels: dict[str, int]) -> None:
    best = sorted(ranked, key=lambda path: -labels.get(path, 0))
    assert ndcg_at_k(ranked, labels) <= ndcg_at_k(best, labels) + 1e-9
