"""What is the portable driver's own: its declared differences, its choice, and what it does where libfuse is in the way."""

from __future__ import annotations

import errno
import os
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from lsfs.wire.journal import RecordKind
from lsfs_mount.portable import acl
from tests.mount import test_permission_rules, test_rules, test_set_ids
from tests.mount.differences import BINDINGS, DIFFERENCES, Difference
from tests.mount.rig import Rig, command, eventually, mounted

RULES = (test_rules, test_permission_rules, test_set_ids)
README = Path(__file__).parents[2] / "mount" / "README.md"
DECLARED = [(d, b) for d in DIFFERENCES for b in d.bindings]


@pytest.fixture(params=BINDINGS)
def portable(request: pytest.FixtureRequest) -> Rig:
    rig: Rig = request.getfixturevalue(request.param)
    return rig


@pytest.mark.fuse
@pytest.mark.parametrize(("difference", "binding"), DECLARED, ids=[f"{d.answer.__name__}-{b}" for d, b in DECLARED])
def test_a_declared_difference_is_answered_as_the_table_says(
    difference: Difference, binding: str, request: pytest.FixtureRequest, fresh: str
) -> None:
    rig: Rig = request.getfixturevalue(binding)
    (rig.point / fresh).mkdir()
    difference.answer(rig.point / fresh)


def test_every_difference_is_in_the_table_of_the_readme_and_of_a_rule_that_is_tested() -> None:
    rows = [line.removeprefix("| ") for line in README.read_text().splitlines() if line.startswith("| ")]
    for difference in DIFFERENCES:
        assert any(row.startswith(difference.said) for row in rows), difference.said
        assert all(any(hasattr(module, rule) for module in RULES) for rule in difference.rules)


@pytest.mark.fuse
def test_a_name_that_libfuse_hides_is_gone_at_once_from_folder_and_root(portable: Rig, fresh: str) -> None:
    folder = portable.point / fresh
    folder.mkdir()
    (folder / "f").write_text("content")
    with (folder / "f").open("r+") as held:
        (folder / "f").unlink()
        assert os.listdir(portable.plain / fresh) == []
        folder.rmdir()
        held.seek(0, os.SEEK_END)
        held.write(", more")
        held.flush()
        assert os.pread(held.fileno(), 100, 0) == b"content, more"
    eventually(lambda: portable.spooled(f"{fresh}/f".encode())[-1:] == [b"content, more"])


@pytest.mark.fuse
def test_a_file_that_went_with_its_folder_is_read_but_not_told_of(portable: Rig, fresh: str) -> None:
    (portable.point / fresh).mkdir()
    (portable.point / fresh / "f").write_text("content")
    with (portable.point / fresh / "f").open() as held:
        (portable.point / fresh / "f").unlink()
        (portable.point / fresh).rmdir()
        assert os.pread(held.fileno(), 100, 0) == b"content"
        with pytest.raises(OSError) as e:
            os.fstat(held.fileno())
        assert e.value.errno in (errno.ENOENT, errno.ESTALE)


@pytest.mark.fuse
def test_renaming_a_file_to_its_other_name_leaves_both_although_that_is_held(portable: Rig, fresh: str) -> None:
    a, b = portable.point / f"{fresh}-a", portable.point / f"{fresh}-b"
    a.write_text("one file")
    os.link(a, b)
    with b.open("r+") as held:
        a.rename(b)
        assert held.read() == "one file"
        assert os.fstat(held.fileno()).st_nlink == 2
        held.write(", longer")
        held.flush()
        assert (a.read_text(), b.read_text()) == ("one file, longer", "one file, longer")
    for name in (a, b):
        assert (name.read_text(), name.stat().st_nlink) == ("one file, longer", 2)


@pytest.mark.fuse
def test_renaming_a_file_to_its_other_name_that_was_just_removed_moves_it_although_held(portable: Rig, fresh: str) -> None:
    a, b = portable.point / f"{fresh}-a", portable.point / f"{fresh}-b"
    a.write_text("one file")
    os.link(a, b)
    with b.open() as held:
        b.unlink()
        a.rename(b)
        assert held.read() == "one file"
    assert (a.exists(), b.read_text(), b.stat().st_nlink) == (False, "one file", 1)


@pytest.mark.fuse
@pytest.mark.parametrize(("binding", "seen"), [("mfusepy", b"BBBB"), ("fusepy", b"AAAA")])
def test_a_held_file_shows_a_change_of_the_same_size_at_once_on_libfuse_3_only(
    binding: str, seen: bytes, request: pytest.FixtureRequest, fresh: str
) -> None:
    rig: Rig = request.getfixturevalue(binding)
    (rig.point / fresh).write_text("AAAA")
    with (rig.point / fresh).open("rb", buffering=0) as held:
        assert os.pread(held.fileno(), 4, 0) == b"AAAA"
        (rig.plain / fresh).write_text("BBBB")
        rig.control.invalidate([fresh.encode()])
        assert os.pread(held.fileno(), 4, 0) == seen
        assert (rig.point / fresh).read_text() == "BBBB"


