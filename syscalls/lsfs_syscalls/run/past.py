"""The calls that work on the past: rollback, undo, snapshot, forget, gc."""

from __future__ import annotations

from datetime import datetime

from lsfs.changes.rollback import Goal
from lsfs.changes.transaction import Transaction
from lsfs.config import VersionsConfig
from lsfs.errors import BadRequest
from lsfs.model import RelPath, TransactionId, path_json
from lsfs.versions.retention import Rules
from lsfs_syscalls import times
from lsfs_syscalls.calls.changing import CollectGarbage, Forget, Rollback, Snapshot, Undo
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.spans import length_ns


def rollback(ctx: Context, call: Rollback) -> Answer:
    """Put files, a folder or the tree back to an earlier state."""
    paths, goal = aim(ctx, call)
    ctx.engine.changes.rollback_in(ctx.writing(), paths, goal)
    return Answer({"transaction": None, **_kept(ctx.writing())}, tuple(ctx.writing().changed))


def aim(ctx: Context, call: Rollback) -> tuple[list[RelPath], Goal]:
    """Return what a rollback works on, and what it goes back to: one version where that is not said.

    The whole root has to be meant: by its name with how far back, by a snapshot, or by a prompt that names a time.

    Raises:
        BadRequest: it is not said which files, or more than one thing to go back to.
    """
    chosen = [x for x in (call.steps, call.version, call.time, call.snapshot) if x is not None]
    if len(chosen) > 1:
        raise BadRequest("`rollback` takes one of steps, version, time and snapshot")
    if call.files or call.path is not None:
        paths = ctx.files(call.files, path=call.path)
    elif call.snapshot is not None or (ctx.prompt and call.time is not None):
        paths = [RelPath(b"")]
    else:
        raise BadRequest("roll back what? give a path, files or a snapshot; the whole root is `lsfs rollback . --time TIME`")
    if RelPath(b"") in paths and not chosen:
        raise BadRequest("roll the whole root back to what? give steps, a time or a snapshot")
    return paths, Goal(call.steps if chosen else 1, call.version, ctx.moment_ns(call.time), call.snapshot)


def undo(ctx: Context, call: Undo) -> Answer:
    """Take back whole transactions, as a transaction of its own."""
    done = ctx.engine.changes.undo(
        steps=call.steps,
        transaction=None if call.transaction is None else TransactionId(call.transaction),
        actor=call.actor,
        since_ns=ctx.time_ns(call.since, end=False),
        under=ctx.path(call.under) if call.under else None,
        on_conflict=call.conflict or "refuse",
        by=ctx.actor,
        prompt=ctx.prompt,
    )
    ctx.engine.touched(done.changed)
    paths: list[Json] = [path_json(p)["path"] for p in done.changed]
    undone: list[Json] = list(ctx.engine.changes.transaction(done.id).undoes)
    return Answer({"transaction": done.id, "changed": paths, "undone": undone, **_kept(done)}, tuple(done.changed))


def _kept(t: Transaction) -> dict[str, Json]:
    """Return what a rollback or undo left as it is, with the reasons."""
    return {"kept": [{**path_json(p), "reason": why} for p, why in t.kept.items()]} if t.kept else {}


def snapshot(ctx: Context, call: Snapshot) -> Answer:
    """Give the state of the tree a name."""
    at_ns = ctx.writing().snapshot(call.name)
    return Answer({"snapshot": call.name, "time": times.iso_ns(at_ns), "transaction": None})


def forget(ctx: Context, call: Forget) -> Answer:
    """Remove a file or folder and its history for good."""
    path = ctx.path(call.path)
    done = ctx.engine.changes.forget([path])
    ctx.engine.touched(done.paths)
    names: list[Json] = [path_json(p)["path"] for p in done.paths]
    body: dict[str, Json] = {"forgotten": done.files, "versions": done.versions, "shared": done.shared, "changed": names}
    return Answer(body, tuple(done.paths), found=bool(done.files))


def collect_garbage(ctx: Context, call: CollectGarbage) -> Answer:
    """Remove old versions under the retention rules of the configuration."""
    done = ctx.engine.changes.gc(rules_of(ctx.engine.config.versions, ctx.now))
    body: dict[str, Json] = {"collected": done.versions, "version_bytes": done.version_bytes, "freed": done.swept.freed}
    if call.repack:
        packed = ctx.engine.changes.repack()
        body["repacked"] = {"chunks": packed.patched, "before": packed.before, "after": packed.after}
    return Answer(body, found=bool(done.versions or body.get("repacked")))


def rules_of(v: VersionsConfig, now: datetime) -> Rules:
    """Return the retention rules of the configuration."""
    return Rules(
        keep_last=v.keep_last,
        within_ns=length_ns(v.keep_within, now) if v.keep_within else 0,
        hourly=v.hourly,
        daily=v.daily,
        weekly=v.weekly,
        monthly=v.monthly,
        yearly=v.yearly,
        keep_tags=v.keep_tags,
        budget_bytes=v.budget_bytes,
    )
