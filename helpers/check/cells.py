"""The cells of an exercise: what a student's notebook holds, and what it should hold."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import helpers

GAP = re.compile(r"^[ \t]*raise (?:NotImplementedError|(?:checks\.)?NotWritten)\b|YOUR (?:CODE|ANSWER) HERE", re.MULTILINE)
QUESTION = re.compile(r"^#{1,6}\s*(?:Question\s+(?P<number>\w+)\s*(?:\([^)]*\))?\s*:?\s*)?(?P<title>.*)$", re.MULTILINE)


class NotANotebook(Exception):
    """A file that cannot be checked; the message says why, and what to do."""


@dataclass(frozen=True)
class Cell:
    """A cell, and what nbgrader's metadata say about it.

    Attributes
    ----------
    number : int
        Its place in the notebook, from 1 on.
    kind : str
        ``"code"``, ``"markdown"`` or ``"raw"``.
    source, id : str
    mark : dict
        The metadata; empty where there are none.
    """

    number: int
    kind: str
    source: str
    id: str
    mark: dict[str, Any]

    @property
    def grade_id(self) -> str:
        """The name that the grader knows the cell by; empty for a cell that is not graded."""
        return str(self.mark.get("grade_id", ""))

    @property
    def is_answer(self) -> bool:
        """Whether a student is to write in it."""
        return bool(self.grade_id and self.mark.get("solution"))

    @property
    def is_test(self) -> bool:
        """Whether it checks an answer."""
        return bool(self.grade_id and self.mark.get("grade") and not self.mark.get("solution"))

    @property
    def has_hidden_tests_only(self) -> bool:
        """Whether nothing is left of a check without its hidden tests."""
        return self.is_test and all(not line.strip() or line.lstrip().startswith("#") for line in self.source.splitlines())

    @property
    def points(self) -> float:
        """What it is worth, for a check or an answer that a person grades."""
        try:
            return float(self.mark.get("points", 0))
        except (TypeError, ValueError):
            return 0.0

    @property
    def is_as_released(self) -> bool | None:
        """Whether nothing in it was changed, by the checksum that nbgrader has put beside it; None if there is none."""
        wanted = self.mark.get("checksum")
        if not wanted:
            return None
        parts = [self.source, self.kind, *(str(bool(self.mark.get(flag))) for flag in ("grade", "solution", "locked"))]
        parts.append(self.grade_id)
        if self.mark.get("grade"):
            parts.append(str(self.points))
        return hashlib.md5("".join(parts).encode()).hexdigest() == wanted  # as nbgrader.utils.compute_checksum has it

    @property
    def first_line(self) -> str:
        """Its first line that says something, short, to find it by."""
        lines = [line.strip() for line in self.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        line = (lines or ["(empty)"])[0]
        return line if len(line) <= 40 else f"{line[:37]}..."

    def __str__(self) -> str:
        return f"cell {self.number}"


@dataclass
class Question:
    """A part of an exercise: what is to be written, and the checks of it."""

    number: str
    title: str
    answers: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # what the answer is to define


@dataclass
class Reference:
    """What is known of the exercise as it was released.

    Attributes
    ----------
    week : str
        Such as ``"week01_knn"``; empty where the exercise is unknown.
    title : str
    questions : list of Question
    cells : dict of str to Cell
        The graded cells by name, where a released notebook is at hand.
    """

    week: str = ""
    title: str = ""
    questions: list[Question] = field(default_factory=list)
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The name that the notebook should have; empty where it is not known."""
        return f"{self.week.partition('_')[2]}.ipynb" if self.week else ""


def read(path: Path) -> Any:
    """Read a notebook in the present format.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    NotANotebook
        If there is none at `path`.
    """
    import nbformat

    if path.is_dir():
        found = sorted(other.name for other in path.glob("*.ipynb"))
        raise NotANotebook(f"{path} is a folder. Name a notebook in it: {', '.join(found) or 'it holds none'}.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = sorted(other.name for other in path.parent.glob("*.ipynb*")) if path.parent.is_dir() else []
        raise NotANotebook(f"there is no file {path}." + (f" Beside it: {', '.join(near)}." if near else "")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotANotebook(f"{path} cannot be read: {error}") from error
    try:
        content = json.loads(text)
        if not isinstance(content, dict) or not ("cells" in content or "worksheets" in content):
            raise ValueError("it holds no cells")
        return nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat raises errors of many kinds
        why = "it is a web page" if re.match(r"\s*<(!doctype|html)", text, re.IGNORECASE) else str(error).splitlines()[0]
        raise NotANotebook(
            f"{path} is not a notebook ({why}). Save it again, or download it anew (in Colab: File, Download, .ipynb)."
        ) from error


def cells_of(notebook: dict[str, Any]) -> list[Cell]:
    """The cells of a notebook.

    Parameters
    ----------
    notebook : dict

    Returns
    -------
    list of Cell
    """
    found = []
    for number, cell in enumerate(notebook["cells"], start=1):
        source = cell.get("source", "")
        mark = cell.get("metadata", {}).get("nbgrader")
        found.append(
            Cell(
                number,
                cell["cell_type"],
                source if isinstance(source, str) else "".join(source),
                str(cell.get("id", "")),
                dict(mark) if isinstance(mark, dict) else {},
            )
        )
    return found


def code_of(source: str) -> ast.Module | None:
    r"""The code of a cell, magics and all; None where it is no Python.

    Examples
    --------
    >>> code_of("%matplotlib inline\nx = 1") is not None, code_of("x = = 1") is None
    (True, True)
    """
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError):
        return None


def defined(source: str) -> set[str]:
    r"""The names that a cell gives a value to, outside of functions and classes.

    Examples
    --------
    >>> sorted(defined("import numpy as np\nfrom a import b\ndef f(x):\n    y = x\nz, (u, v) = 1, (2, 3)"))
    ['b', 'f', 'np', 'u', 'v', 'z']
    """
    tree = code_of(source)
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body) if tree else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting += ast.iter_child_nodes(node)
    return names


