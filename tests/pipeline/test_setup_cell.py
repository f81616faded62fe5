"""The first cell of every notebook, run as it stands in fresh Python processes: on Colab, in the right kernel and the wrong one.

A program that only notes what it was asked for stands in for pip, so that nothing here needs a network or installs anything.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib

import nbformat
import pytest

from pipeline import ROOT
from pipeline.notebooks import repository, setup_cells

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = PROJECT["version"]
COURSE = f"cnn-course @ git+{repository()}@{'main' if 'dev' in VERSION else f'v{VERSION}'}"

# `python -m pip` is this program. With `COPY` it installs the helpers beside itself, as pip does on Colab.
PIP = f"""\
import os, pathlib, shutil, sys
here = pathlib.Path(__file__).parents[1]
(here / "asked.txt").write_text(repr(sys.argv[1:]), encoding="utf-8")
said = os.environ.get("PIP_SAYS")
if said:
    sys.exit(said)
if "cnn-course" in str(sys.argv):
    shutil.copytree({str(ROOT / "helpers")!r}, here / "helpers")
"""

OFFLINE = """\
  error: subprocess-exited-with-error
  × git clone --filter=blob:none --quiet https://github.com/a/b /tmp/pip-install-p/b did not run successfully.
  │ exit code: 128
  ╰─> [1 lines of output]
      fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com
  note: This error originates from a subprocess, and is likely not a problem with pip.
ERROR: Failed to build 'cnn-course' when git clone --filter=blob:none --quiet https://github.com/a/b"""
PRIVATE = OFFLINE.replace(
    "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com",
    "fatal: could not read Username for 'https://github.com': No such device or address",
)
NO_TAG = OFFLINE.replace(
    "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com",
    "error: pathspec 'v0.1.0' did not match any file(s) known to git",
)


