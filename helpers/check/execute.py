"""Run a notebook from top to bottom in a fresh kernel, past cells that fail, and tell what became of each."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STOPPED = 20  # seconds that a kernel has to stop a cell that was interrupted


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes
    ----------
    state : str
        ``"done"``, ``"error"``, ``"too long"``, ``"died"`` or ``"not run"``.
    kind, message : str
        Of an error: the name of its class, and what it says.
    """

    state: str
    kind: str = ""
    message: str = ""

    @property
    def is_gap(self) -> bool:
        """Whether it stopped at an answer that is not written yet."""
        return self.kind in ("NotImplementedError", "NotWritten")


def run(notebook: Any, folder: Path, limit: int, on_cell: Any = None) -> dict[int, Outcome]:
    """Run the code cells of a notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        It gets the outputs: hand over a copy.
    folder : pathlib.Path
        The kernel's working directory.
    limit : int
        Seconds for each cell.
    on_cell : callable, optional
        Called with the number of each cell before it runs.

    Returns
    -------
    dict of int to Outcome
        By the number of the cell, from 1 on.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    class ThisPython(AsyncKernelManager):
        """Starts the Python that runs this, whatever kernels are installed."""

        @property
        def kernel_spec(self):
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python", language="python")

    results: dict[int, Outcome] = {}
    too_long = Outcome("too long", message=f"it was stopped after {limit} seconds")

    def note(cell, cell_index, execute_reply):
        ended = (execute_reply or {}).get("content", {}).get("ename") != too_long.state
        results[cell_index + 1] = _outcome(cell) if ended else too_long

    client = NotebookClient(
        notebook,
        timeout=limit,
        interrupt_on_timeout=True,
        error_on_timeout={"ename": too_long.state, "evalue": "", "traceback": []},
        iopub_timeout=STOPPED,
        raise_on_iopub_timeout=True,
        allow_errors=True,
        on_cell_executed=note,
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        shutdown_kernel="immediate",
        extra_arguments=["--IPKernelApp.capture_fd_output=False"],  # what libraries write to the terminal is no output
    )
    client.log.disabled = True  # what it has to say is said here
    with tempfile.TemporaryFile() as log, client.setup_kernel(stderr=log, stdout=log, env=_environment()):
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            if on_cell:
                on_cell(index + 1)
            try:
                client.execute_cell(cell, index)
            except CellTimeoutError:  # so nothing after it can run
                results[index + 1] = Outcome("too long", message=f"after {limit} seconds it did not stop when it was told to")
                break
            except DeadKernelError:
                results[index + 1] = Outcome("died", message=_how_it_died(client))
                break
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            results.setdefault(index + 1, Outcome("not run"))
    return results


def _environment():
    """As for the grader: nothing is shown that is only there for a student who works."""
    return {"NBGRADER_EXECUTION": "validate", **os.environ}


def _outcome(cell):
    """What became of a cell that has run to its end."""
    error = next((output for output in cell.outputs if output.output_type == "error"), None)
    if error is None:
        return Outcome("done")
    return Outcome("error", error.ename, re.sub(r"\x1b\[[0-9;]*m", "", error.evalue).strip())


def _how_it_died(client):
    """Say what ended the kernel, as far as the system tells."""
    process = getattr(getattr(client.km, "provisioner", None), "process", None)
    code = process.poll() if process is not None else None
    if code == -9:
        return "the kernel was killed by the system, most likely because it ran out of memory"
    if code is not None and code < 0:
        return f"the kernel crashed (signal {-code})"
    return "the kernel ended" + (f" (exit status {code})" if code else "")
