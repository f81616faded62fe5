"""The scoreboard as a figure: what the methods of the weeks so far reach on the same test images, from the stored study."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from helpers.experiments.store import Row
from helpers.experiments.verdicts import proportion

METHODS = {  # the study's name for a method: the week that teaches it, and what the figure calls it
    "pixels, L2, k = 1": (1, "1-NN on pixels, L2"),
    "pixels, L1, k = 1": (1, "1-NN on pixels, L1"),
    "pixels": (1, "kNN on pixels, L2"),
    "HOG": (1, "kNN on HOG and colours"),
    "LeNet-5": (3, "kNN on LeNet-5's features"),
    "LeNet-5 itself": (3, "LeNet-5"),
    "untrained network": (4, "kNN on an untrained network's features"),
    "residual network": (4, "kNN on the residual network's features"),
    "residual network itself": (4, "residual network"),
    "MobileNetV2": (7, "kNN on MobileNetV2's features"),
}


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the scoreboard: a method, the week that teaches it, its share of right answers in % and the 95 % interval."""

    method: str
    week: int
    name: str
    accuracy: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.name}: {self.accuracy:.1f} % ({self.low:.1f} to {self.high:.1f})"


def lines(week: int, rows: Sequence[Row] | None = None) -> list[Line]:
    """Return the methods of the weeks so far, the best last.

    Parameters
    ----------
    week : int
        Up to this one.
    rows : sequence of dict, optional
        By default the stored ones. A method without a row is left out.

    Returns
    -------
    list of Line
        The interval is Wilson's, for the luck of which images the test has; that of training is not in it.

    Examples
    --------
    >>> print(lines(1, [{"method": "HOG", "accuracy": 0.551, "images": 10_000, "k": 5}])[0])
    kNN on HOG and colours, k = 5: 55.1 % (54.1 to 56.1)
    """
    from helpers.experiments.studies.scoreboard import study

    found = []
    for row in study().rows() if rows is None else rows:
        taught, name = METHODS[str(row["method"])]
        if taught <= week:
            accuracy, of, k = float(row["accuracy"]), int(row["images"]), int(row["k"])
            low, high = proportion(round(accuracy * of), of)
            name += f", k = {k}" if k > 1 else ""
            found.append(Line(str(row["method"]), taught, name, 100 * accuracy, 100 * low, 100 * high))
    return sorted(found, key=lambda line: line.accuracy)


def draw(week: int, rows: Sequence[Row] | None = None) -> None:
    """Show the scoreboard up to a week; the week's own lines are drawn in another colour.

    Parameters
    ----------
    week : int
    rows : sequence of dict, optional
        By default the stored ones.
    """
    import matplotlib.pyplot as plt

    from helpers import plots

    shown = lines(week, rows)
    fig, ax = plt.subplots(figsize=(7.4, 1.5 + 0.36 * len(shown)), layout="constrained")
    kinds = {f"week {week}": (plots.COLOURS[3], "D"), "earlier weeks": (plots.COLOURS[0], "o")}
    for label, (colour, marker) in kinds.items():
        ours = [(height, line) for height, line in enumerate(shown) if (line.week == week) == label.startswith("week")]
        if not ours:
            continue
        places, points = [height for height, _ in ours], [line.accuracy for _, line in ours]
        errors = [[line.accuracy - line.low for _, line in ours], [line.high - line.accuracy for _, line in ours]]
        ax.errorbar(points, places, xerr=errors, fmt=marker, color=colour, ecolor="#1B1B1B", capsize=3, label=label)
        for place, (_, line) in zip(places, ours, strict=True):
            ax.annotate(f"{line.accuracy:.1f}", (line.high, place), (6, 0), textcoords="offset points", va="center", fontsize=9)
    ax.axvline(10, color="#444444", linestyle="--", linewidth=1, label="guessing")
    ax.set_yticks(range(len(shown)), [line.name for line in shown])
    ax.set(ylim=(-0.6, len(shown) - 0.4), xlim=(0, 103), xlabel="accuracy on the test images of CIFAR-10 (%)")
    ax.set_title(f"Scoreboard up to week {week}")
    ax.grid(axis="y", visible=False)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    told = "; ".join(str(line) for line in reversed(shown))
    plots.show(fig, alt=f"Scoreboard up to week {week}, right answers on test images with 95 % intervals: {told}.")
