"""`lsfs tools`: print the table of calls as tool schemas."""

from __future__ import annotations

import json

from lsfs.errors import EXIT_FOUND
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.tools import tools


def run(session: Session) -> int:
    """Print the schemas, indented."""
    session.print(json.dumps(tools(session.options.format), indent=2, ensure_ascii=False))
    return EXIT_FOUND
