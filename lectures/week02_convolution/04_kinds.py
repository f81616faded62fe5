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
# # Kinds of convolution
#
# The ordinary convolution does three things at once: it looks at neighbours, it mixes channels,
# and it keeps the size (more or less). Take these jobs apart, and you get a family of layers:
# some look farther for the same price, some cost a tenth, one makes images larger instead of
# smaller. Most networks of the last ten years are built from this family.
#
# **After this lecture you can**
#
# - say what 1 × 1, dilated, grouped, depthwise, separable and transposed convolutions compute,
#   and compute each in NumPy;
# - give output size, parameters, multiply-adds and receptive field of each, and check them
#   without trusting a formula;
# - explain why a transposed convolution is the transposed matrix of a convolution and not its
#   inverse, and where the checkerboards come from;
# - choose among them.
#
# **You need** the first three lectures of this week; above all, that a convolution is a matrix
# (lecture 3).
#
# **Time** about 35 minutes to read. **Cost** less than half a minute on two cores, below 2 GiB of
# memory; no GPU.

# %%
import math
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from numpy.lib.stride_tricks import sliding_window_view
from scipy import signal
from skimage import color, transform
from skimage import data as photographs

from helpers import animate, budget, plots

budget.describe()
keras.utils.set_random_seed(0)

# %% [markdown]
# ## Four numbers for every layer
#
# For each kind we want to know: how large is the **output**, how many **parameters** does it
# have, how many **multiply-adds** (one multiplication and one addition) does it take, and how
# large is its **receptive field**? Formulas for these are easy to get wrong. So we need something
# to check them with that contains no formula at all.
#
# Lecture 3 has it. Without biases every one of these layers is linear, so it *is* a matrix, and
# the matrix can be found by poking: send in every image that is 1 at one place and 0 elsewhere.
# What comes out is a column.

# %%
def run(layer, x):
    """The layer's output as a NumPy array, whatever the backend."""
    return ops.convert_to_numpy(layer(np.asarray(x, "float32")))


def matrix_of(layer, shape):
    """The matrix (outputs, inputs) of a linear layer, found by poking its inputs."""
    size = math.prod(shape)
    return run(layer, np.eye(size).reshape(size, *shape)).reshape(size, -1).T


def randomise(layer, shape):
    """Build the layer and give it positive random weights, so that nothing cancels."""
    layer.build((None, *shape))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return layer


shape = (8, 8, 4)
ordinary = randomise(layers.Conv2D(6, 3, use_bias=False), shape)
M = matrix_of(ordinary, shape)
print("input", shape, "  output", ordinary.compute_output_shape((1, *shape))[1:],
      "  matrix", M.shape)

x = np.random.default_rng(1).normal(size=(1, *shape)).astype("float32")
assert np.allclose(M @ x.ravel(), run(ordinary, x).ravel(), atol=1e-4)

# %% [markdown]
# The matrix knows everything. Each of its non-zero entries is one multiplication that has to be
# made: count them, and you have the multiply-adds. The non-zero entries of one row are the inputs
# that this output sees: their extent is the receptive field.
#
# > **Predict, then run.** Input 8 × 8 × 4, kernel 3 × 3, no padding, 6 maps. How many
# > multiply-adds?

# %%
def nonzero(M):
    """The entries that matter; below this lies rounding."""
    return np.abs(M) > 1e-3


def reach(hit):
    """Longest distance from the first to the last hit in a row of (rows, n) booleans."""
    return int((hit.shape[1] - hit[:, ::-1].argmax(axis=1) - hit.argmax(axis=1)).max())


def field_of(M, shape, out_shape):
    """Rows and columns of the input that an output sees (the one that sees most)."""
    seen = nonzero(M).reshape(-1, out_shape[2], *shape).any(axis=(1, 4))   # (place, h, w)
    return reach(seen.any(axis=2)), reach(seen.any(axis=1))


def numpy_conv(x, kernel):
    """Ordinary convolution of (n, h, w, c) with (rows, columns, c, maps), stride 1."""
    cut = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))      # (n, r, q, c, u, v)
    return np.einsum("nrqcuv,uvcm->nrqm", cut, kernel, optimize=True)


weights = 3 * 3 * 4 * 6
print("parameters:", weights, "  multiply-adds:", weights, "* 6 * 6 =", weights * 6 * 6)
print("in the matrix:", nonzero(M).sum(), "  field:", field_of(M, shape, (6, 6, 6)))

assert nonzero(M).sum() == weights * 6 * 6 and field_of(M, shape, (6, 6, 6)) == (3, 3)
assert ordinary.count_params() == weights
assert np.allclose(numpy_conv(x, ordinary.get_weights()[0]), run(ordinary, x), atol=1e-4)

# %% [markdown]
# Every weight is used once at every output position. That is the whole formula for the
# multiply-adds: weights × positions.

# %% [markdown]
# ## 1 × 1: mixing channels
#
# A kernel of one pixel sounds like a joke: it sees no neighbours. But it is as deep as its input.
# At each pixel it takes the list of channels and makes a new list from it, by a small matrix.
# That is a **dense layer, applied at each pixel** (Lin et al., 2014). Prove it: the same weights
# in three costumes.

# %%
mix = randomise(layers.Conv2D(6, 1, use_bias=False), shape)
kernel = mix.get_weights()[0]                            # (1, 1, 4, 6)
dense = layers.Dense(6, use_bias=False)
dense.build((None, *shape))
dense.set_weights([kernel[0, 0]])

by_conv = run(mix, x)
by_dense = run(dense, x)                # acts on the last axis
by_numpy = x @ kernel[0, 0]
print("output:", by_conv.shape,
      "  parameters:", mix.count_params(), "=", dense.count_params())

