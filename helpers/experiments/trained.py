"""Small networks that come trained with the course, each with a card that says how, at what cost, and how well.

``python -m helpers.experiments run NAME`` trains one, and goes on where it was stopped; ``show NAME`` prints its card, and
``check NAME`` asks the test images again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.experiments.fitting import Recipe
from helpers.experiments.study import RESULTS

if TYPE_CHECKING:
    import keras

    from helpers.data import Dataset, Split

FOLDER = RESULTS / "networks"
SEED = 0


@dataclasses.dataclass(frozen=True)
class Network:
    """How a network is built and trained.

    Attributes
    ----------
    title : str
    data : str
        The data set's name.
    build : callable
        ``build(train images) -> keras.Model``, not compiled, for pixels from 0 to 255.
    recipe : Recipe
    loss : callable, optional
        ``loss() -> loss``; by default cross-entropy with the recipe's label smoothing.
    """

    title: str
    data: str
    build: Callable[[Any], keras.Model]
    recipe: Recipe
    loss: Callable[[], Any] | None = None


def _residual(images):
    from helpers.experiments import networks

    model = networks.residual()
    model.get_layer("whitening").set_weights([networks.whitening(images[:2000])])
    return model


def _lenet(step, shape=(28, 28, 1)):
    def build(images):
        from helpers.experiments import lenet5

        return lenet5.build(step, shape)

    return build


def _distance():
    from helpers.experiments import lenet5

    return lenet5.distance_to_right_code


NETWORKS = {
    "cifar10-residual": Network(
        "a small residual network, 16 to 4 pixels a side in three blocks, for CIFAR-10",
        "cifar10",
        _residual,
        Recipe(epochs=8, batch=125, rate=0.15, warm_up=0.375, decay=4e-3, precision="mixed_bfloat16"),
    ),
    "mnist-lenet5": Network(
        "LeNet-5 as it is built today, with ReLU and batch normalisation, for MNIST",
        "mnist",
        _lenet("+ batch norm"),
        Recipe(epochs=12, batch=125, rate=0.1, decay=4e-3, smoothing=0.0, flip=False),
    ),
    "mnist-lenet5-1998": Network(
        "LeNet-5 as it was in 1998, for MNIST",
        "mnist",
        _lenet("LeNet-5, 1998"),
        Recipe(epochs=12, batch=125, rate=0.001, decay=0.0, shift=0, flip=False),
        _distance,
    ),
    "cifar10-lenet5": Network(
        "LeNet-5 as it is built today, for CIFAR-10",
        "cifar10",
        _lenet("+ batch norm", (32, 32, 3)),
        Recipe(epochs=12, batch=125, rate=0.1, decay=4e-3, smoothing=0.0),
    ),
}


def find(name: str) -> Network:
    """Return a network's plan.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in NETWORKS:
        raise ValueError(f"there is no network {name!r}; there are: {', '.join(NETWORKS)}")
    return NETWORKS[name]


def load(name: str, folder: str | os.PathLike[str] | None = None) -> keras.Model:
    """Return a trained network.

    Parameters
    ----------
    name : str
        One of `NETWORKS`.
    folder : path, optional
        Default: the one that comes with the course.

    Returns
    -------
    keras.Model
        Not compiled. It takes pixels from 0 to 255, as the data sets hold them, and gives logits.

    Raises
    ------
    FileNotFoundError
        If it was not trained yet.
    """
    from helpers import saving

    find(name)
    path = _path(name, folder, ".zip")
    if name.startswith("mnist-lenet5-1998"):
        from helpers.experiments import lenet5  # noqa: F401  its layers have to be known
    return saving.load(path)


