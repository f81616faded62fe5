"""The worked numbers of lectures 1 and 2 of week 3: computed again, and found in what they printed."""

import math
import re

import numpy as np
import pytest

NETWORKS, KERAS = "week03_lenet/01_from_regression_to_networks", "week03_lenet/02_keras"


@pytest.fixture(scope="module")
def networks_text(executed, printed):
    return printed(executed(NETWORKS))


@pytest.fixture(scope="module")
def keras_text(executed, printed):
    return printed(executed(KERAS))


def weights(*widths):
    """Parameters of a stack of dense layers, one number a layer, by building every matrix."""
    return [np.empty((inputs, units)).size + np.empty(units).size for inputs, units in zip(widths, widths[1:], strict=False)]


def filters(size, depth, number):
    """Parameters of a convolution layer, by building its weights."""
    return np.empty((size, size, depth, number)).size + np.empty(number).size


def numbers(pattern, text):
    """The groups of a pattern's first occurrence as floats, thousands separators removed."""
    found = re.search(pattern, text)
    assert found, f"the lecture does not print {pattern!r} any more"
    return [float(group.replace(",", "")) for group in found.groups()]


def test_likelihood_is_the_product_and_cross_entropy_its_mean_logarithm(networks_text):
    forecasts = {"A": [0.9, 0.8, 0.01], "B": [0.6, 0.6, 0.6]}
    for name, forecast in forecasts.items():
        assert f"all three right {math.prod(forecast):.4f}" in networks_text
        assert re.search(rf"{name}: \(.*\) / 3 = {-math.log(math.prod(forecast)) / 3:.3f}", networks_text)


def test_first_losses_are_the_logarithm_of_the_number_of_classes(networks_text):
    assert f"first price {math.log(2):.4f}" in networks_text
    assert f"price before training: {math.log(10):.4f}" in networks_text
    assert f"784 * 10 + 10 = {sum(weights(784, 10)):,}" in networks_text


def test_naive_softmax_overflows_and_the_stable_one_does_not(networks_text):
    assert "overflow encountered in exp" in networks_text
    assert "[nan nan nan]" in networks_text
    shares = np.exp([-2, -1, 0]) / np.exp([-2, -1, 0]).sum()
    assert f"stable softmax: {shares.round(3)}" in networks_text


def test_gradients_agree_with_differences(networks_text):
    for name in ("largest relative difference:", "random start: gradient check"):
        assert numbers(rf"{name} ([\d.e-]+)", networks_text)[0] < 1e-4


def test_gradient_noise_falls_with_the_square_root_of_the_batch(networks_text):
    rows = re.findall(r"batch of +(\d+): variance +([\d.]+), noise / signal", networks_text)
    sizes, variance = np.array(rows, dtype=float).T
    assert np.polyfit(np.log(sizes), np.log(variance), 1)[0] == pytest.approx(-1, abs=0.1)


def test_small_steps_win_for_the_same_images(networks_text):
    last = {
        name: numbers(rf"{name} +rate .* after 1 epoch, ([\d.]+) after", networks_text)[0]
        for name in ("full batch", "mini-batch of 64", "single sample")
    }
    assert max(last["mini-batch of 64"], last["single sample"]) < last["full batch"] < math.log(10) + 0.01


def test_hidden_units_buy_accuracy_over_at_least_three_seeds(networks_text):
    rows = re.findall(
        r"(\d+ hidden units|softmax regression) +([\d,]+) weights: validation accuracy "
        r"([\d.]+) ± ([\d.]+) over (\d+) seeds",
        networks_text,
    )
    assert len(rows) == 4 and all(int(row[-1]) >= 3 for row in rows)
    for name, count, *_ in rows:
        units = [int(name.split()[0])] if "hidden" in name else []
        assert int(count.replace(",", "")) == sum(weights(784, *units, 10))
    if "embedded sample" in networks_text:
        pytest.skip("executed on the embedded sample: 1,200 images do not show what a hidden layer buys")
    assert float(rows[-1][2]) > float(rows[0][2]) > 0.8


def test_one_step_of_keras_is_the_numpy_step(keras_text):
    by_hand, by_keras = numbers(r"by hand ([\d.]+), by Keras ([\d.]+)", keras_text)
    assert by_hand == pytest.approx(by_keras, rel=1e-5)
    assert numbers(r"largest difference of a weight after it: ([\d.e-]+)", keras_text)[0] < 1e-6


