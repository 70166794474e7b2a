"""When the model is asked, what is sent to it, and how its answer is read; no server is needed here."""

import json
from datetime import datetime
from typing import Any

import pytest

from lsfs.errors import BadRequest
from lsfs_syscalls import schema
from lsfs_syscalls.calls.table import CALLS
from lsfs_syscalls.chat.endpoint import EndpointChat
from lsfs_syscalls.llm import Asking, ModelParser
from lsfs_syscalls.parse.context import ParseContext
from lsfs_syscalls.parse.parser import Parser
from lsfs_syscalls.repair import read_object
from lsfs_syscalls.spoken import step_from_words

NOW = datetime(2026, 11, 23, 12)
NOWHERE = EndpointChat(base_url="http://127.0.0.1:9/v1", model="m", timeout_s=2)


def test_auto_does_not_ask_the_model_where_the_offline_parser_is_sure() -> None:
    plan = ModelParser(NOWHERE, Parser(), "auto").parse("delete a.txt", NOW)
    assert plan.notices == ()
    assert plan.parser == "offline"


def test_auto_asks_the_model_where_the_offline_parser_has_a_question() -> None:
    plan = ModelParser(NOWHERE, Parser(), "auto").parse("do something with the thing", NOW)
    assert "cannot be reached" in plan.notices[0]


def test_offline_never_asks_the_model() -> None:
    assert ModelParser(NOWHERE, Parser(), "offline").parse("do something with the thing", NOW).notices == ()


def test_what_is_sent_is_the_prompt_the_calls_and_names_of_files() -> None:
    sent = ModelParser(NOWHERE, Parser()).request("lock it", ParseContext(files=("docs/a.txt",)))
    assert sent["messages"][1]["content"] == "Request: lock it"
    assert "docs/a.txt" in sent["messages"][0]["content"]
    assert all(f"- {name}(" in sent["messages"][0]["content"] for name in CALLS)
    assert sent["temperature"] == 0
    assert sent["response_format"]["json_schema"]["strict"] is True


def test_explain_tells_what_was_sent_even_where_nothing_came_back() -> None:
    asked = ModelParser(NOWHERE, Parser(), "auto")
    sent = asked.parse("do something with the thing", NOW).explained()["sent"]
    assert isinstance(sent, dict)
    assert sent["to"] == NOWHERE.base_url
    assert {k: v for k, v in sent.items() if k not in ("to", "model")} == asked.request("do something with the thing")
    assert asked.parse("delete a.txt", NOW).explained()["sent"] is None
    assert "sent" not in asked.parse("do something with the thing", NOW).to_json()


def test_the_wire_of_tools_offers_every_call_as_a_tool() -> None:
    sent = ModelParser(NOWHERE, Parser(), asking=Asking(wire="tools")).request("lock it")
    assert [t["function"]["name"] for t in sent["tools"]] == list(CALLS)
    assert "response_format" not in sent


def objects(node: Any) -> list[dict[str, Any]]:
    """Every object schema in a schema."""
    if isinstance(node, list):
        return [o for n in node for o in objects(n)]
    if not isinstance(node, dict):
        return []
    here = [node] if node.get("type") == "object" else []
    return here + [o for n in node.values() for o in objects(n)]


def test_the_schema_keeps_the_rules_of_strict_mode() -> None:
    form = schema.plan_schema()
    assert form["type"] == "object"
    for o in objects(form):
        assert o["additionalProperties"] is False
        assert o["required"] == list(o["properties"])
    assert json.loads(json.dumps(form)) == form


def test_the_terse_schema_requires_only_what_a_call_needs() -> None:
    full, terse = (objects(schema.plan_schema(terse=t)) for t in (False, True))
    assert all(set(t["properties"]) == set(f["properties"]) for f, t in zip(full, terse, strict=True))
    read = next(o for o in terse if o["properties"].get("syscall", {}).get("enum") == ["read"])
    assert read["properties"]["args"]["required"] == ["path"]


MENDED = [
    ('{"steps": []}', {"steps": []}),
    ('```json\n{"steps": []}\n```', {"steps": []}),
    ('Sure! {"steps": [],} Hope that helps.', {"steps": []}),
    ('<think>hm {no}</think>{"steps": [1]}', {"steps": [1]}),
    ('[{"syscall": "undo"}]', {"steps": [{"syscall": "undo"}]}),
    ('{"steps": [{"syscall": "undo", "args": {}', {"steps": [{"syscall": "undo", "args": {}}]}),
    ('{"clarify": "Which {one}?', {"clarify": "Which {one}?"}),
]


@pytest.mark.parametrize(("text", "data"), MENDED, ids=[m[0] for m in MENDED])
def test_sloppy_json_is_mended(text: str, data: dict[str, Any]) -> None:
    assert read_object(text) == data


@pytest.mark.parametrize("text", ["", "I cannot do that.", "null", "42"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        read_object(text)


SPOKEN = [
    (
        {"syscall": "retrieve", "args": {"query": "x", "since": "last week", "k": "three", "type": "PDFs", "size_min": "5 MB"}},
        {
            "query": "x",
            "k": 3,
            "type": "pdf",
            "size_min": 5_000_000,
            "since": "2026-11-16T00:00:00",
            "until": "2026-11-22T23:59:59",
        },
    ),
    (
        {"syscall": "rollback", "args": {"path": "a", "time": "yesterday", "steps": None}},
        {"path": "a", "time": "2026-11-22T23:59:59"},
    ),
    ({"syscall": "touch", "args": {"path": "a", "time": "yesterday"}}, {"path": "a", "time": "2026-11-22T00:00:00"}),
    ({"syscall": "link", "args": {"path": "a", "expires": "3 days", "files": []}}, {"path": "a", "expires": "3d"}),
    ({"syscall": "link", "path": "a", "colour": "red"}, {"path": "a"}),
    ({"syscall": "list", "args": {"under": "a", "recursive": "true"}}, {"under": "a", "recursive": True}),
]


@pytest.mark.parametrize(("step", "args"), SPOKEN, ids=lambda v: str(v.get("syscall", "")))
def test_a_step_in_words_becomes_a_call(step: dict[str, Any], args: dict[str, Any]) -> None:
    assert step_from_words(step, NOW).to_json() == args


@pytest.mark.parametrize(
    "step", [{"args": {}}, {"syscall": "teleport"}, {"syscall": "read", "args": []}, "read a.txt", {"syscall": "read"}]
)
def test_a_step_that_is_no_call_is_refused(step: Any) -> None:
    with pytest.raises(BadRequest):
        step_from_words(step, NOW)
