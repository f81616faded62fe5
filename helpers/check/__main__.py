"""The command ``python -m helpers.check NOTEBOOK``."""

from __future__ import annotations

import argparse
import copy
import importlib.util
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

from helpers.check.cells import NotANotebook, Reference, cells_of, read, reference
from helpers.check.execute import run
from helpers.check.judge import Verdict, judge, restored

WIDTH = 79
LIMIT = 600  # seconds for a cell: longer than any cell of the course takes with the budget of a laptop


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the notebook that the command line names.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0 if all visible checks pass and nothing is missing, 1 if not, 2 if there is no notebook to check, 130 if stopped.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.check",
        description="Look through an exercise before it is handed in. The notebook is not changed.",
    )
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    parser.add_argument(
        "--seconds", type=_seconds, default=LIMIT, help="how long one cell may take before it is stopped (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console may lack a character of an answer
    missing = [name for name in ("nbclient", "nbformat", "ipykernel") if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"This Python ({sys.executable}) lacks {' and '.join(missing)}, to run a notebook. Use the course's environment, "
            f"as the student's guide says, or run: {sys.executable} -m pip install {' '.join(missing)}",
            file=sys.stderr,
        )
        return 2
    try:
        return _check(chosen.notebook, chosen.seconds)
    except NotANotebook as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; the notebook is as it was", file=sys.stderr)
        return 130


def _seconds(text):
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number of seconds")
    return int(text)


def _check(path, limit):
    notebook = read(path)
    cells, released = cells_of(notebook), reference(notebook, path)
    if not any(cell.is_answer or cell.is_test for cell in cells) and not released.questions:
        raise NotANotebook(
            f"{path} holds no graded cells: it is not an exercise of the course, or has lost what marks it as one."
        )
    worked = {
        number
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code"
        and cell.get("execution_count")
        and not any(output.output_type == "error" for output in cell.outputs)
    }
    trial = copy.deepcopy(notebook)
    for number, source in restored(cells, released).items():
        trial.cells[number - 1].source = source
    started = time.monotonic()
    outcomes = run(trial, path.resolve().parent, limit, _progress(len(cells)))
    seconds = time.monotonic() - started
    if sys.stderr.isatty():
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    verdict = judge(path, cells, outcomes, released, worked)
    ran = sum(outcome.state != "not run" for outcome in outcomes.values())
    print(text_of(verdict, path, released, f"{ran} of {len(outcomes)} code cells in {seconds:.0f} s"))
    return 0 if verdict.is_good else 1


def _progress(total):
    """Tell on a terminal which cell runs."""

    def show(number):
        if sys.stderr.isatty():
            print(f"\rrunning cell {number} of {total} ...", end="", file=sys.stderr, flush=True)

    return show


def text_of(verdict: Verdict, path: Path, released: Reference, ran: str) -> str:
    """Write the report.

    Parameters
    ----------
    verdict : Verdict
    path : pathlib.Path
    released : Reference
    ran : str
        How much ran, and how long it took.

    Returns
    -------
    str
    """
    lines = [released.title or path.name, f"{path.name}, run in a fresh kernel: {ran}", ""]
    right = max((len(_points(row)) for row in verdict.rows), default=0)
    for row in verdict.rows:
        points = _points(row).rjust(right)
        title = textwrap.shorten(row.title, WIDTH - 6 - right - 2, placeholder=" ...")
        lines.append(f"{row.number:>4}  {title:<{WIDTH - 6 - right - 2}}  {points}")
        for text in row.lines:
            lines += _folded(text, "      - ")
    points = f"{verdict.passed:g} of {verdict.points:g} points"
    lines += ["", f"Visible checks: {points}. Hidden tests on other values, and a"]
    lines += ["person who reads your answers in words, give the rest."]
    if verdict.todo:
        lines += ["", "To do before you hand it in:"]
        for text in verdict.todo:
            lines += _folded(f"{text}.", "  - ")
    elif verdict.is_good:
        lines += ["", f"Ready: hand in {released.file or path.name}, and nothing else."]
    if verdict.remarks:
        lines += ["", "Good to know:"]
        for text in verdict.remarks:
            lines += _folded(f"{text}.", "  - ")
    if any("cell " in line or "cells " in line for line in lines[3:]):
        lines += ["", "Cells are counted from the top of the notebook, text cells too."]
    return "\n".join(lines)


def _points(row):
    return f"{row.passed:g} of {row.points:g}" if row.points else ""


def _folded(text, bullet):
    """A text with its own lines kept, each folded at the width of the page."""
    indent = " " * len(bullet)
    found = []
    for number, line in enumerate(text.replace("\t", "    ").splitlines()):
        own = len(line) - len(line.lstrip())
        first = bullet if number == 0 else indent + " " * own
        found += textwrap.wrap(line.strip(), WIDTH, initial_indent=first, subsequent_indent=indent + " " * own) or [""]
    return found


if __name__ == "__main__":
    sys.exit(main())
