"""Relative times: what units, weekdays, months, seasons and holidays mean when counted from now.

Every function takes the frame and the match of its pattern in `lsfs_syscalls.times.rules`, and returns a span of wall time. A
name that occurs again and again means the latest that has begun (a weekday: before today), or in a frame of the future the
next.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from lsfs_syscalls.times.duration import moved, plain_amounts
from lsfs_syscalls.times.interval import DAY, Frame, Span, day, first_of, instant, midnight, month, year
from lsfs_syscalls.times.words import HOLIDAYS, MONTHS, SEASONS, WEEKDAYS

_PARTS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 30)}


def unit_span(frame: Frame, unit: str, offset: int) -> Span | None:
    """Return the calendar unit `offset` units from the present one."""
    today = frame.today
    match unit:
        case "day":
            return day(today + offset * DAY)
        case "week":
            monday = today - today.weekday() * DAY + 7 * offset * DAY
            return Span(monday, monday + 7 * DAY)
        case "month":
            return month(today.year, today.month + offset)
        case "quarter":
            start = first_of(today.year, (today.month - 1) // 3 * 3 + 1 + 3 * offset)
            return Span(start, first_of(start.year, start.month + 3))
        case "year":
            return year(today.year + offset)
        case "decade":
            start = first_of(today.year // 10 * 10 + 10 * offset, 1)
            return Span(start, first_of(start.year + 10, 1))
        case _:
            return None


def this(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the present unit."""
    if m["unit"] == "weekend":
        return weekend(frame, 0)
    return unit_span(frame, m["unit"], 0)


