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
# # How large is the output?
#
# Most errors in a first network are not wrong ideas but wrong shapes: a layer that does not fit on the
# one before it, a picture that shrinks to nothing, a table of weights that is a hundred times larger than
# meant. All of it can be computed beforehand, on paper, with one formula and some care at the edges.
#
# **After this lecture you can**
#
# - derive the size of a convolution's output, with padding and stride, and say which pixels nobody sees;
# - choose between valid, same and full padding, and between zeros and a mirrored border;
# - recognise an impossible setting, and the bug that lets it pass;
# - count the parameters, multiply-adds and bytes of a layer and of a stack of layers, as Keras does.
#
# **You need** lecture 1 of this week (a kernel slides over an image).
#
# **Time** about 35 minutes to read, and as long as you like with the explorer near the end. **Cost** below
# half a minute on two cores and 2 GiB of memory, whatever the budget; no GPU, no download.

# %%
import itertools
import textwrap

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from scipy import signal
from skimage import data as photographs

from helpers import animate, budget, explorer, plots

budget.describe()

# %% [markdown]
# ## Count the places
#
# The output has one number for each place at which the window fits. So to know its size, count places. One
# direction is enough, since rows and columns do not influence each other: take a row of $W$ pixels and a
# window of $K$.
#
# Two more things can be chosen. The **stride** $S$ is how far the window jumps. The **padding** $P$ is how
# many pixels are added at *each* end before the window sets out. The rest is counting.

# %%
def places(W, K, P=0, S=1):
    """Where each window begins; pixel 0 is the first real one, padding starts at -P."""
    return list(range(-P, W + P - K + 1, S))


for W, K, P, S in [(9, 4, 0, 1), (9, 4, 0, 2), (9, 4, 2, 2), (9, 4, 0, 3)]:
    starts = places(W, K, P, S)
    print(f"W={W} K={K} P={P} S={S}: {len(starts)} places, windows begin at {starts}")

# %% [markdown]
# A picture makes plain what happens at the ends. Squares are pixels, dashed ones are padding; each bar
# below is one window.
#
# > **Predict, then run.** In which of the four settings does some pixel lie under no window at all?

# %%
def draw_windows(ax, W, K, P, S):
    """The row of pixels, a bar for every place of the window; returns the unseen ones."""
    starts = places(W, K, P, S)
    seen = {start + u for start in starts for u in range(K)}
    unseen = [x for x in range(W) if x not in seen]
    for x in range(-P, W + P):
        real = 0 <= x < W
        colour = plots.COLOURS[3] if x in unseen else "#DDE6EE" if real else "none"
        ax.add_patch(plt.Rectangle((x, 0), 1, -1, facecolor=colour, edgecolor="#444444",
                                   linestyle="-" if real else "--", linewidth=0.9))
        ax.text(x + 0.5, -0.5, x if real else "", ha="center", va="center", fontsize=8)
    for level, start in enumerate(starts):
        ax.plot([start + 0.12, start + K - 0.12], [-1.7 - 0.8 * level] * 2, linewidth=4,
                color=plots.COLOURS[0], solid_capstyle="butt")
    ax.set(xlim=(-2.3, 11.3), ylim=(-6.7, 0.2), xticks=[], yticks=[],
           title=f"K={K}, P={P}, S={S}: {len(starts)} outputs, {len(unseen)} unseen")
    ax.grid(False)
    ax.set_frame_on(False)
    return unseen

# %%
fig, axes = plt.subplots(2, 2, figsize=(8.6, 4.4), layout="constrained")
settings = [(9, 4, 0, 1), (9, 4, 0, 2), (9, 4, 2, 2), (9, 4, 0, 3)]
lost = [draw_windows(ax, *one) for ax, one in zip(axes.flat, settings, strict=True)]
told = [f"kernel {K}, padding {P}, stride {S}: {len(places(W, K, P, S))} windows, "
        f"unseen pixels: {len(gone)}"
        for (W, K, P, S), gone in zip(settings, lost, strict=True)]
plots.show(fig, alt="Nine pixels and the windows that cover them, in four settings: "
                    + "; ".join(told) + ".")

assert [len(gone) for gone in lost] == [0, 1, 0, 2]

# %% [markdown]
# With stride 2 the last pixel is left over, with stride 3 the last *two*. The window would have to jump
# over the end to reach them, so it stays where it is. Nothing warns you: a strip of every image is thrown
# away.
#
# ## The formula
#
# Count as you would count fence posts. The padded row has $W + 2P$ pixels. The first window begins at its
# left end; behind it, $W + 2P - K$ pixels of room remain. Every jump uses up $S$ of them, and only whole
# jumps count: that is what the brackets $\lfloor\ \rfloor$ say, *rounded down*. Places are jumps plus one,
# as posts are gaps plus one.
#
# $$O = \left\lfloor \frac{W - K + 2P}{S} \right\rfloor + 1$$
#
# Do not believe it; count. All settings in a box, several thousand of them:

