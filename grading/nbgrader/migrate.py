"""Other questions than before: what people gave stays with the questions that are still there.

nbgrader refuses to change the questions of a notebook that somebody has handed in. Here rows are renamed, added and removed so
that grades and comments keep their question, by its ``grade_id``. What belongs to a question that is gone is written to a file
first.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader import api, utils

from grading.nbgrader.cells import grade_id, role

if TYPE_CHECKING:
    from nbformat import NotebookNode

REMOVED = "removed-grades.csv"
_COLUMNS = ("time", "student", "notebook", "grade_id", "automatic", "by hand", "extra credit", "comment")
_ALIKE = 0.8  # how much of a question has to be as it was, for another name to be a new name of it


@dataclass(frozen=True)
class Question:
    """A cell of the instructor's notebook as the gradebook keeps it."""

    name: str
    kinds: frozenset[type]
    cell_type: str
    locked: bool
    source: str
    points: float | None
    checksum: str | None


_KINDS = {
    "test": {api.GradeCell},
    "manual": {api.GradeCell, api.SolutionCell},
    "solution": {api.SolutionCell},
    "task": {api.TaskCell},
}


def questions(notebook: NotebookNode) -> list[Question]:
    """List the cells of an instructor's notebook that the gradebook keeps."""
    found = []
    for cell in notebook.cells:
        if role(cell) != "free":
            own = cell.metadata.nbgrader
            kinds = _KINDS.get(role(cell), set())
            points = float(own["points"]) if kinds & {api.GradeCell, api.TaskCell} else None
            found.append(
                Question(
                    str(grade_id(cell)),
                    frozenset(kinds),
                    cell.cell_type,
                    bool(utils.is_locked(cell)),
                    cell.source,
                    points,
                    own.get("checksum"),
                )
            )
    return found


def known_questions(notebook: api.Notebook) -> list[Question]:
    """List the cells of a notebook as the gradebook has them."""
    kinds: dict[str, set[type]] = {}
    points = {}
    for cell in notebook._base_cells:
        kinds.setdefault(cell.name, set()).add(type(cell))
        if isinstance(cell, api.GradeCell | api.TaskCell):
            points[cell.name] = cell.max_score
    return [
        Question(
            cell.name,
            frozenset(kinds.get(cell.name, ())),
            cell.cell_type,
            bool(cell.locked),
            cell.source or "",
            points.get(cell.name),
            cell.checksum,
        )
        for cell in notebook.source_cells
    ]


def asks_the_same(old: Question, new: Question) -> bool:
    """Whether a question is the same to the person who grades it: its points and its text, white space in prose aside."""
    first, second = old.source, new.source
    if old.cell_type == new.cell_type == "markdown":
        first, second = " ".join(first.split()), " ".join(second.split())
    return (first, old.points, old.kinds) == (second, new.points, new.kinds)


def renamed(old: list[Question], new: list[Question]) -> dict[str, str]:
    """Find questions that have another name now.

    Returns
    -------
    dict of str to str
        Old name -> new name, where one question that is gone and one that is new are alike, and no other is.
    """
    gone = [one for one in old if one.name not in {other.name for other in new}]
    fresh = [one for one in new if one.name not in {other.name for other in old}]
    pairs = []
    for one in gone:
        for other in fresh:
            if one.kinds == other.kinds and one.cell_type == other.cell_type and one.locked == other.locked:
                ratio = difflib.SequenceMatcher(None, one.source, other.source, autojunk=False).ratio()
                if ratio >= _ALIKE:
                    pairs.append((ratio, one.name, other.name))
    found: dict[str, str] = {}
    for ratio, before, after in pairs:
        rivals = [pair for pair in pairs if pair != (ratio, before, after) and (pair[1] == before or pair[2] == after)]
        if all(pair[0] < ratio for pair in rivals):
            found[before] = after
    return found


