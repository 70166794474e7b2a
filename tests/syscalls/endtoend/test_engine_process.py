"""The engine process: one a root, started on demand, killed at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from lsfs.engine.lock import is_locked
from lsfs.errors import BadRequest, Conflict, Lost, LsfsError, NotFound, Unavailable
from lsfs.wire.http import is_served
from lsfs_syscalls.connect import Client
from lsfs_syscalls.lifecycle import down, up
from tests.lsfs.capture.journal import Mount
from tests.lsfs.store_rig import Rig, p
from tests.syscalls.endtoend.conftest import Served, serve


def test_a_second_up_joins_the_engine_that_runs(own: Served) -> None:
    first = own.client.status()["pid"]
    again = up(str(own.root), None, state=None, environ=own.environ)
    assert again["pid"] == first
    assert again["started"] is False


def test_after_kill_nine_the_next_command_starts_it_and_nothing_is_missed(own: Served) -> None:
    own.write("a.txt", "before")
    own.settle()
    os.kill(own.client.status()["pid"], signal.SIGKILL)
    own.write("a.txt", "while it was down")
    own.write("b.txt", "new while it was down")
    own.settle()
    assert own.call("read", path="a.txt")["content"] == "while it was down"
    assert own.call("read", path="a.txt", version=1)["content"] == "before"
    assert own.call("retrieve", keywords=["new"])["files"][0]["path"] == "b.txt"


def test_down_ends_it_and_status_does_not_start_it(own: Served) -> None:
    assert own.lsfs("down").returncode == 0
    assert not is_locked(own.root / ".lsfs")
    done = own.lsfs("status")
    assert done.returncode == 1
    assert not is_locked(own.root / ".lsfs")


def test_an_engine_that_a_mount_began_serves_nothing_once_the_mount_is_gone(own: Served) -> None:
    assert own.lsfs("down").returncode == 0
    command = [sys.executable, "-m", "lsfs_syscalls.daemon.main", "--root", str(own.root), "--for-mount", "999999999"]
    begun = subprocess.run(command, env={**os.environ, **own.environ}, capture_output=True, text=True, timeout=60, check=False)
    assert begun.returncode == 0, begun.stderr
    assert "serving" not in begun.stderr
    assert not is_locked(own.root / ".lsfs")


def test_check_makes_the_catalogue_again_from_the_packs_alone(own: Served) -> None:
    for text in ("one", "two"):
        own.write("a.txt", text)
        own.settle()
    gone = own.call("delete", path="a.txt")
    refused = own.lsfs("check", "--rebuild")
    assert refused.returncode == 2
    assert "lsfs down" in refused.stderr
    down(own.client)
    (own.root / ".lsfs" / "catalogue.db").write_bytes(b"this is no database" * 1000)
    done = own.lsfs("check", "--rebuild")
    assert done.returncode == 0, done.stderr
    own.settle()
    assert [v["deleted"] for v in own.call("history", path="a.txt")["versions"]] == [True, False, False]
    assert own.call("read", path="a.txt", version=1)["content"] == "one"
    own.call("undo", transaction=gone["transaction"])
    assert (own.root / "a.txt").read_text() == "two"


def test_the_users_files_are_there_without_us(own: Served) -> None:
    own.call("write", path="d/a.txt", content="plain")
    down(own.client)
    subprocess.run(["rm", "-r", str(own.root / ".lsfs")], check=True)
    assert (own.root / "d/a.txt").read_text() == "plain"


def test_a_file_that_cannot_be_read_is_named_and_stops_nothing(own: Served) -> None:
    own.write("broken.pdf", "%PDF-1.4 this is no pdf")
    own.write("good.txt", "a good file")
    own.settle()
    status = own.client.status()
    assert [s["path"] for s in status["skipped"]] == ["broken.pdf"]
    assert own.call("read", path="broken.pdf")["size"] > 0
    assert own.call("retrieve", keywords=["good"])["files"][0]["path"] == "good.txt"


@pytest.mark.parametrize("root", ["/etc", "/nonexistent/dir"])
def test_up_refuses_what_is_no_root(root: str, tmp_path: Path) -> None:
    with pytest.raises((BadRequest, NotFound)):
        up(root, None, state=None, environ={"XDG_CONFIG_HOME": str(tmp_path)})


def test_a_command_outside_of_any_root_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lsfs_syscalls.cli.main", "log"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "LSFS_ROOT": ""}, check=False
    )
    assert done.returncode == 2
    assert "lsfs up DIR" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_of_the_state_is_told_and_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), "LSFS_ROOT": ""}
    up(str(root), None, state=str(small_disk / "state"), environ=environ)
    client = Client.find(root=str(root), state=str(small_disk / "state"), environ=environ)
    try:
        assert client.wait(60.0, vectors=False)
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb") as f:
            while True:
                f.write(os.urandom(1 << 16))
                f.flush()
        (root / "late.txt").write_text("written while the disk was full")
        client.wait(3.0, vectors=False)
        told = client.status()
        assert told["degraded"] or told["pending"]
        filler.unlink()
        assert client.wait(60.0, vectors=False)
        assert client.call("read", {"path": "late.txt"})["content"] == "written while the disk was full"
        assert not client.status()["degraded"]
    finally:
        with suppress(LsfsError):
            down(client)


def test_a_file_over_the_size_limit_is_named_in_status_and_still_versioned(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "config" / "lsfs").mkdir(parents=True)
    (tmp_path / "config" / "lsfs" / "config.toml").write_text("[index]\nmax_text_bytes = 1000\n")
    (root / "huge.txt").write_text("many words " * 1000)
    (root / "small.txt").write_text("few words")
    served = serve(root)
    try:
        served.settle()
        (skipped,) = served.client.status()["skipped"]
        assert skipped["path"] == "huge.txt"
        assert served.call("read", path="huge.txt", version=1)["size"] == 11_000
        served.write("huge.txt", "other words " * 1000)
        served.settle()
        assert served.call("history", path="huge.txt")["versions"][0]["version"] == 2
    finally:
        down(served.client)


def test_a_binary_and_an_empty_file_are_recorded_and_found_by_name(own: Served) -> None:
    (own.root / "picture.bin").write_bytes(bytes(range(256)) * 40)
    own.write("empty.txt", "")
    own.settle()
    assert own.call("read", path="picture.bin")["encoding"] == "base64"
    assert own.call("read", path="empty.txt")["content"] == ""
    assert [f["path"] for f in own.call("retrieve", name="*.bin")["files"]] == ["picture.bin"]
    assert own.client.status()["missed"] == []


def test_a_mount_point_where_something_is_mounted_is_refused(own: Served, small_disk: Path) -> None:
    with pytest.raises(Conflict, match="something is mounted"):
        up(str(own.root), str(small_disk), state=None, environ=own.environ)


def test_gc_shows_what_it_would_remove_and_keeps_what_is_pinned(own: Served) -> None:
    for number in range(3):
        own.write("a.txt", f"text {number}")
        own.settle()
    done = own.lsfs("gc", "--dry-run")
    assert done.returncode == 0
    assert "lose their content" in done.stderr
    assert len(own.call("history", path="a.txt")["versions"]) == 3


def test_undo_with_keep_mine_leaves_what_changed_since(own: Served) -> None:
    for name in ("a.txt", "b.txt"):
        own.write(name, "one")
    own.settle()
    step = {"syscall": "write", "args": {"path": "a.txt", "content": "two"}}
    other = {"syscall": "write", "args": {"path": "b.txt", "content": "two"}}
    own.client.plan({"prompt": "both", "steps": [step, other]}, consent=True)
    own.write("a.txt", "three, mine")
    own.settle()
    assert own.lsfs("undo", "--yes").returncode == 2
    done = own.lsfs("undo", "--yes", "--keep-mine")
    assert done.returncode == 0, done.stderr
    assert (own.root / "a.txt").read_text() == "three, mine"
    assert (own.root / "b.txt").read_text() == "one"


def test_a_change_over_which_the_engine_is_killed_is_never_done_twice(own: Served) -> None:
    file = own.write("a.txt", "")
    own.settle()
    before = 0
    for delay in range(4):
        pid = own.client.status()["pid"]
        killer = threading.Timer(0.005 * delay, os.kill, (pid, signal.SIGKILL))
        killer.start()
        with suppress(Lost):
            own.call("write", path="a.txt", content="+", mode="append")
        killer.join()
        own.settle()  # a new engine takes back what was cut off
        now = len(file.read_text())
        assert now - before in (0, 1)
        before = now


def test_a_question_over_which_the_engine_is_killed_is_asked_again(own: Served) -> None:
    own.write("a.txt", "text")
    own.settle()
    pid = own.client.status()["pid"]
    killer = threading.Timer(0.5, os.kill, (pid, signal.SIGKILL))
    with (own.root / "busy.txt").open("w") as f:
        f.write("keeps the engine waiting")
        killer.start()
        assert own.client.wait(60.0, vectors=True)
    killer.join()
    own.settle()
    assert own.client.status()["pid"] != pid


def test_many_ups_at_once_come_to_one_engine(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), "LSFS_ROOT": ""}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: up(str(root), None, state=None, environ=environ), range(4)))
    assert len({a["pid"] for a in answers}) == 1
    down(Client.find(root=str(root), state=None, environ=environ))


def test_up_while_the_engine_is_ending_starts_a_new_one(own: Served) -> None:
    pid = own.client.status()["pid"]
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 20.0
    while is_served(own.client.home.socket) and time.monotonic() < until:
        time.sleep(0.001)
    assert up(str(own.root), None, state=None, environ=own.environ)["pid"] != pid
    assert own.client.status()["pid"] != pid


def test_a_copied_root_is_a_root_of_its_own(own: Served, tmp_path: Path) -> None:
    own.write("a.txt", "the original")
    own.settle()
    subprocess.run(["cp", "-a", str(own.root), str(tmp_path / "copy")], check=True)
    copy = serve(tmp_path / "copy")
    try:
        copy.call("delete", path="a.txt")
        assert own.call("read", path="a.txt")["content"] == "the original"
        assert own.client.status()["root"] == str(own.root)
        assert copy.client.status()["root"] == str(copy.root)
    finally:
        down(copy.client)


def test_a_second_state_for_a_root_that_is_served_is_refused(own: Served, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="an engine with another state"):
        up(str(own.root), None, state=str(tmp_path / "state"), environ=own.environ)


def test_what_the_mount_journaled_after_a_crash_is_read_before_the_transaction_is_taken_back(own: Served) -> None:
    own.write("a.txt", "one")
    own.settle()
    down(own.client)
    rig = Rig(own.root, own.root / ".lsfs")
    rig.changes.begin(actor="user", prompt="cut off").write(p("a.txt"), b"by lsfs")
    rig.close()
    mount = Mount(rig)
    mount.before("a.txt")
    mount.close("a.txt", "by a program")
    mount.journal.close()
    mount.spool.close()
    own.settle()
    status = own.client.status()
    assert status["missed"] == []
    assert "cut off" in status["recovered"][0]
    versions = own.call("history", path="a.txt")["versions"]
    texts = [own.call("read", path="a.txt", version=v["version"])["content"] for v in reversed(versions)]
    assert texts == ["one", "by lsfs", "by a program"]
    assert versions[0]["actor"] == "program"
    assert (own.root / "a.txt").read_text() == "by a program"


def test_a_state_elsewhere_says_which_root_it_is_of(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/a.txt").write_text("a")
    environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), "LSFS_ROOT": ""}
    up(str(tmp_path / "root"), None, state=str(tmp_path / "state"), environ=environ)
    client = Client.find(root=None, state=str(tmp_path / "state"), environ=environ)
    try:
        assert client.status()["root"] == str(tmp_path / "root")
        assert client.call("read", {"path": "a.txt"})["content"] == "a"
    finally:
        down(client)
