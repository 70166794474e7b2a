"""The corpus is whole and keeps its own rules: counts, contract, times, every call and argument covered."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.contract import CONTRACT

HERE = Path(__file__).parent
NOT_ASKED = {("retrieve", "files"), ("unlink", "files")}
"""Arguments no prompt of the corpus leads to: a former result is spoken of in the shell only."""

Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def steps(row: Row) -> list[Row]:
    return [step for plan in [row["plan"], *row.get("accept", [])] for step in plan["steps"]]


@pytest.mark.parametrize(("name", "count"), [("rq1", 120), ("heldout", 300), ("negatives", 60), ("times", 300)])
def test_a_file_has_its_number_of_distinct_lines(name: str, count: int) -> None:
    found = rows(f"{name}.jsonl")
    assert len({row["id"] for row in found}) == count
    assert len({(row.get("prompt", row.get("text")), row["now"], "at" in row) for row in found}) == count


def test_no_prompt_is_in_two_files() -> None:
    prompts = [row["prompt"].casefold() for name in ("rq1", "heldout", "negatives") for row in rows(f"{name}.jsonl")]
    assert len(prompts) == len(set(prompts))


@pytest.mark.parametrize("name", ["rq1", "heldout"])
def test_labels_use_calls_and_arguments_of_the_contract(name: str) -> None:
    for row in rows(f"{name}.jsonl"):
        for step in steps(row):
            assert set(step["args"]) <= set(CONTRACT[step["syscall"]].split()), row["id"]


def test_every_call_and_argument_is_asked_for() -> None:
    asked = {(step["syscall"], arg) for row in rows("heldout.jsonl") for step in steps(row) for arg in [*step["args"], ""]}
    wanted = {(call, arg) for call, args in CONTRACT.items() for arg in [*args.split(), ""]}
    assert wanted - asked == NOT_ASKED


def test_a_step_refers_only_to_earlier_ones() -> None:
    for row in rows("heldout.jsonl"):
        for plan in [row["plan"], *row.get("accept", [])]:
            for place, step in enumerate(plan["steps"]):
                references = re.findall(r'"\$(\d+)"', json.dumps(step["args"]))
                assert all(1 <= int(number) <= place for number in references), row["id"]


def test_names_in_labels_come_from_the_prompt() -> None:
    for row in rows("rq1.jsonl") + rows("heldout.jsonl"):
        for step in row["plan"]["steps"]:
            named = (
                ("path", "under", "query", "source")
                if step["syscall"] == "diff"
                else ("path", "under", "query", "source", "to")
            )
            for word in re.findall(r"\w+", " ".join(str(step["args"].get(arg, "")) for arg in named)):
                assert word.casefold() in row["prompt"].casefold() or word.isdigit(), (row["id"], word)


def test_times_are_in_order_and_carry_the_offset_of_their_zone() -> None:
    for row in rows("times.jsonl"):
        zone = ZoneInfo(row["zone"])
        for field in ("now", "since", "until", "at"):
            if row.get(field):
                said = datetime.fromisoformat(row[field])
                assert said.utcoffset() == said.astimezone(UTC).astimezone(zone).utcoffset(), row["id"]
        assert ("at" in row) != ("since" in row and "until" in row), row["id"]
        assert not (row.get("since") and row.get("until")) or row["since"][:19] <= row["until"][:19], row["id"]
        assert (row.get("since") or row.get("at") or "") <= row["now"], row["id"]
