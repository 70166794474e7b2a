"""Times and amounts as people say them: dates, stretches, points, durations, counts, sizes, lines, lengths."""

from __future__ import annotations

import random

from vocabulary import LISTS


def number(rng: random.Random) -> str:
    """A small number in digits or words."""
    return str(rng.randint(2, 30)) if rng.random() < 0.45 else rng.choice(LISTS["SMALL"])


def day_of_month(rng: random.Random) -> str:
    return f"{rng.randint(1, 28)}{rng.choice(['', '', 'th'])}"


def year(rng: random.Random) -> str:
    return str(rng.randint(2012, 2026))


def date(rng: random.Random) -> str:
    """A date in one of the ways people write it."""
    y, m, d = rng.randint(2014, 2026), rng.randint(1, 12), rng.randint(1, 28)
    month = LISTS["MONTHS"][m - 1] if rng.random() < 0.8 else LISTS["MONTHS"][m - 1][:3]
    return rng.choice(
        [
            f"{y}-{m:02}-{d:02}",
            f"{y}-{m}-{d}",
            f"{d}.{m}.{y}",
            f"{m}/{d}/{y}",
            f"{y}/{m}/{d}",
            f"{d} {month} {y}",
            f"{month} {d}, {y}",
            f"{month} {d}",
            f"the {d}th of {month}",
            f"{month} {d}th {y}",
            f"{y}-{m}-{d}",
            f"{d}. {month} {y}",
        ]
    )


def clock(rng: random.Random) -> str:
    h, m = rng.randint(1, 12), rng.choice(["00", "15", "30", "45", "07"])
    return rng.choice([f"{h}am", f"{h} pm", f"{h + 11}:{m}", f"{h}:{m} pm", "noon", "midnight", f"{h} o'clock"])


def amount(rng: random.Random) -> str:
    return (
        f"{number(rng)} {rng.choice(LISTS['UNIT'])}"
        if rng.random() < 0.8
        else rng.choice(
            [
                "an hour",
                "a day",
                "a week",
                "a month",
                "a year",
                "a fortnight",
                "half an hour",
                "24h",
                "7d",
                "2 wks",
                "90 mins",
                "3mo",
            ]
        )
    )


def named_time(rng: random.Random) -> str:
    """A day, week, month, season ... without a preposition."""
    return rng.choice(
        [
            lambda: rng.choice(
                [
                    "yesterday",
                    "today",
                    "the day before yesterday",
                    "this morning",
                    "last night",
                    "yesterday evening",
                    "this afternoon",
                    "this week",
                    "last week",
                    "last month",
                    "this month",
                    "last year",
                    "this year",
                    "the week before last",
                    "the month before last",
                    "last weekend",
                    "last quarter",
                    "this quarter",
                    "the past week",
                    "last spring",
                    "last summer",
                    "last winter",
                    "this spring",
                    "the first half of 2024",
                    "Christmas",
                    "last Christmas",
                    "the end of last month",
                    "the beginning of the year",
                    "earlier today",
                    "the weekend",
                    "the previous month",
                    "the start of the week",
                ]
            ),
            lambda: f"{rng.choice(['last ', 'last ', 'this ', ''])}{rng.choice(LISTS['WEEKDAYS'])}",
            lambda: f"{rng.choice(LISTS['WEEKDAYS'])} {rng.choice(['morning', 'afternoon', 'evening', 'last week'])}",
            lambda: f"{rng.choice(['last ', '', ''])}{rng.choice(LISTS['MONTHS'])}",
            lambda: f"{rng.choice(LISTS['MONTHS'])} {year(rng)}",
            lambda: date(rng),
            lambda: date(rng),
            lambda: year(rng),
            lambda: rng.choice(
                [
                    f"Q{rng.randint(1, 4)}",
                    f"Q{rng.randint(1, 4)} {year(rng)}",
                    f"the {rng.choice(['first', 'second', 'third', 'fourth'])} quarter of {year(rng)}",
                    f"H1 {year(rng)}",
                    f"week {rng.randint(2, 51)}",
                    f"the week of {date(rng)}",
                    f"{year(rng)}-{rng.randint(1, 12):02}",
                    f"the {rng.randint(2, 28)}th",
                ]
            ),
            lambda: f"{rng.choice(['spring', 'summer', 'autumn', 'winter', 'early', 'late'])} {year(rng)}",
            lambda: f"{amount(rng)} ago",
        ]
    )()


def when(rng: random.Random) -> str:
    """A stretch of time that limits, with its preposition."""
    t = named_time(rng)
    r = rng.random()
    if r < 0.3:
        bare_ok = ("last ", "this ", "yesterday", "today", "the week", "the day", "earlier")
        return t if t.startswith(bare_ok) or t.endswith("ago") else f"{rng.choice(['in', 'from', 'on', 'during'])} {t}"
    if r < 0.42:
        return f"from {t}"
    if r < 0.66:
        return f"{rng.choice(['since', 'since', 'after', 'before', 'until', 'prior to', 'up to', 'starting', 'no later than', 'by', 'later than', 'earlier than', 'as of'][:12])} {t}"
    if r < 0.78:
        return f"{rng.choice(['in the last', 'in the past', 'within the last', 'over the past', 'the last', 'the past', 'during the last', 'within'])} {amount(rng)}"
    if r < 0.87:
        return f"{rng.choice(['older than', 'newer than', 'more than', 'less than', 'younger than'])} {amount(rng)}{rng.choice(['', ' ago', ' old'])}".replace(
            "older than", "older than"
        ).replace("than a", "than a")
    if r < 0.97:
        a, b = rng.choice(
            [
                (rng.choice(LISTS["MONTHS"][:12]), rng.choice(LISTS["MONTHS"][:12])),
                (rng.choice(LISTS["WEEKDAYS"][:7]), rng.choice(LISTS["WEEKDAYS"][:7])),
                (year(rng), year(rng)),
                (date(rng), date(rng)),
                (rng.choice(LISTS["MONTHS"][:12]), f"{rng.choice(LISTS['MONTHS'][:12])} {year(rng)}"),
                (clock(rng), clock(rng)),
            ]
        )
        return rng.choice([f"between {a} and {b}", f"from {a} to {b}", f"from {a} until {b}", f"from {a} through {b}"])
    return f"{year(rng)}-{year(rng)}"


