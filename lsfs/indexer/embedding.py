"""Vectors for passages that have none: newest documents first, a slice at a time, never one text twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lsfs.catalogue import Catalogue
from lsfs.embed.embedder import Embedder
from lsfs.index import backlog
from lsfs.index.documents import Documents, text_of
from lsfs.index.nearest import Nearest
from lsfs.index.passages import LivePassages
from lsfs.index.vectors import VectorStore

log = logging.getLogger(__name__)
DOCUMENTS = 32
SLICE = 64


@dataclass(frozen=True, slots=True)
class _Missing:
    """Passages without a vector, and the documents that are complete once they have one."""

    texts: dict[bytes, str]
    dids: list[int]


class Embedding:
    """Fills the vector store and the search structure."""

    def __init__(
        self, catalogue: Catalogue, documents: Documents, embedder: Embedder, store: VectorStore, live: LivePassages,
        nearest: Nearest | None,
    ) -> None:  # fmt: skip
        self._catalogue = catalogue
        self._documents = documents
        self._embedder = embedder
        self._store = store
        self._live = live
        self._nearest = nearest
        self._in_nearest: set[int] | None = None
        self._alone = False
        model = catalogue.meta("index:model")
        if model != embedder.model_id:
            if model is not None:
                documents.unvectored()
            catalogue.set_meta("index:model", embedder.model_id)

    def step(self, go_on: Callable[[], bool]) -> bool:
        """Embed what some of the newest documents miss; False when nothing is left.

        Args:
            go_on: asked between slices; False ends the step early (what was embedded is kept).
        """
        dids = backlog.without_vectors(self._catalogue.read(), DOCUMENTS)
        if not dids:
            self._drop_others()
            return False
        for did in self.complete(dids, go_on):
            self._live.replace(None, did)
        return True

    def complete(self, dids: Sequence[int], go_on: Callable[[], bool]) -> list[int]:
        """Embed what the first of these documents miss; return those that have all now, none when it was ended early."""
        missing = self._missing(dids)
        hashes = list(missing.texts)
        for start in range(0, len(hashes), SLICE):
            part = hashes[start : start + SLICE]
            self._store.add(part, self._embedder.embed([missing.texts[h] for h in part]))
            if not go_on():
                return []
        self._documents.vectored(missing.dids)
        return missing.dids

    def _missing(self, dids: Sequence[int]) -> _Missing:
        """Return what a step embeds: all that the first documents miss, stopping where it becomes many."""
        con = self._catalogue.read()
        texts: dict[bytes, str] = {}
        done: list[int] = []
        for did in dids:
            spans = con.execute("SELECT hash, start, stop FROM passage WHERE did=?", (did,)).fetchall()
            known = self._store.places([h for h, _, _ in spans])
            new = [(h, start, stop) for h, start, stop in spans if h not in known]
            if new:
                text = text_of(con, did)
                texts.update((h, text[start:stop]) for h, start, stop in new)
            done.append(did)
            if len(texts) >= SLICE:
                break
        return _Missing(texts, done)

    def synchronise(self, go_on: Callable[[], bool], *, batch: int = 2000) -> bool:
        """Bring one batch of changes into the search structure; False when it has just the live rows."""
        if self._nearest is None:
            return False
        if self._in_nearest is None:
            self._in_nearest = self._nearest.rows()
        live = set(self._live.all()[0].tolist())
        gone = list(self._in_nearest - live)[:batch]
        if gone:
            self._nearest.remove(gone)
            self._in_nearest.difference_update(gone)
        new = sorted(live - self._in_nearest)[:batch]
        if new and go_on():
            self._nearest.add(new, self._store.take_rows(new))
            self._in_nearest.update(new)
        return bool(gone or new)

    def _drop_others(self) -> None:
        """Remove what an earlier model made, now that everything has vectors of this one."""
        if not self._alone:
            self._alone = True
            if self._store.drop_others() and self._nearest is not None:
                self._nearest.clear()
                self._in_nearest = set()

    def forget(self, hashes: Sequence[bytes]) -> None:
        """Remove the vectors of these passages from everywhere, of earlier models and in the search structure's files too."""
        self._store.forget(hashes)
        self._store.drop_others()
        if self._nearest is not None:
            self._nearest.clear()
            self._in_nearest = set()
