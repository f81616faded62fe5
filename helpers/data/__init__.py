"""The course's data sets: fetched once, verified, shared by all notebooks.

>>> from helpers.data import load
>>> load("mnist", source="sample")
mnist (a small sample, not the real data set)
  train         1,200 images
  validation      300 images
  test            500 images
  each        28 x 28 x 1 (height x width x channels), uint8
  classes          10: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
  source      embedded sample: 2,000 of the 70,000 images

On Colab, `use_drive` keeps what is fetched in Google Drive, for the next notebook.

From a shell: ``python -m helpers.data list``, ``fetch NAME...`` and ``verify``.
"""

from typing import TYPE_CHECKING, Any

from helpers.data.drive import use_drive
from helpers.data.errors import DataError

if TYPE_CHECKING:
    from helpers.data.dataset import Dataset, Split
    from helpers.data.loader import folder, load

__all__ = ["DataError", "Dataset", "Split", "folder", "load", "use_drive"]


def __getattr__(name: str) -> Any:
    """Import what loads NumPy when it is asked for: where the cache is can then be told in no time."""
    from importlib import import_module

    homes = {"Dataset": "dataset", "Split": "dataset", "folder": "loader", "load": "loader"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"helpers.data.{homes[name]}"), name)
