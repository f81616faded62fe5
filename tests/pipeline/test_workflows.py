"""The workflows say what they promise: tests come first, and only a job that builds nothing may write."""

import re
import subprocess

import pytest
import yaml

from pipeline import ROOT
from tests.needs import NEEDS

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / ".github" / "workflows").glob("*.yml")
}


def steps(job):
    return "\n".join(step.get("run", "") + step.get("uses", "") for step in job.get("steps", []))


def comes_after(jobs, name, first):
    needs = jobs[name].get("needs", [])
    needs = [needs] if isinstance(needs, str) else needs
    return first in needs or any(comes_after(jobs, other, first) for other in needs)


@pytest.mark.parametrize(("workflow", "last"), [("course", "publish"), ("release", "publish")])
def test_nothing_is_published_before_the_tests_have_passed(workflow, last):
    jobs = WORKFLOWS[workflow]["jobs"]
    assert jobs["tests"]["uses"] == "./.github/workflows/tests.yml"
    assert comes_after(jobs, last, "tests")


def test_the_tests_wait_for_the_quick_checks():
    jobs = WORKFLOWS["tests"]["jobs"]
    assert "make check" in steps(jobs["checks"])
    for name in set(jobs) - {"checks"}:
        assert comes_after(jobs, name, "checks"), name


@pytest.mark.parametrize("workflow", sorted(WORKFLOWS))
def test_a_job_that_may_write_runs_none_of_our_code(workflow):
    assert WORKFLOWS[workflow]["permissions"] == {"contents": "read"}
    for name, job in WORKFLOWS[workflow]["jobs"].items():
        if "write" in job.get("permissions", {}).values():
            assert not re.search(r"\bmake\b|python|pip|checkout", steps(job)), name


@pytest.mark.parametrize("workflow", sorted(WORKFLOWS))
def test_no_token_stays_in_a_checkout(workflow):
    for job in WORKFLOWS[workflow]["jobs"].values():
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


def test_one_action_has_one_version():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    versions = {}
    for name, version in re.findall(r"uses: (actions/[\w-]+)@(\S+)", text):
        versions.setdefault(name, set()).add(version)
    assert versions and {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_check_in_and_workflows_promise_known_things():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    promised = set(re.search(r"COURSE_REQUIRE=(\S+)", script)[1].split(",")) | {"user"}
    # The official homes of weights are reached by the workflows, not by every machine that checks in.
    assert promised == set(NEEDS) - {"homes"}, "a skip for want of something else would pass unseen"
    for job in WORKFLOWS["tests"]["jobs"].values():
        assert set(job.get("env", {}).get("COURSE_REQUIRE", "built").split(",")) <= set(NEEDS)


def test_every_night_all_lectures_run_in_the_environment_of_the_students_guide():
    assert "python -m pipeline.student_guide --all" in steps(WORKFLOWS["nightly"]["jobs"]["guide"])


def test_the_script_of_a_check_in_is_a_script():
    assert subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT).returncode == 0


def test_binder_installs_what_a_student_gets():
    text = (ROOT / ".binder" / "requirements.txt").read_text(encoding="utf-8")
    assert re.findall(r"^--editable (.*)$", text, flags=re.MULTILINE) == [".[student]"]


def test_a_release_is_published_only_under_an_address_of_its_own():
    assert "pipeline.release --publish" in steps(WORKFLOWS["release"]["jobs"]["build"])
