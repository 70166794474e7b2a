"""Roots, their state and their lock."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lsfs.engine.home import _make_runtime, find_home, make_home, resolve_root
from lsfs.engine.places import file_system, is_mounted
from lsfs.errors import BadRequest, Corrupt, Denied, NotFound

ENVIRON = {"XDG_RUNTIME_DIR": "/nonexistent"}


@pytest.mark.parametrize("path", ["/", "/etc", "/usr/share", "/proc/self", "/dev", "/sys", "/var"])
def test_a_directory_of_the_system_is_no_root(path: str) -> None:
    with pytest.raises(BadRequest, match="belongs to the system"):
        resolve_root(path)


def test_a_root_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no directory .*nowhere"):
        resolve_root(tmp_path / "nowhere")


def test_a_file_is_no_root(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(BadRequest, match="a root is a directory"):
        resolve_root(tmp_path / "f")


def test_a_home_is_made_once_and_found_again(tmp_path: Path) -> None:
    home = make_home(tmp_path, None, ENVIRON)
    assert find_home(tmp_path, None, ENVIRON) == home
    assert make_home(tmp_path, None, ENVIRON) == home
    assert len(home.engine_id) == 16
    assert len(str(home.socket)) < 100


def test_a_folder_of_that_name_without_a_format_is_no_state(tmp_path: Path) -> None:
    (tmp_path / ".lsfs").mkdir()
    with pytest.raises(NotFound, match="lsfs up"):
        find_home(tmp_path, None, ENVIRON)


def test_a_format_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".lsfs").mkdir()
    (tmp_path / ".lsfs" / "format").write_text("lsfs 99 0123456789abcdef\n")
    with pytest.raises(Corrupt, match="format 99"):
        make_home(tmp_path, None, ENVIRON)


def test_the_state_may_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    home = make_home(tmp_path / "root", tmp_path / "state", ENVIRON)
    assert home.state == tmp_path / "state"
    assert not (tmp_path / "root" / ".lsfs").exists()


def test_state_on_a_file_system_for_kernel_data_is_refused(tmp_path: Path) -> None:
    assert file_system(Path("/proc/self"))[0] == "proc"
    with pytest.raises(BadRequest, match="--state"):
        make_home(tmp_path, Path("/proc/lsfs-state"), ENVIRON)


def test_however_many_make_a_home_at_once_it_has_one_id(tmp_path: Path) -> None:
    for number in range(20):
        root = tmp_path / str(number)
        root.mkdir()
        with ThreadPoolExecutor(6) as pool:
            homes = list(pool.map(lambda _, r=root: make_home(r, None, ENVIRON), range(6)))
        assert len({h.engine_id for h in homes}) == 1
        assert os.listdir(root) == [".lsfs"]


def test_the_copy_of_a_served_root_has_sockets_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    home = make_home(tmp_path / "root", None, ENVIRON)
    shutil.copytree(tmp_path / "root", tmp_path / "copy")
    assert make_home(tmp_path / "copy", None, ENVIRON).socket != home.socket
    os.rename(tmp_path / "root", tmp_path / "moved")
    assert make_home(tmp_path / "moved", None, ENVIRON).socket == home.socket


def test_a_state_directory_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "root" / ".lsfs").mkdir(parents=True, mode=0o755)
    (tmp_path / "root" / ".lsfs" / "config.toml").write_text("[versions]\nkeep_last = 3\n")
    home = make_home(tmp_path / "root", None, ENVIRON)
    assert home.state.stat().st_mode & 0o777 == 0o700
    assert (home.state / "config.toml").exists()
    assert home.runtime.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("state", ["root", "root/sub/state", "."])
def test_a_state_among_the_users_files_is_refused(tmp_path: Path, state: str) -> None:
    (tmp_path / "root").mkdir()
    with pytest.raises(BadRequest, match="outside of the root"):
        make_home(tmp_path / "root", tmp_path / state, ENVIRON)
    assert os.listdir(tmp_path / "root") == []


@pytest.fixture
def oddly_named(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, mounted at a folder whose name is neither ASCII nor UTF-8 and has a blank."""
    folder = tmp_path / os.fsdecode("mnt ü\t".encode() + b"\xff")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_mounts_of_any_name_are_understood(oddly_named: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    assert is_mounted(oddly_named)
    assert not is_mounted(tmp_path)
    assert file_system(oddly_named / "not/there") == ("tmpfs", True)
    with pytest.raises(BadRequest, match="read-only"):
        make_home(root, oddly_named / "state", ENVIRON)


def test_a_folder_for_sockets_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    os.chown(tmp_path / "run", 65534, 65534)
    with pytest.raises(Denied, match="XDG_RUNTIME_DIR"):
        _make_runtime(tmp_path / "run" / "0123456789abcdef", {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert os.listdir(tmp_path / "run") == []
