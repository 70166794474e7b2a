"""The published system's failures that concern versions, each as a test that passes here (numbers as in its list of faults)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.capture import Author, Dirty
from lsfs.changes import Goal
from lsfs.engine.lock import Lock
from lsfs.errors import Conflict, NotFound
from lsfs.model import State
from tests.lsfs.store_rig import WAIT_S, Rig, p, rig


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


def test_fault_1_the_first_edit_of_a_file_that_was_there_before_can_be_undone(r: Rig) -> None:
    r.write("old", "was here before lsfs")
    r.start()
    with r.changes.begin(actor="user") as tx:
        tx.write(p("old"), b"edited")
    r.changes.rollback([p("old")], Goal(steps=1), actor="user")
    assert r.tree() == {"old": b"was here before lsfs"}


def test_fault_2_saving_makes_one_version_and_never_an_empty_one(r: Rig) -> None:
    r.start()
    for n in range(10):
        with open(r.root / "f", "w") as f:
            r.capture.submit([Dirty(p("f"))])  # what a watcher sees of the truncation
            f.write(f"text {n}")
        r.capture.submit([Dirty(p("f"))])
        assert r.capture.settle(WAIT_S)
    assert r.texts("f") == [b"text %d" % n for n in range(10)]


def test_fault_2_steps_count_what_the_user_saw_and_rollbacks_do_not_shift_them(r: Rig) -> None:
    for text in ("a", "b", "c", "d"):
        r.save("f", text)
    for expected in (b"c", b"b", b"a"):
        r.changes.rollback([p("f")], Goal(steps=1), actor="user")
        assert r.tree() == {"f": expected}
    with pytest.raises(NotFound, match="earlier versions"):
        r.changes.rollback([p("f")], Goal(steps=1), actor="user")
    assert r.tree() == {"f": b"a"}


def test_fault_2_steps_pass_over_versions_that_changed_no_content(r: Rig) -> None:
    r.save("f", "a")
    r.save("f", "b")
    os.chmod(r.root / "f", 0o600)
    r.record("f")
    os.utime(r.root / "f", ns=(5, 5))
    r.record("f")
    r.changes.rollback([p("f")], Goal(steps=1), actor="user")
    assert r.tree() == {"f": b"a"}


def test_fault_2_what_one_prompt_wrote_in_between_is_no_step(r: Rig) -> None:
    r.save("f", "a")
    with r.changes.begin(actor="user") as tx:
        tx.write(p("f"), b"b")
        tx.write(p("f"), b"c", mode="append")
    r.changes.rollback([p("f")], Goal(steps=1), actor="user")
    assert r.tree() == {"f": b"a"}


def test_fault_3_thirty_fast_writes_lose_no_older_version(r: Rig) -> None:
    r.save("f", "real one")
    r.save("f", "real two")
    r.start()
    for n in range(30):
        r.write("f", f"fast {n}")
        r.capture.submit([Dirty(p("f"))])
    assert r.capture.settle(WAIT_S)
    texts = r.texts("f")
    assert texts[:2] == [b"real one", b"real two"]
    assert texts[-1] == b"fast 29"
    assert len(set(texts)) == len(texts)


def test_fault_3_there_is_no_cap_on_versions(r: Rig) -> None:
    for n in range(60):
        r.save("f", f"text {n}")
    assert r.texts("f") == [b"text %d" % n for n in range(60)]


def test_fault_4_deleted_and_renamed_files_leave_no_ghosts(r: Rig) -> None:
    r.save("a", "one")
    r.save("b", "two")
    os.rename(r.root / "a", r.root / "c")
    os.unlink(r.root / "b")
    r.record("a", "b", "c")
    assert r.names() == {"c"}


def test_fault_11_rollback_by_time_takes_what_was_there_then_not_what_is_nearest(r: Rig) -> None:
    r.save("f", "a")
    then = r.catalogue.tick()
    os.unlink(r.root / "f")
    r.record("f")
    r.save("f", "b")
    r.changes.rollback([p("f")], Goal(time_ns=then), actor="user")
    assert r.tree() == {"f": b"a"}


def test_fault_11_rollback_to_a_time_before_the_file_says_so_and_changes_nothing(r: Rig) -> None:
    before = r.catalogue.tick()
    r.save("f", "a")
    with pytest.raises(NotFound, match="not there"):
        r.changes.rollback([p("f")], Goal(time_ns=before), actor="user")
    with pytest.raises(NotFound, match="no file"):
        r.changes.rollback([p("unknown")], Goal(steps=1), actor="user")
    assert r.tree() == {"f": b"a"}
    assert r.changes.log()[0].kind == "burst"


def test_fault_12_a_renamed_file_keeps_its_history(r: Rig) -> None:
    r.save("a", "one")
    r.save("a", "two")
    os.rename(r.root / "a", r.root / "b")
    r.record("a", "b")
    r.changes.rollback([p("b")], Goal(steps=1), actor="user")
    assert r.tree() == {"b": b"one"}


def test_fault_13_writing_makes_the_missing_folders(r: Rig) -> None:
    with r.changes.begin(actor="user") as tx:
        tx.write(p("x/y/z"), b"text")
    assert (r.root / "x/y/z").read_bytes() == b"text"


def test_fault_20_steps_are_counted_from_the_newest(r: Rig) -> None:
    for text in ("a", "b", "c", "d", "e"):
        r.save("f", text)
    assert r.versions.read(r.versions.steps_back(p("f"), 2)) == b"c"


def test_fault_2_ten_spaced_writes_are_ten_versions_and_three_steps_back_is_the_seventh(r: Rig) -> None:
    for n in range(10):
        r.save("f", f"state {n}")
        r.record("f")  # a second event of the same write makes no second version
    assert r.texts("f") == [f"state {n}".encode() for n in range(10)]
    r.changes.rollback([p("f")], Goal(steps=3), actor="user")
    assert r.tree() == {"f": b"state 6"}


def test_fault_5_and_15_documents_and_binary_files_have_versions_like_texts(r: Rig) -> None:
    for name in ("paper.pdf", "letter.docx", "own.bin", "chroma.sqlite3"):
        states = [bytes(range(256)) * n + name.encode() for n in (1, 2)]
        for state in states:
            r.save(name, state)
        assert r.texts(name) == states


def test_fault_12_the_history_outlives_the_process_and_a_second_one_is_kept_out(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        r.save("f", "one")
        r.save("f", "two")
    with rig(tmp_path) as r:
        assert r.texts("f") == [b"one", b"two"]
    lock = Lock(tmp_path / "state", tmp_path / "root")
    with pytest.raises(Conflict):
        Lock(tmp_path / "state", tmp_path / "root")
    lock.release()


def test_fault_15_two_rollbacks_at_once_are_one_after_the_other_or_one_is_refused(r: Rig) -> None:
    for n in range(3):
        r.save("f", f"state {n}")
    said: list[object] = []

    def back() -> None:
        try:
            r.changes.rollback([p("f")], Goal(version=1), actor="user")
        except Conflict as e:
            said.append(e)

    both = [threading.Thread(target=back) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len(said) < 2
    assert r.tree() == {"f": b"state 0"}
    assert r.texts("f")[:3] == [b"state 0", b"state 1", b"state 2"]
    assert r.changes.check() == []


def test_fault_20_what_is_rolled_back_is_byte_for_byte_what_it_was(r: Rig) -> None:
    first = {"a.txt": b"text\r\n", "b.md": b"# title\n", "c.pdf": b"%PDF-1.4\n\x00\xff", "d.docx": b"PK\x03\x04" + bytes(200)}
    for name, data in first.items():
        r.save(name, data)
    for name in first:
        r.save(name, b"something else")
    r.changes.rollback([p(name) for name in first], Goal(version=1), actor="user")
    assert r.tree() == first


def test_a_missed_state_is_listed_and_never_taken_for_a_version(r: Rig) -> None:
    r.write("f", "never stored")
    r.capture.recorder.record([Dirty(p(""), subtree=True)], _baseline(), pending=True)
    r.save("f", "another")
    (missed,) = r.capture.missed()
    assert (missed.path, missed.state) == (b"f", State.MISSED)
    with pytest.raises(NotFound, match="missed"):
        r.changes.rollback([p("f")], Goal(steps=1), actor="user")
    assert r.tree() == {"f": b"another"}


def _baseline() -> Author:
    return Author("baseline", baseline=True)
