"""Files that lsfs removed or replaced, kept for some minutes under names of the state, so that taking that back is a rename.

What they contain is in the store, so any of them can go at any time, and all go at a start, when `lsfs.changes.rescue` has
looked through what a crash left: this is a short cut and no promise. Beside its speed it lets a file come back as the same
inode, and on ext4, where making a file passes over every inode that was freed in the last minutes, a folder that was just
deleted is made again as fast as any other.

A file is kept only as long as there is plenty of room: together they take at most a sixteenth of what is free.

Threading: any thread; `_lock` guards the table. An own thread removes what has been there for long.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from typing import NamedTuple

from blake3 import blake3

KEPT_S = 600.0
MOST = 20_000
MOST_BYTES = 256 << 20
SHARE_OF_FREE = 16
_MEASURED_FOR_S = 0.05
_LIBC = ctypes.CDLL(None, use_errno=True)
_NOREPLACE, _EXCHANGE = 1, 2
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MADE = re.compile(rb"[0-9a-f]{16}-[0-9]+-([sk])-(.*)")
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


class _Directory:
    """An open directory; it is closed when nobody refers to it any more, so that its number is never another's."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


class Here(NamedTuple):
    """A file here that is somebody's, or a name for one.

    Attributes:
        folder: the descriptor of the directory, for as long as `directory` is referred to.
        fd: open for reading and writing, or -1.
        ino: its inode number; 0 where it is not known yet.
    """

    folder: int
    name: bytes
    directory: object
    fd: int = -1
    ino: int = 0

    def discard(self) -> None:
        """Remove it."""
        if self.fd >= 0:
            os.close(self.fd)
        with suppress(OSError):
            os.unlink(self.name, dir_fd=self.folder)


class Left(NamedTuple):
    """A file that an earlier process left.

    Attributes:
        purpose: as `purpose` made it.
        was_kept: it was the user's, and was removed from there; else it was staged, and may have been exchanged for what was.
    """

    here: Here
    purpose: bytes
    was_kept: bool


def purpose(label: bytes, path: bytes, wanted: bytes | None = None) -> bytes:
    """Return what tells in a name who made it, for which path, and what shall be there (its mark, see `changes.cutoff`)."""
    return b"%s-%s-%s" % (label, short(path), short(wanted) if wanted else b"0")


def short(data: bytes) -> bytes:
    """Return what stands for a path or mark in such a name."""
    return blake3(data).hexdigest(8).encode()


