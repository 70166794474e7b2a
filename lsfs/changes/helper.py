"""The helper of a large rollback: a process (`lsfs.changes.worker`) that writes files while the engine writes others.

Python runs one thread at a time, and threads for this gained nothing. What the helper does not do, for whatever reason, the
caller does; what it may have left behind is removed.

Threading: an object belongs to one thread.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Self

from lsfs.capture.aside import Aside, Here
from lsfs.capture.known import Known
from lsfs.changes import worker
from lsfs.changes.stock import Stored
from lsfs.model import RelPath
from lsfs.packs.content import Content
from lsfs.packs.restoring import Payload

WORTH = 256
"""Files; fewer are written by the time that a helper is there."""
LARGEST = 64 << 10
"""Bytes of a content."""
PATIENCE_S = 10.0
"""A helper that does nothing for so long is ended."""
_BATCH, _BATCH_BYTES = 16, 64 << 10
_AT_ONCE = 2  # batches that it has
_PIPE_BYTES = 1 << 20


class Order(NamedTuple):
    """A file that shall be written, and what is in its place now."""

    path: RelPath
    fid: int
    stored: Stored
    content: Content
    now: Known | None


class _Sent(NamedTuple):
    orders: list[tuple[Order, Here]]
    size: int


class Helper:
    """Writes contents into new files of the aside directory, for a `with` block.

    Args:
        files: how many are to be written, about; where it is not worth it, or cannot be, there is no helper: it wants nothing.
    """

    def __init__(self, aside: Aside, files: int) -> None:
        self._aside = aside
        self._process: subprocess.Popen[bytes] | None = None
        self._in = self._out = -1
        self._room = 0
        self._jobs: list[worker.Job] = []
        self._orders: list[tuple[Order, Here]] = []
        self._size = 0
        self._sent: deque[_Sent] = deque()
        self._answer = bytearray()
        self._was_used = False
        if files >= WORTH and (somewhere := aside.place(b"")) is not None:
            with suppress(OSError, ValueError, TypeError, subprocess.SubprocessError):
                self._start(somewhere.folder)

    def _start(self, folder: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-S", "-s", worker.__file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=(folder,),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        with suppress(OSError):
            fcntl.fcntl(self._in, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._room = fcntl.fcntl(self._in, fcntl.F_GETPIPE_SZ) // 2

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._end(kill=bool(self._sent or not self._was_used))
        for _ in self._given_up():
            pass

    def wants(self) -> bool:
        """Tell whether it can take one more file now."""
        return self._process is not None and len(self._sent) < _AT_ONCE and self._waiting_bytes() < self._room

    def _waiting_bytes(self) -> int:
        return self._size + sum(sent.size for sent in self._sent)

    def give(self, order: Order, payload: Payload, why: bytes) -> bool:
        """Have a file written that has no extended attributes; return whether it is going to be.

        Args:
            why: its `purpose`, for its name.
        """
        here, v, content = self._aside.place(why), order.stored.version, order.content
        if here is None:
            return False
        self._jobs.append((here.name, *payload, content.size, content.digest, v.mode, v.uid, v.gid, v.mtime_ns))
        self._orders.append((order, here))
        self._size += len(payload.data)
        if len(self._jobs) >= _BATCH or self._size >= _BATCH_BYTES:
            self._send()
        return True

    def _send(self) -> None:
        self._was_used = True
        data = marshal.dumps(self._jobs)
        self._sent.append(_Sent(self._orders, self._size))
        self._jobs, self._orders, self._size = [], [], 0
        view = memoryview(worker.LENGTH.pack(len(data)) + data)
        try:
            while view:
                if not _is_ready(self._in, select.POLLOUT, PATIENCE_S):
                    break
                view = view[os.write(self._in, view) :]
        except OSError:
            pass
        if view:
            self._end(kill=True)

    def finished(self, *, everything: bool = False) -> Iterator[tuple[Order, Here | None]]:
        """Yield the orders that are done, each with its file; None where it was not written.

        Args:
            everything: wait for all that was given.
        """
        if everything and self._jobs and self._process is not None:
            self._send()
        while self._sent and self._process is not None:
            inodes = self._read(len(self._sent[0].orders), PATIENCE_S if everything else 0.0)
            if inodes is None:
                break
            for (order, here), ino in zip(self._sent.popleft().orders, inodes, strict=True):
                yield order, _made(here, ino)
        if self._process is None:
            yield from self._given_up()

    def _read(self, count: int, wait_s: float) -> list[int] | None:
        """Return the answer to one batch, or None: it is not there yet, or will never be."""
        size = count * worker.INODE.size
        deadline = time.monotonic() + wait_s
        while len(self._answer) < size:
            ready = _is_ready(self._out, select.POLLIN, deadline - time.monotonic())
            part = os.read(self._out, 1 << 16) if ready else b""
            if not part:
                if ready or wait_s:
                    self._end(kill=True)
                return None
            self._answer += part
        answer, self._answer = self._answer[:size], self._answer[size:]
        return [ino for (ino,) in worker.INODE.iter_unpack(answer)]

    def _given_up(self) -> Iterator[tuple[Order, None]]:
        """Yield what a helper that has ended was given; what it may have made of it is removed."""
        sent, self._sent = self._sent, deque()
        orders, self._orders, self._jobs, self._size = self._orders, [], [], 0
        for order, here in [*(o for s in sent for o in s.orders), *orders]:
            here.discard()
            yield order, None

    def _end(self, *, kill: bool) -> None:
        """End the process; it is gone afterwards."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        if kill:
            process.kill()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _is_ready(fd: int, event: int, wait_s: float) -> bool:
    """Tell whether a descriptor can be read or written, or its other end is closed."""
    waiting = select.poll()
    waiting.register(fd, event)
    return bool(waiting.poll(max(0.0, wait_s) * 1e3))


def _made(here: Here, ino: int) -> Here | None:
    """Return the file that was made, or remove what there is of it."""
    if ino:
        return here._replace(ino=ino)
    here.discard()
    return None
