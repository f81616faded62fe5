"""The warm process: it has imported what the course imports, and forks for every submission.

It knows no tests, no grades and no other student's work: it is started with a bare environment, and is told only which
modules to import, which paths may be read and what the limits are. Three processes come of each session::

    warm process -> entrance -> first process of the namespace -> the student's process
                    (waits)     (trusted, runs nothing of the   (runs the cells; ended and forked
                                 student's; watches, ends all)    anew as often as needed)

The first process never runs a student's line. Being the first of its process namespace, it takes everything with it when
it ends: no daemon outlives a session. Should the grader be killed, the sockets close and the chain ends from the left.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import mmap
import os
import random
import re
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from grading.protocol.framing import Lines
from grading.sandbox import confinement, syscalls

with contextlib.suppress(ImportError):  # Windows has none, and never comes to run this
    import fcntl

if TYPE_CHECKING:  # the trial of the walls need not load IPython
    from grading.sandbox.kernel import Answer, Shell

Spec = dict[str, Any]  # what the grader asks of a session: see Student.__init__ in pool.py
Install = Callable[[Callable[[], dict[str, Any]]], "Answer"]


WATCH = 0.1  # seconds between two looks at a session's memory
CROWD = 4  # processes and threads of a session, for each core, that may want to compute at one time
FRAMES = 150_000  # words of 8 bytes: Python's frames then have a piece of 2 MiB


def main(file: int) -> NoReturn:
    """Import, then fork on request until the grader hangs up.

    Parameters
    ----------
    file : int
        The file descriptor of the channel to the grader. Messages there hold what to import, and the last one of these the
        settings: on the command line, a student's process could read them.
    """
    status = 1
    settings: dict[str, Any] = {}
    try:
        _with_room_for_frames(_serve)(Lines(socket.socket(fileno=file)), settings)
        status = 0
    except BrokenPipeError:  # the grader was killed while we were busy
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        shutil.rmtree(settings.get("base", ""), ignore_errors=True)  # a grader that was killed cannot
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # an orderly end of all that was imported takes a second or more


def _with_room_for_frames(function: Callable[[Lines, dict[str, Any]], None]) -> Callable[[Lines, dict[str, Any]], None]:
    """Make a function whose frame, and all that are called from it, lie in one large piece of memory.

    CPython keeps frames in pieces of 16 KiB and gives each back as soon as it is empty. A loop whose calls cross the end of a
    piece then maps and unmaps memory at every turn: a quarter of all page faults of a Keras training. A frame that claims a
    deep stack gets a larger piece, and the frames above it use what it leaves.
    """

    def roomy(grader: Lines, settings: dict[str, Any]) -> None:
        function(grader, settings)

    roomy.__code__ = roomy.__code__.replace(co_stacksize=FRAMES)
    return roomy


def _serve(grader: Lines, settings: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the grader's to handle
    if sys.platform == "linux":
        syscalls.set_dumpable(False)
    gc.disable()  # imports leave nothing to collect, and looking for it takes a fifth of their time
    started, missing = time.monotonic(), {}
    while "side" not in settings:  # the grader knows some modules before it knows all
        if (message := grader.receive()) is None:
            return
        settings.update(message[0])
        for name in settings["preload"]:
            try:
                importlib.import_module(name)
            except Exception as problem:  # a module that the cells need says so again, in their output
                missing[name] = f"{type(problem).__name__}: {problem}"
    from grading.sandbox import kernel  # here, so that the trial of the walls need not load IPython

    answer = importlib.import_module(settings["side"]).install if settings["side"] else None
    shell = kernel.Shell.prepare()
    sys.path[:] = [path for path in sys.path if path not in settings["hide"]]
    paths = confinement.readable([*settings["read"], *_places(settings["preload"])])
    gc.collect()
    gc.freeze()  # what is here stays shared with the children
    gc.enable()
    grader.send({"event": "ready", "seconds": time.monotonic() - started, "missing": missing, "paths": paths})
    children: set[int] = set()
    while True:
        message = _next(grader, children)
        if message is None:  # the grader has closed the pool, or was killed
            return
        request, files = message
        if request["op"] == "session":
            children.add(_fork_session(grader, files, shell, answer, {**settings, **request, "paths": paths}))
        elif request["op"] == "checkers":
            children.add(_fork_checkers(grader, *files))
        elif request["op"] == "kill" and request["process"] in children:  # not yet reaped, so the number is still its own
            os.kill(request["process"], signal.SIGKILL)


def _next(grader: Lines, children: set[int]) -> tuple[dict[str, Any], list[int]] | None:
    """The grader's next message; reap children meanwhile."""
    with selectors.DefaultSelector() as selector:
        selector.register(grader, selectors.EVENT_READ)
        while not grader.pending():
            for child in list(children):
                with contextlib.suppress(ChildProcessError):
                    if os.waitpid(child, os.WNOHANG)[0]:
                        children.discard(child)
            if selector.select(timeout=1):
                break
    return grader.receive()


