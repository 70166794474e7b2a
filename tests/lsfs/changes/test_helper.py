"""The process that helps with a large rollback: what it writes is right, and whatever becomes of it, nothing is missing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lsfs.capture.aside import Here
from lsfs.changes import Goal
from lsfs.changes import helper as helping
from lsfs.changes.helper import WORTH, Helper, Order
from lsfs.errors import Corrupt, Unavailable
from tests.lsfs.store_rig import Rig, p, rig

FILES = WORTH + 150
MODES = (0o644, 0o600, 0o4755, 0o000, 0o444)
OWNERS = ((0, 0), (1000, 1000), (0, 33))
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    """The helpers that were there."""
    made: list[Watched] = []

    class Noted(Watched):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr("lsfs.changes.staging.Helper", Noted)
    return made


class Watched(Helper):
    """A helper that is waited for at the start, so that it does its share on any machine, and that tells what it did."""

    spoil: Callable[[int], None] | None = None
    """Called with the process id before the first file is given to it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.written = self.left = 0
        self.process = self._process

    def wants(self) -> bool:
        if self.process is None:
            return False
        if self._process is not None and not super().wants():
            time.sleep(0.002)
        return super().wants()

    def give(self, *args: Any) -> bool:
        if self.spoil is not None and self.process is not None and not self.written + self.left:
            type(self).spoil, spoil = None, type(self).spoil
            assert spoil is not None
            spoil(self.process.pid)
        return super().give(*args)

    def finished(self, *, everything: bool = False) -> Iterator[tuple[Order, Here | None]]:
        for order, here in super().finished(everything=everything):
            self.written += here is not None
            self.left += here is None
            yield order, here


def content(n: int, when: str) -> bytes:
    """Text, what does not compress, little, and nothing."""
    kinds = (f"{when} {n} ".encode() * 300, os.urandom(3000), f"{when}{n}".encode(), b"")
    return kinds[n % 4]


def look(r: Rig) -> dict[str, tuple[int, int, int, int, bytes]]:
    out = {}
    for path in sorted((r.root / "d").rglob("f*")):
        st = path.stat()
        out[str(path)] = (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns, path.read_bytes())
    return out


def changed(r: Rig) -> tuple[int, dict[str, tuple[int, int, int, int, bytes]]]:
    """Make many files and change each; return a time between, and what there was then."""
    for n in range(FILES):
        name = f"d/s{n % 3}/f{n}"
        r.write(name, content(n, "old"))
        if AS_ROOT:
            os.chown(r.root / name, *OWNERS[n % len(OWNERS)])
        os.chmod(r.root / name, MODES[n % len(MODES)] if AS_ROOT else 0o640)
        os.utime(r.root / name, ns=(1, 1_600_000_000_000_000_001 + n))
    r.record()
    between_ns, was = r.catalogue.tick(), look(r)
    for n in range(FILES):
        name = f"d/s{n % 3}/f{n}"
        r.write(name, b"new %d" % n)
        os.chmod(r.root / name, 0o640)
    r.record()
    return between_ns, was


def back(r: Rig, between_ns: int) -> None:
    r.changes.rollback([p("d")], Goal(time_ns=between_ns), actor="user")


def fine(r: Rig) -> None:
    """Nothing is left of ours where it should not be, and the store is well."""
    names = os.listdir(r.state / "aside")
    assert all((r.state / "aside" / name).read_bytes().startswith(b"new") for name in names), "only what was replaced"
    assert r.changes.check() == []


def test_files_come_back_as_they_were_whoever_writes_them(r: Rig, helpers: list[Watched]) -> None:
    between_ns, was = changed(r)
    back(r, between_ns)
    assert look(r) == was
    assert helpers[-1].written >= 100
    assert helpers[-1].process is not None
    assert helpers[-1].process.returncode == 0
    fine(r)
    r.changes.undo()
    assert all(data == b"new %d" % int(name.rpartition("f")[2]) for name, (*_, data) in look(r).items())


def test_a_small_rollback_starts_no_process(r: Rig, helpers: list[Watched]) -> None:
    r.save("a", "old")
    r.save("a", "new")
    r.changes.rollback([p("a")], Goal(steps=1), actor="user")
    assert [h.process for h in helpers] == [None]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)


