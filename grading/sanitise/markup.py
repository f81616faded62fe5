"""HTML and pictures of students, made harmless: one list of what may stay, used for every page."""

from __future__ import annotations

import base64
import functools
import html
import re
from collections.abc import Callable, Collection, Mapping
from urllib.parse import unquote

import nh3
from pygments.token import STANDARD_TYPES

from grading.protocol.printed import without_middle

Pictures = Mapping[str, Mapping[str, str]]  # name -> media type -> base64

TAGS = frozenset(
    "a abbr b blockquote br caption center code dd del details div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p "
    "pre q s samp small span strong sub summary sup table tbody td th thead tr tt u ul var".split()
)
_ALIGNED = {"align"}
ATTRIBUTES = {
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
LINK = re.compile(r"(?:https?:|mailto:|#).*", flags=re.IGNORECASE | re.DOTALL)
FILE = re.compile(r"(?!.*\.\.)[\w.%()+-][\w .%()+-]*(?:/[\w .%()+-]+)*(?:#[\w.%-]*)?")  # beside the notebook
DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
ACTIVE = re.compile(
    r"<(?:script|iframe|object|embed|applet|svg|math|style|link|meta|base|form|input|button|select|textarea|video|audio|template)\b",
    flags=re.IGNORECASE,
)  # elements that do something, as other unknown ones do not
_IMAGE = re.compile(r'<img((?:\s+[a-z]+(?:="[^"]*")?)*)\s*/?>')  # as nh3 writes it
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")  # files that may be such
_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def is_base64(text: object) -> bool:
    """Whether text is what a picture's bytes look like in a notebook."""
    return isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9+/=\s]*", text) is not None


def clean_html(
    text: str,
    pictures: Pictures | None = None,
    files: Callable[[str], str] | None = None,
    without: Collection[str] = (),
) -> str:
    """HTML in which nothing can run, submit, cover the page or be fetched from elsewhere.

    Parameters
    ----------
    text : str
    pictures : dict, optional
        Attachments as `clean_attachments` leaves them; a reference to one is replaced by the picture itself.
    files : callable, optional
        Is given the name of a file beside the notebook, and gives the address to be put in its place; an empty one if the file is
        not there. Without it no such reference stays.
    without : collection of str, optional
        Elements that are left out with all that stands in them; of others that may not stay, what stands in them does.

    Returns
    -------
    str

    Examples
    --------
    >>> clean_html('<b onclick="alert(1)">so</b> <img src="https://example.org/a.png" alt="a plot">')
    '<b>so</b> <em>[picture not shown: a plot]</em>'
    """
    if not _is_bounded(text):
        return f"<pre>{html.escape(without_middle(text, _SHOWN_AS_TEXT), quote=False)}</pre>"

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            return value if value in _CLASSES else None
        if name == "href":
            return value if LINK.fullmatch(value) or (files and FILE.fullmatch(value)) else None
        if name == "src":
            if value.startswith("attachment:"):
                value = data_address(value, pictures or {})
            elif files and FILE.fullmatch(value):
                value = files(file_name(value))
            return value if not value or DATA.fullmatch(value) or (files and FILE.fullmatch(value)) else None
        pattern = _VALUES.get(name)
        return value if pattern is None or re.fullmatch(pattern, value, flags=re.IGNORECASE) else None

    clean = functools.partial(
        nh3.clean,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        attribute_filter=attribute,
        clean_content_tags=set(without),
        url_schemes={"http", "https", "mailto", "data", "attachment"},
    )
    cleaned = clean(text)
    told = _IMAGE.sub(lambda match: match[0] if re.search(r' src="[^"]', match[1]) else _not_shown(match[1]), cleaned)
    return cleaned if told == cleaned else clean(told)


# A browser's way of reading HTML takes time, or makes elements, that grow with the square of some texts: then it is not read.
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)", flags=re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_ENDS_ITSELF = frozenset(
    "area base br col dd dt embed hr img input li link meta option p source tbody td tfoot th thead tr wbr".split()
)
_REPEATED = frozenset("a b big code em font i nobr s small strike strong tt u".split())  # begun again in each block that follows
_DEPTH, _ATTRIBUTE_LIMIT, _REPEATS, _SHOWN_AS_TEXT = 200, 100, 500_000, 20_000


def _is_bounded(text):
    """Whether a page is read in a time, and into a number of elements, that grow with its length only."""
    stack: list[str] = []
    tags = repeated = most = 0
    for end, name, rest in _TAG.findall(text):
        name = name.lower()
        tags += 1
        if not end and name not in _ENDS_ITSELF:
            stack.append(name)
            repeated += name in _REPEATED
            most = max(most, repeated)
        elif stack and stack[-1] == name:  # an end tag in the wrong place may end nothing
            stack.pop()
            repeated -= name in _REPEATED
        if len(stack) > _DEPTH or len(rest) > _ATTRIBUTE_LIMIT < len(re.split(r"[\s/]+", _QUOTED.sub("", rest))):
            return False
    return tags * most <= _REPEATS


def _not_shown(attributes):
    """What stands in the place of a picture that would have to be fetched, or is not there."""
    alt = re.search(r'\salt="([^"]+)"', attributes)
    why = "not included in what was handed in" if ' src=""' in attributes else "not shown"
    return f"<em>[picture {why}{': ' + alt[1] if alt else ''}]</em>"


def file_name(address: str) -> str:
    """The name of the file that an address in a text means.

    Examples
    --------
    >>> file_name("./my%20plot.png")
    'my plot.png'
    """
    return unquote(address.partition("#")[0]).removeprefix("./")


def data_address(address: str, pictures: Pictures) -> str:
    """The picture that an address means, as a data address; empty where it is not there."""
    name = address.removeprefix("attachment:")
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
            if isinstance(name, str) and is_base64(data) and (kind := picture_kind(_decoded(data))):
                good[name] = {kind: "".join(data.split())}
                break
    return good


def picture_kind(data: bytes) -> str | None:
    """The media type of a picture, by its first bytes; None where it is not one that every browser shows as a picture only."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for sign, kind in _SIGNS if data.startswith(sign)), None)


def _decoded(data):
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except ValueError:
        return b""
