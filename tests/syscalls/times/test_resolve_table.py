"""What expressions of time mean, as a table of our own; the conventions are those of the contract."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from lsfs_syscalls import times

NOW = datetime(2026, 11, 23, 12, 0, 0)  # a Monday

INTERVALS = """
today                                 | 2026-11-23 | 2026-11-23
yesterday                             | 2026-11-22 | 2026-11-22
Yesterday.                            | 2026-11-22 | 2026-11-22
the day before yesterday              | 2026-11-21 | 2026-11-21
from yesterday                        | 2026-11-22 | 2026-11-22
last week                             | 2026-11-16 | 2026-11-22
the previous week                     | 2026-11-16 | 2026-11-22
this week                             | 2026-11-23 | 2026-11-29
the week before last                  | 2026-11-09 | 2026-11-15
last month                            | 2026-10-01 | 2026-10-31
the month before last                 | 2026-09-01 | 2026-09-30
this month                            | 2026-11-01 | 2026-11-30
last quarter                          | 2026-07-01 | 2026-09-30
this quarter                          | 2026-10-01 | 2026-12-31
last year                             | 2025-01-01 | 2025-12-31
the year before last                  | 2024-01-01 | 2024-12-31
this year                             | 2026-01-01 | 2026-12-31
last weekend                          | 2026-11-21 | 2026-11-22
the weekend before last               | 2026-11-14 | 2026-11-15
in March                              | 2026-03-01 | 2026-03-31
December                              | 2025-12-01 | 2025-12-31
last November                         | 2025-11-01 | 2025-11-30
November                              | 2026-11-01 | 2026-11-30
in march of last year                 | 2025-03-01 | 2025-03-31
March 2024                            | 2024-03-01 | 2024-03-31
mar. 2024                             | 2024-03-01 | 2024-03-31
2024-03                               | 2024-03-01 | 2024-03-31
in 2023                               | 2023-01-01 | 2023-12-31
2023-6-15                             | 2023-06-15 | 2023-06-15
2023-06-15                            | 2023-06-15 | 2023-06-15
15.6.2023                             | 2023-06-15 | 2023-06-15
6/15/2023                             | 2023-06-15 | 2023-06-15
15/6/2023                             | 2023-06-15 | 2023-06-15
20230615                              | 2023-06-15 | 2023-06-15
15 June 2023                          | 2023-06-15 | 2023-06-15
June 15th, 2023                       | 2023-06-15 | 2023-06-15
the 15th of June 2023                 | 2023-06-15 | 2023-06-15
on the fifteenth of June              | 2026-06-15 | 2026-06-15
December 24                           | 2025-12-24 | 2025-12-24
24. Dezember                          | 2025-12-24 | 2025-12-24
Nov 23                                | 2026-11-23 | 2026-11-23
on Friday                             | 2026-11-20 | 2026-11-20
last Friday                           | 2026-11-20 | 2026-11-20
Monday                                | 2026-11-16 | 2026-11-16
Friday last week                      | 2026-11-20 | 2026-11-20
last week's Wednesday                 | 2026-11-18 | 2026-11-18
two Fridays ago                       | 2026-11-13 | 2026-11-13
3 days ago                            | 2026-11-20 | 2026-11-20
three days ago                        | 2026-11-20 | 2026-11-20
a week ago                            | 2026-11-16 | 2026-11-22
two weeks ago                         | 2026-11-09 | 2026-11-15
a fortnight ago                       | 2026-11-09 | 2026-11-15
2 months ago                          | 2026-09-01 | 2026-09-30
a year ago                            | 2025-01-01 | 2025-12-31
a couple of days ago                  | 2026-11-21 | 2026-11-21
this morning                          | 2026-11-23T06:00:00 | 2026-11-23T11:59:59
yesterday evening                     | 2026-11-22T18:00:00 | 2026-11-22T23:59:59
last night                            | 2026-11-22T18:00:00 | 2026-11-23T05:59:59
Tuesday afternoon                     | 2026-11-17T12:00:00 | 2026-11-17T17:59:59
on the morning of June 5              | 2026-06-05T06:00:00 | 2026-06-05T11:59:59
Q3 2025                               | 2025-07-01 | 2025-09-30
Q3                                    | 2026-07-01 | 2026-09-30
the third quarter of 2025             | 2025-07-01 | 2025-09-30
the first half of 2025                | 2025-01-01 | 2025-06-30
H1 2025                               | 2025-01-01 | 2025-06-30
week 47 of 2026                       | 2026-11-16 | 2026-11-22
KW 1 2025                             | 2024-12-30 | 2025-01-05
2026-W47                              | 2026-11-16 | 2026-11-22
last spring                           | 2026-03-01 | 2026-05-31
in the winter                         | 2025-12-01 | 2026-02-28
summer 2024                           | 2024-06-01 | 2024-08-31
last summer                           | 2026-06-01 | 2026-08-31
autumn                                | 2025-09-01 | 2025-11-30
the 1990s                             | 1990-01-01 | 1999-12-31
Christmas                             | 2025-12-25 | 2025-12-25
since Tuesday                         | 2026-11-17 | -
since last week                       | 2026-11-16 | -
ever since March                      | 2026-03-01 | -
since 10:00                           | 2026-11-23T10:00:00 | -
since two weeks ago                   | 2026-11-09 | -
from 2024 onwards                     | 2024-01-01 | -
after June 5                          | 2026-06-06 | -
after 2023                            | 2024-01-01 | -
before 2023                           | - | 2022-12-31
before last Friday                    | - | 2026-11-19
prior to March 2024                   | - | 2024-02-29
until March                           | - | 2026-03-31
up to 2022                            | - | 2022-12-31
by Friday                             | - | 2026-11-20
older than 3 months                   | - | 2026-08-23T12:00:00
more than 3 weeks ago                 | - | 2026-11-02T12:00:00
newer than 2 days                     | 2026-11-21T12:00:00 | -
less than an hour ago                 | 2026-11-23T11:00:00 | -
the last 3 days                       | 2026-11-20T12:00:00 | -
in the past year                      | 2025-11-23T12:00:00 | -
within 2 weeks                        | 2026-11-09T12:00:00 | -
over the last two weeks               | 2026-11-09T12:00:00 | -
the past 24 hours                     | 2026-11-22T12:00:00 | -
last 24h                              | 2026-11-22T12:00:00 | -
in the last hour                      | 2026-11-23T11:00:00 | -
in the last half an hour              | 2026-11-23T11:30:00 | -
20 minutes ago                        | 2026-11-23T11:40:00 | -
an hour and a half ago                | 2026-11-23T10:30:00 | -
between March and May                 | 2026-03-01 | 2026-05-31
between March and May 2024            | 2024-03-01 | 2024-05-31
between 3 and 5 June                  | 2026-06-03 | 2026-06-05
from June 3 to June 5 2024            | 2024-06-03 | 2024-06-05
between November and January          | 2025-11-01 | 2026-01-31
from Monday to Wednesday              | 2026-11-16 | 2026-11-18
between 2020 and 2022                 | 2020-01-01 | 2022-12-31
2020-2022                             | 2020-01-01 | 2022-12-31
between 9 and 11am yesterday          | 2026-11-22T09:00:00 | 2026-11-22T11:00:00
from 9am to noon                      | 2026-11-23T09:00:00 | 2026-11-23T12:00:00
between 2024-1-5 and 2024-2-1         | 2024-01-05 | 2024-02-01
from the 3rd to the 5th of June 2024  | 2024-06-03 | 2024-06-05
the beginning of the month            | 2026-11-01 | 2026-11-01
since the beginning of the year       | 2026-01-01 | -
the end of last month                 | 2026-10-31 | 2026-10-31
the week of June 5                    | 2026-06-01 | 2026-06-07
the 5th                               | 2026-11-05 | 2026-11-05
the 28th                              | 2026-10-28 | 2026-10-28
the 3rd of last month                 | 2026-10-03 | 2026-10-03
so far this year                      | 2026-01-01 | -
gestern                               | 2026-11-22 | 2026-11-22
letzte Woche                          | 2026-11-16 | 2026-11-22
vor drei Tagen                        | 2026-11-20 | 2026-11-20
il y a 2 jours                        | 2026-11-21 | 2026-11-21
la semaine dernière                   | 2026-11-16 | 2026-11-22
hace tres días                        | 2026-11-20 | 2026-11-20
early 2024                            | 2024-01-01 | 2024-04-30
late 2024                             | 2024-09-01 | 2024-12-31
2023-06-15..2023-06-20                | 2023-06-15 | 2023-06-20
last Christmas                        | 2025-12-25 | 2025-12-25
"""

POINTS = """
yesterday                             | 2026-11-22T23:59:59
as of last Friday                     | 2026-11-20T23:59:59
last week                             | 2026-11-22T23:59:59
March                                 | 2026-03-31T23:59:59
9am today                             | 2026-11-23T09:00:00
9am                                   | 2026-11-23T09:00:00
yesterday at 17:30                    | 2026-11-22T17:30:00
at 5 p.m. yesterday                   | 2026-11-22T17:00:00
noon yesterday                        | 2026-11-22T12:00:00
two hours ago                         | 2026-11-23T10:00:00
3 days ago                            | 2026-11-20T23:59:59
2023-6-15                             | 2023-06-15T23:59:59
2 months ago                          | 2026-09-23T23:59:59
two weeks ago                         | 2026-11-09T23:59:59
a year ago                            | 2025-11-23T23:59:59
2023-06-15 14:00                      | 2023-06-15T14:00:00
2023-06-15T14:00:05                   | 2023-06-15T14:00:05
June 15 at 3pm                        | 2026-06-15T15:00:00
Friday 5pm                            | 2026-11-20T17:00:00
before Friday                         | 2026-11-19T23:59:59
before 9am                            | 2026-11-23T08:59:59
9 this morning                        | 2026-11-23T09:00:00
the end of last month                 | 2026-10-31T23:59:59
the beginning of the year             | 2026-01-01T00:00:00
now                                   | 2026-11-23T12:00:00
2026-11-20T09:00                      | 2026-11-20T09:00:00
"""

EXPIRIES = """
3 years 5 months      | 3y5mo
12 hours 40 minutes   | 12h40m
15 seconds            | 15s
for a week            | 1w
two weeks             | 2w
24h                   | 24h
1h30m                 | 1h30m
half an hour          | 30m
a year and a half     | 1y6mo
3y5mo                 | 3y5mo
until Friday          | 2026-11-27T23:59:59
until tomorrow        | 2026-11-24T23:59:59
until the end of the month | 2026-11-30T23:59:59
by December 5         | 2026-12-05T23:59:59
till 5pm              | 2026-11-23T17:00:00
until 2027-01-31      | 2027-01-31T23:59:59
until the end of the year | 2026-12-31T23:59:59
until next Monday     | 2026-11-30T23:59:59
a fortnight           | 2w
two quarters          | 6mo
"""

NOTHING = """
bananas | flash caching | the budget | version 3 | 2 versions ago | 32.1.2024 | February 30 | 25:00 | recently | | the report
week 60 | x 5 | may be | in the folder | last version | 3 | notes from the meeting
"""


def _rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(c.strip() for c in line.split("|")) for line in table.strip().splitlines()]


def _end(text: str, clock: str) -> str | None:
    return None if text == "-" else text if "T" in text else text + clock


@pytest.mark.parametrize("row", _rows(INTERVALS), ids=lambda r: r[0])
def test_an_expression_gives_its_interval(row: tuple[str, ...]) -> None:
    found = times.resolve(row[0], NOW)
    assert found is not None
    assert (found.since and times.iso(found.since)) == _end(row[1], "T00:00:00")
    assert (found.until and times.iso(found.until)) == _end(row[2], "T23:59:59")


@pytest.mark.parametrize("row", _rows(POINTS), ids=lambda r: r[0])
def test_a_point_is_the_last_instant_of_what_was_said(row: tuple[str, ...]) -> None:
    at = times.point(row[0], NOW)
    assert at is not None
    assert times.iso(at) == row[1]


@pytest.mark.parametrize("row", _rows(EXPIRIES), ids=lambda r: r[0])
def test_an_expiry_is_a_duration_or_the_end_of_a_day_to_come(row: tuple[str, ...]) -> None:
    assert times.expiry(row[0], NOW) == row[1]


@pytest.mark.parametrize("text", [t.strip() for line in NOTHING.strip().splitlines() for t in line.split("|")])
def test_words_that_name_no_time_give_none(text: str) -> None:
    assert times.resolve(text, NOW) is None


def test_the_first_instant_of_a_day_can_be_asked_for() -> None:
    assert times.point("yesterday", NOW, first=True) == datetime(2026, 11, 22)


def test_a_skipped_wall_time_moves_forward_by_the_gap() -> None:
    berlin = datetime(2026, 3, 30, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    at = times.point("2026-03-29 02:30", berlin)
    assert at is not None
    assert at.isoformat() == "2026-03-29T03:30:00+02:00"


def test_a_wall_time_that_occurs_twice_is_the_first() -> None:
    berlin = datetime(2026, 10, 26, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    at = times.point("2026-10-25 02:30", berlin)
    assert at is not None
    assert at.isoformat() == "2026-10-25T02:30:00+02:00"


def test_hours_are_elapsed_time_and_days_are_wall_time_across_a_change_of_the_clock() -> None:
    berlin = datetime(2026, 3, 29, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    hours, days = times.resolve("the last 24 hours", berlin), times.resolve("the last 1 days", berlin)
    assert hours is not None and days is not None and hours.since is not None and days.since is not None
    assert hours.since.isoformat() == "2026-03-28T11:00:00+01:00"
    assert days.since.isoformat() == "2026-03-28T12:00:00+01:00"


def test_hours_ago_keep_which_of_two_equal_wall_times_is_meant() -> None:
    at = times.point("7 hours ago", datetime(2026, 10, 25, 9, tzinfo=ZoneInfo("Europe/Berlin")))
    assert at is not None
    assert at.isoformat() == "2026-10-25T02:00:00+01:00"


def test_three_months_before_the_31st_of_may_is_the_last_of_february() -> None:
    found = times.resolve("the last 3 months", datetime(2025, 5, 31, 8))
    assert found is not None
    assert found.since == datetime(2025, 2, 28, 8)


def test_a_stamp_with_an_offset_is_brought_into_the_zone_of_now() -> None:
    at = times.point("2026-06-15T09:00Z", datetime(2026, 11, 23, tzinfo=ZoneInfo("Europe/Berlin")))
    assert at is not None
    assert at.isoformat() == "2026-06-15T11:00:00+02:00"


def test_nanoseconds_keep_the_whole_last_second_of_a_day() -> None:
    found = times.resolve("2026-06-15", datetime(2026, 11, 23, tzinfo=ZoneInfo("UTC")))
    assert found is not None and found.until is not None and found.since is not None
    assert times.to_ns(found.until) % 10**9 == 999_999_999
    assert times.iso_ns(times.to_ns(found.since), ZoneInfo("UTC")) == "2026-06-15T00:00:00+00:00"
    assert times.to_ns(None) is None


def test_nanoseconds_come_back_as_the_same_instant() -> None:
    at = datetime(2026, 6, 15, 9, 30, 1, 250_000, tzinfo=ZoneInfo("Europe/Berlin"))
    assert times.from_ns(times.to_ns(at), ZoneInfo("Europe/Berlin")) == at
