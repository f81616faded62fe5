"""Setting up: whatever goes wrong is said with what to do, and what worked before works afterwards.

Nothing here uses the network: programs called ``uv`` and ``pip`` that do as they are told stand in for the real ones.
"""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipeline import ROOT, environment

# `uv pip install --python PYTHON ...` and `python -m pip --python PYTHON install ...` are both run by this.
INSTALLER = """\
import os, pathlib, sys
folder = pathlib.Path(os.environ["COURSE_TEST"])
name = {name!r}
with open(folder / "calls.txt", "a", encoding="utf-8") as file:
    print(name, *sys.argv[1:], file=file)
if name == "pip" and pathlib.Path(sys.prefix) == pathlib.Path.cwd() / ".venv":
    sys.exit("No module named pip")  # which an environment has only when everything is installed
if "--version" in sys.argv:
    sys.exit(0)
script = folder / f"{{name}}.txt"  # what it does; nothing: it works
if script.exists():
    exec(script.read_text(encoding="utf-8"))
"""


class Course:
    """A copy of what setting up reads, with an installer that is under the test's control."""

    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        for name in ("pipeline/__init__.py", "pipeline/environment.py", *environment.MADE_FROM[environment.FULL]):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        self.python_program(programs / "pip" / "__main__.py", "pip")
        (programs / "pip" / "__init__.py").touch()
        (programs / "bin").mkdir()
        self.ready = folder / ".venv" / ".ready"

    def python_program(self, path, name):
        path.parent.mkdir(exist_ok=True)
        path.write_text(INSTALLER.format(name=name), encoding="utf-8")
        return path

    def with_uv(self):
        program = self.python_program(self.programs / "bin" / "uv.py", "uv")
        if os.name == "nt":
            (program.with_suffix(".bat")).write_text(f'@"{sys.executable}" "{program}" %*\n')
        else:
            launcher = program.with_suffix("")
            launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$@"\n')
            launcher.chmod(0o755)
        return self

    def let(self, name, code):
        """What the installer `name` does from now on."""
        (self.programs / f"{name}.txt").write_text(textwrap.dedent(code), encoding="utf-8")

    def start(self, *options):
        variables = {
            **os.environ,
            "PATH": str(self.programs / "bin"),
            "PYTHONPATH": str(self.programs),  # `python -m pip` finds ours first
            "PYTHONIOENCODING": "utf-8",
            "COURSE_TEST": str(self.programs),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.environment", *options],
            cwd=self.folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def set_up(self, *options):
        process = self.start(*options)
        process.said, process.complaint = process.communicate()
        return process

    def calls(self):
        path = self.programs / "calls.txt"
        return (
            [line for line in path.read_text(encoding="utf-8").splitlines() if "--version" not in line] if path.exists() else []
        )

    def change(self):
        """What `git pull` may bring: another version of something."""
        with open(self.folder / "constraints.txt", "a", encoding="utf-8") as file:
            file.write("# newer\n")


@pytest.fixture(params=["course", "Mein Kurs über CNNs"])
def course(request, tmp_path):
    (tmp_path / "programs").mkdir()
    return Course(tmp_path / request.param, tmp_path / "programs").with_uv()


NO_NETWORK = """
    print("error: Failed to fetch: `https://pypi.example/simple/numpy/`")
    print("  Caused by: dns error: failed to lookup address information: Name or service not known")
    sys.exit(2)
"""
NO_SPACE = """
    print("error: Failed to extract archive")
    print("  Caused by: No space left on device (os error 28)")
    sys.exit(2)
"""


def test_both_distributions_are_installed_with_the_versions_of_constraints(course):
    done = course.set_up()
    assert done.returncode == 0 and course.ready.exists(), done.complaint
    (call,) = course.calls()
    assert call.startswith("uv pip install --python")
    for part in (
        f"--constraint {course.folder / 'constraints.txt'}",
        f"{course.folder}[all]",
        f"--editable {course.folder / 'grading'}",
    ):
        assert part in call


def test_a_student_gets_the_course_without_the_grader(course):
    done = course.set_up("--student")
    assert done.returncode == 0 and course.ready.exists(), done.complaint
    (call,) = course.calls()
    assert f"{course.folder}[student]" in call and "--compile-bytecode" in call and "grading" not in call
    assert f"--constraint {course.folder / 'constraints.txt'}" in call
    assert course.set_up("--student").said == "" and len(course.calls()) == 1


def test_a_full_environment_is_a_students_too_and_a_students_is_not_full(course):
    course.set_up("--student")
    (course.folder / ".venv" / "mine.txt").write_text("here")
    course.let("uv", NO_NETWORK)
    course.let("pip", NO_NETWORK)
    done = course.set_up()
    assert done.returncode == 1 and "The environment from before is still in place" in done.complaint
    assert (course.folder / ".venv" / "mine.txt").exists()
    assert course.set_up("--student").returncode == 0, "and it is still good"
    course.let("uv", "")
    assert course.set_up().returncode == 0
    calls = course.calls()
    assert f"{course.folder}[all]" in calls[-1]
    course.set_up("--student")
    course.set_up()
    assert course.calls() == calls
    with open(course.folder / "grading" / "pyproject.toml", "a", encoding="utf-8") as file:
        file.write("# changed\n")
    course.set_up("--student")
    assert course.calls() == calls, "the grader is not a student's concern"
    course.set_up()
    assert len(course.calls()) == len(calls) + 1


def test_where_there_is_no_grader_there_is_one_kind_of_environment(course):
    shutil.rmtree(course.folder / "grading")  # as in what students download
    assert course.set_up().returncode == 0
    (call,) = course.calls()
    assert f"{course.folder}[student]" in call and "grading" not in call


def test_nothing_is_done_twice_and_a_change_is_noticed(course):
    course.set_up()
    assert course.set_up().said == "" and len(course.calls()) == 1
    changed = ["pyproject.toml", "grading/pyproject.toml", "constraints.txt"]
    for name in changed:
        with open(course.folder / name, "a", encoding="utf-8") as file:
            file.write("# changed\n")
        assert course.set_up().returncode == 0
    assert len(course.calls()) == 1 + len(changed)


def test_a_student_waits_for_changed_packages_only(course):
    course.set_up("--student")
    project = course.folder / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('version = "', 'version = "1') + "# changed\n", encoding="utf-8")
    assert course.set_up("--student", "--check").returncode == 0
    course.set_up("--student")
    assert len(course.calls()) == 1
    project.write_text(text.replace('"tqdm>=4.66"', '"tqdm>=4.67"'), encoding="utf-8")
    done = course.set_up("--student", "--check")
    assert done.returncode == 1 and "-m pipeline.environment --student" in done.complaint and len(course.calls()) == 1
    course.set_up("--student")
    assert len(course.calls()) == 2


