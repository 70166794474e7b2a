"""summarize and summarize_changes: what files are about, and what changed in them, in short and labelled for what it is."""

from __future__ import annotations

import difflib
import os
import re

from lsfs.errors import BadRequest
from lsfs.model import Kind, RelPath, State, Version, path_json, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import Summarize, SummarizeChanges
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.extract import summarize as extract

_LENGTHS = {"short": 2, "medium": 4, "long": 10}
MOST_FILES = 50


def summarize(ctx: Context, call: Summarize) -> Answer:
    """Summarise one file, a folder or a set of files with their most telling sentences."""
    paths = _targets(ctx, call)
    count, words = _length(call.length)
    each = count if len(paths) == 1 else max(1, min(count, 2))
    lines: list[str] = []
    sources: list[Json] = []
    for path in paths[:MOST_FILES]:
        entry = ctx.engine.versions.live(path)
        text = ctx.text(entry.fid) if entry else None
        if not text or not text.strip():
            lines.append(f"{show(path)}: no text in it")
            continue
        found = extract(text, each, call.focus or "")
        sources.append({**path_json(path), "lines": [s.line for s in found]})
        body = _cut(" ".join(s.text for s in found), words) or _cut(text, 40)
        lines.append(body if len(paths) == 1 else f"{show(path)}: {body}")
    if len(paths) > MOST_FILES:
        lines.append(f"(and {len(paths) - MOST_FILES} more files)")
    out: dict[str, Json] = {"summary": "\n".join(lines), "kind": "extractive", "sources": sources, **ctx.fresh()}
    return Answer(out, tuple(paths), found=bool(sources))


def _targets(ctx: Context, call: Summarize) -> list[RelPath]:
    if call.path is not None and not call.files and call.under is None:
        return ctx.set(call.path)
    return ctx.files(call.files, path=call.path, under=call.under)


def _length(text: str | None) -> tuple[int, int]:
    """Return sentences and words at the most that `short`, `3 sentences` or `100 words` ask for."""
    m = re.fullmatch(r"(\d+)\s*(\w*)", (text or "medium").strip())
    if m is None:
        return _LENGTHS.get((text or "medium").strip(), 4), 10_000
    number = int(m[1])
    if m[2].startswith("word"):
        return max(1, number // 15), number
    return number * 4 if m[2].startswith("paragraph") else number, 10_000


def _cut(text: str, words: int) -> str:
    parts = text.split()
    return text.strip() if len(parts) <= words else " ".join(parts[:words]) + " …"


def summarize_changes(ctx: Context, call: SummarizeChanges) -> Answer:
    """Name what was added, removed and changed in each file between two times; the diff stands behind it."""
    since = ctx.time_ns(call.since, end=False)
    until = ctx.time_ns(call.until)
    if call.path is not None and call.under is not None:
        raise BadRequest("`summarize_changes` takes `path` or `under`, not both")
    one = call.path is not None and _is_file(ctx, call.path)
    paths = [ctx.path(call.path or "")] if one else _changed_below(ctx, ctx.path(call.path or call.under or ""), since, until)
    lines: list[str] = []
    files: list[Json] = []
    for path in paths:
        about = _changes_of(ctx, path, since, until)
        if about is not None:
            files.append({**path_json(path), **about})
            lines.append(f"{show(path)}: {about['what']}")
    text = "\n".join(lines) or "nothing changed"
    return Answer({"summary": text, "kind": "extractive", "sources": files, **ctx.fresh()}, tuple(paths), found=bool(files))


def _is_file(ctx: Context, text: str) -> bool:
    entry = ctx.engine.versions.live(ctx.path(text))
    return entry is None or entry.kind is not Kind.DIRECTORY


def _changed_below(ctx: Context, folder: RelPath, since: int | None, until: int | None) -> list[RelPath]:
    """Return the files below `folder` that a transaction of the interval touched, by path."""
    prefix = folder + b"/" if folder else b""
    touched = {p for t in ctx.engine.changes.log(since_ns=since, until_ns=until) for p in t.paths}
    return sorted(p for p in touched if p.startswith(prefix))


def _changes_of(ctx: Context, path: RelPath, since: int | None, until: int | None) -> dict[str, Json] | None:
    versions = ctx.engine.versions.history(path, until_ns=until)
    inside = [v for v in versions if since is None or v.at_ns >= since]
    before = next((v for v in versions if since is not None and v.at_ns < since), None)
    if not inside:
        return None
    new, old = inside[0], before or (inside[-1] if since is None and len(inside) > 1 else None)
    return {"what": _words(ctx, old, new), "versions": len(inside), "last": times.iso_ns(new.at_ns)}


def _words(ctx: Context, old: Version | None, new: Version) -> str:
    if new.state is State.DELETED:
        return "deleted"
    if new.kind is not Kind.FILE:
        return f"{new.kind.value} changed"
    if old is None or old.state is State.DELETED:
        return f"new, {new.size} bytes"
    moved = f"moved from {show(old.path)}; " if old.path != new.path else ""
    a, b = _text(ctx, old), _text(ctx, new)
    if a is None or b is None:
        return f"{moved}{old.size} -> {new.size} bytes"
    return moved + line_changes(a, b)


def line_changes(old: str, new: str, quoted: int = 2) -> str:
    """Return how many lines were added and removed, with the first of them quoted."""
    diff = list(difflib.ndiff(old.splitlines(), new.splitlines())) if len(old) + len(new) < 200_000 else []
    if not diff and old != new:
        return f"{len(old)} -> {len(new)} characters"
    added = [x[2:].strip() for x in diff if x.startswith("+ ") and x[2:].strip()]
    removed = [x[2:].strip() for x in diff if x.startswith("- ") and x[2:].strip()]
    parts = [f"{len(added)} lines added" + _quote(added, quoted)] if added else []
    parts += [f"{len(removed)} removed" + _quote(removed, quoted)] if removed else []
    return ", ".join(parts) or "only white space or attributes changed"


def _quote(lines: list[str], most: int) -> str:
    return " (" + "; ".join(f"“{x[:80]}”" for x in lines[:most]) + (" …" if len(lines) > most else "") + ")"


def _text(ctx: Context, v: Version) -> str | None:
    if v.size > 8 * 1024 * 1024 or v.digest is None:
        return None
    ending = os.path.splitext(v.path)[1]
    try:
        return ctx.engine.versions.read(v).decode("utf-8") if ending != b".pdf" else None
    except UnicodeDecodeError:
        return None
