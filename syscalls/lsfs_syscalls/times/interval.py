"""Instants and intervals: what an expression of time stands for, in the zone of the person who said it.

Wall times are naive inside this package; `Frame.local` gives them the zone at the very end. A wall time that the change to
summer time skips moves forward by the gap, one that occurs twice is the first of the two. A naive `now` means the zone of
the machine.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import overload

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """From `since` to `until`, both included; None is open.

    Attributes:
        point: the instant meant where one is asked for ("the state of last week" is that of its last instant).
    """

    since: datetime | None
    until: datetime | None
    point: datetime

    @property
    def first(self) -> datetime:
        """The first instant, or the point where there is none."""
        return self.since if self.since is not None else self.point


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open interval of wall time.

    Attributes:
        stop: the first instant that is no longer in it; None when it reaches to now and on.
        instant: a point in time rather than a stretch; then `stop` is a second after `start`.
    """

    start: datetime | None
    stop: datetime | None
    instant: bool = False
    point: datetime | None = None


def instant(at: datetime) -> Span:
    """Return the span of one instant."""
    return Span(at, at + timedelta(seconds=1), instant=True)


def day(at: datetime) -> Span:
    """Return the day of `at`."""
    start = midnight(at)
    return Span(start, start + DAY)


def month(year: int, number: int) -> Span:
    """Return a calendar month; `number` may lie outside 1 to 12."""
    start = first_of(year, number)
    return Span(start, first_of(year, number + 1))


def year(number: int) -> Span:
    """Return a calendar year."""
    return Span(datetime(number, 1, 1), datetime(number + 1, 1, 1))


def first_of(year_: int, month_: int) -> datetime:
    """Return the first day of a month whose number may lie outside 1 to 12."""
    return datetime(year_ + (month_ - 1) // 12, (month_ - 1) % 12 + 1, 1)


def midnight(at: datetime) -> datetime:
    """Return the beginning of the day of `at`."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def plus_months(at: datetime, months: int) -> datetime:
    """Return `at` so many calendar months later, on the last day where the month is too short."""
    total = at.year * 12 + at.month - 1 + months
    y, m = divmod(total, 12)
    return at.replace(year=y, month=m + 1, day=min(at.day, calendar.monthrange(y, m + 1)[1]))


@dataclass(frozen=True, slots=True)
class Frame:
    """The moment from which relative expressions are counted.

    Attributes:
        now: with its zone, or naive for the zone of the machine.
        future: names that occur again and again (a weekday, a month) mean the next one instead of the latest.
    """

    now: datetime
    future: bool = False

    @property
    def wall(self) -> datetime:
        """The present wall time, naive, to the second."""
        return self.now.replace(tzinfo=None, microsecond=0)

    @property
    def today(self) -> datetime:
        """The beginning of today, naive."""
        return midnight(self.wall)

    @property
    def zone(self) -> tzinfo | None:
        """The zone of `now`."""
        return self.now.tzinfo

    def elapsed(self, delta: timedelta) -> datetime:
        """Return the wall time `delta` of elapsed time from now (not the same as wall time across a change of the clock)."""
        aware = self.now if self.zone else self.now.astimezone()
        moved = (aware.astimezone(UTC) + delta).astimezone(self.zone)
        return moved.replace(tzinfo=None, microsecond=0)

    def local(self, wall: datetime) -> datetime:
        """Return a naive wall time in the zone of `now`; an aware one converted to it."""
        if self.zone is None:
            return wall if wall.tzinfo is None else wall.astimezone().replace(tzinfo=None)
        aware = wall.replace(tzinfo=self.zone) if wall.tzinfo is None else wall
        return aware.astimezone(UTC).astimezone(self.zone)

    def interval(self, span: Span) -> Interval:
        """Return the span as an interval in the zone of `now`."""
        since = None if span.start is None else self.local(span.start)
        until = None if span.stop is None else self._last(span.stop)
        if span.point is not None:
            point = self.local(span.point)
        elif span.instant and since is not None:
            point = since
        else:
            point = until or self.local(self.wall)
        return Interval(since, until, point)

    def _last(self, stop: datetime) -> datetime:
        if self.zone is None:
            return stop - TICK
        return (self.local(stop).astimezone(UTC) - TICK).astimezone(self.zone)


@overload
def to_ns(at: datetime) -> int: ...
@overload
def to_ns(at: None) -> None: ...
def to_ns(at: datetime | None) -> int | None:
    """Return nanoseconds since 1970 UTC; the last microsecond of an interval counts to its last nanosecond."""
    if at is None:
        return None
    whole = int(at.replace(microsecond=0).timestamp())
    return whole * 10**9 + at.microsecond * 1000 + (999 if at.microsecond == 999_999 else 0)


def from_ns(at_ns: int, zone: tzinfo | None) -> datetime:
    """Return the datetime of `at_ns` in `zone` (None: the machine's)."""
    whole, rest = divmod(at_ns, 10**9)
    return datetime.fromtimestamp(whole, UTC).astimezone(zone).replace(microsecond=rest // 1000)


def iso_ns(at_ns: int, zone: tzinfo | None = None) -> str:
    """Return `at_ns` as ISO 8601 with its offset, rounded up to the microsecond: as `--at` it includes the moment."""
    return from_ns(at_ns + 999, zone).isoformat()


def iso(at: datetime) -> str:
    """Return `at` as local ISO 8601 to the second, without an offset."""
    return at.replace(tzinfo=None).isoformat(timespec="seconds")
