"""Formgrader in a real browser, over a graded class that is hostile: nothing runs, nothing is fetched, every page opens."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from grading.cli import main
from grading.nbgrader.cells import grade_id
from tests import needs

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.needs("browser")

RUN = "(parent || self).document.title = 'RAN'"
CELLS = {
    "script": f"<script>{RUN}</script>",
    "lines": f"Text\n\n<script>\n\n{RUN}\n\n</script>\n\n**more**",
    "handler": f'<img src=x onerror="{RUN}"> <svg onload="{RUN}"></svg> <details open ontoggle="{RUN}">x</details>',
    "frame": f'<iframe srcdoc="<script>{RUN}</script>"></iframe>',
    "meta": '<meta http-equiv="refresh" content="0;url=http://elsewhere.invalid/">',
    "base": '<base href="http://elsewhere.invalid/"><link rel=stylesheet href="http://elsewhere.invalid/x.css">',
    "style": "<style>@import 'http://elsewhere.invalid/x.css'; * { background: url(http://elsewhere.invalid/x.png) }</style>",
    "picture": "![x](http://elsewhere.invalid/x.png) <img src='http://elsewhere.invalid/y.png'>",
    "form": '<form action="http://elsewhere.invalid/"><button class="full-credit">Full credit</button></form>',
    "link": f"[full credit](javascript:{RUN.replace(' ', '')}) <a href=\"java\tscript:{RUN}\">x</a> <javascript:{RUN}>",
    "mermaid": f"```mermaid\n<img src=x onerror=\"{RUN}\">\n```",
    "broken": f"<!--><img src=x onerror=\"{RUN}\">--> <img/src=x/onerror={RUN.replace(' ', '')}//",
    "mutation": f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;">',
    "template": f'<noscript><p title="</noscript><img src=x onerror={RUN}>"></noscript><template><script>{RUN}</script>',
    "gone": "look ![a](attachment:gone.png)",
    "deep": "> " * 3000 + "x",
    "honest": "Because $a<b$ and `x<y>z`, **twice**.\n\n```python\nif a < b: pass\n```",
}  # fmt: skip
SVG = {"a.svg": {"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{RUN}\"/>"}}
EXTEND = "from grading.formgrader import extend\n\nextend()\n"  # as in the shipped configuration


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded course: every hostile text in a cell of a student's own, and as the answer in words; hostile ids."""
    from tests.grading.conftest import Small

    small = Small(tmp_path_factory.mktemp("formgrader") / "course")
    (small.root / "nbgrader_config.py").write_text(f"c = get_config()\nc.CourseDirectory.course_id = 'small'\n{EXTEND}")
    for name, text in CELLS.items():
        notebook = small.solved("double", why=text)
        notebook.cells.insert(2, new_markdown_cell(text))
        notebook.cells.insert(4, new_raw_cell(text))
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and (name == "gone" or grade_id(cell) == "why"):
                cell.attachments = nbformat.from_dict(SVG)
        small.hand_in(name, nbformat.writes(notebook))
    for student in (f"<img src=x onerror={RUN}>", '"><script>x', "a&lt;b", "o'neil {{7*7}}"):
        small.hand_in(student.replace("/", ""))
    for number, said in enumerate((b"yesterday", b"\xff\x00", b"99999-01-01", b"2999-01-01", b"\xf0\x9f\x95\x90" * 900, None)):
        small.hand_in(f"odd-time-{number}")
        place = small.root / "submitted" / f"odd-time-{number}" / "ps1" / "timestamp.txt"
        place.mkdir() if said is None else place.write_bytes(said)
    arguments = ["--trust-students", "--no-reference", "--quiet", "--jobs", "2"]
    assert main(["run", "ps1", "--course-dir", str(small.root), *arguments]) in (0, 1)  # 1: some ids are refused
    return small


@pytest.fixture(scope="module")
def address(course, tmp_path_factory):
    """Where formgrader runs."""
    with formgrader(course.root, tmp_path_factory.mktemp("jupyter")) as address:
        yield address


