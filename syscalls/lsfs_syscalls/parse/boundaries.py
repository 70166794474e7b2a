"""Where a clause begins without doubt: a verb of the table behind a comma or "and", and the set it works on behind that.

The model finds most beginnings; one that it misses would lose a step of what was asked without a word. "…, tag them stale and
move them to attic": `tag them` can be nothing but a step.
"""

from __future__ import annotations

from itertools import pairwise

from lsfs_syscalls.parse.words import FILE, QUOTE, QUOTED_PATH, Word

_STOPS = frozenset({",", ";", "."})
_JOINTS = frozenset("and then & also finally afterwards next please just simply so can you".split())
_VERBS = frozenset(
    "copy move rename delete remove erase tag untag label mark lock unlock share link summarise summarize group sort cluster "
    "translate merge concatenate combine join restore revert compare list show read open put snapshot watch trash bin roll "
    "return bring throw erase".split()
)
_ACTS = frozenset("create make write append save lock tag label rename move copy restore".split())
_ON_ONE = frozenset(
    "tag untag label mark lock unlock share delete remove erase move rename trash translate summarise summarize".split()
)
_BACK = frozenset({"roll", "put", "bring", "set"})
_REST = frozenset({"others", "other", "rest", "remaining"})
_ADDING = frozenset("append add write prepend insert put replace overwrite".split())
_FINDING = frozenset("get find fetch search collect gather take".split())
_OBJECTS = frozenset({"them", "those", "these", "each", "both"})


def certain(words: list[Word], starts: list[int]) -> list[int]:
    """Return where clauses begin without doubt: at one of `starts` where it is near, else at the joining word."""
    steps = ((_beginning(words, i), i) for i in range(1, len(words)) if _is_step(words, i))
    return sorted({next((s for s in starts if at - 1 <= s <= i), at) for at, i in steps} - {0})


def _is_step(words: list[Word], i: int) -> bool:
    if _adds_text(words, i) or _searches_again(words, i) or _moves_there(words, i) or _on_named(words, i):
        return True
    if words[i].mark or words[i].seen not in _VERBS or words[i - 1].seen not in _STOPS | _JOINTS:
        return False
    if i + 1 >= len(words) or words[i + 1].mark:
        return False
    verb, following = words[i].seen, words[i + 1].seen
    if following == "it" and verb in _BACK and "back" in {w.seen for w in words[i + 2 : i + 4]}:
        return True
    on_one = following == "it" and verb in _ON_ONE and any(w.seen in _ACTS for w in words[:i])
    return following in _OBJECTS or on_one or _is_rest(words, i)


def _adds_text(words: list[Word], i: int) -> bool:
    """Tell whether the verb at `i` adds a quoted text: `…, append the line "…"`."""
    if words[i].mark or words[i].seen not in _ADDING or words[i - 1].seen not in _STOPS | _JOINTS:
        return False
    acted = any(w.seen in _VERBS | _ACTS for w in words[:i] if not w.mark)  # not "in front of that, put …"
    return acted and any(w.mark == QUOTE for w in words[i + 1 : i + 5])


def _moves_there(words: list[Word], i: int) -> bool:
    """Tell whether the verb at `i` puts named files where the clause before made room: "and move a.pdf there"."""
    if words[i].mark or words[i].seen not in ("move", "put", "copy", "place") or words[i - 1].seen not in _STOPS | _JOINTS:
        return False
    rest = [w.seen for w in words[i + 1 :] if not w.mark]
    there = "there" in rest or "inside" in rest or any(a in ("into", "in") and b == "it" for a, b in pairwise(rest))
    return there and bool(words[i + 1 :]) and bool(words[i + 1].mark)


def _on_named(words: list[Word], i: int) -> bool:
    """Tell whether the verb at `i` begins a step over a named file, behind a comma: "…, merge a.csv and b.csv"."""
    if words[i].mark or words[i].seen not in _VERBS or words[i - 1].seen not in (",", ";", "then") or i + 1 >= len(words):
        return False
    return words[0].seen in _VERBS | _ACTS and words[i + 1].mark in (FILE, QUOTED_PATH)


def _searches_again(words: list[Word], i: int) -> bool:
    """Tell whether the verb at `i` finds a second set: "get the papers on x, get the papers on y"."""
    again = words[i].seen in _FINDING and not words[i].mark and words[0].seen == words[i].seen
    return again and words[i - 1].seen in _STOPS | _JOINTS


def _is_rest(words: list[Word], i: int) -> bool:
    """Tell whether the verb at `i` is about "the others"."""
    return words[i + 1].seen == "the" and i + 2 < len(words) and words[i + 2].seen in _REST


def _beginning(words: list[Word], i: int) -> int:
    while i > 0 and words[i - 1].seen in _JOINTS:
        i -= 1
    return i
