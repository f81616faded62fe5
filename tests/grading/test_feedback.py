"""The feedback page: says what failed and why, shows no hidden test, and runs nothing that a student wrote."""

import subprocess
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from grading.batch.autograded import write_autograded
from grading.batch.notebook import ungradable
from grading.batch.records import Records, summary
from grading.model import Outcome, QuestionScore
from grading.nbgrader.cells import grade_id, visible_hints
from grading.nbgrader.course import CourseError
from grading.nbgrader.gradebook import GradebookWriter
from grading.reports import feedback
from grading.submissions.take_in import take_in
from tests import needs

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ATTACKS = """<script>document.title = "HACKED"</script>
<img src=x onerror="document.title='HACKED'">
<svg onload="document.title='HACKED'"><script>document.title='HACKED'</script></svg>
<a href="javascript:document.title='HACKED'" onclick="document.title='HACKED'">click</a>
<iframe srcdoc="<script>parent.document.title='HACKED'</script>"></iframe>
<style>body { display: none }</style><meta http-equiv="refresh" content="0;url=https://example.com">
<form action="https://example.com"><input name=x></form>
<math><mtext><style><img src=x onerror=document.title='HACKED'></style></math>
[link](javascript:document.title='HACKED') ![pic](https://example.com/x.png "t") <body onload=document.title='HACKED'>
<details open ontoggle="document.title='HACKED'">x</details> <div style="background:url(https://example.com/y.png)">z</div>
"""


def grade(small, student, scores, reasons=(), status="ok", outputs=()):
    """Write what the grader would, without running anything."""
    intake = take_in(small.assignment, student)
    instructor = {grade_id(cell): cell for cell in small.assignment.instructor_notebook("ps1").cells}
    if intake.problem:
        found = ungradable(small.assignment, intake)
    else:
        for cell in intake.notebook.cells:
            name = grade_id(cell)
            if name:
                cell.metadata.nbgrader = instructor[name].metadata.nbgrader
            if name in ("setup", "double_test", "triple_test"):
                cell.source = instructor[name].source
        found = Outcome(intake.student, status, scores, intake.notebook, list(reasons), 1.0, "ps1")
    for cell in found.notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
    with GradebookWriter(small.assignment) as writer:
        writer.write(intake.student, [found])
    write_autograded(small.assignment, student, [found])
    Records(small.assignment).write(summary(intake.student, [found]))


def page(small, student="ada"):
    pages, missing = feedback.write_feedback(small.assignment, [student])
    assert missing == []
    assert pages == [small.root / "feedback" / student / "ps1" / "ps1.html"]
    return pages[0].read_text(encoding="utf-8")


