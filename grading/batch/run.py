"""Grading a batch: the order of work for one student, and many students side by side.

For one notebook: intake, then cell by cell (see `grading.batch.notebook`). What a student wrote, and the cells given with it,
run in the student's confined process; the instructor's version of given and test cells runs in the checker, which sees the
student's names as proxies. The parent process is the only writer of the gradebook, and notes each finished student on disk, so
that whatever stops a batch costs the students only that were being worked on.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from grading.batch import people
from grading.batch.autograded import tidy, write_autograded
from grading.batch.notebook import listed
from grading.batch.provenance import version as graded_with
from grading.batch.provenance import what_changed
from grading.batch.records import RECORD_VERSION, Records, Result, summary
from grading.batch.reference import REFERENCE, check_reference
from grading.batch.submission import grade_student
from grading.nbgrader.course import CourseError
from grading.nbgrader.gradebook import GradebookWriter
from grading.nbgrader.roster import course_roster
from grading.submissions.files import fingerprint
from grading.submissions.times import read_timestamp

if TYPE_CHECKING:
    from grading.batch.submission import Checkers, Sessions
    from grading.model import Limits
    from grading.nbgrader.assignment import Assignment

    OpenEngine = Callable[[Assignment, Limits, int], AbstractContextManager[tuple[Sessions, Checkers]]]
    Progress = Callable[[int, int, Result | None], None]

_NO_ID = re.compile(r'[<>"&\x00-\x1f\x7f-\x9f]')  # formgrader puts ids into its pages as they are


@dataclass
class Batch:
    """What a run came to.

    Attributes
    ----------
    results : list of Result
        Of all students, those included that were graded before.
    graded : int
        How many were graded this time.
    missing : list of str
        Students without a row, and why.
    notes : list of str
        What concerns the whole batch.
    backup : pathlib.Path or None
        The copy of the gradebook, where anything was changed in it.
    seconds : float
    absent : list of str
        Who handed in nothing, where it is known who takes the course: id, and name in brackets.
    names : dict of str to str
        Id -> first and last name, as far as the gradebook knows them.
    waits : dict of str to list of (str, str)
        Id -> notebook and grade_id of each answer that waits for a person.
    submissions : dict of str to dict of str to str
        Id -> notebook -> formgrader's name of it.
    """

    results: list[Result]
    graded: int
    missing: list[str]
    notes: list[str]
    backup: Path | None
    seconds: float
    absent: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    waits: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    submissions: dict[str, dict[str, str]] = field(default_factory=dict)


def run_batch(
    assignment: Assignment,
    *,
    limits: Limits,
    jobs: int,
    open_engine: OpenEngine,
    students: Iterable[str] | None = None,
    force: bool = False,
    reference: bool = True,
    progress: Progress | None = None,
) -> Batch:
    """Grade all submissions of an assignment.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    limits : grading.model.Limits
    jobs : int
        How many students at a time.
    open_engine : callable
        ``open_engine(assignment, limits, jobs)`` is a context manager that gives ``(sessions, checkers)`` as
        :func:`grade_student` wants them; see :func:`grading.batch.engine.open_engine`.
    students : list of str, optional
        Folder names or ids; all by default.
    force : bool
        Grade those again, too, whose submission has not changed since.
    reference : bool
        Whether to grade the reference solution first, to see that the questions can be graded at all.
    progress : callable, optional
        Called with ``(done, total, result)`` when a student is finished; ``result`` is None at the beginning.

    Returns
    -------
    Batch
    """
    begin, course = time.monotonic(), assignment.course
    everyone = assignment.students()
    wanted = everyone
    if students:
        known = {course.student_id(name): name for name in everyone} | {name: name for name in everyone}
        unknown = [name for name in students if name not in known]
        if unknown:
            raise CourseError(
                f"No submission of {assignment} by {', '.join(unknown)} in {course.directory.submitted_directory!r}."
            )
        wanted = sorted({known[name] for name in students})
    refused = [name for name in wanted if _NO_ID.search(course.student_id(name))]
    wanted = [name for name in wanted if name not in refused]
    folder = assignment.reports_folder
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise CourseError(f"Another `grade run {assignment}` is at work in this course: wait for it, or stop it first.") from None
    try:
        records, notes, missing = Records(assignment), list(assignment.warnings()), []
        version = graded_with(assignment, limits, RECORD_VERSION)
        roster = course_roster(course)
        notes += people.about_folders(course, everyone, roster)
        tidy(assignment)
        with GradebookWriter(assignment) as writer:
            notes += writer.notes
            if roster is not None:
                writer.enrol(roster.students)
            else:
                writer.enrol(people.as_collected(assignment, everyone, writer.names()))
            todo: list[tuple[str, str]] = []
            again: Counter[str] = Counter()
            done_before = []
            for student in wanted:
                mark = fingerprint(assignment, student)
                record = None if force else records.read(course.student_id(student))
                if (
                    record is None
                    or (record.submitted, record.version) != (mark, version)
                    or not _complete(assignment, student, writer)
                ):
                    todo.append((student, mark))
                    if record is not None and record.submitted == mark:
                        again.update(what_changed(record.version, version))
                else:
                    done_before.append(student)
            late = [course.student_id(student) for student in done_before if _refresh(assignment, student, writer)]
            if progress:
                progress(len(wanted) - len(todo), len(wanted), None)
            if todo:
                with open_engine(assignment, limits, min(jobs, len(todo) + reference)) as (sessions, checkers):

                    def work(task):
                        if task[0] is REFERENCE:
                            return check_reference(assignment, sessions, checkers, limits)
                        return grade_student(assignment, task[0], sessions, checkers, limits)

                    done = len(wanted) - len(todo)
                    for (student, mark), outcomes, problem in _side_by_side([(REFERENCE, None)] * reference + todo, jobs, work):
                        if student is REFERENCE:
                            notes += (
                                outcomes
                                if problem is None
                                else [f"The reference solution could not be graded: {type(problem).__name__}: {problem}"]
                            )
                            continue
                        if problem is not None:
                            missing.append(f"{course.student_id(student)}: {type(problem).__name__}: {problem}")
                            result = None
                        else:
                            result = _finish(assignment, student, outcomes, writer, records, mark, version)
                        done += 1
                        if progress:
                            progress(done, len(wanted), result)
            notes += [f"Graded again, since {what} changed: {count}." for what, count in again.items()]
            notes += [f"Lateness was counted anew for {listed(late)}."] if late else []
            notes += writer.overruled()
            names, waits, submissions = writer.names(), writer.waits(), writer.submissions()
            absent = people.absent(names, {course.student_id(name) for name in everyone}, roster)
            lateness = people.lateness(assignment, writer)
            backup = writer.backup
        results = [result for name in everyone if (result := records.read(course.student_id(name)))]
        for result in results:  # not in the notes on disk: due dates change
            result.reasons += [lateness[result.student]] if result.student in lateness else []
        graded = len(todo) - len(missing)
        missing += [
            f"{name!r}: formgrader would take a part of this name for HTML. Rename the folder in "
            f'{course.directory.submitted_directory!r} (without < > " & and control characters), and run this again'
            for name in refused
        ]
        return Batch(results, graded, missing, notes, backup, time.monotonic() - begin, absent, names, waits, submissions)
    finally:
        lock.release()


def _refresh(assignment, student, writer):
    """Count the lateness of a student anew who need not be graded again; say whether that changed anything."""
    timestamp, _ = read_timestamp(assignment, student)
    return writer.refresh(assignment.course.student_id(student), timestamp)


def _complete(assignment, student, writer):
    """Whether all that a graded student should have is there."""
    folder = assignment.autograded_folder(student)
    notebooks = all((folder / f"{name}.ipynb").is_file() for name in assignment.notebook_names)
    return notebooks and writer.has(assignment.course.student_id(student))


def _finish(assignment, student, outcomes, writer, records, mark, version):
    """Write a finished student: notebooks, then the gradebook, then the note that says that both are there."""
    identity = assignment.course.student_id(student)
    if records.submitted(identity) != mark:
        writer.mark_changed(identity, outcomes)
    records.forget(identity)
    timestamp, note = read_timestamp(assignment, student)
    if note:
        outcomes[0].reasons.append(note)
        if outcomes[0].status == "ok":
            outcomes[0].status = "repaired"
    write_autograded(assignment, student, outcomes)
    writer.write(identity, outcomes, timestamp)
    result = summary(identity, outcomes, mark, version)
    records.write(result)
    return result


def _side_by_side(tasks, jobs, work):
    """Do the tasks, some at a time; yield (task, value, exception) as they come.

    When the receiver stops (an error, Ctrl-C), no new task is begun.
    """
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    ready: queue.SimpleQueue[tuple[Any, Any, Exception | None]] = queue.SimpleQueue()
    stop = threading.Event()
    for task in tasks:
        waiting.put(task)

    def worker():
        while not stop.is_set():
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                ready.put((task, work(task), None))
            except Exception as problem:  # one student's trouble must not stop the others; it is reported
                ready.put((task, None, problem))

    threads = [threading.Thread(target=worker, daemon=True) for _ in range(max(1, min(jobs, len(tasks))))]
    for thread in threads:
        thread.start()
    try:
        for _ in tasks:
            yield ready.get()
    finally:
        stop.set()
