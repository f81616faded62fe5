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
# # Exercise 4: open the network
#
# A network that only gives an answer is hard to trust and hard to improve. In this exercise you
# write the tools that open it: you read out every layer, cover parts of a photograph to see what
# the network misses, ask the gradient which pixels matter, and write Grad-CAM. Before that you
# count the parameters of two famous designs and build the residual block of a third. A small
# network made of your own blocks learns from photographs as you go, and each tool that you finish
# is pointed at it. Some tools ask other questions than those of the lecture: read the formulas.
#
# | question | you write | points |
# |---|---|---|
# | 1 | the parameters of VGG and of an Inception block | 2 |
# | 2 | the feature maps of every layer | 2 |
# | 3 | a residual block | 2.5 |
# | 4 | an occlusion map | 1.5 |
# | 5 | a saliency map | 1.5 |
# | 6 | Grad-CAM | 3.5 |
# | 7 | latent features | 2 |
# | 8 | a colleague's nearest neighbours, repaired, and a latent space made by hand | 3 |
# | 9 | what three explanations are worth, in words | 2 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the
# check below it. A check that fails tells you what it saw and what to think about. After you have
# handed in, further checks with points of their own run on other numbers and other networks, so
# write for any input that fits the description. The last answer is in words, and a person reads it.
# The checks build tiny networks whose weights they know; whether your code is right
# does not depend on luck, nor on how well a network was trained.
#
# **Stuck?** `exercise.hint("1a")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# The whole notebook runs in less than a minute on a laptop. It uses a small, fixed sample of
# CIFAR-10 that comes with the course, the same for everybody. The next cell starts Keras, which
# takes a few seconds.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import logging
import warnings

import matplotlib.pyplot as plt
import numpy as np

import helpers.exercise
from helpers import checks, knn, limits, plots
from helpers.data import load
from helpers.gradients import value_and_gradient

exercise = helpers.exercise.load("week04_visualization")

import keras
from keras import layers

# TensorFlow warns of a notebook that builds many models, and Keras of a list
# in place of a tensor.
logging.getLogger("tensorflow").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="The structure of `inputs`")
warnings.filterwarnings("ignore", message="Do not pass an `input_shape`")

photos = load("cifar10", source="sample")
print(f"Keras {keras.__version__} on {keras.backend.backend()}")
print(photos)

# %% [markdown] nbgrader={"grade": false, "grade_id": "parameters_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (2 points): two famous designs, counted
#
# **a) VGG (1 point).** The networks of Simonyan and Zisserman can be written down as a list: a
# number is a 3 × 3 convolution with so many filters (stride 1, padding `same`), and `"pool"` is a
# max pooling of 2 × 2 with stride 2. After the list comes `Flatten`, then dense layers. Count
# everything, biases included. The images are square. Where a side is odd, pooling drops the last
# row and column.
#
# The cell of the check ends with VGG-16 on 224 × 224 RGB images. Guess first: how many of its
# 16 layers with weights hold half of all parameters?


# %% nbgrader={"grade": false, "grade_id": "vgg_parameters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def vgg_parameters(plan, side, depth, units):
    """Number of parameters of a VGG network.

    Parameters
    ----------
    plan : list of int and str
        An int is a 3 x 3 convolution with so many filters, "pool" halves the
        side.
    side, depth : int
        Height (= width) and channels of the images.
    units : list of int
        Units of the dense layers at the end, the classes last.

    Returns
    -------
    int
        Weights and biases.
    """
    ### BEGIN SOLUTION
    total = 0
    for step in plan:
        if step == "pool":
            side //= 2
        else:
            total += (9 * depth + 1) * step
            depth = step
    inputs = side * side * depth
    for outputs in units:
        total += (inputs + 1) * outputs
        inputs = outputs
    return total
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Take a tiny plan, such as `[4, "pool"]` on 6 x 6 images with three channels,
# and count with a pencil. Which two numbers must you carry from one step to
# the next?
#
# ---
#
# Go through the plan and keep side and depth up to date. A convolution has 9
# weights for each input channel, and a bias, for each of its filters; a
# pooling halves the side with `//`. `Flatten` then gives side times side times
# depth numbers, which is what the first dense layer has as its inputs.
#
# ---
#
# A neighbouring problem: the parameters of a chain of dense layers.
#
# ```python
# def chain(sizes):
#     total = 0
#     for before, after in zip(sizes, sizes[1:]):
#         total += before * after + after  # weights, and a bias for each unit
#     return total
#
# print(chain([784, 32, 10]))  # 25120 + 330
# ```

# %% nbgrader={"grade": true, "grade_id": "vgg_parameters_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
mistakes = {
    "the weights without the biases": (748, "Each filter and each unit has a bias."),
    "the dense layer alone": (650, "The convolutions count too."),
    "the convolution alone": (112, "The dense layer counts too."),
    "a network whose pooling changes nothing": (2682, "What side do the dense layers see?"),
    "a dense layer that sees maps as deep as the image": (
        602,
        "The depth is now the number of filters.",
    ),
    "filters without depth": (690, "A filter is as deep as its input: 3 * 3 * depth weights."),
}
name = "vgg_parameters([4, 'pool'], side=8, depth=3, units=[10])"
got = limits.keeps_input(vgg_parameters, [4, "pool"], 8, 3, [10])
checks.array(got, 762, name, mistakes)
hint = "The second convolution sees the 5 feature maps of the first, not the image."
mistakes = {
    "a network whose convolutions all see the image": (258, hint),
    "a network whose second convolution sees the image": (270, hint),
    "two dense layers on the same input": (
        462,
        "The second dense layer sees the units of the first.",
    ),
}
name = "vgg_parameters([5, 6], side=1, depth=2, units=[3, 10])"
checks.array(vgg_parameters([5, 6], 1, 2, [3, 10]), 95 + 276 + 21 + 40, name, mistakes)
mistakes = {
    "a network whose odd side is rounded up": (77, "Pooling drops the last row and column of 5."),
    "a network whose pooling changes nothing": (173, "What side do the dense layers see?"),
}
name = "vgg_parameters([2, 'pool'], side=5, depth=1, units=[3])"
checks.array(vgg_parameters([2, "pool"], 5, 1, [3]), 47, name, mistakes)
stages = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]
vgg16 = [step for filters, times in stages for step in [filters] * times + ["pool"]]
got = vgg_parameters(vgg16, 224, 3, [4096, 4096, 1000])
checks.array(got, 138_357_544, "the parameters of VGG-16")
print(f"VGG-16 has {got:,} parameters, {25_089 * 4096 / got:.0%} of them in its first dense layer.")

# %% nbgrader={"grade": true, "grade_id": "vgg_parameters_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
for plan, side, depth, units in [
    ([7], 3, 1, [2]),
    ([3, "pool", 5, "pool"], 15, 4, [6, 5, 4]),
    (["pool", 2, 2, 9], 7, 3, [1]),
    ([2, "pool", "pool", 4], 31, 2, [8, 8]),
]:
    expected, height, channels = 0, side, depth
    for step in plan:
        if step == "pool":
            height = height // 2
        else:
            expected, channels = expected + step * channels * 9 + step, step
    sizes = [height**2 * channels, *units]
    expected += sum(a * b + b for a, b in zip(sizes[:-1], sizes[1:], strict=True))
    got = vgg_parameters(list(plan), side, depth, list(units))
    checks.array(got, expected, f"vgg_parameters({plan}, {side}, {depth}, {units})")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "inception_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) Inception (1 point).** GoogLeNet asks several questions at once. Each of its blocks sends the
# same input through four branches and puts their feature maps side by side:
#
# 1. a 1 × 1 convolution,
# 2. a 1 × 1 convolution that reduces the depth, then a 3 × 3 convolution,
# 3. a 1 × 1 convolution that reduces the depth, then a 5 × 5 convolution,
# 4. a 3 × 3 max pooling, then a 1 × 1 convolution.
#
# All with biases, stride 1 and padding `same`. Count the parameters, and say how deep the output
# is. Why the reductions? When your function works, compare with what branch 3 would cost without
# its reduction.


# %% nbgrader={"grade": false, "grade_id": "inception", "locked": false, "schema_version": 3, "solution": true, "task": false}
def inception_parameters(depth, one, three, five, pool):
    """Depth of the output and number of parameters of an Inception block.

    Parameters
    ----------
    depth : int
        Channels of the input.
    one : int
        Filters of branch 1.
    three, five : (int, int)
        Filters of the reduction, and of the 3 x 3 (5 x 5) convolution after
        it.
    pool : int
        Filters of the 1 x 1 convolution after the pooling.

    Returns
    -------
    depth : int
        Channels of the output.
    parameters : int
    """
    ### BEGIN SOLUTION
    total = (depth + 1) * (one + three[0] + five[0] + pool)
    total += (9 * three[0] + 1) * three[1] + (25 * five[0] + 1) * five[1]
    return one + three[1] + five[1] + pool, total
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Draw the four branches and write at each convolution how deep its input is.
# Two of them do not see the input of the block: what do they see?
#
# ---
#
# A convolution of size k has `k * k * (depth of its input) + 1` numbers for
# each filter. Pooling has none, and it does not change the depth. Side by side
# means that the depths of the four *ends* add up; the reductions are inside.
#
# ---
#
# A neighbouring problem: a block of two branches, a 3 x 3 convolution, and a 1
# x 1 reduction with a 7 x 7 convolution after it.
#
# ```python
# def two_branches(depth, three, reduced, seven):
#     first = (9 * depth + 1) * three
#     second = (depth + 1) * reduced
#     second += (49 * reduced + 1) * seven  # sees the reduction only
#     return three + seven, first + second
#
# print(two_branches(16, 8, 2, 4))
# ```

# %% nbgrader={"grade": true, "grade_id": "inception_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
got = inception_parameters(192, 64, (96, 128), (16, 32), 32)  # the first block of GoogLeNet
assert isinstance(got, tuple | list) and len(got) == 2, (
    "inception_parameters should return two numbers: depth, parameters"
)
mistakes = {
    "the depth with the reductions": (368, "The reductions are inside: only branch ends come out."),
    "the input beside the branches": (448, "The pooled input goes through a convolution first."),
    "the depth of a sum": (128, "The branches stand side by side: nothing is added up."),
}
checks.array(got[0], 256, "the depth of the output of GoogLeNet's first block", mistakes)
whole = "The 3 x 3 and the 5 x 5 see only what the reductions leave of the depth."
mistakes = {
    "the weights without the biases": (163_328, "Each filter has a bias, reductions included."),
    "the block without the biases of the reductions": (163_584, "Each filter has a bias."),
    "a block whose 3 x 3 and 5 x 5 see the whole depth": (415_088, whole),
    "a block without reductions": (393_472, whole),
    "a block without branch 4": (157_520, "Pooling has no parameters, the 1 x 1 after it has."),
    "a block with two 3 x 3": (155_504, "A 5 x 5 kernel has 25 weights for each channel."),
}
checks.array(got[1], 163_696, "the parameters of GoogLeNet's first block", mistakes)

# %% nbgrader={"grade": true, "grade_id": "inception_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(11)
for _ in range(5):
    deep, one, a, b, c, d, pool = (int(n) for n in rng.integers(1, 60, size=7))
    expected = deep * one + one + deep * a + a + 9 * a * b + b
    expected += deep * c + c + 25 * c * d + d + deep * pool + pool
    got = inception_parameters(deep, one, (a, b), (c, d), pool)
    name = f"inception_parameters({deep}, {one}, ({a}, {b}), ({c}, {d}), {pool})"
    checks.equal(got, (one + b + d + pool, expected), name)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "feature_maps_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (2 points): read every layer
#
# Your functions get a network and say something about it. You need to know four things about a
# Keras model:
#
# | | |
# |---|---|
# | `model.layers` | its layers; each has a `name`, and an `output`, a symbolic tensor |
# | `model.get_layer(name)` | one of them |
# | `model.inputs[0]`, `model.outputs[0]` | where an image goes in, and where the scores come out |
# | `keras.Model(a, b)` | a new model from the symbolic tensor `a` to `b`, or to a list or dictionary of tensors; it shares the layers, and so the weights |
#
# A model is run by `model.predict(images, verbose=0)`, which gives arrays and is made for many
# images, or by `model(images)`, which gives tensors and is quick for a few;
# `keras.ops.convert_to_numpy` makes an array of a tensor.
#
# Write `feature_maps`: what **every** layer makes of the images, all in one go. Leave out the layer
# that only receives the input (an instance of `layers.InputLayer`).
#
# (The next cell is for the checks only: it takes a network apart and puts it together again, since
# your answers may be graded in another program than the checks.)


# %% nbgrader={"grade": false, "grade_id": "networks", "locked": true, "schema_version": 3, "solution": false, "task": false}
def as_data(model):
    """A network as plain data, for the checks: its plan and its weights."""
    return model.to_json(), model.get_weights()


def from_data(plan, weights):
    """The network that `as_data` took apart."""
    model = keras.models.model_from_json(plan)
    if isinstance(model, keras.Sequential):
        # Its layers remember every step in which it was put together, and
        # `layer.output` is that of the first step. A fresh copy has only one.
        model = keras.models.clone_model(model)
        model = keras.Model(model.inputs[0], model.outputs[0])
    model.set_weights(weights)
    return model


# %% nbgrader={"grade": false, "grade_id": "feature_maps", "locked": false, "schema_version": 3, "solution": true, "task": false}
def feature_maps(model, images):
    """The output of every layer of a network.

    Parameters
    ----------
    model : keras.Model
        It has one input and one output.
    images : ndarray of float32, shape (n, height, width, channels)

    Returns
    -------
    dict of str to ndarray
        For each layer but the InputLayer, under its name: what it gives for
        all the images, shape (n, ...). Dropout and batch normalisation work as
        in use, not as in training.
    """
    ### BEGIN SOLUTION
    found = {
        layer.name: layer.output
        for layer in model.layers
        if not isinstance(layer, layers.InputLayer)
    }
    outputs = keras.Model(model.inputs[0], found)(images, training=False)
    return {name: keras.ops.convert_to_numpy(outputs[name]) for name in found}
    ### END SOLUTION


# What follows is given, and the checks use it: leave it as it is.


def ask(function, network, *arguments):
    """Call one of your functions with a network that `as_data` has taken
    apart.
    """
    return globals()[function](from_data(*network), *arguments)


# %% [markdown] tags=["hints"]
# A model may have many outputs. Which symbolic tensors do you want as outputs
# of a new one, and from which input?
#
# ---
#
# Make a dictionary from the name of each layer to `layer.output`, without the
# `layers.InputLayer`. `keras.Model(model.inputs[0], that_dictionary)` gives a
# dictionary of tensors, when called with `training=False`;
# `keras.ops.convert_to_numpy` makes an array of each.
#
# ---
#
# A neighbouring problem: from one network, the scores and the layer before
# them.
#
# ```python
# import keras
# from keras import layers
#
# inputs = keras.Input((4,))
# hidden = layers.Dense(3, activation="relu", name="hidden")(inputs)
# network = keras.Model(inputs, layers.Dense(2, name="scores")(hidden))
# names = ("hidden", "scores")
# wanted = {name: network.get_layer(name).output for name in names}
# both = keras.Model(network.inputs[0], wanted)
# print({name: part.shape for name, part in both(np.ones((5, 4))).items()})
# ```

