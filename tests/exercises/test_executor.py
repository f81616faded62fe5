"""The executor of the gate: what is shared runs once, and nothing that one variant does reaches the next one."""

import os

import pytest
from gate import Cell, Executor, deciding_cells

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork nothing is shared: a process for each variant")

COUNT = "with open('runs', 'a') as file:\n    _ = file.write('x')"
RUNS = "len(open('runs').read())"


@pytest.fixture
def warm():
    with Executor(preload=[]) as process:
        yield process


def cells(*sources, role="locked"):
    return [Cell(f"cell {number}", role, 0.0, source) for number, source in enumerate(sources)]


def values(outcomes):
    assert not any(outcome.error for outcome in outcomes), outcomes
    return [outcome.value for outcome in outcomes]


def test_shared_cells_run_once(warm):
    for answer in ("1", "2", "3"):
        assert values(warm.run(cells(COUNT, RUNS, answer), shared=2)) == ["", "1", answer]
    assert values(warm.run(cells(COUNT, RUNS, "4", "5"), shared=3)) == ["", "1", "4", "5"]  # goes on from there
    assert values(warm.run(cells(RUNS))) == ["1"]


def test_earlier_and_other_cells_start_again(warm):
    assert values(warm.run(cells("a = 1", COUNT, RUNS), shared=2))[-1] == "1"
    assert values(warm.run(cells("a = 1", COUNT, RUNS), shared=1))[-1] == "2"
    assert values(warm.run(cells("a = 2", COUNT, RUNS, "a"), shared=2))[-2:] == ["3", "2"]


def test_what_a_variant_changes_in_place_ends_with_it(warm):
    for _ in range(2):
        shared = ["import math\nnumbers = [0]", "numbers.append(1)\nmath.pi = 3\nnumbers", "math.pi"]
        assert values(warm.run(cells(*shared), shared=1)) == ["", "[0, 1]", "3"]


def test_an_error_in_a_shared_cell_is_told_to_everyone(warm):
    for _ in range(2):
        outcomes = warm.run(cells("1 / 0", "'goes on'"), shared=1)
        assert [outcome.error for outcome in outcomes] == ["ZeroDivisionError: division by zero", ""]


def test_a_cell_that_starts_a_thread_is_not_shared(warm):
    # A fork has the thread that forked and no other: one that the shared cell had started would be missing here.
    thread = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    asked = "any(thread.is_alive() for thread in threading.enumerate() if thread.daemon), threading.active_count()"
    for answer in ("1", "2"):
        assert values(warm.run(cells(COUNT, thread, answer, asked), shared=3)) == ["", "", answer, "(True, 2)"]
    assert values(warm.run(cells(RUNS))) == ["2"]  # once up to the thread, and once by the process that stops before it


@pytest.mark.parametrize("shared", [0, 1, 2])
def test_a_variant_that_ends_its_process_or_hangs_is_told(warm, shared):
    for source, told in (
        ("import os; os._exit(3)", "status 3"),
        ("import signal; signal.raise_signal(signal.SIGALRM)", "took more than"),  # what happens when the time is up
    ):
        with pytest.raises(AssertionError, match=told):
            warm.run(cells("0", source), shared=shared)
        assert values(warm.run(cells("0", "1"), shared=shared)) == ["0", "1"]


def test_deciding_cells():
    notebook = [
        Cell(name, role, 0.0, "")
        for name, role in [
            ("setup", "locked"),
            ("first", "solution"),
            ("first_test", "test"),
            ("experiment", "free"),
            ("second", "solution"),
            ("second_test", "test"),
            ("third", "solution"),
            ("third_test", "test"),
            ("fourth", "solution"),
        ]
    ]
    picked, before = deciding_cells(notebook, "second", ["third_test"])
    assert [cell.name for cell in picked] == ["setup", "first", "second", "third", "third_test"] and before == 2