# %%
def output_size(W, K, P=0, S=1):
    """Number of outputs along one side; an impossible setting is an error."""
    if min(W, K, S) < 1 or P < 0:
        raise ValueError(f"W={W}, K={K}, S={S} must be at least 1, and P={P} at least 0")
    room = W - K + 2 * P
    if room < 0:
        raise ValueError(f"a kernel of {K} does not fit into {W} + 2 * {P} pixels")
    return room // S + 1


checked = 0
for W, K, P, S in itertools.product(range(1, 17), range(1, 10), range(5), range(1, 6)):
    if K <= W + 2 * P:
        assert output_size(W, K, P, S) == len(places(W, K, P, S))
        checked += 1
print(f"the formula agrees with counting in {checked:,} settings")

# %% [markdown]
# > **Predict, then run.** CIFAR-10 has 32 × 32 pixels. A layer pads it with 2 on each side and slides a
# > kernel of 5 × 5 over it in steps of 1. How large is the padded image, how large the output?

# %%
padded = layers.ZeroPadding2D(2)(np.ones((1, 32, 32, 3), dtype="float32"))
after = layers.Conv2D(filters=7, kernel_size=5)(padded)
print("padded:", padded.shape[1:3], " after the 5 × 5 kernel:", after.shape[1:3])

assert tuple(padded.shape[1:3]) == (36, 36) == (32 + 2 * 2, 32 + 2 * 2)
assert tuple(after.shape[1:3]) == (32, 32) == (output_size(32, K=5, P=2),) * 2

# %% tags=["remove-cell"]
from helpers.record import record

record(padded_size=tuple(padded.shape[1:3]),
       size_after_kernel=tuple(after.shape[1:3]))

# %% [markdown]
# 36 × 36, and back to 32 × 32. Two pixels on *each* side make four: forgetting the factor 2 of $2P$ is
# the commonest slip with this formula, next to forgetting the brackets.

# %% [markdown]
# ## Valid, same, full
#
# Three paddings have names.
#
# | name | padding on each side, stride 1 | output | every output sees |
# |---|---|---|---|
# | **valid** | $0$ | $W - K + 1$ | real pixels only |
# | **same** | $(K - 1) / 2$ | $W$ | at least some real pixels |
# | **full** | $K - 1$ | $W + K - 1$ | at least one real pixel |
#
# "Same" is one reason why kernels are nearly always odd: for an even $K$, $(K - 1)/2$ is not a whole
# number, and one side has to get a pixel more than the other.

