"""The pack that is appended to: a buffer before a file, with the offsets up to which it is written.

It knows records, not chunks: what is committed is the appender's business.

Threading: used by the writing thread under the appender's lock.
Durability: `sync` makes everything appended durable. After a failed write the file is cut back to the last whole flush; after
    a failed sync or cut the pack is `broken` and must not be synced again: the kernel has dropped the error, and the pages may
    be gone (PostgreSQL's "fsyncgate", 2018).
"""

from __future__ import annotations

import contextlib
import os
import zlib

from lsfs.packs.chunker import FROZEN
from lsfs.packs.diskio import Bytes, DiskIO, sync_directory
from lsfs.packs.format import (
    RECORD_HEADER_SIZE,
    Codec,
    PackHeader,
    Record,
    RecordKind,
    encode_record,
)

FLUSH_AT = 1024 * 1024


def pack_path(directory: str, number: int) -> str:
    """Return the file of a pack."""
    return f"{directory}/{number:08d}.pack"


class PackFile:
    """A pack open for appending.

    Attributes:
        number: its number.
        length: bytes appended, the buffer included.
        flushed: bytes written to the file.
        broken: whether its descriptor must not be used for writing any more.
    """

    def __init__(self, io: DiskIO, directory: str, number: int, key: bytes, fd: int, length: int) -> None:
        self._io = io
        self._fd = fd
        self._key = key
        self._buffer = bytearray()
        self.path = pack_path(directory, number)
        self.number = number
        self.length = self.flushed = length
        self.broken = False

    @staticmethod
    def create(io: DiskIO, directory: str, number: int, key: bytes) -> PackFile:
        """Make a new pack; its name and its header are durable on return."""
        path = pack_path(directory, number)
        fd = io.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        pack = PackFile(io, directory, number, key, fd, 0)
        try:
            pack._buffer += PackHeader(FROZEN, number, key).encode()
            pack.length = len(pack._buffer)
            pack.sync()
            sync_directory(io, directory)
        except BaseException:
            with contextlib.suppress(OSError):
                io.unlink(path)
            pack.close()
            raise
        return pack

    @staticmethod
    def reopen(io: DiskIO, directory: str, number: int, key: bytes, length: int) -> PackFile:
        """Go on appending behind `length`."""
        fd = io.open(pack_path(directory, number), os.O_RDWR)
        return PackFile(io, directory, number, key, fd, length)

    def append(self, kind: RecordKind, codec: Codec, id_: bytes, length: int, payload: Bytes, prefix: bytes = b"") -> int:
        """Append a record and return its offset.

        Args:
            kind: what it is.
            codec: how the payload is kept.
            id_: BLAKE3-256 of the content.
            length: bytes of the content.
            payload: copied before the call returns.
            prefix: goes before the payload (a patch's base).

        Raises:
            OSError: the buffer was full and could not be written; this record and those still in the buffer are gone.
        """
        offset = self.length
        checksum = zlib.crc32(payload, zlib.crc32(prefix))
        record = Record(kind, codec, len(prefix) + len(payload), length, id_, checksum)
        self._buffer += encode_record(record, self._key, self.number, offset)
        self._buffer += prefix
        self._buffer += payload
        self.length += RECORD_HEADER_SIZE + record.stored
        if len(self._buffer) >= FLUSH_AT:
            self.flush()
        return offset

    def flush(self) -> None:
        """Write the buffer to the file."""
        view, self._buffer = memoryview(self._buffer), bytearray()
        at = self.flushed
        try:
            while view:
                written = self._io.pwrite(self._fd, view, at)
                view, at = view[written:], at + written
        except OSError:
            self.cut(self.flushed)
            raise
        self.flushed = self.length

    def sync(self) -> None:
        """Flush and make it durable."""
        self.flush()
        try:
            self._io.fdatasync(self._fd)
        except OSError:
            self.broken = True
            raise

    def cut(self, length: int) -> None:
        """Drop what was appended behind `length`; where that fails, the pack is broken and ends there for us all the same."""
        if length > self.length:
            return
        del self._buffer[max(0, length - self.flushed) :]
        if not self._buffer:
            self.flushed = min(self.flushed, length)
            try:
                self._io.ftruncate(self._fd, length)
            except OSError:
                self.broken = True
        self.length = length

    def pread(self, length: int, offset: int) -> bytes:
        """Read back what was flushed."""
        return self._io.pread(self._fd, length, offset)

    def close(self) -> None:
        """Close the file; what is still in the buffer is dropped."""
        self._io.close(self._fd)
