"""The walk of a window over an image: every product of a convolution, one after the other.

Nothing is drawn here. :func:`steps` and :func:`pooling_steps` compute a result in the slowest and plainest way and write
down what they do; :mod:`helpers.animate.player` shows exactly these steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


# What this course (and Keras) calls them -> what numpy.pad calls them.
PADDING_MODES = {"zeros": "constant", "symmetric": "symmetric", "reflect": "reflect", "edge": "edge"}
POOLS = ("max", "average")
SPELLED_OUT = 25  # a sum of more products than this is not written out in a step's sentence


@dataclass(frozen=True)
class Tap:
    """One product: a value of the image times a weight of the kernel.

    Attributes
    ----------
    position : (int, int)
        Row and column of the value in the **padded** image.
    source : (int, int) or None
        Row and column in the image itself; None for a zero of the padding. With ``padding_mode="symmetric"`` this is the pixel
        that the padding mirrors.
    kernel : (int, int)
        Row and column of the weight in the kernel as it lies on the image (turned already if ``flip=True``).
    channel : int
        Channel of the value, 0 for an image without channels.
    target : (int, int)
        Row and column of the output cell that receives the product. A transposed convolution may add outside the output, in
        the margin that its padding crops: then the row or column is negative or too large.
    value, weight, product : int or float
    running : int or float
        The sum (for max pooling: the largest value) after this product; for a transposed convolution, the value that the
        target has now.
    """

    position: tuple[int, int]
    source: tuple[int, int] | None
    kernel: tuple[int, int]
    channel: int
    target: tuple[int, int]
    value: float
    weight: float
    product: float
    running: float


@dataclass(frozen=True)
class Step:
    """One position of the window.

    Attributes
    ----------
    output : tuple of int
        Index of the output cell that this step computes. For a transposed convolution: index of the *input* cell whose stamp
        is added.
    window : (int, int)
        Row and column of the window's top left corner, in the padded image; for a transposed convolution, in the output (may
        be negative, in the cropped margin).
    channel, filter : int
        Which channel a depthwise step or a pooling step works on, and which filter is laid on the image; otherwise 0.
    taps : tuple of Tap
    bias : int or float
    total : int or float
        The output cell's value; for a transposed convolution, the input cell's.
    sentence : str
        The step in words and numbers, for readers who do not see the animation.
    """

    output: tuple[int, ...]
    window: tuple[int, int]
    channel: int
    filter: int
    taps: tuple[Tap, ...]
    bias: float
    total: float
    sentence: str


def steps(
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
) -> tuple[list[Step], NDArray[Any]]:
    """Convolve by walking the window over the image, and keep a record of every product.

    Like the layers of a CNN this is a cross-correlation: the kernel is *not* turned, unless you ask for it with ``flip=True``.

    Parameters
    ----------
    image : array-like, shape (height, width) or (height, width, channels)
        Integers or floats. Small ones: every product becomes a Python object.
    kernel : array-like
        (rows, columns) for an image without channels, (rows, columns, channels) for one filter, (rows, columns, channels,
        filters) for several.
    padding : int, (int, int), "valid", "same" or "full"
        Rows and columns of padding on *each* side. "valid": none. "same": as many as keep height and width at stride 1 (at
        stride s: ``ceil(height / s)``); if that number is odd, the extra one is at the bottom and on the right, as in
        TensorFlow. "full": every position in which kernel and image touch. For ``transposed=True``: how much is cropped from
        each side of the output; only a number or a pair.
    stride, dilation : int or (int, int)
        Of rows and columns. A dilated kernel of k cells reaches over ``dilation * (k - 1) + 1`` pixels.
    transposed : bool
        Transposed convolution: every input cell adds its own multiple of the kernel to the output, ``stride`` cells apart.
        Only for images without channels.
    output_padding : int or (int, int)
        Rows and columns that a transposed convolution gets in addition at the bottom and on the right.
    padding_mode : {"zeros", "symmetric", "reflect", "edge"}
        What the padding holds: zeros, the image mirrored at its edge with or without repeating the outermost pixel, or the
        outermost pixel.
    flip : bool
        Turn the kernel by 180 degrees first: then it is a convolution as in mathematics.
    depthwise : bool
        Each channel has its own (rows, columns) slice of a (rows, columns, channels) kernel, and gives its own output channel.
    bias : float or sequence of float, optional
        Added to every output cell; one for each filter (or channel, if depthwise).

    Returns
    -------
    steps : list of Step
        In the order in which they are computed: row by row, one filter after the other.
    output : numpy.ndarray, int64 or float64
        (height, width); (height, width, filters) for a kernel with four axes, (height, width, channels) if depthwise. Along
        each axis its size is ``floor((W + P - D (K - 1) - 1) / S) + 1``, where P is the padding of both sides together, or
        for a transposed convolution ``(W - 1) S + D (K - 1) + 1 - P + output_padding`` (Dumoulin & Visin, 2016,
        arXiv:1603.07285).

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded image, or shapes or settings make no sense; the message has the numbers.

    Examples
    --------
    >>> image = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
    >>> walked, output = steps(image, [[0, 1, 2], [2, 2, 0], [0, 1, 2]])
    >>> output
    array([[12, 12, 17],
           [10, 17, 19],
           [ 9,  6, 14]])
    >>> walked[0].sentence
    'Output [0, 0]: 3×0 + 3×1 + 2×2 + 0×2 + 0×2 + 1×0 + 3×0 + 1×1 + 2×2 = 12'
    """
    image, kernel = _numbers(image, "the image"), _numbers(kernel, "the kernel")
    stride, dilation = _pair(stride, "stride", 1), _pair(dilation, "dilation", 1)
    _check_shapes(image, kernel, transposed, depthwise)
    if padding_mode not in PADDING_MODES:
        raise ValueError(f"padding_mode={padding_mode!r} is not known; choose one of {', '.join(map(repr, PADDING_MODES))}")
    if flip:
        kernel = kernel[::-1, ::-1]
    output_padding = _pair(output_padding, "output_padding", 0)
    if transposed:
        if padding_mode != "zeros":
            raise ValueError("the padding of a transposed convolution is cropped from the output: it has no padding_mode")
        if bias is not None:
            raise ValueError("bias is not shown with transposed=True: add it to the output")
        return _stamp(image, kernel, padding, stride, dilation, output_padding)
    if any(output_padding):
        raise ValueError("output_padding belongs to transposed=True only")
    return _walk(image, kernel, padding, stride, dilation, padding_mode, depthwise, bias)


def pooling_steps(
    image: ArrayLike,
    size: int | tuple[int, int] = 2,
    stride: int | tuple[int, int] | None = None,
    kind: Literal["max", "average"] = "max",
) -> tuple[list[Step], NDArray[Any]]:
    """Pool by walking the window over the image, channel by channel, and keep a record of every step.

    Parameters
    ----------
    image : array-like, shape (height, width) or (height, width, channels)
    size : int or (int, int)
        Of the window.
    stride : int or (int, int), optional
        As large as the window if left out, so that windows do not overlap.
    kind : {"max", "average"}

    Returns
    -------
    steps : list of Step
        Weights are 1; ``running`` is the largest value so far, or the sum so far.
    output : numpy.ndarray
        (height, width) or (height, width, channels): int64 or float64 for "max", float64 for "average".

    Raises
    ------
    ValueError
        If the window does not fit into the image.

    Examples
    --------
    >>> walked, output = pooling_steps([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
    >>> output
    array([[6, 8],
           [3, 4]])
    >>> walked[0].sentence
    'Output [0, 0]: the largest of 1, 1, 5, 6 is 6'
    """
    image = _numbers(image, "the image")
    if image.ndim not in (2, 3):
        raise ValueError(f"an image has the shape (height, width) or (height, width, channels), got {image.shape}")
    if kind not in POOLS:
        raise ValueError(f"kind={kind!r} is not known; choose 'max' or 'average'")
    size = _pair(size, "size", 1)
    stride = size if stride is None else _pair(stride, "stride", 1)
    volume = image[..., None] if image.ndim == 2 else image
    shape = _positions(volume.shape[:2], size, ((0, 0), (0, 0)), stride, (1, 1), thing="window")
    output = np.zeros((*shape, volume.shape[2]), volume.dtype if kind == "max" else float)
    walked = []
    for channel, row, column in itertools.product(range(volume.shape[2]), *map(range, shape)):
        taps: list[Tap] = []
        running: Any = None  # a number of the image's kind
        for u, v in itertools.product(*map(range, size)):
            i, j = row * stride[0] + u, column * stride[1] + v
            value = volume[i, j, channel].item()
            if running is None:
                running = value
            else:
                running = max(running, value) if kind == "max" else running + value
            taps.append(Tap((i, j), (i, j), (u, v), channel, (row, column), value, 1, value, running))
        total = running if kind == "max" else running / len(taps)
        output[row, column, channel] = total
        index = (row, column) if image.ndim == 2 else (row, column, channel)
        values = [text(tap.value) for tap in taps]
        if kind == "max":
            sentence = f"the largest of {', '.join(values)} is {text(total)}"
        else:
            sentence = f"({' + '.join(_bracket(tap.value) for tap in taps)}) / {len(taps)} = {text(total)}"
        walked.append(
            Step(
                index,
                (row * stride[0], column * stride[1]),
                channel,
                0,
                tuple(taps),
                0,
                total,
                f"Output {list(index)}: {sentence}",
            )
        )
    return walked, output[..., 0] if image.ndim == 2 else output


def padding_of(
    shape: tuple[int, int],
    kernel: tuple[int, int],
    padding: int | tuple[int, int] | str,
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns of padding on each side.

    Parameters
    ----------
    shape, kernel : (int, int)
        Height and width of the image, rows and columns of the kernel.
    padding : int, (int, int), "valid", "same" or "full"
    stride, dilation : (int, int)

    Returns
    -------
    ((top, bottom), (left, right)) : tuple of tuple of int

    Raises
    ------
    ValueError
        If ``padding`` is none of these.

    Examples
    --------
    >>> padding_of((5, 5), (3, 3), "same", (1, 1), (1, 1))
    ((1, 1), (1, 1))
    >>> padding_of((6, 6), (3, 3), "same", (2, 2), (1, 1))
    ((0, 1), (0, 1))
    """
    if not isinstance(padding, str):
        rows, columns = _pair(padding, "padding", 0)
        return (rows, rows), (columns, columns)
    if padding not in ("valid", "same", "full"):
        raise ValueError(f"padding={padding!r} is not known; give a number, a pair of numbers, 'valid', 'same' or 'full'")
    sides = []
    for n, k, s, d in zip(shape, kernel, stride, dilation, strict=True):
        reach = d * (k - 1) + 1
        if padding == "same":
            both = max((math.ceil(n / s) - 1) * s + reach - n, 0)
            sides.append((both // 2, both - both // 2))
        else:
            sides.append((reach - 1, reach - 1) if padding == "full" else (0, 0))
    high, wide = sides
    return high, wide


def text(value: float) -> str:
    """A number in few characters: whole, short decimal, simple fraction, or two or three significant digits.

    Examples
    --------
    >>> [text(v) for v in (3.0, -1, 0.125, 1 / 9, 3.14159, 0.31416)]
    ['3', '−1', '0.125', '1/9', '3.14', '0.31']
    """
    value = float(value)
    short = f"{value:.3g}"
    if value == int(value) and abs(value) < 1e6:
        short = f"{int(value)}"
    elif abs(float(short) - value) > 1e-9 and abs(value) < 100:
        fraction = Fraction(value).limit_denominator(32)
        if abs(float(fraction) - value) < 1e-9:
            short = f"{fraction.numerator}/{fraction.denominator}"
        elif abs(value) < 1:
            short = f"{value:.2g}"
    return short.replace("-", "−")  # the minus sign has the width of a digit, and screen readers say it


def _walk(
    image: NDArray[Any],
    kernel: NDArray[Any],
    padding: int | tuple[int, int] | str,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding_mode: str,
    depthwise: bool,
    bias: float | Sequence[float] | None,
) -> tuple[list[Step], NDArray[Any]]:
    """Cross-correlation: one step for each output cell of each filter."""
    volume = image[..., None] if image.ndim == 2 else image
    filters = kernel[..., None, None] if kernel.ndim == 2 else kernel[..., None] if kernel.ndim == 3 else kernel
    sides = padding_of(volume.shape[:2], filters.shape[:2], padding, stride, dilation)
    shape = _positions(volume.shape[:2], filters.shape[:2], sides, stride, dilation)
    read = [_sources(n, side, padding_mode) for n, side in zip(volume.shape[:2], sides, strict=True)]
    channels, maps = volume.shape[2], volume.shape[2] if depthwise else filters.shape[3]
    biases = _biases(bias, maps)
    kind = np.result_type(volume, filters, *([] if bias is None else [biases]))
    output = np.zeros((*shape, maps), kind)
    flat = kernel.ndim < 4 and not depthwise
    walked = []
    for made, row, column in itertools.product(range(maps), *map(range, shape)):
        running, taps = biases[made].item(), []
        for channel in [made] if depthwise else range(channels):
            for u, v in itertools.product(*map(range, filters.shape[:2])):
                i, j = row * stride[0] + dilation[0] * u, column * stride[1] + dilation[1] * v
                at = (read[0][i], read[1][j])
                source = None if None in at else at
                value = 0 if source is None else volume[(*source, channel)].item()
                weight = filters[u, v, channel, 0 if depthwise else made].item()
                running += value * weight
                taps.append(Tap((i, j), source, (u, v), channel, (row, column), value, weight, value * weight, running))
        output[row, column, made] = running
        index = (row, column) if flat else (row, column, made)
        walked.append(
            Step(
                index,
                (row * stride[0], column * stride[1]),
                made if depthwise else 0,
                0 if depthwise else made,
                tuple(taps),
                biases[made].item(),
                running,
                _sentence(index, taps, biases[made].item(), running, bias is not None),
            )
        )
    return walked, output[..., 0] if flat else output


def _stamp(
    image: NDArray[Any],
    kernel: NDArray[Any],
    padding: int | tuple[int, int] | str,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    output_padding: tuple[int, int],
) -> tuple[list[Step], NDArray[Any]]:
    """Transposed convolution: one step for each input cell, which adds its multiple of the kernel to the output."""
    if isinstance(padding, str):
        raise ValueError(f"padding={padding!r} with transposed=True: give the number of rows and columns to crop from each side")
    crop = _pair(padding, "padding", 0)
    for axis, extra in zip(("rows", "columns"), output_padding, strict=True):
        limit = max(stride[axis == "columns"], dilation[axis == "columns"])
        if extra >= limit:
            raise ValueError(
                f"output_padding={extra} for the {axis} is not below {limit}, the larger of stride and dilation: "
                "it only chooses among the sizes that the stride of the forward convolution makes equal"
            )
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel.shape, strict=True)]
    shape = [(n - 1) * s + r - 2 * p + e for n, s, r, p, e in zip(image.shape, stride, reach, crop, output_padding, strict=True)]
    for axis, size, p in zip(("rows", "columns"), shape, crop, strict=True):
        if size < 1:
            raise ValueError(
                f"a padding of {p} crops 2 × {p} = {2 * p} {axis}, but the stamps only cover {size + 2 * p}: "
                "nothing is left; use a smaller padding"
            )
    output = np.zeros(shape, np.result_type(image, kernel))
    margin: dict[tuple[int, int], Any] = {}
    walked = []  # the margin is cropped in the end, but its sums are shown on the way
    for i, j in np.ndindex(image.shape):
        value, taps, lost = image[i, j].item(), [], 0
        corner = (i * stride[0] - crop[0], j * stride[1] - crop[1])
        for u, v in np.ndindex(kernel.shape):
            target = (corner[0] + dilation[0] * u, corner[1] + dilation[1] * v)
            product = value * kernel[u, v].item()
            if 0 <= target[0] < shape[0] and 0 <= target[1] < shape[1]:
                output[target] += product
                now = output[target].item()
            else:
                lost += 1
                now = margin[target] = margin.get(target, 0) + product
            taps.append(Tap((i, j), (i, j), (u, v), 0, target, value, kernel[u, v].item(), product, now))
        sentence = (
            f"Input [{i}, {j}] = {text(value)}: {text(value)} times the kernel is added to the output, "
            f"rows {_range(corner[0], reach[0])} and columns {_range(corner[1], reach[1])}"
        )
        if lost:
            sentence += f"; {lost} product{'s fall' if lost > 1 else ' falls'} into the margin that is cropped"
        walked.append(Step((i, j), corner, 0, 0, tuple(taps), 0, value, sentence))
    return walked, output


def _sentence(index, taps, bias, total, has_bias):
    """A step in words: the whole sum if it is short, one number a channel if it is not."""
    channels = sorted({tap.channel for tap in taps})
    tail = f" + bias {_bracket(bias)}" if has_bias else ""
    if len(channels) > 1:
        parts = [f"channel {c} gives {text(sum(tap.product for tap in taps if tap.channel == c))}" for c in channels]
        with_bias = f"with bias {text(bias)} " if has_bias else ""
        return f"Output {list(index)}: {', '.join(parts)}; {with_bias}the sum is {text(total)}"
    if len(taps) > SPELLED_OUT:
        return f"Output {list(index)}: {len(taps)} products{tail} add up to {text(total)}"
    products = " + ".join(f"{_bracket(tap.value)}×{_bracket(tap.weight)}" for tap in taps)
    return f"Output {list(index)}: {products}{tail} = {text(total)}"


def _positions(shape, kernel, sides, stride, dilation, thing="kernel"):
    """Output rows and columns, or an error that says why there are none."""
    counts = []
    for name, n, k, side, s, d in zip(("high", "wide"), shape, kernel, sides, stride, dilation, strict=True):
        reach, room = d * (k - 1) + 1, n + sum(side)
        if reach > room:
            why = f"a {thing} that reaches over {reach} pixels" + (f" ({d} × ({k} − 1) + 1)" if d > 1 else "")
            room_is = f"{room} pixels" if not sum(side) else f"{room} pixels ({n} + {sum(side)} of padding)"
            raise ValueError(
                f"{why} does not fit into an image that is {room_is} {name}: "
                f"use a smaller {thing}{'' if thing == 'window' else ', less dilation or more padding'}"
            )
        counts.append((room - reach) // s + 1)
    return tuple(counts)


def _sources(n, side, mode):
    """For each position of the padded axis the pixel that it shows, None for a zero."""
    if mode == "zeros":
        return [None] * side[0] + list(range(n)) + [None] * side[1]
    if mode == "reflect" and n == 1 and any(side):
        raise ValueError("padding_mode='reflect' mirrors without the outermost pixel: an axis of 1 pixel has nothing to mirror")
    return np.pad(np.arange(n), side, mode=PADDING_MODES[mode]).tolist()  # type: ignore[call-overload]  # its types know no mode by a variable


def _biases(bias, maps):
    if bias is None:
        return np.zeros(maps, np.int64)
    biases = _numbers(bias, "bias")
    if biases.ndim == 0:
        return np.full(maps, biases)
    if biases.shape != (maps,):
        need = "s need" if maps > 1 else " needs"
        raise ValueError(f"bias has the shape {biases.shape}; {maps} output map{need} ({maps},): one for each")
    return biases


def _check_shapes(image, kernel, transposed, depthwise):
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"an image has the shape (height, width) or (height, width, channels), got {image.shape}")
    if 0 in kernel.shape:
        raise ValueError(f"the kernel is empty: its shape is {kernel.shape}")
    if transposed and (image.ndim, kernel.ndim) != (2, 2):
        raise ValueError(
            f"transposed=True is shown for one channel: image (height, width) and kernel (rows, columns), "
            f"got {image.shape} and {kernel.shape}"
        )
    if transposed and depthwise:
        raise ValueError("choose transposed=True or depthwise=True, not both")
    if image.ndim == 2 and (kernel.ndim != 2 or depthwise):
        raise ValueError(
            f"an image of shape {image.shape} has no channels: the kernel must be (rows, columns), not depthwise; "
            f"got {kernel.shape}. For one channel use image[..., None]"
        )
    if image.ndim == 3:
        if kernel.ndim not in ((3,) if depthwise else (3, 4)):
            axes = "(rows, columns, channels)" + ("" if depthwise else " or (rows, columns, channels, filters)")
            raise ValueError(f"an image with channels, {image.shape}, needs a kernel {axes}, got {kernel.shape}")
        if kernel.shape[2] != image.shape[2]:
            raise ValueError(
                f"the kernel has {kernel.shape[2]} channels and the image has {image.shape[2]}: a filter is as deep as its input"
            )


def _numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    """An array of int64 or float64: narrow integers would wrap around."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be an array of numbers, got {type(values).__name__} with dtype {array.dtype}")
    array = array.astype(float if array.dtype.kind == "f" else np.int64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite (nan or infinity)")
    return array


def _pair(value: Any, name: str, least: int) -> tuple[int, int]:
    """A number as (rows, columns), checked."""
    pair = (value, value) if np.ndim(value) == 0 else tuple(value)
    whole = all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= least for v in pair)
    if len(pair) != 2 or not whole:
        raise ValueError(f"{name}={value!r}: a whole number of at least {least} is needed, or two of them (rows, columns)")
    return int(pair[0]), int(pair[1])


def _bracket(value):
    short = text(value)
    return f"({short})" if short[0] == "−" or "/" in short else short


def _range(first, count):
    return text(first) if count == 1 else f"{text(first)} to {text(first + count - 1)}"
