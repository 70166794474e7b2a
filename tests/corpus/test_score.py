"""The scores themselves: what is a hit, the interval, the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus.canonical import JSON
from tests.corpus.score import Label, judge, load, report, wilson

ROOT = Path(__file__).parents[2]
FIND: JSON = {"steps": [{"syscall": "retrieve", "args": {"query": "tea", "k": 2}}]}
LIST: JSON = {"steps": [{"syscall": "list", "args": {"under": "tea"}}]}
ASK: JSON = {"clarify": "Which file?", "steps": []}


def label(**more: object) -> Label:
    row = {"id": "x1", "prompt": "two about tea", "now": "2026-11-23T12:00:00", "plan": FIND, **more}
    return load([json.dumps(row)])[0]


def test_the_same_plan_is_right_and_exact() -> None:
    verdict = judge(label(), FIND)
    assert (verdict.call, verdict.exact) == (True, True)


def test_an_argument_too_many_is_the_right_call_but_not_exact() -> None:
    verdict = judge(label(), {"steps": [{"syscall": "retrieve", "args": {"query": "tea", "k": 2, "type": "pdf"}}]})
    assert (verdict.call, verdict.exact) == (True, False)


def test_another_call_is_wrong() -> None:
    assert not judge(label(), LIST).call


def test_a_question_where_a_plan_was_due_is_wrong() -> None:
    verdict = judge(label(), ASK)
    assert (verdict.call, verdict.exact) == (False, False)


def test_an_accepted_plan_is_as_good_as_the_first() -> None:
    verdict = judge(label(accept=[LIST]), LIST)
    assert (verdict.call, verdict.exact) == (True, True)


def test_only_the_call_counts_in_another_language() -> None:
    verdict = judge(label(lang="de"), {"steps": [{"syscall": "retrieve", "args": {}}]})
    assert (verdict.call, verdict.exact) == (True, None)


def test_a_prompt_that_needs_a_question_is_right_only_when_nothing_would_run() -> None:
    needs = label(expect="clarify")
    assert judge(needs, ASK).call
    assert not judge(needs, FIND).call


def test_a_failure_without_a_question_runs_nothing_but_is_not_exact() -> None:
    verdict = judge(label(expect="clarify"), {"error": "out of memory", "steps": []})
    assert (verdict.call, verdict.exact) == (True, False)


def test_a_step_without_a_call_is_refused() -> None:
    with pytest.raises(ValueError, match="a step has a syscall"):
        judge(label(), {"steps": [{"args": {}}]})


def test_the_report_tells_changing_from_reading_leaks() -> None:
    needs = label(expect="clarify")
    delete: JSON = {"steps": [{"syscall": "delete", "args": {"path": "a"}}]}
    text = report([judge(needs, plan) for plan in (ASK, FIND, delete)])
    assert "to a changing plan: 1, to a reading plan: 1" in text


def test_the_report_lists_misses_with_both_plans() -> None:
    text = report([judge(label(), LIST)])
    assert 'want retrieve {"k": 2, "query": "tea"}' in text
    assert 'got  list {"under": "tea"}' in text


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (276, 300, 0.8838, 0.9457), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_that_of_wilson(hits: int, total: int, low: float, high: float) -> None:
    assert wilson(hits, total) == pytest.approx((low, high), abs=1e-4)


def run(*arguments: str, plans: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.corpus.score", *arguments]
    return subprocess.run(command, input=plans, capture_output=True, text=True, cwd=ROOT, check=False, timeout=60)


def test_the_command_scores_plans_from_standard_input(tmp_path: Path) -> None:
    corpus = tmp_path / "c.jsonl"
    corpus.write_text(json.dumps({"id": "x1", "prompt": "p", "now": "2026-11-23T12:00:00", "plan": FIND}) + "\n")
    done = run(str(corpus), plans=json.dumps(FIND) + "\n")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].split()[:3] == ["ALL", "1", "100.0"]
    assert run("--prompts", str(corpus)).stdout == "p\n"


def test_the_command_refuses_another_number_of_plans(tmp_path: Path) -> None:
    corpus = tmp_path / "c.jsonl"
    corpus.write_text(json.dumps({"id": "x1", "prompt": "p", "now": "2026-11-23T12:00:00", "plan": FIND}) + "\n")
    done = run(str(corpus))
    assert (done.returncode, done.stderr) == (2, "0 plans for 1 prompts\n")
