"""What a reranker is: a query and passages in, one score for each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    """Scores passages by how well they answer a query; higher is better, comparable within one call only."""

    def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return one score for each passage, in their order.

        Raises:
            Unavailable: it did not answer, or not in the time it has.
        """
        ...
