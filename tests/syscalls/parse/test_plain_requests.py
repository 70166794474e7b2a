"""Plainly phrased requests and their plans; each of them names its objects literally."""

from datetime import datetime

import pytest

from lsfs_syscalls.parse.context import ParseContext
from lsfs_syscalls.parse.parser import Parser

NOW = datetime(2026, 11, 23, 12)

PLAIN: list[tuple[str, list[tuple[str, dict[str, object]]]]] = [
    ("delete docs/a.txt", [("delete", {"path": "docs/a.txt"})]),
    ("please remove a.txt and b.txt.", [("delete", {"files": ["a.txt", "b.txt"]})]),
    ("move notes/a.md to archive/", [("move", {"path": "notes/a.md", "to": "archive/"})]),
    ("rename docs/a.md to b.md", [("move", {"path": "docs/a.md", "to": "docs/b.md"})]),
    ("roll notes/todo.md back to the previous version", [("rollback", {"path": "notes/todo.md", "steps": 1})]),
    ("restore 'my plan.docx' to version 3", [("rollback", {"path": "my plan.docx", "version": 3})]),
    ("revert budget.xlsx to yesterday", [("rollback", {"path": "budget.xlsx", "time": "2026-11-22T23:59:59"})]),
    ("write 'Hello, World!' into a.txt", [("write", {"path": "a.txt", "content": "Hello, World!"})]),
    ('append "one more" to log/list.md', [("write", {"path": "log/list.md", "content": "one more", "mode": "append"})]),
    ("create a folder called archive/2024", [("create", {"path": "archive/2024", "kind": "directory"})]),
    ("group the files in docs/ by type", [("group_by", {"under": "docs", "key": "type"})]),
    ("join left/ and right/ by name", [("join", {"left": "left", "right": "right", "on": "name"})]),
    ("show the history of plan.md", [("history", {"path": "plan.md"})]),
    ("undo", [("undo", {})]),
    ("share report.pdf for 3 days", [("link", {"path": "report.pdf", "expires": "3d"})]),
    ("tag notes.md as urgent", [("tag", {"path": "notes.md", "tags": ["urgent"]})]),
    ("diff a.md and b.md", [("diff", {"path": "a.md", "other": "b.md"})]),
    (
        "copy a.txt to backup/ and then delete b.txt",
        [("copy", {"path": "a.txt", "to": "backup/"}), ("delete", {"path": "b.txt"})],
    ),
]


@pytest.mark.parametrize(("prompt", "steps"), PLAIN, ids=lambda v: v if isinstance(v, str) else "")
def test_a_plain_request_gives_its_plan(prompt: str, steps: list[tuple[str, dict[str, object]]]) -> None:
    plan = Parser().parse(prompt, NOW).to_json()
    assert plan["steps"] == [{"syscall": name, "args": args} for name, args in steps]


@pytest.mark.parametrize(
    "prompt",
    [
        "rm -rf /",
        "ls -la | grep x",
        "sudo apt install vim",
        "git push origin main",
        "cat /etc/passwd",
        "cd docs/",
        "",
        "   ",
        "?!",
    ],
)
def test_a_shell_command_and_nothing_at_all_give_a_question(prompt: str) -> None:
    plan = Parser().parse(prompt, NOW)
    assert plan.steps == ()
    assert plan.clarify


def test_it_means_the_only_file_of_the_last_answer() -> None:
    plan = Parser().parse("summarize it", NOW, ParseContext(files=("docs/a.md",)))
    assert plan.to_json()["steps"] == [{"syscall": "summarize", "args": {"path": "docs/a.md"}}]


def test_it_without_a_last_answer_is_a_question() -> None:
    plan = Parser().parse("summarize it", NOW)
    assert plan.steps == ()
    assert plan.clarify == "Which file do you mean?"
