"""Unmounting, for every driver: at once where nobody uses the mount, else lazily, so that who uses it is served to the end."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_MNT_DETACH = 2
_TIMEOUT_S = 20


def detach(mountpoint: Path) -> bool:
    """Unmount; return whether it had to be lazy, because programs still use it."""
    if os.geteuid() == 0:
        target = os.fsencode(mountpoint)
        if _LIBC.umount2(target, 0) == 0:
            return False
        _LIBC.umount2(target, _MNT_DETACH)
        return True
    for lazy, flags in ((False, ["-u"]), (True, ["-u", "-z"])):
        if any(_by_helper([helper, *flags, "--", str(mountpoint)]) for helper in ("fusermount3", "fusermount")):
            return lazy
    return True


def _by_helper(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False).returncode == 0
    except FileNotFoundError:
        return False
