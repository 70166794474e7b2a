"""The vectors: computed once for each passage text and model, kept as float16 rows of a memory-mapped matrix.

Which row belongs to which passage is in the catalogue (`vector`), by the hash of the passage's text, so that moves, copies
and restored versions need no new ones. A float32 copy of the first rows stays in memory, since scanning it takes a tenth of
the time (5 ms for 100,000 rows against 54 ms).

Threading: any thread reads, one writes at a time (`_lock`). Growing replaces the mapping; a reader keeps the one it has.
Durability: rows are written and synced before the catalogue names them; a crash between leaves rows that are used again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from lsfs.catalogue import Catalogue
from lsfs.embed.embedder import Vectors
from lsfs.errors import DimensionMismatch, Unavailable

Rows = NDArray[np.int64]
_GROW = 4096
_BLOCK = 1024
_CACHED = 128  # rows of 384 numbers that are still in the processor's cache when they are multiplied
_SQL_LIST = 500
_SAMPLED = 50_000
_KNOWN = "index:dimension:"


class VectorStore:
    """The vectors of one model."""

    def __init__(
        self, directory: Path, catalogue: Catalogue, model_id: str, dimension: int, *, copied_rows: int = 131_072
    ) -> None:
        """Open the matrix of a model; `copied_rows` of it are also kept as float32 (1.5 KB each of 384 numbers).

        A `dimension` of 0 is one that the embedder does not know yet: that of the vectors that are there, or of the first.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self.model_id = model_id
        self.dimension = dimension or int(catalogue.meta(_KNOWN + model_id) or 0)
        self._directory = directory
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._copied_rows = copied_rows
        used = {r[0] for r in catalogue.read().execute("SELECT place FROM vector WHERE model=?", (model_id,))}
        self._length = max(used, default=-1) + 1
        self._free = sorted(set(range(self._length)) - used, reverse=True)
        self._matrix = self._map(self._length)
        self._copy: Vectors = np.zeros((0, self.dimension), dtype=np.float32)

    def __len__(self) -> int:
        """Return how many rows there are, free ones included."""
        return self._length

    def places(self, hashes: Sequence[bytes]) -> dict[bytes, int]:
        """Return the rows of those passages that have a vector."""
        out: dict[bytes, int] = {}
        con = self._catalogue.read()
        for start in range(0, len(hashes), _SQL_LIST):
            part = hashes[start : start + _SQL_LIST]
            marks = ",".join("?" * len(part))
            out.update(
                con.execute(f"SELECT hash, place FROM vector WHERE model=? AND hash IN ({marks})", [self.model_id, *part])
            )
        return out

    def add(self, hashes: Sequence[bytes], vectors: Vectors) -> None:
        """Keep one vector for each passage hash; those that have one already are left alone.

        Raises:
            DimensionMismatch: the vectors have another length.
            Unavailable: the disk refuses.
        """
        if not self.dimension and vectors.size:
            self._begin(vectors.shape[1])
        if vectors.shape != (len(hashes), self.dimension):
            raise DimensionMismatch(f"{vectors.shape} vectors for {len(hashes)} passages of dimension {self.dimension}")
        with self._lock:
            known = self.places(hashes)
            new = {h: v for h, v in zip(hashes, vectors, strict=True) if h not in known}
            places = self._take_places(len(new))
            try:
                self._write(places, new.values())
                with self._catalogue.write() as con:
                    rows = [(self.model_id, h, place) for h, place in zip(new, places, strict=True)]
                    con.executemany("INSERT INTO vector VALUES(?,?,?)", rows)
            except BaseException:
                self._free += [place for place in places if place < self._length]
                raise
            self._length = max(self._length, max(places, default=-1) + 1)  # nobody reads what may not be on the disk yet

    def take(self, rows: Rows) -> Vectors:
        """Return these rows as float32 [n, d]."""
        vectors: Vectors = self._matrix[rows].astype(np.float32)
        return vectors

    def take_rows(self, rows: Sequence[int]) -> Vectors:
        """Return the rows of a list as float32 [n, d]."""
        return self.take(np.asarray(rows, dtype=np.int64))

    def scores(self, query: Vectors, rows: Rows | None = None) -> NDArray[np.float32]:
        """Return the likeness (cosine) of `query` [d] to these rows, or to every row. O(rows)."""
        if rows is None:
            return np.concatenate([self._copied() @ query, self._scan(query, len(self._copy))])
        if len(rows) * 3 > len(self) and len(self) <= self._copied_rows:
            found: NDArray[np.float32] = self.scores(query)[rows]
            return found
        if len(rows) and int(rows.max()) < self._copied_rows:
            return _in_blocks(self._copied(), query, rows, _CACHED)
        return _in_blocks(self._matrix, query, rows, _BLOCK)

    def forget(self, hashes: Iterable[bytes]) -> None:
        """Overwrite and free the rows of these passages."""
        with self._lock:
            places = self.places(list(hashes))
            rows = list(places.values())
            self._write(rows, [np.zeros(self.dimension, dtype=np.float32)] * len(rows))
            with self._catalogue.write() as con:
                con.executemany("DELETE FROM vector WHERE model=? AND hash=?", [(self.model_id, h) for h in places])
            self._free += rows

    def damaged(self, most: int = _SAMPLED) -> list[bytes]:
        """Return the passages whose row is no vector: lost with its file, or overwritten.

        Args:
            most: of more rows, only about so many are looked at, and all when one of those is bad.
        """
        rows = self._catalogue.read().execute("SELECT hash, place FROM vector WHERE model=?", (self.model_id,)).fetchall()
        step = max(1, len(rows) // most)
        found = self._not_unit(rows[::step])
        return found if step == 1 or not found else self._not_unit(rows)

    def _not_unit(self, rows: Sequence[tuple[bytes, int]]) -> list[bytes]:
        out: list[bytes] = []
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            with np.errstate(all="ignore"):  # what was overwritten can be any number
                lengths = np.linalg.norm(self.take_rows([place for _, place in part]), axis=1)
            out += [h for (h, _), length in zip(part, lengths.tolist(), strict=True) if not 0.9 < length < 1.1]
        return out

    def drop_others(self) -> bool:
        """Remove the vectors of every other model, with their files; return whether there were any."""
        sides = "SELECT EXISTS(SELECT 1 FROM vector WHERE model<?) OR EXISTS(SELECT 1 FROM vector WHERE model>?)"
        gone = int(self._catalogue.read().execute(sides, (self.model_id, self.model_id)).fetchone()[0])
        if gone:
            with self._catalogue.write() as con:
                con.execute("DELETE FROM vector WHERE model<>?", (self.model_id,))
        for file in self._directory.glob("*.f16"):
            if file != self._path():
                file.unlink()
                gone += 1
        return gone > 0

    def _begin(self, dimension: int) -> None:
        """Take the length of the first vectors as that of all."""
        with self._lock:
            self._catalogue.set_meta(_KNOWN + self.model_id, str(dimension))
            self.dimension = dimension
            self._copy = np.zeros((0, dimension), dtype=np.float32)
            self._matrix = self._map(self._length)

    def _path(self) -> Path:
        return self._directory / f"{blake3(self.model_id.encode()).hexdigest()[:16]}-{self.dimension}.f16"

    def _take_places(self, count: int) -> list[int]:
        places = [self._free.pop() for _ in range(min(count, len(self._free)))]
        places += range(self._length, self._length + count - len(places))
        end = max(places, default=-1) + 1
        if end > len(self._matrix):
            self._matrix = self._map(end)
        return places

    def _write(self, rows: Sequence[int], vectors: Iterable[Vectors]) -> None:
        """Write rows into the file, and not through its mapping: where the disk is full, that ends the process (SIGBUS)."""
        if not rows:
            return
        try:
            with open(self._path(), "r+b", buffering=0) as file:
                for row, vector in zip(rows, vectors, strict=True):
                    _write_all(file.fileno(), vector.astype(np.float16).tobytes(), row * self.dimension * 2)
                    if row < len(self._copy):
                        self._copy[row] = vector
                os.fdatasync(file.fileno())
        except OSError as e:
            raise Unavailable(f"vectors cannot be kept ({e.strerror}): free space on the disk of the state") from e

    def _map(self, length: int) -> NDArray[np.float16]:
        if not self.dimension:
            return np.zeros((0, 0), dtype=np.float16)
        rows = -(-max(length, 1) // _GROW) * _GROW
        path = self._path()
        with open(path, "ab") as file:
            if os.fstat(file.fileno()).st_size < rows * self.dimension * 2:
                file.truncate(rows * self.dimension * 2)
        return np.memmap(path, dtype=np.float16, mode="r+", shape=(rows, self.dimension))

    def _copied(self) -> Vectors:
        """Return the float32 copy of the first rows, brought up to date."""
        wanted = min(self._length, self._copied_rows)
        if len(self._copy) < wanted:
            with self._lock:
                more = self._matrix[len(self._copy) : wanted].astype(np.float32)
                self._copy = np.concatenate([self._copy, more])
        return self._copy

    def _scan(self, query: Vectors, start: int) -> NDArray[np.float32]:
        out = np.empty(max(0, self._length - start), dtype=np.float32)
        for at in range(0, len(out), _BLOCK):
            part = self._matrix[start + at : min(start + at + _BLOCK, self._length)]
            out[at : at + len(part)] = part.astype(np.float32) @ query
        return out


def _write_all(fd: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(fd, data, at)
        data, at = data[written:], at + written


def _in_blocks(matrix: NDArray[Any], query: Vectors, rows: Rows, size: int) -> NDArray[np.float32]:
    """Return the product of some rows with the query, `size` of them at a time."""
    out = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        out[start : start + len(part)] = matrix[part].astype(np.float32, copy=False) @ query
    return out