assert np.allclose(by_conv, by_dense, atol=1e-5)
assert np.allclose(by_conv, by_numpy, atol=1e-5)
assert field_of(matrix_of(mix, shape), shape, (8, 8, 6)) == (1, 1)

# %% [markdown]
# > **Predict, then run.** Shuffle all pixels of an image, apply the layer, and put the pixels
# > back. What does a 1 × 1 convolution give? And a 3 × 3 with padding?

# %%
order = np.random.default_rng(2).permutation(64)


def shuffled(layer, x):
    """Shuffle the pixels, apply the layer, put the pixels back in their places."""
    moved = x.reshape(1, 64, 4)[:, order].reshape(x.shape)
    y = run(layer, moved).reshape(1, 64, -1)
    return y[:, np.argsort(order)].reshape(1, 8, 8, -1)


padded = randomise(layers.Conv2D(6, 3, padding="same", use_bias=False), shape)
for name, layer in (("1 × 1", mix), ("3 × 3", padded)):
    gap = np.abs(shuffled(layer, x) - run(layer, x)).max()
    print(f"{name}: largest difference after shuffling {gap:.1e}")

assert np.allclose(shuffled(mix, x), run(mix, x), atol=1e-5) and gap > 0.1

# %% [markdown]
# To a 1 × 1 convolution an image is a bag of pixels. You know one already: turning RGB into grey
# is a 1 × 1 convolution with three weights. Add two more filters, and you have a change of colour
# space:

# %%
photo = photographs.astronaut()[:300, 80:380] / 255
colours = np.array([[0.2125, 0.7154, 0.0721],            # one row for each filter
                    [0.5, -0.5, 0], [-0.25, -0.25, 0.5]]).T
mixed = ops.convert_to_numpy(ops.conv(photo[None].astype("float32"),
                                      colours[None, None].astype("float32")))[0]
plots.image_grid([photo, mixed[..., 0], mixed[..., 1] + 0.5, mixed[..., 2] + 0.5],
                 columns=4, scale=1.8,
                 titles=["input: RGB", "map 0: grey", "map 1: red − green",
                         "map 2: blue − yellow"],
                 title="A 1 × 1 convolution of three maps (maps 1 and 2: 0 is mid-grey)")

assert np.allclose(mixed[..., 0], color.rgb2gray(photo), atol=1e-5)

# %% [markdown]
# What is it good for? Changing the number of maps cheaply. In the **bottleneck** (Szegedy et al.,
# 2015; He et al., 2016) a 1 × 1 layer reduces 256 maps to 64, a 3 × 3 works on the few, and
# another 1 × 1 goes back to 256.

# %%
straight = 3 * 3 * 256 * 256
bottleneck = 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256
print(f"3 × 3 on 256 maps:  {straight:,} weights")
print(f"with a bottleneck:  {bottleneck:,} weights, "
      f"{straight / bottleneck:.1f} times fewer")

assert bottleneck < straight / 8

# %% [markdown]
# ## Dilated: farther for the same price
#
# A **dilated** (or *atrous*, "with holes") convolution pulls its kernel apart: with dilation $d$
# its taps are $d$ pixels apart, so it reaches over $d\,(k - 1) + 1$ pixels. Nothing else changes.

# %%
square = np.array([[1, 0, 2, 1, 0, 1, 2], [0, 1, 1, 0, 2, 0, 1], [2, 1, 0, 1, 1, 2, 0],
                   [1, 0, 2, 3, 0, 1, 1], [0, 2, 1, 0, 1, 0, 2], [1, 1, 0, 2, 1, 0, 1],
                   [2, 0, 1, 1, 0, 2, 1]])
cross = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
dilated_by_hand = animate.convolution(square, cross, dilation=2,
                                      title="A 3 × 3 kernel with dilation 2")

# %% [markdown]
# It is the same as an ordinary convolution with a larger kernel that is zero in the holes. Three
# ways, one answer:

# %%
def with_holes(kernel, d):
    """The kernel with d - 1 zeros between its taps."""
    size = d * (np.array(kernel.shape[:2]) - 1) + 1
    wide = np.zeros((*size, *kernel.shape[2:]), kernel.dtype)
    wide[::d, ::d] = kernel
    return wide


by_scipy = signal.correlate2d(square, with_holes(cross, 2), mode="valid")
by_keras = ops.conv(square[None, :, :, None].astype("float32"),
                    cross[..., None, None].astype("float32"), dilation_rate=2)
print(with_holes(cross, 2))

assert np.array_equal(dilated_by_hand, by_scipy)
assert np.allclose(by_scipy, ops.convert_to_numpy(by_keras)[0, :, :, 0])

# %% [markdown]
# Stacked, the dilations add up. Three layers of 3 × 3 with dilations 1, 2, 4 (Yu and Koltun,
# 2016) against three ordinary ones: the same 27 weights.
#
# > **Predict, then run.** How far do they see? And with 2, 2, 2: does the last unit see *every*
# > pixel of its field?

