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
# # Keras, and counting parameters
#
# In lecture 1 you did the calculus by hand. From now on a library does it. That saves weeks, and it hides
# things: what a layer stores, what shape it hands on, which loss it thinks you meant. So we do two things
# at once. We learn to *build* in Keras, and we learn to *check* every number it reports with a pencil.
#
# **After this lecture you can**
#
# - build, compile, fit and evaluate a model in Keras, and turn its predictions into labels;
# - show that a Keras layer does exactly what your NumPy did;
# - count the parameters of dense and convolution layers by hand, up to LeNet-5, and say where they sit;
# - train a small CNN, compare it fairly with two simpler models, and recognise the usual mistakes.
#
# **You need** lecture 1 (softmax, cross-entropy, SGD) and week 2 (convolution, output sizes, pooling).
#
# **Time** about 35 minutes to read. **Cost** about half a minute on two cores with the small budget, one
# or two minutes with the one for laptops; about 1 GiB of memory; no GPU needed.

# %%
import math
import textwrap

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.metrics import confusion_matrix

from helpers import budget, data, plots

budget.describe()
mnist = data.load("mnist")
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# Keras describes networks; a **backend** (TensorFlow, JAX or PyTorch) does the arithmetic. Nothing
# below depends on which one it is.
#
# ## Four axes again
#
# Lecture 1 flattened each image to a row. A convolution needs to know which pixels are neighbours, so
# Keras wants **4-D tensors**: (samples, height, width, channels), as in week 1. The channel axis stays,
# even if there is one channel only.

# %%
def tensors(split, n=None):
    """The first n images, (n, 28, 28, 1) float32 in 0..1, and their labels."""
    images = np.asarray(split.images[:n]).astype("float32") / 255
    return images, np.asarray(split.labels[:n])


X, y = tensors(mnist.train, budget.choose(ci=3000, cpu=20_000, gpu=55_000))
V, v = tensors(mnist.validation, budget.choose(ci=2000, cpu=5000))
print("train", X.shape, X.dtype, "  validation", V.shape, "  one image", X[0].shape)

assert X.ndim == 4 and X.shape[1:] == (28, 28, 1) and X.max() <= 1

# %% [markdown]
# ## The model of lecture 1, in three lines
#
# A `Sequential` model is a stack of layers: each takes what the one before hands on. Softmax regression
# is one **dense** layer (every input connected with every output), after the image has been flattened.

# %%
keras.utils.set_random_seed(0)
regression = keras.Sequential([
    layers.Input((28, 28, 1)),                    # the shape of ONE image
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
print("in:", regression.input_shape, "  out:", regression.output_shape)

# %% [markdown]
# `None` stands for the batch, which may have any size. The dense layer stores $W$ and $b$, as ours did.
# For an overview Keras has `model.summary()`. We write our own, because a table that you computed is one that
# you understand. We shall use it all through the lecture.

# %%
def sheet(model):
    """Print kind, output shape and parameters of each layer; return the total."""
    for layer in model.layers:
        shape = " x ".join(map(str, layer.output.shape[1:]))
        print(f"{type(layer).__name__:18s}{shape:>14s}{layer.count_params():>10,}")
    total = sum(layer.count_params() for layer in model.layers)
    print(f"{'total':18s}{total:>24,}")
    return total


assert sheet(regression) == 784 * 10 + 10 == 7850

# %% [markdown]
# ## compile: how to learn
#
# The model says what is computed. `compile` says how it learns: which **optimiser** takes the steps, which
# **loss** is the price, and which **metrics** to report on the way.
#
# The loss has a long name: *sparse* means that the labels are integers (3, not a one-hot vector);
# *categorical crossentropy* is the cross-entropy for several classes.

# %%
regression.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1),
                   loss="sparse_categorical_crossentropy", metrics=["accuracy"])

# %% [markdown]
# Is that really what lecture 1 did? Give both the same weights and the same 64 images, and take **one step**
# of SGD in each.
#
# > **Predict, then run.** Will the weights agree exactly, nearly, or only in spirit?

