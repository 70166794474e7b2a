"""What the session knows when a prompt comes: the last answer, and which names there are.

A parser without a root (`lsfs parse`) gets an empty context; then "it" is a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lsfs_syscalls.parse.values import number

Candidates = Callable[[str], "list[str]"]
"""A name as said -> paths in the catalogue that it can mean, best first; an exact one alone."""

_ALL = re.compile(
    r"\b(?:them|these|those|all|both|ones|results?|hits|files|documents|papers"
    r"|the (?:first|last|top) (?:\d+|two|three|few|couple))\b"
)
_PLURAL_FEW = re.compile(r"\b(first|top|last) (\d+|two|three|four|five|couple)\b")
_LAST = re.compile(r"\blast\b")


@dataclass(frozen=True, slots=True)
class ParseContext:
    """What the session knows.

    Attributes:
        files: the paths of the last answer, in its order.
        candidates: looks names up in the catalogue, deleted files included; None when there is none.
        is_there: tells whether a path is there now.
    """

    files: tuple[str, ...] = ()
    candidates: Candidates | None = None
    is_there: Callable[[str], bool] | None = None

    def referred(self, words: str) -> tuple[str, ...]:
        """Return the files of the last answer that `words` ("it", "them", "the second one") mean; () when that is not clear."""
        t = words.lower()
        if not self.files:
            return ()
        few = _PLURAL_FEW.search(t)
        if few:
            many = number(few[2]) or 0
            return self.files[-many:] if few[1] == "last" else self.files[:many]
        n = _position(t)
        if n is not None:
            return self.files[n - 1 : n] if n <= len(self.files) else ()
        if _LAST.search(t):
            return self.files[-1:]
        if _ALL.search(t):
            return self.files
        return self.files if len(self.files) == 1 else ()


def picked(words: str) -> tuple[int | None, int]:
    """Return how many of a list "the top three" or "the second one" means, and how many are left out before them.

    None where an order and a number do not say it ("the others", "the last two").
    """
    t = words.lower()
    if re.search(r"\b(?:last|other|others|rest|next|newest|oldest|biggest|smallest)\b", t):
        return None, 0
    few = re.search(r"\b(?:top|first|best)\s+(\w+)\b", t)
    many = number(few[1]) if few else None
    if many:
        return many, 0
    n = _position(t)
    return (None, 0) if n is None else (1, n - 1)


def _position(t: str) -> int | None:
    if re.search(r"\b(?:top|best)\b", t):
        return 1
    m = re.search(r"\b(?:number|no\.?|file|result|hit|#)\s*(\d+)\b|\b(\d+)(?:st|nd|rd|th)\b", t)
    if m:
        return int(m[1] or m[2])
    ordinal = re.search(r"\b(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\b", t)
    return number(ordinal[1]) if ordinal else None
