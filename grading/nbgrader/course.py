"""Any nbgrader course folder: where things lie, who handed in what, and the two versions of each assignment."""

from __future__ import annotations

import copy
import fnmatch
import functools
import hashlib
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Self

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader import preprocessors
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import full_split
from traitlets.config import PyFileConfigLoader

from grading.nbgrader.cells import Marks, grade_id, role

if TYPE_CHECKING:
    from _typeshed import StrPath
    from nbformat import NotebookNode
    from traitlets.config import Config


_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_][\w.]*)(?:[ \t]+import[ \t]+\(?([\w \t,]+))?", flags=re.MULTILINE)
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

    # --- folders ---------------------------------------------------------------------------------------------------

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Where a step of nbgrader's keeps an assignment of a student."""
        return Path(os.path.normpath(self.directory.format_path(step, student, assignment)))

    def autograded_folder(self, student: str, assignment: str) -> Path:
        """Where the graded notebooks of a student go."""
        return self.folder(self.directory.autograded_directory, self.student_id(student), assignment)

    def feedback_folder(self, student: str, assignment: str) -> Path:
        """Where the feedback pages of a student go."""
        return self.folder(self.directory.feedback_directory, self.student_id(student), assignment)

    def reports_folder(self, assignment: str) -> Path:
        """Where the report of an assignment goes."""
        return self.root / "reports" / assignment

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

    def students(self, assignment: str) -> list[str]:
        """Names of the students' folders that hold something for an assignment, sorted.

        A folder of the assignment in the wrong case counts, and so does a notebook of the assignment that lies beside
        where that folder should be.
        """
        return sorted(name for name in self._student_folders() if self.submission(name, assignment)[0] is not None)

    def hidden_folders(self) -> list[str]:
        """Names of folders that stand where a student's id stands, but begin with a dot: they are nobody's."""
        return sorted(name for name in self._student_folders(hidden=True) if name not in _IGNORED)

    def _student_folders(self, hidden=False):
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

    def submission_folder(self, student: str, assignment: str) -> Path:
        """Where a student's submission lies, or should lie."""
        return self.submission(student, assignment)[0] or self.folder(self.directory.submitted_directory, student, assignment)

    def submission(self, student: str, assignment: str) -> tuple[Path | None, str | None]:
        """Find a student's submission.

        Returns
        -------
        folder : pathlib.Path or None
        note : str or None
            What is wrong with the place.
        """
        exact = self.folder(self.directory.submitted_directory, student, assignment)
        if exact.is_dir() or exact.is_symlink():
            return exact, None
        parent = exact.parent
        if not parent.is_dir():
            return (parent, None) if parent.is_symlink() else (None, None)
        wanted = _plain(assignment)
        for entry in sorted(os.scandir(parent), key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False) and _plain(entry.name) == wanted:
                return Path(entry.path), f"The folder is named {entry.name!r}, not {assignment!r}."
        names = {f"{name.lower()}.ipynb" for name in self.source_notebooks(assignment)}
        if any(name.lower() in names for name in os.listdir(parent)):
            return parent, f"The notebook lies beside, not in, a folder {assignment!r}."
        return None, None

    # --- notebooks -------------------------------------------------------------------------------------------------

    def source_notebooks(self, assignment: str) -> list[str]:
        """Names of the notebooks of an assignment, without ``.ipynb``, sorted.

        Raises
        ------
        CourseError
            If there is no such assignment.
        """
        folder = self.folder(self.directory.source_directory, ".", assignment)
        names = sorted(path.stem for path in folder.glob("*.ipynb") if not path.name.startswith("."))
        if not names:
            known = ", ".join(self.assignments()) or "none"
            raise CourseError(f"There is no assignment {assignment!r}: no notebook in {folder}. Assignments here: {known}")
        return names

    @functools.cache  # noqa: B019 - a course lives as long as the command
    def _source(self, assignment: str, name: str) -> NotebookNode:
        path = self.folder(self.directory.source_directory, ".", assignment) / f"{name}.ipynb"
        try:
            notebook = nbformat.read(path, as_version=4)
        except Exception as problem:  # nbformat raises whatever its readers do
            raise CourseError(f"{path} is not a notebook: {problem}") from problem
        MetadataValidator().upgrade_notebook_metadata(notebook)
        return notebook

    def _run(self, notebook, assignment, name, steps):
        resources = ResourcesDict()
        resources["unique_key"] = name
        resources["nbgrader"] = {"student": ".", "assignment": assignment, "notebook": name, "db_url": self.db_url}
        folder = os.getcwd()
        os.chdir(self.root)  # headers and autotests are named relative to the course folder
        try:
            for step in steps:
                notebook, resources = step(config=self.config).preprocess(notebook, resources)
        except Exception as problem:
            raise CourseError(
                f"nbgrader cannot make the exercise {assignment}/{name} from its source: {type(problem).__name__}: {problem}"
            ) from problem
        finally:
            os.chdir(folder)
        return notebook

    @functools.cache  # noqa: B019
    def _instructor(self, assignment: str, name: str) -> NotebookNode:
        notebook = copy.deepcopy(self._source(assignment, name))
        steps = [preprocessors.IncludeHeaderFooter]
        if any("AUTOTEST" in cell.source for cell in notebook.cells):
            steps.append(preprocessors.InstantiateTests)  # starts a kernel, so only where it is needed
        steps += [
            preprocessors.LockCells,
            preprocessors.ClearSolutions,
            preprocessors.ClearOutput,
            preprocessors.CheckCellMetadata,
            preprocessors.ComputeChecksums,
        ]
        return self._run(notebook, assignment, name, steps)

    def instructor_notebook(self, assignment: str, name: str) -> NotebookNode:
        """Make the notebook that the gradebook knows: solutions replaced by stubs, tests whole, hidden ones included.

        Returns
        -------
        nbformat.NotebookNode
            A copy of its own for each call.
        """
        return copy.deepcopy(self._instructor(assignment, name))

    def reference_notebook(self, assignment: str, name: str) -> NotebookNode:
        """Make the instructor's notebook with the reference solutions in place."""
        notebook = self.instructor_notebook(assignment, name)
        solutions = {grade_id(cell): cell.source for cell in self._source(assignment, name).cells if grade_id(cell)}
        for cell in notebook.cells:
            if role(cell) in ("solution", "manual"):
                cell.source = solutions.get(grade_id(cell), cell.source)
        return notebook

    def solutions(self, assignment: str) -> list[str]:
        """List the code of the reference solutions: tests may be compared with what it gives."""
        notebooks = (self._source(assignment, name) for name in self.source_notebooks(assignment))
        cells = [cell for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"]
        return [cell.source for cell in cells if role(cell) in ("solution", "manual")]

    @functools.cache  # noqa: B019
    def _made_release(self, assignment: str, name: str) -> NotebookNode:
        return self._run(
            self.instructor_notebook(assignment, name),
            assignment,
            name,
            [preprocessors.ClearHiddenTests, preprocessors.ClearMarkScheme, preprocessors.ComputeChecksums],
        )

    @functools.cache  # noqa: B019
    def _released(self, assignment: str, name: str) -> tuple[NotebookNode, str | None]:
        made = self._made_release(assignment, name)
        path = self.folder(self.directory.release_directory, ".", assignment) / f"{name}.ipynb"
        if not path.is_file():
            return made, None
        try:
            found = nbformat.read(path, as_version=4)
            MetadataValidator().upgrade_notebook_metadata(found)
        except Exception as problem:
            raise CourseError(f"{path} is not a notebook: {problem}") from problem
        parts = [(grade_id(cell), role(cell), cell.cell_type) for cell in found.cells if grade_id(cell)]
        if parts != [(grade_id(cell), role(cell), cell.cell_type) for cell in made.cells if grade_id(cell)]:
            return made, (
                f"{path.name} in {self.directory.release_directory!r} has other questions than the source; the "
                "source counts. Run `nbgrader generate_assignment` again if students should get the new version."
            )
        return found, None

    def released_notebook(self, assignment: str, name: str) -> NotebookNode:
        """Read the notebook that students got, or make it from the source if it is not there.

        Returns
        -------
        nbformat.NotebookNode
            A copy of its own for each call.
        """
        return copy.deepcopy(self._released(assignment, name)[0])

    def warnings(self, assignment: str) -> list[str]:
        """List what an instructor should know about the assignment before it is graded."""
        return [note for name in self.source_notebooks(assignment) if (note := self._released(assignment, name)[1])]

    def given_files(self, assignment: str) -> dict[str, Path]:
        """List the files that students got beside the notebooks.

        Returns
        -------
        dict of str to pathlib.Path
            Relative POSIX name -> where it lies.
        """
        for step in (self.directory.release_directory, self.directory.source_directory):
            folder = self.folder(step, ".", assignment)
            if folder.is_dir():
                return {
                    path.relative_to(folder).as_posix(): path
                    for path in sorted(folder.rglob("*"))
                    if path.is_file() and path.suffix != ".ipynb" and not self.ignored(path, folder)
                }
        return {}

    def students_own_files(self, assignment: str) -> set[str]:
        """Names of given files that a student may replace (``Autograde.exclude_overwriting``)."""
        excluded = self.config.Autograde.get("exclude_overwriting") or {}
        return set(excluded.get(assignment, ()))

    def ignored(self, path: Path, folder: Path) -> bool:
        """Whether nbgrader's settings leave a file out of every copy."""
        parts = path.relative_to(folder).parts
        return any(part in _IGNORED for part in parts) or any(
            fnmatch.fnmatch(part, pattern) for part in parts for pattern in self.directory.ignore
        )

    def imports(self, assignment: str) -> list[str]:
        """Names of the modules that the assignment's own cells import, for a process to import them once for all."""
        found = set()
        for name in self.source_notebooks(assignment):
            for cell in self._source(assignment, name).cells:
                if cell.cell_type == "code":
                    for package, names in _IMPORT.findall(cell.source):
                        found.add(package)
                        # `from package import a, b`: a and b may be modules; what is none does no harm.
                        parts = re.findall(r"[A-Za-z_]\w*", re.sub(r"\bas\s+\w+", "", names))
                        found.update(f"{package}.{part}" for part in parts)
        return sorted(found)

    def version(self, assignment: str) -> str:
        """A hash of everything of the instructor's that scores depend on."""
        digest = hashlib.sha256()
        for name in self.source_notebooks(assignment):
            for notebook in (self._instructor(assignment, name), self._released(assignment, name)[0]):
                for cell in notebook.cells:
                    own = cell.metadata.get("nbgrader") or {}
                    key = [cell.cell_type, cell.source, sorted((k, str(v)) for k, v in own.items())]
                    digest.update(repr(key).encode("utf-8", "surrogatepass"))
        for name, path in self.given_files(assignment).items():
            digest.update(name.encode("utf-8", "surrogateescape") + path.read_bytes())
        return digest.hexdigest()


def _plain(name):
    """A name without case and punctuation."""
    return re.sub(r"[\W_]+", "", name).lower()
