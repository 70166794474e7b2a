"""Timing of a call over many inputs: wall as a person waits, CPU as it can be compared on a shared machine."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds a call: median and 95th percentile of the wall time, median of the calling process' CPU time."""

    wall_ms: float
    p95_ms: float
    cpu_ms: float


def times(call: Callable[[T], object], inputs: Sequence[T]) -> Times:
    """Call once with each input and return what it took; the first is warmed up for."""
    call(inputs[0])
    walls, cpus = [], []
    for value in inputs[1:]:
        wall, cpu = time.perf_counter(), time.process_time()
        call(value)
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
    walls.sort()
    return Times(statistics.median(walls), walls[int(len(walls) * 0.95)], statistics.median(cpus))


def resident_mb(pid: int | str = "self") -> float:
    """Return the resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
