"""Figures that a browser would draw by itself, turned into pictures in the student's process.

SVG and the figures of matplotlib's interactive backends (``%matplotlib notebook``) are programs to a browser. Whoever grades is
to see them all the same, so they leave the student's process as PNG: whatever drawing them takes is limited there.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

LARGEST = 8000  # points; a larger drawing takes gigabytes
_INTERACTIVE = ("notebook", "nbagg", "widget", "ipympl", "webagg")
_SVG = re.compile(r"<svg\b.*?</svg\s*>", flags=re.IGNORECASE | re.DOTALL)
_FRAME = re.compile(
    r"\bframes\[\d+\]\s*=\s*[\"'](data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\\\s]+)[\"']"
)  # as matplotlib writes them
_ROOT = re.compile(r"<svg\b[^>]*>", flags=re.IGNORECASE)


@functools.cache
def _fonts() -> dict[str, Any]:
    """Fonts for text in drawings: matplotlib's, because a server often has none."""
    found = importlib.util.find_spec("matplotlib")
    folder = Path(found.origin).parent / "mpl-data/fonts/ttf" if found and found.origin else None
    if folder is None or not folder.is_dir():
        return {}
    names = ("font_family", "sans_serif_family", "cursive_family", "fantasy_family")
    return {
        "skip_system_fonts": True,
        "font_dirs": [str(folder)],
        **dict.fromkeys(names, "DejaVu Sans"),
        "serif_family": "DejaVu Serif",
        "monospace_family": "DejaVu Sans Mono",
    }


def drawn(svg: str) -> str | None:
    """An SVG drawing as PNG in base64; None where it is none, or too large.

    Examples
    --------
    >>> drawn('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>')[:8]
    'iVBORw0K'
    >>> drawn("no drawing") is None
    True
    """
    root = _ROOT.search(svg)
    sizes = re.findall(r"\d+(?:\.\d+)?", re.sub(r'xmlns(:\w+)?="[^"]*"', "", root[0])) if root else []
    if root is None or any(float(size) > LARGEST for size in sizes):
        return None
    if "xmlns" not in root[0]:  # inside of HTML it is understood
        start = root.start() + len("<svg")
        svg = f'{svg[:start]} xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"{svg[start:]}'
    try:
        from resvg_py import svg_to_bytes

        return base64.b64encode(svg_to_bytes(svg_string=svg, dpi=96, **_fonts())).decode("ascii")
    except (ImportError, ValueError):
        return None


def with_pictures(data: dict[str, object]) -> dict[str, object]:
    """An output's data in which drawings are pictures.

    Parameters
    ----------
    data : dict
        Media type -> content.

    Returns
    -------
    dict
    """
    svg, page = data.get("image/svg+xml"), data.get("text/html")
    if isinstance(svg, str) and "image/png" not in data and (picture := drawn(svg)):
        data = {key: value for key, value in data.items() if key != "image/svg+xml"} | {"image/png": picture}
    if isinstance(page, str) and "<script" in page and len(frames := _FRAME.findall(page)) > 1:
        last = re.sub(r"[\\\s]", "", frames[-1])
        data = data | {"text/html": f'<p>[An animation. Its last frame:]</p><img src="{last}">'}
    elif isinstance(page, str) and "<svg" in page.lower():
        data = data | {"text/html": _SVG.sub(_as_image, page)}
    return data


def _as_image(match: re.Match[str]) -> str:
    picture = drawn(match[0])
    return f'<img src="data:image/png;base64,{picture}">' if picture else match[0]


def is_interactive(backend: object) -> bool:
    """Whether the name of a backend of matplotlib's is that of one which draws in the browser.

    Examples
    --------
    >>> is_interactive("notebook"), is_interactive("module://ipympl.backend_nbagg"), is_interactive("inline")
    (True, True, False)
    """
    return any(name in str(backend).lower() for name in _INTERACTIVE) and "inline" not in str(backend)


class OpenFigures:
    """Figures that stay open from cell to cell, as with ``%matplotlib notebook``: shown after each cell that changed them.

    Parameters
    ----------
    show : callable
        Is given a picture as PNG in base64.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self.wanted = False  # whether the notebook has asked for an interactive backend
        self._show = show
        self._last: dict[int, str] = {}
        self._seen: set[str] = set()

    def saw(self, picture: object) -> None:
        """Note a picture that this cell has shown by itself."""
        if self.wanted and isinstance(picture, str):
            self._seen.add(_digest(picture))

    def after_cell(self) -> None:
        """Show what has changed."""
        helpers, seen = sys.modules.get("matplotlib._pylab_helpers"), self._seen
        self._seen = set()
        backend = sys.modules["matplotlib"].get_backend(auto_select=False) if helpers else None
        if helpers is None or not (self.wanted or is_interactive(backend)):
            return
        for manager in helpers.Gcf.get_all_fig_managers():
            figure: Figure = manager.canvas.figure
            picture = _png(figure)
            digest = _digest(picture)
            if digest != self._last.get(id(figure)) and digest not in seen:
                self._show(picture)
            self._last[id(figure)] = digest


def _png(figure: Figure) -> str:
    from IPython.core.pylabtools import print_figure

    return str(print_figure(figure, fmt="png", base64=True)).strip()


def _digest(picture: str) -> str:
    return hashlib.sha256("".join(picture.split()).encode("ascii", "replace")).hexdigest()
