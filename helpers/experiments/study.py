"""What a study is: a question, and the runs that answer it, as a plan in code."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.experiments.provenance import COLUMNS, TEXT
from helpers.experiments.store import Row, Store, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).parents[1] / "results"
MEASURED = ("multiply_adds", "seconds", "cpu_seconds")  # of every run, whatever the study
Task = dict[str, Any]  # a run that is to be done: its settings and its seed


@dataclasses.dataclass(frozen=True)
class Study:
    """A question and how it is answered.

    Attributes
    ----------
    name : str
        What the command line calls it, and the name of its file in ``helpers/results``.
    question : str
    varied, tuned, fixed : str
        What is compared, what is chosen anew for each side and how far, and what all sides share, in words.
    settings : tuple of str
        The columns that say what a run does; with ``seed`` they tell runs apart.
    measures : tuple of str
        The columns that a run measures.
    plan : callable
        ``plan(rows) -> list of tasks``, each a dict of all settings and the seed. Given the rows that are there, it lists all
        runs that are wanted as far as they are known: a second stage appears once the first one is complete.
    run : callable
        ``run(task) -> dict`` of all measures and ``multiply_adds``. It depends on the task and nothing else.
    level : str
        The setting that tells the sides of the comparison apart.
    measure : str
        The measure that is compared; larger is better.
    stage : str, optional
        The value of the setting ``"stage"`` of the rows that answer the question, where there are several stages.
    paired : bool
        Whether runs with the same seed belong together.
    tolerance : float
        By how much a measure may differ when a run is repeated with other versions or on another processor.
    """

    name: str
    question: str
    varied: str
    tuned: str
    fixed: str
    settings: tuple[str, ...]
    measures: tuple[str, ...]
    plan: Callable[[Sequence[Row]], list[Task]]
    run: Callable[[Task], Mapping[str, Value]]
    level: str
    measure: str
    stage: str | None = None
    paired: bool = False
    tolerance: float = 0.01

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell runs apart."""
        return (*self.settings, "seed")

    def store(self, path: str | os.PathLike[str] | None = None) -> Store:
        """Return the file with its rows: that of the course, or another one."""
        columns = [*self.key, *self.measures, *MEASURED, *COLUMNS]
        return Store(RESULTS / f"{self.name}.csv" if path is None else path, columns, self.key, TEXT)

    def rows(self, path: str | os.PathLike[str] | None = None) -> list[Row]:
        """Return the rows that are there."""
        return self.store(path).read()

    def column(self, measure: str, *, times: float = 1.0, **settings: Value) -> NDArray[np.float64]:
        """Return a measure of the stored rows with these settings, in the order of their seeds.

        Parameters
        ----------
        measure : str
        times : float, optional
            100 for per cent.
        **settings
            What the rows have in common.

        Returns
        -------
        numpy.ndarray

        Raises
        ------
        ValueError
            If there is no such row.

        Examples
        --------
        >>> from helpers.experiments import catalogue
        >>> len(catalogue.find("hierarchy").column("fine", way="two heads", images=100))
        10
        """
        found = [row for row in self.rows() if all(row[name] == value for name, value in settings.items())]
        if not found:
            raise ValueError(f"{self.name} has no row with {settings}: run the study first, or ask for other settings")
        return np.array([times * float(row[measure]) for row in sorted(found, key=lambda row: row["seed"])])

    def answers(self, rows: Sequence[Row]) -> dict[Value, list[Row]]:
        """Return the rows that answer the question, by level and in the order of their seeds."""
        found: dict[Value, list[Row]] = {}
        for row in rows:
            if self.stage is None or row["stage"] == self.stage:
                found.setdefault(row[self.level], []).append(row)
        return {level: sorted(group, key=lambda row: row["seed"]) for level, group in found.items()}

    def missing(self, rows: Sequence[Row]) -> list[Task]:
        """Return the planned runs that have no row yet."""
        store = self.store()
        there = {store.identity(row) for row in rows}
        return [task for task in self.plan(rows) if store.identity(task) not in there]


