"""Heads that contradict each other: what the lecture says of the stored study, and what construction guarantees."""

import numpy as np
import pytest

from helpers.experiments import catalogue, interval, verdict

LECTURE = "week08_multi_output/02_hierarchy"


def column(way, images, measure):
    return catalogue.find("hierarchy").column(measure, way=way, images=images, times=100)


def gain(after, before, *, comparisons, images, way="two heads", other=None):
    """A verdict on the same seeds, as the lecture takes it."""
    a, b = column(way, images, after), column(other or way, images, before)
    return verdict(a, b, paired=True, comparisons=comparisons)


def test_the_study_is_complete():
    study = catalogue.find("hierarchy")
    rows = study.rows()
    assert not study.missing(rows) and len(rows) == 200
    assert all(len(group) == 10 for group in study.answers(rows).values())


def test_probabilities_fit_by_construction_and_not_otherwise(lecture):
    assert lecture["gaps"]["by construction"] < 1e-5 < 0.1 < lecture["gaps"]["two heads"]
    assert lecture["sums"] < 1e-5 and lecture["top_down"] == 1


def test_reading_off_and_adding_up_can_differ_and_so_can_consistent_answers(lecture):
    assert lecture["example"] == [1, 0]
    assert lecture["small"] == [1, 0]


def test_the_coarse_question_deserves_a_head_of_its_own():
    for images in (100, 675):
        for before in ("read_off", "summed"):
            assert gain("coarse", before, comparisons=6, images=images).word == "higher"
    assert gain("summed", "read_off", comparisons=6, images=100).word == "higher"
    assert not gain("summed", "read_off", comparisons=6, images=675).shown
    for images in (100, 675):
        assert not gain("coarse", "coarse", comparisons=1, images=images, other="coarse").shown


def test_joint_decoding_helps_the_fine_answers():
    for images, points in ((100, 2), (675, 1)):
        told = gain("joint_fine", "fine", comparisons=6, images=images)
        assert told.word == "higher" and told.mean == pytest.approx(points, abs=0.3)
        assert not gain("top_down", "fine", comparisons=6, images=images).shown
        assert not gain("joint_coarse", "coarse", comparisons=6, images=images).shown


def test_neither_a_cost_nor_a_gain_of_consistency_is_shown():
    for images in (100, 675):
        for before in ("fine", "joint_fine"):
            assert not gain("fine", before, comparisons=4, images=images, way="construction", other="two heads").shown
        assert 0 < interval(column("construction", images, "disagree"))[0] < 3


def test_a_penalty_lowers_the_contradictions_with_few_pictures():
    told = {n: gain("disagree", "disagree", comparisons=2, images=n, way="penalty", other="two heads") for n in (100, 675)}
    assert told[100].word == "lower" and not told[675].shown


def test_a_contradiction_is_a_warning_and_agreement_is_no_proof():
    assert column("two heads", 100, "disagree").mean() == pytest.approx(19, abs=1)
    assert column("two heads", 100, "fine_there").mean() < 25
    assert column("two heads", 675, "disagree").mean() < column("two heads", 100, "disagree").mean()
    for images in (100, 675):
        assert column("two heads", images, "fine_there").mean() < 50
        assert column("two heads", images, "errors_there").mean() < 33


def test_the_largest_probability_is_at_least_as_good_a_score():
    words = {c: gain(f"sure{c}", f"gap{c}", comparisons=5, images=675).word for c in (50, 60, 70, 80, 90)}
    assert words == dict.fromkeys((50, 60), "higher") | dict.fromkeys((70, 80, 90), "not told apart")
    risks = [100 - np.mean(column("two heads", 675, f"sure{c}")) for c in (50, 60, 70, 80, 90)]
    assert risks == sorted(risks)
