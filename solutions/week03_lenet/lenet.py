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
# parameters, and repair the program that trains it on digits and on photographs, so that it stops
# in time. Much of this is a variant of what the lectures show: read the descriptions closely.
#
# | question | you write | points |
# |---|---|---|
# | 1 | softmax with a temperature, cross-entropy with smoothed labels | 3.5 |
# | 2 | the gradient, and one step downhill with weight decay | 3 |
# | 3 | mini-batches, and a training loop of your own | 2.5 |
# | 4 | LeNet-5 in Keras, in two versions | 3 |
# | 5 | early stopping | 2 |
# | 6 | a colleague's training program, repaired | 4 |
# | 7 | what three learning curves say, in words | 2 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the
# check below it. A check that fails tells you what it saw and what to think about. After you have
# handed in, further checks with points of their own run on other numbers, so write for any input
# that fits the description. No check asks for an accuracy: whether your code is right does not
# depend on a lucky seed. Each answer may use your earlier ones. The last answer is in words, and a
# person reads it.
#
# **Stuck?** `exercise.hint("2a")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# The whole notebook runs in about a minute on a laptop. It uses small, fixed samples of MNIST
# and CIFAR-10 that come with the course, the same for everybody.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

import helpers.exercise
from helpers import checks, limits, plots
from helpers.data import load

exercise = helpers.exercise.load("week03_lenet")
digits = load("mnist", source="sample")
photos = load("cifar10", source="sample")
print(digits)
print(photos)

# %%
first_of_each = [
    int(np.flatnonzero(digits.train.labels == label)[0]) for label in range(10)
]
plots.image_grid(
    digits.train.images[first_of_each],
    digits.class_names,
    title="What there is to read",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "softmax_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (3.5 points): a loss that never overflows
#
# A classifier gives every class a **score** (a *logit*), any number at all. **Softmax** turns the
# scores of one image into probabilities. The lecture's softmax has a **temperature** of 1; here
# it may be any positive number $T$:
#
# $$p_k = \frac{e^{z_k/T}}{\sum_j e^{z_j/T}}$$
#
# A network that is too sure of itself gets a $T$ above 1, which evens its probabilities out; a
# $T$ below 1 sharpens them. The order of the classes stays the same.
#
# **a) Softmax (1.5 points).** Half a point is for surviving large scores: $e^{1000}$ is more than
# any float can hold, and a score of 10 at a temperature of 0.01 is just as dangerous. Only
# *differences* of scores matter, so you may subtract the same number from all scores of an image.
# Which number makes every exponent harmless?

# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax(logits, temperature=1.0):
    """Probabilities of the classes, image by image.

    Parameters
    ----------
    logits : ndarray of float, shape (n, classes)
        A row of scores for each image. It is not changed.
    temperature : float
        Above 0: every score is divided by it.

    Returns
    -------
    ndarray of float, shape (n, classes)
        Each row sums to 1. Finite for any finite scores.
    """
    ### BEGIN SOLUTION
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    ### END SOLUTION

# %% [markdown] tags=["hints"]
# What is the largest number in a row after you have subtracted the row's own
# largest score? And what is the exponential of that number?
#
# ---
#
# Divide by the temperature first. `.max(axis=1, keepdims=True)` of the result
# is the largest number of each image, as a column that can be subtracted from
# its row. Then `np.exp`, and a division by the sum along the same axis, again
# with `keepdims=True`.
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

# %% nbgrader={"grade": true, "grade_id": "softmax_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
four = 4 * np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]])
expected = np.array([[1, 2, 5], [3, 3, 2]]) / 8
squared = np.array([[1, 4, 25], [9, 9, 4]]) / [[30], [22]]
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
        four / four.sum(axis=1, keepdims=True),
        "Scores may be negative: where is the exp?",
    ),
    "the softmax without its temperature": (
        np.exp(four) / np.exp(four).sum(axis=1, keepdims=True),
        "Divide the scores by the temperature before anything else.",
    ),
    "the square root of what a temperature of 2 gives": (
        np.sqrt(squared),
        "Divide the scores by the temperature, not the probabilities.",
    ),
    "probabilities divided by the temperature": (
        np.exp(four) / np.exp(four).sum(axis=1, keepdims=True) / 4,
        "Divide the SCORES by the temperature.",
    ),
    "what a temperature of 1/4 gives": (
        np.exp(4 * four) / np.exp(4 * four).sum(axis=1, keepdims=True),
        "DIVIDE the scores by the temperature.",
    ),
    "exponentials divided by the sum of other ones": (
        np.array([[0.2, 0.4, 1], [1, 1, 2 / 3]]) / [[8], [8]],
        "Divide by the sum of the very exponentials that you divide.",
    ),
}
# Divided by the temperature 4, these scores have the powers 1, 2, 5 and 3, 3, 2.
name = "softmax of scores at a temperature of 4"
got = np.asarray(limits.keeps_input(softmax, four, 4.0))
checks.array(got, expected, name, mistakes)
mistakes = {
    "what a temperature of 2 gives": (
        expected,
        "A LOW temperature makes the forecast surer: divide by it.",
    ),
    "a softmax without its temperature": (squared, "Divide the scores by the temperature."),
}
got = np.asarray(softmax(four / 4, 0.5))
checks.array(got, squared, "softmax of scores at a temperature of 0.5", mistakes)
checks.array(
    np.asarray(softmax(four / 4)), expected, "softmax of scores, no temperature given (so 1)"
)

# %% nbgrader={"grade": true, "grade_id": "softmax_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(11)
for (n, classes), temperature in [((1, 2), 1), ((3, 3), 0.7), ((4, 4), 3), ((6, 10), 2.5)]:
    logits = rng.normal(0, 3, size=(n, classes))
    powers = [[2.718281828459045 ** (z / temperature) for z in row] for row in logits]
    expected = np.array([[power / sum(row) for power in row] for row in powers])
    name = f"softmax of {n} x {classes} scores at a temperature of {temperature}"
    checks.array(np.asarray(softmax(logits, temperature)), expected, name)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "softmax_stable_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
cases = {
    "scores around 1000": ([1000.0, 1001.0, 1002.0], 1.0),
    "scores around -1000": ([-1002.0, -1001.0, -1000.0], 1.0),
    "a temperature of 0.01": ([10.0, 10.01, 10.02], 0.01),
}
expected = np.array([[0.09003057, 0.24472847, 0.66524096]])
for case, (scores, temperature) in cases.items():
    got = np.asarray(softmax(np.array([scores]), temperature), dtype=float)
    assert not np.isnan(got).any(), (
        f"softmax, {case}, gives NaN: exp overflows, or every exp is 0. Subtract the largest "
        "score first: then the largest exponent is 0."
    )
    checks.array(got, expected, f"softmax, {case}", rtol=1e-3)

got = np.asarray(softmax(np.array([[900.0, 900.0], [-900.0, -900.0]])), dtype=float)
assert not np.isnan(got).any(), (
    "softmax gives NaN for an image with scores of 900 beside one with scores of -900. "
    "Does each image subtract its OWN largest score?"
)
checks.array(got, np.full((2, 2), 0.5), "softmax of two images far apart")
small = np.array([[0.5, -1.25, 2.0], [0.25, 0.0, -0.75], [1.5, 1.5, -2.0], [0.0, 1.0, 3.5]])
expected = np.exp(small) / np.exp(small).sum(axis=1)[:, None]
shift = np.array([[5000.0], [-5000.0], [0.0], [1e5]])
name = "softmax, every image shifted by a number of its own"
checks.array(np.asarray(softmax(small + shift), dtype=float), expected, name, rtol=1e-4)
got = np.asarray(softmax(np.array([[0.0, -2000.0, 2000.0]])), dtype=float)
checks.array(got, np.array([[0.0, 0, 1]]), "softmax of the scores 0, -2000, 2000")

# %% [markdown] nbgrader={"grade": false, "grade_id": "cross_entropy_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) Cross-entropy (2 points).** How bad is a forecast? The lecture takes minus the (natural)
# logarithm of the probability of the true class. Networks trained on that learn to be as sure as
# they can. **Label smoothing** asks them to be a little less sure. The true class gets the target
# $1 - s$, and the share $s$ that is left is spread evenly over **all** $K$ classes, the true one
# included:
#
# $$t_{ik} = (1 - s)\,[k = y_i] + \frac{s}{K} \qquad\qquad
#   L = -\frac{1}{n} \sum_{i=1}^{n} \sum_{k=1}^{K} t_{ik} \log p_{ik}$$
#
# With $s = 0$ that is the loss of the lecture. The labels $y_i$ are whole numbers, the column of
# the true class. One point is for stability: when the network is quite sure of the wrong class,
# the probability of the right one rounds to 0, and its logarithm is $-\infty$. Keeping the
# probabilities above some small number hides that: the worst mistakes then look harmless. Put
# softmax into the logarithm instead, and simplify *before* you compute:
#
# $$\log p_k = z_k - \log \sum_j e^{z_j}$$

