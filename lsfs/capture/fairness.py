"""A lock that is handed on: a thread that lets it go and wants it again at once stands behind those who wait.

Python's own locks are not handed on. A worker that takes one for each portion of a long backlog gets it back every time, and a
prompt that wants it once can wait for as long as a program goes on writing.
"""

from __future__ import annotations

import threading
from types import TracebackType


class FairLock:
    """Re-entrant; a context manager. One thread waits for the lock, the others wait for their turn to do so."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._held = threading.Lock()
        self._owner = 0
        self._depth = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._owner != me:
            with self._turn:
                self._held.acquire()
            self._owner = me
        self._depth += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = 0
            self._held.release()

    def is_awaited(self) -> bool:
        """Return whether another thread waits for it."""
        return self._turn.locked()
