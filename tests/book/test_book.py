"""The book: how its sources are put together (on small made-up trees), and the pages that ``doit book`` built."""

import base64
import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import nbformat.v4 as nbf
import pytest
import yaml

from pipeline import BUILD, ROOT, book
from pipeline.notebooks import SETUP_TAG, colab_address, repository
from pipeline.release import answers, leaks

SITE = BUILD / "book" / "_build" / "html"
WEEK = "week90_fake"
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
).decode()
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


class Page(HTMLParser):
    """What the tests ask of a page: its tags with their attributes, and the text that a reader sees."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, *names):
        """Attributes of every tag with one of these names."""
        return [attributes for tag, attributes in self.tags if tag in names]


# ------------------------------------------------------------------------------- made-up trees


def figure(alt="A dot"):
    metadata = {"image/png": {"alt": alt}} if alt is not None else {}
    return nbf.new_output("display_data", {"image/png": PNG, "text/plain": "<Figure>"}, metadata=metadata)


def lecture(*outputs, text="# A title\n\nSome text."):
    cells = [
        nbf.new_markdown_cell("badge", metadata={"tags": [SETUP_TAG]}),
        nbf.new_code_cell("import install_helpers", metadata={"tags": [SETUP_TAG]}),
        nbf.new_markdown_cell(text),
        nbf.new_code_cell("draw()", execution_count=1, outputs=list(outputs)),
    ]
    return nbf.new_notebook(cells=cells, metadata=PYTHON)


def write(path, notebook):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture
def tree(tmp_path):
    """A repository with one week: a lecture with a figure, an exercise, and the pages around them."""
    root = tmp_path / "repository"
    for name, text in {
        f"lectures/{WEEK}/01_dots.py": "# %%\n",
        f"solutions/{WEEK}/dots.py": "# %%\n",
        "book/index.md": "# Front\n\nFrom {{ repository }}, version {{ version }}.\n",
        f"book/weeks/{WEEK}.md": f"# The week\n\n[Its lecture](../../lectures/{WEEK}/01_dots.ipynb)\n",
        "book/_toc.yml": "format: jb-book\nroot: book/index\nparts:\n  - caption: W\n    chapters: weeks\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name in ("_config.yml", "logo.svg", "references.bib"):
        shutil.copyfile(ROOT / "book" / name, root / "book" / name)
    noise = nbf.new_output("stream", name="stderr", text="progress 99 %")
    write(root / f"lectures/{WEEK}/01_dots.ipynb", lecture())
    write(root / f"build/executed/{WEEK}/01_dots.ipynb", lecture(noise, figure("One dot, in the middle")))
    check = nbf.new_code_cell("check()", metadata={"tags": ["hide-input"], "nbgrader": {"grade": True}})
    exercise = nbf.new_notebook(
        cells=[nbf.new_markdown_cell("# Exercise"), nbf.new_code_cell("raise NotImplementedError()"), check],
        metadata=PYTHON,
    )
    write(root / f"exercises/{WEEK}/dots.ipynb", exercise)
    return root


def assemble(root):
    return book.assemble(root, root / "build" / "book" / "source")


def test_a_good_tree_becomes_a_book(tree):
    site = book.build(tree)
    page = Page(site / f"lectures/{WEEK}/01_dots.html")
    assert "One dot, in the middle" in [image.get("alt") for image in page.all("img")]
    assert "draw()" in page.text
    assert "install_helpers" not in page.text and "progress 99 %" not in page.text
    address = colab_address(f"lectures/{WEEK}/01_dots.ipynb")
    assert address in [link.get("href") for link in page.all("a")]
    exercise = Page(site / f"exercises/{WEEK}/dots.html")
    assert "Traceback" not in exercise.text, "an exercise must never be executed"
    assert "Show the check" in exercise.text and "Show code cell" not in exercise.text
    assert repository() in [link.get("href") for link in Page(site / "book/index.html").all("a")]
    assert (site / "index.html").is_file() and (site / "_static/mathjax/tex-svg-full.js").is_file()


def test_a_broken_link_stops_the_build(tree):
    page = tree / "book" / "weeks" / f"{WEEK}.md"
    page.write_text("# The week\n\n[Nowhere](nowhere.md)\n", encoding="utf-8")
    with pytest.raises(book.BookError, match="warnings"):
        book.build(tree)
    assert not (tree / "build/book/_build/html/index.html").exists(), "half a book must not stay"


def test_pages_stand_in_the_order_of_the_contents(tree):
    assert assemble(tree) == ["book/index", f"book/weeks/{WEEK}", f"lectures/{WEEK}/01_dots", f"exercises/{WEEK}/dots"]


@pytest.mark.parametrize(
    ("outputs", "complaint"),
    [
        ([figure(alt=None)], "figure without alternative text"),
        ([figure(alt="  ")], "figure without alternative text"),
        ([figure(), figure()], "2 figures"),
        ([nbf.new_output("error", ename="ValueError", evalue="no", traceback=[])], "ValueError: no"),
    ],
)
def test_a_bad_lecture_is_refused(tree, outputs, complaint):
    write(tree / f"build/executed/{WEEK}/01_dots.ipynb", lecture(*outputs))
    with pytest.raises(book.BookError, match=rf"lectures/{WEEK}/01_dots\.ipynb: cell 4 \('draw\(\)'\).*{complaint}"):
        assemble(tree)


@pytest.mark.parametrize(
    ("missing", "complaint"),
    [
        (f"build/executed/{WEEK}/01_dots.ipynb", "doit execute"),
        (f"exercises/{WEEK}/dots.ipynb", "doit notebooks"),
        (f"book/weeks/{WEEK}.md", "write the page"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(tree, missing, complaint):
    (tree / missing).unlink()
    with pytest.raises(book.BookError, match=f"{missing}.*{complaint}"):
        assemble(tree)


def test_all_problems_are_told_at_once(tree):
    (tree / f"book/weeks/{WEEK}.md").unlink()
    write(tree / f"build/executed/{WEEK}/01_dots.ipynb", lecture(figure(alt=None), figure()))
    with pytest.raises(book.BookError) as caught:
        assemble(tree)
    assert len(str(caught.value).splitlines()) == 3


def test_a_misnamed_week_is_refused(tree):
    shutil.move(tree / "lectures" / WEEK, tree / "lectures" / "week9")
    with pytest.raises(book.BookError, match="weekNN_topic"):
        assemble(tree)


def test_a_live_widget_is_left_out(tree):
    bar = nbf.new_output("display_data", {book.WIDGET: {"model_id": "x"}, "text/plain": "0%"})
    write(tree / f"build/executed/{WEEK}/01_dots.ipynb", lecture(bar, figure()))
    assemble(tree)
    page = (tree / f"build/book/source/lectures/{WEEK}/01_dots.ipynb").read_text(encoding="utf-8")
    assert book.WIDGET not in page


# ------------------------------------------------------------------------------- the built book


@pytest.fixture(scope="module")
def pages():
    """Every page of the built book, by its path below the site without the ending."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"{SITE.relative_to(ROOT)} holds no book: run `doit book` first")
    found = {}
    for path in sorted(SITE.rglob("*.html")):
        name = path.relative_to(SITE).with_suffix("").as_posix()
        if not name.startswith(("_static/", "slides/")):  # slides have tests of their own
            found[name] = Page(path)
    return found


