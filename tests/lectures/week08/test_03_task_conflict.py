"""When tasks conflict: the pencil's front, gradients written out, and what the lecture says of the stored studies."""

import numpy as np
import pytest

from helpers.experiments import catalogue, interval, verdict

LECTURE = "week08_multi_output/03_task_conflict"
WEIGHTS = (0.01, 0.1, 1.0, 10.0, 100.0)


def told(helper, weight, measure="fine"):
    return catalogue.find("task-weights").column(measure, helper=helper, weight=weight, times=100)


def against_alone(helper, weight):
    return verdict(told(helper, weight), told("coarse", 0.0), paired=True, comparisons=10)


def of(way, images, measure):
    return catalogue.find("hierarchy").column(measure, way=way, images=images, times=100)


def test_the_study_is_complete():
    study = catalogue.find("task-weights")
    rows = study.rows()
    assert not study.missing(rows) and len(rows) == 110


def test_no_point_of_the_front_is_beaten_in_both(lecture):
    a, b = np.array(lecture["front"])
    assert (np.diff(a) > 0).all() and (np.diff(b) < 0).all()
    assert np.sqrt(a) + np.sqrt(b) == pytest.approx(np.sqrt(5)), "on the line between the goals"


def test_the_network_written_out_is_the_network(lecture):
    assert lecture["apart"] < 1e-5
    assert all(-1 <= one <= 1 for one in lecture["cosines"])


def test_late_gradients_conflict_for_both_tasks_and_do_not_tell_which_hurts():
    for helper in ("coarse", "turn"):
        for layer in (1, 2):
            mean, half = interval(told(helper, 1.0, f"cosine{layer}"))
            assert mean + half < 0
    pair = [told(helper, 1.0, "cosine1") for helper in ("coarse", "turn")]
    assert not verdict(*pair, paired=True).shown


def test_neither_task_is_shown_to_help_and_the_related_one_is_forgiving():
    words = {helper: [against_alone(helper, weight).word for weight in WEIGHTS] for helper in ("coarse", "turn")}
    assert words["coarse"] == ["not told apart"] * 4 + ["lower"]
    assert words["turn"] == ["not told apart"] * 2 + ["lower"] * 3
    assert against_alone("coarse", 100.0).mean == pytest.approx(-19, abs=0.6)
    assert against_alone("turn", 1.0).mean == pytest.approx(-9, abs=0.6)
    assert told("turn", 100.0).mean() < told("coarse", 0.0).mean() / 2
    assert against_alone("coarse", 10.0).half_width > 2 * against_alone("coarse", 0.1).half_width


def test_a_small_weight_buys_most_of_the_related_task():
    seconds = [told("coarse", weight, "second").mean() for weight in WEIGHTS]
    assert seconds == sorted(seconds)
    assert seconds[1] == pytest.approx(75, abs=0.5) and seconds[-1] == pytest.approx(79.5, abs=0.5)


def test_one_head_and_two_are_not_told_apart():
    for images in (100, 200, 400, 675):
        for name in ("fine", "coarse"):
            assert not verdict(of("two heads", images, name), of(name, images, name), paired=True, comparisons=8).shown
    fine = verdict(of("two heads", 100, "fine"), of("fine", 100, "fine"), paired=True, comparisons=8)
    assert abs(fine.mean) + fine.half_width == pytest.approx(2, abs=0.3)


def test_cheap_labels_help_through_the_decoding():
    def gain(images, name):
        return verdict(of("coarse of all", images, name), of("two heads", images, name), paired=True, comparisons=9)

    assert [gain(images, "coarse").word for images in (100, 200, 400)] == ["higher", "higher", "not told apart"]
    assert not any(gain(images, "fine").shown for images in (100, 200, 400))
    assert [gain(images, "joint_fine").word for images in (100, 200, 400)] == ["higher", "not told apart", "not told apart"]
    wrong = verdict(of("missing as 0", 100, "fine"), of("coarse of all", 100, "fine"), paired=True)
    assert wrong.word == "lower" and wrong.mean < -40
