"""A week of the book on paper: its page, its lectures and its exercise as one PDF with bookmarks and page numbers.

``python -m pipeline.pdf week01_knn`` writes ``build/pdf/week01_knn.pdf`` from the built book; without a name, every week.
A Chromium that is installed on the system prints the pages; what they look like on paper says ``book/_static/course.css``.
"""

from __future__ import annotations

import argparse
import hashlib
import html as htmllib
import io
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
    TreeObject,
)

from pipeline import BUILD, ROOT, book

if TYPE_CHECKING:  # of the extra "test": only who prints needs it
    from playwright.sync_api import PdfMargins

SITE = BUILD / "book" / "_build" / "html"
FOLDER = BUILD / "pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MARGINS: PdfMargins = {"top": "18mm", "bottom": "20mm", "left": "18mm", "right": "18mm"}

# Nothing may be missing on paper: formulae, fonts, and pictures that a screen would load only when they come into sight.
READY = """async () => {
  document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; });
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => image.decode().catch(() => null)));
}"""

# Those that are printed: the theme keeps a second title and a list of contents, which course.css hides.
HEADINGS = """() => [...document.querySelectorAll('.bd-content h1, .bd-content h2')].map(heading => {
  heading.querySelectorAll('.headerlink').forEach(link => link.remove());
  return heading.getClientRects().length ? heading.innerText.trim() : '';
}).filter(Boolean)"""


class PdfError(Exception):
    """The PDF cannot be made; the message says what is missing and what to do."""


def pages(week: str, root: Path = ROOT) -> list[str]:
    """Name the pages of a week in the order of the book: its own, the lectures, the exercise.

    Parameters
    ----------
    week : str
        Folder name, such as ``"week01_knn"``.
    root : Path
        Root of the repository.

    Returns
    -------
    list of str
        Paths below the site.

    Examples
    --------
    >>> pages("week01_knn")[0]
    'book/weeks/week01_knn.html'
    """
    notebooks = [name.removesuffix(".ipynb") for name, _ in book.documents(root, week)]
    return [f"book/weeks/{week}.html", *(f"{name}.html" for name in notebooks)]


def fingerprint(week: str, html: Path = SITE, root: Path = ROOT) -> str:
    """Checksum of all that a week's PDF shows: its pages, and the pictures, style sheets and scripts that they load.

    Parameters
    ----------
    week : str
        Folder name, such as ``"week01_knn"``.
    html : Path
        The built book.
    root : Path
        Root of the repository: says which pages the week has.

    Returns
    -------
    str
        Another one after any change that paper could show; empty while a page is missing.
    """
    files = {html / name for name in pages(week, root)}
    if not all(path.is_file() for path in files):
        return ""
    for page in list(files):
        loaded = re.findall(r'(?:src|href)="([^":?#]+\.(?:png|webp|jpg|svg|css|js))', page.read_text(encoding="utf-8"))
        files |= {(page.parent / unquote(name)).resolve() for name in loaded}
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Printer:
    """A browser that prints pages; use it in a ``with`` statement.

    Raises
    ------
    PdfError
        On entering, if playwright or a Chromium is missing.
    """

    def __enter__(self):
        try:
            from playwright.sync_api import sync_playwright  # of the extra "test": only who prints needs it
        except ModuleNotFoundError:
            raise PdfError(
                "playwright, which drives the browser that prints, is missing: "
                'install it with `pip install -c constraints.txt -e ".[test]"`'
            ) from None
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        if found is None:
            raise PdfError(
                f"no browser that can print was found ({', '.join(BROWSERS)}): "
                "install one, on Debian or Ubuntu with `apt install chromium`"
            )
        self._started = sync_playwright().start()
        self._browser = self._started.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        self._page = self._browser.new_page()
        self._page.emulate_media(media="print", color_scheme="light")
        return self

    def __exit__(self, *_):
        self._browser.close()
        self._started.stop()

    def page(self, path: Path) -> tuple[list[str], bytes]:
        """Print a page of the book.

        Parameters
        ----------
        path : Path

        Returns
        -------
        (list of str, bytes)
            Its title and main headings, and a PDF on A4 without header and footer.
        """
        self._page.goto(path.resolve().as_uri(), wait_until="load")
        self._page.evaluate(READY)
        headings = self._page.evaluate(HEADINGS)
        return headings, self._page.pdf(format="A4", margin=MARGINS, print_background=True, tagged=True, outline=True)

    def footers(self, title: str, count: int) -> bytes:
        """Print as many empty pages as a document has, with nothing on them but the title and the page number."""
        sheets = "".join(
            f"<div><span>{htmllib.escape(title)}</span><span>{number} / {count}</span></div>" for number in range(1, count + 1)
        )
        self._page.set_content(f"""<style>@page {{ margin: 0; size: A4; }} body {{ margin: 0; }}
div {{ align-items: end; box-sizing: border-box; break-after: page; color: #444; display: flex; font: 8pt sans-serif;
height: 296mm; justify-content: space-between; padding: 0 18mm 10mm; }}
div:last-child {{ break-after: auto; }}</style>{sheets}""")
        return self._page.pdf(format="A4")


