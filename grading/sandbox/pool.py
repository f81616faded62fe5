"""The grader's end: a pool starts the warm process; a session is one student's walls, with a process to run cells in."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import selectors
import shutil
import signal
import site
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_output

from grading.model import CellResult, Limits
from grading.protocol.framing import Lines, ProtocolError, Unpacker, load, pack
from grading.protocol.printed import Ends, last_state
from grading.sandbox.confinement import find_confinement
from grading.sandbox.forkserver_client import PACKAGE_ROOT, PRELOAD, WarmProcess

if TYPE_CHECKING:
    from _typeshed import StrPath


LARGEST_MESSAGE = 64 * 2**20  # bytes of a question, or of an answer
LARGEST_OUTPUT = 16 * 2**20  # bytes of any other message from a student's process
MOST = 256 * 2**20  # bytes of all that it may write while one cell runs
START_SECONDS = 300  # for the imports; TensorFlow from a slow disk takes a minute
SESSION_SECONDS = 60  # for the walls and the student's process; takes 0.05 s on an idle machine
FULL = 0.95  # of a limit is all of it
GRACE = 3.0  # seconds that a cell has to end after it was interrupted
OUTPUTS = 2000  # outputs of one cell
ERROR_TEXT = 256 * 1024  # bytes of an exception's output


class SandboxError(Exception):
    """The sandbox itself did not do what it should; nothing is said about the submission."""


class NotConfined(SandboxError):
    """Students' code cannot be confined here, and nobody said that it may run without."""


class StudentError(Exception):
    """A student's process did not answer the checker."""


class CallTimeout(StudentError):
    """The call took too long and was interrupted. The process lives on."""


class StudentEnded(StudentError):
    """The process ended, or had to be ended, during the call; a fresh one has taken its place."""


