"""The grader's end of the fork server, which imports what students' code will import, and then forks.

Nothing heavy is imported here: the command ``grade`` starts this process first of all, so that one imports TensorFlow while
the other imports nbgrader.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import site
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from grading.files import PACKAGE_ROOT
from grading.protocol.framing import Channel

if TYPE_CHECKING:
    from _typeshed import StrPath


FORK_SECONDS = 60  # for the answer to a request to fork, which takes 0.02 s on an idle machine
PRELOAD = ("numpy", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "IPython.display")


class ForkServer:
    """A process with a bare environment that waits to be told what to import.

    Parameters
    ----------
    jobs : int
        Sessions that will compute at one time; they share the cores.
    base : path, optional
        The folder of one that has died, to go on with.

    Attributes
    ----------
    base : pathlib.Path
        A folder of its own, which goes away with it.
    jobs : int
    process : subprocess.Popen

    Examples
    --------
    >>> with ForkServer(jobs=2) as server:
    ...     server.prepare(PRELOAD)  # and do something else meanwhile
    """

    def __init__(self, jobs: int = 1, base: StrPath | None = None) -> None:
        self.jobs = jobs
        self.base = Path(base or tempfile.mkdtemp(prefix="grading-"))
        self._log = tempfile.TemporaryFile()
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        self._complete = False
        code = (
            "import sys; root, file = sys.argv[1:]; sys.path.insert(0, root); "
            "from grading.sandbox import forkserver; forkserver.main(int(file))"
        )
        home = self.base / "home"
        home.mkdir(parents=True, exist_ok=True)  # one that ended in order has taken the folder with it
        os.chmod(self.base, 0o755)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, PACKAGE_ROOT, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=home,
                env=_bare_environment(home, max(1, processors() // jobs)),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
            )

    def prepare(self, modules: Iterable[str], **settings: object) -> None:
        """Say what to import next; with ``settings`` (see `grading.sandbox.forkserver`) it is the last word.

        A process that has ended says nothing to it: whoever wants to `hear` from it notices.

        Parameters
        ----------
        modules : iterable of str
        """
        with contextlib.suppress(OSError):
            self._channel.send({"base": str(self.base), "preload": list(modules), **settings})
        self._complete = bool(settings)

    def fork(self, request: Mapping[str, object], files: Sequence[int]) -> int:
        """Have a process forked, and give its number.

        Raises
        ------
        OSError
            If the fork server is gone or silent.
        """
        self.send(request, files)
        answer = self.hear(FORK_SECONDS)
        if answer is None:
            raise ConnectionError("the fork server does not answer")
        return int(answer["process"])

    def kill(self, process: int) -> None:
        """End a process that was forked, and what it has started."""
        with contextlib.suppress(OSError):
            self.send({"op": "kill", "process": process})

    def send(self, message: Mapping[str, object], files: Sequence[int] = ()) -> None:
        """Send a request, and open files with it."""
        self._channel.send(message, files)

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """The process's next message; None if it is gone or silent."""
        try:
            message = self._channel.receive(seconds)
        except OSError:  # TimeoutError is one
            return None
        return message and message[0]

    def last_words(self) -> str:
        """The end of what it wrote to its standard streams."""
        self._log.seek(0)
        return self._log.read()[-2000:].decode("utf-8", "replace").strip() or "none"

    def close(self) -> None:
        """End the process, with it all that it has forked, and remove its folder."""
        self.end()
        shutil.rmtree(self.base, ignore_errors=True)

    def end(self) -> None:
        """End the process and what it has forked."""
        self._channel.close()  # it ends when we hang up
        if not self._complete:  # there is nothing that it would have to end
            self.process.kill()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _bare_environment(home: Path, threads: int) -> dict[str, str]:
    """What the fork server, and through it every student's process, is told about the world."""
    kept = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "KERAS_BACKEND", "PYTHONPATH", "SYSTEMROOT")
    limits = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"),
        str(threads),
    )
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **limits,
        "HOME": str(home),
        "PYTHONUSERBASE": site.getuserbase() or "",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "KERAS_HOME": f"{home}/.keras",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
