"""Whether changed files match a query: what the subscriptions ask of the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lsfs.index.facts import Texts
from lsfs.index.query import Query
from lsfs.index.search import Search
from lsfs.indexer.indexer import Indexer
from lsfs.model import RelPath, VersionId


class Matcher(Protocol):
    """The index as the subscriptions see it."""

    def indexed(self, version: VersionId) -> bool:
        """Tell whether words find this version."""
        ...

    def settled(self) -> bool:
        """Tell whether nothing waits, vectors included: what does not match now will not."""
        ...

    def matching(self, query: str, paths: Sequence[RelPath]) -> set[RelPath]:
        """Return those of the files that match."""
        ...


class IndexMatcher:
    """The matcher of a running engine."""

    def __init__(self, search: Search, texts: Texts, indexer: Indexer) -> None:
        self._search = search
        self._texts = texts
        self._indexer = indexer

    def indexed(self, version: VersionId) -> bool:
        """Tell whether words find this version."""
        return self._texts.text_of_version(version) is not None

    def settled(self) -> bool:
        """Tell whether nothing waits, vectors included."""
        return self._indexer.settle(0.0)

    def matching(self, query: str, paths: Sequence[RelPath]) -> set[RelPath]:
        """Return those of the files that match; the search's own floor says what is no match."""
        hits = self._search.search(Query(text=query, files=tuple(paths), k=None))
        return {h.path for h in hits.hits}
