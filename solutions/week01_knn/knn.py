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
# # Exercise 1: a nearest-neighbour classifier, and a feature that beats pixels
#
# You are going to build a complete image classifier from subtraction alone.
# It starts with the distance between two images and ends with a feature of
# your own making that recognises objects clearly better than raw pixels do,
# and you will be able to *prove* that it does.
#
# | question | you write | points |
# |---|---|---|
# | 1 | the distance between two images, some pixels left out | 2 |
# | 2 | all distances at once, and a search that needs little memory | 4 |
# | 3 | the vote of the nearest neighbours | 3 |
# | 4 | the choice of k, honestly; and two reports to judge | 7 |
# | 5 | a feature that beats pixels | 4 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the
# cell, then run the check below it. A check is a closed cell: you need not
# read its code, though you may open it. One that fails tells you what it saw
# and what to think about. When you hand in, further checks run on other
# numbers, for points of their own, so write for any input that fits the
# description. Only NumPy is needed. One question is answered in words.
#
# **Stuck?** `exercise.hint("2a")` gives a hint to that question, a small one
# first, and never the answer. `exercise.progress()` runs all checks and says
# what to do next.
#
# The whole notebook runs in a few seconds on any laptop: it uses a small,
# fixed sample of CIFAR-10 that comes with the course, the same for everybody.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time

import numpy as np

import helpers.exercise
from helpers import checks, knn, limits, plots
from helpers.data import load

exercise = helpers.exercise.load("week01_knn")
data = load("cifar10", source="sample")
data

