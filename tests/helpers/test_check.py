"""`python -m helpers.check`: what it finds in exercises that are untouched, solved, half solved and spoilt, in a real kernel."""

import copy
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.utils import compute_checksum

import helpers
from helpers.check import __main__ as check
from helpers.check import cells as cells_module
from helpers.check.cells import cells_of, reference
from helpers.check.execute import Outcome, run
from helpers.check.judge import judge, restored
from pipeline.exercises import instructor_notebook, released_notebook

ROOT = Path(__file__).resolve().parents[2]
WEEK1 = ROOT / "solutions" / "week01_knn" / "knn.py"


# Week 1 ---------------------------------------------------------------------------------------------


@functools.cache
def week1():
    """The exercise as students get it, and the answers by grade_id."""
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source for cell in instructor_notebook(WEEK1).cells if marks(cell, "solution")
    }
    return released_notebook(WEEK1), answers


def marks(cell, flag):
    return cell.metadata.get("nbgrader", {}).get(flag)


def exercise(answered=()):
    """A fresh copy of week 1 with some answers filled in."""
    released, answers = week1()
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        if marks(cell, "grade_id") in answered:
            cell.source = answers[marks(cell, "grade_id")]
    return notebook


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if marks(cell, "grade_id") == name)


def save(notebook, folder, name="knn.ipynb"):
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / name)
    return folder / name


