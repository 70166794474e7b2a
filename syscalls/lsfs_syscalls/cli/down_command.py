"""`lsfs down [ROOT]`: end the mounts and the engine."""

from __future__ import annotations

import os

from lsfs.errors import EXIT_FOUND
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.connect import Client
from lsfs_syscalls.lifecycle import down


def run(session: Session) -> int:
    """End everything of a root."""
    options = session.options
    root = options.directory or getattr(options, "root", None)
    answer = down(Client.find(root=root, state=getattr(options, "state", None), environ=os.environ))
    if session.flag("json"):
        session.print_json(answer)
    for words in answer["said"]:
        session.note(words)
    return EXIT_FOUND
