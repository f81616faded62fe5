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
# # Exercise 8: two answers for every picture
#
# A shop sorts its fruit by photograph. For each picture it wants to know the **kind** (apple, melon,
# pear, ...) and the **ripeness** (unripe, ripe, overripe). Some labels are missing, some pairs of
# answers are impossible, and the two answers contradict each other at times. In this exercise you
# build a network with two heads, compute its loss by hand where labels are missing, repair the
# preparation of such labels for Keras, decode two answers together, measure contradictions and what
# they are good for, and compare one head with two, honestly.
#
# | question | you write | points |
# |---|---|---|
# | 1 | a network with two named heads | 3 |
# | 2 | the loss, where labels are missing | 3 |
# | 3 | somebody's sample weights, repaired | 2 |
# | 4 | the best pair that is allowed | 3 |
# | 5 | contradictions, and their share of the errors | 3 |
# | 6 | one head against two, with an interval | 3 |
# | 7 | what the study shows, in words | 3 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the
# check below it. A check that fails tells you what it saw and what to think about. When you hand
# in, further checks run on other numbers, and they have points of their own, so write for any input
# that fits the description. No check asks for an accuracy. A person reads and grades the last
# question.
#
# **Stuck?** `exercise.hint("2")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# Plan about two hours. The whole notebook runs in less than half a minute on a laptop, and needs no
# data but what comes with the course. The next cell starts Keras, which takes a few seconds.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

import helpers.exercise
from helpers import checks

exercise = helpers.exercise.load("week08_multi_output")

import keras
from keras import layers

