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
# # Testing the functions
#
# Keras offers regularisers, initialisers and optimisers by name. One word in a line of code is all it
# takes to exchange them. So which word is best? You can try them all in an evening, sort the results,
# and have three tables with a winner on top of each. This lecture does that. And then it asks what the
# tables are worth: one of them has the same function in it twice, under two names; in another, nearly
# every place is decided by a number that nobody has looked at.
#
# **After this lecture you can**
#
# - plan a comparison with one factor at a time, count its networks, and store it run by run;
# - read a ranked table: which neighbours can be told apart, and which order is luck;
# - explain the places of Zeros, Ones, plain SGD and Adadelta, each by an experiment.
#
# **You need** week 3: training in Keras, L1 and L2, runs over several seeds.
#
# **Time** about 40 minutes to read. **Cost** less than a minute on two cores with the small budget,
# about five minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import math

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import initializers, ops, regularizers
from scipy import stats

from helpers import budget, data, experiments, plots, training
from helpers.experiments import Recipe

budget.describe()
SIZE = budget.choose(**experiments.SIZES)
SEEDS = 3
whole = data.load("fashion_mnist")
print(whole)

# %% [markdown]
# **Fashion-MNIST** (Xiao, Rasul and Vollgraf, 2017) has the format of MNIST: ten classes, grey, 28 ×
# 28. But the pictures are of clothes, and a shirt is harder to tell from a coat than a 1 from a 7.
#
# We compare on **validation** images. The part of the data that our experiments are given has no test
# images in it at all, so that no choice can be made on them by mistake.

# %%
fashion = experiments.part(whole, SIZE["images"], SIZE["checks"])
print(f"{len(fashion.train):,} images to train on, {len(fashion.validation):,} to check "
      f"on, {len(fashion.test)} to test on")
first = [int(np.flatnonzero(fashion.train.labels == label)[0]) for label in range(10)]
plots.image_grid(fashion.train.images[first], titles=fashion.class_names, scale=1.1,
                 title="Fashion-MNIST, one image of each class")

assert len(fashion.test) == 0

# %% [markdown]
# ## One factor at a time
#
# A **factor** is what we change, its **levels** are what we change it to. Ours: the regulariser (4
# levels), the initialiser (12) and the optimiser (7). Everything starts from one **baseline**, and each
# run differs from it in one factor only. If the result differs as well, we know why (unless it was
# luck, see below).

# %%
for factor, levels in experiments.FACTORS.items():
    print(f"{len(levels):2d} {factor}s:", ", ".join(levels))
print("\nbaseline:", Recipe())
print("one run: ", Recipe(optimiser="SGD"))

# %% [markdown]
# The network has to be small, because we will train very many: two convolutions with a stride of 2,
# a hidden layer, ten outputs. You find its code in `helpers/experiments/recipes.py`, and all other code
# of this experiment beside it.

# %%
model = experiments.network()
for layer in model.layers:
    print(f"{layer.name.split('_')[0]:8s} {str(layer.output.shape[1:]):14s}"
          f"{layer.count_params():7,} parameters")

assert model.count_params() == 10 * 8 + 73 * 16 + 785 * 32 + 33 * 10 == 26_698

# %% [markdown]
# > **Predict, then run.** The three tables have 4, 12 and 7 rows. We want five seeds for each row. How
# > many networks do we have to train? (Think of the baseline.) And how many would it be if we tried
# > every combination of the three?

# %%
rows = sum(len(levels) for levels in experiments.FACTORS.values())
plan = experiments.plan("functions", seeds=5)
grid = math.prod(len(levels) for levels in experiments.FACTORS.values())
print(f"{rows} rows x 5 seeds = {5 * rows}, but the baseline stands in every table: "
      f"{len(plan)} networks")
print(f"every combination: {grid} recipes, {5 * grid:,} networks")

assert len(plan) == 5 * (rows - 2) == 105

# %% [markdown]
# ## Two names to look at twice
#
# Before you test a function, read what it does if you tell it nothing. `L1()` and `L2()` have a
# strength of 0.01. What has `L1L2()`, also called `l1_l2()`? And what does `VarianceScaling()` draw?

# %%
kernel = np.full((3, 3), 2.0, dtype="float32")
for penalty in (regularizers.L1(), regularizers.L2(), regularizers.L1L2()):
    price = float(penalty(kernel))
    print(f"{type(penalty).__name__:5s} price of nine weights of 2: {price:.2f}")


def drawn(name, shape=(784, 32)):
    keras.utils.set_random_seed(0)
    return ops.convert_to_numpy(initializers.get(name)(shape))


same = np.array_equal(drawn("VarianceScaling"), drawn("lecun_normal"))
print(f"\nVarianceScaling draws the same numbers as lecun_normal: {same}")

assert float(regularizers.L1L2()(kernel)) == 0 and same

# %% tags=["remove-cell"]
from helpers.record import record

record(prices={type(penalty).__name__: float(penalty(kernel)) for penalty in
               (regularizers.L1(), regularizers.L2(), regularizers.L1L2())})

# %% [markdown]
# `L1L2()` is **no regulariser at all**: both its strengths are 0 until you give them. It would have
# taken the place of "none" in the table, and nobody would have been warned. Our `l1_l2` gets 0.01
# twice.
#
# And `VarianceScaling()` **is** `lecun_normal`. Twelve names, eleven functions. We leave both in, on
# purpose: with the same seeds they have to get the same result to the last digit, which tests
# our experiment.
#
# ## Your ranking first
#
# > **Predict, then run.** Put each list into the order that you expect, best first. (As given, they are
# > in alphabetical order.) At the end the lecture counts how many pairs you had the right way round.

