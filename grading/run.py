"""Grading a batch: the order of work for one student, and many students side by side.

For one notebook: intake, then cell by cell (see `grading.batch.notebook`). What a student wrote, and the cells given with it,
run in the student's confined process; the instructor's version of given and test cells runs in the checker, which sees the
student's names as proxies. The parent process is the only writer of the gradebook, and notes each finished student on disk, so
that whatever stops a batch costs the students only that were being worked on.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import nbformat
from nbgrader.utils import compute_checksum

from grading import people
from grading.batch.advice import advice
from grading.batch.notebook import grade_notebook, listed, ungradable
from grading.batch.provenance import version as graded_with
from grading.batch.provenance import what_changed
from grading.files import safe_name, write_atomic
from grading.intake import fingerprint, take_in
from grading.model import Intake, Outcome, not_passed
from grading.nbgrader.course import CourseError, grade_id, role
from grading.nbgrader.gradebook import GradebookWriter
from grading.roster import course_roster
from grading.times import read_timestamp

if TYPE_CHECKING:
    from _typeshed import StrPath

    from grading.checker.client import Checker
    from grading.model import Limits, Status
    from grading.nbgrader.course import Course
    from grading.sandbox.pool import Student

    # A context manager that gives a student's process: of a folder, files and environment.
    Sessions = Callable[[StrPath | None, Mapping[str, StrPath], Mapping[str, str]], AbstractContextManager[Student]]
    # A context manager that gives a checker which has begun on the notebook of this name.
    Checkers = Callable[[str], AbstractContextManager[Checker]]
    OpenEngine = Callable[[Course, str, Limits, int], AbstractContextManager[tuple[Sessions, Checkers]]]
    Progress = Callable[[int, int, "Result | None"], None]


RECORD_VERSION = 3  # of the notes on disk; others are not used, so that what an older grader wrote is written anew
REFERENCE = "(reference solution)"
PASSED_ON = ("COURSE_BUDGET", "KERAS_BACKEND", "TZ", "LANG", "LC_ALL")  # settings that a notebook may need
_ORDER = ("ok", "repaired", "partial", "ungradable")
_NO_ID = re.compile(r'[<>"&\x00-\x1f\x7f-\x9f]')  # formgrader puts ids into its pages as they are


# --- one student -----------------------------------------------------------------------------------------------------


def grade_student(
    course: Course, assignment: str, student: str, sessions: Sessions, checkers: Checkers, limits: Limits
) -> list[Outcome]:
    """Grade every notebook of one student.

    Parameters
    ----------
    course : grading.nbgrader.course.Course
    assignment, student : str
    sessions : callable
        ``sessions(folder, files, env)`` is a context manager that gives a student's process.
    checkers : callable
        ``checkers(name)`` is a context manager that gives a checker ready to begin on a notebook of the assignment.
    limits : grading.model.Limits

    Returns
    -------
    list of grading.model.Outcome
    """
    outcomes = []
    for name in course.source_notebooks(assignment):
        begin = time.monotonic()
        intake = take_in(course, assignment, student, name, limits=limits)
        if intake.problem:
            outcomes.append(ungradable(course, assignment, intake, time.monotonic() - begin))
            continue
        outcome = run_intake(course, assignment, intake, sessions, checkers, limits)
        outcome.seconds = time.monotonic() - begin
        outcomes.append(outcome)
    return outcomes


def run_intake(
    course: Course, assignment: str, intake: Intake, sessions: Sessions, checkers: Checkers, limits: Limits
) -> Outcome:
    """Give a notebook its two processes, and grade it."""
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env["NBGRADER_EXECUTION"] = "autograde"  # as nbgrader sets it
    with sessions(None, intake.files, env) as session, checkers(intake.name) as checker:
        return grade_notebook(course, assignment, intake, session, checker, limits)


# --- a batch ---------------------------------------------------------------------------------------------------------


@dataclass
class Result:
    """What is known about a student after grading: the row of the report.

    Attributes
    ----------
    student : str
    status : str
    score, points : float
        What the grader gave, and the most it could give (without cells that a person grades).
    seconds : float
    reasons : list of str
    questions : list of dict
        ``notebook`` and what :class:`grading.model.QuestionScore` has.
    manual : bool
        Whether a person has to grade something.
    submitted, version : str
        Fingerprints of what was handed in and of what it was graded by.
    """

    student: str
    status: Status
    score: float
    points: float
    seconds: float
    reasons: list[str] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    manual: bool = False
    submitted: str = ""
    version: str = ""


def summary(student: str, outcomes: Sequence[Outcome], submitted: str = "", version: str = "") -> Result:
    """Put the outcomes of a student's notebooks together."""
    several = len(outcomes) > 1
    questions = [{"notebook": outcome.name, **asdict(score)} for outcome in outcomes for score in outcome.scores]
    reasons = [f"{outcome.name}: {reason}" if several else reason for outcome in outcomes for reason in outcome.reasons]
    manual = any(
        outcome.status != "ungradable"
        and (role(cell) == "task" or role(cell) == "manual" and cell.metadata.nbgrader.get("checksum") != compute_checksum(cell))
        for outcome in outcomes
        for cell in outcome.notebook.cells
    )
    statuses = [outcome.status for outcome in outcomes]
    status = max(statuses, key=_ORDER.index)
    if status == "ungradable" and set(statuses) != {"ungradable"}:
        status = "partial"  # one of several notebooks is missing
    return Result(
        student,
        status,
        sum(score["score"] for score in questions),
        sum(score["points"] for score in questions),
        sum(outcome.seconds for outcome in outcomes),
        reasons,
        questions,
        manual,
        submitted,
        version,
    )


