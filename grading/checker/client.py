"""The trusted checker: runs the instructor's test cells in a process that no student's code ever enters.

In a test cell, every name that the student has written is a stand-in. Calling it sends plain data to the student's
process and brings plain data back; whatever is not plain data stays there, and its stand-in refuses to be compared, to be
a number or to be true. So nothing that a student's process does to NumPy, to asserts, to equality or to itself changes
what a test finds: only right answers are right.

The same test cell also runs in a student's own notebook, and honest work gets the same points in both places:

- names that the reference solution defines come from the student, everything else from the instructor's notebook: its
  locked cells, and of its free cells what the tests need (imports, constants, helper functions);
- a student's exception arrives as the same built-in exception, so that ``except ValueError`` works in a test;
- what a student's function prints is printed where the test can catch it; random numbers go on from the test's seed;
- a Keras model is rebuilt here from its config and its weights, and is measured by the checker's own Keras.

The process that runs test cells is confined, too, should one of its libraries have a hole for hostile data: it writes only into a
folder of its own and reaches no network, and its memory and its time are limited.

What a test cell sees of objects and classes is told in :mod:`grading.checker.proxies`, what a call carries beside plain data in
:mod:`grading.checker.link`.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import io
import json
import linecache
import math
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self

from grading.checker import libraries, reference
from grading.checker.link import Link
from grading.checker.proxies import StudentClass, StudentError, StudentFunction, StudentGone, StudentValue
from grading.model import Limits
from grading.nbgrader import cells
from grading.nbgrader.cells import HIDDEN_TESTS, Marks, hidden_lines, visible_source
from grading.protocol import text_files, values
from grading.protocol.framing import ProtocolError, load
from grading.sandbox import confinement
from grading.source import to_python

if TYPE_CHECKING:  # importing it takes a second, and the warm process never sees a notebook
    from _typeshed import StrPath
    from nbformat import NotebookNode

# Takes a request to the student's process, and brings its answer: what it wrote, or a dict.
Ask = Callable[[dict[str, Any]], bytes | dict[str, Any]]

PRELOAD = ("IPython.core.inputtransformer2", "numpy", "matplotlib.pyplot")
_ROOT = str(Path(__file__).resolve().parents[2])
GRACE = 5.0  # seconds that the checker's process may take to end
MESSAGE = 4000  # characters of a message
ITEMS = 500_000  # lists and objects in one answer of a student's process
_TEST = "<test>"  # the file name of test cells in tracebacks


class Verdict(NamedTuple):
    """What a test cell came to.

    Attributes
    ----------
    score : float
        In [0, points].
    message : str or None
        Why points were lost, or what is odd about the score; None if there is nothing to say.
    hidden : bool
        Whether the message came from a hidden test.
    """

    score: float
    message: str | None
    hidden: bool


class CheckerFailed(RuntimeError):
    """The checker's own process cannot be started or does not answer."""


# --- what of the instructor's notebook the tests need ---------------------------------------------------------


class Step(NamedTuple):
    """A part of the instructor's notebook that the checker goes through, in order."""

    kind: str  # "setup" (runs in the checker), "student" (names change hands) or "test"
    source: str = ""
    names: tuple[str, ...] = ()  # "student": what the reference solution defines
    grade_id: str = ""
    hidden: bool = False  # "setup" between the marks of hidden tests, which a course may allow outside of tests, too


class Script:
    """What the checker does with an instructor's notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        With reference solutions and hidden tests.
    marks : grading.nbgrader.cells.Marks
        Around hidden tests.

    Attributes
    ----------
    marks : grading.nbgrader.cells.Marks
    steps : list of Step
    student_names : frozenset of str
        What reference solutions define: it may come from the student.
    own_names : frozenset of str
        What only the instructor's own cells define: it never comes from the student.
    hides_setup : bool
        Whether one of `steps` is hidden that is no test.
    traits : grading.checker.reference.Traits
        What of the reference solutions goes beyond plain data.
    """

    def __init__(self, notebook: NotebookNode, marks: Marks = HIDDEN_TESTS) -> None:
        self.marks = marks
        found: list[_Cell] = []
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            kind: str = cells.role(cell)
            kind = "student" if kind in ("solution", "manual") else kind
            found.append((kind, _statements(cell.source), cell.source, cells.grade_id(cell) or ""))
        self.student_names = frozenset(
            name for kind, statements, *_ in found if kind == "student" for one in statements for name in one.bound
        )
        self.own_names = (
            frozenset(name for kind, statements, *_ in found if kind != "student" for one in statements for name in one.bound)
            - self.student_names
        )
        self.traits = reference.traits(_python(source) for kind, _, source, _ in found if kind == "student")
        needed = _needed(found)
        self.steps = []
        tainted: set[str] = set()
        for position, (kind, statements, source, grade_id) in enumerate(found):
            if kind == "student":
                names = tuple(sorted({name for one in statements for name in one.bound}))
                tainted.update(names)
                self.steps.append(Step("student", names=names))
            elif kind == "test":
                self.steps.append(Step("test", source, grade_id=grade_id))
            else:
                touched = any(one.loaded & tainted for one in statements)
                seen = {one.source for one in _statements(visible_source(source, marks))}
                # A locked cell that has nothing to do with the student's work runs as it is.
                whole = kind == "locked" and not touched and len(seen) == len(statements)
                parts = [one for i, one in enumerate(statements) if whole or (position, i) in needed]
                for one in statements:
                    tainted.update(one.bound if one.loaded & tainted else ())
                if whole and parts:
                    self.steps.append(Step("setup", source, grade_id=grade_id))
                else:  # one by one: each does what it can, whatever becomes of its neighbours
                    self.steps.extend(
                        Step("setup", one.source, grade_id=grade_id, hidden=one.source not in seen) for one in parts
                    )
        self.hides_setup = any(step.hidden for step in self.steps)

    def position(self, grade_id: str | None, source: str) -> int | None:
        """Where the test cell stands in `steps`; None if it is not there."""
        tests = [(i, step) for i, step in enumerate(self.steps) if step.kind == "test"]
        for i, step in tests:
            if grade_id and step.grade_id == grade_id:
                return i
        return next((i for i, step in tests if step.source == source), None) if not grade_id else None


