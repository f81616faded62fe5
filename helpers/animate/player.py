"""Players: the recorded walk of :mod:`helpers.animate.walk` as a self-contained piece of HTML."""

from __future__ import annotations

import functools
import hashlib
import html
import itertools
import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from helpers.animate.walk import _pair, _sources, padding_of, pooling_steps, steps, text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


LARGEST = 24  # rows or columns of a grid that can still be read
MOST_PRODUCTS = 5000  # in one player: about 80 kB
_made = itertools.count(1)


class Player:
    """What a notebook shows: the player where scripts run, tables and a description where they do not.

    Parameters
    ----------
    scene : dict
        Everything that ``player.js`` draws.
    alt : str
        Description for readers who do not see the animation; also what a terminal shows.
    tables : sequence of (str, array of str, shape (rows, columns))
        Caption and content of the tables that stand in for the player.
    """

    def __init__(self, scene: dict[str, Any], alt: str, tables: Sequence[tuple[str, NDArray[Any]]]) -> None:
        self.scene, self.alt, self.tables = scene, alt, tables
        digest = hashlib.sha256(json.dumps(scene, sort_keys=True).encode()).hexdigest()[:8]
        self.id = f"player-{digest}-{next(_made)}"  # not random: the same notebook gives the same page

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        tables = "".join(_table(*table) for table in self.tables)
        return element(
            self.id,
            f"startPlayer(host, {literal(self.scene)}, {literal(style('player.css'))});",
            f"""\
<p><strong>{html.escape(self.scene["title"])}</strong>. {html.escape(self.alt)}</p>
{tables}
<p><em>To play the steps, run this cell in a notebook, or open the book's page with JavaScript.</em></p>""",
            script("player.js"),
        )


