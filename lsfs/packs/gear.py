"""FastCDC in plain Python: the same cuts as the compiled chunker, a few hundred times slower.

It keeps a store writable where the compiled library is missing, and is the specification that the library is tested against.

Source: Xia et al., "The Design of Fast Content-Defined Chunking for Data Deduplication Based Storage Systems" (IEEE TPDS 2020),
    with normalized chunking level 1. The gear table is the one of the paper's implementation: the first eight bytes of the MD5
    of 64 equal bytes. We changed nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

GEAR = tuple(int.from_bytes(hashlib.md5(bytes([byte]) * 64, usedforsecurity=False).digest()[:8], "big") for byte in range(256))
_MASK64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Cuts:
    """Parameters of one chunker.

    Attributes:
        smallest: no cut before this many bytes.
        average: from here on the easier mask decides.
        largest: a cut at the latest here.
        mask_hard: a cut where gear hash & mask is 0, up to `average`.
        mask_easy: the same after it.
    """

    smallest: int
    average: int
    largest: int
    mask_hard: int
    mask_easy: int


def first_cut(data: memoryview, cuts: Cuts) -> int:
    """Return the length of the first chunk of `data`; O(n) with about 0.1 us a byte."""
    if len(data) <= cuts.smallest:
        return len(data)
    end = min(len(data), cuts.largest)
    middle = min(end, cuts.average)
    digest = 0
    for mask, start, stop in (
        (cuts.mask_hard, cuts.smallest, middle // 2 * 2),
        (cuts.mask_easy, middle // 2 * 2, end // 2 * 2),
    ):
        for at in range(start, stop):
            digest = (digest << 1) + GEAR[data[at]] & _MASK64
            if not digest & mask:
                return at
    return end


def cut_all(data: memoryview, cuts: Cuts) -> Iterator[memoryview]:
    """Yield the chunks of `data`."""
    while data:
        length = first_cut(data, cuts)
        yield data[:length]
        data = data[length:]
