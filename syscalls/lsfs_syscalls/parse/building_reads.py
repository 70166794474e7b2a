"""How the clauses that ask for a reading call become it: which slot fills which argument."""

from __future__ import annotations

import re
from typing import Any

from lsfs_syscalls.parse import asking, values
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.assemble import Assembly, Builder
from lsfs_syscalls.parse.clause import Clause
from lsfs_syscalls.parse.fill import bare, given, number_in, point, stretch
from lsfs_syscalls.parse.filters import describes, folder_name, point_arg, retrieve_args
from lsfs_syscalls.parse.words import QUOTE

_HOW_MANY = re.compile(
    r"(?:(?:please|and|so|ok|hey|tell me|can you tell me|do you know|i want to know|count),? )*"
    r"(?:how many|count|the number of)\b"
)
_NUMBERED = re.compile(
    r"\b(?P<n>\d+|two|three|four|five|six|seven|eight|nine|ten|a dozen) (?:topics?|subjects?|themes?|clusters?|piles|groups)\b"
)


def _retrieve(a: Assembly, c: Clause) -> None:
    args = retrieve_args(c, a.now)
    if c.all("REF") and (a.result is not None or a.context.files):
        found = a.referred(c)
        args["files"] = found.get("files") or (found["path"],)
    if args.keys() == {"files"} and a.steps:
        return  # "... and show me them" is what was found
    if not args or args.keys() <= {"k", "mode"}:
        raise Unclear(asking.WHAT_TO_FIND)
    if _HOW_MANY.match(c.text.lower()):
        args["count"] = True
    a.push("retrieve", args)


def _list(a: Assembly, c: Clause) -> None:
    folder = c.first("FOLDER", "PATH")
    under = folder_name(folder) if folder else None
    if describes(c, when=False):
        a.retrieve(c)
        return
    a.push("list", given(under=under, at=point(a, c), recursive=bool(c.all("REC")) or None))


def _stat(a: Assembly, c: Clause) -> None:
    if not c.all("PATH", "REF", "FOLDER") and c.all("QUERY"):
        a.retrieve(c)  # "what do we know about supply chains?"
        return
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("stat", given(path=path, at=point(a, c)))


def _read(a: Assembly, c: Clause) -> None:
    if not c.all("PATH", "REF") and describes(c):
        a.retrieve(c)
        return
    extra = given(version=number_in(c, "VERSION"), at=point(a, c), lines=values.lines(_slot_in_context(c, "LINES")))
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("read", {"path": path, **extra})


def _slot_in_context(c: Clause, name: str) -> str:
    s = next(iter(c.all(name)), None)
    return f"{s.before} {s.text} {s.after}" if s and not re.search("[a-z]", s.text.lower()) else s.text if s else ""


def _set_or_folder(a: Assembly, c: Clause, *, direct: frozenset[str]) -> dict[str, Any]:
    """Return `under`, `files` or nothing, for calls that take a folder or a set; the call takes the slots `direct` itself."""
    paths = [s.text for s in c.all("PATH")]
    if len(paths) > 1:
        return {"files": tuple(a.paths(c))}
    others = Clause(c.intent, tuple(s for s in c.slots if s.name not in direct))
    if c.all("REF") or describes(others):
        return a.files(Clause(c.intent, tuple(s for s in c.slots if s.name != "PATH")) if paths and describes(others) else c)
    folder = paths[0] if paths else c.first("FOLDER")
    if folder is not None:
        return {"under": folder_name(folder)}
    return {"files": a.result} if a.result else {}


_EVERYTHING = re.compile(r"\b(?:all|every|everything|my|our|the|files?|documents?|alle|tous|todos)\b")
"""Words without which a set that is not named is not the whole tree."""


def _group_by(a: Assembly, c: Clause) -> None:
    key = values.group_key(c.first("KEY") or "") or ("topic" if re.search(r"\bcluster", c.text.lower()) else None)
    numbered = _NUMBERED.search(c.text.lower())
    if numbered and key in (None, "topic"):
        key = f"{values.count(numbered['n'])} topics"
    if not key:
        raise Unclear(asking.WHAT_KEY)
    found = _set_or_folder(a, c, direct=frozenset({"K"}) if numbered else frozenset())
    if "path" in found:
        found = {"under": found["path"]}
    if not found and not _EVERYTHING.search(c.text.lower()):
        raise Unclear(asking.WHICH_FILES)
    a.push("group_by", {**found, "key": key})


def _duplicates(a: Assembly, c: Clause) -> None:
    found = _set_or_folder(a, c, direct=frozenset({"TYPE", "THRESH"}))
    if "path" in found:
        found = {"under": found["path"]}
    extra = given(
        type=values.file_type(c.first("TYPE") or "") if "files" not in found else None,
        threshold=values.threshold(c.first("THRESH") or ""),
        containment=bool(c.all("CONTAIN")) or None,
    )
    a.push("duplicates", {**found, **extra})