# %% nbgrader={"grade": false, "grade_id": "cross_entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_entropy(logits, labels, smoothing=0.0):
    """Mean cross-entropy of scores with smoothed labels, in nats.

    Parameters
    ----------
    logits : ndarray of float, shape (n, classes)
        A row of scores for each image (not yet probabilities). It is not
        changed.
    labels : ndarray of int, shape (n,)
        The true classes, 0 ... classes-1.
    smoothing : float
        The share s, from 0 to 1, that is spread over all classes.

    Returns
    -------
    float
        Exact for any finite scores.
    """
    ### BEGIN SOLUTION
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    true = log_p[np.arange(len(labels)), labels]
    losses = -(1 - smoothing) * true - smoothing * log_p.mean(axis=1)
    return float(losses.mean())
    ### END SOLUTION

# %% [markdown] tags=["hints"]
# First without smoothing: which one number of each row decides the loss of
# that image? With smoothing, how much do all the others add? And why must no
# `np.log` be taken of something that may be 0?
#
# ---
#
# Make a table of all $\log p_{ik}$ by the simplified formula; subtract the
# largest score of each row first, it cancels. `table[np.arange(n), labels]`
# picks one number from each row. The smoothed loss mixes minus that number
# with minus the mean of the whole row: in which proportion?
#
# ---
#
# A neighbouring problem: from a table of prices, the price of the drink that
# each guest has ordered, and what each pays if a quarter of every bill is
# shared by all drinks on the list.
#
# ```python
# prices = np.array([[2.0, 3.5, 5.0], [1.0, 4.0, 6.0]])  # a row for each guest
# ordered = np.array([2, 0])
# own = prices[np.arange(len(ordered)), ordered]
# print(own, 0.75 * own + 0.25 * prices.mean(axis=1))
# ```

# %% nbgrader={"grade": true, "grade_id": "cross_entropy_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
logits = np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]])  # probabilities 1/8, 2/8, 5/8 and 3/8, 3/8, 2/8
labels = np.array([2, 0])
mistakes = {
    "the sum over the images": (1.4508328, "Take the mean: the loss must not grow with the batch."),
    "the logarithm with the wrong sign": (-0.7254164, "A loss is never negative: minus log p."),
    "divided by the number of classes as well": (
        0.2418055,
        "Take the sum over the classes, and the mean over the images only.",
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
name = "cross_entropy(logits, labels), no smoothing"
got = limits.keeps_input(cross_entropy, logits, labels)
checks.array(got, 0.7254164, name, mistakes, rtol=1e-4)
mistakes = {
    "the loss without smoothing": (0.7254164, "Is `smoothing` used?"),
    "the loss with the share spread over the OTHER classes only": (
        0.9452560,
        "All classes get s / K, the true one as well.",
    ),
    "the loss without the share of the true class": (
        0.7994345,
        "The true class gets 1 - s, and its s / K as well.",
    ),
    "the loss of the true class alone": (0.5077915, "The other classes have a target as well."),
    "a loss in which every class has the target s": (
        1.6003454,
        "The share s is spread: each class gets s / K.",
    ),
    "the sum over the images": (1.7439523, "Take the mean: the loss must not grow with the batch."),
}
name = "cross_entropy(logits, labels, smoothing=0.3)"
checks.array(cross_entropy(logits, labels, 0.3), 0.8719761, name, mistakes, rtol=1e-4)

# %% nbgrader={"grade": true, "grade_id": "cross_entropy_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(13)
for n, classes, smoothing in [(1, 2, 0.1), (5, 5, 0.5), (20, 10, 0.0), (3, 40, 1.0), (7, 4, 0.25)]:
    logits, labels = rng.normal(0, 2, size=(n, classes)), rng.integers(0, classes, size=n)
    total = 0.0
    for row, label in zip(np.exp(logits), labels, strict=True):
        for k, power in enumerate(row):
            target = smoothing / classes + (1 - smoothing) * (k == label)
            total -= target * np.log(power / row.sum())
    name = f"cross_entropy of {n} images and {classes} classes, smoothing {smoothing}"
    checks.array(cross_entropy(logits, labels, smoothing), total / n, name)
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
    "overflows. Never take the logarithm of a softmax: subtract the largest score, then log p = "
    "z - log(sum of exp)."
)
checks.array(got, 900.0, "scores 0 and 900, class 0: cross_entropy", mistakes)
got = float(cross_entropy(np.array([[-800.0, 0.0], [1000.0, 0.0]]), np.array([0, 0])))
checks.array(got, 400.0, "one sure mistake of 800, one sure success: cross_entropy")
got = float(cross_entropy(np.array([[0.0, 900.0]]), np.array([1]), 0.1))
mistakes = {
    "what comes of K = 3": (30.0, "K is the number of columns: here 2."),
    "the share for the other class only": (90.0, "All classes get s / K, the true one as well."),
}
checks.array(got, 45.0, "scores 0 and 900, class 1, smoothing 0.1: cross_entropy", mistakes)
logits = np.array([[3e4, -3e4, 0.0], [-5e3, -5e3, -5e3], [1e5, 1e5, -1e5]])
for labels, total in [([0, 1, 0], np.log(6)), ([1, 2, 2], 6e4 + 2e5 + np.log(6))]:
    name = f"cross_entropy of very large scores, labels {labels} (inf, NaN, or cut off?)"
    mistakes = {"the median of the images": (np.log(2), "Take the mean.")}
    checks.array(float(cross_entropy(logits, np.array(labels))), total / 3, name, mistakes)

# %% [markdown] nbgrader={"grade": false, "grade_id": "gradient_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (3 points): the gradient, and one step downhill
#
# The simplest classifier that learns: every pixel has a weight for every class. With the images as
# rows of a matrix $X$ of shape $(n, d)$, the scores are $Z = XW + b$, with $W$ of shape
# $(d, K)$ and one bias $b_k$ for each of the $K$ classes. This is **softmax regression**, a
# network of one layer.
#
# In which direction should the weights move? The derivative of the loss of *one image* with
# respect to its scores is simple: **the probability minus the target**, $p_k - t_k$. This holds
# for smoothed targets as well, those of question 1. A weight meets a score through its pixel, so
# for $n$ images
#
# $$\frac{\partial L}{\partial W} = \frac1n\, X^\top (P - T) \qquad\qquad
#   \frac{\partial L}{\partial b_k} = \frac1n \sum_{i=1}^{n} (p_{ik} - t_{ik})$$
#
# **a) The gradient (2 points).** You get the probabilities $P$, and make the targets $T$
# yourself.

# %% nbgrader={"grade": false, "grade_id": "gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient(rows, labels, probabilities, smoothing=0.0):
    """Slopes of the mean cross-entropy of softmax regression.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        The images.
    labels : ndarray of int, shape (n,)
        Their classes.
    probabilities : ndarray of float, shape (n, classes)
        What the model says about them. None of the arrays is changed.
    smoothing : float
        As in `cross_entropy`.

    Returns
    -------
    weights_gradient : ndarray of float, shape (d, classes)
    bias_gradient : ndarray of float, shape (classes,)
    """
    ### BEGIN SOLUTION
    n, classes = probabilities.shape
    targets = np.full((n, classes), smoothing / classes)
    targets[np.arange(n), labels] += 1 - smoothing
    error = (probabilities - targets) / n
    return rows.T @ error, error.sum(axis=0)
    ### END SOLUTION

# %% [markdown] tags=["hints"]
# Shapes first: $P$ is `(n, classes)`. What do you have to subtract from it,
# and at which places? The gradient of the weights has the shape of the
# weights: what times what gives that?
#
# ---
#
# Begin with the targets: an array that holds `smoothing / classes` everywhere;
# then add `1 - smoothing` in each row at the column of the true class. The
# error is the probabilities minus the targets, divided by `n`. The matrix
# product with `rows.T` gives the slopes of the weights, the sum over the
# images those of the bias.
#
# ---
#
# A neighbouring problem: the gradient of a mean squared error of a line $y =
# wx + b$, by the same pattern, the prediction minus the truth.
#
# ```python
# x, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 7.0])
# w, b = np.array([1.0]), 0.5
# wrong_by = 2 * (x @ w + b - y) / len(y)  # slope of each square, and the mean
# print(x.T @ wrong_by, wrong_by.sum())    # for w and for b
# ```

# %% nbgrader={"grade": true, "grade_id": "gradient_weights_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
rows, labels = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0, 2])
thirds = np.full((2, 3), 1 / 3)
got = limits.keeps_input(gradient, rows, labels, thirds)
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
    "the targets minus the probabilities": (-expected, "The slope points uphill: P - T."),
    "1 taken off in every row for every label": (
        np.array([[-2, 1, -2], [-4, 2, -4]]) / 6,
        "T has a single 1 in each row: index rows and columns together.",
    ),
    "the prediction without the truth": (np.array([[1, 1, 1], [2, 2, 2]]) / 6, "Where is T?"),
}
name = "the gradient of the weights of 2 images, all probabilities 1/3"
checks.array(np.asarray(got[0]), expected, name, mistakes)
got = gradient(rows, labels, thirds, 0.6)
mistakes = {
    "the gradient without smoothing": (expected, "Is `smoothing` used?"),
    "the gradient with the share spread over the OTHER classes only": (
        0.1 * expected,
        "All classes get s / K, the true one as well.",
    ),
    "the gradient with 1 - s for the true class": (
        np.array([[-0.2, 0.4, 0.4], [0.8, 0.8, -0.4]]) / 6,
        "The true class gets its s / K as well.",
    ),
}
checks.array(np.asarray(got[0]), 0.4 * expected, f"{name}, smoothing 0.6", mistakes)

