"""Cells of a notebook as HTML in which nothing of a student's can run, and nothing is fetched."""

from __future__ import annotations

import base64
import functools
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from markupsafe import Markup, escape
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grading.protocol.printed import without_middle
from grading.reports.formulae import formula
from grading.sanitise.markup import PICTURES, clean_attachments, clean_html, data_address, is_base64, picture_kind
from grading.sanitise.outputs import plain

OUTPUT_LIMIT = 20_000  # characters of one output that are shown
SOURCE_LIMIT = 100_000  # characters of one cell
_PICTURE_DATA = re.compile(r"data:image/\w+;base64,[A-Za-z0-9+/=]*")
FORMULAE = 300  # of a cell that are typeset; for some texts the time grows with the square


@functools.cache
def _renderer():
    """A renderer that leaves formulae out and collects them. Made here, because importing nbconvert takes a moment."""
    from mistune import HTMLRenderer

    class Renderer(HTMLRenderer):
        def __init__(self):
            super().__init__(escape=False, allow_harmful_protocols=True)  # what is made is cleaned; attachments pass
            self.formulae = {}

        def _keep(self, made, tex):
            name = secrets.token_hex(8)  # which no text of a student's can have in it
            self.formulae[name] = made, tex
            return f'<span class="math">{name}</span>'

        def block_math(self, body):
            return self._keep(Markup('<span class="formula">{}</span>').format(formula(body, block=True)), body)

        def inline_math(self, body):
            return self._keep(formula(body), body)

        def latex_environment(self, name, body):
            return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

    return Renderer


def render_markdown(source: str, attachments: Mapping[str, Any] | None = None) -> Markup:
    """Turn a text cell into HTML.

    Parameters
    ----------
    source : str
    attachments : dict, optional
        Pictures pasted into the cell, and those that lie beside the notebook (see `with_pictures`).

    Returns
    -------
    markupsafe.Markup

    Examples
    --------
    >>> print(render_markdown("**so** <script>alert(1)</script>").strip())
    <p><strong>so</strong> alert(1)</p>
    """
    from nbconvert.filters.markdown_mistune import MarkdownWithMath

    source = plain(source if len(_PICTURE_DATA.sub("", source)) <= SOURCE_LIMIT else source[:SOURCE_LIMIT])
    if source.count("$") + source.count("\\begin{") + source.count("\\\\(") + source.count("\\\\[") > 2 * FORMULAE:
        return Markup("<pre>{}</pre>").format(source)
    renderer, pictures = _renderer()(), clean_attachments(attachments or {})
    try:
        made = clean_html(
            MarkdownWithMath(renderer=renderer).render(source), pictures, files=lambda name: data_address(name, pictures)
        )
    except RecursionError:  # brackets nested a thousand deep
        return Markup("<pre>{}</pre>").format(source)
    for name, (inside, tex) in renderer.formulae.items():
        # As the quotes show, the first stands in no attribute of an element; in one, as in a picture's description, is text only.
        made = made.replace(f'<span class="math">{name}</span>', inside).replace(name, escape(tex))
    return Markup(made)


def with_pictures(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """A notebook in whose text cells the pictures that lie beside it are attached: a page has nothing beside it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Its cells are changed.
    folder : pathlib.Path

    Returns
    -------
    nbformat.NotebookNode
    """
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.suffix.lower() in PICTURES}
    for cell in notebook.cells if found else ():
        if cell.cell_type == "markdown":
            text = unquote(cell.source)
            for name, path in found.items():
                if name in text and (kind := picture_kind(data := path.read_bytes())):
                    bundle = {kind: base64.b64encode(data).decode("ascii")}
                    cell.setdefault("attachments", NotebookNode())[name] = NotebookNode(bundle)
    return notebook


def render_code(source: str) -> Markup:
    """Colour Python code; the colours are in the page's own style."""
    return Markup(highlight(plain(source[:SOURCE_LIMIT]), PythonLexer(stripnl=False), HtmlFormatter(cssclass="code")))


@functools.cache
def code_style() -> Markup:
    """The colours of code, on a light ground and on a dark one."""
    light, dark = (HtmlFormatter(style=style, cssclass="code").get_style_defs(".code") for style in ("xcode", "github-dark"))
    return Markup(f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n")


def _cut(value):
    value = "".join(value) if isinstance(value, list) else str(value)
    return escape(plain(without_middle(value, OUTPUT_LIMIT)))


def render_outputs(outputs: Iterable[NotebookNode]) -> Markup:
    """Turn outputs of a cell into HTML: text, pictures, tables and formulae.

    Parameters
    ----------
    outputs : list of nbformat.NotebookNode

    Returns
    -------
    markupsafe.Markup
    """
    block, parts = Markup('<div class="out"><pre>{}</pre></div>'), []
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            parts.append(block.format(_cut(output.get("text", ""))))
        elif kind == "error":
            lines = "\n".join(output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"])
            parts.append(Markup('<div class="out error"><pre>{}</pre></div>').format(_cut(lines)))
        elif kind in ("display_data", "execute_result"):
            data = output.get("data", {})
            picture = next((name for name in ("image/png", "image/jpeg", "image/gif") if is_base64(data.get(name))), None)
            page = data.get("text/html")
            text = next((data[key] for key in ("text/markdown", "text/latex") if isinstance(data.get(key), str)), None)
            if isinstance(page, str):
                parts.append(Markup('<div class="out text">{}</div>').format(Markup(clean_html(page))))
            elif picture:
                about = output.get("metadata", {}).get(picture, {})
                alt = about.get("alt", "") if isinstance(about, dict) else ""
                alt = plain(alt) if isinstance(alt, str) and alt else "Picture that the cell shows; it has no description."
                source = f"data:{picture};base64,{''.join(data[picture].split())}"
                parts.append(Markup('<div class="out"><img src="{}" alt="{}"></div>').format(source, alt))
            elif text is not None:
                parts.append(Markup('<div class="out text">{}</div>').format(render_markdown(text)))
            elif "text/plain" in data:
                parts.append(block.format(_cut(data["text/plain"])))
    return Markup("").join(parts)
