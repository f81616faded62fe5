"""Grading a batch: the order of work for one student, and many students side by side.

For one notebook: intake, then cell by cell. What a student wrote, and the cells given with it, run in the student's confined
process; the instructor's version of given and test cells runs in the checker, which sees the student's names as proxies. The
parent process is the only writer of the gradebook, and notes each finished student on disk, so that whatever stops a batch
costs the students only that were being worked on.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import os
import queue
import re
import shutil
import symtable
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import nbformat
from nbgrader.utils import compute_checksum

from grading.course import CourseError, grade_id, role
from grading.files import safe_name, write_atomic
from grading.gradebook import GradebookWriter, back_up, read_timestamp
from grading.intake import fingerprint, take_in
from grading.model import CellResult, Intake, Outcome, QuestionScore
from grading.sanitise import clean_outputs

if TYPE_CHECKING:
    from _typeshed import StrPath

    from grading.checker import Checker
    from grading.course import Course
    from grading.model import Limits, Status
    from grading.sandbox.pool import Student

    # A context manager that gives a student's process: of a folder, files and environment.
    Sessions = Callable[[StrPath | None, Mapping[str, StrPath], Mapping[str, str]], AbstractContextManager[Student]]
    # A context manager that gives a checker which has begun on the notebook of this name.
    Checkers = Callable[[str], AbstractContextManager[Checker]]
    OpenEngine = Callable[[Course, str, Limits, int], AbstractContextManager[tuple[Sessions, Checkers]]]
    Progress = Callable[[int, int, "Result | None"], None]


RECORD_VERSION = 2  # of the notes on disk; others are not used, so that what an older grader wrote is written anew
REFERENCE = "(reference solution)"
PASSED_ON = ("COURSE_BUDGET", "KERAS_BACKEND", "TZ", "LANG", "LC_ALL")  # settings that a notebook may need
_ORDER = ("ok", "repaired", "partial", "ungradable")
_NO_ID = re.compile(r'[<>"&\x00-\x1f\x7f-\x9f]')  # formgrader puts ids into its pages as they are


# --- one notebook ----------------------------------------------------------------------------------------------------


class _Student:
    """A student's session that comes back after a hard kill with what earlier cells had made."""

    def __init__(self, session: Student, limits: Limits, deadline: float) -> None:
        self._session, self._limits, self._deadline = session, limits, deadline
        self._done: list[str] = []  # sources that ran to an end, to be run again in a fresh process
        self._seen = session.restarted
        self.fresh = False  # whether the process is a new one in which nothing has run yet
        self.lost = 0  # how many processes had to be replaced

    def remaining(self) -> float:
        """Seconds left of the notebook's time."""
        return self._deadline - time.monotonic()

    def _notice(self) -> bool:
        """Whether the process was replaced since the last look."""
        replaced = self._session.restarted != self._seen
        if replaced:
            self._seen = self._session.restarted
            self.lost += 1
            self.fresh = True
        return replaced

    def recover(self) -> None:
        """Bring a fresh process to where the old one was; cells that kill it are left out from then on."""
        while self.fresh:
            self.fresh = False
            for source in list(self._done):
                if self.remaining() <= 0:
                    return
                result = self._session.run_cell(source, min(self._limits.cell_timeout, self.remaining()))
                if result.status in ("timeout", "killed"):
                    self._done.remove(source)
                if self._notice():
                    break

    def run(self, index: int, source: str) -> CellResult:
        """Run a cell; a cell for which no time is left is skipped."""
        self.recover()
        if self.remaining() <= 0:
            return CellResult(index, "skipped")
        result = self._session.run_cell(source, min(self._limits.cell_timeout, self.remaining()))
        result.index = index
        replaced = self._notice()
        if not replaced and result.status in ("ok", "error"):
            self._done.append(source)
        return result

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Pass a question of the checker's on; raises where there is no answer, which ends the test cell."""
        if self.fresh:  # it died of an earlier question of the same test
            raise RuntimeError("the process was ended by an earlier call")
        try:
            asked = {key: value for key, value in request.items() if key != "timeout"}
            return self._session.call(asked, min(request.get("timeout", self._limits.cell_timeout), max(self.remaining(), 0.1)))
        finally:
            self._notice()


