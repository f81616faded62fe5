"""What may be wrong with an array of numbers: a pair of sentences, a diagnosis and an advice, for `helpers.checks`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Agree = Callable[[Array, Array], bool]
Reason = tuple[str, str]
BY_HAND = "Look at the first one that differs by hand."  # where no reason is known


def of_shape(got: Array, wanted: Array, agree: Agree) -> Reason:
    """Explain two different shapes."""
    shapes = f"the shape is {got.shape}, expected {wanted.shape}"
    if wanted.ndim == 0:
        return f"an array of shape {got.shape}, expected a single number", "Is an axis=... too many?"
    if got.ndim == wanted.ndim == 2 and got.shape == wanted.shape[::-1]:
        return f"{shapes}: transposed", "Which of the two comes first, rows or columns?"
    if got.ndim == wanted.ndim and sorted(got.shape) == sorted(wanted.shape):
        return f"{shapes}: the axes stand in another order", "Look for a transpose or a reshape; rows come before columns."
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
    if got.ndim == wanted.ndim:
        ratios = {got.shape[axis] / wanted.shape[axis] for axis in different if wanted.shape[axis]}
        if len(ratios) == 1 and len(different) > 1:
            return (
                f"{shapes}: {ratios.pop():.3g} times as long along axes {different}",
                "Is a stride, a pooling or a step missing, or one too many?",
            )
        if len(different) == 1:
            return f"{shapes}: axis {different[0]} differs", "What decides how long that axis is?"
        if len({got.shape[axis] - wanted.shape[axis] for axis in different}) == 1:
            return f"{shapes}: the same amount along axes {different}", "Look at the padding, or at what the window takes away."
    return shapes, "Print the shape after every step to see where it parts from the plan."


def of_kind(got: Array, wanted: Array) -> Reason | None:
    """Explain a wrong kind of number, or return None if the kind is fine."""
    if wanted.dtype.kind in "iu" and got.dtype.kind == "f":
        if np.isfinite(got).all() and (got == np.round(got)).all():
            return (
                f"whole numbers are expected, these are {got.dtype}",
                "Labels, indices and counts are integers: look for a / where a // belongs, or a mean.",
            )
        if np.isfinite(got).all():
            return "whole numbers are expected, these are fractions", "Is a // or a rounding missing?"
    if wanted.dtype.kind == "b" and got.dtype.kind != "b":
        return f"True or False is expected, these are numbers ({got.dtype})", "Is a comparison missing?"
    if wanted.dtype.kind != "b" and got.dtype.kind == "b":
        return "numbers are expected, these are True and False", "Is a count, a mean or an index missing?"
    return None


def of_values(got: Array, wanted: Array, agree: Agree, right: Array) -> Reason:
    """Explain different values of the same shape and kind.

    Parameters
    ----------
    got, wanted : ndarray
    agree : callable
        Whether two arrays are equal up to the tolerance.
    right : ndarray of bool
        Which values are right.

    Returns
    -------
    diagnosis, advice : str

    Examples
    --------
    >>> got, wanted = np.array([1.0, 2.0, 0.0]), np.array([1.0, 2.0, 4.0])
    >>> of_values(got, wanted, np.array_equal, got == wanted)[1]
    'Does a loop or a slice end too early?'
    """
    if wanted.dtype.kind == "b":
        if (got != wanted).all() and got.size > 1:
            return "True and False are swapped everywhere", "Turn the comparison round."
        wrongly = "True" if not (wanted & ~right).any() else "False" if not (~wanted & ~right).any() else ""
        advice = f"All of them are {wrongly} wrongly: is a condition missing, or a limit itself?" if wrongly else ""
        return _count_wrong(got, wanted, right), advice or _place(got, wanted, right)[1] or BY_HAND
    a, b = got.astype(float), wanted.astype(float)
    if not np.isfinite(a[np.isfinite(b)]).all():
        return _not_finite(a)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return _count_wrong(got, wanted, right), "Some are expected to be NaN or infinite: which case is that?"
    if not a.any() and b.any():
        if a.ndim == 0:
            return "the number is 0", "Is it added up at all, and not divided as whole numbers?"
        return "every value is 0", "Is the result array filled before it is returned?"
    if a.size > 1 and np.all(a == a.flat[0]) and not np.all(b == b.flat[0]):
        return f"every value is {a.flat[0]:g}", "Does the result depend on the input at all?"
    for explanation in (_wrap, _power, _order, _rounded, _line, _shifted, _rows):
        reason = explanation(a, b, agree)
        if reason:
            return reason
    if b.ndim == 0:
        return _one_number(float(a), float(b))
    where, advice = _place(a, b, right)
    return _count_wrong(got, wanted, right) + where, advice or BY_HAND


def _not_finite(a: Array) -> Reason:
    advice = "Look for a division by zero, or a root of what rounding left slightly below zero."
    if a.ndim == 0:
        return f"the number is {'NaN' if np.isnan(a) else 'infinite'}", advice
    return f"{int(np.isnan(a).sum())} values are NaN and {int(np.isinf(a).sum())} infinite, of {a.size}", advice


def _one_number(a: float, b: float) -> Reason:
    """Explain a single wrong number."""
    if 0 < b < 1 and math.isclose(a, 1 - b, rel_tol=1e-4):
        return "the number is 1 minus the right one", "Of what is it the share: of the right ones, or of the wrong ones?"
    if b and a and math.isclose(a, 1 / b, rel_tol=1e-4):
        return "the number is 1 divided by the right one", "What is divided by what?"
    if a == -b:
        return "the sign is wrong", "What is subtracted from what?"
    apart = f"{abs(a - b):.3g} too {'large' if a > b else 'small'}"
    if b and a / b > 0 and a / b != 1:
        apart += f", {a / b:.3g} times the right one"
    advice = (
        "Is something counted twice, or not divided by?"
        if abs(a) > abs(b)
        else "Is something left out, or divided by once too often?"
    )
    return f"the number is not the right one: {apart}", advice


def _rounded(a: Array, b: Array, agree: Agree) -> Reason | None:
    """Explain numbers that are nearly right."""
    if not agree(b, np.round(b)):
        for how, text in ((np.floor, "rounded down"), (np.round, "rounded"), (np.ceil, "rounded up")):
            if agree(a, how(b)):
                return f"the right numbers, but {text} to whole ones", "Look for a //, an int(...) or an array of whole numbers."
    if a.size > 1 and b.min() < a.min() + 1e-12 and agree(a, np.clip(b, a.min(), a.max())):
        return f"right, but cut off at {one(a.max())}", "Is there a clip, a minimum or a type too small for the larger ones?"
    if a.size > 1 and agree(a, np.clip(b, a.min(), None)):
        return f"right, but nothing is below {one(a.min())}", "Is there a clip or a maximum too many?"
    if a.size > 1 and agree(a, 1 - b):
        return "every number is 1 minus the right one", "Of what are they the shares?"
    largest = float(np.abs(b).max())
    if largest and float(np.abs(a - b).max()) < 1e-3 * largest and b.ndim:
        return (
            "the numbers are nearly right, to about three digits",
            "Was something rounded on the way, or is a small term missing?",
        )
    return None


def _shifted(a: Array, b: Array, agree: Agree) -> Reason | None:
    """Explain the right numbers one place further, running sums, and differences."""
    for axis in range(b.ndim):
        if b.shape[axis] < 3:
            continue
        mine, theirs = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
        where = "" if b.ndim == 1 else f" along axis {axis}"
        if agree(mine[1:], theirs[:-1]) and not agree(mine[1:], theirs[1:]):
            return f"the right numbers, but one place too late{where}", "Where does the index or the slice begin?"
        if agree(mine[:-1], theirs[1:]) and not agree(mine[:-1], theirs[:-1]):
            return f"the right numbers, but one place too early{where}", "Where does the index or the slice begin?"
        if agree(a, np.cumsum(b, axis=axis)):
            return f"these are running sums of the right numbers{where}", "Is something added up in the loop that should not be?"
    return None


def _rows(a: Array, b: Array, agree: Agree) -> Reason | None:
    """Explain rows that are multiples of the right ones, or off by an amount of their own."""
    if b.ndim < 2 or b.shape[-1] < 3 or b.shape[0] < 2:
        return None
    rows, wanted = a.reshape(len(a), -1), b.reshape(len(b), -1)
    length = (wanted**2).sum(axis=1, keepdims=True)
    if (length > 0).all():
        factor = (rows * wanted).sum(axis=1, keepdims=True) / length
        if np.all(factor) and agree(rows, factor * wanted):
            return (
                "each row is the right one times a number of its own",
                "By what is each row to be divided: its sum, its length, its largest?",
            )
    if agree(rows - rows.mean(axis=1, keepdims=True), wanted - wanted.mean(axis=1, keepdims=True)):
        return "each row is the right one plus a number of its own", "What is subtracted from each row?"
    return None


def _place(a: Array, b: Array, right: Array) -> Reason:
    """Where the wrong values stand, and what that suggests; two empty texts where it suggests nothing."""
    wrong = ~right
    if wrong.all() or a.size < 2:
        return _all_wrong(a, b)
    for axis in range(b.ndim):
        places = np.unique(np.argwhere(wrong)[:, axis])
        if len(places) == 1 and b.shape[axis] > 1 and wrong.sum() > b.ndim - 1:
            kind = ("row", "column")[axis] if b.ndim == 2 else "one" if b.ndim == 1 else f"along axis {axis}"
            if places[0] == b.shape[axis] - 1:
                return f"; only the last {kind} is wrong", "Does a loop or a slice end too early?"
            if places[0] == 0:
                return f"; only the first {kind} is wrong", "Does a loop begin too late, or is the start a case of its own?"
            if wrong.sum() > 1:
                return f"; all of them in {kind} {places[0]}", "What is special about it?"
    if b.ndim == 2 and b.shape[0] == b.shape[1] and not (wrong & ~np.eye(len(b), dtype=bool)).any():
        return "; only on the diagonal", "There, something meets itself: is that a case of its own?"
    border = np.ones(b.shape, dtype=bool)
    border[tuple(slice(1, -1) if side > 2 else slice(None) for side in b.shape)] = False
    if b.ndim >= 2 and not (wrong & ~border).any():
        return "; only at the border", "How is the border treated: padding, or where a slice ends?"
    values = np.unique(a[wrong])
    if len(values) == 1 and wrong.sum() > 1:
        if values[0] == 0:
            return "; the wrong ones are all 0", "Are these places filled at all, or is a condition too strict?"
        return f"; the wrong ones are all {one(values[0])}", "Which case puts that number there?"
    if right.mean() >= 0.5:
        return (
            "; the others are right",
            "Most cases are right: which rule do only these ones need (equal values, limits, the last part)?",
        )
    return _all_wrong(a[wrong], b[wrong])


def _all_wrong(a: Array, b: Array) -> Reason:
    if b.dtype.kind == "b" or a.size < 2:
        return "", ""
    if (np.abs(a) > np.abs(b)).all() and (a * b >= 0).all():
        return "; all of these are too large", "Is something counted twice, or a division missing?"
    if (np.abs(a) < np.abs(b)).all() and (a * b >= 0).all():
        return "; all of these are too small", "Is something left out, or divided by once too often?"
    return "", ""


def _wrap(a: Array, b: Array, agree: Agree) -> Reason | None:
    """Explain arithmetic in uint8: right up to a multiple of 256."""
    if b.ndim == 0:  # a single number may be anything
        return None
    whole = (b == np.round(b)).all() and (a == np.round(a)).all()
    if whole and (a >= 0).all() and (a < 256).all() and agree(a, np.mod(b, 256)):
        return (
            "right except for multiples of 256: the arithmetic wrapped around",
            "uint8 holds 0 to 255 only: convert with .astype(float) before you calculate.",
        )
    return None


def _power(a: Array, b: Array, agree: Agree) -> Reason | None:
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


def _order(a: Array, b: Array, agree: Agree) -> Reason | None:
    """Explain the right numbers in the wrong places."""
    if b.ndim == 0 or b.size < 2:
        return None
    if b.ndim == 2 and b.shape[0] == b.shape[1] and agree(a.T, b):
        return "the matrix is transposed", "Which of the two comes first, rows or columns?"
    for axis in range(b.ndim):
        if agree(np.flip(a, axis), b) and b.ndim >= 3 and axis == b.ndim - 1 and b.shape[axis] == 3:
            return "the colour channels stand in the reverse order", "Red first, or blue first?"
        if agree(np.flip(a, axis), b) and b.shape == (2,):
            return "the two numbers are exchanged", "Which of them comes first?"
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


def _line(a: Array, b: Array, agree: Agree) -> Reason | None:
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


def _sorted_rows(values: Array) -> Array:
    """Put rows in lexicographic order, so that the order they came in does not count."""
    rows = values.reshape(len(values), -1)
    return rows[np.lexsort(rows.T[::-1])] if rows.size else rows


def _count_wrong(got: Array, wanted: Array, right: Array) -> str:
    """Say how many values differ, and where the first one stands."""
    if got.ndim == 0:
        return "the number is not the right one"
    first = tuple(int(side) for side in np.argwhere(~right)[0])
    position = "[" + ", ".join(map(str, first)) + "]"
    return (
        f"{int((~right).sum())} of {wanted.size} values differ, the first at {position}: "
        f"got {one(got[first])}, expected {one(wanted[first])}"
    )


def one(value: object) -> str:
    """Write one number as a person would."""
    value = np.asarray(value)
    return f"{value:.6g}" if value.dtype.kind == "f" else str(value)
