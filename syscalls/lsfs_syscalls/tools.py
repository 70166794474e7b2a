"""The table of calls as tool schemas, for agents that call functions: OpenAI tools, and plain JSON Schema for MCP.

`lsfs tools --format openai|mcp|json` prints them; the MCP server and the language-model parser build on the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from lsfs.errors import BadRequest
from lsfs_syscalls.calls.record import Argument, Call, Form, Json
from lsfs_syscalls.calls.table import CALLS

_TYPES: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_FORMS = {
    Form.TIME: "ISO 8601, local time without an offset",
    Form.DURATION: "like 15s 24h 7d 2w 6mo 3y, combined as 3y5mo",
    Form.PATH: "relative to the root",
    Form.GLOB: "a pattern with * and ?",
    Form.SIZE: "bytes",
}


def argument_schema(a: Argument) -> dict[str, Json]:
    """Return the JSON Schema of one argument."""
    hint = f" ({_FORMS[a.form]})" if a.form in _FORMS else ""
    one: dict[str, Json] = {"type": _TYPES[a.python]}
    if a.choices:
        one["enum"] = list(a.choices)
    if a.many:
        one = {"type": "array", "items": one}
    return one | {"description": a.doc + hint}


def call_schema(call: type[Call]) -> dict[str, Json]:
    """Return the JSON Schema of a call's arguments."""
    arguments = call.arguments()
    return {
        "type": "object",
        "properties": {a.name: argument_schema(a) for a in arguments},
        "required": [a.name for a in arguments if a.required],
        "additionalProperties": False,
    }


def tools(style: str, calls: Iterable[type[Call]] = tuple(CALLS.values())) -> list[Json]:
    """Return the calls as tool descriptions in the given style.

    Raises:
        BadRequest: there is no such style.
    """
    if style == "openai":
        return [{"type": "function", "function": _named(c, "parameters")} for c in calls]
    if style == "mcp":
        return [_named(c, "inputSchema") for c in calls]
    if style == "json":
        return [_named(c, "arguments") | {"effect": c.effect.value, "payload": c.payload} for c in calls]
    raise BadRequest(f"there is no tool format `{style}`; there are openai, mcp, json")


def _named(call: type[Call], schema_key: str) -> dict[str, Json]:
    doc = (call.__doc__ or "").strip()
    return {"name": call.syscall, "description": f"{doc} Effect: {call.effect.value}.", schema_key: call_schema(call)}
