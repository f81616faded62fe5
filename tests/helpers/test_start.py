"""A student's own folder: made once, never written over, whatever was there before."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import start
from helpers.course import folder, notebook, work
from helpers.course.folder import Course, CourseError
from pipeline import ROOT, notebooks
from tests.helpers import course_copy as copies

UTF8 = {**os.environ, "PYTHONUTF8": "1"}  # Windows would print paths in another encoding


@pytest.fixture(params=["course", "Bjørk Ünal's course"])
def course(request, tmp_path):
    copies.write_course(tmp_path / request.param, "0.1.0")
    return Course(tmp_path / request.param)


def command(course, *arguments):
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=course.root, capture_output=True, encoding="utf-8", env=UTF8)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_lectures_and_exercise_of_a_week_lie_side_by_side(course):
    said = command(course, "helpers.start", "week01", "--no-lab").stdout
    assert sorted(path.name for path in (course.work / "week01_knn").iterdir()) == [
        "01_images.ipynb",
        "02_gone.ipynb",
        "03_plain.ipynb",
        "knn.ipynb",
    ]
    assert (
        "4 notebooks were copied" in said
        and str(course.work / "week01_knn" / "01_images.ipynb") in said
        and sys.executable in said
    )
    for own, name in {copies.OWN_LECTURE: copies.LECTURE, copies.OWN_EXERCISE: copies.EXERCISE}.items():
        assert (course.root / own).read_bytes() == (course.root / name).read_bytes()


def test_a_second_start_writes_over_nothing(course):
    command(course, "helpers.start", "--no-lab")
    own = course.root / copies.OWN_EXERCISE
    copies.work_in(own, {"distance": copies.answered("distance")})
    (course.root / copies.OWN_LECTURE).unlink()
    before = own.read_bytes()
    assert "1 notebook was copied" in command(course, "helpers.start", "--no-lab").stdout
    assert own.read_bytes() == before and (course.root / copies.OWN_LECTURE).exists()


def test_who_worked_in_the_courses_files_goes_on_with_the_answers(course):
    """Review A1: worked in Jupyter or VS Code first, then `make lab`."""
    copies.work_in(course.root / copies.EXERCISE, {"distance": copies.answered("distance")})
    command(course, "helpers.start", "--no-lab")
    for name in (copies.EXERCISE, copies.OWN_EXERCISE):
        assert "return a + 1" in copies.find(course.root / name, "distance").source
    assert not work.base_of(course, copies.as_json(course.root / copies.OWN_EXERCISE)), "it is not what the course began with"


@pytest.mark.parametrize("name", ["week01", "week01_knn", "1", "01", "week1", "week01_knn/"])
def test_a_week_may_be_named_in_several_ways(course, name):
    assert work.chosen_weeks(course, [name]) == ["week01_knn"]


def test_a_week_that_does_not_exist_is_named_with_those_that_do(course):
    done = command(course, "helpers.start", "week12", "--no-lab")
    assert done.returncode == 1 and "no week 'week12'" in done.stderr and "week01_knn" in done.stderr


def test_helpers_without_a_course_say_so(tmp_path):
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__", "data", "results"))
    for module in ("helpers.start", "helpers.update"):
        done = subprocess.run([sys.executable, "-m", module], cwd=tmp_path, capture_output=True, encoding="utf-8")
        assert done.returncode == 1 and "without the course around them, as on Colab" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 2 and not (tmp_path / "work").exists()


def test_two_at_once_do_not_meet(course):
    with course.alone():
        done = command(course, "helpers.start", "--no-lab")
        assert done.returncode == 1 and "Another start or update" in done.stderr
    assert command(course, "helpers.start", "--no-lab").returncode == 0


def test_jupyterlab_of_this_python_opens_the_first_lecture_in_the_students_folder(course, monkeypatch):
    from jupyterlab import labapp

    calls = []
    monkeypatch.setattr(labapp, "main", lambda options: calls.append((options, os.getcwd(), os.environ["PATH"])) or 0)
    monkeypatch.setattr(folder, "find", lambda: course)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/mine")
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as end:
        start.main(["1", "--", "--no-browser"])
    assert not end.value.code
    ((options, where, path),) = calls
    assert f"--ServerApp.root_dir={course.work}" in options and options[-1] == "--no-browser"
    assert "--LabApp.default_url=/lab/tree/week01_knn/01_images.ipynb" in options and "--LabApp.log_level=WARN" in options
    assert where == str(course.root) and path.split(os.pathsep)[0] == os.path.dirname(sys.executable)
    own, theirs = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    settings = json.loads(Path(theirs, "labconfig", "page_config.json").read_text(encoding="utf-8"))
    assert own == "/mine" and settings["disabledExtensions"]["@jupyterlab/apputils-extension:announcements"]


def test_a_python_without_jupyterlab_says_what_to_do(course, monkeypatch):
    monkeypatch.setattr(start.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"not installed[\s\S]*pipeline.environment --student"):
        start.open_lab(course, "week01_knn/01_images.ipynb", [])


@pytest.mark.parametrize("links", [True, False])
def test_a_disk_without_links_is_written_on_as_well(tmp_path, monkeypatch, links):
    def no_links(*names):
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(notebook.os, "link", no_links)
    path = tmp_path / "a" / "b.ipynb"
    assert notebook.create(path, b"first", tmp_path) and not notebook.create(path, b"second", tmp_path)
    assert path.read_bytes() == b"first"
    assert [notebook.keep(path, data, tmp_path, "mine").name for data in (b"1", b"2", b"1")] == [
        "b.mine.ipynb",
        "b.mine-2.ipynb",
        "b.mine.ipynb",
    ]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a"], "no draft is left"


def test_the_own_folder_may_be_on_another_disk(tmp_path):
    class Elsewhere(type(tmp_path)):
        def stat(self, **options):
            return os.stat_result((0,) * 2 + (-1,) + (0,) * 7)  # the third is the disk

    drafts = Elsewhere(tmp_path / "nowhere")  # a file written there could not be renamed
    path = tmp_path / "course" / "b.ipynb"
    assert notebook.create(path, b"first", drafts)
    notebook.replace(path, b"second", drafts)
    assert path.read_bytes() == b"second" and [entry.name for entry in path.parent.iterdir()] == ["b.ipynb"]


def test_a_file_that_appears_at_the_last_moment_is_not_written_over(tmp_path, monkeypatch):
    path = tmp_path / "b.ipynb"
    path.write_bytes(b"first")
    monkeypatch.setattr(notebook.os.path, "lexists", lambda path: False)  # so it was when it was looked at
    assert not notebook.create(path, b"second", tmp_path)
    assert path.read_bytes() == b"first" and [entry.name for entry in tmp_path.iterdir()] == ["b.ipynb"]


NOTEBOOKS = [path for room in ("lectures", "exercises") for path in sorted((ROOT / room).glob("week*/*.ipynb"))]


@pytest.mark.parametrize("path", NOTEBOOKS[::6], ids=lambda path: path.stem)
def test_any_change_to_a_generated_notebook_is_seen(path):
    """As the generator itself sees it, which has the rule twice: its own imports may not reach the helpers, which it makes."""
    data = path.read_bytes()
    changed = (data + b" ", data.replace(b"course_checksum", b"another_checksum"), data.replace(b"# ", b"#  ", 1), b"[]", b"")
    for version in changed:
        assert not notebook.is_as_generated(version) and not notebooks.is_as_generated(version.decode())
    assert notebook.is_as_generated(data) and notebook.is_as_generated(data.replace(b"\n", b"\r\n"))
    assert notebooks.is_as_generated(data.decode()) and notebook.SETUP_TAG == notebooks.SETUP_TAG


def test_every_link_between_notebooks_leads_somewhere_in_the_students_folder(tmp_path):
    for room in ("lectures", "exercises"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("*.py", ".*"))
    course, links = Course(tmp_path), 0
    week = "week07_transfer"
    with course.alone():
        work.copy_weeks(course, [week])
        assert {path.parent.name for path in course.work.glob("week*/*.ipynb")} >= {week}
        work.copy_weeks(course, ["week04_visualization"])
    for path in course.work.glob("week*/*.ipynb"):
        for cell in copies.cells_of(path):
            if cell.cell_type == "markdown":
                for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", cell.source):
                    assert (path.parent / target).is_file(), f"{path.name}: {target}"
                    links += 1
    assert links > 5 and (course.work / "week03_lenet" / "03_lenet5.ipynb").exists(), "what week 4 links to"


def test_find_knows_this_copy():
    assert folder.find().root == ROOT
    with pytest.raises(CourseError, match="no week"):
        work.chosen_weeks(folder.find(), ["week99"])
