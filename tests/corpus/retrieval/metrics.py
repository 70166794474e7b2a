"""Measures of a ranked list of files against graded labels: nDCG@k, recall@k, reciprocal rank.

Pure functions over paths and grades; what is searched, and how, is none of their business. A path that occurs twice in a
ranking counts at its first place only. Labels are `path -> grade` with grades 1 (touches on it), 2 (also answers it),
3 (what was meant).

Source: Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques (2002), with the gain 2^grade - 1 and the
    discount log2(rank + 1) of Burges et al., Learning to rank using gradient descent (2005).
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log2


def _first_places(ranked: Iterable[str], k: int) -> list[str]:
    return list(dict.fromkeys(ranked))[:k]


def dcg(grades: Iterable[int]) -> float:
    """Return the discounted cumulated gain of grades in the order of their ranks."""
    return sum(float(2**grade - 1) / log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def ndcg_at_k(ranked: Sequence[str], relevant: Mapping[str, int], k: int = 10) -> float:
    """Return nDCG@k in 0 to 1: the gain of the first k places by that of the best possible order.

    Raises:
        ValueError: there is no relevant path, for which the measure is undefined (see `answers_nothing`).
    """
    ideal = dcg(sorted(relevant.values(), reverse=True)[:k])
    if ideal == 0:
        raise ValueError("nDCG is undefined without relevant paths")
    return dcg(relevant.get(path, 0) for path in _first_places(ranked, k)) / ideal


def recall_at_k(ranked: Sequence[str], relevant: Mapping[str, int], k: int = 10, *, grade: int = 1) -> float:
    """Return the share of the paths with at least `grade` that are among the first k places.

    Raises:
        ValueError: there is no such path.
    """
    wanted = {path for path, value in relevant.items() if value >= grade}
    if not wanted:
        raise ValueError(f"recall is undefined without paths of grade {grade}")
    return len(wanted.intersection(_first_places(ranked, k))) / len(wanted)


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, int], *, grade: int = 1) -> float:
    """Return 1 / rank of the first path with at least `grade`, or 0 when there is none."""
    for rank, path in enumerate(dict.fromkeys(ranked), start=1):
        if relevant.get(path, 0) >= grade:
            return 1 / rank
    return 0.0


def answers_nothing(ranked: Sequence[str]) -> float:
    """Return 1 for an empty ranking and 0 for any other: the score of a query that has no answer."""
    return 0.0 if ranked else 1.0


def mean(values: Iterable[float]) -> float:
    """Return the arithmetic mean (MRR is that of `reciprocal_rank`).

    Raises:
        ValueError: there are no values.
    """
    numbers = list(values)
    if not numbers:
        raise ValueError("the mean of nothing is undefined")
    return sum(numbers) / len(numbers)
