"""What programs write through a mount, and how they save it, is in the history: every close, in its order."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from lsfs.errors import LsfsError
from lsfs_syscalls.lifecycle import down, up
from tests.syscalls.endtoend.mounted import Mounted, contents, driver, fresh, mounted_at, shared

__all__ = ["driver", "fresh", "shared"]

pytestmark = pytest.mark.fuse


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
    os.pwrite(again, b"LATE", 0)
    os.close(again)
    os.close(held)
    fresh.served.settle()
    assert contents(fresh, "gone.txt") == ["ORIGINAL", "LATEINAL"]
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


def asking_for_room(pid: int) -> int:
    """Return how many threads of a process are in statfs(2)."""
    number = {"x86_64": b"137 ", "aarch64": b"43 "}[platform.machine()]
    return sum(task.read_bytes().startswith(number) for task in Path(f"/proc/{pid}/task").glob("*/syscall"))


def test_waiting_for_a_mount_that_hangs_ends_in_time_and_says_so(fresh: Mounted) -> None:
    status = fresh.served.client.status()
    [mount] = status["mounts"]
    os.kill(mount["pid"], signal.SIGSTOP)
    try:
        assert not fresh.served.client.wait(1.0)
        began = time.monotonic()
        assert not any(fresh.served.client.wait(1.0) for _ in range(4))
        assert time.monotonic() - began < 10.0
        assert asking_for_room(status["pid"]) == 1, "one thread asks the mount, however often it is waited for"
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


def where_else(m: Mounted, backup: str) -> str:
    """Say what the history of a backup name has, where there is one."""
    with suppress(LsfsError):
        return f"the history of {backup}: {contents(m, backup)}; {m.served.call('history', path=backup)}"
    return f"{backup} has no history"


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
    assert [text for text in texts if text not in history] == [], where_else(shared, f"{folder}/a.txt~")
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
