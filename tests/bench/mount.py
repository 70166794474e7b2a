"""What the mount costs: the server's CPU an operation, and the time a client sees beside the plain directory and bindfs.

Server and client are pinned, to one core and to two: waking an idle core costs more than most operations, so unpinned figures
mix both. CPU is the on-core time of the server's threads (schedstat) over the operations; it hardly depends on the load. The
mount journals and spools as it always does; no engine runs, so small files are not known as stored, and everything in them that
could be lost is set aside (the dearest case). The large file is told to be stored, as it would be.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lsfs.wire.captured import key
from lsfs.wire.control import Client

MANY = 10_000
MIB = 1 << 20
BIG_MIB = 256
WORKS = (
    # work, operations, CPU to reach (us an operation; None: none set)
    ("lookup", 2000, 18.0),
    ("stat_cold", 2000, 20.0),
    ("stat_warm", 20000, None),
    ("open_read_close", 2000, 50.0),
    ("create_write_close_unlink", 1000, 150.0),
    ("readdir", MANY, 5.0),
    ("readdir_attributes", MANY, 12.0),
    ("sequential_read", BIG_MIB, None),
    ("sequential_write", BIG_MIB, None),
    ("random_read", 5000, None),
    ("random_write", 5000, None),
    ("untar", 1500, None),
    ("grep", 1500, None),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A folder to work in, and the process that serves it."""

    name: str
    folder: Path
    pid: int | None
    backing: Path
    control: Client | None = None


