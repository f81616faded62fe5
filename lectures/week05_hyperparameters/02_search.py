# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Searching hyperparameters
#
# A search over five hyperparameters, ten values each, has 100,000 combinations. Nobody trains them all. So
# which ones? In 2012 Bergstra and Bengio showed that the tidy answer, a grid, is a poor one: throwing dice
# does better, for a reason that fits into one drawing. This lecture repeats their experiment, lets a third
# method learn from its own trials, and gives all three the same budget. It ends with the two numbers that a
# report owes its readers: how many models were trained, and what the winner is really worth.
#
# **After this lecture you can**
#
# - search by grid, at random and with Optuna's TPE at the same budget, compare their incumbent curves, and
#   say why a grid loses when few hyperparameters matter;
# - prune bad trials, count what that saves, and rank hyperparameters by importance;
# - keep a study in a file that outlives a killed process and feeds several workers;
# - explain why the winner's validation score is too good, and report a fair one.
#
# **You need** [lecture 1 of this week](01_testing_functions.ipynb), and from week 3 mini-batches and
# callbacks.
#
# **Time** about 40 minutes to read. **Cost** less than a minute on two cores with the small budget, some
# minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import collections
import functools
import inspect
import math
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import optuna
from keras import layers
from scipy import stats
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from helpers import budget, data, experiments, plots, training
from helpers.experiments import interval, verdict
from helpers.rounding import rounded

# %%
budget.describe()
IMAGES, CHECKS = budget.choose(ci=(400, 1000), cpu=(2000, 4000),
                               gpu=(8000, 4000))
EPOCHS = budget.choose(ci=4, cpu=5, gpu=6)
optuna.logging.set_verbosity(optuna.logging.WARNING)  # else one line for each trial
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
SHOW_BARS = False  # True in your own session: a bar with the time left for each search

# %% [markdown]
# `part` takes the test images away. They come back once, at the end. The validation images we cut in two: one
# half is for **choosing**; the other half stays **fresh**, so that later we can ask what choosing has done to
# the scores.

# %%
fashion = experiments.part(data.load("fashion_mnist"), IMAGES, CHECKS)
print(fashion)
x, y = experiments.arrays(fashion.train)
choose, fresh = (experiments.arrays(fashion.validation.take(np.arange(start, len(
    fashion.validation), 2))) for start in (0, 1))
print(f"train on {len(x)}, choose on {len(choose[1])}, fresh {len(fresh[1])}")

assert len(fashion.test) == 0

# %% [markdown]
# ## The drawing of 2012
#
# A **hyperparameter** is set before training: a learning rate, a batch size. (Weights are found *by*
# training.) A **trial** trains one combination and gives one score. Nine trials, two hyperparameters:
#
# > **Predict, then run.** Suppose only the horizontal one matters. How many different values of it does each
# > method try?

# %%
ticks = (np.arange(3) + 0.5) / 3
nine = {"grid": np.array([(a, b) for a in ticks for b in ticks]),
        "random": np.random.default_rng(3).random((9, 2))}
distinct = {method: len(set(points[:, 0])) for method, points in nine.items()}
fig, axes = plt.subplots(2, 2, figsize=(7.2, 4.6), layout="constrained", sharex=True,
                         height_ratios=(1, 2.4))
line = np.linspace(0, 1, 300)
for (above, below), (method, points) in zip(axes.T, nine.items(), strict=True):
    above.plot(line, np.exp(-60 * (line - 0.68) ** 2), color=plots.COLOURS[0])
    above.plot(points[:, 0], np.exp(-60 * (points[:, 0] - 0.68) ** 2), "o",
               color=plots.COLOURS[3])
    above.set(title=f"{method}: {distinct[method]} values of the one that matters",
              ylabel="score", yticks=[])
    below.vlines(points[:, 0], points[:, 1], 1, color=plots.COLOURS[6], linewidth=0.8)
    below.plot(*points.T, "o", color=plots.COLOURS[3])
    below.set(xlim=(0, 1), ylim=(0, 1), xlabel="important hyperparameter",
              ylabel="unimportant one")
plots.show(fig, alt="Nine trials as a 3 by 3 grid and nine random ones, with the score "
                    "of each above it. The score has a narrow peak along the important "
                    f"axis: the grid tries {distinct['grid']} places of it, chance "
                    f"{distinct['random']}.")

assert distinct == {"grid": 3, "random": 9}

# %% [markdown]
# This is the **projection argument**. Project the trials onto the axis that matters: of the $n$ points of a
# grid in $d$ dimensions only $n^{1/d}$ are left, the rest repeat them. Random points stay $n$. For a grid,
# the unimportant axis costs as much as the important one.
#
# One drawing may be lucky. So: three made-up hyperparameters, an optimum at a random place, and as score the
# squared distance to it (lower is better), with a weight for each axis. Many repeats.
#
# > **Predict, then run.** And if all three matter equally, is random search still the better one?

# %%
def best_found(method, weights, per_axis, repeats=400, seed=0):
    """Lowest score after per_axis ** 3 trials, for each of many random optima."""
    dice = np.random.default_rng(seed)
    middle = (np.arange(per_axis) + 0.5) / per_axis
    grid_points = np.stack(np.meshgrid(middle, middle, middle), axis=-1).reshape(-1, 3)
    scores = []
    for optimum in dice.random((repeats, 3)):
        points = grid_points if method == "grid" else dice.random(grid_points.shape)
        scores.append((weights * (points - optimum) ** 2).sum(axis=1).min())
    return np.array(scores)


WORLDS = {"one of three matters": np.array([1, 0.001, 0.001]),
          "all three matter": np.array([1, 1, 1])}
PER_AXIS = (2, 3, 4, 5, 6)
found = {(world, method): [best_found(method, weights, k).mean() for k in PER_AXIS]
         for world, weights in WORLDS.items() for method in ("grid", "random")}

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.5), layout="constrained", sharey=True)
sizes = [k ** 3 for k in PER_AXIS]
for ax, world in zip(axes, WORLDS, strict=True):
    for method, marker in {"grid": "s", "random": "o"}.items():
        ax.plot(sizes, found[world, method], marker=marker, label=method)
    ax.set(xscale="log", yscale="log", xlabel="budget in trials", title=world)
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
axes[0].set_ylabel("best score found (mean; lower is better)")
axes[0].legend()
ratio = {world: found[world, "grid"][-1] / found[world, "random"][-1] for world in WORLDS}
told = "; ".join(f"{world}: {r:.2g} times" for world, r in ratio.items())
plots.show(fig, alt="Best score against the budget for grid and random search, on the "
                    "left where one axis matters, on the right where all do. The grid's "
                    f"score divided by the random one's at the largest budget: {told}.")