# %%
MY_RANKING = {
    "regulariser": ["l1", "l1_l2", "l2", "none"],
    "initialiser": ["Ones", "RandomNormal", "RandomUniform", "TruncatedNormal",
                    "VarianceScaling", "Zeros", "glorot_normal", "glorot_uniform",
                    "he_normal", "he_uniform", "lecun_normal", "lecun_uniform"],
    "optimiser": ["Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "RMSprop", "SGD"],
}

for factor, levels in experiments.FACTORS.items():
    assert sorted(MY_RANKING[factor]) == sorted(levels), f"a {factor} is missing or twice"

# %% [markdown]
# ## Live: a small version
#
# With the small budget, we train a handful of recipes on few images. With the larger one it is the
# whole plan, which takes some minutes. Each network begins from weights of its own seed; the
# compiled code is shared where possible (week 3).

# %%
RECIPES = [recipe for recipe, _ in experiments.plan("functions", seeds=1)]
SOME = [Recipe(), Recipe(regulariser="l1"), Recipe(initialiser="Zeros"),
        Recipe(optimiser="SGD"), Recipe(optimiser="Adadelta")]
recipes = budget.choose(ci=SOME, cpu=RECIPES)
live = experiments.train([(recipe, seed) for recipe in recipes for seed in range(SEEDS)],
                         fashion, epochs=SIZE["epochs"])

# %%
experiments.table(experiments.by_recipe(live), title="LIVE")
print(experiments.cost(live))

# %% [markdown]
# How to read it: accuracy and cross-entropy on the validation images are means over the seeds, ± half
# the width of the mean's 95 % confidence interval; the cross-entropy is without penalties. *CPU s* is
# what a run cost on all cores together. The last columns we explain below; but you see already that
# three seeds do not tell much apart.
#
# ## Stored: the whole experiment
#
# Everything from here on that is called **STORED** was trained beforehand and comes with the course, as
# a table with one row a run. You can study it without training anything. These commands made it, and
# make it again on your computer:

# %%
stored = experiments.read()
for study in experiments.STUDIES:
    print(experiments.command(study, seeds=20 if study == "same" else 5))
print(f"\n{len(stored)} runs in {experiments.RESULTS.name}; one of them:")
for name in ("optimiser", "rate", "seed", "images", "epochs", "loss", "accuracy",
             "cpu_seconds", "data", "keras", "backend", "cores"):
    print(f"  {name:12s}", getattr(stored[-1], name))

# %% [markdown]
# Why one row a run, and not one row a recipe? Because a mean cannot be taken apart again. And each row
# is written as soon as its run ends: stop the command, start it again, and it goes on where it was. On
# Colab, put `!` before the command.
#
# Is the table true? Take a row and do it again.
#
# > **Predict, then run.** Same recipe, same seed, same images, another computer. Will the accuracy be
# > the same to the last digit?

# %%
full = experiments.SIZES["cpu"]
again, = experiments.train(experiments.plan("same", seeds=1),
                           experiments.part(whole, full["images"], full["checks"]),
                           epochs=full["epochs"])
found = [run for run in stored if run.key == again.key]
for name, runs in {"STORED": found, "LIVE": [again]}.items():
    for run in runs:
        print(f"{name:6s} after each epoch:",
              " ".join(f"{100 * accuracy:.2f}" for accuracy in run.accuracies))
if not found:
    print("trained on the embedded sample: too few images to compare with the stored run")

# %% [markdown]
# On the computer that made the table, every digit agrees. On another one, usually only the first digits
# do: two computers add the same numbers in a different order and round differently, and training lets a
# rounding error grow. A seed makes luck repeatable on *one* computer; it does not take it away.
#
# ## How much does luck alone do?
#
# Here is a ranked table with four rows, A to D, five seeds each: twenty of the stored runs.
#
# > **Predict, then run.** Which of the seven optimisers could A, B, C and D be?

# %%
luck = sorted(experiments.by_recipe(stored)["baseline"], key=lambda run: run.seed)
four = {f"row {letter}": luck[5 * place:5 * place + 5]
        for place, letter in enumerate("ABCD")}
experiments.table(four, title="STORED")

# %% [markdown]
# All four are **the baseline**: Adam, seeds 0 to 4, 5 to 9, 10 to 14 and 15 to 19. A table of nothing
# has a winner too, because sorting always finds one. How far are first and last apart, if the
# rows are all the same? That depends on how many rows there are. Draw rows from the twenty runs:

# %%
accuracies = experiments.values(luck)
mean, spread = experiments.spread(accuracies)
print(f"baseline, {len(luck)} seeds: {mean:.1%}, "
      f"standard deviation {spread:.1%}, "
      f"from {accuracies.min():.1%} to {accuracies.max():.1%}")
rng = np.random.default_rng(0)
for rows in (2, 4, 7, 12):
    means = rng.choice(accuracies, size=(5000, rows, 5)).mean(axis=2)
    gap = means.max(axis=1) - means.min(axis=1)
    print(f"{rows:2d} equal rows of 5 seeds: first and last {100 * gap.mean():.1f} points "
          f"apart on average, {100 * np.quantile(gap, 0.95):.1f} or more in 1 of 20 tables")

# %% [markdown]
# Keep the last line in mind when a table has twelve rows. The winner's own number is too good,
# too: among equal rows, the one on top is the luckiest.
#
# One more kind of luck is not in the spread: the choice of the validation images. All rows share them, so a
# part of this luck moves all rows together. The rest does not: two networks fail on different images.

# %%
checks = luck[0].checks
wobble = 1.96 * math.sqrt(mean * (1 - mean) / checks)
print(f"an accuracy of {mean:.1%} on {checks:,} images is known to about "
      f"± {100 * wobble:.1f} points, however many seeds there are")

# %% [markdown]
# ## Can two rows be told apart?
#
# Two rows with means $m_1, m_2$ and spreads $s_1, s_2$ over $n$ seeds each. Their difference is known
# up to
#
# $$m_1 - m_2 \;\pm\; t \sqrt{\frac{s_1^2}{n} + \frac{s_2^2}{n}} .$$
#
# This is Welch's interval (1947). The factor $t$ belongs to Student's distribution; for five seeds it
# is 2.3 to 2.8, if we want to be right in 95 % of the cases. If the interval leaves 0 out, the two are
# told apart.

# %%
chosen = [run for run in stored if run.seed < 5]        # five seeds for every row
optimisers = experiments.one_factor(chosen, "optimiser")
first, second = (experiments.values(optimisers[name]) for name in ("Adam", "RMSprop"))
shares = np.array([first.var(ddof=1) / 5, second.var(ddof=1) / 5])
freedom = shares.sum() ** 2 / (shares ** 2 / 4).sum()   # between 4 and 8
t = stats.t.ppf(0.975, freedom)
gap, half = first.mean() - second.mean(), t * math.sqrt(shares.sum())
print(f"Adam minus RMSprop: {100 * gap:.1f} ± {100 * half:.1f} points (t = {t:.1f})")

np.testing.assert_allclose(experiments.difference(first, second), (gap, half))

# %% [markdown]
# But we do not look at one pair. To sort a table and compare neighbours is to look at *all* pairs: had the
# order come out differently, other pairs would be neighbours.

# %%
pairs = {name: math.comb(len(levels), 2) for name, levels in experiments.FACTORS.items()}
print("pairs:", pairs, "together", sum(pairs.values()))
print(f"wrong in 5 % of the cases each: {0.05 * sum(pairs.values()):.1f} false alarms, "
      "even if all functions were equal")
for number in pairs.values():
    _, half = experiments.difference(first, second, comparisons=number)
    print(f"Adam minus RMSprop, as one of {number} pairs: "
          f"{100 * gap:.1f} ± {100 * half:.1f} points")

assert list(pairs.values()) == [6, 66, 21]

# %% [markdown]
# The remedy is simple (Bonferroni): divide the 5 % by the number of pairs. The intervals grow, and now
# they hold **all together** with 95 %. This is what the last columns of our tables show: the gap to the
# row above with its interval, and whether the row can be told from the one above and from the best.
#
# "No" does not mean *equal*. It means: these runs cannot say.
#
# From here on one function does all this, here and in the other weeks: `experiments.verdict`. It takes the
# numbers of both sides and says the difference, **±** half the width of its 95 % interval, and the verdict.
# In every study of this course ± stands for such a half width, of a mean or of a difference, and for nothing
# else; a standard deviation is called by its name.

# %%
print("one pair:    ", experiments.verdict(100 * first, 100 * second))
print("one of 21:   ", experiments.verdict(100 * first, 100 * second, comparisons=21))
#
# ## The regularisers
#
# > **Predict, then run.** Did you put "none" first or last? Think of week 3: what is a regulariser for,
# > and does a network need it that sees each image only a few times?

# %%
regularisers = experiments.one_factor(chosen, "regulariser")
experiments.table(regularisers, title="STORED, regularisers")

# %%
experiments.plot(regularisers, title="STORED: four regularisers, strength 0.01")

# %% [markdown]
# "None" wins. How much overfitting is there that could be cured? The stored runs know their accuracy on the
# training images, too (the mean over the last epoch).

# %%
for name, runs in regularisers.items():
    seen, unseen = (100 * np.mean([getattr(run, what) for run in runs])
                    for what in ("train_accuracy", "accuracy"))
    print(f"STORED {name:5s} training {seen:.1f} %, validation {unseen:.1f} %, "
          f"gap {seen - unseen:+.1f} points")

# %% [markdown]
# Without a penalty the gap is less than four points. With L2 it is smaller, but *both* numbers are lower: this
# penalty takes away more than there was to cure. With L1 in it, they are lower still.
#
# Now look at l1 in the table, and then at its dots. Its mean is about 50 %, and **no run is anywhere
# near 50 %**. Some runs learned; the others guess. A mean with its interval describes runs that scatter
# around a centre. Here there are two centres, and it describes nothing. That is also why the table says that
# l1 and none cannot be told apart: the interval assumes one centre.
#
# > **Always look at the single runs.** A count needs no bell shape: if l1 and none were equal, how
# > likely is it that *all five* runs of one are better than all five of the other?

# %%
none, l1 = (experiments.values(regularisers[name]) for name in ("none", "l1"))
ways = math.comb(10, 5)      # ways to choose which five of the ten runs are called "none"
print(f"worst run of none {none.min():.1%}, best run of l1 {l1.max():.1%}")
print(f"all five of one above all five of the other: 2 of {ways} ways = {2 / ways:.1%}")
for run in regularisers["l1"]:
    print(f"l1, seed {run.seed}: {run.accuracies[0]:.1%} after the first epoch, "
          f"{run.accuracy:.1%} after the last")

assert none.min() > l1.max()

# %% [markdown]
# So l1 *is* worse, and it is decided early: the runs that guess after the first epoch never learn.
# But is it L1 that is worse, or **0.01 of it**? Compare two pulls on a weight at the very first step:
# that of the data (the gradient of the cross-entropy) and that of the penalty, $\lambda$ for L1 and
# $2\lambda\lvert w\rvert$ for L2. One step of SGD with a learning rate of 1 changes each weight by
# minus its gradient, so we can read the gradient off:

# %%
x, y = experiments.arrays(fashion.train)


def one_step(model, steps=1):
    """All weights before some steps of training, and how much each has changed."""
    before = model.get_weights()
    model.run_eagerly = True                  # a few steps are not worth compiling
    for step in range(steps):
        batch = slice(32 * step, 32 * step + 32)
        model.train_on_batch(x[batch], y[batch])
    after = model.get_weights()
    return before, [new - old for old, new in zip(before, after, strict=True)]


keras.utils.set_random_seed(0)
weights, change = one_step(experiments.network(optimiser="SGD", rate=1.0))
w, gradient = weights[4].ravel(), -change[4].ravel()          # the hidden layer, 784 x 32
prices = {"L1": 0.01 * np.abs(w).sum(), "L2": 0.01 * (w ** 2).sum()}
pulls = {"data": gradient, "L1": np.full_like(w, 0.01), "L2": 2 * 0.01 * w}
for name, pull in pulls.items():
    line = f"typical pull on a weight, {name:4s}: {np.sqrt((pull ** 2).mean()):.4f}"
    if name in prices:
        wins = (np.abs(pull) > np.abs(gradient)).mean()
        line += f", stronger than the data on {wins:.0%}; price {prices[name]:.1f}"
    print(line)
print(f"the cross-entropy at the start is about ln 10 = {math.log(10):.2f}")

# %% [markdown]
# The same 0.01 is weak in L2 and strong in L1, whose pull is the same for large and small weights: on nearly all
# of them it is stronger than that of the data. Whether a run gets away is decided by its
# first steps, that is, by luck. A strength is not comparable from one regulariser to the next. So give
# each regulariser several:

# %%
strengths = {name: experiments.one_factor(chosen, "strength", Recipe(regulariser=name))
             for name in ("l1", "l2", "l1_l2")}
experiments.plot_against(strengths, xlabel="strength (factor of the penalty)",
                         title="STORED: regularisers at four strengths, 5 seeds each")

# %%
mild = {f"{name} {strength:g}": runs for name, groups in strengths.items()
        for strength, runs in groups.items() if strength <= 0.0001}
experiments.table(mild | {"none": regularisers["none"]}, title="STORED, weak penalties")

# %% [markdown]
# Among the weak strengths the ranking is gone: no row can be told from another. What looked like a
# ranking of *regularisers* was a ranking of *strengths*.
#
# Look at the curves once more: for each regulariser the best strength is the *weakest* of its list. When the best
# value lies at the end of a list, the list is too short, and one should go on: here towards no penalty at all.
# These runs show no strength that helps.
#
# ## The initialisers
#
# > **Predict, then run.** Two rows of the table will be identical, which? Which rows guess? And will
# > the first seven rows be in an order that means something?

# %%
inits = experiments.one_factor(chosen, "initialiser")
experiments.table(inits, title="STORED, initialisers")

twice = [experiments.values(inits[name]) for name in ("VarianceScaling", "lecun_normal")]
assert np.array_equal(*twice)      # one function under two names

# %%
drawing = {name: runs for name, runs in inits.items() if name not in ("Zeros", "Ones")}
experiments.plot(drawing, guess=None,
                 title="STORED: ten initialisers (all runs of Zeros and Ones are at 10 %)")

# %% [markdown]
# Three groups, and within each the order cannot be told from luck:
#
# - seven that look at the layer's **number of inputs** before they draw;
# - three that draw with the same width, 0.05, whatever the layer is;
# - Zeros and Ones, which do not draw.
#
# Neighbours at the border of two groups are not always told apart, though groups are: "cannot be told
# apart" does not carry over from pair to pair. First to second, second to third ... each step is small,
# and still the last is far from the first. That is why the table also compares with the best.

# %%
AWARE = ["VarianceScaling", "lecun_normal", "lecun_uniform", "glorot_normal",
         "glorot_uniform", "he_normal", "he_uniform"]
FIXED = ["RandomNormal", "RandomUniform", "TruncatedNormal"]
apart = {pair: told for pair, (*_, told) in experiments.gaps(inits).items()}
for name, first, second in [("within the seven", AWARE, AWARE),
                            ("within the three", FIXED, FIXED),
                            ("between the two groups", AWARE, FIXED)]:
    mine = [told for (better, worse), told in apart.items()
            if better in first and worse in second]
    print(f"{name}: {sum(mine)} of {len(mine)} pairs told apart")

# %% [markdown]
# Is 0.05 too small or too large? That depends on the layer. A unit adds up its inputs, each times a
# weight: the more inputs, the smaller the weights should be. `he_normal` uses
# $\sqrt{2/\text{inputs}}$, `lecun_normal` $\sqrt{1/\text{inputs}}$, `glorot_normal` the mean of inputs
# and outputs.

# %%
def signal(initialiser):
    """Spread of each layer's output over images and units, before any training."""
    keras.utils.set_random_seed(0)
    network = experiments.network(initialiser=initialiser)
    values, told = x[:200], []
    for layer in network.layers:
        values = layer(values)
        if layer.weights:
            told.append(float(ops.std(values)))
    return told


for layer in (layer for layer in model.layers if layer.weights):
    inputs = math.prod(layer.kernel.shape[:-1])
    print(f"{inputs:3d} inputs: he_normal draws with {math.sqrt(2 / inputs):.3f}, "
          "RandomNormal with 0.050")
signals = {name: signal(name)
           for name in ("he_normal", "glorot_uniform", "RandomNormal", "RandomUniform")}

# %%
plots.curves([1, 2, 3, 4], signals, log_y=True, xlabel="layer with weights",
             ylabel="spread of the output before training",
             title="How much of the image arrives")

# %% [markdown]
# With 0.05 (or a uniform ±0.05, which is smaller still) the signal fades from layer to layer. Only
# where 784 numbers come in is 0.05 about right: $\sqrt{2/784} = 0.0505$. Training can repair it,
# because Adam enlarges what is too small; it costs epochs. With more layers there would be nothing left
# to repair.
#
# ### Zeros
#
# > **Predict, then run.** All kernels are 0. We take one step of SGD, with a learning rate of 1. Which
# > of the eight weight arrays (four kernels, four biases) change?

# %%
_, change = one_step(experiments.network(initialiser="Zeros", optimiser="SGD", rate=1.0))
for layer, place in zip(("1st convolution", "2nd convolution", "hidden", "output"),
                        range(0, 8, 2), strict=True):
    kernel, bias = (np.abs(change[place + shift]).max() for shift in (0, 1))
    print(f"{layer:15s} largest change: kernel {kernel:.4f}, bias {bias:.4f}")

assert not any(part.any() for part in change[:7])      # not small: exactly zero
assert change[7].any()

# %% [markdown]
# Only the **output's bias**. The gradient of a kernel is what comes in times what comes back. In the
# output layer what comes in is 0 (the hidden layer is off); below it, what comes back is 0 (it came
# through a kernel of zeros). So everything stays at zero, for ever. The bias can still learn one thing:
# how frequent each class is. Here all are equally frequent, hence the 10.0 % with a spread of nothing,
# and a cross-entropy of $\ln 10 = 2.303$.
#
# ### Ones
#
# Two things are odd about Ones. All units of a layer are **alike**, and the weights are **large**.
#
# > **Predict, then run.** Which of the two is fatal? Make each one alone: all weights 0.05 (alike, but
# > small), and random weights around 1 (large, but different).

# %%
CASES = {
    "different, small": initializers.RandomNormal(0.0, 0.05),
    "alike, small": initializers.Constant(0.05),
    "different, large": initializers.RandomNormal(1.0, 0.05),
    "alike, large (Ones)": initializers.Ones(),
}


def kinds(kernel):
    """How many different units a layer has: columns that are not equal."""
    return len(np.unique(np.round(kernel.reshape(-1, kernel.shape[-1]), 3), axis=1).T)


# Only the initial weights differ, so that one compiled network serves all runs.
starts = [start for start in CASES.values() for _ in range(SEEDS)]
_, runs = training.repeat(
    lambda: experiments.network(initialiser=starts.pop(0)),
    seeds=[*range(SEEDS)] * len(CASES), x=x, y=y, epochs=SIZE["epochs"], batch_size=32,
    validation_data=experiments.arrays(fashion.validation), validation_freq=SIZE["epochs"])

# %%
print(f"{'LIVE':22s}accuracy   cross-entropy   different units of 8 and of 32")
for place, name in enumerate(CASES):
    mine = runs[SEEDS * place:SEEDS * place + SEEDS]
    accuracy, wide = training.summary(mine, "val_accuracy")
    entropy, _ = training.summary(mine, "val_cross_entropy")
    units = [kinds(mine[-1].weights[layer]) for layer in (0, 4)]
    print(f"{name:19s} {accuracy:5.1%} ± {wide:5.1%}  {entropy:13,.2f}   {units}")

# %% tags=["remove-cell"]
from helpers.record import record

record(different_units={
    name: [kinds(runs[SEEDS * place + SEEDS - 1].weights[layer])
           for layer in (0, 4)]
    for place, name in enumerate(CASES)})

# %% [markdown]
# Each of them hurts, and Ones has both.
#
# - **Alike**: units that begin equal get equal gradients, and stay equal. Eight filters are one filter
#   eight times over, 32 hidden units are one unit. That is why initial weights are *random*: not to
#   be good, but to be different.
# - **Large**: see below what arrives at the output, and what one step does to it.

# %%
ones = experiments.network(initialiser="Ones")
values = x[:200]
for layer in ones.layers:
    values = layer(values)
    if layer.weights:
        mean = float(ops.mean(values))
        print(f"{layer.name.split('_')[0]:7s} mean output {mean:14,.0f}")
ones.run_eagerly = True
for when in ("before", "after one step of Adam"):
    logits = ops.convert_to_numpy(ones(x[:200]))
    shares = ops.convert_to_numpy(ops.softmax(logits))
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y[:200], logits)
    print(f"{when}: largest minus smallest logit {np.ptp(logits, axis=1).mean():,.0f}, "
          f"cross-entropy {float(entropy):,.1f},\n    probabilities from {shares.min():.2f} to "
          f"{shares.max():.2f}, exactly zero {(shares == 0).mean():.0%}")
    ones.train_on_batch(x[:32], y[:32])