print(f"Keras {keras.__version__} on {keras.backend.backend()}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "two_heads_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (3 points): two named heads
#
# Write `two_heads(features, kinds, units)`: a functional Keras model, not compiled.
#
# - One input of `features` numbers for each picture.
# - A **trunk**: one dense layer of `units` units with ReLU, named `"trunk"`, which both heads share.
# - A head named `"kind"`: `kinds` units with softmax, on the trunk.
# - A head named `"ripe"`: the ripeness has three values **in an order**, and here is a way to say so:
#   two units with a *sigmoid*, P(at least ripe) and P(overripe). This head gets the trunk **and** the
#   probabilities of the head `"kind"` (a ripe banana looks like an unripe lemon), put together in this
#   order by `layers.Concatenate`.
# - The outputs are a dict with the names `"kind"` and `"ripe"`.
#
# The function `model_facts` below yours is there for the checks; leave it as it is.


# %% nbgrader={"grade": false, "grade_id": "two_heads", "locked": false, "schema_version": 3, "solution": true, "task": false}
def two_heads(features, kinds, units=16):
    """A trunk with two heads, "kind" and "ripe".

    Parameters
    ----------
    features, kinds, units : int
        Numbers that go in, kinds of fruit, units of the trunk.

    Returns
    -------
    keras.Model
        Not compiled; its outputs are a dict.
    """
    ### BEGIN SOLUTION
    given = keras.Input((features,))
    trunk = layers.Dense(units, activation="relu", name="trunk")(given)
    kind = layers.Dense(kinds, activation="softmax", name="kind")(trunk)
    both = layers.Concatenate()([trunk, kind])
    ripe = layers.Dense(2, activation="sigmoid", name="ripe")(both)
    return keras.Model(given, {"kind": kind, "ripe": ripe})
    ### END SOLUTION


def model_facts(features, kinds, units, x):
    """What the checks want to know of your model, as plain data."""
    model = two_heads(features, kinds, units)
    if not isinstance(model.output, dict):
        return {"outputs": type(model.output).__name__}
    rng, weights = np.random.default_rng(1), {}
    for name in ("trunk", "kind", "ripe"):
        if name not in [layer.name for layer in model.layers]:
            return {"outputs": sorted(model.output), "missing": name}
        arrays = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights(
            [rng.normal(0, 0.5, one.shape) for one in arrays]
        )
        weights[name] = model.get_layer(name).get_weights()
    told = model(np.asarray(x, "float32"), training=False)
    told = {
        name: keras.ops.convert_to_numpy(value) for name, value in told.items()
    }
    return {
        "outputs": sorted(told),
        "weights": weights,
        "told": told,
        "parameters": model.count_params(),
    }


# %% [markdown] tags=["hints"]
# Draw it first: one input, one box for the trunk, two arrows out of it. Where
# does the third arrow go, from which box to which?
#
# ---
#
# A layer is called on a symbolic tensor and gives the next one: `trunk =
# layers.Dense(...)(given)`. `layers.Concatenate()([a, b])` joins two of them.
# `keras.Model(given, {"kind": ..., "ripe": ...})` makes the model.
#
# ---
#
# A neighbouring problem: one input, a hidden layer, and two outputs of which
# the second one also sees the input.
#
# ```python
# import keras
# from keras import layers
#
# given = keras.Input((4,))
# hidden = layers.Dense(8, activation="tanh")(given)
# size = layers.Dense(1, name="size")(hidden)
# seen = layers.Concatenate()([given, hidden])
# price = layers.Dense(1, name="price")(seen)
# print(keras.Model(given, {"size": size, "price": price}).output)
# ```


# %% nbgrader={"grade": true, "grade_id": "two_heads_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
def expected_heads(weights, x):
    """What the two heads say, computed by hand."""
    (w, b), (wk, bk), (wr, br) = (
        weights[name] for name in ("trunk", "kind", "ripe")
    )
    trunk = np.maximum(x @ w + b, 0)
    scores = np.exp(trunk @ wk + bk)
    kind = scores / scores.sum(axis=1, keepdims=True)
    return kind, 1 / (
        1 + np.exp(-(np.concatenate([trunk, kind], axis=1) @ wr + br))
    )


x = np.random.default_rng(0).normal(size=(6, 5))
facts = model_facts(5, 4, 7, x)
checks.equal(
    facts["outputs"],
    ["kind", "ripe"],
    "the outputs",
    "keras.Model(given, {name: ...}).",
)
assert "missing" not in facts, (
    f"No layer is named {facts['missing']!r}: pass name=..."
)
shapes = {
    name: [list(one.shape) for one in arrays]
    for name, arrays in facts["weights"].items()
}
checks.equal(
    shapes["trunk"], [[5, 7], [7]], "the shapes of the trunk's weights"
)
checks.equal(
    shapes["kind"],
    [[7, 4], [4]],
    "the shapes of the weights of `kind`",
    "On the trunk.",
)
hint = "It gets the trunk and the probabilities of `kind`, and has two units."
checks.equal(
    shapes["ripe"], [[11, 2], [2]], "the shapes of the weights of `ripe`", hint
)
kind, ripe = expected_heads(facts["weights"], x)
checks.array(
    facts["told"]["kind"],
    kind,
    "the answer of `kind` (softmax? ReLU in the trunk?)",
    rtol=1e-3,
)
checks.array(
    facts["told"]["ripe"],
    ripe,
    "the answer of `ripe` (a sigmoid? trunk first?)",
    rtol=1e-3,
)
total = 5 * 7 + 7 + 7 * 4 + 4 + 11 * 2 + 2
checks.equal(
    facts["parameters"], total, "the parameters", "One trunk for both heads."
)


# %% nbgrader={"grade": true, "grade_id": "two_heads_hidden_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
def by_hand(weights, x):
    """What the two heads say, computed by hand."""
    (w, b), (wk, bk), (wr, br) = (
        weights[name] for name in ("trunk", "kind", "ripe")
    )
    trunk = np.maximum(x @ w + b, 0)
    scores = np.exp(trunk @ wk + bk)
    kind = scores / scores.sum(axis=1, keepdims=True)
    return kind, 1 / (
        1 + np.exp(-(np.concatenate([trunk, kind], axis=1) @ wr + br))
    )


x = np.random.default_rng(5).normal(size=(9, 8))
facts = model_facts(8, 3, 10, x)
checks.equal(
    facts["outputs"], ["kind", "ripe"], "the outputs of another model"
)
assert "missing" not in facts, f"no layer {facts['missing']!r}"
shapes = {
    name: [list(one.shape) for one in arrays]
    for name, arrays in facts["weights"].items()
}
expected = {
    "trunk": [[8, 10], [10]],
    "kind": [[10, 3], [3]],
    "ripe": [[13, 2], [2]],
}
checks.equal(shapes, expected, "the shapes of the weights of another model")
kind, ripe = by_hand(facts["weights"], x)
checks.array(
    facts["told"]["kind"],
    kind,
    "the answer of `kind` of another model",
    rtol=1e-3,
)
checks.array(
    facts["told"]["ripe"],
    ripe,
    "the answer of `ripe` of another model",
    rtol=1e-3,
)
checks.equal(
    facts["parameters"], 90 + 33 + 28, "the parameters of another model"
)
### END HIDDEN TESTS


# %% [markdown] nbgrader={"grade": false, "grade_id": "known_loss_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (3 points): the loss, where labels are missing
#
# Write `known_loss(probabilities, labels, weights)`. All three are dicts with the same names, one for
# each head. `probabilities[name]` has the shape (n, classes), `labels[name]` holds n whole numbers, and
# **-1 stands for a missing label**. `weights[name]` is a number, the weight of this head's loss.
#
# - The loss of a head is the mean of $-\ln p$ of the true class over the pictures **whose label is
#   known**. (Keras divides by *all* pictures of the batch; here we do not.)
# - A head without any known label has the loss 0.
# - Return a dict: the loss of each head under its name, unweighted, and under `"total"` the weighted sum.
#
# A probability of exactly 0 counts as $10^{-7}$.


# %% nbgrader={"grade": false, "grade_id": "known_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def known_loss(probabilities, labels, weights):
    """The losses of several heads over known labels, and their weighted sum.

    Parameters
    ----------
    probabilities, labels, weights : dict
        For each head an array of shape (n, classes), n whole numbers
        (-1: missing), and a number.

    Returns
    -------
    dict of float
        A loss for each head, and "total".
    """
    ### BEGIN SOLUTION
    losses = {}
    for name, p in probabilities.items():
        known = np.flatnonzero(labels[name] >= 0)
        of_truth = np.maximum(p[known, labels[name][known]], 1e-7)
        losses[name] = float(-np.log(of_truth).mean()) if len(known) else 0.0
    losses["total"] = sum(
        weights[name] * losses[name] for name in probabilities
    )
    return losses
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# For one head and one picture: which single number of its row counts? Which
# rows must not take part, neither above nor below the line of the mean?
#
# ---
#
# `known = np.flatnonzero(labels >= 0)` are the rows to use, and `p[known,
# labels[known]]` is one probability for each of them. `np.maximum` guards the
# logarithm. Ask whether anything is known before you divide.
#
# ---
#
# A neighbouring problem: the mean mark of those who came to the test.
#
# ```python
# marks = np.array([2, -1, 4, 3, -1])
# came = marks >= 0
# print(marks[came].mean() if came.any() else 0)
# ```

# %% nbgrader={"grade": true, "grade_id": "known_loss_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
probabilities = {
    "kind": np.array(
        [[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.3, 0.5], [0.7, 0.2, 0.1]]
    ),
    "ripe": np.array([[0.9, 0.1], [0.4, 0.6], [0.25, 0.75], [0.6, 0.4]]),
}
labels = {"kind": np.array([0, 1, -1, 2]), "ripe": np.array([-1, 1, 0, -1])}
weights = {"kind": 1.0, "ripe": 0.5}
got = known_loss(probabilities, labels, weights)
assert isinstance(got, dict), f"Return a dict, not {type(got).__name__}."
checks.equal(sorted(got), ["kind", "ripe", "total"], "the names in the result")
kind, ripe = -np.log([0.5, 0.8, 0.1]).mean(), -np.log([0.6, 0.25]).mean()
mistakes = {
    "the sum divided by ALL pictures": (
        kind * 3 / 4,
        "Divide by the number of KNOWN labels.",
    ),
    "the sum over the pictures": (kind * 3, "The mean, not the sum."),
    "with the missing one taken for the last class": (
        -np.log([0.5, 0.8, 0.5, 0.1]).mean(),
        "In NumPy the index -1 is the last one: leave missing labels out.",
    ),
    "a logarithm to the base 2 or 10": (
        kind / np.log(2),
        "The natural logarithm: np.log.",
    ),
}
checks.array(got["kind"], kind, "the loss of `kind`", mistakes)
mistakes = {
    "the weighted loss": (
        ripe / 2,
        "The losses of the heads are returned unweighted.",
    ),
    "the sum divided by ALL pictures": (
        ripe / 2,
        "Divide by the number of KNOWN labels.",
    ),
}
checks.array(got["ripe"], ripe, "the loss of `ripe`", mistakes)
mistakes = {
    "the sum without weights": (
        kind + ripe,
        "Multiply each loss by its weight.",
    )
}
checks.array(got["total"], kind + ripe / 2, "the total", mistakes)
nothing = {"kind": np.array([-1, -1, -1, -1]), "ripe": np.array([1, 1, 1, 1])}
got = known_loss(probabilities, nothing, {"kind": 1.0, "ripe": 2.0})
checks.array(got["kind"], 0.0, "the loss of a head without a known label")
checks.array(
    got["total"],
    2 * -np.log([0.1, 0.6, 0.75, 0.4]).mean(),
    "the total, one head without labels",
)
got = known_loss(
    {"a": np.array([[0.0, 1.0]])}, {"a": np.array([0])}, {"a": 1.0}
)
checks.array(got["a"], -np.log(1e-7), "the loss where the probability is 0")

# %% nbgrader={"grade": true, "grade_id": "known_loss_hidden_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(3)
for n, shapes in (
    (7, {"a": 4, "b": 2, "c": 3}),
    (30, {"one": 5}),
    (12, {"kind": 14, "ripe": 5}),
):
    probabilities = {
        name: rng.dirichlet(np.ones(k), n) for name, k in shapes.items()
    }
    labels = {name: rng.integers(-1, k, n) for name, k in shapes.items()}
    labels["a" if "a" in labels else list(shapes)[-1]][: n // 2] = -1
    weights = {name: float(rng.uniform(0.1, 3)) for name in shapes}
    kept = {
        name: (probabilities[name].copy(), labels[name].copy())
        for name in shapes
    }
    got = known_loss(probabilities, labels, weights)
    total = 0.0
    for name in shapes:
        each = [
            -np.log(p[y]) for p, y in zip(*kept[name], strict=True) if y >= 0
        ]
        loss = sum(each) / len(each) if each else 0.0
        total += weights[name] * loss
        checks.array(got[name], loss, f"the loss of {name!r}, {n} pictures")
        same = all(
            np.array_equal(a, b)
            for a, b in zip(
                kept[name], (probabilities[name], labels[name]), strict=True
            )
        )
        assert same, "the arrays that were handed over have changed"
    checks.array(got["total"], total, f"the total, {n} pictures")
nothing = {"a": np.full(3, -1), "b": np.full(3, -1)}
even = {"a": np.full((3, 2), 0.5), "b": np.full((3, 4), 0.25)}
got = known_loss(even, nothing, {"a": 1.0, "b": 1.0})
checks.equal(
    {name: float(one) for name, one in got.items()},
    {"a": 0.0, "b": 0.0, "total": 0.0},
    "nothing known at all",
)
got = known_loss(
    {"a": np.array([[1.0, 0.0], [0.5, 0.5]])},
    {"a": np.array([1, 0])},
    {"a": 2.0},
)
checks.array(
    got["total"],
    -np.log(1e-7) - np.log(0.5),
    "the total where a probability is 0",
)
### END HIDDEN TESTS


# %% [markdown] nbgrader={"grade": false, "grade_id": "for_fit_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (2 points): somebody's sample weights, repaired
#
# Keras knows no missing labels. What it knows are `sample_weight`s, one array for each output, and it
# divides each loss by the number of *all* pictures. `for_fit(labels)` is to prepare labels for it:
#
# - `labels` is a dict as in question 2, with -1 for what is missing, and stays as it is;
# - return two dicts with the same names: the labels for `fit`, and the sample weights;
# - a missing label becomes 0 (any valid class would do) and gets the weight **0**;
# - every known label of a head gets the same weight, such that the weights of this head sum to the number
#   of pictures: dividing by all pictures then gives the mean over the known ones;
# - a head without known labels has only weights 0; weights are float32.
#
# A colleague wrote the function below. It runs, and there are five mistakes in it. Repair it.
#
# ```python
# def for_fit(labels):
#     targets, weights = {}, {}
#     for name, given in labels.items():
#         known = given > 0
#         given[~known] = 0
#         targets[name] = given
#         weights[name] = np.where(known, 1, 0)
#     return targets, weights[name]
# ```


# %% nbgrader={"grade": false, "grade_id": "for_fit", "locked": false, "schema_version": 3, "solution": true, "task": false}
def for_fit(labels):
    """Labels and sample weights for `fit`; -1 stands for a missing label.

    Parameters
    ----------
    labels : dict of numpy.ndarray
        For each output n whole numbers.

    Returns
    -------
    targets, weights : dict of numpy.ndarray
        Of the same names: whole numbers, and float32.
    """
    ### BEGIN SOLUTION
    targets, weights = {}, {}
    for name, given in labels.items():
        known = given >= 0
        targets[name] = np.where(known, given, 0)
        weights[name] = (known * len(given) / max(known.sum(), 1)).astype(
            "float32"
        )
    return targets, weights
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Go through the list of wishes and put a finger on the line that is to fulfil
# each. Which class is 0? Whose array is `given`?
#
# ---
#
# Class 0 is a known label. `given[...] = 0` writes into the array of the
# caller: `np.where(known, given, 0)` makes a new one. Of n pictures with k
# known labels, each known one weighs n / k. And what if k is 0?
#
# ---
#
# A neighbouring problem: weights that let three of five measurements count,
# with a mean weight of 1.
#
# ```python
# good = np.array([True, False, True, True, False])
# weights = good * len(good) / good.sum()
# print(weights, weights.mean())
# ```

# %% nbgrader={"grade": true, "grade_id": "for_fit_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
labels = {
    "kind": np.array([0, 2, -1, 1, -1, 0]),
    "ripe": np.array([1, -1, -1, -1, -1, -1]),
}
got = for_fit(labels)
hint = "Make new arrays: np.where, or a copy."
checks.equal(
    labels["ripe"].tolist(),
    [1, -1, -1, -1, -1, -1],
    "the labels that were handed over",
    hint,
)
assert isinstance(got, tuple | list) and len(got) == 2, (
    "Return two dicts: targets, weights"
)
targets, weights = got
for name, part in (("the targets", targets), ("the weights", weights)):
    assert isinstance(part, dict), (
        f"{name} should be a dict with an array for EACH output"
    )
    checks.equal(sorted(part), ["kind", "ripe"], f"the names of {name}")
checks.array(
    targets["kind"], np.array([0, 2, 0, 1, 0, 0]), "the targets of `kind`"
)
checks.array(
    targets["ripe"], np.array([1, 0, 0, 0, 0, 0]), "the targets of `ripe`"
)
mistakes = {
    "weights where class 0 counts as missing": (
        [0, 3, 0, 3, 0, 0],
        "Class 0 is a class: >= 0.",
    ),
    "weights of 1": (
        [1, 1, 0, 1, 0, 1],
        "They are to sum to the number of pictures.",
    ),
}
kind = np.array([1.5, 1.5, 0, 1.5, 0, 1.5], dtype="float32")
checks.array(weights["kind"], kind, "the weights of `kind`", mistakes)
checks.array(
    weights["ripe"], np.array([6.0, 0, 0, 0, 0, 0]), "the weights of `ripe`"
)
assert str(np.asarray(weights["kind"]).dtype) == "float32", (
    "Weights are float32."
)
none = for_fit({"kind": np.array([-1, -1])})[1]["kind"]
checks.array(
    none, np.array([0.0, 0.0]), "the weights of a head without known labels"
)

# %% nbgrader={"grade": true, "grade_id": "for_fit_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(8)
for n in (1, 5, 40):
    labels = {
        name: rng.integers(-1, k, n)
        for name, k in (("a", 2), ("b", 7), ("c", 3))
    }
    labels["b"][:] = -1
    labels["c"][:] = 2
    before = {name: given.copy() for name, given in labels.items()}
    targets, weights = for_fit(labels)
    for name, given in before.items():
        checks.equal(
            labels[name].tolist(),
            given.tolist(),
            f"the labels {name!r} that were handed over",
        )
        known = given >= 0
        checks.array(
            targets[name],
            np.where(known, given, 0),
            f"the targets of {name!r}, n = {n}",
        )
        expected = known * n / known.sum() if known.any() else np.zeros(n)
        checks.array(
            weights[name], expected, f"the weights of {name!r}, n = {n}"
        )
        assert str(np.asarray(weights[name]).dtype) == "float32", (
            "weights are float32"
        )
### END HIDDEN TESTS


# %% [markdown] nbgrader={"grade": false, "grade_id": "best_pair_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (3 points): the best pair that is allowed
#
# In the lecture each fine class had one coarse class. Here two heads answer different questions, the kind
# and the colour, and a table says which pairs exist: a melon may be green or yellow, an orange only orange.
# Write `best_pairs(kind, colour, allowed)`:
#
# - `kind` has the shape (n, kinds), `colour` the shape (n, colours): probabilities;
# - `allowed` has the shape (kinds, colours) and is True where a pair exists (for at least one pair);
# - for each picture choose, among the pairs that are **allowed**, the one with the largest product of the
#   two probabilities, even where all these products are 0;
# - where several are equal, take the one with the smallest kind, then the smallest colour;
# - return an array of whole numbers of shape (n, 2): kind and colour of each picture;
# - the arrays that you are given stay as they are (so, too, in the next two questions).


# %% nbgrader={"grade": false, "grade_id": "best_pairs", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_pairs(kind, colour, allowed):
    """The most probable allowed pair of answers for each picture.

    Parameters
    ----------
    kind, colour : numpy.ndarray
        Probabilities, of shape (n, kinds) and (n, colours).
    allowed : numpy.ndarray
        Truth values, of shape (kinds, colours).

    Returns
    -------
    numpy.ndarray
        Whole numbers, of shape (n, 2).
    """
    ### BEGIN SOLUTION
    joint = np.where(allowed, kind[:, :, None] * colour[:, None, :], -1.0)
    best = joint.reshape(len(joint), -1).argmax(axis=1)
    return np.stack(
        [best // allowed.shape[1], best % allowed.shape[1]], axis=1
    )
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# For one picture: how many pairs are there, and how would you lay them out on
# paper? Which cells of that table do you cross out?
#
# ---
#
# `kind[:, :, None] * colour[:, None, :]` has the shape (n, kinds, colours).
# What is not allowed must lose against a product of 0, too. `argmax` over the
# flattened table gives a single number: which row and column is it?
#
# ---
#
# A neighbouring problem: the place of the largest number of a table.
#
# ```python
# table = np.array([[3, 1, 4], [1, 5, 9]])
# place = table.ravel().argmax()
# print(place // 3, place % 3)
# ```

# %% nbgrader={"grade": true, "grade_id": "best_pairs_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
kind = np.array(
    [[0.7, 0.3, 0.0], [0.5, 0.3, 0.2], [0.0, 0.0, 1.0], [0.1, 0.6, 0.3]]
)
colour = np.array(
    [[0.1, 0.45, 0.45], [0.6, 0.2, 0.2], [1.0, 0.0, 0.0], [0.1, 0.2, 0.7]]
)
allowed = np.array(
    [[True, False, False], [False, True, True], [False, False, True]]
)
expected = np.array([[1, 1], [0, 0], [0, 0], [1, 2]])
got = best_pairs(kind, colour, allowed)
mistakes = {
    "the best answer of each head for itself": (
        np.stack([kind.argmax(1), colour.argmax(1)], axis=1),
        "Together they need not be an allowed pair.",
    ),
    "the best kind with the best colour that it allows": (
        [[0, 0], [0, 0], [2, 2], [1, 2]],
        "Compare the PRODUCTS of all allowed pairs.",
    ),
    "colour and kind exchanged": (
        expected[:, ::-1],
        "Kind first, then colour.",
    ),
    "the sum of the two probabilities": (
        [[0, 0], [0, 0], [0, 0], [1, 2]],
        "Multiply them.",
    ),
}
checks.array(got, expected, "kind and colour of four pictures", mistakes)
only = np.array([[False, False, False], [False, False, True]])
got = best_pairs(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0, 0.0]]), only)
mistakes = {
    "the place divided by the number of kinds": (
        [[2, 1]],
        "A row of the table has as many cells as there are colours.",
    )
}
checks.array(
    got,
    np.array([[1, 2]]),
    "the only allowed pair, whose product is 0",
    mistakes,
)

