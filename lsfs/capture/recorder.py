"""The recorder: from dirty paths to versions, one caller at a time.

It looks at the disk (`events`), takes content into the packs (`taking`) and writes down what happened (`writing`). The
capture worker calls it for what programs did, transactions for what lsfs itself did; the same code records both.

Threading: `lock` is taken for a batch of names, and for each slice of a walk. It may be taken before the packs' and the
    catalogue's locks, never after.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from lsfs.capture import known as tables
from lsfs.capture.batch import Batch
from lsfs.capture.describing import Author, Describer
from lsfs.capture.disk import Disk
from lsfs.capture.events import Dirty
from lsfs.capture.fairness import FairLock
from lsfs.capture.known import Known, Rows
from lsfs.capture.writing import Effects, Group
from lsfs.catalogue import Catalogue
from lsfs.model import Change, RelPath
from lsfs.packs.content import Content
from lsfs.versions.contents import ContentStore
from lsfs.versions.ids import Ids
from lsfs.versions.records import BeginRecord, Record, StepRecord

_STAGE_MARK = "capture:stage-token"


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
        disk.mark(_stage_mark(catalogue))
        self.ids = Ids(catalogue.read())
        self.rows = Rows(catalogue)
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
        batch = Batch(self, author, patient=patient, pending=pending)
        batch.run(list(dirty), closing)
        return Outcome(batch.group.done, batch.again)

    def fill(self, paths: Iterable[RelPath], author: Author) -> Outcome:
        """Take the content of files that are known but not stored yet; one that has changed is recorded as it is now."""
        with self.lock:
            self.prelude()
            batch = Batch(self, author, patient=False, pending=False)
            batch.fill(list(paths))
            return Outcome(batch.group.done, batch.again)

    def known(self, paths: Iterable[RelPath], *, below: bool = False) -> dict[RelPath, Known | None]:
        """Return what the names stand for as captured last; with everything below them where asked."""
        wanted: dict[bytes, Known | None] = dict.fromkeys(paths)
        if below:
            for path in tuple(wanted):
                wanted |= dict.fromkeys(tables.paths_below(self.catalogue.read(), path))
        with self.lock:
            wanted |= self.rows.at_paths(list(wanted))
        return {RelPath(path): known for path, known in wanted.items()}

    def write(self, records: Sequence[Record], effects: Effects | None = None) -> None:
        """Commit records that are not changes of files (tags, transactions, locks)."""
        with self.lock:
            self.group().flush(records, effects)

    def announce(self, records: Sequence[BeginRecord | StepRecord]) -> None:
        """Commit what a transaction is about to do."""
        with self.lock, self.rows.unaffected():
            self.group().flush(records)

    def reserve(self, tx: int, content: Content) -> None:
        """Keep content of an open transaction, which no version names yet, from being collected."""
        self._reserved.setdefault(tx, set()).update(content.ids())

    def release(self, tx: int) -> None:
        """End the reservations of a transaction."""
        self._reserved.pop(tx, None)
        with self.lock:
            self.rows.clear()

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


def _stage_mark(catalogue: Catalogue) -> str:
    """Return what the temporary names of this state have in them, made once."""
    token = catalogue.meta(_STAGE_MARK)
    if token is None:
        token = secrets.token_hex(8)
        catalogue.set_meta(_STAGE_MARK, token)
    return token


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
