"""The expensive tests, each a task of the build graph whose green result is kept until something that it depends on changes.

``doit list check`` shows them, ``doit check:site`` runs one. ``python -m pipeline.checks --all`` is what ``make test`` means: the
checks that are not known to be green for this tree, and then all other tests. ``python -m pipeline.checks --quick`` is
``make check``, for twenty times a day: style, types, and the tests that need no training, no browser and no batch.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from xml.etree import ElementTree

from pipeline import BUILD, ROOT
from pipeline.files import write_text
from pipeline.inputs import files_below, reached_by

RESULTS = BUILD / "checks"

# What `make check` leaves out besides the checks: tests that train, open a browser, grade a batch, start many processes, or read
# what `make` builds.
NOT_QUICK = (
    "tests/book",
    "tests/exercises",
    "tests/lectures",
    *(
        f"tests/grading/test_{name}.py"
        for name in "alone cli collect course crossings engine gradebook hidden idioms run".split()
    ),
    *(
        f"tests/helpers/test_{name}.py"
        for name in (
            "check data download experiments gradients inside pretrained quiet saving tensorboard training update".split()
        )
    ),
    *(f"tests/pipeline/test_{name}.py" for name in ("backends", "editing", "execute", "graph", "run_twice", "versions")),
)


@dataclass(frozen=True)
class Check:
    """A group of tests that run in one process, and what their result depends on."""

    name: str
    tests: tuple[str, ...]  # files, relative to the repository
    options: tuple[str, ...] = ()  # of pytest
    reads: tuple[str, ...] = ()  # files and folders that the tests read, beyond what they import
    needs_site: bool = False  # the built book and its slides

    def inputs(self):
        """The files that a result holds for.

        Returns
        -------
        list of pathlib.Path
        """
        tests = [ROOT / name for name in self.tests]
        around = {folder / "conftest.py" for test in tests for folder in test.parents if folder.is_relative_to(ROOT)}
        files = {ROOT / name for name in ("constraints.txt", "pyproject.toml")}
        for path in map(ROOT.joinpath, self.reads):
            files |= set(files_below(path)) if path.is_dir() else {path}
        sources = [path for path in (*tests, *around, *files) if path.suffix == ".py" and path.exists()]
        return sorted({*files, *reached_by(*sources)})

    def is_green(self):
        """Whether the last run passed with nothing skipped; what was skipped for want of a tool has to be tried again."""
        result = self.result()
        return bool(result) and result["passed"] > 0 and not result["failed"] and not result["skipped"]

    def result(self):
        """The counts of the last run (passed, failed, skipped, seconds), or an empty dictionary."""
        path = RESULTS / f"{self.name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def all_checks(weeks):
    """Every check.

    Parameters
    ----------
    weeks : list of str
        Folder names of the weeks, such as ``"week01_knn"``.

    Returns
    -------
    list of Check
    """
    checks = []
    for week in weeks:
        if any((ROOT / "solutions" / week).glob("*.py")):
            reads = (f"solutions/{week}", f"tests/exercises/{week}", "tests/exercises/gate.py", "tests/exercises/mutants")
            for name in ("gate", "mutants", "nbgrader"):
                checks.append(Check(f"{name}-{week}", (f"tests/exercises/test_{name}.py",), ("--week", week), reads))
    browser = ("book/_static", "pipeline/templates")
    helpers, on_backends = "tests/helpers/", ("training", "gradients", "inside", "experiments", "pretrained")
    guide = ("book/guides/student.md", "lectures", "exercises", "helpers", "pipeline/environment.py", "environment.yml")
    checks += [
        Check("site", ("tests/book/test_site.py",), reads=browser, needs_site=True),
        Check("slides", ("tests/book/test_slides.py",), reads=browser, needs_site=True),
        Check("pdf", ("tests/book/test_pdf.py",), reads=browser, needs_site=True),
        Check("backends", (helpers + "test_backends.py",), reads=tuple(f"{helpers}test_{name}.py" for name in on_backends)),
        Check("knn", (helpers + "test_knn.py",), reads=("benchmarks/knn.py",)),
        Check("players", ("tests/book/test_interactive.py",), reads=("helpers/animate", "helpers/explorer")),
        Check("student-guide", ("tests/pipeline/test_student_guide.py",), reads=guide),
        Check("jupyterlab", ("tests/book/test_jupyterlab.py",), reads=("lectures/week01_knn", "exercises/week01_knn")),
    ]
    grader = ("grading", "tests/grading", "tests/exercises/gate.py", "tests/exercises/week01_knn", "solutions/week01_knn")
    for name in ("corpus", "sandbox", "ordinary_user", "end_to_end", "checker", "formgrader"):
        checks.append(Check(f"grading-{name}", (f"tests/grading/test_{name}.py",), reads=grader))
    return checks


def weeks():
    """Folder names of the weeks that have lectures or an exercise."""
    return sorted({path.parent.name for room in ("lectures", "solutions") for path in ROOT.glob(f"{room}/week*/*.py")})


def run(check):
    """Run a check, keep its log and its counts in build/checks, and print one line.

    Parameters
    ----------
    check : Check

    Returns
    -------
    int
        pytest's exit status; 0 where all tests passed or were skipped. Where it is another, the log is printed.
    """
    RESULTS.mkdir(parents=True, exist_ok=True)
    report, result = RESULTS / f"{check.name}.xml", RESULTS / f"{check.name}.json"
    for old in (report, result):
        old.unlink(missing_ok=True)
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", f"--junitxml={report}"]
    done = subprocess.run([*command, *check.tests, *check.options], cwd=ROOT, capture_output=True, text=True, errors="replace")
    log = RESULTS / f"{check.name}.log"
    write_text(log, done.stdout + done.stderr)
    counts = _counts(report) if report.exists() else {"passed": 0, "failed": 0, "skipped": 0}
    if done.returncode:
        counts["failed"] = max(counts["failed"], 1)
        print(f"{done.stdout}{done.stderr}\n{check.name}: FAILED (this log is in {log.relative_to(ROOT)})", flush=True)
    write_text(result, json.dumps({**counts, "seconds": round(time.perf_counter() - started, 1)}))
    said = ", ".join(f"{number} {what}" for what, number in counts.items() if number or what == "passed")
    print(f"{check.name}: {said}", flush=True)
    return done.returncode


def _counts(report):
    """How many tests passed, failed and were skipped, from pytest's report."""
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        for key in totals:
            totals[key] += int(suite.get(key, 0))
    failed = totals["failures"] + totals["errors"]
    return {"passed": totals["tests"] - failed - totals["skipped"], "failed": failed, "skipped": totals["skipped"]}


