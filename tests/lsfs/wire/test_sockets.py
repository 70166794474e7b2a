"""The sockets: control of a mount, and HTTP to the engine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.errors import Ambiguous, BadRequest, Conflict, Denied, Lost, LsfsError, NotFound, Unavailable
from lsfs.wire import control, frames, http
from lsfs.wire.tree import WireNode, node_from_json, node_to_json


class Handler:
    """A mount that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def hello(self) -> dict[str, Any]:
        return {"pid": 1}

    def invalidate(self, paths: list[bytes]) -> None:
        self.told.append(paths)

    def writers(self, paths: list[bytes]) -> list[bytes]:
        return paths[:1]

    def captured(self, keys: Iterable[int]) -> None:
        self.told.append(list(keys))

    def snapshot(self) -> None:
        raise OSError("no snapshot")

    def locks(self, reasons: Mapping[bytes, bytes]) -> None:
        self.told.append(dict(reasons))

    def rotate(self) -> None:
        self.told.append("rotate")

    def settle(self) -> None:
        self.told.append("settle")

    def stop(self) -> str:
        return "lazily"


def test_every_control_request_reaches_the_mount(tmp_path: Path) -> None:
    handler = Handler()
    server = control.Server(tmp_path / "c", handler)
    server.start()
    client = control.Client(tmp_path / "c")
    assert client.hello() == {"pid": 1, "version": control.VERSION}
    client.invalidate([b"a", b"\xff/b", b""])
    client.captured([0, 2**64 - 1])
    client.locks({b"a": b"by user"})
    client.rotate()
    client.settle()
    assert client.writers([b"x", b"y"]) == [b"x"]
    assert client.stop() == "lazily"
    assert handler.told == [[b"a", b"\xff/b", b""], [0, 2**64 - 1], {b"a": b"by user"}, "rotate", "settle"]
    with pytest.raises(Unavailable, match="no snapshot"):
        client.snapshot()
    client.close()
    server.close()


def test_a_mount_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        control.Client(tmp_path / "none").hello()


@given(st.lists(st.binary(max_size=50)))
def test_names_cross_unchanged(names: list[bytes]) -> None:
    assert frames.unpack_names(frames.pack_names(names)) == names


def test_a_stream_that_ends_within_a_frame_is_an_error() -> None:
    a, b = socket.socketpair()
    with a, b:
        a.sendall(b"\1\0\0\0\5ab")
        a.close()
        with pytest.raises(ConnectionError):
            frames.receive(b)


@contextmanager
def served(path: Path, route: http.Route, stream: http.StreamRoute | None = None) -> Iterator[list[BaseException]]:
    failures: list[BaseException] = []
    server = http.Server(path, route, lambda _, e: failures.append(e), stream)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield failures
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_request_and_its_answer_cross_the_socket(tmp_path: Path) -> None:
    with served(tmp_path / "s", lambda path, body: {"path": path, **body}):
        assert http.request(tmp_path / "s", "POST", "/x", {"é": [1]}) == {"path": "/x", "é": [1]}
        assert http.request(tmp_path / "s", "GET", "/y") == {"path": "/y"}


@pytest.mark.parametrize(
    "error", [NotFound("no a"), Conflict("changed", ["a", "b"]), Ambiguous("which?", ["c"]), Unavailable("later")]
)
def test_an_error_is_raised_on_the_other_side_as_what_it_was(tmp_path: Path, error: LsfsError) -> None:
    def route(path: str, body: http.Json) -> http.Json:
        raise error

    with served(tmp_path / "s", route), pytest.raises(type(error), match=str(error)) as caught:
        http.request(tmp_path / "s", "POST", "/x", {})
    assert vars(caught.value) == vars(error)


def test_a_bug_in_the_engine_is_logged_and_answered(tmp_path: Path) -> None:
    with served(tmp_path / "s", lambda path, body: {"x": 1 // len(body)}) as failures:
        with pytest.raises(LsfsError, match="ZeroDivisionError"):
            http.request(tmp_path / "s", "POST", "/x", {})
        assert http.request(tmp_path / "s", "POST", "/x", {"a": 1}) == {"x": 1}
    assert isinstance(failures[0], ZeroDivisionError)


def test_a_body_that_is_no_object_is_refused(tmp_path: Path) -> None:
    with served(tmp_path / "s", lambda path, body: {}):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(tmp_path / "s"))
        s.sendall(b"POST /x HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\n[1]")
        assert s.recv(100).startswith(b"HTTP/1.1 400")
        s.close()


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (PermissionError(13, "Permission denied", b"d/f"), Denied),
        (OSError(28, "No space left on device"), Unavailable),
        (FileNotFoundError(2, "No such file", "f"), NotFound),
    ],
)
def test_what_the_system_refuses_is_told_as_such_and_logged(tmp_path: Path, refusal: OSError, kind: type[LsfsError]) -> None:
    def route(path: str, body: http.Json) -> http.Json:
        raise refusal

    with served(tmp_path / "s", route) as failures, pytest.raises(kind, match=refusal.strerror):
        http.request(tmp_path / "s", "POST", "/x", {})
    assert failures == [refusal]


def test_half_a_character_is_the_callers_mistake(tmp_path: Path) -> None:
    with served(tmp_path / "s", lambda path, body: {"n": len(body["x"].encode())}), pytest.raises(BadRequest, match="ud800"):
        http.request(tmp_path / "s", "POST", "/x", {"x": "\ud800"})


