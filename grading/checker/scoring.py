"""The points of a test cell: what it came to, and partial credit."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from grading.checker.proxies import StudentValue


class Verdict(NamedTuple):
    """What a test cell came to.

    Attributes
    ----------
    score : float
        In [0, points].
    message : str or None
        Why points were lost, or what is odd about the score; None if there is nothing to say.
    hidden : bool
        Whether the message came from a hidden test.
    """

    score: float
    message: str | None
    hidden: bool


def partial_credit(value: object, points: float) -> tuple[float, str | None]:
    """The points for a test cell whose last line has a value.

    As in nbgrader, a number is the score and anything else leaves all points. Beyond it, a truth value counts as one, a
    text such as ``"2/4"`` as a share, and every score is kept within [0, points].

    Parameters
    ----------
    value : object
        What the last line of the cell evaluates to; not None.
    points : float
        What the cell is worth.

    Returns
    -------
    score : float
        In [0, points].
    message : str or None
        The reason, where it is not the plain number.

    Examples
    --------
    >>> import numpy as np
    >>> partial_credit(np.float64(2.5), 4)
    (2.5, 'partial credit: 2.5 of 4')
    >>> partial_credit(-1, 4)
    (0.0, 'the test gave -1 of 4 points: taken as 0')
    >>> partial_credit("2/4", 4)
    (2.0, "partial credit: '2/4' of 4")
    """
    import numpy as np

    points = float(points)
    if isinstance(value, StudentValue):
        return 0.0, f"the test ends in {value!r}, which is no score"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_):
        return (points, None) if value else (0.0, "the test's last line is False")
    share = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*", value) if isinstance(value, str) else None
    if share and float(share[2]) > 0:
        number = float(share[1]) / float(share[2]) * points
    elif isinstance(value, str) and re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", value):
        number = float(value)
    elif isinstance(value, int | float | np.integer | np.floating):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf if value > 0 else -math.inf
    else:
        return points, None
    shown = repr(value.item() if isinstance(value, np.generic) else value)[:40]
    if math.isnan(number):
        return 0.0, "the test gave nan as a score: taken as 0"
    if number < 0:
        return 0.0, f"the test gave {shown} of {points:g} points: taken as 0"
    if number > points:
        return points, f"the test gave {shown} of {points:g} points: taken as {points:g}"
    return number, None if number == points else f"partial credit: {shown} of {points:g}"
