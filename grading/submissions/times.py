"""When something was handed in: the times that platforms and people write, without guessing a zone or which number is the day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING

from dateutil import parser, tz

from grading.nbgrader.course import CourseError
from grading.submissions.collect import collected_timestamp

if TYPE_CHECKING:
    from grading.nbgrader.assignment import Assignment
    from grading.nbgrader.course import Course


_ZONE = re.compile(
    r"\s*(?:(?P<utc>UTC|GMT|Z)?(?P<offset>[+-]\d{1,2}(?::?\d\d)?)|(?P<zulu>UTC|GMT|Z)|(?P<area>[A-Za-z_]+(?:/[\w+-]+)+)"
    r"|(?P<short>(?!AM|PM)[A-Z]{2,5}))$"
)
_YEAR_FIRST = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?")
_MONTH = re.compile(r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b", flags=re.IGNORECASE)


class NoTime(ValueError):
    """A text that is no time, or could be more than one; the message says why."""


def offset_zone(text: str) -> tzinfo | None:
    """Read an offset from UTC such as ``+01:00``, ``+0100`` or ``-5``; None if the text is none, or is too large."""
    match = re.fullmatch(r"([+-])(\d{1,2}):?(\d\d)?", text)
    if match is None or int(match[2]) > 15 or int(match[3] or 0) > 59:
        return None
    difference = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-difference if match[1] == "-" else difference)


def named_zone(name: str) -> tzinfo:
    """Find a time zone.

    Parameters
    ----------
    name : str
        Like ``Europe/Berlin`` or ``UTC``, or an offset like ``+01:00``.

    Raises
    ------
    CourseError
        If there is none, or if the name is an abbreviation, which means different zones in different countries.

    Examples
    --------
    >>> named_zone("+01:00").utcoffset(None)
    datetime.timedelta(seconds=3600)
    """
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    zone = offset_zone(name) or (tz.gettz(name) if re.fullmatch(r"[A-Za-z_]+(/[\w+-]+)+", name) else None)
    if zone is None:
        raise CourseError(
            f"{name!r} is no time zone: write one like Europe/Berlin or America/New_York, UTC, or an offset like +01:00."
        )
    return zone


def course_zone(course: Course, name: str | None = None) -> tuple[tzinfo, str | None]:
    """Find the zone of times that are written without one.

    Parameters
    ----------
    course : grading.nbgrader.course.Course
    name : str, optional
        What the command line says; the course's own setting (``c.Grading.time_zone``, or else nbgrader's
        ``c.Exchange.timezone``) by default.

    Returns
    -------
    zone : datetime.tzinfo
    set_by : str or None
        Where it is set; None if nowhere: it is the zone of this computer then.
    """
    for value, where in (
        (name, "--time-zone"),
        (course.config.Grading.get("time_zone"), "c.Grading.time_zone"),
        (course.config.Exchange.get("timezone"), "c.Exchange.timezone"),
    ):
        if isinstance(value, str) and value:
            return named_zone(value), where
    return tz.tzlocal(), None


def _no_zone(name, offset):
    """A zone in the middle of a time: dateutil would ignore one that it does not know."""
    if name is not None or offset is not None:
        raise NoTime(f"with a zone {name!r} in the middle")


def parse_time(text: str, zone: tzinfo | None = None) -> datetime:
    """Read a time.

    Understood are dates that begin with the year or name the month, with a zone as an offset, as ``UTC``, or as an area
    (``Europe/Berlin``). An abbreviation such as ``CET`` or ``PST`` counts where `zone` uses it at that time: by itself
    it may mean several zones. Without any zone the time is UTC, as for nbgrader.

    Parameters
    ----------
    text : str
    zone : datetime.tzinfo, optional
        The zone of the course.

    Returns
    -------
    datetime.datetime
        UTC, without a zone, as nbgrader keeps it.

    Raises
    ------
    NoTime
        If the text is no time, or could be more than one.

    Examples
    --------
    >>> str(parse_time("2025-01-30 15:00:00+01:00")), str(parse_time("Jan 30, 2025 3:00 PM UTC"))
    ('2025-01-30 14:00:00', '2025-01-30 15:00:00')
    """
    text = re.sub(r"\s+", " ", text).strip()
    # An offset follows a time of day: the "-30" of "2025-01-30" is none.
    found = _ZONE.search(text)
    if found and found["offset"] and not found["utc"] and ":" not in text[: found.start()]:
        found = None
    rest = (text[: found.start()] if found else text).strip(" ,")
    if not (_YEAR_FIRST.fullmatch(rest) or _MONTH.search(rest)):
        if re.match(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}", rest):
            raise NoTime("which may be read with the day or with the month first")
        raise NoTime("which is no time")
    try:  # what is not said is taken from the default: two of them show whether anything was missing
        days = datetime(2000, 1, 1), datetime(2001, 2, 2)
        when, other = (parser.parse(rest, default=day, tzinfos=_no_zone) for day in days)
    except (ValueError, OverflowError) as problem:
        raise NoTime("which is no time") from problem
    if when != other:
        raise NoTime("which is no whole date")
    own: tzinfo | None = UTC
    if found and found["offset"]:
        own = offset_zone(found["offset"])
    elif found and found["area"]:
        own = tz.gettz(found["area"])
    elif found and found["short"]:
        uses = zone is not None and found["short"] in {when.replace(fold=fold, tzinfo=zone).tzname() for fold in (0, 1)}
        own = zone if uses else None
    if own is None:
        raise NoTime(f"where the zone {found[0].strip() if found else ''!r} is not known, or is not the course's")
    try:
        return when.replace(tzinfo=own).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as problem:
        raise NoTime("which is no time") from problem


def read_timestamp(assignment: Assignment, student: str) -> tuple[datetime | None, str | None]:
    """Find out when a student handed in, as far as it can be believed.

    A note of the collector's (``grade collect``) counts before a file in the submission, which anybody can write.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    student : str

    Returns
    -------
    timestamp : datetime.datetime or None
        UTC, without a zone, as nbgrader keeps it.
    note : str or None
        Why a timestamp was not believed.
    """
    folder, _ = assignment.submission(student)
    known = collected_timestamp(assignment, student)
    file = folder / "timestamp.txt" if folder else None
    if file is None or not file.is_file() or file.is_symlink() or file.stat().st_size > 1000:
        return known, None
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    zone, set_by = course_zone(assignment.course)
    try:
        claimed = parse_time(text, zone if set_by else None) if text else None
    except NoTime as problem:
        return known, (
            f"timestamp.txt says {text[:40]!r}, {problem}: it was ignored. Write it like 2025-01-30 15:00:00+01:00; formgrader "
            "may stumble over it, or take it for another time."
        )
    if known is not None:
        note = None if claimed == known else f"timestamp.txt says {text[:40]!r}; the collector's time counts."
        return known, note
    if claimed is not None and claimed > datetime.now(UTC).replace(tzinfo=None):
        return None, f"timestamp.txt says {text[:40]!r}, which is in the future: it was ignored."
    return claimed, None
