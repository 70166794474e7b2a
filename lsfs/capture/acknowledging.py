"""Tell the mounts which states of which inodes are stored, so that they need not set them aside before a change.

An untold state costs the mount a copy, never content: nothing waits for an answer, and a mount that does not answer is left
alone until the next snapshot.

Threading: `tell` is called from the recording thread and only queues; one thread, `lsfs-acknowledge`, talks to the mounts.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from lsfs.capture.known import Known
from lsfs.capture.recorder import Recorder
from lsfs.errors import LsfsError
from lsfs.model import Kind, State
from lsfs.wire.captured import key, write_snapshot

_LOG = logging.getLogger(__name__)
_MOST = 4096


class Mount(Protocol):
    """What is told to a mount; `lsfs.wire.control.Client` is one."""

    def captured(self, keys: list[int]) -> None:
        """Remember states that are stored."""
        ...

    def snapshot(self) -> None:
        """Read the snapshot anew."""
        ...


class Acknowledger:
    """Keeps the mounts' knowledge of what is stored up to date."""

    def __init__(self, recorder: Recorder, snapshot: Path) -> None:
        self._recorder = recorder
        self._snapshot = snapshot
        self._mounts: list[Mount] = []
        self._queue: queue.SimpleQueue[list[int] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Write the snapshot and listen to the recorder."""
        self.write_snapshot()
        self._recorder.on_stored.append(self.tell)
        self._thread = threading.Thread(target=self._run, name="lsfs-acknowledge", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)

    def attach(self, mount: Mount) -> None:
        """Tell a mount from now on; it reads the snapshot first."""
        self.write_snapshot()
        self._mounts.append(mount)
        mount.snapshot()

    def detach(self, mount: Mount) -> None:
        """Tell a mount no more."""
        self._mounts.remove(mount)

    def write_snapshot(self) -> int:
        """Write all stored states of live files; return how many."""
        with self._recorder.lock:
            return write_snapshot(self._snapshot, self._stored_keys())

    def _stored_keys(self) -> Iterator[int]:
        rows = self._recorder.catalogue.read().execute(
            "SELECT f.ino, f.size, f.mtime_ns, f.ctime_ns FROM file f JOIN version v USING(vid) "
            "WHERE f.names>0 AND f.racy=0 AND f.kind='file' AND v.state='stored'"
        )
        return (key(*row) for row in rows)

    def tell(self, files: list[Known]) -> None:
        """Queue the states that are stored now."""
        keys = [key(*f.key) for f in files if f.kind == Kind.FILE and f.state == State.STORED and not f.racy]
        if keys and self._mounts:
            self._queue.put(keys)

    def _run(self) -> None:
        while (keys := self._queue.get()) is not None:
            for mount in list(self._mounts):
                try:
                    for start in range(0, len(keys), _MOST):
                        mount.captured(keys[start : start + _MOST])
                except (LsfsError, OSError) as e:
                    _LOG.debug("a mount was not told of stored states: %s", e)
