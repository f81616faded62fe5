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
# # Four networks that changed the field
#
# In 2012 seven networks of the kind called AlexNet, averaged, named the object in a photograph with 15.3 %
# errors (five guesses allowed, 1,000 classes; two of the seven had seen more images before, and a single
# AlexNet had 18.2 % on the validation images). The second-best entry of that year's ImageNet competition had
# 26.2 %. Three years later an ensemble of ResNets had 3.57 %. On the way the networks became 19 times as
# deep, and some of them *smaller*. Each of these networks fits on a page of code. We write down four of
# them, check every number that their papers state (not all of them add up), and find out by experiment why
# the last one can be so deep.
#
# **After this lecture you can**
#
# - build AlexNet, VGG-16, GoogLeNet and ResNet-50 in Keras and derive their numbers of parameters by hand;
# - say what stacks of 3 × 3 windows, 1 × 1 bottlenecks, inception branches, global average pooling and
#   skip connections are for, with the numbers that speak for them;
# - compute multiply-adds, depth and receptive field of a network by code, and avoid the usual confusion
#   about "FLOPs";
# - show by experiment what depth does to a plain network, and what a skip connection changes;
# - read, and draw, a plot of accuracy against operations and size.
#
# **You need** [LeNet-5](../week03_lenet/03_lenet5.ipynb) of week 3, and from week 2 the receptive field,
# the 1 × 1 and the grouped convolution.
#
# **Time** about 45 minutes to read. **Cost** about half a minute on two cores with the small budget, some
# minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import math

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

from helpers import budget, data, plots, training
from helpers.gradients import value_and_gradient

budget.describe()
IMAGES = budget.choose(ci=400, cpu=2000, gpu=4000)
EPOCHS = budget.choose(ci=5, cpu=8, gpu=12)
DEPTHS = budget.choose(ci=(6, 20), cpu=(8, 32))
RATES = budget.choose(ci=(0.03,), cpu=(0.003, 0.01, 0.03, 0.1))
SEEDS = (0, 1, 2)
photos = data.load("cifar10", train=IMAGES)
print(photos)

# %% [markdown]
# ## Counting without weights
#
# The largest of the four has 138 million parameters: half a gigabyte. To *count* them we do not need
# them. Inside a `StatelessScope` Keras notes the shape of each weight and puts no numbers in. (It also keeps
# a list of weights to fill later; `clear_session` throws that list away.) The result is a blueprint: it can be
# counted and drawn, not run.

# %%
def blueprint(build, *arguments, **options):
    """What build(...) returns, with shapes but without weights: only for counting."""
    with keras.StatelessScope(initialize_variables=False):
        model = build(*arguments, **options)
    keras.utils.clear_session(free_memory=False)
    return model


def parameters(part):
    """Trainable numbers in a model or layer."""
    return sum(math.prod(weight.shape) for weight in part.trainable_weights)


def kernels(layer):
    """Shapes of the layer's kernels: none for pooling, two if it is separable."""
    names = ("kernel", "depthwise_kernel", "pointwise_kernel")
    return [tuple(getattr(layer, name).shape) for name in names if hasattr(layer, name)]

# %% [markdown]
# ## Multiply-adds, and why "FLOPs" is a dangerous word
#
# A **multiply-add** is one multiplication together with the addition of its result. It is what one weight
# does at one place of the output. So the work of a layer is easy to count:
#
# $$\text{multiply-adds} = \text{weights of the kernel} \times \text{places of the output}.$$
#
# A dense layer has one place. A convolution uses each of its weights again at every place: that is weight
# sharing, seen from the side of the bill. Biases, activations, normalisation and pooling are left out: they
# cost next to nothing beside the kernels.
#
# A multiply-add is **two** floating-point operations. Some papers count it as two FLOPs, others (the ResNet
# paper among them) say "FLOPs" and mean multiply-adds. Before you compare two numbers from two papers, find
# out. Here we always count multiply-adds.

# %%
def multiply_adds(layer):
    """Multiply-adds of a layer for one image."""
    shapes = kernels(layer)
    places = math.prod(layer.output.shape[1:-1]) if shapes else 0
    return places * sum(math.prod(shape) for shape in shapes)


def work(model):
    return sum(multiply_adds(layer) for layer in model.layers)


def lenet5():
    """LeNet-5 of the textbooks after LeCun et al. (1998), section II: 61,706."""
    return keras.Sequential([
        keras.Input((32, 32, 1)),
        layers.Conv2D(6, 5, activation="tanh", name="c1"), layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh", name="c3"), layers.AveragePooling2D(2),
        layers.Flatten(), layers.Dense(120, activation="tanh", name="c5"),
        layers.Dense(84, activation="tanh", name="f6"),
        layers.Dense(10, activation="softmax", name="output")])

# %% [markdown]
# The layers of a network come in blocks. We name each layer `block_something`, so that code can make the
# parameter sheet. Our old friend first.
#
# > **Predict, then run.** LeNet-5 has most of its parameters in `c5`. Where has it most of its work?

# %%
def sheet(model):
    """{block: [output shape, parameters, multiply-adds]} of blocks with weights."""
    blocks = {}
    for layer in model.layers:
        row = blocks.setdefault(layer.name.split("_")[0], [None, 0, 0])
        row[0] = layer.output.shape[1:]
        row[1] += parameters(layer)
        row[2] += multiply_adds(layer)
    return {name: row for name, row in blocks.items() if row[1]}


def show_sheet(model):
    print(f"{'block':8s} {'output':>15s} {'parameters':>13s} {'multiply-adds':>16s}")
    for name, (shape, count, cost) in sheet(model).items():
        print(f"{name:8s} {' x '.join(map(str, shape)):>15s} {count:13,} {cost:16,}")
    print(f"{'total':8s} {'':>15s} {parameters(model):13,} {work(model):16,}")


networks = {"LeNet-5": blueprint(lenet5)}
show_sheet(networks["LeNet-5"])

assert parameters(networks["LeNet-5"]) == 61_706
assert work(networks["LeNet-5"]) == 28**2 * 150 + 10**2 * 2400 + 48_000 + 10_080 + 840

# %% [markdown]
# Parameters and work live in different places: `c3` has 4 % of the parameters and more than half of the
# multiply-adds. Keep this in mind; it decides what is small and what is fast.
#
# ## AlexNet, 2012
#
# Krizhevsky, Sutskever and Hinton took LeNet's plan (convolutions and pooling, then dense layers) and made
# everything larger: colour photographs of 227 × 227 pixels, 96 to 384 maps, ReLU, dropout. It did not fit
# on one graphics card of 3 GB, so they cut it in two. In `conv2`, `conv4` and `conv5` each half of the maps
# sees only the half on its own card. Today we call that a **grouped convolution** with 2 groups.
#
# After the first two convolutions stands a layer that is forgotten today: each value is divided by the
# energy of its five neighbours along the channels. It has no parameters, and VGG's authors found that it
# does not help.

# %%
class LocalResponseNorm(layers.Layer):
    """x / (2 + 0.0001 * squares of 5 neighbouring channels) ** 0.75 (section 3.3)."""

    def call(self, x):
        squares = ops.pad(ops.square(x), [(0, 0), (0, 0), (0, 0), (2, 2)])
        maps = x.shape[-1]
        energy = sum(squares[..., shift:shift + maps] for shift in range(5))
        return x / (2 + 1e-4 * energy) ** 0.75


