"""The committed notebooks are exactly what their sources make."""

import ast
import re
import subprocess

import nbformat
import pytest
import yaml

from pipeline import ROOT, in_repository
from pipeline import notebooks as pipeline_notebooks
from pipeline.exercises import instructor_notebook, released_notebook, released_path
from pipeline.files import write_text
from pipeline.notebooks import (
    SEAL,
    SETUP_TAG,
    SourceError,
    colab_address,
    is_as_generated,
    lecture_notebook,
    read_source,
    repository,
    sealed,
    to_text,
    write_notebook,
)

LECTURES = sorted(ROOT.glob("lectures/week*/*.py"))
SOLUTIONS = sorted(ROOT.glob("solutions/week*/*.py"))
NOTEBOOKS = sorted(
    path
    for path in [*ROOT.glob("lectures/week*/*.ipynb"), *ROOT.glob("exercises/week*/*.ipynb")]
    if not path.name.endswith(".new.ipynb")  # beside a notebook in which somebody has worked; git ignores them
)


def name(path):
    return in_repository(path)


@pytest.mark.parametrize("source", LECTURES, ids=name)
def test_lecture_notebook_is_what_its_source_makes(source):
    committed = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert committed == sealed(lecture_notebook(source)), "run `doit notebooks` and commit the result"


@pytest.mark.parametrize("source", SOLUTIONS, ids=name)
def test_exercise_is_what_its_solution_makes(source):
    committed = released_path(source).read_text(encoding="utf-8")
    assert committed == sealed(released_notebook(source)), "run `doit notebooks` and commit the result"


