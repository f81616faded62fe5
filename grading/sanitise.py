"""Making what students wrote harmless to whoever looks at it in a browser."""

from __future__ import annotations

import base64
import copy
import functools
import html
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import nbformat
import nh3
from pygments.token import STANDARD_TYPES

if TYPE_CHECKING:
    from nbformat import NotebookNode

Pictures = Mapping[str, Mapping[str, str]]  # name -> media type -> base64
TEXT_LIMIT = 50_000  # characters of a text cell that are read as Markdown; for some texts the time grows with the square
MATH_LIMIT = 500  # formulas that begin in it, likewise

_TEXT = ("text/plain",)
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    r"""Text without colours, control characters and marks that turn the direction of writing.

    Examples
    --------
    >>> plain("\x1b[31mred\x1b[0m\x07")
    'red'
    """
    return _CONTROL.sub("", _ANSI.sub("", text))


def is_base64(text: object) -> bool:
    """Whether text is what a picture's bytes look like in a notebook."""
    return isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9+/=\s]*", text) is not None


def clean_outputs(outputs: Sequence[NotebookNode | dict[str, Any]]) -> list[NotebookNode]:
    """Outputs for a notebook that an instructor opens: text and pictures stay; HTML, JavaScript and SVG, in which code could
    hide that acts in the instructor's name, do not.

    Parameters
    ----------
    outputs : list
        nbformat outputs.

    Returns
    -------
    list of nbformat.NotebookNode
    """
    kept = []
    for output in copy.deepcopy(outputs):
        output = nbformat.from_dict(output)
        kind = output.get("output_type")
        if kind in ("stream", "error"):
            kept.append(output)
        elif kind in ("display_data", "execute_result"):
            bundle = output.get("data", {})
            data = {key: value for key, value in bundle.items() if (key in _TEXT) or (key in _PICTURES and is_base64(value))}
            if not data and bundle:
                data = {"text/plain": f"[{', '.join(sorted(map(str, bundle)))}: left out by the grader]"}
            alt = {}
            for key, value in (output.get("metadata") or {}).items():
                if key in _PICTURES and isinstance(value, dict) and isinstance(value.get("alt"), str):
                    alt[key] = {"alt": value["alt"]}
            output["data"], output["metadata"] = nbformat.from_dict(data), nbformat.from_dict(alt)
            kept.append(output)
    return kept


# --- text ------------------------------------------------------------------------------------------------------------

_TAGS = frozenset(
    "a abbr b blockquote br caption center code dd del details div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p "
    "pre q s samp small span strong sub summary sup table tbody td th thead tr tt u ul var".split()
)
_ALIGNED = {"align"}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "ol": {"start"},
    "details": {"open"},
    "font": {"color"},
    "span": {"class"},
    "div": {"class", "align"},
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6"), _ALIGNED),
}
_VALUES = {
    "align": r"left|right|center|justify",
    "color": r"#[0-9a-f]{3,8}|[a-z]{1,30}",
    "height": r"\d{1,4}%?",
    "width": r"\d{1,4}%?",
    "colspan": r"\d{1,3}",
    "rowspan": r"\d{1,3}",
    "start": r"\d{1,9}",
}
_CLASSES = frozenset(STANDARD_TYPES.values()) | {"highlight", "math"}  # of coloured code, and of formulas; no page's own
_LINK = re.compile(r"(?:https?:|mailto:|#).*", flags=re.IGNORECASE | re.DOTALL)
_FILE = re.compile(r"(?!.*\.\.)[\w.%()+-][\w .%()+-]*(?:/[\w .%()+-]+)*(?:#[\w.%-]*)?")  # beside the notebook
_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_ACTIVE = re.compile(
    r"<(?:script|iframe|object|embed|applet|svg|math|style|link|meta|base|form|input|button|select|textarea|video|audio|template)\b",
    flags=re.IGNORECASE,
)  # elements that do something, as other unknown ones do not
_IMAGE = re.compile(r'<img((?:\s+[a-z]+(?:="[^"]*")?)*)\s*/?>')  # as nh3 writes it
_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def clean_html(text: str, pictures: Pictures | None = None, files: bool = False) -> str:
    """HTML in which nothing can run, submit, cover the page or be fetched from elsewhere.

    Parameters
    ----------
    text : str
    pictures : dict, optional
        Attachments as `clean_attachments` leaves them; a reference to one is replaced by the picture itself.
    files : bool
        Whether references to files beside the page may stay.

    Returns
    -------
    str

    Examples
    --------
    >>> clean_html('<b onclick="alert(1)">so</b> <img src="https://example.org/a.png" alt="a plot">')
    '<b>so</b> <em>[picture not shown: a plot]</em>'
    """

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            return value if value in _CLASSES else None
        if name == "href":
            return value if _LINK.fullmatch(value) or (files and _FILE.fullmatch(value)) else None
        if name == "src":
            value = _resolved(value, pictures or {})
            return value if _DATA.fullmatch(value) or (files and _FILE.fullmatch(value)) else None
        pattern = _VALUES.get(name)
        return value if pattern is None or re.fullmatch(pattern, value, flags=re.IGNORECASE) else None

    clean = functools.partial(
        nh3.clean,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        clean_content_tags=set(),  # what stood in a script is shown as text
        url_schemes={"http", "https", "mailto", "data", "attachment"},
    )
    cleaned = clean(text)
    told = _IMAGE.sub(lambda match: match[0] if " src=" in match[1] else _not_shown(match[1]), cleaned)
    return cleaned if told == cleaned else clean(told)


