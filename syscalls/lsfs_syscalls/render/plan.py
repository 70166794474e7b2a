"""A plan and its preview as text: what was understood, and what would happen to which file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.render.plain import plain, plain_text


def plan_lines(plan: dict[str, Any], paint: Paint) -> Iterator[str]:
    """Yield a line a step, as it would be typed: `1  retrieve --query 'flash caching' --k 3`."""
    for number, step in enumerate(plain(plan["steps"]), start=1):
        words = [f"{k}={_word(v)}" for k, v in step["args"].items()]
        yield paint.dim(f"{number}  {step['syscall']}  {'  '.join(words)}")


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_word(v) for v in value)
    text = str(value)
    return text if text.startswith("$") else shlex.quote(text)


def preview_lines(preview: dict[str, Any], paint: Paint) -> Iterator[str]:
    """Yield every file that a plan would touch and what would happen to it."""
    for step in plain(preview["steps"]):
        for f in step["files"]:
            yield f"  {paint.name(f['path'])}  {f['what']}"
        if step.get("more"):
            yield f"  and {step['more']} more"
    yield from problem_lines(preview, paint)


def problem_lines(preview: dict[str, Any], paint: Paint) -> Iterator[str]:
    """Yield what is in the way of a plan."""
    for problem in preview.get("problems", []):
        yield paint.bad(f"  {plain_text(str(problem))}")


def question_lines(plan: dict[str, Any], paint: Paint) -> Iterator[str]:
    """Yield the question of a plan that has to be answered first, with what could be meant."""
    yield paint.bold(plain_text(str(plan["clarify"])))
    for number, candidate in enumerate(plan.get("candidates") or [], start=1):
        yield f"  {number}  {paint.name(plain_text(str(candidate)))}"


def sent_lines(plan: dict[str, Any], paint: Paint) -> Iterator[str]:
    """Yield everything that a language model got for a plan, or that none was asked; nothing for a plan that does not tell."""
    if "sent" not in plan:
        return
    sent = plain(plan["sent"])
    if sent is None:
        yield paint.dim("no language model was asked; nothing was sent")
        return
    yield paint.dim(f"sent to the model {sent['model']}, {sent['to']}:")
    for message in sent["messages"]:
        yield paint.dim(f"[{message['role']}] {message['content']}")
    rest = [k for k in sent if k not in ("to", "model", "messages")]
    yield paint.dim(f"with {', '.join(rest)} (--json shows them)")
