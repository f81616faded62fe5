"""Every notebook of the course can be run on another backend, and what does not come to its end is named."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from pipeline import ROOT
from pipeline import backends as module

SHOW = "import os\nprint(os.environ['KERAS_BACKEND'])"


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """What stands in for the lectures' cells: name -> sources."""
    made = {}
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # put back after the test
    monkeypatch.setattr(module, "BUILD", tmp_path / "build")
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: name != "torch" or None)

    def made_from(source):
        return new_notebook(cells=[new_code_cell(code) for code in made[source.stem]]), tmp_path

    monkeypatch.setattr(module, "made_from", made_from)
    return made


def test_each_runs_on_the_backend_and_failures_are_named(cells, tmp_path, capsys):
    cells |= {"a": [SHOW], "b": [SHOW, "def f():\n    raise KeyError('lost')\nf()", SHOW], "c": [SHOW]}
    with pytest.raises(SystemExit) as left:
        module.main(["jax", *(f"lectures/week01_x/{name}.py" for name in "abc")])
    assert left.value.code == 1
    folder = tmp_path / "build" / "backends" / "jax"
    lines = (folder / "table.md").read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| week01_x/a", "| week01_x/b", "| week01_x/c"]
    assert lines[2].endswith("| ok |") and lines[3].endswith("|  | cell 1: KeyError: 'lost' |") and lines[4].endswith("| ok |")
    assert "2 of 3" in capsys.readouterr().out
    kept = nbformat.read(folder / "week01_x" / "b.ipynb", as_version=4)
    assert kept.cells[0].outputs[0].text == "jax\n" and kept.cells[1].outputs[0].ename == "KeyError"


def test_a_kernel_that_dies_is_a_failure_too_and_the_rest_goes_on(cells, capsys):
    cells |= {"a": ["import os\nos._exit(3)"], "b": [SHOW]}
    with pytest.raises(SystemExit) as left:
        module.main(["jax", "x/a.py", "x/b.py"])
    assert left.value.code == 1
    assert "x/b: ok" in capsys.readouterr().out


def test_all_is_well_if_all_came_to_their_end(cells):
    cells |= {"a": [SHOW]}
    with pytest.raises(SystemExit) as left:
        module.main(["jax", "x/a.py"])
    assert left.value.code == 0


def test_a_backend_that_is_not_there_is_said_before_anything_runs(cells, capsys):
    with pytest.raises(SystemExit):
        module.main(["torch", "x/a.py"])
    assert "pip install torch" in capsys.readouterr().err


def test_without_names_it_is_every_lecture_and_every_exercise_with_its_answers():
    found = module.sources()
    assert {path.parts[-3] for path in found} == {"lectures", "solutions"}
    assert len(found) == len([*ROOT.glob("lectures/week*/*.py"), *ROOT.glob("solutions/week*/*.py")])
    notebook, folder = module.made_from(ROOT / "solutions" / "week01_knn" / "knn.py")
    assert "### BEGIN SOLUTION" in "".join(cell.source for cell in notebook.cells)
    assert folder == ROOT / "exercises" / "week01_knn"
    notebook, folder = module.made_from(ROOT / "lectures" / "week01_knn" / "01_images.py")
    assert notebook.cells[0].cell_type == "markdown" and folder == ROOT / "lectures" / "week01_knn"
