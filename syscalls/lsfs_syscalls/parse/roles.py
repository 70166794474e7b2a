"""What a stretch of text is for, where the words before it say it more surely than the model does.

"in the folder interviews" is a folder, "from early October" a stretch of time and no state to go back to, "keep the originals"
the contrary of throwing them away. Each rule looks at one slot and the words that lead to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from lsfs_syscalls import times
from lsfs_syscalls.parse import values
from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.words import FILE

Rule = Callable[[Clause, Slot], Slot | None]

_FOLDER = re.compile(r"\b(?:folder|directory|subfolder)(?: called| named)?$")
_IN = re.compile(r"\b(?:in|inside|under|below|within|from)(?: the| my| our)?$")
_PLACES = frozenset(
    "archive archives music photos pictures images videos movies mail recordings documents notes slides".split()
)
_DATED = re.compile(r"\b(?:from|dated|in|during|around|of|made|written|created|taken|sent|since|before|after)$")
_STATE = re.compile(r"\b(?:as|looked|back|were|was|stood|state|version)\b")
_USING = re.compile(r"\b(?:us(?:ing|es?)|import(?:ing|s)?|call(?:ing|s)|invok(?:ing|es?))$")
_BY = re.compile(r"\b(?:on|by|using|via)(?: the| their)?(?: column| field| key)?$")
_PAGE = re.compile(r"\b(?:page|chapter|section|slide|sheet|line|row)s?$")
_KEEP = re.compile(r"\b(?:keep|keeping|leave|leaving|retain|retaining|preserve|preserving|stay)\b")
_DROP = re.compile(r"\b(?:delet|remov|drop|throw|eras|discard|trash|bin|rid)")
_NOT = re.compile(r"\b(?:not|never|without|don['’]?t|no longer|no need)\b|n['’]t\b")
_OMIT = re.compile(
    r"\b(?:leav(?:e|ing) out|skip(?:ping)?|ignor(?:e|ing)|exclud(?:e|ing)|omit(?:ting)?|drop(?:ping)?|minus)\b[^,;.]*$"
)
_OWNER = re.compile(r"^(?:the )?(?:(?:agent|program|user|bot|assistant|tool) )?(?=\S)", re.IGNORECASE)
_EMPTY = re.compile(
    r"\b(?:empty|zero[- ]byte|0[- ]byte) (?:\w+ ){0,2}(?:files?|documents?|notes?|ones)\b|\bfiles (?:that|which) are empty\b"
)
_ONWARDS = re.compile(r"\s+(?:on|onwards?|and later|or later|and after)$")
_FROM = re.compile(r"^(?:from|since|after)\s+", re.IGNORECASE)
CONTENT = re.compile(
    r"\b(?:everything|anything|all|files?|documents?|docs?|contents?|stuff|things?|items?|ones|photos?|images?|notes?|pdfs?)"
    r" (?:that (?:is|are|lies?) )?(?:in|inside|under|below|within|from|of)(?: (?:the|my|our))?(?: (?:folder|directory))?$"
    r"|^(?:please )?(?:empty|clear(?: out)?)(?: (?:the|my|our))?(?: (?:folder|directory))?$"
)
_OF_TIME = re.compile(r"(?P<when>(?P<which>this|last) (?:week|month|quarter|year|weekend))['’]s (?P<what>.+)", re.IGNORECASE)
_KINDS = r"(?:University|Institute|College|School|Academy|Laborator(?:y|ies)|Labs?|Hospital|Polytechnic|Foundation)"
_INSTITUTION = re.compile(
    rf"\b(?:(?:[A-Z][\w.&'-]* )+{_KINDS}(?: of(?: the)?(?: [A-Z]\w*)+)?|{_KINDS} of(?: the)?(?: [A-Z]\w*)+)"
)
_NAMES = frozenset({"AFFIL", "ANYAFFIL", "AUTHOR", "ANYAUTHOR"})
_CAPITAL = re.compile(r"[A-Z][^\W\d_]+(?:['-][^\W\d_]+)*")
_FIRST_NAME = re.compile(r"[^\W\d_A-Z]\w* ([A-Z][^\W\d_]{2,})$")
EMPTIED = frozenset("delete move copy tag untag".split())
_OVER_SETS = frozenset("delete move copy tag untag link".split())
_UNMISTAKABLE = 0.6
_PUT = frozenset("create create_directory write append copy move".split())
_PUT_THERE = re.compile(
    r"(?:and |then )*(?:please )?(?:move|put|place|copy)\b.*\b(?:there|inside|(?:into|in) it)\W*(?:please|pls)?\W*$"
)
_SETS = frozenset("retrieve list delete move copy tag untag link summarize group_by".split())


def settle(clause: Clause) -> Clause:
    """Return the clause with each slot in the role that the words around it give it."""
    slots = clause.slots
    for rule in _RULES:
        slots = tuple(s for old in slots if (s := rule(replace(clause, slots=slots), old)) is not None)
    if _PUT_THERE.match(clause.text.lower()) and clause.all("PATH") and clause.intent in _PUT:
        intent = "copy" if "copy" in clause.text.lower().split() else "move"
        clause = replace(clause, intent=intent, confidence=max(clause.confidence, _UNMISTAKABLE))
    return _empty(replace(clause, slots=_months(_institution(slots, clause.text))))


def _folder(_: Clause, s: Slot) -> Slot | None:
    """Read a word behind "folder", and a place such as "in archive", as the folder it is."""
    lead = s.before.lower()
    if s.name == "QUERY" and _FOLDER.search(lead) and " " not in s.text:
        return replace(s, name="FOLDER")
    placed = s.name == "TYPE" and s.text.lower() in _PLACES and _IN.search(lead)
    return replace(s, name="FOLDER") if placed and s.after.lower() not in ("format", "form", "file", "files") else s


def _kind(c: Clause, s: Slot) -> Slot | None:
    """Read a kind of text that is no format ("essays") as the topic, or leave it out where there is another."""
    if s.name != "TYPE" or values.is_format(s.text) or c.intent == "duplicates":
        return s
    return None if c.all("QUERY", "KW", "PATH") else replace(s, name="QUERY")


def _dated(c: Clause, s: Slot) -> Slot | None:
    """Read "the letter from early October" as when it was made: only a state that is spoken of is a state."""
    if c.intent != "retrieve" or s.name != "AT" or not _DATED.search(s.before.lower()) or _STATE.search(c.text.lower()):
        return s
    return s if c.all("WHEN") else replace(s, name="WHEN")


def _occurring(_: Clause, s: Slot) -> Slot | None:
    """Read "python files using asyncio" as a word in them, not in their names."""
    return replace(s, name="KW") if s.name == "GLOB" and _USING.search(s.before.lower()) else s


def _key(c: Clause, s: Slot) -> Slot | None:
    """Read the third name of a join ("a.csv with b.csv on customer_id") as what they have in common."""
    sides = c.all("PATH", "FOLDER", "OTHER", "QUERY", "QUERY2")
    last = c.intent == "join" and len(sides) == 3 and s is sides[-1] and not c.all("KEY")
    return replace(s, name="KEY") if last and _BY.search(s.before.lower()) else s


def _version(_: Clause, s: Slot) -> Slot | None:
    """Leave out the number of a page: it is no version."""
    return None if s.name == "VERSION" and _PAGE.search(s.before.lower()) else s


def _parts(_: Clause, s: Slot) -> Slot | None:
    """Tell "keep the originals" from "throw the pieces away"; what is neither keeps them."""
    if s.name != "DROP":
        return s
    said = f"{s.before.rpartition(',')[2]} {s.text}".lower()
    kept, dropped, turned = bool(_KEEP.search(said)), bool(_DROP.search(said)), bool(_NOT.search(said))
    return None if (kept and not turned) or (dropped and turned) else s


def _left_out(c: Clause, s: Slot) -> Slot | None:
    """Read the words behind "skip anything mentioning" as words that must not occur."""
    if s.name not in ("KW", "ANYKW") or not _OMIT.search(c.text[: max(0, c.text.find(s.text))].lower()):
        return s
    return replace(s, name="EXCL")


def _sender(c: Clause, s: Slot) -> Slot | None:
    """Read who "the emails from Anna" are by, and where "the pdf files in tmp" are: a deletion has no actor and no goal."""
    lead = s.before.lower()
    if c.intent not in _OVER_SETS or c.all("PATH", "REF"):
        return s
    if s.name == "ACTOR" and not c.all("AUTHOR") and re.search(r"\b(?:from|by)$", lead):
        return replace(s, name="AUTHOR")
    into = s.name == "TO" and c.intent not in ("move", "copy") and not c.all("FOLDER")
    return replace(s, name="FOLDER") if into and _IN.search(lead) else s


def _actor(_: Clause, s: Slot) -> Slot | None:
    """Leave "the agent" out of "the agent codex": the name is the actor."""
    if s.name != "ACTOR" or s.mark:
        return s
    name = _OWNER.sub("", s.text)
    return replace(s, text=name) if name else s


def _institution(slots: tuple[Slot, ...], text: str) -> tuple[Slot, ...]:
    """Put the pieces of one name together: "James Cook University" is one institution, and nobody's name in it."""
    for found in _INSTITUTION.finditer(text):
        pieces = [s for s in slots if s.name in _NAMES and s.text in found[0]]
        if not any(s.name in ("AFFIL", "ANYAFFIL") for s in pieces) or any(s.text == found[0] for s in pieces):
            continue
        whole = replace(next(s for s in pieces if s.name != "AUTHOR" and s.name != "ANYAUTHOR"), text=found[0])
        slots = tuple(whole if s is pieces[0] else s for s in slots if s is pieces[0] or s not in pieces)
    return slots