# %% nbgrader={"grade": true, "grade_id": "feature_maps_chain_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
chain = keras.Sequential(
    [
        keras.Input((4, 4, 1)),
        layers.Conv2D(1, 2, name="edges"),
        layers.ReLU(name="positive"),
        layers.MaxPooling2D(3, name="largest"),
        layers.Dropout(0.9, name="drop"),
        layers.Flatten(name="row"),
        layers.Dense(2, name="scores"),
    ]
)
kernel = np.array([[-1.0, 1.0], [-1.0, 1.0]])  # what is right minus what is left
chain.set_weights([kernel.reshape(2, 2, 1, 1), np.zeros(1), np.array([[2.0, -3.0]]), np.ones(2)])
step = np.array([[0, 0, 5, 1]] * 4, dtype="float32")
images = np.stack([step, step.T, 2 * step])[..., None]  # the second one has no vertical edge
got = ask("feature_maps", as_data(chain), images)
assert isinstance(got, dict), "feature_maps should return a dictionary: {name of the layer: array}"
names = ["edges", "positive", "largest", "drop", "row", "scores"]
hint = "Every layer, but not the InputLayer: its output is the image."
checks.equal(sorted(got), sorted(names), "the names of the layers", hint)
shapes = [(3, 3, 3, 1), (3, 3, 3, 1), (3, 1, 1, 1), (3, 1, 1, 1), (3, 1), (3, 2)]
for layer, shape in zip(names, shapes, strict=True):
    hint = "Of ALL images: the first axis counts them."
    checks.equal(np.shape(got[layer]), shape, f"the shape of the output of {layer!r}", hint)
edges = np.array([[0.0, 10, -8]] * 3)
checks.array(np.asarray(got["edges"])[0, :, :, 0], edges, "the output of 'edges'")
checks.array(np.asarray(got["positive"])[0, :, :, 0], np.maximum(edges, 0), "of 'positive'")
dropped, kept = np.asarray(got["drop"]).ravel(), np.array([10.0, 0, 20])
scaled = np.isclose(dropped, 0) | np.isclose(dropped, 10 * kept)  # what training does
assert not (scaled & (kept > 0)).any(), (
    "The dropout layer drops values or scales them, as it does in training: use predict, or say "
    "training=False."
)
checks.array(dropped, kept, "the output of 'drop' for the three images")
expected = np.array([[21.0, -29], [1, 1], [41, -59]])
checks.array(np.asarray(got["scores"]), expected, "the output of 'scores'")

# %% nbgrader={"grade": true, "grade_id": "feature_maps_branches_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
inputs = keras.Input((2, 2, 1))
left = layers.Conv2D(1, 1, use_bias=False, name="left")(inputs)
right = layers.Conv2D(1, 1, use_bias=False, name="right")(inputs)
both = layers.Concatenate(name="both")([left, right])
added = layers.Add(name="added")([left, inputs])
largest = layers.GlobalMaxPooling2D(name="largest")(both)
total = layers.GlobalAveragePooling2D(name="mean")(added)
forked = keras.Model(inputs, layers.Concatenate(name="scores")([largest, total]))
forked.get_layer("left").set_weights([np.full((1, 1, 1, 1), 3.0)])
forked.get_layer("right").set_weights([np.full((1, 1, 1, 1), -1.0)])
images = np.array([[[1.0, 2], [3, 6]]], dtype="float32")[..., None]
try:
    got = ask("feature_maps", as_data(forked), images)
except ValueError as problem:
    raise AssertionError(
        "In a network with branches the layers do not follow one after another: let keras.Model find "
        f"the way to all their outputs. Keras says: {problem}"
    ) from problem
assert isinstance(got, dict), "feature_maps should return a dictionary: {name of the layer: array}"
names = ["left", "right", "both", "added", "largest", "mean", "scores"]
hint = "Every layer, but not the InputLayer."
checks.equal(sorted(got), sorted(names), "the names of the layers of a network with branches", hint)
expected = {
    "left": 3 * images,
    "right": -images,
    "both": np.concatenate([3 * images, -images], axis=-1),
    "added": 4 * images,
    "largest": [[18, -1]],
    "mean": [[12]],
    "scores": [[18, -1, 12]],
}
for layer, values in expected.items():
    values = np.array(values, dtype=float)
    name = f"the output of {layer!r}, in a network with branches"
    checks.array(np.asarray(got[layer]), values, name)

# %% nbgrader={"grade": true, "grade_id": "feature_maps_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(32)
inputs = keras.Input((5, 5, 2))
one = layers.Conv2D(3, 1, activation="relu", name="one")(inputs)
two = layers.Conv2D(3, 1, activation="tanh", name="two")(one)
sums = layers.Add(name="sums")([one, two])
flat = layers.Flatten(name="flat")(sums)
forked = keras.Model(inputs, layers.Dense(2, name="out")(flat))
weights = [rng.normal(size=array.shape) for array in forked.get_weights()]
forked.set_weights(weights)
images = rng.normal(size=(4, 5, 5, 2)).astype("float32")
first = np.maximum(images @ weights[0][0, 0] + weights[1], 0)
second = np.tanh(first @ weights[2][0, 0] + weights[3])
flat = (first + second).reshape(4, -1)
expected = {"one": first, "two": second, "sums": first + second, "flat": flat}
expected["out"] = flat @ weights[4] + weights[5]
got = ask("feature_maps", as_data(forked), images)
checks.equal(sorted(got), sorted(expected), "the names of the layers")
for layer, values in expected.items():
    checks.array(np.asarray(got[layer]), values, f"the output of {layer!r}", rtol=1e-3, atol=1e-4)
chain = keras.Sequential(
    [
        keras.Input((9, 7, 3)),
        layers.Conv2D(5, 3, strides=2, padding="same", name="a"),
        layers.BatchNormalization(momentum=0.9, name="b"),
        layers.Activation("tanh", name="c"),
        layers.GlobalAveragePooling2D(name="d"),
        layers.Dropout(0.5, name="e"),
        layers.Dense(4, activation="softmax", name="f"),
    ]
)
rng = np.random.default_rng(31)
weights = [rng.uniform(0.2, 1, size=array.shape) for array in chain.get_weights()]
chain.set_weights(weights)
images = rng.normal(size=(6, 9, 7, 3)).astype("float32")
got = ask("feature_maps", as_data(chain), images)
checks.equal(sorted(got), list("abcdef"), "the names of the layers")
x = images
for layer in chain.layers:
    x = keras.ops.convert_to_numpy(layer(x, training=False) if layer.name in "be" else layer(x))
    checks.array(
        np.asarray(got[layer.name]), x, f"the output of {layer.name!r}", rtol=1e-4, atol=1e-5
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "residual_block_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (2.5 points): the residual block
#
# He and others found in 2015 that a deep network can be *worse* than a shallow one on its own
# training data: the layers in between fail to learn even the identity. Their way out: let a block
# compute only what has to be **added** to its input. If there is nothing to add, zeros are enough.
#
# ```
#  x ──┬── conv1 ── bn1 ── relu1 ── conv2 ── bn2 ──┬── add ── relu2 ──▶
#      └───────── (projection ── bn_projection) ───┘
# ```
#
# - `conv1` and `conv2` are 3 × 3 with padding `same`. `conv1` has the stride of the block, `conv2`
#   has stride 1.
# - `bn1`, `bn2` and `bn_projection` are `layers.BatchNormalization`, with `momentum=0.9`, so that
#   its averages keep up in a short training. It shifts each channel, so a bias before it would do
#   nothing: no convolution here has one (`use_bias=False`).
# - The **shortcut** is the input itself. Only where the block changes the shape (its stride is not
#   1, **or** the number of channels changes) it is a `projection`: a 1 × 1 convolution with the
#   stride of the block, then `bn_projection`.
# - The sum comes first, then the last ReLU.
#
# `x` is a symbolic tensor of Keras's functional API: `layers.ReLU(name="a")(x)` gives the next one,
# and `x.shape[-1]` is its number of channels. Name your layers as above, with the name of the
# block in front: `name=f"{name}_conv1"` and so on.
#
# The checks look at the parts, at the way they are joined, and at the projection.


# %% nbgrader={"grade": false, "grade_id": "residual_block", "locked": false, "schema_version": 3, "solution": true, "task": false}
def residual_block(x, filters, stride=1, name="block"):
    """A residual block with two 3 x 3 convolutions.

    Parameters
    ----------
    x : symbolic tensor, shape (batch, height, width, channels)
    filters : int
        Channels of the output.
    stride : int
        Of the first convolution (and of the projection).
    name : str
        The layers are called "<name>_conv1", "<name>_bn1" and so on.

    Returns
    -------
    symbolic tensor, shape (batch, height / stride, width / stride, filters)
        With a stride that does not divide the sides, these are rounded up.
    """
    ### BEGIN SOLUTION
    y = layers.Conv2D(
        filters,
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        name=f"{name}_conv1",
    )(x)
    y = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn1")(y)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = layers.Conv2D(
        filters, 3, padding="same", use_bias=False, name=f"{name}_conv2"
    )(y)
    y = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn2")(y)
    if stride != 1 or x.shape[-1] != filters:
        x = layers.Conv2D(
            filters,
            1,
            strides=stride,
            use_bias=False,
            name=f"{name}_projection",
        )(x)
        x = layers.BatchNormalization(
            momentum=0.9, name=f"{name}_bn_projection"
        )(x)
    y = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=f"{name}_relu2")(y)
    ### END SOLUTION


# What follows is given, and the checks use it: leave it as it is.


def block_model(shape, filters, stride=1, name="block"):
    """A network of nothing but your block."""
    inputs = keras.Input(shape)
    return keras.Model(
        inputs, residual_block(inputs, filters, stride, name=name)
    )


def block_sheet(shape, filters, stride=1, name="block"):
    """Parameters and shape of the output of each of its layers, by name."""
    found = {}
    for layer in block_model(shape, filters, stride, name).layers[1:]:
        own = layer.name.startswith(f"{name}_")
        short = (
            layer.name.removeprefix(f"{name}_") if own else f"({layer.name})"
        )
        found[short] = (layer.count_params(), tuple(layer.output.shape[1:]))
    return found


def block_momenta(shape, filters, stride=1):
    """The momentum of each batch normalisation."""
    norms = block_model(shape, filters, stride).layers
    return {
        layer.name: layer.momentum
        for layer in norms
        if hasattr(layer, "momentum")
    }


def run_block(images, filters, stride, weights):
    """What the block makes of images with weights {"conv1": [kernel], ...}."""
    model = block_model(images.shape[1:], filters, stride)
    for name, arrays in weights.items():
        model.get_layer(f"block_{name}").set_weights(arrays)
    return keras.ops.convert_to_numpy(model(images, training=False))


# %% [markdown] tags=["hints"]
# Follow the drawing with a finger, line by line. Each box is one line of code:
# what goes into it, and what is its name? Which variable must still hold the
# input of the block when you come to `add`?
#
# ---
#
# Call the upper branch `y` and leave `x` alone: `y = layers.Conv2D(...)(x)`,
# then each layer on `y`. The projection replaces `x`, and only if the stride
# is not 1 or `x.shape[-1]` differs from `filters`. `layers.Add(name=...)` is
# called on a list of two tensors. Look once more at which layers have
# `use_bias=False`, `padding="same"` and a stride.
#
# ---
#
# A neighbouring block: a dense layer whose result is multiplied with its
# input, which is brought to the right length where it has another one.
#
# ```python
# import keras
# from keras import layers
#
# def gated(x, units, name="gate"):
#     y = layers.Dense(units, activation="sigmoid", name=f"{name}_dense")(x)
#     if x.shape[-1] != units:
#         x = layers.Dense(units, use_bias=False, name=f"{name}_fit")(x)
#     return layers.Multiply(name=f"{name}_times")([x, y])
#
# inputs = keras.Input((5,))
# model = keras.Model(inputs, gated(inputs, 3))
# print([layer.name for layer in model.layers], model.output_shape)
# ```

# %% nbgrader={"grade": true, "grade_id": "residual_parts_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
try:
    sheet = block_sheet((8, 8, 16), 16)
except ValueError as problem:
    raise AssertionError(
        "The block cannot be built for 8 x 8 x 16 and 16 filters. Is padding 'same' everywhere? "
        f"Keras says: {problem}"
    ) from problem
parameters = {name: count for name, (count, _) in sheet.items() if count}
if "conv1" in parameters:
    mistakes = {
        "a convolution with biases": (2320, "Batch normalisation shifts: use_bias=False."),
        "a 1 x 1 convolution": (256, "conv1 is 3 x 3."),
        "a 5 x 5 convolution": (6400, "conv1 is 3 x 3."),
    }
    checks.array(parameters["conv1"], 2304, "the parameters of conv1, 16 channels to 16", mistakes)
assert "projection" not in parameters, (
    "The block does not change the shape, and yet there is a projection. Here the shortcut is the "
    "input itself."
)
expected = {"conv1": 2304, "bn1": 64, "conv2": 2304, "bn2": 64}
hint = "Two convolutions, each with a batch normalisation. Are they called block_conv1 and so on?"
checks.equal(parameters, expected, "the layers with parameters, 16 channels to 16", hint)
shapes = {name: shape for name, (_, shape) in sheet.items()}
hint = "padding='same' keeps height and width."
for part in expected:
    checks.equal(shapes[part], (8, 8, 16), f"the shape of the output of {part}", hint)
assert list(shapes.values())[-1] == (8, 8, 16), (
    f"The block gives {list(shapes.values())[-1]} for (8, 8, 16): the shortcut is ADDED."
)
named = [part for part in block_sheet((4, 4, 2), 2, 1, "stage3") if part in expected]
checks.equal(
    sorted(named),
    sorted(expected),
    "the parts of a block that is called 'stage3', so 'stage3_conv1' and so on",
    "Is `name` in the name of every layer?",
)
hint = "Its averages should keep up in a short training: momentum=0.9. (Keras takes 0.99 untold.)"
for part, momentum in block_momenta((4, 4, 2), 3, 2).items():
    checks.equal(float(momentum), 0.9, f"the momentum of {part}", hint)

# %% nbgrader={"grade": true, "grade_id": "residual_join_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(20)
images = rng.normal(size=(2, 4, 4, 3)).astype("float32")
positive = np.maximum(images, 0)
centre = np.zeros((3, 3, 3, 3), dtype="float32")
centre[1, 1] = np.eye(3)  # a 3 x 3 convolution with this kernel changes nothing
nothing = {"conv1": [0 * centre], "conv2": [0 * centre]}
mistakes = {
    "nothing at all": (0 * images, "Where is the shortcut? The input is added."),
    "the input as it came": (images, "The sum goes through a last ReLU."),
    "the input twice": (2 * positive, "Add the input to the output of bn2."),
}
name = "all kernels 0: the block should give its input back, with 0 for what is negative. It"
checks.array(run_block(images, 3, 1, nothing), positive, name, mistakes, rtol=5e-3, atol=5e-3)

