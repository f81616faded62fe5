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
# # Nearest neighbours
#
# How would you label a picture if you had never been taught what a cat is, but had a drawer with thousands of
# labelled pictures? You would look for the one that is most like it, and copy its label. That is the whole
# method. It is our first classifier, and the one that every later model has to beat.
#
# **After this lecture you can**
#
# - compute the L1 and the L2 distance of two images by hand, and avoid the trap that `uint8` sets;
# - write the distances between all test and all training images in three ways, and say what each costs in
#   time and memory;
# - classify by the vote of the $k$ nearest neighbours, break ties, and measure the accuracy honestly.
#
# **You need** lecture 1 (images as arrays) and NumPy's broadcasting.
#
# **Time** about 35 minutes to read. **Cost** less than half a minute on two cores with the small budget,
# one or two minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import time
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np
from skimage import data as photographs
from skimage import transform
from sklearn.metrics import pairwise_distances
from threadpoolctl import threadpool_limits

from helpers import budget, data, knn, plots

budget.describe()
cifar = data.load("cifar10")
print(cifar)

# %% [markdown]
# ## A distance, by hand
#
# "Most like" needs a number. The simplest one: go through the pixels, take the absolute difference of
# each pair, and add them up. This is the **L1** or Manhattan distance
#
# $$d_1(a, b) = \sum_i |a_i - b_i|.$$
#
# Here are two tiny grey images of 4 × 4 pixels. One is to be classified (*test*), one is in the drawer
# (*train*).

# %%
test = np.array([[56, 32, 10, 18], [90, 23, 128, 133], [24, 26, 178, 200], [2, 0, 255, 220]], dtype=np.uint8)
train = np.array([[10, 20, 24, 17], [8, 10, 89, 100], [12, 16, 178, 170], [4, 32, 233, 112]], dtype=np.uint8)

difference = np.abs(test.astype(int) - train.astype(int))
l1 = int(difference.sum())
print("row by row:", " + ".join(str(row.sum()) for row in difference), "=", l1)

assert l1 == 456

# %%
def number_grids(grids, signs, alt, title=None):
    """Draw small arrays side by side with a sign between them, each number on its shade of grey."""
    widths = [array.shape[1] for _, array in grids]
    fig, axes = plt.subplots(1, len(grids), width_ratios=widths, layout="constrained",
                             figsize=(0.62 * sum(widths) + 0.5 * len(grids), 0.62 * len(grids[0][1]) + 0.8))
    fig.get_layout_engine().set(wspace=0.12)
    for ax, (name, array) in zip(axes, grids, strict=True):
        ax.imshow(array, vmin=min(0, array.min()), vmax=max(255 if array.max() > 40 else 40, array.max()))
        for (row, column), value in np.ndenumerate(array):
            bright = value > 0.5 * ax.images[0].norm.vmax
            ax.text(column, row, f"{value}", ha="center", va="center", color="black" if bright else "white")
        ax.set(xticks=[], yticks=[], title=name)
        ax.grid(False)
        ax.spines[:].set_visible(False)
    for ax, sign in zip(axes[1:], signs, strict=True):
        ax.set_ylabel(sign, rotation=0, fontsize=16, ha="center", va="center", labelpad=14)
    if title:
        fig.suptitle(title)
    plots.show(fig, alt)


number_grids([("test", test), ("train", train), ("|test − train|", difference)], ["−", "="],
             title=f"L1 distance: the right grid adds up to {l1}",
             alt=f"Three 4 by 4 grids of numbers: the test image, the training image, and the absolute "
                 f"differences {difference.tolist()}, which add up to {l1}.")

# %% [markdown]
# Follow one pixel with your finger: top right, $|18 - 17| = 1$. All sixteen add up to **456**.
#
# Why the two `astype(int)`? They look like pedantry.
#
# > **Predict, then run.** The third pixel is $10 - 24$. What is that in `uint8`, a type that has no negative
# > numbers? Will the sum come out too small, too large, or right (there is an `abs` around it, after all)?

# %%
wrapped = np.abs(test - train)                          # looks innocent
print("10 - 24 in uint8:", wrapped[0, 2])
print("sum:", wrapped.sum(dtype=int), "instead of", l1)
print("wrong pixels:", int((wrapped != difference).sum()), "of", difference.size)

assert wrapped[0, 2] == (10 - 24) % 256 == 242
assert wrapped.sum(dtype=int) != l1

