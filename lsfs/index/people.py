"""Names of people and institutions: when two writings mean the same."""

from __future__ import annotations

import re

from lsfs.index.words import fold

_ADDRESS = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w+")


def same_person(asked: str, written: str) -> bool:
    """Tell whether an author as asked for ("wei chen", "Chen") is the one written ("Chen, Wei", "W. Chen <w@x.org>").

    Every word asked for must be a word of the name, or its initial where another word fits in full.
    """
    name = _WORD.findall(fold(_ADDRESS.sub(" ", written)))
    parts = _WORD.findall(fold(_ADDRESS.sub(" ", asked)))
    if "@" in asked:
        return fold(asked) in fold(written)
    full = [p for p in parts if p in name]
    if not full or all(len(p) == 1 for p in full):
        return False
    rest = [w for w in name if w not in full]
    return all(p in name or any(w[0] == p[0] and 1 in (len(w), len(p)) for w in rest) for p in parts)


def same_institution(asked: str, written: str) -> bool:
    """Tell whether an institution as asked for occurs as whole words in the one written."""
    return f" {' '.join(_WORD.findall(fold(asked)))} " in f" {' '.join(_WORD.findall(fold(written)))} "
