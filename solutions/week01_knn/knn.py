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
# You are going to build a complete image classifier from subtraction alone. It starts with the distance
# between two images and ends with a feature of your own making that recognises objects clearly better than
# raw pixels do, and you will be able to *prove* that it does.
#
# | question | you write | points |
# |---|---|---|
# | 1 | the distance between two images | 2 |
# | 2 | all distances at once, three ways | 4 |
# | 3 | the vote of the nearest neighbours | 4 |
# | 4 | the choice of k, honestly | 5 |
# | 5 | a feature that beats pixels | 5 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the check
# below it. A check that fails tells you what it saw and what to think about. When you hand in, further
# checks run on other numbers, so write for any input that fits the description. Only NumPy is needed.
#
# **Stuck?** `exercise.hint("2a")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# The whole notebook runs in a few seconds on any laptop: it uses a small, fixed sample of CIFAR-10 that
# comes with the course, the same for everybody.

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
first_of_each = [int(np.flatnonzero(data.train.labels == label)[0]) for label in range(10)]
plots.image_grid(data.train.images[first_of_each], data.class_names, title="One training image of each class")

# %% [markdown] nbgrader={"grade": false, "grade_id": "image_distance_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (2 points): how far apart are two images?
#
# An image is an array of numbers, so two images of the same size can be subtracted. What is left are the
# differences pixel by pixel, and a distance adds them up to one number:
#
# $$d_1(a, b) = \sum_i |a_i - b_i| \qquad\qquad d_2(a, b) = \sqrt{\sum_i (a_i - b_i)^2}$$
#
# Write `image_distance` for both. One warning, because it has cost many people an evening: images are
# stored as `uint8`, whole numbers from 0 to 255. What is `np.uint8(10) - np.uint8(56)`? Try it in a cell of
# your own.


# %% nbgrader={"grade": false, "grade_id": "image_distance", "locked": false, "schema_version": 3, "solution": true, "task": false}
def image_distance(a, b, metric="l2"):
    """Distance between two images.

    Parameters
    ----------
    a, b : ndarray of uint8 (or float), any shape, the same for both
        The images.
    metric : {"l1", "l2"}
        "l1" sums absolute differences; "l2" is the Euclidean distance.

    Returns
    -------
    float
    """
    ### BEGIN SOLUTION
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    if metric == "l1":
        return float(np.abs(difference).sum())
    return float(np.sqrt((difference**2).sum()))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Try the subtraction by itself first: what is `np.uint8(10) - np.uint8(56)`?
# In which type of number would you like to calculate?
#
# ---
#
# `.astype(float)` turns an image into floats before anything is subtracted.
# Then `np.abs`, `**`, `.sum()` and `np.sqrt` are all the formulas need. Do not
# forget to look at `metric`.
#
# ---
#
# A neighbouring problem: the *largest* difference between two recordings of
# sound, which are stored as `int8`.
#
# ```python
# one = np.array([100, -20, 5], dtype=np.int8)
# two = np.array([-100, -25, 5], dtype=np.int8)
# print(np.abs(one - two).max())  # wrong: 200 does not fit into int8
# gap = one.astype(float) - two.astype(float)
# print(float(np.abs(gap).max()))  # 200.0
# ```

# %% nbgrader={"grade": true, "grade_id": "image_distance_l1_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
a = np.array([[56, 32, 10, 18], [90, 23, 128, 133], [24, 26, 178, 200], [2, 0, 255, 220]], dtype=np.uint8)
b = np.array([[10, 20, 24, 17], [8, 10, 89, 100], [12, 16, 178, 170], [4, 32, 233, 112]], dtype=np.uint8)
uint8_advice = "10 - 24 is not 242: uint8 wraps around below 0. Convert to float BEFORE you subtract."
mistakes = {
    "what uint8 arithmetic makes of it": (1128, uint8_advice),
    "the sum of the signed differences": (360, "Positive and negative ones cancel: take absolute values."),
    "the mean, not the sum": (28.5, "The formula adds the differences up."),
    "the L2 distance": (162.11107, "Does the function look at `metric`?"),
}
checks.array(image_distance(a, b, metric="l1"), 456.0, 'image_distance(a, b, metric="l1")', mistakes)
checks.array(image_distance(b, a, metric="l1"), 456.0, "the other way round, image_distance(b, a)")
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(11)
for shape in [(32, 32, 3), (28, 28, 1), (5,)]:
    a, b = rng.integers(0, 256, size=(2, *shape), dtype=np.uint8)
    expected = float(np.abs(a.astype(float) - b).sum())
    checks.array(image_distance(a, b, metric="l1"), expected, f"the L1 distance of images of shape {shape}")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "image_distance_l2_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
a, b = np.array([[10, 20], [30, 40]], dtype=np.uint8), np.array([[13, 20], [26, 40]], dtype=np.uint8)
uint8_advice = "In uint8, 10 - 13 is 253 and 16 * 16 is 0. Convert to float BEFORE you subtract."
mistakes = {"what uint8 arithmetic makes of it": (253.0316186, uint8_advice)}
checks.array(image_distance(a, b, metric="l2"), 5.0, "differences of 3 and 4: image_distance", mistakes)

black, white = np.zeros((32, 32, 3), dtype=np.uint8), np.full((32, 32, 3), 255, dtype=np.uint8)
int16_advice = "255 * 255 = 65025 does not fit into int16. Calculate in float."
mistakes = {
    "what uint8 arithmetic makes of it": (3072**0.5, uint8_advice),
    "what int16 arithmetic makes of it": (float("nan"), int16_advice),
    "the L1 distance": (255.0 * 3072, "Without a metric, L2 is asked for."),
}
checks.array(image_distance(black, white), 255 * 3072**0.5, "black to white: image_distance", mistakes)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(12)
for shape in [(32, 32, 3), (28, 28, 1), (7,)]:
    a, b = rng.integers(0, 256, size=(2, *shape), dtype=np.uint8)
    expected = float(np.linalg.norm(a.astype(float).ravel() - b.ravel()))
    checks.array(image_distance(a, b, metric="l2"), expected, f"the L2 distance of images of shape {shape}")
    checks.array(image_distance(a / 255, b / 255), expected / 255, "the L2 distance of two float images")
### END HIDDEN TESTS

# %% [markdown]
# That is all it takes to *search* for images. Which training images are closest to a picture of our choice?
# Change `chosen` and look at a few. The distance knows nothing of frogs and ships: what does it go by?

# %%
chosen = 239
query = data.validation.images[chosen]
candidates = data.train.images[:400]
by_metric = {}
for metric in ("l1", "l2"):
    distances = np.array([image_distance(query, candidate, metric) for candidate in candidates])
    by_metric[metric] = np.argsort(distances)[:4]
