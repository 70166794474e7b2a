"""Undo and rollback under attack: the engine killed in the middle, two at once, a program writing the same files meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lsfs.errors import Conflict, LsfsError, NotFound
from lsfs_syscalls.lifecycle import down
from tests.syscalls.endtoend.conftest import Served, eventually
from tests.syscalls.endtoend.mounted import Mounted, contents, mounted_at


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mounted]:
    """An engine and a mount for one test."""
    for name in ("root", "mount"):
        (tmp_path / name).mkdir()
    one = mounted_at(tmp_path, tmp_path / "mount", tmp_path / "root")
    yield one
    with suppress(LsfsError):
        down(one.served.client)
    subprocess.run(["umount", "-l", str(one.mount)], capture_output=True, check=False)


Tree = dict[str, str]


def tree(root: Path) -> Tree:
    """Return the user's files below `work`; of a folder the name only."""
    found = (path for path in root.rglob("*") if path.relative_to(root).parts[0] != ".lsfs")
    return {str(p.relative_to(root)): p.read_text() if p.is_file() else "" for p in found}


def fill(own: Served, count: int) -> None:
    for n in range(count):
        own.write(f"work/{n % 10}/{n:04}.txt", f"one of {n}, " * (n % 5 + 1))
    own.settle()
    own.call("snapshot", name="whole")


def rewrite(own: Served, count: int) -> None:
    for n in range(count):
        own.write(f"work/{n % 10}/{n:04}.txt", f"two of {n}")
    own.settle()


def delete(own: Served, count: int) -> None:
    del count
    own.call("delete", path="work")


def undo(own: Served) -> None:
    own.call("undo")


def rollback(own: Served) -> None:
    own.call("rollback", path="work", snapshot="whole")


def changed_by(root: Path, before: Tree) -> int:
    """Return how many paths are not as they were, those under temporary names included."""
    now: set[str] = set()
    with suppress(OSError):
        now = {str(p.relative_to(root)) for p in root.rglob("*") if p.relative_to(root).parts[0] != ".lsfs"}
    texts = 0
    for name, text in before.items():
        with suppress(OSError):
            texts += bool(text) and (root / name).read_text() != text
    return len(now ^ set(before)) + texts


def killed_in_the_middle(own: Served, do: Callable[[Served], None], before: Tree, changed: int) -> None:
    """Begin something, and kill the engine with SIGKILL when so many paths have changed (or it has ended)."""
    pid = own.client.status()["pid"]
    said: list[BaseException | None] = []

    def run() -> None:
        try:
            do(own)
        except (LsfsError, OSError) as e:
            said.append(e)
        else:
            said.append(None)

    thread = threading.Thread(target=run)
    thread.start()
    assert eventually(lambda: bool(said) or changed_by(own.root, before) >= changed, 60.0)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    thread.join(120)
    assert not thread.is_alive()


def all_or_nothing(own: Served, do: Callable[[Served], None], before: Tree, after: Tree) -> None:
    """After the next start the tree is as before or as after; in the end it is as after, and nothing is lost."""
    own.settle()
    now = tree(own.root)
    assert now in (before, after), f"{len(now)} of {len(before)} or {len(after)}"
    status = own.client.status()
    assert status["missed"] == []
    if now == before:
        do(own)
        own.settle()
    assert tree(own.root) == after
    report = own.client.request("POST", "/check", {"repair": False, "sample": 1.0}, timeout_s=100.0)
    assert report["damage"] == []


ATTACKS = {"undo of a delete": (delete, undo), "rollback of edits": (rewrite, rollback)}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_engine_killed_in_the_middle_of_it_leaves_all_or_nothing(own: Served, attack: str) -> None:
    spoil, do = ATTACKS[attack]
    fill(own, 120)
    after = tree(own.root)
    spoil(own, 120)
    before = tree(own.root)
    killed_in_the_middle(own, do, before, 40)
    all_or_nothing(own, do, before, after)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.7, 0.98])
def test_the_engine_killed_anywhere_in_a_thousand_files_leaves_all_or_nothing(own: Served, attack: str, share: float) -> None:
    spoil, do = ATTACKS[attack]
    fill(own, 1000)
    after = tree(own.root)
    spoil(own, 1000)
    before = tree(own.root)
    killed_in_the_middle(own, do, before, int(share * 1000) + 1)
    all_or_nothing(own, do, before, after)


def at_once(own: Served, *commands: tuple[str, ...]) -> list[int]:
    """Run command lines at the same time; return their exit statuses."""
    words = [[sys.executable, "-m", "lsfs_syscalls.cli.main", *c] for c in commands]
    running = [subprocess.Popen(w, cwd=own.root, env=own.environ, stdout=-3, stderr=-3) for w in words]
    return [p.wait(100) for p in running]


def test_two_undos_of_one_transaction_at_once_are_one(own: Served) -> None:
    fill(own, 60)
    after = tree(own.root)
    gone = own.call("delete", path="work")["transaction"]
    command = ("undo", str(gone), "--yes")
    assert sorted(bool(status) for status in at_once(own, command, command)) == [False, True]
    assert tree(own.root) == after
    kinds = [t["undone_by"] for t in own.call("log")["transactions"] if t["transaction"] == gone]
    assert len(kinds) == 1


def test_two_undos_at_once_take_back_one_transaction_each_or_one_is_refused(own: Served) -> None:
    own.write("a.txt", "one")
    own.settle()
    states = ["one", "two", "three"]
    for text in states[1:]:
        own.call("write", path="a.txt", content=text)
    statuses = at_once(own, ("undo", "--yes"), ("undo", "--yes"))
    done = statuses.count(0)
    assert done in (1, 2)
    assert (own.root / "a.txt").read_text() == states[2 - done]
    own.settle()
    assert own.client.status()["missed"] == []
    for _ in range(2 - done):
        own.call("undo")
    assert (own.root / "a.txt").read_text() == "one"


@pytest.mark.fuse
def test_undo_while_a_program_writes_the_same_files_loses_no_version_unsaid(mounted: Mounted) -> None:
    own = mounted.served
    names = [f"f{n}.txt" for n in range(4)]
    for name in names:
        own.call("write", path=name, content="made by lsfs")
    step = [{"syscall": "write", "args": {"path": n, "content": "changed by lsfs"}} for n in names]
    changed = own.client.plan({"prompt": "change them", "steps": step}, consent=True)[-1]["transaction"]
    written: dict[str, list[str]] = {n: [] for n in names}
    turns = threading.Semaphore(0)  # bounds how much is written, as each version of it is read afterwards

    def write() -> None:
        for number in range(15 * 24):
            turns.acquire()
            with suppress(PermissionError):
                (mounted.mount / names[number % 4]).write_text(f"program {number}")
                written[names[number % 4]].append(f"program {number}")

    program = threading.Thread(target=write)
    program.start()
    refused = 0
    for _ in range(15):
        turns.release(24)
        try:
            own.client.call("undo", {"transaction": changed, "conflict": "force"}, consent=True)
        except (Conflict, NotFound):
            refused += 1
        else:
            changed = next(t["transaction"] for t in own.call("log")["transactions"] if t["actor"] == "user")
    program.join(60)
    own.settle()
    missed = own.client.status()["missed_count"]
    lost = []
    for name in names:
        history = contents(mounted, name)
        lost += [text for text in written[name] if text not in history]
        assert (mounted.mount / name).read_text() == history[-1]
    assert len(lost) <= missed, f"{len(lost)} of {sum(map(len, written.values()))}; {missed} said, {refused} undos refused"
    assert own.client.request("POST", "/check", {"repair": False, "sample": 1.0})["damage"] == []