ones = ops.convert_to_numpy(LocalResponseNorm()(np.ones((1, 1, 1, 6), "float32"))).ravel()
print("six ones become", [f"{one:.5f}" for one in ones])

assert np.allclose(ones[2:4], (2 + 5e-4) ** -0.75)  # five neighbours in the middle
assert np.allclose(ones[[0, -1]], (2 + 3e-4) ** -0.75)  # three at the ends

# %%
def alexnet(groups=2):
    """Krizhevsky, Sutskever and Hinton (2012), section 3.5 and figure 2: "60 million".

    groups=2: two cards, as published, 60,965,224. groups=1: one tower in which each map
    sees all maps, 62,378,344.
    """
    def conv(x, name, filters, size, **more):
        return layers.Conv2D(filters, size, activation="relu", name=name, **more)(x)

    image = keras.Input((227, 227, 3))
    x = LocalResponseNorm()(conv(image, "conv1", 96, 11, strides=4))
    x = layers.MaxPooling2D(3, 2)(x)
    x = LocalResponseNorm()(conv(x, "conv2", 256, 5, groups=groups, padding="same"))
    x = layers.MaxPooling2D(3, 2)(x)
    x = conv(x, "conv3", 384, 3, padding="same")
    x = conv(x, "conv4", 384, 3, groups=groups, padding="same")
    x = conv(x, "conv5", 256, 3, groups=groups, padding="same")
    x = layers.Flatten()(layers.MaxPooling2D(3, 2)(x))
    for name in ("fc6", "fc7"):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu", name=name)(x))
    return keras.Model(image, layers.Dense(1000, activation="softmax", name="fc8")(x))

# %% [markdown]
# > **Predict, then run.** Eight layers have weights. Which one holds most of the 61 million? (Before `fc6`
# > stand 6 × 6 × 256 values.) And which layer works most?

# %%
networks["AlexNet"] = blueprint(alexnet)
show_sheet(networks["AlexNet"])
by_hand = {"conv1": 11 * 11 * 3 * 96 + 96, "conv2": 5 * 5 * 48 * 256 + 256,
           "conv3": 3 * 3 * 256 * 384 + 384, "conv4": 3 * 3 * 192 * 384 + 384,
           "conv5": 3 * 3 * 192 * 256 + 256, "fc6": 6 * 6 * 256 * 4096 + 4096,
           "fc7": 4096 * 4096 + 4096, "fc8": 4096 * 1000 + 1000}

assert {name: row[1] for name, row in sheet(networks["AlexNet"]).items()} == by_hand
assert sum(by_hand.values()) == 60_965_224
assert parameters(blueprint(alexnet, groups=1)) == 62_378_344

# %% [markdown]
# 96 % of the parameters stand in three dense layers, 92 % of the work is done by five convolutions. The
# paper says "60 million parameters and 650,000 neurons". Many later versions build one tower without groups:
# more parameters in `conv2`, `conv4`, `conv5`, no difference elsewhere. When you read "AlexNet", look which.

# %%
neurons = sum(math.prod(layer.output.shape[1:]) for layer in networks["AlexNet"].layers
              if kernels(layer))
extra = 5 * 5 * 48 * 256 + 3 * 3 * 192 * 384 + 3 * 3 * 192 * 256
print(f"outputs of all layers with weights: {neurons:,}")
print(f"one tower: {60_965_224:,} + {extra:,} = {60_965_224 + extra:,} parameters")

assert extra == 62_378_344 - 60_965_224

# %% [markdown]
# > **Find the mistake.** The paper says that the input is 224 × 224, that the first windows are 11 × 11
# > with a stride of 4, and that 55 × 55 places come out. Week 2 can check that.

# %%
for width in (224, 227):
    steps = (width - 11) / 4
    fits = "fits" if steps.is_integer() else "does not fit: some pixels are never seen"
    print(f"({width} - 11) / 4 + 1 = {steps + 1}: {fits}")

# %% [markdown]
# 227 without padding gives 55, and so nearly everyone builds it that way.
#
# ## VGG, 2014: only 3 × 3
#
# Simonyan and Zisserman asked: why windows of 11, 5 and 3? A stack of 3 × 3 windows sees as much as a
# large one: two see 5 × 5, three see 7 × 7 (week 2). What does it cost?
#
# > **Predict, then run.** With 256 maps in and out: is one window of 7 × 7 cheaper or dearer than three of
# > 3 × 3, and by how much?

# %%
def chain(side, maps, *steps):
    """Convolutions (window, maps) one after the other, without biases."""
    return keras.Sequential([keras.Input((side, side, maps))] + [
        layers.Conv2D(maps, window, padding="same", use_bias=False)
        for window, maps in steps])


for size, count in ((5, 1), (3, 2), (7, 1), (3, 3)):
    model = blueprint(chain, 56, 256, *[(size, 256)] * count)
    print(f"{count} x ({size} x {size}): field {count * (size - 1) + 1}, "
          f"{parameters(model):9,} parameters, {work(model) / 1e9:5.2f} G multiply-adds, "
          f"{count} activation{'s' if count > 1 else ''}")

assert parameters(model) == 27 * 256**2             # one window of 7 x 7: 49 * 256**2

# %% [markdown]
# The same field for 27/49 of the price, and three activations instead of one: more bends in the
# function. (The stack cannot do everything that a 7 × 7 window can; that it is enough is what the paper
# showed.) The rest of VGG is a pattern that everybody copied: when pooling halves the sides, the
# number of maps doubles.

# %%
def vgg(convolutions=(2, 2, 3, 3, 3)):
    """Simonyan and Zisserman (2015), table 1, configuration D; table 2: "138 million".

    (2, 2, 3, 3, 3) is VGG-16 with 138,357,544; (2, 2, 4, 4, 4) is VGG-19, configuration
    E, with 143,667,240 parameters ("144 million").
    """
    x = image = keras.Input((224, 224, 3))
    for block, (count, filters) in enumerate(zip(convolutions, (64, 128, 256, 512, 512),
                                                 strict=True), start=1):
        for number in range(1, count + 1):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu",
                              name=f"conv{block}_{number}")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    for name in ("fc6", "fc7"):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu", name=name)(x))
    return keras.Model(image, layers.Dense(1000, activation="softmax", name="fc8")(x))


networks["VGG-16"] = blueprint(vgg)
show_sheet(networks["VGG-16"])

assert parameters(networks["VGG-16"]) == 138_357_544
assert parameters(blueprint(vgg, (2, 2, 4, 4, 4))) == 143_667_240

