"""What the cells of a graded notebook show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat

from grading.model import not_passed
from grading.sanitise.outputs import clean_outputs

if TYPE_CHECKING:
    from grading.batch.notebook import _Question
    from grading.model import CellResult


def _error_output(kind, message, trace=None):
    return nbformat.v4.new_output("error", ename=kind, evalue=message, traceback=trace or [f"{kind}: {message}"])


def _numbered(outputs, count):
    outputs = clean_outputs(outputs)
    for output in outputs:
        if output.output_type == "execute_result":
            output.execution_count = count
    return outputs


def own_outputs(result: CellResult, count: int) -> list[nbformat.NotebookNode]:
    """Outputs of a student's cell, and why it was stopped if it was."""
    outputs = _numbered(result.outputs, count)
    told = any(output.output_type == "error" for output in outputs)
    if result.status == "error" and result.error and not told:
        kind, message, trace = result.error
        outputs.append(_error_output(kind, message, trace.splitlines()))
    elif result.status == "timeout":
        outputs.append(_error_output("TimeoutError", "The cell took too long and was interrupted."))
    elif result.status == "killed":
        why = f": {result.error[1]}" if result.error and result.error[1] else ""
        outputs.append(_error_output("Killed", f"The cell ended the process or had to be ended{why}."))
    elif result.status == "skipped":
        outputs.append(_error_output("NotRun", "There was no time left for this cell."))
    return outputs


def shown_outputs(question: _Question) -> list[nbformat.NotebookNode]:
    """Outputs of a test cell: what the checker printed, pictures from the student's process, and the checker's verdict."""
    result, printed, score, count = question.result, question.printed, question.score, question.count
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    shown = _numbered(result.outputs, count) if result else []
    outputs += [output for output in shown if output.output_type == "display_data"]
    if not_passed(score.score, score.points, score.message):
        if score.score > 0:
            outputs.append(nbformat.v4.new_output("execute_result", {"text/plain": f"{score.score:g}"}, execution_count=count))
        message = score.message or "The check failed."
        if score.cause:
            message += f"\n{score.cause.what} {score.cause.todo}"
        kind = "HiddenTest" if score.hidden else "Check"
        if score.score == 0:
            outputs.append(_error_output(kind, message))
        elif score.message:
            outputs.insert(0, nbformat.v4.new_output("stream", name="stdout", text=message + "\n"))
    return outputs
