"""What the checker does with an instructor's notebook: its script."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grading.checker import reference
from grading.checker.names import ParsedCell, needed_statements, statements_of
from grading.nbgrader import cells
from grading.nbgrader.cells import HIDDEN_TESTS, Marks, visible_source
from grading.source import to_python

if TYPE_CHECKING:  # importing it takes a second, and the checker's process never sees a notebook
    from nbformat import NotebookNode


class Step(NamedTuple):
    """A part of the instructor's notebook that the checker goes through, in order."""

    kind: str  # "setup" (runs in the checker), "student" (names change hands) or "test"
    source: str = ""
    names: tuple[str, ...] = ()  # "student": what the reference solution defines
    grade_id: str = ""
    hidden: bool = False  # "setup" between the marks of hidden tests, which a course may allow outside of tests, too


class Script:
    """What the checker does with an instructor's notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        With reference solutions and hidden tests.
    marks : grading.nbgrader.cells.Marks
        Around hidden tests.

    Attributes
    ----------
    marks : grading.nbgrader.cells.Marks
    steps : list of Step
    student_names : frozenset of str
        What reference solutions define: it may come from the student.
    own_names : frozenset of str
        What only the instructor's own cells define: it never comes from the student.
    hides_setup : bool
        Whether one of `steps` is hidden that is no test.
    traits : grading.checker.reference.Traits
        What of the reference solutions goes beyond plain data.
    """

    def __init__(self, notebook: NotebookNode, marks: Marks = HIDDEN_TESTS) -> None:
        self.marks = marks
        found: list[ParsedCell] = []
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            kind: str = cells.role(cell)
            kind = "student" if kind in ("solution", "manual") else kind
            found.append((kind, statements_of(cell.source), cell.source, cells.grade_id(cell) or ""))
        self.student_names = frozenset(
            name for kind, statements, *_ in found if kind == "student" for one in statements for name in one.bound
        )
        self.own_names = (
            frozenset(name for kind, statements, *_ in found if kind != "student" for one in statements for name in one.bound)
            - self.student_names
        )
        self.traits = reference.traits(_python(source) for kind, _, source, _ in found if kind == "student")
        needed = needed_statements(found)
        self.steps = []
        tainted: set[str] = set()
        for position, (kind, statements, source, grade_id) in enumerate(found):
            if kind == "student":
                names = tuple(sorted({name for one in statements for name in one.bound}))
                tainted.update(names)
                self.steps.append(Step("student", names=names))
            elif kind == "test":
                self.steps.append(Step("test", source, grade_id=grade_id))
            else:
                touched = any(one.loaded & tainted for one in statements)
                seen = {one.source for one in statements_of(visible_source(source, marks))}
                # A locked cell that has nothing to do with the student's work runs as it is.
                whole = kind == "locked" and not touched and len(seen) == len(statements)
                parts = [one for i, one in enumerate(statements) if whole or (position, i) in needed]
                for one in statements:
                    tainted.update(one.bound if one.loaded & tainted else ())
                if whole and parts:
                    self.steps.append(Step("setup", source, grade_id=grade_id))
                else:  # one by one: each does what it can, whatever becomes of its neighbours
                    self.steps.extend(
                        Step("setup", one.source, grade_id=grade_id, hidden=one.source not in seen) for one in parts
                    )
        self.hides_setup = any(step.hidden for step in self.steps)

    def position(self, grade_id: str | None, source: str) -> int | None:
        """Where the test cell stands in `steps`; None if it is not there."""
        tests = [(i, step) for i, step in enumerate(self.steps) if step.kind == "test"]
        for i, step in tests:
            if grade_id and step.grade_id == grade_id:
                return i
        return next((i for i, step in tests if step.source == source), None) if not grade_id else None


def _python(source: str) -> str:
    """The Python of a cell, or nothing where it is none."""
    try:
        return to_python(source)
    except (SyntaxError, ValueError):
        return ""
