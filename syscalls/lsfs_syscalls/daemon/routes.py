"""The engine's HTTP routes: what a client or a mount can ask.

    GET  /status                     how the engine is
    POST /wait     {timeout_s}       return when everything is recorded and indexed
    POST /parse    {prompt, now}     the plan of a prompt
    POST /ask      {prompt, ...}     the plan, and its answers if it only reads, or else a preview
    POST /preview  {plan}            what a plan would do
    POST /plan     {plan, consent}   run a plan; with `agreed`, its preview, only if that is what it would do still
    POST /call/NAME {args, consent}  run one call
    POST /tree     {...}             the semantic tree, for mounts (lsfs.wire.tree)
    POST /mount, /unmount {mountpoint}, POST /stop {unmount}, POST /check {...}

Common to those that run something: actor, now (ISO 8601), explain (a plan then says in `sent` what a language model got),
dry_run, files (the last answer's paths, for "it"), stream: what a model writes comes as it is written, in lines: `{"plan"}` of
a prompt, `{"step", "text"}`, `{"step", "progress"}`, and at last `{"answer"}`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from lsfs.engine.engine import Engine
from lsfs.errors import BadRequest, NotFound
from lsfs.model import RelPath, show, unshown, whole
from lsfs_syscalls.calls.record import Effect
from lsfs_syscalls.daemon.stopping import Stopping
from lsfs_syscalls.daemon.tree_service import TreeService
from lsfs_syscalls.daemon.upkeep import Upkeep
from lsfs_syscalls.guard import preview, still_agreed
from lsfs_syscalls.llm import PlanParser
from lsfs_syscalls.parse.context import ParseContext
from lsfs_syscalls.plan import Plan
from lsfs_syscalls.run.context import Answer
from lsfs_syscalls.run.runner import run_plan
from lsfs_syscalls.run.told import Listener, silent

Body = dict[str, Any]
LONGEST_WAIT_S = 3600.0
_IDLE = frozenset({"/status", "/events"})
"""What programs ask again and again; it does not put housekeeping off."""


class Routes:
    """Answers requests on one engine.

    Args:
        parser: called on the first prompt, because its model takes a moment to load.
    """

    def __init__(self, engine: Engine, parser: Callable[[], PlanParser], stopping: Stopping, upkeep: Upkeep) -> None:
        self._engine = engine
        self._upkeep = upkeep
        self._make_parser = parser
        self._parser: PlanParser | None = None
        self._lock = threading.Lock()
        self._stopping = stopping
        self._tree = TreeService(engine, self.parser)
        self._table: dict[str, Callable[[Body, Listener], Body]] = {
            "/status": lambda *_: engine.status() | upkeep.status(),
            "/wait": lambda b, _: self._wait(b),
            "/parse": lambda b, _: _plan_json(self._parse(b), b),
            "/ask": self._ask,
            "/preview": lambda b, _: self._preview(Plan.from_json(b["plan"]), b),
            "/plan": lambda b, tell: {"answers": self._agreed(Plan.from_json(b["plan"]), b, tell)},
            "/tree": lambda b, _: self._tree.answer(b),
            "/mount": lambda b, _: engine.mount(Path(_text(b, "mountpoint"))),
            "/unmount": lambda b, _: {"said": engine.mounts.stop(Path(os.path.realpath(_text(b, "mountpoint"))))},
            "/stop": lambda b, _: self._stop(b),
            "/check": lambda b, _: self._check(b),
        }

    def __call__(self, path: str, body: Body, tell: Listener = silent) -> Body:
        """Answer one request.

        Args:
            tell: is told of a model's answer as it comes.

        Raises:
            LsfsError: what went wrong; the transport turns it into an HTTP error.
        """
        if path not in _IDLE:
            self._upkeep.asked()
        if path.startswith("/call/"):
            return self._call(path.removeprefix("/call/"), body, tell)
        route = self._table.get(path)
        if route is None:
            raise NotFound(f"there is no route {show(path.encode())}; there are {', '.join(self._table)}, /call/NAME")
        try:
            return route(body, tell)
        except KeyError as e:
            raise BadRequest(f"{path} needs {e.args[0]!r} in its body") from e

    def parser(self) -> PlanParser:
        """Return the parser, loaded on first use."""
        with self._lock:
            if self._parser is None:
                self._parser = self._make_parser()
            return self._parser

    def _wait(self, body: Body) -> Body:
        timeout_s = min(float(body.get("timeout_s") or LONGEST_WAIT_S), LONGEST_WAIT_S)
        return {"settled": self._engine.settle(timeout_s, vectors=bool(body.get("vectors", True)))}

    def _stop(self, body: Body) -> Body:
        unmount = bool(body.get("unmount", True))
        said = self._engine.mounts.stop_all() if unmount else []
        self._stopping.ask(unmount=unmount)
        return {"pid": os.getpid(), "said": said}

    def _check(self, body: Body) -> Body:
        return self._engine.check(repair=bool(body.get("repair")), sample=float(body.get("sample", 1.0)))

    # Prompts and plans

    def _parse(self, body: Body) -> Plan:
        files = tuple(str(f) for f in body.get("files") or ())
        context = ParseContext(files=files, candidates=self._candidates, is_there=self._is_there)
        return self.parser().parse(whole(_text(body, "prompt")), _now(body), context)

    def _candidates(self, name: str) -> list[str]:
        """Return the paths that a name can mean: the one that has it, or all that resemble it."""
        found = self._engine.versions.resolve_name(name, limit=8, deleted=True)
        exact = [c for c in found if c.score >= 1.0 and not c.deleted]
        return [show(c.path) for c in (exact[:1] or found)]

    def _is_there(self, path: str) -> bool:
        shown = os.fsencode(path)
        return any(self._engine.versions.live(RelPath(name)) is not None for name in (shown, *unshown(shown)))

    def _ask(self, body: Body, tell: Listener) -> Body:
        plan = self._parse(body)
        out: Body = {"plan": _plan_json(plan, body)}
        if plan.clarify is not None:
            return out
        if plan.effect is Effect.READ and not body.get("dry_run"):
            tell(dict(out))
            return out | {"answers": self._run(plan, body, tell)}
        return out | {"preview": self._preview(plan, body)}

    def _preview(self, plan: Plan, body: Body) -> Body:
        return preview(self._engine, plan, now=_now(body), actor=_actor(body))

    def _agreed(self, plan: Plan, body: Body, tell: Listener) -> list[Body]:
        """Run a plan; where the preview that somebody agreed to comes with it, only if it would do the same still."""
        if isinstance(agreed := body.get("agreed"), dict):
            still_agreed(agreed, self._preview(plan, body))
        return self._run(plan, body, tell)

    def _run(self, plan: Plan, body: Body, tell: Listener) -> list[Body]:
        answers = run_plan(
            self._engine,
            plan,
            actor=_actor(body),
            consent=body.get("consent") is True,
            now=_now(body),
            explain=bool(body.get("explain")),
            listener=tell,
        )
        return [_body(a) for a in answers]

    def _call(self, name: str, body: Body, tell: Listener) -> Body:
        plan = Plan.from_json({"parser": "direct", "steps": [{"syscall": name, "args": body.get("args") or {}}]})
        if body.get("dry_run"):
            return self._preview(plan, body)
        return self._run(plan, body, tell)[-1]


def _plan_json(plan: Plan, body: Body) -> Body:
    return plan.explained() if body.get("explain") else plan.to_json()


def _body(answer: Answer) -> Body:
    return dict(answer.body) if answer.found else {**answer.body, "found": False}


def _text(body: Body, key: str) -> str:
    value = body[key]
    if not isinstance(value, str) or not value.strip():
        raise BadRequest(f"`{key}` is a text that is not empty")
    return value


def _actor(body: Body) -> str:
    return str(body.get("actor") or "user")[:100]


def _now(body: Body) -> datetime:
    text = body.get("now")
    if text is None:
        return datetime.now().astimezone()
    try:
        t = datetime.fromisoformat(str(text))
    except ValueError:
        raise BadRequest(f"`now` is a time like 2026-11-23T12:00, not {text!r}") from None
    return t if t.tzinfo else t.astimezone()
