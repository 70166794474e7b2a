"""A delimited table as numbers: a hash and the leading bytes of every cell, made with whole-array operations.

It is what containment of tables is decided on: 200 MB of CSV take seconds, where a row-by-row reader takes a minute. Quoted
cells are understood (delimiters and line ends inside of quotes are none); rows with another number of cells than the header are
left out and counted. It gives no text back; `lsfs_syscalls.run.tables` reads tables for people.

Threading: pure functions.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsfs_syscalls.run.shingles import Hashes, mixed, span_hashes
from lsfs_syscalls.run.tables import delimiter_of, header_of

_BLOCK = 1 << 20
_NEWLINE, _RETURN, _QUOTE, _BLANK = 10, 13, 34, 32
Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scan:
    """A table's cells as hashes.

    Attributes:
        columns: names in lower case, in order.
        cells: uint64 [rows, columns].
        low, high: of each column, the first and last value in byte order, as its leading eight bytes (uint64 [columns]).
        broken: rows left out because their number of cells is not that of the header.
    """

    columns: tuple[str, ...]
    cells: Hashes
    low: Hashes
    high: Hashes
    broken: int

    @property
    def rows(self) -> int:
        """Rows without the header."""
        return len(self.cells)


def scan(data: bytes, *, quoting: bool = True) -> Scan | None:
    """Return the table that `data` (CSV, TSV) holds, or None where its first line is no header of at least two columns.

    Args:
        quoting: quotes around a cell belong to the form and not to the cell.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    delimiter = delimiter_of(_first_line(data).decode("utf-8", "replace"))
    blocks = _blocks(data, quoting=quoting) if delimiter else iter(())
    columns: tuple[str, ...] = ()
    parts: list[tuple[Hashes, Hashes, Hashes]] = []
    broken = 0
    for block in blocks:
        body = block
        if not columns:
            columns, body = _header(block, delimiter, quoting=quoting)
            if len(columns) < 2:
                return None
        cells, low, high, bad = _cells(body, ord(delimiter), len(columns), quoting=quoting)
        parts.append((cells, low, high))
        broken += bad
    if not columns:
        return None
    cells = np.concatenate([p[0] for p in parts])
    return Scan(columns, cells, np.min([p[1] for p in parts], axis=0), np.max([p[2] for p in parts], axis=0), broken)


def _first_line(data: bytes) -> bytes:
    end = data.find(b"\n")
    return data if end < 0 else data[:end]


def _header(block: bytes, delimiter: str, *, quoting: bool) -> tuple[tuple[str, ...], bytes]:
    """Return the column names and what follows them; a first line that holds numbers is a row, its columns are numbered."""
    lines = block.decode("utf-8", "replace").splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE)
    try:
        first = next(reader, [])
    except csv.Error:
        return (), b""
    names = header_of(first)
    if names is None:
        return tuple(f"column {i}" for i in range(1, len(first) + 1)), block
    end = 0
    for _ in range(reader.line_num):
        end = block.find(b"\n", end) + 1 or len(block)
    return tuple(n.lower() for n in names), block[end:]


def _blocks(data: bytes, *, quoting: bool) -> Iterator[bytes]:
    """Yield whole rows, about a mebibyte at a time; a row that is longer than that comes cut (and counts as broken)."""
    at = 0
    while at < len(data):
        end = at + _BLOCK
        if end < len(data):
            end = _row_end(data, at, end, quoting=quoting)
        yield data[at:end]
        at = end


def _row_end(data: bytes, at: int, end: int, *, quoting: bool) -> int:
    cut = data.rfind(b"\n", at, end) + 1
    while cut > at and quoting and data.count(b'"', at, cut) % 2:
        cut = data.rfind(b"\n", at, cut - 1) + 1
    return cut if cut > at else end


def _cells(body: bytes, delimiter: int, columns: int, *, quoting: bool) -> tuple[Hashes, Hashes, Hashes, int]:
    """Return the hashes of the cells of whole rows, the first and last leading bytes a column, and the broken rows."""
    text = np.frombuffer(body if body.endswith(b"\n") or not body else body + b"\n", np.uint8)
    starts, ends, broken = _bounds(text, delimiter, columns, quoting=quoting)
    if not len(starts):
        nothing = np.zeros((0, columns), np.uint64)
        return nothing, np.full(columns, np.iinfo(np.uint64).max, np.uint64), np.zeros(columns, np.uint64), broken
    hashes = mixed(span_hashes(text.astype(np.uint64), starts, ends) + (ends - starts).astype(np.uint64))
    lead = _leading(text, starts, ends).reshape(-1, columns)
    return hashes.reshape(-1, columns), lead.min(axis=0), lead.max(axis=0), broken


def _bounds(text: Bytes, delimiter: int, columns: int, *, quoting: bool) -> tuple[Index, Index, int]:
    """Return the start and end of each cell of the rows that have `columns` cells, and how many rows have not."""
    newline = text == _NEWLINE
    border = newline | (text == delimiter)
    quotes = text == _QUOTE
    if quoting and quotes.any():
        border &= np.cumsum(quotes) % 2 == 0
    ends = np.flatnonzero(border)
    lasts = np.flatnonzero(newline[ends])
    counts = np.diff(lasts, prepend=-1)
    whole = counts == columns
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    row_starts = starts[lasts - counts + 1]
    lengths = ends[lasts] - row_starts
    empty = (lengths == 0) | ((lengths == 1) & (text[row_starts] == _RETURN))
    broken = int(np.count_nonzero(~whole & ~empty))
    kept = np.repeat(whole, counts)
    starts, ends = starts[: len(kept)][kept], ends[: len(kept)][kept]
    return (*_trimmed(text, starts, ends, quoting=quoting), broken)


def _trimmed(text: Bytes, starts: Index, ends: Index, *, quoting: bool) -> tuple[Index, Index]:
    """Return the bounds without the carriage return, blanks and quotes around a cell."""
    last = text[np.maximum(ends - 1, 0)]
    ends = ends - ((last == _RETURN) & (ends > starts))
    for _ in range(2):
        starts = starts + ((text[np.minimum(starts, len(text) - 1)] == _BLANK) & (starts < ends))
        ends = ends - ((text[np.maximum(ends - 1, 0)] == _BLANK) & (ends > starts))
    if quoting:
        quoted = (ends - starts >= 2) & (text[starts] == _QUOTE) & (text[np.maximum(ends - 1, 0)] == _QUOTE)
        starts, ends = starts + quoted, ends - quoted
    return starts, ends


def _leading(text: Bytes, starts: Index, ends: Index) -> Hashes:
    """Return the first eight bytes of each cell as a number that sorts as they do."""
    padded = np.concatenate([text, np.zeros(8, np.uint8)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 8)
    lead = np.ascontiguousarray(windows[starts]).view(">u8").ravel().astype(np.uint64)
    missing = 8 - np.minimum(ends - starts, 8)
    keep = np.array([(0xFFFFFFFFFFFFFFFF << (8 * m)) & 0xFFFFFFFFFFFFFFFF for m in range(9)], np.uint64)
    out: Hashes = lead & keep[missing]
    return out