class _Statement(NamedTuple):
    source: str
    bound: frozenset[str]  # names that it sets or changes
    replaced: frozenset[str]  # those of them whose value before does not matter
    loaded: frozenset[str]  # names whose value before it uses


def _python(source: str) -> str:
    """The Python of a cell, or nothing where it is none."""
    try:
        return to_python(source)
    except (SyntaxError, ValueError):
        return ""


def _statements(source: str) -> list[_Statement]:
    """The top-level statements of a cell, with the global names that each binds and uses; none if it does not parse."""
    try:
        source = to_python(source)
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    lines = source.splitlines(keepends=True)
    statements = []
    for node in tree.body:
        start = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        text = "".join(lines[start - 1 : node.end_lineno]) if _alone(node, tree.body) else ast.unparse(node) + "\n"
        names = _Names()
        names.visit(node)
        definite = isinstance(node, ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
        statements.append(
            _Statement(
                text,
                frozenset(names.bound | names.changed),
                frozenset(names.bound - names.changed if definite else ()),
                frozenset(names.loaded),
            )
        )
    return statements


_Cell = tuple[str, list[_Statement], str, str]  # kind, statements, source, grade_id


def _alone(node: ast.stmt, body: Iterable[ast.stmt]) -> bool:
    """Whether no other statement stands on the same lines."""
    first, last = node.lineno, node.end_lineno or node.lineno
    return all(other is node or (other.end_lineno or other.lineno) < first or other.lineno > last for other in body)


class _Names(ast.NodeVisitor):
    """Goes through a statement in the order of its evaluation and notes the global names that it uses and binds."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.loaded: set[str] = set()
        self.changed: set[str] = set()  # by x[0] = ..., x.a = ... or x.sort()
        self._local: list[set[str]] = [set()]  # names of functions and comprehensions around

    def visit_Name(self, node: ast.Name) -> None:
        if any(node.id in scope for scope in self._local):
            return
        if not isinstance(node.ctx, ast.Load):
            (self._local[-1] if len(self._local) > 1 else self.bound).add(node.id)
        elif node.id not in self.bound:
            self.loaded.add(node.id)

    def _store(self, name: str) -> None:
        if not any(name in scope for scope in self._local):
            (self._local[-1] if len(self._local) > 1 else self.bound).add(name)

    def _each(self, *parts: ast.AST | Sequence[ast.AST | None] | None) -> None:
        for part in parts:
            for node in [part] if part is None or isinstance(part, ast.AST) else part:
                if node is not None:
                    self.visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._each(node.value, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._each(node.annotation, node.value, node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._each(node.value, node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._each(node.value)
        for name in _base(node.target):
            self.visit(ast.Name(name, ast.Load()))
            self._change(name)
        if not isinstance(node.target, ast.Name):
            self.generic_visit(node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._each(node.iter, node.target, node.body, node.orelse)

    visit_AsyncFor = visit_For

    def visit_Subscript(self, node: ast.Subscript | ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            for name in _base(node):
                self._change(name)
        self.generic_visit(node)

    visit_Attribute = visit_Subscript

    def visit_Expr(self, node: ast.Expr) -> None:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            for name in _base(node.value.func):
                self._change(name)

    def _change(self, name: str) -> None:
        if len(self._local) == 1:
            self.changed.add(name)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._store(alias.asname or alias.name.split(".")[0])

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._each(node.type)
        if node.name:
            self._store(node.name)
        self._each(node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        self._each(node.decorator_list, arguments.defaults, arguments.kw_defaults)
        self._store(node.name)
        self._inside(arguments, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._each(node.args.defaults, node.args.kw_defaults)
        self._inside(node.args, [node.body])

    def _inside(self, arguments: ast.arguments, body: Sequence[ast.AST]) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        local = {one.arg for one in every if one is not None}
        outside = set()
        for statement in body:
            for part in ast.walk(statement):
                if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
                    local.add(part.id)
                elif isinstance(part, ast.FunctionDef | ast.ClassDef):
                    local.add(part.name)
                elif isinstance(part, ast.Global):
                    outside.update(part.names)
        self.bound |= outside
        self._local.append(local - outside)
        self._each(body)
        self._local.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._each(node.decorator_list, node.bases, [keyword.value for keyword in node.keywords])
        self._store(node.name)
        self._local.append(set())
        self._each(node.body)
        self._local.pop()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self._each(node.generators[0].iter)
        self._local.append(set())
        for position, generator in enumerate(node.generators):
            self._each(generator.iter if position else None, generator.target, generator.ifs)
        self._each(*([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]))
        self._local.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def _base(node: ast.AST) -> set[str]:
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _needed(cells: Sequence[_Cell]) -> set[tuple[int, int]]:
    """Which statements of locked and free cells the tests need, as pairs (cell, statement)."""
    modules = {
        name
        for _, statements, *_ in cells
        for one in statements
        if one.source.lstrip().startswith(("import ", "from "))
        for name in one.bound
    }
    wanted: set[str] = set()
    needed: set[tuple[int, int]] = set()
    for position in reversed(range(len(cells))):
        kind, statements, *_ = cells[position]
        for i in reversed(range(len(statements))):
            one = statements[i]
            if kind in ("locked", "free"):
                # A call such as plots.bars(...) changes no module that matters.
                if not (one.bound - (modules - one.replaced)) & wanted:
                    continue
                needed.add((position, i))
            wanted -= one.replaced
            if kind != "student":
                wanted |= one.loaded
    return needed


# --- the side of the grader ------------------------------------------------------------------------------------


class Warm:
    """A process that has imported what tests need, and forks a child for each checker; may be shared by threads.

    Parameters
    ----------
    preload : iterable of str
        Modules to import once, besides NumPy and Matplotlib. One that is missing is left out: the test that needs it
        says so.
    memory : int
        Bytes that each child may take.
    start : callable, optional
        ``start(file)`` has a process begin `serve` at the other end of this descriptor: a fork of one that has imported the
        modules already, as :meth:`grading.sandbox.pool.Pool.fork_checkers` makes it. By default a new one is started.
    """

    def __init__(
        self, preload: Iterable[str] = (), memory: int = Limits().memory, start: Callable[[int], None] | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        self._process: subprocess.Popen[bytes] | None = None
        with theirs:
            (start or self._start)(theirs.fileno())
        # What a student must not know goes by this channel alone, and not through the process that was forked.
        settings = {"environment": dict(os.environ), "preload": [*PRELOAD, *preload], "memory": memory}
        try:
            _write(self._control, json.dumps(settings).encode())
            answer = _read(self._control, time.monotonic() + 180)
        except OSError:
            answer = None
        if (answer or {}).get("say") != "ready":
            self.close()
            raise CheckerFailed("the checker's process did not start; `python -m grading.checker.client --probe` shows why")

    def _start(self, file: int) -> None:
        """Begin with a process that has imported nothing yet."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "grading.checker.client", str(file)],
            pass_fds=[file],
            start_new_session=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH", "")])),
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the process is still there to fork from."""
        with self._lock:
            try:
                return self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
            except BlockingIOError:
                return True
            except OSError:
                return False

    def close(self) -> None:
        """End the process and its children."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
            self._control.settimeout(GRACE)
            while self._control.recv(4096):  # until it has ended
                pass
        self._control.close()
        if self._process is not None:
            try:
                self._process.wait(timeout=GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def fork(self, order: Mapping[str, object]) -> tuple[socket.socket, int]:
        """Make a child; give the channel to it and its number."""
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            try:
                socket.send_fds(self._control, [b"F"], [theirs.fileno()])
                _write(self._control, json.dumps(order).encode())
                answer = _read(self._control, time.monotonic() + 60)
            except OSError:
                answer = None
        if answer is None:
            ours.close()
            raise CheckerFailed("the checker's process is gone")
        return ours, answer["pid"]

    def kill(self, child: int) -> None:
        """End a child of which nothing more is wanted."""
        with self._lock, contextlib.suppress(OSError):
            self._control.sendall(b"K")
            _write(self._control, json.dumps(child).encode())


class Checker:
    """Runs the test cells of one student after the other, each student's in a namespace of its own.

    Parameters
    ----------
    preload : iterable of str
        See :class:`Warm`; not needed with `warm`.
    limits : grading.model.Limits, optional
        Of these, ``cell_timeout`` and ``memory`` hold for test cells.
    folder : path, optional
        Where test cells run, with the instructor's files; by default an empty temporary folder.
    warm : Warm, optional
        The process to fork from; by default one of its own.

    Attributes
    ----------
    printed : str
        What the last test cell printed, for the autograded notebook.
    traceback : str
        How the last test cell failed, for the instructor.
    said : list of str
        Texts in the statement of the test that failed: what the test's author wrote, and no student chose.
    lost : bool
        Whether the last test cell came to no end: it took too long or too much memory.

    Examples
    --------
    >>> from grading.protocol.student_agent import install
    >>> with Checker() as checker:
    ...     checker.begin()
    ...     checker.run_cell("assert double(2) == 4, 'double it'", 1, install({"double": lambda x: 3 * x}))
    Verdict(score=0.0, message='AssertionError: double it', hidden=False)
    """

    def __init__(
        self, preload: Iterable[str] = (), limits: Limits | None = None, folder: StrPath | None = None, warm: Warm | None = None
    ) -> None:
        self.limits = limits or Limits()
        self._warm = warm or Warm(preload, self.limits.memory)
        self._owns_warm = warm is None
        self._own_folder = None if folder else tempfile.TemporaryDirectory(prefix="checks-")
        self._folder = str(folder or (self._own_folder and self._own_folder.name))
        self._script: Script | None = None
        self._done = 0
        self._log: list[dict[str, Any]] = []
        self._channel: socket.socket | None = None
        self._child = 0
        self._work: tempfile.TemporaryDirectory[str] | None = None
        self.printed = self.traceback = ""
        self.said: list[str] = []
        self.lost = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End what was started."""
        self._end_child()
        if self._owns_warm:
            self._warm.close()
        if self._own_folder:
            self._own_folder.cleanup()

    def begin(self, notebook: NotebookNode | Script | None = None) -> None:
        """Start on a new student: a fresh namespace.

        Parameters
        ----------
        notebook : nbformat.NotebookNode or Script, optional
            The instructor's notebook. Before each test cell, the checker catches up with the locked and free cells that
            stand before it, as far as tests need them. A Script made once serves all students.
        """
        self._end_child()
        self._script = notebook if notebook is None or isinstance(notebook, Script) else Script(notebook)
        self._done, self._log = 0, []

    def again(self) -> None:
        """Start on the same student again, in a fresh namespace."""
        self.begin(self._script)

    def run_cell(self, source: str, points: float | None, ask: Ask, grade_id: str | None = None) -> Verdict:
        """Run a cell of the instructor's for the student whose process answers `ask`.

        Parameters
        ----------
        source : str
            The cell, hidden tests included.
        points : float or None
            What it is worth; None for a locked cell that is no test. Where :meth:`begin` was given the notebook, such a
            cell need not be run, and is passed over: the checker runs it when a test needs it.
        ask : callable
            Takes a request (a dict) to the student's process and brings its answer (see
            :mod:`grading.protocol.student_agent`). An exception, or
            ``{"gone": why}``, means that there is no answer: the cell ends and says why.
            ``request["timeout"]`` says how many seconds are left.
        grade_id : str, optional
            The cell's name, to find it in the instructor's notebook; by its source otherwise.

        Returns
        -------
        Verdict
            A tuple (score, message, hidden).
        """
        if self._script is not None:
            if points is None:
                return Verdict(0.0, None, False)
            self._catch_up(self._script.position(grade_id, source), ask)
        return self._verdict(self._run(self._job(source, points), ask))

    def run_visible(self, source: str, ask: Ask, grade_id: str | None = None) -> Verdict:
        """Run a test cell without its hidden tests, and remember both sides as they were before it.

        Parameters
        ----------
        source, ask, grade_id
            See :meth:`run_cell`; the cell's hidden tests are in `source`, and nobody hears of them.

        Returns
        -------
        Verdict
            Without a message where the visible tests pass. There is no score yet.
        """
        if self._script is not None:
            self._catch_up(self._script.position(grade_id, source), ask, hidden=False)
        marks = self._script.marks if self._script else HIDDEN_TESTS
        return self._verdict(self._run({**self._job(visible_source(source, marks), None), "keep": grade_id or source}, ask))

    def run_hidden(self, source: str, points: float, ask: Ask, grade_id: str | None = None) -> Verdict | None:
        """Run a whole test cell of which :meth:`run_visible` has run the visible part, as if nothing had been run since.

        Names are again bound to what they were bound to; what was changed in place stays changed.

        Parameters
        ----------
        source, points, ask, grade_id
            See :meth:`run_cell`.

        Returns
        -------
        Verdict or None
            None where one of the two sides has lost what it should remember: its process is another one.
        """
        if self._script is not None and self._script.hides_setup:
            return None
        try:
            result = self._exchange({**self._job(source, points), "back": grade_id or source}, ask)
        except _Lost as lost:
            result = {"score": 0.0, "message": str(lost), "hidden": True, "lost": True}
        return None if result.get("stale") else self._verdict(result)

    def _job(self, source: str, points: float | None) -> dict[str, Any]:
        marks = self._script.marks if self._script else HIDDEN_TESTS
        return {"do": "run", "source": source, "points": None if points is None else float(points), "marks": marks}

    def _verdict(self, result: dict[str, Any]) -> Verdict:
        self.printed, self.traceback = result.get("printed", ""), result.get("traceback", "")
        self.said, self.lost = result.get("said", []), bool(result.get("lost"))
        return Verdict(float(result["score"]), result["message"], bool(result["hidden"]))

    def _catch_up(self, position: int | None, ask: Ask, hidden: bool = True) -> None:
        """Go through the instructor's notebook up to a test."""
        while self._script is not None and position is not None and self._done < position:
            step = self._script.steps[self._done]
            self._done += 1
            if step.kind == "student":
                self._run({"do": "student", "names": step.names}, ask)
            elif step.kind == "setup" and (hidden or not step.hidden):
                self._run(self._job(step.source, None), ask)
            # A test that was not asked for is left out: nobody wants its score.
        if position is not None:
            self._done = max(self._done, position + 1)

    # --- the child

    def _fresh(self) -> socket.socket:
        """Make the warm process fork a child for a new namespace."""
        self._end_child()
        names = (self._script.student_names, self._script.own_names) if self._script else ((), ())
        self._channel, self._child = channel, _ = self._warm.fork(
            {
                "student": sorted(names[0]),
                "own": sorted(names[1]),
                "folder": self._folder,
                "work": self._workplace(),
                "traits": self._script.traits if self._script else reference.Traits(),
            }
        )
        return channel

    def _workplace(self) -> str | None:
        """A folder of its own for a child whose tests and students exchange files."""
        if self._script is None or not (self._script.traits.reads or self._script.traits.writes):
            return None
        self._work = tempfile.TemporaryDirectory(prefix=".work-", dir=self._folder, ignore_cleanup_errors=True)
        text_files.furnish(self._work.name, self._folder)
        return self._work.name

    def _end_child(self) -> None:
        if self._work is not None:
            self._work.cleanup()
            self._work = None
        if self._channel is not None:
            self._channel.close()
            self._warm.kill(self._child)
            self._channel = None

    def _run(self, job: dict[str, Any], ask: Ask) -> dict[str, Any]:
        """Run a job; where the child is lost, go on in a fresh one that has run everything before."""
        try:
            result = self._exchange(job, ask)
        except _Lost as lost:
            self._fresh()
            for earlier in self._log:
                with contextlib.suppress(_Lost):  # what was to be remembered then is not there any more
                    self._exchange({**earlier, "points": None, "keep": None}, ask)
            hidden = bool(hidden_lines(job.get("source", ""), Marks(*job.get("marks", ()))))
            return {"score": 0.0, "message": str(lost), "hidden": hidden, "lost": True}
        self._log.append(job)
        return result

    def _exchange(self, job: Mapping[str, object], ask: Ask) -> dict[str, Any]:
        channel = self._channel or self._fresh()
        deadline = time.monotonic() + self.limits.cell_timeout
        gone = None
        self._send(channel, job)
        while True:
            try:
                message: dict[str, Any] | None = _read(channel, deadline)
            except TimeoutError:
                self._end_child()
                limit = f"{self.limits.cell_timeout:g} s"
                raise _Lost(f"the check took more than {limit}, the student's functions included") from None
            if message is None:
                self._end_child()
                raise _Lost("the check's process ended: it took too much memory, or a library stopped it")
            if message["say"] == "done":
                return message
            answer = None
            if gone is None:
                try:
                    answer = ask({**message["request"], "timeout": max(deadline - time.monotonic(), 0.1)})
                except Exception as problem:  # whatever it is, this student has no answer, and the batch goes on
                    gone = values.clean(str(problem), 500) or type(problem).__name__
                else:
                    if type(answer) is dict and "gone" in answer:
                        gone = values.clean(answer["gone"], 500) or "its process ended"
            if gone is not None:  # time for the test to end, where the student's code has used up all of its own
                deadline = max(deadline, time.monotonic() + GRACE)
            self._send(channel, {"gone": gone} if gone is not None else answer, kind=b"-" if gone is not None else b"+")

    @staticmethod
    def _send(channel: socket.socket, message: Mapping[str, object] | bytes | None, kind: bytes = b"") -> None:
        """Send a job, or what came of a question: ``+`` and the answer, which is not looked into, or ``-`` and a reason."""
        try:
            data = message if isinstance(message, bytes) else json.dumps(message).encode()
        except (TypeError, ValueError, RecursionError):  # an answer that is no JSON is no answer
            data = b"null"
        with contextlib.suppress(OSError):  # where the child has ended, the next read says so
            _write(channel, kind + data)


class _Lost(Exception):
    """The child that runs test cells has ended or had to be killed."""


# --- messages: eight bytes of length, then JSON ------------------------------------------------------------------


def _write(channel: socket.socket, data: bytes) -> None:
    channel.sendall(struct.pack("!Q", len(data)) + data)


def _read(channel: socket.socket, deadline: float | None = None) -> Any:
    """The next message; None where the other side has hung up; TimeoutError when the deadline has passed."""
    body = _read_frame(channel, deadline)
    return None if body is None else json.loads(body)


def _read_frame(channel: socket.socket, deadline: float | None = None) -> bytes | None:
    head = _read_bytes(channel, 8, deadline)
    return None if head is None else _read_bytes(channel, struct.unpack("!Q", head)[0], deadline)


def _read_answer(channel: socket.socket) -> dict[str, Any] | None:
    """What came of a question: ``answer`` or the reason why there is none, ``gone``; None where the grader has hung up."""
    frame = _read_frame(channel)
    if frame is None:
        return None
    if frame[:1] == b"-":
        gone: dict[str, Any] = json.loads(frame[1:])
        return gone
    try:
        return {"answer": load(frame[1:], containers=ITEMS, values=3 * ITEMS)}
    except ProtocolError:
        return {"answer": None}


def _read_bytes(channel: socket.socket, count: int, deadline: float | None) -> bytes | None:
    parts = []
    while count:
        if deadline is not None and not select.select([channel], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise TimeoutError
        try:
            part = channel.recv(min(count, 2**20))
        except OSError:
            return None
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


# --- inside the checker's process --------------------------------------------------------------------------------


class StudentModel(StudentFunction):
    """Stands for a student's Keras model: passed on, it is the student's; used here, it is rebuilt from config and weights."""

    __slots__ = ()

    def _trusted(self) -> Any:
        link, cache = object.__getattribute__(self, "_link"), object.__getattribute__(self, "_cache")
        if cache is None or cache[0] != link.calls:
            form = link.value("model", of=object.__getattribute__(self, "_id"))
            calls = link.calls
            config, weights = (form.get("config"), form.get("weights")) if type(form) is dict else (None, None)
            try:
                config = json.loads(config) if type(config) is str and len(config) < CONFIG_SIZE else None
            except (ValueError, RecursionError):
                config = None
            if cache is not None and cache[1] == config:
                model = cache[2]
                _set_weights(model, weights)
            else:
                model = rebuild_model(config, weights)
            cache = (calls, config, model)
            object.__setattr__(self, "_cache", cache)
        return cache[2]

    @property  # type: ignore[misc]  # isinstance asks for it, and nobody sets it
    def __class__(self) -> type:
        return type(self._trusted())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__", "__qualname__"):
            raise AttributeError(name)
        return getattr(self._trusted(), name)

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Run the rebuilt model."""
        return self._trusted()(*args, **kwargs)


# --- Keras models --------------------------------------------------------------------------------------------------

MODEL_SIZE = 512 * values.MIB  # bytes of weights
CONFIG_SIZE = 4 * values.MIB  # characters of a config
_MODULES = re.compile(
    r"keras(\.(layers|models|initializers|regularizers|constraints|activations|losses|metrics|optimizers|ops|dtype_policies"
    r"|optimizers\.schedules|src\.models\.(functional|sequential|model)|src\.ops\.(numpy|nn|math|image|linalg)))?|builtins"
)
# A config of these is or holds code, reads files, or hands over to another framework.
_CODE = {
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "FeatureSpace",
    "__lambda__",
    "__typespec__",
}


def rebuild_model(config: object, weights: object) -> Any:
    """Build a Keras model from its config and weights, which come from a student's process.

    Parameters
    ----------
    config : dict
        What `keras.saving.serialize_keras_object` gives.
    weights : list of ndarray

    Returns
    -------
    keras.Model

    Raises
    ------
    StudentError
        If the config names anything but Keras's own layers, initialisers and the like, if a layer of it is code, if it is
        too large, or if Keras cannot build it.
    """
    import keras
    import numpy as np

    if type(config) is not dict or type(weights) is not list or not all(type(array) is np.ndarray for array in weights):
        raise StudentError("the model did not come across as config and weights")
    if sum(array.nbytes for array in weights) > MODEL_SIZE:
        raise StudentError(f"the model has more than {MODEL_SIZE // values.MIB} MiB of weights")
    _inspect(config)
    try:
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as problem:
        raise StudentError(f"the model cannot be rebuilt: {type(problem).__name__}: {str(problem)[:300]}") from None
    if not isinstance(model, keras.Model):
        raise StudentError("the config is not that of a Keras model")
    _set_weights(model, weights)
    return model


def _set_weights(model: Any, weights: object) -> None:
    try:
        model.set_weights(weights)
    except Exception as problem:
        raise StudentError(f"the model's weights do not fit its config: {str(problem)[:300]}") from None


def _inspect(config: object, depth: int = 0) -> None:
    """Refuse a config that names anything but harmless parts of Keras."""
    if depth > 60:
        raise StudentError("the model's config is nested too deeply")
    if type(config) is list or type(config) is tuple:
        for item in config:
            _inspect(item, depth + 1)
    elif type(config) is dict:
        name, module = config.get("class_name"), config.get("module")
        if "class_name" in config:
            if type(name) is not str or name in _CODE:
                raise StudentError(
                    f"a model with a {values.clean(name, 60)} cannot be checked: its config holds code or reads files"
                )
            special = name in ("__keras_tensor__", "__tensor__", "__numpy__", "__ellipsis__", "__slice__", "__bytes__")
            if not special and (type(module) is not str or not _MODULES.fullmatch(module)):
                raise StudentError(f"a model with its own {values.clean(name, 60)} cannot be checked: use Keras's layers")
            if config.get("registered_name") not in (None, name):
                raise StudentError(f"a model with its own {values.clean(name, 60)} cannot be checked: use Keras's layers")
        for item in config.values():
            _inspect(item, depth + 1)


# --- test cells ------------------------------------------------------------------------------------------------------


class Space(dict[str, Any]):
    """The namespace of test cells: what is not there is looked up in the student's process.

    Parameters
    ----------
    link : Link
    student : frozenset of str
        Names that the reference solution defines.
    own : frozenset of str
        Names that never come from the student.
    """

    def __init__(self, link: Link, student: frozenset[str] = frozenset(), own: frozenset[str] = frozenset()) -> None:
        super().__init__(__name__="__main__", __builtins__=builtins)
        self.link, self.student, self.own = link, student, own
        self.functions: dict[str, StudentFunction | StudentClass] = {}
        self.handed: set[str] = set()  # names of the student's that have had their turn in the notebook
        self._places: dict[str, tuple[dict[str, Any], set[str], dict[str, Any]]] = {}

    def __missing__(self, name: str) -> Any:
        return self.functions[name] if name in self.functions else self.link.undisturbed(self._find, name)

    def _find(self, name: str) -> Any:
        if name in self.own or (hasattr(builtins, name) and name not in self.handed) or name.startswith("__"):
            raise KeyError(name)
        value = self.link.value("get", name=name)
        if type(value) is StudentFunction:
            object.__setattr__(value, "_name", name)
        if type(value) in (StudentFunction, StudentClass):
            self.functions[name] = value  # spares the question at each call
        return value

    def __contains__(self, name: object) -> bool:  # for a test that asks globals()
        if dict.__contains__(self, name) or type(name) is not str:
            return dict.__contains__(self, name)
        try:
            self[name]
        except KeyError:
            return False
        return True

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, or something else where there is none."""
        return self[name] if name in self else default

    def __setitem__(self, name: str, value: object) -> None:
        super().__setitem__(name, value)
        if name in self.handed:
            self.functions.pop(name, None)
            with contextlib.suppress(values.NotPlain, values.RefusedData):
                self.link.ask("set", name=name, value=self.link.encode(value))

    def __delitem__(self, name: str) -> None:
        known = dict.pop(self, name, self) is not self
        if name in self.handed:
            self.functions.pop(name, None)
            self.link.ask("delete", name=name)
        elif not known:
            raise KeyError(name)

    def keep(self, place: str) -> None:
        """Remember what every name means now, here and in the student's process."""
        with contextlib.suppress(Exception):  # where it cannot be remembered, `back` says so
            self.link.ask("keep", place=place)
            self._places[place] = dict(self), set(self.handed), self.link.numbers.now()

    def back(self, place: str) -> bool:
        """Let every name mean again what it meant then; whether both sides know it."""
        if place not in self._places or self.link.ask("back", place=place).get("ok") is not True:
            return False
        names, handed, numbers = self._places[place]
        dict.clear(self)
        dict.update(self, names)
        self.handed = set(handed)
        self.link.numbers.back(numbers)
        return True

    def hand_over(self, names: Sequence[str]) -> None:
        """From here on, these names are the student's."""
        self.handed.update(names)
        for name in names:
            dict.pop(self, name, None)
        self.functions.clear()


def _run_test(
    space: Space,
    source: str,
    points: float | None,
    marks: Sequence[str] = (),
    keep: str | None = None,
    back: str | None = None,
    **_: object,
) -> dict[str, Any]:
    """Run one cell; what it came to, as a message to the grader.

    Before it, remember this place under the name `keep`, or go back to the place with the name `back`.
    """
    printed, errors = _Capped(), _Capped()
    result = {"say": "done", "score": 0.0 if points is None else points, "message": None, "hidden": False}
    python = source
    space.functions.clear()
    try:
        space.link.begin_cell()
        if back is not None and not space.back(back):
            return {**result, "stale": True}
        if keep is not None:
            space.keep(keep)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            python = to_python(source)
            if "get_ipython()" in python:
                _need_shell(space)
            linecache.cache[_TEST] = (len(python), None, python.splitlines(keepends=True), _TEST)
            tree = ast.parse(python, _TEST)
            last = None
            if tree.body and isinstance(final := tree.body[-1], ast.Expr):
                tree.body.pop()
                last = ast.Expression(final.value)
            exec(compile(tree, _TEST, "exec"), space)
            value = eval(compile(last, _TEST, "eval"), space) if last is not None else None
            if points is not None and value is not None and not python.rstrip().endswith(";"):
                result["score"], result["message"] = partial_credit(value, points)
    except BaseException as problem:  # a test may fail in any way, and the student may have chosen which
        result.update(_explain(problem, source, python, Marks(*marks)))
    result["printed"] = values.clean(printed.getvalue(), 100_000)
    space.functions.clear()
    return result


class _Capped(io.StringIO):
    """Keeps the first so many characters and lets the rest go."""

    _room = 200_000

    def write(self, text: str) -> int:
        super().write(text[: self._room])
        self._room -= min(self._room, len(text))
        return len(text)


def partial_credit(value: object, points: float) -> tuple[float, str | None]:
    """The points for a test cell whose last line has a value.

    As in nbgrader, a number is the score and anything else leaves all points. Beyond it, a truth value counts as one, a
    text such as ``"2/4"`` as a share, and every score is kept within [0, points].

    Parameters
    ----------
    value : object
        What the last line of the cell evaluates to; not None.
    points : float
        What the cell is worth.

    Returns
    -------
    score : float
        In [0, points].
    message : str or None
        The reason, where it is not the plain number.

    Examples
    --------
    >>> import numpy as np
    >>> partial_credit(np.float64(2.5), 4)
    (2.5, 'partial credit: 2.5 of 4')
    >>> partial_credit(-1, 4)
    (0.0, 'the test gave -1 of 4 points: taken as 0')
    >>> partial_credit("2/4", 4)
    (2.0, "partial credit: '2/4' of 4")
    """
    import numpy as np

    points = float(points)
    if isinstance(value, StudentValue):
        return 0.0, f"the test ends in {value!r}, which is no score"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_):
        return (points, None) if value else (0.0, "the test's last line is False")
    share = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*", value) if isinstance(value, str) else None
    if share and float(share[2]) > 0:
        number = float(share[1]) / float(share[2]) * points
    elif isinstance(value, str) and re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", value):
        number = float(value)
    elif isinstance(value, int | float | np.integer | np.floating):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf if value > 0 else -math.inf
    else:
        return points, None
    shown = repr(value.item() if isinstance(value, np.generic) else value)[:40]
    if math.isnan(number):
        return 0.0, "the test gave nan as a score: taken as 0"
    if number < 0:
        return 0.0, f"the test gave {shown} of {points:g} points: taken as 0"
    if number > points:
        return points, f"the test gave {shown} of {points:g} points: taken as {points:g}"
    return number, None if number == points else f"partial credit: {shown} of {points:g}"


def _explain(problem: BaseException, source: str, python: str, marks: Marks) -> dict[str, object]:
    """The message for a test that failed, and whether it came from a hidden test."""
    name = getattr(problem, "student_type", "") or type(problem).__name__
    try:
        text = str(problem)
    except BaseException:  # made of a student's data: nothing is taken for granted
        text = ""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == _TEST]
    lines = [frame.lineno for frame in frames]
    if isinstance(problem, StudentGone):
        message = f"no answer from the student's code: {text}"
    elif isinstance(problem, SyntaxError) and not lines:
        message = f"the test itself does not run: {name}: {text}"
    elif isinstance(problem, StudentError):
        message = text
    elif type(problem) is AssertionError and not text and frames:
        message = f"AssertionError: {linecache.getline(_TEST, frames[-1].lineno or 0).strip()}"
    else:
        message = f"{name}: {text}"
    where = getattr(problem, "student_where", "")
    if where:
        message += f"\n  in {where}"
    hidden = hidden_lines(python, marks) or hidden_lines(source, marks)
    told = values.clean("".join(traceback.format_exception(problem, limit=20)), 20_000)
    return {
        "score": 0.0,
        "message": values.clean(message, MESSAGE) or name,
        "traceback": told,
        "said": _texts(python, lines[0] or 0) if lines and not hasattr(problem, "student_type") else [],
        "hidden": any(line in hidden for line in lines) if lines else bool(hidden),
    }


