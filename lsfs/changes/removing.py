"""The two ways in which content leaves the store: `collect` under the retention rules, and `forget` for good.

Forgetting removes the file from the disk, its rows, its records and chunks in the packs (what other files share stays, and is
counted), the texts of prompts that touched it, and what the write-ahead log still holds; listeners do the same for the index.

Durability: files are first withdrawn (`withdrawal`), under names that were noted before; then the record that says what is gone
    is committed; then they are removed and the packs are swept. Where it fails or is killed before the commit, the files are
    put back and nothing was forgotten; behind it, it is gone on with, at the latest at the next start. What has come to a
    forgotten name meanwhile is another file and stays.
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
from lsfs.changes.withdrawal import Withdrawal
from lsfs.errors import NotFound, Unavailable
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
        Denied, Conflict: locked, open for writing, or changed in this moment.
        Unavailable: the disk is full or failing. `pending` tells whether anything is left to do; if not, nothing has changed.
    """
    guard.inside(paths)
    with recorder.lock:
        recorder.record([Dirty(p, subtree=True) for p in paths], Author("program"))
        con = recorder.catalogue.read()
        fids = sorted({fid for path in paths for fid in _files(con, path)})
        live = _live_names(con, fids)
        chunks, vids = _chunks(con, fids)
        hand = Hand(recorder.disk, "forget", recorder.point)
        what = _Forgotten(tuple(fids), tuple(vids), Withdrawal.plan(hand, recorder.known(live)))
        try:
            guard.free(0, live)
            _remove_rows(recorder, hand, what)
        finally:
            guard.release(0)
    shared = _finish(recorder, packs, what, chunks, told)
    return ForgetReport(tuple(live), len(fids), len(vids), shared)


def _remove_rows(recorder: Recorder, hand: Hand, what: _Forgotten) -> None:
    """Take the files from their names and commit that all is forgotten; where that fails, everything is as it was."""
    recorder.catalogue.set_meta(_BEGUN, what.encode())
    try:
        what.withdrawn.take(recorder.disk, hand, recorder.known([path for path, _ in what.withdrawn.files]))
        recorder.point("withdrawn")
        con = recorder.catalogue.read()
        recorder.write(_records(con, what.fids, recorder.catalogue.tick()), what.note)
    except BaseException:
        what.withdrawn.put_back(recorder.disk, hand)
        _let_go_of_notes(recorder)
        raise


def pending(recorder: Recorder) -> str:
    """Say in words what a forgetting that failed has left to do; "" for nothing."""
    if recorder.catalogue.meta(_NOTE) is not None:
        return "what was forgotten is gone from root and history, but not from all of the store yet: this goes on by itself"
    if recorder.catalogue.meta(_BEGUN) is not None:
        return "a forgetting failed, nothing of it was done, and the disk refused to note that: this goes on by itself"
    return ""


def take_back_forgetting(recorder: Recorder) -> str:
    """Put back what a crash before the commit left withdrawn; return in words that there was such a forgetting, or "".

    Only what had been withdrawn comes back, and only to names that are free: what came to them since stays.
    """
    begun = recorder.catalogue.meta(_BEGUN)
    what = None if begun is None else _Forgotten.decode(begun)
    if begun is None or (what is not None and not _has_rows(recorder.catalogue.read(), what.fids)):
        return ""  # their record was imported from the packs: it was committed
    if what is not None:
        with recorder.lock:
            what.withdrawn.put_back(recorder.disk, Hand(recorder.disk, "forget", recorder.point))
    _let_go_of_notes(recorder)
    names = [] if what is None else [show(path) for path, _ in what.withdrawn.files]
    return f"forgetting {', '.join(names[:5]) or 'files'} was cut off before anything was forgotten: ask for it again"


def finish_forgetting(recorder: Recorder, packs: Packs, told: Sequence[Told]) -> str:
    """Go on with a forgetting that was cut off; return in words what was taken back instead, or "".

    Raises:
        Unavailable: the disk refuses still; it can be tried again.
    """
    said = take_back_forgetting(recorder)
    noted = recorder.catalogue.meta(_NOTE) or recorder.catalogue.meta(_BEGUN)
    what = None if noted is None else _Forgotten.decode(noted)
    if what is not None:
        _finish(recorder, packs, what, None, told)
    return said


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """What is being forgotten, written down until it is done: ids only, and the temporary names of what was withdrawn."""

    fids: tuple[int, ...]
    vids: tuple[int, ...]
    withdrawn: Withdrawal

    def encode(self) -> str:
        return json.dumps([self.fids, self.vids, self.withdrawn.to_json()])

    @staticmethod
    def decode(text: str) -> _Forgotten | None:
        """Return what `encode` made; None for the note of an earlier lsfs that had paths only, which are not to be trusted."""
        found = json.loads(text)
        if not found or isinstance(found[0], str):
            return None
        fids, vids, *rest = found
        return _Forgotten(tuple(fids), tuple(vids), Withdrawal.of_json(rest[0]) if rest else Withdrawal())

    def note(self, con: sqlite3.Connection) -> None:
        """Write it down, in the transaction that removes the rows."""
        # Steps of transactions that have ended are of no use and name paths.
        con.execute("DELETE FROM step WHERE tx NOT IN (SELECT tx FROM tx WHERE state='open')")
        con.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (_NOTE, self.encode()))
        con.execute("DELETE FROM meta WHERE key=?", (_BEGUN,))


def _has_rows(con: sqlite3.Connection, fids: Sequence[int]) -> bool:
    return any(con.execute("SELECT 1 FROM file WHERE fid=?", (fid,)).fetchone() for fid in fids)


def _let_go_of_notes(recorder: Recorder) -> None:
    """Note that nothing is left to do; a disk that refuses is asked again later."""
    with suppress(sqlite3.Error, Unavailable), recorder.catalogue.write() as con:
        con.execute("DELETE FROM meta WHERE key IN (?, ?)", (_NOTE, _BEGUN))


def _finish(recorder: Recorder, packs: Packs, what: _Forgotten, chunks: set[bytes] | None, told: Sequence[Told]) -> int:
    """Do what comes behind the commit, any number of times; return how many chunks others share."""
    with recorder.lock:
        what.withdrawn.destroy(recorder.disk, Hand(recorder.disk, "forget", recorder.point))
    shared = _sweep(recorder, packs, what, chunks)
    recorder.disk.aside.clear()
    for tell in told:
        tell([Fid(f) for f in what.fids])
    with recorder.catalogue.write() as con:
        con.execute("DELETE FROM meta WHERE key IN (?, ?)", (_NOTE, _BEGUN))
    recorder.catalogue.scrub()
    return shared


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


def _chunks(con: sqlite3.Connection, fids: Sequence[int]) -> tuple[set[bytes], list[int]]:
    """Return the chunks and the versions of files."""
    chunks: set[bytes] = set()
    vids: list[int] = []
    for fid in fids:
        for vid, content in con.execute("SELECT vid, content FROM version WHERE fid=?", (fid,)):
            vids.append(vid)
            if content is not None:
                chunks.update(Content.decode(content).ids())
    return chunks, vids


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