# %%
def numpy_step(W, b, rows, labels, rate):
    """One SGD step of softmax regression (lecture 1): loss before it, new W, new b."""
    z = rows @ W + b
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    picked = np.arange(len(labels)), labels
    error = np.exp(log_p)
    error[picked] -= 1                            # said minus true
    error /= len(labels)
    return -log_p[picked].mean(), W - rate * rows.T @ error, b - rate * error.sum(axis=0)


dense = regression.layers[-1]
W = np.random.default_rng(0).normal(0, 0.05, (784, 10)).astype("float32")
b = np.zeros(10, "float32")
dense.set_weights([W, b])                         # the same start for both
by_hand, W_hand, b_hand = numpy_step(W, b, X[:64].reshape(64, 784), y[:64], rate=0.1)
by_keras = float(regression.train_on_batch(X[:64], y[:64])[0])
W_keras, b_keras = dense.get_weights()
print(f"loss before the step: by hand {by_hand:.6f}, by Keras {by_keras:.6f}")
print(f"largest difference of a weight after it: {np.abs(W_keras - W_hand).max():.1e}")

# %%
assert np.isclose(by_hand, by_keras, rtol=1e-5)
assert np.allclose(W_hand, W_keras, atol=1e-6) and np.allclose(b_hand, b_keras, atol=1e-6)
assert np.abs(W_keras - W).max() > 1e-3           # and they did move

# %% tags=["remove-cell"]
from helpers.record import record

record(one_step={"loss_by_hand": by_hand, "loss_by_keras": by_keras,
                 "weight_difference": np.abs(W_keras - W_hand).max()})

# %% [markdown]
# Equal up to the last digits of `float32`: additions are done in another order, no more. Keras found the
# gradient by itself (**automatic differentiation**: the chain rule, applied by the backend to every
# operation it executed).
#
# ## fit, evaluate, predict
#
# `fit` is the loop of lecture 1: shuffle, cut into batches, step, again. To compare once more, forbid the
# shuffling and let both walk through the images for two epochs.

# %%
dense.set_weights([W, b])
regression.fit(X, y, batch_size=64, epochs=2, shuffle=False, verbose=0)
W_hand, b_hand = W, b
for _ in range(2):
    for first in range(0, len(X), 64):
        rows, truth = X[first:first + 64].reshape(-1, 784), y[first:first + 64]
        _, W_hand, b_hand = numpy_step(W_hand, b_hand, rows, truth, rate=0.1)

loss, accuracy = regression.evaluate(V, v, verbose=0)
loss_hand, _, _ = numpy_step(W_hand, b_hand, V.reshape(-1, 784), v, rate=0)
print(f"validation loss after two epochs: by hand {loss_hand:.5f}, by Keras {loss:.5f}")

assert np.isclose(loss, loss_hand, rtol=1e-3)

# %% [markdown]
# `evaluate` gives the loss and the metrics on data that you name, without learning from them. `predict`
# gives the probabilities: one row for each image, one column for each class. The label is the column of
# the largest one: **argmax**.

# %%
probabilities = regression.predict(V, verbose=0)
labels = probabilities.argmax(axis=1)
print("predict gives", probabilities.shape, "  first row:", probabilities[0].round(3))
print(f"label {labels[0]}, truth {v[0]};  accuracy by argmax {(labels == v).mean():.3f}, "
      f"by evaluate {accuracy:.3f}")

assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
assert np.isclose((labels == v).mean(), accuracy, atol=1e-6)

# %% [markdown]
# A single image is a batch of one. `X[0]` has three axes; `X[:1]`, or `X[0][None]`, has four.

# %%
print(X[0].shape, X[:1].shape, X[0][None].shape,
      "  prediction:", regression.predict(X[:1], verbose=0).shape)

# %% [markdown]
# ## Counting: dense layers
#
# A dense layer with $u$ units on $n$ inputs: every unit has a weight for each input, and one bias.
# $(n + 1)\,u$ parameters.
#
# > **Predict, then run.** Three inputs, then dense layers of 4, 5 and 2 units. How many parameters has
# > each layer? Beware: the inputs of the second layer are not 3.

