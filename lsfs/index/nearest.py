"""Nearest neighbours: the protocol of a search structure over the rows of the matrix, and the exact one.

A structure can always be made again from the matrix; it holds nothing of its own. Every one passes the contract suite in
tests/contracts/test_nearest.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lsfs.embed.embedder import Vectors
from lsfs.index.vectors import Rows

Found = tuple[Rows, NDArray[np.float32]]
"""Rows and their likeness (cosine), best first."""


class Nearest(Protocol):
    """A set of rows with vectors that can be asked for the nearest ones."""

    def rows(self) -> set[int]:
        """Return the rows that are in it."""
        ...

    def add(self, rows: Sequence[int], vectors: Vectors) -> None:
        """Put rows in; one that is in already gets the new vector."""
        ...

    def remove(self, rows: Sequence[int]) -> None:
        """Take rows out; those that are not in are no error."""
        ...

    def nearest(self, query: Vectors, k: int) -> Found:
        """Return up to `k` rows that are nearest to `query` [d]; approximate structures may miss some."""
        ...

    def clear(self) -> None:
        """Take everything out, from the disk too."""
        ...

    def close(self) -> None:
        """Free what it holds open."""
        ...


class ExactNearest:
    """Every vector in memory, every one compared: right, and fast enough for small sets."""

    def __init__(self, dimension: int) -> None:
        self._rows: Rows = np.zeros(0, dtype=np.int64)
        self._vectors: Vectors = np.zeros((0, dimension), dtype=np.float32)

    def rows(self) -> set[int]:
        """Return the rows that are in it."""
        return set(self._rows.tolist())

    def add(self, rows: Sequence[int], vectors: Vectors) -> None:
        """Put rows in; one that is in already gets the new vector."""
        self.remove(rows)
        self._rows = np.concatenate([self._rows, np.asarray(rows, dtype=np.int64)])
        self._vectors = np.concatenate([self._vectors, vectors])

    def remove(self, rows: Sequence[int]) -> None:
        """Take rows out."""
        kept = ~np.isin(self._rows, np.asarray(rows, dtype=np.int64))
        self._rows, self._vectors = self._rows[kept], self._vectors[kept]

    def nearest(self, query: Vectors, k: int) -> Found:
        """Return the `k` nearest rows."""
        return best(self._rows, self._vectors @ query, k)

    def clear(self) -> None:
        """Take everything out."""
        self.remove(self._rows.tolist())

    def close(self) -> None:
        """Do nothing: it holds nothing open."""


def best(rows: Rows, scores: NDArray[np.float32], k: int) -> Found:
    """Return the `k` rows with the highest scores, best first. O(n + k log k)."""
    if k < len(scores):
        picked = np.argpartition(scores, -k)[-k:]
        rows, scores = rows[picked], scores[picked]
    order = np.argsort(-scores, kind="stable")
    return rows[order], scores[order]
