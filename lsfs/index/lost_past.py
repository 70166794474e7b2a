"""The contents that files had before, and that no document tells of: after a rebuild from the packs that is the whole past.

Pure reading. Like `backlog` it reads the tables of the version store.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from lsfs.index.documents import KEPT_PAST
from lsfs.model import FOREVER, Fid

_OLDER = "FROM file WHERE fid>? AND kind='file' AND (number>1 OR names=0)"


class Piece(NamedTuple):
    """A content that a file had for some time; `vid` is the newest version with it."""

    vid: int
    digest: bytes
    from_ns: int
    to_ns: int


def is_lost(con: sqlite3.Connection) -> bool:
    """Tell whether there is a past and no document at all."""
    return con.execute("SELECT 1 FROM doc").fetchone() is None and count(con, 0) > 0


def count(con: sqlite3.Connection, after: int) -> int:
    """Return how many files with a past come after one."""
    return int(con.execute(f"SELECT count(*) {_OLDER}", (after,)).fetchone()[0])


def next_file(con: sqlite3.Connection, after: int) -> Fid | None:
    """Return the next file with a past."""
    row = con.execute(f"SELECT fid {_OLDER} ORDER BY fid LIMIT 1", (after,)).fetchone()
    return None if row is None else Fid(row[0])


def pieces(con: sqlite3.Connection, fid: Fid) -> list[Piece]:
    """Return the past contents of a file without a document, oldest first; so many as are kept."""
    docs = con.execute("SELECT from_ns, to_ns FROM doc WHERE fid=?", (fid,)).fetchall()
    live_ns = next((from_ns for from_ns, to_ns in docs if to_ns == FOREVER), FOREVER)
    past = [p._replace(to_ns=min(p.to_ns, live_ns)) for p in _all(con, fid)]
    past = [p for p in past if p.from_ns < p.to_ns < FOREVER]
    return [p for p in past if not any(from_ns <= p.from_ns < to_ns for from_ns, to_ns in docs)][-KEPT_PAST:]


def _all(con: sqlite3.Connection, fid: Fid) -> list[Piece]:
    """Return the contents of a file in their order, those that follow each other and are the same as one."""
    sql = "SELECT vid, digest, at_ns, state FROM version WHERE fid=? ORDER BY number"
    rows = con.execute(sql, (fid,)).fetchall()
    ends = [row[2] for row in rows[1:]] + [int(FOREVER)]
    found: list[Piece] = []
    for (vid, digest, at_ns, state), end_ns in zip(rows, ends, strict=True):
        if digest is None or state not in ("stored", "torn"):
            continue
        if found and (found[-1].digest, found[-1].to_ns) == (digest, at_ns):
            found[-1] = found[-1]._replace(vid=vid, to_ns=end_ns)
        else:
            found.append(Piece(vid, digest, at_ns, end_ns))
    return found


def without_vectors(con: sqlite3.Connection, fid: Fid) -> list[int]:
    """Return the documents of a file's past that wait for vectors."""
    return [row[0] for row in con.execute("SELECT did FROM doc WHERE fid=? AND vectored=0 AND state='text'", (fid,))]
