"""Word scores: which documents have the query's words, how much that weighs, and which share of the query it covers."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from lsfs.index.postings import BODY_WEIGHT, META_WEIGHT, TITLE_WEIGHT, Dids, Posting, Postings, Weights, arrays
from lsfs.index.words import Terms

NAME_WEIGHT = 0.5
Scores = dict[int, float]


class WordScores:
    """BM25 over the live documents, or over those of a set (which may be of the past)."""

    def __init__(
        self, con: sqlite3.Connection, postings: Postings, among: Mapping[int, bytes] | None, *, past: bool
    ) -> None:  # fmt: skip
        """Score these documents (None: all live ones); `past` adds the words of closed documents."""
        self._con = con
        self._postings = postings
        self._among = None if among is None else np.sort(np.fromiter(among, dtype=np.int32, count=len(among)))
        self._past = past

    def ranked(self, terms: Terms, limit: int) -> Scores:
        """Return the best documents for any of the words with their score, best first, names counted in."""
        dids: list[Dids] = []
        scores: list[Weights] = []
        for expression in terms.expressions():
            words, names = self._of(expression)
            dids += [words.dids, names.dids]
            scores += [words.scores, np.float16(NAME_WEIGHT) * names.scores]
        found = np.concatenate(dids) if dids else np.zeros(0, dtype=np.int32)
        if not len(found):
            return {}
        total = np.bincount(found, weights=np.concatenate(scores))
        some = np.flatnonzero(total)
        best = some if len(some) <= limit else some[np.argpartition(-total[some], limit - 1)[:limit]]
        best = best[np.lexsort((best, -total[best]))]
        return dict(zip(best.tolist(), total[best].tolist(), strict=True))

    def coverage(self, terms: Terms, dids: Collection[int]) -> Scores:
        """Return which share of the query's words, weighted by their rarity, each of these documents has."""
        if not terms.words or not dids:
            return {}
        asked = np.fromiter(dids, dtype=np.int32, count=len(dids))
        found = np.zeros(len(asked))
        total, size = 0.0, self._postings.size(self._con)
        for word in terms.words:
            words, names = self._of(f'"{word}"')
            count = len(words) + int((~_within(names.dids, words.dids)).sum())
            weight = math.log((size + 1) / (min(count, size) + 0.5))
            total += weight
            found += weight * (_within(asked, words.dids) | _within(asked, names.dids))
        return dict(zip(asked.tolist(), (found / total).tolist(), strict=True)) if total > 0 else {}

    def _of(self, expression: str) -> tuple[Posting, Posting]:
        """Return the documents that have it in their text, and in their path."""
        names = self._restricted(self._postings.names(self._con, expression))
        if self._past:
            return self._of_past(expression), names
        return self._restricted(self._postings.words(self._con, expression)), names

    def _restricted(self, posting: Posting) -> Posting:
        if self._among is None or not len(posting):
            return posting
        kept = _within(posting.dids, self._among)
        return Posting(posting.dids[kept], posting.scores[kept])

    def _of_past(self, expression: str) -> Posting:
        """Return those of the documents that have it, live or not."""
        rows: list[tuple[int, float]] = []
        for table in ("words", "words_past"):
            rank = f"bm25({table}, {TITLE_WEIGHT}, {META_WEIGHT}, {BODY_WEIGHT})"
            rows += self._con.execute(f"SELECT rowid, {rank} FROM {table} WHERE {table} MATCH ?", (expression,))
        return self._restricted(arrays(sorted(rows)))


def _within(dids: Dids, among: Dids) -> NDArray[np.bool_]:
    """Tell which of `dids` are in `among`, which is sorted. O(n log m)."""
    if not len(among):
        return np.zeros(len(dids), dtype=bool)
    places = np.minimum(np.searchsorted(among, dids), len(among) - 1)
    found: NDArray[np.bool_] = among[places] == dids
    return found
