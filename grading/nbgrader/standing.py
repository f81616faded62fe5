"""What the gradebook says of an assignment, the grades that people gave included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nbgrader import api
from sqlalchemy.orm import selectinload

if TYPE_CHECKING:
    from grading.nbgrader.assignment import Assignment


def seconds_late(submission: api.SubmittedAssignment, timestamp: datetime | None) -> float:
    """How late something came; nbgrader's own count stops at an extension without a due date."""
    due = submission.assignment.duedate
    return (timestamp - due - (submission.extension or timedelta())).total_seconds() if timestamp and due else 0


def _some(parts: Iterable[str]) -> str:
    parts = list(parts)
    return ", ".join(parts[:6]) + (f" and {len(parts) - 6} more" if len(parts) > 6 else "")


class Standing:
    """Reads the rows of one assignment.

    Attributes
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    """

    assignment: Assignment
    _book: Any  # nbgrader.api.Gradebook
    _rows: dict[str, Any] | None = None  # of all students, read at once: a query for each would take a class ten seconds

    def _all(self, fresh=False):
        """Id -> submission of all students; `fresh` reads again what formgrader may have changed meanwhile."""
        if self._rows is None or fresh:
            grades = selectinload(api.SubmittedAssignment.notebooks).selectinload(api.SubmittedNotebook.grades)
            query = (
                self._book.db.query(api.SubmittedAssignment)
                .join(api.Assignment)
                .filter(api.Assignment.name == self.assignment.name)
                .options(grades.joinedload(api.Grade.cell), grades.undefer(api.Grade.max_score))
                .populate_existing()
            )
            self._rows = {row.student_id: row for row in query}
        return self._rows

    def has(self, student: str) -> bool:
        """Whether a student has a row with all its grades."""
        submission = self._all().get(student)
        if submission is None:
            return False
        wanted = {
            notebook.name: {cell.id for cell in [*notebook.grade_cells, *notebook.task_cells]}
            for notebook in submission.assignment.notebooks
        }
        return {notebook.name: {grade.cell_id for grade in notebook.grades} for notebook in submission.notebooks} == wanted

    def students(self) -> list[str]:
        """Ids of all students in the gradebook, sorted."""
        return sorted(student.id for student in self._book.students)

    def names(self) -> dict[str, str]:
        """Id -> first and last name of all students, as far as they are known."""
        return {row.id: f"{row.first_name or ''} {row.last_name or ''}".strip() for row in self._book.students}

    def lateness(self) -> dict[str, float]:
        """Id -> seconds after the due date, extensions included, of who was late."""
        late = {student: seconds_late(row, row.timestamp) for student, row in self._all(fresh=True).items()}
        return {student: seconds for student, seconds in late.items() if seconds > 0}

    def waits(self) -> dict[str, list[tuple[str, str]]]:
        """Id -> notebook and grade_id of each answer that waits for a person."""
        found = {
            student: [
                (notebook.name, grade.name) for notebook in row.notebooks for grade in notebook.grades if grade.needs_manual_grade
            ]
            for student, row in self._all(fresh=True).items()
        }
        return {student: places for student, places in found.items() if places}

    def submissions(self) -> dict[str, dict[str, str]]:
        """Id -> notebook -> what formgrader calls the submission of it."""
        return {student: {one.name: one.id for one in row.notebooks} for student, row in self._all().items()}

    def overruled(self) -> list[str]:
        """Say which grades by hand count though the automatic one, or the most that there is, is another by now.

        Returns
        -------
        list of str
            One line for each question. A person who has looked again, in formgrader, has settled it.
        """
        beaten, above = defaultdict(list), defaultdict(list)
        for student, submission in self._all(fresh=True).items():
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    if grade.manual_score is None:
                        continue
                    if grade.manual_score > grade.max_score:
                        above[notebook.name, grade.name, grade.max_score].append((student, grade))
                    elif grade.needs_manual_grade and grade.auto_score not in (None, grade.manual_score):
                        beaten[notebook.name, grade.name].append((student, grade))
        lines = [
            f"{name}: a grade by hand counts, and not the automatic one: "
            + _some(
                f"{who} ({grade.manual_score:g} by hand, {grade.auto_score:g} automatic)"
                for who, grade in sorted(ones, key=lambda pair: pair[0])
            )
            for (_, name), ones in sorted(beaten.items())
        ]
        lines += [
            f"{name} is worth {most:g}, and a grade by hand is above that: "
            + _some(f"{who} ({grade.manual_score:g})" for who, grade in sorted(ones, key=lambda pair: pair[0]))
            for (_, name, most), ones in sorted(above.items())
        ]
        return lines

    def results(self, student: str) -> dict[str, dict[str, Any]] | None:
        """Read a student's scores as they stand now, a person's included.

        Returns
        -------
        dict or None
            ``notebooks``: name -> ``score``, ``max_score``, ``penalty``, ``grades`` (grade_id -> dict of ``score``, ``points``,
            ``auto``, ``manual``, ``needs_manual_grade``, ``extra``) and ``comments`` (grade_id -> text or None).
        """
        try:
            submission = self._book.find_submission(self.assignment.name, student)
        except api.MissingEntry:
            return None
        found = {}
        for notebook in submission.notebooks:
            found[notebook.name] = {
                "score": notebook.score,
                "max_score": notebook.max_score,
                "penalty": notebook.late_submission_penalty or 0.0,
                "grades": {
                    grade.name: {
                        "score": grade.score,
                        "points": grade.max_score,
                        "auto": grade.auto_score,
                        "manual": grade.manual_score,
                        "extra": grade.extra_credit,
                        "needs_manual_grade": grade.needs_manual_grade,
                    }
                    for grade in notebook.grades
                },
                "comments": {comment.name: comment.comment for comment in notebook.comments},
            }
        return {"notebooks": found}
