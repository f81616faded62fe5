"""The student's own folder: copies of the course's notebooks, made once and never written over."""

import re

from helpers.course import notebook
from helpers.course.folder import Course, CourseError


def chosen_weeks(course: Course, names: list[str]) -> list[str]:
    """The folders of the weeks that somebody names.

    Parameters
    ----------
    course : Course
    names : list of str
        Each a week's folder or the beginning of it, or its number: ``week01_knn``, ``week01``, ``1``. None: all weeks.

    Returns
    -------
    list of str

    Raises
    ------
    CourseError
        If there is no such week.
    """
    weeks = sorted({name.split("/")[0] for name in course.notebooks()})
    found = []
    for name in names:
        number = re.fullmatch(r"(?:week)?0*(\d+)", name)
        beginning = f"week{int(number[1]):02}" if number else name.rstrip("/\\")
        fitting = [week for week in weeks if week == beginning or week.startswith(f"{beginning}_")]
        if not fitting:
            raise CourseError(f"There is no week {name!r}. There are: {', '.join(weeks)}.")
        found += fitting
    return list(dict.fromkeys(found)) or weeks


def copy_weeks(course: Course, weeks: list[str]) -> list[str]:
    """Copy the notebooks of weeks into the student's folder, and those that their links lead to.

    A copy that is there stays as it is, whatever has become of it.

    Parameters
    ----------
    course : Course
    weeks : list of str
        Names of their folders.

    Returns
    -------
    list of str
        The notebooks that were copied, as ``week01_knn/01_images.ipynb``.
    """
    there = course.notebooks()
    waiting, done, copied = [name for name in there if name.split("/")[0] in weeks], set(), []
    while waiting:
        name = waiting.pop(0)
        if name in done or name not in there:
            continue
        done.add(name)
        data = there[name].read_bytes()
        remember(course, data)
        if notebook.create(course.work / name, data, course.drafts):
            copied.append(name)
        waiting += linked(name, data)
    return sorted(copied)


def linked(name: str, data: bytes) -> list[str]:
    """The notebooks that the text of one links to, by the names of their copies."""
    text = "\n".join("".join(cell["source"]) for cell in (notebook.parse(data) or {"cells": []})["cells"])
    week = name.split("/")[0]
    return [
        target.removeprefix("../") if target.startswith("../") else f"{week}/{target}"
        for target in re.findall(r"\]\(((?:\.\./)?[\w./-]+\.ipynb)(?:#[^)]*)?\)", text)
    ]


def remember(course: Course, data: bytes) -> None:
    """Keep the course's version of a notebook, to tell later what a student has changed in the copy of it.

    Parameters
    ----------
    course : Course
    data : bytes
        The notebook's file; nothing is kept of one in which somebody has already worked.
    """
    checksum = notebook.seal(notebook.parse(data))
    if checksum and notebook.is_as_generated(data):
        notebook.create(_record(course, checksum), data, course.drafts)


def base_of(course: Course, mine: notebook.Notebook) -> notebook.Notebook | None:
    """The course's version that a student's notebook was made from, or None where it is not known.

    Parameters
    ----------
    course : Course
    mine : dict
        The student's notebook.
    """
    checksum = str(notebook.seal(mine))
    if not re.fullmatch(r"[0-9a-f]{64}", checksum) or not _record(course, checksum).is_file():
        return None
    return notebook.parse(_record(course, checksum).read_bytes())


def _record(course, checksum):
    return course.records / f"{checksum}.ipynb"
