"""A catalogue made again from packs that have lost something: refused, or said in words that are true."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.capture import Author, Dirty
from lsfs.errors import Conflict, NotFound
from lsfs.model import State
from lsfs.versions.rebuilding import rebuild_catalogue
from tests.lsfs.store_rig import Rig, p


def made(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "root", tmp_path / "state")


def rebuild(tmp_path: Path, *, force: bool = False) -> list[str]:
    state = tmp_path / "state"
    return rebuild_catalogue(state, tmp_path / "root", state / "old.db", force=force)


def pack(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "state/packs").glob("*.pack")
    return found


def in_rig(tmp_path: Path, do: Callable[[Rig], None]) -> None:
    r = made(tmp_path)
    try:
        do(r)
    finally:
        r.close()


def test_a_rebuild_from_whole_packs_knows_all_and_the_ids_go_on(tmp_path: Path) -> None:
    def fill(r: Rig) -> None:
        for n in range(3):
            r.save("f", f"text {n}")
        r.save("g", "goes")
        r.changes.forget([p("g")])

    in_rig(tmp_path, fill)
    assert rebuild(tmp_path) == []

    def look(r: Rig) -> None:
        assert r.texts("f") == [b"text 0", b"text 1", b"text 2"]
        assert r.changes.check() == []
        r.save("h", "new")
        assert r.versions.file_of(p("h")) > 2, "the id of what was forgotten is not used again"

    in_rig(tmp_path, look)


def test_what_a_cut_pack_has_lost_is_refused_then_told_by_check_and_not_called_missed(tmp_path: Path) -> None:
    sizes = []

    def fill(r: Rig) -> None:
        for name in ("changed", "same", "later"):
            r.write(name, f"text 0 of {name}")
        names = [p("changed"), p("same")]
        r.recorder.record([Dirty(n) for n in names], Author("baseline", baseline=True), pending=True)
        sizes.append(pack(tmp_path).stat().st_size)
        r.recorder.fill(names, Author("baseline", baseline=True))
        r.save("changed", "text 1")
        r.save("later", "text")

    in_rig(tmp_path, fill)
    os.truncate(pack(tmp_path), sizes[0])
    with pytest.raises(Conflict, match=r"version 1 of changed, version 2 of changed, version 1 of later.*--force"):
        rebuild(tmp_path)
    lost = ["version 1 of changed", "version 2 of changed", "version 1 of later", "version 1 of same"]
    assert rebuild(tmp_path, force=True) == lost

    def look(r: Rig) -> None:
        r.record()
        r.recorder.fill([p("same")], Author("baseline", baseline=True))
        assert r.versions.version(p("changed"), 1).state == State.LOST
        with pytest.raises(NotFound, match="is lost: the pack that had its content"):
            r.versions.read(r.versions.version(p("changed"), 1))
        assert r.texts("same") == [b"text 0 of same"], "it was on the disk as it was"
        assert r.texts("changed") == [None, b"text 1"]
        assert r.versions.counts()["missed"] == 0
        assert sorted(f.words.split(" lost")[0] for f in r.changes.check()) == [
            "1 versions of files of which nothing else is left are",
            "the content of version 1 of changed is",
            "the version of changed that was number 2 is",
        ]

    in_rig(tmp_path, look)
    assert rebuild(tmp_path) == []

    def look_again(r: Rig) -> None:
        assert len(r.changes.check()) == 3, "it is told after another rebuild as well"

    in_rig(tmp_path, look_again)


def test_a_catalogue_that_cannot_be_read_is_replaced_at_once(tmp_path: Path) -> None:
    in_rig(tmp_path, lambda r: r.save("f", "text"))
    (tmp_path / "state/catalogue.db").write_bytes(b"this is no database" * 500)
    assert rebuild(tmp_path) == []

    def look(r: Rig) -> None:
        assert r.texts("f") == [b"text"]

    in_rig(tmp_path, look)


def test_a_forgetting_that_waits_is_finished_after_a_rebuild_too(tmp_path: Path) -> None:
    def fail(name: str) -> None:
        if name == "remove":
            raise OSError(errno.EIO, "Input/output error")

    def begin(r: Rig) -> None:
        r.save("f", "text")
        r.recorder.point = fail
        with pytest.raises(OSError, match="Input/output"):
            r.changes.forget([p("f")])
        assert r.changes.unforgotten
        assert list(r.tree()) != []

    in_rig(tmp_path, begin)
    assert rebuild(tmp_path) == []

    def look(r: Rig) -> None:
        r.changes.recover()
        r.record()
        assert (r.changes.unforgotten, r.tree()) == ("", {})
        with pytest.raises(NotFound):
            r.versions.history(p("f"))

    in_rig(tmp_path, look)
