"""What is mounted where: which file systems the state may lie on, and whether a folder is a mount point.

It reads the kernel's tables and asks no file system, so that a mount whose server hangs holds nobody up; `detach_dead` asks.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lsfs.errors import BadRequest

_LIBC = ctypes.CDLL(None, use_errno=True)
_MNT_DETACH = 2
_UNFIT = {
    b"9p": "a network file system",
    b"autofs": "an automounter",
    b"ceph": "a network file system",
    b"cifs": "a network file system",
    b"fuse": "a FUSE file system",
    b"nfs": "a network file system",
    b"nfs4": "a network file system",
    b"proc": "no file system for data",
    b"smb3": "a network file system",
    b"sysfs": "no file system for data",
}
_ESCAPED = re.compile(rb"\\([0-7]{3})")
"""How the kernel writes blanks, tabs, newlines and backslashes in these tables (getmntent(3)); other bytes are themselves."""


def file_system(path: Path) -> tuple[str, bool]:
    """Return the type of the file system that `path` is on, and whether it is mounted read-only."""
    kind, read_only, best = b"", False, -1
    target = os.path.realpath(os.fsencode(path))
    for fields in _rows("/proc/self/mounts"):
        where = _plain(fields[1])
        below = where == b"/" or target == where or target.startswith(where.rstrip(b"/") + b"/")
        if below and len(where) >= best:
            kind, read_only, best = fields[2], b"ro" in fields[3].split(b","), len(where)
    return os.fsdecode(kind), read_only


def is_mounted(path: Path) -> bool:
    """Tell whether something is mounted at `path`; bind mounts too, which os.path.ismount does not see on one file system."""
    target = os.fsencode(path)
    return any(_plain(fields[4]) == target for fields in _rows("/proc/self/mountinfo"))


def detach_dead(path: Path) -> bool:
    """Detach a mount whose process is gone (ENOTCONN, and nothing else: a disk with errors is no mount of ours).

    Returns:
        Whether there was one.
    """
    try:
        os.statvfs(path)  # stat may be answered from the kernel's cache for a second after the process has died
    except OSError as e:
        if e.errno == errno.ENOTCONN:
            if os.geteuid() != 0:
                command = ["fusermount3", "-u", "-z", "--", str(path)]
                return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
            return not _LIBC.umount2(os.fsencode(path), _MNT_DETACH)
    return False


def _rows(table: str) -> Iterator[list[bytes]]:
    with open(table, "rb") as f:
        for line in f:
            yield line.split(b" ")


def _plain(text: bytes) -> bytes:
    return _ESCAPED.sub(lambda m: bytes([int(m[1], 8)]), text)


def check_state_disk(state: Path) -> None:
    """Refuse a place where a database and hard links cannot be trusted.

    Raises:
        BadRequest: it is on a network, FUSE or read-only file system; the text says what to do.
    """
    there = state
    while not there.exists():
        there = there.parent
    kind, read_only = file_system(there)
    hint = "; put the state elsewhere with --state DIR"
    if read_only:
        raise BadRequest(f"{there} is on a file system that is mounted read-only{hint}")
    unfit = _UNFIT.get(os.fsencode(kind)) or (_UNFIT[b"fuse"] if kind.startswith("fuse") else None)
    if unfit:
        raise BadRequest(f"{there} is on {unfit} ({kind}), where the state is not safe{hint}")
