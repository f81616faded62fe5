"""Numbers that describe each picture, for models that audit the labels."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from helpers.dataset.files import Collection

KINDS = ("auto", "hog", "mobilenetv2")
_SIZE = 96  # pixels, height and width that MobileNetV2 gets


def describe(collection: Collection, kind: str = "auto") -> tuple[NDArray[np.float32], str]:
    """Describe each picture by features.

    Parameters
    ----------
    collection : Collection
    kind : {"auto", "hog", "mobilenetv2"}
        Histograms of oriented gradients and a few mean colours (week 1), or the features of a network trained on ImageNet
        (week 7). ``"auto"`` takes the network for photographs (colour, at least 64 pixels) if its weights can be had.

    Returns
    -------
    features : numpy.ndarray
        float32, shape (n, d).
    name : str
        What they are, in words, for the report.

    Raises
    ------
    ValueError
        If there is no such kind.
    helpers.pretrained.Unavailable
        If the network was asked for by name and cannot be had.
    """
    if kind not in KINDS:
        raise ValueError(f"no features called {kind!r}: choose from {', '.join(KINDS)}")
    why = ""
    if kind == "mobilenetv2" or kind == "auto" and _are_photographs(collection):
        from helpers import pretrained

        try:
            return _mobilenet(collection), "features of MobileNetV2"
        except (ImportError, pretrained.Unavailable) as error:
            if kind != "auto":
                raise
            why = f" (MobileNetV2 cannot be had: {str(error).splitlines()[0]})"
    return _hog(collection.thumbnails), f"histograms of oriented gradients and mean colours{why}"


def _are_photographs(collection):
    sides = [min(picture.width, picture.height) for picture in collection.pictures]
    in_colour = np.ptp(collection.thumbnails[::7].astype(int), axis=3).mean() > 4
    return bool(np.median(sides) >= 64 and in_colour)


def _hog(thumbnails):
    from skimage.feature import hog

    rows = []
    for picture in thumbnails:
        half = picture.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
        grey = half @ np.array([0.299, 0.587, 0.114])
        shape = hog(grey, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2))
        colour = picture.reshape(4, 16, 4, 16, 3).mean(axis=(1, 3)).ravel() / 255
        rows.append(np.concatenate((shape, colour)))
    return np.array(rows, np.float32)


def _mobilenet(collection):
    from PIL import Image

    from helpers import pretrained

    model = pretrained.load("mobilenetv2", top=False, size=_SIZE, pooling="avg")
    batches = []
    for start in range(0, len(collection), 64):
        some = collection.thumbnails[start : start + 64]
        large = [np.asarray(Image.fromarray(one).resize((_SIZE, _SIZE), Image.Resampling.BICUBIC)) for one in some]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            batches.append(np.asarray(model.predict_on_batch(np.array(large))))
    return np.concatenate(batches).astype(np.float32)
