"""What differs between two tables: columns, and rows added, removed and changed by their key.

The key is the first column that names every row of both tables once; without one, rows are compared whole. Pure values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.tables import Row, Table, plain

MOST_SHOWN = 200
"""Rows of each kind that an answer shows; all are counted."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that both tables have, with the cells that differ: column -> (before, after)."""

    key: str
    cells: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TableDiff:
    """What differs.

    Attributes:
        key: the column that names the rows; empty when rows were compared whole.
        columns_added, columns_removed: names.
        unchanged: rows that are the same in both.
    """

    key: str
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    changed: tuple[ChangedRow, ...]
    unchanged: int

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.columns_added or self.columns_removed or self.added or self.removed or self.changed)


def diff_tables(old: Table, new: Table) -> TableDiff:
    """Return what differs from `old` to `new`."""
    columns_added = tuple(c for c in new.columns if old.column(c) is None)
    columns_removed = tuple(c for c in old.columns if new.column(c) is None)
    key = _key(old, new)
    parts = _by_key(old, new, key) if key else _whole(old, new)
    return TableDiff(key, columns_added, columns_removed, *parts)


def _key(old: Table, new: Table) -> str:
    """Return the first column that names the rows of both; a table without rows asks nothing of it."""
    for column in new.columns:
        a, b = old.column(column), new.column(column)
        if a is not None and b is not None and _names_rows(a) and _names_rows(b) and (a or b):
            return column
    return ""


def _names_rows(cells: Sequence[str]) -> bool:
    return all(cells) and len(set(cells)) == len(cells)


_Parts = tuple[tuple[Row, ...], tuple[Row, ...], tuple[ChangedRow, ...], int]


def _by_key(old: Table, new: Table, key: str) -> _Parts:
    before = dict(zip(old.column(key) or (), old.rows, strict=True))
    after = dict(zip(new.column(key) or (), new.rows, strict=True))
    places = {plain(c): i for i, c in enumerate(old.columns)}
    shared = [(c, places[plain(c)], i) for i, c in enumerate(new.columns) if plain(c) in places]
    changed = []
    for name in after.keys() & before.keys():
        a, b = before[name], after[name]
        cells = {c: (a[i], b[j]) for c, i, j in shared if a[i] != b[j]}
        if cells:
            changed.append(ChangedRow(name, cells))
    order = {k: i for i, k in enumerate(after)}
    changed.sort(key=lambda c: order[c.key])
    added = tuple(row for k, row in after.items() if k not in before)
    removed = tuple(row for k, row in before.items() if k not in after)
    return added, removed, tuple(changed), len(after) - len(added) - len(changed)


def _whole(old: Table, new: Table) -> _Parts:
    before, after = Counter(old.rows), Counter(new.rows)
    added = tuple((after - before).elements())
    removed = tuple((before - after).elements())
    return added, removed, (), len(new.rows) - len(added)


def table_text(diff: TableDiff, old: Table, new: Table) -> str:
    """Return the differences as lines: `- row`, `+ row`, and `~ key: column: before -> after`."""
    lines = [f"- column {c}" for c in diff.columns_removed] + [f"+ column {c}" for c in diff.columns_added]
    lines += _limited((f"- {_row(old.columns, r)}" for r in diff.removed), len(diff.removed))
    lines += _limited((f"+ {_row(new.columns, r)}" for r in diff.added), len(diff.added))
    lines += _limited((f"~ {c.key}: {_cells(c)}" for c in diff.changed), len(diff.changed))
    return "".join(line + "\n" for line in lines)


def _limited(lines: Iterable[str], count: int) -> list[str]:
    out = [line for line, _ in zip(lines, range(MOST_SHOWN), strict=False)]
    return [*out, f"  (and {count - MOST_SHOWN} more)"] if count > MOST_SHOWN else out


def _row(columns: Sequence[str], row: Row) -> str:
    return ", ".join(f"{c}={v}" for c, v in zip(columns, row, strict=True))


def _cells(changed: ChangedRow) -> str:
    return "; ".join(f"{c}: {a or '(empty)'} -> {b or '(empty)'}" for c, (a, b) in changed.cells.items())


def table_summary(diff: TableDiff, *, broken: int = 0) -> str:
    """Return the differences in a sentence, with the first changes quoted."""
    parts = [f"{_rows(len(rows))} {what}" for what, rows in (("added", diff.added), ("removed", diff.removed)) if rows]
    if diff.changed:
        first = "; ".join(f"{c.key}: {_cells(c)}" for c in diff.changed[:2])
        parts.append(f"{_rows(len(diff.changed))} changed ({first}{' …' if len(diff.changed) > 2 else ''})")
    parts += [f"columns added: {', '.join(diff.columns_added)}"] if diff.columns_added else []
    parts += [f"columns removed: {', '.join(diff.columns_removed)}"] if diff.columns_removed else []
    parts += [f"{broken} broken {'row was' if broken == 1 else 'rows were'} left out"] if broken else []
    return ", ".join(parts) or "the same rows"


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def table_json(diff: TableDiff) -> dict[str, Json]:
    """Return the differences as data."""
    changed: list[Json] = []
    for c in diff.changed[:MOST_SHOWN]:
        cells: dict[str, Json] = {name: [a, b] for name, (a, b) in c.cells.items()}
        changed.append({"key": c.key, "cells": cells})
    counts: dict[str, Json] = {
        "added": len(diff.added),
        "removed": len(diff.removed),
        "changed": len(diff.changed),
        "unchanged": diff.unchanged,
    }
    return {
        "key": diff.key,
        "columns_added": list(diff.columns_added),
        "columns_removed": list(diff.columns_removed),
        "added": [list(r) for r in diff.added[:MOST_SHOWN]],
        "removed": [list(r) for r in diff.removed[:MOST_SHOWN]],
        "changed": changed,
        "counts": counts,
    }