name = "conv1 keeps what it gets, conv2 halves it and changes its sign: the block"
mistakes = {
    "what comes of a ReLU before the sum": (positive, "bn2 goes into the sum as it is."),
    "a sum without a last ReLU": (images - positive / 2, "The sum goes through a last ReLU."),
    "the first branch alone": (0 * images, "Where is the shortcut? The input is added."),
}
halved = {"conv1": [centre], "conv2": [-0.5 * centre]}
checks.array(run_block(images, 3, 1, halved), positive / 2, name, mistakes, rtol=5e-3, atol=5e-3)
name = "conv1 keeps what it gets, conv2 doubles it and changes its sign: the block"
mistakes = {
    "a block without relu1": (np.maximum(-images, 0), "There is a ReLU between the convolutions."),
    "the negative part left over": (-np.maximum(-images, 0), "The sum goes through a last ReLU."),
    "what comes of a ReLU before the sum": (positive, "bn2 goes into the sum as it is."),
}
doubled = {"conv1": [centre], "conv2": [-2 * centre]}
checks.array(run_block(images, 3, 1, doubled), 0 * images, name, mistakes, rtol=5e-3, atol=5e-3)

# %% nbgrader={"grade": true, "grade_id": "residual_projection_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
for shape, filters, stride, why in [
    ((8, 8, 4), 6, 2, "height, width and channels change"),
    ((8, 8, 4), 6, 1, "the channels change"),
    ((8, 8, 4), 4, 2, "height and width change"),
]:
    case = f"a block from {shape} to {filters} filters, stride {stride}"
    hint = f"The {why}, so the shortcut needs a projection."
    try:
        sheet = block_sheet(shape, filters, stride)
    except ValueError as problem:
        raise AssertionError(f"{case}, cannot be built. {hint} Keras says: {problem}") from problem
    parameters = {name: count for name, (count, _) in sheet.items() if count}
    assert "projection" in parameters, f"{case}, has no layer 'projection'. {hint}"
    mistakes = {
        "a 3 x 3 convolution": (9 * 4 * filters, "The projection is 1 x 1."),
        "a convolution with biases": (5 * filters, "It has no bias: bn_projection shifts."),
    }
    name = f"{case}: the parameters of the projection"
    checks.array(parameters["projection"], 4 * filters, name, mistakes)
    hint = "The projection is followed by a batch normalisation of its own."
    assert parameters.get("bn_projection") == 4 * filters, f"{case}: no 'bn_projection'. {hint}"
    side = 8 // stride
    hint = "The FIRST convolution has the stride of the block, and the projection too."
    for part in ("conv1", "conv2", "projection"):
        expected = (side, side, filters)
        checks.equal(sheet[part][1], expected, f"{case}: the shape after {part}", hint)

images = np.arange(-8, 8, dtype="float32").reshape(1, 4, 4, 1)
zeros = {"conv1": [np.zeros((3, 3, 1, 2))], "conv2": [np.zeros((3, 3, 2, 2))]}
lift = {"bn2": [np.ones(2), np.full(2, 3.0), np.zeros(2), np.ones(2)]}  # bn2 gives 3 everywhere
weights = {**zeros, **lift, "projection": [np.array([[[[1.0, -1.0]]]])]}
picked = images[:, ::2, ::2]
both = np.concatenate([picked, -picked], axis=-1)
mistakes = {
    "a sum without a last ReLU": (both + 3, "The ReLU comes after the sum."),
    "the first branch alone": (0 * both + 3, "Is the projection of the INPUT added?"),
    "the projection alone": (np.maximum(both, 0), "Add it to the output of bn2."),
    "what comes of a ReLU on the projection": (
        np.maximum(both, 0) + 3,
        "Projection and bn_projection go into the sum as they are.",
    ),
}
name = "bn2 gives 3 everywhere, the projection (x, -x), stride 2: the block"
checks.array(run_block(images, 2, 2, weights), np.maximum(both + 3, 0), name, mistakes, atol=1e-2)

# %% nbgrader={"grade": true, "grade_id": "residual_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
for shape, filters in [((5, 7, 3), 3), ((12, 12, 40), 40)]:
    sheet = block_sheet(shape, filters)
    counted = {name: count for name, (count, _) in sheet.items() if count}
    conv, norm = 9 * filters**2, 4 * filters
    expected = {"conv1": conv, "bn1": norm, "conv2": conv, "bn2": norm}
    checks.equal(counted, expected, f"the layers with parameters, {filters} channels to {filters}")
    assert list(sheet.values())[-1][1] == shape, "the block changes the shape"


