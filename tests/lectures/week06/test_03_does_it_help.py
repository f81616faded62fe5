"""Does augmentation help: verdicts held against intervals computed anew, doses, and the test part of the data."""

import re

import numpy as np
import pytest
from scipy import stats

from pipeline import ROOT
from pipeline.notebooks import read_source

LECTURE = "week06_augmentation/03_does_it_help"
LOGGED, CLEAN, VALIDATION = range(3)  # columns of an accuracy's row


@pytest.fixture(scope="module")
def final(lecture):
    """Accuracies at the end by recipe: a row for each seed."""
    return {recipe: np.array(rows) for recipe, rows in lecture["accuracies"].items()}


def word(treated, plain, comparisons=1):
    """The verdict on a recipe, by a paired interval that allows for the number of comparisons."""
    low, high = stats.ttest_rel(treated, plain).confidence_interval(1 - 0.05 / comparisons)
    return "higher" if low > 0 else "lower" if high < 0 else "not told apart"


def test_accuracies_are_shares_of_the_validation_images(lecture, final):
    for rows in final.values():
        right = rows[:, VALIDATION] / 100 * lecture["validation_images"]
        assert (
            right == pytest.approx(right.round(), abs=1e-6) and (0 < right).all() and (right < lecture["validation_images"]).all()
        )


def test_the_gain_is_larger_than_its_standard_error(final):
    none, medium = final["none"][:, VALIDATION], final["medium"][:, VALIDATION]
    assert medium.mean() - none.mean() > np.hypot(stats.sem(none), stats.sem(medium))


def test_the_gap_shrinks(final):
    gaps = {recipe: np.mean(final[recipe][:, CLEAN] - final[recipe][:, VALIDATION]) for recipe in ("none", "medium")}
    assert 0 < gaps["medium"] < gaps["none"] - 10


def test_dose_and_response(lecture, final):
    assert [row["dose"] for row in lecture["doses"]] == [0, 0.5, 1, 4, 16]
    means = np.array([final[row["recipe"]].mean(axis=0) for row in lecture["doses"]])
    training, validation = means[:, CLEAN], means[:, VALIDATION]
    assert sorted(training, reverse=True) == training.tolist()  # a harder task, dose by dose
    assert max(validation[1:3]) > validation[0] and validation[4] < validation[0] and validation[4] < validation[3]
    assert lecture["best"] == lecture["doses"][validation.argmax()]["recipe"]


def test_verdicts_follow_from_their_intervals(lecture, final):
    assert set(lecture["verdicts"]) == {"flip", "upside down", "cut-out", "RandAugment", "MixUp", "medium"}
    none = final["none"][:, VALIDATION]
    assert lecture["verdicts"] == {
        recipe: word(final[recipe][:, VALIDATION], none, comparisons=6) for recipe in lecture["verdicts"]
    }


def test_the_same_layer_hurts_where_it_breaks_the_label(lecture):
    digits = lecture["digits"]
    assert set(digits) == {"none", "small shifts and turns", "mirrored", "any turn"}
    assert word(digits["any turn"], digits["none"], comparisons=3) == "lower"
    assert np.mean(digits["any turn"]) < np.mean(digits["mirrored"]) < np.mean(digits["small shifts and turns"])


def test_one_view_is_the_network_itself(lecture, final):
    assert lecture["views"] == [1, 2, 6, 10]
    for recipe, scores in lecture["tta"].items():
        one_view = np.array(scores)[:, 0]
        assert one_view == pytest.approx(final[recipe][:, VALIDATION], abs=0.2)
    assert lecture["chosen_views"] == lecture["views"][np.mean(lecture["tta"]["medium"], axis=0).argmax()]


def test_the_test_images_judge_what_was_chosen(lecture):
    judged = [(row["recipe"], row["views"]) for row in lecture["tested"]]
    assert judged == [("none", 1), (lecture["best"], 1), (lecture["best"], lecture["chosen_views"])]
    none, chosen, with_views = (np.array(row["accuracies"]) for row in lecture["tested"])
    assert len(none) == len(chosen) == len(with_views) >= 3
    assert chosen.mean() > none.mean() and with_views.mean() > none.mean()


def test_test_images_come_once_and_after_all_choices():
    cells = [cell.source for cell in read_source(ROOT / "lectures" / f"{LECTURE}.py").cells if cell.cell_type == "code"]
    using = [number for number, cell in enumerate(cells) if re.search(r"\.test\b", cell)]
    assert "assert len(cifar.test) == 0" in cells[using[0]]
    assert len(using) == 2, "the test part is opened in one cell only"
    later = "\n".join(cells[using[1] :])
    assert not re.search(r"\.fit\(|\btrain\(", later)


def test_streams_hold_every_image_once_an_epoch(lecture):
    images, labels = (np.array(lecture["stream"][part]) for part in ("images", "labels"))
    assert np.array_equal(images % 5, labels) and set(images // 5) == {0, 1, 2}  # version v of image i is number 5 v + i
    epochs = labels.reshape(4, 5)
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs.tolist()) and len(np.unique(epochs, axis=0)) > 1
    mixed = lecture["stream_with_mixed_labels"]  # MixUp: a label belongs to a version
    assert mixed["images"] == mixed["labels"]
