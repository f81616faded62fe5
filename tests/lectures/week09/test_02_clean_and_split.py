"""Clean and split: the claims about copies, leaks and labels, asserted on the stored rows."""

import numpy as np
import pytest

from helpers.experiments import verdict
from helpers.experiments.studies import label_audit, label_noise, leak, twin_detectors
from tests import needs

LECTURE = "week09_dataset/02_clean_and_split"


def stored(module, measure):
    study = module.study()
    return {level: 100 * np.array([row[measure] for row in rows]) for level, rows in study.answers(study.rows()).items()}


@pytest.mark.parametrize("module", [label_audit, label_noise, leak, twin_detectors])
def test_each_study_is_complete_with_ten_seeds(module):
    study = module.study()
    rows = study.rows()
    assert not study.missing(rows)
    assert all(len(group) == 10 for group in study.answers(rows).values())


# --- copies -----------------------------------------------------------------------------------------------


def found(change):
    return {level: values.mean() for level, values in stored(twin_detectors, change).items()}


def test_bytes_find_what_was_copied_and_nothing_else():
    for change in twin_detectors.CHANGES:
        assert found(change)["bytes"] == (100 if change == "copied" else 0)
        assert found(change)["pixels"] == (100 if change in ("copied", "another_format") else 0)


def test_hashes_find_small_changes_and_no_other_view():
    for detector in ("dHash", "pHash"):
        assert all(found(change)[detector] > 85 for change in ("saved_again", "half_size", "brighter"))
        assert found("cropped")[detector] < 15 and found("mirrored")[detector] < 1 and found("turned")[detector] < 1


def test_features_find_fewer_within_a_limit_and_other_views_as_the_nearest():
    told = verdict(stored(twin_detectors, "found")["embedding"], stored(twin_detectors, "found")["dHash"], paired=True)
    assert told.word == "lower"
    assert found("mirrored")["embedding, nearest"] > 95 and found("turned")["embedding, nearest"] > 60
    assert found("turned")["dHash, nearest"] < 5


def test_the_examiner_finds_all_but_frames():
    assert all(found(change)["examiner"] > 98 for change in twin_detectors.CHANGES if change != "framed")
    assert 35 < found("framed")["examiner"] < 60


def test_alarms_keep_to_the_limit():
    for detector, values in stored(twin_detectors, "alarms").items():
        assert "nearest" in detector or values.mean() < 1.5


# --- leak and labels --------------------------------------------------------------------------------------


def test_a_leak_looks_like_success():
    scores = stored(leak, "logistic")
    assert scores[0.0].mean() == pytest.approx(67, abs=0.5)
    assert scores[0.6].mean() == pytest.approx(93, abs=1) and stored(leak, "nearest")[0.6].mean() == pytest.approx(93, abs=1)
    for share in (0.1, 0.3, 0.6):
        for measure in ("logistic", "nearest", "logistic_others"):  # photographs that did not leak are better, too
            assert verdict(stored(leak, measure)[share], stored(leak, measure)[0.0], paired=True, comparisons=9).word == "higher"


def test_wrong_labels_cost_and_the_nearest_neighbour_loses_most():
    scores = {name: stored(label_noise, name) for name in ("logistic", "nearest")}
    for rows in scores.values():
        assert all(verdict(rows[share], rows[0.0], paired=True, comparisons=6).word == "lower" for share in (0.1, 0.2, 0.4))
    lost = {name: rows[0.0] - rows[0.4] for name, rows in scores.items()}
    assert verdict(lost["nearest"], lost["logistic"], paired=True).word == "higher"
    strengths = stored(label_noise, "strength")
    assert np.median(strengths[0.4]) < np.median(strengths[0.0])  # a stronger regularisation won


def test_the_winning_strength_lies_inside_its_range():
    for module in (label_noise, leak):
        strengths = {row["strength"] for row in module.study().rows()}
        assert strengths <= {0.001, 0.01, 0.1}


def test_what_the_audit_finds_and_what_it_is_worth():
    precision, twice = stored(label_audit, "precision"), stored(label_audit, "found")
    assert precision["10 % at random"].mean() == pytest.approx(90, abs=1)
    assert precision["10 % mixed up"].mean() == pytest.approx(85, abs=1)
    assert all(values.mean() > 96 for values in twice.values())
    for errors, before in stored(label_audit, "before").items():
        gain = verdict(stored(label_audit, "after")[errors], before, paired=True, comparisons=2)
        assert gain.word == "higher" and 4 <= round(gain.mean) <= 5
    cost = stored(label_noise, "logistic")
    assert (cost[0.0] - cost[0.1]).mean() == pytest.approx(4.4, abs=0.1)


# --- live -------------------------------------------------------------------------------------------------


def test_the_dirty_folder(lecture):
    assert {"leak", "near-leak", "group-leak", "wrong-extension", "no-licence"} <= set(lecture["kinds"])
    assert all(min(score["precision"], score["recall"]) > 0.8 for score in lecture["scores"].values())
    assert "shortcut-border" in lecture["shortcuts"]


def test_no_series_on_both_sides(lecture):
    sides = lecture["sides"]
    assert sides["on both"] == 0 and sides["train"] + sides["test"] == sides["pictures"]


def test_the_live_run_is_the_stored_one(lecture):
    if lecture["live"] is None:
        needs.require("data", "executed without the photographs or the weights")
    assert lecture["live"] == pytest.approx(lecture["stored"], abs=label_noise.study().tolerance)
