"""diff: two versions of a file, two files, a folder between two times, or two folders."""

from __future__ import annotations

from lsfs.errors import BadRequest
from lsfs.model import Entry, Kind, RelPath, Version, path_json, show
from lsfs_syscalls.calls.reading import Diff
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.changed import changed_below, words_of
from lsfs_syscalls.run.comparing import compare
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.picking import named, version_before


def diff(ctx: Context, call: Diff) -> Answer:
    """Show what differs."""
    if ctx.is_folder(ctx.path(call.path)):
        return _folders(ctx, call) if call.other is not None else _folder(ctx, call)
    old, new = _sides(ctx, call)
    found = compare(ctx, old, new)
    body: dict[str, Json] = {"diff": found.text, "summary": found.summary, "from": old.number, "to": new.number}
    if found.tables:
        body["tables"] = found.tables
    return Answer({**body, **ctx.fresh()}, (old.path, new.path), found=not found.same)


def _sides(ctx: Context, call: Diff) -> tuple[Version, Version]:
    if call.other is not None:
        return named(ctx, call.path, call.from_), named(ctx, call.other, call.to)
    new = named(ctx, call.path, call.to)
    return (version_before(ctx, call.path, new) if call.from_ is None else named(ctx, call.path, call.from_)), new


def _folder(ctx: Context, call: Diff) -> Answer:
    """Show what changed below a folder between two times."""
    if (call.from_ or "").isdigit() or (call.to or "").isdigit():
        raise BadRequest("a folder has no version numbers; give times for `from` and `to`")
    found = changed_below(ctx, ctx.path(call.path), ctx.time_ns(call.from_), ctx.time_ns(call.to))
    parts = [(c, *words_of(ctx, c)) for c in found]
    text = "".join(f"{show(c.path)}: {words}\n{lines}" for c, words, lines in parts)
    files: list[Json] = [{**path_json(c.path), "what": words} for c, words, _ in parts]
    body: dict[str, Json] = {"diff": text, "summary": _files(len(found), "changed"), "changes": files}
    return Answer({**body, **ctx.fresh()}, tuple(c.path for c in found), found=bool(found))


def _files(count: int, what: str) -> str:
    return f"{count} file{'' if count == 1 else 's'} {what}"


def _folders(ctx: Context, call: Diff) -> Answer:
    """Show which files only one of two folders has, and which differ."""
    assert call.other is not None
    a, b = _below(ctx, call.path, call.from_), _below(ctx, call.other, call.to)
    lines: list[str] = []
    files: list[Json] = []
    for name in sorted(a.keys() | b.keys()):
        what = _word(ctx, a.get(name), b.get(name))
        if what is not None:
            lines.append(f"{show(name)}: {what}\n")
            files.append({**path_json(name), "what": what})
    summary = f"{len(files)} file{' differs' if len(files) == 1 else 's differ'}" if files else "the same files"
    body: dict[str, Json] = {"diff": "".join(lines), "summary": summary, "changes": files}
    return Answer({**body, **ctx.fresh()}, found=bool(files))


def _below(ctx: Context, folder: str, at: str | None) -> dict[RelPath, Entry]:
    path = ctx.path(folder)
    if path and ctx.entry(folder, at).kind is not Kind.DIRECTORY:
        raise BadRequest(f"{folder} is not a folder; a folder is compared with a folder")
    entries = ctx.engine.versions.list(path, at_ns=ctx.moment_ns(at), recursive=True)
    cut = len(path) + 1 if path else 0
    return {RelPath(e.path[cut:]): e for e in entries if e.kind is not Kind.DIRECTORY}


def _word(ctx: Context, a: Entry | None, b: Entry | None) -> str | None:
    if a is None or b is None:
        return "only in the second" if a is None else "only in the first"
    old, new = (ctx.engine.versions.version_by_id(e.version) for e in (a, b))
    found = compare(ctx, old, new)
    return None if found.same else found.summary