def point(rng: random.Random) -> str:
    """A point in time, without "to" or "as of"."""
    r = rng.random()
    if r < 0.5:
        return named_time(rng)
    if r < 0.7:
        return date(rng)
    if r < 0.8:
        return rng.choice(
            [
                f"{rng.choice(['yesterday', 'today', 'Friday', 'Monday'])} at {clock(rng)}",
                f"{clock(rng)} {rng.choice(['yesterday', 'today'])}",
                clock(rng),
                f"{date(rng)} {rng.randint(8, 18)}:30",
                f"{year(rng)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T0{rng.randint(1, 9)}:00",
            ]
        )
    return f"{amount(rng)} ago"


def since(rng: random.Random) -> str:
    """When, for what is to be taken back."""
    return rng.choice(
        [
            lambda: f"since {named_time(rng)}",
            lambda: f"since {clock(rng)}",
            lambda: rng.choice(["today", "this morning", "yesterday", "this afternoon", "this week"]),
            lambda: f"in the last {amount(rng)}",
            lambda: f"after {clock(rng)}",
        ]
    )()


def point_date(rng: random.Random) -> str:
    return rng.choice([date, date, named_time, point])(rng)


def duration(rng: random.Random) -> str:
    """How long, or until when."""
    r = rng.random()
    if r < 0.5:
        return f"{rng.choice([str(rng.randint(1, 90)), number(rng)])} {rng.choice('seconds|minutes|hours|days|weeks|months|years|secs|mins|hrs'.split('|'))}"
    if r < 0.65:
        units = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"]
        i = rng.randrange(6)
        return f"{rng.randint(1, 12)} {units[i]}{rng.choice([' ', ' and ', ', '])}{rng.randint(2, 50)} {units[rng.randint(i + 1, 6)]}"
    if r < 0.82:
        return rng.choice(
            [
                "a day",
                "a week",
                "one week",
                "an hour",
                "half an hour",
                "a month",
                "a year",
                "a fortnight",
                "24h",
                "2d",
                "30 min",
                "48 hours",
                "1 day",
                "one month",
                "a year and a half",
                "1h30m",
            ]
        )
    return until(rng)


def until(rng: random.Random) -> str:
    """The end of a validity."""
    return f"{rng.choice(['until', 'till', 'until'])} {rng.choice([rng.choice(LISTS['WEEKDAYS'][:7]), 'tomorrow', 'the end of the month', 'the end of the year', 'next ' + rng.choice(LISTS['WEEKDAYS'][:7]), date(rng), 'next week', '6pm', 'Christmas', 'the weekend', rng.choice(LISTS['MONTHS'][:12]) + ' ' + str(rng.randint(1, 28))])}"


def plain_duration(rng: random.Random) -> str:
    """How long, without "until"."""
    while True:
        text = duration(rng)
        if not text.startswith(("until", "till")):
            return text


def size(rng: random.Random) -> str:
    return rng.choice(
        [
            f"{rng.choice([1, 2, 5, 10, 20, 50, 100, 250, 500, 1.5, 3])}{rng.choice([' ', ''])}{rng.choice(['MB', 'KB', 'kB', 'GB', 'mb', 'k', 'megabytes', 'kilobytes', 'gigs', 'M', 'bytes'])}",
            "a megabyte",
            "one GB",
            "half a gigabyte",
            "two megabytes",
            "10,000 bytes",
        ]
    )


def lines(rng: random.Random) -> str:
    a = rng.randint(1, 200)
    b = a + rng.randint(1, 90)
    n = rng.choice([str(rng.randint(2, 60)), number(rng)])
    return rng.choice(
        [
            f"lines {a} to {b}",
            f"lines {a}-{b}",
            f"line {a}",
            f"the first {n} lines",
            f"the last {n} lines",
            f"lines {a} through {b}",
            f"from line {a} on",
            f"the top {n} lines",
            f"line {a} to {b}",
            f"lines {a} - {b}",
            f"from line {a} to line {b}",
            f"the final {n} lines",
        ]
    )


def length(rng: random.Random) -> str:
    return rng.choice(
        [
            f"{number(rng)} sentences",
            f"{rng.choice([50, 100, 150, 200])} words",
            "one paragraph",
            "a single sentence",
            "two paragraphs",
            "one sentence",
            f"{number(rng)} bullet points",
            "five bullets",
            "3 lines",
            "a paragraph",
            f"{rng.randint(2, 8)} bullets",
        ]
    )
