"""From events to dirty paths: what the watching library reports becomes "look at this name" or "look at everything below this".

An event is a hint, never a fact: whoever gets the dirty paths looks at the disk. A lone event is passed on after a few
milliseconds; in a burst the pause grows, so that a file that is written a thousand times is looked at a few times.

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
    """

    def __init__(
        self,
        root: Path,
        on_dirty: Callable[[list[Hint]], None],
        *,
        skip: Callable[[bytes], bool],
        compare_s: float = FULL_COMPARE_S,
    ) -> None:
        self._root = os.fsencode(root)
        self._on_dirty = on_dirty
        self._skip = skip
        self._compare_s = compare_s
        self._condition = threading.Condition()
        self._dirty: dict[RelPath, Hint] = {}
        self._since = 0.0
        self._stopping = False
        self._unwatched: set[str] = set()
        self._observer = PrunedObserver(prune=self._pruned)
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch, then ask for a full compare: what changed before the watches were set is found by it."""
        self._observer.schedule(self, os.fsdecode(self._root), recursive=True, event_filter=EVENTS)
        self._observer.start()
        self._thread.start()
        self.compare()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop watching; what was noted is handed over first."""
        self._observer.stop()
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join(timeout_s)
        self._observer.join(timeout_s)

    def compare(self) -> None:
        """Have the whole tree compared with the disk."""
        self._add(Hint(RelPath(b""), subtree=True))

    def degraded(self) -> list[str]:
        """Return what cannot be watched."""
        if not self._unwatched:
            return []
        where = (
            f"{len(self._unwatched)} folders, such as {min(self._unwatched)}, are not watched: the machine's limit is reached"
        )
        return [f"{where} (raise it: sysctl fs.inotify.max_user_watches=1048576); they are compared every hour"]

    def dispatch(self, event: FileSystemEvent) -> None:
        """Note an event (called by the watching library)."""
        path = self._relative(event.src_path)
        if isinstance(event, LimitEvent):
            self._unwatched.add(show(path or b"."))
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
        next_compare = time.monotonic() + self._compare_s
        while True:
            batch = self._batch(next_compare)
            if batch is None:
                return
            if batch:
                for hint in batch:
                    if hint.subtree:
                        self._observer.ensure(os.path.join(self._root, hint.path) if hint.path else self._root)
                self._on_dirty(batch)
            if time.monotonic() >= next_compare:
                next_compare = time.monotonic() + self._compare_s
                self.compare()

    def _batch(self, until: float) -> list[Hint] | None:
        """Wait for hints to settle and return them; an empty list at the time `until`, None when all is over."""
        with self._condition:
            while not self._dirty:
                if self._stopping:
                    return None
                if not self._condition.wait(max(0.0, until - time.monotonic())):
                    return []
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
