"""Meaning: the likeness of documents to a query by the vectors of their passages.

Few rows are compared exactly; a search over everything in a large index asks the search structure (Chroma) for candidates
and compares those exactly.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from lsfs.catalogue import Catalogue
from lsfs.embed.embedder import Embedder, Vectors, unit_rows
from lsfs.errors import LsfsError, Unavailable
from lsfs.index.nearest import Nearest
from lsfs.index.passages import Ids, LivePassages
from lsfs.index.vectors import Rows, VectorStore

log = logging.getLogger(__name__)
_REMEMBERED = 256
_SPARE = 4


@dataclass(frozen=True, slots=True)
class Likeness:
    """Scores by document.

    Attributes:
        scores: cosine of the best passage.
        passages: ordinal of that passage.
        compared: how many passages there were to choose from.
    """

    scores: dict[int, float] = field(default_factory=dict)
    passages: dict[int, int] = field(default_factory=dict)
    compared: int = 0


class Meaning:
    """Compares queries with the passages of documents."""

    def __init__(
        self, catalogue: Catalogue, embedder: Embedder, store: VectorStore, live: LivePassages, nearest: Nearest | None,
        *, scanned_rows: int = 131_072,
    ) -> None:  # fmt: skip
        """Search `live` over `store`; beyond `scanned_rows` rows a search over everything goes to `nearest`."""
        self._catalogue = catalogue
        self._embedder = embedder
        self._store = store
        self._live = live
        self._nearest = nearest
        self._scanned_rows = scanned_rows
        self._lock = Lock()
        self._queries: OrderedDict[str, Vectors] = OrderedDict()

    def query_vector(self, text: str) -> Vectors:
        """Return the vector of a query, float32 [d]; the last few hundred are remembered.

        Raises:
            Unavailable: the embedder is.
        """
        with self._lock:
            if text in self._queries:
                self._queries.move_to_end(text)
                return self._queries[text]
        vector: Vectors = self._embedder.embed([text])[0]
        if self._store.dimension not in (0, len(vector)):
            raise Unavailable(
                f"{self._store.model_id} makes vectors of {len(vector)} numbers now, those of the index have"
                f" {self._store.dimension}: give the model another name in [embed] model"
            )
        with self._lock:
            self._queries[text] = vector
            while len(self._queries) > _REMEMBERED:
                self._queries.popitem(last=False)
        return vector

    def document_vector(self, did: int) -> Vectors | None:
        """Return the mean direction of a document's passages, float32 [d]; None when it has no vectors (yet)."""
        rows, _, _ = self.rows_of([did], live=False)
        return unit_rows(self._store.take(rows).mean(axis=0, keepdims=True))[0] if len(rows) else None

    def best(self, query: Vectors, among: Collection[int] | None, limit: int, *, live: bool = True) -> Likeness:
        """Return the `limit` documents (of `among`; None: of all live ones) with the passages most like `query`."""
        if among is None:
            rows, dids, ordinals = self._live.all()
            compared = len(rows)
            if len(rows) > self._scanned_rows and self._nearest is not None:
                near = self._candidates(query, limit)
                if near is not None:
                    rows, dids, ordinals = self._live.of(set(dids[np.isin(rows, near)].tolist()))
        else:
            rows, dids, ordinals = self.rows_of(among, live=live)
            compared = len(rows)
        return _best(self._store.scores(query, rows), dids, ordinals, limit, compared) if len(rows) else Likeness()

    def rows_of(self, dids: Collection[int], *, live: bool) -> tuple[Rows, Ids, Ids]:
        """Return rows, documents and ordinals of the passages of these documents that have vectors."""
        if live:
            return self._live.of(dids)
        found: list[tuple[int, int, int]] = []
        con = self._catalogue.read()
        wanted = list(dids)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            found += con.execute(
                "SELECT v.place, p.did, p.ordinal FROM passage p JOIN vector v ON v.model=? AND v.hash=p.hash"
                f" WHERE p.did IN ({','.join('?' * len(part))})",
                (self._store.model_id, *part),
            )
        table = np.array(found, dtype=np.int64).reshape(-1, 3).T
        return table[0], table[1], table[2]

    def _candidates(self, query: Vectors, limit: int) -> Rows | None:
        """Return the rows near `query` by the search structure; None when it cannot answer (everything is scanned then)."""
        assert self._nearest is not None
        try:
            rows, _ = self._nearest.nearest(query, limit * _SPARE)
        except LsfsError as e:
            log.warning("the search structure did not answer, scanning instead: %s", e)
            return None
        return rows


def _best(scores: NDArray[np.float32], dids: Ids, ordinals: Ids, limit: int, compared: int) -> Likeness:
    """Reduce passage scores to the best one of each document, and keep the best documents."""
    # From the best passage on: the first one seen of a document is its best.
    count = min(len(scores), limit * 8)
    order = np.argpartition(-scores, count - 1)[:count] if 0 < count < len(scores) else np.arange(len(scores))
    order = order[np.argsort(-scores[order], kind="stable")]
    _, first = np.unique(dids[order], return_index=True)
    picked = order[np.sort(first)[:limit]]
    best = dids[picked].tolist()
    return Likeness(
        dict(zip(best, scores[picked].tolist(), strict=True)),
        dict(zip(best, ordinals[picked].tolist(), strict=True)),
        compared,
    )
