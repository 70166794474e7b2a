"""The backing root: every look at, and every open of, a file of the user goes through here and cannot leave the root.

Paths are walked name by name with O_NOFOLLOW from a descriptor of the root, so that a folder which is, or becomes, a symbolic
link leads nowhere. The last name is never followed either. It knows nothing of versions.

Threading: any thread.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from lsfs.capture.aside import Aside
from lsfs.capture.folders import Folders
from lsfs.capture.freeing import Freeing
from lsfs.errors import NotFound, OutsideRoot, Unavailable
from lsfs.model import STAGE_PREFIX, Kind, RelPath, show

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_NO_XATTRS = (errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENODATA, errno.ELOOP, errno.ENOENT)
_OURS = b"user.lsfs."
_NO_NAMES = (b"", b".", b"..")
MOVED = b"-moved"
"""Ends the temporary name of something of the user's that has to make room for a moment: it is never removed."""


class Look(NamedTuple):
    """What `lstat` said of a name."""

    kind: Kind
    ino: int
    nlink: int
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    ctime_ns: int

    @property
    def key(self) -> tuple[int, int, int, int]:
        """What has moved when the file has: (ino, size, mtime_ns, ctime_ns)."""
        return (self.ino, self.size, self.mtime_ns, self.ctime_ns)


def look_of(st: os.stat_result) -> Look:
    """Return the part of a stat that the recorder uses; sizes of folders mean nothing and are 0."""
    kind = Kind.of_mode(st.st_mode)
    size = st.st_size if kind in (Kind.FILE, Kind.SYMLINK) else 0
    return Look(kind, st.st_ino, st.st_nlink, size, st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, st.st_ctime_ns)


class Disk:
    """The directory that is versioned.

    Args:
        root: its real path (below a mount over itself: the private one).
        excluded: paths in it that are not the user's: the state, our mount point.
    """

    def __init__(self, root: bytes, excluded: tuple[bytes, ...] = ()) -> None:
        self.root = root
        self._excluded: set[bytes] = set()
        self._below: tuple[bytes, ...] = ()
        for path in excluded:
            self.exclude(path)
        try:
            self.fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as e:
            raise Unavailable(f"the root {show(root)} cannot be opened: {e.strerror}") from e
        self.device = os.fstat(self.fd).st_dev
        self.folders = Folders(self.fd)
        self.freeing = Freeing()
        self.aside = Aside()
        self.stage_prefix = b""

    def close(self) -> None:
        """Give the descriptor of the root back, and let go of what is kept aside."""
        self.aside.close()
        os.close(self.fd)

    def mark(self, token: str) -> None:
        """Set what tells our temporary names from the user's: STAGE_PREFIX and this token, which nobody guesses.

        It is the state's own and lasts, so that what a killed process left is known by it.
        """
        self.stage_prefix = STAGE_PREFIX + token.encode() + b"-"

    def is_staged(self, path: bytes) -> bool:
        """Tell whether the last name of a path is one of our temporary ones."""
        return bool(self.stage_prefix) and path.rpartition(b"/")[2].startswith(self.stage_prefix)

    def exclude(self, path: bytes) -> None:
        """Leave `path` and what is below it alone from now on."""
        self._excluded = {*self._excluded, path}  # a new set: other threads may be looking through the old one
        self._below = tuple(x + b"/" for x in self._excluded)

    def ignores(self, path: bytes) -> bool:
        """Return whether `path` is none of the user's files."""
        if not path:
            return False
        if self.stage_prefix and self.stage_prefix in path and self.is_staged(path):
            return True
        if path in self._excluded or path.startswith(self._below):
            return True
        return b"/.lsfs" in path and self._in_other_state(path)

    def _in_other_state(self, path: bytes) -> bool:
        """Tell whether `path` is (in) the state of another root inside this one, which is its engine's business alone."""
        return any(self._is_state(path[: m.end()]) for m in _STATE.finditer(path))

    def _is_state(self, folder: bytes) -> bool:
        try:
            with self.parent(folder + b"/format") as (fd, name):
                inner = os.open(name, _READ, dir_fd=fd)
            with os.fdopen(inner, "rb") as f:
                found = f.read(5) == b"lsfs "
        except (OSError, NotFound, OutsideRoot):
            return False
        if found:
            self.exclude(folder)
        return found

    def parent(self, path: bytes) -> Parent:
        """Give (descriptor of the folder, last name) of `path`, for a `with` block.

        Raises:
            OutsideRoot: a folder on the way is a symbolic link, or a name is `..`.
            NotFound: a folder on the way is missing.
        """
        return Parent(self, path)

    def enter(self, path: bytes) -> tuple[int, bytes]:
        """Return what `parent` gives; the caller gives the descriptor back to `folders`."""
        folder, _, name = path.rpartition(b"/")
        if name in _NO_NAMES or (not folder and path[:1] == b"/"):
            raise OutsideRoot(f"{show(path)} is not a path below the root")
        return self.folders.enter(folder, path), name

    def look(self, path: bytes) -> Look | None:
        """Return what is at `path` now, or None: nothing, or nothing inside the root."""
        if not path:
            return look_of(os.fstat(self.fd))
        try:
            fd, name = self.enter(path)
        except (NotFound, OutsideRoot):
            return None
        try:
            return look_of(os.lstat(name, dir_fd=fd))
        except (FileNotFoundError, NotADirectoryError):
            return None
        finally:
            self.folders.leave(fd)

    def open_file(self, path: bytes) -> int:
        """Return a descriptor to read a regular file from; it follows no link and waits for no FIFO."""
        with self.parent(path) as (fd, name):
            return os.open(name, _READ, dir_fd=fd)

    def target(self, path: bytes) -> bytes:
        """Return what a symbolic link points to."""
        with self.parent(path) as (fd, name):
            return os.readlink(name, dir_fd=fd)

    def xattrs(self, path: bytes) -> dict[bytes, bytes]:
        """Return the extended attributes of a file or folder, without our own virtual ones."""
        with self.parent(path) as (fd, name):
            return read_xattrs(b"/proc/self/fd/%d/%s" % (fd, name))

    def walk(self, under: bytes) -> Iterator[tuple[RelPath, Look]]:
        """Yield everything below a folder, folders before what is in them; other file systems' mounts are passed over."""
        waiting = [under]
        while waiting:
            folder = waiting.pop()
            for name, look in self._children(folder):
                path = RelPath(folder + b"/" + name if folder else name)
                if self.ignores(path):
                    self._remove_stale(path, look)
                    continue
                yield path, look
                if look.kind == Kind.DIRECTORY:
                    waiting.append(path)

    def _remove_stale(self, path: bytes, look: Look) -> None:
        """Remove a temporary copy that a killed process of ours left (what it was a copy of is not lost)."""
        stale = self.is_staged(path) and stage_token() not in path and not path.endswith(MOVED)
        if stale and look.kind != Kind.DIRECTORY and look.nlink == 1:
            with suppress(OSError, NotFound), self.parent(path) as (fd, last):
                os.unlink(last, dir_fd=fd)

    def staged(self, folder: bytes) -> list[tuple[RelPath, Look]]:
        """Return what has our temporary names in a folder: copies, and (MOVED) files and folders of the user's."""
        inside = [(RelPath(folder + b"/" + n if folder else n), look) for n, look in self._children(folder)]
        return [(p, look) for p, look in inside if self.is_staged(p)]

    def _children(self, folder: bytes) -> list[tuple[bytes, Look]]:
        """Return what is directly in a folder; nothing where it is gone, closed to us, or another file system's."""
        try:
            with self._folder(folder) as fd:
                if os.fstat(fd).st_dev != self.device:
                    return []
                return [c for n in sorted(os.listdir(fd)) if (c := _child(fd, n)) is not None]
        except (OSError, NotFound, OutsideRoot):
            return []

    @contextmanager
    def _folder(self, folder: bytes) -> Iterator[int]:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        if not folder:
            fd = os.open(b".", flags, dir_fd=self.fd)
        else:
            with self.parent(folder) as (parent, name):
                fd = os.open(name, flags, dir_fd=parent)
        try:
            yield fd
        finally:
            os.close(fd)