def convolution(
    image: ArrayLike,
    kernel: ArrayLike,
    *,
    padding: int | tuple[int, int] | str = 0,
    stride: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
    transposed: bool = False,
    output_padding: int | tuple[int, int] = 0,
    padding_mode: Literal["zeros", "symmetric", "reflect", "edge"] = "zeros",
    flip: bool = False,
    depthwise: bool = False,
    bias: float | Sequence[float] | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> NDArray[Any]:
    """Convolve an image, and show every step of it as a player.

    The parameters up to ``bias`` are those of :func:`helpers.animate.steps`, which computes what is shown.

    Parameters
    ----------
    image : array-like, shape (height, width) or (height, width, channels)
    kernel : array-like, shape (rows, columns), (rows, columns, channels) or (rows, columns, channels, filters)
    padding : int, (int, int), "valid", "same" or "full"
    stride, dilation : int or (int, int)
    transposed : bool
    output_padding : int or (int, int)
    padding_mode : {"zeros", "symmetric", "reflect", "edge"}
    flip : bool
        The layers of a CNN do not turn the kernel; convolution as in mathematics does.
    depthwise : bool
    bias : float or sequence of float, optional
    title : str, optional
        Above the player.
    alt : str, optional
        Description for readers who do not see it; made from the data if left out.

    Returns
    -------
    numpy.ndarray, int64 or float64
        The output: (height, width), (height, width, filters) or (height, width, channels).

    Raises
    ------
    ValueError
        If the kernel does not fit, the settings make no sense, or there is too much to watch.

    Examples
    --------
    >>> edges = convolution([[0, 0, 9, 9], [0, 0, 9, 9]], [[-1, 1]], title="A vertical edge")     # doctest: +SKIP
    """
    walked, output = steps(
        image,
        kernel,
        padding=padding,
        stride=stride,
        dilation=dilation,
        transposed=transposed,
        output_padding=output_padding,
        padding_mode=padding_mode,
        flip=flip,
        depthwise=depthwise,
        bias=bias,
    )
    volume = np.atleast_3d(np.asarray(image))
    filters = np.asarray(kernel)[::-1, ::-1] if flip else np.asarray(kernel)
    filters = filters.reshape(*filters.shape[:2], 1 if filters.ndim == 2 else filters.shape[2], -1)
    size, kernel_size = volume.shape[:2], filters.shape[:2]
    stride, dilation = _pair(stride, "stride", 1), _pair(dilation, "dilation", 1)
    sides = padding_of(size, kernel_size, padding, stride, dilation)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True)]
    maps = output if output.ndim == 3 else output[..., None]
    if transposed:
        input_sides, output_sides = ((0, 0), (0, 0)), sides
    else:
        input_sides, output_sides = sides, ((0, 0), (0, 0))
    output_padding = _pair(output_padding, "output_padding", 0)
    settings = _settings(padding, sides, stride, dilation, padding_mode, flip, transposed, output_padding)
    what = "transposed convolution" if transposed else "depthwise convolution" if depthwise else "convolution"
    title = title or what.capitalize()
    scene = {
        "kind": "transposed" if transposed else "convolution",
        "title": title,
        "settings": ", ".join(settings),
        "separate": depthwise,
        "reach": reach,
        "input": _grid("Input", volume, input_sides, padding_mode),
        "kernel": {
            "rows": kernel_size[0],
            "columns": kernel_size[1],
            "note": _by(kernel_size) + (", turned by 180°" if flip else ""),
            "cells": [[_words(filters[:, :, c, f]) for c in range(filters.shape[2])] for f in range(filters.shape[3])],
        },
        "output": {
            "rows": output.shape[0] + sum(output_sides[0]),
            "columns": output.shape[1] + sum(output_sides[1]),
            "inner": _inner(output.shape, output_sides),
            "maps": maps.shape[2],
            "note": _by(output.shape[:2]),
            "mapName": "channel" if depthwise else "filter",
        },
    }
    columns, width = scene["input"]["columns"], scene["output"]["columns"]
    shift = sides[0][0], sides[1][0]
    records = []
    for step in walked:
        record = {
            "w": step.window,
            "c": step.channel,
            "f": step.filter,
            "s": step.sentence,
            "x": text(step.total),
            "p": [tap.position[0] * columns + tap.position[1] for tap in step.taps],
            "m": [text(tap.product) for tap in step.taps],
            "r": [text(tap.running) for tap in step.taps],
        }
        if transposed:
            record["w"] = [first + s for first, s in zip(step.window, shift, strict=True)]
            record["g"] = [(tap.target[0] + shift[0]) * width + tap.target[1] + shift[1] for tap in step.taps]
        else:
            record["o"] = step.output[0] * width + step.output[1]
            record["a"] = step.output[2] if len(step.output) == 3 else 0
            if bias is not None:
                record["z"] = text(step.bias)
            if volume.shape[2] > 1 and not depthwise:
                products = np.reshape([tap.product for tap in step.taps], (volume.shape[2], -1))
                record["h"] = [[text(value) for value in line] for line in np.cumsum(products, axis=1)]
        records.append(record)
    shapes = _image(volume) + f", kernel {_by(kernel_size)}" + (f", {filters.shape[3]} filters" if filters.shape[3] > 1 else "")
    tables = [("Image", volume), ("Kernel" if filters.shape[3] == 1 else "Filter 0", filters[..., 0]), ("Output", maps)]
    return _display(scene, records, output, alt, f"{what}, step by step", shapes, settings, tables)


