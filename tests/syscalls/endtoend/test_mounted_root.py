"""A real engine and a real kernel mount together: what a user sees in a normal shell."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from lsfs.errors import BadRequest, Conflict, LsfsError
from lsfs_syscalls.lifecycle import down, up
from tests.syscalls.endtoend.conftest import eventually
from tests.syscalls.endtoend.mounted import Mounted, contents, driver, fresh, mounted_at, shared

__all__ = ["driver", "fresh", "shared"]

pytestmark = pytest.mark.fuse


def lists(folder: Path, count: int) -> bool:
    return len(os.listdir(folder)) == count


def test_the_links_of_every_virtual_folder_lead_to_files_whatever_these_are_called(fresh: Mounted) -> None:
    names = [b"plain.txt", b"latin\xe9.txt", b"line\nbreak.txt", b"back\\slash.txt", b"caf\\xe9.txt"]
    for name in names:
        (fresh.mount / os.fsdecode(name)).write_text("walrus")
    fresh.served.settle()
    for folder in ("attr/type/txt", "group/type/txt", "search/walrus"):
        where = fresh.mount / ".lsfs" / folder
        assert eventually(partial(lists, where, 1 + len(names))), folder  # a listing answers in time with what it has by then
        links = [p for p in where.iterdir() if p.is_symlink()]
        assert sorted(os.fsencode(os.path.realpath(p).rpartition("/")[2]) for p in links) == sorted(names), folder
        assert {p.read_text() for p in links} == {"walrus"}


def test_a_file_deleted_through_the_mount_comes_back_with_undo_since(shared: Mounted) -> None:
    shared.sh("mkdir gone && echo precious > gone/a.txt")
    shared.served.settle()
    shared.sh("rm -r gone")
    shared.served.settle()
    shared.served.call("rollback", path="gone/a.txt")
    assert (shared.mount / "gone/a.txt").read_text() == "precious\n"


def test_a_new_file_is_found_by_its_words_in_a_search_folder(shared: Mounted) -> None:
    shared.sh("mkdir found && echo 'the platypus lays eggs' > found/p.txt")
    shared.served.settle()
    assert eventually(lambda: "01 p.txt" in shared.sh("ls .lsfs/search/platypus/").stdout)
    assert "the platypus lays eggs" in shared.sh("cat .lsfs/search/platypus/*p.txt").stdout


def test_the_semantic_folder_is_reachable_and_not_listed(shared: Mounted) -> None:
    assert ".lsfs" not in os.listdir(shared.mount)
    assert {"search", "at", "history", "README.md"} <= set(os.listdir(shared.mount / ".lsfs"))
    assert "catalogue.db" not in os.listdir(shared.mount / ".lsfs")
    assert shared.sh("find . -name '*.md' -path '*lsfs*'").stdout == ""


def test_the_past_is_a_folder(shared: Mounted) -> None:
    shared.sh("mkdir past && echo one > past/a.txt")
    shared.served.settle()
    shared.sh("echo two > past/a.txt")
    shared.served.settle()
    versions = sorted(os.listdir(shared.mount / ".lsfs/history/past/a.txt"))
    assert [v[:4] for v in versions] == ["0001", "0002"]
    assert "2 versions of past/a.txt" in (shared.mount / ".lsfs/history/past/a.txt/README.md").read_text()
    assert (shared.mount / ".lsfs/history/past/a.txt" / versions[0]).read_text() == "one\n"
    with pytest.raises(OSError, match="Read-only"):
        (shared.mount / ".lsfs/history/past/a.txt" / versions[0]).write_text("no")


def test_a_changing_prompt_in_ask_is_refused_with_the_reason(shared: Mounted) -> None:
    shared.sh("mkdir asked && echo x > asked/a.txt")
    shared.served.settle()
    told = (shared.mount / ".lsfs/ask/delete asked∕a.txt/README.md").read_text()
    assert (shared.mount / "asked/a.txt").exists()
    assert told.strip()


def test_a_rollback_is_seen_at_once_by_a_program_that_holds_the_file_open(shared: Mounted) -> None:
    shared.sh("mkdir held && echo one > held/a.txt")
    shared.served.settle()
    shared.sh("echo two, longer > held/a.txt")
    shared.served.settle()
    path = shared.mount / "held/a.txt"
    assert path.read_text() == "two, longer\n"
    shared.served.call("rollback", path="held/a.txt", steps=1)
    assert path.read_text() == "one\n"


def test_a_locked_file_cannot_be_written_through_the_mount(shared: Mounted) -> None:
    shared.sh("mkdir locked && echo x > locked/a.txt")
    shared.served.settle()
    shared.served.call("lock", path="locked/a.txt")
    with pytest.raises(PermissionError):
        (shared.mount / "locked/a.txt").write_text("no")
    shared.served.call("unlock", path="locked/a.txt")
    (shared.mount / "locked/a.txt").write_text("yes")


def test_a_call_on_a_file_that_a_program_writes_is_a_conflict(shared: Mounted) -> None:
    shared.sh("mkdir busy && echo x > busy/a.txt")
    shared.served.settle()
    with (shared.mount / "busy/a.txt").open("a") as f:
        f.write("more")
        f.flush()
        with pytest.raises(Conflict) as caught:
            shared.served.call("write", path="busy/a.txt", content="other")
    assert caught.value.paths == ["busy/a.txt"]


def test_git_tar_and_cp_work_in_the_mount(shared: Mounted) -> None:
    commands = (
        "mkdir work && cd work && git init -q . && echo a > a && git add a",
        "git -c user.name=a -c user.email=a@b commit -qm x && git fsck --no-progress && cd ..",
        "cp -a work copy && tar cf work.tar work && mkdir out && tar xf work.tar -C out",
        "diff -r work copy && diff -r work out/work && rm -rf copy out work.tar",
    )
    done = shared.sh(" && ".join(commands))
    assert done.returncode == 0, done.stderr


def test_files_go_on_when_the_engine_is_killed_and_it_comes_back_and_misses_nothing(fresh: Mounted) -> None:
    fresh.sh("echo one > a.txt")
    fresh.served.settle()
    pid = fresh.served.client.status()["pid"]
    os.kill(pid, signal.SIGKILL)
    for text in ("two", "three"):
        (fresh.mount / "a.txt").write_text(text)
    assert (fresh.mount / "a.txt").read_text() == "three"

    def is_back() -> bool:
        with suppress(LsfsError):
            return bool(fresh.served.client.request("GET", "/status", start=False)["pid"] != pid)
        return False

    assert eventually(is_back)
    fresh.served.settle()
    assert contents(fresh, "a.txt") == ["one\n", "two", "three"]
    assert not fresh.served.client.status()["missed"]


@pytest.mark.parametrize("driver", ["native", "portable"])
def test_after_kill_nine_of_the_mount_up_mounts_it_again_and_misses_nothing(fresh: Mounted) -> None:
    fresh.sh("echo one > a.txt")
    fresh.served.settle()
    (mount,) = fresh.served.client.status()["mounts"]
    os.kill(mount["pid"], signal.SIGKILL)
    assert eventually(
        lambda: not os.path.exists(f"/proc/{mount['pid']}") or "Z" in Path(f"/proc/{mount['pid']}/stat").read_text()
    )
    (fresh.served.root / "a.txt").write_text("two, behind the dead mount")
    up(str(fresh.served.root), str(fresh.mount), state=None, environ=fresh.served.environ)
    assert (fresh.mount / "a.txt").read_text() == "two, behind the dead mount"
    fresh.served.settle()
    assert contents(fresh, "a.txt") == ["one\n", "two, behind the dead mount"]


@pytest.mark.parametrize("driver", ["native", "portable"])
def answers(folder: Path) -> bool:
    try:
        folder.stat()
    except OSError:
        return False
    return True


def test_down_leaves_nothing_mounted(fresh: Mounted) -> None:
    down(fresh.served.client)
    assert not os.path.ismount(fresh.mount)
    assert os.listdir(fresh.mount) == []


def test_a_busy_mount_is_detached_and_said_so(fresh: Mounted) -> None:
    fresh.sh("echo x > a.txt")
    with (fresh.mount / "a.txt").open() as held:
        said = down(fresh.served.client)["said"]
        assert any("still used" in s or "busy" in s or "lazily" in s for s in said)
        assert not os.path.ismount(fresh.mount)
        assert held.read() in ("x\n", "")


def test_a_mount_that_died_a_while_ago_is_no_hindrance_to_the_next_one(fresh: Mounted) -> None:
    (mount,) = fresh.served.client.status()["mounts"]
    os.kill(mount["pid"], signal.SIGKILL)
    assert eventually(lambda: not answers(fresh.mount)), "the kernel remembers for a second that it is a folder"
    fresh.served.client.request("POST", "/mount", {"mountpoint": str(fresh.mount)})
    assert fresh.sh("echo x > a.txt").returncode == 0


def test_a_mount_point_that_is_not_empty_is_refused(fresh: Mounted, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(BadRequest, match="not empty"):
        up(str(fresh.served.root), str(tmp_path / "full"), state=None, environ=fresh.served.environ)


def test_status_tells_the_driver(shared: Mounted, request: pytest.FixtureRequest) -> None:
    (mount,) = shared.served.client.status()["mounts"]
    wanted = request.node.callspec.params["shared"]
    assert mount["driver"].startswith("native" if wanted == "native" else f"portable ({wanted}, libfuse ")
    assert f"{shared.mount}: {mount['driver']}" in shared.served.lsfs("status").stdout


@pytest.mark.parametrize("where", ["/", "/boot", "/etc/lsfs-test/made"])
def test_a_directory_of_the_system_is_no_mount_point(shared: Mounted, where: str) -> None:
    with pytest.raises(BadRequest, match="belongs to the system"):
        up(str(shared.served.root), where, state=None, environ=shared.served.environ)
    assert not Path("/etc/lsfs-test").exists()


def test_the_mount_point_may_lie_inside_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (root / "a.txt").write_text("x")
    one = mounted_at(tmp_path, root / "inside", root)
    try:
        assert os.listdir(one.mount) == ["a.txt"]
        one.served.settle()
        assert [f["path"] for f in one.served.call("list", recursive=True)["files"]] == ["a.txt", "inside"]
    finally:
        down(one.served.client)


def test_the_root_can_be_mounted_over_itself(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_text("one")
    one = mounted_at(tmp_path, root, root)
    try:
        assert os.path.ismount(root)
        (root / "a.txt").write_text("two")
        assert "catalogue.db" not in os.listdir(root / ".lsfs")
        done = one.served.lsfs("wait", "--timeout", "60")
        assert done.returncode == 0, done.stderr
        assert [v["version"] for v in one.served.json("history", "a.txt")["versions"]] == [2, 1]
        assert [f["path"] for f in one.served.json("list", "--recursive")["files"]] == ["a.txt"]
    finally:
        said = one.served.lsfs("down")
        if said.returncode:
            subprocess.run(["umount", "-l", str(root)], capture_output=True, check=False)
    assert said.returncode == 0, said.stderr
    assert not os.path.ismount(root)
    assert (root / "a.txt").read_text() == "two"
