"""Make the course's environment: ``.venv``, with the exact versions of constraints.txt.

Run it with any Python that has pip (``python3 -m pipeline.environment``; ``py -m pipeline.environment`` on Windows). It uses the
standard library only, because on a new machine there is nothing else. Run again with nothing changed, it does nothing.

With ``--student`` it installs what the notebooks need and JupyterLab, and leaves out the grader, the book and the tests. An
environment with everything is good for students, too. A folder without the grader, as students download it, has no other kind.

Whatever stops it (no network, no space, Ctrl-C), an environment that was there before is there afterwards, and the next run
starts again.
"""

import argparse
import collections
import contextlib
import hashlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLD = ROOT / ".venv.old"  # the environment of before, while a new one is made
LOCK = ROOT / ".venv.lock"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
READY = VENV / ".ready"
VERSIONS = [(3, 13), (3, 12), (3, 11)]  # those that TensorFlow has wheels for, best first; as requires-python says
STUDENT, FULL = "student", "full"  # the two kinds; a full environment is a student's as well
MADE_FROM = {
    STUDENT: ("pyproject.toml", "constraints.txt"),
    FULL: ("pyproject.toml", "constraints.txt", "grading/pyproject.toml"),
}
CONSTRAINTS = ["--constraint", str(ROOT / "constraints.txt")]
WANTED = {
    STUDENT: [*CONSTRAINTS, "--editable", f"{ROOT}[student]"],
    FULL: [*CONSTRAINTS, "--editable", f"{ROOT}[all]", "--editable", str(ROOT / "grading")],
}
EVERY = 5  # seconds between two lines that say how far the installation is

# What pip, uv and the system say, in any order of words around it.
NO_SPACE = re.compile(r"no space left on device|not enough space on the disk|disk quota exceeded|os error (28|112|122)\b", re.I)
NO_NETWORK = re.compile(
    r"dns error|name resolution|name or service not known|getaddrinfo failed|nodename nor servname|error sending request"
    r"|newconnectionerror|connection (refused|reset|aborted)|network is unreachable|no route to host|timed out|timeout"
    r"|proxyerror|connect to proxy|failed to fetch|could not resolve host|certificate",
    re.I,
)
CERTIFICATE = re.compile(r"certificate|unknownissuer", re.I)


class SetupError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def fingerprint(kind):
    """What an environment of a kind is made from, as a hash: it is made anew when this changes.

    Parameters
    ----------
    kind : str
        ``"student"`` or ``"full"``.
    """
    digest = hashlib.sha256(sys.platform.encode())
    for name in MADE_FROM[kind]:
        data = (ROOT / name).read_bytes()
        digest.update(_packages_of(data) if kind == STUDENT and name == "pyproject.toml" else data)
    return f"{kind} {digest.hexdigest()}"


def _packages_of(data):
    """What of a pyproject.toml decides which packages a student gets; a new version of the course alone changes none."""
    try:
        import tomllib
    except ImportError:  # this Python is too old, and another one will do this
        return data
    tables = tomllib.loads(data.decode())
    project = {key: tables["project"].get(key) for key in ("requires-python", "dependencies", "optional-dependencies")}
    return json.dumps([project, tables.get("build-system"), tables.get("tool", {}).get("setuptools")], sort_keys=True).encode()


def is_ready(kind=FULL):
    """Whether the environment is there, whole, of this kind or a larger one, and made from the files as they are now."""
    return PYTHON.exists() and READY.exists() and fingerprint(kind) in READY.read_text(encoding="utf-8").splitlines()


def suitable_python():
    """A Python of a version that every package has wheels for.

    Returns
    -------
    list of str
        The command of the running one if it fits (of the one below it where that is ``.venv`` itself, which is about to be
        replaced), else of the first that is found: on the path, or through Windows' ``py``.

    Raises
    ------
    SetupError
        If there is none.
    """
    if sys.version_info[:2] in VERSIONS:
        ours = Path(sys.prefix).resolve() == VENV.resolve()
        return [getattr(sys, "_base_executable", sys.executable) if ours else sys.executable]
    for major, minor in VERSIONS:
        for command in ([f"python{major}.{minor}"], ["py", f"-{major}.{minor}"]):
            program = shutil.which(command[0])
            if program and subprocess.run([program, *command[1:], "-c", "import venv"], capture_output=True).returncode == 0:
                return [program, *command[1:]]
    raise SetupError(
        f"Python {sys.version_info[0]}.{sys.version_info[1]} does not fit: "
        "TensorFlow has packages for Python 3.11, 3.12 and 3.13.\n"
        "Install one of them (python.org, your system's packages, or `conda env create -f environment.yml`), then run this again."
    )


