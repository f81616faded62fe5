"""Why a question lost its points, where the reason is not a wrong answer: a cell that failed before the test, or a missing name.

A test that says ``NameError: name 'scale' is not defined`` names the symptom. Here the cell is found that should have made the
name, and what went wrong there: from what the cells of the student's notebook came to, and from their sources.
"""

from __future__ import annotations

import ast
import difflib
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grading.model import Cause
from grading.source import to_python

if TYPE_CHECKING:
    from grading.model import CellResult, Limits

_MISSING = re.compile(r"NameError: name '(\w+)' is not defined")
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_KEEPS = ("time", "capture", "prun")  # magics that run a cell as if they were not there
_PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
_F_STRING = re.compile(r"\b[rR]?[fF][rR]?(?:'|\")")
# Syntax that came with a later Python than the oldest that the grader runs on, as it stands in a line.
_NEWER = (
    ((3, 12), _F_STRING),  # quotes, backslashes, comments and line ends within its braces
    ((3, 12), re.compile(r"^\s*type\s+\w+.*=|^\s*(?:async\s+)?(?:def|class)\s+\w+\[")),
    ((3, 13), re.compile(r"^\s*(?:def|class|type)\s+\w+\[.*=.*\]")),
    ((3, 14), re.compile(r"^\s*except\*?\s+[\w.]+\s*,|\b[rR]?[tT][rR]?(?:'|\")")),
)
_PLATFORMS = {"google.colab": "Colab", "kaggle_secrets": "Kaggle", "kaggle_datasets": "Kaggle", "dbutils": "Databricks"}
_NETWORK = re.compile(
    r"URLError|HTTPError|ConnectionError|ConnectionRefused|MaxRetryError|gaierror|NewConnectionError|ConnectTimeout"
    r"|[Nn]ame or service not known|[Nn]etwork is unreachable|name resolution"
)
# What a function raises when it is called, and is no sign of a wrong answer.
_NO_FAULT = (
    "EOFError",
    "StdinNotImplementedError",
    "ModuleNotFoundError",
    "FileNotFoundError",
    "MemoryError",
    "SystemExit",
    "UsageError",
)
_ELSEWHERE = re.compile(r"^\s*(?:from\s+\S+\s+import\s+\*|%run\b|exec\()", flags=re.MULTILINE)  # makes names unseen


@dataclass(frozen=True)
class Ran:
    """A cell that is no test, and what running it came to.

    Attributes
    ----------
    place : int
        In the notebook.
    label : str
        As people call it.
    source : str
    result : grading.model.CellResult or None
        None where it was not run: a text cell, or one below.
    given : bool
        Whether it is the course's own, and not the student's.
    answer : bool
        Whether it is the place of an answer.
    """

    place: int
    label: str
    source: str
    result: CellResult | None = None
    given: bool = False
    answer: bool = False


