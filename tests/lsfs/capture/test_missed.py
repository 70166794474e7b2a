"""What is said to be missed, and what must not be."""

from __future__ import annotations

import os

import pytest

from lsfs.capture import Author, Dirty
from lsfs.capture.tail import Tail
from lsfs.model import State
from lsfs.wire.journal import FileStat, RecordKind
from tests.lsfs.capture.journal import Mount, mount, r
from tests.lsfs.store_rig import WAIT_S, Rig, p

__all__ = ["mount", "r"]


def test_hundreds_of_closes_that_are_read_at_once_are_all_there_and_none_is_said_to_be_missed(r: Rig, mount: Mount) -> None:
    for n in range(300):
        if n:
            mount.before("f")
        mount.close("f", f"text {n}")
    tail = Tail(r.recorder, r.state)
    tail.step()
    mount.before("f")
    mount.close("f", "the last")
    tail.step()  # looks again at the closes whose content had gone from the disk
    tail.close()
    r.record("f")
    assert r.capture.missed() == []
    assert r.texts("f") == [*(b"text %d" % n for n in range(300)), b"the last"]


def test_a_missed_version_that_is_found_between_two_others_costs_neither(r: Rig, mount: Mount) -> None:
    def aside(text: str) -> tuple[os.stat_result, bytes]:
        r.write("f", text)
        fd = os.open(r.root / "f", os.O_RDONLY)
        try:
            return mount.stat("f"), mount.spool.add_copy(fd, mount.stat("f"))
        finally:
            os.close(fd)

    r.save("f", "one")
    kept = [aside(text) for text in ("missed at first", "another", "and one more")]
    ino = kept[0][0].st_ino
    tail = Tail(r.recorder, r.state)
    r.write("f", "the last")
    mount.tell(RecordKind.MISSED, "f", ino, old=FileStat.of(kept[0][0]))
    for _ in tail.portions():
        pass
    assert [v.state for v in r.versions.history(p("f"))] == [State.MISSED, State.STORED]
    for st, spooled in (kept[1], kept[0], kept[2]):
        mount.tell(RecordKind.BEFORE, "f", ino, old=FileStat.of(st), spool=spooled)
    for _ in tail.portions():
        pass
    tail.close()
    assert sorted(t for t in r.texts("f") if t) == [b"and one more", b"another", b"missed at first", b"one"]


def test_what_was_recorded_for_another_file_in_a_storm_of_renames_is_not_said_to_be_missed(r: Rig, mount: Mount) -> None:
    r.save("f", "one")
    r.save("g", "the content that f had for a moment")
    moved = mount.stat("g")
    mount.tell(RecordKind.CONTENT, "f", moved.st_ino, new=FileStat.of(moved))
    os.unlink(r.root / "g")
    r.start()
    mount.tell(RecordKind.ATTRIBUTES, "f", mount.stat("f").st_ino)
    r.capture.poll()
    assert r.capture.settle(WAIT_S)
    assert r.capture.missed() == []
    assert b"the content that f had for a moment" in r.texts("f") and r.texts("f")[-1] == b"one"


def test_content_that_was_missed_and_found_in_the_spool_later_is_stored_after_all(r: Rig, mount: Mount) -> None:
    r.write("f", "old")
    r.recorder.record([Dirty(p(""), subtree=True)], Author("baseline", baseline=True), pending=True)
    mount.before("f")
    r.save("f", "new text")  # recorded without the journal
    assert [v.state for v in r.versions.history(p("f"))] == [State.STORED, State.MISSED]
    r.start()
    assert r.texts("f") == [b"old", b"new text"]
    assert r.capture.missed() == []


def test_a_state_that_could_not_be_kept_is_recorded_as_missed(r: Rig, mount: Mount) -> None:
    r.save("f", "one")
    r.write("f", "two, too large for the spool")
    st = mount.stat("f")
    mount.tell(RecordKind.MISSED, "f", st.st_ino, old=FileStat.of(st))
    r.write("f", "three")
    mount.tell(RecordKind.CONTENT, "f", st.st_ino, new=FileStat.of(mount.stat("f")))
    r.start()
    assert r.capture.settle(WAIT_S)
    assert [v.state for v in r.versions.history(p("f"))] == [State.STORED, State.MISSED, State.STORED]
    assert len(r.capture.missed()) == 1


def test_a_close_whose_content_is_gone_without_a_spool_file_is_missed(r: Rig, mount: Mount) -> None:
    r.save("f", "one")
    mount.close("f", "two")
    r.write("f", "three, behind the mount")
    r.start()
    mount.tell(RecordKind.ATTRIBUTES, "f", mount.stat("f").st_ino)
    assert r.capture.settle(WAIT_S)
    r.capture.poll()
    assert State.MISSED in {v.state for v in r.versions.history(p("f"))}


