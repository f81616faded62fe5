"""What a student wrote in a notebook, carried into a newer version of it.

Three versions are compared: the course's that the student began with (the base), the student's, and the course's new one.
Answers are found again by their ``grade_id``, all other cells by their text. What only one side has changed is taken from that
side; where both have changed the same lines, the course's stay, the student's are put beside them as text, and the report says
so.
"""

import copy
import difflib
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from helpers.course.notebook import SETUP_TAG, Notebook

# What a released exercise says where an answer is missing: that of this course, and nbgrader's own, which it had before.
NOT_ANSWERED = re.compile(r"^\s*raise (?:checks\.NotWritten|NotImplementedError)\(\)|^YOUR ANSWER HERE$", re.MULTILINE)
Cell = dict[str, Any]


@dataclass
class Report:
    """What became of a student's work.

    Attributes
    ----------
    carried : list of str
        Answers that are in the new notebook, by their ``grade_id``.
    changed : list of str
        Of these, the ones whose question has changed: its text, its checks, or what stood in the cell to begin with.
    beside : list of str
        Answers that could not be put into their cell, because the lines that they replace have changed; they stand above it,
        as text.
    gone : list of str
        Answers to questions that the new notebook does not have.
    own : int
        Cells that the student added, carried.
    edits : list of str
        First lines of the course's cells that student and course have both changed.
    """

    carried: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    own: int = 0
    edits: list[str] = field(default_factory=list)


def carry(base: Notebook | None, mine: Notebook, new: Notebook) -> tuple[Notebook, Report]:
    """Put a student's answers, notes and cells into the course's new version of a notebook.

    Parameters
    ----------
    base : dict or None
        What the student began with; None where it is not known. Then every cell that is not in `new` counts as the student's own.
    mine : dict
    new : dict
        Not changed.

    Returns
    -------
    notebook : dict
        Without outputs: they belong to the version before.
    report : Report
    """
    report = Report()
    old, cells = (base or new)["cells"], copy.deepcopy(new["cells"])
    place = _places(old, cells)
    before: dict[int, list[Cell]] = {}  # what is put before a cell of the new notebook, by its position
    after: dict[int, list[Cell]] = {}  # and after it; -1: at the top
    origins = _origins(mine["cells"], old, use_ids=base is not None)
    answers = _carry_answers(old, _answers(mine["cells"], old, origins), cells, before, report)

    anchor = -1  # what the student added comes after the cell that it came after
    for cell, origin in zip(mine["cells"], origins, strict=True):
        if origin is None:
            if _source(cell).strip() and _source(cell) not in answers:
                after.setdefault(anchor, []).append(_own(cell))
                report.own += 1
            continue
        where = place.get(origin)
        anchor = anchor if where is None else where
        theirs = old[origin]
        if _is_answer(theirs) or _is_locked(theirs) or _source(cell) == _source(theirs):
            continue
        if where is None:  # the course has taken it out; the student had made it a note of their own
            after.setdefault(anchor, []).append(_own(cell))
            report.own += 1
        elif (text := merged(_source(theirs), _source(cell), _source(cells[where]))) is not None:
            cells[where]["source"] = text
        else:
            after.setdefault(anchor, []).append(_quoted(cell, "Your version of the cell above:"))
            report.edits.append(_source(cell).strip().partition("\n")[0])

    placed = [*after.get(-1, [])]
    for position, cell in enumerate(cells):
        placed += [*before.get(position, []), cell, *after.get(position, [])]
    return {**copy.deepcopy(new), "cells": _with_unique_ids(placed)}, report


def _answers(mine: list[Cell], old: list[Cell], origins: list[int | None]) -> dict[str, Cell]:
    """The student's answer to each question that is answered, by its grade_id."""
    stubs = {_grade_id(cell): _source(cell) for cell in old if _is_answer(cell)}
    found: dict[str, Cell] = {}
    # A cell that was copied has the grade_id of the first; the first comes first here, too.
    for cell, origin in sorted(zip(mine, origins, strict=True), key=lambda pair: pair[1] is None):
        named = cell if origin is None else old[origin]
        name, text = _grade_id(named), _source(cell)
        empty = not text.strip() or text == stubs.get(name) or (name not in stubs and NOT_ANSWERED.search(text))
        if _is_answer(named) and name not in found and not empty:
            found[name] = cell
    return found


