"""How far the index is."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsfs.model import RelPath


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """Counts of files.

    Attributes:
        indexed: in the index, with text or without.
        pending: waiting to be found by words.
        vectors_pending: found by words, waiting to be found by meaning.
        skipped: whose content could not be indexed, with the reason.
        degraded: parts that do not work now, in words.
    """

    indexed: int
    pending: int
    vectors_pending: int
    skipped: list[tuple[RelPath, str]] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)
