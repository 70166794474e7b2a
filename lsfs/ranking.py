"""Ranking: word and meaning scores to one order. Pure: values in, values out.

Each kind of score is brought to 0..1 within the candidates of a query (min-max) and the two are averaged. How much the
meaning weighs depends on how well the words do: where a file has all the rare words of the query, its words decide; where
the best file has few of them, the person put it in other words, and the meaning decides. A fixed weight is a compromise that
loses both ways. A query of which no file has the words and none is near in meaning finds nothing.

The numbers were chosen on the queries with an even number of tests/corpus/retrieval; the others, which they have not seen,
are in the figures of `make bench`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """How the parts are mixed and when something is worth showing.

    Attributes:
        covered: weight of the meaning where the words cover the query.
        uncovered: and where they cover nothing of it.
        coverage_floor: a file with this share of the query's words is an answer.
        cosine_floor: else the best passage has to be as alike as this, less what words are there (`coverage_worth` times
            the square of the best share).
        cut: share of the best score below which a file is not shown.
    """

    covered: float = 0.4
    uncovered: float = 0.9
    coverage_floor: float = 0.5
    cosine_floor: float = 0.28
    coverage_worth: float = 0.25
    cut: float = 0.3


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score and what it is made of."""

    did: int
    score: float
    parts: dict[str, float]


def fuse(
    words: Mapping[int, float], meaning: Mapping[int, float], coverage: Mapping[int, float], weights: Weights
) -> list[Ranked]:
    """Return the candidates best first; none when nothing fits well enough.

    Args:
        words: BM25 by document, higher is better; those without a word are missing.
        meaning: cosine of the best passage by document.
        coverage: share of the query's words, weighted by rarity, that a document has.
    """
    if not _answers(meaning, coverage, weights):
        return []
    share = _share(words, meaning, coverage, weights)
    from_words, from_meaning = min_max(words, lowest=0.0), min_max(meaning)
    out = [
        Ranked(
            did,
            (1 - share) * from_words.get(did, 0.0) + share * from_meaning.get(did, 0.0),
            _parts(did, words, meaning, coverage),
        )
        for did in words.keys() | meaning.keys()
    ]
    out.sort(key=lambda r: (-r.score, r.did))
    least = out[0].score * weights.cut if out else 0.0
    return [r for r in out if r.score >= least]


def _answers(meaning: Mapping[int, float], coverage: Mapping[int, float], weights: Weights) -> bool:
    """Tell whether anything fits well enough to be an answer."""
    covered = max(coverage.values(), default=0.0)
    near = max(meaning.values(), default=-2.0) + weights.coverage_worth * covered**2
    return covered >= weights.coverage_floor or near >= weights.cosine_floor


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
