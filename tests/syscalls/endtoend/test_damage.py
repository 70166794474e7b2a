"""State that was deleted, cut or overwritten: said in words, nothing that is left is lost, and it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lsfs.errors import LsfsError
from lsfs_syscalls.lifecycle import down
from tests.syscalls.endtoend.conftest import Served, eventually, serve


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """A root with a history, whose engine is down."""
    root = tmp_path / "root"
    root.mkdir()
    served = serve(root)
    for number in range(3):
        for name in ("a.txt", "b.txt"):
            served.write(name, f"{name} text {number}")
        served.settle()
    served.call("tag", path="a.txt", tags=["red"])
    down(served.client)
    yield served
    with suppress(LsfsError):
        down(served.client)


def texts(own: Served, path: str) -> list[str]:
    found = own.call("history", path=path)["versions"]
    return [own.call("read", path=path, version=v["version"])["content"] for v in reversed(found)]


def cut(db: Path) -> None:
    os.truncate(db, 5000)


def emptied(db: Path) -> None:
    os.truncate(db, 0)


def garbage(db: Path) -> None:
    db.write_bytes(os.urandom(50_000))


@pytest.mark.parametrize("harm", [pytest.param(cut, marks=pytest.mark.slow), garbage])
def test_a_ruined_catalogue_is_said_and_made_again(own: Served, harm: Callable[[Path], None]) -> None:
    harm(own.root / ".lsfs/catalogue.db")
    refused = own.lsfs("history", "a.txt")
    assert refused.returncode == 2
    assert "lsfs check --rebuild" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert own.lsfs("check", "--rebuild").returncode == 0
    assert texts(own, "a.txt") == [f"a.txt text {n}" for n in range(3)]
    assert [f["path"] for f in own.call("retrieve", tags=["red"])["files"]] == ["a.txt"]


@pytest.mark.parametrize("harm", [Path.unlink, pytest.param(emptied, marks=pytest.mark.slow)])
def test_a_catalogue_that_is_gone_is_made_again_by_itself(own: Served, harm: Callable[[Path], None]) -> None:
    harm(own.root / ".lsfs/catalogue.db")
    assert texts(own, "a.txt") == [f"a.txt text {n}" for n in range(3)]
    assert own.lsfs("check").returncode == 0


@pytest.mark.slow
def test_a_catalogue_with_a_damaged_page_is_a_finding_and_no_traceback(own: Served) -> None:
    db = own.root / ".lsfs/catalogue.db"
    data = bytearray(db.read_bytes())
    for page in range(4, len(data) // 4096, 2):
        data[page * 4096 : page * 4096 + 2000] = b"\xff" * 2000
    db.write_bytes(data)
    done = own.lsfs("check")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    assert "lsfs check --rebuild" in done.stdout + done.stderr
    with suppress(LsfsError):
        down(own.client)
    assert own.lsfs("check", "--rebuild").returncode == 0
    assert texts(own, "b.txt") == [f"b.txt text {n}" for n in range(3)]


def test_a_pack_that_is_gone_is_said_and_what_the_files_have_is_stored_again(own: Served) -> None:
    (pack,) = (own.root / ".lsfs/packs").glob("*.pack")
    backup = pack.read_bytes()
    pack.unlink()
    assert any("missing" in said for said in own.client.status()["degraded"])
    own.write("a.txt", "after the loss")
    own.settle()
    assert own.call("read", path="a.txt", version=3)["content"] == "a.txt text 2", "it was on the disk, so it is kept"
    refused = own.lsfs("read", "a.txt", "--version", "1")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    own.write("c.txt", "a.txt text 0")
    own.settle()
    assert own.call("read", path="c.txt", version=1)["content"] == "a.txt text 0", (
        "content that was lost is stored, not assumed"
    )
    own.call("write", path="b.txt", content="changed")
    own.call("undo")
    assert (own.root / "b.txt").read_text() == "b.txt text 2"
    down(own.client)
    pack.write_bytes(backup)
    assert own.lsfs("check", "--rebuild").returncode == 0
    assert texts(own, "a.txt") == ["a.txt text 0", "a.txt text 1", "a.txt text 2", "after the loss"]
    assert eventually(lambda: not own.client.status()["degraded"]), "the past is searched again, too"
