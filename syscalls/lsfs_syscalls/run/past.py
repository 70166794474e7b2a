"""The calls that work on the past: rollback, undo, snapshot, forget, gc."""

from __future__ import annotations

from lsfs.errors import BadRequest
from lsfs.model import RelPath, path_json
from lsfs_syscalls.calls.changing import CollectGarbage, Forget, Rollback, Snapshot, Undo
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context


def rollback(ctx: Context, call: Rollback) -> Answer:
    """Put files, a folder or the tree back to an earlier state."""
    chosen = [x for x in (call.steps, call.version, call.time, call.snapshot) if x is not None]
    if len(chosen) > 1:
        raise BadRequest("`rollback` takes one of steps, version, time and snapshot")
    whole = not call.files and call.path is None
    paths = [RelPath(b"")] if whole else ctx.files(call.files, path=call.path)
    done = ctx.engine.changes.rollback(
        paths,
        steps=call.steps if chosen else 1,
        version=call.version,
        at_ns=ctx.time_ns(call.time),
        snapshot=call.snapshot,
        actor=ctx.actor,
        prompt=ctx.prompt,
    )
    return _done(done.id, done.changed)


def undo(ctx: Context, call: Undo) -> Answer:
    """Take back whole transactions."""
    done = ctx.engine.changes.undo(
        steps=call.steps,
        transaction=call.transaction,
        by=call.actor,
        since_ns=ctx.time_ns(call.since, end=False),
        under=ctx.path(call.under) if call.under else None,
        actor=ctx.actor,
        prompt=ctx.prompt,
    )
    return _done(done.id, done.changed)


def _done(transaction: int, changed: list[RelPath]) -> Answer:
    paths: list[Json] = [path_json(p)["path"] for p in changed]
    return Answer({"transaction": transaction, "changed": paths}, tuple(changed), found=bool(changed))


def snapshot(ctx: Context, call: Snapshot) -> Answer:
    """Give the state of the tree a name."""
    at = ctx.engine.changes.snapshot(call.name)
    return Answer({"snapshot": call.name, "time": at})


def forget(ctx: Context, call: Forget) -> Answer:
    """Remove a file and its history for good."""
    return Answer({"forgotten": ctx.engine.forget(ctx.path(call.path))})


def collect_garbage(ctx: Context, _: CollectGarbage) -> Answer:
    """Remove old versions under the retention rules."""
    return Answer({"collected": ctx.engine.collect_garbage(dry_run=False)})
