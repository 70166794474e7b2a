"""Content that the mount set aside and could not announce before it was killed: whose it is, and when it may go.

What it was about to do did not happen, so the inode is at its name still, unless something else changed that since. Its number
may have been used again meanwhile: a name counts only where journal or tables gave it this inode and the disk has it there
now. Where the spool file is the inode itself, its number cannot have been used again, and the journal's word is enough.

Threading: the recorder's lock is held.
"""

from __future__ import annotations

from collections.abc import Iterable

from lsfs.capture import known as tables
from lsfs.capture.recorder import Recorder
from lsfs.capture.ways import EXCHANGE
from lsfs.model import Kind, RelPath
from lsfs.packs.intake import file_digest
from lsfs.wire.journal import JournalRecord, RecordKind


class Homes:
    """Where inodes are.

    Args:
        records: what the mounts said and nobody has worked off yet.
    """

    def __init__(self, recorder: Recorder, records: Iterable[JournalRecord]) -> None:
        self._recorder = recorder
        self._told: dict[int, bytes] = {}
        for r in records:
            self._follow(r)

    def _follow(self, r: JournalRecord) -> None:
        match r.kind:
            case RecordKind.RENAME:
                self._told.pop(r.ino2, None)
                self._told[r.ino] = r.path2
                if r.flags & EXCHANGE:
                    self._told[r.ino2] = r.path
            case RecordKind.UNLINK:
                self._told.pop(r.ino, None)
            case RecordKind.CREATE | RecordKind.CONTENT | RecordKind.TRUNCATE | RecordKind.ATTRIBUTES:
                self._told[r.ino] = r.path

    def of(self, ino: int, *, alive: bool) -> RelPath | None:
        """Return the name of a file.

        Args:
            alive: the inode is held, so that its number still is its own.
        """
        told = self._told.get(ino)
        if told is not None and (alive or self._is_at(told, ino)):
            return RelPath(told)
        con = self._recorder.catalogue.read()
        names = (name for known in tables.by_inode(con, ino) for name in tables.names(con, known.fid))
        return next((RelPath(name) for name in names if self._is_at(name, ino)), None)

    def _is_at(self, path: bytes, ino: int) -> bool:
        look = self._recorder.disk.look(path)
        return look is not None and look.kind == Kind.FILE and look.ino == ino


def is_stored(recorder: Recorder, fd: int) -> bool:
    """Tell whether some version has the content of a descriptor; reads all of both, so it is for few files."""
    sql = "SELECT 1 FROM version WHERE digest=? AND state='stored' LIMIT 1"
    return recorder.catalogue.read().execute(sql, (file_digest(fd),)).fetchone() is not None
