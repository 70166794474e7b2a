"""A transaction is all or nothing, and forgetting is finished, also when the process is killed at any of their effects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.disk import Fault

REPOSITORY = Path(__file__).parents[2]


def run(directory: Path, fault: Fault, *points: int, script: str = "transactions") -> str:
    command = [sys.executable, "-m", f"tests.faults.{script}", str(directory), fault, *map(str, points)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("fault", [Fault.KILL, Fault.LOSE])
def test_a_transaction_killed_at_some_of_its_effects_is_all_or_nothing(tmp_path: Path, fault: Fault) -> None:
    run(tmp_path, fault, *range(3, 200, 17))


@pytest.mark.slow
@pytest.mark.timeout(1300)
@pytest.mark.parametrize("fault", [Fault.KILL, Fault.TORN, Fault.LOSE])
def test_a_transaction_killed_at_each_of_its_effects_is_all_or_nothing(tmp_path: Path, fault: Fault) -> None:
    assert "points" in run(tmp_path, fault)


@pytest.mark.parametrize("fault", [Fault.KILL, Fault.LOSE])
def test_gc_repack_and_forget_killed_at_some_of_their_effects_lose_nothing_and_end(tmp_path: Path, fault: Fault) -> None:
    run(tmp_path, fault, *range(3, 60, 7), script="collecting")


@pytest.mark.slow
@pytest.mark.timeout(1300)
@pytest.mark.parametrize("fault", [Fault.KILL, Fault.TORN, Fault.LOSE])
def test_gc_repack_and_forget_killed_at_each_of_their_effects_lose_nothing_and_end(tmp_path: Path, fault: Fault) -> None:
    assert "points" in run(tmp_path, fault, script="collecting")
