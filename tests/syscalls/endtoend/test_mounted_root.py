"""A real engine and a real kernel mount together: what a user sees in a normal shell."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from lsfs.errors import BadRequest, Conflict, LsfsError
from lsfs_syscalls.lifecycle import down, up
from tests.syscalls.endtoend.conftest import Served, eventually

pytestmark = pytest.mark.fuse


@dataclass(frozen=True, slots=True)
class Mounted:
    """A root and its mount."""

    served: Served
    mount: Path

    def sh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the mount."""
        return subprocess.run(["sh", "-c", command], cwd=self.mount, capture_output=True, text=True, timeout=60, check=False)


def mounted_at(base: Path, mountpoint: Path, root: Path, driver: str = "auto", **more: str) -> Mounted:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("LSFS_")} | {"XDG_CONFIG_HOME": str(base / "config")}
    environ |= {"LSFS_MOUNT_DRIVER": driver} | more
    up(str(root), str(mountpoint), state=None, environ=environ)
    return Mounted(Served(root, environ), mountpoint)


@pytest.fixture
def driver() -> str:
    """How to mount; a test may say otherwise."""
    return "native"


@pytest.fixture
def fresh(tmp_path: Path, driver: str) -> Iterator[Mounted]:
    """A mount for one test."""
    (tmp_path / "root").mkdir()
    (tmp_path / "mount").mkdir()
    one = mounted_at(tmp_path, tmp_path / "mount", tmp_path / "root", driver)
    yield one
    with suppress(LsfsError):
        down(one.served.client)
    subprocess.run(["umount", "-l", str(one.mount)], capture_output=True, check=False)