class Parent:
    """A folder that is entered for a block; not a generator, because it is made several times for each file."""

    __slots__ = ("_disk", "_fd", "_path")

    def __init__(self, disk: Disk, path: bytes) -> None:
        self._disk, self._path, self._fd = disk, path, -1

    def __enter__(self) -> tuple[int, bytes]:
        self._fd, name = self._disk.enter(self._path)
        return self._fd, name

    def __exit__(self, *error: object) -> None:
        self._disk.folders.leave(self._fd)


def _child(fd: int, name: str) -> tuple[bytes, Look] | None:
    try:
        return os.fsencode(name), look_of(os.lstat(name, dir_fd=fd))
    except FileNotFoundError:
        return None


_STATE = re.compile(rb"/\.lsfs(?=/|\Z)")

_TOKEN = os.urandom(4).hex()


def stage_token() -> bytes:
    """Return the part of such names that tells this process's files from those that a killed one left."""
    return f"{_TOKEN}{os.getpid()}".encode()


def read_xattrs(where: bytes | int) -> dict[bytes, bytes]:
    """Return the extended attributes in the `user.` namespace and the access lists, but for our own virtual ones."""
    follow = isinstance(where, int)
    try:
        names = os.listxattr(where, follow_symlinks=follow) if not follow else os.listxattr(where)
    except OSError as e:
        if e.errno in _NO_XATTRS:
            return {}
        raise
    out = {}
    for text in names:
        name = os.fsencode(text)
        if name.startswith(_OURS):
            continue
        try:
            out[name] = os.getxattr(where, text) if follow else os.getxattr(where, text, follow_symlinks=False)
        except OSError as e:
            if e.errno not in _NO_XATTRS:
                raise
    return out
