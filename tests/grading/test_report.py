"""The report: a table that programs and spreadsheets can read, and a page that is safe, readable and needs nothing."""

import csv
import io
import re
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell

from grading.batch.records import Result
from grading.batch.run import Batch
from grading.nbgrader.cells import grade_id
from grading.reports.batch import as_html
from grading.reports.pages import without_type
from grading.reports.table import as_csv

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e"
INPUT = {
    "kind": "asks for keyboard input",
    "cell": 4,
    "what": "The answer cell double stopped with EOFError.",
    "todo": "Write the value into the code.",
    "told": True,
}


def question(score, message=None, cause=None, name="double_test", points=2.0):
    return {
        "notebook": "ps1",
        "grade_id": name,
        "points": points,
        "score": score,
        "message": message,
        "hidden": False,
        "cause": cause,
    }


def result(student="ada", status="ok", double=2.0, triple=3.0, reasons=(), message=None, cause=None):
    questions = [question(double, message, cause), question(triple, message, name="triple_test", points=3.0)]
    return Result(student, status, double + triple, 5.0, 1.25, list(reasons), questions)


def test_the_table():
    text = as_csv(
        [
            result(),
            result('eve, "x"', "ungradable", 0.0, 0.0, ["first\nline", "=cmd()"]),
            result("=1+1", double=0.0, reasons=["@sum(a1)"], message="NameError: x", cause=INPUT),
        ],
        absent=["ben"],
        names={"ada": "Ada Byron", "ben": "=Ben"},
        waits={"ada": ["why"]},
    )
    table = list(csv.DictReader(io.StringIO(text)))
    assert list(table[0])[:6] == ["student", "status", "auto score", "maximum", "seconds", "reasons"]
    assert list(table[0].values()) == ["ada", "ok", "5", "5", "1.2", "", "", "why", "Ada Byron"]
    assert table[1]["student"] == 'eve, "x"' and table[1]["reasons"] == "first line | =cmd()"
    assert table[2]["student"] == "'=1+1" and table[2]["reasons"] == "'@sum(a1)", "no spreadsheet calculates what a student wrote"
    assert table[2]["causes"] == f"double_test: {INPUT['what']} {INPUT['todo']}"
    assert table[3]["status"] == "nothing handed in" and table[3]["name"] == "'=Ben"


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


RESULTS = [
    result(),
    result("ben", "repaired", reasons=["The file is UTF-16, not UTF-8."]),
    result("dan", double=0.0, triple=0.0, message="CheckFailed: wrong"),
    result("fay", double=1.0, triple=1.0, message="CheckFailed: wrong"),
    result("gil", double=0.0, message="NameError: name 'double' is not defined", cause=INPUT),
    result(HOSTILE, "ungradable", 0.0, 0.0, [HOSTILE], HOSTILE),
    result("cleo", "partial", 0.0, 3.0, [HOSTILE], HOSTILE),
]
BATCH = Batch(
    RESULTS,
    7,
    [HOSTILE],
    [HOSTILE],
    None,
    1.0,
    ["hal (Hal Nine)"],
    {"ada": "Ada Byron", "cleo": HOSTILE},
    {"ada": [("ps1", "why")]},
    {one.student: {"ps1": f"number-{place}"} for place, one in enumerate(RESULTS)},
)


@pytest.fixture
def page(small):
    return as_html(small.assignment, BATCH)


def part(page, begin, end="<h2>"):
    return Tags(page.split(begin)[1].split(end)[0]).text


def test_the_page_is_self_contained_and_harmless(page):
    tags = Tags(page).tags
    assert not {"script", "link", "iframe", "object", "embed", "form", "img", "base", "input"} & {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "src"]
    links = {attributes["href"] for tag, attributes in tags if tag == "a"}
    assert all(
        re.match(r"\.\./\.\./feedback/|http://localhost:8888/formgrader/submissions/number-\d/|#by-", one) for one in links
    )
    assert "default-src 'none'" in page.replace("&#39;", "'") and "https://" not in page
    assert "\x1b" not in page and "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_the_page_is_accessible(page):
    tags = Tags(page).tags
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">') and "<main>" in page and "<title>ps1" in page
    [picture] = [attributes for _, attributes in tags if attributes.get("role") == "img"]
    assert "0 to 1 points: 2" in picture["aria-label"]
    assert all(attributes.get("scope") in ("row", "col", "colgroup") for tag, attributes in tags if tag == "th")
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    names = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(names) == len(set(names))
    assert {attributes["href"] for tag, attributes in tags if tag == "a" and attributes["href"][0] == "#"} <= {
        f"#{name}" for name in names
    }