def _names_made(source: str) -> set[str] | None:
    """Names that a cell makes at its top level."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    made: set[str] = set()
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                made.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                made.add(node.id)
            elif isinstance(node, ast.alias):
                made.add((node.asname or node.name).split(".")[0])
    return made


def _names_used(source: str) -> set[str] | None:
    """Global names that a cell refers to, or None where that cannot be told."""
    try:
        tables = [symtable.symtable(source, "cell", "exec")]
    except (SyntaxError, ValueError, RecursionError):
        return None
    used: set[str] = set()
    while tables:
        table = tables.pop()
        top = table.get_type() == "module"
        used.update(symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced() and (top or symbol.is_global()))
        tables += table.get_children()
    return used


_SHOWS = re.compile(r"\b(display|show|plots|plt|imshow)\b\s*[.(]")  # what is printed comes from the checker


def _is_seen(source, later):
    """Whether the visible part of a test has to run in the student's process, too: it shows a picture, or makes a name
    that a later cell uses there.
    """
    if _SHOWS.search(source):
        return True
    made = _names_made(source)
    if made is None:
        return True
    return any((used := _names_used(other)) is None or used & made for other in later)


def grade_notebook(
    course: Course, assignment: str, intake: Intake, session: Student, checker: Checker, limits: Limits
) -> Outcome:
    """Run one notebook that was taken in, and score it.

    Parameters
    ----------
    course : grading.course.Course
    assignment : str
    intake : grading.model.Intake
    session : object
        A student's process (``run_cell``, ``call``, ``restarted``).
    checker : grading.checker.Checker
        Fresh: with nothing of another student's in it.
    limits : grading.model.Limits

    Returns
    -------
    grading.model.Outcome
    """
    begin = time.monotonic()
    released = {grade_id(cell): cell for cell in course.released_notebook(assignment, intake.name).cells if grade_id(cell)}
    instructor = {grade_id(cell): cell for cell in course.instructor_notebook(assignment, intake.name).cells if grade_id(cell)}
    student = _Student(session, limits, begin + limits.total_timeout)
    notebook = copy.deepcopy(intake.notebook)
    scores: list[QuestionScore] = []
    stops: list[tuple[str, str]] = []
    skipped: list[str] = []
    count = 0
    code = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    own_sources = {index: cell.source for index, cell in code if role(cell) != "test"}

    for index, cell in code:
        part, name = role(cell), grade_id(cell)
        label = name or f"cell {index + 1}"
        count += 1
        cell.execution_count = count
        if not cell.source.strip() and part not in ("test", "locked"):
            cell.execution_count = None
            continue
        if part == "test":
            later = [source for place, source in own_sources.items() if place > index]
            score, result, printed = _test(student, checker, index, released[name], instructor[name], later, stops, skipped)
            scores.append(score)
            cell.source = instructor[name].source
            cell.outputs = _shown_outputs(result, printed, score, count)
        else:
            result = student.run(index, released[name].source if part == "locked" else cell.source)
            cell.outputs = _own_outputs(result, count)
            _note(result, label, stops, skipped)
            if part == "locked":
                cell.source = instructor[name].source
        if result is not None and result.status == "skipped":
            cell.execution_count = None
    # What nbgrader wrote into the gradebook for it, so that its own commands know the cell again.
    for cell in notebook.cells:
        name = grade_id(cell)
        if name:
            cell.metadata.nbgrader = copy.deepcopy(instructor[name].metadata.nbgrader)
            if role(cell) in ("locked", "task"):
                cell.source = instructor[name].source
    reasons = [*intake.repairs, *_stopped(stops), *([f"No time was left for {_list(skipped)}."] if skipped else [])]
    status: Status = "partial" if stops or skipped else "repaired" if intake.repairs else "ok"
    return Outcome(intake.student, status, scores, notebook, reasons, time.monotonic() - begin, intake.name)


def _test(student, checker, index, released, instructor, later, stops, skipped):
    """Score one test; give the score, what its visible part showed in the student's process if it ran there, and what the
    checker printed.
    """
    points = float(instructor.metadata.nbgrader["points"])
    name = str(grade_id(instructor))
    student.recover()
    if student.remaining() <= 0:
        skipped.append(name)
        return QuestionScore(name, points, 0.0, "There was no time left for this check."), None, ""
    before = student.lost
    value, message, hidden = checker.run_cell(instructor.source, points, student.ask, name)
    score = QuestionScore(name, points, min(max(float(value), 0.0), points), message, bool(hidden))
    printed = checker.printed
    if student.lost != before:
        stops.append((name, "killed"))
        return score, None, printed
    if not _is_seen(released.source, later):
        return score, None, printed
    result = student.run(index, released.source)
    if result.status in ("timeout", "killed"):
        stops.append((name, result.status))
    return score, result, printed


def _note(result, label, stops, skipped):
    if result.status in ("timeout", "killed"):
        stops.append((label, result.status))
    elif result.status == "skipped":
        skipped.append(label)


def _list(names):
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _stopped(stops):
    """Say which cells were stopped."""
    lines = []
    for status, what in (("timeout", "took too long and was interrupted"), ("killed", "ended the process, which was replaced")):
        names = list(dict.fromkeys(name for name, how in stops if how == status))
        if names:
            lines.append(f"{_list(names)}: {what}.")
    return lines


def _error_output(kind, message, trace=None):
    return nbformat.v4.new_output("error", ename=kind, evalue=message, traceback=trace or [f"{kind}: {message}"])


def _numbered(outputs, count):
    outputs = clean_outputs(outputs)
    for output in outputs:
        if output.output_type == "execute_result":
            output.execution_count = count
    return outputs


def _own_outputs(result, count):
    """Outputs of a student's cell, and why it was stopped if it was."""
    outputs = _numbered(result.outputs, count)
    told = any(output.output_type == "error" for output in outputs)
    if result.status == "error" and result.error and not told:
        kind, message, trace = result.error
        outputs.append(_error_output(kind, message, trace.splitlines()))
    elif result.status == "timeout":
        outputs.append(_error_output("TimeoutError", "The cell took too long and was interrupted."))
    elif result.status == "killed":
        why = f": {result.error[1]}" if result.error and result.error[1] else ""
        outputs.append(_error_output("Killed", f"The cell ended the process or had to be ended{why}."))
    elif result.status == "skipped":
        outputs.append(_error_output("NotRun", "There was no time left for this cell."))
    return outputs


