"""Run every code cell of a lecture twice in a row, as students do, and compare what it shows.

``python -m pipeline.run_twice`` tries all lectures, ``python -m pipeline.run_twice lectures/week01_knn/01_images.py`` one. A cell
that fails the second time, or shows another text, figure or recorded number, is named. Its rules for cells that are meant to
differ are those of `pipeline.reruns`, which finds most such cells without running them.

Times would differ without any fault. So the clock is replayed: what `time.perf_counter` and `time.process_time` said in a cell's
first run, they say again in its second.
"""

import argparse
import difflib
import os
import re
import sys
import tempfile
from pathlib import Path

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError

from helpers.record import KEY
from pipeline import ROOT
from pipeline.execute import kernel
from pipeline.notebooks import lecture_notebook
from pipeline.reruns import excused

# Run in the kernel before the first cell. Threads beside the main one keep the real clock: their order is not the same twice.
CLOCK = """
def _():
    import threading, time, timeit

    class Clock:
        def __init__(self, real):
            self.real, self.said, self.position, self.again, self.offset = real, [], 0, False, 0.0

        def __call__(self):
            if threading.current_thread() is not threading.main_thread():
                return self.real()
            if not self.again:
                self.said.append(self.real())
                return self.said[-1]
            if self.position == len(self.said):  # the second run asks more often: the clock goes on from here
                return self.real() - self.offset
            value = self.said[self.position]
            self.position, self.offset = self.position + 1, self.real() - value
            return value

        def begin(self, again):
            self.position, self.again = 0, again
            if not again:
                self.said.clear()

    time.perf_counter, time.process_time = clocks = Clock(time.perf_counter), Clock(time.process_time)
    timeit.default_timer = time.perf_counter
    for function in (timeit.timeit, timeit.repeat, timeit.Timer.__init__):
        function.__defaults__ = tuple(clocks[0] if value is clocks[0].real else value for value in function.__defaults__)
    return lambda again: [clock.begin(again) for clock in clocks]

import builtins
builtins._begin_run = _()
del _, builtins
"""

# What differs between two runs and means nothing: addresses in memory, the numbers of animations and of layers that Keras has
# named (conv2d_7), temporary files.
NOISE = re.compile(
    r"\b0x[0-9a-f]+\b|\b(?:player-[0-9a-f]+|explorer)-\d+\b|\b[a-z][a-z0-9]*(?:_[a-z0-9]+)*_\d+\b|"
    + re.escape(tempfile.gettempdir())
    + r"[/\\][\w./\\-]+"
)


WARNING = re.compile(r"^WARNING:\w+:.*\n?", flags=re.MULTILINE)  # of Python's logging


def shown(cell):
    """What a reader sees below a cell, and what the cell recorded: pairs of a kind and a text.

    Warnings and progress bars (the stream ``stderr``, widgets) are left out: Python warns once in a place.
    """
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if output.name == "stdout":
                found.append(("text", output.text))
            continue
        if output.output_type == "error":  # of a cell that is meant to fail
            found.append(("error", f"{output.ename}: {output.evalue}"))
            continue
        if recorded := output.metadata.get(KEY):
            found.append(("recorded number", "\n".join(f"{name} = {value}" for name, value in recorded.items())))
        if "application/vnd.jupyter.widget-view+json" not in output.data:
            found += [(kind, value if isinstance(value, str) else repr(value)) for kind, value in output.data.items()]
    # A long text can come in one piece or in several.
    joined: list[tuple[str, str]] = []
    for kind, value in found:
        if kind == "text" and joined and joined[-1][0] == "text":
            joined[-1] = kind, joined[-1][1] + value
        else:
            joined.append((kind, value))
    return [(kind, NOISE.sub("...", WARNING.sub("", value))) for kind, value in joined]


def difference(first, second):
    """How what a cell showed the second time differs from the first; an empty text if it does not.

    Parameters
    ----------
    first, second : list of (str, str)
        As from `shown`.

    Returns
    -------
    str

    Examples
    --------
    >>> difference([("text", "gain 46.9")], [("text", "gain -2208.1")])
    "text: 'gain 46.9', then 'gain -2208.1'"
    """
    kinds = [[kind for kind, _ in run] for run in (first, second)]
    if kinds[0] != kinds[1]:
        return f"shows {', '.join(kinds[0]) or 'nothing'} first, {', '.join(kinds[1]) or 'nothing'} then"
    for (kind, once), (_, again) in zip(first, second, strict=True):
        if once != again:
            if kind.startswith("image/") or len(once) > 10_000:
                return f"another {kind}"
            lines = list(difflib.ndiff(once.splitlines(), again.splitlines()))
            old, new = (next((line[2:] for line in lines if line.startswith(sign)), "") for sign in "-+")
            return f"{kind}: {old[:200]!r}, then {new[:200]!r}"
    return ""


def run(notebook, folder):
    """Run each code cell of a notebook twice in a row.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        It holds the outputs of the second run of each cell afterwards.
    folder : str or pathlib.Path
        The kernel's working directory.

    Returns
    -------
    list of (int, str)
        For each cell that cannot be run twice, its position among the cells and what happens.
    """
    faults = []
    with kernel(notebook, folder) as client:
        _silently(client, CLOCK)
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            runs = []
            for again in (False, True):
                _silently(client, f"_begin_run({again})")
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    faults.append((index, f"{error.ename} in the {'second' if again else 'first'} run: {error.evalue[:300]}"))
                    break
                runs.append(shown(cell))
            if len(runs) == 2 and not excused(cell.source) and (found := difference(*runs)):
                faults.append((index, found))
    return faults


def _silently(client, code):
    """Run code in the kernel that leaves no trace in the notebook."""

    async def ask():
        return await client.kc.execute(code, silent=True, store_history=False, reply=True, timeout=60)

    reply = run_sync(ask)()["content"]
    if reply["status"] != "ok":
        raise RuntimeError(f"{reply['ename']}: {reply['evalue']}")


def main(arguments=None):
    """Try the lectures named on the command line, or all; exit with 1 if a cell cannot be run twice."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.run_twice", description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="*", type=Path, metavar="lectures/weekNN_topic/NN_title.py", help="all if none is named")
    os.environ.setdefault("COURSE_BUDGET", "ci")
    count = 0
    for source in parser.parse_args(arguments).sources or sorted(ROOT.glob("lectures/week*/*.py")):
        source = source.resolve()
        notebook = lecture_notebook(source)
        faults = run(notebook, source.parent)
        name = f"{source.parent.name}/{source.stem}"
        for index, what in faults:
            first_line = notebook.cells[index].source.splitlines()[0]
            print(f"{name}: cell {index} ({first_line}): {what}", flush=True)
        if not faults:
            print(f"{name}: every cell can be run twice", flush=True)
        count += len(faults)
    if count:
        sys.exit(f"{count} cells cannot be run twice with the same result")


if __name__ == "__main__":
    main()
