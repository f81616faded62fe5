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
# # Does it help?
#
# Augmentation costs three lines of code, and everybody does it. That is not yet a reason. A transform may
# teach a network what it needs, or something useless, or something wrong; it may be too weak to matter or so
# strong that nothing is left to recognise. There is one way to know: switch it on and off, with everything
# else equal, and look at the spread. This lecture does it for a few dozen photographs of each class.
#
# **After this lecture you can**
#
# - run a fair on/off comparison over several seeds, and read its learning curves;
# - draw the dose-response curve of an augmentation, and explain both of its ends;
# - recognise a case in which augmentation does nothing or does harm;
# - run test-time augmentation as an experiment of its own: its gain, its spread, its price.
#
# **You need** [lecture 1](01_augmentation.ipynb) (the layers) and [lecture 2](02_generators.ipynb) of this
# week, and from week 3 learning curves.
#
# **Time** about 30 minutes to read. **Cost** less than a minute on two cores with the small budget, some
# minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

from helpers import budget, data, plots, training
from helpers.experiments import interval, verdict
from helpers.rounding import rounded

budget.describe()
IMAGES, CHECKS = budget.choose(ci=(300, 2000), cpu=(500, 4000))
EPOCHS, CHAPTERS = budget.choose(ci=(40, 5), cpu=(80, 10))
VERSIONS = budget.choose(ci=5, cpu=20)
SEEDS = budget.choose(ci=(0, 1, 2), cpu=(0, 1, 2, 3, 4), gpu=tuple(range(10)))
cifar = data.load("cifar10", train=IMAGES, validation=CHECKS, test=0)
print(cifar)

assert len(cifar.test) == 0  # test images come at the end

# %% [markdown]
# ## The network
#
# Two convolutions with large strides and one dense layer: tiny on purpose, since many trainings have to fit
# into a minute. It takes `uint8` images as they are stored; the division by 255 is inside. Labels are
# one-hot, because MixUp needs them so.

# %%
def network(shape=(32, 32, 3)):
    model = keras.Sequential([
        keras.Input(shape, dtype="uint8"), layers.Rescaling(1 / 255),
        layers.Conv2D(24, 4, strides=4, padding="same", activation="relu"),
        layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(), layers.Dense(10)])
    model.compile(optimizer=keras.optimizers.Adam(0.002), metrics=["accuracy"],
                  loss=keras.losses.CategoricalCrossentropy(from_logits=True),
                  steps_per_execution=training.steps_at_once(10))
    model.optimizer.build(model.trainable_variables)
    return model


def state(model):
    """All numbers of a model and of its optimiser."""
    return [ops.convert_to_numpy(v) for v in model.variables + model.optimizer.variables]


def put(model, numbers):
    for variable, value in zip(model.variables + model.optimizer.variables, numbers,
                               strict=True):
        variable.assign(value)

# %%
def starts(shape):
    """One compiled model, and a fresh start for each seed."""
    fresh = {}
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        model = network(shape)
        fresh[seed] = state(model)
    return model, fresh


model, fresh = starts((32, 32, 3))
x, labels = cifar.train.images, cifar.train.labels
y = np.eye(10, dtype="float32")[None, labels]  # the same for all versions
x_val, y_val = cifar.validation.images, cifar.validation.labels
print(f"{model.count_params():,} parameters, {len(x)} training images, "
      f"{np.bincount(labels).tolist()} of each class")

# %% [markdown]
# ## Many versions of few images
#
# A recipe is a list of Keras layers. The usual place for them is inside the model, where every step draws
# anew. We want dozens of trainings in a short time, so we are thrifty: make a few versions of each image
# once, and let each epoch pick one of them for each image. All seeds share the versions. (What fresh ones
# would cost, we measure below.)

# %%
def versions(images, recipe, count=VERSIONS, seed=99, batch=300):
    """Augmented copies, shape (count, n, height, width, channels), uint8."""
    keras.utils.set_random_seed(seed)
    if not recipe:
        return images[None]
    made = []
    for _ in range(count):
        for start in range(0, len(images), batch):
            part = images[start:start + batch].astype("float32")
            for layer in recipe:
                part = layer(part, training=True)
            made.append(ops.convert_to_numpy(part))
    made = np.clip(np.concatenate(made).round(), 0, 255).astype("uint8")
    return made.reshape(count, *images.shape)


