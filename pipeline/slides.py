"""Slides of every lecture, made from the same executed notebook as its page in the book.

``python -m pipeline.slides`` writes ``build/slides/weekNN_topic/NN_title.html``, with a list of all of them in ``index.html``;
`place` puts them into the built book. The slides are shown by reveal.js, need no network, and print with ``?print-pdf`` after
the address.

What is shown follows rules, so that a lecture needs no second version:

- A heading opens a slide; below it stand the first sentences of its text. Of all other text, lists, formulae, tables and
  sentences with words in bold are shown, and the whole of it is in the speaker notes (key S).
- "Predict, then run" is a slide of its own, before the result. Printed results appear at the second press of a key.
- Short code is shown. Long code, and code that only draws, is in the notes. Each figure has a slide of its own.
- Set-up and references are left out, answers of the self-test are in the notes; the take-aways are the last slide.

A cell's tag overrides the rules: ``# %% [markdown] tags=["slide"]``. All of a cell tagged ``slide`` or ``subslide`` is shown on a
slide of its own, of one tagged ``fragment`` at the next press of a key; one tagged ``notes`` is in the notes only, and one tagged
``skip`` nowhere.
"""

import argparse
import base64
import functools
import hashlib
import html as htmllib
import importlib.util
import math
import posixpath
import re
import shutil
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pygments.formatters import HtmlFormatter

from pipeline import BUILD, EXECUTED
from pipeline.book import MATHJAX
from pipeline.files import write_text
from pipeline.notebooks import SETUP_TAG

DECKS = BUILD / "slides"
CONTENT = "CONTENT"  # a checksum of all decks: who uses them sees whether they have changed
TEMPLATES = Path(__file__).parent / "templates"
TAGS = ("slide", "subslide", "fragment", "notes", "skip")
ABSENT = {SETUP_TAG, "remove-cell"}  # tags of cells that are no part of the lecture; "remove-cell" is Jupyter Book's own
LEFT_OUT, WHOLE = {"References"}, {"Self-test", "Take-aways"}

MOST_LINES = 15  # of code or print-out that can be read from the back row
WORDS = 260  # characters of the first paragraph under a heading, about three lines
WIDE, HIGH = 1200, 665  # pixels that a slide of 1280 x 720 has for content
CODE_LINE, TEXT_LINE, GAP = 30, 38, 22  # heights in pixels, as in deck.css
CODE_COLUMNS, PRINT_COLUMNS, TEXT_COLUMNS = 96, 140, 92  # characters in a line; wide print-outs get smaller type
DRAWING = re.compile(r"\bplt\.|\balt=|\bax(es)?\.|\A(plots|experiments)\.")
QUESTION = re.compile(r"\*\*\d+\.\*\*")
INTERACTIVE = re.compile(r'id="(player|explorer)-')


class SlidesError(Exception):
    """The slides cannot be made; the message says what is missing and what to do."""


# ------------------------------------------------------------------------------- text


@dataclass(frozen=True)
class Block:
    """A piece of a text cell: its source and its kind (heading, paragraph, list, formula, table, quote, code, picture, html, or
    folded for what a reader opens at a click).
    """

    kind: str
    source: str

    @property
    def height(self) -> int:
        """About how many pixels high it is on a slide; the page itself shrinks what is a little too high."""
        lines = self.source.splitlines()
        if self.kind == "folded":
            return 0
        if self.kind == "heading":
            return 70
        if self.kind == "formula":
            return 60 + 50 * self.source.count("\\\\")
        if self.kind == "table":
            return sum(46 * math.ceil(_seen(line) / 110) for line in lines)
        if self.kind == "code":
            return CODE_LINE * len(lines) + GAP
        text = " ".join(lines) if self.kind in {"paragraph", "quote"} else self.source
        if self.kind == "list":
            text = re.sub(r"\n +(?![-*+\d])", " ", self.source)
        return TEXT_LINE * sum(math.ceil(_seen(line) / TEXT_COLUMNS) for line in text.splitlines() if line.strip()) + GAP


