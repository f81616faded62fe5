"""Solutions (``.py``, percent format) -> the instructor's notebook and the exercise that students get.

``solutions/weekNN_topic/topic.py`` is the only source of an exercise. From it come

- ``build/source/weekNN_topic/topic.ipynb``, the instructor's version, which nbgrader calls *source*;
- ``exercises/weekNN_topic/topic.ipynb``, the released version: nbgrader's own preprocessors have replaced each solution by
  ``raise checks.NotWritten()`` and taken out the hidden tests;
- ``helpers/exercises/weekNN_topic.json``, what :mod:`helpers.exercise` shows while a student works: titles, points, visible
  tests, and the hints, which are in neither notebook.

Run ``python -m pipeline.exercises solutions/week01_knn/knn.py`` to make all three.
"""

import argparse
import ast
import functools
import json
import re
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader import preprocessors
from traitlets.config import PyFileConfigLoader

from pipeline import ROOT, SOURCE, in_repository
from pipeline.files import write_text
from pipeline.notebooks import SourceError, code_of, read_source, set_ids, setup_cells, write_notebook
from pipeline.questions import is_hints, questions, title

HIDDEN = re.compile(r"[ \t]*### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS[^\n]*\n?", flags=re.DOTALL)

# What `nbgrader generate_assignment` runs, in its order, less the two that write to a database or add a header.
RELEASE_STEPS = (
    preprocessors.LockCells,
    preprocessors.ClearSolutions,
    preprocessors.ClearOutput,
    preprocessors.CheckCellMetadata,
    preprocessors.ClearHiddenTests,
    preprocessors.ClearMarkScheme,
    preprocessors.ComputeChecksums,
    preprocessors.CheckCellMetadata,
)


def released_path(source):
    """Where the released notebook of a solution lies.

    Examples
    --------
    >>> in_repository(released_path(ROOT / "solutions" / "week01_knn" / "knn.py"))
    'exercises/week01_knn/knn.ipynb'
    """
    source = Path(source).resolve()
    return ROOT / f"exercises/{source.parent.name}/{source.stem}.ipynb"


def instructor_path(source):
    """Where the instructor's notebook of a solution lies (not committed: it holds the answers).

    Examples
    --------
    >>> in_repository(instructor_path(ROOT / "solutions" / "week01_knn" / "knn.py"))
    'build/source/week01_knn/knn.ipynb'
    """
    source = Path(source).resolve()
    return SOURCE / source.parent.name / f"{source.stem}.ipynb"


def companion_path(source):
    """Where the facts about a solution lie that :mod:`helpers.exercise` reads.

    Examples
    --------
    >>> in_repository(companion_path(ROOT / "solutions" / "week01_knn" / "knn.py"))
    'helpers/exercises/week01_knn.json'
    """
    return ROOT / f"helpers/exercises/{Path(source).resolve().parent.name}.json"


@functools.cache
def settings():
    """The course's settings for nbgrader, so that a release made here is the one that nbgrader makes."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()


def instructor_notebook(source):
    """Make the instructor's notebook: task, reference solution, visible and hidden tests.

    Parameters
    ----------
    source : str or pathlib.Path
        ``solutions/weekNN_topic/topic.py``.

    Returns
    -------
    nbformat.NotebookNode
        With the badge and set-up cell of the *released* notebook, so that the two differ in the answers only.

    Raises
    ------
    SourceError
        If a ``grade_id`` occurs twice.
    """
    source = Path(source).resolve()
    path = in_repository(released_path(source))
    notebook = read_source(source)
    notebook.cells = [cell for cell in notebook.cells if not is_hints(cell)]
    ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise SourceError(f"{source}: grade_id used more than once: {', '.join(twice)}; nbgrader needs each to be unique")
    for cell in notebook.cells:
        own = cell.metadata.get("nbgrader", {})
        if own.get("grade") and not own.get("solution") and ast.parse(HIDDEN.sub("", cell.source)).body:
            _fold(cell)
    notebook.cells[:0] = setup_cells(path, code_of(notebook))
    set_ids(notebook, path)
    nbformat.validate(notebook)
    return notebook


def _fold(cell):
    """Close a visible check in JupyterLab, on Colab and on the book's page; a click opens it."""
    name = cell.metadata.nbgrader.grade_id.removesuffix("_test")
    cell.source = f"# @title Check: {name}\n{cell.source}"  # what Colab shows of a closed cell
    cell.metadata.update(jupyter={"source_hidden": True}, cellView="form", tags=[*cell.metadata.get("tags", []), "hide-input"])


def released_notebook(source):
    """Make the notebook that students get: no solution, no hidden test.

    Parameters
    ----------
    source : str or pathlib.Path
        ``solutions/weekNN_topic/topic.py``.

    Returns
    -------
    nbformat.NotebookNode
        What ``nbgrader generate_assignment`` makes of the instructor's notebook.
    """
    source = Path(source).resolve()
    notebook = instructor_notebook(source)
    resources = ResourcesDict()
    resources["unique_key"] = source.stem
    for step in RELEASE_STEPS:
        notebook, resources = step(config=settings()).preprocess(notebook, resources)
    nbformat.validate(notebook)
    return notebook


def companion(source):
    """Make the facts about an exercise that :mod:`helpers.exercise` reads: only what students may see.

    Parameters
    ----------
    source : str or pathlib.Path
        ``solutions/weekNN_topic/topic.py``.

    Returns
    -------
    str
        JSON.

    Raises
    ------
    SourceError
        If text and tests disagree about the points, or hints are missing.
    """
    source = Path(source).resolve()
    visible = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in released_notebook(source).cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    notebook = read_source(source)
    try:
        found = questions(notebook)
    except SourceError as problem:
        raise SourceError(f"{source}: {problem}") from None
    for question in found:
        tests = [test | {"source": visible[test["grade_id"]]} for test in question["tests"]]
        question["tests"] = [test for test in tests if ast.parse(test["source"]).body]  # the others are hidden as a whole
        if not question["by_hand"]:
            del question["by_hand"]
    return json.dumps({"title": title(notebook), "questions": found}, indent=1, ensure_ascii=False) + "\n"


def main(arguments=None):
    """Make both notebooks, and what goes with them, of each solution named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.exercises", description="Make exercises from their solutions.")
    parser.add_argument("sources", nargs="+", type=Path, metavar="solutions/weekNN_topic/topic.py")
    for source in parser.parse_args(arguments).sources:
        # nbgrader takes every notebook in an assignment's source folder for a part of the assignment.
        facts = companion(source)  # refuses what is not complete, before anything is written
        write_notebook(instructor_path(source), instructor_notebook(source), aside=ROOT / "source-replaced" / source.parent.name)
        write_notebook(released_path(source), released_notebook(source))
        write_text(companion_path(source), facts)


if __name__ == "__main__":
    main()
