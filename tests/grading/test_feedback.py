"""The feedback page: says what failed and why, shows no hidden test, and runs nothing that a student wrote."""

import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from playwright.sync_api import sync_playwright

from grading.batch.autograded import write_autograded
from grading.batch.notebook import ungradable
from grading.batch.records import Records, summary
from grading.cli import main
from grading.model import Cause, Outcome, QuestionScore
from grading.nbgrader.cells import grade_id, visible_hints
from grading.nbgrader.course import CourseError
from grading.nbgrader.gradebook import GradebookWriter
from grading.nbgrader.roster import course_roster
from grading.reports import feedback
from grading.reports.formulae import formula
from grading.reports.render import render_markdown, render_outputs
from grading.reports.titles import titles
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
    written = feedback.write_feedback(small.assignment, [student])
    assert written.missing == []
    assert written.pages == [small.root / "feedback" / student / "ps1" / "ps1.html"]
    return written.pages[0].read_text(encoding="utf-8")


class Tags(HTMLParser):
    """The tags of a page as a browser would see them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self._words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self._words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self._words).split())


FULL = [QuestionScore("double_test", 2, 2.0), QuestionScore("triple_test", 3, 3.0)]


def test_full_points(small):
    small.hand_in("ada")
    grade(small, "ada", FULL)
    html = page(small)
    tags = Tags(html)
    assert "5 of 9 points so far 4 points wait for a person" in tags.text and "Not graded by a person yet: why" in tags.text
    assert "Where points were lost" not in tags.text and "Passed: 2 questions, 5 points" in tags.text
    assert "why worth 4 Your answer: waits for a person" in tags.text and 'class="bad"' not in html, "what waits is not lost"
    assert re.search(r'<details class="passed"><summary>', html), "what is passed is folded"


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
    assert feedback.write_feedback(small.assignment).missing == ["ada: not graded yet by `grade run ps1`"]
    with pytest.raises(CourseError, match="nobody"):
        feedback.write_feedback(small.assignment, ["nobody"])


def test_deep_nesting_and_long_text_do_no_harm():
    assert render_markdown("[" * 5000) and render_markdown(">" * 5000)
    long = render_outputs([nbformat.from_dict({"output_type": "stream", "name": "stdout", "text": "x" * 10**6})])
    assert len(long) < 30_000 and "left out here ...]" in long


# --- formulae ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    ["so $a_1 * b_2 * c$ holds", "$$a_1 * b_2 * c$$", "\\begin{align}a_1 * b_2 &* c\\end{align}", r"\\(a_1 * b_2 * c\\)"],
)
def test_formulae_are_typeset(source):
    html = render_markdown(source)
    assert html.count("<math ") == 1 and "<msub><mi>a</mi><mn>1</mn></msub>" in html and "<em>" not in html and "$" not in html


def test_what_is_no_formula_is_shown_as_it_was_written():
    assert render_markdown(r"a $\frac{$ b").strip() == r'<p>a <code class="tex">\frac{</code> b</p>'
    assert "<math" not in formula("x" * 3000)
    assert "<math" not in render_markdown("$x$ " * 1000), "a thousand formulae take too long"


@pytest.mark.parametrize(
    "tex",
    [
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{&lt;script&gt;alert(1)&lt;/script&gt;}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{position:fixed}{x}",
        r"\class{warn}{x}",
        r"\color{red;position:fixed}{x}",
        r"\hspace{-50em} x",
        r"\unknown<script>alert(1)</script>",
    ],
)
def test_a_formula_does_nothing_but_stand_there(tex):
    tags = Tags(render_markdown(f"${tex}$")).tags
    assert {tag for tag, _ in tags} <= {"p", "math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mstyle", "code"}
    assert {name for _, attributes in tags for name in attributes} <= {"display", "class", "stretchy"}
    assert all(attributes.get("class") in (None, "tex") for _, attributes in tags)


def test_no_formula_gets_into_an_attribute():
    for source in (
        '![so $x^2$](attachment:a.png "t $x$")',
        f'<div><img alt="\n\n$$x$$\n\n" src="data:image/png;base64,{PNG}"></div>',
        '<b title="$x$">so</b>',
    ):
        html = render_markdown(source, {"a.png": {"image/png": PNG}})
        assert all("<math" not in (value or "") for _, attributes in Tags(html).tags for value in attributes.values()), html
        assert not re.search(r'="[^"]*<math', html) and not re.search("[0-9a-f]{16}", html)
    assert 'alt="so x^2"' in render_markdown("![so $x^2$](attachment:a.png)", {"a.png": {"image/png": PNG}})


# --- titles ------------------------------------------------------------------------------------------------------------


def graded(name, source="assert f(1)", **more):
    own = {"grade": True, "grade_id": name, "locked": True, "points": 1, "schema_version": 3, "solution": False, "task": False}
    cell = new_markdown_cell(source) if more.get("solution") else new_code_cell(source)
    cell.metadata.nbgrader = own | more
    return cell


def test_questions_are_called_by_the_heading_above_them():
    notebook = nbformat.v4.new_notebook(
        cells=[
            new_markdown_cell("# Exercise 1: all of it"),
            graded("start_test"),
            new_markdown_cell("## Question 1 (2 points): a *fast* `norm` of $x$?"),
            graded("norm_test"),
            graded("norm_hidden_test", "# Further checks run here after you have handed in."),
            new_markdown_cell("## Question 2\n```\n# no heading\n```"),
            graded("mean_test"),
            new_markdown_cell("### Hints"),
            graded("var_test"),
            graded("judge", "Which one?", solution=True),
            new_markdown_cell("**Question 3 (1 point).** Why?"),
            graded("cell-0123456789abcdef"),
        ]
    )
    assert {key: str(title) for key, title in titles(notebook).items()} == {
        "start_test": "start",
        "norm_test": "Question 1: a fast norm of x?",
        "norm_hidden_test": "Question 1: a fast norm of x? – further checks",
        "mean_test": "Question 2 – mean",
        "var_test": "Question 2 – var",
        "judge": "Question 2 – your answer",
        "cell-0123456789abcdef": "Question 3",
    }


# --- what waits, what was lost, what is folded ------------------------------------------------------------------------


def test_what_was_lost_comes_first_and_what_is_passed_is_folded(small):
    notebook = small.source()
    for key, text in (
        ("double", "## Question 1: twice"),
        ("triple", "## Question 2: three times"),
        ("why", "## Question 3: why"),
    ):
        place = next(place for place, cell in enumerate(notebook.cells) if grade_id(cell) == key)
        notebook.cells.insert(place, new_markdown_cell(text))
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    small.hand_in("ada")
    grade(small, "ada", [FULL[0], QuestionScore("triple_test", 3, 1.0, "CheckFailed: almost")])
    html = page(small)
    text = Tags(html).text
    places = [
        text.index(one)
        for one in (
            "Where points were lost Question 2: three times 1 of 3",
            "Waiting for a person Question 3: why worth 4 Your answer: waits for a person",
            "Passed: 1 question, 2 points Question 1: twice",
            "Your notebook",
        )
    ]
    assert places == sorted(places)
    assert "almost" in text[places[0] : places[1]] and "see the cell" in text[places[0] : places[1]]
    folded = re.findall(r'<details class="folded"><summary>(.*?)</summary>', html)
    assert [Tags(one).text for one in folded] == ["Beginning", "Question 1: twice passed"]
    anchors = {attributes["href"] for tag, attributes in Tags(html).tags if tag == "a"}
    assert anchors and all(f'id="{anchor[1:]}"' in html for anchor in anchors)


def test_within_a_question_what_was_lost_comes_first(small):
    notebook = small.source()
    notebook.cells.insert(1, new_markdown_cell("## Question 1: numbers"))
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    small.hand_in("ada")
    grade(small, "ada", [FULL[0], QuestionScore("triple_test", 3, 0.0, "CheckFailed: no")])
    text = Tags(page(small)).text
    assert "Question 1: numbers 2 of 9 so far" in text
    assert text.index("Triple: not passed") < text.index("Double: passed") < text.index("Your notebook")


CAUSE = Cause("asks for keyboard input", 4, "The answer cell triple stopped <here>.", "Write the value into the code.")


def test_a_cause_is_told_once_with_what_to_do(small):
    small.hand_in("ada")
    lost = QuestionScore("triple_test", 3, 0.0, "NameError: name 'triple' is not defined", cause=CAUSE)
    grade(small, "ada", [FULL[0], lost])
    text = Tags(page(small)).text
    assert "Why: The answer cell triple stopped <here>. See the cell What to do: Write the value into the code." in text


def test_a_cause_that_only_a_hidden_test_tells_is_not_for_the_student(small):
    small.hand_in("ada")
    told = QuestionScore("double_test", 2, 0.0, "NameError: SECRET", True, cause=CAUSE)
    untold = QuestionScore("triple_test", 3, 0.0, "NameError: SECRET", True, cause=replace(CAUSE, what="SECRET", told=False))
    grade(small, "ada", [told, untold])
    html = page(small)
    assert "Write the value into the code." in html and "SECRET" not in html


def test_who_waits_and_who_is_left_out_is_said(small, capsys):
    (small.root / "roster.csv").write_text("id,first_name,last_name\nada,Ada,Byron\nben,Ben,King\neve,Eve,Best\n")
    for student in ("ada", "eve"):
        small.hand_in(student)
        grade(small, student, FULL)
    small.hand_in("new")
    with GradebookWriter(small.assignment) as writer:
        writer.enrol(course_roster(small.course).students)
        score = writer._book.find_grade("why", "ps1", "ps1", "eve")
        score.manual_score, score.needs_manual_grade = 3.5, False
        writer._book.db.commit()
    written = feedback.write_feedback(small.assignment)
    assert written.waiting == {"ada": ["why"]} and written.absent == ["ben (Ben King)"]
    assert main(["feedback", "ps1", "--course-dir", str(small.root)]) == 1
    said = capsys.readouterr()
    assert "2 pages written" in said.out and "1 student waits for a person, and the page says so: ada (why)." in said.out
    assert "nothing was handed in: 1: ben (Ben King)" in said.out and "No feedback: new: not graded yet" in said.err
    assert "Feedback for ada (Ada Byron)" in page(small)
    done = page(small, "eve")
    done = Tags(done.partition("<body>")[2]).text
    assert "so far" not in done and "waits" not in done and "8.5 of 9" in done


@pytest.mark.needs("browser")
def test_the_page_fits_a_phone_and_follows_the_readers_colours(small):
    hostile(small)
    path = small.root / "feedback" / "ada" / "ps1" / "ps1.html"
    grounds = {}
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=needs.chromium(), args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            tab = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 800})
            tab.goto(path.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") <= 390
            grounds[scheme] = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.close()
    assert grounds["light"] == "rgb(255, 255, 255)" and grounds["dark"] != grounds["light"]
