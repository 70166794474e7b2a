"""The shim through which every effect of the store on the disk passes.

It exists so that a test can count the effects, and stop the process, tear a write or fail at each one. It knows nothing of
packs. Reading passes too, so that a damaged disk can be played; directories are synced with `fsync` of their descriptor.

Durability: `point` marks the places without a system call of ours where a crash matters (around a catalogue transaction).
"""

from __future__ import annotations

import os
from typing import Protocol

Bytes = bytes | bytearray | memoryview


class DiskIO(Protocol):
    """What the store asks of the operating system; each call raises OSError as its namesake in `os` does."""

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        """Open with O_CLOEXEC and return the descriptor."""
        ...

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        """Read at most `length` bytes."""
        ...

    def pwrite(self, fd: int, data: Bytes, offset: int) -> int:
        """Write at `offset` and return how much was written."""
        ...

    def fdatasync(self, fd: int) -> None:
        """Make the data durable."""
        ...

    def fsync(self, fd: int) -> None:
        """Make data and metadata durable."""
        ...

    def ftruncate(self, fd: int, length: int) -> None:
        """Cut the file."""
        ...

    def allocate(self, fd: int, length: int) -> None:
        """Reserve the blocks of the first `length` bytes."""
        ...

    def rename(self, source: str, target: str) -> None:
        """Move a name over another."""
        ...

    def unlink(self, path: str) -> None:
        """Remove a name."""
        ...

    def close(self, fd: int) -> None:
        """Close the descriptor."""
        ...

    def point(self, name: str) -> None:
        """Pass a named place."""
        ...


class SystemIO:
    """The operating system itself."""

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        """Open with O_CLOEXEC."""
        return os.open(path, flags | os.O_CLOEXEC, mode)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        """Read at most `length` bytes."""
        return os.pread(fd, length, offset)

    def pwrite(self, fd: int, data: Bytes, offset: int) -> int:
        """Write at `offset`; may write less."""
        return os.pwrite(fd, data, offset)

    def fdatasync(self, fd: int) -> None:
        """Make the data durable."""
        os.fdatasync(fd)

    def fsync(self, fd: int) -> None:
        """Make data and metadata durable."""
        os.fsync(fd)

    def ftruncate(self, fd: int, length: int) -> None:
        """Cut the file."""
        os.ftruncate(fd, length)

    def allocate(self, fd: int, length: int) -> None:
        """Reserve the blocks of the first `length` bytes."""
        os.posix_fallocate(fd, 0, length)

    def rename(self, source: str, target: str) -> None:
        """Move a name over another."""
        os.rename(source, target)

    def unlink(self, path: str) -> None:
        """Remove a name."""
        os.unlink(path)

    def close(self, fd: int) -> None:
        """Close."""
        os.close(fd)

    def point(self, name: str) -> None:
        """Pass a named place; nothing to do."""


REAL_IO: DiskIO = SystemIO()


def sync_directory(io: DiskIO, path: str) -> None:
    """Make the names in a directory durable."""
    fd = io.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        io.fsync(fd)
    finally:
        io.close(fd)
