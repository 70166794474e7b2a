"""The rules of a POSIX file system, one sentence each, on a plain directory and on mounts of both kinds: they must agree."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.fuse
_LIBC = ctypes.CDLL(None, use_errno=True)
NOREPLACE, EXCHANGE = 1, 2
NOBODY = 65534


def renameat2(a: Path, b: Path, flags: int) -> int:
    """Rename with flags; return the errno, 0 for none."""
    failed = _LIBC.renameat2(-100, os.fsencode(a), -100, os.fsencode(b), flags)
    return ctypes.get_errno() if failed else 0


def as_nobody(*code: str, groups: str = "--clear-groups") -> subprocess.CompletedProcess[str]:
    """Run Python as an unprivileged user."""
    words = [
        "setpriv",
        "--reuid",
        str(NOBODY),
        "--regid",
        str(NOBODY),
        groups,
        "/usr/bin/env",
        "python3",
        "-c",
        "\n".join(code),
    ]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_written_content_is_read_back_by_another_handle(place: Path) -> None:
    (place / "f").write_bytes(b"abc")
    with (place / "f").open("rb") as a, (place / "f").open("r+b", buffering=0) as b:
        b.write(b"XY")
        assert a.read() == b"XYc"


def test_rename_noreplace_refuses_an_existing_target(place: Path) -> None:
    (place / "a").write_text("A")
    (place / "b").write_text("B")
    assert renameat2(place / "a", place / "b", NOREPLACE) == errno.EEXIST
    assert ((place / "a").read_text(), (place / "b").read_text()) == ("A", "B")


def test_rename_exchange_swaps_two_files(place: Path) -> None:
    (place / "a").write_text("A")
    (place / "b").write_text("B")
    assert renameat2(place / "a", place / "b", EXCHANGE) == 0
    assert ((place / "a").read_text(), (place / "b").read_text()) == ("B", "A")


def test_rename_exchange_swaps_a_file_and_a_folder_with_what_is_in_it(place: Path) -> None:
    (place / "d").mkdir()
    (place / "d" / "in").write_text("in")
    (place / "f").write_text("F")
    assert renameat2(place / "d", place / "f", EXCHANGE) == 0
    assert (place / "f" / "in").read_text() == "in"
    assert (place / "d").read_text() == "F"


def test_rename_over_a_file_replaces_it_and_an_open_handle_keeps_the_old(place: Path) -> None:
    (place / "old").write_text("old")
    (place / "new").write_text("new")
    with (place / "old").open() as held:
        (place / "new").rename(place / "old")
        assert held.read() == "old"
        assert os.fstat(held.fileno()).st_nlink == 0
    assert (place / "old").read_text() == "new"
    assert os.listdir(place) == ["old"]


def test_a_folder_takes_what_is_in_it_along_when_it_moves(place: Path) -> None:
    (place / "a" / "b").mkdir(parents=True)
    (place / "a" / "b" / "f").write_text("1")
    held = os.open(place / "a" / "b", os.O_RDONLY)
    (place / "a").rename(place / "c")
    assert (place / "c" / "b" / "f").read_text() == "1"
    assert os.listdir(held) == ["f"]
    os.close(held)


def test_a_folder_cannot_be_moved_into_itself(place: Path) -> None:
    (place / "a").mkdir()
    with pytest.raises(OSError) as e:
        (place / "a").rename(place / "a" / "b")
    assert e.value.errno == errno.EINVAL


def test_an_unlinked_open_file_lives_on_without_a_name(place: Path) -> None:
    fd = os.open(place / "u", os.O_RDWR | os.O_CREAT, 0o644)
    os.write(fd, b"hello")
    os.unlink(place / "u")
    os.ftruncate(fd, 2)
    os.pwrite(fd, b"XY", 4)
    found = os.fstat(fd)
    assert (found.st_nlink, found.st_size, os.pread(fd, 10, 0)) == (0, 6, b"he\0\0XY")
    assert os.listdir(place) == []
    os.close(fd)


def test_an_unlinked_file_that_only_readers_hold_has_no_name_left(place: Path) -> None:
    (place / "r").write_text("content")
    with (place / "r").open() as held:
        (place / "r").unlink()
        assert os.fstat(held.fileno()).st_nlink == 0
        assert held.read() == "content"


def test_hard_links_are_one_file(place: Path) -> None:
    (place / "a").write_bytes(b"1")
    os.link(place / "a", place / "b")
    assert (place / "a").stat().st_ino == (place / "b").stat().st_ino
    assert (place / "a").stat().st_nlink == 2
    (place / "a").write_bytes(b"longer")
    assert (place / "b").stat().st_size == 6
    (place / "a").unlink()
    assert (place / "b").read_bytes() == b"longer"
    assert (place / "b").stat().st_nlink == 1


def test_a_hard_link_survives_the_rename_of_the_folder_of_the_other(place: Path) -> None:
    (place / "d").mkdir()
    (place / "d" / "a").write_bytes(b"1")
    os.link(place / "d" / "a", place / "b")
    (place / "d").rename(place / "e")
    (place / "b").write_bytes(b"22")
    assert (place / "e" / "a").read_bytes() == b"22"
    (place / "b").unlink()
    assert (place / "e" / "a").stat().st_nlink == 1


def test_renaming_one_name_of_a_file_to_its_other_name_does_nothing(place: Path) -> None:
    (place / "a").write_bytes(b"1")
    os.link(place / "a", place / "b")
    (place / "a").rename(place / "b")
    assert sorted(os.listdir(place)) == ["a", "b"]


def test_appends_through_two_handles_do_not_overwrite_each_other(place: Path) -> None:
    fds = [os.open(place / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) for _ in range(2)]
    for i in range(6):
        os.write(fds[i % 2], b"%d" % i)
    for fd in fds:
        os.close(fd)
    assert (place / "log").read_bytes() == b"012345"


def test_stores_in_a_shared_map_are_seen_by_read_and_writes_by_the_map(place: Path) -> None:
    (place / "m").write_bytes(bytes(8192))
    fd = os.open(place / "m", os.O_RDWR)
    with mmap.mmap(fd, 8192) as m:
        m[0:5] = b"mmapd"
        m.flush()
        assert os.pread(fd, 5, 0) == b"mmapd"
        os.pwrite(fd, b"xyz", 5000)
        assert m[5000:5003] == b"xyz"
        m[6000:6003] = b"end"
        os.close(fd)
    assert (place / "m").read_bytes()[6000:6003] == b"end"


def test_a_map_of_a_file_opened_for_appending_stores_in_place(place: Path) -> None:
    fd = os.open(place / "log", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, b"abc")
    with mmap.mmap(fd, 3) as m:
        m[0:1] = b"X"
    os.write(fd, b"d")
    os.close(fd)
    assert (place / "log").read_bytes() == b"Xbcd"


def test_stores_in_a_private_map_stay_private(place: Path) -> None:
    (place / "m").write_bytes(bytes(4096))
    with (place / "m").open("r+b") as f, mmap.mmap(f.fileno(), 4096, mmap.MAP_PRIVATE) as m:
        m[0:3] = b"abc"
    assert (place / "m").read_bytes() == bytes(4096)


def test_record_locks_exclude_another_process(place: Path) -> None:
    (place / "l").write_text("x")
    code = (
        "import fcntl, sys\n"
        "f = open(sys.argv[1], 'r+')\n"
        "try: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except OSError as e: sys.exit(e.errno)\n"
    )
    with (place / "l").open("r+") as f:
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = subprocess.run([sys.executable, "-c", code, str(place / "l")], check=False)
        assert done.returncode in (errno.EACCES, errno.EAGAIN)


def test_flock_excludes_another_handle(place: Path) -> None:
    with (place / "l").open("w") as a, (place / "l").open() as b:
        fcntl.flock(a, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_fallocate_makes_room_and_punches_holes(place: Path) -> None:
    fd = os.open(place / "f", os.O_RDWR | os.O_CREAT, 0o644)
    os.posix_fallocate(fd, 0, 65536)
    assert os.fstat(fd).st_size == 65536
    os.pwrite(fd, b"x" * 65536, 0)
    punch_and_keep_size = 3
    assert _LIBC.fallocate(fd, punch_and_keep_size, ctypes.c_int64(4096), ctypes.c_int64(8192)) == 0
    assert os.pread(fd, 8194, 4095) == b"x" + bytes(8192) + b"x"
    os.close(fd)


def test_holes_are_found(place: Path) -> None:
    fd = os.open(place / "h", os.O_RDWR | os.O_CREAT, 0o644)
    os.ftruncate(fd, 1 << 20)
    os.pwrite(fd, b"x" * 4096, 1 << 19)
    os.fsync(fd)
    assert os.lseek(fd, 0, os.SEEK_DATA) == 1 << 19
    assert os.lseek(fd, 1 << 19, os.SEEK_HOLE) == (1 << 19) + 4096
    with pytest.raises(OSError) as e:
        os.lseek(fd, (1 << 19) + 4096, os.SEEK_DATA)
    assert e.value.errno == errno.ENXIO
    os.close(fd)


@pytest.mark.parametrize("size", [1000, 9 << 20])
def test_copy_file_range_copies(place: Path, size: int) -> None:
    data = os.urandom(1000) * (size // 1000)
    (place / "a").write_bytes(data)
    with (place / "a").open("rb") as a, (place / "b").open("wb") as b:
        copied = 0
        while copied < len(data):
            copied += os.copy_file_range(a.fileno(), b.fileno(), len(data) - copied)
    assert (place / "b").read_bytes() == data


def test_extended_attributes_are_set_listed_replaced_and_removed(place: Path) -> None:
    path = place / "x"
    path.write_text("")
    os.setxattr(path, "user.k", b"v" * 300)
    assert os.listxattr(path) == ["user.k"]
    assert os.getxattr(path, "user.k") == b"v" * 300
    with pytest.raises(FileExistsError):
        os.setxattr(path, "user.k", b"", os.XATTR_CREATE)
    os.removexattr(path, "user.k")
    with pytest.raises(OSError) as e:
        os.getxattr(path, "user.k")
    assert e.value.errno == errno.ENODATA


def test_an_access_control_list_lets_in_whom_the_mode_keeps_out(place: Path) -> None:
    place.chmod(0o755)
    path = place / "secret"
    path.write_text("s")
    path.chmod(0o600)
    _reachable(place)
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


def test_a_file_without_a_name_gets_one_by_link(place: Path) -> None:
    fd = os.open(place, os.O_TMPFILE | os.O_RDWR, 0o600)
    os.write(fd, b"late")
    assert os.fstat(fd).st_nlink == 0
    here = os.open(place, os.O_RDONLY)
    os.link(f"/proc/self/fd/{fd}", "named", dst_dir_fd=here, follow_symlinks=True)
    os.close(here)
    os.close(fd)
    assert (place / "named").read_bytes() == b"late"


@pytest.mark.parametrize("name", [b"\xff\xfe\x80", b"new\nline", b" ", b"-", b"a" * 255, "ü".encode() * 127])
def test_any_name_of_up_to_255_bytes_is_kept_as_it_is(place: Path, name: bytes) -> None:
    path = os.fsencode(place) + b"/" + name
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
    assert os.listdir(os.fsencode(place)) == [name]
    os.unlink(path)


def test_a_name_of_256_bytes_is_refused(place: Path) -> None:
    with pytest.raises(OSError) as e:
        (place / ("a" * 256)).write_text("")
    assert e.value.errno == errno.ENAMETOOLONG


def test_a_tree_can_be_deeper_than_a_path_is_long(place: Path) -> None:
    fd = os.open(place, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 200, dir_fd=fd)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd))
    assert os.listdir(fd) == ["f"]
    os.close(fd)
    subprocess.run(["rm", "-rf", str(place / ("d" * 200))], check=True)


def test_symbolic_links_hold_any_target_and_are_not_followed_by_lstat(place: Path) -> None:
    target = b"\xff/" * 2000
    os.symlink(target, os.fsencode(place) + b"/s")
    assert os.readlink(os.fsencode(place) + b"/s") == target
    assert (place / "s").lstat().st_size == len(target)


def test_the_owner_and_the_times_of_a_symbolic_link_are_its_own(place: Path) -> None:
    (place / "f").write_text("")
    (place / "s").symlink_to("f")
    os.chown(place / "s", 12, 34, follow_symlinks=False)
    os.utime(place / "s", ns=(5, 6), follow_symlinks=False)
    link, file = (place / "s").lstat(), (place / "f").stat()
    assert (link.st_uid, link.st_gid, link.st_mtime_ns) == (12, 34, 6)
    assert (file.st_uid, file.st_gid) == (os.geteuid(), os.getegid())


def test_times_are_kept_to_the_nanosecond_also_before_1970(place: Path) -> None:
    (place / "t").write_text("")
    for ns in (1_234_567_890_123_456_789, -1_500_000_001):
        os.utime(place / "t", ns=(ns, ns))
        assert (place / "t").stat().st_mtime_ns == ns


def test_reading_and_listing_do_not_change_modification_times(place: Path) -> None:
    (place / "f").write_text("x")
    before = (place / "f").stat().st_mtime_ns, place.stat().st_mtime_ns
    (place / "f").read_text()
    os.listdir(place)
    assert ((place / "f").stat().st_mtime_ns, place.stat().st_mtime_ns) == before


def test_making_a_file_changes_the_time_and_the_links_of_its_folder(place: Path) -> None:
    before = place.stat()
    (place / "d").mkdir()
    after = place.stat()
    assert after.st_mtime_ns > before.st_mtime_ns
    assert after.st_nlink == before.st_nlink + 1


def test_truncation_cuts_and_grows_with_zeros(place: Path) -> None:
    (place / "f").write_bytes(b"abcdef")
    os.truncate(place / "f", 3)
    os.truncate(place / "f", 5)
    assert (place / "f").read_bytes() == b"abc\0\0"


def test_opening_with_truncation_empties_the_file_for_every_handle(place: Path) -> None:
    (place / "f").write_bytes(b"abcdef")
    with (place / "f").open("rb", buffering=0) as held:
        (place / "f").open("wb").close()
        assert held.read() == b""


def test_device_nodes_fifos_and_sockets_keep_their_kind_and_number(place: Path) -> None:
    os.mknod(place / "dev", stat.S_IFCHR | 0o600, os.makedev(259, 70000))
    os.mkfifo(place / "fifo")
    with socket.socket(socket.AF_UNIX) as s:
        here = os.open(place, os.O_RDONLY)
        s.bind(f"/proc/self/fd/{here}/sock")
        os.close(here)
    found = (place / "dev").stat()
    assert stat.S_ISCHR(found.st_mode)
    assert (os.major(found.st_rdev), os.minor(found.st_rdev)) == (259, 70000)
    assert stat.S_ISFIFO((place / "fifo").stat().st_mode)
    assert stat.S_ISSOCK((place / "sock").stat().st_mode)


def test_bytes_go_through_a_fifo(place: Path) -> None:
    os.mkfifo(place / "fifo")
    read = os.open(place / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    write = os.open(place / "fifo", os.O_WRONLY)
    os.write(write, b"through")
    assert os.read(read, 10) == b"through"
    os.close(read)
    os.close(write)


def test_the_umask_of_the_caller_counts(place: Path) -> None:
    old = os.umask(0o027)
    try:
        os.close(os.open(place / "f", os.O_CREAT | os.O_WRONLY, 0o666))
        (place / "d").mkdir(mode=0o777)
    finally:
        os.umask(old)
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o640
    assert stat.S_IMODE((place / "d").stat().st_mode) == 0o750


def _reachable(place: Path) -> None:
    """Let everybody reach a folder; pytest's own are for their owner."""
    for above in (place, *place.parents):
        if stat.S_IMODE(above.stat().st_mode) & 0o011 != 0o011:
            above.chmod(stat.S_IMODE(above.stat().st_mode) | 0o011)


