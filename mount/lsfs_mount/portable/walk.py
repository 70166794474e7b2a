"""From a path to the inode below the root: step by step, never through a symbolic link, at any depth.

The kernel has resolved symbolic links before it asks, so one on the way was put there meanwhile, behind the mount; following it
could lead out of the root. A path may be longer than PATH_MAX, which no single call takes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lsfs_mount.nested import mask_of
from lsfs_mount.nodes import Key
from lsfs_mount.portable.nameless import Nameless, is_hiding

_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Walk:
    """Walks the root. Paths are relative to it; b"" is the root.

    Args:
        root_fd: an O_PATH descriptor of the root, opened before anything was mounted over it.
        hidden: (folder, name in it) that are not shown.
        nameless: open files whose names went.
    """

    def __init__(self, root_fd: int, hidden: Iterable[tuple[Key, bytes]], nameless: Nameless) -> None:
        self._root_fd = root_fd
        self._root_key = _key(os.fstat(root_fd))
        self._hidden = frozenset(hidden)
        self._hidden_names = frozenset(name for _, name in self._hidden)
        self._nameless = nameless

    @contextmanager
    def at(self, path: bytes, *, making: bool = False) -> Iterator[tuple[int, bytes]]:
        """Give the descriptor of a path's folder and its name there.

        Args:
            making: the name is to be made or taken away.

        Raises:
            OSError: ENOENT for a name that is not shown; EPERM where it is to be made.
        """
        above, _, name = path.rpartition(b"/")
        fd = self._folder(above)
        try:
            if self.is_hidden(fd, name):
                raise OSError(errno.EPERM if making else errno.ENOENT, "the name belongs to lsfs")
            yield fd, name or b"."
        finally:
            if fd != self._root_fd:
                os.close(fd)

    def _folder(self, path: bytes) -> int:
        fd = self._root_fd
        for name in path.split(b"/") if path else ():
            try:
                if self.is_hidden(fd, name):
                    raise OSError(errno.ENOENT, "not shown")
                below = os.open(name, _PATH | os.O_DIRECTORY, dir_fd=fd)
            finally:
                if fd != self._root_fd:
                    os.close(fd)
            fd = below
        return fd

    def shown_ino(self, device: int, ino: int) -> int:
        """Return the number that an inode is shown with."""
        return ino if device == self._root_key[0] else ino ^ mask_of(device)

    def numbers(self, fd: int) -> tuple[int, int]:
        """Return the numbers that an open folder and the one above it are shown with; above the root is the root."""
        here = _key(os.fstat(fd))
        above = here if here == self._root_key else _key(os.stat(b"..", dir_fd=fd))
        return self.shown_ino(*here), self.shown_ino(*above)

    def is_hidden(self, fd: int, name: bytes) -> bool:
        """Tell whether a name in a folder is not shown."""
        if name not in self._hidden_names:
            return False
        return (_key(os.fstat(fd)), name) in self._hidden

    @contextmanager
    def inode(self, path: bytes) -> Iterator[int]:
        """Give an O_PATH descriptor of what a path is, also of an open file whose name went."""
        fd = self._nameless.open(path) if is_hiding(path) else self._open(path)
        try:
            yield fd
        finally:
            os.close(fd)

    def _open(self, path: bytes) -> int:
        with self.at(path) as (fd, name):
            return os.open(name, _PATH, dir_fd=fd)

    def stat(self, path: bytes) -> os.stat_result:
        """Return the attributes of what a path is."""
        if is_hiding(path):
            with self.inode(path) as fd:
                return os.fstat(fd)
        with self.at(path) as (fd, name):
            return os.stat(name, dir_fd=fd, follow_symlinks=False)

    def open(self, path: bytes, flags: int) -> int:
        """Open the content of a file."""
        if is_hiding(path):
            with self.inode(path) as fd:
                return os.open(proc_path(fd), flags | os.O_CLOEXEC)
        with self.at(path) as (fd, name):
            flags |= os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                return os.open(name, flags | os.O_NONBLOCK, dir_fd=fd)
            except BlockingIOError:
                if flags & os.O_NONBLOCK:
                    raise
                return os.open(name, flags, dir_fd=fd)  # a program holds a lease of it: this thread waits, others serve


def _key(st: os.stat_result) -> Key:
    return st.st_dev, st.st_ino


def proc_path(fd: int) -> bytes:
    """Return the path by which an open inode itself (not its name) can be opened."""
    return b"/proc/self/fd/%d" % fd