def stream(pool, targets, epochs, dice):
    """Images and labels of some epochs, one after the other, each in a new order."""
    order = np.concatenate([dice.permutation(pool.shape[1]) for _ in range(epochs)])
    which = dice.integers(0, len(pool), len(order))
    return pool[which, order], targets[which % len(targets), order]

# %% [markdown]
# > **Predict, then run.** Dose 1 is: flip or not; shift by up to 6 %, two pixels; turn by up to 0.015 of a full
# > turn, 5 degrees; zoom by up to 5 %. Which of the pictures below could you still name at dose 4? At 16?

# %%
def dose(strength):
    """Flips, and shifts, turns and zooms that grow with the strength."""
    if strength == 0:
        return []
    return [layers.RandomFlip("horizontal"),
            layers.RandomTranslation(0.0625 * strength, 0.0625 * strength),
            layers.RandomRotation(0.015 * strength), layers.RandomZoom(0.05 * strength)]


DOSES = {0: "none", 0.5: "weak", 1: "medium", 4: "strong", 16: "too strong"}
pools, making = {}, {}
for strength, name in DOSES.items():
    started = time.process_time()
    pools[name] = versions(x, dose(strength))
    making[name] = (time.process_time() - started) / (len(pools[name]) * len(x))
shown = [int(np.flatnonzero(labels == label)[0]) for label in (1, 7, 8)]
pictures, titles = [], []
for name in DOSES.values():
    for row in shown:
        pictures += [pools[name][k % len(pools[name])][row] for k in range(3)]
        titles += [name] * 3
plots.image_grid(pictures, titles, columns=9, scale=1.0,
                 title="Three images in three versions each; rows: five doses",
                 alt="Five rows of nine small photographs: a car, a horse and a ship in "
                     "three versions each. First row unchanged; from row to row they are "
                     "shifted, turned and zoomed more, until hardly one can be named.")

# %% [markdown]
# ## On and off
#
# `train` starts from the weights that the seed decides, and trains through the stream. With `chapters` it
# stops several times on the way and measures two accuracies: on the *clean* training images and on the
# validation images, which are never augmented.

# %%
def accuracy(images, truth, model=model):
    told = model.predict_on_batch(images)
    return 100 * float(np.mean(told.argmax(axis=1) == truth))


