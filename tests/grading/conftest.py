"""A small course of its own, quick to grade."""

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grading.nbgrader.cells import grade_id
from grading.nbgrader.course import Course
from grading.nbgrader.gradebook import GradebookWriter

if not hasattr(os, "fork"):  # Windows, where `grade run` says that it cannot confine, which test_alone.py sees
    collect_ignore = [
        f"test_{name}.py"
        for name in ("checker", "cli", "corpus", "end_to_end", "engine", "formgrader", "run", "sandbox", "second_grading")
    ]

STUB_FREE = "An exercise about doubling."
ANSWERS = {
    "double": "def double(x):\n    return 2 * x",
    "triple": "def triple(x):\n    return x + x + x",
    "why": "Because two of it make twice as much.",
}


def _mark(grade_id, **more):
    return {
        "nbgrader": {
            "grade": False,
            "grade_id": grade_id,
            "locked": False,
            "schema_version": 3,
            "solution": False,
            "task": False,
            **more,
        }
    }


def source_notebook():
    """The instructor's notebook: two questions with hidden tests (2 and 3 points), one answer in words (4 points)."""
    cells = [
        new_markdown_cell(STUB_FREE),
        new_code_cell("import math\nfrom os.path import join", metadata=_mark("setup", locked=True)),
        new_code_cell(
            "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
            metadata=_mark("double", solution=True),
        ),
        new_code_cell(
            "assert double(2) == 4, 'two times two is four'\n### BEGIN HIDDEN TESTS\n"
            "assert double(7) == 14, 'SECRET fourteen'\n### END HIDDEN TESTS",
            metadata=_mark("double_test", grade=True, locked=True, points=2),
        ),
        new_code_cell(
            "def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION",
            metadata=_mark("triple", solution=True),
        ),
        new_code_cell(
            "assert triple(2) == 6, 'three times two is six'\n### BEGIN HIDDEN TESTS\n"
            "assert triple(-1) == -3, 'SECRET minus three'\n### END HIDDEN TESTS",
            metadata=_mark("triple_test", grade=True, locked=True, points=3),
        ),
        new_markdown_cell("Why? YOUR ANSWER HERE", metadata=_mark("why", grade=True, solution=True, points=4)),
        new_code_cell("shown = 5\nshown"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    for position, cell in enumerate(notebook.cells):
        cell.id = f"released-{position}"
    return notebook


class Small:
    """A course folder with one small assignment."""

    def __init__(self, root):
        self.root = Path(root)
        (self.root / "source" / "ps1").mkdir(parents=True)
        nbformat.write(source_notebook(), self.root / "source" / "ps1" / "ps1.ipynb")

    @property
    def course(self):
        return Course.open(self.root)

    @property
    def assignment(self):
        return self.course.assignment("ps1")

    def source(self):
        return source_notebook()

    def release(self, notebook):
        (self.root / "release" / "ps1").mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, self.root / "release" / "ps1" / "ps1.ipynb")

    def solved(self, *names, **sources):
        """The released notebook with some answers filled in: all of them, those named, or with sources given."""
        notebook = self.assignment.released_notebook("ps1")
        chosen = {name: ANSWERS[name] for name in names} | sources if names or sources else ANSWERS
        for cell in notebook.cells:
            if grade_id(cell) in chosen:
                cell.source = chosen[grade_id(cell)]
        return notebook

    def hand_in(self, student, content=None, name="ps1.ipynb", folder="ps1"):
        """Put a file (a notebook, text or bytes) into a student's submission; solved by default."""
        path = self.root / "submitted" / student / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            content = self.solved()
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return path


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory):
    """A gradebook with nothing in it: nbgrader starts a program to make one, which takes seconds."""
    small = Small(tmp_path_factory.mktemp("empty") / "course")
    with GradebookWriter(small.assignment):
        pass
    return small.root / "gradebook.db"


@pytest.fixture
def small(tmp_path, empty_gradebook):
    made = Small(tmp_path / "course")
    shutil.copyfile(empty_gradebook, made.root / "gradebook.db")
    return made
