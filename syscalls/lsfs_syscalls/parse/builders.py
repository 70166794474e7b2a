"""How the clause of each intent becomes a call: which slot fills which argument."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import Any

from lsfs_syscalls import times
from lsfs_syscalls.parse import asking, values
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.assemble import Assembly, Builder
from lsfs_syscalls.parse.clause import Clause
from lsfs_syscalls.parse.filters import describes, folder_name, point_arg, retrieve_args, span_args
from lsfs_syscalls.parse.words import QUOTE


def _set(**args: Any) -> dict[str, Any]:
    return {k: v for k, v in args.items() if v not in (None, "", ())}


def _when(a: Assembly, c: Clause) -> dict[str, Any]:
    return span_args(next(iter(c.all("WHEN")), None), a.now)


def _at(a: Assembly, c: Clause, *, first: bool = False) -> str | None:
    return point_arg(c.first("AT") or c.first("WHEN"), a.now, first=first)


def _number(c: Clause, name: str) -> int | None:
    return values.number(c.first(name) or "")


def _retrieve(a: Assembly, c: Clause) -> None:
    args = retrieve_args(c, a.now)
    if c.all("REF") and (a.result is not None or a.context.files):
        found = a.referred(c)
        args["files"] = found.get("files") or (found["path"],)
    if not args or args.keys() <= {"k", "mode"}:
        raise Unclear(asking.WHAT_TO_FIND)
    a.push("retrieve", args)


def _list(a: Assembly, c: Clause) -> None:
    folder = c.first("FOLDER", "PATH")
    under = folder_name(folder) if folder else None
    if describes(c, when=False):
        a.retrieve(c)
        return
    a.push("list", _set(under=under, at=_at(a, c), recursive=bool(c.all("REC")) or None))


def _each_path(syscall: str) -> Builder:
    """Return a builder for calls with nothing but a path: one step for every path that is named."""

    def build(a: Assembly, c: Clause) -> None:
        paths = a.paths(c)
        for path in paths if len(paths) > 1 else [a.one_path(c)]:
            a.push(syscall, {"path": path})

    return build


def _stat(a: Assembly, c: Clause) -> None:
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("stat", _set(path=path, at=_at(a, c)))


def _read(a: Assembly, c: Clause) -> None:
    if not c.all("PATH", "REF") and describes(c):
        a.retrieve(c)
        return
    extra = _set(version=_number(c, "VERSION"), at=_at(a, c), lines=values.lines(_slot_in_context(c, "LINES")))
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


def _group_by(a: Assembly, c: Clause) -> None:
    key = values.group_key(c.first("KEY") or "")
    if not key:
        raise Unclear(asking.WHAT_KEY)
    found = _set_or_folder(a, c, direct=frozenset())
    if "path" in found:
        found = {"under": found["path"]}
    a.push("group_by", {**found, "key": key})


def _duplicates(a: Assembly, c: Clause) -> None:
    found = _set_or_folder(a, c, direct=frozenset({"TYPE", "THRESH"}))
    if "path" in found:
        found = {"under": found["path"]}
    extra = _set(
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
        found = {"path": folder_name(folder.text)}
    else:
        found = _set_or_folder(a, c, direct=frozenset())
    if not found:
        raise Unclear(asking.WHICH_FILE, a.context.files[:5])
    a.push("summarize", found | _set(focus=values.bare(c.first("FOCUS") or ""), length=values.length(c.first("LENGTH") or "")))


def _join(a: Assembly, c: Clause) -> None:
    sides: list[str] = []
    for s in c.slots:
        if s.name in ("PATH", "FOLDER", "OTHER"):
            sides.append(folder_name(s.text))
        elif s.name in ("QUERY", "QUERY2"):
            sides.append(a.push("retrieve", {"query": values.bare(s.text)}))
    references = [f"${i}" for i, step in enumerate(a.steps, start=1) if type(step).syscall == "retrieve"]
    sides = [r for r in references if r not in sides][: 2 - len(sides)] + sides if len(sides) < 2 else sides
    if len(sides) != 2:
        raise Unclear("Which two sets of files shall I join?")
    on = values.join_key(c.first("KEY") or "") or "content"
    a.push("join", _set(left=sides[0], right=sides[1], on=on, threshold=values.threshold(c.first("THRESH") or "")))


def _history(a: Assembly, c: Clause) -> None:
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("history", {"path": path, **_when(a, c)})


def _diff(a: Assembly, c: Clause) -> None:
    paths = a.paths(c)
    other = c.first("OTHER") or (paths[1] if len(paths) > 1 else None)
    versions = [n for n in (_number(c, "VERSION"), _number(c, "VERSION2")) if n is not None]
    points = [p for s in c.all("AT", "AT2", "WHEN") if (p := point_arg(s.text, a.now))]
    ends: list[str] = [str(n) for n in sorted(versions)] or sorted(points)
    if len(versions) == 1 and points:
        ends = [str(versions[0]), points[0]]
    path = paths[0] if paths else a.one_path(c)
    a.push(
        "diff", _set(path=path, other=other, **{"from": ends[0] if ends else None, "to": ends[1] if len(ends) > 1 else None})
    )


def _summarize_changes(a: Assembly, c: Clause) -> None:
    paths, folder = a.paths(c), c.first("FOLDER")
    where: dict[str, Any] = {}
    if paths:
        where = {"path": paths[0]} if not paths[0].endswith("/") else {"under": folder_name(paths[0])}
    elif folder is not None:
        where = {"under": folder_name(folder)}
    elif c.all("REF"):
        where = {"path": a.one_path(c)}
    a.push("summarize_changes", where | _when(a, c))


def _translate(a: Assembly, c: Clause) -> None:
    language = values.language(c.first("LANG") or "") or values.bare(c.first("LANG") or "")
    if not language:
        raise Unclear(asking.WHICH_LANGUAGE)
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("translate", {"path": path, "language": language})


def _log(a: Assembly, c: Clause) -> None:
    a.push("log", _set(actor=c.first("ACTOR")) | _when(a, c))


def _create(a: Assembly, c: Clause) -> None:
    source, content = c.first("SRC"), c.first("CONTENT")
    if source and not c.all("PATH"):
        path = posixpath.join(folder_name(c.first("FOLDER", "TO") or "."), posixpath.basename(source.rstrip("/")))
        a.push("create", {"path": path.removeprefix("./"), "source": source})
        return
    paths = a.paths(c)
    if not paths:
        raise Unclear(asking.WHAT_NAME)
    for path in paths:
        a.push("create", _set(path=path, content=content, source=source))


def _create_directory(a: Assembly, c: Clause) -> None:
    paths = a.paths(c) or [folder_name(s.text) for s in c.all("FOLDER")]
    if not paths:
        raise Unclear(asking.WHAT_NAME)
    for path in paths:
        a.push("create", {"path": folder_name(path), "kind": "directory"})


def _with_text(c: Clause) -> Clause:
    """Return the clause with a quoted text as its content, where it was taken for something else."""
    if c.all("CONTENT", "SRC"):
        return c
    quoted = [s for s in c.slots if s.mark == QUOTE]
    if not quoted or (quoted[0].name == "PATH" and len(c.all("PATH")) < 2):
        return c
    return Clause(c.intent, tuple(replace(s, name="CONTENT") if s is quoted[0] else s for s in c.slots))


def _with_target(c: Clause) -> Clause:
    """Return the clause with the last named thing as its target, where "to", "into", "as" lead to it and no other does."""
    if c.all("TO"):
        return c
    led = [s for s in c.slots if s.name in ("PATH", "FOLDER", "NAME", "OTHER", "CONTENT") and _TARGET.search(s.before.lower())]
    if not led or (led[-1].name == "PATH" and not (len(c.all("PATH")) > 1 or c.all("REF"))):
        return c
    return Clause(c.intent, tuple(replace(s, name="TO") if s is led[-1] else s for s in c.slots))


_TARGET = re.compile(r"\b(?:to|into|as|in|under|called|named|at|inside)(?: the| my| our| a| folder| directory| the folder)*$")


def _write(mode: str | None) -> Builder:
    """Return the builder of `write` with this mode."""

    def build(a: Assembly, c: Clause) -> None:
        c = _with_text(c)
        content, source = c.first("CONTENT"), c.first("SRC")
        if content is None and source is None:
            raise Unclear(asking.WHAT_TEXT)
        path = a.one_path(c) if not c.all("TO") or c.all("PATH") else c.first("TO")
        a.push("write", _set(path=path, content=content, source=source, mode=mode))

    return build


def _touch(a: Assembly, c: Clause) -> None:
    time = _at(a, c, first=True)
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("touch", _set(path=path, time=time))


def _concat(a: Assembly, c: Clause) -> None:
    c = _with_target(c)
    to = c.first("TO")
    found = a.files(Clause(c.intent, tuple(s for s in c.slots if s.name != "TO")))
    if to is None:
        raise Unclear(asking.WHERE_TO)
    files = found.get("files") or (found["path"],)
    a.push("concat", _set(files=files, to=to) | ({"keep": False} if c.all("DROP") else {}))


def _to(syscall: str) -> Builder:
    """Return the builder of `copy` and `move`."""

    def build(a: Assembly, c: Clause) -> None:
        c = _with_target(c)
        to = c.first("TO")
        if to is None and c.all("PATH", "REF") and c.all("FOLDER"):
            to = c.first("FOLDER")
            c = Clause(c.intent, tuple(s for s in c.slots if s.name != "FOLDER"))
        if to is None:
            raise Unclear(asking.WHERE_TO)
        a.push(syscall, {**a.files(c), "to": to})

    return build


def _rename(a: Assembly, c: Clause) -> None:
    c = _with_target(c)
    path, to = a.one_path(c), c.first("TO")
    if to is None and len(c.all("PATH")) == 2:
        to = c.all("PATH")[1].text
    if to is None:
        raise Unclear(asking.WHAT_NAME)
    folder = posixpath.dirname(path.rstrip("/"))
    a.push("move", {"path": path, "to": posixpath.join(folder, to) if "/" not in to.rstrip("/") else to})


def _on_files(syscall: str) -> Builder:
    """Return the builder of calls whose only arguments are the files."""

    def build(a: Assembly, c: Clause) -> None:
        a.push(syscall, a.files(c))

    return build


def _tagging(syscall: str) -> Builder:
    def build(a: Assembly, c: Clause) -> None:
        tags = tuple(dict.fromkeys(values.bare(s.text).lstrip("#") if not s.mark else s.text for s in c.all("TAG")))
        if not tags:
            raise Unclear(asking.WHAT_TAG)
        a.push(syscall, {**a.files(c), "tags": tags})

    return build


def _rollback(a: Assembly, c: Clause) -> None:
    snapshot = c.first("NAME")
    steps, version = values.count(c.first("STEPS") or ""), _number(c, "VERSION")
    named = bool(c.all("PATH"))
    time = point_arg(c.first("AT") or (c.first("WHEN") if named or c.all("REF") else None), a.now)
    bare_set = not c.all("PATH", "FOLDER", "REF") and not describes(c, when=time is None)
    found = {} if (snapshot or time) and bare_set and not a.result else a.files(c, when=not named and c.first("AT") is not None)
    a.push("rollback", found | _set(snapshot=snapshot, steps=None if version or time else steps, version=version, time=time))


def _undo(a: Assembly, c: Clause) -> None:
    since = _when(a, c).get("since") or point_arg(c.first("AT"), a.now, first=True)
    under = c.first("FOLDER", "PATH")
    a.push(
        "undo",
        _set(
            steps=values.count(c.first("STEPS") or ""),
            transaction=_number(c, "VERSION"),
            actor=c.first("ACTOR"),
            since=since,
            under=folder_name(under) if under else None,
        ),
    )


def _snapshot(a: Assembly, c: Clause) -> None:
    name = c.first("NAME")
    if not name:
        raise Unclear(asking.WHAT_NAME)
    a.push("snapshot", {"name": name})


def _link(a: Assembly, c: Clause) -> None:
    until = c.first("DUR") or (c.first("WHEN") if c.all("PATH", "REF") else None)
    expires = times.expiry(until, a.now) if until else None
    a.push("link", a.files(c, when=not c.all("PATH", "REF")) | _set(expires=expires))


def _watch(syscall: str) -> Builder:
    def build(a: Assembly, c: Clause) -> None:
        if c.all("PATH", "REF") or (c.all("FOLDER") and not c.all("QUERY")):
            _each_path(syscall)(a, c)
            return
        query = c.first("QUERY") or " ".join(s.text for s in c.all("KW"))
        if not query:
            raise Unclear(asking.WHAT_TO_WATCH)
        a.push(syscall, {"query": values.bare(query)})

    return build


def _bare(syscall: str) -> Builder:
    """Return the builder of calls without arguments."""

    def build(a: Assembly, _: Clause) -> None:
        a.push(syscall, {})

    return build


def _mount(a: Assembly, c: Clause) -> None:
    a.push("mount", _set(root=c.first("PATH", "FOLDER"), at=c.first("TO")))


def _unmount(a: Assembly, c: Clause) -> None:
    a.push("unmount", _set(at=c.first("PATH", "FOLDER", "TO")))


BUILDERS: dict[str, Builder] = {
    "retrieve": _retrieve, "list": _list, "stat": _stat, "read": _read, "group_by": _group_by, "join": _join,
    "duplicates": _duplicates, "summarize": _summarize, "history": _history, "diff": _diff,
    "summarize_changes": _summarize_changes, "translate": _translate, "log": _log, "create": _create,
    "create_directory": _create_directory, "write": _write(None), "append": _write("append"), "prepend": _write("prepend"),
    "touch": _touch, "concat": _concat, "copy": _to("copy"), "move": _to("move"), "rename": _rename,
    "delete": _on_files("delete"),
    "rollback": _rollback, "undo": _undo, "snapshot": _snapshot, "tag": _tagging("tag"), "untag": _tagging("untag"),
    "lock": _each_path("lock"), "unlock": _each_path("unlock"), "link": _link, "unlink": _on_files("unlink"),
    "watch": _watch("watch"), "unwatch": _watch("unwatch"), "forget": _each_path("forget"), "gc": _bare("gc"), "mount": _mount,
    "unmount": _unmount,
}  # fmt: skip
"""The builder of every intent but the two that are no request."""
