"""Attributes and extended attributes of the root's files, by path. Those of the prefix `user.lsfs.` are the engine's."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Callable

from lsfs.wire.journal import RecordKind
from lsfs_mount.inodes import OURS, listed
from lsfs_mount.portable import acl
from lsfs_mount.portable.nameless import is_hiding
from lsfs_mount.portable.root import Root
from lsfs_mount.portable.walk import proc_path
from lsfs_mount.shared import drop_set_ids

_LIBC = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_SECOND = 1_000_000_000
_MARKS = ((1 << 30) - 1, (1 << 30) - 2)
"""UTIME_NOW and UTIME_OMIT: libfuse passes them with zero seconds; what they hide, two times in 1970, is given up."""

Fields = dict[str, int]
"""Attributes as the bindings take them: names of struct stat, times in nanoseconds."""
Ask = Callable[[str, bytes, bytes, bytes], bytes]
"""(operation, path, name, value) -> value: asks the engine for one of its extended attributes."""


def fields_of(st: os.stat_result, ino: int, mode: int, links: int) -> Fields:
    """Return attributes as the bindings take them."""
    return {
        "st_mode": mode,
        "st_ino": ino,
        "st_nlink": links,
        "st_uid": st.st_uid,
        "st_gid": st.st_gid,
        "st_rdev": st.st_rdev,
        "st_size": st.st_size,
        "st_blocks": st.st_blocks,
        "st_blksize": st.st_blksize,
        "st_atime": st.st_atime_ns,
        "st_mtime": st.st_mtime_ns,
        "st_ctime": st.st_ctime_ns,
    }


class Inodes:
    """The operations."""

    def __init__(self, root: Root, ask: Ask) -> None:
        self._root = root
        self._ask = ask

    def attributes(self, path: bytes) -> Fields:
        """Return the attributes of a path."""
        self._root.nameless.looked_up(path)
        st = self._root.walk.stat(path)
        mode = st.st_mode
        if mode & 0o070 and not stat.S_ISLNK(mode):
            with self._root.walk.inode(path) as fd:
                mode = _shown_mode(fd, st)
        return fields_of(st, self._root.walk.shown_ino(st.st_dev, st.st_ino), mode, self._links(st, named=not is_hiding(path)))

    def attributes_of(self, fd: int) -> Fields:
        """Return the attributes of an open handle."""
        st = os.fstat(fd)
        links = self._links(st, named=self._root.handles.get(fd).named)
        return fields_of(st, self._root.walk.shown_ino(st.st_dev, st.st_ino), _shown_mode(fd, st), links)

    def _links(self, st: os.stat_result, *, named: bool) -> int:
        """Return how many names an inode has; libfuse takes one off where it hides one."""
        links = 0 if self._root.nameless.is_lost((st.st_dev, st.st_ino)) else st.st_nlink
        return links if named else links + 1

    def chmod(self, path: bytes | None, held: int, mode: int) -> None:
        """Set the mode, of an open handle where there is no path."""
        if path is None:
            os.chmod(held, mode & 0o7777)  # with a truncation: its close tells of it
        else:
            self._change(path, lambda fd: os.chmod(proc_path(fd), mode & 0o7777))

    def chown(self, path: bytes, uid: int, gid: int) -> None:
        """Set user and group; -1 leaves one."""
        ids = ctypes.c_uint(uid & 0xFFFFFFFF), ctypes.c_uint(gid & 0xFFFFFFFF)
        self._change(path, lambda fd: _checked(_LIBC.fchownat(fd, b"", *ids, _AT_EMPTY_PATH)))

    def utimens(self, path: bytes, atime_ns: int, mtime_ns: int) -> None:
        """Set the times."""
        times = struct.pack("<qqqq", *_timespec(atime_ns), *_timespec(mtime_ns))

        def act(fd: int) -> None:
            if stat.S_ISLNK(os.fstat(fd).st_mode):
                _checked(_LIBC.utimensat(fd, b"", times, _AT_EMPTY_PATH))
            else:
                _checked(_LIBC.utimensat(_AT_FDCWD, proc_path(fd), times, 0))

        self._change(path, act)

    def truncate(self, path: bytes, size: int) -> None:
        """Set the size by path: what is there is set aside first."""
        with self._root.walk.inode(path) as fd:
            self._root.check_lock(path)
            old = self._settled(fd)
            self._root.keep(fd, old, path)
            os.truncate(proc_path(fd), size)
            if self._root.caller()[0]:
                drop_set_ids(fd)
            self._record(path, old, os.fstat(fd))

    def _change(self, path: bytes, act: Callable[[int], object]) -> None:
        with self._root.walk.inode(path) as fd:
            self._root.check_lock(path)
            old = self._settled(fd)
            act(fd)
            self._record(path, old, os.fstat(fd))

    def _settled(self, fd: int) -> os.stat_result:
        """Return the attributes of an inode that is about to be changed by name."""
        st = os.fstat(fd)
        self._root.handles.settle((st.st_dev, st.st_ino))
        return st

    def _record(self, path: bytes, old: os.stat_result, new: os.stat_result) -> None:
        resized = new.st_size != old.st_size
        if not resized and self._root.handles.writers((old.st_dev, old.st_ino), but_idle=True):
            return  # a writer's release tells of it
        kind = RecordKind.TRUNCATE if resized else RecordKind.ATTRIBUTES
        self._root.record(kind, path, new.st_ino, old=old, new=new)

    # Extended attributes

    def getxattr(self, path: bytes, name: bytes) -> bytes:
        """Return an extended attribute."""
        if name.startswith(OURS):
            return self._ask("getxattr", path, name, b"")
        _refuse_acl(name)
        with self._root.walk.inode(path) as fd:
            return os.getxattr(proc_path(fd), name)

    def listxattr(self, path: bytes) -> list[bytes]:
        """Return the names of the extended attributes; those of lsfs are reachable by name only."""
        with self._root.walk.inode(path) as fd:
            names = listed(os.listxattr(proc_path(fd)), self._root.caller()[0])
        return [n for n in names if not n.startswith(acl.PREFIX)]

    def setxattr(self, path: bytes, name: bytes, value: bytes, flags: int) -> None:
        """Set an extended attribute."""
        _refuse_acl(name)
        if name.startswith(OURS):
            self._root.check_lock(path)
            self._ask("setxattr", path, name, value)
        else:
            self._change(path, lambda fd: os.setxattr(proc_path(fd), name, value, flags))

    def removexattr(self, path: bytes, name: bytes) -> None:
        """Remove an extended attribute."""
        _refuse_acl(name)
        if name.startswith(OURS):
            self._root.check_lock(path)
            self._ask("removexattr", path, name, b"")
        else:
            self._change(path, lambda fd: os.removexattr(proc_path(fd), name))


def _shown_mode(fd: int, st: os.stat_result) -> int:
    """Return the mode; one that an access control list restricts further is narrowed."""
    try:
        return acl.narrowed(st.st_mode, os.getxattr(proc_path(fd), acl.ACCESS))
    except OSError:
        return st.st_mode  # it has none


def _refuse_acl(name: bytes) -> None:
    if name.startswith(acl.PREFIX):
        raise OSError(errno.EOPNOTSUPP, "access control lists need the native driver")


def _timespec(ns: int) -> tuple[int, int]:
    return (0, ns) if ns in _MARKS else divmod(ns, _SECOND)


def _checked(result: int) -> None:
    """Raise OSError where a call of the C library failed."""
    if result:
        e = ctypes.get_errno()
        raise OSError(e, os.strerror(e))
