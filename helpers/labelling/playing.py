"""The labelling tool on a page without a kernel: to try, with pictures that the page holds; nothing is saved."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from helpers.labelling.tool import KEYS

if TYPE_CHECKING:
    from IPython.display import HTML
    from numpy.typing import ArrayLike

_HERE = Path(__file__).parent
_START = """
const load = (text) => import(URL.createObjectURL(new Blob([text], {type: "text/javascript"})));
Promise.all([load(TOOL), load(PLAYING)]).then(([tool, page]) => {
  tool.default.render({model: page.playing(ITEMS, CHOICES), el: document.getElementById(NAME)});
});
"""


def play(pictures: Mapping[str, ArrayLike], classes: Sequence[str]) -> HTML:
    """Show the labelling tool with a few pictures, on a page that needs no kernel. Nothing is saved.

    Parameters
    ----------
    pictures : mapping of str to array_like
        Path, as it is shown, to uint8 pixels.
    classes : sequence of str
        What a picture may be.

    Returns
    -------
    IPython.display.HTML
        To be the last line of a cell.

    Examples
    --------
    >>> shown = play({"1.png": np.zeros((8, 8, 3), np.uint8)}, ("cup", "plate"))
    >>> "labeller" in shown.data
    True
    """
    from IPython.display import HTML

    items = [[path, _address(pixels)] for path, pixels in pictures.items()]
    choices = [[key, name] for key, name in zip(KEYS, classes, strict=False)]
    name = "labeller-on-this-page"
    values = {
        "NAME": name,
        "TOOL": (_HERE / "labeller.js").read_text(encoding="utf-8"),
        "PLAYING": (_HERE / "playing.js").read_text(encoding="utf-8"),
        "ITEMS": items,
        "CHOICES": choices,
    }
    # "</" inside a script would end it.
    constants = "".join(f"const {key} = {json.dumps(value)};\n" for key, value in values.items()).replace("</", "<\\/")
    style = (_HERE / "labeller.css").read_text(encoding="utf-8")
    return HTML(f'<style>{style}</style><div id="{name}"></div><script>{{\n{constants}{_START}}}</script>')


def _address(pixels):
    """A picture as an address that holds it."""
    data = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(data, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
