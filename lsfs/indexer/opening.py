"""Puts the parts of the index together: one call for the engine and for tests."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from lsfs.catalogue import Catalogue
from lsfs.embed.embedder import Embedder
from lsfs.index.chroma import ChromaNearest
from lsfs.index.documents import Documents
from lsfs.index.facts import Attributes, Texts
from lsfs.index.meaning import Meaning
from lsfs.index.nearest import Nearest
from lsfs.index.passages import LivePassages
from lsfs.index.postings import Postings
from lsfs.index.search import Search
from lsfs.index.source import Source
from lsfs.index.vectors import VectorStore
from lsfs.indexer.embedding import Embedding
from lsfs.indexer.indexer import Indexer
from lsfs.indexer.preparing import Indexable, Preparer
from lsfs.rerank.reranker import Reranker
from lsfs.text.custom import Wanted, installed
from lsfs.text.extract import Extractor, Limits
from lsfs.text.pool import WorkerPool
from lsfs.text.worker import handled

_LOG = logging.getLogger(__name__)
_EXTRACTORS = "index:extractors"
"""Key of the extractors that the documents were read with."""


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What can be set.

    Attributes:
        limits: sizes beyond which a file has no text.
        workers: processes that read documents.
        worker_memory_bytes: memory of each; 2 GiB, less on a small machine.
        worker_timeout_s: time for one file.
        chroma: keep the vectors in Chroma too, and ask it where a search is over very many.
        chroma_server: host and port of a Chroma server instead of the embedded one.
        scanned_rows: up to so many vectors a search over everything compares them all (100,000: 9 ms of CPU, and Chroma 12
            with a recall below 1); 1.5 KB of memory each.
        rerank: how many of the first hits a reranker puts in order, where there is one.
    """

    limits: Limits = field(default_factory=Limits)
    workers: int = 1
    worker_memory_bytes: int = field(default_factory=lambda: _reader_memory())
    worker_timeout_s: float = 60.0
    chroma: bool = True
    chroma_server: tuple[str, int] | None = None
    scanned_rows: int = 131_072
    rerank: int = 20


@dataclass(frozen=True, slots=True)
class Index:
    """The parts that others use."""

    indexer: Indexer
    search: Search
    attributes: Attributes
    texts: Texts
    extractor: Extractor
    nearest: Nearest | None

    def close(self) -> None:
        """Stop indexing and free what is open."""
        self.indexer.stop()
        if self.nearest is not None:
            self.nearest.close()


def _reader_memory() -> int:
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(2 << 30, max(512 << 20, there // 4))


def open_index(
    catalogue: Catalogue, source: Source, root: Path, state: Path, embedder: Embedder, indexable: Indexable,
    settings: IndexSettings | None = None, reranker: Reranker | None = None,
) -> Index:  # fmt: skip
    """Return the index of a root, not started; its files are below `state`."""
    chosen = settings or IndexSettings()
    documents = Documents(catalogue)
    store = VectorStore(state / "vectors", catalogue, embedder.model_id, embedder.dimension, copied_rows=chosen.scanned_rows)
    nearest = ChromaNearest(state / "chroma", embedder.model_id, server=chosen.chroma_server) if chosen.chroma else None
    _mend(store, documents, nearest)
    live = LivePassages(catalogue, embedder.model_id)
    pool = WorkerPool(size=chosen.workers, memory_bytes=chosen.worker_memory_bytes, timeout_s=chosen.worker_timeout_s)
    custom = installed()
    _read_again(catalogue, documents, custom)
    extractor = Extractor(pool, chosen.limits, custom)
    preparer = Preparer(source, extractor, root, indexable)
    embedding = Embedding(catalogue, documents, embedder, store, live, nearest)
    postings = Postings()
    indexer = Indexer(catalogue, documents, preparer, live, postings, embedding, pool)
    meaning = Meaning(catalogue, embedder, store, live, nearest, scanned_rows=chosen.scanned_rows)
    search = Search(
        catalogue,
        source,
        meaning,
        postings,
        waiting=indexer.waiting,
        before_past=lambda: documents.move_past_words(1000),
        reranker=reranker,
        rerank=chosen.rerank,
    )
    return Index(indexer, search, Attributes(catalogue), Texts(catalogue, store), extractor, nearest)


def _mend(store: VectorStore, documents: Documents, nearest: Nearest | None) -> None:
    """Have vectors made again that a disk or somebody lost: else searches would miss files and not say so."""
    lost = store.damaged()
    if not lost:
        return
    _LOG.warning("%d vectors are damaged or lost and are made again", len(lost))
    store.forget(lost)
    documents.unvectored()
    if nearest is not None:
        nearest.clear()


def _read_again(catalogue: Catalogue, documents: Documents, now: Wanted) -> None:
    """Have the files read again that extractors were installed, changed or removed for since the last start."""
    kept = json.loads(catalogue.meta(_EXTRACTORS) or "{}")
    before = Wanted(frozenset(kept.get("extensions", [])), bool(kept.get("documents")), str(kept.get("signature", "")))
    if before == now:
        return
    _LOG.info("the extractors are now: %s", now.signature or "none but our own")

    def affected(ext: str) -> bool:
        return any(w.wants(ext, document=handled(ext)) for w in (before, now))

    known = {"extensions": sorted(now.extensions), "documents": now.documents, "signature": now.signature}
    with catalogue.write():
        documents.drop_types(affected)
        catalogue.set_meta(_EXTRACTORS, json.dumps(known))
