"""Runs the mutants of an exercise and says which of them its tests see.

The notebook runs up to a question once. Then each mutant takes the place of the answer, and the tests of that question run on it
until one fails, in the same process: after it the namespace is put back as it was. So a mutant takes as long as the tests that it
passes. A question's tests are those that stand between its answer and the next question.
"""

import ast
import collections
import contextlib
import copy
import functools
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import NamedTuple

from gate import GRADED, HIDDEN, ONE_THREAD, ROOT, code_cells, run_cell, wrong_answers_module

from mutants import operators

VALUES = 3  # a parameter is fixed at this many of the values that the tests use most, and at its default
TIMES, SECONDS = 20, 20  # of the processor: a mutant that takes more than so many times the reference's, and so much, is killed
SEED = 981_723  # of what is random in a mutant; no test uses it
VISIBLE, HIDDEN_ONLY, KEPT = "visible", "hidden", "kept"


class Verdict(NamedTuple):
    """What became of a mutant."""

    question: str
    mutant: str
    seen: str  # "visible", "hidden" (by hidden tests only) or "kept"
    test: str  # the first that failed
    message: str
    source: str


def judge(source, question=None, share=1.0):
    """Run the mutants of an exercise, in a process of their own.

    Parameters
    ----------
    source : pathlib.Path
        The exercise, ``solutions/weekNN_topic/topic.py``.
    question : str, optional
        Only this solution cell.
    share : float
        How many of the mutants: the same ones each time, chosen by their names.

    Returns
    -------
    list of Verdict
    """
    threads = dict.fromkeys(ONE_THREAD, "1")
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parents[1])])
    environment = {**os.environ, **threads, **GRADED, "MPLBACKEND": "Agg", "COURSE_BUDGET": "ci", "PYTHONPATH": path}
    with tempfile.TemporaryDirectory() as folder:
        arguments = [str(source), question or "", str(share), str(Path(folder) / "verdicts")]
        command = [sys.executable, "-m", "mutants.engine", *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace")
        assert done.returncode == 0, f"the mutants of {source.name} did not run to the end:\n{done.stdout}{done.stderr}"
        return [Verdict(*item) for item in json.loads((Path(folder) / "verdicts").read_text(encoding="utf-8"))]


def equivalent(source):
    """What a week's ``EQUIVALENT`` says: reasons by question and mutant."""
    return getattr(wrong_answers_module(source), "EQUIVALENT", {})


def tests_of(cells, question):
    """The locked cells, answers and tests from behind a question to the last of its tests."""
    place = next(number for number, cell in enumerate(cells) if cell.name == question) + 1
    seen, last = False, place
    for number in range(place, len(cells)):
        if cells[number].role == "test":
            seen, last = True, number + 1
        elif cells[number].role == "solution" and seen:
            break
    return cells[place:last]


# --- in the process of the mutants ---------------------------------------------------------------------------------


class _TooLong(BaseException):
    """A mutant takes much longer than the reference solution."""


class Notebook:
    """The namespace of a notebook, which can be put back as it was.

    Parameters
    ----------
    cells : list of gate.Cell
        Without the free ones.
    """

    def __init__(self, cells):
        self.cells = cells
        self.space = {
            "__name__": "__main__",
            "_changes": _changes,
            "_salted": _salted,
            "_first_row": _first_row,
            "_first_channel": _first_channel,
        }

    def advance(self, cell):
        """Run a cell whose effects stay."""
        error = run_cell(cell.source, cell.name, self.space)[0]
        assert not error, f"{cell.name}: {error}"

    def attempt(self, cell, source, tests, limit=None, before_tests=lambda: None):
        """Run an answer in the place of `cell`, then the tests, and put the namespace back.

        Returns
        -------
        seen, test, message : str
        """
        kept = dict(self.space)
        _seed()
        signal.signal(signal.SIGPROF, _stop)
        signal.setitimer(signal.ITIMER_PROF, limit or 0)
        try:
            error = run_cell(source, cell.name, self.space)[0]
            if error:
                return VISIBLE, cell.name, error
            before_tests()
            return self._first_failure(tests)
        except _TooLong:
            return VISIBLE, cell.name, "takes much longer than the reference solution"
        except (SystemExit, KeyboardInterrupt) as problem:
            return VISIBLE, cell.name, repr(problem)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.space.clear()
            self.space.update(kept)

    def _first_failure(self, tests):
        hidden = None  # the first that only hidden tests see
        for test in tests:
            shown, secret = _parts(test.source) if test.role == "test" else (test.source, "")
            error = run_cell(shown, test.name, self.space)[0]
            if error:
                return VISIBLE, test.name, error
            if secret and hidden is None:
                error = run_cell(secret, test.name, self.space)[0]
                hidden = (HIDDEN_ONLY, test.name, error) if error else None
        return hidden or (KEPT, "", "")


def _parts(source):
    """The visible and the hidden part of a test cell."""
    found = HIDDEN.findall(source)
    secret = "\n".join(textwrap.dedent(re.sub(r"^[ \t]*### .*\n?", "", part, flags=re.MULTILINE)) for part in found)
    return HIDDEN.sub("", source), secret


def _stop(*_):
    raise _TooLong


def _seed():
    random.seed(SEED)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(SEED)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(SEED)


def run(source, question, share):
    """All verdicts of an exercise; the notebook runs from the first cell to the last answer.

    Parameters
    ----------
    source : pathlib.Path
    question : str
        Empty for all.
    share : float

    Returns
    -------
    list of Verdict
    """
    from pipeline.exercises import instructor_notebook

    cells = [cell for cell in code_cells(instructor_notebook(source)) if cell.role != "free"]
    notebook = Notebook(cells)
    verdicts = []
    for cell in cells:
        if cell.role == "solution" and question in ("", cell.name):
            verdicts += _question(notebook, cell, share)
        if cell.role != "test":
            notebook.advance(cell)
    return verdicts


def _question(notebook, cell, share):
    tests = tests_of(notebook.cells, cell.name)
    calls = Calls(cell.source)
    start = time.process_time()
    result = notebook.attempt(cell, cell.source, tests, before_tests=lambda: calls.watch(notebook.space))
    limit = TIMES * (time.process_time() - start) + SECONDS
    assert result[0] == KEPT, f"the reference solution of {cell.name}: {result[1]}: {result[2]}"
    mutants = [*operators.changes(cell.source), *calls.mutants()]
    verdicts = []
    for mutant in mutants:
        if _chosen(f"{cell.name}: {mutant.name}", share):
            seen = notebook.attempt(cell, mutant.source, tests, limit)
            verdicts.append(Verdict(cell.name, mutant.name, *seen, mutant.source))
    # They ran one after the other: had one of them left something behind, the reference would fail now.
    result = notebook.attempt(cell, cell.source, tests)
    assert result[0] == KEPT, f"after its mutants, the reference solution of {cell.name}: {result[1]}: {result[2]}"
    return verdicts


def _chosen(name, share):
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) < share * 2**32


