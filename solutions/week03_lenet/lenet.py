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
# # Exercise 3: from one gradient step to LeNet-5
#
# Everybody can call `fit`. You are going to know what it does: you write the loss, the gradient,
# the mini-batches and the training loop yourself, in NumPy, and your program learns to read
# digits. Then you let Keras do the calculus, build LeNet-5, account for every one of its
# parameters, and train it on digits and on photographs, with the good sense to stop in time.
#
# | question | you write | points |
# |---|---|---|
# | 1 | softmax and cross-entropy that never overflow | 4 |
# | 2 | the gradient, and one step downhill | 3 |
# | 3 | mini-batches, and a training loop of your own | 3 |
# | 4 | LeNet-5 in Keras, and its parameter sheet | 4 |
# | 5 | early stopping | 2 |
# | 6 | LeNet-5 trained on digits and on photographs | 4 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the
# check below it. A check that fails tells you what it saw and what to think about. When you hand
# in, further checks run on other numbers, so write for any input that fits the description. No
# check asks for an accuracy: whether your code is right does not depend on a lucky seed. Each
# answer may use your earlier ones.
#
# **Stuck?** `exercise.hint("2a")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# The whole notebook runs in less than a minute on a laptop. It uses small, fixed samples of MNIST
# and CIFAR-10 that come with the course, the same for everybody.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

import helpers.exercise
from helpers import checks, plots
from helpers.data import load

exercise = helpers.exercise.load("week03_lenet")
digits = load("mnist", source="sample")
photos = load("cifar10", source="sample")
print(digits)
print(photos)

# %%
first_of_each = [int(np.flatnonzero(digits.train.labels == label)[0]) for label in range(10)]
plots.image_grid(
    digits.train.images[first_of_each], digits.class_names, title="What there is to read"
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "softmax_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (4 points): a loss that never overflows
#
# A classifier gives every class a **score** (a *logit*), any number at all. **Softmax** turns the
# scores of one image into probabilities:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# **a) Softmax (2 points).** There is one point for the formula and one for surviving large scores:
# $e^{1000}$ is more than any float can hold. The way out: only *differences* of scores matter, so
# you may first subtract the same number from all scores of an image. Which number makes every
# exponent harmless?


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax(logits):
    """Probabilities of the classes, image by image.

    Parameters
    ----------
    logits : ndarray of float, shape (n, classes)
        A row of scores for each image.

    Returns
    -------
    ndarray of float, shape (n, classes)
        Each row sums to 1. Finite for any finite scores.
    """
    ### BEGIN SOLUTION
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# What is the largest number in a row after you have subtracted the row's own
# largest score? And what is the exponential of that number?
#
# ---
#
# `logits.max(axis=1, keepdims=True)` is the largest score of each image, as a
# column that can be subtracted from all scores of that image. Then `np.exp`,
# and a division by the sum along the same axis, again with `keepdims=True`.
#
# ---
#
# A neighbouring problem: the share of each item in the bill of its own table.
#
# ```python
# bills = np.array([[10.0, 30.0], [5.0, 15.0], [8.0, 8.0]])  # three tables
# cheapest = bills.min(axis=1, keepdims=True)                # shape (3, 1)
# print(bills - cheapest)                                    # each its own
# print(bills / bills.sum(axis=1, keepdims=True))            # rows sum to 1
# ```

# %% nbgrader={"grade": true, "grade_id": "softmax_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
logits = np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]])  # so that exp gives these round numbers
expected = np.array([[1, 2, 5], [3, 3, 2]]) / 8
mistakes = {
    "a softmax over the images": (
        [[1 / 4, 2 / 5, 5 / 7], [3 / 4, 3 / 5, 2 / 7]],
        "The classes of ONE image share one unit of probability: along which axis do they lie?",
    ),
    "normalised over the whole batch": (
        np.array([[1, 2, 5], [3, 3, 2]]) / 16,
        "Each image has a sum of its own: name the axis.",
    ),
    "exp without the division": ([[1, 2, 5], [3, 3, 2]], "Divide by the sum of each row."),
    "scores divided by their sum": (
        logits / logits.sum(axis=1, keepdims=True),
        "Scores may be negative: where is the exp?",
    ),
}
checks.array(softmax(logits), expected, "softmax(logits)", mistakes)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(11)
for shape in [(1, 2), (3, 3), (4, 4), (6, 10)]:
    logits = rng.normal(0, 3, size=shape)
    powers = [[2.718281828459045**z for z in row] for row in logits]
    expected = np.array([[power / sum(row) for power in row] for row in powers])
    checks.array(softmax(logits), expected, f"softmax of scores of shape {shape}")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "softmax_stable_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
cases = {
    "scores around 1000": [1000.0, 1001.0, 1002.0],
    "scores around -1000": [-1002.0, -1001.0, -1000.0],
}
expected = np.array([[0.09003057, 0.24472847, 0.66524096]])
for case, scores in cases.items():
    got = np.asarray(softmax(np.array([scores])), dtype=float)
    assert not np.isnan(got).any(), (
        f"softmax, {case}, gives NaN: exp overflows, or every exp is 0. Subtract the largest "
        "score first: "
        "then the largest exponent is 0."
    )
    checks.array(got, expected, f"softmax, {case}")

got = np.asarray(softmax(np.array([[900.0, 900.0], [-900.0, -900.0]])), dtype=float)
assert not np.isnan(got).any(), (
    "softmax gives NaN for an image with scores of 900 beside one with scores of -900. "
    "Does each image subtract its OWN largest score?"
)
checks.array(got, np.full((2, 2), 0.5), "softmax of two images far apart")
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(12)
small = rng.normal(0, 2, size=(5, 7))
expected = np.exp(small) / np.exp(small).sum(axis=1)[:, None]
shift = np.array([[5000.0], [-5000.0], [0.0], [1e6], [-1e6]])
got = softmax(small + shift)
checks.array(got, expected, "softmax, every image shifted by a number of its own", rtol=1e-4)
checks.array(
    softmax(np.array([[0.0, -2000.0, 2000.0]])), np.array([[0.0, 0, 1]]), "softmax(0, -2000, 2000)"
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "cross_entropy_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) Cross-entropy (2 points).** How bad is a forecast? Look at the probability that it gave to
# the class that turned out to be true, and take minus its (natural) logarithm; then the mean over
# all images:
#
# $$L = -\frac{1}{n} \sum_{i=1}^{n} \log p_{i,\,y_i}$$
#
# The labels $y_i$ are whole numbers, the column of the true class. Again there is a point for the
# formula and one for stability: when the network is quite sure of the wrong class, the probability
# of the right one rounds to 0, and its logarithm is $-\infty$. Cutting probabilities off at some
# small number hides that, and tells the worst mistakes as harmless ones. Put softmax into the
# logarithm instead, and simplify *before* you compute:
#
# $$\log p_k = z_k - \log \sum_j e^{z_j}$$


# %% nbgrader={"grade": false, "grade_id": "cross_entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_entropy(logits, labels):
    """Mean cross-entropy of scores, in nats.

    Parameters
    ----------
    logits : ndarray of float, shape (n, classes)
        A row of scores for each image (not yet probabilities).
    labels : ndarray of int, shape (n,)
        The true classes, 0 ... classes-1.

    Returns
    -------
    float
        Exact for any finite scores.
    """
    ### BEGIN SOLUTION
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    return float((log_sums - shifted[np.arange(len(labels)), labels]).mean())
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which one number of each row of the table decides the loss of that image? And
# why must no `np.log` be taken of something that may be 0?
#
# ---
#
# Use the simplified formula: the logarithm of the sum of the exponentials,
# minus the score of the true class. Subtract the largest score of each row
# first; it cancels. `scores[np.arange(n), labels]` picks one number from each
# row.
#
# ---
#
# A neighbouring problem: from a table of prices, the price of the drink that
# each guest has ordered, and what it costs more than the cheapest.
#
# ```python
# prices = np.array([[2.0, 3.5, 5.0], [1.0, 4.0, 6.0]])  # a row for each guest
# ordered = np.array([2, 0])
# paid = prices[np.arange(len(ordered)), ordered]
# print(paid, paid - prices.min(axis=1), paid.mean())
# ```

# %% nbgrader={"grade": true, "grade_id": "cross_entropy_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
logits = np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]])  # probabilities 1/8, 2/8, 5/8 and 3/8, 3/8, 2/8
labels = np.array([2, 0])
mistakes = {
    "the sum over the images": (1.4508328, "Take the mean: the loss must not grow with the batch."),
    "the logarithm with the wrong sign": (-0.7254164, "A loss is never negative: minus log p."),
    "divided by the number of classes as well": (
        0.2418055,
        "Only n numbers count, one of each image.",
    ),
    "a logarithm to base 2": (1.0465546, "Take the natural logarithm, np.log."),
    "a logarithm to base 10": (0.3150443, "Take the natural logarithm, np.log."),
    "the logarithm of the mean": (0.6931472, "First the logarithm of each image, then the mean."),
    "the logarithm of the scores": (-0.2849664, "Scores are not probabilities yet."),
    "the mean score of the true classes": (-1.3540251, "Where is the sum over the classes?"),
    "the mean over every label in every row": (
        1.2291525,
        "Row i goes with label i: pick ONE number of each row, not a column of numbers.",
    ),
}
checks.array(
    cross_entropy(logits, labels), 0.7254164, "cross_entropy(logits, labels)", mistakes, rtol=1e-4
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(13)
for n, classes in [(1, 2), (5, 5), (20, 10), (3, 40)]:
    logits, labels = rng.normal(0, 2, size=(n, classes)), rng.integers(0, classes, size=n)
    powers = np.exp(logits)
    picked = [powers[i, label] / powers[i].sum() for i, label in enumerate(labels)]
    name = f"cross_entropy of {n} images and {classes} classes"
    checks.array(cross_entropy(logits, labels), -float(np.mean(np.log(picked))), name)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "cross_entropy_stable_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
cut_off = "Cut off: all mistakes beyond it cost the same. Use log p = z - log(sum of exp)."
mistakes = {
    f"what comes of a probability that is kept above {smallest:g}": (-np.log(smallest), cut_off)
    for smallest in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20, 1e-30, 1e-300)
}
surely_wrong = np.array([[0.0, 900.0]])
got = float(cross_entropy(surely_wrong, np.array([0])))
assert np.isfinite(got), (
    f"scores 0 and 900, class 0: cross_entropy gives {got}. Its probability rounds to 0, or exp "
    "overflows. "
    "Never take the logarithm of a softmax: subtract the largest score, then log p = z - "
    "log(sum of exp)."
)
checks.array(got, 900.0, "scores 0 and 900, class 0: cross_entropy", mistakes)
got = float(cross_entropy(np.array([[-800.0, 0.0], [1000.0, 0.0]]), np.array([0, 0])))
checks.array(got, 400.0, "one sure mistake of 800, one sure success: cross_entropy")
### BEGIN HIDDEN TESTS
logits = np.array([[3e4, -3e4, 0.0], [-5e3, -5e3, -5e3], [1e5, 1e5, -1e5]])
for labels, total in [([0, 1, 0], np.log(6)), ([1, 2, 2], 6e4 + 2e5 + np.log(6))]:
    name = f"cross_entropy of very large scores, labels {labels} (inf, NaN, or cut off?)"
    checks.array(cross_entropy(logits, np.array(labels)), total / 3, name)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "gradient_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (3 points): the gradient, and one step downhill