def _summarize(a: Assembly, c: Clause) -> None:
    folder = next(iter(c.all("FOLDER")), None)
    if c.all("PATH", "REF"):
        found = a.files(c)
    elif folder is not None and not describes(c) and not re.search(r"\b(?:in|under|inside|below|within|from)\b", folder.before):
        said = re.search(r"\b(?:folder|directory)\b", f"{folder.before} {folder.after}".lower())
        found = {"under" if said else "path": folder_name(folder.text)}
    else:
        found = _set_or_folder(a, c, direct=frozenset())
    if not found:
        raise Unclear(asking.WHICH_FILE, a.context.files[:5])
    a.push("summarize", found | given(focus=values.bare(c.first("FOCUS") or ""), length=values.length(c.first("LENGTH") or "")))


def _join(a: Assembly, c: Clause) -> None:
    sides: list[str] = []
    for s in c.slots:
        if s.name in ("PATH", "FOLDER", "OTHER"):
            sides.append(folder_name(s.text))
        elif s.name in ("QUERY", "QUERY2"):
            sides.append(a.push("retrieve", {"query": values.bare(s.text)}))
    references = [f"${i}" for i, step in enumerate(a.steps, start=1) if type(step).syscall == "retrieve"]
    sides = [r for r in references if r not in sides][: 2 - len(sides)] + sides if len(sides) < 2 else sides
    if not sides and describes(c):
        _retrieve(a, c)
        return
    if len(sides) != 2:
        raise Unclear("Which two sets of files shall I join?")
    on = values.join_key(c.first("KEY") or "") or "content"
    a.push("join", given(left=sides[0], right=sides[1], on=on, threshold=values.threshold(c.first("THRESH") or "")))


def _history(a: Assembly, c: Clause) -> None:
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("history", {"path": path, **stretch(a, c)})


def _diff(a: Assembly, c: Clause) -> None:
    paths = a.paths(c)
    other = c.first("OTHER") or (paths[1] if len(paths) > 1 else None)
    versions = [n for s in c.all("VERSION", "VERSION2") if (n := values.number(s.text)) is not None]
    points = [p for s in c.all("AT", "AT2", "WHEN") if (p := point_arg(s.text, a.now))]
    ends: list[str] = [str(n) for n in sorted(versions)] or sorted(points)
    if len(versions) == 1 and points:
        ends = [str(versions[0]), points[0]]
    if not paths and other is not None:
        paths, other = [other], None
    path = paths[0] if paths else a.one_path(c)
    a.push(
        "diff", given(path=path, other=other, **{"from": ends[0] if ends else None, "to": ends[1] if len(ends) > 1 else None})
    )


_THERE = re.compile(r"\b(?:there|in it|inside)\b")


def _summarize_changes(a: Assembly, c: Clause) -> None:
    paths, folder = a.paths(c), c.first("FOLDER")
    where: dict[str, Any] = {}
    if paths:
        where = {"path": paths[0]} if not paths[0].endswith("/") else {"under": folder_name(paths[0])}
    elif folder is not None:
        where = {"under": folder_name(folder)}
    elif c.all("REF"):
        where = {"path": a.one_path(c)}
    elif a.place is not None and _THERE.search(c.text.lower()):
        where = {"under": a.place}
    elif a.subject is not None:
        where = {"path": a.subject}
    a.push("summarize_changes", where | stretch(a, c))


def _translate(a: Assembly, c: Clause) -> None:
    language = values.language(c.first("LANG") or "") or values.bare(c.first("LANG") or "")
    if not language:
        language = next((code for w in re.findall(r"\w+", c.text) if len(w) > 2 and (code := values.language(w))), "")
    if not language:
        raise Unclear(asking.WHICH_LANGUAGE)
    if any(s.mark == QUOTE and " " in s.text for s in c.all("PATH")):
        raise Unclear(asking.WHICH_FILE)  # a sentence in quotes, not a file
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("translate", {"path": path, "language": language})


def _log(a: Assembly, c: Clause) -> None:
    a.push("log", given(actor=c.first("ACTOR")) | stretch(a, c))


READS: dict[str, Builder] = {
    "retrieve": _retrieve,
    "list": _list,
    "stat": _stat,
    "read": _read,
    "group_by": _group_by,
    "join": _join,
    "duplicates": _duplicates,
    "summarize": _summarize,
    "history": _history,
    "diff": _diff,
    "summarize_changes": _summarize_changes,
    "translate": _translate,
    "log": _log,
    "links": bare("links"),
    "events": bare("events"),
}