@pytest.mark.parametrize("spoil", [kill, stop])
def test_what_a_helper_does_not_write_is_written_all_the_same(
    r: Rig, helpers: list[Watched], monkeypatch: pytest.MonkeyPatch, spoil: Callable[[int], None]
) -> None:
    between_ns, was = changed(r)
    monkeypatch.setattr(helping, "PATIENCE_S", 0.2)
    monkeypatch.setattr(Watched, "spoil", staticmethod(spoil))
    back(r, between_ns)
    assert look(r) == was
    assert (helpers[-1].written, helpers[-1].left > 0) == (0, True)
    fine(r)


@pytest.mark.parametrize("python", ["/nowhere/python", "", None])
def test_without_a_helper_it_goes_on(r: Rig, monkeypatch: pytest.MonkeyPatch, python: str | None) -> None:
    between_ns, was = changed(r)
    monkeypatch.setattr(sys, "executable", python)
    back(r, between_ns)
    assert look(r) == was
    fine(r)


def test_a_helper_that_cannot_write_leaves_it_to_the_engine(
    r: Rig, helpers: list[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    between_ns, was = changed(r)
    real = subprocess.Popen

    def small(*args: Any, **more: Any) -> subprocess.Popen[bytes]:
        arguments = ["/bin/sh", "-c", 'ulimit -f 0; exec "$0" "$@"', *args[0]]
        return real(arguments, **more)

    monkeypatch.setattr(subprocess, "Popen", small)
    back(r, between_ns)
    assert look(r) == was
    assert helpers[-1].left > 0
    assert helpers[-1].written == 0
    fine(r)


def test_where_nothing_is_kept_aside_any_more_it_goes_on(
    r: Rig, helpers: list[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    between_ns, was = changed(r)
    monkeypatch.setattr(Watched, "spoil", staticmethod(lambda _: r.disk.aside.close()))
    back(r, between_ns)
    assert look(r) == was
    assert helpers[-1].process is not None
    assert r.changes.check() == []


def test_damage_is_told_as_without_a_helper(r: Rig, helpers: list[Watched]) -> None:
    between_ns, _ = changed(r)
    before = r.tree()
    packs = sorted((r.state / "packs").glob("*"))
    data = bytearray(packs[0].read_bytes())
    at = data.index(b"\x28\xb5\x2f\xfd", 4096)  # a zstd frame
    data[at + 12] ^= 0xFF
    packs[0].write_bytes(data)
    with pytest.raises((Corrupt, Unavailable), match="damaged"):
        back(r, between_ns)
    assert r.tree() == before
    assert helpers[0].process is not None
    assert helpers[0].process.poll() is not None
    assert all((r.state / "aside" / n).read_bytes().startswith(b"new") for n in os.listdir(r.state / "aside"))


def test_an_error_in_the_middle_leaves_no_process_and_no_file(r: Rig, helpers: list[Watched]) -> None:
    between_ns, _ = changed(r)
    before, count = r.tree(), [0]

    def point(name: str) -> None:
        count[0] += name == "stage"
        if count[0] == 120:
            raise OSError(5, "Input/output error")

    r.recorder.point = point
    with pytest.raises(Unavailable):
        back(r, between_ns)
    assert r.tree() == before
    assert helpers[0].process is not None
    assert helpers[0].process.poll() is not None
    assert os.listdir(r.state / "aside") == []


ROLLBACK = """
import sys
from pathlib import Path
from lsfs.changes import Goal
from tests.lsfs.store_rig import p, rig
with rig(Path(sys.argv[1])) as r:
    print("begin", flush=True)
    r.changes.rollback([p("d")], Goal(time_ns=int(sys.argv[2])), actor="user")
    print("done", flush=True)
"""


@pytest.mark.parametrize("after_ms", [20, 45, 65, 85, 110, 140])
def test_killed_at_any_moment_all_of_it_has_happened_or_nothing(tmp_path: Path, after_ms: int) -> None:
    with rig(tmp_path) as r:
        between_ns, was = changed(r)
        before = r.tree()
    arguments = [sys.executable, "-c", ROLLBACK, str(tmp_path), str(between_ns)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begin\n"
        time.sleep(after_ms / 1e3)
        process.kill()
        done = b"done" in process.stdout.read()
    with rig(tmp_path) as r:
        of_before = set(os.listdir(r.state / "aside"))
        r.changes.recover()
        assert not of_before & set(os.listdir(r.state / "aside"))
        assert look(r) == was or (r.tree() == before and not done)
        assert r.changes.check() == []
        assert not list(r.root.rglob(".*")), "nothing of ours lies between the files"
