"""Every diagnosis of `helpers.checks`: the right answer passes, each mistake is named, nothing foreign crashes it."""

import numpy as np
import pytest

from helpers import checks

MATRIX = np.array([[1.5, 2.5, 4.5], [7.5, 11.5, 13.5]])
SQUARE = np.array([[1.0, 2.0, 5.0], [3.0, 4.0, 7.0], [6.0, 8.0, 9.0]])
LABELS = np.array([3, 1, 4, 1, 5, 9, 2, 6])


def complaint(got, expected, hints=None, **tolerances):
    """The message of a failing check."""
    with pytest.raises(AssertionError) as caught:
        checks.array(got, expected, "answer", hints, **tolerances)
    message = str(caught.value)
    assert message.startswith("answer"), message
    return message


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (MATRIX, MATRIX),
        (MATRIX + 1e-9, MATRIX),
        (np.float32(MATRIX), MATRIX),
        (MATRIX.tolist(), MATRIX),  # a list, a float32, an integer: types are forgiven alike
        (tuple(LABELS.tolist()), LABELS),
        (np.array([-0.0140279, 2.5], dtype=np.float32), np.array([-0.0140281, 2.5])),  # what float32 leaves of a sum
        (5, 5.0),
        (np.float64(5.0), 5.0),
        (np.array(5.0), 5.0),
        (np.array([1, 2]), np.array([1.0, 2.0])),
        (LABELS.astype(np.uint8), LABELS),
        ([1, 2, 3], [1, 2, 3]),
        (np.array([True, False]), np.array([True, False])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.array([np.nan, 1.0]), np.array([np.nan, 1.0])),
        (np.array([np.inf, 1.0]), np.array([np.inf, 1.0])),
    ],
)
def test_right_answers_pass(got, expected):
    checks.array(got, expected, "answer")


