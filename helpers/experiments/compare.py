"""What the runs say: groups, ranked tables, intervals for differences, figures, and the bill."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from helpers.experiments.recipes import BATCH, FACTORS, Recipe
from helpers.experiments.verdicts import interval, verdict

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from helpers.experiments.runs import Run

Level = TypeVar("Level", str, float)
By = Literal["accuracy", "loss"]


def one_factor(
    runs: Iterable[Run],
    factor: Literal["regulariser", "initialiser", "optimiser", "strength", "rate"],
    baseline: Recipe | None = None,
) -> dict[Any, list[Run]]:
    """Pick the runs that differ from the baseline in one factor only.

    Parameters
    ----------
    runs : iterable of Run
    factor : {"regulariser", "initialiser", "optimiser", "strength", "rate"}
        Regularisers count at `STRENGTH` and optimisers at Keras's own learning rate; ``"strength"`` and ``"rate"`` let these
        vary with everything else, the regulariser or optimiser included, as in the baseline.
    baseline : Recipe, optional
        Default: ``Recipe()``.

    Returns
    -------
    dict of str (of float for ``"strength"`` and ``"rate"``) to list of Run
        For each level its runs, in the order of their seeds. The baseline's own runs are among them.

    Raises
    ------
    ValueError
        If no run fits, or those that fit were trained on different sizes or data.
    """
    baseline = Recipe() if baseline is None else baseline
    groups: dict[Any, list[Run]] = {}
    for run in runs:
        level = getattr(run.recipe, factor)
        change = {factor: level}
        if factor == "regulariser":
            change["strength"] = None
        if factor == "optimiser":
            change["rate"] = None
        if run.recipe == dataclasses.replace(baseline, **change):
            groups.setdefault(level, []).append(run)
    if not groups:
        raise ValueError(f"no run differs from {baseline} in its {factor} only")
    sizes = {(run.images, run.checks, run.epochs, run.data) for group in groups.values() for run in group}
    if len(sizes) > 1:
        raise ValueError(f"these runs cannot be compared: (images, checks, epochs, data) are {sorted(sizes)}")
    order = FACTORS.get(factor, sorted(groups))
    return {level: sorted(groups[level], key=lambda run: run.seed) for level in order if level in groups}


def by_recipe(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Group runs by their recipe, whatever it is.

    Parameters
    ----------
    runs : iterable of Run

    Returns
    -------
    dict of str to list of Run
        By `Recipe.name`, in the order in which the recipes first appear.
    """
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.recipe.name, []).append(run)
    return groups


def values(group: Iterable[Run], what: str = "accuracy") -> NDArray[np.float64]:
    """Return one number of each run as an array.

    Parameters
    ----------
    group : sequence of Run
    what : str
        A field of `Run`.

    Returns
    -------
    numpy.ndarray
        Shape (runs,); for ``"accuracies"`` (runs, epochs).
    """
    return np.array([getattr(run, what) for run in group], dtype=float)


def spread(numbers: ArrayLike) -> tuple[float, float]:
    """Return mean and standard deviation (divisor n - 1) of some numbers; the latter ``nan`` for a single one.

    Examples
    --------
    >>> spread([1.0, 2.0, 3.0])
    (2.0, 1.0)
    """
    numbers = np.asarray(numbers, dtype=float)
    return float(numbers.mean()), float(numbers.std(ddof=1)) if len(numbers) > 1 else math.nan


def difference(first: ArrayLike, second: ArrayLike, comparisons: int = 1, confidence: float = 0.95) -> tuple[float, float]:
    """Estimate the difference of two means, with an interval that holds for several comparisons at once.

    Welch's interval, which lets the spreads differ; Bonferroni's correction divides the risk of error among the comparisons.

    Parameters
    ----------
    first, second : array-like of float
        One number for each run, at least two each.
    comparisons : int
        How many differences are looked at together.
    confidence : float
        The probability that all their intervals are right.

    Returns
    -------
    mean, half_width : float
        The interval is mean ± half_width. The two are told apart if it leaves 0 out.

    Examples
    --------
    >>> mean, half = difference([0.81, 0.82, 0.83], [0.78, 0.79, 0.80])
    >>> f"{mean:.3f} ± {half:.3f}"
    '0.030 ± 0.023'
    >>> f"{difference([0.81, 0.82, 0.83], [0.78, 0.79, 0.80], comparisons=21)[1]:.3f}"
    '0.056'
    """
    told = verdict(first, second, comparisons=comparisons, confidence=confidence)
    return told.mean, told.half_width


