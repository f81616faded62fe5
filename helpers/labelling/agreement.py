"""How far two people agree about labels: Cohen's kappa, with its interval."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.labelling.store import Labels

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Agreement:
    """What two people have said about the same pictures.

    Attributes
    ----------
    classes : tuple of str
    table : numpy.ndarray of int
        Shape (classes, classes): entry i, j counts the pictures that the first called i and the second j.
    differ : tuple of (str, str, str)
        Path and both labels of each picture on which they differ.
    """

    classes: tuple[str, ...]
    table: NDArray[np.intp]
    differ: tuple[tuple[str, str, str], ...]

    @property
    def both(self) -> int:
        """How many pictures both have labelled."""
        return int(self.table.sum())

    @property
    def observed(self) -> float:
        """Share of pictures with the same label."""
        return float(np.trace(self.table) / self.both)

    @property
    def by_chance(self) -> float:
        """Share that would be the same if each drew labels at random, as often as they were given (Cohen, 1960)."""
        shares = self.table / self.both
        return float(shares.sum(axis=1) @ shares.sum(axis=0))

    @property
    def kappa(self) -> float:
        """Cohen's kappa: 1 if they always agree, 0 if as often as by chance; NaN if both gave one and the same label only."""
        chance = self.by_chance
        return float("nan") if chance == 1 else (self.observed - chance) / (1 - chance)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of kappa for many pictures (Fleiss, Cohen and Everitt, 1969, equation 13); NaN where kappa is."""
        shares = self.table / self.both
        rows, columns = shares.sum(axis=1), shares.sum(axis=0)
        kappa, chance = self.kappa, self.by_chance
        if np.isnan(kappa):
            return float("nan"), float("nan")
        together = rows[None, :] + columns[:, None]  # entry i, j: how often j is given by the first and i by the second
        same = np.sum(np.diag(shares) * (1 - np.diag(together) * (1 - kappa)) ** 2)
        off = (1 - kappa) ** 2 * np.sum((shares * together**2)[~np.eye(len(shares), dtype=bool)])
        spread = (same + off - (kappa - chance * (1 - kappa)) ** 2) / (1 - chance) ** 2 / self.both
        half = 1.959964 * np.sqrt(max(spread, 0.0))
        return float(kappa - half), float(min(kappa + half, 1.0))

    def __str__(self) -> str:
        """Return the agreement in one line."""
        low, high = self.interval
        return (
            f"{self.both:,} pictures, {self.observed:.0%} with the same label; kappa {self.kappa:.2f} "
            f"(95 % interval {low:.2f} to {high:.2f})"
        )


def agreement(first: Mapping[str, str] | str | os.PathLike[str], second: Mapping[str, str] | str | os.PathLike[str]) -> Agreement:
    """Compare the labels of two people.

    Parameters
    ----------
    first, second : mapping of str to str, or path
        Path -> label, or a file of labels.

    Returns
    -------
    Agreement
        About the pictures that both have labelled.

    Raises
    ------
    ValueError
        If there is no such picture.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> anna = {"1": "cup", "2": "cup", "3": "plate", "4": "plate"}
    >>> ben = {"1": "cup", "2": "plate", "3": "plate", "4": "plate", "5": "cup"}
    >>> found = agreement(anna, ben)
    >>> found.kappa, found.differ
    (0.5, (('2', 'cup', 'plate'),))
    """
    one, two = _labels(first), _labels(second)
    shared = [path for path in one if path in two]
    if not shared:
        raise ValueError("there is no picture that both have labelled: their files must name the pictures in the same way")
    classes = tuple(sorted({labels[path] for labels in (one, two) for path in shared}))
    table = np.zeros((len(classes), len(classes)), np.intp)
    for path in shared:
        table[classes.index(one[path]), classes.index(two[path])] += 1
    return Agreement(classes, table, tuple((path, one[path], two[path]) for path in shared if one[path] != two[path]))


def _labels(source):
    if isinstance(source, Mapping):
        return dict(source)
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file of labels {str(path)!r}")
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        names = {row[2] for row in csv.reader(file) if len(row) == 3} - {"", "label"}
    return Labels(path, sorted(names | {"no label", "no other label"})).read()