def _texts(python: str, line: int) -> list[str]:
    """The texts that stand in the statement of a test that begins at or before a line and ends at or after it."""
    statements = ast.parse(python).body
    found = [node for node in statements if node.lineno <= line <= (node.end_lineno or node.lineno)]
    return [
        node.value for one in found for node in ast.walk(one) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _need_shell(space: Space) -> None:
    """Make IPython's magics work in a test cell."""
    from IPython.core.interactiveshell import InteractiveShell

    class Shell(InteractiveShell):
        """IPython without a terminal or windows."""

        def enable_gui(self, gui: object = None) -> None:
            pass

    if not InteractiveShell.initialized():
        Shell.instance(user_ns={})
    dict.__setitem__(space, "get_ipython", InteractiveShell.instance().get_ipython)


def serve(control: socket.socket) -> None:
    """Import what tests need, then fork a child for each namespace, until the grader hangs up.

    Parameters
    ----------
    control : socket.socket
        To the grader. The first message there holds the settings.
    """
    settings = _read(control)
    if settings is None:
        return
    # Where this process is a fork of a warm one, what that one was told about threads holds here, too.
    kept = {name: value for name, value in os.environ.items() if name.endswith("_THREADS") or name == "TF_CPP_MIN_LOG_LEVEL"}
    os.environ.clear()
    os.environ.update({**settings["environment"], "MPLBACKEND": "Agg", **kept})
    os.chdir(os.sep)
    sys.path[:] = [*(path for path in sys.path if path != _ROOT), _ROOT]
    for module in settings["preload"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].use("Agg")  # whatever it was when it was imported
    memory = settings["memory"]
    _write(control, json.dumps({"say": "ready"}).encode())
    children: set[int] = set()
    while True:
        while not select.select([control], [], [], 1.0)[0]:
            _reap(children)
        kind, files, _, _ = socket.recv_fds(control, 1, 1)
        order = _read(control) if kind else None
        if order is None:
            break
        _reap(children)
        if kind == b"K":
            if order in children:  # not yet reaped: the number is still its own
                _end(order)
            continue
        child = os.fork()
        if child == 0:
            control.close()
            _child(socket.socket(fileno=files[0]), order, memory)
        os.close(files[0])
        children.add(child)
        _write(control, json.dumps({"pid": child}).encode())
    for child in children:
        _end(child)
        os.waitpid(child, 0)


def _end(child: int) -> None:
    """Kill a child and the programs that its tests may have started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def _reap(children: set[int]) -> None:
    """Take leave of children that have ended, and end what their tests have started."""
    for child in list(children):
        # Look first: until it is reaped, its number cannot become another process's.
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            _end(child)
            os.waitpid(child, 0)
            children.discard(child)


def _child(channel: socket.socket, order: dict[str, Any], memory: int) -> NoReturn:
    """Run test cells for one student; never returns."""
    status = 1
    try:
        os.setpgid(0, 0)
        os.chdir(order["folder"])
        sys.path.insert(0, order["folder"])
        _limit_memory(memory)
        confinement.keep_to(order["folder"])
        sys.modules["__main__"] = types.ModuleType("__main__")
        link = Link(channel, reference.Traits(*order["traits"]), _read_answer, _write, {"model": StudentModel})
        space = Space(link, frozenset(order["student"]), frozenset(order["own"]))
        if order["work"]:  # what is written there cannot be imported: it is not on the path
            os.chdir(order["work"])
            link.work_in(order["work"])
        link.numbers.forget()
        libraries.follow(link)
        while True:
            job = _read(channel)
            if job is None:
                break
            if job["do"] == "student":
                space.hand_over(job["names"])
                answer = {"say": "done", "score": 0.0, "message": None, "hidden": False}
            else:
                answer = _run_test(space, **{name: value for name, value in job.items() if name != "do"})
            _write(channel, json.dumps(answer).encode())
        status = 0
    except BaseException:  # a child must never go on as a second server
        status = 1
    finally:
        os._exit(status)


def _limit_memory(memory: int) -> None:
    """Let the child have so many bytes more than it has now."""
    import resource

    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _main(arguments: list[str]) -> None:
    if arguments == ["--probe"]:
        with Checker() as checker:
            print(checker.run_cell("1 + 1", 2, lambda request: {"missing": True}))
        return
    serve(socket.socket(fileno=int(arguments[0])))
    os._exit(0)  # nothing is left to save, and unloading TensorFlow in good order takes a second


if __name__ == "__main__":
    # Under its own name, so that a test's `__main__` is not this module.
    from grading.checker import client

    client._main(sys.argv[1:])
