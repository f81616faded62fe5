"""The grader without the course, and on a system that cannot confine: it can be imported, and says what it cannot do."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

IMPORT_ALL = """
import importlib, pkgutil, sys, warnings
warnings.filterwarnings("ignore", "only soft file lock")  # filelock's word about a system without fcntl
for name in {blocked!r}:
    sys.modules[name] = None
import grading
names = [found.name for found in pkgutil.walk_packages(grading.__path__, "grading.") if not found.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
assert len(names) > 15, names
"""

WINDOWS = """
import os
from grading.cli import main
sys.platform = "win32"
del os.fork
sys.exit(main(["run", "ps1", "--course-dir", sys.argv[1], "--quiet", *sys.argv[2:]]))
"""


def python(code, *arguments, blocked):
    code = IMPORT_ALL.format(blocked=blocked) + code
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)


def test_it_needs_nothing_of_the_courses():
    done = python("", blocked=("helpers", "pipeline"))
    assert done.returncode == 0, done.stderr


def test_without_the_means_of_posix_it_says_what_is_missing(small):
    small.hand_in("ada")
    done = python(WINDOWS, small.root, blocked=("resource", "fcntl"))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith(
        "grade: students' code cannot be confined here: confinement needs Linux, and this is win32; grade on"
    )
    done = python(WINDOWS, small.root, "--trust-students", blocked=("resource", "fcntl"))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "grade: grading forks a process for each submission, which this system cannot; use Linux" in done.stderr
