r"""Formulae as MathML, which browsers show without help from another host.

Students write formulae, too, and what is made of ``\text{<b>}`` or ``\href{javascript:...}`` is not harmless. So the tree that
latex2mathml makes is written anew here: elements and attributes that are known, and text as text.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from latex2mathml.converter import convert_to_element
from markupsafe import Markup

from grading.sanitise.outputs import plain

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LENGTH = 2_000  # characters of a formula that is typeset

_ELEMENTS = frozenset(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder mover "
    "munderover mmultiscripts mprescripts none mtable mtr mlabeledtr mtd menclose".split()
)
_WORD, _SIZES = r"[a-z-]{1,20}", r"(\d{1,2}(\.\d+)?(em|ex|px|pt|%)?)( \d{1,2}(\.\d+)?(em|ex|px|pt|%)?){0,30}"  # none is negative
_ATTRIBUTES = {
    **dict.fromkeys(
        ("display", "displaystyle", "mathvariant", "stretchy", "fence", "separator", "form", "accent", "symmetric"), _WORD
    ),
    **dict.fromkeys(("largeop", "movablelimits", "accentunder", "notation"), _WORD),
    **dict.fromkeys(("linethickness", "minsize", "maxsize", "width", "rowspacing", "columnspacing", "scriptlevel"), _SIZES),
    **dict.fromkeys(("columnalign", "rowalign", "columnlines", "rowlines"), r"[a-z]{1,10}( [a-z]{1,10}){0,30}"),
    "mathcolor": r"#[0-9a-fA-F]{3,8}|[a-z]{1,30}",
}


def formula(tex: str, block: bool = False) -> Markup:
    r"""Typeset a formula; what cannot be typeset is shown as it was written.

    Parameters
    ----------
    tex : str
        Without its dollar signs.
    block : bool
        Whether it stands on lines of its own.

    Returns
    -------
    markupsafe.Markup

    Examples
    --------
    >>> print(formula("x^2"))
    <math display="inline"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>
    >>> print(formula(r"\frac{"))
    <code class="tex">\frac{</code>
    """
    tex = plain(tex).strip()
    try:
        if not tex or len(tex) > LENGTH:
            raise ValueError("too long, or empty")
        return Markup(_written(convert_to_element(tex, display="block" if block else "inline")))
    except Exception:  # any text may stand between dollar signs, and the converter raises whatever its parts do
        return Markup('<code class="tex">{}</code>').format(tex)


def _written(element: Element) -> str:
    """An element as text."""
    inside = _text(element.text) + "".join(_written(child) + _text(child.tail) for child in element)
    if element.tag not in _ELEMENTS:
        return inside
    known = {name: value for name, value in element.attrib.items() if re.fullmatch(_ATTRIBUTES.get(name, "(?!)"), value)}
    attributes = "".join(f' {name}="{value}"' for name, value in known.items())
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>"


def _text(text):
    """Text in which the converter has left signs as numbers (``&#x02264;``)."""
    return html.escape(html.unescape(text or ""))