class Pool:
    """A warm process, and the sessions that are forked from it.

    Parameters
    ----------
    preload : iterable of str
        Modules that the cells will import. They are imported once, before any fork.
    limits : grading.model.Limits
        For each session.
    jobs : int
        Sessions that will run at one time; they share the cores.
    read : iterable of path
        Read-only folders that students' code may use beside the Python installation (the course's data).
    private : iterable of path
        What students' code must never see (the course, the gradebook). It sees nothing that is not granted anyway; this
        refuses to start when one of these lies inside a granted folder.
    env : dict of str to str
        Environment of all sessions, beside the bare minimum.
    side : str or None
        Module with ``install(namespace) -> answer``: what answers `Student.call`.
    trust_students : bool
        Whether to run without confinement where this system has none.
    warm : grading.sandbox.forkserver_client.WarmProcess, optional
        One that has begun already; it is the pool's from then on.

    Attributes
    ----------
    confined : bool
    missing : dict of str to str
        Modules of `preload` that could not be imported, and why.
    warm_seconds : float
        What the imports took.

    Raises
    ------
    NotConfined
        Where there is no confinement and `trust_students` is false.
    SandboxError
        If the warm process does not start.

    Examples
    --------
    >>> with Pool(preload=[], side=None, trust_students=True) as pool, pool.session() as student:
    ...     result = student.run_cell("6 * 7")
    >>> result.status, result.outputs[0].data["text/plain"]
    ('ok', '42')
    """

    def __init__(
        self,
        preload: Iterable[str] = PRELOAD,
        limits: Limits | None = None,
        *,
        jobs: int = 1,
        read: Iterable[StrPath] = (),
        private: Iterable[StrPath] = (),
        env: Mapping[str, str] | None = None,
        side: str | None = "grading.protocol.student_agent",
        trust_students: bool = False,
        warm: WarmProcess | None = None,
    ) -> None:
        found = find_confinement()
        if not found.available and not trust_students:
            raise NotConfined(
                f"students' code cannot be confined here: {found.why}. "
                "It runs without confinement only if you say that you trust it (--trust-students)"
            )
        if not hasattr(os, "fork"):
            raise NotConfined("grading forks a process for each submission, which this system cannot; use Linux, macOS or WSL")
        self.confined = found.available
        self.limits = limits or Limits()
        self._env = dict(env or {})
        self._preload = list(preload)
        self._settings = {
            "side": side,
            "read": [os.path.abspath(path) for path in (*read, *_user_site())],
            "hide": [PACKAGE_ROOT],
        }
        self._private = [os.path.realpath(path) for path in private]
        self._lock = threading.RLock()
        self._warm = warm or WarmProcess(jobs)
        self._closed = False
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    # --- the warm process

    def _start(self) -> None:
        self._warm.prepare(self._preload, **self._settings)
        ready = self._warm.hear(START_SECONDS)
        if ready is None or ready["event"] != "ready":
            why = ready["why"] if ready else f"its last words: {self._warm.last_words()}"
            raise SandboxError(f"the warm process did not start: {why}")
        self.missing, self.warm_seconds = ready["missing"], ready["seconds"]
        self.readable = ready["paths"]
        for private in self._private:  # which no process of a student's ever hears of
            for path in map(os.path.realpath, self.readable):
                if private == path or private.startswith(path + "/"):
                    raise SandboxError(
                        f"the warm process did not start: {private} must stay hidden from students' code, but lies in {path}, "
                        "which that code has to read; keep the course and its gradebook outside the Python installation"
                    )

    def _fork(self, request: Mapping[str, object], files: Sequence[int]) -> int:
        """Ask the warm process for a session; start it anew if it is gone."""
        with self._lock:
            if self._closed:
                raise SandboxError("the pool is closed")
            for attempt in (1, 2):
                try:
                    self._warm.send(request, files)
                    answer = self._warm.hear(SESSION_SECONDS)
                except OSError:
                    answer = None
                if answer is not None:
                    return int(answer["process"])
                if attempt == 1:
                    self._warm.end()
                    self._warm = WarmProcess(self._warm.jobs, self._warm.base)
                    self._start()
        raise SandboxError("the warm process ended twice in a row")

    def _kill(self, process: int) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._warm.send({"op": "kill", "process": process})

    def close(self) -> None:
        """End the warm process and every session."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._warm.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def fork_checkers(self, file: int) -> None:
        """Fork a process that begins `grading.checker.client.serve`: it needs the same imports as the sessions.

        Parameters
        ----------
        file : int
            A socket's descriptor: its channel to the grader.
        """
        self._fork({"op": "checkers"}, [file])

    # --- sessions

    @contextlib.contextmanager
    def session(
        self,
        folder: StrPath | None = None,
        files: Mapping[str, StrPath] | None = None,
        env: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Iterator[Student]:
        """Build the walls for one submission, and start a process in them.

        The student's folder is a RAM disk of `limits.disk` bytes that goes away with the session. Several threads may
        have a session each.

        Parameters
        ----------
        folder : path, optional
            A folder whose files are copied into the student's.
        files : dict of str to path, optional
            More files: relative POSIX name -> where it lies. Only plain files; links are refused.
        env : dict of str to str, optional
            More environment.
        limits : grading.model.Limits, optional
            Other limits than the pool's.

        Yields
        ------
        Student

        Raises
        ------
        SandboxError
            If a file is not a plain file, does not fit, or the walls cannot be built.
        """
        student = Student(self, folder, files or {}, env or {}, limits or self.limits)
        try:
            yield student
        finally:
            student.close()


def start(preload: Iterable[str] = PRELOAD, limits: Limits | None = None, **settings: Any) -> Pool:
    """Start a pool; see `Pool`."""
    return Pool(preload, limits, **settings)


class Student:
    """One student's process inside its walls. Made by `Pool.session`.

    Attributes
    ----------
    restarted : int
        How often a fresh process took the place of one that ended. What cells had defined is gone then.
    spent : float
        Seconds that cells and calls have taken.
    ready_seconds : float
        What the fork and the walls took.
    """

    def __init__(
        self, pool: Pool, folder: StrPath | None, files: Mapping[str, StrPath], env: Mapping[str, str], limits: Limits
    ) -> None:
        begin = time.monotonic()
        self.limits = limits
        self.restarted = 0
        self.spent = 0.0
        self._pool = pool
        self._cell = 0
        self._request = 0
        self._channel: socket.socket | None = None
        self._out = self._err = -1
        self._process: int | None = None
        self._own: str | None = None
        ours, theirs = socket.socketpair()
        self._control = Lines(ours)
        self._base: str | None = None
        try:
            with theirs, tempfile.TemporaryFile() as content:
                names = _gather(content, folder, files, limits)
                self._base = tempfile.mkdtemp(prefix="room-", dir=pool._warm.base)
                if not pool.confined:
                    self._own = tempfile.mkdtemp(prefix="grading-student-")
                request = {
                    "op": "session",
                    "confined": pool.confined,
                    "base": self._base,
                    "folder": self._own,
                    "names": names,
                    "env": {**pool._env, **env},
                    "message": LARGEST_MESSAGE,
                    **asdict(limits),
                }
                self._process = pool._fork(request, [theirs.fileno(), content.fileno()])
            self._expect("room", SESSION_SECONDS)
            self._begin_process()
        except BaseException:
            self.close()
            raise
        self.ready_seconds = time.monotonic() - begin

    # --- what the grader asks for

    def run_cell(self, source: str, timeout: float | None = None, index: int | None = None) -> CellResult:
        """Run a cell as Jupyter would.

        Parameters
        ----------
        source : str
        timeout : float, optional
            Seconds; not more than what is left of the session's time.
        index : int, optional
            Position in the notebook; otherwise cells are counted.

        Returns
        -------
        grading.model.CellResult
            ``timeout``: the cell was interrupted; ``killed``: the process ended and a fresh one is ready; ``skipped``: the
            session's time is over.
        """
        index, self._cell = self._cell if index is None else index, self._cell + 1
        seconds, whole = self._seconds(timeout)
        if seconds <= 0:
            text = f"the notebook used up its {self.limits.total_timeout:g} s"
            return CellResult(index, "skipped", ("NotebookTimeout", text, text))
        outputs = _Outputs(self.limits.output)
        begin = time.monotonic()
        try:
            status, reply, why = self._exchange({"op": "run", "source": source}, seconds, outputs)
            if status == "answered" and (used_up := self._exhausted(reply)):
                status, why = "killed", used_up
        finally:
            took = time.monotonic() - begin
            self.spent += took
        if status == "timeout":
            what = "notebook" if whole else "cell"
            text = f"the {what} took longer than its {self.limits.total_timeout if whole else seconds:g} s and was interrupted"
            return CellResult(index, "timeout", ("CellTimeout", text, text), outputs.finish(), took)
        if status == "killed":
            return CellResult(index, "killed", ("ProcessEnded", why, why), outputs.finish(), took)
        error = _error(reply.get("error"))
        return CellResult(index, "ok" if error is None else "error", error, outputs.finish(), took)

    def call(self, request: Mapping[str, object], timeout: float | None = None) -> dict[str, object]:
        """Ask the answering side in the student's process; see `ask`.

        Returns
        -------
        dict
        """
        try:
            return load(self.ask(request, timeout))
        except ProtocolError as problem:
            raise StudentError(f"no answer came from the student's process: {problem}") from None

    def ask(self, request: Mapping[str, object], timeout: float | None = None) -> bytes:
        """Ask the answering side in the student's process. What comes back is what the student's code says, no more.

        Parameters
        ----------
        request : dict
            Plain JSON.
        timeout : float, optional
            Seconds.

        Returns
        -------
        bytes
            JSON, if the process is honest.

        Raises
        ------
        CallTimeout
            If it took too long; the process lives on.
        StudentEnded
            If the process ended; a fresh one is ready.
        StudentError
            If the answer is none.
        """
        seconds, _ = self._seconds(timeout)
        if seconds <= 0:
            raise CallTimeout(f"the notebook used up its {self.limits.total_timeout:g} s")
        begin = time.monotonic()
        try:
            status, reply, why = self._exchange({"op": "call", "request": request}, seconds, _Outputs(0))
            if status == "answered" and not _answers(reply) and (used_up := self._exhausted(reply)):
                status, why = "killed", used_up
        finally:
            self.spent += time.monotonic() - begin
        if status == "timeout":
            raise CallTimeout(f"the call took longer than {seconds:g} s")
        if status == "killed":
            raise StudentEnded(why)
        answer = reply.get("answer")
        if not isinstance(answer, bytes):
            failure = reply.get("failure") or reply.get("error")
            raise StudentError(f"no answer came from the student's process: {str(failure)[:500]}")
        return answer

    @property
    def time_left(self) -> float:
        """Seconds that the session may still compute."""
        return self.limits.total_timeout - self.spent

    def restart(self) -> None:
        """End the process and start a fresh one in the same folder, which knows of nothing that was said to the one before."""
        self._control.send({"op": "kill", "why": "restarted by the grader"})
        self._await_end()
        self._begin_process()

    def close(self) -> None:
        """End every process of the session and forget its folder."""
        self._hang_up()
        with contextlib.suppress(OSError):
            self._control.send({"op": "end"})
        if self._process is not None:
            self._control.socket.settimeout(10)
            with contextlib.suppress(TimeoutError, OSError):
                while self._control.receive() is not None:
                    pass
            self._pool._kill(self._process)  # in case that it did not listen
        self._control.close()
        for path in (self._base, self._own):
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)
        self._process = self._base = self._own = None

    # --- inside

    def _seconds(self, timeout: float | None) -> tuple[float, bool]:
        """The seconds for a cell or call, and whether it is the session's end that sets them."""
        wanted = self.limits.cell_timeout if timeout is None else timeout
        return min(wanted, self.time_left), self.time_left < wanted

    def _expect(self, event: str, seconds: float) -> dict[str, Any]:
        """Wait for an event from the first process of the session, and pass over others."""
        self._control.socket.settimeout(seconds)
        while True:
            try:
                message = self._control.receive()
            except TimeoutError:
                raise SandboxError(f"the session did not say {event!r} within {seconds:g} s") from None
            if message is None:
                raise SandboxError(f"the session ended before it said {event!r}")
            if message[0]["event"] == event:
                return message[0]
            if message[0]["event"] == "failed":
                raise SandboxError(f"the walls could not be built: {message[0]['why']}")

    def _begin_process(self) -> None:
        """Have a student's process forked, with a channel of its own."""
        self._hang_up()
        self._channel, theirs = channel, _ = socket.socketpair()
        self._out, out = os.pipe()
        self._err, err = os.pipe()
        try:
            self._control.socket.settimeout(SESSION_SECONDS)
            self._control.send({"op": "start"}, [theirs.fileno(), out, err])
        finally:
            theirs.close()
            os.close(out)
            os.close(err)
        for file in (self._out, self._err):
            os.set_blocking(file, False)
        self._unpacker = Unpacker(LARGEST_OUTPUT)
        self._request += 1
        channel.settimeout(SESSION_SECONDS)
        hello = b""
        wanted = pack({"id": 0, "type": "hello"})
        with contextlib.suppress(OSError):
            while len(hello) < len(wanted) and (data := channel.recv(len(wanted) - len(hello))):
                hello += data
        if hello != wanted:
            words = (_read_some(self._err) or b"").decode("utf-8", "replace").strip()
            raise SandboxError(f"the student's process did not start: {words or 'no reason given'}")
        channel.setblocking(False)

    def _exhausted(self, reply: Mapping[str, object]) -> str | None:
        """Replace a process that has used up what it may have, or has ended; why, or None if it can go on.

        It may have been refused a large piece of memory and keep all that it took before: then half of the limit is too much.
        """
        failed = bool(reply.get("error")) or "answer" in reply
        self._control.send({"op": "look", "full": 0.5 if failed else FULL})
        self._control.socket.settimeout(SESSION_SECONDS)
        while True:
            try:
                message = self._control.receive()
            except TimeoutError:
                raise SandboxError(f"the session said nothing for {SESSION_SECONDS:g} s") from None
            if message is None:
                raise SandboxError("the session ended by itself")
            event = message[0]
            if event["event"] == "looked" and event["fine"]:
                return None
            if event["event"] == "ended":
                why = str(event["why"]) or _obituary(event["status"])
                break
        self._begin_process()
        self.restarted += 1
        return why

    def _hang_up(self) -> None:
        if self._channel is not None:
            self._channel.close()
            os.close(self._out)
            os.close(self._err)
            self._channel = None

    def _await_end(self) -> str:
        """Wait until the process and all that it started are gone; why it ended."""
        ended = self._expect("ended", SESSION_SECONDS)
        return str(ended["why"]) or _obituary(ended["status"])

    def _exchange(
        self, request: Mapping[str, object], seconds: float, outputs: _Outputs
    ) -> tuple[Literal["answered", "timeout", "killed"], Mapping[str, object], str]:
        """Send a request and collect output until it is answered.

        Returns (status, reply, why): the reply if it was answered, and why the process has ended if it was killed.
        """
        self._request += 1
        self._unpacker.answers = LARGEST_MESSAGE if request["op"] == "call" else 0
        outgoing = memoryview(pack({"id": self._request, **request}))
        if len(outgoing) > LARGEST_MESSAGE:
            raise SandboxError(f"a request of {len(outgoing)} bytes; at most {LARGEST_MESSAGE} are sent")
        exchange = _Exchange(self, outgoing, time.monotonic() + seconds, seconds, outputs)
        reply, why = exchange.run()
        if reply is not None:
            return "timeout" if exchange.interrupted else "answered", reply, ""
        if not exchange.ended:
            with contextlib.suppress(OSError):
                self._control.send({"op": "kill", "why": why})
            why = self._await_end()
        exchange.drain()
        self._begin_process()
        self.restarted += 1
        return "killed", {}, why