class Causes:
    """Finds causes in one student's notebook.

    Parameters
    ----------
    cells : list of Ran
        In the order of the notebook.
    limits : grading.model.Limits
    public : str
        The exercise as students have it: what a hidden test asks of names that do not stand there stays hidden.
    beside : list of str
        Names of files that were handed in beside the notebook, those that were refused included.
    """

    def __init__(self, cells: Sequence[Ran], limits: Limits, public: str, beside: Iterable[str] = ()) -> None:
        self._cells, self._limits = cells, limits
        self._public = set(re.findall(r"[^\W\d]\w*", public))
        self._beside = {name.rpartition("/")[2] for name in beside}
        self._names = {cell.place: _bound(cell.source) for cell in cells if cell.result is not None}

    def find(self, place: int, used: frozenset[str], message: str | None, hidden: bool) -> Cause | None:
        """Find why a test lost its points.

        Parameters
        ----------
        place : int
            Where the test stands in the notebook.
        used : frozenset of str
            Names that it uses, and does not make itself.
        message : str or None
            What it said.
        hidden : bool
            Whether no student may learn of the message.

        Returns
        -------
        grading.model.Cause or None
            One that was found by a hidden message is not for the student: by the name in it, code could tell what it was asked.
        """
        if message and re.match(r"NotImplementedError|NotWritten", message):
            return None
        match = _MISSING.search(message or "")
        if match and not hidden:
            return self._missing(match[1], place)
        # A name that is missing would be in the message, which must not count where it is hidden.
        known, made = (used & self._public, self._made(place)) if hidden else (used, used)
        found = self._failed(known, place, made) or self._called(message or "")
        if found is None and match:
            found = self._missing(match[1], place)
            return replace(found, told=False)
        return found and replace(found, told=found.told and not (hidden and found.cell is None))

    def _called(self, message):
        """What an answer could not do when it was called; None where it is wrong, and nothing else."""
        name, _, text = message.split("\n")[0].partition(": ")
        if "\n  in " not in message or not (name in _NO_FAULT or _NETWORK.search(message)):  # or the test's own error
            return None
        what = f"The answer raised {name}{f': {_short(text)}' if text else ''} when it was called."
        kind, what, todo = self._error(name, text, "", what, 0)
        return Cause(kind, None, what, todo)

    def _failed(self, names, before, made=frozenset(), seen=frozenset()):
        """The last cell that should have made one of the names and did not run to its end, and why.

        Names that are `made` by other cells tell of the place of an answer only: there an older version may have been tested.
        """
        for cell in reversed(self._cells):
            if cell.place < before and _went_wrong(cell) and cell.place not in seen:
                bound = self._names[cell.place]
                if names & (bound.top - made | (bound.top - bound.imported if cell.answer else frozenset())):
                    return self._explain(cell, seen | {cell.place})
        return None

    def _made(self, before):
        """The names that are there before a test: a cell that ran to its end has made them."""
        ran = (cell for cell in self._cells if cell.place < before and cell.result is not None and not _went_wrong(cell))
        return frozenset().union(*(self._names[cell.place].top for cell in ran))

    def _missing(self, name: str, before: int, seen: frozenset[int] = frozenset()) -> Cause:
        """Why a name is not there."""
        if found := self._failed({name}, before, seen=seen):
            return found
        ran = [cell for cell in self._cells if cell.result is not None and cell.place < before]
        for cell in reversed(ran):
            names = self._names[cell.place]
            magic = _CELL_MAGIC.match(cell.source)
            if magic and magic[1] not in _KEEPS and name in names.top:
                return Cause(
                    f"a cell that begins with %%{magic[1]}",
                    cell.place,
                    f"{cell.label} begins with %%{magic[1]}, which does not leave {name} behind.",
                    f"Move %%{magic[1]} to a cell of its own, below the answer.",
                )
            if name in names.top:
                return Cause(
                    "a name that is gone again",
                    cell.place,
                    f"{cell.label} has a line that makes {name}, but it was not reached, or {name} was deleted again.",
                    "Make the name in every case: not only below an if, in a loop or in a try.",
                )
            if outer := names.inner.get(name):
                return Cause(
                    "a name that is made inside a function or class only",
                    cell.place,
                    f"{cell.label} makes {name} only inside {outer}.",
                    "Look at the indentation: what a test uses begins at the left margin.",
                )
        if found := self._unseen(before, seen):
            return found
        for cell in self._cells:
            if cell.place > before and cell.result is not None and name in self._names[cell.place].top:
                return Cause(
                    "an answer below its test",
                    cell.place,
                    f"{cell.label} makes {name}, but stands below the test.",
                    "Cells are run from top to bottom: move it up, and choose Restart & Run All before handing in.",
                )
        pattern = re.compile(rf"^\s*#?\s*(?:(?:def|class)\s+{name}\b|{name}\s*=[^=])", flags=re.MULTILINE)
        for cell in self._cells:
            if pattern.search(cell.source):
                kind = "code in a text cell" if cell.result is None else "code in a comment"
                return Cause(
                    kind,
                    cell.place,
                    f"{name} stands in {cell.label}, as {'text' if cell.result is None else 'a comment'} only.",
                    "Only code cells are run: put the code into the answer's cell.",
                )
        made = sorted({one for cell in ran for one in self._names[cell.place].top | set(self._names[cell.place].inner)})
        near = difflib.get_close_matches(name, made, n=1, cutoff=0.75)
        if near:
            what, todo = f"No cell makes {name}; {near[0]} is spelt similarly.", "Check the spelling of the name."
        else:
            what, todo = f"No cell makes {name}.", "Keep the names that the exercise gives, and make others before they are used."
        return Cause("a name that no cell makes", None, what, todo)

    def _unseen(self, before, seen):
        """A cell that failed, and makes names that its source does not show."""
        for cell in reversed(self._cells):
            unseen = cell.place < before and _went_wrong(cell) and cell.place not in seen
            if unseen and _ELSEWHERE.search(cell.source):
                return self._explain(cell, seen | {cell.place})
        return None

    def _explain(self, cell, seen):
        """What went wrong in a cell, and what to do."""
        kind, what, todo = self._problem(cell, seen)
        if cell.given:
            todo = "The cell is given with the exercise: this is for the instructor to look at. " + todo
        return Cause(kind, cell.place, f"{cell.label} {what}", todo.strip())

    def _problem(self, cell, seen):
        result = cell.result
        name, message, trace = result.error or ("", "", "")
        line = re.search(r"\bline (\d+)", trace or "")
        at = f" at line {line[1]}" if line else ""
        if result.status == "skipped":
            times = [(one.result.seconds, one.label) for one in self._cells if one.result is not None]
            seconds, slow = max(times)
            return (
                "no time left",
                f"was not run: no time was left of the {self._limits.total_timeout:g} s of a notebook.",
                f"{slow} took most of it ({seconds:.0f} s): make it faster, or move it to the end.",
            )
        if result.status == "timeout":
            return (
                "stopped by the time limit",
                f"took longer than {self._limits.cell_timeout:g} s and was interrupted.",
                "Look for a loop that does not end, and compute less.",
            )
        if result.status == "killed":
            why = message.rstrip(".")
            if why.startswith("time"):
                return "stopped by the time limit", f"was ended: {why}.", "Look for a loop that does not end, and compute less."
            return (
                "ended its process",
                f"ended the process{f' ({why})' if why else ''}.",
                "Do not call exit() or quit(), and use less memory.",
            )
        stopped = f"stopped{at} with {name}{f': {_short(message)}' if message.strip() else ''}."
        if name == "NameError" and (match := re.search(r"name '(\w+)' is not defined", message)):
            deeper = self._missing(match[1], cell.place, seen)
            return deeper.kind, f"{stopped} {deeper.what}", deeper.todo
        return self._error(name, message, cell.source, stopped, int(line[1]) if line else 0)

    def _error(self, name, message, source, stopped, line):
        """The kind of an exception, what happened, and what to do."""
        if name in ("EOFError", "StdinNotImplementedError") or (name == "ValueError" and "sys.stdin" in source):
            return "asks for keyboard input", stopped, "Nobody types while it is graded: write the value into the code."
        if name == "ModuleNotFoundError" or name == "ImportError":
            return self._module(message, source, stopped)
        if name in ("SyntaxError", "IndentationError", "TabError"):
            return _syntax(message, source, stopped, line)
        if name == "UsageError":
            return (
                "a magic that is not known",
                stopped,
                "Remove the line: it is a command of another program (Colab, Kaggle ...), or a %% that is not the first line.",
            )
        if name == "KeyboardInterrupt":
            return "was interrupted", stopped, "Remove what interrupts the cell."
        if name == "SystemExit":
            return "calls exit()", stopped, "Remove exit(), quit() or sys.exit(): nothing below it is run."
        if name in ("NotImplementedError", "NotWritten"):
            return "an answer that is not written yet", stopped, "Replace the line that raises the error by your answer."
        if name == "MemoryError":
            return "needs too much memory", stopped, "Work on less at a time, or with a smaller type of number."
        if _NETWORK.search(f"{name}: {message}"):
            return "asks the network", stopped, "There is no network while it is graded: use the files that the exercise gives."
        if name in ("FileNotFoundError", "NotADirectoryError") or (name == "OSError" and "not found" in message):
            return (
                "a file that is not there",
                stopped,
                "Only files given with the exercise, or handed in beside the notebook, are there: use a relative path.",
            )
        if name in ("PermissionError", "OSError"):
            return "a file that cannot be used", stopped, "Read and write only beside the notebook."
        return f"raised {name or 'an error'}", stopped, "Choose Restart & Run All before handing in: the cell has to run through."

    def _module(self, message, source, stopped):
        match = re.search(r"No module named '([\w.]+)'|cannot import name .* from '([\w.]+)'", message)
        module = match and (match[1] or match[2]) or ""
        top = module.split(".")[0]
        platform = next((where for name, where in _PLATFORMS.items() if f"{module}.".startswith(f"{name}.")), None)
        if platform:
            return (
                f"needs {platform}",
                stopped,
                f"{module} is there on {platform} only: put the lines that use it into a cell of their own, above the answers.",
            )
        if {f"{top}.py", f"{top}.ipynb"} & self._beside:
            return (
                f"imports {top}, a module of the student's own",
                stopped,
                f"Code beside the notebook is not run: put what you need of {top}.py into the answer's cell.",
            )
        if "No module" not in message:
            return f"cannot import from {top or 'a module'}", stopped, "The module has another version where it is graded."
        if any(re.search(rf"\b(?:pip|conda|mamba)\d?\s+install\b.*\b{top}\b", cell.source) for cell in self._cells):
            todo = f"{top} cannot be installed while it is graded: use the packages that the exercise imports."
        else:
            todo = (
                f"If {top}.py is a file of your own, put what you need of it into the answer's cell; "
                "if it is a package, use those that the exercise imports."
            )
        return f"imports {top}, which is not there", stopped, todo


