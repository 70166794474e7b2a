"""A second reading of a clause, so that no condition is lost or turned round: what it would cost is somebody's files.

"Delete everything in tmp older than 90 days" names a folder to look in, not a folder to delete; "not changed since May" is what
was changed before; and "except the ones tagged keep" must never become "the ones tagged keep". What can be said otherwise is
said otherwise; the rest becomes a question.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lsfs_syscalls.parse import asking, foreign, lost, roles, values
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.filters import DESCRIBING

_ON_SETS = frozenset("delete move copy tag untag lock unlock link rollback summarize translate concat".split())
_NAMED_BY_KIND = frozenset("retrieve group_by tag move copy summarize link".split())
_KIND = re.compile(
    r"(?:(?:^|\b(?:find|get|show|list|tag|label|move|put|copy|summari[sz]e|share|collect)(?: me)? )(?:all |the |my |our |of )+"
    r"|\b(?:group|sort|organi[sz]e|arrange|cluster|split|bucket|order|categori[sz]e|classify)(?: up)? "
    r"(?:all |the |my |our |of )*)"
    r"(?P<kind>[a-z][a-z-]{2,}s)\b"
)
_NO_KIND = re.compile(
    r"(?:file|document|doc|paper|article|note|page|text|thing|one|item|result|hit|change|version|duplicate|folder|other|word|"
    r"pdf|csv|image|photo|picture|spreadsheet|slide|mail|email|latest|newest|it|this|contents?)s?"
)
_THEM = r"(?:it|them|these|those|all of them|this|that)"
_TO = re.compile(
    rf"\b(?:move|put|copy) {_THEM} (?:to|into|in|under) (?:the )?(?P<last>[\w./-]+)(?: folder| directory)?[ .!]*$", re.I
)
_TAG = re.compile(rf"\b(?:tag|label|mark) {_THEM} (?:as |with )?(?P<last>[\w-]+)[ .!,;]*$", re.I)
_LAST = {"move": ("TO", _TO), "copy": ("TO", _TO), "tag": ("TAG", _TAG)}
_INSIDE = re.compile(r"\b(?:in|inside|under|below|beneath|within|from)(?: (?:the|my|our))?(?: (?:folder|directory))?$")
_WHOLE = re.compile(r"\b(?:folder|directory)$")
_UNCHANGED = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\b(?:nobody|no one|none of us)(?: has| have)?)(?: been)? "
    r"(?:changed|modified|touched|edited|updated|opened|used|written)(?: (?:it|them))?$"
)
_LEFT_OUT = re.compile(r"(?:\bexcept(?:ing)?|\bexcluding|\bapart from|\bother than|\bunless|\bnot|n['’]t)\b(?P<rest>.*)$")
_KIND_IN = re.compile(
    r"\b(?:all|every|each|alle|tous|toutes|todos|todas|tutti|tutte) (?!(?:folders?|director))(?:\w+ ){1,2}"
    r"(?:in|inside|under|below|within|from|of|im|dans|en|nella?)(?: the| my| our| der| dem)?$"
)
_BOTH_PLACES = re.compile(r"\b(?:also (?:be )?(?:in|under)|as well as where|a copy|copies)\b")
_NEAR = 4  # words
_NEXT = re.compile(r"[,.;:]|\b(?:and|then|only)\b")
_PLACED = re.compile(
    r"\b(?:\w+s|everything|anything|all|ones) (?:that (?:is|are|lies?) )?(?:in|inside|under|below|within)"
    r" (?:the |my |our )?(?:folder |directory )?(?P<folder>[\w./-]+)"
)
_HOME = re.compile(
    r"\b(?:from|out of|on) (?:the |my |our )?(?P<folder>(?:Downloads?|Desktop|Documents|Pictures|Music|Videos|Camera|Inbox)\b"
    r"|downloads\b|desktop\b)"
)
"""Folders that everybody has; anything else behind "from" may be a person or a town."""
_NARROWING = DESCRIBING - {"EXCL", "K", "SORT", "MODE", "GLOB"}
_PICKING = _NARROWING | {"K", "SORT", "GLOB"}


def reread(clause: Clause) -> Clause:
    """Return the clause as it is meant.

    Raises:
        Unclear: it leaves files out in a way that no call can.
    """
    clause = roles.settle(lost.find(foreign.find(clause)))
    slots = tuple(_unchanged(s) for s in clause.slots)
    if any(_leaves_out(s, clause.text) for s in slots):
        raise Unclear(asking.LEFT_OUT)
    slots = (*slots, *_last_word(clause.intent, slots, clause.text))
    if clause.intent in _NAMED_BY_KIND:
        slots = _with_kind(slots, clause.text)
    if clause.intent in ("copy", "move"):
        slots = _taken_from(slots)
    if clause.intent in roles.EMPTIED:
        slots = tuple(_described(s, slots) for s in slots)
        if _lost_kind(slots):
            raise Unclear(asking.WHICH_FILES)
    if clause.intent == "move" and _BOTH_PLACES.search(clause.text.lower()):
        clause = replace(clause, intent="copy")
    if clause.intent in _ON_SETS:
        slots = _with_place(_looked_in(slots), clause.text)
    return replace(clause, slots=slots)


def _unchanged(s: Slot) -> Slot:
    """Turn "(not changed) since May" into "before May", and "(not opened) in 2 years" into "older than 2 years"."""
    if s.name == "WHEN" and re.search(r"\bnot$", s.before.lower()) and s.text.lower().startswith("older than "):
        age = s.text[len("older than ") :]
        return replace(s, text=f"since {age}" if age.isdigit() else f"newer than {age}", before="")
    if s.name != "WHEN" or not _UNCHANGED.search(s.before.lower()):
        return s
    said = re.sub(r"^(?:since|after)\s+", "before ", s.text, flags=re.IGNORECASE)
    said = re.sub(r"^(?:in|for|within|during)\s+(?:the\s+)?(?:last\s+|past\s+)?", "older than ", said, flags=re.IGNORECASE)
    return replace(s, text=said, before="")


def _leaves_out(s: Slot, text: str) -> bool:
    """Tell whether what the slot names is to be left out, which only words (EXCL) can be."""
    if s.name == "EXCL" and values.is_format(s.text) and s.after.lower() in ("", "files", "documents", "ones", "."):
        return True  # "but not the csv files": which word stands in them does not say which they are
    if s.name not in _NARROWING or _UNCHANGED.search(s.before.lower()):
        return False
    found = _LEFT_OUT.search(text[: text.find(s.text)].lower())
    return found is not None and len(found["rest"].split()) <= _NEAR and not _NEXT.search(found["rest"])


def _looked_in(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Make the one folder that is named where a described set is looked for a folder to look in."""
    paths = [s for s in slots if s.name == "PATH"]
    narrowed = any(s.name in _PICKING or (s.name == "WHEN" and not _goal(s)) for s in slots)
    if len(paths) != 1 or not narrowed or any(s.name == "FOLDER" for s in slots) or "." in paths[0].text.rpartition("/")[2]:
        return slots
    if not _INSIDE.search(paths[0].before.lower()) or _WHOLE.search(paths[0].after.lower()):
        return slots
    return tuple(replace(s, name="FOLDER") if s is paths[0] else s for s in slots)