def command(path, *options):
    """Run the command as a student does, from the notebook's folder; its exit status, and what it says with single spaces."""
    done = subprocess.run(
        [sys.executable, "-m", "helpers.check", path.name, *options],
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COURSE_BUDGET": "ci"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines()), default=0) <= check.WIDTH + 1
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_an_untouched_exercise(tmp_path):
    path = save(exercise(), tmp_path / "Ada's folder")
    before = path.read_bytes()
    status, said = command(path)
    assert status == 1 and "Visible checks: 0 of 13 points." in said
    everything = "image_distance, distances_no_loop, nearest_in_chunks, predict, make_folds, cross_validate, final_score"
    rest = "honest_report, your text for question 4e, gradient_histogram"
    assert f"Write what is not written yet: {everything}, {rest}." in said
    assert "is missing" not in said and "stops with an error" not in said and "Ready" not in said
    assert path.read_bytes() == before and [one.name for one in path.parent.iterdir()] == ["knn.ipynb"]


def test_a_solved_exercise(tmp_path):
    status, said = command(save(exercise(week1()[1]), tmp_path))
    assert status == 0 and "Visible checks: 13 of 13 points." in said and "Ready: hand in knn.ipynb, and nothing else." in said
    assert "To do" not in said and "Good to know" not in said


def test_a_half_solved_exercise_with_all_kinds_of_faults(tmp_path):
    answers = week1()[1]
    notebook = exercise(["image_distance", "predict", "make_folds", "judge_report"])
    cell_of(notebook, "distances_no_loop").source = answers["distances_no_loop"].replace("np.sqrt", "")
    cell_of(
        notebook, "nearest_in_chunks"
    ).source = "def nearest_in_chunks(queries, train, k, rows_at_once):\n    return from_another_day(queries, train)"
    notebook.cells.remove(cell_of(notebook, "predict_ties_test"))
    place = notebook.cells.index(cell_of(notebook, "cross_validate"))
    notebook.cells.insert(place + 1, new_code_cell(answers["cross_validate"]))
    copied = copy.deepcopy(cell_of(notebook, "make_folds"))
    copied.id = "copied"
    notebook.cells.insert(notebook.cells.index(cell_of(notebook, "make_folds")) + 1, copied)
    del cell_of(notebook, "make_folds_shuffle_test").metadata["nbgrader"]
    cell_of(notebook, "image_distance_l2_test").source = "assert True"
    own = new_code_cell("import mine\nimport scipy\nprint(mine.x, leftover)", execution_count=3)
    notebook.cells.append(own)
    path = save(notebook, tmp_path / "half done", "Copy of knn (1).ipynb")
    path.with_name("mine.py").write_text("x = 1\n")
    status, said = command(path)
    number = {cell.id: n for n, cell in enumerate(notebook.cells, start=1)}
    number |= {marks(cell, "grade_id"): number[cell.id] for cell in reversed(notebook.cells)}
    assert status == 1 and "Visible checks: 5.5 of 13 points." in said
    assert "every number is the square of the right one. Is a square root missing? got [[" in said  # the check's own words
    assert "name 'from_another_day' is not defined: no cell of the notebook defines it" in said
    assert "Write what is not written yet: final_score, honest_report, gradient_histogram." in said
    assert "Look at the checks that do not pass, of question 2a, question 2b, question 3, question 4a." in said
    place = number["cross_validate"]
    assert f"the answer cross_validate is written in cell {place + 1}, not in cell {place}, which is for it" in said
    assert "The check predict_ties_test is missing" in said
    assert "is the check make_folds_shuffle_test, but has lost the mark that the grader knows it by" in said
    assert (
        f"Cells {number['make_folds']} and {number['copied']} are both make_folds: the last one that holds an answer counts"
        in said
    )
    last = len(notebook.cells)
    assert f"Cell {last} uses mine.py beside the notebook, which the grader does not get" in said and "scipy" not in said
    assert f"Cell {last} (\"import mine\") stops with an error: name 'leftover' is not defined" in said
    assert "so it came from a cell that is gone" in said
    assert "This file is called Copy of knn (1).ipynb. Hand it in as knn.ipynb." in said
    # The check that always holds was not believed: the released one ran in its place.
    assert f"Cell {number['image_distance_l2_test']}, image_distance_l2_test, was changed" in said
    assert "it was run here as it was released" in said


# A small exercise that the course does not know -----------------------------------------------------


def graded(source, name, *, points=None, solution=False, kind="code"):
    cell = new_code_cell(source) if kind == "code" else new_markdown_cell(source)
    facts = dict(grade_id=name, grade=points is not None, solution=solution, locked=not solution, schema_version=3, task=False)
    cell.metadata["nbgrader"] = facts if points is None else {**facts, "points": points}
    cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return cell


def small():
    """Two questions of two points, one of which a person grades."""
    return new_notebook(
        cells=[
            new_markdown_cell("# Small numbers"),
            new_code_cell("factor = 2"),
            new_markdown_cell("## Question 1 (2 points): doubling"),
            graded("def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()", "double", solution=True),
            graded("assert double(2) == 4, 'twice two'", "double_test", points=1),
            graded("assert double(-1) == -2", "double_negative_test", points=1),
            new_markdown_cell("## Question 2 (1 point): why?"),
            graded("YOUR ANSWER HERE", "why", points=1, solution=True, kind="markdown"),
        ]
    )


def verdict(notebook, outcomes=None, path=Path("small.ipynb"), worked=()):
    """What is said if the cells end so; by default all of them end well."""
    cells = cells_of(notebook)
    every = {cell.number: Outcome("done") for cell in cells if cell.kind == "code"}
    return judge(path, cells, {**every, **(outcomes or {})}, reference(notebook, path), set(worked))


def answered():
    notebook = small()
    notebook.cells[3].source = "def double(x):\n    return factor * x"
    notebook.cells[7].source = "Because."
    return notebook


def test_the_notebooks_own_marks_are_enough():
    found = verdict(small(), {n: Outcome("error", "NotImplementedError") for n in (5, 6)})
    assert [(row.number, row.title, row.passed, row.points) for row in found.rows] == [
        ("1", "Doubling", 0, 2),
        ("2", "Why?", 0, 0),
    ]
    assert found.todo == ["Write what is not written yet: double, your text for question 2"] and not found.is_good
    done = verdict(answered())
    assert done.is_good and (done.passed, done.points) == (2, 2) and done.todo == done.remarks == []


def test_a_check_whose_tests_are_all_hidden_counts_for_nothing_here():
    notebook = answered()
    notebook.cells.insert(5, graded("# Further checks run here.", "double_hidden_test", points=3))
    done = verdict(notebook)
    assert done.is_good and (done.passed, done.points) == (2, 2)
    del notebook.cells[5]
    notebook.cells[4].source = "# Nothing to check."  # but no student makes a check of ours one of these
    assert verdict(notebook).points == 1


def test_checksums_are_those_of_nbgrader():
    for cell in cells_of(week1()[0]):
        assert cell.is_as_released is (True if cell.grade_id else None)
    for cell, change in ((answered().cells[4], "points"), (answered().cells[3], "source")):
        if change == "points":
            cell.metadata.nbgrader.points = 100
        assert cells_of(new_notebook(cells=[cell]))[0].is_as_released is False


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("gap below the answer", "Write what is not written yet: double"),
        ("empty", "Write what is not written yet: double"),
        ("in another cell", "Question 1: the answer double is written in cell 9, not in cell 4, which is for it"),
        ("another answer", "Question 1: cell 4 does not define double any more"),
        ("syntax", "Question 1: cell 4, with the answer, stops with an error: SyntaxError: invalid syntax"),
        ("check", "No check was found, though an exercise has some"),
        ("changed", "Cell 5, double_test, was changed, which the grader will not take over"),
        ("twice", "Cells 5 and 9 are both double_test: it counts once. Keep one of them, and delete the others"),
    ],
)
def test_faults_of_an_answer_or_a_check(fault, said, monkeypatch):
    notebook, outcomes = answered(), {}
    if fault == "gap below the answer":
        notebook.cells[3].source += "\n    raise NotImplementedError()"
        assert verdict(notebook).is_good  # it does no harm where the checks pass
        outcomes = {5: Outcome("error", "AssertionError")}
    elif fault == "empty":
        notebook.cells[3].source = " \n"
    elif fault == "in another cell":
        notebook.cells.append(new_code_cell(notebook.cells[3].source))
        notebook.cells[3].source = small().cells[3].source
    elif fault == "another answer":
        # What the release defined has to be known: as if a released notebook were at hand.
        released = reference(small(), Path("small.ipynb"))
        released.cells = {cell.grade_id: cell for cell in cells_of(small()) if cell.grade_id}
        monkeypatch.setitem(globals(), "reference", lambda notebook, path: released)
        notebook.cells[3].source = "def halve(x):\n    return x / 2"
    elif fault == "syntax":
        notebook.cells[3].source = "def double(x) return"
        outcomes = {
            4: Outcome("error", "SyntaxError", "invalid syntax"),
            5: Outcome("error", "NameError", "name 'double' is not defined"),
        }
    elif fault == "check":
        del notebook.cells[4:6]
    elif fault == "changed":
        notebook.cells[4].source = "pass"
    else:
        notebook.cells.append(copy.deepcopy(notebook.cells[4]))
    found = verdict(notebook, outcomes)
    assert any(text.startswith(said) for text in found.todo), found.todo
    assert not found.is_good


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("nowhere", "no cell of the notebook defines it"),
        ("gone", "no cell of the notebook defines it, so it came from a cell that is gone"),
        ("below", "only cell 9, further down, defines it. Move that up"),
        ("above", "cell 2, which defines it, stopped with an error"),
    ],
)
def test_a_name_that_is_missing_is_looked_for(where, said):
    notebook = answered()
    if where != "above":
        del notebook.cells[1]
        notebook.cells.insert(1, new_markdown_cell("factor = 2 was here"))
    if where == "below":
        notebook.cells.append(new_code_cell("factor: int = 2"))
    found = verdict(
        notebook, {5: Outcome("error", "NameError", "name 'factor' is not defined")}, worked={5} if where == "gone" else ()
    )
    assert found.rows[0].lines == [f"double_test (cell 5): name 'factor' is not defined: {said}"]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome("error", "AssertionError", "twice two"), "twice two"),
        (Outcome("error", "AssertionError"), "a check does not hold: double(2) == 4"),
        (Outcome("error", "CheckFailed", "double(2) is None."), "double(2) is None."),
        (Outcome("error", "TypeError", "no len"), "TypeError: no len"),
        (Outcome("error", "KeyboardInterrupt"), "KeyboardInterrupt"),
        (Outcome("error", "NotImplementedError"), "it needs an answer that is not written yet"),
        (Outcome("error", "NotWritten", "not written yet: halve"), "it needs halve, which is not written yet"),
        (Outcome("not run"), "it did not run"),
    ],
)
def test_what_a_check_says_is_told_without_a_traceback(outcome, said):
    found = verdict(answered(), {5: outcome})
    assert found.rows[0].lines == [f"double_test (cell 5): {said}"]
    assert found.todo == ["Look at the checks that do not pass, of question 1"]