def test_without_a_network_the_environment_of_before_stays(course):
    course.set_up()
    (course.folder / ".venv" / "mine.txt").write_text("here")
    course.change()
    course.let("uv", NO_NETWORK)
    course.let("pip", NO_NETWORK)
    done = course.set_up()
    assert done.returncode == 1
    assert "pypi.example cannot be reached" in done.complaint and "network connection" in done.complaint
    assert "The environment from before is still in place" in done.complaint and "Traceback" not in done.complaint
    assert (course.folder / ".venv" / "mine.txt").exists() and not (course.folder / ".venv.old").exists()
    course.let("uv", "")
    assert course.set_up().returncode == 0
    assert not (course.folder / ".venv" / "mine.txt").exists()


def test_the_first_set_up_without_a_network_says_that_nothing_is_broken(tmp_path):
    (tmp_path / "programs").mkdir()
    course = Course(tmp_path / "course", tmp_path / "programs")  # no uv: pip is to bring it
    course.let(
        "pip",
        """
        print("WARNING: Retrying after connection broken by NewConnectionError(HTTPSConnection(host='pypi.example', port=443): "
              "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution): /simple/uv/")
        print("ERROR: ResolutionImpossible: for help visit https://pip.example/topics/")
        sys.exit(1)
        """,
    )
    done = course.set_up()
    assert done.returncode == 1 and len(course.calls()) == 1, "the other packages cannot be had either"
    assert "pypi.example cannot be reached" in done.complaint
    assert "Nothing outside this folder was changed" in done.complaint
    assert not (course.folder / ".venv").exists()


def test_a_full_disk_is_named(course):
    course.let("uv", NO_SPACE)
    done = course.set_up()
    assert done.returncode == 1 and [call.split()[0] for call in course.calls()] == ["uv"], "pip would need the same space"
    assert "No space is left" in done.complaint and "GB free" in done.complaint and "Make room" in done.complaint


def test_a_disk_that_is_full_at_once_is_named_too(monkeypatch, capsys, tmp_path):
    def full(self, folder):
        raise OSError(28, "No space left on device", str(folder))

    for name in ("VENV", "OLD", "LOCK", "READY", "PYTHON"):
        monkeypatch.setattr(environment, name, tmp_path / name)
    monkeypatch.setattr(environment.venv.EnvBuilder, "create", full)
    with pytest.raises(SystemExit) as end:
        environment.main([])
    assert "Make room" in str(end.value)