def test_two_closes_and_an_exchange_of_the_names_miss_nothing(r: Rig, mount: Mount) -> None:
    r.start()
    r.write("a", "a one")
    r.write("b", "b one")
    r.capture.submit([Dirty(p("a")), Dirty(p("b"))])
    assert r.capture.settle(WAIT_S)
    with r.recorder.lock:  # the engine is busy: it sees the closes and the exchange at once
        for name in ("a", "b"):
            mount.before(name)
            mount.close(name, f"{name} two, longer")
        inodes = [mount.stat(name).st_ino for name in ("a", "b")]
        for old, new in (("a", "t"), ("b", "a"), ("t", "b")):
            os.rename(r.root / old, r.root / new)
        mount.tell(RecordKind.RENAME, "a", inodes[0], path2="b", ino2=inodes[1], flags=2)
        r.capture.poll()
        r.capture.poll()
    assert r.capture.settle(WAIT_S)
    assert r.capture.missed() == []
    assert (r.texts("b"), r.texts("a")) == ([b"a one", b"a two, longer"], [b"b one", b"b two, longer"])


def test_a_close_and_a_backup_rename_miss_nothing(r: Rig, mount: Mount) -> None:
    r.start()
    r.write("a", "one")
    r.capture.submit([Dirty(p("a"))])
    assert r.capture.settle(WAIT_S)
    with r.recorder.lock:
        mount.before("a")
        mount.close("a", "two, longer")
        ino = mount.stat("a").st_ino
        os.rename(r.root / "a", r.root / "a~")
        mount.tell(RecordKind.RENAME, "a", ino, path2="a~")
        mount.close("a", "three, the longest")
        r.capture.poll()
        r.capture.poll()
    assert r.capture.settle(WAIT_S)
    assert r.capture.missed() == []
    assert {b"one", b"two, longer", b"three, the longest"} <= set(r.texts("a") + r.texts("a~"))


def test_content_that_the_spool_brings_a_moment_later_is_not_said_to_be_missed(r: Rig, mount: Mount) -> None:
    r.start()
    mount.close("f", "zero")
    r.capture.poll()
    assert r.capture.settle(WAIT_S)
    mount.before("f")
    with r.recorder.lock:
        mount.close("f", "one")
        then_the_spool(r, mount)
    r.capture.poll()
    assert r.capture.settle(WAIT_S)
    assert r.capture.missed() == []
    assert r.texts("f") == [b"zero", b"one", b"two, longer"]


def then_the_spool(r: Rig, mount: Mount) -> None:
    """Write on; the engine reads the journal before, and again after, the mount has said what it set aside."""
    st = mount.stat("f")
    fd = os.open(r.root / "f", os.O_RDONLY)
    spooled = mount.spool.add_copy(fd, st)
    os.close(fd)
    (r.root / "f").write_text("two, longer")
    r.capture.poll()
    mount.tell(RecordKind.BEFORE, "f", st.st_ino, old=FileStat.of(st), spool=spooled)
    r.capture.poll()
    mount.tell(RecordKind.CONTENT, "f", st.st_ino, new=FileStat.of(mount.stat("f")))


@pytest.mark.parametrize("mtime_ns", [None, 1_700_000_000_000_000_000])
@pytest.mark.parametrize("anew", [False, True])
def test_the_same_content_closed_again_with_the_same_time_is_no_version_and_not_said_to_be_missed(
    r: Rig, mount: Mount, *, anew: bool, mtime_ns: int | None
) -> None:
    for n, text in enumerate(["same", "same", "same", "last"]):
        if n:
            mount.before("f")
        if n and anew:  # as `tar -x` over an older copy, which sets the time as well
            (r.root / "f").rename(r.root / f".{n}")
        mount.close("f", text, mtime_ns=mtime_ns)
    r.start()
    assert r.capture.settle(WAIT_S)
    assert r.capture.missed() == []
    assert r.texts("f") == ([b"same"] * 3 if mtime_ns is None else [b"same"]) + [b"last"]


def test_a_close_that_was_looked_at_before_the_engine_was_killed_is_not_said_to_be_missed(r: Rig, mount: Mount) -> None:
    at_ns = 1_700_000_000_000_000_000
    r.save("f", "same")
    os.utime(r.root / "f", ns=(at_ns, at_ns))
    r.record("f")
    for n, text in enumerate(["same", "last"]):
        (r.root / "f").rename(r.root / f".{n}")
        mount.close("f", text, mtime_ns=at_ns)
        if text == "same":
            r.record("f")  # and no more than that: what is read of it comes after the start
    tail = Tail(r.recorder, r.state)
    tail.step()
    tail.step()  # looks again at the closes whose content had gone from the disk
    tail.close()
    r.record("f")
    assert r.capture.missed() == []
    assert r.texts("f") == [b"same", b"same", b"last"]
