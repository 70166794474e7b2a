"""Files that lost their name while a program holds them open.

libfuse finds a file by its path. To keep an open one reachable, it does not pass its unlinking on (nor a rename over it), but
renames it to `.fuse_hidden...` first and unlinks that when the last handle is closed. Such a file would be seen in the root,
and in it for good after a crash. So the name is taken away as the program wanted, and the path that libfuse goes on to use
stands for a descriptor that is kept here.

Threading: any thread; `_lock` guards the table.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from dataclasses import dataclass

from lsfs_mount.nodes import Key

_NAME = re.compile(rb"\.fuse_hidden[0-9a-f]{16,}")


def is_hiding(path: bytes) -> bool:
    """Tell whether a path is one by which libfuse hides an open file."""
    return _NAME.fullmatch(path.rpartition(b"/")[2]) is not None


@dataclass(slots=True)
class _Kept:
    """One file.

    Attributes:
        fd: an O_PATH descriptor.
        lost: its last name went; one that the spool may have is not counted.
    """

    fd: int
    key: Key
    lost: bool


class Nameless:
    """The table, by the last part of the path: libfuse makes it unique, and the folders above may move."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[bytes, _Kept] = {}
        self._latest: tuple[bytes, Key] | None = None

    def add(self, path: bytes, fd: int, name: bytes, key: Key, *, lost: bool) -> None:
        """Let a path stand for a descriptor, which is kept here from now on, and not `name` any more."""
        with self._lock:
            self._by_name[_last(path)] = _Kept(fd, key, lost)
            self._latest = name, key

    def looked_up(self, name: bytes) -> None:
        """Take note that the kernel asks for a name: what comes next is no part of the request that hid its file."""
        if self._latest is not None and self._latest[0] == name:
            self._latest = None

    def was_just(self, name: bytes, key: Key) -> bool:
        """Tell whether libfuse has hidden this very file for the rename to its name that comes now."""
        latest, self._latest = self._latest, None
        return latest == (name, key)

    def open(self, path: bytes) -> int:
        """Return a descriptor of one's own.

        Raises:
            OSError: ENOENT.
        """
        with self._lock:
            kept = self._by_name.get(_last(path))
            if kept is None:
                raise OSError(errno.ENOENT, "no such file")
            return os.dup(kept.fd)

    def is_lost(self, key: Key) -> bool:
        """Tell whether an open file has no name left."""
        if not self._by_name:
            return False
        with self._lock:
            return any(k.key == key and k.lost for k in self._by_name.values())

    def lose(self, key: Key) -> None:
        """Take note that an inode's last name went."""
        with self._lock:
            for kept in self._by_name.values():
                if kept.key == key:
                    kept.lost = True

    def done(self, path: bytes) -> None:
        """Let the descriptor of one path go."""
        with self._lock:
            kept = self._by_name.pop(_last(path), None)
        if kept is not None:
            os.close(kept.fd)

    def drop(self, key: Key) -> None:
        """Let the descriptors of an inode go: nobody has it open any more."""
        if not self._by_name:
            return
        with self._lock:
            for name in [n for n, k in self._by_name.items() if k.key == key]:
                os.close(self._by_name.pop(name).fd)


def _last(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]
