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
# # An image is an array of numbers
#
# You see a cat. The computer sees a table of integers between 0 and 255, and nothing in that table says
# "cat". Everything in this course happens in the gap between the two.
#
# **After this lecture you can**
#
# - read the shape and the type of an image array, and say what each axis means;
# - compute how many numbers an image has, and how many bytes a batch and a network's first layer take;
# - name five reasons why classifying images is hard, and recognise each of them in a real picture.
#
# **You need** Python and NumPy: indexing, slicing, broadcasting. No machine learning yet.
#
# **Time** about 30 minutes to read. **Cost** well under a minute on two cores and less than 1 GiB of memory;
# no GPU. The first run also downloads CIFAR-10 (at most 170 MB, kept for all later lectures).

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
from skimage import data as photographs
from skimage import filters, transform
from skimage.metrics import structural_similarity
from sklearn import datasets
from sklearn.metrics import pairwise_distances

from helpers import budget, data, plots

budget.describe()
cifar = data.load("cifar10")
print(cifar)

# %% [markdown]
# ## What is in the file
#
# CIFAR-10 is a set of small photographs. It was made in 2009 from pictures found on the web, labelled by
# hand, and shrunk until they were cheap to compute with. It comes in three parts here. You will learn why
# in lecture 3; for now, put them back together and count.
#
# > **Predict, then run.** Ten classes. Do you expect each of them to have the same number of images?

# %%
labels = np.concatenate([cifar.train.labels, cifar.validation.labels, cifar.test.labels])
counts = np.bincount(labels, minlength=len(cifar.class_names))

print(f"{len(labels):,} images, {len(cifar.class_names)} classes")
for label, (name, count) in enumerate(zip(cifar.class_names, counts, strict=True)):
    print(f"label {label} means {name:10s} {count:,} images")

assert (counts == counts[0]).all()                 # perfectly balanced
if not cifar.is_sample:
    assert len(labels) == 60_000 and counts[0] == 6_000

# %% [markdown]
# A label is an integer; `class_names` turns it into a word. The integer has no order: `frog` is not
# "more" than `bird`, although $6 > 2$. The set is **balanced**: every class has the same number of
# images. So somebody who guesses is right one time in ten. Remember that 10 %: it is the number that
# every classifier has to beat.
#
# One image of each class, the first that comes:

# %%
first = [int(np.argmax(cifar.train.labels == label)) for label in range(len(cifar.class_names))]
plots.image_grid(cifar.train.images[first], titles=cifar.class_names, columns=5, scale=1.3,
                 title="The first training image of each class")

# %% [markdown]
# ## From picture to numbers
#
# Take the horse and zoom into a small square of it.

# %%
image = cifar.train.images[first[7]]
print("shape:", image.shape, "  type:", image.dtype, "  smallest:", image.min(), "  largest:", image.max())

# %%
rows, columns = slice(8, 14), slice(12, 18)
fig, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.9), layout="constrained")
left.imshow(image)
for colour, thickness in (("white", 3), ("black", 1.2)):          # two colours: visible on any ground
    left.add_patch(plt.Rectangle((11.5, 7.5), 6, 6, fill=False, edgecolor=colour, linewidth=thickness))
left.set(title="32 × 32 pixels", xlabel="column (axis 1)", ylabel="row (axis 0)")
right.imshow(image[rows, columns], extent=(11.5, 17.5, 13.5, 7.5))
for row, column in np.ndindex(6, 6):
    values = image[8 + row, 12 + column]
    right.text(12 + column, 8 + row, "\n".join(map(str, values)), ha="center", va="center", fontsize=8.5,
               linespacing=1.05, color="white" if values.mean() < 125 else "black")
right.set(title="the square: red, green, blue of each pixel", xlabel="column (axis 1)")
for ax in (left, right):
    ax.grid(False)
plots.show(fig, alt="Left: a 32 by 32 pixel photograph with a small square marked. Right: that square "
                    "enlarged to 6 by 6 pixels; each pixel is a patch of one colour with its three integers, "
                    "red, green and blue, printed on it.")

# %% [markdown]
# Each pixel holds three integers: how much red, green and blue light, from 0 (none) to 255 (all there
# is). That range is what eight bits can hold, and the type says so: `uint8`, *unsigned integer of 8
# bits*.
#
# The three **channels** are three grey images of the same scene.

