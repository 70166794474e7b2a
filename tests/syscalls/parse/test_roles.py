"""The words before a stretch of text say what it is for, also where the model takes it for something else."""

from __future__ import annotations

from typing import Any

import pytest

from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.parser import Parser
from tests.syscalls.parse.conftest import NOW, Steps


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("delete the oldest file in tmp", {"k": 1, "under": "tmp", "sort": "oldest"}),
        ("remove the smallest image", {"k": 1, "type": "image", "sort": "smallest"}),
        ("delete all files in scratch", {"under": "scratch"}),
    ],
)
def test_what_is_in_a_folder_is_deleted_and_never_the_folder_or_the_other_end(
    steps: Steps, prompt: str, found: dict[str, Any]
) -> None:
    assert steps(prompt) == [("retrieve", found), ("delete", {"files": "$1"})]


@pytest.mark.parametrize(
    ("prompt", "kept"),
    [
        ("glue jan.csv and feb.csv together as q1.csv, keep the originals", None),
        ("merge a.txt and b.txt into c.txt without deleting the originals", None),
        ("merge a.txt and b.txt into c.txt and throw the pieces away", False),
    ],
)
def test_parts_are_thrown_away_only_where_that_is_said(steps: Steps, prompt: str, kept: bool | None) -> None:
    ((name, args),) = steps(prompt)
    assert name == "concat"
    assert args.get("keep") is kept


@pytest.mark.parametrize(
    ("prompt", "time"),
    [
        ("restore essay.docx to yesterday's version", "2026-11-22T23:59:59"),
        ("restore the version of slides.pptx from before lunch", "2026-11-23T11:59:59"),
        ("put everything back to how it was on Monday", "2026-11-16T23:59:59"),
    ],
)
def test_the_time_to_go_back_to_is_not_lost(steps: Steps, prompt: str, time: str) -> None:
    ((name, args),) = steps(prompt)
    assert name == "rollback"
    assert args["time"] == time


def test_a_state_that_no_time_names_is_asked_about_and_no_step_back_is_taken(parser: Parser) -> None:
    assert parser.parse("put plan.md back to before the meeting", NOW).clarify == asking.WHICH_STATE


@pytest.mark.parametrize(
    ("prompt", "steps_wanted"),
    [
        (
            "anything in here about sourdough starters that I touched since the weekend?",
            [("retrieve", {"query": "sourdough starters", "since": "2026-11-21T00:00:00"})],
        ),
        (
            "I'm looking for the letter from the pension office, should be from early October",
            [
                (
                    "retrieve",
                    {
                        "query": "letter from the pension office",
                        "since": "2026-10-01T00:00:00",
                        "until": "2026-10-10T23:59:59",
                    },
                )
            ],
        ),
        (
            "match the rows of customers.csv with orders.csv on customer_id",
            [("join", {"left": "customers.csv", "right": "orders.csv", "on": "customer_id"})],
        ),
        ("diff v1 and v3 of spec.md", [("diff", {"path": "spec.md", "from": "1", "to": "3"})]),
        (
            "compare today's menu.txt with the one from last week",
            [("diff", {"path": "menu.txt", "from": "2026-11-22T23:59:59"})],
        ),
        (
            "condense these three files: a.txt, b.txt, c.txt",
            [("summarize", {"files": ["a.txt", "b.txt", "c.txt"]})],
        ),
        ("organise downloads by file type", [("group_by", {"under": "downloads", "key": "type"})]),
        (
            "research on coral bleaching that came out of James Cook University",
            [("retrieve", {"query": "coral bleaching", "affiliations": ["James Cook University"]})],
        ),
        (
            "undo everything the agent codex did under src since 10am",
            [("undo", {"actor": "codex", "since": "2026-11-23T10:00:00", "under": "src"})],
        ),
        (
            "bring ~/Downloads/slides.pptx into talks",
            [("create", {"path": "talks/slides.pptx", "source": "~/Downloads/slides.pptx"})],
        ),
        ("how big is archive.zip and who owns it", [("stat", {"path": "archive.zip"})]),
    ],
)
def test_each_part_of_a_request_gets_its_place(
    steps: Steps, prompt: str, steps_wanted: list[tuple[str, dict[str, Any]]]
) -> None:
    assert steps(prompt) == steps_wanted


