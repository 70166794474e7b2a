"""HTTP with JSON bodies over a Unix socket: the transport between the engine and its clients, and the mount's questions.

Only the user who runs the engine, and root, may connect: the socket is mode 0600 and the peer's credentials are checked. Errors
cross as `lsfs.wire.failures` says.

A request with `"stream": true` in its body can be answered piece by piece: chunked, one JSON object a line
(`application/x-ndjson`), the last one `{"answer": ...}` or `{"error": ...}`. An answer without pieces is an ordinary one.

Threading: the server runs one thread a request; `Server.close` lets those that are under way end. Every wait of the client
    has a bound.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

from lsfs.errors import HTTP_STATUS, BadRequest, Lost, Unavailable
from lsfs.wire.failures import error_from_json, error_to_json, understood

MOST_BODY_BYTES = 256 * 1024 * 1024
IDLE_S = 60.0
"""A client that sends nothing for so long is left."""
LAST_S = 3.0
"""What is under way at the end has so long to end."""
Json = dict[str, Any]
Route = Callable[[str, Json], Json]
"""(path, body) -> answer"""
Tell = Callable[[Json], None]
"""Is told a piece of an answer before the whole is there."""
StreamRoute = Callable[[str, Json, Tell], Json]
"""(path, body, tell) -> answer"""
STREAM = "application/x-ndjson"


def _is_trusted(connected: socket.socket) -> bool:
    """Tell whether our own user or root is at the other end."""
    _, uid, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return uid in (0, os.geteuid())


class _Connection(http.client.HTTPConnection):
    """An HTTP connection to a Unix socket."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("lsfs", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket's path; where many wait to be let in (EAGAIN), wait with them."""
        until = time.monotonic() + (self.timeout or 0.0)
        while True:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            try:
                self.sock.connect(str(self._path))
                if not _is_trusted(self.sock):
                    raise PermissionError(errno.EACCES, "it is another user's")
                return
            except OSError as e:
                self.sock.close()
                if e.errno != errno.EAGAIN or time.monotonic() > until:
                    raise
            time.sleep(0.01)


