"""One request to a student's process, and all that comes of it: outputs, the answer, an interrupt, the end of the process."""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grading.protocol.framing import Channel, ProtocolError, Unpacker
from grading.sandbox.errors import SandboxError
from grading.sandbox.outputs import Outputs

MOST = 256 * 2**20  # bytes of all that a process may write while one cell runs
GRACE = 3.0  # seconds that a cell has to end after it was interrupted


@dataclass
class Connection:
    """What connects the grader with a student's process.

    Attributes
    ----------
    control : grading.protocol.framing.Channel
        To the supervisor.
    channel : socket.socket
        To the process itself; does not block.
    out, err : int
        The reading ends of its standard output and error output.
    unpacker : grading.protocol.framing.Unpacker
    request : int
        The number of the last request.
    """

    control: Channel
    channel: socket.socket
    out: int
    err: int
    unpacker: Unpacker
    request: int = 0

    def close(self) -> None:
        """Hang up on the process; the supervisor stays."""
        self.channel.close()
        os.close(self.out)
        os.close(self.err)


class Exchange:
    """One request and all that comes of it.

    Parameters
    ----------
    connection : Connection
    outgoing : memoryview
        The request as a frame.
    seconds : float
        Until the process is interrupted.
    outputs : grading.sandbox.outputs.Outputs
        Takes what the cell shows.

    Attributes
    ----------
    interrupted : bool
    ended : bool
        Whether the supervisor has said that the process has ended.
    """

    def __init__(self, connection: Connection, outgoing: memoryview, seconds: float, outputs: Outputs) -> None:
        self.connection, self.outgoing, self.seconds, self.outputs = connection, outgoing, seconds, outputs
        self.deadline = time.monotonic() + seconds
        self.channel = connection.channel
        self.interrupted = self.hung_up = False
        self.waiting = False  # for the word that the interrupt is out
        self.ended = False
        self.room = MOST
        self.decoders = {file: codecs.getincrementaldecoder("utf-8")("replace") for file in (connection.out, connection.err)}

    def run(self) -> tuple[Mapping[str, object] | None, str]:
        """Return (reply, ""), or (None, why the process has ended or must end)."""
        connection, reply = self.connection, None
        with selectors.DefaultSelector() as selector:
            self.selector = selector
            for source in (connection.control, connection.out, connection.err):
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
        self.connection.control.send({"op": "interrupt"})

    def _handle(self, source: object, events: int) -> Mapping[str, object] | None:
        connection = self.connection
        if source is connection.control:
            while True:
                message = connection.control.receive()
                if message is None:
                    raise SandboxError("the session ended by itself")
                if message[0]["event"] == "ended":
                    raise _Gone(why_ended(message[0]))
                self.waiting = self.waiting and message[0]["event"] != "interrupted"
                if not connection.control.pending():
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
        connection = self.connection
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
        for message in connection.unpacker.feed(data):
            number = message.get("id")
            if type(number) is not int or number > connection.request:
                raise ProtocolError("a message that answers nothing")
            if number < connection.request:
                continue  # something in the background still speaks for an earlier cell
            if message.get("type") in ("done", "answer"):
                reply = reply or message
            else:
                self.outputs.take(message)
        return reply

    def _read_pipe(self, file: int) -> None:
        data = read_some(file, 1 << 18)
        if data == b"":
            with contextlib.suppress(KeyError):
                self.selector.unregister(file)
        elif data is not None:
            name = "stdout" if file == self.connection.out else "stderr"
            self.outputs.text(name, self.decoders[file].decode(data))

    def drain(self) -> None:
        """Take what is left in the pipes of a process that has answered or ended, within reason."""
        for file, name in ((self.connection.out, "stdout"), (self.connection.err, "stderr")):
            for _ in range(64):
                if not (data := read_some(file)):
                    break
                self.outputs.text(name, self.decoders[file].decode(data))


class _Gone(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def why_ended(event: Mapping[str, Any]) -> str:
    """Why a process ended: what the supervisor says of it, or its wait status."""
    if event["why"]:
        return str(event["why"])
    status: int = event["status"]
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(ValueError):
            return f"it was ended by {signal.Signals(number).name}"
        return f"it was ended by signal {number}"
    return f"it ended itself, with status {os.WEXITSTATUS(status)}"


def read_some(file: int, size: int = 1 << 16) -> bytes | None:
    """Bytes from a pipe; b"" at its end, None when there are none now."""
    try:
        return os.read(file, size)
    except BlockingIOError:
        return None