# %%
planes = [image, image[:, :, 0], image[:, :, 1], image[:, :, 2]]
plots.image_grid(planes, titles=["all three", "channel 0: red", "channel 1: green", "channel 2: blue"],
                 columns=4, scale=1.7, title="One image and its channels (bright = much of that colour)")

# %% [markdown]
# ## Four axes, in this order
#
# A stack of images is one array with four axes: **(samples, height, width, channels)**. Keras expects
# this order unless told otherwise, and so does this course. Indexing takes them from left to right.

# %%
images = cifar.train.images
print("the whole training part:", images.shape)
print("image 5:                ", images[5].shape)
print("its row 10:             ", images[5, 10].shape)
print("its pixel (10, 20):     ", images[5, 10, 20], "  red, green, blue")
print("the green of that pixel:", images[5, 10, 20, 1])

assert images.shape[1:] == (32, 32, 3)

# %% [markdown]
# Two things to watch. **Rows come first**: `images[5, 10, 20]` is 10 *down* and 20 *to the right*, the
# other way round from the $(x, y)$ of geometry. And some libraries put the **channels first**: (samples,
# channels, height, width). You change between the two by *moving* the axis.
#
# > **Predict, then run.** Somebody uses `reshape` instead of `transpose`. Both give the shape (3, 32,
# > 32), and neither complains. What will the second picture below look like?

# %%
channels_first = image.transpose(2, 0, 1)                # moves the axis: (3, 32, 32)
scrambled = image.reshape(3, 32, 32)                     # same shape, other pixels
assert channels_first.shape == scrambled.shape == (3, 32, 32)

plots.image_grid([channels_first[0], scrambled[0]], columns=2, scale=2.2,
                 titles=["transpose: the red channel", "reshape: a muddle"],
                 title="'Channel 0' after transpose and after reshape",
                 alt="Left: the red channel of the photograph, intact. Right: a striped muddle in which the "
                     "photograph can hardly be made out.")

# %% [markdown]
# `transpose` renames the axes: each number stays with its pixel. `reshape` keeps the bytes in their order
# and only cuts them into rows of another length. Here the order in memory is red, green, blue, red,
# green, blue, ... so the "red channel" became the upper third of the picture, its three colours taking
# turns.

# %%
assert np.array_equal(channels_first[0], image[:, :, 0])
assert np.array_equal(scrambled[0].ravel(), image.ravel()[:1024])
assert np.shares_memory(channels_first, image)           # transposing copies nothing
print("channels-first batch would have shape", images[:64].transpose(0, 3, 1, 2).shape)

# %% [markdown]
# ## How many numbers is that?
#
# A classifier that knows nothing of rows and columns gets the image as one long vector. Its length is the
# **dimension** $d$, the number of attributes of one sample.

# %%
height, width, channels = image.shape
d = height * width * channels
flat = images[:64].reshape(64, -1)                       # here reshape is right: one row per image
print(f"d = {height} * {width} * {channels} = {d}")
print("a batch of 64 flattened images:", flat.shape)

assert d == 3072 == flat.shape[1]
assert np.array_equal(flat[5].reshape(image.shape), images[5])    # nothing is lost on the way

# %% [markdown]
# Is 3072 a lot? Compare it with the tables that statistics and machine learning grew up with.
# scikit-learn brings some along, so we can count their columns ourselves. For a wider view, the Penn
# Machine Learning Benchmarks (Olson et al., 2017) list 284 data sets in release 1.0.1 of their package,
# and how many attributes each has.
#
# > **Predict, then run.** How many of those 284 have fewer than 500 attributes: about a half, three
# > quarters, or nearly all?

# %%
bundled = {"iris": datasets.load_iris, "diabetes": datasets.load_diabetes, "wine": datasets.load_wine,
           "breast cancer": datasets.load_breast_cancer, "digits (8 × 8)": datasets.load_digits}
attributes = {name: load().data.shape[1] for name, load in bundled.items()}
print(attributes)

# Counted from all_summary_stats.tsv in the package pmlb 1.0.1.post3 (column n_features).
penn = {"1 to 9": 108, "10 to 29": 122, "30 to 99": 42, "100 to 299": 10, "300 to 499": 0, "500 or more": 2}
below = sum(penn.values()) - penn["500 or more"]
print(f"Penn benchmarks: {below} of {sum(penn.values())} have fewer than 500 attributes "
      f"({below / sum(penn.values()):.1%})")

