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
# # Filters
#
# What can you do to a photograph with nine numbers? Blur it, sharpen it, move it, find its edges. Every
# convolutional network is made of such small tables of numbers; the one thing it adds is that nobody
# has to think them up. This lecture is about a single table: what it computes, how to read it, and how to
# compute it fast.
#
# **After this lecture you can**
#
# - slide a kernel over an image by hand, and say how correlation and convolution differ;
# - look at a kernel and tell what it will do to a photograph: its sum, its symmetry, its signs;
# - show an output that has negative numbers without deceiving the reader;
# - test whether an operation is linear, and whether it treats all places alike;
# - write `conv2d` in four ways, from loops to one matrix product, and say what each costs.
#
# **You need** week 1: images as arrays, broadcasting, matrix products.
#
# **Time** about 40 minutes to read. **Cost** half a minute on two cores with the small budget, about a
# minute with the one for laptops; below 2 GiB of memory; no GPU, no download.

# %%
import time
from fractions import Fraction

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from numpy.lib.stride_tricks import sliding_window_view
from scipy import signal
from skimage import data as photographs
from threadpoolctl import threadpool_limits

from helpers import animate, budget, plots

budget.describe()

# %% [markdown]
# ## A window that slides
#
# A **filter** looks at an image through a small window. At each place it multiplies every pixel in the
# window by a weight, and adds the products up. One place, one number. The table of weights is the
# **kernel**.
#
# With the image $x$, the kernel $w$ and the output $y$, counting from 0:
#
# $$y_{ij} = \sum_u \sum_v x_{i+u,\, j+v}\; w_{uv}.$$
#
# Here is an image of 5 × 5 pixels and a kernel of 3 × 3. The first output, by hand:

# %%
image = np.array([[3, 3, 2, 1, 0],
                  [0, 0, 1, 3, 1],
                  [3, 1, 2, 2, 3],
                  [2, 0, 0, 2, 2],
                  [2, 0, 0, 0, 1]])
kernel = np.array([[0, 1, 2],
                   [2, 2, 0],
                   [0, 1, 2]])

products = image[0:3, 0:3] * kernel
print(products)
print("row by row:", " + ".join(str(row.sum()) for row in products), "=", products.sum())

assert products.sum() == 12

# %% [markdown]
# Then the window moves one pixel to the right, and so on to the end of the row, and then one row down.
#
# > **Predict, then run.** At how many places does a window of 3 × 3 fit into 5 × 5 pixels? And which
# > output will be the largest: top left, in the middle, or on the right?
#
# The formula has two sums, and there is one for each row $i$ and column $j$ of the output. Written down
# word for word, that makes four loops.

# %%
def four_loops(image, kernel):
    """Slide a kernel over an image: (h, w) and (r, c) -> (h - r + 1, w - c + 1)."""
    h, w = image.shape
    r, c = kernel.shape
    out = np.zeros((h - r + 1, w - c + 1), dtype=np.result_type(image, kernel))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for u in range(r):
                for v in range(c):
                    out[i, j] += image[i + u, j + v] * kernel[u, v]
    return out


result = four_loops(image, kernel)
print(result)

assert result.tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]

# %% [markdown]
# Nine places, so nine numbers: 3 × 3. The output is smaller than the image, because a window that hangs
# over the edge would see pixels that do not exist. Lecture 2 is about that edge.
#
# Now every step of it. Play the animation, or go through it one step at a time; the window, the products
# and their running sum are those that the code computes.

# %%
walked = animate.convolution(image, kernel, title="A 3 × 3 kernel slides over 5 × 5")

assert np.array_equal(walked, result)

# %% [markdown]
# ## Correlation and convolution
#
# What you just saw is called **cross-correlation** (or correlation, for short) in mathematics. Its sister,
# **convolution**, turns the kernel by 180 degrees first: the minus signs below make it run backwards, in
# both directions.
#
# $$y_{ij} = \sum_u \sum_v x_{i-u,\, j-v}\; w_{uv}$$
#
# SciPy has both, `correlate2d` and `convolve2d`. Keras has a layer named `Conv2D`. To see what each of
# them really does, take the simplest picture that there is, one white pixel on black, and a kernel
# that looks different from every side.
#
# > **Predict, then run.** There is a single 1 in the image, so each output is one weight of the kernel,
# > copied. Will the nine weights appear in their own order, or turned? Say it for all three.

# %%
dot = np.zeros((5, 5), dtype="float32")
dot[2, 2] = 1
asymmetric = np.arange(1, 10, dtype="float32").reshape(3, 3)

