"""The search: a query to ranked files with the line that fits.

Conditions are exact and come first; words and vectors give candidates among what is left; both kinds of score are known for
every candidate before they are mixed. Hits are checked against the version store before they are shown, so that neither a
deleted file nor an old content answers.

Threading: any thread; it reads on its own connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from lsfs.catalogue import Catalogue
from lsfs.embed.embedder import Vectors
from lsfs.errors import NotFound, Unavailable
from lsfs.index import results
from lsfs.index.filters import allowed, is_filtered
from lsfs.index.matching import Matcher
from lsfs.index.meaning import Likeness, Meaning
from lsfs.index.postings import Postings
from lsfs.index.query import Hits, Query
from lsfs.index.reranked import reranked
from lsfs.index.scoring import WordScores
from lsfs.index.source import Source
from lsfs.index.words import terms, wanted
from lsfs.model import FOREVER, RelPath, show
from lsfs.ranking import Asked, Ranked, Weights, fuse
from lsfs.rerank.reranker import Reranker

CANDIDATES = 100
"""Documents that words and vectors each propose."""

SNIPPETS = 200
"""Hits that get a line; each has its text read."""

SCORED = 2000
"""Documents whose word score is known to the mix, so that those proposed by vectors have theirs."""


class Search:
    """Answers queries over the index."""

    def __init__(
        self,
        catalogue: Catalogue,
        source: Source,
        meaning: Meaning,
        postings: Postings,
        *,
        waiting: Callable[[], tuple[int, int]] = lambda: (0, 0),
        before_past: Callable[[], object] = lambda: None,
        weights: Weights | None = None,
        reranker: Reranker | None = None,
        rerank: int = 20,
    ) -> None:
        """Search the index.

        Args:
            waiting: tells how many files wait to be indexed, and for vectors (cheap, asked every time).
            reranker: puts the first `rerank` hits in order; none unless the user configured one.
            before_past: called before a search of the past, to bring in the words of documents closed just now.
        """
        self._before_past = before_past
        self._catalogue = catalogue
        self._source = source
        self.meaning = meaning
        self._postings = postings
        self._waiting = waiting
        self._weights = weights or Weights()
        self._reranker = reranker
        self._rerank = rerank

    def search(self, query: Query) -> Hits:
        """Return the files that fit.

        Raises:
            NotFound: `like` names a file that is not there or has no vectors yet.
        """
        if query.at_ns is not None:
            self._before_past()
        con = self._catalogue.read()
        among = self._among(con, query)
        degraded: list[str] = []
        if query.like is not None or query.text.strip():
            ranked, passages = self._ranked(con, query, among, degraded)
            words = terms(query.text).words
        else:
            ranked, passages = [Ranked(did, 1.0, {}) for did in among or {}], {}
            words = tuple(word for keyword in (*query.keywords, *query.any_keywords) for word in terms(keyword).words)
        files = results.current(con, ranked, among if query.at_ns is not None else None)
        hits = results.page(query, ranked, files)
        shown = [results.with_snippet(con, hit, did, words, passages.get(did)) for did, hit in hits[:SNIPPETS]]
        shown += [hit for _, hit in hits[SNIPPETS:]]
        return Hits(shown, len(files), *self._waiting(), degraded)

    def _among(self, con: sqlite3.Connection, query: Query) -> dict[int, bytes] | None:
        """Return the documents that fulfil every condition with their paths; None when there is no condition."""
        asks = bool(query.text.strip()) or query.like is not None
        keywords = bool(query.keywords or query.any_keywords or query.exclude)
        if asks and not keywords and not is_filtered(query):
            return None
        among = allowed(con, query, self._source)
        return _with_keywords(Matcher(con, among, past=query.at_ns is not None), query, among) if keywords else among

    def _ranked(
        self, con: sqlite3.Connection, query: Query, among: dict[int, bytes] | None, degraded: list[str]
    ) -> tuple[list[Ranked], dict[int, int]]:
        asked = terms(query.text)
        by_word = WordScores(con, self._postings, among, past=query.at_ns is not None)
        scored = {} if query.mode == "semantic" or query.like is not None else by_word.ranked(asked, SCORED)
        by_words = dict(islice(scored.items(), CANDIDATES))
        likeness = Likeness() if query.mode == "keyword" else self._likeness(con, query, among, by_words, degraded)
        by_words |= {did: scored[did] for did in likeness.scores if did in scored}
        coverage = by_word.coverage(asked, by_words)
        weights = self._weights if query.like is None else replace(self._weights, cosine_floor=0.0, floor_growth=0.0)
        if query.mode == "keyword":
            weights = replace(weights, coverage_floor=0.0, cut=0.0)  # nothing is compared: any word makes an answer
        ranked = fuse(by_words, likeness.scores, coverage, weights, Asked(len(asked.words), likeness.compared))
        if self._reranker is not None and ranked and query.mode != "keyword" and query.text.strip():
            ranked = reranked(
                con, self._reranker, query.text, asked.words, ranked, likeness.passages, self._rerank, degraded
            )  # fmt: skip
        return ranked, likeness.passages

    def _likeness(
        self,
        con: sqlite3.Connection,
        query: Query,
        among: dict[int, bytes] | None,
        by_words: dict[int, float],
        degraded: list[str],
    ) -> Likeness:
        """Return the likeness of the best documents by meaning and of every candidate by words."""
        live = query.at_ns is None
        try:
            vector = self.meaning.query_vector(query.text) if query.like is None else self._like(con, query)
        except Unavailable as e:
            degraded.append(f"meaning: {e}")
            return Likeness()
        found = self.meaning.best(vector, among, CANDIDATES, live=live)
        missing = [did for did in by_words if did not in found.scores]
        if missing:
            more = self.meaning.best(vector, missing, len(missing), live=live)
            found = Likeness(found.scores | more.scores, found.passages | more.passages, found.compared)
        if query.like is not None:
            own = self._document_at(con, query.like, query.at_ns)
            found.scores.pop(own or 0, None)
        return found

    def _like(self, con: sqlite3.Connection, query: Query) -> Vectors:
        assert query.like is not None
        did = self._document_at(con, query.like, query.at_ns)
        vector = None if did is None else self.meaning.document_vector(did)
        if vector is None:
            raise NotFound(f"{show(query.like)} has no text that could be compared, or is not indexed yet")
        return vector

    def _document_at(self, con: sqlite3.Connection, path: RelPath, at_ns: int | None) -> int | None:
        entry = self._source.entry_at(path, at_ns)
        if entry is None:
            raise NotFound(f"there is no file {show(path)}")
        when = FOREVER - 1 if at_ns is None else at_ns
        sql = "SELECT did FROM doc WHERE fid=? AND from_ns<=? AND to_ns>? ORDER BY from_ns DESC"
        row = con.execute(sql, (entry.fid, when, when)).fetchone()
        return None if row is None else int(row[0])


def _with_keywords(matcher: Matcher, query: Query, among: dict[int, bytes]) -> dict[int, bytes]:
    """Return those of the documents that have the keywords asked for and none of those excluded."""
    kept: set[int] = set(among)
    for keyword in wanted(query.keywords):
        kept &= matcher.exactly(keyword)
    any_of = wanted(query.any_keywords)
    if any_of:
        kept &= set[int]().union(*(matcher.exactly(keyword) for keyword in any_of))
    for keyword in wanted(query.exclude):
        kept -= matcher.exactly(keyword)
    return {did: among[did] for did in kept}