def notebooks():
    return [name for week in book.weeks() for name, _ in book.documents(ROOT, week)]


def test_every_page_is_there_and_no_other(pages):
    written = {path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "book").rglob("*.md")}
    expected = written | {name.removesuffix(".ipynb") for name in notebooks()}
    assert set(pages) - {"index", "search", "genindex"} == expected


def test_the_contents_list_every_week(pages):
    links = {link.get("href", "").split("#")[0] for link in pages["book/index"].all("a")}
    for week in book.weeks():
        assert f"weeks/{week}.html" in links
    # The redirect at the top is the only page without the theme around it.
    assert "book/index.html" in (SITE / "index.html").read_text(encoding="utf-8")


def test_every_image_says_what_it_shows(pages):
    for name, page in pages.items():
        for image in page.all("img"):
            alt, source = image.get("alt", "").strip(), image["src"]
            assert alt, f"{name}: {source} has no alternative text"
            assert alt not in {source, unquote(source), Path(source).name}, f"{name}: {source} has its path as text"


def test_lectures_have_figures(pages):
    for name in notebooks():
        if name.startswith("lectures/"):
            images = [image["src"] for image in pages[name.removesuffix(".ipynb")].all("img")]
            assert any("_images/" in source for source in images), f"{name} shows no figure in the book"


def test_colab_buttons_open_the_notebook_of_the_page(pages):
    for name in notebooks():
        links = {link.get("href") for link in pages[name.removesuffix(".ipynb")].all("a")}
        assert colab_address(name) in links


def test_no_colab_link_leads_nowhere(pages):
    start = colab_address("")
    for name, page in pages.items():
        for link in page.all("a"):
            href = link.get("href") or ""
            if "colab.research.google.com" in href:
                assert href.startswith(start), f"{name}: {href}"
                assert (ROOT / href.removeprefix(start)).is_file(), f"{name}: {href} is not in the repository"


def test_links_between_pages_lead_somewhere(pages):
    targets = {}
    for name, page in pages.items():
        targets[name] = {attributes["id"] for _, attributes in page.tags if attributes.get("id")}
    for name, page in pages.items():
        for link in page.all("a"):
            parts = urlsplit(link.get("href") or "")
            if parts.scheme or parts.netloc:
                continue
            path = SITE / f"{name}.html"
            if parts.path:
                path = (path.parent / unquote(parts.path)).resolve()
            assert path.is_file(), f"{name}: {parts.path} does not exist"
            other = path.relative_to(SITE).with_suffix("").as_posix()
            if parts.fragment and path.suffix == ".html":
                assert unquote(parts.fragment) in targets[other], f"{name}: {link['href']} has no such place"


