"""The drivers of the mount, and which one is taken.

native: the kernel's protocol itself (`lsfs_mount.mounted`), on Linux. portable: libfuse through one of two bindings
(`lsfs_mount.portable`), which can be named. auto: native where it can mount, else portable.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import MutableMapping
from typing import Protocol

from lsfs_mount.mounted import Mounted
from lsfs_mount.options import Options
from lsfs_mount.portable.binding import load
from lsfs_mount.portable.mounted import Mounted as PortableMounted


class Mount(Protocol):
    """A mount of a root, by whichever driver."""

    @property
    def words(self) -> str:
        """What is said of the mount in the log."""
        ...

    def attach(self) -> None:
        """Mount, serve in the background, and return when the kernel has agreed; raises OSError."""
        ...

    def wait(self) -> None:
        """Return when the file system is gone."""
        ...

    def stop(self) -> str:
        """Unmount; return what has to be said of it."""
        ...


def mount(driver: str, options: Options, environ: MutableMapping[str, str]) -> Mount:
    """Return a mount that is to be attached.

    Args:
        driver: one of `lsfs.config.DRIVERS`.

    Raises:
        Unavailable: the portable driver is wanted and nothing that it runs on is installed.
        OSError: the root or the state cannot be used.
    """
    if driver == "native" or (driver == "auto" and _native_can()):
        return Mounted(options)
    return PortableMounted(options, load("portable" if driver == "auto" else driver, environ))


def _native_can() -> bool:
    """Tell whether the native driver can mount: it needs Linux, and the helper where it is not root."""
    if not sys.platform.startswith("linux") or sys.byteorder != "little":
        return False
    return os.geteuid() == 0 or shutil.which("fusermount3") is not None or shutil.which("fusermount") is None
