"""The changes after a point, oldest first, out of the version store's table of effects. Pure reading.

An effect has a time of its own that no other has, and effects are committed in the order of their times, so that the time of
the last one read is a position in the feed.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from lsfs.model import ChangeKind, Fid, RelPath, TimeNs, VersionId
from lsfs.subscriptions.subscription import Happening

_SQL = """
SELECT e.at_ns, e.part, e.kind, e.path, e.before_fid, e.before_vid, e.after_fid, e.after_vid, t.actor
FROM effect e JOIN tx t USING(tx) WHERE e.at_ns > ? ORDER BY e.at_ns, e.part LIMIT ?
"""


def after(con: sqlite3.Connection, at_ns: int, limit: int = 500) -> list[Happening]:
    """Return up to about `limit` changes after a time."""
    rows = con.execute(_SQL, (at_ns, limit + 1)).fetchall()
    if len(rows) > limit:  # a move's second half could be behind the cut
        last = rows[-1][0]
        rows = [r for r in rows if r[0] != last]
    moves = {r[0]: RelPath(r[3]) for r in rows if r[1] == 0}
    return [h for r in rows if r[1] == 1 and (h := _happening(r, moves)) is not None]


def _happening(row: tuple[Any, ...], moves: dict[int, RelPath]) -> Happening | None:
    at_ns, _, kind, path, before_fid, before_vid, after_fid, after_vid, actor = row
    fid = after_fid if after_fid is not None else before_fid
    if fid is None:
        return None
    before = None if before_vid is None else VersionId(before_vid)
    found = None if after_vid is None else VersionId(after_vid)
    return Happening(TimeNs(at_ns), ChangeKind(kind), Fid(fid), RelPath(path), moves.get(at_ns), before, found, actor)