def _syntax(message, source, stopped, line):
    """A syntax error: perhaps good Python, but of a later version."""
    lines = source.split("\n")
    near = "\n".join(lines[max(line - 1, 0) : line] if line else lines)
    since = next((version for version, pattern in _NEWER if pattern.search(near) or "f-string" in message), None)
    if since and since > sys.version_info[:2]:
        todo = f"If it runs for you, your Python is newer: it is graded with {_PYTHON}, and this may need {since[0]}.{since[1]}."
        if since == (3, 12) and (_F_STRING.search(near) or "f-string" in message):
            todo += " In an f-string, use other quotes inside than outside, and no backslash within the braces."
        return f"not valid in {_PYTHON}", stopped, todo
    return (
        "a syntax error",
        stopped,
        f"Correct the line. If it runs for you, your Python is newer than {_PYTHON}, with which it is graded.",
    )


def _short(message):
    message = re.sub(r" ?\((?:<[^>]*>|[^()]*\.py), line \d+\)$", "", " ".join(message.split())).rstrip(".")
    return message if len(message) <= 160 else message[:159] + "…"


def _went_wrong(cell):
    return cell.result is not None and cell.result.status != "ok"


@dataclass(frozen=True)
class _Bound:
    """The names that a cell makes: for the cells below, those of modules among them, and inside functions and classes, with
    whose name.
    """

    top: frozenset[str]
    inner: dict[str, str]
    imported: frozenset[str] = frozenset()


