"""A real model in this process: plans forced by a schema, texts, time-outs, and that nobody else can reach it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lsfs.config import LlmConfig
from lsfs.errors import Unavailable
from lsfs.model import RelPath
from lsfs_syscalls.chat.local import LocalChat, loaded
from lsfs_syscalls.llm import Asking, ModelParser
from lsfs_syscalls.parse.parser import Parser
from lsfs_syscalls.run.told import Passage, write_about
from lsfs_syscalls.writer import CUT_OFF, ModelWriter, writer_of
from tests.syscalls.llm.forcing import FIND_AND_GROUP, OFFLINE, PROMPT, forced, steps

pytestmark = [pytest.mark.llm, pytest.mark.timeout(300)]
NOW = datetime(2026, 11, 23, 12)
CONTEXT = 2048


@pytest.fixture
def chat(gguf: Path) -> LocalChat:
    return LocalChat(gguf, CONTEXT, timeout_s=120.0)


def parser(chat: LocalChat, form: dict[str, Any] | None = None, **asking: Any) -> ModelParser:
    return ModelParser(chat, Parser(), asking=Asking(**asking), form=form, instructions="Answer with the plan.")


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 60
    while any(t.name == "llama" for t in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_of_constants_forces_an_exact_plan(chat: LocalChat, stream: bool) -> None:
    plan = parser(chat, FIND_AND_GROUP, stream=stream).parse(PROMPT, NOW)
    assert plan.parser == f"local:{chat.file.stem}"
    assert steps(plan) == [
        ("retrieve", {"query": "tides", "k": 2, "since": "2026-11-16T00:00:00", "until": "2026-11-22T23:59:59"}),
        ("group_by", {"files": "$1", "key": "author"}),
    ]


def test_a_plan_that_never_fits_the_table_falls_back_after_two_retries(chat: LocalChat) -> None:
    plan = parser(chat, forced(("teleport", {"path": "x"}))).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert "no usable plan" in plan.notices[0]


def test_an_answer_that_is_cut_off_is_no_plan(chat: LocalChat) -> None:
    plan = parser(chat, FIND_AND_GROUP, max_tokens=8).parse(OFFLINE, NOW)
    assert plan.parser == "offline"
    assert plan.notices


def test_a_schema_that_is_none_falls_back_with_a_notice(chat: LocalChat) -> None:
    plan = parser(chat, {"type": "no such type"}).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert "failed" in plan.notices[0]


def test_a_request_that_is_too_long_falls_back_with_a_notice(chat: LocalChat) -> None:
    plan = parser(chat).parse("delete " + "words " * CONTEXT, NOW)
    assert "answered 400" in plan.notices[0]


def test_the_whole_schema_becomes_a_grammar(chat: LocalChat) -> None:
    request = parser(chat, max_tokens=16).request(OFFLINE)
    assert len(request["response_format"]["json_schema"]["schema"]["properties"]["steps"]["items"]["anyOf"]) > 30
    with closing(chat.pieces(request, stream=True)) as pieces:
        assert "".join(p.text for p in pieces).lstrip().startswith("{")


def test_what_takes_too_long_falls_back_and_the_model_is_free_again(chat: LocalChat, gguf: Path) -> None:
    loaded(gguf, CONTEXT)
    hasty = LocalChat(gguf, CONTEXT, timeout_s=0.01)
    plan = parser(hasty).parse(OFFLINE, NOW)
    assert steps(plan) == [("delete", {"path": "old/list.txt"})]
    assert "in time" in plan.notices[0]
    assert parser(chat, FIND_AND_GROUP).parse(PROMPT, NOW).notices == ()


def test_a_text_comes_in_pieces_and_says_that_it_is_cut_off(chat: LocalChat) -> None:
    told: list[str] = []
    reply = ModelWriter(chat, 10).write("You write long stories.", "Tell a story about two boats.", told.append)
    assert len(told) > 3
    assert "".join(told) == reply.text
    assert reply.fault == CUT_OFF


def test_a_summary_is_told_as_it_comes(chat: LocalChat) -> None:
    passages = [Passage(RelPath(b"plan.md"), 1, "The harbour survey starts in May. It needs two boats.")]
    told: list[str] = []
    written = write_about(ModelWriter(chat, 10), "Summarise.", passages, lambda e: told.append(str(e["text"])))
    assert "".join(told) == written.text


def test_a_reader_that_goes_away_ends_the_request(chat: LocalChat, no_threads_left: None) -> None:
    def leave(_: str) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        ModelWriter(chat, 2000).write("You write long stories.", "Tell a story about two boats.", leave)


def test_it_is_loaded_once_for_all_that_use_it(gguf: Path) -> None:
    assert loaded(gguf, CONTEXT) is loaded(gguf, CONTEXT)


def test_nobody_else_can_reach_it(gguf: Path) -> None:
    address = loaded(gguf, CONTEXT).listening_address
    assert address.startswith("unix://")
    assert not os.path.lexists(os.path.dirname(address.removeprefix("unix://")))


def test_a_damaged_file_is_said_to_be_damaged(gguf: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    half.write_bytes(gguf.read_bytes()[: gguf.stat().st_size // 2])
    with pytest.raises(Unavailable, match=r"half\.gguf cannot be loaded: it is damaged"):
        loaded(half, CONTEXT)


def test_the_configured_file_is_the_writer(gguf: Path) -> None:
    writer = writer_of(LlmConfig(model_file=str(gguf), base_url="http://127.0.0.1:9/v1"))
    assert writer is not None
    assert writer.name == gguf.stem
    assert writer_of(LlmConfig(model_file=str(gguf), mode="offline")) is None


def test_the_command_line_parses_with_it_and_ends_although_the_model_still_writes(gguf: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "HOME": str(tmp_path), "LSFS_LLM_MODEL_FILE": str(gguf), "LSFS_LLM_MODE": "model"}
    environ |= {"LSFS_LLM_TIMEOUT_S": "0.5"}
    done = subprocess.run(
        [sys.executable, "-m", "lsfs_syscalls.cli.main", "parse", OFFLINE, "--json"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "in time" in done.stdout
    assert done.stderr == ""
