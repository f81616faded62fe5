"""Who takes part, as far as the folders, the roster, the collector and the gradebook tell: what a batch says of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading.batch.notebook import listed
from grading.nbgrader.roster import as_student, twins_said
from grading.submissions.collect import collected_notes

if TYPE_CHECKING:
    from grading.nbgrader.assignment import Assignment
    from grading.nbgrader.course import Course
    from grading.nbgrader.roster import Roster, Student
    from grading.nbgrader.standing import Standing


def about_folders(course: Course, everyone: list[str], roster: Roster | None) -> list[str]:
    """What an instructor should know about the names of the folders."""
    base = course.directory.submitted_directory
    notes = [f"{name!r} in {base!r} begins with a dot, and is taken for nobody's: rename it." for name in course.hidden_folders()]
    notes += [f"In {base!r}, {line}." for line in twins_said(everyone)]
    if roster is not None and (strangers := sorted({course.student_id(name) for name in everyone} - set(roster.ids()))):
        notes.append(f"Not in {roster.path.name}, but in {base!r}: {listed(strangers)}.")
    return notes


def as_collected(assignment: Assignment, everyone: list[str], names: dict[str, str]) -> list[Student]:
    """Names of students as the platform wrote them, for those of whom the gradebook has none."""
    present = {assignment.course.student_id(name) for name in everyone}
    found = {who: note.get("name") for who, note in collected_notes(assignment).items() if who in present}
    return [as_student(who, name) for who, name in found.items() if name and not names.get(who)]


def called(who: str, names: dict[str, str]) -> str:
    """A student's id, and the name in brackets where it is known.

    Examples
    --------
    >>> called("ada", {"ada": "Ada Lovelace"}), called("ben", {"ben": ""})
    ('ada (Ada Lovelace)', 'ben')
    """
    return f"{who} ({names[who]})" if names.get(who) else who


def absent(names: dict[str, str], present: set[str], roster: Roster | None) -> list[str]:
    """Who handed in nothing: of the roster where there is one, else of the students that the gradebook knows."""
    expected = roster.ids() if roster is not None else sorted(names)
    return [called(who, names) for who in expected if who not in present]


def lateness(assignment: Assignment, standing: Standing) -> dict[str, str]:
    """Say of who was late by how much, or that the platform says so without a time."""
    late = {
        who: "Late, as the platform says; by how much is not known, so that no points were taken off for it."
        for who, note in collected_notes(assignment).items()
        if note.get("late")
    }
    for who, seconds in standing.lateness().items():
        hours, minutes = divmod(int(seconds) // 60, 60)
        parts = (hours // 24, "d"), (hours % 24, "h"), (minutes, "min")
        late[who] = f"Late by {' '.join(f'{number} {unit}' for number, unit in parts if number) or 'less than a minute'}."
    return late
