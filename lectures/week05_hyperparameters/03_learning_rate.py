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
# # The learning rate
#
# If you have time to tune one thing only, let it be the learning rate: that was Yoshua Bengio's practical
# advice of 2012 for gradient descent. Ten times too small, and the network stays where it began; ten times
# too large, and it is destroyed within a few steps. There is a test that shows both ends in a single short
# run, and there are schedules that change the rate while training. This lecture builds them, and then asks
# the unfriendly question: how much do they gain, beyond luck?
#
# **After this lecture you can**
#
# - say why a too large rate diverges, and what momentum changes about it;
# - write a learning-rate range test as a callback, and read its curve;
# - build constant, step, exponential, cosine, warm-up and one-cycle schedules, and compare them at the same
#   budget with their spread;
# - let the rate react to a plateau, and change batch size and rate together.
#
# **You need** [lecture 2 of this week](02_search.ipynb), and from week 3 gradient descent and callbacks.
#
# **Time** about 30 minutes to read. **Cost** less than a minute on two cores with the small budget, some
# minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import math
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from helpers import budget, data, experiments, plots, training
from helpers.experiments import interval, verdict
from helpers.rounding import rounded

budget.describe()
IMAGES, CHECKS = budget.choose(ci=(480, 1000), cpu=(1600, 4000),
                               gpu=(6400, 4000))
EPOCHS = budget.choose(ci=5, cpu=8)
BATCH = 32
SEEDS = budget.choose(ci=(0, 1, 2), cpu=(0, 1, 2, 3, 4))
fashion = experiments.part(data.load("fashion_mnist"), IMAGES, CHECKS)
print(fashion)
x, y = experiments.arrays(fashion.train)
CENTRE, WIDTH = x.mean(), x.std()  # of the training images only

# %%
def prepared(split):
    images, labels = experiments.arrays(split)
    return (images - CENTRE) / WIDTH, labels


x, y = prepared(fashion.train)
x_val, y_val = prepared(fashion.validation)
STEPS = math.ceil(len(x) / BATCH) * EPOCHS
print(f"one training: {EPOCHS} epochs, {STEPS} steps of {BATCH} images")

assert len(fashion.test) == 0  # they come at the end

# %% [markdown]
# ## How large is too large? A bowl
#
# Near a minimum every smooth loss looks like a bowl. In one dimension: $L(w) = \frac h2 w^2$, where $h$ is
# the **curvature**. The gradient is $hw$, so a step with rate $\eta$ gives
#
# $$w \leftarrow w - \eta h w = (1 - \eta h)\, w.$$
#
# Every step multiplies $w$ by the same factor. It shrinks if $|1 - \eta h| < 1$, that is, if $\eta < 2/h$.
#
# > **Predict, then run.** $h = 1$, $w = 1$. What will twenty steps do with the rates 0.1, 1, 1.9 and 2.1?

# %%
def descend(rate, curvature=1.0, momentum=0.0, steps=20):
    """Places visited by gradient descent in a bowl, from w = 1."""
    w, velocity, places = 1.0, 0.0, [1.0]
    for _ in range(steps):
        velocity = momentum * velocity - rate * curvature * w
        w += velocity
        places.append(w)
    return np.array(places)


RATES_OF_BOWL = (0.1, 1.0, 1.9, 2.1)
for rate in RATES_OF_BOWL:
    places = descend(rate)
    print(f"rate {rate}: " + " ".join(f"{place:+.2f}" for place in places[:7])
          + f" ... {places[-1]:+.2f}")
    np.testing.assert_allclose(places, (1 - rate) ** np.arange(21), atol=1e-12)

assert abs(descend(1.9)[-1]) < 1 < abs(descend(2.1)[-1])

# %% [markdown]
# 0.1 creeps, 1 arrives at once, 1.9 jumps from wall to wall and still comes down, 2.1 climbs out. The edge is
# sharp, and just below it the loss still falls.
#
# A network has thousands of directions, each with a curvature of its own. **The steepest one sets the limit**
# ($2/h_{\max}$), and the flat ones have to crawl. Two directions, curvatures 1 and 0.01:

# %%
for rate in (1.9, 2.1):
    steep, flat = abs(descend(rate, 1.0)[-1]), abs(descend(rate, 0.01)[-1])
    print(f"rate {rate}: after 20 steps the steep direction is at {steep:.2f}, "
          f"the flat one at {flat:.2f}")

