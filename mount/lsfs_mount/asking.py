"""Asking the engine about the semantic tree: bounded in time, shared between programs that ask the same, fine without it.

A listing waits 300 ms for the engine, or as long as its caller says. If the engine is not done by then, the question goes on in
the background, its answer is kept for a moment, and `on_late` says that the listing can be read again.

Threading: questions run in threads of their own; `names` and `ask` block their caller and are called from workers only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lsfs.errors import LsfsError, Unavailable
from lsfs.wire.http import request
from lsfs.wire.tree import ERRNO, WireNode, b64, node_from_json, unb64

LISTING_S = 0.3
"""How long a listing waits."""
ANSWER_S = 5.0
"""How long a read, an attribute or the past waits."""
LATE_S = 60.0
"""How long a listing may take in the background."""
KEPT_S = 5.0
"""How long a late listing is kept for the next reader."""
ASKERS = 8


class Asking:
    """Questions to the engine at a socket.

    Args:
        on_late: called with the path of a listing that came after its reader had been answered.
    """

    def __init__(self, socket: Path, on_late: Callable[[bytes], None]) -> None:
        self._socket = socket
        self._on_late = on_late
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="mount-ask")
        self._lock = threading.Lock()
        self._running: dict[bytes, Future[list[WireNode]]] = {}
        self._awaited: set[bytes] = set()
        self._late: dict[bytes, tuple[float, list[WireNode]]] = {}

    def ask(self, op: str, path: bytes, *, timeout_s: float = ANSWER_S, **more: Any) -> dict[str, Any]:
        """Ask one question.

        Raises:
            OSError: the errno of what the engine said; EAGAIN where it does not answer.
        """
        try:
            return request(self._socket, "POST", "/tree", {"op": op, "path_b64": b64(path), **more}, timeout_s=timeout_s)
        except LsfsError as e:
            raise OSError(ERRNO.get(e.kind, 5), str(e)) from e

    def node(self, path: bytes, wait_s: float = LISTING_S) -> WireNode:
        """Return what a path means.

        Raises:
            OSError: ENOENT where it means nothing; EAGAIN where the engine does not answer.
        """
        return node_from_json(self.ask("lookup", path, timeout_s=wait_s)["node"])

    def read(self, path: bytes, offset: int, size: int) -> bytes:
        """Return a part of a file's content."""
        return unb64(self.ask("read", path, offset=offset, size=size)["data_b64"])

    def names(self, path: bytes, wait_s: float = LISTING_S) -> list[WireNode]:
        """Return the names in a folder.

        Raises:
            Unavailable: the engine is not there, or not done yet.
            OSError: the path is no folder.
        """
        with self._lock:
            until, nodes = self._late.pop(path, (0.0, []))
            if until > time.monotonic():
                return nodes
            future = self._running.get(path)
            if future is None:
                future = self._running[path] = self._askers.submit(self._listed, path)
        try:
            return future.result(wait_s)
        except TimeoutError:
            with self._lock:
                self._awaited.add(path)
            raise Unavailable("The engine is still searching. Read this folder again in a moment.") from None
        except OSError as e:
            if e.errno == ERRNO["unavailable"]:
                raise Unavailable(f"The engine does not answer: {e}") from e
            raise

    def _listed(self, path: bytes) -> list[WireNode]:
        nodes: list[WireNode] = []
        try:
            nodes = [node_from_json(n) for n in self.ask("list", path, timeout_s=LATE_S)["nodes"]]
        finally:
            with self._lock:
                self._running.pop(path, None)
                late = path in self._awaited
                self._awaited.discard(path)
                now = time.monotonic()
                self._late = {p: kept for p, kept in self._late.items() if kept[0] > now}
                if late and nodes:
                    self._late[path] = (now + KEPT_S, nodes)
            if late:
                self._on_late(path)
        return nodes

    def close(self) -> None:
        """End the threads."""
        self._askers.shutdown(wait=False, cancel_futures=True)
