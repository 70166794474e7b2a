"""What a file has beside its content, and how it is given that.

Pure effects on one descriptor.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from typing import NamedTuple

from lsfs.capture.disk import read_xattrs

_UNSUPPORTED = (errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.EINVAL)


class Attributes(NamedTuple):
    """What a file has beside its content; None leaves it as it comes."""

    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    mtime_ns: int | None = None
    xattrs: dict[bytes, bytes] | None = None


def dress_fd(fd: int, a: Attributes) -> None:
    """Set attributes by a descriptor: owner before mode (chown clears set-user-id), times last."""
    there = os.fstat(fd)
    _dress(fd, a, Attributes(there.st_mode, there.st_uid, there.st_gid), there.st_atime_ns)


def dress_new(fd: int, mode: int, a: Attributes) -> None:
    """Do what `dress_fd` does for a file that was just made by us with this mode, and has no extended attributes."""
    _dress(fd, a if a.xattrs else a._replace(xattrs=None), Attributes(mode, os.geteuid(), os.getegid()), time.time_ns())


def _dress(fd: int, a: Attributes, there: Attributes, atime_ns: int) -> None:
    chown = a.uid is not None and a.gid is not None and (a.uid, a.gid) != (there.uid, there.gid)
    if chown and a.uid is not None and a.gid is not None:
        with contextlib.suppress(PermissionError):
            os.fchown(fd, a.uid, a.gid)
    if a.xattrs is not None:
        _set_xattrs(fd, a.xattrs)
    if a.mode is not None and (stat.S_IMODE(a.mode) != stat.S_IMODE(there.mode or 0) or chown):
        os.fchmod(fd, stat.S_IMODE(a.mode))
    if a.mtime_ns is not None:
        os.utime(fd, ns=(atime_ns, a.mtime_ns))


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
