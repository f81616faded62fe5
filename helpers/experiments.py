"""Week 5's experiment: one small network, trained with one choice changed at a time, every run kept as one row of a table.

A :class:`Recipe` names the choices (regulariser, initialiser, optimiser, learning rate). :func:`plan` lists the runs of a study,
:func:`train` does those that are not in the file yet and appends each as soon as it ends, :func:`read` brings them back (without
a path: the runs that come with the course), and :func:`one_factor`, :func:`table` and :func:`plot` show what they say.

From a shell: ``python -m helpers.experiments functions --budget cpu --seeds 5 --output functions.csv``. Stop it whenever you
like; the same command goes on where it was. The test images are never touched.
"""

import argparse
import contextlib
import csv
import dataclasses
import io
import itertools
import math
import os
import sys
import time
from pathlib import Path

import numpy as np

from helpers import budget

SIZES = {  # images to train on, images to check on, epochs: what `budget.choose(**SIZES)` picks from
    "ci": {"images": 1000, "checks": 500, "epochs": 4},
    "cpu": {"images": 4000, "checks": 2000, "epochs": 8},
}
BATCH = 32
DATA = "fashion_mnist"
RESULTS = Path(__file__).parent / "results" / "functions.csv"

REGULARISERS = ("none", "l1", "l2", "l1_l2")
STRENGTH = 0.01  # what Keras's L1 and L2 take if they are told nothing
INITIALISERS = ("Zeros", "Ones", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "lecun_normal",
                "lecun_uniform", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform")
RATES = {"SGD": 0.01, "RMSprop": 0.001, "Adagrad": 0.001, "Adadelta": 0.001, "Adam": 0.001, "Adamax": 0.001, "Nadam": 0.001}
OPTIMISERS = tuple(RATES)  # each with Keras's own learning rate
FACTORS = {"regulariser": REGULARISERS, "initialiser": INITIALISERS, "optimiser": OPTIMISERS}

# What the optimisers are given when each may have a rate of its own: five for everyone, its default among them.
MORE_RATES = {"SGD": (0.01, 0.03, 0.1, 0.3, 1.0), "Adagrad": (0.001, 0.01, 0.03, 0.1, 0.3),
              "Adadelta": (0.001, 0.1, 0.3, 1.0, 3.0),
              **{name: (0.0003, 0.001, 0.003, 0.01, 0.03) for name in ("RMSprop", "Adam", "Adamax", "Nadam")}}
MORE_STRENGTHS = (0.00001, 0.0001, 0.001, 0.01)


@dataclasses.dataclass(frozen=True, order=True)
class Recipe:
    """The choices that decide how one network is trained; without arguments, the baseline.

    Attributes
    ----------
    regulariser : str
        One of `REGULARISERS`.
    strength : float
        The factor of the penalty; always 0 for ``"none"``. Default: `STRENGTH`.
    initialiser : str
        One of `INITIALISERS`.
    optimiser : str
        One of `OPTIMISERS`.
    rate : float
        The learning rate. Default: Keras's own for that optimiser.

    Raises
    ------
    ValueError
        If a name is not among those.

    Examples
    --------
    >>> Recipe()
    Recipe(regulariser='none', strength=0.0, initialiser='glorot_uniform', optimiser='Adam', rate=0.001)
    >>> Recipe(optimiser="SGD").rate, Recipe(optimiser="SGD", rate=0.1).name
    (0.01, 'SGD 0.1')
    """

    regulariser: str = "none"
    strength: float | None = None
    initialiser: str = "glorot_uniform"
    optimiser: str = "Adam"
    rate: float | None = None

    def __post_init__(self):
        """Check the names and fill in what was left out."""
        for factor, levels in FACTORS.items():
            if getattr(self, factor) not in levels:
                raise ValueError(f"{factor}={getattr(self, factor)!r} is none of {', '.join(levels)}")
        strength = STRENGTH if self.strength is None else self.strength
        object.__setattr__(self, "strength", 0.0 if self.regulariser == "none" else float(strength))
        object.__setattr__(self, "rate", float(RATES[self.optimiser] if self.rate is None else self.rate))

    @property
    def name(self):
        """What is not as in the baseline, in words: ``"SGD 0.1"``, ``"he_normal with SGD"``; else ``"baseline"``."""
        regulariser, optimiser = self.regulariser, self.optimiser
        if self.strength not in (0, STRENGTH):
            regulariser += f" {self.strength:g}"
        if self.rate != RATES[self.optimiser]:
            optimiser += f" {self.rate:g}"
        parts = [now for now, usual in ((self.initialiser, "glorot_uniform"), (regulariser, "none"), (optimiser, "Adam"))
                 if now != usual]
        return " with ".join(parts) or "baseline"


@dataclasses.dataclass(frozen=True)
class Run:
    """One training, as one row of the table.

    Attributes
    ----------
    regulariser, strength, initialiser, optimiser, rate
        The recipe.
    seed : int
    images, checks, epochs : int
        Images trained on, images checked on, passes over the former.
    loss, accuracy : float
        Cross-entropy (without any penalty) and accuracy on the validation images after the last epoch.
    train_loss, train_accuracy : float
        The same on the training images, as the mean over the last epoch's batches.
    accuracies : tuple of float
        The validation accuracy after each epoch.
    seconds, cpu_seconds : float
        By the clock, and of all cores together. The first run of a recipe's kind includes compilation.
    budget, data, keras, backend : str
        Under which budget, on which data, with which versions.
    cores : int
    """

    regulariser: str
    strength: float
    initialiser: str
    optimiser: str
    rate: float
    seed: int
    images: int
    checks: int
    epochs: int
    loss: float
    accuracy: float
    train_loss: float
    train_accuracy: float
    accuracies: tuple
    seconds: float
    cpu_seconds: float
    budget: str
    data: str
    keras: str
    backend: str
    cores: int

    @property
    def recipe(self):
        """The choices alone."""
        return Recipe(self.regulariser, self.strength, self.initialiser, self.optimiser, self.rate)

    @property
    def key(self):
        """What makes two runs the same run: recipe, seed, sizes and data."""
        return self.recipe, self.seed, self.images, self.checks, self.epochs, self.data


def network(regulariser="none", strength=STRENGTH, initialiser="glorot_uniform", optimiser="Adam", rate=None):
    """Return the small network of week 5, compiled, for images of 28 x 28 x 1.

    Parameters
    ----------
    regulariser : {"none", "l1", "l2", "l1_l2"}
        Penalty on every kernel; biases have none.
    strength : float
        Its factor; ``"l1_l2"`` takes both penalties with this factor.
    initialiser : str or keras.initializers.Initializer
        Of every kernel; biases begin at 0. Layers with the same shape get different values.
    optimiser : str
        A name that Keras knows.
    rate : float, optional
        Its learning rate; Keras's default if left out.

    Returns
    -------
    keras.Sequential
        With 26,698 parameters and logits for 10 classes. Its metrics are the accuracy and the bare cross-entropy.

    Examples
    --------
    >>> network(optimiser="SGD").count_params()
    26698
    """
    import keras
    from keras import layers, regularizers

    penalty = {"none": None, "l1": regularizers.L1(strength), "l2": regularizers.L2(strength),
               "l1_l2": regularizers.L1L2(strength, strength)}[regulariser]

    def choices():  # one initialiser object used twice would give the same values twice
        fresh = initialiser if isinstance(initialiser, str) else initialiser.__class__.from_config(initialiser.get_config())
        return {"kernel_initializer": fresh, "kernel_regularizer": penalty}

    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", **choices()),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", **choices()),
        layers.Flatten(),
        layers.Dense(32, activation="relu", **choices()),
        layers.Dense(10, **choices()),
    ])
    optimiser = keras.optimizers.get(optimiser)
    if rate is not None:
        optimiser.learning_rate = rate
    entropy = keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="cross_entropy")
    model.compile(optimizer=optimiser, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy", entropy],
                  steps_per_execution=1 if keras.backend.backend() == "torch" else 16)  # less overhead for small batches
    return model


