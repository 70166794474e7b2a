"""Descriptors of the folders below a root: walked name by name without following a symbolic link, kept for a moment.

While many names are looked at in a row (`steady`), the folders entered last stay open, so that each name costs one system call.
A kept descriptor is the folder that was walked to, whatever its name has become meanwhile; it is used for 50 ms, so that it is
hardly staler than a walk. Who renames or removes folders himself says so (`forget`).

Threading: any thread; each keeps descriptors of its own.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lsfs.errors import NotFound, OutsideRoot
from lsfs.model import show

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST = 16  # more than are ever in use at once
_FRESH_S = 0.05
_NONE = (-1, 0.0)


class _Kept(threading.local):
    """What one thread keeps open."""

    def __init__(self) -> None:
        self.depth = 0
        self.folders: dict[bytes, tuple[int, float]] = {}
        self.stale: list[int] = []


class Folders:
    """Opens folders below a root.

    Args:
        root: a descriptor of the root; it stays the caller's.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._kept = _Kept()

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Keep the folders that are entered last open until the end of the block; for looks that follow each other at once."""
        self._kept.depth += 1
        try:
            yield
        finally:
            self._kept.depth -= 1
            if not self._kept.depth:
                self.forget()

    def forget(self) -> None:
        """Close what is kept: a folder has another name now, or none."""
        kept = self._kept
        folders, kept.folders = [fd for fd, _ in kept.folders.values()], {}
        stale, kept.stale = kept.stale, []
        for fd in folders + stale:
            os.close(fd)

    def enter(self, folder: bytes, path: bytes) -> int:
        """Return a descriptor of a folder; give it back with `leave`.

        Args:
            path: what is looked for there, for the words of an error.

        Raises:
            OutsideRoot: a folder on the way is a symbolic link, or a name is `..`.
            NotFound: a folder on the way is missing.
        """
        if not folder:
            return self._root
        if not self._kept.depth:
            return self._walk(folder.split(b"/"), path)
        return self._keep(folder, path)

    def _keep(self, folder: bytes, path: bytes) -> int:
        kept, now = self._kept, time.monotonic()
        fd, since = kept.folders.get(folder, _NONE)
        if fd >= 0 and now - since <= _FRESH_S:
            return fd
        if fd >= 0:
            kept.stale.append(kept.folders.pop(folder)[0])  # somebody further up may be using it
        fd = self._walk(folder.split(b"/"), path)
        kept.folders[folder] = (fd, now)  # the latest is the last
        if len(kept.folders) > _MOST:
            kept.stale.append(kept.folders.pop(next(iter(kept.folders)))[0])
        if len(kept.stale) > _MOST:
            os.close(kept.stale.pop(0))
        return fd

    def leave(self, fd: int) -> None:
        """Give a descriptor back."""
        if fd != self._root and not self._kept.depth:
            os.close(fd)

    def _walk(self, names: list[bytes], path: bytes) -> int:
        fd = self._root
        for name in names:
            if name in (b"", b".", b".."):
                self._drop(fd)
                raise OutsideRoot(f"{show(path)} is not a path below the root")
            try:
                inner = os.open(name, _FOLDER, dir_fd=fd)
            except OSError as e:
                error = _walk_error(fd, name, path, e)
                self._drop(fd)
                raise error from e
            self._drop(fd)
            fd = inner
        return fd

    def _drop(self, fd: int) -> None:
        if fd != self._root:
            os.close(fd)


def _walk_error(fd: int, folder: bytes, path: bytes, e: OSError) -> Exception:
    if e.errno == errno.ENOENT:
        return NotFound(f"there is no folder for {show(path)}")
    if e.errno in (errno.ENOTDIR, errno.ELOOP):
        if stat.S_ISLNK(os.lstat(folder, dir_fd=fd).st_mode):
            return OutsideRoot(f"{show(path)} leads through the symbolic link {show(folder)}")
        return NotFound(f"{show(folder)} on the way to {show(path)} is not a folder")
    return e