def test_what_a_user_makes_belongs_to_the_user(place: Path) -> None:
    place.chmod(0o777)
    _reachable(place)
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
    _reachable(place)
    assert as_nobody(f"import os; p = {str(place)!r}", "open(p + '/f', 'w'); os.mkdir(p + '/d')").returncode == 0
    assert (place / "f").stat().st_gid == 4242
    assert (place / "d").stat().st_gid == 4242
    assert (place / "d").stat().st_mode & stat.S_ISGID


def test_the_mode_keeps_other_users_out(place: Path) -> None:
    _reachable(place)
    (place / "f").write_text("secret")
    (place / "f").chmod(0o600)
    done = as_nobody(f"open({str(place / 'f')!r})")
    assert "PermissionError" in done.stderr
    done = as_nobody(f"open({str(place / 'g')!r}, 'w')")
    assert "PermissionError" in done.stderr


def test_supplementary_groups_let_in(place: Path) -> None:
    _reachable(place)
    (place / "f").write_text("for the group")
    os.chown(place / "f", 0, 4243)
    (place / "f").chmod(0o640)
    code = f"print(open({str(place / 'f')!r}).read())"
    assert as_nobody(code).returncode != 0
    assert as_nobody(code, groups="--groups=4243").stdout == "for the group\n"


