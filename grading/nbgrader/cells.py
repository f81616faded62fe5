"""Hidden tests in a cell: which lines they are, and what is left of the cell without them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from typing import NamedTuple


class Marks(NamedTuple):
    """Text in the lines around hidden tests, as the course has chosen it (``c.ClearHiddenTests``).

    Attributes
    ----------
    begin, end : str
    """

    begin: str = "BEGIN HIDDEN TESTS"
    end: str = "END HIDDEN TESTS"


NBGRADERS = Marks()  # what nbgrader looks for where the course chooses nothing


def hidden_lines(source: str, marks: Marks = NBGRADERS) -> set[int]:
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


def transform(source: str) -> str:
    """Turn what only IPython understands into Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


@functools.lru_cache(maxsize=1000)
def visible_source(source: str, marks: Marks = NBGRADERS) -> str:
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
    made = _names(before, ast.Store)
    only_hidden = (_names(source, ast.Store) or set()) - (_names(rest, ast.Store) or set())
    used = _names(rest, ast.Load)
    if used is not None and not used & only_hidden:
        return rest
    return before if made is not None else ""


def _names(source: str, context: type[ast.expr_context]) -> set[str] | None:
    """Names that a source stores or loads; None where it is no Python."""
    try:
        tree = ast.parse(transform(source))
    except (SyntaxError, ValueError):
        return None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
    if context is ast.Store:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.alias):
                names.add((node.asname or node.name).split(".")[0])
    return names


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
