"""A test that lacks something is skipped on a reader's machine, and fails where the thing was promised."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs

ROOT = Path(__file__).resolve().parents[1]

# Skips that say nothing about what is installed: facts of a kernel or of a chosen backend. Those of an operating system are
# known by their condition.
SYSTEM = re.compile(r"os\.name\b|sys\.platform\b|hasattr\(os, ")
FACTS = {
    ("tests/grading/test_sandbox.py", "numbers of x86-64"),
    ("tests/grading/test_sandbox.py", "Landlock 6 is not in this kernel"),
    ("tests/grading/test_sandbox.py", "no Linux, or another machine"),
    ("tests/helpers/test_quiet.py", "TensorFlow is not the backend"),
    ("tests/helpers/test_gradients.py", "JAX computes in float32 unless told otherwise"),
    ("tests/helpers/test_gradients.py", "JAX does not tell zero from absent"),
}

TESTS = """
import pytest
from tests import needs

@pytest.mark.needs("node")
def test_marked():
    pass

@pytest.fixture
def images():
    needs.require("data", "there is no network")

def test_asked(images):
    pass

def test_here():
    pass
"""


def skips(path):
    """What the skips of a file give as their reason, facts of operating systems apart; the code itself where there is none."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("skip", "skipif", "importorskip", "skipTest", "skipUnless", "skipIf", "xfail"):
                if node.func.attr == "skipif" and SYSTEM.match(ast.unparse(node.args[0]).removeprefix("not ")):
                    continue
                given = [*node.args, *(key.value for key in node.keywords)]
                texts = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                yield texts[-1] if texts else ast.unparse(node)


def test_every_skip_says_what_it_needs():
    files = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path.name != "needs.py"]
    assert len(files) > 50
    found = {(path.relative_to(ROOT).as_posix(), reason) for path in files for reason in skips(path)}
    assert found - FACTS == set(), "use tests/needs.py: a skip past it stays a skip where the thing was promised"
    assert FACTS - found == set(), "no test has this skip any more: take it out of the list"


@pytest.fixture
def run(tmp_path):
    """Run the small tests above where there is no node; what pytest said."""
    (tmp_path / "test_small.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")

    def run(required):
        command = [sys.executable, "-m", "pytest", "-p", "tests.needs", "-p", "no:cacheprovider", "-q", "test_small.py"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": str(tmp_path), needs.VARIABLE: required}
        environment.pop("PYTEST_ADDOPTS", None)
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


def test_what_is_missing_is_skipped_and_summed_up(run):
    done = run("")
    assert done.returncode == 0 and "1 passed, 2 skipped" in done.stdout, done.stdout
    assert (
        "skipped: 1 for want of node (node is not installed), 1 for want of data (there is no network)"
        in done.stdout.splitlines()
    )


def test_what_was_promised_fails_and_says_how_to_get_it(run):
    done = run("node")
    assert done.returncode == 1 and "1 passed, 1 skipped, 1 error" in done.stdout, done.stdout
    assert "node is not installed, and COURSE_REQUIRE promises 'node'. Install Node.js" in done.stdout
    done = run(" data, node ")
    assert done.returncode == 1 and "there is no network, and COURSE_REQUIRE promises 'data'. Connect" in done.stdout
    assert "skipped" not in done.stdout


def test_unknown_names_are_an_error_at_the_start(run):
    done = run("node,browsers")
    assert done.returncode == 4, done.stdout
    assert "COURSE_REQUIRE names browsers; known are backends, browser," in done.stderr
    assert "passed" not in done.stdout


def test_what_is_here_is_not_skipped(monkeypatch):
    monkeypatch.setattr(needs, "_missing", lambda name: "")
    monkeypatch.setenv(needs.VARIABLE, "browser")
    needs.require("browser")
