"""The doctor: each thing that can be wrong is found, and the command that mends it is named."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import requests
from matplotlib import font_manager

import helpers
from helpers import budget, doctor
from helpers.course import commands
from helpers.data import cache
from pipeline import ROOT, pins

COLAB = ROOT / "tests" / "pipeline" / "colab-pip-freeze.txt"


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """A machine on which all is well: no settings, room for data, and a network that answers."""
    for name in (*doctor.PROXIES, *doctor.CERTIFICATES, "KERAS_BACKEND", budget.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(requests, "head", lambda *arguments, **options: None)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: doctor.shutil._ntuple_diskusage(10**11, 0, 10**11))
    monkeypatch.chdir(tmp_path)


def pretend(monkeypatch, versions):
    """Let packages have other versions, or not be there (None)."""
    real = doctor.version_of
    monkeypatch.setattr(doctor, "version_of", lambda name: versions[name] if name in versions else real(name))
    return monkeypatch


def alone(monkeypatch):
    """The helpers as pip installs them from a wheel."""
    monkeypatch.setattr(commands, "in_checkout", lambda: False)


def test_what_the_doctor_knows_is_what_the_course_is_tested_with():
    assert pins.TESTED.read_text(encoding="utf-8") == pins.tested(), "run `python -m pipeline.pins`"
    known = doctor.tested()
    assert {"numpy", "keras", "tensorflow", "optuna", "pyarrow", "jupyterlab", "ipywidgets"} <= set(known)
    assert known["keras"].extra == "" and known["optuna"].extra == "search"


def test_the_version_that_is_pinned_for_an_older_python_is_tested_too(monkeypatch):
    numpy = doctor.tested()["numpy"]
    assert numpy.too, "constraints.txt has one NumPy for all versions of Python: take another package here"
    real = doctor.version_of
    monkeypatch.setattr(doctor, "version_of", lambda name: numpy.too[0] if name == "numpy" else real(name))
    assert "numpy" not in doctor.packages().found
    monkeypatch.setattr(doctor, "version_of", lambda name: f"{numpy.too[0]}.1" if name == "numpy" else real(name))
    assert f"numpy {numpy.too[0]}.1 ({numpy.tested})" in doctor.packages().found


def test_where_all_is_well_it_says_so(capsys):
    assert doctor.main([]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Nothing is wrong.")
    parts = "course Python kernel packages backend budget GPU cache data fonts network notebooks".split()
    for about in parts:
        assert re.search(rf"^{about}: ", said, flags=re.MULTILINE), about
    assert said.rstrip().endswith("```"), "the report is the end"


def test_a_cell_of_a_notebook_prints_the_same(capsys):
    doctor.main([])
    said = capsys.readouterr().out
    assert doctor.report() is None and capsys.readouterr().out == said


def test_at_the_top_of_a_notebook_it_is_silent_where_all_is_well(capsys):
    doctor.look(["optuna"])
    assert capsys.readouterr() == ("", "")


def test_on_colab_it_is_silent(monkeypatch, capsys):
    alone(monkeypatch)
    lines = COLAB.read_text(encoding="utf-8").splitlines()
    colab = dict(line.strip().split("==") for line in lines if line.count("==") == 1)
    colab = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in colab.items()}
    assert colab["keras"] == "3.13.2", "not the version of this environment"
    monkeypatch.setattr(doctor, "version_of", colab.get)
    doctor.look()
    assert capsys.readouterr() == ("", "")


def test_it_costs_next_to_nothing_at_the_top():
    """No package is loaded for it, and no program started: it looks at files."""
    code = (
        "import sys, subprocess\n"
        "def fail(*arguments, **options): raise AssertionError(arguments)\n"
        "subprocess.Popen = fail\n"
        f"import helpers; helpers.begin({helpers.__version__!r}, 'optuna')\n"
        "print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & {"numpy", "keras", "tensorflow", "requests", "pooch", "matplotlib", "packaging"}


def one_line(capsys):
    doctor.look()
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "`helpers.doctor.report()`" in said
    return said


def test_an_old_or_a_new_python_is_named(monkeypatch, capsys):
    for version in ("3.10.14", "3.14.1"):
        monkeypatch.setattr(doctor.platform, "python_version", lambda version=version: version)
        assert f"Python {version} does not fit: the course needs Python 3.11 to 3.13" in doctor.python().wrong
        assert "pipeline.environment --student" in doctor.python().remedy
        assert f"Python {version}" in one_line(capsys)


@pytest.mark.parametrize(("have", "far"), [("3.9.0", True), ("3.10.0", False), ("3.99.1", False), ("4.0.0", True)])
def test_versions_far_from_those_tested_are_named(monkeypatch, capsys, have, far):
    pretend(monkeypatch, {"keras": have})
    found = doctor.packages()
    assert f"keras {have}" in (found.wrong if far else found.found)
    if far:
        constraints = ROOT / "constraints.txt"
        assert f'-m pip install -c "{constraints}" "keras=={doctor.tested()["keras"].tested}"' in found.remedy
        assert f"keras {have}" in one_line(capsys)
    else:
        assert not found.wrong


def test_a_missing_extra_is_a_problem_only_in_a_students_environment(monkeypatch):
    pretend(monkeypatch, {"pyarrow": None, "ipywidgets": "7.7.1"})
    assert "Missing: pyarrow." in doctor.packages().wrong and "ipywidgets 7.7.1" in doctor.packages().wrong
    assert '"pyarrow>=' in doctor.packages().remedy
    alone(monkeypatch)
    assert not doctor.packages().wrong


def test_a_kernel_without_the_courses_packages_is_refused_with_what_to_do(monkeypatch):
    pretend(monkeypatch, {"keras": None, "scipy": None})
    with pytest.raises(ImportError, match=r"lacks packages of the course \(scipy and 1 more\).*run this cell again"):
        doctor.look()
    alone(monkeypatch)
    with pytest.raises(ImportError, match=r'-m pip install "?scipy'):
        doctor.look()


def test_a_python_without_anything_is_told_where_the_courses_own_is():
    done = subprocess.run([sys.executable, "-S", "-m", "helpers.doctor"], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 1 and done.stderr == ""
    problems = re.findall(r"^\d+\. .*", done.stdout, flags=re.MULTILINE)
    assert len(problems) == 1 and "lacks packages of the course (numpy and" in problems[0]
    assert "report it" not in done.stdout


def test_a_part_that_a_notebook_needs_is_asked_for_by_name(monkeypatch):
    pretend(monkeypatch, {"optuna": None})
    with pytest.raises(ImportError, match=r'needs optuna.*\n%pip install -c ".*constraints.txt" "optuna>=4"'):
        doctor.look(["optuna"])


def test_a_backend_that_is_not_installed(monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    pretend(monkeypatch, {"torch": None})
    assert "KERAS_BACKEND chooses torch" in one_line(capsys)
    assert re.search(r"KERAS_BACKEND ?= ?\"?tensorflow", doctor.backend().remedy)
    pretend(monkeypatch, {"torch": None, "tensorflow": None, "jax": None})
    assert "-m pip install" in doctor.backend().remedy and doctor.backend().remedy.endswith(" torch")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert '"tensorflow>=' in doctor.backend().remedy
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    assert "'theano'" in doctor.backend().wrong


def test_keras_own_settings_choose_the_backend_too(monkeypatch, tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text('{"backend": "jax"}')
    assert doctor.backend().found.startswith("jax ") and "keras.json" in doctor.backend().found
    (tmp_path / "keras" / "keras.json").write_text("{")
    assert doctor.backend().found.startswith("tensorflow ")


def test_a_budget_that_is_none(monkeypatch, capsys):
    monkeypatch.setenv(budget.VARIABLE, "fast")
    assert "'fast' is not a budget" in one_line(capsys) and budget.VARIABLE in doctor.compute().remedy
    assert not doctor.gpu().wrong


def test_a_cache_that_cannot_be_written(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file" / "data"))
    assert "cannot be written" in one_line(capsys) and "COURSE_DATA" in doctor.storage().remedy


def test_a_shared_cache_that_is_there_to_be_read_is_fine(monkeypatch):
    (cache.root() / "mnist").mkdir(parents=True)
    monkeypatch.setattr(doctor, "_writable", lambda folder: False)
    assert "cannot be written" in doctor.storage().wrong
    (cache.root() / "mnist" / "manifest.json").write_text("{}")
    assert not doctor.storage().wrong and "read only" in doctor.storage().found


def test_a_full_disk(monkeypatch, capsys):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: doctor.shutil._ntuple_diskusage(10**11, 10**11, 2 * 10**8))
    assert "Only 200 MB are free" in one_line(capsys) and "COURSE_DATA" in doctor.storage().remedy


def test_a_list_of_fonts_that_was_made_while_the_environment_was_replaced(monkeypatch):
    assert not doctor.fonts().wrong
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["DejaVu Sans"])
    assert "lacks STIXGeneral, cmr10" in doctor.fonts().wrong
    kept = re.search(r"remove (.*\.json)", doctor.fonts().remedy)[1]
    font_manager.findfont("DejaVu Sans")
    assert Path(kept).exists(), "the file that is to be removed is the one that matplotlib reads"


def test_data_that_are_damaged_are_fetched_again():
    assert doctor.data().found.startswith("none yet")
    (cache.root() / "mnist").mkdir(parents=True)
    (cache.root() / "mnist" / "manifest.json").write_text("{")
    assert "mnist" in doctor.data().wrong and "-m helpers.data fetch mnist --force" in doctor.data().remedy


@pytest.mark.parametrize(
    ("error", "wrong", "remedy"),
    [
        (requests.exceptions.ProxyError, "proxy", "HTTPS_PROXY"),
        (requests.exceptions.SSLError, "certificate", "REQUESTS_CA_BUNDLE"),
        (requests.exceptions.ConnectionError, "", ""),
        (requests.exceptions.Timeout, "", ""),
    ],
)
def test_the_network(monkeypatch, error, wrong, remedy):
    def fail(*arguments, **options):
        raise error("no")

    monkeypatch.setattr(requests, "head", fail)
    found = doctor.network()
    assert wrong in found.wrong and remedy in found.remedy
    assert bool(found.wrong) == bool(wrong), "a train has no network, and nothing is wrong with the course there"
    assert wrong or "does not answer" in found.found


def test_certificates_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    assert "REQUESTS_CA_BUNDLE names" in doctor.network().wrong and "unset" in doctor.network().remedy


def test_notebooks_of_another_version(monkeypatch, tmp_path):
    (tmp_path / "old.ipynb").write_text(r'{"source": ["helpers.require_version(\"0.0.9\")"]}')
    (tmp_path / "new.ipynb").write_text(rf'{{"source": ["helpers.begin(\"{helpers.__version__}\", \"optuna\")"]}}')
    assert "old.ipynb (0.0.9)" in doctor.notebooks().wrong and "new.ipynb" not in doctor.notebooks().wrong
    assert "-m helpers.update" in doctor.notebooks().remedy


def test_a_check_that_cannot_be_done_is_a_finding():
    def strange():
        raise PermissionError("no entry")

    assert "'strange' failed: PermissionError: no entry" in doctor.check(strange).wrong


def test_where_the_course_came_from(monkeypatch, tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    monkeypatch.setattr(commands, "ROOT", folder)
    (folder / "pyproject.toml").write_text('[project]\nname = "cnn-course"\nversion = "0.1.0"\n')
    assert "released folder" in doctor.course().found
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q", folder], check=True)
    assert "commit unknown" in doctor.course().found
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert f"clone in {folder}, commit {commit}" in doctor.course().found
    alone(monkeypatch)
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    noted = '{"url": "https://example.org", "vcs_info": {"vcs": "git", "commit_id": "0123456789abcdef"}}'
    monkeypatch.setattr(metadata.Distribution, "read_text", lambda self, name: noted, raising=False)
    monkeypatch.setattr(metadata.PathDistribution, "read_text", lambda self, name: noted)
    assert "installed in" in doctor.course().found and "commit 0123456" in doctor.course().found


def test_the_report_names_nobody(monkeypatch, capsys, tmp_path):
    home = tmp_path / "Users" / "ada"
    home.mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setattr(doctor.getpass, "getuser", lambda: "ada")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "scratch" / "ada" / "data"))
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:secret@proxy.example:3128")
    monkeypatch.setattr(sys, "executable", str(home / "course" / ".venv" / "python"))
    monkeypatch.setenv("KERAS_HOME", str(home / "adapter"))
    doctor.main([])
    said = capsys.readouterr().out
    report = said[said.index("```") :]
    assert "secret" not in said and not re.search(r"\bada\b", report), report
    assert "~/course/.venv/python" in report.replace("\\", "/") and "scratch/USER/data" in report.replace("\\", "/")


def test_something_wrong_is_an_exit_status_and_a_numbered_remedy(monkeypatch):
    environment = {"KERAS_BACKEND": "theano", "COURSE_BUDGET": "fast"}
    done = subprocess.run(
        [sys.executable, "-m", "helpers.doctor"],
        env={**doctor.os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1 and done.stderr == ""
    assert re.search(r"^1\. .*theano.*\n   To mend it: .*KERAS_BACKEND", done.stdout, flags=re.MULTILINE)
    assert re.search(r"^2\. .*'fast' is not a budget.*\n   To mend it: .*COURSE_BUDGET", done.stdout, flags=re.MULTILINE)
    assert re.search(r"^backend: .*WRONG", done.stdout, flags=re.MULTILINE)


def test_a_folder_whose_name_the_terminal_cannot_write_stops_nothing(tmp_path):
    environment = {**doctor.os.environ, "PYTHONIOENCODING": "ascii", "COURSE_DATA": str(tmp_path / "数据")}
    done = subprocess.run([sys.executable, "-m", "helpers.doctor"], env=environment, capture_output=True, encoding="ascii")
    assert done.stderr == "" and "\\u6570" in done.stdout


def test_devices_are_asked_of_another_process(monkeypatch):
    calls = []

    def run(command, **options):
        calls.append(command)
        return subprocess.CompletedProcess(command, 0, "tensorflow 3: /physical_device:CPU:0\n", "")

    monkeypatch.setattr(doctor.subprocess, "run", run)
    assert doctor.devices().found == "tensorflow 3: /physical_device:CPU:0" and calls[0][0] == sys.executable


@pytest.mark.parametrize("system", ["posix", "nt"])
def test_commands_can_be_pasted(monkeypatch, tmp_path, system):
    """On Windows into PowerShell, which takes a path in quotation marks for a text unless an & stands before it."""
    monkeypatch.setattr(commands, "ROOT", tmp_path / "Mein Kurs")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "Mein Kurs" / ".venv"))
    inside = {"posix": " && .venv/bin/python -m helpers.update", "nt": r"; .venv\Scripts\python -m helpers.update"}[system]
    monkeypatch.setattr(commands, "os", type("os", (), {"name": system}))
    assert commands.run_module("helpers.update") == f'cd "{tmp_path / "Mein Kurs"}"{inside}'
    monkeypatch.setattr(sys, "prefix", "elsewhere")
    assert commands.run_module("x").startswith({"posix": '"', "nt": '& "'}[system])