def _carry_answers(
    old: list[Cell], answers: dict[str, Cell], cells: list[Cell], before: dict[int, list[Cell]], report: Report
) -> set[str]:
    """Put each answer into the cell of its question, or note why not; the texts of all of them are returned."""
    stubs = {_grade_id(cell): _source(cell) for cell in old if _is_answer(cell)}
    places = {_grade_id(cell): position for position, cell in enumerate(cells) if _is_answer(cell)}
    questions = {name: _question(cells, name) for name in places}  # before answers are in them
    for name, answer in answers.items():
        if name not in places:
            report.gone.append(name)
            continue
        there = cells[places[name]]
        text = merged(stubs[name], _source(answer), _source(there)) if name in stubs else _source(answer)
        if text is None:
            before.setdefault(places[name], []).append(_quoted(answer, "Your answer to the earlier version of this question:"))
            report.beside.append(name)
            continue
        there["source"] = text
        if "attachments" in answer:
            there["attachments"] = answer["attachments"]
        report.carried.append(name)
        if _question(old, name) not in ("", questions[name]):
            report.changed.append(name)
    return {_source(answer) for answer in answers.values()}


def merged(base: str, mine: str, new: str) -> str | None:
    r"""Three versions of a text as one, line by line; None where `mine` and `new` have changed the same lines.

    Examples
    --------
    >>> print(merged("a\nb\nc", "a\nb\nC", "A\nb\nc"))
    A
    b
    C
    >>> merged("a", "b", "c") is None
    True
    """
    versions = [text.split("\n") for text in (base, mine, new)]
    lines: list[str] = []
    ends = [0, 0, 0]
    for starts, size in _in_all_three(*versions):
        base_part, mine_part, new_part = (version[end:start] for version, end, start in zip(versions, ends, starts, strict=True))
        if mine_part != base_part and new_part not in (base_part, mine_part):
            return None
        lines += new_part if mine_part == base_part else mine_part
        lines += versions[0][starts[0] : starts[0] + size]
        ends = [start + size for start in starts]
    return "\n".join(lines)


def _in_all_three(base: list[str], mine: list[str], new: list[str]) -> Iterator[tuple[tuple[int, int, int], int]]:
    """Runs of lines that all three have: where they begin in each, and how long they are. The last is empty, at the ends."""
    one, other = (difflib.SequenceMatcher(None, base, version, autojunk=False).get_matching_blocks() for version in (mine, new))
    i = j = 0
    while i < len(one) - 1 and j < len(other) - 1:
        begin, end = max(one[i].a, other[j].a), min(one[i].a + one[i].size, other[j].a + other[j].size)
        if begin < end:
            yield (begin, one[i].b + begin - one[i].a, other[j].b + begin - other[j].a), end - begin
        if one[i].a + one[i].size < other[j].a + other[j].size:
            i += 1
        else:
            j += 1
    yield (len(base), len(mine), len(new)), 0


def _places(old: list[Cell], new: list[Cell]) -> dict[int, int]:
    """Which cell of the new notebook each cell of the old one has become: by its grade_id, its text, or a text much like it."""
    matcher = difflib.SequenceMatcher(None, list(map(_key, old)), list(map(_key, new)), autojunk=False)
    found: dict[int, int] = {}
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        if tag == "equal":
            found |= dict(zip(range(a, a_end), range(b, b_end), strict=True))
        free = list(range(b, b_end)) if tag == "replace" else []
        for position in range(a, a_end) if free else ():
            alike = [other for other in free if _likeness(old[position], new[other]) > 0.5]
            if alike:
                found[position] = max(alike, key=lambda other: _likeness(old[position], new[other]))  # noqa: B023
                free.remove(found[position])
    graded = {_grade_id(cell): position for position, cell in enumerate(new) if _grade_id(cell)}
    return found | {position: graded[_grade_id(cell)] for position, cell in enumerate(old) if _grade_id(cell) in graded}


