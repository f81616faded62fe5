"""The course's own files: what an update has changed in them, and what becomes of those that a student changed."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from helpers.course import notebook, work
from helpers.course.folder import EXERCISES, LECTURES, Course


@dataclass
class Changes:
    """What an update did to the course's own files.

    Attributes
    ----------
    before, after : str
        Versions of the course.
    files : list of str
        What is new or different or gone, with forward slashes.
    kept : dict of str to pathlib.Path
        Files that the student had changed, and where they lie now.
    set_up : set of str
        Those of `files` that are notebooks in which only the set-up has changed.
    """

    before: str
    after: str
    files: list[str] = field(default_factory=list)
    kept: dict[str, Path] = field(default_factory=dict)
    set_up: set[str] = field(default_factory=set)

    def add(self, name: str, old: bytes | None = None, new: bytes | None = None) -> None:
        """Note that a file is new, has changed or is gone.

        Parameters
        ----------
        name : str
        old, new : bytes, optional
            A notebook's content before and after; None where there is none.
        """
        self.files.append(name)
        if is_notebook(name) and notebook.differs_in_set_up_only(notebook.parse(old or b""), notebook.parse(new or b"")):
            self.set_up.add(name)


def version(text: str | bytes) -> str:
    r"""The course's version, from the text of its ``pyproject.toml``.

    Examples
    --------
    >>> version('[project]\nversion = "0.2.0"')
    '0.2.0'
    """
    text = text.decode() if isinstance(text, bytes) else text
    return str(tomllib.loads(text)["project"]["version"])


def is_notebook(name: str) -> bool:
    """Whether a file of the course is one of the notebooks that students work with.

    Examples
    --------
    >>> is_notebook("lectures/week01_knn/01_images.ipynb"), is_notebook("helpers/knn.py")
    (True, False)
    """
    parts = PurePosixPath(name).parts
    return len(parts) == 3 and parts[0] in (LECTURES, EXERCISES) and parts[1].startswith("week") and name.endswith(".ipynb")


def set_aside(course: Course, name: str, base: bytes | None) -> Path:
    """Keep a file of the course that a student has changed, before the course's version takes its place.

    Parameters
    ----------
    course : Course
    name : str
        The file, relative to the course's folder, with forward slashes.
    base : bytes or None
        The course's version of it that the student began with.

    Returns
    -------
    pathlib.Path
        Where it is kept: a notebook in the student's own folder, anything else beside the file.
    """
    path = course.root / name
    data = path.read_bytes()
    if not is_notebook(name):
        return notebook.keep(path, data, course.drafts, "mine")
    if base is not None:
        work.remember(course, base)
    own = course.work.joinpath(*PurePosixPath(name).parts[1:])
    if notebook.create(own, data, course.drafts) or own.read_bytes() == data:
        return own
    return notebook.keep(own, data, course.drafts, "mine")