def is_served(path: Path, timeout_s: float = 5.0) -> bool:
    """Tell whether somebody listens at a socket; nothing is asked."""
    connection = _Connection(path, timeout_s)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def request(
    path: Path, method: str, route: str, body: Json | None = None, *, timeout_s: float = 60.0, tell: Tell | None = None
) -> Json:
    """Send one request and return its answer.

    Args:
        timeout_s: for the answer, or for the next piece of it.
        tell: is told the pieces of an answer that comes in pieces.

    Raises:
        Unavailable: nobody listens; nothing was asked.
        Lost: no answer came, or none within `timeout_s`; what was asked may be done all the same.
        LsfsError: what the engine raised.
    """
    sent = body if tell is None else {**(body or {}), "stream": True}
    payload = None if sent is None else json.dumps(sent).encode()
    connection = _Connection(path, timeout_s)
    try:
        connection.connect()
    except OSError as e:
        connection.close()
        raise Unavailable(f"no engine listens at {path} ({e.strerror or e})") from e
    try:
        connection.request(method, route, payload, {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.headers.get_content_type() == STREAM:
            return _told(response, tell or (lambda _: None))
        answer: Json = json.loads(response.read() or b"{}")
    except TimeoutError as e:
        raise Lost(f"the engine did not answer within {timeout_s:.0f} s") from e
    except (OSError, http.client.HTTPException, ValueError) as e:
        raise Lost(f"the engine was lost while it answered ({e})") from e
    finally:
        connection.close()
    if response.status != 200:
        raise error_from_json(answer)
    return answer


def _told(response: http.client.HTTPResponse, tell: Tell) -> Json:
    """Tell the pieces and return the answer behind them."""
    while line := _line_of(response):
        piece: Json = json.loads(line)
        if "error" in piece:
            raise error_from_json(piece)
        if "answer" in piece:
            answer: Json = piece["answer"]
            return answer
        tell(piece)
    raise Lost("the engine broke off in the middle of its answer")


def _line_of(response: http.client.HTTPResponse) -> bytes:
    """Return the next line; none where the engine was lost. A part has been told, so it is no case for asking again."""
    try:
        return response.readline()
    except (ConnectionError, http.client.HTTPException):
        return b""


class Server(ThreadingMixIn, UnixStreamServer):
    """Serves routes on a Unix socket."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, path: Path, route: Route, log: Callable[[str, BaseException], None], stream: StreamRoute | None = None
    ) -> None:
        path.unlink(missing_ok=True)
        self.route = route
        self.stream = stream
        self.log = log
        self._running = 0
        self._idle = threading.Condition()
        super().__init__(str(path), _Handler)
        os.chmod(path, 0o600)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - the base class's signature
        """Take connections of our own user and of root only."""
        return _is_trusted(request)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count a request that is under way."""
        with self._idle:
            self._running += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def close(self, hurry: Callable[[], None] = lambda: None) -> None:
        """Take no more requests, remove the socket, and give those that are under way a moment; `serve_forever` returns.

        Args:
            hurry: called when no request comes any more; makes those that only wait for something end.
        """
        self.shutdown()
        self.server_close()
        Path(str(self.server_address)).unlink(missing_ok=True)
        hurry()
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, LAST_S)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    wbufsize = 64 * 1024

    def finish(self) -> None:
        """Close both directions also where the client went away with an answer unsent."""
        with suppress(OSError):
            super().finish()
        self.rfile.close()

    def do_GET(self) -> None:
        """Answer a request without a body."""
        with self.server.answering():
            self._respond({})

    def do_POST(self) -> None:
        """Answer a request with a JSON body."""
        with self.server.answering():
            body = self._body()
            if body is not None:
                self._respond(body)

    def _body(self) -> Json | None:
        """Return the body, or None where the request has been refused for it."""
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()) or int(length) > MOST_BODY_BYTES:
            self.close_connection = True  # what follows is not read
            self._send(413, error_to_json(BadRequest(f"a body of {length} bytes is not taken")))
            return None
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict):
            return body
        self._send(400, error_to_json(BadRequest("the body is no JSON object")))
        return None

    def _respond(self, body: Json) -> None:
        self._pieces = 0
        try:
            if self.server.stream is not None and body.get("stream") is True:
                answer = self.server.stream(self.path, body, self._piece)
            else:
                answer = self.server.route(self.path, body)
            data = _line({"answer": answer} if self._pieces else answer)
            status = 200
        except ConnectionError:
            self.close_connection = True  # nobody waits for the answer any more
            return
        except Exception as e:  # noqa: BLE001 - the edge: a request must not end the engine
            error = understood(e)
            if error is not e or HTTP_STATUS[error.kind] >= 500:
                self.server.log(self.path, e)
            status, data = HTTP_STATUS[error.kind], json.dumps(error_to_json(error)).encode() + b"\n"
        self._finish(status, data)

    def _finish(self, status: int, data: bytes) -> None:
        if self._pieces:
            self._chunk(data)
            self._chunk(b"")
        else:
            self._send_bytes(status, data)

    def _piece(self, piece: Json) -> None:
        """Send a piece of the answer.

        Raises:
            ConnectionError: nobody listens any more.
        """
        if not self._pieces:
            self.send_response(200)
            self.send_header("Content-Type", STREAM)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
        self._pieces += 1
        self._chunk(_line(piece))

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _send(self, status: int, answer: Mapping[str, Any]) -> None:
        self._send_bytes(status, json.dumps(answer).encode() + b"\n")

    def _send_bytes(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep no access log."""

    def address_string(self) -> str:
        """Return who asks; a Unix socket has no address."""
        return "unix"


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"
