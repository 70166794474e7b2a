"""The client of the mount's benchmark: one kind of work in a folder, its wall time printed as microseconds an operation.

Its own process, so that it can be pinned to a core. `python -m tests.bench.mount_client WORK FOLDER COUNT`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

BLOCK = 4096
MIB = 1 << 20


def lookup(folder: str, count: int) -> None:
    for i in range(count):
        with suppress(FileNotFoundError):
            os.stat(f"{folder}/missing-{i}")


def stat_cold(folder: str, count: int) -> None:
    for i in range(count):
        os.stat(f"{folder}/many/{i}")


def stat_warm(folder: str, count: int) -> None:
    path = f"{folder}/many/0"
    for _ in range(count):
        os.stat(path)


def open_read_close(folder: str, count: int) -> None:
    for i in range(count):
        fd = os.open(f"{folder}/many/{i % 100}", os.O_RDONLY)
        os.read(fd, BLOCK)
        os.close(fd)


def create_write_close_unlink(folder: str, count: int) -> None:
    data = b"x" * BLOCK
    for i in range(count):
        path = f"{folder}/new-{i}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(fd, data)
        os.close(fd)
        os.unlink(path)


def readdir(folder: str, count: int) -> None:
    assert len(os.listdir(f"{folder}/many")) >= count


def readdir_attributes(folder: str, count: int) -> None:
    with os.scandir(f"{folder}/many") as it:
        assert sum(e.stat(follow_symlinks=False).st_size > 0 for e in it) >= count


def sequential_read(folder: str, count: int) -> None:
    fd = os.open(f"{folder}/big", os.O_RDONLY)
    for _ in range(count):
        os.read(fd, MIB)
    os.close(fd)


def sequential_write(folder: str, count: int) -> None:
    data = b"y" * MIB
    fd = os.open(f"{folder}/big-written", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for _ in range(count):
        os.write(fd, data)
    os.close(fd)


def _random(folder: str, count: int, act: Callable[[int, int], object], flags: int) -> None:
    rng = random.Random(1)
    fd = os.open(f"{folder}/big", flags)
    blocks = os.fstat(fd).st_size // BLOCK
    for _ in range(count):
        act(fd, rng.randrange(blocks) * BLOCK)
    os.close(fd)


def random_read(folder: str, count: int) -> None:
    _random(folder, count, lambda fd, at: os.pread(fd, BLOCK, at), os.O_RDONLY)


def random_write(folder: str, count: int) -> None:
    data = b"z" * BLOCK
    _random(folder, count, lambda fd, at: os.pwrite(fd, data, at), os.O_RDWR)


def untar(folder: str, count: int) -> None:
    target = f"{folder}/untarred-{time.monotonic_ns()}"
    os.mkdir(target)
    subprocess.run(["tar", "-xf", os.environ["BENCH_TAR"], "-C", target], check=True)


def grep(folder: str, count: int) -> None:
    subprocess.run(["grep", "-r", "-c", "no such words in it", f"{folder}/tree"], stdout=subprocess.DEVNULL, check=False)


WORK: dict[str, Callable[[str, int], None]] = {
    f.__name__: f
    for f in (
        lookup,
        stat_cold,
        stat_warm,
        open_read_close,
        create_write_close_unlink,
        readdir,
        readdir_attributes,
        sequential_read,
        sequential_write,
        random_read,
        random_write,
        untar,
        grep,
    )
}


def main() -> None:
    work, folder, count = WORK[sys.argv[1]], sys.argv[2], int(sys.argv[3])
    begin = time.perf_counter_ns()
    work(folder, count)
    print((time.perf_counter_ns() - begin) / count / 1000)


if __name__ == "__main__":
    main()
