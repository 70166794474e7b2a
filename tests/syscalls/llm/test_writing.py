"""Texts by a real llama.cpp server: that they come in pieces, whole or cut off, is asserted; never that they are clever."""

import pytest

from lsfs.errors import Unavailable
from lsfs.model import RelPath
from lsfs_syscalls.chat.endpoint import EndpointChat
from lsfs_syscalls.run.told import Passage, write_about
from lsfs_syscalls.writer import CUT_OFF, ModelWriter
from tests.syscalls.llm.conftest import LlamaServer

pytestmark = [pytest.mark.llm, pytest.mark.timeout(300)]


def writer(llama: LlamaServer, *, key: str = "", max_tokens: int = 10) -> ModelWriter:
    return ModelWriter(EndpointChat(llama.base_url, "smollm2", key or llama.key, timeout_s=120.0), max_tokens)


def test_an_answer_comes_in_pieces_that_are_the_whole(llama: LlamaServer) -> None:
    pieces: list[str] = []
    reply = writer(llama).write("You write long stories.", "Tell a story about two boats.", pieces.append)
    assert len(pieces) > 3
    assert "".join(pieces) == reply.text
    assert reply.fault == CUT_OFF


@pytest.mark.slow
def test_a_short_answer_is_whole(llama: LlamaServer) -> None:
    reply = writer(llama, max_tokens=200).write("Answer with one word.", "Say only: yes")
    assert reply.text
    assert reply.fault == ""


def test_a_summary_by_a_real_server_is_told_as_it_comes(llama: LlamaServer) -> None:
    passages = [Passage(RelPath(b"plan.md"), 1, "The harbour survey starts in May. It needs two boats.")]
    told: list[str] = []
    written = write_about(writer(llama), "Summarise in one sentence.", passages, lambda e: told.append(str(e["text"])))
    assert "".join(told) == written.text
    assert len(told) > 2


def test_a_wrong_key_is_an_error_that_names_the_server(llama: LlamaServer) -> None:
    with pytest.raises(Unavailable, match=r"did not answer: http.* refused the key"):
        writer(llama, key="wrong").write("", "x")
