"""Students' text cells in formgrader: what could act is gone, what is only text looks as it did."""

import base64
import functools
import html.parser
import re

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_markdown_cell, new_notebook

from grading.sanitise import markup, text

PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
        "000049454e44ae426082"
    )
).decode()
RUN = "alert(1)"

HOSTILE = {
    "script": f"<script>{RUN}</script>",
    "script across blank lines": f"Text\n\n<script>\n\n{RUN}\n\n</script>",
    "script in capitals": f"<ScRiPt >{RUN}</sCrIpT>",
    "script in a list": f"* one\n* <script>{RUN}</script>",
    "script in a table": f"| a |\n|---|\n| <script>{RUN}</script> |",
    "script in a quote": f"> <script>{RUN}</script>",
    "script in a heading": f"# <script>{RUN}</script>",
    "script after a formula": f"$a$<script>{RUN}</script>$b$",
    "handler": f'<img src=x onerror="{RUN}">',
    "handler without quotes": f"<img src=x onerror={RUN}>",
    "handler behind slashes": f"<img/src=x/onerror={RUN}>",
    "handler on an allowed element": f'<b onmouseover="{RUN}" style="position:fixed;inset:0">so</b>',
    "handler in an alternative text": f'![x" onerror="{RUN}](plot.png)',
    "handler in a title": f"[a](https://example.org 'x\" onmouseover=\"{RUN}')",
    "handler in an info string": f'```x"onmouseover="{RUN}\ncode\n```',
    "details": f'<details open ontoggle="{RUN}"><summary>x</summary>y</details>',
    "svg": f'<svg onload="{RUN}"><animate onbegin="{RUN}"/></svg>',
    "math": f'<math><mtext><style><img src=x onerror="{RUN}"></style></mtext></math>',
    "noscript": f'<noscript><p title="</noscript><img src=x onerror={RUN}>"></noscript>',
    "comment that ends early": f"<!--><script>{RUN}</script>-->",
    "broken comment": f"<!-- -- ><img src=x onerror={RUN}> -->",
    "processing instruction": f"<?x <script>{RUN}</script> ?>",
    "cdata": f"<![CDATA[<script>{RUN}</script>]]>",
    "unclosed": f"<img src=x onerror={RUN}//",
    "unclosed quote": f'<a href="x><script>{RUN}</script>',
    "frame": f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "frame from elsewhere": '<iframe src="https://example.org"></iframe>',
    "object": '<object data="https://example.org"></object><embed src="https://example.org">',
    "meta": '<meta http-equiv="refresh" content="0;url=https://example.org">',
    "base": '<base href="https://example.org/">',
    "link": '<link rel="stylesheet" href="https://example.org/x.css">',
    "style": "<style>body { display: none } @import 'https://example.org/x.css';</style>",
    "style attribute": '<div style="background: url(https://example.org/x.png)">x</div>',
    "form": '<form action="https://example.org"><input name=x><button>Full credit</button></form>',
    "class of the page's own": '<div class="score nbgrader_cell" id="notebook">x</div>',
    "javascript link": f"[full credit](javascript:{RUN})",
    "javascript link in HTML": f'<a href="javascript:{RUN}">x</a>',
    "javascript link with a tab": f'<a href="java\tscript:{RUN}">x</a>',
    "javascript link in entities": f"[x](&#106;avascript:{RUN})",
    "javascript link in percent": f"[x](javascript%3A{RUN}) [y](<java script:{RUN}>)",
    "reference link": f"[x][1]\n\n[1]: javascript:{RUN}",
    "autolink": f"<javascript:{RUN}>",
    "vbscript": "[x](vbscript:msgbox)",
    "data link": f"[x](data:text/html;base64,{base64.b64encode(b'<script>alert(1)</script>').decode()})",
    "data picture": "![x](data:image/svg+xml;base64,PHN2Zy8+)",
    "picture from elsewhere": "![x](https://example.org/x.png)",
    "picture by reference": "![x][1]\n\n[1]: https://example.org/x.png",
    "picture of the server": "![x](/logout) ![y](../../logout) ![z](//example.org/x.png)",
    "source set": '<img srcset="https://example.org/x.png 1x" src="plot.png">',
    "mermaid": f"```mermaid\n<script>{RUN}</script>\n```",
    "lazy end of a fence": f"```\ncode\n```\n<script>{RUN}</script>",
    "a fence that is none": f"    ```\n<script>{RUN}</script>\n    ```",
    "escaped with a backslash": f"\\\\<script>{RUN}</script>",
    "attachment that is not there": "![x](attachment:gone.png)",
    "attachment with markup": f'![x](attachment:a"><script>{RUN}</script>.png)',
}

