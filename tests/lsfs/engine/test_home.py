"""Roots, their state and their lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsfs.engine.home import Home, Lock, file_system, find_home, is_locked, make_home, resolve_root
from lsfs.errors import BadRequest, Conflict, Corrupt, NotFound

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
    with pytest.raises(Corrupt, match="lsfs 99"):
        make_home(tmp_path, None, ENVIRON)


def test_the_state_may_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    home = make_home(tmp_path / "root", tmp_path / "state", ENVIRON)
    assert home.state == tmp_path / "state"
    assert not (tmp_path / "root" / ".lsfs").exists()


def test_a_second_engine_is_refused_with_the_first_ones_pid(tmp_path: Path) -> None:
    home: Home = make_home(tmp_path, None, ENVIRON)
    assert not is_locked(home.state)
    lock = Lock(home.state)
    assert is_locked(home.state)
    with pytest.raises(Conflict, match=r"another engine process \(\d+\)"):
        Lock(home.state)
    lock.release()
    assert not is_locked(home.state)


def test_state_on_a_file_system_for_kernel_data_is_refused(tmp_path: Path) -> None:
    assert file_system(Path("/proc/self"))[0] == "proc"
    with pytest.raises(BadRequest, match="--state"):
        make_home(tmp_path, Path("/proc/lsfs-state"), ENVIRON)
