"""Runs many answers to the questions of an exercise, and says which tests see that they are wrong.

The notebook runs up to a question once, in a process of its own. Then each answer takes the place of the reference solution, and
tests run on it, in the same process: after it the namespace is put back as it was. So an answer takes as long as its tests. A
question's tests are those that stand between its answer and the next question. At the end of each question the reference solution
has to pass once more: had an answer left something behind, it would fail.
"""

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

from gate import GRADED, HIDDEN, ONE_THREAD, ROOT, answers_to_run, code_cells, run_cell, wrong_answers_module

from mutants import calls, operators

TIMES, SECONDS = 8, 5  # of the processor: a mutant that takes so many times the reference's, and so much more, is stopped
LONGEST = 60  # seconds of the processor, after which an answer of the list is stopped
ONE_IN = 10  # of the mutants of a question about networks or searches are run where not everything is
SEED = 981_723  # of what is random in an answer; no test uses it
VISIBLE, HIDDEN_ONLY, KEPT = "visible", "hidden", "kept"
BARE, FALLBACKS, DIAGNOSES = "bare exceptions", "fallbacks", "diagnoses"  # kinds of messages
# What `helpers.checks` says where it knows no reason.
KNOWS_NO_REASON = ("Look at the first one that differs by hand", "Print the shape after every step")


class Failure(NamedTuple):
    """A cell that failed."""

    cell: str
    seen: str  # "visible" or "hidden"
    message: str


class Verdict(NamedTuple):
    """What became of an answer."""

    question: str
    name: str
    failures: list  # of Failure: for a mutant up to the first that a student sees, for others in all of the tests
    source: str

    @property
    def seen(self):
        """Who sees that it is wrong: "visible" (a check that the student has), "hidden" (no other test) or "kept" (nobody)."""
        kinds = {failure.seen for failure in self.failures}
        return VISIBLE if VISIBLE in kinds else HIDDEN_ONLY if kinds else KEPT

    def message(self, cell):
        """What a cell said."""
        return "\n".join(failure.message for failure in self.failures if failure.cell == cell)


def judge(source, question=None, everything=True):
    """Run the mutants of an exercise.

    Parameters
    ----------
    source : pathlib.Path
        The exercise, ``solutions/weekNN_topic/topic.py``.
    question : str, optional
        Only this solution cell.
    everything : bool
        Without, only a part of the mutants of questions about networks: the same ones each time, chosen by their names.

    Returns
    -------
    list of Verdict
    """
    return _in_a_process(source, "mutants", question or "", *["everything"] * everything)


def answers(source):
    """Run the answers of an exercise's ``wrong_answers.py``: those of WRONG and of RIGHT, see `gate.answers_to_run`.

    Parameters
    ----------
    source : pathlib.Path

    Returns
    -------
    wrong, right : dict of (str, str) to Verdict
        By question and name. Of a wrong one the tests ran that should see it, of a right one those of its question.
    """
    verdicts = _in_a_process(source, "answers")
    found = {True: {}, False: {}}
    for verdict in verdicts:
        kind, name = verdict.name.split(": ", 1)  # a wrong and a right answer may have the same name
        found[kind == "wrong"][verdict.question, name] = verdict._replace(name=name)
    return found[True], found[False]


