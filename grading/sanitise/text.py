"""Text cells of students, made harmless, as formgrader reads them."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Collection
from urllib.parse import quote

from grading.sanitise.markup import ACTIVE, ATTRIBUTES, DATA, FILE, LINK, TAGS, clean_attachments, clean_html, file_name

TEXT_LIMIT = 50_000  # characters of a text cell that are read as Markdown; for some texts the time grows with the square
MATH_LIMIT = 500  # formulas that begin in it, likewise


@functools.cache
def _renderer():
    """The renderer of nbconvert, which formgrader uses, made to note what in a text is more than text.

    A class made here, because importing nbconvert takes a moment, and most text cells are as they were released.
    """
    from mistune import HTMLRenderer
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    known = "|".join(sorted(TAGS, key=len, reverse=True))
    unknown = re.compile(rf"<(?!!--|/?(?:{known})(?:[\s/>]|$))", flags=re.IGNORECASE)
    names = set().union(*ATTRIBUTES.values())

    class Renderer(IPythonRenderer):
        def __init__(self, pictures, files):
            super().__init__(escape=False, exclude_anchor_links=True)
            self.pictures, self.files = pictures, files
            self.html = False  # whether there is more than text
            self.refused = False  # whether some of it is refused

        def _raw(self, html):
            self.html = True
            used = {name.lower() for name in re.findall(r"[\s/\"']([\w:-]+)\s*=", html)}
            self.refused = self.refused or ACTIVE.search(html) is not None or not used <= names
            return unknown.sub("&lt;", html)  # shown: who writes x<y>z means no element

        def _no_address(self):
            self.html = self.refused = True

        def inline_html(self, html):
            return html if re.fullmatch(r"<br\s*/?>", html, flags=re.IGNORECASE) else self._raw(html)

        def block_html(self, html):
            return self._raw(html) + "\n"

        def block_mermaidjs(self, code):  # nbconvert puts it into the page as it is
            self._raw(code)
            return HTMLRenderer.block_code(self, code)

        def task_list_item(self, text, checked=False):
            return f"<li>{'[x]' if checked else '[ ]'} {text}</li>\n"

        def link(self, text, url, title=None):
            if not (LINK.fullmatch(url) or FILE.fullmatch(url)):
                self._no_address()
            return super().link(text, url, title)

        def image(self, text, url, title=None):
            # Where an attachment is not there, nbconvert gives up, and formgrader shows an error instead of the notebook.
            if url.startswith("attachment:"):
                there = url.removeprefix("attachment:") in self.pictures
            else:
                there = FILE.fullmatch(url) is not None and bool(self.files(file_name(url)))
            if not (there or DATA.fullmatch(url)):
                self._no_address()
            return HTMLRenderer.image(self, text, url, title)

    return Renderer


def clean_text(
    source: str, attachments: object = None, files: Collection[str] | None = None
) -> tuple[str, dict[str, dict[str, str]], bool]:
    """A text cell for formgrader, which takes HTML in it for HTML.

    Text without HTML stays as it is. Other text becomes what formgrader would make of it, as one line of HTML, cleaned: Markdown
    cannot turn that into anything else. What formgrader could not show at all becomes plain text.

    Parameters
    ----------
    source : str
    attachments : dict, optional
    files : collection of str, optional
        Names of the files that will lie beside the notebook; without it, any may.

    Returns
    -------
    source : str
    attachments : dict
    changed : bool
        Whether something was left out.

    Examples
    --------
    >>> clean_text("a < b, and $a<b$")
    ('a < b, and $a<b$', {}, False)
    >>> clean_text("*so* <script>alert(1)</script>")
    ('<div><p><em>so</em> &lt;script&gt;alert(1)&lt;/script&gt;</p></div>', {}, True)
    """
    from nbconvert.filters.markdown_mistune import MarkdownWithMath

    pictures = clean_attachments(attachments or {})
    if len(source) > TEXT_LIMIT or source.count("\\begin{") + source.count("\\\\[") + source.count("\\\\(") > MATH_LIMIT:
        return as_shown(source), {}, True

    def beside(name: str) -> str:
        return quote(name) if files is None or name in files else ""

    renderer = _renderer()(pictures, beside)
    try:
        made = MarkdownWithMath(renderer=renderer).render(source)
        if not renderer.html:
            return source, pictures, False
        cleaned = clean_html(made, pictures, files=beside)
        line = f"<div>{_one_line(cleaned.strip())}</div>"
        if MarkdownWithMath(renderer=_renderer()({}, beside)).render(line).strip() != line:
            return as_shown(source), {}, True
    except Exception:  # brackets nested a thousand deep: formgrader would fail in the same way
        return as_shown(source), {}, True
    return line, {}, renderer.refused or any(made.count(name) > cleaned.count(name) for name in ("href=", "src="))


def markdown_html(source: str, attachments: object = None) -> str:
    """A text as formgrader would show it, as HTML in which nothing can act.

    Parameters
    ----------
    source : str
        Markdown.
    attachments : dict, optional

    Returns
    -------
    str

    Examples
    --------
    >>> markdown_html("*so* <script>alert(1)</script>")
    '<p><em>so</em> &lt;script&gt;alert(1)&lt;/script&gt;</p>'
    """
    from nbconvert.filters.markdown_mistune import MarkdownWithMath

    pictures = clean_attachments(attachments or {})
    return clean_html(MarkdownWithMath(renderer=_renderer()(pictures, quote)).render(source), pictures).strip()


def as_shown(source: str) -> str:
    """A text cell that shows a text as it stands, on one line, so that Markdown finds nothing in it."""
    return f"<pre>{_one_line(html.escape(source))}</pre>"


def _one_line(text):
    return text.replace("\n", "&#10;")
