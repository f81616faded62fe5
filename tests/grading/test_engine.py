"""The two kinds of processes of a batch, opened as `grade run` opens them."""

from pathlib import Path

import nbformat
import pytest
from traitlets.config import PyFileConfigLoader

from grading.batch.engine import open_engine
from grading.model import Limits
from tests import needs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def engine(small, tmp_path, monkeypatch):
    """The course's data cache holds one file and no data set."""
    needs.require("confinement")
    notebook = small.source()
    notebook.cells[1].source += "\nfrom helpers.data import load"
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "note").write_text("shared")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("TOKEN", "SECRET token")
    with open_engine(small.assignment, Limits(cell_timeout=20), jobs=1) as opened:
        yield opened


def nothing(request):
    """A student who has written nothing."""
    return {"missing": True}


def printed(result):
    assert result.status == "ok", result.error
    return "".join(output.get("text", "") for output in result.outputs if output.get("name") == "stdout")


def test_students_read_the_data_cache_and_cannot_write_to_it(engine):
    sessions, _ = engine
    with sessions() as session:
        assert printed(session.run_cell("import os\nprint(open(os.environ['COURSE_DATA'] + '/note').read())")) == "shared\n"
        refused = session.run_cell("open(os.environ['COURSE_DATA'] + '/mine', 'w')")
        assert refused.error[0] in ("OSError", "PermissionError")


def test_data_that_nobody_fetched_is_replaced_by_the_sample(engine):
    sessions, _ = engine
    with sessions() as session:
        assert printed(session.run_cell("from helpers.data import load\nprint(load('mnist').is_sample)")) == "True\n"


def test_checkers_know_what_students_must_not(engine):
    # Both are forked from one process; what it was told must not be in the reach of a student.
    sessions, checkers = engine
    look = (
        "import gc, os\nevery = [one for one in gc.get_objects() if type(one) is dict]\n"
        "found = [one for one in every if 'SECRET token' in str(one.get('TOKEN'))]\n"
        "print('TOKEN' in os.environ, len(found))"
    )
    with checkers("ps1") as checker, sessions() as session:
        verdict = checker.run_cell("import os\nassert os.environ['TOKEN'] == 'SECRET token'", 1, nothing)
        assert verdict.score == 1
        assert printed(session.run_cell(look)) == "False 0\n"


def test_a_checker_that_died_is_replaced(engine):
    sessions, checkers = engine
    kill = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"
    with checkers("ps1") as checker:
        verdict = checker.run_cell(kill, 1, nothing)
        assert verdict.score in (0, 1)
    for _ in range(2):
        try:
            with checkers("ps1") as checker:
                assert checker.run_cell("assert 1 + 1 == 2", 1, nothing).score == 1
                break
        except RuntimeError:  # the one that lost its parent; the next is new
            continue
    else:
        pytest.fail("no checker came back")


def test_data_folders_come_from_the_environment_or_the_configuration(small, tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert small.course.data_folders() == []
    (small.root / "nbgrader_config.py").write_text(f"c = get_config()\nc.Grading.data = [{str(tmp_path / 'one')!r}, 'nowhere']\n")
    assert small.course.data_folders() == [tmp_path / "one"]
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "two"))
    assert small.course.data_folders() == [tmp_path / "two"]
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    assert small.course.data_folders() == []


def test_this_course_names_its_data_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *arguments, **options: str(tmp_path))
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    assert config.Grading.data == [str(tmp_path)]