# %% nbgrader={"grade": true, "grade_id": "gradient_bias_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
rows, labels = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]), np.array([0, 2, 0])
got = gradient(rows, labels, np.full((3, 3), 1 / 3))
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
    "the targets minus the probabilities": (-expected, "The slope points uphill: P - T."),
    "a sum over the classes": (
        np.zeros(3),
        "One bias for each CLASS: sum over the images. Which axis?",
    ),
    "the prediction without the truth": (np.full(3, 1 / 3), "Where is T?"),
}
name = "the gradient of the bias of 3 images, all probabilities 1/3"
checks.array(np.asarray(got[1]), expected, name, mistakes)
got = gradient(rows, np.zeros(3, dtype=int), np.full((3, 2), 0.5), 0.5)
mistakes = {
    "the gradient without smoothing": ([-0.5, 0.5], "Is `smoothing` used?"),
    "what comes of K = 3": ([-1 / 6, 1 / 3], "K is the number of columns: here 2."),
}
name = "the gradient of the bias, 2 classes, all probabilities 1/2, smoothing 0.5"
checks.array(np.asarray(got[1]), np.array([-0.25, 0.25]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "gradient_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
def probabilities_of(scores):
    powers = np.exp(scores)
    return powers / powers.sum(axis=1)[:, None]


def smooth_loss(scores, labels, smoothing):
    targets = (1 - smoothing) * np.eye(scores.shape[1])[labels] + smoothing / scores.shape[1]
    return float(-(targets * np.log(probabilities_of(scores))).sum() / len(labels))


rng = np.random.default_rng(21)
for n, d, classes, smoothing in [(1, 3, 2, 0), (4, 4, 4, 0.3), (12, 5, 3, 0.1), (6, 2, 10, 1)]:
    rows, labels = rng.normal(size=(n, d)), rng.integers(0, classes, size=n)
    weights, bias = rng.normal(size=(d, classes)), rng.normal(size=classes)
    slopes = [np.zeros_like(weights), np.zeros_like(bias)]
    for which, slope in enumerate(slopes):
        for place in np.ndindex(slope.shape):
            values = []
            for sign in (1, -1):
                moved = [weights.copy(), bias.copy()]
                moved[which][place] += sign * 1e-5
                values.append(smooth_loss(rows @ moved[0] + moved[1], labels, smoothing))
            slope[place] = (values[0] - values[1]) / 2e-5
    said = probabilities_of(rows @ weights + bias)
    got = gradient(rows, labels, said, smoothing)
    case = f"({n} images, {d} pixels, {classes} classes, smoothing {smoothing}), by finite differences"
    for what, array, slope in zip(("weights", "bias"), got, slopes, strict=True):
        name = f"the gradient of the {what} {case}"
        checks.array(np.asarray(array), slope, name, rtol=1e-4, atol=1e-7)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "sgd_step_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) One step (1 point).** The gradient points uphill. So walk the other way, a little: with the
# **learning rate** $\eta$. And let large weights shrink a little at each step: that is **weight
# decay** with the strength $\lambda$, what an L2 penalty comes to. It pulls at the weights only:
# a bias has nothing to do with overfitting.
#
# $$W \leftarrow W - \eta\left(\frac{\partial L}{\partial W} + \lambda W\right) \qquad\qquad
#   b \leftarrow b - \eta\,\frac{\partial L}{\partial b}$$
#
# Use your `softmax` (temperature 1) and your `gradient` (no smoothing). Everything is computed at
# the old place, before anything moves.

# %% nbgrader={"grade": false, "grade_id": "sgd_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sgd_step(rows, labels, weights, bias, learning_rate, decay=0.0):
    """Weights and bias after one step of gradient descent on these images.

    Parameters
    ----------
    rows, labels
        As in `gradient`.
    weights : ndarray of float, shape (d, classes)
    bias : ndarray of float, shape (classes,)
        None of the arrays is changed.
    learning_rate : float
        Length of the step, in units of the gradient.
    decay : float
        Strength of the weight decay.

    Returns
    -------
    weights : ndarray of float, shape (d, classes)
    bias : ndarray of float, shape (classes,)
        New arrays.
    """
    ### BEGIN SOLUTION
    slopes = gradient(rows, labels, softmax(rows @ weights + bias))
    step = slopes[0] + decay * weights, slopes[1]
    return weights - learning_rate * step[0], bias - learning_rate * step[1]
    ### END SOLUTION

# %% [markdown] tags=["hints"]
# In which direction does the gradient point, and where do you want to go? What
# does `gradient` need that you do not have yet, and which of your functions
# makes it?
#
# ---
#
# The probabilities are the `softmax` of the scores `rows @ weights + bias`.
# Call your `gradient` once and keep both of its results. Return two new
# arrays; write `weights - ...`, not `weights -= ...`, so that the arrays that
# you were given stay as they are. The decay belongs to the weights alone.
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

# %% nbgrader={"grade": true, "grade_id": "sgd_step_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
rows, labels = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]), np.array([0, 2, 0])
start = np.array([[0.5, 0.0, -0.5], [0.0, 1.0, 0.0]]), np.array([1.0, 2.0, 3.0])
# What the check expects is made of your own softmax and gradient: see 1a and 2a.
slopes = gradient(rows, labels, np.asarray(softmax(rows @ start[0] + start[1])))
for rate, decay in [(0.3, 0.0), (0.3, 0.1)]:
    got = limits.keeps_input(sgd_step, rows, labels, start[0], start[1], rate, decay)
    assert isinstance(got, tuple | list) and len(got) == 2, "sgd_step should return weights, bias"
    for i, what in enumerate(["the weights", "the bias"]):
        old, slope = start[i], np.asarray(slopes[i])
        pull = decay * old if i == 0 else 0 * old
        mistakes = {
            "a step uphill": (old + rate * (slope + pull), "The gradient points uphill: subtract."),
            "a step with the learning rate squared": (
                old - rate**2 * (slope + pull),
                "Was it multiplied in twice?",
            ),
            "a step of the whole gradient": (
                old - slope - pull,
                "Multiply it by the learning rate.",
            ),
            "where you started": (old, "Weights AND bias take a step."),
            "the step, not the place it leads to": (
                -rate * (slope + pull),
                "Return the new weights and bias.",
            ),
            "divided by n once more": (old - rate * slope / 3, "The gradient is a mean already."),
            "a step without decay": (old - rate * slope, "Add decay times the weights."),
            "a step with decay": (
                old - rate * (slope + decay * old),
                "Decay pulls at the weights only, not at the bias.",
            ),
            "a decay without the learning rate": (
                old - rate * slope - pull,
                "The learning rate multiplies the decay, too.",
            ),
            "a decay that lets weights grow": (
                old - rate * (slope - pull),
                "Decay makes weights smaller.",
            ),
        }
        name = f"{what} after sgd_step with learning rate {rate} and decay {decay}"
        checks.array(np.asarray(got[i]), old - rate * (slope + pull), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "sgd_step_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(23)
for n, d, classes, rate, decay in [(5, 4, 3, 0.01, 0), (8, 3, 6, 2.0, 0.02), (4, 2, 2, 0.5, 1.5)]:
    rows, labels = rng.normal(size=(n, d)), rng.integers(0, classes, size=n)
    weights, bias = rng.normal(size=(d, classes)), rng.normal(size=classes)
    slopes = gradient(rows, labels, np.asarray(softmax(rows @ weights + bias)))
    got = sgd_step(rows, labels, weights.copy(), bias.copy(), rate, decay)
    case = f"after a step with learning rate {rate} and decay {decay}"
    expected = weights * (1 - rate * decay) - rate * np.asarray(slopes[0])
    checks.array(np.asarray(got[0]), expected, f"the weights {case}")
    checks.array(np.asarray(got[1]), bias - rate * np.asarray(slopes[1]), f"the bias {case}")
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
print(
    f"first loss {trace[0]:.4f}, log(10) = {np.log(10):.4f}; last loss "
    f"{trace[-1]:.4f}"
)
plots.curves(
    range(31),
    {"loss": trace},
    xlabel="step",
    ylabel="mean cross-entropy in nats",
    title="Your gradient descent on 300 digits",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "batches_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (2.5 points): mini-batches, and a training loop
#
# All images for a single step: that is a waste. A few dozen give nearly the same direction. So in
# every **epoch** the images are shuffled and dealt out in **mini-batches**, and each batch makes
# one step.
#
# **a) The batches (1.5 points).** Write `batches`: shuffle the row numbers `0 ... n-1` with the
# given seed, then cut them into pieces of `batch_size`. What is left at the end is a smaller last
# batch. Every row comes exactly once.

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
        All of length batch_size, except the last, which may be shorter (but
        not empty).
    """
    ### BEGIN SOLUTION
    shuffled = np.random.default_rng(seed).permutation(n)
    return [
        shuffled[start : start + batch_size]
        for start in range(0, n, batch_size)
    ]
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

# %% nbgrader={"grade": true, "grade_id": "batches_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
for n, batch_size, sizes in [(10, 5, [5, 5]), (23, 5, [5, 5, 5, 5, 3]), (3, 8, [3])]:
    got = batches(n, batch_size, seed=1)
    case = f"batches({n}, {batch_size}, seed=1)"
    assert got is not None, f"{case} gives nothing back: does the function end with `return`?"
    got = [[int(row) for row in np.asarray(batch)] for batch in got]
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

# %% nbgrader={"grade": true, "grade_id": "batches_shuffle_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
first = [[int(row) for row in np.asarray(batch)] for batch in batches(300, 60, seed=1)]
again = [[int(row) for row in np.asarray(batch)] for batch in batches(300, 60, seed=1)]
other = [[int(row) for row in np.asarray(batch)] for batch in batches(300, 60, seed=2)]
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

# %% nbgrader={"grade": true, "grade_id": "batches_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
for n, batch_size in [(7, 2), (12, 4), (100, 32), (1, 1), (65, 64), (6, 1)]:
    got = [[int(row) for row in np.asarray(batch)] for batch in batches(n, batch_size, seed=4)]
    case = f"batches({n}, {batch_size}, seed=4)"
    sizes = [batch_size] * (n // batch_size) + [n % batch_size] * (n % batch_size > 0)
    lengths = [len(batch) for batch in got]
    assert lengths == sizes, f"{case} has batches of the sizes {lengths}, expected {sizes}."
    rows = sorted(row for batch in got for row in batch)
    assert rows == list(range(n)), (
        f"{case}: every row from 0 to {n - 1} should come exactly once an epoch."
    )
seen = []
for seed in (77, 78, 77):
    seen.append([[int(row) for row in np.asarray(batch)] for batch in batches(1000, 200, seed)])
assert seen[0] == seen[2], "the same seed should give the same batches"
assert seen[0] != seen[1], "another seed should give other batches: is the seed used?"
for batch in seen[0]:
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
def train_softmax(
    rows, labels, classes, epochs, batch_size, learning_rate, decay=0.0, seed=0
):
    """Train softmax regression by mini-batch gradient descent, from zero
    weights.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
    labels : ndarray of int, shape (n,)
    classes : int
        How many classes there are; not all of them need occur among the
        labels.
    epochs, batch_size : int
    learning_rate, decay : float
        As in `sgd_step`.
    seed : int
        Epoch e uses batches(n, batch_size, seed + e).

    Returns
    -------
    weights : ndarray of float, shape (d, classes)
    bias : ndarray of float, shape (classes,)
    losses : list of float, length epochs
        The mean cross-entropy on all rows at the end of each epoch, without
        smoothing.
    """
    ### BEGIN SOLUTION
    weights, bias, losses = (
        np.zeros((rows.shape[1], classes)),
        np.zeros(classes),
        [],
    )
    for epoch in range(epochs):
        for batch in batches(len(rows), batch_size, seed + epoch):
            part = rows[batch], labels[batch]
            weights, bias = sgd_step(
                *part, weights, bias, learning_rate, decay
            )
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

# %% nbgrader={"grade": true, "grade_id": "train_softmax_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Ten times the same image: in any order, batches of 4, 4 and 2 make three equal steps an epoch.
# What the check expects is made of your own sgd_step and cross_entropy.
rows, labels = np.tile([1.0, 2.0], (10, 1)), np.ones(10, dtype=int)
after = {}
for decay in (0.5, 0.0):
    weights, bias, after[decay] = np.zeros((2, 3)), np.zeros(3), [np.log(3)]
    for _ in range(20):
        weights, bias = sgd_step(rows[:4], labels[:4], weights, bias, 0.1, decay)
        weights, bias = np.asarray(weights), np.asarray(bias)
        after[decay].append(float(cross_entropy(rows @ weights + bias, labels)))
plain, after = after[0.0], after[0.5]
got = limits.keeps_input(
    train_softmax, rows, labels, classes=3, epochs=2, batch_size=4, learning_rate=0.1, decay=0.5
)
assert isinstance(got, tuple | list) and len(got) == 3, (
    "train_softmax should return weights, bias, losses"
)
assert np.shape(got[0]) == (2, 3) and np.shape(got[1]) == (3,), (
    f"weights and bias have the shapes {np.shape(got[0])} and {np.shape(got[1])}, expected (2, 3) "
    "and (3,): 2 pixels, 3 classes, though only one class occurs here."
)
every_batch = "Every batch makes a step, the smaller last one too."
mistakes = {
    "the loss before each epoch": ([after[0], after[3]], "Note it at the END of an epoch."),
    "the mean loss during the epoch": (
        [np.mean(after[0:3]), np.mean(after[3:6])],
        "Note it at the END, on all the rows.",
    ),
    "what comes of two steps an epoch": ([after[2], after[4]], every_batch),
    "what comes of one step an epoch": ([after[1], after[2]], "One step for each BATCH."),
    "what comes of a step for each image": ([after[10], after[20]], "One step for each BATCH."),
    "the first epoch over and over": ([after[3], after[3]], "Go on with the weights you have."),
    "what comes of training without decay": ([plain[3], plain[6]], "Pass `decay` on to sgd_step."),
}
checks.equal(len(got[2]), 2, "the number of losses after 2 epochs", "One for each epoch.")
name = "the losses of 10 equal images, 2 epochs of batches of 4 (are learning_rate and decay used?)"
expected = np.array([after[3], after[6]])
checks.array(np.array(got[2], dtype=float), expected, name, mistakes, rtol=1e-3)

# One batch an epoch, so the order does not matter.
rows, labels = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]), np.array([0, 2, 0])
one = sgd_step(rows, labels, np.zeros((2, 4)), np.zeros(4), 0.2)
got = train_softmax(rows, labels, 4, epochs=1, batch_size=3, learning_rate=0.2)
hint = "Do rows and labels of a batch belong together?"
assert np.allclose(np.asarray(got[0]), np.asarray(one[0]), atol=1e-6), (
    f"One epoch with a single batch should be one sgd_step on all rows. {hint}"
)
# Batches of one: the order of the steps counts, and it is another one in the second epoch.
rows, labels = np.arange(12.0).reshape(6, 2) % 5, np.array([0, 2, 0, 1, 1, 2])
for seed in (3, 5):
    order = [*batches(6, 1, seed), *batches(6, 1, seed + 1)]
    weights, bias = np.zeros((2, 4)), np.zeros(4)
    for batch in order:
        batch = np.asarray(batch)
        weights, bias = sgd_step(rows[batch], labels[batch], weights, bias, 0.2)
    got = train_softmax(rows, labels, 4, 2, batch_size=1, learning_rate=0.2, seed=seed)
    assert np.allclose(np.asarray(got[0]), np.asarray(weights), atol=1e-6), (
        f"Seed {seed}, two epochs in batches of 1: the steps come in another order than expected. "
        "In epoch e the batches are those of seed + e: is it another order in each epoch? Do rows "
        "and labels of a batch belong together?"
    )

# %% nbgrader={"grade": true, "grade_id": "train_softmax_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(31)
rows, labels = rng.normal(size=(13, 4)), rng.integers(0, 3, size=13)
for batch_size, seed, decay in [(13, 0, 0.0), (5, 3, 0.1), (1, 8, 0.02)]:
    weights, bias, expected = np.zeros((4, 5)), np.zeros(5), []
    for epoch in range(3):
        for batch in batches(13, batch_size, seed + epoch):
            batch = np.asarray(batch)
            part = rows[batch], labels[batch]
            weights, bias = sgd_step(*part, np.array(weights), np.array(bias), 0.5, decay)
        expected.append(float(cross_entropy(rows @ weights + bias, labels)))
    got = train_softmax(rows, labels, 5, 3, batch_size, 0.5, decay, seed)
    case = f"train_softmax, batches of {batch_size}, seed {seed} (is it seed + e in epoch e?)"
    checks.array(np.array(got[2], dtype=float), np.array(expected), f"the losses of {case}")
    checks.array(np.asarray(got[0]), np.asarray(weights), f"the weights of {case}")
    checks.array(np.asarray(got[1]), np.asarray(bias), f"the bias of {case}")
### END HIDDEN TESTS

# %% [markdown]
# Your own learning machine, on 1,200 digits. Afterwards we look at what it learned: the weights of
# a class are one number for each pixel, so they can be shown as an image. Blue is "speaks for this
# digit", red is "speaks against it". Can you read them?

# %%
train_rows = digits.train.images.reshape(len(digits.train), -1) / 255
validation_rows = (
    digits.validation.images.reshape(len(digits.validation), -1) / 255
)
weights, bias, losses = train_softmax(
    train_rows,
    digits.train.labels,
    10,
    epochs=20,
    batch_size=20,
    learning_rate=0.1,
)
predicted = (validation_rows @ weights + bias).argmax(axis=1)
regression_accuracy = (predicted == digits.validation.labels).mean()
print(
    f"loss {losses[0]:.3f} after the first epoch, {losses[-1]:.3f} after the "
    "last"
)
print(
    f"{regression_accuracy:.1%} of {len(predicted)} validation digits are "
    "right"
)
print(f"all that it knows: {weights.size + bias.size:,} numbers")

strength = np.clip(
    weights.T.reshape(10, 28, 28) / np.abs(weights).max(), -1, 1
)
coloured = 1 - np.stack(
    [np.maximum(strength, 0), np.abs(strength), np.maximum(-strength, 0)],
    axis=-1,
)
plots.image_grid(
    coloured,
    digits.class_names,
    title="The ten weight vectors: blue speaks for the digit, red against it",
    alt="Ten small images, the weights of the digits 0 to 9, blue where ink "
    "raises the score and red where it lowers it; the 0 is a blue ring around "
    "a red centre.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "prepare_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (3 points): LeNet-5 and its parameter sheet
#
# Now the network that read the cheques. LeNet-5 wants images of 32 × 32, so that the tip of a
# stroke may stand in the middle of a 5 × 5 window.
#
# **a) The input (1 point).** Write `prepare`. Images come as `uint8`, 28 × 28 × 1 or 32 × 32 × 3,
# in a 4-D array as always. Add a border of black (0), equally wide on all four sides, to make them
# 32 × 32, and bring them to `float32` numbers: 0 stays 0, and 255, the largest number that a
# `uint8` can hold, becomes 1, whether it occurs in these images or not. The channel axis stays,
# and stays last.

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
    padded = np.pad(
        images, ((0, 0), (border, border), (border, border), (0, 0))
    )
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

# %% nbgrader={"grade": true, "grade_id": "prepare_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images = np.zeros((2, 28, 28, 1), dtype=np.uint8)
images[0, 0, 0], images[1, 27, 5] = 255, 51
got = limits.keeps_input(prepare, images)
checks.equal(
    [int(side) for side in np.shape(got)],
    [2, 32, 32, 1],
    "the shape of two prepared digits",
    "(n, height, width, channels)",
)
got = np.asarray(got)
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
    "scaled image by image": ([1.0, 1.0], "Divide by 255, not by an image's own largest pixel."),
}
checks.array(got[[0, 1], [2, 29], [2, 7], 0], np.array([1.0, 0.2]), "their values", mistakes)
dark = np.full((3, 32, 32, 3), 51, dtype=np.uint8)
dark[0] = 102
got = np.asarray(prepare(dark))
checks.equal(np.shape(got), (3, 32, 32, 3), "the shape of three photographs")
mistakes = {
    "divided by the largest pixel there is": (
        [1.0, 0.5, 0.5],
        "Divide by 255: a dark image stays dark.",
    ),
    "divided by the largest pixel of each image": (
        [1.0, 1.0, 1.0],
        "Divide by 255: a dark image stays dark.",
    ),
}
name = "one pixel each of three dark photographs, 102, 51 and 51"
checks.array(got[:, 5, 7, 1], np.array([0.4, 0.2, 0.2]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "prepare_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(41)
for n, side, channels, top in [(3, 28, 1, 256), (2, 32, 3, 90), (1, 20, 2, 200), (4, 30, 3, 256)]:
    images = rng.integers(0, top, size=(n, side, side, channels), dtype=np.uint8)
    got, border = np.asarray(prepare(images)), (32 - side) // 2
    expected = np.zeros((n, 32, 32, channels))
    expected[:, border : border + side, border : border + side] = images / 255
    checks.array(got, expected, f"prepare({n} images of {side} x {side} x {channels})", atol=1e-6)
    checks.equal(str(got.dtype), "float32", "the dtype of prepared images")
### END HIDDEN TESTS

# %% [markdown]
# **Keras takes over.** The next cell starts it, which takes a few seconds.

# %% nbgrader={"grade": false, "grade_id": "keras_setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import logging
import warnings

import keras
from keras import layers

# TensorFlow warns of a notebook that compiles many models one after another,
# which the checks have to do, and Keras of a layer that is told its
# input_shape, which is the older way.
logging.getLogger("tensorflow").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="Do not pass an `input_shape`")


def loss_of(probabilities, labels):
    """Mean cross-entropy of probabilities: what the checks compare with."""
    picked = [
        row[label] for row, label in zip(probabilities, labels, strict=True)
    ]
    return -float(np.mean(np.log(np.maximum(picked, 1e-30))))


print(
    f"Keras {keras.__version__} on {keras.backend.backend()},",
    "a first sum:",
    float(keras.ops.sum(keras.ops.ones((2, 2)))),
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "build_lenet_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) The network (2 points).** Build LeNet-5 as the textbooks have it today, with these names.
# New here: a second, **modern** version, which takes what became usual around 2012, and any number
# of classes.
#
# | name | layer | modern |
# |---|---|---|
# | `C1` | convolution, 6 filters of 5 × 5, no padding, tanh | ReLU |
# | `S2` | average pooling, 2 × 2 | max pooling |
# | `C3` | convolution, 16 filters of 5 × 5, no padding, tanh | ReLU |
# | `S4` | average pooling, 2 × 2 | max pooling |
# | `flatten` | everything in one row | |
# | `C5` | dense, 120 units, tanh | ReLU |
# | `F6` | dense, 84 units, tanh | ReLU |
# | `output` | dense, a unit for each class, **no** activation: scores, as in question 1 | |
#
# Three functions are given below yours: `lenet_sheet` lists the layers of your network, with the
# shapes of their outputs and their parameters; `run_lenet` gives the scores that it has with given
# weights; `predict_with` makes probabilities of them. A model is its architecture and its weights:
# `get_weights` gives a list of arrays (kernel and bias of `C1`, then of `C3`, and so on), and
# `set_weights` puts them back.
#
# **Find the mistake.** A slide in circulation computes the parameters of `C3` as
# $16 \cdot (3 \cdot 3 \cdot 6) + 16 = 880$. Take a pencil and fill in the sheet yourself *before*
# you run yours. Who is right?

# %% nbgrader={"grade": false, "grade_id": "build_lenet", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_lenet(input_shape, classes=10, modern=False):
    """LeNet-5, not compiled.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels) of one image, such as (32, 32, 1).
    classes : int
        How many scores there are.
    modern : bool
        ReLU and max pooling in place of tanh and average pooling.

    Returns
    -------
    keras.Model
        Its output is a row of scores for each image.
    """
    ### BEGIN SOLUTION
    activation = "relu" if modern else "tanh"
    pooling = layers.MaxPooling2D if modern else layers.AveragePooling2D
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(6, 5, activation=activation, name="C1"),
            pooling(2, name="S2"),
            layers.Conv2D(16, 5, activation=activation, name="C3"),
            pooling(2, name="S4"),
            layers.Flatten(name="flatten"),
            layers.Dense(120, activation=activation, name="C5"),
            layers.Dense(84, activation=activation, name="F6"),
            layers.Dense(classes, name="output"),
        ]
    )
    ### END SOLUTION


# What follows is given, and the checks use it: leave it as it is.


def lenet_sheet(input_shape, classes=10, modern=False):
    """Name, shape of the output for one image and number of parameters of each
    layer.
    """
    return [
        (
            layer.name,
            tuple(int(side) for side in layer.output.shape[1:]),
            layer.count_params(),
        )
        for layer in build_lenet(input_shape, classes, modern).layers
        if not isinstance(layer, layers.InputLayer)
    ]


def run_lenet(weights, x, classes=10, modern=False):
    """The scores of prepared images that your network has with these weights.
    """
    model = build_lenet(tuple(x.shape[1:]), classes, modern)
    model.set_weights(weights)
    return keras.ops.convert_to_numpy(model(x, training=False))


def predict_with(weights, images):
    """The probabilities that your network gives with these weights to images
    as they come.
    """
    scores = run_lenet(weights, np.asarray(prepare(images)))
    return keras.ops.convert_to_numpy(keras.ops.softmax(scores))

# %% [markdown] tags=["hints"]
# The table is the network, line by line. Which class of `keras.layers` belongs
# to each line, and what do its first two arguments mean? What changes in the
# modern version, and what stays?
#
# ---
#
# `keras.Sequential([...])` with `keras.Input(input_shape)` first, then
# `layers.Conv2D(filters, size, ...)`, `layers.AveragePooling2D(size)`,
# `layers.Flatten()` and `layers.Dense(units)`; each takes `activation=` and
# `name=`. Decide first what the activation and the class of the pooling are,
# put both into variables, and write the network once.
#
# ---
#
# A neighbouring network: one small convolution with either padding, a max
# pooling and three scores.
#
# ```python
# import keras
# from keras import layers
#
# def small(wide=False):
#     padding = "same" if wide else "valid"
#     return keras.Sequential([
#         keras.Input((12, 12, 1)),
#         layers.Conv2D(4, 3, padding=padding, name="edges"),
#         layers.MaxPooling2D(2, name="smaller"),
#         layers.Flatten(name="row"),
#         layers.Dense(3, name="scores"),
#     ])
#
# print(small().count_params(), small(wide=True).count_params())
# ```

# %% nbgrader={"grade": true, "grade_id": "lenet_sheet_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
sheet = lenet_sheet((32, 32, 1))
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
given = "Use the input_shape given."
mistakes = {
    "3 x 3 windows in C1 and C3": ([60, 0, 880, 0, 0, 69_240, 10_164, 850], three),
    "3 x 3 windows in C3": ([156, 0, 880, 0, 0, 69_240, 10_164, 850], three),
    "the slide": ([156, 0, 880, 0, 0, 48_120, 10_164, 850], three),
    "a network with padding": ([156, 0, 2416, 0, 0, 123_000, 10_164, 850], padded),
    "a network with padding in C1": ([156, 0, 2416, 0, 0, 69_240, 10_164, 850], padded),
    "a network with padding in C3": ([156, 0, 2416, 0, 0, 94_200, 10_164, 850], padded),
    "a network for 28 x 28": ([156, 0, 2416, 0, 0, 30_840, 10_164, 850], given),
    "a network for RGB": ([456, 0, 2416, 0, 0, 48_120, 10_164, 850], given),
    "the weights without the biases": (
        [150, 0, 2400, 0, 0, 48_000, 10_080, 840],
        "Each filter and each unit has one bias more.",
    ),
}
expected = np.array([156, 0, 2416, 0, 0, 48_120, 10_164, 850])
checks.array(counts, expected, "the parameters of the eight layers", mistakes)
shapes = [row[1] for row in sheet]
expected = [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (400,), (120,), (84,), (10,)]
checks.equal(shapes, expected, "the shapes of the outputs", "Look at the table again.")
hint = "Colour changes the first layer only: six filters, 5 * 5 * 3, and six biases."
counts = [row[2] for row in lenet_sheet((32, 32, 3))]
checks.equal(counts[0], 456, "the parameters of C1 on colour images", "Is input_shape used?")
checks.equal(sum(counts), 62_006, "all parameters on colour images", hint)
counts = [row[2] for row in lenet_sheet((32, 32, 1), 26)]
checks.equal(counts[-1], 84 * 26 + 26, "the parameters of the output for 26 classes", "Is it used?")
modern = lenet_sheet((32, 32, 1), 10, True)
checks.equal(modern, sheet, "the sheet of the modern network", "Names and numbers do not change.")

# %% nbgrader={"grade": true, "grade_id": "lenet_scores_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(40)
shapes = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,)]  # kernel and bias of C1, of C3
shapes += [(400, 120), (120,), (120, 84), (84,), (84, 10), (10,)]  # of C5, F6, output
scales = [1.5 / np.prod(shape[:-1]) ** 0.5 if len(shape) > 1 else 0.5 for shape in shapes]
random = [
    rng.normal(0, scale, shape).astype("float32")
    for shape, scale in zip(shapes, scales, strict=True)
]
x = np.pad(digits.test.images[:1], ((0, 0), (2, 2), (2, 2), (0, 0))) / np.float32(255)
asleep = [0 * array for array in random]
asleep[-1] = np.arange(10, dtype="float32") - 3
mistakes = {
    "a softmax of the scores": (
        np.exp(asleep[-1][None]) / np.exp(asleep[-1]).sum(),
        "The output layer gives scores: no activation.",
    ),
    "ReLU of the scores": (
        np.maximum(asleep[-1][None], 0),
        "The output layer gives scores: no activation.",
    ),
    "tanh of the scores": (np.tanh(asleep[-1][None]), "No activation in the output layer."),
}
name = "all weights 0 but the biases of the output, -3 to 6: the scores"
checks.array(run_lenet(asleep, x), asleep[-1][None], name, mistakes, atol=1e-5)
tanh = "C1, C3, C5 and F6 have tanh, and S2 and S4 take the average."
relu = "C1, C3, C5 and F6 have ReLU, and S2 and S4 take the largest value."
mistakes = {
    "what ReLU gives in place of tanh": ([1.0801, 1.5554, -1.3466, -1.827, 1.0133], tanh),
    "what ReLU gives, with max pooling": ([1.2448, 0.957, -2.0639, -2.6344, 1.0436], tanh),
    "what ReLU gives in the convolutions": ([0.0116, 0.1025, -1.0441, 0.1996, 1.2552], tanh),
    "what ReLU gives in the dense layers": ([0.6427, 1.8738, -1.64, -0.9793, 0.7507], tanh),
    "what the sigmoid gives": ([0.4915, 1.4323, -0.3365, 0.5008, 0.6211], tanh),
    "a network without activations": ([3.3695, -4.3869, -2.9612, -6.0124, 2.6851], tanh),
    "tanh in the dense layers only": ([0.9035, -0.3619, -0.9743, -0.388, 0.2471], tanh),
    "tanh in the convolutions only": ([1.162, -0.8039, -1.2518, -3.1077, 2.0878], tanh),
    "what max pooling gives": ([-0.1139, -0.0606, -1.1189, 0.0242, 1.0259], tanh),
}
name = "random weights: the first five scores of a digit"
got = run_lenet(random, x)
checks.equal(np.shape(got), (1, 10), "the shape of the scores of one digit")
expected = np.array([0.3444, -0.0965, -1.0168, -0.2519, 0.8515])
checks.array(got[0, :5], expected, name, mistakes, atol=2e-3)
mistakes = {
    "the network of 1998": (expected, "Is `modern` used?"),
    "ReLU with average pooling": ([1.0801, 1.5554, -1.3466, -1.827, 1.0133], relu),
    "tanh with max pooling": ([-0.1139, -0.0606, -1.1189, 0.0242, 1.0259], relu),
    "ReLU in the convolutions only": ([-0.3022, 0.1857, -0.9956, 0.4213, 0.8381], relu),
    "ReLU in the dense layers only": ([0.7364, 1.4771, -1.4677, -1.059, 0.8681], relu),
}
got = run_lenet(random, x, 10, True)
expected = np.array([1.2448, 0.957, -2.0639, -2.6344, 1.0436])
checks.array(got[0, :5], expected, f"{name}, the modern network", mistakes, atol=2e-3)

# %% nbgrader={"grade": true, "grade_id": "lenet_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
def scores_by_hand(weights, x, modern):
    def bend(z):
        return np.maximum(z, 0) if modern else np.tanh(z)

    for kernel, bias in (weights[0:2], weights[2:4]):
        windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))
        x = bend(np.einsum("nhwcij,ijcf->nhwf", windows, kernel, optimize=True) + bias)
        n, height, width, filters = x.shape
        x = x[:, : height // 2 * 2, : width // 2 * 2]
        x = x.reshape(n, height // 2, 2, width // 2, 2, filters)
        x = x.max(axis=(2, 4)) if modern else x.mean(axis=(2, 4))
    x = bend(x.reshape(len(x), -1) @ weights[4] + weights[5])
    return bend(x @ weights[6] + weights[7]) @ weights[8] + weights[9]


rng = np.random.default_rng(44)
for n, height, width, channels, classes, modern in [
    (4, 32, 32, 1, 10, False),
    (3, 20, 25, 2, 3, True),
    (2, 18, 16, 3, 7, False),
]:
    flat = ((height - 4) // 2 - 4) // 2 * (((width - 4) // 2 - 4) // 2) * 16
    shapes = [(5, 5, channels, 6), (6,), (5, 5, 6, 16), (16,)]
    shapes += [(flat, 120), (120,), (120, 84), (84,), (84, classes), (classes,)]
    weights = [
        rng.normal(0, 1 / np.prod(shape[:-1]) ** 0.5 if len(shape) > 1 else 0.5, shape)
        for shape in shapes
    ]
    x = rng.uniform(size=(n, height, width, channels)).astype("float32")
    name = f"{height} x {width} x {channels}, {classes} classes, modern={modern}: the scores"
    got = run_lenet([array.astype("float32") for array in weights], x, classes, modern)
    checks.array(got, scores_by_hand(weights, x, modern), name, rtol=1e-3, atol=1e-3)
    sheet = lenet_sheet((height, width, channels), classes, modern)
    sizes = [sum(int(np.prod(shape)) for shape in shapes[i : i + 2]) for i in range(0, 10, 2)]
    counted = [row[2] for row in sheet if row[2]]
    checks.equal(counted, sizes, f"the parameters for {height} x {width} x {channels}")
### END HIDDEN TESTS

# %%
print(f"{'layer':10}{'output':16}{'grey':>10}{'colour':>10}")
for (name, shape, grey), (_, _, colour) in zip(
    lenet_sheet((32, 32, 1)), lenet_sheet((32, 32, 3)), strict=True
):
    print(f"{name:10}{str(shape):16}{grey:10,}{colour:10,}")

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
# best so far; an equal one is not an improvement.
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
        So many epochs in a row without an improvement end the training,
        patience >= 1.

    Returns
    -------
    best : int
        The epoch to go back to, counted from 0.
    last : int
        The last epoch that is run; the last one there is, if patience never
        runs out.
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

# %% nbgrader={"grade": true, "grade_id": "early_stopping_last_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
from_best = "Patience counts from the best epoch so far: every improvement starts the count again."
cases = [
    ([3.0, 2.0, 1.0], 1, 2, "It improves to the end, so nothing stops it. Epochs are counted from 0."),
    ([5.0, 4.0, 4.2, 4.1, 3.0], 2, 3, "Epochs 2 and 3 are both no better than the best, 4.0."),
    ([5.0, 4.0, 4.2, 3.9, 4.1, 3.8, 3.7], 2, 6, from_best),
    ([2.0, 3.0, 2.5, 2.4, 2.3, 2.2], 3, 3, from_best),
    ([2.0, 1.0, 1.0, 1.0, 0.5], 2, 3, "An equal loss is not an improvement."),
    ([1.0], 1, 0, "A single epoch is the best and the last."),
]
for losses, patience, last, hint in cases:
    got = limits.keeps_input(early_stopping, losses, patience)
    assert isinstance(got, tuple | list) and len(got) == 2, (
        "early_stopping should return two numbers: best, last"
    )
    checks.equal(
        got[1], last, f"the last epoch of early_stopping({losses}, patience={patience})", hint
    )

# %% nbgrader={"grade": true, "grade_id": "early_stopping_best_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
cases = [
    ([3.0, 2.0, 1.0], 1, 2, "It improves to the end. Epochs are counted from 0."),
    ([5.0, 4.0, 4.2, 3.9, 4.1, 4.3], 2, 3, "Go back to the best epoch, not to the last one."),
    ([5.0, 4.0, 4.2, 4.1, 3.0], 2, 1, "Epoch 4 would be better, but it was never run."),
    ([3.0, 1.0, 1.0, 2.0], 3, 1, "The first of equals: an equal loss is not an improvement."),
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

# %% nbgrader={"grade": true, "grade_id": "early_stopping_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after you have handed in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(51)
for _ in range(60):
    losses = rng.integers(1, 12, size=int(rng.integers(1, 15))).astype(float).tolist()
    patience = int(rng.integers(1, 5))
    last = len(losses) - 1
    for epoch in range(last, patience - 1, -1):  # the earliest one at which patience is at its end
        waited = losses[epoch - patience + 1 : epoch + 1]
        last = epoch if min(losses[: epoch - patience + 1]) <= min(waited) else last
    best = losses.index(min(losses[: last + 1]))
    name = f"early_stopping({losses}, patience={patience})"
    checks.equal(early_stopping(losses, patience), (best, last), name)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "train_lenet_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6 (4 points): repair a colleague's training program
#
# A colleague leaves the project and leaves you this program. It runs, it prints small losses, and
# the demonstration was a success. Then the network met its first new digits.
#
# ```python
# def train_lenet(images, labels, validation_images, validation_labels,
#                 epochs, patience, seed=0):
#     x = np.concatenate([prepare(images), prepare(validation_images)])
#     y = np.concatenate([labels, validation_labels])
#     model = build_lenet((32, 32, 1))
#     model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
#     losses, validation_losses = [], []
#     for epoch in range(epochs):
#         losses += model.fit(x, y, verbose=0).history["loss"]
#         validation_losses.append(model.evaluate(x[-100:], y[-100:], verbose=0))
#         if epoch and validation_losses[-1] > validation_losses[-2]:
#             break
#     return {"loss": losses, "val_loss": validation_losses,
#             "weights": model.get_weights()}
# ```
#
# Find what is wrong with it, and write a `train_lenet` that keeps what the team has agreed on:
#
# 1. `keras.utils.set_random_seed(seed)` first, so that a run can be repeated. LeNet-5 (not the
#    modern one, ten classes) for the prepared images, digits or photographs. Adam with a learning
#    rate of 0.002, batches of 20 images, and the sparse categorical cross-entropy, which has to be
#    told that the network gives scores (`from_logits`).
# 2. At most `epochs` epochs, silently (`verbose=0`). For each epoch the training loss that `fit`
#    reports, and the loss on **all** validation images at its end. The network must **never** train
#    on those.
# 3. Stop by the rule of question 5: after `patience` epochs in a row that do not improve on the
#    best validation loss. Return the weights of the best epoch, not of the last one.
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
# The checks look at what must hold whatever the seed.

# %% nbgrader={"grade": false, "grade_id": "train_lenet", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_lenet(
    images,
    labels,
    validation_images,
    validation_labels,
    epochs,
    patience,
    seed=0,
):
    """Train LeNet-5 with early stopping.

    Parameters
    ----------
    images, validation_images : ndarray of uint8
        Of shape (n, side, side, channels), as in `prepare`.
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
    inputs, validation_inputs = prepare(images), prepare(validation_images)
    model = build_lenet(inputs.shape[1:])
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.002),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    losses, validation_losses, snapshots = [], [], []
    for epoch in range(epochs):
        log = model.fit(inputs, labels, batch_size=20, epochs=1, verbose=0)
        losses.append(log.history["loss"][0])
        validation_losses.append(
            model.evaluate(validation_inputs, validation_labels, verbose=0)
        )
        snapshots.append(model.get_weights())
        best, _ = early_stopping(validation_losses, patience)
        if epoch - best >= patience:
            break
    return {
        "loss": losses,
        "val_loss": validation_losses,
        "weights": snapshots[best],
    }
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