# %% [markdown]
# One layer, `fc6`, holds three quarters of the network: 7 · 7 · 512 inputs times 4,096 outputs. And the
# work: 21 times AlexNet's. The first blocks, where the maps are large, are cheap in parameters and dear
# in work; `fc6` is the other way round. VGG is simple, and it is the most expensive network of this
# lecture. The other entry of the same year went the opposite way.
#
# ## GoogLeNet, 2014: branches and bottlenecks
#
# Which window is right, 1, 3 or 5? Szegedy and colleagues answered: all of them, side by side, and the
# next layer takes what it needs. Their **inception module** has four branches whose outputs are put one
# behind the other along the channels. Done naively, that is far too expensive: the 5 × 5 windows see all
# channels. The trick is a cheap layer in front of them, a 1 × 1 convolution that mixes the channels down
# to a few: a **bottleneck**.
#
# > **Predict, then run.** The first module gets 28 × 28 × 192 and makes 32 maps with 5 × 5 windows. What
# > do they cost directly, and what if a 1 × 1 convolution makes 16 maps out of the 192 first?

# %%
direct = blueprint(chain, 28, 192, (5, 32))
reduced = blueprint(chain, 28, 192, (1, 16), (5, 32))
for name, model in {"directly": direct, "through 16 maps": reduced}.items():
    print(f"{name:16s} {parameters(model):8,} weights {work(model):12,} multiply-adds")
print(f"{parameters(direct) / parameters(reduced):.1f} times cheaper")

assert (parameters(direct), parameters(reduced)) == (192 * 800, 192 * 16 + 16 * 800)

# %% [markdown]
# A module is six convolutions and a pooling layer. We write it as in the paper's table: six numbers.

# %%
def inception(x, name, ones, reduce3, threes, reduce5, fives, pooled):
    """Four branches, put together along the channels (Szegedy et al. 2015, figure 2b)."""
    def conv(x, filters, size, part):
        return layers.Conv2D(filters, size, padding="same", activation="relu",
                             name=f"{name}_{part}")(x)

    pool = layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_pool")(x)
    return layers.Concatenate(name=f"{name}_concat")([
        conv(x, ones, 1, "1x1"),
        conv(conv(x, reduce3, 1, "3x3reduce"), threes, 3, "3x3"),
        conv(conv(x, reduce5, 1, "5x5reduce"), fives, 5, "5x5"),
        conv(pool, pooled, 1, "poolproj")])


MODULES = {"3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
           "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
           "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
           "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
           "5b": (384, 192, 384, 48, 128, 128)}

# %% [markdown]
# At the end stands another saving. VGG flattens 7 × 7 × 512 values into a dense layer. GoogLeNet
# takes the mean of each map first, **global average pooling**, and gives 1,024 means to one dense layer.

# %%
def googlenet(auxiliary=False):
    """Szegedy et al. (2015), table 1. Main network 6,998,552; two auxiliary heads
    (section 5), used in training only, have 6,379,728 more."""
    def conv(x, name, filters, size, strides=1):
        return layers.Conv2D(filters, size, strides, padding="same", activation="relu",
                             name=name)(x)

    def head(x, name):
        x = conv(layers.AveragePooling2D(5, 3)(x), f"{name}_conv", 128, 1)
        x = layers.Dense(1024, activation="relu", name=f"{name}_fc")(layers.Flatten()(x))
        x = layers.Dropout(0.7)(x)
        return layers.Dense(1000, activation="softmax", name=f"{name}_out")(x)

    image, heads = keras.Input((224, 224, 3)), []
    x = layers.MaxPooling2D(3, 2, padding="same")(conv(image, "conv1", 64, 7, strides=2))
    x = conv(LocalResponseNorm()(x), "conv2_reduce", 64, 1)
    x = LocalResponseNorm()(conv(x, "conv2", 192, 3))
    for name, maps in MODULES.items():
        if name in ("3a", "4a", "5a"):
            x = layers.MaxPooling2D(3, 2, padding="same")(x)
        x = inception(x, name, *maps)
        if auxiliary and name in ("4a", "4d"):
            heads.append(head(x, f"aux{name}"))
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    x = layers.Dense(1000, activation="softmax", name="linear")(x)
    return keras.Model(image, [x, *heads])

# %% [markdown]
# Before we count, a picture of the first module, with the parameters that its layers really have.

# %%
def diagram(boxes, arrows, title, alt, size):
    """Boxes {key: (x, y, text, colour)} and arrows (from, to, bend) between them."""
    fig, ax = plt.subplots(figsize=size, layout="constrained")
    ax.axis("off")
    drawn = {}
    for key, (x, y, text, colour) in boxes.items():
        frame = {"boxstyle": "round,pad=0.45", "facecolor": "white", "linewidth": 2,
                 "edgecolor": plots.COLOURS[colour]}
        drawn[key] = ax.text(x, y, text, ha="center", va="center", fontsize=9, bbox=frame)
    for start, end, bend in arrows:
        ax.annotate("", xy=drawn[end].get_position(), xytext=drawn[start].get_position(),
                    arrowprops={"arrowstyle": "-|>", "color": "#333333", "linewidth": 1.3,
                                "connectionstyle": f"arc3,rad={bend}",
                                "patchA": drawn[start].get_bbox_patch(),
                                "patchB": drawn[end].get_bbox_patch()})
    x, y = zip(*(box[:2] for box in boxes.values()), strict=True)
    ax.set(xlim=(min(x) - 0.55, max(x) + 0.55), ylim=(min(y) - 0.6, max(y) + 0.6))
    ax.set_title(title)
    plots.show(fig, alt)

# %%
networks["GoogLeNet"] = blueprint(googlenet)


def told(part, text):
    layer = networks["GoogLeNet"].get_layer(f"3a_{part}")
    return f"{text}, {layer.filters} maps\n{layer.count_params():,} parameters"


boxes = {"in": (0, 1.5, "28 × 28 × 192", 6),
         "a": (2.2, 3, told("1x1", "1 × 1"), 0),
         "b1": (1, 2, told("3x3reduce", "1 × 1"), 1),
         "b2": (2.2, 2, told("3x3", "3 × 3"), 0),
         "c1": (1, 1, told("5x5reduce", "1 × 1"), 1),
         "c2": (2.2, 1, told("5x5", "5 × 5"), 0),
         "d1": (1, 0, "max pool 3 × 3\nstride 1", 6),
         "d2": (2.2, 0, told("poolproj", "1 × 1"), 1),
         "out": (3.3, 1.5, "28 × 28 × 256\nconcatenate", 6)}
arrows = [("in", "a", -0.22)] + [(start, end, 0) for start, end in (
    ("in", "b1"), ("in", "c1"), ("in", "d1"), ("b1", "b2"), ("c1", "c2"),
    ("d1", "d2"), ("a", "out"), ("b2", "out"), ("c2", "out"), ("d2", "out"))]
diagram(boxes, arrows, "Inception module 3a: four branches (orange: 1 × 1 that reduces)",
        "From left to right: 192 maps go into four branches: a 1 by 1 convolution; a 1 by"
        " 1 and a 3 by 3; a 1 by 1 and a 5 by 5; a pooling layer and a 1 by 1. Their 64, "
        "128, 32 and 32 maps are concatenated to 256.", (8.2, 3.9))

# %% [markdown]
# The sizes are the same everywhere (28 × 28), so the maps can be put behind each other:
# 64 + 128 + 32 + 32 = 256. Now the sheet, beside the one that the paper prints. Its K must be 1,024, and
# biases are left out: counted so, `conv2` and `linear` agree to the last digit.

