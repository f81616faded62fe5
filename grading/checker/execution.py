"""Running one test cell, and saying why it failed."""

from __future__ import annotations

import ast
import contextlib
import linecache
import traceback
from collections.abc import Sequence
from typing import Any

from grading.checker.namespace import Space
from grading.checker.proxies import StudentError, StudentGone
from grading.checker.scoring import partial_credit
from grading.nbgrader.cells import Marks, hidden_lines
from grading.protocol import values
from grading.protocol.capture import Capped
from grading.source import to_python

MESSAGE = 4000  # characters of a message
PRINTED = 200_000  # characters of printed text that are kept
_TEST = "<test>"  # the file name of test cells in tracebacks


def run_test(
    space: Space,
    source: str,
    points: float | None,
    marks: Sequence[str] = (),
    keep: str | None = None,
    back: str | None = None,
    **_: object,
) -> dict[str, Any]:
    """Run one cell; what it came to, as a message to the grader.

    Before it, remember this place under the name `keep`, or go back to the place with the name `back`.
    """
    printed, errors = Capped(PRINTED), Capped(PRINTED)
    result = {"say": "done", "score": 0.0 if points is None else points, "message": None, "hidden": False}
    python = source
    space.functions.clear()
    try:
        space.link.begin_cell()
        if back is not None and not space.back(back):
            return {**result, "stale": True}
        if keep is not None:
            space.keep(keep)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            python = to_python(source)
            if "get_ipython()" in python:
                _need_shell(space)
            linecache.cache[_TEST] = (len(python), None, python.splitlines(keepends=True), _TEST)
            tree = ast.parse(python, _TEST)
            last = None
            if tree.body and isinstance(final := tree.body[-1], ast.Expr):
                tree.body.pop()
                last = ast.Expression(final.value)
            exec(compile(tree, _TEST, "exec"), space)
            value = eval(compile(last, _TEST, "eval"), space) if last is not None else None
            if points is not None and value is not None and not python.rstrip().endswith(";"):
                result["score"], result["message"] = partial_credit(value, points)
    except BaseException as problem:  # a test may fail in any way, and the student may have chosen which
        result.update(_explain(problem, source, python, Marks(*marks)))
    result["printed"] = values.clean(printed.getvalue(), 100_000)
    space.functions.clear()
    return result


def _explain(problem: BaseException, source: str, python: str, marks: Marks) -> dict[str, object]:
    """The message for a test that failed, and whether it came from a hidden test."""
    name = getattr(problem, "student_type", "") or type(problem).__name__
    try:
        text = str(problem)
    except BaseException:  # made of a student's data: nothing is taken for granted
        text = ""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == _TEST]
    lines = [frame.lineno for frame in frames]
    if isinstance(problem, StudentGone):
        message = f"no answer from the student's code: {text}"
    elif isinstance(problem, SyntaxError) and not lines:
        message = f"the test itself does not run: {name}: {text}"
    elif isinstance(problem, StudentError):
        message = text
    elif type(problem) is AssertionError and not text and frames:
        message = f"AssertionError: {linecache.getline(_TEST, frames[-1].lineno or 0).strip()}"
    else:
        message = f"{name}: {text}"
    where = getattr(problem, "student_where", "")
    if where:
        message += f"\n  in {where}"
    hidden = hidden_lines(python, marks) or hidden_lines(source, marks)
    told = values.clean("".join(traceback.format_exception(problem, limit=20)), 20_000)
    return {
        "score": 0.0,
        "message": values.clean(message, MESSAGE) or name,
        "traceback": told,
        "said": _texts(python, lines[0] or 0) if lines and not hasattr(problem, "student_type") else [],
        "hidden": any(line in hidden for line in lines) if lines else bool(hidden),
    }


def _texts(python: str, line: int) -> list[str]:
    """The texts that stand in the statement of a test that begins at or before a line and ends at or after it."""
    statements = ast.parse(python).body
    found = [node for node in statements if node.lineno <= line <= (node.end_lineno or node.lineno)]
    return [
        node.value for one in found for node in ast.walk(one) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _need_shell(space: Space) -> None:
    """Make IPython's magics work in a test cell."""
    from IPython.core.interactiveshell import InteractiveShell

    class Shell(InteractiveShell):
        """IPython without a terminal or windows."""

        def enable_gui(self, gui: object = None) -> None:
            pass

    if not InteractiveShell.initialized():
        Shell.instance(user_ns={})
    dict.__setitem__(space, "get_ipython", InteractiveShell.instance().get_ipython)