def working(text):
    """What a reader leaves in a notebook: one variant a name."""
    notebook = nbformat.reads(text, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code" and SETUP_TAG not in cell.metadata.get("tags", []))
    variants = {}
    code.source += "\nanswer = 42"
    variants["an answer"] = to_text(notebook)
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("My note."))
    variants["a note"] = to_text(notebook)
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="ran")]
    variants["an output"] = to_text(notebook)
    variants["half a file"] = text[: len(text) // 2]
    variants["not a notebook"] = "notes, saved under the wrong name"
    variants["an older course's, without a checksum"] = to_text(nbformat.v4.new_notebook(cells=notebook.cells))
    return variants


@pytest.mark.parametrize(
    "what", working(sealed(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1"), nbformat.v4.new_code_cell("2")])))
)
def test_a_notebook_in_which_somebody_has_worked_is_never_written_over(what, tmp_path, monkeypatch, capsys):
    source = source_file(tmp_path, monkeypatch, TINY)
    path = source.with_suffix(".ipynb")
    pipeline_notebooks.main([str(source)])
    own = working(path.read_text(encoding="utf-8"))[what]
    path.write_text(own, encoding="utf-8")
    source.write_text(TINY.replace("1 + 1", "1 + 3"), encoding="utf-8")
    pipeline_notebooks.main([str(source)])
    assert path.read_text(encoding="utf-8") == own
    assert "1 + 3" in path.with_name("01_x.new.ipynb").read_text(encoding="utf-8")
    said = capsys.readouterr().err
    assert str(path) in said and "01_x.new.ipynb" in said


def test_a_notebook_that_nobody_has_touched_is_brought_up_to_date(tmp_path, monkeypatch, capsys):
    source = source_file(tmp_path, monkeypatch, TINY)
    path = source.with_suffix(".ipynb")
    pipeline_notebooks.main([str(source)])
    source.write_text(TINY.replace("1 + 1", "1 + 3"), encoding="utf-8")
    pipeline_notebooks.main([str(source)])
    assert "1 + 3" in path.read_text(encoding="utf-8") and is_as_generated(path.read_text(encoding="utf-8"))
    assert not path.with_name("01_x.new.ipynb").exists() and capsys.readouterr().err == ""


def test_an_exercise_that_somebody_has_begun_is_never_written_over(tmp_path):
    released = released_notebook(SOLUTIONS[0])
    path = tmp_path / "knn.ipynb"
    assert write_notebook(path, released) == path
    begun = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    solution = next(cell for cell in begun.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    solution.source = "def mine():\n    return 1"
    nbformat.write(begun, path)
    before = path.read_bytes()
    assert write_notebook(path, released) == tmp_path / "knn.new.ipynb"
    assert path.read_bytes() == before


def test_an_instructors_notebook_is_moved_aside_for_nbgrader_reads_all_that_lie_in_its_folder(tmp_path, capsys):
    path, aside = tmp_path / "source" / "knn.ipynb", tmp_path / "replaced"
    newest = instructor_notebook(SOLUTIONS[0])
    for own in ("one", "two"):
        write_text(path, own)
        assert write_notebook(path, newest, aside=aside) == path
        assert is_as_generated(path.read_text(encoding="utf-8")) and str(aside) in capsys.readouterr().err
    assert {kept.read_text(encoding="utf-8") for kept in aside.iterdir()} == {"one", "two"}
    assert [file.name for file in path.parent.iterdir()] == ["knn.ipynb"]


def test_no_notebook_without_a_source():
    made = [source.with_suffix(".ipynb") for source in LECTURES] + [released_path(source) for source in SOLUTIONS]
    assert sorted(NOTEBOOKS) == sorted(made)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_committed_notebooks_are_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info", SEAL}
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        assert not cell.get("outputs") and not cell.get("execution_count")
        assert set(cell.metadata) <= {"tags", "nbgrader", "slideshow", "deletable", "editable", "jupyter", "cellView"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_badge_and_setup_cell_lead_to_the_one_address(path):
    badge, setup = nbformat.read(path, as_version=4).cells[:2]
    assert colab_address(in_repository(path)) in badge.source
    assert f"git+{repository()}" in setup.source
    assert SETUP_TAG in badge.metadata.tags and SETUP_TAG in setup.metadata.tags


@pytest.mark.parametrize("source", SOLUTIONS, ids=name)
def test_visible_checks_are_closed_wherever_they_are_shown(source):
    for cell in released_notebook(source).cells:
        own = cell.metadata.get("nbgrader", {})
        is_check = cell.cell_type == "code" and own.get("grade") and not own.get("solution") and ast.parse(cell.source).body
        title = f"# @title Check: {own.get('grade_id', '').removesuffix('_test')}\n"
        assert cell.source.startswith(title) is bool(is_check)
        assert ("hide-input" in cell.metadata.get("tags", [])) is bool(is_check)
        if is_check:
            assert cell.metadata.jupyter.source_hidden is True and cell.metadata.cellView == "form"


def test_only_a_version_under_development_installs_what_main_is(tmp_path, monkeypatch):
    path = source_file(tmp_path, monkeypatch, TINY)
    for version, reference in {"0.2.0": "v0.2.0", "0.3.0.dev0": "main"}.items():
        project = f'[project]\nversion = "{version}"\n[project.urls]\nRepository = "https://github.com/someone/course"\n'
        (tmp_path / "pyproject.toml").write_text(project)
        setup = lecture_notebook(path).cells[1].source
        assert f'"cnn-course @ git+https://github.com/someone/course@{reference}"' in setup
        assert f'helpers.begin("{version}")' in setup


def test_the_address_stands_in_one_place_only():
    """CITATION.cff, which is read as it is, must repeat it; everything else takes it from pyproject.toml."""
    listed = subprocess.run(["git", "grep", "-lF", repository(), "--", ":!*.ipynb"], cwd=ROOT, capture_output=True, text=True)
    assert set(listed.stdout.split()) == {"pyproject.toml", "CITATION.cff"}
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["repository-code"] == repository()


def source_file(tmp_path, monkeypatch, text):
    monkeypatch.setattr(pipeline_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr("pipeline.ROOT", tmp_path)
    project = '[project]\nversion = "0.1.0"\n[project.urls]\nRepository = "https://github.com/someone/course"\n'
    (tmp_path / "pyproject.toml").write_text(project)
    path = tmp_path / "lectures" / "week01_x" / "01_x.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


TINY = '# %% [markdown]\n# # Title\n\n# %%\n1 + 1\n\n# %% tags=["hide-input"]\n2 + 2\n'


def test_ids_depend_on_path_and_position_only(tmp_path, monkeypatch):
    path = source_file(tmp_path, monkeypatch, TINY)
    first = lecture_notebook(path)
    path.write_text(TINY.replace("1 + 1", "1 + 3"))
    second = lecture_notebook(path)
    assert [c.id for c in first.cells] == [c.id for c in second.cells]
    assert first.cells[4].metadata.tags == ["hide-input"]
    assert "https://github.com/someone/course" in first.cells[1].source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("print('no cells')\n", "no cell found"),
        ("# %%\n1 + 1\n", "must be text that begins with the title"),
    ],
)
def test_a_source_that_cannot_be_read_says_why(tmp_path, monkeypatch, text, message):
    path = source_file(tmp_path, monkeypatch, text)
    with pytest.raises(SourceError, match=re.escape(message)) as error:
        read_source(path)
    assert "01_x.py" in str(error.value)


def test_a_cell_that_only_records_numbers_is_folded(tmp_path, monkeypatch):
    path = source_file(tmp_path, monkeypatch, TINY.replace("hide-input", "remove-cell"))
    *_, shown, folded = lecture_notebook(path).cells
    assert folded.metadata.jupyter.source_hidden is True and "jupyter" not in shown.metadata


def test_colab_needs_an_address_on_github(tmp_path, monkeypatch):
    path = source_file(tmp_path, monkeypatch, TINY)
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://example.org/course"\n')
    with pytest.raises(SourceError, match="GitHub|github.com"):
        lecture_notebook(path)


def test_a_grade_id_used_twice_is_refused(tmp_path, monkeypatch):
    import pipeline.exercises

    metadata = '{"grade": false, "grade_id": "same", "locked": false, "schema_version": 3, "solution": true, "task": false}'
    cell = f"# %% nbgrader={metadata}\n1\n"
    path = source_file(tmp_path, monkeypatch, "# %% [markdown]\n# # Title\n\n" + cell + "\n" + cell)
    monkeypatch.setattr(pipeline.exercises, "ROOT", tmp_path)
    with pytest.raises(SourceError, match="same"):
        instructor_notebook(path)