# --- the exercise as it was released ------------------------------------------------------------------------


def reference(notebook: dict[str, Any], path: Path) -> Reference:
    """Find out which exercise a notebook is, and what was released.

    Parameters
    ----------
    notebook : dict
    path : pathlib.Path
        Its file, which is not taken for its own release.

    Returns
    -------
    Reference
        From what comes with the helpers, and from the released notebook if there is one; else from the notebook alone.
    """
    mine = cells_of(notebook)
    names = {cell.grade_id for cell in mine if cell.grade_id}
    top = Path(helpers.__file__).resolve().parents[1]
    found = Reference()
    released = _nearest(
        names,
        {
            other.parent.name: {cell.grade_id: cell for cell in cells if cell.grade_id}
            for other in sorted(top.glob("exercises/week*/*.ipynb"))
            if other.stem == other.parent.name.partition("_")[2] and not _same_file(other, path) and (cells := _cells_in(other))
        },
    )
    if released:
        found.week, found.cells = released
    if begun := _begun_with(notebook):
        found.cells = {cell.grade_id: cell for cell in begun if cell.grade_id}
    facts = {
        other.stem: json.loads(other.read_text(encoding="utf-8")) for other in sorted(top.glob("helpers/exercises/week*.json"))
    }
    known = _nearest(names, {week: _graded(about) for week, about in facts.items()})
    if known:
        found.week, about = known[0], facts[known[0]]
        found.title = str(about["title"])
        found.questions = [
            Question(
                str(one["number"]),
                one["title"],
                [one["grade_id"]],
                [test["grade_id"] for test in one["tests"]],
                list(one["names"]),
            )
            for one in about["questions"]
        ]
        for test in (test for one in about["questions"] for test in one["tests"]):
            mark = {"grade_id": test["grade_id"], "grade": True, "locked": True, "points": test["points"]}
            found.cells.setdefault(test["grade_id"], Cell(0, "code", test["source"], "", mark))
    else:
        found.questions = _by_headings(
            list(found.cells.values()) + [cell for cell in mine if cell.grade_id not in found.cells], mine
        )
    found.title = found.title or next(
        (
            line.lstrip("# ")
            for cell in mine
            if cell.kind == "markdown"
            for line in cell.source.splitlines()
            if line.startswith("# ")
        ),
        "",
    )
    return found


def _graded(about):
    """The names of the graded cells that the facts about an exercise tell."""
    return {name: None for one in about["questions"] for name in (one["grade_id"], *(test["grade_id"] for test in one["tests"]))}


def _nearest(names, candidates):
    """The candidate that shares the most graded cells with a notebook, if they are a good part of its own."""
    best = max(candidates, key=lambda key: len(names & candidates[key].keys()), default=None)
    if best is None or 3 * len(names & candidates[best].keys()) < len(names) or not names & candidates[best].keys():
        return None
    return best, candidates[best]


def _cells_in(path):
    try:
        return cells_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _same_file(one, other):
    try:
        return one.samefile(other)
    except OSError:
        return False


def _begun_with(notebook):
    """The cells of the very version that a copy in the student's folder was made from, where it is remembered."""
    from helpers.course import folder, work

    try:
        base = work.base_of(folder.find(), notebook)
    except folder.CourseError:
        return None
    return cells_of(base) if base else None


def _by_headings(graded, cells):
    """Questions as the headings of the notebook divide it, where nothing else is known."""
    order = {cell.grade_id: cell.number for cell in cells if cell.grade_id}
    marks = [Question("", "")]
    where = []
    for cell in cells:
        if cell.kind == "markdown" and (match := QUESTION.search(cell.source)) and match["number"]:
            marks.append(Question(match["number"], match["title"].strip()))
            where.append(cell.number)
    for cell in sorted(graded, key=lambda cell: order.get(cell.grade_id, cell.number)):
        place = sum(start <= order.get(cell.grade_id, cell.number) for start in where)
        if cell.is_test or (cell.is_answer and cell.mark.get("grade")):
            marks[place].tests.append(cell.grade_id)
        if cell.is_answer:
            marks[place].answers.append(cell.grade_id)
            marks[place].names += sorted(defined(cell.source))
    return [mark for mark in marks if mark.answers or mark.tests]
