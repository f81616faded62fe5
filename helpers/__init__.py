"""What the course's notebooks share: data, pre-trained networks, budget, plots, checks and more.

Importing this package costs next to nothing: each module is imported by name, and Keras only by those that need it.

>>> from helpers import budget
>>> budget.name() in ("ci", "cpu", "gpu")
True
"""

from pathlib import Path

from helpers import quiet

quiet.tensorflow()


def __getattr__(name: str) -> str:
    """Look ``__version__`` up when it is asked for: reading it takes longer than everything else here."""
    if name == "__version__":
        return _version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _checkout():
    """The table ``[project]`` of the ``pyproject.toml`` beside this package, or None where the package was installed alone."""
    try:
        import tomllib  # since Python 3.11; the wrong kernel may be older

        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (ImportError, OSError, ValueError, KeyError):
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


def begin(wanted: str, *parts: str) -> None:
    """Check, at the top of a notebook, that it can run here. Silent where all is well.

    Parameters
    ----------
    wanted : str
        The notebook's version of the course, for example ``"0.2.0"``.
    *parts : str
        Packages that this notebook imports and that are no part of every environment, for example ``"optuna"``.

    Raises
    ------
    ImportError
        If this kernel is not the course's, a part is missing, or the helpers are older than the notebook. The message says what
        to do.

    Warns
    -----
    UserWarning
        If the helpers are newer: the notebook will most likely run, with numbers that differ from its text.

    Examples
    --------
    >>> import helpers
    >>> begin(helpers.__version__)
    """
    from helpers import doctor

    _compare(wanted)
    doctor.look(parts)


require_version = begin  # what notebooks called it at first; those that somebody has saved still do


def _compare(wanted):
    """Say what to do where these helpers are of another version than a notebook."""
    have = _version()
    if have in (wanted, "unknown"):
        return
    from helpers.course import commands

    folder, older = Path(__file__).parents[1], _numbers(have) < _numbers(wanted)
    text = f"This notebook belongs to version {wanted} of the course, and the helpers in {folder} are version {have}. "
    if older:
        raise ImportError(f"{text}{commands.newer_helpers(wanted)}, restart the kernel, and run this cell again.")
    import warnings

    warnings.warn(f"{text}It will most likely run; if something does not, {commands.older_helpers(wanted, have)}.", stacklevel=3)


def _numbers(version):
    """The three numbers of a version, for comparison: ``"0.2.0.dev0"`` is [0, 2, 0]."""
    import re

    return [int(number) for number in re.findall(r"\d+", version)[:3]]
