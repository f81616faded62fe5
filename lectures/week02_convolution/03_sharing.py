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
# # Fewer weights, and why it works
#
# A convolution is a layer that was told two things before it saw any data: *look only near by*,
# and *do the same everywhere* (LeCun et al., 1998). For the layer of this lecture the first divides the
# number of weights by forty, the second by hundreds. Why may we tell a layer such things, and what do we
# pay?
#
# **After this lecture you can**
#
# - count the weights of a dense, a locally connected and a convolutional layer, and write the
#   last one as a matrix;
# - say where a convolution follows a shift of its input, and where it does not: at borders and
#   strides;
# - compute a receptive field by hand and check it by experiment;
# - pool by hand, and say what pooling buys and what it throws away;
# - choose an activation, and explain why units saturate or die.
#
# **You need** the first two lectures of this week: kernels, padding, stride, the output size,
# volumes.
#
# **Time** about 40 minutes to read. **Cost** less than half a minute on two cores, below 2 GiB of
# memory; no GPU.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from numpy.lib.stride_tricks import sliding_window_view
from scipy import linalg, signal
from skimage import color, transform
from skimage import data as photographs
from threadpoolctl import threadpool_limits

from helpers import animate, budget, data, plots

budget.describe()
keras.utils.set_random_seed(0)
cifar = data.load("cifar10")
print(cifar)

# %% [markdown]
# ## Three ways to connect
#
# An image of 32 × 32 × 3 goes in, six maps of 28 × 28 come out. In a **dense** layer every output
# has a weight for every input. In a **locally connected** layer an output has weights only for
# its own 5 × 5 window, but each place has weights of its own. In a **convolution** all places
# share one set of weights.
#
# > **Predict, then run.** Guess the three numbers of parameters, to a power of ten. How often is
# > the last contained in the first?

# %%
height, width, depth, field, maps = 32, 32, 3, 5, 6
out = height - field + 1                                  # no padding, stride 1
inputs, outputs = height * width * depth, out * out * maps

parameters = {
    "dense": inputs * outputs + outputs,
    "locally connected": field * field * depth * outputs + outputs,
    "convolution": field * field * depth * maps + maps,
}
print(f"{inputs:,} inputs, {outputs:,} outputs")
for name, number in parameters.items():
    print(f"{name:18s}{number:>12,} parameters")
print(f"dense / convolution = {parameters['dense'] / parameters['convolution']:,.0f}")

# %%
fig, ax = plt.subplots(figsize=(6.4, 2.1), layout="constrained")
for place, number in enumerate(parameters.values()):
    ax.barh(place, number, color=plots.COLOURS[0], height=0.65)
    ax.text(1.15 * number, place, f"{number:,}", va="center", fontsize=9)
ax.set_yticks(range(3), parameters)
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.set(xscale="log", xlim=(100, 1e9), xlabel="parameters (logarithmic)",
       title="One layer, 32 × 32 × 3 to 28 × 28 × 6")
listed = ", ".join(f"{name} {number:,}" for name, number in parameters.items())
plots.show(fig, alt="Bar chart of the parameters of one layer on a logarithmic axis: "
                    f"{listed}.")

# %% [markdown]
# Fourteen million against a few hundred. Keras agrees on the two that it has:

# %%
dense = layers.Dense(outputs)
dense.build((None, inputs))
conv = layers.Conv2D(maps, field)
conv.build((None, height, width, depth))

assert dense.count_params() == parameters["dense"] == 14_455_392
assert conv.count_params() == parameters["convolution"] == 456
print("Keras:", f"{dense.count_params():,}", "and", conv.count_params())

# %% [markdown]
# Keras 3 has no locally connected layer. No matter, it takes two lines: cut out every window, and
# multiply each with the weights of its own place.

# %%
def windows(images, size):
    """Every window of (n, h, w, c) images, as (n, rows, columns, size, size, c)."""
    cut = sliding_window_view(images, (size, size), axis=(1, 2))
    return np.moveaxis(cut, 3, -1)


def locally_connected(images, weights):
    """weights: (rows, columns, size, size, c, maps), another filter at every place."""
    cut = windows(images, weights.shape[2])
    return np.einsum("nrcuvk,rcuvkm->nrcm", cut, weights, optimize=True)


images = cifar.train.images[:4].astype("float32") / 255
own = np.random.default_rng(0).normal(size=(out, out, field, field, depth, maps))
print("output:", locally_connected(images, own).shape,
      "  parameters with biases:", f"{own.size + outputs:,}")

assert own.size + outputs == parameters["locally connected"] == 357_504

# %% [markdown]
# Now write *the same* filters at every place. The locally connected layer has become a
# convolution:

# %%
kernel = ops.convert_to_numpy(conv.kernel)                    # (5, 5, 3, 6)
same_everywhere = np.broadcast_to(kernel, (out, out, *kernel.shape))
by_hand = locally_connected(images, same_everywhere)         # biases are still 0 in Keras
by_keras = ops.convert_to_numpy(conv(images))
print("largest difference to Keras:", f"{np.abs(by_hand - by_keras).max():.1e}")

assert np.allclose(by_hand, by_keras, atol=1e-4)

# %% [markdown]
# So a convolution is a locally connected layer with a promise, and a locally connected layer is a
# dense layer with a promise: that most of its weights are zero. You can *see* both promises.

# %% [markdown]
# ## A convolution is a matrix
#
# Every dense layer is a matrix: one row for each output, one column for each input. If
# convolution is a special dense layer, it must have a matrix too. Take a grey image of 6 × 6
# pixels and a kernel of 3 × 3: 36 inputs, 16 outputs. Row by row, put each weight in the column
# of the pixel that it meets.

# %%
def matrix_of(weights, height, width):
    """The matrix of a layer with the weights (rows, columns, size, size), one map."""
    rows, columns = weights.shape[:2]
    M = np.zeros((rows * columns, height * width))
    for r, c, u, v in np.ndindex(weights.shape):
        M[r * columns + c, (r + u) * width + (c + v)] = weights[r, c, u, v]
    return M


rng = np.random.default_rng(3)
nine = [-0.9, -0.7, -0.5, -0.3, 0.2, 0.4, 0.6, 0.8, 1.0]
filter_3x3 = rng.permutation(nine).reshape(3, 3)
matrices = {
    "dense": rng.uniform(-1, 1, (16, 36)),
    "locally connected": matrix_of(rng.uniform(-1, 1, (4, 4, 3, 3)), 6, 6),
    "convolution": matrix_of(np.broadcast_to(filter_3x3, (4, 4, 3, 3)), 6, 6),
}

# %%
fig, axes = plt.subplots(3, 1, figsize=(6.4, 8.6), layout="constrained", sharex=True)
for ax, (name, M) in zip(axes, matrices.items(), strict=True):
    shown = ax.imshow(M, cmap="PuOr", vmin=-1, vmax=1)
    ax.set(title=name, ylabel="output (16)",
           xticks=range(0, 36, 6), yticks=range(0, 16, 4))
    ax.grid(False)
