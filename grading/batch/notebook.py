"""Grading one notebook: the order of work, and what its cells show.

A student may see what was shown, so nothing is shown that comes from a process which has heard of a hidden test:

1. Cell by cell, what the student wrote, and the cells given with it, run in the student's confined process, as in the student's
   own notebook; at each test the checker asks what the visible part of it asks. All outputs and files, and all that a student
   is told about visible tests, come from here.
2. Then, with nothing of the student's left to run, the checker runs each test whole, hidden tests included. Names are first
   bound to what they were bound to when it was the test's turn. Only points come of it, and messages for the instructor.
3. A test that loses points there for the first time may have lost them to something that a later cell changed in place. Then the
   notebook runs once more from the beginning, with each of these tests in its turn, and nothing of what it shows is kept.
"""

from __future__ import annotations

import copy
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from grading.batch.causes import Causes, Ran
from grading.batch.outputs import own_outputs, shown_outputs
from grading.batch.paths import shorten_outputs, shortener
from grading.batch.session import StudentRun
from grading.model import CellResult, Intake, Outcome, QuestionScore, not_passed
from grading.nbgrader.cells import by_name, grade_id, hidden_lines, role, visible_hints
from grading.source import names_made, names_used

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grading.checker.client import Checker
    from grading.checker.scoring import Verdict
    from grading.model import Limits, Status
    from grading.nbgrader.assignment import Assignment
    from grading.sandbox.session import Session


_SHOWS = re.compile(r"\b(display|show|plots|plt|imshow)\b\s*[.(]")  # what is printed comes from the checker


def _is_seen(source, later):
    """Whether the visible part of a test has to run in the student's process, too: it shows a picture, or makes a name
    that a later cell uses there.
    """
    if _SHOWS.search(source):
        return True
    made = names_made(source)
    if made is None:
        return True
    return any((used := names_used(other)) is None or used & made for other in later)


def grade_notebook(assignment: Assignment, intake: Intake, session: Session, checker: Checker, limits: Limits) -> Outcome:
    """Run one notebook that was taken in, and score it.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    intake : grading.model.Intake
    session : object
        A student's process (``run_cell``, ``call``, ``restarted``).
    checker : grading.checker.client.Checker
        Fresh: with nothing of another student's in it.
    limits : grading.model.Limits

    Returns
    -------
    grading.model.Outcome
    """
    begin = time.monotonic()
    released = by_name(assignment.released_notebook(intake.name))
    instructor = by_name(assignment.instructor_notebook(intake.name))
    student = StudentRun(session, limits, begin + limits.total_timeout)
    notebook = copy.deepcopy(intake.notebook)
    questions: list[_Question] = []
    stops: list[tuple[str, str]] = []
    skipped: list[str] = []
    count = 0
    code = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    own_sources = {index: cell.source for index, cell in code if role(cell) != "test"}
    results: dict[int, CellResult] = {}

    for index, cell in code:
        part, name = role(cell), grade_id(cell)
        label = name or f"cell {index + 1}"
        count += 1
        cell.execution_count = count
        if not cell.source.strip() and part not in ("test", "locked"):
            cell.execution_count = None
            continue
        if part == "test":
            hides = bool(hidden_lines(instructor[name].source, assignment.course.marks))
            question = _Question(index, cell, released[name].source, instructor[name], hides, count)
            later = [source for place, source in own_sources.items() if place > index]
            _ask_visible(question, student, checker, later, stops, skipped)
            questions.append(question)
            result = question.result
        else:
            result = student.run(index, released[name].source if part == "locked" else cell.source)
            results[index] = result
            cell.outputs = own_outputs(result, count)
            _note(result, label, stops, skipped)
            if part == "locked":
                cell.source = instructor[name].source
        if result is not None and result.status == "skipped":
            cell.execution_count = None
    _ask_hidden([question for question in questions if question.waits], student, checker, limits, stops, skipped)
    _find_causes(assignment, intake, questions, results, limits)
    for question in questions:
        question.cell.source = question.instructor.source
        question.cell.outputs = shown_outputs(question)
    shorten = shortener(assignment.course)
    shorten_outputs(notebook, shorten)
    for question in questions:
        score = question.score
        score.message = score.message and shorten(score.message)
        score.cause = score.cause and replace(score.cause, what=shorten(score.cause.what))
    # What nbgrader wrote into the gradebook for it, so that its own commands know the cell again.
    for cell in notebook.cells:
        name = grade_id(cell)
        if name:
            cell.metadata.nbgrader = copy.deepcopy(instructor[name].metadata.nbgrader)
            if role(cell) in ("locked", "task"):
                cell.source = instructor[name].source
    reasons = [*intake.repairs, *_stopped(stops), *([f"No time was left for {listed(skipped)}."] if skipped else [])]
    status: Status = "partial" if stops or skipped else "repaired" if intake.repairs else "ok"
    scores = [question.score for question in questions]
    seconds = time.monotonic() - begin
    return Outcome(intake.student, status, scores, notebook, reasons, seconds, intake.name, intake.shown, intake.waiting)


