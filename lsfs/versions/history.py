"""The versions of one file: the first page in milliseconds however many there are, and how far "n steps back" is.

Pure reading of the tables; each function takes a connection.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from lsfs.errors import NotFound
from lsfs.model import State, Version, show
from lsfs.versions.rows import VERSION, version_from


def page(
    con: sqlite3.Connection,
    fid: int,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int | None = None,
    before: int | None = None,
) -> list[Version]:
    """Return the versions of a file, newest first, without those that retention removed.

    Args:
        until_ns: the last instant included.
        before: only versions with a smaller number.
    """
    where, values = ["v.fid=?", "v.state<>'removed'"], [fid]
    for condition, value in (("v.at_ns>=?", since_ns), ("v.at_ns<=?", until_ns), ("v.number<?", before)):
        if value is not None:
            where.append(condition)
            values.append(value)
    values.append(-1 if limit is None else limit)
    sql = f"SELECT {VERSION} FROM version v WHERE {' AND '.join(where)} ORDER BY v.number DESC LIMIT ?"
    return [version_from(r) for r in con.execute(sql, values)]


def by_id(con: sqlite3.Connection, vid: int) -> Version | None:
    """Return a version by its id."""
    row = con.execute(f"SELECT {VERSION} FROM version v WHERE v.vid=?", (vid,)).fetchone()
    return None if row is None else version_from(row)


def by_number(con: sqlite3.Connection, fid: int, number: int) -> Version | None:
    """Return a file's version by its number."""
    row = con.execute(f"SELECT {VERSION} FROM version v WHERE v.fid=? AND v.number=?", (fid, number)).fetchone()
    return None if row is None else version_from(row)


def at(con: sqlite3.Connection, fid: int, at_ns: int) -> Version | None:
    """Return the version of a file that was current at a time."""
    row = con.execute(
        f"SELECT {VERSION} FROM version v WHERE v.fid=? AND v.at_ns<=? ORDER BY v.at_ns DESC LIMIT 1", (fid, at_ns)
    ).fetchone()
    return None if row is None else version_from(row)


def steps_back(con: sqlite3.Connection, fid: int, steps: int) -> Version:
    """Return what the file was `steps` contents before the current one.

    Counted are contents that a user saw: of what one transaction wrote only the last; versions that only changed times or
    attributes do not count, nor does the end of a deleted file. Where the current version is itself a rollback, counting goes
    on from the version that it put back, so that one step back, said twice, is two steps back.

    Raises:
        NotFound: there are fewer versions, or the one found was missed.
    """
    rows = con.execute(f"{_STEPS} WHERE v.fid=? ORDER BY v.number DESC", (fid,))
    first = rows.fetchone()
    if first is None:
        raise NotFound("the file has no versions")
    position = _origin(con, first)
    current, seen, left = _content(position), {position[7]}, steps
    for row in rows:
        if row[1] >= position[1] or _passed_over(row, seen) or _content(row) == current:
            continue
        current, left = _content(row), left - 1
        seen.add(row[7])
        if left == 0:
            return _restorable(con, row[0])
    raise NotFound(f"there are only {steps - left} earlier versions, not {steps}")


_STEPS = (
    "SELECT v.vid, v.number, v.state, v.digest, v.target, v.size, v.origin, "
    "CASE WHEN t.kind='burst' THEN NULL ELSE v.tx END, coalesce(t.state, '') FROM version v LEFT JOIN tx t USING(tx)"
)


def _passed_over(row: tuple[Any, ...], seen: set[int | None]) -> bool:
    """Return whether a user never saw this as a state of its own: an end, or the inside of one transaction."""
    inside = row[7] is not None and row[7] in seen
    return row[2] in (State.DELETED, State.REMOVED) or row[8] == "reverted" or inside


def _origin(con: sqlite3.Connection, row: tuple[Any, ...]) -> tuple[Any, ...]:
    seen = row
    while seen[6] is not None:
        older = con.execute(f"{_STEPS} WHERE v.vid=?", (seen[6],)).fetchone()
        if older is None or older[1] >= seen[1]:
            break
        seen = older
    return seen


def _content(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what makes two versions the same content; a missed version is like no other."""
    vid, _, state, digest, target, size, *_ = row
    if state == State.DELETED:
        return ("deleted",)
    if digest is None and target is None and state in (State.MISSED, State.LOST, State.PENDING):
        return (vid,)
    return (digest, target, size)


def _restorable(con: sqlite3.Connection, vid: int) -> Version:
    version = by_id(con, vid)
    assert version is not None
    if version.state == State.LOST:
        raise NotFound(
            f"version {version.number} of {show(version.path)} is lost: the pack that had its content is missing, cut or "
            "damaged; choose another version by its number"
        )
    if version.state == State.MISSED:
        raise NotFound(
            f"version {version.number} of {show(version.path)} was missed: overwritten or not readable before it was stored; "
            "choose another version by its number"
        )
    return version
