"""The model parser against a real llama.cpp server: what is asserted is the protocol, never the cleverness of a small model."""

import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from lsfs_syscalls.chat.endpoint import EndpointChat
from lsfs_syscalls.llm import Asking, ModelParser
from lsfs_syscalls.parse.parser import Parser
from tests.syscalls.llm.conftest import LlamaServer
from tests.syscalls.llm.forcing import FIND_AND_GROUP, OFFLINE, PROMPT, forced, steps

pytestmark = [pytest.mark.llm, pytest.mark.timeout(300)]
NOW = datetime(2026, 11, 23, 12)


def endpoint(llama: LlamaServer, key: str = "") -> EndpointChat:
    return EndpointChat(llama.base_url, "smollm2", key or llama.key, timeout_s=120.0)


def parser(
    chat: EndpointChat,
    form: dict[str, Any] | None = None,
    instructions: str | None = "Answer with the plan.",
    **asking: Any,
) -> ModelParser:
    return ModelParser(chat, Parser(), asking=Asking(**asking), form=form, instructions=instructions)


@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_of_constants_forces_an_exact_plan(llama: LlamaServer, stream: bool) -> None:
    plan = parser(endpoint(llama), FIND_AND_GROUP, stream=stream).parse(PROMPT, NOW)
    assert plan.parser == "openai:smollm2"
    assert steps(plan) == [
        ("retrieve", {"query": "tides", "k": 2, "since": "2026-11-16T00:00:00", "until": "2026-11-22T23:59:59"}),
        ("group_by", {"files": "$1", "key": "author"}),
    ]


def test_what_the_model_invents_is_left_out(llama: LlamaServer) -> None:
    plan = parser(endpoint(llama), forced(("retrieve", {"query": "tides", "type": "pdf", "k": 9}))).parse(PROMPT, NOW)
    assert steps(plan) == [("retrieve", {"query": "tides"})]
    assert len(plan.notices) == 2


def test_an_invented_path_becomes_a_question(llama: LlamaServer) -> None:
    plan = parser(endpoint(llama), forced(("delete", {"path": "/etc/passwd"}))).parse(PROMPT, NOW)
    assert plan.steps == ()
    assert plan.clarify


def test_a_plan_that_never_fits_the_table_falls_back_after_two_retries(llama: LlamaServer) -> None:
    plan = parser(endpoint(llama), forced(("teleport", {"path": "x"}))).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert "no usable plan" in plan.notices[0]


def test_a_wrong_key_falls_back_with_a_notice(llama: LlamaServer) -> None:
    plan = parser(endpoint(llama, "wrong")).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert "refused the key" in plan.notices[0]


def test_a_refused_request_falls_back_with_a_notice(llama: LlamaServer) -> None:
    plan = parser(endpoint(llama), {"type": "no such type"}).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert "answered 400" in plan.notices[0]


def test_an_answer_that_is_cut_off_is_no_plan(llama: LlamaServer) -> None:
    plan = parser(endpoint(llama), FIND_AND_GROUP, max_tokens=8).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert plan.parser == "offline"
    assert plan.notices


def test_tools_that_the_model_ignores_fall_back(llama: LlamaServer) -> None:
    plan = parser(endpoint(llama), wire="tools", max_tokens=16, extra={"tool_choice": "none"}).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert plan.notices


@pytest.mark.slow
def test_the_whole_schema_is_accepted_by_the_server(llama: LlamaServer) -> None:
    plan = parser(endpoint(llama), instructions=None, max_tokens=4).parse(OFFLINE, NOW)
    assert "400" not in " ".join(plan.notices)


def test_a_dead_port_falls_back_with_a_notice() -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    plan = parser(EndpointChat(base_url=f"http://127.0.0.1:{port}/v1", model="m", timeout_s=5)).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert "cannot be reached" in plan.notices[0]


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes requests and never answers."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        done = threading.Event()
        yield f"http://127.0.0.1:{s.getsockname()[1]}/v1"
        done.set()


def test_a_server_that_does_not_answer_in_time_falls_back(silent: str) -> None:
    plan = parser(EndpointChat(base_url=silent, model="m", timeout_s=0.3)).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert "in time" in plan.notices[0]
