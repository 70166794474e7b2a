"""The work that is left, derived from the tables: nothing has to be remembered over a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from lsfs.index.documents import IGNORED, NONE, SKIPPED, TEXT
from lsfs.model import FOREVER, Fid, RelPath

_PENDING = (
    f"FROM file f LEFT JOIN doc d ON d.fid=f.fid AND d.to_ns={FOREVER} WHERE f.kind='file' AND f.names>0"
    " AND (d.vid IS NULL OR d.vid<>f.vid)"
)
_WAITING = "FROM doc d WHERE d.vectored=0 AND d.to_ns=?"


def pending(con: sqlite3.Connection) -> list[Fid]:
    """Return the live files whose newest version is not indexed, last modified first."""
    return [Fid(r[0]) for r in con.execute(f"SELECT f.fid {_PENDING} ORDER BY f.mtime_ns DESC")]


def count(con: sqlite3.Connection) -> int:
    """Return how many live files wait to be indexed."""
    return int(con.execute(f"SELECT count(*) {_PENDING}").fetchone()[0])


def is_pending(con: sqlite3.Connection, fid: Fid) -> bool:
    """Tell whether a file's newest version is not indexed."""
    return con.execute(f"SELECT 1 {_PENDING} AND f.fid=?", (fid,)).fetchone() is not None


def is_known(con: sqlite3.Connection, vid: int) -> bool:
    """Tell whether there is such a version; there is none of a file that was forgotten."""
    return con.execute("SELECT 1 FROM version WHERE vid=?", (vid,)).fetchone() is not None


def gone(con: sqlite3.Connection) -> list[Fid]:
    """Return the files that are indexed as live and are not."""
    sql = "SELECT d.fid FROM doc d LEFT JOIN file f ON f.fid=d.fid WHERE d.to_ns=? AND (f.fid IS NULL OR f.names=0)"
    return [Fid(r[0]) for r in con.execute(sql, (FOREVER,))]


def misplaced(con: sqlite3.Connection) -> list[Fid]:
    """Return the indexed files whose names are not those of the tree."""
    sql = (
        "SELECT fid FROM placed p WHERE NOT EXISTS("
        "SELECT 1 FROM dentry n WHERE n.path=p.path AND n.fid=p.fid AND n.to_ns=:live)"
        " UNION SELECT d.fid FROM doc d JOIN dentry n ON n.fid=d.fid AND n.to_ns=:live"
        " WHERE d.to_ns=:live AND d.state<>:ignored AND NOT EXISTS(SELECT 1 FROM placed p WHERE p.path=n.path AND p.fid=n.fid)"
    )
    return [Fid(r[0]) for r in con.execute(sql, {"live": FOREVER, "ignored": IGNORED})]


def vectors_count(con: sqlite3.Connection) -> int:
    """Return how many live documents wait for vectors."""
    return int(con.execute(f"SELECT count(*) {_WAITING}", (FOREVER,)).fetchone()[0])


def without_vectors(con: sqlite3.Connection, limit: int) -> list[int]:
    """Return the live documents that wait for vectors, last modified first."""
    return [r[0] for r in con.execute(f"SELECT d.did {_WAITING} ORDER BY d.mtime_ns DESC LIMIT ?", (FOREVER, limit))]


def skipped(con: sqlite3.Connection) -> Iterator[tuple[RelPath, str]]:
    """Yield the live files whose content could not be indexed, with the reason."""
    sql = "SELECT p.path, d.reason FROM doc d JOIN placed p ON p.fid=d.fid WHERE d.to_ns=? AND d.state=? ORDER BY p.path"
    for path, reason in con.execute(sql, (FOREVER, SKIPPED)):
        yield RelPath(path), reason


def why_without_text(con: sqlite3.Connection, fid: Fid) -> str | None:
    """Return why a file is not found by what is in it; None where it is, or is not known yet."""
    row = con.execute("SELECT state, reason FROM doc WHERE fid=? AND to_ns=?", (fid, FOREVER)).fetchone()
    if row is None or row[0] == TEXT:
        return None
    return "there is no text in it" if row[0] == NONE else str(row[1])


def indexed_count(con: sqlite3.Connection) -> int:
    """Return how many live files are in the index."""
    return int(con.execute("SELECT count(*) FROM doc WHERE to_ns=? AND state<>?", (FOREVER, IGNORED)).fetchone()[0])
