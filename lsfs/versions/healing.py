"""Make sense of records whose forerunners are lost (a pack that is gone or damaged): what is left of a history stays reachable.

A file of which no record tells the name any more gets the one that its newest version has; a name whose file no record tells
goes. In a store that is whole there is neither, and this changes nothing.

Threading: runs inside `Catalogue.write`, after an import.
"""

from __future__ import annotations

import sqlite3

from lsfs.model import FOREVER, State
from lsfs.versions.changing import parent_of

_NAMELESS = (
    "SELECT f.fid, v.path, v.state, v.at_ns, (SELECT min(at_ns) FROM version w WHERE w.fid=f.fid) "
    "FROM file f JOIN version v USING(vid) WHERE NOT EXISTS (SELECT 1 FROM dentry d WHERE d.fid=f.fid)"
)


def heal(con: sqlite3.Connection) -> int:
    """Give nameless files their names and remove names of nothing; return how many that were."""
    removed = con.execute("DELETE FROM dentry WHERE fid NOT IN (SELECT fid FROM file)").rowcount
    nameless = con.execute(_NAMELESS).fetchall()
    for fid, path, state, at_ns, first_ns in nameless:
        taken = con.execute("SELECT 1 FROM dentry WHERE path=? AND to_ns=?", (path, FOREVER)).fetchone()
        live = state != State.DELETED and taken is None
        to_ns = FOREVER if live else max(at_ns, first_ns + 1)
        con.execute("INSERT OR IGNORE INTO dentry VALUES(?,?,?,?,?)", (path, to_ns, fid, first_ns, parent_of(path)))
        con.execute("UPDATE file SET names=? WHERE fid=?", (int(live), fid))
    return removed + len(nameless)
