"""watch and unwatch: durable wishes to be told when something changes; events are read with `lsfs watch --follow`."""

from __future__ import annotations

from lsfs.model import path_json
from lsfs.subscriptions.subscription import Event, Subscription
from lsfs_syscalls import times
from lsfs_syscalls.calls.changing import Unwatch, Watch
from lsfs_syscalls.calls.reading import Events
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context

LONGEST_WAIT_S = 55.0
"""A reader asks again after this; the transport gives up on requests that take much longer."""


def watch(ctx: Context, call: Watch) -> Answer:
    """Be told of changes of a file or folder, or of files that begin to match a query."""
    if call.path is None and call.query is None:
        found = ctx.engine.subscriptions.all()
        return Answer({"subscriptions": [_json(s) for s in found]}, found=bool(found))
    path = None if call.path is None else ctx.path(call.path)
    made = ctx.engine.subscriptions.subscribe(path=path, query=call.query, actor=ctx.actor)
    return Answer({"subscription": _json(made)})


def unwatch(ctx: Context, call: Unwatch) -> Answer:
    """End the subscriptions to a path or query; all of them where none is named."""
    path = None if call.path is None else ctx.path(call.path)
    gone = ctx.engine.subscriptions.unsubscribe(path=path, query=call.query)
    return Answer({"subscription": None, "ended": [_json(s) for s in gone]})


def _json(s: Subscription) -> Json:
    what: dict[str, Json] = {"query": s.query} if s.path is None else {**path_json(s.path)}
    return {"id": s.sid, **what, "actor": s.actor, "since": times.iso_ns(s.made_ns)}


def events(ctx: Context, call: Events) -> Answer:
    """Return what happened to what is watched, waiting for it as long as `wait` says.

    Who asks has a position of its own: what one received, another is told all the same.
    """
    kept = ctx.engine.subscriptions
    if call.received is not None:
        kept.received(call.received, ctx.actor)
    found = kept.events(after=call.after, reader=ctx.actor, timeout_s=min(float(call.wait or 0), LONGEST_WAIT_S))
    last = found[-1].seq if found else call.after
    chosen = _chosen(ctx, call)
    shown = [e for e in found if chosen is None or e.sid in chosen]
    body: dict[str, Json] = {"events": [event_json(e) for e in shown], "last": last, "latest": kept.latest()}
    body["received"] = kept.position(ctx.actor)
    return Answer(body, tuple(e.path for e in shown), found=bool(shown))


def _chosen(ctx: Context, call: Events) -> set[int] | None:
    """Return the subscriptions whose events are asked for; None for all."""
    if call.path is None and call.query is None:
        return None
    path = None if call.path is None else ctx.path(call.path)
    return {s.sid for s in ctx.engine.subscriptions.all() if s.path == path and s.query == call.query}


def event_json(e: Event) -> dict[str, Json]:
    """Return an event as JSON."""
    out: dict[str, Json] = {
        "seq": e.seq,
        "subscription": e.sid,
        "time": times.iso_ns(e.at_ns),
        "event": e.kind,
        **path_json(e.path),
        "actor": e.actor,
        "version": e.version,
        "summary": e.summary,
    }
    if e.old_path is not None:
        out["old_path"] = path_json(e.old_path)["path"]
    return out