# %%
PAPER = {"conv1": 2.7, "conv2": 112, "3a": 159, "3b": 380, "4a": 364, "4b": 437,
         "4c": 463, "4d": 580, "4e": 840, "5a": 1072, "5b": 1388,
         "linear": 1000}                                         # K, from table 1
ours = {}
for layer in networks["GoogLeNet"].layers:
    block = layer.name.split("_")[0]
    ours[block] = ours.get(block, 0) + sum(math.prod(shape) for shape in kernels(layer))
print("block    our weights   in K   paper")
for name, said in PAPER.items():
    gap = ours[name] / 1024 / said - 1
    note = "" if abs(gap) < 0.02 else f"  {gap:+.0%}"
    print(f"{name:8s} {ours[name]:11,} {ours[name] / 1024:6.1f} {said:7g}{note}")
print(f"sum      {sum(ours.values()):11,}        {sum(PAPER.values()):7,.0f} K")

assert [round(ours[name] / 1024) for name in ("conv2", "linear")] == [112, 1000]

# %% tags=["remove-cell"]
from helpers.record import record

record(googlenet_weights=ours, googlenet_paper=PAPER)

# %% [markdown]
# Most rows agree within 2 %. Three do not, though each row of our code was built from the numbers in the
# very same row of the paper. The first is the strangest: a window of 7 × 7 on three colours and 64 maps
# must have 7 · 7 · 3 · 64 = 9,408 weights, and the paper counts 2.7 K. A *separable* convolution with 8 filters for each
# colour would have 7 · 7 · 3 · 8 + 24 · 64 = 2,712 weights, and two later papers from the same house
# mention such a first layer (Ioffe and Szegedy 2015; Chollet 2017). That is our guess, not the paper's
# word. A table in a famous paper is still a table typed by hand.

# %%
full = blueprint(googlenet, auxiliary=True)
main, heads = parameters(networks["GoogLeNet"]), sheet(full)
print(f"main network, with biases: {main:,}")
each = [heads[name][1] for name in ("aux4a", "aux4d")]
print("auxiliary heads:", " + ".join(f"{count:,}" for count in each),
      f"= {parameters(full) - main:,}; together {parameters(full):,}")
print(f"convolutions only, no biases: {sum(ours.values()) - ours['linear']:,}")
separable = 7 * 7 * 3 * 8 + 24 * 64
print(f"a separable first layer: {separable:,} weights instead of {ours['conv1']:,}")

assert main == 6_998_552 and parameters(full) == 13_378_280
assert heads["aux4a"][1] == 512 * 128 + 128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000

# %% [markdown]
# So how many parameters has GoogLeNet? The published table adds up to 6.8 million, our network after that
# table has 6,998,552. The paper's introduction says "12 times fewer" than AlexNet, which would be 5
# million, and a later paper by the same authors (Szegedy et al. 2016) says "5 million". We know of no way
# to count the table that gives 5 million. And who loads it with its auxiliary heads gets 13 million. **A
# number of parameters without saying what was counted is not a fact.**
#
# What is beyond doubt: 22 layers deep, about a ninth of AlexNet's parameters, about twice its work.
# Pooling instead of flattening did much of that.

# %%
def ends(maps, units, pool):
    """What stands behind the last 7 x 7 maps: flatten or average, then dense layers."""
    gather = layers.GlobalAveragePooling2D() if pool else layers.Flatten()
    return keras.Sequential([keras.Input((7, 7, maps)), gather,
                             *[layers.Dense(n) for n in units]])


for name, args in {"VGG-16": (512, (4096, 4096, 1000), False),
                   "GoogLeNet": (1024, (1000,), True),
                   "GoogLeNet, flattened": (1024, (1000,), False)}.items():
    print(f"{name:21s} {parameters(blueprint(ends, *args)):12,} parameters at the end")

assert parameters(blueprint(ends, 1024, (1000,), True)) == 1_025_000

# %% [markdown]
# ## ResNet, 2015: a way around
#
# By now the recipe seemed clear: deeper is better. So, 56 layers? He, Zhang, Ren and Sun tried, and
# found something odd. Their plain network of 56 layers was worse than the one of 20. Not only on new
# images, which would be overfitting: on the **training** images. Yet the deep network *contains* the
# shallow one: let 36 layers pass on what they get, and nothing is lost. Training did not find it.
#
# Their answer: make passing on the default. A **residual block** computes $x + F(x)$. The layers in $F$
# learn what to *add*, and "nothing" is easy to learn. The wire for $x$ is the **skip connection** (or
# shortcut). Where sides or maps change, $x$ does not fit; there the skip connection gets a 1 × 1
# convolution of its own, a **projection**. In the deep versions $F$ is a bottleneck again: 1 × 1 down,
# 3 × 3, 1 × 1 up.

# %%
def bottleneck(x, name, maps, strides, bias):
    """x + F(x) with F = 1 x 1, 3 x 3, 1 x 1 (He et al. 2016, figure 5 right, table 1)."""
    def conv(x, filters, size, part, strides=1):
        x = layers.Conv2D(filters, size, strides, padding="same", use_bias=bias,
                          name=f"{name}_{part}")(x)
        return layers.BatchNormalization(name=f"{name}_{part}norm")(x)

    skip = x
    if strides > 1 or x.shape[-1] != 4 * maps:
        skip = conv(x, 4 * maps, 1, "skip", strides)
    x = layers.ReLU(name=f"{name}_relu1")(conv(x, maps, 1, "a", strides))
    x = layers.ReLU(name=f"{name}_relu2")(conv(x, maps, 3, "b"))
    x = layers.Add(name=f"{name}_add")([conv(x, 4 * maps, 1, "c"), skip])
    return layers.ReLU(name=f"{name}_out")(x)


wide = blueprint(chain, 56, 256, (3, 256), (3, 256))
narrow = blueprint(chain, 56, 256, (1, 64), (3, 64), (1, 256))
print(f"on 256 maps: two 3 x 3 {parameters(wide):,} weights, "
      f"bottleneck {parameters(narrow):,}")

# %%
def resnet(blocks=(3, 4, 6, 3), bias=False):
    """He, Zhang, Ren and Sun (2016), table 1, projection shortcuts where shapes change.

    (3, 4, 6, 3) is ResNet-50: 25,557,032 trainable parameters. (3, 4, 23, 3) is
    ResNet-101, 44,549,160; (3, 8, 36, 3) is ResNet-152, 60,192,808. bias=True gives each
    convolution a bias that batch normalisation makes useless, as keras.applications does.
    """
    image = keras.Input((224, 224, 3))
    x = layers.Conv2D(64, 7, 2, padding="same", use_bias=bias, name="conv1_a")(image)
    x = layers.ReLU(name="conv1_out")(layers.BatchNormalization(name="conv1_norm")(x))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    for stage, count in enumerate(blocks):
        for number in range(count):
            strides = 2 if stage > 0 and number == 0 else 1
            name = f"conv{stage + 2}_{number + 1}"
            x = bottleneck(x, name, 64 * 2**stage, strides, bias)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(1000, activation="softmax", name="fc")(x))


networks["ResNet-50"] = blueprint(resnet)
show_sheet(networks["ResNet-50"])

assert parameters(networks["ResNet-50"]) == 25_557_032