assert max(attributes.values()) < 500 and sum(penn.values()) == 284

# %% [markdown]
# Nearly all. The two exceptions are a made-up genetics table with 1000 columns and, of all things, MNIST: 784
# columns, because each is a pixel of a 28 × 28 image. Now put images on the same axis.

# %%
attributes["Fashion-MNIST (28 × 28)"] = 28 * 28
attributes["CIFAR-10 (32 × 32 × 3)"] = d
attributes["a photograph (224 × 224 × 3)"] = 224 * 224 * 3

fig, ax = plt.subplots(figsize=(7.2, 3.6), layout="constrained")
for place, (name, number) in enumerate(attributes.items()):
    is_image = "×" in name
    ax.barh(place, number, color=plots.COLOURS[3 if is_image else 0], hatch="//" if is_image else None,
            edgecolor="white", height=0.7)
    ax.text(number * 1.12, place, f"{number:,}", va="center", fontsize=9)
ax.axvline(500, color="#444444", linestyle="--", linewidth=1)
ax.text(620, 0.1, f"{below} of {sum(penn.values())} benchmark\ntables lie left of 500", fontsize=9,
        va="center")
ax.set_yticks(range(len(attributes)), attributes)
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.set(xscale="log", xlim=(1, 1e6), xlabel="attributes per sample (logarithmic)",
       title="Where 3072 stands: tables (plain) and images (hatched)")
listed = ", ".join(f"{name} {number}" for name, number in attributes.items())
plots.show(fig, alt=f"Bar chart on a logarithmic axis of the number of attributes: {listed}. A dashed line "
                    "marks 500; nearly all benchmark tables lie below it, the image sets except the digits "
                    "above it.")

# %% [markdown]
# And CIFAR-10 is *tiny*. A photograph at 224 × 224, the usual size in week 4, has 49 times as many
# numbers, and that is still a small picture.

