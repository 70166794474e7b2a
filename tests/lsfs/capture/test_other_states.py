"""Roots inside a root: the inner one's state is its own engine's business."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.capture.disk import Disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    (tmp_path / ".lsfs").mkdir()
    (tmp_path / "in/.lsfs/packs").mkdir(parents=True)
    (tmp_path / "in/.lsfs/format").write_text("lsfs 1 0123456789abcdef\n")
    (tmp_path / "in/a.txt").write_text("a")
    (tmp_path / "notes/.lsfs").mkdir(parents=True)
    (tmp_path / "notes/.lsfs/b.txt").write_text("b")
    disk = Disk(os.fsencode(tmp_path), (b".lsfs",))
    yield disk
    disk.close()


def test_the_state_of_an_inner_root_is_passed_over(disk: Disk) -> None:
    paths = [p for p, _ in disk.walk(b"")]
    assert paths == [b"in", b"notes", b"notes/.lsfs", b"notes/.lsfs/b.txt", b"in/a.txt"]
    assert disk.ignores(b"in/.lsfs")
    assert disk.ignores(b"in/.lsfs/packs/1")


def test_a_folder_that_only_has_the_name_is_the_users(disk: Disk) -> None:
    assert not disk.ignores(b"notes/.lsfs/b.txt")
    assert not disk.ignores(b"notes/.lsfsignore")
