"""Make table rows from records: the only code that writes the tables of the version store.

The recorder hands its records to the packs and to `apply` in one commit; recovery and `rebuild` hand over what they find in
the packs. As both ways meet here, tables made again from the packs equal those that were lost. A record that was applied
before changes nothing.

Threading: runs inside `Catalogue.write`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, cast

from lsfs.model import FOREVER
from lsfs.versions.changing import apply_changes
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
    pack,
)


def apply_all(con: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Apply the records in order."""
    for kind, run in groupby(records, type):
        if kind is ChangeRecord:
            apply_changes(con, cast("Iterator[ChangeRecord]", run))
        elif kind is FillRecord:
            _fill(con, cast("Iterator[FillRecord]", run))
        else:
            for record in run:
                _HANDLERS[kind](con, record)


def apply(con: sqlite3.Connection, record: Record) -> None:
    """Apply one record."""
    apply_all(con, [record])


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
    if r.tx is not None:
        con.execute("INSERT OR IGNORE INTO lock_change VALUES(?,?,?)", (r.tx, r.path, r.at_ns))


def _fill(con: sqlite3.Connection, records: Iterable[FillRecord]) -> None:
    con.executemany(
        "UPDATE version SET state=?, size=?, digest=?, content=?, xattrs=coalesce(?, xattrs) WHERE vid=?",
        ((r.state, r.size, r.digest, r.content, r.xattrs, r.vid) for r in records),
    )


def _drop(con: sqlite3.Connection, r: DropRecord) -> None:
    remember_high_water(con)
    for fid in r.fids:
        con.execute("DELETE FROM lock_change WHERE path IN (SELECT path FROM dentry WHERE fid=?)", (fid,))
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
    BeginRecord: _begin,
    StepRecord: _step,
    EndRecord: _end,
    TagRecord: _tag,
    SnapshotRecord: _snapshot,
    LockRecord: _lock,
    DropRecord: _drop,
    PinRecord: _pin,
    KeptRecord: _kept,
}