#
# The simplest classifier that learns: every pixel has a weight for every class. With the images as
# rows of a matrix $X$ of shape $(n, d)$, the scores are $Z = XW + b$, with $W$ of shape
# $(d, \text{classes})$ and one bias $b_k$ for each class. This is **softmax regression**, a
# network of one layer.
#
# In which direction should the weights move? The derivative of the loss of *one image* with
# respect to its scores is wonderfully simple: **what was said, minus what was true**, $p_k - t_k$,
# where $t$ is 1 for the true class and 0 for the others. A weight meets a score through its pixel,
# so for $n$ images
#
# $$\frac{\partial L}{\partial W} = \frac1n\, X^\top (P - T) \qquad\qquad
#   \frac{\partial L}{\partial b_k} = \frac1n \sum_{i=1}^{n} (p_{ik} - t_{ik})$$
#
# **a) The gradient (2 points)**, one for the weights and one for the bias.


# %% nbgrader={"grade": false, "grade_id": "gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient(rows, labels, weights, bias):
    """Slopes of the mean cross-entropy of softmax regression.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        The images.
    labels : ndarray of int, shape (n,)
        Their classes.
    weights : ndarray of float, shape (d, classes)
    bias : ndarray of float, shape (classes,)

    Returns
    -------
    weights_gradient : ndarray of float, shape (d, classes)
    bias_gradient : ndarray of float, shape (classes,)
    """
    ### BEGIN SOLUTION
    error = softmax(rows @ weights + bias)
    error[np.arange(len(labels)), labels] -= 1
    error /= len(labels)
    return rows.T @ error, error.sum(axis=0)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Shapes first: $P$ is `(n, classes)`. What do you have to subtract from it,
# and at which places? The gradient of the weights has the shape of the
# weights: what times what gives that?
#
# ---
#
# Begin with the probabilities, `softmax` of the scores. Subtract 1 in each row
# at the column of the true class, and divide by `n`. The matrix product with
# `rows.T` gives the slopes of the weights, the sum over the images those of
# the bias.
#
# ---
#
# A neighbouring problem: the gradient of a mean squared error of a line $y =
# wx + b$, by the same pattern, what was said minus what was true.
#
# ```python
# x, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 7.0])
# w, b = np.array([1.0]), 0.5
# wrong_by = 2 * (x @ w + b - y) / len(y)  # slope of each square, and the mean
# print(x.T @ wrong_by, wrong_by.sum())    # for w and for b
# ```

# %% nbgrader={"grade": true, "grade_id": "gradient_weights_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rows, labels = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0, 2])
got = gradient(rows, labels, np.zeros((2, 3)), np.zeros(3))  # all scores 0: every p is 1/3
assert isinstance(got, tuple | list) and len(got) == 2, (
    "gradient should return two arrays: return weights_gradient, bias_gradient"
)
expected = np.array([[-2, 1, 1], [2, 2, -4]]) / 6
mistakes = {
    "the sum over the images": (
        2 * expected,
        "The loss is a mean: divide by the number of images.",
    ),
    "divided by n twice": (expected / 2, "Divide by the number of images once."),
    "divided by the number of classes as well": (expected / 3, "The mean is over the images only."),
    "what was true minus what was said": (-expected, "The slope points uphill: P - T."),
    "1 taken off in every row for every label": (
        np.array([[-2, 1, -2], [-4, 2, -4]]) / 6,
        "T has a single 1 in each row: index rows and columns together.",
    ),
    "the prediction without the truth": (np.array([[1, 1, 1], [2, 2, 2]]) / 6, "Where is T?"),
    "scores in place of probabilities": (
        np.array([[-1, 0, 0], [0, 0, -2]]) / 2,
        "P is the softmax of Z.",
    ),
}
checks.array(got[0], expected, "the gradient of the weights of 2 images", mistakes)


### BEGIN HIDDEN TESTS
def true_loss(rows, labels, weights, bias):
    scores = rows @ weights + bias
    return float(
        np.mean(
            [np.log(np.exp(z).sum()) - z[label] for z, label in zip(scores, labels, strict=True)]
        )
    )


rng = np.random.default_rng(21)
for n, d, classes in [(1, 3, 2), (4, 4, 4), (12, 5, 3), (6, 2, 10)]:
    rows, labels = rng.normal(size=(n, d)), rng.integers(0, classes, size=n)
    weights, bias = rng.normal(size=(d, classes)), rng.normal(size=classes)
    expected = np.zeros_like(weights)
    for place in np.ndindex(weights.shape):
        nudge = np.zeros_like(weights)
        nudge[place] = 1e-5
        above = true_loss(rows, labels, weights + nudge, bias)
        expected[place] = (above - true_loss(rows, labels, weights - nudge, bias)) / 2e-5
    name = f"the gradient of the weights ({n} images, {d} pixels, {classes} classes), by nudging"
    checks.array(
        gradient(rows, labels, weights.copy(), bias.copy())[0], expected, name, rtol=1e-4, atol=1e-7
    )
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "gradient_bias_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rows, labels = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]), np.array([0, 2, 0])
got = gradient(rows, labels, np.zeros((2, 3)), np.zeros(3))
assert isinstance(got, tuple | list) and len(got) == 2, (
    "gradient should return two arrays: return weights_gradient, bias_gradient"
)
expected = np.array([-1, 1, 0]) / 3
mistakes = {
    "the sum over the images": (
        3 * expected,
        "The loss is a mean: divide by the number of images.",
    ),
    "divided by n twice": (expected / 3, "Already divided by n? Then the sum is enough."),
    "what was true minus what was said": (-expected, "The slope points uphill: P - T."),
    "a sum over the classes": (
        np.zeros(3),
        "One bias for each CLASS: sum over the images. Which axis?",
    ),
    "the prediction without the truth": (np.full(3, 1 / 3), "Where is T?"),
}
checks.array(got[1], expected, "the gradient of the bias of 3 images, 3 classes", mistakes)


### BEGIN HIDDEN TESTS
def true_loss(rows, labels, weights, bias):
    scores = rows @ weights + bias
    return float(
        np.mean(
            [np.log(np.exp(z).sum()) - z[label] for z, label in zip(scores, labels, strict=True)]
        )
    )


