"""Studies: every result that the book rests on can be run again.

**A study** is a plan in code (what is varied, what is tuned and how far, what is fixed, which seeds) and a CSV file with one row
a run, each with its provenance. ``python -m helpers.experiments list`` names them, ``run STUDY`` does the runs that are not there
yet, ``show STUDY`` prints what they say, ``check STUDY`` does a few of them again. Stop it whenever you like; the same command
goes on where it was. In a notebook, ``catalogue.find(name)`` gives the study, and its ``rows()`` what is stored.

**A comparison** is judged by :func:`verdict`, always. **The sign ±** means half the width of a 95 % confidence interval, always:
of a mean (:func:`interval`) or of a difference. A standard deviation is called by its name.

**Trained networks** come with a card each: ``trained.load(name)``, ``trained.card(name)``.

Week 5's studies are older and have a file of their own (:class:`Run`, :func:`plan`, :func:`train`, :func:`read`; :func:`table`,
:func:`plot` show them): one small network, trained with one choice changed at a time. The test images are never touched.
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
from helpers.experiments.verdicts import Verdict, against_best, interval, proportion, verdict

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
    "Verdict",
    "against_best",
    "arrays",
    "by_recipe",
    "command",
    "cost",
    "difference",
    "gaps",
    "interval",
    "network",
    "one_factor",
    "part",
    "plan",
    "plot",
    "plot_against",
    "proportion",
    "ranked",
    "read",
    "spread",
    "table",
    "train",
    "values",
    "verdict",
]
