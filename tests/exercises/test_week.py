"""One week's gate can be run alone."""

import subprocess
import sys
from pathlib import Path

from gate import ROOT, SOURCES


def collect(*options):
    """What pytest collects here, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-o", "addopts=--import-mode=importlib", "-p", "no:cacheprovider"]
    files = [Path(__file__).with_name(f"test_{name}.py") for name in ("gate", "mutants", "nbgrader")]
    return subprocess.run(
        [*command, "--collect-only", "-q", *files, *options], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )


def test_a_week_can_be_chosen():
    done = collect("--week", "week02_convolution")
    asked = {line.partition("[")[2].partition("/")[0] for line in done.stdout.splitlines() if "/" in line.partition("[")[2]}
    assert done.returncode == 0 and asked == {"week02_convolution"}, done.stdout + done.stderr


def test_without_a_week_all_are_asked():
    done = collect()
    for source in SOURCES:
        for test in (
            "points",
            "wrong_answer",
            "no_mutant_keeps_its_points",
            "nbgrader_grades_as_the_gate_does",
        ):
            assert f"test_{test}[{source.parent.name}/{source.stem}" in done.stdout


def test_a_week_that_is_not_there_is_refused():
    done = collect("--week", "week2")
    assert done.returncode != 0
    assert "--week week2: there is no such week" in done.stderr and "week02_convolution" in done.stderr
