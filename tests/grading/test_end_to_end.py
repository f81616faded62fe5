"""From a folder of submissions to the gradebook: the course's own exercise, graded by `grade` as an instructor would."""

import csv
import html
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from pipeline.exercises import instructor_notebook, released_notebook

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "solutions" / "week01_knn" / "knn.py"
ASSIGNMENT, NAME = "week01_knn", "knn"

pytestmark = pytest.mark.needs("confinement")


def own(cell):
    return cell.metadata.get("nbgrader", {})


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Four students: all right, nothing done, one wrong answer, and a forger."""
    folder = tmp_path_factory.mktemp("course")
    source = instructor_notebook(SOURCE)
    (folder / "source" / ASSIGNMENT).mkdir(parents=True)
    nbformat.write(source, folder / "source" / ASSIGNMENT / f"{NAME}.ipynb")
    answers = {own(cell).grade_id: cell.source for cell in source.cells if own(cell).get("solution")}
    wrong = {**answers, "final_score": answers["final_score"].replace("np.mean", "np.median")}
    always = (
        "class Always(float):\n    __eq__ = lambda s, o: True\n    __hash__ = None\nimport numpy as np\n"
        "np.isclose = lambda *a, **k: np.True_\n"
    )
    forged = {name: f"{always}def {name}(*a, **k):\n    return Always(1)" for name in answers}
    for student, given in {"full": answers, "empty": {}, "wrong": wrong, "forger": forged}.items():
        notebook = released_notebook(SOURCE)
        for cell in notebook.cells:
            cell.source = given.get(own(cell).get("grade_id"), cell.source)
        (folder / "submitted" / student / ASSIGNMENT).mkdir(parents=True)
        nbformat.write(notebook, folder / "submitted" / student / ASSIGNMENT / f"{NAME}.ipynb")
    return folder


def grade(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "grading", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=600
    )


@pytest.fixture(scope="module")
def graded(course):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_BUDGET", "ci")
        patch.setenv("OMP_NUM_THREADS", "1")
        done = grade("run", ASSIGNMENT, "--course-dir", course, "--jobs", "2", "--quiet")
    assert done.returncode == 0, done.stderr
    return done


def rows(course):
    with (course / "reports" / ASSIGNMENT / "report.csv").open(newline="", encoding="utf-8-sig") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_scores(course, graded):
    table = rows(course)
    assert {student: (row["status"], float(row["auto score"]), float(row["maximum"])) for student, row in table.items()} == {
        "full": ("ok", 18, 18),
        "empty": ("ok", 0, 18),
        "wrong": ("ok", 17, 18),
        "forger": ("ok", 0, 18),
    }
    assert "Note:" not in graded.stderr  # the reference solution lost nothing


def test_the_gradebook_agrees(course, graded):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        scores = {student: gradebook.find_submission(ASSIGNMENT, student).score for student in rows(course)}
        assert scores == {"full": 18, "empty": 0, "wrong": 17, "forger": 0}
        wrong = gradebook.find_submission_notebook(NAME, ASSIGNMENT, "wrong")
        assert [grade.name for grade in wrong.grades if grade.cell.cell_type == "code" and grade.score == 0] == [
            "final_score_test",
            "final_score_hidden_test",
        ]


def test_autograded_notebooks_say_what_failed(course, graded):
    notebook = nbformat.read(course / "autograded" / "wrong" / ASSIGNMENT / f"{NAME}.ipynb", as_version=4)
    failed = {
        own(cell).grade_id: cell.outputs
        for cell in notebook.cells
        if own(cell).get("grade") and any(output.output_type == "error" for output in cell.get("outputs", []))
    }
    assert list(failed) == ["final_score_test", "final_score_hidden_test"]
    assert "That k has the best median" in json.dumps(failed)
    nbformat.validate(notebook)


def test_nbgrader_itself_goes_on_with_the_results(course, graded, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", "--to", str(tmp_path / "grades.csv")],
        cwd=course,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "grades.csv").open(newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file) if row["assignment"] == ASSIGNMENT}
    assert scores == {"full": 18, "empty": 0, "wrong": 17, "forger": 0}


def test_feedback_shows_no_hidden_test(course, graded):
    done = grade("feedback", ASSIGNMENT, "--course-dir", course)
    assert done.returncode == 0, done.stderr
    source = (course / "source" / ASSIGNMENT / f"{NAME}.ipynb").read_text(encoding="utf-8")
    hidden = {line.strip() for cell in json.loads(source)["cells"] for line in _hidden("".join(cell["source"]))}
    released = json.dumps(released_notebook(SOURCE), ensure_ascii=False)
    hidden = {line for line in hidden if len(line) > 20 and json.dumps(line, ensure_ascii=False)[1:-1] not in released}
    assert len(hidden) > 50
    for student in rows(course):
        page = (course / "feedback" / student / ASSIGNMENT / f"{NAME}.html").read_text(encoding="utf-8")
        shown = html.unescape(page)
        assert [line for line in hidden if line in shown] == [], student
        assert "<script" not in page and "http-equiv" in page


def _hidden(source):
    inside = False
    for line in source.splitlines():
        if "BEGIN HIDDEN TESTS" in line:
            inside = True
        elif "END HIDDEN TESTS" in line:
            inside = False
        elif inside:
            yield line


def test_a_second_run_has_nothing_to_do(course, graded):
    done = grade("run", ASSIGNMENT, "--course-dir", course, "--quiet")
    assert done.returncode == 0, done.stderr
    assert "0 graded now" in done.stdout
    test_scores(course, graded)
