"""What a student wrote is found in the new version of a notebook, or the report says that it is not."""

import copy

import nbformat
import pytest

from helpers.course.carry import carry, merged
from tests.helpers import course_copy as copies


def made(cells):
    notebook = nbformat.v4.new_notebook(cells=cells)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"course-{number}"
    return copy.deepcopy(dict(notebook))


def exercise(version):
    return made(copies.exercise(version))


def cell(notebook, name):
    found = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == name]
    assert len(found) == 1, name
    return found[0]


def sources(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"]]


@pytest.fixture
def versions():
    """What the student began with, the student's own, and the new version."""
    base = exercise("0.1.0")
    return base, copy.deepcopy(base), exercise("0.2.0")


def result(versions, base_is_known=True):
    base, mine, new = versions
    before = copy.deepcopy(versions)
    notebook, report = carry(base if base_is_known else None, mine, new)
    assert list(before) == list(versions), "nothing that was given is changed"
    nbformat.validate(nbformat.from_dict({**notebook, "nbformat": 4, "nbformat_minor": 5}))
    for name in ("distance_check", "vote_check", "k_check", "newest_check"):
        assert cell(notebook, name)["source"] == cell(new, name)["source"]
    return notebook, report


def test_an_untouched_notebook_becomes_the_new_one(versions):
    notebook, report = result(versions)
    assert notebook["cells"] == versions[2]["cells"] and report.own == 0 and not report.carried and not report.gone


def test_answers_are_found_by_their_grade_id(versions):
    mine = versions[1]
    cell(mine, "vote")["source"] = copies.answered("vote")
    cell(mine, "why")["source"] = "Because."
    notebook, report = result(versions)
    assert cell(notebook, "vote")["source"] == copies.answered("vote") and cell(notebook, "why")["source"] == "Because."
    assert report.carried == ["vote", "why"] and report.changed == ["vote"], "its text has changed"
    assert "raise NotImplementedError" in cell(notebook, "distance")["source"], "what was not answered is as the course has it"


def test_an_answer_below_a_corrected_docstring_is_carried_with_the_correction(versions):
    cell(versions[1], "distance")["source"] = copies.answered("distance")
    notebook, report = result(versions)
    assert (
        "The distance, corrected." in cell(notebook, "distance")["source"]
        and "return a + 1" in cell(notebook, "distance")["source"]
    )
    assert report.carried == report.changed == ["distance"]


def test_an_answer_whose_cell_has_changed_stands_above_it_as_text(versions):
    cell(versions[1], "k")["source"] = "k = 7"
    notebook, report = result(versions)
    assert cell(notebook, "k")["source"] == cell(versions[2], "k")["source"] and report.beside == ["k"] and not report.carried
    above = notebook["cells"][[one["metadata"].get("nbgrader", {}).get("grade_id") for one in notebook["cells"]].index("k") - 1]
    assert above["cell_type"] == "markdown" and "```python\nk = 7\n```" in above["source"]


def test_an_answer_to_a_question_that_is_gone_is_named(versions):
    cell(versions[1], "old")["source"] = copies.answered("old")
    notebook, report = result(versions)
    assert report.gone == ["old"] and not report.own and copies.answered("old") not in sources(notebook)


@pytest.mark.parametrize("base_is_known", [True, False])
def test_own_cells_stay_near_their_place(versions, base_is_known):
    mine = versions[1]
    where = mine["cells"].index(cell(mine, "vote_check"))
    own = [copies.code("my = 1"), copies.text("My note.")]
    own[0].outputs, own[0].execution_count = [nbformat.v4.new_output("stream", text="1")], 3
    mine["cells"][where + 1 : where + 1] = copy.deepcopy(own)
    mine["cells"][0:0] = [copies.text("At the top.")]
    mine["cells"] += [copies.text("At the end."), copies.code("")]
    notebook, report = result(versions, base_is_known)
    said = sources(notebook)
    assert said[0] == "At the top." and said[-1] == "At the end."
    assert said[said.index("assert vote(1)") + 1 :][:2] == ["my = 1", "My note."]
    added = notebook["cells"][said.index("my = 1")]
    assert added["outputs"] == [] and added["execution_count"] is None
    if base_is_known:
        assert report.own == 4, "an empty cell is not worth carrying"


def test_a_note_in_the_courses_own_text_is_kept_where_the_course_left_it(versions):
    base, mine, new = versions
    mine["cells"][sources(mine).index("That is all.")]["source"] = "That is all. And this is mine."
    notebook, report = result(versions)
    assert sources(notebook)[-1] == "That is all. And this is mine." and not report.edits


def test_a_text_that_both_have_changed_stands_there_twice(versions):
    base, mine, new = versions
    mine["cells"][sources(mine).index("Now vote.")]["source"] = "Now vote. Mine."
    notebook, report = result(versions)
    said = sources(notebook)
    where = said.index("Now vote, please.")
    assert said[where + 1] == "**Your version of the cell above:**\n\nNow vote. Mine." and report.edits == ["Now vote. Mine."]


def test_a_note_in_a_text_that_is_gone_is_one_of_the_students_cells(versions):
    base, mine, new = versions
    mine["cells"][sources(mine).index("An old question.")]["source"] = "An old question. Mine."
    notebook, report = result(versions)
    said = sources(notebook)
    assert report.own == 1 and said[said.index("assert vote(1)") + 1] == "An old question. Mine."


def test_a_changed_check_is_the_courses(versions):
    cell(versions[1], "vote_check")["source"] = "pass"
    notebook, report = result(versions)
    assert "pass" not in sources(notebook) and not report.edits and not report.own


def test_a_copied_graded_cell_is_a_cell_of_the_students(versions):
    mine = versions[1]
    cell(mine, "vote")["source"] = copies.answered("vote")
    again = copy.deepcopy(cell(mine, "vote"))
    again |= {"id": "another", "source": "tried = 1"}
    mine["cells"].append(again)
    notebook, report = result(versions)
    assert cell(notebook, "vote")["source"] == copies.answered("vote")
    assert report.own == 1 and "nbgrader" not in notebook["cells"][-1]["metadata"] and sources(notebook)[-1] == "tried = 1"


def test_an_answer_that_has_lost_its_metadata_is_still_an_answer(versions):
    answer = cell(versions[1], "vote")
    answer["source"] = copies.answered("vote")
    answer["metadata"] = {}
    notebook, report = result(versions)
    assert cell(notebook, "vote")["source"] == copies.answered("vote") and not report.own


@pytest.mark.parametrize("base_is_known", [True, False])
def test_a_notebook_that_came_back_from_colab_has_other_ids(versions, base_is_known):
    mine = versions[1]
    cell(mine, "vote")["source"] = copies.answered("vote")
    cell(mine, "old")["source"] = copies.answered("old")
    for number, one in enumerate(mine["cells"]):
        one["id"] = f"colab-{number}"
    notebook, report = result(versions, base_is_known)
    assert cell(notebook, "vote")["source"] == copies.answered("vote") and report.gone == ["old"]
    if base_is_known:
        assert report.own == 0
    else:
        assert copies.answered("old") not in sources(notebook)


def test_no_two_cells_have_one_id(versions):
    mine = versions[1]
    mine["cells"] += [copies.text("one") | {"id": "course-2"}, copies.text("two") | {"id": "course-2"}]
    notebook, _ = result(versions)
    ids = [one["id"] for one in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert {"one", "two"} <= set(sources(notebook))


@pytest.mark.parametrize(
    ("base", "mine", "new", "expected"),
    [
        ("a\nb\nc", "a\nb\nc\nd", "A\nb\nc", "A\nb\nc\nd"),
        ("a\nb\nc", "a\nc", "a\nb\nc\nd", "a\nc\nd"),
        ("a", "b", "b", "b"),
        ("a\nb", "", "a\nb", ""),
        ("a\nb\nc", "a\nx\nc", "a\ny\nc", None),
        ("", "mine", "new", None),
        ("a\n\nb\n\nc", "a\n\nB\n\nc", "a\n\nb\n\nC", "a\n\nB\n\nC"),
    ],
)
def test_three_versions_of_a_text_become_one(base, mine, new, expected):
    assert merged(base, mine, new) == merged(base, new, mine) == expected
