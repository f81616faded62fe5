"""What the cells of an exercise and their run add up to: points, what is not written or missing, what only seemed to work."""

from __future__ import annotations

import ast
import collections
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helpers.check.cells import GAP, Cell, Question, Reference, code_of, defined
from helpers.check.execute import Outcome

COPY = re.compile(r"^(copy of |kopie von |copie de )+|( ?\(\d+\)|-copy\d*|[ _-]copy|\.mine(-\d+)?|\.new(-\d+)?)$", re.IGNORECASE)


@dataclass
class Row:
    """A question in the report."""

    number: str
    title: str
    passed: float = 0
    points: float = 0
    lines: list[str] = field(default_factory=list)


@dataclass
class Verdict:
    """All that is said about a notebook.

    Attributes
    ----------
    rows : list of Row
    todo : list of str
        What is to be put right before it is handed in.
    remarks : list of str
        What is good to know.
    """

    rows: list[Row] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def passed(self) -> float:
        """Points of the visible checks that pass."""
        return sum(row.passed for row in self.rows)

    @property
    def points(self) -> float:
        """Points of all visible checks."""
        return sum(row.points for row in self.rows)

    @property
    def is_good(self) -> bool:
        """Whether all visible checks pass and nothing is missing."""
        return not self.todo and self.passed == self.points


def judge(path: Path, cells: Sequence[Cell], outcomes: dict[int, Outcome], released: Reference, worked: set[int]) -> Verdict:
    """Put everything together.

    Parameters
    ----------
    path : pathlib.Path
        The notebook's file.
    cells : sequence of Cell
    outcomes : dict of int to Outcome
        Of the code cells, by their numbers.
    released : Reference
    worked : set of int
        Numbers of the cells that ran without an error when the notebook was saved.

    Returns
    -------
    Verdict
    """
    notebook = _Notebook(path, cells, outcomes, released, worked)
    verdict, unwritten, failing = Verdict(), [], []
    for question in released.questions:
        row, gaps, misplaced = notebook.question(question)
        verdict.rows.append(row)
        verdict.todo += [f"Question {row.number}: {text}" if row.number else text for text in misplaced]
        unwritten += gaps
        if row.passed < row.points and not gaps and not misplaced:
            failing.append(f"question {row.number}" if row.number else row.title or "the first cells")
    if failing:
        verdict.todo.insert(0, f"Look at the checks that do not pass, of {', '.join(failing)}")
    if unwritten:
        verdict.todo.insert(0, f"Write what is not written yet: {', '.join(unwritten)}")
    ended = next((cell for cell in cells if outcomes.get(cell.number, Outcome("done")).state in ("too long", "died")), None)
    if ended:
        verdict.todo.insert(0, notebook.end_of(ended))
    verdict.todo += [*notebook.copies(), *notebook.modules()]
    if not verdict.points:
        verdict.todo.append("No check was found, though an exercise has some. Copy your answers into a fresh copy of it")
    if unlike := [*notebook.missing(), *notebook.changed()]:
        verdict.todo += [
            *unlike,
            "To mend that, copy your answers into a fresh copy of the exercise, which has all its cells",
        ]
    verdict.remarks += [*notebook.name(), *notebook.other_cells()]
    return verdict


