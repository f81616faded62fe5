"""Runs an exercise many times, fast: one warm process that forks for every variant of the notebook.

The gate asks of every exercise what happens with the reference solution, with nothing filled in and with each of
dozens of wrong answers. A Jupyter kernel for each would take minutes. Here, one process imports NumPy, Matplotlib
and the helpers once, then forks for every variant; the child runs the cells in order in one namespace and goes on
after an error, as nbgrader does. `test_nbgrader.py` checks that nbgrader itself gives the same scores.

Where a system cannot fork, every variant gets a fresh process: slower, same results.
"""

import ast
import contextlib
import importlib.util
import io
import json
import linecache
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "solutions").glob("week*/*.py"))
TIME_LIMIT = 180  # seconds for one variant; an exercise takes a few
PRELOAD = (
    "IPython.display",
    "numpy",
    "matplotlib.pyplot",
    "helpers.checks",
    "helpers.data",
    "helpers.knn",
    "helpers.plots",
    "keras",
)
SOLUTION = re.compile(r"[ \t]*### BEGIN SOLUTION\n.*?### END SOLUTION[^\n]*\n?", flags=re.DOTALL)
HIDDEN = re.compile(r"[ \t]*### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS[^\n]*\n?", flags=re.DOTALL)


class Cell(NamedTuple):
    """A code cell of an exercise, with its part in the grading."""

    name: str  # grade_id, or "cell 12" where there is none
    role: str  # "test" (graded automatically), "solution", "locked" or "free"
    points: float
    source: str


class Outcome(NamedTuple):
    """What running a cell came to."""

    name: str
    role: str
    points: float
    error: str  # "TypeError: ..." or empty
    stderr: str  # nbgrader takes all points of a test cell that writes there
    value: str  # what the last line evaluates to: nbgrader may take it for partial credit

    @property
    def score(self):
        """The points that nbgrader gives for the cell."""
        return 0.0 if self.error or self.stderr else self.points