plots.image_grid(
    np.concatenate([[query], candidates[by_metric["l1"]], [query], candidates[by_metric["l2"]]]),
    ["query", *(f"L1: {i}" for i in by_metric["l1"]), "query", *(f"L2: {i}" for i in by_metric["l2"])],
    columns=5,
    title="A validation image and the four nearest of 400 training images (with their row numbers)",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "distances_two_loops_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (4 points): all distances at once, three ways
#
# To classify many images we need the distance of every query image to every training image: a matrix with a
# row for each query and a column for each training image. Flatten each image to a row of numbers first;
# then `queries` has shape `(q, d)` and `train` has shape `(n, d)`. We stay with the L2 distance.
#
# **a) Two loops (1 point).** The plain way: for every query, for every training image, one distance.


# %% nbgrader={"grade": false, "grade_id": "distances_two_loops", "locked": false, "schema_version": 3, "solution": true, "task": false}
def distances_two_loops(queries, train):
    """L2 distances between all queries and all training rows, one pair at a time.

    Parameters
    ----------
    queries : ndarray of uint8 or float, shape (q, d)
    train : ndarray of uint8 or float, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (q, n)
        Entry [i, j] is the distance from query i to training row j.
    """
    ### BEGIN SOLUTION
    result = np.zeros((len(queries), len(train)))
    for i in range(len(queries)):
        for j in range(len(train)):
            result[i, j] = image_distance(queries[i], train[j], metric="l2")
    return result
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How large is the result, and which two numbers say where an entry stands in
# it? You already have a function for a single entry.
#
# ---
#
# Begin with `np.zeros((number of rows, number of columns))`. Let one loop run
# over the queries and one, inside it, over the training rows, and call
# `image_distance` in the innermost place.
#
# ---
#
# A neighbouring problem: a table of how many letters two words have in common.
#
# ```python
# words, others = ["net", "layer"], ["tensor", "relay", "bias"]
# shared = np.zeros((len(words), len(others)))
# for row, word in enumerate(words):
#     for column, other in enumerate(others):
#         shared[row, column] = len(set(word) & set(other))
# print(shared)
# ```

# %% nbgrader={"grade": true, "grade_id": "distances_two_loops_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
queries = np.array([[0, 0], [30, 40]], dtype=np.uint8)
train = np.array([[0, 0], [60, 80], [30, 0]], dtype=np.uint8)
expected = np.array([[0.0, 100.0, 30.0], [50.0, 50.0, 40.0]])
mistakes = {
    "a matrix of L1 distances": ([[0, 140, 30], [70, 70, 40]], "We stay with L2."),
    "what uint8 arithmetic makes of it": (
        np.sqrt([[0, 16, 132], [196, 196, 64]]),
        "Convert to float BEFORE you subtract, or use your image_distance.",
    ),
}
checks.array(distances_two_loops(queries, train), expected, "distances_two_loops(queries, train)", mistakes)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(21)
queries = rng.integers(0, 256, size=(4, 30), dtype=np.uint8)
train = rng.integers(0, 256, size=(7, 30), dtype=np.uint8)
expected = np.array([[np.linalg.norm(q.astype(float) - t) for t in train] for q in queries])
checks.array(distances_two_loops(queries, train), expected, "distances_two_loops of 4 queries and 7 rows")
checks.array(distances_two_loops(queries / 255, train / 255), expected / 255, "distances_two_loops of floats")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "distances_one_loop_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) One loop (1 point).** Subtract one query from *all* training rows in a single NumPy expression
# (broadcasting) and sum along the right axis: that fills a whole row of the matrix. No second loop, and no
# call of the function above.


# %% nbgrader={"grade": false, "grade_id": "distances_one_loop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def distances_one_loop(queries, train):
    """L2 distances between all queries and all training rows, one query at a time.

    Parameters and result are those of `distances_two_loops`.
    """
    ### BEGIN SOLUTION
    train = np.asarray(train, dtype=np.float64)
    result = np.zeros((len(queries), len(train)))
    for i, query in enumerate(queries):
        result[i] = np.sqrt(((train - query) ** 2).sum(axis=1))
    return result
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Write down the shapes: what does NumPy make of an array of shape `(n, d)`
# minus one of shape `(d,)`? Which axis has to go, so that `n` numbers are
# left?
#
# ---
#
# `train - query` subtracts the query from every row at once (broadcasting),
# and `.sum(axis=1)` adds up along each row. Convert to float before you
# subtract.
#
# ---
#
# A neighbouring problem: how far is each day's temperature profile from the
# usual one, on average?
#
# ```python
# days = np.array([[10, 14, 12], [11, 18, 13]])  # (2 days, 3 hours)
# usual = np.array([10, 15, 12])                 # (3 hours,)
# print(np.abs(days - usual).mean(axis=1))       # one number for each day
# ```

# %% nbgrader={"grade": true, "grade_id": "distances_one_loop_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
queries = np.array([[0, 0, 0], [30, 40, 0]], dtype=np.uint8)
train = np.array([[0, 0, 0], [60, 80, 0], [30, 0, 40]], dtype=np.uint8)
expected = np.array([[0.0, 100.0, 50.0], [50.0, 50.0, 3200**0.5]])
mistakes = {
    "a sum over the training rows": (
        np.sqrt([[4500, 6400, 1600], [1800, 4800, 1600]]),
        "Sum over the pixels: which axis of (n, d) is that?",
    ),
    "what uint8 arithmetic makes of it": (
        np.sqrt([[0, 16, 196], [196, 196, 128]]),
        "Convert to float BEFORE you subtract.",
    ),
}
checks.array(distances_one_loop(queries, train), expected, "distances_one_loop(queries, train)", mistakes)
others = ["distances_two_loops"]
limits.loops(distances_one_loop, 1, "distances_one_loop", without=others)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(22)
queries = rng.integers(0, 256, size=(3, 12), dtype=np.uint8)
train = rng.integers(0, 256, size=(12, 12), dtype=np.uint8)
expected = np.array([[np.linalg.norm(q.astype(float) - t) for t in train] for q in queries])
checks.array(distances_one_loop(queries, train), expected, "distances_one_loop of 3 queries and 12 rows")
checks.array(distances_one_loop(queries / 255, train / 255), expected / 255, "distances_one_loop of floats")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "distances_no_loop_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **c) No loop (2 points).** Broadcasting once more, to an array of shape `(q, n, d)`, would work for toys.
# For 10,000 test and 50,000 training images of CIFAR-10 that array would have 1.5 million million entries.
# The way out is school algebra:
#
# $$\lVert a - b \rVert^2 = \lVert a \rVert^2 + \lVert b \rVert^2 - 2\, a \cdot b$$
#
# The dot products of all pairs are *one* matrix product, `queries @ train.T`, which is the fastest thing
# that your computer can do. Never build an array with three axes.
#
# Two traps. `uint8` again, now in the squares and in the product. And rounding: for two (nearly) equal rows
# the three terms should cancel to 0, but floats may leave a tiny **negative** number, whose root is not a
# number. Calculate in `float64`; it also keeps the distance of equal rows close to 0.


# %% nbgrader={"grade": false, "grade_id": "distances_no_loop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def distances_no_loop(queries, train):
    """L2 distances between all queries and all training rows, by one matrix product.

    Parameters and result are those of `distances_two_loops`. The distance of equal rows is 0 up to
    rounding, never NaN.
    """
    ### BEGIN SOLUTION
    queries = np.asarray(queries, dtype=np.float64)
    train = np.asarray(train, dtype=np.float64)
    squared = (queries**2).sum(axis=1)[:, None] + (train**2).sum(axis=1) - 2 * queries @ train.T
    return np.sqrt(np.maximum(squared, 0))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# You need three terms. Which shape does each have, and how do they have to lie
# so that their sum has shape `(q, n)`?
#
# ---
#
# A sum of squares along axis 1 gives one number a row. `[:, None]` stands the
# numbers of the queries up as a column, those of `train` stay a line, and
# `queries @ train.T` is a matrix already. Convert both inputs to `float64`
# first, and let `np.maximum` deal with what rounding leaves below zero.
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

# %% nbgrader={"grade": true, "grade_id": "distances_no_loop_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
queries = np.array([[0, 0], [3, 4]], dtype=np.uint8)
train = np.array([[0, 0], [6, 8], [3, 0]], dtype=np.uint8)
expected = np.array([[0.0, 10.0, 3.0], [5.0, 5.0, 4.0]])
checks.array(distances_no_loop(queries, train), expected, "distances_no_loop(queries, train)", atol=1e-5)
queries = np.array([[0, 200], [100, 100]], dtype=np.uint8)
train = np.array([[0, 0], [255, 255], [100, 200]], dtype=np.uint8)
expected = np.sqrt(np.array([[40000.0, 68050.0, 10000.0], [20000.0, 48050.0, 10000.0]]))
uint8_advice = "uint8 holds 0 to 255, and 200 * 200 is 40000: convert BOTH inputs to float64 first."
mistakes = {
    "what uint8 arithmetic makes of it": ([[8, 2**32, 4], [32**0.5, 2**32, 4]], uint8_advice),
    "what becomes of a product in uint8": (
        np.sqrt([[40000, 169938, 89872], [20000, 149938, 69904]]),
        uint8_advice,
    ),
}
name = "with large pixel values: distances_no_loop(queries, train)"
checks.array(distances_no_loop(queries, train), expected, name, mistakes, atol=1e-5)
others = ["distances_two_loops", "distances_one_loop"]
limits.loops(distances_no_loop, 0, "distances_no_loop", without=others)
# Small enough for every laptop. With the images of this notebook, an array with
# three axes would take 35 GB.
rows = np.random.default_rng(0).integers(0, 256, size=(250, 300), dtype=np.uint8)
three_axes = "Is there an array with three axes, (q, n, d)? Use queries @ train.T."
name = "distances_no_loop of 250 rows to themselves"
limits.memory(distances_no_loop, [rows, rows], 12e6, name, three_axes)
### BEGIN HIDDEN TESTS
rows = np.random.default_rng(25).integers(0, 256, size=(450, 3072), dtype=np.uint8)
try:  # with three axes, 5 GB: more than the grader has for an answer
    got = distances_no_loop(rows, rows)
except MemoryError:
    problem = "distances_no_loop of 450 images runs out of memory."
    raise AssertionError(f"{problem} {three_axes}") from None
expected = np.array([np.linalg.norm(rows[0].astype(float) - row) for row in rows])
name = "the distances of one of 450 images to the others"
checks.array(got[0], expected, name, atol=1e-3)
rng = np.random.default_rng(23)
queries = rng.integers(0, 256, size=(6, 50), dtype=np.uint8)
train = rng.integers(0, 256, size=(9, 50), dtype=np.uint8)
expected = np.array([[np.linalg.norm(q.astype(float) - t) for t in train] for q in queries])
checks.array(distances_no_loop(queries, train), expected, "distances_no_loop of 6 queries and 9 rows")
checks.array(distances_no_loop(queries / 255, train / 255), expected / 255, "distances_no_loop of floats")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "distances_no_loop_rounding_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rows = 5 + np.random.default_rng(0).random((200, 300))
got = distances_no_loop(rows, rows)
how_many = int(np.isnan(np.asarray(got, dtype=float)).sum())
assert how_many == 0, (
    f"{how_many} distances of 200 rows to themselves are NaN: rounding left something a little below zero. "
    "Raise it to 0 before you take the root (np.maximum)."
)
name = "the distance of every row to itself (is everything calculated in float64?)"
checks.array(np.diagonal(got), np.zeros(200), name, atol=1e-3)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(24)
train = 20 + rng.random((150, 400))
order = rng.permutation(150)
got = distances_no_loop(train[order], train)
name = "the distance to an equal row (NaN? float32?)"
checks.array(got[np.arange(150), order], np.zeros(150), name, atol=1e-3)
expected = np.array([[np.linalg.norm(q - t) for t in train[:20]] for q in train[:20]])
checks.array(distances_no_loop(train[:20], train[:20]), expected, "the distances of 20 rows", atol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# Was it worth the trouble? The same 20 queries against the same 500 training images, three times. Before
# you run it: which of the two steps saves more, from two loops to one, or from one to none?

# %%
train_rows = data.train.images.reshape(len(data.train), -1)
validation_rows = data.validation.images.reshape(len(data.validation), -1)

seconds = {}
for function in (distances_two_loops, distances_one_loop, distances_no_loop):
    start = time.perf_counter()
    result = function(validation_rows[:20], train_rows[:500])
    seconds[function.__name__] = time.perf_counter() - start
    print(f"{function.__name__:20} {seconds[function.__name__] * 1000:8.1f} ms")
plots.bars(
    {name.removeprefix("distances_").replace("_", " "): value * 1000 for name, value in seconds.items()},
    ylabel="time in milliseconds",
    title="20 x 500 distances between CIFAR-10 images",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "predict_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (4 points): the neighbours vote
#
# Now the classifier. For each query, find the `k` training images with the smallest distances and let them
# vote with their labels: the class with most votes wins. Real votes end in ties, and a classifier that
# breaks them by accident gives different answers on different computers. So we agree:
#
# 1. At **equal distances**, the training image with the lower row number counts as the nearer one
#    (`np.argsort(..., kind="stable")` does that).
# 2. At **equal votes**, the tied class that has the nearest neighbour of them wins.
#
# For example, the five nearest have the classes 4, 2, 7, 7, 2, nearest first. Classes 2 and 7 have two
# votes each. Class 2 wins, because its nearest member (second) is nearer than that of class 7 (third). The
# very nearest neighbour, class 4, has only one vote and is out.


# %% nbgrader={"grade": false, "grade_id": "predict", "locked": false, "schema_version": 3, "solution": true, "task": false}
def predict(distances, train_labels, k):
    """Classify queries by the majority of their k nearest neighbours.

    Parameters
    ----------
    distances : ndarray of float, shape (q, n)
        Entry [i, j] is the distance from query i to training row j.
    train_labels : ndarray of int, shape (n,)
        Classes of the training rows, whole numbers >= 0.
    k : int
        How many neighbours vote, 1 <= k <= n.

    Returns
    -------
    ndarray of int, shape (q,)
        Ties go to the tied class whose member is nearest.
    """
    ### BEGIN SOLUTION
    neighbours = np.argsort(distances, axis=1, kind="stable")[:, :k]
    winners = []
    for labels in train_labels[neighbours]:
        votes = np.bincount(labels)
        winners.append(next(label for label in labels if votes[label] == votes.max()))
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
# first one that has as many votes as the winner.
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

# %% nbgrader={"grade": true, "grade_id": "predict_nearest_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
distances = np.array([[0.3, 0.1, 0.9, 0.5], [2.0, 3.0, 4.0, 1.0], [0.7, 0.8, 0.2, 0.9]])
train_labels = np.array([5, 8, 6, 9])
mistakes = {
    "the farthest image instead of the nearest": (
        [6, 6, 9], "Small distances first: argsort sorts upwards.",
    ),
    "the row number of the nearest image": ([1, 3, 2], "Look its class up in train_labels."),
    "a sort over the queries": ([5, 6, 8], "Each query sorts its own row: which axis runs along a row?"),
    "the second nearest": ([5, 5, 5], "A slice [:k] starts at the nearest itself; nothing is to be skipped."),
}
name = "predict(distances, train_labels, k=1)"
checks.array(predict(distances, train_labels, 1), np.array([8, 9, 6]), name, mistakes)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(31)
distances, train_labels = rng.random((25, 40)), rng.integers(0, 100, size=40)
expected = train_labels[distances.argmin(axis=1)]
checks.array(predict(distances, train_labels, 1), expected, "predict with k=1, 25 queries")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "predict_majority_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
distances = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]])
train_labels = np.array([0, 4, 4, 9, 9, 9])
names = "Labels are names, not quantities: count votes."
cases = [
    (3, [4, 9], "0, 4, 4 and 9, 9, 9", {"a mean of the labels": ([3, 9], names)}),
    (6, [9, 9], "all six", {"a mean of the labels": ([6, 6], names)}),
]
for k, expected, voters, mistakes in cases:
    name = f"predict with k={k}, where the voters are {voters} (are there exactly k of them?)"
    checks.array(predict(distances, train_labels, k), np.array(expected), name, mistakes)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(32)
