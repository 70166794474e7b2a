"""The rules of a POSIX file system, one sentence each, on a plain directory and on mounts of both kinds: they must agree."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.fuse
_LIBC = ctypes.CDLL(None, use_errno=True)
NOREPLACE, EXCHANGE = 1, 2


def renameat2(a: Path, b: Path, flags: int) -> int:
    """Rename with flags; return the errno, 0 for none."""
    failed = _LIBC.renameat2(-100, os.fsencode(a), -100, os.fsencode(b), flags)
    return ctypes.get_errno() if failed else 0


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
