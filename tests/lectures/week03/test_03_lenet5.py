"""LeNet-5, 1998 and now: the parameters of the paper and of the textbooks, and the steps between them."""

import numpy as np

from helpers.experiments import board, lenet5, trained, verdict
from tests import needs

LECTURE = "week03_lenet/03_lenet5"


def conv(window, maps_in, maps_out):
    return window * window * maps_in * maps_out + maps_out


TEXTBOOK = [conv(5, 1, 6), conv(5, 6, 16), conv(5, 16, 120), 120 * 84 + 84, 84 * 10 + 10]


def test_network_of_1998_has_the_parameters_of_the_paper(lecture):
    expected = {
        "C1": conv(5, 1, 6),
        "S2": 2 * 6,
        "C3": 25 * (6 * 3 + 9 * 4 + 6) + 16,
        "S4": 2 * 16,
        "C5": conv(5, 16, 120),
        "F6": 120 * 84 + 84,
        "output": 0,
    }
    assert lecture["trainable_1998"] == expected
    assert list(expected.values()) == [156, 12, 1516, 32, 48_120, 10_164, 0]
    assert sum(expected.values()) == 60_000


def test_connections_of_the_network_of_1998(lecture):
    assert lecture["connections"] == {
        "C1": 156 * 28**2,
        "S2": 5 * 6 * 14**2,
        "C3": 1516 * 10**2,
        "S4": 5 * 16 * 5**2,
        "C5": 48_120,
        "F6": 10_164,
        "output": 84 * 10,
    }
    assert sum(lecture["connections"].values()) == 340_908


def test_lenet_of_the_textbooks(lecture):
    assert lecture["textbook_parameters"] == TEXTBOOK == [156, 2416, 48_120, 10_164, 850]
    assert sum(TEXTBOOK) == 61_706


def test_colour_images_and_the_network_without_convolutions(lecture):
    first = conv(5, 3, 6)
    assert lecture["colour"] == {"first_layer": first, "total": sum(TEXTBOOK) + first - TEXTBOOK[0]}
    assert first == 456 and lecture["colour"]["total"] == 62_006
    assert lecture["first_layer_on_cifar10"] == first
    assert lecture["mlp_parameters"] == {str(inputs): (inputs + 1) * 84 + 85 * 10 for inputs in (1024, 3072)}
    assert lecture["mlp_parameters"] == {"1024": 86_950, "3072": 258_982}


def test_the_mistake_is_found(lecture):
    assert lecture["second_convolution"] == {"slide": conv(3, 6, 16), "right": conv(5, 6, 16)}


def test_every_step_is_trained_and_judged_by_the_one_function(lecture):
    steps = dict(lecture["steps"])
    assert len(steps) == len(lenet5.STEPS) and list(steps)[0] == "LeNet-5, 1998"
    assert all(len(numbers) == 3 for numbers in steps.values())
    names = list(steps)
    judged = [verdict(steps[b], steps[a], comparisons=7).word for a, b in zip(names, names[1:], strict=False)]
    assert lecture["verdicts"] == judged


# --- the trained networks: what the prose says of them --------------------------------------------------------


def test_the_cards_say_what_the_prose_says():
    old, modern = trained.card("mnist-lenet5-1998"), trained.card("mnist-lenet5")
    assert round((1 - old["test_accuracy"]) * 10_000) == 115 and round((1 - modern["test_accuracy"]) * 10_000) == 58
    assert (old["test_accuracy"], modern["test_accuracy"]) == (0.9885, 0.9942)
    assert old["test_interval"][1] < modern["test_interval"][0]  # the intervals do not overlap
    assert old["recipe"]["rate"] != modern["recipe"]["rate"] and (old["recipe"]["shift"], modern["recipe"]["shift"]) == (0, 2)
    assert {card["images"] for card in (old, modern)} == {55_000} and {card["recipe"]["epochs"] for card in (old, modern)} == {12}


def test_the_confusions_are_those_of_the_whole_test_set(lecture, executed, printed):
    if "EMBEDDED SAMPLE" in printed(executed(LECTURE)):
        needs.require("data", "the lecture ran on the embedded sample")
    matrix = np.array(lecture["matrix"])
    assert matrix.sum() == 10_000
    assert abs(np.trace(matrix) - 9942) <= 10  # other versions may differ by a few


def test_trained_windows_are_orderly_and_random_ones_are_not(lecture):
    alike = lecture["alike"]
    assert abs(alike["random"]) < 0.2 and min(alike["modern"], alike["1998"]) > 0.3


def test_what_lenet5_learned_beats_features_made_by_hand():
    rows = {line.method: line for line in board.lines(3)}
    assert rows["LeNet-5"].accuracy > rows["HOG"].accuracy + 15 and rows["LeNet-5"].low > rows["HOG"].high
