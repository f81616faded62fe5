"""What cells of students show, made harmless to whoever looks at it in a browser."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import nbformat

from grading.sanitise.markup import is_base64

if TYPE_CHECKING:
    from nbformat import NotebookNode

_TEXT = ("text/plain",)
_PICTURES = ("image/png", "image/jpeg", "image/gif")
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
    """Outputs for a notebook that an instructor opens: text and pictures stay; HTML, JavaScript and SVG, in which code could
    hide that acts in the instructor's name, do not.

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
        if kind in ("stream", "error"):
            kept.append(output)
        elif kind in ("display_data", "execute_result"):
            bundle = output.get("data", {})
            data = {key: value for key, value in bundle.items() if (key in _TEXT) or (key in _PICTURES and is_base64(value))}
            if not data and bundle:
                data = {"text/plain": f"[{', '.join(sorted(map(str, bundle)))}: left out by the grader]"}
            alt = {}
            for key, value in (output.get("metadata") or {}).items():
                if key in _PICTURES and isinstance(value, dict) and isinstance(value.get("alt"), str):
                    alt[key] = {"alt": value["alt"]}
            output["data"], output["metadata"] = nbformat.from_dict(data), nbformat.from_dict(alt)
            kept.append(output)
    return kept
