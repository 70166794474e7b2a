"""The control socket of a mount: what the engine tells and asks the mount process.

The mount listens (stream socket in the runtime directory, mode 0600), the engine connects. A request is one frame, its answer
one frame with the same operation; the answer's payload begins with a status byte, 0 for done, else 1 and a message.

    HELLO       -> JSON {"pid", "mountpoint", "driver", "passthrough", "version"}
    INVALIDATE  names: paths whose content and names the engine changed; the kernel's caches drop them
    WRITERS     names: paths -> those of them that are open for writing
    CAPTURED    u64 keys (lsfs.wire.captured) of states that are stored now
    SNAPSHOT    read `S/captured` anew
    LOCKS       names: locked paths, each followed by its reason; the whole set
    ROTATE      go on in the journal's next file
    SETTLE      answer when all is journaled that the mount had been asked to do before
    STOP        unmount; the answer says whether it had to be lazy

The handler is called in the control thread of the mount, never in the dispatch thread.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol

from lsfs.errors import LsfsError, Unavailable
from lsfs.wire import frames

VERSION = 1


class Operation(IntEnum):
    """The requests."""

    HELLO = 1
    INVALIDATE = 2
    WRITERS = 3
    CAPTURED = 4
    SNAPSHOT = 5
    LOCKS = 6
    STOP = 7
    ROTATE = 8
    SETTLE = 9


class Handler(Protocol):
    """What the mount does for the engine."""

    def hello(self) -> dict[str, Any]:
        """Return who this is."""
        ...

    def invalidate(self, paths: list[bytes]) -> None:
        """Make the kernel forget what it knows of the paths."""
        ...

    def writers(self, paths: list[bytes]) -> list[bytes]:
        """Return those of the paths that are open for writing; a folder stands for all below it."""
        ...

    def captured(self, keys: Iterable[int]) -> None:
        """Remember states that are stored."""
        ...

    def snapshot(self) -> None:
        """Read the snapshot of stored states anew."""
        ...

    def locks(self, reasons: Mapping[bytes, bytes]) -> None:
        """Refuse writing to these paths from now on, and to no others."""
        ...

    def rotate(self) -> None:
        """Go on in the journal's next file: what is in the present one is to go when it has been read."""
        ...

    def settle(self) -> None:
        """Return when all is journaled (what is set aside, too) that the mount had been asked to do before."""
        ...

    def stop(self) -> str:
        """Unmount and end; return what has to be said of it."""
        ...


class Server:
    """The mount's end. One thread a connection; the engine holds one."""

    def __init__(self, path: Path, handler: Handler) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._handler = handler
        self._busy = 0
        self._idle = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o600)
        self._socket.listen(8)

    def start(self) -> None:
        """Serve in the background."""
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="control-connection", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while (frame := frames.receive(connection)) is not None:
                    with self._answering():
                        self._answer(connection, *frame)
            except OSError:
                return

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def _answer(self, connection: socket.socket, operation: int, payload: bytes) -> None:
        try:
            answer = b"\0" + self._run(Operation(operation), payload)
        except (LsfsError, OSError, ValueError) as e:
            answer = b"\1" + str(e).encode()
        frames.send(connection, operation, answer)

    def _run(self, operation: Operation, payload: bytes) -> bytes:
        h = self._handler
        match operation:
            case Operation.HELLO:
                return json.dumps(h.hello() | {"version": VERSION}).encode()
            case Operation.INVALIDATE:
                h.invalidate(frames.unpack_names(payload))
            case Operation.WRITERS:
                return frames.pack_names(h.writers(frames.unpack_names(payload)))
            case Operation.CAPTURED:
                h.captured(array("Q", payload))
            case Operation.SNAPSHOT:
                h.snapshot()
            case Operation.LOCKS:
                flat = frames.unpack_names(payload)
                h.locks(dict(zip(flat[::2], flat[1::2], strict=True)))
            case Operation.ROTATE:
                h.rotate()
            case Operation.SETTLE:
                h.settle()
            case Operation.STOP:
                return h.stop().encode()
        return b""

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop listening, remove the socket, and let the answers that are under way (STOP's own, often) out first."""
        self._socket.close()
        self._path.unlink(missing_ok=True)
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, timeout_s)


class Client:
    """The engine's end: one connection, made on the first use and again after a failure.

    Threading: any thread; `_lock` keeps requests and answers together.
    """

    def __init__(self, path: Path, *, timeout_s: float = 5.0) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def hello(self) -> dict[str, Any]:
        """Return who the mount is."""
        answer: dict[str, Any] = json.loads(self._ask(Operation.HELLO))
        return answer

    def invalidate(self, paths: Iterable[bytes]) -> None:
        """Make the mount forget what the kernel knows of the paths."""
        self._ask(Operation.INVALIDATE, frames.pack_names(list(paths)))

    def writers(self, paths: Iterable[bytes]) -> list[bytes]:
        """Return those of the paths that are open for writing."""
        return frames.unpack_names(self._ask(Operation.WRITERS, frames.pack_names(list(paths))))

    def captured(self, keys: Iterable[int]) -> None:
        """Tell the mount which states are stored."""
        self._ask(Operation.CAPTURED, array("Q", keys).tobytes())

    def snapshot(self) -> None:
        """Tell the mount that `S/captured` is new."""
        self._ask(Operation.SNAPSHOT)

    def locks(self, reasons: Mapping[bytes, bytes]) -> None:
        """Tell the mount all locked paths with their reasons."""
        self._ask(Operation.LOCKS, frames.pack_names([x for pair in reasons.items() for x in pair]))

    def rotate(self) -> None:
        """Ask the mount to go on in the journal's next file."""
        self._ask(Operation.ROTATE)

    def settle(self) -> None:
        """Wait until the mount has journaled all that it had been asked to do before."""
        self._ask(Operation.SETTLE)

    def stop(self) -> str:
        """Ask the mount to end."""
        return self._ask(Operation.STOP).decode()

    def _ask(self, operation: Operation, payload: bytes = b"") -> bytes:
        """Send a request and return its answer.

        Raises:
            Unavailable: the mount is not there or refused.
        """
        with self._lock:
            try:
                frame = self._exchange(operation, payload)
            except OSError as e:
                self.close()
                raise Unavailable(f"the mount process does not answer on its control socket ({e})") from e
        if frame is None or frame[0] != operation or not frame[1]:
            self.close()
            raise Unavailable("the mount process closed its control socket")
        if frame[1][0] != 0:
            raise Unavailable(f"the mount process: {frame[1][1:].decode(errors='replace')}")
        return frame[1][1:]

    def _exchange(self, operation: Operation, payload: bytes) -> tuple[int, bytes] | None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(self._timeout_s)
            self._socket.connect(str(self._path))
        frames.send(self._socket, operation, payload)
        return frames.receive(self._socket)

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
