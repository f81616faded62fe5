"""Write a report: both pages hold true numbers, and the good one holds those of the table of runs."""

import re

import numpy as np

from helpers.experiments import interval, verdict
from helpers.experiments.studies import label_noise

LECTURE = "week09_dataset/03_write_a_report"


def accuracies(share, measure="logistic"):
    return np.array([100 * row[measure] for row in label_noise.study().rows() if row["share"] == share])


def test_the_table_has_all_runs():
    study = label_noise.study()
    assert not study.missing(study.rows()) and len(study.rows()) == 40


def test_every_number_of_the_good_page_is_that_of_the_table(lecture):
    rows = dict(re.findall(r"^\| (\d+) % \| (.*) \|$", lecture["good"], flags=re.MULTILINE))
    assert set(rows) == {"0", "10", "20", "40"}
    for share, text in rows.items():
        cells = [cell.strip() for cell in text.split("|")]
        for column, measure in ((0, "logistic"), (2, "nearest")):
            mean, half = interval(accuracies(int(share) / 100, measure))
            assert cells[column] == f"{mean:.1f} ± {half:.1f} %"
            if share != "0":
                told = verdict(accuracies(int(share) / 100, measure), accuracies(0.0, measure), paired=True, comparisons=6)
                assert cells[column + 1] == f"{told.mean:+.1f} ± {told.half_width:.1f}"
                assert told.word == "lower"  # "All six intervals lie below 0"


def test_the_six_parts_stand_in_the_good_page_only(lecture):
    for part in ("Question", "Data", "Method", "Results", "Limits", "Reproducibility"):
        assert f"**{part}.**" in lecture["good"] and part not in lecture["bad"]


def test_the_bad_page_tells_the_truth_about_chosen_runs(lecture):
    assert f"up to {accuracies(0.1).max():.2f} %" in lecture["bad"]
    assert f"as low as {accuracies(0.0).min():.2f} %" in lecture["bad"]
    assert f"drops to {accuracies(0.4, 'nearest').min():.2f} %" in lecture["bad"]
    assert lecture["narrowest"] < 0 < lecture["widest"]  # by choosing runs, either can look better


def test_the_sentence_that_one_may_write(lecture):
    told = verdict(accuracies(0.1), accuracies(0.0), paired=True, comparisons=6)
    assert f"{-told.mean:.1f} ± {told.half_width:.1f}" == "4.4 ± 2.6"
    assert lecture["told"]["shown"]
