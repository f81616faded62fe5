"""Memory and loops of an answer."""

import tracemalloc

import numpy as np
import pytest

from helpers import limits
from helpers.checks import CheckFailed

ROWS = np.zeros((250, 300), dtype=np.uint8)


def by_product(a, b):
    a, b = a.astype(float), b.astype(float)
    return np.sqrt(np.maximum((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T, 0))


def with_three_axes(a, b):
    return (a[:, None] - b).sum(axis=2)


def in_a_loop_of_three_axes(a, b):
    return np.concatenate([((part[:, None].astype(float) - b) ** 2).sum(axis=2) for part in np.array_split(a, 2)])


def test_what_is_needed_may_be_taken():
    assert limits.memory(by_product, [ROWS, ROWS], 12e6, "f").shape == (250, 250)


@pytest.mark.parametrize("function", [with_three_axes, in_a_loop_of_three_axes])
def test_too_much_is_found_though_it_was_given_back(function):
    with pytest.raises(CheckFailed, match="^f takes [0-9]+ MB of memory, and 12 MB are plenty. Why?"):
        limits.memory(function, [ROWS, ROWS], 12e6, "f", "Why?")
    assert not tracemalloc.is_tracing()


def test_what_was_there_before_does_not_count():
    tracemalloc.start()
    try:
        kept = np.zeros(10**7)
        np.zeros(10**7)  # given back, but it was the peak so far
        limits.memory(by_product, [ROWS, ROWS], 12e6, "f")
        assert kept.size and tracemalloc.is_tracing(), "whoever traces goes on"
    finally:
        tracemalloc.stop()


def test_an_error_comes_through_and_tracing_ends():
    with pytest.raises(ZeroDivisionError):
        limits.memory(lambda: 1 / 0, [], 1, "f")
    assert not tracemalloc.is_tracing()


def shifted(images, by, table):
    """In place, depending on what is asked for."""
    if by == "array":
        images[0] = 9
    if by == "list":
        table["rows"].append(1)
    if by == "nan":
        images[0] = images[0]
    return images


@pytest.mark.parametrize(("by", "parameter"), [("array", "images"), ("list", "table")])
def test_an_input_that_is_changed_is_named(by, parameter):
    with pytest.raises(CheckFailed, match=f"^shifted changes its input {parameter}"):
        limits.keeps_input(shifted, np.array([np.nan, 1]), by, table={"rows": []})
    with pytest.raises(CheckFailed, match=f"^shifted changes its input {parameter}"):
        limits.keeps_input(shifted, np.array([1, 1]), by, {"rows": []})


def test_an_input_that_stays_is_no_matter():
    given = np.array([np.nan, 1])
    assert limits.keeps_input(shifted, given, "nan", table={"rows": [given]}) is given
    assert limits.keeps_input(max, [1, 2], key=None) == 2


def plain(x):
    return x + 1


def nested(x):
    total = 0
    for a in x:
        if a < 0:
            continue
        while a and total < 9:
            a -= 1
            total += 1
    return total


def comprehensions(x):
    return {a: [b for b in a] for a in x}, sum(a for a in x)


def inner(x):
    def each(y):
        for _ in y:
            pass

    return [each(y) for y in x]


@pytest.mark.parametrize(("function", "found"), [(plain, 0), (nested, 2), (comprehensions, 3), (inner, 2)])
def test_loops_are_counted(function, found, capsys):
    limits.loops(function, found, "f")
    assert capsys.readouterr().out == ""
    if found:
        limits.loops(function, found - 1, "f")
        assert f"f gives the right numbers, but it has {found} loop" in capsys.readouterr().out


def test_what_is_no_plain_function_is_left_alone(capsys):
    limits.loops(np.vectorize(plain), 0, "f")
    limits.loops(None, 0, "f")
    assert capsys.readouterr().out == ""


def by_another(x):
    return [plain(y) for y in x]


def test_a_call_of_another_answer_is_noticed(capsys):
    limits.loops(by_another, 1, "f", without=["nested"])
    assert capsys.readouterr().out == ""
    limits.loops(by_another, 1, "f", without=["nested", "plain"])
    assert capsys.readouterr().out == "f gives the right numbers, but it calls plain: the task asks for another way.\n"
