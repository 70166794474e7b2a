"""What was said and no slot took: a change must not lose a part of its description."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lsfs_syscalls.parse.parser import Parser

NOW = datetime(2026, 11, 23, 12)


def steps(parser: Parser, prompt: str) -> list[tuple[str, dict[str, Any]]]:
    return [(type(s).syscall, s.to_json()) for s in parser.parse(prompt, NOW).steps]


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        (
            "put all the pdfs from Downloads into papers",
            [("retrieve", {"type": "pdf", "under": "Downloads"}), ("move", {"files": "$1", "to": "papers"})],
        ),
        (
            "find photos from the trip to Rome, put them in trips/rome and share the folder for two weeks",
            [
                ("retrieve", {"query": "the trip to Rome", "type": "image"}),
                ("move", {"files": "$1", "to": "trips/rome"}),
                ("link", {"path": "trips/rome", "expires": "2w"}),
            ],
        ),
        (
            "find the budget for 2025 and send a link to it that expires tomorrow",
            [("retrieve", {"query": "budget for 2025"}), ("link", {"files": "$1", "expires": "2026-11-24T23:59:59"})],
        ),
        (
            "first make a snapshot called clean, then remove all .bak files, and finally show me the log",
            [("snapshot", {"name": "clean"}), ("retrieve", {"name": "*.bak"}), ("delete", {"files": "$2"}), ("log", {})],
        ),
        ("copy a.txt, b.txt and c.txt into stuff", [("copy", {"files": ["a.txt", "b.txt", "c.txt"], "to": "stuff"})]),
        ("relocate plan.md to archive", [("move", {"path": "plan.md", "to": "archive"})]),
        (
            "shift everything older than a year from inbox to archive",
            [("retrieve", {"under": "inbox", "until": "2025-11-23T12:00:00"}), ("move", {"files": "$1", "to": "archive"})],
        ),
        ("protect the folder archive against changes", [("lock", {"path": "archive"})]),
        ("list the archive folder", [("list", {"under": "archive"})]),
        ("set up a subfolder raw in data", [("create", {"path": "data/raw", "kind": "directory"})]),
        ("don't let anyone edit plan.md", [("lock", {"path": "plan.md"})]),
        ("files nobody touched since 2023", [("retrieve", {"until": "2022-12-31T23:59:59"})]),
        ("papers by Knuth, newest first", [("retrieve", {"authors": ["Knuth"], "sort": "modified"})]),
        (
            "create the folder trip and move tickets.pdf and hotel.pdf there",
            [
                ("create", {"path": "trip", "kind": "directory"}),
                ("move", {"files": ["tickets.pdf", "hotel.pdf"], "to": "trip"}),
            ],
        ),
        (
            'Unlock roster.csv, append the line "shift B" to it, and lock it again.',
            [
                ("unlock", {"path": "roster.csv"}),
                ("write", {"path": "roster.csv", "content": "shift B", "mode": "append"}),
                ("lock", {"path": "roster.csv"}),
            ],
        ),
    ],
)
def test_every_part_of_what_was_said_is_in_the_plan(
    parser: Parser, prompt: str, wanted: list[tuple[str, dict[str, Any]]]
) -> None:
    assert steps(parser, prompt) == wanted


@pytest.mark.parametrize(
    ("prompt", "args"),
    [
        (
            'Anything whose name starts with "milestone" and that was changed since Thursday?',
            {"name": "milestone*", "since": "2026-11-19T00:00:00"},
        ),
        (
            "Papers on gut bacteria, but leave out whatever mentions antibiotics or probiotics.",
            {"query": "gut bacteria", "exclude": ["antibiotics", "probiotics"]},
        ),
        ("what do I have on rents? Search by meaning, the exact words don't matter.", {"query": "rents", "mode": "semantic"}),
        (
            'Literal search, no semantics: which files under contracts/2025 contain "force majeure"?',
            {"under": "contracts/2025", "keywords": ["force majeure"], "mode": "keyword"},
        ),
        ("what do I have on people feeling useless?", {"query": "people feeling useless"}),
        (
            "anything on hydrogen from the folder energy and not older than 2022",
            {"query": "hydrogen", "under": "energy", "since": "2022-01-01T00:00:00"},
        ),
    ],
)
def test_what_only_says_more_of_a_search_belongs_to_it(parser: Parser, prompt: str, args: dict[str, Any]) -> None:
    assert steps(parser, prompt) == [("retrieve", args)]
