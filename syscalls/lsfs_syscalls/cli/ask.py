"""Prompts and calls from the command line: shown as a plan, agreed to where they change something, run, and printed."""

from __future__ import annotations

from typing import Any

from lsfs.errors import EXIT_ERROR, EXIT_FOUND, Denied
from lsfs_syscalls.calls.record import Call, Effect
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.parse.asking import completed
from lsfs_syscalls.render.answer import render
from lsfs_syscalls.render.plan import question_lines, sent_lines

MOST_QUESTIONS = 3
"""After so many questions a prompt is given up."""


def run_call(session: Session, call: Call) -> int:
    """Run one call that was given as such, and return the exit status."""
    plan = {"prompt": "", "parser": "direct", "steps": [{"syscall": type(call).syscall, "args": call.to_json()}]}
    if call.reach is Effect.READ:
        return _finish(session, _run(session, plan, consent=False), plan=None)
    return _with_consent(session, plan, previewed=None)


def run_prompt(session: Session, prompt: str) -> int:
    """Understand a prompt, ask where something has to be asked, run it, and return the exit status."""
    for _ in range(MOST_QUESTIONS):
        asked = session.client.ask(
            prompt,
            now=_now(session),
            explain=session.flag("explain"),
            dry_run=session.flag("dry_run"),
            files=session.last_files,
            tell=session.tell,
        )
        plan = asked["plan"]
        if not plan.get("clarify"):
            return _understood(session, asked)
        answer = _question(session, plan)
        if answer is None:
            return EXIT_ERROR
        prompt = completed(prompt, str(plan["clarify"]), answer)
    return EXIT_ERROR


def _understood(session: Session, asked: dict[str, Any]) -> int:
    plan = asked["plan"]
    if "answers" in asked and not session.flag("json"):
        session.live.plan(plan)
        return _finish(session, asked["answers"], plan=plan)
    for line in plan.get("notices") or ():
        session.note(session.paint.dim(line))
    if "answers" in asked:
        return _finish(session, asked["answers"], plan=plan)
    return _with_consent(session, plan, previewed=asked.get("preview"))


def _question(session: Session, plan: dict[str, Any]) -> str | None:
    """Show a question and return its answer: a candidate's number, or words; None where nobody answers."""
    if session.flag("json"):
        session.print_json(plan)
        return None
    for line in (*sent_lines(plan, session.paint), *question_lines(plan, session.paint)):
        session.note(line)
    answer = session.question()
    candidates = [str(c) for c in plan.get("candidates") or ()]
    if answer.isdigit() and 1 <= int(answer) <= len(candidates):
        return candidates[int(answer) - 1]
    return answer or None


def _with_consent(session: Session, plan: dict[str, Any], previewed: dict[str, Any] | None) -> int:
    preview = previewed or session.client.preview(plan, now=_now(session))
    if session.flag("dry_run"):
        if session.flag("json"):
            session.print_json({"plan": plan, "preview": preview})
        else:
            session.show_plan(plan, preview)
        return EXIT_ERROR if _hopeless(preview) else EXIT_FOUND
    if not session.flag("json") or not session.flag("yes"):
        session.show_plan(plan, preview)
    elif _hopeless(preview):
        session.show_problems(preview)
    if _hopeless(preview):
        session.note("nothing was changed")
        return EXIT_ERROR
    if not session.consent():
        return session.refused()
    agreed = None if session.flag("yes") else preview  # whoever says --yes has seen none
    return _finish(session, _run(session, plan, consent=True, agreed=agreed), plan=plan if plan["prompt"] else None)


def _hopeless(preview: dict[str, Any]) -> bool:
    """Tell whether the plan would fail, or do nothing at all: then there is nothing to agree to.

    A problem of a later step alone may be none: what it works on may be made by an earlier one.
    """
    if preview.get("impossible"):
        return True
    return bool(preview["problems"]) and not any(step["files"] for step in preview["steps"])


def _run(
    session: Session, plan: dict[str, Any], *, consent: bool, agreed: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    explain = session.flag("explain")
    return session.client.plan(plan, consent=consent, agreed=agreed, now=_now(session), explain=explain, tell=session.tell)


def _finish(session: Session, answers: list[dict[str, Any]], plan: dict[str, Any] | None) -> int:
    if not answers:
        raise Denied("the engine gave no answer")
    body = answers[-1]
    done = next((_changes(a) for a in reversed(answers) if a.get("transaction") is not None), {})
    if "transaction" in body or "changed" in body:
        done = {}
    if session.flag("json"):
        return session.answer({**done, **body, **({} if plan is None else {"plan": plan})})
    status = session.answer(body)
    if done:
        session.print(render(done, session.paint))
    return status


def _changes(body: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says of a change: it is told behind an answer that is about something else, too."""
    return {k: body[k] for k in ("transaction", "changed", "undoable", "kept", "undone") if k in body}


def _now(session: Session) -> str | None:
    now: str | None = getattr(session.options, "now", None)
    return now
