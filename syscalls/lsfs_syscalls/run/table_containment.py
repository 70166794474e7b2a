"""Which tables are contained in which: all columns of one are columns of the other, and all its rows, on those, rows of it.

The tests go from cheap to dear, and each can only rule out: names of columns; first and last value of each column; number of
distinct rows; a sample of rows; all rows. A row is the sum of its cells' hashes, each mixed with its column's name, so that the
order of columns and rows does not matter.

Source: "R2D2: Reducing Redundancy and Duplication in Data Lakes" (schema containment graph, min-max pruning, content pruning).
Changed: rows are compared by 64-bit hashes that are made once a table, which makes the last stage exact instead of sampled; the
first and last values are the cells' leading bytes, for text and numbers alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import blake3
import numpy as np

from lsfs_syscalls.run.shingles import Hashes, mixed
from lsfs_syscalls.run.table_scan import Scan

_SAMPLE = 64


@dataclass(frozen=True, slots=True)
class Contained:
    """Table `inner` is contained in table `outer` (numbers in the list that was given)."""

    inner: int
    outer: int
    rows: int
    columns: int


def contained(tables: Sequence[Scan]) -> list[Contained]:
    """Return every pair of a table with rows and one that it is contained in."""
    rows = _Rows(tables)
    out = []
    for names, inners in _by_schema(tables).items():
        outers = [i for i, t in enumerate(tables) if names <= set(t.columns)]
        for a, b in _within_bounds(tables, sorted(names), inners, outers):
            if rows.within(a, b, names):
                out.append(Contained(a, b, tables[a].rows, len(names)))
    return sorted(out, key=lambda c: (c.inner, c.outer))


def _by_schema(tables: Sequence[Scan]) -> dict[frozenset[str], list[int]]:
    out: dict[frozenset[str], list[int]] = {}
    for i, t in enumerate(tables):
        if t.rows and len(set(t.columns)) == len(t.columns):
            out.setdefault(frozenset(t.columns), []).append(i)
    return out


def _within_bounds(tables: Sequence[Scan], names: list[str], inners: list[int], outers: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the pairs in which no column of the inner table goes below or above that of the outer one."""
    low, high = _bounds(tables, names, outers)
    where = np.array(outers, np.int64)
    for a in inners:
        a_low, a_high = _bounds(tables, names, [a])
        fits = (a_low >= low).all(axis=1) & (a_high <= high).all(axis=1) & (where != a)
        for b in where[fits].tolist():
            yield a, b


def _bounds(tables: Sequence[Scan], names: list[str], which: list[int]) -> tuple[Hashes, Hashes]:
    places = [[tables[i].columns.index(n) for n in names] for i in which]
    low = np.stack([tables[i].low[p] for i, p in zip(which, places, strict=True)])
    high = np.stack([tables[i].high[p] for i, p in zip(which, places, strict=True)])
    return low, high


class _Rows:
    """The distinct row hashes of tables on some of their columns, each made once."""

    def __init__(self, tables: Sequence[Scan]) -> None:
        self._tables = tables
        self._made: dict[tuple[int, frozenset[str]], Hashes] = {}

    def within(self, a: int, b: int, names: frozenset[str]) -> bool:
        """Tell whether every row of `a` is one of `b`."""
        x, y = self._rows(a, names), self._rows(b, names)
        if len(x) > len(y):
            return False
        sample = x[:: max(1, len(x) // _SAMPLE)]
        return _all_in(sample, y) and _all_in(x, y)

    def _rows(self, i: int, names: frozenset[str]) -> Hashes:
        key = (i, names)
        if key not in self._made:
            self._made[key] = row_hashes(self._tables[i], names)
        return self._made[key]


def row_hashes(table: Scan, names: frozenset[str]) -> Hashes:
    """Return the distinct hashes of a table's rows on the columns `names`, in rising order."""
    total = np.zeros(table.rows, np.uint64)
    for i, name in enumerate(table.columns):
        if name in names:
            salt = int.from_bytes(blake3.blake3(name.encode("utf-8", "surrogatepass")).digest()[:8], "little")
            total += mixed(table.cells[:, i] ^ np.uint64(salt))
    return np.unique(total)


def _all_in(x: Hashes, y: Hashes) -> bool:
    """Tell whether all of sorted `x` are in sorted `y`."""
    place = np.searchsorted(y, x)
    place[place == len(y)] = 0
    return bool(np.all(y[place] == x))
