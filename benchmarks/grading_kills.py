"""Kill `grade run` again and again at random moments, and look whether anything is lost.

    python benchmarks/grading_kills.py               20 kills; exit status 1 if anything is lost or differs
    python benchmarks/grading_kills.py --kills 5     fewer
    python benchmarks/grading_kills.py --seed 7      other moments

A class of 12 with different scores is graded once, undisturbed. Then the batch is begun anew (`--force`) for every kill and
ended with SIGKILL, which no program can answer, after a random time. After each kill the gradebook must be sound and hold for
every student the full result, no half of one, and every autograded notebook must be readable. At the end one run without
`--force` finishes what is left, and all scores must be those of the undisturbed run. No process may be left over.
Writes build/bench/grading_kills.md.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import nbformat

from grading.nbgrader.cells import grade_id
from grading.nbgrader.course import Course
from grading.sandbox.forkserver_client import processors

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT, NAME = "week01_knn", "knn"
SOURCE = ROOT / "build" / "source" / ASSIGNMENT / f"{NAME}.ipynb"
STUDENTS = 12
PATIENCE = 30  # seconds that the processes of a killed grader have to notice


def make_course(folder):
    """A course whose students have answered 0, 1, 2 ... questions, so that their scores differ."""
    if not SOURCE.exists():
        sys.exit(f"{SOURCE} is missing: run `doit notebooks` first")
    source = nbformat.read(SOURCE, as_version=4)
    (folder / "source" / ASSIGNMENT).mkdir(parents=True)
    nbformat.write(source, folder / "source" / ASSIGNMENT / f"{NAME}.ipynb")
    answers = {grade_id(cell): cell.source for cell in source.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    for number in range(STUDENTS):
        notebook = Course.open(folder).assignment(ASSIGNMENT).released_notebook(NAME)
        cells = [cell for cell in notebook.cells if grade_id(cell) in answers]
        for cell in cells[: number * len(cells) // (STUDENTS - 1)]:
            cell.source = answers[grade_id(cell)]
        path = folder / "submitted" / f"student{number:02}" / ASSIGNMENT / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def start(folder, *options):
    """Begin to grade, in a process group of its own."""
    command = [sys.executable, "-m", "grading", "run", ASSIGNMENT, "--quiet", "--course-dir", str(folder), *options]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        env={**os.environ, "COURSE_BUDGET": "ci"},
    )


def scores(folder):
    """Every student's points, question by question, as the gradebook has them."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        return {
            submission.student.id: {grade.name: grade.auto_score for one in submission.notebooks for grade in one.grades}
            for submission in book.assignment_submissions(ASSIGNMENT)
        }


def inspect(folder, expected):
    """What is wrong after a kill: a list of sentences."""
    wrong = []
    with sqlite3.connect(folder / "gradebook.db") as database:
        verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        wrong.append(f"the gradebook is damaged: {verdict}")
    found = scores(folder)
    for student, points in expected.items():
        if found.get(student) != points:
            wrong.append(f"{student}: {found.get(student)} instead of {points}")
        path = folder / "autograded" / student / ASSIGNMENT / f"{NAME}.ipynb"
        try:
            nbformat.validate(nbformat.read(path, as_version=4))
        except FileNotFoundError:
            if list((folder / "autograded" / student).glob(f".old-*/old/{NAME}.ipynb")):
                continue  # between the two renames of its replacement; the next run grades that student again
            wrong.append(f"{student}: no autograded notebook")
        except Exception as problem:
            wrong.append(f"{student}: the autograded notebook cannot be read: {problem}")
    return wrong


def left_over(marker):
    """Processes that still know the course's folder or were started by a killed grader, by their command line."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                where = os.readlink(process / "cwd")
            except OSError:
                continue
            if marker in command or marker in where:
                found.append(f"{process.name}: {command[:100]}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="grading-kills-") as temporary:
        # Graders put their own folders into the temporary one: so what they leave can be seen.
        os.environ["TMPDIR"] = str(Path(temporary, "tmp"))
        Path(temporary, "tmp").mkdir()
        folder = Path(temporary, "course")
        make_course(folder)
        begin = time.monotonic()
        first = start(folder)
        told = first.communicate()[0]
        whole = time.monotonic() - begin
        if first.returncode:
            sys.exit(f"the undisturbed batch failed:\n{told}")
        expected = scores(folder)
        wrong, killed, late = [], 0, 0
        while killed < options.kills:
            grader = start(folder, "--force")
            moment = moments.uniform(0.05, 1) * whole
            try:
                grader.communicate(timeout=moment)
                late += 1  # it was done before
            except subprocess.TimeoutExpired:
                os.kill(grader.pid, signal.SIGKILL)
                grader.communicate()
                killed += 1
                print(f"kill {killed:2} after {moment:5.2f} s", end="", flush=True)
                new = inspect(folder, expected)
                print(f": {'; '.join(new) or 'all results there'}", flush=True)
                wrong += new
        end = time.monotonic() + PATIENCE
        while left_over(temporary) and time.monotonic() < end:
            time.sleep(0.2)
        wrong += [f"a process was left over: {one}" for one in left_over(temporary)]
        last = start(folder)
        told = last.communicate()[0]
        if last.returncode:
            wrong.append(f"the batch could not be finished: {told}")
        wrong += inspect(folder, expected)
        rest = sorted(path.name for path in Path(temporary, "tmp").iterdir())
        shutil.rmtree(Path(temporary, "tmp"))
    verdict = (
        f"{killed} kills with SIGKILL at random moments of a batch of {STUDENTS} that takes {whole:.1f} s undisturbed "
        f"(seed {options.seed}; {late} more runs were done before their moment came): "
        f"{len(wrong)} results lost or changed. Folders left in the temporary directory: {len(rest)}.\n\n"
        f"{date.today()}, {processors()} cores."
    )
    print("\n" + verdict)
    place = ROOT / "build" / "bench" / "grading_kills.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(verdict + "\n", encoding="utf-8")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
