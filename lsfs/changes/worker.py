"""The process that writes files: a part of what a large rollback stages is written here, on another core.

`lsfs.changes.helper` starts it with exec and sends it jobs; it makes each file in the directory whose descriptor it was given,
and answers with the inode number, or 0 where anything was not as it should be: then the engine does it, and says what is
wrong. It ends with its standard input.

A request is a u32 length and a marshalled list of `Job`, an answer a u64 for each job, numbers little endian. It imports as
little as it can, to be there in 20 ms.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import stat
import struct
import sys

import zstandard
from blake3 import blake3

Job = tuple[bytes, bool, bytes, int, bytes, int, int, int, int]
"""(name, it is a zstd frame, what is stored, bytes of content, BLAKE3-256 of it, st_mode, uid, gid, mtime in ns)"""

LENGTH = struct.Struct("<I")
INODE = struct.Struct("<Q")
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def serve(folder: int) -> None:
    """Do what comes on standard input until it ends."""
    zstd = zstandard.ZstdDecompressor()
    while head := _read(LENGTH.size):
        jobs: list[Job] = marshal.loads(_read(*LENGTH.unpack(head)))  # noqa: S302 - of the engine, which started us
        os.write(1, b"".join(INODE.pack(_make(folder, zstd, job)) for job in jobs))
    os._exit(0)


def _read(length: int) -> bytes:
    """Return so many bytes from standard input, none at its end."""
    parts = bytearray()
    while len(parts) < length and (part := os.read(0, length - len(parts))):
        parts += part
    return bytes(parts)


def _make(folder: int, zstd: zstandard.ZstdDecompressor, job: Job) -> int:
    name, packed, stored, length, digest, mode, uid, gid, mtime_ns = job
    try:
        if packed and zstandard.frame_content_size(stored) != length:
            return 0
        data = zstd.decompress(stored) if packed else stored
        if len(data) != length or blake3(data).digest() != digest:
            return 0
        fd = os.open(name, NEW, own_mode(mode), dir_fd=folder)
        try:
            if os.pwrite(fd, data, 0) != length:
                return 0
            there = os.fstat(fd)
            set_mode(fd, there, mode, chowned=set_owner(fd, there, uid, gid))
            os.utime(fd, ns=(there.st_atime_ns, mtime_ns))
            return there.st_ino
        finally:
            os.close(fd)
    except (OSError, zstandard.ZstdError):
        return 0


def own_mode(mode: int) -> int:
    """Return the mode that a file may have before it has its owner and content."""
    return stat.S_IMODE(mode) & 0o777 | 0o600


def set_owner(fd: int, there: os.stat_result, uid: int, gid: int) -> bool:
    """Give a file its owner, as far as we may; return whether that was called for."""
    if (uid, gid) == (there.st_uid, there.st_gid):
        return False
    with contextlib.suppress(PermissionError):
        os.fchown(fd, uid, gid)
    return True


def set_mode(fd: int, there: os.stat_result, mode: int, *, chowned: bool) -> None:
    """Give a file its mode; after its owner, because changing that clears set-user-id."""
    if chowned or stat.S_IMODE(mode) != stat.S_IMODE(there.st_mode):
        os.fchmod(fd, stat.S_IMODE(mode))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
