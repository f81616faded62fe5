"""Fine-tuning: frozen weights that stay, worked numbers computed again, and what the comparisons must show."""

import re

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.experiments import verdict
from pipeline import ROOT
from pipeline.notebooks import code_of, read_source
from tests import needs

LECTURE = "week07_transfer/02_fine_tuning"


def needs_trained_weights(lecture):
    if lecture["weights_from"].startswith("none"):
        needs.require("data", "executed without pre-trained weights")


def test_test_images_are_opened_after_all_choices():
    before, _, after = code_of(read_source(ROOT / "lectures" / f"{LECTURE}.py")).partition("x_test")
    assert after and ".test.images" not in before and ".test.labels" not in before
    assert not re.search(r"\b(K|VOTERS) = ", after)


def test_counts_of_moving_weights(lecture):
    rows = {row["k"]: row for row in lecture["movable"]}
    assert list(rows) == [0, 1, 3, 19]
    assert (rows[0]["moving"], rows[0]["fixed"]) == (1280 * 10 + 10, 2_257_984)
    assert rows[1]["moving"] - rows[0]["moving"] == 320 * 1280  # the last convolution: 1 x 1, no bias
    assert {row["moving"] + row["fixed"] for row in rows.values()} == {2_257_984 + 12_810}


def test_frozen_weights_did_not_move(lecture):
    assert lecture["moved_before_compiling_again"] == 0
    assert lecture["moved_layers"] == ["Conv_1"] and lecture["layers_with_weights"] == 104 and lecture["unmoved_layers"] == 103


def test_the_cut_is_exact(lecture):
    assert 0 <= lecture["differ_at_most"] < 1e-3 * lecture["largest_logit"]


def test_logistic_regression_as_dense(lecture):
    small = {name: np.array(value) for name, value in lecture["small_head"].items()}
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(small["x"], small["y"])
    logits = small["x"] @ small["kernel"] + small["bias"]
    assert logits == pytest.approx(fitted.decision_function(small["x"]), abs=1e-9)
    heads = lecture["heads"]
    assert len(heads["as Dense"]) == 3 and heads["as Dense"] == pytest.approx(heads["logistic regression"], abs=0.5)


def test_care_and_no_care(lecture):
    needs_trained_weights(lecture)
    assert np.mean(lecture["lost_by_features"]) > 10
    assert lecture["untouched_calls_the_cat"] == "Egyptian cat" != lecture["wrecked_calls_the_cat"]


def test_batch_normalisation_moves_unless_frozen(lecture):
    moved = lecture["averages_moved"]
    assert moved["never called"] == moved["batches of 2, frozen"] == 0
    assert all(moved[f"batches of {size}"] > 0 for size in (32, 8, 2))


def test_four_ways(lecture):
    needs_trained_weights(lecture)
    pixels, scratch, features, fine = (
        np.mean(lecture["tested"][way])
        for way in ("pixels + kNN", "from scratch", "features + logistic regression", "fine-tuned")
    )
    assert 10 < pixels < scratch < min(features, fine)  # guessing: 10


def test_shuffling_hurts_only_who_knows_neighbours(lecture):
    plain, shuffled = (np.array(lecture["other_sets"][name]) for name in ("digits", "shuffled digits"))
    pixels, features, scratch = (
        np.mean((shuffled - plain)[lecture["methods"].index(method)]) for method in ("pixels", "features", "from scratch")
    )
    assert abs(pixels) < 1
    needs_trained_weights(lecture)
    assert features < scratch - 10


def test_transfer_hurts_where_the_prior_is_wrong(lecture):
    needs_trained_weights(lecture)
    assert set(lecture["other_sets"]) == {"digits", "shuffled digits", "dots"}
    assert all(10 < score <= 100 for rows in lecture["other_sets"].values() for row in rows for score in row)
    scores = dict(zip(lecture["methods"], np.array(lecture["other_sets"]["shuffled digits"]), strict=True))
    for other in ("pixels", "from scratch"):
        assert verdict(scores["features"], scores[other], paired=True, comparisons=6).word == "lower"
        assert np.mean(scores["features"]) < np.mean(scores[other]) - 24  # dozens of points


def test_photographs_are_nearest(lecture):
    needs_trained_weights(lecture)
    assert all(row[level] > 0 for row in lecture["distances"] for level in ("first", "block 6", "last"))
    first = {row["set"]: row["first"] for row in lecture["distances"]}
    assert set(first) == {"photographs", "digits", "shuffled digits", "dots"} and min(first, key=first.get) == "photographs"
    last = {row["set"]: row["last"] for row in lecture["distances"]}
    assert last["shuffled digits"] < last["digits"]  # although transfer is worth far less on them