class Migration:
    """Bring the gradebook's questions of one assignment to those of its source. Nothing is committed here.

    Parameters
    ----------
    book : nbgrader.api.Gradebook
    assignment : nbgrader.api.Assignment
    wanted : dict of str to list of Question
        Of each notebook.
    folder : pathlib.Path
        Where what was removed is written.

    Attributes
    ----------
    notes : list of str
        What was done, for the person who grades.
    """

    def __init__(self, book: api.Gradebook, assignment: api.Assignment, wanted: dict[str, list[Question]], folder: Path) -> None:
        self._session, self._assignment, self._wanted, self._file = book.db, assignment, wanted, folder / REMOVED
        self._removed: list[tuple[Any, ...]] = []
        self.notes: list[str] = []

    def run(self) -> None:
        """Change the rows, and write what is about to be removed to a file."""
        known = {notebook.name: notebook for notebook in self._assignment.notebooks}
        for name in sorted(known.keys() - self._wanted.keys()):
            new = self._new_name(known[name], known)
            if new:
                self.notes.append(f"The notebook {name} is {new} now: its grades stay with it.")
                known[name].name = new
                known[new] = known.pop(name)
            else:
                self._remove_notebook(known.pop(name))
        for name, notebook in known.items():
            self._notebook(notebook, self._wanted[name])
        if self._removed:
            self._keep()

    def _new_name(self, notebook, known):
        """The one new notebook that has most of the questions of one that is gone."""
        names = {cell.name for cell in notebook.source_cells}
        shares = {
            new: len(names & {one.name for one in cells}) / max(len(names), 1)
            for new, cells in self._wanted.items()
            if new not in known
        }
        best = max(shares, key=lambda new: shares[new], default=None)
        return best if best and shares[best] > 0.5 else None

    def _notebook(self, notebook, wanted):
        old = known_questions(notebook)
        names = renamed(old, wanted)
        for one, other in names.items():
            self.notes.append(f"The question {one} of {notebook.name} is {other} now: its grades stay with it.")
            for cell in [*notebook._base_cells, *notebook.source_cells]:
                if cell.name == one:
                    cell.name = other
        self._session.flush()
        before = {names.get(one.name, one.name): one for one in old}
        now = {one.name: one for one in wanted}
        added = [name for name in now if name not in before]
        if added:
            self.notes.append(f"New in {notebook.name}: {', '.join(added)}.")
        for name, question in now.items():
            self._set_kinds(notebook, question)
            if name in before and not asks_the_same(before[name], question):
                for cell in notebook._base_cells:
                    for grade in cell.grades if cell.name == name and cell.grades else ():
                        # What a person gave was for another question, or out of other points.
                        grade.needs_manual_grade = grade.needs_manual_grade or grade.manual_score is not None
        gone = [name for name in before if name not in now]
        if gone:
            self.notes.append(f"No longer in {notebook.name}: {', '.join(gone)}.")
        for name in gone:
            for cell in [cell for cell in notebook._base_cells if cell.name == name]:
                self._remove_cell(cell)
            for cell in [cell for cell in notebook.source_cells if cell.name == name]:
                self._session.delete(cell)
        self._session.flush()

    def _set_kinds(self, notebook, question):
        """Make the rows of a question; where its kind is another one, grades and comments move to the new row."""
        rows = {type(cell): cell for cell in notebook._base_cells if cell.name == question.name}
        fresh = {}
        for kind in question.kinds - rows.keys():
            more = {} if kind is api.SolutionCell else {"max_score": question.points, "cell_type": question.cell_type}
            fresh[kind] = kind(name=question.name, notebook=notebook, **more)
            self._session.add(fresh[kind])
        if not any(cell.name == question.name for cell in notebook.source_cells):
            self._session.add(
                api.SourceCell(
                    name=question.name,
                    notebook=notebook,
                    cell_type=question.cell_type,
                    locked=question.locked,
                    source=question.source,
                    checksum=question.checksum,
                )
            )
        self._session.flush()
        for kind in rows.keys() - question.kinds:
            old = rows[kind]
            for new in fresh.values():
                if isinstance(old, api.GradeCell | api.TaskCell) and isinstance(new, api.GradeCell | api.TaskCell):
                    for grade in list(old.grades):
                        grade.cell = new
                if isinstance(old, api.SolutionCell | api.TaskCell) and isinstance(new, api.SolutionCell | api.TaskCell):
                    for comment in list(old.comments):
                        comment.cell = new
            self._session.flush()
            self._remove_cell(old)

    def _remove_cell(self, cell):
        for grade in list(getattr(cell, "grades", None) or ()):
            self._note(grade, grade.auto_score, grade.manual_score, grade.extra_credit, None)
            self._session.delete(grade)
        for comment in list(getattr(cell, "comments", None) or ()):
            self._note(comment, None, None, None, comment.manual_comment)
            self._session.delete(comment)
        self._session.delete(cell)

    def _remove_notebook(self, notebook):
        self.notes.append(f"The notebook {notebook.name} has no source any more.")
        for cell in list(notebook._base_cells):
            self._remove_cell(cell)
        for row in [*notebook.source_cells, *notebook.submissions]:
            self._session.delete(row)
        self._session.delete(notebook)
        self._session.flush()

    def _note(self, row, *values):
        if any(value is not None for value in values):
            self._removed.append((row.student.id, row.notebook.name, row.name, *values))

    def _keep(self):
        """Write down what is removed, before it is."""
        new = not self._file.exists()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S%z}"
        with self._file.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(_COLUMNS)
            writer.writerows((now, *("" if value is None else value for value in row)) for row in self._removed)
        self.notes.append(f"The grades and comments that went with them are kept in {self._file}.")
