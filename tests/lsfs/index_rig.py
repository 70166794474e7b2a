"""A root with its version store and index, as the tests use it: the real model, real files, no watcher and no mount."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lsfs.embed.embedder import Embedder
from lsfs.embed.onnx import OnnxEmbedder
from lsfs.index.query import Hit, Hits, Query
from lsfs.indexer.opening import Index, IndexSettings, open_index
from lsfs.model import RelPath
from lsfs.rerank.reranker import Reranker
from tests.lsfs.store_rig import Rig, rig

WAIT_S = 60.0
EMBEDDER = OnnxEmbedder(threads=1)
QUIET = IndexSettings(chroma=False)


class IndexRig:
    """A rig whose recorder feeds an index."""

    def __init__(self, store: Rig, embedder: Embedder, settings: IndexSettings, reranker: Reranker | None = None) -> None:
        self.store = store
        self.rules: dict[bytes, str] = {}
        self.index: Index = open_index(
            store.catalogue, store.versions, store.root, store.state, embedder, self._indexable, settings, reranker
        )
        store.recorder.listen(self.index.indexer.changed)
        self.index.indexer.start()

    def _indexable(self, path: RelPath) -> str | None:
        return self.rules.get(path)

    def save(self, name: str, content: str | bytes) -> None:
        """Write a file, record it and wait until it can be found."""
        self.store.save(name, content)
        self.settle()

    def settle(self) -> None:
        assert self.index.indexer.settle(WAIT_S)

    def search(self, text: str = "", **conditions: object) -> Hits:
        return self.index.search.search(Query(text=text, **conditions))  # type: ignore[arg-type]

    def paths(self, text: str = "", **conditions: object) -> list[str]:
        """Search and return the paths, best first."""
        return [name(hit) for hit in self.search(text, **conditions).hits]


def name(hit: Hit) -> str:
    return hit.path.decode()


@contextmanager
def index_rig(
    directory: Path, *, embedder: Embedder = EMBEDDER, settings: IndexSettings = QUIET, reranker: Reranker | None = None
) -> Iterator[IndexRig]:
    """An index rig in a directory; what is there already is opened again."""
    with rig(directory) as store:
        made = IndexRig(store, embedder, settings, reranker)
        try:
            yield made
        finally:
            made.index.close()
