"""Paths in requests are confined to the root."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsfs.errors import BadRequest, Denied, OutsideRoot
from lsfs.paths import confine


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a/b.txt", b"a/b.txt"),
        ("./a//b/", b"a/b"),
        ("", b""),
        (".", b""),
        ("a/../b", b"b"),
        (b"\xff\n", b"\xff\n"),
        ("..a/b..", b"..a/b.."),
    ],
)
def test_a_path_is_made_relative_and_plain(tmp_path: Path, text: str | bytes, path: bytes) -> None:
    assert confine(tmp_path, text) == path


def test_an_absolute_path_in_the_root_or_its_mount_is_taken(tmp_path: Path) -> None:
    root, mount = tmp_path / "root", tmp_path / "mnt"
    root.mkdir()
    assert confine(root, str(root / "a/b")) == b"a/b"
    assert confine(root, str(root)) == b""
    assert confine(root, str(mount / "a"), also=[mount]) == b"a"


@pytest.mark.parametrize("text", ["../x", "a/../../x", "/etc/passwd", "/", "a/b/../../.."])
def test_a_path_that_leaves_the_root_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(OutsideRoot):
        confine(tmp_path / "root", text)


def test_a_name_that_only_begins_like_the_root_is_outside(tmp_path: Path) -> None:
    with pytest.raises(OutsideRoot):
        confine(tmp_path / "root", f"{tmp_path}/root-of-someone-else/x")


def test_a_link_that_leaves_the_root_is_no_way_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to("inside")
    with pytest.raises(OutsideRoot, match="through the link out"):
        confine(root, "out/secret")
    assert confine(root, "in/file") == b"in/file"
    assert confine(root, "out") == b"out"


@pytest.mark.parametrize("text", [".lsfs", ".lsfs/catalogue.db", "a/../.lsfs/x"])
def test_the_state_directory_is_not_for_requests(tmp_path: Path, text: str) -> None:
    with pytest.raises(Denied, match="state directory"):
        confine(tmp_path, text)


@pytest.mark.parametrize("text", ["a\0b", "x" * 256])
def test_a_name_that_no_disk_takes_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadRequest):
        confine(tmp_path, text)
