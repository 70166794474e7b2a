"""Contents on their way to a name: written under a temporary one, made durable, and then placed by the hand or discarded.

A version that is put back is written in the state's aside directory, where what it is exchanged for is kept; everything else in
the folder of its target, from which it has its owner.

Durability: `make_durable` comes before a name, so that no power cut leaves a name with a part of its content: one syncfs for
    many files, fdatasync for few.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from lsfs.capture.aside import purpose
from lsfs.capture.disk import Disk, read_xattrs, stage_token
from lsfs.changes.dressing import Attributes, dress_fd
from lsfs.changes.helper import Helper, Order
from lsfs.changes.worker import NEW, own_mode
from lsfs.errors import LsfsError
from lsfs.model import RelPath
from lsfs.packs.restoring import Payload

OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
FEW = 8
LINK = b"link:"
"""Begins the mark of a symbolic link (see `cutoff`), before its target."""


class Staged(NamedTuple):
    """Content on its way to a path.

    Attributes:
        name: its temporary name.
        fd: open for reading and writing, or -1.
        folder: where the temporary name is; -1 is the folder of `path`.
        directory: keeps `folder` open.
        ino: the inode number.
    """

    path: RelPath
    name: bytes
    fd: int
    folder: int = -1
    directory: object = None
    ino: int = 0


class Staging:
    """The files that are staged below a root.

    Args:
        label: part of the temporary names, so that they can be told and removed after a crash.
        point: called before each effect.
    """

    def __init__(self, disk: Disk, label: str, point: Callable[[str], None]) -> None:
        self._disk = disk
        self._point = point
        self._label = label.encode()
        self._begin = b"%s%s-%s" % (disk.stage_prefix, stage_token(), self._label)
        self._count = 0

    def stage(self, path: RelPath, fill: Callable[[int], None], attributes: Attributes) -> Staged:
        """Write content under a temporary name beside `path`; the caller places or discards it."""
        self._point("stage")
        name = self.temporary(path)
        with self._disk.parent(path) as (folder, _):
            fd = os.open(name, NEW, 0o600, dir_fd=folder)
            staged = Staged(path, name, fd, ino=os.fstat(fd).st_ino)
            try:
                if attributes.uid is None and os.geteuid() == 0:
                    above = os.fstat(folder)
                    os.fchown(fd, above.st_uid, above.st_gid)
                fill(fd)
                dress_fd(fd, attributes)
            except BaseException:
                self.discard(staged)
                raise
        return staged

    def helper(self, vids: Iterable[int]) -> Helper:
        """Return what helps `stage_aside` with these versions, for a `with` block."""
        return Helper(self._disk.aside, sum(not self._disk.aside.has(vid) for vid in vids))

    def stage_aside(self, path: RelPath, fill: Callable[[int], None], attributes: Attributes, digest: bytes | None) -> Staged:
        """Write a version's content where it can take the place of what is at `path`, which is kept there then.

        It has all its attributes from the version and none from the folder; where nothing is kept aside it is beside `path`.
        Its descriptor is closed: it is for many files that are placed together later.
        """
        self._point("stage")
        blank = self._disk.aside.stage(self.purpose(path, digest), own_mode(attributes.mode or 0))
        if blank is None:
            return self.close(self.stage(path, fill, attributes))
        try:
            fill(blank.fd)
            ino = dress_fd(blank.fd, attributes, new=True)
        except BaseException:
            blank.discard()
            raise
        os.close(blank.fd)
        return Staged(path, blank.name, -1, blank.folder, blank.directory, ino)

    def give(self, helper: Helper, order: Order, payload: Payload) -> bool:
        """Have the helper do what `stage_aside` does; return whether it is going to."""
        self._point("stage")
        return helper.give(order, payload, self.purpose(order.path, order.content.digest))

    def purpose(self, path: bytes, wanted: bytes | None = None) -> bytes:
        """Return what a name in the aside directory says."""
        return purpose(self._label, path, wanted)

    def name_whole(self, staged: Staged, digest: bytes) -> Staged:
        """Give what was staged beside its path, and is whole, a name that says what it is."""
        name = self.temporary(staged.path, digest)
        with self._disk.parent(staged.path) as (folder, _):
            os.rename(staged.name, name, src_dir_fd=folder, dst_dir_fd=folder)
        return staged._replace(name=name)

    def close(self, staged: Staged) -> Staged:
        """Close the descriptor: for many files that are placed together later."""
        close_fd(staged.fd)
        return staged._replace(fd=-1)

    def kept(self, path: RelPath, vid: int) -> Staged | None:
        """Return the file that was a version, to be placed again, if it was kept aside and nobody has touched it."""
        found = self._disk.aside.take(vid)
        return None if found is None else Staged(path, found.name, -1, found.folder, found.directory, found.ino)

    def copy_beside(self, staged: Staged, folder: int) -> Staged:
        """Copy staged content into the folder of its path, which is on another mount than where it was staged."""
        beside = Staged(staged.path, self.temporary(staged.path), -1)
        source = self._open_staged(staged)
        try:
            there = os.fstat(source)
            target = os.open(beside.name, NEW, 0o600, dir_fd=folder)
            try:
                copy_content(source, target, there.st_size)
                xattrs = read_xattrs(source)
                ino = dress_fd(target, Attributes(there.st_mode, there.st_uid, there.st_gid, there.st_mtime_ns, xattrs))
                os.fdatasync(target)
            except BaseException:
                os.unlink(beside.name, dir_fd=folder)
                raise
            finally:
                os.close(target)
        finally:
            os.close(source)
        os.unlink(staged.name, dir_fd=staged.folder)
        return beside._replace(ino=ino)

    def discard(self, staged: Staged) -> None:
        """Remove what was staged; where that cannot be, the next start does it."""
        close_fd(staged.fd)
        with contextlib.suppress(OSError, LsfsError):
            if staged.folder >= 0:
                os.unlink(staged.name, dir_fd=staged.folder)
                return
            with self._disk.parent(staged.path) as (folder, _):
                os.unlink(staged.name, dir_fd=folder)

    def make_durable(self, staged: Sequence[Staged]) -> None:
        """Make staged content durable, so that no power cut leaves a name with a part of it."""
        self._point("sync")
        if len(staged) > FEW:
            syncfs(self._disk.fd)
            return
        for one in staged:
            try:
                fd = one.fd if one.fd >= 0 else self._open_staged(one)
            except PermissionError:  # it has its mode already, which may let not even us read it
                syncfs(self._disk.fd)
                return
            try:
                os.fdatasync(fd)
            finally:
                close_fd(fd if one.fd < 0 else -1)

    def _open_staged(self, staged: Staged) -> int:
        if staged.folder >= 0:
            return os.open(staged.name, OLD, dir_fd=staged.folder)
        with self._disk.parent(staged.path) as (folder, _):
            return os.open(staged.name, OLD, dir_fd=folder)

    def temporary(self, path: bytes, wanted: bytes | None = None) -> bytes:
        """Return a temporary name that is free, for what is going to be at a path."""
        self._count += 1
        return b"%s-%d-%s" % (self._begin, self._count, self.purpose(path, wanted))


def copy_content(source: int, target: int, size: int) -> None:
    """Copy a file into an empty one, with its holes."""
    os.ftruncate(target, size)
    at = 0
    while at < size:
        try:
            at = os.lseek(source, at, os.SEEK_DATA)
        except OSError as e:
            if e.errno != errno.ENXIO:
                raise
            return
        end = min(os.lseek(source, at, os.SEEK_HOLE), size)
        os.lseek(target, at, os.SEEK_SET)
        while at < end:
            at += os.sendfile(target, source, at, min(end - at, 1 << 26))


def close_fd(fd: int) -> None:
    """Close a descriptor, if it is one."""
    if fd >= 0:
        os.close(fd)


def syncfs(fd: int) -> None:
    """Make a whole file system durable."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(fd) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
