"""Week 4, lecture 3: worked numbers computed again, and the lecture's own measure on cases with a known answer."""

import numpy as np
import pytest

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
    assert recorded["parameters"] == expected == 24_570


def test_the_same_queries_give_the_same_number_as_in_week_1(recorded, executed, printed):
    ours, theirs = executed(LECTURE), executed(PIXELS)
    if {lecture.metadata.course.budget for lecture in (ours, theirs)} != {"ci"}:
        needs.require("built", "the two lectures were not both executed with the budget ci")
    if ("embedded sample" in printed(theirs)) != recorded["embedded_sample"]:
        needs.require("data", "one of the two lectures ran on the embedded sample")
    assert f"\nk = 7, L2: {recorded['pixel_accuracy_of_week_1']:.3f}," in printed(theirs)


def test_latent_neighbours_beat_pixels_and_the_untrained_network_on_test(recorded):
    tested = recorded["tested"]
    assert set(tested) == {"kNN on pixels", "kNN on latent, untrained", "kNN on latent, trained", "the network itself"}
    assert len(tested["kNN on pixels"]) == 1  # there is no seed in it
    for name in set(tested) - {"kNN on pixels"}:
        assert len(tested[name]) == 3 and recorded["seeds"] == [0, 1, 2] and np.std(tested[name]) > 0
    right = recorded["test_images"] * np.concatenate(list(tested.values()))
    assert right == pytest.approx(right.round()) and right.max() < recorded["test_images"]  # shares of so many images
    assert set(recorded["chosen_k"]) == {"pixels", "untrained", "trained"}
    assert set(recorded["chosen_k"].values()) <= {1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100}
    best, spread = np.mean(tested["kNN on latent, trained"]), np.std(tested["kNN on latent, trained"], ddof=1)
    error = np.sqrt(best * (1 - best) / recorded["test_images"])
    for name in ("kNN on pixels", "kNN on latent, untrained"):
        assert best - np.mean(tested[name]) > 2 * (spread + error)


def test_maps_have_their_numbers(recorded):
    rows = recorded["neighbours"]
    dimensions = {name: row["dimensions"] for name, row in rows.items()}
    assert dimensions == {"pixels": 32 * 32 * 3, "untrained network": 64, "trained network": 64}
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
    for choice in ("chosen =", "chosen[name] =", "over_k(", "training.repeat(", ".fit("):
        assert choice in before or choice == "chosen[name] ="
        assert choice not in after


def test_nothing_but_the_drawer_is_trained_on():
    text = (ROOT / "lectures" / f"{LECTURE}.py").read_text(encoding="utf-8")
    assert "\nx, y = prepared(cifar.train, DRAWER)\n" in text and "\nx_val, y_val = prepared(cifar.validation, CHECKS)\n" in text
    fits = [line for line in text.splitlines() if ".fit(" in line or "training.repeat(" in line]
    assert fits and all(".fit(x[:FEW], invented, " in line or "(build, seeds=SEEDS, x=x, y=y," in line for line in fits)
