"""A test that fails for want of a name, or after a cell that failed, is traced to the cell and to what went wrong in it."""

import re
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from grading.batch.causes import Causes, Ran
from grading.batch.engine import open_engine
from grading.batch.run import run_batch
from grading.model import CellResult, Limits
from grading.nbgrader.cells import grade_id
from grading.reports.feedback import write_feedback
from tests.grading.conftest import Small

LIMITS = Limits(cell_timeout=5, memory=2**30)
GOOD = "def triple(x):\n    return 3 * x"

# What a student wrote as the answer to `triple` -> the kind that is told, and a word of what to do.
ANSWERS = {
    "input": (f"factor = int(input('factor? '))\n{GOOD}", "asks for keyboard input", "write the value into the code"),
    "getpass": (f"import getpass\ngetpass.getpass()\n{GOOD}", "asks for keyboard input", "write the value"),
    "colab": (f"from google.colab import drive\ndrive.mount('/content')\n{GOOD}", "needs Colab", "cell of their own"),
    "module": ("from my_tools import triple", "imports my_tools, which is not there", "file of your own"),
    "star": ("from my_tools import *", "imports my_tools, which is not there", "file of your own"),
    "package": (f"!pip install tripler\nimport tripler\n{GOOD}", "imports tripler, which is not there", "cannot be installed"),
    "syntax": (f"{GOOD}\nif x = 3: pass", "a syntax error", "Correct the line"),
    "tabs": ("def triple(x):\n    y = x\n  return 3 * y", "a syntax error", "Correct the line"),
    "timeit": (f"%%timeit -n 1 -r 1\n{GOOD}", "a cell that begins with %%timeit", "cell of its own"),
    "writefile": (f"%%writefile triple.txt\n{GOOD}", "a cell that begins with %%writefile", "cell of its own"),
    "magic": (f"%tensorflow_version 2.x\n%%fast\n{GOOD}", "a magic that is not known", "Remove the line"),
    "cell magic": (f"%%fast\n{GOOD}", "a magic that is not known", "Remove the line"),
    "interrupt": (f"raise KeyboardInterrupt\n{GOOD}", "was interrupted", "Remove"),
    "slow": (f"while True: pass\n{GOOD}", "stopped by the time limit", "loop"),
    "dies": (f"{GOOD}\nimport os\nos._exit(1)", "ended its process", "exit"),
    "sys.exit": (f"import sys\nsys.exit()\n{GOOD}", "calls exit()", "Remove"),
    "raises": (f"1 / 0\n{GOOD}", "raised ZeroDivisionError", "Restart & Run All"),
    "file": (f"open('factors.csv')\n{GOOD}", "a file that is not there", "relative path"),
    "network": (
        f"import urllib.request\nurllib.request.urlopen('http://example.org/')\n{GOOD}",
        "asks the network",
        "no network",
    ),
    "stub": (f"raise NotImplementedError\n{GOOD}", "an answer that is not written yet", "Replace"),
    "spelling": ("def tripel(x):\n    return 3 * x", "a name that no cell makes", "spelling"),
    "called input": ("def triple(x):\n    return x * int(input())", "asks for keyboard input", "write the value"),
    "called module": (
        "def triple(x):\n    import my_tools\n    return 3 * x",
        "imports my_tools, which is not there",
        "file of your own",
    ),
    "nothing": ("pass", "a name that no cell makes", "names that the exercise gives"),
    "inside": (
        "def outer():\n    def triple(x):\n        return 3 * x",
        "a name that is made inside a function or class only",
        "left margin",
    ),
    "branch": (f"if False:\n    {GOOD.replace(chr(10), chr(10) + '    ')}", "a name that is gone again", "every case"),
    "deleted": (f"{GOOD}\ndel triple", "a name that is gone again", "every case"),
    "comment": ("# def triple(x):\n#     return 3 * x\npass", "code in a comment", "code cells"),
}

HERE = f"not valid in Python {sys.version_info.major}.{sys.version_info.minor}"
if sys.version_info < (3, 12):
    ANSWERS |= {
        "f-string": (f"{GOOD}\nprint(f'{{' '.join(['a'])}}')", HERE, "other quotes inside"),
        "generic": (f"def first[T](x: T) -> T:\n    return x\n{GOOD}", HERE, "may need 3.12"),
    }