conv = layers.Conv2D(filters=1, kernel_size=3, use_bias=False)
conv.build((None, 5, 5, 1))
conv.set_weights([asymmetric[:, :, None, None]])     # (rows, columns, channels, filters)

answers = {
    "SciPy correlate2d": signal.correlate2d(dot, asymmetric, mode="valid"),
    "SciPy convolve2d": signal.convolve2d(dot, asymmetric, mode="valid"),
    "Keras Conv2D": ops.convert_to_numpy(conv(dot[None, :, :, None]))[0, :, :, 0],
}

# %%
fig, axes = plt.subplots(1, 5, figsize=(9.0, 2.3), layout="constrained",
                         width_ratios=[5, 3, 3, 3, 3])
for ax, (name, grid) in zip(axes, {"image": dot, "kernel": asymmetric, **answers}.items(),
                            strict=True):
    ax.imshow(grid, vmin=0, vmax=9 if len(grid) == 3 else 1, cmap="cividis")
    for (row, column), value in np.ndenumerate(grid):
        bright = value > 0.5 * ax.images[0].norm.vmax
        ax.text(column, row, f"{value:.0f}", ha="center", va="center",
                color="black" if bright else "white")
    ax.set(xticks=[], yticks=[], title=name)
    ax.grid(False)
    ax.set_frame_on(False)
fig.suptitle("One white pixel shows what becomes of the kernel")
told = "; ".join(f"{name}: {grid.astype(int).tolist()}" for name, grid in answers.items())
plots.show(fig, alt="An image with a single 1 in its middle, a kernel with the numbers "
                    f"1 to 9, and three outputs. {told}.")

# %%
turned = asymmetric[::-1, ::-1]
assert np.array_equal(answers["SciPy correlate2d"], turned)
assert np.array_equal(answers["SciPy convolve2d"], asymmetric)
assert np.allclose(answers["Keras Conv2D"], turned)      # the layer does not flip
assert np.array_equal(signal.convolve2d(image, kernel, mode="valid"),
                      signal.correlate2d(image, kernel[::-1, ::-1], mode="valid"))
print("Conv2D computes a correlation: like correlate2d, unlike convolve2d")

# %% [markdown]
# Convolution answers a dot with the kernel itself. That is why signal processing defines it that way: the
# kernel is the *response to an impulse*. And it makes the algebra simple: kernels may change places,
# $a * b = b * a$. Under correlation they may not: the result comes out turned.

# %%
a, b = asymmetric, np.array([[1, 0, 2], [0, 3, 0], [0, 0, 1]], dtype="float32")
for combine in (signal.convolve2d, signal.correlate2d):
    same = np.array_equal(combine(a, b), combine(b, a))
    print(f"{combine.__name__:12s} a with b equals b with a: {same}")

assert np.array_equal(signal.convolve2d(a, b), signal.convolve2d(b, a))
assert not np.array_equal(signal.correlate2d(a, b), signal.correlate2d(b, a))

# %% [markdown]
# This is a statement about two *kernels*. Filtering a picture with two kernels one after the other gives the
# same in either order, with correlation as with convolution, and in both cases the two are one filter,
# whose kernel is the convolution of the two.

# %%
dots = np.random.default_rng(0).integers(0, 9, (12, 12)).astype("float32")
first, second = asymmetric, b
one_way = signal.correlate2d(signal.correlate2d(dots, first), second)
other_way = signal.correlate2d(signal.correlate2d(dots, second), first)
at_once = signal.correlate2d(dots, signal.convolve2d(first, second))
print("two correlations of a picture, in either order:",
      np.array_equal(one_way, other_way), "- and as one:",
      np.array_equal(one_way, at_once))

# %% [markdown]
# A network does not care. Its weights are *learned*, and if a layer turned them first, training would
# simply find them turned. So the libraries leave the flip out and keep the name. From here on
# "convolution" means what `Conv2D` does, as everywhere in deep learning (Goodfellow et al., 2016, section
# 9.1, say so too). Keep the flip in mind for two occasions: when you compare with SciPy's `convolve2d`,
# and when you read a book on signal processing.
#
# One case where you cannot tell: a kernel that does not change when turned by 180 degrees. Most of the
# classical ones are like that.

# %% [markdown]
# ## Nine numbers, many pictures
#
# Time for a photograph: a part of scikit-image's `camera`, as grey values from 0 (black) to 1 (white).

# %%
photo = photographs.camera()[60:252, 200:392].astype("float32") / 255
print("photo:", photo.shape, photo.dtype, f"from {photo.min():.2f} to {photo.max():.2f}")