def part(dataset, images, checks):
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

    return dataclasses.replace(dataset, train=some(dataset.train, images, 0), validation=some(dataset.validation, checks, 1),
                               test=dataset.test.take(np.arange(0)))


def arrays(split):
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
    return np.asarray(split.images, dtype="float32") / 255, np.asarray(split.labels)


# --- which runs a study consists of -----------------------------------------------------------------------


def _functions():
    baseline = Recipe()
    yield baseline
    for factor, levels in FACTORS.items():
        for level in levels:
            if level != getattr(baseline, factor):
                yield Recipe(**{factor: level})


STUDIES = {
    "functions": ("each regulariser, initialiser and optimiser once, all else as in the baseline", _functions),
    "same": ("the baseline and nothing else: how much does luck alone do?", lambda: [Recipe()]),
    "strengths": ("each regulariser at four strengths",
                  lambda: [Recipe(regulariser=r, strength=s) for r in REGULARISERS[1:] for s in MORE_STRENGTHS]),
    "rates": ("each optimiser at five learning rates",
              lambda: [Recipe(optimiser=o, rate=rate) for o in OPTIMISERS for rate in MORE_RATES[o]]),
    "pairs": ("two factors at once: six initialisers with Adam and with plain SGD",
              lambda: [Recipe(initialiser=i, optimiser=o) for o in ("Adam", "SGD") for i in
                       ("RandomNormal", "RandomUniform", "TruncatedNormal", "glorot_uniform", "he_normal", "he_uniform")]),
}


