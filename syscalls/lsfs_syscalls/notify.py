"""Events of subscriptions as MCP notifications: a task that waits for them and tells the connected agent.

An event is sent as a log message (`notifications/message`, logger "lsfs.events"), which every client can show; its text is
framed as untrusted like any answer. Each host, by the name it gives itself, has a position of its own that is kept: one that
comes again is told what happened while it was away, and nothing is taken from `lsfs watch --follow` or another host. The
position is moved on when events were sent, so that a connection lost just then has them told twice. A host that was never here
is told what happens from now on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from lsfs.errors import LsfsError

Events = Callable[[dict[str, Any], str], dict[str, Any]]
"""Asks the engine: arguments of `events`, and who reads -> its answer."""

Send = Callable[[dict[str, Any]], Awaitable[None]]

LOGGER = "lsfs.events"
_WAIT_S = 2.0
_RETRY_S = 5.0


async def notify(events: Events, reader: str, send: Send, frame: Callable[[Any], Any]) -> None:
    """Send every event that `reader` was not told yet, until cancelled; an engine that is away is waited for."""
    told: int | None = None
    while True:
        try:
            if told is None:
                known = await asyncio.to_thread(events, {}, reader)
                told = known["latest"] if known.get("received") is None else known["received"]
            answer = await asyncio.to_thread(events, {"after": told, "received": told, "wait": _WAIT_S}, reader)
        except LsfsError:
            await asyncio.sleep(_RETRY_S)
            continue
        for event in answer["events"]:
            await send(frame(event))
        told = answer["last"] if answer["last"] is not None else told