@pytest.fixture(scope="module", params=["native", "mfusepy", "fusepy"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    """A mount for the tests of the module; each works in a folder of its own."""
    base = tmp_path_factory.mktemp("mounted")
    (base / "root").mkdir()
    (base / "mount").mkdir()
    one = mounted_at(base, base / "mount", base / "root", request.param)
    yield one
    with suppress(LsfsError):
        down(one.served.client)
    subprocess.run(["umount", "-l", str(one.mount)], capture_output=True, check=False)


def contents(m: Mounted, path: str) -> list[str]:
    """Return the contents of every version of a file that has one, oldest first."""
    found = m.served.call("history", path=path)["versions"]
    kept = [v["version"] for v in reversed(found) if not v["deleted"] and v.get("state") != "missed"]
    return [m.served.call("read", path=path, version=n)["content"] for n in kept]


def test_every_close_after_a_write_is_a_version(shared: Mounted) -> None:
    assert shared.sh("mkdir closes && for i in 1 2 3 4 5 6 7 8; do echo text $i > closes/a.txt; done").returncode == 0
    shared.served.settle()
    assert contents(shared, "closes/a.txt") == [f"text {i}\n" for i in range(1, 9)]


def test_what_was_there_before_the_mount_is_kept_when_it_is_first_overwritten(tmp_path: Path) -> None:
    root, mount = tmp_path / "root", tmp_path / "mount"
    root.mkdir()
    mount.mkdir()
    (root / "old.txt").write_text("from before")
    one = mounted_at(tmp_path, mount, root)
    try:
        (mount / "old.txt").write_text("overwritten at once")
        one.served.settle()
        assert contents(one, "old.txt") == ["from before", "overwritten at once"]
    finally:
        down(one.served.client)


def test_an_atomic_save_continues_the_history(shared: Mounted) -> None:
    shared.sh("mkdir atomic && echo one > atomic/a.txt")
    shared.served.settle()
    assert shared.sh("echo two > atomic/.a.tmp && mv atomic/.a.tmp atomic/a.txt").returncode == 0
    shared.served.settle()
    assert contents(shared, "atomic/a.txt") == ["one\n", "two\n"]


def test_a_file_without_a_name_that_is_opened_again_and_written_has_both_contents_in_its_history(fresh: Mounted) -> None:
    path = fresh.mount / "gone.txt"
    path.write_text("ORIGINAL")
    held = os.open(path, os.O_RDONLY)
    path.unlink()
    again = os.open(f"/proc/self/fd/{held}", os.O_RDWR)
    os.pwrite(again, b"XXXX", 0)
    os.close(again)
    os.close(held)
    fresh.served.settle()
    assert contents(fresh, "gone.txt") == ["ORIGINAL", "XXXXINAL"]
    assert fresh.served.client.status()["missed_count"] == 0


def test_waiting_covers_a_close_that_the_mount_process_was_not_served_yet(fresh: Mounted) -> None:
    [mount] = fresh.served.client.status()["mounts"]
    held = os.open(fresh.mount / "gone.txt", os.O_RDWR | os.O_CREAT | os.O_EXCL)
    (fresh.mount / "gone.txt").unlink()
    os.write(held, b"written at last")
    os.kill(mount["pid"], signal.SIGSTOP)
    try:
        os.close(held)  # of such a file the mount is told without the closer waiting for it
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(fresh.served.settle)
            time.sleep(0.5)
            os.kill(mount["pid"], signal.SIGCONT)
            waiting.result()
    finally:
        os.kill(mount["pid"], signal.SIGCONT)
    assert contents(fresh, "gone.txt") == ["written at last"]


def test_waiting_for_a_mount_that_hangs_ends_in_time_and_says_so(fresh: Mounted) -> None:
    status = fresh.served.client.status()
    [mount] = status["mounts"]
    os.kill(mount["pid"], signal.SIGSTOP)
    try:
        assert not fresh.served.client.wait(1.0)
        before = len(os.listdir(f"/proc/{status['pid']}/task"))
        began = time.monotonic()
        assert not any(fresh.served.client.wait(1.0) for _ in range(4))
        assert time.monotonic() - began < 10.0
        assert len(os.listdir(f"/proc/{status['pid']}/task")) <= before + 1
    finally:
        os.kill(mount["pid"], signal.SIGCONT)
    fresh.served.settle()


def test_a_file_without_a_name_is_kept_at_its_last_close_however_long_it_was_quiet(fresh: Mounted) -> None:
    held = []
    for name in ("one", "two"):
        held.append(os.open(fresh.mount / name, os.O_RDWR | os.O_CREAT))
        os.write(held[-1], f"what {name} wrote".encode())
        os.unlink(fresh.mount / name)
        os.close(os.dup(held[-1]))  # flushed
    time.sleep(3.5)  # they are quiet by then, and looked at
    os.close(held[0])
    later = os.open(f"/proc/self/fd/{held[1]}", os.O_RDWR)  # sees no change, and is closed last
    os.close(held[1])
    os.close(later)
    fresh.served.settle()
    assert contents(fresh, "one") == ["what one wrote"]
    assert contents(fresh, "two") == ["what two wrote"]


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


def renamed_over(path: Path, text: str) -> None:
    """Save as vim's `backupcopy=no`, emacs and most programs do: a temporary file over the name."""
    path.with_name(".tmp").write_text(text)
    path.with_name(".tmp").replace(path)


def moved_to_a_backup(path: Path, text: str) -> None:
    """Save as editors do that keep a backup: the name moves there and is written anew."""
    path.replace(path.with_name(path.name + "~"))
    path.write_text(text)


def moved_to_a_backup_for_a_moment(path: Path, text: str) -> None:
    """Save as vim does: the backup goes when all is written."""
    moved_to_a_backup(path, text)
    path.with_name(path.name + "~").unlink()


@pytest.mark.parametrize("save", [renamed_over, moved_to_a_backup, moved_to_a_backup_for_a_moment])
@pytest.mark.parametrize("paced", [False, True], ids=["without a pause", "while the engine looks"])
def test_a_burst_of_saves_is_in_the_history_of_the_name_and_none_is_missed(
    shared: Mounted, save: Callable[[Path, str], None], *, paced: bool
) -> None:
    folder = f"{save.__name__}-{paced}"
    path = shared.mount / folder / "a.txt"
    path.parent.mkdir()
    path.write_text("the first")
    shared.served.settle()
    before = shared.served.client.status()["missed_count"]
    texts = ["the first", *(f"save {n}" for n in range(60))]
    for text in texts[1:]:
        save(path, text)
        if paced:
            shared.served.client.status()
    shared.served.settle()
    history = contents(shared, f"{folder}/a.txt")
    assert [text for text in texts if text not in history] == []
    assert history[-1] == texts[-1]
    assert shared.served.client.status()["missed_count"] == before


def test_every_close_through_each_of_two_mounts_is_a_version(fresh: Mounted, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    up(str(fresh.served.root), str(tmp_path / "second"), state=None, environ=fresh.served.environ)
    try:
        for number, mount in enumerate((fresh.mount, tmp_path / "second", fresh.mount)):
            for n in range(12):
                (mount / f"f{number}.txt").write_text(f"text {n}")
            fresh.served.settle()
            assert contents(fresh, f"f{number}.txt") == [f"text {n}" for n in range(12)]
        assert os.listdir(fresh.served.root / ".lsfs/spool") == []
    finally:
        subprocess.run(["umount", "-l", str(tmp_path / "second")], capture_output=True, check=False)


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
