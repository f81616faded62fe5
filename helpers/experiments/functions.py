"""Week 5's studies on the command line: they keep a file and a way of training of their own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helpers import budget
from helpers.experiments.compare import by_recipe, cost, table
from helpers.experiments.recipes import DATA, SIZES, plan
from helpers.experiments.runs import RESULTS, Run, read
from helpers.experiments.trainer import data_name, part, train

TOLERANCE = 0.02  # accuracy and cross-entropy of the same run with other versions or on another processor


def run(studies: Sequence[str], seeds: int, output: Path) -> list[Run]:
    """Train what is missing.

    Parameters
    ----------
    studies : sequence of str
    seeds : int
    output : path

    Returns
    -------
    list of Run
    """
    from helpers.data import load

    size = budget.choose(**SIZES)
    runs = list(dict.fromkeys(itertools.chain.from_iterable(plan(study, seeds) for study in studies)))
    dataset = part(load(DATA), size["images"], size["checks"])
    print(
        f"{len(runs)} runs: {size['epochs']} epochs on {len(dataset.train):,} images, checked on {len(dataset.validation):,} "
        f"validation images ({data_name(dataset)}); file {output}"
    )
    done = train(runs, dataset, epochs=size["epochs"], output=output)
    print(f"all there: {cost(done)}")
    return done


def _stored(study, path):
    """A study's runs in a file."""
    recipes = {recipe for recipe, _ in plan(study, 1)}
    return [run for run in read(RESULTS if path is None else path) if run.recipe in recipes]


def show(study: str, path: Path | None = None) -> None:
    """Print a study's table.

    Parameters
    ----------
    study : str
    path : path, optional
        Default: the runs that come with the course.
    """
    runs = _stored(study, path)
    if not runs:
        print("no run of this study is there yet")
        return
    table(by_recipe(runs), title=study)
    print(cost(runs))


def check(study: str, path: Path | None = None, number: int = 2, seed: int = 0) -> list[str]:
    """Train a few stored runs again.

    Parameters
    ----------
    study : str
    path : path, optional
    number, seed : int
        How many, and which.

    Returns
    -------
    list of str
        A sentence for each run that differs.
    """
    from helpers.data import load

    stored = _stored(study, path)
    if not stored:
        raise ValueError(f"no run of {study} is there yet")
    found = []
    for which in np.random.default_rng(seed).permutation(len(stored))[:number]:
        old = stored[which]
        (new,) = train([(old.recipe, old.seed)], part(load(DATA), old.images, old.checks), epochs=old.epochs, progress=False)
        text = f"{old.recipe.name}, seed {old.seed}: accuracy {old.accuracy:g} stored, {new.accuracy:g} now"
        same = abs(old.accuracy - new.accuracy) <= TOLERANCE
        print(text + ("" if same else "  DIFFERS"), flush=True)
        if not same:
            found.append(f"{text} ({old.keras}, {old.backend}; now {new.keras}, {new.backend})")
    return found
