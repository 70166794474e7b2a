"""Taking a transaction back goes on past what is in the way of one path: that is left and named, the rest is put back."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.capture.disk import Look
from lsfs.changes import Changes, Goal, Recovered, Transaction, recovery
from lsfs.errors import Unavailable
from tests.lsfs.store_rig import Rig, p, rig

TEXTS = {f"d/g{n}": f"v1 {n}".encode() for n in range(10, 16)}


@pytest.fixture
def r(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        for name, text in TEXTS.items():
            made.write(name, text)
        made.write("d/sub/deep", "deep")
        made.record()
        yield made


def cut_off(r: Rig) -> Changes:
    """Return what a next start has, after a killed deletion. No folder is gone: a new one could get its inode number."""
    tx = r.changes.begin(actor="user", prompt="cut off")
    for name in TEXTS:
        tx.delete(p(name))
    return Changes(r.recorder, r.versions, r.packs)


def recovered(r: Rig, changes: Changes) -> Recovered:
    (line,) = changes.recover()
    assert changes.recover() == []
    assert changes.transaction(line.id).state == "reverted"
    assert r.record() == []
    assert r.changes.check() == []
    return line


def test_a_folder_at_the_name_of_a_file_is_left_and_the_rest_is_put_back(r: Rig) -> None:
    changes = cut_off(r)
    r.write("d/g12/notes", "mine")
    line = recovered(r, changes)
    texts = {name: text for name, text in TEXTS.items() if name != "d/g12"}
    assert r.tree() == {"d": None, **texts, "d/g12": None, "d/g12/notes": b"mine", "d/sub": None, "d/sub/deep": b"deep"}
    assert list(line.kept) == [b"d/g12"]
    assert "d/g12" in line.words and "left as they are" in line.words


def test_a_folder_that_became_a_symbolic_link_is_left_and_not_followed(r: Rig, tmp_path: Path) -> None:
    tx = r.changes.begin(actor="user", prompt="cut off")
    tx.delete(p("d/sub"))
    tx.write(p("other"), b"new")
    changes = Changes(r.recorder, r.versions, r.packs)
    elsewhere = tmp_path / "elsewhere"
    (r.root / "d").rename(elsewhere)
    (r.root / "d").symlink_to(elsewhere)
    line = recovered(r, changes)
    assert sorted(line.kept) == [b"d/sub", b"d/sub/deep"]
    assert not (elsewhere / "sub").exists() and (r.root / "d").is_symlink()
    assert "other" not in r.tree()


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, refuses: Callable[[], bool]) -> None:
    """Have the disk refuse to make files and folders for a while."""
    for name in ("open", "mkdir"):
        real = getattr(os, name)

        def call(path: object, flags: int = 0, *args: int, real: Callable[..., int] = real, dir_fd: int | None = None) -> int:
            changes = real.__name__ == "mkdir" or flags & os.O_CREAT
            if changes and dir_fd is not None and refuses():
                raise OSError(number, os.strerror(number))
            return real(path, flags, *args, dir_fd=dir_fd)

        monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES])
def test_what_the_disk_refuses_at_a_path_is_left(r: Rig, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    changes = cut_off(r)
    r.disk.aside.clear()
    left = iter([False, False, True])
    with monkeypatch.context() as m:
        refusing(m, number, lambda: next(left, False))
        line = recovered(r, changes)
    assert len(line.kept) == 1 and os.strerror(number) in next(iter(line.kept.values()))
    assert len([name for name in TEXTS if name in r.tree()]) >= len(TEXTS) - 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_refuses_as_a_whole_is_tried_again(r: Rig, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    before = r.tree()
    changes = cut_off(r)
    r.disk.aside.clear()
    with monkeypatch.context() as m:
        refusing(m, number, lambda: True)
        with pytest.raises(OSError, match=os.strerror(number)):
            changes.recover()
    assert recovered(r, changes).kept == {}
    assert r.tree() == before


def test_a_failing_transaction_in_the_running_engine_leaves_what_is_in_the_way(r: Rig) -> None:
    def fail(tx: Transaction) -> None:
        for name in TEXTS:
            tx.delete(p(name))
        r.write("d/g12/notes", "mine")
        raise OSError(errno.EPERM, "Operation not permitted")

    with pytest.raises(Unavailable, match=r"but for what was left as it is: d/g12"), r.changes.begin(actor="user") as tx:
        fail(tx)
    assert r.changes.unfinished == []
    assert [line.id for line in r.changes.recovered] == [tx.id]
    assert r.tree()["d/g13"] == TEXTS["d/g13"] and r.tree()["d/g12/notes"] == b"mine"
    with r.changes.begin(actor="user") as after:
        after.write(p("next"), b"goes on")
    assert r.tree()["next"] == b"goes on"


def test_a_folder_renamed_in_the_moment_of_a_rollback_blocks_nothing(r: Rig) -> None:
    r.changes.snapshot("then", actor="user")
    for name in TEXTS:
        r.write(name, "v2")
    r.record()
    real, calls = r.recorder.point, iter(range(100))

    def point(name: str) -> None:
        if name == "place" and next(calls) == 2:
            (r.root / "d").rename(r.root / "e")
            r.disk.folders.forget()
        real(name)

    r.recorder.point = point
    changes = Changes(r.recorder, r.versions, r.packs)
    done = changes.rollback([p("d")], Goal(snapshot="then"), actor="user")
    assert done.kept and changes.unfinished == []
    assert {(r.root / "e" / name[2:]).read_bytes() for name in TEXTS} == {b"v2", *list(TEXTS.values())[:2]}
    with changes.begin(actor="user") as tx:
        tx.write(p("next"), b"goes on")


def rolled_back_while(r: Rig, number: int, act: Callable[[], object]) -> dict[str, bytes | None]:
    """Roll two moves that cross each other back, with a program that acts before a rename; return the tree."""
    r.changes.snapshot("then", actor="user")
    with r.changes.begin(actor="user") as tx:
        tx.move(p("d/g10"), p("x"))
        tx.move(p("d/sub"), p("d/g10"))
    seen: list[str] = []

    def point(name: str) -> None:
        seen.append(name)
        if name == "rename" and seen.count("rename") == number:
            act()

    r.recorder.point = point
    assert Changes(r.recorder, r.versions, r.packs).rollback([p("")], Goal(snapshot="then"), actor="user").kept
    r.record()
    assert r.changes.check() == []
    assert not list(r.root.rglob(".lsfs-stage*"))
    return r.tree()


def test_a_file_that_cannot_get_to_its_place_goes_home(r: Rig) -> None:
    tree = rolled_back_while(r, 4, lambda: r.write("d/g10", "theirs"))
    assert tree["d/g10"] == b"theirs" and tree["x"] == TEXTS["d/g10"]


def test_what_cannot_even_go_home_gets_a_name_that_is_seen(r: Rig) -> None:
    tree = rolled_back_while(r, 5, lambda: r.write("d/sub/theirs", "just made"))
    assert tree["d/sub/theirs"] == b"just made" and b"deep" in tree.values()
    assert "d/kept by lsfs 1" in tree


def test_links_that_took_the_place_of_files_stay(r: Rig) -> None:
    changes = cut_off(r)
    for name in list(TEXTS)[:4]:
        (r.root / name).symlink_to("elsewhere")
    line = recovered(r, changes)
    assert [os.readlink(r.root / name) for name in list(TEXTS)[:4]] == ["elsewhere"] * 4
    assert [os.fsdecode(path) for path in line.kept] == list(TEXTS)[:4]
    assert {name: r.tree()[name] for name in list(TEXTS)[4:]} == dict(list(TEXTS.items())[4:])


def test_a_link_of_which_the_transaction_knew_goes(r: Rig) -> None:
    r.write("f", "file")
    os.symlink("somewhere", r.root / "d/link")
    r.record()
    before = r.tree()
    tx = r.changes.begin(actor="user", prompt="cut off")
    tx.copy(p("d"), p("copy"))
    tx.move(p("d"), p("moved/d"))
    tx.delete(p("f"))
    assert recovered(r, Changes(r.recorder, r.versions, r.packs)).kept == {}
    assert r.tree() == before and os.readlink(r.root / "d/link") == "somewhere"


def test_a_link_that_a_cut_off_rollback_was_making_goes(r: Rig) -> None:
    r.write("was-link", "")
    (r.root / "was-link").unlink()
    os.symlink("somewhere", r.root / "was-link")
    r.record()
    then = r.catalogue.tick()
    (r.root / "was-link").unlink()
    r.write("was-link", "a file now")
    r.record()
    tx = r.changes.begin(actor="user", prompt="cut off")
    r.changes.rollback_in(tx, [p("was-link")], Goal(time_ns=then))
    assert (r.root / "was-link").is_symlink()
    assert recovered(r, Changes(r.recorder, r.versions, r.packs)).kept == {}
    assert r.tree()["was-link"] == b"a file now"


@pytest.mark.parametrize("linked", [False, True])
def test_what_was_renamed_since_stays_under_its_new_name(r: Rig, linked: bool) -> None:
    tx = r.changes.begin(actor="user", prompt="cut off")
    tx._ledger.intend("delete", tx._ledger.enter([p("d")], below=True))
    for name in list(TEXTS)[:2]:
        (r.root / name).unlink()
    (r.root / "x").mkdir()
    (r.root / "d").rename(r.root / "x/d")
    if linked:
        (r.root / "d").symlink_to("x/d")
    inodes = {name: (r.root / "x" / name).stat().st_ino for name in list(TEXTS)[2:]}
    line = recovered(r, Changes(r.recorder, r.versions, r.packs))
    assert {name: (r.root / "x" / name).stat().st_ino for name in inodes} == inodes
    assert {p(name) for name in inodes} <= line.kept.keys()
    assert (r.root / "d").is_symlink() == linked
    if not linked:
        assert {n for n in r.tree() if n.startswith("d/")} == set(list(TEXTS)[:2])
    assert [v.path for v in r.versions.history(p("x/d/g13"))][-1] == b"d/g13"


def test_a_folder_made_where_a_file_was_stays_also_when_it_is_empty(r: Rig) -> None:
    changes = cut_off(r)
    (r.root / "d/g12").mkdir()
    line = recovered(r, changes)
    assert (r.root / "d/g12").is_dir() and list(line.kept) == [b"d/g12"]


def test_a_file_made_where_a_folder_was_stays(r: Rig) -> None:
    tx = r.changes.begin(actor="user", prompt="cut off")
    tx.delete(p("d/sub"))
    r.write("d/sub", "a file now")
    line = recovered(r, Changes(r.recorder, r.versions, r.packs))
    assert r.tree()["d/sub"] == b"a file now"
    assert sorted(line.kept) == [b"d/sub", b"d/sub/deep"]


def test_a_name_that_goes_in_the_moment_of_a_rollback_is_left(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    r.changes.snapshot("then", actor="user")
    for name in TEXTS:
        r.write(name, "v2")
    r.record()
    r.disk.aside.clear()
    refused = iter([True])
    refusing(monkeypatch, errno.ENOENT, lambda: next(refused, False))
    done = r.changes.rollback([p("d")], Goal(snapshot="then"), actor="user")
    assert list(done.kept) == [b"d/g10"]
    assert [r.tree()[name] for name in TEXTS] == [b"v2", *list(TEXTS.values())[1:]]


def test_a_rollback_that_the_disk_refuses_at_a_path_is_none(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    r.changes.snapshot("then", actor="user")
    for name in TEXTS:
        r.write(name, "v2")
    r.record()
    before = r.tree()
    refused = iter([False, False, True])
    refusing(monkeypatch, errno.EPERM, lambda: next(refused, False))
    with pytest.raises(Unavailable, match="everything is as it was before"):
        r.changes.rollback([p("d")], Goal(snapshot="then"), actor="user")
    assert r.tree() == before


def test_a_folder_that_is_closed_to_us_is_left(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = cut_off(r)
    real = r.disk.look

    def look(path: bytes) -> Look | None:
        if path == b"d/g12":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    with monkeypatch.context() as m:
        m.setattr(r.disk, "look", look)
        (line,) = changes.recover()
    assert list(line.kept) == [b"d/g12"]
    assert {name for name in r.tree() if name.startswith("d/g")} == TEXTS.keys() - {"d/g12"}


def test_what_stays_under_a_temporary_name_keeps_no_engine_from_starting(r: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    changes = cut_off(r)
    monkeypatch.setattr(recovery, "_bring_home", refuse)
    assert recovered(r, changes).kept == {}
