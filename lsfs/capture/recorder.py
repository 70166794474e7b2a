"""The recorder: from dirty paths to versions, one caller at a time.

It looks at the disk (`events`), takes content into the packs (`taking`) and writes down what happened (`writing`). The
capture worker calls it for what programs did, transactions for what lsfs itself did; the same code records both.

Threading: `lock` is taken for a batch of names, and for each slice of a walk. It may be taken before the packs' and the
    catalogue's locks, never after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from lsfs.capture import known as tables
from lsfs.capture.describing import Author, Describer
from lsfs.capture.disk import Disk, Look
from lsfs.capture.events import Act, Dirty, Event, Scene, differs
from lsfs.capture.fairness import FairLock
from lsfs.capture.known import Known
from lsfs.capture.taking import GRAIN_NS, Taken, take
from lsfs.capture.writing import Effects, Group
from lsfs.catalogue import Catalogue
from lsfs.model import Change, Kind, RelPath, State
from lsfs.packs.content import Content
from lsfs.versions.contents import ContentStore
from lsfs.versions.ids import Ids
from lsfs.versions.records import Record

_SLICE = 4096
_Item = TypeVar("_Item")
_TRUNCATED_NS = 300_000_000


@dataclass(slots=True)
class Outcome:
    """What recording a batch came to.

    Attributes:
        changes: what was committed, in order.
        again: paths that moved while they were read.
    """

    changes: list[Change] = field(default_factory=list)
    again: list[RelPath] = field(default_factory=list)


class Recorder:
    """Writes what happens in the root down as versions."""

    def __init__(self, catalogue: Catalogue, packs: ContentStore, disk: Disk) -> None:
        self.lock = FairLock()
        self.catalogue = catalogue
        self.packs = packs
        self.disk = disk
        self.ids = Ids(catalogue.read())
        self._describer = Describer(catalogue, self.ids)
        self._listeners: list[Callable[[list[Change]], None]] = []
        self._reserved: dict[int, set[bytes]] = {}
        self.holder: Callable[[bytes], int | None] = _nobody
        """Tells the transaction that is changing a path just now."""
        self.point: Callable[[str], None] = _pass
        """Told before each effect on the user's files; a test stops the process there."""
        self.on_stored: list[Callable[[list[Known]], None]] = []
        """Told of the files as they are after each commit (the mount need not set aside what is stored)."""
        self.prelude: Callable[[], None] = _nothing
        """Run before each look at the disk: the mount's journal may hold content that has gone from there."""
        self.is_set_aside: Callable[[int, bytes], bool] = _never
        """Tells whether the journal has, since then, older content of an inode or name: its place is before what was read."""

    def listen(self, listener: Callable[[list[Change]], None]) -> None:
        """Call `listener` after each commit, in the order of the commits, from the recording thread."""
        self._listeners.append(listener)

    def record(
        self,
        dirty: Iterable[Dirty],
        author: Author,
        *,
        patient: bool = False,
        pending: bool = False,
        closing: Sequence[Record] = (),
    ) -> Outcome:
        """Record what happened at the dirty paths.

        Args:
            patient: a file that moves while it is read is given back in `again`; else it is stored as torn.
            pending: files that are not known get a row at once and their content later (the baseline).
            closing: records behind those of the changes, in the last commit.
        """
        self.prelude()
        batch = _Batch(self, author, patient=patient, pending=pending)
        batch.run(list(dirty), closing)
        return Outcome(batch.group.done, batch.again)

    def fill(self, paths: Iterable[RelPath], author: Author) -> Outcome:
        """Take the content of files that are known but not stored yet; one that has changed is recorded as it is now."""
        with self.lock:
            self.prelude()
            batch = _Batch(self, author, patient=False, pending=False)
            batch.fill(list(paths))
            return Outcome(batch.group.done, batch.again)

    def known(self, paths: Iterable[RelPath], *, below: bool = False) -> dict[RelPath, Known | None]:
        """Return what the names stand for as captured last; with everything below them where asked."""
        con = self.catalogue.read()
        wanted: dict[bytes, Known | None] = dict.fromkeys(paths)
        if below:
            for path in tuple(wanted):
                wanted |= dict.fromkeys(tables.paths_below(con, path))
        wanted |= tables.at_paths(con, list(wanted))
        return {RelPath(path): known for path, known in wanted.items()}

    def write(self, records: Sequence[Record], effects: Effects | None = None) -> None:
        """Commit records that are not changes of files (tags, transactions, locks)."""
        with self.lock:
            self.group().flush(records, effects)

    def reserve(self, tx: int, content: Content) -> None:
        """Keep content of an open transaction, which no version names yet, from being collected."""
        self._reserved.setdefault(tx, set()).update(content.ids())

    def release(self, tx: int) -> None:
        """End the reservations of a transaction."""
        self._reserved.pop(tx, None)

    def reserved_chunks(self) -> set[bytes]:
        """Return the ids of the chunks that open transactions need."""
        with self.lock:
            return set().union(*self._reserved.values())

    def group(self) -> Group:
        """Return an empty group that announces to the listeners."""
        return Group(self.catalogue, self.packs, self._announce, self._stored)

    def describer(self) -> Describer:
        """Return what makes the records."""
        return self._describer

    def _stored(self, files: list[Known]) -> None:
        for told in self.on_stored:
            told(files)

    def _announce(self, changes: list[Change]) -> None:
        for listener in self._listeners:
            listener(changes)


def _pass(name: str) -> None:
    """Be the point that nothing happens at."""
    del name


def _nobody(path: bytes) -> int | None:
    """Be the holder of paths in a root without transactions."""
    del path
    return None


def _never(ino: int, path: bytes) -> bool:
    """Be the journal of a root without a mount."""
    del ino, path
    return False


def _nothing() -> None:
    """Be the prelude of a root without a mount."""


class _Batch:
    """One call of `Recorder.record`."""

    def __init__(self, recorder: Recorder, author: Author, *, patient: bool, pending: bool) -> None:
        self._recorder = recorder
        self._author = author
        self._patient = patient
        self._pending = pending
        self._describe = recorder.describer()
        self._claimed: set[bytes] = set()
        self._linked: set[int] = set()
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
        return Scene(self._recorder.catalogue.read(), self._recorder.disk, held, self._author.complete, placed)

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
        self._claimed = set()
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
                self._describe.split(self.group, self._author, e)

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
        taken = self._take(e.path)
        if taken is not None:
            self._describe.come_back(self.group, self._author, e, taken)


def _slices(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while part := list(islice(iterator, _SLICE)):
        yield part
