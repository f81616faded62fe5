"""Whether the reference solution gets all points, and what to do about a test whose points it does not get."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grading.batch.submission import run_intake
from grading.model import Intake, not_passed
from grading.nbgrader.cells import by_name, grade_id, role

if TYPE_CHECKING:
    from grading.batch.submission import Checkers, Sessions
    from grading.model import Limits
    from grading.nbgrader.assignment import Assignment

REFERENCE = "(reference solution)"

_TABLE = "see “What a test can ask” in the instructor's guide"
# What a message says, and how to write the test instead.
_MESSAGES = {
    r"it cannot be compared": "An object is compared with another of its class only, by its __eq__: compare its attributes.",
    r"it cannot be turned into an array|it cannot be taken as a number": "Have the function give plain numbers or an array.",
    r"it cannot (be calculated|give plain data)": "With a value of the test's it gives an object: call a method instead.",
    r"it cannot be (taken as true|used in a with|changed)|unhashable": "A class of the reference solution needs the method.",
    r"a test can pass plain data and functions": "Pass the object's data, or move its class to a solution cell.",
    r"cannot derive a class": "Move the derived class to a solution cell, and test it there.",
    r"FileNotFoundError|files that the student's code wrote": "Only text files (.txt, .csv, .json ...) pass, and only where a"
    " solution cell reads or writes files (open, read_text, savetxt ...).",
    r"without end": "Give the function fewer calls to make: each crosses between two processes.",
    r"took more than": "Ask for less, since each call crosses between two processes, or raise --cell-timeout.",
    r"is not plain data: (a whole number|too|nested)": "Ask for less: a part of the value, its size or its sum.",
    r"a model (with|cannot)|the model": "Only models of Keras's own layers are rebuilt for a test.",
}
# What stands in a test, where the message is its own.
_SOURCES = {
    r"""patch(\.object)?\(\s*(?!\s*['"]builtins\.)|monkeypatch""": "The student's code sees no replaced function but a built-in"
    " one (patch('builtins.print')): pass the function as an argument.",
    r"sys\.(stdin|argv|path|modules)|os\.environ": "The student's code does not see what a test sets there: pass it"
    " as an argument (for sys.stdin, replace builtins.input).",
    r"\b(pickle|joblib|dill|shelve)\b": "No pickle passes between the processes: test the object itself.",
    r"\bsubprocess\b|os\.system|^\s*[!%]": "A program that a test starts does not find the student's code: call its functions.",
}
_CHANGED = (
    "If it looks at what a call did to an argument: this is carried back where the reference solution's function changes the "
    "parameter under its own name (x[i] = ..., x.append(...), x += ...)."
)


def advice(message: str | None, source: str) -> str:
    """Say how a test could be written instead.

    Parameters
    ----------
    message : str or None
        Why it failed.
    source : str
        The test cell.

    Returns
    -------
    str

    Examples
    --------
    >>> advice("NotPlain: a test can pass plain data and functions to a student's function, not ...", "f(thing)")
    "Pass the object's data, or move its class to a solution cell."
    """
    for pattern, text in _MESSAGES.items():
        if re.search(pattern, message or ""):
            return text
    for pattern, text in _SOURCES.items():
        if re.search(pattern, source, re.MULTILINE):
            return text
    return f"If it passes in a notebook of yours, it asks for more than a test can; {_TABLE}. {_CHANGED}"


def check_reference(assignment: Assignment, sessions: Sessions, checkers: Checkers, limits: Limits) -> list[str]:
    """Grade the reference solution as if a student had handed it in.

    Returns
    -------
    list of str
        What it lost, each cell with the reason and what to do: where the instructor's own answer is not given full marks, no
        student's will be.
    """
    notes = []
    for name in assignment.notebook_names:
        notebook = assignment.reference_notebook(name)
        released = by_name(assignment.released_notebook(name))
        for cell in notebook.cells:  # the hidden tests stay out of the process that runs it
            if role(cell) in ("test", "locked", "task"):
                cell.source = released[grade_id(cell)].source
        intake = Intake(REFERENCE, notebook, assignment.given_files(), name=name)
        outcome = run_intake(assignment, intake, sessions, checkers, limits)
        lost = [score for score in outcome.scores if not_passed(score.score, score.points, score.message)]
        if lost:
            notes.append(
                f"The reference solution of {name} loses {sum(s.points - s.score for s in lost):g} of its points, on "
                f"{', '.join(score.grade_id for score in lost)}: no student can get them."
            )
            tests = {grade_id(cell): cell.source for cell in assignment.instructor_notebook(name).cells}
            for score in lost:
                said = " ".join((score.message or "It gave no reason.").split())[:300]
                notes.append(f"{score.grade_id} says: {said} – {advice(score.message, tests[score.grade_id])}")
    return notes
