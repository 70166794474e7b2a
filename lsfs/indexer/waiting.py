"""The files that wait for the indexer, and who waits for it to be done.

It is a hint in memory: what has to be done is in the tables (`lsfs.index.backlog`), and a restart finds it there.

Threading: every method may be called from any thread; `_changed` guards everything and is what waiters wait on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from lsfs.model import Fid


class WorkQueue:
    """Files by the thread that takes them: quick ones, slow ones, and those to be looked at again later."""

    def __init__(self, *, retry_s: float = 1.0) -> None:
        self._changed = threading.Condition()
        self._quick: dict[Fid, None] = {}
        self._slow: dict[Fid, None] = {}
        self._later: dict[Fid, float] = {}
        self._busy = 0
        self._stopped = False
        self._retry_s = retry_s

    def put(self, fids: Iterable[Fid], *, slow: bool = False) -> None:
        """Add files; one that waits already keeps its place."""
        with self._changed:
            queue = self._slow if slow else self._quick
            queue.update(dict.fromkeys(fids))
            self._changed.notify_all()

    def put_later(self, fid: Fid) -> None:
        """Add a file that cannot be read now and may be in a moment."""
        with self._changed:
            self._later[fid] = time.monotonic() + self._retry_s
            self._changed.notify_all()

    def take(self, limit: int, *, slow: bool = False) -> list[Fid]:
        """Wait for files and return up to `limit`, which count as busy until `done`; none when stopped."""
        with self._changed:
            queue = self._slow if slow else self._quick
            while not queue and not self._stopped:
                self._changed.wait(self._next_s(slow))
                if not slow:
                    self._move_due()
            if self._stopped:
                return []
            taken = [fid for fid, _ in zip(queue, range(limit), strict=False)]
            for fid in taken:
                del queue[fid]
            self._busy += len(taken)
            return taken

    def done(self, count: int) -> None:
        """Tell that `count` of the taken files are indexed."""
        with self._changed:
            self._busy -= count
            self._changed.notify_all()

    def wake(self) -> None:
        """Let every waiter look again."""
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until `condition` holds (asked again at every change of the queue); False when the time is up."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def waiting(self) -> int:
        """Return how many files wait or are being indexed."""
        with self._changed:
            return len(self._quick) + len(self._slow) + len(self._later) + self._busy

    def stop(self) -> None:
        """Let every taker come back with nothing."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def _next_s(self, slow: bool) -> float | None:
        if slow or not self._later:
            return None
        return max(0.0, min(self._later.values()) - time.monotonic())

    def _move_due(self) -> None:
        now = time.monotonic()
        for fid in [f for f, due in self._later.items() if due <= now]:
            del self._later[fid]
            self._quick[fid] = None
