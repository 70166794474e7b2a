"""What no call can do is asked about: it would take back, take away or overwrite more than was said."""

from __future__ import annotations

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
