"""Pictures that are there twice: the same bytes, the same pixels, or the same picture resized, cropped, turned or saved anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from helpers.dataset.files import Collection

SIDE = 16  # pixels: what pictures are compared at
CROPS = (0.95, 0.9, 0.85, 0.8)  # shares of height and width that a cut-out may keep
SURE = 0.04  # distance below which two pictures are twins whatever the others look like
FAR = 0.5  # and above which they are none
RATIO = 0.5  # a twin is at most this much of the way to an ordinary neighbour
ALIKE = 0.78  # where ordinary neighbours are nearer than this, the pictures are all alike,
RATIO_ALIKE = 0.28  # and a twin has to be nearer
NEIGHBOUR = 10  # which neighbour counts as an ordinary one


def exact(collection: Collection, what: str = "sha256") -> list[list[int]]:
    """Find files with the same bytes, or pictures with the same pixels.

    Parameters
    ----------
    collection : Collection
    what : {"sha256", "pixels"}

    Returns
    -------
    list of list of int
        Groups of two or more rows, in the order of the first.
    """
    groups = defaultdict(list)
    for row, picture in enumerate(collection.pictures):
        groups[getattr(picture, what)].append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


class Near(NamedTuple):
    """Pairs of nearly the same picture.

    Attributes
    ----------
    pairs : list of (int, int, float)
        Two rows, the smaller first, and their distance, from 0 to 2; the nearest pair first. Pairs of the same pixels are
        among them.
    alike : bool
        True if all pictures are so alike, as digits are, that only copies were looked for that show the whole picture the same
        way up.
    """

    pairs: list[tuple[int, int, float]]
    alike: bool


def near(collection: Collection) -> Near:
    """Find pairs that are the same picture, changed a little.

    Each picture is brought to 16 x 16 grey values with mean 0 and length 1, so that neither size nor brightness nor contrast
    counts. It is compared with every other one, as it is, mirrored, turned, cut a little smaller, and both without their edge,
    where a frame may have been added. How near is near depends on the data: all pictures of a digit 1 are alike. So a pair counts
    if it is much nearer than ordinary neighbours are, as in the ratio test for matching local features (Lowe, 2004, section 7.1).

    Parameters
    ----------
    collection : Collection

    Returns
    -------
    Near
    """
    grey = np.asarray(collection.thumbnails, np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    n = len(grey)
    if n < 2:
        return Near([], False)
    plain = _normalised(_shrunk(grey))
    edge = grey.shape[1] // 8
    middle = _normalised(_shrunk(grey[:, edge:-edge, edge:-edge]))
    seen = np.linalg.norm(plain, axis=1) > 0.5  # a picture of one colour is like every other
    found, usual = _nearest(plain, middle, [plain])
    alike, ratio = bool(np.median(usual) < ALIKE), RATIO_ALIKE
    if not alike:
        turned = [np.rot90(grey, turn, (1, 2)) for turn in range(4)]
        views = [*turned, *(view[:, :, ::-1] for view in turned), *_cuts(grey)]
        found, usual = _nearest(plain, middle, [_normalised(_shrunk(view)) for view in views])
        ratio = RATIO
    pairs: dict[tuple[int, int], float] = {}
    for row, (partners, distances) in enumerate(found):
        for partner, distance in zip(partners, distances, strict=True):
            far = min(usual[row], usual[partner])
            if seen[row] and seen[partner] and (distance <= SURE or distance <= min(FAR, ratio * far)):
                pair = (min(row, int(partner)), max(row, int(partner)))
                pairs[pair] = min(pairs.get(pair, 2.0), float(distance))
    return Near(sorted(((*pair, distance) for pair, distance in pairs.items()), key=lambda one: (one[2], one)), alike)


def _nearest(plain, middle, views, keep=NEIGHBOUR):
    """For each row its nearest others, and how far an ordinary one is: its tenth, or the third of the median picture."""
    n = len(plain)
    keep = min(keep, n - 1)
    nearest, distances = np.empty((n, keep), np.intp), np.empty((n, keep), np.float32)
    rows_at_once = max(1, 10_000_000 // n)
    for start in range(0, n, rows_at_once):
        block = slice(start, min(start + rows_at_once, n))
        likeness = middle[block] @ middle.T
        for view in views:
            np.maximum(likeness, view[block] @ plain.T, out=likeness)
        likeness[np.arange(len(likeness)), np.arange(start, block.stop)] = -1
        nearest[block] = np.argsort(-likeness, axis=1, kind="stable")[:, :keep]
        distances[block] = _distance(np.take_along_axis(likeness, nearest[block], axis=1))
    ordinary = np.minimum(distances[:, -1], np.median(distances[:, min(2, keep - 1)]))
    return list(zip(nearest, distances, strict=True)), ordinary


def _distance(likeness):
    """From the cosine of two vectors of length 1 to their distance."""
    return np.sqrt(np.maximum(2 - 2 * likeness, 0))


def _cuts(grey):
    """Each picture cut smaller: the middle and the four corners, for several sizes."""
    side = grey.shape[1]
    for share in CROPS:
        length = round(side * share)
        spare = side - length
        for top, left in ((spare // 2, spare // 2), (0, 0), (0, spare), (spare, 0), (spare, spare)):
            yield grey[:, top : top + length, left : left + length]


def _shrunk(images):
    """Squeeze grey pictures to 16 x 16 by averages over areas."""
    return np.stack([np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BOX)) for image in images])


def _normalised(images):
    """One row a picture, of mean 0 and length 1; zeros where there is nothing to see."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(length > SIDE, rows / np.maximum(length, 1e-9), 0)


def joined(pairs: Iterable[Sequence[int]], n: int) -> NDArray[np.intp]:
    """Number the groups that pairs make: pictures that are linked, directly or through others, get the same number.

    Parameters
    ----------
    pairs : iterable of sequences of int
        Rows that belong together.
    n : int
        How many rows there are.

    Returns
    -------
    numpy.ndarray
        intp, shape (n,): the smallest row of each one's group.

    Examples
    --------
    >>> joined([(0, 2), (2, 3)], 5).tolist()
    [0, 1, 0, 0, 4]
    """
    home = list(range(n))

    def first(row):
        while home[row] != row:
            home[row] = home[home[row]]
            row = home[row]
        return row

    for together in pairs:
        for other in together[1:]:
            one, two = sorted((first(together[0]), first(other)))
            home[two] = one
    return np.array([first(row) for row in range(n)], dtype=np.intp)
