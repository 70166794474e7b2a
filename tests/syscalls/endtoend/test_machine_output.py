"""What programs read: a line for each line, an object for each command."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.syscalls.endtoend.conftest import Served


def test_every_line_of_prompts_has_a_line_of_plans_empty_ones_too() -> None:
    command = [sys.executable, "-m", "lsfs_syscalls.cli.main", "parse", "--jsonl"]
    prompts = ["list the files in docs", "", "   ", "delete a.txt"]
    done = subprocess.run(command, input="\n".join(prompts) + "\n", capture_output=True, text=True, timeout=60, check=True)
    plans = [json.loads(line) for line in done.stdout.splitlines()]
    assert [plan["prompt"] for plan in plans] == prompts
    assert [bool(plan.get("clarify")) for plan in plans] == [False, True, True, False]


def test_wait_says_what_it_waited_for(own: Served) -> None:
    own.write("a.txt", "one")
    waited = own.json("wait", "--timeout", "60")
    assert waited == {"settled": True, "pending": 0, "vectors_pending": 0, "degraded": []}