# %% [markdown]
# `uint8` counts like the odometer of a car: below 0 it continues with 255. The `abs` comes too late,
# there is nothing negative left to repair. No warning, no error; a classifier built on this still runs
# and is simply bad. Squares do not save you either: $46^2 = 2116$ does not fit into eight bits. **Convert
# first, subtract then.**

# %%
print("46 ** 2 in uint8:", np.array([46], dtype=np.uint8) ** 2, "  in float32:", np.float32(46) ** 2)

# %% [markdown]
# ## L1 and L2
#
# The other common choice squares the differences, adds them up and takes the root: the **L2** or Euclidean
# distance, the one you would measure with a ruler,
#
# $$d_2(a, b) = \sqrt{\sum_i (a_i - b_i)^2}.$$

# %%
l2 = np.sqrt((difference ** 2).sum())
print(f"L1 = {l1}, L2 = {l2:.2f}")

# %% [markdown]
# What is the difference in *character*? Compare one large difference with many small ones.
#
# > **Predict, then run.** Image A differs from the original in one pixel, by 100. Image B differs in a
# > hundred pixels, by 1 each. Which is closer in L1, which in L2?

# %%
one_large = np.zeros(100)
one_large[0] = 100
many_small = np.ones(100)
for name, v in {"one large": one_large, "many small": many_small}.items():
    print(f"{name:11s} L1 = {np.abs(v).sum():5.0f}   L2 = {np.sqrt((v ** 2).sum()):5.0f}")

assert np.abs(one_large).sum() == np.abs(many_small).sum()
assert np.linalg.norm(one_large) == 10 * np.linalg.norm(many_small)

# %% [markdown]
# L1 cannot tell them apart; for L2 the single large one is ten times as far. Squaring makes large
# differences count more. Which of the two is better for images is a question for data, not for taste, and
# we shall ask it below.

# %% [markdown]
# ## Three images at the same distance
#
# Before trusting a distance, find out what it ignores. Take one picture and spoil it in three ways:
# **move** it sideways, lay a blue **tint** over it, **occlude** a part with a black square. Each way has
# a strength, and we choose the strengths so that all three results are *equally far* from the original.

# %%
cat = transform.resize(photographs.cat()[:300, 90:390], (64, 64), anti_aliasing=True)      # float, 0..1


def moved(pixels):
    return transform.warp(cat, transform.AffineTransform(translation=(pixels, 0)), mode="reflect")


def tinted(amount):
    return (1 - amount) * cat + amount * np.array([0.1, 0.3, 1.0])


def occluded(side):
    """A black square over one eye; pixels at its edge are covered in part, so `side` can be any number."""
    down = np.clip(side / 2 + 0.5 - np.abs(np.arange(64) - 24), 0, 1)
    across = np.clip(side / 2 + 0.5 - np.abs(np.arange(64) - 18), 0, 1)
    return cat * (1 - down[:, None] * across)[..., None]


def away(picture):
    return float(np.linalg.norm(picture - cat))

# %% [markdown]
# How strong must the tint be? We know its effect at strength 0 (none) and at 1 (too much), so the answer
# lies between. Try the middle; keep the half that contains it; repeat. This is **bisection**: thirty
# steps shrink the interval by a factor of a billion.

# %%
def strength(change, target, high, steps=30):
    """The strength in 0..high at which `change(strength)` is `target` away from the cat."""
    low = 0.0
    if away(change(high)) < target:
        raise ValueError(f"even strength {high} stays below the distance {target:.2f}: raise `high`")
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if away(change(middle)) < target else (low, middle)
    return (low + high) / 2


target = away(moved(5))                                    # moved by five pixels: the others have to match it
tint, side = strength(tinted, target, high=1.0), strength(occluded, target, high=60.0)
print(f"target {target:.3f}: tint {tint:.3f}, square of {side:.2f} pixels")

# %% [markdown]
# > **Predict, then run.** The cat moved by five pixels of 64 is still obviously the same cat. How badly
# > may we paint over it before L2 notices as much?

# %%
trio = {"moved": moved(5), "tinted": tinted(tint), "occluded": occluded(side)}
distances = np.array([away(picture) for picture in trio.values()])
names = [f"{name}\nL2 distance {x:.2f}" for name, x in zip(trio, distances, strict=True)]
plots.image_grid([cat, *trio.values()], columns=4, scale=1.8, titles=["original", *names],
                 title="Three pictures, one distance",
                 alt=f"A cat's face and three changed copies, each {target:.2f} away from it: moved a "
                     f"little to the side, under a blue tint, and with a black square over one eye.")