def apply(kernel, picture=photo):
    """The kernel at every place where it fits: SciPy's version of `four_loops`."""
    kernel = np.asarray(kernel, dtype=picture.dtype)
    return signal.correlate2d(picture, kernel, mode="valid")


corner = photo[:12, :12]
assert np.allclose(apply(kernel, corner), four_loops(corner, kernel), rtol=1e-5)

# %% [markdown]
# Four kernels to begin with.
#
# - **Identity**: a 1 in the middle.
# - **Box blur**: the mean of the window, 1/9 each.
# - **Gaussian blur**: a mean that trusts the middle most; the weights are the products of (1, 2, 1) with
#   itself, divided by 16.
# - **Sharpen**: 5 in the middle, −1 on its four sides.
#
# > **Predict, then run.** Add up the nine weights of each. What would the output be on a wall of one even
# > grey?

# %%
identity = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
box = np.full((3, 3), 1 / 9)
gaussian = np.outer([1, 2, 1], [1, 2, 1]) / 16
sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
smooth = {"identity": identity, "box blur": box, "Gaussian blur": gaussian,
          "sharpen": sharpen}

wall = np.full((7, 7), 0.4)
for name, weights in smooth.items():
    after = apply(weights, wall)
    print(f"{name:14s} sum {weights.sum():.2f}   a wall of 0.4 becomes {after[0, 0]:.2f}")
    assert np.allclose(weights.sum(), 1) and np.allclose(after, 0.4)

# %% [markdown]
# All four add up to 1, and leave the wall as it was. On an even ground of grey $g$ every product is $g$
# times a weight, so the output is $g$ times the **sum of the kernel**. Sum 1: the brightness stays. Sum 2:
# twice as bright. Sum 0: black, whatever the grey. Here they are at work.

# %%
fig, axes = plt.subplots(2, len(smooth), figsize=(9.2, 3.9), height_ratios=[1, 2.3],
                         layout="constrained")
for (above, below), (name, weights) in zip(axes.T, smooth.items(), strict=True):
    above.imshow(np.sign(weights), vmin=-1.6, vmax=1.6, cmap="PuOr")
    for (row, column), value in np.ndenumerate(weights):
        above.text(column, row, Fraction(value).limit_denominator(16), fontsize=9,
                   ha="center", va="center")
    above.set_title(name)
    below.imshow(apply(weights), vmin=0, vmax=1)
    for ax in (above, below):
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.set_frame_on(False)
fig.suptitle("Four kernels whose weights add up to 1")
plots.show(fig, alt=(
    "Four kernels of 3 by 3 weights, each above the same photograph of a man behind a "
    "film camera after filtering: unchanged, slightly blurred twice, and crisper."))

# %%
cut = {}
for name, weights in smooth.items():
    out = apply(weights)
    cut[name] = np.mean((out < -1e-6) | (out > 1 + 1e-6))
    print(f"{name:14s} from {out.min():5.2f} to {out.max():.2f}, "
          f"{cut[name]:.1%} outside 0..1 and cut off for the screen")

assert cut["sharpen"] > 0 == cut["identity"] == cut["box blur"] == cut["Gaussian blur"]

# %% [markdown]
# A blur cannot leave the range: it is a weighted mean with positive weights, so the result lies between
# the darkest and the brightest pixel of the window. Sharpening can, and does: beside an edge it
# overshoots, below black on the dark side and above white on the bright one. The print-out says how many
# pixels were cut off for the screen.
#
# Why does "5 and four times −1" sharpen? Because it is a picture plus *its own details*. Let `cross` be
# the mean of the four neighbours. What the mean takes away, $\text{photo} - \text{mean}$, is the detail;
# add it four times.

# %%
cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / 4
assert np.allclose(sharpen, identity + 4 * (identity - cross))
difference = apply(sharpen) - (apply(identity) + 4 * (apply(identity) - apply(cross)))
print(f"from pictures instead of kernels: off by {np.abs(difference).max():.1e}")

assert np.abs(difference).max() < 1e-5

# %% [markdown]
# Note what was used there: you may add and subtract *kernels* instead of pictures. We come back to it.
#
# > **Predict, then run.** The kernel below has a single 1, to the right of the middle. Does the picture
# > move to the left or to the right?

# %%
pull = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 0]])
print("one row of pixels:", [0, 0, 5, 0, 0, 0], " ->",
      apply(pull, np.array([[0] * 6, [0, 0, 5, 0, 0, 0], [0] * 6]))[0].tolist())

assert np.array_equal(apply(pull), photo[1:-1, 2:])  # column j shows what was at j + 1

