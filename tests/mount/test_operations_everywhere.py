"""An operation that the semantic tree cannot do goes on working on the files of the root.

The kernel takes some answers for the whole mount: after one ENOSYS it asks no file to be synced any more.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs_mount.protocol import Op
from lsfs_mount.serving import Table, whole
from tests.mount.rig import Rig, eventually, mounted

pytestmark = pytest.mark.fuse


def errno_from(act: Callable[[], object]) -> int:
    """Return the errno that something fails with, 0 for none."""
    try:
        act()
    except OSError as e:
        return e.errno or 0
    return 0


def is_stopped(pid: int) -> bool:
    """Tell whether all threads of a process have stopped: a signal takes its time."""
    return all(file.read_text().rpartition(")")[2].split()[0] == "T" for file in Path(f"/proc/{pid}/task").glob("*/stat"))


def reaches_the_server(rig: Rig, path: Path, act: str) -> bool:
    """Tell whether an operation on the open file `fd` waits for the mount process (which is stopped meanwhile)."""
    code = f"import os, sys; fd = os.open(sys.argv[1], os.O_RDONLY); print('open', flush=True); sys.stdin.read(1); {act}"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        rig.process.send_signal(signal.SIGSTOP)
        eventually(lambda: is_stopped(rig.process.pid))
        try:
            child.stdin.write("x")
            child.stdin.flush()
            child.wait(0.7)
        except subprocess.TimeoutExpired:
            return True
        finally:
            rig.process.send_signal(signal.SIGCONT)
            child.wait(10)
    return False


@pytest.mark.parametrize("act", ["os.fsync(fd)", "os.fdatasync(fd)"])
def test_syncing_a_virtual_file_does_not_end_the_syncing_of_files(rig: Rig, act: str) -> None:
    (rig.point / "f").write_text("content")
    virtual = os.open(rig.point / ".lsfs" / "root", os.O_RDONLY)
    os.fsync(virtual)
    os.fdatasync(virtual)
    os.close(virtual)
    assert reaches_the_server(rig, rig.point / "f", act)


def test_syncing_a_virtual_folder_does_not_end_the_syncing_of_folders(rig: Rig) -> None:
    (rig.point / "d").mkdir()
    virtual = os.open(rig.point / ".lsfs", os.O_RDONLY)
    os.fsync(virtual)
    os.close(virtual)
    assert reaches_the_server(rig, rig.point / "d", "os.fsync(fd)")


@pytest.mark.parametrize("kind", ["--no-passthrough", "--driver=native"])
def test_holes_are_found_after_a_virtual_file_was_searched_for_holes(tmp_path: Path, kind: str) -> None:
    with mounted(tmp_path, kind) as rig:
        virtual = os.open(rig.point / ".lsfs" / "root", os.O_RDONLY)
        size = os.fstat(virtual).st_size
        assert (os.lseek(virtual, 3, os.SEEK_DATA), os.lseek(virtual, 3, os.SEEK_HOLE)) == (3, size)
        assert errno_from(lambda: os.lseek(virtual, size, os.SEEK_DATA)) == errno.ENXIO
        os.close(virtual)
        (rig.plain / "sparse").touch()
        os.truncate(rig.plain / "sparse", 1 << 20)
        with (rig.point / "sparse").open("rb") as f:
            assert os.lseek(f.fileno(), 0, os.SEEK_HOLE) == 0


def test_files_without_a_name_and_copies_work_after_the_semantic_tree_refused_them(tmp_path: Path) -> None:
    with mounted(tmp_path) as rig:
        top, saved = rig.point / ".lsfs", rig.point / ".lsfs" / "saved"
        assert errno_from(lambda: os.open(saved, os.O_TMPFILE | os.O_RDWR, 0o600)) == errno.EROFS
        os.close(os.open(rig.point, os.O_TMPFILE | os.O_RDWR, 0o600))
        (rig.point / "a").write_text("from the root")
        with (top / "root").open("rb") as virtual, (rig.point / "b").open("wb") as b:
            assert os.copy_file_range(virtual.fileno(), b.fileno(), 5) == 5
        with (rig.point / "a").open("rb") as a:
            assert reaches_the_server(
                rig, rig.point / "a", "os.copy_file_range(fd, os.open(sys.argv[1] + '2', os.O_CREAT | os.O_WRONLY), 5)"
            )
            assert a.read() == b"from the root"


def test_every_other_operation_works_after_the_semantic_tree_refused_it(tmp_path: Path) -> None:
    with mounted(tmp_path) as rig:
        top, f, g = rig.point / ".lsfs", rig.point / "f", rig.point / "g"
        acts: list[Callable[[Path], object]] = [
            lambda d: os.close(os.open(d / "made", os.O_CREAT | os.O_WRONLY)),
            lambda d: (d / "s").symlink_to("x"),
            lambda d: os.mkfifo(d / "p"),
            lambda d: os.setxattr(d, "user.k", b"v"),
            lambda d: os.getxattr(d, "user.k"),
            os.listxattr,
            lambda d: os.removexattr(d, "user.k"),
            lambda d: os.link(f, d / "linked"),
            lambda d: (d / "made").rename(d / "moved"),
            lambda d: (d / "moved").unlink(),
            lambda d: (d / "d").mkdir(),
            lambda d: (d / "d").rmdir(),
            lambda d: os.chmod(d, 0o755),
            os.statvfs,
        ]
        f.write_text("content")
        for act in acts:
            assert errno_from(lambda act=act: act(top)) not in (errno.ENOSYS, errno.EIO)  # type: ignore[misc]
        for act in acts:
            assert errno_from(lambda act=act: act(rig.point)) == 0  # type: ignore[misc]
        assert (f.stat().st_nlink, g.exists()) == (2, False)


def test_no_operation_that_one_part_knows_is_unknown_to_the_other() -> None:
    real = Table({int(Op.LSEEK): lambda *_: b"", int(Op.FSYNC): lambda *_: b""}, lambda *_: None)
    virtual = Table({int(Op.READ): lambda *_: b""}, lambda *_: None)
    header = (0,) * 9
    for op in (Op.LSEEK, Op.FSYNC):
        assert whole(virtual, real, virtual)[op](header, b"") == errno.EOPNOTSUPP
        assert whole(real, real, virtual)[op](header, b"") == b""
    assert whole(real, real, virtual)[Op.READ](header, b"") == errno.EOPNOTSUPP
