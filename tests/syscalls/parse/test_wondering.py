"""Questions about a change are answered with a question, which names what would be done; requests stay requests."""

from __future__ import annotations

from typing import Any

import pytest

from lsfs_syscalls.parse.parser import Parser
from tests.syscalls.parse.conftest import NOW, Steps


@pytest.mark.parametrize(
    ("prompt", "request_"),
    [
        ("could I delete papers/bees.pdf without losing anything", "delete papers/bees.pdf"),
        ("should I delete house/draft?", "delete house/draft"),
        ("is it safe to remove empty.txt", "delete empty.txt"),
        ("should we remove the music folder?", 'delete "music"'),
        ("shall I get rid of tmpf?", 'delete "tmpf"'),
        ("would it be ok to delete fold", 'delete "fold"'),
        ("can todo.txt be deleted?", "delete todo.txt"),
        ("do I still need house/insurance.md or can it be deleted", "delete house/insurance.md"),
        ("todo.txt is old, can it be deleted?", "delete todo.txt"),
        ("how do I delete todo.txt", "delete todo.txt"),
        ("how can I undo", "undo"),
        ("how do I roll back plan.md to version 2?", "roll back plan.md to version 2"),
        ("is it a good idea to roll back todo.txt", "roll back todo.txt"),
        ("should I share trips/norway/route.md with Clara?", "share trips/norway/route.md"),
        ("should I delete the pdfs in tmp?", "delete the pdfs in tmp"),
        ("may I remove x.txt", "delete x.txt"),
        ("what happens if I delete x.txt", "delete x.txt"),
        ("tell me whether I should delete x.txt", "delete x.txt"),
        ("how about deleting x.txt", "delete x.txt"),
        ("could you tell me whether it is safe to delete x.txt", "delete x.txt"),
        ("maybe I should delete x.txt", "delete x.txt"),
        ("did you delete x.txt?", "delete x.txt"),
    ],
)
def test_a_question_about_a_change_is_asked_back_with_the_request(parser: Parser, prompt: str, request_: str) -> None:
    plan = parser.parse(prompt, NOW)
    assert not plan.steps
    assert plan.clarify == f"You ask about a change, so nothing is done. Say `{request_}` to do it."
    assert parser.parse(request_, NOW).steps
    for answer in ("yes", request_):
        assert parser.complete(prompt, plan.clarify, answer, NOW) == parser.parse(request_, NOW)


@pytest.mark.parametrize(
    "prompt", ["may I remove x", "what happens if I delete x", "why was x.txt deleted", "which files can I delete in tmp?"]
)
def test_a_question_about_what_is_not_known_changes_nothing(parser: Parser, prompt: str) -> None:
    assert parser.parse(prompt, NOW).effect.value == "read"


def test_which_files_could_go_names_no_request(parser: Parser) -> None:
    plan = parser.parse("which files can be deleted from tmp", NOW)
    assert not plan.steps
    assert "`" not in (plan.clarify or "`")


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("can you delete x.txt?", [("delete", {"path": "x.txt"})]),
        ("could you please remove x.txt", [("delete", {"path": "x.txt"})]),
        ("would you move a.txt to old", [("move", {"path": "a.txt", "to": "old"})]),
        ("will you delete x.txt", [("delete", {"path": "x.txt"})]),
        ("would you mind deleting tmp/a.txt", [("delete", {"path": "tmp/a.txt"})]),
        ("I was wondering if you could delete x.txt", [("delete", {"path": "x.txt"})]),
        ("could we please remove x.txt", [("delete", {"path": "x.txt"})]),
        ("can I have a link to plan.md for 3 days?", [("link", {"path": "plan.md", "expires": "3d"})]),
        ("tell me if x.txt changes", [("watch", {"path": "x.txt"})]),
        (
            "what do I have on cats? put them in pets",
            [("retrieve", {"query": "cats"}), ("move", {"files": "$1", "to": "pets"})],
        ),
        ("lock plan.md so that I can be sure nobody changes it", [("lock", {"path": "plan.md"})]),
    ],
)
def test_requests_stay_requests(steps: Steps, prompt: str, wanted: list[tuple[str, dict[str, Any]]]) -> None:
    assert steps(prompt) == wanted
