"""The cells of a notebook as nbgrader marks them: their roles and names, and the lines of hidden tests."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from grading.source import names_made, names_used

if TYPE_CHECKING:  # importing it takes a second, and the processes that run cells never see a notebook
    from nbformat import NotebookNode

Role = Literal["test", "manual", "solution", "task", "locked", "free"]


class Marks(NamedTuple):
    """Text in the lines around a part of a cell, as the course has chosen it (``c.ClearHiddenTests`` and the like).

    Attributes
    ----------
    begin, end : str
    """

    begin: str
    end: str


HIDDEN_TESTS = Marks("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")  # what nbgrader looks for where the course chooses nothing


def role(cell: NotebookNode) -> Role:
    """Say what part a cell has in the grading.

    Parameters
    ----------
    cell : nbformat.NotebookNode

    Returns
    -------
    str
        ``test`` (graded automatically), ``manual`` (an answer that a person grades), ``solution`` (an answer), ``task`` (a
        description that a person grades), ``locked`` (given, not to be edited) or ``free``.
    """
    own = cell.metadata.get("nbgrader") or {}
    if own.get("task"):
        return "task"
    if own.get("grade"):
        return "manual" if own.get("solution") else "test"
    if own.get("solution"):
        return "solution"
    return "locked" if own.get("locked") else "free"


def grade_id(cell: NotebookNode) -> str | None:
    """Give nbgrader's name of a cell, or None."""
    return (cell.metadata.get("nbgrader") or {}).get("grade_id")


def by_name(notebook: NotebookNode) -> dict[str | None, NotebookNode]:
    """The cells of a notebook that have a ``grade_id``, by it."""
    return {name: cell for cell in notebook.cells if (name := grade_id(cell))}


def hidden_lines(source: str, marks: Marks = HIDDEN_TESTS) -> set[int]:
    r"""The numbers of the lines of hidden tests, those with the marks included, as nbgrader finds them.

    Examples
    --------
    >>> sorted(hidden_lines("a = 1\n### BEGIN HIDDEN TESTS\na = 2\n### END HIDDEN TESTS\na"))
    [2, 3, 4]
    """
    numbers, inside = set(), False
    for number, line in enumerate(source.split("\n"), 1):
        inside = inside or marks.begin in line
        if inside:
            numbers.add(number)
        inside = inside and marks.end not in line
    return numbers


@functools.lru_cache(maxsize=1000)
def visible_source(source: str, marks: Marks = HIDDEN_TESTS) -> str:
    r"""What of a test cell can be asked without hidden tests: the cell as students have it.

    Where that does not run without the hidden part, because it uses a name that only the hidden part makes, it is what stands
    before the hidden part.

    Examples
    --------
    >>> visible_source("a = f(1)\n# BEGIN HIDDEN TESTS\nb = f(2)\n# END HIDDEN TESTS\nassert a")
    'a = f(1)\nassert a'
    >>> visible_source("a = f(1)\n# BEGIN HIDDEN TESTS\nb = f(2)\n# END HIDDEN TESTS\nassert a, b")
    'a = f(1)'
    """
    hidden, lines = hidden_lines(source, marks), source.split("\n")
    if not hidden:
        return source
    rest = "\n".join(line for number, line in enumerate(lines, 1) if number not in hidden)
    before = "\n".join(lines[: min(hidden) - 1])
    only_hidden = (names_made(source) or frozenset()) - (names_made(rest) or frozenset())
    used = names_used(rest)
    if used is not None and not used & only_hidden:
        return rest
    return before if names_made(before) is not None else ""


def visible_hints(message: str, released_source: str, said: Iterable[str]) -> list[str]:
    """Sentences of a hidden check's message that the visible part of the cell holds as well: what a student may be told.

    Parameters
    ----------
    message : str
    released_source : str
        The test cell as students have it.
    said : iterable of str
        The texts in the statement that failed. Others may be in the message because a student's function put them there,
        to tell by its choice what it was asked.

    Returns
    -------
    list of str

    Examples
    --------
    >>> hint = "Is a root missing?"
    >>> visible_hints("f(7): got 3. Is a root missing?", "check(f(2), 'Is a root missing?')", [hint])
    ['Is a root missing?']
    """
    try:
        tree = ast.parse(released_source)
    except (SyntaxError, ValueError):
        return []
    texts = {node.value.strip() for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    texts &= {text.strip() for text in said}
    return sorted((one for one in texts if len(one) >= 12 and " " in one and one in message), key=message.index)