assert (shares == 0).mean() > 0.3 and float(entropy) > 100

# %% [markdown]
# The ten logits begin equal, so the softmax says 10 % to each class. But one step of 0.001 on weights
# that are multiplied by a hundred thousand moves the logits by thousands. The softmax is **saturated**:
# half of the classes or more get a probability of exactly 0. Every further step throws all images into
# other classes. Cross-entropy counts how sure the network is of its mistakes; hence the huge value in
# the table, while the accuracy is that of guessing.
#
# ## The optimisers
#
# > **Predict, then run.** Each at the learning rate that Keras gives it: 0.01 for SGD and 0.001 for all
# > others. Who is last?

# %%
experiments.table(optimisers, title="STORED, optimisers at Keras's default rates")

# %%
experiments.plot(optimisers, title="STORED: seven optimisers at their default rates")

# %% [markdown]
# Most of Adadelta's runs are even below 10 %: an untrained network does not spread its answers evenly
# over the classes, and this one has hardly been trained. Would you now write "Adadelta does not work"?
#
# Look at how far each of them **goes**. We take the same start, the same ten batches, and measure the
# typical change of a weight (root mean square).
#
# > **Predict, then run.** SGD multiplies the gradient by its rate. Adam divides the gradient by its own
# > recent size first. Which of the two goes farther, and by how much?