rng = np.random.default_rng(22)
for n, d, classes in [(1, 3, 2), (4, 4, 4), (12, 5, 3), (6, 2, 10)]:
    rows, labels = rng.normal(size=(n, d)), rng.integers(0, classes, size=n)
    weights, bias = rng.normal(size=(d, classes)), rng.normal(size=classes)
    expected = np.zeros(classes)
    for place in range(classes):
        nudge = np.zeros(classes)
        nudge[place] = 1e-5
        above = true_loss(rows, labels, weights, bias + nudge)
        expected[place] = (above - true_loss(rows, labels, weights, bias - nudge)) / 2e-5
    name = f"the gradient of the bias ({n} images, {d} pixels, {classes} classes), by nudging"
    checks.array(
        gradient(rows, labels, weights.copy(), bias.copy())[1], expected, name, rtol=1e-4, atol=1e-7
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "sgd_step_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) One step (1 point).** The gradient points uphill. So walk the other way, a little: with the
# **learning rate** $\eta$,
#
# $$W \leftarrow W - \eta\,\frac{\partial L}{\partial W} \qquad\qquad
#   b \leftarrow b - \eta\,\frac{\partial L}{\partial b}$$
#
# Use your `gradient`. Both slopes are taken at the old place, before anything moves.


# %% nbgrader={"grade": false, "grade_id": "sgd_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sgd_step(rows, labels, weights, bias, learning_rate):
    """Weights and bias after one step of gradient descent on these images.

    Parameters
    ----------
    rows, labels, weights, bias
        As in `gradient`.
    learning_rate : float
        Length of the step, in units of the gradient.

    Returns
    -------
    weights : ndarray of float, shape (d, classes)
    bias : ndarray of float, shape (classes,)
    """
    ### BEGIN SOLUTION
    weights_gradient, bias_gradient = gradient(rows, labels, weights, bias)
    return weights - learning_rate * weights_gradient, bias - learning_rate * bias_gradient
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# In which direction does the gradient point, and where do you want to go? Does
# anything here have to be calculated that you have not calculated before?
#
# ---
#
# Call your `gradient` once and keep both of its results. Return two new
# arrays, old minus learning rate times slope; write `weights - ...`, not
# `weights -=`, so that the arrays that you were given stay as they are.
#
# ---
#
# A neighbouring problem: one step uphill on $f(x, y) = -(x-1)^2 - (y+2)^2$,
# with both slopes taken at the old place.
#
# ```python
# def slopes(x, y):
#     return -2 * (x - 1), -2 * (y + 2)
#
# x, y = 0.0, 0.0
# right, up = slopes(x, y)
# print(x + 0.1 * right, y + 0.1 * up)  # closer to (1, -2)
# ```

# %% nbgrader={"grade": true, "grade_id": "sgd_step_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rows, labels = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]), np.array([0, 2, 0])
start = np.array([[0.5, 0.0, -0.5], [0.0, 1.0, 0.0]]), np.array([1.0, 2.0, 3.0])
slopes = gradient(rows, labels, start[0].copy(), start[1].copy())  # your own: see a)
rate = 0.3
got = sgd_step(rows, labels, start[0].copy(), start[1].copy(), rate)
assert isinstance(got, tuple | list) and len(got) == 2, "sgd_step should return weights, bias"
for i, what in enumerate(["the weights", "the bias"]):
    old, slope = start[i], np.asarray(slopes[i])
    mistakes = {
        "a step uphill": (old + rate * slope, "The gradient points uphill: subtract it."),
        "a step with the learning rate squared": (
            old - rate**2 * slope,
            "Was it multiplied in twice?",
        ),
        "a step of the whole gradient": (old - slope, "Multiply it by the learning rate."),
        "where you started": (old, "Weights AND bias take a step."),
        "the step, not the place it leads to": (-rate * slope, "Return the new weights and bias."),
        "divided by n once more": (old - rate * slope / 3, "The gradient is a mean already."),
    }
    checks.array(
        got[i], old - rate * slope, f"{what} after sgd_step with learning rate 0.3", mistakes
    )
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(23)
for n, d, classes, rate in [(5, 4, 3, 0.01), (8, 3, 6, 2.0)]:
    rows, labels = rng.normal(size=(n, d)), rng.integers(0, classes, size=n)
    weights, bias = rng.normal(size=(d, classes)), rng.normal(size=classes)
    slopes = gradient(rows, labels, weights.copy(), bias.copy())
    got = sgd_step(rows, labels, weights.copy(), bias.copy(), rate)
    checks.array(
        got[0], weights - rate * slopes[0], f"the weights after a step with learning rate {rate}"
    )
    checks.array(
        got[1], bias - rate * slopes[1], f"the bias after a step with learning rate {rate}"
    )
### END HIDDEN TESTS

# %% [markdown]
# Does it go downhill? Thirty steps on 300 digits. Before you run it: where does the curve begin,
# if all weights are 0 and there are ten classes?

# %%
few_rows = digits.train.images[:300].reshape(300, -1) / 255
few_labels = digits.train.labels[:300]
weights, bias = np.zeros((784, 10)), np.zeros(10)
trace = [cross_entropy(few_rows @ weights + bias, few_labels)]
for _ in range(30):
    weights, bias = sgd_step(few_rows, few_labels, weights, bias, 0.2)
    trace.append(cross_entropy(few_rows @ weights + bias, few_labels))
print(f"first loss {trace[0]:.4f}, log(10) = {np.log(10):.4f}; last loss {trace[-1]:.4f}")
plots.curves(
    range(31),
    {"loss": trace},
    xlabel="step",
    ylabel="mean cross-entropy in nats",
    title="Your gradient descent on 300 digits",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "batches_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (3 points): mini-batches, and a training loop
#
# All images for a single step: that is a waste. A few dozen give nearly the same direction. So in
# every **epoch** the images are shuffled and dealt out in **mini-batches**, and each batch makes
# one step.
#
# **a) The batches (2 points).** Write `batches`: shuffle the row numbers `0 ... n-1` with the
# given seed, then cut them into pieces of `batch_size`. What is left at the end is a smaller last
# batch. Nobody is left out, nobody comes twice.


# %% nbgrader={"grade": false, "grade_id": "batches", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batches(n, batch_size, seed):
    """Deal the row numbers 0 ... n-1 at random into batches.

    Parameters
    ----------
    n, batch_size : int
        How many rows there are, and how many make a batch.
    seed : int
        The same seed gives the same batches.

    Returns
    -------
    list of ndarrays of int
        All of length batch_size, except the last, which may be shorter (but not empty).
    """
    ### BEGIN SOLUTION
    shuffled = np.random.default_rng(seed).permutation(n)
    return [shuffled[start : start + batch_size] for start in range(0, n, batch_size)]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Think of 10 cards and batches of 4. At which positions do the batches begin,
# and how long is the last one?
#
# ---
#
# Shuffle with `np.random.default_rng(seed).permutation(n)`. The batches begin
# at `range(0, n, batch_size)`, and a slice that reaches beyond the end of an
# array simply stops there.
#
# ---
#
# A neighbouring problem: print a text in lines of eight letters.
#
# ```python
# text = "convolutional networks"
# for start in range(0, len(text), 8):
#     print(repr(text[start : start + 8]))  # the last line is shorter
# ```

# %% nbgrader={"grade": true, "grade_id": "batches_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
for n, batch_size, sizes in [(10, 5, [5, 5]), (23, 5, [5, 5, 5, 5, 3]), (3, 8, [3])]:
    got = batches(n, batch_size, seed=1)
    case = f"batches({n}, {batch_size}, seed=1)"
    assert got is not None, f"{case} gives nothing back: does the function end with `return`?"
    got = [[int(row) for row in batch] for batch in got]
    lengths = [len(batch) for batch in got]
    hint = (
        "Is the last, smaller batch lost?"
        if sum(lengths) < n
        else "Only the LAST batch may be smaller."
    )
    assert lengths == sizes, f"{case} has batches of the sizes {lengths}, expected {sizes}. {hint}"
    rows = sorted(row for batch in got for row in batch)
    assert rows == list(range(n)), (
        f"{case}: every row from 0 to {n - 1} should come exactly once an epoch."
    )
### BEGIN HIDDEN TESTS
for n, batch_size in [(7, 2), (12, 4), (100, 32), (1, 1), (65, 64), (6, 1)]:
    got = [[int(row) for row in batch] for batch in batches(n, batch_size, seed=4)]
    case = f"batches({n}, {batch_size}, seed=4)"
    sizes = [batch_size] * (n // batch_size) + [n % batch_size] * (n % batch_size > 0)
    lengths = [len(batch) for batch in got]
    assert lengths == sizes, f"{case} has batches of the sizes {lengths}, expected {sizes}."
    rows = sorted(row for batch in got for row in batch)
    assert rows == list(range(n)), (
        f"{case}: every row from 0 to {n - 1} should come exactly once an epoch."
    )
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "batches_shuffle_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
first = [[int(row) for row in batch] for batch in batches(300, 60, seed=1)]
again = [[int(row) for row in batch] for batch in batches(300, 60, seed=1)]
other = [[int(row) for row in batch] for batch in batches(300, 60, seed=2)]
for batch in first:
    hint = "Data are often sorted by class: shuffle the ROWS, then cut."
    in_thirds = [sum(100 * third <= row < 100 * third + 100 for row in batch) for third in range(3)]
    assert min(in_thirds) >= 3, (
        f"A batch of batches(300, 60, seed=1) has {in_thirds} rows of each third. {hint}"
    )
    assert len({row % 5 for row in batch}) > 1, f"A batch takes every fifth row: not random. {hint}"
assert first == again, (
    "batches(300, 60, seed=1) gives other batches the second time: use default_rng(seed)."
)
assert first != other, (
    "Seeds 1 and 2 give the same batches, so every epoch would look the same: is the seed used?"
)
### BEGIN HIDDEN TESTS
first = [[int(row) for row in batch] for batch in batches(1000, 200, seed=77)]
again = [[int(row) for row in batch] for batch in batches(1000, 200, seed=77)]
other = [[int(row) for row in batch] for batch in batches(1000, 200, seed=78)]
assert first == again, "the same seed should give the same batches"
assert first != other, "another seed should give other batches: is the seed used?"
for batch in first:
    assert min(batch) < 300 and max(batch) > 700, (
        "A batch holds neighbouring rows only: shuffle the ROWS, then cut."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "train_softmax_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) The loop (1 point).** Put it all together in `train_softmax`. Start with all weights and
# biases 0. In epoch $e = 0, 1, 2, \dots$ deal the rows by `batches(n, batch_size, seed + e)`, so
# that each epoch has another order, and make one `sgd_step` for each batch. At the **end** of each
# epoch, note the cross-entropy on *all* the rows.


# %% nbgrader={"grade": false, "grade_id": "train_softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_softmax(rows, labels, classes, epochs, batch_size, learning_rate, seed=0):
    """Train softmax regression by mini-batch gradient descent, from zero weights.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
    labels : ndarray of int, shape (n,)
    classes : int
        How many classes there are.
    epochs, batch_size : int
    learning_rate : float
    seed : int
        Epoch e uses batches(n, batch_size, seed + e).

    Returns
    -------
    weights : ndarray of float, shape (d, classes)
    bias : ndarray of float, shape (classes,)
    losses : list of float, length epochs
        The mean cross-entropy on all rows at the end of each epoch.
    """
    ### BEGIN SOLUTION
    weights, bias, losses = np.zeros((rows.shape[1], classes)), np.zeros(classes), []
    for epoch in range(epochs):
        for batch in batches(len(rows), batch_size, seed + epoch):
            weights, bias = sgd_step(rows[batch], labels[batch], weights, bias, learning_rate)
        losses.append(cross_entropy(rows @ weights + bias, labels))
    return weights, bias, losses
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Write the loop as comments first: what happens once, what happens in every
# epoch, what happens for every batch?
#
# ---
#
# Zeros of shape `(d, classes)` and `(classes,)` to begin with. Inside: for
# each `batch` of row numbers, `rows[batch]` and `labels[batch]` go to
# `sgd_step`, whose result replaces weights and bias. After the last batch of
# an epoch, `cross_entropy` of the scores of *all* rows goes to the list.
#
# ---
#
# A neighbouring problem: find the mean of numbers by small steps, and note
# after each round how wrong the guess is on all of them.
#
# ```python
# numbers = np.array([2.0, 4.0, 9.0, 5.0])
# guess, errors = 0.0, []
# for round_ in range(3):
#     order = np.random.default_rng(round_).permutation(4)
#     for pair in order.reshape(2, 2):
#         guess = guess - 0.3 * (guess - numbers[pair].mean())
#     errors.append(float(((guess - numbers) ** 2).mean()))
# print(guess, errors)
# ```

# %% nbgrader={"grade": true, "grade_id": "train_softmax_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Ten times the same image: in any order, batches of 4, 4 and 2 make three equal steps an epoch.
rows, labels = np.tile([1.0, 2.0], (10, 1)), np.ones(10, dtype=int)
got = train_softmax(rows, labels, classes=2, epochs=2, batch_size=4, learning_rate=0.1)
assert isinstance(got, tuple | list) and len(got) == 3, (
    "train_softmax should return weights, bias, losses"
)
every_batch = "Every batch makes a step, the smaller last one too."
mistakes = {
    "the loss before each epoch": ([0.69315, 0.23215], "Note it at the END of an epoch."),
    "the mean loss during the epoch": ([0.47906, 0.19050], "Note it at the END, on all the rows."),
    "what comes of two steps an epoch": ([0.30654, 0.18548], every_batch),
    "what comes of one step an epoch": ([0.43749, 0.30654], "One step for each BATCH."),
    "what comes of a step for each image": ([0.08190, 0.04181], "One step for each BATCH."),
    "the first epoch over and over": ([0.23215, 0.23215], "Go on with the weights you have."),
}
checks.equal(len(got[2]), 2, "the number of losses after 2 epochs", "One for each epoch.")
name = "the losses of 10 equal images, 2 epochs of batches of 4"
checks.array(np.array(got[2], dtype=float), np.array([0.23215, 0.13117]), name, mistakes, rtol=1e-3)

rows, labels = digits.train.images[:200].reshape(200, -1) / 255, np.array(digits.train.labels[:200])
weights, bias, losses = train_softmax(
    rows, labels, classes=10, epochs=5, batch_size=20, learning_rate=0.1
)
assert np.shape(weights) == (784, 10), (
    f"the weights have the shape {np.shape(weights)}, expected (784, 10)"
)
hint = "Do rows and labels of a batch belong together? Do the weights survive from batch to batch?"
assert losses[-1] < 1.0, (
    f"200 digits, 5 epochs: the loss ends at {losses[-1]:.3f}, log(10) is 2.303. {hint}"
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(31)
rows, labels = rng.normal(size=(13, 4)), rng.integers(0, 3, size=13)
for batch_size, seed in [(13, 0), (5, 3), (1, 8)]:
    weights, bias, expected = np.zeros((4, 3)), np.zeros(3), []
    for epoch in range(3):
        for batch in batches(13, batch_size, seed + epoch):
            weights, bias = sgd_step(rows[batch], labels[batch], weights.copy(), bias.copy(), 0.5)
        expected.append(float(cross_entropy(rows @ weights + bias, labels)))
    got = train_softmax(
        rows, labels, 3, epochs=3, batch_size=batch_size, learning_rate=0.5, seed=seed
    )
    case = f"train_softmax, batches of {batch_size}, seed {seed} (is it seed + e in epoch e?)"
    checks.array(np.array(got[2], dtype=float), np.array(expected), f"the losses of {case}")
    checks.array(got[0], weights, f"the weights of {case}")
    checks.array(got[1], bias, f"the bias of {case}")
### END HIDDEN TESTS

# %% [markdown]
# Your own learning machine, on 1,200 digits. Afterwards we look at what it learned: the weights of
# a class are one number for each pixel, so they can be shown as an image. Blue is "speaks for this
# digit", red is "speaks against it". Can you read them?

# %%
train_rows = digits.train.images.reshape(len(digits.train), -1) / 255
validation_rows = digits.validation.images.reshape(len(digits.validation), -1) / 255
weights, bias, losses = train_softmax(
    train_rows, digits.train.labels, 10, epochs=20, batch_size=20, learning_rate=0.1
)
predicted = (validation_rows @ weights + bias).argmax(axis=1)
regression_accuracy = (predicted == digits.validation.labels).mean()
print(f"loss {losses[0]:.3f} after the first epoch, {losses[-1]:.3f} after the last")
print(f"{regression_accuracy:.1%} of {len(predicted)} validation digits are right")
print(f"all that it knows: {weights.size + bias.size:,} numbers")

strength = np.clip(weights.T.reshape(10, 28, 28) / np.abs(weights).max(), -1, 1)
coloured = 1 - np.stack(
    [np.maximum(strength, 0), np.abs(strength), np.maximum(-strength, 0)], axis=-1
)
plots.image_grid(
    coloured,
    digits.class_names,
    title="The ten weight vectors: blue speaks for the digit, red against it",
    alt="Ten small images, the weights of the digits 0 to 9, blue where ink raises the score and red "
    "where it lowers it; the 0 is a blue ring around a red centre.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "prepare_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (4 points): LeNet-5 and its parameter sheet
#
# Now the network that read the cheques. LeNet-5 wants images of 32 × 32, so that the tip of a
# stroke may stand in the middle of a 5 × 5 window.
#
# **a) The input (1 point).** Write `prepare`. Images come as `uint8`, 28 × 28 × 1 or 32 × 32 × 3,
# in a 4-D array as always. Add a border of black (0), equally wide on all four sides, to make them
# 32 × 32, and bring them to `float32` numbers from 0 to 1. The channel axis stays, and stays last.


# %% nbgrader={"grade": false, "grade_id": "prepare", "locked": false, "schema_version": 3, "solution": true, "task": false}
def prepare(images):
    """Images as LeNet-5 wants them.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, side, side, channels)
        Square, the side even and at most 32.

    Returns
    -------
    ndarray of float32, shape (n, 32, 32, channels)
        From 0 to 1, with a border of zeros of equal width on all sides.
    """
    ### BEGIN SOLUTION
    border = (32 - images.shape[1]) // 2
    padded = np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)))
    return padded.astype("float32") / 255
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How wide is the border of an image of 28 x 28 on each side, if 32 x 32 is
# wanted? Which of the four axes get one?
#
# ---
#
# `np.pad` takes a pair for each axis, such as `((0, 0), (2, 2), ...)`; work
# the width out from the shape. Then `float32`, then the division: how large is
# the largest number of a `uint8`?
#
# ---
#
# A neighbouring problem: a frame of white (1) around two small float pictures,
# above and below only.
#
# ```python
# pictures = np.zeros((2, 2, 3))  # two pictures, 2 high and 3 wide
# framed = np.pad(pictures, ((0, 0), (1, 1), (0, 0)), constant_values=1)
# print(framed.shape)  # (2, 4, 3)
# print(framed[0])
# ```

# %% nbgrader={"grade": true, "grade_id": "prepare_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.zeros((2, 28, 28, 1), dtype=np.uint8)
images[0, 0, 0], images[1, 27, 5] = 255, 51
got = prepare(images)
checks.equal(
    np.shape(got),
    (2, 32, 32, 1),
    "the shape of two prepared digits",
    "(n, height, width, channels)",
)
checks.equal(
    str(got.dtype),
    "float32",
    "the dtype of prepared images",
    "Half the memory of float64, and enough.",
)
hint = "255 becomes 1, and the border is two pixels wide on EACH side."
found = [[int(i) for i in place] for place in np.argwhere(got)]
checks.equal(
    found, [[0, 2, 2, 0], [1, 29, 7, 0]], "the places of two pixels that are not black", hint
)
mistakes = {
    "the pixels as they came": ([255.0, 51.0], "Divide by 255."),
    "scaled by 256": ([255 / 256, 51 / 256], "The largest pixel is 255, and should become 1."),
}
checks.array(got[[0, 1], [2, 29], [2, 7], 0], np.array([1.0, 0.2]), "their values", mistakes)
checks.equal(
    np.shape(prepare(np.zeros((3, 32, 32, 3), dtype=np.uint8))),
    (3, 32, 32, 3),
    "the shape of three photographs",
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(41)
for n, side, channels in [(3, 28, 1), (2, 32, 3), (1, 20, 2), (4, 30, 3)]:
    images = rng.integers(0, 256, size=(n, side, side, channels), dtype=np.uint8)
    got, border = prepare(images), (32 - side) // 2
    expected = np.zeros((n, 32, 32, channels))
    expected[:, border : border + side, border : border + side] = images / 255
    checks.array(got, expected, f"prepare({n} images of {side} x {side} x {channels})", atol=1e-6)
    checks.equal(str(got.dtype), "float32", "the dtype of prepared images")
### END HIDDEN TESTS

# %% [markdown]
# **Keras takes over.** The next cell starts it, which takes a few seconds.

# %% nbgrader={"grade": false, "grade_id": "keras_setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import logging

import keras
from keras import layers

# TensorFlow warns of a notebook that compiles many models one after another. The checks have to.
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def loss_of(probabilities, labels):
    """Mean cross-entropy of probabilities: what the checks compare with."""
    return -float(
        np.mean([np.log(row[label]) for row, label in zip(probabilities, labels, strict=True)])
    )


print(
    f"Keras {keras.__version__} on {keras.backend.backend()},",
    "a first sum:",
    float(keras.ops.sum(keras.ops.ones((2, 2)))),
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "build_lenet_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) The network and its sheet (2 points).** Build LeNet-5 as the textbooks have it today, with
# these names:
#
# | name | layer |
# |---|---|
# | `C1` | convolution, 6 filters of 5 × 5, no padding, tanh |
# | `S2` | average pooling, 2 × 2 |
# | `C3` | convolution, 16 filters of 5 × 5, no padding, tanh |
# | `S4` | average pooling, 2 × 2 |
# | `flatten` | everything in one row |
# | `C5` | dense, 120 units, tanh |
# | `F6` | dense, 84 units, tanh |
# | `output` | dense, 10 units, **no** activation: scores, as in question 1 |
#
# Then write `lenet_sheet`, which builds the network for a given input shape and makes a list of
# its layers: name, shape of the output, number of parameters. One point is for grey images and one
# for colour.
#
# **Find the mistake.** A slide in circulation computes the parameters of `C3` as
# $16 \cdot (3 \cdot 3 \cdot 6) + 16 = 880$. Take a pencil and fill in the sheet yourself *before*
# you run yours. Who is right?


# %% nbgrader={"grade": false, "grade_id": "build_lenet", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_lenet(input_shape):
    """LeNet-5, not compiled.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels) of one image, such as (32, 32, 1).

    Returns
    -------
    keras.Model
        Its output is a row of 10 scores for each image.
    """
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(6, 5, activation="tanh", name="C1"),
            layers.AveragePooling2D(2, name="S2"),
            layers.Conv2D(16, 5, activation="tanh", name="C3"),
            layers.AveragePooling2D(2, name="S4"),
            layers.Flatten(name="flatten"),
            layers.Dense(120, activation="tanh", name="C5"),
            layers.Dense(84, activation="tanh", name="F6"),
            layers.Dense(10, name="output"),
        ]
    )
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# The table is the network, line by line. Which class of `keras.layers` belongs
# to each line, and what do its first two arguments mean?
#
# ---
#
# `keras.Sequential([...])` with `keras.Input(input_shape)` first, then
# `layers.Conv2D(filters, size, ...)`, `layers.AveragePooling2D(size)`,
# `layers.Flatten()` and `layers.Dense(units)`; each takes `activation=` and
# `name=`. The last one has no activation.
#
# ---
#
# A neighbouring network: one small convolution, a max pooling and three
# scores.
#
# ```python
# import keras
# from keras import layers
#
# small = keras.Sequential([
#     keras.Input((12, 12, 1)),
#     layers.Conv2D(4, 3, activation="relu", name="edges"),
#     layers.MaxPooling2D(2, name="smaller"),
#     layers.Flatten(name="row"),
#     layers.Dense(3, name="scores"),
# ])
# print(small.output_shape, small.count_params())
# ```

# %% nbgrader={"grade": false, "grade_id": "lenet_sheet", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lenet_sheet(input_shape):
    """The parameter sheet of LeNet-5 for images of this shape.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels) of one image.

    Returns
    -------
    list of (str, tuple of int, int)
        Name, shape of the output for one image, number of parameters: one entry for each of the
        eight layers of build_lenet(input_shape), such as ("C1", (28, 28, 6), 156).
    """
    ### BEGIN SOLUTION
    model = build_lenet(input_shape)
    return [
        (layer.name, tuple(layer.output.shape[1:]), layer.count_params()) for layer in model.layers
    ]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# What can you ask a layer? Build the network and look at `model.layers[0]` in
# a cell of your own.
#
# ---
#
# Go through `model.layers`: `layer.name`, `layer.output.shape` (whose first
# entry is the batch: leave it out) and `layer.count_params()`. Make a tuple of
# the three, and the shape a plain tuple as well.
#
# ---
#
# A neighbouring problem: the type and the number of weight arrays of each
# layer.
#
# ```python
# import keras
# from keras import layers
#
# model = keras.Sequential([
#     keras.Input((4,)),
#     layers.Dense(3, name="a"),
#     layers.Dropout(0.5, name="b"),
# ])
# for one in model.layers:
#     print(one.name, type(one).__name__, len(one.weights))
# ```

# %% nbgrader={"grade": true, "grade_id": "lenet_sheet_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
sheet = lenet_sheet((32, 32, 1))
assert isinstance(sheet, list) and all(
    isinstance(row, tuple | list) and len(row) == 3 for row in sheet
), "lenet_sheet should return a list with three things for each layer: (name, shape, parameters)"
names = ["C1", "S2", "C3", "S4", "flatten", "C5", "F6", "output"]
checks.equal(
    [row[0] for row in sheet],
    names,
    "the names of the layers",
    "All eight, in the order of the table.",
)
counts = np.array([row[2] for row in sheet])
three = "Nine weights a window: LeNet's windows are 5 x 5, so the slide cannot be right."
padded = "padding='same' keeps 32 x 32; here the windows stay inside."
mistakes = {
    "3 x 3 windows in C1 and C3": ([60, 0, 880, 0, 0, 69_240, 10_164, 850], three),
    "3 x 3 windows in C3": ([156, 0, 880, 0, 0, 69_240, 10_164, 850], three),
    "the slide": ([156, 0, 880, 0, 0, 48_120, 10_164, 850], three),
    "a network with padding": ([156, 0, 2416, 0, 0, 123_000, 10_164, 850], padded),
    "a network with padding in C1": ([156, 0, 2416, 0, 0, 69_240, 10_164, 850], padded),
    "a network with padding in C3": ([156, 0, 2416, 0, 0, 94_200, 10_164, 850], padded),
    "a network for 28 x 28": (
        [156, 0, 2416, 0, 0, 30_840, 10_164, 850],
        "Use the input_shape given.",
    ),
    "a network for RGB": ([456, 0, 2416, 0, 0, 48_120, 10_164, 850], "Use the input_shape given."),
    "the weights without the biases": (
        [150, 0, 2400, 0, 0, 48_000, 10_080, 840],
        "Each filter and each unit has one bias more.",
    ),
    "a network without S4": (
        [156, 0, 2416, 0, 0, 192_120, 10_164, 850],
        "Pool after each convolution.",
    ),
}
expected = np.array([156, 0, 2416, 0, 0, 48_120, 10_164, 850])
checks.array(counts, expected, "the parameters of the eight layers", mistakes)
shapes = [row[1] for row in sheet]
expected = [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (400,), (120,), (84,), (10,)]
hint = "For ONE image: leave out the first axis (None). A row of units is (120,), a tuple."
checks.equal(shapes, expected, "the shapes of the outputs", hint)
assert counts.sum() == 61_706
### BEGIN HIDDEN TESTS
for height, width in [(28, 28), (36, 48)]:
    c1, c3 = (height - 4, width - 4), ((height - 4) // 2 - 4, (width - 4) // 2 - 4)
    flat = (c3[0] // 2) * (c3[1] // 2) * 16
    expected = [
        ("C1", (*c1, 6), 156),
        ("S2", (c1[0] // 2, c1[1] // 2, 6), 0),
        ("C3", (*c3, 16), 2416),
        ("S4", (c3[0] // 2, c3[1] // 2, 16), 0),
        ("flatten", (flat,), 0),
        ("C5", (120,), flat * 120 + 120),
        ("F6", (84,), 10_164),
        ("output", (10,), 850),
    ]
    checks.equal(lenet_sheet((height, width, 1)), expected, f"lenet_sheet(({height}, {width}, 1))")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "lenet_sheet_rgb_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
sheet = lenet_sheet((32, 32, 3))
assert isinstance(sheet, list) and all(
    isinstance(row, tuple | list) and len(row) == 3 for row in sheet
), "lenet_sheet should return a list with three things for each layer: (name, shape, parameters)"
parameters = {row[0]: row[2] for row in sheet}
hint = "Six filters as deep as the input, 5 * 5 * 3, and six biases. Is input_shape used?"
assert parameters.get("C1") == 456, (
    f"C1 has {parameters.get('C1')} parameters on colour images. {hint}"
)
hint = "Colour changes the first layer only."
checks.equal(sum(parameters.values()), 62_006, "all parameters on colour images", hint)
### BEGIN HIDDEN TESTS
for channels in (2, 4):
    sheet = lenet_sheet((32, 32, channels))
    parameters = {row[0]: row[2] for row in sheet}
    name = f"parameters on images of {channels} channels"
    checks.equal(parameters.get("C1"), 150 * channels + 6, f"{name}, C1")
    checks.equal(sum(parameters.values()), 61_556 + 150 * channels, f"{name}, together")
### END HIDDEN TESTS

# %%
print(f"{'layer':10}{'output':16}{'grey':>10}{'colour':>10}")
for (name, shape, grey), (_, _, colour) in zip(
    lenet_sheet((32, 32, 1)), lenet_sheet((32, 32, 3)), strict=True
):
    print(f"{name:10}{str(shape):16}{grey:10,}{colour:10,}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "predict_with_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **c) Weights in, probabilities out (1 point).** A model is its architecture and its weights, and
# Keras lets you take the two apart: `model.get_weights()` gives a list of arrays (kernel and bias
# of `C1`, then of `C3`, and so on), and `model.set_weights(list)` puts them back. Write
# `predict_with`: build the network that fits the images, give it the weights, let it score the
# prepared images, and turn the scores into probabilities. (`model.predict(x, verbose=0)` returns a
# NumPy array. And your `softmax` is still there.)


# %% nbgrader={"grade": false, "grade_id": "predict_with", "locked": false, "schema_version": 3, "solution": true, "task": false}
def predict_with(weights, images):
    """Probabilities that LeNet-5 gives with these weights.

    Parameters
    ----------
    weights : list of ndarray
        As `get_weights` of the model returns them.
    images : ndarray of uint8, shape (n, side, side, channels)
        As in `prepare`.

    Returns
    -------
    ndarray of float, shape (n, 10)
        Each row sums to 1.
    """
    ### BEGIN SOLUTION
    x = prepare(images)
    model = build_lenet(x.shape[1:])
    model.set_weights(weights)
    return softmax(model.predict(x, verbose=0))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Four steps, each of which you have a function or a method for. Which shape of
# input does the network need, and where can you read it off?
#
# ---
#
# `prepare` the images; `build_lenet` wants the shape of *one* of them, so
# leave out the first number; `set_weights`; `predict(..., verbose=0)` gives
# scores. What turns scores into probabilities?
#
# ---
#
# A neighbouring problem: take the weights out of one model and put them into a
# second one of the same design.
#
# ```python
# import keras
# from keras import layers
#
# def line():
#     return keras.Sequential([keras.Input((2,)), layers.Dense(1)])
#
# trained, fresh = line(), line()
# trained.set_weights([np.array([[2.0], [3.0]]), np.array([1.0])])
# fresh.set_weights(trained.get_weights())
# print(fresh.predict(np.array([[1.0, 1.0]]), verbose=0))  # 2 + 3 + 1
# ```

# %% nbgrader={"grade": true, "grade_id": "predict_with_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(40)
shapes = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,)]  # kernel and bias of C1, of C3
shapes += [(400, 120), (120,), (120, 84), (84,), (84, 10), (10,)]  # of C5, F6, output
scales = [1.5 / np.prod(shape[:-1]) ** 0.5 if len(shape) > 1 else 0.5 for shape in shapes]
random = [
    rng.normal(0, scale, shape).astype("float32")
    for shape, scale in zip(shapes, scales, strict=True)
]
asleep = [0 * array for array in random]
asleep[-1] = np.log([1, 1, 1, 1, 1, 1, 1, 1, 2, 6]).astype("float32")
expected = np.array([[1, 1, 1, 1, 1, 1, 1, 1, 2, 6]] * 2) / 16
twice = np.exp(expected) / np.exp(expected).sum(axis=1, keepdims=True)
mistakes = {
    "the scores": (
        np.log(16 * expected),
        "The output layer gives scores; softmax makes probabilities.",
    ),
    "a softmax of a softmax": (twice, "Softmax once: is there one in the output layer too?"),
}
name = "all weights 0 but the bias of the output (are they set?): predict_with"
checks.array(predict_with(asleep, digits.test.images[:2]), expected, name, mistakes, atol=1e-5)

tanh = "C1, C3, C5 and F6 have tanh."
mistakes = {
    "what ReLU gives in place of tanh": ([0.1936, 0.3114, 0.0171, 0.0106, 0.1811], tanh),
    "what ReLU gives, with max pooling": ([0.2407, 0.1805, 0.0088, 0.0050, 0.1968], tanh),
    "what ReLU gives in the convolutions": ([0.1109, 0.1215, 0.0386, 0.1339, 0.3847], tanh),
    "what ReLU gives in the dense layers": ([0.1204, 0.4123, 0.0123, 0.0238, 0.1341], tanh),
    "what the sigmoid gives in place of tanh": ([0.1151, 0.2950, 0.0503, 0.1162, 0.1311], tanh),
    "a network without activations": ([0.5078, 0.0002, 0.0009, 0.0000, 0.2561], tanh),
    "a network with tanh in the dense layers only": (
        [0.2589, 0.0730, 0.0396, 0.0712, 0.1343],
        tanh,
    ),
    "a network with tanh in the convolutions only": (
        [0.1988, 0.0278, 0.0178, 0.0028, 0.5019],
        tanh,
    ),
    "what max pooling gives": (
        [0.0906, 0.0955, 0.0331, 0.1040, 0.2831],
        "S2 and S4 take the average.",
    ),
    "what unscaled pixels give": (
        [0.1128, 0.0889, 0.0491, 0.0925, 0.2455],
        "Give the network PREPARED images.",
    ),
}
got = predict_with(random, digits.test.images[:1])
checks.equal(np.shape(got), (1, 10), "the shape of the probabilities of one digit")
name = "predict_with, random weights: the first five probabilities"
checks.array(
    got[0, :5], np.array([0.1593, 0.1025, 0.0408, 0.0878, 0.2645]), name, mistakes, atol=2e-4
)


### BEGIN HIDDEN TESTS
def by_hand(weights, images):
    border = (32 - images.shape[1]) // 2
    x = np.pad(images, ((0, 0), (border, border), (border, border), (0, 0))) / 255
    for kernel, bias in (weights[0:2], weights[2:4]):
        windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))
        x = np.tanh(np.einsum("nhwcij,ijcf->nhwf", windows, kernel, optimize=True) + bias)
        n, height, width, filters = x.shape
        x = x.reshape(n, height // 2, 2, width // 2, 2, filters).mean(axis=(2, 4))
    x = np.tanh(x.reshape(len(x), -1) @ weights[4] + weights[5])
    scores = np.tanh(x @ weights[6] + weights[7]) @ weights[8] + weights[9]
    powers = np.exp(scores - scores.max(axis=1)[:, None])
    return powers / powers.sum(axis=1)[:, None]


rng = np.random.default_rng(44)
for what, images in [
    ("40 digits", digits.validation.images[:40]),
    ("5 photographs", photos.validation.images[:5]),
]:
    shapes[0] = (5, 5, images.shape[3], 6)
    weights = [
        rng.normal(0, scale, shape).astype("float32")
        for shape, scale in zip(shapes, scales, strict=True)
    ]
    name = f"predict_with, other random weights, {what}"
    checks.array(
        predict_with(weights, images), by_hand(weights, images), name, rtol=1e-3, atol=1e-4
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "early_stopping_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (2 points): stop in time
#
# A network with 61,706 parameters and a few hundred images can learn them by heart. The training
# loss keeps falling; the **validation loss** falls, turns, and rises. *Early stopping* watches it:
# training stops when the validation loss has not improved for `patience` epochs in a row, and the
# weights go back to those of the best epoch.
#
# Write `early_stopping`. It replays a list of validation losses, one for each epoch, counted from
# 0, and says which epoch is the best one and which is the last one that was run. What comes after
# the stop was never run, so it cannot be the best. An improvement is a loss **smaller** than the
# best so far; an equal one is none.
#
# For example, `[5.0, 4.0, 4.2, 4.1, 3.0]` with a patience of 2: epoch 1 is the best so far, epochs
# 2 and 3 do not improve on it, patience runs out. The answer is `(1, 3)`: epoch 4 never happens.


# %% nbgrader={"grade": false, "grade_id": "early_stopping", "locked": false, "schema_version": 3, "solution": true, "task": false}
def early_stopping(losses, patience):
    """When to stop, and which epoch to go back to.

    Parameters
    ----------
    losses : list of float
        The validation loss of every epoch, at least one.
    patience : int
        So many epochs in a row without an improvement end the training, patience >= 1.

    Returns
    -------
    best : int
        The epoch to go back to, counted from 0.
    last : int
        The last epoch that is run; the last one there is, if patience never runs out.
    """
    ### BEGIN SOLUTION
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best, epoch
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Play the example of the text by hand, epoch by epoch, with two fingers: one
# on the best epoch so far, one on the present one. When do you stop?
#
# ---
#
# Loop with `enumerate(losses)`. First see whether this loss is smaller than
# the one at the best epoch; then whether the distance from the best epoch to
# this one has reached the patience: `break`. Return both numbers.
#
# ---
#
# A neighbouring problem: on which day has it been freezing for three days in a
# row? A counter that begins again is one way; a remembered day would be
# another.
#
# ```python
# degrees = [1, -2, -1, 3, -1, -2, -4, 2]
# cold = 0
# for day, number in enumerate(degrees):
#     cold = cold + 1 if number < 0 else 0
#     if cold == 3:
#         print("day", day)  # day 6
#         break
# ```

# %% nbgrader={"grade": true, "grade_id": "early_stopping_last_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from_best = "Patience counts from the best epoch so far: every improvement starts the count again."
cases = [
    ([3.0, 2.0, 1.0], 1, 2, "It improves to the end, so nothing stops it. Epochs are counted from 0."),
    ([5.0, 4.0, 4.2, 4.1, 3.0], 2, 3, "Epochs 2 and 3 are both no better than the best, 4.0."),
    ([5.0, 4.0, 4.2, 3.9, 4.1, 3.8, 3.7], 2, 6, from_best),
    ([2.0, 3.0, 2.5, 2.4, 2.3, 2.2], 3, 3, from_best),
    ([2.0, 1.0, 1.0, 1.0, 0.5], 2, 3, "An equal loss is no improvement."),
    ([1.0], 1, 0, "A single epoch is the best and the last."),
]
for losses, patience, last, hint in cases:
    got = early_stopping(losses, patience)
    assert isinstance(got, tuple | list) and len(got) == 2, (
        "early_stopping should return two numbers: best, last"
    )
    checks.equal(
        got[1], last, f"the last epoch of early_stopping({losses}, patience={patience})", hint
    )
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(51)
for _ in range(40):
    losses = rng.integers(1, 12, size=int(rng.integers(1, 15))).astype(float).tolist()
    patience = int(rng.integers(1, 5))
    last = len(losses) - 1
    for epoch in range(
        last, patience - 1, -1
    ):  # the earliest epoch at which patience is at its end
        waited = losses[epoch - patience + 1 : epoch + 1]
        last = epoch if min(losses[: epoch - patience + 1]) <= min(waited) else last
    name = f"the last epoch of early_stopping({losses}, patience={patience})"
    checks.equal(early_stopping(losses, patience)[1], last, name)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "early_stopping_best_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
cases = [
    ([3.0, 2.0, 1.0], 1, 2, "It improves to the end. Epochs are counted from 0."),
    ([5.0, 4.0, 4.2, 3.9, 4.1, 4.3], 2, 3, "Go back to the best epoch, not to the last one."),
    ([5.0, 4.0, 4.2, 4.1, 3.0], 2, 1, "Epoch 4 would be better, but it was never run."),
    ([3.0, 1.0, 1.0, 2.0], 3, 1, "The first of equals: an equal loss is no improvement."),
    ([0.5, 2.0, 1.5, 1.2], 5, 0, "The first epoch can be the best one."),
]
for losses, patience, best, hint in cases:
    got = early_stopping(losses, patience)
    assert isinstance(got, tuple | list) and len(got) == 2, (
        "early_stopping should return two numbers: best, last"
    )
    checks.equal(
        got[0], best, f"the best epoch of early_stopping({losses}, patience={patience})", hint
    )
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(52)
for _ in range(40):
    losses = rng.integers(1, 12, size=int(rng.integers(1, 15))).astype(float).tolist()
    patience = int(rng.integers(1, 5))
    best = 0
    for epoch in range(1, len(losses)):
        if epoch > best + patience:
            break
        best = epoch if losses[epoch] < losses[best] else best
    name = f"the best epoch of early_stopping({losses}, patience={patience})"
    checks.equal(early_stopping(losses, patience)[0], best, name)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "train_lenet_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6 (4 points): train it
#
# Everything comes together in `train_lenet`.
#
# 1. `keras.utils.set_random_seed(seed)` first, so that a run can be repeated. Then build LeNet-5
#    for the prepared images and compile it: Adam with a learning rate of 0.002, and the sparse
#    categorical cross-entropy. Its labels are whole numbers, but what does it think it gets from
#    the network, scores or probabilities? (`from_logits`.)
# 2. Train for at most `epochs` epochs, in batches of 20, silently (`verbose=0`). After each epoch
#    note the training loss that `fit` reports, and the loss on the validation images. The network
#    must **never** train on those.
# 3. Stop by the rule of question 5, and give back the weights of the best epoch, not of the last
#    one.
#
# You may loop over the epochs (`fit(..., epochs=1)`) and ask your `early_stopping`, or let a
# callback do it; what counts is what comes out. The result is plain data, a dictionary:
#
# | key | value |
# |---|---|
# | `"loss"` | list of float, the training loss of each epoch that was run |
# | `"val_loss"` | list of float, the validation loss at the end of each |
# | `"weights"` | list of arrays, as of `get_weights`, of the epoch with the smallest validation loss |
#
# The checks look at what must hold whatever the seed: one point each for learning at all, for
# keeping the validation images out of it, for stopping and going back, and for colour and
# repeatability.


# %% nbgrader={"grade": false, "grade_id": "train_lenet", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_lenet(images, labels, validation_images, validation_labels, epochs, patience, seed=0):
    """Train LeNet-5 with early stopping.

    Parameters
    ----------
    images, validation_images : ndarray of uint8, shape (n, side, side, channels)
        As in `prepare`.
    labels, validation_labels : ndarray of int, shape (n,)
    epochs : int
        How many at most.
    patience : int
        As in `early_stopping`.
    seed : int

    Returns
    -------
    dict
        "loss", "val_loss" and "weights", see above.
    """
    ### BEGIN SOLUTION
    keras.utils.set_random_seed(seed)
    x, x_validation = prepare(images), prepare(validation_images)
    model = build_lenet(x.shape[1:])
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.002),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    losses, validation_losses, snapshots = [], [], []
    for epoch in range(epochs):
        losses.append(model.fit(x, labels, batch_size=20, epochs=1, verbose=0).history["loss"][0])
        validation_losses.append(model.evaluate(x_validation, validation_labels, verbose=0))
        snapshots.append(model.get_weights())
        best, _ = early_stopping(validation_losses, patience)
        if epoch - best >= patience:
            break
    return {"loss": losses, "val_loss": validation_losses, "weights": snapshots[best]}
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which of the steps happen once, and which after every epoch? What do you have
# to keep from *every* epoch, so that you can go back to the best one later?
#
# ---
#
# `model.fit(x, labels, batch_size=20, epochs=1, verbose=0).history["loss"]` is
# a list with one number, and `model.evaluate(..., verbose=0)` gives the
# validation loss. Keep a copy of `model.get_weights()` for each epoch. The
# network gives scores, so the loss needs `from_logits=True`; and the
# validation images need `prepare`, too.
#
# ---
#
# A neighbouring problem: train a line for a few epochs, and keep the weights
# of the epoch with the smallest loss.
#
# ```python
# import keras
# from keras import layers
#
# keras.utils.set_random_seed(1)
# x, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
# model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
# model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
# seen, kept = [], []
# for _ in range(5):
#     model.fit(x, y, epochs=1, verbose=0)
#     seen.append(model.evaluate(x, y, verbose=0))
#     kept.append(model.get_weights())
# print(np.round(seen, 3), kept[int(np.argmin(seen))])
# ```

# %% nbgrader={"grade": true, "grade_id": "train_lenet_learns_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images, labels = digits.train.images[:200], digits.train.labels[:200]
images_val, labels_val = digits.validation.images[:100], digits.validation.labels[:100]
result = train_lenet(images, labels, images_val, labels_val, epochs=4, patience=4, seed=1)
assert isinstance(result, dict) and {"loss", "val_loss", "weights"} <= set(result), (
    'train_lenet should return a dict with the keys "loss", "val_loss" and "weights"'
)
assert isinstance(result["weights"], list | tuple), '"weights" should be a list: get_weights()'
for key in ("loss", "val_loss"):
    checks.equal(
        len(result[key]),
        4,
        f"the number of entries of {key!r} after 4 epochs",
        "One for each epoch.",
    )
    assert np.isfinite(np.array(result[key], dtype=float)).all(), (
        f"{key!r} has entries that are not finite"
    )
first, last = result["loss"][0], result["loss"][-1]
assert last < 0.75 * first and last < 1.5, (
    f"The training loss goes from {first:.3f} to {last:.3f} in 4 epochs: that is hardly learning. "
    "Does each epoch continue from the last one? Are the images prepared? Does the loss know that "
    "it gets scores?"
)
probabilities = predict_with(result["weights"], images_val)
really, told = loss_of(probabilities, labels_val), result["val_loss"]
assert np.isclose(really, told, rtol=2e-3).any(), (
    f"With the weights given back the validation loss is {really:.4f}, but 'val_loss' says "
    f"{np.round(told, 4).tolist()}. "
    "Is the loss told that it gets scores (from_logits)? Is it that of the validation images? "
    "The weights of an epoch?"
)
got = loss_of(predict_with(result["weights"], images), labels)
assert got < 1.5, (
    f"With the weights given back the loss on the training images is {got:.3f}: hardly trained."
)
### BEGIN HIDDEN TESTS
shapes = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,)]  # kernel and bias of C1, of C3
shapes += [(400, 120), (120,), (120, 84), (84,), (84, 10), (10,)]  # of C5, F6, output
checks.equal(
    [np.shape(array) for array in result["weights"]], shapes, "the shapes of the weights given back"
)


def by_hand(weights, images):
    x = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0))) / 255
    for kernel, bias in (weights[0:2], weights[2:4]):
        windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))
        x = np.tanh(np.einsum("nhwcij,ijcf->nhwf", windows, kernel, optimize=True) + bias)
        n, height, width, filters = x.shape
        x = x.reshape(n, height // 2, 2, width // 2, 2, filters).mean(axis=(2, 4))
    x = np.tanh(x.reshape(len(x), -1) @ weights[4] + weights[5])
    scores = np.tanh(x @ weights[6] + weights[7]) @ weights[8] + weights[9]
    powers = np.exp(scores - scores.max(axis=1)[:, None])
    return powers / powers.sum(axis=1)[:, None]


really = loss_of(by_hand(result["weights"], images_val), labels_val)
name = "the smallest 'val_loss', and the loss that the weights given back really have"
assert np.isclose(really, told, rtol=2e-3).any(), f"{name}: {min(told):.4f} and {really:.4f}"
assert loss_of(by_hand(result["weights"], images), labels) < 1.5, (
    "the weights given back are hardly trained"
)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "train_lenet_honest_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# A trap: the validation images are training images, but each has the label of the next digit.
# Whoever learns from the training labels only must get worse and worse on them.
images, labels = digits.train.images[:200], digits.train.labels[:200]
result = train_lenet(
    images, labels, images[:100], (labels[:100] + 1) % 10, epochs=5, patience=5, seed=2
)
assert isinstance(result, dict), "train_lenet should return a dict, see the table"
rising, falling = result["val_loss"], result["loss"]
assert falling[-1] < 0.75 * falling[0], (
    f"The training loss goes from {falling[0]:.3f} to {falling[-1]:.3f} only: does the network "
    "train on other images "
    "than the training images, or with other labels?"
)
assert rising[-1] > np.log(10) + 1, (
    f"All labels of the validation images are wrong, and yet the validation loss ends at "
    f"{rising[-1]:.3f}. Somewhere "
    "the network trains on the validation images, or 'val_loss' is measured on training images."
)

# %% nbgrader={"grade": true, "grade_id": "train_lenet_stops_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Every fifth validation label is wrong: the loss falls while the network learns, then rises when
# it gets too sure of itself.
images, labels = digits.train.images[:200], digits.train.labels[:200]
labels_val = np.where(np.arange(100) % 5 == 0, (labels[:100] + 1) % 10, labels[:100])
result = train_lenet(images, labels, images[:100], labels_val, epochs=25, patience=2, seed=3)
assert isinstance(result, dict), "train_lenet should return a dict, see the table"
told = [float(loss) for loss in result["val_loss"]]
checks.equal(
    len(result["loss"]),
    len(told),
    "the number of training losses",
    "One for each epoch that was run.",
)
best, waited = 0, 0
for epoch, loss in enumerate(told):
    best = epoch if loss < told[best] else best
    if epoch - best >= 2:
        break
shown = ", ".join(f"{loss:.3f}" for loss in told)
assert len(told) < 25, (
    f"25 epochs were run, though the validation loss has long been rising: {shown}"
)
assert len(told) - 1 - best == 2 and epoch == len(told) - 1, (
    f"Training stopped after epoch {len(told) - 1}; the validation losses are {shown}. With a "
    "patience of 2, it should "
    "stop two epochs after the best one, and not before."
)
really = loss_of(predict_with(result["weights"], images[:100]), labels_val)
assert not np.isclose(really, told[-1], rtol=1e-4), (
    f"The weights given back have a validation loss of {really:.4f}: they are those of the LAST "
    "epoch. The best one "
    f"was epoch {best} with {told[best]:.4f}. Keep its weights while you go on."
)
assert np.isclose(really, told[best], rtol=2e-3), (
    f"The weights given back have a validation loss of {really:.4f}; the best epoch was {best} "
    f"with {told[best]:.4f}."
)

# %% nbgrader={"grade": true, "grade_id": "train_lenet_colour_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images, labels = photos.train.images[:60], photos.train.labels[:60]
images_val, labels_val = photos.validation.images[:40], photos.validation.labels[:40]
one = train_lenet(images, labels, images_val, labels_val, epochs=1, patience=1, seed=5)
assert isinstance(one, dict), "train_lenet should return a dict, see the table"
checks.equal(
    np.shape(one["weights"][0]),
    (5, 5, 3, 6),
    "the shape of the first kernel on photographs",
    "RGB: 3 channels.",
)
two = train_lenet(images, labels, images_val, labels_val, epochs=1, patience=1, seed=5)
three = train_lenet(images, labels, images_val, labels_val, epochs=1, patience=1, seed=6)
apart = [float(np.abs(run["weights"][0] - one["weights"][0]).mean()) for run in (two, three)]
assert apart[0] < 0.01, (
    f"Seed 5 twice gives two networks: their first kernels are {apart[0]:.3f} apart on average. "
    "Call keras.utils.set_random_seed(seed) before you build the network."
)
assert apart[1] > 0.01, "Seeds 5 and 6 give the same network: is the seed used?"
### BEGIN HIDDEN TESTS
p = np.asarray(predict_with(one["weights"], images_val), dtype=float)
checks.equal(p.shape, (40, 10), "the shape of the probabilities of 40 photographs")
checks.array(p.sum(axis=1), np.ones(40), "their sums, image by image", atol=1e-4)
assert np.isclose(loss_of(p, labels_val), one["val_loss"][0], rtol=2e-3), (
    "'val_loss' is not that of the weights given back"
)
### END HIDDEN TESTS

# %% [markdown]
# ## The harvest: digits
#
# Your network, your loop, all 1,200 digits. The dashed line marks the epoch that you go back to.
# How far does LeNet-5 get beyond the ten templates of question 3, on the same images?

# %%
reading = train_lenet(
    digits.train.images,
    digits.train.labels,
    digits.validation.images,
    digits.validation.labels,
    epochs=15,
    patience=3,
)
best, last = early_stopping(reading["val_loss"], 3)
plots.curves(
    range(last + 1),
    {"training": reading["loss"], "validation": reading["val_loss"]},
    xlabel="epoch",
    ylabel="mean cross-entropy in nats",
    mark=best,
    title="LeNet-5 on 1,200 digits",
)
probabilities = predict_with(reading["weights"], digits.validation.images)
lenet_accuracy = (probabilities.argmax(axis=1) == digits.validation.labels).mean()
print(f"validation: softmax regression {regression_accuracy:.1%}, LeNet-5 {lenet_accuracy:.1%}")

# %% [markdown]
# The choice is made (which network, which epoch), so now one look at the test digits. Below are
# those of its mistakes that it was surest of. Whose side are you on?

# %%
parameters = sum(row[2] for row in lenet_sheet((32, 32, 1)))
probabilities = predict_with(reading["weights"], digits.test.images)
predicted, true = probabilities.argmax(axis=1), digits.test.labels
print(f"test: {(predicted == true).mean():.1%} of {len(true)} digits are right")
wrong = np.flatnonzero(predicted != true)
wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:10]
plots.image_grid(
    digits.test.images[wrong],
    [f"is {true[i]}\nsays {predicted[i]}\n{probabilities[i].max():.0%}" for i in wrong],
    columns=10,
    title=f"The surest mistakes of {parameters:,} parameters on test digits",
)

