"""Arguments of the test's that a student's function has changed in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from grading.checker.proxies import StudentError


def update(mine: Any, theirs: Any) -> None:
    """Give a list, dict, set or array of the test's the content of another of the same kind.

    Parameters
    ----------
    mine : list, dict, set, deque, bytearray or ndarray
    theirs : object
        What came back from the student's process: plain data.

    Raises
    ------
    grading.checker.proxies.StudentError
        If it is of another type, or an array of another dtype or shape.

    Examples
    --------
    >>> given = [1, 2]
    >>> update(given, [3])
    >>> given
    [3]
    """
    if isinstance(mine, np.ndarray):
        fits = type(theirs) is np.ndarray and (theirs.dtype, theirs.shape) == (mine.dtype, mine.shape) and mine.flags.writeable
        if fits:
            np.copyto(mine, theirs)
    elif isinstance(mine, dict):
        if fits := type(theirs) is dict or (isinstance(theirs, dict) and type(theirs) is type(mine)):
            items = list(theirs.items())
            mine.clear()
            dict.update(mine, items)
    elif isinstance(mine, set):
        if fits := type(theirs) is set:
            items = list(theirs)
            mine.clear()
            mine.update(items)
    else:
        if fits := type(theirs) in mine.__class__.__mro__:
            items = list(theirs)
            mine.clear()
            mine.extend(items)
    if not fits:
        raise StudentError(f"an argument came back from the student's function as another type than {type(mine).__name__}")