def cpu_ns(pid: int) -> int:
    """Return the time that a process's threads were on a core."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def pin(pid: int, core: int) -> None:
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def fill(folder: Path, archive: Path) -> None:
    """Make what the works need: many small files, a large one, a tree of 1,500 and an archive of it."""
    (folder / "many").mkdir(parents=True)
    for i in range(MANY):
        (folder / "many" / str(i)).write_bytes(b"x" * 4096 if i < 100 else b"x")
    (folder / "big").write_bytes(os.urandom(MIB) * BIG_MIB)
    for i in range(1500):
        path = folder / "tree" / f"d{i // 30}" / f"f{i}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"def f{i}() -> int:\n    return {i}\n" * 100)
    subprocess.run(["tar", "-cf", str(archive), "-C", str(folder), "tree"], check=True)


@contextmanager
def lsfs(scratch: Path, backing: Path, *, passthrough: bool) -> Iterator[Target]:
    """Serve a folder by the mount process."""
    work = scratch / f"lsfs-{passthrough}"
    (work / "state").mkdir(parents=True)
    mountpoint = work / "m"
    mountpoint.mkdir()
    ready, told = os.pipe()
    options = {"root": backing, "state": work / "state", "mountpoint": mountpoint, "engine": work / "e", "control": work / "c"}
    words = [w for k, v in options.items() for w in (f"--{k}", str(v))]
    command = [sys.executable, "-m", "lsfs_mount.main", *words, "--ready-fd", str(told)]
    if not passthrough:
        command.append("--no-passthrough")
    with (work / "log").open("wb") as log:
        process = subprocess.Popen(command, pass_fds=[told], stderr=log)
    os.close(told)
    with os.fdopen(ready, "rb") as f:
        if (words_back := f.read()) != b"1":
            raise RuntimeError(words_back.decode())
    try:
        name = "lsfs" if passthrough else "lsfs, no passthrough"
        yield Target(name, mountpoint, process.pid, backing, Client(work / "c"))
    finally:
        process.terminate()
        process.wait(20)
        subprocess.run(["umount", "-l", str(mountpoint)], capture_output=True, check=False)


@contextmanager
def bindfs(scratch: Path, backing: Path) -> Iterator[Target]:
    """Serve a folder by bindfs, the C loopback that Debian has."""
    mountpoint = scratch / "bindfs"
    mountpoint.mkdir()
    process = subprocess.Popen(["bindfs", "-f", str(backing), str(mountpoint)])
    try:
        until = time.monotonic() + 10
        while not mountpoint.is_mount() and time.monotonic() < until:
            time.sleep(0.01)
        yield Target("bindfs", mountpoint, process.pid, backing)
    finally:
        subprocess.run(["umount", "-l", str(mountpoint)], capture_output=True, check=False)
        process.wait(20)


def measure(target: Target, work: str, count: int, archive: Path, *, cores: tuple[int, int]) -> tuple[float, float]:
    """Run one work; return the client's wall time and the server's CPU, both in microseconds an operation."""
    client_core, server_core = cores
    if target.control is not None:
        stored = (target.backing / "big").stat()
        target.control.captured([key(stored.st_ino, stored.st_size, stored.st_mtime_ns, stored.st_ctime_ns)])
    if target.pid is not None:
        pin(target.pid, server_core)
        before = cpu_ns(target.pid)
    command = ["taskset", "-c", str(client_core), sys.executable, "-m", "tests.bench.mount_client"]
    environ = {**os.environ, "BENCH_TAR": str(archive)}
    done = subprocess.run(
        [*command, work, str(target.folder), str(count)], capture_output=True, text=True, check=True, env=environ
    )
    used = 0.0 if target.pid is None else (cpu_ns(target.pid) - before) / count / 1000
    return float(done.stdout), used


def clean(backing: Path) -> None:
    """Remove what a work has left, and what the kernel has cached."""
    for path in backing.glob("untarred-*"):
        shutil.rmtree(path)
    (backing / "big-written").unlink(missing_ok=True)


def run(scratch: Path, works: tuple[tuple[str, int, float | None], ...] = WORKS, repeats: int = 3) -> dict[str, object]:
    """Measure every work on every target; print a line each and return all figures."""
    backing, archive = scratch / "backing", scratch / "tree.tar"
    fill(backing, archive)
    figures: dict[str, object] = {}
    for cores in ((0, 0), (0, 1)):
        where = "same core" if cores[0] == cores[1] else "different cores"
        print(f"\n### {where}: wall us an operation (server CPU us)\n")
        print("| work | plain | lsfs | lsfs, no passthrough | bindfs | lsfs/plain | bindfs/lsfs | CPU to reach |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for work, count, goal in works:
            cells = _row(scratch, backing, archive, (work, count), cores, repeats)
            figures[f"{where}: {work}"] = cells
            plain, ours, without, theirs = (cells[n] for n in ("plain", "lsfs", "lsfs, no passthrough", "bindfs"))
            shown = " | ".join(f"{w:.1f} ({c:.1f})" for w, c in (ours, without, theirs))
            speed = f"{plain[0] / ours[0]:.2f} | {theirs[0] / ours[0]:.2f}"
            print(f"| {work} | {plain[0]:.1f} | {shown} | {speed} | {goal or ''} |", flush=True)
    return figures


def _row(
    scratch: Path, backing: Path, archive: Path, work: tuple[str, int], cores: tuple[int, int], repeats: int
) -> dict[str, tuple[float, float]]:
    """Return the best of some runs on each target; every run has a mount of its own, so that nothing is known to it."""
    best: dict[str, tuple[float, float]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=scratch) as own:
            here = Path(own)
            with (
                lsfs(here, backing, passthrough=True) as a,
                lsfs(here, backing, passthrough=False) as b,
                bindfs(here, backing) as c,
            ):
                for target in (Target("plain", backing, None, backing), a, b, c):
                    wall, cpu = measure(target, *work, archive, cores=cores)
                    known = best.get(target.name, (wall, cpu))
                    best[target.name] = (min(wall, known[0]), min(cpu, known[1]))
                    clean(backing)
    return best


def main() -> None:
    """Print the tables; `python -m tests.bench.mount WORK ...` for some of them."""
    names = sys.argv[1:]
    works = tuple(w for w in WORKS if not names or w[0] in names)
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="lsfs-bench-", dir=shm if shm.is_dir() else None) as scratch:
        figures = run(Path(scratch), works)
    if os.environ.get("BENCH_JSON"):
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