def test_three_dense_layers_on_three_inputs(keras_text):
    counts = weights(3, 4, 5, 2)
    assert counts == [16, 25, 12] and sum(counts) == 53
    assert "16 + 25 + 12 = 53" in keras_text


def test_one_convolution_and_the_dense_layer_that_reads_it(keras_text):
    side = len(range(28 - 3 + 1))
    flat, dense = side * side * 64, weights(side * side * 64, 10)[0]
    assert (filters(3, 1, 64), flat, dense, filters(3, 1, 64) + dense) == (640, 43_264, 432_650, 433_290)
    for number in ("= 640", "26 * 26 * 64 = 43,264", "* 10 = 432,650"):
        assert number in keras_text
    assert re.search(r"total +433,290", keras_text)


def test_lenet5_by_hand_and_by_keras(keras_text):
    counts = [filters(5, 1, 6), filters(5, 6, 16), *weights(400, 120, 84, 10)]
    assert counts == [156, 2416, 48_120, 10_164, 850] and sum(counts) == 61_706
    assert "156, 2,416, 48,120, 10,164, 850 = 61,706" in keras_text
    share, of_work = numbers(r"dense layers: ([\d.]+)% of the parameters, ([\d.]+)% of the", keras_text)
    assert share == pytest.approx(100 * sum(counts[2:]) / sum(counts), abs=0.06)
    work = [28 * 28 * 25 * 6, 10 * 10 * 150 * 16, 400 * 120, 120 * 84, 840]
    assert of_work == pytest.approx(100 * sum(work[2:]) / sum(work), abs=0.06)


def test_colour_costs_lenet_300_weights_and_triples_the_mlp(keras_text):
    assert filters(5, 3, 6) == 456 and 61_706 - filters(5, 1, 6) + filters(5, 3, 6) == 62_006
    assert "[456, 2416, 48120, 10164, 850] = 62,006" in keras_text
    grey, colour = sum(weights(1024, 84, 10)), sum(weights(3072, 84, 10))
    assert (grey, colour) == (86_950, 258_982)
    assert f"= {grey:,}" in keras_text and f"= {colour:,}" in keras_text
    assert f"{colour / grey:.2f} times as large" in keras_text


def test_the_misprint_is_found_and_its_network_is_larger(keras_text):
    assert filters(3, 6, 16) == 880 and filters(5, 6, 16) == 2416
    assert "as printed 880, with the kernel of LeNet-5 2,416" in keras_text
    mistaken = filters(5, 1, 6) + filters(3, 6, 16) + sum(weights(6 * 6 * 16, 120, 84, 10))
    assert mistaken == 81_290 and re.search(r"total +81,290", keras_text)


def test_softmax_twice_has_a_floor(keras_text):
    probabilities = np.exp(np.eye(10)[0]) / np.exp(np.eye(10)[0]).sum()
    floor = -math.log(probabilities[0])
    assert f"softmax twice: {floor:.4f}" in keras_text
    assert numbers(r"softmax twice: loss [\d.]+ -> ([\d.]+)", keras_text)[0] > floor


def test_the_usual_mistakes_are_refused(keras_text):
    assert "expected min_ndim=4, found ndim=3" in keras_text.replace("\n   ", " ")
    assert keras_text.count("   ValueError:") == 4


def test_the_cnn_wins_with_fewer_weights_over_at_least_three_seeds(keras_text):
    rows = re.findall(
        r"(softmax regression|MLP|CNN) +([\d,]+) parameters, validation accuracy "
        r"([\d.]+) ± ([\d.]+) \((\d+) seeds\)",
        keras_text,
    )
    assert [name for name, *_ in rows] == ["softmax regression", "MLP", "CNN"]
    assert all(int(row[-1]) >= 3 for row in rows)
    counts = [int(count.replace(",", "")) for _, count, *_ in rows]
    cnn = filters(3, 1, 16) + filters(3, 16, 32) + weights(5 * 5 * 32, 10)[0]
    assert counts == [sum(weights(784, 10)), sum(weights(784, 64, 10)), cnn]
    assert float(rows[2][2]) > float(rows[0][2])
