"""Reading contents: extents, a seekable stream, and putting a content back into a file with its holes.

Threading: a stream belongs to one thread at a time; the functions may be called from any.
"""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from blake3 import blake3

from lsfs.errors import Corrupt
from lsfs.packs.content import HOLE, Content
from lsfs.packs.digest import LARGE_HOLES, WholeDigest
from lsfs.packs.diskio import Bytes

Get = Callable[[bytes], bytes]
"""Returns a chunk's verified bytes by its id."""

_ZEROS_HASHED = 64 << 30


@dataclass(frozen=True, slots=True)
class Extent:
    """A piece of a content.

    Attributes:
        offset: bytes from the start of the content.
        data: its bytes; None for a hole.
    """

    offset: int
    length: int
    data: bytes | None


def extents(content: Content, get: Get) -> Iterator[Extent]:
    """Yield the pieces of a content in order.

    Raises:
        Corrupt: a chunk is damaged or has another length than the content says.
        NotFound: a chunk is not in the store.
    """
    at = 0
    for id_, length in zip(content.chunks, content.lengths, strict=True):
        if id_ == HOLE:
            yield Extent(at, length, None)
        else:
            yield Extent(at, length, _chunk(get, id_, length))
        at += length


def read_range(content: Content, get: Get, offset: int, length: int) -> bytes:
    """Return up to `length` bytes from `offset`; the whole content is checked against its digest when all of it is read."""
    end = min(content.size, offset + length)
    if offset >= end:
        return b""
    starts = list(accumulate(content.lengths, initial=0))
    parts: list[bytes] = []
    for i in range(bisect_right(starts, offset) - 1, len(content.chunks)):
        if starts[i] >= end:
            break
        low, high = max(0, offset - starts[i]), min(content.lengths[i], end - starts[i])
        parts.append(bytes(high - low) if content.chunks[i] == HOLE else piece(content, get, i)[low:high])
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    if end - offset == content.size and len(content.chunks) > 1 and content.holes_bytes <= LARGE_HOLES:
        check_digest(content, blake3(data).digest())
    return data


def piece(content: Content, get: Get, number: int) -> bytes:
    """Return the bytes of one chunk or hole of a content."""
    id_, length = content.chunks[number], content.lengths[number]
    return bytes(length) if id_ == HOLE else _chunk(get, id_, length)


def _chunk(get: Get, id_: bytes, length: int) -> bytes:
    data = get(id_)
    if len(data) != length:
        raise Corrupt(f"a stored content list is damaged: chunk {id_.hex()} has {len(data)} bytes, not {length}")
    return data


def check_digest(content: Content, digest: bytes) -> None:
    """Raise Corrupt unless `digest` is the content's."""
    if digest != content.digest:
        raise Corrupt(f"content {content.digest.hex()} is damaged: its chunks do not add up to its hash")


def restore(content: Content, get: Get, fd: int) -> None:
    """Write a content into an empty file, holes as holes, in constant memory.

    Raises:
        Corrupt: a chunk is damaged or the whole does not match its digest; the file is then incomplete.
    """
    if content.chunks == (content.digest,):
        _write(fd, piece(content, get, 0), 0)  # checked as a chunk
        return
    whole = WholeDigest(content.holes_bytes)
    for extent in extents(content, get):
        if extent.data is None:
            whole.hole(extent.length)
            continue
        whole.data(extent.data)
        _write(fd, extent.data, extent.offset)
    os.ftruncate(fd, content.size)
    _check_whole(content, get, whole.digest())


def _check_whole(content: Content, get: Get, digest: bytes) -> None:
    """Raise Corrupt unless the content has its digest, which an earlier program made of all its zeros."""
    if digest != content.digest and LARGE_HOLES < content.holes_bytes <= _ZEROS_HASHED:
        plain = WholeDigest(0)
        for extent in extents(content, get):
            plain.hole(extent.length) if extent.data is None else plain.data(extent.data)
        digest = plain.digest()
    check_digest(content, digest)


def _write(fd: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


class ContentStream(io.RawIOBase):
    """A content as a read-only, seekable raw stream; keeps one chunk in memory."""

    def __init__(self, content: Content, get: Get) -> None:
        super().__init__()
        self._content, self._get = content, get
        self._starts = list(accumulate(content.lengths, initial=0))
        self._at = 0
        self._cached: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the position; behind the end is allowed and reads nothing."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._content.size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative position {start + offset}")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Bytes, /) -> int:  # type: ignore[override]
        """Fill `buffer` from one chunk; 0 at the end.

        Raises:
            Corrupt: the chunk is damaged.
        """
        if self._at >= self._content.size:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        start = self._at - self._starts[number]
        if self._content.chunks[number] == HOLE:
            part = memoryview(bytes(min(len(buffer), self._content.lengths[number] - start)))
        else:
            if self._cached[0] != number:
                self._cached = (number, piece(self._content, self._get, number))
            part = memoryview(self._cached[1])[start : start + len(buffer)]
        buffer[: len(part)] = part  # type: ignore[index]
        self._at += len(part)
        return len(part)
