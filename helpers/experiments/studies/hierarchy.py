"""Fine and coarse class of the groceries: one head or two, and four ways to keep the two answers together."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.experiments import heads
from helpers.experiments.store import Row
from helpers.experiments.study import Study, Task

STEPS, BATCH, PENALTY = 400, 25, 10.0
RATE = 0.001
IMAGES = (100, 200, 400, 675)
WAYS = ("fine", "coarse", "two heads", "penalty", "construction")
CELLS = [(way, images) for images in IMAGES for way in WAYS if way in WAYS[:3] or images in (100, 675)]
CELLS += [("coarse of all", images) for images in IMAGES[:-1]] + [("missing as 0", IMAGES[0])]
COVERAGES = (50, 60, 70, 80, 90)  # per cent of the test pictures that get an answer
SCORES = ("sure", "gap")


def study() -> Study:
    """Return the study."""
    return Study(
        name="hierarchy",
        question="Fine and coarse class: does a second head help, and how should the two answers be joined?",
        varied="the heads (one, two, two with a penalty on their gap, two joined by construction), and how many pictures have "
        "labels; 'coarse of all' has the coarse labels of all 675 pictures, and fine ones for some of them; 'missing as 0' has, "
        "too, but takes each missing fine label for class 0",
        tuned=f"nothing: Adam with Keras's rate of {RATE:g} everywhere. Rates chosen by the loss of the validation pictures were "
        "tried first and dropped: they were very small",
        fixed=f"features of MobileNetV2 at {heads.SIZE} pixels, a trunk of 64 units, {STEPS} steps of {BATCH} pictures, the same "
        f"661 test pictures; both losses have weight 1, the penalty {PENALTY:g}; a seed stands for the initial weights, the "
        "order and the choice of the pictures",
        settings=("case", "way", "images"),
        measures=(
            *("fine", "coarse", "read_off", "summed", "joint_fine", "joint_coarse", "top_down"),
            *("disagree", "fine_there", "errors_there"),
            *(f"{score}{coverage}" for score in SCORES for coverage in COVERAGES),
        ),
        plan=plan,
        run=run,
        level="case",
        measure="fine",
        paired=True,
        tolerance=0.02,
    )


def plan(rows: Sequence[Row]) -> list[Task]:
    """Ten seeds of each way and number of pictures."""
    return [
        {"case": f"{way}, {images}", "way": way, "images": images, "seed": seed} for way, images in CELLS for seed in range(10)
    ]


def predict(task: Task) -> tuple[dict[str, Any], int]:
    """Train one network and return its probabilities of the test pictures, and its multiply-adds."""
    from helpers.experiments.multiplyadds import training_multiply_adds

    groceries = heads.pictures(strict=True)
    way, count, whole = task["way"], task["images"], task["way"] in ("coarse of all", "missing as 0")
    rng = np.random.default_rng(task["seed"])
    rows = rng.permutation(len(groceries.x["train"]))[: None if whole else count]
    model = _compiled("two heads" if whole else way, way == "coarse of all")
    heads.restart(model, RATE, task["seed"])
    names = list(model.output)
    y = {name: groceries.fine["train"] if name == "gap" else getattr(groceries, name)["train"] for name in names}
    known = np.ones(len(groceries.x["train"]), np.float32)
    if whole:
        known[rows[count:]] = 0
        y["fine"] = np.where(known > 0, y["fine"], 0)
    draws = np.concatenate([rng.permutation(rows) for _ in range(STEPS * BATCH // len(rows) + 1)])[: STEPS * BATCH]
    model.fit(
        groceries.x["train"][draws],
        {name: labels[draws] for name, labels in y.items()},
        sample_weight={"fine": known[draws], "coarse": np.ones(len(draws), np.float32)} if way == "coarse of all" else None,
        batch_size=BATCH,
        shuffle=False,
        verbose=0,
    )
    return heads.probabilities(model, groceries.x["test"]), training_multiply_adds(model, len(draws))


@functools.cache
def _compiled(way, masked):
    """One network for all runs of a way; `masked` only keeps apart what Keras would compile anew."""
    groceries = heads.pictures(strict=True)
    model = heads.network(way, groceries.parent, groceries.x["train"].shape[1])
    losses = {name: gap_loss if name == "gap" else "sparse_categorical_crossentropy" for name in model.output}
    model.compile("adam", losses, loss_weights={name: PENALTY if name == "gap" else 1.0 for name in model.output})
    return model


def gap_loss(_: Any, gap: Any) -> Any:
    """The third output of a network with a penalty is the loss itself, whatever the label."""
    import keras

    return keras.ops.squeeze(gap, -1)


def run(task: Task) -> dict[str, Any]:
    """Train one network and judge it by the test pictures."""
    told, cost = predict(task)
    groceries = heads.pictures(strict=True)
    measured = judge(told, groceries.fine["test"], groceries.coarse["test"], groceries.parent)
    return dict.fromkeys(study().measures, float("nan")) | measured | {"multiply_adds": cost}


def judge(told: dict[str, Any], fine: Any, coarse: Any, parent: Any) -> dict[str, float]:
    """Say how good the answers of a network are, in every way that its heads allow.

    Parameters
    ----------
    told : dict
        Probabilities of shape (n, classes) for ``"fine"``, ``"coarse"`` or both.
    fine, coarse : numpy.ndarray
        The labels.
    parent : numpy.ndarray
        The coarse class of each fine class.

    Returns
    -------
    dict
        Accuracies: ``fine`` and ``coarse`` of the heads; coarse ``read_off`` the fine answer or ``summed`` over the fine
        probabilities; ``joint_fine`` and ``joint_coarse`` of the pair with the largest product; ``top_down``, the best fine class
        within the coarse answer. ``disagree`` is the share of pictures whose two answers contradict each other, ``fine_there``
        the fine accuracy on them, ``errors_there`` their share of the fine errors. ``sure90`` is the fine accuracy on the 90 % of
        pictures with the largest fine probability, ``gap90`` on those whose heads are nearest to each other.
    """
    found: dict[str, float] = {}
    if "coarse" in told:
        found["coarse"] = float((told["coarse"].argmax(1) == coarse).mean())
    if "fine" not in told:
        return found
    p = told["fine"]
    answer = p.argmax(1)
    right, total = answer == fine, p @ heads.within(parent)
    found["fine"], found["read_off"] = float(right.mean()), float((parent[answer] == coarse).mean())
    found["summed"] = float((total.argmax(1) == coarse).mean())
    scores = {"sure": p.max(1)}
    if "coarse" in told:
        q = told["coarse"]
        joint = (p * q[:, parent]).argmax(1)
        inside = np.where(parent == q.argmax(1)[:, None], p, -1).argmax(1)
        apart = parent[answer] != q.argmax(1)
        found |= {"joint_fine": float((joint == fine).mean()), "joint_coarse": float((parent[joint] == coarse).mean())}
        found |= {"top_down": float((inside == fine).mean()), "disagree": float(apart.mean())}
        found["fine_there"] = float(right[apart].mean()) if apart.any() else float("nan")
        found["errors_there"] = float(apart[~right].mean())
        scores["gap"] = -abs(q - total).sum(1)
    for name, score in scores.items():
        order = np.argsort(-score, kind="stable")
        for coverage in COVERAGES:
            found[f"{name}{coverage}"] = float(right[order[: round(coverage / 100 * len(order))]].mean())
    return found
