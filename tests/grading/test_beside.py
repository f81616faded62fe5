"""Answers that stand beside the cell that is for them wait for a person, and a sentence says where to look."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from grading.cli import main
from grading.nbgrader.cells import grade_id
from grading.nbgrader.gradebook import GradebookWriter
from grading.submissions.take_in import take_in
from tests.grading.conftest import _mark
from tests.grading.test_rubrics import with_questions

ANSWER = "Because two of it make twice as much."


def handed_in(small, notebook, **files):
    for name, content in files.items():
        small.hand_in("ada", content, name=name.replace("_", "."))
    small.hand_in("ada", nbformat.writes(notebook))
    return take_in(small.assignment, "ada")


def place(notebook, name):
    return next(k for k, cell in enumerate(notebook.cells) if grade_id(cell) == name)


def below(notebook, k):
    notebook.cells.insert(k + 1, new_markdown_cell(ANSWER))


def above(notebook, k):
    notebook.cells.insert(k, new_markdown_cell(ANSWER))


def raw(notebook, k):
    notebook.cells.insert(k + 1, new_raw_cell(ANSWER))


def words_in_code(notebook, k):
    notebook.cells.insert(k + 1, new_code_cell(ANSWER))


def comment(notebook, k):
    notebook.cells.insert(k + 1, new_code_cell(f"# {ANSWER}"))


def copy_without_its_id(notebook, k):
    notebook.cells.append(new_markdown_cell(f"{notebook.cells[k].source.replace('YOUR ANSWER HERE', '')}\n{ANSWER}"))


def in_the_description(notebook, k):
    notebook.cells[k - 1].source += f"\n\n{ANSWER}"


def lost(notebook, k):
    del notebook.cells[k]


PLACES = {
    below: "in a cell below it",
    above: "in a cell above it",
    raw: "in a cell below it",
    words_in_code: "in a cell below it",
    comment: "in a cell below it",
    copy_without_its_id: "elsewhere in the notebook",
    in_the_description: "in the text above it",
    lost: "its cell is missing",
}


@pytest.fixture
def course(small):
    """A question in words below a description, locked or not."""
    source = with_questions(small)
    source.cells.insert(6, new_markdown_cell("## Why is it so?", metadata=_mark("description", locked=True)))
    source.cells[6].id = "description"
    nbformat.write(source, small.root / "source" / "ps1" / "ps1.ipynb")
    return small


@pytest.mark.parametrize("how", PLACES, ids=lambda how: how.__name__)
def test_an_answer_beside_its_cell_waits(course, how):
    notebook = course.solved("double", "triple", plot="1 + 1")
    how(notebook, place(notebook, "why"))
    intake = handed_in(course, notebook)
    assert intake.waiting == {"why"}
    assert any(note.startswith("why: ") and PLACES[how] in note and "person" in note for note in intake.repairs), intake.repairs
    if how is not lost:
        assert any(ANSWER in cell.source for cell in intake.notebook.cells), "the person who grades has to see it"


def test_a_figure_in_a_cell_below_waits(course):
    notebook = course.solved("double", "triple", why=ANSWER)
    notebook.cells.insert(place(notebook, "plot") + 1, new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2])"))
    assert handed_in(course, notebook).waiting == {"plot"}


def test_a_document_handed_in_beside_waits(course):
    notebook = course.solved("double", "triple", plot="1 + 1")
    intake = handed_in(course, notebook, scan_pdf=b"%PDF-1.7")
    assert intake.waiting == {"why"} and any("beside the notebook (scan.pdf)" in note for note in intake.repairs)


def test_who_answers_in_the_cell_or_not_at_all_does_not_wait_for_this(course):
    notebook = course.solved("double", "triple", plot="1 + 1", why=ANSWER)
    below(notebook, place(notebook, "why"))
    assert handed_in(course, notebook).waiting == set(), "the cell itself is answered"
    notebook = course.solved("double", "triple", plot="1 + 1")
    notebook.cells.insert(place(notebook, "why") + 1, new_code_cell("double(2)"))
    notebook.cells.insert(1, new_markdown_cell("My name is Ada."))
    assert handed_in(course, notebook).waiting == set(), "nothing looks like an answer"


def test_it_waits_in_the_gradebook_and_is_no_zero(course):
    notebook = course.solved("double", "triple", plot="1 + 1")
    below(notebook, place(notebook, "why"))
    course.hand_in("ada", nbformat.writes(notebook))
    course.hand_in("ben", course.solved("double"))
    command = ["ps1", "--course-dir", str(course.root)]
    assert main(["run", *command, "--trust-students", "--no-reference", "--quiet"]) == 0
    with GradebookWriter(course.assignment, prepare=False) as book:
        grades = {who: book.results(who)["notebooks"]["ps1"]["grades"] for who in ("ada", "ben")}
    assert grades["ada"]["why"]["needs_manual_grade"] and not grades["ben"]["why"]["needs_manual_grade"]
    assert "A person has to look" in (course.root / "reports" / "ps1" / "report.html").read_text()