class Aside:
    """The files that are kept, by the id of the version that each of them is."""

    def __init__(self) -> None:
        self._directory: _Directory | None = None
        self._mark = os.urandom(8).hex().encode()
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._bytes = 0
        self._count = 0
        self._most = 0
        self._measured_s = -_MEASURED_FOR_S
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._left: list[bytes] = []

    def open(self, directory: bytes, device: int) -> None:
        """Begin to keep files in a directory, which an earlier process may have left full; none where it is not on `device`."""
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)
        fd = os.open(directory, _FOLDER)
        self._left = [os.fsencode(name) for name in os.listdir(fd)]
        if os.fstat(fd).st_dev == device:
            os.fchmod(fd, 0o700)  # no set-group-id, which the state has of a root that has it
            for name in ("system.posix_acl_default", "system.posix_acl_access"):
                with suppress(OSError):
                    os.removexattr(fd, name)  # or what is made here has it as well
            self._directory = _Directory(fd)
        else:
            os.close(fd)
            self._left = []

    def left(self) -> list[Left]:
        """Return what an earlier process left here, as it could be told from its names."""
        here, made = self._directory, [_MADE.fullmatch(name) for name in self._left]
        return [] if here is None else [Left(Here(here.fd, m[0], here), m[2], was_kept=m[1] == b"k") for m in made if m]

    def remove_left(self) -> None:
        """Remove what an earlier process left here."""
        here, self._left = self._directory, []
        if here is None:
            return
        for name in os.listdir(here.fd):  # anew: a helper may have lived on for a moment
            if not name.startswith(self._mark.decode()):
                with suppress(OSError):
                    os.unlink(name, dir_fd=here.fd)

    def close(self) -> None:
        """Let everything go and keep nothing more."""
        self.clear()
        with self._lock:
            self._directory = None  # who has a file here has it still
            self._closed.set()

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            while self._kept:
                self._drop()

    def keep(self, folder: int, name: bytes, vid: int, expected: os.stat_result, why: bytes) -> bool:
        """Move a file that is to go from its name to here; return whether it is gone from there.

        Args:
            vid: the version that it is, exactly; its content is in the store.
            expected: its stat a moment ago.
            why: its `purpose`.

        Raises:
            FileExistsError: another file had been put there since; it is there again, or a still newer one is.
        """
        with self._lock:
            here = self._directory
            if here is None or not self._has_room(here, expected.st_blocks * 512):
                return False
            own = self._name(b"k", why)
            try:
                os.rename(name, own, src_dir_fd=folder, dst_dir_fd=here.fd)
            except OSError:  # where it is on another mount, for one
                return False
            there = os.lstat(own, dir_fd=here.fd)
            if (there.st_ino, there.st_size, there.st_mtime_ns) != (expected.st_ino, expected.st_size, expected.st_mtime_ns):
                appear(here.fd, own, folder, name)
                raise FileExistsError(errno.EEXIST, "it was changed in this moment")
            self._add(vid, own, there)
        return True

    def place(self, why: bytes) -> Here | None:
        """Return a free name here for a file that is going to be exchanged for one of the user's.

        It is the caller's, like what it is exchanged for, until `adopt`; None where nothing is kept here.
        """
        with self._lock:
            here, name = self._directory, self._name(b"s", why)
        return None if here is None else Here(here.fd, name, here)

    def stage(self, why: bytes, mode: int) -> Here | None:
        """Make an empty file at such a place; nobody else comes here, so it may have its mode (but for the umask) at once."""
        here = self.place(why)
        return None if here is None else here._replace(fd=os.open(here.name, _NEW, mode, dir_fd=here.folder))

    def _name(self, kind: bytes, why: bytes) -> bytes:
        """Return a name that no file of the user's has, wherever it is looked for."""
        self._count += 1
        return b"%s-%d-%s-%s" % (self._mark, self._count, kind, why)

    def holds(self, directory: object) -> bool:
        """Tell whether a `Here.directory` is this one."""
        return directory is not None and directory is self._directory

    def adopt(self, name: bytes, vid: int, there: os.stat_result) -> bool:
        """Keep a file that has come here by an exchange; return whether there is room for it.

        Args:
            vid: the version that it is, exactly.
        """
        with self._lock:
            if self._directory is None or not self._has_room(self._directory, there.st_blocks * 512):
                return False
            self._add(vid, name, there)
        return True

    def _add(self, vid: int, name: bytes, there: os.stat_result) -> None:
        if vid in self._kept:
            self._drop(vid)
        room = there.st_blocks * 512
        self._kept[vid] = _Kept(name, _stat(there), room, time.monotonic())
        self._bytes += room
        self._watch()

    def has(self, vid: int) -> bool:
        """Tell whether the file that is a version is kept."""
        return vid in self._kept

    def take(self, vid: int) -> Here | None:
        """Return the file that is a version, if it is kept and untouched; it is the caller's from now on."""
        if vid not in self._kept:
            return None
        with self._lock:
            kept, here = self._kept.pop(vid, None), self._directory
            if kept is None or here is None:
                return None
            self._bytes -= kept.room_bytes
            with suppress(OSError):
                if _stat(os.lstat(kept.name, dir_fd=here.fd)) == kept.stat:
                    return Here(here.fd, kept.name, here, ino=kept.stat[0])
                os.unlink(kept.name, dir_fd=here.fd)
        return None

    def _has_room(self, here: _Directory, room: int) -> bool:
        if (now := time.monotonic()) >= self._measured_s + _MEASURED_FOR_S:
            disk = os.fstatvfs(here.fd)
            self._most = min(MOST_BYTES, disk.f_bavail * disk.f_frsize // SHARE_OF_FREE)
            self._measured_s = now
        while self._kept and (self._bytes + room > self._most or len(self._kept) >= MOST):
            self._drop()
        return self._bytes + room <= self._most

    def _drop(self, vid: int | None = None) -> None:
        """Let one go: the oldest, or the one that is named."""
        kept = self._kept.popitem(last=False)[1] if vid is None else self._kept.pop(vid)
        self._bytes -= kept.room_bytes
        if self._directory is not None:
            with suppress(OSError):
                os.unlink(kept.name, dir_fd=self._directory.fd)

    # What has been here for long

    def _watch(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="aside", daemon=True)
            with suppress(RuntimeError):  # no more threads can be had: they go when the next one is kept
                thread.start()
                self._thread = thread

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
