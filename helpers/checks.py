"""Friendly checks: compare a student's answer with the right one, and say what went wrong.

A bare ``assert np.allclose(got, expected)`` tells a student *that* something is wrong. The two functions here
also look for the usual reasons (no return value, a transposed matrix, a missing square root, ``uint8``
arithmetic that wrapped around, ...) and name the one that fits. Only NumPy is needed, and only plain data is
looked at, so the same check works in a student's notebook and in a grader that runs elsewhere.
"""

import inspect
import math
from collections.abc import Mapping

import numpy as np

from helpers import explanations

__all__ = ["CheckFailed", "NotWritten", "array", "equal"]


class CheckFailed(AssertionError):
    """An answer is not the expected one; the message says what is probably wrong.

    In a notebook only the message is shown: the lines of this module that found the mistake would tell a student nothing.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for this before it prints a traceback of its own.
        return [f"\x1b[1;31mNot yet.\x1b[0m {self}"]


class NotWritten(NotImplementedError):
    """What a gap in an exercise raises until its answer is written: it names the function that holds the gap.

    In a notebook only this one line is shown, for a check as well that calls the function, or that calls another answer which
    needs it.

    Examples
    --------
    >>> def image_distance(a, b):
    ...     raise NotWritten()
    >>> image_distance(1, 2)
    Traceback (most recent call last):
    ...
    helpers.checks.NotWritten: not written yet: image_distance
    """

    @property
    def where(self) -> str:
        """The function or class whose code is missing, such as ``Batches.__len__``; empty outside of one."""
        name, trace = "", self.__traceback__
        while trace is not None:  # the innermost frame is the gap itself
            name, trace = trace.tb_frame.f_code.co_qualname, trace.tb_next
        return "" if name == "<module>" else name

    def __str__(self) -> str:
        return f"not written yet: {self.where}" if self.where else "not written yet"

    def _render_traceback_(self) -> list[str]:
        return [f"\x1b[1;31mNot written yet:\x1b[0m {self.where or 'this cell'}"]


_SHOWN = 16  # arrays of up to this many values are shown in full
_NUMBER_KINDS = "biuf"


def array(
    got: object,
    expected: object,
    name: str,
    hints: Mapping[str, tuple[object, str]] | None = None,
    rtol: float = 1e-5,
    atol: float | None = None,
) -> None:
    """Check that an array (or a number) is the expected one; if not, say what is probably wrong.

    Parameters
    ----------
    got : array_like
        The student's answer: an array of any shape, or a number; lists and tensors will do, and any kind of float.
    expected : array_like
        The right answer. Whole numbers ask for whole numbers, truth values for truth values; where floats are
        expected, whole numbers of the right value will do.
    name : str
        What the message calls the answer, such as ``"predict(...)"``.
    hints : mapping of str to (array_like, str), optional
        Mistakes that only this question knows: ``{"what the mistake is": (the value it gives, "what to think
        about")}``. They are tried first, in order, before the built-in explanations.
    rtol, atol : float
        Two numbers agree if ``abs(got - expected) <= atol + rtol * abs(expected)``. Without `atol` it grows with the data: a
        millionth of the largest expected magnitude, which is about what float32 leaves of a sum that nearly cancels.

    Raises
    ------
    CheckFailed
        If the two differ. The message is one sentence of diagnosis, one of advice, and a look at the values.

    Examples
    --------
    >>> array([1, 2], [1.0, 2.0], "halves")
    >>> array([9.0, 16.0, 25.0], [3.0, 4.0, 5.0], "distances")
    Traceback (most recent call last):
    ...
    helpers.checks.CheckFailed: distances: every number is the square of the right one. Is a square root missing?
      got      [ 9. 16. 25.]
      expected [3. 4. 5.]
    >>> array(7, 5, "steps", hints={"the fence posts, not the gaps": (7, "Count again with a pencil.")})
    Traceback (most recent call last):
    ...
    helpers.checks.CheckFailed: steps: this is the fence posts, not the gaps. Count again with a pencil.
      got      7
      expected 5
    """
    wanted = np.asarray(expected)
    values = _as_numbers(got, expected, name)
    if atol is None:
        finite = np.abs(wanted[np.isfinite(wanted)]) if wanted.dtype.kind == "f" else np.zeros(0)
        atol = max(1e-8, 1e-6 * float(finite.max(initial=0)))

    def close(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)

    def agree(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and bool(close(a, b).all())

    # A named mistake comes first: the question's author knows more than any general rule.
    for label, (wrong, advice) in (hints or {}).items():
        wrong_values = np.asarray(wrong)
        is_right = agree(wrong_values.astype(float), wanted.astype(float))
        if not is_right and agree(values.astype(float), wrong_values.astype(float)):
            _fail(name, f"this is {label}", advice, values, wanted)

    if values.shape != wanted.shape:
        _fail(name, *explanations.of_shape(values, wanted, agree), values, wanted)
    reason = explanations.of_kind(values, wanted)
    if reason:
        _fail(name, *reason, values, wanted)
    if not agree(values, wanted):
        _fail(name, *explanations.of_values(values, wanted, agree, close(values, wanted)), values, wanted)


def equal(got: object, expected: object, name: str, hint: str = "") -> None:
    """Check that plain data (numbers, text, lists, dicts, ...) is as expected; if not, say where it differs.

    Lists and tuples count as the same; so do a float and a whole number of the same value; ``True`` is not 1.
    Floats must agree to six digits, as those of a calculation in float32 do; arrays, tensors and shapes count as lists.

    Parameters
    ----------
    got : object
        The student's answer.
    expected : object
        The right answer: None, bool, int, float, str, NumPy values; lists, tuples, sets and dicts of these.
    name : str
        What the message calls the answer.
    hint : str, optional
        One sentence to think about, added to the message.

    Raises
    ------
    CheckFailed
        If the two differ.

    Examples
    --------
    >>> equal((32, 32, 3), [32, 32, 3], "shape")
    >>> equal({"k": 5}, {"k": 3}, "choice", "Which k has the highest mean?")
    Traceback (most recent call last):
    ...
    helpers.checks.CheckFailed: choice['k'] is 5, expected 3. Which k has the highest mean?
    """
    problem = _difference(got, expected, name)
    if problem:
        problem += _reason(_plain(got), _plain(expected))
        raise CheckFailed(f"{problem}. {hint}".rstrip())


# --- from whatever came back to an array of numbers -------------------------------------------------------


def _as_numbers(got: object, expected: object, name: str) -> np.ndarray:
    """Return ``got`` as an array of numbers, or fail saying what it is instead."""
    if got is None:
        raise CheckFailed(f"{name} is None. Does the function end with `return`, whichever way it takes?")
    if inspect.isroutine(got) or inspect.isclass(got):
        raise CheckFailed(f"{name} is a function, not its value. Are the brackets of the call missing?")
    try:
        if hasattr(got, "detach"):  # PyTorch's tensors, which NumPy reads without their gradients only
            got = got.detach().cpu()
        values = np.asarray(got)
    except Exception as error:  # a foreign object may refuse in any way it likes: report it, do not crash
        raise CheckFailed(
            f"{name} is a {type(got).__name__} that NumPy cannot read as an array of numbers ({error}). "
            f"Are all rows equally long?"
        ) from None
    if values.dtype.kind == "c":
        raise CheckFailed(f"{name} holds complex numbers. Was a root taken of a negative number?")
    if values.dtype.kind not in _NUMBER_KINDS:
        raise CheckFailed(
            f"{name} is a {type(got).__name__} (dtype {values.dtype}), expected "
            f"{_describe(np.asarray(expected))}. Return plain numbers."
        )
    return values


# --- how it is said ---------------------------------------------------------------------------------------


def _describe(values: np.ndarray) -> str:
    """Put the shape and kind of an array into words."""
    return "a number" if values.ndim == 0 else f"an array of shape {values.shape} and dtype {values.dtype}"


def _show(values: np.ndarray) -> str:
    """Show small arrays in full, large ones by their shape and range."""
    if values.ndim == 0:
        return explanations.one(values)
    if values.size <= _SHOWN:
        text = np.array2string(values, precision=5, suppress_small=True, max_line_width=90)
        return text.replace("\n", "\n" + " " * 11)
    finite = values[np.isfinite(values)]
    between = f", values from {explanations.one(finite.min())} to {explanations.one(finite.max())}" if finite.size else ""
    return f"{_describe(values)}{between}"


def _fail(name: str, diagnosis: str, advice: str, got: np.ndarray, wanted: np.ndarray) -> None:
    """Raise the message."""
    look = f"\n  got      {_show(got)}\n  expected {_show(wanted)}"
    raise CheckFailed(f"{name}: {diagnosis}. {advice}{look}")


def _difference(got: object, expected: object, path: str) -> str:
    """Describe the first difference between two pieces of plain data; empty if there is none."""
    if got is None and expected is not None:
        return f"{path} is None, expected {_brief(expected)}: does the function end with `return`"
    if inspect.isroutine(got) or inspect.isclass(got):
        return f"{path} is a function, not its value: are the brackets of the call missing"
    got, expected = _plain(got), _plain(expected)
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or isinstance(expected, str):
        same = type(got) is type(expected) and got == expected
    elif isinstance(expected, int | float):
        same = isinstance(got, int | float) and (
            math.isclose(got, expected, rel_tol=1e-6, abs_tol=1e-9) or (got != got and expected != expected)
        )
    elif isinstance(expected, list):
        if not isinstance(got, list):
            return f"{path} is {_brief(got)}, expected {_brief(expected)}"
        if len(got) != len(expected):
            return f"{path} has {_entries(got)}, expected {_entries(expected)}"
        inside = (_difference(got[i], expected[i], f"{path}[{i}]") for i in range(len(expected)))
        return next(filter(None, inside), "")
    elif isinstance(expected, dict):
        if not isinstance(got, dict):
            return f"{path} is {_brief(got)}, expected {_brief(expected)}"
        missing = [key for key in expected if key not in got]
        extra = [key for key in got if key not in expected]
        if missing or extra:
            lacks = [f"lacks {_brief(missing)}"] if missing else []
            has = [f"has {_brief(extra)} too many"] if extra else []
            return f"{path} " + " and ".join(lacks + has)
        inside = (_difference(got[key], expected[key], f"{path}[{key!r}]") for key in expected)
        return next(filter(None, inside), "")
    elif isinstance(expected, set):
        same = isinstance(got, set) and got == expected
    else:
        raise TypeError(f"expected must be plain data, not {type(expected).__name__}")
    return "" if same else f"{path} is {_brief(got)}, expected {_brief(expected)}"


def _entries(values: list) -> str:
    """How many entries a list has, and which, where there is room."""
    number = f"{len(values)} entr{'y' if len(values) == 1 else 'ies'}"
    return f"{number}, {_brief(values)}" if values else number


def _reason(got: object, expected: object) -> str:
    """What has probably happened to plain data that differ, to be added to the message; empty where nobody knows."""
    if isinstance(expected, float | int) and isinstance(got, float | int) and not isinstance(got, bool | np.bool_):
        if expected and math.isclose(got, 100 * expected, rel_tol=1e-3) and 0 < expected <= 1:
            return ": in percent, where a share from 0 to 1 is expected"
        if 0 < expected < 1 and math.isclose(got, 1 - expected, rel_tol=1e-6):
            return ": 1 minus the right one"
        if got == -expected and got:
            return ": the sign is wrong"
        if abs(got - expected) == 1:
            return ": one too many" if got > expected else ": one too few"
    if isinstance(got, list) and isinstance(expected, list) and got != expected:
        try:
            if len(got) == 2 and not _difference(got[::-1], expected, ""):
                return ": the two are exchanged"
            if len(got) == len(expected) and not _difference(got[::-1], expected, ""):
                return ": the order is reversed"
            same = sorted(got) == sorted(expected)
        except TypeError:  # entries that have no order
            return ""
        if same:
            return ": the right entries in another order"
        missing = [one for one in expected if one not in got]
        extra = [one for one in got if one not in expected]
        if len(got) != len(expected) and bool(missing) != bool(extra):
            return f": {_brief(missing)} missing" if missing else f": {_brief(extra)} too many"
    return ""


def _plain(value: object) -> object:
    """Turn NumPy values and tensors into Python ones and tuples into lists, so that equal things compare equal."""
    if not isinstance(value, np.ndarray | np.generic | list | tuple | dict | set | str | float | int) and value is not None:
        if hasattr(value, "as_list"):  # TensorFlow's shapes
            value = value.as_list()
        elif hasattr(value, "__array__"):
            try:
                value = np.asarray(value)
            except Exception:  # a foreign object may refuse in any way it likes: it is no plain data
                return value
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, frozenset):
        return set(value)
    return value


def _brief(value: object) -> str:
    """Show at most 80 characters of a value, or its type where it is not plain data."""
    if not isinstance(value, None | bool | int | float | str | list | dict | set):
        return f"a value of type {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
