"""Label pictures by keyboard, in a notebook; see how far two people agree.

>>> import tempfile
>>> from pathlib import Path
>>> with tempfile.TemporaryDirectory() as home:
...     labels = Labels(Path(home, "anna.csv"), ("cup", "plate"))
...     labels.give("1.jpg", "cup")
...     print(labels.read())
{'1.jpg': 'cup'}

``labeller(folder, classes, by="anna")`` shows the tool in a notebook: each key press is in the file before the next picture
comes; ``play(pictures, classes)`` shows it on a page without a kernel, where nothing is saved.
:func:`agreement` compares the files of two people by Cohen's kappa.
"""

from typing import TYPE_CHECKING, Any

from helpers.labelling.agreement import Agreement, agreement
from helpers.labelling.store import Labels

if TYPE_CHECKING:
    from helpers.labelling.playing import play
    from helpers.labelling.tool import labeller

__all__ = ["Agreement", "Labels", "agreement", "labeller", "play"]


def __getattr__(name: str) -> Any:
    """Import the tool when it is asked for: the rest needs no widgets."""
    if name == "play":
        from helpers.labelling.playing import play

        return play
    if name != "labeller":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from helpers.labelling.tool import labeller

    return labeller
