"""Schemas of constants: a real model of any size answers exactly what is wanted."""

from __future__ import annotations

from typing import Any

from lsfs_syscalls.plan import Plan

PROMPT = "find two notes about tides from last week and group them by author"
OFFLINE = "delete old/list.txt"


def constant(value: Any) -> dict[str, Any]:
    """A schema that allows only `value`."""
    if isinstance(value, dict):
        inner = {k: constant(v) for k, v in value.items()}
        return {"type": "object", "properties": inner, "required": list(inner), "additionalProperties": False}
    if isinstance(value, list):
        return {"type": "array", "prefixItems": [constant(v) for v in value], "minItems": len(value), "maxItems": len(value)}
    return {"const": value}


def forced(*steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """The schema of a plan of exactly these steps."""
    return constant({"steps": [{"syscall": name, "args": args} for name, args in steps], "clarify": ""})


FIND_AND_GROUP = forced(
    ("retrieve", {"query": "tides", "k": 2, "since": "last week"}), ("group_by", {"files": "$1", "key": "author"})
)


def steps(plan: Plan) -> list[tuple[str, Any]]:
    """The steps of a plan as plain values."""
    return [(type(s).syscall, s.to_json()) for s in plan.steps]
