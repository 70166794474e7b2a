"""The semantic tree for mounts: its answers come from the same calls as everybody else's, its messages are lsfs.wire.tree's."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from lsfs.engine.engine import Engine
from lsfs.errors import BadRequest, LsfsError, NotFound
from lsfs.model import FOREVER, Kind, RelPath, unshown
from lsfs.tree.node import Node
from lsfs.tree.queries import Asked, Files
from lsfs.tree.tree import Saving, Tree
from lsfs.wire.tree import WireNode, b64, node_to_json, unb64
from lsfs_syscalls import times
from lsfs_syscalls.calls.reading import GroupBy, Retrieve, Summarize
from lsfs_syscalls.calls.record import Effect
from lsfs_syscalls.llm import PlanParser
from lsfs_syscalls.parse.context import ParseContext
from lsfs_syscalls.plan import Plan
from lsfs_syscalls.render.answer import render
from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.run.context import Answer
from lsfs_syscalls.run.runner import run_plan

SHOWN = 50
FIELDS = ("type", "author", "tag", "language", "year", "affiliation")
ACTOR = "mount"
_RECORDED_S = 2.0
"""An attribute of a file that is not known is answered after so long, or when everything is recorded."""


class EngineAnswers:
    """What the semantic folders ask, answered by running calls."""

    def __init__(self, engine: Engine, parser: Callable[[], PlanParser]) -> None:
        self._engine = engine
        self._parser = parser

    def search(self, query: str, within: Files | None) -> Files:
        """Return the files that match."""
        paths = tuple(p.decode("utf-8", "surrogateescape") for p in within) if within is not None else ()
        if within is not None and not within:
            return ()
        return self._run(Retrieve(query=query, k=SHOWN, files=paths)).files

    def ask(self, prompt: str) -> Asked:
        """Run a reading prompt; say why not for another."""
        try:
            plan = self._parser().parse(prompt, datetime.now().astimezone(), ParseContext())
            if plan.clarify is not None:
                return Asked((), f"{plan.clarify}\n" + "\n".join(plan.candidates))
            if plan.effect is not Effect.READ:
                words = f'“{prompt}” would {plan.effect.value} something; prompts in ask/ only read. Use: lsfs "{prompt}"'
                return Asked((), words)
            answer = run_plan(self._engine, plan, actor=ACTOR)[-1]
        except LsfsError as e:
            return Asked((), str(e))
        return Asked(answer.files, render(dict(answer.body), Paint()))

    def _run(self, call: Retrieve | GroupBy) -> Answer:
        return run_plan(self._engine, Plan(prompt="", steps=(call,), parser="direct"), actor=ACTOR)[-1]

    def fields(self) -> Sequence[str]:
        """Return the fields whose values are folders."""
        return FIELDS

    def values(self, field: str) -> dict[str, Files]:
        """Return the files of each value of a field; a file with several values is in several."""
        if field in ("type", "year"):
            return self.groups(field)
        entries = [e for e in self._engine.versions.list(recursive=True) if e.kind is Kind.FILE]
        if field == "tag":
            return _inverted((e.path, self._engine.versions.tags(e.fid)) for e in entries)
        attributes = self._engine.attributes.of([e.fid for e in entries])
        return _inverted((e.path, attributes.get(e.fid, {}).get(field, [])) for e in entries)

    def groups(self, key: str) -> dict[str, Files]:
        """Return the whole tree in groups."""
        body = self._run(GroupBy(key=key, under="")).body
        groups: Any = body["groups"]
        return {str(g["label"]): tuple(self._shown(p) for p in g["files"]) for g in groups}

    def _shown(self, path: str) -> RelPath:
        """Return the path that an answer shows, which has escapes where a name is no plain text."""
        named = path.encode("utf-8", "surrogateescape")
        live = self._engine.versions.live
        if "\\" in path and live(RelPath(named)) is None:
            return next((RelPath(n) for n in unshown(named) if live(RelPath(n)) is not None), RelPath(named))
        return RelPath(named)

    def saved(self) -> dict[str, str]:
        """Return the saved searches."""
        return {key.decode(): value.decode() for key, value in self._engine.saved_searches.all().items()}

    def save(self, name: str) -> None:
        """Keep a search under its own words."""
        self._engine.saved_searches.put(name.encode(), name.encode())

    def unsave(self, name: str) -> None:
        """Forget a saved search."""
        if name not in self.saved():
            raise NotFound(f"there is no saved search {name!r}")
        self._engine.saved_searches.remove([name.encode()])

    def freshness(self) -> str:
        """Return in a sentence how fresh the answers are."""
        fresh = self._engine.freshness()
        said = [f"{fresh['pending']} changed files are not searchable yet."] if fresh["pending"] else []
        if fresh["vectors_pending"]:
            said.append(f"{fresh['vectors_pending']} files are found by words only so far.")
        return " ".join(said + fresh["degraded"]) or "Every file is searchable."


def _inverted(pairs: Any) -> dict[str, Files]:
    out: dict[str, list[RelPath]] = {}
    for path, values in pairs:
        for value in values:
            out.setdefault(str(value), []).append(path)
    return {v: tuple(paths) for v, paths in out.items()}


class TreeService:
    """Answers `POST /tree`."""

    def __init__(self, engine: Engine, parser: Callable[[], PlanParser]) -> None:
        self._engine = engine
        answers = EngineAnswers(engine, parser)
        self._tree = Tree(
            answers,
            engine.versions,
            when=time_named,
            status=lambda: json.dumps(engine.status(), indent=2, ensure_ascii=False) + "\n",
            root_file=lambda: f"{engine.home.root}\n{engine.home.engine_id}\n{engine.home.state}\n",
            saving=Saving(make=answers.save, remove=answers.unsave),
        )

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one message.

        Raises:
            BadRequest: there is no such operation.
            NotFound: the path means nothing.
        """
        try:
            path = unb64(str(body["path_b64"]))
        except (KeyError, ValueError) as e:
            raise BadRequest("`path_b64` is missing or no base64") from e
        parts = tuple(p for p in path.split(b"/") if p)
        match body.get("op"):
            case "lookup":
                return {"node": node_to_json(_wire(self._tree.lookup(parts)))}
            case "list":
                return {"nodes": [node_to_json(_wire(n)) for n in self._tree.listing(parts)]}
            case "read":
                return {"data_b64": b64(self._tree.read(parts, int(body.get("offset", 0)), int(body.get("size", 1 << 20))))}
            case "mkdir":
                self._tree.make(parts)
            case "rmdir":
                self._tree.remove(parts)
            case "getxattr" | "setxattr" | "removexattr" | "listxattr" as op:
                return self._attribute(op, RelPath(path), body)
            case other:
                raise BadRequest(f"there is no tree operation {other!r}")
        return {}

    def _attribute(self, op: str, path: RelPath, body: dict[str, Any]) -> dict[str, Any]:
        entry = self._engine.versions.live(path)
        if entry is None:  # made or moved a moment ago
            self._engine.capture.settle(_RECORDED_S)
            entry = self._engine.versions.live(path)
        if entry is None:
            raise NotFound("no such file (yet)")
        if op == "listxattr":
            return {"names": [f"user.lsfs.{n}" for n in ("attributes", "summary", "tags", "version")]}
        name = str(body.get("name", "")).removeprefix("user.lsfs.")
        if op == "getxattr":
            return {"value_b64": b64(self._value(name, path).encode("utf-8", "surrogateescape"))}
        if name != "tags":
            raise BadRequest("only user.lsfs.tags can be set")
        wanted = (
            set()
            if op == "removexattr"
            else {t.strip() for t in unb64(str(body["value_b64"])).decode().split(",") if t.strip()}
        )
        have = set(self._engine.versions.tags(entry.fid))
        with self._engine.changes.begin(actor=ACTOR, prompt="setfattr user.lsfs.tags") as t:
            t.set_tags(path, add=wanted - have, remove=have - wanted)
        return {}

    def _value(self, name: str, path: RelPath) -> str:
        entry = self._engine.versions.live(path)
        assert entry is not None
        if name == "tags":
            return ",".join(self._engine.versions.tags(entry.fid))
        if name == "version":
            return str(entry.number)
        if name == "attributes":
            return json.dumps(self._engine.attributes.get(entry.fid), ensure_ascii=False)
        if name == "summary":
            step = Summarize(path=path.decode("utf-8", "surrogateescape"))
            plan = Plan(prompt="", steps=(step,), parser="direct")
            # Programs read every attribute of every file they show: no model is asked for that.
            body = run_plan(self._engine, plan, actor=ACTOR, models=False)[-1].body
            return str(body["summary"])
        raise NotFound(f"there is no attribute user.lsfs.{name}")


def _wire(n: Node) -> WireNode:
    return WireNode(n.name, n.kind, n.size, n.mtime_ns, n.target)


def time_named(text: str) -> int | None:
    """Return the time that words name; None for none, and for one that no clock of a file system can show (9999-01-01)."""
    try:
        span = times.resolve(text, datetime.now().astimezone())
        if span is None:
            return None
        at = span.until if span.point is None else span.point.replace(microsecond=span.point.microsecond or 999_999)
        at_ns = times.to_ns(at)
    except (OverflowError, ValueError):
        return None
    return at_ns if at_ns is not None and -FOREVER <= at_ns < FOREVER else None
