"""The tree goes back as a whole, and forth again, whatever programs did to its names: each shape alone, on real files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.changes import Goal
from tests.lsfs.store_rig import Rig, p, rig

Act = Callable[[Path], object]


def rename(old: str, new: str) -> Act:
    return lambda root: (root / old).rename(root / new)


def exchange(a: str, b: str) -> Act:
    def act(root: Path) -> None:
        (root / a).rename(root / "for a moment")
        (root / b).rename(root / a)
        (root / "for a moment").rename(root / b)

    return act


def write(name: str, text: str) -> Act:
    return lambda root: (root / name).write_text(text)


def unlink(name: str) -> Act:
    return lambda root: (root / name).unlink()


def folder(name: str) -> Act:
    def act(root: Path) -> None:
        (root / name).unlink()
        (root / name).mkdir()
        (root / name / "inner").write_text("inside")

    return act


def link(name: str) -> Act:
    def act(root: Path) -> None:
        (root / name).unlink()
        (root / name).symlink_to("elsewhere")

    return act


def file(name: str) -> Act:
    def act(root: Path) -> None:
        shutil.rmtree(root / name)
        (root / name).write_text("a file now")

    return act


FOLDER = rename("d1", "D1")
SHAPES: dict[str, list[Act]] = {
    "a folder is renamed and a file in it written": [FOLDER, write("D1/s/f1", "two")],
    "a file is written and its folder renamed": [write("d1/s/f1", "two"), FOLDER],
    "a file leaves a folder that is renamed": [FOLDER, rename("D1/s/f1", "d0/f1")],
    "a file comes into a folder that is renamed": [rename("d0/g1", "d1/s/g1"), FOLDER],
    "a file becomes a folder in one that is renamed": [folder("d1/s/f1"), FOLDER],
    "a file becomes a link in a folder that is renamed": [link("d1/s/f1"), FOLDER],
    "two files are exchanged in a folder that is renamed": [exchange("d1/s/f1", "d1/s/f2"), FOLDER],
    "and one of them is written": [exchange("d1/s/f1", "d1/s/f2"), write("d1/s/f1", "longer"), FOLDER],
    "two files are exchanged across a folder that is renamed": [exchange("d1/s/f1", "d0/g1"), FOLDER],
    "a folder in a folder changes places and both are renamed": [rename("d1/s", "d0/s"), FOLDER, rename("d0", "D0")],
    "a folder becomes a file": [file("d1")],
    "a name of two is gone": [unlink("d0/h1")],
    "a name of two is gone and the other written": [unlink("d0/h1"), write("d1/s/f1", "two")],
    "a name of two is renamed and written": [rename("d0/h1", "h"), write("h", "two")],
    "a name of two is exchanged": [exchange("d0/h1", "d0/g1")],
    "a name of two is exchanged and written": [exchange("d0/h1", "d0/g1"), write("d0/g1", "three")],
    "names of two files of two names are exchanged": [exchange("d0/h1", "d0/h2")],
    "and their folder is renamed": [exchange("d0/h1", "d0/h2"), rename("d0", "D0")],
    "a name of two becomes a folder": [folder("d0/h1")],
    "a name of two becomes another file": [unlink("d0/h1"), write("d0/h1", "its own")],
    "and the other is written": [unlink("d0/h1"), write("d0/h1", "its own"), write("d1/s/f1", "two")],
    "both names are gone": [unlink("d0/h1"), unlink("d1/s/f1")],
}


def recorded(r: Rig) -> tuple[int, dict[str, bytes | None]]:
    """Return a time at which the tree was as it is, and how that is."""
    r.record()
    r.record()
    return r.catalogue.tick(), r.tree()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_tree_goes_back_and_forth(tmp_path: Path, shape: str) -> None:
    with rig(tmp_path) as r:
        for n in range(4):
            r.write(f"d1/s/f{n}", f"one {n}")
            r.write(f"d0/g{n}", f"other {n}")
        os.link(r.root / "d1/s/f1", r.root / "d0/h1")
        os.link(r.root / "d0/g2", r.root / "d0/h2")
        before_ns, before = recorded(r)
        for act in SHAPES[shape]:
            act(r.root)
        after_ns, after = recorded(r)
        for at_ns, tree in ((before_ns, before), (after_ns, after), (before_ns, before)):
            assert r.changes.rollback([p("")], Goal(time_ns=at_ns), actor="user").kept == {}
            assert r.tree() == tree
            assert r.record() == []
        r.changes.undo()
        assert r.tree() == after
        assert r.changes.check() == []


def test_a_link_outside_of_the_root_keeps_what_it_has(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        r.save("f", "one")
        os.link(r.root / "f", tmp_path / "outside")
        r.record()
        with r.changes.begin(actor="user") as tx:
            tx.write(p("f"), b"two")
        assert (tmp_path / "outside").read_text() == "one"
        r.changes.undo()
        assert r.tree() == {"f": b"one"}
        assert (tmp_path / "outside").read_text() == "one"