# %%
for world, r in ratio.items():
    print(f"{world}: the grid's best after {sizes[-1]} trials "
          f"is {r:.2f} x the random one's")
needed = math.ceil(math.log(0.05) / math.log(0.95))
print(f"random trials needed to hit the best 5 % with 95 % probability: {needed} "
      f"(1 - 0.95^{needed} = {1 - 0.95 ** needed:.3f})")

assert ratio["one of three matters"] > 3 and ratio["all three matter"] < 1

# %% [markdown]
# Where one axis matters, random search wins by far. Where all matter equally, the grid is a little *better*,
# because random points leave holes and make clusters. But which of your hyperparameters matter you learn only
# by searching, and mostly it is one or two. (Points that are random but spread more evenly than chance,
# *quasi-random* ones, combine both advantages.)
#
# The last line is the other argument for chance, and it does not even mention the number of hyperparameters.
# Note what it promises: the best 5 % *of the ranges you chose*.
#
# ## Something quick to train
#
# To compare searches we need many of them, hence a model that trains in milliseconds: one hidden layer whose
# weights stay **random**, and an output layer found by ridge regression. Its hyperparameters are old friends:
# the scale of the initial weights, that of the biases, and the strength of an L2 penalty. It sees the images
# shrunk to 7 × 7. Nobody would use it; for a search it behaves like a network.

# %%
def shrunk(images):
    """Images (n, 28, 28, 1) as rows of 49 means of 4 x 4 pixels, about centred."""
    return images[..., 0].reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49) - 0.3


def answers(x, y, new, scale, bias, ridge, units=200):
    """Labels of `new`: random hidden units, output layer by ridge regression."""
    dice = np.random.default_rng(0)
    weights = scale * dice.normal(size=(x.shape[1], units)) / x.shape[1] ** 0.5
    biases = bias * dice.normal(size=units)
    hidden = np.tanh(x @ weights + biases)
    top = np.linalg.solve(hidden.T @ hidden + ridge * np.eye(units),
                          hidden.T @ (np.eye(10)[y] - 0.1))
    return (np.tanh(new @ weights + biases) @ top).argmax(axis=1)


def suggest(trial, space):
    """A value for each hyperparameter, log-uniform: 0.01..0.1 as likely as 0.1..1."""
    return {name: (trial.suggest_int if isinstance(low, int) else trial.suggest_float)(
        name, low, high, log=True) for name, (low, high) in space.items()}


QUICK_SPACE = {"scale": (1e-3, 1e3), "bias": (1e-3, 1e3), "ridge": (1e-8, 1e6)}
few = shrunk(x[:300]).astype(float), y[:300]  # milliseconds, in every budget
quick_choose = shrunk(choose[0]).astype(float), choose[1]

# %% [markdown]
# In Optuna, an **objective** takes a trial, asks it for values, and returns the score. Everything that is
# trained in this lecture goes on the **bill**.

# %%
bill = {}


def pay(item, models=1, epochs=0, seconds=0.0):
    # Running this again costs as much once more, and stands on the bill.
    bill[item] = np.add(bill.get(item, 0), (models, epochs, seconds))


def quick_objective(trial):
    started = time.perf_counter()
    told = answers(*few, quick_choose[0], **suggest(trial, QUICK_SPACE))
    pay("random units", seconds=time.perf_counter() - started)
    return np.mean(told == quick_choose[1])


one_core = threadpool_limits(1)  # such small matrices are slower on many
study = optuna.create_study(direction="maximize",
                            sampler=optuna.samplers.RandomSampler(seed=0))
study.optimize(quick_objective, n_trials=5, show_progress_bar=SHOW_BARS)
for trial in study.trials:
    values = ", ".join(f"{name} {value:.2g}" for name, value in trial.params.items())
    print(f"trial {trial.number}: {values} -> {trial.value:.1%}")
print(f"best: trial {study.best_trial.number} with {study.best_value:.1%}")

# %% [markdown]
# Every range is searched on a **logarithmic** scale. On a plain scale from 0.001 to 1000, nine of ten trials
# would lie above 100.
#
# ## Learning from trials: TPE
#
# Grid and dice ignore what earlier trials have shown. **Bayesian optimisation** uses it: it keeps a model of
# "what I know so far", and asks where the next trial promises most. Optuna's standard method is the
# *tree-structured Parzen estimator* (TPE, Bergstra et al. 2011). Its idea:
#
# 1. sort the trials by score; call the best few *good*, the rest *bad*;
# 2. estimate two densities: $l(x)$, where the good ones lie, and $g(x)$, where the bad ones lie;
# 3. draw candidates from $l$, and try the one with the largest $l(x)/g(x)$.
#
# One hyperparameter, twenty random trials, by hand. (A density estimate puts a small bell on every point and
# adds them up.)

# %%
def density(at, points, width=0.5, low=-3, high=3):
    """Mean of a bell on each point and of one flat prior, at the places `at`."""
    bells = stats.norm.pdf(at[:, None], points, width)
    return (bells.sum(axis=1) + 1 / (high - low)) / (len(points) + 1)


tried = np.random.default_rng(4).uniform(-3, 3, 20)  # log10 of the scale
fixed = {"bias": 1.0, "ridge": 1.0}
score = np.array([np.mean(answers(*few, quick_choose[0], scale=10 ** place, **fixed)
                          == quick_choose[1]) for place in tried])
pay("random units", models=len(tried))
good = np.argsort(-score)[:5]
bad = np.setdiff1d(np.arange(20), good)
axis = np.linspace(-3, 3, 301)
l_good, g_bad = density(axis, tried[good]), density(axis, tried[bad])
promise = l_good / g_bad
following = axis[promise.argmax()]

# %%
fig, axes = plt.subplots(2, 1, figsize=(6.8, 5), layout="constrained", sharex=True)
for rows, label, colour, marker in ((bad, "bad", plots.COLOURS[3], "X"),
                                    (good, "good", plots.COLOURS[0], "o")):
    axes[0].plot(tried[rows], score[rows], marker, color=colour, label=label)
axes[1].plot(axis, l_good, color=plots.COLOURS[0], label="l: density of good")
axes[1].plot(axis, g_bad, "--", color=plots.COLOURS[3], label="g: density of bad")
axes[1].plot(axis, promise / promise.max() * l_good.max(), ":", linewidth=2,
             color=plots.COLOURS[9], label="l / g (scaled)")
