"""`lsfs check`: verify what is stored."""

from __future__ import annotations

from lsfs.errors import EXIT_ERROR, EXIT_FOUND
from lsfs_syscalls.cli.session import Session
from lsfs_syscalls.lifecycle import rebuild

SHOWN = 20
"""So many lost versions are named."""


def run(session: Session) -> int:
    """Verify packs, catalogue, tree and index; print every damage in words."""
    options = session.options
    if options.rebuild:
        old, lost = rebuild(session.client, force=bool(options.force))
        session.note(f"the catalogue was made again from the packs; the old one is {old}")
        if lost:
            session.note(
                f"only the old one knows {len(lost)} versions: {', '.join(lost[:SHOWN])}{' ...' if lost[SHOWN:] else ''}"
            )
    body = {"repair": bool(options.repair), "sample": options.sample}
    report = session.client.request("POST", "/check", body, timeout_s=3600.0)
    if session.flag("json"):
        session.print_json(report)
    else:
        for line in [*report["damage"], *(f"mended: {words}" for words in report["repaired"])]:
            session.print(line)
        if not report["damage"]:
            session.print("everything that was read is as it should be")
    return EXIT_FOUND if not report["damage"] else EXIT_ERROR