def plan(study="functions", seeds=3):
    """List the runs of a study.

    Parameters
    ----------
    study : str
        One of `STUDIES`.
    seeds : int or sequence of int
        How many (0, 1, ...), or which.

    Returns
    -------
    list of (Recipe, int)
        Recipe and seed of each run; no run twice, though the baseline belongs to every factor.

    Examples
    --------
    >>> len(plan("functions", seeds=5)), sum(map(len, FACTORS.values())) * 5
    (105, 115)
    """
    if study not in STUDIES:
        raise ValueError(f"there is no study {study!r}; there are: {', '.join(STUDIES)}")
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    return [(recipe, seed) for recipe in dict.fromkeys(STUDIES[study][1]()) for seed in seeds]


def command(study="functions", *, budget_name="cpu", seeds=5, output="functions.csv"):
    """Return the shell command that trains a study.

    Examples
    --------
    >>> command()
    'python -m helpers.experiments functions --budget cpu --seeds 5 --output functions.csv'
    """
    return f"python -m helpers.experiments {study} --budget {budget_name} --seeds {seeds} --output {output}"


# --- training ---------------------------------------------------------------------------------------------


def train(runs, dataset, *, epochs, output=None, progress=True):
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
    with _only_writer(output):
        known = {run.key: run for run in (read(output) if output and Path(output).exists() else [])}

        def key(recipe, seed):
            return recipe, seed, len(dataset.train), len(dataset.validation), epochs, _data_name(dataset)

        missing = [pair for pair in wanted if key(*pair) not in known]
        kinds = {}  # what can share a compiled model: same layers, same optimiser
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
    facts = {"images": len(x), "checks": len(dataset.validation), "epochs": epochs, "budget": budget.name(),
             "data": _data_name(dataset), "keras": keras.version(), "backend": _backend(), "cores": os.cpu_count() or 1}

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
            told = {"loss": "val_cross_entropy", "accuracy": "val_accuracy",
                    "train_loss": "cross_entropy", "train_accuracy": "accuracy"}
            self.row |= {name: _digits(self.last[metric]) for name, metric in told.items()}
            run = Run(**self.row, accuracies=tuple(self.accuracies), seconds=round(time.perf_counter() - self.started, 3),
                      cpu_seconds=round(time.process_time() - self.cpu_started, 3))
            if output:
                _append(output, run)
            done.append(run)
            bar.update()

    recipes = []

    def build():
        recipe, _ = next(waiting)
        recipes.append(recipe)
        return network(**dataclasses.asdict(recipe))

    training.repeat(build, seeds=[seed for _, seed in pairs], callbacks=lambda seed: [Recorder(recipes[-1], seed)],
                    x=x, y=y, epochs=epochs, batch_size=BATCH, validation_data=arrays(dataset.validation),
                    validation_batch_size=1000)
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


def _data_name(dataset):
    return f"{dataset.name} sample" if dataset.is_sample else dataset.name


