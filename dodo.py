"""The build graph: what is made from what. ``doit list`` shows it, ``doit`` brings everything up to date.

    lectures/*.py ──notebooks──> lectures/*.ipynb ──execute──> build/executed ──┐
    solutions/*.py ─notebooks──> exercises/*.ipynb ─────────────────────────────┴─book──> build/book ──release──> build/release

A step runs again only if the content of something it is made from has changed. The steps themselves are in ``pipeline/``.
"""

import os
import sys
from pathlib import Path

from doit.tools import config_changed

from helpers import budget
from pipeline import BUILD, EXECUTED, ROOT, in_repository

os.environ.setdefault("COURSE_BUDGET", "ci")  # a first build takes minutes; COURSE_BUDGET=cpu computes the full figures

DOIT_CONFIG = {
    "default_tasks": ["notebooks", "data", "execute", "demo", "book", "where"],
    "dep_file": str(ROOT / ".doit.db"),
    "backend": "json",
    "verbosity": 2,
}

LECTURES = sorted(ROOT.glob("lectures/week*/*.py"))
SOLUTIONS = sorted(ROOT.glob("solutions/week*/*.py"))
DATA_SETS = ("cifar10", "mnist", "fashion_mnist", "cats_dogs", "groceries")  # `python -m helpers.data list` tells more
WEIGHTS = ("mobilenetv2",)  # of networks trained on ImageNet; `python -m helpers.pretrained list` tells more


def python(*arguments):
    """The command that runs a module or script of the course in its own environment."""
    return [sys.executable, *map(str, arguments)]


def sources_of(package):
    """The Python files of a package, as the content that a step depends on."""
    return [str(path) for path in sorted((ROOT / package).rglob("*.py"))]


def cached_data():
    """Which of the lectures' data sets and weights are in the cache, as a list of true and false."""
    from helpers.data import cache  # loads NumPy: only when doit asks
    from helpers.pretrained import catalogue, stored

    weights = [catalogue.find(name) for name in WEIGHTS]
    return [cache.manifest(name) is not None for name in DATA_SETS] + [stored.size_on_disk(network) > 0 for network in weights]


def same_data(task, values):
    """Whether a lecture ran on the data that are there now, rather than on the embedded samples before them."""
    task.value_savers.append(lambda: {"data": cached_data()})
    return values.get("data") == cached_data()


def name_of(source):
    """A notebook's name in the build graph: week01_knn/01_images."""
    return f"{source.parent.name}/{source.stem}"


def task_notebooks():
    """Make the notebooks of lectures and exercises from their sources."""
    common = [str(ROOT / "pyproject.toml"), str(ROOT / "pipeline" / "notebooks.py")]
    for source in LECTURES:
        yield {
            "name": name_of(source),
            "actions": [python("-m", "pipeline.notebooks", in_repository(source))],
            "file_dep": [str(source), *common],
            "targets": [str(source.with_suffix(".ipynb"))],
        }
    for source in SOLUTIONS:
        week, name = source.parent.name, f"{source.stem}.ipynb"
        yield {
            "name": name_of(source),
            "actions": [python("-m", "pipeline.exercises", in_repository(source))],
            "file_dep": [str(source), str(ROOT / "pipeline" / "exercises.py"), *common],
            "targets": [str(BUILD / "source" / week / name), str(ROOT / "exercises" / week / name)],
        }


def task_data():
    """Get the data sets and the weights that lectures use into the cache, once."""
    return {
        # Without any network the embedded samples stand in, loudly; the next run tries again.
        "actions": [
            python("-m", "helpers.data", "fetch", "--optional", *DATA_SETS),
            python("-m", "helpers.pretrained", "fetch", "--optional", *WEIGHTS),
        ],
        "file_dep": [*sources_of("helpers/data"), *sources_of("helpers/pretrained")],
        "uptodate": [lambda: all(cached_data())],
    }


def task_execute():
    """Execute the lectures, each once for its content, the helpers and the budget."""
    for source in LECTURES:
        notebook = source.with_suffix(".ipynb")
        yield {
            "name": name_of(source),
            "actions": [python("-m", "pipeline.execute", in_repository(notebook))],
            "file_dep": [
                str(notebook),
                str(ROOT / "pipeline" / "execute.py"),
                *sources_of("helpers"),
                *(str(path) for path in sorted((ROOT / "helpers" / "results").glob("*.csv"))),
            ],
            "task_dep": ["data"],
            "targets": [str(EXECUTED / source.parent.name / notebook.name)],
            "uptodate": [config_changed(budget.name()), same_data],
        }


def task_demo():
    """Grade a small class in build/demo: what an instructor's evening looks like."""
    return {
        "actions": [python("-m", "pipeline.demo")],
        "file_dep": [
            str(ROOT / "nbgrader_config.py"),
            str(ROOT / "pipeline" / "demo.py"),
            str(ROOT / "helpers" / "checks.py"),
            *(str(BUILD / "source" / s.parent.name / f"{s.stem}.ipynb") for s in SOLUTIONS[:1]),
            *(str(path) for path in sorted((ROOT / "grading").rglob("*.py"))),
        ],
        "task_dep": ["notebooks"],
        "targets": [str(BUILD / "demo" / "grades.csv")],
    }


def task_book():
    """Build the book in build/book, with slides, from the executed lectures, the exercises and the guides."""
    parts = [ROOT / "pipeline" / name for name in ("book.py", "icons.py", "images.py", "slides.py")]
    parts += sorted((ROOT / "pipeline" / "templates").rglob("*.*"))
    pages = [str(path) for path in sorted((ROOT / "book").rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {
        "actions": [python("-m", "pipeline.book"), python("-m", "pipeline.slides")],
        "file_dep": [
            *pages,
            str(ROOT / "pyproject.toml"),
            *map(str, parts),
            *(str(EXECUTED / s.parent.name / f"{s.stem}.ipynb") for s in LECTURES),
            *(str(ROOT / "exercises" / s.parent.name / f"{s.stem}.ipynb") for s in SOLUTIONS),
        ],
        "targets": [str(BUILD / "book" / "_build" / "html" / "index.html")],
    }


def task_pdf():
    """Print the weeks of the book, each as build/pdf/WEEK.pdf, with a browser that is installed on the system."""
    for week in sorted({source.parent.name for source in LECTURES}):
        yield {
            "name": week,
            "actions": [python("-m", "pipeline.pdf", week)],
            "file_dep": [str(ROOT / "pipeline" / "pdf.py"), str(BUILD / "book" / "_build" / "html" / "index.html")],
            "task_dep": ["book"],
            "targets": [str(BUILD / "pdf" / f"{week}.pdf")],
        }


def task_release():
    """Write build/release: the tree for students and the book's site, with no answers in either."""
    return {
        "actions": [python("-m", "pipeline.release")],
        "task_dep": ["notebooks", "book"],
    }


def task_bench():
    """Measure our code beside its peers in one run; tables in build/bench."""
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        yield {
            "name": script.stem,
            "actions": [python(in_repository(script))],
            "task_dep": ["data"],
        }


def task_where():
    """Say where everything is."""

    def tell():
        rows = {
            "the book": Path("build/book/_build/html/index.html"),
            "executed lectures": EXECUTED.relative_to(ROOT),
            "a graded demo class": Path("build/demo/grades.csv"),
            "work through the course": "make lab   (or: jupyter lab, from .venv)",
            "run the tests": "make test",
        }
        print("\nEverything is up to date.")
        for what, where in rows.items():
            print(f"  {what:<26}{where}")

    return {"actions": [tell], "task_dep": ["demo", "book"], "uptodate": [False]}
