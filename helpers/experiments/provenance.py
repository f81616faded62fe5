"""Where a result comes from: code, versions, machine, command."""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

from helpers import budget

COLUMNS = ("budget", "commit", "versions", "processor", "threads", "command", "date")
TEXT = tuple(name for name in COLUMNS if name != "threads")


def provenance(command: str) -> dict[str, str | int]:
    """Say where the result of this process comes from.

    Parameters
    ----------
    command : str
        What was typed to run it.

    Returns
    -------
    dict of str
        One entry for each of `COLUMNS`: the budget; the commit of the course, with a plus sign behind it if files that are
        imported were changed since; the versions of Python, NumPy, Keras and its backend; the model of the processor or GPU;
        the threads that the computation may use; the command; the day.

    Examples
    --------
    >>> sorted(provenance("python")) == sorted(COLUMNS)
    True
    """
    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    facts = (budget.name(), commit(), versions(), processor(), threads(), command, day)
    return dict(zip(COLUMNS, facts, strict=True))


@functools.cache
def commit() -> str:
    """Return the commit that this package is of: ``"unknown"`` outside a copy of the repository."""
    folder = Path(__file__).parents[2]

    def git(*words):
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=30)

    try:
        if not (folder / ".git").exists():
            return "unknown"
        head = git("rev-parse", "--short=12", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "helpers/*.py", "pyproject.toml")
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    if head.returncode or changed.returncode:
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def versions() -> str:
    """Return the versions of what computes, such as ``"python 3.12.1, numpy 2.2.0, keras 3.12.0, jax 0.5.0"``."""
    names = ["numpy", "keras"]
    if "keras" in sys.modules:
        import keras

        names.append(keras.backend.backend())
    found = [f"python {platform.python_version()}"]
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name} {importlib.metadata.version(name)}")
    return ", ".join(found)


@functools.cache
def processor() -> str:
    """Return the model of the GPU, where the budget is one with a GPU, else that of the processor."""
    if budget.name() == "gpu":
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            listed = subprocess.run(
                ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            if listed.stdout.strip():
                return listed.stdout.splitlines()[0].strip()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def threads() -> int:
    """Return how many threads a computation may use: what ``OMP_NUM_THREADS`` says, else the number of cores."""
    told = os.environ.get("OMP_NUM_THREADS", "").strip()
    return int(told) if told.isdigit() and int(told) > 0 else os.cpu_count() or 1


def limit_threads(number: int) -> None:
    """Let the libraries of this process, and of those that it starts, use so many threads; before they are imported.

    Parameters
    ----------
    number : int
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(number)
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
