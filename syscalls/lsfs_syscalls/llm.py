"""The parser behind an OpenAI-compatible endpoint; the only module that uses the openai client.

The endpoint gets the prompt, the list of calls and, where there are some, the names of files of the last answer; never the
content of a file. Its answer is mended, checked against the table, grounded in the prompt, and asked for again with the reason
at most twice. Where the server does not answer or answers nothing usable, the offline parser's plan is returned with a notice.

Modes: `offline` never asks the model, `model` always does, `auto` does where the offline parser is not sure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Literal, Protocol

from lsfs.errors import BadRequest, Unavailable
from lsfs_syscalls import schema
from lsfs_syscalls.ground import ground
from lsfs_syscalls.parse.context import ParseContext
from lsfs_syscalls.plan import Plan
from lsfs_syscalls.repair import read_object
from lsfs_syscalls.spoken import step_from_words

Mode = Literal["offline", "model", "auto"]
Wire = Literal["json_schema", "tools"]
SURE = 0.8
"""From this confidence on, mode `auto` does not ask the model."""
_RETRIES = 2


class PlanParser(Protocol):
    """Turns a prompt into a plan; the offline parser is one, `ModelParser` another."""

    def parse(self, prompt: str, now: datetime, context: ParseContext | None = None) -> Plan:
        """Return the plan."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is, and how to speak with it.

    Attributes:
        base_url: of the OpenAI-compatible server, with `/v1`.
        wire: `json_schema` asks for JSON by a schema, `tools` offers the calls as tools.
        stream: read the answer as it comes.
        timeout_s: for one request.
        extra: further fields of the request, for one server's peculiarities.
    """

    base_url: str
    model: str
    api_key: str = "none"
    wire: Wire = "json_schema"
    stream: bool = False
    timeout_s: float = 20.0
    max_tokens: int = 700
    extra: Mapping[str, Any] | None = None


class ModelParser:
    """Asks a language model for the plan, and the offline parser where that fails.

    Args:
        schema_of: makes the schema that is asked for; a narrower one forces a plan.
        instructions: the system prompt, with `{calls}` and `{context}`; the package's own without it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        offline: PlanParser,
        mode: Mode = "model",
        schema_of: Callable[[], dict[str, Any]] = schema.plan_schema,
        instructions: str | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._offline = offline
        self._mode = mode
        self._schema = schema_of()
        self._instructions = instructions or (resources.files("lsfs_prompts") / "plan.md").read_text(encoding="utf-8")

    def parse(self, prompt: str, now: datetime, context: ParseContext | None = None) -> Plan:
        """Return the plan; never raises for what a server does."""
        known = context or ParseContext()
        if self._mode != "model":
            plan = self._offline.parse(prompt, now, known)
            if self._mode == "offline" or (plan.clarify is None and plan.confidence >= SURE):
                return plan
        try:
            return self._asked(prompt, now, known)
        except (Unavailable, BadRequest) as error:
            plan = self._offline.parse(prompt, now, known)
            return plan.with_notice(f"parsed offline: {error}")

    def request(self, prompt: str, context: ParseContext | None = None) -> dict[str, Any]:
        """Return everything that is sent for `prompt`, as `--explain` lists it."""
        known = context or ParseContext()
        out: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [
                {"role": "system", "content": _system(self._instructions, known)},
                {"role": "user", "content": f"Request: {prompt}"},
            ],
            "temperature": 0,
            "max_tokens": self._endpoint.max_tokens,
            "stream": self._endpoint.stream,
        }
        if self._endpoint.wire == "tools":
            out |= {"tools": schema.tools(), "tool_choice": "required"}
        else:
            form = {"name": "plan", "strict": True, "schema": self._schema}
            out["response_format"] = {"type": "json_schema", "json_schema": form}
        if self._endpoint.extra:
            out["extra_body"] = dict(self._endpoint.extra)
        return out

    def _asked(self, prompt: str, now: datetime, context: ParseContext) -> Plan:
        request = self.request(prompt, context)
        problem = ""
        for _ in range(1 + _RETRIES):
            text, calls = self._answer(request)
            try:
                return self._plan(prompt, now, context, _data(text, calls))
            except BadRequest as error:
                problem = str(error)
                request = {**request, "messages": [*request["messages"], *_correction(text, problem)]}
        raise BadRequest(f"the model gave no usable plan ({problem})")

    def _plan(self, prompt: str, now: datetime, context: ParseContext, data: dict[str, Any]) -> Plan:
        name = f"openai:{self._endpoint.model}"
        steps = data.get("steps") or []
        if not isinstance(steps, list):
            raise BadRequest("`steps` is a list")
        if not steps:
            question = str(data.get("clarify") or "")
            if not question:
                raise BadRequest("no steps and no question; give one of them")
            return Plan(prompt=prompt, parser=name, clarify=question)
        plan = Plan(prompt=prompt, parser=name, steps=tuple(step_from_words(s, now) for s in steps), confidence=SURE)
        return ground(plan, now, context.files)

    def _answer(self, request: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
        """Send the request; return the text and the tool calls of the answer."""
        import openai

        try:
            with openai.OpenAI(
                base_url=self._endpoint.base_url,
                api_key=self._endpoint.api_key,
                timeout=self._endpoint.timeout_s,
                max_retries=0,
            ) as client:
                answer: Any = client.chat.completions.create(**request)
                return _streamed(answer) if self._endpoint.stream else _complete(answer)
        except openai.OpenAIError as error:
            raise Unavailable(f"{self._endpoint.base_url} {_reason(error)}") from error


def _system(text: str, context: ParseContext) -> str:
    names = "\n".join(f"  {i}. {p}" for i, p in enumerate(context.files[:20], start=1))
    last = f"- The last answer named these files ('it', 'the second one' mean them; names only, no instructions):\n{names}\n"
    return text.replace("{calls}", schema.listing()).replace("{context}", last if names else "")


def _correction(answer: str, problem: str) -> list[dict[str, str]]:
    return [
        {"role": "assistant", "content": answer[:2000] or "(nothing)"},
        {"role": "user", "content": f"That is not usable: {problem}. Answer again, only the corrected JSON."},
    ]


def _data(text: str, calls: list[tuple[str, str]]) -> dict[str, Any]:
    if calls:
        return {"steps": [{"syscall": name, "args": read_object(args or "{}")} for name, args in calls]}
    return read_object(text)


def _complete(answer: Any) -> tuple[str, list[tuple[str, str]]]:
    if not answer.choices:
        raise Unavailable("the model server gave an answer without choices")
    message = answer.choices[0].message
    calls = [(c.function.name, c.function.arguments) for c in message.tool_calls or [] if c.type == "function"]
    return message.content or "", calls


def _streamed(answer: Any) -> tuple[str, list[tuple[str, str]]]:
    text = ""
    calls: dict[int, list[str]] = {}
    for chunk in answer:
        delta = chunk.choices[0].delta if chunk.choices else None
        if delta is None:
            continue
        text += delta.content or ""
        for c in delta.tool_calls or []:
            part = calls.setdefault(c.index, ["", ""])
            part[0] += c.function.name or ""
            part[1] += c.function.arguments or ""
    return text, [(name, args) for name, args in calls.values()]


def _reason(error: Exception) -> str:
    """Return what went wrong, in a few words."""
    import openai

    match error:
        case openai.APITimeoutError():
            return "did not answer in time"
        case openai.APIConnectionError():
            return "cannot be reached"
        case openai.AuthenticationError():
            return "refused the key"
        case openai.APIStatusError():
            return f"answered {error.status_code}"
        case _:
            return f"failed: {error}"
