"""One assignment of a course: who handed it in, and its notebooks as the instructor, the gradebook and the students know them."""

from __future__ import annotations

import copy
import functools
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader import preprocessors
from nbgrader.nbgraderformat import MetadataValidator

from grading.nbgrader.cells import grade_id, role
from grading.nbgrader.course import CourseError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grading.nbgrader.course import Course

_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_][\w.]*)(?:[ \t]+import[ \t]+\(?([\w \t,]+))?", flags=re.MULTILINE)


class Assignment:
    """One assignment of a course, made once for a command: its notebooks are read and made once.

    Attributes
    ----------
    course : grading.nbgrader.course.Course
    name : str
    notebook_names : list of str
        Without ``.ipynb``, sorted.

    Raises
    ------
    CourseError
        If there is no such assignment.

    Examples
    --------
    ::

        assignment = Course.open(".").assignment("week01_knn")
        assignment.released_notebook("knn")
    """

    def __init__(self, course: Course, name: str) -> None:
        self.course, self.name = course, name
        folder = course.folder(course.directory.source_directory, ".", name)
        self.notebook_names = sorted(path.stem for path in folder.glob("*.ipynb") if not path.name.startswith("."))
        if not self.notebook_names:
            known = ", ".join(course.assignments()) or "none"
            raise CourseError(f"There is no assignment {name!r}: no notebook in {folder}. Assignments here: {known}")

    def __str__(self) -> str:
        return self.name

    def autograded_folder(self, student: str) -> Path:
        """Where the graded notebooks of a student go."""
        return self.course.folder(self.course.directory.autograded_directory, self.course.student_id(student), self.name)

    def feedback_folder(self, student: str) -> Path:
        """Where the feedback pages of a student go."""
        return self.course.folder(self.course.directory.feedback_directory, self.course.student_id(student), self.name)

    @property
    def reports_folder(self) -> Path:
        """Where the report goes."""
        return self.course.root / "reports" / self.name

    def students(self) -> list[str]:
        """Names of the students' folders that hold something for the assignment, sorted.

        A folder of the assignment in the wrong case counts, and so does a notebook of the assignment that lies beside
        where that folder should be.
        """
        return sorted(name for name in self.course.student_folders() if self.submission(name)[0] is not None)

    def submission(self, student: str) -> tuple[Path | None, str | None]:
        """Find a student's submission.

        Returns
        -------
        folder : pathlib.Path or None
        note : str or None
            What is wrong with the place.
        """
        exact = self.course.folder(self.course.directory.submitted_directory, student, self.name)
        if exact.is_dir() or exact.is_symlink():
            return exact, None
        parent = exact.parent
        if not parent.is_dir():
            return (parent, None) if parent.is_symlink() else (None, None)
        wanted = _plain(self.name)
        for entry in sorted(os.scandir(parent), key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False) and _plain(entry.name) == wanted:
                return Path(entry.path), f"The folder is named {entry.name!r}, not {self.name!r}."
        names = {f"{name.lower()}.ipynb" for name in self.notebook_names}
        if any(name.lower() in names for name in os.listdir(parent)):
            return parent, f"The notebook lies beside, not in, a folder {self.name!r}."
        return None, None

    # --- notebooks -------------------------------------------------------------------------------------------------

    @functools.cache  # noqa: B019 - an assignment lives as long as the command
    def _source(self, name: str) -> NotebookNode:
        path = self.course.folder(self.course.directory.source_directory, ".", self.name) / f"{name}.ipynb"
        try:
            notebook = nbformat.read(path, as_version=4)
        except Exception as problem:  # nbformat raises whatever its readers do
            raise CourseError(f"{path} is not a notebook: {problem}") from problem
        MetadataValidator().upgrade_notebook_metadata(notebook)
        return notebook

    def _run(self, notebook, name, steps):
        resources = ResourcesDict()
        resources["unique_key"] = name
        resources["nbgrader"] = {"student": ".", "assignment": self.name, "notebook": name, "db_url": self.course.db_url}
        folder = os.getcwd()
        os.chdir(self.course.root)  # headers and autotests are named relative to the course folder
        try:
            for step in steps:
                notebook, resources = step(config=self.course.config).preprocess(notebook, resources)
        except Exception as problem:
            raise CourseError(
                f"nbgrader cannot make the exercise {self.name}/{name} from its source: {type(problem).__name__}: {problem}"
            ) from problem
        finally:
            os.chdir(folder)
        return notebook

    @functools.cache  # noqa: B019
    def _instructor(self, name: str) -> NotebookNode:
        notebook = copy.deepcopy(self._source(name))
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
        return self._run(notebook, name, steps)

    def instructor_notebook(self, name: str) -> NotebookNode:
        """Make the notebook that the gradebook knows: solutions replaced by stubs, tests whole, hidden ones included.

        Returns
        -------
        nbformat.NotebookNode
            A copy of its own for each call.
        """
        return copy.deepcopy(self._instructor(name))

    def reference_notebook(self, name: str) -> NotebookNode:
        """Make the instructor's notebook with the reference solutions in place."""
        notebook = self.instructor_notebook(name)
        solutions = {grade_id(cell): cell.source for cell in self._source(name).cells if grade_id(cell)}
        for cell in notebook.cells:
            if role(cell) in ("solution", "manual"):
                cell.source = solutions.get(grade_id(cell), cell.source)
        return notebook

    def solutions(self) -> list[str]:
        """List the code of the reference solutions: tests may be compared with what it gives."""
        notebooks = (self._source(name) for name in self.notebook_names)
        cells = [cell for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"]
        return [cell.source for cell in cells if role(cell) in ("solution", "manual")]

    @functools.cache  # noqa: B019
    def _made_release(self, name: str) -> NotebookNode:
        return self._run(
            self.instructor_notebook(name),
            name,
            [preprocessors.ClearHiddenTests, preprocessors.ClearMarkScheme, preprocessors.ComputeChecksums],
        )

    @functools.cache  # noqa: B019
    def _released(self, name: str) -> tuple[NotebookNode, str | None]:
        made = self._made_release(name)
        path = self.course.folder(self.course.directory.release_directory, ".", self.name) / f"{name}.ipynb"
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
                f"{path.name} in {self.course.directory.release_directory!r} has other questions than the source; the "
                "source counts. Run `nbgrader generate_assignment` again if students should get the new version."
            )
        return found, None

    def released_notebook(self, name: str) -> NotebookNode:
        """Read the notebook that students got, or make it from the source if it is not there.

        Returns
        -------
        nbformat.NotebookNode
            A copy of its own for each call.
        """
        return copy.deepcopy(self._released(name)[0])

    def warnings(self) -> list[str]:
        """List what an instructor should know about the assignment before it is graded."""
        return [note for name in self.notebook_names if (note := self._released(name)[1])]

    def given_files(self) -> dict[str, Path]:
        """List the files that students got beside the notebooks.

        Returns
        -------
        dict of str to pathlib.Path
            Relative POSIX name -> where it lies.
        """
        for step in (self.course.directory.release_directory, self.course.directory.source_directory):
            folder = self.course.folder(step, ".", self.name)
            if folder.is_dir():
                return {
                    path.relative_to(folder).as_posix(): path
                    for path in sorted(folder.rglob("*"))
                    if path.is_file() and path.suffix != ".ipynb" and not self.course.ignored(path, folder)
                }
        return {}

    def students_own_files(self) -> set[str]:
        """Names of given files that a student may replace (``Autograde.exclude_overwriting``)."""
        excluded = self.course.config.Autograde.get("exclude_overwriting") or {}
        return set(excluded.get(self.name, ()))

    def imports(self) -> list[str]:
        """Names of the modules that the assignment's own cells import, for a process to import them once for all."""
        found = set()
        for name in self.notebook_names:
            for cell in self._source(name).cells:
                if cell.cell_type == "code":
                    for package, names in _IMPORT.findall(cell.source):
                        found.add(package)
                        # `from package import a, b`: a and b may be modules; what is none does no harm.
                        parts = re.findall(r"[A-Za-z_]\w*", re.sub(r"\bas\s+\w+", "", names))
                        found.update(f"{package}.{part}" for part in parts)
        return sorted(found)

    def version(self) -> str:
        """A hash of everything of the instructor's that scores depend on."""
        digest = hashlib.sha256()
        for name in self.notebook_names:
            for notebook in (self._instructor(name), self._released(name)[0]):
                for cell in notebook.cells:
                    own = cell.metadata.get("nbgrader") or {}
                    key = [cell.cell_type, cell.source, sorted((k, str(v)) for k, v in own.items())]
                    digest.update(repr(key).encode("utf-8", "surrogatepass"))
        for name, path in self.given_files().items():
            digest.update(name.encode("utf-8", "surrogateescape") + path.read_bytes())
        return digest.hexdigest()


def _plain(name):
    """A name without case and punctuation."""
    return re.sub(r"[\W_]+", "", name).lower()
