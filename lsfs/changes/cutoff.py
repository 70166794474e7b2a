"""What a transaction that a crash cut off was about to do, and what somebody else did at its paths since.

The contents that it knew are those that were there before and those that it was about to write: a file with another content
is somebody's own work. So is a gap where it was only writing.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass

from lsfs.capture.disk import Disk
from lsfs.changes.putback import Target
from lsfs.errors import NotFound, OutsideRoot
from lsfs.model import Kind, RelPath
from lsfs.packs.intake import file_digest
from lsfs.versions.records import unpack

_ANYTHING = b""
_ONLY_WRITES = frozenset({"write", "set_time"})


@dataclass(frozen=True, slots=True)
class Cut:
    """The steps of a transaction, together.

    Attributes:
        before: what each path stood for when it was touched first.
        contents: digests of all contents that it knew.
        free: paths of which nothing can be said: written in place, so that a crash leaves neither the old nor the new.
        written: paths that it only wrote, so that there was a file all the time.
    """

    before: dict[RelPath, Target]
    contents: frozenset[bytes]
    free: frozenset[bytes]
    written: frozenset[bytes]


def read_cut(con: sqlite3.Connection, tx: int) -> Cut:
    """Return what the steps of a transaction say."""
    before: dict[RelPath, Target] = {}
    contents: set[bytes] = set()
    free: set[bytes] = set()
    operations: dict[bytes, set[str]] = {}
    rows = con.execute("SELECT operation, targets, expected FROM step WHERE tx=? ORDER BY number", (tx,))
    for operation, targets, expected in rows:
        for path, fid, vid in unpack(targets):
            before.setdefault(path, Target(fid, vid))
            operations.setdefault(path, set()).add(operation)
        for path, digest in unpack(expected):
            free.update([path] if digest is None else [])
            contents.update([] if digest is None else [digest])
    for target in before.values():
        row = con.execute("SELECT digest FROM version WHERE vid=?", (target.vid,)).fetchone()
        if row is not None and row[0] is not None:
            contents.add(row[0])
    written = {path for path, what in operations.items() if what <= _ONLY_WRITES}
    return Cut(before, frozenset(contents), frozenset(free), frozenset(written))


def theirs(disk: Disk, cut: Cut) -> list[RelPath]:
    """Return the paths at which somebody else has changed something since, as the disk is now."""
    return [path for path in cut.before if _is_theirs(disk, cut, path)]


def _is_theirs(disk: Disk, cut: Cut, path: RelPath) -> bool:
    look = disk.look(path)
    if look is None:
        return path in cut.written and cut.before[path].fid is not None
    if look.kind != Kind.FILE or path in cut.free:
        return False
    try:
        return _digest(disk, path) not in cut.contents
    except (OSError, NotFound, OutsideRoot):
        return False


def _digest(disk: Disk, path: RelPath) -> bytes:
    fd = disk.open_file(path)
    try:
        return file_digest(fd)
    finally:
        os.close(fd)
