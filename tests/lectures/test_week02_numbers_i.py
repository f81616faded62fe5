"""Week 2, lectures 3 and 4: the worked numbers, computed again by other means and found in what the notebooks printed."""

import re

import numpy as np
import pytest
from scipy import ndimage, signal

SHARING, KINDS = "week02_convolution/03_sharing", "week02_convolution/04_kinds"


@pytest.fixture(scope="module")
def sharing(executed, printed):
    return printed(executed(SHARING))


@pytest.fixture(scope="module")
def kinds(executed, printed):
    return printed(executed(KINDS))


def number(text):
    return int(text.replace(",", ""))


def players(notebook):
    """The descriptions of the animations: the text that a reader without scripts gets."""
    return [
        output.data["text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]


def test_parameters_of_dense_local_and_shared_weights(sharing):
    places = len(range(0, 32 - 5 + 1)) ** 2
    window = 5 * 5 * 3
    expected = {
        "dense": (32 * 32 * 3 + 1) * places * 6,
        "locally connected": (window + 1) * places * 6,
        "convolution": (window + 1) * 6,
    }
    for name, value in expected.items():
        told = re.search(rf"^{name} +([\d,]+) parameters$", sharing, re.MULTILINE)
        assert number(told[1]) == value
    assert expected["convolution"] == 456
    assert f"Keras: {expected['dense']:,} and 456" in sharing


def test_matrix_of_the_convolution_gives_the_worked_result(sharing):
    image = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
    kernel = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
    result = ndimage.correlate(image, kernel, mode="constant")[1:-1, 1:-1]
    assert result.tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]
    assert str(result) in sharing
    assert re.search(r"convolution +576 entries, 144 of them not zero, 9 different values", sharing)


def test_pooling_of_the_worked_example(executed, sharing):
    image = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
    largest = ndimage.maximum_filter(image, 2)[1::2, 1::2]
    mean = signal.correlate2d(image, np.full((2, 2), 0.25), mode="valid")[::2, ::2]
    assert largest.tolist() == [[6, 8], [3, 4]]
    assert f"max pooling: {largest.tolist()}" in sharing
    assert re.search(rf"average +{re.escape(str(mean.tolist()))}", sharing)
    assert "of 16 samples 4 are left: 75% dropped" in sharing
    (player,) = players(executed(SHARING))
    assert "6, 8; 3, 4" in player


def test_border_grows_by_a_column_on_each_side(sharing):
    assert "columns that differ, of 60 in common: [2, 4, 6, 8, 10]" in sharing


def test_only_multiples_of_the_stride_are_followed(sharing):
    told = dict(re.findall(r"camera moved by (\d): best match at [+-]\d, relative difference ([\d.]+)", sharing))
    assert [float(told[k]) == 0 for k in "1234"] == [False, True, False, True]


def test_receptive_fields_of_the_stack(sharing):
    """Counted backwards, as an interval of positions: another way than the recursion of the lecture."""
    layers, fields = [(3, 1), (3, 1), (2, 2), (3, 1), (2, 2), (3, 1)], []
    for depth in range(1, len(layers) + 1):
        low = high = 0
        for kernel, stride in reversed(layers[:depth]):
            low, high = low * stride, high * stride + kernel - 1
        fields.append(high - low + 1)
    assert f"by the recursion: {fields}" in sharing
    assert f"by poking:        {fields}" in sharing


def test_two_small_kernels_are_cheaper_than_a_large_one(sharing):
    for name, sizes in {"5 × 5": [5], "3 × 3 + 3 × 3": [3, 3], "3 × 3 + 3 × 3 + 3 × 3": [3, 3, 3], "7 × 7": [7]}.items():
        told = re.search(
            rf"^{re.escape(name)} +field (\d+) × \d+, +([\d,]+) parameters, +([\d,]+) multiply-adds$", sharing, re.MULTILINE
        )
        assert int(told[1]) == sum(sizes) - len(sizes) + 1
        assert number(told[2]) == sum((k * k * 64 + 1) * 64 for k in sizes)
        assert number(told[3]) == sum(k * k * 64 * 64 * 32 * 32 for k in sizes)
    assert "weights saved: 28% and 45%" in sharing


def test_dead_units_stay_dead(sharing):
    dead, woken, change = re.search(r"^ReLU +(\d+) silent units, (\d+) wake up; .*: (\S+)$", sharing, re.MULTILINE).groups()
    assert int(dead) > 0 and int(woken) == 0 and float(change) == 0
    rows = re.findall(r"rate (\S+) +ReLU +(\d+)% ± \d+% silent, +leaky ReLU +(\d+)% ± \d+% silent \((\d+) seeds\)", sharing)
    assert len(rows) == 4 and all(int(row[3]) >= 3 for row in rows)
    assert int(rows[-1][1]) > int(rows[0][1]) + 20


ROW = re.compile(r"^(.{25}) *(\d+)×(\d+) *([\d,]+) +([\d,]+) +([\d.]+) +(\d+)×(\d+)$", re.MULTILINE)


def test_table_of_kinds(kinds):
    """Sizes, parameters and multiply-adds by arithmetic written out for each kind."""
    table = {
        name.strip(): [number(x) for x in (out, weights, adds, field)]
        for name, out, _, weights, adds, _, field, _ in ROW.findall(kinds)
    }
    square = 64 * 64
    expected = {
        "ordinary 3 × 3": [30, 9 * square, 9 * square * 30 * 30, 3],
        "ordinary 5 × 5": [28, 25 * square, 25 * square * 28 * 28, 5],
        "stride 2, 3 × 3": [15, 9 * square, 9 * square * 15 * 15, 3],
        "1 × 1": [32, square, square * 32 * 32, 1],
        "dilated 3 × 3, d = 2": [28, 9 * square, 9 * square * 28 * 28, 5],
        "4 groups, 3 × 3": [30, 9 * square // 4, 9 * square // 4 * 30 * 30, 3],
        "depthwise 3 × 3": [30, 9 * 64, 9 * 64 * 30 * 30, 3],
        "separable 3 × 3": [30, 9 * 64 + square, (9 * 64 + square) * 30 * 30, 3],
        "3 × 1, then 1 × 3": [30, 6 * square, 3 * square * 30 * 32 + 3 * square * 30 * 30, 3],
        "two 3 × 3": [28, 18 * square, 9 * square * (30 * 30 + 28 * 28), 5],
        "transposed 3 × 3, s = 2": [65, 9 * square, 9 * square * 32 * 32, 2],
    }
    assert table == expected
    assert "11 kinds: formula and experiment agree" in kinds


def test_transposed_convolution_is_printed(executed, kinds):
    stamp = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    zeros_between = np.zeros((3, 3), int)
    zeros_between[::2, ::2] = [[1, 2], [0, 3]]
    assert str(signal.convolve2d(zeros_between, stamp)) in kinds
    assert "convolution: (4, 25)   transposed convolution: (25, 4)" in kinds
    assert len(players(executed(KINDS))) == 3


def test_dilation_fields_and_holes(kinds):
    for dilations in ((1, 1, 1), (1, 2, 4), (2, 2, 2)):
        seen = {0}
        for d in dilations:
            seen = {place + step for place in seen for step in (-d, 0, d)}
        side = max(seen) - min(seen) + 1
        assert f"dilations {dilations}: field {side} × {side}, sees {len(seen) ** 2} of {side * side} pixels" in kinds


def test_checkerboard_where_the_stride_does_not_divide_the_kernel(kinds):
    told = re.findall(r"kernel (\d), stride 2: \[([\d, ]+)\] stamps", kinds)
    assert [int(k) for k, counts in told if "," in counts] == [3, 5]


def test_time_is_measured_beside_the_count(kinds):
    rows = re.findall(
        r"(\d+) maps: Conv2D +[\d.]+ ms, SeparableConv2D +[\d.]+ ms: gain ([\d.]+), by multiply-adds ([\d.]+)", kinds
    )
    assert [int(row[0]) for row in rows] == [16, 64, 256]
    for maps, _, expected in rows:
        weights = 9 * int(maps) + int(maps) ** 2
        assert float(expected) == pytest.approx(9 * int(maps) ** 2 / weights, abs=0.06)


@pytest.mark.parametrize("name", [SHARING, KINDS])
def test_alt_texts_are_different(executed, name):
    alts = [
        output.metadata.get("image/png", {}).get("alt", "")
        for cell in executed(name).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(alts) >= 7 and len(set(alts)) == len(alts) and min(map(len, alts)) > 40
