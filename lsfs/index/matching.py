"""Word matches: ranked candidates for a query's words, and the exact sets of documents that have a keyword."""

from __future__ import annotations

import json
import math
import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from lsfs.index.documents import unpack
from lsfs.index.words import Terms, Wanted
from lsfs.model import FOREVER

TITLE_WEIGHT, META_WEIGHT, BODY_WEIGHT = 2.0, 1.5, 1.0
NAME_WEIGHT = 0.5
_COMMON = 5000
Scores = dict[int, float]


class Matcher:
    """Word queries over the live documents, or over those of a set (which may be of the past)."""

    def __init__(self, con: sqlite3.Connection, among: Mapping[int, bytes] | None, *, past: bool) -> None:
        """Look among these documents (None: all live ones); `past` adds the words of closed documents."""
        self._con = con
        self._among = among
        self._tables = ("words", "words_past") if past else ("words",)

    def ranked(self, terms: Terms, limit: int) -> Scores:
        """Return the best documents for any of the words with their BM25 score, names counted in."""
        expression = terms.expression()
        if not expression:
            return {}
        scores: Scores = {}
        for table in self._tables:
            scores |= self._best(table, expression, limit)
        for did, score in self._by_name(expression, limit).items():
            scores[did] = scores.get(did, 0.0) + NAME_WEIGHT * score
        return dict(sorted(scores.items(), key=lambda s: -s[1])[:limit])

    def coverage(self, terms: Terms, dids: Collection[int]) -> Scores:
        """Return which share of the query's words, weighted by their rarity, each of these documents has."""
        if not terms.words or not dids:
            return {}
        found: Scores = dict.fromkeys(dids, 0.0)
        total = 0.0
        size = self._size()
        for word in terms.words:
            having = self._some(f'"{word}"')
            weight = math.log((size + 1) / (min(len(having), size) + 0.5))
            total += weight
            if len(having) >= _COMMON:
                having = self._having(f'"{word}"', dids)
            for did in having & found.keys():
                found[did] += weight
        return {did: share / total for did, share in found.items()} if total > 0 else {}

    def _size(self) -> int:
        return int(self._con.execute("SELECT count(*) FROM doc WHERE to_ns=?", (FOREVER,)).fetchone()[0])

    def _some(self, expression: str) -> set[int]:
        """Return the documents that have a word in them or in their path, up to a bound beyond which it says little."""
        out = set(self._by_name(expression, _COMMON))
        for table in self._tables:
            rows = self._con.execute(f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT ?", (expression, _COMMON))
            out.update(r[0] for r in rows)
        return out

    def exactly(self, wanted: Wanted) -> set[int]:
        """Return the documents whose text, title, people or path have the keyword."""
        expression = wanted.expression()
        if not expression:
            return set()
        found = self._having(expression, None)
        found |= set(self._by_name(expression, -1))
        return {did for did in found if wanted.fits(*self._full_text(did))}

    def _best(self, table: str, expression: str, limit: int) -> Scores:
        rank = f"bm25({table}, {TITLE_WEIGHT}, {META_WEIGHT}, {BODY_WEIGHT})"
        condition, values = self._within(f"{table}.rowid", self._among)
        sql = f"SELECT rowid, {rank} AS r FROM {table} WHERE {table} MATCH ? {condition} ORDER BY r LIMIT ?"
        return {did: -r for did, r in self._con.execute(sql, (expression, *values, limit))}

    def _having(self, expression: str, dids: Collection[int] | None) -> set[int]:
        out: set[int] = set()
        for table in self._tables:
            condition, values = self._within(f"{table}.rowid", self._among if dids is None else dids)
            rows = self._con.execute(f"SELECT rowid FROM {table} WHERE {table} MATCH ? {condition}", (expression, *values))
            out.update(r[0] for r in rows)
        return out

    def _by_name(self, expression: str, limit: int) -> Scores:
        """Return the live documents (of the set) whose path has a word."""
        condition, values = self._within("d.did", self._among)
        sql = (
            "SELECT d.did, n.r FROM (SELECT rowid, bm25(names) AS r FROM names WHERE names MATCH ?) n"
            f" JOIN placed p ON p.nid=n.rowid JOIN doc d ON d.fid=p.fid AND d.to_ns={FOREVER} WHERE d.state<>'ignored'"
            f" {condition} ORDER BY n.r LIMIT ?"
        )
        return {did: -r for did, r in self._con.execute(sql, (expression, *values, limit))}

    def _full_text(self, did: int) -> tuple[str, str]:
        """Return everything of a document that keywords are looked for in, as it is and folded."""
        row = self._con.execute("SELECT title, meta, text FROM body WHERE did=?", (did,)).fetchone()
        parts = [] if row is None else [row[0], row[1], unpack(row[2])]
        if self._among is not None and self._among.get(did):
            parts.append(self._among[did].decode("utf-8", "replace"))
        else:
            sql = "SELECT p.path FROM doc d JOIN placed p ON p.fid=d.fid WHERE d.did=?"
            parts += [r[0].decode("utf-8", "replace") for r in self._con.execute(sql, (did,))]
        text = "\n".join(parts)
        return text, fold_text(text)

    @staticmethod
    def _within(column: str, dids: Iterable[int] | None) -> tuple[str, tuple[str, ...]]:
        if dids is None:
            return "", ()
        return f"AND {column} IN (SELECT value FROM json_each(?))", (json.dumps(list(dids)),)


def fold_text(text: str) -> str:
    """Return a text in lower case without accents, blanks as they are."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
