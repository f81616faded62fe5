"""The executed lectures, as evidence: tests read what a notebook printed instead of running it again."""

import nbformat
import pytest

from helpers import record
from pipeline import EXECUTED


@pytest.fixture(scope="session")
def executed():
    """A function from a lecture's name ("week01_knn/01_images") to its executed notebook."""

    def read(name):
        path = EXECUTED / f"{name}.ipynb"
        if not path.exists():
            pytest.fail(f"{name} has not been executed yet: run `doit execute:{name}` (make test does)")
        return nbformat.read(path, as_version=4)

    return read


@pytest.fixture(scope="session")
def printed():
    """A function from an executed notebook to all the text that its cells printed or returned."""

    def text(notebook):
        parts = []
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                # A kernel may cut what one print wrote into two outputs: put nothing between them.
                parts.append(output.get("text", "") or output.get("data", {}).get("text/plain", "") + "\n")
            parts.append("\n")
        return "".join(parts)

    return text


@pytest.fixture(scope="session")
def values(executed):
    """A function from a lecture's name to what it recorded: ``values("week01_knn/01_images")["classes"]``."""
    known = {}

    def read(name):
        if name not in known:
            known[name] = record.recorded(executed(name))
        return known[name]

    return read


@pytest.fixture(scope="module")
def lecture(request, values):
    """What the lecture recorded that the test file names in its constant LECTURE."""
    return values(request.module.LECTURE)
