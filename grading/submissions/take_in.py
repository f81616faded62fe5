"""Taking a submission in: whatever was handed in, rebuilt on the notebook that was released.

Only a student's answers and own cells are carried over. What the notebook says about points, tests and locks is never
believed; it is compared with the release, and a difference is reported. Nothing in the ``submitted`` folder is changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grading.model import Intake, Limits
from grading.sanitise.markup import PICTURES
from grading.submissions.files import NOTEBOOK, for_people, look, notebooks_among, rank, read, stage
from grading.submissions.match import shown
from grading.submissions.parse import NotANotebook, parse
from grading.submissions.rebuild import rebuild

if TYPE_CHECKING:
    from grading.nbgrader.assignment import Assignment


def take_in(assignment: Assignment, student: str, name: str | None = None, *, limits: Limits | None = None) -> Intake:
    """Take one notebook of a submission in.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    student : str
        The student's is the name of the folder.
    name : str, optional
        Which notebook of the assignment; may be left out where there is one only.
    limits : grading.model.Limits, optional
        How large the files may be that are staged beside the notebook.

    Returns
    -------
    grading.model.Intake
        Never raises for anything that a student did.
    """
    limits = limits or Limits()
    names = assignment.notebook_names
    name = name or names[0]
    released = assignment.released_notebook(name)
    instructor = assignment.instructor_notebook(name)
    empty = rebuild(released, list(released.cells))
    intake = Intake(assignment.course.student_id(student), empty.notebook, name=name)
    given = assignment.given_files()
    intake.files.update(given)
    folder, note = assignment.submission(student)
    if folder is None:
        intake.problem = "Nothing was handed in."
        return intake
    if folder.is_symlink() or folder.parent.is_symlink():
        intake.problem = "The submission's folder is a symbolic link, which is refused: put the files themselves there."
        return intake
    if note:
        intake.repairs.append(note)
    beside = folder.name == student and assignment.name not in folder.name
    files = look(folder, beside, intake.repairs)
    if beside:
        # Without a folder of its own only the notebook is this assignment's for certain.
        files = {key: path for key, path in files.items() if key.lower().endswith(".ipynb")}
    notebooks = notebooks_among({key: path for key, path in files.items() if key not in intake.files})
    others = {key: path for key, path in files.items() if key not in notebooks}
    stage(assignment, folder, others, intake, limits)
    own = {key: path for key, path in intake.files.items() if given.get(key) != path}
    intake.shown = {key: path for key, path in for_people(own, intake.repairs).items() if key not in given or key in own}
    pictures = [key for key in intake.shown if Path(key).suffix.lower() in PICTURES]

    siblings = set(names) - {name}
    candidates = [key for key in notebooks if NOTEBOOK.sub("", Path(key).name) not in siblings]
    if beside:
        candidates = [key for key in candidates if key.lower() == f"{name}.ipynb".lower()]
    candidates.sort(key=lambda key: (rank(key, name), key.count("/"), key))
    if not candidates:
        there = [shown(key) for key in sorted(files)]
        what = f"; there is only {', '.join(there[:5])}{', ...' * (len(there) > 5)}" if there else ": the folder is empty"
        intake.problem = f"No notebook was handed in{what}."
        return intake

    failures, best = [], None
    for key in candidates[:20]:
        try:
            raw, notes, whole = parse(read(files[key]))
            made = rebuild(
                released,
                raw,
                instructor=instructor,
                whole=whole,
                files=own,
                beside={*given, *intake.shown},
                pictures=pictures,
            )
        except NotANotebook as problem:
            failures.append(f"{shown(key)} is not usable: {problem}.")
            continue
        except OSError as problem:
            failures.append(f"{shown(key)} cannot be read: {problem.strerror}.")
            continue
        if best is None or (best[1].answered == 0 and made.answered > 0):
            best = key, made, notes
        if made.answered:
            break
    if best is None:
        intake.problem = " ".join(failures)
        return intake
    key, made, notes = best
    intake.notebook, intake.waiting = made.notebook, made.waiting
    if len(candidates) > 1:
        intake.repairs.append(f"{len(candidates)} notebooks were handed in; {shown(key)} was graded.")
    elif key != f"{name}.ipynb":
        intake.repairs.append(f"The notebook was handed in as {shown(key)}, not {name}.ipynb.")
    intake.repairs += [*failures, *notes, *made.notes]
    return intake
