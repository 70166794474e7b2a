"""The result of a join as one table: rows of two tables with the same value put side by side, or the pairs of files themselves.

An inner join, as `csvjoin` or SQL do it: a row for each pair of rows whose key has the same value (case and blanks around it do
not matter; an empty key joins with nothing). Pure values.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from lsfs_syscalls.run.tables import Row, Table, plain

MOST_ROWS = 50_000
"""Rows that an answer has; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Side:
    """A table and the name that its columns get where another has the same."""

    table: Table
    name: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The rows, and how many there would be."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: int


def join_rows(left: Side, right: Side, key: str) -> Joined:
    """Return the rows of both tables that have the same value in the column `key`, which comes first."""
    mine, theirs = _place(left.table, key), _place(right.table, key)
    by_value: dict[str, list[Row]] = defaultdict(list)
    for row in right.table.rows:
        if value := row[theirs].strip().casefold():
            by_value[value].append(row)
    rows: list[Row] = []
    total = 0
    for row in left.table.rows:
        matches = by_value.get(row[mine].strip().casefold(), ())
        total += len(matches)
        rows += [(row[mine], *_without(row, mine), *_without(m, theirs)) for m in matches[: max(MOST_ROWS - len(rows), 0)]]
    columns = [left.table.columns[mine], *_without(left.table.columns, mine), *_without(right.table.columns, theirs)]
    return Joined(_distinct(columns, len(left.table.columns), right.name), tuple(rows), total)


def _place(table: Table, key: str) -> int:
    return [plain(c) for c in table.columns].index(plain(key))


def _without(row: Sequence[str], place: int) -> Row:
    return (*row[:place], *row[place + 1 :])


def _distinct(columns: Sequence[str], first: int, name: str) -> tuple[str, ...]:
    """Return the columns, those from place `first` on with the right table's name where they are there already."""
    out = list(columns[:first])
    for column in columns[first:]:
        new = column if plain(column) not in {plain(c) for c in out} else f"{column} ({name})"
        out.append(new)
    return tuple(out)


def stacked(parts: Sequence[tuple[str, str, Joined]]) -> Joined:
    """Return the rows of several joins in one table, with the names of the two files before them; missing cells are empty."""
    columns = dict.fromkeys(c for _, _, j in parts for c in j.columns)
    places = {c: i for i, c in enumerate(columns)}
    rows: list[Row] = []
    for left, right, j in parts:
        for row in j.rows[: max(MOST_ROWS - len(rows), 0)]:
            cells = [""] * len(columns)
            for column, cell in zip(j.columns, row, strict=True):
                cells[places[column]] = cell
            rows.append((left, right, *cells))
    return Joined(("left file", "right file", *columns), tuple(rows), sum(j.total for _, _, j in parts))


def csv_text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as CSV (RFC 4180, with line feeds)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
