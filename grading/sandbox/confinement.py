"""The walls around a student's process: what it may see, and how it gives up the right to anything else.

`build_room` makes a root directory of its own, in which only the runtime exists, read-only, and one small RAM disk to write
on. `lock_in` then takes away identity, capabilities, network, most system calls and the means to use up the machine. Both
run in a forked child; neither starts a program.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from grading.sandbox import syscalls

with contextlib.suppress(ImportError):  # Windows has none, and imports this to be told that it cannot confine
    import resource

if TYPE_CHECKING:
    from _typeshed import StrPath


HOME = "/home/student"
WRITABLE = (HOME, "/tmp", "/dev/shm")
# Beside the Python that runs: what its libraries and the programs of a `!command` open.
SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/etc/ssl",
    "/etc/mime.types",
    "/sys/devices/system/cpu",
    "/nix/store",
    "/gnu/store",
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
NAMESPACES = syscalls.NEWNS | syscalls.NEWPID | syscalls.NEWNET | syscalls.NEWIPC | syscalls.NEWUTS
STUDENT = 1000  # the user that an unprivileged grader's student is inside
# As root, every session gets a user of its own, from numbers that nobody hands out: then the kernel counts the
# processes of each session apart, and file permissions are one more wall.
FIRST_USER = 1_900_000_000
TRIAL_SECONDS = 20


class WallError(Exception):
    """A wall could not be built; no student's code may run."""