class _Question:
    """A test cell, and what it has come to so far."""

    def __init__(self, index: int, cell: NotebookNode, released: str, instructor: NotebookNode, hides: bool, count: int) -> None:
        self.index, self.cell, self.released, self.instructor, self.hides, self.count = (
            index,
            cell,
            released,
            instructor,
            hides,
            count,
        )
        self.name = str(grade_id(instructor))
        self.points = float(instructor.metadata.nbgrader["points"])
        self.score = QuestionScore(self.name, self.points, 0.0, "There was no time left for this check.")
        self.waits = False  # for its hidden tests
        self.result: CellResult | None = None  # of the visible part in the student's process, if it ran there
        self.printed = ""

    def settle(self, verdict: Verdict, checker: Checker, whole: bool = False) -> None:
        """Take over what the checker found; where it was a `whole` cell with hidden tests, no student may read it."""
        score = min(max(float(verdict.score), 0.0), self.points)
        hidden = bool(verdict.hidden) or (whole and self.hides)
        self.score = QuestionScore(self.name, self.points, score, verdict.message, hidden)
        if hidden and verdict.message:
            self.score.hint = " ".join(visible_hints(verdict.message, self.released, checker.said)) or None


def _ask_visible(
    question: _Question,
    student: StudentRun,
    checker: Checker,
    later: list[str],
    stops: list[tuple[str, str]],
    skipped: list[str],
) -> None:
    """Run the visible part of a test, with the checker and where it has to be in the student's process."""
    student.recover()
    if student.remaining() <= 0:
        skipped.append(question.name)
        return
    before, source = student.lost, question.instructor.source
    if question.hides:
        verdict = checker.run_visible(source, student.ask, question.name)
        question.waits = verdict.message is None
    else:
        verdict = checker.run_cell(source, question.points, student.ask, question.name)
    question.settle(verdict, checker)
    question.printed = checker.printed
    if student.lost != before:
        stops.append((question.name, "killed"))
    elif _is_seen(question.released, later):
        question.result = student.run(question.index, question.released)
        if question.result.status in ("timeout", "killed"):
            stops.append((question.name, question.result.status))


