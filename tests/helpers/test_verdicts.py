"""One rule for all comparisons: how often does it see what is not there, and what does it print?"""

import math

import numpy as np
import pytest
from scipy import stats

from helpers import experiments
from helpers.experiments import Verdict, against_best, interval, proportion, verdict
from helpers.rounding import decimals, rounded

REPEATS = 2000


def alarms(runs, draw, **how):
    """How often a difference is shown between two sides drawn alike."""
    rng = np.random.default_rng(runs)
    return np.mean([verdict(draw(rng, runs), draw(rng, runs), **how).shown for _ in range(REPEATS)])


def normal(rng, runs):
    return rng.normal(0.8, 0.01, runs)


def skewed(rng, runs):
    """Most runs end well and a few badly, as trainings do."""
    return 0.8 - 0.01 * rng.exponential(size=runs)


def counted(rng, runs):
    """Accuracies on 300 images: only so many values are possible."""
    return rng.binomial(300, 0.8, runs) / 300


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("draw", [normal, skewed, counted])
@pytest.mark.parametrize("runs", [3, 5, 10])
def test_what_is_alike_is_told_apart_in_at_most_one_case_of_twenty(runs, draw, paired):
    assert alarms(runs, draw, paired=paired) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / REPEATS)


@pytest.mark.parametrize("runs", [3, 5, 10])
def test_other_standard_deviations_do_no_harm(runs):
    rng = np.random.default_rng(runs)
    wide = [verdict(rng.normal(0, 1, runs), rng.normal(0, 5, runs)).shown for _ in range(REPEATS)]
    assert np.mean(wide) < 0.07  # Welch's interval is an approximation


@pytest.mark.parametrize("runs", [3, 5, 10])
def test_of_many_comparisons_one_in_twenty_sees_anything(runs):
    """Six equal ways: all pairs compared, and how often is any of them told apart?"""
    rng = np.random.default_rng(runs)
    found = []
    for _ in range(500):
        ways = rng.normal(0.8, 0.01, (6, runs))
        found.append(any(verdict(ways[a], ways[b], comparisons=15).shown for a in range(6) for b in range(a)))
    assert np.mean(found) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 500)


def test_the_best_of_equal_ones_is_no_discovery():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(500):
        told = against_best({way: rng.normal(0.8, 0.01, 5) for way in range(4)})
        found.append(any(each.shown for each in told.values()))
    assert np.mean(found) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 500)


def test_a_gain_of_two_standard_deviations_needs_more_than_three_runs():
    """What three seeds cost: the figures that the course gives for its ten."""
    rng = np.random.default_rng(0)
    power = {}
    for runs in (3, 5, 10):
        told = [verdict(rng.normal(2, 1, runs), np.zeros(runs), paired=True).shown for _ in range(REPEATS)]
        power[runs] = np.mean(told)
    assert 0.40 < power[3] < 0.55 and 0.85 < power[5] < 0.95 and power[10] > 0.99


def test_the_intervals_are_students_and_welchs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.8, 0.01, 5), rng.normal(0.7, 0.05, 5)
    for told, judge in (
        (verdict(a, b), stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)),
        (verdict(a, b, paired=True), stats.ttest_rel(a, b).confidence_interval(0.95)),
        (verdict(a, b, paired=True, comparisons=4), stats.ttest_rel(a, b).confidence_interval(1 - 0.05 / 4)),
    ):
        assert (told.mean - told.half_width, told.mean + told.half_width) == pytest.approx((judge.low, judge.high))
    mean, half = interval(a)
    judge = stats.ttest_1samp(a, 0).confidence_interval(0.95)
    assert (mean - half, mean + half) == pytest.approx((judge.low, judge.high))
    assert (verdict(a, b).mean, verdict(a, b).half_width) == experiments.difference(a, b)


def test_pairs_see_what_common_luck_hides():
    luck = np.array([0.70, 0.75, 0.80, 0.85, 0.90])
    better = luck + 0.01 + np.array([0.001, -0.001, 0.0, 0.001, -0.001])
    assert verdict(better, luck, paired=True).word == "higher" and verdict(better, luck).word == "not told apart"
    assert verdict(luck, better, paired=True).word == "lower"


def test_a_verdict_is_a_sentence():
    assert str(Verdict(1.234, 0.52, (10, 10), True, 1)) == "+1.2 ± 0.5 (10 pairs): higher"
    assert str(Verdict(-1.234, 2.52, (10, 10), False, 6)) == "-1.2 ± 2.5 (10 runs each, one of 6 comparisons): not told apart"
    assert "3 and 4 runs" in str(Verdict(-1, 0.5, (3, 4), False, 1))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="two or more"):
        verdict([1], [1, 2])
    with pytest.raises(ValueError, match="as many"):
        verdict([1, 2], [1, 2, 3], paired=True)
    with pytest.raises(ValueError, match="at least this one"):
        verdict([1, 2], [1, 2], comparisons=0)
    assert not verdict([np.nan, 1, 2], [1, 2, 3]).shown  # a run that failed is no evidence
    assert math.isnan(interval([1.0])[1])


def test_a_share_has_an_interval():
    low, high = proportion(9120, 10_000)
    assert low < 0.912 < high and high - low == pytest.approx(2 * 1.96 * math.sqrt(0.912 * 0.088 / 10_000), rel=0.01)
    assert proportion(10, 10)[1] == pytest.approx(1) and proportion(10, 10)[0] < 0.8


def test_numbers_end_where_the_noise_begins():
    assert rounded(91.2345, 0.5) == "91.2 ± 0.5" and rounded(91.2345, 0.051) == "91.23 ± 0.05"
    assert rounded(91.2345, 12.3) == "91 ± 12" and rounded(1.0, float("nan")) == "1.0"
    assert decimals(0.0) == 2 and decimals(1e-12) == 6