# %% nbgrader={"grade": true, "grade_id": "best_pairs_hidden_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(4)
for n, kinds, colours in ((40, 5, 3), (25, 2, 6), (1, 4, 4)):
    kind, colour = (
        rng.dirichlet(np.ones(kinds) / 2, n),
        rng.dirichlet(np.ones(colours) / 2, n),
    )
    allowed = rng.random((kinds, colours)) < 0.5
    allowed[-1, -1] = True
    expected = []
    for p, q in zip(kind, colour, strict=True):
        pairs = [
            (-p[i] * q[j], i, j)
            for i in range(kinds)
            for j in range(colours)
            if allowed[i, j]
        ]
        expected.append(min(pairs)[1:])
    before = kind.copy(), colour.copy(), allowed.copy()
    checks.array(
        best_pairs(kind, colour, allowed),
        np.array(expected),
        f"{n} pictures, {kinds} kinds, {colours} colours",
    )
    same = map(np.array_equal, before, (kind, colour, allowed))
    assert all(same), "an array that was handed over has changed"
only = np.array([[False, False], [False, True]])
zero = np.array([[1.0, 0.0]])
checks.array(
    best_pairs(zero, zero, only),
    np.array([[1, 1]]),
    "the only allowed pair has the product 0",
)
even = np.array([[0.5, 0.5]])
checks.array(
    best_pairs(even, even, ~np.eye(2, dtype=bool)),
    np.array([[0, 1]]),
    "two pairs that are equal",
)
### END HIDDEN TESTS


