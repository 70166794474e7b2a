"""The journal's reader: what the mount process says it did, and the content that it set aside.

A BEFORE record is settled at once: the content in its spool file becomes the version that it was, unless that is stored
already. A CONTENT record becomes a hint; where the disk has moved on and no BEFORE record brings the content, the version is
recorded as missed. Everything else is a hint for its paths. Reading a record again changes nothing, so the position is
committed with the effects, and before the oldest record that still waits for a look: the hint of a rename says more than the
disk does after it.

Threading: called by the capture worker, and by transactions before they look; under the recorder's lock.
Durability: the position follows the effects; spool and journal files go after the commit.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lsfs.capture import known as tables
from lsfs.capture.belonging import Belonging
from lsfs.capture.describing import Author
from lsfs.capture.disk import Look, look_of
from lsfs.capture.events import Act, Dirty, Event, is_backup
from lsfs.capture.known import Known
from lsfs.capture.orphans import Homes, is_stored
from lsfs.capture.recorder import Recorder
from lsfs.capture.taking import Taken, take
from lsfs.capture.ways import EXCHANGE, Ways
from lsfs.capture.writing import Group
from lsfs.model import Kind, RelPath, State
from lsfs.packs.content import Content
from lsfs.wire.journal import FileStat, JournalRecord, Position, RecordKind, Tailer
from lsfs.wire.spool import Spool

_POSITION = "capture:journal"
_PORTION = 512  # records that are worked off before others get the lock
_AHEAD = 64  # records that are read ahead: they tell where those before them lead
_ANNOUNCED_S = 0.5
_REGULAR = 0o100600


@dataclass(frozen=True, slots=True)
class _Close:
    """A close whose content had gone from the disk: a record up to `until` may bring it."""

    record: JournalRecord
    start: Position
    until: Position


class Portion(NamedTuple):
    """The hints of some records.

    Attributes:
        number: given back in `recorded` when all of them were looked at.
    """

    number: int
    dirty: list[Dirty]


class Tail:
    """Consumes the journal of the mounts.

    Args:
        state: the state directory, in which `journal/` and `spool/` are.
    """

    def __init__(self, recorder: Recorder, state: Path) -> None:
        self._recorder = recorder
        self._tailer = Tailer(state / "journal")
        self._spool = Spool(state / "spool")
        self._position = Position.parse(recorder.catalogue.meta(_POSITION) or "")
        self._kept = self._position
        self._at_end = False
        self._waiting: list[_Close] = []
        self._given: deque[tuple[int, Position]] = deque()  # portions, and where they begin
        self._recorded: set[int] = set()
        self._number = 0
        self._ways = Ways()
        self._belonging = Belonging(recorder, self._ways)
        self._ahead = self._position
        self._aside: set[int | bytes] = set()
        self._left: list[bytes] = []
        self._author = Author("program")

    def portions(self) -> Iterator[Portion]:
        """Work the journal off to the end that it has now, and yield the hints of each portion: others get the lock between."""
        end = self._tailer.end()
        yield self.step()
        while not self._at_end and not self._position.covers(end):
            yield self.step()

    def step(self) -> Portion:
        """Work a portion of the journal off; return the hints."""
        with self._recorder.lock:
            ahead = list(islice(self._tailer.read(self._position), _PORTION + _AHEAD))
            records = ahead[:_PORTION]
            self._at_end = len(ahead) <= _PORTION
            self._number += 1
            if not records and not self._waiting and self._kept == self._until():
                return Portion(self._number, [])
            group = self._recorder.group()
            self._ways.follow(r for r, _ in ahead)
            spooled = [name for r, _ in records if (name := self._settle(group, r))]
            self._look_again(group, records[-1][1] if records else self._position)
            dirty = [d for r, before in self._with_starts(records) for d in self._hints(r, before)]
            if dirty:
                self._given.append((self._number, self._position))
            self._commit(group, records)
            self._spool.drop(spooled)
            return Portion(self._number, dirty)

    def recorded(self, numbers: Iterable[int]) -> None:
        """Take note that the hints of portions were looked at, and need not be given again after a kill."""
        with self._recorder.lock:
            self._recorded.update(numbers)
            while self._given and self._given[0][0] in self._recorded:
                self._recorded.remove(self._given.popleft()[0])

    def _until(self) -> Position:
        """Return the position up to which nothing waits any more."""
        until = self._position
        for start in (*(w.start for w in self._waiting[:1]), *(start for _, start in islice(self._given, 1))):
            until = start if until.covers(start) else until
        return until

    def _look_again(self, group: Group, done: Position) -> None:
        """Say that the content of closes was missed, where all has been read that could have brought it."""
        ready = [w for w in self._waiting if self._at_end or done.covers(w.until)]
        if not ready:
            return
        self._waiting = [w for w in self._waiting if w not in ready]
        group.flush()  # what the spool brought has to be in the tables, or it is said to be missed
        for w in ready:
            self._miss_unless_stored(group, w.record, w.record.new)

    def is_set_aside(self, ino: int, path: bytes) -> bool:
        """Return whether the mount has set content of an inode or a name aside that was not read yet."""
        for r, end in self._tailer.read(self._ahead.joined(self._position)):
            self._ahead = end
            self._ways.follow([r])
            if r.kind == RecordKind.BEFORE:
                self._aside |= {r.ino, r.path, self._ways.of(r).names[0]}
        return ino in self._aside or path in self._aside

    def adopt_orphans(self) -> None:
        """Take content in that the mount set aside without being able to say so before it was killed.

        A mount that lives announces a spool file right after making it, so what is not announced is looked for once more.
        """
        names = self._spool.orphans(())
        for pause_s in (0.0, _ANNOUNCED_S):
            if names:
                time.sleep(pause_s)
                announced = {r.spool for r, _ in self._tailer.read(self._position) if r.spool}
                names = [n for n in names if n not in announced]
        if not names:
            return
        with self._recorder.lock:
            homes = Homes(self._recorder, (r for r, _ in self._tailer.read(self._position)))
            group = self._recorder.group()
            adopted = [name for name in names if self._adopt(group, homes, name)]
            group.flush()
            self._spool.drop(adopted)
        self._left = [name for name in names if name not in adopted]

    def sweep(self) -> None:
        """Remove what was left over at the start and nobody claimed, where its content is stored by now; the rest stays."""
        left, self._left = self._left, []
        for name in left:
            with suppress(FileNotFoundError), self._recorder.lock:
                fd = self._spool.open(name)
                try:
                    done = is_stored(self._recorder, fd)
                finally:
                    os.close(fd)
                self._spool.drop([name] if done else [])

    def close(self) -> None:
        """Close the spool's directory."""
        self._spool.close()

    def _with_starts(self, records: list[tuple[JournalRecord, Position]]) -> Iterable[tuple[JournalRecord, Position]]:
        """Yield each record with the position before it."""
        start = self._position
        for record, end in records:
            yield record, start
            start = end

    def _commit(self, group: Group, records: list[tuple[JournalRecord, Position]]) -> None:
        if records:
            self._position = records[-1][1]
        self._aside.clear()
        kept = self._until()
        text = str(kept)

        def remember(con: sqlite3.Connection) -> None:
            con.execute("INSERT INTO meta VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value", (_POSITION, text))

        if kept == self._kept and not group.records:
            return
        group.flush(effects=remember)
        self._kept = kept
        self._drop_files()

    def _drop_files(self, *, newest: bool = False) -> None:
        """Remove journal files that are done."""
        gone = self._tailer.drop_done(self._kept, newest=newest)
        if gone:
            self._position, self._kept = self._position.without(gone), self._kept.without(gone)
            self._ahead = self._ahead.without(gone)
            self._waiting = [_Close(w.record, w.start.without(gone), w.until.without(gone)) for w in self._waiting]
            self._given = deque((number, start.without(gone)) for number, start in self._given)

    def let_go(self, *, newest: bool) -> None:
        """Remove the journal's files that are done now, and not only when the next record comes; all has to be read before.

        Hints that were given are out of them then, and after a kill the comparison of disk and tables has to do.

        Args:
            newest: nobody writes the newest one.
        """
        with self._recorder.lock:
            self._given.clear()
            self._recorded.clear()
            self._commit(self._recorder.group(), [])
            self._drop_files(newest=newest)

    # One record

    def _hints(self, r: JournalRecord, before: Position) -> list[Dirty]:
        path = RelPath(r.path)
        match r.kind:
            case RecordKind.BEFORE | RecordKind.MISSED:
                return []
            case RecordKind.RENAME:
                back = RelPath(r.path2) if r.flags & EXCHANGE else None
                return [Dirty(path, old_path=back), Dirty(RelPath(r.path2), old_path=path)]
            case RecordKind.LINK:
                return [Dirty(path), *([Dirty(RelPath(r.path2))] if r.path2 else [])]
            case RecordKind.CONTENT:
                if self._recorder.disk.look(r.path) is not None and not self._is_there(r, r.new):
                    self._waiting.append(_Close(r, before, self._tailer.end()))
        return [Dirty(path)]

    def _is_there(self, r: JournalRecord, state: FileStat) -> bool:
        """Return whether the disk has this state of a record's inode still, under its name or the one it was renamed to."""
        looks = [self._recorder.disk.look(path) for path in {r.path, self._ways.of(r).place or r.path}]
        return any(k is not None and (k.ino, k.size, k.mtime_ns) == (r.ino, state.size, state.mtime_ns) for k in looks)

    def _settle(self, group: Group, r: JournalRecord) -> bytes | None:
        """Store the content of a BEFORE record; return the spool file that is done with."""
        if r.kind == RecordKind.MISSED:
            self._miss_unless_stored(group, r, r.old)
            return None
        if r.kind == RecordKind.RENAME and is_backup(r.path, r.path2):
            self._take_backup(group, r)
        if r.kind != RecordKind.BEFORE:
            return None
        try:
            fd = self._spool.open(r.spool)
        except FileNotFoundError:
            return None
        try:
            there = os.fstat(fd)
            if there.st_ino == r.ino and (there.st_size, there.st_mtime_ns) != (r.old.size, r.old.mtime_ns):
                self._miss_unless_stored(
                    group, r, r.old
                )  # a link to what was opened and written again: it had been copied then
            else:
                self._take_spooled(group, RelPath(self._ways.of(r).names[0]), r.ino, r.old, fd, self._belonging.file(r))
        finally:
            os.close(fd)
        return r.spool

    def _take_backup(self, group: Group, r: JournalRecord) -> None:
        """Take what was moved to a backup name for the name that it was written under, where that has it not."""
        known = self._belonging.file(r)
        if known is None or known.kind != Kind.FILE:
            return
        look = self._recorder.disk.look(r.path2)
        if look is None or look.ino != r.ino:
            taken = self._belonging.stored_as(r.path2, r.ino)
        elif not self._belonging.has(known, r.ino, FileStat(look.size, look.mtime_ns, look.ctime_ns)):
            taken = take(self._recorder.disk, self._recorder.packs, r.path2, time.time_ns())
        else:
            return
        if taken is None or not taken.whole or taken.unreadable or taken.look.ino != r.ino:
            return
        if not self._belonging.has(known, r.ino, FileStat(*taken.look.key[1:])):
            self._add(group, RelPath(r.path), known, taken)

    def _adopt(self, group: Group, homes: Homes, name: bytes) -> bool:
        """Store the content of an orphan; one whose file is not known stays where it is, because nobody else has it."""
        ino, mtime_ns = (int(part) for part in name.split(b"-")[:2])
        fd = self._spool.open(name)
        try:
            there = os.fstat(fd)
            path = homes.of(ino, alive=there.st_ino == ino)
            if path is None:
                return False
            known = tables.at_path(self._recorder.catalogue.read(), path)
            old = FileStat(there.st_size, mtime_ns, there.st_ctime_ns)
            self._take_spooled(group, path, ino, old, fd, None if known is None else group.now(known))
            return True
        finally:
            os.close(fd)

    def _take_spooled(self, group: Group, path: RelPath, ino: int, old: FileStat, fd: int, known: Known | None) -> None:
        there = look_of(os.fstat(fd))
        known = known if known is not None and known.kind == Kind.FILE else None
        mode, uid, gid = (known.mode, known.uid, known.gid) if known is not None else (there.mode, there.uid, there.gid)
        version = None if known is None else self._belonging.version_of(known, ino, old)
        if known is not None and version is not None and version.state != State.STORED and version.same_inode:
            self._recorder.describer().filled(group, path, version.vid, group.now(known), self._content(fd, there), None)
            return
        if version is not None and version.exact:
            return
        content = self._content(fd, there)
        same = version is not None and version.digest == content.digest
        if known is not None and version is not None and same and self._belonging.is_past(known, version, old):
            return  # it was read before
        if known is not None and same:  # it may come to no version of its own
            self._belonging.remember(known.fid, ino, old)
        look = Look(Kind.FILE, ino, 1, content.size, mode, uid, gid, old.mtime_ns, old.ctime_ns)
        self._add(group, path, known, Taken(look, content, xattrs=None if known is None else known.xattrs))

    def _add(self, group: Group, path: RelPath, known: Known | None, taken: Taken) -> None:
        """Record what was taken as the newest version of a file; of none, or one without a name, as one that begins.

        Where another file has taken the name meanwhile it is a version of that one: the name has its content in its history.
        """
        describe, now = self._recorder.describer(), None if known is None else group.now(known)
        if now is None or not now.names:
            there = tables.at_path(self._recorder.catalogue.read(), path)
            now = group.now(there) if there is not None and there.kind == Kind.FILE else now
        if now is not None and now.names:
            describe.modified(group, self._author, path, now, taken)
            return
        describe.create(group, self._author, Event(Act.CREATE, path, taken.look, known), taken)
        group.flush()  # the next record of the same file has to find it

    def _content(self, fd: int, look: Look) -> Content:
        return self._recorder.packs.add_file(fd, size_hint=look.size)

    def _miss_unless_stored(self, group: Group, r: JournalRecord, state: FileStat) -> None:
        known = self._belonging.file(r)
        if known is None or known.kind != Kind.FILE or known.state == State.DELETED or self._belonging.has(known, r.ino, state):
            return
        if self._is_there(r, state):
            return
        if (elsewhere := self._belonging.stored_elsewhere(r.ino, state)) is not None:
            self._recorder.describer().modified(group, self._author, r.path, group.now(known), elsewhere)
            return
        gone = Look(Kind.FILE, r.ino, 1, state.size, known.mode, known.uid, known.gid, state.mtime_ns, state.ctime_ns)
        taken = Taken(gone, xattrs=known.xattrs, unreadable="overwritten before it could be taken")
        self._recorder.describer().modified(group, self._author, r.path, group.now(known), taken)
