"""How the course is built: sources -> notebooks -> executed notebooks -> book, and solutions -> exercises.

One module for each step; ``dodo.py`` at the top of the repository says in which order they run.
"""

import os
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
EXECUTED = BUILD / "executed"
SOURCE = BUILD / "source"  # nbgrader's name for the instructor's version of an assignment


def in_repository(path):
    """A path as the repository names it: relative to its root, with forward slashes.

    Examples
    --------
    >>> in_repository(ROOT / "lectures" / "x.py")
    'lectures/x.py'
    """
    return Path(path).resolve().relative_to(ROOT).as_posix()


def tool_environment():
    """The environment variables for a command whose own commands must be found, whether or not ``.venv`` is activated.

    nbgrader, for one, calls ``alembic`` by its bare name.

    Returns
    -------
    dict of str to str
    """
    return {**os.environ, "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])}