# %%
def dense_params(inputs, units):
    return (inputs + 1) * units


tiny = keras.Sequential([layers.Input((3,)),
                         layers.Dense(4), layers.Dense(5), layers.Dense(2)])
total = sheet(tiny)
by_hand = [dense_params(3, 4), dense_params(4, 5), dense_params(5, 2)]
print(" + ".join(map(str, by_hand)), "=", sum(by_hand))

assert [layer.count_params() for layer in tiny.layers] == by_hand == [16, 25, 12]
assert total == sum(by_hand) == 53

# %% [markdown]
# ## Counting: convolution layers
#
# A filter of $F \times F$ on an input with $D$ channels has $F \cdot F \cdot D$ weights and one bias, and
# it is used at *every* place (week 2). With $K$ filters: $(F \cdot F \cdot D + 1)\,K$. The size of the
# image does not occur.
#
# > **Predict, then run.** `Conv2D(64, 3)` on a 28 × 28 × 1 image, then `Flatten`, then `Dense(10)`.
# > Which layer has most of the parameters? Guess its share before you count.

# %%
def conv_params(size, channels, filters):
    return (size * size * channels + 1) * filters


one_conv = keras.Sequential([
    layers.Input((28, 28, 1)),
    layers.Conv2D(64, 3, activation="relu"),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
total = sheet(one_conv)
side = 28 - 3 + 1                                 # no padding: the kernel must fit
flat = side * side * 64
print(f"conv (3*3*1 + 1) * 64 = {conv_params(3, 1, 64)}, "
      f"flatten {side} * {side} * 64 = {flat:,}, "
      f"dense ({flat:,} + 1) * 10 = {dense_params(flat, 10):,}")

# %%
assert [layer.count_params() for layer in one_conv.layers] == [640, 0, 432_650]
assert conv_params(3, 1, 64) == 640
assert flat == 43_264 == one_conv.layers[1].output.shape[1]
assert dense_params(flat, 10) == 432_650 and total == 640 + 432_650 == 433_290
print(f"the dense layer holds {432_650 / total:.2%} of them")

# %% [markdown]
# The convolution costs 640, the layer that reads it out 432,650. `Flatten` has no parameters at all, and
# is to blame: it hands on 43,264 numbers. Pooling before it would be the cure: each 2 × 2 pooling divides
# by four.
#
# ## LeNet-5
#
# The most famous small CNN read the cheques of American banks in the 1990s (LeCun et al., 1998): two rounds
# of convolution and pooling, then dense layers. Here is its plain modern outline, on 32 × 32 images;
# lecture 3 shows the original with all its quirks.
#
# > **Predict, then run.** Count with a pencil first. Conv 6 of 5 × 5; pool; conv 16 of 5 × 5; pool; dense
# > 120, 84, 10. Sizes: 32 → 28 → 14 → 10 → 5.

# %%
def lenet(shape=(32, 32, 1), second_kernel=5):
    return keras.Sequential([
        layers.Input(shape),
        layers.Conv2D(6, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, second_kernel, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="tanh"),
        layers.Dense(84, activation="tanh"),
        layers.Dense(10, activation="softmax"),
    ])


grey = lenet()
grey_total = sheet(grey)

# %%
by_hand = [conv_params(5, 1, 6), conv_params(5, 6, 16),
           dense_params(5 * 5 * 16, 120), dense_params(120, 84), dense_params(84, 10)]
print(", ".join(f"{number:,}" for number in by_hand), f"= {sum(by_hand):,}")

assert by_hand == [156, 2416, 48_120, 10_164, 850]
assert [layer.count_params() for layer in grey.layers if layer.count_params()] == by_hand
assert sum(by_hand) == grey_total == 61_706
assert conv_params(5, 16, 120) == 48_120     # in 1998 the 120 was a convolution: the same

# %% [markdown]
# Where do they sit? And, a different question, where is the *work*? A weight of a dense layer is used once
# for each image, a weight of a convolution once for each place. One use is one **multiply-add**.

# %%
def multiply_adds(layer):
    """Products that one image costs in a layer with weights; biases not counted."""
    height_and_width = layer.output.shape[1:-1]   # empty for a dense layer: one place
    return layer.get_weights()[0].size * math.prod(height_and_width)


weighted = [layer for layer in grey.layers if layer.count_params()]
names = ["conv 6", "conv 16", "dense 120", "dense 84", "dense 10"]
parameters = [layer.count_params() for layer in weighted]
work = [multiply_adds(layer) for layer in weighted]
print(f"dense layers: {sum(parameters[2:]) / sum(parameters):.1%} of the parameters, "
      f"{sum(work[2:]) / sum(work):.1%} of the {sum(work):,} multiply-adds")

assert sum(parameters[2:]) / sum(parameters) > 0.95 and sum(work[:2]) / sum(work) > 0.8

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.2, 2.7), layout="constrained", sharey=True)
for ax, what, values in ((axes[0], "parameters", parameters),
                         (axes[1], "multiply-adds for one image", work)):
    for place, value in enumerate(values):
        is_dense = place >= 2
        ax.barh(place, value, height=0.7, color=plots.COLOURS[1 if is_dense else 0],
                edgecolor="white", hatch="//" if is_dense else None)
        ax.annotate(f"{value:,}", (value, place), xytext=(4, 0),
                    textcoords="offset points", va="center", fontsize=9)
    ax.set(xlabel=what, xlim=(0, max(values) * 1.28))
    ax.locator_params(axis="x", nbins=4)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y", visible=False)
