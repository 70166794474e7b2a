"""`lsfs watch [PATH | --query WORDS] --follow`: what happens to what is watched, one JSON object a line, until Ctrl-C.

Without a path or query every event is told, from where the last such follower stopped; with one, that is watched if it was not
yet, and its events from now on (or behind --after) are told. An engine that is restarted in between is waited for: events are
numbered, none is told twice.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from lsfs.errors import EXIT_ERROR, Exists, Unavailable
from lsfs_syscalls.calls.table import CALLS
from lsfs_syscalls.cli.here import meant
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.render.plain import json_text, plain_text

Ask = Callable[[dict[str, Any]], dict[str, Any]]
_WAIT_S = 50.0
_PATIENCE_S = 60.0
_RETRY_S = 0.5


def run(session: Session) -> int:
    """Follow until interrupted; return the exit status of an engine that stays away."""
    options = session.options
    path = getattr(options, "arg_path", None) or getattr(options, "arg_path_here", None)
    query = getattr(options, "arg_query", None)
    chosen = {k: v for k, v in (("path", path), ("query", query)) if v is not None}
    after: int | None = options.after
    if path is not None:
        call = meant(CALLS["watch"].from_json(chosen), options, os.environ)
        chosen = {k: v for k, v in call.to_json().items() if k in chosen}
    if chosen:
        try:
            session.client.call("watch", chosen, consent=True)
        except Exists:
            session.note("watched already")
        if after is None:
            after = session.client.call("events", {})["latest"]
    session.client.status()

    def ask(args: dict[str, Any]) -> dict[str, Any]:
        # An engine that was ended on purpose is not started again by somebody who only listens.
        body = {"args": {**args, **chosen}, "actor": "user"}
        return session.client.request("POST", "/call/events", body, timeout_s=_WAIT_S + 30.0, start=False)

    return follow(ask, after, _print, acknowledge=not chosen)


def _print(event: dict[str, Any]) -> None:
    print(json_text(event), flush=True)


def follow(ask: Ask, after: int | None, tell: Callable[[dict[str, Any]], None], *, acknowledge: bool) -> int:
    """Tell every event once, in order.

    Args:
        ask: asks the engine for events.
        after: behind this number; None for where the last follower stopped.
        acknowledge: say what was told, so that the next follower goes on there.
    """
    lost_s: float | None = None
    while True:
        args: dict[str, Any] = {"wait": _WAIT_S} if after is None else {"wait": _WAIT_S, "after": after}
        if acknowledge and after is not None:
            args["received"] = after
        try:
            answer = ask(args)
            lost_s = None
        except Unavailable as e:
            lost_s = lost_s or time.monotonic()
            if time.monotonic() - lost_s > _PATIENCE_S:
                print(f"lsfs: {plain_text(str(e))}", file=sys.stderr)
                return EXIT_ERROR
            time.sleep(_RETRY_S)
            continue
        for event in answer["events"]:
            tell(event)
        after = answer["last"] if answer["last"] is not None else after
