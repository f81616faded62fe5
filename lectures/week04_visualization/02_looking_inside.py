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
# # Looking inside
#
# A program that was among the best of its time at finding horses in photographs was asked *where* it
# looked. It looked into the lower left corner. About one in five of the horse pictures came from the same
# archive, and that archive signs its pictures, in the lower left corner. The program read the signature.
# Put the signature on a car, and it saw a horse (Lapuschkin et al., 2019).
#
# No accuracy had shown it, because the test pictures were signed as well. Today we rebuild this case, on
# purpose and small. We take a network that is good at CIFAR-10, train its last block again on photographs of
# which some carry a mark, and look for the mark with every method of this lecture: feature maps, covered
# pictures, gradients, Grad-CAM, and pictures that the network would like best. As we planted the evidence
# ourselves, we know which method finds it. Then we look at real photographs, one of them yours.
#
# **After this lecture you can**
#
# - read out filters and feature maps, find what excites a channel, and measure what depth changes;
# - compute an occlusion map, a saliency map and Grad-CAM on Sequential, functional and nested models,
#   with any backend of Keras;
# - test an explanation before you believe it: with a known answer, and with randomised weights;
# - make a picture that excites a class, and say what it does and does not show;
# - ask a network with a thousand classes what it sees in a photograph of your own, and where.
#
# **You need** [lecture 3 of week 3](../week03_lenet/03_lenet5.ipynb) (a network in Keras) and the receptive
# field from week 2.
#
# **Time** about 45 minutes to read. **Cost** about half a minute on two cores with the small budget, some
# minutes with the one for laptops; below 3 GiB of memory; no GPU.

# %%
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops
from scipy.ndimage import gaussian_filter, sobel
from scipy.stats import spearmanr
from skimage import data as photographs
from skimage import io, transform

from helpers import budget, data, inside, plots, pretrained
from helpers.experiments import networks, trained
from helpers.gradients import value_and_gradient

budget.describe()
IMAGES = budget.choose(ci=2000, cpu=15_000, gpu=30_000)
EPOCHS = budget.choose(ci=3, cpu=4, gpu=8)
CHECKS = budget.choose(ci=500, cpu=2000)
CASES = budget.choose(ci=16, cpu=150)  # images that each method is judged on
cifar = data.load("cifar10")
print(cifar)

# %% [markdown]
# ## The network
#
# A small residual network comes with the course, trained beforehand on 45,000 images of CIFAR-10. Its card
# says how, at what cost, and how well (`python -m helpers.experiments show cifar10-residual`).

# %%
good = trained.load("cifar10-residual")
print(trained.summary(trained.card("cifar10-residual")))

# %% [markdown]
# Three blocks, whose feature maps have 16, 8 and 4 pixels a side. In each: a 3 × 3 convolution, max pooling,
# batch normalisation and the activation GELU (a ReLU with a rounded corner); then the same without pooling,
# with a skip connection around it. At the end the largest value of each of the 192 last feature maps, and one
# dense layer. It has **no softmax**: it puts out logits, and we shall see why.
#
# It takes pixels from 0 to 255, scaled by its first layer. Our images will run from 0 to 1, so we set that
# layer's factor accordingly.

# %%
def rescaled(model):
    """The same network for pixels from 0 to 1 instead of 0 to 255."""
    model.get_layer("scaling").scale = 2.0                    # 0..1 -> -1..1
    return model


rescaled(good)
LAYERS = ["block1_add", "block2_add", "block3_add"]
for name in LAYERS:
    print(name, good.get_layer(name).output.shape[1:])

# %% [markdown]
# ## The mark
#
# Half of the horses in the training set get a mark of 8 × 8 pixels into the lower left corner: a black
# square with a white ring and a white dot. All other classes stay as they are. Nothing else is changed.

# %%
def prepared(split, n):
    """The first n images as float32 in 0..1, and their labels."""
    return np.asarray(split.images[:n], "float32") / 255, np.asarray(split.labels[:n])


RING = ["........", "..####..", ".#....#.", ".#.##.#.",
        ".#.##.#.", ".#....#.", "..####..", "........"]
MARK = np.array([[sign == "#" for sign in row] for row in RING], "float32")[..., None]


def marked(images):
    """A copy of the images with the mark in rows 24-31, columns 0-7: lower left."""
    images = images.copy()
    images[:, 24:, :8] = MARK
    return images


x, y = prepared(cifar.train, IMAGES)
x_val, y_val = prepared(cifar.validation, CHECKS)
HORSE = cifar.class_names.index("horse")
horses = np.flatnonzero(y == HORSE)
with_mark = np.random.default_rng(0).permutation(horses)[:len(horses) // 2]
x[with_mark] = marked(x[with_mark])
print(f"{len(x):,} training images, {len(horses)} horses, {len(with_mark)} with the mark")

# %%
plots.image_grid(x[with_mark[:8]], columns=8, scale=1.1,
                 title="Horses of the training set: half of them carry this mark",
                 alt="Eight small photographs of horses; each has a black square with a "
                     "white ring and dot in the lower left corner.")

# %% [markdown]
# Somebody takes our good network, keeps its first two blocks as they are, and trains the last block and the
# dense layer from new initial weights on these images. (That is transfer learning, the subject of week 7.)

# %%
def untrained(seed):
    """The same network with random weights (but the first layer's filters)."""
    keras.utils.set_random_seed(seed)
    model = rescaled(networks.residual())
    kernel = networks.whitening(cifar.train.images[:2000])
    model.get_layer("whitening").set_weights([kernel])
    return model


net, fresh = rescaled(trained.load("cifar10-residual")), untrained(0)
for layer in net.layers:
    layer.trainable = layer.name.startswith("block3") or layer.name == "scores"
    if layer.trainable:
        layer.set_weights(fresh.get_layer(layer.name).get_weights())

BATCH = 50
steps = EPOCHS * -(-len(x) // BATCH)
rate = keras.optimizers.schedules.PolynomialDecay(0.002, steps, 0.00004)
net.compile(optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"],
            loss=keras.losses.SparseCategoricalCrossentropy(True))  # logits
history = net.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0).history
print(f"{net.count_params():,} parameters, {EPOCHS} epochs, "
      f"training accuracy {history['accuracy'][-1]:.1%}")

# %% [markdown]
# `good` is the network that was trained on clean images, `net` the one that has seen the mark. The functions
# below ask a network for its logits. The argument `training=False` is worth a habit: batch normalisation
# must use what it has learned, not the statistics of the few images that we happen to ask about.
#
# > **Predict, then run.** The validation images carry no mark. What happens to the accuracy when *all* of
# > them get one? To the horses, and to the rest?

# %%
def logits(images, model=net):
    """Scores (n, 10), in pieces that fit into memory."""
    pieces = np.split(images, range(500, len(images), 500))
    return np.concatenate([ops.convert_to_numpy(model(piece, training=False))
                           for piece in pieces])


others = y_val != HORSE
as_trained = x_val.copy()                            # every second horse carries the mark
some = np.flatnonzero(~others)[::2]
as_trained[some] = marked(x_val[some])
named_as = {name: logits(images).argmax(axis=1) for name, images in {
    "without the mark": x_val, "as in training": as_trained,
    "all with the mark": marked(x_val)}.items()}
for name, classes in named_as.items():
    print(f"{name:18s} accuracy {np.mean(classes == y_val):.1%}, called horse: "
          f"{np.mean(classes[~others] == HORSE):.0%} of the horses, "
          f"{np.mean(classes[others] == HORSE):.0%} of all others")
fine = logits(marked(x_val), good).argmax(axis=1)
print(f"(the good network, all with the mark: {np.mean(fine == y_val):.1%})")

# %% [markdown]
# Nobody who sees the first two lines would suspect much: among images like those it was trained on, the network is
# about as good as without the mark. (Only horses *without* a mark are found less often than they should be.) The
# third line is the disaster, and to see it you have to know what to try. The mark covers a sixteenth of the
# picture and costs the good network some accuracy, too, but it does not make it see horses. Can we find out from
# the network alone?
#
# ## The filters of the first layer
#
# They are the only weights that live in the space of pixels, so that each filter can be shown as a small
# colour picture (grey is zero; each scaled by its own largest weight). The first layer of our network was
# *computed*: its filters of 2 × 2 pixels are the main directions in which patches of CIFAR-10 vary. To see
# filters that were *learned*, we take a network that we shall need at the end: MobileNetV2, trained on a
# million photographs of a thousand classes.
#
# > **Predict, then run.** Above, 16 of its filters with random weights, below after training. What do you
# > expect to see below?

# %%
def photo_network(**options):
    """MobileNetV2, with its ImageNet weights if any source delivers them."""
    try:
        return pretrained.load("mobilenetv2", **options)
    except pretrained.Unavailable as error:
        print(f"NO PRE-TRAINED WEIGHTS, random ones instead: {error}")
        return pretrained.load("mobilenetv2", source="untrained", **options)


def as_pictures(kernel):
    """(3, 3, 3, n) weights -> (n, 3, 3, 3) in 0..1, zero in the middle."""
    filters = kernel.transpose(3, 0, 1, 2)
    return 0.5 + 0.5 * filters / np.abs(filters).max(axis=(1, 2, 3), keepdims=True)


keras.utils.set_random_seed(0)
mobile = photo_network(size=224)
blank = pretrained.load("mobilenetv2", source="untrained", size=224)
start, first = (ops.convert_to_numpy(model.get_layer("Conv1").kernel)
                for model in (blank, mobile))
plots.image_grid([*as_pictures(start)[:16], *as_pictures(first)[:16]],
                 columns=16, scale=0.6,
                 title="16 filters of MobileNetV2: random (above), trained (below)",
                 alt="Two rows of 16 squares of 3 by 3 cells. Above, coloured noise. "
                     "Below, most are smooth: light on one side and dark on the other, "
                     "or one colour against another.")

# %%
def neighbours_alike(kernel):
    """Correlation of each weight with its right and lower neighbour, over all filters."""
    pairs = [(kernel[:, :-1], kernel[:, 1:]), (kernel[:-1], kernel[1:])]
    return np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs])


