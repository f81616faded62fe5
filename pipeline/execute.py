"""Execute a lecture once. The result is the book's page and the tests' evidence.

Run ``python -m pipeline.execute lectures/week01_knn/01_images.ipynb`` to write ``build/executed/week01_knn/01_images.ipynb``.
"""

import argparse
import ast
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from helpers import budget, record
from pipeline import EXECUTED, ROOT
from pipeline.files import write_text
from pipeline.inputs import reached_by
from pipeline.notebooks import to_text

CELL_TIMEOUT = {"ci": 300, "cpu": 3600, "gpu": 3600}  # seconds: a guard against a cell that hangs, not a target

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")  # what numerical libraries look for

# Asked of the kernel after its last cell: the files of the course's modules that it has loaded. (A list of all modules would be
# so long that IPython cuts it.)
MODULES = (
    "sorted({file for file in (getattr(m, '__file__', None) for m in list(__import__('sys').modules.values())) "
    f"if file and file.startswith({str(ROOT / 'helpers') + os.sep!r})}})"
)

# Asked of the kernel, too. ru_maxrss counts kilobytes on Linux and bytes on macOS; Windows has no resource module.
PEAK_MEMORY = "__import__('resource').getrusage(__import__('resource').RUSAGE_SELF).ru_maxrss"


def execute(notebook, folder, limit=None):
    """Run a notebook from top to bottom in a fresh kernel.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place: outputs are added, and ``metadata["course"]`` with the budget, the seconds it took and the kernel's
        peak memory in MB (where the system tells).
    folder : str or pathlib.Path
        The kernel's working directory.
    limit : float, optional
        Seconds for a cell; by default `CELL_TIMEOUT`'s for the budget in force.

    Returns
    -------
    list of str
        The files of the course's modules that it has loaded.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails; the notebook then holds the outputs up to that cell.
    """
    started = time.perf_counter()
    with kernel(notebook, folder, limit) as client:
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        peak, loaded = _told(client)
    notebook.metadata["course"] = {
        "budget": budget.name(),
        "seconds": round(time.perf_counter() - started, 1),
        "peak_memory_mb": peak,
    }
    return loaded


@contextlib.contextmanager
def kernel(notebook, folder, limit=None):
    """A fresh kernel for a notebook, as `execute` uses it; what it has written to its terminal is shown if anything fails.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    folder : str or pathlib.Path
        The kernel's working directory.
    limit : float, optional
        Seconds for a cell; by default `CELL_TIMEOUT`'s for the budget in force.

    Yields
    ------
    nbclient.NotebookClient
    """
    with tempfile.TemporaryDirectory(prefix="kernel-") as private:
        client = NotebookClient(
            notebook,
            timeout=limit or CELL_TIMEOUT[budget.name()],
            kernel_name="python3",
            config=_transport(private),
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            # What C++ libraries write to the terminal is no part of a lecture; Python's own warnings still are.
            extra_arguments=["--IPKernelApp.capture_fd_output=False"],
            shutdown_kernel="immediate",
        )  # nothing is left to save, and it takes a second less
        log = Path(private, "log")
        with log.open("w") as file:  # shown only if the run fails
            try:
                # A kernel that is ended at once cannot remove its temporary folders: they go with this one.
                # Nor does a lecture depend on this account's settings or its list of fonts, which may be out of date.
                own = {"TMPDIR": private, "MPLCONFIGDIR": os.path.join(private, "matplotlib")}
                with client.setup_kernel(stderr=file, env={**os.environ, record.VARIABLE: "1", **own}):
                    yield client
            except Exception:
                print(log.read_text(encoding="utf-8", errors="replace")[-5000:], file=sys.stderr)
                raise


def _transport(folder):
    """Talk to the kernel through sockets in a private folder rather than open ports, where the system has such sockets."""
    if os.name != "posix":
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": os.path.join(folder, "kernel")}})


def _told(client):
    """The kernel's peak memory in MB (None where the system does not say), and the files of the course's modules in it."""

    async def ask():
        return await client.kc.execute("", user_expressions={"peak": PEAK_MEMORY, "modules": MODULES}, reply=True, timeout=30)

    answers = run_sync(ask)()["content"]["user_expressions"]
    peak, modules = (
        ast.literal_eval(answers[name]["data"]["text/plain"]) if answers[name]["status"] == "ok" else None
        for name in ("peak", "modules")
    )
    if peak is not None:
        peak = round(peak / (1e6 if sys.platform == "darwin" else 1e3))
    return peak, modules or []


def unforeseen(source, loaded, root=ROOT):
    """The modules of the repository that a lecture has loaded although `pipeline.inputs` does not find them.

    The lecture would not be made again after a change of one of them.

    Parameters
    ----------
    source : pathlib.Path
        The lecture's source.
    loaded : list of str
        Files of modules.
    root : pathlib.Path
        Root of the repository.

    Returns
    -------
    list of str
    """
    return sorted(set(loaded) - {str(path) for path in reached_by(source, root=root)})


def main(arguments=None):
    """Execute the notebooks named on the command line; exit with 1 at the first that fails."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.execute", description="Execute lecture notebooks.")
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="lectures/weekNN_topic/NN_title.ipynb")
    for name in THREADS:  # a build runs two lectures at a time, and threads that wait for each other cost both of them
        os.environ.setdefault(name, str(max(1, (os.cpu_count() or 1) // 2)))
    for path in parser.parse_args(arguments).notebooks:
        notebook = nbformat.read(path, as_version=4)
        target = EXECUTED / path.parent.name / path.name
        try:
            loaded = execute(notebook, path.parent)
        except CellExecutionError as error:
            failed = target.with_suffix(".failed.ipynb")
            write_text(failed, to_text(notebook))
            sys.exit(f"{path}: a cell failed. Outputs up to it: {failed}\n{error}")
        if missed := unforeseen(path.resolve().with_suffix(".py"), loaded):
            sys.exit(
                f"{path} uses {', '.join(missed)}, which pipeline.inputs does not find: import it by name, or mend that module"
            )
        target.with_suffix(".failed.ipynb").unlink(missing_ok=True)
        write_text(target, to_text(notebook))
        facts = notebook.metadata["course"]
        print(
            f"{path.parent.name}/{path.stem}: {facts['seconds']} s, {facts['peak_memory_mb']} MB at most, "
            f"budget {facts['budget']}"
        )


if __name__ == "__main__":
    main()
