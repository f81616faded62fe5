"""The scoreboard: what each week's way of classifying reaches on the same 10,000 test images of CIFAR-10."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.experiments.store import Row
from helpers.experiments.study import Study, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from helpers.data import Dataset

KS = (1, 3, 5, 7, 10, 15, 20, 30)
NEIGHBOURS = {  # what the nearest neighbours are compared by
    "pixels": "pixels",
    "HOG": "hog",
    "untrained network": "untrained",
    "LeNet-5": "cifar10-lenet5",
    "residual network": "cifar10-residual",
    "MobileNetV2": "mobilenetv2",
}
NEAREST = {"pixels, L2, k = 1": "L2", "pixels, L1, k = 1": "L1"}  # nothing is chosen: all 50,000 images are known, as in CS231n
NETWORKS = {"LeNet-5": "cifar10-lenet5", "residual network": "cifar10-residual"}
SLOW = 500  # images a block, for the distance that is no matrix product


def study() -> Study:
    """Return the study."""
    return Study(
        name="scoreboard",
        question="How much of CIFAR-10 does each week's way get right: pixels, features by hand, learned features, networks?",
        varied="the features that a nearest-neighbour classifier compares, and the networks themselves",
        tuned=f"the number of neighbours, one of {', '.join(map(str, KS))}, on the 5,000 validation images; not where it is 1",
        fixed="Euclidean distance to the 45,000 training images, but to all 50,000 where k = 1; the same 10,000 test images",
        settings=("method", "way"),
        measures=("accuracy", "k", "images"),
        plan=plan,
        run=run,
        level="method",
        measure="accuracy",
    )


def plan(rows: Sequence[Row]) -> list[Task]:
    """List one run for each method; networks and features that are not there yet are left out."""
    tasks = [{"method": name, "way": "neighbours", "seed": 0} for name, what in NEIGHBOURS.items() if _there(what)]
    tasks += [{"method": f"{name} itself", "way": "network", "seed": 0} for name, what in NETWORKS.items() if _there(what)]
    tasks += [{"method": name, "way": "nearest", "seed": 0} for name in NEAREST]  # last: L1 takes half an hour
    return tasks


def _there(what):
    """Whether a network comes with the course."""
    from helpers.experiments import trained

    return what not in trained.NETWORKS or (trained.FOLDER / f"{what}.json").exists()


def run(task: Task) -> dict[str, Any]:
    """Classify all test images in one way."""
    from helpers.experiments import trained

    cifar = _data()
    if task["way"] == "network":
        name = NETWORKS[task["method"].removesuffix(" itself")]
        told = trained.card(name)
        right, of = trained.accuracy(trained.load(name), cifar.test)
        return {"accuracy": right / of, "k": 0, "images": of, "multiply_adds": told["multiply_adds"] * of}
    if task["way"] == "nearest":
        known = np.concatenate([features("pixels", "train"), features("pixels", "validation")])
        labels = np.concatenate([cifar.train.labels, cifar.validation.labels])
        test, k = features("pixels", "test"), 1
        nearest = _nearest(known, test, 1) if NEAREST[task["method"]] == "L2" else _nearest_l1(known, test)
    else:
        known, validation, test = (features(NEIGHBOURS[task["method"]], split) for split in ("train", "validation", "test"))
        labels = cifar.train.labels
        found = _votes(labels[_nearest(known, validation, max(KS))])
        k = max(KS, key=lambda each: float((found[each] == cifar.validation.labels).mean()))
        nearest = _nearest(known, test, k)
    return {
        "accuracy": float((_votes(labels[nearest])[k] == cifar.test.labels).mean()),
        "k": k,
        "images": len(test),
        "multiply_adds": len(known) * len(test) * known.shape[1],
    }


@functools.cache
def _data() -> Dataset:
    from helpers.data import load

    return load("cifar10")


@functools.lru_cache(maxsize=3)
def features(what: str, part: str) -> NDArray[np.float32]:
    """Return one vector for each image of a split.

    Parameters
    ----------
    what : str
        ``"pixels"``, ``"hog"`` (week 1's: 9 directions in cells of 8 pixels, with the colours of cells of 4 pixels),
        ``"untrained"``, ``"mobilenetv2"`` or a network of `trained.NETWORKS`.
    part : {"train", "validation", "test"}

    Returns
    -------
    numpy.ndarray
        float32, shape (images, features).
    """
    images = getattr(_data(), part).images
    if what == "pixels":
        return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
    if what == "hog":
        return hog_features(images)
    import keras

    from helpers import pretrained
    from helpers.experiments import networks, trained

    if what == "mobilenetv2":
        model = pretrained.load("mobilenetv2", top=False, size=96, pooling="avg")
        blocks = [
            keras.ops.convert_to_numpy(keras.ops.image.resize(block.astype("float32"), (96, 96))) for block in _blocks(images)
        ]
        return np.concatenate([model.predict(block, batch_size=100, verbose=0) for block in blocks])
    if what == "untrained":
        keras.utils.set_random_seed(0)
        model = networks.residual()
        model.get_layer("whitening").set_weights([networks.whitening(_data().train.images[:2000])])
    else:
        model = trained.load(what)
    latent = keras.Model(model.inputs, model.layers[-1].input if what == "cifar10-lenet5" else model.get_layer("latent").output)
    return latent.predict(images, batch_size=500, verbose=0)


def _blocks(array, size=1000):
    return (array[start : start + size] for start in range(0, len(array), size))


def hog_features(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return week 1's best features made by hand: histograms of oriented gradients, and the colours of small cells.

    Parameters
    ----------
    images : numpy.ndarray
        uint8, shape (n, 32, 32, 3).

    Returns
    -------
    numpy.ndarray
        float32, shape (n, 516): HOG with 9 directions in cells of 8 pixels, then half the mean colours of cells of 4 pixels.

    Examples
    --------
    >>> hog_features(np.zeros((2, 32, 32, 3), np.uint8)).shape
    (2, 516)
    """
    from skimage.feature import hog

    shapes = [
        hog(image, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), channel_axis=-1).astype(np.float32)
        for image in images
    ]
    colours = images.reshape(len(images), 8, 4, 8, 4, 3).mean(axis=(2, 4)).reshape(len(images), -1) / 255
    return np.concatenate([np.array(shapes), 0.5 * colours.astype(np.float32)], axis=1)


def _nearest(known, asked, k):
    """The k nearest of the known vectors for each asked one, nearest first, by the Euclidean distance."""
    squares = (known**2).sum(axis=1)
    found = []
    for block in _blocks(asked, 500):
        distances = squares - 2 * block @ known.T
        few = np.argpartition(distances, k, axis=1)[:, :k]
        found.append(np.take_along_axis(few, np.take_along_axis(distances, few, axis=1).argsort(axis=1), axis=1))
    return np.concatenate(found)


def _nearest_l1(known, asked):
    """The nearest by the sum of absolute differences."""
    from scipy.spatial.distance import cdist

    return np.concatenate([cdist(block, known, "cityblock").argmin(axis=1)[:, None] for block in _blocks(asked, SLOW)])


def _votes(labels):
    """For each number of neighbours the majority's class; of several, that of the nearest neighbour among them."""
    found = {}
    for k in (each for each in KS if each <= labels.shape[1]):
        counts = np.stack([(labels[:, :k] == label).sum(axis=1) for label in range(10)], axis=1)
        most = np.take_along_axis(counts, labels[:, :k], axis=1)  # for each neighbour: the votes of its class
        found[k] = labels[np.arange(len(labels)), most.argmax(axis=1)]
    return found
