"""The capture worker: hints come in from every side, one thread looks at the disk and records.

Events are hints, the disk is the truth: hints for one path are merged, a hint for something that did not change costs one
lstat. Files that are being written are looked at again a little later, a bounded number of times, and then stored as torn.

Threading: `submit` never blocks on I/O. The worker thread `lsfs-capture` owns the queue's other end; listeners are called from
    the thread that recorded (the worker, or the thread of a transaction), in the order of the commits.
Durability: what `settle` waited for is durable.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lsfs.capture.baseline import Baseline, BaselineProgress
from lsfs.capture.describing import Author
from lsfs.capture.events import Dirty
from lsfs.capture.recorder import Recorder
from lsfs.capture.tail import Tail
from lsfs.errors import LsfsError
from lsfs.model import Change, RelPath, Version
from lsfs.versions.rows import VERSION, version_from

_LOG = logging.getLogger(__name__)
_BATCH = 2048
_PAUSES_S = (0.02, 0.03, 0.05, 0.1, 0.2)
_PATIENCE_S = 2.0
_DISK_FULL_PAUSE_S = 2.0
_POLL_S = 0.025
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(slots=True)
class _Waiting:
    dirty: Dirty
    due: float
    since: float
    attempt: int = 0
    portion: int = 0
    """The oldest portion of the journal that gave the hint; 0: it came from elsewhere."""


class Capture:
    """Records what programs do to the root.

    Args:
        recorder: what writes it down.
        state: the state directory, in which mounts leave `journal/` and `spool/`; None: there are no mounts.
        baseline_bytes: content of files that were there before us is taken up to so many bytes.
    """

    def __init__(self, recorder: Recorder, *, state: Path | None = None, baseline_bytes: int = 8 << 30) -> None:
        self.recorder = recorder
        self._baseline = Baseline(recorder, baseline_bytes)
        self._tail = None if state is None else Tail(recorder, state)
        self._cond = threading.Condition()
        self._queue: dict[tuple[bytes, str], _Waiting] = {}
        self._busy = False
        self._stopping = False
        self._filling = True
        self._portions: set[int] = set()  # of the journal, of which hints may be queued
        self._thread: threading.Thread | None = None
        self.degraded = ""

    def read_journal(self) -> None:
        """Take in what the mounts set aside while nobody recorded; before `start`, and before anything looks at the disk."""
        if self._tail is not None:
            self._tail.adopt_orphans()
            self.recorder.prelude = self.poll
            self.recorder.is_set_aside = self._tail.is_set_aside
            self.poll()

    def start(self) -> None:
        """Start the worker; the first time in a root it begins with the baseline."""
        if self._tail is not None and self.recorder.prelude != self.poll:
            self.read_journal()
        self._thread = threading.Thread(target=self._run, name="lsfs-capture", daemon=True)
        self._busy = True
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """End the worker after the batch that it is at."""
        with self._cond:
            if self._stopping:
                return
            self._stopping = True
            self._cond.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)
        if self._tail is not None:
            self._tail.close()

    def submit(self, dirty: Iterable[Dirty], *, portion: int = 0) -> None:
        """Have these paths looked at.

        Args:
            portion: of the journal that they are from.
        """
        with self._cond:
            now = time.monotonic()
            if portion:
                self._portions.add(portion)
            for d in dirty:
                self._merge(_Waiting(d, now, now, portion=portion))
            self._cond.notify_all()

    def poll(self) -> None:
        """Read the journal of the mounts to its end: content set aside is stored, paths are queued."""
        for number, dirty in () if self._tail is None else self._tail.portions():
            if dirty:
                self.submit(dirty, portion=number)

    def let_go_of_journal(self, *, newest: bool) -> None:
        """Remove the journal files that the mounts have left, names in them included.

        Args:
            newest: there is no mount that writes the newest one.
        """
        if self._tail is not None:
            self.poll()
            self.poll()  # what waited for content at the end is settled
            self._tail.let_go(newest=newest)

    def listen(self, listener: Callable[[list[Change]], None]) -> None:
        """Call `listener` with what was committed, in order; it must not block."""
        self.recorder.listen(listener)

    def settle(self, timeout_s: float, *, baseline: bool = False) -> bool:
        """Wait until nothing is queued (and the baseline is done, where asked); return whether that came to be."""
        self.poll()
        with self._cond:
            return self._cond.wait_for(lambda: self._idle(baseline=baseline), timeout_s)

    def pending(self) -> int:
        """Return how many paths wait to be looked at."""
        with self._cond:
            return len(self._queue) + int(self._busy)

    def baseline(self) -> BaselineProgress:
        """Return how far the baseline is."""
        return self._baseline.progress()

    def missed(self, limit: int = 1000) -> list[Version]:
        """Return the versions whose content was gone before it could be taken, newest first."""
        rows = self.recorder.catalogue.read().execute(
            f"SELECT {VERSION} FROM version v WHERE v.state='missed' ORDER BY v.at_ns DESC LIMIT ?", (limit,)
        )
        return [version_from(r) for r in rows]

    # The worker

    def _idle(self, *, baseline: bool) -> bool:
        return not self._queue and not self._busy and not (baseline and self._filling)

    def _merge(self, w: _Waiting) -> None:
        there = self._queue.get((w.dirty.path, w.dirty.actor))
        if there is None:
            self._queue[w.dirty.path, w.dirty.actor] = w
            return
        old_path = w.dirty.old_path if there.dirty.old_path is None else there.dirty.old_path
        there.dirty = there.dirty._replace(subtree=there.dirty.subtree or w.dirty.subtree, old_path=old_path)
        there.due = min(there.due, w.due)
        there.since = min(there.since, w.since)
        there.attempt = max(there.attempt, w.attempt)
        there.portion = min(filter(None, (there.portion, w.portion)), default=0)

    def _run(self) -> None:
        if self._baseline.needed():
            self._guarded(self._baseline.walk)
        while (batch := self._next_batch()) is not None:
            self._guarded(self.poll)
            if batch:
                self._record(batch)
                self._acknowledge()
            elif self._filling:
                self._guarded(self._fill)

    def _next_batch(self) -> list[_Waiting] | None:
        """Return what is due; an empty list when the baseline may go on; None at the end."""
        with self._cond:
            self._busy = False
            self._cond.notify_all()
            while not self._stopping:
                now = time.monotonic()
                due = [key for key, w in self._queue.items() if w.due <= now][:_BATCH]
                if due:
                    self._busy = True
                    return [self._queue.pop(key) for key in due]
                if self._filling:
                    return []
                wait = min((w.due for w in self._queue.values()), default=now + 3600.0) - now
                if self._tail is not None and not self._cond.wait(min(max(wait, 0.001), _POLL_S)):
                    return []
                if self._tail is None:
                    self._cond.wait(max(wait, 0.001))
            return None

    def _acknowledge(self) -> None:
        """Tell the journal's reader of which portions no hint is queued any more."""
        if not self._portions:
            return
        with self._cond:
            oldest = min((w.portion for w in self._queue.values() if w.portion), default=None)
            done = {number for number in self._portions if oldest is None or number < oldest}
            self._portions -= done
        if done and self._tail is not None:
            self._tail.recorded(done)

    def _record(self, batch: list[_Waiting]) -> None:
        now = time.monotonic()
        alike: dict[tuple[str, bool], list[_Waiting]] = {}
        for w in batch:
            alike.setdefault((w.dirty.actor, now - w.since < _PATIENCE_S), []).append(w)
        self.degraded = ""
        for (actor, patient), waiting in alike.items():
            self._record_alike(waiting, actor, patient=patient)

    def _record_alike(self, waiting: list[_Waiting], actor: str, *, patient: bool) -> None:
        try:
            outcome = self.recorder.record([w.dirty for w in waiting], Author(actor), patient=patient)
        except (LsfsError, OSError, sqlite3.Error) as e:
            if len(waiting) == 1 or getattr(e, "errno", None) in _FULL:
                self._later(waiting, e)
                return
            for w in waiting:  # one bad file must not hold up the others
                self._record_alike([w], actor, patient=patient)
            return
        self._again(outcome.again, {w.dirty.path: w for w in waiting}, actor)

    def _again(self, paths: list[RelPath], waited: dict[RelPath, _Waiting], actor: str) -> None:
        """Queue paths that moved just now for another look."""
        now, oldest = time.monotonic(), min((w.portion for w in waited.values() if w.portion), default=0)
        with self._cond:
            for path in paths:
                before = waited.get(path) or _Waiting(Dirty(path), now, now, portion=oldest)
                pause = _PAUSES_S[min(before.attempt, len(_PAUSES_S) - 1)]
                again = Dirty(path, actor=actor)
                self._merge(_Waiting(again, now + pause, before.since, before.attempt + 1, before.portion))

    def _later(self, waiting: list[_Waiting], e: Exception) -> None:
        """Keep the hints while the store's disk is full or broken: nothing is given up, `status` tells."""
        self.degraded = "the store's disk is full" if getattr(e, "errno", None) in _FULL else f"capture: {e}"
        _LOG.warning("capture stopped for now: %s", e)
        with self._cond:
            for w in waiting:
                w.due = time.monotonic() + _DISK_FULL_PAUSE_S
                self._merge(w)

    def _fill(self) -> None:
        if not self._baseline.portion():
            if self._tail is not None:
                self._tail.sweep()
            with self._cond:
                self._filling = False
                self._cond.notify_all()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run a piece of work; whatever goes wrong with one file must not end the recording of all others."""
        try:
            work()
        except (LsfsError, OSError, sqlite3.Error) as e:
            self.degraded = str(e)
            _LOG.exception("capture failed")
            with self._cond:
                self._filling = False
