"""Forms of requests that need two searches, a count, or a time that must not be lost."""

from __future__ import annotations

import pytest

from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.parser import Parser
from tests.syscalls.parse.conftest import NOW, Steps


@pytest.mark.parametrize(
    ("prompt", "said", "at"),
    [
        ("Which files mentioned the Berlin office last spring, and no longer do?", "Berlin office", "2026-05-31T23:59:59"),
        ("show me the files that contained 'heat pump' a week ago but don't anymore", "heat pump", "2026-11-16T23:59:59"),
        ("as of 2026-03-01, which documents said heat and do not mention it any more", "heat", "2026-03-01T23:59:59"),
        ("which of my notes used to mention Rosa in March but not anymore?", "Rosa", "2026-03-31T23:59:59"),
    ],
)
def test_what_was_said_and_no_longer_is_two_searches(steps: Steps, prompt: str, said: str, at: str) -> None:
    now, then = steps(prompt)
    assert now == ("retrieve", {"keywords": [said], "k": 0})
    assert then == ("retrieve", {"keywords": [said], "at": at, "except_files": "$1"})


def test_the_type_and_the_folder_limit_both_searches(steps: Steps) -> None:
    now, then = steps("which pdfs in contracts mentioned rent in 2025 and no longer do")
    assert now[1] == {"keywords": ["rent"], "type": "pdf", "under": "contracts", "k": 0}
    assert {**then[1], "k": 0} == now[1] | {"at": "2025-12-31T23:59:59", "except_files": "$1"}


def test_without_a_time_it_asks_for_one_and_the_answer_completes_the_prompt(parser: Parser) -> None:
    prompt = "which files said heat pump but not anymore"
    plan = parser.parse(prompt, NOW)
    assert plan.clarify == asking.AS_OF_WHEN and not plan.steps
    done = parser.complete(prompt, asking.AS_OF_WHEN, "last spring", NOW)
    assert [s.to_json().get("at") for s in done.steps] == [None, "2026-05-31T23:59:59"]


@pytest.mark.parametrize("prompt", ["how many files did I change last week", "how many pdfs are in papers/"])
def test_how_many_is_a_count(steps: Steps, prompt: str) -> None:
    [(syscall, args)] = steps(prompt)
    assert syscall == "retrieve" and args["count"] is True


def test_a_number_of_topics_is_kept(steps: Steps) -> None:
    assert steps("group my notes into 5 topics")[-1] == ("group_by", {"key": "5 topics"})


def test_the_time_to_go_back_to_is_not_lost(steps: Steps) -> None:
    found, back = steps("roll back the files about pricing to yesterday")
    assert found == ("retrieve", {"query": "pricing"})
    assert back == ("rollback", {"files": "$1", "time": "2026-11-22T23:59:59"})


@pytest.mark.parametrize(
    "prompt",
    [
        "join the folder papers with the folder notes by content",
        "match files in papers with files in notes by content",
    ],
)
def test_two_folders_are_joined(steps: Steps, prompt: str) -> None:
    assert steps(prompt) == [("join", {"left": "papers", "right": "notes", "on": "content"})]