# --- mutants of what the tests pass --------------------------------------------------------------------------------


class Calls:
    """What a question's tests pass to its functions, and the mutants that this suggests.

    Parameters
    ----------
    source : str
        The answer.
    """

    def __init__(self, source):
        self._source = source
        self._functions = operators.written(source)
        self._values = collections.defaultdict(collections.Counter)  # by function, parameter, and place in a tuple
        self._kinds = collections.defaultdict(set)  # by function and parameter: "array", "list", "channels", ...
        self._texts = set()  # functions that return texts

    def watch(self, space):
        """Put recorders in the place of the functions of a namespace."""
        for name in self._functions:
            outer, _, method = name.rpartition(".")
            if outer and (not method.startswith("__") or method in ("__init__", "__call__", "__getitem__")):
                owner = space[outer]
                kind = vars(owner)[method]
                if not isinstance(kind, staticmethod | classmethod | property):
                    setattr(owner, method, self._recorder(kind, name))
            elif not outer:
                space[name] = self._recorder(space[name], name)

    def _recorder(self, function, name):
        import inspect

        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*arguments, **named):
            try:
                bound = signature.bind(*arguments, **named)
                bound.apply_defaults()
            except TypeError:
                return function(*arguments, **named)  # it says best what is wrong
            for parameter, value in bound.arguments.items():
                if signature.parameters[parameter].kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
                    continue
                self._note(name, parameter, value)
            result = function(*arguments, **named)
            if isinstance(result, str):
                self._texts.add(name)
            return result

        return call

    def _note(self, name, parameter, value):
        import numpy as np

        key = (name, parameter)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, np.ndarray):
            self._kinds[key].add("array")
            if value.ndim >= 2 and len(value) > 1:
                self._kinds[key].add("rows")
            if value.ndim >= 3 and value.shape[-1] == 3:
                self._kinds[key].add("channels")
        elif isinstance(value, list | dict | set):
            self._kinds[key].add("container")
        literal = _literal(value)
        if literal is not None:
            self._values[name, parameter, None][literal] += 1
            if isinstance(value, tuple | list) and 2 <= len(value) <= 4:
                for place, item in enumerate(value):
                    self._values[name, parameter, place][_literal(item)] += 1

    def mutants(self):
        """The mutants, once the tests have run.

        Returns
        -------
        list of operators.Mutant
        """
        return operators._named([*self._fixed(), *self._inputs(), *self._salts()])

    def _fixed(self):
        for name, node in self._functions.items():
            defaults = _defaults(node)
            for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                parameter = argument.arg
                used = [value for value, _ in self._values[name, parameter, None].most_common(VALUES)]
                for value in dict.fromkeys([*used, *defaults.get(parameter, [])]):
                    yield self._first(name, f"{parameter} = {value}", f"{name}: {parameter} is always {value}")
                for place in range(4):
                    for value, _ in self._values.get((name, parameter, place), collections.Counter()).most_common(VALUES):
                        if value is not None:
                            line = f"{parameter} = [*{parameter}[:{place}], {value}, *{parameter}[{place + 1}:]]"
                            yield self._first(name, line, f"{name}: {parameter}[{place}] is always {value}")

    def _inputs(self):
        for (name, parameter), kinds in self._kinds.items():
            if kinds & {"array", "container"} and parameter != "self":
                source = f"{self._source}\n\n{name} = _changes({name}, {parameter!r})\n"
                yield operators.Mutant(f"{name}: changes its input {parameter}", source)
            if "rows" in kinds:
                yield self._first(name, f"{parameter} = _first_row({parameter})", f"{name}: the first of {parameter} for all")
            if "channels" in kinds:
                line = f"{parameter} = _first_channel({parameter})"
                yield self._first(name, line, f"{name}: the first channel of {parameter} for all")

    def _salts(self):
        for name in sorted(self._texts):
            if "." not in name:
                yield operators.Mutant(f"{name}: another result in each process", f"{self._source}\n\n{name} = _salted({name})\n")

    def _first(self, name, line, title):
        return operators.with_first_lines(self._source, name, line, title)


