"""Operations on the content of open files.

READ and WRITE arrive only without FUSE passthrough. What waits for the disk runs in a worker.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable

from lsfs_mount import protocol as p
from lsfs_mount.protocol import Op
from lsfs_mount.session import Answer, Header, Operation
from lsfs_mount.shared import Shared, drop_set_ids

_LIBC = ctypes.CDLL(None, use_errno=True)
_RWF_NOAPPEND = 0x20
_MOST_AT_ONCE = 8 << 20
"""Bytes of one COPY_FILE_RANGE that are copied in the dispatch thread; more is copied in a worker."""


class Files:
    """The operations; `table` says which request is whose."""

    def __init__(self, shared: Shared) -> None:
        self._s = shared

    def table(self) -> dict[int, Operation]:
        """Return the operations by number."""
        return {
            Op.READ: self.read,
            Op.WRITE: self.write,
            Op.FSYNC: self.fsync,
            Op.FALLOCATE: self.fallocate,
            Op.LSEEK: self.lseek,
            Op.COPY_FILE_RANGE: self.copy_file_range,
        }

    def read(self, _: Header, body: bytes) -> bytes:
        """Return bytes."""
        fd, offset, size, *_rest = p.READ_IN.unpack_from(body)
        return os.pread(fd, size, offset)

    def write(self, _: Header, body: bytes) -> bytes:
        """Write bytes; `body` is a view that is good until the next request."""
        fd, offset, size, flags, *_rest = p.WRITE_IN.unpack_from(body)
        data = body[40 : 40 + size]
        written = write_at(fd, data, offset) if flags & p.WRITE_CACHE else os.pwrite(fd, data, offset)
        if flags & p.WRITE_KILL_SUIDGID:
            drop_set_ids(fd)
        return p.U32X2.pack(written, 0)

    def fsync(self, header: Header, body: bytes) -> Answer:
        """Write a file through to the disk."""
        fd, flags = p.U64U32.unpack_from(body)
        return with_copy(self._s, header, fd, os.fdatasync if flags & 1 else os.fsync)

    def fallocate(self, header: Header, body: bytes) -> bytes:
        """Reserve, punch or zero a range."""
        fd, offset, length, mode, _pad = p.FALLOCATE_IN.unpack_from(body)
        if _LIBC.fallocate(ctypes.c_int(fd), ctypes.c_int(mode), ctypes.c_int64(offset), ctypes.c_int64(length)):
            e = ctypes.get_errno()
            raise OSError(e, os.strerror(e))
        if header[4]:
            drop_set_ids(fd)
        return b""

    def lseek(self, _: Header, body: bytes) -> bytes:
        """Find data or a hole."""
        fd, offset, whence, _pad = p.LSEEK_IN.unpack_from(body)
        return p.U64.pack(os.lseek(fd, p.signed(offset), whence))

    def copy_file_range(self, header: Header, body: bytes) -> Answer:
        """Copy between two open files on the disk itself."""
        source, source_at, _node, target, target_at, length, _flags = p.COPY_IN.unpack_from(body)
        if header[4]:
            drop_set_ids(target)
        if length <= _MOST_AT_ONCE:
            return p.U32X2.pack(os.copy_file_range(source, target, length, source_at, target_at), 0)
        a, b = os.dup(source), os.dup(target)

        def work() -> bytes:
            try:
                return p.U32X2.pack(os.copy_file_range(a, b, min(length, 1 << 30), source_at, target_at), 0)
            finally:
                os.close(a)
                os.close(b)

        return self._s.session.later(header[2], work)


def write_at(fd: int, data: bytes, offset: int) -> int:
    """Write at an offset also through a handle that appends (a page of a map belongs where it was)."""
    try:
        return os.pwritev(fd, [data], offset, _RWF_NOAPPEND)
    except OSError as e:
        if e.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
    plain = os.open(b"/proc/self/fd/%d" % fd, os.O_WRONLY | os.O_CLOEXEC)  # before Linux 6.9
    try:
        return os.pwrite(plain, data, offset)
    finally:
        os.close(plain)


def with_copy(shared: Shared, header: Header, fd: int, act: Callable[[int], object]) -> Answer:
    """Do something that may sleep with a copy of a descriptor, in a worker."""
    copy = os.dup(fd)

    def work() -> bytes:
        try:
            act(copy)
        finally:
            os.close(copy)
        return b""

    return shared.session.later(header[2], work)