def tuned(
    levels: Mapping[str, Sequence[float]],
    *,
    level: str,
    setting: str,
    measure: str,
    tuning_seeds: Sequence[int],
    seeds: Sequence[int],
    widenings: int = 4,
    **fixed: Any,
) -> Callable[[Sequence[Row]], list[Task]]:
    """Make a plan in two stages: tune one number for each level, then train each level with its best number and new seeds.

    Where the best number is the smallest or the largest that was tried, the range is widened by one more value (with the ratio
    of the last two) and the tuning goes on, so that the winner lies inside its range. Tuning looks at validation images; the
    seeds of the second stage took no part in it.

    Parameters
    ----------
    levels : mapping of str to sequence of float
        For each level, three or more positive numbers to begin with, in rising order.
    level, setting : str
        The settings that hold the level and the number.
    measure : str
        The mean of this measure over the tuning seeds decides; what is not a number loses.
    tuning_seeds, seeds : sequence of int
        No seed may be in both.
    widenings : int, optional
        At most so many values are added at each end.
    **fixed
        Settings that all runs share.

    Returns
    -------
    callable
        The `plan` of a :class:`Study`, whose settings include ``"stage"``: ``"tune"`` or ``"final"``.

    Examples
    --------
    >>> plan = tuned({"a": [0.1, 1.0, 10.0]}, level="way", setting="rate", measure="accuracy", tuning_seeds=[100], seeds=[0, 1])
    >>> tasks = plan([])
    >>> [task["rate"] for task in tasks]
    [0.1, 1.0, 10.0]
    >>> [task["rate"] for task in plan([task | {"accuracy": task["rate"]} for task in tasks])][3:]
    [100.0]
    >>> plan([task | {"accuracy": -abs(task["rate"] - 1)} for task in tasks])[3:]
    [{'way': 'a', 'rate': 1.0, 'stage': 'final', 'seed': 0}, {'way': 'a', 'rate': 1.0, 'stage': 'final', 'seed': 1}]
    """
    if set(tuning_seeds) & set(seeds):
        raise ValueError("the seeds of the second stage must be new ones: they would bring the luck of the tuning with them")
    if any(len(numbers) < 3 or sorted(numbers) != list(numbers) for numbers in levels.values()):
        raise ValueError("each level needs three or more numbers in rising order")

    def task(name, number, stage, seed):
        return {level: name, setting: number, **fixed, "stage": stage, "seed": seed}

    def scores(rows, name):
        """The mean of each number for which all tuning seeds are there."""
        found: dict[float, list[float]] = {}
        for row in rows:
            if row["stage"] == "tune" and row[level] == name and row["seed"] in tuning_seeds:
                found.setdefault(float(row[setting]), []).append(float(row[measure]))
        means = {number: float(np.mean(values)) for number, values in found.items() if len(values) == len(tuning_seeds)}
        return {number: -math.inf if math.isnan(mean) else mean for number, mean in means.items()}

    def plan(rows):
        tuning, final = [], []
        for name, numbers in levels.items():
            wanted, found = list(numbers), scores(rows, name)
            added = {"below": 0, "above": 0}
            while all(number in found for number in wanted):
                best = max(wanted, key=lambda number: found[number])
                end = "below" if best == wanted[0] else "above" if best == wanted[-1] else None
                if end is None or added[end] == widenings:
                    final += [task(name, best, "final", seed) for seed in seeds]
                    break
                added[end] += 1
                if end == "below":
                    wanted.insert(0, _round(wanted[0] ** 2 / wanted[1]))
                else:
                    wanted.append(_round(wanted[-1] ** 2 / wanted[-2]))
            tuning += [task(name, number, "tune", seed) for number, seed in itertools.product(wanted, tuning_seeds)]
        return tuning + final

    return plan


def _round(number):
    """Three digits, so that a number is the same before and after it was written to the file."""
    return float(f"{number:.3g}")
