"""The two ways in which content leaves the store: `collect` under the retention rules, and `forget` for good.

Forgetting removes the file from the disk, its rows, its records and chunks in the packs (what other files share stays, and is
counted), the texts of prompts that touched it, and what the write-ahead log still holds; listeners do the same for the index.

Durability: that it has begun is noted before the first file is removed, the record that says what is gone is committed before
    packs are swept; killed in between, the next start goes on with it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lsfs.capture.describing import Author
from lsfs.capture.events import Dirty
from lsfs.capture.recorder import Recorder
from lsfs.changes.guard import Guard
from lsfs.changes.hand import Hand
from lsfs.changes.naming import TX_COLUMNS, told_in
from lsfs.errors import NotFound
from lsfs.model import Fid, RelPath, show
from lsfs.packs.content import Content
from lsfs.packs.store import Packs
from lsfs.versions.collecting import CollectReport, choose, live_chunks
from lsfs.versions.records import (
    BeginRecord,
    ChangeRecord,
    DropRecord,
    FillRecord,
    KeptRecord,
    LockRecord,
    Record,
    StepRecord,
    TagRecord,
    decode,
)
from lsfs.versions.retention import Rules
from lsfs.versions.tree import below

_PORTION = 5000
_FORGOTTEN = "(forgotten)"
_BEGUN = "changes:forgetting-paths"
_NOTE = "changes:forgetting"


Told = Callable[[Sequence[Fid]], None]
"""Whoever else keeps something of a file (the index, links): removes it for good."""


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What forgetting did.

    Attributes:
        paths: names that were removed from the disk.
        files: how many files lost their history.
        versions: how many versions that was.
        shared: chunks that stay because other files hold the same content.
    """

    paths: tuple[RelPath, ...]
    files: int
    versions: int
    shared: int


def collect(recorder: Recorder, packs: Packs, rules: Rules, *, dry_run: bool) -> CollectReport:
    """Let versions go under the rules and sweep the packs."""
    now_ns = recorder.catalogue.tick()
    with recorder.lock:
        gone = choose(recorder.catalogue.read(), rules, now_ns)
        vids = [v.vid for v in gone]
        if not dry_run:
            for start in range(0, len(vids), _PORTION):
                recorder.write([DropRecord(now_ns, tuple(vids[start : start + _PORTION]), ())])

    def live() -> set[bytes]:
        return live_chunks(recorder.catalogue.read(), vids) | recorder.reserved_chunks()

    swept = packs.sweep(live, now_ns=now_ns, dry_run=dry_run)
    return CollectReport(len(gone), sum(v.size for v in gone), swept, dry_run)


def forget(recorder: Recorder, packs: Packs, guard: Guard, paths: Sequence[RelPath], told: Sequence[Told]) -> ForgetReport:
    """Remove files, folders and their whole histories for good.

    Raises:
        NotFound: there is, and was, no such file.
        Denied, Conflict: locked, or open for writing.
    """
    guard.inside(paths)
    with recorder.lock:
        recorder.record([Dirty(p, subtree=True) for p in paths], Author("program"))
        con = recorder.catalogue.read()
        fids = sorted({fid for path in paths for fid in _files(con, path)})
        live = _live_names(con, fids)
        guard.free(0, live)
        recorder.catalogue.set_meta(_BEGUN, json.dumps([path.hex() for path in paths]))
        try:
            hand = Hand(recorder.disk, "forget", recorder.point)
            for name in sorted(live, reverse=True):
                hand.remove(name)
            recorder.record([Dirty(p) for p in live], Author("user", baseline=True, holder=0))
        finally:
            guard.release(0)
        chunks, versions = _chunks(con, fids)
        vids = [row[0] for fid in fids for row in con.execute("SELECT vid FROM version WHERE fid=?", (fid,))]
        what = _Forgotten(tuple(fids), tuple(vids))
        recorder.write(_records(con, fids, recorder.catalogue.tick()), what.note)
    shared = _sweep(recorder, packs, what, chunks)
    _finish(recorder, what, told)
    return ForgetReport(tuple(live), len(fids), versions, shared)


def finish_forgetting(recorder: Recorder, packs: Packs, guard: Guard, told: Sequence[Told]) -> bool:
    """Go on with a forgetting that a crash cut off; return whether there was one."""
    begun, noted = recorder.catalogue.meta(_BEGUN), recorder.catalogue.meta(_NOTE)
    if begun is not None:
        with suppress(NotFound):  # the rows are gone: their record was imported from the packs
            forget(recorder, packs, guard, [RelPath(bytes.fromhex(path)) for path in json.loads(begun)], told)
            return True
        what = _from_records(packs)
    elif noted is not None:
        fids, vids = json.loads(noted)
        what = _Forgotten(tuple(fids), tuple(vids))
    else:
        return False
    _sweep(recorder, packs, what, None)
    _finish(recorder, what, told)
    return True


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """Ids of what is being forgotten, written down until it is done."""

    fids: tuple[int, ...]
    vids: tuple[int, ...]

    def note(self, con: sqlite3.Connection) -> None:
        """Write it down, in the transaction that removes the rows."""
        # Steps of transactions that have ended are of no use and name paths.
        con.execute("DELETE FROM step WHERE tx NOT IN (SELECT tx FROM tx WHERE state='open')")
        con.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (_NOTE, json.dumps([self.fids, self.vids])))
        con.execute("DELETE FROM meta WHERE key=?", (_BEGUN,))


