"""nbgrader itself grades every exercise as the gate does.

A file of its own: nbgrader starts a kernel for each submission, and this can run beside the gate.
"""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from gate import graded_cells, with_answer, wrong_answers

from pipeline.exercises import instructor_notebook, released_notebook


def test_nbgrader_agrees(source, instructor, released, executor, tmp_path):
    """One batch of nbgrader's own: a full, an empty and a wrong submission, cell by cell."""
    wrong = wrong_answers(source)
    question = list(wrong)[-1]
    answer = next(iter(wrong[question].values()))[0]
    answers = {cell.name: cell.source for cell in instructor(source) if cell.role == "solution"}
    submissions = {"full": answers, "empty": {}, "wrong": {**answers, question: answer}}

    assignment = source.parent.name
    folder = tmp_path / "source" / assignment
    folder.mkdir(parents=True)
    nbformat.write(instructor_notebook(source), folder / f"{source.stem}.ipynb")
    for student, own in submissions.items():
        notebook = released_notebook(source)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = own.get(name, cell.source)
        folder = tmp_path / "submitted" / student / assignment
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{source.stem}.ipynb")

    _nbgrader(tmp_path, "generate_assignment", assignment)
    _nbgrader(tmp_path, "autograde", assignment)

    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        for student, own in submissions.items():
            notebook = gradebook.find_submission_notebook(source.stem, assignment, student)
            scores = {grade.name: grade.score for grade in notebook.grades if grade.cell.cell_type == "code"}
            cells = released(source) if not own else instructor(source)
            if student == "wrong":
                cells = with_answer(cells, question, answer)
            expected = {name: outcome.score for name, outcome in graded_cells(executor.run(cells, free=False)).items()}
            assert scores == expected, student
        total = sum(cell.points for cell in instructor(source))
        assert gradebook.find_submission(assignment, "full").score == total
        assert gradebook.find_submission(assignment, "empty").score == 0


def _nbgrader(folder, *arguments):
    """Run an nbgrader command in a course folder, away from the user's own settings."""
    private = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR")}
    # nbgrader calls `alembic` by name: find the one that belongs to this Python, activated or not.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, **private, "PATH": path, "OMP_NUM_THREADS": "1", "COURSE_BUDGET": "ci"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
