"""A page for each student: where points were lost and why, what waits for a person, and the notebook as it was graded.

Hidden tests are masked, nothing that a student wrote can run in the page, and the page asks no server for anything.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from markupsafe import Markup

from grading.batch import people
from grading.batch.records import Records, Result
from grading.files import write_atomic
from grading.model import not_passed
from grading.nbgrader.cells import by_name, grade_id, role
from grading.nbgrader.course import CourseError
from grading.nbgrader.gradebook import GradebookWriter
from grading.nbgrader.roster import course_roster
from grading.reports import pages
from grading.reports.pages import number, without_type
from grading.reports.render import SOURCE_LIMIT, code_style, render_code, render_markdown, render_outputs, with_pictures
from grading.reports.titles import first_heading, titles

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grading.nbgrader.assignment import Assignment
    from grading.reports.titles import Title

_NO_HINT = (
    "Your answer passes what you can see, but not a hidden check on other input. Try sizes, shapes, ties and special "
    "cases that the description allows."
)
_MARKS = {"passed": ("passed", "good"), "waits": ("waits for a person", "mind"), "lost": ("lost points", "bad")}


# --- what a student may know -----------------------------------------------------------------------------------------


def student_message(question: Mapping[str, Any]) -> str:
    """What a student is told about a check that cost points.

    Parameters
    ----------
    question : dict
        As in :class:`grading.batch.records.Result`.

    Returns
    -------
    str
    """
    if not not_passed(question["score"], question["points"], question["message"]):
        return ""
    message = without_type(question["message"] or "The check failed.")
    if not question["hidden"] or message == without_type("NotImplementedError"):
        return message
    if question["score"] > 0:
        return f"Partial credit: {question['score']:g} of {question['points']:g}."
    if student_cause(question):
        return "A check that runs after handing in was not passed."
    hint = question.get("hint")
    return _NO_HINT + (f"\nHint: {hint}" if hint else "")


def student_cause(question: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What went wrong before a check, as far as the student may know."""
    cause = question.get("cause")
    return cause if cause and cause["told"] else None


# --- the page --------------------------------------------------------------------------------------------------------


@dataclass
class _Check:
    """A graded cell, as the page tells of it."""

    key: str
    title: Title
    state: str
    mark: str
    colour: str
    score: float
    points: float
    message: str
    cause: Mapping[str, Any] | None
    remark: str
    anchor: str
    by_hand: bool

    @property
    def part(self):
        return self.title.part or ("your answer" if self.by_hand else "check")


@dataclass
class _Question:
    """What stands under one heading of the exercise."""

    title: str
    checks: list[_Check] = field(default_factory=list)

    @property
    def state(self):
        states = {check.state for check in self.checks}
        return next(state for state in ("lost", "waits", "passed") if state in states)

    @property
    def causes(self):
        """What went wrong before the checks, each once."""
        found = [check.cause for check in self.checks if check.cause]
        return [cause for place, cause in enumerate(found) if cause not in found[:place]]

    @property
    def waits(self):
        return any(check.state == "waits" for check in self.checks)

    @property
    def score(self):
        return sum(check.score for check in self.checks if check.state != "waits")

    @property
    def points(self):
        return sum(check.points for check in self.checks)


def _checks(released, named, found, standing, anchors):
    """All graded cells of a notebook, in its order."""
    for key in released:
        grade = standing["grades"].get(key)
        if grade is None:
            continue
        question = found.get(key)
        message = student_message(question) if question else ""
        if grade["needs_manual_grade"]:
            state, mark = "waits", "waits for a person"
            if grade["manual"] is not None:
                mark += f" again ({number(grade['score'])} before)"
        elif grade["score"] < grade["points"] or (message and not grade["points"]):
            state, mark = "lost", "not passed" if not grade["points"] or not grade["score"] else "lost points"
        else:
            state, mark = "passed", "passed"
        yield _Check(
            key,
            named[key],
            state,
            mark,
            _MARKS[state][1],
            grade["score"],
            grade["points"],
            message if state == "lost" else "",
            student_cause(question) if question and state == "lost" else None,
            standing["comments"].get(key) or "",
            anchors.get(key, ""),
            question is None,
        )


def render(
    assignment: Assignment,
    name: str,
    notebook: NotebookNode,
    record: Result,
    standing: Mapping[str, Any],
    student: str = "",
) -> str:
    """Write the page of one notebook of one student.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    name : str
    notebook : nbformat.NotebookNode
        As it lies in ``autograded``.
    record : grading.batch.records.Result
        What the grader found.
    standing : dict
        The notebook's part of :meth:`grading.nbgrader.standing.Standing.results`: what counts, a person's grades included.
    student : str
        What the student is called; the id by default.

    Returns
    -------
    str
    """
    exercise = assignment.released_notebook(name)
    released = {key: cell for key, cell in by_name(exercise).items() if key}
    usable = record.status != "ungradable"
    anchors = {key: f"cell-{place}" for place, cell in enumerate(notebook.cells) if usable and (key := grade_id(cell))}
    found = {question["grade_id"]: question for question in record.questions if question["notebook"] == name}
    checks = list(_checks(released, titles(exercise), found, standing, anchors))
    questions: dict[str, _Question] = {}
    for check in checks:
        questions.setdefault(check.title.question, _Question(check.title.question)).checks.append(check)
    for question in questions.values():
        question.checks.sort(key=lambda check: check.state == "passed")
    waits = [check for check in checks if check.state == "waits"]
    reasons = record.reasons if not usable else []
    if record.status == "partial":
        reasons = [
            "Some cells could not be run to their end (too slow, or they ended the process). The other questions were graded."
        ]
    return pages.render(
        "feedback",
        assignment=assignment.name,
        name=name,
        student=student or record.student,
        score=standing["score"] - standing["penalty"],
        most=standing["max_score"],
        penalty=standing["penalty"],
        waiting=sum(check.points for check in waits),
        waits=[str(check.title) for check in waits],
        reasons=reasons,
        questions=list(questions.values()),
        sections=_sections(assignment, name, notebook, released, checks) if usable else [],
        code_style=code_style(),
    )


