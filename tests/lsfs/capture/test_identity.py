"""Which file is which: the rules of `lsfs.capture.events`, on real files."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.capture import Author, Dirty
from lsfs.capture.disk import Look
from lsfs.model import ChangeKind, Kind, State
from tests.lsfs.store_rig import Rig, p, rig


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


def fid(r: Rig, name: str) -> int:
    entry = r.versions.live(p(name))
    assert entry is not None
    return entry.fid


def test_a_new_file_gets_its_first_version_with_its_content(r: Rig) -> None:
    r.save("a", "one")
    (version,) = r.versions.history(p("a"))
    assert (version.number, version.state, r.versions.read(version)) == (1, State.STORED, b"one")


def test_a_hint_for_an_unchanged_file_records_nothing(r: Rig) -> None:
    r.save("a", "one")
    assert r.record("a") == []
    assert r.record() == []


def test_the_folders_above_a_file_are_recorded_with_it(r: Rig) -> None:
    r.save("x/y/z", "deep")
    assert r.names() == {"x", "x/y", "x/y/z"}


def test_a_rename_keeps_the_file_and_its_history(r: Rig) -> None:
    r.save("a", "one")
    before = fid(r, "a")
    os.rename(r.root / "a", r.root / "b")
    (change,) = r.record("a", "b")
    assert (change.kind, change.old_path, change.path) == (ChangeKind.MOVED, b"a", b"b")
    assert fid(r, "b") == before
    assert r.versions.live(p("a")) is None
    assert r.texts("b") == [b"one"]


@pytest.mark.parametrize("hints", [["a"], ["b"]])
def test_a_rename_is_found_from_either_end(r: Rig, hints: list[str]) -> None:
    r.save("a", "one")
    before = fid(r, "a")
    os.rename(r.root / "a", r.root / "b")
    r.record(*hints)
    r.record("a", "b")
    assert fid(r, "b") == before


def test_a_file_renamed_and_written_at_once_keeps_its_history_when_the_kernel_told_of_the_rename(r: Rig) -> None:
    r.save("a", "one")
    os.rename(r.root / "a", r.root / "b")
    r.write("b", "two, longer")
    r.record(Dirty(p("b"), old_path=p("a")))
    assert r.texts("b") == [b"one", b"two, longer"]


def test_a_renamed_folder_takes_its_files_along(r: Rig) -> None:
    r.write("d/one", "1")
    r.write("d/e/two", "2")
    r.record()
    before = fid(r, "d/e/two")
    os.rename(r.root / "d", r.root / "new")
    changes = r.record("d", "new")
    assert {c.kind for c in changes} == {ChangeKind.MOVED}
    assert r.names() == {"new", "new/one", "new/e", "new/e/two"}
    assert fid(r, "new/e/two") == before


def test_a_folder_renamed_and_filled_before_anyone_looks_is_the_same_folder(r: Rig) -> None:
    r.save("d/one", "1")
    before = fid(r, "d")
    time.sleep(0.02)
    os.rename(r.root / "d", r.root / "new")
    r.write("new/two", "2")
    r.record("d", "new")
    assert fid(r, "new") == before
    assert r.names() == {"new", "new/one", "new/two"}


def test_an_empty_folder_that_is_renamed_is_the_same_folder(r: Rig) -> None:
    (r.root / "d").mkdir()
    r.record("d")
    before = fid(r, "d")
    time.sleep(0.02)
    os.rename(r.root / "d", r.root / "new")
    (change,) = r.record("d", "new")
    assert (change.kind, fid(r, "new")) == (ChangeKind.MOVED, before)


@pytest.mark.parametrize("name", ["one", "other"])
def test_a_new_folder_with_the_inode_number_of_one_that_was_deleted_is_another_one(r: Rig, name: str) -> None:
    r.save("build/one", "1")
    before, inner = fid(r, "build"), fid(r, "build/one")
    shutil.rmtree(r.root / "build")
    time.sleep(0.02)
    r.write(f"out/{name}", "2")
    with r.catalogue.write() as con:  # as file systems do that use numbers again at once
        for number, old in (((r.root / "out").stat().st_ino, before), ((r.root / "out" / name).stat().st_ino, inner)):
            con.execute("UPDATE file SET ino=? WHERE fid=?", (number, old))
    changes = r.record("build", "out")
    assert {(c.kind, c.path) for c in changes} == {
        (ChangeKind.DELETED, b"build/one"),
        (ChangeKind.DELETED, b"build"),
        (ChangeKind.CREATED, b"out"),
        (ChangeKind.CREATED, b"out/" + name.encode()),
    }
    assert fid(r, "out") != before
    assert r.texts("out/" + name) == [b"2"]


def test_a_folder_that_is_closed_to_us_keeps_nothing_else_from_being_recorded(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    r.save("d/one", "1")
    time.sleep(0.02)
    (r.root / "d/one").unlink()
    os.rename(r.root / "d", r.root / "e")
    r.write("z", "2")
    real = r.disk.look

    def closed(path: bytes) -> Look | None:
        if path.startswith(b"e/"):
            raise PermissionError
        return real(path)

    monkeypatch.setattr(r.disk, "look", closed)
    r.record("d", "d/one", "e", "z")
    assert r.texts("z") == [b"2"]


def test_an_atomic_save_continues_the_history_and_tags_of_its_target(r: Rig) -> None:
    r.save("a", "one")
    with r.changes.begin(actor="user") as tx:
        tx.set_tags(p("a"), add=["Draft"])
    r.save(".a.tmp", "two")
    os.rename(r.root / ".a.tmp", r.root / "a")
    r.record(".a.tmp", "a")
    assert r.texts("a") == [b"one", b"two"]
    assert r.versions.tags(r.versions.file_of(p("a"))) == ["draft"]
    assert r.names() == {"a"}


def test_a_save_by_backup_seen_half_way_continues_the_history(r: Rig) -> None:
    r.save("a", "one")
    before = fid(r, "a")
    os.rename(r.root / "a", r.root / "a~")
    r.record("a", "a~")
    r.save("a", "two")
    os.unlink(r.root / "a~")
    r.record("a~")
    assert fid(r, "a") == before
    assert r.texts("a") == [b"one", b"two"]


def test_a_kept_backup_becomes_a_file_of_its_own(r: Rig) -> None:
    r.save("a", "one")
    before = fid(r, "a")
    os.rename(r.root / "a", r.root / "a~")
    r.write("a", "two")
    r.record("a", "a~")
    assert fid(r, "a") == before
    assert fid(r, "a~") != before
    assert r.texts("a~") == [b"one"]


def test_a_save_that_became_the_backup_unseen_is_in_the_history_and_the_backup_has_its_content(r: Rig) -> None:
    r.save("a", "one")
    os.rename(r.root / "a", r.root / "a~")
    r.record("a", "a~")
    r.write("a", "two")
    os.rename(r.root / "a", r.root / "a~")
    r.write("a", "three")
    r.record("a", "a~")
    assert r.texts("a") == [b"one", b"two", b"three"]
    assert r.texts("a~") == [b"two"]


def test_a_name_that_cannot_come_back_yet_leaves_the_backup_as_it_is(r: Rig) -> None:
    r.save("a", "one")
    before = fid(r, "a")
    os.rename(r.root / "a", r.root / "a~")
    r.record("a", "a~")
    r.write("a", "two")
    os.rename(r.root / "a", r.root / "a~")
    r.write("a", "three")
    r.recorder.is_set_aside = lambda ino, path: path == b"a"  # the journal has content of it that was not read yet
    outcome = r.recorder.record([Dirty(p("a")), Dirty(p("a~"))], Author("program"))
    assert set(outcome.again) >= {b"a", b"a~"}
    assert fid(r, "a~") == before
    r.recorder.is_set_aside = lambda ino, path: False
    r.record("a", "a~")
    assert (fid(r, "a"), r.texts("a"), r.texts("a~")) == (before, [b"one", b"two", b"three"], [b"two"])


def test_a_deleted_file_that_comes_back_continues_its_history(r: Rig) -> None:
    r.save("a", "one")
    os.unlink(r.root / "a")
    r.record("a")
    r.save("a", "two")
    assert r.texts("a") == [b"one", None, b"two"]
    assert [v.state for v in r.versions.history(p("a"))] == [State.STORED, State.DELETED, State.STORED]


def test_two_names_that_exchange_their_files_are_two_moves(r: Rig) -> None:
    r.save("a", "one")
    r.save("b", "two")
    a, b = fid(r, "a"), fid(r, "b")
    os.rename(r.root / "a", r.root / "t")
    os.rename(r.root / "b", r.root / "a")
    os.rename(r.root / "t", r.root / "b")
    r.record("a", "b")
    assert (fid(r, "a"), fid(r, "b")) == (b, a)
    assert (r.texts("a"), r.texts("b")) == ([b"two"], [b"one"])


def test_an_inode_number_that_is_used_again_does_not_join_two_files(r: Rig) -> None:
    r.save("a", "first")
    ino = (r.root / "a").stat().st_ino
    os.unlink(r.root / "a")
    for n in range(50):
        r.write(f"b{n}", f"quite another file {n}")
        if (r.root / f"b{n}").stat().st_ino == ino:
            break
    r.record()
    assert r.texts("a") == [b"first", None]


def test_a_copy_and_delete_in_one_look_is_a_move_by_content(r: Rig) -> None:
    r.save("a", "some content")
    before = fid(r, "a")
    r.write("b", "some content")
    os.unlink(r.root / "a")
    os.utime(r.root / "b", ns=(1, 1))
    r.record("a", "b")
    assert fid(r, "b") == before


def test_hard_links_are_two_names_of_one_file(r: Rig) -> None:
    r.save("a", "one")
    os.link(r.root / "a", r.root / "b")
    r.record("b")
    assert fid(r, "a") == fid(r, "b")
    r.save("b", "two, through the other name")
    assert r.texts("a") == [b"one", b"two, through the other name"]
    os.unlink(r.root / "a")
    r.record("a")
    assert r.texts("b")[-1] == b"two, through the other name"
    assert r.names() == {"b"}


def test_a_broken_hard_link_leaves_the_history_with_the_older_name(r: Rig) -> None:
    r.save("a", "one")
    os.link(r.root / "a", r.root / "b")
    r.record("b")
    before = fid(r, "a")
    r.write("t", "two")
    os.rename(r.root / "t", r.root / "a")
    r.record("a", "b")
    assert fid(r, "a") == before
    assert r.texts("a") == [b"one", b"two"]
    assert fid(r, "b") != before
    assert r.texts("b") == [b"one"]


def test_symbolic_links_are_recorded_and_not_followed(r: Rig, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    os.symlink(tmp_path / "outside", r.root / "link")
    r.record()
    assert r.names() == {"link"}
    r.record("link/secret")
    assert r.names() == {"link"}
    (version,) = r.versions.history(p("link"))
    assert (version.kind, version.target) == (Kind.SYMLINK, os.fsencode(tmp_path / "outside"))


def test_a_folder_that_becomes_a_link_does_not_lead_the_recorder_out(r: Rig, tmp_path: Path) -> None:
    r.save("d/f", "inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text("outside")
    os.unlink(r.root / "d/f")
    os.rmdir(r.root / "d")
    os.symlink(tmp_path / "outside", r.root / "d")
    r.record("d", "d/f")
    assert r.names() == {"d"}
    assert r.texts("d/f") == [b"inside", None]


def test_pipes_are_recorded_and_never_opened(r: Rig) -> None:
    os.mkfifo(r.root / "pipe")
    r.record()
    (version,) = r.versions.history(p("pipe"))
    assert (version.kind, version.digest, stat.S_ISFIFO(version.mode)) == (Kind.OTHER, None, True)


def test_modes_and_extended_attributes_make_versions(r: Rig) -> None:
    r.save("a", "one")
    os.chmod(r.root / "a", 0o600)
    (change,) = r.record("a")
    assert change.kind == ChangeKind.ATTRIBUTES
    os.setxattr(r.root / "a", "user.colour", b"red")
    (change,) = r.record("a")
    assert change.kind == ChangeKind.ATTRIBUTES
    assert r.texts("a") == [b"one"] * 3


def test_a_sparse_file_is_stored_and_read_back_whole(r: Rig) -> None:
    with open(r.root / "s", "wb") as f:
        f.truncate(5 << 20)
        f.seek(3 << 20)
        f.write(b"island")
    r.record()
    (version,) = r.versions.history(p("s"))
    data = r.versions.read(version)
    assert len(data) == 5 << 20
    assert data[3 << 20 : (3 << 20) + 6] == b"island"
    assert r.packs.stats().bytes < 1 << 20


def test_names_that_are_not_utf8_are_names_like_others(r: Rig) -> None:
    name = b"caf\xe9\n"
    with open(os.fsencode(r.root) + b"/" + name, "wb") as f:
        f.write(b"x")
    r.record()
    assert [e.path for e in r.versions.list()] == [name]


def test_the_state_inside_the_root_is_never_recorded(tmp_path: Path) -> None:
    made = Rig(tmp_path, tmp_path / ".lsfs")
    try:
        made.write("a", "one")
        made.record()
        assert made.names() == {"a"}
    finally:
        made.close()


def test_a_file_that_becomes_a_folder_ends_and_the_folder_begins(r: Rig) -> None:
    r.save("a", "one")
    os.unlink(r.root / "a")
    r.write("a/b", "two")
    r.record("a")
    r.record("a/b")
    assert r.names() == {"a", "a/b"}
    entry = r.versions.live(p("a"))
    assert entry is not None and entry.kind == Kind.DIRECTORY


def test_a_change_within_the_clocks_grain_is_found_although_the_stat_is_equal(r: Rig) -> None:
    r.save("a", "one")
    before = (r.root / "a").stat()
    with r.catalogue.write() as con:
        con.execute("UPDATE file SET racy=1, ctime_ns=?", (before.st_ctime_ns,))
        con.execute("UPDATE version SET digest=zeroblob(32)")  # as if the captured content had been another
    (change,) = r.record("a")
    assert change.kind == ChangeKind.MODIFIED