@pytest.mark.parametrize(
    ("got", "expected", "says"),
    [
        # not an array of numbers at all
        (None, MATRIX, "None"),
        (len, MATRIX, "a function, not its value"),
        (lambda: MATRIX, MATRIX, "a function, not its value"),
        (np.ndarray, MATRIX, "a function, not its value"),
        ("12", 12.0, "Return plain numbers"),
        (object(), 12.0, "Return plain numbers"),
        ({"k": 1}, 12.0, "Return plain numbers"),
        ([[1, 2], [3]], [[1, 2], [3, 4]], "equally long"),
        (MATRIX + 1j, MATRIX, "complex"),
        # the shape
        (MATRIX.T, MATRIX, "transposed"),
        (np.zeros((2, 1, 3)), np.zeros((1, 2, 3)), "another order"),
        (MATRIX[:, :, None], MATRIX, "axis of length 1 too many"),
        (LABELS, LABELS[:, None], "axis of length 1 is missing"),
        (MATRIX.ravel(), MATRIX, "reshape is missing"),
        (MATRIX.sum(), MATRIX.sum(axis=0), "a single number"),
        (MATRIX.sum(axis=0), MATRIX.sum(), "expected a single number"),
        (MATRIX[:, :2], MATRIX, "off by one"),
        (MATRIX.sum(axis=0), MATRIX, "an axis is missing"),
        (MATRIX, MATRIX.sum(axis=0), "an axis too many"),
        (np.zeros((4, 7)), MATRIX, "Print the shape"),
        # the kind
        (LABELS.astype(float), LABELS, "integers"),
        (LABELS + 0.5, LABELS, "rounding missing"),
        (np.array([1, 0]), np.array([True, False]), "comparison missing"),
        (np.array([True, False]), np.array([1.0, 0.0]), "numbers are expected"),
        (np.array([True, False]), np.array([False, True]), "swapped everywhere"),
        (np.array([True, False]), np.array([False, False]), "1 of 2 values differ"),
        # the values
        (np.where(MATRIX > 5, np.nan, MATRIX), MATRIX, "3 values are NaN"),
        (np.where(MATRIX > 5, np.inf, MATRIX), MATRIX, "3 infinite"),
        (np.zeros((2, 3)), MATRIX, "every value is 0"),
        (np.full((2, 3), 2.25), MATRIX, "every value is 2.25"),
        (np.array([44.0, 0.0, 88.0]), np.array([300.0, 512.0, 600.0]), "wrapped around"),
        (np.array([44, 0, 88], dtype=np.uint8), np.array([300, 512, 600]), "wrapped around"),
        (MATRIX**2, MATRIX, "square root missing"),
        (25.0, 5.0, "square root missing"),
        (np.sqrt(MATRIX), MATRIX, "square root too many"),
        (-np.array([1.0, -2.0]), np.array([1.0, -2.0]), "sign is the wrong way round"),
        (np.array([1.0, 2.0]), np.array([1.0, -2.0]), "signs are lost"),
        (SQUARE.T, SQUARE, "transposed"),
        (LABELS[::-1], LABELS, "reversed"),
        (MATRIX[:, ::-1], MATRIX, "reversed along axis 1"),
        (SQUARE[[1, 2, 0]], SQUARE, "rows are right but stand in another order"),
        (SQUARE[[0, 1, 2]][:, [1, 2, 0]], SQUARE, "every row has the right numbers"),
        (np.sort(LABELS), LABELS, "another order"),
        (MATRIX * 3, MATRIX, "3 times"),
        (MATRIX / 4, MATRIX, "1/4 times"),
        (MATRIX / 255, MATRIX, "1/255 times"),
        (510.0, 2.0, "255 times"),
        (MATRIX + 2.5, MATRIX, "same amount, +2.5"),
        (LABELS + 1, LABELS, "from 0 or from 1"),
        (6.0, 7.0, "from 0 or from 1"),
        (12.3, 5.0, "the number is not the right one: 7.3 too large, 2.46 times the right one"),
        (0.25, 0.75, "1 minus the right one"),
        (0.25, 4.0, "1 divided by the right one"),
        (64, 320, "0.2 times"),  # a single number that happens to be 320 modulo 256
        (0.0, 3.5, "the number is 0"),
        (float("nan"), 3.5, "the number is NaN"),
        (np.array([0.75, 0.6]), np.array([0.6, 0.75]), "exchanged"),
        (np.arange(12.0).reshape(2, 2, 3)[..., ::-1], np.arange(12.0).reshape(2, 2, 3), "Red first"),
        (np.floor(MATRIX), MATRIX, "rounded down"),
        (np.minimum(MATRIX, 8), MATRIX, "cut off at 8"),
        (1 - MATRIX, MATRIX, "1 minus the right one"),
        (MATRIX + [[0, 1e-3, 2e-3]], MATRIX, "nearly right"),
        (np.array([0.0, 3.0, 1.0, 4.0]), np.array([3.0, 1.0, 4.0, 9.0]), "one place too late"),
        (SQUARE[[2, 0, 1]] + [[1], [0], [0]], SQUARE, "one place too late along axis 0"),
        (np.cumsum(LABELS), LABELS, "running sums"),
        (MATRIX / [[2.0], [3.0]], MATRIX, "times a number of its own"),
        (MATRIX + [[2.0], [3.0]], MATRIX, "plus a number of its own"),
        (np.array([[1.5, 2.5, 0], [7.5, 11.5, 0]]), MATRIX, "only the last column is wrong"),
        (np.array([[0, 0, 1], [7.5, 11.5, 13.5]]), MATRIX, "only the first row is wrong"),
        (SQUARE + np.diag([1, 5, 7]), SQUARE, "only on the diagonal"),
        (np.pad(np.arange(4.0).reshape(2, 2), 1), np.pad(np.arange(4.0).reshape(2, 2), 1, mode="wrap"), "only at the border"),
        (np.array([5, 0, 7, 0, 3]), np.array([5, 6, 7, 8, 3]), "the wrong ones are all 0"),
        (np.array([5, 9, 7, 4, 3]), np.array([5, 6, 7, 8, 3]), "the others are right"),
        (np.array([2.0, 7.0, 9.0]), np.array([1.5, 3.0, 5.0]), "too large"),
        (np.array([1.0, 2.0, 1.5]), np.array([1.5, 3.0, 5.0]), "too small"),
        (np.zeros((4, 6)), MATRIX, "2 times as long along axes [0, 1]"),
        (np.zeros((6, 3)), MATRIX, "axis 0 differs"),
        (np.zeros((4, 5)), MATRIX, "the same amount along axes [0, 1]"),
        (
            np.array([3, 1, 4, 1, 5, 9, 2, 7]),
            LABELS,
            "1 of 8 values differ, the first at [7]: got 7, expected 6; only the last one is wrong",
        ),
        (np.array([[1.5, 2.5, 4.0], [7.5, 0.5, 13.5]]), MATRIX, "2 of 6 values differ, the first at [0, 2]"),
    ],
)
def test_mistakes_are_named(got, expected, says):
    assert says in complaint(got, expected)


def test_one_sentence_and_a_look_at_the_values():
    first, *look = complaint(np.array([9.0, 16.0]), np.array([3.0, 4.0])).split("\n")
    assert first.startswith("answer: ") and first.endswith("?")
    assert look == ["  got      [ 9. 16.]", "  expected [3. 4.]"]


def test_large_arrays_are_summed_up_not_printed():
    wanted = np.arange(40_000.0).reshape(200, 200)
    got = wanted.copy()
    got[3, 7] = -1
    message = complaint(got, wanted)
    assert "1 of 40000 values differ, the first at [3, 7]: got -1, expected 607" in message
    assert len(message) < 400


def test_hints_of_the_question_come_first():
    hints = {"the wrong metric": (MATRIX**2, "Look at `metric`.")}
    message = complaint(MATRIX**2, MATRIX, hints)
    assert "this is the wrong metric. Look at `metric`." in message and "square root" not in message


def test_hints_may_name_another_shape_or_nan():
    assert "summed too early" in complaint(MATRIX.sum(), MATRIX, {"summed too early": (MATRIX.sum(), "")})
    assert "int16" in complaint(float("nan"), 5.0, {"what int16 makes of it": (float("nan"), "")})


