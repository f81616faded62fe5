"""What is another work than before: grades that a person gave stay good for the rest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import nbformat

from grading.nbgrader.cells import by_name, grade_id, role

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode


def tasks(notebook: NotebookNode) -> dict[str, str]:
    """Fingerprint what each question that a person grades asks: the text cells right before it, its own text and its points.

    nbgrader keeps the texts of graded cells only, and of an answer in words that is no more than the place for it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The instructor's.

    Returns
    -------
    dict of str to str
        grade_id -> hash, in which white space does not count.
    """
    found: dict[str, str] = {}
    before: list[str] = []
    for cell in notebook.cells:
        if role(cell) in ("manual", "task"):
            asked = [*before, cell.source, str(float(cell.metadata.nbgrader["points"]))]
            found[str(grade_id(cell))] = hashlib.sha256("\0".join(" ".join(one.split()) for one in asked).encode()).hexdigest()[
                :24
            ]
        before = [*before, cell.source] if cell.cell_type == "markdown" and role(cell) in ("free", "locked") else []
    return found


def read_notebook(path: Path) -> NotebookNode | None:
    """Read a notebook as it lies in ``autograded``; None where it is not there or not whole."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # nbformat raises whatever its readers do; what cannot be compared has changed
        return None


def changed_work(old: NotebookNode | None, new: NotebookNode) -> set[str] | None:
    """Find the questions for which a student's work is another one than before.

    An answer that a person grades is its text, pictures and outputs. A test is about all answers in code, and a task about
    everything that the student wrote.

    Parameters
    ----------
    old, new : nbformat.NotebookNode
        As graded.

    Returns
    -------
    set of str or None
        grade_ids; None where there is nothing to compare with.

    Examples
    --------
    >>> changed_work(None, nbformat.v4.new_notebook()) is None
    True
    """
    if old is None:
        return None

    def work(notebook, *roles):
        return [(grade_id(cell), cell.source, cell.get("attachments")) for cell in notebook.cells if role(cell) in roles]

    def answer(cell):
        outputs = [{**output, "execution_count": None} for output in cell.get("outputs", ())]
        return cell.source, cell.get("attachments"), json.dumps(outputs, sort_keys=True, default=str)

    before = by_name(old)
    code = work(old, "solution") != work(new, "solution")
    everything = ("solution", "manual", "free")
    anything = work(old, *everything) != work(new, *everything)
    changed = set()
    for cell in new.cells:
        name, part = grade_id(cell), role(cell)
        if name is None:
            continue
        if name not in before or (
            part == "manual" and answer(before[name]) != answer(cell) or part == "test" and code or part == "task" and anything
        ):
            changed.add(name)
    return changed