def _described(s: Slot, slots: tuple[Slot, ...]) -> Slot:
    """Read "logs before June" as files of that time: a folder of that name would be taken whole.

    Raises:
        Unclear: it is said to be a folder, so the time is that of something in it.
    """
    paths = [o for o in slots if o.name == "PATH"]
    timed = any(o.name == "WHEN" and not _goal(o) for o in slots)
    if s.name != "PATH" or s.mark or not timed or len(paths) != 1:
        return s
    if re.search(r"\b(?:folder|directory)$", s.before.lower()):
        raise Unclear(asking.WHICH_FILES)
    if re.search(r"\b(?:file|called|named)$", s.before.lower()):
        return s
    return replace(s, name="FOLDER" if re.search(r"\b(?:from|in|inside|under)$", s.before.lower()) else "QUERY")


def _lost_kind(slots: tuple[Slot, ...]) -> bool:
    """Tell whether a folder was taken for the object although a kind of thing in it was named ("alle Bilder in tmp")."""
    paths = [s for s in slots if s.name == "PATH"]
    others = any(s.name in _PICKING or s.name in ("WHEN", "FOLDER", "REF") for s in slots)
    return len(paths) == 1 and not others and bool(_KIND_IN.search(paths[0].before.lower()))


def _taken_from(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Read "copy plan.md from notes" as the file below the folder."""
    sources = [s for s in slots if s.name == "SRC" and s.mark]
    folders = [s for s in slots if s.name == "PATH" and _INSIDE.search(s.before.lower())]
    if len(sources) != 1 or len(folders) != 1:
        return slots
    names = {id(sources[0]): "PATH", id(folders[0]): "FOLDER"}
    return tuple(replace(s, name=names.get(id(s), s.name)) for s in slots)


def _last_word(intent: str, slots: tuple[Slot, ...], text: str) -> list[Slot]:
    """Return where something goes ("move it to archive") or the tag ("tag them unread") that no slot took."""
    form = _LAST.get(intent)
    found = form[1].search(text) if form and not any(s.name == form[0] for s in slots) else None
    return [Slot(form[0], found["last"].rstrip("."))] if form and found else []


def _with_kind(slots: tuple[Slot, ...], text: str) -> tuple[Slot, ...]:
    """Add the kind of thing ("the invoices") that no slot took, where nothing else says which files."""
    if any(s.name in _NARROWING or s.name in ("FOLDER", "PATH", "REF", "SRC", "WHEN") for s in slots):
        return slots
    found = _KIND.search(text.lower())
    if found is None or _NO_KIND.fullmatch(found["kind"]) or any(found["kind"] in s.text.lower() for s in slots):
        return slots
    return (Slot("FOLDER" if found["kind"] == "downloads" else "QUERY", found["kind"]), *slots)


def _with_place(slots: tuple[Slot, ...], text: str) -> tuple[Slot, ...]:
    """Add the folder ("files in downloads ...") that no slot took: a set must not grow because it was lost."""
    if any(s.name in ("FOLDER", "PATH", "REF") for s in slots):
        return slots
    found = _PLACED.search(text) or _HOME.search(text)
    if found is None or any(found["folder"].lower() in s.text.lower() for s in slots):
        return slots
    return (*slots, Slot("FOLDER", found["folder"].rstrip("."), before=text[: found.start("folder")].rstrip()))


def _goal(s: Slot) -> bool:
    return re.search(r"\b(?:to|as of|was|were|on|at)$", s.before.lower()) is not None
