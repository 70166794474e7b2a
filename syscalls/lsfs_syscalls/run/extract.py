"""Extractive summaries: the sentences of a text that stand for the rest, in their own words and order. No model, no guessing.

A sentence's weight is its centrality (mean TF-IDF cosine to the others), raised for early sentences and for words of the focus;
a sentence that repeats a chosen one is left out (maximal marginal relevance).

Source: G. Erkan, D. Radev, "LexRank" (centrality); J. Carbonell, J. Goldstein, "The use of MMR" (redundancy). Changed: degree
centrality instead of the random walk, which differs little on texts of this length and needs no iteration.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_SENTENCES = 600
"""Longer texts are thinned evenly to so many sentences: the matrix of likenesses is quadratic."""
_BREAK = re.compile(r"(?<=[.!?。])[\"')\]]*\s+(?=[\"'(\[]?[^\W\d_a-zß-ÿ]|\d)|\n\s*\n|\n(?=\s*(?:[-*#>|]|\d+[.)]))")
_WORD = re.compile(r"[^\W_]{2,}")
_ABSTRACT = re.compile(r"(?im)^[ \t]*(?:abstract|summary|zusammenfassung|résumé|resumen)[ \t]*:?[ \t]*$")
_HEADING = re.compile(
    r"(?m)^[ \t]*(?:(?i:abstract|introduction|summary|keywords|references|conclusions?|zusammenfassung|einleitung)[ \t]*:?"
    r"|\d+(?:\.\d+)*\.?[ \t]+[^\W\d_a-z][\w ,-]{2,60})[ \t]*$"
)
"""A line that is a heading of a paper, and no part of a sentence."""
_FRONT = 3_000
"""Characters within which a paper's abstract begins; the title and the names before it are no sentences."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and the line (from 1) on which it begins."""

    text: str
    line: int


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of `text`; headings, table rows and code lines are none, nor what is before a paper's abstract."""
    out: list[Sentence] = []
    front = _ABSTRACT.search(text, 0, _FRONT)
    begin = front.end() if front is not None else 0
    line = 1 + text.count("\n", 0, begin)
    text = text[:begin] + _HEADING.sub(lambda m: "\n" * m[0].count("\n"), text[begin:])
    for m in [*_BREAK.finditer(text, begin), None]:
        end = m.start() if m else len(text)
        piece = text[begin:end]
        flat = " ".join(piece.split()).lstrip("-*> ").strip()
        if 5 <= len(flat.split()) <= 80 and not flat.startswith(("#", "|", "```")):
            lead = len(piece) - len(piece.lstrip())
            out.append(Sentence(flat, line + piece[:lead].count("\n")))
        nxt = m.end() if m else end
        line += text[begin:nxt].count("\n")
        begin = nxt
    return out


def summarize(text: str, count: int = 3, focus: str = "") -> list[Sentence]:
    """Return at most `count` sentences that stand for `text`, in their order."""
    found = sentences(text)
    if len(found) > MOST_SENTENCES:
        found = found[:: math.ceil(len(found) / MOST_SENTENCES)]
    if len(found) <= count:
        return found
    vectors = tfidf([s.text for s in [*found, Sentence(focus, 0)]])
    alike = vectors[:-1] @ vectors[:-1].T
    np.fill_diagonal(alike, 0.0)
    weight = alike.mean(axis=1) / max(float(alike.mean(axis=1).max()), 1e-9)
    weight += 0.3 / (1.0 + np.arange(len(found)))
    weight += 2.0 * (vectors[:-1] @ vectors[-1])
    chosen = _diverse(weight, alike, count)
    return [found[i] for i in sorted(chosen)]


def _diverse(weight: NDArray[np.float64], alike: NDArray[np.float64], count: int) -> list[int]:
    chosen: list[int] = []
    repeats = np.zeros(len(weight))
    while len(chosen) < count:
        score = weight - 1.5 * repeats
        score[chosen] = -np.inf
        chosen.append(int(np.argmax(score)))
        repeats = np.maximum(repeats, alike[chosen[-1]])
    return chosen


def tfidf(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return a row of TF-IDF weights for each text, float64 [n, words], unit rows (or zero)."""
    bags = [Counter(w.lower() for w in _WORD.findall(t)) for t in texts]
    frequency = Counter(w for bag in bags for w in bag)
    column = {w: i for i, w in enumerate(sorted(frequency))}
    out = np.zeros((len(texts), max(len(column), 1)))
    for row, bag in enumerate(bags):
        for word, n in bag.items():
            out[row, column[word]] = (1 + math.log(n)) * math.log(1 + len(texts) / frequency[word])
    norms: NDArray[np.float64] = np.linalg.norm(out, axis=1, keepdims=True)
    return out / np.maximum(norms, 1e-9)