def _origins(mine: list[Cell], old: list[Cell], use_ids: bool) -> list[int | None]:
    """Which cell of the old notebook each of the student's cells is; None for those that the student added."""
    free = dict(enumerate(old))
    found: list[int | None] = [None] * len(mine)

    def match(same: Callable[[Cell, Cell], bool]) -> None:
        for number, cell in enumerate(mine):
            fitting = (position for position, other in free.items() if same(cell, other))
            if found[number] is None and (position := next(fitting, None)) is not None:
                found[number] = position
                del free[position]

    if use_ids:
        match(lambda cell, other: cell.get("id") is not None and cell.get("id") == other.get("id"))
    match(lambda cell, other: bool(_grade_id(cell)) and _grade_id(cell) == _grade_id(other))
    match(lambda cell, other: not _grade_id(other) and _key(cell) == _key(other))  # some tools give all cells new ids
    return found


def _question(cells: list[Cell], name: str) -> str:
    """What belongs to an answer: the text before it, the cell itself and its checks. Empty where there is no such question."""
    group: list[Cell] = []
    closed = True  # whether what comes next belongs to another question
    for cell in cells:
        checks = _is_locked(cell) and bool(cell["metadata"]["nbgrader"].get("grade"))
        if closed and not checks:
            if name in map(_grade_id, group):
                break
            group = []
        group.append(cell)
        closed = checks or (_is_answer(cell) and bool(cell["metadata"]["nbgrader"].get("grade")))
    if name not in map(_grade_id, group):
        return ""
    return "\n".join(_source(cell) for cell in group if SETUP_TAG not in cell["metadata"].get("tags", []))


def _source(cell: Cell) -> str:
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def _grade_id(cell: Cell) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def _is_answer(cell: Cell) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("solution"))


def _is_locked(cell: Cell) -> bool:
    """Whether a cell is the grader's, such as one with checks: what somebody changes in it does not count."""
    return "nbgrader" in cell["metadata"] and not _is_answer(cell)


def _key(cell: Cell) -> tuple[str, str]:
    name = _grade_id(cell)
    return ("graded", name) if name else (cell["cell_type"], _source(cell))


def _likeness(one: Cell, other: Cell) -> float:
    if _grade_id(one) or _grade_id(other) or one["cell_type"] != other["cell_type"]:
        return 0.0
    return difflib.SequenceMatcher(None, _source(one), _source(other), autojunk=False).ratio()


def _own(cell: Cell) -> Cell:
    """A student's cell without what it printed, and without what would make it a graded one."""
    cell = copy.deepcopy(cell)
    cell["metadata"].pop("nbgrader", None)
    if cell["cell_type"] == "code":
        cell |= {"outputs": [], "execution_count": None}
    return cell


def _quoted(cell: Cell, title: str) -> Cell:
    """A student's cell as text below a title, so that it can be read and copied and is not run."""
    text = _source(cell)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    text = f"{fence}python\n{text}\n{fence}" if cell["cell_type"] == "code" else text
    quoted: Cell = {"cell_type": "markdown", "id": cell.get("id"), "metadata": {}, "source": f"**{title}**\n\n{text}"}
    return quoted | ({"attachments": cell["attachments"]} if "attachments" in cell else {})


def _with_unique_ids(cells: list[Cell]) -> list[Cell]:
    """Cells of which no two have the same id, as the format of notebooks demands; the course's keep theirs."""
    used = {cell.get("id") for cell in cells if "nbgrader" in cell["metadata"]}
    seen: set[str] = set()
    for position, cell in enumerate(cells):
        name = str(cell.get("id") or "")
        if not name or name in seen or (name in used and "nbgrader" not in cell["metadata"]):
            number = itertools.count(position)
            name = next(text for n in number if (text := f"own-{n}") not in seen | used)
        seen.add(name)
        cell["id"] = name
    return cells
