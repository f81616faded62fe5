"""Lecture 1 of week 5: its tables computed again from the stored runs, and no test image anywhere."""

import ast
import math
import re

import numpy as np
import pytest
from scipy import stats

from helpers import experiments
from helpers.experiments import Recipe
from pipeline import ROOT

NAME = "week05_hyperparameters/01_testing_functions"


@pytest.fixture(scope="module")
def text(executed, printed):
    return printed(executed(NAME))


@pytest.fixture(scope="module")
def stored():
    """Accuracies of the stored runs, five seeds of each recipe, gathered without the helper's own grouping."""
    found = {}
    for run in experiments.read():
        if run.seed < 5:
            found.setdefault((run.regulariser, run.strength, run.initialiser, run.optimiser, run.rate), []).append(run.accuracy)
    assert {len(numbers) for numbers in found.values()} == {5}
    return found


def rows_of(text, title):
    """The rows of a printed table: name -> (place, mean, spread, told apart from above, from the best)."""
    block = text[text.index(title) :].split("\n\n")[0].splitlines()[3:]
    row = (
        r" *(\d+) (.+?) +([\d.]+) ± +([\d.]+) +(\S+) ± (\S+) +([\d.]+)"
        r"(?: +(\S+|over 100) ± (\S+|over 100) +(yes|no) +(yes|no))?$"
    )
    found = [re.match(row, line) for line in block]
    found = [match.groups() for match in found if match]
    return {
        name.strip(): (int(place), float(mean), float(spread), above, best)
        for place, name, mean, spread, _, _, _, _, _, above, best in found
    }


TABLES = {
    "STORED, regularisers": {
        name: (name, 0.0 if name == "none" else 0.01, "glorot_uniform", "Adam", 0.001) for name in experiments.REGULARISERS
    },
    "STORED, initialisers": {name: ("none", 0.0, name, "Adam", 0.001) for name in experiments.INITIALISERS},
    "STORED, optimisers": {
        name: ("none", 0.0, "glorot_uniform", name, 0.01 if name == "SGD" else 0.001) for name in experiments.OPTIMISERS
    },
}


@pytest.mark.parametrize("title", TABLES)
def test_the_ranked_tables_are_those_of_the_stored_runs(text, stored, title):
    rows, recipes = rows_of(text, title), TABLES[title]
    assert set(rows) == set(recipes) and len(rows) in (4, 12, 7)
    means = {}
    for name, recipe in recipes.items():
        numbers = 100 * np.array(stored[recipe])
        assert rows[name][1:3] == pytest.approx((numbers.mean(), numbers.std(ddof=1)), abs=0.051)
        means[name] = numbers.mean()
    order = sorted(rows, key=lambda name: rows[name][0])
    assert all(means[above] >= means[below] for above, below in zip(order, order[1:], strict=False))
    for place, name in enumerate(order[1:], start=1):
        for other, told in ((order[place - 1], rows[name][3]), (order[0], rows[name][4])):
            first, second = stored[recipes[other]], stored[recipes[name]]
            if np.ptp(first) + np.ptp(second) > 0:
                p = stats.ttest_ind(first, second, equal_var=False).pvalue
                assert (told == "yes") == (p < 0.05 / math.comb(len(rows), 2)), (name, other)


def test_the_surprising_rows_are_what_the_text_says(stored, text):
    inits = {name: stored[recipe] for name, recipe in TABLES["STORED, initialisers"].items()}
    assert inits["Zeros"] == [0.1] * 5 and max(inits["Ones"]) < 0.2
    assert inits["VarianceScaling"] == inits["lecun_normal"]
    l1, none = (stored[TABLES["STORED, regularisers"][name]] for name in ("l1", "none"))
    assert min(none) > max(l1) and not any(0.3 < accuracy < 0.65 for accuracy in l1)  # two kinds of runs
    assert "all five of one above all five of the other: 2 of 252 ways = 0.8%" in text
    assert "within the seven: 0 of 21 pairs told apart" in text and "within the three: 0 of 3 pairs told apart" in text
    assert int(re.search(r"between the two groups: (\d+) of 21 pairs told apart", text)[1]) >= 7


def test_a_weak_penalty_cannot_be_told_from_none(text):
    rows = rows_of(text, "STORED, weak penalties")
    assert len(rows) == 7 and all(row[3] in (None, "no") and row[4] in (None, "no") for row in rows.values())


