"""Week 5, lecture 1: its tables computed again from the stored runs, and no test image anywhere."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy import stats

from helpers import experiments
from helpers.experiments import Recipe
from pipeline import ROOT

LECTURE = "week05_hyperparameters/01_testing_functions"
TABLES = {
    "regularisers": {
        name: (name, 0.0 if name == "none" else 0.01, "glorot_uniform", "Adam", 0.001) for name in experiments.REGULARISERS
    },
    "initialisers": {name: ("none", 0.0, name, "Adam", 0.001) for name in experiments.INITIALISERS},
    "optimisers": {
        name: ("none", 0.0, "glorot_uniform", name, 0.01 if name == "SGD" else 0.001) for name in experiments.OPTIMISERS
    },
}


@pytest.fixture(scope="module")
def recorded(values):
    return values(LECTURE)


@pytest.fixture(scope="module")
def stored():
    """Accuracies of the stored runs, five seeds of each recipe, gathered without the helper's own grouping."""
    found = {}
    for run in experiments.read():
        if run.seed < 5:
            found.setdefault((run.regulariser, run.strength, run.initialiser, run.optimiser, run.rate), []).append(run.accuracy)
    assert {len(numbers) for numbers in found.values()} == {5}
    return found


@pytest.fixture(scope="module")
def rows(recorded):
    """A function from a table to its accuracies by row, best row first."""
    return lambda table: {row["name"]: row["accuracies"] for row in recorded["tables"][table]["rows"]}


@pytest.fixture(scope="module")
def apart(recorded):
    """A function from a table to whether two of its rows are told apart: {(better, worse): bool}."""
    return lambda table: {(better, worse): told for better, worse, told in recorded["tables"][table]["apart"]}


@pytest.mark.parametrize("table", TABLES)
def test_the_ranked_tables_are_those_of_the_stored_runs(rows, apart, stored, table):
    ours, recipes = rows(table), TABLES[table]
    assert set(ours) == set(recipes) and len(ours) in (4, 12, 7)
    for name, recipe in recipes.items():
        assert sorted(ours[name]) == pytest.approx(sorted(stored[recipe]))
    means = [np.mean(numbers) for numbers in ours.values()]
    assert all(above >= below - 1e-12 for above, below in itertools.pairwise(means))
    pairs = list(itertools.combinations(ours, 2))
    assert list(apart(table)) == pairs
    for (first, second), told in apart(table).items():
        if np.ptp(ours[first]) + np.ptp(ours[second]) > 0:
            p = stats.ttest_ind(ours[first], ours[second], equal_var=False).pvalue
            assert told == (p < 0.05 / len(pairs)), (first, second)


def test_the_surprising_rows_are_what_the_text_says(rows, recorded):
    inits = rows("initialisers")
    assert inits["Zeros"] == [0.1] * 5 and max(inits["Ones"]) < 0.2
    assert inits["VarianceScaling"] == inits["lecun_normal"]
    l1, none = (rows("regularisers")[name] for name in ("l1", "none"))
    assert min(none) > max(l1) and not any(0.3 < accuracy < 0.65 for accuracy in l1)  # two kinds of runs
    # All five runs of one above all five of the other, by luck: 2 of these ways.
    assert recorded["ways"] == math.comb(10, 5) and f"{2 / recorded['ways']:.1%}" == "0.8%"


def test_what_a_penalty_does_to_the_gap():
    runs = {}
    for run in experiments.read():
        plain = (run.initialiser, run.optimiser, run.rate) == ("glorot_uniform", "Adam", 0.001)
        if run.seed < 5 and plain and run.strength in (0, 0.01):
            runs.setdefault(run.regulariser, []).append((100 * run.train_accuracy, 100 * run.accuracy))
    (seen, unseen), (seen_l2, unseen_l2) = (np.mean(runs[name], axis=0) for name in ("none", "l2"))
    assert 3.5 < seen - unseen < 4 and seen_l2 - unseen_l2 < seen - unseen - 1
    assert seen_l2 < seen and unseen_l2 < unseen
    for name in ("l1", "l1_l2"):
        assert (np.mean(runs[name], axis=0) < (seen_l2, unseen_l2)).all()


def test_a_run_of_l1_that_guesses_after_the_first_epoch_never_learns():
    l1 = [run for run in experiments.read() if run.seed < 5 and (run.regulariser, run.strength) == ("l1", 0.01)]
    guessing = [run for run in l1 if run.accuracies[0] < 0.15]
    assert 0 < len(guessing) < len(l1) and all(run.accuracy < 0.15 for run in guessing)
    assert all(run.accuracy > 0.65 for run in l1 if run not in guessing)


def test_initialisers_are_told_apart_between_groups_and_not_within(apart):
    fixed = {"RandomNormal", "RandomUniform", "TruncatedNormal"}
    told = {"within the three": [], "within the seven": [], "between": []}
    for pair, verdict in apart("initialisers").items():
        if not {"Zeros", "Ones"} & set(pair):
            told[("within the seven", "between", "within the three")[len(fixed & set(pair))]].append(verdict)
    assert {kind: len(verdicts) for kind, verdicts in told.items()} == {
        "within the three": 3,
        "within the seven": 21,
        "between": 21,
    }
    assert not any(told["within the three"] + told["within the seven"]) and sum(told["between"]) >= 7