def test_a_hint_equal_to_the_right_answer_is_ignored():
    checks.array(MATRIX, MATRIX, "answer", {"no mistake at all": (MATRIX, "")})
    assert "no mistake" not in complaint(MATRIX + 1, MATRIX, {"no mistake at all": (MATRIX, "")})


def test_tolerances():
    checks.array(5.01, 5.0, "answer", atol=0.1)
    complaint(5.01, 5.0, atol=0.001)


class Shape:
    """As TensorFlow's: no list, though it looks like one."""

    def __init__(self, sides):
        self._sides = sides

    def as_list(self):
        return self._sides


class Tensor:
    """What NumPy can read."""

    def __init__(self, values):
        self._values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self._values, dtype=dtype)


class Stubborn:
    """Refuses everything, like a value that stays in another process."""

    def __array__(self, *_, **__):
        raise TypeError("not plain data")

    def __eq__(self, other):
        return True

    __hash__ = None


def test_foreign_objects_neither_crash_nor_pass():
    assert "Stubborn" in complaint(Stubborn(), MATRIX)
    assert "Stubborn" in complaint(Stubborn(), 1.0)
    with pytest.raises(AssertionError, match="of type Stubborn"):
        checks.equal(Stubborn(), 5, "answer")
    with pytest.raises(AssertionError, match="of type Stubborn"):
        checks.equal([1, Stubborn()], [1, 2], "answer")


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (3, 3),
        (np.int64(3), 3),
        (3.0, 3),
        (0.1 + 0.2, 0.3),
        (np.float32(0.1), 0.1),
        (Shape([1, 10]), [1, 10]),
        (Tensor([1.0, 2.0]), [1, 2]),
        (np.array([1, 2]), [1, 2]),
        ((1, [2, "a"]), [1, (2, "a")]),
        ({"a": (1, 2), "b": None}, {"b": None, "a": [1, 2]}),
        ({1, 2}, {2, 1}),
        (True, np.bool_(True)),
        ("frog", "frog"),
        (float("nan"), float("nan")),
        (None, None),
    ],
)
def test_equal_passes(got, expected):
    checks.equal(got, expected, "answer")


@pytest.mark.parametrize(
    ("got", "expected", "says"),
    [
        (None, 3, "answer is None, expected 3: does the function end with `return`"),
        (len, 3, "a function, not its value"),
        (4, 3, "answer is 4, expected 3"),
        (1, True, "answer is 1, expected True"),
        (True, 1, "answer is True, expected 1"),
        ("3", 3, "answer is '3', expected 3"),
        (3, "3", "answer is 3, expected '3'"),
        ((32, 32), (32, 32, 3), "answer has 2 entries, [32, 32], expected 3 entries, [32, 32, 3]"),
        (7, (32, 32, 3), "answer is 7, expected [32, 32, 3]"),
        ((32, 31, 3), (32, 32, 3), "answer[1] is 31, expected 32"),
        ({"k": 5}, {"k": 3}, "answer['k'] is 5, expected 3"),
        ({"n": 5}, {"k": 3}, "answer lacks ['k'] and has ['n'] too many"),
        ({"k": [1, 2]}, {"k": [1, 3]}, "answer['k'][1] is 2, expected 3"),
        ([1], {"k": 3}, "answer is [1], expected {'k': 3}"),
        ([1, 2], {1, 2}, "answer is [1, 2], expected {1, 2}"),
        (["a", "b", "c"], ["c"], "answer has 3 entries, ['a', 'b', 'c'], expected 1 entry, ['c']: ['a', 'b'] too many"),
        ([0.6, 0.75], [0.75, 0.6], "the two are exchanged"),
        ([3, 1, 2], [1, 2, 3], "the right entries in another order"),
        (75.0, 0.75, "in percent, where a share from 0 to 1 is expected"),
        (0.25, 0.75, "1 minus the right one"),
        (4, 3, "one too many"),
        (object(), "frog", "answer is a value of type object"),
        ("x" * 500, "y", "..."),
    ],
)
def test_equal_says_where(got, expected, says):
    with pytest.raises(AssertionError) as caught:
        checks.equal(got, expected, "answer", "Think of X.")
    assert says in str(caught.value) and str(caught.value).endswith(". Think of X.")


def test_equal_needs_plain_expectations():
    with pytest.raises(TypeError, match="plain data"):
        checks.equal(3, object(), "answer")


def test_a_gap_names_the_function_that_holds_it():
    class Batches:
        def __len__(self):
            raise checks.NotWritten()

    with pytest.raises(NotImplementedError) as caught:
        len(Batches())
    name = "test_a_gap_names_the_function_that_holds_it.<locals>.Batches.__len__"
    assert str(caught.value) == f"not written yet: {name}"
    assert caught.value._render_traceback_() == [f"\x1b[1;31mNot written yet:\x1b[0m {name}"]


def test_a_gap_outside_of_any_function_is_named_as_well_as_can_be():
    with pytest.raises(checks.NotWritten) as caught:
        exec("raise checks.NotWritten()", {"checks": checks})
    assert str(caught.value) == "not written yet" and "this cell" in caught.value._render_traceback_()[0]
    assert str(checks.NotWritten()) == "not written yet", "never raised"