# %%
labels = data.train.labels
first_of_each = [
    int(np.flatnonzero(labels == label)[0]) for label in range(10)
]
plots.image_grid(
    data.train.images[first_of_each],
    data.class_names,
    title="One training image of each class",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "image_distance_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (2 points): how far apart are two images?
#
# An image is an array of numbers, so two images of the same size can be
# subtracted. What is left are the differences pixel by pixel, and a distance
# adds them up to one number:
#
# $$d_1(a, b) = \sum_i |a_i - b_i| \qquad\qquad d_2(a, b) = \sqrt{\sum_i (a_i - b_i)^2}$$
#
# Here is something that the lecture did not do. A camera looks through a
# fence, and the pixels where the fence is should not count. A **mask** says
# which ones do: an array of `True` and `False` with a value for each pixel.
# Where it is `False`, the pixel is left out of the sum, with all its
# channels. Without a mask every pixel counts.
#
# Write `image_distance` for both distances. One warning, because it has cost
# many people an evening: images are stored as `uint8`, whole numbers from 0
# to 255. What is `np.uint8(10) - np.uint8(56)`? Try it in a cell of your own.

# %% nbgrader={"grade": false, "grade_id": "image_distance", "locked": false, "schema_version": 3, "solution": true, "task": false}
def image_distance(a, b, metric="l2", mask=None):
    """Distance between two images.

    Parameters
    ----------
    a, b : ndarray of uint8 or float, the same shape for both
        The images: (height, width, channels), (height, width), or a row
        of numbers.
    metric : {"l1", "l2"}
        "l1" sums absolute differences; "l2" is the Euclidean distance.
    mask : ndarray of bool, optional
        True where a pixel counts. Its shape is that of the images without
        their channels: (height, width), or the length of a row. None means
        that every pixel counts.

    Returns
    -------
    float
        0.0 if no pixel counts.
    """
    ### BEGIN SOLUTION
    difference = np.asarray(a, dtype=np.float64) - np.asarray(
        b, dtype=np.float64
    )
    if mask is not None:
        difference = difference[mask]
    if metric == "l1":
        return float(np.abs(difference).sum())
    return float(np.sqrt((difference**2).sum()))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Try the subtraction by itself first: what is `np.uint8(10) - np.uint8(56)`?
# In which type of number would you like to calculate? And at which moment is
# it easiest to leave pixels out?
#
# ---
#
# `.astype(float)` turns an image into floats before anything is subtracted.
# Then `np.abs`, `**`, `.sum()` and `np.sqrt` are all the formulas need. An
# array of truth values works as an index: it keeps the places where it is
# `True`, and it may have fewer axes than the array. Look at `metric`, too.
#
# ---
#
# A neighbouring problem: the *largest* difference between two recordings in
# stereo, which are stored as `int8`, without the seconds in which somebody
# coughed.
#
# ```python
# one = np.array([[100, -20], [5, 7], [90, 0]], dtype=np.int8)
# two = np.array([[-100, -25], [5, 9], [-90, 0]], dtype=np.int8)
# print(np.abs(one - two).max())  # wrong: 200 does not fit into int8
# gap = one.astype(float) - two.astype(float)
# quiet = np.array([False, True, True])  # one value for both channels
# print(float(np.abs(gap[quiet]).max()))  # 180.0
# ```

# %% nbgrader={"grade": true, "grade_id": "image_distance_l1_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
a = np.array(
    [[56, 32, 10, 18], [90, 23, 128, 133], [24, 26, 178, 200], [2, 0, 255, 220]],
    dtype=np.uint8,
)
b = np.array(
    [[10, 20, 24, 17], [8, 10, 89, 100], [12, 16, 178, 170], [4, 32, 233, 112]],
    dtype=np.uint8,
)
uint8_advice = (
    "10 - 24 is not 242: uint8 wraps around below 0. "
    "Convert to float BEFORE you subtract."
)
mistakes = {
    "what uint8 arithmetic makes of it": (1128, uint8_advice),
    "the sum of the signed differences": (
        360, "Positive and negative ones cancel: take absolute values.",
    ),
    "that sum, made positive at the end": (
        -360, "Positive and negative ones cancel: take absolute values first.",
    ),
    "the mean, not the sum": (28.5, "The formula adds the differences up."),
    "the L2 distance": (162.11107, "Does the function look at `metric`?"),
    "the root of the sum": (456**0.5, "The root belongs to L2 alone."),
}
name = 'image_distance(a, b, metric="l1")'
got = limits.keeps_input(image_distance, a, b, metric="l1")
checks.array(got, 456.0, name, mistakes)
mistakes = {
    "the sum of the signed differences": (
        -360, "Positive and negative ones cancel: take absolute values.",
    ),
}
name = "the other way round, image_distance(b, a)"
checks.array(image_distance(b, a, metric="l1"), 456.0, name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "image_distance_l2_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
a = np.array([[10, 20], [30, 40]], dtype=np.uint8)
b = np.array([[13, 20], [26, 40]], dtype=np.uint8)
uint8_advice = (
    "In uint8, 10 - 13 is 253 and 16 * 16 is 0. "
    "Convert to float BEFORE you subtract."
)
mistakes = {"what uint8 arithmetic makes of it": (253.0316186, uint8_advice)}
name = "differences of 3 and 4: image_distance"
checks.array(image_distance(a, b, metric="l2"), 5.0, name, mistakes)

black = np.zeros((32, 32, 3), dtype=np.uint8)
white = np.full((32, 32, 3), 255, dtype=np.uint8)
int16_advice = "255 * 255 = 65025 does not fit into int16. Calculate in float."
mistakes = {
    "what uint8 arithmetic makes of it": (3072**0.5, uint8_advice),
    "what int16 arithmetic makes of it": (float("nan"), int16_advice),
    "the L1 distance": (255.0 * 3072, "Without a metric, L2 is asked for."),
    "the root of a mean": (255.0, "The formula adds the squares up."),
}
name = "black to white: image_distance"
checks.array(image_distance(black, white), 255 * 3072**0.5, name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "image_distance_mask_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
a = np.array([[[10, 0], [50, 9], [7, 7]], [[20, 5], [0, 0], [1, 2]]], dtype=np.uint8)
b = np.array([[[13, 4], [0, 200], [7, 7]], [[20, 17], [250, 1], [1, 2]]], dtype=np.uint8)
mask = np.array([[True, False, True], [True, False, False]])
turned = "True means that the pixel counts."
ignored = "Where the mask is False, a pixel is left out."
mistakes = {
    "the distance over all pixels": (511, ignored),
    "the distance of the pixels that should not count": (492, turned),
    "the distance of the first channel alone": (
        3, "The mask holds for all channels of a pixel.",
    ),
    "the mean over the pixels that count": (19 / 3, "The formula is a sum."),
    "the mean over the numbers that count": (19 / 6, "The formula is a sum."),
}
name = 'some pixels left out: image_distance(a, b, "l1", mask)'
got = limits.keeps_input(image_distance, a, b, "l1", mask)
checks.array(got, 19.0, name, mistakes)
mistakes = {
    "the distance over all pixels": (318.82754, ignored),
    "the distance of the pixels that should not count": (318.5624, turned),
}
name = 'some pixels left out: image_distance(a, b, "l2", mask)'
got = limits.keeps_input(image_distance, a, b, "l2", mask)
checks.array(got, 13.0, name, mistakes)
got = image_distance(a, b, "l2", np.zeros((2, 3), dtype=bool))
checks.array(got, 0.0, "no pixel counts: image_distance")

# %% nbgrader={"grade": true, "grade_id": "image_distance_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of image_distance run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(11)
for shape in [(32, 32, 3), (28, 28, 1), (6, 9), (5,), (3, 8, 4)]:
    a, b = rng.integers(0, 256, size=(2, *shape), dtype=np.uint8)
    mask = rng.random(shape[:2]) < 0.6
    for metric, order in [("l1", 1), ("l2", 2)]:
        for what, which in [("all pixels", None), ("some of them", mask)]:
            counts = np.ones(shape, dtype=bool)
            if which is not None:
                counts = np.repeat(mask.ravel(), a.size // mask.size).reshape(
                    shape
                )
            difference = np.where(counts, a.astype(float) - b, 0).ravel()
            expected = float(np.linalg.norm(difference, order))
            name = f"the {metric} distance of images of shape {shape}, {what}"
            got = limits.keeps_input(image_distance, a, b, metric, which)
            checks.array(got, expected, name)
            got = image_distance(a / 255, b / 255, metric=metric, mask=which)
            checks.array(got, expected / 255, f"{name}, as floats")
            got = image_distance(a, b.astype(float), metric=metric, mask=which)
            checks.array(got, expected, f"{name}, one of them as floats")
### END HIDDEN TESTS

# %% [markdown]
# That is all it takes to *search* for images. Which training images are
# closest to a picture of our choice? Change `chosen` and look at a few. The
# distance knows nothing of frogs and ships: what does it go by? And what
# changes when only the middle of the picture counts?

# %%
chosen = 239
query = data.validation.images[chosen]
candidates = data.train.images[:400]
middle = np.zeros((32, 32), dtype=bool)
middle[8:24, 8:24] = True
settings = {"L1": ("l1", None), "L2": ("l2", None), "middle": ("l2", middle)}
shown, titles = [], []
for name, (metric, mask) in settings.items():
    distances = np.array(
        [image_distance(query, other, metric, mask) for other in candidates]
    )
    nearest = np.argsort(distances)[:4]
    shown += [query, *candidates[nearest]]
    titles += ["query", *(f"{name}: {i}" for i in nearest)]
plots.image_grid(
    np.array(shown),
    titles,
    columns=5,
    title="A validation image and the four nearest of 400 training images "
    "(row numbers)",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "distances_no_loop_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (4 points): all distances at once, and little memory
#
# To classify many images we need the distance of every query image to every
# training image: a matrix with a row for each query and a column for each
# training image. Flatten each image to a row of numbers first; then
# `queries` has shape `(q, d)` and `train` has shape `(n, d)`. We stay with
# the L2 distance.
#
# **a) One matrix product, with weights (2 points).** The lecture found all
# plain distances with one matrix product. Now each of the `d` numbers of a
# row has a **weight**: the middle of an image may count more than its rim,
# green more than blue.
#
# $$d_w(a, b) = \sqrt{\sum_i w_i\,(a_i - b_i)^2}$$
#
# Multiply out the square as in the lecture, with the weights in it. Which
# three terms do you get, and how does *one* matrix product give the middle
# one for all pairs? Never build an array with three axes: for the 10,000 test
# and 50,000 training images of CIFAR-10 it would have 1.5 million million
# entries. (A Python loop over the rows costs no points, but a lot of time;
# the check says when it sees one.)
#
# Two traps. `uint8` again, now in the squares and in the product. And
# rounding: for two (nearly) equal rows the three terms should cancel to 0,
# but floats may leave a tiny **negative** number, whose root is not a number.
# Calculate in `float64`; it also keeps the distance of equal rows close to 0.

# %% nbgrader={"grade": false, "grade_id": "distances_no_loop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def distances_no_loop(queries, train, weights=None):
    """Weighted L2 distances of all queries to all training rows.

    Parameters
    ----------
    queries : ndarray of uint8 or float, shape (q, d)
    train : ndarray of uint8 or float, shape (n, d)
    weights : ndarray of int or float, shape (d,), optional
        At least 0 each; a number with weight 0 does not count. None means
        that all weights are 1.

    Returns
    -------
    ndarray of float64, shape (q, n)
        Entry [i, j] is the distance from query i to training row j. That
        of equal rows is 0 up to rounding, never NaN.
    """
    ### BEGIN SOLUTION
    queries = np.asarray(queries, dtype=np.float64)
    train = np.asarray(train, dtype=np.float64)
    if weights is None:
        weights = np.ones(train.shape[1])
    weighted = queries * weights
    squared = (weighted * queries).sum(axis=1)[:, None] + train**2 @ weights
    squared = squared - 2 * weighted @ train.T
    return np.sqrt(np.maximum(squared, 0))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# You need three terms. Which shape does each have, and how do they have to
# lie so that their sum has shape `(q, n)`? In which of them do the weights
# stand, and how often?
#
# ---
#
# The middle term is $-2 \sum_i w_i a_i b_i$: multiply the queries by the
# weights before the matrix product with `train.T`. A sum of squares, weighted
# as well, gives one number a row. `[:, None]` stands the numbers of the
# queries up as a column, those of `train` stay a line. Convert both inputs to
# `float64` first, and let `np.maximum` deal with what rounding leaves below
# zero.
#
# ---
#
# A neighbouring problem: $(a + b)^2 = a^2 + b^2 + 2ab$ for all pairs of two
# lists of numbers, without a loop.
#
# ```python
# a, b = np.array([1.0, 2.0]), np.array([10.0, 20.0, 30.0])
# column, line = (a**2)[:, None], b**2  # shapes (2, 1) and (3,)
# products = np.outer(a, b)             # shape (2, 3), like a @ b.T of rows
# print(column + line + 2 * products)
# ```

# %% nbgrader={"grade": true, "grade_id": "distances_no_loop_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
queries = np.array([[0, 0], [3, 4]], dtype=np.uint8)
train = np.array([[0, 0], [6, 8], [3, 0]], dtype=np.uint8)
expected = np.array([[0.0, 10.0, 3.0], [5.0, 5.0, 4.0]])
mistakes = {
    "a matrix of L1 distances": ([[0, 14, 3], [7, 7, 4]], "We stay with L2."),
    "what becomes of the matrix with a factor 2 missing": (
        np.sqrt([[0, 100, 9], [25, 75, 25]]), "There are two products a * b in the square.",
    ),
}
got = distances_no_loop(queries, train)
name = "distances_no_loop(queries, train)"
checks.array(got, expected, name, mistakes, atol=1e-5)
queries = np.array([[0, 200], [100, 100]], dtype=np.uint8)
train = np.array([[0, 0], [255, 255], [100, 200]], dtype=np.uint8)
expected = np.sqrt([[40000.0, 68050.0, 10000.0], [20000.0, 48050.0, 10000.0]])
uint8_advice = (
    "uint8 holds 0 to 255, and 200 * 200 is 40000: "
    "convert BOTH inputs to float64 first."
)
mistakes = {
    "what uint8 arithmetic makes of it": (
        [[8, 2**32, 4], [32**0.5, 2**32, 4]], uint8_advice,
    ),
    "what squares in uint8 make of it": (
        [[8, 0, 0], [32**0.5, 0, 0]], uint8_advice,
    ),
    "what becomes of a product in uint8": (
        np.sqrt([[40000, 169938, 89872], [20000, 149938, 69904]]), uint8_advice,
    ),
}
got = distances_no_loop(queries, train)
name = "with large pixel values: distances_no_loop(queries, train)"
checks.array(got, expected, name, mistakes, atol=1e-5)
limits.loops(distances_no_loop, 0, "distances_no_loop", without=["image_distance"])
# Small enough for every laptop. With the images of this notebook, an array
# with three axes would take 35 GB.
rows = np.random.default_rng(0).integers(0, 256, size=(250, 300), dtype=np.uint8)
three_axes = "Is there an array with three axes, (q, n, d)? One matrix product will do."
name = "distances_no_loop of 250 rows to themselves"
got = limits.memory(distances_no_loop, [rows, rows], 12e6, name, three_axes)

# %% nbgrader={"grade": true, "grade_id": "distances_no_loop_weights_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
queries = np.array([[0, 0, 200], [3, 4, 0]], dtype=np.uint8)
train = np.array([[0, 10, 0], [6, 8, 0], [3, 0, 255]], dtype=np.uint8)
weights = np.array([1.0, 4.0, 0.0])
expected = np.sqrt([[400.0, 292.0, 9.0], [153.0, 73.0, 64.0]])
squares = np.array([[[0, 100, 40000], [36, 64, 40000], [9, 0, 3025]],
                    [[9, 36, 0], [9, 16, 0], [0, 16, 65025]]])
mistakes = {
    "the distances without weights": (
        np.sqrt(squares.sum(axis=2)), "Are the weights used?",
    ),
    "what you get when the differences are multiplied by the weights": (
        np.sqrt(squares @ weights**2), "The weight stands outside of the square.",
    ),
    "what you get with the roots of the weights in the square's place": (
        np.sqrt(squares @ weights**0.5), "The weight itself is a factor of the square.",
    ),
    "what you get with weights in the product alone": (
        [[200.24984, 200.24984, 324.08949], [0, 0, 255.03137]],
        "All three terms have the weights in them.",
    ),
    "what you get with the weights twice in the product": (
        [[20, 17.08801, 3], [0, 0, 8]], "The middle term has each weight once.",
    ),
    "what you get without weights in the product": (
        [[20, 17.08801, 0], [19.82423, 16.27882, 8]],
        "All three terms have the weights in them.",
    ),
    "a weighted mean": (
        expected / 5**0.5, "The formula is a sum: nothing is divided by the weights.",
    ),
    "a mean": (expected / 3**0.5, "The formula is a sum."),
}
got = limits.keeps_input(distances_no_loop, queries, train, weights)
name = "with weights 1, 4 and 0: distances_no_loop(queries, train, weights)"
checks.array(got, expected, name, mistakes, atol=1e-4)
got = distances_no_loop(queries, train, weights=np.array([1, 4, 0]))
checks.array(got, expected, "with whole numbers as weights", mistakes, atol=1e-4)

# %% nbgrader={"grade": true, "grade_id": "distances_no_loop_rounding_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
rows = 5 + np.random.default_rng(0).random((200, 300))
got = distances_no_loop(rows, rows)
how_many = int(np.isnan(np.asarray(got, dtype=float)).sum())
assert how_many == 0, (
    f"{how_many} distances of 200 rows to themselves are NaN: rounding left "
    "something a little below zero. Raise it to 0 before you take the root "
    "(np.maximum)."
)
largest = float(np.abs(np.diagonal(got)).max())
assert largest < 1e-3, (
    f"The distance of a row to itself comes out as {largest:.2g}, expected 0. "
    "Is everything calculated in float64?"
)

# %% nbgrader={"grade": true, "grade_id": "distances_no_loop_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of distances_no_loop run here after you hand in.
### BEGIN HIDDEN TESTS
rows = np.random.default_rng(25).integers(
    0, 256, size=(450, 3072), dtype=np.uint8
)
try:  # with three axes, 5 GB: more than the grader has for an answer
    got = distances_no_loop(rows, rows)
except MemoryError:
    problem = "distances_no_loop of 450 images runs out of memory."
    three_axes = "Is there an array with three axes, (q, n, d)?"
    raise AssertionError(f"{problem} {three_axes}") from None
expected = np.array(
    [np.linalg.norm(rows[0].astype(float) - row) for row in rows]
)
name = "the distances of one of 450 images to the others"
checks.array(got[0], expected, name, atol=1e-3)
rng = np.random.default_rng(23)
for q, n, d in [(6, 9, 50), (9, 6, 7), (1, 4, 300)]:
    queries = rng.integers(0, 256, size=(q, d), dtype=np.uint8)
    train = rng.integers(0, 256, size=(n, 2 * d), dtype=np.uint8)[:, ::2]
    weights = 3 * rng.random(d) * (rng.random(d) < 0.8)
    differences = queries.astype(float)[:, None] - train.astype(float)
    for given, used in [(None, np.ones(d)), (weights, weights)]:
        expected = np.sqrt((used * differences**2).sum(axis=2))
        case = f"of {q} queries and {n} rows, {'no ' if given is None else ''}weights"
        got = limits.keeps_input(distances_no_loop, queries, train, given)
        checks.array(got, expected, f"distances_no_loop {case}", atol=1e-4)
        got = distances_no_loop(queries / 255, train / 255, given)
        checks.array(
            got, expected / 255, f"distances_no_loop {case}, floats", atol=1e-6
        )
train = 20 + rng.random((150, 400))
order = rng.permutation(150)
for weights in (None, 0.5 + rng.random(400)):
    got = distances_no_loop(train[order], train, weights)
    name = "the distance to an equal row (NaN? float32?)"
    checks.array(got[np.arange(150), order], np.zeros(150), name, atol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# Was it worth the trouble? 20 queries against 500 training images: once pair
# by pair with your `image_distance`, once with your matrix product. Guess the
# factor before you run it.

# %%
train_rows = data.train.images.reshape(len(data.train), -1)
validation_rows = data.validation.images.reshape(len(data.validation), -1)
queries, rows = validation_rows[:20], train_rows[:500]

start = time.perf_counter()
one_by_one = [
    [image_distance(query_row, row) for row in rows] for query_row in queries
]
middle_of_it = time.perf_counter()
at_once = distances_no_loop(queries, rows)
end = time.perf_counter()
print(
    f"largest difference: {np.abs(np.array(one_by_one) - at_once).max():.1e}"
)
plots.bars(
    {
        "pair by pair": 1000 * (middle_of_it - start),
        "one product": 1000 * (end - middle_of_it),
    },
    ylabel="time in milliseconds",
    title="20 x 500 distances between CIFAR-10 images",
)

# %% nbgrader={"grade": false, "grade_id": "course_distances", "locked": true, "schema_version": 3, "solution": false, "task": false}
# The course's own plain distances, from SciPy: cdist(queries, rows) has shape
# (q, number of rows). A mistake in a) costs nothing in what follows.
from scipy.spatial.distance import cdist

# %% [markdown] nbgrader={"grade": false, "grade_id": "nearest_in_chunks_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) A search that needs little memory (2 points).** Even the matrix of
# distances is large: 10,000 queries and 50,000 training images make 4 GB. But
# who wants all of it? A search needs the `k` nearest of each query and can
# forget the rest.
#
# So walk through the training rows in pieces of `rows_at_once`. For each
# piece, compute its distances (`cdist(queries, piece)` above does that), put
# them beside the `k` best so far, and keep the `k` best of both. What you
# give back are the **row numbers** in `train` of the `k` nearest, nearest
# first. At equal distances the lower row number counts as nearer.
#
# The last piece may be shorter than the others, and a piece may hold fewer
# rows than `k`. The check measures the memory that the search takes.

# %% nbgrader={"grade": false, "grade_id": "nearest_in_chunks", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nearest_in_chunks(queries, train, k, rows_at_once):
    """Find the k nearest training rows of each query, piece by piece.

    Parameters
    ----------
    queries : ndarray of uint8 or float, shape (q, d)
    train : ndarray of uint8 or float, shape (n, d)
    k : int
        How many to find, 1 <= k <= n.
    rows_at_once : int
        How many training rows a piece has, at least 1.

    Returns
    -------
    ndarray of int, shape (q, k)
        Row numbers in `train`, by L2 distance, nearest first; at equal
        distances the lower row number first.
    """
    ### BEGIN SOLUTION
    best, numbers = (
        np.empty((len(queries), 0)),
        np.empty((len(queries), 0), dtype=int),
    )
    for start in range(0, len(train), rows_at_once):
        piece = train[start : start + rows_at_once]
        rows = np.tile(np.arange(start, start + len(piece)), (len(queries), 1))
        distances = np.concatenate([best, cdist(queries, piece)], axis=1)
        rows = np.concatenate([numbers, rows], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(distances, order, axis=1)
        numbers = np.take_along_axis(rows, order, axis=1)
    return numbers
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Play it with cards for one query: three cards on the table, the next hand of
# five comes. What do you have to know of a card apart from its distance? Why
# do the older cards have to lie first?
#
# ---
#
# Keep two arrays of `q` rows, both empty at the start: the best distances so
# far, and their row numbers (`start + ...`). `np.concatenate(..., axis=1)`
# puts a piece beside them, `np.argsort(..., axis=1, kind="stable")[:, :k]`
# finds the best, and `np.take_along_axis` takes these from both arrays.
#
# ---
#
# A neighbouring problem: the two *largest* numbers of a long stream that
# comes in pieces, and when each of them came.
#
# ```python
# best, times = np.empty(0), np.empty(0, dtype=int)
# for start, piece in [(0, [3.0, 9.0]), (2, [9.0, 1.0, 12.0])]:
#     values = np.concatenate([best, piece])
#     when = np.concatenate([times, start + np.arange(len(piece))])
#     order = np.argsort(-values, kind="stable")[:2]
#     best, times = values[order], when[order]
# print(best, times)  # [12.  9.] [4 1]
# ```

# %% nbgrader={"grade": true, "grade_id": "nearest_in_chunks_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rows = [[9, 0], [5, 0], [7, 1], [1, 0], [3, 3], [0, 2], [16, 0]]
train = np.array(rows, dtype=np.uint8)
queries = np.array([[0, 0], [8, 0]], dtype=np.uint8)
expected = np.array([[3, 5, 4], [0, 2, 1]])
counted = "Row numbers count from the top of `train`, not of the piece: add its start."
mistakes = {
    "the row numbers within each piece": ([[1, 1, 0], [0, 0, 1]], counted),
    "what city-block distances give": (
        [[3, 5, 1], [0, 2, 1]], "The L2 distance is asked for.",
    ),
    "what uint8 arithmetic makes of it": (
        [[6, 3, 5], [0, 2, 1]], "16 * 16 is 0 in uint8. Convert, or use cdist.",
    ),
    "the farthest rows": ([[6, 0, 2], [5, 6, 3]], "Small distances first."),
}
for rows_at_once in (2, 3, 7, 1, 100):
    got = limits.keeps_input(nearest_in_chunks, queries, train, 3, rows_at_once)
    name = f"nearest_in_chunks(queries, train, 3, rows_at_once={rows_at_once})"
    checks.array(got, expected, name, mistakes)
got = nearest_in_chunks(queries, train, 7, 2)
name = "all seven rows in order: nearest_in_chunks(queries, train, 7, 2)"
checks.array(got, np.array([[3, 5, 4, 1, 2, 0, 6], [0, 2, 1, 4, 3, 6, 5]]), name)
# 40 queries and 30,000 rows: the whole matrix of distances would take 10 MB.
rows = np.random.default_rng(4).integers(0, 256, size=(30_000, 4), dtype=np.uint8)
whole = "Is the whole matrix of distances computed at once? One piece at a time."
name = "nearest_in_chunks of 40 queries and 30,000 rows, 500 at once,"
got = limits.memory(nearest_in_chunks, [rows[:40], rows, 3, 500], 5e6, name, whole)

# %% nbgrader={"grade": true, "grade_id": "nearest_in_chunks_ties_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
train = np.tile(np.array([[2], [1], [2], [1], [3]], dtype=np.uint8), (6, 1))
queries = np.array([[0], [3], [2]], dtype=np.uint8)
near_first = [1, 3, 6, 8, 11, 13, 16, 18, 21, 23]
expected = np.array([near_first[:9], [4, 9, 14, 19, 24, 29, 0, 2, 5],
                     [0, 2, 5, 7, 10, 12, 15, 17, 20]])
why = (
    "At equal distances the lower row number comes first, from piece to piece: "
    'the best so far stand before the new ones, and the sort is stable.'
)
for rows_at_once in (4, 30, 7, 1):
    got = nearest_in_chunks(queries, train, 9, rows_at_once)
    name = f"many equal distances, k=9, rows_at_once={rows_at_once}: the row numbers"
    checks.equal(got, expected, name, why)
rows = np.random.default_rng(6).integers(0, 3, size=(700, 1), dtype=np.uint8)
expected = np.flatnonzero(rows[:, 0] == 0)[None, :20]
got = nearest_in_chunks(np.zeros((1, 1), dtype=np.uint8), rows, 20, 300)
checks.equal(got, expected, "700 rows, k=20, rows_at_once=300: the row numbers", why)

# %% nbgrader={"grade": true, "grade_id": "nearest_in_chunks_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of nearest_in_chunks run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(26)
for q, n, d, k, rows_at_once in [
    (5, 40, 3, 4, 7),
    (3, 25, 12, 25, 6),
    (1, 60, 2, 10, 3),
    (8, 31, 5, 1, 31),
    (2, 9, 4, 5, 1),
]:
    for high in (4, 256):
        queries = rng.integers(0, high, size=(q, d), dtype=np.uint8)
        train = rng.integers(0, high, size=(n, d), dtype=np.uint8)
        squares = (
            (queries.astype(int)[:, None] - train.astype(int)) ** 2
        ).sum(axis=2)
        expected = np.array(
            [
                sorted(range(n), key=row.__getitem__)[:k]
                for row in squares.tolist()
            ]
        )
        got = limits.keeps_input(
            nearest_in_chunks, queries, train, k, rows_at_once
        )
        name = f"nearest_in_chunks of {q} queries, {n} rows, k={k}, rows_at_once={rows_at_once}"
        checks.array(got, expected, name)
        got = nearest_in_chunks(queries / 4, train / 4, k, rows_at_once)
        checks.array(got, expected, f"{name}, floats")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "predict_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (3 points): the neighbours vote
#
# Now the classifier. For each query, find the `k` training images with the
# smallest distances and let them vote with their labels: the class with most
# votes wins. Real votes end in ties, and a classifier that breaks them by
# accident gives different answers on different computers. So we agree:
#
# 1. At **equal distances**, the training image with the lower row number
#    counts as the nearer one (`np.argsort(..., kind="stable")` does that).
# 2. At **equal votes**, the tied class that has the nearest neighbour of them
#    wins.
# 3. A classifier should be able to say **"I do not know"**. If the winner has
#    fewer than `least` votes, the answer is `-1`.
#
# For example, the five nearest have the classes 4, 2, 7, 7, 2, nearest first.
# Classes 2 and 7 have two votes each. Class 2 wins, because its nearest
# member (second) is nearer than that of class 7 (third). The very nearest
# neighbour, class 4, has only one vote and is out. With `least=3` the answer
# is -1.

# %% nbgrader={"grade": false, "grade_id": "predict", "locked": false, "schema_version": 3, "solution": true, "task": false}
def predict(distances, train_labels, k, least=1):
    """Classify queries by the majority of their k nearest neighbours.

    Parameters
    ----------
    distances : ndarray of float, shape (q, n)
        Entry [i, j] is the distance from query i to training row j.
    train_labels : ndarray of int, shape (n,)
        Classes of the training rows, whole numbers >= 0.
    k : int
        How many neighbours vote, 1 <= k <= n.
    least : int
        How many votes the winner needs.

    Returns
    -------
    ndarray of int, shape (q,)
        Ties go to the tied class whose member is nearest; -1 where the
        winner has fewer than `least` votes.
    """
    ### BEGIN SOLUTION
    neighbours = np.argsort(distances, axis=1, kind="stable")[:, :k]
    winners = []
    for labels in train_labels[neighbours]:
        votes = np.bincount(labels)
        winner = next(label for label in labels if votes[label] == votes.max())
        winners.append(winner if votes[winner] >= least else -1)
    return np.array(winners)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Do one query on paper: sort its distances, write the classes of the nearest
# `k` in a row, count. Which step uses the order in which they stand?
#
# ---
#
# `np.argsort(distances, axis=1, kind="stable")[:, :k]` finds the rows of the
# neighbours, and `train_labels[...]` their classes. `np.bincount` counts
# votes. For a tie, go through the classes from the nearest on and take the
# first one that has as many votes as the winner. Only then compare its votes
# with `least`.
#
# ---
#
# A neighbouring problem: the most frequent letter of a word; of equally
# frequent ones, the letter that comes first in the word.
#
# ```python
# word = "banana bread"
# most = max(word.count(letter) for letter in word)
# for letter in word:  # in the order of the word
#     if word.count(letter) == most:
#         print(letter)
#         break
# ```

# %% nbgrader={"grade": true, "grade_id": "predict_nearest_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
distances = np.array([[0.3, 0.1, 0.9, 0.5], [2.0, 3.0, 4.0, 1.0], [0.7, 0.8, 0.2, 0.9]])
train_labels = np.array([5, 8, 6, 9])
mistakes = {
    "the farthest image instead of the nearest": (
        [6, 6, 9], "Small distances first: argsort sorts upwards.",
    ),
    "the row number of the nearest image": (
        [1, 3, 2], "Look its class up in train_labels.",
    ),
    "a sort over the queries": (
        [5, 6, 8], "Each query sorts its own row: which axis runs along a row?",
    ),
    "the second nearest": (
        [5, 5, 5], "A slice [:k] starts at the nearest itself; nothing is to be skipped.",
    ),
    "always -1": ([-1, -1, -1], "One vote is enough where `least` is 1."),
}
name = "predict(distances, train_labels, k=1)"
got = limits.keeps_input(predict, distances, train_labels, 1)
checks.array(got, np.array([8, 9, 6]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "predict_majority_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
distances = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]])
train_labels = np.array([0, 4, 4, 9, 9, 9])
names = "Labels are names, not quantities: count votes."
exactly = "Are there exactly k voters, no more and no fewer?"
cases = [
    (3, [4, 9], "0, 4, 4 and 9, 9, 9", {
        "a mean of the labels": ([3, 9], names),
        "the class of the nearest": ([0, 9], exactly),
    }),
    (6, [9, 9], "all six", {"a mean of the labels": ([6, 6], names)}),
    (2, [0, 9], "0, 4 and 9, 9", {"a third voter's doing": ([4, 9], exactly)}),
]
for k, expected, voters, mistakes in cases:
    name = f"predict with k={k}, where the voters are {voters}"
    checks.array(predict(distances, train_labels, k), np.array(expected), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "predict_ties_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
one_row = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
one_vote = "The very nearest has one vote only: a tie is decided among the TIED classes."
farther = "It is tied, but its nearest member is farther."
cases = [
    ([4, 2, 7, 7, 2, 0], 5, 2, {"class 7": ([7], farther), "class 4": ([4], one_vote)}),
    ([7, 2, 2, 7, 1, 1], 4, 7, {"class 2": ([2], farther)}),
    ([3, 9, 5, 5, 9, 8], 5, 9, {"class 5": ([5], farther), "class 3": ([3], one_vote)}),
    ([9, 3, 5, 5, 3, 9], 6, 9, {"class 5": ([5], farther), "class 3": ([3], farther)}),
    ([5, 8, 5, 8, 0, 0], 4, 5, {"class 8": ([8], "Its nearest member is farther.")}),
    ([1, 6, 6, 8, 8, 1], 6, 1, {"class 6": ([6], farther), "class 8": ([8], farther)}),
]
for labels, k, expected, mistakes in cases:
    name = f"predict, where the voters are {labels[:k]}, nearest first"
    got = predict(one_row, np.array(labels), k)
    checks.array(got, np.array([expected]), name, mistakes)
two_rows = np.concatenate([one_row, one_row[:, ::-1]])
got = predict(two_rows, np.array([4, 2, 7, 7, 2, 0]), 5)
name = "two queries, voters [4, 2, 7, 7, 2] and [0, 2, 7, 7, 2]: predict"
checks.array(got, np.array([2, 2]), name)

# %% nbgrader={"grade": true, "grade_id": "predict_equal_distances_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
same = np.full((2, 60), 0.5)
labels = np.array([3, 1, 1, 3, 3, 3] + [8] * 54)
lower = 'Of equally far images the lower row number counts as nearer: kind="stable".'
name = "all training images equally far: predict with k={}"
for k, expected in [(1, 3), (2, 3), (3, 1), (4, 3), (13, 8)]:
    got = predict(same, labels, k)
    checks.equal(got, [expected] * 2, name.format(k), lower)
# Three different distances, 1,500 images: no sort gets this right by accident.
distances = (
    np.random.default_rng(7).integers(1, 4, size=(12, 1500)).astype(float)
)
labels = np.arange(1500)
got = predict(distances, labels, 1)
name = "1,500 images, many equally far: predict with k=1"
checks.equal(got, distances.argmin(axis=1), name, lower)

# %% nbgrader={"grade": true, "grade_id": "predict_least_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
one_row = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
labels = np.array([4, 2, 7, 7, 2, 2])
enough = "The winner needs `least` votes or more; with fewer the answer is -1."
cases = [
    (5, 2, 2, {"-1": ([-1], "Two votes are enough where `least` is 2.")}),
    (5, 3, -1, {"class 2 all the same": ([2], enough), "class 0": ([0], "-1 says so.")}),
    (6, 3, 2, {"-1": ([-1], "Class 2 has three votes, and three are enough.")}),
    (6, 4, -1, {"class 2 all the same": ([2], enough)}),
    (1, 2, -1, {"class 4 all the same": ([4], enough)}),
]
for k, least, expected, mistakes in cases:
    name = f"predict with least={least}, where the voters are {labels[:k].tolist()}"
    got = predict(one_row, labels, k, least)
    checks.array(got, np.array([expected]), name, mistakes)
two_rows = np.concatenate([one_row, one_row[:, ::-1]])
got = predict(two_rows, labels, 4, least=2)
name = "two queries, voters [4, 2, 7, 7] and [2, 2, 7, 7], least=2: predict"
checks.array(got, np.array([7, 2]), name)
got = predict(two_rows, labels, 3, least=2)
name = "two queries, voters [4, 2, 7] and [2, 2, 7], least=2: predict"
mistakes = {"-1 for all queries": ([-1, -1], "Each query decides for itself.")}
checks.array(got, np.array([-1, 2]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "predict_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of predict run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(31)
for q, n, classes, k in [
    (25, 40, 100, 1),
    (30, 33, 3, 4),
    (20, 33, 5, 7),
    (15, 50, 2, 50),
    (40, 12, 4, 2),
    (9, 300, 6, 9),
]:
    labels = 3 + 2 * rng.permutation(np.arange(n) % classes)
    for distances in (
        rng.random((q, n)),
        rng.integers(0, 5, size=(q, n)).astype(float),
    ):
        for least in (1, 2, 1 + k // 2, k + 1):
            expected = []
            for row in distances.tolist():
                voters = [
                    int(labels[j])
                    for j in sorted(range(n), key=row.__getitem__)[:k]
                ]
                winner = max(
                    voters,
                    key=lambda label: (
                        voters.count(label),
                        -voters.index(label),
                    ),
                )
                expected.append(
                    winner if voters.count(winner) >= least else -1
                )
            got = limits.keeps_input(predict, distances, labels, k, least)
            name = f"predict of {q} queries and {n} rows of {classes} classes, k={k}, least={least}"
            checks.array(got, np.array(expected), name)
### END HIDDEN TESTS

# %% [markdown]
# Your classifier in action on ten images that it has never seen. A blue frame
# is a right answer, an orange one a wrong answer. A monkey with ten buttons
# is right once in ten: does yours do better? And is it right more often when
# it only answers if three of five neighbours agree?

# %%
distances = distances_no_loop(validation_rows, train_rows)
answers = predict(distances, data.train.labels, k=5)
right = answers == data.validation.labels
plots.image_grid(
    data.validation.images[:10],
    [data.class_names[answer] for answer in answers[:10]],
    columns=5,
    colours=["right" if ok else "wrong" for ok in right[:10]],
    title="What five neighbours say",
)
print(
    f"{right.mean():.1%} of {len(right)} validation images are right; chance "
    "would be 10%"
)
for least in (2, 3, 4):
    answers = predict(distances, data.train.labels, k=5, least=least)
    sure = np.asarray(answers) >= 0
    print(
        f"least={least}: answers {sure.mean():.0%} of them, "
        f"{right[sure].mean():.1%} right"
    )

# %% nbgrader={"grade": false, "grade_id": "course_predict", "locked": true, "schema_version": 3, "solution": false, "task": false}
def course_predict(distances, labels, k):
    """The course's own question 3: a mistake there costs nothing below."""
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return knn.vote(labels[nearest], int(labels.max()) + 1)

# %% [markdown] nbgrader={"grade": false, "grade_id": "make_folds_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (7 points): which k? An honest answer
#
# A single validation set is a single opinion. In **cross-validation** the
# training images are cut into a few folds; each fold is the validation set
# once, with all the others as training set.
#
# **a) Folds with all classes in proportion (1.5 points).** The lecture
# shuffled the rows and cut. With few images a fold may then hold hardly any
# cats. *Stratified* folds share out each class evenly: of every class, two
# folds never differ by more than one image. Write `make_folds`. Which images
# of a class come into which fold is decided by chance, with the given seed.
#
# All rows of `labels` are to be used, each in exactly one fold. A class may
# have fewer images than there are folds.

# %% nbgrader={"grade": false, "grade_id": "make_folds", "locked": false, "schema_version": 3, "solution": true, "task": false}
def make_folds(labels, n_folds, seed=0):
    """Cut the rows of a data set at random into folds, class by class.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        The class of each row, in any order, whole numbers >= 0.
    n_folds : int
        How many folds to make, 2 <= n_folds <= n.
    seed : int
        The same seed gives the same folds.

    Returns
    -------
    list of n_folds ndarrays of int
        Row numbers from 0 to n-1. Every row is in exactly one fold, and of
        each class any two folds have the same number of rows, or one more.
    """
    ### BEGIN SOLUTION
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return [by_class[fold::n_folds] for fold in range(n_folds)]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How would you deal the cards of one colour to a few players so that nobody
# has two more than another? And what happens to the next colour?
#
# ---
#
# For each class, `np.flatnonzero(labels == label)` finds its rows. Shuffle
# them with `np.random.default_rng(seed)` (made once, before the loop), deal
# them out with `[fold::n_folds]` or `np.array_split`, and put what a fold got
# of all classes together.
#
# ---
#
# A neighbouring problem: deal seven shuffled cards to three players.
#
# ```python
# cards = np.array(list("ABCDEFG"))
# np.random.default_rng(4).shuffle(cards)
# hands = [cards[player::3] for player in range(3)]  # every third card
# print([len(hand) for hand in hands], hands)
# ```

# %% nbgrader={"grade": true, "grade_id": "make_folds_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
mixed = np.array([2, 0, 0, 2, 1, 0, 2, 2, 0, 1, 0, 2, 0])
cases = {
    "13 rows of 3 classes": (mixed, 3),
    "60 rows sorted by class": (np.repeat([3, 7, 8], [30, 20, 10]), 5),
    "a class with one row": (np.array([5, 5, 5, 5, 5, 6, 5, 5]), 2),
}
for what, (labels, n_folds) in cases.items():
    folds = limits.keeps_input(make_folds, labels, n_folds)
    case = f"make_folds of {what}, {n_folds} folds"
    assert folds is not None, (
        f"{case}, is None: does the function end with `return`?"
    )
    checks.equal(len(folds), n_folds, f"the number of folds of {case}")
    rows = sorted(int(row) for fold in folds for row in fold)
    hint = "Is the rest of a division lost, or a small class?"
    checks.equal(
        len(rows),
        len(labels),
        f"the number of rows in all folds of {case}",
        hint,
    )
    last = len(labels) - 1
    once = f"{case}: every row from 0 to {last} must be in exactly one fold."
    assert rows == list(range(len(labels))), once
    for label in sorted(set(labels.tolist())):
        counts = [
            sum(int(labels[int(row)]) == label for row in fold)
            for fold in folds
        ]
        assert max(counts) - min(counts) <= 1, (
            f"{case}: of class {label} the folds have {counts} rows. Share out "
            "each class by itself; no two folds may differ by more than 1."
        )

# %% nbgrader={"grade": true, "grade_id": "make_folds_shuffle_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
labels = np.repeat([0, 1], 300)
folds = [[int(row) for row in fold] for fold in make_folds(labels, 3, seed=1)]
again = [[int(row) for row in fold] for fold in make_folds(labels, 3, seed=1)]
other = [[int(row) for row in fold] for fold in make_folds(labels, 3, seed=2)]
hint = "Which rows of a class come into a fold is to be left to chance: shuffle them."
for fold in folds:
    for label in (0, 1):
        rows = [row - 300 * label for row in fold if labels[row] == label]
        thirds = [sum(100 * third <= row < 100 * third + 100 for row in rows) for third in range(3)]
        assert min(thirds) >= 5, (
            f"a fold of make_folds has {thirds} rows of the first, second and last "
            f"third of class {label}. {hint}"
        )
        steps = len({row % 3 for row in rows})
        assert steps == 3, f"a fold takes every third row of class {label}. {hint}"
assert folds == again, (
    "make_folds(labels, 3, seed=1) gives other folds the second time. "
    "Use np.random.default_rng(seed)."
)
same = [sorted(fold) for fold in folds] == [sorted(fold) for fold in other]
assert not same, "Seeds 1 and 2 give the same folds: is the seed used?"

# %% nbgrader={"grade": true, "grade_id": "make_folds_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of make_folds run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(27)
for counts, n_folds, seed in [
    ([7, 7], 2, 3), ([1, 1, 1, 1], 4, 1), ([23, 0, 5, 31], 10, 9), ([40, 2, 58], 3, 4), ([12, 13, 14], 11, 77),
]:
    labels = rng.permutation(np.repeat(np.arange(len(counts)) * 3 + 1, counts))
    folds = limits.keeps_input(make_folds, labels, n_folds, seed=seed)
    case = f"make_folds of classes with {counts} rows, {n_folds} folds, seed={seed}"
    checks.equal(len(folds), n_folds, f"the number of folds of {case}")
    rows = sorted(int(row) for fold in folds for row in fold)
    assert rows == list(range(len(labels))), f"{case}: every row must be in exactly one fold."
    for label in sorted(set(labels.tolist())):
        shares = [sum(int(labels[int(row)]) == label for row in fold) for fold in folds]
        assert max(shares) - min(shares) <= 1, f"{case}: class {label} is shared out as {shares}."
labels = np.tile([4, 9], 500)
plain = [[int(row) for row in fold] for fold in make_folds(labels, 5)]
zero = [[int(row) for row in fold] for fold in make_folds(labels, 5, seed=0)]
more = [[int(row) for row in fold] for fold in make_folds(labels, 5, 78)]
assert plain == zero, "without a seed, make_folds uses seed 0"
assert [sorted(fold) for fold in zero] != [sorted(fold) for fold in more], "is the seed used?"
for fold in zero:
    for label in (4, 9):
        rows = sorted(row for row in fold if labels[row] == label)
        gaps = len({after - before for before, after in zip(rows, rows[1:], strict=False)})
        assert gaps > 5, "the rows of a class in a fold follow a pattern: shuffle them."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "cross_validate_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) The table of accuracies (1.5 points).** All distances between training
# images fit into one matrix, computed once; each fold only has to pick its
# rows and columns from it. Take care which: an image must **never vote for
# itself**. A validation row that stays among the training columns meets
# itself at distance 0, and k = 1 becomes a perfect classifier, on paper.
#
# Let `course_predict(distances, labels, k)` vote: it is the course's own
# answer to question 3 without `least`, so that a mistake there costs nothing
# here. (`distances[np.ix_(rows, columns)]` picks rows and columns together.)

# %% nbgrader={"grade": false, "grade_id": "cross_validate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_validate(distances, labels, folds, ks):
    """Accuracy of the k-nearest-neighbour classifier on every fold.

    Parameters
    ----------
    distances : ndarray of float, shape (n, n)
        Distances between all rows of the training set.
    labels : ndarray of int, shape (n,)
        Their classes.
    folds : list of ndarray of int
        The row numbers of each fold.
    ks : list of int
        The values of k to try.

    Returns
    -------
    ndarray of float, shape (len(ks), len(folds))
        Entry [i, j] is the share of right answers for ks[i] when fold j is
        the validation set and the rows of all other folds are the training
        set.
    """
    ### BEGIN SOLUTION
    accuracies = np.zeros((len(ks), len(folds)))
    for j, fold in enumerate(folds):
        rest = np.setdiff1d(np.arange(len(labels)), fold)
        held_out = distances[np.ix_(fold, rest)]
        for i, k in enumerate(ks):
            answers = course_predict(held_out, labels[rest], k)
            accuracies[i, j] = (answers == labels[fold]).mean()
    return accuracies
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# For one fold, say who asks and who answers. Which rows of the distance
# matrix are the questions, and which columns may be neighbours?
#
# ---
#
# The columns are all row numbers that are *not* in the fold; `np.setdiff1d`
# finds them. `distances[np.ix_(rows, columns)]` cuts out the right part. Give
# `course_predict` the labels of the columns, and compare with the labels of
# the rows.
#
# ---
#
# A neighbouring problem: from a table of flight times, those from two cities
# to all the others.
#
# ```python
# times = np.array([[0, 2, 5, 9], [2, 0, 4, 8], [5, 4, 0, 3], [9, 8, 3, 0]])
# mine = np.array([1, 3])
# others = np.setdiff1d(np.arange(4), mine)
# print(others, times[np.ix_(mine, others)], sep="\n")
# ```

# %% nbgrader={"grade": true, "grade_id": "cross_validate_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
positions = np.array([2.0, 3.0, 5.0, 18.0, 36.0, 47.0, 48.0, 52.0, 55.0])
distances = np.abs(positions[:, None] - positions)
labels = np.array([1, 1, 1, 1, 0, 0, 1, 0, 0])
folds = [np.array([0, 3, 6]), np.array([1, 4, 7]), np.array([2, 5, 8])]
ks = [1, 5]
expected = np.array([[2, 3, 2], [0, 1, 1]]) / 3
mistakes = {
    "what you get when every image finds itself": (
        np.array([[3, 3, 3], [2, 3, 3]]) / 3,
        "The rows of the fold must not be among the training columns.",
    ),
    "what you get when the rest is tested on the fold": (
        np.array([[2, 5, 5], [2, 2, 2]]) / 6,
        "Turn it round: the fold holds the questions, the rest holds the neighbours.",
    ),
    "what you get with the labels of other rows": (
        np.array([[3, 2, 3], [3, 1, 1]]) / 3,
        "The columns are now those of the rest: use the labels of the rest only.",
    ),
    "the error rate, not the accuracy": (1 - expected, "Count the right answers."),
    "the mean over the folds": (
        expected.mean(axis=1), "Return the whole table; the mean comes later.",
    ),
    "the number of right answers": (
        3 * expected, "An accuracy is a share: divide by the size of the fold.",
    ),
    "the number of right answers, divided by all rows": (
        expected / 3, "Divide by the size of the fold.",
    ),
    "accuracies in per cent": (100 * expected, "A share lies between 0 and 1."),
}
name = "cross_validate on 9 rows, 3 folds, k = 1 and 5"
got = limits.keeps_input(cross_validate, distances, labels, folds, ks)
checks.array(got, expected, name, mistakes)
name = "cross_validate with the ks the other way round, k = 5 and 1"
checks.array(cross_validate(distances, labels, folds, [5, 1]), expected[::-1], name)

# %% nbgrader={"grade": true, "grade_id": "cross_validate_self_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Twelve pairs of twins. The nearest image of each is its twin, which is of
# the other class: k = 1 is always wrong.
positions = np.repeat(np.arange(12) * 100.0, 2) + np.tile([0.0, 1.0], 12)
distances = np.abs(positions[:, None] - positions)
labels = np.tile([0, 1], 12)
folds = [np.arange(start, 24, 4) for start in range(4)]
mistakes = {
    "what you get when every image finds itself": (
        [[1, 1, 1, 1]], "The rows of the fold must not be among the training columns.",
    ),
}
name = "cross_validate of twins, k = 1"
checks.array(cross_validate(distances, labels, folds, [1]), np.zeros((1, 4)), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "cross_validate_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of cross_validate run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(41)
for n, sizes, ks in [
    (30, [11, 12, 7], [1, 3, 7, 11]),
    (25, [5, 5, 5, 5, 5], [9, 2]),
    (20, [13, 7], [4, 1, 6]),
]:
    distances = rng.integers(1, 30, size=(n, n)).astype(float)
    distances = np.triu(distances, 1) + np.triu(distances, 1).T
    labels = rng.integers(0, 4, size=n) * 2
    order = rng.permutation(n)
    folds = np.split(order, np.cumsum(sizes)[:-1])
    expected = np.zeros((len(ks), len(folds)))
    for j, fold in enumerate(folds):
        others = sorted(set(range(n)) - set(fold.tolist()))
        for i, k in enumerate(ks):
            right = 0
            for row in fold:
                nearest = sorted(
                    others, key=lambda other: distances[row, other]
                )[:k]
                voters = [int(labels[other]) for other in nearest]
                winner = max(
                    voters,
                    key=lambda label: (
                        voters.count(label),
                        -voters.index(label),
                    ),
                )
                right += winner == labels[row]
            expected[i, j] = right / len(fold)
    name = f"cross_validate of {n} rows, folds of {sizes} rows in any order, ks = {ks}"
    got = limits.keeps_input(
        cross_validate, distances, labels, list(folds), ks
    )
    checks.array(got, expected, name)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "final_score_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **c) One look at the test set (1 point).** Now choose: the `k` with the
# highest *mean* accuracy over the folds (of equal means, the first in `ks`).
# Only then look at the test images, once, with this `k`; `course_predict`
# votes again. Whoever tries several `k` on the test images and reports the
# best has used them for training, and reports a number that the next image
# will not keep.

# %% nbgrader={"grade": false, "grade_id": "final_score", "locked": false, "schema_version": 3, "solution": true, "task": false}
def final_score(accuracies, ks, test_distances, train_labels, test_labels):
    """Choose k by cross-validation, then measure the test accuracy once.

    Parameters
    ----------
    accuracies : ndarray of float, shape (len(ks), number of folds)
        The table from `cross_validate`.
    ks : list of int
        The values of k that belong to its rows.
    test_distances : ndarray of float, shape (t, n)
        Distances from the test images to all training images.
    train_labels, test_labels : ndarray of int, shapes (n,) and (t,)
        Their classes.

    Returns
    -------
    k : int
        The chosen k.
    accuracy : float
        The share of right answers on the test set with this k.
    """
    ### BEGIN SOLUTION
    k = ks[int(np.argmax(np.mean(accuracies, axis=1)))]
    answers = course_predict(test_distances, train_labels, k)
    return k, float((answers == test_labels).mean())
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# The table has a row for each `k` and a column for each fold. Over which axis
# do you average, and what does `argmax` of the result tell you?
#
# ---
#
# `np.argmax` gives a *position*, and of equal values the first one; the `k`
# itself stands at that position in `ks`. Then call `course_predict` on the
# test distances once and return two things: `return k, accuracy`.
#
# ---
#
# A neighbouring problem: which of three shoes got the best average mark?
#
# ```python
# marks = np.array([[3, 4, 4], [5, 5, 3], [2, 5, 4]])  # a row for each shoe
# names = ["boot", "sandal", "slipper"]
# best = int(marks.mean(axis=1).argmax())
# print(names[best], marks[best].mean())
# ```

# %% nbgrader={"grade": true, "grade_id": "final_score_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
accuracies = np.array([
    [0.30, 0.30, 0.30, 0.30],
    [0.90, 0.10, 0.20, 0.20],
    [0.70, 0.45, 0.45, 0.28],
    [0.50, 0.50, 0.50, 0.10],
])
ks = [10, 1, 3, 6]
test_distances = np.tile(np.arange(1.0, 11.0), (10, 1))
train_labels = np.array([3, 1, 1, 0, 0, 0, 2, 2, 2, 2])
test_labels = np.array([0, 1, 0, 2, 3, 0, 1, 2, 1, 0])
inputs = accuracies, ks, test_distances, train_labels, test_labels
got = limits.keeps_input(final_score, *inputs)
assert isinstance(got, tuple | list) and len(got) == 2, (
    "final_score returns two things: return k, accuracy"
)
over = "Choose by the MEAN over the folds of each k, and by nothing else."
why = {
    10: f"That is the k whose worst fold is best. {over}",
    1: f"That is the k with the best single fold. {over}",
    6: f"That k has the best median, or the best TEST accuracy. {over}",
    2: "That is the position in `ks`: return the k that stands there.",
}
hint = why.get(got[0], over) if isinstance(got[0], int | np.integer) else ""
checks.equal(got[0], 3, "the k that final_score chooses", hint)
share = "It is that of the chosen k on the test images"
mistakes = {
    "the best of all k": (0.4, f"{share}, and the others are not even tried."),
    "the mean over the folds": (0.47, f"{share}."),
    "the number of right answers": (3, f"{share}, as a share."),
    "the accuracy in per cent": (30, f"{share}, as a share between 0 and 1."),
    "the error rate": (0.7, f"{share}: count the right answers."),
}
checks.array(got[1], 0.3, "the test accuracy of final_score", mistakes)
table = np.array([[0.25, 0.25], [0.375, 0.375], [0.25, 0.5], [0.125, 0.25]])
got = final_score(table, [3, 10, 6, 1], test_distances, train_labels, test_labels)
hint = "Two means are equal, and the first in `ks` counts."
checks.equal(got[0], 10, "of two equal means, the k that final_score chooses", hint)

# %% nbgrader={"grade": true, "grade_id": "final_score_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of final_score run here after you hand in.
### BEGIN HIDDEN TESTS
cases = [
    ([[0.25, 0.5], [0.375, 0.375], [0.125, 0.25]], [7, 3, 1], 7),
    ([[0.1] * 5, [0.2] * 5, [0.3] * 5], [1, 2, 4], 4),
    ([[0.4, 0.4, 0.4, 0.4, 0.4], [0.2, 0.5, 0.5, 0.5, 0.2], [0.45, 0.4, 0.4, 0.4, 0.4]], [9, 5, 3], 3),
    ([[0.75, 0.25, 0.25], [0.5, 0.5, 0.125], [0.375, 0.375, 0.375]], [2, 8, 1], 2),
    ([[0.1, 0.2], [0.5, 0.4], [0.4, 0.4], [0.2, 0.1]], [9, 3, 5, 2], 3),
    ([[0.1, 0.2], [0.3, 0.4], [0.2, 0.2], [0.5, 0.6]], [1, 9, 4, 7], 7),
]
rng = np.random.default_rng(43)
for table, ks, chosen in cases:
    test_distances = rng.integers(0, 9, size=(20, 15)).astype(float)
    train_labels = rng.permutation(np.repeat([0, 5, 2], 5))
    test_labels = rng.permutation(np.arange(20) % 3 * 2)
    right = 0
    for row, label in zip(test_distances.tolist(), test_labels.tolist(), strict=True):
        voters = [int(train_labels[j]) for j in sorted(range(15), key=row.__getitem__)[:chosen]]
        right += max(voters, key=lambda one: (voters.count(one), -voters.index(one))) == label
    table = np.array(table)
    got = limits.keeps_input(final_score, table, ks, test_distances, train_labels, test_labels)
    hint = "The mean over the folds decides; of equal means, the first."
    checks.equal(got[0], chosen, "the k that final_score chooses", hint)
    checks.array(got[1], right / 20, "the test accuracy of final_score with the chosen k")
### END HIDDEN TESTS

# %% [markdown]
# The whole protocol on real images: five folds, eight values of k, one look
# at the test set. The band shows how much the folds disagree. Is the
# difference between neighbouring k larger than that?

# %%
many_ks = [1, 3, 5, 7, 9, 15, 25, 45]
five_folds = make_folds(data.train.labels, 5, seed=0)
test_rows = data.test.images.reshape(len(data.test), -1)

pixel_distances = distances_no_loop(train_rows, train_rows)
pixel_table = np.asarray(
    cross_validate(pixel_distances, data.train.labels, five_folds, many_ks)
)
test_distances = distances_no_loop(test_rows, train_rows)
pixel_k, pixel_accuracy = final_score(
    pixel_table, many_ks, test_distances, data.train.labels, data.test.labels
)
plots.curves(
    many_ks,
    {"pixels": (pixel_table.mean(axis=1), pixel_table.std(axis=1))},
    xlabel="k, number of neighbours",
    ylabel="accuracy",
    log_x=True,
    title="Cross-validation on pixels: mean and standard deviation of 5 folds",
)
print(
    f"chosen k = {pixel_k}; accuracy on {len(data.test)} test images: "
    f"{pixel_accuracy:.1%}"
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "honest_report_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **d) Somebody's program (1 point).** A colleague classifies wines by 13
# chemical measurements. One of them runs to a thousand, another never leaves
# 0 to 1, so she *standardises* them: subtract the mean of each measurement,
# divide by its standard deviation. Her program looks tidy, and its accuracy
# is too good: information about the test set has leaked into it. Run the next
# cell, read it slowly and find the **two** mistakes.

# %% nbgrader={"grade": false, "grade_id": "colleagues_report", "locked": true, "schema_version": 3, "solution": false, "task": false}
def colleagues_report(train, train_labels, validation, validation_labels,
                      test, test_labels, ks):
    """Standardise the measurements, choose k, and say how good it is."""
    everything = np.concatenate([train, validation, test])
    centre, spread = everything.mean(axis=0), everything.std(axis=0)
    train, test = (train - centre) / spread, (test - centre) / spread
    best_k, best_accuracy = None, 0.0
    for k in ks:
        answers = course_predict(cdist(test, train), train_labels, k)
        accuracy = float((answers == test_labels).mean())
        if accuracy > best_accuracy:
            best_k, best_accuracy = k, accuracy
    return best_k, best_accuracy

# %% [markdown] nbgrader={"grade": false, "grade_id": "honest_report_task", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Write `honest_report`, her program without the mistakes:
#
# - The mean and the standard deviation are those of the **training rows**
#   (for each measurement), and all three parts are standardised with them.
# - The `k` with the highest accuracy on the **validation rows** is chosen (of
#   equal accuracies the first in `ks`).
# - The test rows are asked once, with that `k`. Neighbours are always the
#   training rows alone.

# %% nbgrader={"grade": false, "grade_id": "honest_report", "locked": false, "schema_version": 3, "solution": true, "task": false}
def honest_report(
    train, train_labels, validation, validation_labels, test, test_labels, ks
):
    """Standardise, choose k on the validation rows, test once.

    Parameters
    ----------
    train, validation, test : ndarray of float, shape (rows, measurements)
        No measurement is the same in all training rows.
    train_labels, validation_labels, test_labels : ndarray of int
        Their classes.
    ks : list of int
        The values of k to try.

    Returns
    -------
    k : int
        The chosen k.
    accuracy : float
        The share of right answers on the test rows with this k.
    """
    ### BEGIN SOLUTION
    centre, spread = train.mean(axis=0), train.std(axis=0)
    train, validation, test = (
        (rows - centre) / spread for rows in (train, validation, test)
    )
    to_validation = cdist(validation, train)
    accuracies = [
        (
            course_predict(to_validation, train_labels, k) == validation_labels
        ).mean()
        for k in ks
    ]
    k = ks[int(np.argmax(accuracies))]
    answers = course_predict(cdist(test, train), train_labels, k)
    return k, float((answers == test_labels).mean())
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# For every line of her program, ask: could it have been run before the test
# rows were measured? Two of them could not.
#
# ---
#
# `train.mean(axis=0)` and `train.std(axis=0)` know the training rows alone;
# use them for all three parts. In the loop over `ks`, only the validation
# rows may be asked. After the loop comes one call for the test rows.
#
# ---
#
# A neighbouring problem: a shop scales its ratings to 0..1 and scales
# tomorrow's in the same way, though it has not seen them.
#
# ```python
# today, tomorrow = np.array([2.0, 4.0, 8.0]), np.array([1.0, 9.0])
# low, high = today.min(), today.max()  # nothing of tomorrow is in these
# for day in (today, tomorrow):
#     print((day - low) / (high - low))
# ```

# %% nbgrader={"grade": true, "grade_id": "honest_report_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(435)
parts = []
for n, shift in [
    (24, 0),
    (12, 1),
    (10, 2),
]:  # the parts come from different years
    labels = rng.integers(0, 3, n)
    measured = [
        labels * 1.5 + rng.normal(size=n) + shift,
        40 * rng.normal(size=n) + 8 * labels,
        rng.normal(size=n) * 0.3 + 0.2 * labels,
    ]
    parts += [np.stack(measured, axis=1).round(1), labels]
got = limits.keeps_input(honest_report, *parts, [5, 1, 9, 3])
assert isinstance(got, tuple | list) and len(got) == 2, (
    "honest_report returns two things: return k, accuracy"
)
leak = "Mean and spread are those of the training rows alone."
k_advice = (
    "The validation rows choose k; the test rows are asked afterwards, once."
)
why = {
    (
        5,
        0.5,
    ): f"Do the validation or test rows take part in the standardising? {leak}",
    (3, 0.7): k_advice,
    (5, 0.7): k_advice,
    (5, 0.8): f"Is each part standardised with numbers of its own? {leak}",
    (1, 0.5): "Is there a mean and a spread for each measurement, axis=0?",
    (5, 0.6667): "That is the accuracy on the validation rows.",
    (5, 0.3): "Neighbours are the training rows alone, to the end.",
    (1, 0.4): "Is k chosen on the training rows, which find themselves?",
    (9, 0.3): "Of equal accuracies, the first k counts.",
    (
        5,
        0.2,
    ): f"Are all parts standardised with the numbers of the test rows? {leak}",
}
try:
    found = (int(got[0]), round(float(got[1]), 4))
except (TypeError, ValueError):
    found = None
hint = why.get(found, "Go through the three rules above one by one.")
checks.equal(got[0], 5, "the k that honest_report chooses", hint)
assert abs(got[1] - 0.4) < 1e-6, (
    f"the accuracy is {got[1]}, expected 0.4. {hint}"
)

# %% nbgrader={"grade": true, "grade_id": "honest_report_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of honest_report run here after you hand in.
### BEGIN HIDDEN TESTS


def share(rows, labels, k, train, train_labels, spread):
    """The accuracy, slowly."""
    right = 0
    for row, label in zip(rows, labels, strict=True):
        away = [
            float((((row - other) / spread) ** 2).sum()) for other in train
        ]
        voters = [
            int(train_labels[j])
            for j in sorted(range(len(away)), key=away.__getitem__)[:k]
        ]
        right += (
            max(
                voters, key=lambda one: (voters.count(one), -voters.index(one))
            )
            == label
        )
    return right / len(labels)


rng = np.random.default_rng(44)
for sizes, classes, ks in [
    ((30, 15, 20), 3, [1, 3, 7, 15]),
    ((18, 25, 16), 2, [9, 4, 2]),
    ((40, 9, 25), 4, [6, 5]),
    ((30, 40, 20), 2, [1, 4, 2, 11]),
    ((25, 30, 30), 3, [13, 2, 8, 5]),
] * 4:
    parts = []
    for n in sizes:
        labels = rng.integers(0, classes, n)
        scale = np.array([1.0, 300.0, 0.02])
        parts += [
            (
                rng.normal(size=(n, 3))
                + labels[:, None] * [1.2, 0.3, 0.8]
                + rng.normal()
            )
            * scale,
            labels,
        ]
    train, train_labels, validation, validation_labels, test, test_labels = (
        parts
    )
    memory = train, train_labels, np.std(train, axis=0)
    scores = [share(validation, validation_labels, k, *memory) for k in ks]
    chosen = ks[scores.index(max(scores))]
    got = limits.keeps_input(honest_report, *parts, ks)
    checks.equal(
        got[0],
        chosen,
        "the k that honest_report chooses",
        "By the validation rows alone.",
    )
    name = f"the test accuracy of honest_report with k = {chosen}"
    checks.array(got[1], share(test, test_labels, chosen, *memory), name)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_report_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **e) Your judgement (2 points).** The next cell computes a table with the
# course's own search, so everybody sees the same numbers: five folds of 1,200
# training images, and what 500 test images say. A colleague reads it and
# writes:
#
# > Cross-validation prefers k = 5. But on the test images k = 25 is two
# > points better. So 25 neighbours are better than 5, and our classifier
# > recognises 26.6 % of new images.

# %% nbgrader={"grade": false, "grade_id": "judge_report_table", "locked": true, "schema_version": 3, "solution": false, "task": false}
judged_ks = [1, 3, 5, 9, 16, 25, 50]
shuffled = np.random.default_rng(0).permutation(len(data.train))
shares = np.zeros((len(judged_ks), 5))
for j, fold in enumerate(np.array_split(shuffled, 5)):
    rest = np.setdiff1d(np.arange(len(data.train)), fold)
    found, _ = knn.nearest(
        data.train.images[rest], data.train.images[fold], k=50
    )
    for i, k in enumerate(judged_ks):
        voted = knn.vote(data.train.labels[rest][found[:, :k]], 10)
        shares[i, j] = (voted == data.train.labels[fold]).mean()
found, _ = knn.nearest(data.train.images, data.test.images, k=50)
print("  k   mean of 5 folds   standard deviation   500 test images")
for i, k in enumerate(judged_ks):
    voted = knn.vote(data.train.labels[found[:, :k]], 10)
    on_test = (voted == data.test.labels).mean()
    print(
        f"{k:3}   {shares[i].mean():15.1%}   {shares[i].std(ddof=1):18.1%}   "
        f"{on_test:15.1%}"
    )

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_report_task", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Judge the report in **three sentences**. Is 26.6 % what new images will
# give, and why (not)? Does the table show that 25 neighbours are better than
# 5? And what would you report instead? (An accuracy near 25 %, measured on
# 500 images, has a standard error of about 1.9 points. A person reads your
# answer; numbers from the table make it stronger.)

# %% [markdown] nbgrader={"grade": true, "grade_id": "judge_report", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# 26.6 % is the best of seven numbers, and the test images have picked it: they
# have been used to choose k, so the number is too good, and other images will
# most likely give less. The table does not show that 25 is better than 5: two
# points on 500 images are ten images, about one standard error (1.9 points),
# and the folds, which differ by 2.6 to 4 points among themselves, even put 5
# first. I would report what was decided before the test images were looked
# at, k = 5 with 24.6 % (give or take 2 points or more), and add that all k
# from 5 to 50 do about equally well.
#
# **Rubric**
#
# | points | the answer |
# |---|---|
# | 0 | agrees with the report, or rejects it without a reason that fits (such as "k = 25 is too large") |
# | 1 | gives one of the two reasons correctly: the test images chose k, so 26.6 % is too good; or two points lie within the chance of 500 images or of the folds. Or it names both without reference to the table or to what follows for the report |
# | 2 | gives both reasons, each in its own words and at least one with numbers from the table, and says what may be reported: k = 5 with 24.6 %, with its uncertainty or with the remark that the k are about equally good |
# ### END SOLUTION

# %% [markdown] tags=["hints"]
# Three questions, three sentences. Who has chosen the 25? How many images are
# two points of 500? Which number was fixed before anybody looked at the test
# images?
#
# ---
#
# Compare the difference of two rows with the standard deviation of the folds
# and with the standard error. And recall what the lecture said about the best
# of a thousand guessers, on the images that selected it and on fresh ones.

# %% [markdown] nbgrader={"grade": false, "grade_id": "gradient_histogram_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (4 points): a feature that beats pixels
#
# Pixels are poor company. Make an image a little brighter and every number in
# it changes, though you still see the same cat. What your eye goes by are
# **edges**: where brightness changes, and in which direction. So let us
# describe an image by its edges:
#
# 1. Make it grey: the mean over the channels, as floats.
# 2. Take the slope of the brightness at each pixel, downwards and to the
#    right: for a stack of images of shape `(n, height, width)`,
#    `np.gradient(grey, axis=(1, 2))` gives both, in this order.
# 3. The slope is an arrow. Its **length** says how strong the edge is; its
#    **angle**, `np.arctan2(down, right)` on the full circle, says in which
#    direction it gets brighter. Sort the angles into `bins`: bin `b` takes
#    the angles that are nearest to `b * 2 * pi / bins`. With 8 bins: bin 0 =
#    brighter to the right, 2 = brighter downwards, 4 = to the left, 6 =
#    upwards. (Round, then take the remainder, so that an angle just below a
#    full circle goes to bin 0.)
# 4. Cut the image into `cells` x `cells` squares. In each, add up the
#    *lengths* of the arrows of each bin: a small histogram of directions.
#    What happens where in a cell no longer matters, so small shifts do little
#    harm.
# 5. String the histograms together, the cells line by line, and divide by the
#    length (L2 norm) of the whole vector, so that contrast does not matter
#    either. An image without any edge stays all zeros.
#
# This is a simplified histogram of oriented gradients (HOG; Dalal and Triggs,
# 2005), for years the best that anybody had for finding pedestrians. (The
# lecture's own HOG uses half a circle and overlapping blocks.)

# %% nbgrader={"grade": false, "grade_id": "gradient_histogram", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient_histogram(images, cells=4, bins=8):
    """Describe images by histograms of the direction of their edges.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, channels)
        Height and width are multiples of `cells`.
    cells : int
        The image is cut into cells x cells squares.
    bins : int
        Number of directions.

    Returns
    -------
    ndarray of float, shape (n, cells * cells * bins)
        A row per image, of length 1 (all zeros for an image without edges).
        Reshaped to (n, cells, cells, bins), entry [i, y, x, b] is the
        strength of direction b in the cell in line y, column x, of image i.
    """
    ### BEGIN SOLUTION
    grey = images.astype(np.float64).mean(axis=3)
    down, right = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, right)
    direction = (
        np.round(np.arctan2(down, right) / (2 * np.pi) * bins).astype(int)
        % bins
    )
    n, height, width = grey.shape
    histograms = np.zeros((n, cells, cells, bins))
    for b in range(bins):
        arrows = np.where(direction == b, strength, 0)
        blocks = arrows.reshape(
            n, cells, height // cells, cells, width // cells
        )
        histograms[..., b] = blocks.sum(axis=(2, 4))
    features = histograms.reshape(n, -1)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(lengths > 0, lengths, 1)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Do not write it all at once. Make one small image whose answer you know,
# such as a bright right half, and print the result of every step of the list.
#
# ---
#
# `np.hypot(down, right)` is the length and `np.arctan2(down, right)` the
# angle. Divide the angle by the width of a bin, round, and take the remainder
# `% bins`. For each bin, keep the lengths of its arrows (`np.where`, 0
# elsewhere), reshape to `(n, cells, rows, cells, columns)` and sum over rows
# and columns.
#
# ---
#
# A neighbouring problem: cut one picture of 4 x 6 pixels into 2 x 2 blocks
# and add up each block; then give the result the length 1.
#
# ```python
# picture = np.arange(24.0).reshape(4, 6)
# sums = picture.reshape(2, 2, 2, 3).sum(axis=(1, 3))  # 2 rows, 3 columns each
# print(sums)
# vector = sums.ravel()
# print(vector / np.sqrt(vector @ vector))
# ```

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_shape_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images = np.random.default_rng(5).integers(
    0, 256, size=(3, 32, 32, 3), dtype=np.uint8
)
got = np.asarray(limits.keeps_input(gradient_histogram, images))
hint = "4 x 4 cells with 8 bins each, a row per image."
checks.equal(
    got.shape, (3, 128), "the shape of gradient_histogram(images)", hint
)
got = np.asarray(gradient_histogram(images, cells=2, bins=6))
checks.equal(got.shape, (3, 24), "the shape with cells=2, bins=6")
kind = "Lengths are floats and never below 0: np.hypot."
assert got.dtype.kind == "f" and (got >= 0).all(), kind
mean = "Two images have the same feature: is a mean taken over the images?"
assert not np.allclose(got[0], got[1]), mean

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_direction_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
edge = np.zeros((32, 32, 3), dtype=np.uint8)
edge[:, 16:] = 200
views = {
    "to the right": edge,
    "downwards": edge.transpose(1, 0, 2),
    "to the left": edge[:, ::-1],
    "upwards": edge[:, ::-1].transpose(1, 0, 2),
}
got = np.asarray(gradient_histogram(np.stack(list(views.values()))))
got = got.reshape(4, 16, 8).sum(axis=1)
opposite = (
    "Opposite directions share a bin: use the full circle, and floats "
    "(uint8 cannot go below 0)."
)
hints = {  # (the right bin, the one found): why
    (4, 0): opposite,
    (6, 2): opposite,
    (0, 2): "Are `down` and `right` the wrong way round?",
    (2, 6): "Up and down are swapped: y grows downwards in images.",
    (2, 4): "The bins share out the full circle, 2 pi, not half of it.",
    (
        2,
        0,
    ): "Flat parts have an arrow of length 0: add up lengths, do not count pixels.",
}
for i, (where, right_bin) in enumerate(zip(views, (0, 2, 4, 6), strict=True)):
    found, share = int(got[i].argmax()), got[i, right_bin] / got[i].sum()
    hint = hints.get(
        (right_bin, found),
        "Print the angles of a small image and compare them with step 3.",
    )
    name = f"the strongest bin of an edge that gets brighter {where}"
    checks.equal(found, right_bin, name, hint)
    assert share > 0.95, (
        f"Only {share:.0%} of an edge brighter {where} is in bin {right_bin}. {hint}"
    )
y, x = np.mgrid[:32, :32]
for degrees, nearest in [
    (20, 0),
    (25, 1),
    (-20, 0),
    (-25, 7),
    (155, 3),
    (160, 4),
    (200, 4),
    (250, 6),
]:
    angle = np.deg2rad(degrees)
    ramp = 128 + 4 * (np.cos(angle) * (x - 15.5) + np.sin(angle) * (y - 15.5))
    image = np.repeat(
        np.round(ramp).astype(np.uint8)[None, :, :, None], 3, axis=3
    )
    found = (
        np.asarray(gradient_histogram(image))
        .reshape(16, 8)
        .sum(axis=0)
        .argmax()
    )
    name = (
        f"the strongest bin of a ramp that gets brighter at {degrees} degrees"
    )
    hint = (
        "The bin whose angle is NEAREST: round, do not cut off (full circle?)."
    )
    checks.equal(int(found), nearest, name, hint)

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_cells_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
spot = np.full((2, 32, 64, 3), 90, dtype=np.uint8)
spot[0, 3:5, 38:41] = 250  # cell [0, 2]
spot[1, 11:13, 6:9] = 250  # cell [1, 0]
hint = (
    "Cells go line by line; a reshape cuts (n, height, width) into "
    "(n, cells, rows, cells, columns)."
)
for bins in (8, 6):
    got = np.asarray(gradient_histogram(spot, bins=bins))
    strength = got.reshape(2, 4, 4, bins).sum(axis=3)
    for i, (where, cell) in enumerate(
        [
            ("top, right of the middle", [0, 2]),
            ("left, above the middle", [1, 0]),
        ]
    ):
        found = [
            int(n) for n in np.unravel_index(strength[i].argmax(), (4, 4))
        ]
        assert found == cell, (
            f"A spot at the {where}: cell {found}, expected {cell}. {hint}"
        )
        alone = strength[i][tuple(cell)] > 0.99 * strength[i].sum()
        assert alone, (
            f"A spot inside one cell must leave the others at 0. {hint}"
        )

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_light_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
scene = np.random.default_rng(8).integers(
    20, 100, size=(2, 32, 32, 3), dtype=np.uint8
)
feature = np.asarray(gradient_histogram(scene))
lengths = np.linalg.norm(feature, axis=1)
assert np.allclose(lengths, 1, atol=1e-4), (
    f"The feature vectors have the lengths {lengths.round(3).tolist()}, expected "
    "1 and 1: divide each by its own L2 norm, as a whole."
)
name = "the feature with 100 added to every pixel"
checks.array(gradient_histogram(scene + 100), feature, name)
name = "the feature of twice the contrast (normalised?)"
checks.array(gradient_histogram(scene * 2), feature, name)
faint = np.full((1, 32, 32, 3), 77, dtype=np.uint8)
faint[0, 16, 16, 0] = 78
length = float(np.linalg.norm(gradient_histogram(faint)))
assert abs(length - 1) < 1e-4, (
    f"An image with one faint edge has a feature of length {length:.3g}, expected "
    "1: only the feature of an image without ANY edge stays as it is."
)
flat = np.full((2, 32, 32, 3), 77, dtype=np.uint8)
flat[1] = scene[1]
got = np.asarray(gradient_histogram(flat))
name = "the feature of an image without edges (nothing to divide by)"
checks.array(got[0], np.zeros(128), name)
checks.array(
    got[1], feature[1], "the feature of an image behind one without edges"
)

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_colour_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# A small coloured image, 2 x 2 cells and 3 bins: every rule of the list counts.
image = np.random.default_rng(170).integers(0, 256, size=(1, 4, 6, 3), dtype=np.uint8)
expected = np.array([[0.22350, 0.11793, 0.63440, 0.17556, 0.45510, 0.23114,
                      0.22882, 0.15155, 0.19465, 0.27423, 0.04364, 0.22787]])
step_1 = "Step 1: grey is the MEAN over the channels."
step_4 = "Step 4: add up the lengths of the arrows, as they are."
mistakes = {
    "what the first channel alone gives": (
        [[0.206, 0, 0.5157, 0.2845, 0, 0.6586,
          0.0862, 0.1047, 0.0911, 0.3224, 0, 0.2153]],
        step_1,
    ),
    "what the brightest channel gives": (
        [[0.2542, 0.0586, 0.64, 0.2569, 0.0564, 0.2297,
          0.3436, 0.3462, 0.2624, 0.2423, 0.1158, 0.1468]],
        step_1,
    ),
    "what the luminance of television gives": (
        [[0.2279, 0.1299, 0.5836, 0.2038, 0.4268, 0.1442,
          0.0493, 0.0264, 0.3721, 0.431, 0.0729, 0.1157]],
        step_1,
    ),
    "what the squares of the lengths give": (
        [[0.2691, 0.0749, 0.6791, 0.1336, 0.5677, 0.1486,
          0.1615, 0.0699, 0.1216, 0.1675, 0.0102, 0.1571]],
        step_4,
    ),
    "what the roots of the lengths give": (
        [[0.1828, 0.1327, 0.5929, 0.2066, 0.3681, 0.2617,
          0.2566, 0.2093, 0.2351, 0.3367, 0.0807, 0.2568]],
        step_4,
    ),
    "what |down| + |right| gives": (
        [[0.2409, 0.1048, 0.6571, 0.1666, 0.3891, 0.2439,
          0.2515, 0.1443, 0.2017, 0.2888, 0.0363, 0.226]],
        "Step 3: the length of an arrow is that of Pythagoras, np.hypot.",
    ),
    "what you get when each cell is normalised by itself": (
        [[0.3272, 0.1727, 0.929, 0.3253, 0.8432, 0.4281,
          0.68, 0.4505, 0.5785, 0.7634, 0.1212, 0.6344]],
        "Step 5: divide the whole vector by its length, once.",
    ),
    "what differences to one side give": (
        [[0.3199, 0.0708, 0.6302, 0.2407, 0.2721, 0.4539,
          0.257, 0.0383, 0.1866, 0.2032, 0.0138, 0.1169]],
        "Step 2: np.gradient looks to both sides.",
    ),
    "what you get without slopes at the border": (
        [[0.1112, 0, 0.5845, 0.3987, 0.0515, 0.1325,
          0.376, 0.0398, 0.3915, 0.0975, 0.1977, 0.3493]],
        "Step 2: np.gradient has a slope for the pixels at the border, too.",
    ),
    "what you get when the angles are cut off": (
        [[0.1175, 0.3531, 0.5017, 0.197, 0.2565, 0.4052,
          0, 0.2058, 0.3673, 0.1826, 0, 0.3611]],
        "Step 3: the bin whose angle is nearest. Round.",
    ),
    "what 8 bins in the angle give, whatever `bins` says": (
        [[0, 0, 0.3356, 0.4448, 0, 0.5628,
          0.202, 0, 0, 0.4676, 0.313, 0.124]],
        "Step 3: divide the circle by `bins`.",
    ),
}
got = gradient_histogram(image, cells=2, bins=3)
name = "a coloured image of 4 x 6 pixels, gradient_histogram(image, cells=2, bins=3)"
checks.array(got, expected, name, mistakes, atol=2e-4)

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks of gradient_histogram run here after you hand in.
### BEGIN HIDDEN TESTS
# A second implementation, pixel by pixel. (These images have no angle that lies
# between two bins.)
for shape, cells, bins, seed in [
    ((3, 16, 24, 3), 4, 6, 102),
    ((2, 28, 28, 1), 7, 8, 102),
    ((3, 12, 20, 2), 2, 5, 102),
    ((2, 18, 12, 3), 3, 12, 104),
    ((1, 32, 32, 3), 4, 16, 100),
]:
    images = np.random.default_rng(seed).integers(
        0, 256, size=shape, dtype=np.uint8
    )
    if len(images) == 3:
        images[1] = 9  # an image without edges among the others
    expected = np.zeros((len(images), cells, cells, bins))
    high, wide = shape[1], shape[2]
    for i, image in enumerate(images.astype(float)):
        grey = image.sum(axis=2) / shape[3]
        for y in range(high):
            for x in range(wide):
                above, below = max(y - 1, 0), min(y + 1, high - 1)
                before, behind = max(x - 1, 0), min(x + 1, wide - 1)
                down = (grey[below, x] - grey[above, x]) / (below - above)
                right = (grey[y, behind] - grey[y, before]) / (behind - before)
                turn = np.degrees(np.arctan2(down, right)) % 360
                away = [
                    min(
                        abs(turn - 360 * b / bins),
                        360 - abs(turn - 360 * b / bins),
                    )
                    for b in range(bins)
                ]
                cell = y * cells // high, x * cells // wide
                expected[i][cell][int(np.argmin(away))] += (
                    down**2 + right**2
                ) ** 0.5
        total = (expected[i] ** 2).sum() ** 0.5
        expected[i] /= total if total else 1
    got = limits.keeps_input(
        gradient_histogram, images, cells=cells, bins=bins
    )
    name = f"gradient_histogram of images of shape {shape}, cells={cells}, bins={bins}"
    checks.array(got, expected.reshape(len(images), -1), name, atol=1e-6)
    if bins == 8:
        got = gradient_histogram(images, cells)
        checks.array(
            got,
            expected.reshape(len(images), -1),
            f"{name} by default",
            atol=1e-6,
        )
    if cells == 4:
        got = gradient_histogram(images, bins=bins)
        checks.array(
            got,
            expected.reshape(len(images), -1),
            f"{name} by default",
            atol=1e-6,
        )
### END HIDDEN TESTS

# %% [markdown]
# The moment of truth: the same images, the same classifier, the same k = 9,
# once on pixels and once on your feature. There is no luck in it; the answer
# is the same on every computer. (The course's own nearest-neighbour search is
# used here, so this point does not depend on your earlier answers.)

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_beats_pixels_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
def accuracy_with(train_features, test_features):
    neighbours, _ = knn.nearest(train_features, test_features, k=9)
    answers = knn.vote(data.train.labels[neighbours], 10)
    return (answers == data.test.labels).mean()


on_pixels = accuracy_with(data.train.images, data.test.images)
on_feature = accuracy_with(
    gradient_histogram(data.train.images), gradient_histogram(data.test.images)
)
print(
    f"9 nearest neighbours on pixels: {on_pixels:.1%}    on your feature: {on_feature:.1%}"
)
gain = 100 * (on_feature - on_pixels)
assert gain >= 8, (
    "Your feature should beat pixels by at least 8 percentage points; the "
    f"difference is {gain:+.1f}. Solve the other checks of this question first."
)

# %% [markdown]
# And with the honest protocol of question 4, on everything that you built yourself. Compare the two curves:
# which is higher, and does the same k suit both? Then look at what the feature takes for similar. (That
# query was picked because it shows the difference. Edges are fooled too: change `chosen` in question 1.)

# %%
train_features, test_features = (
    gradient_histogram(data.train.images),
    gradient_histogram(data.test.images),
)
feature_distances = distances_no_loop(train_features, train_features)
feature_table = np.asarray(
    cross_validate(feature_distances, data.train.labels, five_folds, many_ks)
)
test_distances = distances_no_loop(test_features, train_features)
feature_k, feature_accuracy = final_score(
    feature_table, many_ks, test_distances, data.train.labels, data.test.labels
)
plots.curves(
    many_ks,
    {
        "edge directions": (
            feature_table.mean(axis=1),
            feature_table.std(axis=1),
        ),
        "pixels": (pixel_table.mean(axis=1), pixel_table.std(axis=1)),
    },
    xlabel="k, number of neighbours",
    ylabel="accuracy",
    log_x=True,
    title="Cross-validation: mean and standard deviation of 5 folds",
)
print(
    f"pixels:          k = {pixel_k:2}, {pixel_accuracy:.1%} of the test "
    "images right"
)
print(
    f"edge directions: k = {feature_k:2}, {feature_accuracy:.1%} of the test "
    "images right"
)

# %%
query_feature = gradient_histogram(query[None])
by_feature = np.argsort(
    distances_no_loop(query_feature, train_features)[0], kind="stable"
)[:4]
by_pixels = np.argsort(
    distances_no_loop(query.reshape(1, -1), train_rows)[0], kind="stable"
)[:4]
plots.image_grid(
    np.concatenate(
        [
            [query],
            data.train.images[by_pixels],
            [query],
            data.train.images[by_feature],
        ]
    ),
    ["query", *(data.class_names[data.train.labels[i]] for i in by_pixels)]
    + ["query", *(data.class_names[data.train.labels[i]] for i in by_feature)],
    columns=5,
    title="The same query: nearest by pixels (top), nearest by edge "
    "directions (bottom)",
)

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
# You now have a test bench: a classifier without training, an honest protocol, and a first feature to beat.
# Some roads from here:
#
# - **Colour.** Edges forget that the sky is blue. Put a small colour histogram of each cell beside your
#   feature. How should the two be weighted? (Choose by cross-validation, of course.)
# - **More data.** `load("cifar10")` gets all 60,000 images. How does the accuracy grow with the number of
#   training images, for pixels and for your feature? Draw it with a logarithmic axis.
# - **Cells and bins.** You picked 4 x 4 cells and 8 bins because you were told to. Was that a good choice?
# - **Flips.** A cat seen in a mirror is a cat. Add the mirrored training images: does it help pixels,
#   edges, or both?
#
# Whatever you find: you designed that feature by thinking. From week 3 on, the network will find its own.

# %%
# Your experiments
