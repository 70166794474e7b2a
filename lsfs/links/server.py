"""The HTTP address at which links are served: a few threads, a bound on connections, and the desk that knows the links.

Threading: one accepting thread and one for each connection, at most `MOST_CONNECTIONS`; beyond that new ones wait in the
listen queue and are closed after a while. `stop` waits for the accepting thread only.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
from http.server import ThreadingHTTPServer
from typing import Any, Protocol

from lsfs.errors import Unavailable
from lsfs.links.content import Parcel
from lsfs.links.handler import LinkHandler
from lsfs.links.link import Link

_log = logging.getLogger(__name__)
MOST_CONNECTIONS = 32
_WAIT_S = 5.0
_POLL_S = 0.1


class Desk(Protocol):
    """What the server asks of the links."""

    def link(self, token: str) -> Link:
        """Return the valid link of a token; raises NotFound (with `gone` when it was valid once)."""
        ...

    def let_in(self, link: Link, password: str | None) -> None:
        """Raise Denied where a password is missing or wrong, Conflict after too many wrong ones."""
        ...

    def parcel(self, link: Link) -> Parcel:
        """Return what the link leads to now; raises NotFound."""
        ...

    def count(self, link: Link) -> None:
        """Count a download; raises NotFound when there were enough."""
        ...

    def note(self, link: Link, address: str, status: int, what: str, sent: int) -> None:
        """Write the access log."""
        ...


class LinkServer(ThreadingHTTPServer):
    """Serves links until it is closed."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, desk: Desk) -> None:
        self.desk = desk
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        try:
            super().__init__((host, port), LinkHandler)
        except OSError as e:
            raise Unavailable(f"share links cannot be served at {host}, port {port}: {e.strerror}") from e
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL_S,), name="lsfs-links", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hand the connection to a thread when there is room; close it when there is none for a while."""
        if not self._room.acquire(timeout=_WAIT_S):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Run in the connection's thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(
        self,
        request: Any,  # noqa: ARG002 - the base class's
        client_address: Any,
    ) -> None:
        """Log what went wrong; a connection that broke off is nothing to log."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            _log.exception("a request from %s failed", client_address)

    def stop(self) -> None:
        """End serving and free the address."""
        self.shutdown()
        self.server_close()
        self._thread.join(timeout=5)
