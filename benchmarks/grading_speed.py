"""Measure grading side by side: `nbgrader autograde` and `grade run`, the same submissions, one run on one machine.

    python benchmarks/grading_speed.py            20 submissions of each assignment; exit status 1 if a promised ratio is missed
    python benchmarks/grading_speed.py --quick    3 submissions each; a smoke test that judges nothing but the scores

Two assignments: one with NumPy only, one that trains LeNet-5 in Keras. All submissions are right ones that differ in a
constant, so that both graders do the same computing (``--no-reference``: nbgrader does not grade the instructor's solution,
either). A shared machine changes its speed within minutes, so `grade run` is measured before and after nbgrader, and the mean
of the two counts. Writes build/bench/grading_speed.json and build/bench/grading_speed.md.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import mean

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
STUDENTS = 20
AT_LEAST = {"numpy": 3.0, "lenet": 6.0}  # times as fast as nbgrader

# (grade_id or None, points or None for a solution or a plain cell, source)
NUMPY = [
    (None, None, "import numpy as np"),
    (
        "distance",
        None,
        '''def distances(queries, rows):
    """L2 distances between all rows of two arrays."""
    ### BEGIN SOLUTION
    square = (queries**2).sum(1)[:, None] - 2 * queries @ rows.T + (rows**2).sum(1)
    return np.sqrt(np.maximum(square, 0))
    ### END SOLUTION''',
    ),
    (
        "distance_test",
        2,
        """rng = np.random.default_rng(0)
a, b = rng.normal(size=(5, 7)), rng.normal(size=(4, 7))
expected = np.linalg.norm(a[:, None] - b[None], axis=2)
assert np.allclose(distances(a, b), expected), "distances between all pairs"
### BEGIN HIDDEN TESTS
a = rng.normal(size=(1, 3))
assert np.allclose(distances(a, a), 0), "no distance to itself"
### END HIDDEN TESTS""",
    ),
    (
        "vote",
        None,
        '''def vote(labels, classes):
    """The most frequent label of each row; the smaller one of two."""
    ### BEGIN SOLUTION
    return np.array([np.bincount(row, minlength=classes).argmax() for row in labels])
    ### END SOLUTION''',
    ),
    (
        "vote_test",
        3,
        """labels = np.array([[1, 1, 2], [0, 2, 2], [2, 1, 0]])
assert vote(labels, 3).tolist() == [1, 2, 0], "majorities"
### BEGIN HIDDEN TESTS
assert vote(np.array([[9]]), 10).tolist() == [9], "one neighbour"
### END HIDDEN TESTS""",
    ),
]
LENET = [
    (
        "setup",
        0,
        """import keras
import numpy as np
from keras import layers

from helpers.data import load

keras.utils.set_random_seed(0)
digits = load("mnist", source="sample")
images, labels = digits.train.images / np.float32(255), digits.train.labels""",
    ),
    (
        "lenet",
        None,
        '''def lenet():
    """LeNet-5 for images of 28 x 28 x 1."""
    ### BEGIN SOLUTION
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(6, 5, padding="same", activation="tanh"), layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"), layers.AveragePooling2D(2), layers.Flatten(),
        layers.Dense(120, activation="tanh"), layers.Dense(84, activation="tanh"), layers.Dense(10, activation="softmax"),
    ])
    ### END SOLUTION''',
    ),
    (
        "lenet_test",
        3,
        """assert lenet().count_params() == 61_706, "LeNet-5 has 61,706 parameters"
### BEGIN HIDDEN TESTS
assert [tuple(layer.output.shape)[1:] for layer in lenet().layers][-1] == (10,), "ten classes"
### END HIDDEN TESTS""",
    ),
    (
        "train",
        None,
        '''def train(epochs):
    """The loss of each epoch, and the shares of right answers on the validation images."""
    ### BEGIN SOLUTION
    model = lenet()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(images, labels, epochs=epochs, batch_size=64, verbose=0)
    return history.history["loss"], history.history["accuracy"]
    ### END SOLUTION


losses, accuracies = train(2)''',
    ),
    (
        "train_test",
        4,
        """assert len(losses) == 2, "one loss for each epoch"
assert losses[-1] < losses[0], "the loss falls"
### BEGIN HIDDEN TESTS
assert 0 <= accuracies[-1] <= 1 and accuracies[-1] > 0.2, "better than guessing"
### END HIDDEN TESTS""",
    ),
]
ASSIGNMENTS = {"numpy": NUMPY, "lenet": LENET}
TITLES = {"numpy": "NumPy only", "lenet": "LeNet-5 in Keras"}


