"""Model answers and rubrics of the questions that a person grades, for the person who grades them.

They stand in the instructor's notebook in ``source``: in the solution region of a hand-graded answer, and in the mark scheme of a
task cell, between the delimiters that the course has chosen. No other file holds them: they are read when a page of formgrader is
made, so that nothing that a student gets can contain them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbgrader import preprocessors

from grading.nbgrader.cells import grade_id, role
from grading.sanitise.text import markdown_html

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from traitlets.config import Config


def region(source: str, begin: str, end: str) -> str | None:
    r"""The lines between two delimiters, those with the delimiters left out; None where there are none.

    Examples
    --------
    >>> region("Why?\n### BEGIN SOLUTION\nTwice.\n### END SOLUTION", "BEGIN SOLUTION", "END SOLUTION")
    'Twice.'
    """
    found: list[str] = []
    inside = seen = False
    for line in source.split("\n"):
        if begin in line:
            inside = seen = True
        elif end in line:
            inside = False
        elif inside:
            found.append(line)
    return "\n".join(found).strip() if seen else None


def rubrics(notebook: NotebookNode, config: Config) -> dict[str, str]:
    """Model answers and rubrics of an instructor's notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        As it lies in ``source``.
    config : traitlets.config.Config
        The course's settings for nbgrader: its delimiters and stubs.

    Returns
    -------
    dict of str to str
        Name of the cell -> HTML, cleaned.
    """
    solution, scheme = preprocessors.ClearSolutions(config=config), preprocessors.ClearMarkScheme(config=config)
    found = {}
    for cell in notebook.cells:
        part, name = role(cell), grade_id(cell)
        if not name or part not in ("manual", "task"):
            continue
        if part == "task":
            text = region(cell.source, scheme.begin_mark_scheme_delimeter, scheme.end_mark_scheme_delimeter)
        else:
            text = region(cell.source, solution.begin_solution_delimeter, solution.end_solution_delimeter)
            if text is None and solution.text_stub not in cell.source:
                text = cell.source  # nbgrader takes such a cell for a solution as a whole
        if text and text.strip():
            found[name] = _code(text) if cell.cell_type == "code" else markdown_html(text, cell.get("attachments"))
    return found


def _code(source: str) -> str:
    """Code, coloured; a block of comments in it that holds a rubric, as the Markdown that it is."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    lines = source.split("\n")
    begin = next((k for k, line in enumerate(lines) if line.lstrip("# \t").startswith("**Rubric**")), len(lines))
    end = next((k for k in range(begin, len(lines)) if not lines[k].startswith("#")), len(lines))
    code = "\n".join(lines[:begin] + lines[end:]).strip("\n")
    rubric = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[begin:end])
    shown = highlight(code, PythonLexer(stripnl=False), HtmlFormatter()) if code else ""
    return shown + (markdown_html(rubric) if rubric else "")


def without_scheme(source: str, config: Config) -> str:
    """The text of a task without its mark scheme, as students have it."""
    scheme = preprocessors.ClearMarkScheme(config=config)
    begin, end = scheme.begin_mark_scheme_delimeter, scheme.end_mark_scheme_delimeter
    kept, inside = [], False
    for line in source.split("\n"):
        inside = inside or begin in line
        if not inside:
            kept.append(line)
        inside = inside and end not in line
    return "\n".join(kept)
