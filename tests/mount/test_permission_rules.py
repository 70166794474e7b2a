"""Who may do what, one sentence each, on a plain directory and on mounts of both kinds: they must agree."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.mount.nobody import NOBODY, as_nobody, reachable

pytestmark = pytest.mark.fuse


def test_the_umask_of_the_caller_counts(place: Path) -> None:
    old = os.umask(0o027)
    try:
        os.close(os.open(place / "f", os.O_CREAT | os.O_WRONLY, 0o666))
        (place / "d").mkdir(mode=0o777)
    finally:
        os.umask(old)
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o640
    assert stat.S_IMODE((place / "d").stat().st_mode) == 0o750


def test_what_a_user_makes_belongs_to_the_user(place: Path) -> None:
    place.chmod(0o777)
    reachable(place)
    code = (
        f"import os; p = {str(place)!r}",
        "open(p + '/f', 'w'); os.mkdir(p + '/d'); os.symlink('x', p + '/s'); os.mkfifo(p + '/p')",
    )
    done = as_nobody(*code)
    assert done.returncode == 0, done.stderr
    owners = {(s.lstat().st_uid, s.lstat().st_gid) for s in place.iterdir()}
    assert owners == {(NOBODY, NOBODY)}
    assert len(os.listdir(place)) == 4


def test_a_set_group_id_folder_gives_its_group_to_what_is_made_in_it(place: Path) -> None:
    os.chown(place, -1, 4242)
    place.chmod(0o2777)
    reachable(place)
    assert as_nobody(f"import os; p = {str(place)!r}", "open(p + '/f', 'w'); os.mkdir(p + '/d')").returncode == 0
    assert (place / "f").stat().st_gid == 4242
    assert (place / "d").stat().st_gid == 4242
    assert (place / "d").stat().st_mode & stat.S_ISGID


def test_the_mode_keeps_other_users_out(place: Path) -> None:
    reachable(place)
    (place / "f").write_text("secret")
    (place / "f").chmod(0o600)
    done = as_nobody(f"open({str(place / 'f')!r})")
    assert "PermissionError" in done.stderr
    done = as_nobody(f"open({str(place / 'g')!r}, 'w')")
    assert "PermissionError" in done.stderr


def test_supplementary_groups_let_in(place: Path) -> None:
    reachable(place)
    (place / "f").write_text("for the group")
    os.chown(place / "f", 0, 4243)
    (place / "f").chmod(0o640)
    code = f"print(open({str(place / 'f')!r}).read())"
    assert as_nobody(code).returncode != 0
    assert as_nobody(code, groups="--groups=4243").stdout == "for the group\n"


def test_a_sticky_folder_keeps_others_from_removing(place: Path) -> None:
    place.chmod(0o1777)
    reachable(place)
    (place / "f").write_text("")
    done = as_nobody(f"import os; os.unlink({str(place / 'f')!r})")
    assert "PermissionError" in done.stderr


@pytest.mark.parametrize("change", ["os.write(fd, b'x')", "os.ftruncate(fd, 0)", "os.posix_fallocate(fd, 0, 10)"])
def test_an_unprivileged_change_takes_set_user_id_away(place: Path, change: str) -> None:
    reachable(place)
    (place / "f").write_text("program")
    (place / "f").chmod(0o6777)
    done = as_nobody(f"import os; fd = os.open({str(place / 'f')!r}, os.O_RDWR)", change)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o777


def test_a_file_that_becomes_set_user_id_while_it_is_written_loses_it_with_the_next_write(place: Path) -> None:
    reachable(place)
    (place / "f").write_text("program")
    os.chown(place / "f", NOBODY, NOBODY)
    path = str(place / "f")
    done = as_nobody(
        f"import os; fd = os.open({path!r}, os.O_RDWR)",
        f"os.write(fd, b'x'); os.chmod({path!r}, 0o6755); print(oct(os.fstat(fd).st_mode))",
        "os.write(fd, b'y'); print(oct(os.fstat(fd).st_mode))",
    )
    assert done.stdout.split() == ["0o106755", "0o100755"], done.stderr
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o755


def test_a_privileged_write_leaves_set_user_id(place: Path) -> None:
    (place / "f").write_text("program")
    (place / "f").chmod(0o4755)
    with (place / "f").open("a") as f:
        f.write("more")
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o4755


def test_an_access_control_list_lets_in_whom_the_mode_keeps_out(place: Path) -> None:
    place.chmod(0o755)
    path = place / "secret"
    path.write_text("s")
    path.chmod(0o600)
    reachable(place)
    assert as_nobody(f"open({str(path)!r})").returncode != 0
    subprocess.run(["setfacl", "-m", f"u:{NOBODY}:r", str(path)], check=True)
    assert as_nobody(f"print(open({str(path)!r}).read())").stdout == "s\n"


def test_a_default_access_control_list_is_inherited_and_beats_the_umask(place: Path) -> None:
    (place / "d").mkdir()
    subprocess.run(["setfacl", "-d", "-m", "u::rwx,g::rwx,o::r", str(place / "d")], check=True)
    old = os.umask(0o077)
    try:
        (place / "d" / "f").write_text("")
    finally:
        os.umask(old)
    assert stat.S_IMODE((place / "d" / "f").stat().st_mode) == 0o664