@contextlib.contextmanager
def formgrader(root, settings):
    """Run formgrader in a course folder, with no settings but those in a folder; where it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        environment[f"JUPYTER_{name}"] = str(settings / name.lower())
    with open(settings / "log.txt", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=root)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:  # it answers, or it ends: however long that takes
            assert server.poll() is None, (settings / "log.txt").read_text()[-3000:]
            try:
                urllib.request.urlopen(f"{address}/formgrader/api/assignments").close()
                break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=needs.chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def visit(browser, url):
    """Open a page in a browser that reaches only the server; its title, what it shows, and what it asked of other hosts.

    Formgrader's own page fetches MathJax from its usual host; that request is answered with nothing.
    """
    page = browser.new_page()
    page.set_default_timeout(120_000)
    asked, broken = [], []

    def route(request):
        if request.request.url.startswith((url.split("/formgrader")[0], "data:")):
            request.continue_()
            return
        if "mathjax" not in request.request.url:
            asked.append(request.request.url)
        request.abort()

    page.route("**/*", route)
    page.on("response", lambda response: broken.append(response.url) if response.status >= 500 else None)
    page.on("console", lambda message: asked.append(message.text) if refused(message.text) else None)
    page.on("dialog", lambda dialog: (asked.append("a dialog"), dialog.dismiss()))
    page.goto(url, wait_until="load")
    page.wait_for_function("() => document.readyState === 'complete'")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
    for link in page.locator(".rendered_html a").all():  # what a curious instructor does
        if (link.get_attribute("href") or "").lower().startswith(("java", "data", "vb")):
            link.click()
    seen = page.title(), page.locator("body").inner_text(), page.locator(".rendered_html form, .rendered_html iframe").count()
    assert page.url.startswith(url.split("/formgrader")[0])
    page.close()
    return *seen, asked, broken


def refused(message):
    """Whether a message of the browser's says that the content policy held something back: nothing of formgrader's own."""
    return "Content Security Policy" in message and "mathjax" not in message


def submissions(address):
    with urllib.request.urlopen(f"{address}/formgrader/api/submitted_notebooks/ps1/ps1") as answer:
        return {row["student"]: row["id"] for row in json.load(answer)}


def test_a_time_that_nobody_can_read_ends_no_list(address):
    with urllib.request.urlopen(f"{address}/formgrader/api/submissions/ps1") as answer:
        rows = {row["student"]: row for row in json.load(answer)}
    odd = [name for name in rows if name.startswith("odd-time")]
    assert len(odd) == 6
    assert all(rows[name]["timestamp"] is None and rows[name]["autograded"] for name in odd), "as the gradebook has it"


@pytest.mark.parametrize("name", CELLS)
def test_a_submission_opens_and_nothing_in_it_acts(browser, address, name):
    title, text, active, asked, broken = visit(browser, f"{address}/formgrader/submissions/{submissions(address)[name]}/")
    assert title != "RAN" and not active
    assert asked == [] and broken == []
    assert "def double" in text, "the page is not whole"
    if name == "honest":
        assert "if a < b: pass" in text and "x<y>z" in text and "twice" in text


def test_lists_of_students_open(browser, address):
    for path in ("manage_students", "manage_submissions/ps1", "gradebook/ps1/ps1", "gradebook"):
        title, _, _, asked, broken = visit(browser, f"{address}/formgrader/{path}")
        assert title != "RAN" and asked == [] and broken == [], path


def test_what_got_past_the_cleaning_would_not_run(course, address, browser):
    path = course.root / "autograded" / "honest" / "ps1" / "ps1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [new_markdown_cell(text) for name, text in CELLS.items() if name not in ("gone", "deep", "meta")]
    shown = [{"text/html": CELLS[name]} for name in ("script", "handler", "frame")] + [{"application/javascript": RUN}]
    cell = new_code_cell("1", outputs=[new_output("display_data", data) for data in shown])
    notebook.cells.append(cell)
    before = path.read_bytes()
    path.chmod(0o644)
    nbformat.write(notebook, path)
    try:
        page = browser.new_page()
        held, asked = [], []
        page.on("console", lambda message: held.append(message.text) if refused(message.text) else None)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/formgrader/submissions/{submissions(address)['honest']}/", wait_until="domcontentloaded")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
        assert page.title() != "RAN" and len(held) > 10
        page.close()
    finally:
        path.write_bytes(before)


def test_the_shipped_configuration_asks_for_it():
    lines = [line.strip() for line in (ROOT / "nbgrader_config.py").read_text().splitlines()]
    assert {line for line in EXTEND.splitlines() if line} <= {*lines}


def test_formgraders_own_scripts_work(address, browser):
    page = browser.new_page()
    page.goto(f"{address}/formgrader/submissions/{submissions(address)['honest']}/", wait_until="load")
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "/api/grade/" in answer.url) as saved:
        page.locator(".nbgrader_cell", has_text="Because").locator(".full-credit").click()
    assert saved.value.json()["manual_score"] == 4
    page.locator(".glyphicon.name-hidden").click()  # its handler is an attribute
    page.wait_for_selector(".name-shown >> text=honest")
    page.close()


BADGES = [
    "[![Open in Colab](https://colab.example/badge.svg)](https://colab.example/nb)",
    "![a cat][cat] of *ours*\n\n[cat]: //example.org/cat.png",
    "<IMG alt='a dog' src=http://example.org/dog.png>",
]


def test_pictures_of_other_hosts_in_the_instructors_text_are_named_and_not_asked_for(course, address, browser):
    places = [course.root / folder / "ps1" / "ps1.ipynb" for folder in ("source", "autograded/honest")]
    before = [path.read_bytes() for path in places]
    try:
        for path in places:
            notebook = nbformat.read(path, as_version=4)
            notebook.cells[:0] = [new_markdown_cell(text) for text in BADGES]
            path.chmod(0o644)
            nbformat.write(notebook, path)
        _, text, _, asked, _ = visit(browser, f"{address}/formgrader/submissions/{submissions(address)['honest']}/")
        assert asked == []
        assert "[picture not shown: Open in Colab]" in text and "[picture not shown: a cat] of ours" in text
    finally:
        for path, was in zip(places, before, strict=True):
            path.write_bytes(was)


RUBRIC = """### BEGIN SOLUTION
Doubling is adding a number to itself: $2x = x + x$.