# %% [markdown]
# To the **left**: every output fetches its right neighbour. (Do not be misled by the output's being two
# columns shorter: its first entry stands where the image had its second.) A convolution with the flip
# would have moved it to the right.

# %% [markdown]
# ## Edges
#
# A kernel with sum 0 is blind to even ground and sees only change. The best known pair is named after
# Irwin Sobel: one for changes from left to right, one for changes from top to bottom.

# %%
sobel_x = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
sobel_y = sobel_x.T

ramp = np.tile(np.arange(6), (6, 1))                     # brighter by 1 with every column
step = np.tile([0, 0, 0, 1, 1, 1], (6, 1))               # dark, then suddenly bright
for name, picture in {"ramp": ramp, "step": step}.items():
    print(f"{name}: {picture[0].tolist()}  sobel_x {apply(sobel_x, picture)[0].tolist()}"
          f"  sobel_y {apply(sobel_y, picture)[0].tolist()}")

assert sobel_x.sum() == 0
assert (apply(sobel_x, ramp) == 8).all() and (apply(sobel_y, ramp) == 0).all()

# %% [markdown]
# On a ramp that rises by 1 per pixel it says 8: the weights compare pixels that are 2 columns apart, in
# rows that count 1, 2 and 1 times, and $2 \cdot (1 + 2 + 1) = 8$. Divide by 8 and you have the slope in
# grey values per pixel. The 1, 2, 1 is the Gaussian from above: Sobel blurs along the edge, so as not to
# take every speck of noise for one.
#
# Left of the step is dark and right of it is bright: positive. The other way round it is negative. Half of
# all edges are negative! How do you *show* that?
#
# > **Predict, then run.** Below, the same output of `sobel_x` in four ways. The first converts it to
# > `uint8`, the type of pictures, without thinking. What does even ground, an output of 0, look like in
# > each of the four?

# %%
edges = apply(sobel_x)
as_bytes = np.rint(edges * 255).astype(np.int64)
wrapped = (as_bytes % 256).astype(np.uint8)              # what uint8 keeps of it
clipped = np.clip(as_bytes, 0, 255)
reach = np.abs(as_bytes).max()
ways = {f"uint8: {np.mean(as_bytes != wrapped):.0%} wrapped": (wrapped, 0, 255, "gray"),
        f"clipped: {np.mean(as_bytes < 0):.0%} negative, lost": (clipped, 0, 255, "gray"),
        "stretched: which grey is 0?": (as_bytes, as_bytes.min(), as_bytes.max(), "gray"),
        "two colours, 0 is white": (as_bytes, -reach, reach, "PuOr")}

fig, axes = plt.subplots(1, 4, figsize=(9.6, 3.0), layout="constrained")
for ax, (name, (picture, low, high, colours)) in zip(axes, ways.items(), strict=True):
    drawn = ax.imshow(picture, vmin=low, vmax=high, cmap=colours)
    ax.set(xticks=[], yticks=[])
    ax.set_title(name, fontsize=9)
    ax.grid(False)
    ax.set_frame_on(False)
    fig.colorbar(drawn, ax=ax, orientation="horizontal", shrink=0.85, pad=0.03)
fig.suptitle("One output of Sobel, shown in four ways (grey values of 0 to 255)")
plots.show(fig, alt=(
    "The same edge image four times. Converted to bytes it is full of black and white"
    " specks; clipped, it lacks every edge from bright to dark; stretched, the ground"
    " is some grey; in two colours, orange and purple tell the two directions apart."))

# %%
print(f"{np.mean(edges < 0):.1%} of the outputs are negative")
print(f"from {edges.min():.2f} to {edges.max():.2f}, mean {edges.mean():.3f}")

assert edges.min() < 0 < edges.max() and np.abs(edges).max() <= 4   # 4: black to white

# %% [markdown]
# - `uint8` wraps around, as in week 1: the flat ground turns into snow. Never do this.
# - Clipping keeps what is positive. It is *half* of the answer, and the reader cannot tell.
# - Stretching from the smallest to the largest shows everything, but 0 lands on a grey that depends on
#   the picture, so two such figures cannot be compared.
# - Two colours with **the same limit on both sides** and a neutral middle: sign, size and zero can all be
#   read off. Add the colour bar.
#
# (Clipping at 0 will come back in lecture 3 under the name ReLU, and there it is meant.)
#
# Now both directions, and from them the **edge magnitude** $\sqrt{g_x^2 + g_y^2}$, which forgets the
# direction and keeps the strength.

# %%
gx, gy = apply(sobel_x), apply(sobel_y)
magnitude = np.hypot(gx, gy)