KINDS = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "math_block": "formula",
    "table_open": "table",
    "blockquote_open": "quote",
    "fence": "code",
    "code_block": "code",
    "html_block": "html",
    "hr": "html",
}
FOLDED = re.compile(r"<details>(?:<summary>(.*?)</summary>)?(.*?)</details>", flags=re.DOTALL)
MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)


def blocks(text: str) -> list[Block]:
    r"""Take a text cell apart.

    Parameters
    ----------
    text : str
        Markdown.

    Returns
    -------
    list of Block

    Examples
    --------
    >>> text = "## A\n\nText,\n\n$$x$$\n\n- one\n- two\n\n<details><summary>Answer</summary>\n\nNo.\n</details>"
    >>> [block.kind for block in blocks(text)]
    ['heading', 'paragraph', 'formula', 'list', 'folded']
    >>> blocks(text)[-1].source
    'Answer: No.'
    """
    found, end = [], 0
    for folded in FOLDED.finditer(text):
        found += _open_blocks(text[end : folded.start()])
        found.append(Block("folded", ": ".join(part.strip() for part in folded.groups() if part)))
        end = folded.end()
    return found + _open_blocks(text[end:])


def _open_blocks(text: str) -> list[Block]:
    lines = text.splitlines()
    found = []
    for token in MARKDOWN.parse(text):
        if token.level == 0 and token.type in KINDS and token.map:
            source = "\n".join(lines[token.map[0] : token.map[1]]).strip()
            kind = KINDS[token.type]
            if kind == "paragraph" and re.match(r"!\[", source):
                kind = "picture"
            elif kind == "paragraph" and re.fullmatch(r"\$\$.*\$\$[.,;]?", source, flags=re.DOTALL):
                kind = "formula"  # a full stop after the dollars makes it a paragraph to the parser
            found.append(Block(kind, source))
    return found


