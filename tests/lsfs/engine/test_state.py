"""State directories that are not ours, or not ours any more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsfs.engine.home import find_home, make_home, mounted_root
from lsfs.engine.state import claimed_root
from lsfs.errors import BadRequest, Corrupt, Denied, NotFound

ENVIRON = {"XDG_RUNTIME_DIR": "/nonexistent"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_a_state_of_a_newer_lsfs_says_what_to_do(root: Path) -> None:
    (root / ".lsfs").mkdir()
    (root / ".lsfs/format").write_text("lsfs 7 0123456789abcdef\n")
    with pytest.raises(Corrupt, match=r"format 7; this one knows lsfs 1.*update lsfs"):
        make_home(root, None, ENVIRON)


@pytest.mark.parametrize("content", [b"", os.urandom(3000), b"lsfs", b"lsfs 1 short\n"])
def test_a_format_that_says_nothing_is_named_in_few_words(root: Path, content: bytes) -> None:
    (root / ".lsfs").mkdir()
    (root / ".lsfs/format").write_bytes(content)
    with pytest.raises(Corrupt, match=r"--state|update") as caught:
        make_home(root, None, ENVIRON)
    assert len(str(caught.value)) < 400 + len(str(root))


def test_a_link_is_no_state_and_nothing_is_written_behind_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (root / ".lsfs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Denied, match="symbolic link"):
        make_home(root, None, ENVIRON)
    assert os.listdir(tmp_path / "elsewhere") == []
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["engine.log", "catalogue.db", "packs"])
def test_a_state_with_a_link_in_it_is_refused(root: Path, name: str) -> None:
    state = make_home(root, None, ENVIRON).state
    (state / name).symlink_to("/etc/passwd")
    for find in (make_home, find_home):
        with pytest.raises(Denied, match=f"{name} is a symbolic link"):
            find(root, None, ENVIRON)


def test_a_state_of_another_user_is_refused(root: Path) -> None:
    state = make_home(root, None, ENVIRON).state
    os.chown(state, 12345, 12345)
    for find in (make_home, find_home):
        with pytest.raises(Denied, match="user with id 12345"):
            find(root, None, ENVIRON)


def test_a_state_that_was_opened_to_others_is_closed_again(root: Path) -> None:
    state = make_home(root, None, ENVIRON).state
    state.chmod(0o777)
    make_home(root, None, ENVIRON)
    assert state.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("target", [None, "nowhere"])
def test_a_file_of_that_name_is_left_alone(root: Path, target: str | None) -> None:
    if target is None:
        (root / ".lsfs").write_text("mine")
    else:
        (root / ".lsfs").symlink_to(target)
    with pytest.raises(BadRequest, match=r"no directory.*--state"):
        make_home(root, None, ENVIRON)


def test_a_folder_with_files_of_the_user_does_not_become_a_state(root: Path) -> None:
    (root / ".lsfs").mkdir()
    (root / ".lsfs/notes.txt").write_text("mine")
    with pytest.raises(BadRequest, match=r"notes\.txt"):
        make_home(root, None, ENVIRON)
    assert os.listdir(root / ".lsfs") == ["notes.txt"]


def test_a_state_that_lost_its_format_is_gone_on_with(root: Path) -> None:
    state = make_home(root, None, ENVIRON).state
    (state / "packs").mkdir()
    (state / "format").unlink()
    assert make_home(root, None, ENVIRON).state == state


def test_an_ordinary_folder_cannot_pose_as_the_mount_of_another_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    make_home(tmp_path / "other", None, ENVIRON)
    (root / ".lsfs").mkdir()
    (root / ".lsfs/root").write_text(f"{tmp_path / 'other'}\n0123456789abcdef\n{tmp_path / 'other/.lsfs'}\n")
    assert mounted_root(root) is None
    with pytest.raises(NotFound, match="lsfs up"):
        find_home(root, None, ENVIRON)


def test_a_state_elsewhere_is_of_one_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    state = make_home(root, tmp_path / "state", ENVIRON).state
    assert claimed_root(state) == root
    with pytest.raises(BadRequest, match=r"is the state of .*root; each root has a state of its own"):
        make_home(tmp_path / "other", state, ENVIRON)
    root.rename(tmp_path / "moved")
    assert make_home(tmp_path / "moved", state, ENVIRON).state == state
    assert claimed_root(state) == tmp_path / "moved"
