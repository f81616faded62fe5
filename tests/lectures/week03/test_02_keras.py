"""Keras, and counting parameters: every count by building the weights, and what goes wrong with a softmax too many."""

import math

import numpy as np
import pytest

LECTURE = "week03_lenet/02_keras"


def dense(*widths):
    """Parameters of a stack of dense layers, one number a layer, by building every matrix."""
    return [np.empty((inputs, units)).size + np.empty(units).size for inputs, units in zip(widths, widths[1:], strict=False)]


def convolution(size, depth, filters):
    """Parameters of a convolution layer, by building its weights."""
    return np.empty((size, size, depth, filters)).size + np.empty(filters).size


LENET = [convolution(5, 1, 6), convolution(5, 6, 16), *dense(400, 120, 84, 10)]


def test_one_step_of_keras_is_the_numpy_step(lecture):
    step = lecture["one_step"]
    assert step["loss_by_hand"] == pytest.approx(step["loss_by_keras"], rel=1e-5)
    assert step["weight_difference"] < 1e-6


def test_three_dense_layers_on_three_inputs(lecture):
    assert lecture["tiny_parameters"] == dense(3, 4, 5, 2) == [16, 25, 12]


def test_one_convolution_and_the_dense_layer_that_reads_it(lecture):
    side = len(range(28 - 3 + 1))
    flat = side * side * 64
    counts = [convolution(3, 1, 64), 0, *dense(flat, 10)]
    assert lecture["one_convolution"] == {"parameters": counts, "flat": flat}
    assert (counts, flat, sum(counts)) == ([640, 0, 432_650], 43_264, 433_290)


def test_lenet5_by_hand_and_by_keras(lecture):
    lenet = lecture["lenet"]
    assert lenet["by_hand"] == lenet["by_keras"] == LENET == [156, 2416, 48_120, 10_164, 850]
    assert lenet["multiply_adds"] == [28 * 28 * 25 * 6, 10 * 10 * 150 * 16, 400 * 120, 120 * 84, 84 * 10]


def test_dense_layers_hold_the_parameters_and_convolutions_do_the_work(lecture):
    parameters, work = lecture["lenet"]["by_keras"], lecture["lenet"]["multiply_adds"]
    assert sum(parameters[2:]) > 0.95 * sum(parameters)
    assert sum(work[:2]) > 0.8 * sum(work)


def test_colour_costs_lenet_300_weights_and_triples_the_mlp(lecture):
    assert lecture["colour_parameters"] == [convolution(5, 3, 6), *LENET[1:]]
    assert sum(lecture["colour_parameters"]) == 62_006 == sum(LENET) + 300
    grey, colour = sum(dense(1024, 84, 10)), sum(dense(3072, 84, 10))
    assert lecture["mlp_parameters"] == {"1024": grey, "3072": colour} == {"1024": 86_950, "3072": 258_982}


def test_the_misprint_is_found_and_its_network_is_larger(lecture):
    assert lecture["second_convolution"] == {"printed": convolution(3, 6, 16), "right": convolution(5, 6, 16)}
    mistaken = convolution(5, 1, 6) + convolution(3, 6, 16) + sum(dense(6 * 6 * 16, 120, 84, 10))
    assert lecture["mistaken_total"] == mistaken == 81_290 > sum(LENET)


def test_softmax_twice_has_a_floor(lecture):
    probabilities = np.exp(np.eye(10)[0]) / np.exp(np.eye(10)[0]).sum()
    floor = -math.log(probabilities[0])
    assert lecture["softmax_twice"]["perfect_loss"] == pytest.approx(floor, abs=1e-4)
    assert min(lecture["softmax_twice"]["training_losses"]) > floor


def test_the_cnn_wins_with_fewer_weights_over_at_least_three_seeds(lecture):
    rows = {row["kind"]: row for row in lecture["comparison"]}
    cnn = convolution(3, 1, 16) + convolution(3, 16, 32) + sum(dense(5 * 5 * 32, 10))
    counts = {"softmax regression": sum(dense(784, 10)), "MLP": sum(dense(784, 64, 10)), "CNN": cnn}
    assert {kind: row["parameters"] for kind, row in rows.items()} == counts
    assert all(row["seeds"] >= 3 for row in rows.values())
    assert rows["CNN"]["accuracy"] > rows["softmax regression"]["accuracy"]
    assert counts["CNN"] < counts["MLP"]
