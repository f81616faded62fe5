"""A student's process: how it becomes one, from its descriptors to its environment."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from grading.sandbox import filesystem, privileges

with contextlib.suppress(ImportError):  # Windows has none, and never comes to run this
    import fcntl

if TYPE_CHECKING:
    from grading.sandbox.kernel import Shell
    from grading.sandbox.supervisor import Install


def become(given: list[int], shell: Shell, install: Install | None, spec: Mapping[str, Any]) -> NoReturn:
    """Become a student's process: take the descriptors given, lock oneself in, then serve. Never returns."""
    from grading.sandbox import kernel

    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        # By way of high numbers, so that none is overwritten before it is copied.
        high = [fcntl.fcntl(file, fcntl.F_DUPFD, 100) for file in (null, given[1], given[2], given[0])]
        for target, source in enumerate(high):
            os.dup2(source, target, inheritable=target < 3)
        os.closerange(4, 1 << 20)
        connection = socket.socket(fileno=3)
        home = filesystem.HOME if spec["confined"] else spec["folder"]
        os.chdir(home)
        os.environ.clear()
        os.environ.update(environment(home, spec["env"]))
        tempfile.tempdir = None  # to be found anew
        time.tzset()
        random.seed(0)  # where a notebook does not choose, the same batch should still give the same scores
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(0)
        if spec["confined"]:
            privileges.lock_in(spec["user"], memory=spec["memory"], processes=spec["processes"], file=spec["file"])
        else:
            privileges.limit(memory=spec["memory"], processes=None, file=spec["file"])
        kernel.serve(
            shell,
            connection,
            install(lambda: shell.user_ns) if install else None,
            {"output": spec["output"], "message": spec["message"]},
        )
        status = 0
    except BaseException as problem:
        with contextlib.suppress(BaseException):
            os.write(2, f"the student's process could not go on: {type(problem).__name__}: {problem}\n".encode())
    finally:
        os._exit(status)


def environment(home: str, more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a student's process.

    Parameters
    ----------
    home : str
        Its own folder.
    more : dict of str to str
        What the grader adds.

    Returns
    -------
    dict of str to str
    """
    kept = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "KERAS_BACKEND", "PYTHONHASHSEED", "VIRTUAL_ENV")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in kept or name.endswith("_THREADS") or name.startswith(("TF_", "CUDA_"))
    }
    own = {
        "HOME": home,
        "TMPDIR": home,
        "IPYTHONDIR": f"{home}/.ipython",
        "KERAS_HOME": f"{home}/.keras",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "XDG_CACHE_HOME": f"{home}/.cache",
        "XDG_CONFIG_HOME": f"{home}/.config",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "USER": "student",
        "LOGNAME": "student",
        "TERM": "dumb",
        "PAGER": "cat",
    }
    return {**inherited, **own, **more}
