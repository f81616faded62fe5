"""The report of a batch, for the person who graded: who needs attention and why, question by question, and everybody."""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from grading.files import write_atomic
from grading.model import not_passed
from grading.reports.pages import render, several, without_type
from grading.reports.table import as_csv
from grading.reports.titles import titles

if TYPE_CHECKING:
    from pathlib import Path

    from grading.batch.records import Result
    from grading.batch.run import Batch
    from grading.nbgrader.assignment import Assignment
    from grading.reports.titles import Title

FORMGRADER = "http://localhost:8888/formgrader"  # where `jupyter lab` shows it; c.Grading.formgrader names another place
# Who needs attention, most of all first: the heading, whether the list is open, and what it means.
_GROUPS = {
    "ungradable": ("Nothing could be graded", True, "No points: there was nothing usable. Is it the right file?"),
    "zero": ("No points at all", True, "The notebook could be graded, and no check was passed."),
    "caused": (
        "Points lost to something else than a wrong answer",
        True,
        "A cell failed before the test, or a name is missing. The student's page says so, unless only a hidden test shows it.",
    ),
    "all": ("Points lost in every question", True, ""),
    "partial": (
        "Stopped while it ran",
        True,
        "Some cells took too long, or ended their process. The other questions count.",
    ),
    "repaired": ("Put right before it was graded", False, "Something about the file or the notebook; it cost no points."),
    "fine": ("Nothing to look at", False, ""),
}


@dataclass
class _Who:
    """A student, with the ways to his or her pages."""

    id: str
    name: str
    feedback: str
    formgrader: str


@dataclass
class _Row:
    """A student's result, as the page tells of it."""

    who: _Who
    result: Result
    group: str
    why: list[str]
    waits: int


@dataclass
class _Question:
    """One check, or one answer that a person grades."""

    title: Title
    key: str
    points: float
    scores: list[float] = field(default_factory=list)
    full: int = 0
    messages: dict[str, list[_Who]] = field(default_factory=dict)
    waits: list[_Who] = field(default_factory=list)
    by_hand: bool = False

    @property
    def share(self):
        if not self.scores:
            return 0.0
        return sum(self.scores) / (len(self.scores) * self.points) if self.points else self.full / len(self.scores)

    @property
    def told(self):
        """Messages and who got them, the commonest first."""
        return sorted(self.messages.items(), key=lambda item: (-len(item[1]), item[0]))


def _lost(result):
    return [one for one in result.questions if not_passed(one["score"], one["points"], one["message"])]


def _group(result):
    """The first of `_GROUPS` that a student belongs to: everything is looked at, not only the status."""
    lost = _lost(result)
    if result.status == "ungradable":
        return "ungradable"
    if result.points and result.score <= 0:
        return "zero"
    if any(one.get("cause") for one in lost):
        return "caused"
    if result.questions and len(lost) == len(result.questions):
        return "all"
    return {"partial": "partial", "repaired": "repaired"}.get(result.status, "fine")


def _said(question):
    """What a lost question is counted under."""
    if cause := question.get("cause"):
        return cause["kind"][:1].upper() + cause["kind"][1:]
    return textwrap.shorten(without_type(question["message"] or "It gave no reason.").split("\n")[0], 160, placeholder=" …")


def _why(result, named):
    """What an instructor should know of a student's result."""
    causes: dict[str, dict[str, None]] = {}
    for one in _lost(result):
        if cause := one.get("cause"):
            title = named.get((one["notebook"], one["grade_id"]))
            causes.setdefault(f"{cause['what']} {cause['todo']}", {})[title.question if title else one["grade_id"]] = None
    why = [*result.reasons, *(f"{said} (Points lost in: {'; '.join(questions)}.)" for said, questions in causes.items())]
    if not why and _group(result) in ("zero", "all"):
        said, count = Counter(map(_said, _lost(result))).most_common(1)[0]
        why = [f"{count} of {several(len(result.questions), 'check')}: {said}"]
    return why


def _columns(results):
    """How many students have how many points: (from, to, number)."""
    top = max((result.points for result in results), default=0)
    if not top:
        return []
    bins = min(10, max(int(top), 1))
    counts = [0] * bins
    for result in results:
        counts[min(int(result.score / top * bins), bins - 1)] += 1
    return [(top * i / bins, top * (i + 1) / bins, number) for i, number in enumerate(counts)]


