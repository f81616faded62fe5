"""The graded notebooks, where nbgrader looks for them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from grading.files import safe_name, write_atomic
from grading.submissions.files import read
from grading.submissions.parse import NotANotebook

if TYPE_CHECKING:
    from grading.model import Outcome
    from grading.nbgrader.assignment import Assignment


def write_autograded(assignment: Assignment, student: str, outcomes: Iterable[Outcome]) -> None:
    """Write the graded notebooks and the files beside them where nbgrader looks for them.

    The folder appears whole: it is made beside the old one, and then takes its place.
    """
    target = assignment.autograded_folder(student)
    target.parent.mkdir(parents=True, exist_ok=True)
    shared = assignment.course.directory.groupshared
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{safe_name(assignment.name)}-"))
    try:
        os.chmod(draft, 0o2775 if shared else 0o755)
        mode = 0o664 if shared else 0o444
        folder, _ = assignment.submission(student)
        for outcome in outcomes:
            write_atomic(draft / f"{outcome.name}.ipynb", nbformat.writes(outcome.notebook, version=4) + "\n", mode)
            for name, path in outcome.shown.items():
                with contextlib.suppress(OSError, NotANotebook):  # it has gone, or was exchanged, since it was looked at
                    write_atomic(draft / name, read(path), mode)
        files = assignment.given_files()
        stamp = folder / "timestamp.txt" if folder else None
        if stamp is not None and stamp.is_file() and not stamp.is_symlink() and _own_and_short(stamp):
            files["timestamp.txt"] = stamp
        for name, path in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, draft / name)
            os.chmod(draft / name, mode)
        if target.exists():
            old = Path(tempfile.mkdtemp(dir=target.parent, prefix=".old-"))
            os.replace(target, old / "old")
            os.replace(draft, target)
            shutil.rmtree(old)
        else:
            os.replace(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _own_and_short(stamp):
    """Whether a file is short, and has no other name by which it may be somebody else's."""
    state = stamp.stat()
    return state.st_size < 1000 and state.st_nlink == 1


def tidy(assignment: Assignment) -> None:
    """Remove what a killed run left half written."""
    parent = assignment.autograded_folder("x").parent.parent
    for left in [*parent.glob(f"*/.{safe_name(assignment.name)}-*"), *parent.glob("*/.old-*")]:
        shutil.rmtree(left, ignore_errors=True)
    for draft in assignment.reports_folder.rglob(".new-*"):  # see `write_atomic`
        draft.unlink()
