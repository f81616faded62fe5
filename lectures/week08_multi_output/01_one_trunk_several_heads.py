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
# # One trunk, several heads
#
# So far each picture had one label, and each network gave one answer. Real questions come in bundles: which
# fruit is it, and which variety? What does the picture show, and is it sharp? You could train one network for
# each question. Or you let them share most of their layers, the **trunk**, and give each question a small
# **head** of its own. This lecture builds such networks, and deals with what follows: several losses, several
# metrics, and pictures of which only some of the labels are known.
#
# **After this lecture you can**
#
# - build any network without loops with Keras's functional API;
# - train a network with several outputs, and give each one its own loss, weight and metric;
# - use pictures for which some labels are missing;
# - give classes a weight where Keras refuses `class_weight`;
# - tell multi-class, multi-label and multi-output problems apart, and choose the right last layer.
#
# **You need** training in Keras and cross-entropy (week 3), and features of a pre-trained network (week 7).
#
# **Time** about 30 minutes to read. **Cost** less than a minute on two cores; below 3 GiB of memory; no GPU.

# %%
import keras
import numpy as np
from keras import layers

from helpers import budget, plots
from helpers.experiments import heads

budget.describe()
EPOCHS = budget.choose(ci=10, cpu=30, gpu=60)
groceries = heads.pictures()
print(groceries)

# %% [markdown]
# Each photograph has **two labels**: a *fine* one (which variety) and a *coarse* one (which fruit). If the
# photographs cannot be had, the sample of CIFAR-10 that comes with the course takes their place: its classes are
# the fine labels, and *animal* or *vehicle* is the coarse one. The network that we build stands on features of
# MobileNetV2, as in week 7, so it is small and trains in seconds. The pictures are of this kind:

# %%
x = groceries.x["train"]
parent = groceries.parent  # the coarse class of each fine class
fine, coarse = groceries.fine["train"], groceries.coarse["train"]
shown = [np.flatnonzero(fine == k)[0] for k in range(0, len(parent), 2)][:6]
fruit, variety = groceries.coarse_names, groceries.fine_names
pairs = [f"{fruit[coarse[i]]}:\n{variety[fine[i]]}" for i in shown]
plots.image_grid(
    groceries.images["train"][shown], pairs, columns=len(shown), scale=1.5,
    title="Coarse and fine label",
    alt="One row of photographs, each with its coarse and its fine label: "
        + "; ".join(pair.replace("\n", " ") for pair in pairs) + ".")

# %% [markdown]
# ## The functional API, from scratch
#
# `keras.Sequential` is a list of layers, and a list has one end. For two heads we need a **graph**. The
# functional API has three steps:
#
# 1. `keras.Input(shape)` makes a **symbolic tensor**: a place for numbers, with a shape and without numbers.
# 2. A layer is **called** on a symbolic tensor, and gives the next one. That draws an edge of the graph.
# 3. `keras.Model(inputs, outputs)` takes everything that lies between the two.

# %%
given = keras.Input((x.shape[1],))
hidden = layers.Dense(64, activation="relu")(given)
answer = layers.Dense(len(groceries.fine_names), activation="softmax")(hidden)
one_head = keras.Model(given, answer)
print("a symbolic tensor:", hidden.shape, type(hidden).__name__)
print("real numbers:     ", one_head(x[:2]).shape)

# %% [markdown]
# `None` is the size of the batch, which is open. Nothing has been computed in the first three lines; the last
# one sends two pictures through the graph. This network is the same as a `Sequential` of two dense layers.
#
# Now the point of it. A symbolic tensor may be used **more than once**, and a model may have several outputs.
# With a dict, each output has a name.


# %%
def two_heads(units=64):
    given = keras.Input((x.shape[1],))
    trunk = layers.Dense(units, activation="relu", name="trunk")(given)
    fine_head = layers.Dense(len(groceries.fine_names), name="fine",
                             activation="softmax")(trunk)
    coarse_head = layers.Dense(len(groceries.coarse_names), name="coarse",
                               activation="softmax")(trunk)
    return keras.Model(given, {"fine": fine_head, "coarse": coarse_head})


keras.utils.set_random_seed(0)
model = two_heads()
for name, output in model(x[:2]).items():
    print(f"{name:7s} {tuple(output.shape)}")
for layer in model.layers[1:]:
    print(f"{layer.name:7s} {layer.count_params():7,} parameters")

# %% [markdown]
# Nearly all parameters lie in the trunk, and there is one trunk. A second question costs little, both in memory
# and in time.
#
# ## A loss, a weight and a metric for each head
#
# Each head has its own loss $L_k$. Gradient descent needs a single number, so Keras adds them up, with
# weights that you choose:
#
# $$L = \sum_k w_k L_k.$$
#
# `compile` and `fit` take dicts with the names of the outputs.

