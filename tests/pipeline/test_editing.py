"""Authors open a source as a notebook in JupyterLab, edit it and save: only what they edited changes."""

import shutil

import pytest
from jupytext import TextFileContentsManager

from pipeline import ROOT, in_repository

SOURCES = sorted([*ROOT.glob("lectures/week*/*.py"), *ROOT.glob("solutions/week*/*.py")])


@pytest.fixture
def contents(tmp_path):
    """JupyterLab's own contents manager with jupytext in it, over a folder that holds the course's jupytext.toml."""
    shutil.copy(ROOT / "jupytext.toml", tmp_path)
    manager = TextFileContentsManager()
    manager.root_dir = str(tmp_path)
    return manager


def put(source, tmp_path):
    path = in_repository(source)
    (tmp_path / path).parent.mkdir(parents=True)
    shutil.copy(source, tmp_path / path)
    return path


@pytest.mark.parametrize("source", SOURCES, ids=in_repository)
def test_saving_an_unchanged_source_changes_nothing(source, contents, tmp_path):
    path = put(source, tmp_path)
    model = contents.get(path, type="notebook", content=True)
    contents.save(model, path)
    assert (tmp_path / path).read_text(encoding="utf-8") == source.read_text(encoding="utf-8")


@pytest.mark.parametrize("source", SOURCES[:1], ids=in_repository)
def test_an_edited_and_executed_cell_is_saved_without_its_output(source, contents, tmp_path):
    path = put(source, tmp_path)
    model = contents.get(path, type="notebook", content=True)
    cell = next(cell for cell in model["content"]["cells"] if cell["cell_type"] == "code")
    cell["source"] = "1 + 41\n" + cell["source"]
    cell["execution_count"] = 1
    cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "42"}, "metadata": {}, "execution_count": 1}]
    contents.save(model, path)
    before, after = source.read_text(encoding="utf-8"), (tmp_path / path).read_text(encoding="utf-8")
    assert after.replace("1 + 41\n", "", 1) == before
    assert not list(tmp_path.rglob("*.ipynb")), "notebooks are made by `doit notebooks` alone"
