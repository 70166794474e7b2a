"""Ranking: word and meaning scores to one order. Pure: values in, values out.

Each kind of score is brought to 0..1 within the candidates of a query (min-max) and the two are averaged. How much the
meaning weighs depends on how well the words do: where a file has all the rare words of the query, its words decide; where
the best file has few of them, the person put it in other words, and the meaning decides. A fixed weight is a compromise that
loses both ways. A query of which no file has the words and none is near in meaning finds nothing.

When nothing matches: the best of many passages is alike to anything to some degree, and the more there are the more so. So the
likeness that makes an answer grows with the logarithm of how many were compared, less what words of the query are there. A
fixed floor (0.28 before) found something for 15 of 16 questions that nothing in 1,485 manuals answers.

The numbers were chosen on the queries with an even number of tests/corpus/retrieval (119 and 1,485 files, 176 and 27,000
passages); the others, which they have not seen, are in the figures of `make bench`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

_ALL = 0.999
_UNKNOWN = 0.5
"""A file whose vectors are not made yet may be as near in meaning as half of what its words say."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How the parts are mixed and when something is worth showing.

    Attributes:
        covered: weight of the meaning where the words cover the query.
        uncovered: and where they cover nothing of it.
        coverage_floor: a file that has no vectors (yet) is an answer with this share of the query's words.
        few_words: a query of so many words is answered by a file that has them all.
        cosine_floor: else the best passage has to be as alike as this,
        floor_growth: and this times the logarithm of the number of passages compared (of `most_compared` at the most),
        coverage_worth: less this times the square of the best share of the query's words.
        cut: share of the best score below which a file is not shown.
    """

    covered: float = 0.4
    uncovered: float = 0.9
    coverage_floor: float = 0.5
    few_words: int = 2
    cosine_floor: float = 0.12
    floor_growth: float = 0.033
    most_compared: int = 60_000
    coverage_worth: float = 0.35
    cut: float = 0.3


@dataclass(frozen=True, slots=True)
class Asked:
    """What is told apart from the candidates: how many words the query has, and how many passages were compared with it."""

    words: int = 3
    compared: int = 1


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score and what it is made of."""

    did: int
    score: float
    parts: dict[str, float]


def fuse(
    words: Mapping[int, float],
    meaning: Mapping[int, float],
    coverage: Mapping[int, float],
    weights: Weights,
    asked: Asked = Asked(),
) -> list[Ranked]:
    """Return the candidates best first; none when nothing fits well enough.

    Args:
        words: BM25 by document, higher is better; those without a word are missing.
        meaning: cosine of the best passage by document; one may be missing (its vectors are not made yet, or it has no text).
        coverage: share of the query's words, weighted by rarity, that a document has.
    """
    if not _answers(meaning, coverage, weights, asked):
        return []
    share = _share(words, meaning, coverage, weights)
    from_words, from_meaning = min_max(words, lowest=0.0), min_max(meaning)
    out = [
        Ranked(
            did,
            (1 - share) * from_words.get(did, 0.0) + share * from_meaning.get(did, _UNKNOWN * from_words.get(did, 0.0)),
            _parts(did, words, meaning, coverage),
        )
        for did in words.keys() | meaning.keys()
    ]
    out.sort(key=lambda r: (-r.score, r.did))
    least = out[0].score * weights.cut if out else 0.0
    return [r for r in out if r.score >= least]


def _answers(meaning: Mapping[int, float], coverage: Mapping[int, float], weights: Weights, asked: Asked) -> bool:
    """Tell whether anything fits well enough to be an answer."""
    covered = max(coverage.values(), default=0.0)
    if covered >= _ALL and asked.words <= weights.few_words:
        return True
    if any(share >= weights.coverage_floor for did, share in coverage.items() if did not in meaning):
        return True
    near = max(meaning.values(), default=-2.0) + weights.coverage_worth * covered**2
    return near >= weights.cosine_floor + weights.floor_growth * log(max(1, min(asked.compared, weights.most_compared)))


def _share(words: Mapping[int, float], meaning: Mapping[int, float], coverage: Mapping[int, float], weights: Weights) -> float:
    """Return the weight of the meaning."""
    if not words:
        return 1.0
    if not meaning:
        return 0.0
    best = sorted(words, key=lambda did: -words[did])[:3]
    trust = max(coverage.get(did, 0.0) for did in best) ** 2
    return weights.uncovered - (weights.uncovered - weights.covered) * trust


def _parts(did: int, *scores: Mapping[int, float]) -> dict[str, float]:
    names = ("words", "meaning", "coverage")
    return {name: round(float(s[did]), 4) for name, s in zip(names, scores, strict=True) if did in s}


def min_max(scores: Mapping[int, float], *, lowest: float | None = None) -> dict[int, float]:
    """Return the scores stretched to 0..1; `lowest` is what counts as 0 (default: the least of them)."""
    if not scores:
        return {}
    low = min(scores.values()) if lowest is None else lowest
    high = max(scores.values())
    if high <= low:
        return dict.fromkeys(scores, 1.0)
    return {did: (s - low) / (high - low) for did, s in scores.items()}