axes[-1].set_xlabel("input pixel (36), row after row")
fig.colorbar(shown, ax=axes, label="weight (white: zero)", shrink=0.5)
plots.show(fig, alt="Three matrices of 16 rows and 36 columns. Dense: every cell has "
                    "a colour. Locally connected: mostly white, with short coloured "
                    "runs along diagonals, all different. Convolution: the same "
                    "places are coloured, and the same nine colours repeat in every "
                    "row, moved to the right.")

# %%
for name, M in matrices.items():
    weights = M[M != 0]
    print(f"{name:18s} {M.size} entries, {weights.size} of them not zero, "
          f"{np.unique(weights).size} different values")

assert np.unique(matrices["convolution"][matrices["convolution"] != 0]).size == 9

# %% [markdown]
# **Sparse** (mostly zeros), **banded** (the rest lies along diagonals), and with **repeated
# values**: nine numbers, each of them sixteen times.
#
# > **Predict, then run.** In the convolution's matrix, compare row 1 with row 0. What happened to
# > it? And row 4 (the first output of the second line), compared with row 0?

# %%
M = matrices["convolution"]
print("row 0 moved by 1 is row 1:", np.array_equal(np.roll(M[0], 1), M[1]))
print("row 0 moved by 6 is row 4:", np.array_equal(np.roll(M[0], 6), M[4]))

blocks = M.reshape(4, 4, 6, 6)                  # (output row, output column, row, column)
right, down = blocks[:, 1:, :, 1:], blocks[1:, :, 1:, :]
assert np.array_equal(right, blocks[:, :-1, :, :-1])
assert np.array_equal(down, blocks[:-1, :, :-1, :])

# %% [markdown]
# A matrix that is constant along its diagonals is called a **Toeplitz** matrix. In one dimension
# a convolution is exactly that. In two it is a Toeplitz arrangement of Toeplitz blocks, which is
# what the two asserts say.

# %%
line, weights = np.array([3, 3, 2, 1, 0, 1]), np.array([1, 2, 4])
T = linalg.toeplitz(c=[1, 0, 0, 0], r=[1, 2, 4, 0, 0, 0])
print(T)
print("matrix times line:", T @ line, "  correlation:", np.correlate(line, weights))

assert np.array_equal(T @ line, np.correlate(line, weights))

# %% [markdown]
# Does the big matrix compute what you computed by hand in lecture 1? Same image, same kernel:

# %%
image = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3],
                  [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
worked = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
M = matrix_of(np.broadcast_to(worked, (3, 3, 3, 3)), 5, 5)         # (9, 25)
product = (M @ image.ravel()).reshape(3, 3).astype(int)
print(product)

assert np.array_equal(product, signal.correlate2d(image, worked, mode="valid"))
assert np.array_equal(product, [[12, 12, 17], [10, 17, 19], [9, 6, 14]])

# %% [markdown]
# A convolution is *linear*, and everything you know about matrices holds for it. Nobody computes
# it this way: in our layer from above only 75 of the 3072 entries of a row are not zero, so
# nearly all of the work would be multiplying by nothing.

# %%
in_a_row = field * field * depth
print(f"{in_a_row} of {inputs} weights in a row: {in_a_row / inputs:.1%}")

# %% [markdown]
# ## What the promise buys
#
# Fewer weights mean less memory. The real gain is another one: **every weight gets more to learn
# from**. An image of 28 × 28 windows is *one* example for a weight of the dense layer, but 784
# for a shared one.
#
# An experiment. Somebody applies a filter (Sobel, from lecture 1) to patches of 8 × 8 pixels,
# adds a little noise to the 6 × 6 results, and hides the filter. Three learners see $n$ patches
# with their noisy results and must find the weights: a dense one (64 weights for each output), a
# local one (9 for each output) and a shared one (9 in all). Each solves its equations by least
# squares.
#
# > **Predict, then run.** Roughly how many patches does each need before its error on new patches
# > is below 10 %?

# %%
def patches(images):
    """The middle 8 x 8 pixels of each image, as grey values from 0 to 1: (n, 8, 8, 1)."""
    return images[:, 12:20, 12:20].mean(axis=3, keepdims=True) / 255


def filtered(X, weights):
    """Apply (6, 6, 3, 3) weights to the patches: (n, 6, 6)."""
    return locally_connected(X, weights[..., None, None])[..., 0]


def solve(A, b):
    return np.linalg.lstsq(A, b, rcond=None)[0]


def learn(kind, X, Y):
    """Return a function from patches to results, found by least squares."""
    if kind == "dense":
        W = solve(X.reshape(len(X), 64), Y.reshape(len(Y), 36))
        return lambda new: (new.reshape(len(new), 64) @ W).reshape(-1, 6, 6)
    cut, results = windows(X, 3).reshape(len(X), 36, 9), Y.reshape(len(Y), 36)
    if kind == "local":
        W = np.array([solve(cut[:, i], results[:, i]) for i in range(36)])
    else:                                                # one set for all 36 places
        W = np.tile(solve(cut.reshape(-1, 9), Y.ravel()), (36, 1))
    return lambda new: filtered(new, W.reshape(6, 6, 3, 3))

# %% [markdown]
# The error is measured on patches of other images (the validation part): the squared error as a
# share of the squared true values. 0 is perfect, 1 is what you get for always saying 0. Five
# repeats, each with other patches and other noise.

# %%
pool_of_patches = patches(cifar.train.images[:2000])
new = patches(cifar.validation.images[:1000])


@threadpool_limits.wrap(limits=1)          # one core: small systems gain nothing from two
def errors(kind, weights, n, repeats=5, noise=0.05):
    truth, found = filtered(new, weights), []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        X = pool_of_patches[rng.choice(len(pool_of_patches), n, replace=False)]
        Y = filtered(X, weights) + rng.normal(0, noise, (n, 6, 6))
        found.append(((learn(kind, X, Y)(new) - truth) ** 2).sum() / (truth ** 2).sum())
    return np.array(found)


sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
everywhere = np.broadcast_to(sobel, (6, 6, 3, 3))
numbers = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1000]
learned = {kind: np.array([errors(kind, everywhere, n) for n in numbers])
           for kind in ("dense", "local", "shared")}
plots.curves(numbers, {kind: e.mean(axis=1) for kind, e in learned.items()}, log_x=True,
             log_y=True, xlabel="patches to learn from", ylabel="error on new patches",
             title="Learning an edge filter (mean of 5 repeats)")

# %%
for kind, e in learned.items():
    enough = [n for n, row in zip(numbers, e, strict=True) if row.max() < 0.1]
    shown = [f"n = {numbers[i]}: {e[i].mean():.1e} ± {e[i].std(ddof=1):.0e}"
             for i in (0, 4, 9)]
    print(f"{kind:7s}", ", ".join(shown), f"  always below 10 % from n = {enough[0]}")