**Rubric**

| points | the answer |
|---|---|
| 4 | says that both terms are equal, and adds them |
| 2 | adds them without a reason |
| 0 | repeats the question |
### END SOLUTION"""


def test_the_rubric_stands_beside_the_answer(course, address, browser):
    path = course.root / "source" / "ps1" / "ps1.ipynb"
    before = path.read_bytes()
    source = nbformat.read(path, as_version=4)
    next(cell for cell in source.cells if grade_id(cell) == "why").source = RUBRIC
    nbformat.write(source, path)
    try:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{address}/formgrader/submissions/{submissions(address)['honest']}/", wait_until="load")
        answer = page.locator(".nbgrader_cell", has_text="Because").bounding_box()
        rubric = page.locator("aside.rubric", has_text="repeats the question")
        beside = rubric.bounding_box()
        assert beside["x"] >= answer["x"] + answer["width"] and abs(beside["y"] - answer["y"]) < 60
        assert rubric.locator("table tr").count() == 4 and page.locator("aside.rubric").count() == 1
        page.set_viewport_size({"width": 700, "height": 900})
        assert rubric.bounding_box()["y"] > page.locator(".nbgrader_cell", has_text="Because").bounding_box()["y"] + 20
        page.close()
        path.write_text("not a notebook")
        text = visit(browser, f"{address}/formgrader/submissions/{submissions(address)['honest']}/")[1]
        assert "No rubrics are shown, because ps1.ipynb in source cannot be read" in text and "def double" in text
    finally:
        path.write_bytes(before)


def test_ids_with_markup_are_refused_by_name(course, address, capsys):
    assert {name for name in submissions(address) if not name.startswith("odd-time")} == {*CELLS, "o'neil {{7*7}}"}
    assert main(["run", "ps1", "--course-dir", str(course.root), "--trust-students", "--no-reference", "--quiet"]) == 1
    said = capsys.readouterr().err
    for student in (f"<img src=x onerror={RUN}>", '"><script>x', "a&lt;b"):
        assert re.search(rf"Not graded: {re.escape(repr(student))}: .* Rename the folder in 'submitted'", said)


def test_what_was_handed_in_is_untouched(course):
    for name, text in CELLS.items():
        notebook = nbformat.read(course.root / "submitted" / name / "ps1" / "ps1.ipynb", as_version=4)
        assert notebook.cells[2].source == text
