"""From an expression of time to an interval, a point, or an end of validity.

`resolve("since Tuesday", now)` gives an interval with both ends included, `point("as of last Friday", now)` the last instant
of what was said, `expiry("until Friday", now)` a duration or the end of the next such day. None means that the words name no
time; nothing is guessed. Pure code: the present moment and its zone are arguments.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from lsfs_syscalls.times.duration import duration, moved, plain_amounts
from lsfs_syscalls.times.interval import TICK, Frame, Interval, Span, iso
from lsfs_syscalls.times.rules import named
from lsfs_syscalls.times.words import plain

_LEAD = re.compile(
    r"^(?:in|at|during|over|within|for|from|dated|date|of|as of|as at|as it was|as they were|was|were|back|made|changed|"
    r"modified|edited|written|created|updated|touched|saved|added|state|version|ago to|all of|all|sometime|some time|only|to|"
    r"it)\s+"
)
_RANGES = (
    re.compile(r"(?P<a>\d{4})-(?P<b>\d{4})"),
    re.compile(r"(?:between|from) (?P<a>.+?) (?:and|to|until|through|-|up to) (?P<b>.+)"),
    re.compile(r"(?P<a>.+?) (?:to|through|until|-|up to) (?P<b>.+)"),
    re.compile(r"(?P<a>\d{4}-\d{1,2}-\d{1,2})(?:\.\.|/)(?P<b>\d{4}-\d{1,2}-\d{1,2})"),
    re.compile(r"(?:von|de|entre|zwischen) (?P<a>.+?) (?:bis|und|a|et|y|al) (?P<b>.+)"),
)
_SINCE = re.compile(
    r"(?:ever )?(?:since|starting(?: from| with)?|start(?: from| with)|from|no earlier than|not before) (?P<x>.+?)"
    r"(?: on| onwards?| ago)?"
)
_SINCE_LATER = re.compile(r"(?P<x>.+) (?:or|and) (?:later|newer|after|onwards?|since)")
_UNTIL_EARLIER = re.compile(r"(?P<x>.+) (?:or|and) (?:earlier|older|before)")
_AFTER = re.compile(r"(?:after|later than|newer than|more recent than|younger than|past) (?P<x>.+)")
_BEFORE = re.compile(r"(?:(?:from )?before|earlier than|older than|prior to|ahead of|until before) (?P<x>.+)")
_ANY_DAY = datetime(2026, 7, 15, 12)
_UNTIL = re.compile(
    r"(?:up )?(?:until|by|through|up to|no later than|not later than|not after|at latest|bis|jusqu'a|hasta) (?P<x>.+)"
)
_OLDER = re.compile(r"(?:older than|more than|over|at least|before|not in last|not within last) (?P<x>\d.*?)(?: ago| old)?")
_NEWER = re.compile(
    r"(?:newer than|younger than|less than|under|at most|no more than|not older than|no older than|within) (?P<x>\d.*?)"
    r"(?: ago| old)?"
)
_ONE = r"(?P<unit>second|minute|hour|day|week|fortnight|month|quarter|year|decade)"
_SINCE_LAST = re.compile(rf"(?:in|within|over|during|for|from|since) the (?:last|past) {_ONE}")
_PAST_ONE = re.compile(rf"(?:in |within |over |during |for |from )*past {_ONE}")
_WITHIN_LAST = re.compile(r"within last (?P<unit>hour|day|week|month|quarter|year)")


_FRACTION = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{1,6}(?:Z|[+-]\d\d:?\d\d)?")


def _exact(text: str, now: datetime) -> datetime | None:
    """Return the instant of an ISO time with a fraction of a second, as answers give it: it means just that, not its second."""
    if not _FRACTION.fullmatch(text.strip()):
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)


def resolve(text: str, now: datetime) -> Interval | None:
    """Return the interval that `text` names, or None where it names no time."""
    exact = _exact(text, now)
    if exact is not None:
        return Interval(exact, exact, exact)
    frame = Frame(now)
    t = plain(text)
    if not t:
        return None
    span = _rolling_one(frame, text, t) or _whole(frame, t)
    return None if span is None else _checked(frame, span)


def is_time(text: str) -> bool:
    """Tell whether the words name a time, which does not depend on the day."""
    return resolve(text, _ANY_DAY) is not None


def point(text: str, now: datetime, *, first: bool = False) -> datetime | None:
    """Return the instant that `text` names as a point in time: the last one of a day or week, or the first."""
    found = resolve(text, now)
    if found is None:
        return None
    return found.first if first else found.point


def expiry(text: str, now: datetime) -> str | None:
    """Return the duration (`7d`) or the local instant (ISO 8601) that an end of validity names, or None."""
    code = duration(text)
    if code is not None:
        return code
    frame = Frame(now, future=True)
    t = re.sub(r"^(?:and |it |valid |good |lasts? |expires? |expiring )+", "", plain(text))
    amounts = plain_amounts(re.sub(r"^(?:for|in|within|after|next) ", "", re.sub(r" from now$", "", t)))
    if amounts:
        return duration(re.sub(r" from now$", "", t))
    m = _UNTIL.fullmatch(t) or re.fullmatch(r"(?:(?:on|at|before|to|until end of) )?(?P<x>.+)", t)
    span = named(frame, m["x"]) if m else None
    if span is None:
        return None
    end = frame.interval(span).point
    return iso(end) if end > frame.local(frame.wall) else None


def _rolling_one(frame: Frame, text: str, t: str) -> Span | None:
    """Resolve "in the past year", "within the last month": back from now by one unit, not the calendar unit."""
    spoken = re.sub(r"\s+", " ", text.lower().strip())
    m = _SINCE_LAST.match(spoken) if _SINCE_LAST.fullmatch(spoken) else None
    m = m or _PAST_ONE.fullmatch(t) or _WITHIN_LAST.fullmatch(t)
    if m is None and re.fullmatch(r"(?:in |within |over |during |for )*last (?P<unit>second|minute|hour|day)", t):
        m = re.fullmatch(r".*last (?P<unit>second|minute|hour|day)", t)
    amounts = plain_amounts(f"1 {m['unit']}") if m else None
    return Span(moved(frame, amounts, -1), None) if amounts else None


def _whole(frame: Frame, t: str) -> Span | None:
    for attempt in (_ranges, _relations, named):
        span = attempt(frame, t)
        if span is not None:
            return span
    shorter = _LEAD.sub("", t)
    return _whole(frame, shorter) if shorter != t else None


def _relations(frame: Frame, t: str) -> Span | None:
    m = _OLDER.fullmatch(t)
    amounts = plain_amounts(m["x"]) if m else None
    if amounts:
        at = moved(frame, amounts, -1)
        return Span(None, at + timedelta(seconds=1), point=at)
    m = _NEWER.fullmatch(t)
    amounts = plain_amounts(m["x"]) if m else None
    if amounts:
        return Span(moved(frame, amounts, -1), None)
    return _open(frame, t)


def _open(frame: Frame, t: str) -> Span | None:
    for pattern, ends in ((_AFTER, _after), (_BEFORE, _before), (_UNTIL, _until), (_UNTIL_EARLIER, _until)):
        m = pattern.fullmatch(t)
        inner = named(frame, m["x"]) if m else None
        if inner is not None:
            return ends(inner)
    m = _SINCE.fullmatch(t) or _SINCE_LATER.fullmatch(t)
    if m is None or (t.startswith("from ") and not re.search(r" on(wards?)?$", t)):
        return None
    inner = named(frame, m["x"]) or named(frame, f"{m['x']} ago")
    return inner and Span(inner.start, None)


def _after(inner: Span) -> Span:
    return Span(inner.start if inner.instant else inner.stop, None)


def _before(inner: Span) -> Span | None:
    return Span(None, inner.start, point=inner.start - timedelta(seconds=1)) if inner.start else None


def _until(inner: Span) -> Span:
    return Span(None, inner.stop, point=inner.start if inner.instant else None)


def _ranges(frame: Frame, t: str) -> Span | None:
    for pattern in _RANGES:
        m = pattern.fullmatch(t)
        ends = _ends(frame, m["a"], m["b"]) if m else None
        if ends is not None:
            return ends
    return None


def _ends(frame: Frame, a: str, b: str) -> Span | None:
    last = named(frame, b)
    if last is None:
        return None
    first = _first_end(frame, a, b, last)
    if first is None or first.start is None:
        return None
    if last.start is not None and first.start > last.start and not re.search(r"\d{4}", a):
        earlier = named(Frame(last.start), a)
        first = earlier if earlier is not None else first
    return Span(first.start, last.stop, point=last.start if last.instant else None)


def _first_end(frame: Frame, a: str, b: str, last: Span) -> Span | None:
    """Resolve the first end with what it shares with the second: "3 and 5 june", "march and may 2024", "9 and 11am"."""
    words = b.split()
    shared = re.search(r"\b(?:19|20)\d{2}\b", b)
    tries = []
    if shared and not re.search(r"\b(?:19|20)\d{2}\b", a):
        tries += [f"{a} {shared[0]}", f"{a} {' '.join(words[1:])}"]
    if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th|\.)?", a):
        tries += [f"{a} {' '.join(words[1:])}", f"{words[0]} {a} {' '.join(words[2:])}".strip()]
        half = re.search(r"\d(am|pm)\b", b)
        tries += [f"{a}{half[1]} {' '.join(words[1:])}".strip()] if half else []
    if last.instant:
        tries += [f"{' '.join(words[1:])} {a}".strip(), f"{' '.join(words[:-1])} {a}".strip()]
    for text in [*tries, a]:
        span = named(frame, text)
        if span is not None:
            return span
    return None


def _checked(frame: Frame, span: Span) -> Interval | None:
    if span.start is not None and span.stop is not None and span.stop - TICK < span.start:
        return None
    return frame.interval(span)
