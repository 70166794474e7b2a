"""Files that were replaced or removed are freed by a thread of its own, while their names have changed already.

The kernel frees a file's blocks when its last name goes, in the middle of `rename` or `unlink`: on ext4 that is most of what a
rollback of many files waits for. While a descriptor refers to the file, it is freed when that is closed. Nothing depends on it:
what a killed process had not freed yet is freed by the kernel.

Threading: any thread.
"""

from __future__ import annotations

import os
import resource
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_IDLE_S = 1.0
_HOLD = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Freeing:
    """Holds files whose last name goes, and lets go of them later."""

    def __init__(self) -> None:
        self._most = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)
        self._waiting: deque[int] = deque()
        self._cond = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def held(self, folder: int, name: bytes) -> Iterator[None]:
        """Hold what is at a name in a folder, if anything is, while the name is taken from it."""
        fd = -1
        if len(self._waiting) < self._most:
            try:
                fd = os.open(name, _HOLD, dir_fd=folder)
            except OSError:
                fd = -1
        try:
            yield
        finally:
            if fd >= 0:
                self._later(fd)

    def _later(self, fd: int) -> None:
        with self._cond:
            self._waiting.append(fd)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="freeing", daemon=True)
                self._thread.start()
            elif len(self._waiting) == 1:
                self._cond.notify()

    def _run(self) -> None:
        while True:
            with self._cond:
                if not self._waiting:
                    self._cond.wait(_IDLE_S)
                if not self._waiting:
                    self._thread = None
                    return
                fd = self._waiting.popleft()
            os.close(fd)
