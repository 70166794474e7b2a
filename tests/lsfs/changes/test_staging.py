"""Contents on their way to their names: where they wait, when they are durable, and what is left of them."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lsfs.capture.aside import appear, exchange
from lsfs.changes import Changes, Goal, hand
from lsfs.changes.guard import Guard
from lsfs.errors import Unavailable
from lsfs.model import RelPath
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


def test_a_disk_that_is_full_while_files_are_made_leaves_all_as_it_was(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
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


def settled(r: Rig, *names: str) -> None:
    """Record files when so much time has passed since their last change that a further one would be seen."""
    last_ns = max(os.lstat(r.root / name).st_ctime_ns for name in names)
    while r.catalogue.tick() < last_ns + 30_000_000:
        pass
    r.record()


def test_files_have_their_group_although_the_root_gives_its_own_to_what_is_made_in_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    os.chown(root, -1, 1000)
    root.chmod(0o2775)
    (root / ".lsfs").mkdir()
    made = Rig(root, root / ".lsfs")
    made.write("d/f", "old")
    os.chown(root / "d/f", -1, os.getegid())
    made.record()
    between_ns = made.catalogue.tick()
    made.save("d/f", "new")
    back(made, between_ns)
    assert ((root / "d/f").read_text(), (root / "d/f").stat().st_gid) == ("old", os.getegid())
    made.close()


@pytest.mark.parametrize("killed", [False, True])
def test_a_file_of_two_names_is_back_at_one_where_the_folder_of_the_other_refuses(r: Rig, *, killed: bool) -> None:
    r.write("d1/a", "one")
    (r.root / "d2").mkdir()
    os.link(r.root / "d1/a", r.root / "d2/b")
    r.record()
    changes = r.changes
    tx = changes.begin(actor="user", prompt="")
    tx.delete(p("d1/a"))
    tx.delete(p("d2/b"))
    patch = pytest.MonkeyPatch()
    real, inode = appear, os.stat(r.root / "d1").st_ino

    def refusing(a_fd: int, a: bytes, b_fd: int, b: bytes) -> None:
        if os.fstat(b_fd).st_ino == inode:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        real(a_fd, a, b_fd, b)

    patch.setattr(hand, "appear", refusing)
    try:
        if killed:
            r.disk.aside.clear()
            changes = Changes(r.recorder, r.versions, r.packs)
            (line,) = changes.recover()
            assert list(line.kept) == [b"d1/a"]
        else:
            tx.take_back()
    finally:
        patch.undo()
    assert r.tree() == {"d1": None, "d2": None, "d2/b": b"one"}
    changes.begin(actor="user", prompt="").write(p("d2/b"), b"it is free")


def test_what_cannot_be_taken_back_for_a_fault_of_ours_is_not_forgotten(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    r.save("a", "old")

    def fault(*_: object) -> None:
        raise KeyError("a fault")

    tx = r.changes.begin(actor="user", prompt="")
    with pytest.raises(Unavailable, match="taking back what was done before that failed as well"), tx:
        tx.write(p("a"), b"new")
        monkeypatch.setattr(type(tx), "take_back", fault)
        raise ValueError("the step fails")
    assert r.changes.unfinished == [tx]


def test_files_of_the_users_are_safe_when_the_engine_ends_during_a_rollback(r: Rig) -> None:
    for folder in "abc":
        r.write(f"{folder}/f", f"old {folder}")
        for n in range(1, 9):
            r.write(f"{folder}/{n}", f"the user's {folder} {n}")
    r.record()
    between_ns = r.catalogue.tick()
    before = r.tree()
    for folder in "abc":
        r.write(f"{folder}/f", f"newer {folder}")
    settled(r, "a/f", "b/f", "c/f")

    def ends(point: str) -> None:
        if point == "place":
            r.disk.aside.close()

    r.recorder.point = ends
    r.changes.rollback([p("a/f"), p("b/f"), p("c/f")], Goal(time_ns=between_ns), actor="user")
    assert r.tree() == before


def test_a_conflict_on_another_mount_leaves_nothing_of_ours(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    r.save("d/f", "old")
    between_ns = r.catalogue.tick()
    r.write("d/f", "newer")
    settled(r, "d/f")
    aside, real = os.stat(r.state / "aside").st_ino, exchange

    def meanwhile(a_fd: int, a: bytes, b_fd: int, b: bytes) -> None:
        if os.fstat(a_fd).st_ino == aside:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        if (r.root / "d/f").read_text() == "newer":
            (r.root / "d/editor").write_text("a program's")
            (r.root / "d/editor").rename(r.root / "d/f")
        real(a_fd, a, b_fd, b)

    monkeypatch.setattr(hand, "exchange", meanwhile)
    tx = r.changes.rollback([p("d/f")], Goal(time_ns=between_ns), actor="user")
    assert list(tx.kept) == [b"d/f"]
    assert (os.listdir(r.root / "d"), os.listdir(r.state / "aside")) == (["f"], [])
    assert (r.root / "d/f").read_text() == "a program's"


def test_a_program_that_saves_twice_in_the_moment_of_a_rollback_keeps_its_last(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    r.save("f", "old")
    between_ns = r.catalogue.tick()
    r.write("f", "newer")
    settled(r, "f")
    real, saves = exchange, ["first", "second"]

    def meanwhile(a_fd: int, a: bytes, b_fd: int, b: bytes) -> None:
        if saves:
            (r.root / "editor").write_text(saves.pop(0))
            (r.root / "editor").rename(r.root / "f")
        real(a_fd, a, b_fd, b)

    monkeypatch.setattr(hand, "exchange", meanwhile)
    tx = r.changes.rollback([p("f")], Goal(time_ns=between_ns), actor="user")
    assert list(tx.kept) == [b"f"]
    assert r.tree() == {"f": b"second"}


def test_what_comes_back_from_aside_is_durable_before_it_has_its_name(r: Rig) -> None:
    r.write("f", "old")
    settled(r, "f")
    with r.changes.begin(actor="user", prompt="") as tx:
        tx.delete(p("f"))
    points: list[str] = []
    r.recorder.point = points.append
    r.changes.undo()
    assert points == ["sync", "place", "sync"]


def test_an_undo_does_not_write_to_a_file_that_ended_since_it_looked(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    r.write("f", "old")
    settled(r, "f")
    with r.changes.begin(actor="user", prompt="") as tx:
        tx.write(p("f"), b"newer")
    settled(r, "f")
    real, once = Guard.free, [True]

    def free(self: Guard, tx: int, paths: Sequence[RelPath]) -> None:
        if once:
            once.clear()
            (r.root / "f").rename(r.root / "x")
            r.write("f", "other")
            r.record("f", "x")
            (r.root / "f").unlink()
            r.record("f")
            (r.root / "x").rename(r.root / "f")
            r.record("f", "x")
        real(self, tx, paths)

    monkeypatch.setattr(Guard, "free", free)
    r.changes.undo()
    live = r.versions.live(p("f"))
    assert live is not None
    assert r.versions.read(r.versions.current(live.fid)) == b"old"


def test_files_are_made_without_a_thread_where_none_can_be_had(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    between_ns = two_versions(r, MANY)

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    back(r, between_ns)
    monkeypatch.undo()
    assert r.tree() == old(MANY)


def test_a_file_of_two_names_that_is_written_in_place_has_its_attributes_back(r: Rig) -> None:
    r.write("a", "one")
    os.setxattr(r.root / "a", "user.k", b"1")
    os.link(r.root / "a", r.root / "b")
    r.record()
    between_ns = r.catalogue.tick()
    r.write("a", "two, longer")
    os.setxattr(r.root / "a", "user.k", b"2")
    settled(r, "a")
    r.changes.rollback([p("")], Goal(time_ns=between_ns), actor="user")
    assert ((r.root / "b").read_text(), os.getxattr(r.root / "b", "user.k")) == ("one", b"1")


def test_a_file_that_not_even_we_may_read_any_more_is_made_durable_with_all_others(
    r: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    r.write("d/f", "old")
    r.record()
    between_ns = r.catalogue.tick()
    r.save("d/f", "new")
    real, aside = os.open, os.stat(r.state / "aside").st_ino

    def closed(path: str | bytes, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None and os.fstat(dir_fd).st_ino == aside and not flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, flags, mode, dir_fd=dir_fd)

    synced: list[int] = []
    monkeypatch.setattr(os, "open", closed)
    monkeypatch.setattr("lsfs.changes.staging.syncfs", synced.append)
    back(r, between_ns)
    assert synced == [r.disk.fd]
    assert (r.root / "d/f").read_text() == "old"
