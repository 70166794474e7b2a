"""The guard: what a plan would do, file by file, before it is done, and whether anyone has to agree.

A plan's effect comes from the table of calls, never from a model. The preview runs the reading steps for real (they choose the
files) and describes the changing ones without running them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lsfs.changes.foreseeing import Foreseen, foresee
from lsfs.engine.engine import Engine
from lsfs.errors import BadRequest, Conflict, LsfsError
from lsfs.model import Kind, RelPath, TransactionId, path_json, show
from lsfs_syscalls.calls import changing as c
from lsfs_syscalls.calls.record import Call, Effect, Json
from lsfs_syscalls.hindrances import Ahead, hindrances
from lsfs_syscalls.plan import Plan
from lsfs_syscalls.run.changing import transfers
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.importing import importable
from lsfs_syscalls.run.past import aim, rules_of
from lsfs_syscalls.run.registry import handler_of

SHOWN_AT_MOST = 1000
"""Files named in one preview; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What would happen to one path.

    Attributes:
        what: "deleted", "overwritten", "moved to b.txt", ...
    """

    path: RelPath
    what: str


def needs_consent(plan: Plan) -> bool:
    """Tell whether somebody has to agree before `plan` is run."""
    return plan.effect is not Effect.READ


def preview(engine: Engine, plan: Plan, *, now: datetime, actor: str) -> dict[str, Json]:
    """Return what `plan` would do: `{"effect", "steps": [{"syscall", "files": [{"path", "what"}], "more"}], "problems"}`.

    With `impossible` where it is certain that it would fail: what cannot be read behind a changing step may be there by then.
    """
    ctx = Context(engine, now, actor, plan.prompt)
    ahead = Ahead()
    steps: list[Json] = []
    problems: list[Json] = []
    impossible = False
    for step in plan.steps:
        intents: list[Intent] = []
        in_the_way: list[str] = []
        try:
            intents, in_the_way = _look(ctx, step, ahead)
        except LsfsError as e:
            problems.append(str(e))
            impossible = impossible or not ahead.changing
            ctx.results.append(Answer({}))
        problems += in_the_way
        impossible = impossible or bool(in_the_way)
        files: list[Json] = [{**path_json(i.path), "what": i.what} for i in intents[:SHOWN_AT_MOST]]
        steps.append({"syscall": type(step).syscall, "files": files, "more": max(0, len(intents) - SHOWN_AT_MOST)})
    out: dict[str, Json] = {"effect": plan.effect.value, "steps": steps, "problems": problems}
    return {**out, "impossible": True} if impossible else out


def still_agreed(agreed: Mapping[str, Any], present: Mapping[str, Any]) -> None:
    """Look whether a plan would do to the same files what a preview said that somebody agreed to.

    Raises:
        Conflict: it would not; `paths` are those that came or went.
    """
    before, after = _counted(agreed), _counted(present)
    if before != after:
        paths = sorted({path for _, path, _ in before.keys() ^ after.keys()})
        raise Conflict(
            "files came or went since this was agreed to, and nothing was done; say it again to see what it is now", paths
        )


def _counted(preview: Mapping[str, Any]) -> Counter[tuple[int, str, int]]:
    """Return what a preview names: step, path, and how many more there are."""
    named = enumerate(preview.get("steps") or ())
    return Counter((n, str(f["path"]), int(s.get("more") or 0)) for n, s in named for f in s["files"])


def _look(ctx: Context, step: Call, ahead: Ahead) -> tuple[list[Intent], list[str]]:
    """Return what a step would do, and what is in its way."""
    if step.reach is Effect.READ:
        handler: Any = handler_of(type(step))
        ctx.results.append(handler(ctx, step))
        return [], []
    describe: Any = _DESCRIBE.get(type(step), _named)
    intents: list[Intent] = describe(ctx, step)
    paths = tuple(i.path for i in intents)
    in_the_way = hindrances(ctx, ahead, step, paths)
    ahead.follow(ctx, step, paths)
    ctx.results.append(Answer({}, paths))
    return intents, in_the_way


def _named(ctx: Context, call: Any) -> list[Intent]:
    """Describe a call whose files stay where they are."""
    verb = _done(call)
    files = getattr(call, "files", ())
    path = getattr(call, "path", None)
    if not files and path is None:
        return []
    return [Intent(p, verb) for p in ctx.files(files, path=path)]


def _done(call: Call) -> str:
    match call:
        case c.Tag():
            return f"tagged {', '.join(call.tags)}"
        case c.Untag():
            return f"no longer tagged {', '.join(call.tags)}"
        case c.Lock():
            return "locked: changes are refused until it is unlocked"
        case c.Unlock():
            return "unlocked"
        case c.Touch():
            return f"its time of change becomes {call.time or 'now'}"
        case c.Link():
            return f"shared by a link{f' ({call.expires})' if call.expires else ''}: who has the link can read it"
        case c.Unlink():
            return "its links end"
        case c.Watch():
            return "watched: you are told of its changes"
        case c.Unwatch():
            return "no longer watched"
    return type(call).syscall


def _create(ctx: Context, call: c.Create) -> list[Intent]:
    path = ctx.path(call.path)
    if call.source is not None:
        return [Intent(target, "imported") for _, target in importable(ctx, call.source, path).files]
    there = ctx.live(path) is not None
    if call.kind == "directory" and ctx.is_folder(path):
        return [Intent(path, "is there already")]
    return [Intent(path, "is there already: refused" if there else f"created ({call.kind or 'file'})")]


def _write(ctx: Context, call: c.Write) -> list[Intent]:
    path = ctx.path(call.path)
    if ctx.is_folder(path):
        raise BadRequest(f"{show(path) or 'the root'} is a folder; `write` takes a file")
    entry = ctx.live(path)
    done = {None: "overwritten", "overwrite": "overwritten", "append": "appended to", "prepend": "prepended to"}[call.mode]
    return [Intent(path, "created" if entry is None else f"{done} (its {entry.size} bytes stay in its history)")]


def _delete(ctx: Context, call: c.Delete) -> list[Intent]:
    out: list[Intent] = []
    for path in ctx.files(call.files, path=call.path):
        if not path:
            raise BadRequest("this is the root itself; name what is to be deleted in it")
        entry = ctx.live(path)
        out.append(Intent(path, "deleted (undo brings it back)"))
        if entry is not None and entry.kind is Kind.DIRECTORY:
            out += [Intent(p, "deleted with its folder") for p in ctx.below(path)]
    return out


def _transfer(ctx: Context, call: c.Copy | c.Move) -> list[Intent]:
    verb = "moved" if isinstance(call, c.Move) else "copied"
    return [Intent(s, f"{verb} to {show(t)}") for s, t in transfers(ctx, call.files, call.path, call.to)]


def _concat(ctx: Context, call: c.Concat) -> list[Intent]:
    to = ctx.path(call.to)
    every = ctx.files(call.files)
    parts = [p for p in every if p != to]
    gone = [Intent(p, "appended and deleted") for p in parts] if call.keep is False else []
    return [Intent(to, f"{len(parts)} files are appended" if to in every else f"made of {len(parts)} files"), *gone]


def _rollback(ctx: Context, call: c.Rollback) -> list[Intent]:
    to = call.snapshot or call.time or (f"version {call.version}" if call.version else f"{call.steps or 1} versions back")
    paths, goal = aim(ctx, call)
    found = foresee(ctx.engine.recorder, ctx.engine.versions, paths, goal)
    return [Intent(f.path, _foreseen(f, to)) for f in found]


def _foreseen(f: Foreseen, to: str) -> str:
    match f.deed:
        case "put_back":
            return f"put back: {to} (the present state stays in its history)"
        case "brought_back":
            return f"brought back: {to}"
        case "deleted":
            return "deleted: it was made since (undo brings it back)"
        case "moved_from":
            return f"put back: {to} (it is {show(f.other or b'')} now)"
        case "moved_to":
            return f"moved back to {show(f.other or b'')}"
        case "left":
            return "left as it is: its content of then was not kept"


def _undo(ctx: Context, call: c.Undo) -> list[Intent]:
    changes = ctx.engine.changes
    found = changes.would_undo(
        steps=call.steps,
        transaction=None if call.transaction is None else TransactionId(call.transaction),
        actor=call.actor,
        since_ns=ctx.time_ns(call.since, end=False),
        under=ctx.path(call.under) if call.under else None,
    )
    prompts = {tx: changes.transaction(tx).prompt for tx in {tx for _, tx in found}}
    return [Intent(p, f"as before transaction {tx}" + (f" ({prompts[tx]})" if prompts[tx] else "")) for p, tx in found]


def _forget(ctx: Context, call: c.Forget) -> list[Intent]:
    path = ctx.path(call.path)
    files, versions = ctx.engine.changes.forgettable(path)
    what = f"its {versions} versions" if files == 1 else f"{files} files that were ever there and their {versions} versions"
    return [Intent(path, f"removed for good with {what}; this cannot be undone")]


def _gc(ctx: Context, _: c.CollectGarbage) -> list[Intent]:
    would = ctx.engine.changes.gc(rules_of(ctx.engine.config.versions, ctx.now), dry_run=True)
    freed = f"{would.swept.freed} bytes become free"
    words = f"{would.versions} old versions ({would.version_bytes} bytes) lose their content, {freed}"
    return [Intent(RelPath(b"."), words)]


_DESCRIBE: dict[type[Call], Callable[..., list[Intent]]] = {
    c.Create: _create,
    c.Write: _write,
    c.Delete: _delete,
    c.Copy: _transfer,
    c.Move: _transfer,
    c.Concat: _concat,
    c.Rollback: _rollback,
    c.Undo: _undo,
    c.Forget: _forget,
    c.CollectGarbage: _gc,
}