def test_sgd_and_adadelta_are_ranked_by_their_rates(text, stored):
    rows = rows_of(text, "STORED, each optimiser at the best of its five rates")
    assert len(rows) == 7
    for name, (_, mean, *_) in rows.items():
        optimiser, rate = name.split()
        tried = {
            recipe[4]: np.mean(stored[recipe]) for recipe in stored if recipe[:4] == ("none", 0.0, "glorot_uniform", optimiser)
        }
        assert len(tried) == 5 and tried[float(rate)] == max(tried.values())
        assert mean == pytest.approx(100 * max(tried.values()), abs=0.051)
    defaults = rows_of(text, "STORED, optimisers")
    for name in ("SGD", "Adadelta"):
        own = next(row[1] for level, row in rows.items() if level.startswith(name + " "))
        assert own > defaults[name][1] + 5
    before, after = re.findall(r"^(?:at default rates|each at its own rate): +(\d+) of 21 pairs told apart", text, re.MULTILINE)
    assert int(after) < int(before)


def test_counts(text):
    assert "23 rows x 5 seeds = 115, but the baseline stands in every table: 105 networks" in text
    assert f"every combination: {4 * 12 * 7} recipes, {4 * 12 * 7 * 5:,} networks" in text
    assert f"together {6 + 66 + 21}" in text and f"{0.05 * 93:.1f} false alarms" in text
    assert re.search(r"STORED functions +105 networks trained \(21 recipes\), 105,000 steps", text)
    functions = [run for run in experiments.read() if (run.recipe, run.seed) in set(experiments.plan("functions", 5))]
    seconds = sum(run.cpu_seconds for run in functions)
    assert f"{seconds / 60:.1f} CPU-minutes" in text and seconds < 900
    assert f"every combination would cost {336 * seconds / 21 / 3600:.1f} CPU-hours" in text


def test_traps_in_the_names(text):
    prices = dict(re.findall(r"^(L1|L2|L1L2) +price of nine weights of 2: ([\d.]+)$", text, re.MULTILINE))
    assert prices == {"L1": "0.18", "L2": "0.36", "L1L2": "0.00"}
    assert "VarianceScaling draws the same numbers as lecun_normal: True" in text


def test_live_numbers_come_from_three_seeds_and_are_marked(text):
    block = text[text.index("LIVE: ") :].split("\n\n")[0]
    assert re.match(r"LIVE: 3 runs a row", block)
    rows = rows_of(text, "LIVE: ")
    assert {"baseline", "l1", "Zeros", "SGD", "Adadelta"} <= set(rows)
    assert rows["Zeros"][1] == 10.0 and rows["Zeros"][2] == 0.0
    cases = re.findall(r"^(different|alike), (small|large)[^\[]*\[(\d+), (\d+)\]$", text, re.MULTILINE)
    assert len(cases) == 4
    for kind, _, filters, units in cases:
        assert (int(filters), int(units)) == ((8, 32) if kind == "different" else (1, 1))


def test_the_rows_of_nothing_are_the_baseline(text):
    baseline = sorted((run for run in experiments.read() if run.recipe == Recipe()), key=lambda run: run.seed)
    assert [run.seed for run in baseline] == list(range(20))
    rows = rows_of(text, "STORED: 5 runs a row")
    assert len(rows) == 4
    for letter in range(4):
        mean = 100 * np.mean([run.accuracy for run in baseline[5 * letter : 5 * letter + 5]])
        assert rows[f"row {'ABCD'[letter]}"][1] == pytest.approx(mean, abs=0.051)
        assert rows[f"row {'ABCD'[letter]}"][4] in (None, "no")


def test_no_test_image_is_opened(text):
    """Neither the lecture nor its helper reads the test split: experiments are given data that have none."""
    assert "0 to test on" in text
    for path in (ROOT / "lectures" / f"{NAME}.py", *sorted((ROOT / "helpers" / "experiments").glob("*.py"))):
        read = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr == "test"
        ]
        allowed = {"len(fashion.test)", "dataset.test.take(np.arange(0))"}
        source = path.read_text(encoding="utf-8")
        for node in read:
            line = source.splitlines()[node.lineno - 1]
            assert any(words in line for words in allowed), line