@dataclass(frozen=True)
class Confinement:
    """What this system can do to confine a student's process.

    Attributes
    ----------
    available : bool
    why : str
        What is missing, and what to do about it; empty if available.
    how : list of str
        The walls, for people.
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
    """Build a room, lock a process in, look whether it can use the runtime and nothing else; print a Confinement as JSON."""
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
    how = leave()
    user = session_user(os.getpid())
    read, write = os.pipe()
    first = os.fork()
    if first == 0:
        try:
            how += build_room(base, readable(), 2**20, user)
            how += lock_in(user, memory=2**32, processes=16, file=2**20)
            _expect_walls(base)
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


def _expect_walls(base: Path) -> None:
    """Fail where the walls have a hole, or shut out what Python needs."""
    for directory in {sys.base_prefix, sys.prefix, sysconfig.get_path("purelib")}:
        try:
            os.listdir(directory)
        except OSError as problem:
            raise WallError(
                f"a confined process cannot read the Python that it runs in ({problem}); "
                "make the installation readable for all users (chmod -R o+rX)"
            ) from None
    Path(HOME, "try").write_text("x")
    if os.path.exists(base):
        raise WallError(f"a confined process still sees {base}")
    with contextlib.suppress(OSError):
        Path("/try").write_text("x")
        raise WallError("a confined process can write outside its own folder")


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


def readable(extra: Iterable[StrPath] = ()) -> list[str]:
    """The paths that a student's process may read: the system's libraries, this Python, and `extra`.

    Parameters
    ----------
    extra : iterable of path

    Returns
    -------
    list of str
        Those that exist. Whatever lies below them is readable too.
    """
    paths = [*SYSTEM, sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix, *map(str, extra)]
    return [path for path in dict.fromkeys(map(os.path.abspath, paths)) if path != "/" and os.path.exists(path)]


def session_user(number: int) -> int:
    """The user and group that a session runs as, inside its walls.

    Parameters
    ----------
    number : int
        Differs between the sessions that run at one time.

    Returns
    -------
    int
        To be asked after `leave`: root stays root there, and anybody else has become `STUDENT`.
    """
    return FIRST_USER + number % 1_000_000 if os.geteuid() == 0 else STUDENT


def leave() -> list[str]:
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
        raise WallError(f"this process may not make namespaces ({problem})") from None
    return ["namespaces for users, mounts, processes, network, IPC and host name"]


def build_room(
    base: StrPath, paths: Sequence[str], disk: int, user: int, files: Callable[[str], None] | None = None
) -> list[str]:
    """Make a new root directory and move into it. Nothing that is not named here exists in it.

    Parameters
    ----------
    base : path
        An empty directory, used as a place to mount on.
    paths : list of str
        What can be read, from `readable`.
    disk : int
        Bytes that may be written, in all.
    user : int
        Whose the writable folders are.
    files : callable, optional
        Called with the student's own folder, to put files there while the old root can still be seen.

    Returns
    -------
    list of str
        What was done, for people.
    """
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("room", base, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=4m,mode=755")
    os.mkdir(f"{base}/old")
    syscalls.pivot_root(base, f"{base}/old")
    os.chdir("/")
    os.mkdir("/new")
    syscalls.mount("/new", "/new", None, syscalls.MS_BIND)
    for place in (*WRITABLE, "/proc", "/dev", "/disk"):
        os.makedirs(f"/new{place}", exist_ok=True)
    for device in DEVICES:
        Path(f"/new{device}").touch()
    inside = [path for path in paths if any(f"{path}/".startswith(f"{place}/") for place in WRITABLE)]
    _bind([path for path in paths if path not in inside])
    syscalls.make_read_only("/new")  # everything up to here; what follows sets its own flags

    syscalls.mount("disk", "/new/disk", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, f"size={disk},nr_inodes=20000,mode=755")
    for number, place in enumerate(WRITABLE):  # one disk under three names: one limit for all
        part = f"/new/disk/{number}"
        os.mkdir(part)
        if place == HOME and files is not None:
            files(part)
        for directory, _, names in os.walk(part):
            os.chmod(directory, 0o700)
            for path in (directory, *(os.path.join(directory, name) for name in names)):
                os.chown(path, user, user)
        syscalls.mount(part, f"/new{place}", None, syscalls.MS_BIND)
    syscalls.unmount("/new/disk")
    for path in _bind(inside):  # data that lies in /tmp, say
        syscalls.make_read_only(f"/new{path}")
    for device in DEVICES:
        if os.path.exists(f"/old{device}"):
            syscalls.mount(f"/old{device}", f"/new{device}", None, syscalls.MS_BIND)
    how = ["a root directory with the runtime only, read-only, and a RAM disk of limited size"]
    try:
        syscalls.mount("proc", "/new/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC, "hidepid=2")
    except OSError:  # in a container whose /proc is partly covered the kernel refuses: do without, it is only convenience
        how.append("no /proc, and therefore no limit on the memory of several processes together")
    os.chdir("/new")
    syscalls.pivot_root(".", ".")
    syscalls.unmount(".")
    os.chdir("/")
    return how


def _bind(paths: Iterable[str]) -> list[str]:
    """Put every path at its place under /new, symbolic links as links; the real paths."""
    done: list[str] = []
    for path in sorted(paths, key=lambda path: len(Path(path).parts)):
        real = _real(path)
        if not any(real == other or real.startswith(other + "/") for other in done):
            if os.path.isdir(f"/old{real}"):
                os.makedirs(f"/new{real}", exist_ok=True)
            else:
                os.makedirs(os.path.dirname(f"/new{real}"), exist_ok=True)
                Path(f"/new{real}").touch()
            syscalls.mount(f"/old{real}", f"/new{real}", None, syscalls.MS_BIND | syscalls.MS_REC)
            done.append(real)
        if real != path and not os.path.lexists(f"/new{path}"):
            os.makedirs(os.path.dirname(f"/new{path}"), exist_ok=True)
            os.symlink(real, f"/new{path}")
    return done


def _real(path: str, depth: int = 40) -> str:
    """`os.path.realpath`, for a tree that was moved to /old."""
    resolved, rest = "", path.strip("/").split("/")
    while rest:
        part = rest.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            resolved = resolved.rpartition("/")[0]
            continue
        candidate = f"{resolved}/{part}"
        if os.path.islink(f"/old{candidate}"):
            depth -= 1
            if depth < 0:
                raise WallError(f"too many symbolic links in {path}")
            target = os.readlink(f"/old{candidate}")
            if target.startswith("/"):
                resolved = ""
            rest = [*target.strip("/").split("/"), *rest]
        else:
            resolved = candidate
    return resolved


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


def end_all(own_namespace: bool) -> None:
    """End every process below this one, and wait until they are gone.

    Parameters
    ----------
    own_namespace : bool
        Whether this is the first process of a process namespace: then one call reaches all the others.
    """
    while True:
        if own_namespace:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            for child in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def descendants(process: int) -> list[int]:
    """The processes below one, itself not included (Linux only; elsewhere an empty list)."""
    parents = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(name)] = int(Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[1])
    found, front = [], [process]
    while front:
        front = [child for child, parent in parents.items() if parent in front]
        found += front
    return found
