"""Look inside a model: find a layer wherever it is nested, Grad-CAM on any layer, and the map laid over the image.

The lecture on looking inside (week 4) builds Grad-CAM step by step; this is the same, checked and ready for the weeks after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras
    from numpy.typing import ArrayLike, NDArray


__all__ = ["find", "grad_cam", "overlay"]


def find(model: keras.Model, name: str) -> keras.layers.Layer:
    """The layer of that name, in the model or in a model nested inside it.

    Parameters
    ----------
    model : keras.Model
        Sequential, functional or subclassed; models may be layers of it, and so on.
    name : str

    Returns
    -------
    keras.layers.Layer

    Raises
    ------
    ValueError
        If no layer has that name, or several have. The message lists the names there are.

    Examples
    --------
    >>> import keras
    >>> inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, name="edges")], name="inner")
    >>> find(keras.Sequential([keras.Input((8, 8, 1)), inner]), "edges").filters
    2
    """
    paths = list(_paths(model))
    found = {id(layer): layer for path, layer in paths if layer.name == name}
    if len(found) != 1:
        there = ", ".join(path for path, _ in paths)
        many = "no layer" if not found else f"{len(found)} layers"
        raise ValueError(f"{many} named {name!r} in this model. Its layers: {there}")
    return next(iter(found.values()))


def grad_cam(model: keras.Model, images: ArrayLike, classes: ArrayLike, layer: str) -> NDArray[np.float32]:
    """Where in the images a layer finds what speaks for a class (Grad-CAM; Selvaraju et al., 2017).

    Each channel of the layer is weighted by the slope of the class score with respect to it, averaged over the places; the
    weighted channels are added up, and what is negative is set to zero.

    Parameters
    ----------
    model : keras.Model
        Sequential, functional or subclassed, with models nested in it or not, in any precision. It takes one batch of images
        and returns **logits**, shape (n, classes): where a softmax or a sigmoid saturates its slope is zero, and the map is
        empty. Two classes may share one output, shape (n, 1), which speaks for class 1 and against class 0.
    images : array_like, shape (n, height, width, channels)
        As the model takes them, preprocessing inside the model included.
    classes : int, or array_like of int, shape (n,)
        For which class each image is asked; one number asks the same of all. Of a model with one output: 1 asks for the
        positive class, 0 for the other.
    layer : str
        Name of a layer with an output of shape (n, rows, columns, channels); see :func:`find`. The last
        convolution's activation is the usual choice. Channels come last, as everywhere in this course.

    Returns
    -------
    numpy.ndarray of float32, shape (n, rows, columns)
        Not negative and not scaled: maps of one model and layer can be compared with each other.

    Raises
    ------
    ValueError
        If the layer does not exist, is used several times, or its output is no batch of feature maps; if a class is out of range.

    Notes
    -----
    The slope is found by adding zeros, the *nudge*, to what the layer puts out and differentiating the score by the nudge. That
    needs no model cut in two, so that it does not matter how models are nested. The layer's ``call`` is replaced while the model
    runs and put back afterwards.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, name="edges"),
    ...                           keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])
    >>> grad_cam(model, np.ones((5, 8, 8, 1), "float32"), 2, "edges").shape
    (5, 6, 6)
    """
    import keras
    from keras import ops

    from helpers.gradients import value_and_gradient

    found, images = find(model, layer), np.asarray(images)
    outputs, maps = _run(model, images, found)
    half = keras.backend.standardize_dtype(maps.dtype) == "float16"
    maps = ops.convert_to_numpy(ops.cast(maps, "float32"))
    if maps.ndim != 4 or len(outputs.shape) != 2:
        raise ValueError(
            "Grad-CAM needs feature maps (n, rows, columns, channels) and logits (n, classes); "
            f"{found.name!r} puts out {maps.shape}, the model {tuple(outputs.shape)}"
        )
    n_classes = max(2, outputs.shape[1])
    classes = np.broadcast_to(np.asarray(classes), len(images))
    if not np.issubdtype(classes.dtype, np.integer) or classes.min() < 0 or classes.max() >= n_classes:
        raise ValueError(f"classes must be integers from 0 to {n_classes - 1}, got {np.unique(classes)}")
    wanted = np.eye(n_classes, dtype="float32")[classes]
    if outputs.shape[1] == 1:
        wanted = wanted[:, 1:] - wanted[:, :1]

    # Small slopes would be lost in float16, which ends at 6e-8; large ones overflow. So the score is scaled up if that goes well.
    for scale in (1024, 1) if half else (1,):

        def score(nudge, factors=scale * wanted):
            outputs, _ = _run(model, images, found, nudge)
            return ops.sum(ops.cast(outputs, "float32") * ops.convert_to_tensor(factors))

        _, slope = value_and_gradient(score, np.zeros(maps.shape, "float32"))
        if np.isfinite(slope).all():
            break
    slope = slope / scale
    weights = slope.mean(axis=(1, 2), keepdims=True)
    return np.maximum((weights * maps).sum(axis=-1), 0).astype("float32")


def overlay(images: ArrayLike, maps: ArrayLike, *, smooth: bool = False, strength: float = 0.6) -> NDArray[np.float32]:
    """Lay heat maps over images, each map scaled by its own maximum.

    Parameters
    ----------
    images : array_like, shape (n, height, width, 3)
        uint8 in 0..255 or float in 0..1.
    maps : array_like, shape (n, rows, columns)
        Not negative; an all-zero map stays dark. Rows and columns are stretched to the image's size.
    smooth : bool
        False (default) shows the cells as they are; True interpolates between them, which looks finer than the map is.
    strength : float
        From 0 (only the image, in grey) to 1 (only the map).

    Returns
    -------
    numpy.ndarray of float32, shape (n, height, width, 3)
        In 0..1, for :func:`helpers.plots.image_grid`. Dark is low, bright yellow is high.

    Raises
    ------
    ValueError
        If the numbers of images and maps differ, or a map has negative values.

    Examples
    --------
    >>> overlay(np.zeros((1, 4, 6, 3)), np.ones((1, 2, 3))).shape
    (1, 4, 6, 3)
    """
    import matplotlib as mpl
    from skimage.transform import resize

    images, maps = np.asarray(images), np.asarray(maps, dtype="float32")
    if len(images) != len(maps) or images.ndim != 4 or maps.ndim != 3:
        raise ValueError(
            f"overlay needs images (n, height, width, 3) and as many maps (n, rows, columns), got {images.shape} and {maps.shape}"
        )
    if not (np.isfinite(maps).all() and maps.min() >= 0):
        raise ValueError("overlay needs maps that are finite and not negative: clip them first, or take their absolute value")
    images = images / 255 if images.dtype == np.uint8 else images
    grey = images.mean(axis=-1, keepdims=True)
    high = maps.max(axis=(1, 2), keepdims=True)
    scaled = np.divide(maps, high, out=np.zeros_like(maps), where=high > 0)
    size = images.shape[1:3]
    scaled = np.stack([resize(one, size, order=1 if smooth else 0, mode="edge", anti_aliasing=False) for one in scaled])
    heat = mpl.colormaps["inferno"](np.clip(scaled, 0, 1))[..., :3]
    return ((1 - strength) * grey + strength * heat).astype("float32")


def _paths(model, prefix=""):
    """(path, layer) of all layers, models nested inside included."""
    for layer in model.layers:
        yield f"{prefix}{layer.name}", layer
        if hasattr(layer, "layers"):
            yield from _paths(layer, f"{prefix}{layer.name}/")


def _run(model, images, layer, nudge=None):
    """What the model puts out, and what the layer put out, to which `nudge` was added on the way."""
    import keras

    seen = []
    original = layer.call

    def call(*args, **kwargs):
        out = original(*args, **kwargs)
        seen.append(out)
        return out if nudge is None else out + keras.ops.cast(nudge, out.dtype)

    layer.call = call
    try:
        outputs = model(images, training=False)
    finally:
        del layer.call
    if len(seen) != 1:
        raise ValueError(
            f"the layer {layer.name!r} was used {len(seen)} times in one pass through the model: "
            "Grad-CAM needs a layer that is used once"
        )
    return outputs, seen[0]
