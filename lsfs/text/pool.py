"""The pool of worker processes that read documents (see `lsfs.text.worker`).

A worker that dies or takes too long is ended and the file named as the reason; the next file gets a new one. Workers start
when they are first needed and end when nothing came for a while, so that an engine without documents carries none.

Threading: any thread; a thread holds one worker for one file, more threads than workers wait. `_lock` guards the free list.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from contextlib import suppress

from lsfs.text.extracted import Extracted
from lsfs.text.worker import ANSWER, REQUEST, TEXT


class WorkerDied(Exception):
    """The worker ended, or was ended, while it read a file."""


class _Worker:
    """One worker process and the pipes to it."""

    def __init__(self, memory_bytes: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lsfs.text.worker", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self._process.stdin and self._process.stdout
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self.used_s = time.monotonic()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def extract(self, name: str, data: bytes, kind: int, timeout_s: float) -> Extracted:
        """Send one file and return the answer.

        Raises:
            WorkerDied: it ended or did not answer in time.
        """
        deadline = time.monotonic() + timeout_s
        encoded = name.encode("utf-8", "surrogateescape")
        self._send(REQUEST.pack(len(encoded), len(data), kind) + encoded + data, deadline)
        (length,) = ANSWER.unpack(self._receive(ANSWER.size, deadline))
        answer = self._receive(length, deadline)
        self.used_s = time.monotonic()
        return Extracted.from_json(json.loads(answer))

    def _send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._in, selectors.EVENT_WRITE, deadline)
            try:
                view = view[os.write(self._in, view[: 1 << 20]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as e:
                raise WorkerDied(self._how()) from e

    def _receive(self, length: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            self._wait(self._out, selectors.EVENT_READ, deadline)
            part = os.read(self._out, min(length - len(parts), 1 << 20))
            if not part:
                raise WorkerDied(self._how())
            parts += part
        return bytes(parts)

    def _wait(self, fd: int, event: int, deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(fd, event)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise WorkerDied("took longer than the time limit")

    def _how(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(1.0)
            return f"the reader ended with {'signal' if code < 0 else 'status'} {abs(code)} (damaged file or memory limit)"
        return "the reader closed its pipe"

    def kill(self) -> None:
        """Kill the process; who waits for its answer is told."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process and free its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


class WorkerPool:
    """Up to `size` workers, each limited in memory, each file in time."""

    def __init__(self, *, size: int = 1, memory_bytes: int = 2 << 30, timeout_s: float = 60.0, idle_s: float = 30.0) -> None:
        self._memory_bytes = memory_bytes
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(size)
        self._free: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._closed = False

    def extract(self, name: str, data: bytes, kind: int = TEXT) -> Extracted:
        """Return what a worker finds in a file; when it dies over it, the reason instead of text.

        Args:
            kind: of request, see `lsfs.text.worker`.
        """
        with self._places:
            worker = self._take()
            try:
                found = worker.extract(name, data, kind, self._timeout_s)
            except WorkerDied as e:
                self._end(worker)
                return Extracted(reason="the reader was stopped" if self._closed else str(e))
            except BaseException:
                self._end(worker)
                raise
            self._give(worker)
            return found

    def _take(self) -> _Worker:
        with self._lock:
            worker = self._free.pop() if self._free else _Worker(self._memory_bytes)
            self._busy.add(worker)
            return worker

    def _give(self, worker: _Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if not self._closed:
                self._free.append(worker)
                return
        worker.end()

    def _end(self, worker: _Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
        worker.end()

    def end_idle(self) -> None:
        """End the workers that have had nothing to do for a while."""
        now = time.monotonic()
        with self._lock:
            idle = [w for w in self._free if now - w.used_s > self._idle_s]
            self._free = [w for w in self._free if w not in idle]
        for worker in idle:
            worker.end()

    def pids(self) -> list[int]:
        """Return the process ids of the workers that wait for a file."""
        with self._lock:
            return [w.pid for w in self._free]

    def busy(self) -> int:
        """Return how many workers are reading a file."""
        with self._lock:
            return len(self._busy)

    def close(self) -> None:
        """End every worker; one that reads a file is killed over it."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
            for worker in self._busy:
                worker.kill()
        for worker in free:
            worker.end()
