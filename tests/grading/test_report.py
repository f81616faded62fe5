"""The report: a table that programs and spreadsheets can read, and a page that is safe, readable and needs nothing."""

import csv
import io
import re
from html.parser import HTMLParser

import pytest

from grading.batch.records import Result
from grading.reports.batch import as_csv, as_html, text, without_type

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e"


def result(student="ada", status="ok", score=3.0, reasons=(), message=None, hidden=False, **more):
    question = {"notebook": "ps1", "grade_id": "double_test", "points": 5.0, "score": score, "message": message, "hidden": hidden}
    return Result(student, status, score, 5.0, 1.25, list(reasons), [question], **more)


def test_the_table():
    table = list(
        csv.reader(
            io.StringIO(
                as_csv(
                    [
                        result(),
                        result('eve, "x"', "ungradable", 0.0, ["first\nline", "=cmd()"]),
                        result("=1+1", reasons=["@sum(a1)"]),
                    ]
                )
            )
        )
    )
    assert table[0] == ["student", "status", "auto score", "maximum", "seconds", "reasons"]
    assert table[1] == ["ada", "ok", "3", "5", "1.2", ""]
    assert table[2][0] == 'eve, "x"' and table[2][5] == "first line | =cmd()"
    assert table[3][0] == "'=1+1" and table[3][5] == "'@sum(a1)", "no spreadsheet calculates what a student wrote"


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.fixture
def page():
    results = [
        result(),
        result("ben", "repaired", 5.0, ["The file is UTF-16, not UTF-8."]),
        result("dan", score=0.0, message="CheckFailed: x"),
        result(HOSTILE, "ungradable", 0.0, [HOSTILE]),
        result("cleo", "partial", 1.0, [HOSTILE], HOSTILE, manual=True),
    ]
    return as_html("ps1", results, [HOSTILE], [HOSTILE])


def test_the_page_is_self_contained_and_harmless(page):
    tags = Tags(page)
    assert not {"script", "link", "iframe", "object", "embed", "form", "img", "base"} & {tag for tag, _ in tags.tags}
    assert not [name for _, attributes in tags.tags for name in attributes if name.startswith("on") or name in ("src", "href")]
    assert "default-src 'none'" in page and "http://" not in page.replace("http-equiv", "") and "https://" not in page
    assert "\x1b" not in page and "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_the_page_is_accessible(page):
    tags = Tags(page).tags
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">') and "<main>" in page and "<title>ps1" in page
    [picture] = [attributes for tag, attributes in tags if tag == "svg"]
    assert picture["role"] == "img" and "0 to 1 points: 2" in picture["aria-label"]
    assert all(attributes.get("scope") in ("row", "col") for tag, attributes in tags if tag == "th")
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_who_needs_a_look_stands_first(page):
    look, others = page.split("The others")
    assert look.index("ungradable</span>") < look.index("partial</span>") < look.index("repaired</span>")
    assert '<th scope="row">ada' in others and '<th scope="row">ben' not in others
    assert "The answers of one student have to be graded by hand" in look


def test_the_difficulty_leaves_out_what_could_not_be_graded(page):
    assert "45%" in page and "1 of 4" in page  # (3 + 5 + 0 + 1) of 4 * 5


def test_a_class_of_nobody():
    assert "There are no submissions" in as_html("ps1", [])


def test_text_and_messages():
    assert text("a\x00<b>\x1b[1m&") == "a&lt;b&gt;&amp;"
    assert without_type("AssertionError: no") == "no" and without_type("ValueError: no") == "ValueError: no"
