"""What was renamed over, under and around each other is put back by rollback and undo, and by undoing that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.changes import Changes, Goal
from tests.lsfs.store_rig import Rig, p, rig


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


def state(r: Rig) -> dict[str, object]:
    """Return the tree with the targets of its links."""
    return {**r.tree(), **{n: os.readlink(r.root / n) for n in r.tree() if (r.root / n).is_symlink()}}


def folder_over_a_file(root: Path) -> None:
    (root / "a").unlink()
    (root / "b").rename(root / "a")


def link_to_the_renamed(root: Path) -> None:
    (root / "b").rename(root / "b_ren")
    (root / "b").symlink_to("b_ren")


def file_over_a_folder(root: Path) -> None:
    (root / "b").rename(root / "c")
    (root / "a").rename(root / "b")


def new_folder_with_the_old_file_in_it(root: Path) -> None:
    (root / "a").rename(root / "tmp")
    (root / "a" / "sub").mkdir(parents=True)
    (root / "tmp").rename(root / "a" / "sub" / "old")
    (root / "a" / "sub" / "new").write_text("new")


def exchanged(root: Path) -> None:
    (root / "a").rename(root / "tmp")
    (root / "b").rename(root / "a")
    (root / "tmp").rename(root / "b")


def moved_into_what_takes_its_name(root: Path) -> None:
    (root / "b").rename(root / "tmp")
    (root / "b").mkdir()
    (root / "tmp").rename(root / "b" / "b")


def anew_and_renamed(root: Path) -> None:
    (root / "a").rename(root / "z")
    (root / "a").write_text("another a")


WAYS = [
    folder_over_a_file,
    link_to_the_renamed,
    file_over_a_folder,
    new_folder_with_the_old_file_in_it,
    exchanged,
    moved_into_what_takes_its_name,
    anew_and_renamed,
]


@pytest.mark.parametrize("way", WAYS)
def test_names_that_changed_hands_are_rolled_back_and_forward(r: Rig, way: Callable[[Path], None]) -> None:
    for name, text in (("a", "file"), ("b/1", "inner"), ("b/deep/2", "deeper")):
        r.write(name, text)
    r.record()
    before = state(r)
    r.changes.snapshot("then", actor="user")
    way(r.root)
    r.record()
    after = state(r)
    done = r.changes.rollback([p("")], Goal(snapshot="then"), actor="user")
    assert (state(r), done.kept) == (before, {})
    undone = r.changes.undo()
    assert (state(r), undone.kept) == (after, {})
    again = r.changes.undo(transaction=undone.id)
    assert (state(r), again.kept) == (before, {})
    assert r.record() == [] and r.changes.check() == []
    assert not list(r.root.rglob(".lsfs-stage*"))


def test_a_folder_moved_over_a_deleted_file_is_undone_in_one_go(r: Rig) -> None:
    r.write("a", "file")
    r.write("b/1", "inner")
    r.record()
    before = r.tree()
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("a"))
    with r.changes.begin(actor="user") as tx:
        tx.move(p("b"), p("a"))
    r.changes.undo(steps=2)
    assert r.tree() == before


def linked_outside(r: Rig) -> None:
    r.write("d/a", "one")
    os.link(r.root / "d/a", r.root / "out")
    r.record()


def test_a_name_of_a_file_that_has_another_elsewhere_comes_back_as_one(r: Rig) -> None:
    linked_outside(r)
    r.changes.snapshot("then", actor="user")
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("d"))
    r.changes.undo()
    assert (r.root / "d/a").samefile(r.root / "out")
    (r.root / "d/a").unlink()
    r.record()
    r.changes.rollback([p("d")], Goal(snapshot="then"), actor="user")
    assert (r.root / "d/a").samefile(r.root / "out")
    assert r.record() == [] and r.changes.check() == []
    assert {v.fid for v in r.versions.history(p("d/a"))} == {v.fid for v in r.versions.history(p("out"))}


def test_a_cut_off_deletion_of_one_of_two_names_gives_it_back(r: Rig) -> None:
    linked_outside(r)
    r.changes.begin(actor="user").delete(p("d"))
    Changes(r.recorder, r.versions, r.packs).recover()
    assert (r.root / "d/a").samefile(r.root / "out")


def test_a_name_whose_other_name_holds_something_else_by_now_is_a_file_of_its_own(r: Rig) -> None:
    linked_outside(r)
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("d"))
    real = r.recorder.point
    r.recorder.point = lambda name: r.write("out", "two, just now") if name == "hard_link" else real(name)
    Changes(r.recorder, r.versions, r.packs).undo()
    assert r.tree() == {"d": None, "d/a": b"one", "out": b"two, just now"}


def test_undo_gives_folders_and_pipes_their_times_and_modes_again(r: Rig) -> None:
    r.write("d/sub/f", "text")
    os.mkfifo(r.root / "d/pipe")
    os.chmod(r.root / "d/pipe", 0o666)
    for number, name in enumerate(("d/pipe", "d/sub/f", "d/sub", "d"), start=1):
        os.utime(r.root / name, ns=(number * 10**18, number * 10**18 + 123456789))
    r.record()
    r.write("d/sub/g", "a folder changes when something is put into it")
    r.record()
    was = {n: ((r.root / n).lstat().st_mtime_ns, (r.root / n).lstat().st_mode) for n in ("d", *r.tree())}
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("d"))
    r.changes.undo()
    assert {n: ((r.root / n).lstat().st_mtime_ns, (r.root / n).lstat().st_mode) for n in was} == was
    assert r.record() == []