# %% nbgrader={"grade": true, "grade_id": "train_lenet_learns_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images, labels = digits.train.images[:200], digits.train.labels[:200]
images_val, labels_val = digits.validation.images[:150], digits.validation.labels[:150]
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
assert np.isclose(really, min(told), rtol=2e-3), (
    f"With the weights given back the validation loss is {really:.4f}, but 'val_loss' says "
    f"{np.round(told, 4).tolist()}. Is the loss told that it gets scores (from_logits)? Is it that "
    "of the validation images, of all of them? The weights of the best epoch?"
)
got = loss_of(predict_with(result["weights"], images), labels)
assert got < 1.5, (
    f"With the weights given back the loss on the training images is {got:.3f}: hardly trained."
)

# %% nbgrader={"grade": true, "grade_id": "train_lenet_settings_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Black images move nothing but the biases of the output at first. These begin at 0, and Adam moves
# them by nearly its learning rate in every step: 60 images make three steps of 0.002 an epoch.
black, threes = np.zeros((60, 28, 28, 1), dtype=np.uint8), np.full(60, 3)
result = train_lenet(black, threes, black[:10], threes[:10], epochs=1, patience=1, seed=4)
assert isinstance(result, dict), "train_lenet should return a dict, see the table"
moved = float(np.abs(np.asarray(result["weights"][-1], dtype=float)).mean())
twenty = "60 images make three batches of 20. (Keras takes 32 if it is not told.)"
rate = "Adam's learning rate should be 0.002. (0.001 is its default.)"
mistakes = {
    "what two steps of 0.002 come to": (0.004, twenty),
    "what one step of 0.002 comes to": (0.002, twenty),
    "what six steps of 0.002 come to": (0.012, twenty),
    "what three steps of 0.001 come to": (0.003, rate),
    "what two steps of 0.001 come to": (0.0020001, f"{twenty} {rate}"),
    "what three steps of 0.02 come to": (0.06, rate),
    "what three steps of plain SGD come to, at 0.002": (0.00108, "The optimiser is Adam."),
    "what two steps of plain SGD come to, at 0.01": (0.0036, "The optimiser is Adam, at 0.002."),
    "nothing at all": (0.0, "Does the loss know that it gets scores (from_logits)?"),
}
name = "by how much an epoch moves the biases of the output (three steps of Adam, 0.002 each)"
checks.array(moved, 0.006, name, mistakes, rtol=0.03)

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
    "train on other images than the training images, or with other labels?"
)
assert rising[-1] > np.log(10) + 1, (
    f"All labels of the validation images are wrong, and yet the validation loss ends at "
    f"{rising[-1]:.3f}. Somewhere the network trains on the validation images, or 'val_loss' is "
    "measured on training images."
)

