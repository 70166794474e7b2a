"""Runs the script once for each point in a child that is killed there, and prints what did not hold.

`python -m tests.faults.runner DIR FAULT POINT...`: a program of its own, so that it forks from a process with one thread.
"""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

from tests.faults.child import holds, run_child
from tests.faults.disk import KILLED, Fault, FaultyIO
from tests.faults.workload import Caller, check, run


def main(directory: str, fault: str, *points: str) -> int:
    bad = 0
    for point in points:
        root = Path(directory) / f"{fault}-{point}"
        root.mkdir()
        bad += not _one(root, Fault(fault), int(point))
        shutil.rmtree(root)
    return 1 if bad else 0


def _one(root: Path, fault: Fault, point: int) -> bool:
    """Stop the script at a point and check what is left."""
    status = run_child(lambda: run(root, FaultyIO(fault, point)))
    if fault is Fault.AMNESIA:
        _go_back(root)
    _kill_recoveries(root)
    ends = (KILLED, 0) if fault is Fault.TORN else (KILLED,)
    return holds(f"{fault} at {point}", status, ends, lambda: check(root))


def _kill_recoveries(root: Path) -> None:
    """Open the store and be killed at the first effect of that, then at the second, until it opens."""
    for point in range(1, 100):
        if run_child(partial(Caller, root, FaultyIO(Fault.KILL, point))) != KILLED:
            return


def _go_back(root: Path) -> None:
    """Put the catalogue of some steps ago in the place of the last one."""
    backups = sorted(root.glob("backup-*"))
    if backups:
        for path in root.glob("catalogue.db*"):
            path.unlink()
        shutil.copy(backups[max(0, len(backups) - 4)], root / "catalogue.db")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