@pytest.mark.parametrize("length", ["-1", "many", "99999999999"])
def test_a_body_of_no_fit_length_is_refused(tmp_path: Path, length: str) -> None:
    with served(tmp_path / "s", lambda path, body: {}):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(tmp_path / "s"))
        s.sendall(f"POST /x HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
        assert s.recv(100).startswith(b"HTTP/1.1 413")
        s.close()


def test_closing_lets_what_is_under_way_end_and_leaves_no_socket(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def route(path: str, body: http.Json) -> http.Json:
        begun.set()
        return {"went_on": go_on.wait(20.0)}

    server = http.Server(tmp_path / "s", route, lambda _, e: None)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(http.request, tmp_path / "s", "POST", "/x", {})
        assert begun.wait(20.0)
        closing = pool.submit(server.close)
        while http.is_served(tmp_path / "s"):
            pass
        go_on.set()
        assert asked.result(20.0) == {"went_on": True}
        closing.result(20.0)
    assert not (tmp_path / "s").exists()


def test_more_clients_than_may_wait_are_all_answered(tmp_path: Path) -> None:
    server = http.Server(tmp_path / "s", lambda path, body: body, lambda _, e: None)
    with ThreadPoolExecutor(200) as pool:
        answers = [pool.submit(http.request, tmp_path / "s", "POST", "/x", {"n": n}) for n in range(200)]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        assert [a.result(60.0)["n"] for a in answers] == list(range(200))
    server.close()
    thread.join()


def test_nobody_listening_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        http.request(tmp_path / "none", "GET", "/status")
    assert not isinstance(caught.value, Lost)


def test_an_answer_in_pieces_is_told_piece_by_piece(tmp_path: Path) -> None:
    heard: list[http.Json] = []
    arrived = threading.Event()

    def stream(path: str, body: http.Json, tell: http.Tell) -> http.Json:
        tell({"text": "é\n"})
        assert arrived.wait(20), "the first piece was kept back"
        tell({"text": "b"})
        return {"path": path}

    def tell(piece: http.Json) -> None:
        heard.append(piece)
        arrived.set()

    with served(tmp_path / "s", lambda path, body: {"whole": True}, stream):
        assert http.request(tmp_path / "s", "POST", "/x", {}, tell=tell) == {"path": "/x"}
        assert http.request(tmp_path / "s", "POST", "/x", {}) == {"whole": True}
    assert heard == [{"text": "é\n"}, {"text": "b"}]


def test_an_error_behind_pieces_is_raised_as_what_it_was(tmp_path: Path) -> None:
    def stream(path: str, body: http.Json, tell: http.Tell) -> http.Json:
        tell({"text": "a"})
        raise NotFound("gone in the middle")

    with served(tmp_path / "s", lambda path, body: {}, stream), pytest.raises(NotFound, match="in the middle"):
        http.request(tmp_path / "s", "POST", "/x", {}, tell=lambda _: None)


def test_pieces_without_an_end_are_an_error_that_says_so(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def half() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
                connection.sendall(head + b'e\r\n{"text": "ab"}\r\n')

        thread = threading.Thread(target=half)
        thread.start()
        with pytest.raises(Lost):
            http.request(tmp_path / "s", "POST", "/x", {}, tell=lambda _: None)
        thread.join()


def test_whoever_speaks_to_nobody_is_stopped(tmp_path: Path) -> None:
    stopped = threading.Event()

    def stream(path: str, body: http.Json, tell: http.Tell) -> http.Json:
        try:
            for _ in range(100_000):
                tell({"text": "x" * 1000})
        except ConnectionError:
            stopped.set()
            raise
        return {}

    with served(tmp_path / "s", lambda path, body: {}, stream) as failures:
        with pytest.raises(KeyboardInterrupt):
            http.request(tmp_path / "s", "POST", "/x", {}, tell=_interrupt)
        assert stopped.wait(20)
    assert failures == []


def _interrupt(_: http.Json) -> None:
    raise KeyboardInterrupt


def test_a_tree_node_crosses_unchanged() -> None:
    for node in (WireNode(b"\xff", "symlink", 3, 5, b"../x"), WireNode(b"a", "directory")):
        assert node_from_json(node_to_json(node)) == node


STRANGER = """
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
"""


def test_another_user_is_not_answered(tmp_path: Path) -> None:
    ask = "s.connect(sys.argv[1]); s.sendall(b'GET /x HTTP/1.1\\r\\n\\r\\n'); print(s.recv(100))"
    with open_to_all() as folder, served(folder / "s", lambda path, body: {"secret": 1}):
        (folder / "s").chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-c", STRANGER + ask, str(folder / "s")], capture_output=True, text=True, check=False
        )
    assert "secret" not in done.stdout
    assert done.stdout.strip() == "b''" or "Error" in done.stderr


def test_another_users_socket_is_told_nothing() -> None:
    wait = (
        "s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); s.listen(); print('1', flush=True); print(s.accept()[0].recv(100))"
    )
    with open_to_all() as folder:
        command = [sys.executable, "-c", STRANGER + wait, str(folder / "s")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "1\n"
            with pytest.raises(Unavailable, match="another user's"):
                http.request(folder / "s", "POST", "/x", {"secret": 1})
            assert child.stdout.read() == "b''\n"


@contextmanager
def open_to_all() -> Iterator[Path]:
    """A folder that every user may write to; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)
