"""Walking over the records of a pack without the catalogue.

A record counts when its header's and its payload's checksum fit. Behind damage the walk stops, or (`resync`) goes on at the
next place where a whole record begins, so that one flipped bit costs one record.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from lsfs.packs.diskio import DiskIO
from lsfs.packs.format import RECORD_HEADER_SIZE, RECORD_MAGIC, Record, decode_record


@dataclass(frozen=True, slots=True)
class Found:
    """A whole record.

    Attributes:
        offset: of its header in the pack.
        payload: a view, valid as long as the caller keeps it.
    """

    offset: int
    record: Record
    payload: memoryview

    @property
    def end(self) -> int:
        """The offset behind the record."""
        return self.offset + RECORD_HEADER_SIZE + self.record.stored


def read_all(io: DiskIO, path: str, start: int = 0, end: int | None = None) -> bytes:
    """Read a file from `start` to `end` or to its end."""
    fd = io.open(path, os.O_RDONLY)
    try:
        return read_range(io, fd, start, (1 << 62 if end is None else end) - start)
    finally:
        io.close(fd)


def read_range(io: DiskIO, fd: int, offset: int, length: int) -> bytes:
    """Read `length` bytes, fewer only at the end of the file."""
    parts: list[bytes] = []
    while length > 0:
        part = io.pread(fd, min(length, 8 << 20), offset)
        if not part:
            break
        parts.append(part)
        offset, length = offset + len(part), length - len(part)
    return b"".join(parts)


def scan(data: bytes, start: int, key: bytes, number: int, *, resync: bool) -> Iterator[Found]:
    """Yield the whole records in `data`, which is pack `number` from `start` on."""
    view, at = memoryview(data), 0
    while at < len(data):
        found = _record_at(view, at, start, key, number)
        if found is not None:
            yield found
            at = found.end - start
            continue
        at = data.find(RECORD_MAGIC, at + 1) if resync else -1
        if at < 0:
            return


def _record_at(view: memoryview, at: int, start: int, key: bytes, number: int) -> Found | None:
    """Return the record at `at` if it is whole."""
    record = decode_record(view[at : at + RECORD_HEADER_SIZE], key, number, start + at)
    if record is None:
        return None
    payload = view[at + RECORD_HEADER_SIZE : at + RECORD_HEADER_SIZE + record.stored]
    if len(payload) != record.stored or zlib.crc32(payload) != record.checksum:
        return None
    return Found(start + at, record, payload)
