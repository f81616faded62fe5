"""Grade a small class, so that an instructor sees submissions, grades, report and feedback before any real ones exist.

Run ``python -m pipeline.demo``. Everything lies in ``build/demo``, a complete nbgrader course folder of its own:
``nbgrader formgrader`` or any other nbgrader command works there, and ``grade`` as well.
"""

import csv
import os
import shutil
import subprocess
import sys

import nbformat

from pipeline import BUILD, ROOT, SOURCE, tool_environment
from pipeline.exercises import released_notebook
from pipeline.files import write_text
from pipeline.notebooks import to_text

DEMO = BUILD / "demo"

# Who is in the class: the share of the questions, from the first one on, that each has answered.
CLASS = {"ada": 1.0, "ben": 0.6, "cleo": 0.3, "dan": 0.0}


def submission(source, share):
    """What a student hands in who has answered the first questions only.

    Parameters
    ----------
    source : pathlib.Path
        ``solutions/weekNN_topic/topic.py``.
    share : float
        Of the questions answered, in 0..1; 0 hands in the exercise as it was released.

    Returns
    -------
    nbformat.NotebookNode
    """
    notebook = released_notebook(source)
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in nbformat.read(SOURCE / source.parent.name / f"{source.stem}.ipynb", as_version=4).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") in answers]
    for cell in cells[: round(share * len(cells))]:
        cell.source = answers[cell.metadata.nbgrader.grade_id]
    return notebook


def course_command(module, *arguments):
    """Run ``python -m MODULE ...`` in the demo's course folder, for nbgrader or grading; its log goes to ``build/demo/log.txt``.

    Raises
    ------
    SystemExit
        If the command fails: the end of its log is shown.
    """
    log = DEMO / "log.txt"
    with log.open("a", encoding="utf-8") as file:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], cwd=DEMO, env=tool_environment(), stdout=file, stderr=subprocess.STDOUT
        )
    if done.returncode != 0:
        last = "".join(log.read_text(encoding="utf-8").splitlines(keepends=True)[-15:])
        sys.exit(f"{module} {' '.join(arguments)} failed; the end of {log}:\n{last}")


def main():
    """Make the class, grade it, and print its grades."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(parents=True)
    settings = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    for repository_folder, demo_folder in (("build/source", "source"), ("exercises", "release")):
        settings = settings.replace(f'"{repository_folder}"', f'"{demo_folder}"')
    write_text(DEMO / "nbgrader_config.py", settings)
    source = sorted(ROOT.glob("solutions/week*/*.py"))[0]  # one assignment shows all there is to see, in a minute
    assignment = source.parent.name
    shutil.copytree(SOURCE / assignment, DEMO / "source" / assignment)
    for student, share in CLASS.items():
        write_text(DEMO / "submitted" / student / assignment / f"{source.stem}.ipynb", to_text(submission(source, share)))
    course_command("nbgrader", "generate_assignment", assignment)
    if hasattr(os, "fork"):
        # This class is made up of our own answers: it may be trusted where the system has no confinement.
        course_command("grading", "run", assignment, "--quiet", "--trust-students")
        course_command("grading", "feedback", assignment)
    else:  # Windows has neither confinement nor fork
        course_command("nbgrader", "autograde", assignment)
        course_command("nbgrader", "generate_feedback", assignment)
    course_command("nbgrader", "export", "--to", "grades.csv")
    with (DEMO / "grades.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["student_id"] in CLASS:
                print(f"  {row['assignment']}  {row['student_id']:<6}{float(row['score']):>5g} of {float(row['max_score']):g}")


if __name__ == "__main__":
    main()
