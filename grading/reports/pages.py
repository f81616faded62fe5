"""Pages that need nothing from elsewhere, made from the templates beside this module."""

from __future__ import annotations

import functools
import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grading.sanitise.outputs import plain

# No script, no request, nothing from elsewhere, whatever should get into a page.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def number(value: float) -> str:
    """Points as people write them.

    Examples
    --------
    >>> number(2.0), number(0.5)
    ('2', '0.5')
    """
    return f"{value:g}"


def several(count: int, what: str, more: str = "") -> str:
    """A number and its noun.

    Examples
    --------
    >>> several(1, "student"), several(2, "student")
    ('1 student', '2 students')
    """
    return f"{count} {what if count == 1 else more or what + 's'}"


def breakable(value: object) -> Markup:
    """A name for a narrow column, which breaks it after an underscore."""
    return Markup("_<wbr>").join(plain(str(value)).split("_"))


def _shown(value):
    """Text without control characters; what is HTML already stays."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else plain(value)


@functools.cache
def _templates():
    environment = Environment(
        loader=PackageLoader("grading.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {"number": number, "several": several, "breakable": breakable}
    return environment


def render(template: str, **values: Any) -> str:
    """Fill in a template: text is escaped, what is `markupsafe.Markup` stays as it is.

    Parameters
    ----------
    template : str
        Its name, without ``.html.j2``.
    **values
        What its names stand for.

    Returns
    -------
    str
    """
    return _templates().get_template(f"{template}.html.j2").render(policy=POLICY, **values)


def without_type(message: str) -> str:
    """What a check said, without the name of the exception that carried it.

    Examples
    --------
    >>> without_type("CheckFailed: the length is 0")
    'the length is 0'
    >>> without_type("NotImplementedError: ")
    'There is no answer yet.'
    >>> without_type("NotWritten: not written yet: image_distance")  # what a gap of this course raises
    'not written yet: image_distance'
    """
    message = plain(message).strip()
    if message.startswith("NotImplementedError"):
        return "There is no answer yet."
    return re.sub(r"^(CheckFailed|AssertionError|NotWritten): (?=.)", "", message, flags=re.DOTALL)
