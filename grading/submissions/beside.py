"""Answers that stand beside the cell that is for them: a person has to look, because no program can tell."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from grading.nbgrader.cells import grade_id, role
from grading.submissions.match import same, same_text, similarity

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grading.submissions.parse import Cell

_DOCUMENT = re.compile(r"\.(png|jpe?g|gif|webp|heic|tiff?|bmp|svg|pdf|docx?|odt|rtf|txt|md)$", flags=re.IGNORECASE)


def answers_beside(
    released: Sequence[NotebookNode],
    cells: Sequence[Cell],
    matched: Mapping[int, int],
    taken: Collection[int],
    files: Collection[str] = (),
) -> dict[str, str]:
    """Questions for a person whose cell is missing or as it was released, though an answer may stand elsewhere.

    Parameters
    ----------
    released : list of nbformat.NotebookNode
    cells : list of Cell
        As they were handed in.
    matched, taken : dict, set
        As :func:`grading.submissions.match.match` gives them.
    files : collection of str, optional
        Names of files of the student's own that were handed in beside the notebook.

    Returns
    -------
    dict of str to str
        Name of the question -> a sentence about where something was found.
    """
    place_of = {k: position for position, k in matched.items()}
    own = [k for k, cell in enumerate(cells) if k not in taken and k not in place_of and cell.source.strip()]
    documents = [name for name in sorted(files) if _DOCUMENT.search(name)]
    found = {}
    for position, cell in enumerate(released):
        name = grade_id(cell)
        if not name or role(cell) != "manual":
            continue
        if position not in matched:
            found[name] = "no answer was found: its cell is missing. A person has to look."
            continue
        k = matched[position]
        if not same(cell, cells[k].source, cells[k].kind):
            continue
        where = (
            _beside(cell, cells, k, own)
            or _edited(released, cells, matched, position)
            or next(("elsewhere in the notebook" for j in own if _is_copy(cell, cells[j])), "")
            or (f"in what was handed in beside the notebook ({', '.join(documents[:3])})" if documents else "")
        )
        if where:
            found[name] = f"the cell is as it was released, but something is written {where}. A person has to look."
    return found


def _beside(released, cells, k, own):
    """Where own cells stand between a cell and the released ones around it."""
    for step, where in ((1, "in a cell below it"), (-1, "in a cell above it")):
        j = k + step
        while j in own:
            if _may_answer(released, cells[j]):
                return where
            j += step
        # What is empty stands in nobody's way.
    return ""


def _may_answer(released, cell):
    """Whether a cell of the student's may be the answer: text to a question in words, whatever it is to one in code."""
    if cell.kind != "code" or released.cell_type == "code":
        return True
    try:
        tree = ast.parse(cell.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # words in a code cell
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in tree.body)  # a comment, a text


def _edited(released, cells, matched, position):
    """Whether text was written into the description above or below an answer."""
    for near, where in ((position - 1, "above"), (position + 1, "below")):
        if not 0 <= near < len(released) or near not in matched or released[near].cell_type != "markdown":
            continue
        text = cells[matched[near]].source
        grown = len(same_text(text)) > len(same_text(released[near].source))
        if role(released[near]) in ("free", "locked") and grown and not same(released[near], text, "markdown"):
            return f"in the text {where} it"
    return ""


def _is_copy(released, cell):
    """Whether a cell of the student's resembles an answer cell as it was released."""
    lines = [same_text(line) for line in released.source.splitlines() if len(same_text(line)) >= 8]
    return any(line in same_text(cell.source) for line in lines) or similarity(released, cell) >= 0.55
