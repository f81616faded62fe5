"""The student's own notebooks after the course has changed: what was not begun is replaced, what was begun stays."""

import os
from dataclasses import dataclass
from pathlib import Path

from helpers.course import notebook, work
from helpers.course.carry import Report, carry
from helpers.course.folder import Course, CourseError, is_aside

CARRIED = "course_carried"  # of a notebook's metadata: the checksum of the cells that were written, to see later work in it


@dataclass
class Outcome:
    """What became of one notebook of the student's.

    Attributes
    ----------
    name : str
        As ``week01_knn/knn.ipynb``.
    what : str
        ``"replaced"``: it had not been begun. ``"beside"``: it stays, and the new version lies beside it. ``"waiting"``: the new
        version lies there since an earlier update, and the student has worked in it. ``"gone"``: the course has no such notebook
        any more.
    new : pathlib.Path, optional
        The new version beside it.
    report : Report, optional
        What was carried into the new version; None where the student's file could not be read as a notebook.
    set_up : bool
        Whether the course has changed nothing but the set-up.
    """

    name: str
    what: str
    new: Path | None = None
    report: Report | None = None
    set_up: bool = False


def refresh(course: Course) -> list[Outcome]:
    """Bring the student's own folder up to date with the course's notebooks as they lie in its folder.

    Notebooks that the course has not changed are left alone, and so are those that the student has not copied yet.

    Parameters
    ----------
    course : Course

    Returns
    -------
    list of Outcome
        One for each notebook about which there is something to say.
    """
    outcomes = []
    notebooks = course.notebooks()
    for name, path in notebooks.items():
        if (course.work / name).is_file():
            outcomes.append(_refresh_one(course, name, path.read_bytes()))
    for path in sorted(course.work.glob("week*/*.ipynb")):
        name = path.relative_to(course.work).as_posix()
        if name not in notebooks and not is_aside(path) and notebook.seal(notebook.parse(path.read_bytes())):
            outcomes.append(Outcome(name, "gone"))
    return [outcome for outcome in outcomes if outcome is not None]


def _refresh_one(course: Course, name: str, data: bytes) -> Outcome | None:
    new = notebook.parse(data)
    if new is None:
        raise CourseError(f"The course's version of {name} cannot be read as a notebook. Yours stays as it is.")
    own = course.work / name
    own_data = own.read_bytes()
    mine = notebook.parse(own_data)
    work.remember(course, data)
    if mine is not None and (notebook.seal(mine) == notebook.seal(new) or notebook.same_cells(mine, new)):
        return None
    base = work.base_of(course, mine) if mine else None
    if notebook.is_as_generated(own_data) or notebook.same_cells(mine, base):
        notebook.replace(own, data, course.drafts)
        return Outcome(name, "replaced")
    content, report = carry(base, mine, new) if mine else (new, None)
    content["metadata"] = {**new["metadata"], CARRIED: notebook.digest(content)}
    outcome = _put_beside(course, name, content, report)
    outcome.set_up = notebook.differs_in_set_up_only(base, new)
    return outcome


def _put_beside(course: Course, name: str, content: notebook.Notebook, report: Report | None) -> Outcome:
    """Write the new version beside the student's, over an earlier one in which nobody has worked."""
    data = notebook.to_text(content).encode()
    for path in notebook.names_beside(course.work / name, "new"):
        there = notebook.parse(path.read_bytes()) if path.is_file() else None
        if there and _is_as_written(there):
            notebook.replace(path, data, course.drafts)
        elif there and notebook.seal(there) == notebook.seal(content):
            return Outcome(name, "waiting", path)
        elif not notebook.create(path, data, course.drafts):
            continue
        return Outcome(name, "beside", path, report)
    raise AssertionError("there is always another name")


def _is_as_written(there: notebook.Notebook) -> bool:
    return there["metadata"].get(CARRIED) == notebook.digest(there)


def take(course: Course, name: str) -> tuple[Path, Path]:
    """Put the new version of a notebook in the place of the student's, which is kept under another name.

    Parameters
    ----------
    course : Course
    name : str
        As ``week01_knn/knn.ipynb``; without the ending, or without the folder where that is enough, as well.

    Returns
    -------
    own, old : pathlib.Path
        The notebook that is now the new version, and where the student's is kept.

    Raises
    ------
    CourseError
        If nothing new lies beside a notebook of that name.
    """
    waiting = {}
    for own_name, course_path in course.notebooks().items():
        newest = notebook.seal(notebook.parse(course_path.read_bytes()))
        for path in sorted((course.work / own_name).parent.glob(f"{course_path.stem}.new*.ipynb")):
            if is_aside(path) and notebook.seal(notebook.parse(path.read_bytes())) == newest:
                waiting[course.work / own_name] = path
    wanted = name.replace("\\", "/").removeprefix("work/").removesuffix(".ipynb").removesuffix(".new")
    fitting = [own for own in waiting if wanted in (own.stem, own.relative_to(course.work).with_suffix("").as_posix())]
    if len(fitting) != 1:
        names = ", ".join(sorted(own.relative_to(course.work).as_posix() for own in waiting)) or "nothing"
        raise CourseError(f"No new version waits beside {name!r}. One waits beside: {names}.")
    (own,) = fitting
    old = own
    if own.is_file():
        old = notebook.keep(own, own.read_bytes(), course.drafts, "old")
    os.replace(waiting[own], own)
    return own, old
