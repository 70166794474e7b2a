"""Events of subscriptions as MCP notifications: a task that waits for them and tells the connected agent.

An event is sent as a log message (`notifications/message`, logger "lsfs.events"), which every client can show; its text is
framed as untrusted like any answer. The agent's events have a position of their own: those of `lsfs watch --follow` are not
taken from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from lsfs.errors import LsfsError

Events = Callable[[dict[str, Any]], dict[str, Any]]
"""Asks the engine: arguments of `events` -> its answer."""

Send = Callable[[dict[str, Any]], Awaitable[None]]

LOGGER = "lsfs.events"
_WAIT_S = 2.0
_RETRY_S = 5.0


async def notify(events: Events, send: Send, frame: Callable[[Any], Any]) -> None:
    """Send every event from now on, until cancelled; an engine that is away is waited for."""
    after: int | None = None
    while True:
        try:
            if after is None:
                after = (await asyncio.to_thread(events, {}))["latest"]
            answer = await asyncio.to_thread(events, {"after": after, "wait": _WAIT_S})
        except LsfsError:
            await asyncio.sleep(_RETRY_S)
            continue
        for event in answer["events"]:
            await send(frame(event))
        after = answer["last"] if answer["last"] is not None else after
