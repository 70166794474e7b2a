"""Keywords: the exact sets of documents that have a word or phrase."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from lsfs.index.documents import unpack
from lsfs.index.words import Wanted
from lsfs.model import FOREVER


class Matcher:
    """Keyword queries over the live documents, or over those of a set (which may be of the past)."""

    def __init__(self, con: sqlite3.Connection, among: Mapping[int, bytes] | None, *, past: bool) -> None:
        """Look among these documents (None: all live ones); `past` adds the words of closed documents."""
        self._con = con
        self._among = among
        self._tables = ("words", "words_past") if past else ("words",)

    def exactly(self, wanted: Wanted) -> set[int]:
        """Return the documents whose text, title, people or path have the keyword."""
        expression = wanted.expression()
        if not expression:
            return set()
        found = self._having(expression) | self._by_name(expression)
        return {did for did in found if wanted.fits(self._full_text(did))}

    def _having(self, expression: str) -> set[int]:
        out: set[int] = set()
        for table in self._tables:
            out.update(r[0] for r in self._con.execute(f"SELECT rowid FROM {table} WHERE {table} MATCH ?", (expression,)))
        return self._allowed(out)

    def _by_name(self, expression: str) -> set[int]:
        """Return the live documents (of the set) whose path has a word."""
        sql = (
            "SELECT d.did FROM names n JOIN placed p ON p.nid=n.rowid"
            f" JOIN doc d ON d.fid=p.fid AND d.to_ns={FOREVER} WHERE names MATCH ? AND d.state<>'ignored'"
        )
        return self._allowed({r[0] for r in self._con.execute(sql, (expression,))})

    def _allowed(self, found: set[int]) -> set[int]:
        # Not in SQL: FTS5 looks each allowed document up by itself, 6 s for 40,000 of them.
        return found if self._among is None else found & self._among.keys()

    def _full_text(self, did: int) -> str:
        """Return everything of a document that keywords are looked for in."""
        row = self._con.execute("SELECT title, meta, text FROM body WHERE did=?", (did,)).fetchone()
        parts = [] if row is None else [row[0], row[1], unpack(row[2])]
        if self._among is not None and self._among.get(did):
            parts.append(self._among[did].decode("utf-8", "replace"))
        else:
            sql = "SELECT p.path FROM doc d JOIN placed p ON p.fid=d.fid WHERE d.did=?"
            parts += [r[0].decode("utf-8", "replace") for r in self._con.execute(sql, (did,))]
        return "\n".join(parts)
