"""Names of the root: making, linking, removing and renaming them. What could be lost is set aside first."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress

from lsfs.wire.journal import RecordKind
from lsfs_mount.nodes import Key
from lsfs_mount.portable.nameless import is_hiding
from lsfs_mount.portable.root import Root
from lsfs_mount.portable.walk import proc_path
from lsfs_mount.shared import give

_LIBC = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD, _AT_SYMLINK_FOLLOW = -100, 0x400
_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Names:
    """The operations."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def readlink(self, path: bytes) -> bytes:
        """Return what a symbolic link points to."""
        with self._root.walk.inode(path) as fd:
            return os.readlink(b"", dir_fd=fd)

    # Making

    def symlink(self, path: bytes, target: bytes) -> None:
        """Make a symbolic link."""
        self._make(path, RecordKind.SYMLINK, 0, lambda fd, name: os.symlink(target, name, dir_fd=fd))

    def mknod(self, path: bytes, mode: int, device: int) -> None:
        """Make a file, FIFO, socket or device node."""
        kind = RecordKind.CREATE if stat.S_ISREG(mode) else RecordKind.MKNOD
        self._make(path, kind, mode, lambda fd, name: os.mknod(name, mode, device, dir_fd=fd))

    def mkdir(self, path: bytes, mode: int) -> None:
        """Make a folder."""
        self._make(path, RecordKind.MKDIR, 0, lambda fd, name: os.mkdir(name, mode, dir_fd=fd))

    def _make(self, path: bytes, kind: RecordKind, mode: int, act: Callable[[int, bytes], object]) -> None:
        self._check(path)
        with self._root.walk.at(path, making=True) as (fd, name):
            act(fd, name)
            uid, gid, _ = self._root.caller()
            give(fd, name, uid, gid, mode)
            self._root.record(kind, path, os.stat(name, dir_fd=fd, follow_symlinks=False).st_ino)

    def link(self, path: bytes, source: bytes) -> None:
        """Give an inode a further name."""
        self._check(path)
        with self._root.walk.inode(source) as inode, self._root.walk.at(path, making=True) as (fd, name):
            if _LIBC.linkat(_AT_FDCWD, proc_path(inode), fd, name, _AT_SYMLINK_FOLLOW):
                e = ctypes.get_errno()
                raise OSError(e, os.strerror(e))
            self._root.record(RecordKind.LINK, source, os.fstat(inode).st_ino, path2=path)

    def _check(self, path: bytes) -> None:
        if is_hiding(path):
            raise OSError(errno.EPERM, "names of this form are libfuse's own")
        self._root.check_lock(path)

    # Taking away

    def unlink(self, path: bytes) -> None:
        """Remove a name."""
        if is_hiding(path):
            self._root.nameless.done(path)  # libfuse's last word on an open file; its name went before
            return
        self._take(path, None)

    def _take(self, path: bytes, hiding: bytes | None) -> None:
        """Remove a name, and let the path `hiding` stand for the inode from now on."""
        self._root.check_lock(path)
        with self._root.walk.at(path, making=True) as (fd, name):
            st = os.stat(name, dir_fd=fd, follow_symlinks=False)
            self._set_aside(fd, name, st, path)
            held = os.open(name, _PATH, dir_fd=fd) if hiding is not None else -1
            os.unlink(name, dir_fd=fd)
        key = (st.st_dev, st.st_ino)
        self._root.handles.unnamed(path, key)
        if hiding is not None:
            self._root.nameless.add(hiding, held, path, key, lost=st.st_nlink == 1)
        elif st.st_nlink == 1:
            self._root.nameless.lose(key)
        self._root.record(RecordKind.UNLINK, path, st.st_ino, old=st)

    def _set_aside(self, fd: int, name: bytes, st: os.stat_result, path: bytes) -> None:
        """Keep what is under a name that is about to go; a file that is being written is kept by its last close."""
        handles = self._root.handles
        handles.settle(_key(st))
        if st.st_nlink != 1 or handles.writers(_key(st), but_idle=True) or not self._root.keeper.needs_keeping(st):
            return
        inode = os.open(name, _PATH, dir_fd=fd)
        try:
            if handles.writers(_key(st)) or not self._root.keeper.link_aside(inode, st, path):
                self._root.keeper.copy_node_aside(inode, st, path)
        finally:
            os.close(inode)

    def rmdir(self, path: bytes) -> None:
        """Remove an empty folder."""
        self._root.check_lock(path)
        with self._root.walk.at(path, making=True) as (fd, name):
            st = os.stat(name, dir_fd=fd, follow_symlinks=False)
            os.rmdir(name, dir_fd=fd)
        self._root.record(RecordKind.RMDIR, path, st.st_ino)

    def rename(self, old: bytes, new: bytes) -> None:
        """Rename; libfuse hides an open file that is unlinked or replaced by renaming it first."""
        if is_hiding(new):
            self._hide(old, new)
            return
        self._root.check_lock(old)
        self._root.check_lock(new)
        walk = self._root.walk
        with walk.at(old, making=True) as (old_fd, old_name), walk.at(new, making=True) as (new_fd, new_name):
            source = os.stat(old_name, dir_fd=old_fd, follow_symlinks=False)
            target = _stat_or_none(new_fd, new_name)
            self._root.handles.settle(_key(source))
            if target is not None and _key(target) == _key(source):
                return  # two names of one file: nothing is to happen
            if target is None and self._root.nameless.was_just(new, _key(source)):
                with suppress(OSError):  # one may not link a file of others (protected_hardlinks); then the first name goes
                    os.link(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)
                    self._root.handles.named(new, _key(source))
                    self._root.record(RecordKind.LINK, old, source.st_ino, path2=new)
                    return
            if target is not None and stat.S_ISREG(target.st_mode):
                self._set_aside(new_fd, new_name, target, new)
            os.rename(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd)
        self._root.handles.moved(old, new)
        ino2 = 0 if target is None else target.st_ino
        self._root.record(RecordKind.RENAME, old, source.st_ino, path2=new, ino2=ino2, old=target)

    def _hide(self, path: bytes, hiding: bytes) -> None:
        st = self._root.walk.stat(path)
        if not self._root.handles.was_open(_key(st)):
            raise OSError(errno.EPERM, "names of this form are libfuse's own")
        self._take(path, hiding)


def _key(st: os.stat_result) -> Key:
    return st.st_dev, st.st_ino


def _stat_or_none(fd: int, name: bytes) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
