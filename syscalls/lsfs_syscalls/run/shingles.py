"""Texts as sets of shingles: 64-bit hashes of every run of words, made with whole-array operations.

The hash of a word is a polynomial over its bytes modulo 2**64; because the base is odd it has an inverse, so that the hashes of
all words of a text come out of one running sum. A shingle's hash mixes those of its words. Letters outside ASCII count as
letters, case in ASCII does not matter, punctuation and blanks do not.

Source: A. Broder, "On the resemblance and containment of documents" (shingles); R. Karp, M. Rabin (polynomial hashes).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

WORDS = 3
"""Words in a shingle: with more of them a single edited word weighs too much in short notes."""
_PIECE = 1 << 20
_BASE = 0x9E3779B97F4A7C15  # odd: has an inverse modulo 2**64
_INVERSE = pow(_BASE, -1, 1 << 64)


def _letters() -> NDArray[np.uint64]:
    table = np.zeros(256, np.uint64)
    for byte in range(256):
        if byte >= 0x80 or chr(byte).isalnum():
            table[byte] = ord(chr(byte).lower()) if byte < 0x80 else byte
    return table


_LETTER = _letters()


@cache
def _powers(base: int) -> Hashes:
    """Return base**0, base**1, ... modulo 2**64; 8 MiB each, made once."""
    out = np.full(_PIECE + 1, base, np.uint64)
    out[0] = 1
    powers: Hashes = np.multiply.accumulate(out, dtype=np.uint64)
    return powers


def span_hashes(values: Hashes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Hashes:
    """Return the polynomial hash of each span `values[start:end]`; an empty span has 0. At most 2**20 values."""
    sums = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values * _powers(_BASE)[: len(values)], out=sums[1:])
    out: Hashes = (sums[ends] - sums[starts]) * _powers(_INVERSE)[starts]
    return out


def mixed(values: Hashes) -> Hashes:
    """Return the values with every bit depending on every other (the finaliser of splitmix64)."""
    v = values ^ (values >> np.uint64(30))
    v = v * np.uint64(0xBF58476D1CE4E5B9)
    v ^= v >> np.uint64(27)
    v = v * np.uint64(0x94D049BB133111EB)
    v ^= v >> np.uint64(31)
    return v


def word_hashes(data: bytes) -> Hashes:
    """Return a hash for each word of a UTF-8 text, in order."""
    parts = [_words(p) for p in _pieces(data)]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def _pieces(data: bytes) -> list[bytes]:
    """Cut at blanks so that no word is cut, as far as words go."""
    out = []
    at = 0
    while at < len(data):
        end = at + _PIECE
        if end < len(data):
            end = max(data.rfind(b" ", at, end), data.rfind(b"\n", at, end)) + 1 or end
        out.append(data[at:end])
        at = end
    return out


def _words(piece: bytes) -> Hashes:
    values = _LETTER[np.frombuffer(piece, np.uint8)]
    edge = np.zeros(len(values) + 2, np.int8)
    edge[1:-1] = values != 0
    step = np.diff(edge)
    return span_hashes(values, np.flatnonzero(step == 1), np.flatnonzero(step == -1))


def shingles(text: str, words: int = WORDS) -> Hashes:
    """Return the distinct shingles of a text in rising order; of a text with fewer words than a shingle has, the one it is."""
    h = mixed(word_hashes(text.encode("utf-8", "surrogatepass")))
    if not len(h):
        return h
    width = min(words, len(h))
    total = np.zeros(len(h) - width + 1, np.uint64)
    for k in range(width):
        total = total * np.uint64(_BASE) + h[k : len(h) - width + 1 + k]
    return np.unique(mixed(total))
