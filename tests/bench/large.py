"""Search over 40,000 pages of Debian's documentation, with ripgrep and recoll beside it on the same files in the same run.

    python -m tests.bench.large --downloads DIR [--corpus DIR] [--scratch DIR] [--without-others]

The corpus is what `tests.bench.debian_docs --large` builds, less its largest pages, so that 40,000 files are left. Recording
(capture) and indexing are measured apart, as CPU of the engine's part and of its worker processes.

Vectors: embedding 100,000 passages takes half an hour of CPU. So the real model makes the first 2,000 of them, the others are
copies of those with noise added (cosine about 0.8 to the one they come from), which cost a search the same; queries are
embedded by the real model. The passages beyond 100,000 have no vectors, as in the first hours of a big tree.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from lsfs.embed.embedder import Vectors, unit_rows
from lsfs.embed.onnx import OnnxEmbedder
from lsfs.errors import Unavailable
from lsfs.index.filters import allowed
from lsfs.index.query import Mode, Query
from lsfs.indexer.opening import IndexSettings
from lsfs.model import RelPath
from tests.bench import beside
from tests.bench.latency import Times, resident_mb, times
from tests.corpus.retrieval.labels import DEBIAN_LABELS, read_labels
from tests.lsfs.index_rig import IndexRig, index_rig

Row = tuple[str, str, str]
FILES = 40_000
VECTORS = 100_000
REAL = 2_000
WAIT_S = 3600.0


class PartlyReal:
    """Real vectors for queries and the first passages, noisy copies for others; none before it is let go or beyond a number."""

    def __init__(self, count: int = VECTORS, real: int = REAL) -> None:
        self._model = OnnxEmbedder(threads=2)
        self.model_id = "partly-real"
        self.dimension = self._model.dimension
        self.left = 0
        self._count = count
        self._real = real
        self._seen: list[Vectors] = []
        self._draw = np.random.default_rng(7)

    def let_go(self) -> None:
        """Make vectors from now on."""
        self.left = self._count

    def embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1:
            return self._model.embed(texts)
        if self.left < len(texts):
            raise Unavailable("no vectors beyond the number that is measured")
        self.left -= len(texts)
        if sum(map(len, self._seen)) < self._real:
            self._seen.append(self._model.embed(texts))
            return self._seen[-1]
        known = np.concatenate(self._seen)
        picked = known[self._draw.integers(0, len(known), len(texts))]
        noise = unit_rows(self._draw.standard_normal((len(texts), self.dimension), dtype=np.float32))
        return unit_rows(picked + 0.75 * noise)


def corpus(downloads: Path, target: Path) -> Path:
    """Return the folder of the large corpus, built when it is not there."""
    if not target.is_dir():
        command = [sys.executable, "-m", "tests.bench.debian_docs", str(target), "--downloads", str(downloads), "--large"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return target


def place(source: Path, root: Path, count: int) -> float:
    """Copy the `count` smallest files to `root`; return their size in MB."""
    sized = sorted((f.stat().st_size, f) for f in source.rglob("*") if f.is_file())[:count]
    for _, file in sized:
        target = root / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    return sum(size for size, _ in sized) / 1e6


def cpu_s(pids: Sequence[int] = ()) -> float:
    """Return the CPU seconds of this process, of its ended children and of those `pids`."""
    own = os.times()
    total = own.user + own.system + own.children_user + own.children_system
    for pid in pids:
        with suppress(FileNotFoundError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def children() -> list[int]:
    """Return the processes that this one started and that still run."""
    tasks = Path("/proc/self/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


def words(r: IndexRig, size_mb: float) -> Iterator[Row]:
    """Index the words of everything and say what it took."""
    begin, wall = cpu_s(children()), time.perf_counter()
    r.store.record()
    recorded = cpu_s(children())
    yield (f"{FILES:,} files, {size_mb:.0f} MB: recorded into the version store, CPU", f"{recorded - begin:.0f} s", "")
    assert r.index.indexer.settle(WAIT_S, vectors=False)
    used = cpu_s(children()) - begin
    con = r.store.catalogue.read()
    (characters,) = con.execute("SELECT sum(n) FROM (SELECT max(stop) AS n FROM passage GROUP BY did)").fetchone()
    (passages,) = con.execute("SELECT count(*) FROM passage").fetchone()
    yield (f"text in them, {passages:,} passages", f"{characters / 1e6:.0f} MB", "")
    yield ("recorded and found by words: CPU, recording included", f"{used:.0f} s", "120 s")
    yield ("the same, wall", f"{time.perf_counter() - wall:.0f} s", "")
    yield ("memory of the process then", f"{resident_mb():.0f} MB", "")


def vectors(r: IndexRig, embedder: PartlyReal) -> None:
    """Let the indexer make the vectors that are measured."""
    embedder.let_go()
    until = time.monotonic() + WAIT_S
    while embedder.left >= 64 and r.index.indexer.waiting()[1]:
        assert time.monotonic() < until
        time.sleep(0.2)


def warmed(r: IndexRig) -> Iterator[Row]:
    """Wait until the indexer, with nothing else to do, has the frequent words ready."""
    begin, until = cpu_s(), time.monotonic() + WAIT_S
    while not r.index.indexer.warmed:
        assert time.monotonic() < until
        time.sleep(0.2)
    yield ("frequent words made ready in idle time, at each start: CPU", f"{cpu_s() - begin:.0f} s", "")


def searches(r: IndexRig, queries: Sequence[str]) -> Iterator[Row]:
    """Time the search as `retrieve` calls it, each query new."""
    (count,) = r.store.catalogue.read().execute("SELECT count(*) FROM vector").fetchone()
    search = r.index.search.search
    modes: tuple[tuple[Mode, str], ...] = (("keyword", "p50 5 ms"), ("semantic", ""), ("hybrid", "p50 40 ms"))
    for mode, goal in modes:
        asked = [Query(text=q, mode=mode) for q in queries]
        yield _row(f"{mode}, {count:,} vectors, words asked for the first time", times(search, asked), goal)
        yield _row(f"{mode}, the same again", times(search, asked), goal)
    folder = RelPath(b"python3.11-doc/doc/python3.11/html/library")
    yield _row("hybrid below one folder", times(lambda q: search(Query(text=q, under=folder)), queries))
    phrase = times(lambda q: search(Query(keywords=(q,))), ["file system"] * 5)
    yield _row("a phrase as keyword, exact", phrase)


def stage(r: IndexRig, queries: Sequence[str]) -> Iterator[Row]:
    """The vector stage alone: over everything, and over 1 % of the files with the selection of its rows."""
    meaning, con = r.index.search.meaning, r.store.catalogue.read()
    found = [meaning.query_vector(q) for q in queries]
    limited = Query(files=tuple(_one_percent(r)))
    everything = times(lambda v: meaning.best(v, None, 100), found)
    some = times(lambda v: meaning.best(v, allowed(con, limited, r.store.versions), 100), found)
    below = Query(under=_folder_of_one_percent(r))
    folder = times(lambda v: meaning.best(v, allowed(con, below, r.store.versions), 100), found)
    yield _row("vector stage over everything", everything)
    share = f"{some.cpu_ms / everything.cpu_ms:.2f} of it"
    yield ("limited to 1 % of the files by a list, rows selected: CPU", f"{some.cpu_ms:.2f} ms, {share}", "0.20")
    share = f"{folder.cpu_ms / everything.cpu_ms:.2f} of it"
    yield (f"limited to a folder ({below.under!r}): CPU", f"{folder.cpu_ms:.2f} ms, {share}", "0.20")


def _one_percent(r: IndexRig) -> list[RelPath]:
    paths = [RelPath(row[0]) for row in r.store.catalogue.read().execute("SELECT path FROM placed ORDER BY path")]
    return paths[:: len(paths) // (FILES // 100)][: FILES // 100]


def _folder_of_one_percent(r: IndexRig) -> RelPath:
    """Return the folder below which there are about 400 files."""
    counts: dict[bytes, int] = {}
    for (path,) in r.store.catalogue.read().execute("SELECT path FROM placed"):
        parts = path.split(b"/")[:-1]
        for n in range(1, len(parts) + 1):
            folder = b"/".join(parts[:n])
            counts[folder] = counts.get(folder, 0) + 1
    return RelPath(min(counts, key=lambda f: (abs(counts[f] - FILES // 100), f)))


def _row(what: str, t: Times, goal: str = "") -> Row:
    return (f"{what}: wall p50, p95; CPU p50", f"{t.wall_ms:.1f}, {t.p95_ms:.1f}; {t.cpu_ms:.1f} ms", goal)


def run(scratch: Path, source: Path, *, others: bool) -> Iterator[Row]:
    """Measure everything, a row at a time."""
    root = scratch / "rig/root"
    size_mb = place(source, root, FILES)
    queries = [q.query for q in read_labels(DEBIAN_LABELS)][::2]
    embedder = PartlyReal()
    with index_rig(scratch / "rig", embedder=embedder, settings=IndexSettings(chroma=False, workers=1)) as r:
        yield from words(r, size_mb)
        vectors(r, embedder)
        yield from warmed(r)
        yield from searches(r, queries)
        yield from stage(r, queries)
        yield ("memory of the process with the vectors", f"{resident_mb():.0f} MB", "")
    if others:
        yield from beside.ripgrep(root, queries)
        yield from beside.recoll(root, scratch / "recoll", queries)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure the search over 40,000 pages.")
    parser.add_argument("--downloads", type=Path, default=Path("downloads"), help="where packages are kept")
    parser.add_argument("--corpus", type=Path, help="the large corpus, if it is built already")
    parser.add_argument("--without-others", action="store_true", help="leave ripgrep and recoll out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lsfs-bench-") as scratch:
        source = corpus(options.downloads, options.corpus or Path(scratch) / "corpus")
        for what, figure, goal in run(Path(scratch), source, others=not options.without_others):
            print(f"| {what} | {figure} | {goal} |", flush=True)


if __name__ == "__main__":
    main()