def test_cells_without_points_that_fail_are_told_once_for_each_reason():
    notebook = answered()
    notebook.cells += [new_code_cell(f"# a note\nprint({n})") for n in range(3)]
    wrong = Outcome("error", "ValueError", "odd")
    found = verdict(notebook, {9: wrong, 10: wrong, 11: Outcome("error", "NotImplementedError")})
    assert found.is_good  # they cost nothing
    assert found.remarks == [
        'Cell 9 ("print(0)"), and 1 more, stop with an error: ValueError: odd',
        "1 of the cells without points cannot run before the answers are written",
    ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("small.ipynb", None),
        ("Copy of small.ipynb", "small.ipynb"),
        ("Copy of Copy of small.ipynb", "small.ipynb"),
        ("small (1).ipynb", "small.ipynb"),
        ("small-Copy1.ipynb", "small.ipynb"),
        ("small.mine-2.ipynb", "small.ipynb"),
        ("small.ipynb.txt", "small.ipynb"),
    ],
)
def test_names_that_browsers_and_colab_give_to_copies(name, wanted):
    told = [f"This file is called {name}. Hand it in as {wanted}"] if wanted else []
    assert verdict(answered(), path=Path(name)).remarks == told


def test_modules_beside_the_notebook(tmp_path):
    notebook = answered()
    notebook.cells += [
        new_code_cell("from tools.more import x\nimport numpy"),
        new_code_cell("%run 'my script.py'\n%run script.py --fast"),
        new_code_cell("import helpers, tools.other\nfrom . import nothing"),
    ]
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").touch()
    (tmp_path / "script.py").touch()
    (tmp_path / "helpers.py").touch()
    found = verdict(notebook, path=tmp_path / "small.ipynb")
    assert [text.partition(" beside")[0] for text in found.todo] == ["Cell 10 uses script.py", "Cell 9 uses tools/__init__.py"]


