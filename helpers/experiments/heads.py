"""Week 8's material: features of photographs with a fine and a coarse label each, and small networks with several heads."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

SIZE = 96  # pixels, height and width that MobileNetV2 gets
ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")
PARTS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Photographs with two labels each, as features.

    Attributes
    ----------
    images, x, fine, coarse : dict
        For each of ``"train"``, ``"validation"`` and ``"test"``: uint8 images, float32 features (each with mean 0 and standard
        deviation 1 on the training part), and two label arrays.
    fine_names, coarse_names : tuple of str
    parent : numpy.ndarray
        The coarse class of each fine class.
    source : str
        What the pictures and the features are, in words.
    """

    images: dict[str, NDArray[np.uint8]]
    x: dict[str, NDArray[np.float32]]
    fine: dict[str, NDArray[np.int64]]
    coarse: dict[str, NDArray[np.int64]]
    fine_names: tuple[str, ...]
    coarse_names: tuple[str, ...]
    parent: NDArray[np.int64]
    source: str

    @property
    def groceries(self) -> bool:
        """Whether these are the photographs and the features that the stored studies are about."""
        return self.source.startswith("groceries") and "MobileNetV2" in self.source

    def __str__(self) -> str:
        """Say what there is, in four lines."""
        counts = ", ".join(f"{len(self.x[part])} {part}" for part in PARTS)
        lines = [self.source, f"  pictures  {counts}", f"  fine      {len(self.fine_names)}: {', '.join(self.fine_names)}"]
        return "\n".join([*lines, f"  coarse    {len(self.coarse_names)}: {', '.join(self.coarse_names)}"])


@functools.cache
def pictures(strict: bool = False) -> Pictures:
    """Return the groceries with features of MobileNetV2, or what can be had instead.

    Parameters
    ----------
    strict : bool, optional
        Whether to fail if the groceries or the weights cannot be had. If not, the embedded sample of CIFAR-10 stands in
        (coarse: animal or vehicle), and gradients and colours (week 1) for the features.

    Returns
    -------
    Pictures

    Raises
    ------
    helpers.data.DataError, helpers.pretrained.Unavailable
        If `strict`, and something cannot be had.
    """
    from helpers import data

    try:
        found = data.load("groceries", size=SIZE)
        name, coarse_names = "groceries", tuple(found.extra_names["coarse"])
        coarse = {part: getattr(found, part).extra["coarse"].astype(np.int64) for part in PARTS}
    except data.DataError:
        if strict:
            raise
        found = data.load("cifar10", source="sample")
        name, coarse_names = "the embedded sample of CIFAR-10 (the groceries cannot be had)", ("vehicle", "animal")
        animal = np.array([each in ANIMALS for each in found.class_names])
        coarse = {part: animal[getattr(found, part).labels].astype(np.int64) for part in PARTS}
    images = {part: getattr(found, part).images for part in PARTS}
    fine = {part: getattr(found, part).labels.astype(np.int64) for part in PARTS}
    parent = np.zeros(len(found.class_names), np.int64)
    parent[fine["train"]] = coarse["train"]
    x, kind = _features(images, strict)
    return Pictures(images, x, fine, coarse, tuple(found.class_names), coarse_names, parent, f"{name}, {kind}")


@functools.cache
def turned() -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.int64]]]:
    """Return features of the groceries after a turn by lot, and the number of quarter turns of each picture."""
    rng = np.random.default_rng(0)
    straight = pictures(strict=True).images
    turns = {part: rng.integers(0, 4, len(straight[part])) for part in PARTS}
    rotated = {
        part: np.stack([np.rot90(image, k) for image, k in zip(straight[part], turns[part], strict=True)]) for part in PARTS
    }
    return _features(rotated, strict=True)[0], turns


def _features(images, strict):
    """Features of each part with mean 0 and spread 1 on the training part, and what they are."""
    from helpers import pretrained

    try:
        raw, kind = _mobilenet(images), f"features of MobileNetV2 at {SIZE} pixels"
    except pretrained.Unavailable:
        if strict:
            raise
        raw, kind = {part: _by_hand(images[part]) for part in PARTS}, "gradients and colours (the weights cannot be had)"
    mean, spread = raw["train"].mean(axis=0), raw["train"].std(axis=0)
    return {part: ((raw[part] - mean) / (spread + 1e-6)).astype(np.float32) for part in PARTS}, kind