class _Exchange:
    """One request and all that comes of it."""

    def __init__(self, student: Student, outgoing: memoryview, deadline: float, seconds: float, outputs: _Outputs) -> None:
        assert student._channel is not None  # it has one from its first process on until it is closed
        self.student, self.outgoing, self.deadline, self.outputs = student, outgoing, deadline, outputs
        self.channel = student._channel
        self.seconds = seconds
        self.interrupted = self.hung_up = False
        self.waiting = False  # for the word that the interrupt is out
        self.ended = False
        self.room = MOST
        self.decoders = {file: codecs.getincrementaldecoder("utf-8")("replace") for file in (student._out, student._err)}

    def run(self) -> tuple[Mapping[str, object] | None, str]:
        """Return (reply, ""), or (None, why the process has ended or must end)."""
        student, reply = self.student, None
        with selectors.DefaultSelector() as selector:
            self.selector = selector
            for source in (student._control, student._out, student._err):
                selector.register(source, selectors.EVENT_READ)
            selector.register(self.channel, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while True:
                left = self.deadline - time.monotonic()
                if left <= 0:
                    if self.hung_up:
                        return None, "it closed the channel to the grader"
                    if self.interrupted:
                        return None, f"time: it ran longer than its {self.seconds:g} s and did not heed the interrupt"
                    self._interrupt()
                    continue
                for key, events in selector.select(left):
                    try:
                        reply = self._handle(key.fileobj, events) or reply
                    except ProtocolError as problem:
                        return None, f"it wrote {problem} on the channel to the grader"
                    except _Gone as problem:
                        self.ended = True
                        return None, problem.why
                if reply is not None and not self.waiting:
                    self.drain()
                    return reply, ""

    def _interrupt(self) -> None:
        self.interrupted = self.waiting = True
        self.deadline = time.monotonic() + GRACE
        self.student._control.send({"op": "interrupt"})

    def _handle(self, source: object, events: int) -> Mapping[str, object] | None:
        student = self.student
        if source is student._control:
            message = student._control.receive()
            if message is None:
                raise SandboxError("the session ended by itself")
            if message[0]["event"] == "ended":
                raise _Gone(message[0]["why"] or _obituary(message[0]["status"]))
            self.waiting = self.waiting and message[0]["event"] != "interrupted"
            return None
        if source is self.channel:
            if events & selectors.EVENT_WRITE:
                with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                    self.outgoing = self.outgoing[self.channel.send(self.outgoing[: 1 << 20]) :]
                if not self.outgoing:
                    self.selector.modify(self.channel, selectors.EVENT_READ)
            return self._read_channel() if events & selectors.EVENT_READ else None
        if type(source) is int:
            self._read_pipe(source)
        return None

    def _read_channel(self) -> Mapping[str, object] | None:
        """Take what the student's process wrote; the reply if it is among it."""
        student = self.student
        try:
            data = self.channel.recv(1 << 18)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            data = b""
        if not data:
            self.selector.unregister(self.channel)
            self.deadline = min(self.deadline, time.monotonic() + 1)  # it is ending, or has hung up and must be ended
            self.hung_up = True
            return None
        self.room -= len(data)
        if self.room < 0:
            raise ProtocolError(f"more than {MOST} bytes")
        reply: Mapping[str, object] | None = None
        for message in student._unpacker.feed(data):
            number = message.get("id")
            if type(number) is not int or number > student._request:
                raise ProtocolError("a message that answers nothing")
            if number < student._request:
                continue  # something in the background still speaks for an earlier cell
            if message.get("type") in ("done", "answer"):
                reply = reply or message
            else:
                self.outputs.take(message)
        return reply

    def _read_pipe(self, file: int) -> None:
        data = _read_some(file, 1 << 18)
        if data == b"":
            with contextlib.suppress(KeyError):
                self.selector.unregister(file)
        elif data is not None:
            name = "stdout" if file == self.student._out else "stderr"
            self.outputs.text(name, self.decoders[file].decode(data))

    def drain(self) -> None:
        """Take what is left in the pipes of a process that has answered or ended, within reason."""
        for file, name in ((self.student._out, "stdout"), (self.student._err, "stderr")):
            for _ in range(64):
                if not (data := _read_some(file)):
                    break
                self.outputs.text(name, self.decoders[file].decode(data))


class _Gone(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Outputs:
    """A cell's outputs, in nbformat's form and limited in size. Believes nothing that it is told."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._room = limit
        self._list: list[NotebookNode] = []
        self._named: dict[str, tuple[NotebookNode, int]] = {}
        self._cut = False
        self._clear = False
        self._errors = ERROR_TEXT if limit else 0
        self._ends: dict[str, Ends] = {}

    def take(self, message: Mapping[str, object]) -> None:
        """Add what a message says."""
        kind, name, text, output = (message.get(key) for key in ("type", "name", "text", "output"))
        if kind == "stream" and (name == "stdout" or name == "stderr") and isinstance(text, str):
            self.text(name, text)
        elif kind == "display" and isinstance(output, dict):
            self._display(output, name, message.get("update"))
        elif kind == "clear":
            self._clear = True
            if not message.get("wait"):
                self._before()
        elif kind == "cut":
            self._cut = True
        else:
            raise ProtocolError(f"a message of an unknown kind ({str(kind)[:40]!r})")

    def text(self, name: str, text: str) -> None:
        """Add printed text."""
        if not text:
            return
        self._before()
        ends = self._ends.setdefault(name, Ends(3 * self._limit // 4, self._limit // 8))
        if len(self._list) >= OUTPUTS // 2:  # both streams by turns: the rest of the outputs is for figures
            ends.stop()
        self._print(name, _savable(self._fit(ends.add(text))))

    def _print(self, name: str, text: str) -> None:
        if not text:
            return
        if self._list and self._list[-1].output_type == "stream" and self._list[-1].name == name:
            self._list[-1].text.append(text)
        else:
            self._list.append(NotebookNode(output_type="stream", name=name, text=[text]))

    def finish(self) -> list[NotebookNode]:
        """The outputs, as a notebook saves them: of what was overwritten, its last state."""
        for name, ends in self._ends.items():
            self._print(name, _savable(ends.rest()))
        for output in self._list:
            if output.output_type == "stream" and isinstance(output.text, list):
                output.text = last_state("".join(output.text))
        if self._cut:
            self._list.append(
                new_output(
                    "stream", name="stdout", text=f"[The output ends here: a cell may show {self._limit / 2**20:.3g} MiB.]\n"
                )
            )
        return self._list

    def _fit(self, text: str) -> str:
        if self._room <= 0 or len(self._list) >= OUTPUTS:
            self._cut = self._cut or bool(self._limit)
            return ""
        if len(text) > self._room:
            text, self._cut = text[: self._room], True
        self._room -= len(text)
        return text

    def _before(self) -> None:
        if self._clear:
            self._list, self._named, self._ends = [], {}, {}
            self._room, self._cut, self._clear = self._limit, False, False

    def _display(self, output: dict[str, object], name: object, update: object) -> None:
        kind = output.get("output_type")
        earlier = self._named.get(name) if isinstance(name, str) else None
        if kind == "error":
            self._before()
            self._list.append(self._error(output))
        elif kind not in ("display_data", "execute_result"):
            raise ProtocolError(f"an output of an unknown kind ({str(kind)[:40]!r})")
        elif not update:
            self._before()
            made, size = self._data(output, kind, self._room)
            if made is not None:
                self._room -= size
                self._list.append(made)
                if isinstance(name, str):
                    self._named[name] = made, size
        elif earlier is not None:
            shown, before = earlier
            made, size = self._data(output, kind, self._room + before)
            if made is not None:
                self._room += before - size
                shown.data, shown.metadata = made.data, made.metadata
                self._named[str(name)] = shown, size

    def _error(self, output: dict[str, object]) -> NotebookNode:
        lines = output.get("traceback")
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise ProtocolError("an error without a traceback")
        lines, size = list(lines), 0
        for number, line in enumerate(lines):
            size += len(line) + 200
            if size > self._errors:
                lines[number:] = ["[The traceback ends here.]"]
                break
        self._errors -= min(self._errors, size)
        name, message = (str(output.get(key))[:2000] for key in ("ename", "evalue"))
        trace = [_savable(line) for line in lines]
        return NotebookNode(output_type="error", ename=_savable(name), evalue=_savable(message), traceback=trace)

    def _data(self, output: dict[str, object], kind: str, room: int) -> tuple[NotebookNode | None, int]:
        data, metadata, count = (output.get(key) for key in ("data", "metadata", "execution_count"))
        if not isinstance(data, dict) or not isinstance(metadata, dict):
            raise ProtocolError("an output without data")
        data = {key: value if isinstance(value, str) or key.endswith("json") else str(value) for key, value in data.items()}
        size = len(json.dumps([data, metadata])) + 200
        if size > room or len(self._list) >= OUTPUTS:
            self._cut = self._cut or bool(self._limit)
            return None, 0
        extra = {"execution_count": count if type(count) is int and count >= 0 else None} if kind == "execute_result" else {}
        data, metadata = json.loads(_savable(json.dumps([data, metadata], ensure_ascii=False)))
        return new_output(kind, data=from_dict(data), metadata=from_dict(metadata), **extra), size


def _savable(text: str) -> str:
    """The text without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _error(error: object) -> tuple[str, str, str] | None:
    """An exception as the student's process tells it: (type, message, traceback) or None."""
    if error is None:
        return None
    if not isinstance(error, list) or len(error) != 3 or not all(isinstance(part, str) for part in error):
        return ("Exception", "(the process did not say what)", "")
    name, message, trace = (_savable(part[:ERROR_TEXT]) for part in error)
    return name, message, trace


def _obituary(status: int) -> str:
    """Why a process ended, from its wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(ValueError):
            return f"it was ended by {signal.Signals(number).name}"
        return f"it was ended by signal {number}"
    return f"it ended itself, with status {os.WEXITSTATUS(status)}"


def _read_some(file: int, size: int = 1 << 16) -> bytes | None:
    """Bytes from a pipe; b"" at its end, None when there are none now."""
    try:
        return os.read(file, size)
    except BlockingIOError:
        return None


def _gather(content: BinaryIO, folder: StrPath | None, files: Mapping[str, StrPath], limits: Limits) -> list[tuple[str, int]]:
    """Write the files of a session one after the other; their names and sizes."""
    wanted: dict[str, StrPath] = {}
    if folder is not None:
        for file in sorted(Path(folder).rglob("*")):
            if file.is_file() and not file.is_symlink():
                wanted[file.relative_to(folder).as_posix()] = file
    wanted.update(files)
    names, total = [], 0
    for name, path in wanted.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\0" in name:
            raise SandboxError(f"{name!r} is not the name of a file inside a folder")
        try:
            opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as problem:
            raise SandboxError(f"{name!r} cannot be handed to the student's process: {problem}") from None
        with os.fdopen(opened, "rb") as source:
            state = os.fstat(opened)
            if not stat.S_ISREG(state.st_mode):
                raise SandboxError(f"{name!r} is not a plain file")
            total += state.st_size
            if state.st_size > limits.file or total > limits.disk:
                raise SandboxError(f"{name!r} does not fit: {limits.file} bytes a file, {limits.disk} in all")
            before = content.tell()
            shutil.copyfileobj(source, content)
            names.append((str(pure), content.tell() - before))
    content.flush()
    content.seek(0)
    return names


def _user_site() -> list[str]:
    path = site.getusersitepackages()
    return [path] if site.ENABLE_USER_SITE and os.path.isdir(path) else []


def _answers(reply: Mapping[str, object]) -> bool:
    """Whether a call came to a value. Where it did not, it may be because of the limits."""
    answer = reply.get("answer")
    return isinstance(answer, bytes) and answer.startswith(b'{"ok"')