@contextlib.contextmanager
def only_one(path, what):
    """Let one process at a time through; another one says so once and waits.

    The system releases the lock when its process ends, however it ends.

    Parameters
    ----------
    path : pathlib.Path
        The file that is locked; made if needed, and left.
    what : str
        What the other process does, as the message names it.
    """
    with open(path, "ab") as file:
        if not locked(file):
            print(f"{what} is already going on in this folder; waiting for it to end (Ctrl-C stops waiting).", flush=True)
            while not locked(file):
                time.sleep(0.2)
        yield


def locked(file):
    """Whether this process now holds the lock on an open file; the system releases it when the file is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def make_environment(kind=FULL):
    """Create ``.venv`` and install the course into it: what students need of it, or all of it and the grader.

    Installs with uv, which takes seconds where pip takes minutes: the uv on the path, else one installed into ``.venv`` first.
    Where uv cannot be had or fails (it does not read pip's settings, such as a campus's mirror), with pip. Either way modules
    are byte-compiled: importing Keras and TensorFlow takes three times as long otherwise, in every kernel.

    Parameters
    ----------
    kind : str
        ``"student"`` or ``"full"``.

    Raises
    ------
    SetupError
        If neither uv nor pip can install everything; an environment that was there before is there again.
    """
    _set_aside()
    try:
        # Without pip at first: Debian's Python cannot put it there. It comes with the other packages.
        venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(VENV)
        uv = shutil.which("uv") or _install_uv()
        if not (uv and _installed_with(uv, WANTED[kind])):
            retries = ["--retries", "1"] if uv else []  # uv has just tried
            run([*_pip(), "install", *retries, *WANTED[kind]], "Installing the course's packages with pip: ten minutes or so.")
        kinds = [STUDENT, FULL] if kind == FULL else [STUDENT]
        READY.write_text("\n".join(map(fingerprint, kinds)), encoding="utf-8")
    except BaseException:
        shutil.rmtree(VENV, ignore_errors=True)
        if OLD.exists():
            OLD.rename(VENV)
        raise


def _set_aside():
    """Take a whole environment out of the way, and remove what an interrupted run left."""
    try:
        if READY.exists():
            if OLD.exists():
                shutil.rmtree(OLD)
            VENV.rename(OLD)
        elif VENV.exists():
            shutil.rmtree(VENV)
    except OSError as error:
        raise SetupError(
            f"{VENV} cannot be replaced ({error.strerror}).\n"
            "Close what runs from it, JupyterLab and its notebooks for example, then run this again."
        ) from error


def _installed_with(uv, wanted):
    """Install with uv, and say whether that worked; on a full disk, pip would not do better.

    uv brings the certificates of the public authorities with it. In a network that has an authority of its own it is told to
    take the system's, as pip does.
    """
    command = [uv, "pip", "install", "--python", str(PYTHON), "--compile-bytecode", *wanted]
    try:
        try:
            run(command, "Installing the course's packages with uv: one or two minutes, most of it downloading.")
        except InstallError as error:
            if not CERTIFICATE.search(error.output):
                raise
            run([*command, "--system-certs"], f"{error.output}\nTrying again, with the system's certificates.")
    except InstallError as error:
        if NO_SPACE.search(error.output):
            raise
        print(f"{error.output}\nuv could not install them (its words are above); trying pip.", flush=True)
        return False
    return True


def _install_uv():
    """The uv that pip has put into the environment, or None where it could not."""
    try:
        run([*_pip(), "install", *CONSTRAINTS, "uv"], "Getting uv, which installs in seconds.")
    except InstallError as error:
        if NO_SPACE.search(error.output) or NO_NETWORK.search(error.output):
            raise  # pip would not do better with the other packages
        return None
    return shutil.which("uv", path=str(BIN))


def _pip():
    """The running Python's pip, told to work on the environment."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        raise SetupError(
            f"{sys.executable} has no pip. Install it (Debian and Ubuntu: `sudo apt-get install python3-pip`), "
            "or install uv, then run this again."
        )
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


class InstallError(SetupError):
    """An installer has failed; `output` is the end of what it said, and the message what that means."""

    def __init__(self, output):
        super().__init__(f"{output}\n{explained(output)}")
        self.output = output


