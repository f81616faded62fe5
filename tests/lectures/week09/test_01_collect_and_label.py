"""Collect and label: what is said of agreement and kappa follows from the simulated tables."""

import pytest

LECTURE = "week09_dataset/01_collect_and_label"


def test_nothing_is_wrong_but_the_terms(lecture):
    assert lecture["pictures"] == 24 and lecture["faults"] == ["no-licence"]


def test_kappa_of_the_two_people(lecture):
    told = lecture["agreement"]
    assert told["both"] == 100 and 0.7 < told["observed"] < 0.9
    low, high = told["interval"]
    assert low < told["kappa"] < high and (high - low) / 2 == pytest.approx(0.15, abs=0.02)


def test_agreement_stays_and_kappa_falls_where_one_class_is_rare(lecture):
    shares = [row["agreement"] for row in lecture["balance"]]
    kappas = [row["kappa"] for row in lecture["balance"]]
    assert shares == pytest.approx([0.82] * 3, abs=0.01)  # 0.9 x 0.9 + 0.1 x 0.1
    assert kappas[0] == pytest.approx(0.64, abs=0.02) and kappas[0] > kappas[1] > kappas[2]
    assert kappas[2] < 0.3


def test_four_times_the_pictures_halve_the_interval(lecture):
    rows = lecture["sizes"]
    assert [row["pictures"] for row in rows] == [25, 100, 400, 1600]
    for smaller, larger in zip(rows, rows[1:], strict=False):
        assert smaller["half"] / larger["half"] == pytest.approx(2, rel=0.12)
    assert all(row["covered"] > 0.9 for row in rows)
    assert rows[-1]["half"] == pytest.approx(0.04, abs=0.003)