@contextlib.contextmanager
def _bar(total, progress):
    """A progress bar with the time left: on a terminal as usual, in a notebook as one line that is overwritten."""
    from tqdm import tqdm

    shown = progress and total > 0
    line = _notebook_line() if shown else None
    log_file = line is None and not sys.stderr.isatty()  # a line now and then is enough
    with tqdm(total=total, disable=not shown, file=line, mininterval=30 if log_file else 0.5, ncols=80 if line else None,
              bar_format="{percentage:3.0f}% |{bar}| {n} of {total} networks, {elapsed} gone, {remaining} left") as bar:
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


# --- the file ---------------------------------------------------------------------------------------------

_COLUMNS = [field.name for field in dataclasses.fields(Run)]
_TYPES = {field.name: field.type for field in dataclasses.fields(Run)}


def _to_text(name, value):
    if name == "accuracies":
        return " ".join(f"{number:g}" for number in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _from_text(name, text):
    if name == "accuracies":
        return tuple(float(number) for number in text.split())
    return _TYPES[name](text)


def _append(path, run):
    """Add one line, whole or not at all: a line that a killed process left unfinished is removed first."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as file:
        file.seek(0)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
        if not whole:
            writer.writerow(_COLUMNS)
        writer.writerow([_to_text(name, getattr(run, name)) for name in _COLUMNS])
        file.write(line.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())


def read(path=None):
    """Read runs from a CSV file.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        Default: the runs that come with the course.

    Returns
    -------
    list of Run
        A last line that was not finished (the process was killed while writing) is left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not one of these tables; the message names the line.

    Examples
    --------
    >>> runs = read()
    >>> len({run.optimiser for run in runs})
    7
    """
    path = RESULTS if path is None else Path(path)
    text = path.read_text(encoding="utf-8")
    lines = text[: text.rfind("\n") + 1].splitlines()
    if not lines:
        return []
    rows = csv.reader(lines)
    if next(rows) != _COLUMNS:
        raise ValueError(f"{path}: the first line does not name the columns of an experiment ({', '.join(_COLUMNS)})")
    runs = []
    for number, row in enumerate(rows, start=2):
        try:
            runs.append(Run(*(_from_text(name, text) for name, text in zip(_COLUMNS, row, strict=True))))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}. Delete the line, and the run will be done again") from None
    return runs


@contextlib.contextmanager
def _only_writer(output):
    """Refuse to write into a file that another process is writing into."""
    if not output:
        yield
        return
    import filelock

    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise RuntimeError(f"another process is writing into {path}: wait for it, or choose another file") from None
    try:
        yield
    finally:
        lock.release()


# --- what the runs say ------------------------------------------------------------------------------------


def one_factor(runs, factor, baseline=None):
    """Pick the runs that differ from the baseline in one factor only.

    Parameters
    ----------
    runs : iterable of Run
    factor : {"regulariser", "initialiser", "optimiser", "strength", "rate"}
        Regularisers count at `STRENGTH` and optimisers at Keras's own learning rate; ``"strength"`` and ``"rate"`` let these
        vary with everything else, the regulariser or optimiser included, as in the baseline.
    baseline : Recipe, optional
        Default: ``Recipe()``.

    Returns
    -------
    dict of str to list of Run
        For each level its runs, in the order of their seeds. The baseline's own runs are among them.

    Raises
    ------
    ValueError
        If no run fits, or those that fit were trained on different sizes or data.
    """
    baseline = Recipe() if baseline is None else baseline
    groups = {}
    for run in runs:
        level = getattr(run.recipe, factor)
        change = {factor: level}
        if factor == "regulariser":
            change["strength"] = None
        if factor == "optimiser":
            change["rate"] = None
        if run.recipe == dataclasses.replace(baseline, **change):
            groups.setdefault(level, []).append(run)
    if not groups:
        raise ValueError(f"no run differs from {baseline} in its {factor} only")
    sizes = {(run.images, run.checks, run.epochs, run.data) for group in groups.values() for run in group}
    if len(sizes) > 1:
        raise ValueError(f"these runs cannot be compared: (images, checks, epochs, data) are {sorted(sizes)}")
    order = FACTORS.get(factor, sorted(groups))
    return {level: sorted(groups[level], key=lambda run: run.seed) for level in order if level in groups}


def by_recipe(runs):
    """Group runs by their recipe, whatever it is.

    Parameters
    ----------
    runs : iterable of Run

    Returns
    -------
    dict of str to list of Run
        By `Recipe.name`, in the order in which the recipes first appear.
    """
    groups = {}
    for run in runs:
        groups.setdefault(run.recipe.name, []).append(run)
    return groups


def values(group, what="accuracy"):
    """Return one number of each run as an array.

    Parameters
    ----------
    group : sequence of Run
    what : str
        A field of `Run`.

    Returns
    -------
    numpy.ndarray
        Shape (runs,); for ``"accuracies"`` (runs, epochs).
    """
    return np.array([getattr(run, what) for run in group], dtype=float)


def spread(numbers):
    """Return mean and standard deviation (divisor n - 1) of some numbers; the latter ``nan`` for a single one.

    Examples
    --------
    >>> spread([1.0, 2.0, 3.0])
    (2.0, 1.0)
    """
    numbers = np.asarray(numbers, dtype=float)
    return float(numbers.mean()), float(numbers.std(ddof=1)) if len(numbers) > 1 else math.nan


def difference(first, second, comparisons=1, confidence=0.95):
    """Estimate the difference of two means, with an interval that holds for several comparisons at once.

    Welch's interval, which lets the spreads differ; Bonferroni's correction divides the risk of error among the comparisons.

    Parameters
    ----------
    first, second : array-like of float
        One number for each run, at least two each.
    comparisons : int
        How many differences are looked at together.
    confidence : float
        The probability that all their intervals are right.

    Returns
    -------
    mean, half_width : float
        The interval is mean ± half_width. The two are told apart if it leaves 0 out.

    Examples
    --------
    >>> mean, half = difference([0.81, 0.82, 0.83], [0.78, 0.79, 0.80])
    >>> f"{mean:.3f} ± {half:.3f}"
    '0.030 ± 0.023'
    >>> f"{difference([0.81, 0.82, 0.83], [0.78, 0.79, 0.80], comparisons=21)[1]:.3f}"
    '0.056'
    """
    from scipy import stats

    first, second = (np.asarray(numbers, dtype=float) for numbers in (first, second))
    if min(len(first), len(second)) < 2:
        raise ValueError("one run has no spread: two or more of each are needed")
    parts = [numbers.var(ddof=1) / len(numbers) for numbers in (first, second)]
    mean = float(first.mean() - second.mean())
    if not sum(parts) > 0:
        return mean, 0.0 if sum(parts) == 0 else math.nan
    freedom = sum(parts) ** 2 / sum(share**2 / (len(numbers) - 1)
                                    for share, numbers in zip(parts, (first, second), strict=True))
    risk = (1 - confidence) / comparisons
    return mean, float(stats.t.ppf(1 - risk / 2, freedom) * math.sqrt(sum(parts)))


def ranked(groups, by="accuracy"):
    """Return the levels, best first.

    Parameters
    ----------
    groups : mapping of str to sequence of Run
    by : {"accuracy", "loss"}
        Whose mean decides; where it is equal, the other one does. What is not a number comes last.

    Returns
    -------
    list of str
    """
    if by not in ("accuracy", "loss"):
        raise ValueError(f"by={by!r}: rank by 'accuracy' or by 'loss'")

    def place(level):
        keys = [-values(groups[level], "accuracy").mean(), values(groups[level], "loss").mean()]
        keys = [(math.isnan(key), key) for key in keys]
        return keys if by == "accuracy" else keys[::-1]

    return sorted(groups, key=place)


def gaps(groups, by="accuracy"):
    """Compare every level with every level ranked below it.

    The intervals hold for all pairs at once. Fewer would not do, even for neighbours only: who sorts first has looked at every
    pair.

    Parameters
    ----------
    groups : mapping of str to sequence of Run
        Two runs or more each.
    by : {"accuracy", "loss"}

    Returns
    -------
    dict of (str, str) to (float, float, bool)
        For the better and the worse level: by how much the former is better, half the width of the interval, and whether the
        two can be told apart.
    """
    pairs, result = list(itertools.combinations(ranked(groups, by), 2)), {}
    for better, worse in pairs:
        numbers = [values(groups[level], by) for level in (better, worse)]
        mean, half = difference(*(numbers if by == "accuracy" else numbers[::-1]), comparisons=len(pairs))
        result[better, worse] = mean, half, bool(mean > half)
    return result


def table(groups, *, by="accuracy", title="Validation"):
    """Print levels ranked by their mean, each with its spread, and which can be told from the row above and from the best.

    Parameters
    ----------
    groups : mapping of str to sequence of Run
        As from :func:`one_factor`.
    by : {"accuracy", "loss"}
        What ranks; the other one is printed too.
    title : str
    """
    order = ranked(groups, by)
    fewest, most = (choose(map(len, groups.values())) for choose in (min, max))
    apart = gaps(groups, by) if fewest > 1 else {}
    example = next(iter(groups.values()))[0]
    print(f"{title}: {fewest if fewest == most else f'{fewest} to {most}'} runs a row, {example.images:,} images, "
          f"{example.epochs} epochs, {example.checks:,} validation images ({example.data})")
    width = max(16, *(len(str(level)) for level in order))
    points = " (points)" if by == "accuracy" else " (loss)"
    print(f"    {'':{width}}                  {'cross-':^16}         {'behind the row':^21}  told apart from\n"
          f"    {'':{width}}  {'accuracy (%)':^12}  {'entropy':^16}  CPU s  {'above' + points:^21}    above   best")
    factor = 100 if by == "accuracy" else 1
    for place, level in enumerate(order):
        accuracy, loss = (spread(values(groups[level], what)) for what in ("accuracy", "loss"))
        line = (f"{place + 1:3d} {level!s:{width}}  {100 * accuracy[0]:5.1f} ± {100 * accuracy[1]:4.1f}  "
                f"{_short(loss[0]):>7} ± {_short(loss[1]):<6} {np.median(values(groups[level], 'cpu_seconds')):6.1f}")
        if place and apart:
            mean, half, above = apart[order[place - 1], level]
            line += (f"  {_short(factor * mean, by):>9} ± {_short(factor * half, by):<9}    {'yes' if above else 'no':>5}"
                     f"    {'yes' if apart[order[0], level][2] else 'no':>3}")
        print(line)


def _short(number, kind="loss"):
    """A number as a table shows it: points with one decimal (more than 100 are no news), losses with three digits or so."""
    if not math.isfinite(number):
        return f"{number}"
    if kind == "accuracy":
        return f"{number:.1f}" if number <= 100 else "over 100"
    return f"{number:.3f}" if abs(number) < 100 else f"{number:,.0f}"


def plot(groups, *, by="accuracy", title=None, guess=0.1):
    """Show every run as a dot and each level's mean as a bar, the best level on top.

    Parameters
    ----------
    groups : mapping of str to sequence of Run
    by : {"accuracy", "loss"}
        The loss is drawn on a logarithmic axis.
    title : str, optional
    guess : float or None
        Where to draw the line of blind guessing, for accuracies.
    """
    import matplotlib.pyplot as plt

    from helpers import plots

    order = ranked(groups, by)
    factor = 100 if by == "accuracy" else 1
    fig, ax = plt.subplots(figsize=(6.8, 1.2 + 0.34 * len(order)), layout="constrained")
    told = []
    for row, level in enumerate(order):
        numbers = factor * values(groups[level], by)
        mean, wide = spread(numbers)
        beside = np.linspace(-0.2, 0.2, len(numbers)) if len(numbers) > 1 else np.zeros(1)  # equal runs would hide each other
        ax.plot([mean, mean], [row - 0.35, row + 0.35], color=plots.COLOURS[3], linewidth=3, label="" if row else "mean")
        ax.scatter(numbers, row + beside, s=20, color=plots.COLOURS[0], linewidths=0, zorder=3, label="" if row else "one run")
        told.append(f"{level} {_short(mean, by)}" + (f" ± {_short(wide, by)}" if len(numbers) > 1 else ""))
    if by == "accuracy" and guess is not None:
        ax.axvline(100 * guess, color="#444444", linestyle="--", linewidth=1, label="guessing")
    ax.set_yticks(range(len(order)), [str(level) for level in order])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    label = "validation accuracy (%)" if by == "accuracy" else "validation cross-entropy"
    ax.set(xlabel=label, title=title, xscale="linear" if by == "accuracy" else "log")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    plots.show(fig, alt=f"{title or 'Ranked runs'}. {label}, mean and spread, best first: " + "; ".join(told) + ".")


def plot_against(series, *, xlabel, title=None, guess=0.1):
    """Show accuracies against a number (a learning rate, a strength): one line of means for each series, one dot for each run.

    Parameters
    ----------
    series : mapping of str to (mapping of float to sequence of Run)
        For each line, the runs at each position on the (logarithmic) x axis. The lines are drawn a little beside each other,
        so that equal ones do not hide each other.
    xlabel : str
    title : str, optional
    guess : float or None
        Where to draw the line of blind guessing.
    """
    import matplotlib.pyplot as plt

    from helpers import plots

    fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
    told = []
    for number, (name, groups) in enumerate(series.items()):
        beside = 10 ** (0.035 * (number - (len(series) - 1) / 2))
        x = np.array(sorted(groups))
        numbers = [100 * values(groups[position]) for position in x]
        mean = np.array([each.mean() for each in numbers])
        colour = plots.COLOURS[number]
        ax.plot(x * beside, mean, marker=plots.MARKERS[number], color=colour, markersize=6, linewidth=1.5, label=name)
        ax.scatter(np.repeat(x * beside, [len(each) for each in numbers]), np.concatenate(numbers), s=12, alpha=0.7, linewidths=0,
                   color=colour)
        best = int(mean.argmax())
        told.append(f"{name} is best at {x[best]:g} with {mean[best]:.1f} %")
    ax.scatter([], [], s=12, color="#444444", label="one run")
    if guess is not None:
        ax.axhline(100 * guess, color="#444444", linestyle="--", linewidth=1, label="guessing")
        ax.set_ylim(bottom=0)
    ax.set(xscale="log", xlabel=xlabel, ylabel="validation accuracy (%)", title=title)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plots.show(fig, alt=f"{title or 'Accuracy'}: validation accuracy against {xlabel}. " + "; ".join(told) + ".")


def cost(runs):
    """Say how many networks were trained, and what that cost.

    Parameters
    ----------
    runs : sequence of Run

    Returns
    -------
    str

    Examples
    --------
    >>> cost([])
    '0 networks trained'
    """
    runs = list(runs)
    if not runs:
        return "0 networks trained"
    steps = sum(run.epochs * math.ceil(run.images / BATCH) for run in runs)
    return (f"{len(runs)} networks trained ({len({run.recipe for run in runs})} recipes), {steps:,} steps, "
            f"{sum(run.cpu_seconds for run in runs) / 60:.1f} CPU-minutes, "
            f"{sum(run.seconds for run in runs) / 60:.1f} minutes by the clock")


def main(arguments=None):
    """Train a study from the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit status: 0 if all went well, 1 if the file cannot be used, 130 if interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.experiments", description="Train the runs of a study that are not in the file yet.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="studies:\n" + "\n".join(f"  {name:10s} {text}" for name, (text, _) in STUDIES.items()))
    parser.add_argument("studies", nargs="+", choices=list(STUDIES), metavar="STUDY", help=", ".join(STUDIES))
    parser.add_argument("--budget", choices=list(budget.NAMES), help="how much to compute (default: COURSE_BUDGET)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each recipe (default: 3)")
    parser.add_argument("--output", type=Path, default=Path("functions.csv"), help="CSV file (default: functions.csv)")
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 1:
        parser.error("--seeds must be at least 1")
    if chosen.budget:
        os.environ[budget.VARIABLE] = chosen.budget

    from helpers.data import load

    size = budget.choose(**SIZES)
    runs = list(dict.fromkeys(itertools.chain.from_iterable(plan(study, chosen.seeds) for study in chosen.studies)))
    dataset = part(load(DATA), size["images"], size["checks"])
    print(f"{len(runs)} runs: {size['epochs']} epochs on {len(dataset.train):,} images, checked on {len(dataset.validation):,} "
          f"validation images ({_data_name(dataset)}); file {chosen.output}")
    try:
        done = train(runs, dataset, epochs=size["epochs"], output=chosen.output)
    except (RuntimeError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; finished runs are in the file, and the same command goes on from there", file=sys.stderr)
        return 130
    print(f"all there: {cost(done)}")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings
    sys.exit(main())
