"""Expensive tests as tasks of the build graph: what is kept as green, and what a red or skipped one does."""

import json

import pytest

from pipeline import ROOT, checks
from pipeline.checks import Check


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A function that runs a check over a test file with this text, in a repository of its own."""
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    monkeypatch.setattr(checks, "RESULTS", tmp_path / "build" / "checks")
    check = Check("tiny", ("test_tiny.py",))

    def run(text):
        (tmp_path / "test_tiny.py").write_text(text, encoding="utf-8")
        return check, checks.run(check)

    return run


def test_a_green_check_is_kept(repository, capsys):
    check, status = repository("def test_one(): pass\ndef test_two(): pass\n")
    assert status == 0 and check.is_green()
    assert check.result()["passed"] == 2
    assert capsys.readouterr().out.startswith("tiny: 2 passed")


def test_a_red_check_fails_shows_its_log_and_is_not_kept(repository, capsys):
    check, status = repository("def test_one(): pass\ndef test_two(): assert 1 == 2, 'one is not two'\n")
    assert status != 0 and not check.is_green()
    said = capsys.readouterr().out
    assert "one is not two" in said and "tiny: FAILED" in said and "1 passed, 1 failed" in said


def test_a_check_that_breaks_while_it_is_collected_is_red(repository, capsys):
    check, status = repository("import nothing_of_that_name\n")
    assert status != 0 and not check.is_green() and check.result()["failed"] == 1


def test_a_check_without_a_test_is_red(repository, capsys):
    check, status = repository("def no_test(): pass\n")
    assert status != 0 and not check.is_green()


def test_what_was_skipped_is_tried_again(repository, capsys):
    check, status = repository("import pytest\ndef test_one(): pass\ndef test_two(): pytest.skip('no browser')\n")
    assert status == 0 and not check.is_green()


def test_the_result_of_before_does_not_outlive_a_run(repository, capsys):
    check, _ = repository("def test_one(): pass\n")
    _, status = repository("import os\nos._exit(9)\n")
    assert status != 0 and not check.is_green()


def test_the_summary_names_what_is_not_green(repository, capsys):
    check, _ = repository("def test_one(): assert False\n")
    known, red, unknown = checks.summary([check, Check("never", ("test_never.py",))])
    assert "2 checks" in known and "1 failed" in known
    assert "tiny is not green" in red and "never is not green" in unknown


def test_every_check_has_its_tests_and_no_test_is_run_twice_or_never():
    everything = checks.all_checks(checks.weeks())
    assert len({check.name for check in everything}) == len(everything)
    ignored = {option.removeprefix("--ignore=") for option in checks.other_tests(everything)}
    assert ignored == {name for check in everything for name in check.tests}
    assert [name for name in ignored if not (ROOT / name).is_file()] == []
    assert [name for check in everything for name in check.reads if not (ROOT / name).exists()] == []
    for week in checks.weeks():
        assert {f"gate-{week}", f"nbgrader-{week}"} <= {check.name for check in everything}


def test_what_the_quick_checks_leave_out_exists():
    assert [name for name in checks.NOT_QUICK if not (ROOT / name).exists()] == []


def test_a_check_depends_on_what_its_tests_import_and_read():
    (gate,) = (check for check in checks.all_checks(["week01_knn"]) if check.name == "gate-week01_knn")
    inputs = {path.relative_to(ROOT).as_posix() for path in gate.inputs()}
    for name in (
        "solutions/week01_knn/knn.py",
        "tests/exercises/week01_knn/wrong_answers.py",
        "tests/exercises/gate.py",
        "tests/exercises/conftest.py",
        "pipeline/exercises.py",
        "helpers/checks.py",
        "helpers/data/cache.py",
        "constraints.txt",
    ):
        assert name in inputs, name
    assert "grading/batch/run.py" not in inputs and "solutions/week03_lenet/lenet.py" not in inputs


def test_counts_are_kept_as_json(repository, capsys):
    check, _ = repository("def test_one(): pass\n")
    stored = json.loads((checks.RESULTS / "tiny.json").read_text(encoding="utf-8"))
    assert {"passed", "failed", "skipped", "seconds"} == set(stored)