HARMLESS = [
    "Because `a < b`, and a < b, and b > a.",
    "x < y > z & w",
    "1 < 2 <3",
    "`<script>` is an element",
    "```html\n<script>alert(1)</script>\n```",
    "    <script>alert(1)</script>",
    "Because $a < b$ and $x_{<t} & y$:\n\n$$\\begin{aligned} a &< b \\\\ c &> d \\end{aligned}$$",
    "<https://example.org/?a=1&b=2> and https://example.org",
    "<ada@example.org>",
    "[a link](https://example.org), [a file](helper.py), [a part](#part), [by reference][1]\n\n[1]: https://example.org",
    "![a plot](plot.png)",
    "line one<br>line two<br/>",
    "AT&T, &lt;b&gt;, &amp;",
    "| a | b |\n|---|---|\n| 1 | 2 < 3 |",
    "- [x] done\n- [ ] to do",
    "javascript:alert(1) is a kind of address",
    "# A heading\n\n> a quote\n\n1. one\n2. two",
    "",
]


class _Page(html.parser.HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@functools.cache
def _exporter():
    return HTMLExporter(template_name="basic")


def shown(source, attachments=None):
    """What nbconvert, and through it formgrader, makes of a text cell."""
    cell = new_markdown_cell(source)
    if attachments:
        cell.attachments = attachments
    made, _ = _exporter().from_notebook_node(new_notebook(cells=[cell]))
    return _Page(made)


ELEMENTS = markup.TAGS | {"input"}


def is_harmless(page):
    for tag, attributes in page.elements:
        if tag not in ELEMENTS or any(name.startswith("on") for name in attributes):
            return False
        if tag == "input" and attributes.get("type") != "checkbox":
            return False
        address = attributes.get("href") or attributes.get("src") or ""
        if not re.match(r"(https?:|mailto:)|[\w.#]|data:image/(png|jpeg|gif|webp);", address or "x", flags=re.I):
            return False
        if tag != "a" and (":" in address and not address.startswith("data:image/") or address.startswith(("/", ".."))):
            return False
        if tag == "a" and re.match(r"\s*(javascript|vbscript|data)\s*:", address, flags=re.I):
            return False
        if {"style", "srcdoc", "srcset", "action", "http-equiv"} & attributes.keys():
            return False
        if set(attributes.get("class", "").split()) & {"score", "nbgrader_cell"} or attributes.get("id") == "notebook":
            return False
    return True


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_could_act_is_left(name):
    source, attachments, _ = text.clean_text(HOSTILE[name])
    assert is_harmless(shown(source, attachments))
    assert text.clean_text(source, attachments) == (source, attachments, False) or is_harmless(
        shown(*text.clean_text(source, attachments)[:2])
    )


def test_most_of_them_would_act_otherwise():
    """So the test above tests something."""
    active = []
    for source in HOSTILE.values():
        try:
            active.append(not is_harmless(shown(source)))
        except Exception:  # nbconvert gives up: formgrader would answer 500
            active.append(True)
    assert sum(active) > 0.7 * len(HOSTILE)


@pytest.mark.parametrize("source", HARMLESS)
def test_what_is_only_text_stays_as_it_is(source):
    assert text.clean_text(source) == (source, {}, False)


def test_text_with_harmless_html_looks_the_same():
    source = (
        "# Why\n\n<b>Because</b> x<y>z and $a<b$, as `a<b` in\n\n```python\nif a < b:\n\n    pass\n```\n\n"
        "* one <font color='red'>red</font>\n* two\n\n<details><summary>more</summary>\n\n*yes*\n\n</details>\n\n"
        "$$\na < b\n$$\n\n| a | b |\n|---|---|\n| <u>1</u> | 2 |\n\n<!-- a note -->"
    )
    cleaned, attachments, changed = text.clean_text(source)
    assert not changed and not attachments and "\n" not in cleaned
    before, after = shown(source), shown(cleaned)
    elements = [tag for tag, _ in before.elements if tag not in ("y", "a", "input")]  # <y> was meant as text; "a" marks headings
    assert [tag for tag, _ in after.elements if tag not in ("a", "div")] == [tag for tag in elements if tag != "div"]
    assert "x<y>z and $a<b$" in after.text and "if a < b:\n\n    pass" in after.text and "$$\na < b\n$$" in after.text
    assert ("font", {"color": "red"}) in after.elements


def test_what_was_hostile_can_still_be_read():
    cleaned, _, changed = text.clean_text(f"My answer.\n\n<script>{RUN}</script>\n\nIt **ends** here.")
    page = shown(cleaned)
    assert changed and f"<script>{RUN}</script>" in page.text and "My answer." in page.text
    assert ("strong", {}) in page.elements


def test_attachments_are_pictures_or_nothing():
    given = {
        "a.png": {"image/png": PNG},
        "lines.png": {"image/png": [PNG[:20] + "\n", PNG[20:]]},
        "said to be.svg": {"image/svg+xml": PNG},
        "drawing.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"},
        "drawing64.svg": {"image/png": base64.b64encode(b"<svg onload='alert(1)'/>").decode()},
        "page.html": {"text/html": "<script>alert(1)</script>"},
        "no.png": {"image/png": "not base64 \u20ac"},
        "odd.png": {"image/png": PNG + "A"},
        'kind.png"><script>': {'image/png"><script>': PNG},
        "list": [1],
        "none": {},
    }
    kept = markup.clean_attachments(given)
    assert kept.keys() == {"a.png", "lines.png", "said to be.svg", 'kind.png"><script>'}
    assert {kind for bundle in kept.values() for kind in bundle} == {"image/png"}
    assert markup.clean_attachments("x") == markup.clean_attachments(None) == {}
    for begin, kind in ((b"\xff\xd8\xff\xe0", "jpeg"), (b"GIF89a", "gif"), (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp")):
        data = base64.b64encode(begin + bytes(40)).decode()
        assert markup.clean_attachments({"x": {"image/png": data}}) == {"x": {f"image/{kind}": data}}


@pytest.mark.parametrize("source", ["![a plot](attachment:gone.png)", "![a plot](attachment:my%20plot.png)"])
def test_a_picture_that_is_not_there_is_a_note(source):
    with pytest.raises(Exception, match="missing attachment"):
        shown(source)
    cleaned, attachments, changed = text.clean_text(source, {"other.png": {"image/png": PNG}})
    assert changed and not attachments and "[picture not included in what was handed in: a plot]" in shown(cleaned).text


def test_pictures_that_are_there_are_shown():
    source, given = "![a](attachment:a.png)", {"a.png": {"image/png": PNG}}
    assert text.clean_text(source, given) == (source, given, False)
    for source in ("<b>so</b> ![a](attachment:a.png)", "<img src='attachment:a.png' width='40'>", "![a](attachment:my%20a.png)"):
        cleaned, attachments, _ = text.clean_text(source, {**given, "my a.png": {"image/png": PNG}})
        pictures = [attributes for tag, attributes in shown(cleaned, attachments).elements if tag == "img"]
        assert [one["src"] for one in pictures] == [f"data:image/png;base64,{PNG}"]


@pytest.mark.parametrize(
    "source",
    ["> " * 3000 + "x", "[" * 3000, "\\begin{a}" * 1000, "\\\\[" * 1000, "x" * 60_000 + "<script>", "<a" * 5000],
    ids=["quotes", "brackets", "environments", "formulas", "long", "unclosed"],
)
def test_what_formgrader_could_not_show_is_plain_text(source):
    cleaned, attachments, _ = text.clean_text(source)
    assert is_harmless(shown(cleaned, attachments))


def test_a_text_shown_as_it_stands_is_one_piece():
    source = "a\n\n</pre><script>alert(1)</script>\n\n$x$ **b** &lt;"
    page = shown(text.as_shown(source))
    assert [tag for tag, _ in page.elements if tag != "div"] == ["pre"] and source in page.text
