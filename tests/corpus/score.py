"""Score plans against the labels of a corpus: right call, exact, Wilson 95 % intervals, misses.

    lsfs parse --jsonl --now 2026-11-23T12:00:00 < prompts | python -m tests.corpus.score tests/corpus/heldout.jsonl
    python -m tests.corpus.score --prompts tests/corpus/heldout.jsonl

Plans come one a line in the order of the corpus. It does not run a parser and does not import one: what is measured cannot
measure itself. For prompts that must end in a question, "right call" means that nothing would run, "exact" that a question is
asked.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from pathlib import Path

from tests.corpus.canonical import JSON, Canonical, arguments

_READING = frozenset(
    {"retrieve", "list", "stat", "read", "group_by", "join", "duplicates", "summarize", "history", "diff", "translate", "log"}
    | {"summarize_changes"}
)
Steps = list[tuple[str, dict[str, JSON]]]


@dataclass(frozen=True, slots=True)
class Label:
    """One line of a corpus; no `plans` means that the right answer is a question."""

    id: str
    prompt: str
    now: datetime
    plans: tuple[Steps, ...]
    call_only: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one plan did; `exact` is None where only the call counts (prompts in other languages)."""

    label: Label
    got: Steps
    call: bool
    exact: bool | None

    @property
    def kind(self) -> str:
        """The row of the table this prompt belongs to."""
        if not self.label.plans:
            return "(question)"
        first = self.label.plans[0]
        return first[0][0] if len(first) == 1 else f"({len(first)} steps)"


def wilson(hits: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """Give the Wilson score interval of a proportion (E. B. Wilson, 1927), within [0, 1]; (0, 1) for nothing counted."""
    if total == 0:
        return 0.0, 1.0
    share, scale = hits / total, 1 + z * z / total
    centre = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def steps_of(plan: JSON) -> Steps:
    """Read the steps of a plan as JSON gives it; a question and an error have none.

    Raises:
        ValueError: a step without the name of a call.
    """
    if not isinstance(plan, dict):
        raise ValueError(f"a plan is an object, got {plan!r}")
    raw = plan.get("steps")
    found: Steps = []
    for step in raw if isinstance(raw, list) else []:
        if not isinstance(step, dict) or not isinstance(step.get("syscall"), str):
            raise ValueError(f"a step has a syscall, got {step!r}")
        args = step.get("args")
        found.append((str(step["syscall"]), args if isinstance(args, dict) else {}))
    return found


def load(lines: Iterable[str]) -> list[Label]:
    """Read a corpus (JSON lines)."""
    labels = []
    for row in (json.loads(line) for line in lines if line.strip()):
        plans = [] if row.get("expect") == "clarify" else [row["plan"], *row.get("accept", [])]
        labels.append(
            Label(row["id"], row["prompt"], datetime.fromisoformat(row["now"]), tuple(map(steps_of, plans)), "lang" in row)
        )
    return labels


def judge(label: Label, plan: JSON) -> Verdict:
    """Compare one plan with every plan its label accepts.

    Raises:
        ValueError: it is not shaped as a plan.
    """
    got = steps_of(plan)
    if not label.plans:
        asked = isinstance(plan, dict) and bool(plan.get("clarify"))
        return Verdict(label, got, call=not got, exact=asked and not got)
    calls = [call for call, _ in got]
    call = any(calls == [name for name, _ in meant] for meant in label.plans)
    exact = any(_canonical(got, label.now) == _canonical(meant, label.now) for meant in label.plans)
    return Verdict(label, got, call, None if label.call_only else exact)


def _canonical(steps: Steps, now: datetime) -> list[tuple[str, Canonical]]:
    return [(call, arguments(call, args, now)) for call, args in steps]


def report(verdicts: Sequence[Verdict], *, misses: bool = True) -> str:
    """Write the table of scores per call, the totals and the misses as text."""
    rows: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        rows[verdict.kind].append(verdict)
    lines = [f"{'':20}{'n':>4}   {'right call':26}exact"]
    lines += [_row(kind, rows[kind]) for kind in sorted(rows)]
    lines.append(_row("ALL", verdicts))
    refused = rows.get("(question)")
    if refused:
        lines.append(_leaks(refused))
    if misses:
        lines += [_miss(verdict) for verdict in verdicts if not verdict.call or verdict.exact is False]
    return "\n".join(lines)


def _row(name: str, verdicts: Sequence[Verdict]) -> str:
    exact = [verdict.exact for verdict in verdicts if verdict.exact is not None]
    return f"{name:20}{len(verdicts):4}   {_share([v.call for v in verdicts]):26}{_share(exact) if exact else '-'}".rstrip()


def _share(hits: Sequence[bool]) -> str:
    low, high = wilson(sum(hits), len(hits))
    return f"{100 * sum(hits) / len(hits):5.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _leaks(verdicts: Sequence[Verdict]) -> str:
    """Say how many prompts that need a question led to a plan, and to which sort."""
    planned = [{call for call, _ in verdict.got} for verdict in verdicts if verdict.got]
    reading = sum(calls <= _READING for calls in planned)
    return f"to a changing plan: {len(planned) - reading}, to a reading plan: {reading}"


def _miss(verdict: Verdict) -> str:
    label = verdict.label
    want = "a question" if not label.plans else _steps_text(label.plans[0])
    grade = "exact" if verdict.call else "call"
    return f"\n{label.id} ({grade}) {label.prompt}\n  want {want}\n  got  {_steps_text(verdict.got) or 'a question'}"


def _steps_text(steps: Steps) -> str:
    return " | ".join(f"{call} {json.dumps(args, ensure_ascii=False, sort_keys=True)}" for call, args in steps)


def main(argv: Sequence[str] | None = None) -> int:
    """Read plans on standard input, write the scores; exit status 2 when their number differs from the corpus."""
    parser = argparse.ArgumentParser(description="Score plans against the labels of a corpus.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--prompts", action="store_true", help="write the prompts of the corpus, one a line, and stop")
    parser.add_argument("--no-misses", action="store_true", help="write the table only")
    options = parser.parse_args(argv)
    labels = load(options.corpus.read_text(encoding="utf-8").splitlines())
    if options.prompts:
        print("\n".join(label.prompt for label in labels))
        return 0
    plans = [json.loads(line) for line in sys.stdin if line.strip()]
    if len(plans) != len(labels):
        print(f"{len(plans)} plans for {len(labels)} prompts", file=sys.stderr)
        return 2
    verdicts = [judge(label, plan) for label, plan in zip(labels, plans, strict=True)]
    print(report(verdicts, misses=not options.no_misses))
    return 0


if __name__ == "__main__":
    sys.exit(main())