def card(name: str, folder: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Return what is known about a trained network: data, command, seed, recipe, cost, accuracy with its interval.

    Parameters
    ----------
    name : str
    folder : path, optional

    Returns
    -------
    dict
    """
    find(name)
    return json.loads(_path(name, folder, ".json").read_text(encoding="utf-8"))


def _path(name, folder, ending):
    path = Path(FOLDER if folder is None else folder, name + ending)
    if not path.exists():
        raise FileNotFoundError(
            f"{name} was not trained yet, or its file {path.name} is missing: python -m helpers.experiments run {name}"
        )
    return path


def accuracy(model: keras.Model, split: Split) -> tuple[int, int]:
    """Return how many of a split's images a network gets right, and how many there are."""
    scores = model.predict(pixels(split), batch_size=500, verbose=0)
    return int((scores.argmax(axis=1) == split.labels).sum()), len(split)


def pixels(split: Split) -> Any:
    """Return a split's images with a channel axis, as the networks take them."""
    return split.images.reshape(*split.images.shape[:3], -1)


def data_sum(dataset: Dataset) -> str:
    """Return a checksum of all images and labels that a network was trained on."""
    import numpy as np

    found = hashlib.sha256()
    for array in (dataset.train.images, dataset.train.labels):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def train(name: str, folder: str | os.PathLike[str] | None = None, command: str = "") -> dict[str, Any]:
    """Train a network, write its file and its card.

    After each epoch everything is kept in the cache of the data sets, so that the same call goes on after a kill. The test
    images are asked once, at the end, by the network as it stands in the file.

    Parameters
    ----------
    name : str
    folder : path, optional
        Where the two files are written.
    command : str, optional
        What was typed; it goes into the card.

    Returns
    -------
    dict
        The card.
    """
    from helpers import saving
    from helpers.data import cache
    from helpers.data import load as load_data
    from helpers.experiments.fitting import fit
    from helpers.experiments.multiplyadds import multiply_adds, training_multiply_adds
    from helpers.experiments.provenance import commit, provenance
    from helpers.experiments.verdicts import proportion

    plan = find(name)
    commit()  # now: the code that trains is the one that is there when it begins
    dataset = load_data(plan.data)
    if dataset.is_sample:
        raise RuntimeError(f"{name} is trained on all of {plan.data}, and only the sample is here")
    folder = Path(FOLDER if folder is None else folder)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = Path(cache.root(), "training", f"{name}.npz")
    model, history = fit(
        lambda: plan.build(pixels(dataset.train)),
        plan.recipe,
        dataset.train,
        dataset.validation,
        seed=SEED,
        loss=plan.loss() if plan.loss else None,
        checkpoint=checkpoint,
        tell=lambda line: print(line, flush=True),
    )
    path = folder / f"{name}.zip"
    saving.save(model, path, half=True)
    kept = load(name, folder)
    right, of = accuracy(kept, dataset.test)
    low, high = proportion(right, of)
    facts = {
        "name": name,
        "title": plan.title,
        "data": plan.data,
        "data_sum": data_sum(dataset),
        "images": len(dataset.train),
        "file_sum": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "parameters": kept.count_params(),
        "multiply_adds": multiply_adds(kept),
        "training_multiply_adds": training_multiply_adds(kept, len(dataset.train), plan.recipe.epochs),
        "recipe": dataclasses.asdict(plan.recipe),
        "seed": SEED,
        "validation_accuracy": round(accuracy(kept, dataset.validation)[0] / len(dataset.validation), 4),
        "test_images": of,
        "test_accuracy": right / of,
        "test_interval": [round(low, 4), round(high, 4)],
        "seconds": round(sum(epoch["seconds"] for epoch in history)),
        "cpu_seconds": round(sum(epoch["cpu_seconds"] for epoch in history)),
        "history": [{key: round(value, 4) for key, value in epoch.items()} for epoch in history],
        **provenance(command),
    }
    new = folder / f".{name}.json"
    new.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    os.replace(new, folder / f"{name}.json")
    checkpoint.unlink(missing_ok=True)
    return facts


def check(name: str, folder: str | os.PathLike[str] | None = None, tolerance: float = 0.001) -> list[str]:
    """Ask the test images again, and compare with the card.

    Parameters
    ----------
    name : str
    folder : path, optional
    tolerance : float, optional
        The share of the images by which other versions and processors may differ.

    Returns
    -------
    list of str
        A sentence for each difference.
    """
    from helpers.data import load as load_data
    from helpers.experiments.multiplyadds import multiply_adds

    told, dataset = card(name, folder), load_data(find(name).data)
    found = []
    if hashlib.sha256(_path(name, folder, ".zip").read_bytes()).hexdigest() != told["file_sum"]:
        found.append(f"{name}: the file is not the one that the card describes")
    if dataset.is_sample or data_sum(dataset) != told["data_sum"]:
        found.append(f"{name}: the data are not those that the card names")
        return found
    model = load(name, folder)
    right, of = accuracy(model, dataset.test)
    print(f"{name}: {right / of:.2%} of {of:,} test images, {told['test_accuracy']:.2%} in its card")
    if abs(right / of - told["test_accuracy"]) > tolerance:
        found.append(f"{name}: {right / of:.2%} of the test images, and the card says {told['test_accuracy']:.2%}")
    for what, now in (("parameters", model.count_params()), ("multiply_adds", multiply_adds(model))):
        if told[what] != now:
            found.append(f"{name}: {what} are {now}, and the card says {told[what]}")
    return found


def summary(facts: dict[str, Any]) -> str:
    """Return a card in words."""
    low, high = facts["test_interval"]
    recipe, spent = facts["recipe"], facts["cpu_seconds"] / 60
    lines = [
        f"{facts['name']}: {facts['title']}",
        f"{facts['test_accuracy']:.2%} of {facts['test_images']:,} test images (95 % interval {low:.2%} to {high:.2%}), "
        f"{facts['validation_accuracy']:.2%} of the validation images",
        f"{facts['parameters']:,} parameters, {facts['bytes'] / 1e6:.2f} MB; {facts['multiply_adds'] / 1e6:.1f} million "
        f"multiply-adds an image, {facts['training_multiply_adds']:.3g} to train",
        f"{recipe['epochs']} epochs of {facts['images']:,} images, seed {facts['seed']}, {recipe['precision']}: "
        f"{spent:.0f} minutes of processor time, {facts['seconds'] / 60:.0f} by the clock, on {facts['processor']}",
        facts["command"],
        f"{facts['date']}, commit {facts['commit']}, {facts['versions']}",
    ]
    return "\n  ".join(lines)