axes[0].set_yticks(range(5), names)
axes[0].invert_yaxis()
fig.suptitle("LeNet-5: convolutions (plain) do the work, dense layers (hatched) hold the "
             "weights", fontsize=10)
listed = "; ".join(f"{name} {p:,} and {w:,}"
                   for name, p, w in zip(names, parameters, work, strict=True))
plots.show(fig, alt=f"Two bar charts of LeNet-5's layers, parameters and multiply-adds: "
                    f"{listed}.")

# %% [markdown]
# Two different bills. Parameters cost memory on disk and invite overfitting; multiply-adds cost time.
#
# ## Colour, and a network without convolutions
#
# > **Predict, then run.** The same LeNet-5 on 32 × 32 × **3**. Which numbers change? And an MLP with 84
# > hidden units, 1024-84-10: what does colour do to *it*?

# %%
colour = lenet(shape=(32, 32, 3))
colour_counts = [layer.count_params() for layer in colour.layers if layer.count_params()]
print("LeNet-5, RGB:", colour_counts, "=", f"{colour.count_params():,}")
mlp = {inputs: dense_params(inputs, 84) + dense_params(84, 10) for inputs in (1024, 3072)}
for inputs, count in mlp.items():
    print(f"MLP {inputs}-84-10: ({inputs} + 1) * 84 + (84 + 1) * 10 = {count:,}")
print(f"colour makes the MLP {mlp[3072] / mlp[1024]:.2f} times as large, "
      f"LeNet-5 {colour.count_params() / grey_total:.3f} times")

# %%
assert colour_counts[0] == conv_params(5, 3, 6) == 456
assert colour_counts[1:] == by_hand[1:]
assert colour.count_params() == 61_706 - 156 + 456 == 62_006
assert mlp[1024] == 86_950 and mlp[3072] == 258_982
for inputs, count in mlp.items():
    stack = [layers.Input((inputs,)), layers.Dense(84), layers.Dense(10)]
    assert keras.Sequential(stack).count_params() == count

# %% [markdown]
# Only the first convolution sees the colours: 300 weights more. The MLP connects every pixel with every
# unit, so it grows with the image, almost three times. (Not exactly three: biases and the last layer stay.)
#
# ## Find the mistake
#
# One of the sources that this course is built on prints, for the second convolution of LeNet-5,
#
# $$16 \cdot (3 \cdot 3 \cdot 6) + 16 .$$
#
# > **Predict, then run.** What is wrong with it? If somebody *built* the network that way, would it have
# > fewer parameters in all, or more?

