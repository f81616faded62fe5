"""The mutants themselves: a hole in the tests of a question is found until it is closed."""

import pytest
from gate import Cell
from mutants import engine


def kept(answer, *tests):
    """The names of the mutants that keep all points, and those of the others."""
    cells = [Cell("setup", "locked", 0, "import hashlib\nimport numpy as np"), Cell("answer", "solution", 0, answer)]
    cells += [Cell(f"test {number}", "test", 1, test) for number, test in enumerate(tests)]
    notebook = engine.Notebook(cells)
    notebook.advance(cells[0])
    verdicts = list(engine._mutants(notebook, cells[1], "", "everything"))
    return [{one.name for one in verdicts if (one.seen == engine.KEPT) == survives} for survives in (True, False)]


TOP = "def top(values, k=2):\n    return np.sort(values)[::-1][:k]"
HOLES = {  # an answer, a test with a hole, the mutant that shows it, and a test that closes it
    "a parameter that never changes": (
        TOP,
        "assert list(top([1, 2, 3])) == [3, 2]",
        "top: k is always 2",
        "assert list(top([1, 2], 1)) == [2]",
    ),
    "a part of a tuple that never changes": (
        "def total(sides):\n    return sides[0] + 2 * sides[1]",
        "assert total((3, 1)) == 5 and total((4, 1)) == 6",
        "total: sides[1] is always 1",
        "assert total((3, 2)) == 7",
    ),
    "an input that is changed": (
        "def doubled(values):\n    return 2 * values",
        "assert list(doubled(np.array([1, 2]))) == [2, 4]",
        "doubled: changes its input values",
        "given = np.array([1, 2])\ndoubled(given)\nassert list(given) == [1, 2]",
    ),
    "a limit that is never met": (
        "def enough(share):\n    return share >= 0.5",
        "assert enough(0.8) and not enough(0.2)",
        "comparison: share >= 0.5 -> share > 0.5",
        "assert enough(0.5)",
    ),
    "a rule without a test": (
        "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n    return abs(x) ** 0.5",
        "assert root(9) == 3",
        "branch: if x < 0 -> if False",
        "try:\n    root(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False",
    ),
    "grey images only": (
        "def light(images):\n    return images.mean(axis=(1, 2, 3))",
        "assert light(np.ones((2, 4, 4, 3))).tolist() == [1, 1]",
        "light: the first channel of images for all",
        "assert light(np.arange(12.0).reshape(1, 2, 2, 3)) == 5.5",
    ),
    "one row only": (
        "def scaled(rows):\n    return rows / rows.max(axis=1, keepdims=True)",
        "assert scaled(np.array([[1.0, 2], [2, 2]])).tolist() == [[0.5, 1], [1, 1]]",
        "without axis: rows.max(axis=1, keepdims=True) -> rows.max(keepdims=True)",
        "assert scaled(np.array([[1.0, 1], [2, 2]])).tolist() == [[1, 1], [1, 1]]",
    ),
    "a key of one process": (
        "def key(text):\n    return hashlib.sha256(text.encode()).hexdigest()",
        "assert key('a') == key('a') != key('b')",
        "key: another result in each process",
        "assert key('a').startswith('ca978112')",
    ),
    "mean and median alike": (
        "def middle(values):\n    return np.mean(values)",
        "assert middle([1, 2, 3]) == 2",
        "function: np.mean(values) -> np.median(values)",
        "assert middle([1, 2, 6]) == 3",
    ),
    "hidden and visible alike": (
        "def half(n):\n    return n // 2",
        "assert half(4) == 2\n### BEGIN HIDDEN TESTS\nassert half(8) == 4\n### END HIDDEN TESTS",
        "operator: n // 2 -> -(-n // 2)",
        "assert half(5) == 2",
    ),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_in_the_tests_is_found_until_it_is_closed(hole):
    answer, test, mutant, closing = HOLES[hole]
    survivors, _ = kept(answer, test)
    assert mutant in survivors, survivors
    survivors, killed = kept(answer, test, closing)
    assert mutant in killed, survivors


def test_only_what_a_student_writes_is_changed():
    given = "def f(x):\n    y = x + 1\n    ### BEGIN SOLUTION\n    return y * 3\n    ### END SOLUTION"
    names = [mutant for group in kept(given, "assert f(1) == 6 and f(2) == 9") for mutant in group]
    assert "constant: y * 3 -> y * 4" in names and not any("x + 1" in name for name in names)


def test_an_answer_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.2)
    notebook = engine.Notebook([])
    [failure] = notebook.attempt(Cell("answer", "solution", 0, ""), "while True: pass", [], limit=0.2)
    assert "much longer" in failure.message


def test_what_an_answer_leaves_behind_is_noticed():
    cells = [
        Cell("setup", "locked", 0, "table = {}"),
        Cell("answer", "solution", 0, "def f():\n    if not table:\n        pass\n    return len(table)"),
        Cell("test", "test", 1, "assert f() == 0\ntable[1] = 1"),
    ]
    notebook = engine.Notebook(cells)
    notebook.advance(cells[0])
    with pytest.raises(AssertionError, match="the reference solution of answer"):
        list(engine._mutants(notebook, cells[1], "", "everything"))