# %% [markdown]
# The first two blocks of `conv2` as a picture: one with a projection, one where $x$ fits as it is.

# %%
def part(number, name, text):
    layer = networks["ResNet-50"].get_layer(f"conv2_{number}_{name}")
    return f"{text}, {layer.filters}\n{layer.count_params():,}"


def residual_row(number, y, source, skip):
    steps = {"a": "1 × 1", "b": "3 × 3", "c": "1 × 1"}
    row = {f"{step}{y}": (at, y, part(number, step, text), 0)
           for at, (step, text) in enumerate(steps.items(), start=1)}
    row |= {f"in{y}": (0, y, source, 6), f"add{y}": (4, y, "+", 3),
            f"out{y}": (4.8, y, "ReLU\n56 × 56 × 256", 6),
            f"skip{y}": (2, y - 0.85, *skip)}
    ways = ["in", "a", "b", "c", "add", "out"]
    lines = [(f"{a}{y}", f"{b}{y}", 0) for a, b in zip(ways, ways[1:], strict=False)]
    return row, lines + [(f"in{y}", f"skip{y}", 0.15), (f"skip{y}", f"add{y}", 0.15)]


above, lines_above = residual_row(1, 2.2, "56 × 56 × 64",
                                  (part(1, "skip", "projection 1 × 1"), 1))
below, lines_below = residual_row(2, 0, "56 × 56 × 256", ("identity: no parameters", 2))
diagram(above | below, lines_above + lines_below,
        "Two residual blocks: window, maps, weights of each convolution",
        "Two rows from left to right: input, 1 by 1, 3 by 3 and 1 by 1 convolution, plus "
        "sign, ReLU. Below each row a second way from the input to the plus sign: in the "
        "first a 1 by 1 projection from 64 to 256 maps, in the second the identity.",
        (8.4, 4.2))

# %% [markdown]
# A batch normalisation follows each convolution (not drawn). `keras.applications.ResNet50` counts
# 25,636,712 parameters, the literature 25,557,032. Who is right? Take it apart.

# %%
ours = networks["ResNet-50"]
theirs = blueprint(keras.applications.ResNet50, weights=None)
with_bias = blueprint(resnet, bias=True)
biases = sum(layer.filters for layer in ours.layers if isinstance(layer, layers.Conv2D))
statistics = ours.count_params() - parameters(ours)
print(f"trainable                        {parameters(ours):11,}")
print(f"+ a bias for each output map     {biases:11,} = {parameters(with_bias):,}")
print(f"+ running means and variances    {statistics:11,} = {with_bias.count_params():,}")
print(f"keras.applications.ResNet50      {theirs.count_params():11,}")

assert parameters(ours) + biases + statistics == theirs.count_params() == 25_636_712
assert with_bias.count_params() == theirs.count_params()
assert sum(multiply_adds(layer) for layer in theirs.layers) == work(ours)
assert sorted(sum(map(kernels, ours.layers), [])) == sorted(
    sum(map(kernels, theirs.layers), []))

# %% [markdown]
# Both. The Keras network carries 26,560 biases that batch normalisation subtracts again, and its
# `count_params` includes 53,120 means and variances that are measured, not trained. The kernels are the
# same, one by one, and so is the work: the paper's "3.8 billion FLOPs" are multiply-adds.
#
# ## Five networks side by side
#
# Two more numbers per network: **depth**, the layers with weights on the longest way from image to answer,
# and the **receptive field** of the last maps (week 2: a window of $k$ adds $k - 1$ times the product
# of all strides before it). In a network with branches we walk along all wires and keep the largest value.

# %%
def trace(model):
    """Depth of the model, and receptive field (pixels) of its last maps."""
    known, fields = {id(model.inputs[0]): (0, 1, 1)}, []
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        came = [known[id(tensor)] for tensor in keras.tree.flatten(layer.input)]
        depth, field, jump = (max(values) for values in zip(*came, strict=True))
        window = getattr(layer, "kernel_size", getattr(layer, "pool_size", (1,)))[0]
        field += (window - 1) * jump
        jump *= getattr(layer, "strides", (1,))[0]
        known[id(layer.output)] = (depth + bool(kernels(layer)), field, jump)
        if len(layer.output.shape) == 4:
            fields.append(field)
    return max(depth for depth, _, _ in known.values()), fields[-1]


print("network    depth  field of  image  parameters  float32 in  multiply-adds")
for name, model in networks.items():
    depth, field = trace(model)
    print(f"{name:10s} {depth:5d} {field:9d} {model.inputs[0].shape[1]:6d} "
          f"{parameters(model) / 1e6:8.2f} M {parameters(model) * 4 / 1e6:8.1f} MB "
          f"{work(model) / 1e9:10.4f} G")

assert [trace(model)[0] for model in networks.values()] == [5, 8, 16, 22, 50]

# %% [markdown]
# 8, 16, 22, 50: the depths that the papers give. The field of the last maps grew from a part of the image
# to more than the whole of it (GoogLeNet, ResNet). Now the question from the top: where do parameters
# sit, and where is the work done?

# %%
def dense_share(model, measure):
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    return sum(map(measure, dense)) / sum(map(measure, model.layers))


shares = {name: (dense_share(model, parameters), dense_share(model, multiply_adds))
          for name, model in networks.items()}
fig, axes = plt.subplots(1, 2, figsize=(8, 2.9), sharey=True, layout="constrained")
for ax, which, title in zip(axes, (0, 1), ("parameters", "multiply-adds"), strict=True):
    dense = np.array([100 * share[which] for share in shares.values()])
    ax.barh(list(shares), 100 - dense, color=plots.COLOURS[0])
    ax.barh(list(shares), dense, left=100 - dense, color=plots.COLOURS[1], hatch="//",
            edgecolor="white")
    for y, value in enumerate(dense):
        ax.text(101, y, f"{value:.1f} %", va="center", fontsize=9)
    ax.set(xlim=(0, 118), xlabel=f"share of the {title} in %", xticks=range(0, 101, 25),
           title=f"{title}: convolutions (plain),\ndense (hatched, number)")
    ax.grid(axis="y", visible=False)
axes[0].invert_yaxis()
told = "; ".join(f"{name} {p:.1%} and {m:.1%}" for name, (p, m) in shares.items())
plots.show(fig, "Two bar charts, the dense layers' share of the parameters and of the "
                f"multiply-adds: {told}.")

# %% [markdown]
# Up to VGG the dense layers own the parameters and do next to nothing. With global average pooling they
# nearly vanish, and parameters and work move together into the convolutions. To make a network *smaller*,
# look at the dense layers first; to make it *faster*, at the convolutions on large maps.
#
# ## Why skip connections? First: the identity
#
# "The layers could pass on what they get." Could they? A residual block, yes: set the last scale of its
# batch normalisation to 0, and $F(x) = 0$, exactly. The plain block with the same setting is dead.

# %%
def block(x, width, skip, norm, start):
    """Two 3 x 3 convolutions, with or without a way around them."""
    inside = x
    for last in (False, True):
        inside = layers.Conv2D(width, 3, padding="same", use_bias=not norm,
                               kernel_initializer=start)(inside)
        if norm:
            inside = layers.BatchNormalization(momentum=0.9)(inside)
        if not last:
            inside = layers.ReLU()(inside)
    return layers.ReLU()(layers.Add()([inside, x]) if skip else inside)


