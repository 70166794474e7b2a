"""The live passages in memory: which row of the matrix belongs to which document, for exact scans.

Arrays with room to grow, so that a changed file costs what it has passages and not what the index has.

Threading: `_lock` guards the arrays; what the methods return is a copy, that of everything the same until something changes.
"""

from __future__ import annotations

import threading
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from lsfs.catalogue import Catalogue
from lsfs.index.vectors import Rows
from lsfs.model import FOREVER

Ids = NDArray[np.int64]
_FEW = 4000


class LivePassages:
    """(row, document, ordinal) of every live passage that has a vector."""

    def __init__(self, catalogue: Catalogue, model_id: str) -> None:
        self._catalogue = catalogue
        self._model_id = model_id
        self._lock = threading.RLock()
        self._loaded = False
        self._table: Ids = np.zeros((3, 1024), dtype=np.int64)
        self._length = 0
        self._spans: dict[int, slice] = {}
        self._all: tuple[Rows, Ids, Ids] | None = None

    def __len__(self) -> int:
        """Return the number of live passages with a vector."""
        with self._lock:
            self._load()
            return sum(s.stop - s.start for s in self._spans.values())

    def replace(self, old: int | None, new: int | None) -> None:
        """Take the passages of a document out and put those of another in (None: neither)."""
        with self._lock:
            if not self._loaded:
                return
            if old is not None or new is not None:
                self._all = None
            if old is not None and (span := self._spans.pop(old, None)) is not None:
                self._table[1, span] = -1
            if new is not None:
                self._drop(new)
                self._append(self._select("AND d.did=?", (new,)))

    def all(self) -> tuple[Rows, Ids, Ids]:
        """Return rows, documents and ordinals of every live passage."""
        with self._lock:
            self._load()
            if self._all is None:
                table = self._table[:, : self._length]
                kept = table[:, table[1] >= 0]
                self._all = kept[0], kept[1], kept[2]
            return self._all

    def of(self, dids: Collection[int]) -> tuple[Rows, Ids, Ids]:
        """Return rows, documents and ordinals of the live passages of these documents."""
        with self._lock:
            self._load()
            if len(dids) <= _FEW:
                spans = [self._table[:, s] for did in dids if (s := self._spans.get(did)) is not None]
                kept = np.concatenate(spans, axis=1) if spans else np.zeros((3, 0), dtype=np.int64)
            else:
                table = self._table[:, : self._length]
                wanted = np.zeros(int(max(table[1].max(initial=0), max(dids))) + 1, dtype=bool)
                wanted[np.fromiter(dids, dtype=np.int64)] = True
                kept = table[:, wanted[table[1]] & (table[1] >= 0)]
        return kept[0], kept[1], kept[2]

    def _drop(self, did: int) -> None:
        span = self._spans.pop(did, None)
        if span is not None:
            self._table[1, span] = -1

    def _load(self) -> None:
        if not self._loaded:
            self._append(self._select("", ()))
            self._loaded = True

    def _select(self, condition: str, values: tuple[int, ...]) -> Ids:
        rows = self._catalogue.read().execute(
            "SELECT v.place, p.did, p.ordinal FROM doc d JOIN passage p ON p.did=d.did"
            f" JOIN vector v ON v.model=? AND v.hash=p.hash WHERE d.to_ns=? {condition} ORDER BY p.did, p.ordinal",
            (self._model_id, FOREVER, *values),
        )
        return np.array(rows.fetchall(), dtype=np.int64).reshape(-1, 3).T

    def _append(self, new: Ids) -> None:
        count = new.shape[1]
        if not count:
            return
        if self._length + count > self._table.shape[1]:
            self._compact(count)
        self._table[:, self._length : self._length + count] = new
        dids, starts = np.unique(new[1], return_index=True)
        ends = [*starts[1:].tolist(), count]
        for did, start, end in zip(dids.tolist(), starts.tolist(), ends, strict=True):
            self._spans[did] = slice(self._length + start, self._length + end)
        self._length += count

    def _compact(self, more: int) -> None:
        """Leave out what was taken out and make room for `more`."""
        table = self._table[:, : self._length]
        kept = table[:, table[1] >= 0]
        kept = kept[:, np.argsort(kept[1], kind="stable")]
        self._table = np.zeros((3, max(1024, 2 * (kept.shape[1] + more))), dtype=np.int64)
        self._length = 0
        self._spans.clear()
        self._append(kept)
