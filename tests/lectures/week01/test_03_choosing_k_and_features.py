"""Choosing k, and better features: what must hold of the measured accuracies under any budget."""

import numpy as np
import pytest

from helpers.experiments import board

LECTURE = "week01_knn/03_choosing_k_and_features"
WHOLE_SEARCH = 0.3539  # 1-NN, Euclidean distance, 50,000 training and 10,000 test images


def test_training_images_vote_for_one_neighbour(lecture):
    accuracy = dict(zip(lecture["ks"], lecture["accuracy_on_training"], strict=True))
    assert accuracy[1] == accuracy[2] == 1
    assert accuracy[max(accuracy)] < 0.5


def test_the_luckiest_guesser_has_learned_nothing(lecture):
    luckiest = lecture["luckiest_guesser"]
    assert lecture["guessers"] == 1000
    assert np.mean(luckiest["selected"]) > 0.13
    assert np.mean(luckiest["fresh"]) == pytest.approx(0.1, abs=0.01)


def test_validation_promises_what_the_test_gives(lecture):
    promised = max(lecture["validation_accuracies"])
    assert lecture["chosen_k"] == lecture["ks"][lecture["validation_accuracies"].index(promised)]
    assert promised == pytest.approx(lecture["test_accuracy"], abs=2 * lecture["test_margin"])
    assert 0.2 < promised < 0.4


def test_the_whole_search_hits_the_known_answer(lecture):
    search = lecture["search"]
    if lecture["whole_set_searched"]:
        assert (search["training"], search["test"]) == (50_000, 10_000)
        assert search["accuracy"] == pytest.approx(WHOLE_SEARCH, abs=5e-5)
    else:
        error = np.sqrt(WHOLE_SEARCH * (1 - WHOLE_SEARCH) / search["test"])
        assert 0.1 < search["accuracy"] < WHOLE_SEARCH + 3 * error  # fewer neighbours to choose from


def test_hubs_are_flat_images(lecture):
    assert lecture["contrast"]["hubs"] < lecture["contrast"]["pool"]


def test_pixels_win_on_centred_digits_and_features_on_moved_ones(lecture):
    pixels, features = lecture["digit_pixels"], lecture["digit_features"]
    assert pixels["centred"] > 0.85 > features["centred"]
    assert features["moved"] == features["centred"] > 0.6 > 0.4 > pixels["moved"]


def test_hog_beats_pixels_with_a_ninth_of_the_numbers(lecture):
    accuracy, length = lecture["cifar_test_accuracies"], lecture["feature_lengths"]
    assert accuracy["HOG (324)"] > accuracy["pixels (3072)"] + 0.05
    assert length["HOG (324)"] == 324 < length["pixels (3072)"] / 9


def test_the_map_hides_a_gap_that_is_there(lecture):
    gap = lecture["gap_ratio"]
    assert gap["true"] == pytest.approx(9, abs=0.5)
    assert gap["map"] < gap["true"] / 2


def test_hog_is_twenty_points_above_pixels_on_the_scoreboard():
    rows = {line.method: line for line in board.lines(1)}
    assert 19.5 <= rows["HOG"].accuracy - rows["pixels"].accuracy < 20.5
    assert rows["HOG"].low > rows["pixels"].high
    assert all(line.high - line.low < 2 for line in rows.values())  # as narrow as the markers


@pytest.mark.parametrize(("method", "published"), [("pixels, L2, k = 1", 35.4), ("pixels, L1, k = 1", 38.6)])
def test_the_published_figures_are_measured_again(method, published):
    rows = {line.method: line for line in board.lines(1)}
    assert round(rows[method].accuracy, 1) == published


def test_l1_is_three_points_ahead_of_l2():
    rows = {line.method: line for line in board.lines(1)}
    one, two = rows["pixels, L1, k = 1"], rows["pixels, L2, k = 1"]
    assert 2.5 < one.accuracy - two.accuracy < 3.5 and one.low > two.high
    assert rows["HOG"].accuracy - rows["pixels"].accuracy > 5 * (one.accuracy - two.accuracy)
