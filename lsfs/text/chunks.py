"""Text to chunks: passages of about 150 words that overlap by about 30 and end where the text pauses.

Lengths are counted in characters (6 a word): finding borders by substring search costs a hundredth of splitting into words.
Code and tables get shorter chunks, scripts without blanks the shortest, since the model has a token for each of their
signs. A chunk never crosses a
mark (page, sheet, cell). Its id is the BLAKE3 of its text, so that an edit leaves the chunks around it as they were: the
borders that follow an edit fall into step again at the next paragraph.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from blake3 import blake3

from lsfs.text.extracted import Mark

PROSE = (1000, 180)
CODE = (640, 120)
DENSE = (240, 40)
"""Greatest length and overlap in characters; each keeps nearly all chunks below the model's 256 tokens."""

HASH_BYTES = 16
_BORDERS = ("\n\n", "\n", ". ", "。", "! ", "? ", "; ", ", ", " ")
_SIGNS = re.compile(r"[^\w\s.,]|\d")
_DENSE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f]")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a text.

    Attributes:
        start, end: its span in characters of the text.
        line: the line it starts in, from 1.
        page: the page it is on; None where there are none.
        label: the sheet or cell it is in.
        hash: BLAKE3 of its text, the first 16 bytes.
    """

    start: int
    end: int
    line: int
    page: int | None
    label: str | None
    hash: bytes


def chunks(text: str, marks: Sequence[Mark] = ()) -> list[Chunk]:
    """Return the chunks of `text` in order. O(length)."""
    out: list[Chunk] = []
    line, counted = 1, 0
    for mark, begin, end in _sections(text, marks):
        target, overlap = _lengths(text, begin, end)
        for start, stop in _spans(text, begin, end, target, overlap):
            line += text.count("\n", counted, start) if start >= counted else -text.count("\n", start, counted)
            counted = start
            out.append(Chunk(start, stop, line, mark.page, mark.label, chunk_hash(text[start:stop])))
    return out


def chunk_hash(text: str) -> bytes:
    """Return the id of a chunk's text."""
    return blake3(text.encode("utf-8", "surrogatepass")).digest(HASH_BYTES)


def mark_at(marks: Sequence[Mark], offset: int) -> Mark:
    """Return the page, sheet or cell that `offset` is in."""
    index = bisect.bisect_right(marks, offset, key=lambda m: m.offset) - 1
    return marks[index] if index >= 0 else Mark(0)


def _sections(text: str, marks: Sequence[Mark]) -> Iterator[tuple[Mark, int, int]]:
    bounds = [m for m in marks if m.offset < len(text)]
    if not bounds or bounds[0].offset > 0:
        bounds = [Mark(0), *bounds]
    for mark, following in pairwise([*bounds, Mark(len(text))]):
        yield mark, mark.offset, following.offset


def _lengths(text: str, begin: int, end: int) -> tuple[int, int]:
    sample = text[begin : min(end, begin + 2000)]
    if len(_DENSE.findall(sample)) > 0.3 * len(sample):
        return DENSE
    return CODE if len(_SIGNS.findall(sample)) > 0.08 * len(sample) else PROSE


def _spans(text: str, begin: int, end: int, target: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) without leading and trailing blanks."""
    start = begin
    while start < end:
        stop = end if end - start <= target * 5 // 4 else _border(text, start + target * 2 // 3, start + target)
        left = start + _leading(text, start, stop)
        right = stop - _trailing(text, left, stop)
        if right > left:
            yield left, right
        if stop >= end:
            return
        start = max(_border(text, stop - overlap, stop - overlap // 2), start + 1)


def _border(text: str, low: int, high: int) -> int:
    """Return the best place to cut in (low, high]: after a paragraph, a line, a sentence, a word; `high` when there is none."""
    for border in _BORDERS:
        found = text.rfind(border, low, high)
        if found >= 0:
            return found + len(border)
    return high


def _leading(text: str, start: int, stop: int) -> int:
    part = text[start:stop]
    return len(part) - len(part.lstrip())


def _trailing(text: str, start: int, stop: int) -> int:
    part = text[start:stop]
    return len(part) - len(part.rstrip())
