"""What is known about each student after grading, and the notes on disk that make a stopped batch go on where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from nbgrader.utils import compute_checksum

from grading.files import safe_name, write_atomic
from grading.nbgrader.cells import role
from grading.nbgrader.course import CourseError

if TYPE_CHECKING:
    from grading.model import Outcome, Status
    from grading.nbgrader.assignment import Assignment

RECORD_VERSION = 4  # of the notes on disk; others are not used, so that what an older grader wrote is written anew
_ORDER = ("ok", "repaired", "partial", "ungradable")


@dataclass
class Result:
    """What is known about a student after grading: the row of the report.

    Attributes
    ----------
    student : str
    status : str
    score, points : float
        What the grader gave, and the most it could give (without cells that a person grades).
    seconds : float
    reasons : list of str
    questions : list of dict
        ``notebook`` and what :class:`grading.model.QuestionScore` has.
    manual : bool
        Whether a person has to grade something.
    submitted, version : str
        Fingerprints of what was handed in and of what it was graded by.
    """

    student: str
    status: Status
    score: float
    points: float
    seconds: float
    reasons: list[str] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    manual: bool = False
    submitted: str = ""
    version: str = ""


def summary(student: str, outcomes: Sequence[Outcome], submitted: str = "", version: str = "") -> Result:
    """Put the outcomes of a student's notebooks together."""
    several = len(outcomes) > 1
    questions = [{"notebook": outcome.name, **asdict(score)} for outcome in outcomes for score in outcome.scores]
    reasons = [f"{outcome.name}: {reason}" if several else reason for outcome in outcomes for reason in outcome.reasons]
    manual = any(outcome.waiting for outcome in outcomes) or any(
        outcome.status != "ungradable"
        and (role(cell) == "task" or role(cell) == "manual" and cell.metadata.nbgrader.get("checksum") != compute_checksum(cell))
        for outcome in outcomes
        for cell in outcome.notebook.cells
    )
    statuses = [outcome.status for outcome in outcomes]
    status = max(statuses, key=_ORDER.index)
    if status == "ungradable" and set(statuses) != {"ungradable"}:
        status = "partial"  # one of several notebooks is missing
    return Result(
        student,
        status,
        sum(score["score"] for score in questions),
        sum(score["points"] for score in questions),
        sum(outcome.seconds for outcome in outcomes),
        reasons,
        questions,
        manual,
        submitted,
        version,
    )


class Records:
    """Notes on disk about finished students: what makes a stopped batch go on where it was."""

    def __init__(self, assignment: Assignment) -> None:
        self._folder = assignment.reports_folder / "students"

    def _path(self, student):
        return self._folder / f"{safe_name(student)}.json"

    def read(self, student: str) -> Result | None:
        """Read what is known about a student, or None."""
        try:
            content = json.loads(self._path(student).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as problem:
            raise CourseError(
                f"{self._path(student)} is damaged ({problem}): delete it, and the student is graded again."
            ) from None
        if content.pop("record", None) != RECORD_VERSION:
            return None
        return Result(**content)

    def submitted(self, student: str) -> str | None:
        """Read what was handed in when a student was graded last, also by an older grader; None if that is not known."""
        try:
            return json.loads(self._path(student).read_text(encoding="utf-8")).get("submitted")
        except (FileNotFoundError, ValueError):
            return None

    def write(self, result: Result) -> None:
        """Note a finished student."""
        write_atomic(self._path(result.student), json.dumps({"record": RECORD_VERSION, **asdict(result)}, indent=1) + "\n", 0o600)

    def forget(self, student: str) -> None:
        """Remove what is known about a student."""
        self._path(student).unlink(missing_ok=True)