# %% [markdown] nbgrader={"grade": false, "grade_id": "contradictions_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (3 points): contradictions, and their share of the errors
#
# Two heads say the fine and the coarse class. They **contradict** each other where the coarse class of the
# fine answer (`parent[fine answer]`) is not the coarse answer. As a detector of wrong *fine* answers, how good
# is a contradiction? Write `contradictions(fine, coarse, parent, truth)`, which returns a dict of numbers:
#
# - `"rate"`: the share of all pictures whose heads contradict each other;
# - `"caught"`: of the pictures whose fine answer is **wrong**, the share with a contradiction;
# - `"false_alarms"`: of the pictures whose fine answer is **right**, the share with a contradiction;
# - `"kept"`: the fine accuracy on the pictures **without** a contradiction.
#
# A share of no pictures at all is `nan`.


# %% nbgrader={"grade": false, "grade_id": "contradictions", "locked": false, "schema_version": 3, "solution": true, "task": false}
def contradictions(fine, coarse, parent, truth):
    """How well contradictions of two heads point to wrong fine answers.

    Parameters
    ----------
    fine, coarse : numpy.ndarray
        Probabilities, of shape (n, fine classes) and (n, coarse classes).
    parent : numpy.ndarray
        The coarse class of each fine class.
    truth : numpy.ndarray
        The true fine classes.

    Returns
    -------
    dict of float
        "rate", "caught", "false_alarms" and "kept".
    """
    ### BEGIN SOLUTION
    answer = fine.argmax(axis=1)
    apart, right = parent[answer] != coarse.argmax(axis=1), answer == truth

    def share(flags):
        return float(flags.mean()) if len(flags) else float("nan")

    return {
        "rate": share(apart),
        "caught": share(apart[~right]),
        "false_alarms": share(apart[right]),
        "kept": share(right[~apart]),
    }
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Two questions about each picture have the answer yes or no. Make a table of
# four counts on paper. Which two of them belong to each share?
#
# ---
#
# `apart = parent[fine.argmax(axis=1)] != coarse.argmax(axis=1)` and `right` are
# arrays of True and False. `apart[~right]` are the contradictions among the
# wrong answers, and their mean is a share. What is the mean of nothing?
#
# ---
#
# A neighbouring problem: how often did it rain on days with and without a
# warning?
#
# ```python
# rain = np.array([True, False, True, False])
# warned = np.array([True, True, False, False])
# print(rain[warned].mean(), rain[~warned].mean())
# ```