# %%
printed, right = 16 * (3 * 3 * 6) + 16, 16 * (5 * 5 * 6) + 16
print(f"as printed {printed}, with the kernel of LeNet-5 {right:,}")
mistaken_total = sheet(lenet(second_kernel=3))

assert printed == 880 and right == 2416
assert mistaken_total == 81_290 > grey_total

# %% [markdown]
# The pattern is right (filters times weights, plus one bias a filter), the kernel is not: LeNet-5 uses 5 × 5.
# And the network with the *smaller* kernel is the *larger* one. A 3 × 3 kernel trims less from the edge,
# so 6 × 6 instead of 5 × 5 numbers a map reach `Flatten`, and the dense layer behind it pays for each.
# A parameter sheet has to be computed with its shapes, never line by line.

# %% [markdown]
# ## Three mistakes that everybody makes once
#
# Good errors are loud. Meet them here, where they cost nothing. `complaint` prints what Keras says.

# %%
def complaint(action):
    """The error that an action raises, wrapped and indented."""
    try:
        action()
    except ValueError as error:
        return textwrap.fill(f"ValueError: {error}", 88, initial_indent="   ",
                             subsequent_indent="   ")
    raise AssertionError("Keras did not complain")


conv = layers.Conv2D(4, 3)
print("Images without the channel axis:")
print(complaint(lambda: conv(X[:5, :, :, 0])))
print("One image without the batch axis:")
print(complaint(lambda: conv(X[0])))

# %% [markdown]
# **1. A missing axis.** Both arrays have three axes, and the layer wants four. Repair the first with
# `images[..., None]`, the second with `image[None]`. (A whole Sequential model is more forgiving: if only
# the channel axis of a grey image is missing, it may add it without a word. Do not count on it.)
#
# **2. The wrong kind of labels.** Integers go with *sparse* categorical crossentropy, one-hot vectors
# with the plain one.

# %%
sparse = keras.losses.SparseCategoricalCrossentropy()
plain = keras.losses.CategoricalCrossentropy()
one_hot = keras.utils.to_categorical(v[:5], 10)
p = probabilities[:5]
print("One-hot labels, sparse loss:")
print(complaint(lambda: sparse(one_hot, p)))
print("Integer labels, plain loss:")
print(complaint(lambda: plain(v[:5], p)))
matched = float(sparse(v[:5], p)), float(plain(one_hot, p))
print("Matched: sparse {:.6f}, plain {:.6f}".format(*matched))

assert np.isclose(*matched, rtol=1e-5)

# %% [markdown]
# **3. Softmax twice** is the bad one, because nothing need complain. A loss can take probabilities, or raw
# scores (**logits**) with `from_logits=True`, and then applies the softmax itself: more stable, as lecture
# 1 showed. Give it *probabilities* and say `from_logits=True`, and they go through a second softmax.
#
# > **Predict, then run.** Ten classes, a forecast that is certain and right. What does the loss say?

# %%
perfect = keras.utils.to_categorical(v[:5], 10)
sparse_from_logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
once, twice = float(sparse(v[:5], perfect)), float(sparse_from_logits(v[:5], perfect))
floor = np.log(1 + 9 / np.e)
print(f"perfect forecast: {abs(once):.4f}; softmax twice: {twice:.4f} = log(1 + 9/e)")

assert np.isclose(twice, floor, atol=1e-4) and abs(once) < 1e-4

# %% [markdown]
# The second softmax sees scores of 1 and nine times 0, and cannot be surer than $e/(e+9)$. No training can
# push the loss below 1.4612. Watch it try: the same model, with and without a superfluous softmax.

