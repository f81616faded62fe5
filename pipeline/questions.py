"""The questions of an exercise: numbers, titles, points, visible tests and hints, read from its source.

This is the one place that knows how an exercise says them: headings ``## Question 2 (4 points): title``, parts ``**c) Title (2.5
points).**``, the points of test cells in nbgrader's metadata, and a text cell with the tag ``hints`` directly behind each answer,
its hints separated by ``---``. An answer in words, which a person grades, is a text cell that is both graded and a solution; it
needs no hints.
"""

import ast
import re

from pipeline.notebooks import SourceError

HINTS = "hints"  # the tag of a cell that students do not get in their notebook, but by `exercise.hint(...)`

NUMBER = r"\d+(?:\.5)?"  # of points: half points are allowed
QUESTION = re.compile(rf"^## Question (\d+) \(({NUMBER}) points?\): (.+)$", flags=re.MULTILINE)
PART = re.compile(r"^\*\*([a-z])\) (.+?)\*\*", flags=re.MULTILINE | re.DOTALL)
STATED = re.compile(rf"\s*\(({NUMBER}) points?\)")
ROW = re.compile(rf"^\| (\d+) \|.*\| ({NUMBER}) \|$", flags=re.MULTILINE)  # of the table in the exercise's first cell


def is_hints(cell):
    """Whether a cell of a source holds hints."""
    return HINTS in cell.metadata.get("tags", [])


def title(notebook):
    """The exercise's own title, such as ``Exercise 1: a nearest-neighbour classifier``."""
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ")


def questions(notebook):
    """List the answers that an exercise asks for, in their order.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The source, with its hints.

    Returns
    -------
    list of dict
        ``number`` ("2c"), ``title``, ``points``, ``grade_id`` and ``names`` (what the answer defines), ``tests`` (a dict each,
        with ``grade_id`` and ``points``), ``by_hand`` (whether a person grades it) and ``hints`` (Markdown). Two answers in one
        part share its number.

    Raises
    ------
    SourceError
        If the points that the text states are not those of the tests, or an answer has not two or three hints.
    """
    found: list[dict] = []
    stated: dict[str, float] = {}
    number, name, part, part_name = "", "", "", ""
    for position, cell in enumerate(notebook.cells):
        own = cell.metadata.get("nbgrader", {})
        if is_hints(cell):
            before = notebook.cells[position - 1].metadata.get("nbgrader", {})
            if not before.get("solution"):
                raise SourceError(f"hints belong directly behind an answer, but these do not: {cell.source[:60]!r}")
            found[-1]["hints"] = [hint.strip() for hint in re.split(r"^---$", cell.source, flags=re.MULTILINE)]
        elif cell.cell_type == "markdown" and own.get("solution"):
            found.append(_answer(number + part, part_name if part else name, own["grade_id"], own["points"], by_hand=True))
        elif cell.cell_type == "markdown":
            for heading in QUESTION.finditer(cell.source):
                number, points, name = heading.groups()
                part, stated[number] = "", float(points)
            for bold in PART.finditer(cell.source):
                part, text = bold.groups()
                text = " ".join(text.split())
                if points := STATED.search(text):
                    stated[number + part] = float(points.group(1))
                part_name = STATED.sub("", text).rstrip(".")
        elif own.get("solution"):
            names = [node.name for node in ast.parse(cell.source).body if hasattr(node, "name")]
            found.append(_answer(number + part, part_name if part else name, own["grade_id"], names=names))
        elif own.get("grade"):
            found[-1]["tests"].append({"grade_id": own["grade_id"], "points": own["points"]})
            found[-1]["points"] += own["points"]
    _check(found, stated, {row[0]: float(row[1]) for row in ROW.findall(notebook.cells[0].source)})
    return found


def _answer(number, title, grade_id, points=0, *, names=(), by_hand=False):
    """An answer whose tests and hints are still to come."""
    return {
        "number": number,
        "title": title[:1].upper() + title[1:],
        "points": points,
        "grade_id": grade_id,
        "names": list(names),
        "by_hand": by_hand,
        "tests": [],
        "hints": [],
    }


def _check(found, stated, table):
    """Refuse an exercise whose text and tests do not agree, or that leaves an answer without hints."""
    for number, points in stated.items():
        tests = sum(
            question["points"]
            for question in found
            if question["number"] == number or (number.isdigit() and question["number"].rstrip("abcdefgh") == number)
        )
        if points != tests or table.get(number, points) != points:
            raise SourceError(
                f"question {number}: the text states {points:g} points, the table above "
                f"{format(table[number], 'g') if number in table else 'nothing'}, and its tests give {tests:g}"
            )
    if missing := table.keys() ^ {number for number in stated if number.isdigit()}:
        raise SourceError(f"in the table of questions or as a heading, but not both: {', '.join(sorted(missing))}")
    for question in found:
        wanted = range(4) if question["by_hand"] else (2, 3)
        if len(question["hints"]) not in wanted or not all(question["hints"]):
            raise SourceError(f"{question['grade_id']}: two or three hints are needed, found {len(question['hints'])}")