def _not_shown(attributes):
    """What stands in the place of a picture that would have to be fetched, or is not there."""
    alt = re.search(r'\salt="([^"]+)"', attributes)
    return f"<em>[picture not shown{': ' + alt[1] if alt else ''}]</em>"


def _resolved(address: str, pictures: Pictures) -> str:
    """The address of a picture; where it is an attachment, the picture itself."""
    name = address.removeprefix("attachment:")
    if name == address:
        return address
    bundle = pictures.get(name) or pictures.get(unquote(name)) or {}
    return next((f"data:{kind};base64,{data}" for kind, data in bundle.items()), "")


def clean_attachments(attachments: object) -> dict[str, dict[str, str]]:
    """Pictures pasted into a text cell: those that are PNG, JPEG, GIF or WebP, whatever they are said to be.

    Parameters
    ----------
    attachments : dict
        Name -> media type -> base64, as far as a student's file has that form.

    Returns
    -------
    dict
    """
    good: dict[str, dict[str, str]] = {}
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        for data in bundle.values() if isinstance(bundle, dict) else ():
            if isinstance(data, list) and all(isinstance(part, str) for part in data):
                data = "".join(data)
            if isinstance(name, str) and is_base64(data) and (kind := _picture_kind(data)):
                good[name] = {kind: "".join(data.split())}
                break
    return good


def _picture_kind(data):
    """The media type of a picture, by its first bytes; None where it is not one that every browser shows as a picture only."""
    data = "".join(data.split())
    try:
        begin = base64.b64decode(data, validate=True)[:12]
    except ValueError:
        return None
    if begin[:4] == b"RIFF" and begin[8:] == b"WEBP":
        return "image/webp"
    return next((kind for sign, kind in _SIGNS if begin.startswith(sign)), None)


@functools.cache
def _renderer():
    """The renderer of nbconvert, which formgrader uses, made to note what in a text is more than text.

    A class made here, because importing nbconvert takes a moment, and most text cells are as they were released.
    """
    from mistune import HTMLRenderer
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    known = "|".join(sorted(_TAGS, key=len, reverse=True))
    unknown = re.compile(rf"<(?!!--|/?(?:{known})(?:[\s/>]|$))", flags=re.IGNORECASE)
    names = set().union(*_ATTRIBUTES.values())

    class Renderer(IPythonRenderer):
        def __init__(self, pictures):
            super().__init__(escape=False, exclude_anchor_links=True)
            self.pictures = pictures
            self.html = False  # whether there is more than text
            self.refused = False  # whether some of it is refused

        def _raw(self, html):
            self.html = True
            used = {name.lower() for name in re.findall(r"[\s/\"']([\w:-]+)\s*=", html)}
            self.refused = self.refused or _ACTIVE.search(html) is not None or not used <= names
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
            if not (_LINK.fullmatch(url) or _FILE.fullmatch(url)):
                self._no_address()
            return super().link(text, url, title)

        def image(self, text, url, title=None):
            # Where an attachment is not there, nbconvert gives up, and formgrader shows an error instead of the notebook.
            there = url.removeprefix("attachment:") in self.pictures if url.startswith("attachment:") else _FILE.fullmatch(url)
            if not (there or _DATA.fullmatch(url)):
                self._no_address()
            return HTMLRenderer.image(self, text, url, title)

    return Renderer


def clean_text(source: str, attachments: object = None) -> tuple[str, dict[str, dict[str, str]], bool]:
    """A text cell for formgrader, which takes HTML in it for HTML.

    Text without HTML stays as it is. Other text becomes what formgrader would make of it, as one line of HTML, cleaned: Markdown
    cannot turn that into anything else. What formgrader could not show at all becomes plain text.

    Parameters
    ----------
    source : str
    attachments : dict, optional

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
    renderer = _renderer()(pictures)
    try:
        made = MarkdownWithMath(renderer=renderer).render(source)
        if not renderer.html:
            return source, pictures, False
        cleaned = clean_html(made, pictures, files=True)
        line = f"<div>{_one_line(cleaned.strip())}</div>"
        if MarkdownWithMath(renderer=_renderer()({})).render(line).strip() != line:
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
    return clean_html(MarkdownWithMath(renderer=_renderer()(pictures)).render(source), pictures).strip()


def as_shown(source: str) -> str:
    """A text cell that shows a text as it stands, on one line, so that Markdown finds nothing in it."""
    return f"<pre>{_one_line(html.escape(source))}</pre>"


def _one_line(text):
    return text.replace("\n", "&#10;")