# %%
def influence(dilations, size=17):
    """How much each pixel counts for the middle unit, through a stack of 3 x 3 layers."""
    unit = np.zeros((1, size, size, 1), "float32")
    unit[0, size // 2, size // 2] = 1
    ones = np.ones((3, 3, 1, 1), "float32")             # symmetric: forwards is backwards
    for d in dilations:
        unit = ops.conv(unit, ones, padding="same", dilation_rate=d)
    return ops.convert_to_numpy(unit)[0, :, :, 0]


stacks = {}
for dilations in ((1, 1, 1), (1, 2, 4), (2, 2, 2)):
    picture = influence(dilations)
    side = 1 + sum(2 * d for d in dilations)
    stacks[dilations] = picture, side
    seen = int((picture > 0.5).sum())
    print(f"dilations {dilations}: field {side} × {side}, "
          f"sees {seen} of {side * side} pixels")
    assert np.ptp(np.nonzero(picture)[0]) + 1 == side    # recursion and poke agree

# %%
fig, axes = plt.subplots(1, 3, figsize=(8.4, 3.1), layout="constrained")
for ax, (dilations, (picture, side)) in zip(axes, stacks.items(), strict=True):
    shown = np.where(picture > 0.5, picture / picture.max(), np.nan)       # unseen: empty
    ax.imshow(shown, cmap="cividis", vmin=0, vmax=1)
    corner = 8.5 - side / 2 - 0.5
    ax.add_patch(plt.Rectangle((corner, corner), side, side, fill=False, linewidth=2,
                               edgecolor=plots.COLOURS[3]))
    ax.set(title=f"dilations {', '.join(map(str, dilations))}: {side} × {side}",
           xlabel="column", ylabel="row" if ax is axes[0] else None,
           xticks=(0, 4, 8, 12, 16), yticks=(0, 4, 8, 12, 16))
    ax.grid(False)
plots.show(fig, alt="Three maps of 17 by 17 pixels: what a unit sees after three "
                    "layers. Dilations 1, 1, 1: a small full square of 7 by 7, "
                    "strongest in the middle. 1, 2, 4: a full square of 15 by 15, "
                    "with no pixel left out. 2, 2, 2: a square of 13 by 13 of which only "
                    "every second row and column is seen.")

# %% [markdown]
# 1, 2, 4 about doubles the field with every layer and leaves no hole. 2, 2, 2 sees only every
# second row and column: its neighbours see the others, and the two never meet. This is the
# **gridding** effect; begin with dilation 1, and let no dilation be larger than the field of the
# layers below it.

# %% [markdown]
# ## Depthwise: every channel for itself
#
# The 1 × 1 convolution mixes channels and ignores neighbours. The **depthwise** convolution does
# the opposite: each channel has its own kernel, and they are never added up. Watch one with two
# channels.

# %%
two_channels = np.stack([square[:4, :4], square[3:, 3:]], axis=-1)             # (4, 4, 2)
two_kernels = np.stack([[[1, 0, -1], [2, 0, -2], [1, 0, -1]],
                        [[0, 1, 0], [1, 1, 1], [0, 1, 0]]], axis=-1)           # (3, 3, 2)
depthwise_by_hand = animate.convolution(two_channels, two_kernels, depthwise=True,
                                        title="Depthwise: one kernel for each channel")

# %%
layer = layers.DepthwiseConv2D(3, use_bias=False)
layer.build((None, 4, 4, 2))
layer.set_weights([two_kernels[..., None]])        # (rows, columns, channels, multiplier)
by_keras = run(layer, two_channels[None])[0]
by_channel = np.stack(
    [signal.correlate2d(two_channels[..., c], two_kernels[..., c], mode="valid")
     for c in range(2)], axis=-1)
print("output:", by_keras.shape, "  parameters:", layer.count_params())

assert np.array_equal(depthwise_by_hand, by_channel) and np.allclose(by_keras, by_channel)
assert layer.count_params() == 3 * 3 * 2

# %% [markdown]
# Between "every output map sees every channel" and "every map sees one" lies the **grouped**
# convolution: cut the channels into $g$ groups, and let each map see only the channels of its own
# group. Its price is the ordinary one divided by $g$. AlexNet used two groups in 2012 because it
# had to be spread over two GPUs (Krizhevsky et al., 2012). Sum the matrix over all positions, and
# you see who talks to whom:

# %%
shape = (5, 5, 8)
talk = {}
for groups in (1, 2, 8):
    layer = randomise(layers.Conv2D(8, 3, groups=groups, use_bias=False), shape)
    blocks = nonzero(matrix_of(layer, shape)).reshape(9, 8, 25, 8)
    talk[groups] = blocks.any(axis=(0, 2))               # (output map, input channel)
    print(f"{groups} groups: {layer.count_params()} parameters")
    assert layer.count_params() == 3 * 3 * 8 * 8 // groups

# %%
fig, axes = plt.subplots(1, 3, figsize=(8.0, 3.0), layout="constrained")
for ax, (groups, connected) in zip(axes, talk.items(), strict=True):
    ax.imshow(~connected, vmin=-0.4, vmax=1)
    name = {1: "ordinary (1 group)", 2: "2 groups", 8: "8 groups: depthwise"}[groups]
    ax.set(title=name, xlabel="input channel", xticks=range(8), yticks=range(8),
           ylabel="output map" if groups == 1 else None)
    ax.grid(False)
    for edge in np.arange(0.5, 7):                       # a thin line between the cells
        ax.axhline(edge, color="white", linewidth=0.8)
        ax.axvline(edge, color="white", linewidth=0.8)
plots.show(fig, alt="Three grids of 8 output maps by 8 input channels, dark where "
                    "they are connected: all dark for the ordinary convolution, two "
                    "dark blocks of 4 by 4 on the diagonal for two groups, only the "
                    "diagonal itself for eight groups.")

# %% [markdown]
# With as many groups as channels it *is* the depthwise convolution.

# %%
depthwise = layers.DepthwiseConv2D(3, use_bias=False)
depthwise.build((None, *shape))
depthwise.set_weights([layer.get_weights()[0].transpose(0, 1, 3, 2)])    # to (3, 3, 8, 1)
x = np.random.default_rng(3).normal(size=(1, *shape)).astype("float32")

assert np.allclose(run(depthwise, x), run(layer, x), atol=1e-5)
print("as many groups as channels equals DepthwiseConv2D:", run(depthwise, x).shape)

# %% [markdown]
# ## Separable: first neighbours, then channels
#
# Put the two specialists in a row, depthwise for the neighbours and 1 × 1 for the channels, and
# you have the (depthwise) **separable** convolution (Chollet, 2017; Howard et al., 2017).
#
# > **Predict, then run.** 64 maps in, 64 out, 3 × 3. By how much does the number of weights
# > shrink?

# %%
shape = (8, 8, 64)
separable = randomise(layers.SeparableConv2D(64, 3, use_bias=False), shape)
depthwise_kernel, pointwise_kernel = separable.get_weights()
print("kernels:", depthwise_kernel.shape, "and", pointwise_kernel.shape)
x = np.random.default_rng(4).normal(size=(1, *shape)).astype("float32")

cut = sliding_window_view(x, (3, 3), axis=(1, 2))
spatial = np.einsum("nrqcuv,uvc->nrqc", cut, depthwise_kernel[..., 0])
by_hand = spatial @ pointwise_kernel[0, 0]
assert np.allclose(by_hand, run(separable, x), rtol=1e-3, atol=1e-2)

plain = 3 * 3 * 64 * 64
split = 3 * 3 * 64 + 64 * 64
print(f"ordinary {plain:,}, separable {separable.count_params():,}: "
      f"{plain / split:.1f} times fewer")
assert separable.count_params() == split

# %% [markdown]
# In general, with $K$ maps in and out and kernels of $F \times F$,
#
# $$\frac{\text{separable}}{\text{ordinary}} = \frac{F^2 K + K^2}{F^2 K^2} = \frac{1}{K} + \frac{1}{F^2},$$
#
# for the weights and for the multiply-adds. With many maps, about one ninth for 3 × 3.

# %%
for F in (3, 5):
    ratios = {K: (F * F * K + K * K) / (F * F * K * K) for K in (16, 64, 256)}
    assert all(math.isclose(ratio, 1 / K + 1 / F**2) for K, ratio in ratios.items())
    listed = [f"{K} maps {ratio:.3f}" for K, ratio in ratios.items()]
    print(f"{F} × {F}:", ", ".join(listed))

# %% [markdown]
# There is no free lunch: what can it *not* do? Multiply the two steps out to one ordinary kernel.
# For each input channel, all 64 output maps use the *same* 3 × 3 pattern, each with its own
# factor. In matrix language: of rank 1.

# %%
together = depthwise_kernel[..., 0][..., None] * pointwise_kernel[0, 0]   # (3, 3, 64, 64)
assert np.allclose(numpy_conv(x, together), run(separable, x), rtol=1e-3, atol=1e-2)

anything = np.random.default_rng(5).normal(size=together.shape)
for name, kernel in (("separable", together), ("ordinary", anything)):
    ranks = [int(np.linalg.matrix_rank(kernel[:, :, c].reshape(9, 64), tol=1e-4))
             for c in range(64)]
    print(f"{name:10s} ranks of the channels' (9, 64) matrices: {sorted(set(ranks))}")
    assert set(ranks) == ({1} if name == "separable" else {9})

# %% [markdown]
# ## Separable in space
#
# There is an older separation: not channels from space, but rows from columns. Sobel's kernel is
# a column times a row, so instead of nine multiplications per pixel, three and then three are
# enough.

# %%
smooth, slope = np.array([[1], [2], [1]]), np.array([[-1, 0, 1]])
sobel = smooth @ slope
print(sobel)

grey = color.rgb2gray(photo)
at_once = signal.correlate2d(grey, sobel, mode="valid")
first = signal.correlate2d(grey, smooth, mode="valid")
in_two = signal.correlate2d(first, slope, mode="valid")
print("largest difference:", f"{np.abs(at_once - in_two).max():.0e}")

assert np.allclose(at_once, in_two)

# %% [markdown]
# Which kernels can be split like this? Those of **rank** 1. The singular value decomposition
# writes any kernel as a sum of column-times-row pieces, as many as its rank.
#
# > **Predict, then run.** Which ranks have a Gaussian blur of 7 × 7, a Laplacian (3 × 3), an
# > average, a random 3 × 3?

# %%
bell = np.exp(-0.5 * (np.arange(-3, 4) / 1.2) ** 2)
kernels = {"Sobel": sobel, "average": np.ones((3, 3)) / 9,
           "Gaussian 7 × 7": np.outer(bell, bell), "Laplacian": cross,
           "random": np.random.default_rng(6).normal(size=(3, 3))}
for name, kernel in kernels.items():
    U, s, V = np.linalg.svd(kernel)
    rank = np.linalg.matrix_rank(kernel)
    rebuilt = sum(s[i] * np.outer(U[:, i], V[i]) for i in range(rank))
    k = len(kernel)
    print(f"{name:15s} rank {rank}: {rank} × ({k} + {k}) = {2 * k * rank:2d} "
          f"multiplications instead of {k * k}")
    assert np.allclose(rebuilt, kernel)

# %% [markdown]
# Rank 1 pays, the more so the larger the kernel; full rank does not. Networks use the idea, too:
# a 3 × 1 layer followed by a 1 × 3 (Szegedy et al., 2016).

# %% [markdown]
# ## Transposed: upwards
#
# All layers so far keep the size or shrink it. To label every pixel, or to paint an image, a
# network has to get larger again. The **transposed** convolution turns the picture round: where
# the convolution *gathers* a window into one number, this one *scatters* each number into a
# window. Each input cell stamps a copy of the kernel, multiplied by its value, and overlapping
# stamps add up. The stride says how far apart the stamps are in the output.

# %%
few = np.array([[1, 2], [0, 3]])
stamp = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
scattered = animate.convolution(few, stamp, transposed=True, stride=2,
                                title="Transposed convolution, 3 × 3, stride 2")

# %%
def transposed_conv(x, kernel, stride):
    """Scatter: (h, w) -> ((h - 1) * stride + k, ...)."""
    k = len(kernel)
    y = np.zeros([(n - 1) * stride + k for n in x.shape])
    for (row, column), value in np.ndenumerate(x):
        top, left = row * stride, column * stride
        y[top:top + k, left:left + k] += value * kernel
    return y


by_hand = transposed_conv(few, stamp, stride=2)
layer = layers.Conv2DTranspose(1, 3, strides=2, use_bias=False)
layer.build((None, 2, 2, 1))
layer.set_weights([stamp[..., None, None]])             # (rows, columns, outputs, inputs)
by_keras = run(layer, few[None, :, :, None])[0, :, :, 0]
print(by_hand.astype(int))

assert np.array_equal(scattered, by_hand) and np.allclose(by_keras, by_hand)

# %% [markdown]
# Each stamp is $K$ wide, the last one begins at $(W - 1)\,S$: without cropping the output is
# $(W - 1)\,S + K$. Cropping $P$ on each side takes away $2P$. Keras crops as much as is needed if
# you ask for `padding="same"`, and then the output is exactly $W S$.

# %%
for W, K, S in ((2, 3, 2), (7, 4, 2), (5, 5, 3), (8, 2, 2)):
    for padding, expected in (("valid", (W - 1) * S + K), ("same", W * S)):
        made = layers.Conv2DTranspose(1, K, strides=S, padding=padding)
        assert made.compute_output_shape((1, W, W, 1))[1] == expected
        print(f"W = {W}, K = {K}, S = {S}, {padding:5s}: {expected}")

# %% [markdown]
# ## Why "transposed"?
#
# Take the convolution with the *same* kernel and stride that goes the other way, from 5 × 5 to
# 2 × 2. Find its matrix.
#
# > **Predict, then run.** The convolution's matrix is 4 × 25. What is the matrix of our
# > transposed convolution, which goes from 2 × 2 to 5 × 5?

# %%
down = layers.Conv2D(1, 3, strides=2, use_bias=False)
down.build((None, 5, 5, 1))
down.set_weights([stamp[..., None, None]])
C = matrix_of(down, (5, 5, 1))
T = matrix_of(layer, (2, 2, 1))
print("convolution:", C.shape, "  transposed convolution:", T.shape)

assert np.array_equal(T, C.T)
assert np.array_equal(C.T @ few.ravel(), by_hand.ravel())

# %% [markdown]
# Its matrix is the transposed one, to the last entry. (You will meet it again: when training
# sends gradients back through a convolution, they go through exactly this matrix.) It is often
# called *deconvolution*, which is wrong: it does not undo anything. Go down and up again:

# %%
before = np.random.default_rng(7).integers(0, 5, (5, 5))
after = (C.T @ (C @ before.ravel())).reshape(5, 5).astype(int)
print("before:\n", before, "\ndown and up again:\n", after)

assert after.shape == before.shape and not np.array_equal(after, before)
assert np.linalg.matrix_rank(C) == 4                    # 25 numbers do not survive in 4

# %% [markdown]
# The *shape* comes back, the values do not. One more view (Dumoulin and Visin, 2016, draw it for
# many cases): put $S - 1$ zeros between the inputs and a border of $K - 1$ zeros around them, and
# do an ordinary convolution with the kernel turned by 180°.

# %%
spread = np.zeros((3, 3))
spread[::2, ::2] = few                                  # one zero between neighbours
fully = signal.correlate2d(np.pad(spread, 2), stamp[::-1, ::-1], mode="valid")

assert np.array_equal(fully, by_hand)
print("zeros between, then a convolution:", fully.shape, "the same numbers")

# %% [markdown]
# ## Checkerboards
#
# How many stamps lie on each output cell? Stamp a constant image with a kernel of ones, and read
# it off.
#
# > **Predict, then run.** Kernel 3, stride 2. And kernel 4, stride 2?

# %%
flat = np.ones((6, 6))
kernel_sizes = (2, 3, 4, 5)
overlap = {f"kernel {k}, stride 2": transposed_conv(flat, np.ones((k, k)), 2)
           for k in kernel_sizes}
for k, (name, counts) in zip(kernel_sizes, overlap.items(), strict=True):
    inner = counts[4:-4, 4:-4]
    print(f"{name}: {sorted(set(inner.astype(int).ravel().tolist()))} stamps on a cell, "
          f"unevenness {inner.std() / inner.mean():.2f}")
    assert (inner.std() == 0) == (k % 2 == 0)                # does 2 divide it?

# %%
fig, axes = plt.subplots(1, 4, figsize=(9.0, 3.0), layout="constrained")
for ax, (name, counts) in zip(axes, overlap.items(), strict=True):
    shown = ax.imshow(counts, cmap="cividis", vmin=0, vmax=9)
    ax.set(title=name, xlabel="column", ylabel="row" if ax is axes[0] else None,
           xticks=(0, 4, 8), yticks=(0, 4, 8))
    ax.grid(False)
fig.colorbar(shown, ax=axes, label="stamps on a cell", shrink=0.7)
plots.show(fig, alt="Four maps of how many stamps lie on each output cell. Kernel 2: "
                    "one everywhere. Kernel 3: a checkerboard of one, two and four. "
                    "Kernel 4: four everywhere except at the border. Kernel 5: a "
                    "checkerboard of four, six and nine.")

# %% [markdown]
# If the stride does not divide the kernel, some cells get more stamps than their neighbours: a
# **checkerboard** is built in, before any learning (Odena et al., 2016). On a picture: upsample a
# small cat by 2, with a 3 × 3 kernel and with a 4 × 4 one.

# %%
tiny = transform.resize(color.rgb2gray(photographs.cat()[:300, 90:390]), (40, 40),
                        anti_aliasing=True)
ramp = np.array([1, 3, 3, 1]) / 4
stamps = {"kernel 3 (all equal)": np.full((3, 3), 4 / 9),
          "kernel 4 (bilinear)": np.outer(ramp, ramp)}
larger = {name: transposed_conv(tiny, kernel, 2)[2:78, 2:78]
          for name, kernel in stamps.items()}
plots.image_grid([tiny, *(np.clip(picture, 0, 1) for picture in larger.values())],
                 columns=3, scale=2.4, titles=["input, 40 × 40", *larger],
                 title="Upsampled by a transposed convolution",
                 alt="A small grey picture of a cat's face, and two enlargements: the "
                     "one with kernel 3 is covered by a fine regular grid, the one "
                     "with kernel 4 is smooth.")

# %% [markdown]
# The 4 × 4 kernel here is the outer product of (1, 3, 3, 1)/4 with itself, and with it the
# transposed convolution is nothing but bilinear interpolation. Keras confirms it away from the
# border:

# %%
upsampling = layers.UpSampling2D(2, interpolation="bilinear")
bilinear = run(upsampling, tiny[None, :, :, None])[0, :, :, 0]           # (80, 80)
cropped = transposed_conv(tiny, stamps["kernel 4 (bilinear)"], 2)[1:-1, 1:-1]
gap = np.abs(cropped - bilinear)[2:-2, 2:-2].max()
print(f"largest difference to bilinear interpolation: {gap:.1e}")

assert gap < 1e-5

# %% [markdown]
# So: choose a kernel that the stride divides, or enlarge first (`UpSampling2D`) and convolve
# then. A trained layer can still *learn* a checkerboard; at least it does not have to unlearn
# one.

# %% [markdown]
# ## All of them in one table
#
# One list of kinds, two ways to the four numbers. First the formulas, without padding, for a
# chain of layers with equally many maps in and out. (In the transposed convolution every weight
# is used once at every *input* position.)

# %%
kinds = {
    "ordinary 3 × 3": [{"k": 3}],
    "ordinary 5 × 5": [{"k": 5}],
    "stride 2, 3 × 3": [{"k": 3, "s": 2}],
    "1 × 1": [{"k": 1}],
    "dilated 3 × 3, d = 2": [{"k": 3, "d": 2}],
    "4 groups, 3 × 3": [{"k": 3, "g": 4}],
    "depthwise 3 × 3": [{"k": 3, "g": "all"}],
    "separable 3 × 3": [{"k": 3, "g": "all"}, {"k": 1}],
    "3 × 1, then 1 × 3": [{"k": (3, 1)}, {"k": (1, 3)}],
    "two 3 × 3": [{"k": 3}, {"k": 3}],
    "transposed 3 × 3, s = 2": [{"k": 3, "s": 2, "t": True}],
}


def options(spec, maps):
    """Kernel (rows, columns), stride, dilation, groups, transposed?"""
    groups = maps if spec.get("g") == "all" else spec.get("g", 1)
    k = np.broadcast_to(spec["k"], 2)
    return k, spec.get("s", 1), spec.get("d", 1), groups, spec.get("t", False)

# %%
def by_formula(chain, side, maps):
    """Output size, parameters, multiply-adds and field (rows, columns)."""
    size, field, jump, weights, adds = np.array([side, side]), np.array([1, 1]), 1, 0, 0
    for spec in chain:
        k, s, d, groups, is_transposed = options(spec, maps)
        span = d * (k - 1) + 1
        w = int(k.prod()) * maps * maps // groups
        if is_transposed:                             # every weight once at every *input*
            adds += w * int(size.prod())
            size = (size - 1) * s + span
            field = -(-span // s)                      # rounded up; for a single layer
        else:                                        # every weight once at every *output*
            size = (size - span) // s + 1
            adds += w * int(size.prod())
            field, jump = field + (span - 1) * jump, jump * s
        weights += w
    return tuple(size.tolist()), weights, adds, tuple(field.tolist())

# %% [markdown]
# Then the layers themselves: sizes and parameters from Keras, multiply-adds and field from their
# matrices.

# %%
def build(spec, maps):
    k, s, d, groups, is_transposed = options(spec, maps)
    k = tuple(k.tolist())
    if is_transposed:
        return layers.Conv2DTranspose(maps, k, strides=s, use_bias=False)
    if groups == maps:
        return layers.DepthwiseConv2D(k, strides=s, dilation_rate=d, use_bias=False)
    return layers.Conv2D(maps, k, strides=s, dilation_rate=d, groups=groups,
                         use_bias=False)


def by_experiment(chain, side, maps):
    """The same four, from Keras and from the matrices of the layers."""
    shape, weights, adds, whole = (side, side, maps), 0, 0, None
    for spec in chain:
        layer = randomise(build(spec, maps), shape)
        M = matrix_of(layer, shape)
        adds += int(nonzero(M).sum())
        weights += layer.count_params()
        whole = M if whole is None else M @ whole
        shape = layer.compute_output_shape((1, *shape))[1:]
    return tuple(shape[:2]), weights, adds, field_of(whole, (side, side, maps), shape)


for name, chain in kinds.items():
    assert by_formula(chain, 9, 8) == by_experiment(chain, 9, 8), name
print(f"{len(kinds)} kinds: formula and experiment agree on 9 × 9 × 8")

# %% [markdown]
# Eleven kinds, four numbers each, no difference. Now we may trust the formulas on a layer of
# realistic size: 32 × 32, 64 maps in and out.

# %%
table = {name: by_formula(chain, 32, 64) for name, chain in kinds.items()}
usual = table["ordinary 3 × 3"]
print(f"{'32 × 32 × 64 to 64 maps':25s}{'output':>8s}{'parameters':>12s}"
      f"{'multiply-adds':>15s}{'relative':>10s}{'field':>8s}")
for name, (size, weights, adds, field) in table.items():
    print(f"{name:25s}{size[0]:>4d}×{size[1]:<3d}{weights:>12,}{adds:>15,}"
          f"{adds / usual[2]:>10.2f}{field[0]:>6d}×{field[1]}")

assert table["separable 3 × 3"][1] == split and usual[1] == plain

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.0, 3.8), layout="constrained", sharey=True)
for ax, what, column in ((axes[0], "parameters", 1), (axes[1], "multiply-adds", 2)):
    values = [row[column] for row in table.values()]
    ax.barh(range(len(table)), values, height=0.65, color=plots.COLOURS[column - 1])
    for place, value in enumerate(values):
        ax.text(value * 1.15, place, f"{value:,}", va="center", fontsize=8)
    ax.set(xscale="log", xlim=(min(values) / 2, max(values) * 12),
           xlabel=f"{what} (logarithmic)")
    ax.grid(axis="y", visible=False)
