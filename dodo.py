"""The build graph: what is made from what. ``doit list`` shows it, ``doit`` brings everything up to date.

    lectures/*.py ──notebooks──> lectures/*.ipynb ──execute──> build/executed ──┬─pages──> build/book ──book──┬──> release, pdf
    solutions/*.py ─notebooks──> exercises/*.ipynb ─────────────────────────────┴─slides─> build/slides ──────┘
    tests/ ──check──> build/checks: the expensive tests, each kept green until something that it depends on changes

A step runs again only if the content of something it is made from has changed; `pipeline.inputs` finds out what that is. The
steps themselves are in ``pipeline/``.
"""

import os
import sys
from pathlib import Path

from doit.tools import config_changed

from helpers import budget
from pipeline import BUILD, EXECUTED, ROOT, checks, in_repository
from pipeline.inputs import files_below, reached_by, versions
from pipeline.progress import Progress, longest_first

os.environ.setdefault("COURSE_BUDGET", "ci")  # a first build takes minutes; COURSE_BUDGET=cpu computes the full figures

DOIT_CONFIG = {
    "default_tasks": ["notebooks", "data", "execute", "pages", "slides", "demo", "book", "where"],
    "dep_file": str(ROOT / ".doit.db"),
    "backend": "json",
    "verbosity": 2,
    "reporter": Progress,
}

LECTURES = sorted(ROOT.glob("lectures/week*/*.py"))
SOLUTIONS = sorted(ROOT.glob("solutions/week*/*.py"))
WEEKS = sorted({source.parent.name for source in LECTURES + SOLUTIONS})
DATA_SETS = ("cifar10", "mnist", "fashion_mnist", "cats_dogs", "groceries")  # `python -m helpers.data list` tells more
WEIGHTS = ("mobilenetv2",)  # of networks trained on ImageNet; `python -m helpers.pretrained list` tells more
SITE = BUILD / "book" / "_build" / "html"
DECKS = BUILD / "slides"


def python(*arguments):
    """The command that runs a module or script of the course in its own environment."""
    return [sys.executable, *map(str, arguments)]


def strings(*paths):
    """Paths as doit wants them."""
    return [str(path) for path in paths]


def module(name):
    """What the module ``pipeline.NAME`` depends on."""
    return strings(*reached_by(ROOT / "pipeline" / f"{name}.py"))


def executed(source):
    """The executed notebook of a lecture."""
    return EXECUTED / source.parent.name / f"{source.stem}.ipynb"


def exercise(source):
    """The released notebook of a solution."""
    return ROOT / "exercises" / source.parent.name / f"{source.stem}.ipynb"


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

    def lecture(source):
        from pipeline import notebooks  # reads and writes notebooks, which takes a second to load: only where one is made

        notebooks.main([str(source)])

    def both(source):
        from pipeline import exercises

        exercises.main([str(source)])

    address = str(ROOT / "pyproject.toml")  # says where the course is published
    for source in LECTURES:
        yield {
            "name": name_of(source),
            "actions": [(lecture, [source])],
            "file_dep": [str(source), address, *module("notebooks")],
            "targets": [str(source.with_suffix(".ipynb"))],
        }
    for source in SOLUTIONS:
        yield {
            "name": name_of(source),
            "actions": [(both, [source])],
            "file_dep": [str(source), address, str(ROOT / "nbgrader_config.py"), *module("exercises")],
            "targets": strings(
                BUILD / "source" / source.parent.name / f"{source.stem}.ipynb",
                exercise(source),
                ROOT / "helpers" / "exercises" / f"{source.parent.name}.json",
            ),
        }


def task_data():
    """Get the data sets and the weights that lectures use into the cache, once."""
    return {
        # Without any network the embedded samples stand in, loudly; the next run tries again.
        "actions": [
            python("-m", "helpers.data", "fetch", "--optional", *DATA_SETS),
            python("-m", "helpers.pretrained", "fetch", "--optional", *WEIGHTS),
        ],
        "file_dep": strings(*reached_by(*ROOT.glob("helpers/data/__main__.py"), *ROOT.glob("helpers/pretrained/__main__.py"))),
        "uptodate": [lambda: all(cached_data())],
    }


