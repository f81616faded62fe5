"""Results into nbgrader's gradebook: one writer, backed up first, each student all or nothing.

Nothing here is a format of its own: the rows are nbgrader's, made through its classes, so that formgrader, ``nbgrader
export`` and manual grading find what ``nbgrader autograde`` would have left them.
"""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import os
import sysconfig
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import sqlalchemy.exc
from nbgrader import api, preprocessors, utils
from nbgrader.plugins import LateSubmissionPlugin

from grading.files import write_atomic
from grading.nbgrader.backups import PATIENCE, back_up, database_file, examine
from grading.nbgrader.cells import grade_id, role
from grading.nbgrader.changes import changed_work, read_notebook, tasks
from grading.nbgrader.course import CourseError
from grading.nbgrader.migrate import Migration, known_questions, questions
from grading.nbgrader.standing import Standing, seconds_late

if TYPE_CHECKING:
    from grading.model import Outcome
    from grading.nbgrader.assignment import Assignment
    from grading.nbgrader.roster import Roster, Student


class GradebookWriter(Standing):
    """The only one who writes results while a batch runs.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    prepare : bool
        Whether to bring the questions in the gradebook to those of the source: not needed by who only reads.

    Attributes
    ----------
    backup : pathlib.Path or None
        The copy that was made before the first change; None as long as nothing was changed.
    notes : list of str
        What became of questions that have changed.

    Examples
    --------
    ::

        with GradebookWriter(course.assignment("week01_knn")) as writer:
            writer.write("ada", outcomes)
    """

    def __init__(self, assignment: Assignment, prepare: bool = True) -> None:
        self.assignment, self.course = assignment, assignment.course
        self._wants_preparing = prepare
        self.backup: Path | None = None
        self.notes: list[str] = []
        self._protected = False
        url = assignment.course.db_url
        if database_file(url) is not None and "timeout=" not in url:
            url += ("&" if "?" in url else "?") + f"timeout={PATIENCE}"
        self._url = url

    def __enter__(self) -> Self:
        file = database_file(self.course.db_url)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._protected = not file.exists()  # nothing to protect
        examine(self.course)
        try:
            with _alembic_in_reach():
                self._book = api.Gradebook(self._url, self.course.directory.course_id or "default_course")
            if self._wants_preparing:
                self._prepare()
        except sqlalchemy.exc.DatabaseError as problem:
            if "locked" in str(problem.orig):
                way = "Another program is writing to it: close it and run the same command again"
            else:
                way = "If nbgrader was upgraded recently, run `nbgrader db upgrade`"
            raise CourseError(f"The gradebook {self.course.db_url} cannot be used: {problem.orig}. {way}.") from problem
        return self

    def __exit__(self, *error: object) -> None:
        self._book.close()

    def _protect(self):
        """Copy the gradebook, once, before the first change: a run that changes nothing makes no copy."""
        if not self._protected:
            self.backup = back_up(self.assignment)
            self._protected = True

    def _prepare(self):
        """Make sure that the gradebook knows the assignment as its source has it."""
        book = self._book
        notebooks = {name: self.assignment.instructor_notebook(name) for name in self.assignment.notebook_names}
        wanted = {name: questions(notebook) for name, notebook in notebooks.items()}
        try:
            assignment = book.find_assignment(self.assignment.name)
        except api.MissingEntry:
            self._protect()
            assignment = book.update_or_create_assignment(self.assignment.name)
        known = {notebook.name: set(known_questions(notebook)) for notebook in assignment.notebooks}
        if known != {name: set(cells) for name, cells in wanted.items()}:
            self._protect()
            self._save(assignment, notebooks, wanted, known)
        self._flag_tasks(notebooks)

    def _save(self, assignment, notebooks, wanted, known):
        """Write the questions of the source into the gradebook; grades stay with the questions that are still there."""
        book, course = self._book, self.course
        if assignment.submissions:
            migration = Migration(book, assignment, wanted, self.assignment.reports_folder)
            try:
                migration.run()
                book.db.commit()
            except BaseException:
                book.db.rollback()
                raise
            self.notes += migration.notes
        else:
            for name in known.keys() - wanted.keys():
                book.remove_notebook(name, self.assignment.name)
        for name, notebook in notebooks.items():
            if known.get(name) != set(wanted[name]):
                step = preprocessors.SaveCells(config=course.config)
                step.log.setLevel(logging.ERROR)
                resources = {"nbgrader": {"notebook": name, "assignment": self.assignment.name, "db_url": self._url}}
                step.preprocess(copy.deepcopy(notebook), resources)
        book.db.expire_all()

    def _flag_tasks(self, notebooks):
        """Let grades by hand wait for a person where the text of the task has changed, which the gradebook does not keep."""
        path = self.assignment.reports_folder / "tasks.json"
        now = {name: tasks(notebook) for name, notebook in notebooks.items()}
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # a file that is not whole is like none: nothing to compare with
            before = {}
        if before == now:
            return
        for row in (row for one in self._book.find_assignment(self.assignment.name).submissions for row in one.notebooks):
            old = before.get(row.name, {})
            for grade in row.grades:
                changed = old.get(grade.name, now[row.name].get(grade.name)) != now[row.name].get(grade.name)
                if changed and grade.manual_score is not None and not grade.needs_manual_grade:
                    self._protect()
                    grade.needs_manual_grade = True
        self._book.db.commit()
        write_atomic(path, json.dumps(now, indent=1) + "\n")

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
            If the gradebook stays locked for a minute, or cannot be written.
        """
        self._all_or_nothing(lambda: self._write(student, outcomes, timestamp), f"The result of {student}")

    def _all_or_nothing(self, change, what):
        """Make a change that commits by itself; wait where another program is writing."""
        self._protect()
        for attempt in range(3):
            try:
                return change()
            except sqlalchemy.exc.DatabaseError as problem:
                self._book.db.rollback()
                locked = "locked" in str(problem.orig)
                if not locked or attempt == 2:
                    way = (
                        "Does another program hold the gradebook? Close it and run the same command again: it goes on."
                        if locked
                        else "Run the same command again when this is mended: it goes on."
                    )
                    raise CourseError(f"{what} cannot be written: {problem.orig}. {way}") from problem
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
        assignment = book.find_assignment(self.assignment.name)
        try:
            submission = book.find_submission(self.assignment.name, student)
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
        for notebook, penalty in self._penalty(submission, timestamp).items():
            notebook.late_submission_penalty = penalty
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
            auto: float | None
            if nothing:
                auto = 0.0
            elif cell.name in scores:
                auto = float(scores[cell.name].score)
            else:
                auto = None if cell.name in outcome.waiting else self._untouched(cells.get(cell.name))
            by_hand = grade.manual_score is not None
            # Flags that wait for a person go on waiting; a grade by hand is asked for again only where something has changed.
            grade.needs_manual_grade = (
                (grade.needs_manual_grade or (auto is not None and auto != grade.auto_score)) if by_hand else auto is None
            )
            grade.auto_score = auto
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
            no_answer = no_answer and cell.name not in outcome.waiting
            comment.auto_comment = "No response." if no_answer else None

    def mark_changed(self, student: str, outcomes: Sequence[Outcome]) -> None:
        """Let grades by hand wait for a person where the work that they were given for has changed.

        To be called while the notebooks that the person saw are still in ``autograded``: after that nobody could tell.

        Parameters
        ----------
        student : str
        outcomes : list of grading.model.Outcome
            What is about to be written.
        """
        try:
            submission = self._book.find_submission(self.assignment.name, student)
        except api.MissingEntry:
            return
        results = {outcome.name: outcome.notebook for outcome in outcomes}
        stale = []
        for row in submission.notebooks:
            graded = [grade for grade in row.grades if grade.manual_score is not None and not grade.needs_manual_grade]
            if graded and row.name in results:
                path = self.assignment.autograded_folder(student) / f"{row.name}.ipynb"
                changed = changed_work(read_notebook(path), results[row.name])
                stale += [grade for grade in graded if changed is None or grade.name in changed]

        def flag():
            for grade in stale:
                grade.needs_manual_grade = True
            self._book.db.commit()

        if stale:
            self._all_or_nothing(flag, f"What waits of {student}")

    def refresh(self, student: str, timestamp: datetime | None) -> bool:
        """Count lateness anew: due date, extension, time and rule may have changed since the student was graded.

        Returns
        -------
        bool
            Whether anything came out differently.
        """
        submission = self._all().get(student) or self._book.find_submission(self.assignment.name, student)

        def change():
            submission.timestamp = timestamp
            for notebook, penalty in self._penalty(submission, timestamp).items():
                notebook.late_submission_penalty = penalty
            self._book.db.commit()

        same = all(notebook.late_submission_penalty == new for notebook, new in self._penalty(submission, timestamp).items())
        if same and submission.timestamp == timestamp:
            return False
        self._all_or_nothing(change, f"The lateness of {student}")
        return True

    def enrol(self, students: Iterable[Student]) -> None:
        """Write names and addresses into the gradebook; what is not known stays as it is there.

        Parameters
        ----------
        students : list of grading.nbgrader.roster.Student
        """
        rows = {row.id: row for row in self._book.students}
        changes = {}
        for student in students:
            row = rows.get(student.id)
            new = {"first_name": student.first_name, "last_name": student.last_name, "email": student.email}
            new["lms_user_id"] = next(iter(student.lms_user_id), "")
            new = {name: value for name, value in new.items() if value and (row is None or getattr(row, name) != value)}
            for name in ("first_name", "last_name") if student.name else ():  # formgrader shows a name if both are there
                if name not in new and (row is None or getattr(row, name) is None):
                    new[name] = ""
            if row is None or new:
                changes[student.id] = new

        def change():
            for identity, new in changes.items():
                row = self._book.db.get(api.Student, identity) or api.Student(id=identity)
                self._book.db.add(row)
                for name, value in new.items():
                    setattr(row, name, value)
            self._book.db.commit()

        if changes:
            self._all_or_nothing(change, "The list of students")

    @staticmethod
    def _untouched(cell):
        """Give 0.0 for an answer that is still the stub, None for one that a person has to look at."""
        if cell is None or role(cell) == "task":
            return None
        return 0.0 if cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) else None

    def _penalty(self, submission, timestamp):
        """How many points lateness costs by the course's plugin: notebook -> points or None."""
        config = self.course.config
        step = preprocessors.AssignLatePenalties(config=config)
        plugin = step.plugin_class(config=config) if step.plugin_class else LateSubmissionPlugin(config=config)
        late = seconds_late(submission, timestamp)
        penalties = dict.fromkeys(submission.notebooks)
        for notebook in submission.notebooks if late > 0 else ():
            self._book.db.refresh(notebook, ["score"])
            penalty = plugin.late_submission_penalty(submission.student_id, notebook.score, late)
            if penalty is not None:
                penalties[notebook] = min(max(penalty, 0), notebook.score)
        return penalties


@contextlib.contextmanager
def _alembic_in_reach():
    """Let nbgrader find the command ``alembic``, which it calls by its bare name to make a new gradebook."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), path])
    try:
        yield
    finally:
        os.environ["PATH"] = path


def enrol(assignment: Assignment, roster: Roster) -> None:
    """Write a roster into the gradebook, where formgrader and ``nbgrader export`` find the names."""
    with GradebookWriter(assignment, prepare=False) as writer:
        writer.enrol(roster.students)