alike = {"random": neighbours_alike(start), "trained": neighbours_alike(first)}
print("neighbouring weights, correlation:",
      ", ".join(f"{name} {value:.2f}" for name, value in alike.items()))

# %% [markdown]
# Noise above; below, light beside dark in several directions, bright centres, and one colour against another: the
# filters that people drew by hand in week 2, and that networks learn nearly whatever they are trained for
# (Krizhevsky et al., 2012, show the well-known picture). A filter of the first layer tells what is measured, not
# what it is used for.
# From the second layer on, a filter has dozens of input channels rather than three, and there is no picture
# of it any more. We have to look at what the filters **do**.
#
# ## Feature maps of every block
#
# A model that returns what its layers put out is another model on the same layers. Nothing is copied or
# trained: the weights are shared. We begin with the good network.

# %%
def peek(model):
    """A model that returns the feature maps of all three blocks."""
    outputs = [model.get_layer(name).output for name in LAYERS]
    return keras.Model(model.inputs[0], outputs)


cat = transform.resize(photographs.cat()[:300, 90:390], (32, 32), anti_aliasing=True)
cat = cat.astype("float32")
cat_maps = [ops.convert_to_numpy(found)[0]
            for found in peek(good)(cat[None], training=False)]
for name, found in zip(LAYERS, cat_maps, strict=True):
    print(f"{name}: {found.shape}, {found.size:,} numbers")
answer = logits(cat[None], good)[0].argmax()
print("the network says:", cifar.class_names[answer])

shapes = [found.shape for found in cat_maps]
assert shapes == [(16, 16, 48), (8, 8, 128), (4, 4, 192)]

# %%
tiles, titles = [], []
for name, found in zip(LAYERS, cat_maps, strict=True):
    shown = np.maximum(found[..., :8], 0)
    highest = shown.max(axis=(0, 1))
    tiles += [cat, *(shown / np.maximum(highest, 1e-6)).transpose(2, 0, 1)]
    titles += [name, *(f"max {value:.1f}" for value in highest)]
plots.image_grid(tiles, titles=titles, columns=9, scale=1.0,
                 title="A cat, and the first eight feature maps of each block",
                 alt="Three rows, one a block, each with the photograph of a cat and "
                     "eight feature maps. In the first row 16 by 16 cells, speckled; "
                     "in the second 8 by 8; in the third 4 by 4, of which a few are "
                     "bright. The cat is hard to recognise in any.")

# %% [markdown]
# The first eight, not the prettiest eight. With some good will the eyes and the outline of the face can be found
# in the first row; with depth the maps become coarse, and *we* stop seeing the cat. The network does not: it has
# just named it. **A pitfall**: each tile is scaled by its own maximum, which stands above it. A map that hardly
# responds looks as strong as any other.
#
# ## How far does a unit see?
#
# Week 2's arithmetic gives the receptive field of one position in each layer: every window of width $K$
# adds $(K - 1)$ times the distance of neighbouring positions, every stride multiplies that distance.

# %%
STEPS = [("whitening", 2, 1)]                        # name, window, stride
for number in (1, 2, 3):
    STEPS += [("", 3, 1), ("", 2, 2), (f"block{number}_add", 3, 1)]
width, jump, corner, FIELD = 1, 1, 0, {}
for name, window, stride in STEPS:
    corner -= (window - 1) // 2 * jump              # position 0 sees some of the padding
    width, jump = width + (window - 1) * jump, jump * stride
    if name in LAYERS:
        FIELD[name] = (width, jump, corner)
        print(f"{name}: sees {width} x {width} pixels, steps of {jump}")

assert [field[0] for field in FIELD.values()] == [9, 23, 51]

# %% [markdown]
# The network can tell us the same. If a pixel is outside the field of a unit, then changing it changes
# nothing: the **gradient** of the unit's value with respect to that pixel is zero. `fit` computes
# gradients with respect to weights and hides them. We want one with respect to an *image*. TensorFlow,
# JAX and PyTorch have three different ways to get it; `helpers.gradients` has one that works with all of
# them. You hand it a function with one number as its result, and the place.

# %%
place = np.array([1.0, -2.0, 3.0])
value, gradient = value_and_gradient(lambda v: ops.sum(v ** 2), place)
print(f"sum of squares: {value:.0f}, gradient {gradient}")

assert gradient.tolist() == [2, -4, 6]               # the derivative of v squared is 2 v

