"""A page for each student: what failed, why, and the notebook as it was graded.

Hidden tests are masked, nothing that a student wrote can run in the page, and the page asks no server for anything.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mistune
import nbformat
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grading.batch.records import Records, Result
from grading.files import write_atomic
from grading.model import not_passed
from grading.nbgrader.cells import by_name, grade_id, role
from grading.nbgrader.course import CourseError
from grading.nbgrader.gradebook import GradebookWriter
from grading.reports.batch import check_name, page, text, without_type
from grading.sanitise.markup import clean_attachments, clean_html, is_base64
from grading.sanitise.outputs import plain

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grading.nbgrader.assignment import Assignment

OUTPUT_LIMIT = 20_000  # characters of one output that are shown
SOURCE_LIMIT = 100_000  # characters of one cell

_NO_HINT = (
    "Your answer passes what you can see, but not a hidden check on other input. Try sizes, shapes, ties and special "
    "cases that the description allows."
)

STYLE = """
.cell { margin: .8rem 0; }
.cell > .source { background: var(--band); border: 1px solid var(--line); border-radius: 4px; padding: .5rem .8rem; }
.cell > .source pre { margin: 0; }
.cell .code { background: none; }
.out { border-left: .2rem solid var(--line); padding-left: .8rem; margin: .3rem 0 .3rem .2rem; }
.out img, .text img { max-width: 100%; height: auto; }
.error { border-left-color: #d55e00; }
.label { display: flex; flex-wrap: wrap; gap: .2rem 1rem; justify-content: space-between; font-size: .9rem;
         margin: 1.2rem 0 .3rem; }
td.hit, td.miss { white-space: nowrap; } .hit { color: #00664b; } .miss { color: #a3200d; }
.verdict { background: #fff4ec; border-left: .3rem solid #d55e00; padding: .5rem .8rem; margin: .3rem 0; white-space: pre-wrap; }
.remark { background: #eef5fb; border-left: .3rem solid #0072b2; padding: .5rem .8rem; margin: .3rem 0; white-space: pre-wrap; }
.text h1 { font-size: 1.35rem; margin-top: 1.5rem; } .text h2 { font-size: 1.2rem; } .text table { width: auto; }
.math { font-family: "DejaVu Sans Mono", ui-monospace, monospace; font-size: .9em; }
div.math { overflow-x: auto; margin: .5rem 0; }
a { color: #005a8c; }
"""


# --- what a student wrote, made harmless -----------------------------------------------------------------------------


@functools.cache
def _markdown():
    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "math"])


def render_markdown(source: str, attachments: Mapping[str, Any] | None = None) -> str:
    """Turn a text cell into HTML in which nothing can run and nothing is fetched.

    Parameters
    ----------
    source : str
    attachments : dict, optional
        Pictures pasted into the cell.

    Returns
    -------
    str

    Examples
    --------
    >>> render_markdown("**so** <script>alert(1)</script>").strip()
    '<p><strong>so</strong> alert(1)</p>'
    """
    source = plain(source[:SOURCE_LIMIT])
    for name, bundle in clean_attachments(attachments).items():
        for kind, data in bundle.items():
            source = source.replace(f"attachment:{name}", f"data:{kind};base64,{data}")
    try:
        return clean_html(_markdown()(source))
    except RecursionError:  # brackets nested a thousand deep
        return f"<pre>{text(source)}</pre>"


def render_code(source: str) -> str:
    """Colour Python code; the colours are in the page's own style."""
    return highlight(plain(source[:SOURCE_LIMIT]), PythonLexer(stripnl=False), HtmlFormatter(cssclass="code"))


@functools.cache
def _code_style():
    return HtmlFormatter(style="xcode", cssclass="code").get_style_defs(".code")


def _cut(value):
    value = "".join(value) if isinstance(value, list) else str(value)
    return text(value[:OUTPUT_LIMIT]) + ("\n[...]" if len(value) > OUTPUT_LIMIT else "")


def render_outputs(outputs: Iterable[NotebookNode]) -> str:
    """Turn outputs of a cell into HTML: text and pictures; anything else is only named.

    Parameters
    ----------
    outputs : list of nbformat.NotebookNode

    Returns
    -------
    str
    """
    parts = []
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            parts.append(f'<div class="out"><pre>{_cut(output.get("text", ""))}</pre></div>')
        elif kind == "error":
            lines = "\n".join(output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"])
            parts.append(f'<div class="out error"><pre>{_cut(lines)}</pre></div>')
        elif kind in ("display_data", "execute_result"):
            data = output.get("data", {})
            picture = next((name for name in ("image/png", "image/jpeg", "image/gif") if is_base64(data.get(name))), None)
            if picture:
                about = output.get("metadata", {}).get(picture, {})
                alt = about.get("alt", "") if isinstance(about, dict) else ""
                alt = alt if isinstance(alt, str) and alt else "Picture that the cell shows; it has no description."
                source = f"data:{picture};base64,{''.join(data[picture].split())}"
                parts.append(f'<div class="out"><img src="{source}" alt="{text(alt)}"></div>')
            elif "text/plain" in data:
                parts.append(f'<div class="out"><pre>{_cut(data["text/plain"])}</pre></div>')
    return "".join(parts)


# --- what a student may know -----------------------------------------------------------------------------------------


def student_message(question: Mapping[str, Any]) -> str:
    """What a student is told about a check that cost points.

    Parameters
    ----------
    question : dict
        As in :class:`grading.batch.records.Result`.

    Returns
    -------
    str
    """
    if not not_passed(question["score"], question["points"], question["message"]):
        return ""
    message = without_type(question["message"] or "The check failed.")
    if not question["hidden"] or message == without_type("NotImplementedError"):
        return message
    if question["score"] > 0:
        return f"Partial credit: {question['score']:g} of {question['points']:g}."
    hint = question.get("hint")
    return _NO_HINT + (f"\nHint: {hint}" if hint else "")


# --- the page ----------------------------------------------------------------------------------------------------------


def _points(got, most):
    return f"{got:g} of {most:g}"


def render(assignment: Assignment, name: str, notebook: NotebookNode, record: Result, standing: Mapping[str, Any]) -> str:
    """Write the page of one notebook of one student.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    name : str
    notebook : nbformat.NotebookNode
        As it lies in ``autograded``.
    record : grading.batch.records.Result
        What the grader found.
    standing : dict
        The notebook's part of :meth:`grading.nbgrader.standing.Standing.results`: what counts, a person's grades included.

    Returns
    -------
    str
    """
    released = by_name(assignment.released_notebook(name))
    hides = {
        key: cell.source != released[key].source
        for cell in assignment.instructor_notebook(name).cells
        if (key := grade_id(cell)) in released
    }
    questions = {question["grade_id"]: question for question in record.questions if question["notebook"] == name}
    score = standing["score"] - standing["penalty"]
    body = [
        f"<h1>{text(assignment.name)}{f': {text(name)}' if name != assignment.name else ''}</h1>",
        f'<p class="soft">Feedback for {text(record.student)}</p>',
        f'<ul class="numbers"><li><b>{_points(score, standing["max_score"])}</b>points</li></ul>',
    ]
    if standing["penalty"]:
        body.append(f"<p>{standing['penalty']:g} points were taken off for lateness.</p>")
    waiting = [key for key, grade in standing["grades"].items() if grade["needs_manual_grade"]]
    if waiting:
        body.append(f"<p>Not graded by a person yet: {text(', '.join(waiting))}.</p>")
    if record.status == "ungradable":
        body += [f'<p class="warn">{text(reason)}</p>' for reason in record.reasons]
    elif record.status == "partial":
        body.append(
            '<p class="warn">Some cells could not be run to their end (too slow, or they ended the process). '
            "The other questions were graded.</p>"
        )

    rows = []
    for key in released:
        grade = standing["grades"].get(key)
        if grade is None:
            continue
        question = questions.get(key)
        message = student_message(question) if question else ""
        remark = standing["comments"].get(key) or ""
        told = text(message) + (f"<br>{text(remark)}" if remark else "")
        failed = bool(message) and not grade["points"]  # a check that is worth nothing
        full = grade["score"] >= grade["points"] and not failed
        mark = "waits" if key in waiting else "passed" if full else "not passed" if failed else "lost points"
        rows.append(
            f'<tr><th scope="row"><a href="#{text(key)}"><code>{check_name(key)}</code></a></th>'
            f'<td class="{"hit" if full else "miss"}">{mark}</td><td class="n">{_points(grade["score"], grade["points"])}</td>'
            f'<td><span style="white-space:pre-wrap">{told}</span></td></tr>'
        )
    if rows:
        body.append(
            '<h2>Question by question</h2><div class="scroll" tabindex="0" role="region" aria-label="Table"><table>'
            '<thead><tr><th scope="col">check</th><th scope="col">result</th>'
            '<th scope="col" class="n">points</th><th scope="col">what was found</th></tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div>"
        )
    if record.status != "ungradable":
        body.append("<h2>Your notebook</h2>")
        body += [_cell(cell, released, hides, questions, standing) for cell in notebook.cells]
    return page(f"{assignment}: feedback", "\n".join(body), _code_style() + STYLE)


def _cell(cell, released, hides, questions, standing):
    """One cell of the page."""
    key, part = grade_id(cell), role(cell)
    known = released.get(key)
    source = known.source if known is not None and part in ("test", "locked", "task") else cell.source
    parts = []
    if key in standing["grades"]:
        grade = standing["grades"][key]
        points = _points(grade["score"], grade["points"])
        parts.append(f'<div class="label" id="{text(key)}"><code>{text(key)}</code><span>{points} points</span></div>')
    if cell.cell_type == "markdown":
        parts.append(f'<div class="text">{render_markdown(source, cell.get("attachments"))}</div>')
    elif cell.cell_type == "raw":
        parts.append(f"<pre>{text(source[:SOURCE_LIMIT])}</pre>")
    elif source.strip() or cell.outputs:
        parts.append(f'<div class="source">{render_code(source)}</div>')
        if part == "test":
            # What a hidden test prints or says is as hidden as the test.
            shown = [
                output
                for output in cell.outputs
                if output.output_type != "error" and (output.output_type == "display_data" or not hides.get(key))
            ]
            parts.append(render_outputs(shown))
            question = questions.get(key)
            message = student_message(question) if question else ""
            if message:
                parts.append(f'<div class="verdict">{text(message)}</div>')
        else:
            parts.append(render_outputs(cell.outputs))
    remark = standing["comments"].get(key)
    if remark:
        parts.append(f'<div class="remark">{text(remark)}</div>')
    return f'<section class="cell">{"".join(parts)}</section>' if parts else ""


def write_feedback(assignment: Assignment, students: Iterable[str] | None = None) -> tuple[list[Path], list[str]]:
    """Write the pages of an assignment.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    students : list of str, optional
        Ids; all by default.

    Returns
    -------
    pages : list of pathlib.Path
    missing : list of str
        Students who could not be given a page, and why.

    Raises
    ------
    CourseError
        If a named student is not known.
    """
    names = assignment.notebook_names
    everyone = [assignment.course.student_id(student) for student in assignment.students()]
    unknown = set(students or ()) - set(everyone)
    if unknown:
        raise CourseError(f"No submission of {assignment} by {', '.join(sorted(unknown))}.")
    pages, missing, records = [], [], Records(assignment)
    with GradebookWriter(assignment, prepare=False) as book:
        for student in students or everyone:
            record, standing = records.read(student), book.results(student)
            if record is None or standing is None:
                missing.append(f"{student}: not graded yet by `grade run {assignment}`")
                continue
            target = assignment.feedback_folder(student)
            if target.is_symlink():
                missing.append(f"{student}: {target} is a symbolic link")
                continue
            for name in names:
                path = assignment.autograded_folder(student) / f"{name}.ipynb"
                if not path.is_file() or name not in standing["notebooks"]:
                    missing.append(f"{student}: {path} is gone; run `grade run {assignment}` again")
                    continue
                notebook = nbformat.read(path, as_version=4)
                out = target / f"{name}.html"
                write_atomic(out, render(assignment, name, notebook, record, standing["notebooks"][name]))
                pages.append(out)
            stamp = assignment.autograded_folder(student) / "timestamp.txt"
            if stamp.is_file() and target.is_dir():
                shutil.copyfile(stamp, target / "timestamp.txt")
    return pages, missing
