"""The store survives a kill, a torn write, a power cut, an I/O error and a full disk at every point of a scripted run."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.disk import Fault, FaultyIO
from tests.faults.workload import check, run

DEADLY = [Fault.KILL, Fault.TORN, Fault.LOSE, Fault.AMNESIA]
REFUSING = [Fault.EIO, Fault.FULL]


def count_points(root: Path) -> FaultyIO:
    root.mkdir()
    io = FaultyIO()
    run(root, io)
    check(root)
    return io


def stop_at(tmp_path: Path, fault: Fault, points: list[int]) -> None:
    command = [sys.executable, "-m", "tests.faults.runner", str(tmp_path), str(fault), *map(str, points)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def refuse_at(tmp_path: Path, fault: Fault, points: list[int]) -> None:
    for point in points:
        root = tmp_path / f"{fault}-{point}"
        root.mkdir()
        io = FaultyIO(fault, point)
        run(root, io, retry=io.room_again)
        io.room_again()
        check(root)


def sample(count: int, size: int, seed: str) -> list[int]:
    return sorted(random.Random(seed).sample(range(1, count + 1), size))


def test_the_script_passes_the_points_that_matter(tmp_path: Path) -> None:
    trace = count_points(tmp_path / "run").trace
    for needed in ("pwrite", "fdatasync", "fsync", "ftruncate", "point commit.inside", "point rewrite.inside", "allocate"):
        assert needed in trace or needed == "ftruncate", needed
    assert any(name.startswith("unlink") for name in trace)
    assert any(name.startswith("create") for name in trace)
    assert len(trace) > 80


@pytest.mark.parametrize("fault", DEADLY)
def test_a_sample_of_deaths_loses_nothing(tmp_path: Path, fault: Fault) -> None:
    count = count_points(tmp_path / "run").count
    stop_at(tmp_path, fault, sample(count, 6, str(fault)))


@pytest.mark.parametrize("fault", REFUSING)
def test_a_sample_of_refusals_loses_nothing(tmp_path: Path, fault: Fault) -> None:
    count = count_points(tmp_path / "run").count
    refuse_at(tmp_path, fault, sample(count, 5, str(fault)))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", DEADLY)
def test_death_at_every_point_loses_nothing(tmp_path: Path, fault: Fault) -> None:
    count = count_points(tmp_path / "run").count
    stop_at(tmp_path, fault, list(range(1, count + 1)))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", REFUSING)
def test_a_refusal_at_every_point_loses_nothing(tmp_path: Path, fault: Fault) -> None:
    count = count_points(tmp_path / "run").count
    refuse_at(tmp_path, fault, list(range(1, count + 1)))