def other_tests(checks):
    """Options that let pytest run every test that no check runs.

    Parameters
    ----------
    checks : list of Check

    Returns
    -------
    list of str
    """
    return [f"--ignore={name}" for name in sorted({name for check in checks for name in check.tests})]


def run_everything(checks, options=()):
    """Run what is not known to be green: first the checks, then all other tests, whose summary comes last.

    Parameters
    ----------
    checks : list of Check
    options : sequence of str
        For the second pytest run.

    Returns
    -------
    int
        0 if everything is green.
    """
    doit = [sys.executable, "-m", "doit", "-n", "2", "-P", "thread"]
    # One call after the other: what is to be made is then known when the order of the next is decided, the longest first.
    for tasks in (["notebooks", "data"], ["execute", "pages", "slides", "book"]):
        if status := subprocess.run([*doit, *tasks], cwd=ROOT).returncode:
            return status
    failed = subprocess.run([*doit, "--continue", "check"], cwd=ROOT).returncode
    plugin = ["-p", "pipeline.checks"]  # see `pytest_terminal_summary`
    rest = subprocess.run([sys.executable, "-m", "pytest", *plugin, *other_tests(checks), *options], cwd=ROOT).returncode
    return failed or rest


def run_quickly(checks):
    """Style, types and the quick tests, for a developer who has just changed something.

    Returns
    -------
    int
        0 if all is well.
    """
    python = [sys.executable, "-m"]
    style = [[*python, "ruff", "format", "--check", "."], [*python, "ruff", "check", "."], [*python, "mypy"]]
    # Beside the tests, so that all cores have something to do from the first second to the last.
    beside = [subprocess.Popen(c, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for c in style]
    ignored = [*other_tests(checks), *(f"--ignore={name}" for name in NOT_QUICK)]
    statuses = [subprocess.run([*python, "pytest", *ignored], cwd=ROOT).returncode]
    for command, process in zip(style, beside, strict=True):
        print(f"{' '.join(command[2:])}: {process.communicate()[0].strip()}")
        statuses.append(process.returncode)
    return int(any(statuses))


def summary(checks):
    """What is known of the checks, in words.

    Parameters
    ----------
    checks : list of Check

    Returns
    -------
    list of str
        A line in all, and one for each check that is not green.
    """
    results = {check.name: check.result() for check in checks}
    total = {key: sum(result.get(key, 0) for result in results.values()) for key in ("passed", "failed", "skipped")}
    lines = [f"{len(results)} checks, from this run or kept: {', '.join(f'{number} {what}' for what, number in total.items())}"]
    for name, result in results.items():
        if not result or result["failed"]:
            lines.append(f"check {name} is not green: see {(RESULTS / name).relative_to(ROOT)}.log")
    return lines


def pytest_terminal_summary(terminalreporter):
    """Say at the end of pytest's run what is known of the checks, which ran before it."""
    terminalreporter.section("checks")
    for line in summary(all_checks(weeks())):
        terminalreporter.write_line(line)


def main(arguments=None):
    """Run the checks named on the command line, or everything."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.checks", description=__doc__.splitlines()[0])
    checks = all_checks(weeks())
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--all", action="store_true", help="make test: the checks that are not known to be green, all other tests")
    group.add_argument("--quick", action="store_true", help="make check: style, types and quick tests")
    group.add_argument("name", nargs="?", choices=[check.name for check in checks], metavar="CHECK")
    options = parser.parse_args(arguments)
    if options.all:
        return run_everything(checks)
    if options.quick:
        return run_quickly(checks)
    (check,) = (check for check in checks if check.name == options.name)
    return run(check)


if __name__ == "__main__":
    sys.exit(main())
