"""What the kernel is told to forget: never the folder that somebody works in, nor what is mounted in one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lsfs_mount.forgetting import used_folders
from tests.mount.rig import Rig, eventually, mounted

pytestmark = pytest.mark.fuse
WHERE = "import os, sys\nfor _ in sys.stdin: print(os.getcwd(), flush=True)"


@contextmanager
def somebody_in(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a process that works in a folder; it tells where it is when it is sent a line."""
    words = [sys.executable, "-c", WHERE]
    with subprocess.Popen(words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def where(process: subprocess.Popen[str]) -> str:
    """Return what a process says where it is; empty if it does not know any more."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().rstrip("\n")


@contextmanager
def tmpfs(folder: Path) -> Iterator[None]:
    """Mount a file system with a file `inside`."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(folder)], check=True)
    try:
        (folder / "inside").write_text("it is here")
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def test_a_folder_that_changed_keeps_who_works_in_it_and_what_is_mounted_in_it(rig: Rig) -> None:
    folder = rig.point / "d" / "sub"
    folder.mkdir(parents=True)
    with tmpfs(folder / "mnt"), somebody_in(folder) as shell:
        assert where(shell) == str(folder)
        for _ in range(3):
            rig.control.invalidate([b"d/sub", b"d", b"d/sub/mnt"])
            (rig.plain / "d" / "sub" / "new").write_text("shows")
            rig.control.invalidate([b"d/sub/new"])
            eventually(lambda: (folder / "new").exists(), timeout_s=0.5)
            assert where(shell) == str(folder)
            assert (folder / "mnt" / "inside").read_text() == "it is here"
            (rig.plain / "d" / "sub" / "new").unlink()
            rig.control.invalidate([b"d/sub/new"])
            eventually(lambda: not (folder / "new").exists(), timeout_s=0.5)


def test_a_folder_that_was_moved_away_behind_shows_it_at_once_when_told(rig: Rig) -> None:
    (rig.point / "d" / "sub").mkdir(parents=True)
    (rig.point / "d" / "sub" / "f").write_text("1")
    os.rename(rig.plain / "d", rig.plain / "e")
    (rig.plain / "d").mkdir()
    (rig.plain / "d" / "other").write_text("2")
    rig.control.invalidate([b"d", b"e"])
    eventually(lambda: os.listdir(rig.point / "d") == ["other"], timeout_s=0.5)
    assert (rig.point / "e" / "sub" / "f").read_text() == "1"
    assert not (rig.point / "d" / "sub").exists()


def test_what_is_beyond_the_limit_goes_but_not_a_folder_in_use(tmp_path: Path) -> None:
    with mounted(tmp_path, "--most-nodes", "200") as rig:
        folder = rig.point / "d" / "sub"
        folder.mkdir(parents=True)
        with tmpfs(folder / "mnt"), somebody_in(folder) as shell:
            for i in range(40):
                (rig.plain / f"d{i}").mkdir()
                for j in range(20):
                    (rig.plain / f"d{i}" / f"f{j}").touch()
            subprocess.run(["find", str(rig.point), "-xdev", "-size", "+1M"], check=True)
            eventually(lambda: rig.control.hello()["nodes"] <= 200)
            assert where(shell) == str(folder)
            assert (folder / "mnt" / "inside").read_text() == "it is here"


def test_folders_in_use_are_found_with_all_above_them(tmp_path: Path) -> None:
    for name in ("a/b c/d", "e/f", "g"):
        (tmp_path / name).mkdir(parents=True)
    with tmpfs(tmp_path / "a/b c/d/ü"), somebody_in(tmp_path / "e" / "f"):
        used = used_folders(os.fsencode(tmp_path), Path("/proc"))
    assert used == {b"a", b"a/b c", b"a/b c/d", "a/b c/d/ü".encode(), b"e", b"e/f"}
