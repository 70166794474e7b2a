"""What a file has beside its content, and how it is given that.

Pure effects on one descriptor.
"""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from lsfs.capture.disk import read_xattrs
from lsfs.changes.worker import set_mode, set_owner

_UNSUPPORTED = (errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.EINVAL)


class Attributes(NamedTuple):
    """What a file has beside its content; None leaves it as it comes."""

    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    mtime_ns: int | None = None
    xattrs: dict[bytes, bytes] | None = None


def dress_fd(fd: int, a: Attributes, *, new: bool = False) -> int:
    """Set attributes by a descriptor: owner before mode (chown clears set-user-id), times last; return the inode number.

    Args:
        new: it was just made and has no extended attributes.
    """
    there = os.fstat(fd)
    chowned = a.uid is not None and a.gid is not None and set_owner(fd, there, a.uid, a.gid)
    if a.xattrs or (a.xattrs is not None and not new):
        _set_xattrs(fd, a.xattrs)
    if a.mode is not None:
        set_mode(fd, there, a.mode, chowned=chowned)
    if a.mtime_ns is not None:
        os.utime(fd, ns=(there.st_atime_ns, a.mtime_ns))
    return there.st_ino


def _set_xattrs(fd: int, wanted: dict[bytes, bytes]) -> None:
    there = read_xattrs(fd)
    gone = [n for n in there if n not in wanted]
    for name in [*gone, *(n for n, value in wanted.items() if there.get(n) != value)]:
        try:
            if name in wanted:
                os.setxattr(fd, name, wanted[name])
            else:
                os.removexattr(fd, name)
        except OSError as e:
            if e.errno not in _UNSUPPORTED:
                raise
