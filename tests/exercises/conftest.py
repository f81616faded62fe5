"""Makes ``gate.py``, the fast executor beside this file, importable from the tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gate import Executor, code_cells

from pipeline.exercises import instructor_notebook, released_notebook


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


def _remember(function):
    known = {}

    def look_up(source):
        if source not in known:
            known[source] = function(source)
        return known[source]

    return look_up
