"""Lenient reading of JSON that a model wrote: fences, talk around it, trailing commas, brackets that were never closed."""

from __future__ import annotations

import json
import re
from typing import Any

from lsfs.errors import BadRequest


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`.

    Raises:
        BadRequest: there is none, even after mending.
    """
    for attempt in _attempts(text):
        try:
            data = json.loads(attempt)
        except ValueError:
            continue
        if isinstance(data, dict):
            return data
        if isinstance(data, list):
            return {"steps": data}
    raise BadRequest("the model's answer is no JSON object")


def _attempts(text: str) -> list[str]:
    bare = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    fenced = re.search(r"```(?:json)?\s*(.*?)```", bare, re.DOTALL)
    body = (fenced[1] if fenced else bare).strip()
    start = min((i for i in (body.find("{"), body.find("[")) if i >= 0), default=0)
    body = body[start:]
    whole = body[: max(body.rfind("}"), body.rfind("]")) + 1]
    mended = re.sub(r",\s*([}\]])", r"\1", whole)
    return [body, whole, mended, _closed(body)]


def _closed(text: str) -> str:
    """Return `text` with the brackets and the string closed that are open at its end."""
    stack: list[str] = []
    inside = escaped = False
    for c in text:
        if inside:
            inside = escaped or c != '"'
            escaped = c == "\\" and not escaped
        elif c == '"':
            inside = True
        elif c in "{[":
            stack.append("}" if c == "{" else "]")
        elif c in "}]" and stack:
            stack.pop()
    ended = text + ('"' if inside else "")
    return re.sub(r"[,:]\s*$", "", ended) + "".join(reversed(stack))
