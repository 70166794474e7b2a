"""What the past costs: capture at close, history, the tree at a time, rollback and undo beside `cp -a`.

On the disk that the temporary directory is on. `cp -a` is timed with a `sync -f` behind it, because a rollback is durable when
it returns. Each function takes a scratch directory and yields rows (what, figure, goal); `python -m tests.bench.versions`
prints them.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from lsfs.changes.rollback import Goal
from lsfs.wire.captured import key
from tests.bench.mount import cpu_ns, lsfs
from tests.lsfs.store_rig import p, rig

Row = tuple[str, str, str]
Cost = tuple[float, float]
"""Wall and CPU seconds, the CPU of ended children included."""
MIB = 1 << 20
FILES = 1000


def cost(work: Callable[[], object]) -> Cost:
    """Run something; return what it cost."""
    before, begin = _cpu_s(), time.perf_counter()
    work()
    return time.perf_counter() - begin, _cpu_s() - before


def _cpu_s() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in uses)


def text(seed: int, size: int) -> bytes:
    """Return words that compress about as prose does."""
    rng = random.Random(seed)
    words = [bytes(rng.choices(b"etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(400)]
    return (b" ".join(rng.choices(words, k=size // 4)) + b"\n")[:size]


def closes(scratch: Path) -> Iterator[Row]:
    """Close files that were written through the mount, when their earlier content is known as stored."""
    backing = scratch / "backing"
    backing.mkdir()
    for n in range(FILES):
        (backing / f"f{n}").write_bytes(b"x" * 4096)
    with lsfs(scratch, backing, passthrough=True) as target:
        assert target.pid is not None and target.control is not None
        looks = [(backing / f"f{n}").stat() for n in range(FILES)]
        target.control.captured([key(s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for s in looks])
        for what, dirty in (("unchanged", False), ("written", True)):
            fds = [os.open(target.folder / f"f{n}", os.O_WRONLY) for n in range(FILES)]
            for fd in fds if dirty else ():
                os.pwrite(fd, b"new", 0)
            server, writer = cpu_ns(target.pid), time.thread_time_ns()
            for fd in fds:
                os.close(fd)
            writer = time.thread_time_ns() - writer
            server = cpu_ns(target.pid) - server
            figure = f"{writer / FILES / 1e3:.0f} us writer + {server / FILES / 1e3:.0f} us mount process"
            yield f"close of a file that was {what}, CPU", figure, "40 us" if dirty else ""


def history(scratch: Path, versions: int = 10_000) -> Iterator[Row]:
    """Ask for the first page of the history of a file that changed often."""
    with rig(scratch) as r:
        for n in range(versions):
            r.save("f", b"version %d\n" % n)
        times = [cost(lambda: r.versions.history(p("f"), limit=50))[0] * 1e3 for _ in range(9)]
    yield f"first page of the history of {versions:,} versions", f"{statistics.median(times):.1f} ms", "20 ms"


def tree_at(scratch: Path, files: int = 100_000) -> Iterator[Row]:
    """List the tree, and one folder, as they were."""
    with rig(scratch) as r:
        for n in range(files // 100):
            (r.root / f"d{n}").mkdir()
            for m in range(100):
                (r.root / f"d{n}" / f"f{m}").write_bytes(b"%d" % m)
        wall, cpu = cost(lambda: r.start(wait_s=600.0))
        r.capture.stop()
        yield f"baseline of {files:,} files, names and contents: wall (CPU)", f"{wall:.1f} s ({cpu:.1f} s)", ""
        at_ns = r.catalogue.tick()
        for n in range(0, files // 100, 10):
            (r.root / f"d{n}" / "f1").write_bytes(b"later")
            r.record(f"d{n}/f1")
        whole = [cost(lambda: r.versions.list(at_ns=at_ns, recursive=True))[0] for _ in range(3)]
        yield f"tree of {files:,} files at a time", f"{statistics.median(whole):.2f} s", "1 s"
        one = [cost(lambda: r.versions.list(p("d500"), at_ns=at_ns))[0] * 1e3 for _ in range(9)]
        yield "one folder of it at that time", f"{statistics.median(one):.1f} ms", "5 ms"


def many(scratch: Path, rounds: int = 5) -> Iterator[Row]:
    """Roll back and undo a folder of 1,000 files, each beside a copy of it that is made right before.

    Right before, and no copy is removed until the end: ext4 does not use inodes again that were freed in the last seconds, and
    looks at each of them whenever it makes a file, so that `cp` takes five times as long after 1,000 files were deleted.
    """
    (scratch / "rig").mkdir()
    with rig(scratch / "rig") as r:
        for n in range(FILES):
            r.write(f"docs/s{n % 10}/f{n}", text(n, 8192))
        r.record()
        shutil.copytree(r.root / "docs", scratch / "twin")
        copies, rollbacks, undos = list[Cost](), list[Cost](), list[Cost]()
        for number in range(rounds):
            before_ns = r.catalogue.tick()
            for n in range(FILES):
                r.write(f"docs/s{n % 10}/f{n}", text(n + 10_000 * (number + 1), 8192))
            r.record()
            os.sync()
            copies.append(cost(lambda: _copy(scratch / "twin", scratch / f"copy{len(copies)}")))
            rollbacks.append(cost(partial(r.changes.rollback, [p("docs")], Goal(time_ns=before_ns), actor="user")))
            with r.changes.begin(actor="user", prompt="delete docs") as tx:
                tx.delete(p("docs"))
            os.sync()
            copies.append(cost(lambda: _copy(scratch / "twin", scratch / f"copy{len(copies)}")))
            undos.append(cost(r.changes.undo))
    yield f"`cp -a` of {FILES:,} files of 8 KiB, and `sync -f`: wall (CPU)", _shown(_median(copies)), ""
    yield f"rollback of these {FILES:,} files", _beside(rollbacks, copies[0::2]), "3 x"
    yield f"undo of their deletion: {FILES:,} files", _beside(undos, copies[1::2]), "3 x"


def _beside(costs: list[Cost], copies: list[Cost]) -> str:
    times = sorted(c[0] / copy[0] for c, copy in zip(costs, copies, strict=True))
    return f"{_shown(_median(costs))}, {statistics.median(times):.1f} x ({times[0]:.1f} to {times[-1]:.1f})"


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)
    subprocess.run(["sync", "-f", target], check=True)


def _median(costs: list[Cost]) -> Cost:
    return statistics.median(c[0] for c in costs), statistics.median(c[1] for c in costs)


def _shown(c: Cost) -> str:
    return f"{c[0] * 1e3:.0f} ms ({c[1] * 1e3:.0f} ms)"


def one_file(scratch: Path) -> Iterator[Row]:
    """Roll a file of 1 MiB back by a step, with few versions and with many."""
    with rig(scratch) as r:
        for versions in (5, 500):
            name = f"big{versions}"
            data = bytearray(text(versions, MIB))
            for n in range(versions):
                data[n * 64 : n * 64 + 8] = b"%08d" % n
                r.save(name, bytes(data))
            os.sync()
            costs = list[Cost]()
            for n in range(9):
                r.save(name, bytes(data[: MIB - n]))
                costs.append(cost(partial(r.changes.rollback, [p(name)], Goal(steps=1), actor="user")))
            yield f"rollback of a file of 1 MiB with {versions} versions: wall (CPU)", _shown(_median(costs)), "20 ms"


TABLES = (closes, history, tree_at, many, one_file)


def main(names: list[str]) -> None:
    """Print the table; `python -m tests.bench.versions NAME ...` for some of it."""
    print("| what | measured | goal |\n|---|---|---|")
    for table in TABLES:
        if names and table.__name__ not in names:
            continue
        with tempfile.TemporaryDirectory(prefix="lsfs-bench-") as scratch:
            for row in table(Path(scratch)):
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