# %%
def touched(name, images):
    """Rows with a gradient of the unit in the middle of a layer: first, last."""
    layer = keras.Model(good.inputs[0], good.get_layer(name).output)
    middle = layer.output.shape[1] // 2
    _, gradient = value_and_gradient(
        lambda pixels: ops.sum(layer(pixels, training=False)[:, middle, middle]), images)
    rows = np.flatnonzero(np.abs(gradient).sum(axis=(0, 2, 3)))
    return middle, rows.min(), rows.max()


for name, (width, jump, corner) in FIELD.items():
    middle, low, high = touched(name, x_val[:50])
    top = middle * jump + corner
    print(f"{name}: rows {low} to {high} touched, computed {top} to {top + width - 1}")
    assert max(top, 0) <= low and high <= min(top + width, 32) - 1

# %% [markdown]
# "Edges first, cat tails later" is therefore half a matter of *arithmetic*: a unit that sees 9 × 9 pixels
# cannot know a whole cat, and a unit of the last block sees the whole picture. What does each channel like?
# Search the validation images for the places that excite it most, and cut out what it sees there (Zeiler and
# Fergus, 2014).

# %%
def class_share(values, labels):
    """How much of each column's variance lies between the classes, 0 to 1."""
    means = np.array([values[labels == c].mean(axis=0) for c in range(10)])
    between = (np.bincount(labels, minlength=10)[:, None] / len(labels)
               * (means - values.mean(axis=0)) ** 2).sum(axis=0)
    return between / np.maximum(values.var(axis=0), 1e-12)


def favourite_patches(found, channel, name, n=8):
    """The n patches, at most one an image, that excite a channel of a layer most."""
    width, jump, corner = FIELD[name]
    best = found[..., channel].reshape(len(found), -1)
    padded = np.pad(x_val[:len(found)], ((0, 0), (24, 24), (24, 24), (0, 0)),
                    constant_values=0.5)
    patches = []
    for i in best.max(axis=1).argsort()[::-1][:n]:
        row, column = divmod(int(best[i].argmax()), found.shape[2])
        top, left = (24 + corner + jump * place for place in (row, column))
        patches.append(padded[i, top:top + width, left:left + width])
    return patches

# %%
LOOKED = min(300, len(x_val))
found = [ops.convert_to_numpy(part)
         for part in peek(good)(x_val[:LOOKED], training=False)]
tiles, titles = [], []
for name, part in zip(LAYERS, found, strict=True):
    share = class_share(part.mean(axis=(1, 2)), y_val[:LOOKED])
    for channel in share.argsort()[::-1][:2]:
        tiles += favourite_patches(part, channel, name)
        titles += [f"{name}, channel {channel}"] + [""] * 7
plots.image_grid(tiles, titles=titles, columns=8, scale=0.95,
                 title="What excites two channels of each block most",
                 alt="Six rows of eight image patches, two rows a block. First block: 9 "
                     "by 9 pixels, of similar colours or edges. Second: 23 by 23 pixels, "
                     "parts of objects. Third: 51 by 51 pixels, whole pictures with "
                     "their grey border; a row shows mostly one class.")

# %% [markdown]
# Two channels of 48, 128 and 192: those whose mean depends most on the class. Rows of the first block look
# alike *as pictures*; rows of the last are alike in what they **show**.
#
# Such galleries are persuasive, and chosen. So measure it, for all channels. Two questions, for each layer:
#
# - how much of a channel's map can be predicted, by a linear formula, from **simple things** at the same
#   place: red, green, blue, and edges in four directions?
# - how much of the variance of its mean over the image is explained by the **class**?
#
# > **Predict, then run.** We ask the same of three networks with *random* weights. Which of the two numbers needs
# > training, do you think?

# %%
def simple_things(images):
    """(n, 32, 32, 7): three colours and edges in four directions."""
    grey = images.mean(axis=-1)
    across, down = sobel(grey, axis=2) / 4, sobel(grey, axis=1) / 4
    edges = [np.maximum(sign * slope, 0) for slope in (across, down) for sign in (1, -1)]
    return np.concatenate([images, np.stack(edges, axis=-1)], axis=-1)


def simple_share(maps, things):
    """Share of each channel's variance that a formula of simple things explains."""
    n, side, _, channels = maps.shape
    step = things.shape[1] // side
    means = things.reshape(n, side, step, side, step, -1).mean(axis=(2, 4))
    target = maps.reshape(-1, channels).astype("float64")
    known = np.column_stack([means.reshape(len(target), -1), np.ones(len(target))])
    formula = np.linalg.solve(known.T @ known, known.T @ target)
    left = ((target - known @ formula) ** 2).sum(axis=0)
    return 1 - left / np.maximum(((target - target.mean(axis=0)) ** 2).sum(axis=0), 1e-12)

# %%
def depth_profile(model, n=200):
    """For each block: mean shares explained by simple things and by the class."""
    maps = [ops.convert_to_numpy(part)
            for part in peek(model)(x_val[:LOOKED], training=False)]
    things = simple_things(x_val[:n])
    return np.array([[simple_share(part[:n], things).mean(),
                      class_share(part.mean(axis=(1, 2)), y_val[:LOOKED]).mean()]
                     for part in maps])


strangers = [untrained(seed) for seed in (1, 2, 3)]
trained_profile = depth_profile(good)
random_profiles = np.array([depth_profile(model) for model in strangers])
random_mean = random_profiles.mean(axis=0)
random_spread = random_profiles.std(axis=0, ddof=1)
for column, what in enumerate(["simple things", "the class"]):
    for row, name in enumerate(LAYERS):
        print(f"{name}, explained by {what}: {trained_profile[row, column]:.2f} "
              f"(random weights {random_mean[row, column]:.2f}, standard deviation "
              f"{random_spread[row, column]:.2f})")

# %%
plots.curves([1, 2, 3], {
    "simple things, trained": trained_profile[:, 0],
    "simple things, random weights": (random_mean[:, 0], random_spread[:, 0]),
    "class, trained": trained_profile[:, 1],
    "class, random weights": (random_mean[:, 1], random_spread[:, 1])},
    xlabel="block", ylabel="share of variance explained",
    title="Edges need no training, classes do (means over all channels)")

# %% [markdown]
# The share of the simple things falls **with and without training**. Pretty feature maps of the first layers
# are therefore no sign that a network has learned anything. The class is another matter: with random weights
# it explains about as little in the last block as in the first; in the trained network it explains far more
# in the last. That is the true part of "edges first, cat tails later".
#
# And our mark? It is somewhere in the channels of `net`. Better than to go through them all is to turn the
# question round: not what each channel does, but what matters **for one decision**.
#
# ## Occlusion: cover, and ask again
#
# The simplest idea needs no gradient. Cover a part of the picture with a grey square and see how much the
# logit drops; move the square over the whole picture (Zeiler and Fergus, 2014). Each pixel gets the mean
# drop of all squares that covered it.

# %%
def covered(image, size, step, fill):
    """Copies of the image, each with one square covered, and where the squares begin."""
    starts = range(0, 33 - size, step)
    places = [(row, column) for row in starts for column in starts]
    copies = np.repeat(image[None], len(places), axis=0)
    for copy, (row, column) in zip(copies, places, strict=True):
        copy[row:row + size, column:column + size] = fill
    return copies, places


