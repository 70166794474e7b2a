"""Kills a process at one effect after the other of a few transactions, and checks what the next start makes of it.

`python -m tests.faults.transactions DIR FAULT POINT...`: a program of its own, so that it forks from a process with one thread.
The script counts every effect of the packs and every effect on the user's files. What must hold after the next start: the
tree is as before or as after the transaction that was cut off, never in between, and not before one that had ended; every
version reads back; `check` finds nothing; recovering once more changes nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from lsfs.changes import Goal
from lsfs.model import State
from tests.faults.child import holds, run_child
from tests.faults.disk import KILLED, Fault, FaultyIO
from tests.lsfs.store_rig import Rig, p

Tree = dict[str, bytes | None]


def script(r: Rig) -> list[Callable[[], object]]:
    """Return the transactions, to be run one after the other."""

    def much() -> None:
        with r.changes.begin(actor="user", prompt="much") as tx:
            tx.write(p("a"), b"changed")
            tx.write(p("new/deep"), b"new")
            tx.write(p("hard"), b"through a hard link")
            tx.move(p("d"), p("moved/d"))
            tx.delete(p("gone"))
            tx.copy(p("moved/d"), p("copy"))
            tx.set_tags(p("a"), add=["tag"])

    def swap() -> None:
        with r.changes.begin(actor="user", prompt="swap") as tx:
            tx.move(p("a"), p("t"))
            tx.move(p("b"), p("a"))
            tx.move(p("t"), p("b"))

    return [much, r.changes.undo, swap, r.changes.undo, lambda: r.changes.rollback([p("")], Goal(steps=3), actor="user")]


def prepare(directory: Path) -> None:
    """Make the tree that the script starts from, and record it."""
    r = Rig(directory / "root", directory / "state")
    for name in ("a", "b", "d/one", "d/e/two", "gone/x", "gone/y/z", "hard"):
        r.write(name, f"text of {name}")
    os.link(r.root / "hard", r.root / "link")
    os.symlink("a", r.root / "soft")
    r.record()
    r.close()


def play(directory: Path, io: FaultyIO) -> list[Tree]:
    """Run the script and return the tree before it and after each transaction; what has ended is noted in a file."""
    r = Rig(directory / "root", directory / "state", io=io)
    r.changes.recover()
    trees = [r.tree()]
    for number, transaction in enumerate(script(r), start=1):
        transaction()
        trees.append(r.tree())
        (directory / "ended").write_text(str(number))
    r.close()
    return trees


def check(directory: Path, trees: list[Tree]) -> None:
    """Open what a killed process left."""
    noted = directory / "ended"
    ended = int(noted.read_text()) if noted.exists() else 0
    r = Rig(directory / "root", directory / "state")
    r.changes.recover()
    try:
        assert r.record() == []
        now = r.tree()
        assert now in trees[ended : ended + 2], f"in between: {set(now) ^ set(trees[ended])}"
        assert not [n for n in os.listdir(r.root) if n.startswith(".lsfs-stage")]
        for e in r.versions.list(recursive=True):
            for version in r.versions.history(e.path):
                assert version.digest is None or len(r.versions.read(version)) == version.size
                assert version.state in (State.STORED, State.DELETED)
        found = r.changes.check()
        assert found == [], found
        assert r.changes.recover() == []
        assert r.tree() == now
    finally:
        r.close()


def main(directory: str, fault: str, *points: str) -> int:
    base = Path(directory) / "base"
    base.mkdir()
    prepare(base)
    plain = Path(directory) / "plain"
    shutil.copytree(base, plain, symlinks=True)
    _link_again(plain)
    counter = FaultyIO()
    trees = play(plain, counter)
    bad = 0
    for point in points or map(str, range(1, counter.count + 1)):
        bad += not _one(Path(directory), base, Fault(fault), int(point), trees)
    print(f"{counter.count} points")
    return 1 if bad else 0


def _link_again(directory: Path) -> None:
    """A copied tree has two files where there was one with two names."""
    os.unlink(directory / "root" / "link")
    os.link(directory / "root" / "hard", directory / "root" / "link")


def _one(directory: Path, base: Path, fault: Fault, point: int, trees: list[Tree]) -> bool:
    root = directory / f"{fault}-{point}"
    shutil.copytree(base, root, symlinks=True)
    _link_again(root)
    status = run_child(lambda: play(root, FaultyIO(fault, point)))
    if not holds(f"{fault} at {point}", status, (KILLED, 0), lambda: check(root, trees)):
        return False
    shutil.rmtree(root)
    return True


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
