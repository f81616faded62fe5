"""Week 4, lecture 3: worked numbers computed again, and the lecture's own measure on cases with a known answer."""

import numpy as np
import pytest

from helpers.experiments import board, proportion
from pipeline import ROOT
from tests import needs

LECTURE = "week04_visualization/03_latent_space"
PIXELS = "week01_knn/02_nearest_neighbours"


@pytest.fixture(scope="module")
def recorded(values):
    return values(LECTURE)


def test_the_network_has_the_parameters_that_arithmetic_gives_it(recorded):
    # Kernels without biases, four numbers a map for batch normalisation, and the dense layer.
    expected = sum(w * w * i * o + 4 * o for w, i, o in [(3, 3, 16), (3, 16, 32), (3, 32, 64)]) + 64 * 10 + 10
    assert recorded["parameters"] == expected == 24_570  # of the small network that learns invented labels


def test_the_same_queries_give_the_same_number_as_in_week_1(recorded, executed, printed):
    ours, theirs = executed(LECTURE), executed(PIXELS)
    if {lecture.metadata.course.budget for lecture in (ours, theirs)} != {"ci"}:
        needs.require("built", "the two lectures were not both executed with the budget ci")
    if ("embedded sample" in printed(theirs)) != recorded["embedded_sample"]:
        needs.require("data", "one of the two lectures ran on the embedded sample")
    assert f"\nk = 7, L2: {recorded['pixel_accuracy_of_week_1']:.3f}," in printed(theirs)


def test_latent_neighbours_beat_pixels_hog_and_the_untrained_network(recorded):
    tested = recorded["tested"]
    assert set(tested) == {"kNN on pixels", "kNN on HOG", "kNN on untrained", "kNN on trained", "the network itself"}
    right = recorded["test_images"] * np.array(list(tested.values()))
    assert right == pytest.approx(right.round()) and right.max() < recorded["test_images"]  # shares of so many images
    assert set(recorded["chosen_k"]) == {"pixels", "HOG", "untrained", "trained"}
    assert set(recorded["chosen_k"].values()) <= {1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100}
    if recorded["embedded_sample"]:
        needs.require("data", "the lecture ran on the embedded sample, which has too few images for what real data show")
    low, _ = proportion(round(tested["kNN on trained"] * recorded["test_images"]), recorded["test_images"])
    assert low > max(tested[name] for name in ("kNN on pixels", "kNN on HOG", "kNN on untrained")) + 0.2
    assert abs(tested["the network itself"] - tested["kNN on trained"]) < 0.06


def test_only_the_trained_network_gets_better_from_block_to_block(recorded):
    if recorded["embedded_sample"]:
        needs.require("data", "the lecture ran on the embedded sample, which has too few images for what real data show")
    profile = recorded["profile"]
    first, second, latent, _ = profile["trained"]
    assert first < second < latent and latent > max(profile["untrained"]) + 0.3
    assert first > max(recorded["validated"]["HOG"])  # after one block already
    untrained, pixels = profile["untrained"], max(recorded["validated"]["pixels"])
    assert max(untrained) == max(untrained[:2]) < max(recorded["validated"]["HOG"]) and untrained[-1] < pixels
    assert abs(max(recorded["validated"]["untrained"]) - pixels) < 0.05  # about as well as pixels


def test_two_of_three_strangers_are_noticed(recorded):
    if recorded["embedded_sample"]:
        needs.require("data", "the lecture ran on the embedded sample, which has too few images for what real data show")
    farther = recorded["strangers"]
    assert min(farther["coffee"], farther["astronaut"]) > 0.9 and max(farther["rocket"], farther["cat"]) < 0.8
    in_pixels, in_latent = recorded["neighbours_with_the_label"]
    assert in_latent > 20 > 10 > in_pixels  # of 24
    assert recorded["same_kind"]["trained network"] > 0.95 > 0.75 > recorded["same_kind"]["pixels"]


def test_the_scoreboard_tests_the_thesis():
    rows = {line.method: line for line in board.lines(4)}
    assert rows["HOG"].low > rows["pixels"].high
    for learned in ("residual network", "residual network itself"):
        assert rows[learned].low > rows["HOG"].high + 20


def test_maps_have_their_numbers(recorded):
    rows = recorded["neighbours"]
    dimensions = {name: row["dimensions"] for name, row in rows.items()}
    assert dimensions == {"pixels": 32 * 32 * 3, "untrained network": 192, "trained network": 192}
    if recorded["embedded_sample"]:
        needs.require("data", "the lecture ran on the embedded sample, which has too few images for what real data show")
    for where in ("in_space", "on_map"):
        best = max(rows[name][where] for name in ("pixels", "untrained network"))
        assert rows["trained network"][where] > 1.3 * best


def test_invented_labels_make_order(recorded):
    assert 0.6 < recorded["invented_learned"] <= 1
    agreement = recorded["agreement_after_invented_labels"]
    assert agreement["invented labels"] > 2 * agreement["true labels"]


def test_label_agreement_on_known_cases(recorded):
    agreement = recorded["agreement_of"]
    assert agreement["two groups, 3 neighbours"] == 1
    assert agreement["two groups, 4 neighbours"] == pytest.approx(3 / 4)
    assert agreement["all labels different"] == 0
    assert agreement["30 points at one place"] == 1  # the point itself may not be among its nearest
    assert agreement["ten labels by lot"] == pytest.approx(0.1, abs=0.02)


def test_the_test_part_is_opened_once_after_all_choices():
    text = (ROOT / "lectures" / f"{LECTURE}.py").read_text(encoding="utf-8")
    before, _, after = text.partition("x_test, y_test = prepared(cifar.test, ")
    assert after and not any(use in before for use in ("cifar.test", "x_test", "y_test")) and "cifar.test" not in after
    for choice in ("chosen = ", "over_k(", ".fit("):
        assert choice in before and choice not in after


def test_nothing_but_the_drawer_is_trained_on():
    text = (ROOT / "lectures" / f"{LECTURE}.py").read_text(encoding="utf-8")
    assert "\nx, y = prepared(cifar.train, DRAWER)\n" in text and "\nx_val, y_val = prepared(cifar.validation, CHECKS)\n" in text
    fits = [line for line in text.splitlines() if ".fit(" in line]
    assert fits and all(".fit(x[:FEW], invented, " in line for line in fits)