def test_where_uv_fails_pip_installs(course):
    course.let("uv", "print('error: the index says 401 Unauthorized'); sys.exit(2)")
    done = course.set_up()
    assert done.returncode == 0, done.complaint
    assert "401 Unauthorized" in done.said and "trying pip" in done.said
    first, second = course.calls()
    assert first.startswith("uv pip install") and second.startswith("pip --python") and f"{course.folder}[all]" in second


UNKNOWN_AUTHORITY = """
    if "--system-certs" not in sys.argv or {always}:
        print("error: Failed to fetch: `https://pypi.example/simple/numpy/`")
        print("  Caused by: invalid peer certificate: UnknownIssuer")
        sys.exit(2)
"""


def test_a_network_with_its_own_certificate_authority_is_no_obstacle(course):
    course.let("uv", UNKNOWN_AUTHORITY.format(always=False))
    done = course.set_up()
    assert done.returncode == 0, done.complaint
    first, second = course.calls()
    assert second == f"{first} --system-certs" and "UnknownIssuer" in done.said


def test_where_uv_knows_no_system_certificates_pip_installs(course):
    course.let("uv", UNKNOWN_AUTHORITY.format(always=True))
    done = course.set_up()
    assert done.returncode == 0, done.complaint
    assert [call.split()[0] for call in course.calls()] == ["uv", "uv", "pip"]


def test_where_no_installer_knows_the_authority_it_is_said_what_to_set(course):
    course.let("uv", UNKNOWN_AUTHORITY.format(always=True))
    course.let("pip", "print('certificate verify failed: unable to get local issuer certificate'); sys.exit(1)")
    complaint = course.set_up().complaint
    assert "certificate authority of their own" in complaint and "SSL_CERT_FILE and PIP_CERT" in complaint


def test_where_uv_cannot_be_had_pip_installs(tmp_path):
    (tmp_path / "programs").mkdir()
    course = Course(tmp_path / "course", tmp_path / "programs")
    course.let("pip", "if sys.argv[-1] == 'uv': print('ERROR: No matching distribution found for uv'); sys.exit(1)")
    done = course.set_up()
    assert done.returncode == 0, done.complaint
    assert [call.split()[-1] for call in course.calls()] == ["uv", str(course.folder / "grading")]


def test_another_failure_is_shown_as_the_installer_tells_it(course):
    for name in ("uv", "pip"):
        course.let(name, f"print('{name} does not like you'); sys.exit(3)")
    done = course.set_up()
    assert done.returncode == 1 and "pip does not like you" in done.complaint and "report it" in done.complaint