# %% [markdown]
# ### Momentum, briefly
#
# **Momentum** keeps a velocity: $v \leftarrow m v - \eta g$, $w \leftarrow w + v$. Where the gradient keeps
# its direction, the velocity grows to $\eta g (1 + m + m^2 + \dots) = \eta g / (1 - m)$: with $m = 0.9$ ten
# times faster. Where it flips at every step, the velocities cancel: the limit even rises to $2(1+m)/h$.
#
# > **Predict, then run.** In the flat direction (curvature 0.01, rate 1.9), how far do 20 steps get with
# > momentum 0.9? And will the rate 2.1 still throw it out of the steep one?

# %%
velocity = 0.0
for _ in range(200):
    velocity = 0.9 * velocity + 1.0  # a gradient that never changes
print(f"velocity under a constant gradient: {velocity:.3f} steps at once")
for m in (0.0, 0.9):
    flat = descend(1.9, 0.01, m)[-1]
    steep = abs(descend(2.1, 1.0, m, 300)[-1])
    print(f"momentum {m}: flat direction {flat:+.2f} after 20 steps; steep direction "
          f"{steep:.1e} after 300 steps with rate 2.1")

assert math.isclose(velocity, 1 / (1 - 0.9), rel_tol=1e-6)
assert abs(descend(2 * 1.9 - 0.01, 1.0, 0.9, 3000)[-1]) < 1  # just below 2 (1 + m) / h
assert abs(descend(2 * 1.9 + 0.01, 1.0, 0.9, 3000)[-1]) > 1  # just above

# %% [markdown]
# So "the learning rate" of two optimisers must not be compared as bare numbers: 0.01 with momentum 0.9 moves
# like 0.1 without.
#
# ## The network, compiled once
#
# The network of lecture 2, with SGD and momentum 0.9, on images with mean 0 and spread 1. The rate is a
# variable, so that one compiled model serves all trainings: `train` puts it back to a start that the seed
# decides. Every training goes on the bill.

