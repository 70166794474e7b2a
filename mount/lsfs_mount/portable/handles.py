"""Open files of the portable driver, and when one becomes a version.

That is when a handle that changed it is closed, when it was flushed and is quiet, and every ten minutes while it is held open.

The kernel tells of a close twice: a flush, which the closing program waits for, and the release, which may come after that
program (or another) has begun to change the file again, in another thread. So whoever is about to change a file calls `settle`
first, which does for flushed handles what their release would have done.

Threading: any thread; `_lock` guards the table.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections import deque
from dataclasses import dataclass

from lsfs.wire.journal import RecordKind
from lsfs_mount.keeping import Keeper
from lsfs_mount.nodes import Key
from lsfs_mount.opening import LONG_S, QUIET_S

CLOSING_S = 10.0
"""How long a release may take to end in libfuse, on a machine that is busy."""

RELEASE_S = 0.2
"""How long after a flush its release is waited for; it does not come where the descriptor lives on in another process."""


@dataclass(slots=True)
class Handle:
    """An open file.

    Attributes:
        fd: its descriptor, which is also the handle that libfuse knows.
        path: where it is; where it was, if its name went (`named` is False then).
        base: the stat that the last CONTENT record, or the opening, saw; None for readers.
        flushed_at: monotonic time of the last flush since then, 0 for none.
        noted_at: monotonic time of the last record or the opening.
        who: process id and user id of the opener.
        idle: it was flushed and has not written since; probably its release is on the way.
        settled: what it did is journaled; what is seen of the file from now on is by others.
    """

    fd: int
    key: Key
    path: bytes
    writable: bool
    base: os.stat_result | None = None
    flushed_at: float = 0.0
    noted_at: float = 0.0
    who: tuple[int, int] = (0, 0)
    named: bool = True
    idle: bool = False
    settled: bool = False


class Handles:
    """The table of open files."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._lock = threading.Lock()
        self._closing = 0
        self._none_closing = threading.Condition(self._lock)
        self._by_fd: dict[int, Handle] = {}
        self._closed: deque[tuple[Key, float]] = deque(maxlen=1024)

    def __len__(self) -> int:
        return len(self._by_fd)

    def add(self, handle: Handle) -> int:
        """Take a handle; return the number that libfuse knows it by."""
        with self._lock:
            self._by_fd[handle.fd] = handle
        return handle.fd

    def get(self, fd: int) -> Handle:
        """Return a handle.

        Raises:
            OSError: EBADF.
        """
        handle = self._by_fd.get(fd)
        if handle is None:
            raise OSError(errno.EBADF, "the handle is not open")
        return handle

    def of(self, key: Key) -> list[Handle]:
        """Return the open handles of an inode."""
        with self._lock:
            return [h for h in self._by_fd.values() if h.key == key]

    def writers(self, key: Key, *, but_idle: bool = False) -> int:
        """Return how many handles of an inode are open for writing."""
        return sum(h.writable and not (but_idle and h.idle) for h in self.of(key))

    def was_open(self, key: Key) -> bool:
        """Tell whether libfuse may think that an inode is open: it takes note of a release only after we have."""
        since = time.monotonic() - CLOSING_S
        with self._lock:
            return any(h.key == key for h in self._by_fd.values()) or any(k == key and t > since for k, t in self._closed)

    def settle(self, key: Key) -> None:
        """Journal what flushed handles of an inode did, because somebody is about to change it."""
        with self._lock:
            for h in self._by_fd.values():
                if h.key == key and h.writable and h.idle and not h.settled:
                    self._changed(h)
                    h.settled = True

    def writes(self, fd: int) -> None:
        """Take note that a handle changes its file."""
        handle = self.get(fd)
        handle.idle = handle.settled = False

    def written(self) -> list[Handle]:
        """Return the handles that are open for writing."""
        with self._lock:
            return [h for h in self._by_fd.values() if h.writable]

    def moved(self, old: bytes, new: bytes) -> None:
        """Take note that a file, or a folder with what is in it, has another path now."""
        with self._lock:
            for h in self._by_fd.values():
                if h.named and (h.path == old or h.path.startswith(old + b"/")):
                    h.path = new + h.path[len(old) :]

    def unnamed(self, path: bytes, key: Key) -> None:
        """Take note that the name of an open file went."""
        with self._lock:
            for h in self._by_fd.values():
                if h.key == key and h.path == path:
                    h.named = False

    def named(self, path: bytes, key: Key) -> None:
        """Take note that the name of an open file is there again."""
        with self._lock:
            for h in self._by_fd.values():
                if h.key == key and h.path == path:
                    h.named = True

    def flushed(self, fd: int) -> None:
        """Take note that a descriptor of the handle was closed; it may live on in another process."""
        handle = self._by_fd.get(fd)
        if handle is not None and handle.writable:
            handle.flushed_at = time.monotonic()
            handle.idle = True

    def close(self, fd: int) -> Handle | None:
        """Close a handle; a changed file becomes a version."""
        with self._lock:
            handle = self._by_fd.pop(fd, None)
            nameless = handle is not None and self._changed(handle)
            if handle is None:
                return None
            self._closed.append((handle.key, time.monotonic()))
            self._closing += 1
        try:
            if nameless and not self.writers(handle.key):
                self._keeper.copy_node_aside(fd, os.fstat(fd), handle.path)
        finally:
            os.close(fd)
            with self._lock:
                self._closing -= 1
                self._none_closing.notify_all()
        return handle

    def settle_all(self, timeout_s: float) -> None:
        """Journal what flushed handles did; wait until those that are being released, or are about to be, are closed."""
        until = time.monotonic() + min(timeout_s, RELEASE_S)
        with self._lock:
            while any(h.idle for h in self._by_fd.values()) and (left := until - time.monotonic()) > 0:
                self._none_closing.wait(left)
            for h in self._by_fd.values():
                if h.writable and h.idle and not h.settled:
                    self._changed(h)
                    h.settled = True
            self._none_closing.wait_for(lambda: not self._closing, timeout_s)

    def note_quiet(self) -> None:
        """Journal handles that were flushed and are quiet, and those that are held long (called every second)."""
        now = time.monotonic()
        for handle in self.written():
            quiet = handle.flushed_at and now - handle.flushed_at >= QUIET_S
            if quiet or now - handle.noted_at >= LONG_S:
                handle.flushed_at, handle.noted_at = 0.0, now
                self._noted(handle)

    def _noted(self, handle: Handle) -> None:
        """Journal one, unless it was closed meanwhile (its number may be another's already)."""
        with self._lock:
            if self._by_fd.get(handle.fd) is handle:
                self._changed(handle)

    def _changed(self, handle: Handle) -> bool:
        """Journal that a handle's file changed, if it did; return whether it has content but no name. Call under the lock."""
        base = handle.base
        if base is None or handle.settled:
            return False
        st = os.fstat(handle.fd)
        if (st.st_size, st.st_mtime_ns, st.st_ctime_ns) == (base.st_size, base.st_mtime_ns, base.st_ctime_ns):
            return False
        if not st.st_nlink:
            return stat.S_ISREG(st.st_mode) and st.st_size > 0
        handle.base, handle.flushed_at, handle.noted_at = st, 0.0, time.monotonic()
        self._keeper.record(RecordKind.CONTENT, handle.path, st.st_ino, old=base, new=st, who=handle.who)
        return False
