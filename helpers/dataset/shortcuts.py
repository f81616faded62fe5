"""Shortcuts: does something beside what is in the picture give the label away?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from helpers.dataset.findings import Finding
from helpers.dataset.labels import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from helpers.dataset.files import Collection

_BLOCKS = 8  # the picture is looked at in 8 x 8 blocks; those at the edge are the border
_SAME = 8.0  # root mean square difference, in grey levels, up to which two blocks are the same mark
_APART = 0.4  # how far the shares of one class and of the rest lie apart at least, both at their limits of 95 %
_OFTEN = 0.25  # share of a class that must bear a mark more often than any other class does


def find(collection: Collection) -> Iterator[Finding]:
    """Find what tells the label without the picture.

    Parameters
    ----------
    collection : Collection
        With labels of at least two classes.

    Yields
    ------
    Finding
    """
    labels = np.unique(collection.labels, return_inverse=True)[1]
    yield from _form_of_file(collection, labels)
    yield from _marks(collection, labels)
    yield from _colour(collection, labels)


def _form_of_file(collection, labels):
    """Whether size, shape, format or the program that wrote the files set one class apart."""
    pictures, names = collection.pictures, np.unique(collection.labels)
    areas = np.array([picture.width * picture.height for picture in pictures])
    aspects = {
        "size in pixels": [f"{picture.width} x {picture.height}" for picture in pictures],
        "number of pixels": np.where(areas > np.median(areas), "many", "few"),
        "shape": [("upright", "square", "lying")[np.sign(picture.width - picture.height) + 1] for picture in pictures],
        "format": [picture.format for picture in pictures],
        "colour mode and encoder": [picture.encoder for picture in pictures],
    }
    told = [one for aspect, values in aspects.items() for one in _apart(aspect, np.asarray(values), labels, len(names))]
    if told:
        _, aspect, value, label, share, others = max(told, key=lambda one: one[0])
        yield Finding(
            "shortcut-file",
            f"The {aspect} of the file tells {names[label]} from the rest: {share:.0%} of its pictures are {value!r}, and of the "
            f"other classes {others:.0%}.",
        )


def _apart(aspect, values, labels, classes):
    """Values that one class has and the others do not, or the other way round: how far apart, and who."""
    for value in np.unique(values):
        has = values == value
        counts, totals = np.bincount(labels[has], minlength=classes), np.bincount(labels, minlength=classes)
        for label in range(classes):
            hits, n = int(counts[label]), int(totals[label])
            rest, of = int(counts.sum()) - hits, len(labels) - n
            (low, high), (rest_low, rest_high) = wilson(hits, n), wilson(rest, of)
            gap = max(low - rest_high, rest_low - high)
            if gap > _APART:
                yield gap, aspect, str(value), label, hits / n, rest / of


def _marks(collection, labels):
    """Whether a patch at the border is the same in many pictures of one class and in few of the others."""
    names = np.unique(collection.labels)
    side = collection.thumbnails.shape[1] // _BLOCKS
    blocks = collection.thumbnails.reshape(len(labels), _BLOCKS, side, _BLOCKS, side, 3).transpose(0, 1, 3, 2, 4, 5)
    at_border = [(row, column) for row in range(_BLOCKS) for column in range(_BLOCKS) if {row, column} & {0, _BLOCKS - 1}]
    border = np.stack([blocks[:, row, column].reshape(len(labels), -1) for row, column in at_border], axis=1).astype(np.float32)
    worst: dict[int, tuple[float, float, str, NDArray[np.bool_]]] = {}
    for place, (row, _) in enumerate(at_border):
        for label in range(len(names)):
            own = labels == label
            if own.sum() < 8:
                continue
            mark = _commonest(border[own, place])
            bears = own & _bearing(border[:, place], mark)
            share = bears.sum() / own.sum()
            if share < _OFTEN or share <= worst.get(label, (0.0,))[0]:
                continue
            # A plain background touches the border of every picture somewhere: that is no mark.
            anywhere = _bearing(border, mark).any(axis=1)
            others = max(anywhere[labels == other].mean() for other in range(len(names)) if other != label)
            if wilson(int(bears.sum()), int(own.sum()))[0] > others + _OFTEN:
                where = {0: "at the top", _BLOCKS - 1: "at the bottom"}.get(row, "at the side")
                worst[label] = (float(share), float(others), where, bears)
    for label, (share, others, where, bears) in worst.items():
        yield Finding(
            "shortcut-border",
            f"{share:.0%} of the pictures of {names[label]} show the same patch {where} of the picture; "
            f"of no other class more than {others:.0%} do.",
            tuple((path,) for path in collection.paths(np.flatnonzero(bears))),
        )


def _bearing(patches, mark):
    """Which patches are the mark, but for a little noise."""
    return np.sqrt(((patches - mark) ** 2).mean(axis=-1)) <= _SAME


def _commonest(patches):
    """The patch that most of these are nearest to: of a few candidates the one with the most alike."""
    candidates = patches[:: max(1, len(patches) // 40)]
    alike = [_bearing(patches, one).sum() for one in candidates]
    return patches[_bearing(patches, candidates[int(np.argmax(alike))])].mean(axis=0)


def _colour(collection, labels):
    """Whether the mean colour of the border tells the class as a look at the whole picture would."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if np.bincount(labels).min() < 10:
        return
    grey = collection.thumbnails.astype(np.float32)
    edge = grey.shape[1] // _BLOCKS
    border = np.ones(grey.shape[1:3], bool)
    border[edge:-edge, edge:-edge] = False
    pixels = grey[:, border]
    numbers = np.concatenate((pixels.mean(axis=1), pixels.std(axis=1)), axis=1)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        right = int(np.sum(cross_val_predict(model, numbers, labels, cv=5) == labels))
    classes, n = len(np.unique(labels)), len(labels)
    low, _ = wilson(right, n)
    chance = np.bincount(labels).max() / n
    if low > chance + 0.6 * (1 - chance):
        yield Finding(
            "shortcut-colour",
            f"The mean colour of the border alone tells the class of {right / n:.0%} of the pictures ({classes} classes, the "
            f"largest has {chance:.0%}).",
        )
