"""A disk that counts every effect of the store and does something bad at one of them.

KILL ends the process before the effect, TORN writes half of it first, LOSE ends it like a power cut (what was not synced is
gone), AMNESIA too, and the catalogue comes back as it was some transactions before (synchronous=NORMAL allows that; the runner
does it). EIO and FULL make an effect fail: EIO once, FULL every one that needs room until `room_again`.
"""

from __future__ import annotations

import errno
import os
from enum import StrEnum

from lsfs.packs.diskio import Bytes, SystemIO

KILLED = 77


class Fault(StrEnum):
    NONE = "none"
    KILL = "kill"
    TORN = "torn"
    LOSE = "lose"
    AMNESIA = "amnesia"
    EIO = "eio"
    FULL = "full"


class FaultyIO(SystemIO):
    """Passes everything on; the `at`-th effect (from 1) meets the fault."""

    def __init__(self, fault: Fault = Fault.NONE, at: int = 0) -> None:
        self.fault, self.at, self.count = fault, at, 0
        self.trace: list[str] = []
        self.full = False
        self._paths: dict[int, str] = {}
        self._synced: dict[str, int] = {}

    def room_again(self) -> None:
        self.full = False

    def _effect(self, name: str, *, needs_room: bool = False) -> bool:
        """Count one effect; tell whether it is to be torn."""
        self.count += 1
        self.trace.append(name)
        hit = self.count == self.at
        if hit and self.fault is Fault.KILL:
            os._exit(KILLED)
        if hit and self.fault in (Fault.LOSE, Fault.AMNESIA):
            self._lose()
        if hit and self.fault is Fault.EIO and not name.startswith("point"):
            raise OSError(errno.EIO, "Input/output error")
        if hit and self.fault is Fault.FULL:
            self.full = True
        if self.full and needs_room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return hit and self.fault is Fault.TORN

    def _lose(self) -> None:
        """Cut every file to what was synced, and end."""
        for path in set(self._paths.values()):
            if os.path.exists(path):
                os.truncate(path, self._synced.get(path, 0))
        os._exit(KILLED)

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        if flags & os.O_CREAT:
            self._effect(f"create {os.path.basename(path)}", needs_room=True)
        fd = super().open(path, flags, mode)
        if flags & (os.O_RDWR | os.O_WRONLY):
            self._paths[fd] = path
            self._synced.setdefault(path, os.fstat(fd).st_size)
        return fd

    def pwrite(self, fd: int, data: Bytes, offset: int) -> int:
        if self._effect("pwrite", needs_room=True):
            super().pwrite(fd, memoryview(data)[: len(data) // 2], offset)
            os._exit(KILLED)
        return super().pwrite(fd, data, offset)

    def fdatasync(self, fd: int) -> None:
        """Sync for the count only: the process is killed, the machine is not."""
        self._effect("fdatasync")
        self._synced[self._paths[fd]] = os.fstat(fd).st_size

    def fsync(self, fd: int) -> None:
        self._effect("fsync")

    def ftruncate(self, fd: int, length: int) -> None:
        self._effect("ftruncate")
        super().ftruncate(fd, length)

    def allocate(self, fd: int, length: int) -> None:
        self._effect("allocate", needs_room=True)

    def rename(self, source: str, target: str) -> None:
        self._effect("rename")
        super().rename(source, target)

    def unlink(self, path: str) -> None:
        self._effect(f"unlink {os.path.basename(path)}")
        super().unlink(path)

    def close(self, fd: int) -> None:
        self._paths.pop(fd, None)
        super().close(fd)

    def point(self, name: str) -> None:
        self._effect(f"point {name}")
