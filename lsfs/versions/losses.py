"""What a rebuild from incomplete packs has lost: found by comparing it with the catalogue before, noted, told by `check`.

Versions of which no record is left are kept as numbers only (no names, so that forgetting has nothing to remove here), those
of which only the content is lost get the state LOST. Ids that the earlier catalogue used are not used again.

Threading: the caller has both catalogues alone.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lsfs.model import FOREVER, State, show
from lsfs.versions.ids import high_water, remember_high_water

_LOST = "versions:lost"
_MOST = 100_000
_CARRIED = ("changes:forgetting-paths", "changes:forgetting", "capture:stage-token")
"""What is known of a forgetting that is not finished, and the mark of temporary names, which no pack tells."""


class Loss(NamedTuple):
    """A version that the earlier catalogue knew with more than the one that was made again has."""

    vid: int
    fid: int
    number: int
    path: bytes
    bare: bool  # its record is there, its content is not

    @property
    def words(self) -> str:
        """As people know it."""
        return f"version {self.number} of {show(self.path)}"


def losses(old: sqlite3.Connection, made: sqlite3.Connection) -> list[Loss]:
    """Return what is lost, by name and number."""
    there = dict(made.execute("SELECT vid, content IS NOT NULL FROM version"))
    rows = old.execute("SELECT vid, fid, number, path, content IS NOT NULL FROM version ORDER BY path, number")
    return [Loss(vid, fid, number, path, vid in there) for vid, fid, number, path, had in rows if there.get(vid, -1) < had]


def write_down(old: sqlite3.Connection, made: sqlite3.Connection, found: Iterable[Loss], root: Path) -> None:
    """Write the losses into the catalogue that was made, in the caller's transaction; earlier ones stay written down.

    Args:
        root: a file there that is still as it was captured has its content; that is taken from it.
    """
    _keep_ids(old, made)
    marks = ",".join("?" * len(_CARRIED))
    carried = old.execute(f"SELECT key, value FROM meta WHERE key IN ({marks})", _CARRIED)
    made.executemany("INSERT OR REPLACE INTO meta VALUES(?, ?)", carried.fetchall())
    gone = [[loss.vid, loss.fid, loss.number] for loss in found if not loss.bare]
    there = {row[0] for row in made.execute("SELECT vid FROM version")}
    lost = [*(entry for entry in _noted(old) if entry[0] not in there), *gone][:_MOST]
    if lost:
        made.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (_LOST, json.dumps(lost)))
    bare = [loss.vid for loss in found if loss.bare and not _is_on_disk(made, loss.vid, root)]
    bare += [row[0] for row in old.execute("SELECT vid FROM version WHERE state=?", (State.LOST,))]
    sql = "UPDATE version SET state=? WHERE vid=? AND state=?"
    made.executemany(sql, ((State.LOST, vid, State.PENDING) for vid in bare))


def told(con: sqlite3.Connection) -> Iterator[str]:
    """Yield the losses in words."""
    for path, number in con.execute("SELECT path, number FROM version WHERE state=? ORDER BY path, number", (State.LOST,)):
        yield f"the content of version {number} of {show(path)} is lost: the pack that had it is missing, cut or damaged"
    nameless = 0
    for _, fid, number in _noted(con):
        row = con.execute("SELECT v.path FROM file f JOIN version v USING(vid) WHERE f.fid=?", (fid,)).fetchone()
        nameless += row is None
        if row is not None:
            yield f"the version of {show(row[0])} that was number {number} is lost: {_REBUILT}"
    if nameless:
        yield f"{nameless} versions of files of which nothing else is left are lost: {_REBUILT}"


_REBUILT = "the packs did not have it when the catalogue was made again from them"


def _noted(con: sqlite3.Connection) -> list[list[int]]:
    row = con.execute("SELECT value FROM meta WHERE key=?", (_LOST,)).fetchone()
    return [] if row is None else list(json.loads(row[0]))


def _keep_ids(old: sqlite3.Connection, made: sqlite3.Connection) -> None:
    """Let the ids go on behind those of the earlier catalogue."""
    remember_high_water(made)
    for name in ("fid", "vid", "tx"):
        value = str(max(high_water(old, name), high_water(made, name)))
        made.execute("UPDATE meta SET value=? WHERE key=?", (value, f"versions:high:{name}"))


def _is_on_disk(made: sqlite3.Connection, vid: int, root: Path) -> bool:
    """Tell whether a version is the newest of a file that is as it was captured: its content can be taken still."""
    rows = made.execute(
        "SELECT d.path, f.ino, f.size, f.mtime_ns, f.ctime_ns FROM file f JOIN dentry d USING(fid) WHERE f.vid=? AND d.to_ns=?",
        (vid, FOREVER),
    )
    for path, *stat in rows:
        with suppress(OSError):
            there = os.lstat(os.fsencode(root) + b"/" + path)
            if [there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns] == stat:
                return True
    return False
