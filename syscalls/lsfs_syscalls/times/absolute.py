"""Absolute dates and clock times: "2023-6-15", "15.6.2023", "June 15th, 2023", "Q3 2025", "week 47 of 2026", "9am", ISO 8601.

`15.6.2023` is day, month, year; `6/15/2023` is month, day, year unless the first number cannot be a month.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from lsfs_syscalls.times.interval import DAY, Frame, Span, day, first_of, instant, month, year
from lsfs_syscalls.times.words import MONTHS, WEEKDAYS

Rule = tuple[re.Pattern[str], Callable[[Frame, "re.Match[str]"], Span | None]]

_MONTH = rf"(?P<month>{'|'.join(MONTHS)})\.?"
_DOM = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_WEEKDAY = rf"(?:(?:{'|'.join(WEEKDAYS)})\.? )?"
_YEAR = r"(?P<year>(?:19|20)\d{2})"


def clock(text: str, part: str | None = None) -> timedelta | None:
    """Return the time of day that `text` ("9am", "17:30", "noon", "5" with a part of the day) names, or None."""
    t = text.replace(" ", "")
    if t in ("noon", "midday"):
        return timedelta(hours=12)
    if t == "midnight":
        return timedelta(0)
    m = re.fullmatch(r"(\d{1,2})(?:[:h](\d{2})?(?::(\d{2}))?)?(am|pm)?", t)
    if m is None:
        return None
    hour, minute, second = int(m[1]), int(m[2] or 0), int(m[3] or 0)
    half = m[4] or ("pm" if part in ("afternoon", "evening", "night") and hour < 12 else None)
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return timedelta(hours=hour, minutes=minute, seconds=second) if hour < 24 and minute < 60 and second < 60 else None


def _at(y: int, mo: int, d: int) -> datetime:
    return datetime(y, mo, d)


def _iso_date(_: Frame, m: re.Match[str]) -> Span:
    return day(_at(int(m["y"]), int(m["m"]), int(m["d"])))


def _iso_time(frame: Frame, m: re.Match[str]) -> Span:
    text = m["time"].replace(" ", "")
    zone = m["zone"]
    y, mo, d = int(m["y"]), int(m["m"]), int(m["d"])
    at = _at(y, mo, d) + timedelta(hours=int(m["h"]), minutes=int(m["mi"]), seconds=int(float(m["s"] or 0)))
    assert text
    if zone:
        aware = datetime.fromisoformat(at.isoformat() + zone.upper())
        local = aware.astimezone(frame.zone)
        return instant(local.replace(tzinfo=None))
    return instant(at)


def _dotted(_: Frame, m: re.Match[str]) -> Span:
    return day(_at(_century(m["y"]), int(m["m"]), int(m["d"])))


def _slashed(_: Frame, m: re.Match[str]) -> Span:
    a, b, y = int(m["a"]), int(m["b"]), _century(m["y"])
    return day(_at(y, b, a) if a > 12 else _at(y, a, b))


def _century(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)


def _dotted_no_year(frame: Frame, m: re.Match[str]) -> Span:
    return _latest(frame, int(m["m"]), int(m["d"]))


def _slashed_no_year(frame: Frame, m: re.Match[str]) -> Span:
    a, b = int(m["a"]), int(m["b"])
    return _latest(frame, b, a) if a > 12 else _latest(frame, a, b)


def _latest(frame: Frame, number: int, dom: int) -> Span:
    """Return that day of this year, or of another: the latest that has begun (in a frame of the future: the next)."""
    for back in range(9):
        try:
            at = _at(frame.today.year + (back if frame.future else -back), number, dom)
        except ValueError:
            continue
        if (at >= frame.today) if frame.future else (at <= frame.wall):
            return day(at)
    raise ValueError(dom)


def _month_day(frame: Frame, m: re.Match[str]) -> Span:
    number, dom = MONTHS[m["month"]], int(m["day"])
    return day(_at(int(m["year"]), number, dom)) if m["year"] else _latest(frame, number, dom)


def _day_of_relative_year(frame: Frame, m: re.Match[str]) -> Span:
    offset = {"last": -1, "this": 0, "next": 1}[m["which"]]
    return day(_at(frame.today.year + offset, MONTHS[m["month"]], int(m["day"])))


def _month_year(_: Frame, m: re.Match[str]) -> Span:
    return month(int(m["year"]), MONTHS[m["month"]])


def _month_iso(_: Frame, m: re.Match[str]) -> Span | None:
    return month(int(m["y"]), int(m["m"])) if 1 <= int(m["m"]) <= 12 else None


def _year(_: Frame, m: re.Match[str]) -> Span:
    return year(int(m["year"]))


def _part_of_year(frame: Frame, m: re.Match[str]) -> Span:
    """Resolve "q3 2025" and "h1": without a year the latest that has begun; with "last" the latest that is over."""
    months = 3 if m["kind"] == "q" else 6
    begin = (int(m["n"]) - 1) * months + 1
    groups = m.groupdict()
    if groups.get("year"):
        start = first_of(int(groups["year"]), begin)
    elif groups.get("which"):
        start = first_of(frame.today.year + {"last": -1, "this": 0}[groups["which"]], begin)
    else:
        start = first_of(frame.today.year, begin)
        if start > frame.wall:
            start = first_of(start.year - 1, begin)
    return Span(start, first_of(start.year, start.month + months))


def _iso_week(frame: Frame, m: re.Match[str]) -> Span:
    number = int(m["n"])
    y = int(m["year"]) if m["year"] else frame.today.isocalendar().year
    monday = datetime.combine(date.fromisocalendar(y, number, 1), datetime.min.time())
    if not m["year"] and monday > frame.wall:
        monday = datetime.combine(date.fromisocalendar(y - 1, number, 1), datetime.min.time())
    return Span(monday, monday + 7 * DAY)


def _decade(_: Frame, m: re.Match[str]) -> Span:
    text = m["decade"]
    start = int(text) if len(text) == 4 else int(text) + (1900 if int(text) >= 40 else 2000)
    return Span(first_of(start, 1), first_of(start + 10, 1))


_DATE = r"(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})"
_TIME = r"(?P<time>(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2}(?:\.\d+)?))?)"

ABSOLUTE: list[Rule] = [
    (re.compile(p), f)
    for p, f in (
        (_WEEKDAY + _DATE, _iso_date),
        (_DATE + r"(?:t| at | )" + _TIME + r" ?(?P<zone>z|utc|[+-]\d{2}:?\d{2})?", _iso_time),
        (r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", _iso_date),
        (r"(?P<y>\d{4})\.(?P<m>\d{1,2})\.(?P<d>\d{1,2})", _iso_date),
        (_WEEKDAY + r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d{2})", _dotted),
        (r"(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>\d{4})", _dotted),
        (_WEEKDAY + r"(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>\d{4}|\d{2})", _slashed),
        (r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.?", _dotted_no_year),
        (r"(?P<a>\d{1,2})/(?P<b>\d{1,2})", _slashed_no_year),
        (_WEEKDAY + rf"{_DOM}[- ]?(?:of )?{_MONTH}(?:[- ](?:of )?{_YEAR})?", _month_day),
        (_WEEKDAY + rf"{_MONTH}[- ]?{_DOM}(?:[- ](?:of )?{_YEAR})?", _month_day),
        (rf"{_DOM} (?:of )?{_MONTH} (?:of )?(?P<which>last|this|next) year", _day_of_relative_year),
        (rf"{_MONTH} {_DOM} (?:of )?(?P<which>last|this|next) year", _day_of_relative_year),
        (rf"{_YEAR}[- ]{_MONTH}[- ]{_DOM}", _month_day),
        (rf"(?:month of )?{_MONTH}[- /](?:of |in )?{_YEAR}", _month_year),
        (rf"{_YEAR}[- ]{_MONTH}", _month_year),
        (r"(?P<y>(?:19|20)\d{2})[-/](?P<m>\d{1,2})", _month_iso),
        (r"(?P<m>\d{1,2})/(?P<y>(?:19|20)\d{2})", _month_iso),
        (rf"(?:year )?{_YEAR}", _year),
        (rf"(?P<kind>[qh])(?P<n>[1-4])(?:[ /-]?(?:of |in )?{_YEAR})?", _part_of_year),
        (rf"(?P<n>[1-4])(?P<kind>[qh])(?:[ /-]?(?:of )?{_YEAR})?", _part_of_year),
        (rf"{_YEAR}[ /-]?(?P<kind>[qh])(?P<n>[1-4])", _part_of_year),
        (r"(?P<kind>[qh])(?P<n>[1-4]) (?:of |in )?(?P<which>last|this) year", _part_of_year),
        (rf"(?P<kind>q)uarter (?P<n>[1-4])(?: (?:of )?{_YEAR})?", _part_of_year),
        (rf"(?:calendar |iso )?(?:week|cw|kw) ?(?P<n>\d{{1,2}})(?: (?:of |in )?{_YEAR})?", _iso_week),
        (rf"{_YEAR}-?w(?P<n>\d{{1,2}})", _iso_week),
        (r"(?P<decade>(?:19|20)?\d0)'?s", _decade),
    )
]
"""Dates that need no "now", and those that need it only for a missing year."""
