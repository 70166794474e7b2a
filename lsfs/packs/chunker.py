"""Chunking with frozen parameters: where content is cut, in memory or as a stream.

Up to 64 KiB a content is one chunk. Above it FastCDC cuts at 16/64/256 KiB (smallest, average, largest); content over 64 MiB
that does not compress (media) at 256 KiB/1 MiB/4 MiB. The numbers stand in the header of every pack and never change within
format 1: other cuts would store every large file again.

Threading: a `Chunker` belongs to one thread. Streams are cut in constant memory (two largest chunks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from lsfs.packs.gear import Cuts, cut_all, first_cut

try:
    from pyfastcdc import FastCDC
except ImportError:  # the store stays usable, only slower
    FastCDC = None  # type: ignore[assignment,misc]

KIB, MIB = 1024, 1024 * 1024
SMALL = 64 * KIB
MEDIA_FROM = 64 * MIB
TEXT_CUTS = Cuts(16 * KIB, 64 * KIB, 256 * KIB, 0x0000D90703537000, 0x0000D90F03530000)
MEDIA_CUTS = Cuts(256 * KIB, MIB, 4 * MIB, 0x0000D91767537000, 0x0000D91707537000)
FASTCDC_2020 = 1
FROZEN = (
    FASTCDC_2020,
    *(TEXT_CUTS.smallest, TEXT_CUTS.average, TEXT_CUTS.largest),
    *(MEDIA_CUTS.smallest, MEDIA_CUTS.average, MEDIA_CUTS.largest),
)
"""What a pack's header says of the chunking."""


class Source(Protocol):
    """Something to read from: fills the buffer from its start, returns the bytes read, 0 at the end."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Return the number of bytes read."""
        ...


class Chunker:
    """Cuts content by one set of parameters."""

    def __init__(self, cuts: Cuts, *, compiled: bool = True) -> None:
        self._cuts = cuts
        self._fast: Any = None
        if compiled and FastCDC is not None:
            self._fast = FastCDC(cuts.average, min_size=cuts.smallest, max_size=cuts.largest, normalized_chunking=1, seed=0)

    def cut(self, data: bytes | memoryview) -> Iterator[memoryview]:
        """Yield the chunks of `data` as views of it."""
        if self._fast is None:
            return cut_all(memoryview(data), self._cuts)
        return (chunk.data for chunk in self._fast.cut_buf(data))

    def cut_stream(self, source: Source) -> Iterator[memoryview]:
        """Yield the chunks of a stream; each view is valid until the next is asked for."""
        if self._fast is None:
            return _cut_stream(source.readinto, self._cuts)
        return (chunk.data for chunk in self._fast.cut_stream(source))


def _cut_stream(readinto: Callable[[memoryview], int], cuts: Cuts) -> Iterator[memoryview]:
    """Cut a stream with the plain chunker."""
    buffer, filled, ended = bytearray(2 * cuts.largest), 0, False
    while True:
        while filled < len(buffer) and not ended:
            got = readinto(memoryview(buffer)[filled:])
            filled, ended = filled + got, got == 0
        if not filled:
            return
        length = first_cut(memoryview(buffer)[:filled], cuts)
        yield memoryview(buffer)[:length]
        buffer[: filled - length] = buffer[length:filled]
        filled -= length
