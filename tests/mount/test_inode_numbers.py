"""Inode numbers and kinds in listings are those of stat, and two files never share a number, also across devices."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs_mount.nested import mask_of
from tests.mount.rig import Rig, mounted

pytestmark = pytest.mark.fuse


@pytest.fixture
def nested(tmp_path: Path, driver: tuple[str, str]) -> Iterator[Rig]:
    """A mount of a root with a file system at `a` and at `b`, in which the same numbers are in use."""
    points = [tmp_path / "plain" / name for name in ("a", "b")]
    for point in points:
        point.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", str(point)], check=True)
        (point / "f").write_text(f"content of {point.name}")
        (point / "d").mkdir()
        os.link(point / "f", point / "g")
    try:
        with mounted(tmp_path, *driver) as rig:
            yield rig
    finally:
        for point in points:
            subprocess.run(["umount", "-l", str(point)], check=True)


def test_two_files_on_two_devices_are_two_files(nested: Rig) -> None:
    a, b = nested.point / "a" / "f", nested.point / "b" / "f"
    assert (nested.plain / "a" / "f").stat().st_ino == (nested.plain / "b" / "f").stat().st_ino
    assert not os.path.samefile(a, b)
    assert subprocess.run(["cmp", "-s", a, b], check=False).returncode == 1
    assert subprocess.run(["mv", a, b], check=False, capture_output=True).returncode == 0
    assert b.read_text() == "content of a"


def test_a_copy_has_the_hard_links_of_the_original_and_no_others(nested: Rig, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert os.path.samefile(nested.point / name / "f", nested.point / name / "g")
    subprocess.run(["cp", "-a", nested.point, tmp_path / "copy"], check=True)
    assert [(tmp_path / "copy" / n / "f").read_text() for n in ("a", "b")] == ["content of a", "content of b"]
    assert [(tmp_path / "copy" / n / "f").stat().st_nlink for n in ("a", "b")] == [2, 2]


def test_an_open_file_has_the_number_of_its_name(nested: Rig) -> None:
    for name in ("a/f", "b/f"):
        with (nested.point / name).open("r+") as f:
            os.ftruncate(f.fileno(), 3)
            assert os.fstat(f.fileno()).st_ino == (nested.point / name).stat().st_ino
    (nested.point / "a" / "new").write_text("x")
    assert (nested.point / "a" / "new").stat().st_ino in {e.inode() for e in os.scandir(nested.point / "a")}


def test_listings_tell_the_numbers_of_stat_also_across_devices(nested: Rig) -> None:
    for folder in ("a", "b", "a/d"):
        listed = listed_with_ls(nested.point / folder)
        assert listed == {n: (nested.point / folder / n).stat().st_ino for n in listed}
        assert {".", ".."} <= listed.keys()


def listed_with_ls(folder: Path) -> dict[str, int]:
    """Return names and inode numbers as the folder itself tells them, also of itself and of the one above it."""
    numbers = subprocess.run(["ls", "-fai", folder], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[1]: int(line.split()[0]) for line in numbers}


def test_every_listing_begins_with_the_folder_itself_and_the_one_above_it(shared: Rig, fresh: str) -> None:
    (shared.point / fresh / "d").mkdir(parents=True)
    listed = listed_with_ls(shared.point / fresh / "d")
    above = (shared.point / fresh).stat().st_ino
    assert listed == {".": (shared.point / fresh / "d").stat().st_ino, "..": above}
    assert {".", ".."} <= listed_with_ls(shared.point).keys()
    assert {".", ".."} <= listed_with_ls(shared.point / ".lsfs").keys()


def test_every_kind_is_told_in_listings(shared: Rig, fresh: str) -> None:
    folder = shared.point / fresh
    folder.mkdir()
    (folder / "file").touch()
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("x")
    os.mkfifo(folder / "fifo")
    os.mknod(folder / "device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as s:
        here = os.open(folder, os.O_RDONLY)
        s.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    traced = subprocess.run(
        ["strace", "-v", "-e", "getdents64", "-s", "10000", "ls", "-f", folder], capture_output=True, text=True, check=True
    )
    for kind in ("DT_REG", "DT_LNK", "DT_FIFO", "DT_CHR", "DT_SOCK"):
        assert kind in traced.stderr
    assert "DT_UNKNOWN" not in traced.stderr


def test_numbers_of_two_devices_do_not_meet() -> None:
    masks = {mask_of(os.makedev(major, minor)) >> 40 for major in (0, 8, 254, 259) for minor in range(1000)}
    assert 0 not in masks
    assert len(masks) > 3990
