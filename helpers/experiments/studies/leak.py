"""What a leak does: a share of the test photographs lies in the training set as well."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.experiments.studies import groceries
from helpers.experiments.study import Study, Task

SHARES = (0.0, 0.1, 0.3, 0.6)


def study() -> Study:
    """Return the study."""
    return Study(
        name="test-leak",
        question="By how much does an accuracy rise if some of the test photographs were trained on?",
        varied="the share of the test photographs that lie in the training set, too, with their labels",
        tuned=f"the strength of the logistic regression, one of {groceries.STRENGTHS}, by the log loss on the validation "
        "photographs; nothing of the nearest neighbour",
        fixed=f"{groceries.SPLIT}; features of MobileNetV2 at {groceries.SIZE} pixels",
        settings=("share",),
        measures=("logistic", "nearest", "logistic_others", "nearest_others", "strength"),
        plan=lambda rows: [{"share": share, "seed": seed} for share in SHARES for seed in range(10)],
        run=run,
        level="share",
        measure="logistic",
        paired=True,
        tolerance=0.02,
    )


def run(task: Task) -> dict[str, Any]:
    """Let photographs leak, fit both classifiers, and ask all test photographs and those that did not leak."""
    known, test = groceries.drawn(task["seed"]), groceries.part("test")
    leaked = np.zeros(len(test.labels), bool)
    order = np.random.default_rng([task["seed"], 9]).permutation(len(leaked))
    leaked[order[: round(task["share"] * len(leaked))]] = True
    both = groceries.joined(known, test.take(np.flatnonzero(leaked)))
    answers, strength, work = groceries.logistic(both, both.labels, test.features)
    right = answers == test.labels
    near = groceries.nearest(both.features, both.labels, test.features) == test.labels
    return {
        "logistic": float(np.mean(right)),
        "nearest": float(np.mean(near)),
        "logistic_others": float(np.mean(right[~leaked])),
        "nearest_others": float(np.mean(near[~leaked])),
        "strength": strength,
        "multiply_adds": work + both.features.size * len(test.features),
    }
