"""A disk that fills up in the middle of an undo, a rollback, a copy, a write: nothing is half done, nothing is lost."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lsfs.changes import Goal
from lsfs.errors import LsfsError, Unavailable
from tests.faults.disk import Fault, FaultyIO
from tests.lsfs.store_rig import Rig, p

FILES = 40
SIZE = 100_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(SIZE)


def prepare(r: Rig) -> None:
    """Make a folder with two states in its history."""
    for n in range(FILES):
        r.write(f"d/{n:02}", noise(n))
    r.record()
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("d"))


def fill(disk: Path, *, leave: int) -> Path:
    """Fill the disk but for so many bytes."""
    filler = disk / "filler"
    st = os.statvfs(disk)
    free = st.f_bavail * st.f_frsize
    with filler.open("wb") as f:
        os.posix_fallocate(f.fileno(), 0, max(free - leave, 1))
    return filler


def undo(r: Rig) -> None:
    r.changes.undo()


def rollback(r: Rig) -> None:
    r.changes.rollback([p("d")], Goal(steps=1), actor="user")


def copy(r: Rig) -> None:
    with r.changes.begin(actor="user") as tx:
        tx.copy(p("kept"), p("copies"))


def write(r: Rig) -> None:
    with r.changes.begin(actor="user") as tx:
        for n in range(FILES):
            tx.write(p(f"new/{n:02}"), noise(1000 + n))


@pytest.mark.parametrize("do", [undo, rollback, copy, write])
@pytest.mark.parametrize("together", [True, False], ids=["root-and-state-on-it", "root-on-it"])
def test_what_finds_no_room_is_taken_back_and_goes_on_when_there_is_room(
    tmp_path: Path, disk: Path, do: Callable[[Rig], None], together: bool
) -> None:
    r = Rig(disk / "root", (disk if together else tmp_path) / "state")
    try:
        for n in range(FILES):
            r.write(f"kept/{n:02}", noise(n))
        prepare(r)
        before = r.tree()
        filler = fill(disk, leave=FILES * SIZE // 3)
        with pytest.raises((LsfsError, OSError)) as caught:
            do(r)
        assert isinstance(caught.value, LsfsError), f"it is said in words, not as {caught.value!r}"
        assert "room" in str(caught.value) or "full" in str(caught.value) or "space" in str(caught.value)
        assert r.tree() == before
        filler.unlink()
        r.record()
        assert r.changes.check() == []
        do(r)
        assert len(r.tree()) >= len(before) + FILES
        for e in r.versions.list(recursive=True):
            for v in r.versions.history(e.path):
                if v.digest is not None:
                    assert len(r.versions.read(v)) == v.size
    finally:
        r.close()


@pytest.mark.parametrize("do", [undo, write])
def test_a_disk_that_is_wholly_full_stops_nothing_but_the_change(disk: Path, do: Callable[[Rig], None]) -> None:
    r = Rig(disk / "root", disk / "state")
    try:
        prepare(r)
        before = r.tree()
        filler = fill(disk, leave=0)
        with suppress(OSError), (disk / "rest").open("wb", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
        with pytest.raises(LsfsError):
            do(r)
        assert r.tree() == before
        filler.unlink()
        (disk / "rest").unlink()
        do(r)
        assert len(r.tree()) >= FILES
        assert r.changes.check() == []
    finally:
        r.close()


@pytest.mark.parametrize("point", range(2, 40, 3))
def test_what_cannot_even_be_taken_back_is_taken_back_before_the_next_change(tmp_path: Path, point: int) -> None:
    io = FaultyIO()
    r = Rig(tmp_path / "root", tmp_path / "state", io=io)
    try:
        for name in ("a", "b", "d/c", "d/e"):
            r.write(name, f"text of {name}")
        r.record()
        before = r.tree()
        io.fault, io.at = Fault.FULL, io.count + point
        with suppress(LsfsError), r.changes.begin(actor="user") as tx:
            tx.write(p("a"), b"changed")
            tx.move(p("d"), p("moved"))
            tx.delete(p("b"))
            tx.copy(p("moved"), p("copy"))
        happened = r.tree() if not io.full else before
        io.room_again()
        with r.changes.begin(actor="user") as tx:
            tx.write(p("later"), b"goes on")
        assert r.tree() == happened | {"later": b"goes on"}
        assert r.changes.unfinished == []
        assert r.changes.check() == []
    finally:
        r.close()


def test_a_forgetting_that_finds_no_room_has_touched_nothing_and_holds_nothing(tmp_path: Path, disk: Path) -> None:
    r = Rig(tmp_path / "root", disk / "state")
    try:
        for n in range(20):
            r.write(f"e/f{n}", f"text {n}")
        r.record()
        filler = fill(disk, leave=4096)
        with suppress(OSError), (disk / "rest").open("wb", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
        with pytest.raises(Unavailable):
            r.changes.forget([p("e/f9")])
        assert (r.root / "e/f9").read_text() == "text 9"
        filler.unlink()
        (disk / "rest").unlink()
        assert r.changes.unforgotten == ""
        with r.changes.begin(actor="user") as tx:
            tx.write(p("e/f9"), b"it is nobody's any more")
        with r.changes.begin(actor="user") as tx:
            tx.delete(p("e"))
    finally:
        r.close()


@pytest.mark.parametrize("point", range(1, 8))
def test_a_new_file_at_a_name_that_could_not_be_forgotten_outlives_the_next_start(tmp_path: Path, point: int) -> None:
    io = FaultyIO()
    r = Rig(tmp_path / "root", tmp_path / "state", io=io)
    try:
        r.save("e/f9", "text 9")
        io.fault, io.at = Fault.FULL, io.count + point
        with suppress(LsfsError):
            r.changes.forget([p("e/f9")])
        io.room_again()
        (r.root / "e/f9").unlink(missing_ok=True)
        (r.root / "e").mkdir(exist_ok=True)
        r.save("e/f9", "a brand new file, unrelated")
    finally:
        r.close()
    r = Rig(tmp_path / "root", tmp_path / "state")
    try:
        r.changes.recover()
        r.record()
        assert (r.changes.unforgotten, r.tree()["e/f9"]) == ("", b"a brand new file, unrelated")
        assert r.texts("e/f9")[-1] == b"a brand new file, unrelated"
        assert r.changes.check() == []
    finally:
        r.close()
