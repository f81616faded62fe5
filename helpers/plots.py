"""Figures in the course's style: image grids, curves, bars, scatter plots and confusion matrices.

Every figure is shown with **alt text**: a description for readers who do not see it. The functions below write it from the
data they draw; a figure of your own goes through :func:`show`, which asks for one.

The background is opaque and light, so that figures stay readable on a dark page; the colours are those of Okabe and Ito
(2008), which readers with any kind of colour vision can tell apart.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from helpers.rounding import rounded

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import MaxNLocator
    from numpy.typing import ArrayLike, NDArray


COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7F7F7F", "#B8A900", "#5D3A9B", "#1B1B1B"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*", "<", ">"]  # a second sign beside the colour
FRAMES = {"right": COLOURS[0], "wrong": COLOURS[3]}

mpl.rcParams.update(
    {
        "axes.prop_cycle": plt.cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlesize": "medium",
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.7,
        "figure.facecolor": "#FCFCFA",
        "axes.facecolor": "#FCFCFA",
        "savefig.facecolor": "auto",  # that of the figure, also after `plt.style.use("dark_background")`
        "figure.dpi": 110,
        "savefig.dpi": 110,
        "font.size": 10,
        "legend.frameon": False,
        "image.cmap": "gray",
        "image.interpolation": "nearest",
    }
)


def show(fig: Figure, alt: str) -> None:
    """Show a figure in the notebook with its alt text, then close it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    alt : str
        What the figure shows, in one or two sentences, for a reader who does not see it.

    Raises
    ------
    ValueError
        If ``alt`` is empty.

    Examples
    --------
    >>> fig, ax = plt.subplots()
    >>> show(fig, alt="An empty pair of axes.")     # doctest: +SKIP
    """
    from IPython.display import display  # only needed where there is a notebook

    if not isinstance(alt, str) or not alt.strip():
        plt.close(fig)
        raise ValueError("show(fig, alt=...) needs a description of the figure for readers who do not see it")
    alt = " ".join(alt.split())
    display(fig, metadata={"image/png": {"alt": alt}})
    plt.close(fig)  # otherwise the inline backend would draw it a second time at the end of the cell


def image_grid(
    images: ArrayLike | Sequence[ArrayLike],
    titles: Sequence[str] | None = None,
    *,
    columns: int = 10,
    scale: float = 1.0,
    title: str | None = None,
    alt: str | None = None,
    colours: Sequence[str | None] | None = None,
) -> None:
    """Show images side by side.

    Parameters
    ----------
    images : array-like, shape (n, height, width), (n, height, width, 1) or (n, height, width, 3)
        uint8 in 0..255, or float in 0..1 (anything outside is an error, not clipped in silence).
        A list of images of different sizes is fine too.
    titles : sequence of str, optional
        One for each image.
    columns : int
        Images in a row, at most.
    scale : float
        1.0 makes each image about 0.9 inch wide.
    title : str, optional
        Above the whole grid.
    alt : str, optional
        Alt text; made from the titles if left out.
    colours : sequence of {"right", "wrong", None}, optional
        A frame for each image: blue for right, dashed vermilion for wrong, so that the two differ in print as well.

    Raises
    ------
    ValueError
        If there is no image, an image has another shape, its values are out of range, or the lengths differ.

    Examples
    --------
    >>> image_grid(np.zeros((4, 8, 8), "uint8"), titles=list("abcd"))     # doctest: +SKIP
    """
    images = [_drawable(image, where) for where, image in enumerate(cast("Iterable[ArrayLike]", images))]
    if not images:
        raise ValueError("image_grid got no images")
    for what, sequence in (("titles", titles), ("colours", colours)):
        if sequence is not None and len(sequence) != len(images):
            raise ValueError(f"image_grid got {len(images)} images and {len(sequence)} {what}: one for each image is needed")
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    lines = max((str(t).count("\n") + 1 for t in titles), default=0) if titles is not None else 0
    width = 0.9 * scale
    height = width * max(image.shape[0] / image.shape[1] for image in images)
    fig, axes = plt.subplots(
        rows,
        columns,
        squeeze=False,
        layout="constrained",
        figsize=(columns * (width + 0.08), rows * (height + 0.06 + 0.17 * lines) + (0.3 if title else 0)),
    )
    cast("ConstrainedLayoutEngine", fig.get_layout_engine()).set(w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.set_frame_on(False)
    for where, (image, ax) in enumerate(zip(images, axes.flat, strict=False)):
        ax.imshow(image, vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
        if titles is not None:
            ax.set_title(str(titles[where]), fontsize=8, pad=3)
        colour = colours[where] if colours is not None else None
        if colour is not None:
            ax.set_frame_on(True)
            for spine in ax.spines.values():
                spine.set(
                    visible=True,
                    color=FRAMES[colour],
                    linewidth=2.5,
                    linestyle="solid" if colour == "right" else (0, (3, 1.2)),
                    capstyle="butt",
                )
    if title:
        fig.suptitle(title, fontsize=10)
    if alt is None:
        alt = f"{title}: " if title else ""
        alt += f"{len(images)} image{'s' * (len(images) > 1)}"
        if titles is not None:
            counts = collections.Counter(" ".join(str(t).split()) for t in titles)
            alt += ", titled " + ", ".join(t if count == 1 else f"{t} ({count} times)" for t, count in counts.items())
        if colours is not None:
            wrong = [where + 1 for where, c in enumerate(colours) if c == "wrong"]
            alt += "; framed as wrong: " + (", ".join(f"number {w}" for w in wrong) if wrong else "none")
    show(fig, alt)


def curves(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike | tuple[ArrayLike, ArrayLike]],
    *,
    xlabel: str,
    ylabel: str,
    title: str | None = None,
    log_x: bool = False,
    log_y: bool = False,
    mark: float | None = None,
    alt: str | None = None,
) -> None:
    """Show curves over a common x axis, each with its spread if it has one.

    Parameters
    ----------
    x : array-like, shape (n,)
    lines : mapping of str to array-like (n,) or to (mean, spread)
        A pair of arrays draws the mean and a band of one ``spread`` on each side.
    xlabel, ylabel : str
        With their units.
    title : str, optional
    log_x, log_y : bool
    mark : float, optional
        An x position to mark by a dashed vertical line.
    alt : str, optional
        Made from each curve's ends and extremes if left out.

    Examples
    --------
    >>> curves([1, 2, 3], {"loss": [3, 2, 1.5]}, xlabel="epoch", ylabel="loss")     # doctest: +SKIP
    """
    x = np.asarray(x, dtype=float)
    drawn_lines = {label: _with_spread(line) for label, line in lines.items()}
    for label, (mean, _) in drawn_lines.items():
        if mean.shape != x.shape:
            raise ValueError(f"the curve {label!r} has {mean.size} values for {x.size} positions on the x axis")
    fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    told = []
    for number, (label, (mean, spread)) in enumerate(drawn_lines.items()):
        marker = MARKERS[number % len(MARKERS)] if x.size <= 40 else None
        (drawn,) = ax.plot(x, mean, marker=marker, markersize=5, label=label)
        if spread is not None:
            ax.fill_between(x, mean - spread, mean + spread, color=drawn.get_color(), alpha=0.2, linewidth=0)
        high, low = int(np.nanargmax(mean)), int(np.nanargmin(mean))
        told.append(
            f"{label} goes from {mean[0]:.3g} at {x[0]:g} to {mean[-1]:.3g} at {x[-1]:g}, "
            f"highest {mean[high]:.3g} at {x[high]:g}, lowest {mean[low]:.3g} at {x[low]:g}"
        )
    if mark is not None:
        ax.axvline(mark, color="#444444", linestyle="--", linewidth=1)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, xscale="log" if log_x else "linear", yscale="log" if log_y else "linear")
    if not log_x and np.array_equal(x, np.round(x)):
        cast("MaxNLocator", ax.xaxis.get_major_locator()).set_params(integer=True)  # there is no epoch 1.5
    if log_x and x.size <= 12:
        ax.set_xticks(x, [f"{value:g}" for value in x])
        ax.minorticks_off()
    if len(lines) > 1:
        ax.legend()
    show(fig, alt or f"{title or 'Curves'}: {ylabel} against {xlabel}. " + "; ".join(told) + ".")


def bars(
    values: Mapping[str, float | tuple[float, float]],
    *,
    xlabel: str | None = None,
    ylabel: str | None = None,
    title: str | None = None,
    log: bool = False,
    alt: str | None = None,
) -> None:
    """Show one horizontal bar for each named value, with its uncertainty if it has one and the value written beside it.

    Parameters
    ----------
    values : mapping of str to float or to (value, half_width)
        Drawn from top to bottom in the order given. In a study, ± is half the width of a 95 % interval
        (`experiments.interval`); whatever else it is, `xlabel` or `title` has to say. It decides to which digit the value is
        rounded.
    xlabel : str, optional
        What the bars measure, with its unit.
    ylabel : str, optional
        What the names are.
    title : str, optional
    log : bool
        Logarithmic axis: for values that span several powers of ten.
    alt : str, optional
        Made from the values if left out.

    Examples
    --------
    >>> bars({"pixels": (0.31, 0.01), "HOG": (0.45, 0.01)}, xlabel="accuracy")     # doctest: +SKIP
    """
    if not values:
        raise ValueError("bars got no values")
    pairs = {label: _with_spread(value) for label, value in values.items()}
    fig, ax = plt.subplots(figsize=(6.4, 0.6 + 0.42 * len(pairs) + (0.3 if title else 0)), layout="constrained")
    told = []
    for number, (label, (height, error)) in enumerate(pairs.items()):
        value, spread = float(height), None if error is None else float(error)
        ax.barh(number, value, color=COLOURS[0], height=0.65, xerr=spread, error_kw={"ecolor": "#1B1B1B", "capsize": 3})
        text = f"{value:.4g}" if spread is None else rounded(value, spread)
        ax.annotate(text, (value + (spread or 0), number), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
        told.append(f"{label} {text}")
    ax.set_yticks(range(len(pairs)), list(pairs))
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, xscale="log" if log else "linear")
    ax.margins(x=0.18)
    show(fig, alt or f"{title or 'Bar chart'}{f' ({xlabel})' if xlabel else ''}: " + "; ".join(told) + ".")


def scatter(
    points: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    xlabel: str,
    ylabel: str,
    title: str | None = None,
    alt: str | None = None,
) -> None:
    """Show points in the plane, one colour and marker for each class.

    Parameters
    ----------
    points : array-like, shape (n, 2)
    labels : array-like of int, shape (n,)
        Index into ``class_names``.
    class_names : sequence of str
        Ten at most, as many as there are colours that can be told apart.
    xlabel, ylabel : str
    title : str, optional
    alt : str, optional

    Examples
    --------
    >>> scatter([[0, 0], [1, 1]], [0, 1], ["a", "b"], xlabel="x", ylabel="y")     # doctest: +SKIP
    """
    points, labels = np.asarray(points, dtype=float), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels):
        raise ValueError(f"scatter needs points of shape (n, 2) and n labels, got {points.shape} and {labels.shape}")
    if len(class_names) > len(COLOURS):
        raise ValueError(f"scatter can tell {len(COLOURS)} classes apart, got {len(class_names)}")
    fig, ax = plt.subplots(figsize=(6.4, 4.8), layout="constrained")
    for number, label in enumerate(class_names):
        across, up = points[labels == number].T
        ax.scatter(across, up, s=14, alpha=0.75, color=COLOURS[number], marker=MARKERS[number], linewidths=0, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6, handletextpad=0.2)
    show(
        fig,
        alt
        or f"{title or 'Scatter plot'}: {len(points)} points, {ylabel} against {xlabel}, "
        f"coloured by class ({', '.join(class_names)}).",
    )


def confusion_matrix(matrix: ArrayLike, class_names: Sequence[str], *, title: str | None = None, alt: str | None = None) -> None:
    """Show how often each true class was given each label.

    Parameters
    ----------
    matrix : array-like of int, shape (classes, classes)
        Row: true class; column: predicted class (as ``sklearn.metrics.confusion_matrix`` returns it).
    class_names : sequence of str
    title : str, optional
    alt : str, optional
        Names the most frequent confusion if left out.

    Examples
    --------
    >>> confusion_matrix([[8, 2], [1, 9]], ["cat", "dog"])     # doctest: +SKIP
    """
    matrix = np.asarray(matrix)
    n = len(class_names)
    if matrix.shape != (n, n):
        raise ValueError(f"a confusion matrix of {n} classes has shape ({n}, {n}), got {matrix.shape}")
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    fig, ax = plt.subplots(figsize=(1.6 + 0.46 * n, 1.2 + 0.42 * n), layout="constrained")
    picture = ax.imshow(share, cmap="cividis", vmin=0, vmax=max(float(share.max()), 1e-12))
    for row, column in np.ndindex(n, n):
        bright = share[row, column] > 0.55 * share.max()
        ax.text(
            column, row, f"{matrix[row, column]:d}", ha="center", va="center", fontsize=8, color="black" if bright else "white"
        )
    ax.set_xticks(range(n), class_names, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(n), class_names)
    ax.set(xlabel="predicted class", ylabel="true class", title=title)
    ax.grid(False)
    fig.colorbar(picture, ax=ax, label="share of the true class", fraction=0.046, pad=0.03)
    if alt is None:
        wrong = np.where(np.eye(n, dtype=bool), -1, matrix)
        true, predicted = divmod(int(wrong.argmax()), n)
        alt = (
            f"{title or 'Confusion matrix'} of {n} classes, {int(np.trace(matrix))} of {int(matrix.sum())} on the diagonal. "
            f"Most frequent confusion: {class_names[true]} taken for {class_names[predicted]}, {wrong.max()} times."
        )
    show(fig, alt)


def _drawable(image: ArrayLike, where: int) -> NDArray[Any]:
    """One image as (height, width) or (height, width, 3), checked."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(
            f"image {where} has shape {image.shape}; (height, width), (height, width, 1) or (height, width, 3) "
            "is needed. Channels come last in this course"
        )
    if image.dtype == np.uint8:
        return image
    if image.dtype == bool:
        return image.astype(float)
    low, high = float(np.min(image)), float(np.max(image))
    if not (low >= -1e-6 and high <= 1 + 1e-6):
        raise ValueError(
            f"image {where} has values from {low:g} to {high:g}; show uint8 (0 to 255) or floats from 0 to 1: "
            "rescale it first, so that nothing is cut off unseen"
        )
    return np.clip(image.astype(float), 0, 1)


def _with_spread(value: ArrayLike | tuple[ArrayLike, ArrayLike]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """``value`` or ``(value, spread)`` as two arrays, the second None if there is no spread."""
    if isinstance(value, tuple) and len(value) == 2:
        return np.asarray(value[0], dtype=float), np.asarray(value[1], dtype=float)
    return np.asarray(value, dtype=float), None
