"""`lsfs parse`: the plan of a prompt, without running it. Needs no root and no engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lsfs.config import load_config
from lsfs.errors import EXIT_ERROR, EXIT_FOUND, BadRequest
from lsfs.model import whole
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.llm import PlanParser
from lsfs_syscalls.parsers import make_parser
from lsfs_syscalls.render.plain import json_text
from lsfs_syscalls.render.plan import plan_lines, question_lines, sent_lines


def run(session: Session) -> int:
    """Parse the prompt of the command line, or one prompt a line of the standard input."""
    parser = make_parser(load_config(environ=os.environ))
    now = present(getattr(session.options, "now", None))
    if session.options.jsonl:
        for prompt in _lines():
            print(json_text(_plan(session, parser, prompt, now)), flush=True)
        return EXIT_FOUND
    prompt = " ".join(session.options.prompt).strip()
    if not prompt:
        raise BadRequest('say what to parse: lsfs parse "PROMPT", or --jsonl with one prompt a line on standard input')
    plan = _plan(session, parser, prompt, now)
    if session.flag("json"):
        session.print_json(plan)
        return EXIT_ERROR if plan.get("clarify") else EXIT_FOUND
    for line in (*sent_lines(plan, session.paint), *map(session.paint.dim, plan.get("notices", ()))):
        session.note(line)
    if plan.get("clarify"):
        session.print("\n".join(question_lines(plan, session.paint)))
    else:
        session.print("\n".join(plan_lines(plan, session.paint)))
    return EXIT_ERROR if plan.get("clarify") else EXIT_FOUND


def _plan(session: Session, parser: PlanParser, prompt: str, now: datetime) -> dict[str, Any]:
    plan = parser.parse(whole(prompt), now)
    return plan.explained() if session.flag("explain") else plan.to_json()


def _lines() -> Iterator[str]:
    """Yield the prompts of the standard input, one a line, as they are; an empty one too: who reads the answers counts them."""
    for line in sys.stdin:
        yield line.rstrip("\r\n")


def present(now: str | None) -> datetime:
    """Return the present time: `--now`, or the clock; local where there is no offset."""
    if now is None:
        return datetime.now().astimezone()
    try:
        t = datetime.fromisoformat(now)
    except ValueError:
        raise BadRequest(f"--now takes a time like 2026-11-23T12:00, not `{now}`") from None
    return t if t.tzinfo else t.astimezone()
