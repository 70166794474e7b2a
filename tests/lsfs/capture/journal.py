"""A root whose journal is written by hand, as a mount would write it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.wire.journal import NO_STAT, FileStat, JournalRecord, RecordKind, Writer
from lsfs.wire.spool import Spool
from tests.lsfs.store_rig import Rig, rig


class Mount:
    """What a mount does around a write: the same records and spool files, made by hand."""

    def __init__(self, r: Rig) -> None:
        self._root = r.root
        self.journal = Writer(r.state / "journal")
        self.spool = Spool(r.state / "spool")

    def stat(self, name: str) -> os.stat_result:
        return (self._root / name).stat()

    def before(self, name: str) -> None:
        """Set the present content aside, as before an open for writing."""
        st = self.stat(name)
        fd = os.open(self._root / name, os.O_RDONLY)
        spooled = self.spool.add_copy(fd, st)
        os.close(fd)
        self.tell(RecordKind.BEFORE, name, st.st_ino, old=FileStat.of(st), spool=spooled)

    def close(self, name: str, text: str, *, mtime_ns: int | None = None) -> None:
        """Write through a handle, set the time where one is given, and close it."""
        (self._root / name).write_text(text)
        if mtime_ns is not None:
            os.utime(self._root / name, ns=(mtime_ns, mtime_ns))
        st = self.stat(name)
        self.tell(RecordKind.CONTENT, name, st.st_ino, new=FileStat.of(st))

    def tell(
        self,
        kind: RecordKind,
        name: str,
        ino: int,
        *,
        old: FileStat = NO_STAT,
        new: FileStat = NO_STAT,
        path2: str = "",
        ino2: int = 0,
        flags: int = 0,
        spool: bytes = b"",
    ) -> None:
        record = JournalRecord(
            kind, ino, os.fsencode(name), 1, path2=os.fsencode(path2), ino2=ino2, old=old, new=new, flags=flags, spool=spool
        )
        self.journal.append(record)

    def spooled(self, r: Rig) -> list[str]:
        return os.listdir(r.state / "spool")


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, journal=True) as made:
        yield made


@pytest.fixture
def mount(r: Rig) -> Iterator[Mount]:
    made = Mount(r)
    yield made
    made.journal.close()
    made.spool.close()