# %%
def short_training(extra):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layers.Input((28, 28, 1)), layers.Flatten(),
                              layers.Dense(10, activation="softmax"), *extra])
    model.compile(optimizer=keras.optimizers.SGD(0.1),
                  loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, y, batch_size=64, epochs=4, verbose=0).history
    return np.array(history["loss"]), history["accuracy"][-1]


once, twice = short_training([]), short_training([layers.Softmax()])
for name, (loss, share) in {"once": once, "twice": twice}.items():
    print(f"softmax {name}: loss {loss[0]:.3f} -> {loss[-1]:.3f}, "
          f"training accuracy {share:.2f}")

assert (twice[0] > floor).all() and once[0][-1] < twice[0][-1]

# %% [markdown]
# It learns, slowly, and never fails: you would look for the fault everywhere else. (With TensorFlow as the
# backend Keras recognises the plainest form of this mistake and warns you.) The first epoch's loss was
# the hint: compare it with $\log 10 \approx 2.30$, and the last one with zero.

# %% [markdown]
# ## A first CNN
#
# Now the contest. Softmax regression; an MLP with 64 hidden units; and a small CNN: two rounds of 3 × 3
# convolution and 2 × 2 max pooling.
#
# > **Predict, then run.** Rank the three by parameters, and by accuracy.

# %%
BODIES = {
    "softmax regression": lambda: [layers.Flatten()],
    "MLP": lambda: [layers.Flatten(), layers.Dense(64, activation="relu")],
    "CNN": lambda: [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(2),
                    layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
                    layers.Flatten()],
}


