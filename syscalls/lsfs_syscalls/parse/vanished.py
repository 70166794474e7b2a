"""What files said once and do not say any more.

"Which notes mentioned the Berlin office last spring, and no longer do?" is two searches: what says it now, and what said it
then without those. The form is unmistakable, so it is a rule over the prompt; the model knows single searches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lsfs_syscalls import times
from lsfs_syscalls.parse import asking, values
from lsfs_syscalls.parse.asking import Unclear
from lsfs_syscalls.parse.filters import folder_name

Push = Callable[[str, dict[str, Any]], str]

_SAID = (
    r"mentioned|contained|included|named|said|had|talked about|spoke of|referred to|were about|"
    r"used to (?:mention|contain|include|name|say|have|talk about)"
)
_NOT_NOW = (
    r"(?:they |which |that )?(?:now |today )?(?:no longer|don'?t|don’t|do not|doesn'?t|doesn’t|does not|not)"
    r"(?: (?:do|does|mention|contain|include|name|say|have)(?: (?:it|that|them|so))?)?(?: (?:any ?more|any longer|now|today))*"
)
_FORM = re.compile(
    r"(?:(?:please|can you|could you|tell me|show me|list|find|get|give me)[, ]+)*"
    r"(?:(?:which|what|all|of|the|my|our) )*"
    rf"(?P<what>[\w.]+)(?: (?:in|under|below) (?P<folder>[\w./-]+))?(?: that| which)? (?:{_SAID}) (?P<said>.+?)"
    rf"[, ]+(?:and|but|yet|although|though) {_NOT_NOW}[ .?!]*",
    re.IGNORECASE,
)
_CONTAINER = re.compile(r"(?:files?|documents?|docs?|papers?|articles?|notes?|pages?|texts?|things?|ones?)", re.IGNORECASE)


def match(prompt: str, now: datetime, push: Push) -> bool:
    """Push the two searches if the prompt is of this form; return whether it is.

    Raises:
        Unclear: it does not say as of when.
    """
    text = re.sub(r"\s+", " ", prompt.strip())
    lead, comma, rest = text.partition(", ")
    before = _time(lead, now) if comma else None
    found = _FORM.fullmatch(rest if before else text)
    if found is None:
        return False
    said, at = _split(found["said"], now)
    at = before or at
    if at is None or not said:
        raise Unclear(asking.AS_OF_WHEN)
    limits: dict[str, Any] = {"keywords": (said,)}
    kind = values.file_type(found["what"])
    if kind and not _CONTAINER.fullmatch(found["what"]):
        limits["type"] = kind
    if found["folder"]:
        limits["under"] = folder_name(found["folder"])
    today = push("retrieve", {**limits, "k": 0})
    push("retrieve", {**limits, "at": at, "except_files": (today,)})
    return True


def _split(text: str, now: datetime) -> tuple[str, str | None]:
    """Return what was said, and the end of the time that stands behind it (or before it), as ISO 8601."""
    words = text.strip(" ,").split(" ")
    for size in range(min(6, len(words) - 1), 0, -1):
        at = _time(" ".join(words[-size:]), now)
        if at is not None:
            return _bare(words[:-size]), at
    return _bare(words), None


def _time(text: str, now: datetime) -> str | None:
    if times.resolve(text, now) is None:
        return None
    at = times.point(text, now)
    return times.iso(at) if at else None


def _bare(words: list[str]) -> str:
    text = " ".join(words).strip(" ,")
    return re.sub(r"^(?:the|an?|our|my) ", "", text.strip("\"'“”‘’"), flags=re.IGNORECASE)
