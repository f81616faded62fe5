"""Week 5's experiment: one small network, trained with one choice changed at a time, every run kept as one row of a table.

A :class:`Recipe` names the choices (regulariser, initialiser, optimiser, learning rate). :func:`plan` lists the runs of a study,
:func:`train` does those that are not in the file yet and appends each as soon as it ends, :func:`read` brings them back (without
a path: the runs that come with the course), and :func:`one_factor`, :func:`table` and :func:`plot` show what they say.

From a shell: ``python -m helpers.experiments functions --budget cpu --seeds 5 --output functions.csv``. Stop it whenever you
like; the same command goes on where it was. The test images are never touched.
"""

from helpers.experiments.compare import (
    by_recipe,
    cost,
    difference,
    gaps,
    one_factor,
    plot,
    plot_against,
    ranked,
    spread,
    table,
    values,
)
from helpers.experiments.recipes import (
    BATCH,
    DATA,
    FACTORS,
    INITIALISERS,
    MORE_RATES,
    MORE_STRENGTHS,
    OPTIMISERS,
    RATES,
    REGULARISERS,
    SIZES,
    STRENGTH,
    STUDIES,
    Recipe,
    command,
    network,
    plan,
)
from helpers.experiments.runs import RESULTS, Run, read
from helpers.experiments.trainer import arrays, part, train

__all__ = [
    "BATCH",
    "DATA",
    "FACTORS",
    "INITIALISERS",
    "MORE_RATES",
    "MORE_STRENGTHS",
    "OPTIMISERS",
    "RATES",
    "REGULARISERS",
    "RESULTS",
    "Recipe",
    "Run",
    "SIZES",
    "STRENGTH",
    "STUDIES",
    "arrays",
    "by_recipe",
    "command",
    "cost",
    "difference",
    "gaps",
    "network",
    "one_factor",
    "part",
    "plan",
    "plot",
    "plot_against",
    "ranked",
    "read",
    "spread",
    "table",
    "train",
    "values",
]
