"""The processes of a session: which they are, what they use of the machine, and their end."""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import signal
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

CROWD = 4  # processes and threads of a session, for each core, that may want to compute at one time


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


def signal_group(student: int, number: int) -> None:
    """Send a signal to the student's process and the programs that it started."""
    for send in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            send(student, number)
            if send is os.killpg and number == signal.SIGINT:
                return


def reap(student: int) -> int | None:
    """Reap what ended; the student's wait status if it was among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            if process == student:
                found = status
    return found


def private_memory(process: int | str) -> int:
    """Bytes of memory that a process does not share with files; 0 if it has just ended or cannot be seen."""
    try:
        pages = Path("/proc", str(process), "statm").read_text().split()
    except OSError:
        return 0
    return (int(pages[1]) - int(pages[2])) * mmap.PAGESIZE


def of_session(spec: Mapping[str, Any]) -> list[int]:
    """Numbers of the session's processes, this one not among them."""
    if spec["confined"]:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    return descendants(os.getpid())


def hold_back(processes: Iterable[int]) -> None:
    """Let a session that wants to compute with a crowd have only what the other sessions leave.

    Otherwise 200 busy processes of one student would make the cells of all others run out of time.
    """
    tasks, busy = [], 0
    for process in processes:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{process}/task"):
                state = Path(f"/proc/{process}/task/{task}/stat").read_text().rpartition(")")[2].split()[0]
                tasks.append(int(task))
                busy += state == "R"
    if busy > CROWD * len(os.sched_getaffinity(0)):
        for number in tasks:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(number, os.SCHED_IDLE, os.sched_param(0))  # for good, and for its children, too


def reserved_memory(process: int | str) -> tuple[int, int]:
    """Bytes of private memory that a process has asked for, as RLIMIT_DATA counts them, and how many threads it has.

    (0, 0) for a process that is ending: it has no memory any more.
    """
    try:
        status = Path("/proc", str(process), "status").read_text()
    except OSError:
        return 0, 0
    fields = dict(re.findall(r"^(VmData|Threads):\s*(\d+)", status, flags=re.MULTILINE))
    return (1024 * int(fields["VmData"]), int(fields["Threads"])) if "VmData" in fields else (0, 0)


def too_much(spec: Mapping[str, Any], processes: Collection[int], inherited: int) -> str:
    """Why the session has to be ended, or an empty text."""
    memory = sum(max(0, private_memory(process) - inherited) for process in processes)
    if memory > spec["memory"]:
        return f"memory: its processes took {memory / 2**30:.1f} GiB together; the limit is {spec['memory'] / 2**30:.1f} GiB"
    if len(processes) > spec["processes"]:
        return f"processes: it started {len(processes)}; the limit is {spec['processes']}"
    return ""


def used_up(spec: Mapping[str, Any], processes: Iterable[int], reserved: int, full: float) -> str:
    """Why a process that has stopped at the kernel's limits can do nothing more, or an empty text."""
    threads = 0
    for process in processes:
        data, number = reserved_memory(process)
        threads += number
        if data - reserved > full * spec["memory"]:
            return f"memory: it holds {(data - reserved) / 2**30:.1f} GiB; the limit is {spec['memory'] / 2**30:.1f} GiB"
    if threads > full * spec["processes"]:
        return f"processes: it started {threads} processes and threads; the limit is {spec['processes']}"
    return ""
