"""What no slot took although it can be nothing else: where something goes, the folder that is spoken of, what pictures show.

A change that loses a part of its description takes more files than were meant: "photos from the trip to Rome" must not become
all photos. Each form looks at the text of one clause and adds one slot, and only where no slot of its kind is there.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lsfs_syscalls import times
from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.words import FILE

_GOING = re.compile(
    r"\b(?:to|into|under) (?:the |my |our )?(?:folder |directory )?(?P<name>[\w./-]*\w)(?: folder| directory)?[ .!?]*$", re.I
)
_PRONOUNS = frozenset("it them this that these those there me us you him her everyone somebody someone else here other".split())
_FOLDER = re.compile(
    r"\b(?:folder|directory) (?:called |named )?(?P<a>[\w./-]*\w)"
    r"|\b(?:the|my|our) (?P<b>[\w./-]*\w) (?:folder|directory)\b",
    re.I,
)
_NO_NAME = frozenset(
    "and or that which with from for is are was were be as to in into of on at by again so until now against please it there"
    " then if when whole entire same new current root top this parent main other first last once right forever called"
    " named".split()
)
_THE_FOLDER = re.compile(r"\b(?:the|that|this) (?:folder|directory)\b", re.IGNORECASE)
_ON_FOLDER = frozenset("lock unlock watch unwatch list link unlink summarize tag".split())
_OBJECTS = ("PATH", "FOLDER", "REF", "SRC", "QUERY", "KW", "ANYKW", "GLOB", "LIKE", "TYPE", "HASTAG", "AUTHOR", "TAG")
_SETS = frozenset("retrieve move copy delete tag untag link summarize".split())
_SHOWN = re.compile(
    r" (?:of|about|from|showing|with) (?P<what>(?:the|my|our|a|an) [a-z][\w'’-]*(?: (?:[a-z][\w'’-]*|[A-Z][\w'’-]*)){0,5})"
)
_SHOWN_END = re.compile(
    r" (?:to|into|in|under|and|or|as|for|since|before|after|from|by|that|which|with|until|during|on|at|please|older|newer"
    r"|bigger|larger|smaller)\b.*$"
)
_ABOUT = re.compile(
    r"\b(?:about|on|regarding|concerning) (?:the |my |our )?(?P<what>(?!(?:it|them|this|that)\b)[\w'’ -]{3,}?)[ .?!]*$"
)
_FOLDERS = re.compile(
    r"(?:the|my|our) [\w-]+ (?:folder|directory)|(?:the|my|our) (?:folder|directory|downloads?|desktop|inbox)\b.*", re.I
)
_SUFFIX = re.compile(r"\.\w{1,8}")


def find(clause: Clause) -> Clause:
    """Return the clause with the slots that were lost."""
    slots = tuple(_by_suffix(s) for s in clause.slots)
    clause = replace(clause, slots=tuple(_the_folder(s) for s in slots))
    for more in (_goal(clause), _folder(clause), _shown(clause), _topic(clause)):
        if more is not None:
            clause = replace(clause, slots=(*clause.slots, more))
    return clause


def _by_suffix(s: Slot) -> Slot:
    """Read ".bak files" as the files whose names end so."""
    every = (
        s.name == "PATH" and s.mark == FILE and _SUFFIX.fullmatch(s.text) and s.after.lower() in ("files", "file", "documents")
    )
    return replace(s, name="GLOB", text=f"*{s.text}") if every else s


def _the_folder(s: Slot) -> Slot:
    """Read "lock that folder" as the folder, not as the files before it."""
    return replace(s, text=f"{s.text} {s.after}") if s.name == "REF" and s.after.lower() in ("folder", "directory") else s


def _goal(c: Clause) -> Slot | None:
    if c.intent not in ("move", "copy") or c.all("TO") or not (c.all("PATH") or any(s.name in _OBJECTS for s in c.slots)):
        return None
    found = _GOING.search(c.text)
    if found is None or found["name"].lower() in _PRONOUNS or any(found["name"] in s.text for s in c.slots if s.name != "WHEN"):
        return None
    return None if times.is_time(found["name"]) else Slot("TO", found["name"])


def _folder(c: Clause) -> Slot | None:
    if c.intent not in _ON_FOLDER or any(s.name in _OBJECTS for s in c.slots):
        return None
    for found in _FOLDER.finditer(c.text):
        name = found["a"] or found["b"]
        if name.lower() not in _NO_NAME:
            return Slot("FOLDER" if c.intent == "list" else "PATH", name)
    return Slot("REF", "the folder") if c.intent != "list" and _THE_FOLDER.search(c.text) else None


def _shown(c: Clause) -> Slot | None:
    """Return what the pictures, recordings or papers of a described set are of."""
    kind = next((s for s in c.slots if s.name == "TYPE"), None)
    if c.intent not in _SETS or kind is None or c.all("QUERY", "KW", "ANYKW", "PATH", "REF", "FOLDER", "GLOB", "LIKE"):
        return None
    behind = c.text.partition(kind.text)[2]
    found = _SHOWN.match(behind)
    if found is None or _FOLDERS.match(found["what"]):
        return None
    what = _SHOWN_END.sub("", found["what"]) if c.intent != "retrieve" else found["what"]
    taken = any(s is not kind and (s.text in what or what in s.text) for s in c.slots)
    return None if taken or times.is_time(what) else Slot("QUERY", what)


def _topic(c: Clause) -> Slot | None:
    """Return what a search without any slot is about."""
    found = _ABOUT.search(c.text) if c.intent == "retrieve" and not c.slots else None
    return Slot("QUERY", found["what"]) if found and not times.is_time(found["what"]) else None
