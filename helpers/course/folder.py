"""Where a copy of the course lies, and what in it belongs to whom.

``lectures/`` and ``exercises/`` are the course's: an update replaces them. ``work/`` is the student's: a notebook in it is made
once, as a copy, and after that nobody else writes to it.
"""

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

import helpers

LECTURES, EXERCISES, WORK = "lectures", "exercises", "work"


class CourseError(Exception):
    """Something that stops a command; the message says what it is and what to do."""


@dataclass(frozen=True)
class Course:
    """A folder that holds a copy of the whole course.

    Attributes
    ----------
    root : pathlib.Path
    """

    root: Path

    @property
    def work(self) -> Path:
        """The student's own folder."""
        return self.root / WORK

    @property
    def records(self) -> Path:
        """What the copies in `work` were made from; a folder that JupyterLab does not show."""
        return self.work / ".course"

    def notebooks(self) -> dict[str, Path]:
        """The course's notebooks by the names of their copies, in the order in which they are worked through.

        Returns
        -------
        dict of str to pathlib.Path
            ``exercises/week01_knn/knn.ipynb`` is copied to ``week01_knn/knn.ipynb``: the exercise comes to lie beside the
            lectures of its week.
        """
        found = [
            path
            for room in (LECTURES, EXERCISES)
            for path in sorted((self.root / room).glob("week*/*.ipynb"))
            if not is_aside(path)
        ]
        return {f"{path.parent.name}/{path.name}": path for path in sorted(found, key=lambda path: path.parent.name)}

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second `start` or `update` in this folder out, and remove what one that was killed has left.

        Raises
        ------
        CourseError
            If another one is at work.
        """
        self.records.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(self.records / "lock", timeout=0):
                shutil.rmtree(self.drafts, ignore_errors=True)
                self.drafts.mkdir()
                try:
                    yield
                finally:
                    shutil.rmtree(self.drafts, ignore_errors=True)
        except filelock.Timeout:
            raise CourseError(f"Another start or update is at work in {self.root}. Wait for it to end, then try again.") from None

    @property
    def drafts(self) -> Path:
        """Where files are written before they get their names."""
        return self.records / "drafts"


def is_aside(path: Path) -> bool:
    """Whether a notebook lies beside the real one: ``knn.new.ipynb``, ``knn.mine-2.ipynb``.

    Examples
    --------
    >>> is_aside(Path("knn.new.ipynb")), is_aside(Path("knn.ipynb"))
    (True, False)
    """
    return bool(re.search(r"\.(new|mine|old)(-\d+)?$", path.stem))


def find() -> Course:
    """The copy of the course that these helpers belong to.

    Returns
    -------
    Course

    Raises
    ------
    CourseError
        If there is none: the helpers were installed alone, as on Colab.
    """
    root = Path(helpers.__file__).resolve().parents[1]
    if helpers._checkout() is None or not (root / LECTURES).is_dir():
        raise CourseError(
            f"The helpers in {root} were installed without the course around them, as on Colab, so there is nothing to copy or "
            "update here.\nGet the whole course and set it up, as the student's guide says: there you run this in its folder. "
            "On Colab, open a notebook by its badge and save a copy in Drive."
        )
    return Course(root)


def address(course: Course) -> str:
    """The address that the course is published at, from its ``pyproject.toml``.

    Parameters
    ----------
    course : Course
    """
    import tomllib

    project = tomllib.loads((course.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].rstrip("/")