# %% nbgrader={"grade": true, "grade_id": "contradictions_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
fine_answers, coarse_answers = (
    [0, 1, 2, 3, 3, 0, 2, 1],
    [0, 0, 0, 1, 0, 1, 1, 0],
)
truth = np.array([1, 1, 0, 3, 1, 0, 2, 0])
fine, coarse = 0.1 + np.eye(4)[fine_answers], 0.1 + np.eye(2)[coarse_answers]
parent = np.array([0, 0, 1, 1])
got = contradictions(fine / 1.4, coarse / 1.2, parent, truth)
assert isinstance(got, dict), f"Return a dict, not {type(got).__name__}."
names = ["caught", "false_alarms", "kept", "rate"]
checks.equal(sorted(got), names, "the names in the result")
mistakes = {
    "the share of pictures that agree": (
        5 / 8,
        "Count those that do NOT agree.",
    )
}
checks.array(got["rate"], 3 / 8, "rate (3 of 8 pictures contradict)", mistakes)
mistakes = {
    "the share of wrong answers among the contradictions": (
        2 / 3,
        "Of the 4 WRONG answers, how many have a contradiction?",
    ),
    "a share of all pictures": (
        2 / 8,
        "Divide by the number of WRONG answers.",
    ),
}
checks.array(got["caught"], 2 / 4, "caught (2 of 4 wrong answers)", mistakes)
mistakes = {
    "a share of all pictures": (
        1 / 8,
        "Divide by the number of RIGHT answers.",
    ),
    "the share of right answers among the contradictions": (
        1 / 3,
        "Of the RIGHT answers.",
    ),
}
checks.array(
    got["false_alarms"], 1 / 4, "false_alarms (1 of 4 right answers)", mistakes
)
mistakes = {
    "the accuracy on all pictures": (4 / 8, "Leave the contradictions out."),
    "a share of all pictures": (
        3 / 8,
        "Divide by the number of pictures that are KEPT.",
    ),
    "the accuracy where the heads contradict": (
        1 / 3,
        "WITHOUT a contradiction.",
    ),
}
checks.array(
    got["kept"],
    3 / 5,
    "kept (3 of the 5 without a contradiction are right)",
    mistakes,
)
got = contradictions(fine[1:4:2], coarse[1:4:2], parent, truth[1:4:2])
checks.array(
    got["caught"],
    np.nan,
    "caught where no answer is wrong",
    {"0": (0.0, "0 / 0 is nan.")},
)

