"""A second task beside the fine class of the groceries: related or not, and weighted from 0.01 to 100."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.experiments import heads
from helpers.experiments.store import Row
from helpers.experiments.study import Study, Task

STEPS, BATCH, RATE = 400, 25, 0.001
WEIGHTS = (0.01, 0.1, 1.0, 10.0, 100.0)
WIDTH = 8  # units of the trunk's second layer, few, so that the tasks must share them
HELPERS = ("coarse", "turn")
TURNS = 4


def study() -> Study:
    """Return the study."""
    return Study(
        name="task-weights",
        question="What does a second task do to the first one, and how much of it depends on the weight of its loss?",
        varied="the second task (the coarse class, or by how many quarters the picture was turned), the weight of its loss",
        tuned=f"nothing: Adam with the rate {RATE:g} everywhere, fixed beforehand",
        fixed=f"675 groceries, each turned by lot and shown as features of MobileNetV2 at {heads.SIZE} pixels; a trunk of 64 "
        f"and {WIDTH} units, {STEPS} steps of {BATCH} pictures; the weight of the fine loss is 1; the same 661 test "
        "pictures, turned by lot",
        settings=("case", "helper", "weight"),
        measures=("fine", "second", "cosine1", "cosine2"),
        plan=plan,
        run=run,
        level="case",
        measure="fine",
        paired=True,
        tolerance=0.02,
    )


def plan(rows: Sequence[Row]) -> list[Task]:
    """Ten seeds of each weight and helper; weight 0, the fine task alone, once for both helpers."""
    cells = [("coarse", 0.0), *itertools.product(HELPERS, WEIGHTS)]
    return [
        {"case": f"{helper} x {weight:g}", "helper": helper, "weight": weight, "seed": seed}
        for helper, weight in cells
        for seed in range(10)
    ]


@functools.cache
def _compiled(helper):
    """One network for all runs; its second head answers the helper's question, whatever the head is called."""
    x, _ = heads.turned()
    parent = heads.pictures(strict=True).parent
    if helper == "turn":  # only the number of answers counts here
        parent = np.arange(len(parent)) % TURNS
    model = heads.network("two heads", parent, x["train"].shape[1], (64, WIDTH))
    model.compile("adam", dict.fromkeys(("fine", "coarse"), "sparse_categorical_crossentropy"))
    return model


def run(task: Task) -> dict[str, Any]:
    """Train with two losses, and take the cosine of their gradients in each layer of the trunk on the way."""
    from helpers.experiments.multiplyadds import training_multiply_adds

    x, turns = heads.turned()
    groceries = heads.pictures(strict=True)
    second = groceries.coarse if task["helper"] == "coarse" else turns
    model = _compiled(task["helper"])
    heads.restart(model, RATE, task["seed"])
    rng = np.random.default_rng(task["seed"])
    rows = len(x["train"])
    draws = np.concatenate([rng.permutation(rows) for _ in range(STEPS * BATCH // rows + 1)])[: STEPS * BATCH]
    one = np.ones(len(draws) // 4, np.float32)
    cosines: list[list[float]] = []
    for quarter in np.split(draws, 4):
        model.fit(
            x["train"][quarter],
            {"fine": groceries.fine["train"][quarter], "coarse": second["train"][quarter]},
            sample_weight={"fine": one, "coarse": np.float32(task["weight"]) * one},  # the same as weights of the losses
            batch_size=BATCH,
            shuffle=False,
            verbose=0,
        )
        if len(cosines) < 3:
            cosines.append(cosine(model, x["train"], groceries.fine["train"], second["train"]))
    told = heads.probabilities(model, x["test"])
    first, deep = np.mean(cosines, axis=0)
    return {
        "fine": float((told["fine"].argmax(1) == groceries.fine["test"]).mean()),
        "second": float((told["coarse"].argmax(1) == second["test"]).mean()),
        "cosine1": float(first),
        "cosine2": float(deep),
        "multiply_adds": training_multiply_adds(model, len(draws)),
    }


def cosine(model: Any, x: Any, fine: Any, second: Any) -> list[float]:
    """Return the cosine of the two losses' gradients with respect to the kernel of each layer of the trunk.

    Parameters
    ----------
    model : keras.Model
        As from `heads.network`, with the heads ``"fine"`` and ``"coarse"``.
    x, fine, second : numpy.ndarray
        Pictures, and the labels of the two heads.
    """
    import keras

    from helpers.gradients import value_and_gradient

    weights = [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]

    kernels = [place for place, one in enumerate(model.trainable_variables) if one.path.startswith("trunk") and one.ndim == 2]

    def gradients(name, labels):
        def loss(tensors):
            whole = [keras.ops.convert_to_tensor(one) for one in weights]
            for place, tensor in zip(kernels, tensors, strict=True):
                whole[place] = tensor
            outputs, _ = model.stateless_call(whole, [], x)
            return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, outputs[name]))

        return value_and_gradient(loss, [weights[place] for place in kernels])[1]

    pairs = zip(gradients("fine", fine), gradients("coarse", second), strict=True)
    return [float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum() + 1e-30)) for a, b in pairs]