def ranked(groups: Mapping[Level, Sequence[Run]], by: By = "accuracy") -> list[Level]:
    """Return the levels, best first.

    Parameters
    ----------
    groups : mapping of str to sequence of Run
    by : {"accuracy", "loss"}
        Whose mean decides; where it is equal, the other one does. What is not a number comes last.

    Returns
    -------
    list of str
    """
    if by not in ("accuracy", "loss"):
        raise ValueError(f"by={by!r}: rank by 'accuracy' or by 'loss'")

    def place(level: Level) -> list[tuple[bool, float]]:
        keys = [-values(groups[level], "accuracy").mean(), values(groups[level], "loss").mean()]
        keys = [(math.isnan(key), key) for key in keys]
        return keys if by == "accuracy" else keys[::-1]

    return sorted(groups, key=place)


def gaps(groups: Mapping[Level, Sequence[Run]], by: By = "accuracy") -> dict[tuple[Level, Level], tuple[float, float, bool]]:
    """Compare every level with every level ranked below it.

    The intervals hold for all pairs at once. Fewer would not do, even for neighbours only: who sorts first has looked at every
    pair.

    Parameters
    ----------
    groups : mapping of str to sequence of Run
        Two runs or more each.
    by : {"accuracy", "loss"}

    Returns
    -------
    dict of (str, str) to (float, float, bool)
        For the better and the worse level: by how much the former is better, half the width of the interval, and whether the
        two can be told apart.
    """
    pairs = list(itertools.combinations(ranked(groups, by), 2))
    result: dict[tuple[Level, Level], tuple[float, float, bool]] = {}
    for better, worse in pairs:
        first, second = (better, worse) if by == "accuracy" else (worse, better)  # the larger one first
        mean, half = difference(values(groups[first], by), values(groups[second], by), comparisons=len(pairs))
        result[better, worse] = mean, half, bool(mean > half)
    return result


def table(groups: Mapping[Level, Sequence[Run]], *, by: By = "accuracy", title: str = "Validation") -> None:
    """Print levels ranked by their mean, and which can be told from the row above and from the best.

    The sign ± stands for half the width of the 95 % interval, of a row's mean as of a difference.

    Parameters
    ----------
    groups : mapping of str to sequence of Run
        As from :func:`one_factor`.
    by : {"accuracy", "loss"}
        What ranks; the other one is printed too.
    title : str
    """
    order = ranked(groups, by)
    fewest, most = (choose(map(len, groups.values())) for choose in (min, max))
    apart = gaps(groups, by) if fewest > 1 else {}
    example = next(iter(groups.values()))[0]
    print(
        f"{title}: {fewest if fewest == most else f'{fewest} to {most}'} runs a row, {example.images:,} images, "
        f"{example.epochs} epochs, {example.checks:,} validation images ({example.data})"
    )
    width = max(16, *(len(str(level)) for level in order))
    points = " (points)" if by == "accuracy" else " (loss)"
    print(
        f"    {'':{width}}                  {'cross-':^16}         {'behind the row':^21}  told apart from\n"
        f"    {'':{width}}  {'accuracy (%)':^12}  {'entropy':^16}  CPU s  {'above' + points:^21}    above   best"
    )
    factor = 100 if by == "accuracy" else 1
    for place, level in enumerate(order):
        accuracy, loss = (interval(values(groups[level], what)) for what in ("accuracy", "loss"))
        line = (
            f"{place + 1:3d} {level!s:{width}}  {100 * accuracy[0]:5.1f} ± {100 * accuracy[1]:4.1f}  "
            f"{_short(loss[0]):>7} ± {_short(loss[1]):<6} {np.median(values(groups[level], 'cpu_seconds')):6.1f}"
        )
        if place and apart:
            mean, half, above = apart[order[place - 1], level]
            line += (
                f"  {_short(factor * mean, by):>9} ± {_short(factor * half, by):<9}    {'yes' if above else 'no':>5}"
                f"    {'yes' if apart[order[0], level][2] else 'no':>3}"
            )
        print(line)


def _short(number, kind="loss"):
    """A number as a table shows it: points with one decimal (more than 100 are no news), losses with three digits or so."""
    if not math.isfinite(number):
        return f"{number}"
    if kind == "accuracy":
        return f"{number:.1f}" if number <= 100 else "over 100"
    return f"{number:.3f}" if abs(number) < 100 else f"{number:,.0f}"