def build(kind, seed):
    """A fresh, compiled model; the seed decides its first weights."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([layers.Input((28, 28, 1)), *BODIES[kind](),
                              layers.Dense(10, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(0.003),
                  loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


assert sheet(build("CNN", 0)) == 160 + 4640 + 8010 == 12_810
assert build("MLP", 0).count_params() == 50_890

# %% [markdown]
# **Adam** (Kingma and Ba, 2015) is SGD with a step length of its own for each weight; it saves us the
# search for a rate, and week 5 compares it with others. All three get the same images, epochs, batches
# and optimiser. Each is trained from several seeds, because a single run is an anecdote.

# %%
seeds = budget.choose(ci=(0, 1, 2), cpu=(0, 1, 2), gpu=(0, 1, 2, 3, 4))
epochs = budget.choose(ci=5, cpu=8, gpu=12)
models, histories = {}, {}
for kind in BODIES:
    models[kind] = [build(kind, seed) for seed in seeds]
    histories[kind] = []
    for seed, model in zip(seeds, models[kind], strict=True):
        keras.utils.set_random_seed(seed)         # and the order of the images
        fitted = model.fit(X, y, batch_size=64, epochs=epochs, validation_data=(V, v),
                           verbose=0)
        histories[kind].append(fitted.history)

# %%
def over_seeds(kind, what):
    """Mean and standard deviation over the seeds, one value an epoch."""
    runs = np.array([history[what] for history in histories[kind]])
    return runs.mean(axis=0), runs.std(axis=0, ddof=1)


final = {}
for kind in BODIES:
    mean, spread = over_seeds(kind, "val_accuracy")
    final[kind] = mean[-1]
    count = models[kind][0].count_params()
    print(f"{kind:20s}{count:>8,} parameters, validation accuracy "
          f"{mean[-1]:.3f} ± {spread[-1]:.3f} ({len(seeds)} seeds)")

assert final["CNN"] > final["softmax regression"]

# %%
passed = np.arange(1, epochs + 1)
plots.curves(passed, {kind: over_seeds(kind, "val_loss") for kind in BODIES},
             xlabel="epoch", ylabel="validation loss in nats",
             title=f"{len(X):,} training images; mean and spread of {len(seeds)} seeds")

# %% [markdown]
# The CNN has a quarter of the MLP's parameters and beats it: it need not learn anew, at every place, what a
# stroke looks like. `fit` returns a **history** of every metric: the **learning curves**. Always look at
# training and validation together.

# %%
plots.curves(passed, {"training": over_seeds("CNN", "loss"),
                      "validation": over_seeds("CNN", "val_loss")}, xlabel="epoch",
             ylabel="loss in nats", title="Learning curves of the CNN")

# %% [markdown]
# Early on the validation loss can lie *below* the training loss. That is no miracle: Keras averages the
# training loss over the epoch, while the weights improve, and takes the validation loss at its end. If
# the two drift apart later (training falls, validation rises), the model is memorising: **overfitting**,
# the subject of lecture 4.
#
# And the weakness of the templates? In lecture 1 we moved all digits by 3 pixels.

# %%
moved = np.roll(V, 3, axis=2)
after_move = {}
for kind in BODIES:
    shares = [model.evaluate(moved, v, verbose=0)[1] for model in models[kind]]
    after_move[kind] = np.mean(shares)
    print(f"{kind:20s}in place {final[kind]:.3f}, moved {after_move[kind]:.3f} "
          f"± {np.std(shares, ddof=1):.3f}")

assert after_move["CNN"] > after_move["softmax regression"]

# %% [markdown]
# The CNN loses less, but it still loses a lot: its filters do not care about the place, its dense layer at
# the end does.
#
# ## What it gets wrong
#
# The confusion matrix, on **validation** images, of the first CNN:

# %%
cnn = models["CNN"][0]
p_cnn = cnn.predict(V, verbose=0)
said = p_cnn.argmax(axis=1)
plots.confusion_matrix(confusion_matrix(v, said, labels=range(10)), mnist.class_names,
                       title="A small CNN on validation images")

# %% [markdown]
# And single images with all their probabilities: the surest right answer, the least sure one, and the
# surest *mistake*.

# %%
surest = p_cnn.max(axis=1)
correct, wrong = np.flatnonzero(said == v), np.flatnonzero(said != v)
chosen = {"surest": correct[surest[correct].argmax()],
          "least sure": correct[surest[correct].argmin()],
          "surest mistake": wrong[surest[wrong].argmax()] if len(wrong) else correct[0]}
fig, axes = plt.subplots(2, 3, figsize=(7.6, 3.9), layout="constrained",
                         height_ratios=[1.3, 1])
told = []
for (name, i), (above, below) in zip(chosen.items(), axes.T, strict=True):
    above.imshow(V[i, :, :, 0])
    above.set(title=f"{name}: says {said[i]}, is {v[i]}", xticks=[], yticks=[])
    above.grid(False)
    below.bar(range(10), p_cnn[i], color=plots.COLOURS[0])
    below.set(xticks=range(10), ylim=(0, 1), xlabel="class")
    told.append(f"{name}: a {v[i]}, called {said[i]} with probability {surest[i]:.2f}")
axes[1, 0].set_ylabel("probability")
plots.show(fig, alt="Three digits, each above a bar chart of ten probabilities. "
                    + "; ".join(told) + ".")

# %% [markdown]
# A probability near one is no proof. What softmax gives is how sure the *model* is, and networks tend to
# be too sure (Guo et al., 2017).
#
# ## The envelope
#
# The choice is made, by validation: the CNN. Its test accuracy, once, for all seeds:

# %%
T, t = tensors(mnist.test)
tested = np.array([model.evaluate(T, t, verbose=0)[1] for model in models["CNN"]])
print(f"CNN on {len(T):,} test images: {tested.mean():.3f} ± {tested.std(ddof=1):.3f} "
      f"({len(seeds)} seeds, {len(X):,} training images, {epochs} epochs)")

# %% tags=["remove-cell"]
def counts(model):
    return [layer.count_params() for layer in model.layers]


record(
    tiny_parameters=counts(tiny),
    one_convolution={"parameters": counts(one_conv), "flat": flat},
    lenet={"by_hand": by_hand, "by_keras": parameters, "multiply_adds": work},
    colour_parameters=colour_counts,
    mlp_parameters={str(inputs): count for inputs, count in mlp.items()},
    second_convolution={"printed": printed, "right": right},
    mistaken_total=mistaken_total,
    softmax_twice={
        "perfect_loss": float(sparse_from_logits(v[:5], perfect)),
        "training_losses": twice[0]},
    comparison=[
        {"kind": kind, "parameters": models[kind][0].count_params(),
         "accuracy": final[kind], "seeds": len(models[kind])}
        for kind in BODIES],
)

# %% [markdown]
# With more images it gets better still: try the next larger budget. The next lecture takes the network
# that made history.
#
# ## Self-test
#
# **1.** `Conv2D(8, 5)` on a 64 × 64 × 3 image. How many parameters?
#
# (a) 208; (b) 608; (c) 28,800
#
# <details><summary>Answer</summary>
#
# **(b).** $(5 \cdot 5 \cdot 3 + 1) \cdot 8$. (a) forgets that a filter is as deep as its input:
# $(25 + 1) \cdot 8$. (c) is the number of *outputs*, $60 \cdot 60 \cdot 8$; the image size has no place
# in the count.
# </details>
#
# **2.** You double the height and the width of the input of LeNet-5. Which layers get more parameters?
#
# (a) all; (b) the convolutions; (c) the first dense layer only
#
# <details><summary>Answer</summary>
#
# **(c).** More numbers arrive at `Flatten`. The convolutions keep their filters, so (b) is wrong; the
# later dense layers read 120 and 84 numbers as before, so (a) is, too. The *work* of the convolutions
# does grow.
# </details>
#
# **3.** `model.predict(images)` returns an array of shape (100, 10). The labels are
#
# (a) `p.argmax(axis=0)`; (b) `p.argmax(axis=1)`; (c) `p.max(axis=1)`
#
# <details><summary>Answer</summary>
#
# **(b).** Along the classes, one label for each image. (a) gives ten numbers: for each class, the image
# that looks most like it. (c) gives how sure the model is, not of what.
# </details>
#
# **4.** Ten classes, loss stuck at 1.46 while the accuracy climbs. First suspicion?
#
# (a) the rate is too small; (b) softmax is applied twice; (c) the labels are shuffled
#
# <details><summary>Answer</summary>
#
# **(b).** $\log(1 + 9/e)$ is the floor of that mistake. (a) A small rate makes the loss fall slowly, to no
# particular number. (c) With random labels the accuracy on new images stays at a tenth, and the loss near
# $\log 10$.
# </details>
#
# **5.** The validation loss is below the training loss after the first epoch. Why?
#
# (a) the validation images are easier; (b) the training loss is an average over the epoch; (c) overfitting
#
# <details><summary>Answer</summary>
#
# **(b)**, nearly always: the first batches, with the first weights, count in it. (a) is possible and can be
# tested: `evaluate` on both with the same weights. (c) would show the opposite.
# </details>
#
# ## Take-aways
#
# 1. Build (`Sequential`), say how to learn (`compile`), learn (`fit`), measure (`evaluate`), ask
#    (`predict`, then `argmax`). One step of Keras is your NumPy step.
# 2. Dense: $(n+1)\,u$. Convolution: $(F F D + 1)\,K$, whatever the size of the image.
# 3. LeNet-5 has 61,706 parameters: the dense layers hold them, the convolutions do the work.
# 4. Shapes decide the counts: a smaller kernel can make a larger network.
# 5. Missing axes and wrong labels shout; softmax twice whispers. Know the losses to expect: $\log$ of the
#    number of classes at the start.
#
# ## References
#
# - F. Chollet et al. *Keras*. 2015. [keras.io](https://keras.io)
# - C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger. On calibration of modern neural networks. *ICML* 2017.
#   [arXiv:1706.04599](https://arxiv.org/abs/1706.04599)
# - D. P. Kingma, J. Ba. Adam: a method for stochastic optimization. *ICLR* 2015.
#   [arXiv:1412.6980](https://arxiv.org/abs/1412.6980)
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. Gradient-based learning applied to document recognition.
#   *Proceedings of the IEEE* 86(11):2278-2324, 1998. [doi:10.1109/5.726791](https://doi.org/10.1109/5.726791)
