"""Tables for people: columns and rows of text, out of CSV, TSV, the text of a spreadsheet, or a JSON list of records.

Broken rows (another number of cells than the header) are kept apart and counted, so that an answer can say how many it left
out. It reads values that are handed in and opens no file.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

DELIMITERS = ",;\t|"
MOST_BYTES = 64 * 1024 * 1024
"""A larger table is not read for people (a diff or a join on a column)."""

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        columns: as they are written.
        rows: each with as many cells as there are columns.
        broken: rows left out.
        name: of a sheet; empty for a file that holds one table.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    broken: int = 0
    name: str = ""

    def column(self, name: str) -> list[str] | None:
        """Return the cells of the column of that name (case and blanks do not matter), or None."""
        wanted = plain(name)
        for i, column in enumerate(self.columns):
            if plain(column) == wanted:
                return [row[i] for row in self.rows]
        return None


def plain(name: str) -> str:
    """Return a column's name without case, blanks and separators: `Customer ID` is `customer_id`."""
    return "_".join(name.lower().replace("-", " ").replace("_", " ").replace(".", " ").split())


def delimiter_of(first_line: str) -> str:
    """Return what separates the cells of the first line, or the empty string when nothing does."""
    counts = {d: first_line.count(d) for d in DELIMITERS}
    best = max(DELIMITERS, key=lambda d: (counts[d], -DELIMITERS.index(d)))
    return best if counts[best] else ""


def header_of(cells: Sequence[str]) -> tuple[str, ...] | None:
    """Return the names when `cells` looks like a header: every cell a distinct name, none of them a number."""
    names = tuple(c.strip() for c in cells)
    if len(set(names)) < len(names) or not all(names) or any(is_number(n) for n in names):
        return None
    return names


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number, with a point or a comma."""
    try:
        float(cell.replace(",", ".", 1))
    except ValueError:
        return False
    return True


def delimited(text: str, *, quoting: bool = True, name: str = "") -> Table | None:
    """Return the table that CSV or TSV text holds; None when its first line is no row of at least two cells."""
    text = text.removeprefix("\ufeff")
    delimiter = delimiter_of(text.partition("\n")[0])
    if not delimiter:
        return None
    mode = csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE
    cells = _read(text, delimiter, mode)
    return _table(cells, name) if cells and len(cells[0]) > 1 else None


def _read(text: str, delimiter: str, quoting: Any) -> list[list[str]]:
    out: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return out
        except csv.Error:
            row = ["(unreadable row)"]
        if row:
            out.append([c.strip() for c in row])


def _table(cells: list[list[str]], name: str) -> Table:
    names = header_of(cells[0])
    columns = names or tuple(f"column {i}" for i in range(1, len(cells[0]) + 1))
    body = cells[1:] if names else cells
    rows = tuple(tuple(r) for r in body if len(r) == len(columns))
    return Table(columns, rows, len(body) - len(rows), name)


def sheets(parts: Sequence[tuple[str, str]]) -> list[Table]:
    """Return a table for each named sheet, whose text has a line a row and tabs between the cells."""
    found = (_sheet(name, text) for name, text in parts)
    return [t for t in found if t is not None]


def _sheet(name: str, text: str) -> Table | None:
    cells = [[c.strip() for c in line.split("\t")] for line in text.splitlines() if line.strip()]
    if not cells:
        return None
    width = max(len(r) for r in cells)
    return _table([r + [""] * (width - len(r)) for r in cells], name)


def records(text: str) -> Table | None:
    """Return a JSON list of objects, or the first such list in an object, as a table; None when there is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = _records(data)
    if not found:
        return None
    columns = list(dict.fromkeys(k for r in found for k in r))
    return Table(tuple(columns), tuple(tuple(_shown(r.get(c)) for c in columns) for r in found))


def _records(data: Any) -> list[dict[str, Any]]:
    lists = [data] if isinstance(data, list) else list(data.values()) if isinstance(data, dict) else []
    for one in lists:
        if isinstance(one, list) and one and all(isinstance(r, dict) for r in one):
            return one
    return []


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else json.dumps(value, ensure_ascii=False)
