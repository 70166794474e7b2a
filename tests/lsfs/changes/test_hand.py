"""The hand gives nobody's file away: what a program does in the moment of a change stays, and what was removed comes back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsfs.changes import Changes, hand
from lsfs.changes.rollback import Goal
from lsfs.errors import Conflict
from tests.lsfs.store_rig import Rig, p, rig


def settled(r: Rig, *names: str) -> None:
    """Record files whose last change is so long ago that a further one would be seen."""
    for name in names:
        made = (r.root / name).stat()
        while (r.root / name).stat().st_ctime_ns > r.catalogue.tick() - 30_000_000:
            pass
        assert made.st_ino == (r.root / name).stat().st_ino
    r.record()


def before(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """Have a program act once in the moment before an effect of the hand."""
    real = getattr(hand, name)
    acts = [act]

    def effect(*arguments: Any) -> Any:
        if acts:
            acts.pop()()
        return real(*arguments)

    monkeypatch.setattr(hand, name, effect)


def save(path: Path, text: str) -> None:
    """Save as an editor does."""
    beside = path.with_name("editor.tmp")
    beside.write_text(text)
    beside.rename(path)


def test_a_file_that_is_saved_in_the_moment_of_a_write_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rig(tmp_path) as r:
        r.save("f", "one")
        before(monkeypatch, "exchange", lambda: save(r.root / "f", "theirs"))
        with pytest.raises(Conflict), r.changes.begin(actor="user") as tx:
            tx.write(p("f"), b"ours")
        assert r.tree() == {"f": b"theirs"}
        assert b"theirs" in r.texts("f")


def test_a_file_that_appears_in_the_moment_of_a_write_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rig(tmp_path) as r:
        before(monkeypatch, "appear", lambda: r.write("f", "theirs"))
        with pytest.raises(Conflict), r.changes.begin(actor="user") as tx:
            tx.write(p("f"), b"ours")
        assert r.tree() == {"f": b"theirs"}


def test_a_file_that_is_saved_in_the_moment_of_its_removal_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rig(tmp_path) as r:
        r.write("f", "one")
        settled(r, "f")
        keep = r.disk.aside.keep
        saved: list[bool] = []

        def first(*arguments: Any) -> bool:
            if not saved:
                saved.append(True)
                save(r.root / "f", "theirs")
            return keep(*arguments)

        monkeypatch.setattr(r.disk.aside, "keep", first)
        with pytest.raises(Conflict), r.changes.begin(actor="user") as tx:
            tx.delete(p("f"))
        assert saved and r.tree() == {"f": b"theirs"}


def linked_then_a_file(r: Rig) -> None:
    """Record a symbolic link, a snapshot of it, and a file in its place."""
    os.symlink("elsewhere", r.root / "f")
    r.record()
    r.changes.snapshot("then", actor="user")
    (r.root / "f").unlink()
    r.write("f", "a file")
    settled(r, "f")


def test_a_file_that_is_saved_before_it_goes_back_to_a_link_stays(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        linked_then_a_file(r)
        r.recorder.point = lambda name: save(r.root / "f", "theirs") if name == "remove" else None
        done = Changes(r.recorder, r.versions, r.packs).rollback([p("f")], Goal(snapshot="then"), actor="user")
        assert r.tree() == {"f": b"theirs"} and list(done.kept) == [b"f"]


def test_a_file_that_appears_where_a_link_is_made_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rig(tmp_path) as r:
        linked_then_a_file(r)
        before(monkeypatch, "appear", lambda: r.write("f", "theirs"))
        done = r.changes.rollback([p("f")], Goal(snapshot="then"), actor="user")
        assert r.tree() == {"f": b"theirs"} and list(done.kept) == [b"f"]


def test_a_file_that_is_saved_over_a_link_in_the_moment_of_a_rollback_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rig(tmp_path) as r:
        os.symlink("one", r.root / "f")
        r.record()
        r.changes.snapshot("then", actor="user")
        (r.root / "f").unlink()
        os.symlink("two", r.root / "f")
        r.record()
        before(monkeypatch, "exchange", lambda: save(r.root / "f", "theirs"))
        done = r.changes.rollback([p("f")], Goal(snapshot="then"), actor="user")
        assert r.tree() == {"f": b"theirs"} and list(done.kept) == [b"f"]
        assert r.changes.rollback([p("f")], Goal(snapshot="then"), actor="user").kept == {}
        assert os.readlink(r.root / "f") == "one"


def test_a_file_and_a_link_take_each_others_place(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        linked_then_a_file(r)
        r.changes.rollback([p("f")], Goal(snapshot="then"), actor="user")
        assert os.readlink(r.root / "f") == "elsewhere"
        r.changes.undo()
        assert r.tree() == {"f": b"a file"}
        assert not list(r.root.rglob(".lsfs-stage*"))


def test_an_undone_deletion_gives_the_same_files_back(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        for n in range(5):
            r.write(f"d/f{n}", f"text {n}")
        os.chmod(r.root / "d/f0", 0o640)
        settled(r, *(f"d/f{n}" for n in range(5)))
        was = {n: (r.root / f"d/f{n}").stat() for n in range(5)}
        with r.changes.begin(actor="user") as tx:
            tx.delete(p("d"))
        assert r.tree() == {}
        undone = r.changes.undo()
        now = {n: (r.root / f"d/f{n}").stat() for n in range(5)}
        assert {n: (s.st_ino, s.st_mode, s.st_mtime_ns) for n, s in now.items()} == {
            n: (s.st_ino, s.st_mode, s.st_mtime_ns) for n, s in was.items()
        }
        assert r.tree() == {"d": None, **{f"d/f{n}": f"text {n}".encode() for n in range(5)}}
        again = r.changes.undo(transaction=undone.id)
        assert r.tree() == {}
        r.changes.undo(transaction=again.id)
        assert r.texts("d/f3")[-1] == b"text 3" and r.changes.check() == []


def test_an_undone_rollback_exchanges_the_files_again(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        r.write("f", "one")
        settled(r, "f")
        r.write("f", "two")
        settled(r, "f")
        two = (r.root / "f").stat().st_ino
        r.changes.rollback([p("f")], Goal(steps=1), actor="user")
        assert r.tree() == {"f": b"one"} and (r.root / "f").stat().st_ino != two
        r.changes.undo()
        assert r.tree() == {"f": b"two"} and (r.root / "f").stat().st_ino == two


def test_a_removed_file_that_a_program_goes_on_writing_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        r.write("f", "one")
        settled(r, "f")
        with (r.root / "f").open("a") as held:
            with r.changes.begin(actor="user") as tx:
                tx.delete(p("f"))
            held.write(" and more")
        r.changes.undo()
        assert r.tree() == {"f": b"one"}


def test_undo_needs_nothing_that_was_kept(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        r.write("f", "one")
        settled(r, "f")
        with r.changes.begin(actor="user") as tx:
            tx.delete(p("f"))
        r.disk.aside.clear()
        r.changes.undo()
        assert r.tree() == {"f": b"one"}


def test_forgetting_leaves_nothing_of_what_was_kept(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        r.write("f", "the secret word")
        settled(r, "f")
        with r.changes.begin(actor="user") as tx:
            tx.delete(p("f"))
        assert any((r.state / "aside").iterdir())
        r.changes.forget([p("f")])
        assert not any((r.state / "aside").iterdir())
