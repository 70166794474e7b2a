"""`lsfs mcp`: serve the calls to an agent."""

from __future__ import annotations

from typing import Any

from lsfs.errors import EXIT_FOUND
from lsfs_syscalls.agent import Tell, serve
from lsfs_syscalls.cli.session import Session

ACTOR = "agent:mcp"


def run(session: Session) -> int:
    """Serve until the agent closes the input."""
    client = session.client

    def look(plan: dict[str, Any]) -> dict[str, Any]:
        return client.preview(plan, actor=ACTOR)

    def one(plan: dict[str, Any], consent: bool, tell: Tell) -> dict[str, Any]:
        return client.plan(plan, consent=consent, actor=ACTOR, tell=tell)[-1]

    def events(args: dict[str, Any], reader: str) -> dict[str, Any]:
        return client.call("events", args, actor=f"agent:{reader}")

    serve(one, look, changing=session.flag("changing"), events=events)
    return EXIT_FOUND
