"""A short request that lacks something is asked for what it lacks, and the answer completes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.model import load
from lsfs_syscalls.parse.parser import Parser

NOW = datetime(2026, 11, 23, 12)


@pytest.fixture(scope="module")
def parser() -> Parser:
    return Parser(load())


LACKING: list[tuple[str, str, str, tuple[str, dict[str, Any]]]] = [
    ("translate a.txt", asking.WHICH_LANGUAGE, "German", ("translate", {"path": "a.txt", "language": "de"})),
    ("tag a.txt", asking.WHAT_TAG, "red", ("tag", {"path": "a.txt", "tags": ["red"]})),
    ("please move a.txt.", asking.WHERE_TO, "old", ("move", {"path": "a.txt", "to": "old"})),
    ("copy a.txt", asking.WHERE_TO, "b.txt", ("copy", {"path": "a.txt", "to": "b.txt"})),
    ("rename a.txt", asking.WHICH_NAME, "b.txt", ("move", {"path": "a.txt", "to": "b.txt"})),
    ("write to a.txt", asking.WHAT_TEXT, "hello you", ("write", {"path": "a.txt", "content": "hello you"})),
    ("add to a.txt", asking.WHAT_TEXT, "hello", ("write", {"path": "a.txt", "content": "hello", "mode": "append"})),
]


@pytest.mark.parametrize(("prompt", "question", "answer", "step"), LACKING, ids=[x[0] for x in LACKING])
def test_a_named_file_is_not_asked_for_again(
    parser: Parser, prompt: str, question: str, answer: str, step: tuple[str, dict[str, Any]]
) -> None:
    assert parser.parse(prompt, NOW).clarify == question
    plan = parser.complete(prompt, question, answer, NOW)
    assert [(type(s).syscall, s.to_json()) for s in plan.steps] == [step]


@pytest.mark.parametrize("prompt", ["move it", "translate this file", "make a.txt better"])
def test_a_file_that_was_not_named_or_a_verb_that_means_nothing_keeps_the_general_question(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert plan.clarify is not None
    assert plan.clarify not in {question for _, question, _, _ in LACKING}