mean = {kind: e.mean(axis=1) for kind, e in learned.items()}
assert (mean["shared"] < mean["local"]).all() and (mean["shared"] < mean["dense"]).all()
assert mean["shared"][2] < 0.1 < mean["dense"][4]        # 4 patches against 16

# %% [markdown]
# With 1000 patches everybody knows the filter. The difference is how soon: each promise that
# holds saves most of the examples. One patch has 36 windows, enough to find nine weights. (The
# peak of the dense curve: with exactly as many examples as unknowns, here 64, a learner can fit
# all of the noise, and does. The local layer, with nine unknowns at each place, has its peak near 9.)
#
# Is sharing always better, then? It is a *bet*: what is useful here is useful there. Let the
# truth break it, with another random filter at each place.
#
# > **Predict, then run.** Who wins now, with 1000 patches?

# %%
different = np.random.default_rng(1).normal(size=(6, 6, 3, 3))
for kind in ("dense", "local", "shared"):
    e = errors(kind, different, 1000)
    print(f"{kind:7s} one filter everywhere {learned[kind][-1].mean():.1e}   "
          f"another filter at each place {e.mean():.1e}")

assert e.min() > 0.1                            # the shared one, and no data will help it

# %% [markdown]
# Where the bet is wrong, no amount of data saves the shared layer; the local one wins. In
# photographs the bet is a good one, because an edge is an edge wherever the camera was pointing.
# In pictures that are always aligned (passport faces: eyes above, mouth below) local filters have
# been used with success (Taigman et al., 2014).

# %% [markdown]
# ## Equivariance: shift in, shift out
#
# If the same thing is done everywhere, then moving the input should just move the output. A
# function with this property is called **equivariant** to shifts:
# $f(\text{shift}(x)) = \text{shift}(f(x))$. Let us *measure* it. We move the camera: two crops of
# one photograph, the second starts four columns later.

# %%
scene = transform.resize(color.rgb2gray(photographs.cat()[:300, 60:420]), (80, 96),
                         anti_aliasing=True)


def view(left):
    """A crop of 64 x 64 pixels; a larger `left` moves the camera to the right."""
    return scene[8:72, left:left + 64]


def correlate(x, kernel=sobel, mode="valid"):
    return signal.correlate2d(x, kernel, mode=mode)       # mode "same" pads with zeros


before, after = view(10), view(14)
shift = 4
a, b = correlate(before)[:, shift:], correlate(after)[:, :-shift]
print("the part in common:", a.shape, "  largest difference:", np.abs(a - b).max())

assert np.array_equal(a, b)

# %% [markdown]
# Exactly zero, to the last bit. No training was needed, and no training can break it. Does a
# dense layer have this property? Here is one with random weights; we compare its output, drawn as
# an image, in the same way.

# %%
random_matrix = np.random.default_rng(0).normal(size=(62 * 62, 64 * 64)) / 64
through = [(random_matrix @ x.ravel()).reshape(62, 62) for x in (before, after)]
c, d = through[0][:, shift:], through[1][:, :-shift]
relative = np.linalg.norm(c - d) / np.linalg.norm(c)
print(f"dense layer: relative difference {relative:.2f}")

assert relative > 0.5
del random_matrix

# %% [markdown]
# ## Where it breaks (1): the border
#
# We used no padding. With zero padding ("same") the layer can tell where the image ends, because
# beyond it there is a black wall that does *not* move with the camera.
#
# > **Predict, then run.** One layer of 3 × 3 with zero padding, then a second on top, then a
# > third ... How many columns of the common part are wrong after five layers?

# %%
smooth = np.outer([1, 2, 1], [1, 2, 1]) / 16
x, y, wrong, difference = before, after, [], []
for _ in range(5):
    x, y = correlate(x, smooth, "same"), correlate(y, smooth, "same")
    difference.append(np.abs(x[:, shift:] - y[:, :-shift]))
    wrong.append(int((difference[-1].max(axis=0) > 1e-12).sum()))
print("columns that differ, of", x.shape[1] - shift, "in common:", wrong)

assert wrong == [2, 4, 6, 8, 10]

# %%
fig, axes = plt.subplots(1, 4, figsize=(8.6, 2.7), layout="constrained")
pictures = {"before": before, "camera 4 columns\nto the right": after,
            "difference of the\noutputs, 1 layer": difference[0],
            "difference of the\noutputs, 5 layers": difference[4]}
for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
    ax.imshow(picture, vmin=0, vmax=1 if ax in axes[:2] else 0.25)
    ax.set(title=title, xticks=[], yticks=[])
plots.show(fig, alt="Two crops of a photograph of a cat, the second taken four "
                    "columns further to the right. Then the difference of the aligned "
                    "outputs: black inside, a thin bright line at the left and right "
                    "edge after one layer, a band five columns wide after five.")

# %% [markdown]
# One column more on each side with every layer. In a deep network on a small image the border
# reaches everywhere. This is one way in which a CNN can learn *where* something is, although
# convolution by itself does not know (Islam et al., 2020).

# %% [markdown]
# ## Where it breaks (2): the stride
#
# With a stride of 2 we keep every second output.
#
# > **Predict, then run.** Move the camera by 1, 2, 3, 4 pixels. For which of these is the strided
# > output again a shifted copy?

# %%
def best_match(a, b, reach=3):
    """Smallest relative difference of a and b moved by up to `reach`; that move."""
    inner = a[:, reach:-reach]
    found = {}
    for move in range(-reach, reach + 1):
        moved = b[:, reach + move:b.shape[1] - reach + move]
        found[move] = np.linalg.norm(moved - inner) / np.linalg.norm(inner)
    move = min(found, key=found.get)
    return found[move], move


mismatch = {}
for pixels in (1, 2, 3, 4):
    now = correlate(view(10 + pixels))[::2, ::2]
    mismatch[pixels], move = best_match(correlate(before)[::2, ::2], now)
    print(f"camera moved by {pixels}: best match at {move:+d}, "
          f"relative difference {mismatch[pixels]:.2f}")

assert mismatch[2] == mismatch[4] == 0 and min(mismatch[1], mismatch[3]) > 0.1

# %% [markdown]
# Only for multiples of the stride. For odd moves *other* pixels are looked at, and there is no
# copy to be found. Modern networks stride by 32 in total, so they are strictly equivariant only
# to moves of 32 pixels; moving a picture by a single pixel can change their answer (Azulay and
# Weiss, 2019; Zhang, 2019).

# %% [markdown]
# ## Pooling
#
# Equivariance is half of what we want. For the question "is there a cat?" the answer should not
# move along with the cat: it should *stay*. That is **invariance**. The classical means is
# **pooling**: put a window on each map, keep one number of it, its largest (**max pooling**) or
# its mean (**average pooling**). The usual window is 2 × 2 with stride 2, so windows do not
# overlap. No weights at all.
#
# > **Predict, then run.** Max-pool this by hand before you play the animation: 2 × 2, stride 2.

