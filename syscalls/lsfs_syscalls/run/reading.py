"""The calls that look at the tree: list, stat, read, history, diff, log."""

from __future__ import annotations

import base64
import difflib
import re

from lsfs.changes.log import TransactionInfo
from lsfs.errors import BadRequest, NotFound
from lsfs.model import Entry, Kind, RelPath, State, Version, path_json, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import Diff, History, ListFiles, Log, Read, Stat
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context, listed

MAX_READ_BYTES = 64 * 1024 * 1024
"""A larger answer is refused: read it through the mount."""


def list_files(ctx: Context, call: ListFiles) -> Answer:
    """List a folder, now or at a time."""
    under = ctx.path(call.under or "")
    at_ns = ctx.time_ns(call.at)
    entries = ctx.engine.versions.list(under, at_ns=at_ns, recursive=bool(call.recursive))
    if not entries and under:
        entry = ctx.entry(call.under or "", call.at)
        entries = [] if entry.kind is Kind.DIRECTORY else [entry]
    body: dict[str, Json] = {"files": listed(entries), **ctx.fresh()}
    return Answer(body, tuple(e.path for e in entries if e.kind is Kind.FILE), found=bool(entries))


def stat(ctx: Context, call: Stat) -> Answer:
    """Tell what is known about one file or folder."""
    entry = ctx.entry(call.path, call.at)
    engine = ctx.engine
    version = engine.versions.version_by_id(entry.version)
    about: dict[str, Json] = {
        **path_json(entry.path),
        "kind": entry.kind.value,
        "size": entry.size,
        "modified": times.iso_ns(entry.mtime_ns),
        "mode": oct(version.mode & 0o7777),
        "version": entry.number,
        "state": version.state.value,
        "tags": list(engine.versions.tags(entry.fid)),
        "attributes": {k: list(v) for k, v in engine.attributes.get(entry.fid).items()},
    }
    return Answer({"file": about, **ctx.fresh()}, (entry.path,))


def read(ctx: Context, call: Read) -> Answer:
    """Return the content of a file: now, of a version, or at a time."""
    version = _version(ctx, call.path, call.version, call.at)
    if version.kind is not Kind.FILE:
        raise BadRequest(f"{show(version.path)} is a {version.kind.value}; `read` takes files")
    if version.size > MAX_READ_BYTES:
        raise BadRequest(f"{show(version.path)} has {version.size} bytes; read it through the mount or in parts with `lines`")
    data = ctx.engine.versions.read(version)
    body: dict[str, Json] = {**path_json(version.path), "version": version.number, "size": version.size}
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Answer({**body, **_binary(data, call.lines)}, (version.path,))
    return Answer({**body, "content": _lines(text, call.lines), "encoding": "utf-8"}, (version.path,))


def _binary(data: bytes, lines: str | None) -> dict[str, Json]:
    if lines is not None:
        raise BadRequest("this file is not UTF-8 text; it has no lines to choose")
    return {"content": base64.b64encode(data).decode("ascii"), "encoding": "base64"}


def _lines(text: str, lines: str | None) -> str:
    if lines is None:
        return text
    m = re.fullmatch(r"(\d*)(-?)(\d*)", lines.strip())
    if m is None or not (m[1] or m[3]):
        raise BadRequest(f"`lines` is 10, 10-20, 10- or -10 for the last 10, not {lines!r}")
    every = text.splitlines(keepends=True)
    if not m[1]:
        return "".join(every[-int(m[3]) :])
    first = int(m[1])
    last = int(m[3]) if m[3] else len(every) if m[2] else first
    return "".join(every[max(first, 1) - 1 : last])


def _version(ctx: Context, path: str, number: int | None, at: str | None) -> Version:
    versions = ctx.engine.versions
    if number is not None:
        return versions.version(ctx.path(path), number)
    at_ns = ctx.time_ns(at)
    if at_ns is None:
        return versions.version_by_id(ctx.entry(path).version)
    found = versions.version_at(ctx.path(path), at_ns)
    if found is None:
        raise NotFound(f"there was no {show(ctx.path(path))} at {at}")
    return found


