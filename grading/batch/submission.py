"""Grading the notebooks of one student."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from grading.batch.notebook import grade_notebook, ungradable
from grading.submissions.take_in import take_in

if TYPE_CHECKING:
    from _typeshed import StrPath

    from grading.checker.client import Checker
    from grading.model import Intake, Limits, Outcome
    from grading.nbgrader.assignment import Assignment
    from grading.sandbox.session import Session

    # A context manager that gives a student's process: of a folder, files and environment.
    Sessions = Callable[[StrPath | None, Mapping[str, StrPath], Mapping[str, str]], AbstractContextManager[Session]]
    # A context manager that gives a checker which has begun on the notebook of this name.
    Checkers = Callable[[str], AbstractContextManager[Checker]]

PASSED_ON = ("COURSE_BUDGET", "KERAS_BACKEND", "TZ", "LANG", "LC_ALL")  # settings that a notebook may need


def grade_student(assignment: Assignment, student: str, sessions: Sessions, checkers: Checkers, limits: Limits) -> list[Outcome]:
    """Grade every notebook of one student.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    student : str
    sessions : callable
        ``sessions(folder, files, env)`` is a context manager that gives a student's process.
    checkers : callable
        ``checkers(name)`` is a context manager that gives a checker ready to begin on a notebook of the assignment.
    limits : grading.model.Limits

    Returns
    -------
    list of grading.model.Outcome
    """
    outcomes = []
    for name in assignment.notebook_names:
        begin = time.monotonic()
        intake = take_in(assignment, student, name, limits=limits)
        if intake.problem:
            outcomes.append(ungradable(assignment, intake, time.monotonic() - begin))
            continue
        outcome = run_intake(assignment, intake, sessions, checkers, limits)
        outcome.seconds = time.monotonic() - begin
        outcomes.append(outcome)
    return outcomes


def run_intake(assignment: Assignment, intake: Intake, sessions: Sessions, checkers: Checkers, limits: Limits) -> Outcome:
    """Give a notebook its two processes, and grade it."""
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env["NBGRADER_EXECUTION"] = "autograde"  # as nbgrader sets it
    with sessions(None, intake.files, env) as session, checkers(intake.name) as checker:
        return grade_notebook(assignment, intake, session, checker, limits)
