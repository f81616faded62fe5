"""A lecture is executed once; a failing cell stops the build and is kept to be looked at."""

import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from pipeline import execute as module
from pipeline.notebooks import to_text


def lecture(tmp_path, *cells):
    path = tmp_path / "lectures" / "week01_x" / "01_x.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(to_text(new_notebook(cells=[new_code_cell(source) for source in cells])), encoding="utf-8")
    path.with_suffix(".py").write_text("\n".join(f"# %%\n{source}" for source in cells), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def target(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EXECUTED", tmp_path / "executed")
    return tmp_path / "executed" / "week01_x" / "01_x.ipynb"


def test_outputs_and_costs_are_recorded(tmp_path, target, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_BUDGET", "ci")
    module.main([str(lecture(tmp_path, "import os, pathlib\nprint(pathlib.Path('01_x.ipynb').exists())"))])
    notebook = nbformat.read(target, as_version=4)
    assert notebook.cells[0].outputs[0].text == "True\n", "it runs in its own folder"
    assert notebook.metadata.course.budget == "ci" and notebook.metadata.course.seconds > 0
    assert "week01_x/01_x" in capsys.readouterr().out


def test_temporary_folders_are_removed_though_the_kernel_is_ended_at_once(tmp_path, target):
    module.main([str(lecture(tmp_path, "import tempfile\nscratch = tempfile.TemporaryDirectory()\nprint(scratch.name)"))])
    place = nbformat.read(target, as_version=4).cells[0].outputs[0].text.strip()
    assert place and not os.path.exists(place)


def test_the_accounts_own_settings_and_font_list_of_matplotlib_are_not_used(tmp_path, target, monkeypatch):
    (tmp_path / "account").mkdir()
    (tmp_path / "account" / "matplotlibrc").write_text("font.size: 33", encoding="utf-8")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "account"))
    module.main([str(lecture(tmp_path, "import matplotlib\nprint(matplotlib.rcParams['font.size'], matplotlib.get_cachedir())"))])
    size, cache = nbformat.read(target, as_version=4).cells[0].outputs[0].text.split(maxsplit=1)
    assert size == "10.0" and not cache.startswith(str(tmp_path / "account"))


def test_a_failing_cell_fails_the_build_and_is_kept(tmp_path, target):
    path = lecture(tmp_path, "print('before')", "1 / 0", "print('after')")
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        module.main([str(path)])
    assert not target.exists()
    kept = nbformat.read(target.with_suffix(".failed.ipynb"), as_version=4)
    assert kept.cells[0].outputs[0].text == "before\n" and kept.cells[1].outputs[0].ename == "ZeroDivisionError"
    assert not kept.cells[2].outputs


def test_an_old_result_survives_a_failure(tmp_path, target):
    target.parent.mkdir(parents=True)
    target.write_text("the old one", encoding="utf-8")
    with pytest.raises(SystemExit):
        module.main([str(lecture(tmp_path, "1 / 0"))])
    assert target.read_text(encoding="utf-8") == "the old one"


def test_a_lecture_that_loads_what_the_build_does_not_know_of_fails(tmp_path, target):
    """Such a lecture would not be made again after a change of that module."""
    hidden = "import importlib\nimportlib.import_module('.'.join(['helpers', 'knn']))"
    with pytest.raises(SystemExit, match="helpers.knn.py.* which pipeline.inputs does not find"):
        module.main([str(lecture(tmp_path, hidden))])
    assert not target.exists()


def test_a_lecture_that_imports_it_by_name_passes(tmp_path, target):
    module.main([str(lecture(tmp_path, "def later():\n    import helpers.knn\nlater()"))])
    assert target.exists()


def test_two_lectures_share_the_machine_unless_told_otherwise(tmp_path, target, monkeypatch):
    for name in module.THREADS:
        monkeypatch.setenv(name, "")  # so that it is put back in the end
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setattr(module.os, "cpu_count", lambda: 6)
    module.main([str(lecture(tmp_path, f"import os\nprint(*(os.environ[name] for name in {module.THREADS}))"))])
    assert nbformat.read(target, as_version=4).cells[0].outputs[0].text == "7 3 3\n"
