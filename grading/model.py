"""The plain data that the parts of the grader hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # importing it takes a second, and the processes that run cells never see a notebook
    from nbformat import NotebookNode

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

CellStatus = Literal["ok", "error", "timeout", "killed", "skipped"]
Status = Literal["ok", "repaired", "partial", "ungradable"]


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    cell_timeout : float
        Seconds for one cell.
    total_timeout : float
        Seconds for the whole notebook.
    memory : int
        Bytes of memory of the student's process.
    output : int
        Bytes of output that are kept of one cell; the rest is cut.
    processes : int
        Processes and threads at one time.
    disk : int
        Bytes that may lie in the submission's folder.
    file : int
        Bytes that one file may have.

    Examples
    --------
    >>> Limits(cell_timeout=10).memory == 4 * GIB
    True
    """

    cell_timeout: float = 60
    total_timeout: float = 600
    memory: int = 4 * GIB
    output: int = 1 * MIB
    processes: int = 200
    disk: int = 256 * MIB
    file: int = 64 * MIB


@dataclass
class Intake:
    """A submission as the grader took it in.

    Attributes
    ----------
    student : str
        The student's id, which is the name of the folder.
    notebook : nbformat.NotebookNode
        Rebuilt on the released notebook: its nbgrader metadata and its locked cells, the student's answers and own cells.
        Where ``problem`` says that nothing was usable, it is the exercise as released.
    files : dict of str to pathlib.Path
        Other files handed in that may be staged: relative POSIX name -> where it lies.
    refused : list of str
        Names of files of code beside the notebook, which are not run.
    repairs : list of str
        What was put right, one sentence each.
    problem : str or None
        Why nothing could be graded at all; None if something could.
    name : str
        Which notebook of the assignment, without ``.ipynb``.
    shown : dict of str to pathlib.Path
        Those of the student's own files that the person who grades gets to see.
    waiting : set of str
        Hand-graded answers that a person has to look for, because their cells are missing or untouched.
    """

    student: str
    notebook: NotebookNode
    files: dict[str, Path] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    problem: str | None = None
    name: str = ""
    shown: dict[str, Path] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)


@dataclass
class CellResult:
    """What running one cell in a student's process came to.

    Attributes
    ----------
    index : int
        Position of the cell in the notebook.
    status : str
        ``ok``, ``error`` (an exception), ``timeout`` (interrupted), ``killed`` (the process had to be or was ended) or
        ``skipped`` (not run).
    error : tuple of (str, str, str) or None
        Type, message and traceback text of the exception.
    outputs : list
        nbformat outputs, cut to the limit.
    seconds : float
        Wall-clock time.
    """

    index: int
    status: CellStatus
    error: tuple[str, str, str] | None = None
    outputs: list[NotebookNode] = field(default_factory=list)
    seconds: float = 0.0


def not_passed(score: float, points: float, message: str | None) -> bool:
    """Whether a check found something wrong: a check that is worth nothing can only say so by its message.

    Examples
    --------
    >>> not_passed(0, 0, "wrong"), not_passed(0, 0, None), not_passed(1, 2, None)
    (True, False, True)
    """
    return score < points or (points == 0 and bool(message))


@dataclass(frozen=True)
class Cause:
    """Why points were lost, where the reason is not a wrong answer.

    Attributes
    ----------
    kind : str
        In a few words, the same for all students to whom it happened.
    cell : int or None
        Where in the notebook it happened, if in one cell.
    what : str
        What happened, one sentence or two.
    todo : str
        What to do about it.
    told : bool
        Whether the student may know.
    """

    kind: str
    cell: int | None
    what: str
    todo: str
    told: bool = True


@dataclass
class QuestionScore:
    """The points of one graded cell.

    Attributes
    ----------
    grade_id : str
        nbgrader's name of the cell.
    points : float
        What it is worth.
    score : float
        What was given, in [0, points].
    message : str or None
        Why points were lost: what the check said.
    hidden : bool
        Whether the message came from a hidden test, and must not be shown to the student.
    hint : str or None
        What of such a message a student may be told.
    cause : Cause or None
        What went wrong before the test.
    """

    grade_id: str
    points: float
    score: float
    message: str | None = None
    hidden: bool = False
    hint: str | None = None
    cause: Cause | None = None


@dataclass
class Outcome:
    """A graded submission.

    Attributes
    ----------
    student : str
        The student's id.
    status : str
        ``ok``, ``repaired`` (intake put something right), ``partial`` (some cells could not be run to their end) or
        ``ungradable`` (nothing usable was handed in).
    scores : list of QuestionScore
        One for each autograded cell.
    notebook : nbformat.NotebookNode
        Executed, for the ``autograded`` folder.
    reasons : list of str
        What the instructor should know, one sentence each.
    seconds : float
        Wall-clock time.
    name : str
        Which notebook of the assignment, without ``.ipynb``.
    shown : dict of str to pathlib.Path
        As in :class:`Intake`: what is copied beside the notebook.
    waiting : set of str
        As in :class:`Intake`: these wait for a person, though their cells are as they were released.
    """

    student: str
    status: Status
    scores: list[QuestionScore]
    notebook: NotebookNode
    reasons: list[str] = field(default_factory=list)
    seconds: float = 0.0
    name: str = ""
    shown: dict[str, Path] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