def test_a_sticky_folder_keeps_others_from_removing(place: Path) -> None:
    place.chmod(0o1777)
    _reachable(place)
    (place / "f").write_text("")
    done = as_nobody(f"import os; os.unlink({str(place / 'f')!r})")
    assert "PermissionError" in done.stderr


@pytest.mark.parametrize("change", ["os.write(fd, b'x')", "os.ftruncate(fd, 0)", "os.posix_fallocate(fd, 0, 10)"])
def test_an_unprivileged_change_takes_set_user_id_away(place: Path, change: str) -> None:
    _reachable(place)
    (place / "f").write_text("program")
    (place / "f").chmod(0o6777)
    done = as_nobody(f"import os; fd = os.open({str(place / 'f')!r}, os.O_RDWR)", change)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o777


def test_a_file_that_becomes_set_user_id_while_it_is_written_loses_it_with_the_next_write(place: Path) -> None:
    _reachable(place)
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


def test_a_script_runs(place: Path) -> None:
    (place / "s.sh").write_text("#!/bin/sh\necho ran\n")
    (place / "s.sh").chmod(0o755)
    assert subprocess.run([place / "s.sh"], capture_output=True, check=True).stdout == b"ran\n"


def test_a_program_that_runs_cannot_be_written(place: Path) -> None:
    (place / "sleep").write_bytes(Path("/bin/sleep").read_bytes())
    (place / "sleep").chmod(0o755)
    process = subprocess.Popen([place / "sleep", "60"])
    try:
        until = time.monotonic() + 5
        while os.readlink(f"/proc/{process.pid}/exe") == os.path.realpath(sys.executable) and time.monotonic() < until:
            time.sleep(0.005)
        with pytest.raises(OSError) as e:
            (place / "sleep").open("r+b")
        assert e.value.errno == errno.ETXTBSY
    finally:
        process.kill()
        process.wait()


