"""What the mount writes down and sets aside: nothing is lost that was in a file when somebody opened, cut or removed it."""

from __future__ import annotations

import mmap
import os
import subprocess
from pathlib import Path

import pytest

from lsfs.wire.journal import RecordKind
from tests.mount.rig import Rig, eventually, mounted

pytestmark = pytest.mark.fuse
K = RecordKind


def contents(rig: Rig, path: bytes) -> int:
    return rig.kinds(path).count(K.CONTENT)


def test_every_close_after_a_write_asks_for_a_version(shared: Rig, fresh: str) -> None:
    path = fresh.encode()
    for i in range(50):
        (shared.point / fresh).write_text(f"version {i:02}")
    eventually(lambda: contents(shared, path) == 50)
    new = [r.new.size for r in shared.records() if r.path == path and r.kind is K.CONTENT]
    assert new == [10] * 50
    assert shared.spooled(path) == [b"version %02d" % i for i in range(49)]


def test_a_close_without_a_change_asks_for_none(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("x")
    eventually(lambda: contents(shared, fresh.encode()) == 1)
    since = shared.last()
    os.close(os.open(shared.point / fresh, os.O_RDWR))
    (shared.point / fresh).read_text()
    (shared.point / f"{fresh}-end").mkdir()
    eventually(lambda: K.MKDIR in shared.kinds(f"{fresh}-end".encode()))
    assert K.CONTENT not in shared.kinds(fresh.encode(), since)


def test_stores_through_a_map_that_outlives_its_handle_ask_for_a_version(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_bytes(bytes(4096))
    fd = os.open(shared.point / fresh, os.O_RDWR)
    with mmap.mmap(fd, 4096) as m:
        os.close(fd)
        m[0:6] = b"mapped"
    eventually(lambda: contents(shared, fresh.encode()) == 2)
    assert (shared.plain / fresh).read_bytes()[:6] == b"mapped"


def test_content_that_nobody_stored_is_set_aside_before_it_is_overwritten(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("first")
    (shared.point / fresh).write_text("second")
    with (shared.point / fresh).open("r+") as f:
        f.write("third!")
    assert shared.spooled(fresh.encode()) == [b"first", b"second"]


def test_content_that_is_stored_is_not_set_aside(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("first")
    shared.acknowledge(fresh)
    (shared.point / fresh).write_text("second")
    assert shared.spooled(fresh.encode()) == []
    (shared.point / fresh).write_text("third")
    assert shared.spooled(fresh.encode()) == [b"second"]


def test_what_is_cut_off_by_truncate_is_set_aside(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("whole content")
    os.truncate(shared.point / fresh, 5)
    assert shared.spooled(fresh.encode()) == [b"whole content"]
    record = next(r for r in shared.records() if r.kind is K.TRUNCATE and r.path == fresh.encode())
    assert (record.old.size, record.new.size) == (13, 5)


def test_a_truncation_by_opening_for_reading_is_journaled(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("whole")
    os.close(os.open(shared.point / fresh, os.O_RDONLY | os.O_TRUNC))
    assert shared.spooled(fresh.encode()) == [b"whole"]
    assert K.TRUNCATE in shared.kinds(fresh.encode())


def test_the_last_unlink_keeps_the_content(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("to be removed")
    (shared.point / fresh).unlink()
    assert shared.spooled(fresh.encode()) == [b"to be removed"]
    assert shared.kinds(fresh.encode())[-2:] == [K.BEFORE, K.UNLINK]


def test_an_unlink_that_leaves_another_name_keeps_nothing(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("two names")
    os.link(shared.point / fresh, shared.point / f"{fresh}-b")
    (shared.point / fresh).unlink()
    assert shared.spooled(fresh.encode()) == []


def test_a_rename_over_a_file_keeps_what_was_there(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("old")
    (shared.point / f"{fresh}.tmp").write_text("new")
    (shared.point / f"{fresh}.tmp").rename(shared.point / fresh)
    assert shared.spooled(fresh.encode()) == [b"old"]
    record = next(r for r in shared.records() if r.kind is K.RENAME and r.path2 == fresh.encode())
    assert record.ino == (shared.plain / fresh).stat().st_ino
    assert record.ino2 != record.ino


def test_what_is_written_to_an_unlinked_file_is_kept_at_its_last_close(shared: Rig, fresh: str) -> None:
    with (shared.point / fresh).open("w") as f:
        (shared.point / fresh).unlink()
        f.write("written after its unlink")
    eventually(lambda: shared.spooled(fresh.encode()) == [b"written after its unlink"])


def test_an_inode_set_aside_by_a_link_is_not_changed_by_its_last_reader(shared: Rig, fresh: str) -> None:
    (shared.point / fresh).write_text("kept")
    with (shared.point / fresh).open() as held:
        (shared.point / fresh).unlink()
        assert held.read() == "kept"
    assert shared.spooled(fresh.encode()) == [b"kept"]


@pytest.mark.parametrize("mode", ["w", "x"])
def test_a_flushed_handle_that_stays_open_asks_for_a_version_when_it_is_quiet(shared: Rig, fresh: str, mode: str) -> None:
    with (shared.point / fresh).open(mode) as f:
        f.write("so far")
        f.flush()
        os.close(os.dup(f.fileno()))
        eventually(lambda: contents(shared, fresh.encode()) == 1)
        record = next(r for r in shared.records() if r.kind is K.CONTENT and r.path == fresh.encode())
        assert record.new.size == 6


def test_every_kind_of_change_is_journaled_with_its_writer(shared: Rig, fresh: str) -> None:
    top = shared.point / fresh
    top.mkdir()
    (top / "f").write_text("x")
    (top / "f").chmod(0o600)
    os.utime(top / "f", ns=(1, 2))
    os.setxattr(top / "f", "user.a", b"b")
    os.link(top / "f", top / "g")
    (top / "s").symlink_to("f")
    os.mkfifo(top / "p")
    (top / "g").rename(top / "h")
    (top / "h").unlink()
    (top / "d").mkdir()
    (top / "d").rmdir()
    got = [(r.kind, r.path.decode().removeprefix(fresh), r.pid) for r in shared.records() if r.path.startswith(fresh.encode())]
    wanted = [
        *((K.MKDIR, ""), (K.CREATE, "/f"), (K.CONTENT, "/f"), (K.ATTRIBUTES, "/f"), (K.ATTRIBUTES, "/f")),
        *((K.ATTRIBUTES, "/f"), (K.LINK, "/f"), (K.SYMLINK, "/s"), (K.MKNOD, "/p"), (K.RENAME, "/g")),
        *((K.UNLINK, "/h"), (K.MKDIR, "/d"), (K.RMDIR, "/d")),
    ]
    assert got == [(k, p, os.getpid()) for k, p in wanted]


def test_content_above_the_limit_is_recorded_as_missed_and_the_program_goes_on(tmp_path: Path) -> None:
    with mounted(tmp_path, "--spool-max", "1000") as rig:
        (rig.point / "big").write_bytes(b"x" * 1001)
        (rig.point / "big").write_bytes(b"y")
        assert K.MISSED in rig.kinds(b"big")
        assert (rig.point / "big").read_bytes() == b"y"


def test_content_above_the_limit_is_not_destroyed_where_the_policy_refuses(tmp_path: Path) -> None:
    with mounted(tmp_path, "--spool-max", "1000", "--on-large", "refuse") as rig:
        (rig.point / "big").write_bytes(b"x" * 1001)
        with pytest.raises(OSError, match="File too large"):
            (rig.point / "big").write_bytes(b"y")
        assert (rig.plain / "big").read_bytes() == b"x" * 1001


@pytest.mark.parametrize("destroy", ["open", "truncate", "unlink", "rename"])
def test_large_content_is_set_aside_too(tmp_path: Path, destroy: str) -> None:
    data = os.urandom(3 << 20)
    with mounted(tmp_path) as rig:
        path = rig.point / "large"
        path.write_bytes(data)
        match destroy:
            case "open":
                path.write_bytes(b"new")
            case "truncate":
                os.truncate(path, 1)
            case "unlink":
                path.unlink()
            case _:
                (rig.point / "other").write_bytes(b"")
                (rig.point / "other").rename(path)
        assert rig.spooled(b"large") == [data]


def test_content_is_copied_where_the_state_is_on_another_disk(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(tmp_path / "state")], check=True)
    try:
        with mounted(tmp_path) as rig:
            for name, data in (("small", b"small one"), ("large", os.urandom(2 << 20))):
                (rig.point / name).write_bytes(data)
                (rig.point / name).unlink()
                assert rig.spooled(name.encode()) == [data]
    finally:
        subprocess.run(["umount", "-l", str(tmp_path / "state")], check=True)


def test_a_full_state_disk_does_not_stop_writers_and_the_journal_goes_on_later(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path / "state")], check=True)
    try:
        with mounted(tmp_path) as rig:
            filler = tmp_path / "state" / "filler"
            filler.write_bytes(b"")
            with pytest.raises(OSError, match="No space"), filler.open("ab", buffering=0) as f:
                while True:
                    f.write(bytes(4096))
            for i in range(100):
                (rig.point / ("f" * 200)).write_text(str(i))
            assert (rig.plain / ("f" * 200)).read_text() == "99"
            assert rig.control.hello()["gaps"] > 0
            filler.unlink()
            eventually(lambda: rig.control.hello()["gaps"] == 0)
            assert contents(rig, b"f" * 200) == 100
    finally:
        subprocess.run(["umount", "-l", str(tmp_path / "state")], check=True)