class Machine:
    """A folder with a notebook's first cell in it, and a Python of which the test says what it can import."""

    def __init__(self, folder):
        self.folder, self.stubs = folder / "Übung 1", folder / "stubs"
        for name in ("pip/__init__.py", "pip/__main__.py"):
            self.write(f"../stubs/{name}", PIP if "main" in name else "")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def is_colab(self):
        self.write("../stubs/google/__init__.py", "")
        self.write("../stubs/google/colab/__init__.py", "")
        return self

    def run(self, code="", *, helpers=True, packages=True, before="", cell=None, says="", path=()):
        """Run the cell; `helpers`, `packages`: whether the course, and what it is made with, are installed in this Python."""
        cell = setup_cells("lectures/x.ipynb", code)[1].source if cell is None else cell
        script = self.write(
            "cell.py", f"{before}\n{cell}\nprint('fine')\n"
        )  # Python looks for modules beside it, as a kernel does
        # Without the site module no .pth file is read, and so the course, which was installed by one, is not there.
        site = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")] if packages else []
        places = os.pathsep.join(map(str, [self.stubs, *path, *site]))
        variables = {**os.environ, "PYTHONPATH": places, "PYTHONUTF8": "1", "PIP_SAYS": says}
        command = [sys.executable, *([] if helpers else ["-S"]), str(script)]
        done = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, encoding="utf-8")
        self.out, self.err = done.stdout, done.stderr
        # What a student reads: the message, after the lines of the traceback.
        self.message = done.stderr.rpartition("ImportError: ")[2].strip() if done.returncode else ""
        return self

    @property
    def asked(self):
        note = self.stubs / "asked.txt"
        return eval(note.read_text(encoding="utf-8")) if note.exists() else None


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def course_of(folder, version):
    """A copy of the course of some version: what `import helpers` needs of it."""
    shutil.copytree(ROOT / "helpers", folder / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text(f'[project]\nname = "cnn-course"\nversion = "{version}"\n', encoding="utf-8")
    return folder


# --- the right kernel ---------------------------------------------------------------------------------------------------


def test_in_the_right_kernel_it_is_silent(machine):
    machine.run("import optuna")
    assert (machine.out, machine.err, machine.asked) == ("fine\n", "", None)


def test_it_fits_the_page():
    """A cell that is read before all others: lines that do not have to be scrolled, but for the address in a release."""
    lines = setup_cells("lectures/x.ipynb", "import optuna")[1].source.splitlines()
    assert [line for line in lines if len(line) > 79 and repository() not in line] == []


def test_a_part_that_is_missing_is_named_with_its_command_and_not_installed(machine):
    without = (
        "import importlib.metadata as m\nfind = m.distribution\n"
        "def distribution(name):\n    if name == 'optuna': raise m.PackageNotFoundError(name)\n    return find(name)\n"
        "m.distribution = distribution"
    )
    machine.run("import optuna", before=without)
    assert "needs optuna" in machine.message and machine.message.splitlines()[-1].endswith('"optuna>=4"')
    assert machine.asked is None
    machine.run("import numpy", before=without)  # which this notebook does not need; the line at the top names it
    assert machine.out == "fine\n"


# --- Colab --------------------------------------------------------------------------------------------------------------


def test_on_colab_it_installs_the_version_of_its_notebook_and_says_nothing(machine):
    machine.is_colab().run(helpers=False)
    assert (machine.out, machine.err) == ("fine\n", "")
    assert machine.asked == ["install", "-q", COURSE]


def test_on_colab_a_second_run_installs_nothing(machine):
    machine.is_colab().run(helpers=False)
    (machine.stubs / "asked.txt").unlink()
    assert machine.run(helpers=False).out == "fine\n" and machine.asked is None


def test_on_colab_it_brings_the_part_that_is_missing_and_leaves_the_helpers(machine):
    without = (
        "import importlib.util as u\nfind = u.find_spec\nu.find_spec = lambda name: None if name == 'optuna' else find(name)\n"
    )
    machine.is_colab().run("import numpy\nimport optuna\n", before=without)
    assert machine.asked == ["install", "-q", *PROJECT["optional-dependencies"]["search"]], machine.err
    assert "optuna" not in setup_cells("lectures/x.ipynb", "import numpy")[1].source


@pytest.mark.parametrize(
    ("says", "reason"),
    {
        "offline": (OFFLINE, "Could not resolve host: github.com"),
        "private": (PRIVATE, "could not read Username"),
        "no tag": (NO_TAG, "pathspec 'v0.1.0' did not match"),
        "another": ("ERROR: Could not install packages due to an OSError: No space left on device", "No space left"),
        "unheard of": ("killed", ""),
    }.values(),
)
def test_on_colab_a_failure_ends_in_what_to_do(machine, says, reason):
    machine.is_colab().run(helpers=False, says=says)
    assert machine.out == "" and "CalledProcessError" not in machine.err and "subprocess-exited" not in machine.err
    assert machine.message.startswith("helpers could not be installed") and reason in machine.message
    assert machine.message.endswith(repository())
    assert "run this cell again" in machine.message and "ask whoever gave you this notebook" in machine.message
    assert len(machine.message.splitlines()) == 1


# --- the wrong kernel ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["linux", "win32"])
@pytest.mark.parametrize("packages", [True, False])
def test_the_wrong_kernel_is_told_which_one_to_choose(machine, system, packages):
    course = course_of(machine.folder.parent / "Mein Kurs", VERSION)
    own = course / (".venv/Scripts/python.exe" if system == "win32" else ".venv/bin/python")
    machine.folder = course / "work" / "week01_knn"
    machine.write(own, "")
    machine.run(helpers=False, packages=packages, before=f"import sys\nsys.platform = {system!r}")
    assert sys.executable in machine.message and str(own) in machine.message
    assert (
        "Select Kernel" in machine.message and f'{"& " if system == "win32" else ": "}"{own}" -m helpers.start' in machine.message
    )
    assert machine.out == "" and machine.asked is None


def test_where_no_course_is_near_it_says_where_to_find_one(machine):
    machine.write(".venv/bin/python", "")  # somebody's project; not the course
    machine.run(helpers=False, packages=False)
    assert sys.executable in machine.message and f"guide says ({repository()})" in machine.message
    assert machine.message.splitlines()[-1] == f'%pip install "{COURSE}"', "the line that a service like Kaggle needs"
    assert machine.out == "" and machine.asked is None


@pytest.mark.parametrize("with_environment", [True, False])
def test_helpers_beside_the_notebook_do_not_make_a_kernel_the_right_one(machine, with_environment):
    """VS Code may start a kernel in the course's folder: the helpers are there, and what they need is not."""
    machine.folder = course_of(machine.folder, VERSION)
    if with_environment:
        machine.write(".venv/bin/python", "")
    machine.run(helpers=False, packages=False)
    assert f"This Python, {sys.executable}, lacks packages of the course (numpy and " in machine.message
    wanted = "Select Kernel" if with_environment else "pipeline.environment --student"
    assert wanted in machine.message and machine.asked is None


# --- another version ----------------------------------------------------------------------------------------------------


def test_older_helpers_are_brought_up_to_date(machine, tmp_path):
    older = course_of(tmp_path / "older", "0.0.9")
    machine.run(path=[older])
    assert f"belongs to version {VERSION}" in machine.message and "are version 0.0.9" in machine.message
    assert "-m helpers.update" in machine.message and "restart the kernel" in machine.message and machine.asked is None


def test_newer_helpers_are_named_and_the_notebook_runs(machine, tmp_path):
    newer = course_of(tmp_path / "newer", "9.0.0")
    machine.run(path=[newer])
    assert machine.out == "fine\n" and "are version 9.0.0" in machine.err and "-m helpers.update" in machine.err
    assert machine.asked is None


def test_helpers_from_before_there_were_versions_are_not_the_students_own(machine):
    theirs = machine.write("helpers/__init__.py", 'NAME = "cnn-course"\ndef require_version(wanted): pass\n')
    machine.run()
    assert str(theirs) in machine.message and "older version of the course" in machine.message
    assert machine.out == "" and machine.asked is None


def test_a_notebook_that_somebody_has_saved_meets_todays_helpers(machine):
    cell = 'import helpers\nif not hasattr(helpers, "require_version"):\n    raise ImportError\n'
    cell += f'helpers.require_version("{VERSION}")'
    assert machine.run(cell=cell).out == "fine\n" and machine.err == ""
    machine.run(cell=cell.replace(VERSION, "0.0.9"))
    assert machine.out == "fine\n" and f"are version {VERSION}" in machine.err


# --- a stranger's helpers -----------------------------------------------------------------------------------------------

MINE = "answer = 42\ndef begin(*names): print('mine')\nrequire_version = begin\n__version__ = '0.1.0'\n"


@pytest.mark.parametrize("theirs", ["helpers.py", "helpers/__init__.py", "helpers/mine.py"])
@pytest.mark.parametrize("helpers", [True, False])
@pytest.mark.parametrize("on_colab", [True, False])
def test_a_students_own_helpers_are_named_and_neither_run_nor_replaced(machine, theirs, helpers, on_colab):
    own = machine.write(theirs, MINE + "print('it runs')\n")
    if on_colab:
        machine.is_colab()
    machine.run(helpers=helpers)
    where = machine.folder / theirs.split("/mine")[0]
    assert str(where) in machine.message and "Rename it" in machine.message and "restart the kernel" in machine.message
    assert machine.out == "" and machine.asked is None and own.read_text(encoding="utf-8").startswith("answer")


# --- in a real kernel ---------------------------------------------------------------------------------------------------


def test_in_a_kernel_all_this_is_said_in_the_notebook(tmp_path):
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    def run():
        notebook = nbformat.v4.new_notebook(cells=setup_cells("lectures/x.ipynb")[1:])
        resources = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(notebook, kernel_name="python3", resources=resources).execute()
        return notebook.cells[0].outputs

    assert run() == []
    (tmp_path / "helpers.py").write_text(MINE, encoding="utf-8")
    with pytest.raises(CellExecutionError, match="Rename it") as error:
        run()
    assert error.value.ename == "ImportError" and str(tmp_path / "helpers.py") in error.value.evalue
