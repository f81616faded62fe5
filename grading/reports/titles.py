"""What people call the questions of an exercise: the headings above their cells, and not the names of cells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grading.nbgrader.cells import grade_id, role

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$|^<h([1-6])[^>]*>(.*?)</h", flags=re.MULTILINE)
_BOLD = re.compile(r"^\*\*(.+?)\*\*", flags=re.MULTILINE)
_QUESTION = re.compile(r"(question|exercise|task|problem|part|aufgabe|q)\b[ .]*\w", flags=re.IGNORECASE)
_POINTS = re.compile(r"\s*[(\[]\s*[\d.,/½]+\s*(?:points?|pts?|marks?)\.?\s*[)\]]", flags=re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", flags=re.MULTILINE | re.DOTALL)
_OPAQUE = re.compile(r"cell-?[0-9a-f]{6,}|[0-9a-f-]{8,}", flags=re.IGNORECASE)  # names that nbgrader makes up
FURTHER = "further checks"


@dataclass(frozen=True)
class Title:
    """How a graded cell is called.

    Attributes
    ----------
    question : str
    part : str
        Which of several cells of the question; empty where there is one.
    """

    question: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.question} – {self.part}" if self.part else self.question


def titles(released: NotebookNode) -> dict[str, Title]:
    """Find the titles of all graded cells of a notebook.

    Parameters
    ----------
    released : nbformat.NotebookNode
        The exercise as students have it.

    Returns
    -------
    dict of str to Title
        By grade_id, in the order of the notebook.
    """
    above: dict[int, str] = {}  # level -> the heading that counts
    first, found = True, {}
    for cell in released.cells:
        if cell.cell_type == "markdown":
            for level, text in _headings(cell.source):
                title = first and level == 1  # of the notebook, and not of a question
                above = {known: one for known, one in above.items() if known < level} | ({} if title else {level: text})
                first = False
        key, part = grade_id(cell), role(cell)
        if key and part in ("test", "manual", "task"):
            named = [text for _, text in sorted(above.items(), reverse=True)]
            heading = next((text for text in named if _QUESTION.match(text)), named[0] if named else "")
            found[key] = heading, _words(key), part, part == "test" and _empty(cell)
    made = {}
    for number, (key, (heading, words, part, hidden)) in enumerate(found.items(), 1):
        question = heading or words or f"Check {number}"
        same = [one for one in found.values() if (one[0] or one[1]) == (heading or words)]
        names = {one[1] for one in same if one[2] == "test"}
        if part != "test":
            own = "" if len(same) == 1 else "your answer" if sum(one[2] != "test" for one in same) == 1 else words
        else:
            own = words if heading and len(names) > 1 else ""
            if not own and [one[2:] for one in same].count((part, hidden)) > 1:
                own = f"check {1 + [one for one in found if found[one] in same].index(key)}"
            if hidden:
                own = f"{own}: {FURTHER}" if own else FURTHER
        made[key] = Title(question, own)
    return made


def first_heading(source: str) -> str:
    r"""The first heading of a text cell, as text; empty where there is none.

    Examples
    --------
    >>> first_heading("Well.\n\n## Question 1 (2 points): how *far*?")
    'Question 1: how far?'
    """
    return next((text for _, text in _headings(source)), "")


def _headings(source):
    """Levels and texts of the headings of a text cell."""
    source = _FENCE.sub("", source)
    for match in sorted([*_HEADING.finditer(source), *_BOLD.finditer(source)], key=lambda one: one.start()):
        if match.re is _HEADING:
            yield len(match[1]) if match[1] else int(match[3]), _plain(match[2] or match[4])
        elif _QUESTION.match(match[1]):
            yield 7, _plain(match[1])


def _plain(text):
    """A heading without Markdown and HTML, and without its points, which stand beside it."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>", r"\1", text)
    text = re.sub(r"[*`$]|(?<!\w)_|_(?!\w)|\\(?=[^\w])", "", text)
    return _POINTS.sub("", text).strip(" .:")


def _words(key):
    """A cell's name as words; empty where it says nothing."""
    name = re.sub(r"_?(hidden_)?tests?$", "", key, flags=re.IGNORECASE)
    return "" if not name or _OPAQUE.fullmatch(key) else re.sub(r"[_\s]+", " ", name)


def _empty(cell):
    """Whether students have nothing of a test but comments."""
    return not any(line.strip() and not line.strip().startswith("#") for line in cell.source.split("\n"))
