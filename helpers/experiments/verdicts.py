"""One rule for all comparisons: is one thing better than the other, or could luck alone have done it?

In the studies the sign ± has one meaning: half the width of the 95 % confidence interval of what stands before it, be it the
mean of some runs or the difference of two means. A standard deviation is called by its name.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.rounding import decimals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a comparison says; printed, it is a sentence.

    Attributes
    ----------
    mean : float
        By how much the first mean is larger.
    half_width : float
        The interval is mean ± half_width.
    runs : tuple of int
        How many numbers each side had.
    paired : bool
    comparisons : int
        How many differences are looked at together; all their intervals are right with 95 % probability.
    """

    mean: float
    half_width: float
    runs: tuple[int, int]
    paired: bool
    comparisons: int

    @property
    def shown(self) -> bool:
        """Whether the interval leaves 0 out: a difference is shown. If not, nothing is shown, equality neither."""
        return bool(abs(self.mean) > self.half_width)

    @property
    def word(self) -> str:
        """``"higher"``, ``"lower"`` or ``"not told apart"``."""
        return "not told apart" if not self.shown else "higher" if self.mean > 0 else "lower"

    def __str__(self) -> str:
        number = f"{self.mean:+.{decimals(self.half_width)}f} ± {self.half_width:.{decimals(self.half_width)}f}"
        first, second = self.runs
        how = f"{first} pairs" if self.paired else f"{first} runs each" if first == second else f"{first} and {second} runs"
        many = f", one of {self.comparisons} comparisons" if self.comparisons > 1 else ""
        return f"{number} ({how}{many}): {self.word}"


def verdict(a: ArrayLike, b: ArrayLike, *, paired: bool = False, comparisons: int = 1, confidence: float = CONFIDENCE) -> Verdict:
    """Compare two ways of doing something by what several runs of each reached.

    The interval is Student's for pairs and Welch's otherwise, which lets the standard deviations differ. Bonferroni's
    correction divides the risk among the comparisons.

    Parameters
    ----------
    a, b : array-like of float
        One number for each run, two or more.
    paired : bool, optional
        Whether ``a[i]`` and ``b[i]`` belong together: the same seed with the same initial weights, the same fold, the same split
        of the data. The runs' common luck then cancels. Two trainings that share nothing but the number of their seed are no
        pair, although calling them one does no harm but to the width of the interval.
    comparisons : int, optional
        How many differences are looked at together, whether reported or not. Who picks the best of k and then compares it
        with each of the others has looked at all k (k - 1) / 2 pairs.
    confidence : float, optional
        The probability that all those intervals are right.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        If there are fewer than two numbers, paired numbers do not match, or there is less than one comparison.

    Notes
    -----
    Three runs are few: the interval is then wide and mostly luck itself, and a true gain of two standard deviations is shown
    in half of the cases; with ten runs it nearly always is. Take 10 seeds, or 5 where a run takes longer than ten minutes.

    Examples
    --------
    >>> print(verdict([81.0, 82.0, 83.0], [78.0, 79.0, 80.0]))
    +3.0 ± 2.3 (3 runs each): higher
    >>> print(verdict([81.0, 82.0, 83.0], [78.0, 79.0, 80.0], comparisons=21))
    +3 ± 6 (3 runs each, one of 21 comparisons): not told apart
    >>> verdict([81.0, 82.5, 83.0], [80.0, 81.4, 82.2], paired=True).shown
    True
    """
    first, second = (np.asarray(numbers, dtype=float).ravel() for numbers in (a, b))
    if comparisons < 1:
        raise ValueError(f"comparisons={comparisons}: there is at least this one")
    if min(len(first), len(second)) < 2:
        raise ValueError("one run says nothing about luck: two or more of each are needed")
    if paired and len(first) != len(second):
        raise ValueError(f"pairs need as many of one as of the other, not {len(first)} and {len(second)}")
    if paired:
        mean, half = interval(first - second, comparisons=comparisons, confidence=confidence)
    else:
        mean, half = _welch(first, second, comparisons, confidence)
    return Verdict(mean, half, (len(first), len(second)), paired, comparisons)


def interval(numbers: ArrayLike, *, comparisons: int = 1, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return a mean and half the width of its confidence interval (Student's): what ± stands for.

    Parameters
    ----------
    numbers : array-like of float
        One for each run.
    comparisons : int, optional
        How many such intervals are to be right together.
    confidence : float, optional

    Returns
    -------
    mean, half_width : float
        The latter is ``nan`` for a single number.

    Examples
    --------
    >>> mean, half = interval([81.0, 82.0, 83.0])
    >>> f"{mean:.1f} ± {half:.1f}"
    '82.0 ± 2.5'
    """
    from scipy import stats

    numbers = np.asarray(numbers, dtype=float)
    if len(numbers) < 2:
        return float(numbers.mean()), math.nan
    quantile = stats.t.ppf(1 - (1 - confidence) / comparisons / 2, len(numbers) - 1)
    return float(numbers.mean()), float(quantile * numbers.std(ddof=1) / math.sqrt(len(numbers)))


def proportion(right: int, of: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the confidence interval of a share, such as an accuracy on test images (Wilson, 1927).

    It holds for the luck of which images the test has, one network given; the luck of training is not in it.

    Parameters
    ----------
    right, of : int
        So many of so many.
    confidence : float, optional

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> low, high = proportion(9120, 10_000)
    >>> f"{low:.2%} to {high:.2%}"
    '90.63% to 91.74%'
    """
    from scipy import stats

    found = stats.binomtest(right, of).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def _welch(first, second, comparisons, confidence):
    """Welch's interval for the difference of two means."""
    from scipy import stats

    parts = [numbers.var(ddof=1) / len(numbers) for numbers in (first, second)]
    mean = float(first.mean() - second.mean())
    if not sum(parts) > 0:
        return mean, 0.0 if sum(parts) == 0 else math.nan
    freedom = sum(parts) ** 2 / sum(share**2 / (len(numbers) - 1) for share, numbers in zip(parts, (first, second), strict=True))
    risk = (1 - confidence) / comparisons
    return mean, float(stats.t.ppf(1 - risk / 2, freedom) * math.sqrt(sum(parts)))


def against_best(groups: Mapping[Any, Sequence[float]], *, paired: bool = False) -> dict[Any, Verdict]:
    """Compare the best of several with each of the others.

    Parameters
    ----------
    groups : dict
        For each its numbers; higher is better.
    paired : bool, optional

    Returns
    -------
    dict
        For all but the best its verdict (what it lacks, so never above 0), the best first. Every pair counts as a comparison,
        because whoever looks for the best compares them all.

    Examples
    --------
    >>> for name, told in against_best({"a": [1, 2, 3], "b": [11, 12, 13], "c": [10, 12, 13]}).items():
    ...     print(name, told)
    c -0 ± 5 (3 runs each, one of 3 comparisons): not told apart
    a -10 ± 3 (3 runs each, one of 3 comparisons): lower
    """
    order = sorted(groups, key=lambda name: -float(np.mean(groups[name])))
    pairs = len(order) * (len(order) - 1) // 2
    return {name: verdict(groups[name], groups[order[0]], paired=paired, comparisons=pairs) for name in order[1:]}
