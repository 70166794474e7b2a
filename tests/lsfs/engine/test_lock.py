"""The locks of an engine: one process a state, and one a root."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from lsfs.engine.lock import Lock, is_locked
from lsfs.errors import Conflict, Unavailable


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("root", "state", "other"):
        (tmp_path / name).mkdir()
    return tmp_path / "root"


def test_a_second_engine_is_refused_with_the_first_ones_pid(root: Path, tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "state")
    lock = Lock(tmp_path / "state", root)
    assert is_locked(tmp_path / "state")
    with pytest.raises(Conflict, match=rf"another engine process \({os.getpid()}\)"):
        Lock(tmp_path / "state", root)
    lock.release()
    assert not is_locked(tmp_path / "state")


def test_two_states_cannot_serve_one_root(root: Path, tmp_path: Path) -> None:
    first = Lock(tmp_path / "state", root)
    with pytest.raises(Conflict, match="an engine with another state"):
        Lock(tmp_path / "other", root)
    assert not is_locked(tmp_path / "other")
    first.release()
    Lock(tmp_path / "other", root).release()


def test_a_look_at_the_lock_does_not_keep_an_engine_from_it(root: Path, tmp_path: Path) -> None:
    Lock(tmp_path / "state", root).release()
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            is_locked(tmp_path / "state")

    looking = [threading.Thread(target=look) for _ in range(3)]
    for thread in looking:
        thread.start()
    try:
        for _ in range(200):
            Lock(tmp_path / "state", root).release()
    finally:
        ended.set()
        for thread in looking:
            thread.join()


def test_the_lock_says_who_holds_it_and_since_which_start_of_the_machine(root: Path, tmp_path: Path) -> None:
    lock = Lock(tmp_path / "state", root)
    pid, boot = (tmp_path / "state" / "lock").read_text().split()
    lock.release()
    assert int(pid) == os.getpid()
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_a_missing_state_is_unavailable(root: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="No such file"):
        Lock(tmp_path / "nowhere", root)
    assert not is_locked(tmp_path / "nowhere")


def test_a_moved_or_replaced_root_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "root").mkdir()
    lock = Lock(tmp_path / "state", tmp_path / "root")
    assert lock.displaced() == ""
    (tmp_path / "root").rename(tmp_path / "moved")
    assert "root is not at" in lock.displaced()
    (tmp_path / "root").mkdir()
    assert "another root is at" in lock.displaced()
    (tmp_path / "state" / "lock").unlink()
    assert "state is not at" in lock.displaced()
    lock.release()
