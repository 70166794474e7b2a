"""The mount's journal and spool, as the engine reads them: N closes are N versions, and no gap is passed over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsfs.capture import Acknowledger, Author, Dirty
from lsfs.capture.tail import Tail
from lsfs.wire.captured import Captured
from lsfs.wire.journal import FileStat, JournalRecord, RecordKind, Tailer, Writer
from tests.lsfs.capture.journal import Mount, mount, r
from tests.lsfs.store_rig import WAIT_S, Rig, p, rig

__all__ = ["mount", "r"]


def test_n_closes_are_n_versions_although_the_engine_came_late(r: Rig, mount: Mount) -> None:
    for n in range(5):
        if n:
            mount.before("f")
        mount.close("f", "x" * (n + 1))
    r.start()
    assert r.capture.settle(WAIT_S)
    assert r.texts("f") == [b"x" * n for n in range(1, 6)]
    assert mount.spooled(r) == []


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
    for dirty in tail.step().dirty:
        r.recorder.record([dirty], Author("program"))
    tail.close()
    assert [(v.number, v.digest) for v in r.versions.history(p("f"))] == before


def test_a_rename_that_was_read_and_not_looked_at_before_a_kill_is_not_forgotten(tmp_path: Path) -> None:
    with rig(tmp_path, journal=True) as r:
        mount = Mount(r)
        r.start()
        r.capture.stop()
        mount.close("f.new", "one")
        r.record("f.new")  # seen under the name that it has for a moment
        os.rename(r.root / "f.new", r.root / "f")
        mount.tell(RecordKind.RENAME, "f.new", mount.stat("f").st_ino, path2="f")
        r.capture.poll()  # the hints are queued, and go with the process
        r.capture.poll()
    with rig(tmp_path, journal=True) as r:
        for text in ("one and two", "one, two and three"):
            mount.before("f")
            mount.close("f", text)
        r.capture.read_journal()
        r.start()
        assert r.capture.settle(WAIT_S)
        assert r.texts("f") == [b"one", b"one and two", b"one, two and three"]
        assert r.names() == {"f"}
        assert r.capture.missed() == []
        r.capture.poll()
        (journal,) = (r.state / "journal").iterdir()
        assert r.catalogue.meta("capture:journal") == f"{int(journal.stem)}:{journal.stat().st_size}", "nothing waits any more"
        mount.journal.close()
        mount.spool.close()


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
