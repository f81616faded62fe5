"""How far an exercise is, and hints: what each state says, and that nothing of the student's is touched."""

import dataclasses
import json
import random
import re
import sys

import nbformat
import numpy as np
import pytest

from helpers import exercise
from helpers.checks import NotWritten

HINTS = ["Ask.", "Point.", "A neighbouring problem:\n\n```python\nprint(1)\n```"]


def question(number, name, test, points=1, **more):
    tests = [{"grade_id": f"{name}_test", "points": points, "source": test}] if test else []
    return exercise.Question(number, f"About {name}", points if test else 0, name, [name], tests, HINTS, **more)


QUESTIONS = [
    question("1", "one", "assert one() == 1, 'one() is not 1.\\nMore about it.'", points=2),
    question("2a", "two", "assert two() == 2"),
    question("2b", "helper", ""),
    question("2b", "three", "assert three() == 3"),
]


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A small exercise, and the namespace of the notebook that it is in."""
    space = {"one": lambda: 1, "two": lambda: 2, "three": lambda: 3}
    monkeypatch.setattr(exercise, "_namespace", lambda: space)
    monkeypatch.setattr(exercise, "_notes", lambda: tmp_path / "somewhere" / "hints.json")
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return exercise.Exercise("week99_small", "Exercise 99: small", list(QUESTIONS)), space


def gap():
    raise NotWritten()


def row(progress, number):
    return next(row for row in progress.rows if row.number == number)


def test_all_passed(small):
    progress = small[0].progress()
    assert (progress.passed, progress.points) == (4, 4) and not any(row.missing for row in progress.rows)
    assert "4 of 4 points so far. All checks that you can see pass." in repr(progress)
    assert repr(progress).endswith("further checks on other numbers decide about the same points.")


def test_points_that_are_given_after_handing_in_are_announced(small):
    exam, _ = small
    exam.questions[0] = dataclasses.replace(exam.questions[0], points=3.5)  # 1.5 of them by checks that are hidden
    exam.questions.append(exercise.Question("3", "In words", 2, "judge", [], [], [], by_hand=True))
    progress = exam.progress()
    assert (progress.passed, progress.points) == (4, 4), "what a check gives that a student sees"
    later = "further checks on other numbers give 1.5 more points. Your answers in words are worth 2: a person reads them."
    assert later in repr(progress) and later in progress._repr_html_()
    with pytest.raises(exercise.NoSuchHint, match="question 3 has none"):
        exam.hint("3")


def test_a_gap_is_named_and_so_is_the_question_that_it_belongs_to(small):
    exam, space = small

    def one():
        raise NotWritten()

    one.__code__ = one.__code__.replace(co_qualname="one")
    space |= {"one": one, "two": lambda: 1 + one()}
    progress = exam.progress()
    assert row(progress, "1").missing == row(progress, "2a").missing == "Not written yet: one"
    assert (row(progress, "1").next, row(progress, "2a").next) == ("Write one.", "Write one first (question 1).")
    assert row(progress, "2a").hint == 'exercise.hint("1")', "the hint that helps is one to the missing answer"
    assert "Next: question 1. Write one." in repr(progress)


def test_a_failed_check_shows_the_first_line_of_its_message(small):
    exam, space = small
    space["one"] = lambda: 5
    assert row(exam.progress(), "1").missing == "one() is not 1."
    space["one"] = lambda: 1 / 0
    assert row(exam.progress(), "1").missing == "ZeroDivisionError: division by zero"
    space["one"] = lambda: sys.exit("enough")
    assert row(exam.progress(), "1").missing == "SystemExit: enough"
    space["two"] = lambda: 5
    assert row(exam.progress(), "2a").missing == "a check failed"


def test_what_was_not_run_since_the_kernel_started_is_said(small):
    exam, space = small
    del space["one"]
    space["two"] = lambda: exec("given", {})
    exam.questions[3] = question("3", "three", "assert three() == keras_layer()")
    progress = exam.progress()
    assert row(progress, "1").next == "Run the cell in which one stands." and not row(progress, "1").hint
    assert row(progress, "3").missing == "keras_layer is not defined"
    assert row(progress, "3").next == "Run the cells above this check, from the top."
    assert row(progress, "2a").next.endswith("from the top. Still there? Look whether given is spelt right in your answer.")


def test_two_answers_with_one_number_are_told_apart(small):
    exam, space = small
    assert exam.question("2A") is exam.question("two") is exam.question(" 2a")
    assert exam.question("helper").names == ["helper"] and exam.question("three()").names == ["three"]
    with pytest.raises(exercise.NoSuchHint, match='asks for more than one function: write "helper" or "three"'):
        exam.hint("2b")
    space["three"] = lambda: 4
    assert row(exam.progress(), "2b").hint == 'exercise.hint("three")'


def test_nothing_of_the_students_changes_and_nothing_is_shown(small, capfd):
    import matplotlib.pyplot as plt

    noisy = (
        "import matplotlib.pyplot as plt, sys, random; print('x'); print('y', file=sys.stderr); two = None; new = 1\n"
        "plt.figure(); np.random.seed(3); random.seed(3); import warnings; warnings.warn('w')"
    )
    exam, space = small
    exam.questions[0] = question("1", "one", noisy)
    space["np"] = np
    before = plt.get_fignums()
    mine, names = plt.figure(), dict(space)
    np.random.seed(7)
    random.seed(7)
    try:
        exam.progress()
        assert plt.get_fignums() == [*before, mine.number]
    finally:
        plt.close(mine)
    assert space == names
    state = np.random.RandomState(7)
    assert np.random.random() == state.random_sample() and random.random() == random.Random(7).random()
    assert capfd.readouterr() == ("", "")


def test_nothing_happens_while_a_notebook_is_graded(small, monkeypatch, tmp_path):
    exam, space = small
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    space["one"] = gap  # would raise, if it were called
    assert exam.progress() is None and exam.hint("1") is None and exam.hint("no such question") is None
    assert list(tmp_path.iterdir()) == []


def test_hints_are_shown_one_by_one_and_noted_for_the_student_alone(small):
    exam, space = small
    space["one"] = space["two"] = lambda: 0
    assert row(exam.progress(), "1").hint == 'exercise.hint("1")'
    first = repr(exam.hint("1"))
    assert "**Hint 1 of 3** to question 1, About one" in first and "Ask." in first and "Point." not in first
    assert '`exercise.hint("1", 2)`' in first and str(exam.notes) not in first
    assert row(exam.progress(), "1").hint == 'exercise.hint("1", 2)'
    assert json.loads(exam.notes.read_text()) == ["week99_small/one/1"]
    exam.hint("1")
    exam.hint("one", 3)
    assert json.loads(exam.notes.read_text()) == ["week99_small/one/1", "week99_small/one/3"]
    assert "One more hint" not in repr(exam.hint("1", 3))
    exam.hint("1", 2)
    assert row(exam.progress(), "1").hint == "" and row(exam.progress(), "2a").hint == 'exercise.hint("2a")'


def test_a_hint_is_shown_even_where_nothing_can_be_noted(small, monkeypatch, tmp_path):
    exam, _ = small
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(exercise, "_notes", lambda: tmp_path / "file" / "hints.json")
    assert "Ask." in repr(exam.hint("1")) and "cannot be noted" in repr(exam.hint("1"))
    monkeypatch.setattr(exercise, "_notes", lambda: tmp_path / "spoilt.json")
    for content in ("{", "[]", '{"week99_small": 3}', "null", "3", "[{}, 3]"):
        (tmp_path / "spoilt.json").write_text(content)
        exam.progress()
        assert "Ask." in repr(exam.hint("1")), content
        assert "week99_small/one/1" in json.loads((tmp_path / "spoilt.json").read_text()), content


@pytest.mark.parametrize("number", [0, 4, -1])
def test_a_hint_that_is_not_there_is_refused(small, number):
    with pytest.raises(exercise.NoSuchHint, match="question 1 has hints 1 to 3"):
        small[0].hint("1", number)


def test_a_question_or_an_exercise_that_is_not_there_is_refused(small):
    with pytest.raises(exercise.NoSuchHint, match="there is no question '7'; there are 1, 2a, 2b"):
        small[0].hint("7")
    with pytest.raises(ValueError, match="there is no exercise 'week1'; there are week01_knn"):
        exercise.load("week1")


def test_the_table_can_be_read_by_everybody_and_runs_nothing(small):
    exam, space = small
    space["one"] = lambda: (_ for _ in ()).throw(AssertionError("<script>alert(1)</script> & more"))
    page = exam.progress()._repr_html_()
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert page.count('<th scope="col"') == 4 and page.count('<th scope="row"') == 3 and "<caption" in page
    assert not re.search(r"[^-]color:|background|#[0-9a-f]{3}|rgb", page), "colours are those of the page, light or dark"
    assert "further checks" in page


def test_in_a_notebook(tmp_path, monkeypatch):
    from nbclient import NotebookClient

    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    cells = [
        "import numpy as np\nimport helpers.exercise\nfrom helpers import checks, limits\n"
        "exercise = helpers.exercise.load('week01_knn')",
        "def image_distance(a, b, metric='l2'):\n    raise checks.NotWritten()",
        "def distances_two_loops(queries, train):\n    return image_distance(queries[0], train[0])",
        "distances_two_loops(np.zeros((1, 1)), np.zeros((1, 1)))",
        "exercise.hint('no such question')",
        "exercise.progress()",
        "exercise.hint('2a')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [cell.outputs[0] if cell.outputs else None for cell in notebook.cells]
    assert outputs[:3] == [None] * 3
    assert outputs[3].traceback == ["\x1b[1;31mNot written yet:\x1b[0m image_distance"], "one line, none of ours"
    assert outputs[3].evalue == "not written yet: image_distance"
    assert len(outputs[4].traceback) == 1 and "there is no question 'no such question'" in outputs[4].traceback[0]
    assert "0 of 13 points so far. Next: question 1. Write image_distance." in outputs[5].data["text/plain"]
    assert "<table" in outputs[5].data["text/html"]
    assert outputs[6].data["text/markdown"].startswith("**Hint 1 of 3** to question 2a, One matrix product")