def _ask_hidden(
    questions: list[_Question],
    student: StudentRun,
    checker: Checker,
    limits: Limits,
    stops: list[tuple[str, str]],
    skipped: list[str],
) -> None:
    """Run tests whole, once nothing more of the student's is shown."""
    if not questions:
        return
    student.renew()
    again: list[_Question] = []
    killed: set[str] = set()
    for question in questions:
        begin, before = time.monotonic(), student.lost
        verdict = None
        if not student.fresh and student.remaining() > 0:
            verdict = checker.run_hidden(question.instructor.source, question.points, student.ask, question.name)
        if verdict is None:
            again.append(question)
            continue
        question.settle(verdict, checker, whole=True)
        if student.lost != before:
            killed.add(question.name)
        changed = any(place >= question.index for place, _ in student.done)
        # What took all its time takes it again.
        if question.score.score < question.points and changed and time.monotonic() - begin < limits.cell_timeout:
            again.append(question)
    if again:
        waiting = {question.index: question for question in again}
        checker.again()
        cells = student.restart()
        for index in sorted({*waiting, *(place for place, _ in cells if place <= max(waiting))}):
            if question := waiting.get(index):  # type: ignore[assignment]  # None where there is no question
                student.recover()
                if student.remaining() <= 0:
                    skipped.append(question.name)
                    continue
                before = student.lost
                verdict = checker.run_cell(question.instructor.source, question.points, student.ask, question.name)
                question.settle(verdict, checker, whole=True)
                killed.discard(question.name)
                if student.lost != before:
                    killed.add(question.name)
            for place, source in cells:
                if place == index:
                    student.run(index, source)
    stops += [(question.name, "killed") for question in questions if question.name in killed]


def _find_causes(assignment, intake, questions, results, limits):
    """Say of tests that lost points what went wrong before them, from what the cells came to before any hidden test was asked."""
    lost = [question for question in questions if not_passed(question.score.score, question.points, question.score.message)]
    if not lost:
        return
    exercise = assignment.released_notebook(intake.name)
    known = {cell.get("id") for cell in exercise.cells}
    cells = [
        Ran(index, _called(index, cell, known), cell.source, results.get(index), role(cell) == "locked", role(cell) == "solution")
        for index, cell in enumerate(intake.notebook.cells)
        if role(cell) not in ("test", "task")
    ]
    public = "\n".join(cell.source for cell in exercise.cells)
    causes = Causes(cells, limits, public, [*intake.files, *intake.refused])
    for question in lost:
        source = question.instructor.source
        used = (names_used(source) or frozenset()) - (names_made(source) or frozenset())
        question.score.cause = causes.find(question.index, used, question.score.message, question.score.hidden)


def _called(index, cell, known):
    """What people call a cell; `known` are the ids of the exercise's."""
    if name := grade_id(cell):
        return f"The {'given' if role(cell) == 'locked' else 'answer'} cell {name}"
    kind = "cell" if cell.cell_type == "code" else "text cell"
    return f"{kind.capitalize()} {index + 1}" if cell.get("id") in known else f"The added {kind} {index + 1}"


def _note(result, label, stops, skipped):
    if result.status in ("timeout", "killed"):
        stops.append((label, result.status))
    elif result.status == "skipped":
        skipped.append(label)


def listed(names: list[str]) -> str:
    """The first few of some names."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _stopped(stops):
    """Say which cells were stopped."""
    lines = []
    for status, what in (("timeout", "took too long and was interrupted"), ("killed", "ended the process, which was replaced")):
        names = list(dict.fromkeys(name for name, how in stops if how == status))
        if names:
            lines.append(f"{listed(names)}: {what}.")
    return lines


def ungradable(assignment: Assignment, intake: Intake, seconds: float = 0.0) -> Outcome:
    """Make the outcome of a submission in which there was nothing to grade: no points, and the reason."""
    notebook = copy.deepcopy(intake.notebook)
    instructor = by_name(assignment.instructor_notebook(intake.name))
    scores = []
    for cell in notebook.cells:
        name = grade_id(cell)
        if name:
            cell.metadata.nbgrader = copy.deepcopy(instructor[name].metadata.nbgrader)
            if role(cell) in ("test", "locked", "task"):
                cell.source = instructor[name].source
            if role(cell) == "test":
                scores.append(QuestionScore(name, float(cell.metadata.nbgrader["points"]), 0.0, intake.problem))
    return Outcome(
        intake.student,
        "ungradable",
        scores,
        notebook,
        [intake.problem or "", *intake.repairs],
        seconds,
        intake.name,
        intake.shown,
    )
