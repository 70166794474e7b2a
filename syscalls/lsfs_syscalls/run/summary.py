"""summarize: what files are about, in short and labelled for what it is: sentences of the files, or written by a model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsfs.errors import NotFound, Unavailable
from lsfs.model import Entry, path_json, show
from lsfs_syscalls.calls.reading import Summarize
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.contents import beginning, tables_of
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.extract import summarize as extract
from lsfs_syscalls.run.members import Members, members, present
from lsfs_syscalls.run.tables import Table
from lsfs_syscalls.run.told import Passage, prompt, sources, write_about

_LENGTHS = {"short": 2, "medium": 4, "long": 10}
MOST_FILES = 50
_NO_LIMIT = 10_000
_MOST_CHARACTERS = 20_000


def summarize(ctx: Context, call: Summarize) -> Answer:
    """Summarise one file, a folder or a set of files."""
    chosen = _targets(ctx, call)
    notices: list[Json] = list(chosen.notices)
    if len(chosen.entries) > MOST_FILES:
        notices.append(f"{len(chosen.entries)} files; the first {MOST_FILES} are told")
    entries = chosen.entries[:MOST_FILES]
    body = _by_model(ctx, call, entries, notices) or _extractive(ctx, call, entries, notices)
    return Answer({**body, "notices": notices, **ctx.fresh()}, chosen.paths, found=bool(body["sources"]))


def _targets(ctx: Context, call: Summarize) -> Members:
    if call.path is not None and not call.files and call.under is None:
        return present(ctx, ctx.set(call.path))
    return members(ctx, call.files, path=call.path, under=call.under)


def _extractive(ctx: Context, call: Summarize, entries: Sequence[Entry], notices: list[Json]) -> dict[str, Json]:
    count, words = length(call.length)
    each = count if len(entries) == 1 else max(1, min(count, 2))
    lines: list[str] = []
    places: list[Json] = []
    for e in entries:
        text = ctx.text(e.fid)
        if not text or not text.strip():
            notices.append(f"{show(e.path)}: {_why_no_text(ctx, e)}")
            text = beginning(ctx, ctx.engine.versions.version_by_id(e.version))
            if not text:
                continue
            notices.append(f"{show(e.path)}: this is of its first {len(text)} characters alone")
        found = extract(text, each, call.focus or "")
        places.append({**path_json(e.path), "lines": [s.line for s in found]})
        body = _cut(" ".join(s.text for s in found), words) or _table(ctx, e) or _cut(text, 40)
        lines.append(body if len(entries) == 1 else f"{show(e.path)}: {body}")
    return {"summary": "\n".join(lines) or "there is no text to summarise", "kind": "extractive", "sources": places}


def _why_no_text(ctx: Context, e: Entry) -> str:
    try:
        if ctx.engine.texts.text(e.fid):
            return "only blanks in it"
        return ctx.engine.texts.reason(e.fid) or "no text in it"
    except NotFound as error:
        return str(error)


def length(text: str | None) -> tuple[int, int]:
    """Return sentences and words at the most that `short`, `3 sentences`, `5 bullets` or `100 words` ask for."""
    asked = (text or "medium").strip().lower()
    m = re.fullmatch(r"(\d+)\s*(\w*)", asked)
    if m is None:
        return _LENGTHS.get(asked, 4), _NO_LIMIT
    number = max(int(m[1]), 1)
    if m[2].startswith("word"):
        return max(1, number // 15), number
    return number * 4 if m[2].startswith("paragraph") else number, _NO_LIMIT


def _cut(text: str, words: int) -> str:
    parts = text[:_MOST_CHARACTERS].split()
    cut = len(parts) > words or len(text) > _MOST_CHARACTERS
    return " ".join(parts[:words]) + (" …" if cut else "")


def _table(ctx: Context, e: Entry) -> str:
    """Return what is in a file of tables, which has no sentences: how many rows, of which columns."""
    tables = tables_of(ctx, ctx.engine.versions.version_by_id(e.version))
    return "; ".join(_rows(t) for t in tables)


def _rows(t: Table) -> str:
    name = f"{t.name}: " if t.name else ""
    broken = f" ({t.broken} broken left out)" if t.broken else ""
    return f"{name}{len(t.rows)} row{'' if len(t.rows) == 1 else 's'} of {_cut(', '.join(t.columns), 40)}{broken}"


# With a model


def _by_model(ctx: Context, call: Summarize, entries: Sequence[Entry], notices: list[Json]) -> dict[str, Json] | None:
    """Return the model's summary; None without a model, without text, or where it does not answer (which is said)."""
    passages = [p for e in entries for p in _passages(ctx, e)] if ctx.writer is not None else []
    if ctx.writer is None or not passages:
        return None
    focus = f"Above all: {call.focus}" if call.focus else ""
    asked = call.length or "medium, about four sentences"
    instructions = prompt("summarize", language="the language of the passages", length=asked, focus=focus)
    try:
        written = write_about(ctx.writer, instructions, passages, ctx.tell)
    except Unavailable as e:
        notices.append(f"extractive: {e}")
        return None
    if written.left_out:
        notices.append(f"too long for the model: {written.left_out} passages were left out")
    notices += [f"the summary is not whole: {fault}" for fault in written.faults]
    return {"summary": written.text, **written.labels(ctx.writer.name), "sources": sources(written.cited or passages[:1])}


def _passages(ctx: Context, e: Entry) -> list[Passage]:
    try:
        return [Passage(e.path, p.line, p.text) for p in ctx.engine.texts.passages(e.fid)]
    except NotFound:
        return []