def wrong_answers(source):
    """The dictionary WRONG of an exercise."""
    path = Path(__file__).parent / source.parent.name / "wrong_answers.py"
    spec = importlib.util.spec_from_file_location(f"wrong_answers_{source.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WRONG


def week(source):
    """The name of an exercise in a test's id."""
    return f"{source.parent.name}/{source.stem}"


def graded_cells(outcomes):
    """The outcomes of the graded cells by their name."""
    return {outcome.name: outcome for outcome in outcomes if outcome.role == "test"}


def code_cells(notebook):
    """List the code cells of an exercise.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The instructor's or the released notebook.

    Returns
    -------
    list of Cell
    """
    cells = []
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        own = cell.metadata.get("nbgrader", {})
        role = "free"
        if own.get("grade") and not own.get("solution"):
            role = "test"
        elif own.get("solution"):
            role = "solution"
        elif own.get("locked"):
            role = "locked"
        points = float(own.get("points", 0)) if role == "test" else 0.0
        cells.append(Cell(own.get("grade_id", f"cell {position}"), role, points, cell.source))
    return cells


def with_answer(cells, name, source):
    """Replace the source of the solution cell `name`."""
    assert any(cell.name == name and cell.role == "solution" for cell in cells), f"there is no solution cell {name!r}"
    return [cell._replace(source=source) if cell.name == name else cell for cell in cells]


def without_hidden_tests(cells):
    """Leave out the hidden tests, as in the copy that students get."""
    return [cell._replace(source=HIDDEN.sub("", cell.source)) for cell in cells]


class Executor:
    """A warm process that runs variants of notebooks.

    Examples
    --------
    >>> with Executor() as warm:
    ...     [outcome] = warm.run([Cell("one", "test", 1.0, "assert 1 + 1 == 3, 'add'")])
    >>> outcome.error, outcome.score
    ('AssertionError: add', 0.0)
    """

    def __enter__(self):
        # One core is enough for an exercise, and a process with threads of its own cannot fork safely.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder.name,
            env={**os.environ, **threads, "MPLBACKEND": "Agg", "COURSE_BUDGET": "ci", "PYTHONPATH": str(ROOT)},
        )
        return self

    def __exit__(self, *error):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)
        self._folder.cleanup()

    def run(self, cells, *, free=True, apart=False):
        """Run the cells in order.

        Parameters
        ----------
        cells : list of Cell
        free : bool
            Whether to run the cells that are neither graded nor locked nor a solution. No grade may depend on them.
        apart : bool
            Run the tests in a namespace of their own, where a student's function is a proxy that passes and
            returns copies of plain data only, as a grader does that keeps students' code out of its process.
            Leaves the free cells out.

        Returns
        -------
        list of Outcome
        """
        cells = [cell for cell in cells if cell.role != "free" or (free and not apart)]
        job = json.dumps({"cells": cells, "apart": apart})
        self._process.stdin.write(job + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the warm process ended; its last words are on stderr"
        answer = json.loads(answer)
        assert "failure" not in answer, answer["failure"]
        return [Outcome(*cell[:3], *rest) for cell, rest in zip(cells, answer["outcomes"], strict=True)]


# --- inside the warm process ---------------------------------------------------------------------------------------


def _serve():
    """Answer jobs, one JSON line each, until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a notebook prints past sys.stdout must not get between the answers
    for module in PRELOAD:
        __import__(module)
    for line in sys.stdin:
        answer = _in_a_fork(line) if hasattr(os, "fork") else _in_a_fresh_process(line)
        answers.write(answer.replace("\n", " ") + "\n")
        answers.flush()


def _in_a_fork(line):
    """Run one job in a child, and kill it when its time is up."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        status = 1
        try:
            with os.fdopen(write, "w") as pipe:
                pipe.write(_run(json.loads(line)))
            status = 0
        except BaseException:  # a child must never go on as a second server: report and end
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(write)
    late = []

    def stop(*_):
        late.append(True)
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(TIME_LIMIT)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    signal.alarm(0)
    _, status = os.waitpid(child, 0)
    if late:
        return json.dumps({"failure": f"the notebook took more than {TIME_LIMIT} s"})
    return text if status == 0 else json.dumps({"failure": f"the notebook's process ended with status {status}"})


def _in_a_fresh_process(line):
    """Run one job where there is no fork."""
    try:
        done = subprocess.run(
            [sys.executable, __file__, "--once"], input=line, text=True, capture_output=True, timeout=TIME_LIMIT
        )
    except subprocess.TimeoutExpired:
        return json.dumps({"failure": f"the notebook took more than {TIME_LIMIT} s"})
    return done.stdout if done.returncode == 0 else json.dumps({"failure": done.stderr})


def _run(job):
    """Run the cells of a job; the outcomes as JSON."""
    space = {"__name__": "__main__", "__builtins__": __builtins__}
    tests = {"__name__": "__main__", "__builtins__": __builtins__} if job["apart"] else space
    outcomes = []
    for name, role, _, source in job["cells"]:
        before = dict(space)
        outcome = _run_cell(source, name, tests if role == "test" else space)
        if job["apart"] and role == "locked":
            _run_cell(source, name, tests)
        if job["apart"] and role == "solution":
            new = {key: value for key, value in space.items() if key not in before or before[key] is not value}
            tests.update({key: _proxy(value) if callable(value) else value for key, value in new.items()})
        outcomes.append(outcome)
    return json.dumps({"outcomes": outcomes})


def _run_cell(source, name, space):
    """Run one cell as Jupyter would; return (error, stderr, value of the last line)."""
    from IPython.core.inputtransformer2 import TransformerManager

    stderr, value, error = io.StringIO(), None, ""
    file = f"<{name}>"
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(stderr):
            source = TransformerManager().transform_cell(source)
            linecache.cache[file] = (len(source), None, source.splitlines(True), file)
            tree = ast.parse(source, file)
            last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, file, "exec"), space)
            if last is not None:
                value = eval(compile(last, file, "eval"), space)
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
    return error, stderr.getvalue(), "" if value is None else repr(value)


def _proxy(function):
    """A student's function as the tests of a separate process see it: only copies of plain data cross."""

    def call(*arguments, **named):
        arguments, named = _cross(arguments), _cross(named)
        try:
            result = function(*arguments, **named)
        except Exception as problem:
            raise RuntimeError(f"{type(problem).__name__}: {problem}") from None
        return _cross(result)

    return call


def _cross(value):
    """A copy of plain data; TypeError for anything else."""
    import numpy as np

    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return np.array(value)
    if type(value) in (list, tuple):
        return type(value)(_cross(item) for item in value)
    if type(value) is dict:
        return {_cross(key): _cross(item) for key, item in value.items()}
    raise TypeError(f"only plain data may pass between a test and a student's function, not {type(value).__name__}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--once"]:
        printed = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        printed.write(_run(json.loads(sys.stdin.read())))
        printed.flush()
    else:
        _serve()
