"""Augmentation: what the layers do to pixels and labels, computed again, and which changes break the label."""

import numpy as np
import pytest
from scipy import stats

LECTURE = "week06_augmentation/01_augmentation"


def test_a_network_does_not_know_shifts(lecture):
    means = [np.mean(lecture["by_shift"][pixels]) for pixels in ("0", "1", "2", "4", "6")]
    assert means == sorted(means, reverse=True) and means[-1] > 0
    assert means[0] > 80 and means[0] > means[2] + 5 and means[-1] < means[0] / 2


def test_factors_are_shares(lecture):
    assert lecture["moved_to_row"] == pytest.approx(31.5 + 0.25 * 64)
    assert lecture["zoomed_areas"]["0.5"] == pytest.approx(256 / 1.5**2, rel=0.05)  # zoomed out: every length divided by 1.5
    assert lecture["zoomed_areas"]["-0.5"] == pytest.approx(256 / 0.5**2, rel=0.01)
    assert abs(lecture["rotated_by"]) == pytest.approx(0.1 * 360, abs=0.5)


def test_a_pair_of_factors_says_what_is_meant(lecture):
    assert lecture["contrast_factors"] == pytest.approx([0.5, 1.5], abs=0.02)
    assert lecture["erased"]["pair"] == 1
    assert 0.45 <= lecture["erased"]["number"] <= 0.55  # P(u < v) of two uniform draws


def test_forgotten_value_range(lecture):
    forgotten, given = lecture["brightened"]["range left out"], lecture["brightened"]["range given"]
    assert forgotten["lowest"] == 0 and 40 < forgotten["highest"] <= 1 + 0.2 * 255 and 0.4 <= forgotten["black"] <= 0.6
    assert given == {"lowest": 0, "highest": 1, "black": 0}


def test_mixup_by_hand(lecture):
    mixture = lecture["mixture"]
    assert mixture["share"] == 0.7 and mixture["label"] == pytest.approx([0.7, 0.3, 0])
    cat, cup = mixture["pixels"]
    assert mixture["pixel"] == pytest.approx(0.7 * cat + 0.3 * cup)
    losses = -np.log(mixture["answer"])
    assert mixture["loss"] == pytest.approx(0.7 * losses[0] + 0.3 * losses[1])
    assert lecture["shape_of_mixed_numbers"] == [3, 3]  # class numbers in place of one-hot labels: not even the shape stays


def test_few_mixtures_are_even_when_alpha_is_small(lecture):
    assert set(lecture["mixed_well"]) == {"0.2", "1.0", "5.0"}
    for alpha, share in lecture["mixed_well"].items():
        spread = stats.beta(float(alpha), float(alpha))
        assert spread.cdf(0.9) - spread.cdf(0.1) == pytest.approx(share, abs=0.01)


def test_mixed_labels_say_what_the_pixels_hold(lecture):
    labels = np.array(lecture["mixup_labels"])
    assert labels.sum(axis=1) == pytest.approx(1) and np.count_nonzero(labels, axis=1).tolist() == [2, 2, 2]
    assert labels @ lecture["means"] == pytest.approx(lecture["mixup_means"], abs=0.01)
    labels, pixels = np.array(lecture["cutmix_labels"]), np.array(lecture["cutmix_pixels"])
    assert labels.sum(axis=1) == pytest.approx(1) and pixels.sum(axis=1) == pytest.approx(1)
    assert np.abs(labels - pixels).max() <= 0.02


def test_layers_sleep_at_prediction(lecture):
    differences = lecture["differences"]
    assert differences["predict twice"] == differences["with and without"] == 0
    assert differences["training twice"] > 0.1 and differences["bare layer"] > 100


def test_randaugment_draws_for_the_batch(lecture):
    assert lecture["randaugment"] == {"operations": 2, "images": 8}
    assert 0.4 <= lecture["flipped"] <= 0.6


def test_seeds(lecture):
    assert lecture["same_seed_is_equal"] and not lecture["second_call_is_equal"]
    assert lecture["correlations"]["1"] == pytest.approx(1) and abs(lecture["correlations"]["2"]) < 0.2
    first, second = lecture["losses_from_one_seed"]
    assert first == pytest.approx(second, rel=1e-5)


def test_turned_digits(lecture):
    scores = {name: np.mean(accuracies) for name, accuracies in lecture["changed_digits"].items()}
    assert len(scores) == 5
    assert all(scores["as it is"] > 25 + score for name, score in scores.items() if name != "as it is")
    called = np.array(lecture["turned_digits"])
    assert called[6, 9] > called[6, 6] and called[9, 6] > called[9, 9]
    kept = called.diagonal() / called.sum(axis=1)
    assert kept == pytest.approx(lecture["kept"]) and min(kept[0], kept[1]) > max(kept[6], kept[9])
    assert 100 * called.trace() / called.sum() == pytest.approx(scores["turned by 180"])


def test_small_crops_lose_the_cup(lecture):
    lost = [lecture["lost_in_crops"][side] for side in ("144", "112", "80", "60")]
    assert lost == sorted(lost) and lost[0] == 0 and lost[-1] > 0.1
