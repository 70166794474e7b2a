"""What was renamed over, under and around each other is put back by rollback and undo, and by undoing that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.changes import Goal
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
