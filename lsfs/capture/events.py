"""From dirty paths to what happened: the disk as it is against the files as they were captured last.

The rules of identity, in the order in which they are tried:
- A name that is there before and after keeps its file, whatever inode it has: an atomic save (temporary file renamed over the
  name) or a save by deleting and writing anew continues the history. Only two names that exchanged their inodes are two moves.
- A new name whose inode is known moves that file, when the old name is gone and the rest of the stat agrees (inode numbers
  are used again at once), or the kernel told of the rename, or the folder above moved alike, or it is a folder and something
  that was in it is still there. Where the old name still has the inode it is a hard link.
- A new name whose file ended a short while ago under another name takes it up again.
- A name that comes back after its file was moved to a backup name (`x` to `x~`) takes its file back.
- A name that comes back continues the file that it stood for last.

It decides and writes nothing. Cost: one lstat and one look-up for each path.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from lsfs.capture import known as tables
from lsfs.capture.disk import Disk, Look
from lsfs.capture.known import Known
from lsfs.model import Kind, RelPath, State
from lsfs.versions.changing import parent_of

_SHORT_WHILE_NS = 60_000_000_000
_CHILDREN = 64  # that are looked at to know a folder again
_BACKUPS = (b"~", b".bak", b".orig", b".old", b".swp")


class Dirty(NamedTuple):
    """A hint that something happened at a path; what happened is on the disk.

    Attributes:
        subtree: everything below has to be looked at as well.
        old_path: the kernel told of a rename from there.
        actor: who did it.
    """

    path: RelPath
    subtree: bool = False
    old_path: RelPath | None = None
    actor: str = "program"


class Act(StrEnum):
    """What happened to a name."""

    CREATE = "create"
    MODIFY = "modify"
    MOVE = "move"
    LINK = "link"
    END = "end"
    RETURN = "return"
    SPLIT = "split"


class Event(NamedTuple):
    """One thing that happened.

    Attributes:
        look: what is there now; None at an END.
        known: the file that is concerned; of a CREATE the ended one that it continues; of a SPLIT the one it leaves.
        old_path: of a MOVE and a RETURN, where the file was.
        likely: of a CREATE, ended names with files of the same size: with the same content it is a move.
    """

    act: Act
    path: RelPath
    look: Look | None
    known: Known | None
    old_path: RelPath | None = None
    likely: tuple[Event, ...] = ()


@dataclass(slots=True)
class Scene:
    """The names that are looked at together.

    Attributes:
        rows: reads what names stand for, as `known.at_paths`.
        held: tells the paths that a transaction is changing just now; it records them itself.
        complete: what is in a new folder is named as well.
        placed: files that were just written by us, as they were then. What a program did to one since is a change of its own,
            which it is told of on its own.
        skipped: those of them that were asked for.
    """

    con: sqlite3.Connection
    rows: Callable[[Sequence[bytes]], dict[bytes, Known]]
    disk: Disk
    held: Callable[[bytes], bool]
    complete: bool = False
    placed: Mapping[bytes, Look] = field(default_factory=dict)
    skipped: list[RelPath] = field(default_factory=list)
    looks: dict[bytes, Look | None] = field(default_factory=dict)
    knowns: dict[bytes, Known | None] = field(default_factory=dict)
    ready: dict[bytes, Known | None] = field(default_factory=dict)
    hints: dict[bytes, bytes] = field(default_factory=dict)
    taken: set[bytes] = field(default_factory=set)
    inodes: dict[int, list[Known]] = field(default_factory=dict)
    lasts: dict[bytes, tuple[Known, int]] = field(default_factory=dict)

    def add(self, path: bytes, look: Look | None = None) -> Look | None:
        """Look at `path` (or take the look that the caller has) and at what it was; once for each path."""
        if path and path not in self.looks and self.held(path):
            self.skipped.append(RelPath(path))
        elif path not in self.looks and path and not self.disk.ignores(path):
            self.looks[path] = look or self._look(path)
            self.knowns[path] = self.ready.pop(path) if path in self.ready else tables.at_path(self.con, path)
            was = self.knowns[path]
            if was is not None and was.kind == Kind.DIRECTORY and _kind(self.looks[path]) != Kind.DIRECTORY:
                inside = tables.paths_below(self.con, path)
                self.ready |= self.rows([p for p in inside if p not in self.looks])
                for inner in inside:
                    self.add(inner)
        return self.looks.get(path)

    def _look(self, path: bytes) -> Look | None:
        """Look at a name; not where its folder was seen to be gone, nor at what we have just written into one that is there."""
        folder = parent_of(path)
        if not folder or folder not in self.looks:
            return self.disk.look(path)
        if _kind(self.looks[folder]) != Kind.DIRECTORY:
            return None
        return self.placed.get(path) or self.disk.look(path)

    def prepare(self, paths: list[bytes]) -> None:
        """Read what many names stood for at once; they are about to be added."""
        self.ready = dict.fromkeys(paths) | self.rows(paths)

    def add_dirty(self, dirty: Iterable[Dirty]) -> list[RelPath]:
        """Add what the hints name; return the folders whose inside has to be walked afterwards."""
        folders: list[RelPath] = []
        dirty = list(dirty)
        self.prepare([d.path for d in dirty])
        for d in dirty:
            if d.old_path is not None:
                self.hints[d.path] = d.old_path
                self.add(d.old_path)
            self._add_above(d.path, folders)
            look = self.add(d.path)
            if d.subtree and (not d.path or _kind(look) == Kind.DIRECTORY):
                folders.append(d.path)
            elif look is not None and self._is_new_folder(d.path):
                self._enter(d.path, look, folders)
        return folders

    def _add_above(self, path: bytes, folders: list[RelPath]) -> None:
        above = parent_of(path)
        while above and above not in self.looks:
            look = self.add(above)
            if look is not None and self._is_new_folder(above):
                self._enter(above, look, folders)
            above = parent_of(above)

    def _is_new_folder(self, path: bytes) -> bool:
        was = self.knowns.get(path)
        return _kind(self.looks.get(path)) == Kind.DIRECTORY and (was is None or was.kind != Kind.DIRECTORY)

    def _enter(self, path: bytes, look: Look, folders: list[RelPath]) -> None:
        """A folder that moved is compared at once with what it left; a fresh one is walked afterwards, in slices."""
        if any(k.kind == Kind.DIRECTORY and k.names for k in tables.by_inode(self.con, look.ino)):
            for inner, inner_look in self.disk.walk(path):
                self.add(inner, inner_look)
        elif not self.complete:
            folders.append(RelPath(path))

    # Decisions

    def events(self) -> list[Event]:
        """Return what happened, in an order in which it can be written down."""
        new, gone, changed = self._sorted_names()
        self._read_up(new)
        fresh = [e for p in new for e in self._arrival(p)]
        kept = [e for p in changed for e in self._kept(p)]
        gone += [p for p in self._late_gone() if p not in gone]
        ends = [self._end(p) for p in sorted(gone, reverse=True) if p not in self.taken]
        by_size = _by_size(ends)
        fresh = [_with_likely(e, by_size) for e in fresh]
        first = [e for e in ends if self.looks[e.path] is not None]
        last = [e for e in ends if self.looks[e.path] is None]
        return first + fresh + kept + last

    def _read_up(self, new: list[RelPath]) -> None:
        """Read at once what the tables say of the inodes and the past of new names."""
        looks = [look for path in new if (look := self.looks[path]) is not None]
        self.inodes = tables.by_inodes(self.con, [look.ino for look in looks])
        self.lasts = tables.last_at_paths(self.con, new)

    def _sorted_names(self) -> tuple[list[RelPath], list[RelPath], list[RelPath]]:
        new, gone, changed = [], [], []
        for path in sorted(self.looks):
            look, was = self.looks[path], self.knowns[path]
            same_kind = look is not None and was is not None and look.kind == was.kind
            if look is not None and not same_kind:
                new.append(RelPath(path))
            if was is not None and not same_kind:
                gone.append(RelPath(path))
            if look is not None and was is not None and same_kind and differs(was, look):
                changed.append(RelPath(path))
        return new, gone, changed

    def _late_gone(self) -> list[RelPath]:
        """Names that were added while moves were looked for."""
        return [RelPath(p) for p, was in self.knowns.items() if was is not None and _kind(self.looks[p]) != was.kind]

    def _end(self, path: RelPath) -> Event:
        return Event(Act.END, path, None, self.knowns[path])

    def _arrival(self, path: RelPath) -> Iterator[Event]:
        look = self.looks[path]
        assert look is not None
        # What we have just written is no file that was there before, whatever its inode was used for.
        for k in () if look is self.placed.get(path) else self.inodes.get(look.ino, ()):
            if k.kind != look.kind:
                continue
            event = self._from_live(path, look, k) if k.names else self._from_ended(path, look, k)
            if event is not None:
                yield event
                return
        yield from self._comeback(path, look)

    def _from_live(self, path: RelPath, look: Look, k: Known) -> Event | None:
        linked = False
        for name in tables.names(self.con, k.fid):
            there = self.add(name)
            if there is not None and there.kind == k.kind:
                linked = linked or there.ino == look.ino
            elif name not in self.taken and self._plausible(name, path, look, k):
                self.taken.add(name)
                return Event(Act.MOVE, path, look, k, RelPath(name))
        if linked and look.kind != Kind.DIRECTORY:
            return Event(Act.LINK, path, look, k)
        return None

    def _plausible(self, old: bytes, new: bytes, look: Look, k: Known) -> bool:
        if self.hints.get(new) == old or (look.size, look.mtime_ns) == (k.size, k.mtime_ns):
            return True
        if look.kind == Kind.DIRECTORY and self._has_child_of(old, new):
            return True
        same_name = old.rpartition(b"/")[2] == new.rpartition(b"/")[2]
        return same_name and parent_of(old) in self.taken and self.looks.get(parent_of(old)) is None

    def _has_child_of(self, old: bytes, new: bytes) -> bool:
        """Tell whether something that was in a folder is under the same name in another one."""
        for path, *known in tables.stats_in(self.con, old, _CHILDREN):
            inner = new + path[len(old) :]
            try:
                look = self.looks.get(inner) or self.disk.look(inner)
            except OSError:  # the folder is closed to us
                return False
            if look is not None and [look.ino, look.size, look.mtime_ns] == known:
                return True
        return False

    def _from_ended(self, path: RelPath, look: Look, k: Known) -> Event | None:
        if look.kind == Kind.DIRECTORY or k.state != State.DELETED or look.ctime_ns - k.at_ns > _SHORT_WHILE_NS:
            return None
        before = tables.deleted_version_before(self.con, k)
        if before is None or (before.ino, before.size, before.mtime_ns) != (look.ino, look.size, look.mtime_ns):
            return None
        return Event(Act.CREATE, path, look, k)

    def _comeback(self, path: RelPath, look: Look) -> Iterator[Event]:
        last = self.lasts.get(path)
        if last is not None and last[0].kind == look.kind:
            k, until_ns = last
            if k.names == 0:
                yield Event(Act.CREATE, path, look, k)
                return
            backup = self._backup_name(path, k)
            if backup is not None and look.ctime_ns - until_ns < _SHORT_WHILE_NS:
                yield Event(Act.RETURN, path, look, k, backup)
                there = self.add(backup)
                if there is not None:
                    yield Event(Act.SPLIT, backup, there, k)
                self.taken.add(backup)
                return
        yield Event(Act.CREATE, path, look, None)

    def _backup_name(self, path: bytes, k: Known) -> RelPath | None:
        own = [n for n in tables.names(self.con, k.fid) if is_backup(path, n)]
        return RelPath(own[0]) if own else None

    def _kept(self, path: RelPath) -> Iterator[Event]:
        look, was = self.looks[path], self.knowns[path]
        assert look is not None and was is not None
        if path in self.taken:
            return
        if look.ino == was.ino or look.kind == Kind.DIRECTORY or (was.names == 1 and look is self.placed.get(path)):
            yield Event(Act.MODIFY, path, look, was)
            return
        if (other := self._exchanged(path, look, was)) is not None:
            self.taken |= {path, other}
            theirs = self.knowns[other]
            yield Event(Act.MOVE, path, look, theirs, other)
            yield Event(Act.MOVE, other, self.looks[other], was, path)
            return
        yield from self._replaced(path, look, was)

    def _exchanged(self, path: RelPath, look: Look, was: Known) -> RelPath | None:
        for k in tables.by_inode(self.con, look.ino):
            for name in tables.names(self.con, k.fid):
                there = self.add(name)
                if name == path or k.kind != was.kind or k.names != 1 or there is None or there.ino != was.ino:
                    continue
                # New files in each other's place get their inode numbers as well, but not their times.
                if self._plausible(name, path, look, k) and self._plausible(path, name, there, was):
                    return RelPath(name)
        return None

    def _replaced(self, path: RelPath, look: Look, was: Known) -> Iterator[Event]:
        """Another inode under the same name; where the old one lives on under other names, the oldest name keeps the file."""
        others = [n for n in tables.names(self.con, was.fid) if n != path] if was.names > 1 else []
        holding = [n for n in others if (there := self.add(n)) is not None and there.ino == was.ino]
        oldest = not holding or tables.names(self.con, was.fid)[0] == path
        if not oldest:
            yield Event(Act.END, path, None, was)
            yield Event(Act.CREATE, path, look, None)
            return
        for name in holding:
            self.taken.add(name)
            yield Event(Act.SPLIT, RelPath(name), self.looks[name], was)
        yield Event(Act.MODIFY, path, look, was)


def _with_likely(event: Event, by_size: dict[int, list[Event]]) -> Event:
    if event.act != Act.CREATE or event.look is None or event.look.kind != Kind.FILE or event.look.size == 0:
        return event
    likely = by_size.get(event.look.size)
    return Event(event.act, event.path, event.look, event.known, likely=tuple(likely[:16])) if likely else event


def _by_size(ends: list[Event]) -> dict[int, list[Event]]:
    out: dict[int, list[Event]] = {}
    for e in ends:
        if e.known is not None and e.known.kind == Kind.FILE and e.known.digest:
            out.setdefault(e.known.size, []).append(e)
    return out


def is_backup(path: bytes, other: bytes) -> bool:
    """Tell whether `other` is a name that editors give to what was at `path`."""
    return other.startswith(path) and other[len(path) :] in _BACKUPS


def differs(was: Known, look: Look) -> bool:
    """Return whether the disk may hold something else than what was captured last."""
    return was.key != look.key or was.racy or was.mode != look.mode


def _kind(look: Look | None) -> Kind | None:
    return None if look is None else look.kind
