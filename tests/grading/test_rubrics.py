"""Rubrics: found in the source by the course's own delimiters, shown to the person who grades, and to nobody else."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from traitlets.config import Config

from grading.cli import main
from grading.formgrader.rubrics import rubrics, without_scheme
from grading.nbgrader.cells import grade_id
from tests.grading.conftest import _mark

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TABLE = "| points | the answer |\n|---|---|\n| 2 | names both SECRET reasons |\n| 1 | names one |\n| 0 | none |"
RUBRIC = f"Because $2x = x + x$: the SECRET model answer.\n\n**Rubric**\n\n{TABLE}"
REASON = f"*Say* why.\n\n### BEGIN SOLUTION\n{RUBRIC}\n### END SOLUTION"
PLOT = (
    "### BEGIN SOLUTION\nprint('SECRET plot')\n\n# **Rubric**\n#\n"
    + "\n".join(f"# {line}" for line in TABLE.splitlines())
    + "\n### END SOLUTION"
)
TASK = f"Discuss it.\n\n=== BEGIN MARK SCHEME ===\n{TABLE}\n=== END MARK SCHEME ==="


def with_questions(small, reason=REASON, plot=PLOT, task=TASK):
    """A course whose assignment has a hand-graded text, a hand-graded plot and a task, each with its rubric."""
    source = small.source()
    source.cells[6].source = reason
    source.cells += [
        new_code_cell(plot, metadata=_mark("plot", grade=True, solution=True, points=2)),
        new_markdown_cell(task, metadata=_mark("task", task=True, points=3)),
    ]
    for position, cell in enumerate(source.cells):
        cell.id = f"released-{position}"
    nbformat.write(source, small.root / "source" / "ps1" / "ps1.ipynb")
    return source


def test_rubrics_are_found_and_rendered(small):
    found = rubrics(with_questions(small), Config())
    assert found.keys() == {"why", "plot", "task"}
    for name, html in found.items():
        assert "<td>names both SECRET reasons</td>" in html and "<table>" in html, name
        assert "SOLUTION" not in html and "SCHEME" not in html
    assert "$2x = x + x$" in found["why"] and "Say" not in found["why"]
    assert 'class="highlight"' in found["plot"] and "**" not in found["plot"] and "SECRET plot" in found["plot"]


def test_a_cell_without_delimiters_is_a_solution_as_a_whole_but_a_stub_is_none(small):
    found = rubrics(with_questions(small, reason="All of it.", plot="1 + 1", task="No scheme."), Config())
    assert found["why"] == "<p>All of it.</p>" and found.keys() == {"why", "plot"}
    assert rubrics(small.source(), Config()) == {}  # 'Why? YOUR ANSWER HERE'


def test_a_courses_own_delimiters_are_obeyed(small):
    config = Config()
    config.ClearSolutions.begin_solution_delimeter, config.ClearSolutions.end_solution_delimeter = "ANFANG", "ENDE"
    config.ClearMarkScheme.begin_mark_scheme_delimeter, config.ClearMarkScheme.end_mark_scheme_delimeter = "PUNKTE", "AUS"
    source = with_questions(small, reason="ANFANG\nWeil.\nENDE", task="Da.\nPUNKTE\n2 dafür\nAUS\nDort.")
    assert rubrics(source, config)["why"] == "<p>Weil.</p>" and rubrics(source, config)["task"] == "<p>2 dafür</p>"
    assert without_scheme(source.cells[-1].source, config) == "Da.\nDort."


def test_nothing_in_a_rubric_acts(small):
    source = with_questions(small, reason="### BEGIN SOLUTION\n<script>x</script> <img src=x onerror=y>\n### END SOLUTION")
    assert "<script" not in rubrics(source, Config())["why"] and "onerror" not in rubrics(source, Config())["why"]


def test_no_rubric_reaches_a_student(small):
    with_questions(small)
    for name in ("release", "feedback", "autograded"):
        assert not (small.root / name).exists()
    released = small.assignment.released_notebook("ps1")
    assert "SECRET" not in nbformat.writes(released) and "Rubric" not in nbformat.writes(released)
    assert next(cell.source for cell in released.cells if grade_id(cell) == "why") == "*Say* why.\n\nYOUR ANSWER HERE"
    small.hand_in("ada", small.solved("double", why="*Say* why.\n\nMine."))
    small.hand_in("ben", small.solved("double"))
    small.hand_in("cyn", "not a notebook")
    command = ["ps1", "--course-dir", str(small.root)]
    assert main(["run", *command, "--trust-students", "--no-reference", "--quiet"]) == 0
    assert main(["feedback", *command]) == 0
    pages = {path.parts[-3]: path.read_text() for path in small.root.glob("feedback/*/ps1/ps1.html")}
    assert pages.keys() == {"ada", "ben", "cyn"} and "Mine." in pages["ada"]
    for page in pages.values():
        assert "SECRET" not in page and "names one" not in page and "Rubric" not in page


def test_a_changed_rubric_grades_nobody_again(small):
    with_questions(small)
    small.hand_in("ada")
    command = ["run", "ps1", "--course-dir", str(small.root), "--trust-students", "--no-reference", "--quiet"]
    assert main(command) == 0
    before = (small.root / "autograded" / "ada" / "ps1" / "ps1.ipynb").stat().st_mtime_ns
    with_questions(small, reason=REASON.replace("names one", "names at least one"))
    assert main(command) == 0
    assert (small.root / "autograded" / "ada" / "ps1" / "ps1.ipynb").stat().st_mtime_ns == before
