"""Runs an exercise many times, fast: one warm process that forks for every variant of the notebook.

The gate asks of every exercise what happens with the reference solution and with nothing filled in; `mutants.engine` runs the
many answers that are wrong, or right in another way. A Jupyter kernel for each would take minutes. Here, one process imports
NumPy, Matplotlib and the helpers once, then forks for every variant; the child runs the cells in order in one namespace and goes
on after an error, as nbgrader does. `test_nbgrader.py` checks that nbgrader itself gives the same scores.

Where a system cannot fork, every variant gets a fresh process: slower, same results.
"""

import ast
import contextlib
import dis
import functools
import gc
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
import types
from pathlib import Path
from typing import NamedTuple

from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "solutions").glob("week*/*.py"))
TIME_LIMIT = 3600  # seconds for one variant, which takes a few: only ends one that hangs, on however busy a machine
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
ONE_THREAD = (  # the environment variables that hold a library to one thread
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
GRADED = {"NBGRADER_EXECUTION": "autograde"}  # as nbgrader sets it, and our grader as well
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
    stderr: str  # costs no points: see nbgrader_config.py
    value: str  # what the last line evaluates to: nbgrader may take it for partial credit

    @property
    def score(self):
        """The points that nbgrader gives for the cell."""
        return 0.0 if self.error else self.points


def wrong_answers(source):
    """The dictionary WRONG of an exercise."""
    return wrong_answers_module(source).WRONG


@functools.cache
def wrong_answers_module(source):
    """The ``wrong_answers.py`` of an exercise, imported."""
    path = Path(__file__).parent / source.parent.name / "wrong_answers.py"
    spec = importlib.util.spec_from_file_location(f"wrong_answers_{source.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def answers_to_run(source):
    """The wrong and the right answers of an exercise that are run, ``{question: {name: ...}}`` each.

    Those of a question in SLOW, whose answers train networks, take seconds each: of them, the first of the right answers runs,
    and of the wrong ones the first for each set of tests that should see it. All of them run where ``COURSE_MUTANTS=all`` says
    so, as every night.
    """
    module = wrong_answers_module(source)
    wrong, right = dict(module.WRONG), dict(module.RIGHT)
    for question in getattr(module, "SLOW", ()) if os.environ.get("COURSE_MUTANTS") != "all" else ():
        first = {tuple(sorted(losing)): name for name, (_, losing, _) in reversed(wrong[question].items())}
        wrong[question] = {name: wrong[question][name] for name in reversed(first.values())}
        right[question] = dict(list(right[question].items())[:1])
    return wrong, right


def right_answers(source):
    """Notebooks' worth of right answers in other styles, from RIGHT of an exercise: ``{question: source}`` each.

    The first holds the first style of each question, the second the second, and so on.
    """
    right = wrong_answers_module(source).RIGHT
    styles = {question: list(answers.values()) for question, answers in right.items()}
    most = max(map(len, styles.values()), default=0)
    return [{question: answers[n] for question, answers in styles.items() if n < len(answers)} for n in range(most)]


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


def names(source):
    """The names that a cell leaves in the notebook's namespace, and those that it takes from there.

    A name that the cell binds before it reads it is its own. What functions read counts unless the cell binds it.

    Returns
    -------
    bound, taken : set of str

    Examples
    --------
    >>> bound, taken = names("a = b; c = a; d = d + 1; f = lambda x: g(x) + c")
    >>> sorted(bound), sorted(taken)
    (['a', 'c', 'd', 'f'], ['b', 'd', 'g'])
    """
    code = compile(_python(source), "<cell>", "exec")
    bound, taken = set(), set()
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME":
            bound.add(step.argval)
        elif step.opname == "LOAD_NAME" and step.argval not in bound:
            taken.add(step.argval)
    return bound, taken | (_taken_inside(code) - bound)


def _taken_inside(code):
    """The names that functions and classes of a code object take from the namespace of the notebook."""
    taken = set()
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            steps = list(dis.get_instructions(inner))
            own = {step.argval for step in steps if step.opname == "STORE_NAME"}  # the body of a class
            taken |= {step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")} - own
            taken |= _taken_inside(inner)
    return taken


def _python(source):
    """The source of a cell without IPython's own syntax."""
    return TransformerManager().transform_cell(source)


class Executor:
    """A warm process that runs variants of notebooks.

    Parameters
    ----------
    preload : iterable of str
        The modules that it imports before it runs any.

    Examples
    --------
    >>> with Executor(preload=[]) as warm:
    ...     [outcome] = warm.run([Cell("one", "test", 1.0, "assert 1 + 1 == 3, 'add'")])
    >>> outcome.error, outcome.score
    ('AssertionError: add', 0.0)
    """

    def __init__(self, preload=PRELOAD):
        self._preload = list(preload)

    def __enter__(self):
        # One core is enough for an exercise, and a process with threads of its own cannot fork safely.
        threads = dict.fromkeys(ONE_THREAD, "1")
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self._preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder.name,
            env={**os.environ, **threads, "MPLBACKEND": "Agg", "COURSE_BUDGET": "ci", "PYTHONPATH": str(ROOT), **GRADED},
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
    for module in sys.argv[1:]:
        __import__(module)
    gc.freeze()  # collecting what is there already would only copy its pages in every child
    for line in sys.stdin:
        job = json.loads(line)
        if not hasattr(os, "fork"):
            answer = _in_a_fresh_process(line)
        else:
            answer = _in_a_fork(_Notebook(job["apart"]), job["cells"])
        answers.write(answer.replace("\n", " ") + "\n")
        answers.flush()


def _in_a_fork(notebook, cells):
    """Run more cells of a notebook in a child, which leaves ours as it is; the answer."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)

        def report():
            signal.alarm(TIME_LIMIT)  # nobody handles it: it ends the process
            answer = notebook.run(cells).answer()
            with os.fdopen(write, "w") as pipe:
                pipe.write(answer)

        _go_on_in_a_child(report)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return text if status == 0 else json.dumps({"failure": f"the notebook: {_ending(status)}"})


def _go_on_in_a_child(function):
    """Call a function, then end: a child must never go on as a second server."""
    status = 1
    try:
        function()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _ending(status):
    """How a process ended, from what os.waitpid says, in words."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return f"it took more than {TIME_LIMIT} s"
    return f"its process ended with status {os.waitstatus_to_exitcode(status)}; what it said is on stderr"


def _in_a_fresh_process(line):
    """Run one job where there is no fork."""
    try:
        done = subprocess.run(
            [sys.executable, __file__, "--once"], input=line, text=True, capture_output=True, timeout=TIME_LIMIT
        )
    except subprocess.TimeoutExpired:
        return json.dumps({"failure": f"the notebook took more than {TIME_LIMIT} s"})
    return done.stdout if done.returncode == 0 else json.dumps({"failure": done.stderr})


class _Notebook:
    """The namespace of a notebook and what came of the cells that ran in it.

    Apart: tests have a namespace of their own, see `Executor.run`.
    """

    def __init__(self, apart=False):
        self._apart = apart
        self._space = {"__name__": "__main__", "__builtins__": __builtins__}
        self._tests = dict(self._space) if apart else self._space
        self.outcomes = []

    def run(self, cells):
        """Run more cells; the notebook itself."""
        for name, role, _, source in cells:
            before = dict(self._space)
            self.outcomes.append(run_cell(source, name, self._tests if role == "test" else self._space))
            if self._apart and role == "locked":
                run_cell(source, name, self._tests)
            if self._apart and role == "solution":
                new = {key: value for key, value in self._space.items() if before.get(key, before) is not value}
                self._tests.update({key: _proxy(value) if callable(value) else value for key, value in new.items()})
        return self

    def answer(self):
        """The outcomes as JSON."""
        return json.dumps({"outcomes": self.outcomes})


def run_cell(source, name, space):
    """Run one cell as Jupyter would; return (error, stderr, value of the last line)."""
    stderr, value, error = io.StringIO(), None, ""
    file = f"<{name}>"
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(stderr):
            source = _python(source)
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
        arguments, named = _cross(list(arguments)), _cross(named)
        return _cross(function(*arguments, **named))

    return call


def _cross(value):
    """What the grader's protocol makes of plain data; TypeError for anything else."""
    from grading.protocol import values

    return values.decode(values.encode(value, _stays))


def _stays(value):
    from grading.protocol import values
    from grading.protocol.student_agent import TENSOR_PACKAGES

    if type(value).__module__.split(".")[0] in TENSOR_PACKAGES and hasattr(value, "__array__") and hasattr(value, "shape"):
        import numpy

        return values.encode(numpy.asarray(value), _stays)  # as in a student's process
    raise TypeError(f"only plain data may pass between a test and a student's function, not {type(value).__name__}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--once"]:
        printed = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        once = json.loads(sys.stdin.read())
        printed.write(_Notebook(once["apart"]).run(once["cells"]).answer())
        printed.flush()
    else:
        _serve()
