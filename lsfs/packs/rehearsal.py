"""A disk that is read and not changed: to see what opening the packs would come to, before anything depends on it.

Recovery cuts torn tails and removes packs that were superseded. With this disk the rows become the same and the files stay as
they are; the next opening with the real one does to the files what was left out here.
"""

from __future__ import annotations

from lsfs.packs.diskio import Bytes, SystemIO


class Rehearsal(SystemIO):
    """Passes on what reads; what would change or sync a file does nothing."""

    def pwrite(self, fd: int, data: Bytes, offset: int) -> int:
        """Write nothing."""
        del fd, offset
        return len(data)

    def fdatasync(self, fd: int) -> None:
        """Sync nothing."""

    def fsync(self, fd: int) -> None:
        """Sync nothing."""

    def ftruncate(self, fd: int, length: int) -> None:
        """Cut nothing."""

    def allocate(self, fd: int, length: int) -> None:
        """Reserve nothing."""

    def unlink(self, path: str) -> None:
        """Remove nothing."""
