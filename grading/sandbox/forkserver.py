"""The fork server: it has imported what the course imports, and forks for every submission.

It knows no tests, no grades and no other student's work: it is started with a bare environment, and is told only which modules to
import, which paths may be read and what the limits are. Three processes come of each session::

    fork server -> entrance -> supervisor -> the student's process
                   (waits)     (see `grading.sandbox.supervisor`)

The checkers need the same imports. Their process is forked from here, too, and forks in its turn (see `Forks`); what it has to
know comes by a channel of its own, and never passes through here, from where a session could inherit it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from grading.files import PACKAGE_ROOT
from grading.protocol.framing import Channel
from grading.sandbox import filesystem, supervisor, syscalls

FRAMES = 150_000  # words of 8 bytes: Python's frames then have a piece of 2 MiB


def main(file: int) -> NoReturn:
    """Import, then fork on request until the grader hangs up.

    Parameters
    ----------
    file : int
        The file descriptor of the channel to the grader. Messages there hold what to import, and the last one of these the
        settings: on the command line, a student's process could read them.
    """
    status = 1
    settings: dict[str, Any] = {}
    try:
        _with_room_for_frames(_serve)(Channel(socket.socket(fileno=file)), settings)
        status = 0
    except BrokenPipeError:  # the grader was killed while we were busy
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        shutil.rmtree(settings.get("base", ""), ignore_errors=True)  # a grader that was killed cannot
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # an orderly end of all that was imported takes a second or more


def _with_room_for_frames(function: Callable[[Channel, dict[str, Any]], None]) -> Callable[[Channel, dict[str, Any]], None]:
    """Make a function whose frame, and all that are called from it, lie in one large piece of memory.

    CPython keeps frames in pieces of 16 KiB and gives each back as soon as it is empty. A loop whose calls cross the end of a
    piece then maps and unmaps memory at every turn: a quarter of all page faults of a Keras training. A frame that claims a
    deep stack gets a larger piece, and the frames above it use what it leaves.
    """

    def roomy(grader: Channel, settings: dict[str, Any]) -> None:
        function(grader, settings)

    roomy.__code__ = roomy.__code__.replace(co_stacksize=FRAMES)
    return roomy


def _serve(grader: Channel, settings: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the grader's to handle
    if sys.platform == "linux":
        syscalls.set_dumpable(False)
    gc.disable()  # imports leave nothing to collect, and looking for it takes a fifth of their time
    started, missing = time.monotonic(), {}
    while "agent" not in settings:  # the grader knows some modules before it knows all
        if (message := grader.receive()) is None:
            return
        settings.update(message[0])
        for name in settings["preload"]:
            try:
                importlib.import_module(name)
            except Exception as problem:  # a module that the cells need says so again, in their output
                missing[name] = f"{type(problem).__name__}: {problem}"
    from grading.sandbox.kernel import Shell  # here, so that the trial of the confinement need not load IPython

    install = importlib.import_module(settings["agent"]).install if settings["agent"] else None
    shell = Shell.prepare()
    sys.path[:] = [path for path in sys.path if path not in settings["hide"]]
    paths = filesystem.readable([*settings["read"], *_places(settings["preload"])])
    gc.collect()
    gc.freeze()  # what is here stays shared with the children
    gc.enable()
    grader.send({"event": "ready", "seconds": time.monotonic() - started, "missing": missing, "paths": paths})

    def run(request: dict[str, Any], files: list[int]) -> None:
        if request["op"] == "session":
            supervisor.begin(files, shell, install, {**settings, **request, "paths": paths})
        else:
            _call(request["function"], files[0])

    Forks(grader).serve(run)


def _call(name: str, file: int) -> None:
    """Call a function ``module:function`` of the grader's with a channel to it."""
    if sys.platform == "linux":
        syscalls.die_with_parent(signal.SIGKILL)
    module, _, function = name.partition(":")
    if PACKAGE_ROOT not in sys.path:  # hidden from students' processes
        sys.path.append(PACKAGE_ROOT)
    getattr(importlib.import_module(module), function)(Channel(socket.socket(fileno=file)))


def _places(names: Iterable[str]) -> Iterator[str]:
    """Where imported packages lie that are outside of the Python installation (as the course's own helpers do)."""
    for name in names:
        module = sys.modules.get(name.split(".")[0])
        spec = getattr(module, "__spec__", None)
        if spec is None:
            continue
        if spec.submodule_search_locations:
            yield from map(str, spec.submodule_search_locations)
        elif spec.origin and os.path.exists(spec.origin):
            yield spec.origin


class Forks:
    """Forks a child for each request that comes over a channel, and ends those that are not wanted any more.

    Parameters
    ----------
    channel : grading.protocol.framing.Channel
        To the grader. A request has an ``op``; ``{"op": "kill", "process": number}`` ends a child and what it has started.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._children: set[int] = set()

    def serve(self, run: Callable[[dict[str, Any], list[int]], None]) -> None:
        """Serve requests until the grader hangs up.

        Parameters
        ----------
        run : callable
            Called in the child with the request and the file descriptors that came with it.
        """
        while (message := self._next()) is not None:
            request, files = message
            if request["op"] == "kill":
                if request["process"] in self._children:  # not yet reaped, so the number is still its own
                    _end(request["process"])
                continue
            child = os.fork()
            if child == 0:  # which must never go on as a second server
                with contextlib.suppress(BaseException):
                    self._channel.close()
                    run(request, files)
                os._exit(0)
            for file in files:
                os.close(file)
            self._children.add(child)
            self._channel.send({"event": "forked", "process": child})

    def end(self) -> None:
        """End all children."""
        for child in self._children:
            _end(child)
            os.waitpid(child, 0)
        self._children.clear()

    def _next(self) -> tuple[dict[str, Any], list[int]] | None:
        """The grader's next request; reap children meanwhile."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            while not self._channel.pending():
                self._reap()
                if selector.select(timeout=1):
                    break
        return self._channel.receive()

    def _reap(self) -> None:
        """Take leave of children that have ended, and end what they have started."""
        for child in list(self._children):
            # Look first: until it is reaped, its number cannot become another process's.
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                _end(child)
                os.waitpid(child, 0)
                self._children.discard(child)


def _end(child: int) -> None:
    """Kill a child and the programs of its process group."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
