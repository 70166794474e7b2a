"""Chroma as the search structure over many vectors: cosine, HNSW, embedded in the engine process or on a server.

Imported on use (it costs a second and memory). It gets no texts and no embedding function (its default one would download a
model); ids are the rows of the matrix. Only one process may open an embedded one: another does not see its rows, silently.
Deleted vectors stay in its files, so that forgetting one clears all and fills it again from the matrix.

Threading: `_lock` is held during each call; the library's embedded client is not documented to be safe.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from blake3 import blake3

from lsfs.embed.embedder import Vectors
from lsfs.errors import Unavailable
from lsfs.index.nearest import Found

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

_M_PERTURB = -6  # mallopt(3)
MAX_BATCH = 5_000
"""Rows a call: Chroma 1.5 refuses more than 5,461."""


class ChromaNearest:
    """A collection of one model's vectors in a Chroma folder, or on a server."""

    def __init__(self, directory: Path, model_id: str, *, server: tuple[str, int] | None = None) -> None:
        """Name the folder, the model and, for a server instead of the folder, its host and port. Opens on first use."""
        self._directory = directory
        self._server = server
        self._name = f"lsfs-{blake3(model_id.encode()).hexdigest()[:16]}"
        self._lock = threading.RLock()
        self._client: ClientAPI | None = None
        self._collection: Any = None

    def rows(self) -> set[int]:
        """Return the rows that are in it."""
        with self._lock:
            return {int(i) for i in self._open().get(include=[])["ids"]}

    def add(self, rows: Sequence[int], vectors: Vectors) -> None:
        """Put rows in; one that is in already gets the new vector."""
        with self._lock:
            collection = self._open()
            for part in _parts(len(rows)):
                collection.upsert(ids=[str(r) for r in rows[part]], embeddings=vectors[part])

    def remove(self, rows: Sequence[int]) -> None:
        """Take rows out."""
        with self._lock:
            collection = self._open()
            for part in _parts(len(rows)):
                present = collection.get(ids=[str(r) for r in rows[part]], include=[])["ids"]
                if present:
                    collection.delete(ids=present)

    def nearest(self, query: Vectors, k: int) -> Found:
        """Return about the `k` nearest rows."""
        with self._lock:
            collection = self._open()
            count = min(k, collection.count())
            if not count:
                return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
            found = collection.query(query_embeddings=query[None, :], n_results=count, include=["distances"])
        rows = np.array([int(i) for i in found["ids"][0]], dtype=np.int64)
        return rows, 1.0 - np.array(found["distances"][0], dtype=np.float32)

    def clear(self) -> None:
        """Remove everything and begin anew; embedded, with its files (Chroma 1.5 leaves a deleted collection's on the disk)."""
        with self._lock:
            if self._server is not None:
                self._open()
                assert self._client is not None
                self._client.delete_collection(self._name)
                self._collection = None
                return
            old = self._folder()
            self.close()
            # Under another name, because Chroma keeps what it knows of a path for the life of the process.
            (self._directory / str(int(old.name) + 1)).mkdir(parents=True)
            shutil.rmtree(old, ignore_errors=True)

    def close(self) -> None:
        """Close the client."""
        with self._lock:
            if self._client is not None:
                self._client.close()  # type: ignore[attr-defined]
            self._client = self._collection = None

    def _folder(self) -> Path:
        """Return the folder of the database: the newest numbered one."""
        with suppress(FileNotFoundError):
            numbers = [int(name) for name in os.listdir(self._directory) if name.isdigit()]
            if numbers:
                return self._directory / str(max(numbers))
        return self._directory / "1"

    def _open(self) -> Any:
        if self._collection is None:
            try:
                self._client = self._client or _client(self._folder(), self._server)
                self._collection = self._client.get_or_create_collection(
                    self._name,
                    embedding_function=None,
                    configuration={"hnsw": {"space": "cosine", "ef_search": 128, "max_neighbors": 24, "num_threads": 1}},
                )
            except Exception as e:  # its errors have no common base
                raise Unavailable(f"the vector database in {self._directory} cannot be opened: {e}") from e
        return self._collection


def _client(directory: Path, server: tuple[str, int] | None) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    if server is not None:
        return chromadb.HttpClient(host=server[0], port=server[1], settings=settings)
    directory.mkdir(parents=True, exist_ok=True)
    _clean_memory()
    return chromadb.PersistentClient(path=str(directory), settings=settings)


def _clean_memory() -> None:
    """Have memory given out zeroed (glibc's M_PERTURB): the search structure writes blocks to its files that it has not filled.

    Without it, pieces of whatever the process had in memory, also of what was forgotten, get into them.
    """
    with suppress(OSError, AttributeError):  # other C libraries have none
        ctypes.CDLL(None).mallopt(_M_PERTURB, 0xFF)


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, start + MAX_BATCH) for start in range(0, count, MAX_BATCH))
