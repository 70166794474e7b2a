"""The clock is set back: the history still rises, also when the process was killed before it noted its last time."""

from __future__ import annotations

import shutil
from pathlib import Path

from lsfs.capture.kept import Kept
from lsfs.changes import Goal
from tests.lsfs.store_rig import Rig, p

HOUR_NS = 3_600_000_000_000
NOW_NS = 1_800_000_000_000_000_000


def opened(directory: Path, now_ns: int) -> Rig:
    return Rig(directory / "root", directory / "state", clock_ns=lambda: now_ns)


def killed_copy(directory: Path, name: str) -> Path:
    """Return what a process that is killed now leaves."""
    left = directory.parent / name
    shutil.copytree(directory, left, symlinks=True)
    return left


def test_versions_of_after_the_clock_was_set_back_are_later_than_those_of_before(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    r = opened(tmp_path / "a", NOW_NS)
    r.save("f", "one")
    r.changes.snapshot("s", actor="user")
    r.save("f", "two")
    left = killed_copy(tmp_path / "a", "b")
    r.close()
    r = opened(left, NOW_NS - 5 * HOUR_NS)
    try:
        between = r.catalogue.tick()
        r.save("f", "three")
        with r.changes.begin(actor="user") as tx:
            tx.write(p("f"), b"four")
            tx.write(p("g"), b"new")
        times = [v.at_ns for v in r.versions.history(p("f"))]
        assert times == sorted(times, reverse=True)
        assert len(set(times)) == 4
        version = r.versions.version_at(p("f"), between)
        assert version is not None
        assert r.versions.read(version) == b"two"
        assert [t.id for t in r.changes.log()] == sorted((t.id for t in r.changes.log()), reverse=True)
        r.changes.undo()
        assert r.tree() == {"f": b"three"}
        r.changes.rollback([p("f")], Goal(snapshot="s"), actor="user")
        assert r.tree() == {"f": b"one"}
        assert r.changes.check() == []
    finally:
        r.close()


def test_what_is_kept_and_withdrawn_and_tagged_is_of_the_last_word_and_not_of_the_latest_clock(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    r = opened(tmp_path / "a", NOW_NS)
    r.save("f", "one")
    Kept(r.recorder, "test").put(b"key", b"old")
    with r.changes.begin(actor="user") as tx:
        tx.set_tags(p("f"), add=["red"])
        tx.lock(p("f"))
    left = killed_copy(tmp_path / "a", "b")
    r.close()
    r = opened(left, NOW_NS - 5 * HOUR_NS)
    try:
        Kept(r.recorder, "test").put(b"key", b"new")
        with r.changes.begin(actor="user") as tx:
            tx.unlock(p("f"))
            tx.set_tags(p("f"), remove=["red"], add=["blue"])
        assert Kept(r.recorder, "test").get(b"key") == b"new"
        assert r.versions.locks() == {}
        assert r.versions.tags(r.versions.file_of(p("f"))) == ["blue"]
    finally:
        r.close()


def test_a_file_that_is_dated_in_the_future_is_recorded_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    r = opened(tmp_path / "a", NOW_NS - 5 * HOUR_NS)
    try:
        for number in range(3):
            r.save("f", f"text {number}")
        assert r.texts("f") == [b"text 0", b"text 1", b"text 2"]
        assert r.record() == []
    finally:
        r.close()