disagreement = np.ptp(distances) / distances.mean()
print(f"the three distances agree to {disagreement:.1e}")
assert disagreement < 1e-3

# %% [markdown]
# To L2 these three are *the same*: it would hand them the same label without blinking. And among themselves?

# %%
for a, b in [("moved", "tinted"), ("moved", "occluded"), ("tinted", "occluded")]:
    print(f"{a} to {b}: {np.linalg.norm(trio[a] - trio[b]):.2f}")
    assert np.linalg.norm(trio[a] - trio[b]) > target      # farther from each other than from the original

# %% [markdown]
# They are farther from each other than from the original (Wang and Bovik, 2009, made the same point with
# many more kinds of damage): three points in three directions on one sphere around the cat. A distance
# tells you how far, never in which way. In thousands of dimensions there are very many ways.

# %% [markdown]
# ## The classifier
#
# Enough warnings; let us build it. The method is old and better than it looks: Cover and Hart (1967)
# proved that with an unlimited supply of labelled examples, the single nearest neighbour errs at most
# twice as often as the best classifier that could exist. The catch is "unlimited", as you saw in lecture
# 1: 3072 dimensions are hard to fill. Training is one line: remember everything. For speed we take a part
# of CIFAR-10, flatten each image to a vector (lecture 1) and convert it to `float32`, so that nothing
# wraps around.
#
# We look for neighbours of images from the **validation** part. The test part stays in its envelope until
# every decision is made (lecture 3).

# %%
def vectors(split, n):
    """The first n images as float32 vectors in 0..1, and their labels."""
    n = min(n, len(split))
    return np.asarray(split.images[:n]).reshape(n, -1).astype("float32") / 255, np.asarray(split.labels[:n])


start = time.perf_counter()
X, y = vectors(cifar.train, budget.choose(ci=2000, cpu=10_000))
memorised = time.perf_counter() - start                    # all the "training" that there is
Q, truth = vectors(cifar.validation, budget.choose(ci=250, cpu=1000))
print("drawer:", X.shape, X.dtype, f"{X.nbytes / 1e6:.0f} MB   queries:", Q.shape)

# %%
query = Q[0]
to_all = np.sqrt(((X - query) ** 2).sum(axis=1))           # broadcasting: the query against every row
winner = int(to_all.argmin())
print(f"nearest is number {winner} at distance {to_all[winner]:.2f}")
plots.image_grid([query.reshape(32, 32, 3), X[winner].reshape(32, 32, 3)], columns=2, scale=1.8,
                 titles=[f"query\n{cifar.class_names[truth[0]]}", f"nearest\n{cifar.class_names[y[winner]]}"],
                 title="A query and its nearest neighbour")

# %% [markdown]
# ## All distances at once: two loops
#
# For $q$ queries and $n$ training images we want a table of $q \times n$ distances. The definition,
# written down word for word, has a loop over the queries and one over the training images.

# %%
def two_loops(Q, X):
    """L2 distances, (q, d) and (n, d) -> (q, n)."""
    D = np.empty((len(Q), len(X)), dtype=np.float32)
    for i in range(len(Q)):
        for j in range(len(X)):
            D[i, j] = np.sqrt(((Q[i] - X[j]) ** 2).sum())
    return D

# %% [markdown]
# One loop: take each query against all training images in one go, as above. The temporary array
# `X - Q[i]` is as large as the whole drawer, $n \times d$.

# %%
def one_loop(Q, X):
    """The same table, one row at a time."""
    D = np.empty((len(Q), len(X)), dtype=np.float32)
    for i in range(len(Q)):
        D[i] = np.sqrt(((X - Q[i]) ** 2).sum(axis=1))
    return D

# %% [markdown]
# And no loop at all? Broadcasting can do it: give both arrays a new axis, and subtract everything from
# everything.
#
# > **Predict, then run.** `Q[:, None, :] - X[None, :, :]` has the shape $(q, n, d)$. For the 10,000 test
# > and 50,000 training images of CIFAR-10 in `float32`: how much memory is that?

