"""Results into nbgrader's gradebook: one writer, backed up first, each student all or nothing.

Nothing here is a format of its own: the rows are nbgrader's, made through its classes, so that formgrader, ``nbgrader
export`` and manual grading find what ``nbgrader autograde`` would have left them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import sysconfig
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy.exc
from nbgrader import api, preprocessors, utils
from nbgrader.plugins import LateSubmissionPlugin
from sqlalchemy.engine import make_url

from grading.course import CourseError, grade_id, role
from grading.files import safe_name

if TYPE_CHECKING:
    from grading.course import Course
    from grading.model import Outcome

BACKUPS = 10  # older ones are deleted
_PATIENCE = 60  # seconds to wait for another program that is writing


def database_file(db_url: str) -> Path | None:
    """Where a gradebook lies, or None where it is not a file."""
    url = make_url(db_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:") else None


def back_up(course: Course, assignment: str) -> Path | None:
    """Copy the gradebook before a batch is written to it.

    Parameters
    ----------
    course : grading.course.Course
    assignment : str

    Returns
    -------
    pathlib.Path or None
        The copy, ``gradebook-backups/gradebook-DATE-ASSIGNMENT.db`` beside the gradebook; None if there is no gradebook yet, or
        it is on a server and not in a file.
    """
    file = database_file(course.db_url)
    if file is None or not file.exists():
        return None
    folder = file.parent / "gradebook-backups"
    folder.mkdir(exist_ok=True)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    target = folder / f"{file.stem}-{stamp}-{safe_name(assignment)}.db"
    draft = target.with_suffix(".part")
    # SQLite's own copying: right even while formgrader is writing.
    with (
        contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=_PATIENCE)) as old,
        contextlib.closing(sqlite3.connect(draft)) as new,
    ):
        old.backup(new)
    os.replace(draft, target)
    for old_one in sorted(folder.glob(f"{file.stem}-*.db"))[:-BACKUPS]:
        old_one.unlink()
    return target


class GradebookWriter:
    """The only one who writes results while a batch runs.

    Parameters
    ----------
    course : grading.course.Course
    assignment : str

    Examples
    --------
    ::

        with GradebookWriter(course, "week01_knn") as writer:
            writer.write("ada", outcomes)
    """

    def __init__(self, course: Course, assignment: str) -> None:
        self.course, self.assignment = course, assignment
        url = course.db_url
        if database_file(url) is not None and "timeout=" not in url:
            url += ("&" if "?" in url else "?") + f"timeout={_PATIENCE}"
        self._url = url

    def __enter__(self) -> Self:
        file = database_file(self.course.db_url)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _alembic_in_reach():
                self._book = api.Gradebook(self._url, self.course.directory.course_id or "default_course")
            self._prepare()
        except sqlalchemy.exc.OperationalError as problem:
            raise CourseError(
                f"The gradebook {self.course.db_url} cannot be used: {problem.orig}. If nbgrader was upgraded "
                "recently, run `nbgrader db upgrade`."
            ) from problem
        return self

    def __exit__(self, *error: object) -> None:
        self._book.close()

    def _prepare(self):
        """Make sure that the gradebook knows the assignment as its source has it."""
        book, course = self._book, self.course
        try:
            assignment = book.find_assignment(self.assignment)
        except api.MissingEntry:
            assignment = book.update_or_create_assignment(self.assignment)
        names = course.source_notebooks(self.assignment)
        gone = {notebook.name for notebook in assignment.notebooks} - set(names)
        if gone and assignment.submissions:
            raise CourseError(
                f"The gradebook has results for {', '.join(sorted(gone))} of {self.assignment}, which "
                "has no source any more: put it back, or remove it with `nbgrader db assignment remove`."
            )
        for name in gone:
            book.remove_notebook(name, self.assignment)
        for name in names:
            notebook = course.instructor_notebook(self.assignment, name)
            if self._differs(name, notebook):
                step = preprocessors.SaveCells(config=course.config)
                step.log.setLevel(logging.ERROR)
                resources = {"nbgrader": {"notebook": name, "assignment": self.assignment, "db_url": self._url}}
                try:
                    step.preprocess(notebook, resources)
                except RuntimeError as problem:
                    raise CourseError(
                        f"The questions of {self.assignment}/{name} are not those that students were graded on before: "
                        f"{problem}. "
                        f"To start afresh, run `nbgrader db assignment remove {self.assignment} --force`."
                    ) from problem
        book.db.expire_all()

    def _differs(self, name, notebook):
        """Whether the gradebook's copy of a notebook is out of date."""
        try:
            known = self._book.find_notebook(name, self.assignment)
        except api.MissingEntry:
            return True
        points = {cell.name: cell.max_score for cell in [*known.grade_cells, *known.task_cells]}
        rows = {cell.name: (cell.cell_type, cell.locked, cell.source, points.get(cell.name)) for cell in known.source_cells}
        wanted = {}
        for cell in notebook.cells:
            if role(cell) != "free":
                own = cell.metadata.nbgrader
                worth = float(own["points"]) if role(cell) in ("test", "manual", "task") else None
                wanted[own["grade_id"]] = (cell.cell_type, utils.is_locked(cell), cell.source, worth)
        return rows != wanted

    # --- writing ---------------------------------------------------------------------------------------------------

    def write(self, student: str, outcomes: Sequence[Outcome], timestamp: datetime | None = None) -> None:
        """Write a student's result: all of it, or none.

        Scores and comments that a person gave stay as they are; what an earlier run of the grader left is replaced.

        Parameters
        ----------
        student : str
            The id.
        outcomes : list of grading.model.Outcome
            One for each notebook of the assignment.
        timestamp : datetime.datetime, optional
            When it was handed in (UTC, without a zone).

        Raises
        ------
        CourseError
            If the gradebook stays locked for a minute.
        """
        for attempt in range(3):
            try:
                self._write(student, outcomes, timestamp)
                return
            except sqlalchemy.exc.OperationalError as problem:
                self._book.db.rollback()
                if "locked" not in str(problem.orig) or attempt == 2:
                    raise CourseError(
                        f"The result of {student} cannot be written: {problem.orig}. Does another program hold "
                        "the gradebook? Close it and run the same command again: it goes on."
                    ) from problem
                time.sleep(1)
            except BaseException:
                self._book.db.rollback()
                raise

    def _write(self, student, outcomes, timestamp):
        book = self._book
        session = book.db
        # The rows are added by hand and not by add_student and add_submission, which commit on their own: half a student
        # could be left.
        if session.get(api.Student, student) is None:
            session.add(api.Student(id=student))
            session.flush()
        assignment = book.find_assignment(self.assignment)
        try:
            submission = book.find_submission(self.assignment, student)
        except api.MissingEntry:
            submission = api.SubmittedAssignment(assignment=assignment, student=session.get(api.Student, student))
            session.add(submission)
        submission.timestamp = timestamp
        rows = {notebook.notebook.name: notebook for notebook in submission.notebooks}
        results = {outcome.name: outcome for outcome in outcomes}
        for notebook in assignment.notebooks:
            row = rows.get(notebook.name)
            if row is None:
                row = api.SubmittedNotebook(notebook=notebook, assignment=submission)
                session.add(row)
                session.flush()
            self._fill(row, notebook, results[notebook.name])
        session.flush()
        self._penalty(submission)
        session.commit()

    def _fill(self, row, notebook, outcome):
        """Set every grade and comment of one notebook."""
        session = self._book.db
        scores = {score.grade_id: score for score in outcome.scores}
        cells = {name: cell for cell in outcome.notebook.cells if (name := grade_id(cell))}
        nothing = outcome.status == "ungradable"
        grades = {grade.cell_id: grade for grade in row.grades}
        for cell in [*notebook.grade_cells, *notebook.task_cells]:
            grade = grades.pop(cell.id, None)
            if grade is None:
                grade = api.Grade(cell_id=cell.id, notebook=row)
                session.add(grade)
            if nothing:
                auto = 0.0
            elif cell.name in scores:
                auto = float(scores[cell.name].score)
            else:
                auto = self._untouched(cells.get(cell.name))
            grade.auto_score = auto
            # As nbgrader: what a person graded before is to be looked at again.
            grade.needs_manual_grade = grade.manual_score is not None or auto is None
        for left in grades.values():
            session.delete(left)
        comments = {comment.cell_id: comment for comment in row.comments}
        for cell in [*notebook.solution_cells, *notebook.task_cells]:
            comment = comments.get(cell.id)
            if comment is None:
                comment = api.Comment(cell_id=cell.id, notebook=row)
                session.add(comment)
            found = cells.get(cell.name)
            no_answer = found is not None and role(found) != "task" and (nothing or self._untouched(found) is not None)
            comment.auto_comment = "No response." if no_answer else None

    @staticmethod
    def _untouched(cell):
        """Give 0.0 for an answer that is still the stub, None for one that a person has to look at."""
        if cell is None or role(cell) == "task":
            return None
        return 0.0 if cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) else None

    def _penalty(self, submission):
        """Take points for lateness as the course's plugin says."""
        config = self.course.config
        step = preprocessors.AssignLatePenalties(config=config)
        plugin = step.plugin_class(config=config) if step.plugin_class else LateSubmissionPlugin(config=config)
        session = self._book.db
        late = submission.total_seconds_late
        for notebook in submission.notebooks:
            notebook.late_submission_penalty = None
            if late > 0:
                session.refresh(notebook, ["score"])
                penalty = plugin.late_submission_penalty(submission.student.id, notebook.score, late)
                if penalty is not None:
                    notebook.late_submission_penalty = min(max(penalty, 0), notebook.score)

    # --- reading ---------------------------------------------------------------------------------------------------

    def has(self, student: str) -> bool:
        """Whether a student has a row with all its grades."""
        try:
            submission = self._book.find_submission(self.assignment, student)
        except api.MissingEntry:
            return False
        wanted = {
            notebook.name: {cell.id for cell in [*notebook.grade_cells, *notebook.task_cells]}
            for notebook in submission.assignment.notebooks
        }
        return {notebook.name: {grade.cell_id for grade in notebook.grades} for notebook in submission.notebooks} == wanted

    def students(self) -> list[str]:
        """Ids of all students in the gradebook, sorted."""
        return sorted(student.id for student in self._book.students)

    def set_name(self, student: str, first: str, last: str) -> None:
        """Write a student's name where none stands yet."""
        row = self._book.update_or_create_student(student)
        if not row.first_name and not row.last_name:
            row.first_name, row.last_name = first, last
            self._book.db.commit()

    def results(self, student: str) -> dict[str, dict[str, Any]] | None:
        """Read a student's scores as they stand now, a person's included.

        Returns
        -------
        dict or None
            ``notebooks``: name -> ``score``, ``max_score``, ``penalty``, ``grades`` (grade_id -> dict of ``score``, ``points``,
            ``auto``, ``manual``, ``needs_manual_grade``, ``extra``) and ``comments`` (grade_id -> text or None).
        """
        try:
            submission = self._book.find_submission(self.assignment, student)
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


