"""What changed between two texts or versions, in a line: how much was added and removed, and the first of it quoted."""

from __future__ import annotations

import difflib
from collections import Counter

MOST_LINES = 5_000
"""Above this the lines are compared as sets, not in their order: the exact comparison takes quadratic time at its worst."""


def line_changes(old: str, new: str, quoted: int = 2) -> str:
    """Return how many lines were added and removed, with the first of them quoted."""
    if old == new:
        return "the same"
    added, removed = _changed_lines(old.splitlines(), new.splitlines())
    parts = [f"{len(added)} {_lines(len(added))} added" + _quote(added, quoted)] if added else []
    if removed:
        unit = "" if added else _lines(len(removed)) + " "
        parts.append(f"{len(removed)} {unit}removed" + _quote(removed, quoted))
    return ", ".join(parts) or "only white space, or the order of lines, changed"


def _lines(count: int) -> str:
    return "line" if count == 1 else "lines"


def _changed_lines(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines added and removed, without those that differ in white space around them only or are empty."""
    a, b = [x.strip() for x in old], [x.strip() for x in new]
    if len(a) + len(b) > MOST_LINES:
        return _only(b, a), _only(a, b)
    added: list[str] = []
    removed: list[str] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += [x for x in a[i1:i2] if x]
            added += [x for x in b[j1:j2] if x]
    return added, removed


def _only(a: list[str], b: list[str]) -> list[str]:
    """Return the lines of `a` that are not in `b`, as often as they are missing, in their order."""
    left = Counter(a) - Counter(b)
    out = []
    for line in a:
        if line and left[line] > 0:
            left[line] -= 1
            out.append(line)
    return out


def _quote(lines: list[str], most: int) -> str:
    return " (" + "; ".join(f"“{x[:80]}”" for x in lines[:most]) + (" …" if len(lines) > most else "") + ")"
