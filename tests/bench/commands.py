"""Figures of the whole thing: an engine process on a root of its own, and commands as a user types them.

CPU is what the process used (its own and its children's); wall time is given beside it because it is what a person waits, but
these machines are shared: trust CPU and ratios.
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lsfs.errors import LsfsError
from lsfs_syscalls.connect import Client
from lsfs_syscalls.lifecycle import down, up

Row = tuple[str, str, str]
"""What was measured, the figure, the goal (empty for none)."""

WORDS = "cache flash admission policy disk write object latency node index query vector shard merge commit log page".split()


def text(rng: random.Random, words: int) -> str:
    """Return sentences of made-up words."""
    lines = (" ".join([*rng.choices(WORDS, k=11), f"w{rng.randrange(50_000)}"]) for _ in range(words // 12))
    return "\n".join(f"{line.capitalize()}." for line in lines)


def fill(root: Path, files: int, words: int) -> None:
    """Write text files into folders of 100."""
    rng = random.Random(5)
    for number in range(files):
        folder = root / f"d{number // 100:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{number:05d}.txt").write_text(text(rng, words))


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def command(environ: dict[str, str], *words: str) -> tuple[float, float]:
    """Run a command as a process of its own; return (wall, CPU) milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "lsfs_syscalls.cli.main", *words], env=environ, capture_output=True, check=False)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1e3, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def whole_commands(environ: dict[str, str], name: str, *words: str, goal: str = "") -> Row:
    """Return the median of nine runs of a command."""
    runs = [command(environ, *words) for _ in range(9)]
    wall, cpu = (statistics.median(r[i] for r in runs) for i in (0, 1))
    return (f"`{name}`, whole command: median wall (client CPU)", f"{wall:.0f} ms ({cpu:.0f} ms)", goal)


def findable(client: Client, root: Path) -> Row:
    """Return how long after its close a file is found by a word of its own."""
    waits = []
    for number in range(40):
        word = f"zq{number}x"
        (root / f"new{number}.txt").write_text(f"a new file with {word} in it\n")
        begin = time.perf_counter()
        while not client.call("retrieve", {"keywords": [word], "k": 1})["files"]:
            if time.perf_counter() - begin > 10:
                break
        waits.append((time.perf_counter() - begin) * 1e3)
    waits.sort()
    return ("close to findable by a word, through HTTP: median, p95", f"{waits[20]:.0f} ms, {waits[37]:.0f} ms", "100, 300 ms")


def rollbacks(client: Client, versions: int) -> Row:
    """Return what a rollback of a 1 MiB file costs inside the engine."""
    path = f"big{versions}.txt"
    rng = random.Random(versions)
    for number in range(versions):
        content = f"version {number}\n" + ("".join(rng.choices("abcdefgh \n", k=4096)) * 256)
        client.call("write", {"path": path, "content": content}, consent=True)
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        client.call("rollback", {"path": path, "version": 1}, consent=True)
        client.call("write", {"path": path, "content": "x", "mode": "append"}, consent=True)
        times.append((time.perf_counter() - begin) * 1e3)
    return (
        f"rollback of 1 MiB and an append, {versions} versions: median, with HTTP",
        f"{statistics.median(times):.0f} ms",
        "",
    )


def run(scratch: Path) -> Iterator[Row]:
    """Measure everything, a row at a time."""
    root = scratch / "root"
    root.mkdir()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("LSFS_")}
    environ |= {"LSFS_ROOT": str(root), "PYTHONPATH": os.getcwd()}
    fill(root, 1000, 180)
    begin = time.perf_counter()
    up(str(root), None, state=None, environ=environ)
    client = Client.find(root=str(root), state=None, environ=environ)
    try:
        client.wait(600.0, vectors=False)
        yield ("1,000 small files: served and found by words, wall", f"{time.perf_counter() - begin:.1f} s", "3 s")
        client.wait(3600.0)
        pid = client.status()["pid"]
        yield ("the same, with vectors: engine CPU", f"{cpu_s(pid):.1f} s", "")
        yield ("engine memory then", f"{rss_mb(pid):.0f} MB", "")
        yield whole_commands(environ, "lsfs status", "status", goal="300 ms")
        yield whole_commands(environ, "lsfs retrieve", "retrieve", "flash admission policy", "-k", "5", goal="250 ms")
        yield whole_commands(environ, 'lsfs "PROMPT"', "find files about flash admission")
        yield findable(client, root)
        for n in (5, 20):
            yield rollbacks(client, n)
    finally:
        with suppress(LsfsError):
            down(client)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="lsfs-bench-") as scratch:
        for what, figure, goal in run(Path(scratch)):
            print(f"| {what} | {figure} | {goal} |", flush=True)


if __name__ == "__main__":
    main()
