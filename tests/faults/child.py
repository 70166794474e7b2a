"""Runs a script in a child process that is stopped at one of its effects, and says what did not hold afterwards."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Container


def run_child(script: Callable[[], object]) -> int:
    """Run the script in a child of this process, which must have one thread only; return its exit code."""
    child = os.fork()
    if child == 0:
        try:
            script()
        except BaseException:  # noqa: BLE001 - the child must not run the parent's code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def holds(point: str, status: int, ends: Container[int], check: Callable[[], None]) -> bool:
    """Return whether the child ended as it could and the check passes; print what failed with the name of the point."""
    try:
        assert status in ends, f"the child ended with {status}"
        check()
    except Exception:  # noqa: BLE001 - every failure is printed with its point
        print(f"{point}:", traceback.format_exc())
        return False
    return True
