"""What cells of students show, made harmless to whoever looks at it in a browser."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import nbformat

from grading.protocol.printed import without_middle
from grading.sanitise.markup import clean_html, is_base64
from grading.sanitise.text import clean_text

if TYPE_CHECKING:
    from nbformat import NotebookNode

PRINTED_LIMIT = 100_000  # characters of one output that are printed: more than a person reads

_TEXT = ("text/plain", "text/latex")  # pages show them as text
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_TOLD = {  # what may be left out of a page, and how it is called
    r"<script|on\w+\s*=": "a script",
    r"<(?:video|source)\b": "a video or animation",
    r"<audio\b": "a sound",
    r"<(?:iframe|object|embed|frame)\b": "another page",
    r"<(?:button|select|textarea|input|form)\b": "controls",
    r"<svg\b": "a drawing (SVG)",
}
_WITHOUT = "script style template noscript title iframe object embed video audio button select textarea svg math".split()
_OTHERS = {
    "image/svg+xml": "a drawing (SVG)",
    "application/javascript": "a script",
    "application/vnd.jupyter.widget-view+json": "a widget",
    "application/pdf": "a PDF document",
}
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    r"""Text without colours, control characters and marks that turn the direction of writing.

    Examples
    --------
    >>> plain("\x1b[31mred\x1b[0m\x07")
    'red'
    """
    return _CONTROL.sub("", _ANSI.sub("", text))


def clean_outputs(outputs: Sequence[NotebookNode | dict[str, Any]]) -> list[NotebookNode]:
    """Outputs for a notebook that an instructor opens: text, pictures, tables and formulae stay; what could act in the
    instructor's name does not, and a sentence says so.

    Parameters
    ----------
    outputs : list
        nbformat outputs.

    Returns
    -------
    list of nbformat.NotebookNode
    """
    kept = []
    for output in copy.deepcopy(outputs):
        output = nbformat.from_dict(output)
        kind = output.get("output_type")
        if kind == "stream":
            output["text"] = without_middle("".join(output.get("text", "")), PRINTED_LIMIT)
            kept.append(output)
        elif kind == "error":
            kept.append(output)
        elif kind in ("display_data", "execute_result"):
            data, missing = _clean_data(output.get("data", {}))
            alt = {}
            for key, value in (output.get("metadata") or {}).items():
                if key in _PICTURES and isinstance(value, dict) and isinstance(value.get("alt"), str):
                    alt[key] = {"alt": value["alt"]}
            output["data"], output["metadata"] = nbformat.from_dict(data), nbformat.from_dict(alt)
            if data:
                kept.append(output)
            if missing:
                text = f"[Left out here, because it would act in a browser: {', '.join(missing)}.]"
                kept.append(nbformat.v4.new_output("display_data", {"text/plain": text}))
    return kept


def _clean_data(bundle):
    """The data of an output that may stay, and the names of what is left out and missed."""
    data: dict[str, str] = {}
    for key, value in bundle.items():
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            value = "".join(value)
        if isinstance(value, str) and (key in _TEXT or key in _PICTURES and is_base64(value)):
            data[key] = without_middle(value, PRINTED_LIMIT) if key in _TEXT else value
    missing: list[str] = []
    page, text = bundle.get("text/html"), bundle.get("text/markdown")
    if isinstance(page, str):
        cleaned = clean_html(page, without=_WITHOUT).strip()
        missing += [name for pattern, name in _TOLD.items() if re.search(pattern, page, flags=re.IGNORECASE)]
        if _shows_something(cleaned):
            data["text/html"] = cleaned
    elif isinstance(text, str):
        data["text/markdown"] = clean_text(text)[0]
    if not data.keys() - {"text/plain"}:
        known = {"text/html", "text/markdown", *_TEXT, *_PICTURES}
        missing += [_OTHERS.get(key, f"{str(key)[:60]}") for key in sorted(bundle.keys() - known)]
    return data, list(dict.fromkeys(missing))


def _shows_something(page):
    return "<img " in page or "<hr" in page or bool(re.sub(r"<[^>]*>|&nbsp;|\s", "", page))
