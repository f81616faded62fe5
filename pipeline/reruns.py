"""Find cells that cannot be run twice with the same result, without running them.

Students run cells again, and in another order. A cell is then safe if it makes what it changes. So each code cell is read for
changes of what an *earlier* cell made: ``x = f(x)``, ``x += 1``, ``x[...] = ...``, ``x.append(...)``, a generator of random
numbers or an iterator that goes on, a second ``fit``; and for steps that a file system takes only once (``mkdir()``, a file that
is removed or moved, a log to which is appended). `pipeline.run_twice` runs the cells and finds what reading cannot.

Where a second run is meant to do something else, the cell says so, with what happens, in a comment that begins with the words
``# Running this cell again``; a function that all such cells call, with ``# Running this again``.
"""

import dataclasses
import sys
from pathlib import Path

from pipeline import ROOT
from pipeline.rerun_reader import MARK, Known, read_cell


@dataclasses.dataclass(frozen=True)
class Finding:
    """A statement that cannot be run twice.

    Attributes
    ----------
    cell : int
        Position among the notebook's cells.
    line : int
        In the cell, from 1.
    text : str
        What is wrong.
    """

    cell: int
    line: int
    text: str


def excused(source):
    r"""Whether a cell says what happens when it is run again.

    Examples
    --------
    >>> excused("# Running this cell again trains for five more epochs.\nmodel.fit(x, y, epochs=5)")
    True
    """
    return bool(MARK.search(source))


def findings(sources):
    r"""The statements of a notebook that cannot be run twice.

    Parameters
    ----------
    sources : list of str or None
        The code of each cell, in order; None for a cell of text.

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> for found in findings(["x = 1", "y = 2\nx = x + y", "x = x + 1  # what\n# Running this cell again adds 1 more."]):
    ...     print(found.cell, found.line, found.text)
    1 2 x = ... is made from x, which an earlier cell made: give the result a name of its own
    """
    earlier: dict[str, Known] = {}
    found: list[Finding] = []
    for number, source in enumerate(sources):
        if source is None:
            continue
        lines, made = read_cell(source, earlier)
        if not excused(source):
            found += [Finding(number, line, text) for line, text in lines]
        earlier |= made
    return found


def sources_of(notebook):
    """The code of each cell, as `findings` takes it."""
    return [cell.source if cell.cell_type == "code" else None for cell in notebook.cells]


def main(arguments=None):
    """Read the sources named on the command line, or all lectures and solutions; exit with 1 if a cell cannot be run twice."""
    from pipeline.notebooks import read_source

    count = 0
    named = [Path(name) for name in (sys.argv[1:] if arguments is None else arguments)]
    for source in named or sorted([*ROOT.glob("lectures/week*/*.py"), *ROOT.glob("solutions/week*/*.py")]):
        notebook = read_source(source)
        for found in findings(sources_of(notebook)):
            line = notebook.cells[found.cell].source.splitlines()[found.line - 1].strip()
            print(f"{source.parent.name}/{source.stem}: cell {found.cell}: {line}\n    {found.text}")
            count += 1
    sys.exit(count > 0)


if __name__ == "__main__":
    main()