def test_a_weak_penalty_cannot_be_told_from_none(apart, rows):
    assert len(rows("weak penalties")) == 7 and not any(apart("weak penalties").values())


def test_best_values_at_the_end_of_their_list(stored):
    def best(position, **fixed):
        recipe = {"regulariser": "none", "strength": 0.0, "initialiser": "glorot_uniform", "optimiser": "Adam", "rate": 0.001}
        wanted = list((recipe | fixed).values())
        tried = {
            key[position]: np.mean(values)
            for key, values in stored.items()
            if all(a == b for place, (a, b) in enumerate(zip(key, wanted, strict=True)) if place != position)
        }
        return max(tried, key=tried.get), sorted(tried)

    for optimiser in experiments.OPTIMISERS:
        rate, tried = best(4, optimiser=optimiser)
        assert len(tried) == 5 and (rate == tried[-1] == 3 if optimiser == "Adadelta" else tried[0] < rate < tried[-1])
    for regulariser in ("l1", "l2", "l1_l2"):
        strength, tried = best(1, regulariser=regulariser)
        assert len(tried) == 4 and strength == tried[0]


def test_sgd_and_adadelta_are_ranked_by_their_rates(rows, apart, stored):
    best = rows("each at its own rate")
    assert len(best) == 7
    own = {}
    for level, accuracies in best.items():
        optimiser, rate = level.split()
        tried = {
            recipe[4]: np.mean(stored[recipe]) for recipe in stored if recipe[:4] == ("none", 0.0, "glorot_uniform", optimiser)
        }
        assert len(tried) == 5 and tried[float(rate)] == max(tried.values())
        own[optimiser] = np.mean(accuracies)
        assert own[optimiser] == pytest.approx(max(tried.values()))
    for name in ("SGD", "Adadelta"):
        assert own[name] > np.mean(rows("optimisers")[name]) + 0.05
    assert sum(apart("each at its own rate").values()) < sum(apart("optimisers").values())


def test_counts(recorded):
    assert recorded["recipes"] == 4 + 12 + 7 - 2 == 21 and recorded["networks"] == 5 * 21  # the baseline is in every table
    assert recorded["combinations"] == 4 * 12 * 7
    assert recorded["pairs"] == {"regulariser": 6, "initialiser": 66, "optimiser": 21}
    functions = [run for run in experiments.read() if (run.recipe, run.seed) in set(experiments.plan("functions", 5))]
    assert len(functions) == 105 and recorded["steps"] == 105_000
    seconds = sum(run.cpu_seconds for run in functions)
    assert recorded["cpu_seconds"] == pytest.approx(seconds) and seconds < 900


def test_traps_in_the_names(recorded):
    # Nine weights of 2: 0.01 times the sum of sizes, 0.01 times the sum of squares, and nothing.
    assert recorded["prices"] == pytest.approx({"L1": 0.01 * 9 * 2, "L2": 0.01 * 9 * 4, "L1L2": 0})
    assert recorded["variance_scaling_is_lecun_normal"] is True


def test_live_numbers_come_from_three_seeds(rows, recorded):
    live = rows("live")
    assert {"baseline", "l1", "Zeros", "SGD", "Adadelta"} <= set(live)
    assert {len(accuracies) for accuracies in live.values()} == {recorded["live_seeds"]} == {3}
    assert live["Zeros"] == pytest.approx([0.1] * 3, abs=5e-4)


def test_units_that_begin_alike_stay_alike(recorded):
    assert recorded["different_units"] == {
        "different, small": [8, 32],
        "different, large": [8, 32],
        "alike, small": [1, 1],
        "alike, large (Ones)": [1, 1],
    }


def test_the_rows_of_nothing_are_the_baseline(rows, apart):
    baseline = sorted((run for run in experiments.read() if run.recipe == Recipe()), key=lambda run: run.seed)
    assert [run.seed for run in baseline] == list(range(20))
    nothing = rows("nothing")
    assert len(nothing) == 4
    for place, letter in enumerate("ABCD"):
        assert nothing[f"row {letter}"] == [run.accuracy for run in baseline[5 * place : 5 * place + 5]]
    assert not any(apart("nothing").values())


def test_no_test_image_is_opened(recorded):
    """Neither the lecture nor the helpers that it uses read the test split: its experiments are given data that have none."""
    assert recorded["test_images"] == 0
    allowed = {"len(fashion.test)", "len(few.test)", "test=dataset.test.take(np.arange(0))"}
    of_week5 = [
        ROOT / "helpers" / "experiments" / f"{name}.py" for name in ("recipes", "trainer", "runs", "compare", "functions")
    ]
    for path in (ROOT / "lectures" / f"{LECTURE}.py", *of_week5):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"\.test\b", line) or any(words in line for words in allowed), f"{path.name}: {line}"
