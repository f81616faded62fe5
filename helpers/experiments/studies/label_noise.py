"""What wrong labels do: a share of the training labels is replaced by others at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.experiments.studies import groceries
from helpers.experiments.study import Study, Task

SHARES = (0.0, 0.1, 0.2, 0.4)


def study() -> Study:
    """Return the study."""
    return Study(
        name="label-noise",
        question="How much accuracy do wrong labels in the training set cost?",
        varied="the share of training labels that are replaced by another class, drawn at random",
        tuned=f"the strength of the logistic regression, one of {groceries.STRENGTHS}, by the log loss on the validation "
        "photographs, whose labels are right; nothing of the nearest neighbour",
        fixed=f"{groceries.SPLIT}, with right labels; features of MobileNetV2 at {groceries.SIZE} pixels",
        settings=("share",),
        measures=("logistic", "nearest", "strength"),
        plan=lambda rows: [{"share": share, "seed": seed} for share in SHARES for seed in range(10)],
        run=run,
        level="share",
        measure="logistic",
        paired=True,
        tolerance=0.02,
    )


def run(task: Task) -> dict[str, Any]:
    """Spoil the labels, fit both classifiers, ask the test photographs."""
    known, test = groceries.drawn(task["seed"]), groceries.part("test")
    labels = groceries.spoilt(known.labels, task["share"], task["seed"])
    answers, strength, work = groceries.logistic(known, labels, test.features)
    nearest = groceries.nearest(known.features, labels, test.features)
    return {
        "logistic": float(np.mean(answers == test.labels)),
        "nearest": float(np.mean(nearest == test.labels)),
        "strength": strength,
        "multiply_adds": work + known.features.size * len(test.features),
    }
