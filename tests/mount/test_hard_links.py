"""A file with several names that loses them one after the other while it is open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsfs.wire.journal import RecordKind
from tests.mount.rig import Rig, eventually

pytestmark = pytest.mark.fuse


@pytest.fixture(params=["passthrough", "ordinary"])
def folder(request: pytest.FixtureRequest, fresh: str) -> tuple[Rig, Path]:
    """A mount by the native driver, and an empty folder in it."""
    rig: Rig = request.getfixturevalue(request.param)
    (rig.point / fresh).mkdir()
    return rig, rig.point / fresh


@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("met", ["a", "b"])
def test_a_file_that_lost_both_names_has_none_and_no_name_gets_a_version(
    folder: tuple[Rig, Path], order: str, met: str
) -> None:
    rig, place = folder
    (place / "a").write_text("content")
    os.link(place / "a", place / "b")
    with (place / "a").open("r+") as held:
        (place / met).stat()
        for name in order:
            (place / name).unlink()
        assert os.fstat(held.fileno()).st_nlink == 0
        last = rig.last()
        held.write("written")
    names = [os.fsencode(place.name) + b"/" + name for name in (b"a", b"b")]
    eventually(lambda: b"written" in [content for name in names for content in rig.spooled(name)])
    assert [r for r in rig.records(last) if r.kind is RecordKind.CONTENT] == []


def test_a_file_read_by_one_name_and_replaced_under_both_has_none(folder: tuple[Rig, Path]) -> None:
    _, place = folder
    (place / "a").write_text("content")
    os.link(place / "a", place / "b")
    with (place / "a").open() as held:
        (place / "b").stat()
        for name in "ba":
            (place / "new").write_text("new")
            (place / "new").rename(place / name)
        assert (os.fstat(held.fileno()).st_nlink, held.read()) == (0, "content")
    assert ((place / "a").read_text(), (place / "b").read_text()) == ("new", "new")


def test_one_name_that_goes_leaves_the_file_its_other(folder: tuple[Rig, Path]) -> None:
    _, place = folder
    (place / "a").write_text("content")
    os.link(place / "a", place / "b")
    with (place / "a").open() as held:
        (place / "b").stat()
        (place / "a").unlink()
        assert os.fstat(held.fileno()).st_nlink == 1
        (place / "b").rename(place / "c")
        assert (place / "c").read_text() == "content"
    assert os.listdir(place) == ["c"]
