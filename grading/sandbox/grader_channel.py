"""The channel of a student's process to the grader."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, cast

from grading.protocol.framing import Unpacker, pack, pack_answer


class GraderChannel:
    """The student's end of the channel to the grader.

    Parameters
    ----------
    connection : socket.socket
    largest : int
        Bytes of the largest request.
    """

    def __init__(self, connection: socket.socket, largest: int) -> None:
        self._socket = connection
        self._unpacker = Unpacker(largest, json.loads)
        self._waiting: deque[dict[str, Any]] = deque()
        self._lock = threading.RLock()
        self._sending = False
        self._interrupted = False
        self.given_up = False  # whether another request has taken the place of the one that is being answered
        self.request = 0
        self.limit = self.room = 0  # bytes of output that the grader takes of a cell, and what is left of them

    def receive(self) -> dict[str, Any] | None:
        """Wait for the grader's next request; None when it has hung up."""
        while not self._waiting:
            data = self._socket.recv(1 << 20)
            if not data:
                return None
            self._waiting.extend(self._unpacker.feed(data))  # the grader keeps to what was agreed
        return self._waiting.popleft()

    def begin(self, request: Mapping[str, Any], output: int) -> None:
        """Answer this request from now on."""
        self.request, self.limit, self.room = request["id"], output, output

    def talk(self, answer: Mapping[str, object], level: int) -> dict[str, Any]:
        """Send an answer that is not the last one, and wait for what the checker asks next.

        Parameters
        ----------
        answer : dict
        level : int
            How many calls of functions of the test's are going on.

        Returns
        -------
        dict

        Raises
        ------
        grading.protocol.student_agent.GivenUp
            If the grader wants something else now: the test has ended, and nobody waits for this call.
        """
        from grading.protocol.student_agent import GivenUp

        if not self.given_up:  # otherwise nobody waits for this answer: what is wanted instead has come already
            self.send({"type": "answer", "answer": answer})
        request = self.receive()
        if request is None or request["op"] != "call" or request["request"].get("level", 0) < level:
            if request is not None:
                self._waiting.appendleft(request)
            self.given_up = True
            raise GivenUp
        self.given_up = False
        self.begin(request, self.limit)
        return cast("dict[str, Any]", request["request"])

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message of the request that is being answered."""
        if isinstance(message.get("answer"), dict):
            frame = pack_answer(self.request, json.dumps(message["answer"]).encode("ascii"))
        else:
            frame = pack({"id": self.request, **message})
        with self._lock:
            self._sending = True  # half a message would spoil all that follow: an interrupt waits until it is out
            try:
                self._socket.sendall(frame)
            finally:
                self._sending = False
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt

    def show(self, message: Mapping[str, object], size: int) -> None:
        """Send some output, unless the grader has had enough of this cell's."""
        if self.room < 0:
            return
        self.room -= size
        self.send(message if self.room >= 0 or message["type"] == "stream" else {"type": "cut"})

    def on_interrupt(self, *_: object) -> None:
        """What SIGINT does."""
        __tracebackhide__ = True  # IPython then leaves this frame out
        if self._sending and threading.current_thread() is threading.main_thread():
            self._interrupted = True
        else:
            raise KeyboardInterrupt
