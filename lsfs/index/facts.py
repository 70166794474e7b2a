"""What the index knows of a file, for grouping, joining and summarising: attributes, text, passages, vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lsfs.catalogue import Catalogue
from lsfs.embed.embedder import Vectors, unit_rows
from lsfs.errors import NotFound
from lsfs.index.documents import unpack
from lsfs.index.vectors import VectorStore
from lsfs.model import FOREVER, Fid, VersionId
from lsfs.text.extracted import Attributes as Values

_LIVE = f"d.to_ns={FOREVER} AND d.state<>'ignored'"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a file's text: `text`, where it starts (line of the extracted text, page, sheet or cell), its hash."""

    text: str
    line: int
    page: int | None
    label: str | None
    hash: bytes


class Attributes:
    """Attributes of the live files."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def get(self, fid: Fid, at_ns: int | None = None) -> Values:
        """Return a file's attributes (at a time), values in the order found; empty when it is not indexed."""
        found = self.of([fid]) if at_ns is None else self._of("d.fid=? AND d.from_ns<=? AND d.to_ns>?", (fid, at_ns, at_ns))
        return found.get(fid, {})

    def of(self, fids: Sequence[Fid]) -> dict[Fid, Values]:
        """Return the attributes of many files; those that have none are missing."""
        return self._of(f"{_LIVE} AND d.fid IN (SELECT value FROM json_each(?))", (json.dumps(list(fids)),))

    def fields(self) -> dict[str, int]:
        """Return every field that a live file has, with the number of files."""
        sql = f"SELECT a.field, count(DISTINCT a.did) FROM attribute a JOIN doc d ON d.did=a.did WHERE {_LIVE} GROUP BY a.field"
        return dict(self._catalogue.read().execute(sql).fetchall())

    def values(self, field: str, fids: Sequence[Fid] | None = None) -> dict[str, int]:
        """Return the values of a field (as first written) with the number of live files (of these) that have it, most first."""
        among = "" if fids is None else "AND d.fid IN (SELECT value FROM json_each(?))"
        rows = self._catalogue.read().execute(
            "SELECT min(a.value), count(DISTINCT a.did) AS n FROM attribute a JOIN doc d ON d.did=a.did"
            f" WHERE a.field=? AND {_LIVE}"
            f" {among} GROUP BY a.folded ORDER BY n DESC, a.folded",
            (field,) if fids is None else (field, json.dumps(list(fids))),
        )
        return dict(rows.fetchall())

    def _of(self, condition: str, values: tuple[object, ...]) -> dict[Fid, Values]:
        rows = self._catalogue.read().execute(
            "SELECT d.fid, a.field, a.value FROM doc d JOIN attribute a ON a.did=d.did"
            f" WHERE {condition} ORDER BY d.fid, a.field, a.ordinal",
            values,
        )
        out: dict[Fid, Values] = {}
        for fid, field, value in rows:
            out.setdefault(Fid(fid), {}).setdefault(field, []).append(value)
        return out


class Texts:
    """Texts, passages and vectors of indexed contents."""

    def __init__(self, catalogue: Catalogue, store: VectorStore) -> None:
        self._catalogue = catalogue
        self._store = store

    def text(self, fid: Fid, at_ns: int | None = None) -> str:
        """Return a file's text as extracted (at a time); "" when it has none.

        Raises:
            NotFound: that content is not indexed.
        """
        return self._text(self._did(fid, at_ns))

    def reason(self, fid: Fid) -> str | None:
        """Return why a live file's text is not there (too large, damaged, ignored); None where there is no such reason."""
        sql = f"SELECT reason FROM doc WHERE fid=? AND to_ns={FOREVER}"
        row = self._catalogue.read().execute(sql, (fid,)).fetchone()
        return None if row is None else row[0]

    def text_of_version(self, vid: VersionId) -> str | None:
        """Return the text of a version if the index (still) has it."""
        row = self._catalogue.read().execute("SELECT did FROM doc WHERE vid=?", (vid,)).fetchone()
        return None if row is None else self._text(row[0])

    def passages(self, fid: Fid) -> list[Passage]:
        """Return a live file's passages in order.

        Raises:
            NotFound: it is not indexed.
        """
        did = self._did(fid, None)
        text = self._text(did)
        sql = "SELECT start, stop, line, page, label, hash FROM passage WHERE did=? ORDER BY ordinal"
        rows = self._catalogue.read().execute(sql, (did,))
        return [Passage(text[start:stop], line, page, label, h) for start, stop, line, page, label, h in rows]

    def vectors(self, fid: Fid) -> Vectors:
        """Return the vectors of a live file's passages in order, float32 [n, d]; those not made yet are missing."""
        sql = (
            "SELECT v.place FROM doc d JOIN passage p ON p.did=d.did JOIN vector v ON v.model=? AND v.hash=p.hash"
            f" WHERE d.fid=? AND {_LIVE} ORDER BY p.ordinal"
        )
        rows = self._catalogue.read().execute(sql, (self._store.model_id, fid)).fetchall()
        return self._store.take_rows([r[0] for r in rows])

    def mean_vectors(self, fids: Sequence[Fid]) -> tuple[list[Fid], Vectors]:
        """Return those of the files that have vectors, and the mean direction of each, float32 [n, d], unit rows."""
        sql = (
            "SELECT d.fid, v.place FROM doc d JOIN passage p ON p.did=d.did JOIN vector v ON v.model=? AND v.hash=p.hash"
            f" WHERE {_LIVE} AND d.fid IN (SELECT value FROM json_each(?))"
        )
        rows = self._catalogue.read().execute(sql, (self._store.model_id, json.dumps(list(fids)))).fetchall()
        table = np.array(rows, dtype=np.int64).reshape(-1, 2)
        found, index = np.unique(table[:, 0], return_inverse=True)
        sums = np.zeros((len(found), self._store.dimension), dtype=np.float32)
        np.add.at(sums, index, self._store.take(table[:, 1]))
        position = {fid: i for i, fid in enumerate(found.tolist())}
        kept = [fid for fid in fids if fid in position]
        return kept, unit_rows(sums[[position[fid] for fid in kept]])

    def _did(self, fid: Fid, at_ns: int | None) -> int:
        when = FOREVER - 1 if at_ns is None else at_ns
        sql = "SELECT did FROM doc WHERE fid=? AND from_ns<=? AND to_ns>? AND state<>'ignored' ORDER BY from_ns DESC"
        row = self._catalogue.read().execute(sql, (fid, when, when)).fetchone()
        if row is None:
            raise NotFound("the file is not indexed (yet); `lsfs status` says what waits")
        return int(row[0])

    def _text(self, did: int) -> str:
        row = self._catalogue.read().execute("SELECT text FROM body WHERE did=?", (did,)).fetchone()
        return "" if row is None else unpack(row[0])
