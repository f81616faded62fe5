"""The networks that come trained with the course: each does what its card says; training them survives a kill."""

import dataclasses
import hashlib
import json

import keras
import numpy as np
import pytest

from helpers import saving
from helpers.data import load
from helpers.experiments import lenet5, networks, trained
from helpers.experiments.fitting import Recipe, augmented, fit
from tests.needs import require

SHIPPED = sorted(path.stem for path in trained.FOLDER.glob("*.json"))
LEAST = {"cifar10-residual": 0.91, "mnist-lenet5": 0.99}  # what the lectures that look inside rely on


# --- the cards --------------------------------------------------------------------------------------------


def test_every_file_has_a_card_and_a_plan():
    assert SHIPPED == sorted(path.stem for path in trained.FOLDER.glob("*.zip"))
    assert set(SHIPPED) <= set(trained.NETWORKS)
    assert sum(path.stat().st_size for path in trained.FOLDER.iterdir()) < 4e6


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_is_whole(name):
    told, path = trained.card(name), trained.FOLDER / f"{name}.zip"
    assert told["bytes"] == path.stat().st_size and told["file_sum"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["recipe"] == json.loads(json.dumps(dataclasses.asdict(trained.NETWORKS[name].recipe)))
    assert len(told["history"]) == told["recipe"]["epochs"] and told["test_images"] == 10_000
    low, high = told["test_interval"]
    assert low < told["test_accuracy"] < high and told["test_accuracy"] >= LEAST.get(name, 0)
    assert told["training_multiply_adds"] == 3 * told["recipe"]["epochs"] * told["images"] * told["multiply_adds"]
    assert told["command"].startswith(f"python -m helpers.experiments run {name}") and told["commit"] != "unknown"
    assert told["title"] in trained.summary(told)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_network_does_on_the_whole_test_set_what_its_card_says(name):
    dataset = load(trained.NETWORKS[name].data)
    if dataset.is_sample:
        require("data", f"only the sample of {dataset.name} is here")
    assert trained.check(name) == []


def test_a_network_that_does_something_else_is_found_out(tmp_path, monkeypatch):
    """The card is compared with the file, and the file with the test images."""
    few = dataclasses.replace(load("mnist", source="sample"), is_sample=False)
    monkeypatch.setattr("helpers.data.load", lambda name: few)
    monkeypatch.setitem(
        trained.NETWORKS, "mnist-lenet5", dataclasses.replace(trained.NETWORKS["mnist-lenet5"], recipe=Recipe(1, flip=False))
    )
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    told = trained.train("mnist-lenet5", folder=tmp_path, command="python -m helpers.experiments run mnist-lenet5")
    assert trained.check("mnist-lenet5", folder=tmp_path) == [] and told["test_accuracy"] > 0.2
    model = trained.load("mnist-lenet5", folder=tmp_path)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    saving.save(model, tmp_path / "mnist-lenet5.zip", half=True)
    wrong = trained.check("mnist-lenet5", folder=tmp_path)
    assert len(wrong) == 2 and "not the one that the card describes" in wrong[0] and "the card says" in wrong[1]


def test_a_network_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m helpers.experiments run mnist-lenet5"):
        trained.load("mnist-lenet5", folder=tmp_path)
    with pytest.raises(ValueError, match="no network 'lenet'"):
        trained.card("lenet")


# --- training ---------------------------------------------------------------------------------------------

TINY = Recipe(epochs=3, batch=50, rate=0.05, shift=1, flip=False)


def tiny():
    parts = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(10), keras.layers.BatchNormalization()]
    return keras.Sequential([keras.Input((28, 28, 1)), *parts])


class Killed(Exception):
    pass


def test_a_training_that_was_killed_goes_on_as_if_nothing_had_happened(tmp_path):
    few = load("fashion_mnist", source="sample")

    def kill(line):
        if line.startswith("epoch  2"):
            raise Killed

    whole, history = fit(tiny, TINY, few.train, few.validation, checkpoint=tmp_path / "whole.npz", tell=lambda line: None)
    with pytest.raises(Killed):
        fit(tiny, TINY, few.train, few.validation, checkpoint=tmp_path / "part.npz", tell=kill)
    told = []
    again, resumed = fit(tiny, TINY, few.train, few.validation, checkpoint=tmp_path / "part.npz", tell=told.append)
    assert len(told) == 1 and len(history) == len(resumed) == 3
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert history[-1]["val_accuracy"] > 0.4
    with pytest.raises(ValueError, match="belongs to another training"):
        fit(tiny, TINY, few.train, few.validation, seed=1, checkpoint=tmp_path / "part.npz", tell=told.append)