def plot(
    groups: Mapping[Level, Sequence[Run]], *, by: By = "accuracy", title: str | None = None, guess: float | None = 0.1
) -> None:
    """Show every run as a dot and each level's mean as a bar, the best level on top.

    Parameters
    ----------
    groups : mapping of str to sequence of Run
    by : {"accuracy", "loss"}
        The loss is drawn on a logarithmic axis.
    title : str, optional
    guess : float or None
        Where to draw the line of blind guessing, for accuracies.
    """
    import matplotlib.pyplot as plt

    from helpers import plots

    order = ranked(groups, by)
    factor = 100 if by == "accuracy" else 1
    fig, ax = plt.subplots(figsize=(6.8, 1.2 + 0.34 * len(order)), layout="constrained")
    told = []
    for row, level in enumerate(order):
        numbers = factor * values(groups[level], by)
        mean, wide = interval(numbers)
        beside = np.linspace(-0.2, 0.2, len(numbers)) if len(numbers) > 1 else np.zeros(1)  # equal runs would hide each other
        ax.plot([mean, mean], [row - 0.35, row + 0.35], color=plots.COLOURS[3], linewidth=3, label="" if row else "mean")
        ax.scatter(numbers, row + beside, s=20, color=plots.COLOURS[0], linewidths=0, zorder=3, label="" if row else "one run")
        told.append(f"{level} {_short(mean, by)}" + (f" ± {_short(wide, by)}" if len(numbers) > 1 else ""))
    if by == "accuracy" and guess is not None:
        ax.axvline(100 * guess, color="#444444", linestyle="--", linewidth=1, label="guessing")
    ax.set_yticks(range(len(order)), [str(level) for level in order])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    label = "validation accuracy (%)" if by == "accuracy" else "validation cross-entropy"
    ax.set(xlabel=label, title=title, xscale="linear" if by == "accuracy" else "log")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    plots.show(
        fig,
        alt=f"{title or 'Ranked runs'}. {label}, mean ± half the width of its 95 % interval, best first: "
        + "; ".join(told)
        + ".",
    )


def plot_against(
    series: Mapping[str, Mapping[float, Sequence[Run]]], *, xlabel: str, title: str | None = None, guess: float | None = 0.1
) -> None:
    """Show accuracies against a number (a learning rate, a strength): one line of means for each series, one dot for each run.

    Parameters
    ----------
    series : mapping of str to (mapping of float to sequence of Run)
        For each line, the runs at each position on the (logarithmic) x axis. The lines are drawn a little beside each other,
        so that equal ones do not hide each other.
    xlabel : str
    title : str, optional
    guess : float or None
        Where to draw the line of blind guessing.
    """
    import matplotlib.pyplot as plt

    from helpers import plots

    fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
    told = []
    for number, (name, groups) in enumerate(series.items()):
        beside = 10 ** (0.035 * (number - (len(series) - 1) / 2))
        x = np.array(sorted(groups))
        numbers = [100 * values(groups[position]) for position in x]
        mean = np.array([each.mean() for each in numbers])
        colour = plots.COLOURS[number]
        ax.plot(x * beside, mean, marker=plots.MARKERS[number], color=colour, markersize=6, linewidth=1.5, label=name)
        ax.scatter(
            np.repeat(x * beside, [len(each) for each in numbers]),
            np.concatenate(numbers),
            s=12,
            alpha=0.7,
            linewidths=0,
            color=colour,
        )
        best = int(mean.argmax())
        told.append(f"{name} is best at {x[best]:g} with {mean[best]:.1f} %")
    ax.scatter([], [], s=12, color="#444444", label="one run")
    if guess is not None:
        ax.axhline(100 * guess, color="#444444", linestyle="--", linewidth=1, label="guessing")
        ax.set_ylim(bottom=0)
    ax.set(xscale="log", xlabel=xlabel, ylabel="validation accuracy (%)", title=title)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plots.show(fig, alt=f"{title or 'Accuracy'}: validation accuracy against {xlabel}. " + "; ".join(told) + ".")


def cost(runs: Iterable[Run]) -> str:
    """Say how many networks were trained, and what that cost.

    Parameters
    ----------
    runs : sequence of Run

    Returns
    -------
    str

    Examples
    --------
    >>> cost([])
    '0 networks trained'
    """
    runs = list(runs)
    if not runs:
        return "0 networks trained"
    steps = sum(run.epochs * math.ceil(run.images / BATCH) for run in runs)
    return (
        f"{len(runs)} networks trained ({len({run.recipe for run in runs})} recipes), {steps:,} steps, "
        f"{sum(run.cpu_seconds for run in runs) / 60:.1f} CPU-minutes, "
        f"{sum(run.seconds for run in runs) / 60:.1f} minutes by the clock"
    )
