"""Makes ``gate.py``, the fast executor beside this file, importable from the tests, and gives each week its own gate.

``pytest tests/exercises --week week03_lenet`` tests the exercises of one week, without it all weeks are tested. pytest-xdist
spreads the weeks over its workers.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gate import SOURCES, Executor, answers_to_run, code_cells, week
from mutants import engine

from pipeline.exercises import instructor_notebook, released_notebook

WEEKS = sorted({source.parent.name for source in SOURCES})


def pytest_addoption(parser):
    """Let the week be chosen (the option is known where pytest is called with this folder or its files)."""
    parser.addoption("--week", metavar="weekNN_topic", help="test the exercises of this week only")


def pytest_configure(config):
    """Refuse a week that has no exercise."""
    chosen = config.getoption("week", None)
    if chosen is not None and chosen not in WEEKS:
        raise pytest.UsageError(f"--week {chosen}: there is no such week in solutions/. Weeks: {', '.join(WEEKS)}")


def pytest_generate_tests(metafunc):
    """Ask for every exercise, and for every wrong answer to it where the test takes one."""
    if "source" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("week", None)
    sources = [source for source in SOURCES if chosen in (None, source.parent.name)]
    if "mistake" not in metafunc.fixturenames:
        metafunc.parametrize("source", [_case(source) for source in sources])
        return
    cases = [
        _case(source, question, mistake)
        for source in sources
        for question, mistakes in answers_to_run(source)[0].items()
        for mistake in mistakes
    ]
    metafunc.parametrize(("source", "question", "mistake"), cases)


def _case(source, *answer):
    name = "-".join((week(source), *answer)).replace(" ", "_")
    return pytest.param(source, *answer, id=name)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give the tests of a file about one week to one worker, in their order: they go on from each other's cells.

    The marks that `--dist loadgroup` looks for do nothing under pytest 9.2 (pytest-xdist issue 1386).
    """
    from xdist.scheduler import LoadFileScheduling

    class ByWeek(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file, name = super()._split_scope(nodeid), nodeid.partition("[")[2].partition("/")[0]
            return f"{file} {name}" if name in WEEKS else file

    return ByWeek(config, log)


@pytest.fixture(scope="session")
def executor():
    """One warm process for all exercises: it has imported what they need and forks for every variant."""
    with Executor() as warm:
        yield warm


@pytest.fixture(scope="session")
def instructor():
    """A function from a source to the code cells of the instructor's notebook."""
    return _remember(lambda source: code_cells(instructor_notebook(source)))


@pytest.fixture(scope="session")
def released():
    """A function from a source to the code cells of the released notebook."""
    return _remember(lambda source: code_cells(released_notebook(source)))


@pytest.fixture(scope="session")
def judged():
    """A function from a source to what became of its wrong answers, and of the right ones in other styles."""
    return _remember(engine.answers)


def _remember(function):
    known = {}

    def look_up(source):
        if source not in known:
            known[source] = function(source)
        return known[source]

    return look_up