def test_a_folder_of_thousands_is_listed_whole_also_while_it_shrinks(place: Path) -> None:
    names = {f"name-{i}" for i in range(3000)}
    for name in names:
        (place / name).touch()
    seen = set()
    with os.scandir(place) as it:
        for e in it:
            seen.add(e.name)
            os.unlink(e.path)
    assert seen == names
    assert os.listdir(place) == []


def test_a_folder_that_was_read_can_be_read_again_from_the_start(place: Path) -> None:
    (place / "a").touch()
    fd = os.open(place, os.O_RDONLY)
    assert os.listdir(fd) == ["a"]
    (place / "b").touch()
    assert sorted(os.listdir(fd)) == ["a", "b"]
    os.close(fd)


def test_a_removed_folder_that_is_held_open_is_empty(place: Path) -> None:
    (place / "d").mkdir()
    fd = os.open(place / "d", os.O_RDONLY)
    (place / "d").rmdir()
    assert os.listdir(fd) == []
    with pytest.raises(FileNotFoundError):
        os.open("f", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd)
    os.close(fd)


def test_a_full_folder_is_not_removed(place: Path) -> None:
    (place / "d").mkdir()
    (place / "d" / "f").touch()
    with pytest.raises(OSError) as e:
        (place / "d").rmdir()
    assert e.value.errno == errno.ENOTEMPTY
    (place / "d" / "f").unlink()
    (place / "d").rmdir()


