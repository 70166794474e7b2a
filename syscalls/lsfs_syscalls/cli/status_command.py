"""`lsfs status`: how the engine is, honestly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsfs.engine.lock import is_locked
from lsfs.errors import EXIT_FOUND, EXIT_NOTHING
from lsfs_syscalls.cli.session import Session


def run(session: Session) -> int:
    """Print the status; an engine that does not run is not started for it."""
    client = session.client
    if not is_locked(client.home.state):
        if session.flag("json"):
            session.print_json({"root": str(client.home.root), "pid": None})
        session.note(f"no engine runs for {client.home.root}; it starts with the next command, or with lsfs up")
        return EXIT_NOTHING
    status = client.status()
    if session.flag("json"):
        session.print_json(status)
    else:
        session.print("\n".join(status_lines(status)))
    return EXIT_FOUND


def status_lines(s: dict[str, Any]) -> Iterator[str]:
    """Yield what the status says, in lines."""
    yield f"{s['root']}: engine {s['pid']}, up {s['uptime_s']:.0f} s"
    waiting = f", {s['pending']} wait" if s["pending"] else ""
    vectors = f", {s['vectors_pending']} by words only so far" if s["vectors_pending"] else ""
    yield f"files     {s['files']} in {s['folders']} folders, {s['indexed']} indexed{waiting}{vectors}"
    yield f"versions  {s['versions']} in {s['store_bytes'] / 1e6:.1f} MB (of {s['content_bytes'] / 1e6:.1f} MB content)"
    done = [f"{name} {when[:16].replace('T', ' ')}" for name, when in s["upkeep"].items() if when]
    if done:
        yield f"upkeep    {', '.join(done)}"
    if s["baseline_pending"]:
        over = f" ({s['baseline_over_budget']} over the budget)" if s["baseline_over_budget"] else ""
        yield f"baseline  {s['baseline_pending']} files wait for their first version{over}"
    for m in s["mounts"] or []:
        yield f"mounted   {m['mountpoint']}: {m['driver']}{', with passthrough' if m['passthrough'] else ''}"
    for m in s["missed"]:
        yield f"missed    {m['path']} version {m['version']}: overwritten, or not readable, before it could be stored"
    for k in s["skipped"][:10]:
        yield f"skipped   {k['path']}: {k['reason']}"
    for r in s["recovered"]:
        yield f"recovered {r}"
    for d in s["degraded"]:
        yield f"degraded  {d}"
