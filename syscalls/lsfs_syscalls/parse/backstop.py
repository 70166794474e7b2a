"""What the model left unlabelled although it cannot be anything else: times, formats, orders, counts, depth.

A second look at the words of a clause that no slot took. Only closed classes are looked for, so that nothing is guessed: an
expression that the time resolver understands and that has a word of time in it, the name of a file format, "newest", a number
in front of "files". The model's own labels are never changed.
"""

from __future__ import annotations

import re

from lsfs_syscalls import times
from lsfs_syscalls.parse import values
from lsfs_syscalls.parse.clause import Slot
from lsfs_syscalls.parse.words import Word, spoken

_TIMED = frozenset(
    "retrieve group_by summarize history summarize_changes log undo delete move copy tag untag link list duplicates".split()
)
_TYPED = frozenset("retrieve group_by summarize delete move copy tag untag link duplicates rollback concat".split())
_TIME_WORD = re.compile(
    r"\b(?:yesterday|today|tonight|ago|since|week|weeks|month|months|year|years|days?|hours?|minutes?|weekend|morning|afternoon"
    r"|evening|night|quarter|spring|summer|autumn|winter|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|april|june|july"
    r"|august|september|october|november|december|(?:in|since|last|until|before|after|during|this|from) (?:march|may)"
    r"|(?:in|since|before|after|from|until|of) (?:19|20)\d\d|\d{4}-\d{1,2}-\d{1,2}|q[1-4])\b"
)
_TYPE_WORD = re.compile(
    r"pdfs?|docx|xlsx|pptx|csvs?|jsons?|markdown|spreadsheets?|photos?|images?|pictures?|screenshots?|presentations?|videos?"
    r"|e-?mails?|slides|powerpoints?|jpe?gs?|pngs?|ipynb|epubs?"
)
_SORT_WORD = re.compile(r"newest|latest|biggest|largest")
_COUNTED = re.compile(
    r"files?|documents?|papers?|notes?|articles?|pdfs?|results?|hits?|images?|photos?|spreadsheets?|docs|ones"
)
_LONGEST = 9


def left_over(prompt: str, words: list[Word], taken: list[bool], intent: str, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Return the slots with those added that stand unlabelled in the clause; `taken` tells which words have a label."""
    have = {s.name for s in slots}
    found: list[Slot] = []
    if intent in _TIMED and not have & {"WHEN", "AT", "DUR"}:
        found += _time(prompt, words, taken)
    if intent in _TYPED:
        found += _closed_classes(prompt, words, taken, have)
    if intent == "rollback" and not have & {"STEPS", "VERSION", "AT", "NAME"}:
        found += _steps(words, taken)
    return (*slots, *found)


def _time(prompt: str, words: list[Word], taken: list[bool]) -> list[Slot]:
    """Return the longest unlabelled run of words that names a time."""
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for a in range(len(words) - length + 1):
            inside = words[a : a + length]
            if any(taken[a : a + length]) or any(w.mark for w in inside):
                continue
            text = spoken(prompt, inside)
            if _TIME_WORD.search(text.lower()) and times.is_time(text):
                taken[a : a + length] = [True] * length
                return [Slot("WHEN", text, "", spoken(prompt, words[max(0, a - 3) : a]) if a else "")]
    return []


def _steps(words: list[Word], taken: list[bool]) -> list[Slot]:
    """Return the number in front of "versions"."""
    for i, w in enumerate(words[:-1]):
        number = values.number(w.seen) if not taken[i] and w.seen.isalnum() else None
        if number and re.fullmatch(r"versions?|revisions?|steps?|edits?|saves?", words[i + 1].seen):
            return [Slot("STEPS", w.text)]
    return []


def _closed_classes(prompt: str, words: list[Word], taken: list[bool], have: set[str]) -> list[Slot]:
    out: list[Slot] = []
    for i, w in enumerate(words):
        if taken[i] or w.mark:
            continue
        name = _class_of(words, i)
        if name is not None and name not in have and not (name == "TYPE" and have & {"PATH"}):
            have.add(name)
            after = words[i + 1].text if i + 1 < len(words) else ""
            out.append(Slot(name, w.text, "", spoken(prompt, words[max(0, i - 3) : i]) if i else "", after))
    return out


def _class_of(words: list[Word], i: int) -> str | None:
    seen = words[i].seen
    if _TYPE_WORD.fullmatch(seen):
        return "TYPE"
    if _SORT_WORD.fullmatch(seen):
        return "SORT"
    counted = i + 1 < len(words) and _COUNTED.fullmatch(words[i + 1].seen)
    if counted and seen not in ("one", "a", "first", "second", "third", "last") and values.number(seen) and seen.isalnum():
        return "K"
    return None