fig, axes = plt.subplots(1, 3, figsize=(9.6, 3.7), layout="constrained")
panels = {"Sobel, left to right": (gx, -4, 4, "PuOr"),
          "Sobel, top to bottom": (gy, -4, 4, "PuOr"),
          "edge magnitude": (magnitude, 0, 4, "gray")}
for ax, (name, (picture, low, high, colours)) in zip(axes, panels.items(), strict=True):
    drawn = ax.imshow(picture, vmin=low, vmax=high, cmap=colours)
    ax.set(xticks=[], yticks=[], title=name)
    ax.grid(False)
    ax.set_frame_on(False)
    fig.colorbar(drawn, ax=ax, orientation="horizontal", shrink=0.85, pad=0.03)
plots.show(fig, alt=(
    "Three edge images of the photograph. The first shows upright edges such as the "
    "bar under the camera, the second level ones such as the camera's top, each in "
    "orange or purple by direction; the third shows all outlines bright on black."))

# %% [markdown]
# The bright bar under the film camera stands out in the first and is missing from the second; with the
# camera's top it is the other way round. The slanted collar is in both. Is the magnitude really blind to
# direction? Turn the photograph by 90 degrees and see.

# %%
def edge_magnitude(picture):
    return np.hypot(apply(sobel_x, picture), apply(sobel_y, picture))


off = np.abs(edge_magnitude(np.rot90(photo)) - np.rot90(edge_magnitude(photo))).max()
print(f"turned, then filtered = filtered, then turned: off by {off:.1e}")

assert off < 1e-5

# %% [markdown]
# ## What all filters have in common
#
# Two properties, and between them they *define* this family.
#
# **Linear**: filtering a mixture of two pictures gives the same mixture of the two results,
# $f(\alpha x + \beta z) = \alpha f(x) + \beta f(z)$.
#
# **Shift-equivariant**: if the picture moves, the result moves along, and nothing else changes. The same
# weights are used everywhere, so no place is special.
#
# A claim like this is best tested next to operations that break it. Four candidates: our blur; the
# *largest* value of each window; the edge magnitude; and a picture that gets darker towards the right, as
# under a bad lens.
#
# > **Predict, then run.** Which of the four are linear? Which are shift-equivariant?

# %%
shade = np.linspace(1, 0.3, photo.shape[1], dtype="float32")
candidates = {
    "Gaussian blur": lambda x: apply(gaussian, x),
    "largest of 3 × 3": lambda x: sliding_window_view(x, (3, 3)).max(axis=(2, 3)),
    "edge magnitude": edge_magnitude,
    "darker to the right": lambda x: x * shade,
}
other = photo[::-1].copy()                               # a second picture: upside down
by = 7                                                   # pixels to the right

verdict = {}
for name, f in candidates.items():
    mixed = f(0.7 * photo - 0.3 * other) - (0.7 * f(photo) - 0.3 * f(other))
    moved = f(np.roll(photo, by, axis=1))[:, by:] - f(photo)[:, :-by]   # without the seam
    verdict[name] = (np.abs(mixed).max(), np.abs(moved).max())
    print(f"{name:20s} linear: off by {verdict[name][0]:.1e}, "
          f"moves along: off by {verdict[name][1]:.1e}")

# %%
exact = {name: (mixed < 1e-5, moved < 1e-5) for name, (mixed, moved) in verdict.items()}
assert exact == {"Gaussian blur": (True, True), "largest of 3 × 3": (False, True),
                 "edge magnitude": (False, True), "darker to the right": (True, False)}
print("linear and equivariant:", [name for name, both in exact.items() if all(both)])

# %% [markdown]
# Linear and equivariant at once is the blur alone, and the converse holds as well: *every* operation with
# both properties that looks only at a window is a correlation with some kernel. (Why? By linearity it is
# enough to know what becomes of a single white pixel; by equivariance, of one of them. That answer *is*
# the kernel, turned.) Equivariance is what we want from the layers of a network: a cat's ear is an ear
# wherever it is. Linearity we shall have to break on purpose, with activations, in lecture 3: a stack of
# linear filters is just one larger filter.

# %% [markdown]
# ## `conv2d`, faster and faster
#
# `four_loops` is right, and slow. A layer in a network has dozens of kernels, so give every version a
# **bank** of them: an array (rows, columns, $n$), and an output (height, width, $n$). Our task: a piece of
# the photograph and eight random kernels of 5 × 5.

# %%
rng = np.random.default_rng(0)
piece = photo[:budget.choose(ci=64, cpu=96), :budget.choose(ci=64, cpu=96)]
bank = rng.normal(size=(5, 5, 8)).astype("float32")
print(f"{piece.shape} pixels, {bank.shape[2]} kernels of {bank.shape[:2]}")


