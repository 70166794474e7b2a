"""`lsfs doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

import os

from lsfs.errors import EXIT_ERROR, EXIT_FOUND
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.doctor import examine


def run(session: Session) -> int:
    """Print a line a finding; the exit status tells whether something needed is missing."""
    findings = examine(os.environ)
    if session.flag("json"):
        session.print_json({"findings": [f.to_json() for f in findings]})
    else:
        for f in findings:
            mark = session.paint.good("ok  ") if f.ok else session.paint.bad("need" if f.needed else "want")
            session.print(f"{mark}  {f.what}" + (f": {f.advice}" if not f.ok else ""))
    return EXIT_ERROR if any(f.needed and not f.ok for f in findings) else EXIT_FOUND