# %%
def broadcast(Q, X):
    """No loop, but a temporary array of q * n * d numbers."""
    return np.sqrt(((Q[:, None, :] - X[None, :, :]) ** 2).sum(axis=2))


print(f"{10_000 * 50_000 * 3072 * 4 / 1e12:.1f} terabytes")

# %% [markdown]
# That is not the way. There is a better one, and it needs a line of algebra.

# %% [markdown]
# ## No loop: the matrix-product identity
#
# Multiply out the square, $(a - b)^2 = a^2 - 2ab + b^2$, for every pixel and add up:
#
# $$\lVert q - x \rVert^2 = \lVert q \rVert^2 - 2\, q \cdot x + \lVert x \rVert^2.$$
#
# The first term depends on the query alone, the last on the training image alone. Only the middle one
# needs both, and the dot products of all queries with all training images are **one matrix product**,
# $Q X^T$. Try it on two queries and three training images of two pixels each.

# %%
q = np.array([[1, 2], [3, 0]])
x = np.array([[0, 2], [2, 2], [4, 1]])

q2 = (q ** 2).sum(axis=1, keepdims=True)                   # (2, 1): a column
x2 = (x ** 2).sum(axis=1)[None, :]                         # (1, 3): a row
product = q @ x.T                                          # (2, 3): every query with every training image
squared = q2 - 2 * product + x2                            # broadcasting spreads the column and the row
print("by definition:\n", np.array([[((a - b) ** 2).sum() for b in x] for a in q]))

assert (squared == [[((a - b) ** 2).sum() for b in x] for a in q]).all()

# %%
number_grids([("|q|²", np.repeat(q2, 3, axis=1)), ("2 q·x", 2 * product),
              ("|x|²", np.repeat(x2, 2, axis=0)), ("squared distance", squared)], ["−", "+", "="],
             title="Rows: two queries. Columns: three training images.",
             alt=f"Four grids of 2 by 3 numbers. The squared lengths of the queries, {q2.ravel().tolist()}, "
                 f"repeated along the rows, minus twice the dot products {(2 * product).tolist()}, plus the "
                 f"squared lengths of the training images, {x2.ravel().tolist()}, repeated down the columns, "
                 f"gives the squared distances {squared.tolist()}.")

# %% [markdown]
# Check the top left by hand: $(1, 2)$ and $(0, 2)$ are at a squared distance of 1, and indeed
# $5 - 8 + 4 = 1$. The left grid repeats its column, the third one its row; broadcasting does that without
# storing the copies.

# %%
def squared_lengths(A):
    """Sum of squares of each row; unlike (A ** 2).sum(axis=1), einsum does not store the squares first."""
    return np.einsum("ij,ij->i", A, A)


def no_loop(Q, X):
    """The same table by the identity; no temporary array is larger than the table itself."""
    squared = squared_lengths(Q)[:, None] - 2 * (Q @ X.T) + squared_lengths(X)[None, :]
    return np.sqrt(np.maximum(squared, 0))


few, part = Q[:40], X[:500]
expected = two_loops(few, part)
for way in (one_loop, broadcast, no_loop):
    np.testing.assert_allclose(way(few, part), expected, rtol=1e-3)
    print(f"{way.__name__:10s} gives the same {expected.shape} table")

# %% [markdown]
# Why the `np.maximum(..., 0)`? The identity subtracts large, nearly equal numbers, and `float32` carries
# about seven digits. Ask it for the distance of images to *themselves*.

# %%
itself = np.diag(squared_lengths(part)[:, None] - 2 * (part @ part.T) + squared_lengths(part)[None, :])
print(f"squared distance to itself, by the identity: from {itself.min():.1e} to {itself.max():.1e}")
print(f"by the definition: {((part - part) ** 2).sum(axis=1).max():.0f}")
print("typical squared distance to another image:", f"{np.median(expected) ** 2:.0f}")

assert np.abs(itself).max() < 1e-4 * np.median(expected) ** 2

# %% [markdown]
# A squared distance that may come out *below zero*, and the root of that is `nan`. The error is tiny
# beside a real distance, so it does not change the ranking unless two images are nearly identical;
# clipping at 0 is enough.

# %% [markdown]
# ## Time and memory
#
# Four ways, one table, and a library: scikit-learn's `pairwise_distances`. The matrix product would use
# all cores of the processor and the loops only one; to compare the ideas and not the cores, everything
# gets a single core, and we count processor time, which does not tick while other programs have the
# processor.
#
# > **Predict, then run.** Rank the five by time. Then rank them by memory. Is the fastest the hungriest?