def history(ctx: Context, call: History) -> Answer:
    """List the versions of a file, newest first, of deleted files too."""
    path = ctx.path(call.path)
    since, until = ctx.time_ns(call.since, end=False), ctx.time_ns(call.until)
    found = ctx.engine.versions.history(path, since_ns=since, until_ns=until)
    if not found and since is None and until is None:
        ctx.entry(call.path)
    return Answer({"versions": [version_json(v) for v in found], **ctx.fresh()}, (path,), found=bool(found))


def version_json(v: Version) -> dict[str, Json]:
    """Return a version as the contract's object."""
    out: dict[str, Json] = {
        "version": v.number,
        "time": times.iso_ns(v.at_ns),
        "size": v.size,
        **path_json(v.path),
        "transaction": v.transaction,
        "deleted": v.state is State.DELETED,
        "state": v.state.value,
        "actor": v.actor,
    }
    return out


def diff(ctx: Context, call: Diff) -> Answer:
    """Show what differs between two versions of a file, or between two files."""
    old, new = _sides(ctx, call)
    a, b = _text(ctx, old), _text(ctx, new)
    if a is None or b is None:
        same = old.digest == new.digest and old.digest is not None
        words = "the same" if same else f"different: {old.size} and {new.size} bytes, not text"
        return Answer({"diff": "", "summary": words, **ctx.fresh()}, found=not same)
    names = (f"{show(old.path)} (version {old.number})", f"{show(new.path)} (version {new.number})")
    lines = list(difflib.unified_diff(a.splitlines(keepends=True), b.splitlines(keepends=True), *names))
    added = sum(1 for x in lines if x.startswith("+") and not x.startswith("+++"))
    removed = sum(1 for x in lines if x.startswith("-") and not x.startswith("---"))
    summary = f"{added} lines added, {removed} removed" if lines else "the same"
    text = "".join(x if x.endswith("\n") else x + "\n\\ No newline at end of file\n" for x in lines)
    return Answer({"diff": text, "summary": summary, **ctx.fresh()}, (old.path, new.path), found=bool(lines))


def _sides(ctx: Context, call: Diff) -> tuple[Version, Version]:
    if call.other is not None:
        return _pick(ctx, call.path, call.from_), _pick(ctx, call.other, call.to)
    new = _pick(ctx, call.path, call.to)
    if call.from_ is not None:
        return _pick(ctx, call.path, call.from_), new
    before = [v for v in ctx.engine.versions.history(ctx.path(call.path)) if v.number < new.number and v.digest is not None]
    if not before:
        raise NotFound(f"{show(new.path)} has no version before {new.number}")
    return before[0], new


def _pick(ctx: Context, path: str, which: str | None) -> Version:
    if which is not None and which.isdigit() and len(which) < 8:
        return _version(ctx, path, int(which), None)
    return _version(ctx, path, None, which)


def _text(ctx: Context, v: Version) -> str | None:
    try:
        return ctx.engine.versions.read(v).decode("utf-8")
    except UnicodeDecodeError:
        return None


def log(ctx: Context, call: Log) -> Answer:
    """List the transactions, newest first."""
    since, until = ctx.time_ns(call.since, end=False), ctx.time_ns(call.until)
    rows = ctx.engine.changes.log(actor=call.actor, since_ns=since, until_ns=until)
    return Answer({"transactions": [transaction_json(r) for r in rows], **ctx.fresh()}, found=bool(rows))


def transaction_json(t: TransactionInfo) -> Json:
    """Return a line of the log as the contract's object."""
    state = "undone" if t.undone_by is not None else t.state
    return {
        "transaction": t.id,
        "time": times.iso_ns(t.at_ns),
        "kind": t.kind,
        "actor": t.actor,
        "prompt": t.prompt,
        "state": state,
        "undone_by": t.undone_by,
        "count": t.changed,
        "paths": [path_json(p)["path"] for p in t.paths],
    }


def entries_of(ctx: Context, paths: tuple[RelPath, ...] | list[RelPath]) -> list[Entry]:
    """Return the live entries of `paths`; those that are gone by now are left out."""
    found = (ctx.engine.versions.live(p) for p in paths)
    return [e for e in found if e is not None]
