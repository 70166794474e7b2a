"""Bringing the engine back when it is gone: the mount goes on without it and starts it again, ever less often.

Threading: one thread, `mount-revive`.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

_LOG = logging.getLogger(__name__)
LOOK_S = 1.0
"""How often the engine's socket is tried."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 120.0
"""The pause after a start, doubled while the engine does not come."""


def answers(path: Path) -> bool:
    """Tell whether somebody listens at a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(1.0)
        try:
            s.connect(str(path))
        except OSError:
            return False
    return True


class Reviver:
    """Starts the engine when nobody listens at its socket.

    Args:
        command: starts the engine; empty: it is only watched. It is told which process asked, and serves nothing if that
            is gone when it is up: an engine that was begun just before `lsfs down` must not outlive it.
    """

    def __init__(self, path: Path, command: Sequence[str]) -> None:
        self._path = path
        self._command = [*command, "--for-mount", str(os.getpid())] if command else []
        self._end = threading.Event()
        self._children: list[subprocess.Popen[bytes]] = []
        self._thread = threading.Thread(target=self._run, name="mount-revive", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        if self._command:
            self._thread.start()

    def stop(self) -> None:
        """Start nothing any more."""
        self._end.set()

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._end.wait(LOOK_S):
            if answers(self._path):
                pause_s = FIRST_PAUSE_S
                continue
            self._revive()
            if self._end.wait(pause_s):
                return
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _revive(self) -> None:
        self._children = [c for c in self._children if c.poll() is None]
        _LOG.warning("the engine is gone; it is started again")
        try:
            self._children.append(subprocess.Popen(self._command, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/"))
        except OSError as e:
            _LOG.warning("the engine cannot be started: %s", e)