# %% nbgrader={"grade": true, "grade_id": "contradictions_hidden_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(6)
for n, parent in (
    (60, [0, 1, 1, 2, 0]),
    (35, [1, 0, 1]),
    (80, [2, 2, 1, 0, 3, 3, 0]),
):
    parent = np.array(parent)
    fine = rng.dirichlet(np.ones(len(parent)), n)
    coarse = (
        rng.dirichlet(np.ones(parent.max() + 1), n)
        + 0.5 * np.eye(parent.max() + 1)[parent[fine.argmax(1)]]
    )
    truth = np.where(
        rng.random(n) < 0.6, fine.argmax(1), rng.integers(0, len(parent), n)
    )
    counts = np.zeros((2, 2))
    for p, q, y in zip(fine, coarse, truth, strict=True):
        counts[
            int(p.argmax() == y), int(parent[p.argmax()] != q.argmax())
        ] += 1
    before = fine.copy(), coarse.copy(), parent.copy(), truth.copy()
    got = contradictions(fine, coarse, parent, truth)
    same = map(np.array_equal, before, (fine, coarse, parent, truth))
    assert all(same), "an array that was handed over has changed"
    checks.array(got["rate"], counts[:, 1].sum() / n, f"rate, {n} pictures")
    checks.array(
        got["caught"], counts[0, 1] / counts[0].sum(), f"caught, {n} pictures"
    )
    checks.array(
        got["false_alarms"],
        counts[1, 1] / counts[1].sum(),
        f"false_alarms, {n} pictures",
    )
    checks.array(
        got["kept"], counts[1, 0] / counts[:, 0].sum(), f"kept, {n} pictures"
    )
