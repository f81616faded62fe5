"""The two kinds of processes that grading needs, opened for a batch and closed behind it."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from grading.checker.client import Checker, CheckerFailed, CheckerServer
from grading.checker.script import Script
from grading.nbgrader.backups import database_file
from grading.nbgrader.course import CourseError
from grading.sandbox.errors import SandboxError
from grading.sandbox.forkserver_client import PRELOAD
from grading.sandbox.pool import Pool

if TYPE_CHECKING:
    from grading.batch.submission import Checkers, Sessions
    from grading.model import Limits
    from grading.nbgrader.assignment import Assignment
    from grading.sandbox.forkserver_client import ForkServer

_FOLDER = "grade-checker-"
_PATIENCE = 10  # seconds that threads have to notice that a batch is being stopped


@contextlib.contextmanager
def open_engine(
    assignment: Assignment, limits: Limits, jobs: int, trust_students: bool = False, server: ForkServer | None = None
) -> Iterator[tuple[Sessions, Checkers]]:
    """Open the sandbox and the checkers.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    limits : grading.model.Limits
    jobs : int
    trust_students : bool
        Whether to run without confinement where the system has none.
    server : grading.sandbox.forkserver_client.ForkServer, optional
        One that has begun already.

    Yields
    ------
    sessions : callable
        ``sessions(folder, files, env)``: a context manager that gives a student's process.
    checkers : callable
        ``checkers(name)``: a context manager that gives a checker which has begun on a notebook of the assignment.
    """
    _sweep()
    modules = [*PRELOAD, *assignment.imports()]
    scripts = {name: Script(assignment.reference_notebook(name), assignment.course.marks) for name in assignment.notebook_names}
    idle: queue.SimpleQueue[Checker | None] = queue.SimpleQueue()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-", ignore_cleanup_errors=True))
        for name, path in assignment.given_files().items():
            target = Path(folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        database, data = database_file(assignment.course.db_url), assignment.course.data_folders()
        # What is entered last is left first: the sandbox ends, which ends whatever a student's cell is doing; threads that
        # were at work notice and let their checkers go; then these end.
        checkers_from = stack.enter_context(_Checkers(limits.memory))
        for _ in range(jobs):
            idle.put(None)  # made when it is needed
        stack.callback(lambda: _all_back(idle, jobs))
        try:
            pool = stack.enter_context(
                Pool(
                    modules,
                    limits,
                    jobs=jobs,
                    trust_students=trust_students,
                    server=server,
                    read=data,
                    env={"COURSE_DATA": str(data[0])} if data else {},  # students' processes have another home, but the same data
                    private=[assignment.course.root, *([database.parent] if database else [])],
                )
            )
        except SandboxError as problem:
            raise CourseError(str(problem)) from problem

        @contextlib.contextmanager
        def checkers(name: str) -> Iterator[Checker]:
            checker = idle.get()  # there are as many as jobs: one is always free
            try:
                checker = checker or Checker(limits=limits, folder=folder, server=checkers_from.get(pool))
                checker.begin(scripts[name])
                yield checker
            except CheckerFailed:
                if checker:
                    checker.close()
                checker = None
                raise
            finally:
                idle.put(checker)

        yield pool.session, checkers


class _Checkers:
    """The one process from which all checkers fork; started again if it has died."""

    def __init__(self, memory: int) -> None:
        self._memory, self._lock = memory, threading.Lock()
        self._server: CheckerServer | None = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._server:
            self._server.close()

    def get(self, pool: Pool) -> CheckerServer:
        with self._lock:
            if self._server and not self._server.alive:
                self._server.close()
                self._server = None
            self._server = self._server or CheckerServer(memory=self._memory, pool=pool)
            return self._server


def _all_back(idle, jobs):
    """Wait a moment until no thread uses a checker, and close them."""
    end = time.monotonic() + _PATIENCE
    while idle.qsize() < jobs and time.monotonic() < end:
        time.sleep(0.02)
    while not idle.empty():
        checker = idle.get()
        if checker is not None:
            checker.close()


def _sweep():
    """Remove the folders of graders that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        owner = left.name.removeprefix(_FOLDER).split("-")[0]
        if owner.isdecimal() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True
