"""Figures of the calls: near duplicates, tables in tables, topics, differences. `python -m tests.bench.calls`.

The material is made here with a fixed seed, so that the figures can be had on any machine. CPU is that of the calling thread,
which does all the work, and is what the limit is held against (the machines are shared); the peak of memory is the process's,
for each figure in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lsfs_syscalls.run.comparing import unified
from lsfs_syscalls.run.near import alike
from lsfs_syscalls.run.shingles import shingles
from lsfs_syscalls.run.table_containment import contained
from lsfs_syscalls.run.table_scan import scan
from lsfs_syscalls.run.topics import Described, clusters, names, sampled

MB = 1e6


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    found: str
    wall_s: float
    cpu_s: float
    limit_s: float
    peak_mb: float = 0.0

    def line(self) -> str:
        kept = "yes" if self.cpu_s <= self.limit_s else "NO"
        row = f"{self.wall_s:6.2f} | {self.cpu_s:6.2f} | {self.limit_s:5.0f} | {self.peak_mb:6.0f} | {kept}"
        return f"| {self.what} | {self.found} | {row} |"


def timed(what: str, limit_s: float, run: Callable[[], str]) -> Figure:
    wall, cpu = time.perf_counter(), time.thread_time()
    found = run()
    return Figure(what, found, time.perf_counter() - wall, time.thread_time() - cpu, limit_s)


def texts(count: int, words: int, seed: int = 1) -> list[str]:
    """Return texts in which one in ten is a near copy (ten words edited) of the one five before it."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 10))) for _ in range(20_000)]
    weights = [1 / (i + 1) for i in range(len(vocabulary))]
    out: list[str] = []
    for i in range(count):
        if i % 10 == 9:
            copy = out[i - 5].split()
            for _ in range(10):
                copy[rng.randrange(len(copy))] = "edited"
            out.append(" ".join(copy))
        else:
            out.append(" ".join(rng.choices(vocabulary, weights=weights, k=words)))
    return out


def near_duplicates() -> Figure:
    """10,000 texts, 112 MB, 1,000 of them near copies."""
    files = texts(10_000, 1_600)
    size = sum(map(len, files)) / MB

    def run() -> str:
        found = alike([shingles(t) for t in files], threshold=0.7)
        return f"{len(found)} of 1000 pairs in {size:.0f} MB"

    return timed("near duplicates of 10,000 texts", 10, run)


def tables() -> Figure:
    """500 CSV files, 200 MB: 50 whole ones, each with eight parts and one part with a foreign row."""
    rng = random.Random(2)
    files: list[bytes] = []
    for g in range(50):
        rows = [
            f"{g * 100_000 + i},customer {rng.randrange(9999)},{rng.random() * 1000:.2f},2026-{rng.randrange(1, 13):02},"
            f'"{"text, with " * rng.randrange(3)}comma"'
            for i in range(17_000)
        ]
        files.append("\n".join(["id,name,amount,month,note", *rows]).encode())
        for k in range(9):
            part = rng.sample(rows, 6_500)
            if k == 8:
                part[5] = "999,nobody,1.00,2026-01,x"
            files.append("\n".join(["id,name,amount,month,note", *part]).encode())
    size = sum(map(len, files)) / MB

    def run() -> str:
        found = contained([s for f in files if (s := scan(f)) is not None])
        return f"{len(found)} of 400 contained in {size:.0f} MB"

    return timed("tables in tables, 500 CSV files", 20, run)


def topics() -> Figure:
    """2,000 files around 30 centres."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(30, 384))
    vectors = np.stack([centres[i % 30] + 1.2 * rng.normal(size=384) for i in range(2_000)]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    described = [Described(t) for t in texts(2_000, 1_500)]

    def run() -> str:
        labels = clusters(vectors).tolist()
        places = sampled(labels)
        found = names([described[i] for i in places], [labels[i] for i in places])
        return f"{len(found)} named groups"

    return timed("group_by topic of 2,000 files", 3, run)


def differences() -> Figure:
    """Two versions of a log of 2,000,000 lines with a few lines changed in the middle."""
    lines = [f"{i} the harbour was quiet\n" for i in range(2_000_000)]
    old = "".join(lines)
    for i in range(1_000_000, 1_000_020):
        lines[i] = f"{i} a walrus came\n"
    new = "".join(lines)

    def run() -> str:
        found = unified(old, new, ("a", "b"))
        return f"{found.count(chr(10) + '+') - 1} lines in {len(old) / MB:.0f} MB"

    return timed("diff of a log of 2,000,000 lines", 10, run)


def _alone(run: Callable[[], Figure]) -> Figure:
    f = run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Figure(f.what, f.found, f.wall_s, f.cpu_s, f.limit_s, peak)


def main() -> int:
    """Print the table; the exit status is 1 when a limit was passed."""
    print("| call | found | wall s | CPU s | limit s | peak MB (material included) | within |")
    print("|---|---|---|---|---|---|---|")
    ok = True
    for run in (near_duplicates, tables, topics, differences):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            figure = pool.apply(_alone, (run,))
        print(figure.line(), flush=True)
        ok = ok and figure.cpu_s <= figure.limit_s
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