def _places(names: Iterable[str]) -> Iterator[str]:
    """Where imported packages lie that are outside of the Python installation (as the course's own helpers do)."""
    for name in names:
        module = sys.modules.get(name.split(".")[0])
        spec = getattr(module, "__spec__", None)
        if spec is None:
            continue
        if spec.submodule_search_locations:
            yield from map(str, spec.submodule_search_locations)
        elif spec.origin and os.path.exists(spec.origin):
            yield spec.origin


def _fork_session(grader: Lines, files: list[int], shell: Shell, answer: Install | None, spec: Spec) -> int:
    """Fork the entrance of a session, and tell the grader its number."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            grader.socket.close()
            control = Lines(socket.socket(fileno=files[0]))
            try:
                _entrance(control, files[1], shell, answer, spec)
            except BaseException as problem:  # a child must never go on as a second warm process
                control.send({"event": "failed", "why": f"{type(problem).__name__}: {problem}"})
        os._exit(0)
    for file in files:
        os.close(file)
    grader.send({"event": "forked", "process": child})
    return child


def _fork_checkers(grader: Lines, file: int) -> int:
    """Fork the process that will run the instructor's tests, which needs the same imports.

    It hears what it needs to know from the grader, by a channel of its own: nothing of that ever passes through here, from
    where a session could inherit it.
    """
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            grader.socket.close()
            if sys.platform == "linux":
                syscalls.die_with_parent(signal.SIGKILL)
            from grading.checker import client

            client.serve(socket.socket(fileno=file))
        os._exit(0)
    os.close(file)
    grader.send({"event": "forked", "process": child})
    return child


def _entrance(control: Lines, files: int, shell: Shell, answer: Install | None, spec: Spec) -> None:
    os.setsid()
    if not spec["confined"]:
        _first(control, files, shell, answer, {**spec, "user": None})
        return
    syscalls.set_dumpable(True)  # or /proc/self would not be ours to write to
    confinement.leave()
    syscalls.set_dumpable(False)
    syscalls.die_with_parent(signal.SIGKILL)
    spec["user"] = confinement.session_user(os.getpid())
    parent = os.getppid()
    first = os.fork()
    if first == 0:
        with contextlib.suppress(BaseException):
            syscalls.die_with_parent(signal.SIGKILL)
            try:
                _first(control, files, shell, answer, spec)
            except BaseException as problem:
                control.send({"event": "failed", "why": f"{type(problem).__name__}: {problem}"})
        os._exit(0)
    control.close()
    os.close(files)
    if os.getppid() != parent:
        os._exit(0)
    os.waitpid(first, 0)


def _first(control: Lines, files: int, shell: Shell, answer: Install | None, spec: Spec) -> None:
    """The first process of a session: builds the room, starts the student's process, watches, and ends everything."""
    begin = time.monotonic()

    def put_files(folder: str) -> None:
        with os.fdopen(files, "rb") as content:
            for name, size in spec["names"]:
                target = os.path.join(folder, name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "xb") as file:
                    while size:
                        part = content.read(min(size, 1 << 20))
                        file.write(part)
                        size -= len(part)

    if spec["confined"]:
        confinement.build_room(spec["base"], spec["paths"], spec["disk"], spec["user"], put_files)
    else:
        put_files(spec["folder"])
        if sys.platform == "linux":
            syscalls.become_subreaper()
    control.send({"event": "room", "seconds": time.monotonic() - begin})
    student, inherited, reserved, because, looks = None, 0, 0, "", 0
    wake, waker = os.pipe()
    for end in (wake, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            ready = [] if control.pending() else selector.select(timeout=WATCH if student else None)
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 1024)
            if student is not None:
                processes = _processes(spec)
                because = because or _too_much(spec, processes, inherited)
                looks += 1
                if looks % 10 == 0 and spec["confined"]:
                    _hold_back(processes)
                if because:
                    _signal(student, signal.SIGKILL)
                if (status := _ended(student)) is not None:
                    student = None
                    confinement.end_all(spec["confined"])
                    control.send({"event": "ended", "status": status, "why": because})
                    because = ""
            if not control.pending() and not any(key.fileobj is control for key, _ in ready):
                continue
            message = control.receive()
            if message is None or message[0]["op"] == "end":
                confinement.end_all(spec["confined"])
                return
            request, given = message
            if request["op"] == "start":
                student = os.fork()
                if student == 0:
                    _student(given, shell, answer, spec)
                for file in given:
                    os.close(file)
                inherited, (reserved, _) = _private_memory("self"), _reserved("self")
            elif request["op"] == "look":
                # Between two cells: one that has used up what it may have would only make the next ones fail. One that can
                # do nothing more may also be ending by itself just now; the word that it has ended then follows.
                alive = False
                if student is not None and not (spec["confined"] and _reserved(student) == (0, 0)):
                    alive = True
                    because = because or _used_up(spec, _processes(spec), reserved, request["full"])
                    if because:
                        _signal(student, signal.SIGKILL)
                control.send({"event": "looked", "fine": alive and not because})
            elif request["op"] == "interrupt":
                if student is not None:
                    _signal(student, signal.SIGINT)
                control.send({"event": "interrupted"})
            elif request["op"] == "kill" and student is not None:
                because = request["why"]
                _signal(student, signal.SIGKILL)


