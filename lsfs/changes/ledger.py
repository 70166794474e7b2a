"""The ledger of a transaction: what it is about to touch, what stood there before, what it has touched.

It stands between a transaction's steps and the recorder: before a step it checks the paths, captures what is there and writes
the intent down; at the end it has the after-states recorded together with the end.

Threading: one thread; the recorder's lock is taken for each part of a step, not between steps.
Durability: when `intend` returns, intent and prior content are durable; when `close` returns, after-states and end are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lsfs.capture.describing import Author
from lsfs.capture.disk import Look
from lsfs.capture.events import Dirty
from lsfs.capture.known import Known
from lsfs.capture.recorder import Recorder
from lsfs.capture.taking import Taken
from lsfs.changes.guard import Guard
from lsfs.changes.putback import NOTHING, Result, Target
from lsfs.errors import Conflict
from lsfs.model import Kind, RelPath, State, show
from lsfs.versions.changing import parent_of
from lsfs.versions.records import BeginRecord, EndRecord, Record, StepRecord


class Ledger:
    """What one transaction did so far.

    Attributes:
        begun: something was written down.
        before: what each path stood for when it was touched first.
        changed: the paths that changed; after a move the new one. When it is closed, of those that were put back only such
            as were not that way already.
        labels: records that are written with the end.
    """

    def __init__(self, recorder: Recorder, guard: Guard, begin: BeginRecord) -> None:
        self.begun = False
        self.before: dict[RelPath, Target] = {}
        self.changed: set[RelPath] = set()
        self.labels: list[Record] = []
        self._recorder = recorder
        self._guard = guard
        self._begin = begin
        self._steps = 0
        self._touched: set[RelPath] = set()
        self._fresh: dict[RelPath, RelPath | None] = {}
        self._moved: set[RelPath] = set()
        self._origins: dict[bytes, int] = {}
        self._placed: dict[bytes, Taken] = {}
        self._looks: dict[RelPath, Look] = {}
        self._settled: set[RelPath] = set()  # put back, and maybe as they were: the tables tell in the end

    def enter(
        self,
        paths: list[RelPath],
        *,
        below: bool = False,
        change: bool = True,
        seen: Mapping[RelPath, Known | None] | None = None,
    ) -> Mapping[RelPath, Known | None]:
        """Check that the paths may be changed, capture what is there now, and return it.

        Args:
            below: with everything below them.
            change: they are about to be changed; else only their content is needed.
            seen: what is there, where it has just been captured.
        """
        self._guard.inside(paths)
        with self._recorder.lock:
            found = self.sync(paths, below=below) if seen is None else {p: seen[p] for p in paths}
        if change:
            self._guard.free(self._begin.tx, list(found))
        _check_stored(found)
        return found

    def enter_captured(self, paths: list[RelPath]) -> Mapping[RelPath, Known | None]:
        """Do what `enter` does for paths that have just been captured; nothing records anything else there from then on."""
        self._guard.inside(paths)
        self._guard.free(self._begin.tx, paths)
        with self._recorder.lock:
            found = self.known(paths)
        _check_stored(found)
        return found

    def claim(self, paths: Sequence[RelPath]) -> None:
        """Claim paths at which there is nothing yet."""
        self._guard.free(self._begin.tx, paths)

    def sync(self, paths: list[RelPath], *, below: bool = False) -> dict[RelPath, Known | None]:
        """Capture what is at the paths, as ours where this transaction touched it (with all else it touched); return it."""
        self.capture(paths, below=below)
        return self.known(paths, below=below)

    def capture(self, paths: Sequence[RelPath], *, below: bool = False) -> None:
        """Do what `sync` does, but for what it returns."""
        mine = [p for p in paths if self._is_mine(p)]
        others = [p for p in paths if not self._is_mine(p)]
        theirs = Author("program", holder=self._begin.tx)
        if below and self._fresh:
            self._record([])  # what we changed below them is ours, and must not be found as a program's change
        if others:
            self._recorder.record([Dirty(p, subtree=below) for p in others], theirs)
        if mine:
            self._record([Dirty(p, subtree=below) for p in mine])

    def settle(self) -> None:
        """Record what this transaction changed so far, so that the tables tell of it."""
        if self._fresh:
            self._record([])

    def known(self, paths: list[RelPath], *, below: bool = False) -> dict[RelPath, Known | None]:
        """Return what is at captured paths; content that the baseline owes is taken now."""
        found = self._recorder.known(paths, below=below)
        pending = [p for p, known in found.items() if known is not None and known.state == State.PENDING]
        if pending:
            self._recorder.fill(pending, Author("program", holder=self._begin.tx))
            found = self._recorder.known(paths, below=below)
        return found

    def _record(self, more: list[Dirty], closing: Sequence[Record] = ()) -> None:
        touched = [Dirty(p, old_path=old) for p, old in sorted(self._fresh.items())]
        author = Author(self._begin.actor, self._begin.tx, self._origins, self._placed, complete=True)
        self._fresh, self._placed = {}, {}
        self._recorder.record([*touched, *more], author, closing=closing)

    def _is_mine(self, path: RelPath) -> bool:
        return path in self._touched or any(parent in self._moved for parent in _above(path))

    def intend(
        self,
        operation: str,
        current: Mapping[RelPath, Known | None],
        expected: Mapping[RelPath, bytes | None] | None = None,
    ) -> None:
        """Write down, durably, what the step is about to touch and what that stands for now."""
        targets = {p: NOTHING if k is None else Target(k.fid, k.vid) for p, k in current.items()}
        for path, target in targets.items():
            self.before.setdefault(path, target)
        self._steps += 1
        step = StepRecord(
            tx=self._begin.tx,
            number=self._steps,
            operation=operation,
            targets=tuple((p, t.fid, t.vid) for p, t in targets.items()),
            expected=tuple((expected or {}).items()),
        )
        self._recorder.announce([step] if self.begun else [self._begin, step])
        self.begun = True

    def touch(self, path: RelPath, old_path: RelPath | None = None, *, look: Look | None = None) -> None:
        """Note that a path was changed; after a rename with the path it had.

        Args:
            look: of a file that was written.
        """
        if self._recorder.disk.ignores(path):
            return
        if look is not None:
            self._looks[path] = look
        self._touched.add(path)
        self._fresh[path] = old_path or self._fresh.get(path)
        self.changed.add(path)

    def leave(self, paths: Sequence[RelPath]) -> None:
        """Capture what programs have put at paths of this transaction as their changes, and have nothing more to do with it."""
        for path in paths:
            self._fresh.pop(path, None)
            self._placed.pop(path, None)
            self._touched.discard(path)
            self.changed.discard(path)
        if paths:
            self._recorder.record([Dirty(p) for p in paths], Author("program", holder=self._begin.tx))

    def made(self) -> list[tuple[RelPath, Look]]:
        """Return the files that were written where there was nothing, as they were then."""
        return [(path, look) for path, look in self._looks.items() if self.before.get(path) == NOTHING]

    def moved(self, src: RelPath, dst: RelPath) -> None:
        """Note a rename, with all that is below."""
        self.touch(src)
        self.changed.discard(src)
        self.touch(dst, old_path=src)
        self._moved |= {src, dst}

    def put_back(self, result: Result) -> None:
        """Note what putting back did."""
        self._origins |= result.origins
        self._placed |= result.placed
        self._settled |= result.touched
        for path in result.touched:
            placed = result.placed.get(path)
            self.touch(path, look=None if placed is None else placed.look)

    def label(self, record: Record, paths: Iterable[RelPath]) -> None:
        """Note a record of a tag or lock, and the paths that it is about."""
        named = set(paths)
        self.labels.append(record)
        self.changed |= named
        self._settled -= named

    def close(self, state: str) -> None:
        """Record the after-states, the labels of a committed transaction, and the end."""
        end = EndRecord(self._begin.tx, self._recorder.catalogue.tick(), state)
        labels = self.labels if state == "committed" else []
        begin = [] if self.begun else [self._begin]
        self._record([], [*begin, *labels, end])
        if self._settled:
            rows = self._recorder.catalogue.read().execute("SELECT path FROM effect WHERE tx=?", (self._begin.tx,))
            self.changed -= self._settled - {RelPath(row[0]) for row in rows}
        self.release()

    def release(self) -> None:
        """Give back what was claimed and reserved."""
        self._guard.release(self._begin.tx)
        self._recorder.release(self._begin.tx)


def _check_stored(found: Mapping[RelPath, Known | None]) -> None:
    bad = [show(p) for p, k in found.items() if k is not None and k.kind == Kind.FILE and k.state != State.STORED]
    if bad:
        raise Conflict("being written or unreadable just now, so not safe in the store: " + ", ".join(bad[:5]), bad)


def _above(path: RelPath) -> Iterator[RelPath]:
    above = parent_of(path)
    while above:
        yield RelPath(above)
        above = parent_of(above)