if sys.version_info < (3, 14):
    ANSWERS |= {
        "t-string": (f"print(t'so {{1}}')\n{GOOD}", HERE, "may need 3.14"),
        "except": (f"try:\n    1\nexcept OSError, ValueError:\n    2\n{GOOD}", HERE, "may need 3.14"),
    }


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A student for each answer, and some with more cells."""
    small = Small(tmp_path_factory.mktemp("causes") / "course")
    for student, (answer, _, _) in ANSWERS.items():
        small.hand_in(student, nbformat.writes(small.solved(triple=answer, double="def double(x):\n    return 2 * x")))

    def more(student, change, **answers):
        notebook = small.solved(**answers) if answers else small.solved()
        places = {grade_id(cell): place for place, cell in enumerate(notebook.cells)}
        change(notebook.cells, places)
        small.hand_in(student, nbformat.writes(notebook))

    more("below", lambda cells, _: cells.append(new_code_cell(GOOD)), triple="pass")
    more("text", lambda cells, at: cells.insert(at["triple"], new_markdown_cell(GOOD)), triple="pass")
    more(
        "chain",
        lambda cells, at: cells.insert(at["double"], new_code_cell("from google.colab import drive\nfactor = 3")),
        triple="assert factor\n" + GOOD,
    )
    more(
        "in a call", lambda cells, at: cells.insert(at["double"], new_code_cell("input()\nfactor = 3")), triple=GOOD + " * factor"
    )
    more("own module", lambda cells, at: None, triple="from tools import triple")
    small.hand_in("own module", GOOD, name="tools.py")
    more("wrong", lambda cells, at: None, triple="def triple(x):\n    return 4")
    wrong = "def triple(x):\n    return 4"
    more("wrong after a failure", lambda cells, at: cells.insert(0, new_code_cell("triple = 1\nmath = 1 / 0")), triple=wrong)
    more("wrong raise", lambda cells, at: None, triple="def triple(x):\n    return [][x]")
    more("older", lambda cells, at: cells.insert(at["triple"], new_code_cell(wrong)), triple="input()\n" + GOOD)
    assignment = small.assignment
    batch = run_batch(assignment, limits=LIMITS, jobs=2, open_engine=open_engine, reference=False)
    assert batch.missing == []
    write_feedback(assignment)
    return small, {result.student: result for result in batch.results}


def cause(graded, student, test="triple_test"):
    (found,) = [question["cause"] for question in graded[1][student].questions if question["grade_id"] == test]
    return found


@pytest.mark.needs("confinement")
@pytest.mark.parametrize("student", ANSWERS)
def test_the_cell_is_named_and_what_to_do(graded, student):
    _, kind, todo = ANSWERS[student]
    found = cause(graded, student)
    assert found is not None
    assert found["kind"] == kind and todo in found["todo"], found
    assert ("triple" in found["what"] or "called" in student) and found["told"]


@pytest.mark.needs("confinement")
def test_what_another_cell_should_have_made(graded):
    below, text, chain, call = (cause(graded, student) for student in ("below", "text", "chain", "in a call"))
    assert below["kind"] == "an answer below its test" and "added cell" in below["what"]
    assert text["kind"] == "code in a text cell"
    assert chain["kind"] == "needs Colab" and re.search("answer cell triple .* added cell 3 .*google", chain["what"]), chain
    assert call["kind"] == "asks for keyboard input", call
    assert cause(graded, "older")["kind"] == "asks for keyboard input", "an older version was tested"
    assert cause(graded, "own module")["kind"] == "imports tools, a module of the student's own"


@pytest.mark.needs("confinement")
def test_a_wrong_answer_has_no_other_cause(graded):
    assert cause(graded, "wrong") is None and cause(graded, "wrong after a failure") is None
    assert cause(graded, "wrong raise") is None
    assert cause(graded, "input", "double_test") is None


def causes(*cells, public="def triple(x): ..."):
    ran = [
        Ran(place, f"Cell {place}", source, None if status is None else CellResult(place, status, error))
        for place, (source, status, error) in enumerate(cells)
    ]
    return Causes(ran, LIMITS, public)


def test_what_only_a_hidden_test_tells_is_not_for_the_student():
    """By the name in a message, or by its kind, a function could tell what it was asked."""
    none = causes((GOOD, "ok", None))
    for message in ("NameError: name 'secret' is not defined", "EOFError: 7\n  in triple, line 1"):
        found = none.find(9, frozenset({"triple"}), message, hidden=True)
        assert found and not found.told, message
        assert none.find(9, frozenset({"triple"}), message, hidden=False).told
    failed = causes((f"input()\n{GOOD}\nsecret = 1", "error", ("EOFError", "", "")))
    message = "NameError: name 'triple' is not defined"
    assert failed.find(9, frozenset({"triple"}), message, hidden=True).told, "the cell failed before anything hidden was asked"
    assert not failed.find(9, frozenset({"secret"}), message, hidden=True).told, "that is not in the exercise"


def test_a_cell_for_which_no_time_was_left_names_the_one_that_took_it():
    slow = CellResult(0, "ok", None, [], 55.0)
    cells = [Ran(0, "Cell 1", "x = 1", slow), Ran(1, "The answer cell triple", GOOD, CellResult(1, "skipped"))]
    found = Causes(cells, LIMITS, "").find(2, frozenset({"triple"}), "NameError: name 'triple' is not defined", hidden=False)
    assert found.kind == "no time left" and "Cell 1 took most of it (55 s)" in found.todo


def test_the_course_s_own_cell_is_the_instructors_business():
    given = Ran(0, "The given cell setup", "import missing as np", CellResult(0, "error", ("ModuleNotFoundError", "", "")), True)
    found = Causes([given], LIMITS, "").find(1, frozenset({"np"}), "NameError: name 'np' is not defined", hidden=False)
    assert found.todo.startswith("The cell is given with the exercise: this is for the instructor")


def test_names_that_wait_for_each_other_come_to_an_end():
    both = causes(
        ("a = b", "error", ("NameError", "name 'b' is not defined", "")),
        ("b = a", "error", ("NameError", "name 'a' is not defined", "")),
    )
    assert both.find(5, frozenset({"a"}), "NameError: name 'a' is not defined", hidden=False)


def test_a_wrong_answer_is_not_blamed_on_a_cell_that_failed_elsewhere():
    failed = ("import numpy as np\ntriple = 1\nnp.nothing", "error", ("AttributeError", "nothing", ""))
    wrong = causes(failed, ("def triple(x):\n    return 4", "ok", None), public="np triple")
    for hidden in (False, True):
        assert wrong.find(9, frozenset({"triple"}), "AssertionError: no", hidden) is None
    assert wrong.find(9, frozenset({"triple", "np"}), "AssertionError: no", hidden=False) is None, "it has not even been missing"