train_labels = rng.permutation(np.repeat([3, 12, 40], [10, 11, 12]))
distances = rng.random((30, 33))
order = distances.argsort(axis=1)
for k in (2, 3, 4, 7, 15, 33):
    votes = np.array([[(train_labels[row[:k]] == c).sum() for c in (3, 12, 40)] for row in order])
    clear = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) == 1
    expected = np.array([3, 12, 40])[votes.argmax(axis=1)]
    got = predict(distances[clear], train_labels, k)
    checks.array(got, expected[clear], f"predict with k={k}, queries without a tie (exactly k voters?)")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "predict_ties_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
one_row = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
one_vote = "The very nearest has one vote only: a tie is decided among the TIED classes."
farther = "It is tied, but its nearest member is farther."
cases = [
    ([4, 2, 7, 7, 2, 0], 5, 2, {"class 7": ([7], farther), "class 4": ([4], one_vote)}),
    ([7, 2, 2, 7, 1, 1], 4, 7, {"class 2": ([2], farther)}),
    ([3, 9, 5, 5, 9, 8], 5, 9, {"class 5": ([5], farther), "class 3": ([3], one_vote)}),
    ([9, 3, 5, 5, 3, 9], 6, 9, {"class 5": ([5], farther), "class 3": ([3], farther)}),
]
for labels, k, expected, mistakes in cases:
    name = f"predict, where the voters are {labels[:k]}, nearest first"
    checks.array(predict(one_row, np.array(labels), k), np.array([expected]), name, mistakes)
