"""What the audit of labels finds, and what it is worth to correct what it points at."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.experiments.studies import groceries
from helpers.experiments.study import Study, Task

ERRORS = {  # share of wrong labels, and whether each is another kind of the same family
    "10 % at random": (0.1, False),
    "10 % mixed up": (0.1, True),
}


def study() -> Study:
    """Return the study."""
    return Study(
        name="label-audit",
        question="Of the pictures whose label has the lowest out-of-fold probability, how many are wrong?",
        varied="the share of wrong labels, drawn from all classes, or mixed up with another kind of the same family",
        tuned=f"nothing of the audit; the strength of the classifier before and after, one of {groceries.STRENGTHS}, by the log "
        "loss on the validation photographs",
        fixed=f"{groceries.SPLIT}, with right labels; features of MobileNetV2 at {groceries.SIZE} pixels; after the audit, the "
        "twice as many least probable labels as are wrong are corrected, as somebody who looks would do",
        settings=("errors",),
        measures=("precision", "found", "estimate", "low", "high", "before", "after"),
        plan=lambda rows: [{"errors": errors, "seed": seed} for errors in ERRORS for seed in range(10)],
        run=run,
        level="errors",
        measure="precision",
        tolerance=0.03,
    )


def run(task: Task) -> dict[str, Any]:
    """Spoil labels, audit them, correct those that the audit ranks first, and compare the classifiers."""
    from helpers.dataset import labels as audits

    share, alike = ERRORS[task["errors"]]
    known, test = groceries.drawn(task["seed"]), groceries.part("test")
    given = groceries.spoilt(known.labels, share, task["seed"], known.coarse if alike else None)
    wrong = given != known.labels
    count = int(wrong.sum())
    audit = audits.audit(known.features, given, seed=task["seed"])
    first, twice = audit.suspects(count), audit.suspects(2 * count)
    mended = given.copy()
    mended[twice] = known.labels[twice]
    scores, work = {}, known.features.size * len(np.unique(given))
    for name, labels in (("before", given), ("after", mended)):
        answers, _, more = groceries.logistic(known, labels, test.features)
        scores[name] = float(np.mean(answers == test.labels))
        work += more
    return {
        "precision": float(wrong[first].mean()),
        "found": float(wrong[twice].sum() / count),
        "estimate": audit.noise,
        "low": audit.interval[0],
        "high": audit.interval[1],
        **scores,
        "multiply_adds": work,
    }
