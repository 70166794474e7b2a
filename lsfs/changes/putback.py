"""Put names back to what they stood for: the one way in which rollback, undo and taking back a transaction change the disk.

It is given, for each path, the file and version that shall be there, or nothing. A file that lives on under another of the
named paths is renamed, what is missing is written from the store, what is too much is removed; what agrees already is left
alone, so that doing it again after a crash is right.

Content on the disk that it replaces or removes is in the store before: its caller has had the paths captured.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lsfs.capture import known as tables
from lsfs.capture.known import Known
from lsfs.capture.taking import Taken
from lsfs.changes.dressing import Attributes
from lsfs.changes.hand import Hand, Staged
from lsfs.changes.stock import Stock, Stored
from lsfs.errors import Conflict, NotFound
from lsfs.model import Kind, RelPath, State, Version
from lsfs.packs.content import Content
from lsfs.versions.versions import Versions

_PORTION = 4096  # staged files
_PORTION_BYTES = 256 << 20
_LOOKED_UP = 1024  # contents whose place in the packs is looked up together


class Target(NamedTuple):
    """What shall be at a path; fid None: nothing."""

    fid: int | None
    vid: int | None


NOTHING = Target(None, None)


@dataclass(slots=True)
class Result:
    """What putting back did.

    Attributes:
        touched: paths that changed.
        kept: paths that could not be put back, with the reason.
        origins: the version that each path was put back to.
        placed: files that were written, so that recording them needs no reading.
    """

    touched: set[RelPath] = field(default_factory=set)
    kept: dict[RelPath, str] = field(default_factory=dict)
    origins: dict[bytes, int] = field(default_factory=dict)
    placed: dict[bytes, Taken] = field(default_factory=dict)


class _Waiting(NamedTuple):
    """A file that is staged and not placed yet."""

    fid: int
    staged: Staged
    stored: Stored
    content: Content
    now: Known | None


class Putback:
    """One run over a set of targets.

    Args:
        stock: the versions among the targets.
        current: what the tables say of the paths, as captured right before.
    """

    def __init__(self, hand: Hand, stock: Stock, current: Mapping[RelPath, Known | None]) -> None:
        self._hand = hand
        self._stock = stock
        self._current = current
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._renames: list[tuple[bytes, bytes]] = []
        self._sources: set[RelPath] = set()
        self._home: dict[int, RelPath] = {}
        self._restore = stock.restorer(())
        self.result = Result()

    def run(self, targets: Mapping[RelPath, Target], live: Mapping[int, list[RelPath]]) -> Result:
        """Bring the disk to `targets`.

        Args:
            live: the names that each file among the targets has now.
        """
        movers = self._movers(targets, live)
        self._sources = set(movers.values())
        with self._hand.steady():
            try:
                self._make_room(targets, movers)
                for part in _portions(sorted(path for path, target in targets.items() if target.fid is not None)):
                    self._restore = self._stock.restorer(vid for path in part if (vid := targets[path].vid) is not None)
                    for path in part:
                        self._settle(path, targets[path], movers.get(path))
                self._place()
                self._remove_folders(targets, set(movers.values()))
            finally:
                for w in self._waiting:
                    self._hand.discard(w.staged)
        return self.result

    def _movers(self, targets: Mapping[RelPath, Target], live: Mapping[int, list[RelPath]]) -> dict[RelPath, RelPath]:
        """Return, by target path, the path from where its file has to be renamed."""
        movers: dict[RelPath, RelPath] = {}
        used: set[RelPath] = set()
        for path, target in sorted(targets.items()):
            now = self._current.get(path)
            if target.fid is None or (now is not None and now.fid == target.fid):
                continue
            free = [n for n in live.get(target.fid, []) if n in targets and targets[n].fid != target.fid]
            free = [n for n in free if n not in used]
            if free:
                movers[path] = free[0]
                used.add(free[0])
        return movers

    def _make_room(self, targets: Mapping[RelPath, Target], movers: Mapping[RelPath, RelPath]) -> None:
        """Remove files that shall not be there, and put aside files whose new place is still taken."""
        sources = set(movers.values())
        if any(self._current.get(path) is not None for path in movers):
            for source in sorted(sources):
                self._rename(source, self._hand.temporary_beside(RelPath(self._now_at(source))))
        for path, target in sorted(targets.items(), reverse=True):
            now = self._current.get(path)
            if now is None or path in sources or now.kind == Kind.DIRECTORY:
                continue
            if target.fid is None or (path in movers):
                self._remove(RelPath(path))

    def _remove(self, path: RelPath) -> None:
        there = RelPath(self._now_at(path))
        try:
            self._hand.remove_known(there, self._current.get(path))
        except Conflict as e:
            folder = "the folder holds files that are not part of this"
            now = self._current.get(path)
            self.result.kept[path] = folder if now is not None and now.kind == Kind.DIRECTORY else str(e)
            return
        self.result.touched.add(path)

    def _rename(self, source: bytes, target: bytes) -> None:
        old = self._now_at(source)
        if old != target:
            self._hand.rename(RelPath(old), RelPath(target))
            self._renames.append((old, target))
        self.result.touched |= {RelPath(source), RelPath(target)} if source in self._current else {RelPath(target)}

    def _now_at(self, path: bytes) -> bytes:
        """Return where something that was at `path` is after the renames so far."""
        for old, new in self._renames:
            if path == old:
                path = new
            elif path.startswith(old + b"/"):
                path = new + path[len(old) :]
        return path

    def _settle(self, path: RelPath, target: Target, source: RelPath | None) -> None:
        if source is not None:
            self._place()  # what waits may be in a folder that moves
            if self._current.get(path) is not None and path not in self._sources:
                self._hand.remove(RelPath(self._now_at(path)))
            self._rename(source, path)
        now = self._current.get(source if source is not None else path)
        assert target.fid is not None and target.vid is not None
        try:
            stored = self._stock.get(target.vid)
        except NotFound as e:
            self.result.kept[path] = str(e)
            return
        if now is not None and now.kind != stored.version.kind and source is None:
            self._hand.remove(RelPath(self._now_at(path)))
            now = None
        self._bring(path, target.fid, stored, now)

    def _bring(self, path: RelPath, fid: int, stored: Stored, now: Known | None) -> None:
        version = stored.version
        if now is not None and now.vid == version.vid:
            self._home[fid] = path
            return
        if now is not None and now.fid == fid and fid in self._home and now.names > 1:
            self.result.touched.add(path)  # written through another of its names
            return
        if now is None and fid in self._home and version.kind != Kind.DIRECTORY:
            self._place()
            self._hand.hard_link(self._home[fid], path)
            self.result.placed.pop(self._home[fid], None)  # its stat is another one now
            self.result.touched.add(path)
            return
        try:
            if self._put(path, fid, stored, now):
                self._done(path, fid, version)
        except (NotFound, Conflict) as e:
            self.result.kept[path] = str(e)

    def _done(self, path: RelPath, fid: int, version: Version) -> None:
        self._home[fid] = path
        self.result.origins[path] = version.vid
        self.result.touched.add(path)

    def _put(self, path: RelPath, fid: int, stored: Stored, now: Known | None) -> bool:
        """Make a path what a version is; return whether it is that now (a file is only after `_place`)."""
        version, attributes = stored.version, stored.attributes
        same = now is not None and (now.digest, now.target) == (version.digest, version.target)
        if same and now is not None and now.state != State.PENDING and version.kind != Kind.OTHER:
            self._hand.dress(path, attributes)
        elif version.kind == Kind.DIRECTORY:
            self._hand.make_folder(path, attributes)
        elif version.kind == Kind.SYMLINK and version.target is not None:
            self._hand.make_link(path, version.target, attributes)
        elif version.kind == Kind.OTHER:
            self._special(path, version, attributes, now)
        else:
            self._stage(path, fid, stored, now)
            return False
        return True

    def _special(self, path: RelPath, version: Version, attributes: Attributes, now: Known | None) -> None:
        if not stat.S_ISFIFO(version.mode):
            raise NotFound("sockets and devices are recorded, but not made again")
        if now is None:
            self._hand.make_pipe(path, attributes)

    def _stage(self, path: RelPath, fid: int, stored: Stored, now: Known | None) -> None:
        content = self._stock.content(stored)
        staged = self._hand.kept(path, stored.version.vid)
        if staged is None:
            written = self._hand.stage(path, lambda fd: self._restore(content, fd), stored.attributes)
            staged = self._hand.close(written)
        self._waiting.append(_Waiting(fid, staged, stored, content, now))
        self._home[fid] = path
        self._waiting_bytes += content.size
        if len(self._waiting) >= _PORTION or self._waiting_bytes > _PORTION_BYTES:
            self._place()

    def _place(self) -> None:
        """Give the staged files their names: after one sync for all, because a rename over a file would wait for each."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if any(w.now is not None and w.staged.folder < 0 for w in waiting):
            self._hand.sync_staged(len(waiting))
        waiting.reverse()
        try:
            while waiting:
                self._place_one(waiting[-1])
                waiting.pop()
        finally:
            self._waiting = waiting

    def _place_one(self, w: _Waiting) -> None:
        path = w.staged.path
        try:
            look = self._hand.replace(w.staged, w.now)
        except (NotFound, Conflict) as e:
            self._home.pop(w.fid, None)
            self.result.kept[path] = str(e)
            return
        self.result.placed[path] = Taken(look, w.content, xattrs=w.stored.xattrs, racy=True)
        self._done(path, w.fid, w.stored.version)

    def _remove_folders(self, targets: Mapping[RelPath, Target], sources: set[RelPath]) -> None:
        for path, target in sorted(targets.items(), reverse=True):
            now = self._current.get(path)
            if target.fid is not None or now is None or now.kind != Kind.DIRECTORY or path in sources:
                continue
            self._remove(path)


def _portions(paths: list[RelPath]) -> Iterator[list[RelPath]]:
    for start in range(0, len(paths), _LOOKED_UP):
        yield paths[start : start + _LOOKED_UP]


def live_names(versions: Versions, targets: Mapping[RelPath, Target]) -> dict[int, list[RelPath]]:
    """Return the names that each file among the targets has now."""
    fids = {t.fid for t in targets.values() if t.fid is not None}
    found = tables.names_of(versions.connection(), sorted(fids))
    return {fid: [RelPath(n) for n in found.get(fid, ())] for fid in fids}