# %%
STEPS = 10
moved = {}
for name in experiments.OPTIMISERS:
    keras.utils.set_random_seed(0)
    _, change = one_step(experiments.network(optimiser=name), STEPS)
    flat = np.concatenate([part.ravel() for part in change])
    moved[name] = float(np.sqrt((flat ** 2).mean()))
for name in sorted(moved, key=moved.get, reverse=True):
    print(f"LIVE {name:9s} a weight moves by {moved[name]:.6f} in {STEPS} steps")

assert moved["Adam"] > 3 * moved["SGD"] > 9 * moved["Adadelta"]

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
reached = {name: 100 * experiments.values(runs).mean()
           for name, runs in optimisers.items()}
for place, name in enumerate(sorted(moved, key=moved.get)):
    ax.scatter(moved[name], reached[name], s=60, color=plots.COLOURS[place],
               marker=plots.MARKERS[place], label=name)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
ax.set(xscale="log", xlabel=f"typical change of a weight in {STEPS} steps (LIVE)",
       ylabel="validation accuracy (%, STORED)", title="How far the weights go, and how good it gets (default rates)")
order = sorted(moved, key=moved.get, reverse=True)
plots.show(fig, alt="Seven points. Three slow optimisers lie lower left, the others close "
           "together upper right. From the longest way to the shortest: "
           + ", ".join(f"{name} {reached[name]:.0f} %" for name in order) + ".")

