"""The semantic tree `.lsfs/` by path. What a name is `lsfs_mount.meaning` says; here it becomes attributes, listings and text.

What a name was is remembered for a second, as the kernel does with the native driver: it asks for each step of each path here,
and the look-ups that follow a listing shall not ask the engine for each name.

Threading: any thread; `_lock` guards what is remembered and what is open.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
import zlib
from itertools import count

from lsfs_mount.meaning import Meaning, Meant, is_fixed
from lsfs_mount.nodes import VIRTUAL_IDS
from lsfs_mount.portable.inodes import Fields
from lsfs_mount.virtual_nodes import MODES, VALID_S

HANDLES = 1 << 40
"""Handles of the semantic tree are numbers from here on."""
_MOST = 4096


class Semantic:
    """The operations. Paths are those below `.lsfs/`; b"" is its top.

    Args:
        owner: uid and gid that its files have.
    """

    def __init__(self, meaning: Meaning, owner: tuple[int, int]) -> None:
        self._meaning = meaning
        self._owner = owner
        self._began_ns = time.time_ns()
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[float, Meant]] = {}
        self._open: dict[int, tuple[bytes, bytes | None]] = {}
        self._handles = count(HANDLES)

    def stale(self) -> None:
        """Forget what is remembered: the root has changed."""
        with self._lock:
            self._known.clear()

    def _meant(self, path: bytes) -> Meant:
        own = self._meaning.own(path)
        if own is not None:
            return own
        if b"/" not in path and not self._meaning.is_top_name(path):
            raise OSError(errno.ENOENT, "no such folder")
        with self._lock:
            until, found = self._known.get(path, (0.0, None))
        if found is not None and until > time.monotonic() and (found[1] or found[0].kind != "file" or is_fixed(path)):
            return found
        found = self._meaning.asked(path)
        self._remember({path: found})
        return found

    def _remember(self, found: dict[bytes, Meant]) -> None:
        until = time.monotonic() + VALID_S
        with self._lock:
            if len(self._known) > _MOST:
                self._known.clear()
            self._known |= {path: (until, meant) for path, meant in found.items()}

    def attributes(self, path: bytes) -> Fields:
        """Return attributes; those of a file that the engine makes are asked for again."""
        if not path:
            return self._fields(path, "directory", 0, 0)
        wire = self._meant(path)[0]
        return self._fields(path, wire.kind, len(wire.target or b"") or wire.size, wire.mtime_ns)

    def _fields(self, path: bytes, kind: str, size: int, mtime_ns: int) -> Fields:
        ns = mtime_ns or self._began_ns
        return {
            "st_mode": MODES[kind] | (0o200 if path == b"saved" else 0),
            "st_ino": _number(path),
            "st_nlink": 2 if kind == "directory" else 1,
            "st_uid": self._owner[0],
            "st_gid": self._owner[1],
            "st_size": size,
            "st_blocks": (size + 511) // 512,
            **dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), ns),
        }

    def readlink(self, path: bytes) -> bytes:
        """Return what a link points to."""
        target = self._meant(path)[0].target if path else None
        if target is None:
            raise OSError(errno.EINVAL, "no symbolic link")
        return target

    def listing(self, path: bytes) -> list[tuple[bytes, int, int]]:
        """Return the names in a folder with inode number and mode, itself and the one above it first."""
        found = self._meaning.names(path)
        below = path + b"/" if path else b""
        self._remember({below + name: (wire, text) for name, wire, text in found})
        ways = [(b".", _number(path), stat.S_IFDIR), (b"..", _number(path.rpartition(b"/")[0]), stat.S_IFDIR)]
        return ways + [(name, _number(below + name), stat.S_IFMT(MODES[wire.kind])) for name, wire, _ in found]

    def open(self, path: bytes, flags: int) -> tuple[int, bool]:
        """Open a file for reading; return its handle, and whether the kernel may cache it."""
        if flags & (os.O_ACCMODE | os.O_TRUNC):
            raise OSError(errno.EROFS, "the semantic tree is read-only")
        return self._opened(path, self._meant(path)[1]), is_fixed(path)

    def opendir(self, path: bytes) -> int:
        """Open a folder; return its handle."""
        return self._opened(path, None)

    def _opened(self, path: bytes, text: bytes | None) -> int:
        with self._lock:
            handle = next(self._handles)
            self._open[handle] = path, text
        return handle

    def path(self, handle: int) -> bytes:
        """Return the path of an open file or folder."""
        return self._open[handle][0]

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """Return bytes."""
        path, text = self._open[handle]
        return self._meaning.read(path, offset, size) if text is None else text[offset : offset + size]

    def release(self, handle: int) -> None:
        """Close a file or a folder."""
        with self._lock:
            self._open.pop(handle, None)

    def mkdir(self, path: bytes) -> None:
        """Make a saved search."""
        self._meaning.make(path)
        self.stale()

    def rmdir(self, path: bytes) -> None:
        """Remove a saved search."""
        self._meaning.remove(path)
        self.stale()


def _number(path: bytes) -> int:
    return VIRTUAL_IDS + zlib.crc32(path)
