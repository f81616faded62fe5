"""A student's process without walls: a fork that runs cells and answers the checker, over the same kind of requests.

What tests of the checker need of the sandbox, and nothing more. Whatever a hostile cell does, it does to its own fork.
"""

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Students:
    """A warm process that forks for each student."""

    def __init__(self, preload=()):
        self._control, theirs = socket.socketpair()
        self._folder = tempfile.TemporaryDirectory()
        environment = {
            **os.environ,
            "MPLBACKEND": "Agg",
            "COURSE_BUDGET": "ci",
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno()), json.dumps(list(preload))],
            cwd=self._folder.name,
            pass_fds=[theirs.fileno()],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        assert read(self._control) == "ready"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._control.close()
        self._process.wait(timeout=30)
        self._folder.cleanup()

    def student(self):
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"F"], [theirs.fileno()])
        return Student(ours, read(self._control))


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
            write(self._channel, message)
            answer = read(self._channel, time.monotonic() + timeout)
        except OSError as problem:
            self.kill()
            raise RuntimeError(f"the student's process gave no answer: {type(problem).__name__}") from None
        return answer


def write(channel, message):
    data = json.dumps(message).encode()
    channel.sendall(struct.pack("!Q", len(data)) + data)


def read(channel, deadline=None):
    (size,) = struct.unpack("!Q", _bytes(channel, 8, deadline))
    return json.loads(_bytes(channel, size, deadline))


def _bytes(channel, count, deadline):
    data = b""
    while len(data) < count:
        if deadline is not None and not select.select([channel], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise TimeoutError
        part = channel.recv(min(count - len(data), 2**20))
        if not part:
            raise ConnectionError
        data += part
    return data


# --- inside ----------------------------------------------------------------------------------------------------------


def _serve(control, preload):
    from grading.protocol import student_agent

    for module in preload:
        __import__(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    write(control, "ready")
    while True:
        data, files, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            return
        child = os.fork()
        if child == 0:
            control.close()
            try:
                _student(socket.socket(fileno=files[0]), student_agent)
            finally:
                os._exit(0)
        os.close(files[0])
        write(control, child)


def _student(channel, student_agent):
    import resource
    import types

    from IPython.core.inputtransformer2 import TransformerManager

    from grading.model import Limits

    resource.setrlimit(resource.RLIMIT_AS, (Limits().memory,) * 2)  # as in the sandbox: an answer may ask for too much
    loads, dumps, transform = json.loads, json.dumps, TransformerManager().transform_cell
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    space = vars(module)
    answer = student_agent.install(space)
    waiting = []

    def receive():
        if waiting:
            return waiting.pop()
        (size,) = struct.unpack("!Q", _bytes(channel, 8, None))
        return loads(_bytes(channel, size, None))

    def send(reply):
        data = dumps(reply).encode()
        channel.sendall(struct.pack("!Q", len(data)) + data)

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


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