@pytest.mark.parametrize(
    ("prompt", "steps_wanted"),
    [
        (
            "what are the biggest files here? delete the top three",
            [("retrieve", {"sort": "size"}), ("retrieve", {"sort": "size", "k": 3}), ("delete", {"files": "$2"})],
        ),
        (
            "compare a.txt and b.txt, then merge them into c.txt",
            [("diff", {"path": "a.txt", "other": "b.txt"}), ("concat", {"files": ["a.txt", "b.txt"], "to": "c.txt"})],
        ),
        (
            "roll back a.txt to yesterday and summarise what changed",
            [("rollback", {"path": "a.txt", "time": "2026-11-22T23:59:59"}), ("summarize_changes", {"path": "a.txt"})],
        ),
        (
            "collect the photos from last weekend, put them in weekend/ and share that folder for a week",
            [
                ("retrieve", {"type": "image", "since": "2026-11-21T00:00:00", "until": "2026-11-22T23:59:59"}),
                ("move", {"files": "$1", "to": "weekend/"}),
                ("link", {"path": "weekend", "expires": "1w"}),
            ],
        ),
        (
            "lock notes.md, tag it final and give me a link to it for 3 days",
            [
                ("lock", {"path": "notes.md"}),
                ("tag", {"path": "notes.md", "tags": ["final"]}),
                ("link", {"path": "notes.md", "expires": "3d"}),
            ],
        ),
    ],
)
def test_a_later_step_works_on_what_the_earlier_ones_named(
    steps: Steps, prompt: str, steps_wanted: list[tuple[str, dict[str, Any]]]
) -> None:
    assert steps(prompt) == steps_wanted


def test_the_others_of_a_set_are_asked_about(parser: Parser) -> None:
    assert parser.parse("find the three newest essays, delete the others", NOW).clarify is not None


@pytest.mark.parametrize(
    "prompt",
    [
        "recover the spreadsheet I deleted yesterday",
        "bring back the files that were removed on Monday",
        "lösche alle Bilder in tmp",
    ],
)
def test_what_a_description_cannot_find_is_asked_about_before_anything_changes(parser: Parser, prompt: str) -> None:
    assert parser.parse(prompt, NOW).clarify is not None


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        (
            "Zeig mir alle Rechnungen von letzter Woche",
            {"query": "Rechnungen", "since": "2026-11-16T00:00:00", "until": "2026-11-22T23:59:59"},
        ),
        (
            "trouve les documents sur le climat modifiés hier",
            {"query": "climat", "since": "2026-11-22T00:00:00", "until": "2026-11-22T23:59:59"},
        ),
        (
            "muéstrame los contratos de 2023",
            {"query": "contratos", "since": "2023-01-01T00:00:00", "until": "2023-12-31T23:59:59"},
        ),
    ],
)
def test_verbs_of_finding_in_other_languages_search(steps: Steps, prompt: str, found: dict[str, Any]) -> None:
    assert steps(prompt) == [("retrieve", found)]


def test_the_time_in_a_rollback_in_german_is_not_lost(steps: Steps) -> None:
    assert steps("setze plan.md auf gestern zurück") == [("rollback", {"path": "plan.md", "time": "2026-11-22T23:59:59"})]


@pytest.mark.parametrize(
    ("prompt", "since"),
    [
        ("copy last month's invoices into accounting/october", "2026-10-01T00:00:00"),
        ("move this month's bills to paid/", "2026-11-01T00:00:00"),
    ],
)
def test_whose_month_it_is_limits_what_is_changed(steps: Steps, prompt: str, since: str) -> None:
    assert steps(prompt)[0][1]["since"] == since


@pytest.mark.parametrize(
    ("prompt", "found", "then"),
    [
        ("remove logs before June", {"query": "logs", "until": "2026-05-31T23:59:59"}, ("delete", {"files": "$1"})),
        (
            "move drafts older than a year to attic",
            {"query": "drafts", "until": "2025-11-23T12:00:00"},
            ("move", {"files": "$1", "to": "attic"}),
        ),
        ("everything tagged urgent should also be in today/", {"tags": ["urgent"]}, ("copy", {"files": "$1", "to": "today/"})),
    ],
)
def test_a_time_limits_what_is_taken_and_also_is_a_copy(
    steps: Steps, prompt: str, found: dict[str, Any], then: tuple[str, dict[str, Any]]
) -> None:
    assert steps(prompt) == [("retrieve", found), then]


def test_a_folder_from_last_week_is_asked_about(parser: Parser) -> None:
    assert parser.parse("delete the folder notes from last week", NOW).clarify == asking.WHICH_FILES


@pytest.mark.parametrize(
    "prompt",
    [
        "Remove the directory tmp_exports, no wait, I meant tmp_imports.",
        "undo... hmm, or rather don't",
        "delete a.txt, actually no, keep it",
    ],
)
def test_no_change_is_made_of_a_correction_or_of_a_part_of_what_was_said(parser: Parser, prompt: str) -> None:
    assert parser.parse(prompt, NOW).clarify is not None


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        (
            "find the duplicates in thesis_chapters, at least 85 % alike, and also count when one text is contained in another",
            {"under": "thesis_chapters", "threshold": 0.85, "containment": True},
        ),
        (
            "can u list everything in choir_music and in all the folders inside it too",
            {"under": "choir_music", "recursive": True},
        ),
    ],
)
def test_what_only_says_more_of_a_call_is_no_call_of_its_own(steps: Steps, prompt: str, wanted: dict[str, Any]) -> None:
    ((_, args),) = steps(prompt)
    assert args == wanted


def test_the_folder_of_an_import_is_not_lost(steps: Steps) -> None:
    assert steps("Import /mnt/usb/scans/deed_1911.pdf into the folder archive.") == [
        ("create", {"path": "archive/deed_1911.pdf", "source": "/mnt/usb/scans/deed_1911.pdf"})
    ]