one, other = np.array([[0.9, 0.1]]), np.array([[0.2, 0.8]])
got = contradictions(one, other, np.array([0, 1]), np.array([1]))
expected = {"rate": 1.0, "caught": 1.0, "false_alarms": np.nan, "kept": np.nan}
for name, value in expected.items():
    checks.array(
        got[name], value, f"{name} of one picture, wrong and contradicting"
    )
### END HIDDEN TESTS


# %% [markdown] nbgrader={"grade": false, "grade_id": "paired_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6 (3 points): one head against two, with an interval
#
# Two networks have classified the same test rows, and for each row you know whether each of them was right.
# The package of the groceries holds every test picture **twice**. Doubles tell nothing new, and an interval that
# counts them is too narrow by a factor of $\sqrt 2$. Write `paired_interval(one, two, picture)`:
#
# - `one` and `two` are arrays of True and False, one for each row; `picture` says which picture a row shows
#   (rows with the same number show the same one; the numbers may be any whole numbers);
# - average over the rows of each picture first, for each network;
# - then take, picture by picture, the difference *two minus one*: $d_1, \dots, d_m$ for $m$ pictures;
# - return three values: the mean of $d$, half the width $1.96 \cdot s / \sqrt m$ with $s$ the standard
#   deviation of $d$ (divided by $m - 1$), and whether the interval leaves out 0.
#
# Each *picture* counts the same, however many rows it has. There are at least two pictures.


# %% nbgrader={"grade": false, "grade_id": "paired_interval", "locked": false, "schema_version": 3, "solution": true, "task": false}
def paired_interval(one, two, picture):
    """By how much the second network is better on the same pictures.

    Parameters
    ----------
    one, two : numpy.ndarray
        Truth values, one for each row: was the network right?
    picture : numpy.ndarray
        Whole numbers: which picture the row shows.

    Returns
    -------
    mean, half_width : float
    shown : bool
        Whether the interval mean ± half_width leaves out 0.
    """
    ### BEGIN SOLUTION
    difference = two.astype(float) - one.astype(float)
    d = np.array(
        [difference[picture == which].mean() for which in np.unique(picture)]
    )
    half = 1.96 * d.std(ddof=1) / np.sqrt(len(d))
    return float(d.mean()), float(half), bool(abs(d.mean()) > half)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How many independent observations are there, if ten pictures stand in the
# table twice each? On what do you compute the standard deviation?
#
# ---
#
# `np.unique(picture)` names the pictures, and `picture == which` finds the rows
# of one of them. True minus True is not allowed in NumPy: turn the arrays into
# floats first. Use `ddof=1`, and divide by the square root of the number of
# PICTURES.
#
# ---
#
# A neighbouring problem: the mean height of three plants, measured several
# times each, with its standard error.
#
# ```python
# plant = np.array([7, 7, 3, 3, 3, 9])
# height = np.array([10.0, 12.0, 20.0, 21.0, 22.0, 15.0])
# means = np.array([height[plant == which].mean() for which in np.unique(plant)])
# print(means.mean(), means.std(ddof=1) / np.sqrt(len(means)))
# ```

# %% nbgrader={"grade": true, "grade_id": "paired_interval_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
one = np.array([1, 0, 0, 1, 0, 1, 0, 0, 1, 0]).astype(bool)
two = np.array([1, 1, 1, 1, 1, 1, 1, 0, 1, 1]).astype(bool)
picture = np.arange(10) + 40
got = paired_interval(one, two, picture)
assert isinstance(got, tuple | list) and len(got) == 3, (
    "Return mean, half_width, shown"
)
d = two.astype(float) - one
half = 1.96 * d.std(ddof=1) / np.sqrt(10)
checks.array(
    got[0],
    0.5,
    "the mean difference",
    {"one minus two": (-0.5, "TWO minus one.")},
)
wide = 1.96 * np.sqrt(one.var(ddof=1) / 10 + two.var(ddof=1) / 10)
mistakes = {
    "the half width of an unpaired comparison": (
        wide,
        "The spread of the DIFFERENCES.",
    ),
    "without the root of m": (
        half * np.sqrt(10),
        "Divide by the root of the number of pictures.",
    ),
    "with a division by m": (1.96 * d.std() / np.sqrt(10), "ddof=1."),
    "the standard error alone": (half / 1.96, "Times 1.96."),
}
checks.array(got[1], half, "half the width", mistakes)
checks.equal(bool(got[2]), True, "whether 0 is left out")
worse = paired_interval(two, one, picture)
checks.equal(
    bool(worse[2]),
    True,
    "whether 0 is left out, where the second network is worse",
)
twice = paired_interval(np.tile(one, 2), np.tile(two, 2), np.tile(picture, 2))
mistakes = {
    "what comes of counting the doubles": (
        1.96 * np.tile(d, 2).std(ddof=1) / np.sqrt(20),
        "Average over the rows of each picture first: "
        "m is the number of PICTURES.",
    )
}
checks.array(
    twice[1], half, "half the width when every picture stands twice", mistakes
)
uneven = paired_interval(one[:4], two[:4], np.array([5, 5, 5, 2]))
mistakes = {
    "the mean over the rows": (
        0.5,
        "Each PICTURE counts the same, not each row.",
    )
}
checks.array(
    uneven[0],
    1 / 3,
    "the mean, three rows of one picture and one of another",
    mistakes,
)
checks.equal(
    bool(uneven[2]), False, "whether 0 is left out, with two pictures"
)

