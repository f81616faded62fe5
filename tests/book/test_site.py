"""The built site in a real browser: every page, by keyboard and mouse, in the dark, on a phone, and for a screen reader.

Needs the packages ``playwright`` and ``axe_playwright_python`` and a Chromium that is installed on the system; skipped, with
that word, where they are not.
"""

import gzip
import statistics
from collections import defaultdict
from urllib.parse import unquote, urlsplit

import pytest

from pipeline import ROOT, book

SITE = ROOT / "build" / "book" / "_build" / "html"
LECTURES = [
    name.removesuffix(".ipynb") for week in book.weeks() for name, _ in book.documents(ROOT, week) if name.startswith("lectures/")
]
TEXT = {".html", ".css", ".js", ".svg", ".json"}
THEMES_OWN = "Got invalid theme mode: . Resetting to auto."  # what the theme says at anybody's first visit
ALL_TYPESET = "document.querySelectorAll('.math').length === document.querySelectorAll('.math mjx-container').length"
PHONE, DESK = {"width": 375, "height": 700}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def address(serve):
    if not (SITE / "index.html").is_file():
        pytest.fail(f"{SITE.relative_to(ROOT)} holds no book: run `doit book` first")
    return serve(SITE)


def pages():
    """Every page of the book, by its path below the site."""
    names = [
        "book/index",
        "search",
        "genindex",
        *sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "book").rglob("*.md")),
    ]
    return list(dict.fromkeys(names)) + [
        name.removesuffix(".ipynb") for week in book.weeks() for name, _ in book.documents(ROOT, week)
    ]


@pytest.fixture
def page(browser, address):
    """A page that is watched: what goes wrong in it is in ``page.trouble``, what it asked for in ``page.asked``."""
    opened = browser.new_page(viewport=DESK)
    opened.trouble, opened.asked = [], []
    opened.on("pageerror", lambda error: opened.trouble.append(f"script error: {error}"))
    opened.on(
        "console",
        lambda message: (
            message.type == "error" and THEMES_OWN not in message.text and opened.trouble.append(f"console: {message.text}")
        ),
    )
    opened.on("requestfailed", lambda request: opened.trouble.append(f"failed: {request.url} ({request.failure})"))
    opened.on(
        "response", lambda response: response.status >= 400 and opened.trouble.append(f"status {response.status}: {response.url}")
    )
    opened.on("request", lambda request: opened.asked.append(request.url))
    yield opened
    opened.close()


def outside(page, address):
    return [url for url in page.asked if not url.startswith((f"{address}/", "data:", "blob:"))]


def transferred(urls, address):
    """Bytes of these files as a web server sends them: text is packed by gzip, pictures and fonts are as they are."""
    total = 0
    for url in set(urls):
        if url.startswith(f"{address}/"):
            path = SITE / unquote(urlsplit(url).path).lstrip("/")
            content = path.read_bytes() if path.is_file() else b""
            total += len(gzip.compress(content, 6)) if path.suffix in TEXT else len(content)
    return total


def scroll_through(page):
    """Show every part once, so that what waits for being seen is loaded."""
    page.evaluate("""async () => {
        for (let y = 0; y < document.body.scrollHeight; y += 2000) {
            window.scrollTo(0, y);
            await new Promise(requestAnimationFrame)
        }
        window.scrollTo(0, 0)
    }""")


def test_every_page_opens_and_fits_everywhere(page, address):
    trouble, wide, weight = defaultdict(list), {}, {}
    for name in pages():
        page.trouble.clear()
        page.asked.clear()
        page.set_viewport_size(DESK)
        page.goto(f"{address}/{name}.html")
        scroll_through(page)
        page.wait_for_load_state("networkidle")
        weight[name] = transferred(page.asked, address)
        # MathJax is left out of pages without formulae: no formula may be left as it was typed.
        page.wait_for_function(ALL_TYPESET)
        if name not in {"genindex", "search"}:  # whose titles are the theme's
            assert page.locator("article h1").first.inner_text().strip(), f"{name} has no title"
        trouble[name] += page.trouble + [f"asked for {url}" for url in outside(page, address)]
        page.set_viewport_size(PHONE)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            wide[name] = width
    assert not {name: found for name, found in trouble.items() if found}
    assert not wide, f"wider than a phone of {PHONE['width']} pixels: {wide}"
    lectures = [weight[name] for name in LECTURES]
    # A first visit, with everything that later pages take from the browser's cache: theme and MathJax (0.7 MB).
    assert statistics.median(lectures) < 1.5e6, {name: weight[name] for name in LECTURES}
    assert weight["book/index"] < 5e5, weight["book/index"]


def test_search_finds_where_a_word_is_taught(page, address):
    page.goto(f"{address}/search.html?q=receptive+field")
    page.locator("#search-results li").first.wait_for()
    page.wait_for_load_state("networkidle")
    found = page.locator("#search-results li a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert any("lectures/week02_convolution/" in link for link in found), found
    page.locator("#search-results li a").first.click()
    page.wait_for_url(lambda url: "/search.html" not in url)
    assert "receptive field" in page.locator("article").inner_text().lower()
    assert not page.trouble


def test_the_explorer_answers_in_the_book(page, address):
    page.goto(f"{address}/lectures/week02_convolution/02_sizes.html")
    explorer = page.locator("[id^=explorer-]").first
    explorer.scroll_into_view_if_needed()
    headline = explorer.locator(".headline")
    before = headline.inner_text()
    size = explorer.get_by_role("spinbutton", name="Input size W")
    size.focus()
    page.keyboard.press("ArrowUp")
    by_key = headline.inner_text()
    assert by_key != before
    explorer.get_by_role("radio", name="Transposed").click()
    assert headline.inner_text() != by_key
    assert not page.trouble


def test_the_theme_switch_makes_it_dark(page, address):
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/{LECTURES[0]}.html")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for _ in range(3):  # the switch goes round: automatic, light, dark
        page.get_by_role("button", name="Color mode").click()
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    # Figures keep a light ground of their own, and no filter changes colours that the text talks about.
    figure = page.locator(".cell_output img").first
    assert figure.evaluate("image => getComputedStyle(image).backgroundColor") == "rgb(255, 255, 255)"
    assert figure.evaluate("image => getComputedStyle(image).filter") == "none"


LOOKED_AT = [
    "book/index",
    "book/map",
    "book/weeks/week02_convolution",
    "book/guides/instructor",
    "book/references",
    "lectures/week02_convolution/02_sizes",
    "exercises/week03_lenet/lenet",
]  # one of each kind


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_nothing_serious_for_those_who_read_differently(page, address, name, scheme):
    from axe_playwright_python import sync_playwright as axe

    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/{name}.html")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    # The article is ours; bars and menus around it are the theme's, formulae are MathJax's and lists of citations docutils'.
    context = {"include": [["article"]], "exclude": [["mjx-container"], [".citation-list"]]}
    rules = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}  # only colours differ
    found = axe.Axe().run(page, context=context, options={"resultTypes": ["violations"], **rules})
    serious = [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])} times) "
        f"{one['nodes'][0]['failureSummary'][:300]}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert not serious, "\n".join(serious)
