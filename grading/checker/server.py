"""The checker's process: it has imported what tests need, and forks a child for the tests of each student.

It is forked from the fork server (`grading.sandbox.forkserver`), and told by a channel of its own what no student must know.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import sys
import types
from pathlib import Path
from typing import Any

from grading.checker import libraries, reference
from grading.checker.execution import run_test
from grading.checker.keras_models import StudentModel
from grading.checker.link import Link
from grading.checker.namespace import Space
from grading.files import PACKAGE_ROOT
from grading.protocol.framing import Channel
from grading.sandbox import privileges
from grading.sandbox.forkserver import Forks


def serve(control: Channel) -> None:
    """Import what tests need, then fork a child for each namespace, until the grader hangs up.

    Parameters
    ----------
    control : grading.protocol.framing.Channel
        To the grader. The first message there holds the settings.
    """
    message = control.receive()
    if message is None:
        return
    settings = message[0]
    # What the fork server was told about threads holds here, too.
    kept = {name: value for name, value in os.environ.items() if name.endswith("_THREADS") or name == "TF_CPP_MIN_LOG_LEVEL"}
    os.environ.clear()
    os.environ.update({**settings["environment"], "MPLBACKEND": "Agg", **kept})
    os.chdir(os.sep)
    sys.path[:] = [*(path for path in sys.path if path != PACKAGE_ROOT), PACKAGE_ROOT]
    for module in settings["preload"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].use("Agg")  # whatever it was when it was imported
    control.send({"say": "ready"})
    forks = Forks(control)
    forks.serve(lambda order, files: _run_tests(Channel(socket.socket(fileno=files[0])), order, settings["memory"]))
    forks.end()


def _run_tests(channel: Channel, order: dict[str, Any], memory: int) -> None:
    """Run test cells for one student, in a process of its own."""
    os.setpgid(0, 0)
    os.chdir(order["folder"])
    sys.path.insert(0, order["folder"])
    _limit_memory(memory)
    privileges.keep_to(order["folder"])
    sys.modules["__main__"] = types.ModuleType("__main__")
    link = Link(channel, reference.Traits(*order["traits"]), {"model": StudentModel})
    space = Space(link, frozenset(order["student"]), frozenset(order["own"]))
    if order["work"]:  # what is written there cannot be imported: it is not on the path
        os.chdir(order["work"])
        link.work_in(order["work"])
    link.numbers.forget()
    libraries.follow(link)
    while (message := channel.receive()) is not None:
        job = message[0]
        if job["do"] == "student":
            space.hand_over(job["names"])
            channel.send({"say": "done", "score": 0.0, "message": None, "hidden": False})
        else:
            channel.send(run_test(space, **{name: value for name, value in job.items() if name != "do"}))


def _limit_memory(memory: int) -> None:
    """Let the child have so many bytes more than it has now."""
    import resource

    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
