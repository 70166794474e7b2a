"""No condition of a request is lost or turned round on its way to a change: a set that grew would cost files."""

from __future__ import annotations

from typing import Any

import pytest

from lsfs_syscalls.calls.record import Effect
from lsfs_syscalls.parse.context import ParseContext
from lsfs_syscalls.parse.parser import Parser
from tests.syscalls.parse.conftest import NOW, Steps


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("delete everything in tmp older than 90 days", {"under": "tmp", "until": "2026-08-25T12:00:00"}),
        ("delete the pdfs in scans larger than 10 MB", {"under": "scans", "type": "pdf", "size_min": 10_000_000}),
        ("delete files in downloads not changed since January", {"under": "downloads", "until": "2025-12-31T23:59:59"}),
        ("delete files in downloads I haven't opened in 2 years", {"under": "downloads", "until": "2024-11-23T12:00:00"}),
    ],
)
def test_what_is_deleted_is_what_was_described_and_not_its_folder(steps: Steps, prompt: str, found: dict[str, Any]) -> None:
    assert steps(prompt) == [("retrieve", found), ("delete", {"files": "$1"})]


def test_what_is_moved_out_of_a_folder_is_what_fits_and_not_the_folder(steps: Steps) -> None:
    found, moved = steps("move everything in inbox that mentions tax to finance")
    assert found == ("retrieve", {"keywords": ["tax"], "under": "inbox"})
    assert moved == ("move", {"files": "$1", "to": "finance"})


@pytest.mark.parametrize(
    "prompt",
    [
        "remove all drafts in old/ except the ones tagged keep",
        "delete the papers about tides that aren't by Haddad",
        "what have I got on lock-free queues that isn't by Haddad",
    ],
)
def test_files_to_be_left_out_are_never_the_ones_that_are_taken(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert plan.clarify is not None and plan.steps == ()


def test_a_folder_is_deleted_as_a_whole_only_when_nothing_limits_it(steps: Steps) -> None:
    assert steps("delete the folder tmp") == [("delete", {"path": "tmp"})]
    assert steps("delete recipes/old and notes/ideas.txt") == [("delete", {"files": ["recipes/old", "notes/ideas.txt"]})]


def test_one_goes_back_to_the_state_that_was_named(steps: Steps) -> None:
    assert steps("roll src back to before-refactor") == [("rollback", {"path": "src", "snapshot": "before-refactor"})]
    assert steps("roll back everything in src to yesterday") == [("rollback", {"path": "src", "time": "2026-11-22T23:59:59"})]


def test_a_file_is_copied_from_its_folder_and_not_the_folder(steps: Steps) -> None:
    assert steps("copy plan.md from notes to backup") == [("copy", {"path": "notes/plan.md", "to": "backup"})]


def test_something_new_of_a_kind_is_watched_for_as_a_topic(steps: Steps) -> None:
    assert steps("notify me when a new invoice arrives") == [("watch", {"query": "invoice"})]


@pytest.mark.parametrize(
    ("prompt", "then"),
    [
        ("find the invoices and group them by vendor", ("group_by", {"files": "$1", "key": "vendor"})),
        ("group the invoices by vendor", ("group_by", {"files": "$1", "key": "vendor"})),
        ("tag all invoices with tax2026", ("tag", {"files": "$1", "tags": ["tax2026"]})),
        ("find all invoices and put them into finance/invoices", ("move", {"files": "$1", "to": "finance/invoices"})),
    ],
)
def test_a_kind_of_thing_by_itself_says_which_files(steps: Steps, prompt: str, then: tuple[str, Any]) -> None:
    assert steps(prompt) == [("retrieve", {"query": "invoices"}), then]


def test_where_it_goes_and_the_tag_are_not_lost(parser: Parser, steps: Steps) -> None:
    assert steps("find the invoices and move them to papers")[1] == ("move", {"files": "$1", "to": "papers"})
    context = ParseContext(files=("notes/a.md",))
    plan = parser.parse("move it to archive", NOW, context)
    assert [s.to_json() for s in plan.steps] == [{"path": "notes/a.md", "to": "archive"}]
    plan = parser.parse("tag it unread", NOW, context)
    assert [s.to_json() for s in plan.steps] == [{"path": "notes/a.md", "tags": ["unread"]}]


def test_tables_are_joined_by_a_column(steps: Steps) -> None:
    joined = {"left": "orders.csv", "right": "customers.xlsx", "on": "customer_id"}
    assert steps("join orders.csv and customers.xlsx on customer_id") == [("join", joined)]


@pytest.mark.parametrize("name", ["a/b.md", "left-over.txt", "x/y/"])
def test_a_name_that_nothing_took_is_asked_about_before_anything_changes(parser: Parser, name: str) -> None:
    plan = parser.parse(f"delete old.md, whatever became of it, be it {name} or whoever", NOW)
    taken = [text for s in plan.steps for text in str(s.to_json()).split("'")]
    assert plan.steps == () or plan.effect is Effect.READ or any(name.rstrip("/") in t for t in taken)