# %% [markdown]
# ## The harvest: photographs
#
# The same function on colour photographs. Only the first layer is larger, by 300 parameters.
# Predict first: will early stopping come sooner or later than with digits?

# %%
seeing = train_lenet(
    photos.train.images,
    photos.train.labels,
    photos.validation.images,
    photos.validation.labels,
    epochs=15,
    patience=3,
)
best, last = early_stopping(seeing["val_loss"], 3)
plots.curves(
    range(last + 1),
    {"training": seeing["loss"], "validation": seeing["val_loss"]},
    xlabel="epoch",
    ylabel="mean cross-entropy in nats",
    mark=best,
    title="LeNet-5 on 1,200 photographs",
)
probabilities = predict_with(seeing["weights"], photos.test.images)
predicted, true = probabilities.argmax(axis=1), photos.test.labels
print(f"test: {(predicted == true).mean():.1%} of {len(true)} are right; chance would be 10%")

# %% [markdown]
# The ten answers that it was surest of. A blue frame is a right one, a dashed one is wrong. What
# did the network go by?

# %%
parameters = sum(row[2] for row in lenet_sheet((32, 32, 3)))
surest = np.argsort(-probabilities.max(axis=1))[:10]
plots.image_grid(
    photos.test.images[surest],
    [f"{photos.class_names[predicted[i]]}\n{probabilities[i].max():.0%}" for i in surest],
    colours=["right" if predicted[i] == true[i] else "wrong" for i in surest],
    columns=10,
    title=f"The surest answers of {parameters:,} parameters on test photographs",
)

# %% [markdown]
# A network that reads digits well is not yet good at photographs, and 1,200 of them are few. From
# the marked epoch on, what it learns about the training photographs helps with these and no
# others: overfitting. You have seen it happen, and your early stopping has caught it.

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
# - **More data.** `load("mnist")` and `load("cifar10")` get all images. Train on 1,000, 4,000,
#   16,000 of them (`load("cifar10", train=4000)`), with three seeds each, and draw the
#   validation accuracy with its spread.
# - **The year 2010 calls.** ReLU in place of tanh, max pooling in place of averages: change one
#   thing at a time. Which of the two matters, beyond the spread over seeds?
# - **Your own Keras.** Your `train_softmax` is a network of one layer. Put a hidden layer between:
#   the error of a hidden unit is the error of the scores, sent back through the weights. Check
#   every gradient by nudging.
#
# Next week you will look inside the network that you just trained.

# %%
# Your experiments