def notebook(cells):
    """The instructor's notebook."""
    made = new_notebook(
        cells=[new_markdown_cell("# An assignment")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    for name, points, source in cells:
        cell = new_code_cell(source)
        if name is not None:
            solution = points is None
            cell.metadata["nbgrader"] = {
                "grade_id": name,
                "schema_version": 3,
                "locked": not solution,
                "solution": solution,
                "grade": bool(points),
                "task": False,
                **({"points": points} if points else {}),
            }
        made.cells.append(cell)
    return made


def make_course(folder, students):
    """A course folder with both assignments released and handed in."""
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.Execute.timeout = 300\n")
    for name, cells in ASSIGNMENTS.items():
        source = folder / "source" / name / f"{name}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(notebook(cells), source)
        command(["nbgrader", "generate_assignment", name, "--create"], folder)
        released = nbformat.read(folder / "release" / name / f"{name}.ipynb", 4)
        answers = {grade_id: source for grade_id, points, source in cells if grade_id and points is None}
        for number in range(students):
            for cell in released.cells:
                grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
                if grade_id in answers:
                    cell.source = f"student = {number}\n{answers[grade_id]}"
            place = folder / "submitted" / f"student{number:02}" / name
            place.mkdir(parents=True)
            nbformat.write(released, place / f"{name}.ipynb")


def command(arguments, folder):
    """Run a command of this environment; wall-clock and processor seconds."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    program = [sys.executable, "-m", *arguments]
    done = subprocess.run(
        program,
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "COURSE_BUDGET": "ci"},
    )
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def scores(folder, assignment):
    """Every student's points in the gradebook, question by question."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        return {
            submission.student.id: {grade.name: grade.score for one in submission.notebooks for grade in one.grades}
            for submission in book.assignment_submissions(assignment)
        }


def measure(assignment, students):
    """Grade one assignment both ways, each in a fresh copy of the same course."""
    with tempfile.TemporaryDirectory(prefix="grading-bench-") as temporary:
        course = Path(temporary, "course")
        course.mkdir()
        make_course(course, students)
        plain, before, after = (Path(temporary, name) for name in ("plain", "before", "after"))
        for copy in (plain, before, after):
            shutil.copytree(course, copy)

        def ours(folder):
            return command(["grading", "run", assignment, "--course-dir", str(folder), "--no-reference", "--quiet"], ROOT)

        runs = {"grade": [ours(before)], "nbgrader": [command(["nbgrader", "autograde", assignment], plain)]}
        runs["grade"].append(ours(after))
        if scores(before, assignment) != scores(after, assignment):
            sys.exit(f"{TITLES[assignment]}: graded twice with different scores")
        return {
            "seconds": {way: mean(figures[0] for figures in runs[way]) for way in runs},
            "processor": {way: mean(figures[1] for figures in runs[way]) for way in runs},
            "runs": runs,
            "scores": {"nbgrader": scores(plain, assignment), "grade": scores(after, assignment)},
        }


def write_up(results, students):
    """The table, and what it misses of what is promised."""
    lines = [
        f"| {students} submissions | nbgrader autograde | grade run | times as fast | each: nbgrader | each: grade |",
        "|---|---|---|---|---|---|",
    ]
    missed = []
    for name, result in results.items():
        plain, ours = (result["seconds"][way] for way in ("nbgrader", "grade"))
        both = " and ".join(f"{seconds:.1f}" for seconds, _ in result["runs"]["grade"])
        lines.append(
            f"| {TITLES[name]} | {plain:.1f} s | {both} s | **{plain / ours:.1f}** | {plain / students:.2f} s "
            f"| {ours / students:.2f} s |"
        )
        if plain / ours < AT_LEAST[name]:
            missed.append(f"{TITLES[name]}: {plain / ours:.1f} times as fast; {AT_LEAST[name]:g} are promised")
        if result["scores"]["nbgrader"] != result["scores"]["grade"]:
            sys.exit(f"{TITLES[name]}: the scores differ: {result['scores']}")
        full = {grade_id: points for grade_id, points, _ in ASSIGNMENTS[name] if points}
        wrong = {
            student: got for student, got in result["scores"]["grade"].items() if {key: got.get(key) for key in full} != full
        }
        if wrong or len(result["scores"]["grade"]) != students:
            sys.exit(f"{TITLES[name]}: right answers that did not get all points: {wrong}")
    import keras
    import nbgrader
    import numpy

    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    lines += [
        "",
        f"{date.today()}, {len(os.sched_getaffinity(0))} cores ({platform.machine()}), load {load}, "
        f"Python {platform.python_version()}, nbgrader {nbgrader.__version__}, Keras {keras.__version__}, "
        f"NumPy {numpy.__version__}; the same scores both ways.",
    ]
    return "\n".join(lines), missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 submissions of each; the ratios are not judged")
    parser.add_argument("--only", choices=ASSIGNMENTS, help="one assignment")
    options = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by name
    students = 3 if options.quick else STUDENTS
    results = {name: measure(name, students) for name in ASSIGNMENTS if options.only in (None, name)}
    table, missed = write_up(results, students)
    print(table)
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grading_speed.md").write_text(table + "\n")
    (folder / "grading_speed.json").write_text(json.dumps(results, indent=1))
    if missed and not options.quick:
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main()