def test_the_free_room_is_that_of_the_disk(place: Path) -> None:
    mine, disk = os.statvfs(place), os.statvfs("/tmp" if "passthrough" in str(place) else place)
    assert mine.f_namemax == 255
    assert mine.f_blocks == disk.f_blocks


def test_sqlite_works_in_wal_mode_with_two_connections(place: Path) -> None:
    a, b = sqlite3.connect(place / "t.db"), sqlite3.connect(place / "t.db")
    assert a.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    a.execute("CREATE TABLE t(x)")
    a.execute("INSERT INTO t VALUES(1)")
    a.commit()
    assert b.execute("SELECT x FROM t").fetchall() == [(1,)]
    b.execute("INSERT INTO t VALUES(2)")
    b.commit()
    assert a.execute("SELECT count(*) FROM t").fetchone() == (2,)
    a.close()
    b.close()


def test_git_makes_a_sound_repository(place: Path) -> None:
    script = (
        "git init -q g && cd g && echo a>a && git add a && git -c user.name=a -c user.email=b commit -qm x"
        ' && git fsck --strict && test -z "$(git status --porcelain)"'
    )
    assert subprocess.run(["sh", "-c", script], cwd=place, capture_output=True, check=False).returncode == 0


def test_signals_while_reading_and_writing_lose_nothing(place: Path) -> None:
    data = os.urandom(1 << 20) * 8
    caught = []
    before = signal.signal(signal.SIGALRM, lambda *_: caught.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        (place / "f").write_bytes(data)
        while len(caught) < 20:
            assert (place / "f").read_bytes() == data
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_many_files_survive_tar_and_back(place: Path, tmp_path: Path) -> None:
    source = Path(os.__file__).parent / "json"
    script = f"tar -C {source} -cf - . | tar -C {place} -xf - && diff -r {source} {place}"
    assert subprocess.run(["sh", "-c", script], check=False).returncode == 0


def test_thousands_of_opens_of_one_file_are_all_good(place: Path) -> None:
    (place / "f").write_text("same")
    fds = [os.open(place / "f", os.O_RDONLY) for _ in range(900)]
    assert {os.pread(fd, 10, 0) for fd in (fds[0], fds[450], fds[-1])} == {b"same"}
    for fd in fds:
        os.close(fd)
