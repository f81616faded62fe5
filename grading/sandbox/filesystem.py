"""The root directory of a session: only the runtime exists in it, read-only, and one small RAM disk to write on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grading.sandbox import syscalls
from grading.sandbox.errors import ConfinementError

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


def build_root(
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
    syscalls.mount("root", base, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=4m,mode=755")
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
                raise ConfinementError(f"too many symbolic links in {path}")
            target = os.readlink(f"/old{candidate}")
            if target.startswith("/"):
                resolved = ""
            rest = [*target.strip("/").split("/"), *rest]
        else:
            resolved = candidate
    return resolved
