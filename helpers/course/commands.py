"""Commands that mend an installation, as they are typed on this machine: what messages tell a student to run."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path

import helpers

ROOT = Path(helpers.__file__).resolve().parents[1]  # the course's folder, or site-packages


def in_checkout() -> bool:
    """Whether the helpers lie in a folder of the course, a clone or a release, rather than among installed packages."""
    return (ROOT / "pyproject.toml").exists() and helpers._checkout() is not None


def shell(*words: str) -> str:
    """A command for the terminal of this system; in the course's folder, where its own Python runs."""
    own = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    windows = os.name == "nt"
    if own:
        start = f'cd "{ROOT}"{";" if windows else " &&"} ' + (r".venv\Scripts\python" if windows else ".venv/bin/python")
    else:
        start = f'{"& " if windows else ""}"{sys.executable}"'
    return " ".join([start, *words])


def run_module(name: str, *words: str) -> str:
    """The command that runs a module of the course."""
    return shell("-m", name, *words)


def install(*requirements: str) -> str:
    """The command that installs packages, in the tested versions where these are known."""
    constraints = ["-c", f'"{ROOT / "constraints.txt"}"'] if in_checkout() else []
    return shell("-m", "pip", "install", *constraints, *requirements)


def set_variable(name: str, value: str) -> str:
    """The command that sets an environment variable."""
    return f'$env:{name} = "{value}"' if os.name == "nt" else f"export {name}={value}"


def set_up() -> str:
    """The command that makes the course's environment."""
    python = "py" if os.name == "nt" else "python3"
    return f'cd "{ROOT}"{";" if os.name == "nt" else " &&"} {python} -m pipeline.environment --student'


def update() -> str:
    """What brings helpers and notebooks to one version."""
    return run_module("helpers.update") if in_checkout() else "open the notebooks of this version, or install the other one"


def newer_helpers(wanted: str) -> str:
    """How to get the helpers that a notebook of a newer version needs, as the beginning of a sentence."""
    if in_checkout():
        return f"Bring the course up to date (`{run_module('helpers.update')}`)"
    return f'Run `%pip install "{requirement(wanted)}"`'


def older_helpers(wanted: str, have: str) -> str:
    """What to do with a notebook of an older version, as the end of a sentence."""
    if in_checkout():
        return f"take the notebook of version {have} (`{run_module('helpers.update')}`)"
    return f'run `%pip install "{requirement(wanted)}"` and restart the kernel'


def requirement(version: str) -> str:
    """What pip installs for a version of the course: its tag, or main while the version is under development."""
    lines = metadata.metadata("cnn-course").get_all("Project-URL") or []
    address = next(line.split(", ")[1] for line in lines if line.startswith("Repository, "))
    return f"cnn-course @ git+{address}@{'main' if 'dev' in version else f'v{version}'}"


def choose_kernel() -> str:
    """How to choose the course's own kernel, or how to make it where there is none."""
    pythons = (ROOT / ".venv" / place for place in ("bin/python", "Scripts/python.exe"))
    own = next((path for path in pythons if path.exists()), None)
    if own is None or Path(sys.prefix).resolve() == (ROOT / ".venv").resolve():
        return f"run {set_up()}"
    return (
        f"take the course's own: in VS Code with Select Kernel > Python Environments: {own}, in JupyterLab by closing it and "
        f'starting it like this: {"& " if os.name == "nt" else ""}"{own}" -m helpers.start'
    )