# %%
small = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
largest = animate.pooling(small, size=2, stride=2, kind="max",
                          title="Max pooling, 2 × 2, stride 2")

# %%
print("max pooling:", largest.tolist())
assert np.array_equal(largest, [[6, 8], [3, 4]])

# %% [markdown]
# In NumPy, non-overlapping windows are two extra axes: split the rows into pairs and the columns
# into pairs, and reduce over both. Keras is the judge.

# %%
def pool(maps, size, reduce=np.max):
    """Pool (n, h, w, c) maps without overlap; rows and columns left over are dropped."""
    n, h, w, c = maps.shape
    h, w = h // size, w // size
    cells = maps[:, :h * size, :w * size].reshape(n, h, size, w, size, c)
    return reduce(cells, axis=(2, 4))


batch = small[None, :, :, None].astype("float32")
for name, reduce, layer in (("max", np.max, layers.MaxPooling2D(2)),
                            ("average", np.mean, layers.AveragePooling2D(2))):
    pooled = pool(batch, 2, reduce)
    assert np.allclose(pooled, ops.convert_to_numpy(layer(batch)))
    print(f"{name:8s}{pooled[0, :, :, 0].tolist()}   parameters: {layer.count_params()}")
print(f"of {batch.size} samples {pooled.size} are left: "
      f"{1 - pooled.size / batch.size:.0%} dropped")

assert pooled.size == 0.25 * batch.size

# %% [markdown]
# **75 % of the samples are dropped**, and so is three quarters of the work of the layers that
# follow. Max or average? Max answers "is it there?", average "how much of it is there?". They
# differ most when a feature is rare in the window:

# %%
rare = np.array([[0, 0], [0, 8.0]]).reshape(1, 2, 2, 1)
noise = np.random.default_rng(0).normal(size=(1, 400, 400, 1))                  # spread 1
for name, reduce in (("max", np.max), ("average", np.mean)):
    of_noise = pool(noise, 2, reduce)
    print(f"{name:8s} one 8 among zeros: {pool(rare, 2, reduce).item():.0f}   "
          f"pure noise: {of_noise.mean():+.2f} ± {of_noise.std():.2f}")

# %% [markdown]
# Max keeps the lonely response in full, but on noise it reports something where nothing is.
# Average thins the response to a quarter, and halves the noise.

# %% [markdown]
# ## How far does the invariance reach?
#
# Take crops of 26 × 26 from many CIFAR-10 images, compute four maps of edges (left, right, up,
# down; negative values set to 0), pool them, move the crop by some pixels, and compare. The unit
# is the distance between two *different* images: 1 means "it might as well be another picture".
#
# > **Predict, then run.** How large must the window be so that a move of three pixels stays below
# > one half?

# %%
edge_filters = np.stack([sobel, -sobel, sobel.T, -sobel.T], axis=-1)           # (3, 3, 4)
grey = cifar.validation.images[:200].mean(axis=3, keepdims=True) / 255


def edges(images):
    return np.maximum(np.tensordot(windows(images, 3)[..., 0], edge_filters, axes=2), 0)


maps_at = [edges(grey[:, 3:29, s:s + 26]) for s in range(7)]     # each (200, 24, 24, 4)


def change(size, reduce=np.max):
    pooled = [pool(maps, size, reduce).reshape(len(grey), -1) for maps in maps_at]
    another = np.linalg.norm(pooled[0] - np.roll(pooled[0], 1, axis=0), axis=1).mean()
    moved = [np.linalg.norm(p - pooled[0], axis=1).mean() for p in pooled]
    return np.array(moved) / another


changes = {"no pooling": change(1)}
changes |= {f"{size} × {size}": change(size) for size in (2, 4, 8, 24)}
plots.curves(range(7), changes, xlabel="camera moved by (pixels)",
             ylabel="change (1: another image)",
             title=f"Max pooling of edge maps, mean of {len(grey)} images")

# %%
for name, values in changes.items():
    reach = np.interp(0.5, values, range(7)) if values[-1] > 0.5 else np.inf
    far = f"after {reach:.1f} pixels" if reach < 6 else "never here"
    print(f"{name:11s} a move of 1 pixel changes {values[1]:.2f}; "
          f"half way to another image {far}")

assert changes["no pooling"][1] > changes["4 × 4"][1] > changes["24 × 24"][1]

# %% [markdown]
# Without pooling, a move of one pixel already makes about half of the difference to another
# image. Each doubling of the window stretches that distance, though not to the double: a
# response that crosses the border of its window lands in the neighbour, and some are always
# close to a border. Pooling gives a *little* invariance, to small moves; **global pooling**
# (one window for the whole map) gives a lot, and forgets where everything was. What still
# changes there is what came into view at the side.

# %% [markdown]
# ## Pooling or stride?
#
# A convolution with stride 2 also leaves a quarter of the samples. How are the two related? A
# strided convolution is an ordinary one, followed by *throwing away* three of four results
# without looking. And average pooling **is** a strided convolution, with fixed weights of 1/4:

# %%
volume = grey[:1].astype("float32")
quarter = np.full((2, 2, 1, 1), 0.25, "float32")
by_stride = ops.convert_to_numpy(ops.conv(volume, quarter, strides=2, padding="valid"))
assert np.allclose(by_stride, pool(volume, 2, np.mean), atol=1e-6)

one_map = sobel[..., None, None].astype("float32")
everything = ops.convert_to_numpy(ops.conv(volume, one_map))
strided = ops.convert_to_numpy(ops.conv(volume, one_map, strides=2))
assert np.allclose(everything[:, ::2, ::2], strided, atol=1e-5)
print("stride 1:", everything.shape, "  stride 2:", strided.shape)

# %% [markdown]
# Max pooling is not a convolution: it is not even linear.

# %%
p, q = np.array([1, 0, 0, 0]), np.array([0, 0, 0, 1])
print("max(p) + max(q) =", p.max() + q.max(), "  but max(p + q) =", (p + q).max())

assert p.max() + q.max() != (p + q).max()

# %% [markdown]
# Which of them is least disturbed by a move of one pixel?

# %%
def keep_first(cells, axis):
    """What a stride does: look at one of the four."""
    return cells[:, :, 0, :, 0]


ways = {"stride 2": keep_first, "max 2 × 2": np.max, "average 2 × 2": np.mean}
moved_by_one = {name: change(2, reduce)[1] for name, reduce in ways.items()}
for name, value in moved_by_one.items():
    print(f"{name:14s} a move of 1 pixel changes {value:.3f}")

assert max(moved_by_one, key=moved_by_one.get) == "stride 2"