for ax in axes:
    ax.axvline(following, color="#444444", linewidth=1)
    ax.legend(loc="upper left")
axes[0].set(ylabel="accuracy", title="Twenty trials, and where TPE tries next (line)")
axes[1].set(ylabel="density", xlabel="log10 of the scale of the weights", xlim=(-3, 3))
low, high = tried[good].min(), tried[good].max()
plots.show(fig, alt="Above, the accuracy of twenty trials against the scale; the five "
                    f"good ones lie from {low:.1f} to {high:.1f} on the logarithmic "
                    "axis. Below, the densities of good and bad trials; their ratio is "
                    f"largest at {following:.1f}, where the next trial goes.")

# %% [markdown]
# Does Optuna do the same? We hand it these twenty trials, ask for the next one forty times (with forty
# seeds), and look how promising its proposals are by *our* ratio.

# %%
scale = optuna.distributions.FloatDistribution(1e-3, 1e3, log=True)
known = [optuna.trial.create_trial(params={"scale": 10 ** place}, value=value,
                                   distributions={"scale": scale})
         for place, value in zip(tried, score, strict=True)]


def proposal(sampler):
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(known)
    return math.log10(study.ask({"scale": scale}).params["scale"])


for name in ("RandomSampler", "TPESampler"):
    kind = getattr(optuna.samplers, name)
    places = [proposal(kind(seed=seed)) for seed in range(40)]
    share = np.mean(np.interp(places, axis, promise) > 1)
    print(f"{name}: {share:.0%} of its proposals lie where good is denser than bad")

# %% [markdown]
# TPE still leaves room for chance: candidates are *drawn*, and bells are wide while trials are few. That is
# **exploration**. Going where the good ones are is **exploitation**. (Optuna calls the best tenth good and
# begins with some random trials. Whether its TPE looks at all hyperparameters together or at each alone
# depends on its version: `TPESampler(multivariate=True)` says it explicitly.)
#
# ## Three methods, one budget
#
# A fair race gives each method the same number of trials of the same cost. After each trial we note the best
# score so far: the **incumbent**. One race proves nothing, so we repeat it, each time with other dice; the
# grid gets a random offset each time, as another person would have chosen other values.

# %%
def lattice(space, steps, seed):
    """Grid values at equal steps on the logarithmic scale, shifted by chance."""
    shift = np.random.default_rng([seed, 5]).random(len(space))
    values = {}
    for (name, (low, high)), count, u in zip(space.items(), steps, shift, strict=True):
        places = (np.arange(count) + u) / count
        values[name] = [type(low)(low * (high / low) ** place) for place in places]
    return values


def search(objective, method, space, steps, seed):
    """A finished study with as many trials as the grid has points."""
    if method == "grid":
        sampler = optuna.samplers.GridSampler(lattice(space, steps, seed), seed=seed)
    elif method == "random":
        sampler = optuna.samplers.RandomSampler(seed=seed)
    else:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(objective, n_trials=math.prod(steps), show_progress_bar=SHOW_BARS)
    return study


def incumbents(studies):
    """Best score so far: array (studies, trials)."""
    return np.array([np.maximum.accumulate([trial.value for trial in study.trials])
                     for study in studies])

# %% [markdown]
# > **Predict, then run.** 48 trials, three hyperparameters, six to fourteen powers of ten each. Rank the
# > three methods. By how many points of accuracy will they differ?

# %%
METHODS = ("grid", "random", "TPE")
QUICK_STEPS = (4, 4, 3)
QUICK_REPEATS = range(budget.choose(ci=8, cpu=30))
quick = {method: [search(quick_objective, method, QUICK_SPACE, QUICK_STEPS, seed)
                  for seed in QUICK_REPEATS] for method in METHODS}
assert {len(study.trials) for studies in quick.values() for study in studies} == {48}

# %%
def band(studies, first=1):
    """Mean and spread of the incumbents in %, from the trial `first` on."""
    best = 100 * incumbents(studies)[:, first - 1:]
    return best.mean(axis=0), best.std(axis=0, ddof=1)


plots.curves(np.arange(5, 49), {method: band(studies, first=5)
                                for method, studies in quick.items()},
             xlabel="trials", ylabel="best accuracy so far in %",
             title=f"Incumbents, mean and spread of {len(QUICK_REPEATS)} repeats")

# %% [markdown]
# Is a difference between two methods more than luck? `experiments.verdict`, the function of the last lecture,
# takes it repeat by repeat (`paired=True`) and gives its mean **±** half the width of its 95 % interval,
# $t \cdot s / \sqrt{n}$, with $s$ the standard deviation of the $n$ differences. The factor $t$ is there because
# $s$ is an estimate itself. Three pairs are compared, and the interval allows for that.

# %%
PAIRS = (("random", "grid"), ("TPE", "random"), ("TPE", "grid"))


def compared(studies):
    """Print each method's final incumbents, and the verdict on each pair."""
    final = {method: 100 * incumbents(group)[:, -1] for method, group in studies.items()}
    for method, best in final.items():
        print(f"{method:6s} {rounded(*interval(best))} %")
    for one, other in PAIRS:
        print(f"{one} - {other}:",
              verdict(final[one], final[other], paired=True, comparisons=3))


compared(quick)
for n in (3, 5, 30):
    print(f"t for {n} values: {stats.t.ppf(0.975, n - 1):.2f}")

# %% [markdown]
# Read it soberly. The band in the figure is the standard deviation of a *single* search, and you will run a
# single one: compare its width with the distance between two methods. The curves also show *when*: TPE is no
# better than dice at first, for its first trials *are* dice; if it gains, then as trials accumulate. Nor does
# a grid always lose: the projection argument needs an axis that does not matter, and a narrow peak on one
# that does.
#
# ## The same with a real network
#
# Now a small CNN: learning rate, batch size, and **label smoothing** (the target of the right class is a
# little less than 1, those of the others a little more than 0).
#
# Compiling takes longer than training here, so we compile **once**. A learning rate is a variable of the
# optimiser and can be set; batch size and smoothing are properties of the data. Weights and the optimiser's
# memory are put back before each trial. (What is built in, such as the number of layers, needs a new
# model.) It saves memory, too: Keras gives back little of what a compiled model held, not even after
# `keras.utils.clear_session()`. A loop that builds a small CNN for each trial grew by about 6 MB a model
# when we measured it (TensorFlow, CPU), and `training.repeat`, which compiles once, by less than 1 MB. The
# seed decides the first weights and the order of the images, which stays the same in all epochs: so a
# training can be repeated, without setting the seed of the whole backend, which would slow each `fit` down.