# %% nbgrader={"grade": true, "grade_id": "paired_interval_hidden_test", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(9)
seen = set()
for n, pictures, gain in (
    (50, 12, 0.1),
    (200, 90, 0.3),
    (300, 150, 0.0),
    (120, 60, -0.3),
):
    one, two = rng.random(n) < 0.5, rng.random(n) < 0.5 + gain
    picture = rng.integers(-3, pictures, n) * 7
    rows = {}
    for a, b, which in zip(one, two, picture, strict=True):
        rows.setdefault(int(which), []).append(float(b) - float(a))
    d = [sum(each) / len(each) for each in rows.values()]
    mean = sum(d) / len(d)
    half = (
        1.96
        * (sum((each - mean) ** 2 for each in d) / (len(d) - 1)) ** 0.5
        / len(d) ** 0.5
    )
    before = one.copy(), two.copy(), picture.copy()
    got = paired_interval(one, two, picture)
    same = map(np.array_equal, before, (one, two, picture))
    assert all(same), "an array that was handed over has changed"
    checks.array(got[0], mean, f"the mean, {n} rows of {len(d)} pictures")
    checks.array(
        got[1], half, f"half the width, {n} rows of {len(d)} pictures"
    )
    checks.equal(
        bool(got[2]), abs(mean) > half, f"whether 0 is left out, {n} rows"
    )
    seen.add((abs(mean) > half, mean > 0))
assert len(seen) >= 3, "the cases are not different enough"
few = np.arange(100) < 12
got = paired_interval(np.zeros(100, dtype=bool), few, np.arange(100))
checks.equal(bool(got[2]), True, "12 pictures of 100 gained, none lost")
same = paired_interval(
    np.array([True, False]), np.array([True, False]), np.array([0, 1])
)
checks.equal(
    bool(same[2]), False, "two networks that agree everywhere: is 0 left out?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## Somebody's claim
#
# A colleague trained one network with two heads and one with the fine head alone, on 100 photographs of
# groceries, and reports: *"Two heads: 57.1 % of the fine classes, one head: 56.4 %. The coarse labels help, and
# where the heads contradict each other we ask a person, so the rest is reliable."* Below is what the course's
# study found, with ten seeds each (± is half the width of a 95 % interval).
#
# > **Predict, then run.** By how many points will the two ways differ? And how good is the fine answer where the
# > heads do not contradict each other?

# %%
from helpers.experiments import interval, verdict
from helpers.experiments.studies import hierarchy

study = hierarchy.study()


def column(way, images, measure):
    """A measure of ten runs in per cent, in the order of their seeds."""
    return study.column(measure, way=way, images=images, times=100)


for images in (100, 675):
    one, two = (column(way, images, "fine") for way in ("fine", "two heads"))
    print(
        f"{images} pictures: fine accuracy, two heads minus one: "
        f"{verdict(two, one, paired=True)}"
    )
    for name in ("disagree", "fine", "fine_there", "errors_there"):
        mean, half = interval(column("two heads", images, name))
        print(f"    two heads, {name:12s} {mean:5.1f} ± {half:.1f} %")

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7 (3 points): is the colleague right?
#
# `disagree` is the share of pictures whose heads contradict each other, `fine_there` the fine accuracy on them,
# `errors_there` their share of all fine errors. Answer in three or four sentences: do these rows support "the
# coarse labels help" (with the numbers, and what the interval says); is "the rest is reliable" right (compute
# the fine accuracy on the pictures *without* a contradiction from the lines above); and what should the
# colleague report instead? A person grades them, by what they say and not by their style.

# %% [markdown] nbgrader={"grade": true, "grade_id": "judge_claim", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# One run of each differs by 0.7 points, and luck alone makes such a difference: one has to look at the
# interval of the ten pairs, and say what it says (it is printed as a verdict: "not told apart" means that
# these runs do not show that the coarse labels help, and not that they do nothing).
# Of 100 pictures that have no contradiction, the share that is right is (fine - disagree x fine_there) / (1 -
# disagree); with the printed numbers that is clearly more than on all pictures, and still far from reliable,
# because most of the errors lie where the heads agree. The colleague should report the paired difference
# with its interval over ten seeds, and the share of pictures that go to a person together with the accuracy
# on the rest and the share of the errors that is caught.
#
# (Grade the numbers by what the student's own notebook prints.)
#
# **Rubric**
#
# | points | the answer |
# |---|---|
# | 0 | No number from the notebook, or all of the colleague's claim accepted. |
# | 1 | One of the two claims judged rightly with the printed numbers: the verdict on the difference, or the accuracy without contradictions. |
# | 2 | Both claims judged rightly with numbers, but the accuracy on the rest is not computed (only asserted), or "not told apart" is taken for "equal". |
# | 3 | Both judged rightly, the accuracy on the rest computed from the lines, and a report named that would be honest: paired difference with interval, share handed on, accuracy on the rest. |
# ### END SOLUTION

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
# - **Train it.** Draw 500 points with two labels by a rule of your own, hide 80 % of one kind of label, and
#   train `two_heads` with what `for_fit` gives. How much does the other label help?
# - **More than two.** Write `best_pairs` for any number of heads with an array of allowed combinations.
# - **A gentler detector.** Replace the contradiction by the distance between the two heads, and draw the
#   accuracy of what is kept against the share that is kept.

# %%
# Your experiments