# %% [markdown]
# The stride is the most sensitive to moves, and the cheapest: it never computes what would be
# thrown away, so the convolution takes a quarter of the multiply-adds. Both kinds of pooling are
# calmer. On several data sets networks with strided convolutions instead of pooling do as well
# (Springenberg et al., 2015); you will meet both.

# %% [markdown]
# ## The receptive field
#
# A unit of the first layer sees 3 × 3 pixels. A unit of the second layer sees 3 × 3 units of the
# first. How many *pixels* is that? The part of the input that can influence a unit is its
# **receptive field**. Two numbers go through the network, the field $r$ and the **jump** $j$: how
# many pixels lie between two neighbours of this layer. A layer with kernel $k$ and stride $s$
# makes of them
#
# $$r \leftarrow r + (k - 1)\, j, \qquad j \leftarrow j \cdot s, \qquad \text{starting with } r = j = 1.$$
#
# A window of $k$ units covers one unit and $k - 1$ jumps. It does not matter whether the layer
# convolves or pools.
#
# > **Predict, then run.** Do it on paper for: conv 3, conv 3, pool 2, conv 3, pool 2, conv 3.

# %%
stack = [("conv", 3, 1), ("conv", 3, 1), ("pool", 2, 2),
         ("conv", 3, 1), ("pool", 2, 2), ("conv", 3, 1)]


def receptive_fields(stack):
    """Field and jump after each layer; layers are (kind, kernel, stride)."""
    r, j, found = 1, 1, []
    for _, k, s in stack:
        r, j = r + (k - 1) * j, j * s
        found.append((r, j))
    return found


for (kind, k, s), (r, j) in zip(stack, receptive_fields(stack), strict=True):
    print(f"{kind} {k} × {k}, stride {s}:  field {r:2d} × {r:<2d}  jump {j}")

# %% [markdown]
# Now *measure* it, without the formula. Build the network in Keras, take one output unit, and
# **poke** every pixel of the input in turn: an image that is black except for this pixel. If the
# unit stirs, it sees the pixel. The weights are random but positive, so that influences cannot
# cancel by chance.

# %%
def build(stack):
    model = keras.Sequential([keras.Input((32, 32, 1))])
    for number, (kind, k, s) in enumerate(stack):
        if kind == "pool":
            model.add(layers.AveragePooling2D(k, strides=s))
        else:
            positive = keras.initializers.RandomUniform(0.2, 1.0, seed=number)
            model.add(layers.Conv2D(1, k, strides=s, use_bias=False,
                                    kernel_initializer=positive))
    return model


def influence(model, size=32):
    """How strongly each pixel moves the middle unit of the last layer: (size, size)."""
    pokes = np.eye(size * size, dtype="float32").reshape(-1, size, size, 1)
    answers = ops.convert_to_numpy(model(pokes))         # one answer for each poked pixel
    middle = answers.shape[1] // 2
    felt = answers[:, middle, middle, 0].reshape(size, size)
    return np.where(felt > 1e-6, felt, 0)                # below this lies rounding


felt = [influence(build(stack[:depth])) for depth in range(1, len(stack) + 1)]
measured = [int((picture > 0).any(axis=0).sum()) for picture in felt]
print("by the recursion:", [r for r, _ in receptive_fields(stack)])
print("by poking:       ", measured)

assert measured == [r for r, _ in receptive_fields(stack)]

# %% [markdown]
# Both agree, at every depth. Here is the middle unit of each layer, with what it sees, and on the
# right *how much* each pixel counts for the last one.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.5), layout="constrained")
left.imshow(np.full((32, 32), 0.93), vmin=0, vmax=1)
for number, picture in enumerate(felt):
    rows, columns = np.nonzero(picture)
    side = measured[number]
    left.add_patch(plt.Rectangle(
        (columns.min() - 0.5, rows.min() - 0.5), side, side, fill=False, linewidth=2,
        edgecolor=plots.COLOURS[number], linestyle=("-", "--", ":")[number % 3],
        label=f"{number + 1}. {stack[number][0]}: {side} × {side}"))
fig.legend(loc="outside lower center", ncols=6, fontsize=8, handlelength=1.6)
left.set(title="what the middle unit of each layer sees")
right.imshow(felt[-1] / felt[-1].max(), cmap="cividis")
right.set(title="how much each pixel counts for the last")
for ax in (left, right):
    ax.set(xlabel="column", ylabel="row")
    ax.grid(False)
plots.show(fig, alt=f"Left: frames of {', '.join(map(str, measured))} pixels side "
                    "length inside an image of 32 by 32, one for each layer. Right: "
                    "the influence of each pixel on the last unit, strongest in the "
                    "middle and fading towards the edge of the largest frame.")

