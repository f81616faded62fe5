"""Slides: which piece of a lecture comes where (on small made-up lectures), and every real deck in a browser.

The browser needs the package ``playwright`` and a Chromium that is installed on the system; without, its tests are skipped.
"""

import base64
import posixpath
import re
import shutil
import struct
from pathlib import Path

import nbformat
import nbformat.v4 as nbf
import pytest

from pipeline import EXECUTED, ROOT, book, slides
from pipeline.notebooks import SETUP_TAG
from tests import needs

LECTURES = sorted(path for path in EXECUTED.glob("week*/*.ipynb") if not path.name.endswith(".failed.ipynb"))
TITLE = (
    "# Dots\n\nA dot is round. It is **small**.\n\n**After this lecture you can**\n\n- draw one\n- draw two\n\n**You need** ink."
)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 360) + b"\x08\x06\0\0\0" + bytes(40)).decode()

# ------------------------------------------------------------------------------- the rules


def text(source, *tags):
    return nbf.new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def code(source, *outputs, tags=()):
    return nbf.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)} if tags else {})


def printed(words, name="stdout"):
    return nbf.new_output("stream", name=name, text=words)


def figure(alt="A dot"):
    return nbf.new_output("display_data", {"image/png": PNG, "text/plain": "<Figure>"}, metadata={"image/png": {"alt": alt}})


def arrange(*cells):
    """The slides of a lecture: a list of (kind, what is shown as a list of texts and outputs, notes)."""
    arranged = []
    for cell in slides.deck(nbf.new_notebook(cells=[text(TITLE), *cells])).cells:
        kind = cell.metadata["slideshow"]["slide_type"]
        if kind in {"slide", "subslide"}:
            arranged.append((kind, [], []))
        shown = [cell.source, *(o.get("text") or str(o.data) for o in cell.get("outputs", []))]
        arranged[-1][2 if kind == "notes" else 1].extend((kind, piece) for piece in shown if piece)
    return [(kind, [piece for _, piece in shown], "\n".join(piece for _, piece in notes)) for kind, shown, notes in arranged]


def all_shown(arranged):
    return "\n".join(piece for _, shown, _ in arranged for piece in shown)


def test_the_title_and_what_the_lecture_teaches_come_first():
    title, aims = arrange()
    assert title == ("slide", ["# Dots", "A dot is round. It is **small**."], "A dot is round. It is **small**.")
    assert aims[1][1:] == ["**After this lecture you can**", "- draw one\n- draw two"]
    assert aims[2] == "**You need** ink."


def test_a_lecture_without_a_title_is_refused():
    with pytest.raises(slides.SlidesError, match="first cell must be the lecture's title"):
        slides.deck(nbf.new_notebook(cells=[text("No heading")]))
    with pytest.raises(slides.SlidesError, match="week90_x/01_y: the first cell"):
        slides.page(nbf.new_notebook(cells=[code("1")]), "week90_x", "01_y", Path())


def test_a_heading_opens_a_slide_and_long_text_goes_to_the_notes():
    prose = "This is the first sentence. " + "More and more is said about it. " * 20
    *_, (kind, shown, notes) = arrange(text(f"## Ink\n\n{prose}\n\nNobody sees this. A **blot** is seen.\n\n- a\n- b"))
    assert kind == "slide"
    assert shown[0] == "## Ink"
    assert shown[1].startswith("This is the first sentence. More") and len(shown[1]) <= slides.WORDS
    assert shown[2:] == ["A **blot** is seen.", "- a\n- b"]
    assert prose.strip() in notes and "Nobody sees this." in notes


def test_a_small_heading_opens_a_slide_below():
    *_, (kind, shown, _) = arrange(text("## Ink\n\nWords."), text("### Blue ink\n\nWords."))
    assert (kind, shown) == ("subslide", ["### Blue ink", "Words."])


def test_a_prediction_stands_alone_before_the_result():
    *_, question, answer = arrange(
        text("## Sum\n\nText."), text("> **Predict, then run.** How many?"), code("print(1 + 1)", printed("2\n"))
    )
    assert question[1] == ["###### Sum", "> **Predict, then run.** How many?"]
    assert answer[1] == ["###### Sum", "print(1 + 1)", "2"]


def test_a_result_waits_for_a_key():
    cells = slides.deck(nbf.new_notebook(cells=[text(TITLE), text("## Sum"), code("print(2)", printed("2\n"))])).cells
    assert [cell.metadata["slideshow"]["slide_type"] for cell in cells[-3:]] == ["slide", "-", "fragment"]


def test_long_code_is_in_the_notes_and_long_output_is_cut():
    lines = [f"line_{n} = {n}" for n in range(16)]
    *_, (_, shown, notes) = arrange(text("## Long"), code("\n".join(lines), printed("\n".join(map(str, range(40))))))
    assert "line_15 = 15" in notes and "line_15" not in "".join(shown)
    assert shown[-1].splitlines()[-1] == "… 26 more lines on the book's page"
    assert len(shown[-1].splitlines()) == slides.MOST_LINES


