"""The calls that look at the tree: list, stat, read, history, log."""

from __future__ import annotations

import base64
import re

from lsfs.changes.log import TransactionInfo
from lsfs.errors import BadRequest
from lsfs.model import Kind, RelPath, State, Version, path_json, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import History, ListFiles, Log, Read, Stat
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.changed import versions_below
from lsfs_syscalls.run.context import Answer, Context, listed
from lsfs_syscalls.run.picking import version_of

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
        "versions": version.number,
        "owner": f"{version.uid}:{version.gid}",
        "hash": version.digest.hex() if version.digest else None,
        "changed": times.iso_ns(version.at_ns),
        "actor": version.actor,
        "names": [path_json(e.path)["path"] for e in engine.versions.names_of(entry.fid) if e.path != entry.path],
        "tags": list(engine.versions.tags(entry.fid)),
        "locked": _lock(ctx, entry.path),
        "attributes": {k: list(v) for k, v in engine.attributes.get(entry.fid).items()},
    }
    return Answer({"file": about, **ctx.fresh()}, (entry.path,))


def _lock(ctx: Context, path: RelPath) -> Json:
    """Return the lock that covers a path, or None."""
    for locked, who in ctx.engine.versions.locks().items():
        if path == locked or path.startswith(locked + b"/"):
            return {**path_json(locked), "by": who}
    return None


def read(ctx: Context, call: Read) -> Answer:
    """Return the content of a file: now, of a version, or at a time."""
    version = version_of(ctx, call.path, call.version, call.at)
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


MOST_VERSIONS = 1000
"""Versions of a folder's files in one answer; ask for less with `since` and `until`."""


def history(ctx: Context, call: History) -> Answer:
    """List the versions of a file, or of the files below a folder, newest first, of deleted files too."""
    path = ctx.path(call.path)
    since, until = ctx.time_ns(call.since, end=False), ctx.time_ns(call.until)
    folder = ctx.is_folder(path)
    if folder:
        found = versions_below(ctx, path, since, until, MOST_VERSIONS)
    else:
        found = ctx.engine.versions.history(path, since_ns=since, until_ns=until)
    files = tuple(dict.fromkeys(v.path for v in found)) if folder else (path,)
    return Answer({"versions": [version_json(v) for v in found], **ctx.fresh()}, files, found=bool(found))


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
