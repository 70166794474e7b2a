"""Other programs on the same files: ripgrep (it has no index) and recoll (word search with an index), from Debian packages.

Each row gives what is comparable: ripgrep's time to list the files that have the query's rarest word, recoll's time to index
the same files (with its default filters) and its time for a query as whole commands. Programs that are missing are said so.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

Row = tuple[str, str, str]
ENDED = (0, 1)
INDEX_S = 3600.0


def measured(command: Sequence[str], **options: object) -> tuple[float, float]:
    """Run a command to its end; return (wall, CPU) in milliseconds.

    Raises:
        RuntimeError: it failed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False, timeout=INDEX_S, **options)  # type: ignore[call-overload]
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in ENDED:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]!r}")
    return wall * 1e3, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def ripgrep(root: Path, queries: Sequence[str]) -> Iterator[Row]:
    """List the files that have the longest word of a query."""
    if shutil.which("rg") is None:
        yield ("ripgrep", "not installed", "")
        return
    words = [max(q.split(), key=len).strip("?!.,\"'") for q in queries[:15]]
    runs = [measured(["rg", "--files-with-matches", "--ignore-case", "--fixed-strings", w, str(root)]) for w in words]
    wall, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
    yield ("ripgrep, files with one word, warm cache: wall (CPU) p50", f"{wall:.0f} ms ({cpu:.0f} ms)", "")


def recoll(root: Path, scratch: Path, queries: Sequence[str]) -> Iterator[Row]:
    """Index with recoll and ask it the same questions."""
    if shutil.which("recollindex") is None or shutil.which("recollq") is None:
        yield ("recoll", "not installed", "")
        return
    scratch.mkdir(parents=True)
    (scratch / "recoll.conf").write_text(f"topdirs = {root}\nidxflushmb = 200\n", "utf-8")
    environ = {**os.environ, "HOME": str(scratch), "RECOLL_CONFDIR": str(scratch)}
    wall, cpu = measured(["recollindex", "-c", str(scratch)], env=environ)
    size = sum(f.stat().st_size for f in (scratch / "xapiandb").rglob("*") if f.is_file()) / 1e6
    yield ("recoll, everything indexed: CPU (wall), its index", f"{cpu / 1e3:.0f} s ({wall / 1e3:.0f} s), {size:.0f} MB", "")
    runs = [measured(["recollq", "-c", str(scratch), "-n", "10", "-o", q], env=environ) for q in queries[:30]]
    wall, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
    yield ("recoll, any of the words, ten hits, whole command: wall (CPU) p50", f"{wall:.0f} ms ({cpu:.0f} ms)", "")