### BEGIN HIDDEN TESTS
for labels, k, expected in [
    ([1, 0], 2, 1),
    ([0, 1], 2, 0),
    ([6, 8, 3, 3, 8], 5, 8),
    ([2, 1, 0], 3, 2),
    ([5, 1, 1, 9, 9, 5, 5, 9], 7, 5),
    ([3, 2, 2, 1, 1, 0], 6, 2),
    ([3, 1, 1, 2, 2, 0], 6, 1),
]:
    n = len(labels)
    row = np.arange(1.0, n + 1)[None]
    got = predict(row, np.array(labels), k)
    checks.array(got, np.array([expected]), f"a tie: predict, voters {labels[:k]}")
    both = np.concatenate([row, row[:, ::-1]])
    got = predict(both, np.array(labels), 1)
    checks.array(got, np.array([labels[0], labels[-1]]), "predict of two rows with k=1")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "predict_equal_distances_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
same = np.full((2, 60), 0.5)
labels = np.array([3, 1, 1, 3, 3, 3] + [8] * 54)
name = "all training images equally far: predict with k={} (lower row numbers count as nearer)"
for k, expected in [(1, 3), (2, 3), (3, 1), (4, 3), (13, 8)]:
    checks.array(predict(same, labels, k), np.array([expected] * 2), name.format(k))
### BEGIN HIDDEN TESTS
distances = np.tile([2.0, 1.0, 2.0, 1.0], (3, 10))
labels = np.arange(40)
name = "pairs of equal distances, k={} (lower row numbers count as nearer)"
for k in (1, 2, 20):
    checks.array(predict(distances, labels, k), np.array([1, 1, 1]), name.format(k))
