"""The student's guide, followed word for word in an empty folder with blanks and umlauts in its name.

Everything here happens in the environment that the guide's commands make. `pipeline.student_guide` says how; with ``--all`` it
runs every lecture, as the nightly workflow does.
"""

import os

import pytest

from helpers.data import cache
from pipeline import student_guide
from tests.needs import require

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the guide's commands for Windows are others")

DATA = ("cifar10", "mnist", "fashion_mnist", "groceries")  # what the lectures below use


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    for name in DATA:
        require("data", "" if cache.manifest(name) else f"{name} is not in the cache")
    student = student_guide.Student(tmp_path_factory.mktemp("student"))
    try:
        student.follow()
    except student_guide.GuideError as error:
        if "cannot be reached" in str(error):
            require("packages", str(error).splitlines()[-1])
        raise
    return student


def test_jupyterlab_opens_on_the_students_own_folder(student):
    first, *_, last = student.servers
    assert first["contents"] == ["week01_knn"] and len(last["contents"]) > 5
    for server in student.servers:
        assert os.path.samefile(server["root_dir"], student.course / "work")


def test_everything_that_a_notebook_imports_is_there(student):
    student_guide.importable(student)


def test_the_doctor_has_nothing_to_say(student):
    assert student.python("-m", "helpers.doctor").startswith("Nothing is wrong.")


@pytest.fixture(scope="module")
def lectures(student):
    return student_guide.run_lectures(student, student_guide.everyday())


@pytest.mark.parametrize("name", student_guide.everyday())
def test_a_lecture_runs_in_the_students_folder_with_its_switches_on(lectures, name):
    assert lectures[name].result() == set(student_guide.switches(student_guide.lectures()[name].read_text(encoding="utf-8")))


def test_a_released_folder_works_the_same_way(student):
    student_guide.released(student)
