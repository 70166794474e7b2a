"""Running a plan: its steps in order, the changing ones of one plan in one transaction.

Reading plans run as they are. A plan that changes something runs only with consent; without it the answer is a preview
(`lsfs_syscalls.guard`). All of a plan happens or none: an error in a later step takes the earlier ones back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lsfs.engine.engine import Engine
from lsfs.errors import BadRequest, Denied
from lsfs.model import path_json, whole
from lsfs_syscalls.calls.record import Effect, Json
from lsfs_syscalls.plan import Plan
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.registry import handler_of, is_transactional
from lsfs_syscalls.run.told import Listener, silent


def run_plan(
    engine: Engine,
    plan: Plan,
    *,
    actor: str = "user",
    consent: bool = False,
    now: datetime | None = None,
    explain: bool = False,
    listener: Listener = silent,
    models: bool = True,
) -> list[Answer]:
    """Run the steps of `plan` and return an answer for each.

    Args:
        listener: is told of a model's answer as it comes; what it raises ends a plan that only reads.
        models: a configured language model may be asked.

    Raises:
        BadRequest: the plan is a question, or empty.
        Denied: it changes something and there is no consent.
        LsfsError: what the calls raise; then nothing of the plan has happened.
    """
    if plan.clarify is not None or not plan.steps:
        raise BadRequest(plan.clarify or "there is nothing to do")
    ctx = Context(engine, now or datetime.now().astimezone(), actor, plan.prompt, explain, models=models)
    if plan.effect is Effect.READ:
        ctx.listener = listener
        return _steps(ctx, plan)
    if not consent:
        raise Denied(f"this would {plan.effect.value} something and nobody has agreed; show the plan and pass consent (--yes)")
    if not any(is_transactional(s) for s in plan.steps):
        return _steps(ctx, plan)
    return _in_transaction(ctx, plan)


_KEPT = 5000  # characters of an argument; a path of the system's longest fits, and the content itself is in the store


def _in_transaction(ctx: Context, plan: Plan) -> list[Answer]:
    with ctx.engine.changes.begin(actor=ctx.actor, prompt=whole(plan.prompt), plan=_recorded(plan.to_json())) as transaction:
        ctx.transaction = transaction
        answers = _steps(ctx, plan)
    ctx.engine.touched(transaction.changed)
    done: dict[str, Json] = {"transaction": transaction.id, "changed": [path_json(p)["path"] for p in transaction.changed]}
    if not ctx.engine.changes.undoable(transaction.id):
        done["undoable"] = False
    return [_completed(a, done) for a in answers]


def _recorded(value: Any) -> Any:
    """Return a plan as it is kept: paths that are not UTF-8 as they are shown, what is written only by its beginning."""
    if isinstance(value, str):
        text = whole(value)
        return text if len(text) <= _KEPT else f"{text[:_KEPT]}... ({len(text)} characters)"
    if isinstance(value, list):
        return [_recorded(x) for x in value]
    return {k: _recorded(v) for k, v in value.items()} if isinstance(value, dict) else value


def _completed(answer: Answer, done: dict[str, Json]) -> Answer:
    """Give an answer of a changing step its transaction; "transaction" is a placeholder until it has been committed."""
    if "transaction" not in answer.body:
        return answer
    return Answer({**done, **{k: v for k, v in answer.body.items() if v is not None}}, answer.files, answer.found)


def _steps(ctx: Context, plan: Plan) -> list[Answer]:
    for step in plan.steps:
        if ctx.transaction is not None:
            ctx.transaction.settle()  # what the steps before have made is there for this one
        handler: Any = handler_of(type(step))
        ctx.results.append(handler(ctx, step))
    return ctx.results