# %%
image = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3],
                  [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
kernel = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
results = {name: signal.correlate2d(image, kernel, mode=name)
           for name in ("valid", "same", "full")}
for (name, result), P in zip(results.items(), (0, 1, 2), strict=True):
    print(f"{name:5s} P = {P}: {image.shape} -> {result.shape}")
    assert result.shape == (output_size(5, 3, P),) * 2

assert np.array_equal(results["valid"], results["same"][1:-1, 1:-1])
assert np.array_equal(results["same"], results["full"][1:-1, 1:-1])

# %% [markdown]
# They are the same numbers, cut off at different distances: valid is the middle of same, same is the
# middle of full. Watch the window hang over the edge, where the zeros are:

# %%
walked = animate.convolution(image, kernel, padding="same",
                             title="The same kernel, with zeros around the image")

assert np.array_equal(walked, results["same"])

# %% [markdown]
# Why pad at all? Because a deep network has many layers, and each valid one takes $K - 1$ pixels.
#
# > **Predict, then run.** How many layers of 5 × 5, without padding, can you put on a CIFAR-10 image
# > before nothing is left?

# %%
sizes = [32]
try:
    while True:
        sizes.append(output_size(sizes[-1], K=5))
except ValueError as error:
    print(" -> ".join(map(str, sizes)), f"  then: {error}")

assert len(sizes) - 1 == 7

# %% [markdown]
# ## What to put into the border
#
# Keras pads with zeros. That is a decision about the world beyond the picture: it is *black* there. Other
# decisions are possible:

# %%
MODES = {"zeros": "constant", "symmetric": "symmetric",      # our name: NumPy's name
         "reflect": "reflect", "edge": "edge"}
row = np.array([1, 2, 3, 4])
for name, mode in MODES.items():
    print(f"{name:10s}", np.pad(row, 3, mode=mode))

mirrored = ops.convert_to_numpy(ops.pad(row, [[3, 3]], mode="symmetric"))
assert np.array_equal(mirrored, np.pad(row, 3, mode="symmetric"))   # Keras mirrors too

# %% [markdown]
# **Symmetric** mirrors at the edge and repeats the outermost pixel; **reflect** mirrors at the outermost
# pixel and does not repeat it; **edge** goes on with the outermost value. On a photograph:

# %%
scene = photographs.camera()[100:340, 140:380].astype("float32") / 255
P = 48
inner = scene[P:-P, P:-P]                                # what we pretend to have
fig, axes = plt.subplots(1, 5, figsize=(10.2, 2.6), layout="constrained")
views = {name: np.pad(inner, P, mode=mode) for name, mode in MODES.items()}
views = {"what was there": scene, **views}
for ax, (name, view) in zip(axes, views.items(), strict=True):
    ax.imshow(view, vmin=0, vmax=1)
    for colour, width in (("black", 2.4), ("white", 1)):
        ax.add_patch(plt.Rectangle((P - 0.5, P - 0.5), *inner.shape[::-1], fill=False,
                                   edgecolor=colour, linewidth=width))
    ax.set(xticks=[], yticks=[], title=name)
    ax.grid(False)
    ax.set_frame_on(False)
plots.show(fig, alt=(
    "The same photograph, framed, five times: with its true surroundings, with a black "
    "border, twice mirrored at its edges, and with the outermost pixels drawn out into "
    "stripes."))

# %% [markdown]
# We cut the frame out of a larger photograph, so for once we know what *was* beyond the edge. So there is
# a right answer: blur the whole scene, and look at the frame. How far off is the blur of the cut-out,
# in the outermost ring of pixels, where the window reaches over the edge?
#
# > **Predict, then run.** Rank the four paddings by their error at the border.

# %%
def blur(picture, K=9):
    box = np.full((K, K), 1 / K**2, dtype=picture.dtype)
    return signal.correlate2d(picture, box, mode="valid")


ring = np.ones(inner.shape, dtype=bool)
ring[1:-1, 1:-1] = False
truth = blur(scene[P - 4:-P + 4, P - 4:-P + 4])          # made with the real surroundings
errors = {}
for name, mode in MODES.items():
    guess = blur(np.pad(inner, 4, mode=mode))
    errors[name] = float(np.abs(guess - truth)[ring].mean())
    inside = (slice(4, -4), slice(4, -4))                # windows within the frame
    assert np.allclose(guess[inside], truth[inside], atol=1e-5)

plots.bars(errors, xlabel="mean error of the outermost ring (white = 1)",
           title="A 9 × 9 blur, with four guesses about what lies beyond the edge")

assert errors["zeros"] > 2 * max(errors["symmetric"], errors["reflect"], errors["edge"])

# %% [markdown]
# Zeros are by far the worst guess: photographs do not end in black. The order of the other three depends
# on the photograph and on the window; all of them are reasonable. Why do networks stick to zeros? Because
# they are cheap, and because weights are *learned*: they can make use of the dark rim. And they do. Here
# is the box blur on a picture that is 1 everywhere.

# %%
flat = np.ones((5, 5))
print(np.round(signal.correlate2d(flat, np.full((3, 3), 1 / 9), mode="same"), 2))

# %% [markdown]
# An output that should be 1 everywhere tells us how far from the edge we are. Zero padding breaks the
# equivariance of lecture 1 at the border and smuggles in **where** something is. Networks pick that up
# (Islam, Jia and Bruce, 2020), for better or worse. If you do not want it, pad by `ops.pad(...,
# mode="symmetric")` and use `padding="valid"`.

# %% [markdown]
# ## Stride
#
# A stride of 2 computes every other output in both directions.
#
# > **Predict, then run.** Is that the same as computing all outputs with stride 1 and throwing three
# > quarters of them away? What does it save?

# %%
x = scene[None, :64, :64, None]
w = np.random.default_rng(0).normal(size=(3, 3, 1, 4)).astype("float32")
every = ops.convert_to_numpy(ops.conv(x, w, strides=1, padding="valid"))
other = ops.convert_to_numpy(ops.conv(x, w, strides=2, padding="valid"))
print("stride 1:", every.shape[1:3], " stride 2:", other.shape[1:3],
      f" outputs kept: {other.size / every.size:.0%}")

np.testing.assert_allclose(other, every[:, ::2, ::2], atol=1e-5)

# %% [markdown]
# The same numbers, for a quarter of the work. On our small example, with a padding of 1:

# %%
jumped = animate.convolution(image, kernel, padding=1, stride=2,
                             title="Stride 2: every other place, in both directions")

assert np.array_equal(jumped, results["same"][::2, ::2])

# %% [markdown]
# Stride is the cheap way to make a picture smaller inside a network, and later layers get cheaper, too.
#
# How often is each pixel looked at? Add 1 to all pixels under the window, at every place:

# %%
def visits(W, K, P, S):
    """How many windows see each pixel of a W × W image."""
    line = np.zeros(W, dtype=int)
    for start in places(W, K, P, S):
        line[max(start, 0):start + K] += 1               # padding is not counted
    return np.outer(line, line)                          # rows times columns


fig, axes = plt.subplots(1, 4, figsize=(9.6, 2.8), layout="constrained")
told = []
for ax, (K, P, S) in zip(axes, [(3, 0, 1), (3, 0, 2), (3, 1, 2), (2, 0, 3)], strict=True):
    seen = visits(8, K, P, S)
    ax.imshow(seen, vmin=0, vmax=9, cmap="cividis")
    for (i, j), n in np.ndenumerate(seen):
        ax.text(j, i, n, ha="center", va="center", fontsize=8,
                color="black" if n > 5 else "white")
    ax.set(xticks=[], yticks=[], title=f"K={K}, P={P}, S={S}\n{(seen == 0).sum()} unseen")
    ax.grid(False)
    ax.set_frame_on(False)
    told.append(f"kernel {K}, padding {P}, stride {S}: {seen.min()} to {seen.max()} "
                f"visits, {(seen == 0).sum()} of 64 pixels unseen")
fig.suptitle("How many windows see each pixel of an 8 × 8 image")
plots.show(fig, alt="Four 8 by 8 grids with the number of windows that see each pixel. "
                    + "; ".join(told) + ".")

# %%
assert (visits(8, 3, 0, 1) > 0).all() and visits(8, 3, 0, 1)[0, 0] == 1
assert (visits(8, 3, 0, 2) == 0).sum() == 64 - 7 * 7     # the last row, the last column
assert (visits(8, 3, 1, 2) > 0).all()
assert (visits(8, 2, 0, 3) == 0).sum() == 64 - 6 * 6     # holes between the windows
print("corner, edge and middle with K = 3, S = 1:", visits(8, 3, 0, 1)[0, [0, 1, 4]],
      visits(8, 3, 0, 1)[4, 4])

# %% [markdown]
# Three lessons. Without padding, a corner is seen *once* and the middle nine times, so details at the
# border hardly count. A stride that does not divide the room loses the last rows. And a stride larger
# than the kernel leaves **holes** everywhere.
#
# A famous case. The paper on AlexNet (Krizhevsky et al., 2012) gives an input of 224 × 224, a first
# kernel of 11 × 11 and a stride of 4, and its drawing of the network shows 55 × 55 outputs.
#
# > **Predict, then run.** Does that come out?

# %%
for W, P in [(224, 0), (227, 0), (224, 2)]:
    room = W - 11 + 2 * P
    size = output_size(W, 11, P, 4)
    print(f"W={W}, P={P}: {room} / 4 = {room / 4}, so O = {size}, {room % 4} left over")

assert output_size(224, 11, 0, 4) == 54 and output_size(227, 11, 0, 4) == 55

# %% [markdown]
# It does not. With 227 pixels, or with some padding, it would. The paper does not say; people have
# rebuilt the network in both ways. Had the sizes been computed by a program, nobody would have
# needed to guess.
#
# ### "Same" with a stride
#
# In Keras, `padding="same"` with a stride means $O = \lceil W / S \rceil$, rounded *up*, and as much
# padding as that takes. If it takes an odd number, the extra pixel goes to the right and to the bottom. A
# kernel $(0, 1, 0)$ copies the pixel in the middle of its window, so it tells us where the windows stand.
#
# > **Predict, then run.** Six pixels 1 to 6, stride 2: which three does each of the two methods pick?

# %%
six = np.arange(1, 7, dtype="float32")[None, :, None]
pick = np.array([0, 1, 0], dtype="float32")[:, None, None]
by_name = ops.conv(six, pick, strides=2, padding="same")
padded = ops.pad(six, [[0, 0], [1, 1], [0, 0]])
by_hand = ops.conv(padded, pick, strides=2, padding="valid")
print('padding="same":     ', ops.convert_to_numpy(by_name).ravel())
print("one pixel each side:", ops.convert_to_numpy(by_hand).ravel())

assert ops.convert_to_numpy(by_name).ravel().tolist() == [2, 4, 6]
assert ops.convert_to_numpy(by_hand).ravel().tolist() == [1, 3, 5]

# %% [markdown]
# The same size, but windows shifted by one pixel. Both are fine to *train* with. It goes wrong when
# weights trained in one library, with one rule, are loaded into another: every layer with a stride is off
# by a pixel, the accuracy drops, and no error appears.

# %% [markdown]
# ## What cannot be
#
# A kernel larger than the padded image fits nowhere. Good code says so:

# %%
def message(action):
    """What the action's error says first."""
    try:
        action()
    except ValueError as error:
        first = str(error).splitlines()[0]
        told = textwrap.shorten(first, 80, placeholder=' ...')
        return f"{type(error).__name__}: {told}"
    raise AssertionError("this was supposed to be impossible")


small = keras.Input((3, 3, 1))
print("ours:   ", message(lambda: output_size(3, K=5)))
print("player: ", message(lambda: animate.steps(np.ones((3, 3)), np.ones((5, 5)))))
print("Keras:  ", message(lambda: layers.Conv2D(filters=1, kernel_size=5)(small)))

# %% [markdown]
# Less careful code computes on. Rounding *down* and cutting off the decimals are the same for positive
# numbers, and different for negative ones.
#
# > **Predict, then run.** An image of 2 pixels, a kernel of 3, a stride of 2, no padding. What do
# > `int(room / S) + 1` and `room // S + 1` say?

# %%
room, S = 2 - 3, 2
print("int(room / S) + 1 =", int(room / S) + 1)
print("room // S + 1     =", room // S + 1)

assert int(room / S) + 1 == 1 and room // S + 1 == 0

# %% [markdown]
# `int` cuts −0.5 to 0 and reports *one* output of a window that does not fit. The bug sleeps until
# somebody feeds a small image. `//` rounds down, and gets 0; with stride 1 it would give even less. Only
# a check *before* the division (as in `output_size`) tells the user what is wrong.

# %% [markdown]
# ## Volumes
#
# So far an image was one table. A colour image has three channels, and the output of a layer has as many
# as it has filters. The rule: **a filter is as deep as its input**. It has one slice of weights for each
# channel; the products of all slices go into *one* sum.
#
# $$y_{ij} = b + \sum_u \sum_v \sum_{d=1}^{D_1} x_{i+u,\, j+v,\, d}\; w_{uvd}$$
#
# The window does not slide along the depth; it fills it. One filter therefore gives one **map**, however
# deep the input is. Watch the three channels meet:

# %%
rng = np.random.default_rng(1)
volume = rng.integers(0, 4, size=(4, 4, 3))
filter_ = rng.integers(-1, 2, size=(3, 3, 3))
one_map = animate.convolution(volume, filter_, bias=1,
                              title="Three channels, one filter, one map (bias 1)")

slices = [signal.correlate2d(volume[..., d], filter_[..., d], mode="valid")
          for d in range(3)]
print("channel by channel, then added up, plus the bias:", (sum(slices) + 1).tolist())
assert np.array_equal(one_map, sum(slices) + 1)

# %% [markdown]
# What is the depth good for? Colour can show what brightness hides. Here is a red disc on a green
# ground, with the same mean of the three channels everywhere. Two filters look at it, both made of
# Sobel's kernel: the first uses it on red, green and blue alike; the second on red, and with the
# opposite sign on green.
#
# > **Predict, then run.** Which of the two sees the disc?

# %%
i, j = np.mgrid[:64, :64]
disc = (i - 32) ** 2 + (j - 32) ** 2 < 18**2
colour = np.where(disc[..., None], (0.75, 0.25, 0.3), (0.25, 0.75, 0.3))

sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
alike = np.stack([sobel, sobel, sobel], axis=2)          # (rows, columns, channels)
opposed = np.stack([sobel, -sobel, 0 * sobel], axis=2)


def response(weights):
    return sum(signal.correlate2d(colour[..., d], weights[..., d], mode="valid")
               for d in range(3))


maps = {"all channels alike": response(alike), "red against green": response(opposed)}

# %%
fig, axes = plt.subplots(1, 4, figsize=(9.0, 2.6), layout="constrained")
panels = {"image": colour, "mean of its channels": colour.mean(axis=2), **maps}
for ax, (name, view) in zip(axes, panels.items(), strict=True):
    low, high, shades = (-4, 4, "PuOr") if name in maps else (0, 1, "gray")
    drawn = ax.imshow(view, vmin=low, vmax=high, cmap=shades)
    ax.set(xticks=[], yticks=[], title=name)
    ax.grid(False)
    ax.set_frame_on(False)
fig.colorbar(drawn, ax=axes, shrink=0.8, pad=0.01, label="response of the filter")
plots.show(fig, alt=(
    "A red disc on a green ground; its grey version, which is an even grey; the response "
    "of the filter that treats all channels alike, blank; the response of red against "
    "green: the disc's two sides in two colours."))

# %%
strongest = {name: float(np.abs(view).max()) for name, view in maps.items()}
print({name: round(value, 3) for name, value in strongest.items()})

assert strongest["all channels alike"] < 1e-9 and strongest["red against green"] > 3

# %% [markdown]
# ## Parameters
#
# Several filters give several maps, stacked along the depth. A layer of $K$ filters, each $F \times F$ wide
# and $D_1$ deep, with one bias each, has
#
# $$(F \cdot F \cdot D_1) \cdot K + K$$
#
# parameters. (Up to here $K$ was the width of the kernel. Books use the letter for both; from here on $K$
# counts filters, and $F$ is the width.)
#
# > **Predict, then run.** Three input maps, two filters of 5 × 5. How many weights, how many biases?

# %%
def parameters(F, D1, K):
    """Weights and biases of a layer with K filters of F × F on D1 input maps."""
    return F * F * D1 * K, K


weights, biases = parameters(F=5, D1=3, K=2)
layer = layers.Conv2D(filters=2, kernel_size=5)
layer.build((None, 32, 32, 3))
print(f"by the formula: {weights} + {biases} = {weights + biases}")
print("Keras counts:  ", layer.count_params())
print("shapes:", *(tuple(variable.shape) for variable in layer.weights))

assert (weights, biases) == (150, 2) and weights + biases == 152 == layer.count_params()

# %% [markdown]
# **150 + 2 = 152.** Whoever forgets the depth gets 52; whoever gives every *slice* a bias gets 156. The
# order of the axes is worth remembering: (rows, columns, depth of the input, filters).
#
# And which number is missing from the formula? The size of the image!
#
# > **Predict, then run.** The same layer on a picture of 32 × 32 and on one of 224 × 224: what changes?

# %%
for side in (32, 224):
    out = layer(np.zeros((1, side, side, 3), dtype="float32"))
    count = layer.count_params()
    print(f"{side} × {side}: output {tuple(out.shape[1:])}, {count} parameters")
    assert tuple(out.shape) == (1, output_size(side, 5), output_size(side, 5), 2)

assert layer.count_params() == 152

# %% tags=["remove-cell"]
record(two_filters={
    "weights": weights, "biases": biases, "keras": layer.count_params(),
    "output": layer.compute_output_shape((1, 32, 32, 3))[1:]})

# %% [markdown]
# Only the output's size. A convolution has no fixed input size; it slides over whatever it is given. (A
# dense layer behind it does have one. That is where the "input size" of a network comes from.)
#
# ## Work and memory
#
# **Multiply-adds.** Each output number takes $F \cdot F \cdot D_1$ multiplications, each followed by an
# addition, and there are $O \cdot O \cdot K$ of them. The player keeps a record of every product, so we can
# count.

# %%
def multiply_adds(size, F, D1, K):
    """Products for one image: size × size × K outputs, each a sum of F * F * D1."""
    return size * size * K * F * F * D1


rng = np.random.default_rng(2)
image_volume = rng.integers(0, 3, size=(6, 6, 3))
two_filters = rng.integers(-1, 2, size=(3, 3, 3, 2))
walked, out = animate.steps(image_volume, two_filters, padding=1, stride=2)
products = sum(len(step.taps) for step in walked)
print("output", out.shape, " products recorded:", products)

assert products == multiply_adds(output_size(6, 3, 1, 2), F=3, D1=3, K=2)

# %% [markdown]
# (Products with a padded zero count: a computer multiplies by 0 like by any other number.)
#
# **Memory.** Parameters are stored once, whatever the batch. Activations, the outputs, exist for each
# image of the batch, and training has to keep them for the way back.
#
# Now a whole stack. We describe each layer by its filters, width, stride and padding, and let the formulas
# run through. The input is CIFAR-10.

# %%
stack = [(32, 3, 1, 1), (32, 3, 2, 1), (64, 3, 1, 1), (64, 3, 2, 1), (128, 3, 1, 1),
         (10, 8, 1, 0)]                                  # filters, width, stride, padding


def sheet(stack, W, D):
    """For each layer (K, F, S, P): output size, depth, parameters, multiply-adds."""
    lines = []
    for K, F, S, P in stack:
        W = output_size(W, F, P, S)
        lines.append((W, K, sum(parameters(F, D, K)), multiply_adds(W, F, D, K)))
        D = K                                            # the next filters are this deep
    return lines


BATCH = 128
table = sheet(stack, W=32, D=3)
print("layer                 output        parameters   multiply-adds  activations (MB)")
for (K, F, S, _), (W, D, count, work) in zip(stack, table, strict=True):
    megabytes = BATCH * W * W * D * 4 / 1e6
    print(f"{K:3d} × {F} × {F}, stride {S}  {f'{W} × {W} × {D}':13s} {count:10,}"
          f" {work:15,} {megabytes:17.2f}")

# %% [markdown]
# The judge is Keras. `padding="same"` would put the padding elsewhere (see above), so we pad by hand.

# %%
model = keras.Sequential([keras.Input((32, 32, 3))])
for K, F, S, P in stack:
    if P:
        model.add(layers.ZeroPadding2D(P))
    model.add(layers.Conv2D(K, F, strides=S))

built = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
for layer, (W, D, count, _) in zip(built, table, strict=True):
    assert tuple(layer.output.shape) == (None, W, W, D)
    assert layer.count_params() == count
print(f"{len(built)} layers agree; {model.count_params():,} parameters in all")

# %% [markdown]
# > **Predict, then run.** Which layer has the most parameters, which the most work, which the most
# > activations? Is it the same one?

# %%
names = [f"{n}: {K} × {F} × {F}" + (f", stride {S}" if S > 1 else "")
         for n, (K, F, S, _) in enumerate(stack, 1)]
outputs = [W * W * D for W, D, *_ in table]
columns = {"parameters (thousands)": [count / 1e3 for _, _, count, _ in table],
           "multiply-adds (millions)": [work / 1e6 for *_, work in table],
           f"activations (MB, batch of {BATCH})": [BATCH * 4 * n / 1e6 for n in outputs]}
fig, axes = plt.subplots(1, 3, figsize=(9.8, 3.0), layout="constrained", sharey=True)
for ax, (what, values), shade in zip(axes, columns.items(), plots.COLOURS, strict=False):
    ax.barh(range(len(values)), values, color=shade, height=0.65)
    for place, value in enumerate(values):
        ax.annotate(f"{value:.3g}", (value, place), xytext=(4, 0), va="center",
                    textcoords="offset points", fontsize=9)
    ax.set(xlabel=what, xlim=(0, 1.25 * max(values)))
    ax.grid(axis="y", visible=False)
axes[0].set_yticks(range(len(names)), names)
axes[0].invert_yaxis()
told = "; ".join(f"{what}: " + ", ".join(f"{value:.3g}" for value in values)
                 for what, values in columns.items())
plots.show(fig, alt=f"Three bar charts over the six layers, from first to last. {told}.")

# %%
most = {what: [n for n, value in enumerate(values, 1) if value == max(values)]
        for what, values in columns.items()}
for what, where in most.items():
    print(f"most {what.split(' (')[0]}: layer", " and ".join(map(str, where)))
activations, stored = 4 * BATCH * sum(outputs), 4 * sum(count for *_, count, _ in table)
print(f"bytes: a batch's activations / the parameters = {activations / stored:.0f}")

assert list(most.values()) == [[6], [3, 5], [1]] and activations > 10 * stored

# %% [markdown]
# Three different answers. Parameters pile up at the *end*, where volumes are deep; activations at the
# *beginning*, where they are wide. The work is more even: layers 3 and 5 tie exactly, because half the
# width means a quarter of the places, and twice the filters on twice the depth mean four times the work
# at each. Hence three rules of thumb. Out of memory while training? Look at the first layers and at the
# batch. The file is too large? Look at the last ones. Too slow? A stride early on makes all that follows
# cheaper.
#
# Note the last layer, too. Its kernel is as large as its input, so it fits at one place only, and its
# output is 1 × 1 × 10: ten numbers, one for each class. It *is* a dense layer.

# %% [markdown]
# ## Play: the explorer
#
# Move the sliders (or use the arrow keys on them), and watch the formula fill in. The explorer works on
# the book's page as well, without Python. It writes $K$ for the width of the kernel throughout, $C$ for the
# depth of the input and $F$ for the number of filters. **Dilation**, which spreads the cells of a kernel
# apart, comes in lecture 4; leave it at 1 for the first two riddles.

# %%
explorer.show(size=10, kernel=3, stride=4)

# %% [markdown]
# **Riddle 1.** Input 10, kernel 3, stride 4: some pixels are never seen. Find the *largest* stride with
# which all ten are seen. The padding is yours to choose; the kernel stays.
#
# <details><summary>Answer</summary>
#
# **Stride 3, with a padding of 1, say.** A stride above 3 leaves holes between the windows, and no
# padding fills a hole. With stride 3 and no padding three windows cover pixels 0 to 8, and pixel 9 is
# lost; padding 1 moves them, and makes room for a fourth.
# </details>
#
# **Riddle 2.** Input 32, stride 2, no padding. *Two* kernel sizes give 15 outputs. Which are they, and
# which of the two would you take?
#
# <details><summary>Answer</summary>
#
# **3 and 4.** $(32 - 4)/2 + 1 = 15$ comes out even, and every pixel is seen. $(32 - 3)/2 + 1 = 15.5$ is
# rounded down, and the last row and the last column are lost. If you care about the border, take 4; if you
# want an odd kernel, take 3 and pad by 1, which gives 16 outputs.
# </details>
#
# **Riddle 3.** Set input 32, kernel 5, stride 1, padding 2, 3 channels and 2 filters: 152 parameters,
# output 32. Find a setting with the *same reach* of 5 pixels and the same output that has only 56
# parameters.
#
# <details><summary>Answer</summary>
#
# **Kernel 3, dilation 2, padding 2.** The nine cells stand two pixels apart and reach over
# $2 \cdot (3 - 1) + 1 = 5$ pixels; the parameters are $3 \cdot 3 \cdot 3 \cdot 2 + 2 = 56$. The padding that
# keeps the size follows the reach, not the number of cells. The price: the pixels in between are skipped.
# </details>

# %% tags=["remove-cell"]
record(
    drawn_settings=[
        {"W": W, "K": K, "P": P, "S": S,
         "places": len(places(W, K, P, S)), "unseen": len(gone)}
        for (W, K, P, S), gone in zip(settings, lost, strict=True)],
    shrinking_sizes=sizes,
    strides_of_four=[{"W": W, "P": P, "size": output_size(W, 11, P, 4)}
                     for W, P in ((224, 0), (227, 0), (224, 2))],
    stack=[
        {"filters": K, "kernel": F, "stride": S, "padding": P,
         "size": W, "parameters": count, "multiply_adds": work}
        for (K, F, S, P), (W, _, count, work)
        in zip(stack, table, strict=True)],
    keras_layers=len(built),
    keras_parameters=model.count_params(),
)

# %% [markdown]
# ## Self-test
#
# **1.** A layer gets 28 × 28 pixels; kernel 5, stride 2, padding 2. How large is the output?
#
# (a) 14 × 14; (b) 14.5 × 14.5; (c) 13 × 13
#
# <details><summary>Answer</summary>
#
# **(a).** $(28 - 5 + 4)/2 = 13.5$, rounded down 13, plus 1. (b) forgets the brackets; half a place does not
# exist. (c) counts the jumps and forgets the first place.
# </details>
#
# **2.** Which padding keeps the size for a kernel of 7 and stride 1?
#
# (a) 3; (b) 6; (c) 7
#
# <details><summary>Answer</summary>
#
# **(a).** $(7 - 1)/2 = 3$ on each side. (b) is the sum of both sides, and as padding on *each* side it is
# "full": the output grows by 6. (c) would add even more: outputs that see nothing but padding.
# </details>
#
# **3.** A layer has 16 input maps and 32 filters of 3 × 3. How many parameters?
#
# (a) 320; (b) 4,640; (c) 5,120
#
# <details><summary>Answer</summary>
#
# **(b).** $(3 \cdot 3 \cdot 16) \cdot 32 + 32 = 4640$. (a) is $(3 \cdot 3) \cdot 32 + 32$: the depth was
# forgotten. (c) gives a bias to each of the $16 \cdot 32$ slices: $4608 + 512$.
# </details>
#
# **4.** You feed the same convolutional layer with images twice as wide and twice as high. What grows?
#
# (a) the parameters; (b) the activations; (c) both
#
# <details><summary>Answer</summary>
#
# **(b).** About fourfold, and so does the work. (a) and (c): the formula for the parameters contains no
# image size; the same filters slide over more places.
# </details>
#
# **5.** `padding="same"` with stride 2 on 7 pixels: how many outputs in Keras?
#
# (a) 3; (b) 4; (c) 7
#
# <details><summary>Answer</summary>
#
# **(b).** $\lceil 7/2 \rceil = 4$, rounded *up*. (a) rounds down. (c) takes the name "same" at its word; it
# only keeps the size at stride 1.
# </details>
#
# ## Take-aways
#
# 1. Output size is counting places: $O = \lfloor (W - K + 2P)/S \rfloor + 1$. Mind the brackets, the 2, and
#    the pixels that are left over.
# 2. Valid shrinks, same keeps, full grows. Zeros at the border are a bad guess about the world, but a
#    cheap one; they tell the network where the border is.
# 3. Check that the kernel fits before you divide; a wrong rounding turns an error into a wrong number.
# 4. A filter is as deep as its input and gives one map: $(F \cdot F \cdot D_1) \cdot K + K$ parameters,
#    whatever the size of the image.
# 5. Activations are large at the beginning of a network, parameters at its end.
#
# ## References
#
# - V. Dumoulin, F. Visin. A guide to convolution arithmetic for deep learning, 2016.
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285)
# - M. A. Islam, S. Jia, N. D. B. Bruce. How much position information do convolutional neural networks
#   encode? *International Conference on Learning Representations*, 2020.
#   [arXiv:2001.08248](https://arxiv.org/abs/2001.08248)
# - A. Krizhevsky, I. Sutskever, G. E. Hinton. ImageNet classification with deep convolutional neural
#   networks. *Advances in Neural Information Processing Systems* 25, 2012.
#   [nips.cc](https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks)
#
# The photograph of the man with the camera (by Lav Varshney) comes with scikit-image, free of copyright
# restrictions.
