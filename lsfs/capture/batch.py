"""One batch of dirty names on its way into the store: looked at, decided on, taken, written down.

What happened is decided by `events`; here each event is carried out: its content is read, or left for a later look where the
file is being written just now.

Threading: takes the recorder's lock, for the named paths as a whole and for each slice of a walk.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from lsfs.capture import known as tables
from lsfs.capture.describing import Author
from lsfs.capture.disk import Look
from lsfs.capture.events import Act, Dirty, Event, Scene, differs
from lsfs.capture.known import Known
from lsfs.capture.taking import GRAIN_NS, Taken, take
from lsfs.model import Kind, RelPath, State
from lsfs.versions.records import Record

if TYPE_CHECKING:
    from lsfs.capture.recorder import Recorder

_SLICE = 4096
_Item = TypeVar("_Item")
_TRUNCATED_NS = 300_000_000


class Batch:
    """One call of `Recorder.record` or `Recorder.fill`."""

    def __init__(self, recorder: Recorder, author: Author, *, patient: bool, pending: bool) -> None:
        self._recorder = recorder
        self._author = author
        self._patient = patient
        self._pending = pending
        self._describe = recorder.describer()
        self._claimed: set[bytes] = set()
        self._linked: set[int] = set()
        self._staying: set[int] = set()  # files that did not come back from their backup names yet
        self.group = recorder.group()
        self.again: list[RelPath] = []

    def run(self, dirty: list[Dirty], closing: Sequence[Record] = ()) -> None:
        """Record the named paths, then walk the folders among them in slices."""
        with self._recorder.lock:
            scene = self._scene()
            with self._recorder.disk.folders.steady():
                folders = scene.add_dirty(dirty)
            self._write(scene)
            self.group.flush(() if folders else closing)
        for folder in folders:
            self._walk(folder)
        if folders:
            with self._recorder.lock:
                self.group.flush(closing)

    def fill(self, paths: list[RelPath]) -> None:
        """Settle the named files whose content is pending."""
        moved = []
        knowns = tables.at_paths(self._recorder.catalogue.read(), paths)
        with self._recorder.disk.folders.steady():
            for path in paths:
                known = knowns.get(path)
                if known is None or self.group.now(known).state != State.PENDING:
                    continue
                taken = self._take(path)
                if taken is None or taken.look.key != known.key:
                    moved.append(Dirty(path))
                    continue
                self._describe.modified(self.group, self._author, path, known, taken)
                if self.group.full():
                    self.group.flush()
        self.group.flush()
        if moved:
            self.run(moved)

    def _scene(self) -> Scene:
        """Begin to look at other names; what was recorded before has to be in the tables for that."""
        self.group.flush()
        mine = self._author.tx if self._author.tx is not None else self._author.holder

        def held(path: bytes) -> bool:
            return self._recorder.holder(path) not in (None, mine)

        placed = {path: taken.look for path, taken in self._author.placed.items()}
        con = self._recorder.catalogue.read()
        rows = partial(tables.at_paths, con) if mine is None else self._recorder.rows.at_paths
        return Scene(con, rows, self._recorder.disk, held, self._author.complete, placed)

    def _walk(self, folder: RelPath) -> None:
        seen: set[bytes] = set()
        for part in _slices(self._recorder.disk.walk(folder)):
            seen.update(path for path, _ in part)
            self._look(dict(part))
        lost = (p for p in tables.paths_below(self._recorder.catalogue.read(), folder) if p not in seen)
        for gone in _slices(lost):
            self._look(dict.fromkeys(gone))

    def _look(self, looks: Mapping[bytes, Look | None]) -> None:
        """Record one slice; between slices the lock is free, so that a long walk holds nobody up."""
        with self._recorder.lock:
            scene = self._scene()
            scene.prepare(list(looks))
            for path, look in looks.items():
                scene.add(path, look)
            self._write(scene)
            self.group.flush()

    def _write(self, scene: Scene) -> None:
        self._claimed, self._staying = set(), set()
        self.again += scene.skipped
        with self._recorder.disk.folders.steady():
            events = scene.events()
        for event in events:
            self._event(event)
            if self._author.tx is None and self.group.full():
                self.group.flush()

    # One event

    def _event(self, e: Event) -> None:
        match e.act:
            case Act.CREATE:
                self._create(e)
            case Act.MODIFY:
                self._modify_event(e)
            case Act.MOVE:
                self._move(e)
            case Act.LINK:
                self._describe.link(self.group, self._author, e)
            case Act.END:
                if e.path not in self._claimed:
                    self._describe.end(self.group, self._author, e)
            case Act.RETURN:
                self._return(e)
            case Act.SPLIT:
                self._split(e)

    def _placed(self, e: Event) -> Taken | None:
        """Return what we have just written there ourselves, if it is there still."""
        placed = self._author.placed.get(e.path)
        return placed if placed is not None and placed.look == e.look else None

    def _take(self, path: RelPath) -> Taken | None:
        """Read the file; None where it has gone or has to be read again later."""
        taken = take(self._recorder.disk, self._recorder.packs, path, time.time_ns())
        if taken is None or self._is_early(path, taken):
            self.again.append(path)
            return None
        return taken

    def _create(self, e: Event) -> None:
        assert e.look is not None
        if e.look.nlink > 1 and e.known is None and (first := self._first_name(e.look)) is not None:
            self._describe.link(self.group, self._author, e._replace(act=Act.LINK, known=first))
            return
        self._create_file(e, e.look)
        if e.look.nlink > 1 and e.look.kind == Kind.FILE:
            self._linked.add(e.look.ino)

    def _first_name(self, look: Look) -> Known | None:
        """Return the file of an inode of which another name was recorded in this batch."""
        if look.ino not in self._linked:
            return None
        fresh = [k for k in self.group.files.values() if k.ino == look.ino and k.names]
        return fresh[0] if fresh else next(iter(tables.by_inode(self._recorder.catalogue.read(), look.ino)), None)

    def _create_file(self, e: Event, look: Look) -> None:
        if self._pending and look.kind == Kind.FILE and e.known is None:
            self._describe.pending(self.group, self._author, e)
            return
        if self._is_young(look) or (e.known is None and self._is_just_empty(look)):
            self.again.append(e.path)
            return
        taken = self._placed(e) or self._take(e.path)
        if taken is None:
            return
        for end in e.likely:
            assert end.known is not None
            same = taken.content is not None and taken.content.digest == end.known.digest
            if same and end.path not in self._claimed:
                self._claimed.add(end.path)
                moved = e._replace(act=Act.MOVE, known=end.known, old_path=end.path)
                self._describe.move(self.group, self._author, moved)
                self._describe.modified(self.group, self._author, e.path, self.group.now(end.known), taken)
                return
        self._describe.create(self.group, self._author, e, taken)

    def _modify_event(self, e: Event) -> None:
        assert e.known is not None
        known, placed = self.group.now(e.known), self._placed(e)
        if placed is not None and known.kind == Kind.FILE:
            self._describe.modified(self.group, self._author, e.path, known, placed)
        else:
            self._modify(e.path, known)

    def _modify(self, path: RelPath, known: Known) -> None:
        look = self._recorder.disk.look(path)
        if look is not None and not differs(known, look):
            return
        if look is None or self._is_young(look) or self._is_emptied(known, look):
            self.again.append(path)
            return
        taken = self._take(path)
        if taken is not None and taken.look.kind == known.kind:
            self._describe.modified(self.group, self._author, path, known, taken)

    def _is_early(self, path: RelPath, taken: Taken) -> bool:
        """Return whether what was read is to be read again a little later."""
        if self._author.tx is None and self._author.holder is None and self._recorder.is_set_aside(taken.look.ino, path):
            return True
        return self._patient and (not taken.whole or self._is_young(taken.look))

    def _is_young(self, look: Look) -> bool:
        """So short after a change a further one could leave the same stat: it is looked at again when that has passed."""
        return self._patient and look.kind == Kind.FILE and time.time_ns() - look.ctime_ns < GRAIN_NS

    def _is_emptied(self, known: Known, look: Look) -> bool:
        return known.size > 0 and known.kind == Kind.FILE and self._is_just_empty(look)

    def _is_just_empty(self, look: Look) -> bool:
        """A file that was just made or emptied is most likely about to be written: its writer is given a moment."""
        if not self._patient or look.size or look.kind != Kind.FILE:
            return False
        return time.time_ns() - look.mtime_ns < _TRUNCATED_NS

    def _move(self, e: Event) -> None:
        assert e.look is not None and e.known is not None
        self._describe.move(self.group, self._author, e)
        known = self.group.now(e.known)
        if known.state == State.PENDING and (known.size, known.mtime_ns) == (e.look.size, e.look.mtime_ns):
            return
        if differs(known, e.look):
            self._modify(e.path, known)

    def _return(self, e: Event) -> None:
        assert e.known is not None
        taken = self._take(e.path) if self._settle_backup(e) else None
        if taken is not None:
            self._describe.come_back(self.group, self._author, e, taken)
        else:
            self._staying.add(e.known.fid)

    def _settle_backup(self, e: Event) -> bool:
        """Take what is under a backup name now: it may be a later save than the one that was seen to move there."""
        assert e.known is not None and e.old_path is not None
        known, look = self.group.now(e.known), self._recorder.disk.look(e.old_path)
        if look is None or look.kind != known.kind or not differs(known, look):
            return True
        taken = self._take(e.old_path)
        if taken is None or taken.look.kind != known.kind:
            return False
        self._describe.modified(self.group, self._author, e.path, known, taken)
        return True

    def _split(self, e: Event) -> None:
        """A name becomes a file of its own, with what is there: what the file had that it leaves, or what was written since."""
        assert e.look is not None and e.known is not None
        if e.known.fid in self._staying:
            self.again.append(e.path)
            return
        same = (e.look.ino, e.look.size, e.look.mtime_ns) == (e.known.ino, e.known.size, e.known.mtime_ns)
        self._describe.split(self.group, self._author, e, None if same else self._take(e.path), same=same)


def _slices(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while part := list(islice(iterator, _SLICE)):
        yield part