def pooling(
    image: ArrayLike,
    size: int | tuple[int, int] = 2,
    stride: int | tuple[int, int] | None = None,
    kind: Literal["max", "average"] = "max",
    *,
    title: str | None = None,
    alt: str | None = None,
) -> NDArray[Any]:
    """Pool an image, and show every step of it as a player.

    Parameters
    ----------
    image : array-like, shape (height, width) or (height, width, channels)
    size : int or (int, int)
    stride : int or (int, int), optional
        As large as the window if left out.
    kind : {"max", "average"}
    title : str, optional
    alt : str, optional
        Made from the data if left out.

    Returns
    -------
    numpy.ndarray
        (height, width) or (height, width, channels).

    Raises
    ------
    ValueError
        If the window does not fit into the image, or there is too much to watch.

    Examples
    --------
    >>> small = pooling([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])     # doctest: +SKIP
    """
    walked, output = pooling_steps(image, size, stride, kind)
    volume = np.atleast_3d(np.asarray(image))
    maps = output if output.ndim == 3 else output[..., None]
    size = _pair(size, "size", 1)
    stride = size if stride is None else _pair(stride, "stride", 1)
    settings = [f"window {_by(size)}", f"stride {_one(stride)}"]
    title = title or f"{kind.capitalize()} pooling"
    none = ((0, 0), (0, 0))
    scene = {
        "kind": "pooling",
        "pool": kind,
        "title": title,
        "settings": ", ".join(settings),
        "separate": True,
        "reach": size,
        "input": _grid("Input", volume, none, "zeros"),
        "kernel": {"rows": size[0], "columns": size[1]},
        "output": {
            "rows": output.shape[0],
            "columns": output.shape[1],
            "inner": _inner(output.shape, none),
            "maps": maps.shape[2],
            "note": _by(output.shape[:2]),
            "mapName": "channel",
        },
    }
    columns, width = scene["input"]["columns"], output.shape[1]
    records = []
    for step in walked:
        record = {
            "w": step.window,
            "c": step.channel,
            "f": 0,
            "s": step.sentence,
            "x": text(step.total),
            "a": step.channel,
            "o": step.output[0] * width + step.output[1],
            "p": [tap.position[0] * columns + tap.position[1] for tap in step.taps],
            "m": [text(tap.product) for tap in step.taps],
            "r": [text(tap.running) for tap in step.taps],
        }
        if kind == "max":
            record["b"] = max(range(len(step.taps)), key=[tap.value for tap in step.taps].__getitem__)
        records.append(record)
    tables = [("Image", volume), ("Output", maps)]
    return _display(scene, records, output, alt, f"{kind} pooling, step by step", _image(volume), settings, tables)


def element(identity: str, start: str, fallback: str, code: str) -> str:
    """A piece of HTML that works wherever a notebook's output is shown, alone or beside others.

    The fallback is what readers without scripts get; a script replaces it by a shadow tree, which the page's styles do not reach.

    Parameters
    ----------
    identity : str
        Unique on the page.
    start : str
        JavaScript statement that draws into ``host``.
    fallback : str
        HTML.
    code : str
        JavaScript that ``start`` needs; nothing of it becomes global.

    Returns
    -------
    str
        HTML. JupyterLab's keyboard shortcuts are off inside (``data-lm-suppress-shortcuts``): there the arrow keys belong to
        the player.
    """
    return f"""<div id="{identity}" data-lm-suppress-shortcuts="true">
{fallback}
<script>
(function () {{
"use strict";
const script = document.currentScript;
const host = script && script.closest('[id="{identity}"]') || document.getElementById("{identity}");
{code}
{start}
}})();
</script>
</div>"""


@functools.cache
def script(*names: str, package: str = "helpers.animate") -> str:
    """The JavaScript of the package, after ``draw.js``, without indentation and whole-line comments."""
    code = "\n".join([_read("helpers.animate", "draw.js"), *(_read(package, name) for name in names)])
    code = re.sub(r"(?s)^/\*.*?\*/\n", "", code, flags=re.MULTILINE)
    return re.sub(r"(?m)^ *(//.*)?\n|^ +", "", code)


@functools.cache
def style(name: str, package: str = "helpers.animate") -> str:
    """The style sheet of the package, after ``card.css``."""
    return re.sub(r"\s+", " ", _read("helpers.animate", "card.css") + _read(package, name))