def test_where_the_helpers_are_installed_alone_they_know_the_checks(tmp_path, monkeypatch):
    """As on Colab: there is no released notebook, and what was taken out, edited or made easier is noticed all the same."""
    shutil.copytree(ROOT / "helpers" / "exercises", tmp_path / "helpers" / "exercises")
    monkeypatch.setattr(helpers, "__file__", str(tmp_path / "helpers" / "__init__.py"))
    notebook = exercise(week1()[1])
    notebook.cells.remove(cell_of(notebook, "predict_ties_test"))
    cell_of(notebook, "image_distance_l1_test").metadata.nbgrader.points = 100
    del cell_of(notebook, "make_folds_shuffle_test").metadata["nbgrader"]
    cell_of(notebook, "image_distance_l2_test").source = "assert True"
    path = tmp_path / "Copy of knn.ipynb"
    cells, released = cells_of(notebook), reference(notebook, path)
    found = judge(path, cells, {cell.number: Outcome("done") for cell in cells if cell.kind == "code"}, released, set())
    assert (found.passed, found.points) == (12, 13) and not found.is_good
    for said in ("predict_ties_test is missing", "image_distance_l2_test, was changed", "make_folds_shuffle_test, but has lost"):
        assert any(said in text for text in found.todo), (said, found.todo)
    number = next(cell.number for cell in cells if cell.grade_id == "image_distance_l2_test")
    assert "assert True" not in restored(cells, released)[number]
    assert found.remarks == ["This file is called Copy of knn.ipynb. Hand it in as knn.ipynb"]


