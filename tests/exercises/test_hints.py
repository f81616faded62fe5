"""What goes with an exercise while a student works: it fits the source, gives no answer away, and its examples run."""

import re

import numpy as np
import pytest
from gate import HIDDEN, SOLUTION

from pipeline import release
from pipeline.exercises import companion, companion_path, instructor_notebook
from pipeline.notebooks import SourceError, read_source
from pipeline.questions import is_hints, questions

CODE = re.compile(r"^```python\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def words(text):
    return " ".join(text.split())


def hints(source):
    return [(question["grade_id"], hint) for question in questions(read_source(source)) for hint in question["hints"]]


def test_it_is_what_the_source_makes(source):
    assert companion_path(source).read_text(encoding="utf-8") == companion(source), "run `doit notebooks`"


def test_every_answer_has_hints_the_last_of_which_is_an_example(source):
    for question in questions(read_source(source)):
        if question["by_hand"]:
            continue  # an answer in words: an example would give it away
        first, *_, last = question["hints"]
        assert not CODE.search(first), f"{question['grade_id']}: the first hint asks, it shows no code"
        assert len(CODE.findall(last)) == 1, f"{question['grade_id']}: the last hint solves a neighbouring problem in one block"


def test_examples_run(source, capsys):
    for grade_id, hint in hints(source):
        for code in CODE.findall(hint):
            exec(compile(code, f"<hint to {grade_id}>", "exec"), {"__name__": "hint", "np": np})
            assert capsys.readouterr().out, f"{grade_id}: the example shows nothing"


def test_no_hint_gives_an_answer_away(source):
    secrets = release.answers()
    # Beyond neighbouring lines: any longer line of a solution or hidden test as a whole line of an example.
    lines = {
        words(line)
        for cell in instructor_notebook(source).cells
        for region in SOLUTION.findall(cell.source) + HIDDEN.findall(cell.source)
        for line in region.splitlines()[1:-1]
    }
    for grade_id, hint in hints(source):
        assert not [piece for piece in secrets if piece in words(hint)], grade_id
        shown = {words(line) for code in CODE.findall(hint) for line in code.splitlines()}
        assert not {line for line in shown & lines if len(line) > 20 and not line.startswith("def ")}, grade_id


def test_nothing_hidden_goes_with_it(source):
    text = release.TEXT_OF[".json"](companion(source))
    assert "HIDDEN TESTS" not in text
    assert not [piece for piece in release.answers() if piece in words(text)]


def test_hints_are_in_neither_notebook(source):
    texts = [cell.source for cell in read_source(source).cells if is_hints(cell)]
    assert texts
    assert not [cell for cell in instructor_notebook(source).cells if is_hints(cell) or cell.source in texts]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda cells: cells[0].update(source=cells[0].source.replace("| 4 |", "| 3 |", 1)), "the table above 3"),
        (lambda cells: cells[1].update(source="## Question 1 (1 point): t"), "the text states 1 points"),
        (lambda cells: cells[4].metadata.nbgrader.update(points=3), "and its tests give 5.5"),
        (lambda cells: cells[6].metadata.nbgrader.update(points=1.5), "and its tests give 3.5"),
        (lambda cells: cells.pop(3), "two or three hints are needed, found 0"),
        (lambda cells: cells[3].update(source="one hint only"), "two or three hints are needed, found 1"),
        (lambda cells: cells.insert(2, cells.pop(3)), "directly behind an answer"),
        (lambda cells: cells[1].update(source="no heading"), "but not both: 1"),
    ],
)
def test_a_source_that_contradicts_itself_is_refused(change, problem, tmp_path):
    path = tmp_path / "small.py"
    path.write_text(SMALL, encoding="utf-8")
    notebook = read_source(path)
    assert [(question["points"], question["by_hand"]) for question in questions(notebook)] == [(2, False), (2, True)]
    change(notebook.cells)
    with pytest.raises(SourceError, match=problem):
        questions(notebook)


SMALL = """# %% [markdown]
# # Small
# | 1 | what | 4 |

# %% [markdown]
# ## Question 1 (4 points): twice

# %% nbgrader={"grade": false, "grade_id": "twice", "solution": true}
def twice(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% [markdown] tags=["hints"]
# one
#
# ---
#
# two

# %% nbgrader={"grade": true, "grade_id": "twice_test", "points": 1.5, "solution": false}
assert twice(1) == 2

# %% nbgrader={"grade": true, "grade_id": "twice_hidden_test", "points": 0.5, "solution": false}
assert twice(2) == 4

# %% [markdown] nbgrader={"grade": true, "grade_id": "twice_judge", "points": 2, "solution": true}
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION
"""
