"""The convolution explorer: set input, kernel, padding, stride and dilation, and see what becomes of them.

It shows output size, parameters, multiply-adds and receptive field, fills in the formula, draws the window over the padded
input cell by cell, and says why impossible settings are impossible. A second tab does the same for a stack of layers. It
runs in the reader's browser: no kernel, no network, and every part of it works by keyboard.

>>> from helpers import explorer
>>> explorer.show(size=7, kernel=3, stride=2)     # doctest: +SKIP
"""

import functools
import itertools
import re
from importlib import resources
from typing import Any

from helpers.animate import player

DEFAULTS = {
    "kind": "convolution",
    "size": 5,
    "kernel": 3,
    "padding": 0,
    "stride": 1,
    "dilation": 1,
    "output_padding": 0,
    "channels": 1,
    "filters": 1,
    "bias": True,
}
KINDS = ("convolution", "depthwise", "transposed")
TABS = ("layer", "stack")
FALLBACK = """\
<p><strong>Convolution explorer</strong>. It draws a convolution layer from its settings; to use it, run this cell in a notebook,
or open the book's page with JavaScript. Its arithmetic, for an input of W &times; W pixels and C channels:</p>
<table class="dataframe"><tbody>
<tr><th>reach of K cells with dilation D</th><td>K&prime; = D (K &minus; 1) + 1</td></tr>
<tr><th>output size with padding P and stride S</th><td>O = floor((W + 2P &minus; K&prime;) / S) + 1</td></tr>
<tr><th>transposed, with output padding E</th><td>O = (W &minus; 1) S + K&prime; &minus; 2P + E</td></tr>
<tr><th>parameters of F filters</th><td>K K C F + F</td></tr>
<tr><th>receptive field</th><td>grows by (K&prime; &minus; 1) times the jump in each layer; the jump is multiplied by S</td></tr>
</tbody></table>"""
_made = itertools.count(1)


def show(*, tab: str = "layer", stack: str = "LeNet-5", **settings: Any) -> None:
    """Show the explorer in the notebook.

    Parameters
    ----------
    tab : {"layer", "stack"}
        Which of the two is open first.
    stack : str
        Which stack of layers is there first; see :func:`stacks`.
    **settings
        Where the layer starts: kind ("convolution", "depthwise" or "transposed"), size, kernel, padding, stride, dilation,
        output_padding, channels, filters (whole numbers) and bias (bool). Impossible settings are welcome: the explorer
        says why they are.

    Raises
    ------
    ValueError
        If a setting is unknown or not a whole number.

    Examples
    --------
    >>> show(size=7, kernel=3, padding=1, stride=2)     # doctest: +SKIP
    """
    from IPython.display import display  # only needed where there is a notebook

    display(Explorer(fragment(tab=tab, stack=stack, **settings)))


def fragment(*, tab: str = "layer", stack: str = "LeNet-5", **settings: Any) -> str:
    """The explorer as HTML, to be put into any page as it is.

    Parameters
    ----------
    tab, stack, **settings
        As in :func:`show`.

    Returns
    -------
    str
        One element that needs nothing else on the page, and leaves nothing behind there: its styles and names stay inside.

    Raises
    ------
    ValueError
        If a setting is unknown or not a whole number.

    Examples
    --------
    >>> fragment().startswith('<div id="explorer-')
    True
    """
    if tab not in TABS:
        raise ValueError(f"tab={tab!r} is not known; choose 'layer' or 'stack'")
    if stack not in stacks():
        raise ValueError(f"stack={stack!r} is not known; choose one of {', '.join(map(repr, stacks()))}")
    unknown = sorted(set(settings) - set(DEFAULTS))
    if unknown:
        raise ValueError(f"the explorer has no setting {unknown[0]!r}; it has {', '.join(DEFAULTS)}")
    layer = {**DEFAULTS, **settings}
    if layer["kind"] not in KINDS:
        raise ValueError(f"kind={layer['kind']!r} is not known; choose one of {', '.join(map(repr, KINDS))}")
    for name in sorted(set(DEFAULTS) - {"kind", "bias"}):
        if isinstance(layer[name], bool) or not isinstance(layer[name], int):
            raise ValueError(f"{name}={layer[name]!r}: a whole number is needed")
    layer["bias"] = bool(layer["bias"])
    layer["outputPadding"] = layer.pop("output_padding")
    start = {"layer": layer, "tab": tab, "preset": stack}
    code = "const module = null;\n" + player.script("arithmetic.js", "explorer.js", package=__name__)
    style = player.literal(player.style("explorer.css", __name__))
    return player.element(f"explorer-{next(_made)}", f"startExplorer(host, {player.literal(start)}, {style});", FALLBACK, code)


@functools.cache
def stacks() -> tuple[str, ...]:
    """Names of the stacks of layers that the explorer can start from.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> stacks()[0]
    'LeNet-5'
    """
    code = resources.files(__name__).joinpath("explorer.js").read_text(encoding="utf-8")
    return tuple(re.findall(r'(?m)^  "(.+?)": \[\d', code))


class Explorer:
    """What a notebook shows; in a terminal, a sentence."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __repr__(self) -> str:
        return "Convolution explorer (interactive; open it in a notebook or in the book)"

    def _repr_html_(self) -> str:
        return self.code
