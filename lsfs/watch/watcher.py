"""From events to dirty paths: what the watching library reports becomes "look at this name" or "look at everything below this".

An event is a hint, never a fact: whoever gets the dirty paths looks at the disk. A lone event is passed on after a few
milliseconds; in a burst the pause grows, so that a file that is written a thousand times is looked at a few times.

Where the machine gives no watches, or not for every folder, comparing takes their place, more often than otherwise, and
`degraded` says so.

Threading: the library's thread calls `_note`, one own thread hands the batches over; `_condition` guards what is between them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler

from lsfs.model import RelPath, show
from lsfs.watch.inotify import EVENTS, LimitEvent, PrunedObserver, RescanEvent

QUIET_S = 0.005
BURST_QUIET_S = 0.1
BURST = 200
LONGEST_S = 0.5
FULL_COMPARE_S = 3600.0
BLIND_COMPARE_S = 10.0
COMPARED_A_SECOND = 2000
"""Without watches the tree is compared so often that this many files are looked at in a second: about 1 % of a core."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something may have changed.

    Attributes:
        path: the name to look at.
        subtree: look at everything below it as well.
        old_path: where it was, for a rename.
    """

    path: RelPath
    subtree: bool = False
    old_path: RelPath | None = None


class Watcher(FileSystemEventHandler):
    """Watches a root.

    Args:
        on_dirty: called with a batch of hints, from the watcher's thread.
        skip: tells of a path relative to the root whether it is none of our business (the state, a mount point).
        compare_s: a full compare is asked for so often, because not every write gives an event (hard links from outside, mmap).
        files: tells how many files there are: what a compare costs.
    """

    def __init__(
        self,
        root: Path,
        on_dirty: Callable[[list[Hint]], None],
        *,
        skip: Callable[[bytes], bool],
        compare_s: float = FULL_COMPARE_S,
        files: Callable[[], int] = lambda: 0,
    ) -> None:
        self._root = os.fsencode(root)
        self._on_dirty = on_dirty
        self._skip = skip
        self._compare_s = compare_s
        self._files = files
        self._condition = threading.Condition()
        self._dirty: dict[RelPath, Hint] = {}
        self._since = 0.0
        self._stopping = False
        self._unwatched: set[str] = set()  # said so since the last compare ...
        self._unwatched_before: set[str] = set()  # ... and before it: what is reported does not shrink while it is asked again
        self._observer: PrunedObserver | None = None
        self._blind = ""  # why nothing is watched
        self._compared_s = 0.0
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch, then ask for a full compare: what changed before the watches were set is found by it."""
        self._observe()
        self._thread.start()
        self.compare()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop watching; what was noted is handed over first. Where nothing was started there is nothing to stop."""
        if self._observer is not None:
            self._observer.stop()
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._observer is not None:
            self._observer.join(timeout_s)

    def _observe(self) -> None:
        """Begin to watch where the machine lets us."""
        observer = None
        try:
            observer = PrunedObserver(prune=self._pruned)
            observer.schedule(self, os.fsdecode(self._root), recursive=True, event_filter=EVENTS)
            observer.start()
        except OSError as e:
            self._blind = str(e.strerror or e)
            if observer is not None:
                observer.give_up()
        else:
            self._observer, self._blind = observer, ""

    def compare(self) -> None:
        """Have the whole tree compared with the disk."""
        self._add(Hint(RelPath(b""), subtree=True))

    def degraded(self) -> list[str]:
        """Return what cannot be watched."""
        how = f"changes there are found by comparing, every {self._pause_s():.0f} s"
        raised = "raise it: sysctl fs.inotify.max_user_watches=1048576 fs.inotify.max_user_instances=1024"
        if self._blind:
            return [f"nothing is watched, the machine's limit of inotify is reached ({self._blind}); {how} ({raised})"]
        if unwatched := self._unwatched | self._unwatched_before:
            some = f"{len(unwatched)} folders, such as {min(unwatched)}"
            return [f"{some}, are not watched, the machine's limit of inotify is reached; {how} ({raised})"]
        return []

    def _pause_s(self) -> float:
        """Return how long it is between two compares of the whole tree."""
        if not (self._blind or self._unwatched or self._unwatched_before):
            return self._compare_s
        return min(self._compare_s, max(BLIND_COMPARE_S, self._files() / COMPARED_A_SECOND))

    def dispatch(self, event: FileSystemEvent) -> None:
        """Note an event (called by the watching library)."""
        path = self._relative(event.src_path)
        if isinstance(event, LimitEvent):
            with self._condition:
                self._unwatched.add(show(path or b"."))
                self._condition.notify_all()
            return
        target = self._relative(event.dest_path) if event.dest_path else None
        if path is not None and not self._skip(path):
            self._add(Hint(path, subtree=isinstance(event, RescanEvent)))
        if target is not None and not self._skip(target):
            self._add(Hint(target, subtree=event.is_directory, old_path=path))

    def _relative(self, path: bytes | str) -> RelPath | None:
        raw = os.fsencode(path)
        if raw == self._root:
            return RelPath(b"")
        return RelPath(raw[len(self._root) + 1 :]) if raw.startswith(self._root + b"/") else None

    def _pruned(self, path: bytes) -> bool:
        relative = self._relative(path)
        return relative is None or self._skip(relative)

    def _add(self, hint: Hint) -> None:
        with self._condition:
            known = self._dirty.get(hint.path)
            if known is not None and (known.subtree or not hint.subtree) and hint.old_path is None:
                return
            subtree = hint.subtree or (known is not None and known.subtree)
            old_path = hint.old_path or (known.old_path if known else None)
            if not self._dirty:
                self._since = time.monotonic()
            self._dirty[hint.path] = Hint(hint.path, subtree, old_path)
            self._condition.notify_all()

    def _run(self) -> None:
        self._compared_s = time.monotonic()
        while True:
            batch = self._batch()
            if batch is None:
                return
            if batch:
                self._ensure(batch)
                self._on_dirty(batch)
            if time.monotonic() >= self._compared_s + self._pause_s():
                self._compared_s = time.monotonic()
                if self._observer is None:
                    self._observe()
                with self._condition:
                    self._unwatched, self._unwatched_before = set(), self._unwatched
                self.compare()  # those that still cannot be watched say so again

    def _ensure(self, batch: list[Hint]) -> None:
        for hint in batch:
            if hint.subtree and self._observer is not None:
                self._observer.ensure(os.path.join(self._root, hint.path) if hint.path else self._root)

    def _batch(self) -> list[Hint] | None:
        """Wait for hints to settle and return them; an empty list when it is time to compare, None when all is over."""
        with self._condition:
            while not self._dirty:
                if self._stopping:
                    return None
                left = self._compared_s + self._pause_s() - time.monotonic()
                if left <= 0:
                    return []
                self._condition.wait(left)
            self._settle()
            batch = list(self._dirty.values())
            self._dirty = {}
            return batch

    def _settle(self) -> None:
        """Wait until nothing new came for a moment: longer in a burst, but never longer than LONGEST_S after the first."""
        while not self._stopping:
            before = len(self._dirty)
            pause = QUIET_S if before < BURST else BURST_QUIET_S
            left = self._since + LONGEST_S - time.monotonic()
            if left <= 0:
                return
            self._condition.wait(min(pause, left))
            if len(self._dirty) == before:
                return
