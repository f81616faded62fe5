"""The executor of the gate: nothing that one variant does reaches the next one."""

import os

import pytest
from gate import Cell, Executor

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork, a process for each variant")


@pytest.fixture
def warm():
    with Executor(preload=[]) as process:
        yield process


def cells(*sources, role="locked"):
    return [Cell(f"cell {number}", role, 0.0, source) for number, source in enumerate(sources)]


def values(outcomes):
    assert not any(outcome.error for outcome in outcomes), outcomes
    return [outcome.value for outcome in outcomes]


def test_what_a_variant_changes_in_place_ends_with_it(warm):
    for _ in range(2):
        assert values(warm.run(cells("import math\nmath.pi = math.pi + 1\nround(math.pi, 2)"))) == ["4.14"]


def test_an_error_does_not_keep_the_next_cells_from_running(warm):
    outcomes = warm.run(cells("1 / 0", "'goes on'"))
    assert [outcome.error for outcome in outcomes] == ["ZeroDivisionError: division by zero", ""]


def test_a_variant_that_ends_its_process_or_hangs_is_told(warm):
    for source, told in (
        ("import os; os._exit(3)", "status 3"),
        ("import signal; signal.raise_signal(signal.SIGALRM)", "took more than"),  # what happens when the time is up
    ):
        with pytest.raises(AssertionError, match=told):
            warm.run(cells("0", source))
        assert values(warm.run(cells("0", "1"))) == ["0", "1"]
