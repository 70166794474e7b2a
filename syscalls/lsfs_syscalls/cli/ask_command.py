"""`lsfs ask PROMPT`, and `lsfs "PROMPT"`: run a prompt in plain words."""

from __future__ import annotations

from lsfs.errors import BadRequest
from lsfs_syscalls.cli.ask import run_prompt
from lsfs_syscalls.cli.session import Session


def run(session: Session) -> int:
    """Run the prompt of the command line."""
    prompt = " ".join(session.options.prompt).strip()
    if not prompt:
        raise BadRequest("the prompt is empty; say what you want")
    return run_prompt(session, prompt)
