"""Descriptors of folders: never through a symbolic link, kept for a moment, given back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.capture.folders import Folders
from lsfs.errors import NotFound, OutsideRoot


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    for n in range(40):
        (tmp_path / f"d{n}" / "inner").mkdir(parents=True)
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def opened(root: int) -> int:
    """Return how many descriptors of folders below the root are open; other tests' threads open and close others."""
    top = os.readlink(f"/proc/self/fd/{root}")
    links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return sum(os.path.islink(link) and str(link.readlink()).startswith(top) for link in links)


def inode(folders: Folders, path: bytes) -> int:
    fd = folders.enter(path, path + b"/x")
    try:
        return os.fstat(fd).st_ino
    finally:
        folders.leave(fd)


def test_a_folder_entered_twice_in_a_steady_block_is_opened_once(root: int) -> None:
    folders = Folders(root)
    with folders.steady():
        first = folders.enter(b"d0/inner", b"d0/inner/x")
        folders.leave(first)
        before = opened(root)
        assert folders.enter(b"d0/inner", b"d0/inner/y") == first
        assert opened(root) == before


def test_every_descriptor_is_given_back_at_the_end_of_the_block(root: int) -> None:
    folders = Folders(root)
    before = opened(root)
    with folders.steady():
        for n in range(40):
            inode(folders, b"d%d/inner" % n)
        assert opened(root) < before + 40
    assert opened(root) == before
    inode(folders, b"d0/inner")
    assert opened(root) == before


def test_what_was_renamed_is_walked_anew_after_forget(root: int, tmp_path: Path) -> None:
    folders = Folders(root)
    with folders.steady():
        old = inode(folders, b"d0/inner")
        (tmp_path / "d0").rename(tmp_path / "moved")
        (tmp_path / "d0" / "inner").mkdir(parents=True)
        folders.forget()
        assert inode(folders, b"d0/inner") == (tmp_path / "d0" / "inner").stat().st_ino != old


def test_a_symbolic_link_on_the_way_leads_nowhere_also_when_its_name_was_a_folder(root: int, tmp_path: Path) -> None:
    folders = Folders(root)
    (tmp_path / "link").symlink_to("d0")
    with folders.steady(), pytest.raises(OutsideRoot, match="symbolic link link"):
        folders.enter(b"link/inner", b"link/inner/x")
    with pytest.raises(NotFound):
        folders.enter(b"nowhere", b"nowhere/x")
    with pytest.raises(OutsideRoot):
        folders.enter(b"d0/../d1", b"d0/../d1/x")
