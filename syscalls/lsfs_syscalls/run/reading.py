"""The calls that look at the tree and its past: list, stat, history, log."""

from __future__ import annotations

from lsfs.changes.log import TransactionInfo
from lsfs.model import Kind, RelPath, State, Version, path_json
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import History, ListFiles, Log, Stat
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.changed import versions_below
from lsfs_syscalls.run.context import Answer, Context, listed


def list_files(ctx: Context, call: ListFiles) -> Answer:
    """List a folder, now or at a time."""
    under = ctx.path(call.under or "")
    at_ns = ctx.moment_ns(call.at)
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
        "not_indexed": engine.indexer.why_without_text(entry.fid),
        "attributes": {k: list(v) for k, v in engine.attributes.get(entry.fid).items()},
    }
    return Answer({"file": about, **ctx.fresh()}, (entry.path,))


def _lock(ctx: Context, path: RelPath) -> Json:
    """Return the lock that covers a path, or None."""
    found = ctx.engine.versions.lock_of(path)
    if found is None:
        return None
    locked, who, since_ns = found
    return {**path_json(locked), "by": who, "since": times.iso_ns(since_ns)}


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