# %%
def library(Q, X):
    return pairwise_distances(Q, X)


def measure(function, *arguments, repeats=3):
    """Best processor time in seconds on one core, and the peak of newly allocated memory in bytes."""
    times = []
    with threadpool_limits(1):
        for _ in range(repeats):
            start = time.process_time()
            function(*arguments)
            times.append(time.process_time() - start)
    tracemalloc.start()                                    # slows things down: never together with the clock
    function(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(times), peak


few, part = Q[:50], X[:budget.choose(ci=500, cpu=1000)]
cost = {way.__name__: measure(way, few, part) for way in (two_loops, one_loop, broadcast, no_loop, library)}
for name, (seconds, peak) in cost.items():
    print(f"{name:10s} {seconds * 1000:9.1f} ms {peak / 1e6:9.2f} MB")

assert cost["broadcast"][1] > len(few) * part.nbytes       # at least one array of (q, n, d)
assert cost["no_loop"][1] < cost["one_loop"][1] < cost["broadcast"][1]

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.0), layout="constrained", sharey=True)
for ax, what, values in ((axes[0], "time in ms", [seconds * 1000 for seconds, _ in cost.values()]),
                         (axes[1], "extra memory in MB", [peak / 1e6 for _, peak in cost.values()])):
    ax.barh(range(len(cost)), values, color=plots.COLOURS[0], height=0.65)
    for place, value in enumerate(values):
        ax.annotate(f"{value:.3g}", (value, place), xytext=(4, 0), textcoords="offset points", va="center",
                    fontsize=9)
    ax.set(xscale="log", xlabel=f"{what} (logarithmic)", xlim=(min(values) / 2, max(values) * 5))
    ax.grid(axis="y", visible=False)
axes[0].set_yticks(range(len(cost)), [name.replace("_", " ") for name in cost])
axes[0].invert_yaxis()
fig.suptitle(f"{len(few)} queries against {len(part)} training images of {X.shape[1]} numbers")
listed = "; ".join(f"{name}: {seconds * 1000:.3g} ms and {peak / 1e6:.3g} MB"
                   for name, (seconds, peak) in cost.items())
plots.show(fig, alt=f"Two bar charts on logarithmic axes. {listed}.")

# %% [markdown]
# Your times differ from ours; the ranking rarely does. Three lessons:
#
# - *Fewer loops* is not the point. `broadcast` has no loop either; it pays by building an array of
#   $q \cdot n \cdot d$ numbers, and moving that through memory takes time too.
# - The matrix product wins because it does the multiplications in an order that keeps numbers in the
#   processor's cache (and with more cores it would win by more). It is the most polished piece of
#   numerical software there is. You will meet it again in every layer of a network.
# - The library is no mystery: the same identity, computed in `float64` piece by piece so that less is lost to
#   rounding. That care costs some time and memory.

# %% [markdown]
# ## What a query costs
#
# Training took next to nothing. Where does the bill come? Time the no-loop version for drawers of
# different size $n$ and vectors of different length $d$.
#
# > **Predict, then run.** Twice as many training images: how much longer does a query take? And with a
# > quarter of the pixels?