def explained(output):
    """What an installer's failure means and what to do, in two sentences.

    Examples
    --------
    >>> print(explained("error: Failed to fetch: `https://packages.example/simple/numpy/`"))
    packages.example cannot be reached, or something between it and this machine (a proxy, a firewall) is in the way.
    Check the network connection, then run this again.
    """
    if NO_SPACE.search(output):
        free = shutil.disk_usage(ROOT).free / 1e9
        return (
            f"No space is left on a disk: {ROOT} has {free:.1f} GB free. The environment needs about 4 GB there, and the "
            "installer as much again for its cache in your home folder.\nMake room, then run this again."
        )
    if NO_NETWORK.search(output):
        lines = "\n".join(line for line in output.splitlines() if NO_NETWORK.search(line))  # not those that say where help is
        hosts = re.findall(r"https?://(?:[^/\s@]*@)?([\w.-]+)|host='([\w.-]+)'", lines)
        host = next((one or other for one, other in hosts), "The index that pip takes packages from")
        if CERTIFICATE.search(output):
            return (
                f"{host} cannot be trusted: this machine does not know who signed its certificate, as in networks that have a "
                "certificate authority of their own.\nAsk your network's support for that authority's certificate file, set "
                "SSL_CERT_FILE and PIP_CERT to its path, then run this again."
            )
        return (
            f"{host} cannot be reached, or something between it and this machine (a proxy, a firewall) is in the way.\n"
            "Check the network connection, then run this again."
        )
    return "The set-up failed, for the reason above.\nRun this again; if it fails again, report it with these lines."


def run(command, title):
    """Run an installer, and say every few seconds what it does.

    Parameters
    ----------
    command : list of str
    title : str
        Printed first.

    Raises
    ------
    InstallError
        If it fails.
    """
    print(title, flush=True)
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},  # so that pip's lines come when it says them
    )
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # the installer's lines, then None

    def listen():
        for line in process.stdout or ():
            said.put(line.strip())
        said.put(None)

    threading.Thread(target=listen, daemon=True).start()
    tail: collections.deque[str] = collections.deque(maxlen=15)
    next_report = start + EVERY
    try:
        while True:
            with contextlib.suppress(queue.Empty):
                line = said.get(timeout=max(0, next_report - time.monotonic()))
                if line is None:
                    break
                tail.extend([line] if line else [])
            if time.monotonic() >= next_report:
                last = tail[-1][:100] if tail else "..."
                compiling = "; now compiling their modules" if re.match(r"Installed \d+ packages", last) else ""  # uv's words
                print(f"  {time.monotonic() - start:4.0f} s  {last}{compiling}", flush=True)
                next_report += EVERY
        if process.wait() != 0:
            raise InstallError("\n".join(tail))
    finally:
        process.kill()  # where Ctrl-C or an error came first
        process.wait()


def main(arguments=None):
    """Make the environment unless it is there already."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.environment", description=__doc__.splitlines()[0])
    parser.add_argument("--student", action="store_true", help="what the notebooks need, and JupyterLab; nothing else")
    parser.add_argument("--check", action="store_true", help="only say whether the environment is as it should be")
    options = parser.parse_args(arguments)
    student = options.student or not (ROOT / "grading").exists()
    kind = STUDENT if student else FULL
    if options.check:
        command = f"{'py' if os.name == 'nt' else 'python3'} -m pipeline.environment{' --student' * student}"
        sys.exit(None if is_ready(kind) else f"The course needs other packages than the environment has. Run: {command}")
    try:
        if OLD.exists() or not is_ready(kind):
            python = suitable_python()
            if python != [sys.executable]:
                again = [*python, "-m", "pipeline.environment", *["--student"] * student]
                sys.exit(subprocess.run(again, cwd=ROOT).returncode)
            with only_one(LOCK, "Another set-up"):
                if not is_ready(kind):  # the other one may have made it
                    make_environment(kind)
                shutil.rmtree(OLD, ignore_errors=True)
    except KeyboardInterrupt:
        sys.exit("\nThe set-up was interrupted. Run it again: it starts anew.")
    except (SetupError, OSError) as error:
        message = str(error) if isinstance(error, SetupError) else f"{error}\n{explained(str(error))}"
        sys.exit(f"{message}\n{_what_is_there()}")


def _what_is_there():
    """What a set-up that failed has left, for its last line."""
    if READY.exists():
        return "The environment from before is still in place and works."
    return "Nothing outside this folder was changed, and the next run starts anew."


if __name__ == "__main__":
    main()