def _signal(student: int, number: int) -> None:
    """Send a signal to the student's process and the programs that it started."""
    for send in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            send(student, number)
            if send is os.killpg and number == signal.SIGINT:
                return


def _ended(student: int) -> int | None:
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


def _private_memory(process: int | str) -> int:
    """Bytes of memory that a process does not share with files; 0 if it has just ended or cannot be seen."""
    try:
        pages = Path("/proc", str(process), "statm").read_text().split()
    except OSError:
        return 0
    return (int(pages[1]) - int(pages[2])) * mmap.PAGESIZE


def _processes(spec: Spec) -> list[int]:
    """Numbers of the session's processes, this one not among them."""
    if spec["confined"]:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    return confinement.descendants(os.getpid())


def _hold_back(processes: Iterable[int]) -> None:
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


def _reserved(process: int | str) -> tuple[int, int]:
    """Bytes of private memory that a process has asked for, as RLIMIT_DATA counts them, and how many threads it has.

    (0, 0) for a process that is ending: it has no memory any more.
    """
    try:
        status = Path("/proc", str(process), "status").read_text()
    except OSError:
        return 0, 0
    fields = dict(re.findall(r"^(VmData|Threads):\s*(\d+)", status, flags=re.MULTILINE))
    return (1024 * int(fields["VmData"]), int(fields["Threads"])) if "VmData" in fields else (0, 0)


def _too_much(spec: Spec, processes: Collection[int], inherited: int) -> str:
    """Why the session has to be ended, or an empty text."""
    memory = sum(max(0, _private_memory(process) - inherited) for process in processes)
    if memory > spec["memory"]:
        return f"memory: its processes took {memory / 2**30:.1f} GiB together; the limit is {spec['memory'] / 2**30:.1f} GiB"
    if len(processes) > spec["processes"]:
        return f"processes: it started {len(processes)}; the limit is {spec['processes']}"
    return ""


def _used_up(spec: Spec, processes: Iterable[int], reserved: int, full: float) -> str:
    """Why a process that has stopped at the kernel's limits can do nothing more, or an empty text."""
    threads = 0
    for process in processes:
        data, number = _reserved(process)
        threads += number
        if data - reserved > full * spec["memory"]:
            return f"memory: it holds {(data - reserved) / 2**30:.1f} GiB; the limit is {spec['memory'] / 2**30:.1f} GiB"
    if threads > full * spec["processes"]:
        return f"processes: it started {threads} processes and threads; the limit is {spec['processes']}"
    return ""


def _student(given: list[int], shell: Shell, answer: Install | None, spec: Spec) -> NoReturn:
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
        home = confinement.HOME if spec["confined"] else spec["folder"]
        os.chdir(home)
        os.environ.clear()
        os.environ.update(environment(home, spec["env"]))
        tempfile.tempdir = None  # to be found anew
        time.tzset()
        random.seed(0)  # where a notebook does not choose, the same batch should still give the same scores
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(0)
        if spec["confined"]:
            confinement.lock_in(spec["user"], memory=spec["memory"], processes=spec["processes"], file=spec["file"])
        else:
            confinement.limit(memory=spec["memory"], processes=None, file=spec["file"])
        kernel.serve(
            shell,
            connection,
            answer(lambda: shell.user_ns) if answer else None,
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
