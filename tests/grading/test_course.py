"""The course folder: found, read, and both versions of an assignment made of it."""

import os

import nbformat
import pytest

from grading.nbgrader.cells import grade_id, role
from grading.nbgrader.course import Course, CourseError


def test_defaults_of_nbgrader_without_a_configuration(small):
    course = Course.open(small.root)
    assert course.assignments() == ["ps1"]
    assert course.assignment("ps1").notebook_names == ["ps1"]
    assert course.db_url == f"sqlite:///{small.root / 'gradebook.db'}"
    assert course.assignment("ps1").students() == []


def test_the_configuration_of_the_folder_counts_from_anywhere(small, tmp_path, monkeypatch):
    (small.root / "source").rename(small.root / "src")
    (small.root / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.source_directory = "src"\nc.CourseDirectory.submitted_directory = "in/box"\n'
        'c.CourseDirectory.course_id = "cs"\nc.CourseDirectory.db_url = "sqlite:///elsewhere.db"\n'
    )
    (small.root / "in" / "box" / "ada" / "ps1").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    course = Course.open(small.root)
    assert course.assignment("ps1").students() == ["ada"]
    assert course.course_id == "cs"
    assert course.db_url == "sqlite:///elsewhere.db"


@pytest.mark.parametrize(("folder", "words"), [("nowhere", "not a folder"), (".", "no folder 'source'")])
def test_a_folder_that_is_no_course_is_told(tmp_path, folder, words):
    with pytest.raises(CourseError, match=words):
        Course.open(tmp_path / folder)


def test_a_broken_configuration_is_told(small):
    (small.root / "nbgrader_config.py").write_text("c = get_config(\n")
    with pytest.raises(CourseError, match="cannot be read: SyntaxError"):
        Course.open(small.root)


def test_an_unknown_assignment_names_the_known_ones(small):
    with pytest.raises(CourseError, match="Assignments here: ps1"):
        small.course.assignment("ps2")


def test_three_versions(small):
    released, instructor = small.assignment.released_notebook("ps1"), small.assignment.instructor_notebook("ps1")
    reference = small.assignment.reference_notebook("ps1")
    text = {
        name: "\n".join(cell.source for cell in notebook.cells)
        for name, notebook in (("released", released), ("instructor", instructor), ("reference", reference))
    }
    assert "HIDDEN" not in text["released"] and "HIDDEN" in text["instructor"] and "HIDDEN" in text["reference"]
    assert "return 2 * x" not in text["released"] + text["instructor"] and "return 2 * x" in text["reference"]
    assert [role(cell) for cell in released.cells] == ["free", "locked", "solution", "test", "solution", "test", "manual", "free"]
    instructor.cells.clear()
    assert small.assignment.instructor_notebook("ps1").cells, "each call gives a copy of its own"


def test_the_release_on_disk_is_used_if_it_fits(small):
    made = small.assignment.released_notebook("ps1")
    made.cells[0].source = "What students really got"
    small.release(made)
    assert small.assignment.released_notebook("ps1").cells[0].source == "What students really got"
    assert not small.assignment.warnings()
    made.cells = [cell for cell in made.cells if grade_id(cell) != "double_test"]
    small.release(made)
    assert grade_id(small.assignment.released_notebook("ps1").cells[3]) == "double_test"
    assert "other questions than the source" in small.assignment.warnings()[0]


@pytest.mark.parametrize("student", ["Zoë B.", "李雷", "a+b@c.org", "[x]", "{student_id}", "o'brien", "-f", "x" * 200])
def test_odd_ids(small, student):
    small.hand_in(student)
    assert small.assignment.students() == [student]
    assert small.course.student_id(student) == student
    assert small.assignment.submission(student)[0].is_dir()


def test_ids_that_are_no_text(small):
    name = os.fsdecode(b"zo\xeb")
    small.hand_in(name)
    assert small.assignment.students() == [name]
    assert small.course.student_id(name) == "zo%EB"


def test_a_folder_in_the_wrong_case_and_a_loose_notebook(small):
    small.hand_in("ada", folder="PS1")
    (small.root / "submitted" / "ben").mkdir(parents=True)
    nbformat.write(small.solved(), small.root / "submitted" / "ben" / "ps1.ipynb")
    (small.root / "submitted" / "cleo" / "ps2").mkdir(parents=True)
    (small.root / "submitted" / ".hidden" / "ps1").mkdir(parents=True)
    assert small.assignment.students() == ["ada", "ben"]
    assert "named 'PS1'" in small.assignment.submission("ada")[1]
    assert "beside" in small.assignment.submission("ben")[1]


def test_version_changes_with_the_tests(small):
    before = small.assignment.version()
    assert before == Course.open(small.root).assignment("ps1").version()
    notebook = small.source()
    notebook.cells[3].source += "\nassert double(5) == 10"
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    assert Course.open(small.root).assignment("ps1").version() != before


def test_imports_of_the_assignment(small):
    assert {"math", "os.path", "os.path.join"} <= set(small.assignment.imports())
