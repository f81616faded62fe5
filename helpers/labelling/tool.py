"""The tool itself: a picture, a key for each class, and a decision that is saved before the next picture comes."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from helpers.labelling.store import Labels

if TYPE_CHECKING:
    import anywidget

KEYS = "123456789abcdefghijklmnopqrtvwxyz"  # no s and no u: they skip and undo
_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_LARGEST = 640  # pixels: what is shown of a picture, so that each comes quickly
_HERE = Path(__file__).parent


def labeller(
    folder: str | os.PathLike[str], classes: Sequence[str], by: str, output: str | os.PathLike[str] | None = None
) -> anywidget.AnyWidget:
    """Show pictures one after the other, to be labelled by keyboard or mouse.

    Keys: one for each class (1, 2, ...), the arrows to go back and forth, S to skip, U to undo. Each decision is on the disk
    before the next picture comes. Call it again, in another week or after a crash, and it goes on at the first picture without
    a label.

    Parameters
    ----------
    folder : path
        Pictures, in any folders below it too.
    classes : sequence of str
        What a picture may be: 2 to 33 names.
    by : str
        Who labels; each person has a file of labels.
    output : path, optional
        That file. Default: ``labels/BY.csv`` in the working folder.

    Returns
    -------
    anywidget.AnyWidget
        To be shown as the last line of a cell. `labels` holds what has been decided: path -> class.

    Raises
    ------
    NotADirectoryError, ValueError
        If there is no such folder, no picture in it, or the classes make no sense.
    ImportError
        If the package anywidget is not installed.

    Examples
    --------
    >>> labeller("my pictures", ("cup", "plate"), by="anna")  # doctest: +SKIP
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotADirectoryError(f"there is no folder {str(root)!r}: give the one that holds the pictures")
    paths = sorted(
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file()
    )
    if not paths:
        raise ValueError(f"there is no picture in {root}")
    if len(classes) > len(KEYS):
        raise ValueError(f"{len(classes)} classes, and keys for {len(KEYS)}: label by groups of classes first")
    if not re.fullmatch(r"[\w .-]+", by) or by.startswith("."):
        raise ValueError(f"{by!r} cannot be part of a file name: use letters and digits")
    labels = Labels(output if output is not None else Path("labels", f"{by}.csv"), classes)
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise ImportError(
            "the labelling tool needs the package anywidget: pip install anywidget, then restart the kernel"
        ) from error

    class Labeller(anywidget.AnyWidget):
        """One picture at a time; the browser sends decisions, and is told what to show once they are saved."""

        _esm = _HERE / "labeller.js"
        _css = _HERE / "labeller.css"
        choices = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)  # key, class
        shown = traitlets.Dict().tag(sync=True)  # what the browser draws: path, picture, label, position, counts, message

        def __init__(self) -> None:
            self._labels, self._done = labels, labels.read()
            self._undo: list[tuple[int, str | None]] = []
            first = next((place for place, path in enumerate(paths) if path not in self._done), 0)
            self._place = first
            super().__init__(choices=[[key, name] for key, name in zip(KEYS, classes, strict=False)], shown=self._drawn())
            self.on_msg(self._received)

        @property
        def labels(self) -> dict[str, str]:
            """What has been decided so far: path -> class."""
            return self._labels.read()

        def _received(self, widget: object, content: dict, buffers: object) -> None:
            """Do what the browser asks for; a decision names its picture, so that a quick second key cannot hit the next one."""
            message, path = "", paths[self._place]
            try:
                if content.get("do") == "label" and content.get("path") == path:
                    self._decide(path, content.get("label"))
                    self._move_on()
                elif content.get("do") == "undo" and self._undo:
                    self._place, before = self._undo.pop()
                    self._decide(paths[self._place], before, undo=False)
                    message = "taken back"
                elif content.get("do") in ("back", "forth"):
                    self._place = (self._place + (1 if content["do"] == "forth" else -1)) % len(paths)
            except (OSError, ValueError) as error:
                message = f"NOT SAVED: {error}"
            self.shown = self._drawn(message)

        def _decide(self, path: str, label: str | None, undo: bool = True) -> None:
            """Save a decision, and only then remember it."""
            before = self._done.get(path)
            self._labels.give(path, label)
            if undo:
                self._undo.append((self._place, before))
            if label is None:
                self._done.pop(path, None)
            else:
                self._done[path] = label

        def _move_on(self) -> None:
            """Go to the next picture without a label, from here on and then from the start; stay at the end."""
            order = [*range(self._place + 1, len(paths)), *range(self._place)]
            self._place = next((place for place in order if paths[place] not in self._done), self._place)

        def _drawn(self, message: str = "") -> dict:
            path = paths[self._place]
            picture, problem = _picture(root / path)
            return {
                "path": path,
                "picture": picture,
                "label": self._done.get(path, ""),
                "position": self._place + 1,
                "total": len(paths),
                "done": sum(known in self._done for known in paths),
                "message": message or problem,
                "by": by,
            }

    return Labeller()


def _picture(path):
    """A picture as an address that holds it, small enough to come quickly, and what is wrong with it."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (_LARGEST, _LARGEST))
            shown = ImageOps.exif_transpose(image).convert("RGB")
    except Exception as error:  # a damaged file may raise anything; the person sees it and can skip
        return "", f"this picture cannot be read: {error}"
    shown.thumbnail((_LARGEST, _LARGEST))
    data = io.BytesIO()
    shown.save(data, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode(), ""
