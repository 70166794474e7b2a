"""What a rollback would do to each path, told without doing it.

What a program has just written is recorded first, as a rollback does, so that what it made since is among what is told. Putting
back leaves alone what agrees already, and so does this.

Threading: takes the recorder's lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lsfs.capture.describing import Author
from lsfs.capture.events import Dirty
from lsfs.capture.recorder import Recorder
from lsfs.changes.putback import NOTHING, Target
from lsfs.changes.rollback import Goal, targets_of
from lsfs.changes.stock import Stock, Stored
from lsfs.errors import NotFound
from lsfs.model import Entry, Fid, Kind, RelPath, State
from lsfs.versions.versions import Versions

Deed = Literal["put_back", "brought_back", "deleted", "moved_from", "moved_to", "left"]
_NOT_KEPT = frozenset({State.MISSED, State.LOST, State.REMOVED})


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would happen at one path.

    Attributes:
        deed: moved_from: the file comes back from `other`, the name that it has now; moved_to: it goes back there; left:
            the content of then is not in the store, so it stays as it is.
    """

    path: RelPath
    deed: Deed
    other: RelPath | None = None


def foresee(recorder: Recorder, versions: Versions, paths: Sequence[RelPath], goal: Goal) -> list[Foreseen]:
    """Return what rolling `paths` back would do, by path; nothing for what is as it was.

    Raises:
        NotFound, BadRequest: as the rollback itself would.
    """
    recorder.record([Dirty(p, subtree=True) for p in paths], Author("program"))
    targets = targets_of(versions, paths, goal)
    now = {path: entry for path in targets if (entry := versions.live(path)) is not None}
    stock = Stock(versions, [v for t in targets.values() if (v := t.vid) is not None] + [e.version for e in now.values()])
    homes = {t.fid: p for p, t in targets.items() if t.fid is not None and (p not in now or now[p].fid != t.fid)}
    seer = _Seer(versions, stock, targets, now, homes)
    return [f for path in sorted(targets) if (f := seer.at(path)) is not None]


@dataclass(frozen=True, slots=True)
class _Seer:
    versions: Versions
    stock: Stock
    targets: Mapping[RelPath, Target]
    now: Mapping[RelPath, Entry]
    homes: Mapping[int, RelPath]  # the name that a file gets back, by its fid

    def at(self, path: RelPath) -> Foreseen | None:
        target, there = self.targets[path], self.now.get(path)
        if target == NOTHING:
            return None if there is None else self._goes(path, there)
        assert target.fid is not None and target.vid is not None
        try:
            then = self.stock.get(target.vid)
            now = None if there is None else self.stock.get(there.version)
        except NotFound:
            return Foreseen(path, "left")
        if there is not None and now is not None and there.fid == target.fid and _is_alike(now, then):
            return None
        if then.version.state in _NOT_KEPT:
            return Foreseen(path, "left")
        source = self._source(path, Fid(target.fid))
        if source is not None:
            return Foreseen(path, "moved_from", source)
        return Foreseen(path, "brought_back" if there is None else "put_back")

    def _goes(self, path: RelPath, there: Entry) -> Foreseen:
        """Tell of a path at which nothing shall be: its file is deleted, or had another name then."""
        home = self.homes.get(there.fid)
        return Foreseen(path, "deleted") if home is None else Foreseen(path, "moved_to", home)

    def _source(self, path: RelPath, fid: Fid) -> RelPath | None:
        """Return the name that a file leaves for `path`; None where it is not there now, or keeps its names."""
        names = [e.path for e in self.versions.names_of(fid)]
        if path in names:
            return None
        return next((n for n in names if n in self.targets and self.targets[n].fid != fid), None)


def _is_alike(now: Stored, then: Stored) -> bool:
    """Tell whether two versions of a file are the same in all that is put back; of a folder's times nothing is recorded."""
    a, b = now.version, then.version
    if a.vid == b.vid:
        return True
    if a.kind == Kind.FILE and a.digest is None:
        return False
    times = a.kind == Kind.DIRECTORY or a.mtime_ns == b.mtime_ns
    return times and now.xattrs == then.xattrs and _facts(now) == _facts(then)


def _facts(stored: Stored) -> tuple[object, ...]:
    v = stored.version
    return (v.kind, v.digest, v.target, v.mode, v.uid, v.gid)