# %% [markdown]
# The slow three explain the lower half of the table: they hardly moved. (Among the fast ones the longest way
# does not win: their order has other reasons, if any.) So the table of optimisers is, to a good part, a table
# of **step lengths**. Adam-like methods move each
# weight by about their rate at every step, whatever the size of the gradient. SGD's step is rate times
# gradient, and our gradients are small. Adadelta begins with steps of next to nothing and needs many to
# lengthen them; its author used a rate of 1 (Zeiler, 2012), a thousand times Keras's default.
#
# So give every optimiser five learning rates, its default among them. That is 35 recipes.
#
# > **Predict, then run.** Which optimiser will gain most? Will the first still be first?

# %%
rates = {name: experiments.one_factor(chosen, "rate", Recipe(optimiser=name))
         for name in experiments.OPTIMISERS}
experiments.plot_against(rates, xlabel="learning rate",
                         title="STORED: seven optimisers at five rates, 5 seeds each")

# %%
best = {}
for name, groups in rates.items():
    means = {rate: experiments.values(runs).mean() for rate, runs in groups.items()}
    rate = max(means, key=means.get)
    best[f"{name} {rate:g}"] = groups[rate]
experiments.table(best, title="STORED, each optimiser at the best of its five rates")

# %%
def apart_count(groups):
    told = [told for *_, told in experiments.gaps(groups).values()]
    return f"{sum(told)} of {len(told)} pairs told apart"


