"""Take the content of a file into the packs, and know whether it was whole.

A file is read through a descriptor of our own and its stat compared before and after: where it moved, what was read may be
half of one state and half of the next ("torn").

Threading: any thread; the packs have their own lock.
"""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from lsfs.capture.disk import Disk, Look, look_of, read_xattrs
from lsfs.errors import NotFound, OutsideRoot
from lsfs.model import Kind, State
from lsfs.packs.content import Content
from lsfs.versions.contents import ContentStore
from lsfs.versions.records import pack

GRAIN_NS = 20_000_000
"""The kernel's clock for times of files moves in steps of up to 10 ms: younger changes can leave an equal stat."""

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)


class Taken(NamedTuple):
    """What was read of a file.

    Attributes:
        look: its stat at the end of the reading.
        whole: its stat did not move while it was read.
        racy: it changed so short a while ago that a further change may leave the same stat.
        unreadable: why there is no content although there is a file.
    """

    look: Look
    content: Content | None = None
    target: bytes | None = None
    xattrs: bytes | None = None
    whole: bool = True
    racy: bool = False
    unreadable: str = ""

    @property
    def state(self) -> State:
        """The state of a version with this content."""
        if self.unreadable:
            return State.MISSED
        return State.STORED if self.whole else State.TORN


def take(disk: Disk, packs: ContentStore, path: bytes, now_ns: int) -> Taken | None:
    """Read what is at `path`, or return None when it has gone."""
    try:
        look = disk.look(path)
        if look is None:
            return None
        if look.kind == Kind.FILE:
            return _file(disk, packs, path, now_ns)
        if look.kind == Kind.SYMLINK:
            target = disk.target(path)
            after = disk.look(path)
            return None if after is None else Taken(after, target=target, racy=_racy(after, now_ns))
        return Taken(look, xattrs=_packed(disk.xattrs(path)) if look.kind == Kind.DIRECTORY else None)
    except (NotFound, OutsideRoot):
        return None
    except OSError as e:
        if e.errno in _GONE:
            return None
        raise


def _file(disk: Disk, packs: ContentStore, path: bytes, now_ns: int) -> Taken | None:
    try:
        fd = disk.open_file(path)
    except PermissionError:
        look = disk.look(path)
        return None if look is None else Taken(look, unreadable="we may not read it")
    try:
        before = look_of(os.fstat(fd))
        if before.kind != Kind.FILE:
            return None
        try:
            content = packs.add_file(fd, size_hint=before.size)
        except OSError as e:
            if e.errno != errno.EIO:
                raise
            return Taken(before, unreadable="the disk could not read it")
        xattrs = _packed(read_xattrs(fd))
        after = look_of(os.fstat(fd))
    finally:
        os.close(fd)
    whole = before.key == after.key and content.size == after.size
    return Taken(after, content, xattrs=xattrs, whole=whole, racy=_racy(after, now_ns))


def _racy(look: Look, now_ns: int) -> bool:
    return max(look.ctime_ns, look.mtime_ns) > now_ns - GRAIN_NS


def _packed(xattrs: dict[bytes, bytes]) -> bytes | None:
    return pack(xattrs) if xattrs else None
