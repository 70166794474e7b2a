"""Numbers of files and of topics, steps that must not get lost, words that occur: what the rules around the model give."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import pytest

from lsfs_syscalls.parse.boundaries import certain
from lsfs_syscalls.parse.model import load
from lsfs_syscalls.parse.parser import Parser
from lsfs_syscalls.parse.words import cut

NOW = datetime(2026, 11, 23, 12)


@cache
def parser() -> Parser:
    return Parser(load())


def steps(prompt: str) -> list[tuple[str, dict[str, Any]]]:
    """The steps as JSON has them."""
    return [(type(step).syscall, step.to_json()) for step in parser().parse(prompt, NOW).steps]


@pytest.mark.parametrize(
    ("prompt", "args"),
    [
        (
            "how many photos do we have from 2021",
            {"type": "image", "since": "2021-01-01T00:00:00", "until": "2021-12-31T23:59:59"},
        ),
        ("count my spreadsheets", {"type": "spreadsheet"}),
        ("How many files are there in archive/2022?", {"under": "archive/2022"}),
        ("how many emails did Bob write?", {"type": "email", "authors": ["Bob"]}),
    ],
)
def test_files_are_counted(prompt: str, args: dict[str, Any]) -> None:
    assert steps(prompt) == [("retrieve", {**args, "count": True})]


def test_what_is_no_file_is_not_counted() -> None:
    assert steps("how many people live in Paris?") == []
    assert steps("how many versions does thesis.tex have?") == [("history", {"path": "thesis.tex"})]


@pytest.mark.parametrize(
    ("prompt", "args"),
    [
        ("cluster the notes into seven themes", {"key": "7 topics"}),
        ("sort the files in a/b into 10 piles", {"under": "a/b", "key": "10 topics"}),
        ("break the folder letters up into 3 themes", {"under": "letters", "key": "3 topics"}),
    ],
)
def test_a_number_of_topics_is_kept(prompt: str, args: dict[str, Any]) -> None:
    assert steps(prompt) == [("group_by", args)]


def test_no_step_of_several_is_lost() -> None:
    assert steps("find drafts older than two years, tag them stale and move them to attic") == [
        ("retrieve", {"query": "drafts", "until": "2024-11-23T12:00:00"}),
        ("tag", {"files": "$1", "tags": ["stale"]}),
        ("move", {"files": "$1", "to": "attic"}),
    ]


@pytest.mark.parametrize(
    ("prompt", "starts", "more"),
    [
        ("find drafts, tag them stale", [0], [3]),
        ("find drafts and then tag them stale", [0], [2]),
        ("find drafts and then tag them stale", [0, 2], [2]),
        ("find drafts and then tag them stale", [0, 3], [3]),
        ("find drafts, tag them stale", [0, 3], [3]),
        ("make a folder trip and move a.pdf there", [0], [4]),
        ('unlock a.txt, append "x" to it', [0], [3]),
        ("get the papers on art, get the papers on law", [0], [6]),
        ('in front of all that is in a.md, put "x"', [0], []),
        ("write about copy them machines", [0], []),
    ],
)
def test_a_verb_over_them_begins_a_step_once(prompt: str, starts: list[int], more: list[int]) -> None:
    assert certain(cut(prompt), starts) == more


@pytest.mark.parametrize(
    ("prompt", "args"),
    [
        ("find files that mention the Lisbon office", {"keywords": ["Lisbon office"]}),
        ("documents that mention Angela Merkel", {"keywords": ["Angela Merkel"]}),
        ("find notes w/o the word draft", {"exclude": ["draft"]}),
        ("files I haven't touched in 6 months", {"until": "2026-05-23T12:00:00"}),
    ],
)
def test_words_that_occur_and_times_without_a_change(prompt: str, args: dict[str, Any]) -> None:
    assert steps(prompt) == [("retrieve", args)]


def test_folders_are_joined_by_name_when_names_are_the_same() -> None:
    assert steps("which files in drafts and final have the same name?") == [
        ("join", {"left": "drafts", "right": "final", "on": "name"})
    ]


def test_an_import_into_a_folder_keeps_its_name() -> None:
    assert steps("import /tmp/bill.pdf into bills") == [("create", {"path": "bills/bill.pdf", "source": "/tmp/bill.pdf"})]