print("at default rates:       ", apart_count(optimisers))
print("each at its own rate:   ", apart_count(best))
for name in ("SGD", "Adadelta"):
    default = experiments.values(rates[name][experiments.RATES[name]]).mean()
    own = max(experiments.values(runs).mean() for runs in rates[name].values())
    print(f"{name:9s} default {default:.1%}, own rate {own:.1%}")
    assert own > default + 0.05

# %% [markdown]
# Most of the first table was a table of **default rates**. Adadelta rises from the last place to one
# that cannot be told from the first; SGD makes up a good part of what it lacked, and Adamax joins the
# top. SGD stays last: it is *plain* SGD, without momentum, and the list of rates was coarse.
# (`experiments.network` takes `optimiser=keras.optimizers.SGD(0.1, momentum=0.9)` as well. Try it.) So
# "which optimiser is best?" is no question until you say how its learning rate was chosen, and with how
# many tries (Choi et al., 2019; Schmidt, Schneider and Hennig, 2021).
#
# Three warnings about the second table:
#
# - Adadelta's best rate, 3, is the largest of its list. Nobody knows what a larger one would have done: when the
#   winner lies at the end of its range, widen the range. The others' best rates lie inside.
# - Each row is the best of five, chosen on the same validation images that it is judged on. All its
#   numbers are a little too good; the next lecture comes back to this.
# - What the Adam-like methods really offer is visible in the curves, not in the table: a wide range of
#   rates that work. SGD has to be tuned.
#
# There is one more choice hidden in the table: the number of epochs. What would SGD have done with more
# time?