# %%
model.compile(
    optimizer=keras.optimizers.Adam(0.001),
    loss={
        "fine": "sparse_categorical_crossentropy",
        "coarse": "sparse_categorical_crossentropy",
    },
    loss_weights={"fine": 1.0, "coarse": 0.5},
    metrics={"fine": ["accuracy"], "coarse": ["accuracy"]},
)

# %% [markdown]
# > **Predict, then run.** Which numbers will the history hold? And how does the one called `loss` follow from
# > the others?

# %%
y = {"fine": fine, "coarse": coarse}
x_val = groceries.x["validation"]
y_val = {"fine": groceries.fine["validation"],
         "coarse": groceries.coarse["validation"]}
# Running this cell again trains on from here.
history = model.fit(x, y, validation_data=(x_val, y_val), epochs=EPOCHS,
                    batch_size=25, verbose=0).history
for name, values in history.items():
    print(f"{name:20s} {values[0]:6.3f} -> {values[-1]:6.3f}")
by_hand = history["fine_loss"][-1] + 0.5 * history["coarse_loss"][-1]
print(f"fine_loss + 0.5 coarse_loss = {by_hand:.3f}")

# %% [markdown]
# The names are put together from output and metric (older versions of Keras name them otherwise: print
# `history.keys()` once before you rely on them). The losses of the heads are stored **unweighted**, and `loss` is
# their weighted sum.
#
# `loss` is a sum over different questions. Do not compare it between networks with other weights or other heads;
# look at one head at a time.
#
# ### How often are both answers right?
#
# Two accuracies do not say how often *both* answers are right at the same time. That share is the
# **exact match**.
#
# > **Predict, then run.** Can the exact match be larger than the smaller one of the two accuracies? What would it
# > be if the heads made their errors independently of each other?

# %%
told = {
    name: values.argmax(axis=1)
    for name, values in heads.probabilities(model, x_val).items()
}
right = {name: told[name] == y_val[name] for name in told}
for name, flags in right.items():
    print(f"{name:12s} {flags.mean():.1%}")
both = right["fine"] & right["coarse"]
print(
    f"{'both':12s} {both.mean():.1%} (independent errors would give "
    f"{right['fine'].mean() * right['coarse'].mean():.1%})"
)

# %% [markdown]
# It cannot be larger. Here the two questions are about the same fruit: a picture that is hard for one head is hard
# for the other, so the exact match lies close to the fine accuracy. The next lecture looks at the pictures on
# which the heads contradict each other.
#
# ## Missing labels
#
# Labels are expensive, and not all are equally so. Anybody can say "apple"; the variety needs somebody who knows.
# So let five of six pictures have a coarse label only. To leave these pictures out would be a waste. To write
# *any* fine class in the gaps would teach nonsense.
#
# The way out is `sample_weight`: one number for each picture **and each output**. A picture whose fine label is
# missing gets the weight 0 for the output `fine`. Its label is then any valid class, and does not matter.

# %%
known = np.random.default_rng(0).random(len(x)) < 1 / 6
y_gaps = {"fine": np.where(known, fine, 0), "coarse": coarse}
weights = {"fine": known.astype("float32"),
           "coarse": np.ones(len(x), "float32")}
print(f"{known.sum()} of {len(x)} fine labels are known")


def fine_loss(labels):
    """The loss of the output `fine`, as Keras computes it with our weights."""
    told = model.evaluate(x, {"fine": labels, "coarse": coarse},
                          batch_size=len(x), sample_weight=weights,
                          verbose=0, return_dict=True)
    return told["fine_loss"]


gaps = [fine_loss(np.where(known, fine, k)) for k in (0, 1)]
for k, loss in enumerate(gaps):
    print(f"missing labels written as class {k}: {loss:.6f}")

# %% [markdown]
# What stands in the gaps has no effect. But what is this number: the mean over the pictures with a known label, or
# over all?
#
# > **Predict, then run.** If five of six weights are 0, is the fine loss about as large as before, or about a
# > sixth?

# %%
p = heads.probabilities(model, x)["fine"][np.arange(len(x)), fine]
each = -np.log(p)
candidates = {
    "sum / number of known labels": each[known].mean(),
    "sum / number of ALL pictures": each[known].sum() / len(x),
}
for name, value in candidates.items():
    print(f"{name:30s} {value:.6f}")
by_keras = fine_loss(y_gaps["fine"])
print(f"{'Keras':30s} {by_keras:.6f}")