def one_at_a_time(function, image, bank):
    """Call `function(image, kernel)` for each kernel, and stack the results."""
    results = [function(image, bank[:, :, f]) for f in range(bank.shape[2])]
    return np.stack(results, axis=-1)

# %% [markdown]
# **Two loops.** NumPy can multiply a whole window by the kernel and add it up, so the two inner loops
# go. But there is another choice: keep the two *inner* loops, over the weights, and let NumPy do the
# outer ones. Each weight multiplies a whole picture, shifted to its place.

# %%
def loop_over_places(image, kernel):
    """Two loops over the output; the window is one product."""
    r, c = kernel.shape
    out = np.empty((image.shape[0] - r + 1, image.shape[1] - c + 1), dtype=image.dtype)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = (image[i:i + r, j:j + c] * kernel).sum()
    return out


def loop_over_weights(image, kernel):
    """Two loops over the kernel; the whole output gets one weight's share."""
    r, c = kernel.shape
    h, w = image.shape[0] - r + 1, image.shape[1] - c + 1
    out = np.zeros((h, w), dtype=image.dtype)
    for u in range(r):
        for v in range(c):
            out += image[u:u + h, v:v + w] * kernel[u, v]
    return out

# %% [markdown]
# **No loop.** Week 1 ended with one matrix product, and so does this. If every window were a *row* of
# a matrix, with its 25 pixels side by side, and every kernel a *column*, then their product would hold
# all outputs of all kernels. `sliding_window_view` gives the windows:

# %%
windows = sliding_window_view(piece, (5, 5))
print("view:  ", windows.shape, "shares the memory:", np.shares_memory(windows, piece))
print("strides in bytes:", windows.strides)

rows = windows.reshape(-1, 25)
print("matrix:", rows.shape, "shares the memory:", np.shares_memory(rows, piece))
print(f"it takes {rows.nbytes / piece.nbytes:.1f} times as much memory as the image")

assert np.shares_memory(windows, piece) and not np.shares_memory(rows, piece)

# %% [markdown]
# The view costs nothing. It is the same memory with cleverly chosen **strides**: a step to the next window
# is as long as a step to the next pixel, so the windows overlap. Only `reshape` has to copy, because rows
# of a matrix cannot overlap: nearly 25 times the image. That is the price of this method, known as
# **im2col** (image to columns; Chellapilla et al., 2006).

# %%
def matrix_product(image, bank):
    """All windows times all kernels: (h, w), (r, c, n) -> (h - r + 1, w - c + 1, n)."""
    r, c, n = bank.shape
    windows = sliding_window_view(image, (r, c))         # (h', w', r, c), a view
    rows = windows.reshape(-1, r * c)                    # (h' * w', r * c), a copy
    return (rows @ bank.reshape(r * c, n)).reshape(*windows.shape[:2], n)


def keras_conv(image, bank):
    """The same by Keras, which wants axes for samples and channels: one of each."""
    with keras.device("cpu"):
        out = ops.conv(image[None, :, :, None], bank[:, :, None, :])
        return ops.convert_to_numpy(out)[0]


def scipy_one(image, kernel):
    return signal.correlate2d(image, kernel, mode="valid")

# %% [markdown]
# > **Predict, then run.** Rank the six by time. Where will `loop_over_places` land: near the four loops,
# > or near the matrix product?
#
# What is timed: processor time, added up over all threads, so that nobody wins by using more cores;
# the best of several runs; NumPy's matrix product on one thread; Keras on the processor, without
# compiling, and including the way there and back. Before any clock starts: all results must be equal.

# %%
def separately(function):
    return lambda image, bank: one_at_a_time(function, image, bank)


methods = {
    "four loops": separately(four_loops),
    "two loops over places": separately(loop_over_places),
    "two loops over weights": separately(loop_over_weights),
    "one matrix product": matrix_product,
    "SciPy correlate2d": separately(scipy_one),
    "Keras ops.conv": keras_conv,
}
truth = methods["four loops"](piece.astype("float64"), bank.astype("float64"))
for method in methods.values():
    np.testing.assert_allclose(method(piece, bank), truth, atol=1e-4)
print(f"all {len(methods)} agree on {truth.size:,} outputs to 0.0001")

# %%
def seconds(method, image, bank, repeats):
    """Best processor time of several runs, over all threads."""
    best = float("inf")
    with threadpool_limits(1):
        method(image, bank)                              # the first call has to prepare
        for _ in range(repeats):
            start = time.process_time()
            method(image, bank)
            best = min(best, time.process_time() - start)
    return best


