"""After a crash: transactions that have a beginning and no end are taken back from their steps.

A path that somebody changed after the crash (see `cutoff`) is left as it is, named, and recorded as that program's change; its
earlier content stays in the store. The journal of the mount has to be read before, so that what it set aside has its place in
the history.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace

from lsfs.capture import known as tables
from lsfs.capture.describing import Author
from lsfs.capture.disk import MOVED, Disk, Look
from lsfs.capture.events import Dirty
from lsfs.capture.known import Known
from lsfs.capture.recorder import Recorder
from lsfs.changes.cutoff import Cut, closed, read_cut, renamed, theirs
from lsfs.changes.guard import Guard
from lsfs.changes.hand import Hand, seen_names
from lsfs.changes.obstacles import obstacle
from lsfs.changes.putback import Putback, live_names, vids_of
from lsfs.changes.rescue import rescue
from lsfs.changes.reverting import Recovered
from lsfs.changes.stock import Stock
from lsfs.errors import Exists, LsfsError
from lsfs.model import Kind, RelPath, TransactionId, show
from lsfs.versions.changing import parent_of
from lsfs.versions.records import EndRecord
from lsfs.versions.versions import Versions

_LOG = logging.getLogger(__name__)


def recover(recorder: Recorder, versions: Versions, guard: Guard) -> list[Recovered]:
    """Take every open transaction back, the latest first. Doing it again changes nothing."""
    rows = recorder.catalogue.read().execute("SELECT tx, actor, prompt FROM tx WHERE state='open' ORDER BY tx DESC").fetchall()
    out = []
    for tx, actor, prompt in rows:
        with recorder.lock:
            out.append(_take_back(recorder, versions, tx, actor, prompt))
        guard.release(tx)
        _LOG.warning("transaction %d (%r) was cut off and has been taken back", tx, prompt)
    recorder.disk.aside.remove_left()
    with recorder.lock:
        recorder.rows.clear()
    return out


def _take_back(recorder: Recorder, versions: Versions, tx: int, actor: str, prompt: str) -> Recovered:
    cut = read_cut(recorder.catalogue.read(), tx)
    shut = closed(recorder.disk, cut)
    cut = replace(cut, before={path: target for path, target in cut.before.items() if path not in shut})
    paths = [RelPath(p) for p in cut.before]
    hand = Hand(recorder.disk, f"{tx}-back", recorder.point)
    folders = {parent_of(p) for p in paths} | set(paths)
    try:
        rescue(recorder.catalogue.read(), recorder.disk, hand, cut, tx, folders)
        _make_way(recorder, hand, cut, folders)
        _bring_home(recorder, hand, cut, folders)
    except (LsfsError, OSError) as e:
        _LOG.warning("something stays under the temporary name that a crash left it: %s", obstacle(e, all_of_it=True))
    away = renamed(recorder.catalogue.read(), recorder.disk, cut)
    recorder.record([Dirty(new, old_path=old) for old, new in away.items()], Author("program"))
    others = [*theirs(recorder.disk, cut), *away]
    settled = [p for p in others if not parent_of(p) or versions.live(RelPath(parent_of(p))) is not None]
    recorder.record([Dirty(p) for p in settled], Author("program"))
    recorder.record([Dirty(p) for p in paths], Author(actor, tx))
    current = recorder.known(paths)
    targets = {p: t for p, t in cut.before.items() if p not in others}
    vids = vids_of(targets)
    with hand.staging.helper(vids) as helper:
        putback = Putback(hand, Stock(versions, vids), current, helper, all_of_it=True)
        result = putback.run(targets, live_names(versions, targets, current))
    hand.sync()
    end = EndRecord(tx, recorder.catalogue.tick(), "reverted")
    author = Author(actor, tx, result.origins)
    recorder.record([Dirty(p) for p in sorted(result.touched)], author, closing=[end])
    kept = shut | result.kept | dict.fromkeys(others, "changed since the crash")
    kept |= {old: f"renamed to {show(new)} since the crash" for old, new in away.items()}
    return Recovered(TransactionId(tx), prompt, tuple(sorted(result.touched)), kept)


def _is_known(known: Known, path: RelPath, look: Look) -> bool:
    """Tell whether what has a temporary name is that file: a copy may have been given its inode number."""
    return path.endswith(MOVED) or known.mtime_ns == look.mtime_ns


def _make_way(recorder: Recorder, hand: Hand, cut: Cut, folders: set[bytes]) -> None:
    """Rename back what had got to its new name when the rest was still put aside: that may belong where it is now."""
    disk, con = recorder.disk, recorder.catalogue.read()
    if not any(path.endswith(MOVED) for folder in folders for path, _ in disk.staged(folder)):
        return
    homes = {t.fid: p for p, t in cut.before.items() if t.fid is not None}
    waiting: dict[RelPath, RelPath] = {}  # where it belongs, by where it is
    for path in cut.before:
        look = disk.look(path)
        own = [] if look is None else [k for k in tables.by_inode(con, look.ino) if k.fid in homes and k.kind == look.kind]
        if look is not None and own and homes[own[0].fid] != path and _is_known(own[0], path, look):
            waiting[path] = homes[own[0].fid]
    while free := [(path, home) for path, home in waiting.items() if disk.look(home) is None]:
        for path, home in free:
            with suppress(Exists):
                hand.rename(path, home)
            del waiting[path]


def _bring_home(recorder: Recorder, hand: Hand, cut: Cut, folders: set[bytes]) -> None:
    """Rename files that a crash left under temporary names to where they were, and remove temporary copies."""
    homes = {t.fid: p for p, t in cut.before.items() if t.fid is not None}
    con = recorder.catalogue.read()
    for path, look in [found for folder in sorted(folders) for found in recorder.disk.staged(folder)]:
        own = [k for k in tables.by_inode(con, look.ino) if k.fid in homes and k.kind == look.kind and _is_known(k, path, look)]
        home = homes[own[0].fid] if own else None
        if home is not None and recorder.disk.look(home) is None and recorder.disk.look(parent_of(home)) is not None:
            hand.rename(path, home)
    _clear(recorder.disk, hand, folders)


def _clear(disk: Disk, hand: Hand, folders: set[bytes]) -> None:
    """Remove temporary copies that a crash left in these folders; what is the user's gets a name that he sees."""
    for path, look in [found for folder in sorted(folders) for found in disk.staged(folder)]:
        with suppress(LsfsError, OSError):
            if path.endswith(MOVED) or look.kind == Kind.DIRECTORY:
                _show(hand, path)
            else:
                hand.remove(path)


def _show(hand: Hand, path: RelPath) -> None:
    """Rename something of the user's that could not go home; it is captured under that name like anything new."""
    for name in seen_names(parent_of(path)):
        with suppress(Exists):
            hand.rename(path, name)
            _LOG.warning("what a crash had left at a temporary name is %s now", show(name))
            return