maps = np.abs(np.random.default_rng(0).normal(size=(2, 8, 8, 16))).astype("float32")
for skip in (True, False):
    image = keras.Input((8, 8, 16))
    model = keras.Model(image, block(image, 16, skip, True, "he_normal"))
    model.layers[5].gamma.assign(np.zeros(16))  # scale of the second normalisation
    change = np.abs(ops.convert_to_numpy(model(maps)) - maps).max()
    kind = "residual" if skip else "plain"
    print(f"{kind} block: output differs from input by up to {change:.2f}")
    assert (change == 0) == skip

# %% [markdown]
# ## Second: what reaches the first layers?
#
# To learn, each layer needs a gradient of a reasonable size. We build deep, narrow networks that differ in one
# thing at a time, take real photographs, and measure the gradient of the loss with respect to
# each convolution's kernel **before any training**.

# %%
def deep(depth, skip=False, norm=True, start="he_normal", width=16):
    """A network of `depth` layers with weights: a stem, blocks, one dense layer."""
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(width, 3, 2, padding="same", activation="relu",
                      kernel_initializer=start)(image)
    x = layers.MaxPooling2D(2)(x)
    for _ in range((depth - 2) // 2):
        x = block(x, width, skip, norm, start)
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


x = np.asarray(photos.train.images, "float32") / 255
x = (x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2))
y = photos.train.labels.astype("int32")
FAR = budget.choose(ci=26, cpu=44)
plain, residual = blueprint(deep, FAR), blueprint(deep, FAR, skip=True)
print(f"{FAR} layers, parameters: plain {parameters(plain):,}, "
      f"with skip connections {parameters(residual):,}")

assert parameters(plain) == parameters(residual)
assert trace(plain)[0] == trace(residual)[0] == FAR

# %% [markdown]
# A skip connection that fits costs no parameters. The gradient comes from `helpers.gradients`; the
# model is called as a function of its weights.

