"""The mount process: how it starts, what the engine tells it, how it ends, and that nothing stays mounted."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mount.rig import Rig, command, end, eventually, mounted

pytestmark = pytest.mark.fuse


def test_sigterm_unmounts_and_ends_the_process(tmp_path: Path, driver: tuple[str, str]) -> None:
    with mounted(tmp_path, *driver) as rig:
        (rig.point / "f").write_text("x")
        rig.process.send_signal(signal.SIGTERM)
        assert rig.process.wait(10) == 0
        assert not rig.point.is_mount()
        assert not (tmp_path / "mount.sock").exists()


def test_stop_over_the_control_socket_unmounts_and_answers(tmp_path: Path, driver: tuple[str, str]) -> None:
    with mounted(tmp_path, *driver) as rig:
        assert rig.control.stop() == ""
        assert rig.process.wait(10) == 0
        assert not rig.point.is_mount()


def test_a_busy_mount_is_detached_lazily_and_served_until_the_last_user_leaves(tmp_path: Path, driver: tuple[str, str]) -> None:
    with mounted(tmp_path, *driver) as rig:
        held = (rig.point / "f").open("w")
        assert "busy" in rig.control.stop()
        assert not rig.point.is_mount()
        held.write("still served")
        held.close()
        assert rig.process.wait(10) == 0
        assert (rig.plain / "f").read_text() == "still served"


def test_an_unmount_by_hand_ends_the_process(tmp_path: Path, driver: tuple[str, str]) -> None:
    with mounted(tmp_path, *driver) as rig:
        subprocess.run(["umount", str(rig.point)], check=True)
        assert rig.process.wait(10) == 0


def test_a_mount_point_that_cannot_be_used_is_said_on_the_ready_descriptor(tmp_path: Path, driver: tuple[str, str]) -> None:
    with pytest.raises(AssertionError, match=r"Not a directory|refused"):
        (tmp_path / "file").write_text("")
        with mounted(tmp_path, *driver, "--mountpoint", str(tmp_path / "file")):
            raise RuntimeError("it was mounted")
    assert not (tmp_path / "mount.sock").exists()


def test_after_kill_9_the_backing_files_are_whole_and_it_can_be_mounted_again(tmp_path: Path, driver: tuple[str, str]) -> None:
    with mounted(tmp_path, *driver) as rig:
        (rig.point / "f").write_text("written")
        rig.process.kill()
        rig.process.wait()
        with pytest.raises(OSError) as e:
            os.listdir(rig.point)
        assert e.value.errno == errno.ENOTCONN
        last = rig.last()
    with mounted(tmp_path, *driver) as again:
        assert (again.point / "f").read_text() == "written"
        (again.point / "f").write_text("more")
        assert next(r.seq for r in again.records(last)) == last + 1


def test_it_goes_on_without_the_engine_and_starts_it_again(tmp_path: Path, driver: tuple[str, str]) -> None:
    started = tmp_path / "started"
    words = [sys.executable, "-c", f"open({str(started)!r}, 'a').write('x')"]
    with mounted(tmp_path, *driver, "--engine-command", json.dumps(words)) as rig:
        eventually(started.exists)
        (rig.point / "f").write_text("goes on")
        assert (rig.plain / "f").read_text() == "goes on"


def test_a_mount_point_inside_the_root_is_hidden_and_does_not_hang(tmp_path: Path, driver: tuple[str, str]) -> None:
    plain = tmp_path / "plain"
    (plain / "sub" / "mnt").mkdir(parents=True)
    (plain / "sub" / "f").write_text("x")
    with mounted(tmp_path, *driver, point=plain / "sub" / "mnt") as rig:
        listed = subprocess.run(["find", str(rig.point)], capture_output=True, text=True, timeout=20, check=True).stdout
        assert listed.splitlines() == [str(rig.point), str(rig.point / "sub"), str(rig.point / "sub" / "f")]
        assert not (rig.point / "sub" / "mnt").exists()
        with pytest.raises(PermissionError):
            (rig.point / "sub" / "mnt").mkdir()


def test_a_root_can_be_mounted_over_itself(tmp_path: Path, driver: tuple[str, str]) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "f").write_text("below")
    with mounted(tmp_path, *driver, point=plain) as rig:
        assert (rig.point / "f").read_text() == "below"
        (rig.point / "g").write_text("through")
        assert (rig.point / ".lsfs" / "root").read_text().splitlines()[0] == str(plain)
    assert (plain / "g").read_text() == "through"


def test_what_changes_behind_the_mount_is_seen_within_a_second_and_at_once_when_told(rig: Rig) -> None:
    (rig.plain / "f").write_text("one")
    assert (rig.point / "f").read_text() == "one"
    (rig.plain / "f").write_text("two, longer")
    eventually(lambda: (rig.point / "f").read_text() == "two, longer", timeout_s=1.5)
    (rig.plain / "new").write_text("replaced")
    os.replace(rig.plain / "new", rig.plain / "f")
    rig.control.invalidate([b"f"])
    eventually(lambda: (rig.point / "f").read_text() == "replaced", timeout_s=0.5)


def test_an_open_file_shows_a_rollback_at_once_when_told(rig: Rig) -> None:
    (rig.point / "f").write_text("new content")
    with (rig.point / "f").open("rb", buffering=0) as held:
        assert held.read() == b"new content"
        with (rig.plain / "f").open("r+b") as behind:
            behind.write(b"OLD")
            behind.truncate()
        rig.control.invalidate([b"f"])
        held.seek(0)
        eventually(lambda: os.fstat(held.fileno()).st_size == 3, timeout_s=0.5)
        assert held.read() == b"OLD"


def test_a_folder_that_is_held_shows_a_move_at_once_when_told(rig: Rig) -> None:
    (rig.point / "d").mkdir()
    (rig.point / "d" / "a").write_text("")
    assert os.listdir(rig.point / "d") == ["a"]
    assert (rig.point / "d" / "a").exists()
    os.rename(rig.plain / "d" / "a", rig.plain / "d" / "b")
    rig.control.invalidate([b"d/a", b"d/b"])
    eventually(lambda: (rig.point / "d" / "b").exists() and not (rig.point / "d" / "a").exists(), timeout_s=0.5)


def test_open_writers_are_told_by_path_by_folder_and_by_other_name(rig: Rig) -> None:
    (rig.point / "d").mkdir()
    with (rig.point / "d" / "f").open("w"), (rig.point / "d" / "f").open():
        os.link(rig.plain / "d" / "f", rig.plain / "other")
        asked = [b"d/f", b"d", b"other", b"e", b"d/f2"]
        assert rig.control.writers(asked) == [b"d/f", b"d", b"other"]
    eventually(lambda: rig.control.writers([b"d"]) == [])


def test_a_locked_file_is_read_but_not_changed_until_it_is_unlocked(rig: Rig) -> None:
    (rig.point / "d").mkdir()
    (rig.point / "d" / "f").write_text("fixed")
    (rig.point / "g").write_text("free")
    rig.control.locks({b"d": b"by a test"})
    path = rig.point / "d" / "f"
    changes = (
        lambda: path.open("r+"),
        lambda: path.open("w"),
        lambda: os.truncate(path, 0),
        path.unlink,
        lambda: path.rename(rig.point / "h"),
        lambda: (rig.point / "g").rename(path),
        lambda: (rig.point / "d" / "new").write_text(""),
        lambda: path.chmod(0o600),
    )
    for change in changes:
        with pytest.raises(PermissionError):
            change()
    assert path.read_text() == "fixed"
    assert (rig.point / "g").read_text() == "free"
    rig.control.locks({})
    path.write_text("changed")


def test_the_kernel_forgets_what_is_beyond_the_limit(tmp_path: Path) -> None:
    with mounted(tmp_path, "--most-nodes", "500") as rig:
        for i in range(60):
            (rig.plain / f"d{i}").mkdir()
            for j in range(50):
                (rig.plain / f"d{i}" / f"f{j}").touch()
        subprocess.run(["find", str(rig.point), "-size", "+1M"], check=True)
        eventually(lambda: rig.control.hello()["nodes"] <= 500)
        assert len(os.listdir(rig.point / "d3")) == 50
        (rig.point / "d3" / "f3").write_text("still exact")
        assert (rig.plain / "d3" / "f3").read_text() == "still exact"


def test_ten_thousand_opens_leak_nothing(rig: Rig) -> None:
    (rig.point / "f").write_text("x")

    def descriptors() -> int:
        return len(os.listdir(f"/proc/{rig.process.pid}/fd"))

    before = descriptors()
    for _ in range(10_000):
        os.close(os.open(rig.point / "f", os.O_RDONLY))
    eventually(lambda: descriptors() <= before + 2)
    eventually(lambda: rig.control.hello()["handles"] == 0)


UNPRIVILEGED = """
import os, subprocess, sys, time
root, point, words = sys.argv[1], sys.argv[2], sys.argv[3:]
r, w = os.pipe()
mount = subprocess.Popen([*words, '--ready-fd', str(w)], pass_fds=[w])
os.close(w)
said = os.read(r, 4000).decode()
assert said == '1', said
open(point + '/f', 'w').write('by a user')
assert open(root + '/f').read() == 'by a user'
os.chmod(point + '/f', 0o200)
open(point + '/f', 'a').write(' again')
os.rename(point + '/f', point + '/g')
assert os.stat(root + '/g').st_size == 15
fd = os.open(point + '/g', os.O_WRONLY)
mount.terminate()
time.sleep(0)
os.close(fd)
assert mount.wait(10) == 0
assert not os.path.ismount(point)
print('done')
"""


def test_a_user_without_privileges_mounts_through_fusermount(tmp_path: Path, driver: tuple[str, str]) -> None:
    """In a mount namespace with a /dev/fuse that everybody may open, as distributions have it."""
    for folder in ("plain", "point", "state"):
        (tmp_path / folder).mkdir()
    os.mknod(tmp_path / "fuse", 0o020666, os.makedev(10, 229))
    os.chmod(tmp_path / "fuse", 0o666)
    for above in (tmp_path, *tmp_path.parents):
        above.chmod(above.stat().st_mode | 0o011)
    for path in tmp_path.rglob("*"):
        os.chown(path, 65534, 65534)
    os.chown(tmp_path, 65534, 65534)
    words = command(tmp_path, tmp_path / "plain", tmp_path / "point", *driver)
    may_read = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]  # the interpreter may be in /root
    as_user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *may_read]
    script = f'mount --bind {tmp_path / "fuse"} /dev/fuse && exec "$@"'
    inner = [*as_user, sys.executable, "-c", UNPRIVILEGED, str(tmp_path / "plain"), str(tmp_path / "point"), *words]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *inner], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "done\n", done.stderr


def test_ending_a_rig_twice_is_harmless(rig: Rig) -> None:
    end(rig.process, rig.point)
    assert not rig.point.is_mount()
