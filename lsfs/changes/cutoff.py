"""What a transaction that a crash cut off was about to do, and what somebody else did at its paths since.

What it knew is what was there before and what it was about to put there: a file with another content, or a link to elsewhere,
is somebody's own work. So is a folder where it knew of none, and a gap where it was only writing. A file that is missing and
lives on under a name that the transaction has nothing to do with was renamed by somebody.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lsfs.capture import known as tables
from lsfs.capture.disk import Disk
from lsfs.capture.known import Known
from lsfs.changes.obstacles import obstacle
from lsfs.changes.putback import Target
from lsfs.changes.staging import LINK
from lsfs.changes.stock import Stock
from lsfs.errors import NotFound, OutsideRoot
from lsfs.model import Kind, RelPath
from lsfs.packs.intake import file_digest
from lsfs.versions.records import unpack

_ONLY_WRITES = frozenset({"write", "set_time"})
FOLDER = b"folder"
_OTHER = b"other"


class Thing(Protocol):
    """What is, or shall be, at a name: a version, or a file as it was captured."""

    @property
    def kind(self) -> Kind:
        """What it is."""

    @property
    def digest(self) -> bytes | None:
        """Of a file's content."""

    @property
    def target(self) -> bytes | None:
        """Of a symbolic link."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The steps of a transaction, together.

    Attributes:
        before: what each path stood for when it was touched first.
        wanted: the marks of what it was about to put there.
        contents: marks of all files and links that it knew.
        others: (path, mark) of all folders and special files that it knew.
        free: paths of which nothing can be said: written in place, so that a crash leaves neither the old nor the new.
        written: paths that it only wrote, so that there was a file all the time.
    """

    before: dict[RelPath, Target]
    wanted: dict[RelPath, bytes]
    contents: frozenset[bytes]
    others: frozenset[tuple[bytes, bytes]]
    free: frozenset[bytes]
    written: frozenset[bytes]


def mark(thing: Thing) -> bytes | None:
    """Return what tells a thing from others: a file's digest (None: it is not known), a link's target, or the kind."""
    return _mark(thing.kind, thing.digest, thing.target)


def _mark(kind: Kind, digest: bytes | None, target: bytes | None) -> bytes | None:
    match kind:
        case Kind.FILE:
            return digest
        case Kind.SYMLINK:
            return LINK + (target or b"")
        case Kind.DIRECTORY:
            return FOLDER
        case _:
            return _OTHER


def expected(
    stock: Stock, targets: Mapping[RelPath, Target], current: Mapping[RelPath, Known | None]
) -> dict[RelPath, bytes | None]:
    """Return the marks of what each path is about to be; of a file that is written in place there is nothing to be said."""
    wanted = {path: mark(stock.get(target.vid).version) for path, target in targets.items() if target.vid is not None}
    return {path: None if is_linked(current[path]) else what for path, what in wanted.items()}


def is_linked(known: Known | None) -> bool:
    """Return whether a file has several names: it is written in place, and what a crash leaves of it is neither old nor new."""
    return known is not None and known.names > 1


def read_cut(con: sqlite3.Connection, tx: int) -> Cut:
    """Return what the steps of a transaction say."""
    before: dict[RelPath, Target] = {}
    wanted: dict[RelPath, bytes] = {}
    marks: set[tuple[bytes, bytes]] = set()
    free: set[bytes] = set()
    operations: dict[bytes, set[str]] = {}
    rows = con.execute("SELECT operation, targets, expected FROM step WHERE tx=? ORDER BY number", (tx,))
    for operation, targets, expected in rows:
        for path, fid, vid in unpack(targets):
            before.setdefault(path, Target(fid, vid))
            operations.setdefault(path, set()).add(operation)
        for path, what in unpack(expected):
            if what is None:
                free.add(path)
            else:
                wanted[path] = what
                marks.add((path, what))
    for path, target in before.items():
        row = con.execute("SELECT kind, digest, target FROM version WHERE vid=?", (target.vid,)).fetchone()
        there = None if row is None else _mark(Kind(row[0]), row[1], row[2])
        marks.update([] if there is None else [(path, there)])
    others = {(path, m) for path, m in marks if m in (FOLDER, _OTHER)}
    written = {path for path, what in operations.items() if what <= _ONLY_WRITES}
    return Cut(before, wanted, frozenset(m for _, m in marks), frozenset(others), frozenset(free), frozenset(written))


def closed(disk: Disk, cut: Cut) -> dict[RelPath, str]:
    """Return the paths that cannot even be looked at, with the reason: somebody has closed a folder to us.

    Raises:
        OSError: the disk fails as a whole.
    """
    out: dict[RelPath, str] = {}
    for path in cut.before:
        try:
            disk.look(path)
        except OSError as e:
            out[path] = obstacle(e, all_of_it=True)
    return out


def theirs(disk: Disk, cut: Cut) -> list[RelPath]:
    """Return the paths at which somebody else has changed something since, as the disk is now."""
    return [path for path in cut.before if _is_theirs(disk, cut, path)]


def _is_theirs(disk: Disk, cut: Cut, path: RelPath) -> bool:
    look = disk.look(path)
    if look is None:
        return path in cut.written and cut.before[path].fid is not None
    if look.kind not in (Kind.FILE, Kind.SYMLINK):
        return (path, _mark(look.kind, None, None)) not in cut.others
    if look.kind == Kind.FILE and path in cut.free:
        return False
    try:
        return mark_there(disk, path) not in cut.contents
    except (OSError, NotFound, OutsideRoot):
        return False


def mark_there(disk: Disk, path: RelPath) -> bytes | None:
    """Return `mark_at` a path.

    Raises:
        NotFound, OutsideRoot, OSError: there is nothing, or it cannot be read.
    """
    with disk.parent(path) as (folder, name):
        return mark_at(folder, name)


def mark_at(folder: int, name: bytes) -> bytes | None:
    """Return the mark of what is at a name in a folder; None: it is neither a file nor a link.

    Raises:
        OSError: it cannot be read.
    """
    there = os.lstat(name, dir_fd=folder)
    if stat.S_ISLNK(there.st_mode):
        return _mark(Kind.SYMLINK, None, os.readlink(name, dir_fd=folder))
    if not stat.S_ISREG(there.st_mode):
        return None
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        return file_digest(fd)
    finally:
        os.close(fd)


def renamed(con: sqlite3.Connection, disk: Disk, cut: Cut) -> dict[RelPath, RelPath]:
    """Return, by the missing path, the new name of each file that somebody has renamed since.

    It walks the whole root where something is missing, and knows it by kind, inode number, size and time.
    """
    missing = {}
    for path, known in tables.at_paths(con, list(cut.before)).items():
        if known.fid == cut.before[RelPath(path)].fid and disk.look(path) is None:
            missing[known.kind, known.ino, known.size, known.mtime_ns] = RelPath(path)
    found: dict[RelPath, RelPath] = {}
    for name, look in disk.walk(b"") if missing else ():
        old = missing.get((look.kind, look.ino, look.size, look.mtime_ns))
        if old is not None and name not in cut.before and tables.at_path(con, name) is None:
            found.setdefault(old, name)
    return found