# %% [markdown]
# Keras divides by **all** pictures of a batch, whatever their weights are. With few known labels the loss of this
# head is small, and so are its gradients: missing labels act like a small loss weight. If you want the mean over
# the known labels, give them the weight $n / k$, for $k$ known ones among $n$ pictures.

# %%
balanced = weights | {"fine": weights["fine"] * len(x) / known.sum()}
print(
    f"weights of the known labels: {balanced['fine'].max():.2f}; "
    f"mean of all weights: {balanced['fine'].mean():.2f}"
)
keras.utils.set_random_seed(0)
partly = two_heads()
partly.compile(keras.optimizers.Adam(0.001),
               dict.fromkeys(y, "sparse_categorical_crossentropy"),
               weighted_metrics=dict.fromkeys(y, ["accuracy"]))
partly.fit(x, y_gaps, sample_weight=balanced, epochs=EPOCHS, batch_size=25,
           verbose=0)
for name, p in heads.probabilities(partly, x_val).items():
    share = np.mean(p.argmax(axis=1) == y_val[name])
    print(f"trained with gaps: {name} right for {share:.1%} (validation)")

# %% [markdown]
# Two more things to know. Metrics given as `metrics=` ignore the weights, and would count the gaps as errors while
# you train; `weighted_metrics=` respects them. And if you give weights, give them for **every** output.
#
# ## `class_weight` with two outputs
#
# Week 5 and 7 met rare classes. For one output, `fit(..., class_weight={0: 1.0, 1: 5.0})` lets the errors of a
# class count more. With two outputs, Keras refuses:

# %%
# Running this cell again gives the same error: nothing is trained.
try:
    model.fit(x, y, class_weight={0: 1.0, 1: 5.0}, verbose=0)
    message = "no error"
except ValueError as error:
    message = str(error)
print(message)

# %% [markdown]
# The number would not say which output it means. The way round is the tool that you know: a class weight is a
# sample weight that depends on the label. Each class of the coarse head shall count the same in total.

# %%
counts = np.bincount(coarse)
class_weight = len(coarse) / (len(counts) * counts)
by_class = {
    "fine": np.ones(len(x), "float32"),
    "coarse": class_weight[coarse].astype("float32"),
}
for k, name in enumerate(groceries.coarse_names):
    print(
        f"{name:9s} {counts[k]:4d} pictures, weight {class_weight[k]:.2f}, "
        f"total {by_class['coarse'][coarse == k].sum():.0f}"
    )
# Running this cell again trains for one more epoch.
weighted = model.fit(x, y, sample_weight=by_class, epochs=1, verbose=0)

# %% [markdown]
# ## Multi-class, multi-label, multi-output
#
# Three words that are easily confused:
#
# | | the question | last layer | loss |
# |---|---|---|---|
# | **multi-class** | which *one* of these? | softmax | cross-entropy |
# | **multi-label** | which of these, *any number*? | a sigmoid for each | binary cross-entropy |
# | **multi-output** | several questions | a head for each | a loss for each |
#
# Take a crate with two kinds of fruit. "Which fruits are in it?" is multi-label. We compose such pictures from two
# photographs. Their features are easy to get: the last step of MobileNetV2 is a mean over all places, so the
# features of two pictures, one above the other, are the mean of both (apart from the seam).


# %%
def crates(part, count, seed):
    """Pairs of different coarse classes: features, 0/1 labels, which two."""
    rng = np.random.default_rng(seed)
    one, two = rng.integers(0, len(groceries.x[part]), (2, 4 * count))
    kind = groceries.coarse[part]
    mixed = np.flatnonzero(kind[one] != kind[two])[:count]
    one, two = one[mixed], two[mixed]
    labels = np.zeros((len(mixed), len(groceries.coarse_names)), "float32")
    for chosen in (one, two):
        labels[np.arange(len(mixed)), kind[chosen]] = 1
    mean = (groceries.x[part][one] + groceries.x[part][two]) / 2
    return mean, labels, one, two


crate_x, crate_y, one, two = crates("train", 400, 0)
images = groceries.images["train"]
plots.image_grid(
    np.concatenate([images[one[:6]], images[two[:6]]], axis=1), columns=6,
    title="Six crates with two kinds each", scale=1.4,
    alt="Six composed pictures in a row, each one photograph above another of "
    "a different coarse class.",
)

# %% [markdown]
# We train the same layer twice: with a softmax, whose target is one half for each of the two kinds, and with a
# sigmoid for each kind. Then we ask which kinds have a probability of at least 0.5.
#
# > **Predict, then run.** How many kinds can a softmax name with at least 0.5? How many can the sigmoids?

