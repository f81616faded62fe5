"""Resolve constraints.txt anew: every version that the course is tested with, for all systems and Python versions at once.

Run ``python -m pipeline.pins`` after changing a dependency in pyproject.toml or grading/pyproject.toml, or with ``--upgrade`` to
move to the newest of all. What of it concerns students is written into ``helpers/tested.csv`` as well: a copy of the course that
pip has installed has no constraints.txt, and `helpers.doctor` compares with these versions.
"""

import argparse
import csv
import io
import re
import subprocess
import tomllib

from pipeline import ROOT
from pipeline.files import write_text

TESTED = ROOT / "helpers" / "tested.csv"


def main(arguments=None):
    """Write constraints.txt and helpers/tested.csv."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.pins", description="Resolve constraints.txt from the two pyproject.toml."
    )
    parser.add_argument("--upgrade", action="store_true", help="the newest version of everything, not only of what changed")
    options = parser.parse_args(arguments)
    # Universal: one file for Linux, macOS and Windows. No index address is written into it.
    # uv reads the old file first and keeps its versions where it may.
    command = [
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
        "--no-annotate",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--custom-compile-command",
        "python -m pipeline.pins",
        "--all-extras",
        "pyproject.toml",
        "grading/pyproject.toml",
        "--output-file",
        "constraints.txt",
    ]
    subprocess.run(command + ["--upgrade"] * options.upgrade, cwd=ROOT, check=True)
    write_text(TESTED, tested())


def tested():
    """What ``helpers/tested.csv`` holds: for Python and each package of a student, the oldest version and the tested one.

    Returns
    -------
    str
        A table with the columns name, oldest, tested and extra; the last is empty for what every installation has.

    Examples
    --------
    >>> tested().splitlines()[:2]
    ['name,oldest,tested,extra', 'python,3.11,3.13,']
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = _pins()
    ((oldest, minor),) = re.findall(r"^>=(3\.\d+),<3\.(\d+)$", project["requires-python"])
    rows = [("name", "oldest", "tested", "extra"), ("python", oldest, f"3.{int(minor) - 1}", "")]
    for extra, requirement in student_requirements(project):
        ((name, bound),) = re.findall(r"^([\w.-]+)>=([\d.]+)$", requirement)
        rows.append((name, bound, " or ".join(pins[name]), extra))
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def student_requirements(project, extra="student"):
    """What a student's environment is made of: the dependencies, and those of an extra with all that it names in turn.

    Parameters
    ----------
    project : dict
        The table ``[project]`` of pyproject.toml.
    extra : str

    Returns
    -------
    list of (str, str)
        The requirements, each after the name of the extra that brings it, which is empty for a dependency.
    """
    found = [("", requirement) for requirement in project["dependencies"]] if extra == "student" else []
    for requirement in project["optional-dependencies"][extra]:
        own = re.fullmatch(rf"{project['name']}\[(.+)\]", requirement)
        if own:
            found += [each for other in own[1].split(",") for each in student_requirements(project, other.strip())]
        else:
            found.append((extra, requirement))
    return found


def _pins():
    """The pinned versions of each package: several, the newest last, where they depend on Python's."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.+]+)", (ROOT / "constraints.txt").read_text("utf-8"), flags=re.MULTILINE):
        pins.setdefault(name, []).append(version)
    return pins


if __name__ == "__main__":
    main()
