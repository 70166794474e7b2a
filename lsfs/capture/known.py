"""What the tables say of a name or an inode, as the recorder compares it with the disk.

Pure reading; each function takes a connection. `Rows` keeps what was read for as long as it is sure to be true.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from lsfs.catalogue import Catalogue
from lsfs.model import FOREVER, Kind, State
from lsfs.versions.tree import below

_COLUMNS = (
    "f.fid, f.vid, f.number, f.kind, v.state, f.ino, f.size, f.mtime_ns, f.ctime_ns, f.racy, f.names, v.mode, v.uid, v.gid, "
    "v.digest, v.target, v.xattrs, v.content, v.at_ns"
)


_LIVE = f"FROM dentry d JOIN file f USING(fid) JOIN version v ON v.vid=f.vid WHERE d.to_ns={FOREVER}"
_MANY = 256
_MOST = 8192  # rows that are kept: some MB
_KINDS = {k.value: k for k in Kind}
_STATES = {s.value: s for s in State}


class Known(NamedTuple):
    """A file as it was captured last; the fields are the columns of `file` and of its newest version."""

    fid: int
    vid: int
    number: int
    kind: Kind
    state: State
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int
    racy: bool
    names: int
    mode: int
    uid: int
    gid: int
    digest: bytes | None
    target: bytes | None
    xattrs: bytes | None
    content: bytes | None
    at_ns: int

    @property
    def key(self) -> tuple[int, int, int, int]:
        """As `disk.Look.key`."""
        return (self.ino, self.size, self.mtime_ns, self.ctime_ns)


def _known(row: tuple[Any, ...]) -> Known:
    return Known._make((*row[:3], _KINDS[row[3]], _STATES[row[4]], *row[5:9], bool(row[9]), *row[10:]))


def at_path(con: sqlite3.Connection, path: bytes) -> Known | None:
    """Return the file that `path` stands for now."""
    row = con.execute(f"SELECT {_COLUMNS} {_LIVE} AND d.path=?", (path,)).fetchone()
    return None if row is None else _known(row)


def at_paths(con: sqlite3.Connection, paths: Sequence[bytes]) -> dict[bytes, Known]:
    """Return the files that the names stand for now, many at once; names that stand for nothing are left out."""
    found: dict[bytes, Known] = {}
    for start in range(0, len(paths), _MANY):
        part = paths[start : start + _MANY]
        sql = f"SELECT d.path, {_COLUMNS} {_LIVE} AND d.path IN ({','.join('?' * len(part))})"
        found |= {row[0]: _known(row[1:]) for row in con.execute(sql, part)}
    return found


def by_inode(con: sqlite3.Connection, ino: int) -> list[Known]:
    """Return the files that were last seen with this inode number, the newest first."""
    rows = con.execute(
        f"SELECT {_COLUMNS} FROM file f JOIN version v ON v.vid=f.vid WHERE f.ino=? AND f.ino<>0 ORDER BY f.vid DESC LIMIT 8",
        (ino,),
    )
    return [_known(r) for r in rows]


def by_inodes(con: sqlite3.Connection, inodes: Sequence[int]) -> dict[int, list[Known]]:
    """Return what `by_inode` returns, for many numbers at once; those that no file has are left out."""
    sql = (
        f"SELECT j.value, {_COLUMNS} FROM json_each(?) j JOIN file f ON f.fid IN "
        "(SELECT g.fid FROM file g WHERE g.ino=j.value AND g.ino<>0 ORDER BY g.vid DESC LIMIT 8) "
        "JOIN version v ON v.vid=f.vid ORDER BY f.vid DESC"
    )
    found: dict[int, list[Known]] = {}
    for row in con.execute(sql, (json.dumps(inodes),)):
        found.setdefault(row[0], []).append(_known(row[1:]))
    return found


def names(con: sqlite3.Connection, fid: int) -> list[bytes]:
    """Return the live names of a file, the oldest first."""
    rows = con.execute(f"SELECT path FROM dentry WHERE fid=? AND to_ns={FOREVER} ORDER BY from_ns, path", (fid,))
    return [r[0] for r in rows]


def names_of(con: sqlite3.Connection, fids: Sequence[int]) -> dict[int, list[bytes]]:
    """Return what `names` returns, for many files at once; those without a live name are left out."""
    found: dict[int, list[bytes]] = {}
    for start in range(0, len(fids), _MANY):
        part = fids[start : start + _MANY]
        marks = ",".join("?" * len(part))
        sql = f"SELECT fid, path FROM dentry WHERE to_ns={FOREVER} AND fid IN ({marks}) ORDER BY fid, from_ns, path"
        for fid, path in con.execute(sql, part):
            found.setdefault(fid, []).append(path)
    return found


def paths_below(con: sqlite3.Connection, under: bytes) -> list[bytes]:
    """Return the live names below a folder."""
    low, high = below(under)
    sql = f"SELECT path FROM dentry WHERE path>=? AND path<? AND to_ns={FOREVER}"
    return [r[0] for r in con.execute(sql, (low, high))]


def stats_in(con: sqlite3.Connection, folder: bytes, most: int) -> list[tuple[bytes, int, int, int]]:
    """Return path, inode number, size and mtime_ns of up to `most` of what is directly in a folder."""
    sql = (
        "SELECT d.path, f.ino, f.size, f.mtime_ns FROM dentry d JOIN file f USING(fid) "
        f"WHERE d.parent=? AND d.to_ns={FOREVER} AND f.ino<>0 LIMIT ?"
    )
    return con.execute(sql, (folder, most)).fetchall()


def last_at_paths(con: sqlite3.Connection, paths: Sequence[bytes]) -> dict[bytes, tuple[Known, int]]:
    """Return, by name, the file that it stood for last and until when (ns); names that never were are left out."""
    found: dict[bytes, tuple[Known, int]] = {}
    for start in range(0, len(paths), _MANY):
        part = paths[start : start + _MANY]
        # Of a bare column beside max(), SQLite takes the value of the row that has the maximum.
        sql = (
            f"SELECT d.path, d.until, {_COLUMNS} FROM (SELECT path, max(to_ns) AS until, fid FROM dentry "
            f"WHERE path IN ({','.join('?' * len(part))}) GROUP BY path) d JOIN file f USING(fid) JOIN version v ON v.vid=f.vid"
        )
        found |= {row[0]: (_known(row[2:]), row[1]) for row in con.execute(sql, part)}
    return found


def deleted_version_before(con: sqlite3.Connection, known: Known) -> Known | None:
    """Return a deleted file as it was before its end: stat, digest and all (fid, vid and number stay those of the end)."""
    row = con.execute(
        "SELECT v.ino, v.size, v.mtime_ns, v.digest FROM version v WHERE v.fid=? AND v.number<? ORDER BY v.number DESC LIMIT 1",
        (known.fid, known.number),
    ).fetchone()
    if row is None:
        return None
    ino, size, mtime_ns, digest = row
    return Known(
        known.fid, known.vid, known.number, known.kind, known.state, ino, size, mtime_ns, 0, False, known.names,
        known.mode, known.uid, known.gid, digest, known.target, known.xattrs, known.content, known.at_ns,
    )  # fmt: skip


class Rows:
    """What names stand for, read once for as long as nothing is written to the catalogue.

    A transaction that changes many names asks for the same ones before it decides, before it writes down what it is about to
    do, and when it records what it did. Threading: the recorder's lock is held.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._found: dict[bytes, Known | None] = {}
        self._as_of = -1

    def at_paths(self, paths: Sequence[bytes]) -> dict[bytes, Known]:
        """Do what the function of that name does."""
        if (as_of := self._catalogue.writes) != self._as_of:
            self._found, self._as_of = {}, as_of
        unread = [p for p in paths if p not in self._found]
        if len(self._found) + len(unread) > _MOST or self._catalogue.is_writing():
            return at_paths(self._catalogue.read(), paths)
        if unread:
            self._found |= dict.fromkeys(unread) | at_paths(self._catalogue.read(), unread)
        return {p: known for p in paths if (known := self._found[p]) is not None}

    @contextmanager
    def unaffected(self) -> Iterator[None]:
        """Have a block commit once, and nothing that is said here."""
        before = self._catalogue.writes
        yield
        if self._as_of == before and self._catalogue.writes == before + 1:
            self._as_of += 1

    def clear(self) -> None:
        """Keep nothing."""
        self._found = {}
