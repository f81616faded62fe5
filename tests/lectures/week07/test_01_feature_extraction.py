"""Feature extraction: the start as a prior, the price of an image, the cache, and what the weights are worth."""

import re

import numpy as np
import pytest

from pipeline import ROOT
from pipeline.notebooks import code_of, read_source
from tests import needs

LECTURE = "week07_transfer/01_feature_extraction"


def needs_trained_weights(lecture):
    if lecture["weights_from"].startswith("none"):
        needs.require("data", "executed without pre-trained weights")


def test_test_images_are_opened_after_all_choices():
    before, _, after = code_of(read_source(ROOT / "lectures" / f"{LECTURE}.py")).partition("x_test")
    assert after and ".test.images" not in before and ".test.labels" not in before
    assert "STRENGTHS" not in after and not re.search(r"\b(K|C) = ", after)


def test_start_decides_while_data_are_few(lecture):
    assert lecture["examples"] == [2, 5, 10, 20, 30, 38] and lecture["unknowns"] == 40
    zero, related, unrelated = (
        np.array(lecture["start_errors"][start]) for start in ("zero", "a related task", "an unrelated task")
    )
    assert (related < zero).all() and (zero < unrelated).all()
    # n of 40 directions are fixed, the others remain.
    assert zero == pytest.approx(1 - np.array(lecture["examples"]) / 40, abs=0.05)
    assert related / zero == pytest.approx(related[0] / zero[0], abs=0.25)


def test_the_formula_gives_the_nearest_solution(lecture):
    x, start, y, solution = (np.array(lecture["solved"][name]) for name in ("x", "start", "y", "solution"))
    assert x @ solution == pytest.approx(y, abs=1e-9)
    null = np.linalg.svd(x)[2][len(x) :]  # directions that no example points to
    assert null @ solution == pytest.approx(null @ start, abs=1e-9)


def test_the_network_names_cat_and_coffee(lecture):
    needs_trained_weights(lecture)
    assert lecture["first_choices"] == ["Egyptian cat", "espresso"]
    assert lecture["unchanged_if_scaled_twice"] == 0


def test_the_price_goes_with_the_area(lecture):
    for times, size in ((2, "64"), (3, "96")):
        assert lecture["work_by_size"][size] / lecture["work_by_size"]["32"] == pytest.approx(times**2, rel=0.15)
    assert lecture["work_of_tiny"] == 6 * 6 * 3 * 3 * 3 * 4 + 4 * 4 * 3 * 3 * 4
    assert lecture["work_of_whole"] == pytest.approx(300e6, rel=0.02)  # as its authors state


def test_the_cache_adds_up(lecture):
    assert lecture["features"] == 1280 and lecture["bytes_of_features"] == lecture["images"] * 1280 * 4
    assert set(lecture["keys"]) == {"as it is", "one bit of one pixel", "another order", "another size", "other weights"}
    assert len(set(lecture["keys"].values())) == 5 and all(len(key) == 16 for key in lecture["keys"].values())


def test_a_dense_head_does_what_logistic_regression_does(lecture):
    assert lecture["dense_weights"] == 1280 * 10 + 10
    assert np.mean(lecture["dense_agrees"]) >= 0.9
    assert np.mean(lecture["dense_accuracies"]) == pytest.approx(lecture["logistic_accuracy"], abs=0.04)


def test_features_beat_scratch_beats_pixels(lecture):
    needs_trained_weights(lecture)
    pixels, scratch, features = (
        100 * np.mean(lecture["tested"][way]) for way in ("pixels + kNN", "from scratch", "features + logistic regression")
    )
    assert 0 < pixels and pixels + 5 < scratch < features - 10
    assert lecture["gained_by_weights"] > 20
