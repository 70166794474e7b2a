"""The tree in time: which names there were at a time, and what they stood for.

Pure reading of the tables; each function takes a connection. A name is valid from `from_ns` to `to_ns`, exclusive, and a
version from its `at_ns` to the next one's, so the state at T needs no replay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from lsfs.model import FOREVER, Entry, Kind, RelPath
from lsfs.versions.rows import ENTRY, entry_from

_LIVE = f"SELECT {ENTRY} FROM dentry d JOIN file f ON f.fid=d.fid JOIN version v ON v.vid=f.vid WHERE d.to_ns={FOREVER}"
# The version that was current at T: the newest of the file that is not younger than T.
_CURRENT = "(SELECT w.vid FROM version w WHERE w.fid=d.fid AND w.at_ns<=:t ORDER BY w.at_ns DESC LIMIT 1)"
_AT = f"SELECT {ENTRY} FROM dentry d JOIN version v ON v.vid={_CURRENT} WHERE d.to_ns>:t AND d.from_ns<=:t"


def below(under: bytes) -> tuple[bytes, bytes]:
    """Return the half-open range of the paths below `under` ('0' is the byte after '/')."""
    return (under + b"/", under + b"0") if under else (b"", b"\xff" * 8)


def entry_at(con: sqlite3.Connection, path: bytes, at_ns: int | None) -> Entry | None:
    """Return what `path` stood for at `at_ns` (None: now), or None."""
    if at_ns is None:
        row = con.execute(f"{_LIVE} AND d.path=?", (path,)).fetchone()
    else:
        row = con.execute(f"{_AT} AND d.path=:path", {"t": at_ns, "path": path}).fetchone()
    return None if row is None else entry_from(row)


def entries_of(con: sqlite3.Connection, fid: int, at_ns: int | None) -> list[Entry]:
    """Return the names of a file at `at_ns` (None: now), the oldest name first."""
    if at_ns is None:
        rows = con.execute(f"{_LIVE} AND d.fid=? ORDER BY d.from_ns, d.path", (fid,))
    else:
        rows = con.execute(f"{_AT} AND d.fid=:fid ORDER BY d.from_ns, d.path", {"t": at_ns, "fid": fid})
    return [entry_from(r) for r in rows]


def listing(con: sqlite3.Connection, under: bytes, at_ns: int | None, *, recursive: bool) -> list[Entry]:
    """Return the names directly (or anywhere) below a folder at a time, in the order of their paths."""
    where, values = _folder(under, recursive=recursive)
    if at_ns is None:
        rows = con.execute(f"{_LIVE}{where} ORDER BY d.path", values)
    else:
        rows = con.execute(f"{_AT}{where} ORDER BY d.path", values | {"t": at_ns})
    return [entry_from(r) for r in rows]


def standing(con: sqlite3.Connection, path: bytes, at_ns: int | None) -> dict[RelPath, tuple[int, int]]:
    """Return, for a name and all names below it at a time, the file and version that each stood for."""
    low, high = below(path)
    where = "(d.path=:path OR (d.path>=:low AND d.path<:high))" if path else "1"
    if at_ns is None:
        sql = f"SELECT d.path, d.fid, f.vid FROM dentry d JOIN file f USING(fid) WHERE {where} AND d.to_ns={FOREVER}"
    else:
        sql = f"SELECT d.path, d.fid, {_CURRENT} FROM dentry d WHERE {where} AND d.to_ns>:t AND d.from_ns<=:t"
    rows = con.execute(sql, {"path": path, "low": low, "high": high, "t": at_ns}).fetchall()
    return {RelPath(name): (fid, vid) for name, fid, vid in rows if vid is not None}


def _folder(under: bytes, *, recursive: bool) -> tuple[str, dict[str, Any]]:
    if not recursive:
        return " AND d.parent=:under", {"under": under}
    if not under:
        return "", {}
    low, high = below(under)
    return " AND d.path>=:low AND d.path<:high", {"low": low, "high": high}


def names_ever(con: sqlite3.Connection, under: bytes) -> list[tuple[bytes, Kind]]:
    """Return every name that was ever directly in a folder, with the kind of what it stood for last, by name."""
    rows = con.execute(
        "SELECT d.path, f.kind, max(d.to_ns) FROM dentry d JOIN file f USING(fid) WHERE d.parent=? GROUP BY d.path", (under,)
    )
    return sorted((path.rpartition(b"/")[2], Kind(kind)) for path, kind, _ in rows)


def live_stats(con: sqlite3.Connection) -> Iterator[tuple[RelPath, int, int, int, int]]:
    """Yield (path, ino, size, mtime_ns, ctime_ns) of every live name, by path; ctime -1 where a stat proves nothing."""
    rows = con.execute(
        "SELECT d.path, f.ino, f.size, f.mtime_ns, CASE f.racy WHEN 0 THEN f.ctime_ns ELSE -1 END "
        f"FROM dentry d JOIN file f USING(fid) WHERE d.to_ns={FOREVER} ORDER BY d.path"
    )
    yield from rows


def last_file(con: sqlite3.Connection, path: bytes) -> int | None:
    """Return the file that `path` stands for, or stood for last."""
    row = con.execute("SELECT fid FROM dentry WHERE path=? ORDER BY to_ns DESC LIMIT 1", (path,)).fetchone()
    return None if row is None else int(row[0])
