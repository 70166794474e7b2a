"""After a crash: transactions that have a beginning and no end are taken back from their steps.

A path that somebody changed after the crash (its content is neither what was there before nor what the transaction wrote) is
left as it is and named; its earlier content stays in the store.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from lsfs.capture import known as tables
from lsfs.capture.describing import Author
from lsfs.capture.events import Dirty
from lsfs.capture.known import Known
from lsfs.capture.recorder import Recorder
from lsfs.changes.guard import Guard
from lsfs.changes.hand import Hand
from lsfs.changes.putback import Putback, Target, live_names
from lsfs.model import Kind, RelPath, TransactionId
from lsfs.versions.applying import parent_of
from lsfs.versions.records import EndRecord, unpack
from lsfs.versions.versions import Versions

_ANYTHING = b""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """A transaction that a crash had cut off.

    Attributes:
        restored: paths that were put back.
        kept: paths that were left as they are, with the reason.
    """

    id: TransactionId
    prompt: str
    restored: tuple[RelPath, ...]
    kept: dict[RelPath, str]


@dataclass(frozen=True, slots=True)
class _Cut:
    """The steps of a cut off transaction, together."""

    before: dict[RelPath, Target]
    expected: dict[bytes, set[bytes]]


def recover(recorder: Recorder, versions: Versions, guard: Guard) -> list[Recovered]:
    """Take every open transaction back, the latest first. Doing it again changes nothing."""
    rows = recorder.catalogue.read().execute("SELECT tx, actor, prompt FROM tx WHERE state='open' ORDER BY tx DESC").fetchall()
    out = []
    for tx, actor, prompt in rows:
        with recorder.lock:
            out.append(_take_back(recorder, versions, tx, actor, prompt))
        guard.release(tx)
        _LOG.warning("transaction %d (%r) was cut off and has been taken back", tx, prompt)
    return out


def _take_back(recorder: Recorder, versions: Versions, tx: int, actor: str, prompt: str) -> Recovered:
    cut = _steps(recorder, tx)
    paths = [RelPath(p) for p in cut.before]
    hand = Hand(recorder.disk, f"{tx}-back", recorder.point)
    folders = {parent_of(p) for p in paths} | set(paths)
    _bring_home(recorder, hand, cut, folders)
    recorder.record([Dirty(p) for p in paths], Author(actor, tx))
    current = recorder.known(paths)
    fids = {t.fid for t in cut.before.values() if t.fid is not None}
    theirs = [p for p in paths if _is_theirs(current[p], cut, p, fids)]
    targets = {p: t for p, t in cut.before.items() if p not in theirs}
    putback = Putback(versions, hand, current)
    result = putback.run(targets, live_names(versions, targets))
    hand.sync()
    end = EndRecord(tx, recorder.catalogue.tick(), "reverted")
    author = Author(actor, tx, result.origins)
    recorder.record([Dirty(p) for p in sorted(result.touched)], author, closing=[end])
    kept = result.kept | dict.fromkeys(theirs, "changed since the crash")
    return Recovered(TransactionId(tx), prompt, tuple(sorted(result.touched)), kept)


def _bring_home(recorder: Recorder, hand: Hand, cut: _Cut, folders: set[bytes]) -> None:
    """Rename files that a crash left under temporary names to where they were, and remove temporary copies."""
    homes = {t.fid: p for p, t in cut.before.items() if t.fid is not None}
    con = recorder.catalogue.read()
    for path, look in [found for folder in sorted(folders) for found in recorder.disk.staged(folder)]:
        own = [
            k for k in tables.by_inode(con, look.ino) if k.fid in homes and (k.kind, k.mtime_ns) == (look.kind, look.mtime_ns)
        ]
        home = homes[own[0].fid] if own else None
        if home is not None and recorder.disk.look(home) is None and recorder.disk.look(parent_of(home)) is not None:
            hand.rename(path, home)
    hand.clear(folders)


def _steps(recorder: Recorder, tx: int) -> _Cut:
    before: dict[RelPath, Target] = {}
    expected: dict[bytes, set[bytes]] = {}
    rows = recorder.catalogue.read().execute("SELECT targets, expected FROM step WHERE tx=? ORDER BY number", (tx,))
    for targets, contents in rows:
        for path, fid, vid in unpack(targets):
            before.setdefault(path, Target(fid, vid))
        for path, digest in unpack(contents):
            expected.setdefault(path, set()).add(digest if digest is not None else _ANYTHING)
    con = recorder.catalogue.read()
    for path, target in before.items():
        row = con.execute("SELECT digest FROM version WHERE vid=?", (target.vid,)).fetchone()
        if row is not None and row[0] is not None:
            expected.setdefault(path, set()).add(row[0])
    return _Cut(before, expected)


def _is_theirs(now: Known | None, cut: _Cut, path: RelPath, fids: set[int]) -> bool:
    """Return whether somebody else made what is at a path now."""
    if now is None or now.kind != Kind.FILE or now.fid in fids - {cut.before[path].fid}:
        return False
    known = cut.expected.get(path)
    return known is not None and now.digest not in known and _ANYTHING not in known