labels = np.array([4, 7, 4, 5, 4, 7] + [4, 5] * 17)
checks.array(predict(distances, labels, 3), np.array([7, 7, 7]), name.format(3))
### END HIDDEN TESTS

# %% [markdown]
# Your classifier in action on ten images that it has never seen. A blue frame is a right answer, an orange
# one a wrong answer. A monkey with ten buttons is right once in ten: does yours do better?

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
print(f"{right.mean():.1%} of {len(right)} validation images are right; chance would be 10%")

# %% [markdown] nbgrader={"grade": false, "grade_id": "make_folds_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (5 points): which k? An honest answer
#
# A single validation set is a single opinion. In **cross-validation** the training images are cut into a
# few folds of (nearly) equal size; each fold is the validation set once, with all the others as training
# set.
#
# **a) The folds (2 points).** Write `make_folds`: shuffle the row numbers `0 ... n-1` with the given seed,
# then cut. Shuffling matters, because many data sets are sorted by class: without it a fold might hold only
# cats.


# %% nbgrader={"grade": false, "grade_id": "make_folds", "locked": false, "schema_version": 3, "solution": true, "task": false}
def make_folds(n, n_folds, seed=0):
    """Cut the row numbers 0 ... n-1 at random into folds.

    Parameters
    ----------
    n : int
        How many rows there are.
    n_folds : int
        How many folds to make, 2 <= n_folds <= n.
    seed : int
        The same seed gives the same folds.

    Returns
    -------
    list of n_folds ndarrays of int
        Every row number is in exactly one of them, and their sizes differ by at most 1.
    """
    ### BEGIN SOLUTION
    shuffled = np.random.default_rng(seed).permutation(n)
    return np.array_split(shuffled, n_folds)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Two steps: bring the row numbers into a random order, and cut what you have.
# What has to happen to the remainder when `n` is not a multiple of `n_folds`?
#
# ---
#
# `np.random.default_rng(seed)` is a source of random numbers that starts again
# with the same seed; it has a method `permutation`. `np.array_split` cuts into
# parts whose sizes differ by one at most.
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

# %% nbgrader={"grade": true, "grade_id": "make_folds_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
for n, n_folds in [(10, 5), (23, 5), (1200, 7)]:
    folds = make_folds(n, n_folds)
    case = f"make_folds({n}, {n_folds})"
    assert folds is not None, f"{case} gives nothing back: does the function end with `return`?"
    checks.equal(len(folds), n_folds, f"the number of folds of {case}")
    rows = sorted(int(row) for fold in folds for row in fold)
    hint = "Is the rest of the division lost?"
    checks.equal(len(rows), n, f"the number of rows in all folds of {case}", hint)
    assert rows == list(range(n)), f"{case}: every row from 0 to {n - 1} must be in exactly one fold."
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1, f"{case}: the sizes {sizes} differ by more than 1."
### BEGIN HIDDEN TESTS
for n, n_folds, seed in [(7, 2, 3), (11, 11, 1), (59, 10, 9), (100, 3, 4)]:
    folds = make_folds(n, n_folds, seed=seed)
    case = f"make_folds({n}, {n_folds}, seed={seed})"
    checks.equal(len(folds), n_folds, f"the number of folds of {case}")
    rows = sorted(int(row) for fold in folds for row in fold)
    assert rows == list(range(n)), f"{case}: every row from 0 to {n - 1} must be in exactly one fold."
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1, f"{case}: the sizes {sizes} differ by more than 1."
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "make_folds_shuffle_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
folds = [[int(row) for row in fold] for fold in make_folds(300, 3, seed=1)]
again = [[int(row) for row in fold] for fold in make_folds(300, 3, seed=1)]
other = [[int(row) for row in fold] for fold in make_folds(300, 3, seed=2)]
for fold in folds:
    hint = "Shuffle before you cut: of data sorted by class, this fold would see a few classes only."
    in_thirds = [sum(100 * third <= row < 100 * third + 100 for row in fold) for third in range(3)]
    assert min(in_thirds) >= 5, f"a fold of make_folds(300, 3) has {in_thirds} rows of each third. {hint}"
    assert len({row % 3 for row in fold}) == 3, f"a fold takes every third row: not random. {hint}"
assert folds == again, "make_folds(300, 3, seed=1) gives other folds the second time. Use default_rng(seed)."
assert folds != other, "Seeds 1 and 2 give the same folds: is the seed used?"
### BEGIN HIDDEN TESTS
folds = [[int(row) for row in fold] for fold in make_folds(1000, 5, seed=77)]
again = [[int(row) for row in fold] for fold in make_folds(1000, 5, seed=77)]
other = [[int(row) for row in fold] for fold in make_folds(1000, 5, seed=78)]
assert folds == again, "the same seed must give the same folds"
assert folds != other, "another seed must give other folds: is the seed used?"
for fold in folds:
    assert min(fold) < 300 and max(fold) > 700, "Shuffle before you cut: a fold holds neighbouring rows only."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "cross_validate_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) The table of accuracies (2 points).** All distances between training images fit into one matrix,
# computed once; each fold only has to pick its rows and columns from it. Take care which: an image must
# **never vote for itself**. A validation row that stays among the training columns meets itself at distance
# 0, and k = 1 becomes a perfect classifier, on paper.
#
# Use your `predict`. (`distances[np.ix_(rows, columns)]` picks rows and columns together.)


# %% nbgrader={"grade": false, "grade_id": "cross_validate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_validate(distances, labels, folds, ks):
    """Accuracy of the k-nearest-neighbour classifier for every k on every fold.

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
        Entry [i, j] is the share of right answers for ks[i] when fold j is the validation set and the
        rows of all other folds are the training set.
    """
    ### BEGIN SOLUTION
    accuracies = np.zeros((len(ks), len(folds)))
    for j, fold in enumerate(folds):
        rest = np.setdiff1d(np.arange(len(labels)), fold)
        held_out = distances[np.ix_(fold, rest)]
        for i, k in enumerate(ks):
            accuracies[i, j] = (predict(held_out, labels[rest], k) == labels[fold]).mean()
    return accuracies
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# For one fold, say who asks and who answers. Which rows of the distance matrix
# are the questions, and which columns may be neighbours?
#
# ---
#
# The columns are all row numbers that are *not* in the fold; `np.setdiff1d`
# finds them. `distances[np.ix_(rows, columns)]` cuts out the right part. Give
# `predict` the labels of the columns, and compare with the labels of the rows.
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