# %% nbgrader={"grade": true, "grade_id": "train_lenet_stops_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Black images again: only the biases of the output learn at first, 0.002 in every step, and they
# learn that everything is a 3.
black, threes = np.zeros((20, 28, 28, 1), dtype=np.uint8), np.full(20, 3)
part = np.repeat([3, 5, 8], [6, 7, 7])  # falls until the network says 30 %, then rises
kernels = []
for truth, epochs, patience, seed in [(0 * threes + 5, 9, 3, 6), (part, 15, 2, 6), (part, 3, 1, 7)]:
    result = train_lenet(black, threes, black, truth, epochs, patience, seed=seed)
    assert isinstance(result, dict), "train_lenet should return a dict, see the table"
    told = [float(loss) for loss in result["val_loss"]]
    best = int(np.argmin(told))
    shown = ", ".join(f"{loss:.4f}" for loss in told)
    case = f"At most {epochs} epochs, patience {patience}; the validation losses are {shown}"
    checks.equal(
        len(result["loss"]),
        len(told),
        "the number of training losses",
        "One for each epoch that was run.",
    )
    last = min(best + patience, epochs - 1)
    assert len(told) - 1 == last, (
        f"{case}. Training stopped after epoch {len(told) - 1}, expected {last}: {patience} after "
        f"the best one, which is {best}, or when the epochs are over."
    )
    steps = round(float(np.abs(np.asarray(result["weights"][-1], dtype=float)).mean()) / 0.002)
    assert steps == best + 1, (
        f"{case}. The weights given back have made {steps} steps, one for each epoch; those of the "
        f"best epoch, {best}, have made {best + 1}. Those of the LAST epoch? Keep the best ones "
        "while you go on."
    )
    kernels.append(np.asarray(result["weights"][0]))
