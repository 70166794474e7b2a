"""A program saves in the moment in which lsfs replaces or removes its file, and the engine is killed right then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lsfs.model import ChangeKind
from tests.lsfs.store_rig import Rig, p, rig

KILLED = """
import os, sys
from pathlib import Path
from lsfs.capture import aside
from lsfs.changes import Goal, hand
from tests.lsfs.store_rig import p, rig

act, saved = sys.argv[2:]
with rig(Path(sys.argv[1])) as r:
    def save():
        (r.root / "other").write_bytes(saved.encode())
        os.rename(r.root / "other", r.root / "d/f")

    def exchange(*args):
        save()
        aside.exchange(*args)
        os._exit(9)

    real = os.rename
    def rename(source, target, **more):
        if source == b"f":
            os.rename = real
            save()
            real(source, target, **more)
            os._exit(9)
        real(source, target, **more)

    hand.exchange = exchange
    with r.changes.begin(actor="user", prompt="cut off") as tx:
        if act == "write":
            tx.write(p("d/f"), b"written")
        elif act == "rollback":
            r.changes.rollback_in(tx, [p("d/f")], Goal(steps=1))
        else:
            os.rename = rename
            tx.delete(p("d/f"))
"""


HALF = """
import os, sys
from pathlib import Path
from lsfs.changes import Goal, transaction
from lsfs.packs import restoring
from tests.lsfs.store_rig import p, rig

act, size = sys.argv[2], int(sys.argv[3])
with rig(Path(sys.argv[1])) as r:
    def half(fd, *_):
        os.write(fd, b"x" * size)
        os._exit(9)

    def begun(self, content, fd):
        os.write(fd, b"first"[:size])
        os._exit(9)

    with r.changes.begin(actor="user", prompt="cut off") as tx:
        tx.write(p("d/f"), b"written by us")
        if act == "write":
            transaction.fill = half
            tx.write(p("d/f"), b"x" * 1000)
        r.disk.aside.clear()
        restoring.Restorer.restore = begun
        if act == "rollback":
            r.changes.rollback_in(tx, [p("d/f")], Goal(version=1))
        raise ZeroDivisionError  # and taken back: what was there is staged again
"""


def killed(directory: Path, act: str, saved: str) -> None:
    arguments = [sys.executable, "-c", KILLED, str(directory), act, saved]
    assert subprocess.run(arguments, cwd=Path(__file__).parents[3], check=False).returncode == 9


def prepared(directory: Path) -> None:
    with rig(directory) as r:
        for text in ("first", "second", "third"):
            r.write("d/f", text)
            r.record()


def started(r: Rig) -> None:
    of_before = set((r.state / "aside").iterdir())
    (line,) = r.changes.recover()
    assert line.kept == {b"d/f": "changed since the crash"}
    assert not of_before & set((r.state / "aside").iterdir())
    assert not list(r.root.rglob(".*"))
    assert r.changes.check() == []


@pytest.mark.parametrize("act", ["write", "rollback", "delete"])
def test_the_save_is_there_again_and_in_the_history(tmp_path: Path, act: str) -> None:
    prepared(tmp_path)
    killed(tmp_path, act, "saved just now")
    with rig(tmp_path) as r:
        assert (r.root / "d/f").read_bytes() if act != "delete" else not (r.root / "d/f").exists()
        started(r)
        assert r.tree() == {"d": None, "d/f": b"saved just now"}
        assert r.texts("d/f") == [b"first", b"second", b"third", b"saved just now"]
        assert r.versions.history(p("d/f"))[0].actor == "program"


def test_a_still_newer_save_stays_and_the_other_one_is_kept_beside_it(tmp_path: Path) -> None:
    prepared(tmp_path)
    killed(tmp_path, "delete", "saved just now")
    (tmp_path / "root/d/f").write_text("saved later")
    with rig(tmp_path) as r:
        started(r)
        r.record()
        assert r.tree() == {"d": None, "d/f": b"saved later", "d/kept by lsfs 1 f": b"saved just now"}
        assert r.texts("d/kept by lsfs 1 f") == [b"saved just now"]


def test_without_the_folder_it_is_kept_at_the_top(tmp_path: Path) -> None:
    prepared(tmp_path)
    killed(tmp_path, "delete", "saved just now")
    (tmp_path / "root/d").rmdir()
    with rig(tmp_path) as r:
        r.changes.recover()
        assert (r.root / "kept by lsfs 1 f").read_bytes() == b"saved just now"
        assert r.changes.check() == []


@pytest.mark.parametrize("known", ["first", "third"])
@pytest.mark.parametrize("act", ["write", "rollback", "delete"])
def test_what_the_history_has_is_no_save_of_that_moment(tmp_path: Path, act: str, known: str) -> None:
    prepared(tmp_path)
    killed(tmp_path, act, known)
    with rig(tmp_path) as r:
        of_before = set((r.state / "aside").iterdir())
        r.changes.recover()
        assert r.tree() == {"d": None, "d/f": b"third"}
        assert not of_before & set((r.state / "aside").iterdir())
        kinds = {c.kind for c in r.seen}
        assert kinds <= {ChangeKind.MODIFIED, ChangeKind.CREATED, ChangeKind.DELETED, ChangeKind.ATTRIBUTES}


def test_what_an_earlier_rollback_replaced_is_not_taken_for_a_save(tmp_path: Path) -> None:
    prepared(tmp_path)
    with rig(tmp_path) as r:
        tx = r.changes.begin(actor="user", prompt="earlier")
        with tx:
            tx.write(p("d/f"), b"fourth")
    killed(tmp_path, "rollback", "fourth")
    with rig(tmp_path) as r:
        r.changes.recover()
        assert r.tree() == {"d": None, "d/f": b"fourth"}


@pytest.mark.parametrize("size", [0, 3, 5])
@pytest.mark.parametrize("act", ["write", "rollback", "take back"])
def test_what_was_half_written_by_us_is_no_save(tmp_path: Path, act: str, size: int) -> None:
    prepared(tmp_path)
    arguments = [sys.executable, "-c", HALF, str(tmp_path), act, str(size)]
    assert subprocess.run(arguments, cwd=Path(__file__).parents[3], check=False).returncode == 9
    with rig(tmp_path) as r:
        r.changes.recover()
        assert r.tree() == {"d": None, "d/f": b"third"}
        assert r.changes.check() == []