axes[0].set_yticks(range(len(table)), table)
axes[0].invert_yaxis()
fig.suptitle("One layer (or pair of layers), 32 × 32 × 64 to 64 maps")
listed = "; ".join(f"{name}: {row[1]:,} and {row[2]:,}" for name, row in table.items())
plots.show(fig, alt=f"Parameters and multiply-adds of each kind of layer. {listed}.")

# %% [markdown]
# ## What the clock says
#
# Multiply-adds are what has to be computed; time is what you wait for.
#
# > **Predict, then run.** For 3 × 3 and many maps the separable convolution takes about a ninth
# > of the multiply-adds. Will it be nine times as fast?

# %%
def seconds(layer, x, repeats):
    """Best time of several, after a first run that does not count."""
    run(layer, x)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run(layer, x)                                # fetching the numbers waits for them
        times.append(time.perf_counter() - start)
    return min(times)


repeats = budget.choose(ci=5, cpu=20)
gain, expected, rng = {}, {}, np.random.default_rng(8)
for maps in (16, 64, 256):
    x = rng.normal(size=(4, 32, 32, maps)).astype("float32")
    one, other = (seconds(kind(maps, 3, padding="same", use_bias=False), x, repeats)
                  for kind in (layers.Conv2D, layers.SeparableConv2D))
    gain[maps], expected[maps] = one / other, 1 / (1 / maps + 1 / 9)
    print(f"{maps:3d} maps: Conv2D {1000 * one:7.2f} ms, "
          f"SeparableConv2D {1000 * other:7.2f} ms: "
          f"gain {gain[maps]:.1f}, by multiply-adds {expected[maps]:.1f}")