def _links(assignment, batch):
    """Student -> the ways to the feedback page and to formgrader."""
    names = assignment.notebook_names
    address = str(assignment.course.config.Grading.get("formgrader", FORMGRADER)).rstrip("/")
    known = {}
    for result in batch.results:
        page = assignment.feedback_folder(result.student)
        page = page / f"{names[0]}.html" if len(names) == 1 else page
        submitted = batch.submissions.get(result.student, {})
        if not address or not submitted:
            there = ""
        elif len(names) == 1:
            there = f"{address}/submissions/{quote(submitted.get(names[0], ''), safe='')}/"
        else:
            there = f"{address}/manage_students/{quote(result.student, safe='')}/{quote(assignment.name, safe='')}"
        back = os.path.relpath(page, assignment.reports_folder).replace(os.sep, "/")
        known[result.student] = _Who(result.student, batch.names.get(result.student, ""), quote(back), there)
    return known


def as_html(assignment: Assignment, batch: Batch) -> str:
    """Write the page of a batch.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    batch : grading.batch.run.Batch

    Returns
    -------
    str
    """
    names = assignment.notebook_names
    named = {(name, key): title for name in names for key, title in titles(assignment.released_notebook(name)).items()}
    worth = {
        (name, str(one["grade_id"])): float(one["points"])
        for name in names
        for cell in assignment.instructor_notebook(name).cells
        if (one := cell.metadata.get("nbgrader") or {}).get("grade") or one.get("task")
    }
    who = _links(assignment, batch)
    questions = {place: _Question(title, place[1], worth.get(place, 0.0)) for place, title in named.items()}
    for result in batch.results:
        for one in result.questions if result.status != "ungradable" else ():
            question = questions.get((one["notebook"], one["grade_id"]))
            if question is None:  # of an older version of the exercise
                continue
            question.scores.append(one["score"])
            if not_passed(one["score"], one["points"], one["message"]):
                question.messages.setdefault(_said(one), []).append(who[result.student])
            else:
                question.full += 1
        for place in batch.waits.get(result.student, ()):
            if place in questions:
                questions[place].waits.append(who[result.student])
    for question in questions.values():
        question.by_hand = not question.scores and any(result.status != "ungradable" for result in batch.results)
    rows = [
        _Row(who[result.student], result, _group(result), _why(result, named), len(batch.waits.get(result.student, ())))
        for result in batch.results
    ]
    groups = [
        {"heading": heading, "open": is_open, "about": about, "rows": members, "why": any(row.why for row in members)}
        for group, (heading, is_open, about) in _GROUPS.items()
        if (members := [row for row in rows if row.group == group])
    ]
    orders = {
        "by-name": ("name", sorted(rows, key=lambda row: (row.who.name.rpartition(" ")[2] or row.who.id).casefold())),
        "by-points": ("points", sorted(rows, key=lambda row: (row.result.score, row.who.id))),
        "by-time": ("time", sorted(rows, key=lambda row: (-row.result.seconds, row.who.id))),
        "by-id": ("id", sorted(rows, key=lambda row: row.who.id)),  # the last is shown where none is chosen
    }
    return render(
        "batch",
        assignment=assignment.name,
        notes=[*batch.notes, *(f"Not graded: {one}" for one in batch.missing)],
        rows=rows,
        top=max((result.points for result in batch.results), default=0),
        scores=sorted(result.score for result in batch.results),
        attention=sum(row.group not in ("fine", "repaired") for row in rows),
        waiting=[row for row in rows if row.waits],
        absent=batch.absent,
        columns=_columns(batch.results),
        questions=_by_heading(list(questions.values()), names, named),
        groups=groups,
        orders=orders,
    )


def _by_heading(
    questions: Sequence[_Question], names: Sequence[str], named: dict[tuple[str, str], Title]
) -> list[dict[str, Any]]:
    """The checks under the heading of their question, in the order of the exercise."""
    headings: dict[tuple[str, str], dict[str, Any]] = {}
    for question, (name, _) in zip(questions, named, strict=True):
        title = f"{name}: {question.title.question}" if len(names) > 1 else question.title.question
        headings.setdefault((name, question.title.question), {"title": title, "checks": []})["checks"].append(question)
    return list(headings.values())


def write_report(assignment: Assignment, batch: Batch) -> tuple[Path, Path]:
    """Write ``report.csv`` and ``report.html``.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    batch : grading.batch.run.Batch

    Returns
    -------
    tuple of pathlib.Path
    """
    folder = assignment.reports_folder
    table, shown = folder / "report.csv", folder / "report.html"
    waits = {student: [key for _, key in places] for student, places in batch.waits.items()}
    write_atomic(table, as_csv(batch.results, [who.split(" (")[0] for who in batch.absent], batch.names, waits))
    write_atomic(shown, as_html(assignment, batch))
    return table, shown
