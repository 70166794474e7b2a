"""Roots and states that are moved, replaced or deleted under a running engine: it ends, and the next is where they are."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from lsfs.errors import NotFound
from lsfs_syscalls.lifecycle import down
from tests.syscalls.endtoend.conftest import Served, serve


@pytest.fixture
def own(tmp_path: Path) -> Served:
    (tmp_path / "root").mkdir()
    one = serve(tmp_path / "root")
    one.write("a.txt", "walrus")
    one.settle()
    return one


def gone(pid: int) -> bool:
    """Wait until a process is gone; False where it stays."""
    until = time.monotonic() + 30.0
    while time.monotonic() < until:
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:  # it was started from this process
                return True
        except ChildProcessError:
            if not os.path.exists(f"/proc/{pid}"):
                return True
        time.sleep(0.05)
    return False


def test_a_root_that_was_moved_is_served_where_it_is(own: Served, tmp_path: Path) -> None:
    pid = own.client.status()["pid"]
    (tmp_path / "root").rename(tmp_path / "moved")
    assert gone(pid)
    moved = Served(tmp_path / "moved", own.environ)
    moved.write("b.txt", "penguin")
    moved.settle()
    assert moved.client.status()["root"] == str(tmp_path / "moved")
    assert moved.call("retrieve", query="penguin")["files"][0]["path"] == "b.txt"
    assert moved.call("history", path="a.txt")["versions"]
    down(moved.client)


def test_a_stopped_engine_is_not_waited_for(own: Served) -> None:
    pid = own.client.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        for words in (["status"], ["retrieve", "walrus"], ["down"]):
            done = own.lsfs(*words)
            assert done.returncode == 2
            assert f"kill -CONT {pid}" in done.stderr
    finally:
        os.kill(pid, signal.SIGCONT)
    assert own.client.status()["pid"] == pid
    down(own.client)


def test_vectors_that_were_lost_are_made_again_at_the_next_start(own: Served) -> None:
    own.settle(vectors=True)
    down(own.client)
    for file in (own.root / ".lsfs/vectors").iterdir():
        file.unlink()
    again = serve(own.root)
    again.settle(vectors=True)
    assert again.call("retrieve", query="tusked animal of the arctic", mode="semantic")["files"]
    down(again.client)


def test_a_root_that_was_deleted_leaves_no_engine_behind(own: Served, tmp_path: Path) -> None:
    pid = own.client.status()["pid"]
    shutil.rmtree(tmp_path / "root")
    assert gone(pid)


def test_an_engine_whose_state_was_deleted_makes_room_for_a_new_one(own: Served) -> None:
    pid = own.client.status()["pid"]
    shutil.rmtree(own.root / ".lsfs", ignore_errors=True)
    assert gone(pid)
    with pytest.raises(NotFound):
        own.client.status()
    again = serve(own.root)
    again.settle()
    assert again.call("retrieve", query="walrus")["files"]
    down(again.client)
