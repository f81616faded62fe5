"""What is varied: the recipes, the network that they are for, and which recipes make up a study."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


SIZES = {  # images to train on, images to check on, epochs: what `budget.choose(**SIZES)` picks from
    "ci": {"images": 1000, "checks": 500, "epochs": 4},
    "cpu": {"images": 4000, "checks": 2000, "epochs": 8},
    "gpu": {"images": 20_000, "checks": 5000, "epochs": 8},
}
BATCH = 32
DATA = "fashion_mnist"

REGULARISERS = ("none", "l1", "l2", "l1_l2")
STRENGTH = 0.01  # what Keras's L1 and L2 take if they are told nothing
INITIALISERS = (
    "Zeros",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "lecun_normal",
    "lecun_uniform",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
)
RATES = {"SGD": 0.01, "RMSprop": 0.001, "Adagrad": 0.001, "Adadelta": 0.001, "Adam": 0.001, "Adamax": 0.001, "Nadam": 0.001}
OPTIMISERS = tuple(RATES)  # each with Keras's own learning rate
FACTORS = {"regulariser": REGULARISERS, "initialiser": INITIALISERS, "optimiser": OPTIMISERS}

# What the optimisers are given when each may have a rate of its own: five for everyone, its default among them.
MORE_RATES = {
    "SGD": (0.01, 0.03, 0.1, 0.3, 1.0),
    "Adagrad": (0.001, 0.01, 0.03, 0.1, 0.3),
    "Adadelta": (0.001, 0.1, 0.3, 1.0, 3.0),
    **{name: (0.0003, 0.001, 0.003, 0.01, 0.03) for name in ("RMSprop", "Adam", "Adamax", "Nadam")},
}
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

    def __post_init__(self) -> None:
        """Check the names and fill in what was left out."""
        for factor, levels in FACTORS.items():
            if getattr(self, factor) not in levels:
                raise ValueError(f"{factor}={getattr(self, factor)!r} is none of {', '.join(levels)}")
        strength = STRENGTH if self.strength is None else self.strength
        object.__setattr__(self, "strength", 0.0 if self.regulariser == "none" else float(strength))
        object.__setattr__(self, "rate", float(RATES[self.optimiser] if self.rate is None else self.rate))

    @property
    def name(self) -> str:
        """What is not as in the baseline, in words: ``"SGD 0.1"``, ``"he_normal with SGD"``; else ``"baseline"``."""
        regulariser, optimiser = self.regulariser, self.optimiser
        if self.strength not in (0, STRENGTH):
            regulariser += f" {self.strength:g}"
        if self.rate != RATES[self.optimiser]:
            optimiser += f" {self.rate:g}"
        parts = [
            now
            for now, usual in ((self.initialiser, "glorot_uniform"), (regulariser, "none"), (optimiser, "Adam"))
            if now != usual
        ]
        return " with ".join(parts) or "baseline"


def network(
    regulariser: str = "none",
    strength: float = STRENGTH,
    initialiser: str | keras.initializers.Initializer = "glorot_uniform",
    optimiser: str = "Adam",
    rate: float | None = None,
) -> keras.Sequential:
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

    from helpers.training import steps_at_once

    penalty = {
        "none": None,
        "l1": regularizers.L1(strength),
        "l2": regularizers.L2(strength),
        "l1_l2": regularizers.L1L2(strength, strength),
    }[regulariser]

    def choices():  # one initialiser object used twice would give the same values twice
        fresh = initialiser if isinstance(initialiser, str) else initialiser.__class__.from_config(initialiser.get_config())
        return {"kernel_initializer": fresh, "kernel_regularizer": penalty}

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", **choices()),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", **choices()),
            layers.Flatten(),
            layers.Dense(32, activation="relu", **choices()),
            layers.Dense(10, **choices()),
        ]
    )
    updates = keras.optimizers.get(optimiser)
    if rate is not None:
        updates.learning_rate = rate
    entropy = keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="cross_entropy")
    model.compile(
        optimizer=updates,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", entropy],
        steps_per_execution=steps_at_once(16),
    )  # less overhead for small batches
    return model


def _functions():
    baseline = Recipe()
    yield baseline
    for factor, levels in FACTORS.items():
        for level in levels:
            if level != getattr(baseline, factor):
                choice: dict[str, Any] = {factor: level}
                yield Recipe(**choice)


STUDIES = {
    "functions": ("each regulariser, initialiser and optimiser once, all else as in the baseline", _functions),
    "same": ("the baseline and nothing else: how much does luck alone do?", lambda: [Recipe()]),
    "strengths": (
        "each regulariser at four strengths",
        lambda: [Recipe(regulariser=r, strength=s) for r in REGULARISERS[1:] for s in MORE_STRENGTHS],
    ),
    "rates": (
        "each optimiser at five learning rates",
        lambda: [Recipe(optimiser=o, rate=rate) for o in OPTIMISERS for rate in MORE_RATES[o]],
    ),
    "pairs": (
        "two factors at once: six initialisers with Adam and with plain SGD",
        lambda: [
            Recipe(initialiser=i, optimiser=o)
            for o in ("Adam", "SGD")
            for i in ("RandomNormal", "RandomUniform", "TruncatedNormal", "glorot_uniform", "he_normal", "he_uniform")
        ],
    ),
}


def plan(study: str = "functions", seeds: int | Sequence[int] = 3) -> list[tuple[Recipe, int]]:
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


def command(study: str = "functions", *, budget_name: str = "cpu", seeds: int = 5, output: str = "functions.csv") -> str:
    """Return the shell command that trains a study.

    Examples
    --------
    >>> command()
    'python -m helpers.experiments run functions --budget cpu --seeds 5 --output functions.csv'
    """
    return f"python -m helpers.experiments run {study} --budget {budget_name} --seeds {seeds} --output {output}"