# %%
def network():
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(), layers.Dense(32, activation="relu"), layers.Dense(10)])
    model.compile(optimizer="adam", metrics=["accuracy"],
                  loss=keras.losses.CategoricalCrossentropy(from_logits=True),
                  steps_per_execution=training.steps_at_once(8))  # fewer interruptions
    return model


@functools.cache
def first_weights(seed):
    keras.utils.set_random_seed(seed)
    return network().get_weights()

# %%
NET_SPACE = {"rate": (1e-4, 1e-1), "batch": (16, 128), "smoothing": (0.001, 0.3)}
NET_STEPS = budget.choose(ci=(3, 2, 2), cpu=(3, 3, 3))
REPEATS = (0, 1, 2)
model = network()


def one_hot(labels, smoothing=0.0):
    return ((1 - smoothing) * np.eye(10)[labels] + smoothing / 10).astype("float32")


def accuracy(images, labels):
    return float(np.mean(model.predict_on_batch(images).argmax(axis=1) == labels))


def fitted(seed, rate, batch, smoothing, callbacks=()):
    """Train the network; its accuracy on the choosing images."""
    training.reset(model, first_weights(seed), rate)
    order = np.random.default_rng(seed).permutation(len(x))
    started = time.perf_counter()
    done = model.fit(x[order], one_hot(y[order], smoothing), batch_size=batch,
                     epochs=EPOCHS, shuffle=False, callbacks=list(callbacks), verbose=0)
    score = accuracy(*choose)
    pay("networks", 1, len(done.epoch), time.perf_counter() - started)
    return score

# %%
kept = {}


def remembered(seed, **values):
    """The final accuracy; what was trained before is not trained again."""
    key = (seed, *values.values())
    if key not in kept:
        kept[key] = fitted(seed, **values)
    return kept[key]

# %% [markdown]
# `remembered` saves something: random search and TPE begin with the same random trials if they get the same
# seed. Each repeat has a training seed of its own, the same for all its trials.

# %%
def net_objective(seed):
    return lambda trial: remembered(seed, **suggest(trial, NET_SPACE))


nets = {method: [search(net_objective(seed), method, NET_SPACE, NET_STEPS, seed)
                 for seed in REPEATS] for method in METHODS}
asked = sum(len(study.trials) for studies in nets.values() for study in studies)
print(f"{asked} trials, {len(kept)} of them trained, {asked - len(kept)} known already")
compared(nets)

assert asked == len(METHODS) * len(REPEATS) * math.prod(NET_STEPS)

# %%
after = np.arange(3, math.prod(NET_STEPS) + 1)
plots.curves(after, {method: band(studies, first=3) for method, studies in nets.items()},
             xlabel="trials", ylabel="best accuracy so far in %",
             title=f"The network: incumbents, mean and spread of {len(REPEATS)} repeats")

# %% [markdown]
# Three repeats, a dozen trials or two each: such a race decides little, and most published ones are no
# longer. Look at what the trials say about the hyperparameters instead. One panel for each, all trials in
# every panel: a **slice plot**.

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 3.3), layout="constrained", sharey=True)
for ax, name in zip(axes, NET_SPACE, strict=True):
    for method, marker in zip(METHODS, "so^", strict=True):
        trials = [trial for study in nets[method] for trial in study.trials]
        ax.plot([trial.params[name] for trial in trials],
                [100 * trial.value for trial in trials], marker, markersize=4,
                alpha=0.7, label=method)
    ax.set(xscale="log", xlabel={"rate": "learning rate", "batch": "batch size",
                                 "smoothing": "label smoothing"}[name])
    if name == "batch":
        ax.minorticks_off()
        ax.set_xticks([16, 32, 64, 128], [16, 32, 64, 128])
axes[0].set_ylabel("accuracy in % (choosing images)")
axes[0].legend(loc="lower center")
everyone = [trial for method in METHODS for study in nets[method]
            for trial in study.trials]
top = sorted(everyone, key=lambda trial: -trial.value)[:10]
told = ", ".join(f"{name} from {min(t.params[name] for t in top):.2g} to "
                 f"{max(t.params[name] for t in top):.2g}" for name in NET_SPACE)
plots.show(fig, alt=f"Accuracy of {len(everyone)} trials against learning rate, batch "
                    f"size and label smoothing. The ten best have {told}.")

# %% [markdown]
# ## Which hyperparameter matters?
#
# **Importance** puts a number on it. *fANOVA* (Hutter et al. 2014) fits a random forest to the trials and
# asks what share of the score's variance each hyperparameter explains. *PED-ANOVA* asks another question:
# which of them separates the good trials from the rest? We use the random trials only: those of TPE are
# crowded into the good corner.
#
# > **Predict, then run.** Which of the three matters most? Will the two questions get the same answer?

# %%
VARIANCE, BEING_GOOD = "share of variance (fANOVA)", "being good (PED-ANOVA)"
EVALUATORS = {VARIANCE: optuna.importance.FanovaImportanceEvaluator(seed=0),
              BEING_GOOD: optuna.importance.PedAnovaImportanceEvaluator()}


def importances(studies):
    """For each evaluator every hyperparameter's importance; all trials in one pool."""
    pool = optuna.create_study(direction="maximize")
    pool.add_trials([trial for study in studies for trial in study.trials])
    return {name: optuna.importance.get_param_importances(pool, evaluator=evaluator)
            for name, evaluator in EVALUATORS.items()}


pooled = importances(nets["random"])
for name, shares in pooled.items():
    print(f"{name}, all {len(REPEATS)} searches: "
          + ", ".join(f"{key} {share:.2f}" for key, share in shares.items()))
for study in nets["random"]:
    shares = importances([study])[VARIANCE]
    print(f"  one search, {len(study.trials)} trials (fANOVA): "
          + ", ".join(f"{key} {share:.2f}" for key, share in shares.items()))

assert all(math.isclose(sum(shares.values()), 1) for shares in pooled.values())

# %%
plots.bars({name: float(share) for name, share
            in pooled[VARIANCE].items()},
           xlabel="share of the variance of the accuracy",
           title=f"Importance, from {len(REPEATS) * after[-1]} random trials")

