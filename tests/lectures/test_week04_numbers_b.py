"""Lecture 3 of week 4: worked numbers computed again, the lectures' own functions tried on cases with a known answer."""

import re

import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import spearmanr

from helpers import knn
from helpers.gradients import value_and_gradient
from pipeline import EXECUTED, ROOT

LATENT = "week04_visualization/03_latent_space"
PIXELS = "week01_knn/02_nearest_neighbours"


@pytest.fixture(scope="module")
def latent(executed, printed):
    return printed(executed(LATENT))


def source(name):
    return (ROOT / "lectures" / f"{name}.py").read_text(encoding="utf-8")


def functions(name, *wanted, **known):
    """The lecture's own functions of these names, from its source."""
    space = {
        "np": np,
        "ops": ops,
        "keras": keras,
        "knn": knn,
        "value_and_gradient": value_and_gradient,
        "spearmanr": spearmanr,
        **known,
    }
    text = source(name)
    for one in wanted:
        found = re.search(rf"^def {one}\(.*?(?=^\S)", text, flags=re.MULTILINE | re.DOTALL)
        exec(found[0], space)
    return [space[one] for one in wanted]


def percentages(row):
    return [float(number) / 100 for number in re.findall(r"([\d.]+)%", row)]


def real_data(text):
    if "embedded sample" in text:
        pytest.skip("executed on the embedded sample: too few images for what real data show")


# --- latent space -------------------------------------------------------------------------------------------------------------


def test_the_same_queries_give_the_same_number_as_in_week_1(latent, printed):
    ours = re.search(r"week 1 again: pixels, L2, k = 7: ([\d.]+)", latent)[1]
    path = EXECUTED / f"{PIXELS}.ipynb"
    if not path.exists():
        pytest.skip("week 1 has not been executed")
    import nbformat

    theirs = nbformat.read(path, as_version=4)
    if theirs.metadata.course.budget != "ci" or "budget: ci" not in latent:
        pytest.skip("the two were executed with different budgets, or on a GPU's")
    if ("embedded sample" in printed(theirs)) != ("embedded sample" in latent):
        pytest.skip("the two were executed on different data")
    assert re.search(r"k = 7, L2: ([\d.]+)", printed(theirs))[1] == ours


def test_latent_neighbours_beat_pixels_and_the_untrained_network_on_test(latent):
    rows = {
        name: percentages(row)
        for name, row in re.findall(
            r"^(kNN on pixels|kNN on latent, untrained|kNN on latent, trained|the network itself) +([\d.]+% .*)$",
            latent,
            flags=re.MULTILINE,
        )
    }
    assert len(rows) == 4 and len(rows["kNN on pixels"]) == 2  # no spread: there is no seed in it
    for name in list(rows)[1:]:
        assert "over 3 seeds" in latent and rows[name][1] > 0
    best, spread, error = rows["kNN on latent, trained"]
    for name in ("kNN on pixels", "kNN on latent, untrained"):
        assert best - rows[name][0] > 2 * (spread + error)
    gaps = re.search(r"latent kNN minus pixel kNN, for each seed: (.*) points", latent)[1].split(", ")
    assert len(gaps) == 3
    assert np.mean([float(gap) for gap in gaps]) / 100 == pytest.approx(best - rows["kNN on pixels"][0], abs=0.002)


def test_maps_have_their_numbers(latent):
    rows = {
        name: list(map(float, values))
        for name, *values in re.findall(
            r"^(pixels|untrained network|trained network) +(\d+) dimensions ([\d.]+)%, on the map ([\d.]+)%",
            latent,
            flags=re.MULTILINE,
        )
    }
    assert [rows[name][0] for name in rows] == [3072, 64, 64]
    real_data(latent)
    for column in (1, 2):
        assert rows["trained network"][column] > 1.3 * max(rows["pixels"][column], rows["untrained network"][column])


def test_invented_labels_make_order(latent):
    assert float(re.search(r"invented labels of 200 training images: (\d+)% right", latent)[1]) > 60
    invented, true = map(float, re.search(r"invented labels (\d+)%, true labels (\d+)%", latent).groups())
    assert invented > 2 * true


def test_label_agreement_on_known_cases():
    (agreement,) = functions(LATENT, "label_agreement")
    line = np.array([0, 1, 2, 3, 10, 11, 12, 13.0])[:, None]
    assert agreement(line, np.repeat([0, 1], 4), k=3) == 1
    assert agreement(line, np.repeat([0, 1], 4), k=4) == pytest.approx(3 / 4)
    assert agreement(line, np.arange(8), k=3) == 0
    twins = np.zeros((30, 2))  # all at one place: the point itself may not be among its nearest
    assert agreement(twins, np.zeros(30, int), k=10) == 1
    labels = np.random.default_rng(0).integers(0, 10, 3000)
    assert agreement(np.random.default_rng(1).normal(size=(3000, 2)), labels) == pytest.approx(0.1, abs=0.02)


def test_nothing_is_chosen_on_test_images():
    code = "\n".join(line for line in source(LATENT).splitlines() if not line.startswith("#"))
    first = code.index("x_test, y_test = prepared(cifar.test")
    assert min(match.start() for match in re.finditer(r"cifar\.test|x_test|y_test", code)) == first
    assert code.count("cifar.test") == 1
    for choice in ("chosen =", "chosen[name] =", "over_k(", "training.repeat(", ".fit("):
        assert choice not in code[first:]


def test_training_images_are_no_others_than_the_drawer():
    text = source(LATENT)
    assert re.search(r"^x, y = prepared\(cifar\.train, (IMAGES|DRAWER)\)$", text, flags=re.MULTILINE)
    assert re.search(r"^x_val, y_val = prepared\(cifar\.validation, CHECKS\)$", text, flags=re.MULTILINE)
    fits = re.findall(r"(?:\.fit\(|training\.repeat\()[^)]*", text)
    assert fits and not any("val" in fit or "test" in fit for fit in fits)
