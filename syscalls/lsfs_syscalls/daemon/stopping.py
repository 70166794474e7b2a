"""How the engine is asked to end: by a request or by a signal.

The main thread waits at a socket that Python's C signal handler writes to (`signal.set_wakeup_fd`). A wait for a
`threading.Event` is not enough: the kernel may run the handler in any thread, and the main thread, which alone calls the
Python handler, then goes on waiting.

Threading: `catch_signals` and `wait` in the main thread, `ask` in any.
"""

from __future__ import annotations

import select
import signal
import socket
from contextlib import suppress


class Stopping:
    """An end that can be asked for once or often, before or while somebody waits for it."""

    def __init__(self) -> None:
        self.unmount = False
        """Whether the mounts shall end too."""
        self._waiting, self._asking = socket.socketpair()
        self._asking.setblocking(False)

    def catch_signals(self) -> None:
        """Let SIGTERM and SIGINT ask for the end."""
        signal.set_wakeup_fd(self._asking.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def ask(self, *, unmount: bool) -> None:
        """Ask for the end."""
        self.unmount = unmount
        with suppress(BlockingIOError):  # many have asked already
            self._asking.send(b"\0")

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end to be asked for; return whether it was."""
        return bool(select.select([self._waiting], [], [], timeout_s)[0])
