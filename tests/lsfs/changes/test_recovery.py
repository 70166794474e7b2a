"""After a crash in a transaction: it is taken back, and what programs did through the mount meanwhile is theirs and stays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsfs.changes import Recovered, Transaction
from lsfs.changes.dressing import Attributes
from lsfs.wire.journal import FileStat, RecordKind
from tests.lsfs.capture.journal import Mount
from tests.lsfs.store_rig import WAIT_S, Rig, p, rig

FILES = {"f": "one", "d/f": "deep one", "d/g": "deep two"}


@dataclass(frozen=True, slots=True)
class Started:
    """A root after a start that found a transaction cut off."""

    rig: Rig
    recovered: Recovered

    def actors(self, name: str) -> list[str]:
        return [v.actor for v in reversed(self.rig.versions.history(p(name)))]

    def burst_of(self, name: str) -> str:
        """Return what the newest version belongs to: a kind of transaction."""
        tx = self.rig.versions.history(p(name))[0].transaction
        assert tx is not None
        return self.rig.changes.transaction(tx).kind


@contextmanager
def after(
    directory: Path, cut: Callable[[Transaction], object], meanwhile: Callable[[Rig, Mount], object]
) -> Iterator[Started]:
    """Cut a transaction off, let something happen through the mount, and start as the engine does."""
    with rig(directory, journal=True) as r:
        for name, text in FILES.items():
            r.write(name, text)
        r.record()
        cut(r.changes.begin(actor="user", prompt="cut off"))
    with rig(directory) as r:
        mount = Mount(r)
        meanwhile(r, mount)
        mount.journal.close()
        mount.spool.close()
    with rig(directory, journal=True) as r:
        r.capture.read_journal()
        (recovered,) = r.changes.recover()
        r.start()
        assert r.capture.settle(WAIT_S)
        assert r.capture.missed() == []
        assert r.changes.check() == []
        yield Started(r, recovered)


def rewritten(name: str, text: str) -> Callable[[Rig, Mount], None]:
    def act(r: Rig, mount: Mount) -> None:
        del r
        mount.before(name)
        mount.close(name, text)

    return act


def removed(name: str) -> Callable[[Rig, Mount], None]:
    def act(r: Rig, mount: Mount) -> None:
        st = mount.stat(name)
        mount.before(name)
        (r.root / name).unlink()
        mount.tell(RecordKind.UNLINK, name, st.st_ino, old=FileStat.of(st))

    return act


def test_without_anybody_else_all_of_it_is_taken_back(tmp_path: Path) -> None:
    with after(tmp_path, lambda tx: tx.write(p("f"), b"by lsfs"), lambda r, mount: None) as s:
        assert s.rig.tree()["f"] == b"one"
        assert s.recovered.restored == (b"f",)


def test_what_a_program_wrote_since_stays_in_its_order_and_under_its_name(tmp_path: Path) -> None:
    with after(tmp_path, lambda tx: tx.write(p("f"), b"by lsfs"), rewritten("f", "by a program")) as s:
        assert s.rig.tree()["f"] == b"by a program"
        assert list(s.recovered.kept) == [b"f"]
        assert s.rig.texts("f") == [b"one", b"by lsfs", b"by a program"]
        assert s.actors("f")[-1] == "program"
        assert s.burst_of("f") == "burst"


def test_what_a_program_wrote_behind_the_mount_is_not_the_transactions(tmp_path: Path) -> None:
    def behind(r: Rig, mount: Mount) -> None:
        del mount
        r.write("f", "behind the mount")

    with after(tmp_path, lambda tx: tx.write(p("f"), b"by lsfs"), behind) as s:
        assert s.rig.tree()["f"] == b"behind the mount"
        assert s.actors("f")[-1] == "program"
        assert s.burst_of("f") == "burst"


def test_what_a_program_deleted_since_stays_deleted(tmp_path: Path) -> None:
    with after(tmp_path, lambda tx: tx.write(p("f"), b"by lsfs"), removed("f")) as s:
        assert "f" not in s.rig.tree()
        assert list(s.recovered.kept) == [b"f"]
        assert s.actors("f")[-1] == "program"
        assert b"by lsfs" in s.rig.texts("f")


def test_a_moved_file_that_a_program_edited_goes_home_with_the_edit(tmp_path: Path) -> None:
    with after(tmp_path, lambda tx: tx.move(p("d"), p("e")), rewritten("e/f", "edited after the move")) as s:
        assert s.rig.tree() == {"f": b"one", "d": None, "d/f": b"edited after the move", "d/g": b"deep two"}
        assert b"e/f" in s.recovered.kept
        assert s.rig.texts("d/f")[0] == b"deep one"


def test_a_moved_file_that_a_program_edited_goes_home_from_a_folder_that_stays(tmp_path: Path) -> None:
    with after(tmp_path, lambda tx: tx.move(p("f"), p("d/h")), rewritten("d/h", "edited after the move")) as s:
        tree = s.rig.tree()
        assert b"edited after the move" in (tree.get("f"), tree.get("d/h"))
        assert b"one" in s.rig.texts("f")


def test_a_copy_that_a_program_edited_stays(tmp_path: Path) -> None:
    with after(tmp_path, lambda tx: tx.copy(p("d"), p("e")), rewritten("e/f", "edited after the copy")) as s:
        assert s.rig.tree()["e/f"] == b"edited after the copy"
        assert "e/g" not in s.rig.tree(), "the rest of the copy is taken back"


def test_a_deleted_file_that_a_program_made_anew_stays(tmp_path: Path) -> None:
    def again(r: Rig, mount: Mount) -> None:
        os.makedirs(r.root / "d", exist_ok=True)
        mount.close("d/f", "made anew")

    with after(tmp_path, lambda tx: tx.delete(p("d")), again) as s:
        assert s.rig.tree()["d/f"] == b"made anew"
        assert s.rig.tree()["d/g"] == b"deep two"
        assert s.actors("d/f")[-1] == "program"


@pytest.mark.parametrize("text", ["one", "by lsfs"])
def test_a_program_that_wrote_what_was_there_anyway_hinders_nothing(tmp_path: Path, text: str) -> None:
    with after(tmp_path, lambda tx: tx.write(p("f"), b"by lsfs"), rewritten("f", text)) as s:
        assert s.rig.tree()["f"] == b"one"


def stage_names(r: Rig) -> list[Path]:
    return [path for path in r.root.rglob("*") if r.disk.is_staged(os.fsencode(path.name))]


def make_room(tx: Transaction) -> None:
    """Do what a rollback does first whose targets are taken: the folder gets a temporary name; then the process is killed."""
    hand = tx._hand
    tx._ledger.intend("rollback", tx._ledger.enter([p("d")], below=True))
    hand.rename(p("d"), hand.temporary_beside(p("d")))


def half_exchanged(tx: Transaction) -> None:
    """Do what an undo of an exchange does, until one file has its new name and the other a temporary one."""
    hand, aside = tx._hand, []
    tx._ledger.intend("undo", tx._ledger.enter([p("d/f"), p("d/g")]))
    for name in ("d/f", "d/g"):
        aside.append(hand.temporary_beside(p(name)))
        hand.rename(p(name), aside[-1])
    hand.rename(aside[1], p("d/f"))


def test_of_two_files_that_were_changing_places_both_go_home(tmp_path: Path) -> None:
    with after(tmp_path, half_exchanged, lambda r, mount: None) as started:
        assert started.rig.tree() == {"f": b"one", "d": None, "d/f": b"deep one", "d/g": b"deep two"}
        assert started.rig.texts("d/f") == [b"deep one"]
        assert stage_names(started.rig) == []


def test_what_a_program_puts_into_a_folder_under_a_temporary_name_is_home_with_it(tmp_path: Path) -> None:
    def put(r: Rig, mount: Mount) -> None:
        (folder,) = [path for path in r.root.iterdir() if path.is_dir()]
        (folder / "new").write_text("theirs")
        (folder / "f").write_text("theirs too")

    with after(tmp_path, make_room, put) as started:
        assert started.rig.tree() == {"f": b"one", "d": None, "d/f": b"theirs too", "d/g": b"deep two", "d/new": b"theirs"}
        assert stage_names(started.rig) == []


def test_a_folder_that_cannot_go_home_gets_a_name_that_is_seen(tmp_path: Path) -> None:
    def put(r: Rig, mount: Mount) -> None:
        (folder,) = [path for path in r.root.iterdir() if path.is_dir()]
        (folder / "new").write_text("theirs")
        r.write("d/mine", "somebody made the folder anew")

    with after(tmp_path, make_room, put) as started:
        tree = started.rig.tree()
        assert b"theirs" in tree.values() and tree["d/mine"] == b"somebody made the folder anew"
        assert stage_names(started.rig) == []


@pytest.mark.parametrize("name", [".lsfs-stage-notes.txt", ".lsfs-stage-0123456789abcdef-12-1-1", "d/.lsfs-stage-x-moved"])
def test_a_file_of_the_users_that_is_called_like_ours_is_a_file_of_the_users(tmp_path: Path, name: str) -> None:
    with rig(tmp_path) as r:
        r.save(name, "precious")
        assert r.texts(name) == [b"precious"]
    with rig(tmp_path) as r:
        r.record()
        with r.changes.begin(actor="user") as tx:
            tx.write(p(name), b"changed")
        r.changes.undo()
        assert r.tree()[name] == b"precious"


def test_the_copies_of_a_root_inside_are_left_to_it(tmp_path: Path) -> None:
    with rig(tmp_path) as outer:
        (outer.root / "inner").mkdir()
        with rig(outer.root / "inner") as inner:
            inner.save("f", "one")

            def fill(fd: int) -> None:
                os.write(fd, b"two")

            staged = inner.changes.begin(actor="user")._hand.staging.stage(p("f"), fill, Attributes())
            outer.record()
            os.close(staged.fd)
            assert (inner.root / os.fsdecode(staged.name)).read_bytes() == b"two"
