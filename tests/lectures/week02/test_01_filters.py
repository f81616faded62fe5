"""Filters: the worked numbers, computed again with nested lists, and what the lecture claims of kernels and methods."""

import numpy as np
import pytest

LECTURE = "week02_convolution/01_filters"
IMAGE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
KERNEL = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
COUNTED = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
TURNED = [row[::-1] for row in COUNTED[::-1]]


def slide(image, kernel):
    """Valid cross-correlation of nested lists: no NumPy, so nothing is shared with the lecture."""
    rows, columns = len(kernel), len(kernel[0])
    return [
        [
            sum(image[i + u][j + v] * kernel[u][v] for u in range(rows) for v in range(columns))
            for j in range(len(image[0]) - columns + 1)
        ]
        for i in range(len(image) - rows + 1)
    ]


def test_the_worked_convolution(lecture):
    assert (
        lecture["worked_result"] == lecture["animated_result"] == slide(IMAGE, KERNEL) == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]
    )


def test_keras_does_not_flip(lecture):
    dot = [[int(row == column == 2) for column in range(5)] for row in range(5)]
    assert slide(dot, COUNTED) == TURNED
    answers = lecture["answers_to_a_dot"]
    assert answers["Keras Conv2D"] == answers["SciPy correlate2d"] == TURNED
    assert answers["SciPy convolve2d"] == COUNTED


def test_least_squares_finds_the_turned_kernel_behind_a_convolution(lecture):
    np.testing.assert_allclose(lecture["weights_fitted_to_convolution"], np.ravel(TURNED), atol=0.05)


def test_sobel_counts_8_on_a_ramp(lecture):
    ramp = [list(range(6))] * 3
    assert [lecture["sobel_of_ramp"]] == slide(ramp, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) == [[8, 8, 8, 8]]


def test_kernels_with_the_sum_1_leave_an_even_wall_as_it_is(lecture):
    assert len(lecture["smooth_kernels"]) == 4
    for name, kernel in lecture["smooth_kernels"].items():
        assert sum(map(sum, kernel)) == pytest.approx(1)
        np.testing.assert_allclose(lecture["wall_becomes"][name], slide([[0.4] * 7] * 7, kernel))
        np.testing.assert_allclose(lecture["wall_becomes"][name], 0.4)


def test_only_the_blur_is_linear_and_equivariant(lecture):
    both = [name for name, deviation in lecture["deviations"].items() if max(deviation.values()) < 1e-5]
    assert lecture["linear_and_equivariant"] == both == ["Gaussian blur"]
    assert len(lecture["deviations"]) == 4


def test_every_way_to_convolve_agrees_and_is_timed(lecture):
    seconds = lecture["processor_seconds"]
    assert (
        lecture["difference_from_loops"].keys()
        == seconds.keys()
        == {
            "four loops",
            "two loops over places",
            "two loops over weights",
            "one matrix product",
            "SciPy correlate2d",
            "Keras ops.conv",
        }
    )
    assert max(lecture["difference_from_loops"].values()) < 1e-4
    assert 0 < min(seconds.values()) and max(seconds, key=seconds.get) == "four loops"


def test_two_correlations_of_a_picture_may_change_places(lecture):
    assert lecture["two_filters_in_a_row"] == [0, 0]
