"""The command line's grammar, made from the table."""

from __future__ import annotations

import argparse
import re

import pytest

from lsfs.errors import BadRequest
from lsfs_syscalls.calls.changing import Copy, Delete, Move, Tag, Write
from lsfs_syscalls.calls.reading import Duplicates, GroupBy, ListFiles, Read, Retrieve
from lsfs_syscalls.calls.record import Call
from lsfs_syscalls.calls.table import CALLS
from lsfs_syscalls.cli.arguments import LIFECYCLE_CALLS, add_calls, call_of, size
from lsfs_syscalls.cli.common import common_options
from lsfs_syscalls.cli.main import _is_prompt, main
from lsfs_syscalls.cli.shell_command import _parsed


def typed(line: str) -> argparse.Namespace:
    p = argparse.ArgumentParser(exit_on_error=False)
    add_calls(p.add_subparsers(), common_options())
    return p.parse_args(line.split())


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("retrieve caching -k 5 --under docs", Retrieve(query="caching", k=5, under="docs")),
        ("find --authors Ada Grace --since 2026-11-01", Retrieve(authors=("Ada", "Grace"), since="2026-11-01")),
        ("retrieve --size-min 10k --keywords a --keywords b", Retrieve(size_min=10240, keywords=("a", "b"))),
        ("ls --at yesterday -r", ListFiles(at="yesterday", recursive=True)),
        ("read a.txt --version 3", Read(path="a.txt", version=3)),
        ("write a.txt hello", Write(path="a.txt", content="hello")),
        ("mv a.txt b/", Move(path="a.txt", to="b/")),
        ("group-by author --under papers", GroupBy(key="author", under="papers")),
        ("group_by author", GroupBy(key="author")),
        ("tag a.txt red blue", Tag(path="a.txt", tags=("red", "blue"))),
        ("rm a.txt", Delete(path="a.txt")),
        ("rm a.txt b.txt", Delete(files=("a.txt", "b.txt"))),
        ("mv a.txt b.txt c/", Move(files=("a.txt", "b.txt"), to="c/")),
        ("mv a.txt b.txt --to c/", Move(files=("a.txt", "b.txt"), to="c/")),
        ("cp --files a.txt b.txt --to c/", Copy(files=("a.txt", "b.txt"), to="c/")),
        ("duplicates a b --containment", Duplicates(files=("a", "b"), containment=True)),
    ],
)
def test_a_command_line_becomes_the_call_it_names(line: str, call: Call) -> None:
    assert call_of(typed(line)) == call


@pytest.mark.parametrize("name", sorted(set(CALLS) - LIFECYCLE_CALLS))
def test_every_call_is_a_subcommand(name: str) -> None:
    assert typed(name.replace("_", "-")).call == name


@pytest.mark.parametrize(
    ("line", "is_call"),
    [
        ("delete a.txt", True),
        ("delete the second one", False),
        ("move a.txt b.txt", True),
        ("move the notes there", False),
        ("duplicates recipes", True),
        ("duplicates in recipes", False),
        ("summarize a.txt", True),
        ("summarize it please", False),
        ("history it", False),
        ("delete that", False),
        ("stat ./it", True),
    ],
)
def test_a_sentence_that_begins_like_a_call_is_a_prompt_in_the_shell(line: str, is_call: bool) -> None:
    assert (_parsed(line.split()) is not None) == is_call


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(BadRequest, match="history needs `path`"):
        call_of(typed("history"))


@pytest.mark.parametrize(
    ("text", "bytes_"), [("500", 500), ("10k", 10240), ("3MB", 3 << 20), ("1.5GiB", 3 << 29), ("2m", 2 << 20)]
)
def test_a_size_may_have_a_unit(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


def test_common_options_may_stand_behind_the_command() -> None:
    options = typed("retrieve caching --json --yes")
    assert options.json
    assert options.yes


@pytest.mark.parametrize(
    ("words", "prompt"),
    [
        (["find my notes"], True),
        (["--yes", "delete a.txt now"], True),
        (["--root", "/a dir", "find my notes", "--json"], True),
        (["retrieve", "flash caching"], False),
        (["--root", "/a dir", "status"], False),
        (["--json"], False),
    ],
)
def test_a_first_word_with_a_blank_is_a_prompt(words: list[str], prompt: bool) -> None:
    assert _is_prompt(words) is prompt


def test_a_word_that_is_no_command_is_answered_with_what_could_be_meant(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["histroy", "a.txt"])
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "there is no command histroy; did you mean history" in said
    assert len(said) < 250


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert re.fullmatch(r"lsfs \d+(\.\d+)*\S*\n", capsys.readouterr().out)
