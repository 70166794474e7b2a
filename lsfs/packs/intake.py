"""Taking contents in: from memory or from a descriptor, cut into chunks, sparse files by their extents, in constant memory.

It reads what the descriptor gives between offset 0 and the size it has at the start. A file that changes meanwhile makes a
content that never was; telling that (fstat before and after) is the caller's business.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

from lsfs.packs.chunker import MEDIA_CUTS, MEDIA_FROM, SMALL, TEXT_CUTS, Chunker
from lsfs.packs.codec import compressible
from lsfs.packs.content import EMPTY, HOLE, Content
from lsfs.packs.digest import LARGE_HOLES, WholeDigest

Add = Callable[[bytes | memoryview], bytes]
"""Stores a chunk and returns its id."""

_SMALLEST_HOLE = 64 * 1024
_SAMPLE = 64 * 1024
_PIECE = 1 << 20


class Intake:
    """Cuts contents and stores their chunks through `add`.

    Threading: one thread.
    """

    def __init__(self, add: Add) -> None:
        self._add = add
        self._text, self._media = Chunker(TEXT_CUTS), Chunker(MEDIA_CUTS)

    def take(self, data: bytes) -> Content:
        """Store bytes in memory."""
        size = len(data)
        if size <= SMALL:
            return self._small(data)
        middle = size // 2
        chunker = self._chunker(size, lambda: data[middle : middle + _SAMPLE])
        builder = _Builder(self._add)
        for chunk in chunker.cut(data):
            builder.chunk(chunk)
        return builder.content()

    def take_file(self, fd: int, size_hint: int) -> Content:
        """Store what a descriptor holds, whatever its position."""
        if size_hint <= SMALL:
            data = _read_small(fd, size_hint)
            if data is not None:
                return self._small(data)
        stat = os.fstat(fd)
        size = stat.st_size
        chunker = self._chunker(size, lambda: os.pread(fd, _SAMPLE, size // 2))
        builder = _Builder(self._add, _holes(fd, stat))
        spans = _spans(fd, size) if stat.st_blocks * 512 < size else iter([(0, size, False)])
        for start, end, hole in spans:
            if hole:
                builder.hole(end - start)
            elif not self._data(builder, chunker, fd, start, end):
                break
        return builder.content()

    def _small(self, data: bytes) -> Content:
        """Store a content of at most one chunk."""
        if not data:
            return EMPTY
        id_ = self._add(data)
        return Content(id_, len(data), (id_,), (len(data),))

    def _data(self, builder: _Builder, chunker: Chunker, fd: int, start: int, end: int) -> bool:
        """Store a range of a file; tell whether it was there to its end."""
        source = _Range(fd, start, end)
        if end - start <= SMALL:
            buffer = bytearray(end - start)
            filled = _fill(source, buffer)
            if filled:
                builder.chunk(memoryview(buffer)[:filled])
        else:
            for chunk in chunker.cut_stream(source):
                builder.chunk(chunk)
        return source.at == end

    def _chunker(self, size: int, sample: Callable[[], bytes]) -> Chunker:
        """Choose the cuts: large ones for large content that does not compress."""
        return self._media if size > MEDIA_FROM and not compressible(sample()) else self._text


class _Builder:
    """Collects the extents of one content."""

    def __init__(self, add: Add, holes_bytes: int = 0) -> None:
        self._add, self._whole = add, WholeDigest(holes_bytes)
        self._chunks: list[bytes] = []
        self._lengths: list[int] = []

    def chunk(self, data: memoryview) -> None:
        """Take the next chunk."""
        self._whole.data(data)
        self._chunks.append(self._add(data))
        self._lengths.append(len(data))

    def hole(self, length: int) -> None:
        """Take a hole."""
        self._whole.hole(length)
        self._chunks.append(HOLE)
        self._lengths.append(length)

    def content(self) -> Content:
        """Return the content."""
        return Content(self._whole.digest(), sum(self._lengths), tuple(self._chunks), tuple(self._lengths))


class _Range:
    """A range of a file as a stream."""

    def __init__(self, fd: int, start: int, end: int) -> None:
        self._fd, self.at, self._end = fd, start, end

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill `buffer`; 0 at the end of the range or of the file."""
        wanted = min(len(buffer), self._end - self.at)
        got = os.preadv(self._fd, [buffer[:wanted]], self.at) if wanted else 0
        self.at += got
        return got


def file_digest(fd: int) -> bytes:
    """Return the digest that the content of a regular file has in the store, without storing it."""
    stat = os.fstat(fd)
    whole = WholeDigest(_holes(fd, stat))
    for start, end, hole in _spans(fd, stat.st_size):
        if hole:
            whole.hole(end - start)
            continue
        source, buffer = _Range(fd, start, end), bytearray(_PIECE)
        while got := source.readinto(memoryview(buffer)):
            whole.data(memoryview(buffer)[:got])
    return whole.digest()


def _holes(fd: int, stat: os.stat_result) -> int:
    """Return how long the holes of a file are together; 0 where that makes no difference to its digest."""
    if stat.st_size - stat.st_blocks * 512 <= LARGE_HOLES:
        return 0
    return sum(end - start for start, end, hole in _spans(fd, stat.st_size) if hole)


def _fill(source: _Range, buffer: bytearray) -> int:
    """Read until the buffer is full or the source ends; return the bytes."""
    filled = 0
    while filled < len(buffer):
        got = source.readinto(memoryview(buffer)[filled:])
        if not got:
            break
        filled += got
    return filled


def _read_small(fd: int, size_hint: int) -> bytes | None:
    """Return all of a small file; None when it is larger than one chunk."""
    data = os.pread(fd, size_hint + 1, 0)
    if len(data) == size_hint or not data:
        return data
    while len(data) <= SMALL:
        part = os.pread(fd, SMALL + 1 - len(data), len(data))
        if not part:
            return data
        data += part
    return None


def _spans(fd: int, size: int) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, is a hole) over a sparse file; holes under 64 KiB count as data."""
    start = at = 0  # data from `start` that is not given out yet; looked at up to `at`
    while at < size:
        hole = _seek(fd, at, os.SEEK_HOLE, size)
        at = _seek(fd, hole, os.SEEK_DATA, size)
        if at - hole < _SMALLEST_HOLE:
            continue
        if hole > start:
            yield start, hole, False
        yield hole, at, True
        start = at
    if start < size:
        yield start, size, False


def _seek(fd: int, offset: int, whence: int, size: int) -> int:
    """Return where the next hole or data begins, `size` when none does (or the file has shrunk)."""
    if offset >= size:
        return size
    try:
        return min(os.lseek(fd, offset, whence), size)
    except OSError as e:
        if e.errno == errno.ENXIO:
            return size
        raise
