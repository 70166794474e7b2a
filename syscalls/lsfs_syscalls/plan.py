"""The plan: what a prompt was understood to mean, as typed steps, or the question that has to be answered first.

A plan is data: it is made by a parser, shown to people, sent over the socket and run by `lsfs_syscalls.run`. Only plans whose
steps are calls of the table can be constructed, so a plan that came out of a model is checked by being built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lsfs.errors import BadRequest
from lsfs_syscalls.calls.record import Call, Effect, Form, Json, field_name
from lsfs_syscalls.calls.table import call_from_json

REFERENCE = re.compile(r"\$([1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        parser: "offline", "openai:MODEL" or "local:MODEL"; "direct" for a call that was given as such.
        confidence: 0 to 1.
        clarify: the question to ask instead of guessing; then there are no steps.
        candidates: possible answers to it, best first.
        notices: what the user should know of how the plan was made (a model that did not answer, a dropped argument).
        sent: all that a language model got for it, with `to`; empty where none was asked. Not part of the plan's JSON.
    """

    prompt: str
    steps: tuple[Call, ...] = ()
    parser: str = "offline"
    confidence: float = 1.0
    clarify: str | None = None
    candidates: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    sent: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for number, step in enumerate(self.steps, start=1):
            for reference in references(step):
                if not 1 <= reference < number:
                    raise BadRequest(f"step {number} uses ${reference}, which is not the result of an earlier step")

    @property
    def effect(self) -> Effect:
        """The strongest effect of the steps."""
        return max((s.reach for s in self.steps), key=lambda e: e.rank, default=Effect.READ)

    def with_notice(self, text: str) -> Plan:
        """Return the plan with one more notice."""
        return replace(self, notices=(*self.notices, text))

    def explained(self) -> dict[str, Json]:
        """Return the plan in the form of the contract, with what was sent to a language model (null: nothing)."""
        return self.to_json() | {"sent": dict(self.sent) or None}

    def to_json(self) -> dict[str, Json]:
        """Return the plan in the form of the contract."""
        out: dict[str, Json] = {"prompt": self.prompt, "parser": self.parser, "effect": self.effect.value}
        out["confidence"] = round(self.confidence, 3)
        if self.clarify is not None:
            out |= {"clarify": self.clarify, "candidates": list(self.candidates)}
        out["steps"] = [{"syscall": type(s).syscall, "args": s.to_json()} for s in self.steps]
        if self.notices:
            out["notices"] = list(self.notices)
        return out

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Plan:
        """Return the plan that `data` describes, every step checked.

        Raises:
            BadRequest: a step is no call of the table, or its arguments are off.
        """
        steps = data.get("steps") or []
        if not isinstance(steps, list) or not all(isinstance(s, dict) and "syscall" in s for s in steps):
            raise BadRequest("a plan's `steps` is a list of objects with `syscall` and `args`")
        return Plan(
            prompt=str(data.get("prompt", "")),
            steps=tuple(call_from_json(str(s["syscall"]), s.get("args") or {}) for s in steps),
            parser=str(data.get("parser", "offline")),
            confidence=float(data.get("confidence", 1.0)),
            clarify=data.get("clarify"),
            candidates=tuple(data.get("candidates") or ()),
            notices=tuple(data.get("notices") or ()),
        )


def references(call: Call) -> Iterator[int]:
    """Yield the step numbers that a call's arguments refer to."""
    for a in type(call).arguments():
        if a.form not in (Form.FILES, Form.SET):
            continue
        value = getattr(call, field_name(a.name))
        for text in value if isinstance(value, tuple) else (value,):
            if text and (m := REFERENCE.fullmatch(text)):
                yield int(m[1])