def test_every_figure_has_a_slide_and_its_alternative_text():
    arranged = arrange(
        text("## Dots"),
        code("x = 1", printed("1"), figure("A small dot"), figure("A large dot")),
        code("fig, ax = plt.subplots()", figure("Drawn")),
    )
    assert [len(shown) for _, shown, _ in arranged[2:]] == [3, 2, 2, 2]
    assert "plt.subplots" in arranged[-1][2], "code that only draws is for the notes"
    cells = slides.deck(nbf.new_notebook(cells=[text(TITLE), code("1", figure("A small dot"))])).cells
    told = cells[-1].outputs[0].metadata["image/png"]
    assert told == {"alt": "A small dot", "width": 1049, "height": 590}


def test_what_is_not_for_the_screen_is_left_out():
    arranged = arrange(
        nbf.new_code_cell("install()", metadata={"tags": [SETUP_TAG]}),
        code("import numpy", printed("loaded")),
        code("record(k=7)", printed("kept for the tests"), tags=["remove-cell"]),
        text(
            "## Self-test\n\n**1.** One?\n\n(a) yes; (b) no\n\n<details><summary>Answer</summary>\n\nSecret.\n</details>\n\n"
            "**2.** Two?\n\n## Take-aways\n\n1. A dot is round.\n\n## References\n\n- A. Author. *Dots*."
        ),
        text("A last word."),
        code("1", printed("noise", name="stderr")),
    )
    shown = all_shown(arranged)
    for absent in ("record", "for the tests"):
        assert absent not in str(arranged)
    for absent in ("install", "loaded", "Secret", "Author", "References", "last word", "noise"):
        assert absent not in shown
    assert [shown for _, shown, _ in arranged[2:4]] == [
        ["## Self-test", "**1.** One?", "(a) yes; (b) no"],
        ["###### Self-test", "**2.** Two?"],
    ]
    assert [notes for _, _, notes in arranged[2:4]] == ["Answer: Secret.", ""], "the speaker knows the answer"
    assert arranged[-1][1] == ["## Take-aways", "1. A dot is round."]
    assert "import numpy" in arranged[1][2]


def test_tags_override_the_rules():
    long = "\n".join(f"line_{n} = {n}" for n in range(16))
    arranged = arrange(
        text("All of this. " * 30, "slide"),
        code(long, printed("1\n" * 20), tags=["subslide"]),
        text("At a key.", "fragment"),
        text("## Heading\n\nFor the speaker.", "notes"),
        text("## Nowhere", "skip"),
    )
    whole, long_code, *_ = arranged[2:]
    assert whole[0] == "slide" and whole[1][1].count("All of this.") == 30
    assert long_code[0] == "subslide" and long_code[1][1] == long and long_code[1][2].count("1") == 20
    assert "At a key." in all_shown(arranged) and "Nowhere" not in all_shown(arranged)
    assert "For the speaker." not in all_shown(arranged) and "For the speaker." in arranged[-1][2]


def test_what_leads_to_a_list_stays_with_it():
    filler = code("\n".join("x" for _ in range(15)), printed("y"))
    *_, (_, shown, _) = arrange(text("## Full"), filler, text("Nobody hears. Three warnings:\n\n" + "- one line\n" * 6))
    assert shown[1:] == ["Three warnings:", ("- one line\n" * 6).strip()]


def test_a_deck_needs_a_book_and_lectures(tmp_path):
    decks, site = tmp_path / "decks", tmp_path / "site"
    with pytest.raises(slides.SlidesError, match="doit execute"):
        slides.build(decks, executed=tmp_path)
    (tmp_path / "week90_x").mkdir()
    nbformat.write(nbf.new_notebook(cells=[text(TITLE)]), tmp_path / "week90_x" / "01_dots.ipynb")
    slides.build(decks, executed=tmp_path)
    with pytest.raises(slides.SlidesError, match="doit pages"):
        slides.place(decks, site)
    (site / "_static" / "mathjax").mkdir(parents=True)
    (site / "_static" / "mathjax" / book.MATHJAX).touch()
    with pytest.raises(slides.SlidesError, match="doit slides"):
        slides.place(tmp_path / "nowhere", site)
    slides.place(decks, site)
    assert (site / "slides" / "week90_x" / "01_dots.html").is_file()


# ------------------------------------------------------------------------------- the real decks


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """The decks of all executed lectures, in a folder that has of the book only what they need."""
    if not (slides.DECKS / slides.CONTENT).is_file():
        pytest.fail("there are no slides: run `doit slides`")
    site = tmp_path_factory.mktemp("site")
    mathjax = site / "_static" / "mathjax" / book.MATHJAX
    mathjax.parent.mkdir(parents=True)
    shutil.copyfile(book._mathjax(), mathjax)
    slides.place(slides.DECKS, site)
    return sorted((site / "slides").glob("week*/*.html"))


