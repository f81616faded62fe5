"""Random numbers that a student's function draws go on from where those of the test are."""

from __future__ import annotations

import random
from typing import Any, cast

import numpy as np


class RandomNumbers:
    """The state of NumPy's and Python's random numbers, and what of it the student's process was told.

    Examples
    --------
    >>> numbers = RandomNumbers()
    >>> numbers.forget()
    >>> numbers.news() is None
    True
    >>> random.seed(3)
    >>> sorted(numbers.news())
    ['numpy', 'python']
    """

    def __init__(self) -> None:
        self._told: object = None

    def news(self) -> dict[str, object] | None:
        """The state to start from, if the test has seeded or drawn any since this was last asked."""
        state, key = _state()
        if self._told is None:
            self._told = key
        if key == self._told:
            return None
        self._told = key
        return state

    def forget(self) -> None:
        """Take the present state as the one to start from."""
        _, self._told = _state()

    def now(self) -> dict[str, Any]:
        """All that there is to know about this moment."""
        return {"state": _state()[0], "told": self._told}

    def back(self, numbers: dict[str, Any]) -> None:
        """Go on from an earlier moment."""
        np.random.set_state(numbers["state"]["numpy"])
        random.setstate(numbers["state"]["python"])
        self._told = numbers["told"]


def _state() -> tuple[dict[str, object], object]:
    """The state, and what tells two states apart."""
    ours, pythons = cast("tuple[Any, ...]", np.random.get_state(legacy=True)), random.getstate()
    return {"numpy": ours, "python": pythons}, (ours[1].tobytes(), ours[2:], pythons)