def _bound(source: str) -> _Bound:
    r"""Find the names that a cell makes.

    Examples
    --------
    >>> made = _bound("import numpy as np\ndef f():\n    x = 1")
    >>> sorted(made.top), made.inner
    (['f', 'np'], {'x': 'f'})
    >>> sorted(_bound("%%timeit\ny = 2").top), sorted(_bound("z = f'{d['").top)
    (['y'], ['z'])
    """
    if _CELL_MAGIC.match(source):
        return _bound(source.lstrip().partition("\n")[2])
    try:
        tree = ast.parse(to_python(source))
    except (SyntaxError, ValueError, RecursionError):
        return _Bound(frozenset(_made_by_look(source)), {})
    top: set[str] = set()
    imported: set[str] = set()
    inner: dict[str, str] = {}

    def visit(node, within):
        found = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found = [node.name]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found = [node.id]
        elif isinstance(node, ast.alias):
            found = [(node.asname or node.name).split(".")[0]]
            imported.update(found)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found = [node.name]
        if within:
            inner.update((name, within) for name in found if name not in inner)
        else:
            top.update(found)
        scope = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.ListComp | ast.SetComp)
        if scope or isinstance(node, ast.DictComp | ast.GeneratorExp):
            within = getattr(node, "name", within or "an expression")
        for child in ast.iter_child_nodes(node):
            visit(child, within)

    try:
        visit(tree, "")
    except RecursionError:
        return _Bound(frozenset(_made_by_look(source)), {})
    return _Bound(frozenset(top), inner, frozenset(imported))


def _made_by_look(source):
    """Names that a cell seems to make that is not valid Python."""
    for line in source.split("\n"):
        if match := re.match(r"(?:async\s+)?(?:def|class)\s+(\w+)", line):
            yield match[1]
        elif match := re.match(r"\s*((?:\w+\s*,\s*)*\w+)\s*(?::[^=]+)?=(?!=)", line):
            yield from re.findall(r"\w+", match[1])
        elif match := re.match(r"\s*(?:from\s+\S+\s+)?import\s+(.+)", line):
            yield from (part.split()[-1].strip("()").split(".")[0] for part in match[1].split(",") if part.split())
