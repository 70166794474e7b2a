"""Ranking: scores of several kinds to one order. Pure: values in, values out.

Word and meaning scores are each brought to 0..1 within the candidates of a query (min-max) and averaged with weights; the
weights and the floors below were measured on tests/corpus/retrieval (see `make bench`, section retrieval). The floors are
on the raw scores, because within a query the best candidate always gets 1: a query of which neither says enough finds
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """How the parts are mixed and when a candidate is worth showing.

    Attributes:
        meaning: weight of the vectors in 0..1; the words have the rest.
        cosine_floor: a file whose best passage is less alike has no meaning in common with the query.
        coverage_floor: share of the query's words (weighted by rarity) that a file must have to be shown for its words.
        cut: share of the best fused score below which a file is not shown.
    """

    meaning: float = 0.5
    cosine_floor: float = 0.25
    coverage_floor: float = 0.5
    cut: float = 0.15


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score and what it is made of."""

    did: int
    score: float
    parts: dict[str, float]


def fuse(
    words: Mapping[int, float], meaning: Mapping[int, float], coverage: Mapping[int, float], weights: Weights
) -> list[Ranked]:
    """Return the candidates best first.

    Args:
        words: BM25 by document, higher is better; those without a word are missing.
        meaning: cosine of the best passage by document.
        coverage: share of the query's words that a document has.
    """
    worth = {did for did, cosine in meaning.items() if cosine >= weights.cosine_floor}
    worth |= {did for did in words if coverage.get(did, 1.0) >= weights.coverage_floor}
    from_words, from_meaning = min_max(words, lowest=0.0), min_max(meaning)
    share = _share(words, meaning, weights)
    out = []
    for did in worth:
        score = (1 - share) * from_words.get(did, 0.0) + share * from_meaning.get(did, 0.0)
        out.append(Ranked(did, score, _parts(did, words, meaning, coverage)))
    out.sort(key=lambda r: (-r.score, r.did))
    least = out[0].score * weights.cut if out else 0.0
    return [r for r in out if r.score >= least]


def _share(words: Mapping[int, float], meaning: Mapping[int, float], weights: Weights) -> float:
    """Return the weight of the meaning: all of it where there are no words to go by, none where there are no vectors."""
    if not words:
        return 1.0
    return weights.meaning if meaning else 0.0


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
