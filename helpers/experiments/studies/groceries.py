"""What the studies of week 9 share: the grocery photographs as features of MobileNetV2, and the classifiers on them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from helpers.data import Dataset

SIZE = 96  # pixels: what MobileNetV2 gets
DRAWN = 600  # of the 675 training photographs: each seed draws others
STRENGTHS = (0.0001, 0.001, 0.01, 0.1, 1.0)  # of the logistic regression; the larger, the less it is held back
SPLIT = f"groceries, 14 classes, doubles removed: {DRAWN} of 675 training photographs by seed, 57 to validate, 661 to test"


class Part(NamedTuple):
    """Features and labels of some photographs.

    Attributes
    ----------
    features : numpy.ndarray
        float32, shape (n, 1280).
    labels, coarse : numpy.ndarray of int
        Shape (n,): the kind of fruit, and its family.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.intp]
    coarse: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> Part:
        """Return some of them."""
        return Part(self.features[rows], self.labels[rows], self.coarse[rows])


def joined(one: Part, two: Part) -> Part:
    """Return all photographs of both."""
    return Part(
        np.concatenate([one.features, two.features]),
        np.concatenate([one.labels, two.labels]),
        np.concatenate([one.coarse, two.coarse]),
    )


@functools.cache
def photographs() -> Dataset:
    """Return the photographs, all of them, at 96 pixels."""
    from helpers.data import load

    return load("groceries", size=SIZE)


def embed(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return MobileNetV2's 1,280 features of each image of 96 x 96 pixels."""
    return np.asarray(_network().predict(images, batch_size=64, verbose=0), np.float32)


@functools.cache
def _network():
    from helpers import pretrained

    return pretrained.load("mobilenetv2", top=False, size=SIZE, pooling="avg")


@functools.cache
def part(name: str) -> Part:
    """Return the training, validation or test photographs as features."""
    split = getattr(photographs(), name)
    return Part(embed(split.images), np.asarray(split.labels, np.intp), np.asarray(split.extra["coarse"], np.intp))


def drawn(seed: int) -> Part:
    """Return the training photographs of one seed."""
    return part("train").take(np.random.default_rng(seed).permutation(len(part("train").labels))[:DRAWN])


def logistic(known: Part, labels: NDArray[np.intp], asked: NDArray[np.float32]) -> tuple[NDArray[np.intp], float, int]:
    """Classify by a logistic regression whose strength has the smallest log loss on the validation photographs.

    Returns
    -------
    answers : numpy.ndarray of int
    strength : float
        The chosen one.
    multiply_adds : int
        Of all fits: forth and back, once an iteration.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    validation, best, work = part("validation"), None, 0
    for strength in STRENGTHS:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000)).fit(known.features, labels)
        classes = model[-1].classes_
        loss = log_loss(validation.labels, model.predict_proba(validation.features), labels=classes)
        work += 2 * int(model[-1].n_iter_.max()) * known.features.size * len(classes)
        if best is None or loss < best[0]:
            best = loss, strength, model
    assert best is not None
    return best[2].predict(asked), best[1], work


def nearest(known: NDArray[np.float32], labels: NDArray[np.intp], asked: NDArray[np.float32]) -> NDArray[np.intp]:
    """Classify by the one nearest neighbour, by the angle between the features."""
    one, two = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (known, asked))
    return labels[(two @ one.T).argmax(axis=1)]


def spoilt(labels: NDArray[np.intp], share: float, seed: int, coarse: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """Return labels of which this share is wrong.

    Parameters
    ----------
    labels : numpy.ndarray of int
    share : float
    seed : int
    coarse : numpy.ndarray of int, optional
        The family of each picture. If given, a wrong label is another kind of the same family, where there is one.

    Returns
    -------
    numpy.ndarray of int
    """
    dice = np.random.default_rng([seed, 9])
    kinds = np.unique(labels)
    new = labels.copy()
    for row in dice.permutation(len(labels))[: round(share * len(labels))]:
        others = kinds[kinds != labels[row]]
        if coarse is not None:
            family = np.unique(labels[coarse == coarse[row]])
            others = family[family != labels[row]] if len(family) > 1 else others
        new[row] = dice.choice(others)
    return new