def _from_records(packs: Packs) -> _Forgotten:
    """Return all that was ever forgotten, as the packs tell it; what went before is found no more."""
    gone = {fid for kind, payload in packs.records() if isinstance(r := decode(kind, payload), DropRecord) for fid in r.fids}
    vids = {
        r.vid for kind, payload in packs.records() if isinstance(r := decode(kind, payload), ChangeRecord) and r.fid in gone
    }
    return _Forgotten(tuple(sorted(gone)), tuple(sorted(vids)))


def _finish(recorder: Recorder, what: _Forgotten, told: Sequence[Told]) -> None:
    recorder.disk.aside.clear()
    for tell in told:
        tell([Fid(f) for f in what.fids])
    with recorder.catalogue.write() as con:
        con.execute("DELETE FROM meta WHERE key IN (?, ?)", (_NOTE, _BEGUN))
    recorder.catalogue.scrub()


def _files(con: sqlite3.Connection, path: RelPath) -> set[int]:
    """Return every file that had the name, or a name below it, at any time."""
    low, high = below(path)
    sql = "SELECT fid FROM dentry WHERE path=? UNION SELECT fid FROM dentry WHERE path>=? AND path<?"
    found = {row[0] for row in con.execute(sql, (path, low, high))}
    if not found:
        raise NotFound(f"there is no {show(path)}, and there was none: nothing to forget")
    return found


def measure(con: sqlite3.Connection, path: RelPath) -> tuple[int, int]:
    """Return how many files had the name or one below it, and how many versions they have.

    Raises:
        NotFound: none had.
    """
    fids = _files(con, path)
    counts = (con.execute("SELECT count(*) FROM version WHERE fid=?", (fid,)).fetchone()[0] for fid in fids)
    return len(fids), sum(counts)


def _live_names(con: sqlite3.Connection, fids: Sequence[int]) -> list[RelPath]:
    sql = "SELECT path FROM dentry WHERE fid=? AND to_ns=9223372036854775807"
    return sorted(RelPath(row[0]) for fid in fids for row in con.execute(sql, (fid,)))


def _chunks(con: sqlite3.Connection, fids: Sequence[int]) -> tuple[set[bytes], int]:
    chunks: set[bytes] = set()
    versions = 0
    for fid in fids:
        for (content,) in con.execute("SELECT content FROM version WHERE fid=?", (fid,)):
            versions += 1
            if content is not None:
                chunks.update(Content.decode(content).ids())
    return chunks, versions


def _records(con: sqlite3.Connection, fids: Sequence[int], at_ns: int) -> list[Record]:
    """Return what has to be written: the end of the files, and the transactions that touched or named them without words."""
    records: list[Record] = []
    for tx in sorted(told_in(con, fids)):
        row = con.execute(f"SELECT {TX_COLUMNS} FROM tx WHERE tx=?", (tx,)).fetchone()
        records.append(BeginRecord(*row)._replace(prompt=_FORGOTTEN, plan=""))
    return [*records, DropRecord(at_ns, (), tuple(fids))]


def _sweep(recorder: Recorder, packs: Packs, what: _Forgotten, chunks: set[bytes] | None) -> int:
    """Remove chunks (None: all that are dead) and records from the packs; return how many chunks others share."""
    con = recorder.catalogue.read()
    wordless = {row[0] for row in con.execute("SELECT tx FROM tx WHERE prompt=?", (_FORGOTTEN,))}
    open_txs = {row[0] for row in con.execute("SELECT tx FROM tx WHERE state='open'")}
    locked = {row[0] for row in con.execute("SELECT path FROM lock")}
    fids, vids = set(what.fids), set(what.vids)

    def drops(kind: int, payload: bytes) -> bool:
        match decode(kind, payload):
            case ChangeRecord() | TagRecord() | KeptRecord() as r:
                return r.fid in fids
            case FillRecord() as r:
                return r.vid in vids
            case BeginRecord() as r:
                return r.tx in wordless and r.prompt != _FORGOTTEN
            case StepRecord() as r:
                return r.tx not in open_txs
            case LockRecord() as r:
                return r.tx in wordless and r.path not in locked
        return False

    def live() -> set[bytes]:
        return live_chunks(recorder.catalogue.read()) | recorder.reserved_chunks()

    now_ns = recorder.catalogue.tick()
    packs.sweep(live, now_ns=now_ns, forget=True if chunks is None else chunks, drop_records=drops)
    return 0 if chunks is None else len(chunks & live())