def conv_by_hand(x, kernel, stride):
    sides, size = x.shape[1:3], kernel.shape[0]
    pads = [max((-(-side // stride) - 1) * stride + size - side, 0) for side in sides]
    x = np.pad(x, ((0, 0), *[(pad // 2, pad - pad // 2) for pad in pads], (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.einsum("nhwcij,ijcf->nhwf", windows[:, ::stride, ::stride], kernel)


def block_by_hand(x, stride, weights):
    def norm(y, numbers):
        gamma, beta, mean, variance = numbers
        return gamma * (y - mean) / np.sqrt(variance + 1e-3) + beta

    y = norm(conv_by_hand(x, weights["conv1"][0], stride), weights["bn1"])
    y = norm(conv_by_hand(np.maximum(y, 0), weights["conv2"][0], 1), weights["bn2"])
    if "projection" in weights:
        x = norm(conv_by_hand(x, weights["projection"][0], stride), weights["bn_projection"])
    return np.maximum(x + y, 0)


rng = np.random.default_rng(21)
for height, width, channels in [(5, 6, 2), (4, 4, 5)]:
    images = rng.normal(size=(2, height, width, channels)).astype("float32")
    weights = {}
    for layer in ("1", "2"):
        kernel = rng.normal(0, 0.4, size=(3, 3, channels, channels))
        weights["conv" + layer] = [kernel.astype("float32")]
        numbers = [*rng.normal(size=(3, channels)), rng.uniform(0.5, 2, size=channels)]
        weights["bn" + layer] = [one.astype("float32") for one in numbers]
    name = f"the block with random weights, {height} x {width} x {channels}"
    got, expected = run_block(images, channels, 1, weights), block_by_hand(images, 1, weights)
    checks.array(got, expected, name, rtol=1e-3, atol=1e-3)
def convolved(x, kernel, stride):
    sides, size = x.shape[1:3], kernel.shape[0]
    pads = [max((-(-side // stride) - 1) * stride + size - side, 0) for side in sides]
    x = np.pad(x, ((0, 0), *[(pad // 2, pad - pad // 2) for pad in pads], (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.einsum("nhwcij,ijcf->nhwf", windows[:, ::stride, ::stride], kernel)


def projected_block(x, stride, weights):
    def norm(y, numbers):
        gamma, beta, mean, variance = numbers
        return gamma * (y - mean) / np.sqrt(variance + 1e-3) + beta

    y = norm(convolved(x, weights["conv1"][0], stride), weights["bn1"])
    y = norm(convolved(np.maximum(y, 0), weights["conv2"][0], 1), weights["bn2"])
    x = norm(convolved(x, weights["projection"][0], stride), weights["bn_projection"])
    return np.maximum(x + y, 0)


rng = np.random.default_rng(22)
for height, width, channels, filters, stride in [(6, 5, 2, 3, 2), (4, 7, 3, 3, 2), (4, 3, 1, 4, 1)]:
    images = rng.normal(size=(2, height, width, channels)).astype("float32")
    sizes = {"conv1": (3, 3, channels), "conv2": (3, 3, filters), "projection": (1, 1, channels)}
    weights = {}
    for layer, size in sizes.items():
        kernel = rng.normal(0, 0.4, size=(*size, filters))
        weights[layer] = [kernel.astype("float32")]
    for layer in ("bn1", "bn2", "bn_projection"):
        numbers = [*rng.normal(size=(3, filters)), rng.uniform(0.5, 2, size=filters)]
        weights[layer] = [one.astype("float32") for one in numbers]
    case = f"{height} x {width} x {channels} to {filters} channels, stride {stride}"
    got, expected = (
        run_block(images, filters, stride, weights),
        projected_block(images, stride, weights),
    )
    checks.array(got, expected, f"random weights, {case}: the block", rtol=1e-3, atol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# **A network of your own.** A stem, two of your blocks, the mean of each feature map (that layer is
# called `latent`), and ten scores. It learns from 1,200 photographs in a few seconds; nobody should
# expect wonders of it. It is the patient of all that follows.


# %%
def photo_network(block):
    """A small residual network for 32 x 32 photographs."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(
        16, 3, strides=2, padding="same", activation="relu", name="stem"
    )(inputs)
    x = block(x, 16, name="block1")
    x = block(x, 32, stride=2, name="block2")
    x = layers.GlobalAveragePooling2D(name="latent")(x)
    return keras.Model(inputs, layers.Dense(10, name="scores")(x))


def stand_in(x, filters, stride=1, name="block"):
    """A plain convolution, as long as question 3 is open."""
    name = f"{name}_relu2"
    return layers.Conv2D(
        filters, 3, stride, "same", activation="relu", name=name
    )(x)


keras.utils.set_random_seed(4)
try:
    photo_net = photo_network(residual_block)
except NotImplementedError:
    print(
        "Question 3 is still open: plain convolutions stand in for your "
        "blocks."
    )
    photo_net = photo_network(stand_in)
untrained = photo_net.get_weights()
photo_net.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.003),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
learning = photo_net.fit(
    photos.train.images.astype("float32") / 255,
    photos.train.labels,
    validation_data=(
        photos.validation.images.astype("float32") / 255,
        photos.validation.labels,
    ),
    epochs=8,
    batch_size=40,
    verbose=0,
).history
plots.curves(
    range(1, 9),
    {"training": learning["accuracy"], "validation": learning["val_accuracy"]},
    xlabel="epoch",
    ylabel="accuracy",
    title=f"{photo_net.count_params():,} parameters learn from 1,200 "
    "photographs",
)

# %% [markdown]
# Point your `feature_maps` at it. Below are the first eight maps of every other layer, for
# one photograph of the validation set. Where do you still see the photograph? Where is only "here
# is something" left?

# %%
specimen = int(
    np.flatnonzero(
        photos.validation.labels == photos.class_names.index("ship")
    )[0]
)
maps_seen = feature_maps(
    photo_net, photos.validation.images[specimen : specimen + 1] / 255
)
shown = {}
for layer in photo_net.layers:
    if layer.name == "stem" or "relu" in layer.name:
        array = maps_seen[layer.name][0]
        shown[layer.name] = array / max(float(array.max()), 1e-9)
figure, axes = plt.subplots(
    len(shown),
    9,
    figsize=(7.2, 0.85 * len(shown)),
    layout="constrained",
    squeeze=False,
)
for row, (layer_name, array) in zip(axes, shown.items(), strict=True):
    pictures = [
        photos.validation.images[specimen],
        *np.moveaxis(array[..., :8], -1, 0),
    ]
    for ax, picture in zip(row, pictures, strict=True):
        ax.imshow(picture, vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
    name = layer_name.replace("_", "\n")
    row[0].set_ylabel(
        f"{name}\n{array.shape[0]} × {array.shape[1]}", fontsize=7
    )
figure.suptitle(
    "One photograph, and eight maps of each layer (white: strong)", fontsize=10
)
plots.show(
    figure,
    alt="A photograph of a ship beside the first eight feature maps of "
    f"{', '.join(shown)}; the maps get coarser from row to row.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "occlusion_map_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (1.5 points): cover and ask again
#
# The plainest question to a network: would you say the same if you could not see *this*? Cover a
# square of `patch` × `patch` pixels with one value, ask again, and note by how much the **lead** of
# a label **fell**:
#
# $$\text{drop}[i, j] = s(\text{image}) - s(\text{image with the square covered whose top left
# corner is at pixel } (i \cdot \text{stride},\; j \cdot \text{stride}))$$
#
# The lecture took the score of the label for $s$. That falls as well when *all* scores fall, and
# then the answer stays the same. So here $s = z_\text{label} - \max_{k \ne \text{label}} z_k$ is the
# lead of the label over the best of the others (negative where another one is ahead). Only squares that lie wholly within
# the image count, so the map is smaller than the image; the formula for its sides is an old
# friend from week 2. Each question starts from the **whole** image again. Ask about all the
# covered images in one call of the network: one by one gives the same map, but is many times
# slower.


# %% nbgrader={"grade": false, "grade_id": "occlusion_map", "locked": false, "schema_version": 3, "solution": true, "task": false}
def occlusion_map(model, image, label, patch, stride, fill=0.5):
    """How much the lead of a label falls when a square of the image is
    covered.

    Parameters
    ----------
    model : keras.Model
    image : ndarray of float32, shape (height, width, channels)
        It is not changed.
    label : int
        Which output of the network is asked for.
    patch, stride : int
        Side of the square, and its step, in pixels.
    fill : float
        The value that covers the square, in all channels.

    Returns
    -------
    ndarray of float, shape (rows, columns)
        The drop for each place of the square; positive where covering costs
        the label its lead.
    """
    ### BEGIN SOLUTION
    height, width = image.shape[:2]
    tops = range(0, height - patch + 1, stride)
    lefts = range(0, width - patch + 1, stride)
    batch = [image]
    for top in tops:
        for left in lefts:
            covered = image.copy()
            covered[top : top + patch, left : left + patch] = fill
            batch.append(covered)
    scores = keras.ops.convert_to_numpy(model(np.stack(batch), training=False))
    lead = scores[:, label] - np.delete(scores, label, axis=1).max(axis=1)
    return (lead[0] - lead[1:]).reshape(len(tops), len(lefts))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How many places of the square are there in each direction, and where does
# each begin? And what could go wrong if you cover the *same* array again and
# again?
#
# ---
#
# `range(0, height - patch + 1, stride)` lists the tops. For each top and left
# take `image.copy()`, cover it, and put it into a list. One call of the model
# on `np.stack(list)` answers all; the whole image may travel as the first of
# them. `np.delete(scores, label, axis=1)` leaves the other labels, whose
# maximum is taken row by row. A `reshape` turns the drops into the map.
#
# ---
#
# A neighbouring problem: how much does the mean of a line fall if two of its
# numbers are set to 0, for each place of the two?
#
# ```python
# line = np.array([1.0, 5.0, 2.0, 8.0])
# versions = []
# for start in range(len(line) - 2 + 1):
#     version = line.copy()  # always from the whole line
#     version[start : start + 2] = 0
#     versions.append(version)
# print(line.mean() - np.stack(versions).mean(axis=1))
# ```

# %% nbgrader={"grade": true, "grade_id": "occlusion_map_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Score 0 is the sum of all pixels, score 1 is minus four times that, score 2 minus once. So the lead
# of label 0 is twice the sum, that of label 1 minus five times. (Dropout does nothing in use.)
adding = keras.Sequential(
    [
        keras.Input((4, 4, 1)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(3, use_bias=False, name="scores"),
    ]
)
adding.set_weights([np.tile([[1.0, -4.0, -1.0]], (16, 1))])
image = np.zeros((4, 4, 1), dtype="float32")
image[0, 0], image[1, 3], image[3, 2] = 1, 2, 3  # three bright pixels, 6 in all
got = limits.keeps_input(ask, "occlusion_map", as_data(adding), image, 0, 2, 2, 0.0)
bright = np.ones((4, 4, 1), dtype="float32")
twice = [ask("occlusion_map", as_data(adding), bright, 0, 1, 1, 0.0) for _ in range(2)]
assert np.array_equal(*twice), (
    "Asked twice, occlusion_map gives two maps: the network drops units as it does while it is "
    "trained. Call it with training=False."
)
alone = "Subtract the best score among the OTHER labels."
mistakes = {
    "how much the lead RISES": ([[-2, -4], [0, -6]], "The whole image minus the covered one."),
    "the lead in the covered images": ([[10, 8], [12, 6]], "Subtract it from the whole image's."),
    "the drop of the score, not of the lead": ([[1, 2], [0, 3]], alone),
    "the drop of another label": ([[-5, -10], [0, -15]], "Use `label`."),
    "0 everywhere": ([[0, 0], [0, 0]], "The best of the OTHERS: leave out the label itself."),
    "the lead over the mean of the others": ([[3.5, 7], [0, 10.5]], alone),
    "the lead over the worst of the others": ([[5, 10], [0, 15]], alone),
    "the lead over the sum of the others": ([[6, 12], [0, 18]], alone),
    "what comes of squares that stay covered": ([[2, 6], [6, 12]], "Start from a copy each time."),
    "the map with its axes swapped": ([[2, 0], [4, 6]], "Rows come first."),
}
name = "patch 2, stride 2, fill 0, on an image with three bright pixels: occlusion_map"
checks.array(np.asarray(got), np.array([[2.0, 4], [0, 6]]), name, mistakes)
mistakes = {
    "the drop with a fill of 0": ([[2, 4], [0, 6]], "Is `fill` used?"),
    "what comes of squares that stay covered": ([[-2, -2], [-6, -4]], "Copy the image each time."),
    "the drop of the score, not of the lead": ([[-1, 0], [-2, 1]], alone),
}
got = ask("occlusion_map", as_data(adding), image, 0, 2, 2)
name = "the same with fill 0.5, four times in each square: occlusion_map"
checks.array(np.asarray(got), np.array([[-2.0, 0], [-4, 2]]), name, mistakes)
got = ask("occlusion_map", as_data(adding), image, 1, 2, 2, 0.0)
mistakes = {
    "the drop of label 0": ([[2, 4], [0, 6]], "Use `label`."),
    "the drop of the score, not of the lead": ([[-4, -8], [0, -12]], alone),
    "the drop with its sign lost": ([[5, 10], [0, 15]], "A lead may be negative, a drop as well."),
}
name = "the same for label 1, fill 0: occlusion_map"
checks.array(np.asarray(got), np.array([[-5.0, -10], [0, -15]]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "occlusion_map_shapes_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Each score is the largest pixel of a channel: covering matters at one place only, and only if all
# of it is covered.
largest = keras.Sequential([keras.Input((3, 5, 3)), layers.GlobalMaxPooling2D(name="largest")])
image = np.zeros((3, 5, 3), dtype="float32")
image[1, 2] = [0.2, 0.9, 0.4]
got = ask("occlusion_map", as_data(largest), image, 1, 2, 1, 0.1)
assert np.shape(got) != (3, 5), (
    "The map has the shape of the image, (3, 5): only squares that lie wholly within count."
)
assert np.shape(got) != (4, 2), "The map is (4, 2), expected (2, 4): rows come first."
expected = np.array([[0, 0.5, 0.5, 0], [0, 0.5, 0.5, 0]])
mistakes = {
    "the drop of the score, not of the lead": (expected / 0.5 * 0.8, "Subtract the best other."),
    "the lead over label 0": (expected / 0.5 * 0.7, "The BEST of all other labels."),
    "0 everywhere": (0 * expected, "Does the square cover ALL channels?"),
}
name = "patch 2, stride 1, on 3 x 5 pixels with one bright one: occlusion_map"
checks.array(np.asarray(got), expected, name, mistakes)
got = ask("occlusion_map", as_data(largest), image, 2, 2, 3, 0.0)
name = "patch 2, stride 3, on 3 x 5 pixels: occlusion_map"
checks.equal(
    np.shape(got), (1, 2), f"the shape of {name}", "floor((5 - 2) / 3) + 1 places in a row."
)
checks.array(np.asarray(got), np.array([[0.0, 0.0]]), name)
got = ask("occlusion_map", as_data(largest), image, 2, 3, 1, 0.0)
name = "patch 3, as high as the image, label 2 (which another one leads): occlusion_map"
checks.array(np.asarray(got), np.array([[-0.5, -0.5, -0.5]]), name)
# Two pixels, three scores: which of the others is the best changes with what is covered.
pair = keras.Sequential(
    [keras.Input((1, 2, 1)), layers.Flatten(), layers.Dense(3, use_bias=False, name="scores")]
)
pair.set_weights([np.array([[1.0, 2.0, 0.0], [1.0, 0.0, 1.5]])])
got = ask("occlusion_map", as_data(pair), np.full((1, 2, 1), 2, dtype="float32"), 0, 1, 1, 0.0)
mistakes = {
    "the lead over the rival of the whole image": (
        [[-2, 2]],
        "In each covered image, look anew for the best of the others.",
    ),
}
name = "two pixels, whose covering makes another label the best rival: occlusion_map"
checks.array(np.asarray(got), np.array([[1.0, 2.0]]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "occlusion_map_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(41)
bent = keras.Sequential(
    [
        keras.Input((9, 6, 3)),
        layers.Conv2D(4, 3, activation="tanh"),
        layers.Flatten(),
        layers.Dense(2),
    ]
)
weights = [rng.normal(0, 0.5, size=array.shape) for array in bent.get_weights()]
bent.set_weights(weights)


def score_by_hand(image, label):
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(0, 1))
    x = np.tanh(np.einsum("hwcij,ijcf->hwf", windows, weights[0]) + weights[1])
    scores = x.ravel() @ weights[2] + weights[3]
    return scores[label] - scores[1 - label]


image = rng.uniform(size=(9, 6, 3)).astype("float32")
for label, patch, stride, fill in [(0, 4, 2, 0.5), (1, 2, 3, 0.0)]:
    rows, columns = (9 - patch) // stride + 1, (6 - patch) // stride + 1
    expected = np.zeros((rows, columns))
    for i, j in np.ndindex(rows, columns):
        hidden = np.array(image)
        hidden[i * stride : i * stride + patch, j * stride : j * stride + patch] = fill
        expected[i, j] = score_by_hand(image, label) - score_by_hand(hidden, label)
    got = ask("occlusion_map", as_data(bent), image.copy(), label, patch, stride, fill)
    name = f"a network with tanh, patch {patch}, stride {stride}: occlusion_map"
    checks.array(np.asarray(got), expected, name, rtol=1e-3, atol=1e-4)
rng = np.random.default_rng(40)
weights = rng.normal(size=(5, 6, 2, 3)).astype("float32")
adding = keras.Sequential(
    [keras.Input((5, 6, 2)), layers.Flatten(), layers.Dense(3, use_bias=False)]
)
adding.set_weights([weights.reshape(-1, 3)])
image = rng.uniform(size=(5, 6, 2)).astype("float32")
for label, patch, stride, fill in [(2, 2, 2, 0.25), (0, 3, 3, 1.0), (1, 1, 1, 0.0)]:
    rows, columns = (5 - patch) // stride + 1, (6 - patch) // stride + 1
    expected = np.zeros((rows, columns))
    for i, j in np.ndindex(rows, columns):
        hidden = np.array(image, dtype=float)
        hidden[i * stride : i * stride + patch, j * stride : j * stride + patch] = fill
        leads = []
        for seen in (image, hidden):
            scores = np.einsum("hwc,hwck->k", seen, weights).tolist()
            leads.append(scores.pop(label) - max(scores))
        expected[i, j] = leads[0] - leads[1]
    got = ask("occlusion_map", as_data(adding), image.copy(), label, patch, stride, fill)
    name = f"a linear network, label {label}, patch {patch}, stride {stride}: occlusion_map"
    checks.array(np.asarray(got), expected, name, rtol=1e-3, atol=1e-4)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "saliency_map_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (1.5 points): ask the gradient
#
# Covering costs a run of the network for every place. The gradient needs one: how much would the
# score change if *this* pixel were a little brighter? The lecture asked about the score $z_a$ of one
# label. Here the question is why label $a$ **rather than** label $b$: take the gradient of the
# difference of their scores with respect to the image. Its absolute value says how much a number
# matters, no matter in which direction; and of the channels of a pixel, take the one that matters
# most:
#
# $$\text{saliency}[i, j] = \max_c \left| \frac{\partial\, (z_a - z_b)}{\partial\, \text{image}[i, j, c]} \right|$$
#
# `value_and_gradient(function, x)` of the helpers does the calculus, on any backend of Keras. It
# calls your function with a tensor made of the array `x`, wants **one** number back, and returns
# that number and the gradient, an array of the shape of `x`:
#
# ```python
# value, gradient = value_and_gradient(lambda x: keras.ops.sum(x**2), np.array([1.0, 2.0, 3.0]))
# # 14.0 and [2, 4, 6]
# ```
#
# Inside the function, call the network as `model(...)`: `predict` gives arrays, and an array has no
# gradient. A network wants a batch, so your image needs a first axis of length 1.


# %% nbgrader={"grade": false, "grade_id": "saliency_map", "locked": false, "schema_version": 3, "solution": true, "task": false}
def saliency_map(model, image, label, other):
    """How much each pixel matters for one label rather than another, by the
    gradient.

    Parameters
    ----------
    model : keras.Model
        Its outputs are scores.
    image : ndarray of float32, shape (height, width, channels)
    label, other : int
        The two labels.

    Returns
    -------
    ndarray of float, shape (height, width)
        The largest absolute slope of the channels, pixel by pixel.
    """
    ### BEGIN SOLUTION
    def lead(x):
        scores = model(x, training=False)[0]
        return scores[label] - scores[other]

    _, gradient = value_and_gradient(lead, image[None])
    return np.abs(gradient[0]).max(axis=-1)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# What is your function, the one whose slope is wanted? What goes in, and which
# single number comes out?
#
# ---
#
# `value_and_gradient` calls your function with the array that you give it as a
# tensor. So give it `image[None]`, and let the function return the difference
# of two of the scores `model(x, training=False)[0]`. The gradient has the shape
# of what you gave: take off the first axis, then `np.abs`, then the maximum
# over the last axis.
#
# ---
#
# A neighbouring problem: where is the sum of the squares of a tiny picture
# steepest, over its two channels?
#
# ```python
# import keras
# from helpers.gradients import value_and_gradient
#
# picture = np.array([[[1.0, -3.0], [2.0, 0.5]]])  # 1 x 2 pixels, 2 channels
# value, slopes = value_and_gradient(lambda x: keras.ops.sum(x**2), picture)
# print(value, np.abs(slopes).sum(axis=-1))  # 14.25 [[8. 5.]]
# ```

# %% nbgrader={"grade": true, "grade_id": "saliency_map_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
weights = np.array([[[1, -5, 2], [0, 0, 0.5]], [[3, 1, 0], [-2, -1, -4]]], dtype="float32")
other = np.arange(12, dtype="float32").reshape(2, 2, 3)
straight = keras.Sequential(
    [keras.Input((2, 2, 3)), layers.Flatten(), layers.Dense(3, use_bias=False, name="scores")]
)
base = np.array([[[-1, 0.5, 6], [2, 7, -3]], [[0.5, -8, 1], [4, 2, -1]]], dtype="float32")
columns = [array.ravel() for array in (other, weights + base, base)]
straight.set_weights([np.stack(columns, axis=1)])
image = np.full((2, 2, 3), 0.5, dtype="float32")
mistakes = {
    "the largest slope, signs and all": ([[2, 0.5], [3, -1]], "Take the absolute value first."),
    "the absolute value of the largest slope": ([[2, 0.5], [3, 1]], "First abs, then max."),
    "the sum over the channels": ([[8, 0.5], [4, 7]], "The LARGEST of the three, not their sum."),
    "the mean over the channels": ([[8 / 3, 0.5 / 3], [4 / 3, 7 / 3]], "The LARGEST of the three."),
    "the slope times the pixel": ([[2.5, 0.25], [1.5, 2]], "The gradient itself."),
    "the saliency of label 1 alone": (
        np.abs(weights + base).max(axis=-1),
        "Subtract the score of `other`.",
    ),
    "the saliency of label 2 alone": (np.abs(base).max(axis=-1), "Which score minus which?"),
    "the saliency of label 0": ([[2, 5], [8, 11]], "Pick the scores of `label` and `other`."),
    "the saliency of label 1 rather than label 0": (
        np.abs(weights + base - other).max(axis=-1),
        "Is `other` used?",
    ),
    "the saliency of label 0 rather than label 2": (
        np.abs(base - other).max(axis=-1),
        "Is `label` used?",
    ),
    "the sum of the two scores, not their difference": (
        np.abs(weights + 2 * base).max(axis=-1),
        "Score a MINUS score b.",
    ),
    "the difference of the two maps": (
        np.abs(weights + base).max(axis=-1) - np.abs(base).max(axis=-1),
        "One gradient, that of the difference.",
    ),
    "the saliency of all scores together": (
        np.abs(weights + 2 * base + other).max(axis=-1),
        "Pick the scores of `label` and `other`.",
    ),
    "scaled to 1": ([[1, 0.1], [0.6, 0.8]], "Return the slopes as they are."),
}
name = "a network whose score is a weighted sum: saliency_map"
expected = np.array([[5, 0.5], [3, 4]])
got = np.asarray(ask("saliency_map", as_data(straight), image, 1, 2), dtype=float)
assert not np.all(np.abs(got) < 1e-6), (
    "saliency_map is 0 everywhere, or nearly. Is there a softmax in the way? Where it is sure, its slope "
    "is 0. Ask for the slope of the score itself."
)
checks.array(got, expected, name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "saliency_map_bent_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
keras.utils.set_random_seed(5)
# Score 0 is the largest pixel of red, score 1 the largest of green: only these have a slope.
largest = keras.Sequential([keras.Input((2, 3, 2)), layers.GlobalMaxPooling2D(name="largest")])
image = np.array([[[0.1, 0.2], [0.9, 0.3], [0.4, 0.4]], [[0.5, 0.8], [0.2, 0.6], [0, 0]]])
image = image.astype("float32")
expected = np.array([[0.0, 1, 0], [1, 0, 0]])
mistakes = {
    "the largest pixel of red alone": ([[0, 1, 0], [0, 0, 0]], "Subtract the other score."),
    "the largest pixel of green alone": ([[0, 0, 0], [1, 0, 0]], "Subtract the other score."),
}
for pair in [(0, 1), (1, 0)]:
    name = f"the largest pixels of two channels, {pair[0]} rather than {pair[1]}: saliency_map"
    got = np.asarray(ask("saliency_map", as_data(largest), image, *pair), dtype=float)
    checks.array(got, expected, name, mistakes)
got = np.asarray(ask("saliency_map", as_data(largest), image, 1, 1), dtype=float)
checks.array(got, 0 * expected, "one label rather than itself: saliency_map")
# Three times the sum of the positive parts of (pixel - 0.35): dark pixels have no slope.
kinked = keras.Sequential(
    [
        keras.Input((2, 3, 2)),
        layers.Conv2D(2, 1, activation="relu", name="above"),
        layers.Dropout(0.5),
        layers.Flatten(),
        layers.Dense(2, use_bias=False, name="scores"),
    ]
)
columns = np.tile([[1.0, 4.0]], (12, 1))
kinked.set_weights([np.eye(2).reshape(1, 1, 2, 2), np.full(2, -0.35), columns])
got = np.asarray(ask("saliency_map", as_data(kinked), image, 1, 0), dtype=float)
assert not (got > 3.01).any(), (
    f"saliency_map gives {got.max():.3g} where the slope is 3: is dropout at work? Call the model "
    "with training=False."
)
expected = np.array([[0.0, 3, 3], [3, 3, 0]])
name = "pixels above 0.35 have the slope 3, the others 0: saliency_map"
checks.array(got, expected, name)

# %% nbgrader={"grade": true, "grade_id": "saliency_map_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(51)
bent = keras.Sequential(
    [
        keras.Input((5, 4, 3)),
        layers.Conv2D(4, 3, activation="tanh"),
        layers.Flatten(),
        layers.Dense(2),
    ]
)
weights = [rng.normal(0, 0.4, size=array.shape) for array in bent.get_weights()]
bent.set_weights(weights)


def lead_by_hand(image):
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(0, 1))
    x = np.tanh(np.einsum("hwcij,ijcf->hwf", windows, weights[0]) + weights[1])
    scores = x.ravel() @ weights[2] + weights[3]
    return scores[0] - scores[1]


image = rng.uniform(size=(5, 4, 3))
for label in (0, 1):
    slopes = np.zeros(image.shape)
    for place in np.ndindex(image.shape):
        nudge = np.zeros(image.shape)
        nudge[place] = 1e-5
        slopes[place] = (lead_by_hand(image + nudge) - lead_by_hand(image - nudge)) / 2e-5
    got = ask("saliency_map", as_data(bent), image.astype("float32"), label, 1 - label)
    expected = np.max(np.abs(slopes), axis=2)
    name = f"a network with tanh, label {label}, by finite differences: saliency_map"
    checks.array(np.asarray(got), expected, name, rtol=1e-3, atol=1e-4)
rng = np.random.default_rng(50)
for height, width, channels in [(3, 5, 1), (4, 2, 4)]:
    straight = keras.Sequential(
        [keras.Input((height, width, channels)), layers.Flatten(), layers.Dense(3)]
    )
    weights = rng.normal(size=(height, width, channels, 3)).astype("float32")
    straight.set_weights([weights.reshape(-1, 3), np.ones(3)])
    image = rng.uniform(size=(height, width, channels)).astype("float32")
    for pair in [(0, 1), (2, 0), (1, 2)]:
        expected = np.abs(weights[..., pair[0]] - weights[..., pair[1]]).max(axis=2)
        name = f"a weighted sum of {height} x {width} x {channels}, labels {pair}: saliency_map"
        got = np.asarray(ask("saliency_map", as_data(straight), image, *pair))
        checks.array(got, expected, name, rtol=1e-4, atol=1e-6)
### END HIDDEN TESTS

# %% [markdown]
# Both tools on photographs of the validation set: those that the network is surest of, among the
# ones it gets right. The saliency map asks why this label rather than the second best. The maps are
# brightest where it matters. Do the two agree? Which one could you
# show to somebody who has to decide? (And why is there a grid in the saliency maps? Look at the
# stride of the stem.)

# %%
validation_scores = photo_net.predict(
    photos.validation.images / 255, verbose=0
)
validation_said = validation_scores.argmax(axis=1)
right_ones = np.flatnonzero(validation_said == photos.validation.labels)
surest_first = right_ones[
    np.argsort(-np.ptp(validation_scores[right_ones], axis=1))
]
chosen, pictures, captions = surest_first[:5], [], []
for row in chosen:
    image, label = (
        photos.validation.images[row] / np.float32(255),
        int(validation_said[row]),
    )
    drop = np.maximum(
        occlusion_map(photo_net, image, label, patch=8, stride=2), 0
    )
    second = int(np.argsort(validation_scores[row])[-2])
    slope = saliency_map(photo_net, image, label, second)
    pictures.append(
        (
            photos.validation.images[row],
            drop / max(drop.max(), 1e-9),
            slope / slope.max(),
        )
    )
    captions.append(
        (
            photos.class_names[label],
            f"drop up to\n{drop.max():.1f}",
            f"not\n{photos.class_names[second]}",
        )
    )
plots.image_grid(
    [picture for column in zip(*pictures, strict=True) for picture in column],
    [caption for column in zip(*captions, strict=True) for caption in column],
    columns=5,
    scale=1.2,
    title="Photographs, occlusion maps and saliency maps",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "heat_map_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6 (3.5 points): Grad-CAM
#
# Saliency is noisy: it asks every pixel. **Grad-CAM** (Selvaraju and others, 2017) asks the feature
# maps of a late convolution layer, which are coarse but know what things are.
#
# **a) From arrays to a heat map (1.5 points).** Let $A_k$ be map $k$ of that layer, and
# $\partial s / \partial A_k$ the gradient of the score with respect to its values. How important is
# the map as a whole? The mean of its gradient over all places says so, and the heat map is the sum
# of the maps with these weights, as far as it is positive:
#
# $$\alpha_k = \frac{1}{h\,w} \sum_{i,j} \frac{\partial s}{\partial A_k[i, j]} \qquad\qquad
#   H = \max\!\left(0,\; \sum_k \alpha_k A_k\right)$$
#
# Then divide by the largest value of $H$, so that the hottest place is 1. If no place speaks for the
# label, the heat map is 0 everywhere, and not 0 / 0.
#
# New here: the paper also asks what speaks **against** a label. That is the same, with the signs of
# all $\alpha_k$ turned round.


# %% nbgrader={"grade": false, "grade_id": "heat_map", "locked": false, "schema_version": 3, "solution": true, "task": false}
def heat_map(maps, gradients, against=False):
    """The heat map of Grad-CAM.

    Parameters
    ----------
    maps : ndarray of float, shape (height, width, k)
        What a convolution layer gave for one image.
    gradients : ndarray of float, shape (height, width, k)
        The gradient of the score with respect to each value of `maps`. Neither
        array is changed.
    against : bool
        Whether to show what speaks against the label, in place of what speaks
        for it.

    Returns
    -------
    ndarray of float, shape (height, width)
        From 0 to 1; the largest value is exactly 1, unless all are 0.
    """
    ### BEGIN SOLUTION
    weights = gradients.mean(axis=(0, 1))
    heat = np.maximum(maps @ (-weights if against else weights), 0)
    return heat / heat.max() if heat.max() > 0 else heat
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# What shape has a map as a whole reduced to one weight? Which axes must the
# mean go over, so that `k` numbers are left?
#
# ---
#
# The weights are `gradients.mean(axis=(0, 1))`. A matrix product of the maps,
# shape `(height, width, k)`, with them sums over the maps. `np.maximum(...,
# 0)` comes before you divide, and you may only divide if the largest value is
# above 0.
#
# ---
#
# A neighbouring problem: three judges mark two dishes. How much a judge counts
# is the mean of three earlier grades of that judge, and the best dish gets 1.
#
# ```python
# marks = np.array([[3.0, 0, 5], [1, 2, 4]])             # a row for each dish
# grades = np.array([[1.0, 4, 2], [3, 2, 2], [2, 3, 2]])  # a row for each time
# weights = grades.mean(axis=0)                           # one for each judge
# total = marks @ weights
# print(total, total / total.max())
# ```

# %% nbgrader={"grade": true, "grade_id": "heat_map_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
maps = np.stack([[[4, 0], [0, 2]], [[0, 6], [1, 2]]], axis=-1).astype("float32")
gradients = np.stack([[[1, 0.5], [0.5, 0]], [[-1.5, 0.25], [0.25, 0]]], axis=-1).astype("float32")
mistakes = {
    "the sum without the ReLU": (
        [[1, -0.75], [-0.125, 0.25]],
        "What speaks against the label is cut off at 0.",
    ),
    "shifted so that the smallest value is 0": (
        [[1, 0], [2.5 / 7, 4 / 7]],
        "Negative values become 0; the others are only divided.",
    ),
    "a ReLU on each map before the sum": (
        [[1, 0], [0, 0.5]],
        "A map with a negative weight counts against: add all up first, then the ReLU.",
    ),
    "the heat map before the scaling": ([[2, 0], [0, 0.5]], "Divide by the largest value."),
    "weighted place by place": (
        [[1, 0.375], [0.0625, 0]],
        "One weight for each map: the MEAN of its gradient, before anything is multiplied.",
    ),
    "weighted by the size of the gradients": (
        [[1, 0.75], [0.125, 0.75]],
        "The weights keep their sign.",
    ),
    "weighted by the largest gradient": (
        [[1, 0.375], [0.0625, 0.625]],
        "One weight for each map: the MEAN of its gradient.",
    ),
    "the sum of the maps": ([[2 / 3, 1], [1 / 6, 2 / 3]], "Where are the gradients?"),
    "the mean of the gradients, without the maps": (
        [[0, 1], [1, 0]],
        "The gradients only give the weights of the maps.",
    ),
    "divided by the sum": ([[0.8, 0], [0, 0.2]], "Divide by the LARGEST value."),
}
name = "the heat map of two maps with the weights 0.5 and -0.25"
got = limits.keeps_input(heat_map, maps, gradients)
checks.array(np.asarray(got), np.array([[1, 0], [0, 0.25]]), name, mistakes)
mistakes = {
    "what speaks FOR the label": ([[1, 0], [0, 0.25]], "Is `against` used?"),
    "divided by the largest size before the ReLU": (
        [[0, 0.75], [0.125, 0]],
        "First the ReLU, then divide by the largest value that is left.",
    ),
    "turned round at the end": ([[0, 1], [1, 0.75]], "Turn the weights round, before the ReLU."),
    "the heat with its signs turned round": (
        [[-1, 0], [0, -0.25]],
        "Turn the weights round, before the ReLU.",
    ),
}
got = np.asarray(heat_map(maps, gradients, True))
checks.array(got, np.array([[0, 1], [1 / 6, 0]]), f"{name}, against the label", mistakes)
# The place that speaks against the label is stronger here than the one that speaks for it.
maps = np.stack([[[1, 0], [0, 0.5]], [[0, 8], [0, 0]]], axis=-1).astype("float32")
mistakes = {
    "divided by the largest size before the ReLU": (
        [[0.25, 0], [0, 0.125]],
        "First the ReLU, then divide by the largest value that is left.",
    ),
}
name = "the heat map where a negative value is the largest in size"
got = np.asarray(heat_map(maps, gradients))
checks.array(got, np.array([[1, 0], [0, 0.5]]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "heat_map_edges_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
maps = np.arange(12.0).reshape(2, 3, 2)
got = np.asarray(heat_map(maps, -np.ones((2, 3, 2))), dtype=float)
assert not np.isnan(got).any(), (
    "Where all weights are negative, the heat map is NaN: that is 0 / 0. Only divide if the largest "
    "value is above 0."
)
name = "all weights negative: the heat map"
checks.array(
    got, np.zeros((2, 3)), name, {"all ones": (np.ones((2, 3)), "No place speaks for it.")}
)
got = heat_map(0 * maps, np.ones((2, 3, 2)))
checks.array(np.asarray(got, dtype=float), np.zeros((2, 3)), "all maps 0: the heat map")
faint = heat_map(1e-6 * maps, 1e-6 * np.ones((2, 3, 2)))
expected = maps.sum(axis=-1) / 21
name = "very small values, the weights 0.000001: the heat map (the hottest place is exactly 1)"
checks.array(faint, expected, name, rtol=1e-4)
single = heat_map(np.array([[[2.0], [4.0]]]), np.array([[[1.0], [-0.5]]]))
checks.array(
    single, np.array([[0.5, 1.0]]), "a single map of one row and two columns: the heat map"
)

# %% nbgrader={"grade": true, "grade_id": "heat_map_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(61)
maps, gradients = np.abs(rng.normal(size=(4, 7, 3))), -np.abs(rng.normal(size=(4, 7, 3)))
name = "all weights negative, 4 x 7: the heat map"
checks.array(np.asarray(heat_map(maps, gradients), dtype=float), np.zeros((4, 7)), name)
strong = np.asarray(heat_map(1e12 * maps, -1e9 * gradients), dtype=float)
expected = (maps * -gradients.mean(axis=(0, 1))).sum(axis=2)
checks.array(strong, expected / expected.max(), "very large values: the heat map")
rng = np.random.default_rng(60)
for height, width, depth in [(3, 3, 3), (2, 5, 4), (6, 4, 9)]:
    maps = np.abs(rng.normal(size=(height, width, depth)))
    gradients = rng.normal(size=(height, width, depth)) + 0.2
    expected = np.zeros((height, width))
    for k in range(depth):
        expected += gradients[:, :, k].sum() / height / width * maps[:, :, k]
    for against in (False, True):
        heat = np.clip(-expected if against else expected, 0, None)
        heat = heat / max(heat.max(), 1e-30)
        name = f"the heat map of {depth} maps of {height} x {width}, against={against}"
        got = np.asarray(heat_map(maps.copy(), gradients.copy(), against))
        checks.array(got, heat, name, atol=1e-6)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "maps_and_gradients_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) From a network to arrays (2 points).** Where do the maps and their gradients come from? Cut the
# network in two at the layer: a first model from the image to the maps, and a second model from
# the maps to the scores. The first one gives the maps. The second one is a function of the maps,
# and `value_and_gradient` knows what to do with a function.
#
# Write `maps_and_gradients`. The checks only ask for layers that everything has to pass through, so
# that the cut is clean. One point is for networks where you can see what must come out, one for
# residual and bent ones. Of `keras.Model(a, b)`, remember: `a` may be any symbolic tensor inside a
# network.


# %% nbgrader={"grade": false, "grade_id": "maps_and_gradients", "locked": false, "schema_version": 3, "solution": true, "task": false}
def maps_and_gradients(model, layer, image, label):
    """The feature maps of a layer, and the gradient of a score with respect to
    them.

    Parameters
    ----------
    model : keras.Model
        Its outputs are scores.
    layer : str
        Name of a layer that gives feature maps.
    image : ndarray of float32, shape (height, width, channels)
    label : int
        Which score is asked for.

    Returns
    -------
    maps, gradients : ndarrays of float, both of shape (h, w, k)
        Of this one image: without an axis for the batch.
    """
    ### BEGIN SOLUTION
    middle = model.get_layer(layer).output
    head = keras.Model(middle, model.outputs[0])
    body = keras.Model(model.inputs[0], middle)
    maps = keras.ops.convert_to_numpy(body(image[None], training=False))
    _, gradients = value_and_gradient(
        lambda x: head(x, training=False)[0, label], maps
    )
    return maps[0], gradients[0]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Two models share the layer where you cut. What is the input and what the
# output of each? Which of them is the function whose gradient you want?
#
# ---
#
# `middle = model.get_layer(layer).output` is the place of the cut. The first
# model goes from `model.inputs[0]` to it, the second from it to
# `model.outputs[0]`. Run the first one on `image[None]`, and hand its maps, as
# an array, to `value_and_gradient` with a function that calls the second
# model. Both results still have an axis for the batch.
#
# ---
#
# A neighbouring problem: a chain of two dense layers, cut in the middle, put
# together again.
#
# ```python
# import keras
# from keras import layers
#
# inputs = keras.Input((3,))
# hidden = layers.Dense(4, activation="tanh", name="hidden")(inputs)
# whole = keras.Model(inputs, layers.Dense(2)(hidden))
# place = whole.get_layer("hidden").output
# lower = keras.Model(whole.inputs[0], place)
# upper = keras.Model(place, whole.outputs[0])
# x = np.ones((1, 3))
# print(np.abs(whole(x) - upper(lower(x))).max())  # 0.0
# ```

# %% nbgrader={"grade": true, "grade_id": "maps_and_gradients_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Two maps, their means, and three weighted sums of these: the slope is weight / number of places.
means = keras.Sequential(
    [
        keras.Input((2, 5, 1)),
        layers.Conv2D(2, 1, activation="relu", name="maps"),
        layers.GlobalAveragePooling2D(name="means"),
        layers.Dense(3, name="scores"),
    ]
)
table = np.array([[10.0, 20, -30], [1, 2, 4]])
means.set_weights([np.array([[[[1.0, -2]]]]), np.array([0.0, 3]), table, np.zeros(3)])
image = np.arange(10, dtype="float32").reshape(2, 5, 1)
got = ask("maps_and_gradients", as_data(means), "maps", image, 2)
assert isinstance(got, tuple | list) and len(got) == 2, (
    "maps_and_gradients should return two arrays: return maps, gradients"
)
for what, array in zip(("maps", "gradients"), got, strict=True):
    assert np.shape(array) != (1, 2, 5, 2), (
        f"{what}: the shape is (1, 2, 5, 2), expected (2, 5, 2). Of one image: take [0] at the end."
    )
assert np.shape(got[1]) != image.shape, (
    "The gradients have the shape of the image, (2, 5, 1): with respect to the MAPS, please."
)
expected = np.concatenate([image, np.maximum(3 - 2 * image, 0)], axis=-1)
checks.array(np.asarray(got[0]), expected, "the maps of the layer 'maps'")


def everywhere(*values):
    """One value for each map, at all the places."""
    return np.broadcast_to(np.array(values, dtype=float), (2, 5, 2))


mistakes = {
    "the gradient of label 0": (everywhere(1, 0.1), "Pick the score of `label`."),
    "the gradient of all scores together": (everywhere(0, 0.7), "Pick the score of `label`."),
    "the gradient with the sign turned round": (
        everywhere(3, -0.4),
        "Of the score, not of a loss.",
    ),
    "0 everywhere": (
        everywhere(0, 0),
        "Is there a softmax in the way? Where it is sure, its slope is 0. Of the score itself.",
    ),
    "the gradient of the logarithm of a softmax": (
        everywhere(-5, 0.2),
        "Of the score itself.",
    ),
    "the weights of the dense layer": (
        everywhere(-30, 4),
        "A mean of 10 places passes on a tenth to each: ask value_and_gradient.",
    ),
}
name = "weights -30 and 4 behind a mean over 10 places: the gradients"
checks.array(np.asarray(got[1]), everywhere(-3, 0.4), name, mistakes)
gradients = np.asarray(ask("maps_and_gradients", as_data(means), "maps", 0 * image, 0)[1])
checks.array(gradients, everywhere(1, 0.1), "label 0, a black image: the gradients")

# %% nbgrader={"grade": true, "grade_id": "maps_and_gradients_bent_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# A residual network: the maps go on twice, straight and through a convolution that triples them.
inputs = keras.Input((2, 2, 1))
maps = layers.Conv2D(1, 1, use_bias=False, name="maps")(inputs)
more = layers.Conv2D(1, 1, use_bias=False, name="more")(maps)
added = layers.Add(name="added")([maps, more])
dropped = layers.Dropout(0.5, name="drop")(added)
largest = layers.GlobalMaxPooling2D(name="largest")(dropped)
forked = keras.Model(inputs, layers.Dense(2, use_bias=False, name="scores")(largest))
forked.get_layer("maps").set_weights([np.full((1, 1, 1, 1), 2.0)])
forked.get_layer("more").set_weights([np.full((1, 1, 1, 1), 3.0)])
forked.get_layer("scores").set_weights([np.array([[1.0, -5.0]])])
image = np.array([[1, 4], [2, 3]], dtype="float32")[..., None]
for layer, seen, slope in [("maps", 2 * image, 4), ("added", 8 * image, 1)]:
    try:
        got = ask("maps_and_gradients", as_data(forked), layer, image, 1)
    except ValueError as problem:
        raise AssertionError(
            "In a network with branches the layers do not follow one after another: let keras.Model "
            f"find the way from the maps to the scores. Keras says: {problem}"
        ) from problem
    case = f"a residual network, layer {layer!r}, label 1"
    checks.array(np.asarray(got[0]), seen, f"{case}: the maps")
    expected = np.array([[0.0, -5 * slope], [0, 0]])[..., None]
    slopes = np.asarray(got[1])
    assert not np.allclose(slopes, 2 * expected), (
        f"{case}: the gradients are twice the right ones: is dropout at work? Say training=False."
    )
    mistakes = {
        "the gradient through one of two ways only": (
            expected * 3 / 4,
            "The maps go straight into the sum as well.",
        ),
        "the gradient with respect to the image": (
            expected * 2,
            "With respect to the MAPS, please.",
        ),
    }
    checks.array(slopes, expected, f"{case}: the gradients", mistakes)

# %% nbgrader={"grade": true, "grade_id": "maps_and_gradients_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(63)
inputs = keras.Input((4, 5, 2))
x = layers.Conv2D(3, 3, padding="same", activation="tanh", name="early")(inputs)
y = layers.Conv2D(3, 1, activation="tanh", name="inner")(x)
x = layers.Add(name="late")([x, y])
x = layers.Dense(4, activation="tanh", name="hidden")(layers.Flatten(name="flat")(x))
bent = keras.Model(inputs, layers.Dense(2, name="scores")(x))
weights = [rng.normal(0, 0.4, size=array.shape) for array in bent.get_weights()]
bent.set_weights(weights)


def late_by_hand(early):
    return early + np.tanh(early @ weights[2][0, 0] + weights[3])


def score_by_hand(late, label):
    return (np.tanh(late.ravel() @ weights[4] + weights[5]) @ weights[6] + weights[7])[label]


image = rng.normal(size=(4, 5, 2))
windows = np.pad(image, ((1, 1), (1, 1), (0, 0)))
windows = np.lib.stride_tricks.sliding_window_view(windows, (3, 3), axis=(0, 1))
early = np.tanh(np.einsum("hwcij,ijcf->hwf", windows, weights[0]) + weights[1])
late = late_by_hand(early)
for layer, maps, behind in [
    ("late", late, score_by_hand),
    ("early", early, lambda maps, label: score_by_hand(late_by_hand(maps), label)),
]:
    slopes = np.zeros(maps.shape)
    for place in np.ndindex(maps.shape):
        nudge = np.zeros(maps.shape)
        nudge[place] = 1e-5
        slopes[place] = (behind(maps + nudge, 1) - behind(maps - nudge, 1)) / 2e-5
    got = ask("maps_and_gradients", as_data(bent), layer, image.astype("float32"), 1)
    name = f"a network with tanh and a shortcut, layer {layer!r}"
    checks.array(np.asarray(got[0]), maps, f"{name}: the maps", rtol=1e-3, atol=1e-4)
    checks.array(np.asarray(got[1]), slopes, f"{name}: the gradients", rtol=1e-3, atol=1e-4)
rng = np.random.default_rng(62)
flat = keras.Sequential(
    [
        keras.Input((4, 3, 2)),
        layers.Conv2D(3, 1, name="first"),
        layers.ReLU(name="second"),
        layers.Flatten(name="flat"),
        layers.Dense(4, name="scores"),
    ]
)
weights = [rng.normal(size=array.shape).astype("float32") for array in flat.get_weights()]
flat.set_weights(weights)
image = rng.normal(size=(4, 3, 2)).astype("float32")
first = image @ weights[0][0, 0] + weights[1]
for label in (1, 3):
    slopes = weights[2][:, label].reshape(4, 3, 3)
    for layer, maps, gradients in [
        ("second", np.maximum(first, 0), slopes),
        ("first", first, slopes * (first > 0)),
    ]:
        got = ask("maps_and_gradients", as_data(flat), layer, image.copy(), label)
        name = f"Conv2D, ReLU, Flatten, Dense, layer {layer!r}, label {label}"
        checks.array(np.asarray(got[0]), maps, f"{name}: the maps", rtol=1e-4, atol=1e-5)
        checks.array(np.asarray(got[1]), gradients, f"{name}: the gradients", rtol=1e-4, atol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# Put the two together and you have Grad-CAM. The maps of the last block are 8 × 8, so the heat map is
# enlarged, and the photograph is lit by it: what is dark did not speak for the label.


# %%
def grad_cam(model, layer, image, label):
    """Your Grad-CAM: a heat map for one image, as large as its maps."""
    return heat_map(*maps_and_gradients(model, layer, image, label))


def spotlight(image, heat):
    """A photograph (uint8) that is bright where the heat map is 1 and dark
    where it is 0.
    """
    heat = keras.ops.image.resize(
        heat[..., None], image.shape[:2], interpolation="bilinear"
    )
    heat = np.clip(keras.ops.convert_to_numpy(heat), 0, 1)
    return image / 255 * (0.15 + 0.85 * heat)


last_maps = photo_net.layers[-3].name
lit = []
for row in surest_first[:8]:
    image, label = photos.validation.images[row], int(validation_said[row])
    lit.append(
        spotlight(
            image,
            grad_cam(photo_net, last_maps, image / np.float32(255), label),
        )
    )
plots.image_grid(
    [*photos.validation.images[surest_first[:8]], *lit],
    [photos.class_names[validation_said[row]] for row in surest_first[:8]] * 2,
    columns=8,
    scale=1.1,
    title="The surest right answers, and what your Grad-CAM says they rest on",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "latent_features_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7 (2 points): images as points
#
# The layer before the last one sees the whole image and is one step away from the answer. Its
# output is a vector, and so each image becomes a point in a **latent space**, where (we hope) things
# of one kind lie close together.
#
# Write `latent_features`: the output of one layer for many images, one row for each image. If the
# layer gives feature maps, the row holds all of them, flattened. Then divide each row by its own
# length, the root of the sum of its squares: what counts is the *direction*, not how strongly the
# network answers. A row of zeros has no direction; it stays a row of zeros.
#
# One point is for the rows, one for layers, batches and zeros of any kind.


# %% nbgrader={"grade": false, "grade_id": "latent_features", "locked": false, "schema_version": 3, "solution": true, "task": false}
def latent_features(model, layer, images):
    """Images as unit vectors: the flattened, normalised output of a layer.

    Parameters
    ----------
    model : keras.Model
    layer : str
        Name of the layer.
    images : ndarray of float32, shape (n, height, width, channels)

    Returns
    -------
    ndarray of float, shape (n, d)
        Each row has length 1, or is all 0.
    """
    ### BEGIN SOLUTION
    body = keras.Model(model.inputs[0], model.get_layer(layer).output)
    rows = keras.ops.convert_to_numpy(body(images, training=False)).reshape(
        len(images), -1
    )
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which part of the network do you need, from where to where? What shape do its
# results have if the layer gives maps, and what shape is wanted?
#
# ---
#
# A model from `model.inputs[0]` to the layer's output; `.reshape(len(images),
# -1)` makes one row of each image. `np.linalg.norm(..., axis=1,
# keepdims=True)` gives the lengths. Divide by 1 where the length is 0:
# `np.where`.
#
# ---
#
# A neighbouring problem: scale each row of a table so that its largest value
# is 1, and leave rows of zeros alone.
#
# ```python
# table = np.array([[1.0, 4.0], [0.0, 0.0], [6.0, 3.0]])
# largest = table.max(axis=1, keepdims=True)
# print(table / np.where(largest == 0, 1, largest))
# ```

# %% nbgrader={"grade": true, "grade_id": "latent_features_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
tiny = keras.Sequential(
    [
        keras.Input((1, 2, 1)),
        layers.Conv2D(2, 1, use_bias=False, name="maps"),
        layers.ReLU(name="positive"),
        layers.GlobalMaxPooling2D(name="largest"),
        layers.Dense(1, name="score"),
    ]
)
tiny.set_weights([np.array([[[[3.0, 4.0]]]]), np.ones((2, 1)), np.zeros(1)])
images = np.array([[1, 0], [2, 2], [0, 5]], dtype="float32").reshape(3, 1, 2, 1)
got = limits.keeps_input(ask, "latent_features", as_data(tiny), "largest", images)
checks.equal(np.shape(got), (3, 2), "the shape of the features of 3 images, layer 'largest'")
rows = np.array([[3.0, 4], [6, 8], [15, 20]])
mistakes = {
    "not normalised": (rows, "Divide each row by its length."),
    "divided by the length of the columns": (
        rows / np.linalg.norm(rows, axis=0),
        "Each IMAGE has length 1: along which axis are the squares added?",
    ),
    "divided by one length for all": (
        rows / np.linalg.norm(rows),
        "Each image has a length of its own: name the axis.",
    ),
    "divided by the sum of each row": (
        rows / rows.sum(axis=1, keepdims=True),
        "The length is the ROOT of the sum of the SQUARES.",
    ),
    "divided by the squared length": (rows / 25 / [[1], [4], [25]], "Where is the root?"),
    "divided by the largest value": (
        rows / rows.max(axis=1, keepdims=True),
        "The length is the root of the sum of the squares.",
    ),
}
expected = np.array([[0.6, 0.8]] * 3)
name = "maps of strength 3 and 4 for images of different brightness: latent_features"
checks.array(np.asarray(got), expected, name, mistakes)
got = np.asarray(ask("latent_features", as_data(tiny), "score", images))
checks.array(got, np.ones((3, 1)), "the same, layer 'score', a single number: latent_features")

# %% nbgrader={"grade": true, "grade_id": "latent_features_any_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
wide = keras.Sequential(
    [
        keras.Input((2, 2, 1)),
        layers.Conv2D(2, 1, use_bias=False, activation="relu", name="maps"),
        layers.Dropout(0.5, name="drop"),
        layers.Flatten(name="row"),
        layers.Dense(2, name="scores"),
    ]
)
wide.set_weights([np.array([[[[1.0, -1.0]]]]), np.zeros((8, 2)), np.zeros(2)])
images = np.array([[[2, 0], [0, 0]], [[0, 0], [0, 0]], [[0, 3], [-4, 0]]], dtype="float32")[
    ..., None
]
got = np.asarray(ask("latent_features", as_data(wide), "maps", images))
assert got.ndim == 2, (
    f"Feature maps: the shape of the features is {got.shape}, expected (3, 8). Flatten each image's "
    "maps to one row."
)
assert not np.isnan(got).any(), (
    "The features of an image for which the layer gives only zeros are NaN: 0 / 0. Such a row stays 0."
)
expected = np.zeros((3, 8))
expected[0, 0], expected[2, 2], expected[2, 5] = 1, 0.6, 0.8
mistakes = {
    "the outputs": (
        np.array([[1.0, 0, 0, 0, 0, 0, 0, 0], [0] * 8, [0, 0, 3, 0, 0, 4, 0, 0]]),
        "Normalise the rows after flattening.",
    ),
    "each place normalised by itself": (
        (expected > 0).astype(float),
        "First flatten, then divide by the length of the whole row.",
    ),
}
name = "two maps of 2 x 2, one image black: latent_features"
checks.array(got, expected, name, mistakes)
many = np.asarray(ask("latent_features", as_data(wide), "drop", np.repeat(images, 30, axis=0)))
checks.equal(many.shape, (90, 8), "the shape of the features of 90 images")
assert np.allclose(many, np.repeat(expected, 30, axis=0), atol=1e-6), (
    "The output of a dropout layer differs from what goes in: it works as in training. Use predict, or "
    "training=False. (90 images, in the order in which they came.)"
)

# %% nbgrader={"grade": true, "grade_id": "latent_features_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(71)
inputs = keras.Input((3, 3, 2))
x = layers.Conv2D(4, 1, activation="relu", name="a")(inputs)
y = layers.Conv2D(4, 1, activation="relu", name="b")(x)
x = layers.GlobalAveragePooling2D(name="c")(layers.Add(name="d")([x, y]))
forked = keras.Model(inputs, layers.Dense(2, name="e")(x))
weights = [rng.normal(size=array.shape) for array in forked.get_weights()]
weights[1][:], weights[3][:] = 0, 0  # without biases, a black image gives zeros
forked.set_weights(weights)
images = rng.normal(size=(6, 3, 3, 2)).astype("float32")
images[4] = 0
first = np.maximum(images @ weights[0][0, 0], 0)
both = first + np.maximum(first @ weights[2][0, 0], 0)
for layer, expected in [("a", first), ("d", both), ("c", both.mean(axis=(1, 2)))]:
    expected = expected.reshape(6, -1)
    expected = expected / np.maximum(np.sqrt((expected**2).sum(axis=1)), 1e-12)[:, None]
    got = np.asarray(ask("latent_features", as_data(forked), layer, images))
    checks.array(
        got,
        expected,
        f"a network with a shortcut, layer {layer!r}: latent_features",
        rtol=1e-3,
        atol=1e-5,
    )
rng = np.random.default_rng(70)
dense = keras.Sequential(
    [keras.Input((3, 2, 2)), layers.Flatten(name="flat"), layers.Dense(5, name="out")]
)
weights = [rng.normal(size=array.shape) for array in dense.get_weights()]
dense.set_weights(weights)
images = rng.normal(size=(7, 3, 2, 2)).astype("float32")
for layer, expected in [
    ("flat", images.reshape(7, 12)),
    ("out", images.reshape(7, 12) @ weights[0] + weights[1]),
]:
    expected = expected / np.sqrt((expected**2).sum(axis=1))[:, None]
    got = np.asarray(ask("latent_features", as_data(dense), layer, images))
    checks.array(got, expected, f"latent_features, layer {layer!r}", rtol=1e-4, atol=1e-5)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "neighbour_accuracy_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8 (3 points): neighbours
#
# **a) Repair a colleague's program (1.5 points).** Week 1's classifier once more, now for rows of
# any kind: pixels, or points in a latent space. A colleague has left the program below, whose
# results nobody can repeat. The search and the vote come from the helpers and are right:
# `knn.nearest(train, queries, k)` returns the row numbers and the distances of the `k` nearest
# training rows of each query, nearest first; `knn.vote(labels, n_classes)` takes the **labels** of
# these neighbours, shape `(queries, k)`, and gives the winner for each query.
#
# ```python
# def neighbour_accuracy(train, train_labels, queries, query_labels, k):
#     rows = np.concatenate([train, queries])
#     labels = np.concatenate([train_labels, query_labels])
#     rows = (rows - rows.mean()) / rows.std()
#     found, _ = knn.nearest(rows, rows[len(train) :], k)
#     said = knn.vote(labels[found], 10)
#     return (said == query_labels).sum() / len(rows)
# ```
#
# Find its mistakes, and write what the team has agreed on:
#
# 1. Each row is flattened, and each **feature** (each number of a row) is standardised: minus its
#    mean, divided by its standard deviation, both taken over the **training rows**. A feature that
#    is the same in all training rows cannot tell them apart: do not divide by 0.
# 2. Queries are only asked. They are nobody's neighbour, not even their own, and neither they nor
#    their labels change anything that is computed about the training rows.
# 3. The result is the share of the queries whose vote is right. There may be any number of classes.

# %% nbgrader={"grade": false, "grade_id": "neighbour_accuracy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def neighbour_accuracy(train, train_labels, queries, query_labels, k):
    """Share of queries that their k nearest training rows classify rightly.

    Parameters
    ----------
    train : ndarray, shape (n, ...)
        Images or feature vectors. None of the arrays is changed.
    train_labels : ndarray of int, shape (n,)
    queries : ndarray, shape (q, ...)
    query_labels : ndarray of int, shape (q,)
        Only compared with the votes.
    k : int
        How many neighbours vote.

    Returns
    -------
    float
        From 0 to 1.
    """
    ### BEGIN SOLUTION
    known = train.reshape(len(train), -1).astype(float)
    asked = queries.reshape(len(queries), -1).astype(float)
    mean, spread = known.mean(axis=0), known.std(axis=0)
    spread[spread == 0] = 1
    rows, _ = knn.nearest((known - mean) / spread, (asked - mean) / spread, k)
    votes = knn.vote(train_labels[rows], int(train_labels.max()) + 1)
    return float((votes == query_labels).mean())
    ### END SOLUTION

# %% [markdown] tags=["hints"]
# Follow one query through the colleague's program. Who is its nearest
# neighbour? And how many numbers does `rows.mean()` give, where each feature
# should have a mean of its own?
#
# ---
#
# Keep the two sets apart from the first line on. Flatten with
# `.reshape(len(train), -1)`; the mean and `.std` over the training rows, with
# an axis, are used for both sets. `train_labels[rows]`, with `rows` of shape
# `(queries, k)`, is an array of labels of the same shape. The number of
# classes is the largest training label plus 1.
#
# ---
#
# A neighbouring problem: bring two measurements to the scale of the first
# group, then look up words by a table of positions.
#
# ```python
# first = np.array([[1.0, 200.0], [3.0, 600.0]])
# middle, width = first.mean(axis=0), np.ptp(first, axis=0)
# second = np.array([[2.0, 800.0]])
# print((second - middle) / width)
# words = np.array(["cat", "dog", "owl"])
# print(words[np.array([[0, 2], [1, 1]])])  # shape (2, 2), of words
# ```

# %% nbgrader={"grade": true, "grade_id": "neighbour_accuracy_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Four features on four scales; the last one never varies.
rng = np.random.default_rng(53)
train_labels, query_labels = rng.integers(0, 3, size=40), rng.integers(0, 3, size=40)
train = rng.normal(size=(40, 3)) + np.eye(3)[train_labels] * 1.5
queries = 0.6 * rng.normal(size=(40, 3)) + np.eye(3)[query_labels] * 1.5 + [0.8, 0, 0]
scale = np.array([1.0, 30.0, 0.05])
train = np.concatenate([train * scale, np.full((40, 1), 7.0)], axis=1)
queries = np.concatenate([queries * scale, np.full((40, 1), 7.0)], axis=1)
got = limits.keeps_input(neighbour_accuracy, train, train_labels, queries, query_labels, 5)
mistakes = {
    "the colleague's answer": (0.45, "Four things are wrong with the program."),
    "the share of wrong answers": (0.175, "How many votes EQUAL the label?"),
    "the number of right answers": (33.0, "The share of the queries: take the mean."),
    "a percentage": (82.5, "From 0 to 1."),
    "divided by the number of all rows": (0.4125, "The share of the QUERIES."),
    "what comes without standardising": (
        0.6,
        "Each feature has a scale of its own: one mean and one spread for all numbers do nothing.",
    ),
    "what comes of the mean and spread of all rows together": (
        0.8,
        "Mean and spread of the TRAINING rows only: the queries leak in.",
    ),
    "what comes of queries that are standardised by themselves": (
        0.875,
        "Both sets need the SAME mean and spread, those of the training rows.",
    ),
    "what comes of queries among the neighbours": (
        0.975,
        "A query must not find itself, or another query: search the training rows.",
    ),
    "what comes of rows that are standardised one by one": (0.575, "Each FEATURE: which axis?"),
    "what comes of scaling by the range": (0.85, "Divide by the standard deviation."),
    "what comes of the variance": (0.55, "Divide by the standard deviation, not its square."),
    "a vote on row numbers": (0.025, "knn.vote wants the LABELS of the neighbours."),
    "what the nearest neighbour alone says": (0.725, "All k neighbours vote."),
    "the share of neighbours with the right label": (0.635, "First the vote, then compare."),
}
checks.array(got, 0.825, "40 queries, k = 5: neighbour_accuracy", mistakes)
got = neighbour_accuracy(train, train_labels, queries, query_labels, 1)
checks.array(got, 0.725, "the same with k = 1: neighbour_accuracy", {"k = 5": (0.825, "Use k.")})
images = np.array([[[250, 0]], [[10, 0]], [[128, 9]]], dtype=np.uint8)[..., None]
asked = np.array([[[240, 0]], [[20, 0]], [[130, 9]]], dtype=np.uint8)[..., None]
labels = np.array([0, 1, 11])
got = neighbour_accuracy(images, labels, asked, labels, 1)
hint = "uint8 wraps around: convert to float before you subtract."
mistakes = {"two of three": (2 / 3, hint), "one of three": (1 / 3, hint)}
name = "three images of 12 classes, asked about slightly changed: neighbour_accuracy"
checks.array(got, 1.0, name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "neighbour_accuracy_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(80)
train_labels, query_labels = rng.integers(0, 4, size=30), rng.integers(0, 6, size=24)
train_labels[0] = 3
train = rng.normal(size=(30, 2, 3, 1)) * [[[1.0], [9], [70]], [[0.1], [400], [3]]]
queries = rng.normal(0.5, 0.7, size=(24, 2, 3, 1)) * [[[1.0], [9], [70]], [[0.1], [400], [3]]]
mean, spread = train.mean(axis=0), train.std(axis=0)
apart = ((((queries - mean) / spread)[:, None] - ((train - mean) / spread)[None]) ** 2).sum(
    axis=(2, 3, 4)
)
for k in (1, 3, 7):
    votes = []
    for row in apart:
        names = train_labels[np.argsort(row)[:k]].tolist()
        votes.append(max(names, key=names.count))
    expected = float(np.mean(np.array(votes) == query_labels))
    got = neighbour_accuracy(train, train_labels, queries, query_labels, k)
    checks.array(got, expected, f"random images, k = {k}: neighbour_accuracy")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "line_kernels_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) A latent space made by hand (1.5 points).** Why should neighbours be better in a latent space
# than among pixels? Here is a case where you can see it, and where *you* are the training algorithm.
#
# There are four kinds of images of 16 × 16 pixels: a bar that lies flat, stands upright, rises to
# the right, or falls to the right. It may be anywhere, bright or faint, and the ground behind it
# may be black or grey. `bar` and `bar_network` are given: one 3 × 3 convolution with **four**
# filters without biases, a ReLU, and the largest value of each map. So an image becomes four
# numbers, normalised to length 1 as in question 7.
#
# Write the four kernels, so that
#
# 1. the ground does not matter: on a plain image, whatever its grey, every filter gives 0;
# 2. filter 0 answers most strongly of all four to a flat bar, filter 1 to an upright one, 2 to a
#    rising one, 3 to a falling one, each by at least 5 % (one point, together with 1);
# 3. with one example of each kind to learn from, the nearest neighbour gets **every** other bar
#    right. Pixels do not (one point).
#
# Which of the layers makes the place of the bar irrelevant, which one its brightness?


# %% nbgrader={"grade": false, "grade_id": "bars", "locked": true, "schema_version": 3, "solution": false, "task": false}
def bar(kind, row, column, light=1.0, ground=0.0):
    """An image, shape (16, 16, 1), with a bar of five pixels around the pixel
    (row, column).
    """
    image = np.full((16, 16, 1), ground, dtype="float32")
    down, right = {
        "flat": (0, 1),
        "upright": (1, 0),
        "rising": (-1, 1),
        "falling": (1, 1),
    }[kind]
    for step in range(-2, 3):
        image[row + step * down, column + step * right] = ground + light
    return image


def bar_network(kernels):
    """A convolution with four kernels, ReLU, and the largest value of each
    map.
    """
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(
                4, 3, use_bias=False, activation="relu", name="maps"
            ),
            layers.GlobalMaxPooling2D(name="latent"),
        ]
    )
    model.set_weights([np.asarray(kernels, dtype="float32")])
    return model


KINDS = ("flat", "upright", "rising", "falling")
plots.image_grid(
    [bar(kind, 7, 7) for kind in KINDS]
    + [bar(kind, 4, 10, 0.3, 0.4) for kind in KINDS],
    [*KINDS, *(f"{kind},\nfaint on grey" for kind in KINDS)],
    columns=8,
    title="Four kinds of bars",
)


# %% nbgrader={"grade": false, "grade_id": "line_kernels", "locked": false, "schema_version": 3, "solution": true, "task": false}
def line_kernels():
    """Four kernels for bars: flat, upright, rising, falling.

    Returns
    -------
    ndarray of float, shape (3, 3, 1, 4)
        As a Conv2D layer has them: height, width, input channels, filters.
    """
    ### BEGIN SOLUTION
    flat = np.array([[-1.0, -1, -1], [2, 2, 2], [-1, -1, -1]])
    falling = 3 * np.eye(3) - 1
    return np.stack([flat, flat.T, falling[:, ::-1], falling], axis=-1)[
        :, :, None
    ]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# What must be true of the nine numbers of a kernel, so that a plain grey image
# gives 0? And which three of the nine should be large for a bar that lies
# flat?
#
# ---
#
# Nine numbers that sum to 0: positive along the bar, negative beside it. The
# upright kernel is the transpose of the flat one, and of the two diagonals one
# is the mirror image of the other (`[:, ::-1]`). `np.stack(..., axis=-1)` puts
# four of shape (3, 3) together; an axis for the input channel is still
# missing.
#
# ---
#
# A neighbouring problem: two kernels that find single bright dots and corners,
# whatever the ground, in the layout of a `Conv2D` layer.
#
# ```python
# dot = -np.ones((3, 3))
# dot[1, 1] = 8
# corner = np.array([[-1.0, -1, -1], [-1, 2, 2], [-1, 2, -2]])
# print(dot.sum(), corner.sum())  # 0.0 -1.0: the second still sees the ground
# kernels = np.stack([dot, corner - corner.mean()], axis=-1)[:, :, None, :]
# print(kernels.shape, np.round(kernels.sum(axis=(0, 1, 2)), 12))
# ```

# %% nbgrader={"grade": true, "grade_id": "line_kernels_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
kernels = line_kernels()
assert kernels is not None, "line_kernels gives nothing back: does it end with `return`?"
kernels = np.asarray(kernels, dtype=float)
hint = "np.stack([k0, k1, k2, k3], axis=-1) is (3, 3, 4); [:, :, None] adds the input channel."
checks.equal(kernels.shape, (3, 3, 1, 4), "the shape of the kernels", hint)
assert np.isfinite(kernels).all(), "Some values of the kernels are not finite."
assert np.abs(kernels).max() >= 0.01, "The kernels are nearly 0: nothing would be left of a bar."
sums = kernels.sum(axis=(0, 1, 2))
assert np.allclose(sums, 0, atol=1e-5), (
    f"The values of the four kernels add up to {sums.round(3).tolist()}. On a plain grey ground a "
    "filter gives the grey times this sum, so it has to be 0: what does the line gain, and who pays?"
)
for place, (row, column) in enumerate([(7, 7), (3, 12), (12, 4)]):
    light, ground = [(1.0, 0.0), (0.3, 0.5), (2.0, 0.1)][place]
    images = np.stack([bar(kind, row, column, light, ground) for kind in KINDS])
    answers = keras.ops.convert_to_numpy(bar_network(kernels)(images))
    for number, kind in enumerate(KINDS):
        shown = ", ".join(f"{answer:.3g}" for answer in answers[number])
        others = np.delete(answers[number], number)
        assert answers[number, number] > 1.05 * others.max(), (
            f"To a bar that is {kind!r}, the four filters answer {shown}. The strongest should be "
            f"number {number}, clearly. Rising means: up as you go right."
        )

# %% nbgrader={"grade": true, "grade_id": "line_kernels_neighbours_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
kernels = line_kernels()
assert kernels is not None, "line_kernels gives nothing back: does it end with `return`?"
train = np.stack([bar(kind, 7, 7) for kind in KINDS])
queries = np.stack(
    [
        bar(kind, row, column, light, ground)
        for kind in KINDS
        for row, column in [(7, 8), (8, 7), (5, 5), (3, 11), (12, 3), (10, 10)]
        for light, ground in [(1.0, 0.0), (0.4, 0.0), (0.6, 0.3)]
    ]
)
query_labels = np.repeat(np.arange(4), 18)
codes = []
for images in (train, queries):
    answers = keras.ops.convert_to_numpy(bar_network(kernels)(images))
    length = np.sqrt((answers**2).sum(axis=1, keepdims=True))
    assert (length > 0).all(), "For some bars all four filters give 0: they have no direction."
    codes.append(answers / length)
shares = []
for known, asked in [(train, queries), codes]:
    nearest = knn.nearest(known, asked, 1)[0][:, 0]
    shares.append(float((nearest == query_labels).mean()))
same = np.abs(codes[1] - codes[0][query_labels]).max()
assert shares[1] == 1.0, (
    f"In your latent space the nearest neighbour gets {shares[1]:.0%} of 72 bars right (pixels: "
    f"{shares[0]:.0%}). A bar that moves, fades or stands on grey changes its point by up to "
    f"{same:.2g}. What depends on the ground? Are two of the kernels alike?"
)
assert same < 1e-3, (
    f"All 72 bars are right, but a bar on another ground is {same:.2g} away from its own kind: each "
    "kernel should add up to 0."
)
print(f"nearest neighbour of 72 bars, one example of each kind: {shares[0]:.0%} with pixels,")
print(f"{shares[1]:.0%} in your latent space of four numbers")

# %% nbgrader={"grade": true, "grade_id": "line_kernels_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
kernels = np.asarray(line_kernels(), dtype=float)
windows = np.lib.stride_tricks.sliding_window_view
kernels = np.asarray(kernels, dtype=float)
codes, kinds = [], []
for number, kind in enumerate(KINDS):
    for row, column in [(7, 7), (2, 13), (9, 6), (13, 2), (4, 4)]:
        for light, ground in [(1.0, 0.0), (0.1, 0.9), (3.0, 0.25)]:
            image = bar(kind, row, column, light, ground)[..., 0].astype(float)
            maps = np.einsum("hwij,ijf->hwf", windows(image, (3, 3)), kernels[:, :, 0])
            answers = np.maximum(maps, 0).max(axis=(0, 1))
            codes.append(answers / np.sqrt((answers**2).sum()))
            kinds.append(number)
codes, kinds = np.array(codes), np.array(kinds)
for code, kind in zip(codes, kinds, strict=True):
    nearest = int(((codes[::15] - code) ** 2).sum(axis=1).argmin())  # one example of each kind
    assert nearest == kind, "a bar elsewhere, on another ground, is nearer to another kind"
windows = np.lib.stride_tricks.sliding_window_view
for number, kind in enumerate(KINDS):
    for row, column, light, ground in [(2, 2, 0.2, 0.7), (13, 13, 1.5, 0.0), (6, 9, 0.7, 0.2)]:
        image = bar(kind, row, column, light, ground)[..., 0].astype(float)
        maps = np.einsum("hwij,ijf->hwf", windows(image, (3, 3)), kernels[:, :, 0])
        answers = np.maximum(maps, 0).max(axis=(0, 1))
        others = np.delete(answers, number)
        assert answers[number] > 1.05 * others.max(), (
            f"to a bar that is {kind!r} at ({row}, {column}), the filters answer {answers.round(3).tolist()}"
        )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "explanations_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 9 (2 points): what are three explanations worth?
#
# Somebody has pointed the three tools of this notebook at the 86 validation photographs that a
# network like yours names rightly. They then covered the quarter of each photograph that a map
# marks most strongly, and noted by how much the label's lead fell and how often the answer changed.
# They did the same with three maps that know nothing about the network. The last column compares
# each map with the one that the same tool draws for the network **before** it had learned anything
# (rank correlation: 1 is the same map, 0 has nothing to do with it). The mean over the photographs
# stands with its standard error.

# %% nbgrader={"grade": false, "grade_id": "explanations", "locked": true, "schema_version": 3, "solution": false, "task": false}
table = """
                              lead           answer    like that of the
map                           falls by       changes   untrained network
occlusion map, patch 8        1.06 +- 0.08     65 %      0.05 +- 0.04
Grad-CAM                      0.78 +- 0.09     48 %      0.05 +- 0.03
saliency                      0.68 +- 0.11     45 %      0.28 +- 0.01
the middle of the photograph  0.46 +- 0.06     40 %
a random quarter              0.18 +- 0.03     15 %
the edges of the photograph   0.13 +- 0.04     14 %
"""
print(table)

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Their report says: "*Grad-CAM is better than saliency (0.78 against 0.68), and occlusion is the best
# explanation of all. Covering what Grad-CAM marks changes 48 % of the answers, a random quarter only
# 15 %: this proves that Grad-CAM finds the object.*"
#
# **Write three to five sentences** to them. Which of the three claims does the table support, and
# which not? Is a random quarter the right thing to compare with? Does the test treat occlusion and
# the two others alike? What does the last column say about saliency? A person reads your answer:
# there is one point for each of two well-founded objections or confirmations, with a number from
# the table.

# %% [markdown] nbgrader={"grade": true, "grade_id": "judge_explanations", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Grad-CAM and saliency cannot be told apart: 0.78 and 0.68 differ by less than their standard errors
# together (0.09 and 0.11). A random quarter is too easy a rival, because objects mostly stand in the
# middle: covering the middle, which needs no network at all, already changes 40 % of the answers, so
# Grad-CAM's 48 % says little about finding the object. Occlusion wins a test that is made of covering
# squares, which is just what it has measured on the same photographs; that does not make it the best
# explanation. The last column is good news for occlusion and Grad-CAM (0.05) and a warning about
# saliency: 0.28 of its order of pixels is there before the network has learned anything.
#
# **Rubric**
#
# | points | the answer |
# |---|---|
# | 2 | two of these, each with a number and its reason: Grad-CAM against saliency is within the standard errors; the middle of the photograph (0.46, 40 %) is the fair rival, so the proof fails; the test favours occlusion, since it covers as occlusion does; saliency depends in part on the untrained network (0.28), the others do not |
# | 1 | one of these with its reason; or two named without a number or a reason |
# | 0 | agrees with the report, or objects in general ("more photographs are needed") without the table |
# ### END SOLUTION

# %% [markdown]
# ## The harvest: neighbours among photographs
#
# Nobody can write kernels for cats by hand. But the network that you trained has found some. Below,
# the same 500 test photographs look for their neighbours among the same 1,200 training photographs:
# by their pixels, in the latent space of the network before it had learned anything, and after.
# Predict first: which of the three will be the worst?

# %%
pixel_rows = [
    part.images.reshape(len(part), -1) / 255.0
    for part in (photos.train, photos.test)
]
net_rows = {}
trained = photo_net.get_weights()
for stage, weights_then in [("untrained", untrained), ("trained", trained)]:
    photo_net.set_weights(weights_then)
    net_rows[stage] = [
        latent_features(photo_net, "latent", part.images / np.float32(255))
        for part in (photos.train, photos.test)
    ]
compared = {"pixels, 3,072 numbers": pixel_rows}
compared |= {
    f"{stage} network, 32 numbers": rows for stage, rows in net_rows.items()
}
plots.bars(
    {
        name: neighbour_accuracy(
            known, photos.train.labels, asked, photos.test.labels, k=5
        )
        for name, (known, asked) in compared.items()
    },
    xlabel="accuracy on 500 test photographs (chance: 0.1)",
    title="Five nearest neighbours, the same photographs, three spaces",
)

# %% [markdown]
# And what do the neighbours look like? Each row is a test photograph, its three nearest neighbours
# by pixels, and its three nearest ones in your latent space. A blue frame is a neighbour of the
# same class, a dashed one is of another.

# %%
test_scores = photo_net.predict(photos.test.images / 255, verbose=0)
test_said = test_scores.argmax(axis=1)
asked_rows = [
    int(np.flatnonzero(photos.test.labels == label)[0])
    for label in (0, 1, 3, 7, 8)
]
pictures, captions, frames = [], [], []
latent_rows = [
    latent_features(photo_net, "latent", images / np.float32(255))
    for images in (photos.train.images, photos.test.images[asked_rows])
]
by_pixels = knn.nearest(pixel_rows[0], pixel_rows[1][asked_rows], 3)[0]
by_latent = knn.nearest(*latent_rows, 3)[0]
for asked, near_pixels, near_latent in zip(
    asked_rows, by_pixels, by_latent, strict=True
):
    found = [*near_pixels, *near_latent]
    pictures += [photos.test.images[asked], *photos.train.images[found]]
    captions += [photos.class_names[photos.test.labels[asked]] + "?"]
    captions += [photos.class_names[photos.train.labels[row]] for row in found]
    same_class = photos.train.labels[found] == photos.test.labels[asked]
    frames += [None, *("right" if same else "wrong" for same in same_class)]
plots.image_grid(
    pictures,
    captions,
    colours=frames,
    columns=7,
    title="Question | 3 neighbours by pixels | 3 neighbours in your latent "
    "space",
)

# %% [markdown]
# ## The harvest: what was it looking at?
#
# Last of all, your Grad-CAM on the test photographs that the network was surest of **and got wrong**.
# Each stands twice: lit by what speaks for the class that the network said, and by what speaks for
# the class that is true. A mistake that you can see is a mistake that you can do something about.

# %%
mistaken = np.flatnonzero(test_said != photos.test.labels)
mistaken = mistaken[np.argsort(-np.ptp(test_scores[mistaken], axis=1))][:6]
pictures = [photos.test.images[row] for row in mistaken]
captions = [
    f"is {photos.class_names[photos.test.labels[row]]}" for row in mistaken
]
for word, labels_asked in [("said", test_said), ("true", photos.test.labels)]:
    for row in mistaken:
        image, label = photos.test.images[row], int(labels_asked[row])
        heat = grad_cam(photo_net, last_maps, image / np.float32(255), label)
        pictures.append(spotlight(image, heat))
        captions.append(f"{word}:\n{photos.class_names[label]}")
plots.image_grid(
    pictures,
    captions,
    columns=6,
    scale=1.3,
    title="The surest mistakes on test photographs, lit by your Grad-CAM",
)
print(
    "test accuracy of the network: "
    f"{(test_said == photos.test.labels).mean():.1%}"
)

# %% [markdown]
# A heat map is a hint, not a proof. It is convincing even where it should not be, which is why the
# second lecture's sanity check belongs to it: put the *untrained* weights into the network and look
# again.

# %% [markdown]
# ## How far are you?
#
# The next cell runs all checks of this notebook on what you have now. You can
# do the same at any time, in a cell of your own.

# %%
exercise.progress()

# %% [markdown]
# ## Go further (no points, no solution)
#
# - **The sanity check.** `photo_net.set_weights(untrained)`, and light the same photographs again. How different would the maps have to be to convince you?
# - **Three ways to explain, one number.** Cover the hottest quarter of Grad-CAM, of saliency and of
#   your occlusion map: which one makes the score fall most, on 100 photographs? And a random
#   quarter?
# - **Deeper.** Put four, six, eight of your blocks one after another, with and without the shortcut,
#   and train with three seeds each on `load("cifar10", train=4000)`. From which depth on does the
#   shortcut pay?
#
# Next week you stop guessing what to change, and learn to compare fairly.

# %%
# Your experiments
