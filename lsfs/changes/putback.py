"""Put names back to what they stood for: the one way in which rollback, undo and taking back a transaction change the disk.

It is given, for each path, the file and version that shall be there, or nothing. A file that lives on under another of the
named paths is renamed, what is missing is written from the store, what is too much is removed; what agrees already is left
alone, so that doing it again after a crash is right.

Content on the disk that it replaces or removes is in the store before: its caller has had the paths captured.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from lsfs.capture import known as tables
from lsfs.capture.disk import Look
from lsfs.capture.known import Known
from lsfs.capture.taking import Taken
from lsfs.changes.dressing import Attributes
from lsfs.changes.hand import Hand
from lsfs.changes.helper import Helper, Order
from lsfs.changes.moving import Moves, find_moves, moved
from lsfs.changes.obstacles import obstacle
from lsfs.changes.placing import Placing
from lsfs.changes.stock import Stock, Stored
from lsfs.errors import Conflict, LsfsError, NotFound, OutsideRoot
from lsfs.model import Kind, RelPath, State, Version
from lsfs.versions.versions import Versions

_LOOKED_UP = 1024  # contents whose place in the packs is looked up together


class Target(NamedTuple):
    """What shall be at a path; fid None: nothing."""

    fid: int | None
    vid: int | None


NOTHING = Target(None, None)


def vids_of(targets: Mapping[RelPath, Target]) -> list[int]:
    """Return the versions among targets."""
    return [target.vid for target in targets.values() if target.vid is not None]


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


class Live(NamedTuple):
    """Where the files among the targets are now.

    Attributes:
        names: the names of each file.
        outside: what those of the names stand for that are no targets.
    """

    names: Mapping[int, list[RelPath]]
    outside: Mapping[RelPath, Known]


class Putback:
    """One run over a set of targets.

    Args:
        stock: the versions among the targets.
        current: what the tables say of the paths, as captured right before.
        helper: of `hand.staging`.
        all_of_it: it takes a transaction back, and what cannot be done at one path is no reason to leave the rest.
    """

    def __init__(
        self,
        hand: Hand,
        stock: Stock,
        current: Mapping[RelPath, Known | None],
        helper: Helper,
        *,
        all_of_it: bool = False,
    ) -> None:
        self._hand = hand
        self._stock = stock
        self._current = current
        self._all_of_it = all_of_it
        self._removed: set[RelPath] = set()
        self._made: list[tuple[RelPath, Version]] = []
        self._home: dict[int, RelPath] = {}
        self._live = Live({}, {})
        self._targets: Mapping[RelPath, Target] = {}
        self._files = Placing(hand, stock, helper, self)
        self.result = Result()
        self._moves = Moves(hand, {}, current, self.result.touched)

    def run(self, targets: Mapping[RelPath, Target], live: Live) -> Result:
        """Bring the disk to `targets`.

        Raises:
            LsfsError, OSError: the disk refuses as a whole; what is wrong with one path is in `kept`.
        """
        self._targets, self._live = targets, live
        moves = find_moves({path: target.fid for path, target in targets.items()}, live.names, self._current)
        self._moves = Moves(self._hand, moves, self._current, self.result.touched)
        with self._hand.steady():
            try:
                self._make_room()
                for part in _portions(sorted(path for path, target in targets.items() if target.fid is not None)):
                    self._files.expect(vid for path in part if (vid := targets[path].vid) is not None)
                    for path in part:
                        self._settle(path, targets[path])
                self._files.place()
            finally:
                self._files.discard()
                self._go_home()
            self._remove_folders()
            self._set_times()
        return self.result

    def _leave(self, path: RelPath, error: LsfsError | OSError) -> None:
        """Leave a path as it is, for an error that is about it alone; raise any other."""
        self.result.kept[path] = obstacle(error, all_of_it=self._all_of_it)

    def _make_room(self) -> None:
        """Put aside files whose new place is still taken, or whose old one is wanted; remove what is in the way."""
        vanishing = [path for path, target in self._targets.items() if self._vanishes(path, target)]
        if vanishing or self._is_crossing():
            for path, source in sorted(self._moves.by_target.items(), key=itemgetter(1)):
                try:
                    self._moves.put_aside(source, vanishing)
                except (LsfsError, OSError) as e:
                    self._leave(path, e)
        inside = tuple(path + b"/" for path in vanishing)
        for path, target in sorted(self._targets.items(), reverse=True):
            now = self._current.get(path)
            if now is None or path in self._moves.sources:
                continue
            if now.kind == Kind.DIRECTORY:
                in_the_way = path in vanishing or (target.fid is None and path.startswith(inside))
            else:
                in_the_way = target.fid is None or path in self._moves.by_target
            if in_the_way:
                self._remove(path)

    def _vanishes(self, path: RelPath, target: Target) -> bool:
        """Tell whether there is a folder where something else shall be, now or after the folder above it was renamed."""
        now = self._current.get(path)
        if now is None or now.kind != Kind.DIRECTORY or path in self._moves.sources:
            return False
        if target.fid is None:
            return self._is_carried_over(path)
        return path in self._moves.by_target or self._kind(target) not in (None, Kind.DIRECTORY)

    def _kind(self, target: Target) -> Kind | None:
        try:
            return None if target.vid is None else self._stock.get(target.vid).version.kind
        except NotFound:
            return None

    def _is_crossing(self) -> bool:
        """Tell whether something moves to a name that is taken, or from one that another shall have."""
        if any(self._current.get(path) is not None for path in self._moves.by_target):
            return True
        if any(self._targets[source].fid is not None for source in self._moves.sources):
            return True
        return any(self._is_carried_over(source, path) for path, source in self._moves.by_target.items())

    def _is_carried_over(self, path: RelPath, but: RelPath | None = None) -> bool:
        """Tell whether the renaming of a folder takes what is in it to a name, `but` this, that something shall have."""
        there = self._moves.carried(path)
        return there not in (path, but) and self._targets.get(there, NOTHING).fid is not None

    def _remove(self, path: RelPath) -> None:
        now = self._current.get(path)
        try:
            self._hand.remove_known(self._moves.now_at(path), now)
        except Conflict as e:
            folder = now is not None and now.kind == Kind.DIRECTORY
            words = "the folder holds files that are not part of this" if folder else str(e)
            self._leave(path, Conflict(words, e.paths))
        except (LsfsError, OSError) as e:
            self._leave(path, e)
        else:
            self._removed.add(path)
            self.result.touched.add(path)

    def _settle(self, path: RelPath, target: Target) -> None:
        if path in self.result.kept:
            return
        assert target.fid is not None and target.vid is not None
        try:
            now = self._there(path)
            if path in self._moves.by_target:
                self._files.place()  # what waits may be in a folder that moves
                self._moves.arrive(path)
                now = self._current.get(self._moves.by_target[path])
            stored = self._stock.get(target.vid)
            if now is not None and now.kind != stored.version.kind:
                self._hand.remove_known(path, now)
                now = None
            self._bring(path, target.fid, stored, now)
        except (LsfsError, OSError) as e:
            self._leave(path, e)

    def _there(self, path: RelPath) -> Known | None:
        """Return what is at a path, but for what has left it in this run."""
        gone = path in self._removed or path in self._moves.sources or self._moves.now_at(path) != path
        return None if gone else self._current.get(path)

    def _bring(self, path: RelPath, fid: int, stored: Stored, now: Known | None) -> None:
        version = stored.version
        if now is not None and now.vid == version.vid:
            self._home[fid] = path
            return
        if now is not None and now.fid == fid and fid in self._home and now.names > 1:
            self.result.touched.add(path)  # written through another of its names
            return
        if now is not None and now.fid != fid and (now.names > 1 or self._is_elsewhere(path, fid, version)):
            self._hand.remove_known(path, now)  # and is not written into: what it has other names for stays
            now = None
        if now is None and version.kind != Kind.DIRECTORY and self._link(path, fid, version):
            return
        if self._put(path, fid, stored, now):
            self._done(path, fid, version)

    def _link(self, path: RelPath, fid: int, version: Version) -> bool:
        """Make a path one more name of a file that is back already, or was never gone; return whether it is."""
        if fid in self._home:
            self._files.place()
            if (home := self._home.get(fid)) is not None:  # else it could not be placed, and is made here
                self._hand.hard_link(home, path)
                self.result.placed.pop(home, None)  # its stat is another one now
                self.result.touched.add(path)
                return True
        for name, known in self._other_names(path, fid):
            if known.vid == version.vid and known.state == State.STORED:
                with suppress(Conflict, NotFound, OutsideRoot, FileNotFoundError):
                    self._hand.hard_link(name, path, known)
                    self._done(path, fid, version)
                    return True
        return False

    def _is_elsewhere(self, path: RelPath, fid: int, version: Version) -> bool:
        """Tell whether a file has its version under another name, of which a path can be one more."""
        if version.kind == Kind.DIRECTORY:
            return False
        return fid in self._home or any(known.vid == version.vid for _, known in self._other_names(path, fid))

    def _other_names(self, path: RelPath, fid: int) -> Iterator[tuple[RelPath, Known]]:
        """Yield the names that a file has had all the time and keeps, with what was captured there."""
        for name in self._live.names.get(fid, ()):
            known = self._live.outside.get(name)
            if name in self._targets and name != path and self._targets[name].fid == fid:
                known = self._there(name)
            if known is not None and known.fid == fid:
                yield name, known

    def _done(self, path: RelPath, fid: int, version: Version) -> None:
        self._home[fid] = path
        self.result.origins[path] = version.vid
        self.result.touched.add(path)

    def _put(self, path: RelPath, fid: int, stored: Stored, now: Known | None) -> bool:
        """Make a path what a version is; return whether it is that now (a file is only when it is placed)."""
        version, attributes = stored.version, stored.attributes
        same = now is not None and (now.digest, now.target) == (version.digest, version.target)
        if same and now is not None and now.state != State.PENDING and version.kind != Kind.OTHER:
            self._hand.dress(path, attributes)
        elif version.kind == Kind.DIRECTORY:
            self._hand.make_folder(path, attributes)
            self._made.append((path, version))
        elif version.kind == Kind.SYMLINK and version.target is not None:
            self._hand.make_link(path, version.target, attributes, now)
        elif version.kind == Kind.OTHER:
            self._special(path, version, attributes, now)
        else:
            self._files.write(Order(path, fid, stored, self._stock.content(stored), now))
            self._home[fid] = path
            return False
        return True

    def _special(self, path: RelPath, version: Version, attributes: Attributes, now: Known | None) -> None:
        if not stat.S_ISFIFO(version.mode):
            raise NotFound("sockets and devices are recorded, but not made again")
        if now is None:
            self._hand.make_pipe(path, attributes)
        elif stat.S_ISFIFO(now.mode):
            self._hand.dress(path, attributes)

    def placed(self, order: Order, look: Look) -> None:
        """Note that a file is at its path."""
        self.result.placed[order.path] = Taken(look, order.content, xattrs=order.stored.xattrs, racy=True)
        self._done(order.path, order.fid, order.stored.version)

    def failed(self, order: Order, error: LsfsError | OSError) -> None:
        """Leave a path as it is where its file could not be written or placed."""
        self._leave(order.path, error)
        self._home.pop(order.fid, None)

    def _go_home(self) -> None:
        for source, name in self._moves.go_home().items():
            self.result.kept[source] = moved(name)
            self.result.touched.add(name)

    def _set_times(self) -> None:
        """Set the times of folders that were made, now that nothing is put into them any more."""
        for path, version in self._made:
            try:
                self._hand.dress(path, Attributes(mtime_ns=self._stock.folder_time_ns(version)))
            except (LsfsError, OSError) as e:
                self._leave(path, e)

    def _remove_folders(self) -> None:
        for path, target in sorted(self._targets.items(), reverse=True):
            now = self._current.get(path)
            if target.fid is not None or now is None or now.kind != Kind.DIRECTORY:
                continue
            if path not in self._removed and not self._moves.has_left(path):
                self._remove(path)


def _portions(paths: list[RelPath]) -> Iterator[list[RelPath]]:
    for start in range(0, len(paths), _LOOKED_UP):
        yield paths[start : start + _LOOKED_UP]


def live_names(versions: Versions, targets: Mapping[RelPath, Target], current: Mapping[RelPath, Known | None]) -> Live:
    """Return where the files among the targets are now."""
    con = versions.connection()
    names: dict[int, list[RelPath]] = {}
    fids: set[int] = set()
    for path, target in targets.items():
        now = current.get(path)
        if target.fid is not None and now is not None and now.fid == target.fid and now.names == 1:
            names[target.fid] = [path]
        elif target.fid is not None:
            fids.add(target.fid)
    found = tables.names_of(con, sorted(fids - names.keys()))
    names |= {fid: [RelPath(n) for n in found.get(fid, ())] for fid in fids - names.keys()}
    outside = [n for of_file in names.values() for n in of_file if n not in targets]
    return Live(names, {RelPath(n): known for n, known in tables.at_paths(con, outside).items()})
