"""Lectures 1 and 2 of week 7: worked numbers computed again, frozen weights that stay, and what the comparisons must show."""

import re

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import pretrained
from pipeline import ROOT

EXTRACT, TUNE = "week07_transfer/01_feature_extraction", "week07_transfer/02_fine_tuning"


@pytest.fixture(scope="module")
def extracted(executed, printed):
    return printed(executed(EXTRACT))


@pytest.fixture(scope="module")
def tuned(executed, printed):
    return printed(executed(TUNE))


def source(name):
    return (ROOT / "lectures" / f"{name}.py").read_text(encoding="utf-8")


def function(name, wanted, **known):
    """The lecture's own function of this name, from its source."""
    found = re.search(rf"^def {wanted}\(.*?(?=^\S)", source(name), flags=re.MULTILINE | re.DOTALL)
    space = {"np": np, "keras": keras, **known}
    exec(found[0], space)
    return space[wanted]


def trained_weights(text):
    if "NO PRE-TRAINED WEIGHTS" in text:
        pytest.skip("executed without pre-trained weights")


def accuracies(text, label):
    """Mean accuracy in % of the rows that begin with this label."""
    return float(re.search(rf"^{re.escape(label)} +([\d.]+) ± ", text, re.MULTILINE)[1])


# --- both --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [EXTRACT, TUNE])
def test_test_images_are_opened_after_all_choices(name):
    before, _, after = source(name).partition("x_test")
    assert after and ".test.images" not in before and ".test.labels" not in before
    assert after.count("STRENGTHS") == 0 and not re.search(r"\b(K|VOTERS|C) = ", after)


# --- lecture 1 ---------------------------------------------------------------------------------------------


def test_start_decides_while_data_are_few(extracted):
    rows = {
        int(n): tuple(map(float, values))
        for n, *values in re.findall(
            r"^ ?(\d+) examples: from zero ([\d.]+), from a related task ([\d.]+), from an unrelated task ([\d.]+)$",
            extracted,
            re.MULTILINE,
        )
    }
    assert set(rows) == {2, 5, 10, 20, 30, 38}
    for n, (zero, related, unrelated) in rows.items():
        assert related < zero < unrelated
        assert zero == pytest.approx(1 - n / 40, abs=0.05)  # n of 40 directions are fixed, the others remain
        assert related / zero == pytest.approx(rows[2][1] / rows[2][0], abs=0.25)


def test_solve_is_the_nearest_solution():
    solve, dice = function(EXTRACT, "solve"), np.random.default_rng(3)
    x, start, y = dice.normal(size=(4, 9)), dice.normal(size=9), dice.normal(size=4)
    found = solve(start, x, y)
    np.testing.assert_allclose(x @ found, y, atol=1e-9)
    null = np.linalg.svd(x)[2][4:]  # directions that no example points to
    np.testing.assert_allclose(null @ found, null @ start, atol=1e-9)


def test_the_network_names_cat_and_coffee(extracted):
    trained_weights(extracted)
    assert re.search(r"^cat   : Egyptian cat", extracted, re.MULTILINE)
    assert re.search(r"^coffee: espresso", extracted, re.MULTILINE)
    assert "first choice unchanged for 0% of the photographs" in extracted


def test_price_goes_with_the_area(extracted):
    work = {
        int(size): int(millions)
        for size, millions in re.findall(r"^ *(\d+) px: +(\d+) million multiply-adds", extracted, re.MULTILINE)
    }
    assert work[96] / work[32] == pytest.approx(9, rel=0.15)
    count = function(EXTRACT, "multiply_adds")
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.DepthwiseConv2D(3)])
    assert count(model) == 6 * 6 * 3 * 3 * 3 * 4 + 4 * 4 * 3 * 3 * 4
    whole = pretrained.load("mobilenetv2", source="untrained", size=224)
    assert count(whole) == pytest.approx(300e6, rel=0.02)  # as its authors state


def test_cache_adds_up(extracted):
    images, features, n_bytes = (
        int(n.replace(",", ""))
        for n in re.search(r"^([\d,]+) images, ([\d,]+) features each, ([\d,]+) bytes", extracted, re.MULTILINE).groups()
    )
    assert features == 1280 and n_bytes == images * features * 4
    keys = re.findall(
        r"^(?:as it is|one bit of one pixel|another order|another size|other weights) +([0-9a-f]{16})$", extracted, re.MULTILINE
    )
    assert len(set(keys)) == 5


def test_dense_head_does_what_logistic_regression_does(extracted):
    assert "12,810 weights" in extracted
    assert int(re.search(r"they agree on (\d+)% of", extracted)[1]) >= 90
    linear, dense = map(float, re.search(r"logistic regression ([\d.]+)%; Dense ([\d.]+)%", extracted).groups())
    assert linear == pytest.approx(dense, abs=4)


