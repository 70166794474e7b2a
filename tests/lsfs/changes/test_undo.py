"""Undo, rollback and recovery of whole transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.changes import Changes, Goal
from lsfs.errors import BadRequest, Conflict, NotFound
from tests.lsfs.store_rig import Rig, p, rig


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


def library(r: Rig) -> dict[str, bytes | None]:
    for name in ("a", "d/b", "d/c", "d/e/f"):
        r.write(name, f"text of {name}")
    os.chmod(r.root / "d/b", 0o600)
    os.symlink("b", r.root / "d/link")
    (r.root / "empty").mkdir()
    r.record()
    return r.tree()


def test_undo_brings_a_deleted_folder_back_as_it_was(r: Rig) -> None:
    before = library(r)
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("d"))
    fids = {v.fid for v in r.versions.history(p("d/b"))}
    undone = r.changes.undo()
    assert r.tree() == before
    assert (r.root / "d/b").stat().st_mode & 0o777 == 0o600
    assert os.readlink(r.root / "d/link") == "b"
    assert {v.fid for v in r.versions.history(p("d/b"))} == fids
    assert r.changes.transaction(tx.id).undone_by == undone.id


def test_undoing_an_undo_does_it_again(r: Rig) -> None:
    before = library(r)
    with r.changes.begin(actor="user") as tx:
        tx.move(p("d"), p("new/d"))
        tx.write(p("a"), b"changed")
    after = r.tree()
    undone = r.changes.undo()
    assert r.tree() == before
    redone = r.changes.undo(transaction=undone.id)
    assert r.tree() == after
    assert r.changes.transaction(tx.id).undone_by is None
    r.changes.undo(transaction=redone.id)
    assert r.tree() == before


def test_undo_of_several_steps_takes_the_latest_that_stand(r: Rig) -> None:
    r.save("a", "0")
    for text in (b"1", b"2", b"3"):
        with r.changes.begin(actor="user") as tx:
            tx.write(p("a"), text)
    r.changes.undo()
    assert r.tree() == {"a": b"2"}
    r.changes.undo(steps=2)
    assert r.tree() == {"a": b"0"}
    with pytest.raises(NotFound):
        r.changes.undo()
    with pytest.raises(BadRequest):
        r.changes.undo(steps=0)


def test_undo_refuses_with_the_list_of_what_changed_since(r: Rig) -> None:
    library(r)
    with r.changes.begin(actor="user") as tx:
        tx.write(p("a"), b"ours")
        tx.write(p("d/b"), b"ours")
    r.save("a", "theirs, later")
    with pytest.raises(Conflict) as caught:
        r.changes.undo()
    assert caught.value.paths == ["a"]
    assert r.tree()["d/b"] == b"ours"
    kept = r.changes.undo(on_conflict="keep_mine")
    assert r.tree()["a"] == b"theirs, later"
    assert r.tree()["d/b"] == b"text of d/b"
    assert list(kept.kept) == [b"a"]


def test_forced_undo_keeps_the_replaced_text_as_a_version(r: Rig) -> None:
    r.save("a", "one")
    with r.changes.begin(actor="user") as tx:
        tx.write(p("a"), b"two")
    r.write("a", "not even recorded yet")
    r.changes.undo(on_conflict="force")
    assert r.texts("a") == [b"one", b"two", b"not even recorded yet", b"one"]


def test_undo_since_and_under_puts_back_what_a_program_did(r: Rig) -> None:
    before = library(r)
    since = r.catalogue.tick()
    os.unlink(r.root / "d/c")
    r.write("d/b", "a script was here")
    r.write("d/new", "more of it")
    r.write("a", "elsewhere")
    r.record()
    burst = r.changes.log()[0]
    assert (burst.kind, burst.actor) == ("burst", "program")
    r.changes.undo(since_ns=since, under=p("d"))
    assert r.tree() == before | {"a": b"elsewhere"}


def test_a_burst_is_not_what_a_plain_undo_takes_back(r: Rig) -> None:
    r.save("a", "one")
    with pytest.raises(NotFound):
        r.changes.undo()


def test_changes_close_together_are_one_burst(r: Rig) -> None:
    for n in range(5):
        r.save(f"f{n}", "text")
    assert len(r.changes.log()) == 1
    assert r.changes.log()[0].changed == 5


def test_undo_of_a_move_over_several_names_follows_a_swap(r: Rig) -> None:
    r.save("a", "one")
    r.save("b", "two")
    with r.changes.begin(actor="user") as tx:
        tx.move(p("a"), p("t"))
        tx.move(p("b"), p("a"))
        tx.move(p("t"), p("b"))
    assert r.tree() == {"a": b"two", "b": b"one"}
    r.changes.undo()
    assert r.tree() == {"a": b"one", "b": b"two"}
    assert r.texts("a") == [b"one"]


def test_hard_links_come_back_as_one_file_with_two_names(r: Rig) -> None:
    r.write("d/a", "one")
    os.link(r.root / "d/a", r.root / "d/b")
    r.record()
    then = r.catalogue.tick()
    r.save("d/a", "two, through both names")
    r.changes.rollback([p("d")], Goal(time_ns=then), actor="user")
    assert r.tree() == {"d": None, "d/a": b"one", "d/b": b"one"}
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("d"))
    r.changes.undo()
    assert r.tree() == {"d": None, "d/a": b"one", "d/b": b"one"}
    assert (r.root / "d/a").stat().st_nlink == 2


def test_undo_keeps_a_folder_in_which_someone_has_put_a_file(r: Rig) -> None:
    with r.changes.begin(actor="user") as tx:
        tx.create_directory(p("d"))
    r.save("d/theirs", "text")
    undone = r.changes.undo()
    assert r.tree() == {"d": None, "d/theirs": b"text"}
    assert list(undone.kept) == [b"d"]


def test_a_folder_is_rolled_back_to_a_time_names_and_all(r: Rig) -> None:
    before = library(r)
    then = r.catalogue.tick()
    os.rename(r.root / "d/b", r.root / "d/renamed")
    os.unlink(r.root / "d/c")
    r.write("d/e/f", "edited")
    r.write("d/later", "later")
    r.record()
    r.changes.rollback([p("d")], Goal(time_ns=then), actor="user")
    assert r.tree() == before
    assert r.texts("d/later") == [b"later", None]


def test_the_tree_is_rolled_back_to_a_snapshot_and_forward_again(r: Rig) -> None:
    before = library(r)
    r.changes.snapshot("good", actor="user")
    with r.changes.begin(actor="user") as tx:
        tx.delete(p("d"))
        tx.write(p("a"), b"changed")
    after = r.tree()
    r.changes.rollback([p("")], Goal(snapshot="good"), actor="user")
    assert r.tree() == before
    r.changes.undo()
    assert r.tree() == after
    with pytest.raises(NotFound):
        r.changes.rollback([p("")], Goal(snapshot="bad"), actor="user")


def test_a_folder_is_rolled_back_by_the_changes_that_touched_it(r: Rig) -> None:
    before = library(r)
    for text in (b"1", b"2"):
        with r.changes.begin(actor="user") as tx:
            tx.write(p("d/b"), text)
    r.changes.rollback([p("d")], Goal(steps=2), actor="user")
    assert r.tree() == before


def test_a_deleted_file_is_rolled_back_to_its_last_content(r: Rig) -> None:
    r.save("a", "one")
    os.unlink(r.root / "a")
    r.record("a")
    r.changes.rollback([p("a")], Goal(steps=1), actor="user")
    assert r.tree() == {"a": b"one"}


def test_rollback_asks_for_exactly_one_goal() -> None:
    with pytest.raises(BadRequest):
        Goal()
    with pytest.raises(BadRequest):
        Goal(steps=1, version=2)


def test_a_cut_off_transaction_is_taken_back_at_the_next_start(r: Rig) -> None:
    before = library(r)
    tx = r.changes.begin(actor="user", prompt="half")
    tx.write(p("a"), b"half done")
    tx.delete(p("d"))
    tx.write(p("z"), b"new")
    again = Changes(r.recorder, r.versions, r.packs)
    (line,) = again.recover()
    assert (line.prompt, line.kept) == ("half", {})
    assert r.tree() == before
    assert again.recover() == []
    assert again.transaction(tx.id).state == "reverted"


def test_recovery_leaves_alone_what_someone_changed_after_the_crash(r: Rig) -> None:
    r.save("a", "one")
    r.save("b", "one")
    tx = r.changes.begin(actor="user")
    tx.write(p("a"), b"two")
    tx.write(p("b"), b"two")
    r.write("a", "the user went on")
    (line,) = Changes(r.recorder, r.versions, r.packs).recover()
    assert list(line.kept) == [b"a"]
    assert r.tree() == {"a": b"the user went on", "b": b"one"}
    assert b"two" in r.texts("a") or b"one" in r.texts("a")


def test_undo_of_many_files_places_them_all_and_leaves_no_temporary_file(r: Rig) -> None:
    for n in range(40):
        r.write(f"many/s{n % 3}/f{n}", f"first text {n}")
    os.link(r.root / "many/s0/f0", r.root / "many/link")
    r.record()
    before = r.tree()
    with r.changes.begin(actor="user", prompt="rewrite some, delete the rest") as tx:
        for n in range(20):
            tx.write(p(f"many/s{n % 3}/f{n}"), b"second text")
        tx.delete(p("many/s2"))
    changed = r.tree()
    undone = r.changes.undo()
    assert r.tree() == before
    assert (r.root / "many/link").stat().st_ino == (r.root / "many/s0/f0").stat().st_ino
    r.changes.undo(transaction=undone.id)
    assert r.tree() == changed
    assert not list(r.root.rglob(".lsfs-stage*"))
    assert r.changes.check() == []


def test_a_file_written_and_deleted_with_its_folder_comes_back_as_it_was_before_both(r: Rig) -> None:
    r.write("notes/a", "first")
    r.record()
    with r.changes.begin(actor="user", prompt="rewrite, then delete the folder") as tx:
        tx.write(p("notes/a"), b"second")
        tx.delete(p("notes"))
    assert [e.actor for e in r.changes.log()[:1]] == ["user"]
    r.changes.undo()
    assert r.tree()["notes/a"] == b"first"


def test_undo_of_tags_names_the_file(r: Rig) -> None:
    library(r)
    with r.changes.begin(actor="user") as tx:
        tx.set_tags(p("d/b"), add=["red"])
    assert r.changes.would_undo() == [(p("d/b"), tx.id)]
    assert r.changes.undo().changed == [p("d/b")]
    assert r.versions.tags(r.versions.file_of(p("d/b"))) == []


def test_undo_takes_the_latest_lock_away_and_not_what_was_before_it(r: Rig) -> None:
    library(r)
    with r.changes.begin(actor="user") as tagging:
        tagging.set_tags(p("a"), add=["red"])
    with r.changes.begin(actor="user") as locking:
        locking.lock(p("d/b"))
    assert r.changes.undoable(locking.id)
    assert r.changes.would_undo() == [(p("d/b"), locking.id)]
    assert r.changes.undo().changed == [p("d/b")]
    assert r.versions.locks() == {}
    assert r.versions.tags(r.versions.file_of(p("a"))) == ["red"]


def test_of_an_unlock_there_is_nothing_to_take_back(r: Rig) -> None:
    library(r)
    with r.changes.begin(actor="user") as tx:
        tx.lock(p("d/b"))
    with r.changes.begin(actor="user") as unlocking:
        unlocking.unlock(p("d/b"))
    assert not r.changes.undoable(unlocking.id)
    with pytest.raises(NotFound, match="no transaction to undo"):
        r.changes.would_undo()


def test_a_change_by_one_name_of_a_file_is_no_later_change_of_its_other_names(tmp_path: Path) -> None:
    with rig(tmp_path) as r:
        since = r.catalogue.tick()
        r.save("d/q", "content")
        os.link(r.root / "d/q", r.root / "d/r")
        r.record("d/r")
        r.save("d/q", "con")
        r.changes.undo(since_ns=since, under=p("d"))
        assert r.tree() == {}
        with pytest.raises(NotFound):
            r.changes.undo(since_ns=r.catalogue.tick())


def test_the_log_names_the_paths_whose_tags_or_locks_were_changed(r: Rig) -> None:
    r.write("d/b", "text")
    r.record()
    with r.changes.begin(actor="user") as tagging:
        tagging.set_tags(p("d/b"), add=["x"])
    with r.changes.begin(actor="user") as locking:
        locking.lock(p("d/b"))
    with r.changes.begin(actor="user") as unlocking:
        unlocking.unlock(p("d/b"))
    with r.changes.begin(actor="user") as untagging:
        untagging.set_tags(p("d/b"), remove=["x"])
    with r.changes.begin(actor="user") as moving:
        moving.move(p("d/b"), p("d/c"))
    for tx in (tagging, locking, unlocking, untagging):
        info = r.changes.transaction(tx.id)
        assert (info.changed, info.paths) == (1, (p("d/b"),)), tx.id
    assert r.changes.transaction(moving.id).changed == 2


def test_forgetting_takes_a_name_from_the_log_of_locks_as_well(r: Rig) -> None:
    for name in ("secret", "other"):
        r.write(name, "text")
        r.record()
        with r.changes.begin(actor="user") as locking:
            locking.lock(p(name))
        with r.changes.begin(actor="user") as unlocking:
            unlocking.unlock(p(name))
    r.changes.forget([p("secret")])
    named = {path for line in r.changes.log() for path in line.paths}
    assert p("other") in named
    assert p("secret") not in named
