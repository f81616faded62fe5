"""One trunk, several heads: names of metrics, the weighted sum, missing labels, class weights, sigmoid and softmax."""

import numpy as np
import pytest

LECTURE = "week08_multi_output/01_one_trunk_several_heads"


def test_each_head_has_a_loss_and_a_metric_by_name(lecture):
    heads = ("fine", "coarse")
    expected = {f"{head}_{what}" for head in heads for what in ("loss", "accuracy")} | {"loss"}
    assert set(lecture["names"]) == expected | {f"val_{name}" for name in expected}


def test_the_loss_is_the_weighted_sum(lecture):
    assert lecture["loss"] == pytest.approx(lecture["by_hand"], rel=1e-3)


def test_both_right_cannot_be_more_than_either(lecture):
    assert 0 < lecture["exact"] <= min(lecture["fine"], lecture["coarse"])
    assert lecture["exact"] > lecture["fine"] * lecture["coarse"], "hard pictures are hard for both heads"


def test_what_stands_in_the_gaps_has_no_effect(lecture):
    first, second = lecture["gaps"]
    assert first == pytest.approx(second, rel=1e-5) == pytest.approx(lecture["keras_loss"], rel=1e-5)


def test_keras_divides_by_all_pictures(lecture):
    known, everything = lecture["divided"]
    assert lecture["keras_loss"] == pytest.approx(everything, rel=1e-3)
    assert known > 3 * everything
    assert lecture["balanced"] == pytest.approx(1, rel=1e-5)


def test_class_weight_is_refused_with_two_outputs(lecture):
    assert "class_weight" in lecture["refused"] and "single output" in lecture["refused"]
    assert np.ptp(lecture["totals"]) < 1e-3 * np.mean(lecture["totals"])


def test_a_softmax_names_one_kind_at_most(lecture):
    none, one, two, three = lecture["named"]["softmax"]
    assert none + one > 0 and two == three == 0
    assert lecture["named"]["sigmoid"][2] + lecture["named"]["sigmoid"][3] > 0