# %%
def network(momentum=0.9):
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(), layers.Dense(32, activation="relu"), layers.Dense(10)])
    model.compile(optimizer=keras.optimizers.SGD(0.01, momentum), metrics=["accuracy"],
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


model = network()
first_weights = {}
for seed in SEEDS:
    keras.utils.set_random_seed(seed)
    first_weights[seed] = network().get_weights()
bill = {"trainings": 0, "steps": 0, "seconds": 0.0}

# %%
def train(seed, callbacks, model=model, epochs=EPOCHS, batch=BATCH, **more):
    """Train from this seed's start; the callbacks set the rate. Returns the history."""
    training.reset(model, first_weights[seed], 0.01)  # no velocity left from before
    order = np.random.default_rng(seed).permutation(len(x))
    started = time.perf_counter()
    history = model.fit(x[order], y[order], batch_size=batch, epochs=epochs, shuffle=False,
                        callbacks=callbacks, verbose=0, **more)
    bill["trainings"] += 1  # Running this again is one more training.
    bill["steps"] += math.ceil(len(x) / batch) * len(history.epoch)
    bill["seconds"] += time.perf_counter() - started
    return history.history


def accuracy(images, labels, model=model):
    told = model.predict_on_batch(images)
    return float(np.mean(told.argmax(axis=1) == labels))

# %% [markdown]
# ## The range test
#
# Smith's **learning-rate range test** (2017): start with a rate that is surely too small, multiply it by the
# same factor after every batch until it is surely too large, and write down the loss of each batch. One short
# run, thrown away afterwards.
#
# Keras has no such thing, but a callback may set the rate before each batch. One trap: the `loss` in the logs
# is not that of the batch, it is the **mean since the epoch began**. If $M_n$ is the mean after $n$ batches,
# the batch's own loss is $n M_n - (n-1) M_{n-1}$.

# %%
class RangeTest(keras.callbacks.Callback):
    """Raises the rate after every batch, from `low` to `high`; keeps each batch's loss."""

    def __init__(self, low, high, steps):
        super().__init__()
        self.rates, self.losses = np.geomspace(low, high, steps), []

    def on_epoch_begin(self, epoch, logs=None):
        self.total = 0.0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = self.rates[len(self.losses)]

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * (batch + 1)
        self.losses.append(total - self.total)
        self.total = total
        exploded = not self.losses[-1] < 4 * self.losses[0]  # true for nan as well
        if exploded or len(self.losses) == len(self.rates):
            self.model.stop_training = True

# %%
LOW, HIGH, TEST_STEPS = 1e-4, 10, math.ceil(STEPS * 1.25)
tests = {}
for seed in SEEDS:
    tests[seed] = RangeTest(LOW, HIGH, TEST_STEPS)
    history = train(seed, [tests[seed]], epochs=2 * EPOCHS)
    own = tests[seed].losses[: math.ceil(len(x) / BATCH)]
    np.testing.assert_allclose(np.mean(own), history["loss"][0], rtol=1e-3)
print(f"{TEST_STEPS} steps from {LOW:g} to {HIGH:g}, each rate "
      f"{tests[SEEDS[0]].rates[1] / LOW:.2f} times the one before")
for seed, test in tests.items():
    last = test.rates[len(test.losses) - 1]
    print(f"seed {seed}: ended at rate {last:.2g}, loss {test.losses[-1]:.1f}")

# %% [markdown]
# > **Predict, then run.** Sketch the curve: loss against the rate, on a logarithmic axis. Where does it begin
# > to fall? What happens at the right end? (A network that gives each of ten classes the same chance has a
# > loss of $\ln 10 = 2.30$.)

# %%
def smoothed(values, width=7):
    """Running mean; at both ends over fewer values."""
    ones, sides = np.ones(width), np.pad(np.ones(len(values)), width // 2)
    return np.convolve(values, ones, "same") / np.convolve(sides, ones, "valid")


shortest = min(len(test.losses) for test in tests.values())  # some explode earlier
rates = tests[SEEDS[0]].rates[:shortest]
each = np.array([smoothed(test.losses[:shortest]) for test in tests.values()])
mean = np.mean(each, axis=0)
bottom = int(mean.argmin())
level = mean[:5].mean()
begins = int(np.argmax(mean < level - 0.1 * (level - mean[bottom])))
suggestion = rates[bottom] / 10
print(f"begins to fall at {rates[begins]:.2g}, lowest at {rates[bottom]:.2g}; "
      f"a tenth of that: {suggestion:.2g}")

# %%
fig, ax = plt.subplots(figsize=(6.8, 3.8), layout="constrained")
for curve in each:
    ax.plot(rates, curve, color=plots.COLOURS[5], linewidth=0.8)
ax.plot(rates, mean, color=plots.COLOURS[0], linewidth=2.2, label=f"mean of {len(SEEDS)}")
ax.axhline(math.log(10), color=plots.COLOURS[6], linestyle=":", label="ln 10: knows nothing")
for place, style, name in ((rates[begins], "--", "begins to fall"),
                           (suggestion, "-", "a tenth of the lowest"),
                           (rates[bottom], "-.", "lowest")):
    ax.axvline(place, color=plots.COLOURS[3], linestyle=style, label=name)
ax.set(xscale="log", xlabel="learning rate", ylabel="loss of the batch (smoothed)",
       ylim=(mean.min() - 0.3, 4), title="Range test: one short run for each seed")
ax.legend(fontsize=8, loc="upper left", frameon=True, edgecolor="none", framealpha=1)
plots.show(fig, alt="Loss of the batch against a learning rate that grows from batch to "
                    f"batch. It begins to fall at {rates[begins]:.2g}, is lowest at "
                    f"{rates[bottom]:.2g} ({mean[bottom]:.2f}), and then rises to "
                    f"{mean[-5:].mean():.2f}.")

# %% [markdown]
# Four parts, from left to right: **nothing happens** (too slow to see in so few steps); the loss **falls**;
# it is lowest and **gets restless**; it **shoots up**. The callback then ends the run by itself.
#
# How to read it:
#
# - The lowest point is *not* the rate to take. It is where the run was about to break, and the loss there
#   shows the work of all smaller rates before.
# - The usual rule takes a **tenth of the lowest**, or the middle of the steep part. For schedules that move
#   between two rates, Smith takes the ends of the falling part.
# - A single curve is noisy. Compare the thin ones.
#
# ## Was the reading right?
#
# A rule is worth what it predicts. So train at fixed rates, in full, for all seeds. (In practice you would
# not: that is what the test is meant to spare.)

# %%
class Follow(keras.callbacks.Callback):
    """Sets the rate before each batch: peak * factor(progress), progress from 0 to 1."""

    def __init__(self, factor, peak, steps=STEPS):
        super().__init__()
        self.factor, self.peak, self.steps = factor, peak, steps

    def on_train_begin(self, logs=None):
        self.step = 0

    def on_train_batch_begin(self, batch, logs=None):
        rate = self.peak * self.factor(self.step / self.steps)
        self.model.optimizer.learning_rate = rate
        self.step += 1


def constant(progress):
    return 1.0

# %%
half = np.arange(len(y_val)) % 2 == 0
choose, fresh = (x_val[half], y_val[half]), (x_val[~half], y_val[~half])
scores, weights = {}, {}


def score(factor, peak, seed):
    """Accuracy on the choosing images after one training; trained once only."""
    key = (factor.__name__, peak, seed)
    if key not in scores:
        train(seed, [Follow(factor, peak)])
        scores[key], weights[key] = accuracy(*choose), model.get_weights()
    return scores[key]

# %%
FIXED = budget.choose(ci=(0.003, 0.01, 0.03, 0.1, 0.3),
                      cpu=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3))
by_rate = np.array([[score(constant, rate, seed) for seed in SEEDS] for rate in FIXED])
means, spreads = by_rate.mean(axis=1), by_rate.std(axis=1, ddof=1)
for rate, mean_score, spread in zip(FIXED, means, spreads, strict=True):
    print(f"rate {rate:<6g} {mean_score:.1%}, standard deviation {spread:.1%}")
best_fixed = FIXED[means.argmax()]
print(f"best fixed rate {best_fixed:g}; the range test suggested {suggestion:.2g}, "
      f"a factor of {max(best_fixed / suggestion, suggestion / best_fixed):.1f} away")

# %%
plots.curves(FIXED, {"after a full training": (100 * means, 100 * spreads)}, log_x=True,
             mark=suggestion, xlabel="learning rate", ylabel="accuracy in %",
             title=f"Fixed rates, {len(SEEDS)} seeds (dashed: suggested by the range test)")

# %% [markdown]
# The test costs about as much as one training and finds the right power of ten. That is all it promises: it
# says where to *search*. Note also the spread: near the upper end some seeds live and others die. A rate
# chosen there with one seed is a bet.
#
# ## Schedules
#
# Why should the rate stay the same? Early, large steps cross the landscape; late, they only throw the weights
# about in the valley: each step follows the gradient of one batch, a noisy one. So **decay** the rate. The
# popular ways, each as a factor of the peak rate against the progress from 0 to 1:

# %%
def step_wise(progress):
    return 0.1 ** int(progress >= 0.5) * 0.1 ** int(progress >= 0.75)


def exponential(progress):
    return 0.01 ** progress


def cosine(progress):
    return 0.5 * (1 + math.cos(math.pi * progress))


def warm_up(progress, part=0.1):
    """From 0 to the peak in the first tenth, then a cosine."""
    return progress / part if progress < part else cosine((progress - part) / (1 - part))


def one_cycle(progress):
    """Up to the peak and down again, then a short tail (Smith and Topin)."""
    if progress < 0.9:
        return 0.04 + 0.96 * (1 - abs(progress / 0.45 - 1))
    return 0.04 * (1 - progress) / 0.1


SCHEDULES = (constant, step_wise, exponential, cosine, warm_up, one_cycle)
NAMES = {factor: factor.__name__.replace("_", "-") for factor in SCHEDULES}

# %%
progress = np.linspace(0, 0.999, 400)
fig, axes = plt.subplots(2, 3, figsize=(8.4, 4), layout="constrained",
                         sharex=True, sharey=True)
for ax, factor in zip(axes.flat, SCHEDULES, strict=True):
    drawn = [factor(place) for place in progress]
    ax.plot(progress, drawn, color=plots.COLOURS[0], linewidth=2)
    ax.fill_between(progress, drawn, color=plots.COLOURS[0], alpha=0.15, linewidth=0)
    ax.set_title(f"{NAMES[factor]}: mean {np.mean(drawn):.2f}")
for ax in axes[1]:
    ax.set_xlabel("progress of training")
for ax in axes[:, 0]:
    ax.set_ylabel("rate / peak")
told = ", ".join(f"{NAMES[f]} {np.mean([f(p) for p in progress]):.2f}" for f in SCHEDULES)
plots.show(fig, alt="Six schedules as curves of rate over peak against progress: a flat "
                    "line, steps down, an exponential fall, a half cosine, a cosine after "
                    f"a short rise, a rise and fall. Mean factors: {told}.")

# %% [markdown]
# Keras has most of them as objects to be given to an optimiser: `SGD(CosineDecay(...))`. They are compiled
# in, therefore we set the rate from outside. They should agree:

# %%
keras_schedules = keras.optimizers.schedules
theirs = {
    step_wise: keras_schedules.PiecewiseConstantDecay([49, 74], [1.0, 0.1, 0.01]),
    exponential: keras_schedules.ExponentialDecay(1.0, decay_steps=100, decay_rate=0.01),
    cosine: keras_schedules.CosineDecay(1.0, decay_steps=100),
    warm_up: keras_schedules.CosineDecay(0.0, 90, warmup_target=1.0, warmup_steps=10),
}
for factor, schedule in theirs.items():
    gap = max(abs(float(schedule(step)) - factor(step / 100)) for step in range(100))
    print(f"{NAMES[factor]:12s} {type(schedule).__name__:23s} largest difference {gap:.1e}")
    assert gap < 1e-5

# %% [markdown]
# **Warm-up** protects the first steps, when the weights are random and gradients large: it matters most with
# high rates, large batches and deep networks. **One-cycle** goes up slowly to an unusually high peak and down
# again (its authors lower the momentum meanwhile; we leave it).
#
# ## The comparison
#
# Same steps, same seeds. A fair comparison gives each schedule its own peak: the average rate of a cosine is
# only half its peak, so that it stands a higher one. The constant rate may choose among all fixed rates above,
# the five others from one list. The choice is made on the choosing half of the validation images; the table
# shows the *fresh* half, because the chosen ones flatter (last lecture). If the best peak is the first or the
# last of its list, the list is too short, and another peak may be better still.
#
# > **Predict, then run.** Rank the six. By how many points will the best one beat the constant rate?

# %%
PEAKS = budget.choose(ci=(0.03, 0.1, 0.2), cpu=(0.01, 0.03, 0.1, 0.2))
chosen, on_fresh = {}, {}
for factor in SCHEDULES:
    candidates = {peak: np.mean([score(factor, peak, seed) for seed in SEEDS])
                  for peak in (FIXED if factor is constant else PEAKS)}
    chosen[factor] = max(candidates, key=candidates.get)
    on_fresh[factor] = []
    for seed in SEEDS:
        model.set_weights(weights[factor.__name__, chosen[factor], seed])
        on_fresh[factor].append(100 * accuracy(*fresh))

# %%
ranking = sorted(SCHEDULES, key=lambda factor: -np.mean(on_fresh[factor]))
print(f"accuracy on {len(fresh[1])} fresh images in %, {len(SEEDS)} seeds, "
      f"{STEPS} steps")
for factor in ranking:
    peaks = FIXED if factor is constant else PEAKS
    at_an_end = chosen[factor] in (peaks[0], peaks[-1])
    print(f"{NAMES[factor]:12s} peak {chosen[factor]:<5g} "
          f"{rounded(*interval(on_fresh[factor]))}"
          f"{'  (peak at an end of its list)' if at_an_end else ''}")

# %%
plots.bars({f"{NAMES[factor]}, peak {chosen[factor]:g}":
            interval(on_fresh[factor]) for factor in ranking},
           xlabel="accuracy on fresh images in % (± half the 95 % interval)",
           title=f"Six schedules at the same budget, {len(SEEDS)} seeds each")

# %%
decays = [factor for factor in SCHEDULES if factor is not constant]
judged = {NAMES[factor]: verdict(on_fresh[factor], on_fresh[constant],
                                 paired=True, comparisons=len(decays))
          for factor in decays}
for name, told in judged.items():
    print(f"{name:12s} against constant: {told}")

# %% [markdown]
# Seed by seed, and as five comparisons looked at together. A few hundred steps with a few seeds are a trial of
# the code, not a study of schedules.
#
# > **Question.** Which of the six would you call better than another by this table? What would you have to
# > run to say more?
#
# Where does a decay show? In what happens within a training. Take one seed, look at the accuracy after every
# epoch, constant against cosine, both with the high peak:

# %%
class Watch(keras.callbacks.Callback):
    """Accuracy on the choosing images after each epoch."""

    def on_train_begin(self, logs=None):
        self.accuracies, self.rates = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.accuracies.append(100 * accuracy(*choose))
        self.rates.append(float(self.model.optimizer.learning_rate))


LONG = 2 * EPOCHS
HIGH_PEAK = 0.1
watched = {}
for factor in (constant, cosine):
    watched[NAMES[factor]] = []
    for seed in SEEDS:
        watch = Watch()
        train(seed, [Follow(factor, HIGH_PEAK, 2 * STEPS), watch], epochs=LONG)
        watched[NAMES[factor]].append(watch.accuracies)

# %%
epochs = np.arange(1, LONG + 1)
lines = {name: (np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1))
         for name, rows in watched.items()}