# %% nbgrader={"grade": true, "grade_id": "cross_validate_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
positions = np.array([2.0, 3.0, 5.0, 18.0, 36.0, 47.0, 48.0, 52.0, 55.0])
distances = np.abs(positions[:, None] - positions)
labels = np.array([1, 1, 1, 1, 0, 0, 1, 0, 0])
folds = [np.array([0, 3, 6]), np.array([1, 4, 7]), np.array([2, 5, 8])]
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
        "The columns are now those of the rest: give `predict` the labels of the rest only.",
    ),
    "the error rate, not the accuracy": (1 - expected, "Count the right answers."),
    "the mean over the folds": (expected.mean(axis=1), "Return the whole table; the mean comes later."),
    "the number of right answers": (3 * expected, "An accuracy is a share: divide by the size of the fold."),
}
name = "cross_validate on 9 rows, 3 folds, k = 1 and 5"
checks.array(cross_validate(distances, labels, folds, [1, 5]), expected, name, mistakes)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(41)
positions = np.sort(rng.permutation(400)[:30]) + rng.random(30) / 3
labels = rng.permutation(np.repeat([2, 5], [14, 16]))
distances = np.abs(positions[:, None] - positions)
folds = [np.arange(0, 11), np.arange(11, 23), np.arange(23, 30)]
ks = [1, 3, 7, 11]
expected = np.zeros((4, 3))
for j, fold in enumerate(folds):
    others = [row for row in range(30) if row not in set(fold.tolist())]
    for i, k in enumerate(ks):
        right = 0
        for row in fold:
            nearest = sorted(others, key=lambda other: distances[row, other])[:k]
            right += (2 if sum(labels[other] == 2 for other in nearest) > k / 2 else 5) == labels[row]
        expected[i, j] = right / len(fold)
name = "cross_validate of 30 rows on 3 folds of different sizes"
checks.array(cross_validate(distances, labels, folds, ks), expected, name)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "cross_validate_self_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Twelve pairs of twins. The nearest image of each is its twin of the other class: k = 1 is always wrong.
positions = np.repeat(np.arange(12) * 100.0, 2) + np.tile([0.0, 1.0], 12)
distances = np.abs(positions[:, None] - positions)
labels = np.tile([0, 1], 12)
folds = [np.arange(0, 24, 4), np.arange(1, 24, 4), np.arange(2, 24, 4), np.arange(3, 24, 4)]
mistakes = {
    "what you get when every image finds itself": (
        [[1, 1, 1, 1]], "The rows of the fold must not be among the training columns.",
    ),
}
name = "cross_validate of twins, k = 1"
checks.array(cross_validate(distances, labels, folds, [1]), np.zeros((1, 4)), name, mistakes)
### BEGIN HIDDEN TESTS
order = np.random.default_rng(42).permutation(24)
folds = [np.sort(np.flatnonzero(order % 2 == 0)), np.flatnonzero(order % 2 == 1)]
shuffled = distances[np.ix_(order, order)]
got = cross_validate(shuffled, labels[order], folds, [1])
checks.array(got, np.zeros((1, 2)), "cross_validate of shuffled twins, k = 1 (does an image find itself?)")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "final_score_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **c) One look at the test set (1 point).** Now choose: the `k` with the highest *mean* accuracy over the
# folds (of equal means, the first in `ks`). Only then look at the test images, once, with this `k`. Whoever
# tries several `k` on the test images and reports the best has used them for training, and reports a number
# that the next image will not keep.


