"""What indexing and searching cost, and how good the order is.

Each function takes a scratch directory and returns rows (what, figure, unit). `python -m tests.bench.search [FUNCTION ...]`
prints them. The figures of size use texts of random words and, for the passages, random vectors (embedding 100,000 of them
takes half an hour and costs the search nothing); queries are embedded by the real model.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

import numpy as np

from lsfs.embed.embedder import Embedder, Vectors, unit_rows
from lsfs.embed.onnx import OnnxEmbedder
from lsfs.index.query import Query
from lsfs.indexer.opening import IndexSettings
from tests.corpus.retrieval.metrics import answers_nothing, ndcg_at_k
from tests.lsfs.index_rig import IndexRig, index_rig

Row = tuple[str, float, str]
WAIT_S = 3600.0
LABELS = Path(__file__).parent.parent / "corpus/retrieval"
QUERIES = 60


class RandomVectors:
    """Random vectors for passages, the real ones for single texts (queries)."""

    def __init__(self, real: Embedder) -> None:
        self._real = real
        self._draw = np.random.default_rng(5)
        self.model_id = "random"
        self.dimension = real.dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1:
            return self._real.embed(texts)
        return unit_rows(self._draw.standard_normal((len(texts), self.dimension), dtype=np.float32))


class Words:
    """Texts of words with the frequencies of a natural language (Zipf)."""

    def __init__(self, seed: int = 3, count: int = 30_000) -> None:
        self._random = random.Random(seed)
        syllables = "ka lo mi ter ne ro sa vin du pel gor ast en ur qui bra".split()
        drawn = {"".join(self._random.choices(syllables, k=self._random.randint(1, 4))) for _ in range(4 * count)}
        self.all = sorted(drawn, key=lambda w: (len(w), w))[:count]
        self._weights = list(accumulate(1 / (n + 2) for n in range(len(self.all))))

    def text(self, words: int) -> str:
        drawn = self._random.choices(self.all, cum_weights=self._weights, k=words)
        lines = (" ".join(drawn[n : n + 12]).capitalize() + "." for n in range(0, words, 12))
        return "\n".join(lines) + "\n"

    def query(self) -> str:
        return " ".join(self._random.choices(self.all[200:8000], k=3))


@contextmanager
def filled(root: Path, files: int, words: int, settings: IndexSettings, embedder: Embedder) -> Iterator[IndexRig]:
    """A root of `files` texts of `words` words in 100 folders, everything indexed."""
    source = Words()
    with index_rig(root, embedder=embedder, settings=settings) as r:
        for n in range(files):
            r.store.write(f"folder{n % 100:02}/text{n}.txt", source.text(words))
        r.store.record()
        assert r.index.indexer.settle(WAIT_S)
        if settings.chroma:
            assert r.index.indexer.settle_nearest(WAIT_S)
        yield r


def thousand_files(root: Path) -> list[Row]:
    """1,000 small text files: words, vectors against the embedder alone, and a close to findable."""
    source, embedder = Words(), OnnxEmbedder(threads=2)
    texts = [source.text(150) for _ in range(1000)]
    embedder.embed(texts[:4])
    start = time.perf_counter()
    embedder.embed(texts[:200])
    alone = 200 / (time.perf_counter() - start)
    with index_rig(root, embedder=embedder, settings=IndexSettings(chroma=False)) as r:
        for n, text in enumerate(texts):
            r.store.write(f"{n % 20}/{n}.txt", text)
        r.store.record()
        start = time.perf_counter()
        r.index.indexer.changed(r.store.seen)
        assert r.index.indexer.settle(WAIT_S, vectors=False)
        words_s = time.perf_counter() - start
        assert r.index.indexer.settle(WAIT_S)
        passages = r.store.catalogue.read().execute("SELECT count(*) FROM vector").fetchone()[0]
        rate = passages / (time.perf_counter() - start)
        found = _findable(r)
    return [
        ("1,000 small files, words (behind the recording)", words_s, "s"),
        ("vectors with indexing, share of the embedder alone", rate / alone, "x"),
        ("embedder alone", alone, "passages/s"),
        ("recorded change to findable by words, median", statistics.median(found), "ms"),
        ("recorded change to findable by words, 95th percentile", sorted(found)[int(len(found) * 0.95)], "ms"),
    ]


def _findable(r: IndexRig) -> list[float]:
    out = []
    for n in range(60):
        r.store.write("note.txt", f"a note with marker{n}x in it\n")
        r.store.record("note.txt")
        start = time.perf_counter()
        while not r.paths(f"marker{n}x", mode="keyword"):
            assert time.perf_counter() - start < 10
        out.append((time.perf_counter() - start) * 1e3)
    return out


def times(r: IndexRig, **conditions: object) -> float:
    """Return the median time of a search in ms, each query new."""
    source = Words(seed=11)
    out = []
    for _ in range(QUERIES):
        query = Query(text=source.query(), **conditions)  # type: ignore[arg-type]
        start = time.perf_counter()
        r.index.search.search(query)
        out.append((time.perf_counter() - start) * 1e3)
    return statistics.median(out)


def ten_thousand_passages(root: Path) -> list[Row]:
    """Search and memory with 10,000 passages, Chroma filled."""
    with filled(root, 2000, 700, IndexSettings(), RandomVectors(OnnxEmbedder())) as r:
        count = r.store.catalogue.read().execute("SELECT count(*) FROM passage").fetchone()[0]
        rows = _search_rows(r, count)
        rows.append((f"{count:,} passages: memory of the process, resident", _resident_mib(), "MiB"))
    return rows


def hundred_thousand_passages(root: Path) -> list[Row]:
    """Search with 40,000 files and more than 100,000 passages, all compared exactly."""
    with filled(root, 40_000, 350, IndexSettings(), RandomVectors(OnnxEmbedder())) as r:
        count = r.store.catalogue.read().execute("SELECT count(*) FROM passage").fetchone()[0]
        return [*_search_rows(r, count), *_meaning_rows(r, count)]


def _search_rows(r: IndexRig, count: int) -> list[Row]:
    return [
        (f"{count:,} passages: search by words, median", times(r, mode="keyword"), "ms"),
        (f"{count:,} passages: search by meaning, median", times(r, mode="semantic"), "ms"),
        (f"{count:,} passages: hybrid, median", times(r), "ms"),
        (f"{count:,} passages: hybrid below one folder of 100, median", times(r, under=b"folder07"), "ms"),
    ]


def _meaning_rows(r: IndexRig, count: int) -> list[Row]:
    """The vector stage alone: over everything, and over one folder with the selection of its rows."""
    from lsfs.index.filters import allowed

    meaning, query = r.index.search.meaning, Query(text="x", under=b"folder07")  # type: ignore[arg-type]
    vector = meaning.query_vector("a question about storage")
    con = r.store.catalogue.read()

    def median_ms(run: Callable[[], object]) -> float:
        out = []
        for _ in range(QUERIES):
            start = time.perf_counter()
            run()
            out.append((time.perf_counter() - start) * 1e3)
        return statistics.median(out)

    everything = median_ms(lambda: meaning.best(vector, None, 200))
    limited = median_ms(lambda: meaning.best(vector, allowed(con, query, r.store.versions), 200))
    return [
        (f"{count:,} passages: vector stage over everything", everything, "ms"),
        (f"{count:,} passages: vector stage over 1 % of the files, rows selected", limited, "ms"),
    ]


def _resident_mib() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def library_quality(root: Path) -> list[Row]:
    """nDCG@10 on the example library."""
    from examples.place_library import place

    place(root / "root", time.time())
    return _quality(root, "library")


def debian_quality(root: Path) -> list[Row]:
    """nDCG@10 on pages of Debian's documentation (downloads packages; embeds for some minutes)."""
    command = [sys.executable, "-m", "tests.bench.debian_docs", str(root / "root"), "--downloads", str(root / "downloads")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return _quality(root, "debian")


def _quality(root: Path, labels: str) -> list[Row]:
    queries = [json.loads(line) for line in (LABELS / f"{labels}.jsonl").read_text(encoding="utf-8").splitlines()]
    with index_rig(root, embedder=OnnxEmbedder(threads=2)) as r:
        r.store.record()
        assert r.index.indexer.settle(WAIT_S)
        rows: list[Row] = []
        for half, name in ((0, "even (used to choose)"), (1, "odd (not used)")):
            chosen = [q for q in queries if int(q["id"].partition("-")[2]) % 2 == half]
            for mode in ("keyword", "semantic", "hybrid"):
                mean, nothing, refused = _measured(r, chosen, mode)
                rows.append((f"{labels}, {name} queries, {mode}: nDCG@10", mean, ""))
                rows.append((f"{labels}, {name} queries, {mode}: nothing where nothing fits", nothing, "share"))
                rows.append((f"{labels}, {name} queries, {mode}: nothing though something fits", refused, "share"))
    return rows


def _measured(r: IndexRig, queries: Sequence[dict[str, object]], mode: str) -> tuple[float, float, float]:
    """Return the mean nDCG@10, and how often nothing is found: where nothing fits, and where something does."""
    gains: list[float] = []
    nothing: list[float] = []
    refused: list[float] = []
    for query in queries:
        found = r.paths(str(query["query"]), mode=mode)
        relevant = query["relevant"]
        assert isinstance(relevant, dict)
        if relevant:
            gains.append(ndcg_at_k(found, relevant))
            refused.append(answers_nothing(found))
        else:
            nothing.append(answers_nothing(found))
    return statistics.mean(gains), statistics.mean(nothing) if nothing else 1.0, statistics.mean(refused)


ALL: dict[str, Callable[[Path], list[Row]]] = {
    f.__name__: f for f in (thousand_files, ten_thousand_passages, library_quality, hundred_thousand_passages, debian_quality)
}
DEFAULT = ("thousand_files", "ten_thousand_passages", "library_quality")
"""Run by `make bench`; the others take a quarter of an hour each."""


def main(names: Sequence[str]) -> None:
    for name in names or DEFAULT:
        with tempfile.TemporaryDirectory() as scratch:
            for what, figure, unit in ALL[name](Path(scratch)):
                print(f"{what:75} {figure:10.3f} {unit}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
