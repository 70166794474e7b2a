"""The line to show for a hit: in the passage that fits best, the line that has most of the query's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lsfs.text.extracted import Mark
from lsfs.text.tables import cell_name

MAX_SNIPPET = 240
_TELLING = re.compile(r"^.*[^\W_]", re.MULTILINE)
_MAX_PASSAGES = 2000


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
    span = best_passage(text, spans, words, nearest)
    found = occurrences(text, words, span.start, span.stop)
    offset = _line_start(text, span, found)
    line = span.line + text.count("\n", span.start, offset)
    hit = next((at for at, _ in found if at >= offset), offset)
    place = cell_name(text, Mark(_sheet_start(spans, span), None, span.label), hit) if sheet and span.label else span.label
    return Snippet(_cut(text, offset, hit), line if lined else None, span.page, place, hit)


def occurrences(text: str, words: Sequence[str], start: int = 0, stop: int | None = None) -> list[tuple[int, str]]:
    """Return where in text[start:stop] the words (or longer and shorter forms of them) begin, with the word."""
    pattern, names = _pattern(tuple(words))
    if pattern is None:
        return []
    found = pattern.finditer(text, start, len(text) if stop is None else stop)
    return [(m.start(), names[m.lastindex - 1]) for m in found if m.lastindex is not None]


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> tuple[re.Pattern[str] | None, list[str]]:
    stems = {stem(w): w for w in words}
    if not stems:
        return None, []
    either = "|".join(f"({re.escape(s)})" for s in stems)
    return re.compile(rf"(?<![^\W_])(?:{either})", re.IGNORECASE), list(stems.values())


def stem(word: str) -> str:
    """Return the beginning that the forms of an English word share, roughly."""
    return re.sub(r"(?:ations?|ings?|ies|ied|ers?|ed|es|s|e|y)$", "", word) if len(word) > 4 else word


def best_passage(text: str, spans: Sequence[Span], words: Sequence[str], nearest: int | None) -> Span:
    """Return the passage with most different words; among equals the nearest in meaning, then the first."""
    whole = text.lower()
    stems = [s for s in {stem(w).lower() for w in words} if s in whole]
    cut = whole if len(whole) == len(text) else text  # few letters change their length
    counts = [_count(cut[span.start : span.stop], stems) for span in spans[:_MAX_PASSAGES]]
    best = max(range(len(counts)), key=lambda i: (counts[i], i == nearest, -i))
    if nearest is not None and nearest < len(counts) and counts[best] - counts[nearest] < 2:
        best = nearest
    return spans[best]


def _count(part: str, stems: Collection[str]) -> int:
    return sum(1 for s in stems if s in part and _has_word(part, s))


def _has_word(part: str, beginning: str) -> bool:
    """Tell whether a word of `part` begins so. A regular expression takes ten times as long."""
    at = part.find(beginning)
    while at > 0 and part[at - 1].isalnum():
        at = part.find(beginning, at + 1)
    return at >= 0


def _line_start(text: str, span: Span, found: Sequence[tuple[int, str]]) -> int:
    """Return where the line begins that has most different words; the first line with a word in it when none has any."""
    counts: Counter[int] = Counter()
    for start, _ in {(max(text.rfind("\n", 0, at) + 1, span.start), word) for at, word in found}:
        counts[start] += 1
    if counts:
        return min(counts, key=lambda s: (-counts[s], s))
    told = _TELLING.search(text, span.start, span.stop)
    return told.start() if told else span.start


def _sheet_start(spans: Sequence[Span], span: Span) -> int:
    return next(s.start for s in spans if s.label == span.label)


def _cut(text: str, start: int, hit: int) -> str:
    """Return the line from `start`, or the part around `hit` where it is long, on one line."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    if end - start > MAX_SNIPPET and hit - start > MAX_SNIPPET // 2:
        start = text.find(" ", max(start, hit - MAX_SNIPPET // 2)) + 1 or start
    return " ".join(text[start : min(end, start + MAX_SNIPPET)].split())
