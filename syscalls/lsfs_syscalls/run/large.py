"""What differs between two texts that are too large to be compared as a whole: what lies between their common begin and end.

Logs grow at the end and are cut at the beginning, so that this finds all that differs. Both are read once as streams, a
mebibyte at a time; only what lies between is taken into memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

_BLOCK = 1 << 20
_WINDOW = 64 * 1024
_CONTEXT = 3
MOST_BETWEEN = 4 << 20
"""Bytes between the common parts, of each side, that are compared line by line."""


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between, with some lines around it.

    Attributes:
        old, new: the two parts; None where one is too large.
        line: lines before them.
        removed, added: bytes that differ on each side.
    """

    old: bytes | None
    new: bytes | None
    line: int
    removed: int
    added: int


def between(old: BinaryIO, new: BinaryIO) -> Between:
    """Return what lies between the common begin and the common end of two seekable streams."""
    sizes = old.seek(0, os.SEEK_END), new.seek(0, os.SEEK_END)
    begin, lines = _common_begin(old, new)
    end = _common_end(old, new, sizes, min(sizes) - begin)
    removed, added = sizes[0] - begin - end, sizes[1] - begin - end
    if max(removed, added) > MOST_BETWEEN:
        return Between(None, None, lines, removed, added)
    window = _at(old, max(begin - _WINDOW, 0), min(begin, _WINDOW))
    lead = _last_lines(window)
    tail = _first_lines(_at(old, sizes[0] - end, min(end, _WINDOW)))
    parts = [lead + _at(f, begin, size) + tail for f, size in ((old, removed), (new, added))]
    return Between(parts[0], parts[1], lines - lead.count(b"\n"), removed, added)


def _at(f: BinaryIO, offset: int, size: int) -> bytes:
    f.seek(offset)
    parts = bytearray()
    while len(parts) < size and (piece := f.read(size - len(parts))):
        parts += piece
    return bytes(parts)


def _common_begin(old: BinaryIO, new: BinaryIO) -> tuple[int, int]:
    """Return how many bytes both begin with, and the line ends in them."""
    offset = lines = 0
    while True:
        a, b = _at(old, offset, _BLOCK), _at(new, offset, _BLOCK)
        if a == b and a:
            offset += len(a)
            lines += a.count(b"\n")
            continue
        same = _same(a, b)
        return offset + same, lines + a[:same].count(b"\n")


def _common_end(old: BinaryIO, new: BinaryIO, sizes: tuple[int, int], most: int) -> int:
    """Return how many bytes both end with, at most `most`."""
    done = 0
    while done < most:
        size = min(_BLOCK, most - done)
        a, b = _at(old, sizes[0] - done - size, size), _at(new, sizes[1] - done - size, size)
        if a != b:
            return done + _same(a[::-1], b[::-1])
        done += size
    return done


def _same(a: bytes, b: bytes) -> int:
    """Return how many bytes both begin with."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _last_lines(window: bytes) -> bytes:
    """Return the end of a window from the begin of a line, with some whole lines before it."""
    at = len(window)
    for _ in range(_CONTEXT + 1):
        at = window.rfind(b"\n", 0, at)
        if at < 0:
            return window
    return window[at + 1 :]


def _first_lines(window: bytes) -> bytes:
    """Return the begin of a window: the rest of a line, and some whole lines behind it."""
    at = -1
    for _ in range(_CONTEXT + 1):
        at = window.find(b"\n", at + 1)
        if at < 0:
            return window
    return window[: at + 1]
