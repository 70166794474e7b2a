"""Make table rows from records: the only code that writes the tables of the version store.

The recorder hands its records to the packs and to `apply` in one commit; recovery and `rebuild` hand over what they find in
the packs. As both ways meet here, tables made again from the packs equal those that were lost. A record that was applied
before changes nothing.

Threading: runs inside `Catalogue.write`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from lsfs.model import FOREVER, State
from lsfs.versions.ids import remember_high_water
from lsfs.versions.records import (
    BeginRecord,
    ChangeRecord,
    DropRecord,
    EndRecord,
    FillRecord,
    KeptRecord,
    LockRecord,
    PinRecord,
    Record,
    SnapshotRecord,
    StepRecord,
    TagRecord,
    VersionRecord,
    pack,
    version_of,
    version_values,
)

VERSION_COLUMNS = (
    "vid, fid, number, at_ns, path, kind, state, size, mode, uid, gid, mtime_ns, ctime_ns, ino, digest, content, target, "
    "xattrs, origin, tx, actor"
)
_WIDTH = len(VERSION_COLUMNS.split(","))
_INSERT_VERSION = f"INSERT OR IGNORE INTO version({VERSION_COLUMNS}) VALUES({','.join('?' * _WIDTH)})"

_NAMES = "(SELECT count(*) FROM dentry WHERE dentry.fid=? AND to_ns=?)"
_UPSERT_FILE = (
    f"INSERT INTO file VALUES(?,?,?,?,?,?,?,?,?,{_NAMES}) ON CONFLICT(fid) DO UPDATE SET kind=excluded.kind, "
    "vid=excluded.vid, number=excluded.number, ino=excluded.ino, size=excluded.size, mtime_ns=excluded.mtime_ns, "
    "ctime_ns=excluded.ctime_ns, racy=excluded.racy, names=excluded.names"
)


def apply_all(con: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Apply the records in order."""
    ends: dict[int, int] = {}
    for record in records:
        _HANDLERS[type(record)](con, record)
        if isinstance(record, ChangeRecord) and record.tx is not None:
            ends[record.tx] = record.at_ns
    sql = "UPDATE tx SET end_ns=max(coalesce(end_ns, 0), ?) WHERE tx=? AND kind='burst'"
    con.executemany(sql, [(at_ns, tx) for tx, at_ns in ends.items()])


def apply(con: sqlite3.Connection, record: Record) -> None:
    """Apply one record."""
    apply_all(con, [record])


def parent_of(path: bytes) -> bytes:
    """Return the folder of `path`; b"" for a name in the root."""
    return path.rpartition(b"/")[0]


def _change(con: sqlite3.Connection, r: ChangeRecord) -> None:
    version = version_of(r)
    known = _seen(con, r) if version is None else con.execute(_INSERT_VERSION, _row(version)).rowcount == 0
    if known:
        return
    for path in r.ends:
        con.execute(
            "UPDATE dentry SET to_ns=? WHERE path=? AND to_ns=? AND fid=?",
            (r.at_ns, path, FOREVER, r.fid),
        )
    for path in r.begins:
        # Of two names that exchange their files, the first record takes the name that the second gives up.
        con.execute("UPDATE dentry SET to_ns=? WHERE path=? AND to_ns=? AND fid<>?", (r.at_ns, path, FOREVER, r.fid))
        con.execute("INSERT OR IGNORE INTO dentry VALUES(?,?,?,?,?)", (path, FOREVER, r.fid, r.at_ns, parent_of(path)))
    _file(con, r, version)
    if r.tx is not None:
        _effects(con, r, version)


def _seen(con: sqlite3.Connection, r: ChangeRecord) -> bool:
    """Return whether a change of names was applied before: its time is its own and stands in the rows that it made."""
    began = [con.execute("SELECT 1 FROM dentry WHERE path=? AND from_ns=?", (p, r.at_ns)).fetchone() for p in r.begins]
    ended = [con.execute("SELECT 1 FROM dentry WHERE path=? AND to_ns=?", (p, r.at_ns)).fetchone() for p in r.ends]
    return any(began) or any(ended)


def _row(v: VersionRecord) -> tuple[Any, ...]:
    return version_values(v)[:_WIDTH]


def _file(con: sqlite3.Connection, r: ChangeRecord, v: VersionRecord | None) -> None:
    if v is not None:
        values = (v.fid, v.kind, v.vid, v.number, v.ino, v.size, v.mtime_ns, v.ctime_ns, v.racy, v.fid, FOREVER)
        con.execute(_UPSERT_FILE, values)
        return
    if r.stat is not None:
        con.execute("UPDATE file SET ino=?, size=?, mtime_ns=?, ctime_ns=?, racy=? WHERE fid=?", (*r.stat, r.fid))
    if r.ends or r.begins:
        con.execute(f"UPDATE file SET names={_NAMES} WHERE fid=?", (r.fid, FOREVER, r.fid))


def _effects(con: sqlite3.Connection, r: ChangeRecord, v: VersionRecord | None) -> None:
    gone = v is not None and v.state == State.DELETED
    ended = gone or (r.path in r.ends and r.path not in r.begins)
    after = (None, None) if ended else (r.fid, r.vid)
    insert = "INSERT OR IGNORE INTO effect VALUES(?,?,?,?,?,?,?,?,?)"
    if r.old_path is not None:
        con.execute(insert, (r.at_ns, 0, r.tx, r.old_path, r.kind, r.fid, r.vid, *_standing(con, r.old_path)))
    con.execute(insert, (r.at_ns, 1, r.tx, r.path, r.kind, r.before_fid, r.before_vid, *after))


