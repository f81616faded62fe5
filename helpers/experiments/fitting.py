"""Train one network for long, so that a process that is killed loses one epoch and no more."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    from _typeshed import StrPath
    from numpy.typing import NDArray

    from helpers.data import Split


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained: stochastic gradient descent with Nesterov's momentum, and one cycle of the learning rate.

    Attributes
    ----------
    epochs, batch : int
        A last batch that is not full is left out.
    rate : float
        The largest learning rate. It rises to it in a straight line and falls to 0 in another one.
    warm_up : float
        The part of all steps in which it rises.
    momentum : float
    decay : float
        Decoupled weight decay, of kernels only.
    smoothing : float
        Label smoothing.
    shift : int
        Images are shifted by up to so many pixels each way, the border mirrored.
    flip : bool
        Every image is seen mirrored in every other epoch.
    precision : str
        A dtype policy of Keras.
    """

    epochs: int
    batch: int = 250
    rate: float = 0.25
    warm_up: float = 0.25
    momentum: float = 0.9
    decay: float = 5e-3
    smoothing: float = 0.1
    shift: int = 2
    flip: bool = True
    precision: str = "float32"


def augmented(images: NDArray[np.uint8], recipe: Recipe, seed: int, epoch: int) -> NDArray[np.uint8]:
    """Return the images as one epoch sees them.

    Parameters
    ----------
    images : numpy.ndarray
        uint8, shape (n, height, width, channels).
    recipe : Recipe
    seed, epoch : int
        They decide everything: the same pair gives the same images, whatever was drawn before.

    Returns
    -------
    numpy.ndarray
        Like `images`.

    Examples
    --------
    >>> images = np.arange(2 * 4 * 4 * 1, dtype=np.uint8).reshape(2, 4, 4, 1)
    >>> still = augmented(images, Recipe(1, shift=0, flip=False), seed=0, epoch=0)
    >>> bool((still == images).all())
    True
    """
    height, width = images.shape[1:3]
    result = images.copy()
    if recipe.shift:
        reach = recipe.shift
        padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="reflect")
        down, right = np.random.default_rng([seed, epoch, 1]).integers(0, 2 * reach + 1, (2, len(images)))
        for y in range(2 * reach + 1):
            for x in range(2 * reach + 1):
                rows = (down == y) & (right == x)
                result[rows] = padded[rows, y : y + height, x : x + width]
    if recipe.flip:
        rows = np.random.default_rng([seed, 2]).integers(0, 2, len(images)) == epoch % 2
        result[rows] = result[rows, :, ::-1]
    return result


def fit(
    build: Callable[[], keras.Model],
    recipe: Recipe,
    train: Split,
    validation: Split,
    *,
    seed: int = 0,
    loss: Any = None,
    checkpoint: StrPath,
    tell: Callable[[str], None] = print,
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Train a network, or go on where an earlier call was stopped.

    Parameters
    ----------
    build : callable
        ``build() -> keras.Model``, not compiled, with logits as its output.
    recipe : Recipe
    train, validation : helpers.data.Split
    seed : int
        Decides the initial weights, the order of the images and how each is changed.
    loss : optional
        Default: cross-entropy with the recipe's label smoothing. Targets are 1 for the class and 0 elsewhere.
    checkpoint : path
        A file that holds weights, the optimizer's state and the history after each epoch. It is replaced in one step.
    tell : callable
        Is given a line after each epoch.

    Returns
    -------
    model : keras.Model
        With its final weights, computing in float32.
    history : list of dict
        One entry an epoch: loss, accuracy, val_loss, val_accuracy, seconds, cpu_seconds.

    Raises
    ------
    ValueError
        If the checkpoint belongs to another recipe or seed.
    """
    import keras

    plan = repr((recipe, seed, len(train)))
    steps = len(train) // recipe.batch
    keras.utils.set_random_seed(seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision)
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy(before)
    optimizer = keras.optimizers.SGD(
        _one_cycle(recipe, steps * recipe.epochs), momentum=recipe.momentum, nesterov=True, weight_decay=recipe.decay
    )
    optimizer.exclude_from_weight_decay([weight for weight in model.trainable_variables if len(weight.shape) < 2])
    classes = model.output_shape[-1]
    loss = loss or keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.smoothing)
    model.compile(optimizer, loss, metrics=["accuracy"])
    optimizer.build(model.trainable_variables)
    history = _restore(Path(checkpoint), plan, model, optimizer)
    labels = np.eye(classes, dtype=np.float32)
    images, held_out = (np.asarray(split.images).reshape(*split.images.shape[:3], -1) for split in (train, validation))
    checks = held_out, labels[np.asarray(validation.labels)]
    for epoch in range(len(history), recipe.epochs):
        started, cpu_started = time.perf_counter(), time.process_time()
        order = np.random.default_rng([seed, epoch, 0]).permutation(len(images))[: steps * recipe.batch]
        x = augmented(images, recipe, seed, epoch)[order]
        logs = model.fit(
            x,
            labels[np.asarray(train.labels)[order]],
            batch_size=recipe.batch,
            shuffle=False,
            validation_data=checks,
            validation_batch_size=500,
            verbose=0,
        ).history
        spent = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu_started}
        history.append({name: float(values[-1]) for name, values in logs.items()} | spent)
        _keep(Path(checkpoint), plan, model, optimizer, history)
        last = history[-1]
        tell(
            f"epoch {epoch + 1:2d} of {recipe.epochs}: loss {last['loss']:.3f}, validation {last['val_accuracy']:.2%}, "
            f"{last['seconds']:.0f} s ({last['cpu_seconds']:.0f} s of processor)"
        )
    plain = build()
    plain.set_weights(model.get_weights())
    return plain, history


def _one_cycle(recipe: Recipe, steps: int) -> Any:
    """A learning rate that rises and falls in straight lines."""
    import keras

    class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            step = keras.ops.cast(step, "float32")
            rising = max(1.0, recipe.warm_up * steps)
            return recipe.rate * keras.ops.minimum((step + 1) / rising, (steps - step) / max(1.0, steps - rising))

        def get_config(self):
            return {}

    return OneCycle()


def _keep(path, plan, model, optimizer, history):
    """Replace the checkpoint in one step."""
    import keras

    states = [keras.ops.convert_to_numpy(variable) for variable in optimizer.variables]
    new = path.with_name(f".{path.name}-{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(new, "wb") as file:
        arrays = {f"weight{i:03d}": value for i, value in enumerate(model.get_weights())}
        arrays |= {f"state{i:03d}": value for i, value in enumerate(states)}
        np.savez(file, plan=plan, history=repr(history), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


def _restore(path, plan, model, optimizer):
    """Bring back what a checkpoint holds; return its history, empty where there is no checkpoint."""
    import ast

    if not path.exists():
        return []
    with np.load(path) as kept:
        if str(kept["plan"]) != plan:
            raise ValueError(f"{path} belongs to another training ({kept['plan']}): delete it, or choose another file")
        model.set_weights([kept[name] for name in sorted(kept.files) if name.startswith("weight")])
        states = [kept[name] for name in sorted(kept.files) if name.startswith("state")]
        for variable, value in zip(optimizer.variables, states, strict=True):
            variable.assign(value)
        return ast.literal_eval(str(kept["history"]))
