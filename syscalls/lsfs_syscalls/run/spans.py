"""Durations and ends of validity as instants: `3y5mo` from now, `30d` as a length, "until Friday"."""

from __future__ import annotations

from datetime import datetime

from lsfs.errors import BadRequest
from lsfs_syscalls import times
from lsfs_syscalls.times.duration import moved, parse
from lsfs_syscalls.times.interval import Frame


def expiry_ns(text: str, now: datetime) -> int:
    """Return the instant at which something that is valid "for 3 years 5 months" or "until Friday" ends.

    Raises:
        BadRequest: it names no time, or one that has passed.
    """
    code = times.expiry(text, now)
    amounts = parse(code) if code else None
    if code is None:
        raise BadRequest(f"`{text}` is no validity that lies ahead; write 7d, 3y5mo, 90m, or a date such as 2027-01-31")
    if amounts:
        frame = Frame(now)
        return times.to_ns(frame.local(moved(frame, amounts, 1)))
    end = datetime.fromisoformat(code)
    return times.to_ns(end if end.tzinfo else Frame(now).local(end))


def length_ns(text: str, now: datetime) -> int:
    """Return how long a duration before now is, in nanoseconds.

    Raises:
        BadRequest: it is no duration.
    """
    amounts = parse(text)
    if not amounts:
        raise BadRequest(f"`{text}` is no duration; write 15s, 24h, 7d, 2w, 6mo, 3y, or combined as 3y5mo")
    frame = Frame(now)
    return times.to_ns(now) - times.to_ns(frame.local(moved(frame, amounts, -1)))