def _standing(con: sqlite3.Connection, path: bytes) -> tuple[int | None, int | None]:
    """Return (fid, vid) of what the name stands for now: after an exchange the old name is not free."""
    row = con.execute("SELECT fid, vid FROM dentry JOIN file USING(fid) WHERE path=? AND to_ns=?", (path, FOREVER)).fetchone()
    return (None, None) if row is None else (row[0], row[1])


def _begin(con: sqlite3.Connection, r: BeginRecord) -> None:
    end_ns = None if r.state == "open" else r.at_ns
    con.execute(
        "INSERT INTO tx VALUES(?,?,?,?,?,?,?,?,?,?) "
        "ON CONFLICT(tx) DO UPDATE SET prompt=excluded.prompt, plan=excluded.plan WHERE excluded.prompt<>tx.prompt",
        (r.tx, r.at_ns, r.end_ns or end_ns, r.kind, r.state, r.actor, r.prompt, r.plan, r.undoes, r.undone_by),
    )


def _step(con: sqlite3.Connection, r: StepRecord) -> None:
    con.execute(
        "INSERT OR IGNORE INTO step VALUES(?,?,?,?,?)", (r.tx, r.number, r.operation, pack(r.targets), pack(r.expected))
    )


def _end(con: sqlite3.Connection, r: EndRecord) -> None:
    con.execute("UPDATE tx SET state=?, end_ns=? WHERE tx=?", (r.state, r.at_ns, r.tx))
    con.execute("DELETE FROM step WHERE tx=?", (r.tx,))
    if r.state != "committed":
        return
    con.execute(
        "UPDATE tx SET undone_by=? WHERE tx IN (SELECT value FROM json_each((SELECT undoes FROM tx WHERE tx=?)))", (r.tx, r.tx)
    )
    # Taking back an undo lets what it had taken back stand again.
    con.execute(
        "UPDATE tx SET undone_by=NULL WHERE undone_by IN (SELECT value FROM json_each((SELECT undoes FROM tx WHERE tx=?)))",
        (r.tx,),
    )


def _tag(con: sqlite3.Connection, r: TagRecord) -> None:
    for tag in r.remove:
        con.execute(
            "UPDATE tag SET to_ns=?, end_tx=? WHERE fid=? AND tag=? AND to_ns=? AND from_ns<?",
            (r.at_ns, r.tx, r.fid, tag, FOREVER, r.at_ns),
        )
    for tag in r.add:
        if not con.execute("SELECT 1 FROM tag WHERE fid=? AND tag=? AND to_ns>?", (r.fid, tag, r.at_ns)).fetchone():
            con.execute("INSERT OR IGNORE INTO tag VALUES(?,?,?,?,?,NULL)", (r.fid, tag, r.at_ns, FOREVER, r.tx))


def _snapshot(con: sqlite3.Connection, r: SnapshotRecord) -> None:
    con.execute("DELETE FROM snapshot WHERE name=? AND made_ns<=?", (r.name, r.made_ns))
    if r.at_ns is not None:
        con.execute("INSERT OR IGNORE INTO snapshot VALUES(?,?,?,?)", (r.name, r.at_ns, r.made_ns, r.tx))


def _lock(con: sqlite3.Connection, r: LockRecord) -> None:
    con.execute("DELETE FROM lock WHERE path=? AND at_ns<=?", (r.path, r.at_ns))
    if r.locked:
        con.execute("INSERT OR IGNORE INTO lock VALUES(?,?,?,?)", (r.path, r.at_ns, r.actor, r.tx))


def _fill(con: sqlite3.Connection, r: FillRecord) -> None:
    con.execute(
        "UPDATE version SET state=?, size=?, digest=?, content=?, xattrs=coalesce(?, xattrs) WHERE vid=?",
        (r.state, r.size, r.digest, r.content, r.xattrs, r.vid),
    )


def _drop(con: sqlite3.Connection, r: DropRecord) -> None:
    remember_high_water(con)
    for fid in r.fids:
        for table in ("version", "dentry", "tag", "file", "kept"):
            con.execute(f"DELETE FROM {table} WHERE fid=?", (fid,))
        con.execute("DELETE FROM effect WHERE before_fid=? OR after_fid=?", (fid, fid))
    for vid in r.vids:
        con.execute(
            "UPDATE version SET state='removed', content=NULL, digest=NULL, xattrs=NULL "
            "WHERE vid=? AND vid NOT IN (SELECT vid FROM file)",
            (vid,),
        )


def _pin(con: sqlite3.Connection, r: PinRecord) -> None:
    con.execute("DELETE FROM pin WHERE vid=?", (r.vid,))
    if r.pinned:
        con.execute("INSERT INTO pin VALUES(?,?)", (r.vid, r.at_ns))


def _kept(con: sqlite3.Connection, r: KeptRecord) -> None:
    con.execute("DELETE FROM kept WHERE store=? AND key=? AND at_ns<=?", (r.store, r.key, r.at_ns))
    if r.value is not None:
        con.execute("INSERT OR IGNORE INTO kept VALUES(?,?,?,?,?)", (r.store, r.key, r.at_ns, r.fid, r.value))


_HANDLERS: dict[type[Any], Callable[[sqlite3.Connection, Any], None]] = {
    ChangeRecord: _change,
    BeginRecord: _begin,
    StepRecord: _step,
    EndRecord: _end,
    TagRecord: _tag,
    SnapshotRecord: _snapshot,
    LockRecord: _lock,
    FillRecord: _fill,
    DropRecord: _drop,
    PinRecord: _pin,
    KeptRecord: _kept,
}
