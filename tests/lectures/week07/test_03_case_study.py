"""The case study: the pile and its copies, thresholds and what they promise, computed again."""

import math
import re

import numpy as np
import pytest

from helpers.experiments import interval
from pipeline import ROOT
from pipeline.notebooks import code_of, read_source
from tests import needs

LECTURE = "week07_transfer/03_case_study"


def needs_everything(lecture):
    if not lecture["complete"]:
        needs.require("data", "executed without the photographs or the weights: too little for what they show")


# --- the pile and its copies -------------------------------------------------------------------------------


def test_one_picture_in_five_is_wanted(lecture):
    kinds = lecture["kinds"]
    assert sum(row["pictures"] for row in kinds.values()) == lecture["pile"]
    assert all(row["wanted"] == (row["pictures"] if kind.startswith("event") else 0) for kind, row in kinds.items())
    assert sum(row["wanted"] for row in kinds.values()) / lecture["pile"] == pytest.approx(0.2, abs=0.03)
    assert kinds["meme on event"]["pictures"] > 0  # a meme goes, whatever is behind its words


def test_planted_copies_are_found(lecture):
    dropped = lecture["pile"] - lecture["pictures"]
    assert dropped == pytest.approx(lecture["pile"] / 1.1 / 30, abs=3)  # a third of a tenth; a copy of a copy may add one
    for kind in ("posted again", "meme and background"):
        assert 0.8 * lecture["linked"][kind]["pairs"] < lecture["linked"][kind]["linked"] <= lecture["linked"][kind]["pairs"]
    crops = lecture["linked"]["crops of one odd picture"]
    assert 0 <= crops["linked"] < crops["pairs"] / 2  # a difference hash sees the picture as a whole
    assert 1 < lecture["groups"] < lecture["pictures"]


def test_fingerprint_survives_light_and_not_another_picture(lecture):
    prints = lecture["fingerprints"]
    assert prints["shape"] == [2, 64] and prints["values"] == [-1, 1]
    assert (
        0 <= min(prints["bits changed by light"])
        and max(prints["bits changed by light"]) <= 6
        and prints["bits between two"] > 15
    )


def test_a_cut_by_groups_leaves_fewer_relatives(lecture):
    at_random, by_groups = (np.mean(lecture["share_with_relative"][cut]) for cut in ("pictures at random", "groups"))
    assert 0 <= by_groups < at_random / 2
    needs_everything(lecture)
    assert 1 >= lecture["nearest_is_right"]["copy in training"] > lecture["nearest_is_right"]["others"] > 0.5


def test_the_random_cut_does_not_flatter_visibly(lecture):
    needs_everything(lecture)
    at_random, by_groups = (np.array(lecture["scores_of_cuts"][cut]) for cut in ("pictures at random", "groups"))
    assert by_groups.mean(axis=0).min() > 0.95  # the simple model is right about nearly all
    for one, other in zip(at_random.T, by_groups.T, strict=True):
        assert abs(one.mean() - other.mean()) < max(interval(one)[1], interval(other)[1])


# --- scores and thresholds ---------------------------------------------------------------------------------


def test_base_rate(lecture):
    assert lecture["base_rate"] == pytest.approx(lecture["development"]["wanted"] / lecture["development"]["pictures"])


def test_keras_and_scikit_learn_are_one_model(lecture):
    assert lecture["keras"]["parameters"] == 1280 + 1
    assert 0 <= lecture["keras"]["apart"] < 0.03 and lecture["keras"]["agree"] > 0.97


def test_chosen_strength_has_the_smallest_log_loss(lecture):
    losses = {row["C"]: np.mean(row["log losses"]) for row in lecture["log_losses"]}
    assert lecture["best_C"] == min(losses, key=losses.get)
    rate = lecture["base_rate"]
    blind = -rate * math.log(rate) - (1 - rate) * math.log(1 - rate)
    assert lecture["log_loss_of_base_rate"] == pytest.approx(blind)
    needs_everything(lecture)
    assert losses[lecture["best_C"]] < blind / 2


def test_four_counts_give_both_shares(lecture):
    tp, fp, fn, _ = lecture["at_half"]["counts"]
    assert lecture["at_half"]["recall"] == pytest.approx(tp / (tp + fn))
    assert lecture["at_half"]["precision"] == pytest.approx(tp / (tp + fp))


def test_rules_keep_on_validation_what_they_promise_there(lecture):
    """Rows of recall, precision and cost, one for each seed."""
    validation, test = ({rule: np.array(rows) for rule, rows in lecture[part].items()} for part in ("validation", "test"))
    assert set(validation) == set(test) == {"0.5", "1/11", "cheapest", "recall 98 %", "98 %, pooled"}
    assert validation["recall 98 %"][:, 0].min() >= 0.98
    for rows in validation.values():
        assert (validation["cheapest"][:, 2] <= rows[:, 2] + 1e-9).all()
    validation, test = ({rule: rows.mean(axis=0) for rule, rows in part.items()} for part in (validation, test))
    assert validation["98 %, pooled"][0] >= 0.979
    needs_everything(lecture)
    for row in (validation, test):
        assert row["recall 98 %"][0] > row["0.5"][0] and row["recall 98 %"][1] < row["0.5"][1]
        assert row["1/11"][2] < row["0.5"][2]  # costs ask for a low threshold
    wanted = lecture["tested"]["wanted"] / lecture["tested"]["pictures"]
    assert lecture["cost_of_dropping_all"] == pytest.approx(100 * 10 * wanted)
    assert test["1/11"][2] < min(100 * 10 * wanted, 100 * (1 - wanted))