def _sections(assignment, name, notebook, released, checks):
    """The notebook from heading to heading; what is passed, or has nothing of the student's to look at, is folded."""
    instructor = by_name(assignment.instructor_notebook(name))
    known = {check.key: check for check in checks}
    blamed = {check.cause["cell"] for check in checks if check.cause}
    sections: list[dict[str, Any]] = []
    for place, cell in enumerate(notebook.cells):
        key, part = grade_id(cell), role(cell)
        given = released.get(key)
        source = given.source if given is not None and part in ("test", "locked", "task") else cell.source
        heading = first_heading(source) if cell.cell_type == "markdown" and part != "manual" else ""
        if heading or not sections:
            sections.append({"title": heading or "Beginning", "cells": [], "points": 0, "folded": True})
        section = sections[-1]
        check = known.get(key)
        hides = given is not None and key in instructor and instructor[key].source != given.source
        body = _body(cell, source, part, hides)
        if not body:
            continue
        shown = {"anchor": f"cell-{place}", "title": "", "points": "", "body": body, "message": "", "remark": ""}
        if check:
            worth = (
                f"worth {number(check.points)}" if check.state == "waits" else f"{number(check.score)} of {number(check.points)}"
            )
            cause = f"\n{check.cause['what']} {check.cause['todo']}" if check.cause else ""
            shown |= {
                "title": str(check.title),
                "points": f"{check.mark}: {worth} points",
                "message": check.message + cause,
                "remark": check.remark,
            }
            section["points"] += check.points
        wrong = any(output.output_type == "error" for output in cell.get("outputs", ())) and part != "test"
        if wrong or (check and (check.state != "passed" or check.remark)) or place in blamed:
            section["folded"] = False
        section["cells"].append(shown)
    return [section for section in sections if section["cells"]]


def _body(cell, source, part, hides):
    """One cell of the page as HTML."""
    if cell.cell_type == "markdown":
        return Markup('<div class="text">{}</div>').format(render_markdown(source, cell.get("attachments")))
    if cell.cell_type == "raw":
        return Markup("<pre>{}</pre>").format(source[:SOURCE_LIMIT])
    if not source.strip() and not cell.outputs:
        return Markup("")
    outputs = cell.outputs
    if part == "test":
        # What a hidden test prints or says is as hidden as the test.
        outputs = [one for one in outputs if one.output_type != "error" and (one.output_type == "display_data" or not hides)]
    return Markup('<div class="source">{}</div>{}').format(render_code(source), render_outputs(outputs))


# --- all pages of an assignment --------------------------------------------------------------------------------------


@dataclass
class Written:
    """What became of the pages of an assignment.

    Attributes
    ----------
    pages : list of pathlib.Path
    missing : list of str
        Students who could not be given a page, and why.
    waiting : dict of str to list of str
        Student -> titles of the answers that wait for a person.
    absent : list of str
        Who handed in nothing, and has no page.
    """

    pages: list[Path] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)


def write_feedback(assignment: Assignment, students: Iterable[str] | None = None) -> Written:
    """Write the pages of an assignment.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    students : list of str, optional
        Ids; all by default.

    Returns
    -------
    Written

    Raises
    ------
    CourseError
        If a named student is not known.
    """
    names = assignment.notebook_names
    everyone = [assignment.course.student_id(student) for student in assignment.students()]
    unknown = set(students or ()) - set(everyone)
    if unknown:
        raise CourseError(f"No submission of {assignment} by {', '.join(sorted(unknown))}.")
    written, records = Written(), Records(assignment)
    named = {name: titles(assignment.released_notebook(name)) for name in names}
    with GradebookWriter(assignment, prepare=False) as book:
        known = book.names()
        if students is None:
            written.absent = people.absent(known, set(everyone), course_roster(assignment.course))
        for student in students or everyone:
            record, standing = records.read(student), book.results(student)
            if record is None or standing is None:
                written.missing.append(f"{student}: not graded yet by `grade run {assignment}`")
                continue
            target = assignment.feedback_folder(student)
            if target.is_symlink():
                written.missing.append(f"{student}: {target} is a symbolic link")
                continue
            for name in names:
                path = assignment.autograded_folder(student) / f"{name}.ipynb"
                if not path.is_file() or name not in standing["notebooks"]:
                    written.missing.append(f"{student}: {path} is gone; run `grade run {assignment}` again")
                    continue
                grades = standing["notebooks"][name]
                called = people.called(student, known)
                notebook = with_pictures(nbformat.read(path, as_version=4), path.parent)
                page = render(assignment, name, notebook, record, grades, called)
                write_atomic(target / f"{name}.html", page)
                written.pages.append(target / f"{name}.html")
                waits = [key for key, grade in grades["grades"].items() if grade["needs_manual_grade"]]
                if waits:
                    written.waiting.setdefault(student, []).extend(str(named[name].get(key, key)) for key in waits)
            stamp = assignment.autograded_folder(student) / "timestamp.txt"
            if stamp.is_file() and target.is_dir():
                shutil.copyfile(stamp, target / "timestamp.txt")
    return written