# %%
assert attributes["a photograph (224 × 224 × 3)"] == 150_528 == 49 * d
print(f"{attributes['a photograph (224 × 224 × 3)']:,} numbers =", 150_528 // d, "times CIFAR-10")

# %% [markdown]
# ## What it weighs
#
# Numbers take memory: one byte each as `uint8`, four as `float32`, the type that networks compute in.

# %%
batch = np.ascontiguousarray(images[:128])
print(f"128 images as uint8:   {batch.nbytes:>12,} bytes")
print(f"128 images as float32: {batch.astype('float32').nbytes:>12,} bytes")

assert batch.nbytes == 128 * d and batch.astype("float32").nbytes == 4 * batch.nbytes

# %% [markdown]
# A megabyte and a half: nothing. But a network does not stop at its input. In week 2 you will build
# layers that turn the image into a stack of **feature maps**, each as large as the image. What a layer
# puts out is called its **activations**. Suppose a first layer with 64 maps.
#
# > **Predict, then run.** Which is the largest: the batch of images, the activations of that one layer,
# > or the layer's own weights (64 filters of 3 × 3 × 3 numbers and 64 biases)? By which factor, roughly?

# %%
def megabytes(*shape, bytes_each=4):
    """Memory of an array of that shape, in megabytes of 10**6 bytes."""
    return math.prod(shape) * bytes_each / 1e6


memory = {
    "weights of the layer": megabytes(64 * 3 * 3 * 3 + 64),
    "128 images, uint8": megabytes(128, 32, 32, 3, bytes_each=1),
    "128 images, float32": megabytes(128, 32, 32, 3),
    "their activations, 64 maps": megabytes(128, 32, 32, 64),
    "activations, 224 × 224 images": megabytes(128, 224, 224, 64),
}
for what, size in memory.items():
    print(f"{what:32s}{size:12.3f} MB")

assert np.empty((128, 32, 32, 64), "float32").nbytes / 1e6 == memory["their activations, 64 maps"]
assert math.isclose(memory["their activations, 64 maps"] / memory["128 images, float32"], 64 / 3)

# %%
plots.bars(memory, xlabel="memory in MB (logarithmic)", log=True,
           title="One layer's weights, input and output")

# %% [markdown]
# The weights are a few kilobytes, the activations up to gigabytes: a factor of 64/3 over the input for
# *one* layer, and training keeps the activations of **all** layers until the gradients are done. When a
# GPU says "out of memory", the batch size is the first thing to look at, because activations grow with it
# and weights do not.

# %% [markdown]
# ## Why it is hard (1): dimensionality
#
# How many different images of 32 × 32 pixels are there? Each of the 3072 numbers has 256 values.

# %%
digits = math.floor(d * math.log10(256)) + 1
print(f"256 ** {d} is a number with {digits:,} digits")

# %% [markdown]
# 60,000 examples are nothing in there. You cannot have seen everything; you have to *generalise*.
#
# What would a random point of that space look like? Draw every number with a die of 256 sides.

# %%
rng = np.random.default_rng(0)
noise = rng.integers(0, 256, size=(8, 32, 32, 3), dtype=np.uint8)
plots.image_grid(np.concatenate([noise, images[:8]]), columns=8, scale=1.0,
                 title="Eight random points of pixel space; below, eight photographs",
                 alt="First row: eight squares of coloured noise that look all alike. Second row: eight "
                     "photographs of animals and vehicles from CIFAR-10.")

# %% [markdown]
# You can draw such noise all your life and never meet a horse. Photographs fill a vanishing part of the
# space. That is bad news and good news, and a small experiment shows both. Take a point and measure how
# far away the others are, by the ordinary (Euclidean) **distance**: the root of the sum of the squared
# differences of all numbers. If the nearest and the farthest are about equally far, "near" has lost its
# meaning. A measure of this is the **relative contrast** (Beyer et al., 1999)
#
# $$\frac{D_{\max} - D_{\min}}{D_{\min}}.$$
#
# We compute it for random points and for CIFAR-10 images, from $d = 3$ (images shrunk to one pixel) to
# $d = 3072$.
#
# > **Predict, then run.** Sketch both curves. Do they rise or fall with $d$? Do they lie together?

# %%
def shrink(images, side):
    """Average square blocks: (n, 32, 32, 3) uint8 -> (n, side * side * 3) float32 in 0..1."""
    block = 32 // side
    blocks = images.reshape(len(images), side, block, side, block, 3).astype("float32") / 255
    return blocks.mean(axis=(2, 4)).reshape(len(images), -1)


def contrast(points, queries):
    """Relative contrast of each query: (farthest - nearest) / nearest."""
    distance = pairwise_distances(queries, points)
    return (distance.max(axis=1) - distance.min(axis=1)) / distance.min(axis=1)


n = budget.choose(ci=1000, cpu=5000)
some, queries = np.asarray(images[:n]), np.asarray(cifar.validation.images[:50])
sides = [1, 2, 4, 8, 16, 32]
dimensions = [3 * side * side for side in sides]
measured = {"random points": [], "CIFAR-10 images": []}
rng = np.random.default_rng(1)
for side, dimension in zip(sides, dimensions, strict=True):
    uniform = rng.random((n + 50, dimension), dtype="float32")
    measured["random points"].append(contrast(uniform[:n], uniform[n:]))
    measured["CIFAR-10 images"].append(contrast(shrink(some, side), shrink(queries, side)))

# %%
middle = {name: np.median(values, axis=1) for name, values in measured.items()}
plots.curves(dimensions, middle, xlabel="dimension d", ylabel="relative contrast (median of 50)",
             title="The farthest against the nearest of the others", log_x=True, log_y=True)
for name, values in middle.items():
    print(f"{name:16s} d = {dimensions[0]}: {values[0]:8.2f}    d = {dimensions[-1]}: {values[-1]:6.2f}")

assert middle["random points"][-1] < 0.2               # all equally far
assert middle["CIFAR-10 images"][-1] > 5 * middle["random points"][-1]

# %% [markdown]
# The bad news: contrast falls with $d$, and for random points next to nothing is left. Everything is
# almost equally far from everything, and nobody has neighbours worth the name. This is one face of the
# **curse of dimensionality**. The good news: for photographs the curve levels off. Neighbouring pixels
# are nearly equal, so 3072 numbers do not vary in 3072 independent ways. Pictures have structure, and all
# of this course is about using it.

# %% [markdown]
# ## Why it is hard (2): the label is ambiguous
#
# Ten animals. Write down what you see: bird, cat, deer, dog, frog or horse?

# %%
animals = [cifar.class_names.index(name) for name in ("bird", "cat", "deer", "dog", "frog", "horse")]
candidates = np.flatnonzero(np.isin(cifar.validation.labels, animals))
quiz = np.sort(np.random.default_rng(2).choice(candidates, size=10, replace=False))
plots.image_grid(cifar.validation.images[quiz], titles=list("ABCDEFGHIJ"), columns=10, scale=0.8,
                 title="What do you see?",
                 alt="Ten small photographs of animals, marked A to J. Some are clear, others blurred, dark "
                     "or cut off. The next cell prints their labels.")

# %%
print("  ".join(f"{letter}: {cifar.class_names[cifar.validation.labels[where]]}"
                for letter, where in zip("ABCDEFGHIJ", quiz, strict=True)))

# %% [markdown]
# If you hesitated, you are in good company. Peterson et al. (2019) asked dozens of people about each of
# the 10,000 test images and found that they agree on most and are divided on some. An image can be too
# small, too dark or cut off. The label then says what the labellers decided. Sometimes it is plainly
# wrong: Northcutt et al. (2021) looked for label errors in the test sets of ten well-known benchmarks and
# found them in all ten.
#
# And a sharp picture can be ambiguous too, because a scene has more than one thing in it.

# %%
def square(photograph, left, size, side=128):
    """Cut out a square that starts at the top, and resize it; float in 0..1."""
    return transform.resize(photograph[:size, left:left + size], (side, side), anti_aliasing=True)


astronaut = square(photographs.astronaut(), left=0, size=512)
coffee = square(photographs.coffee(), left=110, size=400)
plots.image_grid([astronaut, coffee], columns=2, scale=2.4,
                 titles=["woman? astronaut?\nspace suit? flag? shuttle?",
                         "coffee? cup? spoon?\nsaucer? table?"],
                 title="One image, many right answers")

# %% [markdown]
# CIFAR-10 dodges this by rule: its home page says that "automobile" includes sedans and SUVs, "truck"
# only big trucks, and that pickup trucks are in neither. Rules like this are part of a data set. You will
# have to write some yourself in week 9.

# %% [markdown]
# ## Why it is hard (3): what changes the pixels and not the label
#
# Here is one cat, changed in six ways that any four-year-old sees through. Under each picture stands its
# distance from the original, computed as above (on 32 × 32 pixels, values from 0 to 1). The last picture
# is the cup of coffee.
#
# > **Predict, then run.** One of the six is *farther* from the cat than the coffee is. Which?

# %%
cat = square(photographs.cat(), left=90, size=300)
row, column = np.mgrid[:128, :128]


def seen_through(image, matrix):
    """Move the pixels by a 3 x 3 projective matrix that acts about the centre of the image."""
    centre = np.array([[1, 0, 64], [0, 1, 64], [0, 0, 1.0]])
    there = transform.ProjectiveTransform(matrix=centre @ np.array(matrix, float) @ np.linalg.inv(centre))
    return transform.warp(image, there, mode="edge")


fence = np.where((column // 16 % 2 == 1)[..., None], 0.35, cat)
face = ((column - 64) / 46) ** 2 + ((row - 64) / 58) ** 2 < 1
face = filters.gaussian(face.astype(float), sigma=4)[..., None]     # 1 inside, 0 outside, a soft edge
gravel = transform.resize(photographs.gravel(), (128, 128), anti_aliasing=True)[..., None]

variants = {
    "original": cat,
    "illumination": cat ** 2.6,
    "deformation": transform.warp(cat, lambda xy: xy + 7 * np.sin(xy[:, ::-1] / 11), mode="edge"),
    "viewpoint": seen_through(cat, [[0.75, 0.25, 0], [-0.05, 0.8, 0], [0.0035, 0.001, 1]]),
    "occlusion": fence,
    "clutter": face * cat + (1 - face) * gravel,
    "scale": seen_through(cat, [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 1]]),
    "not a cat": coffee,
}
small = {name: transform.resize(picture, (32, 32), anti_aliasing=True) for name, picture in variants.items()}
distance = {name: np.linalg.norm(picture - small["original"]) for name, picture in small.items()}

# %%
plots.image_grid(list(variants.values()), columns=4, scale=1.8,
                 titles=[f"{name}\ndistance {distance[name]:.1f}" for name in variants],
                 title="Same label, other pixels (and one other label)")

assert distance["illumination"] > distance["not a cat"]

# %% [markdown]
# The **illumination**: turning down the light moves the cat farther than replacing it by a cup of coffee.
# A change of brightness touches all 3072 numbers at once; the object in the picture may touch a few
# hundred. So distance between pixels measures mostly what we do *not* want to know. A good classifier is
# **invariant**: its answer stays when the light, the viewpoint or the background changes. Nobody gives
# you that for free. It has to be built into the architecture (week 2), learnt from data, or taught by
# changed copies (week 6).

# %% [markdown]
# ## Why it is hard (4): one class, many looks
#
# Thirty images with the same label.

# %%
bird = cifar.class_names.index("bird")
plots.image_grid(images[np.flatnonzero(cifar.train.labels == bird)[:30]], columns=10, scale=0.8,
                 title='Thirty training images of the class "bird"',
                 alt="Thirty small photographs of birds, no two alike: large and small, heads and whole "
                     "bodies, perched, flying and swimming, in many colours and on many backgrounds.")

# %% [markdown]
# Heads and whole bodies, perched, flying and swimming, on sky, water, grass and white paper. This is
# **intra-class variability**. Does it show in the distances? For each class, take the mean distance
# between two of its images, and compare it with the mean distance to the images of each other class.
#
# > **Predict, then run.** For how many of the ten classes is the *own* class the nearest one, on average?

# %%
sample = np.asarray(images[:n]).reshape(n, -1).astype("float32") / 255
sample_labels = cifar.train.labels[:n]
pairs = pairwise_distances(sample)

mean_distance = np.zeros((10, 10))
for a, b in np.ndindex(10, 10):
    block = pairs[np.ix_(sample_labels == a, sample_labels == b)]
    same = len(block) if a == b else 0                       # the distance to oneself (0) is no evidence
    mean_distance[a, b] = block.sum() / (block.size - same)

# %%
nearest_class = mean_distance.argmin(axis=1)
for a, name in enumerate(cifar.class_names):
    b = nearest_class[a]
    print(f"{name:10s} to itself {mean_distance[a, a]:5.2f}, nearest is {cifar.class_names[b]:10s} "
          f"{mean_distance[a, b]:5.2f}", "" if a == b else "  <- not its own class")
at_home = int((nearest_class == np.arange(10)).sum())
print(f"\n{at_home} of 10 classes are nearest to themselves")

assert at_home <= 5

# %% [markdown]
# Most are not at home in their own class. One class attracts the others; which, and why that one? For the
# *squared* L2 distance there is an exact answer. The mean over all pairs, one image from class $a$ and one
# from class $b$, is
#
# $$\overline{d_2^2} = v_a + v_b + |\mu_a - \mu_b|^2,$$
#
# where $\mu$ is the mean image of a class and $v$ its **spread**: the mean squared distance of its images
# from $\mu$. Compute the three parts.

# %%
mean_image = np.array([sample[sample_labels == a].mean(axis=0) for a in range(10)])
class_spread = np.array([sample[sample_labels == a].var(axis=0).sum() for a in range(10)])
between_means = ((mean_image[:, None] - mean_image) ** 2).sum(axis=2)
squared = class_spread[:, None] + class_spread + between_means
for a in np.argsort(class_spread):
    print(f"{cifar.class_names[a]:10s} spread {class_spread[a]:4.0f}, squared distance of its mean image from "
          f"the others {between_means[a].sum() / 9:3.0f}, nearest class of {(nearest_class == a).sum()}")
magnet = int(np.bincount(nearest_class, minlength=10).argmax())
deer, frog = (cifar.class_names.index(name) for name in ("deer", "frog"))
by_pairs = (pairs[np.ix_(sample_labels == deer, sample_labels == frog)] ** 2).mean()
by_formula = squared[deer, frog]
print(f"deer and frog: {by_pairs:.1f} by all pairs, {by_formula:.1f} by the formula")

assert np.isclose(by_pairs, by_formula, rtol=1e-3)

# %% [markdown]
# Seen from one class $a$, the term $v_a$ is the same whichever class $b$ we compare with. What is left is $v_b$,
# the spread of the other class, and the distance of the two mean images. The deer have the smallest spread, and
# their mean image, like that of most animals, is near the middle of all colours: so the deer are the nearest class
# of most others, whether these show the same thing or not. Only where the mean image is far away (blue sky, blue
# water) do the ships come before them. Whether a *single* image is dull or busy has little to do with it.

# %% [markdown]
# ## Why it is hard (5): similar to the eye, similar in pixels
#
# One last experiment, the strangest. Take the cat at CIFAR's size. Make one copy that is moved by **two
# pixels**, and one that is not a picture any more: every pixel has the cat's mean colour.
#
# > **Predict, then run.** Which copy is closer to the cat, by pixel distance?

# %%
def ssim(a, b):
    """Structural similarity of two float colour images in 0..1; 1 for equal images."""
    return structural_similarity(a, b, channel_axis=-1, data_range=1.0)


kitten = small["original"]
copies = {
    "original": kitten,
    "moved by 2 pixels": np.roll(kitten, 2, axis=1),
    "mean colour only": np.broadcast_to(kitten.mean(axis=(0, 1)), kitten.shape),
    "darker": 0.6 * kitten,
}
away = {name: np.linalg.norm(copy - kitten) for name, copy in copies.items()}
alike = {name: ssim(kitten, copy) for name, copy in copies.items()}
plots.image_grid(list(copies.values()), columns=4, scale=1.8,
                 titles=[f"{name}\ndistance {away[name]:.2f}\nSSIM {alike[name]:.2f}" for name in copies],
                 title="Distance: small is alike. SSIM: 1 is alike")

moved, plain, darker = list(copies)[1:]
assert away[plain] < away[moved]                            # an empty rectangle beats the cat itself
assert alike[plain] < alike[moved] < alike[darker]          # the eye's order, more or less
assert away[darker] > away[moved] > away[plain]             # the exact reverse

# %% [markdown]
# By pixels, *nothing at all* is closer to the cat than the cat two pixels to the left, and the cat in the
# shade is the farthest: exactly the reverse of what you see.
#
# **SSIM**, the structural similarity index (Wang et al., 2004), was made to agree better with the eye: it
# compares means, contrasts and patterns in small windows. It gets this order right. But it has no idea of
# cats either; move the picture a little farther and it gives up too:

# %%
for shift in (1, 2, 3, 4):
    copy = np.roll(kitten, shift, axis=1)
    print(f"moved by {shift}: distance {np.linalg.norm(copy - kitten):.2f}, "
          f"SSIM {ssim(kitten, copy):.2f}")
print(f"mean colour: distance {away[plain]:.2f}, SSIM {alike[plain]:.2f}")

assert ssim(kitten, copy) < alike[plain]                    # moved by 4: less alike than nothing at all

# %% tags=["remove-cell"]
from helpers.record import record

record(
    data_is_sample=cifar.is_sample,
    class_names=cifar.class_names,
    class_counts=counts,
    dimension=d,
    attributes=attributes,
    batch_bytes={"uint8": batch.nbytes,
                 "float32": batch.astype("float32").nbytes},
    memory_mb=memory,
    class_spread=class_spread,
    between_mean_images=between_means,
    nearest_class=nearest_class,
)

# %% [markdown]
# In the next lecture we build a classifier on nothing but pixel distance. You know already why it cannot
# be very good. It will still beat guessing by far, it takes ten lines, and every later model has to
# justify itself against it.
#
# ## Self-test
#
# **1.** An array of shape (32, 3, 64, 48) holds colour images, channels first. What is what?
#
# (a) 32 rows, 3 channels, 64 images, 48 columns; (b) 32 images of 64 rows and 48 columns; (c) 32 images
# of 48 rows and 64 columns
#
# <details><summary>Answer</summary>
#
# **(b).** Channels first means (samples, channels, height, width), and height counts rows. (a) reads the
# samples from the third place; the samples come first in both conventions. (c) swaps height and width,
# the habit of writing $(x, y)$: arrays are addressed by row, then column.
# </details>
#
# **2.** You turn that array into the order of this course. Which line is right?
#
# (a) `x.reshape(32, 64, 48, 3)`; (b) `x.transpose(0, 2, 3, 1)`; (c) `x.transpose(0, 3, 2, 1)`
#
# <details><summary>Answer</summary>
#
# **(b)** moves axis 1 to the end and leaves the rest in order. (a) has the right shape and the wrong
# pixels: the muddle from above, and nobody warns you. (c) gives (32, 48, 64, 3): each picture is mirrored
# at its diagonal, lying on its side. A quick look at one image finds both mistakes.
# </details>
#
# **3.** You halve the batch size. What happens to the memory of one convolution layer's weights and
# activations?
#
# (a) both halve; (b) only the activations halve; (c) only the weights halve
#
# <details><summary>Answer</summary>
#
# **(b).** Activations have one entry per image, pixel and map, so they go with the batch. The weights are
# the same filters for every image. (a) would need one set of filters per image; (c) is the wrong way
# round.
# </details>
#
# **4.** All images of a set are made a little brighter, by the same amount, training and test alike. What
# happens to the pixel distances between them (nothing reaches 255)?
#
# (a) all grow; (b) none changes; (c) it depends on the image
#
# <details><summary>Answer</summary>
#
# **(b).** A distance is made of differences, and the same number added to both sides drops out. (a)
# confuses this with our dark cat, where only *one* of the two images changed. (c) would be right for a
# change of contrast (a factor), which stretches large differences more.
# </details>
#
# **5.** The relative contrast of random points goes to zero with $d$; that of photographs does not. Why?
#
# (a) there are more photographs; (b) photographs have larger values; (c) pixels of a photograph depend on
# each other
#
# <details><summary>Answer</summary>
#
# **(c).** Neighbouring pixels are nearly the same, so photographs vary in far fewer independent
# directions than $d$. (a) Both curves used the same number of points. (b) A common factor stretches
# $D_{\max}$ and $D_{\min}$ alike and cancels in the ratio.
# </details>
#
# ## Take-aways
#
# 1. A stack of images is one array: (samples, height, width, channels), `uint8` from 0 to 255. Move axes with
#    `transpose`, never with `reshape`.
# 2. CIFAR-10: 60,000 images, 10 balanced classes, $d = 32 \cdot 32 \cdot 3 = 3072$ numbers each. Most
#    tables have fewer than 500 columns.
# 3. A layer's activations outweigh its weights and its input; they grow with the batch.
# 4. Light, viewpoint, scale, deformation, occlusion and clutter change the pixels and not the label; one
#    class has many looks, and a label can be ambiguous.
# 5. Pixel distance is not what the eye sees: an empty rectangle can be "closer" to a cat than the cat itself.
#
# ## References
#
# - K. Beyer, J. Goldstein, R. Ramakrishnan, U. Shaft. When is "nearest neighbor" meaningful? *ICDT* 1999.
#   [doi:10.1007/3-540-49257-7_15](https://doi.org/10.1007/3-540-49257-7_15)
# - A. Krizhevsky. *Learning multiple layers of features from tiny images*. Technical report, University
#   of Toronto, 2009. [Home page of CIFAR-10](https://www.cs.toronto.edu/~kriz/cifar.html)
# - C. G. Northcutt, A. Athalye, J. Mueller. Pervasive label errors in test sets destabilize machine learning
#   benchmarks. *NeurIPS Datasets and Benchmarks* 2021. [arXiv:2103.14749](https://arxiv.org/abs/2103.14749)
# - R. S. Olson, W. La Cava, P. Orzechowski, R. J. Urbanowicz, J. H. Moore. PMLB: a large benchmark suite
#   for machine learning evaluation and comparison. *BioData Mining* 10:36, 2017.
#   [doi:10.1186/s13040-017-0154-4](https://doi.org/10.1186/s13040-017-0154-4)
# - J. C. Peterson, R. M. Battleday, T. L. Griffiths, O. Russakovsky. Human uncertainty makes
#   classification more robust. *ICCV* 2019. [arXiv:1908.07086](https://arxiv.org/abs/1908.07086)
# - Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli. Image quality assessment: from error visibility to
#   structural similarity. *IEEE Transactions on Image Processing* 13(4), 2004.
#   [doi:10.1109/TIP.2003.819861](https://doi.org/10.1109/TIP.2003.819861)
#
# Photographs: *cat* (Chelsea), *coffee*, *astronaut* (NASA) and *gravel* come with scikit-image, free of
# copyright restrictions.