def sentences(text: str) -> list[str]:
    """Split a paragraph into sentences, but never inside a formula, code, a link or words in bold.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> sentences("Sum $a. B$, i.e. **a lot. Really.** Then `x. Y`? Yes.")
    ['Sum $a. B$, i.e. **a lot. Really.**', 'Then `x. Y`?', 'Yes.']
    """
    text = " ".join(text.split())
    masked = re.sub(r"\$[^$]+\$|`[^`]+`|\[[^]]*\]\([^)]*\)|\*\*.+?\*\*", _mask, text)
    ends = [match.end() for match in re.finditer(r'(?<!\b[A-Z])(?<!\bet al)[.!?]["\')”*_]*\s+(?=[^a-z\s])', masked)]
    return [text[start:end].strip() for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _mask(match: re.Match) -> str:
    """Letters instead of what must not be split, but with its last full stop where a sentence may end."""
    inside = match[0].rstrip("*")
    return "x" * (len(inside) - 1) + (inside[-1] if inside[-1] in ".!?" else "x") + "*" * (len(match[0]) - len(inside))


def _seen(text: str) -> int:
    """How many characters a reader sees: not the address of a link, nor the marks of bold type."""
    return len(re.sub(r"\]\([^)]*\)|\*\*|[`\[]", "", text))


def brief(paragraph: str, *, opening: bool, leads: bool) -> str:
    """What a slide shows of a paragraph.

    Parameters
    ----------
    paragraph : str
    opening : bool
        Whether it is the first one under a heading: then it is shown up to about three lines.
    leads : bool
        Whether a list, formula or table comes next: then the last sentence is shown.

    Returns
    -------
    str
        Whole sentences; empty if the paragraph is for the notes only.

    Examples
    --------
    >>> text = "It began long ago. A **kernel** is a table of weights. Written as a formula:"
    >>> brief(text, opening=False, leads=False)
    'A **kernel** is a table of weights.'
    >>> brief(text, opening=False, leads=True)
    'A **kernel** is a table of weights. Written as a formula:'
    """
    said = sentences(paragraph)
    kept = {number for number, sentence in enumerate(said) if "**" in sentence}
    if opening or paragraph.startswith("**"):  # such as "**Riddle 1.** ...": a label says little without what it labels
        kept |= {n for n in range(len(said)) if n == 0 or _seen(" ".join(said[: n + 1])) <= WORDS}
    if leads:
        kept.add(len(said) - 1)
    return " ".join(said[number] for number in sorted(kept))


# ------------------------------------------------------------------------------- slides


@dataclass
class Slide:
    """One slide: its cells, what the speaker says, and how much of its height is taken."""

    kind: str
    cells: list[NotebookNode] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    height: int = 0
    closed: bool = False
    bare: bool = False  # nothing on it but a heading
    figure: bool = False


class Deck:
    """Slides in the making: decides on which slide a piece comes."""

    def __init__(self):
        self.slides: list[Slide] = []
        self.heading = ""

    @property
    def current(self) -> Slide:
        """The last slide; speaker notes before the first one have no place to go."""
        if not self.slides:
            raise SlidesError("the first cell must be the lecture's title")
        return self.slides[-1]

    def open(self, kind: str = "subslide", *, named: bool = True) -> Slide:
        """Begin a slide, with the heading that it belongs to in small type at its top."""
        self.slides.append(Slide(kind))
        if named and self.heading:
            self._put(new_markdown_cell(f"###### {self.heading}"), 45)
        self.current.bare = True
        return self.current

    def head(self, block: Block) -> None:
        """Begin a slide with a heading: beside the others if it is a main one, below them otherwise."""
        marks, self.heading = block.source.split(maxsplit=1)
        self.open("subslide" if len(marks) > 2 else "slide", named=False)
        self._put(new_markdown_cell(block.source), block.height)
        self.current.bare = True

    def add(self, cell: NotebookNode, height: int, *, fragment: bool = False, beside: int = 0) -> None:
        """Put a cell on the current slide if it has room, for what belongs ``beside`` it too; else on a new one."""
        if height + beside > self.room() and not self.current.bare:
            self.open()
            fragment = False
        self._put(cell, height, fragment=fragment)

    def room(self) -> int:
        """Pixels left on the current slide; below zero, and nothing fits, if it is closed."""
        return -1 if self.current.closed else HIGH - self.current.height

    def note(self, text: str) -> None:
        """Add to what the speaker says at the current slide."""
        self.current.notes.append(text)

    def _put(self, cell: NotebookNode, height: int, *, fragment: bool = False) -> None:
        slide = self.current
        kind = slide.kind if not slide.cells else "fragment" if fragment else "-"
        cell.metadata["slideshow"] = {"slide_type": kind}
        slide.cells.append(cell)
        slide.height += height
        slide.bare = False

    def notebook(self) -> NotebookNode:
        """All slides as a notebook whose cells say what they are in the way that nbconvert reads."""
        cells = []
        for slide in self.slides:
            first, *others = slide.cells
            notes = new_markdown_cell("\n\n".join(slide.notes), metadata={"slideshow": {"slide_type": "notes"}})
            # Next to the first cell: notes inside a fragment would be shown with that fragment only.
            cells += [first, *([notes] if slide.notes else []), *others]
        return new_notebook(cells=cells)


def deck(notebook: NotebookNode) -> NotebookNode:
    """Arrange an executed lecture as slides.

    Parameters
    ----------
    notebook : NotebookNode
        With its outputs; not changed.

    Returns
    -------
    NotebookNode
        Its pieces, each with a ``slideshow`` type for `nbconvert`.

    Raises
    ------
    SlidesError
        If the first cell is not the title.
    """
    cells = [cell for cell in notebook.cells if ABSENT.isdisjoint(cell.metadata.get("tags", []))]
    arranged = Deck()
    imports_seen = False
    for number, cell in enumerate(cells):
        tag = next((tag for tag in cell.metadata.get("tags", []) if tag in TAGS), None)
        if tag:
            _tagged(arranged, cell, tag)
        elif cell.cell_type == "markdown":
            if number == 0:
                _title(arranged, blocks(cell.source))
            else:
                _text(arranged, blocks(cell.source))
        elif cell.cell_type == "code":
            # The first code cell imports and loads: every lecture has it, and none is about it.
            set_up, imports_seen = not imports_seen and re.match(r"(import|from)\b", cell.source), True
            if set_up:
                arranged.note(_fenced(cell.source))
            elif arranged.heading not in LEFT_OUT:
                _code(arranged, cell)
    return arranged.notebook()


def _title(arranged: Deck, found: list[Block]) -> None:
    """Arrange the first cell: the title and the first sentences on one slide, what the lecture teaches on the next."""
    if not found or found[0].kind != "heading":
        raise SlidesError("the first cell must be the lecture's title")
    arranged.head(found[0])
    opening = True
    for block, following in _with_next(found[1:]):
        if block.kind == "paragraph" and opening:
            shown = brief(block.source, opening=True, leads=False)
            arranged.add(new_markdown_cell(shown), Block("paragraph", shown).height)
            arranged.note(block.source)
            opening = False
        elif following.kind == "list":
            arranged.open()
            arranged.add(new_markdown_cell(block.source), block.height)
        elif block.kind == "list":
            arranged.add(new_markdown_cell(block.source), block.height)
        else:  # what is needed, the time, the cost: for whoever plans the hour
            arranged.note(block.source)
    arranged.current.closed = True


def _text(arranged: Deck, found: list[Block]) -> None:
    """Arrange a text cell."""
    opening = False
    for block, following in _with_next(found):
        if block.kind == "heading":
            arranged.head(block)
            opening = True
            if arranged.heading in LEFT_OUT:
                arranged.slides.pop()
            continue
        if arranged.heading in LEFT_OUT:
            continue
        if block.kind == "folded":
            arranged.note(block.source)
            continue
        whole = arranged.heading in WHOLE or block.kind not in {"paragraph", "html"}
        if block.kind == "quote":
            # Alone on its slide, so that the answer is not in sight.
            if not arranged.current.bare:
                arranged.open()
            arranged.add(new_markdown_cell(block.source), block.height)
            arranged.current.closed = True
        elif whole:
            if arranged.heading == "Self-test" and QUESTION.match(block.source) and not arranged.current.bare:
                arranged.open()
            _add_block(arranged, block)
        else:
            leads = following.kind in {"list", "formula", "table", "code", "picture"}
            shown = brief(block.source, opening=opening, leads=leads)
            if shown:
                _add_block(arranged, Block("paragraph", shown), beside=following.height if leads else 0)
            if shown != " ".join(block.source.split()):
                arranged.note(block.source)
        opening = False


def _add_block(arranged: Deck, block: Block, beside: int = 0) -> None:
    """Put a block on the current slide; at a key's press if a result stands there already."""
    after_result = any(cell.cell_type == "code" for cell in arranged.current.cells)
    arranged.add(new_markdown_cell(block.source), block.height, fragment=after_result, beside=beside)


def _with_next(found: list[Block]) -> Iterator[tuple[Block, Block]]:
    """Yield each block with the one after it, which is empty after the last."""
    yield from zip(found, [*found[1:], Block("end", "")], strict=True)


def _fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def _tagged(arranged: Deck, cell: NotebookNode, tag: str) -> None:
    """Arrange a cell as its author says: nothing of it is left out."""
    if tag == "skip":
        return
    if tag == "notes":
        arranged.note(cell.source if cell.cell_type == "markdown" else _fenced(cell.source))
        return
    found = blocks(cell.source) if cell.cell_type == "markdown" else []
    if found and found[0].kind == "heading":
        arranged.heading = found[0].source.split(maxsplit=1)[1]
    if tag != "fragment":
        arranged.open(tag, named=not (found and found[0].kind == "heading"))
    if cell.cell_type == "markdown":
        height = sum(block.height for block in found)
        arranged.add(new_markdown_cell(cell.source), height, fragment=tag == "fragment")
        return
    outputs = _outputs(cell, most=None)
    height = CODE_LINE * len(cell.source.splitlines()) + sum(height for _, height, _ in outputs)
    shown = new_code_cell(cell.source, outputs=[output for output, _, _ in outputs])
    arranged.add(shown, height, fragment=tag == "fragment")


# ------------------------------------------------------------------------------- code and results


def _code(arranged: Deck, cell: NotebookNode) -> None:
    """Arrange a code cell: its code, then what it printed, then each figure on a slide of its own."""
    results = _outputs(cell, most=MOST_LINES)
    lines = cell.source.strip().splitlines()
    length = sum(math.ceil(max(len(line), 1) / CODE_COLUMNS) for line in lines)
    draws = any(own_slide for _, _, own_slide in results) and DRAWING.search(cell.source)
    shown = length <= MOST_LINES and not draws
    height = CODE_LINE * length + 40 if shown else 0
    together = height + sum(height for _, height, own_slide in results if not own_slide)
    if together and not arranged.current.bare and (arranged.room() < together or arranged.current.figure):
        arranged.open()
    if shown:
        arranged.add(new_code_cell(cell.source), height)
    for output, height, own_slide in sorted(results, key=lambda result: result[2]):
        if own_slide and not arranged.current.bare:
            arranged.open()
        arranged.add(new_code_cell(outputs=[output]), height, fragment=shown and not own_slide)
        arranged.current.figure = own_slide
    if not shown:
        arranged.note(_fenced(cell.source))


def _outputs(cell: NotebookNode, most: int | None) -> list[tuple[NotebookNode, int, bool]]:
    """Return what a slide shows of a cell's outputs, each with its height and whether it wants a slide of its own."""
    found = []
    printed = ""
    for output in [*cell.outputs, None]:
        if output is not None and output.output_type == "stream":
            printed += output.text if output.name == "stdout" else ""
            continue
        data = output.get("data", {}) if output is not None else {}
        if set(data) == {"text/plain"}:
            printed += data["text/plain"] + "\n"
            continue
        if printed.strip():  # pieces of one print-out belong together
            found.append((*_printed(printed, most), False))
        printed = ""
        if "image/png" in data:
            figure = _figure(output)
            found.append((figure, figure.metadata["image/png"]["height"] + GAP, True))
        elif "text/html" in data:
            code = data["text/html"]
            lively = bool(INTERACTIVE.search(code))
            height = HIGH if lively else 46 * (code.count("<tr") + 1)
            found.append((new_output("display_data", {"text/html": code}), height, lively))
    return found


def _printed(text: str, most: int | None) -> tuple[NotebookNode, int]:
    """Cut a print-out to what fits on a slide, and say so."""
    lines = text.strip("\n").splitlines()
    heights = [math.ceil(max(len(line), 1) / PRINT_COLUMNS) for line in lines]
    if most is not None and sum(heights) > most:
        kept = max(n for n in range(1, len(lines) + 1) if n == 1 or sum(heights[:n]) < most)
        left = len(lines) - kept
        lines = [*lines[:kept], f"… {left} more line{'s' * (left > 1)} on the book's page"]
        heights = [*heights[:kept], 1]
    return new_output("stream", name="stdout", text="\n".join(lines)), CODE_LINE * sum(heights) + GAP


def _figure(output: NotebookNode) -> NotebookNode:
    """Enlarge a figure so that it fills a slide, but not so far that it gets blurred."""
    picture = output.data["image/png"]
    wide, high = struct.unpack(">II", base64.b64decode(picture[:44])[16:24])  # where a PNG says how large it is
    scale = min(WIDE / wide, (HIGH - 75) / high, 1.7)
    said = {**output.get("metadata", {}).get("image/png", {}), "width": round(wide * scale), "height": round(high * scale)}
    return new_output("display_data", {"image/png": picture}, metadata={"image/png": said})


# ------------------------------------------------------------------------------- pages


def relink(text: str, week: str) -> str:
    """Let the links of a lecture lead to pages of the book, seen from its slides.

    Parameters
    ----------
    text : str
        Markdown of a lecture.
    week : str
        Its folder, such as ``"week01_knn"``.

    Returns
    -------
    str

    Examples
    --------
    >>> relink("[last week](../week01_knn/01_images.ipynb#size)", "week02_convolution")
    '[last week](../../lectures/week01_knn/01_images.html#size)'
    >>> relink("[a paper](https://example.org)", "week02_convolution")
    '[a paper](https://example.org)'
    """

    def leads(match):
        path, mark, place = match[1].partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        page = posixpath.normpath(posixpath.join("lectures", week, path))
        return "](../../" + re.sub(r"\.(ipynb|md)$", ".html", page) + f"{mark}{place})"

    return re.sub(r"(?<!!\[\])\]\(([^)\s]+\.(?:ipynb|md)(?:#[^)\s]*)?)\)", leads, text)


def page(notebook: NotebookNode, week: str, name: str, pictures: Path) -> str:
    """Write the slides of one lecture as an HTML page.

    Parameters
    ----------
    notebook : NotebookNode
        The executed lecture.
    week, name : str
        Where it stands in the book: ``lectures/<week>/<name>.html``.
    pictures : Path
        Folder from which relative links to pictures start.

    Returns
    -------
    str

    Raises
    ------
    SlidesError
        If the notebook does not begin with its title.
    """
    try:
        arranged = deck(notebook)
    except SlidesError as error:
        raise SlidesError(f"{week}/{name}: {error}") from None
    arranged.metadata["language_info"] = {"name": "python", "pygments_lexer": "python"}
    for cell in arranged.cells:
        if cell.cell_type == "markdown":
            cell.source = relink(cell.source, week)
    resources = {
        "metadata": {"path": str(pictures), "name": title(notebook)},
        "course": {"book": f"../../lectures/{week}/{name}.html", "mathjax": f"../../_static/mathjax/{MATHJAX}"},
    }
    text, _ = _exporter().from_notebook_node(arranged, resources=resources)
    return text


@functools.cache
def _exporter() -> SlidesExporter:
    """Prepare nbconvert once: reading its templates takes longer than writing a deck."""
    return SlidesExporter(
        template_name="course_slides",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        embed_images=True,
        reveal_url_prefix="../reveal",
    )


def title(notebook: NotebookNode) -> str:
    """Return the title of a lecture: its first heading."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.search(r"^# (.+)", text, flags=re.MULTILINE)
    if found is None:
        raise SlidesError("there is no heading with one # to take the title from")
    return found[1]


def build(target: Path = DECKS, executed: Path = EXECUTED) -> list[Path]:
    """Make the slides of all executed lectures.

    Parameters
    ----------
    target : Path
        Folder to write; what it held is removed.
    executed : Path
        Folder of the executed lectures.

    Returns
    -------
    list of Path
        The decks, in the order of the lectures.

    Raises
    ------
    SlidesError
        If there is no lecture, or a lecture does not begin with its title.
    """
    lectures = sorted(path for path in executed.glob("week*/*.ipynb") if not path.name.endswith(".failed.ipynb"))
    if not lectures:
        raise SlidesError(f"{executed} holds no lecture: run `doit execute` first")
    shutil.rmtree(target, ignore_errors=True)
    _shared(target)
    written: list[Path] = []
    listed: dict[str, list[str]] = {}
    for source in lectures:
        week, name = source.parent.name, source.stem
        notebook = nbformat.read(source, as_version=4)
        written.append(target / week / f"{name}.html")
        write_text(written[-1], page(notebook, week, name, pictures=Path("lectures") / week))
        listed.setdefault(week, []).append(f'<li><a href="{week}/{name}.html">{htmllib.escape(title(notebook))}</a></li>')
    write_text(target / "index.html", _index(listed))
    content = hashlib.sha256()
    for path in sorted(path for path in target.rglob("*") if path.is_file()):
        content.update(path.relative_to(target).as_posix().encode() + path.read_bytes())
    write_text(target / CONTENT, content.hexdigest() + "\n")
    return written


def place(decks: Path, html: Path) -> None:
    """Put the slides into the built book, whose pages and formulae they use.

    Parameters
    ----------
    decks : Path
        What `build` wrote.
    html : Path
        The book's pages; ``slides/`` in it is written afresh.

    Raises
    ------
    SlidesError
        If the book or the slides are missing.
    """
    if not (html / "_static" / "mathjax" / MATHJAX).is_file():
        raise SlidesError(f"{html} holds no book, whose formulae and pages the slides use: run `doit pages` first")
    if not (decks / CONTENT).is_file():
        raise SlidesError(f"{decks} holds no slides: run `doit slides` first")
    shutil.rmtree(html / "slides", ignore_errors=True)
    shutil.copytree(decks, html / "slides", ignore=shutil.ignore_patterns(CONTENT))


def _shared(target: Path) -> None:
    """Copy what all decks load: reveal.js with its speaker notes and font, and our own style and script."""
    package = importlib.util.find_spec("sphinx_revealjs")
    if package is None or package.origin is None:
        raise SlidesError(
            "the package sphinx-revealjs, which brings reveal.js, is missing: "
            'install the book\'s tools with `pip install -c constraints.txt -e ".[book]"`'
        )
    source = Path(package.origin).parent / "_static" / "revealjs"
    font = "dist/theme/fonts/source-sans-pro"
    for name in (
        "LICENSE",
        "dist/reveal.js",
        "dist/reveal.css",
        "dist/reset.css",
        "dist/theme/white.css",
        "plugin/notes/notes.js",
        *(
            path.relative_to(source).as_posix()
            for path in (source / font).iterdir()
            if path.suffix in {".css", ".woff"} or path.name == "LICENSE"
        ),
    ):
        (target / "reveal" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / "reveal" / name)
    colours = HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".highlight")
    write_text(target / "deck.css", (TEMPLATES / "course_slides" / "deck.css").read_text(encoding="utf-8") + colours + "\n")
    write_text(target / "deck.js", (TEMPLATES / "course_slides" / "deck.js").read_text(encoding="utf-8"))


def _index(listed: dict[str, list[str]]) -> str:
    """Write the list of all decks."""
    weeks = "\n".join(f"<h2>Week {int(week[4:6])}</h2>\n<ul>{''.join(items)}</ul>" for week, items in listed.items())
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Slides of the lectures</title>
<style>body {{ font: 18px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem; }}</style></head>
<body><main><h1>Slides of the lectures</h1>
<p>Arrow keys or space go on, Esc shows all slides, S the speaker notes, F fills the screen. For paper, add
<code>?print-pdf</code> to a deck's address and print it. <a href="../index.html">The book</a></p>
{weeks}
</main></body>
</html>
"""


def main() -> int:
    """Make the slides from the command line; return 1, and say why, if they cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.slides", description=__doc__.splitlines()[0])
    parser.parse_args()
    try:
        written = build()
    except SlidesError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Slides of {len(written)} lectures: {(DECKS / 'index.html').relative_to(BUILD.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
