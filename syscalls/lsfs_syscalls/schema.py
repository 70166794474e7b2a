"""The JSON schema of a plan, made from the table of calls, in the subset that OpenAI's strict mode and llama.cpp both accept.

Strict mode wants every property required (an optional one allows null), no further properties and no `anyOf` at the root. Times
and durations are texts here: a model copies the words, and code computes the dates.
"""

from __future__ import annotations

from typing import Any

from lsfs_syscalls.calls.record import Argument, Call, Form
from lsfs_syscalls.calls.table import CALLS


def plan_schema(*, terse: bool = False) -> dict[str, Any]:
    """Return the schema of `{"steps": [...], "clarify": ...}`.

    Args:
        terse: optional arguments may be left out, which strict mode does not know: for a model that would spend most of its
            time with writing null.
    """
    return {
        "type": "object",
        "properties": {
            "steps": {"type": "array", "items": {"anyOf": [_step(c, terse=terse) for c in CALLS.values()]}},
            "clarify": {"type": ["string", "null"]},
        },
        "required": ["steps", "clarify"],
        "additionalProperties": False,
    }


def _step(call: type[Call], *, terse: bool) -> dict[str, Any]:
    arguments = arguments_schema(call)
    if terse:
        arguments["required"] = [a.name for a in call.arguments() if a.required]
    return {
        "type": "object",
        "properties": {"syscall": {"type": "string", "enum": [call.syscall]}, "args": arguments},
        "required": ["syscall", "args"],
        "additionalProperties": False,
    }


def arguments_schema(call: type[Call]) -> dict[str, Any]:
    """Return the schema of a call's arguments; every one is required, an optional one may be null."""
    properties = {a.name: _argument(a) for a in call.arguments()}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _argument(a: Argument) -> dict[str, Any]:
    null = [] if a.required else ["null"]
    if a.many:
        items = {"type": "array", "items": {"type": "string"}}
        return {"anyOf": [items, {"type": "string"}, *([{"type": "null"}] if null else [])], "description": a.doc}
    if a.choices:
        return {"type": ["string", *null], "enum": [*a.choices, *([None] if null else [])], "description": a.doc}
    kinds = {bool: "boolean", int: "integer", float: "number"}
    kind = "string" if a.form is Form.SIZE else kinds.get(a.python, "string")
    return {"type": [kind, *null] if null else kind, "description": a.doc}


def tools() -> list[dict[str, Any]]:
    """Return the calls as OpenAI tools, for servers that have tools but no schemas."""
    return [
        {
            "type": "function",
            "function": {
                "name": c.syscall,
                "description": (c.__doc__ or "").strip(),
                "parameters": arguments_schema(c),
                "strict": True,
            },
        }
        for c in CALLS.values()
    ]


def listing() -> str:
    """Return the calls and their arguments as lines for a prompt."""
    lines = []
    for c in CALLS.values():
        arguments = ", ".join(a.name + ("*" if a.required else "") + _choices(a) for a in c.arguments())
        lines.append(f"- {c.syscall}({arguments}): {(c.__doc__ or '').strip()}")
    return "\n".join(lines)


def _choices(a: Argument) -> str:
    return f" ({'|'.join(a.choices)})" if a.choices else ""
