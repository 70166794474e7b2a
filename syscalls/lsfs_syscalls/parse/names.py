"""Names as people say them, settled against the files there are: one that fits alone is taken, several are a question.

The catalogue is behind `ParseContext.candidates`; nothing here reads it directly. Names of things that are yet to be made (the
target of a move, a new file) are left as they are, and so are names that nothing resembles: running the call says that they do
not exist.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from lsfs_syscalls.calls.record import Call
from lsfs_syscalls.calls.table import call_from_json
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.context import Candidates

_EXISTING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("stat", "read", "history", "translate", "lock", "unlock", "forget", "watch"), ("path",)),
    **dict.fromkeys(("summarize", "delete", "copy", "move", "rollback", "tag", "untag", "link", "unlink"), ("path", "files")),
    "diff": ("path", "other"),
    "concat": ("files",),
    "retrieve": ("like", "files"),
    "summarize_changes": ("path",),
}
"""Arguments that name something that is there, or was."""
_OF_THE_PAST = frozenset({"stat", "read", "history", "diff", "rollback", "summarize_changes", "forget", "retrieve"})
"""Calls that can mean a file that was deleted; the others mean those that are there."""


def settle(
    steps: tuple[Call, ...], candidates: Candidates, is_there: Callable[[str], bool] | None = None
) -> tuple[tuple[Call, ...], tuple[str, ...]]:
    """Return the steps with the names settled, and a notice for each that was completed.

    Args:
        is_there: tells of a candidate whether it is there now; None: all are.

    Raises:
        Unclear: a name fits several files, or only resembles some.
    """
    notices: list[str] = []
    made: set[str] = set()
    out: list[Call] = []
    for step in steps:
        args: dict[str, Any] = dict(step.to_json())
        look_up = candidates if is_there is None or type(step).syscall in _OF_THE_PAST else _there(candidates, is_there)
        for name in _EXISTING.get(type(step).syscall, ()):
            value = args.get(name)
            if isinstance(value, str) and not value.startswith("$") and value not in made:
                args[name] = _settled(value, look_up, notices)
            elif isinstance(value, list):
                args[name] = [v if v in made else _settled(str(v), look_up, notices) for v in value]
        made |= {str(args[n]) for n in ("path", "to") if n in args}
        out.append(call_from_json(type(step).syscall, args))
    return tuple(out), tuple(notices)


def _there(candidates: Candidates, is_there: Callable[[str], bool]) -> Candidates:
    """Return the look-up without files that are deleted, unless there are no others: then running the call says so."""

    def look_up(name: str) -> list[str]:
        found = candidates(name)
        return [path for path in found if is_there(path)] or found

    return look_up


def _settled(name: str, candidates: Candidates, notices: list[str]) -> str:
    if name.startswith(("/", "~")):
        return name
    found = candidates(name)
    bare = name.rstrip("/").removeprefix("./")
    if not found or bare in found:
        return name
    fitting = [p for p in found if _fits(bare.casefold(), p.casefold())]
    if len(fitting) == 1:
        notices.append(f"`{name}` is {fitting[0]}")
        return fitting[0]
    if fitting:
        raise Unclear(f"Which `{name}` do you mean?", tuple(fitting))
    raise Unclear(f"There is no `{name}`. Did you mean {found[0]}?", tuple(found))


def _fits(name: str, path: str) -> bool:
    """Tell whether `name` is the end of the path, with or without the extension."""
    stem = posixpath.splitext(path)[0]
    return any(p == name or p.endswith("/" + name) for p in (path, stem))
