"""Training the runs that are not in the file yet, on training and validation images only."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers import budget
from helpers.experiments.recipes import BATCH, network
from helpers.experiments.runs import Run, append, only_writer, read

if TYPE_CHECKING:
    from _typeshed import StrPath
    from numpy.typing import NDArray

    from helpers.data import Dataset, Split
    from helpers.experiments.recipes import Recipe


def part(dataset: Dataset, images: int, checks: int) -> Dataset:
    """Return the part of a data set that an experiment may see: some training and some validation images, no test images.

    Parameters
    ----------
    dataset : helpers.data.Dataset
    images, checks : int
        How many to train on and to validate on, balanced over the classes; fewer if the data set has fewer.

    Returns
    -------
    helpers.data.Dataset
        The same images whenever the same numbers are asked for.

    Examples
    --------
    >>> from helpers.data import load
    >>> few = part(load("fashion_mnist", source="sample"), 400, 9999)
    >>> len(few.train), len(few.validation), len(few.test)
    (400, 300, 0)
    """
    from helpers.data.dataset import balanced

    def some(split, wanted, stream):
        rows = balanced(split.labels, min(wanted, len(split)), np.random.default_rng([5, stream]))
        return split.take(rows)

    return dataclasses.replace(
        dataset,
        train=some(dataset.train, images, 0),
        validation=some(dataset.validation, checks, 1),
        test=dataset.test.take(np.arange(0)),
    )


def arrays(split: Split) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return a split as the network takes it.

    Parameters
    ----------
    split : helpers.data.Split

    Returns
    -------
    x : numpy.ndarray
        float32, shape (n, height, width, channels), from 0 to 1.
    y : numpy.ndarray
        int64, shape (n,).
    """
    return np.asarray(split.images, dtype=np.float32) / np.float32(255), np.asarray(split.labels)


def train(
    runs: Iterable[tuple[Recipe, int]], dataset: Dataset, *, epochs: int, output: StrPath | None = None, progress: bool = True
) -> list[Run]:
    """Train what is not trained yet, and keep every run as soon as it ends.

    Runs that differ in weights or learning rate only share one compiled model.

    Parameters
    ----------
    runs : iterable of (Recipe, int)
        Recipe and seed, as from :func:`plan`.
    dataset : helpers.data.Dataset
        Trained on `train`, checked on `validation`; make it with :func:`part`.
    epochs : int
    output : str or pathlib.Path, optional
        A CSV file. Runs that it holds are not trained again; new ones are appended, one line each.
    progress : bool, optional
        Show a bar with the time left.

    Returns
    -------
    list of Run
        In the order of `runs`, those read from the file included.

    Raises
    ------
    RuntimeError
        If another process is writing into the same file.
    """
    wanted = list(dict.fromkeys(runs))
    with only_writer(output):
        known = {run.key: run for run in (read(output) if output and Path(output).exists() else [])}

        def key(recipe, seed):
            return recipe, seed, len(dataset.train), len(dataset.validation), epochs, data_name(dataset)

        missing = [pair for pair in wanted if key(*pair) not in known]
        kinds: dict[
            tuple[str, float | None, str], list[tuple[Recipe, int]]
        ] = {}  # what can share a compiled model: same layers, same optimiser
        for recipe, seed in missing:
            kinds.setdefault((recipe.regulariser, recipe.strength, recipe.optimiser), []).append((recipe, seed))
        if missing:
            import keras  # noqa: F401  what its backend has to say on arrival should not tear the bar apart
        with _bar(len(missing), progress) as bar:
            for kind in kinds.values():
                for run in _train_kind(kind, dataset, epochs, output, bar):
                    known[run.key] = run
    return [known[key(*pair)] for pair in wanted]


def _train_kind(pairs, dataset, epochs, output, bar):
    """Train runs that can share one compiled model; return them."""
    import keras

    from helpers import training

    x, y = arrays(dataset.train)
    waiting, done = iter(pairs), []
    facts = {
        "images": len(x),
        "checks": len(dataset.validation),
        "epochs": epochs,
        "budget": budget.name(),
        "data": data_name(dataset),
        "keras": keras.version(),
        "backend": _backend(),
        "cores": os.cpu_count() or 1,
    }

    class Recorder(keras.callbacks.Callback):
        """Turns one training into one row."""

        def __init__(self, recipe, seed):
            super().__init__()
            self.row = dataclasses.asdict(recipe) | facts | {"seed": seed}

        def on_train_begin(self, logs=None):
            self.accuracies = []
            self.started, self.cpu_started = time.perf_counter(), time.process_time()

        def on_epoch_end(self, epoch, logs=None):
            self.accuracies.append(round(float(logs["val_accuracy"]), 5))
            self.last = logs

        def on_train_end(self, logs=None):
            told = {
                "loss": "val_cross_entropy",
                "accuracy": "val_accuracy",
                "train_loss": "cross_entropy",
                "train_accuracy": "accuracy",
            }
            self.row |= {name: _digits(self.last[metric]) for name, metric in told.items()}
            run = Run(
                **self.row,
                accuracies=tuple(self.accuracies),
                seconds=round(time.perf_counter() - self.started, 3),
                cpu_seconds=round(time.process_time() - self.cpu_started, 3),
            )
            if output:
                append(output, run)
            done.append(run)
            bar.update()

    recipes = []

    def build():
        recipe, _ = next(waiting)
        recipes.append(recipe)
        return network(**dataclasses.asdict(recipe))

    training.repeat(
        build,
        seeds=[seed for _, seed in pairs],
        callbacks=lambda seed: [Recorder(recipes[-1], seed)],
        x=x,
        y=y,
        epochs=epochs,
        batch_size=BATCH,
        validation_data=arrays(dataset.validation),
        validation_batch_size=1000,
    )
    return done


def _backend():
    """Name and version of what computes, such as "tensorflow 2.21.0"."""
    import importlib.metadata

    import keras

    name = keras.backend.backend()
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        name += " " + importlib.metadata.version(name)
    return name


def _digits(number):
    """A number as it will stand in the file, so that a run is the same before and after it was written."""
    return float(f"{float(number):.6g}")


def data_name(dataset: Dataset) -> str:
    """Name the data as the file does, which tells a sample from the whole."""
    return f"{dataset.name} sample" if dataset.is_sample else dataset.name


@contextlib.contextmanager
def _bar(total, progress):
    """A progress bar with the time left: on a terminal as usual, in a notebook as one line that is overwritten."""
    from tqdm import tqdm

    shown = progress and total > 0
    line = _notebook_line() if shown else None
    log_file = line is None and not sys.stderr.isatty()  # a line now and then is enough
    with tqdm(
        total=total,
        disable=not shown,
        file=line,
        mininterval=30 if log_file else 0.5,
        ncols=80 if line else None,
        bar_format="{percentage:3.0f}% |{bar}| {n} of {total} networks, {elapsed} gone, {remaining} left",
    ) as bar:
        yield bar
    if line:
        line.write(f"{bar.n} networks trained in {bar.format_interval(bar.format_dict['elapsed'])}")


def _notebook_line():
    """Something to write to that shows the last line written, below the running cell; None outside of notebooks."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython
    from IPython.display import display

    if getattr(get_ipython(), "kernel", None) is None:
        return None
    shown = display({"text/plain": ""}, raw=True, display_id=True)

    class Line(io.TextIOBase):
        def write(self, text):
            if text.strip():
                shown.update({"text/plain": text.strip()}, raw=True)
            return len(text)

    return Line()
