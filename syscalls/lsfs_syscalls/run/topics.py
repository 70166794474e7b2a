"""Topics: files clustered by their mean vectors, each cluster named by the words that set it apart.

Spherical k-means from farthest-first seeds and a few drawn ones, of which the tightest groups are taken; the draws are the same
in every call, and so are the groups. The number of groups is chosen by the simplified silhouette unless it is asked for; files
that fit no group well are "other". Names are the words with
the highest class-based TF-IDF, those of titles and file names counting more.

Source: I. S. Dhillon, D. S. Modha, "Concept decompositions for large sparse text data using clustering" (spherical k-means);
M. Grootendorst, "BERTopic" (class-based TF-IDF). Changed: seeds are deterministic, outliers are
split off by their distance.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

OTHER = "other"
MOST_TOPICS = 24
NAMED_BY = 40
"""Files of a group that its name is made from."""
_SAMPLE = 600
_DRAWS = 4
_CHARACTERS = 4_000
_TITLE = 3.0
_WORD = re.compile(r"(?<![\w-])[^\W\d_]{3,}(?:-[^\W\d_]+)*(?![\w-])")
_STOP = frozenset(
    """
    the and for with that this from are was were been have has had not but you your our their they them his her
    its which when what where will would could should can may more most than then there here into over under about
    after before between all any some such also each other only one two three new use used using file files note
    notes page text http https www com org der die das und ist von mit für den dem ein eine les des une est dans
    pour que qui sur los las una con por para del class def return import self none true false int str string
    const var let function public void january february march april may june july august september october november
    december monday tuesday wednesday thursday friday saturday sunday copy draft final version readme index untitled
    document want just like very much many make made does did done get got
    """.split()
)


def clusters(vectors: Matrix, wanted: int | None = None) -> NDArray[np.int64]:
    """Return a group number for each row, -1 for rows that fit nowhere.

    Args:
        vectors: float32 [n, d], unit rows.
        wanted: so many groups; chosen from the data without it.
    """
    n = len(vectors)
    if wanted is not None:
        return _tightest(vectors, min(wanted, n))
    if n < 3:
        return np.zeros(n, np.int64)
    return _split_outliers(vectors, _tightest(vectors, _count(vectors)))


def _count(vectors: Matrix) -> int:
    """Return the number of groups that sets them apart best, tried on an even sample of the rows."""
    n = len(vectors)
    sample = vectors[:: -(-n // _SAMPLE)]
    most = min(MOST_TOPICS, max(2, n // 3), 2 + int(2 * math.sqrt(n)), len(sample))
    return max(range(2, most + 1), key=lambda k: _silhouette(sample, _kmeans(sample, k)))


def _tightest(x: Matrix, k: int) -> NDArray[np.int64]:
    """Return the groups with the least distance to their centres, of several beginnings."""
    found = [_kmeans(x, k), *(_kmeans(x, k, drawn) for drawn in range(_DRAWS))]
    zeros = np.zeros((k, x.shape[1]), np.float32)
    return max(found, key=lambda labels: float(np.sum(x * _centres(x, labels, k, zeros)[labels])))


def _drawn_seeds(x: Matrix, k: int, draw: int) -> Matrix:
    """Return k rows, each drawn by its squared distance to those before it (k-means++)."""
    rng = np.random.default_rng(draw)
    chosen = [int(rng.integers(len(x)))]
    far = np.maximum(1.0 - x @ x[chosen[0]], 0.0).astype(np.float64)
    while len(chosen) < k:
        weight = far * far
        total = float(weight.sum())
        chosen.append(int(rng.choice(len(x), p=weight / total)) if total > 0 else int(np.argmax(far)))
        far = np.minimum(far, np.maximum(1.0 - x @ x[chosen[-1]], 0.0))
    return x[chosen].copy()


def _kmeans(x: Matrix, k: int, draw: int | None = None, rounds: int = 30) -> NDArray[np.int64]:
    centres = _seeds(x, k) if draw is None else _drawn_seeds(x, k, draw)
    labels = np.full(len(x), -1, np.int64)
    for _ in range(rounds):
        nearest = np.argmax(x @ centres.T, axis=1).astype(np.int64)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
        centres = _centres(x, labels, k, centres)
    return labels


def _seeds(x: Matrix, k: int) -> Matrix:
    """Return the row nearest to the mean, then always the row that is farthest from those chosen."""
    mean = x.mean(axis=0)
    chosen = [int(np.argmax(x @ mean))]
    nearest = x @ x[chosen[0]]
    while len(chosen) < k:
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, x @ x[chosen[-1]])
    return x[chosen].copy()


def _centres(x: Matrix, labels: NDArray[np.int64], k: int, before: Matrix) -> Matrix:
    centres = before.copy()
    for c in range(k):
        members = x[labels == c]
        if len(members):
            mean = members.mean(axis=0)
            centres[c] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return centres


def _silhouette(x: Matrix, labels: NDArray[np.int64]) -> float:
    """Return the simplified silhouette (distances to centres, not to every row), 0 to 1, less a little a group."""
    k = int(labels.max()) + 1
    if len(set(labels.tolist())) < 2:
        return -1.0
    scores = 1.0 - x @ _centres(x, labels, k, np.zeros((k, x.shape[1]), np.float32)).T
    rows = np.arange(len(x))
    own = scores[rows, labels].copy()
    scores[rows, labels] = np.inf
    other = scores.min(axis=1)
    return float(np.mean((other - own) / np.maximum(np.maximum(own, other), 1e-9)))


def _split_outliers(x: Matrix, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the labels with -1 for rows far from their centre (and not alike at all), and for single rows."""
    out = labels.copy()
    for c in set(labels.tolist()):
        members = np.flatnonzero(labels == c)
        if len(members) < 2:
            out[members] = -1
            continue
        centre = x[members].mean(axis=0)
        alike = x[members] @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
        out[members[(alike < alike.mean() - 2 * alike.std()) & (alike < 0.35)]] = -1
    return out


