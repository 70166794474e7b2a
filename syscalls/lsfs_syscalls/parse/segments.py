"""Where the clauses of a prompt begin: the segmentation that the model's two heads find likeliest together.

One head says for each word how likely a clause begins there, the other what a stretch of words asks for. A beginning that is
doubtful is settled by both: "… that mention Rosneft and were changed last month" reads well as one search and badly as a search
and a history. The joint score is that of a semi-Markov model (Sarawagi and Cohen, NIPS 2004) with the boundaries as its edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

from lsfs_syscalls.parse.words import Word

Certainty = Callable[[int, int], float]
"""How sure the likeliest intent of the words from one position up to another is, 0 to 1."""

_DOUBT = 0.02  # a beginning less likely than this, or more likely than one minus this, is settled
_DOUBTFUL = 5  # positions that are tried both ways, the most doubtful first
_EDGE = 0.5  # weight of the boundary head beside the intent head
_ENDS = frozenset(".!?;")


def likeliest(words: list[Word], begins: list[float], sure: list[int], certainty: Certainty) -> list[int]:
    """Return where clauses begin, 0 among them.

    Args:
        begins: for each word how likely a clause begins there.
        sure: positions where one begins without doubt.
    """
    doubtful = [i for i in range(1, len(words)) if i not in sure and _DOUBT <= begins[i] <= 1 - _DOUBT and not _ends(words, i)]
    open_ = sorted(doubtful, key=lambda i: abs(begins[i] - 0.5))[:_DOUBTFUL]
    settled = {0, *sure, *(i for i, p in enumerate(begins) if i not in open_ and p > 0.5)}

    def score(starts: list[int]) -> float:
        edges = sum(math.log(begins[i] if i in starts else 1 - begins[i]) for i in open_)
        stretches = zip(starts, [*starts[1:], len(words)], strict=True)
        return _EDGE * edges + sum(math.log(certainty(a, b)) for a, b in stretches)

    choices = (c for size in range(len(open_) + 1) for c in combinations(open_, size))
    return max((sorted({*settled, *c}) for c in choices), key=score)


def _ends(words: list[Word], i: int) -> bool:
    """Tell whether a sentence ended before the word: the boundary head alone decides there."""
    return words[i - 1].text in _ENDS