def build(week: str, printer: Printer, html: Path = SITE, folder: Path = FOLDER, root: Path = ROOT) -> Path:
    """Print a week.

    Parameters
    ----------
    week : str
        Folder name, such as ``"week01_knn"``.
    printer : Printer
    html : Path
        The built book.
    folder : Path
        Where the PDF goes.
    root : Path
        Root of the repository: says which pages the week has, and who wrote them.

    Returns
    -------
    Path
        ``<folder>/<week>.pdf``: the same bytes whenever the book, the browser and the fonts are the same.

    Raises
    ------
    PdfError
        If there is no such week, or a page of it is not in the built book.
    """
    names = pages(week, root)
    missing = [name for name in names if not (html / name).is_file()]
    if week not in book.weeks(root):
        raise PdfError(f"there is no week {week}: {', '.join(book.weeks(root))}")
    if missing:
        raise PdfError(f"{', '.join(missing)}: not in the built book; run `doit book` first")
    writer, tags, titles = PdfWriter(), _Tags(), []
    for name in names:
        (title, *headings), content = printer.page(html / name)
        titles.append(title)
        printed = PdfReader(io.BytesIO(content))
        writer.append(printed, outline_item=title, import_outline=False)
        _headings(writer, printed, headings)
        tags.add(writer, printed)
    tags.write(writer)
    sheets = PdfReader(io.BytesIO(printer.footers(titles[0], len(writer.pages)))).pages
    for page, sheet in zip(writer.pages, sheets, strict=True):
        page.merge_page(sheet)
        page.compress_content_streams()  # merging has unpacked it
    writer.add_metadata({"/Title": titles[0], "/Author": _author(root), "/Subject": _subject(root)})  # and no date
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    writer.page_mode = "/UseOutlines"
    target = folder / f"{week}.pdf"
    folder.mkdir(parents=True, exist_ok=True)
    writer.write(target)
    return target


def _headings(writer: PdfWriter, printed: PdfReader, headings: list[str]) -> None:
    """Put the main headings of the page that was appended last below its bookmark."""
    first = len(writer.pages) - len(printed.pages)
    parent = cast(TreeObject, writer.get_outline_root()["/Last"])
    below = [item for level in printed.outline if isinstance(level, list) for item in level if not isinstance(item, list)]
    # The browser knows where a heading is, but doubles the words of some; the page knows the words.
    for heading, item in zip(headings, below, strict=True):
        page = first + (printed.get_destination_page_number(item) or 0)
        writer.add_outline_item(title=heading, page_number=page, parent=parent)


class _Tags:
    """The structure of all pages, which tells a screen reader what is a heading, a list or a figure.

    Each printed page has a tree of its own. Here they come below one document, and the numbers by which places on the paper
    name their part of the tree (PDF 32000-1:2008, 14.7.4.4) are moved so that no two are alike.
    """

    def __init__(self):
        self._trees, self._numbers, self._next = [], [], 0

    def add(self, writer: PdfWriter, printed: PdfReader) -> None:
        """Take over the tree of a page that has just been appended."""
        tree = cast(DictionaryObject, printed.root_object["/StructTreeRoot"]).clone(writer)
        self._trees += tree["/K"] if isinstance(tree["/K"], list) else [tree.raw_get("/K")]
        numbers = list(_number_tree(cast(DictionaryObject, tree["/ParentTree"])))
        for number, place in numbers:
            self._numbers += [NumberObject(number + self._next), place]
        for page, source in zip(writer.pages[-len(printed.pages) :], printed.pages, strict=True):
            number = cast(int, source["/StructParents"]) + self._next
            page[NameObject("/StructParents")] = NumberObject(number)  # pypdf leaves it behind
            for annotation in page.get("/Annots", ()):
                link = annotation.get_object()
                if "/StructParent" in link:
                    link[NameObject("/StructParent")] = NumberObject(link["/StructParent"] + self._next)
        self._next += max(number for number, _ in numbers) + 1

    def write(self, writer: PdfWriter) -> None:
        """Put the one tree into the document."""
        document = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/StructElem"),
                NameObject("/S"): NameObject("/Document"),
                NameObject("/K"): ArrayObject(self._trees),
            }
        )
        tree = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/StructTreeRoot"),
                NameObject("/K"): writer._add_object(document),
                NameObject("/ParentTree"): DictionaryObject({NameObject("/Nums"): ArrayObject(self._numbers)}),
                NameObject("/ParentTreeNextKey"): NumberObject(self._next),
                # The browser uses two names that are younger than the version of PDF that it writes.
                NameObject("/RoleMap"): DictionaryObject({NameObject(name): NameObject("/Span") for name in ("/Strong", "/Em")}),
            }
        )
        document[NameObject("/P")] = writer._add_object(tree)
        for part in self._trees:
            part.get_object()[NameObject("/P")] = document.indirect_reference
        writer.root_object[NameObject("/StructTreeRoot")] = tree.indirect_reference
        writer.root_object[NameObject("/MarkInfo")] = DictionaryObject({NameObject("/Marked"): BooleanObject(True)})


def _number_tree(node: DictionaryObject) -> Iterator[tuple[int, PdfObject]]:
    """Yield the numbers of a PDF's number tree with what they stand for."""
    for kid in node.get("/Kids", ()):
        yield from _number_tree(kid.get_object())
    numbers = node.get("/Nums", ArrayObject())
    yield from zip(numbers[::2], numbers[1::2], strict=True)


def _author(root: Path) -> str:
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return ", ".join(author["name"] for author in table["project"]["authors"])


def _subject(root: Path) -> str:
    return yaml.safe_load((root / "book" / "_config.yml").read_text(encoding="utf-8"))["title"]


def main(arguments: list[str] | None = None) -> int:
    """Print the weeks named on the command line; return 1, and say why, if one cannot be printed."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.pdf", description=__doc__.splitlines()[0])
    parser.add_argument("weeks", nargs="*", metavar="weekNN_topic", help="default: every week")
    named = parser.parse_args(arguments).weeks
    try:
        with Printer() as printer:
            for week in named or book.weeks():
                print(build(week, printer).relative_to(ROOT))
    except PdfError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
