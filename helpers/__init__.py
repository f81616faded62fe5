"""What the course's notebooks share: data, pre-trained networks, budget, plots, checks and more.

Importing this package costs next to nothing: each module is imported by name, and Keras only by those that need it.

>>> from helpers import budget
>>> budget.name() in ("ci", "cpu", "gpu")
True
"""

from pathlib import Path


def __getattr__(name: str) -> str:
    """Look ``__version__`` up when it is asked for: reading it takes longer than everything else here."""
    if name == "__version__":
        return _version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _checkout():
    """The table ``[project]`` of the ``pyproject.toml`` beside this package, or None where the package was installed alone."""
    import tomllib

    try:
        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, KeyError):
        return None
    return project if project.get("name") == "cnn-course" else None


def _version() -> str:
    """The version in ``pyproject.toml``: read from there in a copy of the course, else from what pip has noted of it."""
    from importlib import metadata

    # The file first: after `git pull`, pip's note is that of the day when the copy was installed.
    project = _checkout()
    try:
        return project["version"] if project else metadata.version("cnn-course")
    except metadata.PackageNotFoundError:
        return "unknown"


def require_version(wanted: str) -> None:
    """Say what to do if these helpers are not those that a notebook was written for.

    Parameters
    ----------
    wanted : str
        The notebook's version of the course, for example ``"0.2.0"``.

    Raises
    ------
    ImportError
        If the helpers are older: something that the notebook uses may be missing.

    Warns
    -----
    UserWarning
        If they are newer: the notebook will most likely run, with numbers that differ from its text.
    """
    import warnings

    have = _version()
    if have in (wanted, "unknown"):
        return
    older = _numbers(have) < _numbers(wanted)
    folder = Path(__file__).parents[1]
    text = f"This notebook belongs to version {wanted} of the course, and the helpers in {folder} are version {have}. "
    if not older:
        warnings.warn(f"{text}If something does not work, open the notebook of version {have}.", stacklevel=2)
    elif _checkout():
        raise ImportError(f"{text}Bring that folder up to date (`git pull`, or download it again), then restart the kernel.")
    else:
        raise ImportError(f"{text}Run `%pip uninstall --yes cnn-course`, restart the kernel, and run this cell again.")


def _numbers(version):
    """The three numbers of a version, for comparison: ``"0.2.0.dev0"`` is [0, 2, 0]."""
    import re

    return [int(number) for number in re.findall(r"\d+", version)[:3]]