cost = {name: seconds(method, piece, bank, repeats=2 if number < 2 else 9)
        for number, (name, method) in enumerate(methods.items())}
for name, value in cost.items():
    gain = cost["four loops"] / value
    print(f"{name:24s} {value * 1000:9.3f} ms, {gain:6.0f} times as fast as four loops")

# %%
plots.bars({name: value * 1000 for name, value in cost.items()}, log=True,
           xlabel="processor time in ms (logarithmic)",
           title=f"Eight kernels of 5 × 5 on {piece.shape[0]} × {piece.shape[1]} pixels")

# %% [markdown]
# Your times differ from ours. What stays:
#
# - **Which loops you remove matters more than how many.** Over places, Python still calls NumPy once for
#   each output, and on 25 numbers the call costs more than the arithmetic. Over weights there are only 25
#   calls for each kernel, and each of them has a whole picture to chew on.
# - The matrix product is the fastest of ours. It does the same multiplications, but NumPy hands them to
#   the most polished routine there is, and all kernels share one pass over the windows.
# - Keras pays a fixed price for each call (checking, choosing an algorithm, wrapping the result), which on
#   so small an image is most of the bill.
#
# If that is right, then Keras should catch up on larger images. See whether it does.
#
# > **Predict, then run.** From one size to the next the image has four times as many pixels. By which
# > factor does the time of the matrix product grow, and by which the time of Keras at the small end?

# %%
sizes = [32, 64, 128, 256, 512]
scene = photographs.camera().astype("float32") / 255
growing = {}
for name in list(methods)[2:]:                        # the first two would take too long
    growing[name] = [seconds(methods[name], np.ascontiguousarray(scene[:s, :s]), bank,
                             repeats=7 if s < 256 else budget.choose(ci=3, cpu=7)) * 1000
                     for s in sizes]

plots.curves(sizes, growing, log_x=True, log_y=True, xlabel="height and width in pixels",
             ylabel="processor time in ms",
             title="The same eight kernels on larger images")

# %%
for name, times in growing.items():
    factors = np.divide(times[1:], times[:-1])
    print(f"{name:24s} grows by factors of", ", ".join(f"{x:.1f}" for x in factors))

# %% [markdown]
# The matrix product and SciPy grow with the number of pixels. Keras starts flat, where its fixed price is
# nearly all, and climbs later; so do the loops over weights, whose fixed price is hundreds of calls to
# NumPy. Where Keras overtakes, its library also profits from working through the image in blocks instead
# of writing down the whole matrix first. A network sends batches of images through many kernels at once:
# the right-hand side of this figure is where it lives.

# %% [markdown]
# ## Where kernels come from
#
# Sobel thought his up. But look at the matrix again: `rows @ kernel = output` is a system of linear
# equations. If you know the picture *before* and *after*, then the nine weights are the unknowns, and
# least squares finds them. Nobody needs to tell you what was done to the picture.
#
# > **Predict, then run.** We fit a kernel to the output of `correlate2d` and another one to the output of
# > `convolve2d`, both made with the same asymmetric weights. What does each fit find?

# %%
before = sliding_window_view(photo, (3, 3)).reshape(-1, 9)
for function, expected in ((signal.correlate2d, asymmetric), (signal.convolve2d, turned)):
    after = function(photo, asymmetric, mode="valid")
    fitted, *_ = np.linalg.lstsq(before, after.ravel(), rcond=None)
    print(f"from the output of {function.__name__}:", np.round(fitted, 2).tolist())
    np.testing.assert_allclose(fitted.reshape(3, 3), expected, atol=0.05)

# %% [markdown]
# The first finds 1 to 9, the second finds them turned: as promised, learning absorbs the flip. And this
# is the idea of a convolutional layer in one line: *show examples, and let the weights be fitted*. A
# network has no picture "after", only labels, and many layers between; so it needs gradients instead of
# one call to `lstsq`. That is week 3.

# %% tags=["remove-cell"]
from helpers.record import record

corner = piece[:12, :12]
record(
    worked_result=result,
    animated_result=walked,
    answers_to_a_dot=answers,
    two_filters_in_a_row=[
        float(np.abs(one_way - other).max()) for other in (other_way, at_once)],
    weights_fitted_to_convolution=fitted,
    sobel_of_ramp=apply(sobel_x, ramp)[0],
    smooth_kernels=smooth,
    wall_becomes={name: apply(weights, wall)
                  for name, weights in smooth.items()},
    deviations={name: {"linear": mixed, "equivariant": moved}
                for name, (mixed, moved) in verdict.items()},
    linear_and_equivariant=[name for name, both in exact.items() if all(both)],
    difference_from_loops={
        name: np.abs(method(corner, bank) - truth[:8, :8]).max()
        for name, method in methods.items()},
    processor_seconds=cost,
)

