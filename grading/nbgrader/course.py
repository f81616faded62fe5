"""Any nbgrader course folder: its settings, and where its folders lie."""

from __future__ import annotations

import fnmatch
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Self

from nbgrader import preprocessors
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import full_split
from traitlets.config import PyFileConfigLoader

from grading.nbgrader.cells import Marks

if TYPE_CHECKING:
    from _typeshed import StrPath
    from traitlets.config import Config

    from grading.nbgrader.assignment import Assignment


_IGNORED = (".ipynb_checkpoints", "__pycache__")


class CourseError(Exception):
    """The course folder cannot be used as it is; the message says what to do."""


class _Settings(NbGrader):
    """nbgrader's own translation of old option names, without its command line."""

    name = "grade"


class Course:
    """A course folder of nbgrader's.

    Attributes
    ----------
    root : pathlib.Path
    directory : nbgrader.coursedir.CourseDirectory
    config : traitlets.config.Config
        All of nbgrader's settings, for its own classes.
    db_url : str
        Of the gradebook.
    course_id : str
    marks : grading.nbgrader.cells.Marks
        Around hidden tests.
    """

    def __init__(self, root: StrPath, config: Config) -> None:
        self.config = config
        if not config.CourseDirectory.get("root"):
            config.CourseDirectory.root = str(root)
        self.directory = CourseDirectory(config=config)
        self.directory.log.setLevel(logging.ERROR)
        self.root = Path(self.directory.root)
        self.db_url = self.directory.db_url
        self.course_id = self.directory.course_id or "default_course"
        clear = preprocessors.ClearHiddenTests(config=config)
        self.marks = Marks(clear.begin_test_delimeter, clear.end_test_delimeter)

    @classmethod
    def open(cls, course_dir: StrPath = ".") -> Self:
        """Open a course folder.

        Parameters
        ----------
        course_dir : str or pathlib.Path
            The folder with ``nbgrader_config.py``; without that file nbgrader's own names (``source``, ``release``,
            ``submitted``, ...) are expected in it.

        Raises
        ------
        CourseError
            If the folder does not exist, or its configuration cannot be read.
        """
        root = Path(course_dir).resolve()
        if not root.is_dir():
            raise CourseError(f"{root} is not a folder: name the course folder with --course-dir")
        app = _Settings()
        app.log.setLevel(logging.ERROR)
        # As nbgrader does: the user's own settings, then those of the course folder. Only that it is not the working
        # directory that counts: `grade --course-dir` works from anywhere.
        for folder in [*reversed(app.config_file_paths), str(root)]:
            path = Path(folder) / "nbgrader_config.py"
            if path.is_file() and (folder == str(root) or path.parent != Path.cwd()):
                try:
                    app.update_config(PyFileConfigLoader(path.name, path=str(path.parent)).load_config())
                except Exception as problem:  # any statement may stand in a configuration file
                    raise CourseError(f"{path} cannot be read: {type(problem).__name__}: {problem}") from problem
        app._load_config(app.config)  # renames options of older versions
        course = cls(root, app.config)
        if not course.folder(course.directory.source_directory, ".", ".").is_dir():
            raise CourseError(
                f"{course.root} has no folder {course.directory.source_directory!r} with the instructor's "
                "notebooks: is this the course folder? Name it with --course-dir, or set "
                "c.CourseDirectory.source_directory in its nbgrader_config.py"
            )
        return course

    def assignment(self, name: str) -> Assignment:
        """Give an assignment of the course.

        Raises
        ------
        CourseError
            If there is none of this name.
        """
        from grading.nbgrader.assignment import Assignment

        return Assignment(self, name)

    # --- folders ---------------------------------------------------------------------------------------------------

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Where a step of nbgrader's keeps an assignment of a student."""
        return Path(os.path.normpath(self.directory.format_path(step, student, assignment)))

    @staticmethod
    def student_id(folder_name: str) -> str:
        r"""Turn the name of a student's folder into an id that a database can hold.

        Bytes that are not UTF-8 are written as ``%XX``; everything else stays.

        Examples
        --------
        >>> Course.student_id("Zoë B."), Course.student_id(os.fsdecode(b"zo\xeb"))
        ('Zoë B.', 'zo%EB')
        """
        return re.sub("[\udc80-\udcff]", lambda match: f"%{ord(match[0]) - 0xDC00:02X}", folder_name)

    def assignments(self) -> list[str]:
        """Names of the assignments that have a source, sorted."""
        source = self.folder(self.directory.source_directory, ".", ".")
        return sorted(
            entry.name
            for entry in os.scandir(source)
            if entry.is_dir() and not entry.name.startswith(".") and any(Path(entry.path).glob("*.ipynb"))
        )

    def hidden_folders(self) -> list[str]:
        """Names of folders that stand where a student's id stands, but begin with a dot: they are nobody's."""
        return sorted(name for name in self.student_folders(hidden=True) if name not in _IGNORED)

    def student_folders(self, hidden: bool = False) -> list[str]:
        """Names of all folders that stand where a student's id stands."""
        base = Path(self.root)
        for part in full_split(self.directory.directory_structure):
            if "{student_id}" in part:
                pattern = re.escape(part).replace(re.escape("{student_id}"), "(.+)")
                if not base.is_dir():
                    return []
                found = (
                    re.fullmatch(pattern, entry.name, flags=re.DOTALL)
                    for entry in os.scandir(base)
                    if entry.is_dir() or entry.is_symlink()
                )
                return [match[1] for match in found if match and match[1].startswith(".") is hidden]
            base = base / part.format(nbgrader_step=self.directory.submitted_directory, assignment_id="*")
        raise CourseError("CourseDirectory.directory_structure has no {student_id}")

    def ignored(self, path: Path, folder: Path) -> bool:
        """Whether nbgrader's settings leave a file out of every copy."""
        parts = path.relative_to(folder).parts
        return any(part in _IGNORED for part in parts) or any(
            fnmatch.fnmatch(part, pattern) for part in parts for pattern in self.directory.ignore
        )

    def data_folders(self) -> list[Path]:
        """List the folders with data that notebooks may read, beside what was handed in with them.

        Returns
        -------
        list of pathlib.Path
            The folder that the environment variable ``COURSE_DATA`` names, or else those of ``c.Grading.data`` in
            nbgrader_config.py; only those that exist.
        """
        chosen = os.environ.get("COURSE_DATA", "").strip()
        named = [chosen] if chosen else self.config.Grading.get("data") or []
        folders = [Path(self.root, os.path.expanduser(name)) for name in named]
        return [folder for folder in folders if folder.is_dir()]
