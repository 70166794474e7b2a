"""What no call can do is asked about: it would take back, take away or overwrite more than was said."""

from __future__ import annotations

from typing import Any

import pytest

from lsfs_syscalls.parse import asking
from lsfs_syscalls.parse.parser import Parser
from tests.syscalls.parse.conftest import NOW, Steps


@pytest.mark.parametrize(
    "prompt",
    [
        "delete empty.txt and then undo it",
        "roll back todo.txt and then undo",
        "lock todo.txt and undo the last change",
    ],
)
def test_an_undo_beside_another_change_is_asked_about(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert not plan.steps
    assert plan.clarify == asking.UNDO_ALONE


def test_an_undo_alone_and_one_of_a_transaction_are_done(steps: Steps) -> None:
    assert steps("undo") == [("undo", {})]
    assert steps("undo transaction 4 and lock todo.txt") == [("undo", {"transaction": 4}), ("lock", {"path": "todo.txt"})]


@pytest.mark.parametrize(
    "prompt",
    [
        "forget the old versions of todo.txt",
        "wipe the history of todo.txt",
        "delete todo.txt's history",
        "purge the previous versions of plan.md",
        "remove version 3 of plan.md",
        "forget the history of notes",
    ],
)
def test_old_versions_do_not_take_the_file_with_them(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert not plan.steps
    assert plan.clarify == asking.OLD_VERSIONS


@pytest.mark.parametrize("prompt", ["delete the old versions of x.txt", "delete the old versions of x"])
def test_old_versions_are_never_deleted_as_files(parser: Parser, prompt: str) -> None:
    assert parser.parse(prompt, NOW).clarify is not None


@pytest.mark.parametrize(
    "prompt", ["clear todo.txt", "empty todo.txt", "please clear out the file todo.txt", "empty the file notes"]
)
def test_a_file_that_is_to_be_emptied_is_not_deleted(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert not plan.steps
    assert plan.clarify == asking.TEXT_OR_FILE


@pytest.mark.parametrize(
    "prompt",
    [
        "change the word tomatoes to potatoes in garden/tomatoes.md",
        "replace warm white with sky blue in house/draft/paint.txt",
        "change yellow to blue in house/draft/old paint.txt",
        "rename the author in garden/compost.md to Anna",
        "set the title in x.md to Plan",
        "delete the first 3 lines of todo.txt",
        "delete lines 3 to 5 of a.txt",
        "remove duplicate rows from a.csv",
        'delete "foo" from a.txt',
        'insert "x" after line 3 of a.txt',
    ],
)
def test_an_edit_inside_a_file_does_not_overwrite_it(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert not plan.steps
    assert plan.clarify == asking.INSIDE_A_FILE


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("overwrite todo.txt with garden/roses.txt", ("write", {"path": "todo.txt", "source": "garden/roses.txt"})),
        ('overwrite todo.txt with "hello"', ("write", {"path": "todo.txt", "content": "hello"})),
        ("replace everything in a.txt with 'hello'", ("write", {"path": "a.txt", "content": "hello"})),
        ("replace the text in a.txt with 'hello'", ("write", {"path": "a.txt", "content": "hello"})),
        (
            "Replace the content in /home/a/ethics.txt with 'ethics' in the 'ai' folder.",
            ("write", {"path": "ai/ethics", "source": "/home/a/ethics.txt"}),
        ),
        ("rename the file notes.txt in house to n.txt", ("move", {"path": "house/notes.txt", "to": "house/n.txt"})),
        ('add the line "x" to a.txt', ("write", {"path": "a.txt", "content": "x", "mode": "append"})),
        ("show me the first 3 lines of todo.txt", ("read", {"path": "todo.txt", "lines": "1-3"})),
        ("remove the tag draft from notes.txt", ("untag", {"path": "notes.txt", "tags": ["draft"]})),
        ("forget todo.txt and all its old versions", ("forget", {"path": "todo.txt"})),
        ("delete all versions of todo.txt for good", ("forget", {"path": "todo.txt"})),
        ("delete old/history.txt", ("delete", {"path": "old/history.txt"})),
    ],
)
def test_whole_files_are_still_written_renamed_and_deleted(
    steps: Steps, prompt: str, wanted: tuple[str, dict[str, Any]]
) -> None:
    assert steps(prompt) == [wanted]


@pytest.mark.parametrize(
    ("prompt", "content"),
    [
        ("create a note called shopping.txt with eggs and milk", "eggs and milk"),
        ("create a file shopping.txt with milk, eggs and bread", "milk, eggs and bread"),
        ("create a file shopping.txt with the text bees are great", "bees are great"),
        ("make a note shopping.txt saying call Clara and bring salad", "call Clara and bring salad"),
        ("create a file shopping.txt that says buy milk, please", "buy milk"),
    ],
)
def test_a_new_file_holds_all_that_was_said(steps: Steps, prompt: str, content: str) -> None:
    assert steps(prompt) == [("create", {"path": "shopping.txt", "content": content})]


@pytest.mark.parametrize(
    "prompt",
    [
        "create a file shopping.txt with eggs and milk and lock it",
        "create a file x.txt in house with eggs and milk",
        'create a.txt with "eggs" and b.txt with "milk"',
        "Make a new file notes.txt containing meeting at 5. Then lock it.",
    ],
)
def test_a_new_file_never_holds_a_piece_of_what_was_said(parser: Parser, prompt: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert plan.clarify is not None, plan.steps


def test_what_follows_a_new_file_is_done_after_it(steps: Steps) -> None:
    assert steps("create a.txt with hello and then tag it new") == [
        ("create", {"path": "a.txt", "content": "hello"}),
        ("tag", {"path": "a.txt", "tags": ["new"]}),
    ]


def test_a_time_is_never_taken_for_a_file_and_its_folder_for_another(parser: Parser) -> None:
    plan = parser.parse("delete everything between march and april in tmp", NOW)
    assert plan.clarify == asking.WHICH_FILES
