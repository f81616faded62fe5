"""Data kept in Google Drive, for Colab, whose machines forget everything when they stop."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from helpers.data import cache
from helpers.data.cache import say
from helpers.data.errors import DataError

MOUNT = Path("/content/drive")  # where every notebook on Colab has it


def use_drive(folder: str = "cnn-course") -> Path:
    """Keep data sets and weights in a folder of your Google Drive from now on, so that the next notebook finds them there.

    To be called before anything is loaded. Colab asks for permission, once in each notebook. Anywhere but on Colab this does
    nothing: the cache stays where it is.

    Parameters
    ----------
    folder : str, optional
        The folder in your Drive; it is made if it is not there. Default ``"cnn-course"``.

    Returns
    -------
    pathlib.Path
        The cache folder in use.

    Raises
    ------
    DataError
        If the Drive cannot be mounted, or the folder cannot be made; the message says what to do.

    Examples
    --------
    >>> use_drive() == cache.root()  # not on Colab: as before
    True
    """
    try:
        drive = importlib.import_module("google.colab.drive")
    except ImportError:
        say(f"This is not Colab: data stay in {cache.root()}.")
        return cache.root()
    inside = Path(folder)
    if inside.is_absolute() or ".." in inside.parts or not inside.parts:
        raise ValueError(f"folder={folder!r}: give the name of a folder inside your Drive, such as 'cnn-course'")
    again = "Run this cell again and allow the access, or leave it out: the data are then fetched anew in each notebook."
    try:
        drive.mount(str(MOUNT))
    except Exception as error:  # Colab raises errors of several kinds, its own among them
        raise DataError(f"Google Drive was not mounted ({error or type(error).__name__}). {again}") from error
    mine = MOUNT / "MyDrive"
    if not mine.is_dir():
        raise DataError(f"Google Drive was mounted, but {mine} is not there. {again}")
    os.environ["COURSE_DATA"] = str(mine / inside)
    with cache.disk_errors():
        cache.root().mkdir(parents=True, exist_ok=True)
    say(f"Data are kept in your Drive, in the folder {folder}.")
    return cache.root()
