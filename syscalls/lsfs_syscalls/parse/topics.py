"""Topics in one piece: of "what do I have on people feeling useless after retirement" the model may label two words alone.

Small words between two labelled parts of a topic, and the words between "about" and its first part, are of the topic too.
"""

from __future__ import annotations

from itertools import pairwise

from lsfs_syscalls.parse.words import Word

_GAP = 2  # words between two parts
_LEAD = 3  # words between "about" and the first part
_ABOUT = frozenset({"about", "on", "regarding", "concerning"})
_APART = frozenset(",.;:!?()-")
_OTHER = frozenset(
    "and or but from by in under since until that which who whose with without not except to me us please".split()
)


def whole(words: list[Word], tags: list[str]) -> list[str]:
    """Return the tags of the words with the topics in one piece."""
    out = list(tags)
    parts = [i for i, t in enumerate(out) if t.endswith("-QUERY")]
    for a, b in pairwise(parts):
        if 1 < b - a <= _GAP + 1 and _free(words, out, a + 1, b):
            out[a + 1 : b + 1] = ["I-QUERY"] * (b - a)
    for i in parts:
        if out[i] == "B-QUERY" or i == parts[0]:
            _lead(words, out, i)
    return out


def _lead(words: list[Word], out: list[str], i: int) -> None:
    """Add what stands between "about" and the first part."""
    for a in range(i - 1, max(-1, i - _LEAD - 2), -1):
        if words[a].seen in _ABOUT and not words[a].mark:
            a += 1
            while a < i and words[a].seen in ("the", "my", "our", "a", "an", "some", "any"):
                a += 1
            if a < i and _free(words, out, a, i):
                out[a:i] = ["B-QUERY", *["I-QUERY"] * (i - a - 1)]
                out[i] = "I-QUERY"
            return


def _free(words: list[Word], tags: list[str], a: int, b: int) -> bool:
    """Tell whether the words from `a` up to `b` have no label and can be of a topic."""
    inside = words[a:b]
    return all(t == "O" for t in tags[a:b]) and not any(w.mark or w.seen in _OTHER or w.text in _APART for w in inside)
