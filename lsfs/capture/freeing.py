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
from collections.abc import Iterator
from contextlib import contextmanager

_IDLE_S = 1.0
_LONGEST_S = 10.0
_HOLD = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Freeing:
    """Holds files whose last name goes, and lets go of them later."""

    def __init__(self) -> None:
        self._most = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)
        self._waiting: list[int] = []
        self._cond = threading.Condition()
        self._busy = 0
        self._closing = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def later(self) -> Iterator[None]:
        """Free nothing until the end of the block: many files in a row are replaced or removed in it."""
        with self._cond:
            self._busy += 1
        try:
            yield
        finally:
            with self._cond:
                self._busy -= 1
                self._wake()

    def hold(self, folder: int, name: bytes) -> int:
        """Hold what is at a name in a folder before the name is taken from it; return a descriptor, -1 for nothing held."""
        if len(self._waiting) >= self._most:
            return -1
        try:
            return os.open(name, _HOLD, dir_fd=folder)
        except OSError:
            return -1

    def release(self, fd: int) -> None:
        """Have what `hold` returned freed."""
        if fd < 0:
            return
        with self._cond:
            self._waiting.append(fd)
            if not self._busy:
                self._wake()

    def now(self) -> None:
        """Return when everything that was released is freed: its room is needed."""
        with self._cond:
            fds, self._waiting = self._waiting, []
            _close(fds)
            self._cond.wait_for(lambda: not self._closing, _LONGEST_S)

    def _wake(self) -> None:
        if not self._waiting:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="freeing", daemon=True)
            self._thread.start()
        else:
            self._cond.notify_all()

    def _run(self) -> None:
        while True:
            with self._cond:
                if not self._cond.wait_for(lambda: bool(self._waiting) and not self._busy, _IDLE_S) and not self._waiting:
                    self._thread = None
                    return
                fds, self._waiting = ([], self._waiting) if self._busy else (self._waiting, [])
                self._closing = bool(fds)
            _close(fds)
            with self._cond:
                self._closing = False
                self._cond.notify_all()


def _close(fds: list[int]) -> None:
    for first, last in _runs(sorted(fds)):
        os.closerange(first, last + 1)


def _runs(fds: list[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of the numbers that follow each other: they are closed with one system call."""
    start = 0
    for end in range(1, len(fds) + 1):
        if end == len(fds) or fds[end] != fds[end - 1] + 1:
            yield fds[start], fds[end - 1]
            start = end
