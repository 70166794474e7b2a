"""Groups, set-ids and access control lists of what a user makes and changes: as on the plain directory, bit for bit."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.fuse
USER, GROUP = 1234, 2000


def as_user(act: Callable[[], object]) -> int:
    """Do something as a user who is in no group but his own; return the exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
        os.umask(0o022)
        act()
        status = 0
    finally:
        os._exit(status)


@pytest.fixture
def folder(place: Path) -> Path:
    """A folder of the place that everybody reaches and writes to."""
    for above in (place, *place.parents):
        if stat.S_IMODE(above.stat().st_mode) & 0o011 != 0o011:
            above.chmod(stat.S_IMODE(above.stat().st_mode) | 0o011)
    place.chmod(0o777)
    return place


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def mask_of(path: Path) -> str:
    said = subprocess.run(["getfacl", "-cE", str(path)], capture_output=True, text=True, check=True).stdout
    return next((line.removeprefix("mask::") for line in said.splitlines() if line.startswith("mask")), "")


def test_an_access_control_list_set_by_one_not_in_the_group_takes_set_group_id_away(folder: Path) -> None:
    path = folder / "f"
    path.write_text("")
    os.chown(path, USER, GROUP)
    path.chmod(0o2755)
    status = as_user(lambda: subprocess.run(["setfacl", "-m", "u:1:rx", str(path)], check=True))
    assert (status, mode_of(path)) == (0, 0o755)


def test_an_access_control_list_set_by_one_in_the_group_leaves_set_group_id(folder: Path) -> None:
    path = folder / "f"
    path.write_text("")
    os.chown(path, USER, USER)
    path.chmod(0o2755)
    status = as_user(lambda: subprocess.run(["setfacl", "-m", "u:1:rx", str(path)], check=True))
    assert (status, mode_of(path)) == (0, 0o2755)


def test_long_and_empty_attributes_are_kept_whole(folder: Path) -> None:
    (folder / "f").write_text("")
    for value in (b"", b"x", bytes(range(256)) * 3):
        os.setxattr(folder / "f", "user.k", value)
        assert os.getxattr(folder / "f", "user.k") == value


def test_a_file_without_a_name_has_the_group_of_a_set_group_id_folder(folder: Path) -> None:
    os.chown(folder, -1, GROUP)
    folder.chmod(0o2777)

    def act() -> None:
        fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o640)
        found = os.fstat(fd)
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (USER, GROUP, 0o640)

    assert as_user(act) == 0


def test_a_file_made_without_a_name_keeps_set_user_id(folder: Path) -> None:
    def act() -> None:
        fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o4755)
        assert stat.S_IMODE(os.fstat(fd).st_mode) == 0o4755

    assert as_user(act) == 0


def test_a_file_made_with_set_user_id_keeps_the_mask_of_the_default_list(folder: Path) -> None:
    subprocess.run(["setfacl", "-d", "-m", f"u:{USER}:rwx,g::r,m::r", str(folder)], check=True)
    assert as_user(lambda: os.open(folder / "f", os.O_CREAT | os.O_WRONLY, 0o4777)) == 0
    assert as_user(lambda: os.mknod(folder / "n", stat.S_IFREG | 0o4777)) == 0
    for name in ("f", "n"):
        assert (mode_of(folder / name), mask_of(folder / name)) == (0o4747, "r--")


def test_a_file_made_with_set_user_id_has_it(folder: Path) -> None:
    assert as_user(lambda: os.open(folder / "f", os.O_CREAT | os.O_WRONLY, 0o4777)) == 0
    assert mode_of(folder / "f") == 0o4755


def test_attributes_of_the_administrator_are_listed_to_root_only(folder: Path) -> None:
    (folder / "f").write_text("")
    os.setxattr(folder / "f", "user.k", b"v")
    os.setxattr(folder / "f", "trusted.k", b"v")
    assert sorted(os.listxattr(folder / "f")) == ["trusted.k", "user.k"]

    def act() -> None:
        assert os.listxattr(folder / "f") == ["user.k"]

    assert as_user(act) == 0
