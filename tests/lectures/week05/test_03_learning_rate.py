"""Week 5, lecture 3: worked numbers computed again, the range test on a known curve, and splits kept apart."""

import math
import re

import numpy as np
import pytest
from scipy import stats

from pipeline import ROOT
from pipeline.notebooks import read_source

LECTURE = "week05_hyperparameters/03_learning_rate"
SCHEDULES = {"constant", "step-wise", "exponential", "cosine", "warm-up", "one-cycle"}


@pytest.fixture(scope="module")
def recorded(values):
    return values(LECTURE)


def test_the_test_part_is_opened_once_after_all_training():
    cells = read_source(ROOT / "lectures" / f"{LECTURE}.py").cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    using = [number for number, cell in enumerate(code) if re.search(r"\.test\b", cell)]
    assert len(using) == 2 and "assert len(fashion.test) == 0" in code[using[0]], "the test part is opened in one cell only"
    later = "\n".join(cell for cell in code[using[1] :] if "helpers.record" not in cell)  # what is tested was trained before
    assert not re.search(r"\.fit\(|\btrain\(seed", later)


def test_bowl(recorded):
    ends = recorded["bowl"]  # after 20 steps
    assert ends == pytest.approx({"0.1": 0.9**20, "1.0": 0, "1.9": 0.9**20, "2.1": 1.1**20})
    assert recorded["flat_direction"] == pytest.approx((1 - 1.9 * 0.01) ** 20)
    assert recorded["velocity"] == pytest.approx(1 / (1 - 0.9))


def test_momentum_moves_the_edge():
    for m in (0.0, 0.5, 0.9):  # the recursion's matrix, and its largest eigenvalue
        for rate, inside in ((2 * (1 + m) - 0.01, True), (2 * (1 + m) + 0.01, False)):
            step = np.array([[1 + m - rate, -m], [1, 0]])
            assert (np.abs(np.linalg.eigvals(step)).max() < 1) == inside


def test_range_test_reads_a_power_of_ten(recorded):
    assert recorded["begins_to_fall"] < recorded["lowest"]
    assert recorded["suggestion"] == pytest.approx(recorded["lowest"] / 10)
    scores = {rate: np.mean(row) for rate, *row in recorded["fixed_rates"]}
    assert 0 < min(scores.values()) and max(scores.values()) < 1
    assert recorded["best_fixed"] == recorded["peaks"]["constant"] == max(scores, key=scores.get)
    assert 1 / 10 < recorded["best_fixed"] / recorded["suggestion"] < 10


def test_range_test_finds_an_edge_that_is_known(recorded):
    """The lecture ran its callback on a linear model, whose largest curvature h can be computed: the loss turns at 2 / h."""
    points = np.random.default_rng(0).normal(size=(64, 5)).astype("float32")
    edge = 2 / np.linalg.eigvalsh(2 * points.T @ points / 64).max()
    rates, losses = recorded["rates_on_a_line"], recorded["losses_on_a_line"]
    assert rates[0] < edge / 5 and rates == pytest.approx(np.geomspace(0.05, 50, 120)[: len(rates)])
    assert losses == pytest.approx(recorded["keras_losses"])  # one batch an epoch: nothing to take apart
    assert len(losses) < 120  # it stopped by itself
    assert edge * 0.5 < rates[int(np.argmin(losses))] < edge * 2.5


def test_schedules_have_the_means_that_integrals_give(recorded):
    expected = {
        "constant": 1,
        "step-wise": 0.5 + 0.025 + 0.0025,
        "exponential": 0.99 / math.log(100),
        "cosine": 0.5,
        "warm-up": 0.5,
        "one-cycle": 0.9 * 0.52 + 0.1 * 0.02,
    }
    assert recorded["mean_factors"] == pytest.approx(expected, abs=0.004)


def test_schedules_agree_with_keras(recorded):
    gaps = recorded["gaps_to_keras"]
    assert set(gaps) == {"step-wise", "exponential", "cosine", "warm-up"} and max(gaps.values()) < 1e-5


def test_schedules_are_compared_with_their_spread(recorded):
    on_fresh, ranking = recorded["on_fresh"], recorded["ranking"]
    assert set(on_fresh) == set(ranking) == SCHEDULES and len(ranking) == 6
    means = [np.mean(on_fresh[name]) for name in ranking]
    assert means == sorted(means, reverse=True) and means[0] < 100
    assert {len(scores) for scores in on_fresh.values()} == {len(recorded["seeds"])} and recorded["seeds"][:3] == [0, 1, 2]


def word(values, comparisons=1):
    """The verdict on paired differences, with Student's factor."""
    half = stats.t.ppf(1 - 0.025 / comparisons, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return "not told apart" if abs(np.mean(values)) <= half else "higher" if np.mean(values) > 0 else "lower"


def test_verdicts_follow_from_the_runs(recorded):
    constant = recorded["on_fresh"]["constant"]
    gaps = {name: np.subtract(scores, constant) for name, scores in recorded["on_fresh"].items() if name != "constant"}
    assert recorded["verdicts"] == {name: word(values, comparisons=5) for name, values in gaps.items()}
    tested = recorded["tested"]
    (winner,) = set(tested) - {"constant"}
    assert recorded["verdict"] == word(np.subtract(tested[winner], tested["constant"]))


def test_wrong_rates_cost_more_than_wrong_schedules(recorded):
    fixed = [100 * np.mean(scores) for _, *scores in recorded["fixed_rates"]]
    schedules = [np.mean(scores) for scores in recorded["on_fresh"].values()]
    assert max(fixed) - min(fixed) > 2 * (max(schedules) - min(schedules))


def test_plateau_acted(recorded):
    rates = recorded["plateau_rates"].values()
    assert len(rates) >= 3
    assert any(after < before for run in rates for before, after in zip(run, run[1:], strict=False))


def test_bill_of_the_rates(recorded):
    assert recorded["trainings"] >= 60 and recorded["steps"] > recorded["trainings"]
