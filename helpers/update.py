"""Bring your copy of the course up to date; nothing that you wrote is lost.

Without an argument it fetches the newest version: with git in a clone, else the archive of the newest release. It also takes an
archive for students that you have downloaded, or the address of one. Your own notebooks in ``work`` stay yours: a new version of
one that you have begun is put beside it, with your answers in it.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.course import archive, clone, folder, refresh, tree
from helpers.course.folder import Course, CourseError


def main(arguments: Sequence[str] | None = None) -> None:
    """Update, and say what has changed."""
    parser = argparse.ArgumentParser(
        prog="python -m helpers.update", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", nargs="?", metavar="FILE.zip|ADDRESS", help="an archive for students")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--only-work", action="store_true", help="fetch nothing: after `git pull`, only look after the folder work")
    what.add_argument("--take", metavar="NOTEBOOK", help="go on with the new version that lies beside a notebook of yours")
    options = parser.parse_args(arguments)
    try:
        course = folder.find()
        with course.alone():
            if options.take:
                own, old = refresh.take(course, options.take)
                print(f"{own.relative_to(course.root)} is now the new version. Yours is kept as {old.name}.")
                return
            changes = None if options.only_work else _updated(course, options.source)
            if changes:
                tell_changes(course, changes)
            tell_outcomes(course, refresh.refresh(course))
        tell_environment(course, changes)
    except (CourseError, OSError) as error:
        sys.exit(f"{error}")


def _updated(course: Course, source: str | None) -> tree.Changes:
    """The course's own files, brought up to date."""
    by_git = clone.is_clone(course)
    if by_git and source and not (course.root / archive.MANIFEST).exists():
        raise CourseError("This copy of the course came by git, so it takes no archive. Run `python -m helpers.update` alone.")
    return clone.update(course) if by_git and not source else archive.update(course, source)


def tell_changes(course: Course, changes: tree.Changes) -> None:
    """Print what an update has changed in the course's own files.

    Parameters
    ----------
    course : Course
    changes : Changes
    """
    if not changes.files:
        print(f"The course is up to date (version {changes.after}).")
    elif changes.before == changes.after:
        print(f"The course has been brought up to date (version {changes.after}).")
    else:
        print(f"The course is now version {changes.after}; it was {changes.before}.")
    notebooks = [name for name in changes.files if tree.is_notebook(name) and name not in changes.set_up]
    if notebooks:
        print("Notebooks that are new or have changed:")
        for name in notebooks:
            print(f"  {name}{'' if (course.root / name).exists() else ' (no longer part of the course)'}")
    if changes.set_up:
        print(f"Notebooks in which only the set-up cell has changed: {len(changes.set_up)}.")
    if others := len(changes.files) - len(notebooks) - len(changes.set_up):
        print(f"Other files that have changed: {others}.")
    for name, kept in changes.kept.items():
        print(f"You had changed {name}: your version is kept as {kept.relative_to(course.root)}.")


def tell_outcomes(course: Course, outcomes: list[refresh.Outcome]) -> None:
    """Print what has become of the student's own notebooks.

    Parameters
    ----------
    course : Course
    outcomes : list of Outcome
    """
    python = os.path.relpath(sys.executable, course.root)
    python = sys.executable if python.startswith("..") else python
    if replaced := sum(outcome.what == "replaced" for outcome in outcomes):
        print(f"Notebooks in {folder.WORK} that you had not begun, and that are now the new version: {replaced}.")
    for outcome in outcomes:
        own = Path(folder.WORK, outcome.name)
        if outcome.what == "gone":
            print(f"{own}: no longer part of the course; yours stays.")
        elif outcome.new is not None:
            state = "you have begun that one, too" if outcome.what == "waiting" else "yours stays as it is"
            print(f"{own}: the new version is beside it, as {outcome.new.name}; {state}.")
            if outcome.set_up:
                print("  Only the set-up cell has changed.")
            for line in carried_lines(outcome):
                print(f"  {line}")
            print(f"  To go on with the new one (yours is kept): {python} -m helpers.update --take {outcome.name}")


def carried_lines(outcome: refresh.Outcome) -> list[str]:
    """What was carried into the new version of a notebook, and what could not be.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    list of str
    """
    report = outcome.report
    if report is None:
        return [] if outcome.what == "waiting" else ["Yours cannot be read as a notebook, so nothing was carried over."]
    lines = []
    if report.carried:
        lines.append(f"Your answers are in it: {', '.join(report.carried)}.")
    if report.own:
        lines.append(f"{report.own} cell{'s' if report.own > 1 else ''} of your own {'are' if report.own > 1 else 'is'} in it.")
    if report.changed:
        lines.append(f"These questions have changed, so read them again: {', '.join(report.changed)}.")
    if report.beside:
        names = ", ".join(report.beside)
        lines.append(
            f"Not carried, because what is to be filled in has changed: {names}. Your answer stands above each, as text."
        )
    if report.gone:
        lines.append(f"Not carried, because the question is gone: {', '.join(report.gone)}.")
    for line in report.edits:
        lines.append(
            f"Both you and the course have changed the cell that begins {line!r}: your version stands below it, as text."
        )
    return lines


def tell_environment(course: Course, changes: tree.Changes | None) -> None:
    """Say so if the packages of the environment are no longer those that the course is tested with.

    Parameters
    ----------
    course : Course
    changes : Changes or None
    """
    if (course.root / ".venv").exists():
        subprocess.run([sys.executable, "-m", "pipeline.environment", "--student", "--check"], cwd=course.root)
    elif changes and "constraints.txt" in changes.files:
        print("The versions of packages have changed. With conda, run: conda env update --file environment.yml")


if __name__ == "__main__":
    main()
