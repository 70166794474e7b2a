"""A step as a model writes it, with words for times, durations, sizes and kinds, made into a call of the table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lsfs.errors import BadRequest
from lsfs_syscalls import times
from lsfs_syscalls.calls.record import Argument, Call, Form
from lsfs_syscalls.calls.table import CALLS, call_from_json
from lsfs_syscalls.parse import values


def step_from_words(step: Any, now: datetime) -> Call:
    """Return the call that a model's step describes; times that are words are resolved against `now`.

    Raises:
        BadRequest: it is no call of the table, or an argument is off.
    """
    if not isinstance(step, Mapping) or "syscall" not in step:
        raise BadRequest("a step is an object with `syscall` and `args`")
    name = str(step["syscall"])
    if name not in CALLS:
        raise BadRequest(f"there is no call `{name}`; there are {', '.join(CALLS)}")
    given = step.get("args") or {k: v for k, v in step.items() if k != "syscall"}
    if not isinstance(given, Mapping):
        raise BadRequest(f"{name}: `args` is an object")
    known = {a.name: a for a in CALLS[name].arguments()}
    args: dict[str, Any] = {}
    for key, value in given.items():
        if value in (None, "", [], "null") or key not in known:
            continue
        args |= _meant(name, known[key], value, now)
    return call_from_json(name, args)


def _meant(call: str, a: Argument, value: Any, now: datetime) -> dict[str, Any]:
    """Return the argument with its words understood; a stretch of time given as `since` brings its `until` along."""
    if isinstance(value, str):
        value = value.strip()
        if a.form is Form.TIME:
            return _time(call, a, value, now)
        if a.form is Form.DURATION:
            until = times.expiry(value, now)
            return {a.name: until} if until else {}
        if a.form in (Form.COUNT, Form.NUMBER, Form.SIZE):
            read = {Form.COUNT: values.count, Form.NUMBER: values.threshold, Form.SIZE: values.size}[a.form]
            n = read(value)
            return {} if n is None else {a.name: n}
        if a.form is Form.FLAG:
            return {a.name: value.lower() == "true"}
        value = _kind(a.name, value)
    return {a.name: value}


def _time(call: str, a: Argument, words: str, now: datetime) -> dict[str, Any]:
    found = times.resolve(words, now)
    if found is None:
        return {}
    match a.name:
        case "since":
            until = found.until if found.until is not None and found.until < now else None
            out = {"since": times.iso(found.since)} if found.since else {}
            return out | ({"until": times.iso(until)} if until and "T" not in words else {})
        case "until":
            return {"until": times.iso(found.until or found.point)}
        case _:
            return {a.name: times.iso(found.first if call == "touch" else found.point)}


def _kind(name: str, words: str) -> str:
    read = {"type": values.file_type, "language": values.language, "key": values.group_key, "on": values.join_key}.get(name)
    return (read(words) if read else None) or words
