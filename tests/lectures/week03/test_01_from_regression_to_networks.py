"""From regression to networks: losses by their definition, gradients, noise, and what hidden units buy."""

import math

import numpy as np
import pytest

from tests import needs

LECTURE = "week03_lenet/01_from_regression_to_networks"


def weights(*widths):
    """Parameters of a stack of dense layers, by building every matrix."""
    return sum(np.empty((inputs, units)).size + np.empty(units).size for inputs, units in zip(widths, widths[1:], strict=False))


def test_likelihood_is_the_product_and_cross_entropy_its_mean_logarithm(lecture):
    assert lecture["forecasts"] == {"A": [0.9, 0.8, 0.01], "B": [0.6, 0.6, 0.6]}
    for name, forecast in lecture["forecasts"].items():
        assert lecture["likelihoods"][name] == pytest.approx(math.prod(forecast))
        assert lecture["cross_entropies"][name] == pytest.approx(-math.log(math.prod(forecast)) / 3)
    assert lecture["cross_entropies"]["B"] < lecture["cross_entropies"]["A"]


def test_first_losses_are_the_logarithm_of_the_number_of_classes(lecture):
    assert lecture["first_losses"]["2 classes"] == pytest.approx(math.log(2), rel=1e-5)
    assert lecture["first_losses"]["10 classes"] == pytest.approx(math.log(10), rel=1e-5)
    assert lecture["softmax_parameters"] == weights(784, 10) == 7850


def test_naive_softmax_overflows_and_the_stable_one_does_not(lecture):
    assert lecture["naive_softmax"]["nan"] == [True, True, True]
    assert any("overflow" in warning for warning in lecture["naive_softmax"]["warnings"])
    assert lecture["stable_softmax"] == pytest.approx(np.exp([-2, -1, 0]) / np.exp([-2, -1, 0]).sum())


def test_gradients_agree_with_differences(lecture):
    assert lecture["gradient_differences"].keys() == {"softmax", "network"}
    assert max(lecture["gradient_differences"].values()) < 1e-4


def test_the_variance_of_the_gradient_falls_as_one_over_the_batch_size(lecture):
    noise = lecture["gradient_noise"]
    slope = np.polyfit(np.log(noise["batch_sizes"]), np.log(noise["variances"]), 1)[0]
    assert slope == pytest.approx(-1, abs=0.1)


def test_small_steps_win_for_the_same_images(lecture):
    loss = lecture["race"]
    assert max(loss["mini-batch of 64"], loss["single sample"]) < loss["full batch"] < math.log(10) + 0.01


def test_hidden_units_buy_accuracy_over_at_least_three_seeds(lecture):
    rows = lecture["hidden_units"]
    assert len(rows) == 4 and all(row["seeds"] >= 3 for row in rows)
    for row in rows:
        hidden = [row["units"]] if row["units"] else []
        assert row["parameters"] == weights(784, *hidden, 10)
    if lecture["data_is_sample"]:
        needs.require("data", "the lecture ran on the embedded sample, too small to show what a hidden layer buys")
    assert rows[-1]["error_percent"] < rows[0]["error_percent"] < 20
