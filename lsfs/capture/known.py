"""What the tables say of a name or an inode, as the recorder compares it with the disk.

Pure reading; each function takes a connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lsfs.model import FOREVER, Kind, State
from lsfs.versions.tree import below

_COLUMNS = (
    "f.fid, f.vid, f.number, f.kind, v.state, f.ino, f.size, f.mtime_ns, f.ctime_ns, f.racy, f.names, v.mode, v.uid, v.gid, "
    "v.digest, v.target, v.xattrs, v.content, v.at_ns"
)


_AT_PATHS = f"SELECT d.path, {_COLUMNS} FROM dentry d JOIN file f USING(fid) JOIN version v ON v.vid=f.vid WHERE d.to_ns=?"
_MANY = 256


@dataclass(frozen=True, slots=True)
class Known:
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
    fid, vid, number, kind, state, ino, size, mtime_ns, ctime_ns, racy, *rest = row
    return Known(fid, vid, number, Kind(kind), State(state), ino, size, mtime_ns, ctime_ns, bool(racy), *rest)


def at_path(con: sqlite3.Connection, path: bytes) -> Known | None:
    """Return the file that `path` stands for now."""
    row = con.execute(
        f"SELECT {_COLUMNS} FROM dentry d JOIN file f USING(fid) JOIN version v ON v.vid=f.vid WHERE d.path=? AND d.to_ns=?",
        (path, FOREVER),
    ).fetchone()
    return None if row is None else _known(row)


def at_paths(con: sqlite3.Connection, paths: Sequence[bytes]) -> dict[bytes, Known]:
    """Return the files that the names stand for now, many at once; names that stand for nothing are left out."""
    found: dict[bytes, Known] = {}
    for start in range(0, len(paths), _MANY):
        part = paths[start : start + _MANY]
        sql = f"{_AT_PATHS} AND d.path IN ({','.join('?' * len(part))})"
        found |= {row[0]: _known(row[1:]) for row in con.execute(sql, (FOREVER, *part))}
    return found


def by_fid(con: sqlite3.Connection, fid: int) -> Known | None:
    """Return a file, live or not."""
    row = con.execute(f"SELECT {_COLUMNS} FROM file f JOIN version v ON v.vid=f.vid WHERE f.fid=?", (fid,)).fetchone()
    return None if row is None else _known(row)


def by_inode(con: sqlite3.Connection, ino: int) -> list[Known]:
    """Return the files that were last seen with this inode number, the newest first."""
    rows = con.execute(
        f"SELECT {_COLUMNS} FROM file f JOIN version v ON v.vid=f.vid WHERE f.ino=? AND f.ino<>0 ORDER BY f.vid DESC LIMIT 8",
        (ino,),
    )
    return [_known(r) for r in rows]


def names(con: sqlite3.Connection, fid: int) -> list[bytes]:
    """Return the live names of a file, the oldest first."""
    rows = con.execute("SELECT path FROM dentry WHERE fid=? AND to_ns=? ORDER BY from_ns, path", (fid, FOREVER))
    return [r[0] for r in rows]


def paths_below(con: sqlite3.Connection, under: bytes) -> list[bytes]:
    """Return the live names below a folder."""
    low, high = below(under)
    sql = f"SELECT path FROM dentry WHERE path>=? AND path<? AND to_ns={FOREVER}"
    return [r[0] for r in con.execute(sql, (low, high))]


def last_at(con: sqlite3.Connection, path: bytes) -> tuple[Known, int] | None:
    """Return the file that `path` stood for last and until when (ns)."""
    row = con.execute("SELECT fid, to_ns FROM dentry WHERE path=? ORDER BY to_ns DESC LIMIT 1", (path,)).fetchone()
    if row is None:
        return None
    known = by_fid(con, row[0])
    return None if known is None else (known, row[1])


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