@pytest.fixture
def opened(browser):
    """A function that opens a deck; fails in the end if a page complained, or asked for what is not there or elsewhere."""
    trouble, pages = [], []

    def open_deck(path, query=""):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        pages.append(page)
        page.on("pageerror", lambda error: trouble.append(f"{path.name}: {error}"))
        page.on("console", lambda told: trouble.append(f"{path.name}: {told.text}") if told.type == "error" else None)
        page.on("requestfailed", lambda request: trouble.append(f"{path.name}: {request.url[:200]} failed"))
        page.on(
            "request",
            lambda request: (
                trouble.append(f"{path.name}: asks for {request.url[:200]}")
                if not request.url.startswith(("file:", "data:", "blob:"))
                else None
            ),
        )
        page.goto(path.as_uri() + query)
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        return page

    yield open_deck
    for page in pages:
        page.close()
    assert not trouble


# Reveal.js hides all slides but the current one; to be measured, each is shown for a moment, with all that waits for a key.
MEASURE = """() => [...document.querySelectorAll('.slides section')].filter(s => !s.querySelector('section')).map(slide => {
  const both = [slide, slide.parentElement], before = both.map(element => element.style.display);
  both.forEach(element => { element.style.display = 'block'; });
  const size = {text: slide.innerText.slice(0, 60), high: slide.scrollHeight, wide: slide.scrollWidth,
                zoom: Number(slide.firstElementChild.style.zoom || 1),
                images: [...slide.querySelectorAll('img')].map(image => image.alt)};
  both.forEach((element, number) => { element.style.display = before[number]; });
  return size;
})"""


@pytest.mark.parametrize("lecture", LECTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_deck_opens_and_nothing_is_cut_off(decks, opened, lecture):
    path = next(deck for deck in decks if (deck.parent.name, deck.stem) == (lecture.parent.name, lecture.stem))
    page = opened(path)
    sizes = page.evaluate(MEASURE)
    assert len(sizes) > 8
    title = slides.title(nbformat.read(lecture, as_version=4))
    assert page.locator("section.present section.present h1").inner_text() == title.replace("`", "")
    assert page.title() == f"{title} – slides" and page.locator("html").get_attribute("lang") == "en"
    for size in sizes:
        assert size["high"] <= 720 and size["wide"] <= 1280, size
        assert size["zoom"] >= 0.55, f"too small to be read: {size}"
        assert all(alt and "description" not in alt for alt in size["images"]), size
    assert not [size for size in sizes if not re.sub(r"\s", "", size["text"]) and not size["images"]], "an empty slide"
    assert page.locator("aside.notes").count() > 5
    assert sizes[-1]["text"].startswith("Take-aways")


def test_links_lead_to_pages_of_the_book(decks):
    for path in decks:
        here = path.relative_to(path.parents[2]).parent.as_posix()
        for link in re.findall(r'<a href="([^"#]+)', path.read_text(encoding="utf-8")):
            if not re.match(r"https?:", link):
                target = posixpath.normpath(posixpath.join(here, link))
                source = ROOT / target.replace("exercises/", "solutions/", 1).replace(".html", ".py")
                assert source.is_file() or (ROOT / target.replace(".html", ".md")).is_file(), f"{path.name}: {link} is no page"


def test_slides_by_keyboard_and_a_player_in_one(decks, opened):
    path = next((deck for deck in decks if 'id="player-' in deck.read_text(encoding="utf-8")), None)
    if path is None:
        needs.require("built", "no executed lecture has a player")
    page = opened(path)
    page.keyboard.press("ArrowDown")
    assert page.evaluate("Reveal.getSlidePastCount()") == 1
    page.evaluate("""() => { const player = document.querySelector('[id^=player-]');
                             const place = Reveal.getIndices(player.closest('section')); Reveal.slide(place.h, place.v); }""")
    before = page.evaluate("Reveal.getSlidePastCount()")
    player = page.locator("[id^=player-]").first
    player.locator(".card").focus()
    page.keyboard.press("ArrowRight")
    assert player.locator(".count").inner_text().startswith("2 /")
    assert page.evaluate("Reveal.getSlidePastCount()") == before, "the key was the player's, not the slides'"


def test_the_speaker_sees_the_notes_in_a_window_of_their_own(decks, opened):
    path = next((deck for deck in decks if (deck.parent.name, deck.stem) == ("week02_convolution", "02_sizes")), None)
    if path is None:
        needs.require("built", "the lecture week02_convolution/02_sizes has not been executed")
    page = opened(path)
    with page.expect_popup() as window:
        page.keyboard.press("s")
    notes = window.value.locator(".speaker-controls-notes .value")
    page.evaluate("""() => { const note = document.querySelector('aside.notes mjx-container');
                             const place = Reveal.getIndices(note.closest('section')); Reveal.slide(place.h, place.v); }""")
    notes.locator("mjx-container svg").first.wait_for()
    assert notes.locator("math").count() == 0, "each formula is there once"
    said = page.evaluate("() => Reveal.getCurrentSlide().querySelector('aside.notes').innerHTML.trim()")
    assert said and notes.inner_html().strip() == said
    window.value.close()


def test_a_deck_can_be_printed(decks, opened):
    page = opened(decks[0], "?print-pdf")
    page.wait_for_selector(".pdf-page")
    assert page.locator(".pdf-page").count() == page.evaluate("Reveal.getTotalSlides()") > 8