# %%
test_x, test_y, _, _ = crates("validation", 200, 1)
named = {}
for kind, target, loss in (
    ("softmax", crate_y / 2, "categorical_crossentropy"),
    ("sigmoid", crate_y, "binary_crossentropy"),
):
    keras.utils.set_random_seed(0)
    flat = keras.Sequential([keras.Input((x.shape[1],)),
                             layers.Dense(crate_y.shape[1], activation=kind)])
    flat.compile(keras.optimizers.Adam(0.001), loss)
    flat.fit(crate_x, target, epochs=EPOCHS, batch_size=25, verbose=0)
    p = flat.predict(test_x, verbose=0)
    named[kind] = np.bincount((p >= 0.5).sum(axis=1), minlength=4)[:4]
    print(
        f"{kind}: largest sum of a row {p.sum(axis=1).max():.2f}; "
        f"crates with 0, 1, 2, 3 kinds named: {named[kind]}"
    )

# %% [markdown]
# The probabilities of a softmax sum to 1. Two kinds can share at most one half each, so a threshold of 0.5 finds one
# kind or none, whatever the network has learned. Sigmoids are independent: they may name none, one or all. And where
# each label has its own sigmoid, each may have its own **threshold**, chosen on validation pictures as in week 7's
# case study.
#
# Can one network do all three? Yes: "which fruits" (multi-label) and "is the crate full" (one sigmoid) are two
# heads on one trunk.
#
# > **Try it** (five minutes). Add a third head to `two_heads`: does the picture belong to the larger half of the
# > coarse classes? Give it a sigmoid and a binary cross-entropy, and find its metric in the history.

# %%
# Your third head

# %% [markdown]
# ## Self-test
#
# **1.** A symbolic tensor has the shape `(None, 64)`. What is `None`?
#
# (a) the number of pictures in a batch; (b) a missing label; (c) a mistake in the graph
#
# <details><summary>Answer</summary>
#
# **(a).** It is open until numbers come. (b) Labels are no part of the graph. (c) Every model has it.
# </details>
#
# **2.** Two heads have the losses 2.0 and 0.5, and the weights 1 and 4. What is `loss`?
#
# (a) 2.5; (b) 1.25; (c) 4.0
#
# <details><summary>Answer</summary>
#
# **(c).** 1 · 2.0 + 4 · 0.5. (a) leaves the weights out. (b) is the mean without weights; Keras does not divide.
# </details>
#
# **3.** Half of the fine labels are missing and have the weight 0, the others 1. The fine loss that Keras reports is
#
# (a) the mean over the known labels; (b) half of that; (c) twice that
#
# <details><summary>Answer</summary>
#
# **(b).** The sum over the known ones is divided by all pictures. (a) needs the weight 2. (c) turns it round.
# </details>
#
# **4.** A photograph may show any number of five animals. Which last layer?
#
# (a) softmax with five units; (b) five units with a sigmoid; (c) one unit with a sigmoid
#
# <details><summary>Answer</summary>
#
# **(b).** Each animal is there or not. (a) names exactly one. (c) answers a single yes-or-no question.
# </details>
#
# ## Take-aways
#
# 1. Functional API: an `Input`, layers called on symbolic tensors, a `Model`. A tensor may be used twice.
# 2. With dict outputs, each head gets its loss, weight and metric by name; `loss` is the weighted sum.
# 3. A missing label is a sample weight of 0. Keras still divides by all pictures: known labels get $n/k$.
# 4. `class_weight` is refused with two outputs; sample weights that depend on the label do the same.
# 5. One of several: softmax. Any number of several: sigmoids. Several questions: several heads.
#
# ## References
#
# - R. Caruana (1997). Multitask learning. *Machine Learning* 28, 41–75. https://doi.org/10.1023/A:1007379606734
# - Keras (2026). The functional API. https://keras.io/guides/functional_api/
# - M. Klasson, C. Zhang, H. Kjellström (2019). A hierarchical grocery store image dataset with visual and semantic
#   labels. *WACV*. https://arxiv.org/abs/1901.00711

# %% tags=["remove-cell"]
from helpers.record import record

record(
    source=groceries.source,
    names=sorted(history),
    loss=history["loss"][-1],
    by_hand=by_hand,
    exact=both.mean(),
    fine=right["fine"].mean(),
    coarse=right["coarse"].mean(),
    refused=message,
    named=named,
    divided=[*candidates.values()],
    keras_loss=by_keras,
    gaps=gaps,
    totals=[by_class["coarse"][coarse == k].sum() for k in range(len(counts))],
    balanced=balanced["fine"].mean(),
)
