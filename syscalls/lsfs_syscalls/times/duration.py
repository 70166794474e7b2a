"""Durations: "3 years 5 months", "90 min", "1h30m" -> `3y5mo`; and what they do to an instant."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from lsfs_syscalls.times.interval import Frame, plus_months
from lsfs_syscalls.times.words import plain

_CODES = {
    "second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w", "fortnight": "w", "month": "mo", "quarter": "mo",
    "year": "y", "decade": "y",
}  # fmt: skip
_FACTORS = {"fortnight": 2, "quarter": 3, "decade": 10}
_ORDER = ("y", "mo", "w", "d", "h", "m", "s")
_HALVES = {"year": (6, "month"), "day": (12, "hour"), "hour": (30, "minute"), "minute": (30, "second")}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PART = re.compile(rf"(\d+(?:\.\d+)?) ({'|'.join(_CODES)})")
_CODE = re.compile(r"(\d+)(mo|[smhdwy])")
_LEAD = re.compile(r"^(?:for|in|within|after|next|another|next|lasting|lasts?|valid|expires?|expiring|good|up to|full|whole) ")

Amounts = dict[str, int]
"""How many of each unit, by its code."""


def duration(text: str) -> str | None:
    """Return the duration in the contract's form (`15s 24h 7d 2w 6mo 3y`, combined as `3y5mo`), or None if it is none."""
    amounts = parse(text)
    if not amounts:
        return None
    return "".join(f"{amounts[c]}{c}" for c in _ORDER if c in amounts)


def parse(text: str) -> Amounts | None:
    """Return the amounts that a duration names, or None."""
    compact = text.strip().lower()
    if re.fullmatch(r"(\d+(mo|[smhdwy]))+", compact):
        return _sum([(float(n), c) for n, c in _CODE.findall(compact)])
    t = plain(text)
    while (shorter := _LEAD.sub("", t)) != t:
        t = shorter
    t = re.sub(r"^(?:an? )?(?=(?:second|minute|hour|day|week|month|year|quarter|fortnight|decade)\b)", "1 ", t)
    return plain_amounts(t)


def plain_amounts(t: str) -> Amounts | None:
    """Return the amounts of a duration in plain form ("3 year 5 month", "2 hour and 30 minute"), or None."""
    rest = _PART.sub("", t)
    found = _PART.findall(t)
    if not found or not re.fullmatch(r"(?: |and|plus)*", rest):
        return None
    parts: list[tuple[float, str]] = []
    for number, unit in found:
        value = float(number)
        if value % 1 and unit in _HALVES and value % 1 == 0.5:
            amount, smaller = _HALVES[unit]
            parts.append((float(amount), _CODES[smaller]))
            value -= 0.5
        parts.append((value * _FACTORS.get(unit, 1), _CODES[unit]))
    return _sum(parts)


def _sum(parts: list[tuple[float, str]]) -> Amounts | None:
    out: Amounts = {}
    for value, code in parts:
        if value % 1:
            return None
        if value:
            out[code] = out.get(code, 0) + int(value)
    return out or None


def moved(frame: Frame, amounts: Amounts, sign: int) -> datetime:
    """Return now plus or minus a duration: days and more on the calendar and the wall clock, hours and less in elapsed time."""
    short = timedelta(seconds=sum(_SECONDS[c] * n for c, n in amounts.items() if c in "smh"))
    wall = frame.elapsed(sign * short) if short else frame.wall
    months = amounts.get("y", 0) * 12 + amounts.get("mo", 0)
    days = amounts.get("w", 0) * 7 + amounts.get("d", 0)
    if not months and not days:
        return wall  # as it is: adding to it would forget which of two equal wall times it is
    return plus_months(wall, sign * months) + timedelta(days=sign * days)