def test_pages_load_nothing_from_other_hosts(pages):
    loading = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
    for name, page in pages.items():
        for tag, attributes in page.tags:
            address = attributes.get(loading.get(tag, ""), "") or ""
            assert not urlsplit(address).netloc, f"{name}: <{tag}> loads {address}"
    for path in SITE.rglob("*.css"):
        for address in re.findall(r"url\(\s*['\"]?([^'\")]+)", path.read_text(encoding="utf-8")):
            assert address.startswith("data:") or not urlsplit(address).netloc, f"{path.name} loads {address}"


def test_formulae_come_with_the_book(pages):
    sources = {script.get("src", "").split("?")[0] for page in pages.values() for script in page.all("script")}
    mathjax = {source for source in sources if "mathjax" in source}
    assert mathjax, "no page has a formula: MathJax was not asked for"
    assert all(source.endswith("_static/mathjax/tex-svg-full.js") for source in mathjax)
    assert (SITE / "_static/mathjax/tex-svg-full.js").stat().st_size > 1_000_000


def test_no_answer_is_in_the_book(pages):
    assert answers(), "no solution or hidden test was found: the search would pass on anything"
    assert list((SITE / "_sources").rglob("*.ipynb")), "the notebooks behind the pages are searched too"
    assert not leaks(SITE)


def test_the_search_for_answers_would_find_one(tmp_path):
    (tmp_path / "page.html").write_text(f"<pre>{html.escape(min(answers()))}</pre>", encoding="utf-8")
    assert leaks(tmp_path)


def test_set_up_cells_stay_out_of_the_page_but_not_of_the_download(pages):
    for name in notebooks():
        committed = (ROOT / name).read_bytes()
        assert (SITE / "_sources" / name).read_bytes() == committed, name
        assert SETUP_TAG in committed.decode("utf-8")
        page = (SITE / name).with_suffix(".html")
        buttons = pages[name.removesuffix(".ipynb")].all("a")
        links = {(page.parent / unquote(link.get("href") or "")).resolve() for link in buttons}
        assert SITE / "_sources" / name in links, f"{name}: no button downloads it"
        assert "installs the course" not in page.read_text(encoding="utf-8"), name


def test_jupyterlab_buttons_open_the_notebook_of_the_page(pages):
    start = f"https://mybinder.org/v2/gh/{repository().split('/', 3)[3]}/{book.BRANCH}?urlpath=lab/tree/"
    for name in notebooks():
        links = {unquote(link.get("href") or "") for link in pages[name.removesuffix(".ipynb")].all("a")}
        assert start + name in links


def test_search_finds_words_of_the_week(pages):
    text = (SITE / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(re.fullmatch(r"Search\.setIndex\((.*)\)", text, flags=re.DOTALL)[1])
    assert set(index["docnames"]) == set(pages) - {"index", "search", "genindex"}
    assert {"cifar", "histogram", "neighbour"} <= set(index["terms"])


# ------------------------------------------------------------------------------- facts told twice


def test_citation_agrees_with_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == book.facts()["version"]
    assert citation["repository-code"] == repository()


def test_pages_hold_no_address_of_their_own():
    for path in (ROOT / "book").rglob("*.md"):
        assert repository() not in path.read_text(encoding="utf-8"), f"{path.name}: write {{{{ repository }}}}"


def test_guides_name_commands_that_exist():
    tasks = set(re.findall(r"(?m)^def task_(\w+)", (ROOT / "dodo.py").read_text(encoding="utf-8")))
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    for path in [*(ROOT / "book" / "guides").glob("*.md"), ROOT / "CONTRIBUTING.md"]:
        code = "\n".join(re.findall(r"`+[^`]+`+", path.read_text(encoding="utf-8")))
        for task in re.findall(r"doit ([a-z]+)", code):
            assert task in tasks | {"list", "info"}, f"{path.name}: there is no task {task}"
        for target in re.findall(r"(?m)(?:^|`)make ([a-z]+)", code):
            assert target in targets, f"{path.name}: there is no target {target}"


def test_references_can_be_followed():
    entries = re.split(r"(?m)^@", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"))[1:]
    assert entries
    for entry in entries:
        assert re.search(r"(?m)^\s*(doi|url)\s*=", entry), f"{entry.splitlines()[0]} needs a doi or url"


def test_the_bibliography_holds_what_the_lectures_cite():
    known = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    for path in sorted((ROOT / "lectures").rglob("*.py")):
        for cited in re.findall(r"(?:doi\.org|arxiv\.org/abs)/([^\s)>]+)", path.read_text(encoding="utf-8")):
            assert cited in known, f"{path.name} cites {cited}: add it to book/references.bib"
