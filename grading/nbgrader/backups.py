"""Copies of the gradebook, and whether it can be used at all."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nbgrader import api
from sqlalchemy.engine import make_url

from grading.files import safe_name
from grading.nbgrader.course import CourseError

if TYPE_CHECKING:
    from grading.nbgrader.assignment import Assignment
    from grading.nbgrader.course import Course

BACKUPS = 10  # of each assignment; older ones are deleted
PATIENCE = 60  # seconds to wait for another program that is writing


def database_file(db_url: str) -> Path | None:
    """Where a gradebook lies, or None where it is not a file."""
    url = make_url(db_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:") else None


def _folder(file):
    return file.parent / "gradebook-backups"


def _read_only(file):
    return contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=PATIENCE))


def back_up(assignment: Assignment) -> Path | None:
    """Copy the gradebook before something is written to it.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment

    Returns
    -------
    pathlib.Path or None
        The copy, ``gradebook-backups/gradebook-DATE-ASSIGNMENT.db`` beside the gradebook; None if there is no gradebook yet, or
        it is on a server and not in a file. The newest `BACKUPS` of each assignment are kept.
    """
    file = database_file(assignment.course.db_url)
    if file is None or not file.exists():
        return None
    folder = _folder(file)
    folder.mkdir(exist_ok=True)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    target = folder / f"{file.stem}-{stamp}-{safe_name(assignment.name)}.db"
    draft = target.with_suffix(".part")
    # SQLite's own copying: right even while formgrader is writing.
    with _read_only(file) as old, contextlib.closing(sqlite3.connect(draft)) as new:
        old.backup(new)
    os.replace(draft, target)
    name = re.compile(rf"{re.escape(file.stem)}-\d{{8}}-\d{{6}}(-\d{{6}})?-{re.escape(safe_name(assignment.name))}\.db")
    for old_one in sorted(one for one in folder.glob("*.db") if name.fullmatch(one.name))[:-BACKUPS]:
        old_one.unlink()
    return target


def examine(course: Course) -> None:
    """See whether the gradebook can be used.

    Raises
    ------
    CourseError
        If it is damaged, or an older nbgrader made it: what to do is another thing in each case.
    """
    file = database_file(course.db_url)
    if file is None or not file.exists() or not file.stat().st_size:
        return
    try:
        with _read_only(file) as book:
            found = book.execute("pragma quick_check(1)").fetchone()
            if found != ("ok",):
                raise sqlite3.DatabaseError(found[0] if found else "it has no content")
            columns = {
                table: {row[1] for row in book.execute(f'pragma table_info("{table}")')} for table in api.Base.metadata.tables
            }
    except sqlite3.OperationalError as problem:
        if "locked" in str(problem):
            return  # who writes waits, and says so
        raise CourseError(f"The gradebook {file} cannot be opened: {problem}.") from problem
    except sqlite3.DatabaseError as problem:
        copies = sorted(_folder(file).glob(f"{file.stem}-*.db"), key=lambda one: one.stat().st_mtime)
        way = (
            f"the newest copy is {copies[-1]}: move the damaged file away, and copy that one to its place"
            if copies
            else f"there is no copy in {_folder(file)}: move the file away, and a new gradebook is made"
        )
        what = " ".join(str(problem).split())
        raise CourseError(f"The gradebook {file} is damaged ({what}); {way}.") from problem
    lacking = sorted(
        f"{name}.{column.name}"
        for name, table in api.Base.metadata.tables.items()
        for column in table.columns
        if columns[name] and column.name not in columns[name]
    )
    if lacking:
        raise CourseError(
            f"The gradebook {file} was made by an older nbgrader (it has no {', '.join(lacking[:3])}): run `nbgrader db upgrade` "
            "in the course folder, which keeps a copy of it, and then this again."
        )