apart = [float(np.abs(kernels[0] - kernels[i]).mean()) for i in (1, 2)]
assert apart[0] < 0.005, (
    f"Seed 6 twice gives two networks: their first kernels are {apart[0]:.3f} apart on average. "
    "Call keras.utils.set_random_seed(seed) before you build the network."
)
assert apart[1] > 0.01, "Seeds 6 and 7 give the same network: is the seed used?"

# %% nbgrader={"grade": true, "grade_id": "train_lenet_colour_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images, labels = photos.train.images[:60], photos.train.labels[:60]
images_val, labels_val = photos.validation.images[:40], photos.validation.labels[:40]
result = train_lenet(images, labels, images_val, labels_val, epochs=1, patience=1, seed=5)
assert isinstance(result, dict), "train_lenet should return a dict, see the table"
checks.equal(
    np.shape(result["weights"][0]),
    (5, 5, 3, 6),
    "the shape of the first kernel on photographs",
    "RGB: 3 channels.",
)
p = np.asarray(predict_with(result["weights"], images_val), dtype=float)
checks.equal(p.shape, (40, 10), "the shape of the probabilities of 40 photographs")
really, told = loss_of(p, labels_val), result["val_loss"][0]
assert np.isclose(really, told, rtol=2e-3), (
    f"40 photographs: with the weights given back the validation loss is {really:.4f}, but "
    f"'val_loss' says {told:.4f}. Is it that of ALL validation images?"
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "runs_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7 (2 points): read three trainings
#
# Three people have trained the LeNet-5 of this notebook on the 1,200 photographs, with three
# learning rates: A 0.002, B 0.0002, C 0.01. The next cell holds what their trainings noted, with
# the validation photographs (300) and the test photographs (500) of this notebook.

# %% nbgrader={"grade": false, "grade_id": "runs", "locked": true, "schema_version": 3, "solution": false, "task": false}
runs = {
    "A, 0.002": {
        "training": "2.16 1.90 1.81 1.72 1.64 1.57 1.49 1.41 1.34 1.21 1.12 "
        "1.07 1.14 1.11 0.95 0.79 0.67 0.52 0.44 0.31",
        "validation": "2.08 2.08 2.12 2.11 2.10 2.10 2.12 2.16 2.22 2.21 2.29 "
        "2.35 2.39 2.41 2.44 2.59 2.72 2.54 2.62 2.80",
        "test accuracy": "23.4 25.6 27.0 27.8 29.8 32.8 32.8 34.0 31.0 31.2 "
        "30.0 30.6 30.8 27.8 28.0 27.4 27.2 28.2 31.0 30.0",
    },
    "B, 0.0002": {
        "training": "2.29 2.17 2.02 1.93 1.87 1.83 1.80 1.77 1.75 1.73 1.71 "
        "1.69 1.67 1.65 1.64 1.62 1.61 1.59 1.58 1.57",
        "validation": "2.24 2.12 2.01 1.97 1.95 1.95 1.94 1.94 1.94 1.94 1.94 "
        "1.95 1.95 1.95 1.96 1.96 1.97 1.97 1.97 1.98",
        "test accuracy": "16.4 25.4 29.4 31.0 30.2 30.0 30.4 31.0 31.8 31.4 "
        "32.0 33.0 33.8 33.2 33.8 34.2 34.2 34.6 34.6 33.8",
    },
    "C, 0.01": {
        "training": "2.49 2.43" + 18 * " 2.44",
        "validation": "2.41 2.42 2.42" + 17 * " 2.41",
        "test accuracy": 20 * " 10.0",
    },
}
runs = {
    name: {
        what: [float(number) for number in text.split()]
        for what, text in noted.items()
    }
    for name, noted in runs.items()
}
plots.curves(
    range(20),
    {
        f"{name}: {what}": runs[name][what]
        for name in runs
        for what in ("training", "validation")
    },
    xlabel="epoch",
    ylabel="mean cross-entropy in nats",
    title="Three learning rates, 1,200 photographs",
)
print(
    "epoch    "
    f"{'  '.join(f'{epoch:4}' for epoch in (0, 5, 7, 10, 15, 17, 19))}"
)
for name in runs:
    shown = [
        runs[name]["test accuracy"][epoch]
        for epoch in (0, 5, 7, 10, 15, 17, 19)
    ]
    print(
        f"{name:9}{'  '.join(f'{share:4.1f}' for share in shown)}  % of the "
        "test photographs"
    )

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Their report says: "*We take network B after epoch 17: with 34.6 % of the test photographs it is
# the best of all, better than A with 34.0 %. C shows that LeNet-5 cannot learn photographs at a
# learning rate of 0.01 because it overfits.*"
#
# **Write three to five sentences** to the three. Which network and which epoch would you take, and
# what in the figure says so? What is wrong with the way they chose, and how much is the difference
# between 34.6 % and 34.0 % worth? Is it overfitting that stops C? A person reads your answer:
# there is one point for the choice with its reason, and one for the criticism. (The standard error
# of a share $p$ of $n$ photographs is $\sqrt{p\,(1-p)/n}$.)

# %% [markdown] nbgrader={"grade": true, "grade_id": "judge_runs", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# I would take B at about epoch 6, where its validation loss reaches its minimum of 1.94 (epochs 6 to
# 10 are equal within what is shown); A never gets below 2.08 and overfits from the second epoch on:
# its training loss falls to 0.31 while its validation loss rises. The test photographs must not
# choose the epoch or the network: the best of sixty test accuracies is too good by luck, and there
# is no untouched test set left to correct it. With 500 photographs the standard error is about
# 2.1 points, so 34.6 % and 34.0 % cannot be told apart. C does not overfit: even its training loss
# stays at 2.44, above log 10 = 2.30, so it never learns; the learning rate is too large.
#
# **Rubric**
#
# | points | the answer |
# |---|---|
# | 2 | takes B near its smallest validation loss (any of epochs 5 to 11) and says that the validation curve decides; and says that the test photographs were used for the choice, so that 34.6 % is too optimistic or no longer an honest test. At least one of these is there as well: 0.6 points is far below the standard error of 2 points; C does not even fit its training data |
# | 1 | only one of the two: a right choice from the validation curve, or the criticism that the choice was made on the test photographs. Also 1 for both without any of the additional remarks if one is vague |
# | 0 | takes the best test accuracy or the smallest training loss, or repeats the report; no sentence about validation against test |
# ### END SOLUTION

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
lenet_accuracy = (
    probabilities.argmax(axis=1) == digits.validation.labels
).mean()
print(
    f"validation: softmax regression {regression_accuracy:.1%}, LeNet-5 "
    f"{lenet_accuracy:.1%}"
)

# %% [markdown]
# The choice is made (which network, which epoch), so now one look at the test digits. Below are
# those of its mistakes that it was surest of. Whose side are you on?

# %%
parameters = sum(row[2] for row in lenet_sheet((32, 32, 1)))
probabilities = predict_with(reading["weights"], digits.test.images)
predicted, true = probabilities.argmax(axis=1), digits.test.labels
print(
    f"test: {(predicted == true).mean():.1%} of {len(true)} digits are right"
)
wrong = np.flatnonzero(predicted != true)
wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:10]
plots.image_grid(
    digits.test.images[wrong],
    [
        f"is {true[i]}\nsays {predicted[i]}\n{probabilities[i].max():.0%}"
        for i in wrong
    ],
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
print(
    f"test: {(predicted == true).mean():.1%} of {len(true)} are right; chance "
    "would be 10%"
)

# %% [markdown]
# The ten answers that it was surest of. A blue frame is a right one, a dashed one is wrong. What
# did the network go by?

# %%
parameters = sum(row[2] for row in lenet_sheet((32, 32, 3)))
surest = np.argsort(-probabilities.max(axis=1))[:10]
plots.image_grid(
    photos.test.images[surest],
    [
        f"{photos.class_names[predicted[i]]}\n{probabilities[i].max():.0%}"
        for i in surest
    ],
    colours=["right" if predicted[i] == true[i] else "wrong" for i in surest],
    columns=10,
    title=f"The surest answers of {parameters:,} parameters on test "
    "photographs",
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
