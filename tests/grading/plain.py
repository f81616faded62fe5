"""A student's process without confinement: a fork that runs cells and answers the checker.

What tests of the checker need of the sandbox, and nothing more. Whatever a hostile cell does, it does to its own fork.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import types

from grading.model import Limits
from grading.protocol import student_agent
from grading.protocol.framing import HEADER, Channel
from grading.sandbox.forkserver_client import ForkServer

IMPORT_SECONDS = 300


class Students:
    """A fork server that forks for each student."""

    def __init__(self, preload=()):
        self._server = ForkServer()
        self._server.prepare(["numpy", "IPython.core.inputtransformer2", *preload], agent=None, read=[], hide=[])
        assert self._server.hear(IMPORT_SECONDS)["event"] == "ready"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._server.close()

    def student(self):
        ours, theirs = socket.socketpair()
        with theirs:
            process = self._server.fork({"op": "call", "function": "tests.grading.plain:serve"}, [theirs.fileno()])
        channel = Channel(ours)
        channel.send({**os.environ, "MPLBACKEND": "Agg", "COURSE_BUDGET": "ci", "OMP_NUM_THREADS": "1"})
        return Student(channel, process)


class Student:
    """One fork. `run` gives the error of a cell or an empty text, `ask` answers the checker."""

    def __init__(self, channel, process):
        self._channel, self._process = channel, process

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.kill()

    def kill(self):
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._process = None
        self._channel.close()

    def run(self, source, timeout=30):
        return self._exchange({"run": source}, timeout)

    def ask(self, request):
        return self._exchange({"ask": request}, request.get("timeout", 30))

    def _exchange(self, message, timeout):
        if not self._process:
            raise RuntimeError("the student's process has ended")
        try:
            self._channel.send(message)
            received = self._channel.receive(timeout)
        except OSError as problem:
            self.kill()
            raise RuntimeError(f"the student's process gave no answer: {type(problem).__name__}") from None
        if received is None:
            self.kill()
            raise RuntimeError("the student's process gave no answer: it has ended")
        return received[0]["reply"]


# --- inside ----------------------------------------------------------------------------------------------------------


def serve(channel):
    """Run cells and answer the checker, in a process of its own."""
    import resource

    from IPython.core.inputtransformer2 import TransformerManager

    os.environ.update(channel.receive()[0])
    resource.setrlimit(resource.RLIMIT_AS, (Limits().memory,) * 2)  # as in the sandbox: an answer may ask for too much
    dumps, transform = json.dumps, TransformerManager().transform_cell  # a cell may replace them
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    space = vars(module)
    answer = student_agent.install(space)
    waiting = []

    def receive():
        return waiting.pop() if waiting else channel.receive()[0]

    def send(reply):
        data = b'{"reply": %s}' % dumps(reply).encode()
        channel.send_frame(HEADER.pack(len(data)) + data)

    def talk(reply, level):
        if not waiting:
            send(reply)
        message = receive()
        if "ask" not in message or message["ask"].get("level", 0) < level:
            waiting.append(message)
            raise student_agent.GivenUp
        return message["ask"]

    while True:
        message = receive()
        if "ask" in message:
            reply = answer(message["ask"], talk)
        else:
            reply = ""
            try:
                exec(compile(transform(message["run"]), "<student>", "exec"), space)
            except BaseException as problem:
                reply = f"{type(problem).__name__}: {problem}"
        if not waiting:
            send(reply)