# %%
sizes = [len(X) // 8, len(X) // 4, len(X) // 2, len(X)]
lengths = [192, 768, 3072]
asking = Q[:100]
per_query = {}
for d in lengths:
    shorter, drawer = np.ascontiguousarray(asking[:, :d]), np.ascontiguousarray(X[:, :d])
    times = [measure(no_loop, shorter, drawer[:n], repeats=9)[0] for n in sizes]
    per_query[f"d = {d}"] = np.array(times) / len(asking) * 1000
plots.curves(sizes, per_query, xlabel="training images n", ylabel="time per query in ms",
             log_x=True, log_y=True, title="The price of a query (measured)")

# %%
rate = len(X) * X.shape[1] / per_query["d = 3072"][-1] * 1000
work = 10_000 * 50_000 * 3072
print(f"memorising {len(X):,} images: {memorised:.3f} s, once")
print(f"one core of this machine: about {rate:.1e} pixel pairs per second")
print(f"all of CIFAR-10 (10,000 queries, 50,000 images): {work:.2e} pixel pairs, about {work / rate:.0f} s")

# %% [markdown]
# On logarithmic axes, growth in proportion is a straight line that climbs by a factor of two for every
# factor of two to the right; the three lines lie apart because $d$ does the same. (Measured lines can
# wiggle: small drawers fit into the processor's cache, large ones do not.) So the cost of a query grows
# with $n \cdot d$: one look at every number in the drawer. That is upside down. We would gladly train for
# a week if the answers came at once, and kNN does the opposite: **nothing to train, everything to pay at
# test time**, and the whole training set has to be kept. A network is the other way round.

# %% [markdown]
# ## From one neighbour to a vote
#
# One neighbour is a nervous adviser: a single odd or mislabelled picture decides. So ask the $k$ nearest
# and let them **vote** (kNN). In the plane you can see what it does. The grey diamond wants a label.
#
# > **Predict, then run.** What is its label for $k = 1$, $k = 3$ and $k = 5$?

# %%
points = np.array([[0.5, 0.2], [-0.8, 0.6], [0.4, -1.1], [1.6, 0.8], [-1.3, -1.4], [-2.5, 0.5], [2.3, -1.4]])
colour = np.array([0, 1, 1, 0, 0, 1, 1])
radius = np.linalg.norm(points, axis=1)                    # distance from the query at (0, 0)
order = np.argsort(radius)

fig, ax = plt.subplots(figsize=(5.4, 4.4), layout="constrained")
for label, (name, marker) in enumerate((("circle", "o"), ("triangle", "^"))):
    ax.scatter(*points[colour == label].T, s=110, marker=marker, color=plots.COLOURS[3 * label], label=name,
               zorder=3)
ax.scatter(0, 0, s=110, marker="D", color="#777777", label="query", zorder=3)
for k in (1, 3, 5):
    reach = (radius[order[k - 1]] + radius[order[k]]) / 2  # between the k-th neighbour and the next
    ax.add_patch(plt.Circle((0, 0), reach, fill=False, linestyle="--", edgecolor="#444444"))
    ax.text(0, reach, f"k = {k}", ha="center", va="center", fontsize=9,
            bbox={"facecolor": "#FCFCFA", "edgecolor": "none", "pad": 1})
ax.set(xlim=(-2.9, 2.9), ylim=(-2.5, 2.6), aspect="equal", xlabel="first number", ylabel="second number",
       title="Who is asked for k = 1, 3, 5")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plots.show(fig, alt="A query in the middle of seven points. The nearest is a circle. Among the three nearest "
                    "are two triangles and one circle, among the five nearest three circles and two "
                    "triangles.")

# %%
for k in (1, 2, 3, 4, 5):
    votes = np.bincount(colour[order[:k]], minlength=2)
    print(f"k = {k}: {votes[0]} circles, {votes[1]} triangles", "  <- a tie" if votes[0] == votes[1] else "")

# %% [markdown]
# Circle, triangle, circle: $k$ matters, and no theory tells you which is right. Lecture 3 lets data choose.
#
# An even $k$ can end in a **tie**, and with ten classes so can any $k$ above 2 (three neighbours, three
# classes). A rule is needed, and `argmax` has one that nobody chose: it takes the smallest label, so that
# airplanes win every draw. Ours: among the tied classes, **the one with the nearest member wins**.

# %%
def vote(neighbour_labels, n_classes):
    """Majority of one query's neighbours, listed nearest first; ties go to the tied class met first."""
    counts = np.bincount(neighbour_labels, minlength=n_classes)
    tied = counts == counts.max()
    return next(int(label) for label in neighbour_labels if tied[label])


print("by argmax:", np.bincount([7, 2, 7, 2]).argmax(), "  by our rule:", vote([7, 2, 7, 2], 10))

assert vote([3, 5, 5], 10) == 5                            # a majority
assert vote([7, 2, 7, 2], 10) == 7                         # two and two: 7 has the nearest
assert vote([9, 0, 4], 10) == 9                            # all differ: the nearest decides, as for k = 1

# %% [markdown]
# Now the whole classifier: distances, the $k$ nearest, the vote. From here on we use the course's own
# `helpers.knn`: the same identity and the same rule, but it walks through the table in pieces, so that it
# never runs out of memory. First a check that it agrees with ours.

# %%
k = 7
table = no_loop(Q, X)
by_hand = np.argsort(table, axis=1, kind="stable")[:, :k]
neighbours, how_far = knn.nearest(X, Q, k)
predicted = knn.vote(y[neighbours], n_classes=10)

np.testing.assert_allclose(np.take_along_axis(table, by_hand, axis=1), how_far, rtol=1e-3)
assert [vote(row, 10) for row in y[neighbours]] == predicted.tolist()
print(f"same {k} distances for all {len(Q)} queries, and the same votes")

# %% [markdown]
# Look at some neighbours before counting anything: three queries that were labelled correctly, then three
# that were not. A solid blue frame is a neighbour with the right label, a dashed orange one has the wrong
# label.
#
# > **Predict, then run.** What will a query and its neighbours have in common: the object, or something else?

# %%
good, bad = np.flatnonzero(predicted == truth), np.flatnonzero(predicted != truth)
pictures, titles, frames, told = [], [], [], []
for i in [*good[:3], *bad[:3]]:
    name, theirs = cifar.class_names[truth[i]], y[neighbours[i]]
    pictures += [Q[i], *X[neighbours[i]]]
    titles += [f"query: {name}", *(cifar.class_names[label] for label in theirs)]
    frames += [None, *("right" if label == truth[i] else "wrong" for label in theirs)]
    told += [f"{name}, {(theirs == truth[i]).sum()} of {k} neighbours with the right label"]
plots.image_grid(np.array(pictures).reshape(-1, 32, 32, 3), titles=titles, colours=frames,
                 columns=k + 1, scale=1.05, title=f"Queries (left) and their {k} nearest neighbours",
                 alt="Six rows, each a query and its seven nearest training images: " + "; ".join(told) + ".")

# %% [markdown]
# What they share is the **background** and the layout of light and dark, much more than the object. That
# works when the background goes with the class (ships on water, deer on grass) and fails when it does
# not. Lecture 1 said why.

# %% [markdown]
# ## How good is it?
#
# > **Predict, then run.** Guessing gives 10 %. What accuracy do you expect on the validation images? And
# > what would 1-NN reach on its own *training* images?

# %%
own, _ = knn.nearest(X, X[:200], 1)
print(f"1-NN on images from its own drawer: {(y[own[:, 0]] == y[:200]).mean():.0%}")

assert (y[own[:, 0]] == y[:200]).all()

# %% [markdown]
# A hundred per cent, and worth nothing: each image finds *itself*, at distance 0. A score on data that
# the model has memorised measures memory. Count on images that it has never seen.

# %%
def accuracy(found, k):
    """Share of right answers of the first k neighbours, and the standard error of that share."""
    right = knn.vote(y[found[:, :k]], n_classes=10) == truth
    return right.mean(), np.sqrt(right.mean() * (1 - right.mean()) / len(right))


scores = {"guessing": 0.1}
for metric in ("l1", "l2"):
    found, _ = knn.nearest(X, Q, 7, metric=metric)      # search once: k = 1 is the first of these
    scores |= {f"k = {k}, {metric.upper()}": accuracy(found, k) for k in (1, 7)}
measured = {name: score for name, score in scores.items() if name != "guessing"}
for name, (share, error) in measured.items():
    print(f"{name}: {share:.3f}, standard error {error:.3f}")

assert min(share for share, _ in measured.values()) > 0.15

# %%
plots.bars(scores, xlabel=f"accuracy on {len(Q)} validation images (± one standard error)",
           title=f"kNN on pixels, {len(X):,} training images")

# %% [markdown]
# Far better than guessing, from nothing but memory and subtraction. Read the error bars
# before you rank the four. kNN is deterministic: run it again and you get the same numbers, so there are
# no seeds to average over. But the validation images are a *sample*. With $m$ of them and an accuracy
# $p$, the standard error is $\sqrt{p(1-p)/m}$, and differences smaller than that mean little. Choosing
# $k$ on such a thin basis would be reading tea leaves; how to do it properly is the subject of lecture 3,
# with the whole training set in the drawer.

# %% tags=["remove-cell"]
from helpers.record import record

corner = expected[:8, :100]
record(
    row_differences=difference.sum(axis=1),
    l1=l1,
    l2=l2,
    wrapped_sum=wrapped.sum(dtype=int),
    distances_of_the_trio=distances,
    relative_difference_to_two_loops={
        way.__name__: np.abs(way(Q[:8], X[:100]) / corner - 1).max()
        for way in (one_loop, broadcast, no_loop)},
    pixel_pairs=work,
    queries=len(few),
    training_images=len(part),
    cost={name: {"seconds": seconds, "bytes": peak}
          for name, (seconds, peak) in cost.items()},
)

# %% [markdown]
# ## Self-test
#
# **1.** Two `uint8` images. Which line computes their L1 distance?
#
# (a) `np.abs(a - b).sum()`; (b) `np.abs((a - b).astype(int)).sum()`; (c) `np.abs(a.astype(int) - b).sum()`
#
# <details><summary>Answer</summary>
#
# **(c).** One converted side is enough: NumPy then computes the difference in `int`. (a) wraps around
# below 0. (b) converts *after* the damage is done: 242 becomes a perfectly fine integer 242.
# </details>
#
# **2.** Image B is image A, a little brighter everywhere. Image C is A with one bright scratch. Both are
# at the same L1 distance from A. Which is nearer to A in L2?
#
# (a) B; (b) C; (c) both are equally near
#
# <details><summary>Answer</summary>
#
# **(a).** With the same sum, many small differences have smaller squares than a few large ones. (b) would
# be true if L2 were kinder to outliers than L1; it is the other way round. (c) holds for L1, by
# construction.
# </details>
#
# **3.** 1,000 queries, 50,000 training images, $d = 3072$, `float32`. How large is the largest array in
# `no_loop`, apart from the data?
#
# (a) 0.2 GB; (b) 0.6 GB; (c) 614 GB
#
# <details><summary>Answer</summary>
#
# **(a).** The table: 1,000 · 50,000 · 4 bytes. (b) is the drawer itself, $n \cdot d \cdot 4$, and also the
# temporary array of `one_loop`. (c) is `broadcast`: $q \cdot n \cdot d \cdot 4$.
# </details>
#
# **4.** The neighbours' labels, nearest first, are cat, dog, frog, dog, cat. What does our vote say?
#
# (a) cat; (b) dog; (c) frog
#
# <details><summary>Answer</summary>
#
# **(a).** Two cats, two dogs, one frog: a tie of cat and dog, and a cat is the nearest of those. (b)
# would be right for a rule that takes the class whose *second* vote comes first. (c) has a single vote.
# </details>
#
# **5.** A friend reports 100 % accuracy with 1-NN. What do you ask first?
#
# (a) Which distance? (b) Which $k$? (c) Were the queries in the training set?
#
# <details><summary>Answer</summary>
#
# **(c).** Each image is its own nearest neighbour, whatever the distance, so (a) explains nothing. (b)
# was already answered: the 1 in 1-NN.
# </details>
#
# ## Take-aways
#
# 1. kNN remembers everything and copies the majority label of the $k$ nearest; ties need a rule (ours:
#    the nearest of the tied).
# 2. L1 adds up absolute differences, L2 squares them and so punishes large ones. Convert `uint8` *before* you
#    subtract.
# 3. $\lVert q - x\rVert^2 = \lVert q\rVert^2 - 2 q \cdot x + \lVert x\rVert^2$ turns all distances into
#    one matrix product: fast, and no array larger than needed.
# 4. Nothing to train, everything to pay at test time: $n \cdot d$ for each query.
# 5. Equal distance does not mean equal looks; on pixels kNN mostly matches backgrounds, beats guessing,
#    and sets the bar.
#
# ## References
#
# - T. M. Cover, P. E. Hart. Nearest neighbor pattern classification. *IEEE Transactions on Information
#   Theory* 13(1):21-27, 1967. [doi:10.1109/TIT.1967.1053964](https://doi.org/10.1109/TIT.1967.1053964)
# - A. Krizhevsky. *Learning multiple layers of features from tiny images*. Technical report, University
#   of Toronto, 2009. [Home page of CIFAR-10](https://www.cs.toronto.edu/~kriz/cifar.html)
# - F. Pedregosa et al. Scikit-learn: machine learning in Python. *Journal of Machine Learning Research*
#   12:2825-2830, 2011. [jmlr.org](https://www.jmlr.org/papers/v12/pedregosa11a.html)
# - Z. Wang, A. C. Bovik. Mean squared error: love it or leave it? *IEEE Signal Processing Magazine*
#   26(1):98-117, 2009. [doi:10.1109/MSP.2008.930649](https://doi.org/10.1109/MSP.2008.930649)
#
# The photograph of the cat (Chelsea) comes with scikit-image, free of copyright restrictions.
