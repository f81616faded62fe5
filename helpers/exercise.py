"""An exercise while it is being solved: how far it is, what is missing, what to do next, and hints.

The first cell of every exercise says ``exercise = helpers.exercise.load("week01_knn")``. After that, ``exercise.progress()``
runs the checks that stand in the notebook on what is there now, and ``exercise.hint("2a")`` helps without giving the answer away.
While a notebook is graded, neither does anything.
"""

import contextlib
import html
import json
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.checks import NotWritten

__all__ = ["Exercise", "Hint", "Progress", "load"]


def load(week: str) -> "Exercise":
    """Open an exercise's list of questions.

    Parameters
    ----------
    week : str
        The name of its folder.

    Returns
    -------
    Exercise

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> load("week01_knn")
    Exercise 1: a nearest-neighbour classifier, and a feature that beats pixels (10 answers, 20 points)
    """
    path = Path(__file__).parent / f"exercises/{week}.json"
    if not path.is_file():
        weeks = sorted(other.stem for other in path.parent.glob("*.json"))
        raise ValueError(f"there is no exercise {week!r}; there are {', '.join(weeks)}")
    facts = json.loads(path.read_text(encoding="utf-8"))
    return Exercise(week, facts["title"], [Question(**question) for question in facts["questions"]])


class NoSuchHint(ValueError):
    """There is no such question or hint; a notebook shows the message alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"\x1b[1;31mNo hint:\x1b[0m {self}"]


@dataclass(frozen=True)
class Question:
    """An answer that an exercise asks for: ``helpers/exercises`` holds the facts."""

    number: str
    title: str
    points: float
    grade_id: str
    names: list[str]  # what the answer defines
    tests: list[dict[str, Any]]  # those that students see
    hints: list[str]
    by_hand: bool = False  # an answer in words, which a person grades

    def reaches(self, key: str) -> bool:
        """Whether somebody who writes `key` means this question."""
        return key.lower() == self.number or key in (self.grade_id, *self.names)


class Exercise:
    """The questions of an exercise; :func:`load` makes it."""

    def __init__(self, week: str, title: str, questions: list[Question]) -> None:
        self.week, self.title, self.questions = week, title, questions

    def __repr__(self) -> str:
        points = sum(question.points for question in self.questions)
        return f"{self.title} ({len(self.questions)} answers, {points:g} points)"

    def question(self, key: str) -> Question:
        """Find a question.

        Parameters
        ----------
        key : str
            Its number (``"2a"``), or the name of the function or class that it asks for.

        Returns
        -------
        Question

        Raises
        ------
        NoSuchHint
            If there is none, or more than one.

        Examples
        --------
        >>> load("week01_knn").question("2a").names
        ['distances_no_loop']
        """
        found = [question for question in self.questions if question.reaches(str(key).strip().rstrip("()"))]
        if len(found) == 1:
            return found[0]
        if found:
            names = " or ".join(f'"{question.names[0]}"' for question in found)
            raise NoSuchHint(f"question {key} asks for more than one function: write {names} instead")
        numbers = ", ".join(dict.fromkeys(question.number for question in self.questions))
        raise NoSuchHint(f"there is no question {key!r}; there are {numbers}. The name of a function will do as well")

    def hint(self, key: str, number: int = 1) -> "Hint | None":
        """Show a hint: the first one asks, the second one points, the last one solves a neighbouring problem.

        Which hints have been shown is noted in a file of your own on this computer, for `progress` to say. It stands in no
        notebook and is sent to nobody.

        Parameters
        ----------
        key : str
            The number of the question (``"2a"``), or the name of the function or class that it asks for.
        number : int
            Which hint: 1, 2 or 3.

        Returns
        -------
        Hint or None
            None while a notebook is graded.

        Raises
        ------
        NoSuchHint
            If there is no such question or hint.
        """
        if _graded():
            return None
        question = self.question(key)
        if not question.hints:
            raise NoSuchHint(f"question {question.number} has none: the text above it says what counts")
        if number not in range(1, len(question.hints) + 1):
            raise NoSuchHint(f"question {question.number} has hints 1 to {len(question.hints)}, not {number}")
        return Hint(question, number, self._key(question), _note(self._name(question, number)))

    @property
    def notes(self) -> Path:
        """The file in which the hints are noted that you have been shown: delete it whenever you like."""
        return _notes()

    def progress(self) -> "Progress | None":
        """Run the checks of the notebook on what it holds now, and say how far you are.

        Your variables stay as they are: the checks run in a copy of the notebook's namespace, and show nothing.

        Returns
        -------
        Progress or None
            A table in a notebook, lines of text elsewhere; None while a notebook is graded.
        """
        if _graded():
            return None
        space = _namespace()
        seen = _seen()
        with _quiet():
            rows = [self._row(question, space, seen) for question in self.questions if question.tests]
        by_hand = sum(question.points for question in self.questions if question.by_hand)
        return Progress(self.title, rows, sum(question.points for question in self.questions) - by_hand, by_hand)

    def _key(self, question: Question) -> str:
        """What to write for this question: its number, unless it shares that with another one."""
        alone = [other.number for other in self.questions].count(question.number) == 1
        return question.number if alone else [*question.names, question.grade_id][0]

    def _name(self, question: Question, number: int) -> str:
        return f"{self.week}/{question.grade_id}/{number}"

    def _row(self, question: Question, space: dict[str, Any], seen: set[str]) -> "Row":
        row = Row(question.number, question.title, sum(test["points"] for test in question.tests))
        for test in question.tests:
            problem = _problem(test["source"], test["grade_id"], space)
            if problem is None:
                row.passed += test["points"]
            elif not row.missing:
                row.missing, row.next, row.hint = self._advice(question, problem, space, seen)
        return row

    def _advice(self, question: Question, problem: BaseException, space: dict[str, Any], seen: set[str]) -> tuple[str, str, str]:
        """What is missing, what to do about it, and how to get the next hint."""
        if isinstance(problem, NotWritten):
            # The gap may be in the answer to another question, or in a method of a class.
            owner = next((q for q in self.questions if problem.where.split(".")[0] in q.names), question)
            before = f" first (question {owner.number})" if owner.number != question.number else ""
            text = str(problem)
            return text[0].upper() + text[1:], f"Write {problem.where or question.names[0]}{before}.", self._call(owner, seen)
        gone = getattr(problem, "name", None) if isinstance(problem, NameError) else None
        if gone and gone not in space:
            if any(gone in other.names for other in self.questions):
                return f"{gone} is not defined", f"Run the cell in which {gone} stands.", ""
            spelling = "" if _is_in_a_check(problem) else f" Still there? Look whether {gone} is spelt right in your answer."
            return f"{gone} is not defined", f"Run the cells above this check, from the top.{spelling}", ""
        kind = "" if isinstance(problem, AssertionError) else f"{type(problem).__name__}: "
        lines = str(problem).strip().splitlines() or ["a check failed"]
        return kind + lines[0], "Run the check below your answer: it says more.", self._call(question, seen)

    def _call(self, question: Question, seen: set[str]) -> str:
        """The line of code that shows the first hint which has not been shown; empty if all have been."""
        for number in range(1, len(question.hints) + 1):
            if self._name(question, number) not in seen:
                return f'exercise.hint("{self._key(question)}"' + (f", {number})" if number > 1 else ")")
        return ""


@dataclass
class Row:
    """How far a question is."""

    number: str
    title: str
    points: float
    passed: float = 0
    missing: str = ""  # the first line of what the first check to fail says
    next: str = ""
    hint: str = ""


@dataclass
class Progress:
    """How far an exercise is; a notebook shows it as a table."""

    title: str
    rows: list[Row] = field(default_factory=list)
    by_checks: float = 0  # the points of all checks, those that only run after handing in included
    by_hand: float = 0  # the points of answers in words

    @property
    def passed(self) -> float:
        """The points of the checks that pass."""
        return sum(row.passed for row in self.rows)

    @property
    def points(self) -> float:
        """The points of the checks that you can see."""
        return sum(row.points for row in self.rows)

    def _later(self) -> str:
        """What is decided after handing in."""
        text = "These are the checks that you can see. When you hand in, further checks on other numbers "
        hidden = self.by_checks - self.points
        text += f"give {hidden:g} more points." if hidden > 0 else "decide about the same points."
        return text + (f" Your answers in words are worth {self.by_hand:g}: a person reads them." if self.by_hand else "")

    def _head(self) -> str:
        start = f"{self.passed:g} of {self.points:g} points so far."
        row = next((row for row in self.rows if row.missing), None)
        return f"{start} Next: question {row.number}. {row.next}" if row else f"{start} All checks that you can see pass."

    def __repr__(self) -> str:
        lines = [self.title, self._head(), ""]
        for row in self.rows:
            lines.append(f"{row.number:>4}  {row.passed:g} of {row.points:g}  {row.title}")
            lines += [f"{'':14}{text}" for text in (row.missing, row.next, row.hint) if text]
        return "\n".join([*lines, "", self._later()])

    def _repr_html_(self) -> str:
        # No colour of its own: text, lines and ground are those of the page, be it light or dark.
        cell = "text-align:left;vertical-align:top;padding:.35em .8em;border-bottom:1px solid"
        columns = ("Question", "Points", "What is missing", "What to do next")
        head = "".join(f'<th scope="col" style="{cell}">{text}</th>' for text in columns)
        body = ""
        for row in self.rows:
            missing = html.escape(row.missing) or "Nothing"
            advice = html.escape(row.next) + (f"<br><code>{html.escape(row.hint)}</code>" if row.hint else "")
            mark = "✓ " if not row.missing else ""
            body += (
                f'<tr><th scope="row" style="{cell};font-weight:normal">{row.number}. {html.escape(row.title)}</th>'
                f'<td style="{cell};white-space:nowrap">{mark}{row.passed:g} of {row.points:g}</td>'
                f'<td style="{cell}">{missing}</td><td style="{cell}">{advice}</td></tr>'
            )
        caption = f'<caption style="text-align:left;padding:.35em 0"><strong>{html.escape(self._head())}</strong></caption>'
        table = f'<table style="border-collapse:collapse">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        return f'<div><div style="overflow-x:auto">{table}</div><p>{self._later()}</p></div>'


@dataclass
class Hint:
    """A hint to a question; a notebook shows it as formatted text."""

    question: Question
    number: int
    key: str
    noted: str  # what became of the note that it was shown

    def __repr__(self) -> str:
        return self._repr_markdown_()

    def _repr_markdown_(self) -> str:
        count = len(self.question.hints)
        head = f"**Hint {self.number} of {count}** to question {self.question.number}, {self.question.title}"
        more = f' One more hint: `exercise.hint("{self.key}", {self.number + 1})`.' if self.number < count else ""
        return f"{head}\n\n{self.question.hints[self.number - 1]}\n\n*{self.noted}*{more}"


# --- the notebook around it -------------------------------------------------------------------------------


def _graded() -> bool:
    """Whether the notebook is being graded or validated: nbgrader says so."""
    return "NBGRADER_EXECUTION" in os.environ


def _namespace() -> dict[str, Any]:
    """The names of the notebook, or of the program where there is none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell.user_ns if shell else vars(sys.modules["__main__"])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Show nothing, close figures that were opened meanwhile, and give random numbers back their state."""
    import numpy as np
    from IPython.utils.capture import capture_output  # takes what cells display, too

    numbers, choices = np.random.get_state(), random.getstate()
    pyplot = sys.modules.get("matplotlib.pyplot")
    before = set(pyplot.get_fignums()) if pyplot else set()
    try:
        with capture_output():
            yield
    finally:
        np.random.set_state(numbers)
        random.setstate(choices)
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            for figure in set(pyplot.get_fignums()) - before:
                pyplot.close(figure)


_CHECK = "<check "  # what the file name of a check's code begins with


def _problem(source: str, grade_id: str, space: dict[str, Any]) -> BaseException | None:
    """What a check finds wrong with the names of a notebook, or None."""
    try:
        exec(compile(source, f"{_CHECK}{grade_id}>", "exec"), dict(space))
    except (Exception, SystemExit) as problem:  # a student's code may raise anything
        return problem
    return None


def _is_in_a_check(problem: BaseException) -> bool:
    """Whether an exception comes from a line of the check itself, and not from what it calls."""
    trace = problem.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.startswith(_CHECK)


# --- which hints were shown: a file of the student's own -----------------------------------------------------


def _notes() -> Path:
    import platformdirs

    return platformdirs.user_data_path("cnn-course") / "hints.json"


def _seen() -> set[str]:
    """The hints that were shown, such as ``week01_knn/image_distance/1``."""
    try:
        noted = json.loads(_notes().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none shown so far, or a file that somebody has spoilt: it is only a count
        return set()
    return {str(name) for name in noted} if isinstance(noted, list) else set()


def _note(name: str) -> str:
    """Note that a hint was shown; a sentence about it."""
    path = _notes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(sorted({*_seen(), name}), indent=1), encoding="utf-8")
    except OSError as problem:
        return f"Which hints you have seen cannot be noted ({problem.strerror})."
    # Not the path itself: it may hold the student's name, and this text stays in the notebook.
    return "Which hints you have read is noted for you alone; `exercise.notes` says where."
