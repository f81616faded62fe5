"""What students can download holds no answer."""

import os
import zipfile

import nbformat
import pytest

from pipeline import ROOT, release
from pipeline.exercises import instructor_notebook, released_path
from pipeline.notebooks import to_text


def test_there_are_answers_to_look_for():
    assert len(release.answers()) > 20


def test_no_answer_in_what_students_get():
    for folder in ("lectures", "exercises", "helpers"):
        assert release.leaks(ROOT / folder) == []


@pytest.mark.parametrize("source", sorted(ROOT.glob("solutions/week*/*.py")), ids=lambda path: path.stem)
def test_answers_are_found_wherever_they_leak(source, tmp_path):
    notebook = instructor_notebook(source)
    for name, text in {
        "notebook.ipynb": to_text(notebook),
        "source.py": source.read_text(encoding="utf-8"),
        "page.html": "<pre>"
        + "\n".join(f"<span>{line.replace('<', '&lt;')}</span>" for cell in notebook.cells for line in cell.source.splitlines())
        + "</pre>",
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(text, encoding="utf-8")
        assert release.leaks(folder), name


def test_one_hidden_test_put_back_is_found(tmp_path):
    source = sorted(ROOT.glob("solutions/week*/*.py"))[0]
    released = nbformat.read(released_path(source), as_version=4)
    hidden = next(cell for cell in instructor_notebook(source).cells if "### BEGIN HIDDEN TESTS" in cell.source)
    where = [cell.id for cell in released.cells].index(hidden.id)
    released.cells[where] = hidden
    (tmp_path / "x.ipynb").write_text(to_text(released), encoding="utf-8")
    assert release.leaks(tmp_path)


def test_students_do_not_get_the_instructors_rooms():
    rooms = {name.split("/")[0] for name in release.committed_files()}
    assert rooms.isdisjoint({"solutions", "tests", "grading", "build", "pipeline"})
    assert {"lectures", "exercises", "helpers", "pyproject.toml"} <= rooms


def test_an_archive_depends_on_nothing_but_its_files(tmp_path):
    sums = []
    for order in (["b.txt", "a/c.txt"], ["a/c.txt", "b.txt"]):
        folder = tmp_path / order[0].replace("/", "-") / "students"
        for number, name in enumerate(order):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"content of {name}", encoding="utf-8")
            os.utime(folder / name, (10**9 + number, 10**9 + number))
        sums.append(release.pack(folder, folder.with_suffix(".zip")))
    assert sums[0] == sums[1]
    with zipfile.ZipFile(folder.with_suffix(".zip")) as archive:
        assert archive.namelist() == ["students/a/c.txt", "students/b.txt"]
        assert archive.read("students/b.txt") == b"content of b.txt"
    (folder / "b.txt").write_text("changed", encoding="utf-8")
    assert release.pack(folder, folder.with_suffix(".zip")) != sums[0]
