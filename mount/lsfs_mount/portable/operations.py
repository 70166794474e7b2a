"""The class whose methods fusepy and mfusepy call: `fuse.Operations` by form, for both of them.

It takes apart what a binding passes (names as Latin-1 text, libfuse's struct of an open file) and hands it to the part that is
meant: the semantic tree for what is below `/.lsfs`, else the root. What libfuse's interface has no operation for (O_TMPFILE,
holes, ioctl, locks between machines) is not defined here, and the kernel answers for itself; what it has but cannot be done
right is refused (see the table in the mount's README).

Threading: libfuse's threads; the parts guard what they share.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Any

from lsfs_mount.portable.binding import ENCODING, Info
from lsfs_mount.portable.contents import Contents
from lsfs_mount.portable.inodes import Ask, Fields, Inodes
from lsfs_mount.portable.names import Names
from lsfs_mount.portable.root import Root
from lsfs_mount.portable.semantic import HANDLES, Semantic
from lsfs_mount.portable.walk import proc_path
from lsfs_mount.shared import VIRTUAL_NAME

_BELOW = VIRTUAL_NAME + b"/"
_SIZES = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail", "f_namemax")

Entry = tuple[str, dict[str, int], int]
"""Name, attributes (number and kind count), offset (0: libfuse keeps the whole listing)."""


class Operations:
    """One mount.

    Args:
        ready: called when the kernel has agreed.

    Attributes:
        use_ns: times are whole nanoseconds.
        flag_nopath, flag_nullpath_ok: an operation on an open file comes without a path; there may be none any more.
        flag_utime_omit_ok: one of the two times may be left as it is.
    """

    use_ns = True
    flag_nopath = flag_nullpath_ok = True
    flag_utime_omit_ok = True

    def __init__(self, root: Root, semantic: Semantic, ask: Ask, ready: Callable[[], None]) -> None:
        self._root = root
        self._semantic = semantic
        self._ready = ready
        self._inodes = Inodes(root, ask)
        self._names = Names(root)
        self._contents = Contents(root)

    def init(self, _path: str) -> None:
        """Take note that the mount stands."""
        self._ready()

    # Attributes

    def getattr(self, path: str | None, info: Info | None = None) -> Fields:
        """Return attributes."""
        if path is not None and (virtual := _virtual(path)) is not None:
            return self._semantic.attributes(virtual)
        if info and info.fh >= HANDLES:
            return self._semantic.attributes(self._semantic.path(info.fh))
        if info and path is None:
            return self._inodes.attributes_of(info.fh)
        return self._inodes.attributes(_real(path or "/"))

    def statfs(self, _path: str) -> dict[str, int]:
        """Return the size of the file system below."""
        with self._root.walk.inode(b"") as fd:
            found = os.statvfs(fd)
        return {name: getattr(found, name) for name in _SIZES}

    def chmod(self, path: str | None, mode: int, info: Info | None = None) -> None:
        """Set the mode."""
        self._inodes.chmod(None if path is None else _real(path), info.fh if info else -1, mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        """Set user and group."""
        self._inodes.chown(_real(path), uid, gid)

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        """Set the times; None is now."""
        now = (1 << 30) - 1
        self._inodes.utimens(_real(path), *(times or (now, now)))

    def truncate(self, path: str | None, length: int, info: Info | None = None) -> None:
        """Set the size."""
        if info:
            self._contents.truncate(info.fh, length)
        else:
            self._inodes.truncate(_real(path or "/"), length)

    # Extended attributes

    def getxattr(self, path: str, name: str, _position: int = 0) -> bytes:
        """Return an extended attribute."""
        if _virtual(path) is not None:
            raise OSError(errno.ENODATA, "no such attribute")
        return self._inodes.getxattr(_real(path), name.encode(ENCODING))

    def listxattr(self, path: str) -> list[str]:
        """Return the names of the extended attributes."""
        return [] if _virtual(path) is not None else [n.decode(ENCODING) for n in self._inodes.listxattr(_real(path))]

    def setxattr(self, path: str, name: str, value: bytes, flags: int, _position: int = 0) -> None:
        """Set an extended attribute."""
        self._inodes.setxattr(_real(path), name.encode(ENCODING), value, flags)

    def removexattr(self, path: str, name: str) -> None:
        """Remove an extended attribute."""
        self._inodes.removexattr(_real(path), name.encode(ENCODING))

    # Names

    def readlink(self, path: str) -> str:
        """Return what a symbolic link points to."""
        virtual = _virtual(path)
        found = self._names.readlink(_real(path)) if virtual is None else self._semantic.readlink(virtual)
        return found.decode(ENCODING)

    def symlink(self, path: str, target: str) -> None:
        """Make a symbolic link."""
        self._names.symlink(_real(path), target.encode(ENCODING))

    def mknod(self, path: str, mode: int, device: int) -> None:
        """Make a file, FIFO, socket or device node."""
        self._names.mknod(_real(path), mode, device)

    def mkdir(self, path: str, mode: int) -> None:
        """Make a folder; in `.lsfs/saved/`, a saved search."""
        if (virtual := _virtual(path)) is not None:
            self._semantic.mkdir(virtual)
        else:
            self._names.mkdir(_real(path), mode)

    def link(self, path: str, source: str) -> None:
        """Give an inode a further name."""
        self._names.link(_real(path), _real(source))

    def unlink(self, path: str) -> None:
        """Remove a name."""
        self._names.unlink(_real(path))

    def rmdir(self, path: str) -> None:
        """Remove an empty folder, or a saved search."""
        if (virtual := _virtual(path)) is not None:
            self._semantic.rmdir(virtual)
        else:
            self._names.rmdir(_real(path))

    def rename(self, old: str, new: str) -> None:
        """Rename."""
        self._names.rename(_real(old), _real(new))

    # Content

    def open(self, path: str, info: Info) -> None:
        """Open a file."""
        if (virtual := _virtual(path)) is not None:
            info.fh, cached = self._semantic.open(virtual, info.flags)
            info.direct_io = not cached
        else:
            info.fh = self._contents.open(_real(path), info.flags)

    def create(self, path: str, mode: int, info: Info) -> None:
        """Make and open a file."""
        info.fh = self._contents.create(_real(path), mode, info.flags)

    def read(self, _path: str | None, size: int, offset: int, info: Info) -> bytes:
        """Return bytes."""
        if info.fh >= HANDLES:
            return self._semantic.read(info.fh, size, offset)
        return self._contents.read(info.fh, size, offset)

    def write(self, _path: str | None, data: bytes, offset: int, info: Info) -> int:
        """Write bytes."""
        return self._contents.write(info.fh, data, offset, from_map=bool(info.writepage))

    def flush(self, _path: str | None, info: Info) -> None:
        """Take note that a descriptor of a handle was closed."""
        self._contents.flush(info.fh)

    def release(self, _path: str | None, info: Info) -> None:
        """Close a handle."""
        if info.fh >= HANDLES:
            self._semantic.release(info.fh)
        else:
            self._contents.release(info.fh)

    def fsync(self, _path: str | None, data_only: int, info: Info) -> None:
        """Write a file through to the disk."""
        if info.fh < HANDLES:
            self._contents.sync(info.fh, data_only=bool(data_only))

    def fallocate(self, _path: str | None, mode: int, offset: int, length: int, info: Info) -> None:
        """Reserve, punch or zero a range; fusepy has no such operation, and the kernel answers EOPNOTSUPP."""
        self._contents.allocate(info.fh, mode, offset, length)

    # Folders

    def opendir(self, path: str) -> int:
        """Open a folder."""
        if (virtual := _virtual(path)) is not None:
            return self._semantic.opendir(virtual)
        with self._root.walk.inode(_real(path)) as fd:
            return os.open(proc_path(fd), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def readdir(self, _path: str | None, fd: int) -> list[Entry]:
        """Return the names in a folder."""
        if fd >= HANDLES:
            found = self._semantic.listing(self._semantic.path(fd))
            return [(n.decode(ENCODING), {"st_ino": ino, "st_mode": mode}, 0) for n, ino, mode in found]
        walk, device = self._root.walk, os.fstat(fd).st_dev
        here, above = walk.numbers(fd)
        entries: list[Entry] = [(n, {"st_ino": ino, "st_mode": stat.S_IFDIR}, 0) for n, ino in ((".", here), ("..", above))]
        with os.scandir(fd) as it:
            for e in it:
                name = os.fsencode(e.name)
                if not walk.is_hidden(fd, name):
                    ino = walk.shown_ino(device, e.inode())
                    entries.append((name.decode(ENCODING), {"st_ino": ino, "st_mode": _kind(e)}, 0))
        return entries

    def releasedir(self, _path: str | None, fd: int) -> None:
        """Close a folder."""
        if fd >= HANDLES:
            self._semantic.release(fd)
        else:
            os.close(fd)

    def fsyncdir(self, _path: str | None, data_only: int, fd: int) -> None:  # noqa: ARG002 - libfuse's form
        """Write a folder through to the disk."""
        if fd < HANDLES:
            os.fsync(fd)


def _bytes(path: str) -> bytes:
    return path.encode(ENCODING)[1:]


def _virtual(path: str) -> bytes | None:
    """Return the path below `.lsfs/`, None for one of the root."""
    p = _bytes(path)
    if p == VIRTUAL_NAME:
        return b""
    return p[len(_BELOW) :] if p.startswith(_BELOW) else None


def _real(path: str) -> bytes:
    """Return the path below the root.

    Raises:
        OSError: EROFS for one of the semantic tree.
    """
    if _virtual(path) is not None:
        raise OSError(errno.EROFS, "the semantic tree is read-only")
    return _bytes(path)


def _kind(e: os.DirEntry[Any]) -> int:
    """Return the kind of an entry; only a FIFO, a socket or a device needs a look at the inode."""
    if e.is_symlink():
        return stat.S_IFLNK
    if e.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    if e.is_file(follow_symlinks=False):
        return stat.S_IFREG
    try:
        return stat.S_IFMT(e.stat(follow_symlinks=False).st_mode)
    except OSError:
        return 0
