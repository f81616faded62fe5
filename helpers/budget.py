"""One switch for how much a notebook computes: ``COURSE_BUDGET=ci|cpu|gpu``.

``ci`` shows every idea in seconds, ``cpu`` gives a laptop's figures in minutes, ``gpu`` uses an accelerator.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from typing import Literal, TypeVar, cast

NAMES = ("ci", "cpu", "gpu")
VARIABLE = "COURSE_BUDGET"
T = TypeVar("T")


def name() -> Literal["ci", "cpu", "gpu"]:
    """Which budget is in force.

    Returns
    -------
    str
        ``"ci"``, ``"cpu"`` or ``"gpu"``: what the environment variable ``COURSE_BUDGET`` says;
        without it, ``"gpu"`` where an NVIDIA GPU is seen, else ``"cpu"``.

    Raises
    ------
    ValueError
        If ``COURSE_BUDGET`` holds anything else.

    Examples
    --------
    >>> name() in NAMES
    True
    """
    wanted = os.environ.get(VARIABLE, "").strip().lower()
    if not wanted:
        return "gpu" if _sees_gpu() else "cpu"
    if wanted not in NAMES:
        raise ValueError(f"{VARIABLE}={wanted!r} is not a budget: set it to one of {', '.join(NAMES)}, or unset it")
    return cast("Literal['ci', 'cpu', 'gpu']", wanted)


def choose(*, ci: T, cpu: T, gpu: T | None = None) -> T:
    """The value that fits the budget in force.

    Parameters
    ----------
    ci, cpu, gpu : any
        One value for each budget, most often a number of images, epochs or trials.
        Without a ``gpu`` value, a machine with a GPU takes the one for ``cpu``.

    Returns
    -------
    any
        One of the three.

    Notes
    -----
    The course's ``gpu`` values are reckoned, not measured: a lecture that trains takes up to ten times the multiply-adds of its
    ``cpu`` values, in at most a few times as many steps, because with a small network a GPU mostly waits for the next step. On a
    GPU such as Colab's T4 that should take minutes.

    Examples
    --------
    >>> choose(ci=1, cpu=1)
    1
    """
    return {"ci": ci, "cpu": cpu, "gpu": cpu if gpu is None else gpu}[name()]


def describe() -> None:
    """Print which budget is in force and how to change it (one line)."""
    told = f"set by {VARIABLE}" if os.environ.get(VARIABLE, "").strip() else "chosen for this machine"
    print(f"budget: {name()} ({told}; set {VARIABLE} to ci, cpu or gpu before starting Jupyter to change it)")


@functools.cache
def _sees_gpu() -> bool:
    """Whether the NVIDIA driver lists a GPU. Asked of the driver, so that Keras need not be imported for it."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):  # a driver that does not answer cannot run a network either
        return False
    return listed.returncode == 0 and "GPU" in listed.stdout