# %%
last = felt[-1]
rows, columns = np.nonzero(last)
top, first, side = rows.min(), columns.min(), measured[-1]
inner = slice(side // 4, side - side // 4)                  # the middle half of each side
share = last[top:top + side, first:first + side][inner, inner].sum() / last.sum()
print(f"the middle quarter of the field's area has {share:.0%} of the influence")

assert share > 0.4

# %% [markdown]
# The field has a soft edge. A pixel in the middle reaches the unit on many paths through the
# network, one in the corner on a single one. What really counts, the **effective receptive
# field**, is smaller than the formula says (Luo et al., 2016).

# %% [markdown]
# ## Two 3 × 3 or one 5 × 5?
#
# In the list above the second layer already saw 5 × 5. So two layers of 3 × 3 see as much as one
# of 5 × 5.
#
# > **Predict, then run.** With 64 maps in, between and out, on 32 × 32: which has more
# > parameters, and by how much? Which needs more multiplications?

# %%
def cost(*sizes, maps=64, side=32):
    """Parameters (with biases), multiply-adds and field of a chain of padded layers."""
    weights = sum(k * k * maps * maps for k in sizes)
    field = 1 + sum(k - 1 for k in sizes)
    return weights + len(sizes) * maps, weights * side * side, field


for sizes in ((5,), (3, 3), (7,), (3, 3, 3)):
    count, adds, r = cost(*sizes)
    network = keras.Sequential([keras.Input((32, 32, 64))]
                               + [layers.Conv2D(64, k, padding="same") for k in sizes])
    assert network.count_params() == count
    name = " + ".join(f"{k} × {k}" for k in sizes)
    print(f"{name:22s}field {r} × {r}, {count:>8,} parameters, {adds:>12,} multiply-adds")

print(f"weights saved: {1 - 2 * 9 / 25:.0%} and {1 - 3 * 9 / 49:.0%}")
assert cost(5)[2] == cost(3, 3)[2] == receptive_fields(stack)[1][0] == 5

# %% [markdown]
# Fewer parameters, fewer multiplications, the same field: since VGG (Simonyan and Zisserman,
# 2015) small kernels in deep stacks are the rule. Is there a catch? Two 3 × 3 kernels in a row,
# with nothing in between, are *one* 5 × 5 kernel, and not even any 5 × 5 kernel: 18 numbers
# cannot make every set of 25.

# %%
first_kernel, second_kernel = np.random.default_rng(5).normal(size=(2, 3, 3))
together = signal.convolve2d(first_kernel, second_kernel)         # "full": 5 × 5
two_steps = correlate(correlate(before, first_kernel), second_kernel)
one_step = correlate(before, together)
gap = np.abs(two_steps - one_step).max()
print(f"composed kernel: {together.shape}   largest difference: {gap:.0e}")

assert np.allclose(two_steps, one_step)

# %% [markdown]
# So depth alone buys nothing: a product of matrices is one matrix. Something that is *not* linear
# has to stand between the layers. Put one there, and the two layers can do what no single
# convolution can:

# %%
def two_layers(x, between):
    return correlate(between(correlate(x, first_kernel)), second_kernel)


rng = np.random.default_rng(0)
x, y = rng.normal(size=(2, 16, 16))
for name, between in (("nothing", lambda z: z), ("ReLU", lambda z: np.maximum(z, 0))):
    parts = two_layers(x, between) + two_layers(y, between)
    gap = np.abs(two_layers(x + y, between) - parts).max()
    print(f"{name:8s} between: f(x + y) differs from f(x) + f(y) by {gap:.1e}")

assert gap > 0.1

# %% [markdown]
# ## Activations
#
# The function between the layers is called the **activation**; it acts on each number by itself.
# Four classics, each with its derivative, which is what training sends backwards (week 3):
#
# | | $f(z)$ | $f'(z)$ |
# |---|---|---|
# | ReLU | $\max(0, z)$ | 1 for $z > 0$, else 0 |
# | leaky ReLU | $z$ for $z > 0$, else $0.01\, z$ | 1 for $z > 0$, else 0.01 |
# | tanh | $\tanh z$ | $1 - \tanh^2 z$ |
# | sigmoid | $1 / (1 + e^{-z})$ | $f(z)\,(1 - f(z))$ |

# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


activations = {                                             # name: (function, derivative)
    "ReLU": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "leaky ReLU": (lambda z: np.where(z > 0, z, 0.01 * z),
                   lambda z: np.where(z > 0, 1, 0.01)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
}
in_keras = {"ReLU": ops.relu,
            "leaky ReLU": lambda z: ops.leaky_relu(z, negative_slope=0.01),
            "tanh": ops.tanh, "sigmoid": ops.sigmoid}

z = np.linspace(-6, 6, 400)                      # does not hit 0, where ReLU has a corner
for name, (f, slope) in activations.items():
    by_keras = ops.convert_to_numpy(in_keras[name](z.astype("float32")))
    rise_over_run = (f(z + 1e-5) - f(z - 1e-5)) / 2e-5
    assert np.allclose(f(z), by_keras, atol=1e-5)
    assert np.allclose(slope(z), rise_over_run, atol=1e-6)
    print(f"{name:11s} values {f(z).min():6.2f} to {f(z).max():.2f}   "
          f"steepest slope {slope(z).max():.2f}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")
styles = ["-", "--", "-.", ":"]
for style, (name, (f, slope)) in zip(styles, activations.items(), strict=True):
    axes[0].plot(z, f(z), style, label=name, linewidth=2)
    axes[1].plot(z, slope(z), style, label=name, linewidth=2)
axes[0].set(ylim=(-1.2, 3), xlabel="z", ylabel="f(z)", title="activation")
axes[1].set(ylim=(-0.05, 1.1), xlabel="z", ylabel="f′(z)", title="its derivative")
axes[0].legend(loc="upper left")
plots.show(fig, alt="Left: ReLU is 0 for negative z and the diagonal for positive z, "
                    "leaky ReLU nearly the same, tanh goes from minus 1 to 1, sigmoid "
                    "from 0 to 1. Right: the derivatives. ReLU jumps from 0 to 1, "
                    "leaky ReLU from 0.01 to 1, tanh has a peak of height 1 at 0, "
                    "sigmoid a lower and wider one of height 0.25.")

# %% [markdown]
# A trap: "leaky ReLU" has no agreed slope. Maas et al. (2013) used 0.01. Ask Keras for its
# default before you compare with a paper:

# %%
print("layers.LeakyReLU():", layers.LeakyReLU().negative_slope,
      "  ops.leaky_relu(-1.):", f"{float(ops.leaky_relu(-1.0)):.1f}")

# %% [markdown]
# ## Saturation
#
# tanh and sigmoid are flat at both ends. A unit that sits there is **saturated**: its derivative
# is nearly 0, and what does not change anything cannot be learnt from. How many units are
# affected depends on how spread out the $z$ are. Call a unit saturated if its slope is below a
# tenth of the steepest.
#
# > **Predict, then run.** $z$ normally distributed with a spread of 4: what share of the tanh
# > units is saturated?

# %%
draws = np.random.default_rng(0).normal(size=100_000)
spreads = np.array([0.5, 1, 2, 4, 8])
flat = {}
for name, (_, slope) in activations.items():
    little = 0.1 * slope(z).max()
    flat[name] = np.array([(slope(s * draws) < little).mean() for s in spreads])

drawn = {"ReLU and leaky ReLU": flat["ReLU"], "tanh": flat["tanh"],
         "sigmoid": flat["sigmoid"]}
assert np.array_equal(flat["ReLU"], flat["leaky ReLU"])               # one curve for both
plots.curves(spreads, drawn, log_x=True, xlabel="spread of z (standard deviation)",
             ylabel="share of saturated units", title="Flat slopes")

# %%
for name, shares in flat.items():
    listed = [f"{s:g}: {share:4.0%}" for s, share in zip(spreads, shares, strict=True)]
    print(f"{name:11s} saturated at spread", ", ".join(listed))

assert (np.diff(flat["tanh"]) > 0).all() and (np.diff(flat["sigmoid"]) > 0).all()
assert np.abs(flat["ReLU"] - 0.5).max() < 0.01

# %% [markdown]
# ReLU and leaky ReLU are flat for every second $z$, at *any* spread, and never on the positive
# side. (By our rule leaky ReLU counts as flat, too; but 0.01 is not 0, as you will see.)
#
# In a deep network the slopes of all layers are **multiplied**. The sigmoid's is at most 0.25.
# Send a signal backwards through twenty random layers of 200 units; the weights are scaled as is
# usual for each activation (Glorot and Bengio, 2010; He et al., 2015; more in week 5).

# %%
def backwards(name, depth=20, units=200, seed=0):
    """Length of the gradient after each layer, on its way back; 1 at the output."""
    f, slope = activations[name]
    rng = np.random.default_rng(seed)
    spread = np.sqrt((2 if "ReLU" in name else 1) / units)
    weights = rng.normal(0, spread, (depth, units, units))
    h, z = rng.normal(size=units), []
    for W in weights:
        z.append(W @ h)
        h = f(z[-1])
    gradient, lengths = rng.normal(size=units), []
    gradient /= np.linalg.norm(gradient)
    for W, at in zip(weights[::-1], z[::-1], strict=True):
        gradient = W.T @ (gradient * slope(at))
        lengths.append(np.linalg.norm(gradient))
    return np.array(lengths)


back = {name: np.exp(np.mean([np.log(backwards(name, seed=s)) for s in range(5)], axis=0))
        for name in activations}
plots.curves(range(1, 21), back, log_y=True, xlabel="layers on the way back",
             ylabel="length of the gradient",
             title="The vanishing gradient (geometric mean of 5 seeds)")

# %%
for name, lengths in back.items():
    print(f"{name:11s} after 20 layers {lengths[-1]:.1e}")

assert back["sigmoid"][-1] < 1e-8
assert min(back[name][-1] for name in ("ReLU", "leaky ReLU", "tanh")) > 1e-3

# %% [markdown]
# After twenty layers of sigmoids there is nothing left for the first layer to learn from. That,
# and that it costs next to nothing to compute, is why ReLU is the default between layers (Nair
# and Hinton, 2010; Krizhevsky et al., 2012). The sigmoid has kept its place at the *output*,
# where a probability is wanted.

# %% [markdown]
# ## Dying units
#
# ReLU has a weakness of its own. If a unit's $z$ is negative for *every* image, its output is
# always 0, its slope is always 0, and so its weights get no correction, ever: the unit is
# **dead**. How does it get there? By one step that was too large. Here is a network of one hidden
# layer of 100 units, trained on 1000 images in grey, pooled to 16 × 16. (How training works is
# next week's subject; here we only watch. `rate` is the length of its steps, `leak` the slope for
# negative $z$.)

# %%
def start(seed, inputs=256, hidden=100, classes=10):
    """A new network: weights and biases of two layers."""
    rng = np.random.default_rng(seed)
    return [rng.normal(0, np.sqrt(2 / inputs), (inputs, hidden)), np.zeros(hidden),
            rng.normal(0, np.sqrt(2 / hidden), (hidden, classes)), np.zeros(classes)]


@threadpool_limits.wrap(limits=1)      # sharing such small matrices among cores is slower
def train(network, X, y, *, rate, leak, epochs, seed, batch=50):
    """Gradient descent on a network with one (leaky) ReLU layer; the new network."""
    W1, b1, W2, b2 = [part.copy() for part in network]
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        for rows in np.split(rng.permutation(len(X)), len(X) // batch):
            z = X[rows] @ W1 + b1
            h = np.where(z > 0, z, leak * z)
            score = h @ W2 + b2
            p = np.exp(score - score.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(batch), y[rows]] -= 1                 # the gradient at the output
            back = (p / batch) @ W2.T * np.where(z > 0, 1, leak)
            W2 -= rate * h.T @ p / batch
            b2 -= rate * p.mean(axis=0)
            W1 -= rate * X[rows].T @ back
            b1 -= rate * back.sum(axis=0)
    return [W1, b1, W2, b2]

# %%
grey = cifar.train.images[:1000].mean(axis=3, keepdims=True) / 255
X, y = pool(grey, 2, np.mean).reshape(len(grey), -1), cifar.train.labels[:1000]


def silent(network):
    """Which hidden units have z <= 0 for every image."""
    return ((X @ network[0] + network[1]) <= 0).all(axis=0)


seeds = range(budget.choose(ci=3, cpu=10))
before_training = np.mean([silent(start(seed)).mean() for seed in seeds])
print(f"{X.shape[0]} images of {X.shape[1]} numbers; "
      f"silent before training: {before_training:.0%}")

# %% [markdown]
# > **Predict, then run.** Steps of 0.01, 0.1, 0.3 and 1. What share of the hundred units is
# > silent on all images after ten passes over the data?

# %%
trained, share = {}, {}
for leak in (0, 0.01):
    for rate in (0.01, 0.1, 0.3, 1.0):
        networks = [train(start(seed), X, y, rate=rate, leak=leak, epochs=10, seed=seed)
                    for seed in seeds]
        trained[leak, rate] = networks
        share[leak, rate] = np.array([silent(network).mean() for network in networks])

for rate in (0.01, 0.1, 0.3, 1.0):
    relu, leaky = share[0, rate], share[0.01, rate]
    print(f"rate {rate:<5g} ReLU {relu.mean():4.0%} ± {relu.std(ddof=1):.0%} silent,   "
          f"leaky ReLU {leaky.mean():4.0%} ± {leaky.std(ddof=1):.0%} silent "
          f"({len(seeds)} seeds)")

assert share[0, 1.0].min() > share[0, 0.01].max() + 0.2

# %% [markdown]
# Large steps silence units of both kinds. The difference comes afterwards. Train on, with smaller
# steps and ten times as long, and see how far the weights of the silent units move, and who wakes
# up.

# %%
moved_by, woken = {}, {}
for leak, name in ((0, "ReLU"), (0.01, "leaky ReLU")):
    asleep, woken[name], moved_by[name] = 0, 0, 0.0
    for seed, network in zip(seeds, trained[leak, 1.0], strict=True):
        was = silent(network)
        later = train(network, X, y, rate=0.3, leak=leak, epochs=100, seed=seed + 100)
        asleep += was.sum()
        woken[name] += (was & ~silent(later)).sum()
        moved_by[name] = max(moved_by[name], np.abs(later[0] - network[0])[:, was].max())
    print(f"{name:11s}{asleep} silent units, {woken[name]} wake up; "
          f"largest change of their weights: {moved_by[name]:.3g}")

assert moved_by["ReLU"] == 0 and woken["ReLU"] == 0        # exactly: dead is dead
assert moved_by["leaky ReLU"] > 0

# %% [markdown]
# The dead ReLU units have not moved by a single bit. The leaky ones are still being corrected, by
# a hundredth of what an active unit gets; that is slow, and most of them still sleep, but none is
# lost for good. The better cure is not to take steps that large: the first lines of the table
# show that with small ones hardly any unit dies. (The few that are silent there were so before
# training.)

# %% tags=["remove-cell"]
from helpers.record import record

record(
    parameters=parameters,
    keras_parameters={"dense": dense.count_params(),
                      "convolution": conv.count_params()},
    matrix_entries={
        name: {"all": M.size, "nonzero": np.count_nonzero(M),
               "different": np.unique(M[M != 0]).size}
        for name, M in matrices.items()},
    worked_result=product,
    max_pooled=largest,
    average_pooled=pooled[0, :, :, 0],
    samples={"before": batch.size, "after": pooled.size},
    columns={"common": difference[0].shape[1], "differ": wrong},
    mismatch_by_pixels={str(pixels): value
                        for pixels, value in mismatch.items()},
    fields={"recursion": [r for r, _ in receptive_fields(stack)],
            "poking": measured},
    chains=[dict(zip(("kernels", "parameters", "multiply_adds", "field"),
                     (sizes, *cost(*sizes)), strict=True))
            for sizes in ((5,), (3, 3), (7,), (3, 3, 3))],
    silent_shares=[{"leak": leak, "rate": rate, "shares": shares}
                   for (leak, rate), shares in share.items()],
    silent_relu_units=sum(silent(one).sum() for one in trained[0, 1.0]),
    woken=woken,
    weights_moved_by=moved_by,
    change_by_a_pixel=changes["no pooling"][1],
)

# %% [markdown]
# ## Self-test
#
# **1.** A convolution of 3 × 3 goes from 16 maps to 32. The image becomes twice as wide and twice
# as high. What happens to the number of parameters?
#
# (a) four times as many; (b) the same; (c) twice as many
#
# <details><summary>Answer</summary>
#
# **(b).** $(3 \cdot 3 \cdot 16 + 1) \cdot 32$ has no height and no width in it. (a) is right for
# the locally connected layer, which has a filter for every place (and for the multiply-adds of
# the convolution). (c) would need twice as many maps.
# </details>
#
# **2.** You write a convolution with one map in and one map out as a matrix, image 10 × 10,
# kernel 3 × 3, no padding. How many *different* weights does it have, and how many that are not
# zero?
#
# (a) 9 and 576; (b) 576 and 576; (c) 9 and 6400
#
# <details><summary>Answer</summary>
#
# **(a).** The output is 8 × 8: 64 rows with 9 weights each, and in every row the same nine. (b)
# counts a locally connected layer. (c) counts all the cells of the 64 × 100 matrix; nearly all of
# them are zero.
# </details>
#
# **3.** A network has two convolutions of 3 × 3 with stride 2 each. Its receptive field is
#
# (a) 5; (b) 6; (c) 7
#
# <details><summary>Answer</summary>
#
# **(c).** $1 + 2 \cdot 1 = 3$, then the jump is 2, so $3 + 2 \cdot 2 = 7$. (a) forgets the jump:
# right for stride 1. (b) is what a 2 × 2 window of stride 2 after two ordinary 3 × 3 layers
# gives. The stride of the *last* layer does not matter for its own field.
# </details>
#
# **4.** Which layer follows *every* shift of its input exactly (away from the border)?
#
# (a) convolution, stride 1; (b) convolution, stride 2; (c) max pooling 2 × 2, stride 2
#
# <details><summary>Answer</summary>
#
# **(a).** (b) and (c) look only at every second place: they follow shifts by multiples of two.
# Max pooling may *hide* a shift of one pixel; that is invariance, and only some of the time.
# </details>
#
# **5.** A unit with ReLU gives 0 for all training images. What helps it?
#
# (a) more training; (b) a smaller step from now on; (c) neither
#
# <details><summary>Answer</summary>
#
# **(c).** Its slope is 0 for every image, so every correction is 0, however many and however
# small the steps are. Had the steps been small from the beginning, or the activation leaky, it
# would be another story. (In a deeper layer there is hope: if the layers below change, its input
# changes.)
# </details>
#
# ## Take-aways
#
# 1. Dense → locally connected → convolution: 14,455,392 → 357,504 → 456 parameters for
#    32 × 32 × 3 to 28 × 28 × 6. A convolution is a sparse, banded matrix with repeated values
#    (Toeplitz).
# 2. Sharing is a bet that what is useful here is useful there; where it holds, every weight
#    learns from every place.
# 3. Convolution is equivariant to shifts, except near padded borders and for shifts that are no
#    multiple of the stride. Pooling (2 × 2 drops 75 %) adds invariance to small moves.
# 4. The receptive field grows by $(k - 1) \cdot$ jump, the jump by the stride. Two 3 × 3 see as
#    much as one 5 × 5, with 28 % fewer weights and room for one more non-linearity.
# 5. Without an activation, layers collapse into one. Sigmoid and tanh saturate, ReLU can die,
#    leaky ReLU keeps a slope of 0.01.
#
# ## References
#
# - A. Azulay, Y. Weiss. Why do deep convolutional networks generalize so poorly to small image
#   transformations? *JMLR* 20(184), 2019. [arXiv:1805.12177](https://arxiv.org/abs/1805.12177)
# - X. Glorot, Y. Bengio. Understanding the difficulty of training deep feedforward neural
#   networks. *AISTATS* 2010. [PMLR 9:249-256](https://proceedings.mlr.press/v9/glorot10a.html)
# - K. He, X. Zhang, S. Ren, J. Sun. Delving deep into rectifiers. *ICCV* 2015.
#   [arXiv:1502.01852](https://arxiv.org/abs/1502.01852)
# - M. A. Islam, S. Jia, N. D. B. Bruce. How much position information do convolutional neural
#   networks encode? *ICLR* 2020. [arXiv:2001.08248](https://arxiv.org/abs/2001.08248)
# - A. Krizhevsky, I. Sutskever, G. E. Hinton. ImageNet classification with deep convolutional
#   neural networks. *NIPS* 2012; *Communications of the ACM* 60(6), 2017.
#   [doi:10.1145/3065386](https://doi.org/10.1145/3065386)
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. Gradient-based learning applied to document
#   recognition. *Proceedings of the IEEE* 86(11), 1998.
#   [doi:10.1109/5.726791](https://doi.org/10.1109/5.726791)
# - W. Luo, Y. Li, R. Urtasun, R. Zemel. Understanding the effective receptive field in deep
#   convolutional neural networks. *NIPS* 2016.
#   [arXiv:1701.04128](https://arxiv.org/abs/1701.04128)
# - A. L. Maas, A. Y. Hannun, A. Y. Ng. Rectifier nonlinearities improve neural network acoustic
#   models. *ICML Workshop on Deep Learning for Audio, Speech and Language Processing* 2013.
# - V. Nair, G. E. Hinton. Rectified linear units improve restricted Boltzmann machines. *ICML*
#   2010.
# - K. Simonyan, A. Zisserman. Very deep convolutional networks for large-scale image recognition.
#   *ICLR* 2015. [arXiv:1409.1556](https://arxiv.org/abs/1409.1556)
# - J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller. Striving for simplicity: the all
#   convolutional net. *ICLR Workshop* 2015. [arXiv:1412.6806](https://arxiv.org/abs/1412.6806)
# - Y. Taigman, M. Yang, M. Ranzato, L. Wolf. DeepFace: closing the gap to human-level performance
#   in face verification. *CVPR* 2014.
#   [doi:10.1109/CVPR.2014.220](https://doi.org/10.1109/CVPR.2014.220)
# - R. Zhang. Making convolutional networks shift-invariant again. *ICML* 2019.
#   [arXiv:1904.11486](https://arxiv.org/abs/1904.11486)
#
# Photograph: *cat* (Chelsea) comes with scikit-image, free of copyright restrictions.