plots.curves(epochs, lines, xlabel="epoch", ylabel="accuracy in % (choosing images)",
             title=f"Peak {HIGH_PEAK:g}, twice the epochs, mean and spread of {len(SEEDS)}")
restless = {name: np.abs(np.diff(np.array(rows)[:, LONG // 2:], axis=1)).mean()
            for name, rows in watched.items()}
for name, jump in restless.items():
    print(f"{name}: from one epoch to the next, second half: {jump:.1f} points on average")

# %% [markdown]
# With a constant rate the accuracy keeps jumping, and what you get depends on where you stop. The decay lets
# the jumps die out. That is what it is for: a *quiet end*, at which it does not matter when you stop.
#
# ## Let the rate react: `ReduceLROnPlateau`
#
# A schedule needs to know the end in advance. `ReduceLROnPlateau` needs not: it watches a metric, and
# multiplies the rate by `factor` when there was no progress for `patience` epochs.
#
# > **Predict, then run.** It starts with the same high rate. When will it act for the first time?

# %%
plateau = {}
for seed in SEEDS:
    watch = Watch()
    reduce = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.3, patience=1)
    start = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: setattr(model.optimizer, "learning_rate", HIGH_PEAK))
    train(seed, [start, watch, reduce], epochs=LONG, validation_data=choose,
          validation_batch_size=2000)
    plateau[seed] = watch
    cuts = 1 + np.flatnonzero(np.diff(watch.rates) < 0)
    print(f"seed {seed}: rate lowered after epochs {cuts.tolist()}, at the end "
          f"{watch.rates[-1]:.2g}, accuracy {watch.accuracies[-1]:.1f} %")

# %%
fig, axes = plt.subplots(2, 1, figsize=(6.4, 4.6), layout="constrained", sharex=True)
for number, (seed, watch) in enumerate(plateau.items()):
    style = {"color": plots.COLOURS[number], "marker": plots.MARKERS[number],
             "markersize": 4}
    axes[0].step(epochs, watch.rates, where="mid", label=f"seed {seed}", **style)
    axes[1].plot(epochs, watch.accuracies, **style)
axes[0].set(yscale="log", ylabel="learning rate", title="ReduceLROnPlateau at work")
axes[0].legend(ncols=len(SEEDS), fontsize=8)
axes[1].set(xlabel="epoch", ylabel="accuracy in %")
ended = ", ".join(f"{watch.accuracies[-1]:.0f} %" for watch in plateau.values())
plots.show(fig, alt="Above, the learning rate against the epoch: a staircase down, at "
                    f"other epochs for each of {len(SEEDS)} seeds. Below, the accuracy. "
                    f"In the end {ended}.")

# %%
ends = {name: [row[-1] for row in rows] for name, rows in watched.items()}
ends["plateau"] = [watch.accuracies[-1] for watch in plateau.values()]
for name, values in ends.items():
    print(f"{name:9s} {rounded(*interval(values))} % "
          f"after {LONG} epochs")

# %% [markdown]
# It acts at other times for each seed: one noisy epoch counts as "no progress" (`patience=1` is impatient;
# the default is 10). And it *looks at validation images* during the training, so these are not fresh any
# more.
#
# ## Batch size and rate belong together
#
# A batch of $b$ images gives the mean of $b$ gradients. Its noise falls like $1/\sqrt b$, and an epoch has
# only $n/b$ steps. So a larger batch may take larger steps, and has to if it is to get as far in an epoch. The
# **linear scaling rule** (Goyal et al. 2017): batch times $k$, rate times $k$.
#
# > **Predict, then run.** Batches of 32 and 128 (and 16, with the larger budget), all with the same number of
# > *epochs*. How will the best rate move? Will the largest batch reach the same accuracy?

# %%
BATCHES = budget.choose(ci=(32, 128), cpu=(16, 32, 128))
SOME = (0.01, 0.03, 0.1, 0.3)
table = np.zeros((len(BATCHES), len(SOME), len(SEEDS)))
for row, batch in enumerate(BATCHES):
    for column, rate in enumerate(SOME):
        for place, seed in enumerate(SEEDS):
            if batch == BATCH:  # trained already
                table[row, column, place] = score(constant, rate, seed)
            else:
                train(seed, [Follow(constant, rate)], batch=batch)
                table[row, column, place] = accuracy(*choose)

# %%
shown = 100 * table.mean(axis=2)
fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
picture = ax.imshow(shown, cmap="cividis", vmin=10, vmax=shown.max(), aspect="auto")
for (row, column), value in np.ndenumerate(shown):
    best_here = column == shown[row].argmax()
    ax.text(column, row, f"{value:.0f}", ha="center", va="center",
            fontweight="bold" if best_here else "normal",
            color="black" if value > 45 else "white")
ax.set(xticks=range(len(SOME)), xticklabels=SOME, yticks=range(len(BATCHES)),
       yticklabels=BATCHES, xlabel="learning rate", ylabel="batch size",
       title=f"Accuracy in % after {EPOCHS} epochs (bold: best of the row)")
ax.grid(False)
fig.colorbar(picture, label="%")
best_rates = {batch: SOME[row.argmax()] for batch, row in zip(BATCHES, shown, strict=True)}
told = ", ".join(f"batch {batch}: {rate:g}" for batch, rate in best_rates.items())
plots.show(fig, alt=f"A table of accuracies, a row for each batch size. Best rates: {told}.")

# %%
for batch, values in zip(BATCHES, table, strict=True):
    best_column = values.mean(axis=1).argmax()
    steps = math.ceil(len(x) / batch) * EPOCHS
    print(f"batch {batch:3d}: {steps:4d} steps, best rate {SOME[best_column]:<5g} -> "
          f"{rounded(*interval(100 * values[best_column]))} %")

# %% [markdown]
# Compare the left ends of the rows. At the same small rate the large batch gets less far: it has fewer steps.
# Whether its best rate is $k$ times larger, so coarse a table cannot say, and two limits are known: a rate cannot
# exceed what the curvature allows, whatever the batch; and with a fixed number of epochs a huge batch has too few
# steps. **If you change the batch size, search the rate again.**
#
# ### The same for momentum
#
# From the bowl: rate 0.03 with momentum 0.9 should move like 0.3 without. And 0.03 without?

# %%
plain = network(momentum=0.0)
RATE = 0.03
for m, rate in ((0.9, RATE), (0.0, RATE), (0.0, 10 * RATE)):
    values = []
    for seed in SEEDS:
        if m:
            values.append(score(constant, rate, seed))
        else:
            train(seed, [Follow(constant, rate)], model=plain)
            values.append(accuracy(*choose, model=plain))
    print(f"momentum {m}, rate {rate:<4g}: "
          f"{rounded(*interval(100 * np.array(values)))} %")

# %% [markdown]
# ## The final choice, tested once
#
# Chosen: the schedule and peak with the best mean on the choosing half. Against it, the best constant rate.
# Now the test images, for these two.

# %%
def mean_score(factor):
    return np.mean([score(factor, chosen[factor], seed) for seed in SEEDS])


winner = max(decays, key=mean_score)
test = prepared(data.load("fashion_mnist").test)
tested = {}
for factor in (constant, winner):
    tested[factor] = []
    for seed in SEEDS:
        model.set_weights(weights[factor.__name__, chosen[factor], seed])
        tested[factor].append(100 * accuracy(*test))
    print(f"test, {NAMES[factor]} with {chosen[factor]:g}: "
          f"{rounded(*interval(tested[factor]))} % ({len(test[1]):,} images)")
final = verdict(tested[winner], tested[constant], paired=True)
print("difference in points:", final)
print(f"the bill: {bill['trainings']} trainings, {bill['steps']:,} steps, "
      f"{bill['seconds']:.0f} s")

# %% [markdown]
# (These are the weights that won on the choosing images, with their luck. A study would train the two again
# with new seeds before it opens the test images, as the last lecture did.)
#
# Set the two side by side. A wrong **rate** costs tens of points: look at the table of fixed rates. Between the
# **schedules** lie a few. So:
#
# 1. find the power of ten (range test, or a handful of rates);
# 2. if you take a schedule, take one that ends near zero: it costs nothing and ends quietly;
# 3. add warm-up if the first steps are unstable;
# 4. and do not believe in rankings of schedules from a few seeds, ours included.

# %% tags=["remove-cell"]
from helpers.record import record

record(bowl={str(rate): descend(rate)[-1] for rate in RATES_OF_BOWL},
       flat_direction=descend(1.9, 0.01)[-1], velocity=velocity,
       begins_to_fall=rates[begins], lowest=rates[bottom],
       suggestion=suggestion, best_fixed=best_fixed,
       fixed_rates=[[rate, *values] for rate, values in
                    zip(FIXED, by_rate, strict=True)],
       mean_factors={NAMES[factor]: np.mean([factor(p) for p in progress])
                     for factor in SCHEDULES},
       gaps_to_keras={NAMES[factor]: max(
           abs(float(schedule(step)) - factor(step / 100))
           for step in range(100)) for factor, schedule in theirs.items()},
       seeds=SEEDS, peaks={NAMES[f]: peak for f, peak in chosen.items()},
       ranking=[NAMES[factor] for factor in ranking],
       on_fresh={NAMES[f]: values for f, values in on_fresh.items()},
       verdicts={name: told.word for name, told in judged.items()},
       plateau_rates={str(seed): watch.rates
                      for seed, watch in plateau.items()},
       trainings=bill["trainings"], steps=bill["steps"],
       tested={NAMES[f]: values for f, values in tested.items()},
       verdict=final.word)

# %% tags=["remove-cell"]
from helpers.record import record

# The range test on a linear model, whose largest curvature can be computed.
dice = np.random.default_rng(0)
points = dice.normal(size=(64, 5)).astype("float32")
slope, noise = dice.normal(size=(5, 1)), dice.normal(size=(64, 1))
keras.utils.set_random_seed(0)
line = keras.Sequential([keras.Input((5,)),
                         layers.Dense(1, use_bias=False)])
line.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
known = RangeTest(0.05, 50, 120)
fit = line.fit(points, points @ slope + noise, batch_size=64, epochs=120,
               callbacks=[known], verbose=0)  # one batch an epoch
record(rates_on_a_line=known.rates[:len(known.losses)],
       losses_on_a_line=known.losses, keras_losses=fit.history["loss"])

# %% [markdown]
# ## Self-test
#
# **1.** A bowl has curvature 4. Which rates converge without momentum?
#
# (a) all below 2; (b) all below 0.5; (c) only 0.25
#
# <details><summary>Answer</summary>
#
# **(b).** $\eta < 2/h = 0.5$. (a) would be right for curvature 1. (c) $1/h = 0.25$ arrives in one step, but
# others below 0.5 converge too.
# </details>
#
# **2.** In a range test the loss is lowest at 0.2. Which rate do you take first?
#
# (a) 0.2; (b) 0.02; (c) 2
#
# <details><summary>Answer</summary>
#
# **(b).** A tenth. (a) is where the run was about to break; a full training there is a bet. (c) is beyond the
# edge.
# </details>
#
# **3.** Why does `RangeTest` compute $nM_n - (n-1)M_{n-1}$?
#
# (a) Keras reports the mean loss since the epoch began; (b) to make the curve smoother; (c) because the rate
# changes
#
# <details><summary>Answer</summary>
#
# **(a).** The formula takes the mean apart again. (b) It makes the curve noisier: a mean hides the explosion
# for many batches. (c) has nothing to do with how a loss is averaged.
# </details>
#
# **4.** A colleague compares cosine with constant at the same peak 0.1, and cosine wins by 15 points. What do
# you ask?
#
# (a) nothing, 15 points are a lot; (b) how constant does with a smaller rate; (c) whether the cosine was
# computed in radians
#
# <details><summary>Answer</summary>
#
# **(b).** At 0.1 the constant rate may simply be too high all the time; cosine is so for a part of it. Each
# needs its own best peak. (a) takes a handicap for a gain. (c) A different curve would still have to be
# compared fairly.
# </details>
#
# **5.** You go from batches of 32 to 256 on a larger GPU and keep the rate. What do you expect?
#
# (a) the same result, faster; (b) a slower descent for each epoch; (c) divergence
#
# <details><summary>Answer</summary>
#
# **(b).** An eighth of the steps, each of the same size. (a) forgets that. (c) A larger batch has *less*
# noise; it is a larger rate that may diverge.
# </details>
#
# ## Take-aways
#
# 1. The steepest direction limits the rate ($2/h$ in a bowl); just below the edge it already gets restless.
# 2. A range test costs about one training and gives the power of ten: a tenth of where the loss is lowest.
# 3. Schedules that decay to nearly zero end quietly. Compare them each at its own peak, over seeds.
# 4. Batch size, momentum and rate belong together: change one, and search the rate again.
# 5. The rate itself matters by tens of points, the form of its schedule by far fewer.
#
# ## References
#
# - L. N. Smith (2017). Cyclical learning rates for training neural networks. *WACV*.
#   https://arxiv.org/abs/1506.01186
# - L. N. Smith, N. Topin (2018). Super-convergence: very fast training of neural networks using large
#   learning rates. https://arxiv.org/abs/1708.07120
# - Y. Bengio (2012). Practical recommendations for gradient-based training of deep architectures. In *Neural
#   Networks: Tricks of the Trade*, Springer. https://arxiv.org/abs/1206.5533
# - I. Loshchilov, F. Hutter (2017). SGDR: stochastic gradient descent with warm restarts (cosine). *ICLR*.
#   https://arxiv.org/abs/1608.03983
# - P. Goyal et al. (2017). Accurate, large minibatch SGD: training ImageNet in 1 hour (linear rule, warm-up).
#   https://arxiv.org/abs/1706.02677
# - B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods (momentum). *USSR
#   Computational Mathematics and Mathematical Physics* 4(5), 1–17.
#   https://doi.org/10.1016/0041-5553(64)90137-5
# - I. Sutskever, J. Martens, G. Dahl, G. Hinton (2013). On the importance of initialization and momentum in
#   deep learning. *ICML*. https://proceedings.mlr.press/v28/sutskever13.html