def _defaults(node):
    """The default of each parameter that has one and is a plain value."""
    positional = [*node.args.posonlyargs, *node.args.args]
    pairs = [
        *zip(positional[::-1], node.args.defaults[::-1], strict=False),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    return {argument.arg: [ast.unparse(default)] for argument, default in pairs if default is not None}


def _literal(value):
    """A plain value as Python code, or None for anything else and for what is long."""
    try:
        text = repr(value)
        return text if len(text) <= 60 and ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _changes(function, parameter):
    """The right result, but the argument is another one afterwards."""
    import inspect

    import numpy as np

    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*arguments, **named):
        result = function(*arguments, **named)
        if isinstance(result, np.ndarray | list | tuple | dict):
            with contextlib.suppress(Exception):  # an object of the student's in it that cannot be copied
                result = copy.deepcopy(result)
        value = signature.bind(*arguments, **named).arguments.get(parameter)
        if isinstance(value, np.ndarray) and value.flags.writeable and value.size:
            value[...] = ~value if value.dtype.kind == "b" else value + np.ones(1, value.dtype)
        elif isinstance(value, list) and value:
            value.append(value.pop(0))
            value.append(value[-1])
        elif isinstance(value, dict) and value:
            value.popitem()
        elif isinstance(value, set) and value:
            value.pop()
        return result

    return call


def _salted(function):
    """As if the result depended on something that is another one in each process, as Python's hash does."""
    salt = os.urandom(8)

    @functools.wraps(function)
    def call(*arguments, **named):
        result = function(*arguments, **named)
        return hashlib.sha512(salt + result.encode()).hexdigest()[: len(result)]

    return call


def _first_row(value):
    import numpy as np

    ok = isinstance(value, np.ndarray) and value.ndim >= 1 and len(value)
    return np.repeat(value[:1], len(value), axis=0) if ok else value


def _first_channel(value):
    import numpy as np

    ok = isinstance(value, np.ndarray) and value.ndim >= 3 and value.shape[-1] == 3
    return np.repeat(value[..., :1], 3, axis=-1) if ok else value


if __name__ == "__main__":
    exercise, wanted, part, target = sys.argv[1:]
    Path(target).write_text(json.dumps(run(Path(exercise), wanted, float(part))), encoding="utf-8")
