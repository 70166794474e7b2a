"""Content that the mount set aside, and whose it is: also where no record says so."""

from __future__ import annotations

import os

from lsfs.wire.journal import FileStat, RecordKind
from tests.lsfs.capture.journal import Mount, mount, r
from tests.lsfs.store_rig import WAIT_S, Rig

__all__ = ["mount", "r"]


def test_a_spool_file_that_no_record_names_is_stored_as_well(r: Rig, mount: Mount) -> None:
    r.save("f", "one")
    r.write("f", "two, captured by nobody")
    fd = os.open(r.root / "f", os.O_RDONLY)
    mount.spool.add_copy(fd, os.fstat(fd))
    os.close(fd)
    r.write("f", "three")
    r.start()
    r.record("f")
    assert r.texts("f") == [b"one", b"two, captured by nobody", b"three"]
    assert mount.spooled(r) == []


def test_content_of_a_reused_inode_number_goes_to_its_own_file(r: Rig, mount: Mount) -> None:
    """A catalogue that is behind still has the number at the file that was replaced."""
    r.save("a", "of a")
    r.save("b", "of b")
    stale = mount.stat("a").st_ino
    r.write("a.new", "of a, later")
    os.replace(r.root / "a.new", r.root / "a")
    r.write("late", "content of b that was set aside")
    late = mount.stat("late")
    fd = os.open(r.root / "late", os.O_RDONLY)
    spooled = mount.spool.add_copy(fd, late)
    os.close(fd)
    os.unlink(r.root / "late")
    mount.tell(RecordKind.BEFORE, "b", stale, old=FileStat.of(late), spool=spooled)
    r.start()
    assert r.capture.settle(WAIT_S)
    assert b"content of b that was set aside" in r.texts("b")
    assert b"content of b that was set aside" not in r.texts("a")


def an_orphan(r: Rig, mount: Mount, name: str, text: str, ino: int) -> str:
    """Set content aside, as of an inode, and say nothing of it."""
    r.write(name, text)
    fd = os.open(r.root / name, os.O_RDONLY)
    made = os.fsdecode(mount.spool.add_copy(fd, os.fstat(fd)))
    os.close(fd)
    named = f"{ino}-{made.split('-', 1)[1]}"
    os.rename(r.state / "spool" / made, r.state / "spool" / named)
    return named


def test_an_orphan_of_a_reused_inode_number_is_not_put_into_the_history_of_the_file_that_had_it(r: Rig, mount: Mount) -> None:
    """After kill -9: the tables still have the number at a file that was replaced, and the mount had given it to another."""
    r.save("a", "of a")
    stale = mount.stat("a").st_ino
    r.write("a.new", "of a, later")
    os.replace(r.root / "a.new", r.root / "a")
    left = an_orphan(r, mount, "b", "set aside of b", stale)
    (r.root / "b").write_text("written over by somebody")
    r.start()
    assert r.capture.settle(WAIT_S)
    assert b"set aside of b" not in r.texts("a")
    assert mount.spooled(r) == [left]


def test_an_orphan_goes_to_the_file_that_the_journal_gives_its_inode(r: Rig, mount: Mount) -> None:
    r.save("a", "of a")
    r.write("b", "x")
    ino = mount.stat("b").st_ino
    mount.tell(RecordKind.CREATE, "b", ino)
    an_orphan(r, mount, "b", "set aside of b", ino)
    (r.root / "b").write_text("written in the moment of the kill")
    r.start()
    r.record("b")
    assert r.texts("b") == [b"set aside of b", b"written in the moment of the kill"]
    assert mount.spooled(r) == []


def test_an_orphan_that_nobody_claims_goes_when_its_content_is_stored(r: Rig, mount: Mount) -> None:
    an_orphan(r, mount, "c", "the same", 2**40)
    r.start()
    assert r.texts("c") == [b"the same"]
    assert mount.spooled(r) == []


def test_a_spool_file_whose_file_is_not_known_stays(r: Rig, mount: Mount) -> None:
    r.write("unknown", "set aside by a mount that was killed before it could say so")
    fd = os.open(r.root / "unknown", os.O_RDONLY)
    name = mount.spool.add_copy(fd, os.fstat(fd))
    os.close(fd)
    os.unlink(r.root / "unknown")
    r.start()
    assert r.capture.settle(WAIT_S)
    assert mount.spooled(r) == [os.fsdecode(name)]
