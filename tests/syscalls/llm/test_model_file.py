"""What is said of a model file that cannot be used, before llama.cpp is asked; no model is loaded here."""

from __future__ import annotations

import importlib
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from lsfs.config import LlmConfig
from lsfs.errors import BadRequest, Unavailable
from lsfs_syscalls.chat.choose import chat_of
from lsfs_syscalls.chat.endpoint import EndpointChat
from lsfs_syscalls.chat.gguf import checked, free_bytes
from lsfs_syscalls.chat.local import LocalChat, loaded
from lsfs_syscalls.doctor import examine


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"none.gguf cannot be read \(No such file or directory\); see \[llm\] model_file"):
        checked(tmp_path / "none.gguf")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        checked(tmp_path)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"PK" + b"x" * 100, b"GGUF" + struct.pack("<I", 99) + b"x" * 100])
def test_a_file_of_another_kind_is_no_model(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(content)
    with pytest.raises(Unavailable, match="no language model in the GGUF format"):
        checked(file)


def test_a_file_larger_than_the_memory_is_refused_with_both_sizes(tmp_path: Path) -> None:
    file = tmp_path / "big.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<I", 3))
    os.truncate(file, 1 << 42)
    with pytest.raises(Unavailable, match=r"needs 4398\.3 GB of memory and \d+\.\d GB are free"):
        checked(file)


def test_the_memory_of_the_control_group_counts(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2000 kB\n")
    assert free_bytes(tmp_path, tmp_path) == 2000 * 1024
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.stat").write_text("anon 400000\nfile 7\n")
    assert free_bytes(tmp_path, tmp_path) == 600_000


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(Unavailable, match=r"pip install 'lsfs\[local\]'"):
        loaded(tmp_path / "a.gguf", 512)


def test_the_file_goes_before_the_endpoint() -> None:
    assert isinstance(chat_of(LlmConfig(model_file="/m.gguf", base_url="http://x/v1")), LocalChat)
    assert isinstance(chat_of(LlmConfig(base_url="http://x/v1")), EndpointChat)
    assert chat_of(LlmConfig()) is None


def test_a_relative_name_of_the_file_is_refused() -> None:
    with pytest.raises(BadRequest, match="absolute path"):
        LlmConfig(model_file="models/m.gguf")


@pytest.mark.parametrize(("key", "known"), [("mode", "offline, model, auto"), ("wire", "json_schema, tools")])
def test_a_mode_or_wire_that_there_is_not_is_refused_with_those_there_are(key: str, known: str) -> None:
    with pytest.raises(BadRequest, match=known):
        LlmConfig(**dict[str, Any]({key: "of line"}))


def test_the_doctor_says_which_model_is_used(tmp_path: Path) -> None:
    def said(**llm: str) -> tuple[str, bool, str]:
        names = {f"LSFS_LLM_{key.upper()}": value for key, value in llm.items()}
        found = [f for f in examine({"HOME": str(tmp_path), **names}) if f.what.startswith("language model")]
        return found[0].what, found[0].ok, found[0].advice

    assert said() == ("language model: none (the offline parser is used)", True, "")
    assert said(base_url="http://x/v1", model="m") == ("language model: m at http://x/v1", True, "")
    assert said(model_file="/m.gguf", mode="offline")[0] == "language model: none ([llm] mode is offline)"
    what, ok, advice = said(model_file=f"{tmp_path}/m.gguf")
    assert what == f"language model: {tmp_path}/m.gguf in this process"
    assert not ok
    assert "No such file" in advice