def task_execute():
    """Execute the lectures, each once for its content, the helpers that it uses, and the budget."""
    for source in longest_first(LECTURES, lambda source: f"execute:{name_of(source)}"):
        notebook = source.with_suffix(".ipynb")
        yield {
            "name": name_of(source),
            "actions": [python("-m", "pipeline.execute", in_repository(notebook))],
            "file_dep": sorted({str(notebook), *strings(*reached_by(source)), *module("execute")}),
            "task_dep": ["data"],
            "targets": [str(executed(source))],
            "uptodate": [config_changed(f"{budget.name()}, {versions()}"), same_data],
        }


def task_demo():
    """Grade a small class in build/demo: what an instructor's evening looks like."""
    source = SOLUTIONS[0]
    return {
        "actions": [python("-m", "pipeline.demo")],
        "file_dep": sorted(
            {
                *strings(ROOT / "nbgrader_config.py", BUILD / "source" / source.parent.name / f"{source.stem}.ipynb"),
                *strings(*reached_by(source), *files_below(ROOT / "grading")),
                *module("demo"),
            }
        ),
        "task_dep": ["notebooks"],
        "targets": [str(BUILD / "demo" / "grades.csv")],
    }


def task_pages():
    """Build the book's pages from the executed lectures, the exercises and the guides."""
    return {
        "actions": [python("-m", "pipeline.book")],
        "file_dep": sorted(
            {
                str(ROOT / "pyproject.toml"),
                *strings(*files_below(ROOT / "book"), *map(executed, LECTURES), *map(exercise, SOLUTIONS)),
                *module("book"),
            }
        ),
        "targets": [str(SITE / "index.html")],
    }


def task_slides():
    """Make the slides of every lecture in build/slides."""
    return {
        "actions": [python("-m", "pipeline.slides")],
        "file_dep": sorted({*strings(*map(executed, LECTURES)), *module("slides")}),
        "targets": [str(DECKS / "CONTENT")],
    }


def task_book():
    """Put the slides into the book: build/book/_build/html is then the whole site."""

    def place():
        from pipeline import slides

        slides.place(DECKS, SITE)

    return {
        "actions": [place],
        "file_dep": [str(DECKS / "CONTENT")],
        "task_dep": ["pages"],  # which begins from nothing, and so takes away the target below
        "targets": [str(SITE / "slides" / "index.html")],
    }


def task_pdf():
    """Print the weeks of the book, each as build/pdf/WEEK.pdf, with a browser that is installed on the system."""
    for week in WEEKS:

        def same_pages(task, values, week=week):
            from pipeline import pdf  # which loads the PDF library: only when doit asks

            task.value_savers.append(lambda: {"pages": pdf.fingerprint(week)})
            return values.get("pages") == pdf.fingerprint(week)

        yield {
            "name": week,
            "actions": [python("-m", "pipeline.pdf", week)],
            "file_dep": module("pdf"),
            "task_dep": ["pages"],
            "targets": [str(BUILD / "pdf" / f"{week}.pdf")],
            "uptodate": [same_pages],
        }


def task_check():
    """Run the expensive tests; a green result is kept until something that it depends on changes."""
    site = [*task_pages()["file_dep"], *task_slides()["file_dep"]]
    for check in longest_first(checks.all_checks(WEEKS), lambda check: f"check:{check.name}"):
        yield {
            "name": check.name,
            "actions": [python("-m", "pipeline.checks", check.name)],
            "file_dep": sorted({*strings(*check.inputs()), *(site if check.needs_site else [])}),
            "task_dep": ["book"] if check.needs_site else ["notebooks"],
            "uptodate": [check.is_green],
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
            "work through the course": "make lab",
            "JupyterLab for authors": ".venv/bin/jupyter lab",
            "run the tests": "make test",
        }
        print("\nEverything is up to date.")
        for what, where in rows.items():
            print(f"  {what:<26}{where}")

    return {"actions": [tell], "task_dep": ["demo", "book"], "uptodate": [False]}