# %%
fig, ax = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
places = np.arange(len(gain))
ax.bar(places - 0.2, expected.values(), 0.38, label="by multiply-adds",
       color=plots.COLOURS[0])
ax.bar(places + 0.2, gain.values(), 0.38, label="by the clock",
       color=plots.COLOURS[1], hatch="//", edgecolor="white")
ax.axhline(1, color="#444444", linestyle="--", linewidth=1)
ax.set_xticks(places, [f"{maps} maps" for maps in gain])
ax.set(ylabel="ordinary / separable",
       title="How many times faster is the separable convolution?")
ax.legend()
ax.grid(axis="x", visible=False)
listed = "; ".join(f"{m} maps: {expected[m]:.1f} and {gain[m]:.1f}" for m in gain)
plots.show(fig, alt="Bars: the gain expected from the multiply-adds and the measured "
                    f"one. {listed}.")

# %% [markdown]
# Your bars will differ from ours, and from those of your next run: a time depends on the machine, on the
# library and on what else is running. The count does not. Two reasons why they differ: a depthwise
# convolution does few multiplications for every number it fetches from memory, so that the processor may
# wait for memory; and with few maps most of the time is overhead. **Count to understand, measure to
# decide.**

# %% [markdown]
# ## When to use which
#
# | You want | Take |
# |---|---|
# | a good default | ordinary 3 × 3 |
# | to change the number of maps, or mix channels | 1 × 1 |
# | few weights and operations: phones, embedded devices | depthwise separable (MobileNet, Xception) |
# | a larger field at full resolution: segmentation, audio | dilated, with growing dilations |
# | a middle way between ordinary and depthwise | grouped (ResNeXt) |
# | a large fixed filter on a processor: blur, edges | separable in space, if the rank is low |
# | a larger output: segmentation, generators | transposed with a kernel that the stride divides, or upsampling and convolution |
# | a smaller output | stride or pooling (lecture 3) |

