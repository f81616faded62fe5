"""The supervisor of a session: it makes the confinement, starts the student's process in it, watches, and ends everything.

It never runs a student's line. Being the first process of its namespace, it takes everything with it when it ends: no daemon
outlives a session. The process that it is forked from, the entrance, only waits for it. Should the grader be killed, the sockets
close, and the chain ends from the left.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from grading.protocol.framing import Channel
from grading.sandbox import filesystem, privileges, processes, student_process, syscalls

if TYPE_CHECKING:  # the trial of the confinement need not load IPython
    from grading.sandbox.kernel import Answer, Shell

Spec = dict[str, Any]  # what the grader asks of a session: see Session.__init__
Install = Callable[[Callable[[], dict[str, Any]]], "Answer"]

WATCH = 0.1  # seconds between two looks at a session's memory


def begin(files: list[int], shell: Shell, install: Install | None, spec: Spec) -> None:
    """Begin a session in a process that was forked for it.

    Parameters
    ----------
    files : list of int
        File descriptors: the channel to the grader, and the content of the student's files, one after the other.
    shell : grading.sandbox.kernel.Shell
    install : callable or None
        Prepares the student's process to answer the checker (see `grading.protocol.student_agent.install`).
    spec : dict
    """
    control = Channel(socket.socket(fileno=files[0]))
    try:
        _enter(control, files[1], shell, install, spec)
    except BaseException as problem:
        control.send({"event": "failed", "why": f"{type(problem).__name__}: {problem}"})


def _enter(control: Channel, content: int, shell: Shell, install: Install | None, spec: Spec) -> None:
    """Leave the namespaces of the system, and fork the supervisor into the new ones."""
    os.setsid()
    if not spec["confined"]:
        _Supervisor(control, shell, install, {**spec, "user": None}).run(content)
        return
    syscalls.set_dumpable(True)  # or /proc/self would not be ours to write to
    privileges.leave_namespaces()
    syscalls.set_dumpable(False)
    syscalls.die_with_parent(signal.SIGKILL)
    spec["user"] = privileges.session_user(os.getpid())
    parent = os.getppid()
    first = os.fork()
    if first == 0:
        with contextlib.suppress(BaseException):
            syscalls.die_with_parent(signal.SIGKILL)
            try:
                _Supervisor(control, shell, install, spec).run(content)
            except BaseException as problem:
                control.send({"event": "failed", "why": f"{type(problem).__name__}: {problem}"})
        os._exit(0)
    control.close()
    os.close(content)
    if os.getppid() != parent:
        os._exit(0)
    os.waitpid(first, 0)


class _Supervisor:
    def __init__(self, control: Channel, shell: Shell, install: Install | None, spec: Spec) -> None:
        self._control, self._shell, self._install, self._spec = control, shell, install, spec
        self._student: int | None = None
        self._inherited = self._reserved = 0  # bytes of memory that the student's process had when it began
        self._because = ""  # why it has to be ended
        self._looks = 0

    def run(self, content: int) -> None:
        """Make the confinement, then do what the grader asks until it hangs up."""
        self._confine(content)
        wake, waker = os.pipe()
        for end in (wake, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(wake, selectors.EVENT_READ)
            while True:
                ready = [] if self._control.pending() else selector.select(timeout=WATCH if self._student else None)
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 1024)
                if self._student is not None:
                    self._watch(self._student)
                if not self._control.pending() and not any(key.fileobj is self._control for key, _ in ready):
                    continue
                message = self._control.receive()
                if message is None or message[0]["op"] == "end":
                    processes.end_all(self._spec["confined"])
                    return
                getattr(self, f"_{message[0]['op']}")(*message)

    def _confine(self, content: int) -> None:
        spec, begin = self._spec, time.monotonic()

        def put_files(folder: str) -> None:
            with os.fdopen(content, "rb") as source:
                for name, size in spec["names"]:
                    target = os.path.join(folder, name)
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    with open(target, "xb") as file:
                        while size:
                            part = source.read(min(size, 1 << 20))
                            file.write(part)
                            size -= len(part)

        if spec["confined"]:
            filesystem.build_root(spec["base"], spec["paths"], spec["disk"], spec["user"], put_files)
        else:
            put_files(spec["folder"])
            if sys.platform == "linux":
                syscalls.become_subreaper()
        self._control.send({"event": "confined", "seconds": time.monotonic() - begin})

    def _watch(self, student: int) -> None:
        """End a session that uses too much, and say when its process has ended."""
        spec, found = self._spec, processes.of_session(self._spec)
        self._because = self._because or processes.too_much(spec, found, self._inherited)
        self._looks += 1
        if self._looks % 10 == 0 and spec["confined"]:
            processes.hold_back(found)
        if self._because:
            processes.signal_group(student, signal.SIGKILL)
        if (status := processes.reap(student)) is not None:
            self._student = None
            processes.end_all(spec["confined"])
            self._control.send({"event": "ended", "status": status, "why": self._because})
            self._because = ""

    # --- what the grader asks for

    def _start(self, request: dict[str, Any], files: list[int]) -> None:
        self._student = os.fork()
        if self._student == 0:
            student_process.become(files, self._shell, self._install, self._spec)
        for file in files:
            os.close(file)
        self._inherited, (self._reserved, _) = processes.private_memory("self"), processes.reserved_memory("self")

    def _look(self, request: dict[str, Any], files: list[int]) -> None:
        # Between two cells: one that has used up what it may have would only make the next ones fail. One that can do nothing
        # more may also be ending by itself just now; the word that it has ended then follows.
        alive, spec, student = False, self._spec, self._student
        if student is not None and not (spec["confined"] and processes.reserved_memory(student) == (0, 0)):
            alive = True
            self._because = self._because or processes.used_up(spec, processes.of_session(spec), self._reserved, request["full"])
            if self._because:
                processes.signal_group(student, signal.SIGKILL)
        self._control.send({"event": "looked", "fine": alive and not self._because})

    def _interrupt(self, request: dict[str, Any], files: list[int]) -> None:
        if self._student is not None:
            processes.signal_group(self._student, signal.SIGINT)
        self._control.send({"event": "interrupted"})

    def _kill(self, request: dict[str, Any], files: list[int]) -> None:
        if self._student is not None:
            self._because = request["why"]
            processes.signal_group(self._student, signal.SIGKILL)