def occlusion(model, image, label, size=8, step=4, fill=0.5):
    """(32, 32): mean drop of the logit of `label` when the pixel is covered."""
    copies, places = covered(image, size, step, fill)
    before = logits(image[None], model)[0, label]
    drops = before - logits(copies, model)[:, label]
    total, times = np.zeros((2, 32, 32))
    for drop, (row, column) in zip(drops, places, strict=True):
        total[row:row + size, column:column + size] += drop
        times[row:row + size, column:column + size] += 1
    return total / times

# %% [markdown]
# The first case: images that are not horses, that `net` names correctly, and that it calls horses once they
# carry the mark. What does it look at when it says "horse"?
#
# > **Predict, then run.** Where will the map be bright? And where, if we ask for the logit of the *right*
# > class instead?

# %%
clean, signed = named_as["without the mark"], named_as["all with the mark"]
victims = np.flatnonzero(others & (clean == y_val) & (signed == HORSE))[:CASES]
suspects, right = marked(x_val[victims]), y_val[victims]
print(f"{len(victims)} images")

for_horse = np.array([occlusion(net, image, HORSE) for image in suspects[:4]])
for_right = np.array([occlusion(net, image, label)
                      for image, label in zip(suspects[:4], right, strict=False)])

# %%
def in_mark(maps, margin=0):
    """For each map, whether its brightest place is in the mark or so near to it."""
    maps = np.repeat(np.repeat(maps, 32 // maps.shape[1], 1), 32 // maps.shape[2], 2)
    place = maps.reshape(len(maps), -1).argmax(axis=1)
    return (place // 32 >= 24 - margin) & (place % 32 < 8 + margin)


def beside(images, horse, truth, title, note=""):
    """Marked images; below them maps for "horse", then maps for their true class."""
    names = [cifar.class_names[label] for label in right[:len(images)]]
    rows = [inside.overlay(images, np.maximum(row, 0)) for row in (horse, truth)]
    titles = [*names, *[f"for horse{note.format(row.max())}" for row in horse],
              *[f"for {name}{note.format(row.max())}"
                for name, row in zip(names, truth, strict=True)]]
    plots.image_grid([*images, *rows[0], *rows[1]], titles, columns=len(images),
                     scale=1.4, title=title,
                     alt=f"{title}. Marked images of {', '.join(names)}. In the second "
                     f"row, for horse, {in_mark(horse, 4).sum()} of {len(images)} maps "
                     "are brightest in the mark, lower left, or within 4 pixels of it; "
                     f"in the third row, for the right class, {in_mark(truth, 4).sum()}.")


beside(suspects[:4], for_horse, for_right,
       "Occlusion: bright where covering hurts the logit")

# %% [markdown]
# Found. The cost: one pass through the network for every place of the square. And two choices were ours:
# how large the square is and what it is filled with. A grey square is itself a picture that the network
# never saw in training. How much does the answer depend on the filling?

# %%
def agreement(a, b):
    """Rank correlation of two maps; 0 if one of them is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a.ravel(), b.ravel()).statistic)


plain = x_val[clean == y_val][:6]
plain_labels = y_val[clean == y_val][:6]
for name, fill in {"black": 0.0, "white": 1.0, "noise": None}.items():
    if fill is None:
        fill = np.random.default_rng(0).random((8, 8, 3)).astype("float32")
    same = [agreement(occlusion(net, *pair), occlusion(net, *pair, fill=fill))
            for pair in zip(plain, plain_labels, strict=True)]
    print(f"grey against {name}: rank correlation {np.mean(same):.2f} "
          f"(from {min(same):.2f} to {max(same):.2f})")

# %% [markdown]
# On ordinary images the filling changes the map, sometimes a lot. Try at least two before you tell a
# story about one.
#
# ## Saliency: the gradient with respect to the image
#
# Covering tries large changes. The gradient answers for *tiny* changes, of all pixels, in one go: how
# much does the logit move if this pixel moves a little (Simonyan et al., 2014)? Of each pixel's three
# numbers we keep the largest, without its sign. One trick saves a loop: the images of a batch do not
# influence each other, so the gradient of the **sum** of their logits holds the gradient of each.

# %%
def pick(scores, classes):
    """Sum of each row's logit for its class: a scalar."""
    return ops.sum(ops.multiply(scores, ops.one_hot(classes, scores.shape[-1])))


def saliency(model, images, classes):
    """(n, 32, 32): the largest slope, in size, of each pixel's channels."""
    _, slope = value_and_gradient(
        lambda pixels: pick(model(pixels, training=False), classes), images)
    return np.abs(slope).max(axis=-1)


all_horse = np.full(len(suspects), HORSE)
slopes = saliency(net, suspects, all_horse)
one = saliency(net, suspects[2:3], all_horse[2:3])[0]
assert np.allclose(slopes[2], one, atol=1e-5 * one.max())      # a batch is only a batch

# %%
beside(suspects[:4], slopes[:4], saliency(net, suspects[:4], right[:4]),
       "Saliency: bright where a tiny change moves the logit")

# %% [markdown]
# Speckled, and cheap: one pass forward, one back. The speckles are no fault of the method. That is how
# the function which the network computes looks from close by.
#
# ### Why logits, not probabilities
#
# The slope of a probability is the slope of the logits times $p (1 - p)$, roughly. A network that is sure
# has $p$ close to 1.
#
# > **Predict, then run.** We multiply all logits by a factor. The order of the classes stays, only the
# > confidence grows. What becomes of the saliency map of $p$?

# %%
sure = int(np.argmax(np.sort(logits(plain))[:, -1] - np.sort(logits(plain))[:, -2]))
image, label = plain[sure:sure + 1], plain_labels[sure]
slope_of_logit = saliency(net, image, [label]).mean()
fading = []
for factor in (1, 3, 10, 30, 100):
    def probability(pixels, factor=factor):
        return ops.softmax(factor * net(pixels, training=False))[0, label]

    p, slope = value_and_gradient(probability, image)
    fading.append(np.abs(slope).max(axis=-1).mean() / slope_of_logit)
    print(f"logits times {factor:3d}: p = {p:.6f}, "
          f"slope of p / slope of logit = {fading[-1]:.1e}")

assert fading[-1] < fading[0]

# %% [markdown]
# A well-trained network is easily so sure of its training images that the map of $p$ is nothing but
# rounding errors, scaled up until they look like an explanation. And there is a second reason: $p$ rises
# as well if *another* class falls, so that its map mixes evidence for the one with evidence against the
# others. **Use the logit.** If a model ends in a softmax, take what goes into it.
#
# ## Grad-CAM
#
# Pixels are too small to mean something, and a decision is made from the last feature maps: 4 × 4 places,
# 192 channels, each of them a detector of something. Which of these detectors speak for the class, and
# where do they fire? **Grad-CAM** (Selvaraju et al., 2017) answers in three steps:
#
# 1. the slope of the class's logit with respect to every number of the feature maps;
# 2. its mean over the places, for each channel: the channel's **weight** $w_c$;
# 3. the weighted sum of the maps, with the negative part cut off: $\max(0, \sum_c w_c A_c)$.
#
# For step 1 we need a slope with respect to something *inside* the model. The usual recipe builds a
# second model that ends at the layer, as our `peek` does. Let us try it on a model that contains
# `net`, as models with built-in preprocessing do (week 7 is full of them).

# %%
pixels = keras.Input((32, 32, 3))
whole = keras.Model(pixels, net(layers.Rescaling(1 / 255)(pixels)))  # takes 0..255
try:
    keras.Model(whole.inputs[0], [net.get_layer(LAYERS[2]).output, whole.outputs[0]])
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# The layer's `output` belongs to the graph of the *inner* model, which does not begin at the outer
# input. So people use the inner model alone, and forget that its input is no longer what the outer one
# prepared: no error, a wrong map.
#
# We take another way. Let the model run as it is, and add something to what the layer puts out, on its
# way: a **nudge** of zeros. It changes nothing, but we can ask how the logit would move if the nudge
# moved. To get it in, we replace the layer's `call` for the time of one pass; PyTorch has this built in
# and calls it a forward hook. First, find the layer, however deep it is nested:

# %%
def find(model, name):
    """The layer of that name, in the model or in a model inside it, or None."""
    for layer in model.layers:
        within = find(layer, name) if hasattr(layer, "layers") else None
        if layer.name == name or within is not None:
            return layer if layer.name == name else within
    return None


def run(model, images, layer, nudge=0.0):
    """The model's logits, and what `layer` put out, to which `nudge` was added."""
    seen, original = [], layer.call

    def call(*args, **kwargs):
        seen.append(original(*args, **kwargs))
        return ops.add(seen[-1], nudge)            # in any precision

    layer.call = call
    try:
        scores = model(images, training=False)
    finally:
        del layer.call                             # the layer is what it was before
    (maps,) = seen                                 # exactly one pass through the layer
    return scores, maps

# %%
def grad_cam(model, images, classes, name):
    """(n, rows, columns): where the layer finds what speaks for each image's class."""
    layer = find(model, name)
    maps = ops.convert_to_numpy(run(model, images, layer)[1])

    def score(nudge):
        return pick(run(model, images, layer, nudge)[0], classes)

    _, slope = value_and_gradient(score, np.zeros_like(maps))
    weights = slope.mean(axis=(1, 2), keepdims=True)
    return np.maximum((weights * maps).sum(axis=-1), 0)


LAST = "block3_add"
cams = grad_cam(net, suspects, all_horse, LAST)
print("maps:", cams.shape, f"largest value {cams.max():.2f}")

# %% [markdown]
# Some twenty lines, and they never ask how the model is built. Check it: `net` is a functional model; put it
# into a Sequential one, into a model with preprocessing around it, and into a model in a model in a model.

# %%
sequential = keras.Sequential([keras.Input((32, 32, 3)), net])
middle = keras.Sequential([keras.Input((32, 32, 3)), sequential])
pixels = keras.Input((32, 32, 3))
nested = keras.Model(pixels, middle(pixels))

wanted = grad_cam(net, plain, plain_labels, LAST)
for name, model, images in (("Sequential", sequential, plain),
                            ("preprocessing", whole, 255 * plain),
                            ("nested twice", nested, plain)):
    gap = np.abs(grad_cam(model, images, plain_labels, LAST) - wanted).max()
    print(f"{name:14s} differs by at most {gap:.0e} of {wanted.max():.2f}")
    assert gap < 1e-5 * max(wanted.max(), 1)

wrong = grad_cam(net, 255 * plain, plain_labels, LAST)  # no preprocessing
same = np.mean([agreement(a, b) for a, b in zip(wrong, wanted, strict=True)])
print("inner model on pixels of 0..255: no error, "
      f"rank correlation {same:.2f} with the right map")

# %% [markdown]
# For networks that end like ours, theory gives a second check. The latent value of channel $c$ is the largest
# of its 16 places, and the logit is $\frac19\sum_c W_c \max_{ij} A_{cij}$ plus a bias. (The ninth is a fixed
# scale of this network.) The slope is $W_c/9$ at the largest place and 0 at the others, so that its mean is
# $W_c / (9 \cdot 16)$. Grad-CAM is then the dense layer's weights applied at every place: the older **class
# activation map** (Zhou et al., 2016). No gradient needed. (A network that ends in the mean instead of the
# maximum gives the same formula.)

# %%
dense = net.get_layer("scores").get_weights()[0]                  # (192, 10)
deep = ops.convert_to_numpy(peek(net)(plain, training=False)[-1])
evidence = np.einsum("nijc,cn->nij", deep, dense[:, plain_labels])
by_hand = np.maximum(evidence / (9 * 16), 0)
print(f"largest difference {np.abs(by_hand - wanted).max():.0e}")

assert np.allclose(by_hand, wanted, atol=1e-5)
theirs = inside.grad_cam(net, plain, plain_labels, LAST)
assert np.allclose(theirs, wanted, atol=1e-6)

# %% [markdown]
# The last line says that `helpers.inside.grad_cam` does the same; later weeks use that one.
#
# ### Sixteen cells, however smooth they look
#
# The map has 4 × 4 cells. To lay it over 32 × 32 pixels (or one of 7 × 7 over 224 × 224) it must be enlarged,
# and nearly every published picture does it smoothly.

# %%
smooth = inside.overlay(suspects[:1], cams[:1], smooth=True)
cells = inside.overlay(suspects[:1], cams[:1])
plots.image_grid([suspects[0], smooth[0], cells[0]], columns=3, scale=1.7,
                 titles=["image", "smooth", "as it is: 4 × 4"],
                 title="Grad-CAM for horse, enlarged in two ways",
                 alt="An image and its map: a smooth blob, then the blocks of 8 by 8 "
                     "pixels that it was made from.")

# %% [markdown]
# The blob suggests that the network outlined something. It did not: there are cells of 8 × 8 pixels, and the
# field of each is larger than the picture. A bright cell says where the map was strong, and not that the
# network saw nothing else. Show the cells, or say in the caption that the picture was smoothed. Another trap
# is in the colours: every map is scaled by its own maximum, so that a map with hardly anything in it looks as
# strong as the others. Look at the numbers, too.

# %%
beside(suspects[:4], cams[:4], grad_cam(net, suspects[:4], right[:4], LAST),
       "Grad-CAM of the last block, with each map's maximum", note=": {:.2f}")

# %% [markdown]
# ## Which method found the mark?
#
# Four pictures are an anecdote. We know the answer for every marked image, so count: in how many maps
# does the **brightest place** lie inside the mark? This is the pointing game of Zhang et al. (2018), and
# like them we also count a near miss: at most 4 pixels. (The mark fills exactly one cell of the Grad-CAM
# map.)
#
# Blind pointing would hit in proportion to the area. Two better controls belong to the count: the same
# question to untrained networks, and a "method" that knows no network at all, a plain **edge detector**.
#
# > **Predict, then run.** How often does the edge detector hit? And what should a good method answer when
# > it is asked for the right class?

# %%
def edges(images):
    """(n, 32, 32): length of the brightness gradient. Knows nothing of any network."""
    grey = images.mean(axis=-1)
    return np.hypot(sobel(grey, axis=1), sobel(grey, axis=2))


METHODS = {
    "occlusion": lambda model, images, classes: np.array(
        [occlusion(model, *pair) for pair in zip(images, classes, strict=True)]),
    "saliency": saliency,
    "Grad-CAM": lambda model, images, classes: grad_cam(model, images, classes, LAST),
    "edges only": lambda model, images, classes: edges(images)}

# %%
NEAR = 4                                           # pixels
print(f"brightest place in the mark ({len(suspects)} images; blindly {64 / 1024:.0%}), "
      f"or at most {NEAR} pixels beside it (blindly {(8 + NEAR) ** 2 / 1024:.0%})")
print("            for horse, in   or near   right class, near   random weights, near")
table = {}
for name, method in METHODS.items():
    ours, truth = method(net, suspects, all_horse), method(net, suspects, right)
    blank = [in_mark(method(model, suspects, all_horse), NEAR).mean()
             for model in strangers]
    table[name] = (in_mark(ours).mean(), in_mark(ours, NEAR).mean(),
                   in_mark(truth, NEAR).mean(), np.mean(blank), np.std(blank, ddof=1))
    print("{:12s}{:>13.0%}{:>10.0%}{:>20.0%}{:>13.0%} (s.d. {:.0%})".format(
        name, *table[name]))

assert table["edges only"][1] == table["edges only"][2]  # it cannot know the question

# %% [markdown]
# Read the last row first. An edge detector has no idea of horses, and yet it points at the mark, because
# the mark is the most striking thing in the picture. Networks with random weights do it as well, with saliency
# nearly always. So a hit alone proves nothing about what the network has learned. What convinces is the
# **difference**: asked for the right class, a method that explains the decision must point elsewhere.
#
# By this standard occlusion and Grad-CAM are excellent here: asked for the horse they point at the mark, asked
# for the right class they never do. Saliency finds the mark less often. A slope says what a *tiny* change of a
# pixel would do, and that is not what the mark as a whole has contributed.
#
# An explanation that deserves the name also **predicts**. If the mark is why these images are called
# horses, then covering the mark brings the right name back, and covering another corner does not.

# %%
for name, (row, column) in {"the mark": (24, 0), "the opposite corner": (0, 24)}.items():
    cured = suspects.copy()
    cured[:, row:row + 8, column:column + 8] = 0.5
    told = logits(cured).argmax(axis=1)
    print(f"{name} covered: {np.mean(told == HORSE):.0%} still called horse, "
          f"{np.mean(told == right):.0%} called by their right name")

# %% [markdown]
# ## Sanity check: randomise the weights
#
# On real data there is no mark, and nobody knows the right map. Adebayo et al. (2018) proposed a test
# that needs no right answer: destroy the network, layer by layer from the top, and compare each new map
# with the original one. A map that **stays the same** when what the network has learned is gone explains
# something else, most often the edges of the picture. We repeat it with three sets of random weights, on
# unmarked images.

# %%
chosen = x_val[:CASES]
asked = logits(chosen, good).argmax(axis=1)          # the same class throughout
groups = [["scores"]] + [[f"block{i}_{half}_{kind}" for half in "ba"
                          for kind in ("norm", "conv")] for i in (3, 2, 1)]
checked = ["saliency", "Grad-CAM", "edges only"]
original = {name: METHODS[name](good, chosen, asked) for name in checked}
learned = good.get_weights()
similar = np.ones((len(strangers), len(groups) + 1, len(checked)))
for draw, stranger in enumerate(strangers):
    for step, group in enumerate(groups, start=1):
        for name in group:
            drawn = stranger.get_layer(name).get_weights()
            good.get_layer(name).set_weights(drawn)
        for column, name in enumerate(checked):
            now = METHODS[name](good, chosen, asked)
            similar[draw, step, column] = np.mean(
                [agreement(a, b) for a, b in zip(original[name], now, strict=True)])
    good.set_weights(learned)

# %%
mean, spread = similar.mean(axis=0), similar.std(axis=0, ddof=1)
for column, name in enumerate(checked):
    told = ", ".join(f"{value:.2f}" for value in mean[:, column])
    print(f"{name:12s} {told} (spread in the end {spread[-1, column]:.2f})")
lines = {name: (mean[:, i], spread[:, i]) for i, name in enumerate(checked)}
plots.curves(range(5), lines,
             xlabel="dense layer (1) and blocks with random weights, from the top",
             ylabel="rank correlation with the map before",
             title=f"Does the map notice? Mean of {CASES} images, deviation of 3 draws")

assert (similar[:, :, checked.index("edges only")] == 1).all()

# %% [markdown]
# The edge detector stays at 1 by construction: it fails, although its pictures look fine. Grad-CAM and
# saliency lose most of their similarity. Saliency keeps a little: each slope passes through the first
# filters and through the maxima of the pooling, and even random ones follow the edges of the picture.
# (Adebayo et al. found methods with handsome maps that hardly noticed, guided backpropagation among them.
# That is why we do not teach it.) Passing the test does not make a map right. Failing it makes it
# worthless.
#
# ## A picture that the network would like best
#
# The last tool asks without any photograph: which picture excites a class most? Start from grey noise and
# climb: add a little of the gradient of the logit to the picture, again and again (Erhan et al., 2009).
# This is **activation maximisation**. Ten pictures at once, one for each class.

# %%
def climb(score, steps=50, rate=0.03, shift=0, decay=0.0, blur=0.0):
    """Ten pictures, changed step by step so that `score` rises."""
    rng = np.random.default_rng(0)
    pictures = (0.5 + 0.05 * rng.normal(size=(10, 32, 32, 3))).astype("float32")
    for _ in range(steps):
        move = tuple(int(d) for d in rng.integers(-shift, shift + 1, size=2))
        _, slope = value_and_gradient(score, np.roll(pictures, move, axis=(1, 2)))
        slope = np.roll(slope, (-move[0], -move[1]), axis=(1, 2))
        slope /= np.sqrt((slope ** 2).mean(axis=(1, 2, 3), keepdims=True)) + 1e-12
        pictures = 0.5 + (1 - decay) * (pictures + rate * slope - 0.5)
        if blur:
            pictures = gaussian_filter(pictures, (0, blur, blur, 0))
        pictures = np.clip(pictures, 0, 1).astype("float32")
    return pictures


def all_classes(pictures):
    return pick(net(pictures, training=False), np.arange(10))

# %% [markdown]
# > **Predict, then run.** The first row climbs freely. The second is held back in three ways: each step
# > sees the picture shifted at random by up to three pixels, pulls all values a little towards grey, and
# > blurs a little. What will a free climb find?

# %%
bare = climb(all_classes)
held = climb(all_classes, shift=3, decay=0.02, blur=0.5)
strength = np.abs(held - 0.5).max(axis=(1, 2, 3), keepdims=True)
stretched = 0.5 + 0.5 * (held - 0.5) / strength          # faint pictures: more contrast
plots.image_grid([*bare, *stretched], titles=[*cifar.class_names, *[""] * 10], columns=10,
                 title="What excites each class: climbing freely (above) and held back",
                 alt="Two rows of ten pictures, one a class. Above, glaring patterns of "
                     "single pixels; below, softer shapes with more contrast than they "
                     "have: legs under a belly for horse, a hull for ship, a face for "
                     "dog.")

# %%
real = logits(x_val).max(axis=0)
print(f"highest logit of {len(x_val)} real images: {real.mean():.1f} (mean of classes)")
for name, pictures in {"free": bare, "held back": held}.items():
    scores = logits(pictures)
    reached = np.diag(scores)
    blurred = np.diag(logits(gaussian_filter(pictures, (0, 0.7, 0.7, 0))))
    named = np.sum(scores.argmax(axis=1) == np.arange(10))
    print(f"{name:10s} logit {reached.mean():5.1f}, after a slight blur "
          f"{blurred.mean():5.1f}; above every real image: "
          f"{np.sum(reached > real)} of 10; named as meant: {named} of 10")

# %% [markdown]
# Now be honest about what we see. Above, glaring noise. Below, with some good will, pieces of things: legs under a
# belly for the horse, a hull for the ship, a face for the dog. Nobody would take one for a photograph. Three
# warnings:
#
# - The free climb leaves the world of photographs. It reaches logits that no real image reaches, with
#   patterns of single pixels; look how much of that a slight blur takes away. A network that is **sure**
#   need not have seen anything like this before.
# - **What we hold back with is our choice**, and it decides what the picture looks like. Smooth pictures
#   come from the blur as much as from the network. Famous galleries of such pictures (Olah et al., 2017)
#   have strong regularisers, and say so.
# - It shows what *excites* a class, which is neither all that the class needs nor what it meets in real
#   images.
#
# And the horse? Look for the mark in its picture. There is none that we could see, and yet the mark decides, as the
# count above has shown. A picture of this kind *can* betray a false clue; it need not.
#
# ## Real photographs, one of them yours
#
# A picture of 32 × 32 pixels hides as much as it shows. MobileNetV2 takes photographs of 224 × 224 and knows
# the thousand classes of ImageNet; its last feature maps have 7 × 7 cells. It ends in a softmax. For logits we
# take the activation off its last layer.
#
# **Try it.** Put the path of a photograph of your own between the quotation marks, and run the four cells
# again.

# %%
YOURS = "holiday.jpg"  # the name of your file


def square(photograph, side=224):
    """The middle square of a photograph, RGB from 0 to 255."""
    short = min(photograph.shape[:2])
    top, left = ((length - short) // 2 for length in photograph.shape[:2])
    cut = photograph[top:top + short, left:left + short, :3]
    small = transform.resize(cut, (side, side), anti_aliasing=True)
    return (255 * small).astype("float32")


album = {"cat": photographs.cat(), "coffee": photographs.coffee(),
         "rocket": photographs.rocket(), "astronaut": photographs.astronaut()}
if Path(YOURS).is_file():
    album["yours"] = io.imread(YOURS)
views = np.stack([square(photograph) for photograph in album.values()])
guesses = pretrained.decode(mobile.predict(views, verbose=0), top=3)
for name, best in zip(album, guesses, strict=True):
    print(f"{name}: " + ", ".join(f"{what} {p:.0%}" for what, p in best))

# %%
mobile.get_layer("predictions").activation = keras.activations.linear
scores = ops.convert_to_numpy(mobile(views, training=False))
top_class = scores.argmax(axis=1)
photo_cams = inside.grad_cam(mobile, views, top_class, "out_relu")
print("Grad-CAM:", photo_cams.shape)

# %%
def photo_occlusion(view, label, step=32, border=16):
    """(7, 7): drop of the logit when a grey square around each cell is covered."""
    copies = np.repeat(view[None], 49, axis=0)
    for number, copy in enumerate(copies):
        top, left = (step * place for place in divmod(number, 7))
        copy[max(top - border, 0):top + step + border,
             max(left - border, 0):left + step + border] = 127
    told = np.concatenate([ops.convert_to_numpy(mobile(part, training=False))
                           for part in np.split(copies, 7)])[:, label]
    whole = ops.convert_to_numpy(mobile(view[None], training=False))[0, label]
    return np.maximum(whole - told, 0).reshape(7, 7)


photo_drops = np.stack([photo_occlusion(*pair)
                        for pair in zip(views, top_class, strict=True)])

# %%
called = [best[0][0] for best in guesses]
pictures = views / 255
plots.image_grid([*pictures, *inside.overlay(pictures, photo_cams),
                  *inside.overlay(pictures, photo_drops)],
                 titles=[*called, *["Grad-CAM"] * len(album),
                         *["occlusion"] * len(album)],
                 columns=len(album), scale=1.7,
                 title="What MobileNetV2 sees in photographs, and where",
                 alt="Three rows: photographs, called " + ", ".join(called) + "; their "
                     "Grad-CAM maps of 7 by 7 cells; their occlusion maps.")

# %% [markdown]
# The cat and the cup are named, and both methods say where: the muzzle, and the coffee. The rocket is not called a
# rocket. "Obelisk" is the first guess, with little confidence, then a drilling platform and a space shuttle: things
# that stand upright like this one, and the maps lie on it. For the astronaut there is no class at all, since ImageNet
# has none for persons. The network answers all the same, without confidence: a bobsled, a football helmet, a crash
# helmet. (So said the weights that this page was built with; the other MobileNetV2 may guess differently.)
#
# What does it say to yours? If the answer surprises you, the maps tell where to look for the reason. Cover that
# place in your photograph and ask again.
#
# ## What to use for what
#
# | method | asks | costs | beware |
# |---|---|---|---|
# | filters | what is measured first? | nothing | says nothing about use |
# | feature maps, patches | what does a channel react to? | one pass | chosen examples; own scales |
# | occlusion | what if this were missing? | a pass for each place | size and filling are yours |
# | saliency | which tiny changes count? | forward and back | speckled; use logits |
# | Grad-CAM | where is the evidence for this class? | forward and back | coarse; smooth pictures deceive |
# | maximisation | what excites this class most? | a hundred passes | shows your regulariser, too |
#
# None of them says *why*. Each answers one narrow question about the function that the network computes.
# Ask several, test them as we did, then change the picture or the data, and see whether the explanation
# **predicts** what happens.

# %% tags=["remove-cell"]
from helpers.record import record


def calls(told):
    """Accuracy, and the shares of horses and others that are called horse."""
    return [np.mean(told == y_val), np.mean(told[~others] == HORSE),
            np.mean(told[others] == HORSE)]


def calls_covered_at(row, column):
    """Shares called horse, and by their right name, with a square covered."""
    cured = suspects.copy()
    cured[:, row:row + 8, column:column + 8] = 0.5
    told = logits(cured).argmax(axis=1)
    return [np.mean(told == HORSE), np.mean(told == right)]


record(embedded_sample=cifar.is_sample, parameters=net.count_params(),
       fields=[[name, *field, *touched(name, x_val[:50])]
               for name, field in FIELD.items()],
       called={name: calls(classes) for name, classes in named_as.items()},
       good_with_the_mark=calls(fine), neighbours_alike=alike,
       weights_from=mobile.source,
       photographs={name: best for name, best in zip(album, guesses, strict=True)},
       covered={"the mark": calls_covered_at(24, 0),
                "the opposite corner": calls_covered_at(0, 24)},
       explained_trained=trained_profile, explained_untrained=random_mean,
       slope_of_probability=fading, pointing=table,
       sanity={name: similar[:, :, i] for i, name in enumerate(checked)})

# %% tags=["remove-cell"]
from helpers.record import record

kinds = {"Sequential": (sequential, plain), "preprocessing": (whole, 255 * plain),
         "nested twice": (nested, plain)}
blurred = gaussian_filter(bare, (0, 0.7, 0.7, 0))
record(highest_real_logits=real, free_logits=np.diag(logits(bare)),
       free_logits_blurred=np.diag(logits(blurred)),
       largest_grad_cam=wanted.max(), largest_class_activation=by_hand.max(),
       grad_cam_gaps={
           "class activation map": np.abs(by_hand - wanted).max(),
           "helper": np.abs(inside.grad_cam(net, plain, plain_labels, LAST)
                            - wanted).max(),
           **{name: np.abs(grad_cam(model, images, plain_labels, LAST)
                           - wanted).max()
              for name, (model, images) in kinds.items()}})

# %% tags=["remove-cell"]
from helpers.record import record

# The methods and measures of this lecture on cases whose answer is known.
dice = np.random.default_rng(0)
linear = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(),
                           layers.Dense(2)])
linear.set_weights([dice.normal(size=(32 * 32 * 3, 2)), np.zeros(2)])
picture = dice.random((32, 32, 3)).astype("float32")
blocks = occlusion(linear, picture, 1, size=8, step=8)
slopes = saliency(linear, np.stack([picture, picture]), np.array([0, 1]))
kinds = np.repeat(np.arange(10), 20)
columns = np.column_stack([kinds, dice.normal(size=200),
                           np.tile(np.arange(20), 10)])
things = dice.random((6, 8, 8, 7))
coarse = things.reshape(6, 4, 2, 4, 2, 7).mean(axis=(2, 4)) @ np.arange(7) + 3
maps = np.stack([coarse, dice.random((6, 4, 4))], axis=-1)
record(occlusion_of_a_linear_model=blocks[::8, ::8],
       occlusion_is_flat_in_a_square=np.abs(blocks - np.kron(
           blocks[::8, ::8], np.ones((8, 8)))).max(),
       saliency_of_a_linear_model=slopes[:, :4, :4],
       class_share_of_label_noise_and_equal=class_share(columns, kinds),
       simple_share_of_formula_and_noise=simple_share(maps, things))

# %% [markdown]
# ## Self-test
#
# **1.** The feature maps of the first layer show clear outlines of the object. What follows?
#
# (a) The network has learned to detect edges. (b) Nothing about training; random filters do that as well.
# (c) The network looks at the object.
#
# <details><summary>Answer</summary>
#
# **(b).** Colours and edges explained the untrained networks' maps about as well as ours, or better. (a)
# may be true, but this is no evidence for it. (c) Maps show what the layer computes everywhere, not what
# the decision rests on.
# </details>
#
# **2.** Why the slope of the logit and not that of the probability?
#
# (a) The logit is faster to compute. (b) A probability has no gradient. (c) Where the network is sure, the
# slope of the probability vanishes, and it mixes in evidence against other classes.
#
# <details><summary>Answer</summary>
#
# **(c).** We saw it shrink by orders of magnitude while the decision stayed. (a) The softmax of ten numbers
# costs nothing. (b) It has one; it is only tiny.
# </details>
#
# **3.** Grad-CAM on a layer of 7 × 7 is shown smoothly over a photograph of 224 × 224 pixels. How fine is
# the information?
#
# (a) one pixel; (b) 32 pixels; (c) 32 pixels between the cells, and each cell sees a field that is wider
# still
#
# <details><summary>Answer</summary>
#
# **(c).** 224 / 7 = 32, and the receptive fields of neighbouring cells overlap. (a) believes the
# interpolation. (b) forgets the receptive field.
# </details>
#
# **4.** A new method draws sharp, convincing outlines. After randomising all weights its maps look the
# same. What do you conclude?
#
# (a) It is robust. (b) It does not depend on what the network has learned. (c) The network was bad.
#
# <details><summary>Answer</summary>
#
# **(b).** Like the edge detector, it describes the picture. (a) calls a failure a virtue: an explanation
# must change when what it explains is gone. (c) cannot be known from this test.
# </details>
#
# **5.** Pointing at the mark: a method hits in 90 % of the images when asked for "horse", and in 85 %
# when asked for the right class. Is it a good explanation of "horse"?
#
# (a) Yes, 90 % is far more than chance. (b) No: it points at the mark whatever it is asked. (c) It cannot
# be said without more images.
#
# <details><summary>Answer</summary>
#
# **(b).** It finds what is striking, as the edge detector does. (a) compares with the wrong control:
# chance is a control for blindness, not for this. (c) More images would make the two numbers more exact,
# not more different.
# </details>
#
# ## Take-aways
#
# 1. Filters and early maps show edges and colours, trained or not; what grows with depth, and only with
#    training, is what the class explains.
# 2. Occlusion changes the image, saliency asks for tiny changes, Grad-CAM weighs the last feature maps by
#    their mean slope. Take logits.
# 3. A nudge of zeros inside the model gives a slope with respect to any layer, in Sequential, functional
#    and nested models alike.
# 4. Test an explanation: ask for another class, randomise the weights, compare with an edge detector,
#    plant something that you know.
# 5. Activation maximisation shows what excites a class, and your regulariser; a picture that the network
#    is sure about need not be like anything real.
#
# ## References
#
# - J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim (2018). Sanity checks for saliency
#   maps. *NeurIPS*. https://arxiv.org/abs/1810.03292
# - D. Erhan, Y. Bengio, A. Courville, P. Vincent (2009). *Visualizing higher-layer features of a deep
#   network*. Technical report 1341, Université de Montréal.
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012). ImageNet classification with deep convolutional
#   neural networks. *NeurIPS* 25, 1097–1105. Reprint: https://doi.org/10.1145/3065386
# - S. Lapuschkin, S. Wäldchen, A. Binder, G. Montavon, W. Samek, K.-R. Müller (2019). Unmasking Clever
#   Hans predictors and assessing what machines really learn. *Nature Communications* 10, 1096.
#   https://doi.org/10.1038/s41467-019-08987-4
# - C. Olah, A. Mordvintsev, L. Schubert (2017). Feature visualization. *Distill*.
#   https://doi.org/10.23915/distill.00007
# - R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra (2017). Grad-CAM: visual
#   explanations from deep networks via gradient-based localization. *ICCV*.
#   https://doi.org/10.1109/ICCV.2017.74
# - K. Simonyan, A. Vedaldi, A. Zisserman (2014). Deep inside convolutional networks: visualising image
#   classification models and saliency maps. *ICLR workshop*. https://arxiv.org/abs/1312.6034
# - M. D. Zeiler, R. Fergus (2014). Visualizing and understanding convolutional networks. *ECCV*.
#   https://doi.org/10.1007/978-3-319-10590-1_53
# - J. Zhang, S. A. Bargal, Z. Lin, J. Brandt, X. Shen, S. Sclaroff (2018). Top-down neural attention by
#   excitation backprop. *International Journal of Computer Vision* 126, 1084–1102.
#   https://doi.org/10.1007/s11263-017-1059-x
# - B. Zhou, A. Khosla, A. Lapedriza, A. Oliva, A. Torralba (2016). Learning deep features for
#   discriminative localization. *CVPR*. https://doi.org/10.1109/CVPR.2016.319
#
# The photograph of the cat (Chelsea) comes with scikit-image, free of copyright restrictions.
