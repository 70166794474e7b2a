"""What the portable driver cannot do, declared: the rules that do not hold on it, and what it answers instead.

`tests.mount.conftest` leaves the rule out for the bindings named here; `tests.mount.test_portable` asserts the answer instead,
and that the README says so.
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

_LIBC = ctypes.CDLL(None, use_errno=True)
BINDINGS = ("mfusepy", "fusepy")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        rules: the tests in `test_rules.py`, `test_permission_rules.py` and `test_set_ids.py` that do not hold.
        said: the row of the README's table begins with this.
        answer: asserts, in an empty folder of a mount, what is answered instead.
    """

    said: str
    rules: tuple[str, ...]
    answer: Callable[[Path], None]
    bindings: tuple[str, ...] = BINDINGS


def renames_with_flags_are_refused(place: Path) -> None:
    (place / "a").write_text("A")
    (place / "b").write_text("B")
    for flags, target in ((1, "new"), (2, "b")):
        assert _LIBC.renameat2(-100, os.fsencode(place / "a"), -100, os.fsencode(place / target), flags) == -1
        assert ctypes.get_errno() == errno.EINVAL
    assert sorted(os.listdir(place)) == ["a", "b"]
    assert ((place / "a").read_text(), (place / "b").read_text()) == ("A", "B")


def fallocate_is_refused(place: Path) -> None:
    fd = os.open(place / "f", os.O_RDWR | os.O_CREAT, 0o644)
    assert _LIBC.fallocate(fd, 0, ctypes.c_int64(0), ctypes.c_int64(4096)) == -1
    assert ctypes.get_errno() == errno.EOPNOTSUPP
    os.close(fd)


def holes_are_shown_as_data(place: Path) -> None:
    fd = os.open(place / "h", os.O_RDWR | os.O_CREAT, 0o644)
    os.ftruncate(fd, 1 << 20)
    assert (os.lseek(fd, 0, os.SEEK_DATA), os.lseek(fd, 0, os.SEEK_HOLE)) == (0, 1 << 20)
    os.close(fd)


def acls_are_refused(place: Path) -> None:
    (place / "f").write_text("")
    for command in (["-m", "u:12:r"], ["-d", "-m", "u:12:r"]):
        done = subprocess.run(["setfacl", *command, str(place)], capture_output=True, text=True, check=False)
        assert "not supported" in done.stderr
    with pytest.raises(OSError) as e:
        os.setxattr(place / "f", "system.posix_acl_access", b"\2\0\0\0")
    assert e.value.errno in (errno.EOPNOTSUPP, errno.EINVAL)


def files_without_a_name_are_refused(place: Path) -> None:
    with pytest.raises(OSError) as e:
        os.open(place, os.O_TMPFILE | os.O_RDWR, 0o600)
    assert e.value.errno == errno.EOPNOTSUPP


def a_removed_folder_answers_no_more(place: Path) -> None:
    (place / "d").mkdir()
    fd = os.open(place / "d", os.O_RDONLY)
    (place / "d").rmdir()
    with pytest.raises(OSError) as e:
        os.listdir(fd)
    assert e.value.errno in (errno.ENOENT, errno.ESTALE)
    os.close(fd)


DIFFERENCES = (
    Difference(
        "Renames with flags",
        ("test_rename_exchange_swaps_two_files", "test_rename_exchange_swaps_a_file_and_a_folder_with_what_is_in_it"),
        renames_with_flags_are_refused,
    ),
    Difference("`fallocate`", ("test_fallocate_makes_room_and_punches_holes",), fallocate_is_refused, bindings=("fusepy",)),
    Difference("Holes", ("test_holes_are_found",), holes_are_shown_as_data),
    Difference(
        "Access control lists",
        (
            "test_an_access_control_list_lets_in_whom_the_mode_keeps_out",
            "test_a_default_access_control_list_is_inherited_and_beats_the_umask",
            "test_an_access_control_list_set_by_one_not_in_the_group_takes_set_group_id_away",
            "test_an_access_control_list_set_by_one_in_the_group_leaves_set_group_id",
            "test_a_file_made_with_set_user_id_keeps_the_mask_of_the_default_list",
        ),
        acls_are_refused,
    ),
    Difference(
        "`O_TMPFILE`",
        (
            "test_a_file_without_a_name_gets_one_by_link",
            "test_a_file_without_a_name_has_the_group_of_a_set_group_id_folder",
            "test_a_file_made_without_a_name_keeps_set_user_id",
        ),
        files_without_a_name_are_refused,
    ),
    Difference(
        "A folder that was removed", ("test_a_removed_folder_that_is_held_open_is_empty",), a_removed_folder_answers_no_more
    ),
)


def holds(rule: str, place: str) -> bool:
    """Tell whether a rule holds in a place."""
    return not any(rule in d.rules and place in d.bindings for d in DIFFERENCES)