def test_an_interrupted_set_up_is_mended_by_the_next(course):
    course.set_up()
    course.change()
    course.let("uv", "os.kill(os.getppid(), 9); sys.exit(0)" if os.name != "nt" else "os.kill(os.getppid(), 15)")
    assert course.set_up().returncode != 0
    assert not course.ready.exists()
    course.let("uv", NO_NETWORK)  # even if the next one fails, the environment of before comes back
    course.let("pip", NO_NETWORK)
    assert "from before is still in place" in course.set_up().complaint and course.ready.exists()
    course.let("uv", "")
    assert course.set_up().returncode == 0 and course.ready.exists()
    assert sorted(path.name for path in course.folder.glob(".venv*")) == [".venv", ".venv.lock"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has another way to interrupt a process")
def test_ctrl_c_leaves_what_was_there(course):
    course.set_up()
    course.change()
    course.let("uv", "import signal; os.kill(os.getppid(), signal.SIGINT); signal.pause()")
    done = course.set_up()
    assert done.returncode == 1 and "interrupted" in done.complaint and "Traceback" not in done.complaint
    assert course.ready.exists()


def test_a_second_set_up_waits_for_the_first(course):
    """The first one's installer goes on when the second has said that it waits."""
    go = course.programs / "go"
    course.let("uv", f"import time\nprint('at work', flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)")
    first = course.start()
    assert "with uv" in first.stdout.readline()  # the lock is held
    second = course.start()
    assert "already going on in this folder; waiting" in second.stdout.readline()
    go.touch()
    assert second.communicate() == ("", "") and second.returncode == 0
    first.communicate()
    assert first.returncode == 0 and len(course.calls()) == 1


def test_a_long_installation_is_not_silent(monkeypatch, capsys):
    monkeypatch.setattr(environment, "EVERY", 0.01)
    code = "import sys; print('Downloading tensorflow', flush=True); sys.stdin.read()"
    real = subprocess.Popen

    class Installer(real):
        """Ends when the report of what it said has been printed."""

        def __init__(self, command, **options):
            super().__init__(command, **{**options, "stdin": subprocess.PIPE})
            monkeypatch.setattr("builtins.print", self.printed)

        def printed(self, text, **options):
            sys.stdout.write(f"{text}\n")
            if "Downloading tensorflow" in text and not self.stdin.closed:
                self.stdin.close()

    monkeypatch.setattr(environment.subprocess, "Popen", Installer)
    environment.run([sys.executable, "-c", code], "Installing.")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Installing." and any(line.endswith(" s  Downloading tensorflow") for line in said)


def pretend(monkeypatch, version, programs, working=()):
    """A Python of `version`, on a machine where `programs` are found, of which the commands `working` work."""

    def run(command, **options):
        return subprocess.CompletedProcess(command, 0 if command[:-2] in [[f"/bin/{w[0]}", *w[1:]] for w in working] else 1)

    monkeypatch.setattr(environment.sys, "version_info", version)
    monkeypatch.setattr(environment.shutil, "which", lambda name, path=None: f"/bin/{name}" if name in programs else None)
    monkeypatch.setattr(environment.subprocess, "run", run)


@pytest.mark.parametrize("version", [(3, 10, 4), (3, 14, 0)])
def test_an_unsuitable_python_is_told_what_to_do(monkeypatch, version):
    pretend(monkeypatch, version, programs=["py", "python3.12"])  # both are there, and neither works
    with pytest.raises(environment.SetupError, match=rf"Python 3\.{version[1]} does not fit.*3.11, 3.12 and 3.13") as error:
        environment.suitable_python()
    assert "Install one of them" in str(error.value)


def test_a_suitable_python_is_found_on_the_path_and_through_windows_py(monkeypatch):
    pretend(monkeypatch, (3, 14, 0), ["python3.12", "py"], working=[["python3.12"], ["py", "-3.11"]])
    assert environment.suitable_python() == ["/bin/python3.12"]
    pretend(monkeypatch, (3, 10, 0), ["py"], working=[["py", "-3.11"]])
    assert environment.suitable_python() == ["/bin/py", "-3.11"]
    pretend(monkeypatch, (3, 14, 0), ["py"], working=[["py", "-3.11"], ["py", "-3.13"]])  # as the installer of Windows leaves it
    assert environment.suitable_python() == ["/bin/py", "-3.13"]


def test_the_python_that_is_found_makes_the_same_kind_of_environment(monkeypatch):
    monkeypatch.setattr(environment, "is_ready", lambda kind: False)
    monkeypatch.setattr(environment, "suitable_python", lambda: ["py", "-3.13"])
    calls = []
    monkeypatch.setattr(
        environment.subprocess, "run", lambda command, **options: calls.append(command) or subprocess.CompletedProcess(command, 0)
    )
    for options in ([], ["--student"]):
        with pytest.raises(SystemExit):
            environment.main(options)
        assert calls.pop() == ["py", "-3.13", "-m", "pipeline.environment", *options]


def test_a_set_up_from_within_the_environment_uses_the_python_below_it(course):
    """`make` with .venv activated: the Python that runs is the one to be replaced."""
    shutil.rmtree(course.programs / "bin")  # no uv: one that pip put into .venv goes with it
    course.set_up()
    course.change()
    inside = course.folder / ".venv" / environment.BIN.name / environment.PYTHON.name
    real, sys.executable = sys.executable, str(inside)
    try:
        done = course.set_up()
    finally:
        sys.executable = real
    assert done.returncode == 0, done.complaint
    assert len(course.calls()) == 4 and course.ready.exists()


def test_a_python_without_pip_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(environment.sys, "executable", shutil.which("false") or "false")
    with pytest.raises(environment.SetupError, match="python3-pip"):
        environment._pip()


def test_every_python_can_read_the_set_up():
    """So that Python 3.10 or older says what is wrong, rather than that it cannot read the file."""
    import ast

    for path in (ROOT / "pipeline" / "__init__.py", Path(environment.__file__)):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize(
    ("output", "host"),
    [
        ("error: Request failed\ncause: Failed to fetch: https://me:secret@mirror.example/simple/", "mirror.example cannot"),
        (
            "Could not fetch URL https://a.example/simple/uv/: certificate verify failed\nsee https://b.example",
            "a.example cannot",
        ),
        (
            "ProxyError('Cannot connect to proxy.'): /simple/uv/\nfor help visit https://pip.example/",
            "The index that pip takes packages from cannot",
        ),
    ],
)
def test_the_host_that_cannot_be_reached_is_named(output, host):
    assert environment.explained(output).startswith(host)
