"""The embedded sample: 2,000 images of each array data set, in the repository, for work without a network.

PNG sheets hold the pixels without loss; `labels.json` says what is on them and which sums they have.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.data.decode import arrays_sum
from helpers.data.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from helpers.data.catalogue import Entry


FOLDER = Path(__file__).with_name("samples")
COLUMNS = 25  # images in a row of a sheet
N_VALIDATION = 300  # the last ones of the 1,500 training images


@functools.cache
def index() -> dict[str, Any]:
    """Return what `labels.json` holds: by data set, its sheets, labels and row numbers in the full set."""
    try:
        return json.loads((FOLDER / "labels.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"the embedded sample is damaged: {FOLDER / 'labels.json'} cannot be read. Install the course's package again."
        ) from error


def to_sheet(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay images side by side, `COLUMNS` in a row.

    Parameters
    ----------
    images : numpy.ndarray
        uint8, shape (n, height, width, channels), n a multiple of `COLUMNS`.

    Returns
    -------
    numpy.ndarray
        uint8, shape (n / COLUMNS * height, COLUMNS * width, channels).
    """
    n, height, width, channels = images.shape
    grid = images.reshape(n // COLUMNS, COLUMNS, height, width, channels)
    return grid.transpose(0, 2, 1, 3, 4).reshape(n // COLUMNS * height, COLUMNS * width, channels)


def from_sheet(sheet: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Cut a sheet into the images that `to_sheet` was given.

    Parameters
    ----------
    sheet : numpy.ndarray
        uint8, shape (rows * height, columns * width, channels).
    height, width : int
        Of one image, in pixels.

    Returns
    -------
    numpy.ndarray
        uint8, shape (rows * columns, height, width, channels).

    Examples
    --------
    >>> images = np.arange(50 * 4 * 4 * 1, dtype=np.uint8).reshape(50, 4, 4, 1)
    >>> bool((from_sheet(to_sheet(images), 4, 4) == images).all())
    True
    """
    rows, columns, channels = sheet.shape[0] // height, sheet.shape[1] // width, sheet.shape[2]
    grid = sheet.reshape(rows, height, columns, width, channels)
    return grid.transpose(0, 2, 1, 3, 4).reshape(rows * columns, height, width, channels)


def _read_sheet(sheet, image_shape):
    from PIL import Image

    height, width, channels = image_shape
    try:
        with Image.open(FOLDER / sheet["file"]) as picture:
            pixels = np.asarray(picture)
    except OSError as error:
        raise DataError(
            f"the embedded sample is damaged: {sheet['file']} cannot be read ({error}). Install the course's package again."
        ) from error
    images = from_sheet(pixels.reshape(*pixels.shape[:2], channels), height, width)
    if arrays_sum(images) != sheet["sha256"]:
        raise DataError(
            f"the embedded sample is damaged: {sheet['file']} is not what it was. Install the course's package again."
        )
    return images


def read(entry: Entry) -> dict[str, NDArray[Any]]:
    """Read the sample of a data set.

    Parameters
    ----------
    entry : helpers.data.catalogue.Entry
        Of a data set that has one.

    Returns
    -------
    dict of str to numpy.ndarray
        ``train_images`` uint8 (1500, height, width, channels), ``train_labels`` int64 (1500,),
        ``test_images`` (500, ...) and ``test_labels`` (500,).

    Raises
    ------
    DataError
        If a file is missing or was changed.
    """
    facts = index()[entry.name]
    arrays = {}
    for part in ("train", "test"):
        sheets = [_read_sheet(sheet, entry.image_shape) for sheet in facts[part]["sheets"]]
        arrays[f"{part}_images"] = np.concatenate(sheets)
        arrays[f"{part}_labels"] = np.array(facts[part]["labels"], np.int64)
        if arrays_sum(arrays[f"{part}_labels"]) != facts[part]["labels_sha256"]:
            raise DataError("the embedded sample is damaged: labels.json was changed. Install the course's package again.")
    return arrays