# %%
epochs = np.arange(1, full["epochs"] + 1)
shown = {name: optimisers[name] for name in ("Adam", "RMSprop", "SGD", "Adagrad")}
shown["SGD at 0.1"] = rates["SGD"][0.1]
lines = {}
for name, runs in shown.items():
    curves = 100 * experiments.values(runs, "accuracies")
    lines[name] = tuple(np.transpose(
        [experiments.interval(epoch) for epoch in curves.T]))
plots.curves(epochs, lines, xlabel="epoch", ylabel="validation accuracy (%)",
             title="STORED: who is still climbing? (mean of 5 seeds)")

# %% [markdown]
# Slow optimisers are cut off in the middle of their climb. A ranking holds for one budget.
#
# ## What one factor at a time cannot see
#
# All initialisers were judged with Adam. Would they rank the same with SGD? Six of them, with both:
#
# > **Predict, then run.** We saw that Adam repairs weights that are too small. Does SGD?

# %%
print(f"STORED {'':14s} {'with Adam':>14s}  {'with SGD (0.01)':>16s}")
SIX = ["he_normal", "he_uniform", "glorot_uniform", *FIXED]
means = {}
for name in SIX:
    told = []
    for optimiser in ("Adam", "SGD"):
        group = [run for run in chosen
                 if run.recipe == Recipe(initialiser=name, optimiser=optimiser)]
        mean, wide = experiments.interval(experiments.values(group))
        means[name, optimiser] = mean
        told.append(f"{100 * mean:6.1f} ± {100 * wide:4.1f}")
    print(f"{name:21s} {told[0]:>14s}  {told[1]:>16s}")
lost = {optimiser: means["he_normal", optimiser] - means["RandomUniform", optimiser]
        for optimiser in ("Adam", "SGD")}
print(f"he_normal minus RandomUniform: {100 * lost['Adam']:.0f} points with Adam, "
      f"{100 * lost['SGD']:.0f} with SGD")

assert lost["SGD"] > 3 * lost["Adam"]

# %% [markdown]
# The same exchange costs a few points with Adam and nearly everything with SGD. This is an
# **interaction**: the effect of one factor depends on the level of another. One factor at a time is
# cheap and easy to read, but each of its tables is true *around its baseline* only. To see interactions
# you have to change several things at once. How to do that without training every combination is the
# topic of the [next lecture](02_search.ipynb).
#
# ## How good was your ranking?
#
# Only pairs that can be told apart count; the others have no right order.

# %%
for factor in experiments.FACTORS:
    told = [pair for pair, (*_, apart) in
            experiments.gaps(experiments.one_factor(chosen, factor)).items() if apart]
    mine = MY_RANKING[factor]
    right = sum(mine.index(better) < mine.index(worse) for better, worse in told)
    print(f"{factor}s: {right} of {len(told)} pairs in the right order "
          f"({math.comb(len(mine), 2)} pairs in all)")

# %% [markdown]
# And does the small live run of the beginning put its recipes into the order of the stored one? A rank
# correlation of 1 means the same order, 0 no relation.

# %%
small, large = experiments.by_recipe(live), experiments.by_recipe(chosen)
both = [[experiments.values(groups[name]).mean() for name in small]
        for groups in (small, large)]
correlation = stats.spearmanr(*both).statistic
print(f"rank correlation of LIVE and STORED over {len(small)} recipes: {correlation:.2f}")

# %% [markdown]
# ## How many networks were trained, and what did it cost?
#
# Give this number with every table. It tells how much luck the winner may have had, and whether
# others can afford to check you.

# %%
studies = {}
for study in experiments.STUDIES:
    wanted = set(experiments.plan(study, 20 if study == "same" else 5))
    studies[study] = [run for run in stored if (run.recipe, run.seed) in wanted]
    print(f"STORED {study:10s}", experiments.cost(studies[study]))
print(f"STORED {'together':10s}", experiments.cost(stored), "\n")
print("LIVE", experiments.cost(live))
tables = sum(run.cpu_seconds for run in studies["functions"])
print(f"every combination would cost {grid * tables / 21 / 3600:.1f} CPU-hours "
      f"instead of {tables / 60:.1f} CPU-minutes")

assert len(studies["functions"]) == len(plan) == 105

# %% [markdown]
# (The studies share runs: each is trained once.) The test images have stayed closed throughout. Nothing
# was finished here that would deserve them; in this week's exercise you will open them, once, for your
# final choice.

# %% tags=["remove-cell"]
from helpers.record import record


def in_order(groups):
    """The table's rows, best first, and which pairs it calls told apart."""
    rows = [{"name": name, "accuracies": experiments.values(groups[name])}
            for name in experiments.ranked(groups)]
    apart = experiments.gaps(groups)
    return {"rows": rows, "apart": [[better, worse, told] for (better, worse),
                                    (*_, told) in apart.items()]}


