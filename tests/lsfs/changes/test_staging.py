"""Contents on their way to their names: where they wait, when they are durable, and what is left of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.capture.aside import Ahead
from lsfs.changes import Goal, hand
from lsfs.errors import Unavailable
from tests.lsfs.store_rig import Rig, p, rig

MANY = 150


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


def two_versions(r: Rig, count: int) -> int:
    """Make files in folders and change each; return a time between."""
    for n in range(count):
        r.write(f"d/s{n % 3}/f{n}", f"old {n}")
    r.record()
    between_ns = r.catalogue.tick()
    for n in range(count):
        r.write(f"d/s{n % 3}/f{n}", f"new {n}")
    last_ns = (r.root / f"d/s{(count - 1) % 3}/f{count - 1}").stat().st_ctime_ns
    while r.catalogue.tick() < last_ns + 30_000_000:
        pass  # until a further change would be seen
    r.record()
    return between_ns


def old(count: int) -> dict[str, bytes | None]:
    return {"d": None, **{f"d/s{n}": None for n in range(3)}, **{f"d/s{n % 3}/f{n}": b"old %d" % n for n in range(count)}}


def back(r: Rig, between_ns: int) -> None:
    r.changes.rollback([p("d")], Goal(time_ns=between_ns), actor="user")


@pytest.mark.parametrize("count", [3, MANY])
def test_content_is_durable_before_it_gets_its_name(r: Rig, count: int) -> None:
    between_ns = two_versions(r, count)
    points: list[str] = []
    r.recorder.point = points.append
    back(r, between_ns)
    assert points[:count] == ["stage"] * count
    assert points[count] == "sync"
    assert points[count + 1 :].count("place") == count
    assert points[-1] == "sync", "the names"
    assert r.tree() == old(count)


def test_a_folder_is_copied_with_one_sync_before_the_names(r: Rig) -> None:
    two_versions(r, MANY)
    points: list[str] = []
    r.recorder.point = points.append
    with r.changes.begin(actor="user", prompt="") as tx:
        tx.copy(p("d"), p("e"))
    assert [name for name in points if name != "make_folder"] == ["stage"] * MANY + ["sync"] + ["place"] * MANY + ["sync"]
    assert (r.root / "e/s1/f1").read_bytes() == b"new 1"


def test_a_write_is_durable_before_it_gets_its_name(r: Rig) -> None:
    r.save("a", "old")
    points: list[str] = []
    r.recorder.point = points.append
    with r.changes.begin(actor="user", prompt="") as tx:
        tx.write(p("a"), b"new")
    assert points == ["stage", "sync", "place", "swapped", "sync"]


def test_nothing_of_ours_is_seen_beside_the_files_that_are_put_back(r: Rig) -> None:
    between_ns = two_versions(r, MANY)
    seen: set[str] = set()
    r.recorder.point = lambda _: seen.update(name for _, _, names in os.walk(r.root) for name in names)
    back(r, between_ns)
    assert not [name for name in seen if name.startswith(".")]


@pytest.mark.parametrize("count", [3, MANY])
def test_what_was_replaced_is_kept_aside_and_nothing_else_is_left_there(r: Rig, count: int) -> None:
    between_ns = two_versions(r, count)
    back(r, between_ns)
    aside = r.state / "aside"
    assert sorted((aside / name).read_text() for name in os.listdir(aside)) == sorted(f"new {n}" for n in range(count))
    r.changes.undo()
    assert (r.root / "d/s0/f0").read_text() == "new 0"
    assert {(aside / name).read_text() for name in os.listdir(aside)} <= {f"old {n}" for n in range(count)}


def test_files_that_were_made_ahead_and_are_not_needed_are_gone(r: Rig) -> None:
    with Ahead(r.disk.aside, MANY, 0o600) as ahead:
        blank = ahead.stage(0o600)
        assert blank is not None
        blank.discard()
    assert os.listdir(r.state / "aside") == []


def test_a_disk_that_is_full_while_files_are_made_ahead_leaves_all_as_it_was(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    between_ns = two_versions(r, MANY)
    before, real, left = r.tree(), os.open, [100]

    def full(path: str | bytes, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT and dir_fd is not None:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(Unavailable, match="No space left"):
        back(r, between_ns)
    monkeypatch.undo()
    assert r.tree() == before
    assert r.changes.check() == []


@pytest.mark.parametrize("gone", [False, True])
def test_a_folder_on_another_mount_gets_its_files_back_by_copying(
    r: Rig, monkeypatch: pytest.MonkeyPatch, *, gone: bool
) -> None:
    r.write("d/f", "old" * 5000)
    os.chmod(r.root / "d/f", 0o640)
    os.utime(r.root / "d/f", ns=(5, 1_700_000_000_123_456_789))
    os.setxattr(r.root / "d/f", "user.k", b"v")
    r.record()
    between_ns = r.catalogue.tick()
    r.save("d/f", "new")
    if gone:
        (r.root / "d/f").unlink()
        r.record()
    aside = os.stat(r.state / "aside").st_ino

    for name in ("exchange", "appear"):
        real = getattr(hand, name)

        def rename(a_fd: int, a: bytes, b_fd: int, b: bytes, real: object = real) -> None:
            if os.fstat(a_fd).st_ino == aside:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            assert callable(real)
            real(a_fd, a, b_fd, b)

        monkeypatch.setattr(hand, name, rename)
    back(r, between_ns)
    now = (r.root / "d/f").stat()
    assert (r.root / "d/f").read_text() == "old" * 5000
    assert (now.st_mode & 0o7777, now.st_mtime_ns) == (0o640, 1_700_000_000_123_456_789)
    assert os.getxattr(r.root / "d/f", "user.k") == b"v"
    assert os.listdir(r.root / "d") == ["f"]
    assert [name for name in os.listdir(r.state / "aside") if (r.state / "aside" / name).read_text() != "new"] == []


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o4755, 0o400])
def test_modes_come_back_whatever_the_umask_is(r: Rig, mode: int) -> None:
    r.write("d/f", "old")
    os.chmod(r.root / "d/f", mode)
    r.record()
    between_ns = r.catalogue.tick()
    os.chmod(r.root / "d/f", 0o644)
    r.save("d/f", "new")
    back(r, between_ns)
    assert (r.root / "d/f").stat().st_mode & 0o7777 == mode
