"""`lsfs wait`: return when every file is recorded and indexed."""

from __future__ import annotations

import sys
import threading
import time

from lsfs.errors import EXIT_ERROR, EXIT_FOUND
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.connect import Client

_STEP_S = 2.0
_WIDTH = 30


def run(session: Session) -> int:
    """Wait, with a bar where asked."""
    timeout_s = session.options.timeout
    if session.options.progress:
        settled = wait_with_progress(session.client, timeout_s=timeout_s)
    else:
        settled = session.client.wait(3600.0 if timeout_s is None else timeout_s)
    if session.flag("json"):
        status = session.client.status()
        session.print_json({"settled": settled, **{key: status[key] for key in ("pending", "vectors_pending", "degraded")}})
    if not settled:
        session.note("not everything is indexed yet; `lsfs status` says what waits")
    return EXIT_FOUND if settled else EXIT_ERROR


def wait_with_progress(client: Client, *, timeout_s: float | None, ended: threading.Event | None = None) -> bool:
    """Wait for the index and show how far it is on the standard error output; return whether it came to its end."""
    until = None if timeout_s is None else time.monotonic() + timeout_s
    while ended is None or not ended.is_set():
        left = _STEP_S if until is None else until - time.monotonic()
        if left <= 0:
            return False
        settled = client.wait(min(_STEP_S if sys.stderr.isatty() else 10.0, left))
        _show(client.status())
        if settled:
            if sys.stderr.isatty():
                print(file=sys.stderr)
            return True
    return False


def _show(status: dict[str, int]) -> None:
    files = max(status["files"], 1)
    words = min(1.0, status["indexed"] / files)
    done = int(_WIDTH * max(0.0, 1.0 - (status["pending"] + status["vectors_pending"]) / (2 * files)))
    bar = "#" * done + "." * (_WIDTH - done)
    text = f"[{bar}] {status['files']} files: {words:.0%} by words, {status['vectors_pending']} wait for vectors"
    text += f", {status['baseline_pending']} for their first version" if status["baseline_pending"] else ""
    print(
        f"\r{text:<110}" if sys.stderr.isatty() else text, end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True
    )
