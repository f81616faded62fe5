"""What a build tells: what goes on, how long it took, how much is left; and never a long silence."""

import io
import json
from types import SimpleNamespace

import pytest

from pipeline import progress
from pipeline.progress import Progress, longest_first


def task(name, actions=(1,), needs=()):
    return SimpleNamespace(
        name=name, title=lambda: name, actions=list(actions), task_dep=list(needs), setup_tasks=[], verbosity=2
    )


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.seconds)
    return now


@pytest.fixture
def reporter(tmp_path, monkeypatch, clock):
    """A reporter of a build of three steps, of which one took two minutes and one a minute the last time."""
    monkeypatch.setattr(progress, "SHIPPED", tmp_path / "seconds.json")
    monkeypatch.setattr(progress, "OWN", tmp_path / "build" / "seconds.json")
    progress.SHIPPED.write_text(json.dumps({"execute:long": 120, "execute:short": 60}), encoding="utf-8")
    made = Progress(io.StringIO(), {})
    made.watch = lambda: None  # the clock of this test stands still between two lines
    tasks = {name: task(name) for name in ("execute:long", "execute:short", "other")}
    tasks["execute"] = task("execute", actions=(), needs=tasks)
    made.initialize(tasks, ["execute"])
    return made


def said(reporter):
    return reporter.outstream.getvalue().splitlines()


def test_a_step_is_told_at_its_start_with_what_is_left(reporter):
    reporter.execute_task(task("execute:long"))
    assert said(reporter) == ["> execute:long   [about 3 min left]"]


def test_two_at_a_time_take_half_as_long(reporter):
    reporter.execute_task(task("execute:long"))
    reporter.execute_task(task("execute:short"))
    assert said(reporter)[-1] == "> execute:short   [about 2 min left]"  # the longest one alone takes two


def test_a_step_that_has_nothing_to_do_is_passed_over(reporter):
    for name in ("execute:long", "execute:short"):
        reporter.skip_uptodate(task(name))
    reporter.execute_task(task("other"))
    assert said(reporter) == ["> other   [about 20 s left]"]


def test_silence_is_broken(reporter, clock):
    reporter.execute_task(task("execute:long"))
    clock.seconds = 9
    reporter.break_silence()
    assert len(said(reporter)) == 1
    clock.seconds = 10
    reporter.break_silence()
    assert said(reporter)[-1] == "  still at execute:long (10 s)   [about 3 min left]"
    clock.seconds = 15
    reporter.break_silence()
    assert len(said(reporter)) == 2


def test_how_long_a_step_took_is_told_and_kept_for_the_next_build(reporter, clock):
    reporter.execute_task(task("execute:short"))
    clock.seconds = 42
    reporter.add_success(task("execute:short"))
    reporter.complete_run()
    assert said(reporter)[-1] == "  execute:short: done in 42 s"
    assert progress.seconds() == {"execute:long": 120, "execute:short": 42}


def test_a_step_that_fails_is_told(reporter):
    reporter.execute_task(task("execute:short"))
    reporter.add_failure(
        task("execute:short"), SimpleNamespace(report=True, get_name=lambda: "TaskFailed", get_msg=lambda: "cell 3 failed")
    )
    assert "execute:short" in said(reporter)[-2] and "cell 3 failed" in said(reporter)[-1]


def test_the_longest_comes_first(reporter):
    assert longest_first(["short", "other", "long"], lambda name: f"execute:{name}") == ["long", "short", "other"]


def test_a_second_build_at_the_same_time_is_refused(reporter):
    second = Progress(io.StringIO(), {})
    second.watch = lambda: None
    with pytest.raises(SystemExit, match="Another make or doit is at work in this folder. Wait"):
        second.initialize({}, [])
    reporter.complete_run()
    second.initialize({}, [])
    second.complete_run()