# %% [markdown]
# ## Self-test
#
# **1.** A kernel of 3 × 3 has a 1 in the top left corner and zeros elsewhere. `Conv2D` applies it. Where
# does the picture move?
#
# (a) up and to the left; (b) down and to the right; (c) nowhere
#
# <details><summary>Answer</summary>
#
# **(b).** Each output fetches the pixel above and to the left of it, so what was there appears further
# down and further right. (a) would be right for a convolution with the flip, which turns the 1 into the
# bottom right corner. (c) needs the 1 in the middle.
# </details>
#
# **2.** All weights of a kernel are doubled. What happens to the output?
#
# (a) it is twice as large everywhere; (b) edges double, even ground stays; (c) that depends on the image
#
# <details><summary>Answer</summary>
#
# **(a).** Every product doubles, so every sum does. (b) would need a kernel whose sum stays at 1, such as
# a stronger sharpening. (c): the *values* depend on the image, the factor does not. That is linearity.
# </details>
#
# **3.** For which of these kernels do `correlate2d` and `convolve2d` give different results?
#
# (a) the box blur; (b) Sobel; (c) sharpen
#
# <details><summary>Answer</summary>
#
# **(b).** Turned by 180 degrees, Sobel changes its sign, and so does the output. (a) and (c) look the same
# after the turn. (The edge *magnitude* is the same for both, since the sign is squared away.)
# </details>
#
# **4.** A friend shows Sobel's output as a grey picture: the ground is mid-grey, edges are lighter or
# darker. What must he add?
#
# (a) nothing; (b) a colour bar, with 0 in the middle of the scale; (c) the absolute value
#
# <details><summary>Answer</summary>
#
# **(b).** Without it nobody knows which grey means 0, and stretching from smallest to largest puts it
# anywhere. (a) leaves the reader guessing. (c) makes the ground black, but throws the direction away.
# </details>
#
# **5.** An image of 100 × 100, 10 kernels of 7 × 7. How large is the matrix of im2col?
#
# (a) 8836 × 49; (b) 10,000 × 49; (c) 8836 × 490
#
# <details><summary>Answer</summary>
#
# **(a).** A row for each place: $94 \cdot 94 = 8836$, since $100 - 7 + 1 = 94$. A column for each weight of
# the window: 49. (b) counts places where the window hangs over the edge. (c) multiplies by the kernels;
# they are the columns of the *other* matrix, 49 × 10.
# </details>
#
# ## Take-aways
#
# 1. A filter multiplies the pixels under a window by a kernel, adds up, and slides on.
# 2. `Conv2D` computes a cross-correlation; the mathematician's convolution turns the kernel by 180
#    degrees first. Learned weights do not care.
# 3. Read a kernel by its sum (1 keeps the brightness, 0 sees only change) and its signs; show negative
#    outputs in two colours with the same limit on both sides.
# 4. Filters are linear and shift-equivariant, and nothing else is both.
# 5. Fast code moves the loops out of Python: a view of all windows, then one matrix product, paid for
#    in memory.
#
# ## References
#
# - K. Chellapilla, S. Puri, P. Simard. High performance convolutional neural networks for document
#   processing. *Tenth International Workshop on Frontiers in Handwriting Recognition*, 2006.
#   [inria-00112631](https://inria.hal.science/inria-00112631)
# - V. Dumoulin, F. Visin. A guide to convolution arithmetic for deep learning, 2016.
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285)
# - I. Goodfellow, Y. Bengio, A. Courville. *Deep Learning*. MIT Press, 2016. Section 9.1.
#   [deeplearningbook.org](https://www.deeplearningbook.org/contents/convnets.html)
# - C. R. Harris et al. Array programming with NumPy. *Nature* 585:357-362, 2020.
#   [doi:10.1038/s41586-020-2649-2](https://doi.org/10.1038/s41586-020-2649-2)
# - P. Virtanen et al. SciPy 1.0: fundamental algorithms for scientific computing in Python. *Nature
#   Methods* 17:261-272, 2020. [doi:10.1038/s41592-019-0686-2](https://doi.org/10.1038/s41592-019-0686-2)
# - S. van der Walt et al. scikit-image: image processing in Python. *PeerJ* 2:e453, 2014.
#   [doi:10.7717/peerj.453](https://doi.org/10.7717/peerj.453)
#
# The photograph of the man with the camera (by Lav Varshney) comes with scikit-image, free of copyright
# restrictions.
