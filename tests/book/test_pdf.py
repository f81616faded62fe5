"""A week on paper: pages, bookmarks, page numbers and the print style, on a small made-up site.

Printing needs the package ``playwright`` and a Chromium that is installed on the system; where they are not, it is skipped.
"""

import shutil
import sys

import pytest
from pypdf import PdfReader

from pipeline import BUILD, ROOT, book, pdf
from tests import needs

WEEK = "week90_fake"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="stylesheet" href="../../_static/course.css">
<title>{title}</title></head><body><div class="bd-sidebar-primary">A sidebar</div><main class="bd-main"><div class="bd-content">
<h1>{title}<a class="headerlink" href="#">#</a></h1>{body}</div></main></body></html>"""
BODY = """<p>Words of {title}.</p><h2>A part<a class="headerlink" href="#">#</a></h2>
<div class="cell"><div class="cell_input"><pre>{code}</pre></div></div>
<details><summary>Answer</summary><p>The secret.</p></details><h2>Another part</h2><p>{long}</p>"""


@pytest.fixture(scope="module")
def printer():
    needs.require("browser")
    with pdf.Printer() as opened:
        yield opened


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A repository with one week, and its book: the week's page, a lecture and an exercise."""
    root = tmp_path_factory.mktemp("repository")
    for name in (f"lectures/{WEEK}/01_dots.py", f"solutions/{WEEK}/dots.py"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("# %%\n", encoding="utf-8")
    (root / "book").mkdir()
    shutil.copyfile(ROOT / "book" / "_config.yml", root / "book" / "_config.yml")
    shutil.copyfile(ROOT / "pyproject.toml", root / "pyproject.toml")
    site = root / "site"
    (site / "_static").mkdir(parents=True)
    shutil.copyfile(ROOT / "book" / "_static" / "course.css", site / "_static" / "course.css")
    for name, title in zip(pdf.pages(WEEK, root), ("Week 90: Dots", "Drawing dots", "Exercise: dots"), strict=True):
        body = BODY.format(title=title, code="x = " + "1 + " * 60 + "999999", long="Ink. " * 3000)
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(PAGE.format(title=title, body=body), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def printed(printer, root):
    return pdf.build(WEEK, printer, html=root / "site", folder=root / "pdf", root=root)


@pytest.fixture(scope="module")
def document(printed):
    return PdfReader(printed)


def test_all_pages_of_the_week_are_there_in_order(document):
    text = " ".join(" ".join(page.extract_text() for page in document.pages).split())
    places = [text.index(f"Words of {title}.") for title in ("Week 90: Dots", "Drawing dots", "Exercise: dots")]
    assert places == sorted(places)


def test_the_paper_is_a4_and_every_page_is_numbered(document):
    count = len(document.pages)
    assert count > 6
    for number, page in enumerate(document.pages, start=1):
        assert abs(float(page.mediabox.width) - 595.3) < 1 and abs(float(page.mediabox.height) - 841.9) < 1.5
        words = " ".join(page.extract_text().split())
        assert f"{number} / {count}" in words and "Week 90: Dots" in words


def test_bookmarks_lead_to_titles_and_headings(document):
    titles = [entry.title for entry in document.outline if not isinstance(entry, list)]
    assert titles == ["Week 90: Dots", "Drawing dots", "Exercise: dots"]
    for title, below in zip(document.outline[::2], document.outline[1::2], strict=True):
        assert [entry.title for entry in below] == ["A part", "Another part"]
        first = document.pages[document.get_destination_page_number(title)].extract_text()
        assert f"Words of {title.title}." in " ".join(first.split())
        assert "A part" in document.pages[document.get_destination_page_number(below[0])].extract_text()


def test_it_says_who_wrote_what_and_no_date(document):
    told = dict(document.metadata)
    assert told.pop("/Producer") == "pypdf"
    assert told == {"/Title": "Week 90: Dots", "/Author": pdf._author(ROOT), "/Subject": pdf._subject(ROOT)}
    assert document.trailer["/Root"]["/Lang"] == "en"


def tags(element):
    """Kinds of all parts of a document's structure, in the order of reading."""
    for kid in element["/K"] if isinstance(element.get("/K"), list) else [element.get("/K")]:
        part = kid.get_object() if kid is not None else None
        if isinstance(part, dict) and "/S" in part:
            yield part["/S"]
            yield from tags(part)


def test_a_screen_reader_finds_its_way(document):
    tree = document.root_object["/StructTreeRoot"]
    headings = [tag for tag in tags(tree) if tag in ("/H1", "/H2")]
    assert document.root_object["/MarkInfo"]["/Marked"] and headings == ["/H1", "/H2", "/H2"] * 3
    numbers = tree["/ParentTree"]["/Nums"]
    places = dict(zip(numbers[::2], numbers[1::2], strict=True))
    assert len({page["/StructParents"] for page in document.pages}) == len(document.pages) > 3
    for page in document.pages:
        parts = [part.get_object() for part in places[page["/StructParents"]].get_object()]
        # A paragraph that goes on overleaf belongs to its first page, and has pieces that name the others.
        pieces = [kid.get_object() for part in parts if isinstance(part.get("/K"), list) for kid in part["/K"]]
        assert any(
            one["/Pg"].indirect_reference == page.indirect_reference
            for one in parts + pieces
            if isinstance(one, dict) and "/Pg" in one
        ), "the page leads to its structure"


def test_the_same_book_gives_the_same_bytes(printer, root, printed):
    again = pdf.build(WEEK, printer, html=root / "site", folder=root / "again", root=root)
    assert again.read_bytes() == printed.read_bytes()


def test_paper_shows_the_page_alone_with_no_code_cut_off(document):
    text = "".join("".join(page.extract_text() for page in document.pages).split())
    assert "Asidebar" not in text
    assert "999999" in text, "a long line of code ends at the edge of the paper"
    assert "Thesecret" not in text and "Answer:openitonthispageofthebook" in text


def test_a_real_week(printer, tmp_path):
    week = next((week for week in book.weeks() if all((pdf.SITE / name).is_file() for name in pdf.pages(week))), None)
    if week is None:
        needs.require("built", f"{(BUILD / 'book').relative_to(ROOT)} holds no whole week")
    document = PdfReader(pdf.build(week, printer, folder=tmp_path))
    assert len([entry for entry in document.outline if not isinstance(entry, list)]) == len(pdf.pages(week))
    text = " ".join(page.extract_text() for page in document.pages)
    assert "\\frac" not in text and "$" not in document.pages[0].extract_text(), "a formula was printed as it was typed"


# ------------------------------------------------------------------------------- what can be missing


def test_what_is_missing_is_named_with_what_to_do(root, tmp_path):
    with pytest.raises(pdf.PdfError, match=f"there is no week week01_nothing: {WEEK}"):
        pdf.build("week01_nothing", None, html=tmp_path, root=root)
    with pytest.raises(pdf.PdfError, match="doit book"):
        pdf.build(WEEK, None, html=tmp_path, root=root)


@pytest.mark.needs("browser")  # only the package: without, that is said first
def test_no_browser_is_said_with_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    assert pdf.main([WEEK]) == 1
    assert "apt install chromium" in capsys.readouterr().err


def test_no_playwright_is_said_with_what_to_do(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert pdf.main([WEEK]) == 1
    assert 'pip install -c constraints.txt -e ".[test]"' in capsys.readouterr().err
