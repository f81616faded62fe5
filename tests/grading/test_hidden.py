"""Nothing of a hidden test reaches what a student gets, whatever the student's code notes down; and honest work loses nothing."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from grading.batch.engine import open_engine
from grading.batch.run import run_batch
from grading.model import Limits
from grading.nbgrader.cells import Marks, grade_id, hidden_lines, visible_source
from grading.reports.feedback import write_feedback
from tests.grading.conftest import Small

ROOT = Path(__file__).resolve().parents[2]
SECRET = 271828
LIMITS = Limits(cell_timeout=20, memory=2**30)

# Each notes down what it is asked, and `told` gives what it knows. Alone, `told` is what an honest answer does not have.
SPY = """
import builtins
SEEN = builtins.SEEN = getattr(builtins, "SEEN", [])
def told(): return "".join(f"[SEEN {one!r}]" for one in SEEN)
def double(x):
    SEEN.append(x)
    return 2 * x
"""
TRIPLE = "def triple(x):\n    SEEN.append(x)\n    return 3 * x"
SPIES = {  # (answer to `double`, answer to `triple`, cell at the end)
    "print": (SPY, TRIPLE, "print(told())"),
    "value": (SPY, TRIPLE, "[told()]"),
    "file": (
        SPY.replace("return 2 * x", "open('notes', 'w').write(told())\n    return 2 * x"),
        TRIPLE,
        "import os\nprint(open('notes').read(), os.listdir())",
    ),
    "thread": (
        SPY + "import threading, time\ndef speak():\n    while True:\n        print(told(), flush=True); time.sleep(0.02)\n"
        "threading.Thread(target=speak, daemon=True).start()",
        TRIPLE,
        "import time\ntime.sleep(0.3)",
    ),
    "at-exit": (SPY + "import atexit\natexit.register(lambda: print(told()))", TRIPLE, "print('so')"),
    "child": (
        SPY.replace("return 2 * x", "os.write(pipe[1], told().encode())\n    return 2 * x")
        + "import os, mmap\npipe = os.pipe()\nshared = mmap.mmap(-1, 4096)",
        TRIPLE.replace("return 3 * x", "shared.seek(0); shared.write(told()[:4000].encode())\n    return 3 * x"),
        "os.set_blocking(pipe[0], False)\nprint(os.read(pipe[0], 4000), shared[:4000])",
    ),
    "exception": (SPY, TRIPLE.replace("return 3 * x", "raise ValueError(told())"), "1"),
    "message": (SPY, TRIPLE.replace("return 3 * x", "return told()"), "1"),
    "hint": (SPY, "def triple(x):\n    if x > 1000: raise ValueError('three times two is six')\n    return 3 * x", "1"),
    "figure": (SPY, TRIPLE, "import matplotlib.pyplot as plt\nplt.plot([len(SEEN)])\nplt.show()\nprint(told())"),
    "display": (SPY, TRIPLE, "from IPython.display import display, HTML\ndisplay(HTML(told()))\nraise ValueError(told())"),
    "kill": (SPY.replace("return 2 * x", "import os\n    os._exit(0) if x > 1000 else None\n    return 2 * x"), TRIPLE, "told()"),
    "again": (SPY.replace("return 2 * x", "return 2 * x if x < 1000 else 0"), TRIPLE, "print(told())"),
}
HONEST = {
    "plain": ("def double(x):\n    return 2 * x", "print('so', double(4))", 5),
    "renamed": ("def double(x):\n    return 2 * x", "def double(x):\n    return None\nprint('so 8')", 5),
    "removed": ("def double(x):\n    return factor * x\nfactor = 2", "del double, factor\nprint('so 8')", 5),
    "in-place": ("table = [2]\ndef double(x):\n    return table[0] * x", "table.clear()\nprint('so 8')", 5),
    "dies": ("table = [2]\ndef double(x):\n    return table[0] * x", "print('so 8')\nimport os\nos._exit(0)", 5),
    "path": (
        "def double(x):\n    return 2 * x",
        "import numpy, os\nprint('so 8')\nprint('IN', numpy.__file__, os.environ.get('COURSE_DATA'))\ninput()",
        5,
    ),
    "wrong": ("def double(x):\n    return 4", "print('so 8')", 3),
}


def source():
    """The small course's notebook, with a distinctive hidden input, and more after each hidden test."""
    notebook = Small.source(None)
    for cell in notebook.cells:
        cell.source = cell.source.replace("double(7) == 14", f"double({SECRET}) == {2 * SECRET}")
        cell.source = cell.source.replace("triple(-1) == -3", f"triple({SECRET}) == {3 * SECRET}")
        cell.source = cell.source.replace("'three times two is six'", "'three times two is six' + f'; got {triple(2)}'")
    return notebook


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The spies and the honest, graded, with their pages."""
    small = Small(tmp_path_factory.mktemp("hidden") / "course")
    nbformat.write(source(), small.root / "source" / "ps1" / "ps1.ipynb")
    for student, (double, triple, last) in SPIES.items():
        notebook = small.solved(double=double, triple=triple)
        notebook.cells.append(new_code_cell(last))
        small.hand_in(student, nbformat.writes(notebook))
    for student, (double, last, _) in HONEST.items():
        notebook = small.solved(double=double, triple="def triple(x):\n    return 3 * x")
        notebook.cells.append(new_code_cell(last))
        small.hand_in(student, nbformat.writes(notebook))
    assignment = small.assignment
    batch = run_batch(assignment, limits=LIMITS, jobs=2, open_engine=open_engine)
    assert batch.missing == [] and batch.notes == []
    write_feedback(assignment)
    return small, {result.student: result for result in batch.results}


@pytest.mark.needs("confinement")
@pytest.mark.parametrize("student", SPIES)
def test_a_spy_learns_of_visible_tests_only(graded, student):
    small, _ = graded
    page = (small.root / "feedback" / student / "ps1" / "ps1.html").read_text()
    notebook = nbformat.read(small.root / "autograded" / student / "ps1" / "ps1.ipynb", as_version=4)
    tests = [cell for cell in notebook.cells if (grade_id(cell) or "").endswith("_test")]
    for cell in tests:  # what an instructor reads there, no page of a student's has
        cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
    shown = page + json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert set(re.findall(r"SEEN (-?\d+)", shown)) <= {"2", "1"}
    assert str(SECRET) not in shown and "SECRET" not in page and "Hint:" not in page


@pytest.mark.needs("confinement")
@pytest.mark.parametrize("student", HONEST)
def test_honest_work_gets_its_points_and_shows_what_it_showed(graded, student):
    small, results = graded
    assert results[student].score == HONEST[student][2]
    assert results[student].status == ("partial" if student == "dies" else "ok")
    page = (small.root / "feedback" / student / "ps1" / "ps1.html").read_text()
    assert "<pre>so 8\n" in page


@pytest.mark.needs("confinement")
def test_a_spy_that_answers_right_gets_its_points(graded):
    _, results = graded
    assert results["print"].score == 5 and results["print"].status == "ok"
    assert results["kill"].score == 3 and results["kill"].status == "partial"
    assert results["again"].score == 3


@pytest.mark.needs("confinement")
def test_no_page_tells_where_things_lie_on_the_graders_machine(graded):
    small, _ = graded
    page = (small.root / "feedback" / "path" / "ps1" / "ps1.html").read_text()
    assert "IN site-packages/numpy/__init__.py" in page and "a notebook that is graded cannot ask for input" in page
    for place in (sys.prefix, str(ROOT), str(small.root)):
        assert place not in page


def test_a_hidden_test_is_found_by_the_courses_own_marks():
    text = "f(1)\n# >>> secret\nf(2)\n# <<< secret\nf(3)"
    assert hidden_lines(text) == set() and hidden_lines(text, Marks(">>> secret", "<<< secret")) == {2, 3, 4}
    assert visible_source(text, Marks(">>> secret", "<<< secret")) == "f(1)\nf(3)"


def test_what_only_the_hidden_part_makes_is_not_missed_in_the_visible_one():
    text = "a = 1\n# BEGIN HIDDEN TESTS\ndef g(): pass\n# END HIDDEN TESTS\nprint(g)"
    assert visible_source(text) == "a = 1"
    assert visible_source("if f(1):\n    # BEGIN HIDDEN TESTS\n    f(2)\n    # END HIDDEN TESTS") == ""
