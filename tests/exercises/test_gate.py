"""The gate of every exercise: no exercise is released that does not pass.

For every ``solutions/weekNN_topic/*.py`` the reference solution gets all points, the untouched release none, and each
wrong answer of ``tests/exercises/weekNN_topic/wrong_answers.py`` loses the points that it should, with a message that
helps. nbgrader itself has the last word in ``test_nbgrader.py``; wrong answers that nobody had to think of are in
``test_mutants.py``.
"""

import json
import os
import re

from gate import (
    HIDDEN,
    SOLUTION,
    SOURCES,
    answers_to_run,
    names,
    right_answers,
    with_answer,
    wrong_answers,
    wrong_answers_module,
)
from mutants import engine

from pipeline.exercises import instructor_notebook, released_notebook

NOT_WRITTEN = re.compile(r"NotWritten: not written yet: [\w.]+")  # and which function
ANCHOR = re.compile(r"^\| ([\d.]+) \|", flags=re.MULTILINE)
LEAST_POINTS, MOST_POINTS = 10, 20
LEAST_WRONG_ANSWERS, LEAST_RIGHT_ANSWERS = 5, 3
MOST_SEEN_BY_HIDDEN_TESTS_ONLY = 0.05  # of the wrong answers
MOST_WITHOUT_A_REASON = 0.15  # of what is said first to a wrong answer: bare exceptions and fallbacks
NOT_COUNTED_YET = {"week07_transfer": 0.37}  # the share of all weeks before the questions were written anew


def test_there_is_an_exercise():
    assert SOURCES, "no exercise found in solutions/"


def test_points(source, instructor):
    graded = [own for cell in instructor_notebook(source).cells if (own := cell.metadata.get("nbgrader", {})).get("grade")]
    assert LEAST_POINTS <= sum(own["points"] for own in graded) <= MOST_POINTS
    assert all(cell.points > 0 for cell in instructor(source) if cell.role == "test"), "a test cell without points"


def test_metadata(source):
    seen = set()
    for cell in instructor_notebook(source).cells:
        own = cell.metadata.get("nbgrader")
        if own is None:
            assert "### BEGIN" not in cell.source, "a solution or hidden test outside of nbgrader's cells"
            continue
        name = own["grade_id"]
        assert name not in seen, f"the grade_id {name} stands twice"
        seen.add(name)
        assert own["schema_version"] == 3, name
        assert own["locked"] is not own["solution"], f"{name}: lock what students must not change, and nothing else"
        if own["solution"]:
            assert len(SOLUTION.findall(cell.source)) == 1, f"{name}: exactly one solution region"


def test_reference_gets_all_points(source, instructor, executor):
    # Without the cells that are free to change, which draw and train: nbgrader runs all of them in its own test.
    for outcome in executor.run(instructor(source), free=False):
        assert not outcome.error, f"{outcome.name}: {outcome.error}"
        assert "Traceback" not in outcome.stderr, f"{outcome.name}: {outcome.stderr}"
        if outcome.role == "test":
            assert not outcome.stderr, f"{outcome.name} writes to stderr, which students would see: {outcome.stderr}"
            assert not outcome.value, f"{outcome.name} ends in a value, which nbgrader may take for partial credit"


def test_tests_need_plain_data_only(source, instructor, executor):
    # A grader that keeps students' code out of its own process can pass nothing else across.
    for outcome in executor.run(instructor(source), apart=True):
        assert not outcome.error, f"{outcome.name}: {outcome.error}"


def test_an_answer_in_words_has_a_rubric_with_an_anchor_for_every_number_of_points(source):
    for cell in instructor_notebook(source).cells:
        own = cell.metadata.get("nbgrader", {})
        if own.get("solution") and own.get("grade"):
            name, [answer] = own["grade_id"], SOLUTION.findall(cell.source)
            model, _, rubric = answer.partition("**Rubric**\n")
            assert len(model.split()) > 20, f"{name}: a model answer comes before the rubric"
            assert "| points | the answer |" in rubric, name
            anchors = [float(points) for points in ANCHOR.findall(rubric)]
            assert sorted(anchors) == list(range(int(own["points"]) + 1)), f"{name}: anchors {anchors}, points {own['points']}"


def test_release_scores_nothing_and_says_why(source, instructor, released, executor):
    # As a grader runs it: with the hidden tests, which it puts back.
    given = {cell.name: cell.source for cell in released(source) if cell.role != "test"}
    for outcome in executor.run([cell._replace(source=given.get(cell.name, cell.source)) for cell in instructor(source)]):
        if outcome.role == "test":
            assert NOT_WRITTEN.fullmatch(outcome.error), f"{outcome.name}: {outcome.error or 'passes'}"
        elif outcome.role == "free" and outcome.error:
            assert NOT_WRITTEN.fullmatch(outcome.error), f"{outcome.name}: {outcome.error}"
        else:
            assert not outcome.error, f"{outcome.name}: {outcome.error}"


