"""Topics: files clustered by their mean vectors, each cluster named by the words that set it apart.

Spherical k-means with farthest-first seeds, so that the same files give the same groups in every call; the number of groups is
chosen by the simplified silhouette unless it is asked for; files that fit no group well are "other". Names are the words with
the highest class-based TF-IDF.

Source: I. S. Dhillon, D. S. Modha, "Concept decompositions for large sparse text data using clustering" (spherical k-means);
M. Grootendorst, "BERTopic" (class-based TF-IDF). Changed: seeds are deterministic, outliers are
split off by their distance.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

OTHER = "other"
MOST_TOPICS = 24
_WORD = re.compile(r"[^\W\d_][\w-]{2,}")
_STOP = frozenset(
    """
    the and for with that this from are was were been have has had not but you your our their they them his her
    its which when what where will would could should can may more most than then there here into over under about
    after before between all any some such also each other only one two three new use used using file files note
    notes page text http https www com org der die das und ist von mit für den dem ein eine les des une est dans
    pour que qui sur los las una con por para del class def return import self none true false int str string
    const var let function public void
    """.split()
)


def clusters(vectors: Matrix, wanted: int | None = None) -> NDArray[np.int64]:
    """Return a group number for each row, -1 for rows that fit nowhere.

    Args:
        vectors: float32 [n, d], unit rows.
        wanted: so many groups; chosen from the data without it.
    """
    n = len(vectors)
    if n < 3 and wanted is None:
        return np.zeros(n, np.int64)
    choices = [min(wanted, n)] if wanted else range(2, min(MOST_TOPICS, max(2, n // 3), 2 + int(2 * math.sqrt(n))) + 1)
    best = max((_kmeans(vectors, k) for k in choices), key=lambda labels: _silhouette(vectors, labels))
    return _split_outliers(vectors, best) if wanted is None else best


def _kmeans(x: Matrix, k: int, rounds: int = 30) -> NDArray[np.int64]:
    centres = _seeds(x, k)
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


def names(texts: Sequence[str], labels: Sequence[int], words: int = 3) -> dict[int, str]:
    """Return a name for each group: the words that are frequent in it and rare in the other groups.

    Args:
        texts: a text a file, in the order of `labels`.
        words: words in a name.
    """
    counts: dict[int, Counter[str]] = {}
    for text, label in zip(texts, labels, strict=True):
        counts.setdefault(label, Counter()).update({w for w in _WORD.findall(text.lower()) if w not in _STOP})
    overall: Counter[str] = Counter()
    for counter in counts.values():
        overall.update(counter)
    average = sum(overall.values()) / max(len(counts), 1)
    return {label: OTHER if label < 0 else _name(c, overall, average, words) for label, c in counts.items()}


def _name(counter: Counter[str], overall: Counter[str], average: float, words: int) -> str:
    total = max(sum(counter.values()), 1)
    ranked = sorted(counter, key=lambda w: (-counter[w] / total * math.log(1 + average / overall[w]), w))
    chosen: list[str] = []
    for word in ranked:
        if not any(word.startswith(c[:5]) or c.startswith(word[:5]) for c in chosen):
            chosen.append(word)
        if len(chosen) == words:
            break
    return " ".join(chosen) or OTHER