def test_augmented_images_are_shifted_and_every_second_epoch_mirrored():
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    recipe = Recipe(1, shift=2, flip=True)
    seen = augmented(images, recipe, 0, 0)
    np.testing.assert_array_equal(seen, augmented(images, recipe, 0, 0))
    assert (seen != augmented(images, recipe, 0, 1)).any() and (seen != augmented(images, recipe, 1, 0)).any()
    flips = [
        (augmented(images, dataclasses.replace(recipe, shift=0), 0, epoch) != images).any(axis=(1, 2, 3)) for epoch in (0, 1)
    ]
    assert (flips[0] ^ flips[1]).all() and 0 < flips[0].sum() < 40  # each image is mirrored in one of two epochs
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    windows = {(y, x): padded[:, y : y + 8, x : x + 8] for y in range(5) for x in range(5)}
    shifted = augmented(images, dataclasses.replace(recipe, flip=False), 0, 0)
    found = [{at for at, window in windows.items() if (window[i] == shifted[i]).all()} for i in range(40)]
    assert all(found) and len(set.union(*found)) > 10


def test_whitening_filters_give_uncorrelated_outputs_of_variance_one():
    images = load("cifar10", source="sample").train.images[:300]
    layer = keras.layers.Conv2D(networks.STEM, 2, use_bias=False)
    layer.build((None, 32, 32, 3))
    layer.set_weights([networks.whitening(images, epsilon=0)])
    outputs = keras.ops.convert_to_numpy(layer(images.astype("float32") / 127.5 - 1)).reshape(-1, networks.STEM)
    np.testing.assert_allclose(np.cov(outputs[:, :12], rowvar=False), np.eye(12), atol=0.02)
    np.testing.assert_allclose(outputs[:, 12:], -outputs[:, :12], atol=1e-3)


# --- LeNet-5, and half precision --------------------------------------------------------------------------


def test_lenet5_has_the_numbers_of_the_paper():
    of_1998 = lenet5.build("LeNet-5, 1998")
    trainable = {layer.name: sum(int(np.prod(w.shape)) for w in layer.trainable_weights) for layer in of_1998.layers}
    assert [trainable[name] for name in ("C1", "C3", "C5", "F6", "output")] == [156, 1516, 48_120, 10_164, 0]
    assert sum(trainable.values()) == 60_000
    assert lenet5.build("+ softmax, cross-entropy").count_params() == 61_706
    assert len(lenet5.STEPS) == 8 and lenet5.choices("+ batch norm")["batch_norm"]
    with pytest.raises(ValueError, match="no step"):
        lenet5.choices("+ dropout")


@pytest.mark.parametrize("step", ["LeNet-5, 1998", "+ batch norm"])
def test_half_precision_hardly_changes_an_answer(step, tmp_path):
    keras.utils.set_random_seed(0)
    model = lenet5.build(step)
    for half in (False, True):
        saving.save(model, tmp_path / f"{half}.zip", half=half)
    images = load("mnist", source="sample").test.images[:100, ..., None]
    ours, whole, half = (
        one.predict(images, verbose=0) for one in (model, *(saving.load(tmp_path / f"{each}.zip") for each in (False, True)))
    )
    np.testing.assert_allclose(whole, ours, rtol=1e-5, atol=1e-5)
    assert 0 < np.abs(half - ours).max() < 0.02 * np.abs(ours).max()
    assert (tmp_path / "True.zip").stat().st_size < 0.6 * (tmp_path / "False.zip").stat().st_size
    assert saving.load(tmp_path / "True.zip").layers[-1].dtype == "float32"


def test_a_weight_too_large_for_half_precision_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.set_weights([np.array([[1e6]]), np.zeros(1)])
    with pytest.raises(ValueError, match="without half=True"):
        saving.save(model, tmp_path / "large.zip", half=True)
    assert not (tmp_path / "large.zip").exists()