record(tables={"regularisers": in_order(regularisers),
               "initialisers": in_order(inits),
               "optimisers": in_order(optimisers),
               "weak penalties": in_order(
                   mild | {"none": regularisers["none"]}),
               "each at its own rate": in_order(best),
               "nothing": in_order(four),
               "live": in_order(experiments.by_recipe(live))},
       networks=len(plan), recipes=len({recipe for recipe, _ in plan}),
       steps=sum(run.epochs * -(-run.images // experiments.BATCH)
                 for run in studies["functions"]),
       combinations=grid, pairs=pairs, cpu_seconds=tables,
       variance_scaling_is_lecun_normal=same, ways=ways,
       test_images=len(fashion.test), live_seeds=SEEDS)

# %% [markdown]
# ## Self-test
#
# **1.** Rows 1 and 2 of a table cannot be told apart, nor can rows 2 and 3. What follows for rows 1 and
# 3?
#
# (a) they cannot be told apart either; (b) row 1 is better; (c) nothing, look at this pair's own interval
#
# <details><summary>Answer</summary>
#
# **(c).** Two small gaps can add up to one that is large enough. (a) "Cannot be told apart" is not
# "equal", so it does not carry over. (b) The sum may be too small as well.
# </details>
#
# **2.** A layer begins with all weights 0.05, its neighbours with random weights. Which layers have
# equal units after training?
#
# (a) none, the random neighbours make its units different; (b) only this layer; (c) all layers
#
# <details><summary>Answer</summary>
#
# **(a).** Equal units get equal gradients only if what comes *back* to them is equal as well. The
# random weights of the layer above send something different back to each. (b) and (c) hold if the layer
# above begins with equal weights too, as in our experiment. (If it is the *last* layer that has equal
# weights, its ten units are told apart by the labels.)
# </details>
#
# **3.** A colleague reports: "l1: 48.7 % ± 35.4 % over 5 seeds". What do you ask for first?
#
# (a) more seeds; (b) the five single results; (c) the accuracy on test images
#
# <details><summary>Answer</summary>
#
# **(b).** With a spread that large there are probably two kinds of runs, and the mean describes
# neither.
# (a) More seeds give a better mean of two things that should not be averaged. (c) Nothing is
# chosen yet, and the test would not explain the spread.
# </details>
#
# **4.** "Adadelta reached 11 %, Adam 82 %, so Adam is the better optimiser." Which objection is the
# strongest?
#
# (a) Adadelta's learning rate was a thousandth of what its author used, and nobody tried another; (b)
# five seeds are too few; (c) Adadelta is older
#
# <details><summary>Answer</summary>
#
# **(a).** The table compares two pairs of optimiser *and* rate. (b) The gap is far larger than the
# spread: five are plenty for it. (c) is no argument about optimisers.
# </details>
#
# **5.** You compare 12 initialisers that are in truth equal, each pair with an interval of 95 %. How
# many of the 66 pairs do you expect to be told apart?
#
# (a) none; (b) about 3; (c) 5
#
# <details><summary>Answer</summary>
#
# **(b).** 5 % of 66 is 3.3. (a) holds, nearly always, after dividing the 5 % by 66. (c) mixes up 5 %
# and 5.
# </details>
#
# ## Take-aways
#
# 1. One factor at a time around a baseline: 23 rows are 21 recipes, and every difference has one cause.
#    It cannot see interactions, and they may be the largest effect of all.
# 2. Sorting always finds a winner. Give spread, single runs, and intervals for all pairs together;
#    "cannot be told apart" is a result.
# 3. Initial weights have to be different (Zeros and equal weights never become so) and of a size that
#    suits the number of inputs.
# 4. A ranking of optimisers or regularisers at default numbers ranks the default numbers.
# 5. Choose on validation images, store every run, and say how many networks were trained and what that
#    cost.
#
# ## References
#
# - X. Glorot, Y. Bengio (2010). Understanding the difficulty of training deep feedforward neural
#   networks. *AISTATS*. https://proceedings.mlr.press/v9/glorot10a.html
# - K. He, X. Zhang, S. Ren, J. Sun (2015). Delving deep into rectifiers. *ICCV*.
#   https://doi.org/10.1109/ICCV.2015.123
# - M. D. Zeiler (2012). ADADELTA: an adaptive learning rate method. https://arxiv.org/abs/1212.5701
# - J. Duchi, E. Hazan, Y. Singer (2011). Adaptive subgradient methods for online learning and
#   stochastic optimization. *JMLR* 12, 2121–2159. https://jmlr.org/papers/v12/duchi11a.html
# - D. P. Kingma, J. Ba (2015). Adam: a method for stochastic optimization. *ICLR*.
#   https://arxiv.org/abs/1412.6980
# - D. Choi, C. J. Shallue, Z. Nado, J. Lee, C. J. Maddison, G. E. Dahl (2019). On empirical comparisons
#   of optimizers for deep learning. https://arxiv.org/abs/1910.05446
# - R. M. Schmidt, F. Schneider, P. Hennig (2021). Descending through a crowded valley: benchmarking
#   deep learning optimizers. *ICML*. https://proceedings.mlr.press/v139/schmidt21a.html
# - X. Bouthillier et al. (2021). Accounting for variance in machine learning benchmarks. *MLSys*.
#   https://arxiv.org/abs/2103.03098
# - B. L. Welch (1947). The generalization of "Student's" problem when several different population
#   variances are involved. *Biometrika* 34, 28–35. https://doi.org/10.1093/biomet/34.1-2.28
# - O. J. Dunn (1961). Multiple comparisons among means. *Journal of the American Statistical
#   Association* 56, 52–64. https://doi.org/10.1080/01621459.1961.10482090
# - H. Xiao, K. Rasul, R. Vollgraf (2017). Fashion-MNIST. https://arxiv.org/abs/1708.07747
