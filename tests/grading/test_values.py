"""Plain data across, and nothing else."""

import collections
import enum
import json
import math

import numpy as np
import pytest

from grading.protocol import values


def across(value, **more):
    return values.decode(json.loads(json.dumps(values.encode(value, **more))))


PLAIN = [
    None,
    True,
    False,
    0,
    -7,
    2**200,
    1.5,
    -0.0,
    "text",
    "",
    "\ud800",
    "ä\n",
    b"",
    b"\x00\xff",
    2 + 3j,
    [],
    [1, [2, "3"]],
    (),
    (1, (2,)),
    {},
    {"a": 1, 2: (3, 4)},
    {1, 2},
    frozenset({3}),
    range(2, 9, 3),
    slice(None, 3),
    Ellipsis,
    collections.deque([1, 2]),
]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values_come_back_the_same(value):
    got = across(value)
    assert type(got) is type(value)
    assert got == value
    assert repr(got) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_floats_that_json_does_not_know(value):
    assert repr(across(value)) == repr(value)
    assert "NaN" not in json.dumps(values.encode(value)) and "Infinity" not in json.dumps(values.encode(value))


@pytest.mark.parametrize(
    "dtype",
    ["bool", "u1", "i1", "<u2", "<i4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", "U3", "S4", "M8[D]", "m8[ns]", ">f8", ">i4"],
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (2, 0, 3)])
def test_arrays(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype("i8").astype(dtype)
    got = across(array)
    assert type(got) is np.ndarray and got.shape == shape and got.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(got, array)
    got[...] = got[...] if got.size else 0  # may be written to, like the student's own


def test_arrays_in_any_layout():
    array = np.arange(24).reshape(2, 3, 4)
    for view in (array.T, array[:, ::2], array[..., ::-1], np.asfortranarray(array)):
        np.testing.assert_array_equal(across(view), view)


def test_scalars_keep_their_type():
    for value in (np.float32(1.5), np.int64(3), np.uint8(255), np.bool_(True), np.str_("a")):
        assert type(across(value)) is type(value) and across(value) == value


def test_arrays_of_objects():
    folds = np.empty(2, dtype=object)
    folds[0], folds[1] = np.arange(3), np.arange(2)
    got = across(folds)
    assert got.dtype == object and [fold.tolist() for fold in got] == [[0, 1, 2], [0, 1]]


class Liar:
    """Mixed in: says that it equals everything."""

    __hash__ = None

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __float__(self):
        return 42.0

    def __int__(self):
        return 42

    def __array__(self, *_, **__):
        return np.zeros(3)

    def __iter__(self):
        return iter([42])

    def items(self):
        return [(42, 42)]

    def __len__(self):
        return 1


class LyingFloat(Liar, float):
    pass


class LyingInt(Liar, int):
    pass


class LyingStr(Liar, str):
    pass


class LyingList(Liar, list):
    pass


class LyingDict(Liar, dict):
    pass


class LyingCounter(Liar, collections.Counter):
    pass


class LyingPair(Liar, tuple):
    pass


class LyingArray(Liar, np.ndarray):
    pass


class Colour(enum.IntEnum):
    RED = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (LyingFloat(1.5), 1.5),
        (LyingInt(7), 7),
        (LyingStr("x"), "x"),
        (LyingList([1, 2]), [1, 2]),
        (LyingDict(a=1), {"a": 1}),
        (Colour.RED, 3),
        (LyingCounter("aab"), {"a": 2, "b": 1}),
        (LyingPair((1, 2)), (1, 2)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_subclasses_cross_as_the_data_of_their_base(value, expected):
    got = across(value)
    assert type(got) is type(expected)
    assert got == expected


def test_a_lying_array_crosses_as_its_data():
    got = across(np.arange(3).view(LyingArray))
    assert type(got) is np.ndarray and got.tolist() == [0, 1, 2]


@pytest.mark.parametrize("value", [object(), Liar(), len, np, (i for i in range(3)), lambda: 1, type])
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(values.NotPlain):
        values.encode([value])


def test_a_list_that_holds_itself():
    loop = []
    loop.append(loop)
    with pytest.raises(values.RefusedData, match="deep"):
        values.encode(loop)


def nested(depth):
    form = 1
    for _ in range(depth):
        form = [form]
    return form


HOSTILE = {
    "no kind": {},
    "unknown kind": {"$": "code"},
    "kind is a list": {"$": []},
    "kind is a dict": {"$": {}},
    "object array": {"$": "array", "dtype": "|O", "shape": [1], "data": "AAAAAAAAAAA="},
    "structured array": {"$": "array", "dtype": "[('a','<f8')]", "shape": [1], "data": "AAAAAAAAAAA="},
    "void": {"$": "array", "dtype": "|V8", "shape": [1], "data": "AAAAAAAAAAA="},
    "too few bytes": {"$": "array", "dtype": "<f8", "shape": [2], "data": "AAAAAAAAAAA="},
    "too many bytes": {"$": "array", "dtype": "<f8", "shape": [], "data": "AAAAAAAAAAAAAAAAAAAAAA=="},
    "negative side": {"$": "array", "dtype": "<f8", "shape": [-1], "data": "AAAAAAAAAAA="},
    "huge sides of nothing": {"$": "array", "dtype": "<f8", "shape": [0, 2**39], "data": ""},
    "side is a float": {"$": "array", "dtype": "<f8", "shape": [1.0], "data": "AAAAAAAAAAA="},
    "side is true": {"$": "array", "dtype": "<f8", "shape": [True], "data": "AAAAAAAAAAA="},
    "many sides": {"$": "array", "dtype": "<f8", "shape": [1] * 70, "data": "AAAAAAAAAAA="},
    "no base64": {"$": "array", "dtype": "<f8", "shape": [1], "data": "????????????"},
    "data is a list": {"$": "array", "dtype": "<f8", "shape": [1], "data": [0] * 8},
    "text beyond Unicode": {"$": "array", "dtype": "<U1", "shape": [1], "data": "////fw=="},
    "dtype is a list": {"$": "array", "dtype": ["<f8"], "shape": [1], "data": "AAAAAAAAAAA="},
    "two-sided scalar": {"$": "scalar", "dtype": "<f8", "data": "AAAAAAAAAAAAAAAAAAAAAA=="},
    "unhashable key": {"$": "dict", "v": [[[], 1]]},
    "odd pair": {"$": "dict", "v": [[1, 2, 3]]},
    "dict of nothing": {"$": "dict", "v": 3},
    "unhashable item": {"$": "set", "v": [[1]]},
    "tuple of text": {"$": "tuple", "v": "abc"},
    "no float": {"$": "float", "v": "1e999"},
    "complex of text": {"$": "complex", "v": ["a", "b"]},
    "range of nothing": {"$": "range", "v": []},
    "range of step 0": {"$": "range", "v": [0, 1, 0]},
    "bytes of nothing": {"$": "bytes"},
    "objects that do not fit": {"$": "objects", "shape": [3], "v": [1]},
    "handle": {"$": "handle", "id": "1"},
    "name": {"$": "name", "module": "os", "name": "system"},
    "deep": nested(5000),
    "huge number": 10**5000,
    "wide": [0] * 1_000_001,
}


@pytest.mark.parametrize("form", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_forms_are_refused(form):
    with pytest.raises(values.RefusedData):
        values.decode(form)


def test_a_truth_value_is_true_or_false():
    # A byte of 2 as a truth value would be neither equal to True nor to False.
    got = values.decode({"$": "array", "dtype": "|b1", "shape": [3], "data": "AAEC"})
    assert got.tolist() == [False, True, True] and got.view(np.uint8).tolist() == [0, 1, 1]


def test_limits_on_size():
    small = values.Limits(size=1000)
    with pytest.raises(values.RefusedData, match="too large"):
        values.encode(np.zeros(1000), limits=small)
    with pytest.raises(values.RefusedData, match="too large"):
        values.decode(values.encode(np.zeros(1000)), limits=small)
    with pytest.raises(values.RefusedData, match="too large"):
        values.decode(["x" * 600] * 2, limits=small)


def test_clean_text():
    assert values.clean("x" * 100, 10) == "x" * 10 + " …"
    assert values.clean(b"bytes") == ""
    assert values.clean("a\x00b\x9bc\td\r\n") == "abc\td\n"
    assert values.clean("\ud83d").encode() == b"?"
