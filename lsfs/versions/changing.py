"""The rows of changes: versions, names, the newest state of each file, and what a transaction did to each name.

Records that touch different files and names are written statement by statement, many rows at once: a rollback of a folder makes
thousands. The others, and those of which some were applied before, are written one after the other.

Threading: runs inside `Catalogue.write`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from lsfs.model import FOREVER, State
from lsfs.versions.records import ChangeRecord, VersionRecord, version_of

VERSION_COLUMNS = (
    "vid, fid, number, at_ns, path, kind, state, size, mode, uid, gid, mtime_ns, ctime_ns, ino, digest, content, target, "
    "xattrs, origin, tx, actor"
)
_WIDTH = len(VERSION_COLUMNS.split(","))
_INSERT_VERSION = f"INSERT INTO version({VERSION_COLUMNS}) VALUES({','.join('?' * _WIDTH)}) ON CONFLICT(vid) DO NOTHING"

# A literal, not a parameter: SQLite compiles a statement anew at each run when a parameter could decide for a partial index.
_LIVE = f"to_ns={FOREVER}"
_NAMES = f"(SELECT count(*) FROM dentry WHERE dentry.fid=? AND {_LIVE})"
_UPSERT_FILE = (
    f"INSERT INTO file VALUES(?,?,?,?,?,?,?,?,?,{_NAMES}) ON CONFLICT(fid) DO UPDATE SET kind=excluded.kind, "
    "vid=excluded.vid, number=excluded.number, ino=excluded.ino, size=excluded.size, mtime_ns=excluded.mtime_ns, "
    "ctime_ns=excluded.ctime_ns, racy=excluded.racy, names=excluded.names"
)
_END = f"UPDATE dentry SET to_ns=? WHERE path=? AND {_LIVE} AND fid=?"
# Of two names that exchange their files, the first record takes the name that the second gives up.
_TAKE = f"UPDATE dentry SET to_ns=? WHERE path=? AND {_LIVE} AND fid<>?"
_BEGIN = "INSERT OR IGNORE INTO dentry VALUES(?,?,?,?,?)"
_EFFECT = "INSERT OR IGNORE INTO effect VALUES(?,?,?,?,?,?,?,?,?)"


def apply_changes(con: sqlite3.Connection, records: Iterable[ChangeRecord]) -> None:
    """Apply changes in order; one that was applied before changes nothing."""
    ends: dict[int, int] = {}
    for run in _runs(records):
        if len(run) == 1 or not _at_once(con, run):
            for record in run:
                _one(con, record)
        ends.update((r.tx, r.at_ns) for r in run if r.tx is not None)
    sql = "UPDATE tx SET end_ns=max(coalesce(end_ns, 0), ?) WHERE tx=? AND kind='burst'"
    con.executemany(sql, [(at_ns, tx) for tx, at_ns in ends.items()])


def _runs(records: Iterable[ChangeRecord]) -> Iterator[list[ChangeRecord]]:
    """Yield records that can be written in any order together."""
    run: list[ChangeRecord] = []
    files: set[int] = set()
    names: set[bytes] = set()
    for r in records:
        plain = r.version is not None and r.old_path is None
        touched = (r.path, *r.ends, *r.begins)
        if run and (not plain or r.fid in files or not names.isdisjoint(touched)):
            yield run
            run, files, names = [], set(), set()
        if not plain:
            yield [r]
            continue
        run.append(r)
        files.add(r.fid)
        names.update(touched)
    if run:
        yield run


def _at_once(con: sqlite3.Connection, run: list[ChangeRecord]) -> bool:
    """Write a run together, or nothing of it where some of it was applied before."""
    con.execute("SAVEPOINT run")
    rows = [r.version[:_WIDTH] for r in run if r.version is not None]
    try:
        fresh = con.executemany(_INSERT_VERSION, rows).rowcount == len(run)
    except sqlite3.IntegrityError:
        fresh = False
    if not fresh:
        con.execute("ROLLBACK TO run")
    else:
        con.executemany(_END, [(r.at_ns, path, r.fid) for r in run for path in r.ends])
        begins = [(r, path) for r in run for path in r.begins]
        con.executemany(_TAKE, [(r.at_ns, path, r.fid) for r, path in begins])
        con.executemany(_BEGIN, [(path, FOREVER, r.fid, r.at_ns, parent_of(path)) for r, path in begins])
        versions = [(r, v) for r in run if (v := version_of(r)) is not None]
        con.executemany(_UPSERT_FILE, [_file_row(v) for _, v in versions])
        con.executemany(_EFFECT, [_effect_row(r, v) for r, v in versions if r.tx is not None])
    con.execute("RELEASE run")
    return fresh


def _one(con: sqlite3.Connection, r: ChangeRecord) -> None:
    version = version_of(r)
    if version is None and _seen(con, r):
        return
    if version is not None and (version := _insert(con, version)) is None:
        return
    con.executemany(_END, [(r.at_ns, path, r.fid) for path in r.ends])
    for path in r.begins:
        con.execute(_TAKE, (r.at_ns, path, r.fid))
        con.execute(_BEGIN, (path, FOREVER, r.fid, r.at_ns, parent_of(path)))
    _file(con, r, version)
    if r.tx is None:
        return
    if r.old_path is not None:
        values = (r.at_ns, 0, r.tx, r.old_path, r.kind, r.fid, r.vid, *_standing(con, r.old_path))
        con.execute(_EFFECT, values)
    con.execute(_EFFECT, _effect_row(r, version))


def _insert(con: sqlite3.Connection, version: VersionRecord) -> VersionRecord | None:
    """Write a version's row and return the version as it stands there, None where it was there before.

    One whose number another version of the file has gets the next free one: a content is never dropped for a number.
    """
    try:
        written = con.execute(_INSERT_VERSION, version[:_WIDTH]).rowcount
    except sqlite3.IntegrityError:
        (number,) = con.execute("SELECT max(number) + 1 FROM version WHERE fid=?", (version.fid,)).fetchone()
        version = version._replace(number=number)
        written = con.execute(_INSERT_VERSION, version[:_WIDTH]).rowcount
    return version if written else None


def _seen(con: sqlite3.Connection, r: ChangeRecord) -> bool:
    """Return whether a change of names was applied before: its time is its own and stands in the rows that it made."""
    began = [con.execute("SELECT 1 FROM dentry WHERE path=? AND from_ns=?", (p, r.at_ns)).fetchone() for p in r.begins]
    ended = [con.execute("SELECT 1 FROM dentry WHERE path=? AND to_ns=?", (p, r.at_ns)).fetchone() for p in r.ends]
    return any(began) or any(ended)


def _file_row(v: VersionRecord) -> tuple[Any, ...]:
    return (v.fid, v.kind, v.vid, v.number, v.ino, v.size, v.mtime_ns, v.ctime_ns, v.racy, v.fid)


def _file(con: sqlite3.Connection, r: ChangeRecord, v: VersionRecord | None) -> None:
    if v is not None:
        con.execute(_UPSERT_FILE, _file_row(v))
        return
    if r.stat is not None:
        con.execute("UPDATE file SET ino=?, size=?, mtime_ns=?, ctime_ns=?, racy=? WHERE fid=?", (*r.stat, r.fid))
    if r.ends or r.begins:
        con.execute(f"UPDATE file SET names={_NAMES} WHERE fid=?", (r.fid, r.fid))


def _effect_row(r: ChangeRecord, v: VersionRecord | None) -> tuple[Any, ...]:
    gone = v is not None and v.state == State.DELETED
    ended = gone or (r.path in r.ends and r.path not in r.begins)
    after = (None, None) if ended else (r.fid, r.vid)
    return (r.at_ns, 1, r.tx, r.path, r.kind, r.before_fid, r.before_vid, *after)


def _standing(con: sqlite3.Connection, path: bytes) -> tuple[int | None, int | None]:
    """Return (fid, vid) of what the name stands for now: after an exchange the old name is not free."""
    row = con.execute(f"SELECT fid, vid FROM dentry JOIN file USING(fid) WHERE path=? AND {_LIVE}", (path,)).fetchone()
    return (None, None) if row is None else (row[0], row[1])


def parent_of(path: bytes) -> bytes:
    """Return the folder of `path`; b"" for a name in the root."""
    return path.rpartition(b"/")[0]
