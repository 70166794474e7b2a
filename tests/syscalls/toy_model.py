"""An OpenAI-compatible server in the process: it answers what a function says, streamed or not, whole or broken off."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str, str], str]
"""(system prompt, question) -> text; an empty one is an error of the server."""


@dataclass(slots=True)
class Manner:
    """How the server behaves.

    Attributes:
        streams: it knows `stream`.
        finish: why its answers end; empty: the connection is closed without an end.
        dies_after: pieces after which the connection is cut; None for never.
        error_after: pieces after which an error is streamed.
        gate: is waited for before each piece but the first.
    """

    streams: bool = True
    finish: str = "stop"
    dies_after: int | None = None
    error_after: int | None = None
    gate: threading.Semaphore | None = None


class ToyModel(ThreadingHTTPServer):
    """Keeps what it was asked, and how many requests were given up by the asking side."""

    daemon_threads = True

    def __init__(self, answer: Answer, manner: Manner) -> None:
        self.asked: list[tuple[str, str]] = []
        self.given_up = threading.Event()
        self.answer = answer
        self.manner = manner
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ToyModel

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        system, user = (m["content"] for m in body["messages"])
        self.server.asked.append((system, user))
        text = self.server.answer(system, user)
        if text and body.get("stream") and self.server.manner.streams:
            self._stream(text)
        else:
            self._whole(text)

    def _whole(self, text: str) -> None:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "finish_reason": self.server.manner.finish or "stop", "message": message}
        data = json.dumps({"id": "x", "object": "chat.completion", "created": 0, "model": "toy", "choices": [choice]}).encode()
        self.send_response(200 if text else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, text: str) -> None:
        manner = self.server.manner
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        pieces = [text[i : i + 7] for i in range(0, len(text), 7)]
        try:
            for n, piece in enumerate(pieces):
                if n == manner.dies_after:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if n == manner.error_after:
                    self._event({"error": {"message": "out of memory"}})
                    return
                if manner.gate is not None and n:
                    assert manner.gate.acquire(timeout=30)
                self._event(_chunk(piece, None))
            if manner.finish:
                self._event(_chunk("", manner.finish))
                self.wfile.write(b"data: [DONE]\n\n")
        except ConnectionError:
            self.server.given_up.set()

    def _event(self, data: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def _chunk(text: str, finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "toy", "choices": [choice]}


@contextmanager
def toy_model(answer: Answer, manner: Manner | None = None) -> Iterator[ToyModel]:
    """Serve until the block ends."""
    server = ToyModel(answer, manner or Manner())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