# %% nbgrader={"grade": false, "grade_id": "final_score", "locked": false, "schema_version": 3, "solution": true, "task": false}
def final_score(accuracies, ks, test_distances, train_labels, test_labels):
    """Choose k by cross-validation, then measure the accuracy on the test set once.

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
    answers = predict(test_distances, train_labels, k)
    return k, float((answers == test_labels).mean())
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# The table has a row for each `k` and a column for each fold. Over which axis
# do you average, and what does `argmax` of the result tell you?
#
# ---
#
# `np.argmax` gives a *position*, and of equal values the first one; the `k`
# itself stands at that position in `ks`. Then call `predict` on the test
# distances once and return two things: `return k, accuracy`.
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

# %% nbgrader={"grade": true, "grade_id": "final_score_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
accuracies = np.array([[0.5, 0.3, 0.4, 0.3], [0.9, 0.1, 0.2, 0.2], [0.5, 0.5, 0.4, 0.5]])
ks = [1, 3, 5]
test_distances = np.tile([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (4, 1))
train_labels, test_labels = np.array([0, 1, 1, 0, 0, 1]), np.array([1, 1, 1, 0])
got = final_score(accuracies, ks, test_distances, train_labels, test_labels)
assert isinstance(got, tuple | list) and len(got) == 2, "final_score returns two things: return k, accuracy"
why = {
    1: "Are you sure that you average over the folds, and over nothing else?",
    2: "That is the position in `ks`: return the k that stands there.",
    3: "That k has the best single fold, or the best TEST accuracy. Choose by the mean over the folds.",
}
hint = why.get(got[0], "") if isinstance(got[0], int | np.integer) else ""
checks.equal(got[0], 5, "the k that final_score chooses", hint)
hint = "It is that of the chosen k, not of the best one."
checks.equal(got[1], 0.25, "the test accuracy of final_score", hint)
### BEGIN HIDDEN TESTS
cases = [
    ([[0.25, 0.5], [0.375, 0.375], [0.125, 0.25]], [7, 3, 1], 7),
    ([[0.1] * 5, [0.2] * 5, [0.3] * 5], [1, 2, 4], 4),
]
rng = np.random.default_rng(43)
for table, ks, chosen in cases:
    test_distances, train_labels = rng.random((20, 15)), rng.permutation(np.repeat([0, 1], [7, 8]))
    test_labels = rng.integers(0, 2, size=20)
    nearest = test_distances.argsort(axis=1)[:, :chosen]
    votes = [[int(train_labels[j]) for j in row] for row in nearest]
    answers = [max(row, key=lambda label: (row.count(label), -row.index(label))) for row in votes]
    expected = sum(answer == label for answer, label in zip(answers, test_labels.tolist(), strict=True)) / 20
    got = final_score(np.array(table), ks, test_distances, train_labels, test_labels)
    hint = "The mean over the folds decides; of equal means, the first."
    checks.equal(got[0], chosen, "the k that final_score chooses", hint)
    checks.equal(got[1], expected, "the test accuracy of final_score with the chosen k")
### END HIDDEN TESTS

# %% [markdown]
# The whole protocol on real images: five folds, eight values of k, one look at the test set. The band shows
# how much the folds disagree. Is the difference between neighbouring k larger than that?

# %%
many_ks = [1, 3, 5, 7, 9, 15, 25, 45]
five_folds = make_folds(len(data.train), 5, seed=0)
test_rows = data.test.images.reshape(len(data.test), -1)

pixel_distances = distances_no_loop(train_rows, train_rows)
pixel_table = cross_validate(pixel_distances, data.train.labels, five_folds, many_ks)
pixel_k, pixel_accuracy = final_score(
    pixel_table, many_ks, distances_no_loop(test_rows, train_rows), data.train.labels, data.test.labels
)
plots.curves(
    many_ks,
    {"pixels": (pixel_table.mean(axis=1), pixel_table.std(axis=1))},
    xlabel="k, number of neighbours",
    ylabel="accuracy",
    log_x=True,
    title="Cross-validation on pixels: mean and standard deviation of 5 folds",
)
print(f"chosen k = {pixel_k}; accuracy on {len(data.test)} test images: {pixel_accuracy:.1%}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "gradient_histogram_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (5 points): a feature that beats pixels
#
# Pixels are poor company. Make an image a little brighter and every number in it changes, though you still
# see the same cat. What your eye goes by are **edges**: where brightness changes, and in which direction.
# So let us describe an image by its edges:
#
# 1. Make it grey: the mean over the channels, as floats.
# 2. Take the slope of the brightness at each pixel, downwards and to the right: for a stack of images of
#    shape `(n, height, width)`, `np.gradient(grey, axis=(1, 2))` gives both, in this order.
# 3. The slope is an arrow. Its **length** says how strong the edge is; its **angle**,
#    `np.arctan2(down, right)` on the full circle, says in which direction it gets brighter. Sort the angles
#    into `bins`: bin `b` takes the angles that are nearest to `b * 2 * pi / bins`. With 8 bins: bin 0 =
#    brighter to the right, 2 = brighter downwards, 4 = to the left, 6 = upwards. (Round, then take the
#    remainder, so that an angle just below a full circle goes to bin 0.)
# 4. Cut the image into `cells` x `cells` squares. In each, add up the *lengths* of the arrows of each bin:
#    a small histogram of directions. What happens where in a cell no longer matters, so small shifts do
#    little harm.
# 5. String the histograms together, the cells line by line, and divide by the length (L2 norm) of the whole
#    vector, so that contrast does not matter either. An image without any edge stays all zeros.
#
# This is a simplified histogram of oriented gradients (HOG; Dalal and Triggs, 2005), for years the best
# that anybody had for finding pedestrians.


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
        A row per image, of length 1 (all zeros for an image without edges). Reshaped to
        (n, cells, cells, bins), entry [i, y, x, b] is the strength of direction b in the cell in line y,
        column x, of image i.
    """
    ### BEGIN SOLUTION
    grey = images.astype(np.float64).mean(axis=3)
    down, right = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, right)
    direction = np.round(np.arctan2(down, right) / (2 * np.pi) * bins).astype(int) % bins
    n, height, width = grey.shape
    histograms = np.zeros((n, cells, cells, bins))
    for b in range(bins):
        arrows = np.where(direction == b, strength, 0)
        blocks = arrows.reshape(n, cells, height // cells, cells, width // cells)
        histograms[..., b] = blocks.sum(axis=(2, 4))
    features = histograms.reshape(n, -1)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(lengths > 0, lengths, 1)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Do not write it all at once. Make one small image whose answer you know, such
# as a bright right half, and print the result of every step of the list.
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
# A neighbouring problem: cut one picture of 4 x 6 pixels into 2 x 2 blocks and
# add up each block; then give the result the length 1.
#
# ```python
# picture = np.arange(24.0).reshape(4, 6)
# sums = picture.reshape(2, 2, 2, 3).sum(axis=(1, 3))  # 2 rows, 3 columns each
# print(sums)
# vector = sums.ravel()
# print(vector / np.sqrt(vector @ vector))
# ```

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_shape_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.random.default_rng(5).integers(0, 256, size=(3, 32, 32, 3), dtype=np.uint8)
got = np.asarray(gradient_histogram(images))
hint = "4 x 4 cells with 8 bins each, a row per image."
checks.equal(got.shape, (3, 128), "the shape of gradient_histogram(images)", hint)
got = np.asarray(gradient_histogram(images, cells=2, bins=6))
checks.equal(got.shape, (3, 24), "the shape with cells=2, bins=6")
assert got.dtype.kind == "f" and (got >= 0).all(), "Lengths are floats and never below 0: np.hypot."
assert not np.allclose(got[0], got[1]), "Two images have the same feature: is a mean taken over the images?"
### BEGIN HIDDEN TESTS
digits = np.random.default_rng(6).integers(0, 256, size=(5, 28, 28, 1), dtype=np.uint8)
got = np.asarray(gradient_histogram(digits, cells=7, bins=12))
checks.equal(got.shape, (5, 588), "the shape for 28 x 28 x 1 images, cells=7, bins=12")
alone = np.concatenate([gradient_histogram(digits[i : i + 1], cells=7, bins=12) for i in range(5)])
checks.array(got, alone, "features of five images (does one image depend on the others?)")
wide = np.random.default_rng(7).integers(0, 256, size=(2, 16, 48, 3), dtype=np.uint8)
checks.equal(np.asarray(gradient_histogram(wide)).shape, (2, 128), "the shape for images wider than high")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_direction_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
edge = np.zeros((32, 32, 3), dtype=np.uint8)
edge[:, 16:] = 200
views = {
    "to the right": edge,
    "downwards": edge.transpose(1, 0, 2),
    "to the left": edge[:, ::-1],
    "upwards": edge[:, ::-1].transpose(1, 0, 2),
}
got = np.asarray(gradient_histogram(np.stack(list(views.values())))).reshape(4, 16, 8).sum(axis=1)
opposite = "Opposite directions share a bin: use the full circle, and floats (uint8 cannot go below 0)."
hints = {  # (the right bin, the one found): why
    (4, 0): opposite,
    (6, 2): opposite,
    (0, 2): "Are `down` and `right` the wrong way round?",
    (2, 6): "Up and down are swapped: y grows downwards in images.",
    (2, 4): "The bins share out the full circle, 2 pi, not half of it.",
    (2, 0): "Flat parts have an arrow of length 0: add up lengths, do not count pixels.",
}
for i, (where, right_bin) in enumerate(zip(views, (0, 2, 4, 6), strict=True)):
    found, share = int(got[i].argmax()), got[i, right_bin] / got[i].sum()
    hint = hints.get((right_bin, found), "Print the angles of a small image and compare them with step 3.")
    checks.equal(found, right_bin, f"the strongest bin of an edge that gets brighter {where}", hint)
    assert share > 0.95, f"Only {share:.0%} of an edge brighter {where} is in bin {right_bin}. {hint}"
### BEGIN HIDDEN TESTS
y, x = np.mgrid[:32, :32]
for degrees in range(-15, 345, 15):
    nearest = round(degrees / 45) % 8
    angle = np.deg2rad(degrees)
    ramp = 128 + 4 * (np.cos(angle) * (x - 15.5) + np.sin(angle) * (y - 15.5))
    image = np.repeat(np.round(ramp).astype(np.uint8)[None, :, :, None], 3, axis=3)
    got = np.asarray(gradient_histogram(image)).reshape(16, 8).sum(axis=0)
    name = f"the strongest bin of a ramp that gets brighter at {degrees} degrees (full circle? rounded?)"
    checks.equal(int(got.argmax()), nearest, name)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_cells_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
spot = np.full((1, 32, 32, 3), 90, dtype=np.uint8)
spot[0, 3:5, 19:21] = 250
strength = np.asarray(gradient_histogram(spot)).reshape(4, 4, 8).sum(axis=2)
found = [int(i) for i in np.unravel_index(strength.argmax(), strength.shape)]
hint = "Cells go line by line; a reshape cuts (n, height, width) into (n, cells, rows, cells, columns)."
assert found == [0, 2], f"A spot at the top, right of the middle: cell {found}, expected [0, 2]. {hint}"
assert strength[0, 2] > 0.99 * strength.sum(), f"A spot inside one cell must leave the others at 0. {hint}"
### BEGIN HIDDEN TESTS
for line, column in [(0, 0), (1, 3), (3, 1), (2, 2)]:
    spot = np.full((1, 32, 64, 1), 30, dtype=np.uint8)
    spot[0, 8 * line + 3 : 8 * line + 5, 16 * column + 6 : 16 * column + 9] = 200
    strength = np.asarray(gradient_histogram(spot, bins=6)).reshape(4, 4, 6).sum(axis=2)
    found = [int(i) for i in np.unravel_index(strength.argmax(), strength.shape)]
    assert found == [line, column], f"A spot in cell {[line, column]} is found in cell {found}. {hint}"
    assert strength[line, column] > 0.99 * strength.sum(), "a spot inside one cell must leave the others at 0"
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_light_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
scene = np.random.default_rng(8).integers(20, 100, size=(2, 32, 32, 3), dtype=np.uint8)
feature = np.asarray(gradient_histogram(scene))
lengths = np.linalg.norm(feature, axis=1)
checks.array(lengths, np.ones(2), "the length of each feature vector (divide each by its own L2 norm)")
checks.array(gradient_histogram(scene + 100), feature, "the feature with 100 added to every pixel")
checks.array(gradient_histogram(scene * 2), feature, "the feature of twice the contrast (normalised?)")
flat = np.asarray(gradient_histogram(np.full((1, 32, 32, 3), 77, dtype=np.uint8)))
checks.array(flat, np.zeros((1, 128)), "the feature of an image without edges (nothing to divide by)")
### BEGIN HIDDEN TESTS
scene = np.random.default_rng(9).integers(0, 64, size=(3, 28, 28, 1), dtype=np.uint8)
scene[1] = 5
feature = np.asarray(gradient_histogram(scene, cells=2))
lengths = np.linalg.norm(feature, axis=1)
checks.array(lengths, np.array([1.0, 0.0, 1.0]), "lengths (the middle image has no edges)")
checks.array(gradient_histogram(scene + 190, cells=2), feature, "the feature of a brighter image")
checks.array(gradient_histogram(scene * 3, cells=2), feature, "the feature of three times the contrast")
### END HIDDEN TESTS

# %% [markdown]
# The moment of truth: the same images, the same classifier, the same k = 9, once on pixels and once on your
# feature. There is no luck in it; the answer is the same on every computer. (The course's own
# nearest-neighbour search is used here, so this point does not depend on your earlier answers.)


# %% nbgrader={"grade": true, "grade_id": "gradient_histogram_beats_pixels_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
def accuracy_with(train_features, test_features):
    neighbours, _ = knn.nearest(train_features, test_features, k=9)
    answers = knn.vote(data.train.labels[neighbours], 10)
    return (answers == data.test.labels).mean()


on_pixels = accuracy_with(data.train.images, data.test.images)
on_feature = accuracy_with(gradient_histogram(data.train.images), gradient_histogram(data.test.images))
print(f"9 nearest neighbours on pixels: {on_pixels:.1%}    on your feature: {on_feature:.1%}")
gain = 100 * (on_feature - on_pixels)
assert gain >= 8, (
    f"Your feature should beat pixels by at least 8 percentage points; the difference is {gain:+.1f}. "
    "Solve the other checks of this question first; if they pass, look at cells and bins once more."
)

# %% [markdown]
# And with the honest protocol of question 4, on everything that you built yourself. Compare the two curves:
# which is higher, and does the same k suit both? Then look at what the feature takes for similar. (That
# query was picked because it shows the difference. Edges are fooled too: change `chosen` in question 1.)

# %%
train_features, test_features = gradient_histogram(data.train.images), gradient_histogram(data.test.images)
feature_distances = distances_no_loop(train_features, train_features)
feature_table = cross_validate(feature_distances, data.train.labels, five_folds, many_ks)
test_distances = distances_no_loop(test_features, train_features)
feature_k, feature_accuracy = final_score(
    feature_table, many_ks, test_distances, data.train.labels, data.test.labels
)
plots.curves(
    many_ks,
    {
        "edge directions": (feature_table.mean(axis=1), feature_table.std(axis=1)),
        "pixels": (pixel_table.mean(axis=1), pixel_table.std(axis=1)),
    },
    xlabel="k, number of neighbours",
    ylabel="accuracy",
    log_x=True,
    title="Cross-validation: mean and standard deviation of 5 folds",
)
print(f"pixels:          k = {pixel_k:2}, {pixel_accuracy:.1%} of the test images right")
print(f"edge directions: k = {feature_k:2}, {feature_accuracy:.1%} of the test images right")

# %%
query_feature = gradient_histogram(query[None])
by_feature = np.argsort(distances_no_loop(query_feature, train_features)[0], kind="stable")[:4]
by_pixels = np.argsort(distances_no_loop(query.reshape(1, -1), train_rows)[0], kind="stable")[:4]
plots.image_grid(
    np.concatenate([[query], data.train.images[by_pixels], [query], data.train.images[by_feature]]),
    ["query", *(data.class_names[data.train.labels[i]] for i in by_pixels)]
    + ["query", *(data.class_names[data.train.labels[i]] for i in by_feature)],
    columns=5,
    title="The same query: nearest by pixels (top), nearest by edge directions (bottom)",
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