def test_who_needs_attention_stands_first_and_why(page):
    groups = part(page, "<h2>Who needs attention</h2>")
    order = [
        "Nothing could be graded: 1",
        "No points at all: 1",
        "something else than a wrong answer: 1",
        "Points lost in every question: 1",
        "Stopped while it ran: 1",
        "Put right before it was graded: 1",
        "Nothing to look at: 1",
    ]
    places = [groups.index(one) for one in order]
    assert places == sorted(places)
    for student, group in {"dan": 1, "gil": 2, "fay": 3, "cleo": 4, "ben": 5, "Ada Byron ada": 6}.items():
        until = places[group + 1] if group < 6 else None
        assert student in groups[places[group] : until], student
    assert "dan feedback formgrader 0 of 5 2 of 2 checks: wrong" in groups
    assert INPUT["what"] in groups and INPUT["todo"] in groups
    assert "5 need attention" in Tags(page).text


def test_the_fine_ones_are_folded(page):
    states = re.findall(r'<details class="group"( open)?><summary>([^:]+): ', page)
    assert [not is_open for is_open, _ in states] == [False] * 5 + [True] * 2


def test_who_handed_in_nothing_and_who_waits(page):
    assert "hal (Hal Nine)" in part(page, "<h2>Who handed in nothing</h2>")
    text = Tags(page).text
    assert "1 waits for a person" in text and "1 handed in nothing" in text
    assert "5 of 5 so far" in text, "the points of who waits are not the last word"
    assert "graded by a person 1 waits Ada Byron ada" in part(page, "<h2>Questions</h2>")


def test_each_message_says_who_got_it(page):
    text = part(page, "<h2>Questions</h2>")
    assert "2× wrong dan feedback fay feedback" in text
    assert "1× Asks for keyboard input gil feedback" in text and "NameError" not in text
    rows = re.findall(r"<details><summary>(\d+)&times;.*?</summary>(.*?)</details>", page, flags=re.DOTALL)
    assert rows and all(int(count) == names.count("<li>") for count, names in rows)


def test_the_difficulty_leaves_out_what_could_not_be_graded(page):
    text = part(page, "<h2>Questions</h2>")
    assert "42% 2 of 6" in text and "72% 4 of 6" in text  # (2 + 2 + 0 + 1 + 0 + 0) of 12, (3 + 3 + 0 + 1 + 3 + 3) of 18


def test_everybody_can_be_sorted_without_a_script(page):
    orders = re.findall(r'<section class="order" id="([\w-]+)".*?</section>', page, flags=re.DOTALL)
    assert orders == ["by-name", "by-points", "by-time", "by-id"]
    points = part(page, 'id="by-points"', "</section>")
    assert [int(one) for one in re.findall(r"(\d) of 5", points)] == [0, 0, 2, 3, 3, 5, 5]
    assert "#by-id, .order:target { display: block; }" in page


def test_where_formgrader_is_can_be_set(small):
    with (small.root / "nbgrader_config.py").open("w") as file:
        file.write('c = get_config()\nc.Grading.formgrader = "https://hub.example.org/user/x/formgrader/"\n')
    assert 'href="https://hub.example.org/user/x/formgrader/submissions/number-0/"' in as_html(small.assignment, BATCH)
    with (small.root / "nbgrader_config.py").open("w") as file:
        file.write('c = get_config()\nc.Grading.formgrader = ""\n')
    assert ">formgrader</a>" not in as_html(small.assignment, BATCH)


def test_questions_have_the_titles_of_the_exercise(small):
    notebook = small.source()
    place = next(place for place, cell in enumerate(notebook.cells) if grade_id(cell) == "double")
    notebook.cells.insert(place, new_markdown_cell("## Question 1 (2 points): *twice* `x`"))
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    assert "Question 1: twice x" in part(as_html(small.assignment, BATCH), "<h2>Questions</h2>")


def test_a_class_of_nobody(small):
    assert "There are no submissions" in as_html(small.assignment, Batch([], 0, [], [], None, 0.0))


def test_messages():
    assert without_type("AssertionError: no") == "no" and without_type("ValueError: no") == "ValueError: no"