def last_unit(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the calendar unit before the present one; the latest weekend that is over."""
    if m["unit"] == "weekend":
        this = weekend(frame, 0)
        over = this.stop is not None and this.stop <= frame.wall
        return this if over else weekend(frame, -1)
    if m["unit"] == "fortnight":
        return Span(frame.today - 14 * DAY, None)
    return unit_span(frame, m["unit"], -1)


def next_unit(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the calendar unit after the present one."""
    if m["unit"] == "weekend":
        return weekend(frame, 1 if frame.today.weekday() >= 5 else 0)
    return unit_span(frame, m["unit"], 1)


def weekend(frame: Frame, weeks: int) -> Span:
    """Return the weekend so many weeks from the present one."""
    saturday = frame.today - frame.today.weekday() * DAY + (5 + 7 * weeks) * DAY
    return Span(saturday, saturday + 2 * DAY)


def before_last(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the unit before the last one."""
    if m["unit"] == "weekend":
        over = last_unit(frame, m)
        return over and shift(over, -7)
    return unit_span(frame, m["unit"], -2)


def shift(span: Span, days: int) -> Span:
    """Return the span so many days later."""
    delta = days * DAY
    return Span(span.start and span.start + delta, span.stop and span.stop + delta, instant=span.instant)


def ago(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the day, week, month or year so long ago; hours and less: from that instant on."""
    amounts = plain_amounts(m["amount"])
    if amounts is None:
        return None
    at = moved(frame, amounts, -1)
    if any(c in amounts for c in "smh"):
        return Span(at, None, instant=True, point=at)
    if "d" in amounts:
        return day(at)
    if "w" in amounts:
        monday = midnight(at) - at.weekday() * DAY
        return Span(monday, monday + 7 * DAY, point=midnight(at) + timedelta(days=1, seconds=-1))
    span = month(at.year, at.month) if "mo" in amounts else year(at.year)
    return Span(span.start, span.stop, point=midnight(at) + timedelta(days=1, seconds=-1))


def rolling(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the time from so long ago until now."""
    amounts = plain_amounts(m["amount"])
    return Span(moved(frame, amounts, -1), None) if amounts else None


def rolling_next(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the time from now for so long."""
    amounts = plain_amounts(m["amount"])
    return Span(frame.wall, moved(frame, amounts, 1)) if amounts else None


def ahead(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the instant so far ahead."""
    amounts = plain_amounts(m["amount"])
    return instant(moved(frame, amounts, 1)) if amounts else None


def weekday_span(frame: Frame, number: int) -> Span:
    """Return the latest such weekday before today, or the next one after it."""
    if frame.future:
        return day(frame.today + ((number - frame.today.weekday() - 1) % 7 + 1) * DAY)
    return day(frame.today - ((frame.today.weekday() - number - 1) % 7 + 1) * DAY)


def weekday(frame: Frame, m: re.Match[str]) -> Span:
    """Return the latest such weekday (or the next)."""
    return weekday_span(frame, WEEKDAYS[m["weekday"]])


def weekday_next(frame: Frame, m: re.Match[str]) -> Span:
    """Return the next such weekday."""
    return weekday_span(Frame(frame.now, future=True), WEEKDAYS[m["weekday"]])


def weekday_this(frame: Frame, m: re.Match[str]) -> Span:
    """Return the weekday of the present week."""
    monday = frame.today - frame.today.weekday() * DAY
    return day(monday + WEEKDAYS[m["weekday"]] * DAY)


def weekdays_ago(frame: Frame, m: re.Match[str]) -> Span:
    """Return the weekday so many weeks back."""
    return shift(weekday_span(frame, WEEKDAYS[m["weekday"]]), -7 * (int(m["n"]) - 1))


def month_alone(frame: Frame, m: re.Match[str]) -> Span:
    """Return the latest such month that has begun (or the next)."""
    number, this = MONTHS[m["month"]], frame.today.month
    if frame.future:
        return month(frame.today.year + (number < this), number)
    return month(frame.today.year - (number > this), number)


def month_last(frame: Frame, m: re.Match[str]) -> Span:
    """Return the latest such month that is over."""
    number = MONTHS[m["month"]]
    return month(frame.today.year - (number >= frame.today.month), number)


def month_this(frame: Frame, m: re.Match[str]) -> Span:
    """Return the month of the present year."""
    return month(frame.today.year, MONTHS[m["month"]])


def season(frame: Frame, m: re.Match[str]) -> Span:
    """Return the latest such season that is over."""
    begin = SEASONS[m["season"]]
    start = first_of(frame.today.year, begin)
    while first_of(start.year, start.month + 3) > frame.wall:
        start = first_of(start.year - 1, begin)
    return Span(start, first_of(start.year, start.month + 3))


def season_this(frame: Frame, m: re.Match[str]) -> Span:
    """Return the season of the present year."""
    start = first_of(frame.today.year, SEASONS[m["season"]])
    return Span(start, first_of(start.year, start.month + 3))


def holiday(frame: Frame, m: re.Match[str]) -> Span:
    """Return the latest such holiday that has begun (or the next)."""
    number, dom = HOLIDAYS[m["holiday"]]
    at = datetime(frame.today.year, number, dom)
    if frame.future:
        return day(at if at >= frame.today else at.replace(year=at.year + 1))
    return day(at if at <= frame.wall else at.replace(year=at.year - 1))


def part_of(start: datetime, part: str) -> Span:
    """Return the morning, afternoon, evening or night of the day that begins at `start`."""
    begin, end = _PARTS[part]
    return Span(start + timedelta(hours=begin), start + timedelta(hours=end))


def this_part(frame: Frame, m: re.Match[str]) -> Span:
    """Return a part of today."""
    return part_of(frame.today, m["part"])


def last_part(frame: Frame, m: re.Match[str]) -> Span:
    """Return a part of yesterday."""
    return part_of(frame.today - DAY, m["part"])


def so_far(frame: Frame, m: re.Match[str]) -> Span | None:
    """Return the present unit up to now."""
    span = unit_span(frame, m["unit"], 0)
    return span and Span(span.start, None)


def nth_day(frame: Frame, m: re.Match[str]) -> Span:
    """Return the latest day of that number (or the next)."""
    n = int(m["n"])
    start = first_of(frame.today.year, frame.today.month)
    step = 1 if frame.future else -1
    for back in range(3):
        at = first_of(start.year, start.month + step * back)
        try:
            at = at.replace(day=n)
        except ValueError:
            continue
        if (at > frame.today) if frame.future else (at <= frame.today):
            return day(at)
    raise ValueError(n)
