"""Whether this system can confine a student's process: found out by trying.

A session gets a root directory of its own (`grading.sandbox.filesystem`), and then gives up every right
(`grading.sandbox.privileges`). Both happen in a forked child; neither starts a program.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from grading.sandbox import syscalls
from grading.sandbox.errors import ConfinementError
from grading.sandbox.filesystem import HOME, build_root, readable
from grading.sandbox.privileges import leave_namespaces, lock_in, session_user

TRIAL_SECONDS = 20


@dataclass(frozen=True)
class Confinement:
    """What this system can do to confine a student's process.

    Attributes
    ----------
    available : bool
    why : str
        What is missing, and what to do about it; empty if available.
    how : list of str
        What confines it, for people.
    """

    available: bool
    why: str = ""
    how: list[str] = field(default_factory=list)


@cache
def find_confinement() -> Confinement:
    """Find out by trying, in a process of its own (about 0.1 s, once).

    Returns
    -------
    Confinement
    """
    if sys.platform != "linux":
        return Confinement(False, f"confinement needs Linux, and this is {sys.platform}; grade on a Linux machine or container")
    if not syscalls.numbers():
        return Confinement(False, f"confinement is written for x86-64 and 64-bit ARM, and this is {os.uname().machine}")
    with tempfile.TemporaryDirectory(prefix="grading-trial-") as base:
        code = "import sys; sys.path[:] = sys.argv[2:]; from grading.sandbox import confinement; confinement.trial(sys.argv[1])"
        try:
            done = subprocess.run(
                [sys.executable, "-c", code, base, *sys.path], capture_output=True, text=True, check=False, timeout=TRIAL_SECONDS
            )
        except subprocess.TimeoutExpired:
            return Confinement(False, f"the trial of the confinement took more than {TRIAL_SECONDS} s")
    try:
        return Confinement(**json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        return Confinement(False, f"the trial of the confinement ended without an answer: {done.stderr.strip()[-500:]}")


def trial(base: str) -> None:
    """Confine a process, look whether it can use the runtime and nothing else, and print a Confinement as JSON."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = _trial(Path(base))
        except Exception as problem:  # whatever it is, it is the reason why there is no confinement
            found = Confinement(False, f"{problem}. {_advice()}")
        os.write(write, json.dumps(asdict(found)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        print(pipe.read())
    os.waitpid(child, 0)


def _trial(base: Path) -> Confinement:
    how = leave_namespaces()
    user = session_user(os.getpid())
    read, write = os.pipe()
    first = os.fork()
    if first == 0:
        try:
            how += build_root(base, readable(), 2**20, user)
            how += lock_in(user, memory=2**32, processes=16, file=2**20)
            _expect_confinement(base)
            found = Confinement(True, how=how)
        except Exception as problem:
            found = Confinement(False, f"{problem}. {_advice()}")
        os.write(write, json.dumps(asdict(found)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    os.waitpid(first, 0)
    return Confinement(**json.loads(answer))


def _expect_confinement(base: Path) -> None:
    """Fail where the confinement has a hole, or shut out what Python needs."""
    for directory in {sys.base_prefix, sys.prefix, sysconfig.get_path("purelib")}:
        try:
            os.listdir(directory)
        except OSError as problem:
            raise ConfinementError(
                f"a confined process cannot read the Python that it runs in ({problem}); "
                "make the installation readable for all users (chmod -R o+rX)"
            ) from None
    Path(HOME, "try").write_text("x")
    if os.path.exists(base):
        raise ConfinementError(f"a confined process still sees {base}")
    with contextlib.suppress(OSError):
        Path("/try").write_text("x")
        raise ConfinementError("a confined process can write outside its own folder")


def _advice() -> str:
    for name, value in (
        ("kernel/unprivileged_userns_clone", "0"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1"),
        ("user/max_user_namespaces", "0"),
    ):
        path = Path("/proc/sys", name)
        if path.exists() and path.read_text().strip() == value and os.geteuid() != 0:
            return (
                f"This system does not let ordinary users make namespaces ({name.replace('/', '.')} = {value}): ask its "
                "administrator, or grade as root, where students' code still runs as a user without rights"
            )
    return "Grading needs user, mount, process and network namespaces: in a container, allow them or run it privileged"
