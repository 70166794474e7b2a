"""From clauses to a plan: which calls, with which arguments, over which files.

A described set ("delete the pdfs about cats") becomes `retrieve` and then the call on `$1`; "it" and "them" mean the result of
the step before, the file of the step before, or the last answer of the session. What is missing becomes a question. Pure code
over the clause records: rules and model make the clauses, nothing here looks at the prompt again.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from lsfs.errors import BadRequest
from lsfs_syscalls.calls.reading import Retrieve
from lsfs_syscalls.calls.record import Call, Effect
from lsfs_syscalls.calls.table import CALLS, call_from_json
from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.clause import UNCLEAR, UNSUPPORTED, Clause
from lsfs_syscalls.parse.context import ParseContext, picked
from lsfs_syscalls.parse.filters import describes, folder_name, retrieve_args
from lsfs_syscalls.parse.roles import CONTENT, EMPTIED

_ONCE = frozenset("lock unlock tag untag delete forget".split())
SETS = frozenset({"retrieve", "list"})
"""Calls whose result is a set of files that later steps can use."""


class Assembly:
    """The steps so far, and what "it" means after them."""

    def __init__(self, now: datetime, context: ParseContext) -> None:
        self.now = now
        self.context = context
        self.steps: list[Call] = []
        self._set: str | None = None
        self._subject: str | None = None
        self._both: tuple[str, ...] = ()
        self._folder: str | None = None

    def push(self, syscall: str, args: dict[str, Any]) -> str:
        """Add a step and return the reference to its result.

        Raises:
            Unclear: the arguments do not make a call.
        """
        try:
            call = call_from_json(syscall, args)
        except BadRequest as error:
            raise Unclear(_question_for(syscall, args)) from error
        if self.steps and self.steps[-1] == call and (call.effect is Effect.READ or syscall in _ONCE):
            return f"${len(self.steps)}"  # "how big is it and who owns it" is one look
        if self._adds(call):
            return f"${len(self.steps)}"
        self.steps.append(call)
        reference = f"${len(self.steps)}"
        if syscall in SETS:
            self._set, self._subject, self._both = reference, None, ()
        self._remember(syscall, args)
        return reference

    def _adds(self, call: Call) -> bool:
        """Tell whether the call only says more of the one before it, and put it there: "duplicates, and 90 % alike"."""
        if not self.steps:
            return False
        last, more = self.steps[-1], call.to_json()
        if more.get("files") == f"${len(self.steps)}" or more.get("files") == last.to_json().get("files"):
            more.pop("files", None)
        joined = type(last).syscall == "join" and type(call).syscall == "duplicates" and more.keys() == {"threshold"}
        same = type(last) is type(call) and more.keys() <= _MORE.get(type(call).syscall, frozenset())
        if not more or not (same or joined) or more.keys() & last.to_json().keys():
            return False
        self.steps[-1] = call_from_json(type(last).syscall, {**last.to_json(), **more})
        return True

    def _remember(self, syscall: str, args: dict[str, Any]) -> None:
        path = args.get("path")
        self._folder = _folder_of(syscall, args) or self._folder
        named = (path, args.get("other")) if args.get("other") else args.get("files", ())
        if isinstance(named, tuple) and len(named) > 1 and not any(str(n).startswith("$") for n in named):
            self._both = tuple(map(str, named))
        if syscall in ("move", "copy") and path and args.get("to"):
            to = str(args["to"])
            path = to if posixpath.splitext(to)[1] else posixpath.join(to, posixpath.basename(path))
        elif syscall == "concat":
            path = args.get("to")
        if path:
            self._subject = str(path)

    def retrieve(self, clause: Clause, query: str = "QUERY", *, when: bool = True) -> str:
        """Add the retrieve that finds what the clause describes; return its reference."""
        args = retrieve_args(clause, self.now, query=query, when=when)
        if not args:
            raise Unclear(asking.WHICH_FILES)
        return self.push("retrieve", args)

    def files(self, clause: Clause, *, when: bool = True) -> dict[str, Any]:
        """Return `path` or `files`: what the clause's call works on.

        Raises:
            Unclear: it does not say, and nothing before it does.
        """
        paths = self.paths(clause)
        if paths:
            return {"path": paths[0]} if len(paths) == 1 else {"files": tuple(paths)}
        if clause.all("REF") and not (self._knows_nothing and describes(clause, when=when)):
            return self._narrowed(clause, self.referred(clause), when=when)
        if describes(clause, when=when):
            return {"files": self.retrieve(clause, when=when)}
        folder = next(iter(clause.all("FOLDER")), None)
        if folder is not None:
            content = clause.intent in EMPTIED and CONTENT.search(folder.before.lower())
            return {"files": self.retrieve(clause)} if content else {"path": folder_name(folder.text)}
        if self._set is not None:
            return {"files": self._set}
        if self._subject is not None:
            return {"path": self._subject}
        raise Unclear(asking.WHICH_FILE, self.context.files[:5])

    def _narrowed(self, clause: Clause, found: dict[str, Any], *, when: bool) -> dict[str, Any]:
        """Return the referred files, narrowed by what else the clause says of them."""
        if not describes(clause, when=when):
            return found
        among = found["files"] if "files" in found else (found["path"],)
        args = retrieve_args(clause, self.now, when=when)
        return {"files": self.push("retrieve", {**args, "files": among})}

    def paths(self, clause: Clause) -> list[str]:
        """Return the named objects, each below the folder that the clause puts it in."""
        folder = clause.first("FOLDER")
        return [_below(folder, s.text) for s in clause.all("PATH")]

    def one_path(self, clause: Clause) -> str:
        """Return the one file or folder that the clause names.

        Raises:
            Unclear: it names none.
        """
        paths = self.paths(clause)
        if paths:
            return paths[0]
        if clause.all("REF"):
            found = self.referred(clause)
            if "path" in found:
                return str(found["path"])
            raise Unclear(asking.WHICH_FILE, self.context.files[:5])
        folder = clause.first("FOLDER")
        if folder is not None and not describes(clause):
            return folder_name(folder)
        if self._subject is not None and not describes(clause):
            return self._subject
        raise Unclear(asking.WHICH_FILE, self.context.files[:5])

    def referred(self, clause: Clause) -> dict[str, Any]:
        """Return what "it" or "them" stands for: a step's result, a step's file, or files of the last answer."""
        said = (clause.first("REF") or "it").lower()
        if self._folder is not None and _PLACE.search(said):
            return {"path": self._folder}
        if self._both and _SEVERAL.search(said):
            return {"files": self._both}
        if self._subject is not None:
            return {"path": self._subject}
        if self._set is not None:
            return {"files": self._some(said) if _SOME.search(said) else self._set}
        files = self.context.referred(clause.first("REF") or "it")
        if not files:
            raise Unclear(asking.WHICH_FILE, self.context.files[:5])
        return {"path": files[0]} if len(files) == 1 else {"files": files}

    def _some(self, said: str) -> str:
        """Add the retrieve of "the top three" or "the second one" of a set that was found; return its reference.

        Raises:
            Unclear: which of them is meant cannot be said by an order and a number.
        """
        whole = self._set or ""
        found = self.steps[int(whole[1:]) - 1]
        count, first = picked(said)
        if not isinstance(found, Retrieve) or not (found.query or found.sort or found.k) or count is None:
            raise Unclear(asking.WHICH_FILES)
        if found.k is not None and first + count > found.k:
            raise Unclear(asking.WHICH_FILES)
        if found.k == count and not first:
            return whole
        reference = self.push("retrieve", {**found.to_json(), "k": count, **({"offset": first} if first else {})})
        self._set = whole
        return reference

    @property
    def place(self) -> str | None:
        """The folder that was named last."""
        return self._folder

    @property
    def subject(self) -> str | None:
        """The one file that was worked on last."""
        return self._subject

    @property
    def _knows_nothing(self) -> bool:
        """Whether nothing was said before that "it" or "the hits" could mean: then what describes them is all there is."""
        return self._set is None and self._subject is None and not self.context.files

    @property
    def result(self) -> str | None:
        """The reference to the latest set of files, if there is one."""
        return self._set


_MORE = {
    "duplicates": frozenset({"threshold", "containment", "type"}),
    "list": frozenset({"recursive"}),
    "retrieve": frozenset({"size_min", "size_max", "since", "until", "type", "language"}),
}
"""Arguments by which a call may say more of the one before it."""
_TAKE = re.compile(r"(?:please |and |then )*(?:take|get|grab|collect|gather|pick)\b")
_PLACE = re.compile(r"\b(?:folder|directory|there)\b")
_SEVERAL = re.compile(r"\b(?:them|both|these|those|two|all)\b")
_SOME = re.compile(
    r"\b(?:top|first|second|third|fourth|fifth|last|best|next|other|rest|newest|oldest|biggest|smallest)\b|\bone$"
)
Builder = Callable[[Assembly, Clause], None]


def assemble(clauses: list[Clause], now: datetime, context: ParseContext, builders: dict[str, Builder]) -> tuple[Call, ...]:
    """Return the steps that the clauses ask for.

    Raises:
        Unclear: something has to be asked first.
    """
    assembly = Assembly(now, context)
    for clause, following in zip(clauses, [*clauses[1:], None], strict=True):
        if following is not None and _only_takes(clause, following):
            clause = replace(clause, intent="retrieve")
        if clause.intent == UNSUPPORTED:
            raise Unclear(asking.NOT_FOR_FILES)
        if clause.intent == UNCLEAR:
            raise Unclear(asking.WHICH_FILE, context.files[:5])
        builders[clause.intent](assembly, clause)
    if not assembly.steps:
        raise Unclear(asking.UNSURE)
    return _merged(tuple(assembly.steps))


def _folder_of(syscall: str, args: dict[str, Any]) -> str | None:
    """Return the folder that a step names: where something goes, where it looks, or what it makes."""
    if syscall == "create":
        return str(args["path"]) if args.get("kind") == "directory" else None
    to = args.get("to") if syscall in ("move", "copy") else None
    named = to if to and not posixpath.splitext(str(to))[1] else args.get("under")
    return folder_name(str(named)) if named else None


def _only_takes(clause: Clause, following: Clause) -> bool:
    """Tell whether "take the pdfs" only finds what the next clause copies or moves ("copy them to berlin")."""
    names_none = not clause.all("PATH", "REF", "TO") and (not clause.all("FOLDER") or _TAKE.match(clause.text.lower()))
    return clause.intent in ("copy", "move") and bool(names_none) and bool(following.all("REF")) and describes(clause)


def _merged(steps: tuple[Call, ...]) -> tuple[Call, ...]:
    """Return the steps without a first one that only names the folder which the second takes itself."""
    if len(steps) != 2:
        return steps
    where, then = steps[0].to_json(), steps[1].to_json()
    takes = any(a.name == "under" for a in type(steps[1]).arguments())
    if type(steps[0]).syscall in SETS and where.keys() == {"under"} and takes and then.get("files") == "$1":
        return (call_from_json(type(steps[1]).syscall, {**then, "files": None, "under": where["under"]}),)
    return steps


def _below(folder: str | None, path: str) -> str:
    """Return `path` below `folder`, unless it says itself where it is."""
    if folder is None:
        return path
    base = folder_name(folder)
    if path.startswith(("/", "~", base + "/")) or path == base:
        return path
    return posixpath.join(base, path)


_QUESTIONS = {
    "retrieve": asking.WHAT_TO_FIND, "tag": asking.WHAT_TAG, "untag": asking.WHAT_TAG, "snapshot": asking.WHAT_NAME,
    "translate": asking.WHICH_LANGUAGE, "group_by": asking.WHAT_KEY, "join": asking.WHICH_FILES, "move": asking.WHERE_TO,
    "copy": asking.WHERE_TO, "concat": asking.WHERE_TO,
}  # fmt: skip


def _question_for(syscall: str, args: dict[str, Any]) -> str:
    missing = [a.name for a in CALLS[syscall].arguments() if a.required and not args.get(a.name)]
    if missing and missing[0] == "path":
        return asking.WHICH_FILE
    return _QUESTIONS.get(syscall, asking.WHICH_FILE)
