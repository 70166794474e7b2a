"""The line to show for a hit: in the passage that fits best, the line that has most of the query's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lsfs.text.extracted import Mark
from lsfs.text.tables import cell_name

MAX_SNIPPET = 240
_TELLING = re.compile(r"^.*[^\W_]", re.MULTILINE)
_ENDINGS = re.compile(r"(?:ations?|ings?|ies|ied|ers?|ed|es|s|e|y)$")
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
    """Return where in text[start:stop] the words (or longer and shorter forms of them) begin, with the word.

    A regular expression of the words takes longer to compile than this takes to look.
    """
    part = text[start:stop]
    low = part.lower()
    if len(low) != len(part):  # few letters change their length
        low = part
    found = []
    for beginning, word in {stem(w).lower(): w for w in words if w}.items():
        at = low.find(beginning)
        while at >= 0:
            if start + at == 0 or not text[start + at - 1].isalnum():
                found.append((start + at, word))
            at = low.find(beginning, at + len(beginning))
    return sorted(found)


def stem(word: str) -> str:
    """Return the beginning that the forms of an English word share, roughly."""
    return _ENDINGS.sub("", word) or word if len(word) > 4 else word


def best_passage(text: str, spans: Sequence[Span], words: Sequence[str], nearest: int | None) -> Span:
    """Return the passage with most different words; among equals the nearest in meaning, then the first."""
    whole = text.lower()
    stems = [s for s in {stem(w).lower() for w in words} if s in whole]
    cut = whole if len(whole) == len(text) else text  # few letters change their length
    counts = _counts(cut, spans[:_MAX_PASSAGES], stems)
    best = max(range(len(counts)), key=lambda i: (counts[i], i == nearest, -i))
    if nearest is not None and nearest < len(counts) and counts[best] - counts[nearest] < 2:
        best = nearest
    return spans[best]


def _counts(text: str, spans: Sequence[Span], stems: Collection[str]) -> list[int]:
    """Return how many different words begin in each passage. Words that begin nowhere near are skipped over at once."""
    out = [0] * len(spans)
    for s in filter(None, stems):
        at, n = text.find(s), 0
        while at >= 0 and n < len(spans):
            while n < len(spans) and spans[n].stop <= at:
                n += 1
            if at > 0 and text[at - 1].isalnum():
                at = text.find(s, at + 1)
            elif n < len(spans) and at >= spans[n].start:
                out[n] += 1
                n += 1
                at = text.find(s, spans[n].start) if n < len(spans) else -1
            else:
                at = text.find(s, at + 1)
    return out


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
