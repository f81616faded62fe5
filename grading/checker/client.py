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

Here is the grader's end; `grading.checker.server` is the other one. What a test cell sees of objects and classes is told in
:mod:`grading.checker.proxies`, what a call carries beside plain data in :mod:`grading.checker.link`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

from grading.checker import reference
from grading.checker.scoring import Verdict
from grading.checker.script import Script
from grading.files import PACKAGE_ROOT
from grading.model import Limits
from grading.nbgrader.cells import HIDDEN_TESTS, Marks, hidden_lines, visible_source
from grading.protocol import text_files, values
from grading.protocol.framing import Channel, pack_answer
from grading.sandbox.forkserver_client import ForkServer

if TYPE_CHECKING:  # importing it takes a second, and the fork server never sees a notebook
    from _typeshed import StrPath
    from nbformat import NotebookNode

# Takes a request to the student's process, and brings its answer: what it wrote, or a dict.
Ask = Callable[[dict[str, Any]], bytes | dict[str, Any]]

PRELOAD = ("IPython.core.inputtransformer2", "numpy", "matplotlib.pyplot")
START_SECONDS = 180  # for the imports
GRACE = 5.0  # seconds that the checker's process may take to end


class CheckerFailed(RuntimeError):
    """The checker's own process cannot be started or does not answer."""


class Forking(Protocol):
    """What can fork the checker's process: a :class:`grading.sandbox.pool.Pool`, or a fork server of its own."""

    def fork(self, request: Mapping[str, object], files: list[int]) -> int:
        """Have a process forked."""

    def last_words(self) -> str:
        """The end of what was written to its standard streams."""


class CheckerServer:
    """The process that has imported what tests need, and forks a child for each checker; may be shared by threads.

    Parameters
    ----------
    preload : iterable of str
        Modules to import once, besides NumPy and Matplotlib. One that is missing is left out: the test that needs it
        says so.
    memory : int
        Bytes that each child may take.
    pool : Forking, optional
        What to fork it from: it has imported the modules already. By default a fork server of its own is started.
    """

    def __init__(self, preload: Iterable[str] = (), memory: int = Limits().memory, pool: Forking | None = None) -> None:
        self._lock = threading.Lock()
        modules = [*PRELOAD, *preload]
        self._own = None if pool else ForkServer()
        ours, theirs = socket.socketpair()
        self._control = Channel(ours)
        try:
            if self._own:
                self._own.prepare(modules, agent=None, read=[], hide=[PACKAGE_ROOT])
                self._own.hear(START_SECONDS)
            with theirs:
                (self._own or pool).fork({"op": "call", "function": "grading.checker.server:serve"}, [theirs.fileno()])  # type: ignore[union-attr]
            # What a student must not know goes by this channel alone, and not through the process that is forked.
            self._control.send({"environment": dict(os.environ), "preload": modules, "memory": memory})
            answer = self._control.receive(START_SECONDS)
        except OSError:
            answer = None
        if answer is None:
            words = (self._own or pool).last_words()  # type: ignore[union-attr]
            self.close()
            raise CheckerFailed(f"the checker's process did not start; its last words: {words}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the process is still there to fork from."""
        with self._lock:
            try:
                return self._control.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
            except BlockingIOError:
                return True
            except OSError:
                return False

    def close(self) -> None:
        """End the process and its children."""
        with contextlib.suppress(OSError):  # TimeoutError is one
            self._control.socket.shutdown(socket.SHUT_WR)
            while self._control.receive(GRACE) is not None:  # until it has ended
                pass
        self._control.close()
        if self._own:
            self._own.close()

    def fork(self, order: Mapping[str, object]) -> tuple[Channel, int]:
        """Make a child; give the channel to it and its number."""
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            try:
                self._control.send({"op": "fork", **order}, [theirs.fileno()])
                answer = self._control.receive(60)
            except OSError:
                answer = None
        if answer is None:
            ours.close()
            raise CheckerFailed("the checker's process is gone")
        return Channel(ours), answer[0]["process"]

    def kill(self, child: int) -> None:
        """End a child of which nothing more is wanted."""
        with self._lock, contextlib.suppress(OSError):
            self._control.send({"op": "kill", "process": child})


class Checker:
    """Runs the test cells of one student after the other, each student's in a namespace of its own.

    Parameters
    ----------
    preload : iterable of str
        See :class:`CheckerServer`; not needed with `server`.
    limits : grading.model.Limits, optional
        Of these, ``cell_timeout`` and ``memory`` hold for test cells.
    folder : path, optional
        Where test cells run, with the instructor's files; by default an empty temporary folder.
    server : CheckerServer, optional
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
        self,
        preload: Iterable[str] = (),
        limits: Limits | None = None,
        folder: StrPath | None = None,
        server: CheckerServer | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._server = server or CheckerServer(preload, self.limits.memory)
        self._owns_server = server is None
        self._own_folder = None if folder else tempfile.TemporaryDirectory(prefix="checks-")
        self._folder = str(folder or (self._own_folder and self._own_folder.name))
        self._script: Script | None = None
        self._done = 0
        self._log: list[dict[str, Any]] = []
        self._channel: Channel | None = None
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
        if self._owns_server:
            self._server.close()
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

    def _fresh(self) -> Channel:
        """Have a child forked for a new namespace."""
        self._end_child()
        names = (self._script.student_names, self._script.own_names) if self._script else ((), ())
        self._channel, self._child = channel, _ = self._server.fork(
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
            self._server.kill(self._child)
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
                received = channel.receive(max(deadline - time.monotonic(), 0))
            except TimeoutError:
                self._end_child()
                limit = f"{self.limits.cell_timeout:g} s"
                raise _Lost(f"the check took more than {limit}, the student's functions included") from None
            except OSError:
                received = None
            if received is None:
                self._end_child()
                raise _Lost("the check's process ended: it took too much memory, or a library stopped it")
            message = received[0]
            if message["say"] == "done":
                return message
            answer: bytes | dict[str, Any] = b"null"
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
                self._send(channel, {"gone": gone})
            else:
                self._pass_on(channel, answer)

    @staticmethod
    def _send(channel: Channel, message: Mapping[str, object]) -> None:
        with contextlib.suppress(OSError):  # where the child has ended, the next read says so
            channel.send(message)

    @staticmethod
    def _pass_on(channel: Channel, answer: bytes | dict[str, Any]) -> None:
        """Pass an answer of the student's process on, which is not looked into."""
        try:
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        except (TypeError, ValueError, RecursionError):  # an answer that is no JSON is no answer
            data = b"null"
        with contextlib.suppress(OSError):
            channel.send_frame(pack_answer(0, data))


class _Lost(Exception):
    """The child that runs test cells has ended or had to be killed."""
