"""A set is changed only where all that describes it was understood: what is lost would make it larger."""

from __future__ import annotations

from datetime import datetime

import pytest

from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.parser import Parser

NOW = datetime(2026, 11, 23, 12)


@pytest.mark.parametrize(
    "prompt",
    [
        "delete the emails from Anna about the party",
        "move the photos and videos from Camera to media",
        "delete the copy of plan.md in backup",
        "delete the files in tmp that are not tagged keep",
    ],
)
def test_a_change_that_would_lose_a_part_of_its_description_is_asked_about(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert plan.clarify is not None
    assert not plan.steps


@pytest.mark.parametrize("prompt", ["delete all pdfs and images in tmp", "delete all docx and pdf files in tmp"])
def test_two_kinds_at_once_are_asked_about(parser: Parser, prompt: str) -> None:
    assert parser.parse(prompt, NOW).clarify == asking.ONE_KIND


def test_a_kind_of_file_is_no_word_to_leave_out(parser: Parser) -> None:
    assert parser.parse("delete everything in tmp but not the csv files", NOW).clarify == asking.LEFT_OUT


def test_emails_from_somebody_are_those_of_that_sender(parser: Parser) -> None:
    found, gone = parser.parse("delete the emails from Anna", NOW).steps
    assert found.to_json() == {"type": "email", "authors": ["Anna"]}
    assert gone.to_json() == {"files": "$1"}


@pytest.mark.parametrize(
    "prompt",
    [
        "all the photos tagged party, please make a link for them that runs out after 10 days, so my aunt in Perth can look",
        "find documents in the area of ML_figures written by Ada Jankowski, and copy them all to car1/",
    ],
)
def test_reasons_and_turns_of_phrase_are_no_part_of_a_description(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert plan.clarify is None
    assert len(plan.steps) == 2


def test_text_that_nobody_wrote_yet_is_not_written(parser: Parser) -> None:
    assert parser.parse("write a poem about cats into poem.txt", NOW).clarify == asking.WHAT_TEXT


def test_a_number_of_topics_is_no_number_of_files(parser: Parser) -> None:
    found, grouped = parser.parse("cluster the papers on robotics into 5 topics", NOW).steps
    assert found.to_json() == {"query": "robotics"}
    assert grouped.to_json() == {"files": "$1", "key": "5 topics"}


@pytest.mark.parametrize(
    "prompt",
    [
        "trash the diary entries from november 20 and 21",
        "delete the notes from november 20 to 21",
        "move the lisbon and norway notes into trips/old",
        "delete the lisbon and norway notes",
        "move the notes on lisbon or norway into trips/old",
    ],
)
def test_a_second_day_and_a_second_topic_are_not_lost(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert plan.clarify is not None, plan.steps
