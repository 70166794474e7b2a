"""A mount process for tests, started as the engine starts it, and taken down whatever happens."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lsfs.wire.captured import key
from lsfs.wire.control import Client
from lsfs.wire.journal import JournalRecord, Position, RecordKind, Tailer

_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class Rig:
    """A mount and what belongs to it.

    Attributes:
        plain: the backing directory.
        point: where it is mounted.
    """

    plain: Path
    point: Path
    state: Path
    engine: Path
    process: subprocess.Popen[bytes]
    control: Client
    log: Path

    def records(self, since: int = 0) -> list[JournalRecord]:
        """Return what the mount has journaled after a sequence number."""
        return [r for r, _ in Tailer(self.state / "journal").read(Position()) if r.seq > since]

    def last(self) -> int:
        """Return the last sequence number."""
        return max((r.seq for r in self.records()), default=0)

    def kinds(self, path: bytes, since: int = 0) -> list[RecordKind]:
        """Return the kinds of the records of a path."""
        return [r.kind for r in self.records(since) if r.path == path]

    def spooled(self, path: bytes) -> list[bytes]:
        """Return the contents that were set aside for a path, the oldest first."""
        names = [r.spool for r in self.records() if r.kind is RecordKind.BEFORE and r.path == path]
        return [(self.state / "spool" / os.fsdecode(n)).read_bytes() for n in names]

    def acknowledge(self, *paths: str) -> None:
        """Tell the mount that the present state of files is stored."""
        found = [(self.plain / p).stat() for p in paths]
        self.control.captured([key(s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for s in found])


def command(rig_dir: Path, plain: Path, point: Path, *more: str) -> list[str]:
    """Return the command of a mount process."""
    state = rig_dir / "state"
    sockets = {"engine": rig_dir / "engine.sock", "control": rig_dir / "mount.sock"}
    options = {"root": plain, "state": state, "mountpoint": point, **sockets}
    return [sys.executable, "-m", "lsfs_mount.main", *(w for k, v in options.items() for w in (f"--{k}", str(v))), *more]


@contextmanager
def mounted(rig_dir: Path, *more: str, plain: Path | None = None, point: Path | None = None) -> Iterator[Rig]:
    """Start a mount process and end it."""
    plain, point = plain or rig_dir / "plain", point or rig_dir / "point"
    for folder in (plain, point, rig_dir / "state"):
        folder.mkdir(parents=True, exist_ok=True)
    (rig_dir / "state" / "format").write_text("lsfs 1 00112233445566ff\n")
    ready, told = os.pipe()
    log = rig_dir / "mount.log"
    with log.open("ab") as out:
        words = command(rig_dir, plain, point, "--ready-fd", str(told), *more)
        process = subprocess.Popen(words, pass_fds=[told], stderr=out)
    os.close(told)
    try:
        with os.fdopen(ready, "rb") as f:
            said = f.read()
        assert said == b"1", said.decode()
        control = Client(rig_dir / "mount.sock")
        yield Rig(plain, point, rig_dir / "state", rig_dir / "engine.sock", process, control, log)
        control.close()
    finally:
        end(process, point)


def end(process: subprocess.Popen[bytes], point: Path) -> None:
    """End a mount process, gently first; leave nothing mounted."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    _LIBC.umount2(os.fsencode(point), 2)


def eventually(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Return when something has become true; fail when it does not."""
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until, "it did not become true"
        time.sleep(0.01)