# %% tags=["remove-cell"]
from helpers.record import record

record(
    dilated=dilated_by_hand,
    transposed=by_hand,
    transposed_animated=scattered,
    matrix_shapes={"convolution": C.shape, "transposed": T.shape},
    dilations=[
        {"dilations": dilations, "side": side, "seen": (picture > 0.5).sum()}
        for dilations, (picture, side) in stacks.items()],
    stamps_on_a_cell=[
        {"kernel": k, "counts": np.unique(counts[4:-4, 4:-4])}
        for k, counts in zip(kernel_sizes, overlap.values(), strict=True)],
    kinds={name: dict(zip(("size", "parameters", "multiply_adds", "field"),
                          row, strict=True))
           for name, row in table.items()},
    gains=[{"maps": maps, "measured": gain[maps], "expected": expected[maps]}
           for maps in gain],
)

# %% [markdown]
# ## Self-test
#
# **1.** How many parameters (with biases) has a 1 × 1 convolution from 128 maps to 32?
#
# (a) 32; (b) 128 · 32 = 4,096; (c) 128 · 32 + 32 = 4,128
#
# <details><summary>Answer</summary>
#
# **(c).** Each of the 32 filters has one weight for each of the 128 channels, and a bias. (a)
# forgets that a filter is as deep as its input. (b) forgets the biases.
# </details>
#
# **2.** A 3 × 3 kernel with dilation 4 reaches over how many pixels in a row, and how many
# weights has it (one channel)?
#
# (a) 9 pixels, 9 weights; (b) 12 pixels, 9 weights; (c) 9 pixels, 81 weights
#
# <details><summary>Answer</summary>
#
# **(a).** $4 \cdot (3 - 1) + 1 = 9$; the weights are still three by three. (b) multiplies 4 by 3:
# there are only two gaps between three taps. (c) counts the holes as weights.
# </details>
#
# **3.** `SeparableConv2D(64, 3)` on 64 maps has about an eighth of the weights of
# `Conv2D(64, 3)`. What did it give up?
#
# (a) mixing channels; (b) looking at neighbours; (c) a pattern of its own for each pair of input
# channel and output map
#
# <details><summary>Answer</summary>
#
# **(c).** All output maps share one 3 × 3 pattern for each input channel, and only scale it. (a)
# is true of the depthwise step alone, but the 1 × 1 step mixes. (b) is true of the 1 × 1 step
# alone.
# </details>
#
# **4.** A transposed convolution, kernel 4, stride 2, no cropping, makes of 10 × 10
#
# (a) 20 × 20; (b) 22 × 22; (c) 24 × 24
#
# <details><summary>Answer</summary>
#
# **(b).** $(10 - 1) \cdot 2 + 4 = 22$. (a) is what Keras gives with `padding="same"`, which crops
# one row and column on each side. (c) is $10 \cdot 2 + 4$: the last stamp begins at 18, not at
# 20.
# </details>
#
# **5.** You see a fine regular grid in the pictures that a network paints. Its layers are
# `Conv2DTranspose(..., 3, strides=2)`. What do you try first?
#
# (a) kernel 4; (b) kernel 5; (c) more training
#
# <details><summary>Answer</summary>
#
# **(a).** 2 divides 4, so every cell gets equally many stamps. 2 does not divide 5: with (b) the
# pattern only changes. (c) may help, since the weights can learn to balance the stamps, but it
# fights against the construction.
# </details>
#
# ## Take-aways
#
# 1. Multiply-adds = weights × positions; without biases every layer here is a matrix, whose
#    non-zero entries count them.
# 2. 1 × 1: a dense layer at each pixel. It mixes channels and sees no neighbours; depthwise does
#    the opposite.
# 3. Separable = depthwise + 1 × 1: $1/K + 1/F^2$ of the weights, but one pattern for each input
#    channel. How much time that saves has to be measured.
# 4. Dilation $d$ reaches over $d\,(k - 1) + 1$ pixels for free; equal dilations above 1 leave a
#    grid of holes.
# 5. The transposed convolution is the transposed matrix, not the inverse: $(W - 1)\,S + K - 2P$.
#    Let the stride divide the kernel.
#
# ## References
#
# - F. Chollet. Xception: deep learning with depthwise separable convolutions. *CVPR* 2017.
#   [arXiv:1610.02357](https://arxiv.org/abs/1610.02357)
# - V. Dumoulin, F. Visin. A guide to convolution arithmetic for deep learning. 2016.
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285)
# - K. He, X. Zhang, S. Ren, J. Sun. Deep residual learning for image recognition. *CVPR* 2016.
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)
# - A. G. Howard et al. MobileNets: efficient convolutional neural networks for mobile vision
#   applications. 2017. [arXiv:1704.04861](https://arxiv.org/abs/1704.04861)
# - A. Krizhevsky, I. Sutskever, G. E. Hinton. ImageNet classification with deep convolutional
#   neural networks. *NIPS* 2012; *Communications of the ACM* 60(6), 2017.
#   [doi:10.1145/3065386](https://doi.org/10.1145/3065386)
# - M. Lin, Q. Chen, S. Yan. Network in network. *ICLR* 2014.
#   [arXiv:1312.4400](https://arxiv.org/abs/1312.4400)
# - A. Odena, V. Dumoulin, C. Olah. Deconvolution and checkerboard artifacts. *Distill* 2016.
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003)
# - C. Szegedy et al. Going deeper with convolutions. *CVPR* 2015.
#   [arXiv:1409.4842](https://arxiv.org/abs/1409.4842)
# - C. Szegedy et al. Rethinking the Inception architecture for computer vision. *CVPR* 2016.
#   [arXiv:1512.00567](https://arxiv.org/abs/1512.00567)
# - S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He. Aggregated residual transformations for deep
#   neural networks (ResNeXt). *CVPR* 2017. [arXiv:1611.05431](https://arxiv.org/abs/1611.05431)
# - F. Yu, V. Koltun. Multi-scale context aggregation by dilated convolutions. *ICLR* 2016.
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122)
#
# Photographs: *astronaut* (NASA) and *cat* (Chelsea) come with scikit-image, free of copyright
# restrictions.
