"""Values that a lecture hands to its test: recorded in the executed notebook, invisible to the reader.

A sentence of a lecture rests on numbers. A test should read those numbers, not search for them in printed prose. So a lecture
ends with a cell that the book leaves out (tag ``remove-cell``)::

    from helpers.record import record

    record(best_k=best_k, accuracies=accuracies)

The build (``pipeline.execute``) sets ``COURSE_RECORD``; the values then go into the metadata of an output that shows nothing.
In a reader's own kernel `record` does nothing at all.
"""

from __future__ import annotations

import math
import numbers
import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nbformat import NotebookNode


VARIABLE = "COURSE_RECORD"
KEY = "course_values"  # of an output's metadata


def record(**values: object) -> None:
    """Record values by name, for the tests that read the executed lecture.

    Parameters
    ----------
    **values : bool, int, float, str, None, NumPy scalar or array, or lists, tuples and dictionaries of these
        Arrays and tuples are recorded as lists. Keys of dictionaries must be strings.

    Raises
    ------
    TypeError
        For a value of another type; the message names it.
    ValueError
        For a number that JSON cannot hold (nan, inf).

    Examples
    --------
    >>> record(accuracy=np.float32(0.5), shape=(28, 28, 1))
    """
    plain = {name: _plain(value, name) for name, value in values.items()}
    if os.environ.get(VARIABLE):
        from IPython.display import publish_display_data

        publish_display_data({}, metadata={KEY: plain})


def recorded(notebook: NotebookNode) -> dict[str, Any]:
    """Read the values that an executed lecture has recorded.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook.

    Returns
    -------
    dict
        Name -> value as `record` got it, with lists for arrays and tuples.

    Raises
    ------
    ValueError
        If a name was recorded twice.

    Examples
    --------
    >>> from types import SimpleNamespace as Node
    >>> output = {"output_type": "display_data", "data": {}, "metadata": {"course_values": {"best_k": 7}}}
    >>> recorded(Node(cells=[{"cell_type": "code", "outputs": [output]}]))
    {'best_k': 7}
    """
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for name, value in output.get("metadata", {}).get(KEY, {}).items():
                if name in found:
                    raise ValueError(f"{name} is recorded twice: give the second value a name of its own")
                found[name] = value
    return found


def _plain(value: Any, name: str) -> Any:
    """Turn a value into what JSON holds."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        if not math.isfinite(value):
            raise ValueError(f"{name}: {value} cannot be recorded, only finite numbers can")
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if isinstance(value, dict):
        strange = [key for key in value if not isinstance(key, str)]
        if strange:
            raise TypeError(f"{name}: the key {strange[0]!r} is not a string: record str(key), or a list of pairs")
        return {key: _plain(item, f"{name}[{key!r}]") for key, item in value.items()}
    raise TypeError(f"{name}: a {type(value).__name__} cannot be recorded: pass numbers, strings, lists, dictionaries or arrays")
