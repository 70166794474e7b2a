"""The plan: typed steps or a question."""

from __future__ import annotations

import json

import pytest

from lsfs.errors import BadRequest
from lsfs_syscalls.calls.record import Effect
from lsfs_syscalls.plan import Plan

FIND_AND_GROUP = {
    "prompt": "find and group",
    "steps": [
        {"syscall": "retrieve", "args": {"query": "flash caching", "k": 3}},
        {"syscall": "group_by", "args": {"files": "$1", "key": "author"}},
    ],
}


def test_a_plan_comes_back_from_its_json_unchanged() -> None:
    plan = Plan.from_json(FIND_AND_GROUP)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_the_effect_of_a_plan_is_the_strongest_of_its_steps() -> None:
    steps = [*FIND_AND_GROUP["steps"], {"syscall": "delete", "args": {"files": "$1"}}]
    assert Plan.from_json(FIND_AND_GROUP).effect is Effect.READ
    assert Plan.from_json({"steps": steps}).effect is Effect.DESTROY


@pytest.mark.parametrize("reference", ["$2", "$3"])
def test_a_step_can_only_use_the_result_of_an_earlier_one(reference: str) -> None:
    steps = [{"syscall": "retrieve", "args": {}}, {"syscall": "delete", "args": {"files": reference}}]
    with pytest.raises(BadRequest, match="not the result of an earlier step"):
        Plan.from_json({"steps": steps})


def test_a_plan_with_a_step_outside_the_table_cannot_be_built() -> None:
    with pytest.raises(BadRequest, match="there is no call `shell`"):
        Plan.from_json({"steps": [{"syscall": "shell", "args": {"command": "rm -rf /"}}]})


def test_a_question_carries_its_candidates_and_no_steps() -> None:
    plan = Plan(prompt="delete it", clarify="Which file?", candidates=("a", "b"))
    data = plan.to_json()
    assert data["clarify"] == "Which file?"
    assert data["candidates"] == ["a", "b"]
    assert data["steps"] == []