@dataclass
class _Notebook:
    path: Path
    cells: Sequence[Cell]
    outcomes: dict[int, Outcome]
    released: Reference
    worked: set[int]

    def __post_init__(self):
        self.named: dict[str, list[Cell]] = collections.defaultdict(list)
        for cell in self.cells:
            if cell.grade_id:
                self.named[cell.grade_id].append(cell)

    # --- questions ---

    def question(self, question: Question) -> tuple[Row, list[str], list[str]]:
        """Points of a question, and what its checks say; answers that are not written; and what else is to be done about them."""
        title = question.title.replace("`", "")
        row = Row(question.number, title[:1].upper() + title[1:])
        failed: list[tuple[Cell, Outcome]] = []
        complete = True
        for name in question.tests:
            cell = self._one(name)
            if cell and cell.is_answer:
                continue  # a person grades it, no check
            if (self.released.cells.get(name) or cell or _NOTHING).has_hidden_tests_only and cell:
                continue
            points = (self.released.cells.get(name) or cell or _NOTHING).points  # not those that somebody may have put in
            row.points += points
            outcome = self.outcomes.get(cell.number, _NOT_RUN) if cell else _NOT_RUN
            if cell is None:
                complete = False
                row.lines.append(f"its check {name} is missing")
            elif outcome.state == "done":
                row.passed += points
            else:
                complete = False
                failed.append((cell, outcome))
        unwritten, misplaced = [], []
        for name in question.answers:
            gap, text = self._answer(name, question, complete)
            unwritten += [gap] if gap else []
            misplaced += [text] if text else []
        row.lines += [f"not written yet: {gap}" for gap in unwritten] + misplaced
        for cell, outcome in failed:
            text = f"{cell.grade_id} ({cell}): {self._why(cell, outcome)}"
            if not (outcome.is_gap and unwritten):
                row.lines.append(text)
        return row, unwritten, misplaced

    def _answer(self, name, question, complete):
        """What is not written of an answer; and what else is to be said about it. Mostly nothing."""
        cell = self._one(name)
        if cell is None:
            return "", ""  # told with what is missing
        names = self._names(name, question)
        is_code = cell.kind == "code"
        label = (names or [name])[0] if is_code else f"your text for question {question.number}"
        is_untouched = cell.is_as_released or not cell.source.strip()
        has_gap = bool(GAP.search(cell.source))
        lacks = bool(names) and is_code and not defined(cell.source) & set(names)
        others = [
            other for other in self.cells if other is not cell and other.kind == "code" and (other.is_answer or not other.mark)
        ]
        elsewhere = [other for other in others if defined(other.source) & set(names)]
        if elsewhere and (is_untouched or has_gap or lacks):
            return "", f"the answer {label} is written in {elsewhere[0]}, not in {cell}, which is for it"
        if (is_untouched and (has_gap or not is_code or not cell.source.strip())) or (has_gap and not complete):
            return label, ""
        outcome = self.outcomes.get(cell.number, Outcome("done"))
        if outcome.state == "error" and not outcome.is_gap:
            return "", f"{cell}, with the answer, stops with an error: {self._why(cell, outcome)}"
        return "", f"{cell} does not define {label} any more" if lacks else ""

    def _names(self, name, question):
        if question.names and len(question.answers) == 1:
            return question.names
        model = self.released.cells.get(name)
        return sorted(defined(model.source)) if model and model.kind == "code" else []

    def _one(self, name):
        """The cell of that name which counts: of several answers the last one that is written, as the grader has it."""
        found = self.named.get(name)
        if not found or not found[0].is_answer:
            return found[0] if found else None
        return ([cell for cell in found if not cell.is_as_released] or found)[-1]

    # --- errors ---

    def _why(self, cell, outcome):
        """An error, in the words that help."""
        if outcome.state != "error":
            return outcome.message or "it did not run"
        if outcome.is_gap:
            _, _, name = outcome.message.partition("not written yet: ")
            return f"it needs {name}, which is not written yet" if name else "it needs an answer that is not written yet"
        if outcome.kind == "NameError" and (match := re.search(r"name '(\w+)' is not defined", outcome.message)):
            return f"{outcome.message}: {self._whereabouts(match[1], cell)}"
        if outcome.kind in ("CheckFailed", "AssertionError"):
            return outcome.message or "a check does not hold: " + (_first_assert(cell.source) or "it says nothing about why")
        return f"{outcome.kind}: {outcome.message}" if outcome.message else outcome.kind

    def _whereabouts(self, name, cell):
        """What has become of a name that a cell misses."""
        places = [other for other in self.cells if other.kind == "code" and name in defined(other.source)]
        above = [other for other in places if other.number < cell.number]
        if above:
            return f"{above[-1]}, which defines it, stopped with an error"
        if places:
            return f"only {places[0]}, further down, defines it. Move that up"
        came = ", so it came from a cell that is gone" if cell.number in self.worked else ""
        return f"no cell of the notebook defines it{came}"

    def end_of(self, cell: Cell) -> str:
        """Say where a kernel died, or had to be stopped."""
        outcome = self.outcomes[cell.number]
        after = sum(outcome.state == "not run" for outcome in self.outcomes.values())
        rest = f"; {after} of the cells after it did not run" if after else ""
        return f"{_called(cell)}: {outcome.message}{rest}"

    # --- what a notebook lacks ---

    def missing(self) -> Iterable[str]:
        """Graded cells that are gone, or that the grader would not recognise."""
        wanted = [name for question in self.released.questions for name in (*question.answers, *question.tests)]
        wanted += [name for name, cell in self.released.cells.items() if cell.kind == "code"]
        for name in dict.fromkeys(wanted):
            if name in self.named:
                continue
            model = self.released.cells.get(name)
            is_answer = any(name in question.answers for question in self.released.questions)
            what = "answer" if is_answer else "check" if not model or model.is_test else "given cell"
            lost = self._lost(name, model)
            if lost:
                yield f"{_called(lost)} is the {what} {name}, but has lost the mark that the grader knows it by"
            elif is_answer:
                yield f"The cell for the answer {name} is missing"
            else:
                yield f"The {what} {name} is missing (the grader has it all the same)"

    def _lost(self, name, model):
        """The cell without a mark that was this graded cell."""
        unmarked = [cell for cell in self.cells if not cell.grade_id and cell.source.strip()]
        names = next((set(question.names) for question in self.released.questions if question.answers == [name]), set())
        for cell in unmarked:
            if model and (cell.id == model.id != "" or cell.source.strip() == model.source.strip()):
                return cell
        return next((cell for cell in unmarked if names and cell.kind == "code" and defined(cell.source) & names), None)

    def copies(self) -> Iterable[str]:
        """Graded cells that stand in the notebook more than once."""
        for name, found in self.named.items():
            if len(found) > 1:
                numbers = " and ".join(str(cell.number) for cell in found)
                rule = "the last one that holds an answer counts" if found[0].is_answer else "it counts once"
                yield f"Cells {numbers} are both {name}: {rule}. Keep one of them, and delete the others"

    def changed(self) -> Iterable[str]:
        """Checks and given cells that are not as they were released."""
        for name, found in self.named.items():
            cell, model = found[0], self.released.cells.get(name)
            if not cell.is_answer and cell.kind == "code" and _is_changed(cell, model):
                used = "; it was run here as it was released" if model else ""
                yield f"{_called(cell)} was changed, which the grader will not take over{used}"

    def modules(self) -> Iterable[str]:
        """Modules of the student's own, which the grader does not get."""
        folder = self.path.parent
        for name, cell in sorted(_imported(self.cells).items()):
            files = [file for file in (folder / f"{name}.py", folder / name / "__init__.py") if file.is_file()]
            if name.endswith(".py") and (folder / name).is_file():
                files = [folder / name]
            if files and name != "helpers":
                where = files[0].relative_to(folder).as_posix()
                without = "which the grader does not get: put its code into a cell"
                yield f"Cell {cell.number} uses {where} beside the notebook, {without}"

    # --- what is good to know ---

    def name(self) -> Iterable[str]:
        """Whether the file has the name that it is to be handed in by."""
        stem = self.path.name.removesuffix(".txt").removesuffix(".ipynb")
        while stem != (shorter := COPY.sub("", stem)):
            stem = shorter
        wanted = self.released.file or f"{stem}.ipynb"
        if self.path.name != wanted:
            yield f"This file is called {self.path.name}. Hand it in as {wanted}"

    def other_cells(self) -> Iterable[str]:
        """Cells without points that stop with an error."""
        waiting, stopped = 0, collections.defaultdict(list)
        for cell in self.cells:
            outcome = self.outcomes.get(cell.number)
            if outcome is None or outcome.state != "error" or cell.is_test or cell.is_answer:
                continue
            if outcome.is_gap:
                waiting += 1
            else:
                stopped[self._why(cell, outcome)].append(cell)
        for why, found in stopped.items():
            others = f", and {len(found) - 1} more," if len(found) > 1 else ""
            yield f"{_called(found[0])}{others} stop{'s' * (not others)} with an error: {why}"
        if waiting:
            yield f"{waiting} of the cells without points cannot run before the answers are written"