def _months(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Put the pieces of "this month's bills" apart: when, and what."""
    out: list[Slot] = []
    for s in slots:
        found = _OF_TIME.match(f"{s.before.rpartition(' ')[2]} {s.text}") if s.name == "QUERY" else None
        if found and all(o.name != "WHEN" or o.text == found["which"] for o in out):
            out = [o for o in out if o.name != "WHEN"]
            out += [Slot("WHEN", found["when"]), replace(s, text=found["what"])]
        else:
            out.append(s)
    return tuple(out)


def _empty(clause: Clause) -> Clause:
    """Add the size of "empty files", which no slot has, to what describes a set."""
    if clause.intent not in _SETS or not _EMPTY.search(clause.text.lower()) or clause.all("SIZEMIN", "SIZEMAX", "PATH"):
        return clause
    intent = "retrieve" if clause.intent == "list" else clause.intent
    return replace(clause, intent=intent, slots=(*clause.slots, Slot("SIZEMAX", "0 bytes")))


def _name(c: Clause, s: Slot) -> Slot | None:
    """Read "Piotr Wrona" whole, where the model took one of the names alone."""
    if s.name not in ("AUTHOR", "ANYAUTHOR") or not _CAPITAL.fullmatch(s.text):
        return s
    first = _FIRST_NAME.search(s.before)
    if first and not any(first[1] in o.text for o in c.slots):
        return replace(s, text=f"{first[1]} {s.text}")
    if not _CAPITAL.fullmatch(s.after) or any(s.after in o.text for o in c.slots):
        return s
    return replace(s, text=f"{s.text} {s.after}", after="")


def _other(c: Clause, s: Slot) -> Slot | None:
    """Read a second name as one more of them, where the call has no second side."""
    source = s.name == "SRC" and c.intent in ("copy", "move", "rename") and not c.all("PATH", "REF")
    second = s.name == "OTHER" and s.mark and c.intent not in ("diff", "join")
    return replace(s, name="PATH") if source or second else s


def _whose(c: Clause, s: Slot) -> Slot | None:
    """Leave out "today's" before a file's name, and a time's words that name none where others do."""
    if s.name == "PATH" and not s.mark and s.text.endswith("'s") and times.is_time(s.text) and c.all("OTHER", "PATH")[1:]:
        return None
    several = s.name == "WHEN" and len(c.all("WHEN")) > 1
    return None if several and not times.is_time(s.text) and any(times.is_time(w.text) for w in c.all("WHEN")) else s


def _open_end(_: Clause, s: Slot) -> Slot | None:
    """Read "from 2021 on" as since 2021."""
    if s.name != "WHEN" or not _ONWARDS.search(f"{s.text} {s.after}".lower()):
        return s
    return replace(s, text="since " + _ONWARDS.sub("", _FROM.sub("", f"{s.text} {s.after}")), after="")


def _looked_in(c: Clause, s: Slot) -> Slot | None:
    """Read "all files in tmp" and "the oldest file in tmp" as what is in the folder, never as the folder."""
    if s.name != "PATH" or c.intent not in EMPTIED or s.mark == FILE or len(c.all("PATH")) > 1 or c.all("FOLDER"):
        return s
    return replace(s, name="FOLDER") if CONTENT.search(s.before.lower()) else s


_RULES: tuple[Rule, ...] = (
    _name,
    _other,
    _whose,
    _open_end,
    _looked_in,
    _folder,
    _kind,
    _dated,
    _occurring,
    _key,
    _version,
    _sender,
    _parts,
    _left_out,
    _actor,
)
