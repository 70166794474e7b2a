"""How the clauses that ask for a change become calls: which slot fills which argument."""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from dataclasses import replace

from lsfs.errors import BadRequest
from lsfs_syscalls import times
from lsfs_syscalls.parse import asking, values
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.assemble import Assembly, Builder
from lsfs_syscalls.parse.clause import Clause, Slot
from lsfs_syscalls.parse.fill import bare, each_path, given, number_in, on_files, point, stretch
from lsfs_syscalls.parse.filters import describes, folder_name, point_arg
from lsfs_syscalls.parse.words import FILE, QUOTE


def _create(a: Assembly, c: Clause) -> None:
    source, content = c.first("SRC"), c.first("CONTENT")
    if source and not c.all("PATH"):
        path = posixpath.join(folder_name(c.first("FOLDER", "TO") or "."), posixpath.basename(source.rstrip("/")))
        a.push("create", {"path": path.removeprefix("./"), "source": source})
        return
    paths = a.paths(c)
    if not paths:
        raise Unclear(asking.WHAT_NAME)
    if source is None and c.all("TO") and paths[0].startswith(("~", "/")):
        a.push(
            "create",
            {"path": posixpath.join(folder_name(c.first("TO") or ""), posixpath.basename(paths[0])), "source": paths[0]},
        )
        return
    for path in paths:
        a.push("create", given(path=_imported(c, path, source), content=content, source=source))


def _imported(c: Clause, path: str, source: str | None) -> str:
    """Return where an import goes: into a folder named after "into" it keeps its name."""
    led = any(s.text == path and re.search(r"\b(?:into|in|to|under)\b[^,]*$", s.before.lower()) for s in c.all("PATH"))
    if source is None or not led or posixpath.splitext(path)[1]:
        return path
    return posixpath.join(folder_name(path), posixpath.basename(source.rstrip("/")))


_INSIDE = re.compile(
    r"\b(?:sub-?)?(?:folder|directory) (?:called |named )?(?P<name>[\w.-]+) (?:in|inside|under|within|below) (?:the |my |our )?"
    r"(?:folder |directory )?(?P<place>[\w./-]*\w)", re.IGNORECASE
)  # fmt: skip


def _create_directory(a: Assembly, c: Clause) -> None:
    paths = a.paths(c) or [folder_name(s.text) for s in c.all("FOLDER")]
    inside = _INSIDE.search(c.text)
    if inside and paths == [inside["place"]]:
        paths = [posixpath.join(inside["place"], inside["name"])]
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
        if mode is None and source is None and c.all("CONTENT")[:1] and c.all("CONTENT")[0].mark == FILE:
            content, source = None, content  # "overwrite a.txt with b.txt": not with its name
        invented = any(not s.mark and re.search(r"\b(?:an?|some)$", s.before.lower()) for s in c.all("CONTENT"))
        if (content is None and source is None) or invented:  # "write a poem": nothing here makes one
            raise Unclear(asking.WHAT_TEXT)
        path = a.one_path(c) if not c.all("TO") or c.all("PATH") else c.first("TO")
        a.push("write", given(path=path, content=content, source=source, mode=mode))

    return build


def _touch(a: Assembly, c: Clause) -> None:
    time = point(a, c, first=True)
    for path in a.paths(c) or [a.one_path(c)]:
        a.push("touch", given(path=path, time=time))


def _each(s: Slot) -> list[Slot]:
    """Return the names in "log1 log2" one by one."""
    names = s.text.split()
    shaped = s.name == "PATH" and not s.mark and all(re.search(r"[\d._-]", n) for n in names)
    return [replace(s, text=n) for n in names] if shaped else [s]


def _concat(a: Assembly, c: Clause) -> None:
    c = _with_target(c)
    to = c.first("TO")
    parts = tuple(t for s in c.slots if s.name != "TO" for t in _each(s))
    folder_only = not any(s.name in ("PATH", "REF") for s in parts) and any(s.name == "FOLDER" for s in parts)
    rest = Clause(c.intent, parts)
    found = {"files": a.retrieve(rest)} if folder_only else a.files(rest)
    if to is None:
        raise Unclear(asking.WHERE_TO)
    files = found.get("files") or (found["path"],)
    a.push("concat", given(files=files, to=to) | ({"keep": False} if c.all("DROP") else {}))


_THERE = re.compile(
    r"\b(?:there|inside|(?:into|in) (?:it|that folder|the (?:new )?(?:folder|directory)))\W*(?:please|pls)?\W*$"
)
"""Words at the end that mean the folder which was named before."""


def _to(syscall: str) -> Builder:
    """Return the builder of `copy` and `move`."""

    def build(a: Assembly, c: Clause) -> None:
        c = _with_target(c)
        targets = [s.text for s in c.all("TO")]
        to = posixpath.join(*targets) if len(targets) == 2 and "/" not in targets[1] else c.first("TO")
        if to is None and c.all("PATH", "REF") and c.all("FOLDER"):
            to = c.first("FOLDER")
            c = Clause(c.intent, tuple(s for s in c.slots if s.name != "FOLDER"))
        if to is None and _THERE.search(c.text.lower()):
            to = a.place
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


def _tagging(syscall: str) -> Builder:
    def build(a: Assembly, c: Clause) -> None:
        tags = tuple(dict.fromkeys(values.bare(s.text).lstrip("#") if not s.mark else s.text for s in c.all("TAG")))
        if not tags:
            raise Unclear(asking.WHAT_TAG)
        a.push(syscall, {**a.files(c), "tags": tags})

    return build


