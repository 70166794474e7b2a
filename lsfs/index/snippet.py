"""The line to show for a hit: in the passage that fits best, the line that has most of the query's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lsfs.text.extracted import Mark
from lsfs.text.tables import cell_name

MAX_SNIPPET = 240
_MAX_OCCURRENCES = 5000


@dataclass(frozen=True, slots=True)
class Span:
    """A passage's place, as the table has it."""

    start: int
    stop: int
    line: int
    page: int | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Snippet:
    """What is shown of a hit."""

    text: str = ""
    line: int | None = None
    page: int | None = None
    place: str | None = None
    offset: int = 0


def snippet(
    text: str, spans: Sequence[Span], words: Sequence[str], nearest: int | None, *, lined: bool, sheet: bool
) -> Snippet:
    """Return the best line of a document.

    Args:
        spans: its passages in order.
        words: the query's words.
        nearest: the passage that is nearest in meaning.
        lined: lines of the text are lines of the file.
        sheet: labels are names of sheets.
    """
    if not spans:
        return Snippet()
    found = occurrences(text, words)
    span = _passage(spans, found, nearest)
    offset = _line_start(text, span, [(at, w) for at, w in found if span.start <= at < span.stop])
    line = span.line + text.count("\n", span.start, offset)
    hit = next((at for at, _ in found if offset <= at < span.stop), offset)
    place = cell_name(text, Mark(_sheet_start(spans, span), None, span.label), hit) if sheet and span.label else span.label
    return Snippet(_cut(text, offset, hit), line if lined else None, span.page, place, hit)


def occurrences(text: str, words: Sequence[str]) -> list[tuple[int, str]]:
    """Return where the words (or longer and shorter forms of them) begin in the text, with the word."""
    stems = {stem(w): w for w in words}
    if not stems:
        return []
    pattern = re.compile(r"(?<![^\W_])(?:" + "|".join(f"({re.escape(s)})" for s in stems) + ")", re.IGNORECASE)
    names = list(stems.values())
    out = []
    for match in pattern.finditer(text):
        assert match.lastindex is not None
        out.append((match.start(), names[match.lastindex - 1]))
        if len(out) >= _MAX_OCCURRENCES:
            break
    return out


def stem(word: str) -> str:
    """Return the beginning that the forms of an English word share, roughly."""
    return re.sub(r"(?:ations?|ings?|ies|ied|ers?|ed|es|s|e|y)$", "", word) if len(word) > 4 else word


def _passage(spans: Sequence[Span], found: Sequence[tuple[int, str]], nearest: int | None) -> Span:
    """Return the passage with most different words; among equals the nearest in meaning, then the first."""
    kinds: list[set[str]] = [set() for _ in spans]
    index = 0
    for at, word in found:
        while index < len(spans) - 1 and spans[index].stop <= at:
            index += 1
        for i in range(index, min(index + 3, len(spans))):  # passages overlap
            if spans[i].start <= at < spans[i].stop:
                kinds[i].add(word)
    best = max(range(len(spans)), key=lambda i: (len(kinds[i]), i == nearest, -i))
    if nearest is not None and nearest < len(spans) and len(kinds[best]) - len(kinds[nearest]) < 2:
        best = nearest
    return spans[best]


def _line_start(text: str, span: Span, found: Sequence[tuple[int, str]]) -> int:
    """Return where the line begins that has most different words; the passage's start when none has any."""
    counts: Counter[int] = Counter()
    for start, _ in {(max(text.rfind("\n", 0, at) + 1, span.start), word) for at, word in found}:
        counts[start] += 1
    return min(counts, key=lambda s: (-counts[s], s)) if counts else span.start


def _sheet_start(spans: Sequence[Span], span: Span) -> int:
    return next(s.start for s in spans if s.label == span.label)


def _cut(text: str, start: int, hit: int) -> str:
    """Return the line from `start`, or the part around `hit` where it is long, on one line."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    if end - start > MAX_SNIPPET and hit - start > MAX_SNIPPET // 2:
        start = text.find(" ", max(start, hit - MAX_SNIPPET // 2)) + 1 or start
    return " ".join(text[start : min(end, start + MAX_SNIPPET)].split())
