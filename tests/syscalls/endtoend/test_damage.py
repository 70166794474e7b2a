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


def one_pack(own: Served) -> Path:
    (pack,) = (own.root / ".lsfs/packs").glob("*.pack")
    return pack


@pytest.mark.parametrize("harmed", [range(16), range(40, 64)], ids=["its beginning", "the key"])
def test_a_rebuild_from_a_pack_with_a_damaged_header_loses_nothing(own: Served, harmed: range) -> None:
    pack = one_pack(own)
    data = bytearray(pack.read_bytes())
    for at in harmed:
        data[at] ^= 0xFF
    pack.write_bytes(data)
    done = own.lsfs("check", "--rebuild")
    assert "the catalogue was made again" in done.stderr
    for name in ("a.txt", "b.txt"):
        assert texts(own, name) == [f"{name} text {n}" for n in range(3)]


def test_a_rebuild_that_would_lose_versions_is_refused_with_their_names_unless_it_is_forced(own: Served) -> None:
    pack, db = one_pack(own), own.root / ".lsfs/catalogue.db"
    data = pack.read_bytes()
    os.truncate(pack, len(data) // 2)
    before = db.read_bytes()
    refused = own.lsfs("check", "--rebuild")
    assert refused.returncode == 2
    assert "version 3 of a.txt" in refused.stderr
    assert "--force" in refused.stderr
    assert db.read_bytes() == before
    assert pack.read_bytes() == data[: len(data) // 2], "the pack was not changed"
    pack.write_bytes(data)
    assert texts(own, "a.txt") == [f"a.txt text {n}" for n in range(3)], "with the pack from a backup all is as it was"
    down(own.client)
    os.truncate(pack, len(data) // 2)
    forced = own.lsfs("check", "--rebuild", "--force")
    assert "version 3 of a.txt" in forced.stderr
    assert "version 2 of b.txt" in forced.stderr
    assert own.call("read", path="a.txt")["content"] == "a.txt text 2", "what the files have is stored anew"
    assert "number 3 is lost" in own.lsfs("check").stdout