class Records:
    """Notes on disk about finished students: what makes a stopped batch go on where it was."""

    def __init__(self, course: Course, assignment: str) -> None:
        self._folder = course.reports_folder(assignment) / "students"

    def _path(self, student):
        return self._folder / f"{safe_name(student)}.json"

    def read(self, student: str) -> Result | None:
        """Read what is known about a student, or None."""
        try:
            content = json.loads(self._path(student).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as problem:
            raise CourseError(
                f"{self._path(student)} is damaged ({problem}): delete it, and the student is graded again."
            ) from None
        if content.pop("record", None) != RECORD_VERSION:
            return None
        return Result(**content)

    def submitted(self, student: str) -> str | None:
        """Read what was handed in when a student was graded last, also by an older grader; None if that is not known."""
        try:
            return json.loads(self._path(student).read_text(encoding="utf-8")).get("submitted")
        except (FileNotFoundError, ValueError):
            return None

    def write(self, result: Result) -> None:
        """Note a finished student."""
        write_atomic(self._path(result.student), json.dumps({"record": RECORD_VERSION, **asdict(result)}, indent=1) + "\n", 0o600)

    def forget(self, student: str) -> None:
        """Remove what is known about a student."""
        self._path(student).unlink(missing_ok=True)


def write_autograded(course: Course, assignment: str, student: str, outcomes: Iterable[Outcome]) -> None:
    """Write the graded notebooks and the files beside them where nbgrader looks for them.

    The folder appears whole: it is made beside the old one, and then takes its place.
    """
    target = course.autograded_folder(student, assignment)
    target.parent.mkdir(parents=True, exist_ok=True)
    shared = course.directory.groupshared
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{safe_name(assignment)}-"))
    try:
        os.chmod(draft, 0o2775 if shared else 0o755)
        mode = 0o664 if shared else 0o444
        folder, _ = course.submission(student, assignment)
        for outcome in outcomes:
            write_atomic(draft / f"{outcome.name}.ipynb", nbformat.writes(outcome.notebook, version=4) + "\n", mode)
        files = course.given_files(assignment)
        stamp = folder / "timestamp.txt" if folder else None
        if stamp is not None and stamp.is_file() and not stamp.is_symlink() and _own_and_short(stamp):
            files["timestamp.txt"] = stamp
        for name, path in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, draft / name)
            os.chmod(draft / name, mode)
        if target.exists():
            old = Path(tempfile.mkdtemp(dir=target.parent, prefix=".old-"))
            os.replace(target, old / "old")
            os.replace(draft, target)
            shutil.rmtree(old)
        else:
            os.replace(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _own_and_short(stamp):
    """Whether a file is short, and has no other name by which it may be somebody else's."""
    state = stamp.stat()
    return state.st_size < 1000 and state.st_nlink == 1


def _tidy(course, assignment):
    """Remove what a killed run left half written."""
    parent = course.autograded_folder("x", assignment).parent.parent
    for left in [*parent.glob(f"*/.{safe_name(assignment)}-*"), *parent.glob("*/.old-*")]:
        shutil.rmtree(left, ignore_errors=True)
    for draft in course.reports_folder(assignment).rglob(".new-*"):  # see `write_atomic`
        draft.unlink()


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
    """

    results: list[Result]
    graded: int
    missing: list[str]
    notes: list[str]
    backup: Path | None
    seconds: float
    absent: list[str] = field(default_factory=list)


def run_batch(
    course: Course,
    assignment: str,
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
    course : grading.nbgrader.course.Course
    assignment : str
    limits : grading.model.Limits
    jobs : int
        How many students at a time.
    open_engine : callable
        ``open_engine(course, assignment, limits, jobs)`` is a context manager that gives ``(sessions, checkers)`` as
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
    begin = time.monotonic()
    everyone = course.students(assignment)
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
    folder = course.reports_folder(assignment)
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise CourseError(f"Another `grade run {assignment}` is at work in this course: wait for it, or stop it first.") from None
    try:
        records, notes, missing = Records(course, assignment), list(course.warnings(assignment)), []
        version = graded_with(course, assignment, limits, RECORD_VERSION)
        roster = course_roster(course)
        notes += people.about_folders(course, everyone, roster)
        _tidy(course, assignment)
        with GradebookWriter(course, assignment) as writer:
            notes += writer.notes
            if roster is not None:
                writer.enrol(roster.students)
            else:
                writer.enrol(people.as_collected(course, assignment, everyone, writer.names()))
            todo: list[tuple[str, str]] = []
            again: Counter[str] = Counter()
            done_before = []
            for student in wanted:
                mark = fingerprint(course, assignment, student)
                record = None if force else records.read(course.student_id(student))
                if (
                    record is None
                    or (record.submitted, record.version) != (mark, version)
                    or not _complete(course, assignment, student, writer)
                ):
                    todo.append((student, mark))
                    if record is not None and record.submitted == mark:
                        again.update(what_changed(record.version, version))
                else:
                    done_before.append(student)
            late = [course.student_id(student) for student in done_before if _refresh(course, assignment, student, writer)]
            if progress:
                progress(len(wanted) - len(todo), len(wanted), None)
            if todo:
                with open_engine(course, assignment, limits, min(jobs, len(todo) + reference)) as (sessions, checkers):

                    def work(task):
                        if task[0] is REFERENCE:
                            return check_reference(course, assignment, sessions, checkers, limits)
                        return grade_student(course, assignment, task[0], sessions, checkers, limits)

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
                            result = _finish(course, assignment, student, outcomes, writer, records, mark, version)
                        done += 1
                        if progress:
                            progress(done, len(wanted), result)
            notes += [f"Graded again, since {what} changed: {count}." for what, count in again.items()]
            notes += [f"Lateness was counted anew for {listed(late)}."] if late else []
            notes += writer.overruled()
            absent = people.absent(writer.names(), {course.student_id(name) for name in everyone}, roster)
            lateness = people.lateness(course, assignment, writer)
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
        return Batch(results, graded, missing, notes, backup, time.monotonic() - begin, absent)
    finally:
        lock.release()


def _refresh(course, assignment, student, writer):
    """Count the lateness of a student anew who need not be graded again; say whether that changed anything."""
    timestamp, _ = read_timestamp(course, assignment, student)
    return writer.refresh(course.student_id(student), timestamp)


def _complete(course, assignment, student, writer):
    """Whether all that a graded student should have is there."""
    folder = course.autograded_folder(student, assignment)
    notebooks = all((folder / f"{name}.ipynb").is_file() for name in course.source_notebooks(assignment))
    return notebooks and writer.has(course.student_id(student))


def _finish(course, assignment, student, outcomes, writer, records, mark, version):
    """Write a finished student: notebooks, then the gradebook, then the note that says that both are there."""
    identity = course.student_id(student)
    if records.submitted(identity) != mark:
        writer.mark_changed(identity, outcomes)
    records.forget(identity)
    timestamp, note = read_timestamp(course, assignment, student)
    if note:
        outcomes[0].reasons.append(note)
        if outcomes[0].status == "ok":
            outcomes[0].status = "repaired"
    write_autograded(course, assignment, student, outcomes)
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


def check_reference(course: Course, assignment: str, sessions: Sessions, checkers: Checkers, limits: Limits) -> list[str]:
    """Grade the reference solution as if a student had handed it in.

    Returns
    -------
    list of str
        What it lost, each cell with the reason and what to do: where the instructor's own answer is not given full marks, no
        student's will be.
    """
    notes = []
    for name in course.source_notebooks(assignment):
        notebook = course.reference_notebook(assignment, name)
        released = {grade_id(cell): cell for cell in course.released_notebook(assignment, name).cells if grade_id(cell)}
        for cell in notebook.cells:  # the hidden tests stay out of the process that runs it
            if role(cell) in ("test", "locked", "task"):
                cell.source = released[grade_id(cell)].source
        intake = Intake(REFERENCE, notebook, course.given_files(assignment), name=name)
        outcome = run_intake(course, assignment, intake, sessions, checkers, limits)
        lost = [score for score in outcome.scores if not_passed(score.score, score.points, score.message)]
        if lost:
            notes.append(
                f"The reference solution of {name} loses {sum(s.points - s.score for s in lost):g} of its points, on "
                f"{', '.join(score.grade_id for score in lost)}: no student can get them."
            )
            tests = {grade_id(cell): cell.source for cell in course.instructor_notebook(assignment, name).cells}
            for score in lost:
                said = " ".join((score.message or "It gave no reason.").split())[:300]
                notes.append(f"{score.grade_id} says: {said} – {advice(score.message, tests[score.grade_id])}")
    return notes