def test_release_gives_nothing_away(source):
    text = json.dumps(released_notebook(source), ensure_ascii=False)
    visible = ""
    secret = set()
    for cell in instructor_notebook(source).cells:
        visible += HIDDEN.sub("", SOLUTION.sub("", cell.source)) + "\n"
        for region in SOLUTION.findall(cell.source) + HIDDEN.findall(cell.source):
            secret.update(line.strip() for line in region.splitlines())
    assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text
    for line in secret:
        if len(line) > 15 and line not in visible:  # a line that students see anyway is no secret
            assert json.dumps(line, ensure_ascii=False)[1:-1] not in text, f"in the released notebook: {line}"


def test_every_test_can_fail_and_every_question_has_wrong_answers(source, instructor):
    wrong = wrong_answers(source)
    cells = instructor(source)
    for cell in cells:
        if cell.role == "solution":
            assert len(wrong.get(cell.name, {})) >= LEAST_WRONG_ANSWERS, f"too few wrong answers to {cell.name}"
    lost = {name for mistakes in answers_to_run(source)[0].values() for _, losing, _ in mistakes.values() for name in losing}
    graded = {cell.name for cell in cells if cell.role == "test"}
    assert lost == graded, f"never lost: {sorted(graded - lost)}; not graded cells: {sorted(lost - graded)}"


def test_of_a_slow_question_a_wrong_answer_runs_for_each_set_of_tests(source):
    run = answers_to_run(source)[0]
    for question, mistakes in wrong_answers(source).items():
        assert {tuple(sorted(losing)) for _, losing, _ in mistakes.values()} == {
            tuple(sorted(losing)) for _, losing, _ in run[question].values()
        }, question


def test_no_cell_needs_what_a_test_defines(source, instructor):
    # So a wrong answer is judged without the tests of other questions, and a student may leave a test out.
    cells = [(cell, *names(cell.source)) for cell in instructor(source) if cell.role != "free"]
    for place, (test, bound, _) in enumerate(cells):
        if test.role == "test":
            for later, (cell, _, taken) in enumerate(cells):
                if cell.role != "test" or later > place:
                    assert not bound & taken, f"{cell.name} uses {sorted(bound & taken)}, which {test.name} defines"


def test_wrong_answer(source, question, mistake, judged):
    _, losing, advice = wrong_answers(source)[question][mistake]
    verdict = judged(source)[0][question, mistake]
    assert not verdict.message(question), f"the wrong answer itself does not run: {verdict.message(question)}"
    for name in losing:
        assert verdict.message(name), f"{name} does not notice"
    messages = "\n".join(verdict.message(name) for name in losing)
    assert advice in messages, f"nobody reads {advice!r}, but:\n{messages}"


def test_visible_checks_see_most_mistakes(source, judged):
    verdicts = judged(source)[0].values()
    hidden = [f"{verdict.question}: {verdict.name}" for verdict in verdicts if verdict.seen == engine.HIDDEN_ONLY]
    share = len(hidden) / len(verdicts)
    print(f"{source.parent.name}: {share:.1%} of {len(verdicts)} wrong answers are seen by hidden tests only")
    assert share <= MOST_SEEN_BY_HIDDEN_TESTS_ONLY, f"{share:.1%} of the wrong answers see only green checks:\n" + "\n".join(
        hidden
    )


def test_most_first_messages_give_a_reason(source, judged):
    first = [verdict.failures[0].message for verdict in judged(source)[0].values() if verdict.failures]
    others = [message for message in first if engine.kind(message) != engine.DIAGNOSES]
    share = len(others) / len(first)
    print(f"{source.parent.name}: {share:.1%} of {len(first)} first messages are bare exceptions or fallbacks")
    assert share <= NOT_COUNTED_YET.get(source.parent.name, MOST_WITHOUT_A_REASON), (
        f"{share:.1%} of the first messages give no reason:\n" + "\n".join(others)
    )


def test_every_question_has_right_answers_in_other_styles(source, instructor):
    right = wrong_answers_module(source).RIGHT
    for cell in instructor(source):
        if cell.role == "solution":
            assert len(right.get(cell.name, {})) >= LEAST_RIGHT_ANSWERS, f"too few right answers to {cell.name}"


def test_right_answer_in_another_style_keeps_its_points(source, judged):
    for (question, style), verdict in judged(source)[1].items():
        assert not verdict.failures, f"{question}, {style}: {verdict.failures}"


def test_right_answers_in_other_styles_need_plain_data_only(source, instructor, executor):
    # With networks a whole notebook takes long: there the first style of each question, and at night all of them.
    slow = "import keras" in source.read_text(encoding="utf-8") and os.environ.get("COURSE_MUTANTS") != "all"
    for answers in right_answers(source)[: 1 if slow else None]:
        cells = instructor(source)
        for question, answer in answers.items():
            cells = with_answer(cells, question, answer)
        for outcome in executor.run(cells, apart=True):
            assert not outcome.error, f"{outcome.name}: {outcome.error}"
