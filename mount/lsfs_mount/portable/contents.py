"""Content of the root's files: open, create, read, write, close. What a writer could destroy is set aside first."""

from __future__ import annotations

import ctypes
import errno
import os
import time

from lsfs.wire.journal import RecordKind
from lsfs_mount.files import write_at
from lsfs_mount.portable.handles import Handle
from lsfs_mount.portable.nameless import is_hiding
from lsfs_mount.portable.root import Root
from lsfs_mount.portable.walk import proc_path
from lsfs_mount.shared import drop_set_ids, give

_LIBC = ctypes.CDLL(None, use_errno=True)
_DROP = ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC | os.O_DIRECT)


class Contents:
    """The operations; a handle is the number of its descriptor."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def open(self, path: bytes, flags: int) -> int:
        """Open a file."""
        changes = flags & os.O_ACCMODE != os.O_RDONLY or flags & os.O_TRUNC
        if changes:
            self._root.check_lock(path)
        fd = self._root.walk.open(path, flags & _DROP)
        try:
            st = os.fstat(fd)
            if changes:
                self._before_writing(fd, st, path, flags)
            return self._opened(fd, st, path, flags)
        except OSError:
            os.close(fd)
            raise

    def _before_writing(self, fd: int, st: os.stat_result, path: bytes, flags: int) -> None:
        key = (st.st_dev, st.st_ino)
        self._root.handles.settle(key)
        if flags & os.O_TRUNC or not self._root.handles.writers(key, but_idle=True):
            self._root.keep(fd, st, path)
        if not flags & os.O_TRUNC:
            return
        if self._root.caller()[0]:
            drop_set_ids(fd)
        os.truncate(proc_path(fd), 0)
        if flags & os.O_ACCMODE == os.O_RDONLY:
            self._root.record(RecordKind.TRUNCATE, path, st.st_ino, old=st, new=os.fstat(fd))

    def _opened(self, fd: int, st: os.stat_result, path: bytes, flags: int) -> int:
        writable = flags & os.O_ACCMODE != os.O_RDONLY
        handle = Handle(fd, (st.st_dev, st.st_ino), path, writable, st if writable else None, 0.0, time.monotonic())
        handle.who = self._root.who()
        return self._root.handles.add(handle)

    def create(self, path: bytes, mode: int, flags: int) -> int:
        """Make and open a file."""
        if is_hiding(path):
            raise OSError(errno.EPERM, "names of this form are libfuse's own")
        self._root.check_lock(path)
        with self._root.walk.at(path, making=True) as (folder, name):
            keep = flags & ~(os.O_DIRECT | os.O_TRUNC) | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(name, keep, mode, dir_fd=folder)
            try:
                uid, gid, _ = self._root.caller()
                st = os.fstat(fd)
                give(folder, name, uid, gid, mode)
                self._root.record(RecordKind.CREATE, path, st.st_ino, new=st)
                if st.st_size and (flags & os.O_TRUNC or flags & os.O_ACCMODE != os.O_RDONLY):
                    self._before_writing(fd, st, path, flags)  # somebody made it behind the mount just now
                return self._opened(fd, st, path, flags)
            except OSError:
                os.close(fd)
                raise

    def truncate(self, fd: int, size: int) -> None:
        """Set the size of an open file; what was there was set aside when it was opened."""
        self._root.check_lock(self._root.handles.get(fd).path)
        self._root.handles.writes(fd)
        os.ftruncate(fd, size)
        if self._root.caller()[0]:
            drop_set_ids(fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        """Return bytes."""
        return os.pread(fd, size, offset)

    def write(self, fd: int, data: bytes, offset: int, *, from_map: bool) -> int:
        """Write bytes; those of a map belong where they were, also in a file that is opened for appending."""
        self._root.handles.writes(fd)
        return write_at(fd, data, offset) if from_map else os.pwrite(fd, data, offset)

    def sync(self, fd: int, *, data_only: bool) -> None:
        """Write a file through to the disk."""
        (os.fdatasync if data_only else os.fsync)(fd)

    def allocate(self, fd: int, mode: int, offset: int, length: int) -> None:
        """Reserve, punch or zero a range."""
        self._root.handles.writes(fd)
        if _LIBC.fallocate(ctypes.c_int(fd), ctypes.c_int(mode), ctypes.c_int64(offset), ctypes.c_int64(length)):
            e = ctypes.get_errno()
            raise OSError(e, os.strerror(e))
        if self._root.caller()[0]:
            drop_set_ids(fd)

    def flush(self, fd: int) -> None:
        """Take note that a descriptor of a handle was closed."""
        self._root.handles.flushed(fd)

    def release(self, fd: int) -> None:
        """Close a handle."""
        handle = self._root.handles.close(fd)
        if handle is not None and not self._root.handles.of(handle.key):
            self._root.nameless.drop(handle.key)
