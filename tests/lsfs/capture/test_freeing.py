"""Files whose names went are held for a moment, freed by another thread, and never held for long."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lsfs.capture.freeing import Freeing


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:
        time.sleep(0.005)
    return true()


def holds(inode: int) -> bool:
    """Tell whether a descriptor of this process refers to a file that has no name any more."""
    for fd in os.listdir("/proc/self/fd"):
        try:
            if os.stat(f"/proc/self/fd/{fd}").st_ino == inode:
                return True
        except OSError:
            continue
    return False


def test_a_removed_file_is_held_over_its_removal_and_freed_soon_after(tmp_path: Path) -> None:
    freeing = Freeing()
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        (tmp_path / "a").write_bytes(b"x" * 8192)
        inode = (tmp_path / "a").stat().st_ino
        fd = freeing.hold(folder, b"a")
        os.unlink("a", dir_fd=folder)
        with freeing.later():
            freeing.release(fd)
            assert all(holds(inode) for _ in range(50))
        assert eventually(lambda: not holds(inode))
    finally:
        os.close(folder)


def test_many_removed_files_leave_no_descriptor_and_no_thread(tmp_path: Path) -> None:
    freeing = Freeing()
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        before = len(os.listdir("/proc/self/fd"))
        for n in range(2000):
            (tmp_path / "a").write_bytes(b"%d" % n)
            fd = freeing.hold(folder, b"a")
            os.unlink("a", dir_fd=folder)
            freeing.release(fd)
        assert eventually(lambda: len(os.listdir("/proc/self/fd")) <= before)
        assert eventually(lambda: not any(t.name == "freeing" for t in threading.enumerate()))
    finally:
        os.close(folder)


def test_nothing_at_the_name_is_nothing_to_hold(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        before = len(os.listdir("/proc/self/fd"))
        freeing = Freeing()
        assert freeing.hold(folder, b"missing") == -1
        freeing.release(-1)
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        os.close(folder)