# %% [markdown]
# Handle with care. Importance belongs to the *ranges*: a learning rate that may be absurd explains most of
# the variance, since absurd values fail; shrink its range and it becomes unimportant. And from a few dozen
# trials it is itself an estimate with noise.
#
# ## Pruning: stop the hopeless early
#
# A trial that is far behind after one epoch seldom wins. The **median rule**: after each epoch, compare with
# the earlier trials at the same epoch; whoever is below their median is stopped. For that, the trial
# *reports* after every epoch, and asks.

# %%
class Report(keras.callbacks.Callback):
    """Tells the trial the accuracy after each epoch, and stops when it says so."""

    def __init__(self, trial):
        super().__init__()
        self.trial, self.pruned = trial, False

    def on_epoch_end(self, epoch, logs=None):
        self.trial.report(accuracy(*choose), step=epoch + 1)
        if self.trial.should_prune():
            self.pruned = self.model.stop_training = True


def pruned_objective(trial):
    report = Report(trial)
    score = fitted(REPEATS[0], **suggest(trial, NET_SPACE), callbacks=[report])
    if report.pruned:
        raise optuna.TrialPruned
    return score


pruned = optuna.create_study(
    direction="maximize", sampler=optuna.samplers.RandomSampler(seed=REPEATS[0]),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2))
pruned.optimize(pruned_objective, n_trials=math.prod(NET_STEPS),
                show_progress_bar=SHOW_BARS)

# %% [markdown]
# Same sampler, same seed: these are the trials of the first random search above, which ran to their ends. So
# we know what the stopped ones would have reached.

# %%
whole = nets["random"][0]
spent = sum(len(trial.intermediate_values) for trial in pruned.trials)
full = EPOCHS * len(pruned.trials)
stopped = [t for t in pruned.trials if t.state == optuna.trial.TrialState.PRUNED]
print(f"stopped early: {len(stopped)} of {len(pruned.trials)} trials")
print(f"epochs: {spent} instead of {full}, {1 - spent / full:.0%} saved")
print(f"best with pruning {pruned.best_value:.1%}, without {whole.best_value:.1%}")
if stopped:
    lost = max(whole.trials[trial.number].value for trial in stopped)
    print(f"the best of the stopped ones would have reached {lost:.1%}")

for with_it, without in zip(pruned.trials, whole.trials, strict=True):
    assert with_it.params == without.params
assert all(len(trial.intermediate_values) > 1 for trial in stopped)

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for trial in pruned.trials:
    epochs, accuracies = zip(*trial.intermediate_values.items(), strict=True)
    cut = trial in stopped
    ax.plot(epochs, 100 * np.array(accuracies), "X--" if cut else "o-", markersize=6,
            color=plots.COLOURS[3 if cut else 0], alpha=0.8,
            label={True: "stopped", False: "finished"}[cut])
ax.set(xlabel="epoch", ylabel="accuracy in % (choosing images)",
       xticks=range(1, EPOCHS + 1), title="Learning curves under the median rule")
entries = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
ax.legend(entries.values(), entries.keys())
plots.show(fig, alt=f"Learning curves of {len(pruned.trials)} trials; {len(stopped)} of "
                    f"them end early, and {full - spent} of {full} epochs are saved.")

# %% [markdown]
# The rule has a cost: slow starters are stopped, and a small learning rate *is* a slow starter. The first
# trials (`n_startup_trials`) and the first epochs are therefore spared. Mind how the epochs are counted: the
# pruner spares a report whose `step` is *smaller* than `n_warmup_steps`. We report the first epoch as step 1,
# so that `n_warmup_steps=1` would spare nothing; 2 spares the first epoch. *Successive
# halving* and *Hyperband* do the same more systematically: many trials get a little, the better part gets
# more (Optuna has both as pruners).
#
# ## A study that survives
#
# All studies so far live in this kernel's memory. Given a `storage`, Optuna writes each trial into a
# database, here a single SQLite file. Then a killed kernel costs one trial, and several processes can work on
# the same study.
#
# We do not claim it, we do it. A worker is a script of its own. This one uses the quick classifier, made
# slower on purpose so that there is time to kill it. In your own, put the training of a network there.

