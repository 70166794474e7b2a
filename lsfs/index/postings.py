"""Postings: which live documents have a word and how much it weighs there, kept in memory between searches.

FTS5 computes BM25 for every document of a word anew for each query (1.5 us each: 20 ms for a word of 14,000 documents). BM25
of several words is the sum of theirs, so what one word weighs is computed once and added up for each query. Words that are
asked for seldom leave first.

Documents are never changed, only replaced by ones with higher numbers; so what is kept is brought up to date by what is above
the highest number it has seen, and replaced ones are left out. Names of files can change without that: theirs are forgotten
with every change.

Threading: any thread. `_lock` guards the tables of what is kept; the arrays in it are never changed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from lsfs.model import FOREVER

TITLE_WEIGHT, META_WEIGHT, BODY_WEIGHT = 2.0, 1.5, 1.0
KEPT = 18_000_000
"""Entries (of 6 bytes) that are kept: the words of one in 200 of 40,000 pages, so that few of a query have to be computed."""

_MANY_GONE = 5_000
Dids = NDArray[np.int32]
Weights = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Posting:
    """The documents of a word.

    Attributes:
        dids: ascending, without repetition.
        scores: BM25 of the word in each, higher is better; half precision, 0.0005 of the value.
        upto: the highest document that was looked at.
    """

    dids: Dids
    scores: Weights
    upto: int = 0

    def __len__(self) -> int:
        return len(self.dids)


class Postings:
    """What words weigh in the live documents and in their names."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._words: OrderedDict[str, Posting] = OrderedDict()
        self._names: dict[str, Posting] = {}
        self._entries = 0
        self._highest = 0
        self._gone: set[int] = set()
        self._gone_sorted: Dids | None = None  # the same as an array; None: to be made
        self._changes = 0
        self._size = (0, -1, 0)  # live documents; the highest number and those gone when they were counted

    def words(self, con: sqlite3.Connection, expression: str) -> Posting:
        """Return the live documents that have a word or phrase, given as a match expression."""
        with self._lock:
            known = self._words.get(expression)
            if known is not None:
                self._words.move_to_end(expression)
            if self._gone_sorted is None:
                self._gone_sorted = np.array(sorted(self._gone), dtype=np.int32)
            gone, changes = self._gone_sorted, self._changes
        found = self._up_to_date(con, expression, known)
        if found is not known:
            self._keep(expression, found, changes)
        return _without(found, gone)

    def warm(self, con: sqlite3.Connection, word: str) -> bool:
        """Have a word ready; False when three quarters of the room are taken already."""
        with self._lock:
            if self._entries > self._kept * 3 // 4:
                return False
        self.words(con, f'"{word}"')
        self.names(con, f'"{word}"')
        return True

    def names(self, con: sqlite3.Connection, expression: str) -> Posting:
        """Return the live documents whose path has a word or phrase."""
        with self._lock:
            known, changes = self._names.get(expression), self._changes
        if known is None:
            known = _named(con, expression)
            with self._lock:
                if changes == self._changes:
                    self._names[expression] = known
        return known

    def size(self, con: sqlite3.Connection) -> int:
        """Return how many live documents there are, to about two in a hundred."""
        (highest,) = con.execute("SELECT coalesce(max(did), 0) FROM doc").fetchone()
        size, at, gone = self._size
        if abs(highest - at) + abs(len(self._gone) - gone) > size // 50:
            (size,) = con.execute("SELECT count(*) FROM doc WHERE to_ns=?", (FOREVER,)).fetchone()
            self._size = size, highest, len(self._gone)
        return size

    def replace(self, old: int | None, new: int | None) -> None:
        """Take note that a document was replaced (None: it is new, or is no more), or that its names changed."""
        with self._lock:
            self._changes += 1
            self._names.clear()
            self._gone_sorted = None
            if old is not None:
                self._gone.add(old)
            if len(self._gone) > _MANY_GONE or (new is not None and new <= self._highest):
                # The second: the number of a removed document was given again.
                self._words.clear()
                self._entries = 0
                self._gone.clear()

    def _up_to_date(self, con: sqlite3.Connection, expression: str, known: Posting | None) -> Posting:
        (highest,) = con.execute("SELECT coalesce(max(did), 0) FROM doc").fetchone()
        if known is None:
            return _posting(con, expression, 0, highest)
        if highest <= known.upto:
            return known
        sql = "SELECT 1 FROM words WHERE words MATCH ? AND rowid>? LIMIT 1"
        if con.execute(sql, (expression, known.upto)).fetchone() is None:
            return Posting(known.dids, known.scores, highest)
        more = _posting(con, expression, known.upto, highest)
        return Posting(np.concatenate([known.dids, more.dids]), np.concatenate([known.scores, more.scores]), highest)

    def _keep(self, expression: str, posting: Posting, changes: int) -> None:
        with self._lock:
            if changes != self._changes:  # it may have a document that was replaced meanwhile
                return
            old = self._words.pop(expression, None)
            self._entries += len(posting) - (0 if old is None else len(old)) + (0 if old is not None else 1)
            self._words[expression] = posting
            self._highest = max(self._highest, posting.upto)
            while self._entries > self._kept and self._words:
                _, least = self._words.popitem(last=False)
                self._entries -= len(least) + 1


def _posting(con: sqlite3.Connection, expression: str, above: int, upto: int) -> Posting:
    rank = f"bm25(words, {TITLE_WEIGHT}, {META_WEIGHT}, {BODY_WEIGHT})"
    sql = f"SELECT rowid, {rank} FROM words WHERE words MATCH ? AND rowid>? ORDER BY rowid"
    rows = con.execute(sql, (expression, above)).fetchall()
    return arrays(rows, max(upto, rows[-1][0] if rows else 0))


def _named(con: sqlite3.Connection, expression: str) -> Posting:
    sql = (
        "SELECT d.did, n.r FROM (SELECT rowid, bm25(names) AS r FROM names WHERE names MATCH ?) n"
        f" JOIN placed p ON p.nid=n.rowid JOIN doc d ON d.fid=p.fid AND d.to_ns={FOREVER} WHERE d.state<>'ignored'"
        " ORDER BY d.did, n.r DESC"
    )
    best: dict[int, float] = dict(con.execute(sql, (expression,)).fetchall())  # of several names the one that fits best
    return arrays(list(best.items()))


def arrays(rows: list[tuple[int, float]], upto: int = 0) -> Posting:
    """Return rows of (document, rank as FTS5 gives it) by document as a posting."""
    dids = np.fromiter(map(itemgetter(0), rows), dtype=np.int32, count=len(rows))
    ranks = np.fromiter(map(itemgetter(1), rows), dtype=np.float16, count=len(rows))
    return Posting(dids, -ranks, upto)


def _without(posting: Posting, gone: Dids) -> Posting:
    if not len(gone) or not len(posting):
        return posting
    kept = ~np.isin(posting.dids, gone, assume_unique=True)
    return posting if kept.all() else Posting(posting.dids[kept], posting.scores[kept], posting.upto)
