"""Friendly checks: compare a student's answer with the right one, and say what went wrong.

A bare ``assert np.allclose(got, expected)`` tells a student *that* something is wrong. The two functions here
also look for the usual reasons (no return value, a transposed matrix, a missing square root, ``uint8``
arithmetic that wrapped around, ...) and name the one that fits. Only NumPy is needed, and only plain data is
looked at, so the same check works in a student's notebook and in a grader that runs elsewhere.
"""

import inspect
import math
from collections.abc import Callable, Mapping

import numpy as np

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


_SHOWN = 12  # arrays of up to this many values are shown in full
_NUMBER_KINDS = "biuf"


def array(
    got: object,
    expected: object,
    name: str,
    hints: Mapping[str, tuple[object, str]] | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> None:
    """Check that an array (or a number) is the expected one; if not, say what is probably wrong.

    Parameters
    ----------
    got : array_like
        The student's answer: an array of any shape, or a number.
    expected : array_like
        The right answer. Whole numbers ask for whole numbers, truth values for truth values; where floats are
        expected, whole numbers of the right value will do.
    name : str
        What the message calls the answer, such as ``"predict(...)"``.
    hints : mapping of str to (array_like, str), optional
        Mistakes that only this question knows: ``{"what the mistake is": (the value it gives, "what to think
        about")}``. They are tried first, in order, before the built-in explanations.
    rtol, atol : float
        Two numbers agree if ``abs(got - expected) <= atol + rtol * abs(expected)``.

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
        _fail(name, *_explain_shape(values, wanted, agree), values, wanted)
    reason = _explain_kind(values, wanted)
    if reason:
        _fail(name, *reason, values, wanted)
    if not agree(values, wanted):
        _fail(name, *_explain_values(values, wanted, agree, close(values, wanted)), values, wanted)


def equal(got: object, expected: object, name: str, hint: str = "") -> None:
    """Check that plain data (numbers, text, lists, dicts, ...) is as expected; if not, say where it differs.

    Lists and tuples count as the same; so do a float and a whole number of the same value; ``True`` is not 1.
    Floats must agree to about nine digits.

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
        raise CheckFailed(f"{problem}. {hint}".rstrip())


# --- from whatever came back to an array of numbers -------------------------------------------------------


def _as_numbers(got: object, expected: object, name: str) -> np.ndarray:
    """Return ``got`` as an array of numbers, or fail saying what it is instead."""
    if got is None:
        raise CheckFailed(f"{name} is None. Does the function end with `return`, whichever way it takes?")
    if inspect.isroutine(got) or inspect.isclass(got):
        raise CheckFailed(f"{name} is a function, not its value. Are the brackets of the call missing?")
    if isinstance(expected, np.ndarray) and expected.ndim and isinstance(got, list | tuple):
        raise CheckFailed(
            f"{name} is a {type(got).__name__}, expected a NumPy array of shape {expected.shape}. Wrap it: np.array(...)."
        )
    try:
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


# --- what is wrong? Each explanation is a pair: diagnosis, advice -----------------------------------------


def _explain_shape(got: np.ndarray, wanted: np.ndarray, agree: Callable) -> tuple[str, str]:
    """Explain two different shapes."""
    shapes = f"the shape is {got.shape}, expected {wanted.shape}"
    if wanted.ndim == 0:
        return f"an array of shape {got.shape}, expected a single number", "Is an axis=... too many?"
    if got.ndim == wanted.ndim == 2 and got.shape == wanted.shape[::-1]:
        return f"{shapes}: transposed", "Which of the two comes first, rows or columns?"
    squeezed = tuple(side for side in wanted.shape if side != 1)
    if tuple(side for side in got.shape if side != 1) == squeezed:
        advice = "Look at keepdims, a [:, None] or a [0] too many."
        too_many = "too many" if got.ndim > wanted.ndim else "is missing"
        return f"{shapes}: an axis of length 1 {too_many}", advice
    if got.size == wanted.size and agree(got.ravel(), wanted.ravel()):
        return f"{shapes}, though the numbers are right", "A reshape is missing."
    if got.ndim == 0:
        return f"{shapes}: a single number", "Were all axes summed at once? Name the one with axis=..."
    if got.ndim == wanted.ndim:
        different = [axis for axis in range(got.ndim) if got.shape[axis] != wanted.shape[axis]]
        if len(different) == 1 and got.shape[different[0]] - wanted.shape[different[0]] in (-1, 1):
            return f"{shapes}: axis {different[0]} is off by one", "Check where the range or the slice ends."
    if got.ndim < wanted.ndim:
        return f"{shapes}: an axis is missing", "Was one axis too many summed, or an index taken too many?"
    if got.ndim > wanted.ndim:
        return f"{shapes}: there is an axis too many", "Is a sum or a mean over one axis missing?"
    return shapes, "Print the shape after every step to see where it parts from the plan."


def _explain_kind(got: np.ndarray, wanted: np.ndarray) -> tuple[str, str] | None:
    """Explain a wrong kind of number, or return None if the kind is fine."""
    if wanted.dtype.kind in "iu" and got.dtype.kind == "f":
        if np.isfinite(got).all() and (got == np.round(got)).all():
            return f"whole numbers are expected, these are {got.dtype}", "Labels and indices are integers."
        if np.isfinite(got).all():
            return "whole numbers are expected, these are fractions", "Is a // or a rounding missing?"
    if wanted.dtype.kind == "b" and got.dtype.kind != "b":
        return f"True or False is expected, these are numbers ({got.dtype})", "Is a comparison missing?"
    if wanted.dtype.kind != "b" and got.dtype.kind == "b":
        return "numbers are expected, these are True and False", "Is a count, a mean or an index missing?"
    return None


def _explain_values(got: np.ndarray, wanted: np.ndarray, agree: Callable, right: np.ndarray) -> tuple[str, str]:
    """Explain different values of the same shape and kind."""
    if wanted.dtype.kind == "b":
        if (got != wanted).all() and got.size > 1:
            return "True and False are swapped everywhere", "Turn the comparison round."
        return _count_wrong(got, wanted, right), "Look at the first one that differs by hand."
    a, b = got.astype(float), wanted.astype(float)
    if not np.isfinite(a[np.isfinite(b)]).all():
        nans, infinite = int(np.isnan(a).sum()), int(np.isinf(a).sum())
        advice = "Look for a division by zero, or a root of what rounding left slightly below zero."
        return f"{nans} values are NaN and {infinite} infinite, of {a.size}", advice
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return _count_wrong(got, wanted, right), "Look at the first one that differs by hand."
    if not a.any() and b.any():
        return "every value is 0", "Is the result array filled before it is returned?"
    for explanation in (_explain_wrap, _explain_power, _explain_order, _explain_line):
        reason = explanation(a, b, agree)
        if reason:
            return reason
    if a.size > 1 and np.all(a == a.flat[0]) and not np.all(b == b.flat[0]):
        return f"every value is {a.flat[0]:g}", "Does the result depend on the input at all?"
    return _count_wrong(got, wanted, right), "Look at the first one that differs by hand."


def _explain_wrap(a: np.ndarray, b: np.ndarray, agree: Callable) -> tuple[str, str] | None:
    """Explain arithmetic in uint8: right up to a multiple of 256."""
    whole = (b == np.round(b)).all() and (a == np.round(a)).all()
    if whole and (a >= 0).all() and (a < 256).all() and agree(a, np.mod(b, 256)):
        return (
            "right except for multiples of 256: the arithmetic wrapped around",
            "uint8 holds 0 to 255 only: convert with .astype(float) before you calculate.",
        )
    return None


def _explain_power(a: np.ndarray, b: np.ndarray, agree: Callable) -> tuple[str, str] | None:
    """Explain a square root missing or one too many, or a lost sign."""
    trivial = np.isin(b, (0.0, 1.0)).all()  # 0 and 1 are their own squares: no evidence
    if not trivial and agree(a, b**2):
        return "every number is the square of the right one", "Is a square root missing?"
    if not trivial and (b >= 0).all() and agree(a, np.sqrt(b)):
        return "every number is the square root of the right one", "Is there a square root too many?"
    if (b < 0).any() and agree(a, -b):
        return "every sign is the wrong way round", "What is subtracted from what?"
    if (b < 0).any() and agree(a, np.abs(b)):
        return "the numbers are right but their signs are lost", "Look for an abs or a square too many."
    return None


def _explain_order(a: np.ndarray, b: np.ndarray, agree: Callable) -> tuple[str, str] | None:
    """Explain the right numbers in the wrong places."""
    if b.ndim == 0 or b.size < 2:
        return None
    if b.ndim == 2 and b.shape[0] == b.shape[1] and agree(a.T, b):
        return "the matrix is transposed", "Which of the two comes first, rows or columns?"
    for axis in range(b.ndim):
        if agree(np.flip(a, axis), b):
            where = "" if b.ndim == 1 else f" along axis {axis}"
            return f"the order is reversed{where}", "Largest first, or smallest first?"
    if b.ndim >= 2 and agree(_sorted_rows(a), _sorted_rows(b)):
        return "the rows are right but stand in another order", "Was something sorted or shuffled on the way?"
    if b.ndim >= 2 and agree(np.sort(a, axis=-1), np.sort(b, axis=-1)):
        return "every row has the right numbers in another order", "Was a row sorted or shuffled on the way?"
    if agree(np.sort(a, axis=None), np.sort(b, axis=None)):
        return "the numbers are right but stand in another order", "Follow one of them: where does it go?"
    return None


def _explain_line(a: np.ndarray, b: np.ndarray, agree: Callable) -> tuple[str, str] | None:
    """Explain a constant factor or a constant offset."""
    # Any two single numbers differ by some factor and some offset: only a telling one is worth a sentence.
    few = b.size < 3 or np.all(b == b.flat[0])
    largest = np.unravel_index(np.argmax(np.abs(b)), b.shape)
    factor = float(a[largest] / b[largest]) if b[largest] else math.nan
    telling = (255.0, 1 / 255, 256.0, 1 / 256, 100.0, 0.01, 2.0, 0.5)
    if math.isfinite(factor) and factor and agree(a, factor * b):
        if not few or (b.size == 1 and any(math.isclose(factor, value, rel_tol=1e-6) for value in telling)):
            text = f"{factor:.6g}" if factor > 1 or factor < 0 else f"1/{1 / factor:.6g}"
            advice = "Look for a mean instead of a sum, a sum instead of a mean, or a scaling too many."
            return f"everything is {text} times the right value", advice
    offset = float(a.flat[0] - b.flat[0])
    if agree(a, b + offset) and (not few or (b.size == 1 and abs(offset) == 1)):
        advice = "Counting from 0 or from 1?" if abs(offset) == 1 else "Was something added too many?"
        return f"everything is off by the same amount, {offset:+.6g}", advice
    return None


def _sorted_rows(values: np.ndarray) -> np.ndarray:
    """Put rows in lexicographic order, so that the order they came in does not count."""
    rows = values.reshape(len(values), -1)
    return rows[np.lexsort(rows.T[::-1])] if rows.size else rows


def _count_wrong(got: np.ndarray, wanted: np.ndarray, right: np.ndarray) -> str:
    """Say how many values differ, and where the first one stands."""
    if got.ndim == 0:
        return "the number is not the right one"
    first = tuple(int(side) for side in np.argwhere(~right)[0])
    position = "[" + ", ".join(map(str, first)) + "]"
    return (
        f"{int((~right).sum())} of {wanted.size} values differ, the first at {position}: "
        f"got {_one(got[first])}, expected {_one(wanted[first])}"
    )


# --- how it is said ---------------------------------------------------------------------------------------


def _one(value: object) -> str:
    """Write one number as a person would."""
    value = np.asarray(value)
    return f"{value:.6g}" if value.dtype.kind == "f" else str(value)


def _describe(values: np.ndarray) -> str:
    """Put the shape and kind of an array into words."""
    return "a number" if values.ndim == 0 else f"an array of shape {values.shape} and dtype {values.dtype}"


def _show(values: np.ndarray) -> str:
    """Show small arrays in full, large ones by their shape and range."""
    if values.ndim == 0:
        return _one(values)
    if values.size <= _SHOWN:
        text = np.array2string(values, precision=5, suppress_small=True, max_line_width=90)
        return text.replace("\n", "\n" + " " * 11)
    finite = values[np.isfinite(values)]
    between = f", values from {_one(finite.min())} to {_one(finite.max())}" if finite.size else ""
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
            math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12) or (got != got and expected != expected)
        )
    elif isinstance(expected, list):
        if not isinstance(got, list):
            return f"{path} is {_brief(got)}, expected {_brief(expected)}"
        if len(got) != len(expected):
            return f"{path} has {len(got)} entries, expected {len(expected)}"
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


def _plain(value: object) -> object:
    """Turn NumPy values into Python ones and tuples into lists, so that equal things compare equal."""
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