def _shown_outputs(result, printed, score, count):
    """Outputs of a test cell: what the checker printed, pictures from the student's process, and the checker's verdict."""
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    shown = _numbered(result.outputs, count) if result else []
    outputs += [output for output in shown if output.output_type == "display_data"]
    if score.score < score.points:
        if score.score > 0:
            outputs.append(nbformat.v4.new_output("execute_result", {"text/plain": f"{score.score:g}"}, execution_count=count))
        message = score.message or "The check failed."
        kind = "HiddenTest" if score.hidden else "Check"
        if score.score == 0:
            outputs.append(_error_output(kind, message))
        elif score.message:
            outputs.insert(0, nbformat.v4.new_output("stream", name="stdout", text=message + "\n"))
    return outputs


def ungradable(course: Course, assignment: str, intake: Intake, seconds: float = 0.0) -> Outcome:
    """Make the outcome of a submission in which there was nothing to grade: no points, and the reason."""
    notebook = copy.deepcopy(intake.notebook)
    instructor = {grade_id(cell): cell for cell in course.instructor_notebook(assignment, intake.name).cells if grade_id(cell)}
    scores = []
    for cell in notebook.cells:
        name = grade_id(cell)
        if name:
            cell.metadata.nbgrader = copy.deepcopy(instructor[name].metadata.nbgrader)
            if role(cell) in ("test", "locked", "task"):
                cell.source = instructor[name].source
            if role(cell) == "test":
                scores.append(QuestionScore(name, float(cell.metadata.nbgrader["points"]), 0.0, intake.problem))
    return Outcome(intake.student, "ungradable", scores, notebook, [intake.problem or "", *intake.repairs], seconds, intake.name)


# --- one student -----------------------------------------------------------------------------------------------------


def grade_student(
    course: Course, assignment: str, student: str, sessions: Sessions, checkers: Checkers, limits: Limits
) -> list[Outcome]:
    """Grade every notebook of one student.

    Parameters
    ----------
    course : grading.course.Course
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
        if stamp is not None and stamp.is_file() and not stamp.is_symlink() and stamp.stat().st_size < 1000:
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
    seconds : float
    """

    results: list[Result]
    graded: int
    missing: list[str]
    notes: list[str]
    backup: Path | None
    seconds: float


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
    course : grading.course.Course
    assignment : str
    limits : grading.model.Limits
    jobs : int
        How many students at a time.
    open_engine : callable
        ``open_engine(course, assignment, limits, jobs)`` is a context manager that gives ``(sessions, checkers)`` as
        :func:`grade_student` wants them; see :func:`grading.engine.open_engine`.
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
        version = hashlib.sha256(f"{RECORD_VERSION} {limits} {course.version(assignment)}".encode()).hexdigest()
        _tidy(course, assignment)
        backup = back_up(course, assignment)
        with GradebookWriter(course, assignment) as writer:
            todo = []
            for student in wanted:
                mark = fingerprint(course, assignment, student)
                record = None if force else records.read(course.student_id(student))
                if (
                    record is None
                    or (record.submitted, record.version) != (mark, version)
                    or not _complete(course, assignment, student, writer)
                ):
                    todo.append((student, mark))
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
        results = [result for name in everyone if (result := records.read(course.student_id(name)))]
        graded = len(todo) - len(missing)
        missing += [
            f"{name!r}: formgrader would take a part of this name for HTML. Rename the folder in "
            f'{course.directory.submitted_directory!r} (without < > " & and control characters), and run this again'
            for name in refused
        ]
        return Batch(results, graded, missing, notes, backup, time.monotonic() - begin)
    finally:
        lock.release()


def _complete(course, assignment, student, writer):
    """Whether all that a graded student should have is there."""
    folder = course.autograded_folder(student, assignment)
    notebooks = all((folder / f"{name}.ipynb").is_file() for name in course.source_notebooks(assignment))
    return notebooks and writer.has(course.student_id(student))


def _finish(course, assignment, student, outcomes, writer, records, mark, version):
    """Write a finished student: notebooks, then the gradebook, then the note that says that both are there."""
    identity = course.student_id(student)
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
        What it lost: where the instructor's own answer is not given full marks, no student's will be.
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
        lost = [score for score in outcome.scores if score.score < score.points]
        if lost:
            first = lost[0]
            notes.append(
                f"The reference solution of {name} loses {sum(s.points - s.score for s in lost):g} of its points, on "
                f"{_list([score.grade_id for score in lost])}; {first.grade_id} says: "
                f"{' '.join((first.message or 'nothing').split())[:300]}"
            )
    return notes
