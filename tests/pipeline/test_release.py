"""What students can download holds no answer."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest

from pipeline import ROOT, release
from pipeline.exercises import instructor_notebook, released_path
from pipeline.notebooks import read_source, to_text
from pipeline.questions import is_hints


def test_there_are_answers_to_look_for():
    assert len(release.answers()) > 20


def test_no_answer_in_what_students_get():
    for folder in ("lectures", "exercises", "helpers"):
        assert release.leaks(ROOT / folder) == []


@pytest.mark.parametrize("source", sorted(ROOT.glob("solutions/week*/*.py")), ids=lambda path: path.stem)
def test_answers_are_found_wherever_they_leak(source, tmp_path):
    notebook = instructor_notebook(source)
    found = {}
    for name, text in {
        "notebook.ipynb": to_text(notebook),
        "source.py": source.read_text(encoding="utf-8"),
        "facts.json": json.dumps({"cells": [cell.source for cell in notebook.cells]}),
        "page.html": "<pre>"
        + "\n".join(f"<span>{line.replace('<', '&lt;')}</span>" for cell in notebook.cells for line in cell.source.splitlines())
        + "</pre>",
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(text, encoding="utf-8")
        found[name] = {leak.partition(": ")[2] for leak in release.leaks(folder)}
        assert found[name], name
    assert found["facts.json"] == found["notebook.ipynb"], "the ends of lines are spelt out in JSON"


def test_a_hint_that_gives_an_answer_away_makes_it_no_less_a_secret():
    for source in sorted(ROOT.glob("solutions/week*/*.py")):
        text = source.read_text(encoding="utf-8")
        hints = [cell for cell in read_source(source).cells if is_hints(cell)]
        without = release.HINTS.sub("", text)
        assert hints and len(release.HINTS.findall(text)) == len(hints)
        for cell in hints:
            last = [line for line in cell.source.splitlines() if line.strip("`")][-1]
            assert f"# {last}\n" in text and f"# {last}\n" not in without


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
    assert rooms.isdisjoint({"solutions", "tests", "grading", "build"})
    assert [name for name in release.committed_files() if name.startswith("pipeline/")] == [
        "pipeline/__init__.py",
        "pipeline/environment.py",
    ]
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


@pytest.mark.parametrize("address", [release.PLACEHOLDER, release.PLACEHOLDER.upper()])
def test_a_release_with_the_placeholder_address_is_not_published(address, monkeypatch, tmp_path):
    monkeypatch.setattr(
        release, "facts", lambda: {"repository": f"https://github.com/{address}", "name": "course", "version": "0.2.0"}
    )
    monkeypatch.setattr(release, "RELEASE", tmp_path / "release")
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "earlier").touch()
    with pytest.raises(SystemExit, match=r"project\.urls.*placeholder") as end:
        release.main(["--publish"])
    assert "make release" in str(end.value) and (tmp_path / "release" / "earlier").exists()


def test_a_workflow_publishes_under_its_own_address_only(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "Somebody/Course")
    release.refuse_unpublishable("https://github.com/somebody/course")
    with pytest.raises(SystemExit, match="this is the repository Somebody/Course"):
        release.refuse_unpublishable("https://github.com/somebody/another")


@pytest.fixture(scope="module")
def small_release(tmp_path_factory):
    """A release of the committed files, with a site of one page."""
    folder = tmp_path_factory.mktemp("release")
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_text("<p>The book</p>")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, "SITE", folder / "site")
        patch.setattr(release, "RELEASE", folder / "release")
        release.main([])
    return folder / "release"


def test_the_students_tree_has_what_the_guide_uses_and_nothing_that_it_lacks(small_release):
    students = small_release / "students"
    guide = (students / "README.md").read_text(encoding="utf-8")
    for module in set(re.findall(r"-m ((?:helpers|pipeline)\.\w+)", guide)):
        place = students.joinpath(*module.split("."))
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), module
    assert {"pipeline.environment", "helpers.start", "helpers.update"} <= set(re.findall(r"-m (\w+\.\w+)", guide))
    assert "make" not in re.findall(r"`(\w+)[^`]*`", guide), "there is no Makefile in it"
    for command in (
        ["pipeline.environment", "--student", "--help"],
        ["helpers.start", "--no-lab"],
        ["helpers.update", "--only-work"],
    ):
        done = subprocess.run([sys.executable, "-m", *command], cwd=students, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert (students / "work" / "week01_knn" / "knn.ipynb").exists()


def test_the_students_archive_lists_its_files_with_their_checksums(small_release):
    (packed,) = small_release.glob("*-students.zip")
    with zipfile.ZipFile(packed) as file:
        manifest = json.loads(file.read("students/manifest.json"))
        assert manifest["version"] and set(file.namelist()) == {
            f"students/{name}" for name in [*manifest["files"], "manifest.json"]
        }
        for name, checksum in manifest["files"].items():
            assert hashlib.sha256(file.read(f"students/{name}")).hexdigest() == checksum