_NOTHING, _NOT_RUN = Cell(0, "code", "", "", {}), Outcome("not run", message="it did not run")


def _called(cell):
    return f"Cell {cell.number}, {cell.grade_id}," if cell.grade_id else f'Cell {cell.number} ("{cell.first_line}")'


def _is_changed(cell, model):
    if model and cell.source.split() == model.source.split():
        return False
    return cell.is_as_released is False or (cell.is_as_released is None and model is not None)


def restored(cells: Sequence[Cell], released: Reference) -> dict[int, str]:
    """What the checks said before somebody changed them, by the number of the cell: they are run as they were released."""
    found = {}
    for cell in cells:
        model = released.cells.get(cell.grade_id)
        if model and not cell.is_answer and cell.kind == "code" and _is_changed(cell, model):
            found[cell.number] = model.source
    return found


def _first_assert(source):
    tree = code_of(source)
    return next((ast.unparse(node.test) for node in ast.walk(tree) if isinstance(node, ast.Assert)), "") if tree else ""


def _imported(cells):
    """Modules that a student's cells import or run, each with the first cell that does."""
    found: dict[str, Cell] = {}
    for cell in cells:
        if cell.kind != "code" or cell.is_test or not (tree := code_of(cell.source)):
            continue
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            elif isinstance(node, ast.Call) and "run_line_magic('run'" in ast.unparse(node).replace('"', "'"):
                names = [word for word in ast.unparse(node.args[-1]).strip("'\"").split() if word.endswith(".py")][:1]
            for name in names:
                found.setdefault(name if name.endswith(".py") else name.partition(".")[0], cell)
    return found