# %%
def kernel_gradients(model, x, y):
    """Norm of the loss's gradient for each convolution kernel, from the image on."""
    def loss(weights):
        scores, _ = model.stateless_call(weights, model.non_trainable_variables, x,
                                         training=True)
        return ops.mean(keras.losses.sparse_categorical_crossentropy(
            y, scores, from_logits=True))

    weights = [ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    _, gradients = value_and_gradient(loss, weights)
    return np.array([np.linalg.norm(g) for g in gradients if g.ndim == 4])


KINDS = {"plain, Glorot": {"norm": False, "start": "glorot_uniform"},
         "plain, He": {"norm": False}, "plain, batch norm": {},
         "skip, batch norm": {"skip": True}}
STARTS = budget.choose(ci=(0,), cpu=(0, 1, 2))
norms = {}
for kind, choices in KINDS.items():
    runs = []
    for seed in STARTS:
        keras.utils.set_random_seed(seed)
        runs.append(kernel_gradients(deep(FAR, **choices), x[:100], y[:100]))
    norms[kind] = np.exp(np.log(runs).mean(axis=0))              # geometric mean

# %% [markdown]
# > **Predict, then run.** Four networks: no normalisation with Keras's default start (Glorot), the same with
# > He's start, batch normalisation, and batch normalisation with skip connections. Where do gradients vanish
# > towards the image, and where do they explode?

# %%
fig, ax = plt.subplots(figsize=(7.2, 3.8), layout="constrained")
for number, (kind, values) in enumerate(norms.items()):
    ax.semilogy(range(1, FAR), values, marker=plots.MARKERS[number], markersize=5)
    ax.annotate(kind, (FAR - 1, values[-1]), xytext=(8, (0, 0, -3, 4)[number]),
                textcoords="offset points", va="center", fontsize=9)
ax.set(xlim=(0, 1.24 * FAR), xticks=range(0, FAR, 5),
       xlabel="convolution (1 is nearest to the image)",
       ylabel="norm of the kernel's gradient",
       title=f"Gradients before training, {FAR} layers, {len(STARTS)} "
             f"start{'s' if len(STARTS) > 1 else ''}")
told = "; ".join(f"{kind} from {values[0]:.1e} to {values[-1]:.1e}"
                 for kind, values in norms.items())
plots.show(fig, f"Norm of each kernel's gradient, first to last convolution: {told}.")
for kind, values in norms.items():
    factor = (values[1] / values[-1]) ** (1 / (len(values) - 2))
    print(f"{kind:17s} second {values[1]:8.1e}  last {values[-1]:8.1e}  "
          f"x {factor:.2f} for each layer towards the image")

# %% [markdown]
# Compare with what you expected. What this shows, with any seed we tried:
#
# - **Glorot's start with ReLU**: tiny gradients *everywhere*. Each ReLU throws away half of the energy, so
#   the signal shrinks on its way up and the gradient on its way down; every kernel's gradient is the product
#   of the two. After 24 layers a factor of $\sqrt{1/2}$ a layer has become 1/4096. This is the vanishing
#   gradient of the textbooks, and He's start (twice the variance) repairs most of it.
# - **Batch normalisation** keeps the signal at size 1 on its way up. On the way down the gradients *grow*
#   layer by layer, so that the first layers are pulled much more strongly than the last. (Theory agrees:
#   Yang et al. 2019. The ResNet authors, who looked at gradients in their normalised plain networks,
#   called them healthy and did not blame them for the trouble with depth.)
# - **With skip connections** the curve is far more level. The derivative of $x + F(x)$ is $1 + F'(x)$:
#   whatever $F$ does to the gradient, the 1 hands it on.
#
# So "skip connections cure vanishing gradients" is half the truth: with batch normalisation nothing
# vanishes. They keep the layers *comparable*, and the start close to a shallow network.
#
# ## Third: train them
#
# The experiment of He et al., in small: shallow and deep, plain and residual, same data, same epochs. The
# question is about the **training** loss: can the network be fitted at all? All have batch normalisation
# and He's start. With the laptop's budget each network gets the best of four learning rates (lowest mean
# training loss); with the small budget, one rate for all.

# %%
def compiled(depth, skip, rate):
    model = deep(depth, skip)
    model.compile(optimizer=keras.optimizers.SGD(rate, momentum=0.9),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    return model


def fitted(depth, skip):
    """Runs of the best rate, and that rate."""
    tried = {}
    for rate in RATES:
        _, tried[rate] = training.repeat(
            lambda: compiled(depth, skip, rate), seeds=SEEDS,  # noqa: B023
            x=x, y=y, epochs=EPOCHS, batch_size=40, mixed=True)
    best = min(RATES, key=lambda rate: training.summary(tried[rate], "loss")[0])
    return tried[best], best

# %% [markdown]
# > **Predict, then run.** Four networks. Rank them by their training loss after the last epoch.

# %%
results = {}
for depth in DEPTHS:
    for skip in (False, True):
        name = f"{'residual' if skip else 'plain'}, {depth} layers"
        results[name], rate = fitted(depth, skip)
        loss, spread = training.summary(results[name], "loss")
        right, _ = training.summary(results[name], "accuracy")
        print(f"{name:19s} rate {rate:<5g} training loss {loss:.2f} ± {spread:.2f}, "
              f"accuracy {right:.0%}")

# %%
curves = {name: training.summary(runs, "loss", slice(None))
          for name, runs in results.items()}
plots.curves(range(1, EPOCHS + 1), curves, xlabel="epoch", ylabel="training loss",
             title=f"{len(x)} photographs, mean and spread of {len(SEEDS)} seeds")

# %%
def compare(one, other):
    a, noise = training.summary(results[one], "loss")
    b, more = training.summary(results[other], "loss")
    verdict = f"{one} fits better" if a < b else f"{other} fits better"
    if abs(a - b) <= noise + more:
        verdict = "within the spread"
    print(f"{one} {a:.2f}, {other} {b:.2f}: {verdict}")


shallow, far = DEPTHS
compare(f"plain, {shallow} layers", f"plain, {far} layers")
compare(f"residual, {far} layers", f"plain, {far} layers")
compare(f"residual, {shallow} layers", f"residual, {far} layers")

# %% [markdown]
# A difference counts if it is larger than the two spreads together (week 3's rule of thumb). Read the
# first line: if the plain network got *worse on its own training images* by becoming deeper, you have
# reproduced the **degradation** that started all this. The second line is the cure, at the price of no
# parameter at all. Be careful with the size of the claim: our trainings are short, and a short training
# cannot tell "never" from "later". He et al. trained theirs to the end and found the gap still there.
#
# ## Accuracy, operations, size
#
# In 2016 Canziani, Paszke and Culurciello put the networks of these years into one plot that made many people
# think: accuracy upwards, operations to the right, parameters as the area of the bubble. Here is ours,
# with some later networks added. Where its numbers come from:
#
# - **parameters and multiply-adds**: counted by the code above, on our networks where we built them, else on
#   those of `keras.applications`, at the input size on which the accuracy was measured;
# - **top-1 accuracy** on the 50,000 ImageNet validation images, one central crop per image: copied from
#   two pages, K = the table in the documentation of Keras Applications
#   (https://keras.io/api/applications/), C = the notes to the models `bvlc_alexnet` and `bvlc_googlenet`
#   of Caffe (https://github.com/BVLC/caffe), which are replications. (That K means one crop stands in the
#   notes of the older package `keras-applications`.) We measured none of them: we do not have ImageNet.

# %%
apps = keras.applications
TABLE = [  # name, top-1 in %, source, how to build it
    ("AlexNet", 57.1, "C", alexnet), ("GoogLeNet", 68.7, "C", googlenet),
    ("VGG-16", 71.3, "K", vgg), ("VGG-19", 71.3, "K", lambda: vgg((2, 2, 4, 4, 4))),
    ("ResNet-50", 74.9, "K", resnet),
    ("ResNet-101", 76.4, "K", lambda: resnet((3, 4, 23, 3))),
    ("ResNet-152", 76.6, "K", lambda: resnet((3, 8, 36, 3))),
    ("Inception-v3", 77.9, "K", lambda: apps.InceptionV3(weights=None)),
    ("Xception", 79.0, "K", lambda: apps.Xception(weights=None)),
    ("DenseNet-121", 75.0, "K", lambda: apps.DenseNet121(weights=None)),
    ("MobileNetV2", 71.3, "K", lambda: apps.MobileNetV2(weights=None)),
    ("EfficientNetB0", 77.1, "K", lambda: apps.EfficientNetB0(weights=None))]
points = {}
print("network         top-1 from  input  parameters  multiply-adds")
for name, top1, source, build in TABLE:
    model = blueprint(build)
    points[name] = (top1, parameters(model) / 1e6, work(model) / 1e9)
    print(f"{name:15s} {top1:4.1f}%   {source} {model.inputs[0].shape[1]:6d} "
          f"{points[name][1]:9.1f} M {points[name][2]:12.2f} G")

assert [round(points[name][2], 1) for name in ("ResNet-50", "ResNet-152")] == [3.9, 11.3]

# %% [markdown]
# > **Predict, then run.** Which network has the largest bubble? Is it the most accurate? Which ones could you
# > throw away, because another one is more accurate *and* needs fewer operations?

# %%
SIDE = {"VGG-16": (-26, -36), "VGG-19": (26, -36), "ResNet-101": (0, -25),
        "ResNet-152": (40, 12), "MobileNetV2": (0, -17), "ResNet-50": (-12, -23),
        "DenseNet-121": (-30, 16), "Inception-v3": (-42, 8), "Xception": (0, 20),
        "AlexNet": (0, -32), "GoogLeNet": (0, -20), "EfficientNetB0": (0, 16)}
fig, ax = plt.subplots(figsize=(8, 5), layout="constrained")
for name, (top1, millions, billions) in points.items():
    mine = name in networks
    ax.scatter(billions, top1, s=12 * millions, color=plots.COLOURS[0 if mine else 1],
               alpha=0.55, edgecolors="#1B1B1B", linewidths=1.6 if mine else 0.6)
    ax.scatter(billions, top1, s=6, color="#1B1B1B")
    size = f"{millions:.0f} M" if millions > 10 else f"{millions:.1f} M"
    ax.annotate(f"{name}\n{size}", (billions, top1), xytext=SIDE[name],
                textcoords="offset points", ha="center", va="center", fontsize=8.5,
                fontweight="bold" if mine else "normal", linespacing=0.95)
ticks = [0.3, 0.5, 1, 2, 5, 10, 20]
ax.set(xscale="log", xlim=(0.2, 34), ylim=(52.5, 82),
       xlabel="multiply-adds for one image, in billions (logarithmic)",
       ylabel="top-1 accuracy on ImageNet in %",
       title="Accuracy, operations and size (area of the bubble: parameters)")
ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
ax.minorticks_off()
told = "; ".join(f"{name} {top1} % at {billions:.2g}, {millions:.3g} million parameters"
                 for name, (top1, millions, billions) in points.items())
plots.show(fig, f"Bubble chart of accuracy against billions of multiply-adds: {told}.")

# %% [markdown]
# Blue with bold labels: built in this lecture; orange: the others. The number is millions of parameters.

# %%
for name, (top1, _, billions) in sorted(points.items(), key=lambda item: item[1][2]):
    better = [other for other, (t, _, b) in points.items() if t > top1 and b < billions]
    print(f"{name:15s}", f"beaten by {', '.join(better)}" if better else "NOT BEATEN")
largest = max(points, key=lambda name: points[name][1])
print(f"largest: {largest} with {points[largest][1]:.0f} M, {points[largest][0]} %")

# %% [markdown]
# What the plot teaches, and what it does not:
#
# - **Size is not accuracy.** The largest bubbles belong to networks with big dense layers, not to the
#   most accurate. Parameters say what a network needs on disk; operations say roughly what it needs in
#   time.
# - **More operations help, less and less.** From ResNet-50 to ResNet-152 the work nearly triples, for
#   under two points.
# - **Better building blocks beat more of the old ones**: the networks that are not beaten use bottlenecks,
#   skip connections and separable convolutions, the blocks of this lecture and of week 2. (EfficientNet has
#   two parts more, which this course does not teach: squeeze-and-excitation, which weighs the channels, and
#   the activation swish.)
# - **The accuracies were not measured in one laboratory.** Frameworks, training recipes and input sizes
#   differ, and a better recipe alone moves a ResNet-50 by several points (week 10). Differences of a
#   point mean little here.
# - **Multiply-adds are not seconds.** Depthwise convolutions move much memory for each multiply-add, so a
#   network with a tenth of the operations is seldom ten times as fast. Measure before you choose.
#
# The [next lecture](02_looking_inside.ipynb) opens a trained network and looks at what the layers have learned.

# %% tags=["remove-cell"]
from helpers.record import record

stacks = {(size, count): blueprint(chain, 56, 256, *[(size, 256)] * count)
          for size, count in ((5, 1), (3, 2), (7, 1), (3, 3))}
ways_to_end = {"VGG-16": (512, (4096, 4096, 1000), False),
               "GoogLeNet": (1024, (1000,), True),
               "GoogLeNet, flattened": (1024, (1000,), False)}
record(sheets={name: sheet(model) for name, model in networks.items()},
       totals={name: [parameters(model), work(model)]
               for name, model in networks.items()},
       depth_and_field={name: trace(model)
                        for name, model in networks.items()},
       alexnet_in_one_tower=parameters(blueprint(alexnet, groups=1)),
       alexnet_neurons=neurons,
       stacks=[[*key, trace(model)[1], parameters(model), work(model)]
               for key, model in stacks.items()],
       five_by_five={name: [parameters(model), work(model)] for name, model in
                     {"directly": direct, "through 16 maps": reduced}.items()},
       on_256_maps={"two 3 x 3": parameters(wide),
                    "bottleneck": parameters(narrow)},
       auxiliary_heads=each, googlenet_with_heads=parameters(full),
       ends={name: parameters(blueprint(ends, *way))
             for name, way in ways_to_end.items()},
       resnet_biases=biases, resnet_statistics=statistics,
       resnet_with_biases=parameters(with_bias),
       resnet_of_keras=theirs.count_params())

# %% tags=["remove-cell"]
from helpers.record import record

record(change_by_a_silenced_plain_block=change, gradient_norms=norms,
       depths=DEPTHS, seeds=SEEDS,
       training_losses={name: [run.history["loss"][-1] for run in runs]
                        for name, runs in results.items()},
       chart=[{"name": name, "source": source, "top1": points[name][0],
               "millions": points[name][1], "billions": points[name][2]}
              for name, _, source, _ in TABLE],
       documentation={build.__name__: build.__doc__ for build in
                      (lenet5, alexnet, vgg, googlenet, resnet)})

# %% [markdown]
# ## Self-test
#
# **1.** You need VGG-16 on a phone with little *memory*. What do you change first?
#
# (a) fewer maps in `conv1`; (b) global average pooling instead of the dense layers; (c) no pooling
#
# <details><summary>Answer</summary>
#
# **(b).** Nine tenths of its parameters stand in the dense layers. (a) `conv1` has 39 thousand of 138
# million. (c) Without pooling many more values would reach `fc6`, and its kernel would grow with them.
# </details>
#
# **2.** What is the 1 × 1 convolution in front of the 5 × 5 windows for?
#
# (a) it enlarges the receptive field; (b) it reduces the number of maps that the 5 × 5 windows see; (c)
# it halves the sides
#
# <details><summary>Answer</summary>
#
# **(b).** That is the bottleneck. (a) A window of 1 adds nothing to the field. (c) Stride 1 keeps the sides.
# </details>
#
# **3.** One page says ResNet-50 needs 3.9 G operations, another 7.7 G FLOPs. Most likely:
#
# (a) one of them is wrong; (b) two versions of the network; (c) one counts multiply-adds, the other
# multiplications and additions
#
# <details><summary>Answer</summary>
#
# **(c).** The factor is two. (a) Both can be right. (b) Versions exist (the stride in the 3 × 3 instead of
# the 1 × 1 convolution), but they change the number by a few per cent.
# </details>
#
# **4.** A plain network of 56 layers has a higher *training* error than one of 20 layers. That is
#
# (a) overfitting; (b) too few parameters; (c) a problem of optimisation
#
# <details><summary>Answer</summary>
#
# **(c).** The deeper one could copy the shallow one and pass the rest on; training does not find that.
# (a) Overfitting is a *low* training error with a high error on new images. (b) It has more parameters.
# </details>
#
# **5.** `model.count_params()` of a network with batch normalisation is larger than the paper says. Why?
#
# (a) it includes means and variances that are measured, not trained; (b) Keras counts biases twice; (c)
# padding adds weights
#
# <details><summary>Answer</summary>
#
# **(a).** Two numbers per map are not trainable. (Biases in front of the normalisation may come on top.)
# (b) It counts each once. (c) Padding is made of zeros, not of weights.
# </details>
#
# ## Take-aways
#
# 1. Work is weights times places. Dense layers hold parameters, convolutions do the work; in modern networks
#    both sit in the convolutions.
# 2. AlexNet 60,965,224 (two groups; one tower 62,378,344), VGG-16 138,357,544, GoogLeNet 6,998,552 (heads
#    apart), ResNet-50 25,557,032 trainable. Say what you count: groups, biases, heads, statistics.
# 3. Blocks: 3 × 3 stacks instead of large windows, 1 × 1 bottlenecks, branches, average pooling instead
#    of flattening.
# 4. Plain depth makes *training* worse. A skip connection makes "change nothing" the default and hands
#    gradients on.
# 5. Compare networks by accuracy, operations and size together, and say where each number comes from.
#
# ## References
#
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012). ImageNet classification with deep convolutional neural
#   networks. *NeurIPS* 25. Reprint: https://doi.org/10.1145/3065386
# - K. Simonyan, A. Zisserman (2015). Very deep convolutional networks for large-scale image recognition.
#   *ICLR*. https://arxiv.org/abs/1409.1556
# - C. Szegedy et al. (2015). Going deeper with convolutions. *CVPR*. https://doi.org/10.1109/CVPR.2015.7298594
# - K. He, X. Zhang, S. Ren, J. Sun (2016). Deep residual learning for image recognition. *CVPR*.
#   https://doi.org/10.1109/CVPR.2016.90
# - A. Canziani, A. Paszke, E. Culurciello (2016). An analysis of deep neural network models for practical
#   applications. https://arxiv.org/abs/1605.07678
# - C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna (2016). Rethinking the Inception architecture for
#   computer vision. *CVPR*. https://doi.org/10.1109/CVPR.2016.308
# - S. Ioffe, C. Szegedy (2015). Batch normalization. *ICML*. https://proceedings.mlr.press/v37/ioffe15.html
# - F. Chollet (2017). Xception: deep learning with depthwise separable convolutions. *CVPR*.
#   https://doi.org/10.1109/CVPR.2017.195
# - G. Yang, J. Pennington, V. Rao, J. Sohl-Dickstein, S. S. Schoenholz (2019). A mean field theory of batch
#   normalization. *ICLR*. https://arxiv.org/abs/1902.08129
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to document
#   recognition. *Proceedings of the IEEE* 86(11), 2278–2324. https://doi.org/10.1109/5.726791