def test_costs_follow_from_recall_and_precision(lecture):
    wanted, pictures = lecture["tested"]["wanted"], lecture["tested"]["pictures"]
    for rows in lecture["test"].values():
        recall, precision, cost = np.transpose(rows)
        lost, kept_wrongly = wanted * (1 - recall), wanted * recall * (1 / precision - 1)
        assert cost == pytest.approx(100 * (kept_wrongly + 10 * lost) / pictures)


def test_threshold_for_a_recall_by_a_second_computation(lecture):
    assert [row["recall"] for row in lecture["thresholds_by_recall"]] == [0.8, 0.9, 0.98]
    for row in lecture["thresholds_by_recall"]:
        of_wanted = [score for score, wanted in zip(row["scores"], row["truths"], strict=True) if wanted]

        def kept(threshold, scores=of_wanted):
            return np.mean([score >= threshold for score in scores])

        assert row["threshold"] == max(score for score in of_wanted if kept(score) >= row["recall"] - 1e-9)
        assert row["reached"] == pytest.approx(kept(row["threshold"]))


def test_wilson_and_the_rule_of_three(lecture):
    assert [(row["hits"], row["of"]) for row in lecture["wilson"][1:]] == [(150, 150), (980, 1000)]
    for row in lecture["wilson"]:
        share = row["hits"] / row["of"]
        for end in row["interval"]:  # the interval's ends solve |p - share| = z sqrt(p (1 - p) / n)
            assert abs(end - share) == pytest.approx(1.96 * math.sqrt(max(end * (1 - end), 0) / row["of"]), abs=1e-6)
    assert 1 - 0.05 ** (1 / 150) == pytest.approx(3 / 150, rel=0.02)


def test_the_interval_of_the_opened_test(lecture):
    opened = lecture["opened"]
    hits, wanted = opened["kept rightly"], opened["kept rightly"] + opened["lost"]
    assert wanted == lecture["tested"]["wanted"]
    assert wanted + opened["kept wrongly"] + opened["dropped rightly"] == lecture["tested"]["pictures"]
    assert opened["recall"] == pytest.approx(hits / wanted)
    for low, high in (opened["bootstrap"], opened["wilson"]):
        assert low <= opened["recall"] <= high


def test_precision_follows_the_base_rate(lecture):
    opened = lecture["opened"]
    assert opened["slips"] == pytest.approx(opened["kept wrongly"] / (opened["kept wrongly"] + opened["dropped rightly"]))
    rarest = 1 / opened["rarest"]
    rightly, wrongly = rarest * opened["recall"], (1 - rarest) * opened["slips"]
    assert opened["rarest"] == 200 and opened["precision if so rare"] == pytest.approx(rightly / (rightly + wrongly))


# --- calibration, mistakes, and the person -----------------------------------------------------------------


def test_weights_lift_the_probabilities(lecture):
    needs_everything(lecture)
    plain, balanced = (lecture["mean_probability"][name] for name in ("plain", "balanced weights"))
    assert 0 < plain < balanced < plain + 0.04  # hardly: nearly all probabilities lie near 0 or 1


def test_odd_ones_are_rejected(lecture):
    needs_everything(lecture)
    assert lecture["share_wrong"]["odd one"] < 0.1


def test_cost_by_hand(lecture):
    # At 1/11 the first is lost (10), the second and the last are rubbish kept (1 each): 12 of 5 pictures, 240 for each 100.
    assert lecture["cost_by_hand"] == pytest.approx([240, 220, 20, 0, 0, 0])


def test_looking_at_the_dearest_first_pays(lecture):
    assert [row["share"] for row in lecture["cost_left"]] == [0.05, 0.1, 0.2, 0.4]
    guided, at_random = ([np.mean(row[how]) for row in lecture["cost_left"]] for how in ("guided", "at random"))
    assert guided == sorted(guided, reverse=True) and at_random == sorted(at_random, reverse=True)
    needs_everything(lecture)
    assert all(first < luck for first, luck in zip(guided, at_random, strict=True))


def test_the_sealed_pictures_are_opened_after_all_choices():
    before, _, after = code_of(read_source(ROOT / "lectures" / f"{LECTURE}.py")).partition("answers = {seed:")
    uses = [line for line in before.splitlines() if "sealed" in line]
    assert after and all(re.search(r"GroupShuffleSplit|assert not set|sealed=sealed", line) for line in uses), uses
    assert not re.search(r"fitted\(|\.fit\(features\[sealed|for_recall\(facts|cheapest\(facts", after)