def test_features_beat_scratch_beats_pixels(extracted):
    trained_weights(extracted)
    for prefix in ("test, ",):
        pixels, scratch, features = (
            accuracies(extracted, prefix + way) for way in ("pixels + kNN", "from scratch", "features + logistic regression")
        )
        assert pixels + 5 < scratch < features - 10
    assert float(re.search(r"the weights alone make a difference of \+([\d.]+) points", extracted)[1]) > 20


# --- lecture 2 ---------------------------------------------------------------------------------------------


def test_counts_of_moving_weights(tuned):
    rows = {
        int(k): (int(a.replace(",", "")), int(b.replace(",", "")))
        for k, a, b in re.findall(r"^k = +(\d+): +([\d,]+) may move, +([\d,]+) may not", tuned, re.MULTILINE)
    }
    assert rows[0] == (1280 * 10 + 10, 2_257_984)
    assert rows[1][0] - rows[0][0] == 320 * 1280  # the last convolution: 1 x 1, no bias
    assert {sum(row) for row in rows.values()} == {2_257_984 + 12_810}


def test_frozen_weights_did_not_move(tuned):
    assert "head trained: the network moved by 0\n" in tuned
    if keras.backend.backend() == "tensorflow":
        assert "unfrozen, not compiled again: the network moved by 0\n" in tuned
    assert re.search(r"moved are \{'Conv_1': '0\.\d+'\}", tuned) and "unmoved: 103 of 104 layers" in tuned


def test_cut_is_exact(tuned):
    apart, large = map(float, re.search(r"differ by at most ([\d.e+-]+) \(they are as large as ([\d.]+)\)", tuned).groups())
    assert apart < 1e-3 * large


def test_logistic_regression_as_dense(tuned):
    as_dense, dice = function(TUNE, "as_dense"), np.random.default_rng(0)
    x, labels = 3 + 2 * dice.normal(size=(60, 5)), dice.integers(0, 3, 60)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, labels)
    kernel, bias = as_dense(fitted)
    np.testing.assert_allclose(x @ kernel + bias, fitted.decision_function(x), atol=1e-9)
    rows = re.findall(r"seed \d: logistic regression ([\d.]+) %, as a Dense layer ([\d.]+) %", tuned)
    assert len(rows) == 3 and all(float(a) == pytest.approx(float(b), abs=0.5) for a, b in rows)


def test_care_and_no_care(tuned):
    trained_weights(tuned)
    assert float(re.search(r"careless steps cost the features ([\d.]+) ±", tuned)[1]) > 10
    states = dict(re.findall(r"^(untouched|fine-tuned|wrecked) +(\w.*?) [\d.]+%;", tuned, re.MULTILINE))
    assert states["untouched"] == "Egyptian cat" and states["wrecked"] != "Egyptian cat"


def test_batch_normalisation_moves_unless_frozen(tuned):
    rows = {
        name: float(step)
        for name, step in re.findall(
            r"^(never called|batches of [\d]+(?:, frozen)?) +averages moved by ([\d.]+)", tuned, re.MULTILINE
        )
    }
    assert rows["never called"] == rows["batches of 2, frozen"] == 0
    assert all(rows[f"batches of {b}"] > 0 for b in (32, 8, 2))


def test_four_ways(tuned):
    trained_weights(tuned)
    pixels, scratch, features, fine = (
        accuracies(tuned, "test, " + way)
        for way in ("pixels + kNN", "from scratch", "features + logistic regression", "fine-tuned")
    )
    assert pixels < scratch < min(features, fine)


def test_shuffling_hurts_only_who_knows_neighbours(tuned):
    pixels, features, scratch = map(
        float,
        re.search(
            r"shuffling changes pixels by ([+-][\d.]+), features by ([+-][\d.]+), from scratch by ([+-][\d.]+) points", tuned
        ).groups(),
    )
    assert abs(pixels) < 1
    trained_weights(tuned)
    assert features < scratch - 10
    verdicts = re.findall(r"features against the better of the other two: .*: (.*)$", tuned, re.MULTILINE)
    assert len(verdicts) == 3 and verdicts[1] == "transfer hurts"


def test_photographs_are_nearest(tuned):
    trained_weights(tuned)
    first = {
        name: float(number)
        for name, number in re.findall(r"^(photographs|digits|shuffled digits|dots) +first ([\d.]+),", tuned, re.MULTILINE)
    }
    assert len(first) == 4 and min(first, key=first.get) == "photographs"
