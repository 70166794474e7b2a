"""Files that lsfs removed or replaced, kept for some minutes under names of the state, so that taking that back is a rename.

What they contain is in the store, so any of them can go at any time, and all go at a start: this is a short cut and no
promise. Beside its speed it lets a file come back as the same inode, and on ext4, where making a file passes over every inode
that was freed in the last minutes, a folder that was just deleted is made again as fast as any other.

A file is kept only as long as there is plenty of room: together they take at most a sixteenth of what is free.

Threading: any thread; `_lock` guards the table. An own thread removes what has been there for long.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from typing import NamedTuple

KEPT_S = 600.0
MOST = 20_000
MOST_BYTES = 256 << 20
SHARE_OF_FREE = 16
_MEASURED_FOR_S = 0.05
_LIBC = ctypes.CDLL(None, use_errno=True)
_NOREPLACE, _EXCHANGE = 1, 2
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def exchange(a_fd: int, a: bytes, b_fd: int, b: bytes) -> None:
    """Exchange what two names stand for, in one step; raises OSError (EINVAL where the file system cannot)."""
    _renameat2(a_fd, a, b_fd, b, _EXCHANGE)


def appear(a_fd: int, a: bytes, b_fd: int, b: bytes) -> None:
    """Rename to a name that is free; raises FileExistsError where it is not, and then nothing has happened."""
    try:
        _renameat2(a_fd, a, b_fd, b, _NOREPLACE)
    except OSError as e:
        if e.errno != errno.EINVAL:
            raise
        os.link(a, b, src_dir_fd=a_fd, dst_dir_fd=b_fd, follow_symlinks=False)  # refuses a taken name as well
        os.unlink(a, dir_fd=a_fd)


def _renameat2(a_fd: int, a: bytes, b_fd: int, b: bytes, flags: int) -> None:
    if _LIBC.renameat2(a_fd, a, b_fd, b, flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fsdecode(b))


class _Kept(NamedTuple):
    name: bytes
    stat: tuple[int, int, int, int, int]
    room_bytes: int
    since: float


class Aside:
    """The files that are kept, by the id of the version that each of them is."""

    def __init__(self) -> None:
        self._fd = -1
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._bytes = 0
        self._count = 0
        self._most = 0
        self._measured_s = -_MEASURED_FOR_S
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, directory: bytes, device: int) -> None:
        """Begin to keep files, in a directory that is emptied; none where it is on another file system than `device`."""
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)
        fd = os.open(directory, _FOLDER)
        for name in os.listdir(fd):
            os.unlink(name, dir_fd=fd)
        if os.fstat(fd).st_dev == device:
            self._fd = fd
        else:
            os.close(fd)

    def close(self) -> None:
        """Let everything go and keep nothing more."""
        self.clear()
        with self._lock:
            fd, self._fd = self._fd, -1
            self._closed.set()
        if fd >= 0:
            os.close(fd)

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            while self._kept:
                self._drop()

    def keep(self, folder: int, name: bytes, vid: int, expected: os.stat_result) -> bool:
        """Move a file that is to go from its name to here; return whether it is gone from there.

        Args:
            vid: the version that it is, exactly; its content is in the store.
            expected: its stat a moment ago.

        Raises:
            FileExistsError: another file had been put there since; it is there again, or a still newer one is.
        """
        room = expected.st_blocks * 512
        with self._lock:
            if not self._has_room(room):
                return False
            self._count += 1
            own = b"%d" % self._count
            try:
                os.rename(name, own, src_dir_fd=folder, dst_dir_fd=self._fd)
            except OSError as e:
                self._cannot(e)
                return False
            there = os.lstat(own, dir_fd=self._fd)
            if (there.st_ino, there.st_size, there.st_mtime_ns) != (expected.st_ino, expected.st_size, expected.st_mtime_ns):
                appear(self._fd, own, folder, name)
                raise FileExistsError(errno.EEXIST, "it was changed in this moment")
            if vid in self._kept:
                self._drop(vid)
            self._kept[vid] = _Kept(own, _stat(there), room, time.monotonic())
            self._bytes += room
            self._watch()
        return True

    def take(self, vid: int) -> tuple[int, bytes] | None:
        """Return folder and name of the file that is a version, if it is kept and untouched; it is the caller's from now on."""
        if vid not in self._kept:
            return None
        with self._lock:
            kept = self._kept.pop(vid, None)
            if kept is None:
                return None
            self._bytes -= kept.room_bytes
            with suppress(OSError):
                if _stat(os.lstat(kept.name, dir_fd=self._fd)) == kept.stat:
                    return self._fd, kept.name
                os.unlink(kept.name, dir_fd=self._fd)
        return None

    def _has_room(self, room: int) -> bool:
        if self._fd < 0:
            return False
        if (now := time.monotonic()) >= self._measured_s + _MEASURED_FOR_S:
            disk = os.fstatvfs(self._fd)
            self._most = min(MOST_BYTES, disk.f_bavail * disk.f_frsize // SHARE_OF_FREE)
            self._measured_s = now
        while self._kept and (self._bytes + room > self._most or len(self._kept) >= MOST):
            self._drop()
        return self._bytes + room <= self._most

    def _cannot(self, e: OSError) -> None:
        """Take note that a rename to here was refused: where it is another mount, each will be."""
        if e.errno == errno.EXDEV:
            os.close(self._fd)
            self._fd = -1

    def _drop(self, vid: int | None = None) -> None:
        """Let one go: the oldest, or the one that is named."""
        kept = self._kept.popitem(last=False)[1] if vid is None else self._kept.pop(vid)
        self._bytes -= kept.room_bytes
        with suppress(OSError):
            os.unlink(kept.name, dir_fd=self._fd)

    # What has been here for long

    def _watch(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="aside", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                old = time.monotonic() - KEPT_S
                while self._kept and next(iter(self._kept.values())).since <= old:
                    self._drop()
                if not self._kept:
                    self._thread = None
                    return
                pause = next(iter(self._kept.values())).since - old
            self._closed.wait(pause)


def _stat(st: os.stat_result) -> tuple[int, int, int, int, int]:
    return (st.st_ino, st.st_nlink, st.st_size, st.st_mtime_ns, st.st_ctime_ns)
