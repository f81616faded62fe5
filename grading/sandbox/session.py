"""A session: one student's confined process, with a folder of its own, to run cells and answer questions in."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from grading.model import CellResult, Limits
from grading.protocol.framing import Channel, ProtocolError, Unpacker, load, pack
from grading.sandbox.errors import CallTimeout, SandboxError, StudentEnded, StudentError
from grading.sandbox.exchange import Connection, Exchange, read_some, why_ended
from grading.sandbox.outputs import Outputs, told_error

if TYPE_CHECKING:
    from _typeshed import StrPath

    from grading.sandbox.pool import Pool

LARGEST_MESSAGE = 64 * 2**20  # bytes of a question, or of an answer
LARGEST_OUTPUT = 16 * 2**20  # bytes of any other message from a student's process
SESSION_SECONDS = 60  # for the confinement and the student's process; takes 0.05 s on an idle machine
FULL = 0.95  # of a limit is all of it


class Session:
    """One student's confined process. Made by `Pool.session`.

    Attributes
    ----------
    restarted : int
        How often a fresh process took the place of one that ended. What cells had defined is gone then.
    spent : float
        Seconds that cells and calls have taken.
    """

    def __init__(
        self, pool: Pool, folder: StrPath | None, files: Mapping[str, StrPath], env: Mapping[str, str], limits: Limits
    ) -> None:
        self.limits = limits
        self.restarted = 0
        self.spent = 0.0
        self._pool = pool
        self._cell = 0
        self._request = 0
        self._connection: Connection | None = None
        self._process: int | None = None
        self._own: str | None = None
        ours, theirs = socket.socketpair()
        self._control = Channel(ours)
        self._base: str | None = None
        try:
            with theirs, tempfile.TemporaryFile() as content:
                names = _gather(content, folder, files, limits)
                self._base = tempfile.mkdtemp(prefix="session-", dir=pool.server.base)
                if not pool.confined:
                    self._own = tempfile.mkdtemp(prefix="grading-student-")
                request = {
                    "op": "session",
                    "confined": pool.confined,
                    "base": self._base,
                    "folder": self._own,
                    "names": names,
                    "env": {**pool.env, **env},
                    "message": LARGEST_MESSAGE,
                    **asdict(limits),
                }
                self._process = pool.fork(request, [theirs.fileno(), content.fileno()])
            self._expect("confined")
            self._begin_process()
        except BaseException:
            self.close()
            raise

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
        outputs = Outputs(self.limits.output)
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
        error = told_error(reply.get("error"))
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
            status, reply, why = self._exchange({"op": "call", "request": request}, seconds, Outputs(0))
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
        self._expect("ended")
        self._begin_process()

    def close(self) -> None:
        """End every process of the session and forget its folder."""
        self._hang_up()
        with contextlib.suppress(OSError):
            self._control.send({"op": "end"})
        if self._process is not None:
            with contextlib.suppress(OSError):  # TimeoutError is one
                while self._control.receive(10) is not None:
                    pass
            self._pool.kill(self._process)  # in case that it did not listen
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

    def _expect(self, *events: str) -> dict[str, Any]:
        """Wait for one of these events from the supervisor, and pass over others."""
        while True:
            try:
                message = self._control.receive(SESSION_SECONDS)
            except TimeoutError:
                raise SandboxError(f"the session did not say {events[0]!r} within {SESSION_SECONDS:g} s") from None
            if message is None:
                raise SandboxError(f"the session ended before it said {events[0]!r}")
            if message[0]["event"] in events:
                return message[0]
            if message[0]["event"] == "failed":
                raise SandboxError(f"the student's process cannot be confined: {message[0]['why']}")

    def _begin_process(self) -> None:
        """Have a student's process forked, with a channel of its own."""
        self._hang_up()
        channel, theirs = socket.socketpair()
        ours_out, out = os.pipe()
        ours_err, err = os.pipe()
        self._request += 1
        self._connection = Connection(self._control, channel, ours_out, ours_err, Unpacker(LARGEST_OUTPUT), self._request)
        try:
            self._control.send({"op": "start"}, [theirs.fileno(), out, err])
        finally:
            theirs.close()
            os.close(out)
            os.close(err)
        for file in (ours_out, ours_err):
            os.set_blocking(file, False)
        channel.settimeout(SESSION_SECONDS)
        hello = b""
        wanted = pack({"id": 0, "type": "hello"})
        with contextlib.suppress(OSError):
            while len(hello) < len(wanted) and (data := channel.recv(len(wanted) - len(hello))):
                hello += data
        if hello != wanted:
            words = (read_some(ours_err) or b"").decode("utf-8", "replace").strip()
            raise SandboxError(f"the student's process did not start: {words or 'no reason given'}")
        channel.setblocking(False)

    def _exhausted(self, reply: Mapping[str, object]) -> str | None:
        """Replace a process that has used up what it may have, or has ended; why, or None if it can go on.

        It may have been refused a large piece of memory and keep all that it took before: then half of the limit is too much.
        """
        failed = bool(reply.get("error")) or "answer" in reply
        self._control.send({"op": "look", "full": 0.5 if failed else FULL})
        event = self._expect("looked", "ended")
        if event["event"] == "looked":
            if event["fine"]:
                return None
            event = self._expect("ended")
        self._begin_process()
        self.restarted += 1
        return why_ended(event)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(
        self, request: Mapping[str, object], seconds: float, outputs: Outputs
    ) -> tuple[Literal["answered", "timeout", "killed"], Mapping[str, object], str]:
        """Send a request and collect output until it is answered.

        Returns (status, reply, why): the reply if it was answered, and why the process has ended if it was killed.
        """
        assert self._connection is not None  # it has one from its first process on until it is closed
        self._request += 1
        self._connection.request = self._request
        self._connection.unpacker.answers = LARGEST_MESSAGE if request["op"] == "call" else 0
        outgoing = memoryview(pack({"id": self._request, **request}))
        if len(outgoing) > LARGEST_MESSAGE:
            raise SandboxError(f"a request of {len(outgoing)} bytes; at most {LARGEST_MESSAGE} are sent")
        exchange = Exchange(self._connection, outgoing, seconds, outputs)
        reply, why = exchange.run()
        if reply is not None:
            return "timeout" if exchange.interrupted else "answered", reply, ""
        if not exchange.ended:
            with contextlib.suppress(OSError):
                self._control.send({"op": "kill", "why": why})
            why = why_ended(self._expect("ended"))
        exchange.drain()
        self._begin_process()
        self.restarted += 1
        return "killed", {}, why


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


def _answers(reply: Mapping[str, object]) -> bool:
    """Whether a call came to a value. Where it did not, it may be because of the limits."""
    answer = reply.get("answer")
    return isinstance(answer, bytes) and answer.startswith(b'{"ok"')
