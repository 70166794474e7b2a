"""Tables as text and attributes: CSV columns, spreadsheet sheets, the cells of a notebook."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence

from lsfs.text.extracted import Attributes, Extracted, Mark

_SAMPLE = 16_384
_MAX_CELL = 200


def csv_attributes(text: str) -> Attributes:
    """Return the column names of a delimited table when its first line looks like a header."""
    sample = text[:_SAMPLE]
    try:
        dialect = csv.Sniffer().sniff(sample, delimiters=",;\t|")
        header = next(csv.reader(sample.splitlines(), dialect))
    except (csv.Error, StopIteration):
        return {}
    if len(header) < 2 or any(_is_number(cell) for cell in header):
        return {}
    return {"column": [cell.strip() for cell in header]}


def sheets(tables: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> Extracted:
    """Return the text of named sheets: a line a row, tabs between cells, a mark where each sheet begins."""
    lines: list[str] = []
    marks: list[Mark] = []
    columns: list[str] = []
    offset = 0
    for name, rows in tables:
        marks.append(Mark(offset, None, name))
        for row in rows:
            line = "\t".join(" ".join(str(cell)[:_MAX_CELL].split()) for cell in row)
            lines.append(line)
            offset += len(line) + 1
        if rows and not any(_is_number(cell) for cell in rows[0]):
            columns += [str(cell) for cell in rows[0]]
    attributes = {"sheet": [name for name, _ in tables], "column": columns}
    return Extracted("\n".join(lines), attributes, tuple(marks))


def cell_name(text: str, mark: Mark, offset: int) -> str:
    """Return the address of the cell at `offset` of a sheet's text, as in "Plan!B7"."""
    row = text.count("\n", mark.offset, offset) + 1
    start = text.rfind("\n", mark.offset, offset) + 1 or mark.offset
    column = text.count("\t", max(start, mark.offset), offset)
    letters = ""
    while column >= 0:
        letters = chr(ord("A") + column % 26) + letters
        column = column // 26 - 1
    return f"{mark.label}!{letters}{row}"


def notebook(text: str) -> Extracted | None:
    """Return the cells of a Jupyter notebook, each with a mark; None when it is not one."""
    try:
        cells = json.loads(text)["cells"]
        parts = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    out: list[str] = []
    marks: list[Mark] = []
    offset = 0
    for number, source in enumerate(parts, 1):
        marks.append(Mark(offset, None, f"cell {number}"))
        out.append(source)
        offset += len(source) + 2
    return Extracted("\n\n".join(out), {"cell_count": [str(len(parts))]}, tuple(marks))


def _is_number(cell: object) -> bool:
    try:
        float(str(cell).replace(",", "."))
    except ValueError:
        return False
    return True