def _rollback(a: Assembly, c: Clause) -> None:
    if not c.all("PATH", "FOLDER", "REF") and _DELETED.search(c.text.lower()):
        raise Unclear(asking.WHICH_DELETED)
    snapshot = c.first("NAME") or next((s.text for s in c.all("TO") if not times.resolve(s.text, a.now)), None)
    steps, version = values.count(c.first("STEPS") or ""), number_in(c, "VERSION")
    named = bool(c.all("PATH"))
    time = point_arg(c.first("AT") or (c.first("WHEN") if named or c.all("REF") or _is_goal(c) else None), a.now)
    if not (snapshot or steps or version or time):
        time = _last_words(c.text, a)
        if time is None and (c.all("AT", "STEPS", "VERSION") or _SOME_STATE.search(c.text.lower())):
            raise Unclear(asking.WHICH_STATE)
    bare_set = not c.all("PATH", "FOLDER", "REF") and not describes(c, when=time is None)
    found = (
        {}
        if (snapshot or time) and bare_set and not a.result
        else a.files(c, when=not named and c.first("AT") is not None and not _is_goal(c))
    )
    a.push("rollback", found | given(snapshot=snapshot, steps=None if version or time else steps, version=version, time=time))


_DELETED = re.compile(r"\b(?:deleted|removed|erased|trashed|binned|wiped|threw away|thrown away|got rid of)\b")
"""What was deleted is not among the files that a description finds."""
_SOME_STATE = re.compile(r"\b(?:as it was|how it (?:was|looked)|from before|to before|to when|state (?:of|from|at) )\b")
"""Words of a state to go back to: where no argument came of them, a step back would be another one."""
_GOAL = re.compile(
    r"\b(?:to|as of) (?:(?:how|what|as) (?:it|they) (?:was|were|looked)(?: like)? )?([^,]+?)[ .!?]*$", re.IGNORECASE
)


def _last_words(text: str, a: Assembly) -> str | None:
    """Return the time at the end ("... to yesterday"), which must not be lost: without it a step back would be taken."""
    found = _GOAL.search(text)
    if found and times.resolve(found[1], a.now):
        return point_arg(found[1], a.now)
    words = [w for w in text.split() if not re.search(r"[./_\\]\w|\d$", w)]
    spans = (words[i : i + n] for n in range(4, 0, -1) for i in range(len(words) - n + 1))
    named = next((" ".join(s) for s in spans if times.resolve(" ".join(s), a.now)), None)
    return point_arg(named, a.now)


def _is_goal(c: Clause) -> bool:
    """Tell whether the time is where to go back to, not when the files changed: "the files about pricing to yesterday"."""
    return any(re.search(r"(?:\bto|\bas of|were|was|looked)$", s.before.lower().strip()) for s in c.all("WHEN"))


def _undo(a: Assembly, c: Clause) -> None:
    since = stretch(a, c).get("since") or point_arg(c.first("AT"), a.now, first=True)
    under = c.first("FOLDER", "PATH")
    a.push(
        "undo",
        given(
            steps=values.count(c.first("STEPS") or ""),
            transaction=number_in(c, "VERSION"),
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
    expires = times.expiry(until, a.now) if until else _expiry(c.text, a)
    a.push("link", a.files(c, when=not c.all("PATH", "REF")) | given(expires=expires))


_RUNS_OUT = re.compile(
    r"\b(?:expir\w+|valid|works?|lasts?|lasting|runs? out|open|good|available)(?: (?:only|just))?"
    r"(?: (?:on|in|after|until|till|for|by|at))? (?P<when>[\w: -]+)", re.IGNORECASE
)  # fmt: skip


def _expiry(text: str, a: Assembly) -> str | None:
    """Return until when a link is to work, where no slot took it: without it the link would outlive what was said."""
    found = _RUNS_OUT.search(text)
    words = found["when"].split() if found else []
    for size in range(min(5, len(words)), 0, -1):
        with suppress(BadRequest):
            if expires := times.expiry(" ".join(words[:size]), a.now):
                return expires
    return None


_ANY_NEW = re.compile(r"\b(?:an?|any|some|another|every|each) new$|\bnew$")


def _watch(syscall: str) -> Builder:
    def build(a: Assembly, c: Clause) -> None:
        kind = next((s.text for s in c.all("PATH") if not s.mark and _ANY_NEW.search(s.before.lower())), None)
        if kind is None and (c.all("PATH", "REF") or (c.all("FOLDER") and not c.all("QUERY"))):
            each_path(syscall)(a, c)
            return
        query = c.first("QUERY") or kind or " ".join(s.text for s in c.all("KW"))
        if not query:
            raise Unclear(asking.WHAT_TO_WATCH)
        a.push(syscall, {"query": values.bare(query)})

    return build


def _mount(a: Assembly, c: Clause) -> None:
    a.push("mount", given(root=c.first("PATH", "FOLDER"), at=c.first("TO")))


def _unmount(a: Assembly, c: Clause) -> None:
    a.push("unmount", given(at=c.first("PATH", "FOLDER", "TO")))


CHANGES: dict[str, Builder] = {
    "create": _create,
    "create_directory": _create_directory,
    "write": _write(None),
    "append": _write("append"),
    "prepend": _write("prepend"),
    "touch": _touch,
    "concat": _concat,
    "copy": _to("copy"),
    "move": _to("move"),
    "rename": _rename,
    "delete": on_files("delete"),
    "rollback": _rollback,
    "undo": _undo,
    "snapshot": _snapshot,
    "tag": _tagging("tag"),
    "untag": _tagging("untag"),
    "lock": each_path("lock"),
    "unlock": each_path("unlock"),
    "link": _link,
    "unlink": on_files("unlink"),
    "watch": _watch("watch"),
    "unwatch": _watch("unwatch"),
    "forget": each_path("forget"),
    "gc": bare("gc"),
    "mount": _mount,
    "unmount": _unmount,
}
