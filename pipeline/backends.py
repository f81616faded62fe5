"""Run the lectures and the solved exercises on another backend of Keras, to see whether each comes to its end.

``python -m pipeline.backends jax`` runs them all, ``python -m pipeline.backends torch lectures/week07_transfer/*.py`` only some.
The notebooks and a table of times go to ``build/backends/BACKEND``. What the book shows and the tests read stays as it is: it
is made with TensorFlow.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError

from pipeline import BUILD, ROOT
from pipeline.execute import execute
from pipeline.exercises import instructor_notebook, released_path
from pipeline.files import write_text
from pipeline.notebooks import lecture_notebook, to_text

NAMES = ("tensorflow", "jax", "torch")
FAILURES = (CellExecutionError, CellControlSignal, DeadKernelError)  # a cell fails, takes too long, or takes the kernel with it


def sources() -> list[Path]:
    """All lectures and solutions.

    Returns
    -------
    list of pathlib.Path
    """
    return sorted([*ROOT.glob("lectures/week*/*.py"), *ROOT.glob("solutions/week*/*.py")])


def made_from(source: Path) -> tuple[nbformat.NotebookNode, Path]:
    """The notebook to run, and the folder to run it in.

    Parameters
    ----------
    source : pathlib.Path
        A lecture or a solution.

    Returns
    -------
    notebook : nbformat.NotebookNode
        Of a solution: the instructor's version, with answers and all tests.
    folder : pathlib.Path
    """
    source = source.resolve()
    if source.is_relative_to(ROOT / "solutions"):
        return instructor_notebook(source), released_path(source).parent
    return lecture_notebook(source), source.parent


def run(source: Path, backend: str) -> tuple[float | None, str]:
    """Run one notebook and keep it, however far it came.

    Parameters
    ----------
    source : pathlib.Path
        A lecture or a solution.
    backend : str
        One of `NAMES`; KERAS_BACKEND must say the same.

    Returns
    -------
    seconds : float or None
        What it took; None if it did not come to its end.
    result : str
        ``"ok"``, or which cell failed and how.
    """
    notebook, folder = made_from(source)
    target = BUILD / "backends" / backend / source.parent.name / f"{source.stem}.ipynb"
    try:
        execute(notebook, folder, limit=3600)  # torch takes each step of a training from Python
        return notebook.metadata.course.seconds, "ok"
    except FAILURES as error:
        began = [number for number, cell in enumerate(notebook.cells) if cell.get("execution_count")]
        said = f"{error.ename}: {error.evalue}" if isinstance(error, CellExecutionError) else f"{type(error).__name__}: {error}"
        return None, f"cell {began[-1] if began else 0}: {said.splitlines()[0]}"
    finally:
        write_text(target, to_text(notebook))


def table(backend: str, rows: Sequence[tuple[str, float | None, str]]) -> str:
    """What happened, as a table in Markdown.

    Parameters
    ----------
    backend : str
    rows : list of (str, float or None, str)
        Name, seconds and result.

    Returns
    -------
    str

    Examples
    --------
    >>> print(table("jax", [("week01_knn/01_images", 12.3, "ok"), ("week01_knn/knn", None, "cell 7: KeyError: 'k'")]))
    | on jax | seconds | result |
    |---|---:|---|
    | week01_knn/01_images | 12.3 | ok |
    | week01_knn/knn |  | cell 7: KeyError: 'k' |
    """
    lines = [f"| on {backend} | seconds | result |", "|---|---:|---|"]
    lines += [f"| {name} | {'' if seconds is None else seconds} | {result.replace('|', '/')} |" for name, seconds, result in rows]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is named on the command line, one after another; exit with 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.backends", description="Run the course on a backend of Keras.")
    parser.add_argument("backend", choices=NAMES)
    parser.add_argument("sources", nargs="*", type=Path, help="lectures and solutions (.py); all of them if none is named")
    options = parser.parse_args(arguments)
    if importlib.util.find_spec(options.backend) is None:
        parser.error(f"{options.backend} is not installed in this environment: {sys.executable} -m pip install {options.backend}")
    os.environ["KERAS_BACKEND"] = options.backend
    os.environ.setdefault("COURSE_BUDGET", "ci")
    rows: list[tuple[str, float | None, str]] = []
    for source in options.sources or sources():
        rows.append((f"{source.parent.name}/{source.stem}", *run(source, options.backend)))
        name, seconds, result = rows[-1]
        print(f"{name}: {result}" + ("" if seconds is None else f", {seconds} s"), flush=True)
        write_text(BUILD / "backends" / options.backend / "table.md", table(options.backend, rows) + "\n")
    failed = sum(result != "ok" for _, _, result in rows)
    print(f"{len(rows) - failed} of {len(rows)} came to their end; build/backends/{options.backend}/table.md")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
