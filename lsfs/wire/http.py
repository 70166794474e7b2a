"""HTTP with JSON bodies over a Unix socket: the transport between the engine and its clients, and the mount's questions.

Only the user who runs the engine, and root, may connect: the socket is mode 0600 and the peer's credentials are checked. Errors
cross as `{"error": {"kind", "message", ...facts}}` and are raised again on the other side as what they were.

A request with `"stream": true` in its body can be answered piece by piece: chunked, one JSON object a line
(`application/x-ndjson`), the last one `{"answer": ...}` or `{"error": ...}`. An answer without pieces is an ordinary one.

Threading: the server runs one thread a request. Every wait of the client has a bound.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import struct
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

from lsfs import errors
from lsfs.errors import HTTP_STATUS, BadRequest, LsfsError, Unavailable

MOST_BODY_BYTES = 256 * 1024 * 1024
Json = dict[str, Any]
Route = Callable[[str, Json], Json]
"""(path, body) -> answer"""
Tell = Callable[[Json], None]
"""Is told a piece of an answer before the whole is there."""
StreamRoute = Callable[[str, Json, Tell], Json]
"""(path, body, tell) -> answer"""
STREAM = "application/x-ndjson"


def error_to_json(e: LsfsError) -> Json:
    """Return an error as it crosses the socket."""
    facts = {k: v for k, v in vars(e).items() if isinstance(v, str | int | list)}
    return {"error": {"kind": e.kind, "message": str(e), **facts}}


def error_from_json(body: Json) -> LsfsError:
    """Return the error that an answer carries."""
    facts = body.get("error") or {}
    kind, message = str(facts.get("kind", "error")), str(facts.get("message", "the engine failed"))
    if kind == "ambiguous":
        return errors.Ambiguous(message, list(facts.get("candidates", [])))
    if kind == "conflict":
        return errors.Conflict(message, list(facts.get("paths", [])))
    simple = {c.kind: c for c in _all_errors(LsfsError)}
    return simple.get(kind, LsfsError)(message)


def _all_errors(base: type[LsfsError]) -> list[type[LsfsError]]:
    return [base, *(c for sub in base.__subclasses__() for c in _all_errors(sub))]


class _Connection(http.client.HTTPConnection):
    """An HTTP connection to a Unix socket."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("lsfs", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket's path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def request(
    path: Path, method: str, route: str, body: Json | None = None, *, timeout_s: float = 60.0, tell: Tell | None = None
) -> Json:
    """Send one request and return its answer.

    Args:
        timeout_s: for the answer, or for the next piece of it.
        tell: is told the pieces of an answer that comes in pieces.

    Raises:
        Unavailable: nobody listens (then nothing was sent), or no answer came within `timeout_s`.
        LsfsError: what the engine raised.
    """
    connection = _Connection(path, timeout_s)
    connected = False
    try:
        connection.connect()
        connected = True
        sent = body if tell is None else {**(body or {}), "stream": True}
        payload = None if sent is None else json.dumps(sent).encode()
        connection.request(method, route, payload, {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.headers.get_content_type() == STREAM:
            return _told(response, tell or (lambda _: None))
        answer: Json = json.loads(response.read() or b"{}")
    except TimeoutError as e:
        raise Unavailable(f"the engine did not answer within {timeout_s:.0f} s") from e
    except (OSError, http.client.HTTPException, json.JSONDecodeError) as e:
        raise Unavailable(f"the engine does not answer ({e})", sent=connected) from e
    finally:
        connection.close()
    if response.status != 200:
        raise error_from_json(answer)
    return answer


def _told(response: http.client.HTTPResponse, tell: Tell) -> Json:
    """Tell the pieces and return the answer behind them."""
    while line := response.readline():
        piece: Json = json.loads(line)
        if "error" in piece:
            raise error_from_json(piece)
        if "answer" in piece:
            answer: Json = piece["answer"]
            return answer
        tell(piece)
    raise Unavailable("the engine broke off in the middle of its answer")


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
        super().__init__(str(path), _Handler)
        os.chmod(path, 0o600)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - the base class's signature
        """Take connections of our own user and of root only."""
        _, uid, _ = struct.unpack("3i", request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return uid in (0, os.getuid())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024

    def do_GET(self) -> None:
        """Answer a request without a body."""
        self._respond({})

    def do_POST(self) -> None:
        """Answer a request with a JSON body."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BODY_BYTES:
            self._send(413, error_to_json(BadRequest("the request is too large")))
            return
        try:
            body = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._send(400, error_to_json(BadRequest("the body is no JSON object")))
            return
        self._respond(body)

    def _respond(self, body: Json) -> None:
        self._pieces = 0
        try:
            if self.server.stream is not None and body.get("stream") is True:
                answer = self.server.stream(self.path, body, self._piece)
            else:
                answer = self.server.route(self.path, body)
            self._finish(200, answer)
        except LsfsError as e:
            if HTTP_STATUS[e.kind] >= 500:
                self.server.log(self.path, e)
            self._finish(HTTP_STATUS[e.kind], error_to_json(e))
        except ConnectionError:
            self.close_connection = True  # nobody waits for the answer any more
        except Exception as e:  # noqa: BLE001 - the edge: a request must not end the engine
            self.server.log(self.path, e)
            words = f"the engine failed ({type(e).__name__}: {e}); its log has the traceback"
            self._finish(500, error_to_json(LsfsError(words)))

    def _finish(self, status: int, answer: Json) -> None:
        if not self._pieces:
            self._send(status, answer)
            return
        self._chunk(_line(answer if status != 200 else {"answer": answer}))
        self._chunk(b"")

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
        data = _line(answer)
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