def test_of_two_copies_the_one_that_is_written_counts():
    notebook = answered()
    empty = small().cells[3]
    empty.id = "again"
    notebook.cells.insert(4, empty)
    assert verdict(notebook).todo == [
        "Cells 4 and 5 are both double: the last one that holds an answer counts. Keep one of them, and delete the others"
    ]


# In a kernel ------------------------------------------------------------------------------------------


def test_a_cell_that_takes_too_long_is_stopped_and_the_rest_runs(tmp_path):
    notebook = answered()
    notebook.cells.insert(2, new_code_cell("while True:\n    pass"))
    path = save(notebook, tmp_path, "small.ipynb")
    status, said = command(path, "--seconds", "8")
    assert status == 1 and "Visible checks: 2 of 2 points." in said
    assert 'Cell 3 ("while True:"): it was stopped after 8 seconds.' in said


def test_a_kernel_that_dies_is_told_by_its_cell(tmp_path):
    notebook = answered()
    notebook.cells.insert(5, new_code_cell("import os\nos.kill(os.getpid(), 9)"))
    path = save(notebook, tmp_path, "small.ipynb")
    status, said = command(path)
    assert status == 1 and "Visible checks: 1 of 2 points." in said
    died = (
        "the kernel was killed by the system, most likely because it ran out of memory" if os.name != "nt" else "the kernel ended"
    )
    assert f'Cell 6 ("import os"): {died}' in said and "; 1 of the cells after it did not run" in said
    assert "double_negative_test (cell 7): it did not run" in said


def test_the_kernel_is_this_python_in_the_notebooks_folder(tmp_path):
    notebook = new_notebook(cells=[new_code_cell("import os, sys\nraise Exception(os.getcwd() + sys.executable)")])
    outcome = run(notebook, tmp_path, 60)[1]
    assert outcome == Outcome("error", "Exception", f"{tmp_path}{sys.executable}")


# Not a notebook ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no file"),
        ("folder", "is a folder. Name a notebook in it: other.ipynb."),
        ("", "is not a notebook"),
        ("<!DOCTYPE html><html>", "is not a notebook (it is a web page). Save it again, or download it anew"),
        ("def double(x):", "is not a notebook"),
        ("[1, 2]", "is not a notebook (it holds no cells)"),
        ('{"a": 1}', "is not a notebook (it holds no cells)"),
        (b"\xff\xfe\x00\x01\x80", "cannot be read"),
        (nbformat.writes(new_notebook(cells=[new_code_cell("1")])), "holds no graded cells: it is not an exercise of the course"),
    ],
)
def test_what_is_no_exercise_is_said_so(tmp_path, capsys, content, said):
    path = tmp_path / "knn.ipynb"
    if content == "folder":
        path.mkdir()
        (path / "other.ipynb").touch()
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert check.main([str(path)]) == 2
    printed = capsys.readouterr()
    assert said in printed.err and printed.out == ""


def test_a_file_that_is_not_there_names_its_neighbours(tmp_path, capsys):
    (tmp_path / "knn.ipynb.txt").touch()
    assert check.main([str(tmp_path / "knn.ipynb")]) == 2
    assert "Beside it: knn.ipynb.txt." in capsys.readouterr().err


def test_a_wrong_time_and_a_python_without_kernels(capsys, monkeypatch):
    for text in ("0", "-1", "soon", "1.5"):
        with pytest.raises(SystemExit):
            check.main(["knn.ipynb", "--seconds", text])
        assert f"{text!r}: give a whole number of seconds" in capsys.readouterr().err
    monkeypatch.setattr(check.importlib.util, "find_spec", lambda name: None if name == "nbclient" else object())
    assert check.main(["knn.ipynb"]) == 2
    assert "lacks nbclient, to run a notebook. Use the course's environment" in capsys.readouterr().err


def test_the_release_is_found_wherever_the_notebook_lies(tmp_path):
    notebook = exercise()
    found = reference(notebook, tmp_path / "anything.ipynb")
    assert found.week == "week01_knn" and found.file == "knn.ipynb" and "nearest-neighbour" in found.title
    assert reference(small(), tmp_path / "small.ipynb").week == ""
    assert not cells_module.reference(small(), tmp_path / "small.ipynb").cells
