"""Checks of how an answer works, not of what it gives: its input stays as it was, the memory that it takes, the loops in it."""

import copy
import dis
import inspect
import tracemalloc
import types
from collections.abc import Callable, Sequence

import numpy as np

from helpers.checks import CheckFailed

__all__ = ["keeps_input", "loops", "memory"]


def keeps_input(function: Callable, *arguments: object, **named: object) -> object:
    """Call a function, and fail if it changes one of its arguments.

    Parameters
    ----------
    function : callable
    *arguments, **named
        What to call it with: arrays, lists, dicts and other plain data.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    CheckFailed
        If an argument is not what it was before the call.

    Examples
    --------
    >>> def doubled(values):
    ...     values *= 2
    ...     return values
    >>> keeps_input(sum, [1, 2, 3])
    6
    >>> keeps_input(doubled, np.array([1, 2, 3]))
    Traceback (most recent call last):
    ...
    helpers.checks.CheckFailed: doubled changes its input values. Work on a copy: whoever called it still needs the original.
    """
    before = copy.deepcopy((arguments, named))
    # A grader's stand-in for a function in another process leaves the arguments alone, unless it is called in this way.
    with_changes = getattr(type(function), "__call_with_changes__", None)
    result = with_changes(function, *arguments, **named) if with_changes else function(*arguments, **named)
    label = str(getattr(function, "__name__", "the function"))
    for place, (value, old) in enumerate(zip(arguments, before[0], strict=True)):
        if not _same(value, old):
            _changed(label, _parameter(function, place))
    for parameter, old in before[1].items():
        if not _same(named[parameter], old):
            _changed(label, parameter)
    return result


def _changed(label: str, parameter: str) -> None:
    advice = "Work on a copy: whoever called it still needs the original."
    raise CheckFailed(f"{label} changes its input {parameter}. {advice}")


def _parameter(function: Callable, place: int) -> str:
    """The name of a parameter, or its place where the function does not tell."""
    try:
        return list(inspect.signature(function).parameters)[place]
    except (ValueError, TypeError, IndexError):
        return f"(argument {place + 1})"


def _same(one: object, other: object) -> bool:
    """Whether two pieces of plain data are equal, arrays with NaN included."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        equal_nan = one.dtype.kind in "fc"
        return one.dtype == other.dtype and bool(np.array_equal(one, other, equal_nan=equal_nan))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    return bool(one == other) or (one != one and other != other)


def memory(function: Callable, arguments: Sequence[object], most: float, name: str, hint: str = "") -> object:
    """Call a function, and fail if it takes too much memory on the way.

    What counts is the largest amount at any one time, of Python's objects and of NumPy's arrays. A grader that keeps students'
    code in another process sees no more of it than its result: there, a call that needs more memory than there is has to show.

    Parameters
    ----------
    function : callable
    arguments : sequence
        What to call it with: small enough that the wrong way, too, fits into any computer.
    most : float
        How many bytes it may take.
    name : str
        What the message calls the call.
    hint : str, optional
        One sentence to think about, added to the message.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    CheckFailed
        If it took more.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.arange(1000.0)
    >>> memory(lambda x: float(x.sum()), [line], 1e5, "total(line)")
    499500.0
    >>> memory(lambda x: np.add.outer(x, x).max(), [line], 1e5, "largest(line)", "Is the whole table needed?")
    Traceback (most recent call last):
    ...
    helpers.checks.CheckFailed: largest(line) takes 8 MB of memory, and 0.1 MB are plenty. Is the whole table needed?
    """
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        result = function(*arguments)
        taken = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()
    if taken > most:
        text = f"{name} takes {taken / 1e6:.0f} MB of memory, and {most / 1e6:g} MB are plenty. {hint}"
        raise CheckFailed(text.rstrip())
    return result


def loops(function: Callable, most: int, name: str, without: Sequence[str] = ()) -> None:
    """Remind the student, at no cost of points, of a task that asks for fewer loops.

    Parameters
    ----------
    function : callable
        Only the code of a plain function can be looked at; where it is out of sight, as in a grader, nothing happens.
    most : int
        How many loops the task allows; a comprehension is one as well.
    name : str
        What the message calls the function.
    without : sequence of str, optional
        Other answers that have the loops in them, and which this one is not to call.

    Examples
    --------
    >>> def total(rows):
    ...     return sum(number for row in rows for number in row)
    >>> loops(total, 2, "total", without=["total_of_lists"])
    >>> loops(total, 1, "total")
    total gives the right numbers, but it has 2 loops (a comprehension is one as well), and the task asks for 1.
    """
    if type(function) is not types.FunctionType:
        return
    codes = _codes(function.__code__)
    found = sum(map(_loops, codes))
    if found > most:
        many = f"{found} loop{'s' if found > 1 else ''}"
        asked = "none" if most == 0 else most
        print(
            f"{name} gives the right numbers, but it has {many} (a comprehension is one as well), and the task asks for {asked}."
        )
    for other in without:
        if any(other in code.co_names for code in codes):
            print(f"{name} gives the right numbers, but it calls {other}: the task asks for another way.")


def _codes(code: types.CodeType) -> list[types.CodeType]:
    """The code of a function, and that of the functions in it."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return [code, *(part for each in inner for part in _codes(each))]


def _loops(code: types.CodeType) -> int:
    """The loops in some code: the places to which it jumps back."""
    jumps = [step for step in dis.get_instructions(code) if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs]
    return len({step.argval for step in jumps if step.argval <= step.offset})