class Tags(HTMLParser):
    """The tags of a page as a browser would see them."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


FULL = [QuestionScore("double_test", 2, 2.0), QuestionScore("triple_test", 3, 3.0)]


def test_full_points(small):
    small.hand_in("ada")
    grade(small, "ada", FULL)
    html = page(small)
    assert "5 of 9" in html and html.count(">passed<") == 2
    assert "Not graded by a person yet: why" in html


def test_hidden_tests_are_masked_and_visible_ones_say_what_failed(small):
    small.hand_in("ada")
    grade(
        small,
        "ada",
        [
            QuestionScore("double_test", 2, 0.0, "AssertionError: SECRET fourteen", True),
            QuestionScore("triple_test", 3, 0.0, "AssertionError: three times two is six", False),
        ],
        outputs=[
            new_output("stream", name="stdout", text="SECRET printed by a hidden test"),
            new_output("error", ename="HiddenTest", evalue="SECRET", traceback=["SECRET"]),
        ],
    )
    html = page(small)
    tests = [part for part in html.split('<section class="cell">') if "double_test" in part or "triple_test" in part]
    assert not any("SECRET" in part for part in tests[1:]), "neither the hidden tests nor what they print or say"
    assert "HIDDEN" not in html and "three times two is six" in html and "not a hidden check" in html


def test_a_hint_that_students_have_seen_may_be_told():
    hint = "Is a square root missing?"
    released = f"check(f(1), hint={hint!r}, name='short')"
    message = f"CheckFailed: f(SECRET) is 9. {hint} got SECRET"
    assert visible_hints(message, released, [hint, "name"]) == [hint]
    assert visible_hints(message, released, []) == [], "the student's function may have put it there"
    failed = {"score": 0, "points": 1, "message": message, "hidden": True, "hint": hint}
    told = feedback.student_message(failed)
    assert f"Hint: {hint}" in told and "SECRET" not in told
    assert "Hint" not in feedback.student_message(failed | {"hint": None})
    empty = {"score": 0, "points": 1, "message": "NotImplementedError: ", "hidden": True}
    assert feedback.student_message(empty) == "There is no answer yet."
    assert feedback.student_message({"score": 1, "points": 1, "message": "x", "hidden": False}) == ""


def test_partial_credit_of_a_hidden_test_tells_the_points_and_not_the_digits():
    partly = {"score": 2.123456789, "points": 4, "message": "partial credit: 2.123456789 of 4", "hidden": True}
    assert feedback.student_message(partly) == "Partial credit: 2.12346 of 4."


def hostile(small):
    notebook = small.solved(why=ATTACKS)
    notebook.cells += [
        new_markdown_cell(ATTACKS),
        new_markdown_cell("so ![pic](https://example.com/x.png) [l](javascript:alert(1))"),
    ]
    notebook.cells.append(new_code_cell("'''" + ATTACKS + "'''"))
    picture = new_markdown_cell("![mine](attachment:a.png)")
    picture.attachments = {"a.png": {"image/png": PNG}}
    notebook.cells.append(picture)
    small.hand_in("ada", nbformat.writes(notebook))
    scores = [QuestionScore("double_test", 2, 0.0, ATTACKS), QuestionScore("triple_test", 3, 3.0)]
    grade(
        small,
        "ada",
        scores,
        reasons=[ATTACKS],
        outputs=[
            {"output_type": "stream", "name": "stdout", "text": ATTACKS},
            {"output_type": "error", "ename": ATTACKS, "evalue": ATTACKS, "traceback": [ATTACKS, "\x1b[31mred"]},
            {"output_type": "display_data", "data": {"text/html": ATTACKS, "text/plain": ATTACKS}, "metadata": {}},
            {
                "output_type": "display_data",
                "data": {"image/svg+xml": ATTACKS, "application/javascript": ATTACKS},
                "metadata": {},
            },
            {"output_type": "display_data", "data": {"image/png": '"><script>document.title="HACKED"</script>'}, "metadata": {}},
            {
                "output_type": "display_data",
                "data": {"image/png": PNG},
                "metadata": {"image/png": {"alt": '"><script>x</script>'}},
            },
        ],
    )
    with GradebookWriter(small.assignment) as writer:
        writer._book.find_comment("why", "ps1", "ps1", "ada").manual_comment = ATTACKS
        writer._book.db.commit()
    return page(small)


def test_nothing_of_a_students_can_run_or_fetch(small):
    html = hostile(small)
    tags = Tags(html).tags
    names = {tag for tag, _ in tags}
    assert not names & {"script", "iframe", "svg", "object", "embed", "form", "input", "base", "link", "math", "video", "audio"}
    assert len([1 for tag, _ in tags if tag == "style"]) == 1
    assert [attributes.get("http-equiv") for tag, attributes in tags if tag == "meta"] == [None, "Content-Security-Policy", None]
    assert not [
        name
        for _, attributes in tags
        for name in attributes
        if name.startswith("on") or name in ("srcset", "srcdoc", "background")
    ]
    assert all(attributes["href"].startswith("#") for tag, attributes in tags if tag == "a" and "href" in attributes)
    sources = [attributes["src"] for _, attributes in tags if "src" in attributes]
    assert sources and all(source.startswith("data:image/png;base64,") for source in sources)
    assert "picture not shown: pic" in html


@pytest.mark.needs("browser")
def test_a_browser_agrees(small, tmp_path):
    hostile(small)
    path = small.root / "feedback" / "ada" / "ps1" / "ps1.html"
    done = subprocess.run(
        [
            needs.chromium(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=2000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "<title>ps1: feedback</title>" in done.stdout and "Your notebook" in done.stdout


def test_nothing_to_grade(small):
    small.hand_in("eve", b"")
    grade(small, "eve", [])
    html = page(small, "eve")
    assert "it is empty" in html and "0 of 9" in html and "Your notebook" not in html


def test_those_without_a_result_are_named(small):
    small.hand_in("ada")
    assert feedback.write_feedback(small.assignment)[1] == ["ada: not graded yet by `grade run ps1`"]
    with pytest.raises(CourseError, match="nobody"):
        feedback.write_feedback(small.assignment, ["nobody"])


def test_deep_nesting_and_long_text_do_no_harm():
    assert feedback.render_markdown("[" * 5000) and feedback.render_markdown(">" * 5000)
    long = feedback.render_outputs([nbformat.from_dict({"output_type": "stream", "name": "stdout", "text": "x" * 10**6})])
    assert len(long) < 30_000 and "[...]" in long


def test_formulas_survive():
    html = feedback.render_markdown("so $a_1 * b_2 * c$ holds")
    assert 'class="math"' in html and "a_1 * b_2 * c" in html
