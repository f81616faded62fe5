"""Kinds of convolution: the table, written out for each kind, and what the pictures show."""

import numpy as np
import pytest
from scipy import signal

LECTURE = "week02_convolution/04_kinds"


def test_table_of_kinds(lecture):
    """Sizes, parameters and multiply-adds by arithmetic written out for each kind."""
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
    assert lecture["kinds"] == {
        name: {"size": [size] * 2, "parameters": parameters, "multiply_adds": multiply_adds, "field": [field] * 2}
        for name, (size, parameters, multiply_adds, field) in expected.items()
    }


def test_dilated_convolution_of_the_animation(lecture):
    square = np.array(
        [
            [1, 0, 2, 1, 0, 1, 2],
            [0, 1, 1, 0, 2, 0, 1],
            [2, 1, 0, 1, 1, 2, 0],
            [1, 0, 2, 3, 0, 1, 1],
            [0, 2, 1, 0, 1, 0, 2],
            [1, 1, 0, 2, 1, 0, 1],
            [2, 0, 1, 1, 0, 2, 1],
        ]
    )
    neighbours = square[:3, 2:5] + square[4:, 2:5] + square[2:5, :3] + square[2:5, 4:]
    assert lecture["dilated"] == (neighbours - 4 * square[2:5, 2:5]).tolist()


def test_transposed_convolution_spreads_zeros_between(lecture):
    stamp = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    zeros_between = np.zeros((3, 3), int)
    zeros_between[::2, ::2] = [[1, 2], [0, 3]]
    assert lecture["transposed"] == lecture["transposed_animated"] == signal.convolve2d(zeros_between, stamp).tolist()
    assert lecture["matrix_shapes"] == {"convolution": [4, 25], "transposed": [25, 4]}


def test_dilation_fields_and_holes(lecture):
    assert [row["dilations"] for row in lecture["dilations"]] == [[1, 1, 1], [1, 2, 4], [2, 2, 2]]
    for row in lecture["dilations"]:
        seen = {0}
        for d in row["dilations"]:
            seen = {place + step for place in seen for step in (-d, 0, d)}
        assert row["side"] == max(seen) - min(seen) + 1
        assert row["seen"] == len(seen) ** 2


def test_checkerboard_where_the_stride_does_not_divide_the_kernel(lecture):
    uneven = [row["kernel"] for row in lecture["stamps_on_a_cell"] if len(row["counts"]) > 1]
    assert [row["kernel"] for row in lecture["stamps_on_a_cell"]] == [2, 3, 4, 5]
    assert uneven == [3, 5]


def test_time_is_measured_beside_the_count(lecture):
    assert [row["maps"] for row in lecture["gains"]] == [16, 64, 256]
    for row in lecture["gains"]:
        maps = row["maps"]
        assert row["expected"] == pytest.approx(9 * maps**2 / (9 * maps + maps**2))
        assert row["measured"] > 0
