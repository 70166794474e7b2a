"""What named times mean: the table from forms in plain words ("last week", "june 15 2023", "9am") to spans of wall time.

Each rule is a pattern over the plain form (`lsfs_syscalls.times.words.plain`) and a function; the first that fits the whole
expression and gives a span counts. Prepositions ("since", "between ... and") are not here but in `lsfs_syscalls.times.resolve`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from lsfs_syscalls.times import relative as r
from lsfs_syscalls.times.absolute import ABSOLUTE, clock
from lsfs_syscalls.times.duration import moved, plain_amounts
from lsfs_syscalls.times.interval import DAY, Frame, Span, day, first_of, instant, month, year
from lsfs_syscalls.times.words import HOLIDAYS, MONTHS, SEASONS, WEEKDAYS

Rule = tuple[re.Pattern[str], Callable[[Frame, "re.Match[str]"], Span | None]]

_UNIT = r"(?P<unit>day|week|fortnight|month|quarter|year|decade|weekend)"
_MONTH = rf"(?P<month>{'|'.join(MONTHS)})\.?"
_WEEKDAY = rf"(?P<weekday>{'|'.join(WEEKDAYS)})\.?"
_SEASON = rf"(?P<season>{'|'.join(SEASONS)})"
_HOLIDAY = rf"(?P<holiday>{'|'.join(sorted(HOLIDAYS, key=len, reverse=True))})"
_AMOUNT = r"(?P<amount>\d+(?:\.\d+)? [a-z]+(?: (?:and )?\d+ [a-z]+)*)"
_PART = r"(?P<part>morning|afternoon|evening|night)"


def named(frame: Frame, t: str) -> Span | None:
    """Return the span that the plain form `t` names, without a preposition."""
    for pattern, rule in RULES:
        m = pattern.fullmatch(t)
        if m is None:
            continue
        try:
            span = rule(frame, m)
        except (ValueError, OverflowError):
            continue
        if span is not None:
            return span
    return None


def _weekday_of_week(frame: Frame, m: re.Match[str]) -> Span | None:
    week = named(frame, m["week"])
    return day(week.start + WEEKDAYS[m["weekday"]] * DAY) if week and week.start else None


def _month_of_year(frame: Frame, m: re.Match[str]) -> Span | None:
    whole = named(frame, m["year"])
    return month(whole.start.year, MONTHS[m["month"]]) if whole and whole.start else None


def _season_of_year(frame: Frame, m: re.Match[str]) -> Span | None:
    whole = named(frame, m["year"])
    if whole is None or whole.start is None:
        return None
    start = first_of(whole.start.year, SEASONS[m["season"]])
    return Span(start, first_of(start.year, start.month + 3))


def _part_of_day(frame: Frame, m: re.Match[str]) -> Span | None:
    whole = named(frame, m["day"])
    if whole is None or whole.start is None or whole.stop is None or whole.stop - whole.start > DAY:
        return None
    return r.part_of(whole.start, m["part"])


def _edge(frame: Frame, m: re.Match[str]) -> Span | None:
    whole = r.unit_span(frame, m["whole"], 0) or named(frame, m["whole"])
    if whole is None or whole.start is None or whole.stop is None:
        return None
    if m["edge"] == "start":
        first = day(whole.start)
        return Span(first.start, first.stop, point=first.start)
    return day(whole.stop - DAY)


def _third(frame: Frame, m: re.Match[str]) -> Span | None:
    whole = named(frame, m["whole"])
    if whole is None or whole.start is None or whole.stop is None:
        return None
    length = (whole.stop - whole.start).days
    year_long = length > 360
    cut = [first_of(whole.start.year, n) for n in (1, 5, 9, 13)] if year_long else []
    if not year_long:
        cut = [whole.start, *(whole.start + timedelta(days=length * n // 3) for n in (1, 2)), whole.stop]
    n = {"early": 0, "mid": 1, "middle of": 1, "late": 2}[m["third"]]
    return Span(cut[n], cut[n + 1])


def _week_of(frame: Frame, m: re.Match[str]) -> Span | None:
    inner = named(frame, m["day"])
    if inner is None or inner.start is None:
        return None
    monday = inner.start - inner.start.weekday() * DAY
    return Span(monday, monday + 7 * DAY)


def _nth_week(frame: Frame, m: re.Match[str]) -> Span | None:
    """Resolve "1st week of november": its first seven days."""
    whole = named(frame, m["whole"])
    if whole is None or whole.start is None or whole.stop is None or not 1 <= int(m["n"]) <= 5:
        return None
    start = whole.start + 7 * (int(m["n"]) - 1) * DAY
    return Span(start, min(start + 7 * DAY, whole.stop)) if start < whole.stop else None


def _final_week(frame: Frame, m: re.Match[str]) -> Span | None:
    """Resolve "last week of november": its last seven days."""
    whole = named(frame, m["whole"])
    return Span(whole.stop - 7 * DAY, whole.stop) if whole and whole.stop else None


def _weekend(frame: Frame, _: re.Match[str]) -> Span | None:
    """Resolve "the weekend": the present one on its days, else the one that was, or in the future the one to come."""
    if frame.today.weekday() >= 5:
        return r.weekend(frame, 0)
    return r.weekend(frame, 0 if frame.future else -1)


def _nth_of(frame: Frame, m: re.Match[str]) -> Span | None:
    whole = named(frame, m["whole"])
    return day(whole.start.replace(day=int(m["n"]))) if whole and whole.start else None


def _from_day(frame: Frame, m: re.Match[str]) -> Span | None:
    """Resolve "2 week before yesterday", "3 day after june 5"."""
    whole, amounts = named(frame, m["whole"]), plain_amounts(m["amount"])
    if whole is None or whole.start is None or amounts is None:
        return None
    at = moved(Frame(whole.start), amounts, -1 if m["side"] == "before" else 1)
    return day(at)


def _holiday_of_year(frame: Frame, m: re.Match[str]) -> Span | None:
    whole = named(frame, m["year"])
    number, dom = HOLIDAYS[m["holiday"]]
    return day(whole.start.replace(month=number, day=dom)) if whole and whole.start else None


def _fraction_of(frame: Frame, m: re.Match[str]) -> Span | None:
    """Resolve "1st half of 2025", "2nd quarter of last year"."""
    whole = named(frame, m["whole"])
    if whole is None or whole.start is None or whole.stop is None or (whole.stop - whole.start).days < 360:
        return None
    months = 6 if m["part"] == "half" else 3
    n = int(m["n"])
    if not 1 <= n <= 12 // months:
        return None
    start = first_of(whole.start.year, (n - 1) * months + 1)
    return Span(start, first_of(start.year, start.month + months))


def _day_and_clock(frame: Frame, m: re.Match[str]) -> Span | None:
    """Resolve a day with a time of day, in either order: "yesterday at 17:30", "9am today", "10 this morning"."""
    whole, at = named(frame, m["day"]), clock(m["clock"], m.groupdict().get("part"))
    if whole is None or whole.start is None or at is None or whole.stop is None or whole.stop - whole.start > 2 * DAY:
        return None
    if whole.instant:
        return None
    return instant(whole.start.replace(hour=0, minute=0, second=0) + at)


def _clock_today(frame: Frame, m: re.Match[str]) -> Span | None:
    at = clock(m["clock"], m.groupdict().get("part"))
    if at is None:
        return None
    when = frame.today + at
    if frame.future and when < frame.wall:
        when += timedelta(days=1)
    return instant(when)


def _compile(pairs: list[tuple[str, Callable[[Frame, re.Match[str]], Span | None]]]) -> list[Rule]:
    return [(re.compile(p), f) for p, f in pairs]


_CLOCK = r"(?P<clock>\d{1,2}(?::\d{2}){0,2} ?(?:am|pm)?|\d{1,2}h\d{0,2}|noon|midday|midnight)(?: h)?"
_STRICT_CLOCK = r"(?P<clock>\d{1,2}(?::\d{2}){1,2} ?(?:am|pm)?|\d{1,2} ?(?:am|pm)|noon|midday|midnight)"

RULES: list[Rule] = [
    *ABSOLUTE,
    *_compile(
        [
            (r"(?:right |just )?now|this moment", lambda f, _: instant(f.wall)),
            (r"(?:earlier |later )?today|this day", lambda f, _: day(f.today)),
            (r"yesterday", lambda f, _: day(f.today - DAY)),
            (r"tomorrow", lambda f, _: day(f.today + DAY)),
            (r"day before yesterday", lambda f, _: day(f.today - 2 * DAY)),
            (r"day after tomorrow", lambda f, _: day(f.today + 2 * DAY)),
            (r"last night|yesterday night|night before", lambda f, _: r.part_of(f.today - DAY, "night")),
            (r"tonight", lambda f, _: r.part_of(f.today, "evening")),
            (rf"(?:earlier )?this {_UNIT}", r.this),
            (r"weekend", _weekend),
            (r"(?P<n>\d)(?:st|nd|rd|th) week (?:of |in )?(?P<whole>.+)", _nth_week),
            (r"last week (?:of|in) (?P<whole>.+)", _final_week),
            (rf"{_UNIT} before last", r.before_last),
            (rf"last {_UNIT} but one", r.before_last),
            (rf"(?:last|past) {_UNIT}", r.last_unit),
            (rf"next {_UNIT}", r.next_unit),
            (r"(?P<unit>week|month|quarter|year)[- ]to[- ]date", r.so_far),
            (r"so far this (?P<unit>week|month|quarter|year)", r.so_far),
            (r"this (?P<unit>week|month|quarter|year) so far", r.so_far),
            (r"ytd", lambda f, _: Span(year(f.today.year).start, None)),
            (rf"{_AMOUNT} ago(?: today)?", r.ago),
            (rf"(?:last|past) {_AMOUNT}", r.rolling),
            (rf"next {_AMOUNT}", r.rolling_next),
            (rf"in {_AMOUNT}", r.ahead),
            (rf"{_AMOUNT} from (?:now|today)", r.ahead),
            (rf"(?:last )?{_WEEKDAY}", r.weekday),
            (rf"this {_WEEKDAY}", r.weekday_this),
            (rf"next {_WEEKDAY}", r.weekday_next),
            (rf"{_WEEKDAY} (?:of |in )?(?P<week>(?:last|this|next) week|week before last|\d+ week ago)", _weekday_of_week),
            (rf"(?P<week>(?:last|this|next) week|week before last)(?:'s)? {_WEEKDAY}", _weekday_of_week),
            (rf"(?P<n>\d+) {_WEEKDAY} ago", r.weekdays_ago),
            (rf"{_WEEKDAY} before last", lambda f, m: r.shift(r.weekday(f, m), -7)),
            (rf"{_MONTH}", r.month_alone),
            (rf"last {_MONTH}", r.month_last),
            (rf"this {_MONTH}", r.month_this),
            (rf"{_MONTH} (?:of |in )?(?P<year>(?:last|this|next) year|year before last|\d+ year ago)", _month_of_year),
            (rf"(?:last )?{_SEASON}", r.season),
            (rf"this {_SEASON}", r.season_this),
            (rf"{_SEASON} (?:of |in )?(?P<year>\d{{4}}|(?:last|this|next) year|year before last)", _season_of_year),
            (rf"(?:last |this )?{_HOLIDAY}", r.holiday),
            (rf"{_HOLIDAY} (?P<year>\d{{4}}|(?:last|this) year)", _holiday_of_year),
            (rf"this {_PART}", r.this_part),
            (rf"last {_PART}", r.last_part),
            (rf"{_STRICT_CLOCK}", _clock_today),
            (rf"(?:at )?{_CLOCK} (?:(?:in )?(?:this )?{_PART})", _clock_today),
            (rf"(?P<day>.+?) (?:at )?{_STRICT_CLOCK}", _day_and_clock),
            (rf"(?P<day>.+?) at {_CLOCK}", _day_and_clock),
            (rf"{_CLOCK} (?P<day>yesterday|today|tomorrow) {_PART}", _day_and_clock),
            (rf"(?:at )?{_STRICT_CLOCK} (?:of )?(?P<day>.+)", _day_and_clock),
            (rf"at {_CLOCK} (?:of )?(?P<day>.+)", _day_and_clock),
            (rf"(?P<day>.+?)(?: in)? {_PART}", _part_of_day),
            (rf"{_PART} (?:of )?(?P<day>.+)", _part_of_day),
            (r"(?:very )?(?P<edge>start|end) (?:of )?(?P<whole>.+)", _edge),
            (r"(?P<third>early|mid|middle of|late)[- ](?:in )?(?P<whole>.+)", _third),
            (r"(?P<n>\d)(?:st|nd|rd|th) (?P<part>half|quarter) (?:of )?(?P<whole>.+)", _fraction_of),
            (r"week (?:of|around|containing|starting|beginning) (?P<day>.+)", _week_of),
            (r"(?P<n>\d{1,2})(?:st|nd|rd|th)", r.nth_day),
            (r"(?P<n>\d{1,2})(?:st|nd|rd|th) (?:day )?(?:of )?(?P<whole>(?:last|this|next) month|month before last)", _nth_of),
            (rf"{_AMOUNT} (?P<side>before|after|from) (?P<whole>.+)", _from_day),
        ]
    ),
]
