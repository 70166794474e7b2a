"""The mount's journal and spool, as the engine reads them: N closes are N versions, and no gap is passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.capture import Acknowledger, Author, Dirty
from lsfs.capture.tail import Tail
from lsfs.model import State
from lsfs.wire.captured import Captured
from lsfs.wire.journal import NO_STAT, FileStat, JournalRecord, RecordKind, Tailer, Writer
from lsfs.wire.spool import Spool
from tests.lsfs.store_rig import WAIT_S, Rig, p, rig


class Mount:
    """What a mount does around a write: the same records and spool files, made by hand."""

    def __init__(self, r: Rig) -> None:
        self._root = r.root
        self.journal = Writer(r.state / "journal")
        self.spool = Spool(r.state / "spool")

    def stat(self, name: str) -> os.stat_result:
        return (self._root / name).stat()

    def before(self, name: str) -> None:
        """Set the present content aside, as before an open for writing."""
        st = self.stat(name)
        fd = os.open(self._root / name, os.O_RDONLY)
        spooled = self.spool.add_copy(fd, st)
        os.close(fd)
        self.tell(RecordKind.BEFORE, name, st.st_ino, old=FileStat.of(st), spool=spooled)

    def close(self, name: str, text: str, *, mtime_ns: int | None = None) -> None:
        """Write through a handle, set the time where one is given, and close it."""
        (self._root / name).write_text(text)
        if mtime_ns is not None:
            os.utime(self._root / name, ns=(mtime_ns, mtime_ns))
        st = self.stat(name)
        self.tell(RecordKind.CONTENT, name, st.st_ino, new=FileStat.of(st))

    def tell(
        self,
        kind: RecordKind,
        name: str,
        ino: int,
        *,
        old: FileStat = NO_STAT,
        new: FileStat = NO_STAT,
        path2: str = "",
        ino2: int = 0,
        flags: int = 0,
        spool: bytes = b"",
    ) -> None:
        record = JournalRecord(
            kind, ino, os.fsencode(name), 1, path2=os.fsencode(path2), ino2=ino2, old=old, new=new, flags=flags, spool=spool
        )
        self.journal.append(record)

    def spooled(self, r: Rig) -> list[str]:
        return os.listdir(r.state / "spool")


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, journal=True) as made:
        yield made


@pytest.fixture
def mount(r: Rig) -> Iterator[Mount]:
    made = Mount(r)
    yield made
    made.journal.close()
    made.spool.close()


def test_n_closes_are_n_versions_although_the_engine_came_late(r: Rig, mount: Mount) -> None:
    for n in range(5):
        if n:
            mount.before("f")
        mount.close("f", "x" * (n + 1))
    r.start()
    assert r.capture.settle(WAIT_S)
    assert r.texts("f") == [b"x" * n for n in range(1, 6)]
    assert mount.spooled(r) == []


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


def test_content_with_the_size_and_the_time_of_an_earlier_version_is_not_taken_for_it(r: Rig, mount: Mount) -> None:
    for text in ("build 1", "build 2", "build 3"):  # a program that sets the time of what it makes, as builds do
        if text != "build 1":
            mount.before("f")
        mount.close("f", text, mtime_ns=1_700_000_000_000_000_000)
        if text == "build 1":
            r.record("f")
    r.start()
    assert r.capture.settle(WAIT_S)
    assert r.texts("f") == [b"build 1", b"build 2", b"build 3"]


def test_two_inodes_written_in_one_tick_of_the_clock_are_not_taken_for_each_other(r: Rig, mount: Mount) -> None:
    r.save("f", "one 1")
    one = mount.stat("f")
    r.write("new", "two 2")
    os.utime(r.root / "new", ns=(one.st_mtime_ns, one.st_mtime_ns))
    os.rename(r.root / "new", r.root / "f")
    fd = os.open(r.root / "f", os.O_RDONLY)
    spooled = mount.spool.add_copy(fd, os.fstat(fd))
    ino = os.fstat(fd).st_ino
    os.close(fd)
    mount.tell(RecordKind.BEFORE, "f", ino, old=FileStat.of(one), spool=spooled)
    mount.close("f", "three")
    r.start()
    assert r.capture.settle(WAIT_S)
    assert r.texts("f") == [b"one 1", b"two 2", b"three"]


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


def test_a_journal_of_several_portions_is_read_to_its_end(r: Rig, mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsfs.capture.tail._PORTION", 4)
    for n in range(30):
        if n:
            mount.before("f")
        mount.close("f", f"text {n}")
    r.start()
    assert r.capture.settle(WAIT_S)
    assert r.texts("f") == [b"text %d" % n for n in range(30)]
    assert r.capture.missed() == []
    assert mount.spooled(r) == []


def test_content_from_before_the_first_change_comes_from_the_spool(r: Rig, mount: Mount) -> None:
    r.write("old", "from before the baseline came to it")
    r.recorder.record([Dirty(p(""), subtree=True)], Author("baseline", baseline=True), pending=True)
    mount.before("old")
    mount.close("old", "changed")
    r.start()
    assert r.capture.settle(WAIT_S)
    assert r.texts("old") == [b"from before the baseline came to it", b"changed"]
    assert r.capture.missed() == []


def test_a_transaction_reads_the_journal_before_it_looks(r: Rig, mount: Mount) -> None:
    r.start()
    r.write("f", "first")
    r.capture.submit([Dirty(p("f"))])
    assert r.capture.settle(WAIT_S)
    mount.close("f", "second")
    mount.before("f")
    mount.close("f", "third")
    with r.changes.begin(actor="user") as tx:
        tx.write(p("f"), b"fourth")
    assert r.texts("f") == [b"first", b"second", b"third", b"fourth"]


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


def test_a_short_lived_file_leaves_its_content_in_the_history(r: Rig, mount: Mount) -> None:
    r.start()
    mount.close("tmp", "short life")
    mount.before("tmp")
    ino = mount.stat("tmp").st_ino
    os.unlink(r.root / "tmp")
    mount.tell(RecordKind.UNLINK, "tmp", ino)
    assert r.capture.settle(WAIT_S)
    assert r.texts("tmp") == [b"short life", None]


def test_a_rename_in_the_journal_keeps_the_file(r: Rig, mount: Mount) -> None:
    r.save("a", "one")
    r.start()
    ino = mount.stat("a").st_ino
    os.rename(r.root / "a", r.root / "b")
    mount.tell(RecordKind.RENAME, "a", ino, path2="b")
    mount.close("b", "two, and longer")
    assert r.capture.settle(WAIT_S)
    assert r.texts("b") == [b"one", b"two, and longer"]
    assert r.names() == {"b"}


def test_reading_the_journal_again_changes_nothing(r: Rig, mount: Mount) -> None:
    mount.close("f", "one")
    mount.before("f")
    mount.close("f", "two!")
    r.start()
    assert r.capture.settle(WAIT_S)
    before = [(v.number, v.digest) for v in r.versions.history(p("f"))]
    r.catalogue.set_meta("capture:journal", "0:0")
    r.capture.stop()
    tail = Tail(r.recorder, r.state)
    r.recorder.prelude = lambda: None
    for dirty in tail.step():
        r.recorder.record([dirty], Author("program"))
    tail.close()
    assert [(v.number, v.digest) for v in r.versions.history(p("f"))] == before


def test_done_journal_files_are_removed(r: Rig, mount: Mount) -> None:
    small = Writer(r.state / "journal", rotate_bytes=1)
    for n in range(5):
        r.write(f"f{n}", "text")
        st = mount.stat(f"f{n}")
        small.append(JournalRecord(RecordKind.CONTENT, st.st_ino, b"f%d" % n, 1, new=FileStat.of(st)))
    small.close()
    r.start()
    assert r.capture.settle(WAIT_S)
    assert len(os.listdir(r.state / "journal")) <= 2
    assert list(Tailer(r.state / "journal").read_file(1, 0)) == []


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


def test_mounts_are_told_what_is_stored(r: Rig) -> None:
    class Told:
        def __init__(self, path: Path) -> None:
            self.states = Captured()
            self._path = path

        def captured(self, keys: list[int]) -> None:
            self.states.add(keys)

        def snapshot(self) -> None:
            self.states.load(self._path)

    r.save("early", "one")
    with r.catalogue.write() as con:
        con.execute("UPDATE file SET racy=0")
    acknowledger = Acknowledger(r.recorder, r.state / "captured")
    acknowledger.start()
    told = Told(r.state / "captured")
    acknowledger.attach(told)
    r.start()
    r.write("late", "two")
    r.capture.submit([Dirty(p("late"))])
    assert r.capture.settle(WAIT_S)
    acknowledger.stop()
    for name in ("early", "late"):
        st = (r.root / name).stat()
        assert told.states.holds(st.st_ino, st.st_size, st.st_mtime_ns, st.st_ctime_ns), name
    assert not told.states.holds(1, 2, 3, 4)


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


def test_what_was_set_aside_after_the_look_has_its_place_before_what_was_read(r: Rig, mount: Mount) -> None:
    r.start()
    mount.close("f", "zero")
    r.capture.poll()
    assert r.capture.settle(WAIT_S)
    mount.before("f")
    mount.close("f", "one, longer")
    poll = r.recorder.prelude
    with r.recorder.lock:
        poll()

        def a_program_is_faster() -> None:
            """Between the reading of the journal and the look at the disk the program writes on."""
            poll()
            r.recorder.prelude = poll
            mount.before("f")
            mount.close("f", "two, the longest")

        r.recorder.prelude = a_program_is_faster
        r.record("f")
    assert r.capture.settle(WAIT_S)
    r.capture.poll()
    assert r.capture.settle(WAIT_S)
    assert r.texts("f") == [b"zero", b"one, longer", b"two, the longest"]


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


def test_content_that_comes_back_is_a_version_although_one_with_its_size_and_time_is_there(r: Rig, mount: Mount) -> None:
    for n, text in enumerate(["one", "two", "one", "three"]):
        if n:
            mount.before("f")
            (r.root / "f").rename(r.root / f".{n}")
        mount.close("f", text, mtime_ns=1_700_000_000_000_000_000 + (text == "two"))
    r.start()
    assert r.capture.settle(WAIT_S)
    assert r.capture.missed() == []
    assert r.texts("f") == [b"one", b"two", b"one", b"three"]


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


def test_two_changes_in_one_tick_of_the_clock_make_no_version_twice(r: Rig, mount: Mount) -> None:
    at_ns = 1_700_000_000_000_000_000
    r.write("f", "AAAA")
    os.utime(r.root / "f", ns=(at_ns, at_ns))
    r.record("f")
    os.chmod(r.root / "f", 0o600)
    was = mount.stat("f")
    fd = os.open(r.root / "f", os.O_RDONLY)
    spooled = mount.spool.add_copy(fd, was)
    os.close(fd)
    r.write("f", "BBBBBB")
    now = mount.stat("f")
    old = FileStat(was.st_size, was.st_mtime_ns, now.st_ctime_ns)  # as of a clock whose tick holds both changes
    mount.tell(RecordKind.BEFORE, "f", was.st_ino, old=old, spool=spooled)
    mount.tell(RecordKind.CONTENT, "f", now.st_ino, new=FileStat.of(now))
    r.record("f")  # looked at before it is read
    tail = Tail(r.recorder, r.state)
    tail.step()
    tail.close()
    r.record("f")
    assert r.texts("f") == [b"AAAA", b"BBBBBB"]