def train(pool, seed, chapters=1, targets=y):
    """Train from this seed's start; a row (logged, clean, validation) a chapter."""
    put(model, fresh[seed])
    dice, rows = np.random.default_rng(seed), []
    for _ in range(chapters):
        images, answers = stream(pool, targets, EPOCHS // chapters, dice)
        log = model.fit(images, answers, batch_size=60, shuffle=False, verbose=0).history
        rows.append((100 * log["accuracy"][0], accuracy(x, labels),
                     accuracy(x_val, y_val)))
    return np.array(rows)

# %%
runs, weights = {}, {}
for name in ("none", "medium"):
    for seed in SEEDS:
        runs[name, seed] = train(pools[name], seed, CHAPTERS)
        weights[name, seed] = model.get_weights()


def last(name):
    """Validation accuracy at the end, for each seed."""
    return np.array([runs[name, seed][-1, 2] for seed in SEEDS])


for name in ("none", "medium"):
    print(f"{name:7s} {rounded(*interval(last(name)))} % "
          f"on {len(y_val):,} validation images ({len(SEEDS)} seeds)")
print("gain in points:", verdict(last("medium"), last("none"), paired=True))

# %% [markdown]
# (± is half the width of the 95 % confidence interval, and `verdict` the function of week 5; it compares seed
# by seed, because both sides begin with the same weights.)
#
# The same images, the same network, the same starts, the same number of steps. The only difference is what
# happened to the pixels. The next figure says *how* it came about.
#
# > **Predict, then run.** Four curves: accuracy on the clean training images and on the validation images,
# > without and with augmentation. Which of the four ends highest? Where is the gap between the two parts
# > larger?

# %%
epochs = np.arange(1, CHAPTERS + 1) * (EPOCHS // CHAPTERS)
lines = {}
for name in ("none", "medium"):
    each = np.array([runs[name, seed] for seed in SEEDS])
    for column, part in ((1, "training"), (2, "validation")):
        curves = each[..., column]
        lines[f"{name}: {part}"] = curves.mean(axis=0), curves.std(axis=0, ddof=1)
plots.curves(epochs, lines, xlabel="epoch", ylabel="accuracy in % (clean images)",
             title=f"{IMAGES} images, mean and spread of {len(SEEDS)} seeds")

# %%
gaps = {}
for name in ("none", "medium"):
    logged, clean, validated = np.mean([runs[name, s][-1] for s in SEEDS], axis=0)
    gaps[name] = clean - validated
    print(f"{name:7s} clean training images {clean:.1f} %, validation {validated:.1f} %: "
          f"gap {gaps[name]:.1f} points; Keras's log said {logged:.1f} % for training")

assert gaps["medium"] < gaps["none"]

# %% [markdown]
# Two things to read here:
#
# - **The gap shrinks mostly from above.** Augmentation makes the training *harder*, so the network learns less by
#   heart. A lower training accuracy is a sign that it works, not that something is broken.
# - **Keras's log counts augmented images** (and averages over the epoch, while the weights still change). With
#   augmentation it may even lie *below* the validation accuracy. To see the gap, measure on clean images.
#
# The curve with augmentation may still be rising when the other one has long stopped: augmented training
# wants more epochs, and often a larger network. Both belong to its price.

# %% [markdown]
# ## How much? Dose and response
#
# > **Predict, then run.** Accuracy against dose, from 0 to 16. Sketch the curve. Will the far end be above or
# > below no augmentation at all?

# %%
for name in ("weak", "strong", "too strong"):
    for seed in SEEDS:
        runs[name, seed] = train(pools[name], seed)
        weights[name, seed] = model.get_weights()
response = {strength: last(name) for strength, name in DOSES.items()}
for strength, name in DOSES.items():
    trained = np.mean([runs[name, seed][-1, 1] for seed in SEEDS])
    values = response[strength]
    print(f"dose {strength:<3g} {name:10s} training {trained:5.1f} %   validation "
          f"{rounded(*interval(values))} %")

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
places = np.arange(len(DOSES))
for place, values in zip(places, response.values(), strict=True):
    ax.scatter(place + np.linspace(-0.08, 0.08, len(values)), values, s=18, zorder=3,
               color=plots.COLOURS[3], label="one seed" if place == 0 else None)
means = np.array([values.mean() for values in response.values()])
ax.plot(places, means, marker="o", color=plots.COLOURS[0], label="mean")
ax.axhline(means[0], color="#444444", linestyle="--", label="no augmentation")
ax.axhline(10, color="#444444", linestyle=":", label="guessing")
ax.set(xticks=places, xticklabels=[f"{s:g}\n{name}" for s, name in DOSES.items()],
       xlabel="dose", ylabel="validation accuracy in %", title="Dose and response")
ax.legend(fontsize=8)
said = ", ".join(f"{name} {mean:.1f}" for name, mean in zip(DOSES.values(), means,
                                                           strict=True))
plots.show(fig, alt=f"Validation accuracy in per cent against dose: {said}.")

# %%
best = max(DOSES.values(), key=lambda name: last(name).mean())
print(f"best on validation: {best}")
print("too strong against none:",
      verdict(last("too strong"), last("none"), paired=True))

assert last("too strong").mean() < last("medium").mean()

# %% [markdown]
# As with a medicine: nothing, some, too much. At the left the network learns by heart; at the right the
# images have so little left in common with real ones that the network spends its few weights on pictures
# that never come. Where the best dose lies depends on the data, the network and the length of the training;
# validation images find it.
#
# Note what grew together: the stronger the dose, the lower the *training* accuracy. If the training images
# themselves are no longer learned, you have gone too far (or the network is too small).

# %% [markdown]
# ## Beside it: other recipes
#
# Cut-out, MixUp and RandAugment, and one transform that we expect to be useless: turning photographs upside
# down. Cars on their roof are rare, in CIFAR-10 too.
#
# > **Predict, then run.** Rank them: flip only, upside down, cut-out, MixUp, RandAugment. For which of them
# > will a few runs on a few hundred images be able to show a difference from no augmentation?

# %%
RECIPES = {
    "flip": [layers.RandomFlip("horizontal")],
    "upside down": [layers.RandomFlip("vertical")],
    "cut-out": [layers.RandomErasing((1.0, 1.0), scale=(0.05, 0.2))],
    "RandAugment": [layers.RandAugment(factor=0.25)],
}
for name, recipe in RECIPES.items():
    started = time.process_time()
    pools[name] = versions(x, recipe, VERSIONS, batch=100)
    making[name] = (time.process_time() - started) / (len(pools[name]) * len(x))
mixer = layers.MixUp(alpha=0.3, seed=0)  # draws images and labels together
mixed = [mixer({"images": x.astype("float32"), "labels": y[0]}) for _ in range(VERSIONS)]
pools["MixUp"] = np.array([ops.convert_to_numpy(m["images"]) for m in mixed], "uint8")
mixed_y = np.array([ops.convert_to_numpy(m["labels"]) for m in mixed])
for name in [*RECIPES, "MixUp"]:
    for seed in SEEDS:
        runs[name, seed] = train(pools[name], seed,
                                 targets=mixed_y if name == "MixUp" else y)

# %%
others = ["none", *RECIPES, "MixUp", "medium"]
others.sort(key=lambda name: -last(name).mean())
plots.bars({name: interval(last(name)) for name in others},
           xlabel="validation accuracy in % (± half the 95 % interval)",
           title=f"Recipes beside each other, {len(SEEDS)} seeds, {EPOCHS} epochs")

# %%
treated = [name for name in others if name != "none"]
verdicts = {name: verdict(last(name), last("none"), paired=True,
                          comparisons=len(treated)) for name in treated}
for name, told in verdicts.items():
    print(f"{name:12s} {told}")

# %% [markdown]
# Do not read a ranking out of these bars: the network is tiny, the images are few, the training is short, and
# most recipes had one strength only, while "medium" is one of five doses. Run it again with a larger budget,
# and the order changes. Each of these methods has a paper with gains in it, for large networks and hundreds of
# epochs. A harder task may come before ours has learned the easy one. **A recipe is good for a data set, a
# network and a length of training**, not as such.
#
# > **Question.** What would have to be equal, and what tuned for each, before you believed a ranking of these
# > six?

# %% [markdown]
# ## When it hurts: digits
#
# The same network, other data: handwritten digits. Four recipes. Small shifts and turns, as hands do them.
# Mirrored. Any turn whatsoever. And nothing.
#
# > **Predict, then run.** Which helps, which hurts, and by how much?

# %%
mnist = data.load("mnist", train=IMAGES // 2, validation=CHECKS, test=0)
digits, digit_labels = mnist.train.images, mnist.train.labels
digit_model, digit_starts = starts((28, 28, 1))
black = {"fill_mode": "constant", "fill_value": 0.0}
DIGIT_RECIPES = {
    "none": [],
    "small shifts and turns": [layers.RandomTranslation(0.04, 0.04, **black),
                               layers.RandomRotation(0.02, **black)],
    "mirrored": [layers.RandomFlip("horizontal")],
    "any turn": [layers.RandomRotation(0.5, **black)]}
digit_scores = {}
for name, recipe in DIGIT_RECIPES.items():
    pool, scores = versions(digits, recipe, batch=150), []
    for seed in SEEDS:
        put(digit_model, digit_starts[seed])
        images, answers = stream(pool, np.eye(10, dtype="float32")[None, digit_labels],
                                 EPOCHS // 2, np.random.default_rng(seed))
        digit_model.fit(images, answers, batch_size=50, shuffle=False, verbose=0)
        scores.append(accuracy(mnist.validation.images, mnist.validation.labels,
                               digit_model))
    digit_scores[name] = np.array(scores)

# %%
plots.bars({name: interval(scores) for name, scores in digit_scores.items()},
           xlabel="validation accuracy in % (± half the 95 % interval)",
           title=f"{len(digits)} digits, {len(SEEDS)} seeds")
for name, scores in digit_scores.items():
    if name != "none":
        told = verdict(scores, digit_scores["none"], paired=True, comparisons=3)
        print(f"{name:23s} {told}")

assert digit_scores["any turn"].mean() < digit_scores["small shifts and turns"].mean()

# %% [markdown]
# The same layer, `RandomRotation`, with two numbers: a little of it is what hands do, all of it makes a 6 and a
# 9 the same thing. Nothing in the code tells the two
# apart. **You** do, by knowing digits. And a mirrored 2 is no digit at all: a network that has to learn it as
# well has less left for the real ones.

# %% [markdown]
# ## What it costs
#
# Twice: once in time for each image, and once in epochs. For the first, compare a training step of the plain
# model with one that has the layers inside, drawing anew at every step.

# %%
def milliseconds(net):
    """CPU time of fit for one image, best of two times five epochs; warmed up."""
    images, answers = stream(pools["none"], y, 5, np.random.default_rng(0))
    times = []  # Running this again trains the net further, at the same speed.
    for _ in range(3):
        started = time.process_time()
        net.fit(images, answers, batch_size=60, verbose=0)
        times.append(time.process_time() - started)
    return 1000 * min(times[1:]) / len(images)


inside = keras.Sequential([keras.Input((32, 32, 3), dtype="uint8"), *dose(1), network()])
inside.compile(optimizer="adam", loss=keras.losses.CategoricalCrossentropy(True),
               steps_per_execution=training.steps_at_once(10))
cost = {"plain": milliseconds(model), "layers inside": milliseconds(inside)}
for name, value in cost.items():
    print(f"{name:14s} {value:.2f} CPU-ms an image in fit")
print(f"the layers inside add {cost['layers inside'] / cost['plain'] - 1:.0%}")
for name in ("flip", "medium", "cut-out", "RandAugment"):
    print(f"{name:14s} {1000 * making[name]:.2f} CPU-ms to make one version, outside")

# %% [markdown]
# Next to a network as small as ours, augmentation is a large part of the cost. Next to a large network on a GPU it
# is negligible, unless a slow CPU has to compute it: that was the question of
# [lecture 2](02_generators.ipynb). And our shared versions? They were computed once and used by every seed.

# %% [markdown]
# ## At test time
#
# Validation and test images are **not** augmented. They stand for what will come, and nobody will shift
# tomorrow's photographs at random. Do it all the same, and see what the measurement becomes:

# %%
model.set_weights(weights["none", SEEDS[0]])
few = slice(0, 1000)
keras.utils.set_random_seed(0)
noisy = [accuracy(drawn, y_val[few]) for drawn in versions(x_val[few], dose(2), count=4)]
print(f"the same network, the same {len(y_val[few])} images, clean: "
      f"{accuracy(x_val[few], y_val[few]):.1f} %")
print("augmented, four draws: " + ", ".join(f"{value:.1f}" for value in noisy) + " %")

# %% [markdown]
# The number now depends on what was drawn, and belongs to another task than the one that you want to be judged on.
#
# There is one exception, and it is no change of the *test images* but of the *classifier*: **test-time
# augmentation** (TTA). Show the network several views of each image, average the probabilities, answer once.
# That is a new, more expensive classifier, and it is judged on the same clean images as before. The views
# here are chosen, not drawn: the image and its mirror image; both shifted by two pixels to the left and to
# the right; and up and down.
#
# > **Predict, then run.** 1, 2, 6 and 10 views. For which network will TTA gain more: the one trained
# > without augmentation, or the one trained with it?

# %%
def shifted(images, down, right):
    """Shift by whole pixels; what is missing repeats the edge."""
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    return padded[:, 2 - down:34 - down, 2 - right:34 - right]


MOVES = [(0, 0), (0, 2), (0, -2), (2, 0), (-2, 0)]
VIEWS = (1, 2, 6, 10)


def look(images, views=10, model=model):
    """Probabilities for the first views, shape (views, n, 10)."""
    pairs = [(move, flip) for move in MOVES for flip in (1, -1)][:views]
    seen = (np.ascontiguousarray(shifted(images, *move)[:, :, ::flip])
            for move, flip in pairs)
    return np.array([ops.convert_to_numpy(ops.softmax(model.predict_on_batch(view)))
                     for view in seen])


def told(probabilities, views):
    """The class with the highest mean probability over the first views."""
    return probabilities[:views].mean(axis=0).argmax(axis=1)


np.testing.assert_array_equal(shifted(x_val, 1, -2)[:, 5, 5], x_val[:, 4, 7])

# %%
tta = {}
for name in ("none", "medium"):
    tta[name] = np.zeros((len(SEEDS), len(VIEWS)))
    for row, seed in enumerate(SEEDS):
        model.set_weights(weights[name, seed])
        seen = look(x_val)
        tta[name][row] = [100 * np.mean(told(seen, views) == y_val) for views in VIEWS]
    np.testing.assert_allclose(tta[name][:, 0], last(name), atol=0.2)  # one view

# %%
plots.curves(VIEWS, {f"trained with: {name}": (scores.mean(0), scores.std(0, ddof=1))
                     for name, scores in tta.items()},
             xlabel="views of each image", ylabel="validation accuracy in %",
             title=f"Test-time augmentation, mean and spread of {len(SEEDS)} seeds")
print("trained with, number of views: gain over one view in points")
for name, scores in tta.items():
    for column, views in enumerate(VIEWS[1:], start=1):
        gain = verdict(scores[:, column], scores[:, 0], paired=True, comparisons=6)
        print(f"{name:6s} {views:2d} views: {gain}")

# %% [markdown]
# TTA averages out some of the chance in the answers. It has to be paid for at every prediction, forever;
# training augmentation is paid for once. And it has to be chosen, like everything else, on validation images.
# If you report it, say how many views; a comparison of one method with TTA and another without is not a
# comparison.

# %% [markdown]
# ## The final choice, tested once
#
# Chosen on validation images: the dose, and the number of views (for the medium dose). The test images now
# see three classifiers: none, the chosen dose, and the chosen dose with TTA. (The weights are those that were
# chosen, with their luck on the validation images; a study would train the chosen dose again with new seeds,
# as week 5 did.)

# %%
final = data.load("cifar10", train=0, validation=0, test=CHECKS).test
chosen_views = VIEWS[int(tta["medium"].mean(axis=0).argmax())]
tested = {}
for name, views in (("none", 1), (best, 1), (best, chosen_views)):
    scores = []
    for seed in SEEDS:
        model.set_weights(weights[name, seed])
        answers = told(look(final.images, views), views)
        scores.append(100 * np.mean(answers == final.labels))
    tested[name, views] = np.array(scores)
    print(f"test, {name:6s} {views:2d} view{'s' * (views > 1)}: "
          f"{rounded(*interval(scores))} % ({len(final):,} images)")
print("augmentation:", verdict(tested[best, 1], tested["none", 1], paired=True))
if chosen_views > 1:
    print("TTA on top:  ", verdict(tested[best, chosen_views], tested[best, 1],
                                  paired=True))

# %% [markdown]
# Few seeds make wide intervals (the larger budget has five). "Not told apart" does not mean that there is no
# gain, and it is no reason to try again on the test images.
#
# What would help even more? More real images. Augmentation stretches the few that you have; it never adds a
# car of another make. Shorten and Khoshgoftaar's survey lists hundreds of studies; read their gains as you
# have learned to read ours.

# %% tags=["remove-cell"]
from helpers.record import record

numbers = np.arange(15).reshape(3, 5)  # 5 v + i: version v of image i
images, answers = stream(numbers, numbers[:1], 4, np.random.default_rng(0))
mixed = stream(numbers, numbers, 4, np.random.default_rng(0))
record(
    # A row for each seed: accuracies at the end, logged, clean, validation.
    accuracies={name: [runs[name, seed][-1] for seed in SEEDS]
                for name in dict.fromkeys(name for name, _ in runs)},
    doses=[{"dose": strength, "recipe": name}
           for strength, name in DOSES.items()],
    best=best, digits=digit_scores, views=VIEWS, tta=tta,
    verdicts={name: told.word for name, told in verdicts.items()},
    validation_images=len(y_val), chosen_views=chosen_views,
    tested=[{"recipe": name, "views": views, "accuracies": values}
            for (name, views), values in tested.items()],
    stream={"images": images, "labels": answers},
    stream_with_mixed_labels={"images": mixed[0], "labels": mixed[1]})

# %% [markdown]
# ## Self-test
#
# **1.** With augmentation, Keras's log shows 48 % on training and 52 % on validation images. What is wrong?
#
# (a) training and validation are swapped; (b) nothing: the log counts augmented images; (c) the validation
# images leak into training
#
# <details><summary>Answer</summary>
#
# **(b).** Augmented images are harder than clean ones, and the log averages over an epoch in which the network
# was still worse. (a) would not be caused by augmentation. (c) A leak would raise validation accuracy towards
# the training accuracy on *clean* images; measure that first.
# </details>
#
# **2.** At dose 16 both training and validation accuracy are low. What do you do?
#
# (a) stop earlier; (b) add dropout; (c) lower the dose, or train a larger network for longer
#
# <details><summary>Answer</summary>
#
# **(c).** This is underfitting. (a) helps against learning by heart, of which there is none. (b) makes the
# training harder still.
# </details>
#
# **3.** Someone reports: with augmentation 71 %, without 68 %, one run each. What is missing?
#
# (a) the spread over several seeds; (b) nothing, 3 points are 3 points; (c) the training accuracy
#
# <details><summary>Answer</summary>
#
# **(a).** Two runs of the *same* recipe may differ by as much. (b) takes luck for a finding. (c) is useful to
# understand the result, and says nothing about how sure it is.
# </details>
#
# **4.** Which transform fits photographs of traffic signs, seen from a car?
#
# (a) horizontal flip; (b) small changes of brightness and scale; (c) turns by up to 180 degrees
#
# <details><summary>Answer</summary>
#
# **(b).** Light and distance change, the sign stays the same. (a) turns "keep left" into "keep right". (c)
# makes arrows point anywhere, and no sign hangs upside down.
# </details>
#
# **5.** Why is TTA allowed on test images, although we said that they are not augmented?
#
# (a) because it always helps; (b) because it belongs to the classifier, gives one answer to each clean image,
# and was chosen on validation images; (c) because its views are not random
#
# <details><summary>Answer</summary>
#
# **(b).** The question, one label for this image, stays the same. (a) It does not always help, and that would
# not make it honest. (c) Random views would be allowed too; they only make the answer noisier.
# </details>
#
# ## Take-aways
#
# 1. Switch it on and off with everything else equal, over several seeds; only then say "it helps".
# 2. Augmentation closes the gap by making training harder; measure the gap on clean images.
# 3. Dose and response: too little, about right, harm. Find the order of magnitude on validation images.
# 4. The same layer helps one task and hurts another; recipes from papers depend on network and epochs.
# 5. TTA is a dearer classifier, not another test set: its own experiment, with views, spread and price.
#
# ## References
#
# - C. Shorten, T. M. Khoshgoftaar (2019). A survey on image data augmentation for deep learning. *Journal of
#   Big Data* 6, 60. https://doi.org/10.1186/s40537-019-0197-0
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012). ImageNet classification with deep convolutional neural
#   networks (crops and flips in training, ten views at test time). *NeurIPS* 25,
#   1097–1105. Reprint: https://doi.org/10.1145/3065386
# - P. Y. Simard, D. Steinkraus, J. C. Platt (2003). Best practices for convolutional neural networks applied
#   to visual document analysis (distorted digits). *ICDAR*. https://doi.org/10.1109/ICDAR.2003.1227801
# - H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz (2018). mixup: beyond empirical risk minimization. *ICLR*.
#   https://arxiv.org/abs/1710.09412
# - T. DeVries, G. W. Taylor (2017). Improved regularization of convolutional neural networks with cutout.
#   https://arxiv.org/abs/1708.04552
# - E. D. Cubuk, B. Zoph, J. Shlens, Q. V. Le (2020). RandAugment: practical automated data augmentation with a
#   reduced search space. *CVPR Workshops*. https://arxiv.org/abs/1909.13719
# - D. Shanmugam, D. Blalock, G. Balakrishnan, J. Guttag (2021). Better aggregation in test-time augmentation.
#   *ICCV*. https://arxiv.org/abs/2011.11156
