"""Transactions: all of it or nothing, and nothing outside the root."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lsfs.changes import Changes
from lsfs.errors import BadRequest, Conflict, Denied, Exists, NotFound, OutsideRoot
from lsfs.model import RelPath
from tests.lsfs.store_rig import Rig, p, rig


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


class Stop(Exception):
    """What a test raises inside a transaction."""


def test_a_write_makes_folders_keeps_the_old_text_and_is_in_the_log(r: Rig) -> None:
    r.save("a", "one")
    with r.changes.begin(actor="agent:x", prompt="write it", plan={"steps": []}) as tx:
        tx.write(p("a"), b"two")
        tx.write(p("new/deep/file"), io.BytesIO(b"streamed"))
    assert tx.changed == [b"a", b"new", b"new/deep", b"new/deep/file"]
    assert r.texts("a") == [b"one", b"two"]
    line = r.changes.log()[0]
    assert (line.id, line.actor, line.prompt, line.state, line.changed) == (tx.id, "agent:x", "write it", "committed", 4)
    assert r.versions.history(p("a"))[0].transaction == tx.id


def test_append_and_prepend_keep_what_is_there(r: Rig) -> None:
    r.save("a", "b")
    with r.changes.begin(actor="user") as tx:
        tx.write(p("a"), b"c", mode="append")
        tx.write(p("a"), b"a", mode="prepend")
    assert r.tree() == {"a": b"abc"}


def test_mode_owner_and_extended_attributes_survive_a_write(r: Rig) -> None:
    r.write("a", "one")
    os.chmod(r.root / "a", 0o640)
    os.setxattr(r.root / "a", "user.colour", b"red")
    with r.changes.begin(actor="user") as tx:
        tx.write(p("a"), b"two")
    assert (r.root / "a").stat().st_mode & 0o777 == 0o640
    assert os.getxattr(r.root / "a", "user.colour") == b"red"


def test_a_write_through_one_hard_link_is_seen_through_the_other(r: Rig) -> None:
    r.write("a", "one")
    os.link(r.root / "a", r.root / "b")
    r.record()
    with r.changes.begin(actor="user") as tx:
        tx.write(p("a"), b"two")
    assert r.tree() == {"a": b"two", "b": b"two"}
    assert r.texts("b") == [b"one", b"two"]


def test_what_was_never_recorded_is_in_the_store_before_it_is_replaced(r: Rig) -> None:
    r.write("a", "never seen before")
    with r.changes.begin(actor="user") as tx:
        tx.write(p("a"), b"new")
    assert r.texts("a") == [b"never seen before", b"new"]


def test_an_exception_takes_everything_back(r: Rig) -> None:
    for name in ("a", "d/b", "d/c", "e"):
        r.write(name, f"text of {name}")
    r.record()
    before = r.tree()
    with pytest.raises(Stop), r.changes.begin(actor="user") as tx:
        tx.write(p("a"), b"changed")
        tx.move(p("d"), p("moved/d"))
        tx.delete(p("e"))
        tx.write(p("e"), b"another e")
        tx.copy(p("moved/d"), p("copy"))
        raise Stop
    assert r.tree() == before
    assert r.changes.log()[0].state == "reverted"
    assert r.record() == []


def test_a_transaction_that_changes_nothing_leaves_no_trace(r: Rig) -> None:
    with r.changes.begin(actor="user"):
        pass
    assert r.changes.log() == []


def test_move_and_copy_refuse_a_taken_name_and_the_inside_of_the_source(r: Rig) -> None:
    r.write("a", "1")
    r.write("b", "2")
    r.write("d/f", "3")
    r.record()
    for call in ("move", "copy"):
        with pytest.raises(Exists), r.changes.begin(actor="user") as tx:
            getattr(tx, call)(p("a"), p("b"))
        with pytest.raises(BadRequest), r.changes.begin(actor="user") as tx:
            getattr(tx, call)(p("d"), p("d/inside"))
        with pytest.raises(NotFound), r.changes.begin(actor="user") as tx:
            getattr(tx, call)(p("nothing"), p("c"))
    assert r.tree() == {"a": b"1", "b": b"2", "d": None, "d/f": b"3"}


def test_a_copied_folder_has_the_same_content_modes_and_links(r: Rig) -> None:
    r.write("d/f", "text")
    os.chmod(r.root / "d/f", 0o600)
    os.symlink("f", r.root / "d/link")
    r.record()
    with r.changes.begin(actor="user") as tx:
        tx.copy(p("d"), p("x/e"))
    assert (r.root / "x/e/f").read_text() == "text"
    assert (r.root / "x/e/f").stat().st_mode & 0o777 == 0o600
    assert os.readlink(r.root / "x/e/link") == "f"


@pytest.mark.parametrize("bad", ["../x", "/etc/x", "a/../../x", "a//b", "."])
def test_paths_outside_the_root_are_refused(r: Rig, bad: str) -> None:
    with pytest.raises(OutsideRoot), r.changes.begin(actor="user") as tx:
        tx.write(p(bad), b"x")
    assert r.changes.log() == []


def test_a_folder_that_is_a_symbolic_link_is_no_way_out(r: Rig, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    os.symlink(tmp_path / "outside", r.root / "link")
    with pytest.raises(OutsideRoot), r.changes.begin(actor="user") as tx:
        tx.write(p("link/x"), b"x")
    with pytest.raises(OutsideRoot), r.changes.begin(actor="user") as tx:
        tx.create_directory(p("link/x/y"))
    assert list((tmp_path / "outside").iterdir()) == []


def test_the_state_and_the_root_itself_are_refused(tmp_path: Path) -> None:
    made = Rig(tmp_path, tmp_path / ".lsfs")
    try:
        for path in (".lsfs", ".lsfs/packs", ""):
            with pytest.raises(Denied), made.changes.begin(actor="user") as tx:
                tx.delete(p(path))
    finally:
        made.close()


def test_a_locked_folder_refuses_changes_below_and_of_what_holds_it(r: Rig) -> None:
    r.write("d/e/f", "text")
    r.record()
    with r.changes.begin(actor="user") as tx:
        tx.lock(p("d/e"))
    for path in ("d/e/f", "d/e", "d"):
        with pytest.raises(Denied, match="locked"), r.changes.begin(actor="agent:x") as tx:
            tx.delete(p(path))
    with r.changes.begin(actor="user") as tx:
        tx.unlock(p("d/e"))
    with r.changes.begin(actor="agent:x") as tx:
        tx.delete(p("d"))
    assert r.tree() == {}


def test_a_file_that_is_open_for_writing_is_a_conflict_that_names_it(r: Rig) -> None:
    def writers(paths: Sequence[RelPath]) -> Sequence[RelPath]:
        return [x for x in paths if x == b"open"]

    r.save("open", "text")
    changes = Changes(r.recorder, r.versions, r.packs, writers=writers)
    with pytest.raises(Conflict) as caught, changes.begin(actor="user") as tx:
        tx.write(p("open"), b"x")
    assert caught.value.paths == ["open"]
    assert r.tree() == {"open": b"text"}


def test_two_transactions_do_not_change_one_file_at_once(r: Rig) -> None:
    r.save("a", "text")
    with r.changes.begin(actor="one") as first:
        first.write(p("a"), b"first")
        with pytest.raises(Conflict), r.changes.begin(actor="two") as second:
            second.write(p("a"), b"second")
    with r.changes.begin(actor="two") as second:
        second.write(p("a"), b"second")
    assert r.texts("a") == [b"text", b"first", b"second"]


def test_tags_stay_with_a_file_that_moves_and_undo_takes_them_back(r: Rig) -> None:
    r.save("a", "text")
    with r.changes.begin(actor="user") as tx:
        tx.set_tags(p("a"), add=["Tax", "2026"])
    os.rename(r.root / "a", r.root / "b")
    r.record("a", "b")
    fid = r.versions.file_of(p("b"))
    assert r.versions.tags(fid) == ["2026", "tax"]
    with r.changes.begin(actor="user") as tx:
        tx.set_tags(p("b"), remove=["tax"])
    r.changes.undo()
    assert r.versions.tags(fid) == ["2026", "tax"]
    r.changes.undo(transaction=r.changes.log()[2].id)
    assert r.versions.tags(fid) == []


def test_set_time_makes_a_missing_file(r: Rig) -> None:
    with r.changes.begin(actor="user") as tx:
        tx.set_time(p("a"), 1_000_000_000)
    assert (r.root / "a").stat().st_mtime_ns == 1_000_000_000


def test_the_users_temporary_names_are_gone_after_a_failure(r: Rig) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise Stop

    with pytest.raises(Stop), r.changes.begin(actor="user") as tx:
        tx.write(p("a"), Broken())  # type: ignore[arg-type]
    assert list(r.root.iterdir()) == []
