"""The pool: a fork server, and the sessions that are forked from it."""

from __future__ import annotations

import contextlib
import os
import site
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from grading.files import PACKAGE_ROOT
from grading.model import Limits
from grading.sandbox.confinement import find_confinement
from grading.sandbox.errors import NotConfined, SandboxError
from grading.sandbox.forkserver_client import PRELOAD, ForkServer
from grading.sandbox.session import Session

if TYPE_CHECKING:
    from _typeshed import StrPath


START_SECONDS = 300  # for the imports; TensorFlow from a slow disk takes a minute


class Pool:
    """A fork server, and the sessions that are forked from it.

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
    agent : str or None
        Module with ``install(namespace) -> answer``: what answers `Session.ask` in a student's process.
    trust_students : bool
        Whether to run without confinement where this system has none.
    server : grading.sandbox.forkserver_client.ForkServer, optional
        One that has begun already; it is the pool's from then on.

    Attributes
    ----------
    confined : bool
    env : dict of str to str
    missing : dict of str to str
        Modules of `preload` that could not be imported, and why.
    server : grading.sandbox.forkserver_client.ForkServer

    Raises
    ------
    NotConfined
        Where there is no confinement and `trust_students` is false.
    SandboxError
        If the fork server does not start.

    Examples
    --------
    >>> with Pool(preload=[], agent=None, trust_students=True) as pool, pool.session() as student:
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
        agent: str | None = "grading.protocol.student_agent",
        trust_students: bool = False,
        server: ForkServer | None = None,
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
        self.env = dict(env or {})
        self._preload = list(preload)
        self._settings = {
            "agent": agent,
            "read": [os.path.abspath(path) for path in (*read, *_user_site())],
            "hide": [PACKAGE_ROOT],
        }
        self._private = [os.path.realpath(path) for path in private]
        self._lock = threading.RLock()
        self.server = server or ForkServer(jobs)
        self._closed = False
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    # --- the fork server

    def _start(self) -> None:
        self.server.prepare(self._preload, **self._settings)
        ready = self.server.hear(START_SECONDS)
        if ready is None or ready["event"] != "ready":
            why = ready["why"] if ready else f"its last words: {self.server.last_words()}"
            raise SandboxError(f"the fork server did not start: {why}")
        self.missing = ready["missing"]
        self.readable = ready["paths"]
        for private in self._private:  # which no process of a student's ever hears of
            for path in map(os.path.realpath, self.readable):
                if private == path or private.startswith(path + "/"):
                    raise SandboxError(
                        f"the fork server did not start: {private} must stay hidden from students' code, but lies in {path}, "
                        "which that code has to read; keep the course and its gradebook outside the Python installation"
                    )

    def fork(self, request: Mapping[str, object], files: Sequence[int]) -> int:
        """Have a process forked, and give its number; start the fork server anew if it is gone."""
        with self._lock:
            if self._closed:
                raise SandboxError("the pool is closed")
            for attempt in (1, 2):
                with contextlib.suppress(OSError):
                    return self.server.fork(request, files)
                if attempt == 1:
                    self.server.end()
                    self.server = ForkServer(self.server.jobs, self.server.base)
                    self._start()
        raise SandboxError("the fork server ended twice in a row")

    def kill(self, process: int) -> None:
        """End a process that was forked, and what it has started."""
        with self._lock:
            self.server.kill(process)

    def close(self) -> None:
        """End the fork server and every session."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self.server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def last_words(self) -> str:
        """The end of what the fork server, and what it has forked, wrote to their standard streams."""
        return self.server.last_words()

    # --- sessions

    @contextlib.contextmanager
    def session(
        self,
        folder: StrPath | None = None,
        files: Mapping[str, StrPath] | None = None,
        env: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Iterator[Session]:
        """Confine a process for one submission, and start it.

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
        Session

        Raises
        ------
        SandboxError
            If a file is not a plain file, does not fit, or the process cannot be confined.
        """
        student = Session(self, folder, files or {}, env or {}, limits or self.limits)
        try:
            yield student
        finally:
            student.close()


def _user_site() -> list[str]:
    path = site.getusersitepackages()
    return [path] if site.ENABLE_USER_SITE and os.path.isdir(path) else []