# %%
def work(url, name, seed, total):
    """Add trials to the study until `total` of them are complete."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its lines would tear the bar
    storage = optuna.storages.RDBStorage(  # waits up to a minute for the other to finish
        url, engine_kwargs={"connect_args": {"timeout": 60}})
    study = optuna.load_study(study_name="survivor", storage=storage,
                              sampler=optuna.samplers.TPESampler(seed=seed))
    arrays = np.load(Path(__file__).with_name("images.npz"))

    def objective(trial):
        trial.set_user_attr("worker", name)
        values = suggest(trial, QUICK_SPACE)
        print("begins", trial.number, flush=True)
        time.sleep(0.4)  # as if it took longer
        return np.mean(answers(arrays["x"], arrays["y"], arrays["new"], **values)
                       == arrays["labels"])

    complete = optuna.trial.TrialState.COMPLETE
    bar = tqdm(total=total, unit="trial", disable=None)  # silent if nobody looks

    def count(study, trial):
        bar.update(len(study.get_trials(False, states=[complete])) - bar.n)

    stop = optuna.study.MaxTrialsCallback(total, states=[complete])
    print("ready", flush=True)
    sys.stdin.readline()  # waits for the starting signal
    study.optimize(objective, callbacks=[count, stop])

# %%
temporary = tempfile.TemporaryDirectory(prefix="week05-", ignore_cleanup_errors=True)
folder = Path(temporary.name)  # gone when the kernel stops
np.savez(folder / "images.npz", x=few[0], y=few[1],
         new=quick_choose[0], labels=quick_choose[1])
imports = """import sys, time
from pathlib import Path
import numpy as np
import optuna
from tqdm import tqdm
"""
(folder / "worker.py").write_text("\n\n".join([
    imports, f"QUICK_SPACE = {QUICK_SPACE!r}",
    *map(inspect.getsource, (answers, suggest, work)),
    "_, url, name, seed, total = sys.argv\nwork(url, name, int(seed), int(total))"]))
URL = f"sqlite:///{(folder / 'study.db').as_posix()}"
TOTAL = 16
survivor = optuna.create_study(study_name="survivor", storage=URL, direction="maximize")

# %%
def worker(name, seed):
    """Start a worker and wait until it is ready."""
    script = str(folder / "worker.py")
    command = [sys.executable, script, URL, name, str(seed), str(TOTAL)]
    with open(folder / f"{name}.log", "w") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=log, text=True,
                                   env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert process.stdout.readline() == "ready\n", (folder / f"{name}.log").read_text()
    return process


def go(process, until):
    """Give the signal, and wait until this trial has begun."""
    process.stdin.write("go\n")
    process.stdin.flush()
    while process.stdout.readline() not in (f"begins {until}\n", ""):
        pass

# %% [markdown]
# > **Predict, then run.** The worker is killed in the middle of its sixth trial: no goodbye, no cleaning up.
# > What does the file hold: six trials, five, or none?

# %%
def states():
    return " ".join(f"{t.number}:{t.state.name}" for t in survivor.get_trials())


first_worker = worker("first", seed=1)
go(first_worker, until=5)
first_worker.kill()
first_worker.communicate()
print(f"exit code {first_worker.returncode}: killed.", states())

RUNNING = optuna.trial.TrialState.RUNNING
zombies = survivor.get_trials(states=[RUNNING])
assert first_worker.returncode != 0 and len(zombies) == 1

# %% tags=["remove-cell"]
from helpers.record import record

record(exit_code=first_worker.returncode,
       states_after_the_kill=states().split())

# %% [markdown]
# Five complete, and a **zombie**: the last trial is RUNNING, though nobody runs it. Nothing in the file can
# know that its process is dead. It would stay so for ever, and a TPE with `constant_liar=True` (the default of
# Optuna 5) would avoid its neighbourhood, to stay away from what another worker is trying right now.
#
# If you know that no worker is alive, mark it as failed, and put its values into the queue once more:

# %%
for zombie in zombies:
    survivor.tell(zombie.number, state=optuna.trial.TrialState.FAIL)
    survivor.enqueue_trial(zombie.params)
print(states())

# %% tags=["remove-cell"]
from helpers.record import record

record(states_after_the_repair=states().split())

# %% [markdown]
# <details><summary>Let Optuna find its zombies</summary>
#
# With several workers you cannot know. Then every worker should send a sign of life:
#
# ```python
# storage = optuna.storages.RDBStorage(URL, heartbeat_interval=60, grace_period=180)
# study = optuna.load_study(study_name="survivor", storage=storage)
# ```
#
# While it is in `study.optimize`, a worker now writes the time into the database every 60 seconds. Before
# each new trial, every worker marks those as failed that were silent for 180 seconds. The price of a short
# period: a worker on a busy machine is declared dead although it lives.
# </details>
#
# ## Two workers
#
# Now two processes at once, both on the same file. They do not know of each other; the database hands out the
# numbers. (The third begins when the second has taken the queued trial. If both reach for it in the same
# instant, SQLite can give it to both, and the one who is late ends with an error: we tried. New trials are
# safe.)
#
# > **Predict, then run.** Will they share the trials evenly? How many will be complete in the end: 16, as we
# > asked for? Can a number be given out twice?

# %%
pair = [worker(name, seed) for seed, name in enumerate(["second", "third"], start=2)]
for number, process in enumerate(pair, start=zombies[0].number + 1):
    go(process, until=number)
for process in pair:
    process.communicate()
    assert process.returncode == 0, [log.read_text() for log in folder.glob("*.log")]
trials = survivor.get_trials()
by_worker = {}
for trial in trials:
    by_worker.setdefault(trial.user_attrs["worker"], []).append(trial.number)
for name, numbers in by_worker.items():
    print(f"{name:7s} {numbers}")
counted = collections.Counter(trial.state for trial in trials)
print(", ".join(f"{state.name} {number}" for state, number in counted.items()))

COMPLETE = optuna.trial.TrialState.COMPLETE
assert sorted(sum(by_worker.values(), [])) == list(range(len(trials)))  # each number once
assert TOTAL <= counted[COMPLETE] <= TOTAL + 1 and RUNNING not in counted
again = [t for t in trials if t.params == zombies[0].params and t.state == COMPLETE]
assert len(again) == 1 and len(by_worker) == 3

# %%
fig, ax = plt.subplots(figsize=(7.2, 2.6), layout="constrained")
origin = trials[0].datetime_start
for trial in trials:
    row = list(by_worker).index(trial.user_attrs["worker"])
    begin, length = ((moment - since).total_seconds() for moment, since in (
        (trial.datetime_start, origin), (trial.datetime_complete, trial.datetime_start)))
    failed = trial.state != COMPLETE
    ax.barh(row, length, left=begin, height=0.55, edgecolor="#FCFCFA",
            color=plots.COLOURS[3 if failed else 0], hatch="///" if failed else None)
    ax.text(begin + length / 2, row - 0.42, trial.number, ha="center", fontsize=7)
ax.set(yticks=range(3), yticklabels=by_worker, xlabel="seconds since the first trial",
       title="Who ran which trial (hatched: killed, found dead later)")
ax.grid(axis="y", visible=False)
ax.set_ylim(2.4, -1.0)
told = "; ".join(f"{name}: {', '.join(map(str, n))}" for name, n in by_worker.items())
plots.show(fig, alt=f"Bars of the trials over time, a row for each worker. {told}. "
                    f"Trial {zombies[0].number} was killed.")

# %% [markdown]
# The stop is not exact: a worker looks at the number of complete trials when it has finished one, and does
# not see what its colleague is just computing. One too many is the rule. SQLite is made for one computer and
# few workers. For a cluster, Optuna takes a PostgreSQL or MySQL server, or a journal file (`JournalStorage`);
# the rest of the code stays.
#
# One trap is left. The file keeps the trials, **not the state of the dice**. Restart with the same seed, and
# the same dice are thrown again:

# %%
def restarted(second_seed):
    """Distinct values after five trials, a restart, and five more."""
    study = optuna.create_study()
    for seed in (0, second_seed):
        study.sampler = optuna.samplers.RandomSampler(seed=seed)  # as at a start
        study.optimize(lambda trial: trial.suggest_float("rate", 0, 1), n_trials=5)
    return len({trial.params["rate"] for trial in study.trials})


for seed in (0, 1):
    print(f"restart with seed {seed}: {restarted(seed)} different values in 10 trials")

assert (restarted(0), restarted(1)) == (5, 10)

# %% [markdown]
# Give every worker and every restart a seed of its own, or none.
#
# ## How long will it take?
#
# A search of hours needs a bar with the **time left**. Optuna draws one with
# `study.optimize(..., show_progress_bar=True)`; set `SHOW_BARS` above. The worker draws its own; start it in
# a terminal to see it. In a page of a book it would only be noise, so here is what one looks like:

# %%
print(tqdm.format_meter(n=7, total=20, elapsed=35.0, unit="trial", ncols=60))
print(f"7 trials in 35 s = {35 / 7:.0f} s each; 13 left = {13 * 35 / 7:.0f} s")

# %% [markdown]
# Between `[` and `<` stands the time gone, after it the time left: so far's mean, times what is to be done.
# With pruning or different batch sizes trials are not equally long, and the estimate wanders.
#
# ## What is the winner worth?
#
# The best of many scores is good partly because it was lucky. First a world without any differences: 100
# models, every one exactly 85 % right in the long run, measured on 500 images each.

# %%
dice = np.random.default_rng(0)
best_of_equals = dice.binomial(500, 0.85, size=(2000, 100)).max(axis=1) / 500
print(f"the best of 100 equal models scores {best_of_equals.mean():.1%} on average")

assert 0.88 < best_of_equals.mean() < 0.90

# %% [markdown]
# Nothing was found, and the report says "improved by four points".
#
# Now real ones. 128 random settings of the quick classifier; score all on some images (*choosing*), take the
# best, and measure this one again on images that took no part in the choice (*fresh*). Repeated over many
# random divisions of the validation images.
#
# > **Predict, then run.** Sketch both curves against the number of settings tried. Which of them can fall?

# %%
quick_fresh = shrunk(fresh[0]).astype(float), fresh[1]
pool_x = np.concatenate([quick_choose[0], quick_fresh[0]])
pool_y = np.concatenate([quick_choose[1], quick_fresh[1]])
sampled = np.random.default_rng(1)
right = []
for _ in range(128):
    setting = {name: low * (high / low) ** sampled.random()
               for name, (low, high) in QUICK_SPACE.items()}
    right.append(answers(*few, pool_x, **setting) == pool_y)
pay("random units", models=len(right))
right = np.array(right)  # (settings, images)
COUNTS = 2 ** np.arange(8)
part = min(200, len(pool_y) // 2)
seen, again = np.empty((2, 300, len(COUNTS)))
for repeat in range(300):
    images, settings = sampled.permutation(len(pool_y)), sampled.permutation(128)
    scores = right[:, images[:part]].mean(axis=1)
    for column, count in enumerate(COUNTS):
        winner = settings[:count][scores[settings[:count]].argmax()]
        seen[repeat, column] = scores[winner]
        again[repeat, column] = right[winner, images[part:]].mean()

# %%
plots.curves(COUNTS, {f"the {part} images it was chosen on": 100 * seen.mean(axis=0),
                      "fresh images": 100 * again.mean(axis=0)},
             log_x=True, xlabel="settings tried", ylabel="accuracy of the winner in %",
             title="The winner, as chosen and measured again (300 divisions)")

# %%
optimism = 100 * (seen - again).mean(axis=0)
print("settings tried:", ", ".join(f"{count}: {gap:+.1f}" for count, gap in
                                   zip(COUNTS, optimism, strict=True)), "points too good")

assert optimism[-1] > optimism[0]

# %% [markdown]
# One setting: no bias. The more settings, the further the winner's own score runs ahead of the truth. The
# fresh curve rises too: searching *does* find better settings, only less so than it claims. This is
# **selection bias**; Cawley and Talbot (2010) show how it decides whole comparisons. More validation images
# shrink it.
#
# That is why the test images do not take part in any search. It would not be cheating in the sense of the
# law; their number would simply become a choosing score.
#
# ## The final choice
#
# The chosen network is the best trial of all our searches. Its score was made with one training seed and
# selected for being high. So train it again with **five new seeds**, and, for comparison, the setting that
# everybody starts from: Adam's default rate, batches of 32, no smoothing.

# %%
champion = max(everyone, key=lambda trial: trial.value)
candidates = {"chosen": champion.params,
              "default": {"rate": 0.001, "batch": 32, "smoothing": 0.0}}
FINAL_SEEDS = range(100, 105)
print("chosen:", ", ".join(f"{k} {value:.3g}" for k, value in champion.params.items()))


final = {}
for name, values in candidates.items():
    for seed in FINAL_SEEDS:
        on_choosing = fitted(seed, **values)
        final[name, seed] = on_choosing, accuracy(*fresh), model.get_weights()

# %%
print(f"score in the search: {champion.value:.1%} (best of {len(everyone)} trials)")
for column, part in enumerate(("choosing images", "fresh images")):
    scores = np.array([final["chosen", seed][column] for seed in FINAL_SEEDS])
    print(f"trained again, {part}: {rounded(*interval(100 * scores))} %")

# %% [markdown]
# Believe the second and third line. Now, and only now, the test images, once, for both.

# %%
test = experiments.arrays(data.load("fashion_mnist").test)
tested = {}
for name in candidates:
    tested[name] = []
    for seed in FINAL_SEEDS:
        model.set_weights(final[name, seed][2])
        tested[name].append(accuracy(*test))


print(f"test: {len(test[1]):,} images, {len(FINAL_SEEDS)} seeds")
for name, values in tested.items():
    print(f"  {name}: {rounded(*interval(100 * np.array(values)))} %")
judged = verdict(100 * np.array(tested["chosen"]),
                 100 * np.array(tested["default"]), paired=True)
print("  chosen - default, in points:", judged)

# %% [markdown]
# The difference is taken seed by seed: both start from the same weights, so part of the luck cancels. The
# interval covers the luck of training; the luck of *which* training images we have is the same for all seeds
# and not in it.
#
# ## The bill
#
# How many models were trained, and what did it cost? The report will show one.

# %%
for item, (models, epochs, seconds) in bill.items():
    print(f"{item:13s} {models:6,.0f} models {epochs:6,.0f} epochs {seconds:7.1f} s")
models, epochs, seconds = bill["networks"]
print(f"{models:.0f} networks for one result; images seen: {epochs * len(x):,.0f}; "
      f"{seconds / models:.2f} s each")
HOURS, WATTS = 3, 400  # assumed: a model that occupies one GPU for three hours
energy = models * HOURS * WATTS / 1000
print(f"the same search with {HOURS} h at {WATTS} W each: "
      f"{models * HOURS / 24:.0f} days of one GPU, {energy:.0f} kWh")

searched = len(kept) + len(pruned.trials)
assert models == searched + len(candidates) * len(FINAL_SEEDS)

# %% [markdown]
# Write these numbers into your report. A gain of half a point after three models and after three hundred are
# different findings.
#
# Which method, then? **Random search** is the one to begin with: nothing to tune, no order, as many workers
# as you have. **TPE** (or another Bayesian method) when a trial is expensive and some dozens are possible.
# **A grid** for one or two hyperparameters that you want to *see*, not to win with. The choice of ranges, and
# honest measuring, matter more than all three.

# %% tags=["remove-cell"]
from helpers.record import record


def promising(sampler):
    """Share of 40 proposals that lie where good is denser than bad."""
    places = [proposal(sampler(seed=seed)) for seed in range(40)]
    return np.mean(np.interp(places, axis, promise) > 1)


def incumbents_at_the_end(studies):
    return {method: 100 * incumbents(group)[:, -1]
            for method, group in studies.items()}


record(grid_by_random=ratio, random_trials_needed=needed,
       intervals_of_counting={str(n): interval(np.arange(n))
                              for n in (3, 5, 30)},
       promising={"random": promising(optuna.samplers.RandomSampler),
                  "TPE": promising(optuna.samplers.TPESampler)},
       quick_incumbents=incumbents_at_the_end(quick),
       network_incumbents=incumbents_at_the_end(nets),
       trials_asked=asked, trials_trained=len(kept),
       importance=pooled[VARIANCE])

# %% tags=["remove-cell"]
from helpers.record import record

record(epochs_spent=spent, epochs_without_pruning=full,
       fewest_epochs_of_a_stopped_trial=min(
           (len(trial.intermediate_values) for trial in stopped),
           default=EPOCHS),
       trials_stopped=len(stopped), trials_with_pruning=len(pruned.trials),
       trials_by_worker=by_worker,
       trials_by_state={state.name: n for state, n in counted.items()},
       worker_script=(folder / "worker.py").read_text(),
       worker_logs={log.stem: log.read_text() for log in folder.glob("*.log")},
       values_after_restart={str(seed): restarted(seed) for seed in (0, 1)},
       best_of_equals=best_of_equals.mean(), settings_tried=COUNTS,
       points_too_good=optimism, score_in_the_search=champion.value,
       tested=tested, verdict=judged.word,
       networks_trained=bill["networks"][0],
       network_epochs=bill["networks"][1],
       quick_models=bill["random units"][0],
       quick_epochs=bill["random units"][1])

# %% [markdown]
# ## Self-test
#
# **1.** Four hyperparameters, one matters. A grid has 81 points, random search 81 trials. How many values of
# the important one does each try?
#
# (a) 81 and 81; (b) 3 and 81; (c) 20 and 20
#
# <details><summary>Answer</summary>
#
# **(b).** $81^{1/4} = 3$. (a) The 81 points of the grid repeat the same three values 27 times each. (c)
# shares the trials among the hyperparameters, but each trial sets all four.
# </details>
#
# **2.** TPE has made five trials, `n_startup_trials` is ten. How does it choose the sixth?
#
# (a) where $l/g$ is largest; (b) at random; (c) next to the best one so far
#
# <details><summary>Answer</summary>
#
# **(b).** Until ten trials have finished there is too little to learn from. (a) is what it does afterwards.
# (c) would never explore.
# </details>
#
# **3.** A worker was killed. The study shows a trial as RUNNING since yesterday. What is right?
#
# (a) start the worker again, it will continue that trial; (b) delete the file; (c) mark the trial as failed,
# and queue its values again
#
# <details><summary>Answer</summary>
#
# **(c).** (a) A new worker begins new trials; the half-trained model is gone (unless you saved checkpoints).
# (b) throws away all finished trials. A heartbeat would do the marking by itself.
# </details>
#
# **4.** The best of 100 trials has 91.2 % on the validation images. You report "accuracy 91.2 %". What is
# wrong?
#
# (a) nothing, the images were not trained on; (b) the score was chosen for being high; (c) it should be the
# training accuracy
#
# <details><summary>Answer</summary>
#
# **(b).** It is the largest of 100 noisy numbers. Train the winner again with new seeds, and measure on
# images that took no part. (a) misses that *choosing* uses images up as well. (c) is worse still.
# </details>
#
# **5.** fANOVA gives the learning rate an importance of 0.95 in the range from $10^{-6}$ to 10. A colleague
# concludes that the batch size never matters. Is that right?
#
# (a) yes; (b) no, importance depends on the ranges; (c) no, importance above 0.9 is always an error
#
# <details><summary>Answer</summary>
#
# **(b).** In a range with absurd values most of the variance is "works or fails". Among good learning rates
# the batch size may well decide. (c) There is no such limit.
# </details>
#
# ## Take-aways
#
# 1. Same number of trials, same cost, several repeats: otherwise it is no comparison of search methods.
# 2. A grid wastes trials on what does not matter; random search does not; TPE learns from its trials, if it
#    gets enough of them.
# 3. Pruning saves epochs, and sometimes stops a slow starter that would have won; importance is a statement
#    about ranges.
# 4. Keep studies in a file: killed processes cost one trial, several workers share it, zombies have to be
#    buried, seeds must differ.
# 5. The winner's score is too good. Train again with new seeds, test once, give an interval, and print how
#    many models it took.
#
# ## References
#
# - J. Bergstra, Y. Bengio (2012). Random search for hyper-parameter optimization. *JMLR* 13, 281–305.
#   https://jmlr.org/papers/v13/bergstra12a.html
# - J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl (2011). Algorithms for hyper-parameter optimization.
#   *NeurIPS*. https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization
# - T. Akiba, S. Sano, T. Yanase, T. Ohta, M. Koyama (2019). Optuna: a next-generation hyperparameter
#   optimization framework. *KDD*. https://doi.org/10.1145/3292500.3330701
# - F. Hutter, H. Hoos, K. Leyton-Brown (2014). An efficient approach for assessing hyperparameter importance.
#   *ICML*. https://proceedings.mlr.press/v32/hutter14.html
# - S. Watanabe, A. Bansal, F. Hutter (2023). PED-ANOVA: efficiently quantifying hyperparameter importance in
#   arbitrary subspaces. *IJCAI*. https://arxiv.org/abs/2304.10255
# - D. Golovin et al. (2017). Google Vizier: a service for black-box optimization. *KDD* (the median rule).
#   https://doi.org/10.1145/3097983.3098043
# - L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh, A. Talwalkar (2018). Hyperband: a novel bandit-based
#   approach to hyperparameter optimization. *JMLR* 18(185). https://jmlr.org/papers/v18/16-558.html
# - G. C. Cawley, N. L. C. Talbot (2010). On over-fitting in model selection and subsequent selection bias in
#   performance evaluation. *JMLR* 11, 2079–2107. https://jmlr.org/papers/v11/cawley10a.html