@contextlib.contextmanager
def _alembic_in_reach():
    """Let nbgrader find the command ``alembic``, which it calls by its bare name to make a new gradebook."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), path])
    try:
        yield
    finally:
        os.environ["PATH"] = path


def read_timestamp(course: Course, assignment: str, student: str) -> tuple[datetime | None, str | None]:
    """Find out when a student handed in, as far as it can be believed.

    A note of the collector's (``grade collect``) counts before a file in the submission, which anybody can write.

    Parameters
    ----------
    course : grading.course.Course
    assignment, student : str

    Returns
    -------
    timestamp : datetime.datetime or None
        UTC, without a zone, as nbgrader keeps it.
    note : str or None
        Why a timestamp was not believed.
    """
    from grading.collect import collected_timestamp

    folder, _ = course.submission(student, assignment)
    known = collected_timestamp(course, assignment, student)
    file = folder / "timestamp.txt" if folder else None
    if file is None or not file.is_file() or file.is_symlink() or file.stat().st_size > 1000:
        return known, None
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    try:
        claimed = utils.parse_utc(re.sub(r"\s+", " ", text)) if text else None
    except (ValueError, OverflowError):
        return known, (
            f"timestamp.txt says {text[:40]!r}, which is no time: it was ignored. Correct it by hand; formgrader "
            "stumbles over it."
        )
    if known is not None:
        note = None if claimed == known else f"timestamp.txt says {text[:40]!r}; the collector's time counts."
        return known, note
    if claimed is not None and claimed > datetime.now(UTC).replace(tzinfo=None):
        return None, f"timestamp.txt says {text[:40]!r}, which is in the future: it was ignored."
    return claimed, None
