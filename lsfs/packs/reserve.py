"""16 MiB kept in reserve, so that garbage can be collected on a full disk: collecting copies before it removes.

The file is made when the first pack is sealed; before that there is nothing to collect.
"""

from __future__ import annotations

import contextlib
import os

from lsfs.packs.diskio import DiskIO

SIZE = 16 * 1024 * 1024


class Reserve:
    """The reserve file of one store."""

    def __init__(self, io: DiskIO, directory: str) -> None:
        self._io, self._path = io, f"{directory}/reserve"

    def ensure(self) -> bool:
        """Make the file where it is missing and there is room; tell whether it is there."""
        if os.path.exists(self._path):
            return True
        try:
            fd = self._io.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except OSError:
            return False
        try:
            self._io.allocate(fd, SIZE)
        except OSError:
            with contextlib.suppress(OSError):
                self._io.unlink(self._path)
            return False
        finally:
            self._io.close(fd)
        return True

    def release(self) -> bool:
        """Give the room back; tell whether there was any."""
        try:
            self._io.unlink(self._path)
        except OSError:
            return False
        return True