def _in_a_process(source, *arguments):
    threads = dict.fromkeys(ONE_THREAD, "1")
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parents[1])])
    environment = {**os.environ, **threads, **GRADED, "MPLBACKEND": "Agg", "COURSE_BUDGET": "ci", "PYTHONPATH": path}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "verdicts.json"
        command = [sys.executable, "-m", "mutants.engine", str(target), str(source), *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace")
        assert done.returncode == 0, f"the answers to {source.name} did not run to the end:\n{done.stdout}{done.stderr}"
        rows = json.loads(target.read_text(encoding="utf-8"))
    return [Verdict(question, name, [Failure(*one) for one in failures], text) for question, name, failures, text in rows]


def kind(message):
    """What a message is: a diagnosis, the fallback of `helpers.checks`, or a bare exception.

    Examples
    --------
    >>> kind("TypeError: unsupported"), kind("AssertionError: Two rows share a label.")
    ('bare exceptions', 'diagnoses')
    """
    if not message.startswith(("CheckFailed: ", "AssertionError: ")):
        return BARE
    return FALLBACKS if any(text in message for text in KNOWS_NO_REASON) else DIAGNOSES


def equivalent(source):
    """What a week's ``EQUIVALENT`` says: reasons by question and mutant."""
    return getattr(wrong_answers_module(source), "EQUIVALENT", {})


def tests_of(cells, question, losing=()):
    """The cells that decide about an answer: locked ones, answers and tests behind it, up to the last of the tests.

    Parameters
    ----------
    cells : list of gate.Cell
    question : str
        The name of the solution cell.
    losing : iterable of str
        Which tests: without them, those between the question and the next one.

    Returns
    -------
    list of gate.Cell
    """
    place = next(number for number, cell in enumerate(cells) if cell.name == question) + 1
    own, end = set(losing), place
    for cell in cells[place:] if not losing else ():
        if cell.role == "test":
            own.add(cell.name)
        elif cell.role == "solution" and own:
            break
    for number, cell in enumerate(cells):
        if cell.name in own:
            end = number + 1
    return [cell for cell in cells[place:end] if cell.role in ("locked", "solution") or cell.name in own]


# --- in the process of the answers ---------------------------------------------------------------------------------


class _TooLong(BaseException):
    """An answer takes much longer than the reference solution."""


class Notebook:
    """The namespace of a notebook, which can be put back as it was.

    Parameters
    ----------
    cells : list of gate.Cell
        Without the free ones.
    """

    def __init__(self, cells):
        self.cells = cells
        self.space = {"__name__": "__main__", **calls.NAMES}

    def advance(self, cell):
        """Run a cell whose effects stay."""
        error = run_cell(cell.source, cell.name, self.space)[0]
        assert not error, f"{cell.name}: {error}"

    def attempt(self, cell, source, tests, limit=0, *, every=False, before_tests=lambda: None):
        """Run an answer in the place of `cell`, then the tests, and put the namespace back.

        Returns
        -------
        list of Failure
            Of all tests, or up to the first that a student sees.
        """
        kept, failures = dict(self.space), []
        _seed()
        signal.signal(signal.SIGPROF, _stop)
        signal.setitimer(signal.ITIMER_PROF, limit)
        running = cell.name
        try:
            error = run_cell(source, cell.name, self.space)[0]
            if error:
                return [Failure(cell.name, VISIBLE, error)]
            before_tests()
            for test in tests:
                running = test.name
                failures += self._failures(test, every or not failures)
                if failures and failures[-1].seen == VISIBLE and not every:
                    break
        except _TooLong:
            failures.append(Failure(running, VISIBLE, "takes much longer than the reference solution"))
        except (SystemExit, KeyboardInterrupt) as problem:
            failures.append(Failure(running, VISIBLE, repr(problem)))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.space.clear()
            self.space.update(kept)
        return failures

    def _failures(self, test, with_hidden):
        shown, secret = _parts(test.source) if test.role == "test" else (test.source, "")
        error = run_cell(shown, test.name, self.space)[0]
        if error:
            return [Failure(test.name, VISIBLE, error)]
        error = run_cell(secret, test.name, self.space)[0] if secret and with_hidden else ""
        return [Failure(test.name, HIDDEN_ONLY, error)] if error else []


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


def run(source, of_question):
    """Run the notebook from the first cell to the last answer, and at each answer what `of_question` does.

    Parameters
    ----------
    source : pathlib.Path
    of_question : callable
        Takes the notebook and the solution cell; gives verdicts.

    Returns
    -------
    list of Verdict
    """
    from pipeline.exercises import instructor_notebook

    notebook = Notebook([cell for cell in code_cells(instructor_notebook(source)) if cell.role != "free"])
    verdicts = []
    for cell in notebook.cells:
        if cell.role == "solution":
            verdicts += of_question(notebook, cell)
        if cell.role != "test":
            notebook.advance(cell)
    return verdicts


def _mutants(notebook, cell, question, everything):
    if question not in ("", cell.name):
        return
    tests = tests_of(notebook.cells, cell.name)
    slow = any(
        word in text for word in ("keras", "layers.", "optuna") for text in (cell.source, *(test.source for test in tests))
    )
    passed = calls.Calls(cell.source)
    limit = _reference(notebook, cell, tests, before_tests=lambda: passed.watch(notebook.space))
    for mutant in [*operators.changes(cell.source), *passed.mutants()]:
        if everything or not slow or _number(f"{cell.name}: {mutant.name}") % ONE_IN == 0:
            yield Verdict(cell.name, mutant.name, notebook.attempt(cell, mutant.source, tests, limit), mutant.source)
    _reference(notebook, cell, tests)


def _answers(notebook, cell, wrong, right):
    wrong = {f"wrong: {name}": (text, losing) for name, (text, losing, _) in wrong.get(cell.name, {}).items()}
    right = {f"right: {name}": (text, ()) for name, text in right.get(cell.name, {}).items()}
    for name, (text, losing) in {**wrong, **right}.items():
        tests = tests_of(notebook.cells, cell.name, losing)
        yield Verdict(cell.name, name, notebook.attempt(cell, text, tests, LONGEST, every=True), text)
    _reference(notebook, cell, tests_of(notebook.cells, cell.name))


def _reference(notebook, cell, tests, **options):
    """Let the reference solution pass; how many seconds of the processor another answer may take."""
    start = time.process_time()
    failures = notebook.attempt(cell, cell.source, tests, **options)
    assert not failures, f"the reference solution of {cell.name}: {failures}"
    return TIMES * (time.process_time() - start) + SECONDS


def _number(name):
    return int(hashlib.sha256(name.encode()).hexdigest(), 16)


def main(target, exercise, what, question="", everything=""):
    """What `_in_a_process` calls."""
    source = Path(exercise)
    if what == "mutants":
        verdicts = run(source, lambda notebook, cell: _mutants(notebook, cell, question, everything))
    else:
        verdicts = run(source, lambda notebook, cell: _answers(notebook, cell, *answers_to_run(source)))
    Path(target).write_text(json.dumps(verdicts), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