def _mobilenet(images):
    import keras

    from helpers import pretrained

    model = pretrained.load("mobilenetv2", top=False, size=SIZE, pooling="avg")

    def large(block):
        block = block.astype("float32")
        return block if block.shape[1] == SIZE else keras.ops.convert_to_numpy(keras.ops.image.resize(block, (SIZE, SIZE)))

    return {part: model.predict(large(images[part]), batch_size=64, verbose=0) for part in PARTS}


def _by_hand(images):
    from skimage.feature import hog

    step = images.shape[1] // 32
    small = images.reshape(len(images), 32, step, 32, step, 3).mean(axis=(2, 4))
    edges = [hog(one, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), channel_axis=-1) for one in small]
    colours = small.reshape(len(small), 4, 8, 4, 8, 3).mean(axis=(2, 4)).reshape(len(small), -1) / 255
    return np.concatenate([np.array(edges), colours], axis=1).astype(np.float32)


def within(parent: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the matrix with a 1 where a fine class (row) belongs to a coarse class (column).

    Examples
    --------
    >>> within(np.array([0, 0, 1]))
    array([[1., 0.],
           [1., 0.],
           [0., 1.]], dtype=float32)
    """
    return np.eye(parent.max() + 1, dtype=np.float32)[parent]


def network(way: str, parent: NDArray[np.int64], inputs: int, widths: tuple[int, ...] = (64,)) -> keras.Model:
    """Build a trunk of dense layers with one or two heads.

    Parameters
    ----------
    way : {"fine", "coarse", "two heads", "penalty", "construction"}
        Which heads there are, and how they hang together. With a penalty, a third output ``"gap"`` is the squared distance
        between the coarse head and the summed fine probabilities. By construction, P(fine) = P(coarse) P(fine | coarse).
    parent : numpy.ndarray
        The coarse class of each fine class.
    inputs : int
        How many features.
    widths : tuple of int, optional

    Returns
    -------
    keras.Model
        Not compiled; its outputs are a dict of probabilities.
    """
    import keras
    from keras import layers, ops

    members = within(parent)
    given = keras.Input((inputs,))
    trunk = given
    for number, width in enumerate(widths, start=1):
        trunk = layers.Dense(width, activation="relu", name=f"trunk{number}")(trunk)
    heads: dict[str, Any] = {}
    if way != "coarse":
        scores = layers.Dense(len(members), name="fine_scores")(trunk)
        heads["fine"] = ops.softmax(scores)
    if way != "fine":
        heads["coarse"] = layers.Dense(members.shape[1], activation="softmax", name="coarse_head")(trunk)
    if way == "construction":
        positive = ops.exp(scores - ops.max(scores, axis=-1, keepdims=True)) + 1e-9
        share = positive / ops.matmul(ops.matmul(positive, members), members.T)
        heads["fine"] = share * ops.matmul(heads["coarse"], members.T)
    if way == "penalty":
        heads["gap"] = ops.sum((heads["coarse"] - ops.matmul(heads["fine"], members)) ** 2, axis=-1, keepdims=True)
    return keras.Model(given, heads)


def restart(model: keras.Model, rate: float, seed: int) -> None:
    """Give a compiled network new initial weights (Glorot's, biases 0) and an optimiser that knows nothing.

    So one compiled network serves many runs: compiling costs more than training it.

    Parameters
    ----------
    model : keras.Model
        Dense layers only, compiled, with the losses and weights that stay as they are.
    rate : float
        The learning rate.
    seed : int
    """
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        reach = (6 / sum(weight.shape)) ** 0.5 if len(weight.shape) == 2 else 0.0
        weight.assign(rng.uniform(-reach, reach, weight.shape).astype(np.float32))
    model.optimizer.build(model.trainable_variables)
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    model.optimizer.learning_rate = rate


def probabilities(model: keras.Model, x: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return what a small network says of all pictures at once.

    Parameters
    ----------
    model : keras.Model
        Its outputs are a dict.
    x : numpy.ndarray
    """
    import keras

    return {name: keras.ops.convert_to_numpy(output) for name, output in model(x, training=False).items()}
