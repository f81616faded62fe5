"""Times that people and platforms write: understood without a guess, or refused with what to do."""

from datetime import datetime

import pytest
from dateutil import tz

from grading.nbgrader.course import CourseError
from grading.submissions.times import NoTime, course_zone, named_zone, parse_time, read_timestamp

BERLIN = tz.gettz("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2025-01-30 13:00:00 UTC", 13),
        ("2025-01-30 13:00", 13),
        ("2025-01-30T13:00:00Z", 13),
        ("2025-01-30T13:00:00.250+01:00", 12),
        ("2025-01-30 13:00:00 +0100", 12),
        ("2025-01-30 13:00 UTC-5", 18),
        ("2025-01-30 13:00:00 Europe/Berlin", 12),
        ("2025-01-30 13:00:00 America/New_York", 18),
        ("2025-01-30 13:00:00 CET", 12),  # the course's zone uses this name in January
        ("2025-01-30  01:00 PM", 13),
        ("Thursday, January 30, 2025 1:00:00 PM GMT", 13),
        ("30 Jan 2025 13:00 +0100", 12),
    ],
)
def test_what_is_clear_is_understood(text, hour):
    found = parse_time(text, BERLIN)
    assert found.replace(microsecond=0) == datetime(2025, 1, 30, hour)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2025-01-30 13:00:00 PST", "'PST'"),
        ("2025-01-30 13:00:00 IST", "'IST'"),
        ("2025-01-30 13:00:00 CEST", "'CEST'"),  # nobody's in January
        ("2025-01-30 13:00:00 Mars/Olympus", "Mars"),
        ("Jan 30 13:00:00 CET 2025", "no time"),
        ("30.01.2025 01:00 PM", "day or with the month"),
        ("01/02/2025", "day or with the month"),
        ("2025-01", "no time"),
        ("March 2025", "no whole date"),
        ("2025-13-45", "no time"),
        ("yesterday-ish", "no time"),
        ("", "no time"),
    ],
)
def test_what_is_not_clear_is_refused(text, why):
    with pytest.raises(NoTime, match=why):
        parse_time(text, BERLIN)


def test_an_abbreviation_means_nothing_without_the_courses_zone():
    with pytest.raises(NoTime, match="CET"):
        parse_time("2025-01-30 13:00:00 CET")


@pytest.mark.parametrize("name", ["CEST", "PST", "EST", "Berlin", "../etc/passwd", "+25:00", "Mars/Olympus"])
def test_zones_that_are_none(name):
    with pytest.raises(CourseError, match="Europe/Berlin"):
        named_zone(name)


def test_where_the_zone_comes_from(small):
    assert course_zone(small.course)[1] is None
    (small.root / "nbgrader_config.py").write_text("c = get_config()\nc.Exchange.timezone = 'America/New_York'\n")
    assert course_zone(small.course)[1] == "c.Exchange.timezone"
    (small.root / "nbgrader_config.py").write_text("c = get_config()\nc.Grading.time_zone = 'Europe/Berlin'\n")
    zone, where = course_zone(small.course)
    assert where == "c.Grading.time_zone" and datetime(2025, 7, 1, tzinfo=zone).tzname() == "CEST"
    assert course_zone(small.course, "UTC")[1] == "--time-zone"


@pytest.mark.parametrize(
    ("text", "expected", "note"),
    [
        ("2025-03-01 12:00:00 UTC", datetime(2025, 3, 1, 12), None),
        ("2025-03-01 12:00", datetime(2025, 3, 1, 12), None),
        ("2025-03-01 12:00:00+01:00", datetime(2025, 3, 1, 11), None),
        ("2025-03-01 12:00:00.000000 CET", datetime(2025, 3, 1, 11), None),
        ("2025-03-01 12:00:00 PST", None, "'PST'"),
        ("", None, None),
        ("yesterday-ish", None, "no time"),
        ("03/04/2025 12:00", None, "Write it like 2025-01-30"),
        ("2999-01-01 00:00:00 UTC", None, "future"),
    ],
)
def test_timestamps(small, text, expected, note):
    (small.root / "nbgrader_config.py").write_text("c = get_config()\nc.Grading.time_zone = 'Europe/Berlin'\n")
    path = small.hand_in("ada")
    (path.parent / "timestamp.txt").write_text(text)
    found, said = read_timestamp(small.assignment, "ada")
    assert found == expected and (said is None if note is None else note in said)
