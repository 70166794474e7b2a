"""The arguments of `retrieve` that a clause describes files with: topic, words, people, type, size, time, order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from lsfs_syscalls import times
from lsfs_syscalls.parse import values
from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.words import FILE, FOLDER, GLOB, IDENT, QUOTED_PATH

DESCRIBING = frozenset(
    "QUERY KW ANYKW EXCL AUTHOR ANYAUTHOR AFFIL ANYAFFIL TYPE LANG HASTAG GLOB LIKE SIZEMIN SIZEMAX MODE SORT K".split()
)
"""Slots that describe a set of files rather than name one."""

_LISTS = {
    "KW": "keywords", "ANYKW": "any_keywords", "EXCL": "exclude", "AUTHOR": "authors", "ANYAUTHOR": "any_authors",
    "AFFIL": "affiliations", "ANYAFFIL": "any_affiliations", "HASTAG": "tags",
}  # fmt: skip
_FAMILIES = (("KW", "ANYKW"), ("EXCL",), ("AUTHOR", "ANYAUTHOR"), ("AFFIL", "ANYAFFIL"), ("HASTAG",))
_PEOPLE = frozenset({"AUTHOR", "ANYAUTHOR"})
_PLURAL = re.compile(
    r"(?!this\b|its\b|is\b|was\b|has\b)[a-z]{2,}s|ones|(?:two|three|four|five|six|seven|eight|nine|ten|few|\d+)"
)


def span_args(slot: Slot | None, now: datetime) -> dict[str, Any]:
    """Return `since` and `until` of a stretch of time; an `until` that is not before now says nothing and is left out."""
    found = _span(slot, now) if slot else None
    if found is None:
        return {}
    out: dict[str, Any] = {}
    if found.since is not None:
        out["since"] = times.iso(found.since)
    if found.until is not None and found.until < now:
        out["until"] = times.iso(found.until)
    return out


_LEADING = re.compile(
    r"\b(?:since|after|before|until|till|within|between|older than|newer than|more than|less than|later than|earlier than"
    r"|(?:in|over|during|within|for) (?:the )?(?:last|past)|the (?:last|past)|last|past|this|prior to|up to)$",
    re.IGNORECASE,
)


def _span(slot: Slot, now: datetime) -> times.Interval | None:
    """Resolve a slot of time, with the preposition that was left before it, or without words at its ends that name no time."""
    if re.search(r"\b(?:not|no)$", slot.before.lower()):
        negated = times.resolve(f"not {slot.text}", now)
        if negated is not None:
            return negated
    lead = _LEADING.search(slot.before)
    if lead is not None and not _LEADING.match(slot.text + "$"):
        found = times.resolve(f"{lead[0]} {slot.text}", now)
        if found is not None:
            return found
    words = slot.text.split()
    tries = [words, *(words[i:] for i in range(1, len(words))), *(words[:-i] for i in range(1, len(words)))]
    return next((f for t in tries if (f := times.resolve(" ".join(t), now)) is not None), None)


def point_arg(text: str | None, now: datetime, *, first: bool = False) -> str | None:
    """Return a point in time as ISO 8601, or None where the words name none."""
    at = times.point(text, now, first=first) if text else None
    return times.iso(at) if at else None


def describes(clause: Clause, *, when: bool = True) -> bool:
    """Tell whether the clause describes a set of files."""
    return any(s.name in DESCRIBING or (when and s.name == "WHEN") for s in clause.slots)


def retrieve_args(clause: Clause, now: datetime, *, query: str = "QUERY", when: bool = True) -> dict[str, Any]:
    """Return the arguments of the `retrieve` that finds what the clause describes."""
    out: dict[str, Any] = {}
    clause = sized(_said_to_occur(clause))
    shaped = _shaped(clause)
    said = [s for s in clause.all(query) if s is not shaped]
    topic = " ".join(values.bare(s.text) if i else _topic(_whole(s)) for i, s in enumerate(said))
    if topic:
        out["query"] = topic
    for family in _FAMILIES:
        out |= _listed(clause, family)
    out |= _institution(clause)
    out |= {k: v for k, v in _single_values(clause).items() if v is not None}
    out |= _place(clause)
    if when:
        out |= span_args(next(iter(clause.all("WHEN")), None), now)
    at = point_arg(clause.first("AT"), now)
    return out | ({"at": at} if at else {})


def _listed(clause: Clause, family: tuple[str, ...]) -> dict[str, Any]:
    """Return the lists of one family of slots; what stands between two members tells whether all or one of them are meant."""
    said = clause.all(*family)
    joints = {s.before.lower().split()[-1] for s in said[1:] if s.before}
    either = bool(said) and bool(re.search(r"\b(?:either|any of|one of)$", said[0].before.lower()))
    out: dict[str, tuple[str, ...]] = {}
    for s in said:
        name = s.name
        if len(family) == 2 and len(said) > 1:
            name = family[1] if "or" in joints or either else family[0] if "and" in joints else s.name
        text = _item(s)
        if text and text not in out.get(_LISTS[name], ()):
            out[_LISTS[name]] = (*out.get(_LISTS[name], ()), text)
    return out


_MENTION = re.compile(r"\b(?:mention(?:s|ing|ed)?|contain(?:s|ing)? the (?:words?|phrase|name|term))(?: the| a| an| our| my)?$")
_WITHOUT = re.compile(
    r"\b(?:without|w/o|lacking|excluding|(?:nothing|none|not any) (?:with|that says|mentioning|containing))"
    r"(?: the)?(?: words?| phrase| term)?$"
)
_LONGEST_NAME = 4


def _said_to_occur(clause: Clause) -> Clause:
    """Return the clause with a topic that is said to be mentioned as words that occur: "that mention the Lisbon office"."""
    out: list[Slot] = []
    for s in clause.slots:
        last = out[-1] if out and out[-1].name == "KW" else None
        if s.name in ("KW", "ANYKW", "QUERY") and _WITHOUT.search(s.before.lower()):
            s = replace(s, name="EXCL")
        if last and s.name == "AUTHOR" and s.before.endswith(f" {last.text}"):
            out[-1] = replace(last, text=f"{last.text} {s.text}")
        elif s.name == "QUERY" and len(s.text.split()) <= _LONGEST_NAME and _mentioned(s, last):
            out.append(replace(s, name="KW"))
        else:
            out.append(s)
    return replace(clause, slots=tuple(out))


def _mentioned(s: Slot, last: Slot | None) -> bool:
    """Tell whether "mentioning" leads to a topic, or "and" from words that are said to occur."""
    joined = last is not None and s.before.endswith(f"{last.text.split()[-1]} and")
    return joined or bool(_MENTION.search(s.before.lower()))


_FROM = re.compile(r"\b(?:papers?|articles?|publications?|preprints?|theses) from (?:the )?([A-Z]{2,6})\b(?! (?:and|or)\b)")


def _institution(clause: Clause) -> dict[str, Any]:
    """Return the institution whose abbreviation nothing else took: "papers from MIT" names one, where no slot has it."""
    found = _FROM.search(clause.text)
    if found is None or any(found[1] in s.text for s in clause.slots) or clause.all("AFFIL", "ANYAFFIL"):
        return {}
    return {"affiliations": (found[1],)}


_CUT_OFF = re.compile(r"\b(?:about|on|regarding|concerning)\s+([^\W\d_][\w-]*)$", re.IGNORECASE)
_LINKS = frozenset("the a an my our how what which that this top either both all any some it to topic subject of".split())


def _whole(s: Slot) -> str:
    """Return a topic with the word between it and its "about" that got lost: "(about) keeping hot data"."""
    lost = _CUT_OFF.search(s.before)
    return f"{lost[1]} {s.text}" if lost and lost[1].lower() not in _LINKS and not s.mark else s.text


def _topic(text: str) -> str:
    return re.sub(r"^(?:about|on|regarding|concerning|related to|with|to|for|of)\s+", "", text.strip().rstrip(".,;:!?").strip())


def _item(s: Slot) -> str:
    text = values.bare(s.text) if not s.mark else s.text
    if s.name in _PEOPLE:
        return re.sub(r"['’]s?$", "", text)
    return text.lstrip("#") if s.name == "HASTAG" else text


def _single_values(clause: Clause) -> Mapping[str, Any]:
    first = clause.first
    order = next(iter(clause.all("SORT")), None)
    k = values.count(first("K") or "")
    if k is None and order is not None and _is_one(order):
        k = 1
    names = clause.all("GLOB")
    return {
        "mode": _not_default(values.mode(first("MODE") or ""), "hybrid"),
        "k": k,
        "type": values.file_type(first("TYPE") or ""),
        "language": values.language(first("LANG") or ""),
        "sort": _not_default(values.sort(order.text) if order else None, "score"),
        "size_min": values.size(_size(clause, "SIZEMIN", "SIZEMAX")),
        "size_max": values.size(_size(clause, "SIZEMAX", "SIZEMIN")),
        "like": first("LIKE"),
        "name": values.name_pattern(names[0].text, names[0].before) if names else None,
    }


_UPPER = re.compile(
    r"\b(?:small\w*|under|below|less|at most|up to|no (?:big|larg|more)\w*|not (?:big|larg|more|over)\w*|max\w*)\b"
)
_LOWER = re.compile(r"\b(?:big\w*|larg\w*|over|above|more|at least|exceed\w*|heav\w*|min\w*|no less|not under)\b")


def sized(clause: Clause) -> Clause:
    """Return the clause with the bounds of size as the words before them say: "smaller than" is an upper one."""
    out = []
    for s in clause.slots:
        if s.name in ("SIZEMIN", "SIZEMAX"):
            lead = s.before.lower()
            name = "SIZEMAX" if _UPPER.search(lead) else "SIZEMIN" if _LOWER.search(lead) else s.name
            out.append(replace(s, name=name))
        else:
            out.append(s)
    return replace(clause, slots=tuple(out))


def _size(clause: Clause, name: str, other: str) -> str:
    """Return a size with its unit: its own, that of the word behind it, or that of the other size ("between 1 and 5 MB")."""
    slot = next(iter(clause.all(name)), None)
    if slot is None:
        return ""
    units = (slot.text, slot.after, *(f"{s.text} {s.after}" for s in clause.all(other)))
    unit = next((m[0] for u in units if (m := re.search(r"\b\d*([kmgt]i?b?|bytes?|[a-z]+bytes?)\b", u.lower()))), "")
    return slot.text if re.search(r"[a-z]", slot.text.lower()) else f"{slot.text} {unit.lstrip('0123456789')}"


def _not_default(value: str | None, default: str) -> str | None:
    return None if value == default else value


def _is_one(order: Slot) -> bool:
    """Tell whether "the newest" is followed by a single thing."""
    if re.search(r"first|order|by |sort", order.text.lower()):
        return False
    if order.after.lower() in ("first", "on", "at", "ones"):
        return False
    return bool(order.after) and not _PLURAL.fullmatch(order.after.lower()) and order.after.isalpha()


def _place(clause: Clause) -> dict[str, Any]:
    """Return where to look: a folder, or a file's name where a retrieve names one."""
    out: dict[str, Any] = {}
    folder = next(iter(clause.all("FOLDER")), None) or _shaped(clause)
    if folder is not None:
        out["under"] = folder_name(folder.text)
    for s in clause.all("PATH"):
        if s.mark in (FILE, QUOTED_PATH, GLOB):
            out.setdefault("name", s.text)
        elif s.mark == FOLDER or "under" not in out:
            out.setdefault("under", folder_name(s.text))
    return out


def _shaped(clause: Clause) -> Slot | None:
    """Return a topic that is a folder by its shape: an identifier after "in", "within", "focusing on"."""
    for s in clause.all("QUERY"):
        if s.mark == IDENT and re.search(r"\b(?:in|within|under|inside|from|focus\w* on)$", s.before.lower()):
            return s
    return None


def folder_name(text: str) -> str:
    """Return a folder as it was named, without the slash at its end."""
    return text.strip().rstrip(",;").rstrip("/") or "/"