@pytest.mark.fuse
def test_names_that_libfuse_uses_itself_are_refused(portable: Rig, fresh: str) -> None:
    (portable.plain / fresh).write_text("x")
    for act in (
        lambda: (portable.point / ".fuse_hidden0000000100000001").write_text(""),
        lambda: (portable.point / fresh).rename(portable.point / ".fuse_hidden0000000100000001"),
    ):
        with pytest.raises(PermissionError):
            act()
    assert (portable.point / fresh).read_text() == "x"


@pytest.mark.fuse
def test_a_file_that_was_closed_just_before_is_set_aside_by_its_next_writer(portable: Rig, fresh: str) -> None:
    path = portable.point / fresh
    for i in range(30):
        path.write_text(f"{i:02}")
        with path.open("r+") as f:
            f.write("in place")
        path.unlink()
    wanted = [part for i in range(30) for part in (b"%02d" % i, b"in place")]
    assert portable.spooled(fresh.encode()) == wanted


@pytest.mark.fuse
def test_a_symbolic_link_put_in_the_way_behind_the_mount_is_not_followed(portable: Rig, fresh: str, tmp_path: Path) -> None:
    (portable.point / fresh).mkdir()
    (portable.point / fresh / "f").write_text("inside")
    (tmp_path / "f").write_text("outside")
    held = os.open(portable.point / fresh, os.O_RDONLY)
    (portable.plain / fresh / "f").unlink()
    (portable.plain / fresh).rmdir()
    (portable.plain / fresh).symlink_to(tmp_path)
    with pytest.raises(OSError):
        os.open("f", os.O_WRONLY | os.O_TRUNC, dir_fd=held)
    os.close(held)
    assert (tmp_path / "f").read_text() == "outside"


@pytest.mark.fuse
def test_whom_an_access_control_list_keeps_out_is_kept_out(portable: Rig, fresh: str) -> None:
    (portable.plain / fresh).write_text("secret")
    (portable.plain / fresh).chmod(0o644)
    subprocess.run(["setfacl", "-m", "u:65534:-", str(portable.plain / fresh)], check=True)
    assert stat.S_IMODE((portable.point / fresh).stat().st_mode) == 0o600
    assert os.listxattr(portable.point / fresh) == []


def test_a_mode_is_narrowed_to_what_everybody_in_the_list_may() -> None:
    user, group_owner, group, mask, other = 2, 4, 8, 16, 32
    entries = [(1, 7, 0), (user, 6, 12), (group_owner, 7, 0), (group, 4, 34), (mask, 6, 0), (other, 5, 0)]
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)
    assert acl.narrowed(0o765, value) == 0o764
    assert acl.narrowed(0o777, b"unknown") == 0o700


@pytest.mark.fuse
@pytest.mark.parametrize("library", ["fuse", "fuse3"])
def test_mfusepy_runs_on_both_libraries(tmp_path: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSE_LIBRARY_NAME", library)
    with mounted(tmp_path, "--driver", "mfusepy") as rig:
        assert f"libfuse {'3' if library == 'fuse3' else '2'}." in rig.control.hello()["driver"]
        (rig.point / "f").write_text("one")
        (rig.point / "f").write_text("two")
        os.truncate(rig.point / "f", 1)
        with (rig.point / "f").open("r+") as held:
            (rig.point / "f").unlink()
            held.truncate(0)
            assert os.fstat(held.fileno()).st_nlink == 0
        assert rig.spooled(b"f")[:2] == [b"one", b"two"]
        assert RecordKind.UNLINK in rig.kinds(b"f")


@pytest.mark.fuse
def test_portable_takes_mfusepy_and_says_which_library(tmp_path: Path) -> None:
    with mounted(tmp_path, "--driver", "portable") as rig:
        assert rig.control.hello()["driver"].startswith("portable (mfusepy, libfuse 3.")
        assert rig.control.hello()["passthrough"] is False


def test_without_a_binding_it_says_what_to_install(tmp_path: Path) -> None:
    for name in ("fuse", "mfusepy"):
        (tmp_path / "without").mkdir(exist_ok=True)
        (tmp_path / "without" / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name} here')\n")
    for folder in ("plain", "state", "point"):
        (tmp_path / folder).mkdir()
    words = command(tmp_path, tmp_path / "plain", tmp_path / "point", "--driver", "portable", "--ready-fd", "1")
    environ = os.environ | {"PYTHONPATH": str(tmp_path / "without")}
    done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "pip install 'lsfs[fusepy]'" in done.stdout
    assert "apt-get install" in done.stdout
    assert not (tmp_path / "mount.sock").exists()


def test_a_module_of_the_same_name_is_not_taken_for_fusepy(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from lsfs_mount.portable.binding import load\n"
        "try: load('fusepy', {})\n"
        "except Exception as e: print(type(e).__name__, e)\n"
    )
    (tmp_path / "fuse.py").write_text("__version__ = '1.0'\n")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Unavailable")
