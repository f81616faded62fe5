"""What a process gives up: the system's namespaces, its user, capabilities, network, most system calls, much of the machine."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from grading.sandbox import syscalls
from grading.sandbox.errors import ConfinementError
from grading.sandbox.filesystem import DEVICES, WRITABLE

with contextlib.suppress(ImportError):  # Windows has none, and imports this to be told that it cannot confine
    import resource

if TYPE_CHECKING:
    from _typeshed import StrPath

NAMESPACES = syscalls.NEWNS | syscalls.NEWPID | syscalls.NEWNET | syscalls.NEWIPC | syscalls.NEWUTS
STUDENT = 1000  # the user that an unprivileged grader's student is inside
# As root, every session gets a user of its own, from numbers that nobody hands out: then the kernel counts the
# processes of each session apart, and file permissions are one more wall.
FIRST_USER = 1_900_000_000


def session_user(number: int) -> int:
    """The user and group that a session runs as.

    Parameters
    ----------
    number : int
        Differs between the sessions that run at one time.

    Returns
    -------
    int
        To be asked after `leave_namespaces`: root stays root there, and anybody else has become `STUDENT`.
    """
    return FIRST_USER + number % 1_000_000 if os.geteuid() == 0 else STUDENT


def leave_namespaces() -> list[str]:
    """Leave the namespaces of the system; the next child of this process is the first of a new process namespace.

    Returns
    -------
    list of str
        What was done, for people.
    """
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        with contextlib.suppress(PermissionError):  # root without rights, as in many containers: go the way of ordinary users
            syscalls.unshare(NAMESPACES)
            return ["namespaces for mounts, processes, network, IPC and host name", "a user id of its own for each submission"]
    try:
        syscalls.unshare(NAMESPACES | syscalls.NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{STUDENT} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{STUDENT} {group} 1")
    except OSError as problem:
        raise ConfinementError(f"this process may not make namespaces ({problem})") from None
    return ["namespaces for users, mounts, processes, network, IPC and host name"]


def lock_in(user: int, *, memory: int, processes: int, file: int) -> list[str]:
    """Give up every right for good. The last thing that trusted code does in a student's process.

    Parameters
    ----------
    user : int
        User and group to become, where this process may choose.
    memory, processes, file : int
        Limits: bytes of memory, processes and threads, bytes of one file.

    Returns
    -------
    list of str
        What was done, for people.
    """
    limit(memory=memory, processes=processes, file=file)
    syscalls.set_dumpable(True)  # or a process cannot even read and write its own /proc/self
    if os.path.exists("/proc/self/oom_score_adj"):
        Path("/proc/self/oom_score_adj").write_text("1000")  # should the machine run out of memory, this goes first
    syscalls.drop_bounding_set()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    syscalls.drop_capabilities()
    syscalls.no_new_privileges()
    syscalls.set_dumpable(True)  # the change of user cleared it
    how = ["no capabilities and no way to new ones"]
    if abi := syscalls.landlock_abi():
        rules = [("/", "read"), *((place, "write") for place in (*WRITABLE, *DEVICES) if os.path.exists(place))]
        syscalls.landlock(rules)
        how.append(f"Landlock (version {abi}): a second wall around files, processes and TCP")
    syscalls.seccomp()
    return [
        *how,
        "a system call filter: no sockets but local ones, no debugging, no mounts, no new namespaces",
        "limits on memory, processes, file size and disk",
    ]


def keep_to(folder: StrPath, file: int = 2**30) -> None:
    """Confine this process, which runs an instructor's tests, as far as the kernel lets an ordinary user: it reads what it could
    read, writes only below `folder` (temporary files, too), reaches no network, and has no more rights than it had.

    Parameters
    ----------
    folder : path
    file : int
        Bytes of one file.
    """
    os.environ["TMPDIR"] = tempfile.tempdir = os.fspath(folder)
    if sys.platform != "linux" or not syscalls.numbers():
        return
    for name, value in (("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", file)):
        _, hard = resource.getrlimit(getattr(resource, name))
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(getattr(resource, name), (value, value))
    syscalls.drop_capabilities()
    syscalls.no_new_privileges()
    if syscalls.landlock_abi():
        places = [place for place in ("/dev/shm", *DEVICES) if os.path.exists(place)]
        syscalls.landlock([("/", "read"), (os.fspath(folder), "write"), *((place, "write") for place in places)])
    syscalls.seccomp()


def limit(*, memory: int, processes: int | None, file: int) -> None:
    """Set the resource limits of this process and all that it starts.

    Parameters
    ----------
    memory : int
        Bytes of private memory, beyond what the process already has.
    processes : int or None
        Processes and threads of this user.
    file : int
        Bytes of one file.
    """
    ours = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": file, "RLIMIT_NOFILE": 1024, "RLIMIT_MSGQUEUE": 0, "RLIMIT_MEMLOCK": 2**16}
    if processes is not None:
        ours["RLIMIT_NPROC"] = processes
    try:
        pages = [int(number) * resource.getpagesize() for number in Path("/proc/self/statm").read_text().split()]
        private, mapped = pages[5], pages[0]
    except OSError:  # no /proc: what was ever in use is at least as much as is now, and libraries map some GiB more
        private = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform == "linux" else 1)
        mapped = private + 8 * 2**30
    # DATA counts private memory only: libraries map and reserve much more than they ever use.
    ours |= {"RLIMIT_DATA": private + memory, "RLIMIT_AS": mapped + 2 * memory}
    for name, value in ours.items():
        if (number := getattr(resource, name, None)) is None:
            continue
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))