@dataclass(frozen=True, slots=True)
class Described:
    """What names are made from, a file each: the beginning of its text, and its title and file name."""

    text: str
    title: str = ""


def names(files: Sequence[Described], labels: Sequence[int], words: int = 3) -> dict[int, str]:
    """Return a name for each group: the words that most of its files have and few of the others, titles before texts.

    Args:
        labels: the group of each file.
        words: words in a name.
    """
    weights: dict[int, Counter[str]] = {label: Counter() for label in labels}
    holders: dict[int, Counter[str]] = {label: Counter() for label in labels}
    for f, label in zip(files, labels, strict=True):
        found = _weights(f)
        weights[label].update(found)
        holders[label].update(found.keys())
    overall: Counter[str] = Counter()
    for counter in holders.values():
        overall.update(counter)
    out: dict[int, str] = {}
    for label in sorted(weights, key=lambda g: (g < 0, -sum(holders[g].values()))):
        ranked = _ranked(weights[label], holders[label], overall, len(files))
        out[label] = OTHER if label < 0 else _distinct_name(ranked, words, set(out.values()))
    return out


def sampled(labels: Sequence[int]) -> list[int]:
    """Return the places of up to `NAMED_BY` files of each group, evenly spread, which are enough to name it."""
    places: dict[int, list[int]] = {}
    for i, label in enumerate(labels):
        places.setdefault(label, []).append(i)
    return sorted(i for inside in places.values() for i in inside[:: -(-len(inside) // NAMED_BY)])


def _weights(f: Described) -> dict[str, float]:
    counts = Counter(w for w in _WORD.findall(f.text[:_CHARACTERS].lower()) if w not in _STOP)
    out = {w: 1.0 + math.log(n) for w, n in counts.items()}
    for w in set(_WORD.findall(re.sub(r"[_-]", " ", f.title.lower()))) - _STOP:
        out[w] = out.get(w, 0.0) + _TITLE
    return out


def _ranked(weights: Counter[str], holders: Counter[str], overall: Counter[str], files: int) -> list[str]:
    """Return a group's words, best first; words of one file alone come last."""

    def score(w: str) -> float:
        return weights[w] * math.log(1 + files / overall[w]) * (holders[w] / overall[w])

    return sorted(weights, key=lambda w: (holders[w] == 1 and files > 1, -score(w), w))


def _distinct_name(ranked: Sequence[str], words: int, taken: set[str]) -> str:
    chosen: list[str] = []
    for word in ranked:
        if not any(word[:5] == c[:5] or word.startswith(c) or c.startswith(word) for c in chosen):
            chosen.append(word)
        if len(chosen) >= words and " ".join(chosen) not in taken:
            break
    return " ".join(chosen) or OTHER