def literal(value: object) -> str:
    """A Python value as a JavaScript literal that may stand inside a script element."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _read(package, name):
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _display(scene, records, output, alt, what, shapes, settings, tables):
    """Show the player; return the output that its last step shows."""
    from IPython.display import display  # only needed where there is a notebook

    scene["steps"] = records
    largest = max(scene[grid][axis] for grid in ("input", "output") for axis in ("rows", "columns"))
    products = sum(len(record["m"]) for record in records)
    if largest > LARGEST or products > MOST_PRODUCTS:
        raise ValueError(
            f"too much to watch: {products} products, grids of up to {largest} rows or columns. A player shows "
            f"at most {MOST_PRODUCTS} products and {LARGEST} rows or columns: take a smaller piece of the image"
        )
    if alt is None:
        alt = f"{what.capitalize()}. {shapes}, {', '.join(settings)}; output {_by(output.shape[:2])}, {len(records)} steps. "
        alt += f"First step: {records[0]['s']}."
        if output.ndim == 2 and output.size <= 36:
            alt += " The output, row by row: " + "; ".join(", ".join(text(value) for value in row) for row in output) + "."
    scene["alt"] = alt = " ".join(alt.split())
    cut = []
    for name, volume in tables:
        for c in range(volume.shape[2]):
            cut.append((name if volume.shape[2] == 1 else f"{name}, channel {c}", volume[:, :, c]))
    display(Player(scene, alt, cut))
    return output


def _grid(name, volume, sides, mode):
    """The padded image, one list of words for each channel."""
    rows, columns = (_sources(n, side, mode) for n, side in zip(volume.shape[:2], sides, strict=True))
    cells = [["0" if None in (i, j) else text(volume[i, j, c]) for i in rows for j in columns] for c in range(volume.shape[2])]
    padded = f" in {_by((len(rows), len(columns)))}" if np.any(sides) else ""
    return {
        "name": name,
        "rows": len(rows),
        "columns": len(columns),
        "cells": cells,
        "inner": _inner(volume.shape, sides),
        "note": _by(volume.shape[:2]) + padded,
    }


def _inner(shape, sides):
    return {"top": sides[0][0], "left": sides[1][0], "rows": shape[0], "columns": shape[1]}


def _settings(padding, sides, stride, dilation, mode, flip, transposed, output_padding):
    amounts = (
        "no padding"
        if not np.any(sides)
        else f"padding {sides[0][0]}"
        if len(set(itertools.chain(*sides))) == 1
        else f"padding {sides[0][0]} above, {sides[0][1]} below, {sides[1][0]} left, {sides[1][1]} right"
    )
    told = [amounts + (f" (“{padding}”)" if isinstance(padding, str) else " (cropped)" if transposed and np.any(sides) else "")]
    if mode != "zeros":
        told[0] += f", {mode}"
    told.append(f"stride {_one(stride)}")
    if max(dilation) > 1:
        told.append(f"dilation {_one(dilation)}")
    if any(output_padding):
        told.append(f"output padding {_one(output_padding)}")
    if flip:
        told.append("kernel turned")
    return told


def _image(volume):
    return f"Image {_by(volume.shape[:2])}" + (f" with {volume.shape[2]} channels" if volume.shape[2] > 1 else "")


def _by(shape):
    return " × ".join(str(int(n)) for n in shape)


def _one(pair):
    return str(pair[0]) if pair[0] == pair[1] else _by(pair)


def _words(array):
    return [text(value) for value in np.ravel(array)]


def _table(caption, array):
    rows = "".join("<tr>" + "".join(f"<td>{text(value)}</td>" for value in row) + "</tr>" for row in array)
    # "dataframe" is what pandas calls its tables: notebooks and the book's theme know how to show them, in the dark as well
    return f'<table class="dataframe"><caption>{html.escape(caption)}</caption><tbody>{rows}</tbody></table>\n'
