"""Fewer weights, and why it works: parameters, pooling, receptive fields and silent units, computed again by other means."""

import numpy as np
import pytest
from scipy import ndimage, signal

LECTURE = "week02_convolution/03_sharing"


def test_parameters_of_dense_local_and_shared_weights(lecture):
    places, window = len(range(32 - 5 + 1)) ** 2, 5 * 5 * 3
    assert lecture["parameters"] == {
        "dense": (32 * 32 * 3 + 1) * places * 6,
        "locally connected": (window + 1) * places * 6,
        "convolution": (window + 1) * 6,
    }
    assert lecture["parameters"]["convolution"] == 456
    assert lecture["keras_parameters"].items() <= lecture["parameters"].items()


def test_matrix_of_the_convolution_gives_the_worked_result(lecture):
    image = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
    kernel = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
    result = ndimage.correlate(image, kernel, mode="constant")[1:-1, 1:-1]
    assert lecture["worked_result"] == result.tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]


def test_the_matrix_of_a_convolution_repeats_nine_numbers(lecture):
    entries, places = 36 * 16, 4 * 4
    assert lecture["matrix_entries"] == {
        "dense": {"all": entries, "nonzero": entries, "different": entries},
        "locally connected": {"all": entries, "nonzero": places * 9, "different": places * 9},
        "convolution": {"all": entries, "nonzero": places * 9, "different": 9},
    }


def test_pooling_of_the_worked_example(lecture):
    image = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
    largest = ndimage.maximum_filter(image, 2)[1::2, 1::2]
    mean = signal.correlate2d(image, np.full((2, 2), 0.25), mode="valid")[::2, ::2]
    assert lecture["max_pooled"] == largest.tolist() == [[6, 8], [3, 4]]
    assert lecture["average_pooled"] == mean.tolist()
    assert lecture["samples"] == {"before": 16, "after": 4}


def test_border_grows_by_a_column_on_each_side(lecture):
    assert lecture["columns"] == {"common": 60, "differ": [2, 4, 6, 8, 10]}


def test_only_multiples_of_the_stride_are_followed(lecture):
    mismatch = lecture["mismatch_by_pixels"]
    assert [mismatch[pixels] == 0 for pixels in "1234"] == [False, True, False, True]


def test_receptive_fields_of_the_stack(lecture):
    """Counted backwards, as an interval of positions: another way than the recursion of the lecture."""
    layers, fields = [(3, 1), (3, 1), (2, 2), (3, 1), (2, 2), (3, 1)], []
    for depth in range(1, len(layers) + 1):
        low = high = 0
        for kernel, stride in reversed(layers[:depth]):
            low, high = low * stride, high * stride + kernel - 1
        fields.append(high - low + 1)
    assert lecture["fields"] == {"recursion": fields, "poking": fields}


def test_two_small_kernels_are_cheaper_than_a_large_one(lecture):
    weights = {}
    for chain in lecture["chains"]:
        kernels = chain["kernels"]
        weights[tuple(kernels)] = sum(k * k * 64 * 64 for k in kernels)
        assert chain["field"] == sum(kernels) - len(kernels) + 1
        assert chain["parameters"] == sum((k * k * 64 + 1) * 64 for k in kernels)
        assert chain["multiply_adds"] == weights[tuple(kernels)] * 32 * 32
    assert 1 - weights[3, 3] / weights[(5,)] == pytest.approx(0.28)
    assert 1 - weights[3, 3, 3] / weights[(7,)] == pytest.approx(0.45, abs=0.005)


def test_dead_units_stay_dead(lecture):
    assert lecture["silent_relu_units"] > 0
    assert lecture["woken"]["ReLU"] == lecture["weights_moved_by"]["ReLU"] == 0
    assert lecture["weights_moved_by"]["leaky ReLU"] > 0


def test_large_steps_silence_units(lecture):
    shares = {(row["leak"], row["rate"]): row["shares"] for row in lecture["silent_shares"]}
    assert len(shares) == 2 * 4 and all(len(seeds) >= 3 for seeds in shares.values())
    assert np.mean(shares[0, 1.0]) > np.mean(shares[0, 0.01]) + 0.2


def test_without_pooling_a_move_of_one_pixel_is_half_a_change_of_image(lecture):
    assert 0.4 < lecture["change_by_a_pixel"] < 0.62
